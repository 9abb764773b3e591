//! One URL's run: every event goes to the readers, the diagnosis, the examination and the outcome, in that order; wishes
//! come from the examination, the time limit and the signals. Owns that fan-out and the first reason to stop.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::sync::futures::OwnedNotified;
use tokio_tungstenite::tungstenite::Message;

use crate::cmd::outcome::{Outcome, under_way};
use crate::cmd::signals::Signals;
use crate::diagnose::{Diagnosis, asked};
use crate::event::show::span;
use crate::event::{ConnId, EventKind, Exit, Judged, MessageSeen, Payload, PayloadBytes, Wanted};
use crate::event::{Direction, FaultDone, Finding};
use crate::exam::steps::{self, Exam};
use crate::fault::conduct::{self, Conduct, Deed, Done};
use crate::moment::{Moment, Span};
use crate::net::clock::Clock;
use crate::net::control::{Control, Injected, Progress, Wish};
use crate::net::driver::parts;
use crate::report::Fan;
use crate::watch::life::{Command, Outgoing};
use crate::watch::session::Totals;
use crate::wire::close::CloseBody;

/// Everybody who looks on, in one run.
pub struct Run<'a> {
    fan: Rc<RefCell<Fan>>,
    drained: Pin<Box<OwnedNotified>>,
    signals: &'a mut Signals,
    diagnosis: Diagnosis,
    exam: Exam,
    outcome: Outcome,
    wanted: Wanted,
    /// A long run is not held for nobody; a short one is judged to its end for its exit code.
    holds: bool,
    limit: Option<Limit>,
    wrongs: conduct::Current,
    told_tick: Moment,
    signalled: Option<Exit>,
    stopping: bool,
    stopped_by: Option<Exit>,
}

/// What of the run the wiring must know.
#[derive(Clone)]
pub struct Shape {
    pub wanted: Wanted,
    pub holds: bool,
    /// What this end does wrong on purpose.
    pub wrongs: conduct::Current,
}

/// `--timeout`: how long, and when that is over.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub span: Span,
    pub at: Moment,
}

/// Readers are told so often that time passes.
const TICK: Span = Span::from_millis(1000);

impl<'a> Run<'a> {
    /// Nothing has happened yet.
    pub fn new(
        fan: Rc<RefCell<Fan>>,
        signals: &'a mut Signals,
        diagnosis: Diagnosis,
        exam: Exam,
        outcome: Outcome,
        limit: Option<Limit>,
        shape: Shape,
    ) -> Run<'a> {
        let (wanted, holds) = (shape.wanted, shape.holds);
        let drained = Box::pin(fan.borrow().drained().notified_owned());
        Run {
            fan,
            drained,
            signals,
            diagnosis,
            exam,
            outcome,
            wanted,
            holds,
            limit,
            wrongs: shape.wrongs,
            told_tick: Moment::START,
            signalled: None,
            stopping: false,
            stopped_by: None,
        }
    }

    /// Ends the run: the findings that need the whole of it, then the verdict. The second value tells what stopped it.
    pub fn judge(mut self, clock: Clock, url: &str, totals: Totals) -> (Judged, Option<Exit>) {
        let now = clock.now();
        let before = self.outcome.judge(url, totals);
        for finding in self.diagnosis.finish() {
            self.find(now, ConnId::default(), finding);
        }
        // Drops that were forgiven are told, and do not fail the run.
        let forgiven = before.exit == Exit::Healthy && totals.drops > 0;
        let judged = if forgiven { before } else { self.outcome.judge(url, totals) };
        self.fan.borrow_mut().emit(now, ConnId::default(), EventKind::Judged(judged.clone()));
        (judged, self.stopped_by)
    }

    fn emit(&mut self, at: Moment, conn: ConnId, kind: EventKind) {
        let event = self.fan.borrow_mut().emit(at, conn, kind);
        self.exam.see(at, &event.kind);
        self.outcome.see(&event.kind);
        for finding in self.diagnosis.see(&event) {
            self.find(at, conn, finding);
        }
    }

    fn find(&mut self, at: Moment, conn: ConnId, finding: Finding) {
        let event = self.fan.borrow_mut().emit(at, conn, EventKind::Finding(finding));
        self.outcome.see(&event.kind);
    }

    fn pass_time(&mut self, now: Moment) {
        if now.since(self.told_tick) >= TICK {
            self.told_tick = now;
            self.fan.borrow_mut().tick(now);
        }
    }

    fn tell_checks(&mut self, now: Moment) {
        while let Some(check) = self.exam.check_done() {
            let failed = (!check.held).then(|| asked::expectation_failed(&check));
            self.emit(now, ConnId::default(), EventKind::Check(check));
            if let Some(finding) = failed {
                self.find(now, ConnId::default(), finding);
            }
        }
    }

    fn stop(&mut self, now: Moment) -> Option<Wish> {
        let why = if let Some(exit) = self.signalled {
            self.stopped_by = Some(exit);
            self.outcome.stop(exit, format!("after {}", span(now.since(Moment::START))));
            exit.meaning()
        } else if let Some(limit) = self.limit.filter(|limit| limit.at <= now) {
            self.time_used_up(now, limit.span);
            "time limit"
        } else if self.holds && self.outcome.was_open() && self.fan.borrow().is_deserted() {
            "nobody reads the report"
        } else {
            return None;
        };
        self.stopping = true;
        Some(Wish::Life(Command::Stop(why)))
    }

    /// What `--fault` asks of this end of the connection.
    fn do_wrong(&mut self, now: Moment, done: Done) -> Wish {
        if let Some((fault, what)) = done.told {
            let kind = EventKind::FaultDone(FaultDone { fault: fault.into(), what });
            self.emit(now, ConnId::default(), kind);
        }
        match done.deed {
            Deed::Close { code, reason } => Wish::Life(Command::Close(CloseBody { code, reason })),
            Deed::Fin => Wish::Fin,
            Deed::Rst => Wish::Reset,
            Deed::Truncate => Wish::Truncate,
            Deed::Freeze => Wish::Freeze,
            Deed::Send(text) => Wish::Send(Message::text(text)),
            Deed::Inject(bytes) => Wish::Inject(Injected { bytes, opaque: false }),
            Deed::InjectOpaque(bytes) => Wish::Inject(Injected { bytes, opaque: true }),
            // A client has no others to end: the grammar refuses it.
            Deed::KickAll(_) => Wish::Life(Command::Stop("kick-all")),
        }
    }

    fn time_used_up(&mut self, now: Moment, limit: Span) {
        let doing = match self.outcome.phase() {
            Some(phase) => under_way(phase).to_string(),
            None => self.exam.under_way().unwrap_or_else(|| "waiting to try again".into()),
        };
        self.stopped_by = Some(Exit::TimeUsedUp);
        self.outcome.stop(Exit::TimeUsedUp, format!("after {}, {doing}", span(limit)));
        if !self.outcome.is_unreached() {
            self.find(now, ConnId::default(), asked::time_used_up(limit, &doing));
        }
    }
}

