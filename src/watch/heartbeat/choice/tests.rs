//! What a server's first words change: the kind of heartbeat, its beginning, its times.

#![allow(clippy::unwrap_used)]

use super::super::{Given, Heartbeat, Output, Payload, Plan, Send};
use crate::event::{EventKind, HeartbeatChosen};
use crate::moment::{Moment, Span};
use crate::watch::presets::{self, preset};

fn ms(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn auto() -> Plan {
    Plan { auto: true, ..Plan::default() }
}

fn came(beats: &mut Heartbeat, at: u64, text: &str) {
    beats.message(ms(at), Some(text), text.as_bytes());
    beats.life(ms(at), at + 1);
}

fn outputs(beats: &mut Heartbeat) -> Vec<Output> {
    std::iter::from_fn(|| beats.poll()).collect()
}

fn chosen(beats: &mut Heartbeat) -> Vec<HeartbeatChosen> {
    let kept = |output| match output {
        Output::Emit(EventKind::HeartbeatChosen(chosen)) => Some(chosen),
        _ => None,
    };
    outputs(beats).into_iter().filter_map(kept).collect()
}

/// What goes out at `at`, when something is due then.
fn sent(beats: &mut Heartbeat, at: u64) -> Option<Payload> {
    beats.tick(ms(at));
    let Some(Output::Write { number, measured }) = outputs(beats).pop() else { return None };
    let payload = beats.outgoing(ms(at), number, measured);
    beats.written(ms(at), number);
    outputs(beats);
    Some(payload)
}

#[test]
fn the_first_message_tells_the_product_and_its_times() {
    let mut beats = Heartbeat::new(auto(), Moment::START, 7);
    came(&mut beats, 10, r#"0{"sid":"x","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}"#);
    let told = chosen(&mut beats);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].preset, "engineio");
    assert!(told[0].why.contains("0{\"sid\""), "{}", told[0].why);
    assert_eq!(told[0].words, "answers the server's heartbeats, a sign of life within 500 ms");
    assert_eq!(beats.deadline(), Some(ms(510)));
}

