//! The server's own heartbeats by exact times: answered at once, and missed when they do not come.

#![allow(clippy::unwrap_used)]

use super::super::{Heartbeat, Output, Payload, Plan, Template};
use super::{Answer, Role};
use crate::event::EventKind;
use crate::moment::{Moment, Span};
use crate::watch::presets::preset;

fn ms(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn beats(plan: Plan) -> Heartbeat {
    Heartbeat::new(plan, Moment::START, 7)
}

fn said(beats: &mut Heartbeat) -> String {
    let outputs: Vec<Output> = std::iter::from_fn(|| beats.poll()).collect();
    outputs.iter().map(words).collect::<Vec<String>>().join(", ")
}

fn words(output: &Output) -> String {
    match output {
        Output::Reply(Payload::Text(text)) => format!("reply {text}"),
        Output::Emit(EventKind::Heartbeat(sent)) => sent.what.clone(),
        Output::Emit(EventKind::Missed(missed)) => {
            let waited = missed.waited.nanos() / 1_000_000;
            format!("missed {}/{} after {waited}, {} came", missed.misses, missed.of, missed.bytes_since)
        }
        Output::Dead => "dead".into(),
        other => format!("{other:?}"),
    }
}

fn pings(misses: u32) -> Plan {
    let answer = Answer::Json(vec![("/type".into(), Template::new("ping"))]);
    let (every, timeout) = (Some(Span::from_secs(3)), Span::from_secs(3));
    Plan { every, timeout, role: Role::Observe, answer, misses, ..Plan::default() }
}

#[test]
fn what_the_server_sends_is_answered_at_once_and_its_silence_is_a_drop() {
    let mut beats = beats(preset("engineio").unwrap());
    assert_eq!((beats.due(), beats.deadline()), (None, Some(ms(45_000))));
    beats.tick(ms(44_999));
    assert_eq!(said(&mut beats), "");
    beats.message(ms(25_000), Some("2"), b"2");
    beats.life(ms(25_000), 3);
    assert_eq!(said(&mut beats), "reply 3, answer to the server's heartbeat");
    beats.message(ms(25_001), Some("42[\"x\"]"), b"42[\"x\"]");
    assert_eq!(said(&mut beats), "");
    assert_eq!(beats.deadline(), Some(ms(70_000)));
    beats.tick(ms(70_000));
    assert_eq!(said(&mut beats), "missed 1/1 after 45000, 0 came, Unheard");
}

#[test]
fn where_the_heartbeat_has_a_form_other_data_is_none() {
    let mut beats = beats(pings(1));
    beats.message(ms(2_000), Some(r#"{"type":"ping","message":1}"#), b"");
    beats.life(ms(2_000), 30);
    beats.message(ms(7_000), Some(r#"{"type":"x"}"#), b"");
    beats.life(ms(7_000), 50);
    assert_eq!((said(&mut beats).as_str(), beats.deadline()), ("", Some(ms(8_000))));
    beats.tick(ms(8_000));
    assert_eq!(said(&mut beats), "missed 1/1 after 6000, 20 came, Unheard");
}

#[test]
fn several_misses_in_a_row_and_one_heartbeat_between_starts_anew() {
    let mut beats = beats(pings(2));
    beats.tick(ms(6_000));
    assert_eq!(said(&mut beats), "missed 1/2 after 6000, 0 came");
    beats.message(ms(7_000), Some(r#"{"type":"ping"}"#), b"");
    beats.life(ms(7_000), 20);
    beats.tick(ms(13_000));
    assert_eq!(said(&mut beats), "missed 1/2 after 6000, 0 came");
    beats.tick(ms(19_000));
    assert_eq!(said(&mut beats), "missed 2/2 after 6000, 0 came, Unheard");
}

#[test]
fn a_ping_of_the_servers_is_a_heartbeat_where_pings_are() {
    let mut beats = beats(Plan { answer: Answer::PeerPing, ..pings(1) });
    beats.life(ms(4_000), 10);
    assert_eq!(beats.deadline(), Some(ms(6_000)));
    beats.peer_ping(ms(5_000));
    assert_eq!(beats.deadline(), Some(ms(11_000)));
}

#[test]
fn while_we_do_not_read_nothing_is_missed() {
    let mut beats = beats(pings(1));
    beats.held(Span::from_secs(60));
    assert_eq!(beats.deadline(), Some(ms(66_000)));
}

#[test]
fn without_an_interval_nobody_waits() {
    let mut beats = beats(Plan { every: None, ..pings(1) });
    beats.tick(ms(1_000_000));
    assert_eq!((said(&mut beats).as_str(), beats.deadline()), ("", None));
}
