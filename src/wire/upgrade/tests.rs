//! Facts of the opening handshake, both roles.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::wire::head::{BodyLength, HEAD_LIMIT, HeadReader, body_length};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The client's side of RFC 6455 section 1.2.
fn chat() -> Request {
    Request {
        target: "/chat".to_owned(),
        host: "server.example.com".to_owned(),
        key: KEY.to_owned(),
        subprotocols: vec!["chat".to_owned(), "superchat".to_owned()],
        origin: Some("http://example.com".to_owned()),
        user_agent: None,
        authorization: None,
        cookies: Vec::new(),
        extra: Vec::new(),
    }
}

fn set(name: &str, value: &str) -> Extra {
    Extra::Set(name.to_owned(), value.to_owned())
}

fn text(request: &Request) -> String {
    String::from_utf8(request.bytes()).unwrap()
}

fn received(bytes: &[u8]) -> Head {
    HeadReader::request(HEAD_LIMIT).push(bytes).unwrap().unwrap().0
}

#[test]
fn the_keys_are_those_of_the_rfc() {
    assert_eq!(key_from(*b"the sample nonce"), KEY);
    assert_eq!(accept_key(KEY), ACCEPT);
    assert_eq!(accept_key("x3JJHMbDL1EzLkh9GBhXDw=="), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

#[test]
fn the_request_is_written_in_order() {
    let mut request = chat();
    request.user_agent = Some("wscope".to_owned());
    request.authorization = Some("Basic YTpi".to_owned());
    request.cookies = vec!["a=1".to_owned(), "b=2".to_owned()];
    request.extra = vec![set("X-One", "1")];
    assert_eq!(
        text(&request),
        "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: chat, superchat\r\nOrigin: http://example.com\r\nUser-Agent: wscope\r\n\
         Authorization: Basic YTpi\r\nCookie: a=1; b=2\r\nX-One: 1\r\n\r\n"
    );
}

#[test]
fn a_default_field_is_replaced_in_its_place() {
    let mut request = chat();
    request.extra = vec![set("connection", "keep-alive, Upgrade"), set("Sec-WebSocket-Key", "mine")];
    let sent = text(&request);
    assert!(sent.contains("websocket\r\nconnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: mine\r\n"), "{sent}");
    assert_eq!(request.effective_key(), "mine");
}

#[test]
fn the_same_name_twice_gives_two_lines() {
    let mut request = chat();
    request.extra = vec![set("X", "1"), set("X", "2"), set("Origin", "a"), set("Origin", "b")];
    let head = request.head();
    assert_eq!(head.all("X").collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(head.all("Origin").collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_default_field_is_removed() {
    let mut request = chat();
    let removed = |name: &str| Extra::Remove(name.to_owned());
    request.extra = vec![removed("sec-websocket-key"), removed("Sec-WebSocket-Protocol"), removed("X-None")];
    assert_eq!(request.effective_key(), "");
    assert!(request.effective_subprotocols().is_empty());
    assert!(!request.offers_extensions());
    assert!(!text(&request).contains("Sec-WebSocket-Key"));
}

#[test]
fn what_is_really_offered_is_known() {
    let mut request = chat();
    assert_eq!(request.effective_subprotocols(), ["chat", "superchat"]);
    request.extra = vec![set("Sec-WebSocket-Protocol", "v2"), set("Sec-WebSocket-Extensions", "permessage-deflate")];
    assert_eq!(request.effective_subprotocols(), ["v2"]);
    assert!(request.offers_extensions());
}

#[test]
fn a_value_cannot_begin_another_line() {
    let mut request = chat();
    request.target = "/a\r\nEvil: 1".to_owned();
    request.extra = vec![set("X", "1\r\nEvil: 2")];
    assert_eq!(request.head().first("Evil"), None);
}

#[test]
fn our_own_request_is_a_good_one() {
    let Judged::Upgrade(accepted) = judge_request(&received(&chat().bytes())) else { panic!("not an upgrade") };
    assert_eq!(accepted.key, KEY);
    assert_eq!(accepted.subprotocol_offers, ["chat", "superchat"]);
    assert_eq!(accepted.version, 13);
}

#[test]
fn odd_but_legal_requests_are_good() {
    let bytes = b"GET / HTTP/1.1\r\nhost: a\r\nupgrade: h2c, WebSocket\r\nconnection: keep-alive\r\n\
        connection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AQIDBAUGBwgJCgsMDQ4PEC==\r\n\r\n";
    assert!(matches!(judge_request(&received(bytes)), Judged::Upgrade(_)));
}

#[test]
fn a_request_without_upgrade_is_plain() {
    assert_eq!(judge_request(&received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")), Judged::Plain);
    assert_eq!(judge_request(&received(b"POST / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n")), Judged::Plain);
}

/// Status and body of the refusal of the RFC's request with one thing changed.
fn refused(from: &str, to: &str) -> (u16, String) {
    let whole = text(&chat());
    assert!(whole.contains(from), "{from}");
    match judge_request(&received(whole.replacen(from, to, 1).as_bytes())) {
        Judged::Refuse { status, body, .. } => (status, body),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_refusal_names_what_is_wrong() {
    let cases = [
        ("GET", "POST", 405, "POST"),
        ("HTTP/1.1", "HTTP/1.0", 400, "HTTP/1.1"),
        ("Host", "X-Host", 400, "no Host"),
        ("Host: server.example.com", "Host: a\r\nHost: b", 400, "more than one Host"),
        ("Connection: Upgrade", "Connection: close", 400, "Connection"),
        ("Version: 13", "Version: 8", 426, "is 8"),
        ("Sec-WebSocket-Version", "X-Version", 426, "no Sec-WebSocket-Version"),
        ("Sec-WebSocket-Key", "X-Key", 400, "no Sec-WebSocket-Key"),
        ("Origin: ", "Sec-WebSocket-Key: ", 400, "more than one Sec-WebSocket-Key"),
        (KEY, "dGhlIHNhbXBsZSBub25jZQ", 400, "16 bytes"),
        (KEY, "dGhlIHNhbXBsZSBub25j", 400, "16 bytes"),
        (KEY, "dGhlIHNhbXBsZSBub25j!Q==", 400, "16 bytes"),
        (KEY, "", 400, "16 bytes"),
    ];
    for (from, to, status, word) in cases {
        let (got, body) = refused(from, to);
        assert_eq!(got, status, "{from} -> {to}");
        assert!(body.contains(word), "{body}");
        assert_eq!(body.lines().count(), 1);
    }
}

#[test]
fn a_refusal_says_what_would_be_good() {
    let whole = text(&chat());
    let judged = |from: &str, to: &str| match judge_request(&received(whole.replace(from, to).as_bytes())) {
        Judged::Refuse { status, reason, fields, body } => {
            let bytes = refusal_bytes(status, reason, &fields, &body);
            HeadReader::response(HEAD_LIMIT).push(&bytes).unwrap().unwrap()
        }
        other => panic!("{other:?}"),
    };
    let (head, body) = judged("Version: 13", "Version: 7");
    assert_eq!(head.start(), "HTTP/1.1 426 Upgrade Required");
    assert_eq!(head.first("Sec-WebSocket-Version"), Some("13"));
    assert_eq!(head.first("Upgrade"), Some("websocket"));
    assert!(head.has_token("Connection", "close") && head.has_token("Connection", "upgrade"));
    assert_eq!(body_length(&head), BodyLength::Exact(body.len() as u64));
    let (head, _) = judged("GET", "PUT");
    assert_eq!(head.first("Allow"), Some("GET"));
    assert_eq!(head.first("Connection"), Some("close"));
}

#[test]
fn the_answer_is_that_of_the_rfc() {
    let extra = [("Server".to_owned(), "wscope".to_owned())];
    assert_eq!(
        String::from_utf8(answer_bytes(&accept_key(KEY), Some("chat"), &extra)).unwrap(),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\nServer: wscope\r\n\r\n"
    );
}
