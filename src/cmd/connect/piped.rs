//! `connect` in a pipe: lines of stdin become messages, payload goes to stdout, all talk elsewhere. Owns the joining of the
//! two roads with the connection; the course is `exam::pipe`'s, the account of the lines `watch::ledger`'s.

mod ends;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::cmd::audience::Audience;
use crate::cmd::connect::stdin::{Piece, Stdin};
use crate::cmd::connect::verdict::Verdict;
use crate::cmd::connect::{LENIENT, Plan};
use crate::cmd::frame;
use crate::cmd::outcome::Outcome;
use crate::cmd::probe::aimed;
use crate::cmd::run::Limit;
use crate::cmd::signals::Signals;
use crate::cmd::wrongs;
use crate::diagnose::{Diagnosis, asked};
use crate::event::show::span;
use crate::event::{ConnId, Direction, EventKind, Exit, MessageSeen, Wanted};
use crate::exam::pipe::{Pipe, Step, Writing};
use crate::fault::conduct::{self, Conduct};
use crate::moment::{Moment, Span};
use crate::net::clock::Clock;
use crate::net::control::{Control, Progress, Wish};
use crate::net::driver::parts;
use crate::net::reach::Reach;
use crate::net::rounds;
use crate::net::target::Target;
use crate::report::payload::Payload;
use crate::watch::ledger::{Ledger, Line};
use crate::watch::life::Command;
use crate::watch::session::{Session, Totals};
use crate::wire::close::CloseBody;

/// Runs the pipe to its end.
pub async fn run(plan: &Plan, target: Target, signals: &mut Signals, clock: Clock) -> Exit {
    let url = target.url();
    let readers = plan.screen.for_pipe();
    let reach = aimed(&plan.reach, target);
    frame::begin(&readers.fan, &plan.command, clock);
    let wrongs = conduct::Current::default();
    let diagnosis =
        Diagnosis::new(reach.life.heartbeat.every, clock.wall_start_unix_ms()).with_rules(plan.rules.clone());
    let outcome = Outcome::new(LENIENT);
    let audience = Audience::new(Rc::clone(&readers.fan), signals, diagnosis, outcome);
    let mut piped = Piped::new(plan, audience, Rc::clone(&wrongs));
    for variable in &plan.unused_proxies {
        piped.on(clock.now(), ConnId::default(), EventKind::Finding(asked::proxy_not_used(variable)));
    }
    let mut session = Session::new(plan.session.clone());
    let mut dialer = Reach::new(reach, clock, wrongs);
    rounds::run(&mut session, &mut dialer, &mut ConnId::default(), clock, &mut piped).await;
    session.stop(clock.now());
    piped.write_the_rest(clock).await;
    let exit = piped.judge(clock, &url, session.totals());
    drop(piped);
    frame::end(readers, exit, plan.timeout, signals, clock).await
}

/// So long whoever reads our output is waited for, once the run was told to stop.
const OUTPUT_WAIT: Span = Span::from_secs(2);

/// Everybody who looks on, and both roads.
struct Piped<'a> {
    audience: Audience<'a>,
    pipe: Pipe,
    stdin: Option<Stdin>,
    /// None with `--json`: then messages are events.
    payload: Option<Payload>,
    payload_drained: Arc<Notify>,
    drained: Pin<Box<OwnedNotified>>,
    /// `--echo`: what is to go back.
    echo: Option<VecDeque<Message>>,
    ledger: Rc<RefCell<Ledger>>,
    wanted: Wanted,
    limit: Option<Limit>,
    wrongs: conduct::Current,
    verdict: Verdict,
    /// Our Close, when it was the first.
    our_close: Option<Option<u16>>,
    is_confirmed: bool,
    /// The peer's Close, when ours was the first.
    their_close: Option<Option<u16>>,
    /// The first drop after which lines are unsure: a later connection does not make it good.
    left_unsure: Option<(Exit, String)>,
    stopping: Stopping,
    /// A signal, or the time limit, ends the run: nothing is waited for without limit.
    is_hurried: bool,
    conn: ConnId,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stopping {
    No,
    /// Our Close is on its way, and nothing follows it.
    Politely,
    AtOnce,
}

