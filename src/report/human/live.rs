//! Events told when they happen: screen 3, and `-v` to `-vvv`. Owns which event is told at which verbosity and its
//! line; the last block is `block`'s.

use crate::event::show::{count, size, span};
use crate::event::{
    Answered, ClockStepped, DialFailed, Direction, Ended, Event, EventKind, ExamPlanned, FrameSeen, GaveUp,
    HeartbeatChosen, HeartbeatSent, Held, Holder, How, IdleSocket, Missed, Opened, PingsIgnored, RetryAt, Side, Stray,
    StrayPong, UpgradeAnswered,
};
use crate::moment::{Moment, Span};
use crate::report::human::lines::Tone;
use crate::report::human::words::{
    addresses, close_words, dial_fault, ended_fact, host_of, in_seconds, roughly, tried_before,
};
use crate::report::human::{ProbeScreen, frames, heads};
use crate::report::safe::{self, SHOWN_MAX};

/// After so long without a line, a long run says that it lives.
const SILENCE_MAX: Span = Span::from_secs(60);

impl ProbeScreen {
    /// Is this event told when it happens?
    pub(super) fn wants(&self, kind: &EventKind) -> bool {
        let (live, verbosity) = (self.plan.live, self.plan.verbosity);
        match kind {
            EventKind::Open(_) | EventKind::Ended(_) | EventKind::GaveUp(_) => live || verbosity >= 1,
            // Before the first open somebody waits for the peer to be there: a long silence would look like a hang.
            EventKind::RetryAt(_) => live || verbosity >= 1 || self.facts.opened_at.is_none(),
            EventKind::Held(_) | EventKind::PingsIgnored(_) | EventKind::Farewell(_) => live || verbosity >= 1,
            EventKind::ClockStepped(_) | EventKind::HeartbeatChosen(_) => live || verbosity >= 1,
            // What a longer examination may take is told before anything is sent.
            EventKind::ExamPlanned(_) => true,
            EventKind::SecondLook(_) => verbosity >= 1,
            EventKind::IdleSocket(socket) => live && socket.end.is_some(),
            EventKind::Examined(_) | EventKind::IdleFound(_) => false,
            // Before the first open, the last block tells it.
            EventKind::DialFailed(_) => (live && self.facts.opened_at.is_some()) || verbosity >= 1,
            EventKind::DialStarted(_) | EventKind::UpgradeSent(_) | EventKind::UpgradeAnswered(_) => verbosity >= 1,
            EventKind::Redirected(_) | EventKind::Heartbeat(_) | EventKind::Answered(_) => verbosity >= 1,
            EventKind::StrayPong(_) | EventKind::Missed(_) | EventKind::CloseSeen(_) => verbosity >= 1,
            EventKind::FaultDone(_) | EventKind::Check(_) => verbosity >= 1,
            EventKind::Resolved(_) | EventKind::TcpOpen(_) | EventKind::TlsReady(_) => live && verbosity >= 1,
            EventKind::Frame(_) => verbosity >= 2,
            // A message without its payload says no more than its frames.
            EventKind::Message(message) => verbosity >= 2 && message.payload.is_some(),
            EventKind::RunStarted(_) | EventKind::RunEnded(_) | EventKind::Finding(_) => false,
            EventKind::Judged(_) | EventKind::Listening(_) => false,
            EventKind::Received(_) | EventKind::ClientReport(_) | EventKind::Compared(_) => false,
            EventKind::InputBad(_) | EventKind::InputEnded(_) | EventKind::Lines(_) => false,
        }
    }

