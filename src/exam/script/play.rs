//! A script under way on one connection. Owns which step it is at, what is unread, and how an expectation ends; the
//! sending and the closing handshake are elsewhere (RFC 6455 sections 5.5 and 7.1). Time is passed in.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::event::{Check, show};
use crate::exam::script::unread::Unread;
use crate::exam::script::wanted::{Wanted, close_words, message_words};
use crate::exam::script::{Action, Rounds, Script, Wish};
use crate::moment::{Moment, Span};
use crate::wire::close;

/// So many wishes come in a row; then there is none once, so that the caller gets to its other work.
pub const BURST_MAX: u32 = 256;
/// So many steps that wish nothing are passed in one call.
const PASSED_MAX: u32 = 1024;

/// One play of a script. Messages and the peer's Close go in with their time, wishes come out.
#[derive(Debug)]
pub struct Play {
    script: Arc<Script>,
    index: usize,
    /// From 0.
    round: u64,
    state: State,
    unread: Unread,
    /// The peer's Close came, with this code or without one.
    peer_closed: Option<Option<u16>>,
    failed: bool,
    checks: VecDeque<Check>,
    burst: u32,
}

#[derive(Debug)]
enum State {
    Waiting {
        until: Moment,
    },
    /// `left` are still to be given, the next one at `next`.
    Giving {
        left: u64,
        next: Moment,
    },
    /// A Close or a fault is wanted.
    Asking {
        since: Moment,
    },
    Expecting {
        until: Moment,
        skipped: u64,
        /// The last that was skipped, in words.
        last: Option<String>,
    },
    Over,
}

impl Play {
    /// From the open on.
    pub fn new(script: Arc<Script>, opened: Moment) -> Play {
        let mut play = Play {
            script,
            index: 0,
            round: 0,
            state: State::Over,
            unread: Unread::default(),
            peer_closed: None,
            failed: false,
            checks: VecDeque::new(),
            burst: 0,
        };
        play.begin(opened);
        play
    }

    /// Takes a message of the peer's. It is kept if its time comes later.
    pub fn message(&mut self, now: Moment, text: bool, bytes: &[u8]) {
        match self.state {
            State::Over => {}
            State::Expecting { until, .. } if until < now => self.too_late(),
            State::Expecting { .. } => {
                self.judge(now, text, bytes);
                self.read(now);
            }
            _ if self.expects_later() => self.unread.keep(text, bytes),
            _ => {}
        }
    }

    /// The peer's Close came.
    pub fn closed(&mut self, now: Moment, code: Option<u16>) {
        if self.is_done() || self.peer_closed.is_some() {
            return;
        }
        self.peer_closed = Some(code);
        match self.state {
            // What loops for ever has no other end.
            _ if self.script.rounds == Rounds::Forever && close::is_normal(code) => self.state = State::Over,
            State::Expecting { until, .. } if until < now => self.too_late(),
            _ => self.read(now),
        }
    }

    /// What is wanted now; asked until there is none, or until the caller has no room for more.
    pub fn wish(&mut self, now: Moment) -> Option<Wish> {
        if self.burst < BURST_MAX
            && let Some(wish) = self.next_wish(now)
        {
            self.burst += 1;
            return Some(wish);
        }
        self.burst = 0;
        None
    }

