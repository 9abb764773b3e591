//! `connect` in a pipe: lines of stdin become messages, payload goes to stdout, all talk elsewhere. Owns the joining of the
//! two roads with the connection; the course is `exam::pipe`'s, the account of the lines `watch::ledger`'s.

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
use crate::cmd::connect::verdict::{Verdict, is_polite};
use crate::cmd::connect::{LENIENT, Plan};
use crate::cmd::frame;
use crate::cmd::outcome::Outcome;
use crate::cmd::probe::aimed;
use crate::cmd::run::Limit;
use crate::cmd::signals::Signals;
use crate::cmd::wrongs;
use crate::diagnose::{Diagnosis, asked};
use crate::event::show::span;
use crate::event::{CloseSeen, ConnId, Direction, Ended, EventKind, Exit, LinesFate, MessageSeen, Wanted};
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
    let (diagnosis, outcome) = (Diagnosis::new(reach.life.heartbeat.every), Outcome::new(LENIENT));
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
    /// The first drop after which lines are unsure: a later connection does not make it good.
    left_unsure: Option<(Exit, String)>,
    stopping: Stopping,
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
            left_unsure: None,
            stopping: Stopping::No,
            conn: ConnId::default(),
        }
    }

    /// What has arrived reaches whoever reads it, however slow, unless somebody or the time limit ends that.
    async fn write_the_rest(&mut self, clock: Clock) {
        let Some(payload) = &mut self.payload else { return };
        let tired = tokio::select! {
            () = payload.finish() => None,
            exit = self.audience.next_signal() => Some(exit),
            () = frame::reach(self.limit.map(|limit| limit.at), clock) => Some(Exit::TimeUsedUp),
        };
        if payload.has_failed() {
            self.verdict.fail(Exit::Failed, "stdout could not be written".into());
        }
        if let Some(exit) = tired {
            self.verdict.fail(exit, "while our output was written".into());
        }
    }

    fn judge(&mut self, clock: Clock, url: &str, totals: Totals) -> Exit {
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

    /// Is no line left of which we do not know that it is safe?
    fn is_safe(&self) -> bool {
        let account = self.ledger.borrow().account();
        account.unsure.is_empty() || account.is_blind
    }

    fn tell_message(&mut self, at: Moment, direction: Direction, text: bool, bytes: &[u8]) {
        let payload = self.wanted.messages.keep(bytes);
        if payload.is_some() {
            let seen = MessageSeen { direction, text, len: bytes.len() as u64, payload };
            self.emit(at, self.conn, EventKind::Message(seen));
        }
    }

    /// 5.5.1: the answer to our Close, with its code, says that the peer has read all that stood before it.
    fn see_close(&mut self, close: &CloseSeen) {
        match (close.direction, close.first) {
            (Direction::Out, true) => self.our_close = Some(close.code),
            (Direction::In, false) => self.is_confirmed = self.our_close == Some(close.code),
            _ => {}
        }
    }

    fn ended(&mut self, at: Moment, conn: ConnId, ended: Ended) {
        // What a writer has said before the end counts as said, whether or not it was looked at.
        while let Some(piece) = self.stdin.as_mut().and_then(Stdin::take) {
            self.piece(piece);
        }
        if self.is_confirmed {
            self.ledger.borrow_mut().confirmed_by_close();
        }
        if is_polite(&ended) && self.pipe.is_done() && self.is_safe() && !self.pipe.is_listening() {
            // All was said, and the peer has nothing to add: no reason to come back.
            self.stopping = Stopping::AtOnce;
        }
        self.emit(at, conn, EventKind::Ended(ended));
        if self.pipe.lines() > 0 {
            let fate = self.fate();
            self.emit(at, conn, EventKind::Lines(fate));
        }
        if !self.is_safe() {
            self.left_unsure = self.left_unsure.take().or_else(|| self.verdict.drop().cloned());
        }
        self.ledger.borrow_mut().restart();
    }

    fn fate(&self) -> LinesFate {
        let (received, thing) = (self.pipe.received(), self.pipe.thing());
        let account = self.ledger.borrow().account();
        let unsure = account.unsure.listed().iter().map(|range| (range.first, range.last)).collect();
        let nothing_left = self.pipe.has_sent_all();
        let total = nothing_left.then_some(account.first_unsent.saturating_sub(1));
        LinesFate {
            thing: thing.into(),
            sent: account.given(),
            acknowledged: account.acknowledged,
            unsure,
            first_unsent: (!nothing_left).then_some(account.first_unsent),
            received,
            words: account.words(thing, total, received),
        }
    }

    /// The reasons to stop that are not the pipe's own.
    fn stop(&mut self, now: Moment) -> Option<Wish> {
        if let Some(exit) = self.audience.take_signal() {
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
            self.stopping = Stopping::AtOnce;
            self.verdict.fail(Exit::TimeUsedUp, format!("after {}", span(limit.span)));
            return Some(Wish::Life(Command::Stop("time limit")));
        }
        let nobody_reads = match &self.payload {
            Some(payload) => payload.is_gone(),
            None => self.audience.is_deserted(),
        };
        if nobody_reads && self.stopping == Stopping::No {
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
            Step::Ping(data) => Some(Wish::Life(Command::PingWith(data.to_vec()))),
            Step::Close(body) => {
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
                (self.conn, self.our_close, self.is_confirmed) = (conn, None, false);
                self.pipe.opened();
            }
            EventKind::CloseSeen(ref close) => self.see_close(close),
            _ => {}
        }
        self.emit(at, conn, kind);
    }

    fn message(&mut self, now: Moment, _conn: ConnId, message: &Message) {
        if !self.pipe.message(now) {
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
        self.audience.is_holding() || self.payload.as_ref().is_some_and(Payload::is_full)
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
