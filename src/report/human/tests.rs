//! Screens 1 to 3 of SCREENS.md from hand-made events, to the character; and the rules that hold for all of them.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use super::*;
use crate::event::finding::{Confidence, Finding, Layer, Severity};
use crate::event::{
    Answered, Attempt, AttemptOutcome, Body, Certificate, CloseSeen, ConnId, DialFailed, DialFault, DialStarted,
    Direction, Ended, Exit, FrameSeen, How, Judged, Opened, PayloadBytes, Phase, Resolved, ResolvedBy, RetryAt, Side,
    TcpOpen, TlsReady, UpgradeAnswered, UpgradeSent,
};
use crate::wire::head::Head;

const URL: &str = "wss://chat.example.com/ws";

/// A screen, what it wrote, and the next event's number.
struct Shown {
    screen: ProbeScreen,
    kept: Arc<Mutex<Vec<u8>>>,
    seq: u64,
}

impl Shown {
    fn new(plan: ScreenPlan) -> Shown {
        let (sink, kept) = Sink::memory();
        Shown { screen: ProbeScreen::new(plan, sink), kept, seq: 0 }
    }

    fn on(&mut self, millis: u64, kind: EventKind) {
        self.seq += 1;
        let event = Event { seq: self.seq, at: Moment::from_millis(millis), conn: ConnId(1), kind };
        self.screen.on(&event).unwrap();
    }

    fn all(&mut self, events: impl IntoIterator<Item = (u64, EventKind)>) {
        for (millis, kind) in events {
            self.on(millis, kind);
        }
    }

    fn text(&self) -> String {
        String::from_utf8(self.kept.lock().unwrap().clone()).unwrap()
    }
}

fn tenths(tenths_of_ms: u64) -> Span {
    Span::from_nanos(tenths_of_ms * 100_000)
}

fn attempt(address: &str, outcome: AttemptOutcome) -> Attempt {
    Attempt { address: address.into(), outcome, took: Span::ZERO }
}

/// The dial up to TLS, with one address or with two of which the second opens.
fn dial(two: bool) -> Vec<(u64, EventKind)> {
    let mut addresses = vec!["203.0.113.10".to_owned()];
    let mut attempts = vec![attempt("203.0.113.10:443", AttemptOutcome::Open)];
    if two {
        addresses.push("2001:db8::10".into());
        attempts.insert(0, attempt("[2001:db8::10]:443", AttemptOutcome::NetworkUnreachable));
    }
    let certificate = Certificate {
        subject: "chat.example.com".into(),
        names: vec!["chat.example.com".into()],
        issuer: "Let's Encrypt R11".into(),
        not_before_unix: 0,
        not_after_unix: 0,
        days_left: 61,
        self_signed: false,
        chain_len: 2,
        chain: Vec::new(),
    };
    let name = "chat.example.com".into();
    let tcp = TcpOpen { peer: "203.0.113.10:443".into(), local: "192.0.2.1:50000".into(), attempts, took: tenths(114) };
    let tls = TlsReady {
        version: "TLS 1.3".into(),
        cipher: "TLS13_AES_256_GCM_SHA384".into(),
        alpn: Some("http/1.1".into()),
        certificate: Some(certificate),
        overlooked: None,
        certificate_request: None,
        took: tenths(249),
    };
    vec![
        (0, EventKind::DialStarted(DialStarted { url: URL.into(), attempt: 0 })),
        (2, EventKind::Resolved(Resolved { name, addresses, by: ResolvedBy::System, took: tenths(18) })),
        (13, EventKind::TcpOpen(tcp)),
        (38, EventKind::TlsReady(tls)),
    ]
}

fn head(lines: &[&str]) -> Head {
    Head::verbatim(format!("{}\r\n\r\n", lines.join("\r\n")).into_bytes())
}

fn answer(lines: &[&str], body: Option<&str>) -> EventKind {
    let body = body.map(|text| Body { payload: PayloadBytes(text.into()), cut: false });
    EventKind::UpgradeAnswered(UpgradeAnswered { head: head(lines), body, took: tenths(127) })
}

fn good_answer() -> EventKind {
    let lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Server: nginx/1.27.3",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Protocol: chat.v2",
    ];
    answer(&lines, None)
}

fn opened(took: Span, down: Option<Span>) -> EventKind {
    EventKind::Open(Opened {
        url: URL.into(),
        peer: "203.0.113.10:443".into(),
        subprotocol: None,
        server: Some("nginx/1.22.1".into()),
        took,
        down,
        served: None,
    })
}

fn pong(number: u64, rtt: Span) -> EventKind {
    EventKind::Answered(Answered { number, measured: true, own: true, rtt })
}