impl<'a> Piped<'a> {
    fn new(plan: &Plan, audience: Audience<'a>, wrongs: conduct::Current) -> Piped<'a> {
        let payload = (!plan.screen.json).then(|| Payload::stdout(plan.ending));
        let payload_drained = Arc::new(Notify::new());
        if let Some(payload) = &payload {
            payload.on_drain(Arc::clone(&payload_drained));
        }
        Piped {
            audience,
            pipe: Pipe::new(plan.pipe.clone()),
            stdin: plan.pipe.input.map(|_| Stdin::start()),
            payload,
            drained: Box::pin(Arc::clone(&payload_drained).notified_owned()),
            payload_drained,
            echo: plan.echo.then(VecDeque::new),
            ledger: Rc::new(RefCell::new(Ledger::new())),
            wanted: plan.reach.wanted,
            limit: plan.timeout.map(|span| Limit { span, at: Moment::START.after(span) }),
            wrongs,
            verdict: Verdict::default(),
            our_close: None,
            is_confirmed: false,
            their_close: None,
            left_unsure: None,
            stopping: Stopping::No,
            is_hurried: false,
            conn: ConnId::default(),
        }
    }

    /// What has arrived reaches whoever reads it, however slow; who was told to stop waits no longer than a little.
    async fn write_the_rest(&mut self, clock: Clock) {
        let Some(payload) = &mut self.payload else { return };
        let little = clock.now().after(OUTPUT_WAIT);
        let limit = self.limit.map(|limit| limit.at.max(little));
        let until = if self.is_hurried { Some(little) } else { limit };
        let tired = tokio::select! {
            () = payload.finish() => None,
            exit = self.audience.next_signal() => Some(exit),
            () = frame::reach(until, clock) => Some(Exit::TimeUsedUp),
        };
        self.tell_lost_output();
        if let Some(exit) = tired {
            self.verdict.fail(exit, "while our output was written".into());
        }
    }

    fn tell_lost_output(&mut self) {
        if self.payload.as_ref().is_some_and(Payload::has_failed) {
            self.verdict.fail(Exit::Failed, "stdout could not be written".into());
        }
    }

    fn judge(&mut self, clock: Clock, url: &str, totals: Totals) -> Exit {
        let is_read = self.payload.as_ref().is_none_or(|payload| !payload.is_gone());
        if self.pipe.lacks_its_message() && self.verdict.was_open() && is_read {
            self.verdict.fail(Exit::Failed, "no message came, and one was asked for".into());
        }
        if let Some((exit, fact)) = self.left_unsure.take() {
            self.verdict.fail(exit, fact);
        }
        let judged = self.verdict.set(self.audience.judge(clock.now(), url, totals));
        let exit = judged.exit;
        self.audience.tell_verdict(clock.now(), judged);
        exit
    }

    fn emit(&mut self, at: Moment, conn: ConnId, kind: EventKind) {
        let is_done = self.pipe.is_done() && self.is_safe();
        self.verdict.see(&kind, is_done);
        self.audience.emit(at, conn, kind);
    }

    fn tell_message(&mut self, at: Moment, direction: Direction, text: bool, bytes: &[u8]) {
        let payload = self.wanted.messages.keep(bytes);
        if payload.is_some() {
            let seen = MessageSeen { direction, text, len: bytes.len() as u64, payload };
            self.emit(at, self.conn, EventKind::Message(seen));
        }
    }

    /// The reasons to stop that are not the pipe's own.
    fn stop(&mut self, now: Moment) -> Option<Wish> {
        if let Some(exit) = self.audience.take_signal() {
            self.is_hurried = true;
            if self.stopping != Stopping::No {
                self.stopping = Stopping::AtOnce;
                return Some(Wish::Life(Command::Stop(exit.meaning())));
            }
            self.verdict.fail(exit, format!("after {}", span(now.since(Moment::START))));
            return Some(self.part(CloseBody { code: Some(1000), reason: String::new() }));
        }
        if self.stopping == Stopping::AtOnce {
            return None;
        }
        if let Some(limit) = self.limit.filter(|limit| limit.at <= now) {
            (self.stopping, self.is_hurried) = (Stopping::AtOnce, true);
            self.verdict.fail(Exit::TimeUsedUp, format!("after {}", span(limit.span)));
            return Some(Wish::Life(Command::Stop("time limit")));
        }
        let nobody_reads = match &self.payload {
            Some(payload) => payload.is_gone(),
            None => self.audience.is_deserted(),
        };
        if nobody_reads && self.stopping == Stopping::No {
            self.tell_lost_output();
            return Some(self.part(CloseBody { code: Some(1000), reason: String::new() }));
        }
        None
    }

    fn part(&mut self, body: CloseBody) -> Wish {
        self.stopping = Stopping::Politely;
        self.pipe.leave();
        Wish::Life(Command::Close(body))
    }

    /// Takes the next block of stdin, if one is there and of use.
    fn take_input(&mut self) -> bool {
        if !self.pipe.wants_input() {
            return false;
        }
        let Some(piece) = self.stdin.as_mut().and_then(Stdin::take) else { return false };
        self.piece(piece);
        true
    }

    fn piece(&mut self, piece: Piece) {
        match piece {
            Piece::Block(block) => self.pipe.block(block),
            Piece::End => self.pipe.input_ended(),
            Piece::Failed(why) => {
                self.verdict.fail(Exit::Failed, format!("stdin cannot be read: {why}"));
                self.pipe.input_ended();
            }
        }
    }

    fn step(&mut self, now: Moment, step: Step) -> Option<Wish> {
        match step {
            Step::Execute(text) => {
                self.tell_message(now, Direction::Out, true, text.as_bytes());
                Some(Wish::Send(Message::text(text)))
            }
            Step::Lines(lines) => {
                for line in &lines {
                    self.tell_message(now, Direction::Out, line.text, &line.payload);
                }
                Some(Wish::Lines(lines))
            }
            Step::Ping { number, payload } => {
                self.ledger.borrow_mut().given(number);
                Some(Wish::Life(Command::PingWith(payload.to_vec())))
            }
            Step::Close { number, body } => {
                if let Some(number) = number {
                    self.ledger.borrow_mut().given(number);
                }
                self.stopping = Stopping::Politely;
                Some(Wish::Life(Command::Close(body)))
            }
            Step::Bad(bad) => {
                self.emit(now, self.conn, EventKind::InputBad(bad));
                None
            }
            Step::Ended(ended) => {
                self.emit(now, self.conn, EventKind::InputEnded(ended));
                None
            }
        }
    }
}

/// A message's payload, not copied.
fn whole(message: &Message) -> Bytes {
    match message {
        Message::Text(text) => text.clone().into(),
        Message::Binary(bytes) => bytes.clone(),
        _ => Bytes::new(),
    }
}

impl Control for Piped<'_> {
    fn on(&mut self, at: Moment, conn: ConnId, kind: EventKind) {
        match kind {
            EventKind::Ended(ended) => return self.ended(at, conn, ended),
            // It is left: there is no next attempt to tell of.
            EventKind::RetryAt(_) if self.stopping != Stopping::No => return,
            EventKind::Open(_) => {
                (self.conn, self.our_close, self.their_close, self.is_confirmed) = (conn, None, None, false);
                self.pipe.opened();
            }
            EventKind::CloseSeen(ref close) => self.see_close(close),
            _ => {}
        }
        self.emit(at, conn, kind);
    }

