//! The verdict on one URL: the first thing that went wrong decides, whatever follows. Owns that rule and the one fact of
//! the verdict line; the numbers are `event::verdict`'s.

use crate::cmd::timing::Timing;
use crate::event::finding::Severity;
use crate::event::show::{count, span};
use crate::event::{DialFailed, DialFault, Ended, EventKind, Exit, Finding, How, Judged, Phase};
use crate::moment::Span;
use crate::report::human::words;
use crate::watch::session::Totals;

/// What is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// So many drops are forgiven, if each is followed by a reconnect.
    pub max_drops: u32,
    /// Findings of this severity or a worse one fail the run.
    pub fail_on: Severity,
    /// The hold, for the fact of a run with several drops.
    pub hold: Option<Span>,
}

/// What has gone wrong so far.
#[derive(Debug)]
pub struct Outcome {
    plan: Plan,
    timing: Timing,
    phase: Option<Phase>,
    opened: bool,
    up: bool,
    /// Between a failed dial and the next one: what is found there belongs to that failure, which may be overcome.
    failing: bool,
    last_failure: Option<DialFailed>,
    /// What a second look found on it, where that says more than the failure itself.
    found_out: Option<String>,
    /// Subprotocols were offered in the last request.
    offered: bool,
    /// A connection is or was open without any of them.
    without_subprotocol: bool,
    first_drop: Option<Ended>,
    drops: u32,
    /// Attempts to come back were made.
    retried: bool,
    /// The first of everything else: an end of our own that failed, a check, a finding, a stop.
    other: Option<(Exit, String)>,
}

impl Outcome {
    /// Nothing has happened.
    pub fn new(plan: Plan) -> Outcome {
        Outcome {
            plan,
            timing: Timing::default(),
            phase: None,
            opened: false,
            up: false,
            failing: false,
            last_failure: None,
            found_out: None,
            offered: false,
            without_subprotocol: false,
            first_drop: None,
            drops: 0,
            retried: false,
            other: None,
        }
    }

    /// Takes an event.
    pub fn see(&mut self, kind: &EventKind) {
        self.timing.see(kind);
        self.follow_phase(kind);
        match kind {
            EventKind::UpgradeSent(sent) => self.offered = sent.head.first("Sec-WebSocket-Protocol").is_some(),
            EventKind::Open(opened) => {
                (self.opened, self.up) = (true, true);
                self.without_subprotocol |= self.offered && opened.subprotocol.is_none();
            }
            EventKind::DialStarted(_) => self.failing = false,
            EventKind::DialFailed(failed) => {
                self.failing = true;
                self.found_out = None;
                self.last_failure = Some(failed.clone());
            }
            EventKind::Ended(ended) => self.ended(ended),
            EventKind::RetryAt(_) => self.retried = self.opened,
            EventKind::Check(check) if !check.held => {
                self.fail(Exit::Failed, format!("expected {}, got {}", check.expected, check.got));
            }
            EventKind::Finding(finding) => self.found(finding),
            _ => {}
        }
    }

    /// The phase of dialling that is under way.
    pub fn phase(&self) -> Option<Phase> {
        self.phase
    }

    /// Is a dial that failed the verdict so far? Then a time limit adds nothing to it.
    pub fn is_unreached(&self) -> bool {
        !self.opened && self.last_failure.is_some()
    }

    /// The run was stopped: by the time limit or a signal.
    pub fn stop(&mut self, exit: Exit, fact: String) {
        self.fail(exit, fact);
    }

    /// Was there a connection?
    pub fn was_open(&self) -> bool {
        self.opened
    }

    /// The verdict.
    pub fn judge(&self, url: &str, totals: Totals) -> Judged {
        let (exit, fact) = self.verdict(totals);
        let verdict = exit.word().to_ascii_lowercase();
        let Totals { drops, reconnects, down } = totals;
        Judged {
            url: url.into(),
            verdict,
            exit,
            fact,
            drops,
            reconnects,
            down,
            open: self.timing.open(),
            heartbeat_median: self.timing.median(),
            heartbeats_answered: self.timing.answered(),
        }
    }

