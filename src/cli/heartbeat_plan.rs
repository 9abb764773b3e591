//! The flags of heartbeats become a plan: a preset or plain pings, and what is given by hand on top. Owns that mapping and the
//! reading of a user's file of presets; what a plan means is `watch::heartbeat`'s, the presets are `watch::presets`'.

use std::path::Path;
use std::sync::Arc;

use super::HeartbeatArgs;
use super::heartbeat_args::ClockArg;
use super::values::{AnswerArg, Limit, SendArg, shown};
use crate::moment::Span;
use crate::net::named_file;
use crate::watch::heartbeat::{Answer, Clock, Given, Plan, Role, Send};
use crate::watch::presets::{self, Preset};

/// A shorter interval is a flood.
const HEARTBEAT_LEAST: Span = Span::from_millis(1);
/// As good as none.
const FOR_EVER: Span = Span::from_secs(100 * 365 * 24 * 3600);
/// A larger file is no table of presets.
const FILE_MAX: u64 = 1 << 20;

/// The heartbeats that are asked for: a preset, less what is given by hand; without a word, every 20 s.
///
/// # Errors
/// One line: an unknown preset, a file that is wrong and where, an interval that is too short.
pub fn heartbeat(beats: &HeartbeatArgs) -> Result<Plan, String> {
    let own = beats.heartbeat_file.as_deref().map(read).transpose()?;
    let asked = named(beats)?;
    if let Some(own) = &own
        && asked.is_none()
        && !matches!(beats.heartbeat_send, Some(SendArg::Auto))
    {
        return Err(unused(own));
    }
    let table = own.map(|own| Arc::new(presets::with(own)));
    let known = match &table {
        Some(table) => table.as_slice(),
        None => presets::builtin(),
    };
    let base = match asked {
        None => Plan::default(),
        Some((flag, name)) => {
            let preset = presets::find(known, name);
            preset.map(|preset| preset.plan.clone()).ok_or_else(|| unknown(known, flag, name))?
        }
    };
    let mut plan = base.with(&by_hand(beats));
    if let Some(every) = plan.every.filter(|every| *every < HEARTBEAT_LEAST) {
        return Err(format!("--heartbeat: expected 1ms or more, got {} ns", every.nanos()));
    }
    match &beats.heartbeat_send {
        None | Some(SendArg::Preset(_)) => {}
        Some(SendArg::Auto) => (plan.auto, plan.presets) = (true, table),
        Some(SendArg::Ping) => (plan.role, plan.send) = (Role::Send, Send::Ping),
        Some(SendArg::Text(text)) => (plan.role, plan.send) = (Role::Send, Send::Text(text.clone())),
        Some(SendArg::Hex(bytes)) => (plan.role, plan.send) = (Role::Send, Send::Binary(bytes.clone())),
    }
    Ok(plan)
}

/// The preset that is asked for, and by which flag.
fn named(beats: &HeartbeatArgs) -> Result<Option<(&'static str, &str)>, String> {
    let sent = match &beats.heartbeat_send {
        Some(SendArg::Preset(name)) => Some(name.as_str()),
        _ => None,
    };
    match (beats.heartbeat_preset.as_deref(), sent, &beats.heartbeat_send) {
        (Some(_), None, Some(SendArg::Auto)) => {
            Err("--heartbeat-send auto: expected no --heartbeat-preset beside it, got one".into())
        }
        (Some(preset), Some(name), _) if preset != name => Err(format!(
            "--heartbeat-send {name}: expected no other --heartbeat-preset beside it, got {}",
            shown(preset)
        )),
        (_, Some(name), _) => Ok(Some(("--heartbeat-send", name))),
        (Some(name), None, _) => Ok(Some(("--heartbeat-preset", name))),
        (None, None, _) => Ok(None),
    }
}

/// A file whose presets nobody asks for.
fn unused(own: &[Preset]) -> String {
    let names: Vec<&str> = own.iter().take(3).map(|preset| preset.name.as_str()).collect();
    let more = if own.len() > names.len() { " and others" } else { "" };
    let names = names.join(", ");
    let expected = format!("--heartbeat-preset NAME (it has {names}{more}) or --heartbeat-send auto beside it");
    format!("--heartbeat-file: expected {expected}, got neither")
}

fn unknown(table: &[Preset], flag: &str, name: &str) -> String {
    let near = presets::nearest(table, name);
    let known = match near.as_slice() {
        [] => "a preset such as heartcheck, phoenix or engineio (docs/heartbeats.md lists all)".to_string(),
        near => format!("a preset, perhaps {}", near.join(" or ")),
    };
    let others = if flag == "--heartbeat-send" { "ping, text:TEXT, hex:BYTES, auto or " } else { "" };
    format!("{flag}: expected {others}{known}, got {}", shown(name))
}

