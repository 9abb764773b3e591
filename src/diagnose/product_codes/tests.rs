//! Each row of the products' codes, and what tells whose a code is.

use super::*;
use crate::diagnose::sample::ended;
use crate::event::{How, PayloadBytes};
use crate::wire::head::Head;

fn dropped(url: &str, subprotocol: Option<&str>, first: &[u8]) -> Dropped {
    let mut ended = ended(How::Close { code: Some(4000), reason: String::new() }, 4.0, 1.0, 1.0);
    ended.first_message = (!first.is_empty()).then(|| PayloadBytes(first.to_vec()));
    let head = subprotocol.map(|name| {
        let head = format!("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol: {name}\r\n\r\n");
        Head::verbatim(head.into_bytes())
    });
    Dropped { head, url: url.into(), ..Dropped::sample(ended) }
}

fn row(key: &str, code: u16) -> &'static Row {
    let row = from_key(key).and_then(|codes| codes.row(code));
    row.unwrap_or_else(|| panic!("{key} {code} has no row"))
}

#[test]
fn each_code_of_each_product_has_its_meaning_and_its_way_back() {
    for (key, code, part, again) in [
        ("graphql", 4004, "bad response", Again::No),
        ("graphql", 4005, "internal error of the client", Again::No),
        ("graphql", 4400, "bad request", Again::No),
        ("graphql", 4401, "before connection_ack", Again::No),
        ("graphql", 4403, "forbidden", Again::Once),
        ("graphql", 4406, "subprotocol", Again::No),
        ("graphql", 4408, "3 s", Again::Yes),
        ("graphql", 4409, "exists already", Again::No),
        ("graphql", 4429, "more than once", Again::No),
        ("graphql", 4499, "terminated", Again::Yes),
        ("graphql", 4500, "internal error of the server", Again::No),
        ("graphql", 4504, "connection_ack", Again::Yes),
        ("graphql-legacy", 1002, "subprotocol", Again::No),
        ("discord", 4000, "unknown error", Again::Yes),
        ("discord", 4001, "opcode", Again::Yes),
        ("discord", 4002, "decoded", Again::Yes),
        ("discord", 4003, "not authenticated", Again::Yes),
        ("discord", 4004, "token is wrong", Again::No),
        ("discord", 4005, "already authenticated", Again::Yes),
        ("discord", 4007, "sequence", Again::Yes),
        ("discord", 4008, "rate limited", Again::Yes),
        ("discord", 4009, "timed out", Again::Yes),
        ("discord", 4010, "shard", Again::No),
        ("discord", 4011, "sharding required", Again::No),
        ("discord", 4012, "API version", Again::No),
        ("discord", 4013, "invalid intents", Again::No),
        ("discord", 4014, "disallowed intents", Again::No),
        ("discord-voice", 4006, "session", Again::No),
        ("discord-voice", 4011, "not found", Again::No),
        ("discord-voice", 4014, "disconnected", Again::No),
        ("discord-voice", 4015, "crashed", Again::Yes),
        ("discord-voice", 4016, "encryption", Again::No),
        ("discord-voice", 4017, "end-to-end", Again::No),
        ("discord-voice", 4020, "bad request", Again::No),
        ("discord-voice", 4021, "rate limited", Again::No),
        ("discord-voice", 4022, "call ended", Again::No),
        ("pusher", 4000, "TLS", Again::No),
        ("pusher", 4001, "does not exist", Again::No),
        ("pusher", 4003, "disabled", Again::No),
        ("pusher", 4004, "quota", Again::No),
        ("pusher", 4005, "path", Again::No),
        ("pusher", 4006, "version", Again::No),
        ("pusher", 4007, "version", Again::No),
        ("pusher", 4008, "version", Again::No),
        ("pusher", 4009, "not authorized", Again::No),
        ("pusher", 4050, "stays", Again::No),
        ("pusher", 4100, "over capacity", Again::Later),
        ("pusher", 4150, "for now", Again::Later),
        ("pusher", 4200, "at once", Again::AtOnce),
        ("pusher", 4201, "no pong", Again::AtOnce),
        ("pusher", 4202, "24 h", Again::AtOnce),
        ("pusher", 4250, "new connection", Again::AtOnce),
        ("pusher", 4301, "client event", Again::Later),
        ("pusher", 4302, "client event", Again::No),
        ("centrifugo", 3000, "closed", Again::Yes),
        ("centrifugo", 3001, "stops", Again::Yes),
        ("centrifugo", 3005, "expired", Again::Yes),
        ("centrifugo", 3008, "slowly", Again::Yes),
        ("centrifugo", 3010, "stream", Again::Yes),
        ("centrifugo", 3011, "new connection", Again::Yes),
        ("centrifugo", 3012, "no pong", Again::Yes),
        ("centrifugo", 3013, "too many requests", Again::Yes),
        ("centrifugo", 3499, "worth a reconnect", Again::Yes),
        ("centrifugo", 3500, "token", Again::No),
        ("centrifugo", 3501, "request", Again::No),
        ("centrifugo", 3502, "not authenticated in time", Again::No),
        ("centrifugo", 3503, "for good", Again::No),
        ("centrifugo", 3504, "limit", Again::No),
        ("centrifugo", 3507, "permission", Again::No),
        ("centrifugo", 3999, "for good", Again::No),
        ("centrifugo", 4100, "worth a reconnect", Again::Yes),
        ("centrifugo", 4500, "for good", Again::No),
        ("twitch-eventsub", 4000, "internal error", Again::Yes),
        ("twitch-eventsub", 4001, "client sent something", Again::No),
        ("twitch-eventsub", 4002, "ping-pong", Again::Yes),
        ("twitch-eventsub", 4003, "10 s", Again::No),
        ("twitch-eventsub", 4004, "30 s", Again::Yes),
        ("twitch-eventsub", 4005, "network", Again::Yes),
        ("twitch-eventsub", 4006, "network", Again::Yes),
        ("twitch-eventsub", 4007, "reconnect URL", Again::No),
        ("obs", 4000, "unknown", Again::Once),
        ("obs", 4002, "decoded", Again::No),
        ("obs", 4003, "field", Again::No),
        ("obs", 4004, "field", Again::No),
        ("obs", 4005, "field", Again::No),
        ("obs", 4006, "opcode", Again::No),
        ("obs", 4007, "not identified", Again::No),
        ("obs", 4008, "already identified", Again::No),
        ("obs", 4009, "password", Again::No),
        ("obs", 4010, "RPC", Again::No),
        ("obs", 4011, "invalidated", Again::No),
        ("obs", 4012, "feature", Again::No),
        ("spring", 4500, "reads too slowly", Again::Yes),
        ("sockjs", 3000, "Go away!", Again::Yes),
        ("sockjs", 1002, "interrupted", Again::Yes),
        ("sockjs", 2010, "another connection", Again::No),
        ("phoenix", 1000, "60 s", Again::IfNotMeant),
    ] {
        let row = row(key, code);
        assert!(row.means.contains(part), "{key} {code}: {}", row.means);
        assert_eq!(row.again, again, "{key} {code}");
    }
}

