//! Each way of ending from recorded facts, with its twins.

use super::*;
use crate::diagnose::sample::ended;
use crate::event::finding::Confidence::{Certain, Possible};
use crate::event::{Direction, FrameBrief, Missed, PayloadBytes};
use crate::wire::head::Head;

fn dropped(how: How) -> Dropped {
    Dropped::sample(ended(how, 72.2, 10.0, 12.0))
}

fn judged(how: How) -> Finding {
    judge(&dropped(how)).unwrap()
}

fn close(code: Option<u16>, reason: &str) -> How {
    How::Close { code, reason: reason.into() }
}

#[test]
fn each_way_of_ending_has_its_code() {
    let garbage = |breach: &str| How::Garbage { breach: breach.into(), words: "a frame".into() };
    for (how, code) in [
        (close(Some(1000), ""), "closed-normally-early"),
        (close(None, ""), "closed-normally-early"),
        (close(Some(1001), "bye"), "going-away"),
        (close(Some(4001), "expired"), "closed-with-code"),
        (How::CloseThenCut { code: Some(1009), reason: String::new() }, "close-then-cut"),
        (How::CloseUnanswered { code: Some(1000), cut: false }, "close-unanswered"),
        (How::Fin, "fin-without-close"),
        (How::Reset, "reset"),
        (How::TlsTruncated, "tls-truncated"),
        (How::TlsAlert { alert: 116 }, "tls-alert"),
        (How::Silent { delivered: Some(true) }, "silent-next-hop"),
        (How::Silent { delivered: Some(false) }, "silent-path"),
        (How::Silent { delivered: None }, "silent"),
        (How::KernelTimeout, "kernel-timeout"),
        (How::WriteStuck, "write-stuck"),
        (garbage("reserved-opcode"), "illegal-frame"),
        (garbage("close-code"), "illegal-close-code"),
        (garbage("over-limit"), "message-over-limit"),
    ] {
        assert_eq!(judged(how.clone()).code, code, "{how:?}");
    }
    assert!(judge(&dropped(How::Local { why: "done".into() })).is_none());
}

#[test]
fn our_own_close_that_was_answered_is_no_finding() {
    let mut ours = dropped(close(Some(1000), ""));
    ours.ended.by = Side::Us;
    assert_eq!(judge(&ours), None);
    assert_eq!(close_unanswered(&ours.ended), None);
}

#[test]
fn a_close_tells_code_name_reason_and_figures() {
    let finding = judged(close(Some(4001), "expired"));
    assert_eq!(finding.fact, "the server side closed with 4001 (private to the application), \"expired\"");
    assert_eq!(finding.seen, ["age 72.2 s; last byte in 10.0 s ago, out 12.0 s ago"]);
    assert_eq!(judged(close(None, "")).fact, "the server side closed without a code, no reason given");
}

#[test]
fn a_keepalive_timeout_of_python_websockets_is_known() {
    let known = judged(close(Some(1011), "keepalive ping timeout"));
    assert!(known.cause.starts_with("python websockets") && known.confidence == Likely);
    // The twin: without the reason it is one of two.
    let twin = judged(close(Some(1011), "worker crashed"));
    assert_eq!(twin.confidence, Possible);
    assert!(twin.cause.contains("an exception") && twin.cause.contains("python websockets"), "{}", twin.cause);
}

#[test]
fn a_private_code_of_an_unknown_product_names_its_rivals() {
    let finding = judged(close(Some(4001), ""));
    assert_eq!(finding.confidence, Possible);
    for product in ["the application", "Discord gateway", "Pusher", "Twitch EventSub"] {
        assert!(finding.cause.contains(product), "{}", finding.cause);
    }
    assert!(finding.help[0].contains("wscope explain 4001 --product NAME"), "{:?}", finding.help);
    let lone = judged(close(Some(4777), ""));
    assert_eq!(lone.cause, "the application: only its own documentation knows the code");
}

#[test]
fn a_code_of_the_registry_that_libraries_use_too_is_possible_at_the_most() {
    for code in [3000, 3003, 3008] {
        assert_eq!(judged(close(Some(code), "")).confidence, Possible, "{code}");
    }
}

#[test]
fn the_subprotocol_tells_whose_code_it_is() {
    let mut graphql = dropped(close(Some(4408), "Connection initialisation timeout"));
    graphql.head = Some(Head::verbatim(
        b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".to_vec(),
    ));
    let known = judge(&graphql).unwrap();
    assert_eq!((known.code, known.confidence), ("closed-with-code", Certain));
    assert!(known.cause.starts_with("graphql-transport-ws: connection_init did not come in time"));
    assert!(known.seen[0].starts_with("taken for graphql-transport-ws: "), "{:?}", known.seen);
    assert!(known.help[0].contains("connection_init"), "{:?}", known.help);
    // The same number with another reason is less sure, and without any mark it is anybody's.
    graphql.ended.how = close(Some(4408), "");
    assert_eq!(judge(&graphql).unwrap().confidence, Likely);
    graphql.head = None;
    let twin = judge(&graphql).unwrap();
    assert_eq!(twin.confidence, Possible);
    assert!(twin.cause.contains("the application") && twin.cause.contains("graphql-transport-ws ("));
}