fn close(direction: Direction) -> EventKind {
    let (first, reason) = (direction == Direction::Out, String::new());
    EventKind::CloseSeen(CloseSeen { direction, first, code: Some(1000), name: "Normal Closure".into(), reason })
}

fn ended(how: How, by: Side) -> Ended {
    Ended { by, drop: by == Side::Peer, quiet_in: Span::from_secs(60), ..Ended::sample(how) }
}

fn closed() -> EventKind {
    EventKind::Ended(ended(How::Close { code: Some(1000), reason: String::new() }, Side::Us))
}

fn judged(exit: Exit, fact: &str) -> EventKind {
    let verdict = exit.word().to_lowercase();
    let (drops, reconnects, down) = (0, 0, Span::ZERO);
    EventKind::Judged(Judged {
        url: URL.into(),
        verdict,
        exit,
        fact: fact.into(),
        drops,
        reconnects,
        down,
        open: None,
        heartbeat_median: None,
        heartbeats_answered: 0,
    })
}

fn healthy() -> Vec<(u64, EventKind)> {
    let mut events = dial(true);
    events.extend([(51, good_answer()), (51, opened(tenths(508), None))]);
    let times = [118, 121, 130, 120, 125];
    events.extend((1..).zip(times).map(|(number, time)| (100 + number, pong(number, tenths(time)))));
    events.extend([(200, close(Direction::Out))]);
    events
}

/// The answer to our Close comes at a time that whole milliseconds do not hold.
fn finish_healthy(shown: &mut Shown) {
    let at = Moment::from_nanos(211_900_000);
    shown.screen.on(&Event { seq: 0, at, conn: ConnId(1), kind: close(Direction::In) }).unwrap();
    shown.on(212, closed());
    shown.on(212, judged(Exit::Healthy, "open in 51 ms, heartbeat 12.1 ms"));
}

#[test]
fn the_first_screen_is_as_designed() {
    let mut shown = Shown::new(ScreenPlan { terminal: true, ..ScreenPlan::default() });
    shown.all(healthy());
    finish_healthy(&mut shown);
    assert_eq!(
        shown.text(),
        "HEALTHY  wss://chat.example.com/ws   open in 51 ms, heartbeat 12.1 ms

  resolve      1.8 ms  203.0.113.10, 2001:db8::10
  connect     11.4 ms  203.0.113.10:443 (2001:db8::10 first: network unreachable)
  tls         24.9 ms  TLS 1.3; chat.example.com by Let's Encrypt R11, 61 days left
  upgrade     12.7 ms  101 Switching Protocols; subprotocol chat.v2; server nginx/1.27.3
  heartbeat   12.1 ms  median of 5 pings (11.8 to 13.0 ms), none lost
  close       11.9 ms  1000 Normal Closure, answered by 1000

no findings; headers with -v, frames with -vv, a longer look with --hold 2m
"
    );
}

#[test]
fn colour_adds_escapes_and_nothing_else() {
    let mut plain = Shown::new(ScreenPlan::default());
    let mut coloured = Shown::new(ScreenPlan { style: Style::new(true), ..ScreenPlan::default() });
    for shown in [&mut plain, &mut coloured] {
        shown.all(healthy());
        finish_healthy(shown);
    }
    assert!(coloured.text().starts_with("\x1b[32mHEALTHY\x1b[0m  "));
    assert_eq!(coloured.text().replace("\x1b[32m", "").replace("\x1b[0m", ""), plain.text());
}

fn upgrade_stripped() -> EventKind {
    EventKind::Finding(Finding {
        code: "upgrade-stripped",
        severity: Severity::Error,
        layer: Layer::Http,
        who: "path",
        fact: "the application saw an ordinary request, not a WebSocket one".into(),
        seen: vec![
            "Upgrade and Connection left here; 426 came back without Sec-WebSocket-Version, with the text that \
             node ws has for a request without Upgrade"
                .into(),
        ],
        cause: "nginx does not pass Upgrade and Connection on to the application".into(),
        confidence: Confidence::Likely,
        rule: None,
        help: vec![
            "in the nginx location that serves /ws, then reload nginx:".into(),
            "proxy_http_version 1.1;".into(),
            "proxy_set_header Upgrade $http_upgrade;".into(),
            "proxy_set_header Connection \"upgrade\";".into(),
        ],
    })
}