    fn verdict(&self, totals: Totals) -> (Exit, String) {
        let forgiven = self.drops <= self.plan.max_drops && (self.up || self.drops == 0);
        if let Some(drop) = self.first_drop.as_ref().filter(|_| !forgiven) {
            return (Exit::of_end(drop), self.drop_fact(drop, totals));
        }
        if let Some(failed) = self.last_failure.as_ref().filter(|_| !self.opened) {
            return (Exit::of_dial(failed), self.dial_fact(failed));
        }
        if let Some((exit, fact)) = &self.other {
            return (*exit, fact.clone());
        }
        if !self.opened {
            return (Exit::OwnFault, "no connection, and no reason".into());
        }
        (Exit::Healthy, self.healthy_fact())
    }

    /// A stream that only ended, or bytes that are no answer, may be known for what they are by a second look.
    fn dial_fact(&self, failed: &DialFailed) -> String {
        match (&failed.fault, &self.found_out) {
            (
                DialFault::TlsCut { .. }
                | DialFault::TimedOut { .. }
                | DialFault::NotHttp { .. }
                | DialFault::CutBeforeAnswer { .. },
                Some(found),
            ) => found.clone(),
            _ => words::dial_fault(&failed.fault),
        }
    }

    fn healthy_fact(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.timing.open().map(|open| format!("open in {}", words::roughly(open))));
        if self.without_subprotocol {
            parts.push("without the subprotocol asked for".to_owned());
        }
        let answered = self.timing.answered();
        match (self.timing.median(), self.plan.hold) {
            (Some(median), None) => parts.push(format!("heartbeat {}", span(median))),
            (median, Some(hold)) => {
                parts.push(format!("held {}", words::roughly(hold)));
                let median = median.map(|median| format!(" in {}", span(median))).unwrap_or_default();
                match self.timing.replies() {
                    0 if answered == 0 && self.timing.sent() == 0 => parts.push("no heartbeat sent".to_owned()),
                    0 => parts.push(format!("{} answered{median}", count(answered, "heartbeat"))),
                    replies => parts.push(format!("{} of the server's answered", count(replies, "heartbeat"))),
                }
            }
            // Settled by whatever came: there is no time of an answer to tell.
            (None, None) if answered > 0 => parts.push(format!("{} answered", count(answered, "heartbeat"))),
            (None, None) => {}
        }
        if self.drops > 0 {
            parts.push(format!("{} forgiven", count(u64::from(self.drops), "drop")));
        }
        parts.join(", ")
    }

    fn drop_fact(&self, drop: &Ended, totals: Totals) -> String {
        let gone = if self.retried && !self.up { "; it never came back" } else { "" };
        if totals.drops < 2 && totals.reconnects == 0 {
            return format!("{}, after {}{gone}", words::ended_fact(drop), span(drop.age));
        }
        let hold = self.plan.hold.map(|hold| format!(" in {}", words::roughly(hold))).unwrap_or_default();
        let gone = if gone.is_empty() { "" } else { ", and at the end" };
        let down = words::in_seconds(totals.down);
        format!("{}{hold}, down for {down}{gone}", count(u64::from(totals.drops), "drop"))
    }

    fn ended(&mut self, ended: &Ended) {
        self.up = !ended.drop;
        if ended.drop {
            self.drops += 1;
            self.first_drop.get_or_insert_with(|| ended.clone());
        } else if let How::CloseUnanswered { .. } = ended.how {
            self.fail(Exit::of_end(ended), words::ended_fact(ended));
        }
    }

    fn found(&mut self, finding: &Finding) {
        if self.failing && matches!(finding.code, "tls-not-spoken" | "plain-http-to-tls-port") {
            self.found_out = Some(finding.fact.clone());
        }
        if finding.severity >= self.plan.fail_on && !self.failing {
            self.fail(Exit::Failed, finding.fact.clone());
        }
    }

    fn fail(&mut self, exit: Exit, fact: String) {
        self.other.get_or_insert((exit, fact));
    }

    fn follow_phase(&mut self, kind: &EventKind) {
        self.phase = match kind {
            EventKind::DialStarted(_) => Some(Phase::Resolve),
            EventKind::Resolved(_) => Some(Phase::Connect),
            EventKind::TcpOpen(_) => Some(Phase::Tls),
            EventKind::TlsReady(_) | EventKind::UpgradeSent(_) => Some(Phase::Upgrade),
            EventKind::Open(_) | EventKind::DialFailed(_) => None,
            _ => self.phase,
        };
    }
}