#[test]
fn an_old_graphql_server_without_its_subprotocol_is_known() {
    let mut old = dropped(close(Some(1002), ""));
    old.url = "wss://a/graphql".into();
    assert!(judge(&old).unwrap().help[0].contains("graphql-ws"));
    old.url = "wss://a/ws".into();
    let twin = judge(&old).unwrap();
    assert_eq!(twin.confidence, Possible);
    assert!(twin.cause.contains("frame of ours") && twin.cause.contains("GraphQL"), "{}", twin.cause);
}

#[test]
fn a_cut_behind_a_close_keeps_the_codes_cause() {
    let cut = |code, reason: &str| judged(How::CloseThenCut { code: Some(code), reason: reason.into() });
    assert!(cut(1011, "keepalive ping timeout").cause.starts_with("python websockets"));
    assert!(cut(1009, "").help[0].contains("make the message smaller"));
    assert!(cut(1000, "").cause.starts_with("TCP was closed"));
}

#[test]
fn a_reason_in_free_words_is_the_cause_of_a_private_code() {
    for (code, reason, cause, help) in [
        (4401, "Unauthorized", "credentials that are missing", "Authorization: Bearer"),
        (4001, "expired", "no longer valid", "get a new one"),
        (4008, "Rate limit", "number of messages", "send less often"),
        (3000, "server restart", "a restart", "reconnect with"),
        (1000, "duplicate connection", "took its place", "one connection"),
        (1008, "session expired", "no longer valid", "get a new one"),
    ] {
        let told = judged(close(Some(code), reason));
        assert_eq!(told.confidence, Likely, "{code} {reason}");
        assert!(told.cause.contains(cause) && told.cause.ends_with("as its reason says"), "{told:?}");
        assert!(told.help[0].contains(help), "{told:?}");
    }
    // The twins: other words, and a code whose meaning is not the application's.
    assert_eq!(judged(close(Some(4401), "bye")).confidence, Possible);
    assert!(!judged(close(Some(1011), "session expired")).cause.contains("as its reason says"));
    // Right after the open, the reason still speaks before the age.
    let reason = How::Close { code: Some(1000), reason: "duplicate connection".into() };
    assert!(judge(&at_once(reason, "ws://a/ws")).unwrap().cause.contains("took its place"));
    // A product that only the URL speaks for knows less; one that its subprotocol gives away knows more.
    let mut graphql = dropped(close(Some(4401), "Unauthorized"));
    graphql.url = "wss://a/graphql".into();
    assert!(judge(&graphql).unwrap().cause.contains("as its reason says"));
    graphql.head = Some(Head::verbatim(
        b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".to_vec(),
    ));
    assert!(judge(&graphql).unwrap().cause.starts_with("graphql-transport-ws: "));
}

#[test]
fn an_end_on_purpose_names_the_run_that_tells_more() {
    let of = |code: Option<u16>, age: f64, quiet: f64| {
        judge(&Dropped::sample(ended(close(code, ""), age, quiet, quiet))).unwrap()
    };
    for code in [Some(1000), None] {
        let silent = of(code, 2.0, 2.0);
        assert!(silent.cause.starts_with("the application ended it on purpose"), "{silent:?}");
        assert_eq!(silent.help[1], "wscope probe --idle --idle-max 5s URL");
        let lively = of(code, 12.0, 0.1);
        assert!(lively.help[1].contains("--reconnect-profile joewalnes"), "{lively:?}");
    }
    assert!(of(None, 12.0, 0.1).cause.contains("without a code"));
    // Cut behind it, the Close still has no code to read.
    let cut = judged(How::CloseThenCut { code: None, reason: String::new() });
    assert!(cut.cause.starts_with("TCP was closed") && !cut.help[0].contains("read the code"), "{cut:?}");
}

#[test]
fn an_idle_limit_or_an_age_is_told_apart_by_one_run() {
    for how in [How::Fin, How::Reset] {
        let finding = judge(&Dropped::sample(ended(how, 60.0, 60.0, 60.0))).unwrap();
        assert_eq!(finding.help.get(1).map(String::as_str), Some("wscope probe --idle --idle-max 90s URL"));
    }
}

#[test]
fn a_farewell_makes_a_note_of_the_drop() {
    let mut fin = dropped(How::Fin);
    fin.farewell = true;
    assert_eq!(judge(&fin).unwrap().severity, Severity::Note);
}

#[test]
fn the_place_inside_a_frame_is_told() {
    let mut fin = dropped(How::Fin);
    fin.ended.mid_frame = Some((5, 20));
    fin.ended.held = Span::from_secs(48);
    let finding = judge(&fin).unwrap();
    assert_eq!(finding.fact, "FIN without a Close frame, inside a frame: 5 of 20 payload bytes had come");
    assert_eq!(finding.seen[1], "we did not read for 48.0 s of it");
}

