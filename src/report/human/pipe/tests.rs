//! Screen 5 of SCREENS.md from hand-made events, to the character; and the ends that it does not show.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use super::*;
use crate::event::finding::{Confidence, Finding, Layer, Severity};
use crate::event::{ConnId, DialFault, HeartbeatSent, How, Phase, Side};

const URL: &str = "wss://api.example.com/ws";
const CONNECTED: &str = "connected to wss://api.example.com/ws in 51 ms\n";

fn shown_by(plan: ScreenPlan, events: Vec<EventKind>) -> String {
    let (sink, kept): (Sink, Arc<Mutex<Vec<u8>>>) = Sink::memory();
    let mut screen = PipeScreen::new(plan, sink);
    for (seq, kind) in (1..).zip(events) {
        let at = Moment::from_millis(seq * 100);
        screen.on(&Event { seq, at, conn: ConnId(1), kind }).unwrap();
    }
    screen.finish().unwrap();
    String::from_utf8(kept.lock().unwrap().clone()).unwrap()
}

fn shown(events: Vec<EventKind>) -> String {
    shown_by(ScreenPlan::default(), events)
}

fn quiet(events: Vec<EventKind>) -> String {
    shown_by(ScreenPlan { quiet: true, ..ScreenPlan::default() }, events)
}

fn open(took: u64, down: Option<u64>) -> EventKind {
    EventKind::Open(Opened {
        url: URL.into(),
        peer: "203.0.113.10:443".into(),
        subprotocol: None,
        server: None,
        took: Span::from_millis(took),
        down: down.map(Span::from_millis),
        served: None,
    })
}

fn ending(how: How, by: Side, age: u64) -> Ended {
    Ended {
        by,
        drop: by == Side::Peer,
        age: Span::from_millis(age),
        messages_in: 2,
        messages_out: 2,
        ..Ended::sample(how)
    }
}

fn close(code: Option<u16>, reason: &str) -> How {
    How::Close { code, reason: reason.into() }
}

fn dropped(code: Option<u16>, reason: &str) -> EventKind {
    EventKind::Ended(ending(close(code, reason), Side::Peer, 4200))
}

fn ours() -> EventKind {
    EventKind::Ended(ending(close(Some(1000), ""), Side::Us, 1100))
}

fn fate(unsure: &[(u64, u64)], words: &[&str]) -> EventKind {
    EventKind::Lines(LinesFate {
        thing: "line".into(),
        sent: 18,
        acknowledged: 16,
        unsure: unsure.to_vec(),
        first_unsent: None,
        received: 16,
        words: words.iter().map(|line| (*line).to_owned()).collect(),
    })
}

fn judged(exit: Exit, fact: &str) -> EventKind {
    EventKind::Judged(Judged {
        url: URL.into(),
        verdict: exit.word().to_lowercase(),
        exit,
        fact: fact.into(),
        drops: 0,
        reconnects: 0,
        down: Span::ZERO,
        open: None,
        heartbeat_median: None,
        heartbeats_answered: 0,
    })
}

fn healthy() -> EventKind {
    judged(Exit::Healthy, "open in 51 ms")
}

fn retry(attempt: u32, millis: u64) -> EventKind {
    let delay = Span::from_millis(millis);
    EventKind::RetryAt(RetryAt { attempt, due: Moment::START, delay, why: "full jitter".into() })
}

fn not_found() -> EventKind {
    let fault = DialFault::NameNotFound { name: "api.example.com".into() };
    EventKind::DialFailed(DialFailed { phase: Phase::Resolve, fault, took: Span::from_millis(3) })
}

fn bad(line: u64, skipped: bool) -> EventKind {
    let why = "expected UTF-8, got 0xff at byte 2".into();
    EventKind::InputBad(InputBad { line, thing: "line".into(), why, skipped })
}

#[test]
fn the_fifth_screen_is_as_designed() {
    let all_well = ["2 lines sent, all acknowledged by the next hop", "no line left unsent; 2 messages received"];
    assert_eq!(
        shown(vec![open(51, None), ours(), fate(&[], &all_well), healthy()]),
        format!("{CONNECTED}closed 1000 by us, answered; 2 sent, 2 received in 1.1 s\n")
    );
    let lost = [
        "18 lines sent, 16 of them acknowledged by the next hop: 17 and 18 may be lost",
        "line 19 and all after it not sent; 16 messages received",
    ];
    let events = vec![
        open(51, None),
        dropped(Some(1011), "worker crashed"),
        fate(&[(17, 18)], &lost),
        judged(Exit::ClosedWithError, "Close 1011"),
    ];
    assert_eq!(
        shown(events),
        format!(
            "{CONNECTED}dropped: the server closed with 1011 Internal Error, \"worker crashed\", after 4.2 s
  18 lines sent, 16 of them acknowledged by the next hop: 17 and 18 may be lost
  line 19 and all after it not sent; 16 messages received
"
        )
    );
}

