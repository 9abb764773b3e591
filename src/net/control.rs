//! The contracts of the loop: who looks on and says what is wanted, who makes connections. Owns their shapes; `driver` and
//! `rounds` ask, `reach` and the commands answer.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio_tungstenite::tungstenite::Message;

use crate::event::{ConnId, DialFailed, EventKind, Opened};
use crate::moment::{Moment, Span};
use crate::net::link::{Link, Socket};
use crate::watch::life::{Command, Life};

/// Who looks on and says what is wanted.
pub trait Control {
    /// An event of connection `conn` (0: of the run).
    fn on(&mut self, at: Moment, conn: ConnId, kind: EventKind);
    /// A text or binary message, before it is thrown away.
    fn message(&mut self, now: Moment, conn: ConnId, message: &Message);
    /// The next wish; asked again until there is none. `arrived`: frames and bytes of the connection so far.
    fn wish(&mut self, now: Moment, arrived: (u64, u64)) -> Option<Wish>;
    /// When a wish may come by time alone.
    fn deadline(&self) -> Option<Moment>;
    /// True while events cannot be taken: then nothing is read.
    fn is_holding(&self) -> bool;
    /// Wakes when a wish may have come, or holding has ended.
    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    Life(Command),
    /// An echo: this message back.
    Send(Message),
    /// These bytes between two frames, whatever they are.
    Inject(Vec<u8>),
    /// End TCP without a Close frame.
    Fin,
    Reset,
    Freeze,
}

/// Makes connections.
pub trait Dialer {
    type Io: Socket;
    /// Dials once; what happens on the way goes to `log`.
    fn dial(&mut self, attempt: u32, log: Log) -> impl Future<Output = Result<Dialled<Self::Io>, DialEnd>>;
    /// The life of the connection that was just opened.
    fn life(&self, opened: Moment) -> Life;
    /// A number from 0 up to 1, a new one each time.
    fn dice(&mut self) -> f64;
}

/// A connection, just opened.
#[derive(Debug)]
pub struct Dialled<S> {
    pub link: Link<S>,
    pub opened: Opened,
}

/// A dial that failed.
#[derive(Debug)]
pub struct DialEnd {
    pub failed: DialFailed,
    /// The server's wish.
    pub retry_after: Option<Span>,
}

/// The events of a dial under way, each with its moment.
#[derive(Clone, Debug, Default)]
pub struct Log(Rc<RefCell<VecDeque<(Moment, EventKind)>>>);

impl Log {
    /// Adds an event.
    pub fn tell(&self, at: Moment, kind: EventKind) {
        self.0.borrow_mut().push_back((at, kind));
    }

    /// Takes the oldest event.
    pub fn take(&self) -> Option<(Moment, EventKind)> {
        self.0.borrow_mut().pop_front()
    }
}