    /// Tells an event that is wanted.
    pub(super) fn show(&mut self, event: &Event) {
        let at = event.at;
        match &event.kind {
            EventKind::DialStarted(dial) => self.note(at, "dial", &safe::line(&dial.url, SHOWN_MAX)),
            EventKind::Resolved(resolved) => {
                self.note(at, "resolve", &format!("{} in {}", addresses(&resolved.addresses), span(resolved.took)));
            }
            EventKind::TcpOpen(tcp) => {
                let peer = safe::line(&tcp.peer, SHOWN_MAX);
                self.note(at, "connect", &format!("{peer} in {}{}", span(tcp.took), tried_before(&tcp.attempts)));
            }
            EventKind::TlsReady(tls) => self.note(at, "tls", &format!("{} in {}", tls.version, span(tls.took))),
            EventKind::UpgradeSent(sent) => {
                self.lines.say_whole(at, "upgrade", "request", &heads::whole(&sent.head, "> "));
            }
            EventKind::UpgradeAnswered(answer) => self.show_answer(at, answer),
            EventKind::Redirected(hop) => {
                self.note(at, "redirect", &format!("{} to {}", hop.status, safe::line(&hop.to, SHOWN_MAX)));
            }
            EventKind::DialFailed(failed) => self.show_failure(at, failed),
            EventKind::Open(open) => self.show_open(at, open),
            EventKind::Frame(frame) => self.show_frame(at, frame),
            EventKind::Message(message) => {
                if self.fold.admits(at, message.len) {
                    self.note(at, "message", &frames::message_text(message));
                }
            }
            EventKind::Heartbeat(heartbeat) => self.note(at, "heartbeat", &heartbeat_text(heartbeat)),
            EventKind::Answered(answered) => self.note(at, "answered", &answered_text(answered)),
            EventKind::StrayPong(pong) => self.note(at, "pong", &stray_text(pong)),
            EventKind::Missed(missed) => self.note(at, "missed", &missed_text(missed)),
            EventKind::PingsIgnored(ignored) => self.note(at, "ignored", &ignored_text(ignored)),
            EventKind::Farewell(farewell) => {
                self.note(at, "farewell", &safe::quoted(&farewell.payload.0, SHOWN_MAX));
            }
            EventKind::Held(held) => self.note(at, "held", &held_text(held)),
            EventKind::ClockStepped(step) => self.note(at, "clock", &stepped_text(step)),
            EventKind::HeartbeatChosen(chosen) => self.note(at, "heartbeat", &chosen_text(chosen)),
            EventKind::ExamPlanned(planned) => self.note(at, &planned.what, &planned_text(planned)),
            EventKind::SecondLook(look) => self.note(at, "tried", &safe::line(&look.words, SHOWN_MAX)),
            EventKind::CloseSeen(close) => {
                let way = if close.direction == Direction::In { "in" } else { "out" };
                self.note(at, "close", &format!("{way:<3} {}", close_words(close.code, &close.reason)));
            }
            EventKind::Ended(ended) => self.show_end(at, ended),
            EventKind::RetryAt(retry) => {
                if let Some(failed) = self.facts.failed_before_open().filter(|_| self.plan.verbosity == 0) {
                    self.show_failure(at, &failed.clone());
                }
                self.note(at, "retry", &retry_text(retry));
            }
            EventKind::GaveUp(gave_up) => self.lines.say(at, "gave up", Tone::Bad, &[gave_up_text(gave_up)]),
            EventKind::FaultDone(fault) => self.note(at, "fault", &safe::line(&fault.what, SHOWN_MAX)),
            EventKind::Check(check) => {
                let held = if check.held { "held" } else { "failed" };
                self.note(at, "check", &format!("{} {held}", safe::line(&check.name, SHOWN_MAX)));
            }
            EventKind::RunStarted(_) | EventKind::RunEnded(_) | EventKind::Finding(_) => {}
            EventKind::Judged(_) | EventKind::Listening(_) => {}
            EventKind::IdleSocket(socket) => self.note(at, "ended", &socket_text(socket)),
            EventKind::Examined(_) | EventKind::IdleFound(_) => {}
            EventKind::Received(_) | EventKind::ClientReport(_) | EventKind::Compared(_) => {}
            EventKind::InputBad(_) | EventKind::InputEnded(_) | EventKind::Lines(_) => {}
        }
    }