fn refused() -> Vec<(u64, EventKind)> {
    let lines = [
        "HTTP/1.1 426 Upgrade Required",
        "Server: nginx/1.22.1",
        "Date: Sun, 22 Nov 2026 10:04:05 GMT",
        "Content-Type: text/plain",
        "Content-Length: 16",
        "Connection: keep-alive",
    ];
    let fault = DialFault::Refused { status: 426, reason: "Upgrade Required".into() };
    let mut events = dial(false);
    events.extend([
        (51, answer(&lines, Some("Upgrade Required"))),
        (51, EventKind::DialFailed(DialFailed { phase: Phase::Upgrade, fault, took: tenths(127) })),
        (51, upgrade_stripped()),
        (51, judged(Exit::Refused, "HTTP 426 Upgrade Required")),
    ]);
    events
}

const REFUSED: &str = "REFUSED  wss://chat.example.com/ws   HTTP 426 Upgrade Required   (exit 15)

error: the application saw an ordinary request, not a WebSocket one   [upgrade-stripped]
  seen   Upgrade and Connection left here; 426 came back without Sec-WebSocket-Version, with
         the text that node ws has for a request without Upgrade
  cause  nginx does not pass Upgrade and Connection on to the application (likely)
  help   in the nginx location that serves /ws, then reload nginx:
             proxy_http_version 1.1;
             proxy_set_header Upgrade $http_upgrade;
             proxy_set_header Connection \"upgrade\";

  resolve      1.8 ms  203.0.113.10
  connect     11.4 ms  203.0.113.10:443
  tls         24.9 ms  TLS 1.3; chat.example.com by Let's Encrypt R11, 61 days left
  upgrade     12.7 ms  HTTP/1.1 426 Upgrade Required
                       Server: nginx/1.22.1
                       Date: Sun, 22 Nov 2026 10:04:05 GMT
                       Content-Type: text/plain
                       Content-Length: 16
                       Connection: keep-alive
                       body, 16 B: \"Upgrade Required\"
";

#[test]
fn the_second_screen_is_as_designed() {
    let mut shown = Shown::new(ScreenPlan { terminal: true, ..ScreenPlan::default() });
    shown.all(refused());
    assert_eq!(shown.text(), format!("{REFUSED}\nmore on this: wscope explain upgrade-stripped\n"));
}

#[test]
fn a_long_run_that_never_opens_shows_the_same_block() {
    let mut shown = Shown::new(ScreenPlan { live: true, ..ScreenPlan::default() });
    shown.all(refused());
    assert_eq!(shown.text(), REFUSED);
}

#[test]
fn quiet_says_nothing_or_the_verdict() {
    let mut shown = Shown::new(ScreenPlan { quiet: true, verbosity: 2, ..ScreenPlan::default() });
    shown.all(healthy());
    finish_healthy(&mut shown);
    assert_eq!(shown.text(), "");
    shown.all(refused());
    assert_eq!(shown.text(), "REFUSED  wss://chat.example.com/ws   HTTP 426 Upgrade Required   (exit 15)\n");
}

fn dropped(age: u64, quiet_out: u64, due: u64) -> EventKind {
    EventKind::Ended(Ended {
        age: Span::from_millis(age),
        quiet_out: Span::from_millis(quiet_out),
        heartbeat_due: Some(Span::from_millis(due)),
        ..ended(How::Fin, Side::Peer)
    })
}

fn retry(delay: u64) -> EventKind {
    let (due, delay) = (Moment::START, Span::from_millis(delay));
    EventKind::RetryAt(RetryAt { attempt: 1, due, delay, why: "full jitter".into() })
}

fn idle_limit() -> EventKind {
    EventKind::Finding(Finding {
        code: "idle-limit",
        severity: Severity::Error,
        layer: Layer::Connection,
        who: "path",
        fact: "a connection on which nothing arrives is ended after 60 s".into(),
        seen: vec!["silence before both drops 60.0 s, ages 72.2 s and 60.0 s: silence counts, not age".into()],
        cause: "nginx, proxy_read_timeout, 60s unless set; evidence: FIN, no code, Server: nginx".into(),
        confidence: Confidence::Likely,
        rule: None,
        help: vec![
            "heartbeat well before the limit, every 25 s (here --heartbeat 25s, in the client 25000 instead of \
             60000), or in nginx: proxy_read_timeout 3600s;"
                .into(),
        ],
    })
}

