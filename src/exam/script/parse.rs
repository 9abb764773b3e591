//! Reads a script from TOML. Owns the keys, their defaults and bounds, and the words for what is wrong; values are
//! `parse/values.rs`'s, and how large a file may be is for who reads it.

mod values;

use serde::Deserialize;
use toml::{Spanned, Table, Value};
use values::{WITHIN, shown, wrong};

use crate::event::show;
use crate::event::toml_words::line_at;
use crate::exam::script::wanted::Wanted;
use crate::exam::script::{Action, Given, Rounds, Script, ScriptFault, Step};
use crate::moment::Span;
use crate::watch::life::Outgoing;

const STEPS_MAX: usize = 10_000;
const TIMES_MAX: u64 = 1_000_000_000;
const TIMES: &str = "a whole number from 1 to 1000000000";
const NAME_MAX: usize = 80;
/// What a step can do.
const ACTIONS: [&str; 7] = ["wait", "send", "ping", "pong", "expect", "close", "fault"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "loop")]
    rounds: Option<Value>,
    #[serde(default)]
    step: Vec<Spanned<Table>>,
}

/// Reads a script.
///
/// # Errors
/// One line: no TOML, a key or a value that is not of the language, or steps that cannot follow each other.
pub fn parse(text: &str) -> Result<Script, ScriptFault> {
    let file: File = toml::from_str(text).map_err(|error| unreadable(&error, text))?;
    let rounds = rounds(file.rounds.as_ref()).map_err(ScriptFault::Whole)?;
    match file.step.len() {
        0 => return Err(ScriptFault::Whole("expected at least one [[step]], got none".into())),
        1..=STEPS_MAX => {}
        count => return Err(ScriptFault::Whole(format!("expected at most {STEPS_MAX} steps, got {count}"))),
    }
    let at = |index: usize, why: String| {
        let start = file.step.get(index).map_or(0, |table| table.span().start);
        ScriptFault::Step { step: index + 1, line: line_at(text, start), why }
    };
    let mut steps = Vec::with_capacity(file.step.len());
    for (index, table) in file.step.iter().enumerate() {
        steps.push(step(table.get_ref()).map_err(|why| at(index, why))?);
    }
    judge_order(&steps, rounds).map_err(|(index, why)| at(index, why))?;
    if rounds == Rounds::Forever && steps.iter().all(|step| step.action.longest().is_zero()) {
        let why = "loop = \"forever\" expected a wait or an expect among its steps, got none: it would flood";
        return Err(ScriptFault::Whole(why.into()));
    }
    let last_expect = steps.iter().rposition(|step| matches!(step.action, Action::Expect { .. }));
    Ok(Script { rounds, steps, last_expect })
}

fn unreadable(error: &toml::de::Error, text: &str) -> ScriptFault {
    let why = show::safe(&error.message().replace('\n', " "));
    match error.span() {
        Some(span) => ScriptFault::Line { line: line_at(text, span.start), why },
        None => ScriptFault::Whole(why),
    }
}

fn rounds(value: Option<&Value>) -> Result<Rounds, String> {
    match value {
        None => Ok(Rounds::Times(1)),
        Some(Value::String(word)) if word == "forever" => Ok(Rounds::Forever),
        Some(value) => {
            let times = number(value).map(Rounds::Times);
            times.ok_or_else(|| wrong("loop", &format!("{TIMES}, or \"forever\""), value))
        }
    }
}

fn number(value: &Value) -> Option<u64> {
    u64::try_from(value.as_integer()?).ok().filter(|number| (1..=TIMES_MAX).contains(number))
}

