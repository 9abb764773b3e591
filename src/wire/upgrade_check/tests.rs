//! Each rule of the answer, both ways.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::wire::head::{HEAD_LIMIT, HeadReader};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const GOOD: &str = "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n";

fn judged(head: &str, offers: &[&str], extensions_offered: bool) -> Vec<Breach> {
    let bytes = format!("{head}\n").replace('\n', "\r\n");
    let (answer, _) = HeadReader::response(HEAD_LIMIT).push(bytes.as_bytes()).unwrap().unwrap();
    let subprotocols: Vec<String> = offers.iter().map(|offer| (*offer).to_owned()).collect();
    check(&answer, &Sent { key: KEY, subprotocols: &subprotocols, extensions_offered })
}

fn of(fields: &str, offers: &[&str]) -> Vec<Breach> {
    judged(&format!("HTTP/1.1 101 Switching Protocols\n{fields}"), offers, false)
}

/// The only breach of an answer.
fn only(fields: &str, offers: &[&str]) -> Breach {
    let breaches = of(fields, offers);
    assert_eq!(breaches.len(), 1, "{breaches:?}");
    breaches.into_iter().next().unwrap()
}

fn passes(breaches: &[Breach]) {
    assert!(breaches.is_empty(), "{breaches:?}");
}

fn fatal(code: &'static str, expected: &str, got: &str) -> Breach {
    Breach::fatal(code, expected, got)
}

fn odd(code: &'static str, expected: &str, got: &str) -> Breach {
    Breach::odd(code, expected, got)
}

#[test]
fn the_answer_of_the_rfc_passes() {
    passes(&of(GOOD, &[]));
    passes(&of(&format!("{GOOD}Sec-WebSocket-Protocol: chat\n"), &["chat", "superchat"]));
}

#[test]
fn odd_looking_legal_answers_pass() {
    let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    let listed = format!("Upgrade: WebSocket\nConnection: keep-alive, Upgrade\nSec-WebSocket-Accept:  {accept} \n");
    passes(&of(&listed, &[]));
    let two =
        format!("upgrade: WEBSOCKET\nconnection: keep-alive\nconnection: upgrade\nsec-websocket-accept: {accept}\n");
    passes(&of(&two, &[]));
    passes(&of(&format!("{GOOD}Content-Length: 0\nSec-WebSocket-Extensions:\n"), &[]));
}

#[test]
fn a_wrong_upgrade_is_told() {
    let told = |got: &str| fatal("upgrade-header-wrong", "Upgrade: websocket", got);
    assert_eq!(only(&GOOD.replace("Upgrade: websocket\n", ""), &[]), told("no Upgrade"));
    assert_eq!(only(&GOOD.replace("websocket\n", "h2c\n"), &[]), told("Upgrade: h2c"));
    assert_eq!(only(&GOOD.replace("websocket\n", "websocket, h2c\n"), &[]), told("Upgrade: websocket, h2c"));
}

#[test]
fn a_wrong_connection_is_told() {
    let told = |got: &str| fatal("connection-header-wrong", "Connection: Upgrade", got);
    assert_eq!(only(&GOOD.replace("Connection: Upgrade\n", ""), &[]), told("no Connection"));
    assert_eq!(only(&GOOD.replace(": Upgrade", ": close"), &[]), told("Connection: close"));
}

#[test]
fn a_missing_accept_is_told() {
    let fields = "Upgrade: websocket\nConnection: Upgrade\n";
    let expected = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo= (for the key dGhlIHNhbXBsZSBub25jZQ==)";
    assert_eq!(only(fields, &[]), fatal("accept-missing", expected, "no Sec-WebSocket-Accept"));
}

#[test]
fn a_wrong_accept_is_told() {
    let expected = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo= (for the key dGhlIHNhbXBsZSBub25jZQ==)";
    let told = |got: &str| fatal("accept-wrong", expected, got);
    assert_eq!(only(&GOOD.replace("s3pP", "S3PP"), &[]), told("S3PPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(only(&GOOD.replace("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", ""), &[]), told("an empty value"));
}

#[test]
fn an_extension_that_was_not_offered_is_told() {
    let fields = format!("{GOOD}Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\n");
    let got = "permessage-deflate; server_no_context_takeover";
    assert_eq!(only(&fields, &[]), fatal("extension-not-offered", "no extension, since none was offered", got));
    passes(&judged(&format!("HTTP/1.1 101 Yes\n{fields}"), &[], true));
}

#[test]
fn a_subprotocol_that_was_not_offered_is_told() {
    let answered = |value: &str| format!("{GOOD}Sec-WebSocket-Protocol: {value}\n");
    let code = "subprotocol-not-offered";
    assert_eq!(only(&answered("chat"), &[]), fatal(code, "no subprotocol, since none was offered", "chat"));
    assert_eq!(only(&answered("Chat"), &["chat"]), fatal(code, "chat", "Chat"));
    assert_eq!(only(&answered("a, b"), &["a", "b"]), fatal(code, "one of a, b", "a, b"));
    assert_eq!(only(&answered(""), &["a"]), fatal(code, "a", "an empty value"));
    let two = of(&format!("{}Sec-WebSocket-Protocol: b\n", answered("a")), &["a", "b"]);
    assert_eq!(two.iter().map(|breach| breach.code).collect::<Vec<_>>(), [code, "header-repeated"]);
}

#[test]
fn an_unanswered_offer_is_odd() {
    let code = "subprotocol-not-answered";
    assert_eq!(only(GOOD, &["a"]), odd(code, "a", "no Sec-WebSocket-Protocol"));
    assert_eq!(only(GOOD, &["a", "b"]), odd(code, "one of a, b", "no Sec-WebSocket-Protocol"));
}

#[test]
fn another_http_version_is_odd() {
    let told = |got: &str| vec![odd("http-version-odd", "HTTP/1.1", got)];
    assert_eq!(judged(&format!("HTTP/1.0 101 Yes\n{GOOD}"), &[], false), told("HTTP/1.0"));
    assert_eq!(judged(&format!("HTTP/2 101\n{GOOD}"), &[], false), told("HTTP/2"));
}

#[test]
fn a_body_on_a_101_is_odd() {
    let told = |name: &str, value: &str| odd("stray-body", &format!("no {name}"), &format!("{name}: {value}"));
    assert_eq!(only(&format!("{GOOD}Content-Length: 5\n"), &[]), told("Content-Length", "5"));
    assert_eq!(only(&format!("{GOOD}Transfer-Encoding: chunked\n"), &[]), told("Transfer-Encoding", "chunked"));
}

#[test]
fn a_repeated_header_is_odd() {
    let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n";
    assert_eq!(only(&format!("{GOOD}{accept}"), &[]), odd("header-repeated", "one Sec-WebSocket-Accept", "2 of them"));
    let twice = "Sec-WebSocket-Protocol: a\nSec-WebSocket-Protocol: a\n";
    assert_eq!(
        only(&format!("{GOOD}{twice}"), &["a"]),
        odd("header-repeated", "one Sec-WebSocket-Protocol", "2 of them")
    );
}

#[test]
fn every_rule_of_an_rfc_has_its_section() {
    for code in ["upgrade-header-wrong", "accept-wrong", "extension-not-offered", "subprotocol-not-offered"] {
        assert_eq!(rule(code), Some("RFC 6455 section 4.1"));
    }
    for code in ["http-version-odd", "stray-body", "header-repeated"] {
        assert!(rule(code).is_some());
    }
    assert_eq!(rule("subprotocol-not-answered"), None);
    assert_eq!(rule("reset"), None);
}