#[test]
fn the_third_screen_is_as_designed() {
    let words = "text \"HeartBeat\" after 60 s of silence, any answer within 60 s";
    let mut shown = Shown::new(ScreenPlan {
        live: true,
        heartbeat: Some(words.into()),
        hold: Some(Span::from_secs(180)),
        ..ScreenPlan::default()
    });
    shown.all(dial(false));
    shown.all([
        (51, opened(tenths(508), None)),
        (72_298, dropped(72_247, 72_260, 12)),
        (72_298, retry(620)),
        (72_971, opened(tenths(530), Some(Span::from_millis(673)))),
        (132_960, dropped(59_989, 60_002, 11)),
        (132_960, retry(410)),
        (133_423, opened(tenths(530), Some(Span::from_millis(463)))),
        (180_051, close(Direction::Out)),
        (180_063, close(Direction::In)),
        (180_063, closed()),
        (180_063, idle_limit()),
        (180_063, judged(Exit::EndedWithoutClose, "2 drops in 3 m, down for 1.1 s")),
    ]);
    assert_eq!(
        shown.text(),
        "   0.051  open      wss://chat.example.com/ws in 51 ms; 203.0.113.10, server nginx/1.22.1
                    heartbeat: text \"HeartBeat\" after 60 s of silence, any answer within 60 s
  72.298  dropped   FIN without a Close frame, from the server side
                    age 72.2 s; last byte in 60.0 s ago, out 72.3 s ago; heartbeat due in 12 ms
  72.298  retry     1 in 0.62 s (full jitter)
  72.971  open      in 53 ms; down for 0.67 s
 132.960  dropped   FIN without a Close frame, from the server side
                    age 60.0 s; last byte in 60.0 s ago, out 60.0 s ago; heartbeat due in 11 ms
 132.960  retry     1 in 0.41 s (full jitter)
 133.423  open      in 53 ms; down for 0.46 s
 180.051  closed    1000 by us at the end of the hold, answered in 12.0 ms

DROPPED  wss://chat.example.com/ws   2 drops in 3 m, down for 1.1 s   (exit 22)

error: a connection on which nothing arrives is ended after 60 s   [idle-limit]
  seen   silence before both drops 60.0 s, ages 72.2 s and 60.0 s: silence counts, not age
  cause  nginx, proxy_read_timeout, 60s unless set (likely: FIN, no code, Server: nginx)
  help   heartbeat well before the limit, every 25 s (here --heartbeat 25s, in the client 25000
         instead of 60000), or in nginx: proxy_read_timeout 3600s;
"
    );
}

#[test]
fn a_long_run_off_a_terminal_says_once_a_minute_that_it_lives() {
    let mut shown = Shown::new(ScreenPlan { live: true, ..ScreenPlan::default() });
    shown.on(51, opened(tenths(508), None));
    shown.all((1..=3).map(|number| (number * 20_000, pong(number, tenths(10)))));
    for second in 1..=130 {
        shown.screen.tick(Moment::from_millis(second * 1000));
    }
    let text = shown.text();
    let said: Vec<&str> = text.lines().filter(|line| line.contains("still open")).collect();
    assert_eq!(
        said,
        [
            "  61.000  open      still open, 3 heartbeats answered",
            " 121.000  open      still open, 3 heartbeats answered"
        ]
    );
}

#[test]
fn both_heads_are_told_with_one_v() {
    let mut shown = Shown::new(ScreenPlan { verbosity: 1, ..ScreenPlan::default() });
    let request = head(&["GET /ws HTTP/1.1", "Host: h"]);
    shown.on(38, EventKind::UpgradeSent(UpgradeSent { head: request }));
    shown.on(51, answer(&["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket"], None));
    assert_eq!(
        shown.text(),
        "   0.038  upgrade   request
                    > GET /ws HTTP/1.1
                    > Host: h
   0.051  upgrade   answer in 12.7 ms
                    < HTTP/1.1 101 Switching Protocols
                    < Upgrade: websocket
"
    );
}

#[test]
fn a_flood_of_frames_folds_into_one_line() {
    let mut shown = Shown::new(ScreenPlan { verbosity: 2, ..ScreenPlan::default() });
    let frame = FrameSeen {
        direction: Direction::In,
        fin: true,
        rsv: 0,
        opcode: 1,
        masked: false,
        len: 330,
        first_at: Moment::START,
        last_at: Moment::START,
        payload: None,
    };
    for _ in 0..4012 {
        shown.on(17_020, EventKind::Frame(frame.clone()));
    }
    shown.screen.tick(Moment::from_millis(18_100));
    let text = shown.text();
    assert_eq!(text.lines().count(), 201);
    assert_eq!(text.lines().next(), Some("  17.020  frame     in  text fin len 330"));
    assert_eq!(text.lines().next_back(), Some("  17.020  frames    3812 not shown, 1.2 MiB"));
}

#[test]
fn a_long_fact_goes_on_a_second_line() {
    let mut shown = Shown::new(ScreenPlan::default());
    shown.on(0, judged(Exit::IllegalFrame, &"word ".repeat(20)));
    let text = shown.text();
    assert!(text.lines().all(|line| line.len() < 96), "{text}");
    assert!(text.starts_with("DROPPED  wss://chat.example.com/ws\n  word word"), "{text}");
    assert!(text.ends_with("(exit 25)\n"), "{text}");
}