#[test]
fn a_server_that_closes_when_all_was_sent_dropped_nothing() {
    for (code, reason, words) in [
        (Some(1000), "", "with 1000 Normal Closure"),
        (Some(1001), "bye", "with 1001 Going Away, \"bye\""),
        (None, "", "without a code"),
    ] {
        assert_eq!(
            shown(vec![open(51, None), dropped(code, reason), healthy()]),
            format!("{CONNECTED}closed by the server {words}; 2 sent, 2 received in 4.2 s\n")
        );
    }
    assert_eq!(
        shown(vec![open(51, None), dropped(Some(1000), ""), judged(Exit::ClosedEarly, "Close 1000")]),
        format!("{CONNECTED}dropped: the server closed with 1000 Normal Closure, no reason given, after 4.2 s\n")
    );
}

#[test]
fn a_peer_cannot_draw_on_the_screen() {
    let text = shown(vec![open(51, None), dropped(Some(4001), "\x1b[2J\n"), judged(Exit::ClosedWithError, "x")]);
    assert_eq!(text, format!("{CONNECTED}dropped: the server closed with 4001, \"\\x1b[2J\\n\", after 4.2 s\n"));
}

#[test]
fn a_reconnect_is_told_and_a_refusal_to_come_back_too() {
    let fin = EventKind::Ended(ending(How::Fin, Side::Peer, 4200));
    let why = "that is the limit of attempts in a row".into();
    let gave_up = EventKind::GaveUp(GaveUp { attempts: 2, why, down: Span::from_millis(2500) });
    let events = vec![
        open(51, None),
        fin.clone(),
        fate(&[], &["no line left unsent; 16 messages received"]),
        retry(1, 620),
        open(53, Some(670)),
        fin.clone(),
        retry(1, 300),
        not_found(),
        retry(2, 1500),
        not_found(),
        gave_up.clone(),
        judged(Exit::EndedWithoutClose, "FIN"),
    ];
    assert_eq!(
        shown(events.clone()),
        format!(
            "{CONNECTED}dropped: FIN without a Close frame, from the server side, after 4.2 s
  no line left unsent; 16 messages received
next attempt (1) in 0.62 s
connected again in 53 ms; down for 0.67 s
dropped: FIN without a Close frame, from the server side, after 4.2 s
next attempt (1) in 0.30 s
not connected: resolve: api.example.com not found
next attempt (2) in 1.5 s
not connected: resolve: api.example.com not found
gave up after 2 attempts: that is the limit of attempts in a row; down for 2.5 s
"
        )
    );
    // Quiet: only the last drop, and that we gave up.
    assert_eq!(
        quiet(events),
        "dropped: FIN without a Close frame, from the server side, after 4.2 s
gave up after 2 attempts: that is the limit of attempts in a row; down for 2.5 s
"
    );
}

#[test]
fn a_profile_that_stays_away_after_a_good_close_has_not_failed() {
    let why = "the server closed with 1000".into();
    let gave_up = EventKind::GaveUp(GaveUp { attempts: 0, why, down: Span::ZERO });
    assert_eq!(
        shown(vec![open(51, None), dropped(Some(1000), ""), gave_up.clone(), healthy()]),
        format!("{CONNECTED}closed by the server with 1000 Normal Closure; 2 sent, 2 received in 4.2 s\n")
    );
    let text = shown(vec![open(51, None), dropped(Some(1000), ""), gave_up, judged(Exit::ClosedEarly, "x")]);
    assert!(text.ends_with("after 4.2 s\ngave up: the server closed with 1000\n"), "{text}");
}

#[test]
fn quiet_says_nothing_when_all_is_well_and_what_a_drop_cost() {
    assert_eq!(quiet(vec![open(51, None), bad(1, true), ours(), healthy()]), "");
    assert_eq!(quiet(vec![open(51, None), dropped(Some(1000), ""), healthy()]), "");
    let cheap = vec![open(51, None), dropped(Some(1011), ""), retry(1, 620), open(53, Some(670)), ours(), healthy()];
    assert_eq!(quiet(cheap), "");
    let costly = vec![
        open(51, None),
        dropped(Some(1011), ""),
        fate(&[(2, 2)], &["2 lines sent, 1 of them acknowledged by the next hop: line 2 may be lost"]),
        retry(1, 620),
        open(53, Some(670)),
        ours(),
        judged(Exit::ClosedWithError, "1 drop"),
    ];
    assert_eq!(
        quiet(costly),
        "dropped: the server closed with 1011 Internal Error, no reason given, after 4.2 s
  2 lines sent, 1 of them acknowledged by the next hop: line 2 may be lost
closed 1000 by us, answered; 2 sent, 2 received in 1.1 s
"
    );
}

