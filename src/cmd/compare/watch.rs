//! Who looks on while the three ways are compared: hands every event to the readers, the diagnosis and the outcome, takes
//! the socket's messages and its bytes, and ends the run in time. Owns the first reason to stop; polling is next door.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio_tungstenite::tungstenite::Message;

use crate::cmd::audience::Audience;
use crate::cmd::compare::polling::{foreign_message, micros};
use crate::cmd::outcome::under_way;
use crate::cmd::run::Limit;
use crate::diagnose::asked;
use crate::event::show::span;
use crate::event::{ConnId, EventKind, Exit, Judged, Wanted};
use crate::exam::compare::{Course, Traffic, read_message};
use crate::moment::{Moment, Span};
use crate::net::clock::Clock;
use crate::net::control::{Control, Progress, Wish};
use crate::net::driver::parts;
use crate::watch::life::Command;
use crate::watch::session::Totals;
use crate::wire::close::CloseBody;

/// What the socket and the polls must know of each other.
#[derive(Debug, Default)]
pub struct Shared {
    /// From when to when all listen; none before the socket is open.
    listening: Cell<Option<(Moment, Moment)>>,
    opened: Notify,
    failed: RefCell<Option<String>>,
    failure: Arc<Notify>,
}

impl Shared {
    /// Waits until the socket is open: from when to when to listen.
    pub async fn opened(&self) -> (Moment, Moment) {
        loop {
            if let Some(listening) = self.listening.get() {
                return listening;
            }
            self.opened.notified().await;
        }
    }

    /// One way failed; the first counts.
    pub fn fail(&self, why: String) {
        self.failed.borrow_mut().get_or_insert(why);
        self.failure.notify_one();
    }

    fn has_failed(&self) -> bool {
        self.failed.borrow().is_some()
    }
}

/// What the run is about.
pub struct Subject {
    /// The socket's URL.
    pub socket: String,
    /// How long all listen.
    pub listen: Span,
    /// The wall clock at the start of the run, in microseconds since 1970.
    pub wall_start: i64,
    pub wanted: Wanted,
    pub limit: Option<Limit>,
}

/// Everybody who looks on.
pub struct Watch<'a> {
    subject: Subject,
    audience: Audience<'a>,
    failure: Pin<Box<OwnedNotified>>,
    shared: Rc<Shared>,
    course: Course,
    traffic: Traffic,
    /// A poll was answered: what fails from here on is one way, and not the whole.
    reached: bool,
    is_closing: bool,
    /// The socket listened to the end.
    has_listened: bool,
}

