//! What `serve` says: screen 6. Owns the lines of each client and which stream they go to (SCREENS rule 7: the address
//! on stdout, the rest on stderr). Direction is seen from the server: `UpgradeSent` is the client's request as it came,
//! `UpgradeAnswered` is our answer.

use std::collections::HashMap;
use std::io;

use crate::event::show::{count, size, span};
use crate::event::{
    ClientReport, ConnId, Direction, Ended, Event, EventKind, FaultDone, FrameSeen, How, Listening, MessageSeen,
    Opened, Received, Side, UpgradeAnswered,
};
use crate::moment::{Moment, Span};
use crate::report::Reporter;
use crate::report::human::frames::{self, Fold};
use crate::report::human::lines::{Lines, Tone};
use crate::report::human::phases::Closing;
use crate::report::human::words::{close_words, dial_fault, ended_by};
use crate::report::human::{ScreenPlan, card, heads};
use crate::report::safe::{self, SHOWN_MAX};
use crate::report::sink::Sink;
use crate::wire::head::Head;

/// The width of `#1 ended` with the space behind it.
const LABEL: usize = 12;

/// The text of `serve`.
pub struct ServeScreen {
    plan: ScreenPlan,
    notes: Vec<String>,
    address: Sink,
    log: Lines,
    clients: HashMap<ConnId, Client>,
    fold: Fold,
}

/// What is kept of a client until it is gone.
#[derive(Default)]
struct Client {
    peer: String,
    request: Option<Head>,
    opened_at: Option<Moment>,
    closing: Option<Closing>,
    faulted: bool,
    echoed: bool,
}

impl ServeScreen {
    /// The address line goes to `address`, everything else to `log`. `notes` are the lines under the address (`echo`).
    pub fn new(plan: ScreenPlan, notes: Vec<String>, address: Sink, log: Sink) -> ServeScreen {
        let log = Lines::new(log, plan.style, plan.timestamps, plan.wall_start_unix_ms, LABEL);
        ServeScreen { plan, notes, address, log, clients: HashMap::new(), fold: Fold::default() }
    }

    fn note(&mut self, event: &Event, word: &str, text: &str) {
        self.log.say(event.at, &format!("#{} {word}", event.conn.0), Tone::Plain, &[text]);
    }

    fn listening(&mut self, listening: &Listening) {
        self.address.write(&format!("listening on {}\n", safe::text(&listening.url)));
        if self.plan.quiet {
            return;
        }
        let mut lines: Vec<String> = self.notes.iter().map(|note| format!("  {note}")).collect();
        if let Some(files) = listening.open_files.filter(|files| files.now > files.before) {
            lines.push(format!("  open files: {} raised to {}", files.before, files.now));
        }
        if !listening.loopback {
            let word = self.log.paint("warning:", Tone::Warn);
            lines.push(format!("  {word} not a loopback address: whoever can reach this machine can use it"));
        }
        lines.push(String::new());
        self.log.plain(&lines);
    }

    /// Remembers what later lines need.
    fn remember(&mut self, event: &Event) {
        match &event.kind {
            EventKind::TcpOpen(tcp) => self.client(event.conn).peer = safe::line(&tcp.peer, SHOWN_MAX),
            EventKind::UpgradeSent(request) => self.client(event.conn).request = Some(request.head.clone()),
            EventKind::Open(open) => {
                let client = self.client(event.conn);
                client.opened_at = Some(event.at);
                client.peer = safe::line(&open.peer, SHOWN_MAX);
                client.echoed = open.served.as_ref().is_some_and(|served| served.mode == "echo");
            }
            EventKind::CloseSeen(close) => Closing::see(&mut self.client(event.conn).closing, event.at, close),
            EventKind::RunStarted(_) | EventKind::DialStarted(_) | EventKind::Resolved(_) | EventKind::TlsReady(_) => {}
            EventKind::UpgradeAnswered(_) | EventKind::Redirected(_) | EventKind::DialFailed(_) => {}
            EventKind::Frame(_) | EventKind::Message(_) | EventKind::Heartbeat(_) | EventKind::Answered(_) => {}
            EventKind::StrayPong(_) | EventKind::Missed(_) | EventKind::PingsIgnored(_) => {}
            EventKind::Farewell(_) | EventKind::Held(_) | EventKind::Ended(_) | EventKind::RetryAt(_) => {}
            EventKind::GaveUp(_) | EventKind::FaultDone(_) | EventKind::Finding(_) | EventKind::Check(_) => {}
            EventKind::Judged(_) | EventKind::Listening(_) | EventKind::RunEnded(_) => {}
            EventKind::Received(_) | EventKind::ClientReport(_) | EventKind::Compared(_) => {}
            EventKind::InputBad(_) | EventKind::InputEnded(_) | EventKind::Lines(_) => {}
            EventKind::SecondLook(_) | EventKind::ClockStepped(_) | EventKind::HeartbeatChosen(_) => {}
            EventKind::ExamPlanned(_) | EventKind::Examined(_) => {}
            EventKind::IdleSocket(_) | EventKind::IdleFound(_) => {}
        }
    }

