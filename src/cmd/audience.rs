//! Everybody who looks on in a run: readers, diagnosis, outcome and the signals that end it. Owns the order in which an
//! event reaches them, so that no command has a second one; what is wished for meanwhile is the command's.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::sync::futures::OwnedNotified;

use crate::cmd::outcome::Outcome;
use crate::cmd::signals::Signals;
use crate::diagnose::Diagnosis;
use crate::event::{ConnId, Event, EventKind, Exit, Finding, Judged};
use crate::moment::{Moment, Span};
use crate::report::Fan;
use crate::watch::session::Totals;

/// Readers are told so often that time passes.
const TICK: Span = Span::from_millis(1000);

/// Everybody who looks on.
pub struct Audience<'a> {
    fan: Rc<RefCell<Fan>>,
    drained: Pin<Box<OwnedNotified>>,
    signals: &'a mut Signals,
    diagnosis: Diagnosis,
    pub outcome: Outcome,
    told_tick: Moment,
    signalled: Option<Exit>,
}

impl<'a> Audience<'a> {
    /// Nothing has happened yet.
    pub fn new(
        fan: Rc<RefCell<Fan>>,
        signals: &'a mut Signals,
        diagnosis: Diagnosis,
        outcome: Outcome,
    ) -> Audience<'a> {
        let drained = Box::pin(fan.borrow().drained().notified_owned());
        Audience { fan, drained, signals, diagnosis, outcome, told_tick: Moment::START, signalled: None }
    }

    /// An event: to the readers, to the outcome, to the diagnosis, and what that finds the same way.
    pub fn emit(&mut self, at: Moment, conn: ConnId, kind: EventKind) -> Event {
        let event = self.fan.borrow_mut().emit(at, conn, kind);
        self.outcome.see(&event.kind);
        for finding in self.diagnosis.see(&event) {
            self.find(at, conn, finding);
        }
        event
    }

    /// A finding, told as it is.
    pub fn find(&mut self, at: Moment, conn: ConnId, finding: Finding) {
        let event = self.fan.borrow_mut().emit(at, conn, EventKind::Finding(finding));
        self.outcome.see(&event.kind);
    }

    /// The verdict as one event.
    pub fn tell_verdict(&mut self, at: Moment, judged: Judged) {
        self.fan.borrow_mut().emit(at, ConnId::default(), EventKind::Judged(judged));
    }

    /// The findings that need the whole of the run, then the verdict. Drops that were forgiven are told, and do not fail
    /// the run.
    pub fn judge(&mut self, now: Moment, url: &str, totals: Totals) -> Judged {
        let before = self.outcome.judge(url, totals);
        for finding in self.diagnosis.finish() {
            self.find(now, ConnId::default(), finding);
        }
        let forgiven = before.exit == Exit::Healthy && totals.drops > 0;
        if forgiven { before } else { self.outcome.judge(url, totals) }
    }

    /// What would be found if the run were over now, beyond what was told; as readers may see it.
    pub fn findings_now(&self) -> Vec<Finding> {
        let fan = self.fan.borrow();
        self.diagnosis.clone().finish().into_iter().map(|finding| fan.shown(finding)).collect()
    }

    /// Tells the readers about once a second that time passes.
    pub fn pass_time(&mut self, now: Moment) {
        if now.since(self.told_tick) >= TICK {
            self.told_tick = now;
            self.fan.borrow_mut().tick(now);
        }
    }

    /// The exit that a signal has asked for; told once for each signal.
    pub fn take_signal(&mut self) -> Option<Exit> {
        self.signalled.take()
    }

    /// Waits for the next signal.
    pub async fn next_signal(&mut self) -> Exit {
        self.signals.next().await
    }

    /// True while events cannot be taken.
    pub fn is_holding(&self) -> bool {
        self.fan.borrow().full()
    }

    /// True when nobody reads any more.
    pub fn is_deserted(&self) -> bool {
        self.fan.borrow().is_deserted()
    }

    /// Ready when a signal has come, or there is room for events again.
    pub fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.signalled.is_none()
            && let Poll::Ready(exit) = self.signals.poll(cx)
        {
            self.signalled = Some(exit);
            return Poll::Ready(());
        }
        if self.drained.as_mut().poll(cx).is_ready() {
            let again = self.fan.borrow().drained().notified_owned();
            self.drained = Box::pin(again);
            return Poll::Ready(());
        }
        Poll::Pending
    }
}