#[test]
fn bad_lines_are_named_and_a_flood_of_skipped_ones_is_counted() {
    let stopped = vec![open(51, None), bad(3, false), ours(), judged(Exit::Failed, "line 3")];
    assert_eq!(
        shown(stopped),
        format!(
            "{CONNECTED}error: line 3: expected UTF-8, got 0xff at byte 2
closed 1000 by us, answered; 2 sent, 2 received in 1.1 s
"
        )
    );
    let mut events = vec![open(51, None)];
    events.extend((1..=WARNED_MAX + 7).map(|line| bad(line, true)));
    events.extend([ours(), healthy()]);
    let text = shown(events);
    assert!(text.contains("\nwarning: line 100 skipped: expected UTF-8, got 0xff at byte 2\nclosed 1000"), "{text}");
    assert!(text.ends_with("\nwarning: 7 lines more skipped\n"), "{text}");
}

#[test]
fn an_empty_stdin_is_told_in_one_line() {
    let ended = |listening| EventKind::InputEnded(InputEnded { lines: 0, thing: "line".into(), listening });
    let told = "stdin is empty: listening until the server closes (--wait DUR leaves after DUR of silence)\n";
    assert_eq!(shown(vec![open(51, None), ended(true)]), format!("{CONNECTED}{told}"));
    assert_eq!(shown(vec![open(51, None), ended(false)]), CONNECTED);
}

#[test]
fn a_blocked_output_is_told_at_once_and_at_the_drop() {
    let held = |by, millis| EventKind::Held(Held { by, span: Span::from_millis(millis) });
    let mut end = ending(How::Reset, Side::Peer, 60_000);
    end.held = Span::from_secs(48);
    let end = EventKind::Ended(end);
    let judged = judged(Exit::Reset, "RST");
    let events =
        vec![open(51, None), held(Holder::Output, 999), held(Holder::Output, 48_000), end.clone(), judged.clone()];
    assert_eq!(
        shown(events),
        format!(
            "{CONNECTED}our output was blocked for 48 s
dropped: RST from the server side, after 60.0 s; our stdout was blocked for 48 s
"
        )
    );
    let text = shown(vec![open(51, None), held(Holder::Suspended, 48_000), end, judged]);
    assert!(text.contains("\nthis machine slept for 48 s\ndropped:"), "{text}");
    assert!(text.ends_with("; we did not read for 48 s\n"), "{text}");
}

#[test]
fn what_ends_a_run_without_a_drop_has_its_line() {
    for (exit, fact, line) in [
        (Exit::Interrupted, "after 1.2 s", "stopped: interrupted after 1.2 s (exit 130)"),
        (Exit::TimeUsedUp, "after 5.0 s", "stopped: --timeout reached after 5.0 s (exit 124)"),
        (Exit::Failed, "no line for you", "failed: no line for you (exit 1)"),
    ] {
        let text = shown(vec![open(51, None), ours(), judged(exit, fact)]);
        let closed = "closed 1000 by us, answered; 2 sent, 2 received in 1.1 s";
        assert_eq!(text, format!("{CONNECTED}{closed}\n{line}\n"));
    }
    let unanswered = How::CloseUnanswered { code: Some(1000), cut: false };
    let events = vec![
        open(51, None),
        EventKind::Ended(ending(unanswered, Side::Us, 1100)),
        judged(Exit::CloseUnanswered, "Close 1000 by us, unanswered"),
    ];
    assert_eq!(shown(events), format!("{CONNECTED}closed 1000 by us, unanswered; 2 sent, 2 received in 1.1 s\n"));
}

#[test]
fn a_connection_that_never_was_open_has_the_block_of_probe() {
    let events = vec![not_found(), judged(Exit::NameNotResolved, "api.example.com not found")];
    let verdict = "UNREACHABLE  wss://api.example.com/ws   api.example.com not found   (exit 10)\n";
    assert_eq!(shown(events.clone()), format!("{verdict}\n  resolve      3.0 ms  api.example.com not found\n"));
    assert_eq!(quiet(events), verdict);
    let interrupted = vec![judged(Exit::Interrupted, "after 0.2 s")];
    assert_eq!(shown(interrupted), "stopped: interrupted after 0.2 s (exit 130)\n");
}

#[test]
fn heartbeats_and_findings_stand_there_when_asked_for() {
    let finding = Finding {
        code: "x",
        severity: Severity::Note,
        layer: Layer::Close,
        who: "path",
        fact: "a fact".into(),
        seen: Vec::new(),
        cause: String::new(),
        confidence: Confidence::Likely,
        rule: None,
        help: Vec::new(),
    };
    let heartbeat = EventKind::Heartbeat(HeartbeatSent { number: 1, measured: false, what: "ping".into() });
    let events = vec![open(51, None), heartbeat, EventKind::Finding(finding), ours(), healthy()];
    let closed = "closed 1000 by us, answered; 2 sent, 2 received in 1.1 s\n";
    assert_eq!(
        shown_by(ScreenPlan { verbosity: 1, ..ScreenPlan::default() }, events.clone()),
        format!("{CONNECTED}   0.200  heartbeat 1 written: ping\n{closed}\nnote: a fact   [x]\n")
    );
    assert_eq!(shown(events), format!("{CONNECTED}{closed}"));
}