fn step(table: &Table) -> Result<Step, String> {
    let (key, value) = only_action(table)?;
    check_options(key, table)?;
    let action = match key {
        "wait" => Action::Wait(values::time(key, value)?),
        "send" => give(table, Given::Send(values::message(key, value)?))?,
        "ping" => give(table, Given::Send(Outgoing::Ping(values::payload(key, value)?)))?,
        "pong" => give(table, Given::Pong(values::payload(key, value)?))?,
        "expect" => expect(table, values::wanted(value)?)?,
        "close" => Action::Close(values::close_body(value)?),
        _ => Action::Fault(values::fault(value)?),
    };
    Ok(Step { name: name(table)?, action })
}

fn only_action(table: &Table) -> Result<(&str, &Value), String> {
    let mut actions = table.iter().filter(|(key, _)| ACTIONS.contains(&key.as_str()));
    match (actions.next(), actions.next()) {
        (Some((key, value)), None) => Ok((key.as_str(), value)),
        (Some((first, _)), Some((second, _))) => Err(format!("expected one action, got {first} and {second}")),
        (None, _) => {
            let got = table.keys().next().map_or_else(|| "nothing".into(), |key| shown(key));
            Err(format!("expected one of {}, got {got}", ACTIONS.join(", ")))
        }
    }
}

fn check_options(action: &str, table: &Table) -> Result<(), String> {
    let options: &[&str] = match action {
        "send" | "ping" | "pong" => &["repeat", "every", "name"],
        "expect" => &["within", "strict", "name"],
        _ => &["name"],
    };
    match table.keys().map(String::as_str).find(|key| *key != action && !options.contains(key)) {
        None => Ok(()),
        Some(key) => Err(format!("beside {action} expected {}, got {}", options.join(" or "), shown(key))),
    }
}

fn name(table: &Table) -> Result<Option<String>, String> {
    match table.get("name") {
        None => Ok(None),
        Some(Value::String(name)) if (1..=NAME_MAX).contains(&name.chars().count()) => Ok(Some(show::safe(name))),
        Some(other) => Err(wrong("name", "a text of 1 to 80 characters", other)),
    }
}

fn give(table: &Table, what: Given) -> Result<Action, String> {
    let repeat = table.get("repeat");
    let times = match repeat {
        None => 1,
        Some(value) => number(value).ok_or_else(|| wrong("repeat", TIMES, value))?,
    };
    let every = match table.get("every") {
        None => Span::ZERO,
        Some(_) if repeat.is_none() => return Err("every expected a repeat beside it, got none".into()),
        Some(value) => values::time("every", value)?,
    };
    Ok(Action::Give { what, times, every })
}

fn expect(table: &Table, what: Wanted) -> Result<Action, String> {
    let within = match table.get("within") {
        None => WITHIN,
        Some(value) => values::time("within", value)?,
    };
    let strict = match table.get("strict") {
        None => false,
        Some(Value::Boolean(strict)) => *strict,
        Some(other) => return Err(wrong("strict", "true or false", other)),
    };
    Ok(Action::Expect { what, within, strict })
}

/// Can the steps follow each other? A Close is the last that an end sends (RFC 6455 section 5.5.1).
fn judge_order(steps: &[Step], rounds: Rounds) -> Result<(), (usize, String)> {
    let mut we_closed = None;
    let mut peer_closed = None;
    for (index, step) in steps.iter().enumerate() {
        let is_sent = matches!(step.action, Action::Give { .. } | Action::Close(_));
        let is_expect = matches!(step.action, Action::Expect { .. });
        if let Some(before) = peer_closed.filter(|_| is_sent || is_expect) {
            return Err((index, format!("expected nothing more after the peer's Close in step {before}")));
        }
        if let Some(before) = we_closed.filter(|_| is_sent) {
            return Err((index, format!("expected nothing more to send after the close in step {before}")));
        }
        match step.action {
            Action::Close(_) => we_closed = Some(index + 1),
            Action::Expect { what: Wanted::Close(_), .. } => peer_closed = Some(index + 1),
            _ => continue,
        }
        if rounds != Rounds::Times(1) {
            return Err((index, "expected no Close in a loop: there is nothing to go on with".into()));
        }
    }
    Ok(())
}
