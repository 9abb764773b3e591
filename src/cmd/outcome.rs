//! The verdict on one URL: the first thing that went wrong decides, whatever follows. Owns that rule and the one fact of
//! the verdict line; the numbers are `event::verdict`'s.

use crate::cmd::timing::Timing;
use crate::event::finding::Severity;
use crate::event::show::{count, span};
use crate::event::{DialFailed, Ended, EventKind, Exit, Finding, How, Judged, Phase};
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
            EventKind::Open(_) => (self.opened, self.up) = (true, true),
            EventKind::DialStarted(_) => self.failing = false,
            EventKind::DialFailed(failed) => {
                self.failing = true;
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
            return (Exit::of_dial(failed), words::dial_fault(&failed.fault));
        }
        if let Some((exit, fact)) = &self.other {
            return (*exit, fact.clone());
        }
        if !self.opened {
            return (Exit::OwnFault, "no connection, and no reason".into());
        }
        (Exit::Healthy, self.healthy_fact())
    }

    fn healthy_fact(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.timing.open().map(|open| format!("open in {}", words::roughly(open))));
        let answered = self.timing.answered();
        match (self.timing.median(), self.plan.hold) {
            (Some(median), None) => parts.push(format!("heartbeat {}", span(median))),
            (median, Some(hold)) => {
                parts.push(format!("held {}", words::roughly(hold)));
                let median = median.map(|median| format!(" in {}", span(median))).unwrap_or_default();
                match self.timing.replies() {
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
