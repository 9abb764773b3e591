//! The contracts of the loop: who looks on and says what is wanted, who makes connections. Owns their shapes; `driver` and
//! `rounds` ask, `reach` and the commands answer.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio_tungstenite::tungstenite::Message;

use crate::event::{ConnId, DialFailed, EventKind, Opened, Wanted};
use crate::fault::socket::idle::Passed;
use crate::moment::{Moment, Span};
use crate::net::kernel::TcpInfo;
use crate::net::link::{Link, Socket};
use crate::watch::ledger::{Ledger, Line};
use crate::watch::life::{Command, FrameNote, Life};

/// Who looks on and says what is wanted.
pub trait Control {
    /// An event of connection `conn` (0: of the run).
    fn on(&mut self, at: Moment, conn: ConnId, kind: EventKind);
    /// A control frame, whether frames are wanted or not.
    fn control_frame(&mut self, _note: &FrameNote) {}
    /// A text or binary message, before it is thrown away.
    fn message(&mut self, now: Moment, conn: ConnId, message: &Message);
    /// The next wish; asked again until there is none.
    fn wish(&mut self, now: Moment, progress: &Progress) -> Option<Wish>;
    /// The account in which the link keeps how far each line has come; none where there are no lines.
    fn ledger(&self) -> Option<Rc<RefCell<Ledger>>> {
        None
    }
    /// The connection is over: these lines did not go out on it.
    fn unsent(&mut self, _lines: Vec<Line>) {}
    /// Reading stood still for that long: clocks of the control's own did so too.
    fn held(&mut self, _span: Span) {}
    /// What was asked for with [`Wish::Look`].
    fn look(&mut self, _now: Moment, _look: Look) {}
    /// May a message lead to one of ours? Then the peer's next frame is not read before: a Close among them would be
    /// answered ahead of it.
    fn answers_messages(&self) -> bool {
        true
    }
    /// What is to be built of frames and messages from now on; it may change while a connection is open.
    fn wanted(&self) -> Wanted;
    /// When a wish may come by time alone.
    fn deadline(&self) -> Option<Moment>;
    /// True while events cannot be taken: then nothing is read.
    fn is_holding(&self) -> bool;
    /// Wakes when a wish may have come, or holding has ended.
    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    pub passed: Passed,
    /// Is there room for more to send? Without it a wish to send waits in memory.
    pub has_room: bool,
    /// All that was to be sent is with the kernel.
    pub all_written: bool,
}

/// An open connection as the wire and the kernel count it.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub opened: Moment,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub kernel: Option<TcpInfo>,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    Life(Command),
    /// This message; an echo, for one.
    Send(Message),
    /// Lines, which come back by [`Control::unsent`] if they do not go out.
    Lines(Vec<Line>),
    /// Tell how the connection is, by [`Control::look`].
    Look,
    /// These bytes between two frames, whatever they are.
    Inject(Injected),
    /// End TCP without a Close frame.
    Fin,
    Reset,
    /// End TCP without the end of TLS.
    Truncate,
    Freeze,
}

/// Bytes past the message engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injected {
    pub bytes: Vec<u8>,
    /// They are no frames, not even illegal ones: reading them as such would lose the place in the stream.
    pub opaque: bool,
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