/// What stands on the command line, and that it does.
fn by_hand(beats: &HeartbeatArgs) -> Plan {
    let plain = Plan::default();
    let answer = match &beats.heartbeat_answer {
        None | Some(AnswerArg::Any) => Answer::Any,
        Some(AnswerArg::Match) => Answer::Match,
        Some(AnswerArg::Text(text)) => Answer::Text(text.clone()),
        Some(AnswerArg::Regex(regex)) => Answer::Regex(regex.clone()),
        Some(AnswerArg::None) => Answer::None,
    };
    Plan {
        every: beats.heartbeat.map_or(plain.every, Limit::span),
        timeout: beats.heartbeat_timeout.map_or(plain.timeout, |limit| limit.span().unwrap_or(FOR_EVER)),
        clock: match beats.heartbeat_clock {
            Some(ClockArg::Fixed) => Clock::Fixed,
            None | Some(ClockArg::Idle) => Clock::Idle,
        },
        answer,
        misses: beats.heartbeat_misses.unwrap_or(plain.misses),
        given: Given {
            every: beats.heartbeat.is_some(),
            timeout: beats.heartbeat_timeout.is_some(),
            clock: beats.heartbeat_clock.is_some(),
            answer: beats.heartbeat_answer.is_some(),
            misses: beats.heartbeat_misses.is_some(),
        },
        ..plain
    }
}

/// The presets of a file.
fn read(path: &str) -> Result<Vec<Preset>, String> {
    let wrong = |why: String| format!("--heartbeat-file {}: {why}", shown(path));
    let text = named_file::text(Path::new(path), FILE_MAX).map_err(|why| wrong(format!("cannot be read: {why}")))?;
    presets::parse(&text).map_err(wrong)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn none() -> HeartbeatArgs {
        HeartbeatArgs {
            heartbeat: None,
            heartbeat_timeout: None,
            heartbeat_clock: None,
            heartbeat_send: None,
            heartbeat_answer: None,
            heartbeat_misses: None,
            heartbeat_preset: None,
            heartbeat_file: None,
        }
    }

    fn preset(name: &str) -> Option<SendArg> {
        Some(SendArg::Preset(name.into()))
    }

    fn words(beats: &HeartbeatArgs) -> String {
        heartbeat(beats).unwrap().words().unwrap()
    }

    #[test]
    fn a_flag_given_by_hand_beats_the_preset() {
        assert_eq!(words(&none()), "ping after 20 s of silence, pong within 20 s");
        let heartcheck = HeartbeatArgs { heartbeat_preset: Some("heartcheck".into()), ..none() };
        assert_eq!(words(&heartcheck), "text \"HeartBeat\" after 60 s of silence, any answer within 60 s");
        let quick = HeartbeatArgs { heartbeat: Some(Limit::After(Span::from_secs(5))), ..heartcheck.clone() };
        assert_eq!(words(&quick), "text \"HeartBeat\" after 5 s of silence, any answer within 60 s");
        let off = HeartbeatArgs { heartbeat: Some(Limit::Off), ..heartcheck };
        assert_eq!(heartbeat(&off).unwrap().words(), None);
    }

    #[test]
    fn a_preset_is_a_kind_of_heartbeat_too() {
        let okx = HeartbeatArgs { heartbeat_send: preset("okx"), ..none() };
        assert_eq!(words(&okx), "text \"ping\" after 15 s of silence, the answer asked for within 10 s");
        let auto = HeartbeatArgs { heartbeat_send: Some(SendArg::Auto), ..none() };
        assert!(heartbeat(&auto).unwrap().auto);
        let own = HeartbeatArgs {
            heartbeat_preset: Some("phoenix".into()),
            heartbeat_send: Some(SendArg::Text("x".into())),
            ..none()
        };
        assert!(words(&own).starts_with("text \"x\" every 30 s"));
    }

    #[test]
    fn an_unknown_preset_is_told_with_the_nearest_names() {
        let told = |send: Option<SendArg>, name: Option<&str>| {
            let heartbeat_preset = name.map(str::to_owned);
            heartbeat(&HeartbeatArgs { heartbeat_send: send, heartbeat_preset, ..none() }).unwrap_err()
        };
        assert!(told(preset("phenix"), None).contains("perhaps phoenix"), "{}", told(preset("phenix"), None));
        assert!(told(None, Some("qqqqqq")).starts_with("--heartbeat-preset: expected a preset such as heartcheck"));
        assert!(told(preset("okx"), Some("phoenix")).contains("expected no other --heartbeat-preset"));
        assert!(told(Some(SendArg::Auto), Some("phoenix")).contains("expected no --heartbeat-preset"));
    }

    #[test]
    fn a_file_whose_presets_nobody_asks_for_is_told() {
        let own = presets::parse("[[preset]]\nname = \"ours\"\nsend = \"ping\"\n").unwrap();
        assert!(unused(&own).contains("--heartbeat-preset NAME (it has ours)"), "{}", unused(&own));
    }

    #[test]
    fn a_file_that_is_not_there_is_told() {
        let beats = HeartbeatArgs { heartbeat_file: Some("no-such-file.toml".into()), ..none() };
        assert!(heartbeat(&beats).is_err_and(|why| why.contains("--heartbeat-file") && why.contains("cannot be read")));
    }
}