    fn client(&mut self, conn: ConnId) -> &mut Client {
        self.clients.entry(conn).or_default()
    }

    /// Tells the event, if its verbosity is reached.
    fn show(&mut self, event: &Event) {
        let verbosity = self.plan.verbosity;
        match &event.kind {
            EventKind::UpgradeSent(request) if verbosity >= 1 => {
                self.whole(event, "request", &heads::whole(&request.head, "< "));
            }
            EventKind::UpgradeAnswered(answer) => self.answered(event, answer),
            EventKind::Open(open) => self.open(event, open),
            EventKind::DialFailed(failed) => {
                let text = format!("{}: {}", failed.phase.label(), dial_fault(&failed.fault));
                self.note(event, "failed", &text);
            }
            EventKind::Frame(frame) if verbosity >= 2 => self.frame(event, frame),
            EventKind::Message(message) if message.direction == Direction::In => self.message(event, message),
            EventKind::FaultDone(fault) => self.fault(event, fault),
            EventKind::CloseSeen(close) if verbosity >= 1 => {
                let way = if close.direction == Direction::In { "in" } else { "out" };
                self.note(event, "close", &format!("{way:<3} {}", close_words(close.code, &close.reason)));
            }
            EventKind::Heartbeat(sent) if verbosity >= 1 => {
                let text = format!("{} written: {}", sent.number, safe::line(&sent.what, SHOWN_MAX));
                self.note(event, "beat", &text);
            }
            EventKind::Answered(answered) if verbosity >= 1 => {
                let own = if answered.own { "" } else { " by other data" };
                self.note(event, "beat", &format!("{} answered{own} in {}", answered.number, span(answered.rtt)));
            }
            EventKind::Missed(missed) if verbosity >= 1 => {
                self.note(event, "beat", &format!("{} not answered in {}", missed.number, span(missed.waited)));
            }
            EventKind::Ended(ended) => self.ended(event, ended),
            EventKind::Finding(finding) => {
                let text = format!("{} [{}]", safe::text(&finding.fact), finding.code);
                self.note(event, finding.severity.word(), &text);
            }
            EventKind::Received(received) => self.received(event, received),
            EventKind::ClientReport(report) => self.log.plain(&card_lines(report)),
            EventKind::Check(check) => {
                let held = if check.held { "held" } else { "failed" };
                let first = format!(
                    "{} {held}: expected {}",
                    safe::line(&check.name, SHOWN_MAX),
                    safe::line(&check.expected, SHOWN_MAX)
                );
                let texts = [first, format!("got {}", safe::line(&check.got, SHOWN_MAX))];
                self.log.say(event.at, &format!("#{} check", event.conn.0), Tone::Plain, &texts);
            }
            EventKind::UpgradeSent(_) | EventKind::Frame(_) | EventKind::Message(_) | EventKind::CloseSeen(_) => {}
            EventKind::RunStarted(_) | EventKind::DialStarted(_) | EventKind::Resolved(_) | EventKind::TcpOpen(_) => {}
            EventKind::TlsReady(_) | EventKind::Redirected(_) | EventKind::Heartbeat(_) | EventKind::Answered(_) => {}
            EventKind::StrayPong(_) | EventKind::Missed(_) | EventKind::PingsIgnored(_) | EventKind::Compared(_) => {}
            EventKind::InputBad(_) | EventKind::InputEnded(_) | EventKind::Lines(_) => {}
            EventKind::SecondLook(_) | EventKind::ClockStepped(_) | EventKind::HeartbeatChosen(_) => {}
            EventKind::ExamPlanned(_) | EventKind::Examined(_) => {}
            EventKind::IdleSocket(_) | EventKind::IdleFound(_) => {}
            EventKind::Farewell(_) | EventKind::Held(_) | EventKind::RetryAt(_) | EventKind::GaveUp(_) => {}
            EventKind::Judged(_) | EventKind::Listening(_) | EventKind::RunEnded(_) => {}
        }
    }

