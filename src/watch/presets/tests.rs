//! The table, row by row: what each preset sends, what settles it, what it answers; and what a wrong table is told.

#![allow(clippy::unwrap_used)]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::event::EventKind;
use crate::moment::{Moment, Span};
use crate::watch::heartbeat::{Heartbeat, Output, Payload, Role};

const WALL: i64 = 1_700_000_000_000;

/// The named preset from its beginning on.
fn begun(name: &str) -> (Plan, Heartbeat) {
    let plan = Plan { after: None, ..preset(name).unwrap_or_else(|| panic!("no preset {name}")) };
    let mut beats = Heartbeat::new(plan.clone(), Moment::START, 7);
    beats.learn_wall_clock(WALL);
    (plan, beats)
}

fn outputs(beats: &mut Heartbeat) -> Vec<Output> {
    std::iter::from_fn(|| beats.poll()).collect()
}

fn is_own_answer(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| matches!(output, Output::Emit(EventKind::Answered(answered)) if answered.own))
}

/// Name, what goes out as the first one, what settles it (none: anything, or nothing).
const SENT: &[(&str, &str, Option<&str>)] = &[
    ("heartcheck", "HeartBeat", None),
    (
        "phoenix",
        r#"[null,"1","phoenix","heartbeat",{}]"#,
        Some(r#"[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]"#),
    ),
    (
        "phoenix-v1",
        r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}"#,
        Some(r#"{"event":"phx_reply","payload":{"response":{},"status":"ok"},"ref":"1","topic":"phoenix"}"#),
    ),
    (
        "supabase",
        r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}"#,
        Some(r#"{"event":"phx_reply","payload":{"status":"ok"},"ref":"1","topic":"phoenix"}"#),
    ),
    ("engineio3", "2", Some("3")),
    ("engineio-probe", "2probe", Some("3probe")),
    ("signalr", "{\"type\":6}\u{1e}", None),
    ("stomp", "\n", None),
    ("graphql", r#"{"type":"ping"}"#, Some(r#"{"type":"pong"}"#)),
    ("pusher", r#"{"event":"pusher:ping","data":{}}"#, Some(r#"{"event":"pusher:pong","data":{}}"#)),
    ("ddp", r#"{"msg":"ping","id":"1"}"#, Some(r#"{"msg":"pong","id":"1"}"#)),
    ("home-assistant", r#"{"id":1,"type":"ping"}"#, Some(r#"{"id":1,"type":"pong"}"#)),
    ("discord", r#"{"op":1,"d":null}"#, Some(r#"{"t":null,"s":null,"op":11,"d":null}"#)),
    ("slack-rtm", r#"{"id":1,"type":"ping"}"#, Some(r#"{"type":"pong","reply_to":1}"#)),
    (
        "ocpp",
        r#"[2,"00000007-0000-4007-8001-000000000001","Heartbeat",{}]"#,
        Some(r#"[3,"00000007-0000-4007-8001-000000000001",{"currentTime":"2026-01-01T00:00:00Z"}]"#),
    ),
    ("twitch-pubsub", r#"{"type":"PING"}"#, Some(r#"{ "type": "PONG" }"#)),
    ("deepgram", r#"{"type":"KeepAlive"}"#, None),
    ("okx", "ping", Some("pong")),
    ("bitget", "ping", Some("pong")),
    ("bybit", r#"{"op":"ping"}"#, Some(r#"{"success":true,"ret_msg":"pong","op":"ping"}"#)),
    ("bybit", r#"{"op":"ping"}"#, Some(r#"{"req_id":"x","op":"pong"}"#)),
    ("kucoin", r#"{"id":"1700000018000","type":"ping"}"#, Some(r#"{"id":"1700000018000","type":"pong"}"#)),
    ("mexc", r#"{"method":"PING"}"#, Some(r#"{"id":0,"code":0,"msg":"PONG"}"#)),
    ("hyperliquid", r#"{"method":"ping"}"#, Some(r#"{"channel":"pong"}"#)),
    ("poloniex", r#"{"event":"ping"}"#, Some(r#"{"event":"pong"}"#)),
    ("delta", r#"{"type":"ping"}"#, Some(r#"{"type":"pong"}"#)),
    ("polymarket", "PING", Some("PONG")),
    ("gateio", r#"{"method":"server.ping","params":[],"id":1}"#, Some(r#"{"error":null,"result":"pong","id":1}"#)),
    ("coinex", r#"{"method":"server.ping","params":[],"id":1}"#, Some(r#"{"error":null,"result":"pong","id":1}"#)),
    ("cloudflare-do", "ping", Some("pong")),
    ("vite", r#"{"type":"ping"}"#, None),
];

#[test]
fn what_is_sent_and_its_own_answer() {
    for (name, text, answer) in SENT {
        let (plan, mut beats) = begun(name);
        assert_eq!(plan.role, Role::Send, "{name}");
        let due = Moment::START.after(plan.every.unwrap());
        beats.tick(due);
        assert_eq!(outputs(&mut beats), [Output::Write { number: 1, measured: false }], "{name}");
        assert_eq!(beats.outgoing(due, 1, false), Payload::Text((*text).into()), "{name}");
        beats.written(due, 1);
        outputs(&mut beats);
        let Some(answer) = *answer else { continue };
        for other in ["{}", "[]", "other", r#"{"type":"x","id":99}"#, *text] {
            beats.message(due, Some(other), other.as_bytes());
            assert!(!is_own_answer(&outputs(&mut beats)), "{name}: {other}");
        }
        beats.message(due, Some(answer), answer.as_bytes());
        assert!(is_own_answer(&outputs(&mut beats)), "{name}: {answer}");
    }
}

#[test]
fn pings_and_bytes_are_sent_too() {
    let (_, beats) = begun("ping");
    assert!(matches!(beats.outgoing(Moment::START, 1, false), Payload::Ping(payload) if payload.len() == 8));
    let (_, beats) = begun("signalr-messagepack");
    assert_eq!(beats.outgoing(Moment::START, 1, false), Payload::Binary(vec![2, 0x91, 6]));
    let (plan, mut beats) = begun("mqtt");
    let due = Moment::START.after(plan.every.unwrap());
    beats.tick(due);
    assert_eq!(beats.outgoing(due, 1, false), Payload::Binary(vec![0xc0, 0]));
    beats.written(due, 1);
    beats.message(due, None, &[0xd0, 0]);
    assert!(is_own_answer(&outputs(&mut beats)));
}

/// Name, a heartbeat of the server's, our answer.
const ANSWERED: &[(&str, &str, &str)] = &[
    ("engineio", "2", "3"),
    ("graphql", r#"{"type":"ping"}"#, r#"{"type":"pong"}"#),
    ("pusher", r#"{"event":"pusher:ping","data":{}}"#, r#"{"event":"pusher:pong","data":{}}"#),
    ("centrifugo", "{}", "{}"),
    ("ddp", r#"{"msg":"ping","id":"abc"}"#, r#"{"msg":"pong","id":"abc"}"#),
    ("ddp", r#"{"msg":"ping"}"#, r#"{"msg":"pong"}"#),
    ("discord", r#"{"op":1,"d":null}"#, r#"{"op":1,"d":null}"#),
    ("twitch-irc", "PING :tmi.twitch.tv\r\n", "PONG :tmi.twitch.tv"),
    (
        "cryptocom",
        r#"{"id":1587523073344,"method":"public/heartbeat","code":0}"#,
        r#"{"id":1587523073344,"method":"public/respond-heartbeat"}"#,
    ),
    (
        "deribit",
        r#"{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"public/test"}"#,
    ),
    ("woox", r#"{"event":"ping","ts":1}"#, r#"{"event":"ping"}"#),
];

#[test]
fn heartbeats_of_the_server_are_answered() {
    for (name, came, reply) in ANSWERED {
        let (_, mut beats) = begun(name);
        beats.message(Moment::START, Some("unrelated"), b"unrelated");
        assert!(outputs(&mut beats).is_empty(), "{name}");
        beats.message(Moment::START, Some(*came), came.as_bytes());
        assert_eq!(outputs(&mut beats).first(), Some(&Output::Reply(Payload::Text((*reply).into()))), "{name}");
    }
}

#[test]
fn huobis_pings_are_unfolded_and_answered_with_their_number() {
    for (text, reply) in [
        (r#"{"ping":1492420473027}"#, r#"{"pong":1492420473027}"#),
        (r#"{"op":"ping","ts":1492420473058}"#, r#"{"op":"pong","ts":1492420473058}"#),
    ] {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        for name in ["huobi", "htx"] {
            let (_, mut beats) = begun(name);
            beats.message(Moment::START, None, &packed);
            assert_eq!(outputs(&mut beats).first(), Some(&Output::Reply(Payload::Text(reply.into()))), "{name}");
        }
    }
}

/// Name, a heartbeat of the server's; none where any sign of life is one.
const WATCHED: &[(&str, Option<&str>)] = &[
    ("sockjs", None),
    ("graphql-legacy", Some(r#"{"type":"ka"}"#)),
    ("appsync", Some(r#"{"type":"ka"}"#)),
    ("actioncable", Some(r#"{"type":"ping","message":1700000000}"#)),
    ("twitch-eventsub", None),
    ("kraken", None),
    ("bitfinex", None),
    ("gemini", None),
];

#[test]
fn heartbeats_of_the_server_are_watched() {
    let at = Moment::from_millis(900);
    for (name, came) in WATCHED {
        let (plan, mut beats) = begun(name);
        assert_eq!(plan.role, Role::Observe, "{name}");
        let wait = plan.every.unwrap().plus(plan.timeout);
        assert_eq!(beats.deadline(), Some(Moment::START.after(wait)), "{name}");
        if let Some(came) = *came {
            beats.message(at, Some("other"), b"other");
            beats.life(at, 5);
            assert_eq!(beats.deadline(), Some(Moment::START.after(wait)), "{name}");
            beats.message(at, Some(came), came.as_bytes());
        } else {
            beats.life(at, 5);
        }
        assert_eq!(beats.deadline(), Some(at.after(wait)), "{name}");
    }
    for name in ["slack-socket", "binance"] {
        let (plan, mut beats) = begun(name);
        beats.peer_ping(at);
        assert_eq!(beats.deadline(), Some(at.after(plan.every.unwrap().plus(plan.timeout))), "{name}");
    }
}

/// The times of the products, in seconds: between two heartbeats, and until one is missed (none: ours to choose).
#[rustfmt::skip]
const TIMES: &[(&str, f64, Option<f64>)] = &[
    ("ping", 20.0, Some(10.0)), ("phoenix", 30.0, Some(30.0)), ("phoenix-v1", 30.0, None), ("supabase", 25.0, None),
    ("engineio", 25.0, Some(20.0)), ("engineio3", 25.0, Some(60.0)), ("signalr", 15.0, Some(30.0)),
    ("signalr-messagepack", 15.0, Some(30.0)), ("stomp", 10.0, None), ("sockjs", 25.0, None), ("graphql", 10.0, None),
    ("appsync", 300.0, None), ("pusher", 120.0, Some(30.0)), ("centrifugo", 25.0, Some(8.0)),
    ("actioncable", 3.0, Some(3.0)), ("ddp", 17.5, Some(15.0)), ("home-assistant", 30.0, None),
    ("discord", 41.25, None), ("slack-rtm", 6.0, Some(4.0)), ("slack-socket", 30.0, Some(5.0)),
    ("twitch-irc", 300.0, None), ("twitch-eventsub", 10.0, None), ("binance", 20.0, Some(40.0)), ("okx", 15.0, None),
    ("bitget", 15.0, None), ("bybit", 20.0, None), ("mexc", 30.0, None), ("hyperliquid", 50.0, None),
    ("poloniex", 30.0, None), ("delta", 30.0, None), ("polymarket", 10.0, None), ("gateio", 30.0, None),
    ("coinex", 30.0, None), ("huobi", 5.0, None), ("htx", 5.0, None), ("cryptocom", 30.0, None),
    ("deribit", 10.0, None), ("woox", 10.0, None),
];

#[test]
fn the_times_are_those_of_the_products() {
    for (name, every, timeout) in TIMES {
        let plan = preset(name).unwrap_or_else(|| panic!("no preset {name}"));
        assert_eq!(plan.every.map(Span::seconds), Some(*every), "{name}");
        assert!(timeout.is_none_or(|timeout| plan.timeout.seconds() == timeout), "{name}: {:?}", plan.timeout);
    }
    // Payloads that nobody read in a source are not told as if somebody had.
    for name in ["ocpp", "twitch-irc", "twitch-pubsub", "cloudflare-do"] {
        assert!(find(builtin(), name).is_some_and(|preset| !preset.verified), "{name}");
    }
}

#[test]
fn every_preset_has_a_test_and_a_description() {
    parse(TABLE).unwrap();
    let known = names();
    assert!(known.len() >= 50, "{}", known.len());
    let special = ["ping", "signalr-messagepack", "mqtt", "huobi", "htx", "slack-socket", "binance"];
    for name in known {
        let is_tested = SENT.iter().any(|row| row.0 == name)
            || ANSWERED.iter().any(|row| row.0 == name)
            || WATCHED.iter().any(|row| row.0 == name)
            || special.contains(&name);
        assert!(is_tested, "{name}");
        let text = describe(name).unwrap();
        assert!(text.contains("heartbeat:") && text.contains(name), "{text}");
        assert!(heartbeats_markdown().contains(&format!("| `{name}` |")), "{name}");
    }
    assert!(preset("unknown").is_none() && describe("unknown").is_none());
    assert_eq!(nearest(builtin(), "phenix").first(), Some(&"phoenix"));
}

#[test]
fn every_product_has_the_preset_that_it_names() {
    for product in crate::watch::products::Product::ALL {
        assert!(product.preset().is_none_or(|name| preset(name).is_some()), "{product:?}");
    }
}

#[test]
fn what_is_wrong_in_a_table_is_told_with_its_line() {
    let told = |field: &str| parse(&format!("[[preset]]\nname = \"x\"\n{field}\n")).unwrap_err();
    for (field, words) in [
        ("every = \"25 apples\"", "line 3: expected every as a duration such as \"25s\", got \"25 apples\""),
        ("timeout = 25", "line 3: expected timeout as a duration such as \"25s\", got 25"),
        ("role = \"both\"", "line 3: expected role as send, respond or observe, got \"both\""),
        ("send = \"pong\"", "line 3: expected send as ping, text:... or hex:..., got \"pong\""),
        ("answer = \"regex:(\"", "line 3: expected a regular expression, got \"regex:(\""),
        ("answer = { type = \"pong\" }", "line 3: expected a JSON pointer such as \"/type\", got type"),
        ("answer = { \"/id\" = 1 }", "line 3: expected the value as a text in quotes, got 1"),
        ("misses = 0", "line 3: expected misses as a whole number from 1 on, got 0"),
        ("clock = \"hour\"", "line 3: expected clock as idle or fixed, got \"hour\""),
        ("verified = \"yes\"", "line 3: expected verified as true or false, got \"yes\""),
    ] {
        assert_eq!(told(field), words, "{field}");
    }
    assert!(told("evry = \"1s\"").starts_with("line 3: expected name, what, role"));
    assert!(told("every = 25 apples").starts_with("line 3: expected TOML, got \"every = 25 apples\""));
    assert!(parse("[[preset]]\nsend = \"ping\"\n").unwrap_err().contains("expected a preset with a name"));
    assert!(parse("[other]\n").unwrap_err().starts_with("line 1: expected [[preset]]"));
    let twice = "[[preset]]\nname = \"x\"\nsend = \"ping\"\n\n[[preset]]\nname = \"x\"\nsend = \"ping\"\n";
    assert!(parse(twice).unwrap_err().contains("expected each name once, got x"));
    assert_eq!(parse("").unwrap_err(), "expected at least one [[preset]], got none");
    let single = parse("\n[preset]\nname = \"x\"\n").unwrap_err();
    assert_eq!(single, "line 2: expected [[preset]] in double brackets, got [preset]");
    let idle = parse("[[preset]]\nname = \"x\"\nwhat = \"ours\"\n").unwrap_err();
    assert_eq!(idle, "line 1: expected send, respond or every in the preset x, got none of them");
}