#[test]
fn an_answer_that_is_not_the_one_asked_for_is_no_silence() {
    let missed = Missed {
        number: 1,
        measured: false,
        misses: 1,
        of: 1,
        bytes_since: 11,
        waited: Span::from_secs(1),
        theirs: false,
    };
    let finding = silent(Some(true), Some(&missed), false);
    assert_eq!(finding.code, "answer-not-as-asked");
    assert!(finding.fact.starts_with("11 B came"), "{}", finding.fact);
}

fn at_once(how: How, url: &str) -> Dropped {
    let ended = ended(how, 0.001, 0.001, 0.001);
    Dropped { url: url.into(), ..Dropped::sample(ended) }
}

#[test]
fn a_close_at_once_under_the_url_of_polling_is_told_by_the_url() {
    let close = || How::Close { code: None, reason: String::new() };
    let polling = judge(&at_once(close(), "ws://a/socket.io/?EIO=4&transport=polling")).unwrap();
    assert_eq!(polling.confidence, Likely);
    assert!(polling.help[0].contains("transport=websocket"), "{polling:?}");
    let twin = judge(&at_once(close(), "ws://a/socket.io/?EIO=4&transport=websocket")).unwrap();
    assert_eq!(twin.confidence, Possible);
}

#[test]
fn an_end_at_once_behind_nginx_may_be_http_1_0() {
    let mut dropped = at_once(How::Fin, "ws://a/ws");
    assert!(!judge(&dropped).unwrap().cause.contains("HTTP/1.0"));
    dropped.head = Some(Head::verbatim(b"HTTP/1.1 101 X\r\nServer: nginx/1.22.1\r\n\r\n".to_vec()));
    let behind = judge(&dropped).unwrap();
    assert!(behind.cause.contains("HTTP/1.0") && behind.confidence == Possible, "{behind:?}");
    assert_eq!(behind.help[1], "proxy_http_version 1.1;");
}

#[test]
fn an_end_is_told_by_its_age_and_the_silence_before_it() {
    let of = |how: How, age: f64, quiet: f64| judge(&Dropped::sample(ended(how, age, quiet, quiet))).unwrap();
    assert!(of(How::Reset, 0.001, 0.001).cause.contains("right after the open"));
    assert!(of(How::Reset, 3.0, 3.0).cause.starts_with("an idle limit"));
    assert!(of(How::Reset, 30.0, 0.2).cause.starts_with("the process crashed"));
    assert!(of(How::Fin, 4.1, 0.096).cause.starts_with("a reload or restart"));
    assert!(of(How::Fin, 3.0, 3.0).cause.starts_with("an idle limit"));
    assert!(of(How::Fin, 30.0, 5.0).cause.starts_with("a proxy's idle or maximum time"));
}

#[test]
fn a_frame_without_end_has_swallowed_the_close() {
    let how = || How::CloseUnanswered { code: Some(1000), cut: true };
    let of = |came, of| Ended { mid_frame: Some((came, of)), ..ended(how(), 1.0, 0.0, 0.0) };
    let swapped = close_unanswered(&of(314, 11_265)).unwrap();
    assert!(swapped.cause.contains("wrong byte order: 300 bytes"), "{swapped:?}");
    let wrong = close_unanswered(&of(314, 100_000)).unwrap();
    assert!(wrong.cause.contains("wrong length"), "{wrong:?}");
    let plain = close_unanswered(&Ended { mid_frame: None, ..ended(how(), 1.0, 0.0, 0.0) }).unwrap();
    assert!(plain.cause.contains("instead of answering"), "{plain:?}");
}

#[test]
fn a_nats_server_is_known_by_its_first_message() {
    let how = How::Close { code: Some(1002), reason: "Protocol Violation".into() };
    let mut dropped = Dropped::sample(ended(how, 1.0, 0.0, 0.0));
    dropped.ended.first_message = Some(PayloadBytes(b"INFO {\"server_id\":\"x\"}".to_vec()));
    dropped.ended.messages_out = 1;
    assert!(judge(&dropped).unwrap().cause.contains("NATS"));
    dropped.ended.messages_out = 0;
    assert!(!judge(&dropped).unwrap().cause.contains("NATS"));
}

#[test]
fn pings_are_spoken_of_only_where_some_were_sent() {
    let ping = FrameBrief { direction: Direction::Out, opcode: 9, fin: true, len: 8, ago: Span::from_secs(5) };
    let help = |last_frames: Vec<FrameBrief>| {
        let ended = Ended { last_frames, ..ended(close(None, ""), 30.0, 5.0, 5.0) };
        judge(&Dropped::sample(ended)).unwrap().help[0].clone()
    };
    let (with, without) = (help(vec![ping]), help(Vec::new()));
    assert!(with.starts_with("pings were sent and no message"), "{with}");
    assert!(without.starts_with("look at what the server waits for"), "{without}");
}