    fn whole(&mut self, event: &Event, first: &str, below: &[String]) {
        self.log.say_whole(event.at, &format!("#{} upgrade", event.conn.0), first, below);
    }

    /// A 101 is told by the open that follows; anything else is the end of it.
    fn answered(&mut self, event: &Event, answer: &UpgradeAnswered) {
        if self.plan.verbosity >= 1 {
            self.whole(event, "answer", &heads::whole(&answer.head, "> "));
        }
        if answer.head.status() == Some(101) {
            return;
        }
        let mut texts = vec![request_text(self.client(event.conn)), safe::line(answer.head.start(), SHOWN_MAX)];
        texts.extend(answer.body.as_ref().map(heads::body).unwrap_or_default());
        self.log.say(event.at, &format!("#{} refused", event.conn.0), Tone::Plain, &texts);
    }

    fn open(&mut self, event: &Event, open: &Opened) {
        let client = self.client(event.conn);
        let mut first = request_text(client);
        if let Some(returns) = open.served.as_ref().and_then(|served| served.returns) {
            let after = hundredths(returns.after);
            let peer = client.peer.clone();
            first = format!("{peer}, seems to be #{} again, {after} after its drop", returns.conn.0);
        }
        let field = |name: &str| {
            let value = client.request.as_ref().and_then(|head| head.first(name));
            value.map_or_else(|| format!("no {name}"), |value| format!("{name} {}", safe::line(value, SHOWN_MAX)))
        };
        let subprotocol = match &open.subprotocol {
            Some(name) => format!("subprotocol {}", safe::line(name, SHOWN_MAX)),
            None => "no subprotocol".to_owned(),
        };
        let second = format!("{}, {}, {subprotocol}", field("Origin"), field("User-Agent"));
        self.log.say(event.at, &format!("#{} open", event.conn.0), Tone::Plain, &[first, second]);
        // Told: with many clients it would be the most that is kept of each.
        self.client(event.conn).request = None;
    }

    fn message(&mut self, event: &Event, message: &MessageSeen) {
        if self.fold.admits(event.at, message.len) {
            let kind = if message.text { "text" } else { "binary" };
            let client = self.client(event.conn);
            // Behind a Close of ours nothing is sent back.
            let echoed = if client.echoed && client.closing.is_none() { ", echoed" } else { "" };
            self.note(event, "in", &format!("{kind}, {}{echoed}", size(message.len)));
        }
    }

    fn received(&mut self, event: &Event, received: &Received) {
        let what = |messages, bytes| format!("{}, {}", count(messages, "message"), size(bytes));
        let (messages, what) = if received.last {
            (received.all_messages, what(received.all_messages, received.all_bytes) + " in all")
        } else {
            (received.messages, what(received.messages, received.bytes))
        };
        let rate = messages as f64 / received.took.seconds().max(0.001);
        let text = format!("{what} in {}, {rate:.0} a second", span(received.took));
        self.note(event, "read", &text);
    }

    fn frame(&mut self, event: &Event, frame: &FrameSeen) {
        if !self.fold.admits(event.at, frame.len) {
            return;
        }
        let payload = frame.payload.as_ref().filter(|_| self.plan.verbosity >= 3);
        let below = payload.map(|payload| frames::dump(&payload.0, frame.len)).unwrap_or_default();
        let label = format!("#{} frame", event.conn.0);
        self.log.say_whole(event.at, &label, &frames::frame_text(frame), &below);
    }

    fn fault(&mut self, event: &Event, fault: &FaultDone) {
        let mut texts = vec![safe::line(&fault.what, SHOWN_MAX)];
        if let Some(client) = self.clients.get_mut(&event.conn) {
            client.faulted = true;
            match client.opened_at {
                // What is done at the open, or from it on, needs no time.
                Some(opened) if opened == event.at => {}
                Some(opened) => texts[0].push_str(&format!(", {} after the open", span(event.at.since(opened)))),
                None => texts.push(request_text(client)),
            }
        }
        self.log.say(event.at, &format!("#{} fault", event.conn.0), Tone::Plain, &texts);
    }