    /// Says that the connection is still open, if nothing was said for a minute.
    pub(super) fn say_still_open(&mut self, now: Moment) {
        let last = self.lines.said_at().or(self.facts.opened_at).unwrap_or(now);
        if self.facts.open && now.since(last) >= SILENCE_MAX {
            let beats = count(self.facts.answered, "heartbeat");
            self.note(now, "open", &format!("still open, {beats} answered"));
        }
    }

    fn note(&mut self, at: Moment, label: &str, text: &str) {
        self.lines.say(at, label, Tone::Plain, &[text]);
    }

    fn show_answer(&mut self, at: Moment, answer: &UpgradeAnswered) {
        let mut below = heads::whole(&answer.head, "< ");
        below.extend(answer.body.as_ref().map(heads::body).unwrap_or_default());
        self.lines.say_whole(at, "upgrade", &format!("answer in {}", span(answer.took)), &below);
    }

    fn show_failure(&mut self, at: Moment, failed: &DialFailed) {
        let text = format!("{}: {}", failed.phase.label(), dial_fault(&failed.fault));
        self.lines.say(at, "failed", Tone::Bad, &[text]);
    }

    fn show_frame(&mut self, at: Moment, frame: &FrameSeen) {
        if !self.fold.admits(at, frame.len) {
            return;
        }
        let payload = frame.payload.as_ref().filter(|_| self.plan.verbosity >= 3);
        let below = payload.map(|payload| frames::dump(&payload.0, frame.len)).unwrap_or_default();
        self.lines.say_whole(at, "frame", &frames::frame_text(frame), &below);
    }

    fn show_open(&mut self, at: Moment, open: &Opened) {
        let took = roughly(open.took);
        if let Some(down) = open.down {
            self.lines.say(at, "open", Tone::Good, &[format!("in {took}; down for {}", in_seconds(down))]);
            return;
        }
        let mut text = format!("{} in {took}; {}", safe::line(&open.url, SHOWN_MAX), host_of(&open.peer));
        for (word, value) in [("subprotocol", &open.subprotocol), ("server", &open.server)] {
            if let Some(value) = value {
                text.push_str(&format!(", {word} {}", safe::line(value, SHOWN_MAX)));
            }
        }
        let mut texts = vec![text];
        texts
            .extend(self.plan.heartbeat.as_ref().filter(|_| self.plan.live).map(|words| format!("heartbeat: {words}")));
        self.lines.say(at, "open", Tone::Good, &texts);
    }

    fn show_end(&mut self, at: Moment, ended: &Ended) {
        if ended.drop {
            let mut texts = vec![ended_fact(ended), age_text(ended)];
            if self.plan.verbosity >= 1 && !ended.last_frames.is_empty() {
                texts.push(format!("last frames: {}", frames::brief(&ended.last_frames)));
            }
            self.lines.say(at, "dropped", Tone::Bad, &texts);
            return;
        }
        let Some(closing) = self.facts.closing.as_ref().filter(|_| is_ours(ended)) else {
            self.note(at, "closed", &ended_fact(ended));
            return;
        };
        // The line stands at the moment of our Close: what comes after it is the answer's time.
        let began = closing.at;
        let code = closing.first.code.map_or_else(|| "without a code".to_owned(), |code| code.to_string());
        let held = match (self.plan.hold, self.facts.opened_at) {
            (Some(hold), Some(opened)) if began.since(opened) >= hold => " at the end of the hold",
            _ => "",
        };
        let answered = closing.took().map_or_else(String::new, |took| format!(", answered in {}", span(took)));
        self.note(began, "closed", &format!("{code} by us{held}{answered}"));
    }
}

fn is_ours(ended: &Ended) -> bool {
    ended.by == Side::Us && matches!(ended.how, How::Close { .. })
}

