//! First bytes and broken rules, each with its cause and its twin.

use super::*;
use crate::diagnose::sample::ended;
use crate::event::Ended;
use crate::wire::head::Head;

fn dropped(breach: &str, first: &[u8]) -> Dropped {
    let how = How::Garbage { breach: breach.into(), words: "a frame".into() };
    let bad_bytes = (!first.is_empty()).then(|| PayloadBytes(first.to_vec()));
    Dropped::sample(Ended { bad_bytes, ..ended(how, 1.0, 1.0, 1.0) })
}

fn told(breach: &str, first: &[u8]) -> Finding {
    judge(&dropped(breach, first)).unwrap()
}

/// The same with the rule in these words.
fn told_in(breach: &str, words: &str, first: &[u8]) -> Finding {
    let mut dropped = dropped(breach, first);
    dropped.ended.how = How::Garbage { breach: breach.into(), words: words.into() };
    judge(&dropped).unwrap()
}

/// The same behind four messages.
fn later(breach: &str, first: &[u8]) -> Finding {
    let mut dropped = dropped(breach, first);
    dropped.ended.messages_in = 4;
    judge(&dropped).unwrap()
}

fn with_head(first: &[u8], fields: &str) -> Finding {
    let head = format!("HTTP/1.1 101 Switching Protocols\r\n{fields}\r\n");
    let head = Some(Head::verbatim(head.into_bytes()));
    judge(&Dropped { head, ..dropped("reserved-bits", first) }).unwrap()
}

#[test]
fn the_first_bytes_tell_what_wrote_them() {
    let rows: &[(&[u8], &str, Confidence)] = &[
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "two WebSocket servers share one HTTP server", Likely),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "two WebSocket servers share one HTTP server", Likely),
        (b"HTTP/1.1 426 Upgrade Required\r\n\r\n", "two WebSocket servers share one HTTP server", Likely),
        (b"HTTP/1.1 101 Switching Protocols\r\n", "both take this upgrade", Likely),
        (b"HTTP/1.1 408 Request Timeout\r\n\r\n", "a time-out of the HTTP server", Likely),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "a proxy writes its error page", Possible),
        (b"HTTP/1.1 200 OK\r\n\r\n", "a handler of HTTP", Possible),
        (b"<html><head>", "error page", Likely),
        (b"<!DOCTYPE html>", "error page", Likely),
        (b"{\"error\":1}", "raw socket", Likely),
        (b"[1,2,3]", "raw socket", Likely),
        (b"{\n  \"a\": 1", "raw socket", Likely),
        (b"Error: no such room", "straight to the socket", Possible),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "another protocol's greeting", Possible),
        (&[0x15, 3, 3, 0, 2, 2, 40], "speaks TLS", Certain),
        (&[0x16, 3, 1, 2, 0, 1, 0], "speaks TLS", Certain),
        (&[0, 0, 18, 4, 0, 0, 0, 0, 0], "HTTP/2", Certain),
        (b"7\r\n\x81\x05hello\r\n", "puts them into chunks", Likely),
        (&[0xc1, 0x05, 0xf2, 0x48], "compresses although no extension was agreed", Likely),
        (&[0xc2, 0x05, 0xf2, 0x48], "a proxy took Sec-WebSocket-Extensions out", Likely),
        (&[0xb1, 0x05], "out of step", Possible),
    ];
    for (first, cause, confidence) in rows {
        let finding = told("reserved-bits", first);
        assert_eq!(finding.code, "illegal-frame");
        assert!(finding.cause.contains(cause), "{first:?}: {}", finding.cause);
        assert_eq!(finding.confidence, *confidence, "{first:?}");
        assert!(finding.seen.iter().any(|line| line.starts_with("first bytes: ")), "{:?}", finding.seen);
    }
}

#[test]
fn the_same_bytes_behind_frames_may_be_the_inside_of_a_message() {
    for first in [&b"{\"error\":1}"[..], b"<html><head>", b"Error: no such room"] {
        let finding = later("reserved-bits", first);
        assert_eq!(finding.confidence, Possible);
        assert!(finding.cause.contains("announced a wrong length"), "{}", finding.cause);
    }
    assert_eq!(later("reserved-bits", &[0x15, 3, 3, 0, 2, 2, 40]).confidence, Likely);
}

#[test]
fn what_only_begins_like_a_protocol_is_not_taken_for_it() {
    for first in [&[0x15_u8, 7, 7][..], &[0x16, 3, 9, 0, 0], &[0, 0, 18, 5, 0, 0, 0, 0, 0], b"{\x01", b"<x", b"oops"] {
        let finding = told("reserved-bits", first);
        assert!(finding.cause.contains("out of step"), "{first:?}: {}", finding.cause);
    }
}