    fn ended(&mut self, event: &Event, ended: &Ended) {
        let how = self.clients.get(&event.conn).and_then(|client| closed_text(client, ended)).or_else(|| ours(ended));
        let how = how.unwrap_or_else(|| ended_by(ended, "the client"));
        self.note(event, "ended", &format!("{how}; {}", messages_text(ended)));
    }

    /// Nothing more comes of this client, so that nothing of it is kept: it ended, or was turned away.
    fn is_last(&self, event: &Event) -> bool {
        let opened = self.clients.get(&event.conn).is_some_and(|client| client.opened_at.is_some());
        let refused = matches!(&event.kind, EventKind::UpgradeAnswered(answer) if answer.head.status() != Some(101));
        let turned_away = refused || matches!(event.kind, EventKind::FaultDone(_));
        matches!(event.kind, EventKind::Ended(_) | EventKind::DialFailed(_)) || (turned_away && !opened)
    }

    fn say_folded(&mut self, folded: Option<(Moment, String)>) {
        if let Some((at, text)) = folded {
            self.log.say(at, "frames", Tone::Plain, &[text]);
        }
    }
}

impl Reporter for ServeScreen {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        if let EventKind::Listening(listening) = &event.kind {
            self.listening(listening);
        }
        if self.plan.quiet {
            return Ok(());
        }
        self.log.still_there()?;
        let over = self.fold.due(event.at);
        self.say_folded(over);
        self.remember(event);
        self.show(event);
        if self.is_last(event) {
            self.clients.remove(&event.conn);
        }
        Ok(())
    }

    fn tick(&mut self, now: Moment) -> io::Result<()> {
        let over = self.fold.due(now);
        self.say_folded(over);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let rest = self.fold.flush();
        self.say_folded(rest);
        Ok(())
    }
}

/// The card with an empty line before it.
fn card_lines(report: &ClientReport) -> Vec<String> {
    std::iter::once(String::new()).chain(card::lines(report)).collect()
}

/// `0.51 s`: short waits need their hundredths.
fn hundredths(after: Span) -> String {
    let is_hundredths = (Span::from_millis(10)..Span::from_secs(10)).contains(&after);
    if is_hundredths { format!("{:.2} s", after.seconds()) } else { span(after) }
}

/// `127.0.0.1:51234, GET /fault/close=4001`, as much of it as is known.
fn request_text(client: &Client) -> String {
    let Some(head) = &client.request else { return client.peer.clone() };
    let request = format!("{} {}", safe::line(head.method(), 32), safe::line(head.target(), SHOWN_MAX));
    if client.peer.is_empty() { request } else { format!("{}, {request}", client.peer) }
}

/// An end that is our own decision, told by what we sent.
fn ours(ended: &Ended) -> Option<String> {
    match &ended.how {
        How::Garbage { words, .. } if ended.by == Side::Us => Some(format!("by us with 1009: {words}")),
        How::Silent { delivered } => {
            let taken = if *delivered == Some(true) { ", though its TCP took it" } else { "" };
            Some(format!("by us with 1011: the client did not answer a heartbeat{taken}"))
        }
        _ => None,
    }
}

/// A whole closing handshake; none when it ended otherwise.
fn closed_text(client: &Client, ended: &Ended) -> Option<String> {
    let closing = client.closing.as_ref().filter(|_| matches!(ended.how, How::Close { .. }))?;
    let took = closing.took().map(span).unwrap_or_default();
    let number = |code: Option<u16>| code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
    let first = number(closing.first.code);
    Some(match (ended.by, &closing.answer) {
        (Side::Us, Some((_, code))) if client.faulted => format!("client answered with {} in {took}", number(*code)),
        (Side::Us, Some(_)) => format!("by us with {first}, answered in {took}"),
        (Side::Peer, _) if closing.first.reason.is_empty() => format!("by the client with {first}"),
        (Side::Peer, _) => {
            let reason = safe::quoted(closing.first.reason.as_bytes(), SHOWN_MAX);
            format!("by the client with {first} {reason}")
        }
        (Side::Us, None) => format!("by us with {first}"),
    })
}