impl Control for Run<'_> {
    fn on(&mut self, at: Moment, conn: ConnId, kind: EventKind) {
        self.emit(at, conn, kind);
    }

    fn message(&mut self, now: Moment, conn: ConnId, message: &Message) {
        let (text, bytes) = parts(message);
        self.exam.message(now, bytes);
        let head = match self.wanted.messages {
            Payload::No => return,
            Payload::Head(head) => &bytes[..bytes.len().min(head)],
            Payload::Whole => bytes,
        };
        let seen = MessageSeen {
            direction: Direction::In,
            text: text.is_some(),
            len: bytes.len() as u64,
            payload: Some(PayloadBytes(head.to_vec())),
        };
        self.emit(now, conn, EventKind::Message(seen));
    }

    fn wish(&mut self, now: Moment, progress: &Progress) -> Option<Wish> {
        self.pass_time(now);
        if self.stopping {
            return None;
        }
        if let Some(stop) = self.stop(now) {
            return Some(stop);
        }
        let due = self.wrongs.borrow_mut().as_mut().and_then(|conduct| conduct.due(now, progress.passed));
        if let Some(done) = due {
            return Some(self.do_wrong(now, done));
        }
        let wish = self.exam.wish(now);
        self.tell_checks(now);
        Some(match wish? {
            steps::Wish::Ping => Wish::Life(Command::Ping),
            steps::Wish::Send(text) => Wish::Life(Command::Send(Outgoing::Text(text))),
            steps::Wish::Close => Wish::Life(Command::Close(CloseBody { code: Some(1000), reason: String::new() })),
            steps::Wish::Stop => Wish::Life(Command::Stop("done")),
        })
    }

    fn wanted(&self) -> Wanted {
        self.wanted
    }

    fn deadline(&self) -> Option<Moment> {
        if self.stopping {
            return None;
        }
        let wrong = self.wrongs.borrow().as_ref().and_then(Conduct::deadline);
        [self.exam.deadline(), self.limit.map(|limit| limit.at), wrong].into_iter().flatten().min()
    }

    fn is_holding(&self) -> bool {
        self.fan.borrow().full()
    }

    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.signalled.is_none()
            && let Poll::Ready(exit) = self.signals.poll(cx)
        {
            self.signalled = Some(exit);
            return Poll::Ready(());
        }
        if self.wrongs.borrow().as_ref().is_some_and(Conduct::take_new) {
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