/// What was under way in a phase, for a time limit's message.
pub fn under_way(phase: Phase) -> &'static str {
    match phase {
        Phase::Resolve => "waiting for the name look-up",
        Phase::Connect => "waiting for the TCP connection",
        Phase::Tls => "waiting for the TLS handshake",
        Phase::Upgrade => "waiting for the answer to the upgrade",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{DialStarted, HeartbeatSent, Opened, UpgradeSent};
    use crate::wire::head::Head;

    fn outcome() -> Outcome {
        Outcome::new(Plan { max_drops: 0, fail_on: Severity::Error, hold: None })
    }

    fn fact(outcome: &Outcome) -> String {
        outcome.judge("ws://a/", Totals::default()).fact
    }

    #[test]
    fn a_connection_without_the_subprotocol_that_was_offered_is_told_as_such() {
        for (fields, subprotocol, told) in [
            ("Sec-WebSocket-Protocol: chat\r\n", None, true),
            ("Sec-WebSocket-Protocol: chat\r\n", Some("chat"), false),
            ("", None, false),
        ] {
            let mut outcome = outcome();
            let head = Head::verbatim(format!("GET / HTTP/1.1\r\n{fields}\r\n").into_bytes());
            outcome.see(&EventKind::UpgradeSent(UpgradeSent { head }));
            outcome.see(&EventKind::Open(Opened {
                url: "ws://a/".into(),
                peer: "127.0.0.1:1".into(),
                subprotocol: subprotocol.map(Into::into),
                server: None,
                took: Span::from_millis(2),
                down: None,
                served: None,
            }));
            assert_eq!(fact(&outcome).contains("without the subprotocol asked for"), told, "{}", fact(&outcome));
        }
    }

    #[test]
    fn a_hold_that_no_heartbeat_was_due_in_says_so() {
        let mut outcome = Outcome::new(Plan { max_drops: 0, fail_on: Severity::Error, hold: Some(Span::from_secs(3)) });
        outcome.see(&EventKind::Open(Opened {
            url: "ws://a/".into(),
            peer: "127.0.0.1:1".into(),
            subprotocol: None,
            server: None,
            took: Span::from_millis(2),
            down: None,
            served: None,
        }));
        assert!(fact(&outcome).ends_with(", held 3 s, no heartbeat sent"), "{}", fact(&outcome));
        // The twin: one was sent, and its answer was still on its way.
        outcome.see(&EventKind::Heartbeat(HeartbeatSent { number: 1, measured: false, what: "ping".into() }));
        assert!(fact(&outcome).ends_with(", held 3 s, 0 heartbeats answered"), "{}", fact(&outcome));
    }

    #[test]
    fn a_second_look_says_what_an_end_alone_does_not() {
        let mut outcome = outcome();
        let fault = DialFault::TlsCut { reset: false, certificate_request: None };
        outcome.see(&EventKind::DialFailed(DialFailed { phase: Phase::Tls, fault, took: Span::ZERO }));
        assert_eq!(fact(&outcome), "FIN during the TLS handshake");
        outcome.see(&EventKind::Finding(Finding::of("tls-cut", "server side", "it was ended")));
        assert_eq!(fact(&outcome), "FIN during the TLS handshake");
        outcome.see(&EventKind::Finding(Finding::of("tls-not-spoken", "server side", "the port speaks plain HTTP")));
        assert_eq!(fact(&outcome), "the port speaks plain HTTP");
        // The twin: what was found on one failure is not told of the next.
        outcome.see(&EventKind::DialStarted(DialStarted { url: "wss://a/".into(), attempt: 1 }));
        let fault = DialFault::TlsCut { reset: true, certificate_request: None };
        outcome.see(&EventKind::DialFailed(DialFailed { phase: Phase::Tls, fault, took: Span::ZERO }));
        assert_eq!(fact(&outcome), "RST during the TLS handshake");
    }
}
