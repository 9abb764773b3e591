//! The steps of a probe: send and expect, measure pings, hold, close. Owns their order and their ends; a connection that
//! drops on the way is the session's matter, and the steps go on when it is open again.

use std::collections::VecDeque;

use crate::event::{Check, EventKind, show};
use crate::exam::expect::Expect;
use crate::moment::{Moment, Span};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// So many measured pings, with this pause between them.
    pub series: Option<(u32, Span)>,
    /// Sent first, and again after each reconnect.
    pub messages: Vec<String>,
    pub expect: Option<Expect>,
    /// How long the expected message may take.
    pub wait: Span,
    /// Stay connected that long, from the first open.
    pub hold: Option<Span>,
}

/// What is wanted of the connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wish {
    Ping,
    Send(String),
    /// All is done: close.
    Close,
    /// All is done, and there is no connection to close.
    Stop,
}

/// An examination under way.
#[derive(Debug)]
pub struct Exam {
    plan: Plan,
    state: State,
    connected: bool,
    first_open: Option<Moment>,
    to_send: VecDeque<String>,
    skipped: u64,
    last_skipped: Option<String>,
    checks: VecDeque<Check>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Reaching,
    Expecting {
        until: Moment,
    },
    /// `asked` pings were wanted so far; `waiting` for the pong of the last, or until `next`.
    Series {
        asked: u32,
        waiting: bool,
        next: Moment,
    },
    Holding,
    Closing,
}

impl Exam {
    /// Nothing is open yet.
    pub fn new(plan: Plan) -> Exam {
        Exam {
            plan,
            state: State::Reaching,
            connected: false,
            first_open: None,
            to_send: VecDeque::new(),
            skipped: 0,
            last_skipped: None,
            checks: VecDeque::new(),
        }
    }

    /// Takes an event of the run.
    pub fn see(&mut self, at: Moment, kind: &EventKind) {
        match kind {
            EventKind::Open(_) => self.opened(at),
            EventKind::Ended(_) => self.connected = false,
            EventKind::Answered(answered) if answered.measured => self.pinged(at, true),
            EventKind::Missed(missed) if missed.measured => self.pinged(at, false),
            _ => {}
        }
    }

    /// Takes a message of the peer's.
    pub fn message(&mut self, now: Moment, bytes: &[u8]) {
        let State::Expecting { .. } = self.state else { return };
        let Some(expect) = &self.plan.expect else { return };
        if expect.holds(bytes) {
            let got = format!("it, after {}", show::count(self.skipped, "other message"));
            self.check(true, got);
            return self.begin_series(now);
        }
        self.skipped += 1;
        self.last_skipped = Some(bytes.iter().take(200).flat_map(|byte| byte.escape_ascii()).map(char::from).collect());
    }

    /// The result of an expectation, once.
    pub fn check_done(&mut self) -> Option<Check> {
        self.checks.pop_front()
    }

    /// What is wanted now.
    pub fn wish(&mut self, now: Moment) -> Option<Wish> {
        if !self.connected {
            return self.is_held(now).then(|| self.done(Wish::Stop));
        }
        if let Some(text) = self.to_send.pop_front() {
            return Some(Wish::Send(text));
        }
        match self.state {
            State::Expecting { until } if until <= now => {
                self.expectation_failed();
                Some(self.done(Wish::Close))
            }
            State::Series { asked, waiting: false, next } if next <= now => self.next_ping(asked, now),
            State::Holding if self.is_held(now) => Some(self.done(Wish::Close)),
            _ => None,
        }
    }

    /// When a wish may come by time alone.
    pub fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Expecting { until } => Some(until),
            State::Series { waiting: false, next, .. } => Some(next),
            State::Holding => self.hold_end(),
            _ => None,
        }
    }

    /// What was under way, for a time limit's message.
    pub fn under_way(&self) -> Option<String> {
        Some(match self.state {
            State::Reaching => return None,
            _ if !self.connected => "waiting to connect again".into(),
            State::Expecting { .. } => format!("waiting for {}; {}", self.expected(), self.came_instead()),
            State::Series { asked, waiting: false, .. } => format!("in the pause before ping {}", asked + 1),
            State::Series { asked, .. } => format!("waiting for the pong to ping {asked}"),
            State::Holding => "holding the connection".into(),
            State::Closing => "closing".into(),
        })
    }

    fn opened(&mut self, at: Moment) {
        self.connected = true;
        self.to_send = self.plan.messages.iter().cloned().collect();
        if self.first_open.is_some() {
            // A ping under way went with its connection.
            if let State::Series { asked, waiting: true, .. } = self.state {
                self.state = State::Series { asked: asked - 1, waiting: false, next: at };
            }
            return;
        }
        self.first_open = Some(at);
        match self.plan.expect {
            Some(_) => self.state = State::Expecting { until: at.after(self.plan.wait) },
            None => self.begin_series(at),
        }
    }

    fn begin_series(&mut self, now: Moment) {
        self.state = match self.plan.series {
            Some(_) => State::Series { asked: 0, waiting: false, next: now },
            None => State::Holding,
        };
    }

    fn next_ping(&mut self, asked: u32, now: Moment) -> Option<Wish> {
        let (count, _) = self.plan.series?;
        if asked < count {
            self.state = State::Series { asked: asked + 1, waiting: true, next: now };
            return Some(Wish::Ping);
        }
        self.state = State::Holding;
        self.is_held(now).then(|| self.done(Wish::Close))
    }

    fn pinged(&mut self, at: Moment, answered: bool) {
        let (State::Series { asked, .. }, Some((count, interval))) = (self.state, self.plan.series) else { return };
        // A peer that lives and answers no ping would answer none of the others.
        let asked = if answered { asked } else { count };
        let next = if asked < count { at.after(interval) } else { at };
        self.state = State::Series { asked, waiting: false, next };
    }

    fn expectation_failed(&mut self) {
        let got = match &self.last_skipped {
            None => format!("no message in {} s", self.plan.wait.seconds()),
            Some(last) => format!("{}, the last \"{last}\"", show::count(self.skipped, "other message")),
        };
        self.check(false, got);
    }

    fn expected(&self) -> String {
        self.plan.expect.as_ref().map(Expect::words).unwrap_or_default()
    }

    /// What came so far, while the expected message did not.
    fn came_instead(&self) -> String {
        match &self.last_skipped {
            None => "no message came".into(),
            Some(last) => format!("{} came, the last \"{last}\"", show::count(self.skipped, "other message")),
        }
    }

    fn check(&mut self, held: bool, got: String) {
        let expected = self.expected();
        self.checks.push_back(Check { name: "--expect".into(), held, expected, got });
    }

    fn hold_end(&self) -> Option<Moment> {
        Some(self.first_open?.after(self.plan.hold.unwrap_or(Span::ZERO)))
    }

    fn is_held(&self, now: Moment) -> bool {
        matches!(self.state, State::Holding) && self.hold_end().is_some_and(|end| end <= now)
    }

    fn done(&mut self, wish: Wish) -> Wish {
        self.state = State::Closing;
        wish
    }
}

#[cfg(test)]
mod tests;