/// `age 72.2 s; last byte in 60.0 s ago, out 72.3 s ago; heartbeat due in 12 ms`.
fn age_text(ended: &Ended) -> String {
    let (quiet_in, quiet_out) = (span(ended.quiet_in), span(ended.quiet_out));
    let mut text = format!("age {}; last byte in {quiet_in} ago, out {quiet_out} ago", span(ended.age));
    if let Some(ago) = ended.answered_ago {
        text.push_str(&format!("; last heartbeat answered {} ago", span(ago)));
    }
    if let Some(due) = ended.heartbeat_due {
        text.push_str(&format!("; heartbeat due in {}", roughly(due)));
    }
    if !ended.held.is_zero() {
        text.push_str(&format!("; we did not read for {}", span(ended.held)));
    }
    text
}

fn heartbeat_text(heartbeat: &HeartbeatSent) -> String {
    let kind = if heartbeat.measured { "measured " } else { "" };
    format!("{} written: {kind}{}", heartbeat.number, safe::line(&heartbeat.what, SHOWN_MAX))
}

fn answered_text(answered: &Answered) -> String {
    let by = if answered.own { "" } else { " by another sign of life" };
    format!("{} in {}{by}", answered.number, span(answered.rtt))
}

fn stray_text(pong: &StrayPong) -> String {
    let why = match pong.kind {
        Stray::Late => "late: its heartbeat was settled or missed before",
        Stray::Duplicate => "a second one for the same heartbeat",
        Stray::Unknown => "its payload is none that we sent",
    };
    format!("{why}, {}", size(pong.len))
}

fn missed_text(missed: &Missed) -> String {
    let came = if missed.bytes_since == 0 { "nothing".to_owned() } else { size(missed.bytes_since) };
    let (number, waited) = (missed.number, span(missed.waited));
    format!("{number} after {waited}, in which {came} came; {} of {} in a row", missed.misses, missed.of)
}

pub(super) fn ignored_text(ignored: &PingsIgnored) -> String {
    let (number, waited) = (ignored.in_row, span(ignored.waited));
    format!("{number} heartbeats in a row without their own answer while other data came; waited {waited}")
}

/// `this machine's clock was set forward by 2.4 s`.
pub(super) fn stepped_text(step: &ClockStepped) -> String {
    let way = if step.by_ms < 0 { "back" } else { "forward" };
    format!("this machine's clock was set {way} by {}", span(Span::from_millis(step.by_ms.unsigned_abs())))
}

/// `discord: its first message begins with {"op":10; text {"op":1} every 41.3 s`.
pub(super) fn chosen_text(chosen: &HeartbeatChosen) -> String {
    let words = safe::line(&chosen.words, SHOWN_MAX);
    format!("{}: {}; {words}", chosen.preset, safe::line(&chosen.why, SHOWN_MAX))
}

/// `the idle socket after 5.0 s: FIN without a Close frame`.
fn socket_text(socket: &IdleSocket) -> String {
    let words = socket.end.as_ref().map(|end| safe::line(&end.words, SHOWN_MAX)).unwrap_or_default();
    format!("the {} socket after {}: {words}", socket.name, span(socket.lived))
}

fn planned_text(planned: &ExamPlanned) -> String {
    let behind = if planned.what == "deep" { ", behind the probe" } else { "" };
    format!("at most {} and {}{behind}", count(planned.requests.into(), "request"), roughly(planned.at_most))
}

pub(super) fn held_text(held: &Held) -> String {
    let time = span(held.span);
    match held.by {
        Holder::Output => format!("our output was blocked for {time}; all clocks stood still"),
        Holder::Stopped => format!("this process was held up for {time}; all clocks stood still"),
        Holder::Suspended => format!("this machine slept for {time}; all clocks stood still"),
    }
}

fn retry_text(retry: &RetryAt) -> String {
    format!("{} in {} ({})", retry.attempt, in_seconds(retry.delay), safe::line(&retry.why, SHOWN_MAX))
}

fn gave_up_text(gave_up: &GaveUp) -> String {
    let attempts = count(u64::from(gave_up.attempts), "attempt");
    let down = if gave_up.down.is_zero() { String::new() } else { format!("; down for {}", in_seconds(gave_up.down)) };
    format!("after {attempts}: {}{down}", safe::line(&gave_up.why, SHOWN_MAX))
}