    /// When time alone makes a wish or a failure; in the past while there is more to wish at once.
    pub fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Waiting { until } | State::Expecting { until, .. } => Some(until),
            State::Giving { next, .. } => Some(next),
            State::Asking { since } => Some(since),
            State::Over => None,
        }
    }

    /// The result of an expectation, once.
    pub fn check_done(&mut self) -> Option<Check> {
        self.checks.pop_front()
    }

    /// Are all steps done, or has one failed?
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Has a step failed?
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// What is under way, for a time limit's message.
    pub fn doing(&self) -> String {
        let label = self.label();
        match (&self.state, self.script.action(self.index)) {
            (State::Over, _) if self.failed => format!("failed at {label}"),
            (State::Over, _) => "all steps done".into(),
            (State::Waiting { .. }, Some(Action::Wait(span))) => format!("{label}, waiting {}", show::span(*span)),
            (State::Giving { left, .. }, Some(Action::Give { times, .. })) => {
                format!("{label}, sending {} of {times}", times.saturating_sub(*left) + 1)
            }
            (State::Expecting { .. }, Some(Action::Expect { what, within, .. })) => {
                format!("{label}, expecting {} within {}", what.words(), show::span(*within))
            }
            (_, Some(Action::Close(_))) => format!("{label}, closing"),
            (_, Some(Action::Fault(spec))) => format!("{label}, the fault {}", show::safe(spec)),
            _ => label,
        }
    }

    fn next_wish(&mut self, now: Moment) -> Option<Wish> {
        for _ in 0..PASSED_MAX {
            match self.state {
                State::Waiting { until } if until <= now => self.advance(now),
                State::Expecting { until, .. } if until <= now => self.too_late(),
                State::Giving { next, .. } if next <= now => return self.give(now),
                State::Asking { .. } => {
                    if let Some(wish) = self.ask(now) {
                        return Some(wish);
                    }
                }
                _ => return None,
            }
        }
        None
    }

    fn give(&mut self, now: Moment) -> Option<Wish> {
        if let Some(code) = self.peer_closed {
            self.fail("an open connection to send on".into(), close_words(code));
            return None;
        }
        let (wish, every) = match self.script.action(self.index)? {
            Action::Give { what, every, .. } => (what.wish(), *every),
            _ => return None,
        };
        if let State::Giving { left, next } = &mut self.state {
            *left = left.saturating_sub(1);
            *next = following(*next, every, now);
            if *left == 0 {
                self.advance(now);
            }
        }
        Some(wish)
    }

    fn ask(&mut self, now: Moment) -> Option<Wish> {
        let wish = match self.script.action(self.index)? {
            // The connection answers the peer's Close by itself.
            Action::Close(_) if self.peer_closed.is_some() => None,
            Action::Close(body) => Some(Wish::Close(body.clone())),
            Action::Fault(spec) => Some(Wish::Fault(spec.clone())),
            Action::Wait(_) | Action::Give { .. } | Action::Expect { .. } => return None,
        };
        self.advance(now);
        wish
    }

    /// To the next step, and through what is unread.
    fn advance(&mut self, now: Moment) {
        self.step_on(now);
        self.read(now);
    }

    fn step_on(&mut self, now: Moment) {
        self.index += 1;
        if self.index >= self.script.steps.len() && self.rounds_follow() {
            self.index = 0;
            self.round = self.round.saturating_add(1);
        }
        self.begin(now);
    }

    fn begin(&mut self, now: Moment) {
        self.state = match self.script.action(self.index) {
            None => State::Over,
            Some(Action::Wait(span)) => State::Waiting { until: now.after(*span) },
            Some(Action::Give { times, .. }) => State::Giving { left: *times, next: now },
            Some(Action::Close(_) | Action::Fault(_)) => State::Asking { since: now },
            Some(Action::Expect { within, .. }) => {
                State::Expecting { until: now.after(*within), skipped: 0, last: None }
            }
        };
    }

    /// Judges what came before it was expected, as long as something is expected.
    fn read(&mut self, now: Moment) {
        while matches!(self.state, State::Expecting { .. }) {
            if let Some(count) = self.unread.take_lost() {
                self.miss(count);
            } else if let Some((is_text, bytes)) = self.unread.take() {
                self.judge(now, is_text, &bytes);
            } else if let Some(code) = self.peer_closed {
                self.judge_close(now, code);
            } else {
                return;
            }
        }
    }

    fn judge(&mut self, now: Moment, is_text: bool, bytes: &[u8]) {
        let script = Arc::clone(&self.script);
        let Some((what, strict)) = expectation(&script, self.index) else { return };
        if what.holds(is_text, bytes) {
            return self.met(now, expected(what, strict));
        }
        let came = message_words(is_text, bytes);
        if strict {
            return self.fail(expected(what, strict), came);
        }
        self.skip(1, Some(came));
    }

    /// Messages came that were not kept: they count as others.
    fn miss(&mut self, count: u64) {
        let script = Arc::clone(&self.script);
        match expectation(&script, self.index) {
            Some((what, true)) => {
                let got = format!("{} before, too many to be kept", show::count(count, "message"));
                self.fail(expected(what, true), got);
            }
            _ => self.skip(count, None),
        }
    }

    fn judge_close(&mut self, now: Moment, code: Option<u16>) {
        let script = Arc::clone(&self.script);
        let Some((what, strict)) = expectation(&script, self.index) else { return };
        if what.holds_close(code) {
            return self.met(now, expected(what, strict));
        }
        let got = match self.skipped() {
            0 => close_words(code),
            skipped => format!("{}, after {}", close_words(code), show::count(skipped, "other message")),
        };
        self.fail(expected(what, strict), got);
    }

    fn met(&mut self, now: Moment, expected: String) {
        let got = match self.skipped() {
            0 => "it".into(),
            skipped => format!("it, after {}", show::count(skipped, "other message")),
        };
        self.check(true, expected, got);
        self.step_on(now);
    }

    fn too_late(&mut self) {
        let script = Arc::clone(&self.script);
        let Some(Action::Expect { what, within, strict }) = script.action(self.index) else { return };
        let within = show::span(*within);
        let got = match &self.state {
            State::Expecting { skipped, last: Some(last), .. } => {
                format!("only {} in {within}, the last {last}", show::count(*skipped, "other message"))
            }
            State::Expecting { skipped, last: None, .. } if *skipped > 0 => {
                format!("only {} in {within}", show::count(*skipped, "other message"))
            }
            _ => format!("nothing in {within}"),
        };
        self.fail(expected(what, *strict), got);
    }

    fn fail(&mut self, expected: String, got: String) {
        self.check(false, expected, got);
        self.failed = true;
        self.state = State::Over;
        self.unread = Unread::default();
    }

    fn check(&mut self, held: bool, expected: String, got: String) {
        let name = self.label();
        self.checks.push_back(Check { name, held, expected, got });
    }

    fn skip(&mut self, count: u64, came: Option<String>) {
        if let State::Expecting { skipped, last, .. } = &mut self.state {
            *skipped = skipped.saturating_add(count);
            if came.is_some() {
                *last = came;
            }
        }
    }

    fn skipped(&self) -> u64 {
        match self.state {
            State::Expecting { skipped, .. } => skipped,
            _ => 0,
        }
    }

    fn expects_later(&self) -> bool {
        self.script.last_expect.is_some_and(|last| self.index <= last || self.rounds_follow())
    }

    fn rounds_follow(&self) -> bool {
        match self.script.rounds {
            Rounds::Forever => true,
            Rounds::Times(rounds) => self.round.saturating_add(1) < rounds,
        }
    }

    /// Number, name and round of the step that it is at.
    fn label(&self) -> String {
        let number = self.index + 1;
        let name = self.script.steps.get(self.index).and_then(|step| step.name.as_deref());
        let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
        match self.script.rounds {
            Rounds::Times(1) => format!("step {number}{name}"),
            _ => format!("step {number}{name} of round {}", self.round.saturating_add(1)),
        }
    }
}

fn expectation(script: &Script, index: usize) -> Option<(&Wanted, bool)> {
    match script.action(index)? {
        Action::Expect { what, strict, .. } => Some((what, *strict)),
        _ => None,
    }
}

fn expected(what: &Wanted, strict: bool) -> String {
    let condition = if strict { ", and nothing before it" } else { "" };
    format!("{}{condition}", what.words())
}

/// The time of the next of a series: on its grid, unless that is past too. What was missed is not made up for.
fn following(last: Moment, every: Span, now: Moment) -> Moment {
    let next = last.after(every);
    if next <= now { now.after(every) } else { next }
}