#[test]
fn an_unknown_server_is_pinged_and_later_messages_tell_nothing() {
    let mut beats = Heartbeat::new(auto(), Moment::START, 7);
    came(&mut beats, 10, "hello");
    came(&mut beats, 20, r#"0{"sid":"x","pingInterval":300,"pingTimeout":200}"#);
    assert!(chosen(&mut beats).is_empty());
    assert!(matches!(sent(&mut beats, 20_020), Some(Payload::Ping(_))));
}

#[test]
fn without_auto_nothing_is_chosen() {
    let mut beats = Heartbeat::new(Plan::default(), Moment::START, 7);
    beats.learn_subprotocol(Moment::START, Some("graphql-transport-ws"));
    came(&mut beats, 10, r#"0{"sid":"x","pingInterval":300,"pingTimeout":200}"#);
    assert!(chosen(&mut beats).is_empty());
}

#[test]
fn what_was_given_by_hand_stands() {
    let given = Given { every: true, timeout: true, ..Given::default() };
    let (every, timeout) = (Some(Span::from_secs(5)), Span::from_secs(2));
    let mut beats = Heartbeat::new(Plan { every, timeout, given, ..auto() }, Moment::START, 7);
    beats.learn_subprotocol(Moment::START, Some("graphql-transport-ws"));
    let told = chosen(&mut beats);
    assert!(told[0].words.contains("after 5 s of silence"), "{}", told[0].words);
    // The server's interval is the server's.
    let mut beats = Heartbeat::new(Plan { every, given, ..auto() }, Moment::START, 7);
    came(&mut beats, 10, r#"0{"sid":"x","pingInterval":25000,"pingTimeout":20000,"maxPayload":1}"#);
    assert_eq!(beats.deadline(), Some(ms(10 + 25_000 + 20_000)));
    // Off is off.
    let mut beats = Heartbeat::new(Plan { every: None, given, ..auto() }, Moment::START, 7);
    came(&mut beats, 10, r#"0{"sid":"x","pingInterval":25000,"pingTimeout":20000,"maxPayload":1}"#);
    assert_eq!(beats.deadline(), None);
}

#[test]
fn until_the_hello_it_is_plain_pings_which_any_sign_of_life_settles() {
    let mut beats = Heartbeat::new(preset("home-assistant").unwrap(), Moment::START, 7);
    assert!(matches!(sent(&mut beats, 20_000), Some(Payload::Ping(_))));
    came(&mut beats, 21_000, r#"{"type":"auth_ok","ha_version":"1"}"#);
    outputs(&mut beats);
    assert_eq!(sent(&mut beats, 40_999), None);
    assert_eq!(sent(&mut beats, 51_000), Some(Payload::Text(r#"{"id":2,"type":"ping"}"#.into())));
    came(&mut beats, 51_010, r#"{"id":1,"type":"pong"}"#);
    assert!(!outputs(&mut beats).iter().any(|output| matches!(output, Output::Emit(EventKind::Answered(_)))));
    came(&mut beats, 51_020, r#"{"id":2,"type":"pong"}"#);
    assert!(matches!(outputs(&mut beats)[..], [Output::Emit(EventKind::Answered(_))]));
}

#[test]
fn a_hello_names_the_interval_and_the_servers_count_is_repeated() {
    // The first one comes after a part of the interval: here all of it but one of 2^32.
    let mut beats = Heartbeat::new(preset("discord").unwrap(), Moment::START, u32::MAX);
    came(&mut beats, 0, r#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":1000}}"#);
    assert_eq!(sent(&mut beats, 1_000), Some(Payload::Text(r#"{"op":1,"d":null}"#.into())));
    came(&mut beats, 1_500, r#"{"t":"READY","s":42,"op":0,"d":{}}"#);
    assert_eq!(sent(&mut beats, 2_000), Some(Payload::Text(r#"{"op":1,"d":42}"#.into())));
    came(&mut beats, 2_100, r#"{"op":1,"d":null}"#);
    let reply = Payload::Text(r#"{"op":1,"d":42}"#.into());
    assert!(outputs(&mut beats).contains(&Output::Reply(reply)));
}

#[test]
fn the_first_beat_of_discord_comes_after_a_random_part_of_the_interval() {
    let hello = r#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":40000}}"#;
    for (nonce, due) in [(0, 0), (u32::MAX / 2, 20_000), (u32::MAX, 40_000)] {
        let mut beats = Heartbeat::new(preset("discord").unwrap(), Moment::START, nonce);
        came(&mut beats, 0, hello);
        let first = beats.due().unwrap().nanos() as f64 / 1e6;
        assert!((first - f64::from(due)).abs() < 1.0, "{nonce}: {first}");
    }
}

#[test]
fn stomp_beats_as_often_as_both_sides_agree() {
    for (field, every) in [("0,30000", 30_000), ("0,4000", 10_000), ("0,0", 10_000), ("x", 10_000)] {
        let mut beats = Heartbeat::new(preset("stomp").unwrap(), Moment::START, 7);
        came(&mut beats, 0, &format!("CONNECTED\nversion:1.2\nheart-beat:{field}\n\n\0"));
        assert_eq!(beats.due(), Some(ms(every)), "{field}");
    }
}

#[test]
fn the_version_in_the_url_tells_who_begins_the_heartbeats_of_engine_io() {
    let hello = r#"0{"sid":"x","pingInterval":300,"pingTimeout":200,"maxPayload":1}"#;
    for (url, name) in
        [("ws://a/?EIO=3&transport=websocket", "engineio3"), ("ws://a/?EIO=4", "engineio"), ("ws://a/", "engineio")]
    {
        let mut beats = Heartbeat::new(auto(), Moment::START, 7);
        beats.learn_url(url);
        came(&mut beats, 10, hello);
        assert_eq!(chosen(&mut beats)[0].preset, name, "{url}");
    }
}

#[test]
fn the_probe_of_engine_io_is_followed_by_its_upgrade() {
    let mut beats = Heartbeat::new(preset("engineio-probe").unwrap(), Moment::START, 7);
    assert_eq!(sent(&mut beats, 25_000), Some(Payload::Text("2probe".into())));
    came(&mut beats, 25_010, "3probe");
    assert!(outputs(&mut beats).contains(&Output::Reply(Payload::Text("5".into()))));
}

#[test]
fn a_preset_of_the_users_own_takes_the_place_of_the_built_in_one() {
    let own = presets::parse("[[preset]]\nname = \"graphql\"\nsend = \"text:mine\"\nevery = \"1s\"\n").unwrap();
    let table = std::sync::Arc::new(presets::with(own));
    let mut beats = Heartbeat::new(Plan { presets: Some(table), ..auto() }, Moment::START, 7);
    beats.learn_subprotocol(Moment::START, Some("graphql-transport-ws"));
    outputs(&mut beats);
    assert_eq!(sent(&mut beats, 1_000), Some(Payload::Text("mine".into())));
}

#[test]
fn a_change_by_hand_holds_for_what_begins_later_too() {
    let mut beats = Heartbeat::new(preset("home-assistant").unwrap(), Moment::START, 7);
    beats.change(Moment::START, Some(Span::from_secs(2)), None);
    came(&mut beats, 1_000, r#"{"type":"auth_ok"}"#);
    assert_eq!(beats.due(), Some(ms(3_000)));
    assert!(matches!(sent(&mut beats, 3_000), Some(Payload::Text(_))));
    let plain = Plan { send: Send::Ping, ..Plan::default() };
    assert!(matches!(sent(&mut Heartbeat::new(plain, Moment::START, 7), 20_000), Some(Payload::Ping(_))));
}
