//! Screen 4 of SCREENS.md from hand-made events, to the character; and what it leaves out.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use super::*;
use crate::event::{
    Attempt, AttemptOutcome, Certificate, CloseSeen, ConnId, DialFault, DialStarted, HeartbeatSent, Holder,
    PayloadBytes, Phase, Side, UpgradeAnswered,
};
use crate::wire::head::Head;

const URL: &str = "wss://chat.example.com/ws";

struct Shown {
    screen: TalkScreen,
    notebook: Notebook,
    kept: Arc<Mutex<Vec<u8>>>,
    seq: u64,
}

impl Shown {
    fn new(screen: ScreenPlan) -> Shown {
        let (sink, kept) = Sink::memory();
        let heartbeat = Some("ping after 20 s of silence, pong within 20 s".to_owned());
        let screen = ScreenPlan { heartbeat, terminal: true, ..screen };
        let plan = TalkPlan { screen, pretty: Mode::Auto, slash: true, width: || 100 };
        let notebook = Notebook::default();
        Shown { screen: TalkScreen::new(plan, sink, notebook.clone()), notebook, kept, seq: 0 }
    }

    /// One that is open, with nothing said yet.
    fn open(plan: ScreenPlan) -> Shown {
        let mut shown = Shown::new(plan);
        shown.dial();
        shown.on(51, opened(None));
        shown.kept.lock().unwrap().clear();
        shown
    }

    fn on(&mut self, millis: u64, kind: EventKind) {
        self.seq += 1;
        let event = Event { seq: self.seq, at: Moment::from_millis(millis), conn: ConnId(1), kind };
        self.screen.on(&event).unwrap();
    }

    fn dial(&mut self) {
        self.on(0, EventKind::DialStarted(DialStarted { url: URL.into(), attempt: 0 }));
        self.on(38, EventKind::TlsReady(tls()));
        let lines = "HTTP/1.1 101 Switching Protocols\r\nServer: nginx/1.27.3\r\n\r\n";
        let head = Head::verbatim(lines.as_bytes().to_vec());
        self.on(50, EventKind::UpgradeAnswered(UpgradeAnswered { head, body: None, took: Span::from_millis(12) }));
    }

    fn sent(&mut self, millis: u64, text: &str, typed: bool) {
        if typed {
            self.notebook.hide_next_sent();
        }
        self.on(millis, message(Direction::Out, true, text.as_bytes()));
    }

    fn text(&self) -> String {
        String::from_utf8(self.kept.lock().unwrap().clone()).unwrap()
    }
}

fn tls() -> TlsReady {
    let certificate = Certificate {
        subject: "chat.example.com".into(),
        names: Vec::new(),
        issuer: "Let's Encrypt R11".into(),
        not_before_unix: 0,
        not_after_unix: 0,
        days_left: 61,
        self_signed: false,
        chain_len: 2,
        chain: Vec::new(),
    };
    TlsReady {
        version: "TLS 1.3".into(),
        cipher: String::new(),
        alpn: None,
        certificate: Some(certificate),
        overlooked: None,
        certificate_request: None,
        took: Span::ZERO,
    }
}

fn opened(down: Option<Span>) -> EventKind {
    EventKind::Open(Opened {
        url: URL.into(),
        peer: "203.0.113.10:443".into(),
        subprotocol: Some("chat.v2".into()),
        server: Some("nginx/1.27.3".into()),
        took: Span::from_millis(51),
        down,
        served: None,
    })
}

fn message(direction: Direction, text: bool, bytes: &[u8]) -> EventKind {
    let (payload, len) = (Some(PayloadBytes(bytes.to_vec())), bytes.len() as u64);
    EventKind::Message(MessageSeen { direction, text, len, payload })
}

fn going_away() -> Ended {
    let how = How::Close { code: Some(1001), reason: String::new() };
    Ended {
        age: Span::from_secs(312),
        answered_ago: Some(Span::from_millis(1200)),
        messages_out: 2,
        ..Ended::sample(how)
    }
}