impl<'a> Watch<'a> {
    /// Nothing has happened yet.
    pub fn new(subject: Subject, audience: Audience<'a>) -> Watch<'a> {
        let shared = Rc::new(Shared::default());
        let failure = Box::pin(Arc::clone(&shared.failure).notified_owned());
        let traffic = Traffic { url: subject.socket.clone(), open_connections: 1, ..Traffic::default() };
        Watch {
            subject,
            audience,
            failure,
            shared,
            course: Course::new(None),
            traffic,
            reached: false,
            is_closing: false,
            has_listened: false,
        }
    }

    /// What the polls look at.
    pub fn shared(&self) -> Rc<Shared> {
        Rc::clone(&self.shared)
    }

    /// A poll was answered.
    pub fn reached(&mut self) {
        self.reached = true;
    }

    /// Has all gone well so far, to the end of listening?
    pub fn is_on_course(&self) -> bool {
        self.has_listened && !self.shared.has_failed()
    }

    /// What the socket has brought, and what it took.
    pub fn take_socket(&mut self) -> (Course, Traffic) {
        (std::mem::take(&mut self.course), std::mem::take(&mut self.traffic))
    }

    /// Waits for `work`; none when somebody or the time limit ends the run before.
    pub async fn wait_for<T>(&mut self, work: impl Future<Output = T>, clock: Clock) -> Option<T> {
        let limit = self.subject.limit;
        let over = async {
            match limit {
                Some(limit) => tokio::time::sleep_until(clock.instant(limit.at)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            done = work => Some(done),
            exit = self.audience.next_signal() => {
                self.interrupted(clock.now(), exit);
                None
            }
            () = over => {
                self.time_used_up(clock.now());
                None
            }
        }
    }

    /// Ends the run: the findings that need the whole of it, then the verdict. `healthy` is the fact when all is well.
    pub fn judge(mut self, clock: Clock, url: &str, totals: Totals, healthy: String) -> Judged {
        let now = clock.now();
        let failed = self.shared.failed.borrow_mut().take();
        if let Some(why) = failed {
            self.audience.outcome.stop(Exit::Failed, why);
        }
        let mut judged = self.audience.judge(now, url, totals);
        if judged.exit == Exit::Healthy {
            judged.fact = healthy;
        } else if self.reached && is_of_a_connection(judged.exit) {
            // The peer was there: one way does not work.
            judged.fact = format!("socket: {}", judged.fact);
            judged.exit = Exit::Failed;
            judged.verdict = Exit::Failed.word().to_ascii_lowercase();
        }
        self.audience.tell_verdict(now, judged.clone());
        judged
    }

    /// The socket's handshake, byte for byte, and its frames as the tap has counted them.
    fn count(&mut self, kind: &EventKind) {
        let traffic = &mut self.traffic;
        match kind {
            EventKind::TcpOpen(_) => traffic.connections += 1,
            EventKind::UpgradeSent(sent) => {
                traffic.requests += 1;
                traffic.bytes_out += sent.head.raw().len() as u64;
            }
            EventKind::UpgradeAnswered(answer) => traffic.bytes_in += answer.head.raw().len() as u64,
            EventKind::Ended(ended) => {
                traffic.bytes_in += ended.bytes_in;
                traffic.bytes_out += ended.bytes_out;
            }
            _ => {}
        }
    }

    fn begin(&self, at: Moment) {
        self.shared.listening.set(Some((at, at.after(self.subject.listen))));
        self.shared.opened.notify_one();
    }

    fn interrupted(&mut self, now: Moment, exit: Exit) {
        self.is_closing = true;
        self.has_listened = false;
        self.audience.outcome.stop(exit, format!("after {}", span(now.since(Moment::START))));
    }

    fn time_used_up(&mut self, now: Moment) {
        let Some(limit) = self.subject.limit else { return };
        self.is_closing = true;
        self.has_listened = false;
        let doing = self.audience.outcome.phase().map_or("comparing the three ways", under_way);
        self.audience.outcome.stop(Exit::TimeUsedUp, format!("after {}, {doing}", span(limit.span)));
        self.audience.find(now, ConnId::default(), asked::time_used_up(limit.span, doing));
    }

    fn stop(&mut self, now: Moment) -> Option<Command> {
        if let Some(exit) = self.audience.take_signal() {
            self.interrupted(now, exit);
            return Some(Command::Stop(exit.meaning()));
        }
        if self.subject.limit.is_some_and(|limit| limit.at <= now) {
            self.time_used_up(now);
            return Some(Command::Stop("time limit"));
        }
        let is_over = self.shared.listening.get().is_some_and(|(_, until)| until <= now);
        if !is_over && !self.shared.has_failed() {
            return None;
        }
        self.has_listened = is_over;
        self.is_closing = true;
        Some(Command::Close(CloseBody { code: Some(1000), reason: String::new() }))
    }
}

impl Control for Watch<'_> {
    fn on(&mut self, at: Moment, conn: ConnId, kind: EventKind) {
        self.count(&kind);
        let is_open = matches!(kind, EventKind::Open(_));
        self.audience.emit(at, conn, kind);
        if is_open {
            self.begin(at);
        }
    }

    fn message(&mut self, now: Moment, _conn: ConnId, message: &Message) {
        let (_, bytes) = parts(message);
        let text = String::from_utf8_lossy(bytes);
        match read_message(&text) {
            Some(stamp) => self.course.arrived(stamp, micros(self.subject.wall_start, now)),
            None => self.shared.fail(format!("socket: {}", foreign_message(&self.subject.socket, &text))),
        }
    }

    fn wish(&mut self, now: Moment, _progress: &Progress) -> Option<Wish> {
        self.audience.pass_time(now);
        if self.is_closing {
            return None;
        }
        self.stop(now).map(Wish::Life)
    }

    fn wanted(&self) -> Wanted {
        self.subject.wanted
    }

    fn deadline(&self) -> Option<Moment> {
        if self.is_closing {
            return None;
        }
        let until = self.shared.listening.get().map(|(_, until)| until);
        [until, self.subject.limit.map(|limit| limit.at)].into_iter().flatten().min()
    }

    fn is_holding(&self) -> bool {
        self.audience.is_holding()
    }

    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.failure.as_mut().poll(cx).is_ready() {
            self.failure = Box::pin(Arc::clone(&self.shared.failure).notified_owned());
            return Poll::Ready(());
        }
        self.audience.poll_wake(cx)
    }
}

/// The exits of a dial that failed and of a connection that ended.
fn is_of_a_connection(exit: Exit) -> bool {
    matches!(exit.word(), "UNREACHABLE" | "REFUSED" | "DROPPED")
}
