//! One run against one peer: at most one [`Life`] at a time, what follows its end, and the run's totals. One drop causes
//! one attempt by ownership: the end takes the life, and a second end finds none. Dialling itself is `net`'s; whether to
//! come back is `reconnect`'s.

use std::collections::VecDeque;

use crate::event::{DialFailed, DialFault, Ended, EventKind, GaveUp, RetryAt};
use crate::moment::{Moment, Span};
use crate::watch::life::{End, Life};
use crate::watch::reconnect::{self, Decision, Outcome, Reconnect};

/// What happens next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Dial now. `attempt` is 0 for the first.
    Dial { attempt: u32 },
    /// A life is under way.
    Live,
    /// Wait, then ask again.
    Wait(Moment),
    /// Nothing more.
    Done,
}

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// After a first open.
    pub reconnect: Option<reconnect::Plan>,
    /// Before it: wait until the peer is there.
    pub ready: bool,
}

/// The totals of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    pub drops: u32,
    pub reconnects: u32,
    /// The whole time between drops and the opens that followed.
    pub down: Span,
}

/// The run.
#[derive(Debug)]
pub struct Session {
    ready: bool,
    reconnect: Option<Reconnect>,
    step: Step,
    life: Option<Life>,
    opens: u32,
    ready_tries: u32,
    attempt: u32,
    down_since: Option<Moment>,
    stopped: bool,
    totals: Totals,
    out: VecDeque<EventKind>,
}

impl Session {
    /// Nothing has been dialled yet.
    pub fn new(plan: Plan) -> Session {
        Session {
            ready: plan.ready,
            reconnect: plan.reconnect.map(Reconnect::new),
            step: Step::Dial { attempt: 0 },
            life: None,
            opens: 0,
            ready_tries: 0,
            attempt: 0,
            down_since: None,
            stopped: false,
            totals: Totals::default(),
            out: VecDeque::new(),
        }
    }

    /// What to do at `now`.
    pub fn step(&mut self, now: Moment) -> Step {
        if let Step::Wait(due) = self.step
            && due <= now
        {
            self.step = Step::Dial { attempt: self.attempt };
        }
        self.step
    }

    /// The next event to tell.
    pub fn poll(&mut self) -> Option<EventKind> {
        self.out.pop_front()
    }

    /// The life under way.
    pub fn life(&mut self) -> Option<&mut Life> {
        self.life.as_mut()
    }

    /// The totals so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// A dial succeeded. Returns how long there was no connection, after a drop.
    pub fn opened(&mut self, now: Moment, life: Life) -> Option<Span> {
        self.life = Some(life);
        self.step = Step::Live;
        self.opens += 1;
        let down = self.down_since.take().map(|since| now.since(since));
        if let Some(down) = down {
            self.totals.reconnects += 1;
            self.totals.down = self.totals.down.plus(down);
        }
        down
    }

    /// A dial failed. `dice` is a number from 0 up to 1.
    pub fn failed(&mut self, now: Moment, failed: DialFailed, retry_after: Option<Span>, dice: f64) {
        let fault = failed.fault.clone();
        self.out.push_back(EventKind::DialFailed(failed));
        self.step = Step::Done;
        if self.stopped {
            return;
        }
        if self.opens == 0 {
            return self.wait_until_ready(now, &fault);
        }
        let Some(reconnect) = &mut self.reconnect else { return };
        let decision = reconnect.decide(Outcome::Failed { fault: &fault, retry_after }, dice);
        self.follow(now, decision);
    }

    /// The connection ended. The first caller takes the life and gets its account; there is no second one.
    pub fn end(&mut self, now: Moment, end: End, dice: f64) -> Option<Ended> {
        let ended = self.life.take()?.end(now, end);
        self.out.push_back(EventKind::Ended(ended.clone()));
        self.step = Step::Done;
        if !ended.drop || self.stopped {
            return Some(ended);
        }
        self.totals.drops += 1;
        self.down_since = Some(now);
        if let Some(reconnect) = &mut self.reconnect {
            let decision = reconnect.decide(Outcome::Ended(&ended), dice);
            self.follow(now, decision);
        }
        Some(ended)
    }

    /// No more attempts; the time without a connection is counted to here.
    pub fn stop(&mut self, now: Moment) {
        self.step = Step::Done;
        self.stopped = true;
        if let Some(since) = self.down_since.take() {
            self.totals.down = self.totals.down.plus(now.since(since));
        }
    }

    fn wait_until_ready(&mut self, now: Moment, fault: &DialFault) {
        if !self.ready {
            return;
        }
        let Some(delay) = reconnect::ready_delay(fault, self.ready_tries) else { return };
        self.ready_tries += 1;
        self.retry(now, self.ready_tries, delay, "not ready yet".into());
    }

    fn follow(&mut self, now: Moment, decision: Decision) {
        match decision {
            Decision::Retry { attempt, delay, why } => self.retry(now, attempt, delay, why),
            Decision::GiveUp { attempts, why } => {
                let down = self.down_since.map_or(Span::ZERO, |since| now.since(since));
                self.out.push_back(EventKind::GaveUp(GaveUp { attempts, why, down }));
            }
        }
    }

    fn retry(&mut self, now: Moment, attempt: u32, delay: Span, why: String) {
        let due = reconnect::due(now, delay);
        self.attempt = attempt;
        self.step = Step::Wait(due);
        self.out.push_back(EventKind::RetryAt(RetryAt { attempt, due, delay, why }));
    }
}

#[cfg(test)]
mod tests;