#[test]
fn products_without_codes_say_what_comes_in_their_place() {
    for (key, part) in [
        ("slack-socket", "apps.connections.open"),
        ("actioncable", "\"reconnect\""),
        ("binance", "serverShutdown"),
        ("phoenix", "does not reconnect after 1000"),
        ("graphql", "1002 to 1999"),
    ] {
        assert!(from_key(key).is_some_and(|codes| codes.note.contains(part)), "{key}");
    }
    assert!(from_key("acme").is_none());
}

#[test]
fn texts_are_plain_and_rows_are_in_order() {
    for codes in all() {
        for row in codes.rows {
            assert!(row.from <= row.to, "{} {}", codes.key, row.from);
            for text in [row.means, row.fix, codes.note, codes.name] {
                assert!(text.is_ascii() && !text.ends_with('.') && !text.contains("  "), "{}: {text:?}", codes.key);
            }
        }
    }
}

#[test]
fn the_marks_of_a_product_tell_whose_code_it_is() {
    for (url, subprotocol, first, code, key) in [
        ("ws://a/x", Some("graphql-transport-ws"), &b""[..], 4401, "graphql"),
        ("ws://a/x", Some("graphql-ws"), b"", 1002, "graphql-legacy"),
        ("ws://a/x", None, br#"{"op":10,"d":{"heartbeat_interval":41250}}"#, 4004, "discord"),
        ("wss://b.discord.media/?v=4", None, br#"{"op":8,"d":{}}"#, 4011, "discord-voice"),
        ("ws://a/x", None, br#"{"event":"pusher:connection_established","data":"{}"}"#, 4201, "pusher"),
        ("ws://a/x", None, b"o", 3000, "sockjs"),
        ("ws://a/x", None, br#"c[2010,"Another connection still open"]"#, 1000, "sockjs"),
    ] {
        let found = sender(&dropped(url, subprotocol, first), code, "").unwrap_or_else(|| panic!("{key} is not found"));
        assert_eq!((found.codes.key, found.confidence), (key, Likely));
        assert!(!found.why.is_empty());
    }
    assert!(sender(&dropped("ws://a/x", None, b""), 4401, "").is_none());
    assert!(sender(&dropped("ws://a/x", None, b"hello"), 4401, "bye").is_none());
}

#[test]
fn a_known_reason_is_enough_and_with_a_mark_it_is_certain() {
    let plain = dropped("ws://a/x", None, b"");
    for (code, reason, key) in [
        (4408, "Connection initialisation timeout", "graphql"),
        (4500, "Failed to send message within the configured send limit", "spring"),
        (3012, "no pong", "centrifugo"),
        (3502, "stale", "centrifugo"),
    ] {
        let found = sender(&plain, code, reason).unwrap_or_else(|| panic!("{key} is not found"));
        assert_eq!((found.codes.key, found.confidence), (key, Likely));
        assert!(sender(&plain, code, "another").is_none(), "{code}");
    }
    let marked = dropped("ws://a/x", Some("graphql-transport-ws"), b"");
    let found = sender(&marked, 4408, "Connection initialisation timeout");
    assert!(found.is_some_and(|found| found.confidence == Certain));
}

#[test]
fn a_close_frame_of_sockjs_is_read() {
    assert_eq!(sockjs_close(br#"c[3000,"Go away!"]"#), Some((3000, "Go away!".into())));
    assert_eq!(sockjs_close(b"c[1002]"), Some((1002, String::new())));
    for other in [&b"o"[..], b"c[", b"c[x,\"y\"]", b"a[\"c[3000]\"]", b"\xff"] {
        assert_eq!(sockjs_close(other), None);
    }
}

#[test]
fn one_number_of_many_products_is_told_with_all_of_them() {
    let keys = |code| meanings(code).iter().map(|(codes, _)| codes.key).collect::<Vec<_>>();
    assert_eq!(keys(4001), ["discord", "pusher", "twitch-eventsub", "centrifugo"]);
    assert_eq!(rivals(4100).as_deref(), Some("Pusher (over capacity)"));
    assert!(rivals(4004).is_some_and(|text| text.ends_with(" and 2 products more")), "{:?}", rivals(4004));
    assert_eq!((rivals(1000), rivals(4777)), (None, None));
}