    fn message(&mut self, now: Moment, _conn: ConnId, message: &Message) {
        let no_room = self.is_hurried && self.payload.as_ref().is_some_and(Payload::is_full);
        if no_room || !self.pipe.message(now) {
            return;
        }
        let (text, bytes) = parts(message);
        if let Some(payload) = &mut self.payload {
            payload.push(bytes, text.is_some(), || whole(message));
        }
        self.tell_message(now, Direction::In, text.is_some(), bytes);
        if let Some(echo) = &mut self.echo {
            echo.push_back(message.clone());
        }
    }

    fn wish(&mut self, now: Moment, progress: &Progress) -> Option<Wish> {
        self.audience.pass_time(now);
        if let Some(wish) = self.stop(now) {
            return Some(wish);
        }
        if self.stopping == Stopping::AtOnce {
            // Only without a connection is it asked again: there is nothing to wait for.
            return Some(Wish::Life(Command::Stop("done")));
        }
        if let Some((told, wish)) = wrongs::due(&self.wrongs, now, progress) {
            if let Some(told) = told {
                self.emit(now, self.conn, told);
            }
            return Some(wish);
        }
        if let Some(message) = self.echo.as_mut().and_then(VecDeque::pop_front) {
            let (text, bytes) = parts(&message);
            self.tell_message(now, Direction::Out, text.is_some(), bytes);
            return Some(Wish::Send(message));
        }
        let writing = Writing { has_room: progress.has_room, all_written: progress.all_written };
        loop {
            let Some(step) = self.pipe.next(now, writing) else {
                if self.take_input() {
                    continue;
                }
                return None;
            };
            if let Some(wish) = self.step(now, step) {
                return Some(wish);
            }
        }
    }

    fn ledger(&self) -> Option<Rc<RefCell<Ledger>>> {
        Some(Rc::clone(&self.ledger))
    }

    fn unsent(&mut self, lines: Vec<Line>) {
        self.pipe.closed(lines);
    }

    fn held(&mut self, span: Span) {
        self.pipe.held(span);
    }

    fn answers_messages(&self) -> bool {
        self.echo.is_some()
    }

    fn wanted(&self) -> Wanted {
        self.wanted
    }

    fn deadline(&self) -> Option<Moment> {
        if self.stopping == Stopping::AtOnce {
            return None;
        }
        let wrong = self.wrongs.borrow().as_ref().and_then(Conduct::deadline);
        [self.pipe.deadline(), self.limit.map(|limit| limit.at), wrong].into_iter().flatten().min()
    }

    fn is_holding(&self) -> bool {
        // Who is told to stop says its Close, whether or not our output is taken.
        !self.is_hurried && (self.audience.is_holding() || self.payload.as_ref().is_some_and(Payload::is_full))
    }

    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(payload) = &mut self.payload {
            payload.flush();
        }
        if self.pipe.wants_input()
            && let Some(Poll::Ready(piece)) = self.stdin.as_mut().map(|stdin| stdin.poll(cx))
        {
            self.piece(piece);
            return Poll::Ready(());
        }
        if self.wrongs.borrow().as_ref().is_some_and(Conduct::take_new) {
            return Poll::Ready(());
        }
        if self.drained.as_mut().poll(cx).is_ready() {
            self.drained = Box::pin(Arc::clone(&self.payload_drained).notified_owned());
            return Poll::Ready(());
        }
        self.audience.poll_wake(cx)
    }
}
