//! One URL's run: every event goes to the readers, the diagnosis, the examination and the outcome, in that order; wishes
//! come from the examination, the time limit and the signals. Owns that fan-out and the first reason to stop.

use std::task::{Context, Poll};

use tokio_tungstenite::tungstenite::Message;

use crate::cmd::audience::Audience;
use crate::cmd::deep;
use crate::cmd::outcome::under_way;
use crate::cmd::wrongs;
use crate::diagnose::{asked, conduct as conduct_findings};
use crate::event::Direction;
use crate::event::show::span;
use crate::event::{ConnId, EventKind, Exit, Judged, MessageSeen, Wanted};
use crate::exam::steps::{self, Exam};
use crate::fault::conduct::{self, Conduct};
use crate::moment::{Moment, Span};
use crate::net::clock::Clock;
use crate::net::control::{Control, Progress, Wish};
use crate::net::driver::parts;
use crate::net::reach;
use crate::watch::life::{Command, Outgoing};
use crate::watch::session::Totals;
use crate::wire::close::CloseBody;

/// Everybody who looks on, in one run.
pub struct Run<'a> {
    audience: Audience<'a>,
    exam: Exam,
    wanted: Wanted,
    /// A long run is not held for nobody; a short one is judged to its end for its exit code.
    holds: bool,
    /// Heartbeats, less the measured pings, that were answered.
    beats: u64,
    limit: Option<Limit>,
    wrongs: conduct::Current,
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

impl<'a> Run<'a> {
    /// Nothing has happened yet.
    pub fn new(audience: Audience<'a>, exam: Exam, limit: Option<Limit>, shape: Shape) -> Run<'a> {
        let Shape { wanted, holds, wrongs } = shape;
        Run { audience, exam, wanted, holds, beats: 0, limit, wrongs, stopping: false, stopped_by: None }
    }

    /// The longer examination behind the steps, unless the run was stopped.
    pub async fn look_deeper(&mut self, plan: &deep::Plan, reach: &reach::Plan, clock: Clock) {
        if self.stopped_by.is_none() {
            self.stopped_by = deep::examine(plan, reach, &mut self.audience, self.limit, clock).await;
        }
    }

    /// Ends the run with its verdict. The second value tells what stopped it.
    pub fn judge(mut self, clock: Clock, url: &str, totals: Totals) -> (Judged, Option<Exit>) {
        let now = clock.now();
        // What stood to the end may have stood only by them.
        if self.holds && self.beats > 0 && totals.drops == 0 && self.stopped_by.is_none() {
            self.audience.find(now, ConnId::default(), conduct_findings::kept_open(self.beats));
        }
        let judged = self.audience.judge(now, url, totals);
        self.audience.tell_verdict(now, judged.clone());
        (judged, self.stopped_by)
    }

    fn emit(&mut self, at: Moment, conn: ConnId, kind: EventKind) {
        // An answer to the server's own heartbeat is none: every client of that protocol gives it.
        if let EventKind::Answered(answered) = &kind {
            self.beats += u64::from(answered.own && !answered.measured);
        }
        let event = self.audience.emit(at, conn, kind);
        self.exam.see(at, &event.kind);
    }

    fn tell_checks(&mut self, now: Moment) {
        while let Some(check) = self.exam.check_done() {
            let failed = (!check.held).then(|| asked::expectation_failed(&check));
            self.emit(now, ConnId::default(), EventKind::Check(check));
            if let Some(finding) = failed {
                self.audience.find(now, ConnId::default(), finding);
            }
        }
    }

    fn stop(&mut self, now: Moment) -> Option<Wish> {
        let why = if let Some(exit) = self.audience.take_signal() {
            self.stopped_by = Some(exit);
            self.audience.outcome.stop(exit, format!("after {}", span(now.since(Moment::START))));
            exit.meaning()
        } else if let Some(limit) = self.limit.filter(|limit| limit.at <= now) {
            self.time_used_up(now, limit.span);
            "time limit"
        } else if self.holds && self.audience.outcome.was_open() && self.audience.is_deserted() {
            "nobody reads the report"
        } else {
            return None;
        };
        self.stopping = true;
        Some(Wish::Life(Command::Stop(why)))
    }

    fn time_used_up(&mut self, now: Moment, limit: Span) {
        let phase = self.audience.outcome.phase();
        let doing = match phase {
            Some(phase) => under_way(phase).to_string(),
            None => self.exam.under_way().unwrap_or_else(|| "waiting to try again".into()),
        };
        self.stopped_by = Some(Exit::TimeUsedUp);
        self.audience.outcome.stop(Exit::TimeUsedUp, format!("after {}, {doing}", span(limit)));
        if !self.audience.outcome.is_unreached() {
            let finding = match phase {
                Some(_) => asked::time_used_up_dialling(limit, &doing),
                None => asked::time_used_up(limit, &doing),
            };
            self.audience.find(now, ConnId::default(), finding);
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
        let payload = self.wanted.messages.keep(bytes);
        if payload.is_some() {
            let (text, len) = (text.is_some(), bytes.len() as u64);
            self.emit(now, conn, EventKind::Message(MessageSeen { direction: Direction::In, text, len, payload }));
        }
    }

    fn wish(&mut self, now: Moment, progress: &Progress) -> Option<Wish> {
        self.audience.pass_time(now);
        if self.stopping {
            return None;
        }
        if let Some(stop) = self.stop(now) {
            return Some(stop);
        }
        if let Some((told, wish)) = wrongs::due(&self.wrongs, now, progress) {
            if let Some(told) = told {
                self.emit(now, ConnId::default(), told);
            }
            return Some(wish);
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
        self.audience.is_holding()
    }

    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.wrongs.borrow().as_ref().is_some_and(Conduct::take_new) {
            return Poll::Ready(());
        }
        self.audience.poll_wake(cx)
    }
}