/// `1 message in, 1 out`.
fn messages_text(ended: &Ended) -> String {
    if ended.messages_in == 0 && ended.messages_out == 0 {
        return "0 messages".to_owned();
    }
    format!("{} in, {} out", count(ended.messages_in, "message"), ended.messages_out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::{CloseSeen, Served, UpgradeSent};

    fn close(direction: Direction, first: bool) -> EventKind {
        let (name, reason) = (String::new(), String::from("expired"));
        EventKind::CloseSeen(CloseSeen { direction, first, code: Some(4001), name, reason })
    }

    fn ended() -> EventKind {
        EventKind::Ended(Ended {
            how: How::Close { code: Some(4001), reason: "expired".into() },
            by: Side::Us,
            drop: false,
            announced: true,
            mid_frame: None,
            mid_message: false,
            tcp_left_open: false,
            age: Span::from_millis(5002),
            quiet_in: Span::ZERO,
            quiet_out: Span::ZERO,
            held: Span::ZERO,
            heartbeat_due: None,
            answered_ago: None,
            bytes_in: 20,
            bytes_out: 16,
            messages_in: 1,
            messages_out: 1,
            first_message: None,
            sent_last: None,
            sent_largest: 0,
            bad_bytes: None,
            io: None,
            last_frames: Vec::new(),
        })
    }

    fn one_client() -> Vec<(u64, u32, EventKind)> {
        let raw = b"GET /fault/close=4001:expired@5s HTTP/1.1\r\nOrigin: http://localhost:3000\r\n\
            User-Agent: node\r\n\r\n";
        let opened = Opened {
            url: "ws://127.0.0.1:9001/".into(),
            peer: "127.0.0.1:51234".into(),
            subprotocol: None,
            server: None,
            took: Span::ZERO,
            down: None,
            served: Some(Served { mode: "echo".into(), returns: None }),
        };
        let message = MessageSeen { direction: Direction::In, text: true, len: 14, payload: None };
        let fault = FaultDone { fault: "close".into(), what: "Close 4001 \"expired\" sent, as asked".into() };
        let url = "ws://127.0.0.1:9001/".into();
        vec![
            (0, 0, EventKind::Listening(Listening { url, loopback: true, open_files: None })),
            (4_102_000, 1, EventKind::UpgradeSent(UpgradeSent { head: Head::verbatim(raw.to_vec()) })),
            (4_102_000, 1, EventKind::Open(opened)),
            (4_118_000, 1, EventKind::Message(message)),
            (9_103_000, 1, close(Direction::Out, true)),
            (9_103_000, 1, EventKind::FaultDone(fault)),
            (9_103_900, 1, close(Direction::In, false)),
            (9_104_000, 1, ended()),
        ]
    }

    #[test]
    fn the_sixth_screen_is_as_designed() {
        let (address, first) = Sink::memory();
        let (log, rest) = Sink::memory();
        let mut screen = ServeScreen::new(ScreenPlan::default(), vec!["echo".into()], address, log);
        for (seq, (micros, conn, kind)) in (1..).zip(one_client()) {
            screen.on(&Event { seq, at: Moment::from_nanos(micros * 1000), conn: ConnId(conn), kind }).unwrap();
        }
        assert_eq!(first.lock().unwrap().as_slice(), b"listening on ws://127.0.0.1:9001/\n");
        assert_eq!(
            String::from_utf8(rest.lock().unwrap().clone()).unwrap(),
            "  echo

   4.102  #1 open     127.0.0.1:51234, GET /fault/close=4001:expired@5s
                      Origin http://localhost:3000, User-Agent node, no subprotocol
   4.118  #1 in       text, 14 B, echoed
   9.103  #1 fault    Close 4001 \"expired\" sent, as asked, 5.0 s after the open
   9.104  #1 ended    client answered with 4001 in 0.9 ms; 1 message in, 1 out
"
        );
        assert!(screen.clients.is_empty());
    }

    #[test]
    fn an_open_address_is_warned_of_and_quiet_says_only_the_address() {
        let listening =
            EventKind::Listening(Listening { url: "ws://0.0.0.0:9001/".into(), loopback: false, open_files: None });
        let event = Event { seq: 1, at: Moment::START, conn: ConnId(0), kind: listening };
        for (quiet, warned) in [(false, true), (true, false)] {
            let (address, first) = Sink::memory();
            let (log, rest) = Sink::memory();
            let plan = ScreenPlan { quiet, ..ScreenPlan::default() };
            ServeScreen::new(plan, vec!["echo".into()], address, log).on(&event).unwrap();
            assert_eq!(first.lock().unwrap().as_slice(), b"listening on ws://0.0.0.0:9001/\n");
            assert_eq!(String::from_utf8_lossy(&rest.lock().unwrap()).contains("warning:"), warned);
        }
    }
}