fn retry(attempt: u32, delay: u64) -> EventKind {
    let (due, delay) = (Moment::START, Span::from_millis(delay));
    EventKind::RetryAt(RetryAt { attempt, due, delay, why: "full jitter".into() })
}

fn refused() -> DialFailed {
    let (address, outcome) = ("203.0.113.10:443".into(), AttemptOutcome::Refused);
    let attempts = vec![Attempt { address, outcome, took: Span::ZERO }];
    DialFailed { phase: Phase::Connect, fault: DialFault::Unreachable { attempts }, took: Span::ZERO }
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

#[test]
fn a_talk_and_a_drop() {
    let mut shown = Shown::new(ScreenPlan::default());
    shown.dial();
    shown.on(51, opened(None));
    shown.sent(4100, r#"{"join":"ops"}"#, true);
    shown.on(4228, message(Direction::In, true, br#"{"joined":"ops","members":3}"#));
    let bytes = b"\x08\x96\x01\x12\x0bhello world\x1a\x052026!\x00";
    shown.on(9702, message(Direction::In, false, bytes));
    shown.sent(30_000, r#"{"say":"deploy at ten?"}"#, true);
    shown.on(31_040, message(Direction::In, true, br#"{"say":"fine by me","from":"ana"}"#));
    shown.on(312_480, EventKind::Ended(going_away()));
    shown.on(320_000, judged(Exit::ClosedEarly, "Close 1001"));
    let screen = r#"connected to wss://chat.example.com/ws in 51 ms
  203.0.113.10:443, TLS 1.3, certificate good for 61 days, server nginx/1.27.3
  101 Switching Protocols, subprotocol chat.v2 (/headers shows both heads)
  ping after 20 s of silence, pong within 20 s (/heartbeat off to see the path without)
A line is a text message. /help for commands, Ctrl-D to leave.

   4.228 < {"joined":"ops","members":3}
   9.702 < binary, 24 B
           0000  08 96 01 12 0b 68 65 6c  6c 6f 20 77 6f 72 6c 64  .....hello world
           0010  1a 05 32 30 32 36 21 00                           ..2026!.
  31.040 < {"say":"fine by me","from":"ana"}
 312.480 ! dropped: the server closed with 1001 Going Away, no reason given
           open for 5 m 12 s; last ping answered 1.2 s before, so the path was good
           a server says this when it stops or restarts; nothing of yours was left unsent
           /reconnect, /findings for the evidence, /quit (exit 20)
"#;
    assert_eq!(shown.text(), screen);
}

#[test]
fn what_was_not_typed_is_shown_as_sent() {
    let mut shown = Shown::open(ScreenPlan::default());
    shown.sent(60, "by -x", false);
    shown.sent(70, "typed", true);
    shown.sent(80, "", false);
    assert_eq!(shown.text(), "   0.060 > by -x\n   0.080 > text, 0 B\n");
    assert_eq!(shown.notebook.show(Show::Number(2)), ["message 2, out, text, 5 B, at 0.070", "typed"]);
}

#[test]
fn coming_back_is_told_once_and_failures_when_they_change() {
    let mut shown = Shown::open(ScreenPlan::default());
    let dial = |attempt| EventKind::DialStarted(DialStarted { url: URL.into(), attempt });
    shown.on(11_000, retry(1, 620));
    shown.on(11_620, dial(1));
    shown.on(11_640, EventKind::DialFailed(refused()));
    shown.on(11_640, retry(2, 1300));
    shown.on(12_940, dial(2));
    shown.on(12_960, EventKind::DialFailed(refused()));
    shown.on(12_960, retry(3, 2000));
    shown.on(14_960, dial(3));
    shown.on(15_011, opened(Some(Span::from_millis(3900))));
    assert_eq!(
        shown.text(),
        "  11.000 ! next attempt (1) in 0.62 s
  11.640 ! not connected: connect: 203.0.113.10:443 refused
  15.011 + connected again in 51 ms; down for 3.9 s
"
    );
}

#[test]
fn an_attempt_by_hand_is_always_answered() {
    let mut shown = Shown::open(ScreenPlan::default());
    for _ in 0..2 {
        shown.on(20_000, EventKind::DialStarted(DialStarted { url: URL.into(), attempt: 0 }));
        shown.on(20_010, EventKind::DialFailed(refused()));
    }
    assert_eq!(shown.text(), "  20.010 ! not connected: connect: 203.0.113.10:443 refused\n".repeat(2));
}

#[test]
fn giving_up_says_what_can_be_done() {
    let mut shown = Shown::open(ScreenPlan::default());
    let why = "that is the limit of attempts in a row".to_owned();
    shown.on(30_000, EventKind::GaveUp(GaveUp { attempts: 3, why, down: Span::from_secs(12) }));
    assert_eq!(
        shown.text(),
        "  30.000 ! gave up after 3 attempts: that is the limit of attempts in a row; down for 12.0 s
           /reconnect tries again, /quit leaves
"
    );
}

#[test]
fn our_own_close_tells_how_soon_it_was_answered() {
    let mut shown = Shown::open(ScreenPlan::default());
    let close = |direction, first| {
        let (name, reason) = ("Normal Closure".into(), String::new());
        EventKind::CloseSeen(CloseSeen { direction, first, code: Some(1000), name, reason })
    };
    shown.on(5000, close(Direction::Out, true));
    shown.on(5012, close(Direction::In, false));
    let how = How::Close { code: Some(1000), reason: String::new() };
    shown.on(5013, EventKind::Ended(Ended { by: Side::Us, drop: false, ..Ended::sample(how) }));
    assert_eq!(shown.text(), "   5.013 - closed 1000 by us, answered in 12 ms\n");
}

#[test]
fn a_flood_is_one_line_and_stands_before_the_end() {
    let mut shown = Shown::open(ScreenPlan::default());
    for _ in 0..4012 {
        shown.on(17_020, message(Direction::In, true, &[b'x'; 330]));
    }
    shown.on(17_030, EventKind::Ended(going_away()));
    let text = shown.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 200 + 1 + 4);
    assert_eq!(lines[200], "  17.020 < 3812 messages, 1.2 MiB, not shown (/show last)");
}

#[test]
fn a_flood_is_told_when_its_second_is_over() {
    let mut shown = Shown::open(ScreenPlan::default());
    for _ in 0..201 {
        shown.on(17_020, message(Direction::In, true, b"x"));
    }
    let before = shown.text().len();
    shown.screen.tick(Moment::from_millis(18_020)).unwrap();
    assert_eq!(&shown.text()[before..], "  17.020 < 1 message, 1 B, not shown (/show last)\n");
}

#[test]
fn a_long_body_is_folded_and_shown_whole_by_its_number() {
    let mut shown = Shown::open(ScreenPlan::default());
    let lines: Vec<String> = (0..50).map(|number| format!("line {number}")).collect();
    shown.on(100, message(Direction::In, true, lines.join("\n").as_bytes()));
    let text = shown.text();
    assert!(text.starts_with("   0.100 < line 0\n           line 1\n"), "{text}");
    assert!(text.ends_with(" more (/show 1)\n"), "{text}");
    assert!(text.lines().count() < 30);
    assert_eq!(shown.notebook.show(Show::Last)[1..], lines);
}

#[test]
fn what_nobody_sent_is_told_and_pings_are_silent() {
    let mut shown = Shown::open(ScreenPlan::default());
    shown.on(200, EventKind::Heartbeat(HeartbeatSent { number: 1, measured: false, what: "ping".into() }));
    shown.on(300, EventKind::Held(Held { by: Holder::Output, span: Span::from_millis(900) }));
    shown.on(400, EventKind::Held(Held { by: Holder::Suspended, span: Span::from_secs(48) }));
    let why = "expected UTF-8, got 0xff at byte 2".into();
    shown.on(500, EventKind::InputBad(InputBad { line: 3, thing: "line".into(), why, skipped: true }));
    assert_eq!(
        shown.text(),
        "   0.400 ! this machine slept for 48.0 s; all clocks stood still
   0.500 ! warning: line 3 skipped: expected UTF-8, got 0xff at byte 2
"
    );
}

#[test]
fn quiet_tells_messages_and_why_it_failed() {
    let mut shown = Shown::open(ScreenPlan { quiet: true, ..ScreenPlan::default() });
    shown.on(100, message(Direction::In, true, b"hello"));
    shown.on(200, EventKind::Ended(going_away()));
    shown.on(200, retry(1, 620));
    assert_eq!(
        shown.text(),
        "   0.100 < hello\n   0.200 ! dropped: the server closed with 1001 Going Away, no reason given\n"
    );
}

#[test]
fn a_connection_that_never_was_open_has_the_block_of_a_probe() {
    let mut shown = Shown::new(ScreenPlan::default());
    shown.on(0, EventKind::DialStarted(DialStarted { url: URL.into(), attempt: 0 }));
    shown.on(10, EventKind::DialFailed(refused()));
    shown.on(10, judged(Exit::Unreachable, "203.0.113.10:443 refused"));
    let text = shown.text();
    let verdict = "UNREACHABLE  wss://chat.example.com/ws   203.0.113.10:443 refused   (exit 11)\n";
    assert!(text.starts_with(verdict), "{text}");
}

#[test]
fn a_time_limit_is_told() {
    let mut shown = Shown::open(ScreenPlan::default());
    shown.on(5000, judged(Exit::TimeUsedUp, "after 5 s"));
    let text = shown.text();
    assert!(text.starts_with("   5.000 ! stopped: ") && text.ends_with(" after 5 s (exit 124)\n"), "{text}");
}

#[test]
fn without_stamps_the_text_stands_where_the_prompt_has_it() {
    let mut shown = Shown::open(ScreenPlan { timestamps: Timestamps::None, ..ScreenPlan::default() });
    shown.on(100, message(Direction::In, true, b"hello"));
    assert_eq!(shown.text(), "         < hello\n");
}

#[test]
fn a_narrow_terminal_breaks_our_words_between_them() {
    let (sink, kept) = Sink::memory();
    let plan = TalkPlan { screen: ScreenPlan::default(), pretty: Mode::Auto, slash: true, width: || 60 };
    let mut screen = TalkScreen::new(plan, sink, Notebook::default());
    screen.on(&Event { seq: 1, at: Moment::START, conn: ConnId(1), kind: EventKind::Ended(going_away()) }).unwrap();
    let text = String::from_utf8(kept.lock().unwrap().clone()).unwrap();
    assert!(text.lines().count() > 4 && text.lines().all(|line| line.len() < 60), "{text}");
}

#[test]
fn without_slash_commands_none_is_offered() {
    let (sink, kept) = Sink::memory();
    let plan = TalkPlan { screen: ScreenPlan::default(), pretty: Mode::Auto, slash: false, width: || 80 };
    let mut screen = TalkScreen::new(plan, sink, Notebook::default());
    for (seq, kind) in [opened(None), EventKind::Ended(going_away())].into_iter().enumerate() {
        screen.on(&Event { seq: seq as u64 + 1, at: Moment::START, conn: ConnId(1), kind }).unwrap();
    }
    let text = String::from_utf8(kept.lock().unwrap().clone()).unwrap();
    assert!(text.contains("\n  no heartbeat\nA line is a text message. Ctrl-D to leave.\n"), "{text}");
    assert!(!text.contains("(/") && !text.contains(" /"), "{text}");
}