#[test]
fn the_text_is_shown_beside_the_bytes() {
    let seen = told("reserved-bits", b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n").seen.join("\n");
    assert!(seen.contains("first bytes: 48 54 54 50 2f 31 2e 31 = \"HTTP/1.1 400 Bad Request\\r\\n"), "{seen}");
    assert!(told("reserved-bits", &[0xb1, 0x1b]).seen.join("\n").contains("first bytes: b1 1b"));
    assert!(!told("reserved-bits", b"").seen.join("\n").contains("first bytes"));
}

#[test]
fn two_servers_get_the_lines_that_part_them() {
    let help = told("reserved-bits", b"HTTP/1.1 400 Bad Request\r\n\r\n").help;
    assert!(help[0].contains("noServer: true") && help[1].contains("server.on('upgrade'"), "{help:?}");
}

#[test]
fn an_old_engine_io_query_is_not_only_a_second_server() {
    let mut old = dropped("reserved-bits", b"HTTP/1.1 400 Bad Request\r\n\r\n");
    old.url = "ws://a/socket.io/?EIO=3&transport=websocket".into();
    let cause = judge(&old).unwrap().cause;
    assert!(cause.starts_with("an Engine.IO 4 server") && cause.contains("two WebSocket servers"), "{cause}");
}

#[test]
fn a_body_that_the_101_announced_is_known() {
    let chunks = with_head(b"c\r\n\x81\x0ahello", "Transfer-Encoding: chunked\r\n");
    assert_eq!(chunks.confidence, Certain);
    assert!(chunks.cause.contains("in chunks"), "{}", chunks.cause);
    let body = with_head(b"{\"ok\":true}", "Content-Length: 11\r\n");
    assert!(body.cause.contains("adds a body to the 101"), "{}", body.cause);
    // The twin: no length was announced.
    assert!(with_head(b"{\"ok\":true}", "").cause.contains("raw socket"));
}

#[test]
fn compression_that_the_request_offered_is_our_own_doing() {
    let finding = with_head(&[0xc1, 5, 0xf2], "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    assert_eq!(finding.confidence, Certain);
    assert!(finding.help[0].contains("-H"), "{:?}", finding.help);
}

#[test]
fn a_masked_frame_is_a_clients_code_or_our_own_ping() {
    assert!(told("mask-unexpected", &[0x81, 0x85, 1, 2, 3, 4]).cause.contains("client's code"));
    assert!(told("mask-unexpected", &[0x89, 0x88, 1, 2, 3, 4]).cause.contains("only echoes bytes"));
}

#[test]
fn frames_out_of_step_have_one_cause_first_and_another_later() {
    for breach in ["reserved-opcode", "control-too-long", "control-fragmented", "length-too-large"] {
        assert!(told(breach, &[0x83, 0x01]).cause.contains("by hand"), "{breach}");
        let twin = later(breach, &[0x83, 0x01]);
        assert!(twin.cause.contains("two writers") && twin.cause.contains("wrong length"), "{}", twin.cause);
        assert_eq!(twin.confidence, Possible);
    }
    assert_eq!(later("message-inside-message", &[0x81, 0x01]).confidence, Likely);
    assert!(told("length-not-minimal", &[0x81, 0x01]).cause.contains("long form"));
    assert!(told("text-not-utf8", b"").cause.contains("binary data"));
}

#[test]
fn a_close_frame_made_by_hand_tells_what_was_meant() {
    let body = |bytes: &[u8]| [&[0x88, bytes.len() as u8], bytes].concat();
    for (bytes, cause, help) in [
        (&[1, 0x91, b'U', b'n'][..], "status of HTTP", "4401"),
        (&[0xe8, 3], "1000 was meant", "network order"),
        (b"bye now", "missing before it", "two bytes before"),
        (b"1000", "written as text", "as a number"),
    ] {
        let finding = told("close-code", &body(bytes));
        assert!(finding.cause.contains(cause) && finding.help[0].contains(help), "{bytes:?}: {finding:?}");
        assert_eq!(finding.confidence, Likely);
    }
    assert!(told("close-code", &body(&[1, 0x91, b'U', b'n'])).seen[0].contains("its reason: \"Un\""));
    let torn = told_in("close-reason-not-utf8", "a Close frame whose reason is not UTF-8", &body(&[3, 0xe8, 0xc3]));
    assert!(torn.cause.contains("cut inside a character") && torn.help[0].contains("UTF-8"), "{torn:?}");
    assert!(!torn.cause.contains("1005"), "{}", torn.cause);
    // The twin: 1005 and 1006 are passed on from a library.
    assert!(told("close-code", &body(&[3, 0xed])).cause.contains("1005"));
    let long = told("control-too-long", &[0x88, 0x7e, 0, 0xca, 3, 0xf3, b'E']);
    assert_eq!((long.confidence, long.cause.contains("123 bytes")), (Certain, true));
}

#[test]
fn a_long_length_in_the_short_field_is_no_mask() {
    let finding = told("mask-unexpected", b"\x81\xc8xxxxxxxxxxxx");
    assert!(finding.cause.contains("seven bits"), "{finding:?}");
    // The twin: a mask's key and what it hides are no text.
    assert!(told("mask-unexpected", b"\x81\x85\x01\x92\xf3\x04\x80\x11\x02\x99\x01").cause.contains("client's code"));
    let never = later("message-inside-message", &[0x01, 0x05]);
    assert!(never.cause.contains("FIN bit") && never.cause.contains("two writers"), "{}", never.cause);
}

#[test]
fn text_before_a_frame_and_a_line_end_too_many_are_known() {
    let text = told("reserved-bits", b"hello client\n\x8a\x08\x01\x02");
    assert_eq!(text.fact, "plain text came where a frame must begin");
    assert!(text.seen[0].contains("\"hello client\\n\""), "{:?}", text.seen);
    let line = told("continuation-of-nothing", b"\r\n\x81\x02hi");
    assert!(line.cause.contains("one line end too many"), "{line:?}");
}

#[test]
fn our_own_limit_and_a_close_are_other_codes() {
    assert_eq!(told("over-limit", b"").code, "message-over-limit");
    assert_eq!(told("close-code", b"").code, "illegal-close-code");
    assert_eq!(judge(&Dropped::sample(ended(How::Fin, 1.0, 1.0, 1.0))), None);
}
