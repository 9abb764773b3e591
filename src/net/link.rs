//! One open connection: tap, filter and message engine, an outbox, and one poll function. Owns the order of reading and
//! writing, the drain of the read side after a write error, and the end of TLS and TCP. It decides nothing: `watch::life`
//! does.

mod lines;
mod parting;
mod writing;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{self, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use crate::event::{Payload, Wanted};
use crate::fault::socket::pace::Pace;
use crate::moment::Moment;
use crate::net::clock::Clock;
use crate::net::control::{Injected, Progress};
use crate::net::cut::classify_end;
use crate::net::filter::Filter;
use crate::net::kernel;
use crate::net::outbox::{FRAGMENT, Outbox};
use crate::net::tap::{ReadEnd, Tap};
use crate::watch::ledger::Ledger;
use crate::watch::life::{End, FrameNote, Mark, Outgoing, Role};
use crate::watch::liveness::Cut;
use crate::wire::rewrite::Rewrite;
use crate::wire::sequence::Breach;

/// What a link stands on.
pub trait Socket: AsyncRead + AsyncWrite + Unpin {
    /// The TCP socket under it, for the kernel's account; none where there is none.
    fn descriptor(&self) -> Option<RawFd>;
}

impl Socket for tokio::io::DuplexStream {
    fn descriptor(&self) -> Option<RawFd> {
        None
    }
}

/// How a link is set up.
pub struct Setup {
    pub role: Role,
    /// The largest message, in bytes.
    pub max_message: u64,
    pub wanted: Wanted,
    /// What faults put between engine and wire.
    pub rewrite: Option<Box<dyn Rewrite>>,
    pub pace: Option<Pace>,
    /// Bytes that came with the handshake's head.
    pub rest: Vec<u8>,
}

/// One thing that the connection did.
#[derive(Debug)]
pub enum Io {
    Frame(FrameNote),
    /// A text or binary message.
    Message(Message),
    /// The bytes that arrived so far, after the frames and messages that they complete.
    Bytes(u64),
    Written(Mark),
    /// Nothing more comes.
    End(Cut),
}

/// An open connection.
#[derive(Debug)]
pub struct Link<S> {
    engine: WebSocketStream<Filter<Tap<S>>>,
    clock: Clock,
    wanted: Wanted,
    outbox: Outbox,
    /// How far each line has come.
    ledger: Option<Rc<RefCell<Ledger>>>,
    /// Marks that somebody waits for, and how many messages nobody waits for.
    unflushed: Vec<Mark>,
    unflushed_messages: usize,
    /// Bytes of a fault, to be put between two frames.
    injected: VecDeque<Injected>,
    injecting: bool,
    dirty: bool,
    /// A Close frame is with the engine, or came from it.
    said_close: bool,
    heard_close: bool,
    /// One pass of reading gives so many messages at most.
    pass_messages: usize,
    ready: VecDeque<Io>,
    bytes_told: u64,
    /// Messages that were handed on.
    delivered: u64,
    reading: Reading,
    /// The first error of writing, as a class.
    write_cut: Option<Cut>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reading {
    Engine,
    /// Below the engine, thrown away: after a write error until the moment, after the engine's end for as long as it takes.
    Raw {
        until: Option<Moment>,
    },
    /// Not at all.
    Frozen,
}

/// Where no message is answered, one pass of reading gives so many at most, and stops behind so many bytes of them.
const PASS_MESSAGES: usize = 64;
const PASS_BYTES: usize = 256 * 1024;
/// So many pieces of a fault wait at most.
const INJECTED_MAX: usize = 256;
const READ_BUFFER_CLIENT: usize = 16 * 1024;
const READ_BUFFER_SERVER: usize = 4 * 1024;
const WRITE_BUFFER: usize = 128 * 1024;

/// How much of a frame's payload is kept for whoever wants it.
fn preview(wanted: Wanted) -> usize {
    match wanted.messages {
        Payload::No => 0,
        Payload::Head(head) => head,
        Payload::Whole => usize::MAX,
    }
}

impl<S: Socket> Link<S> {
    /// Takes over a stream behind its opening handshake.
    pub async fn new(io: S, setup: Setup, clock: Clock) -> Link<S> {
        let Setup { role, max_message, wanted, rewrite, pace, rest } = setup;
        let tap = Tap::new(io, rest, role, max_message, wanted, preview(wanted), clock);
        let (role, read_buffer) = match role {
            Role::Client => (protocol::Role::Client, READ_BUFFER_CLIENT),
            Role::Server => (protocol::Role::Server, READ_BUFFER_SERVER),
        };
        let largest = usize::try_from(max_message).unwrap_or(usize::MAX);
        let config = WebSocketConfig::default()
            .read_buffer_size(read_buffer)
            .write_buffer_size(WRITE_BUFFER)
            .max_write_buffer_size(WRITE_BUFFER + 4 * FRAGMENT)
            .max_message_size(Some(largest))
            .max_frame_size(Some(largest));
        let filter = Filter::new(tap, rewrite, pace, clock);
        Link {
            engine: WebSocketStream::from_raw_socket(filter, role, Some(config)).await,
            clock,
            wanted,
            outbox: Outbox::default(),
            ledger: None,
            unflushed: Vec::new(),
            unflushed_messages: 0,
            injected: VecDeque::new(),
            injecting: false,
            dirty: false,
            said_close: false,
            heard_close: false,
            pass_messages: 1,
            ready: VecDeque::new(),
            bytes_told: 0,
            delivered: 0,
            reading: Reading::Engine,
            write_cut: None,
        }
    }

    /// Queues a message; its mark comes back as [`Io::Written`] once it is flushed.
    pub fn send(&mut self, outgoing: Outgoing, mark: Mark) {
        self.outbox.send(outgoing, mark);
    }

    /// Queues the payload of a message without copying it.
    pub fn send_bytes(&mut self, bytes: Bytes, text: bool, mark: Mark) {
        self.outbox.send_bytes(bytes, text, mark);
    }

    /// Queues bytes that the engine knows nothing of, legal or not; they go out between two frames.
    pub fn inject(&mut self, injected: Injected) {
        self.injected.push_back(injected);
    }

    /// Stop reading for good: the kernel acknowledges, nobody reads.
    pub fn freeze(&mut self) {
        self.reading = Reading::Frozen;
    }

    /// A frozen link sees its peer's end only in the kernel's account.
    pub fn is_abandoned(&self) -> bool {
        self.reading == Reading::Frozen && self.kernel().is_some_and(|info| info.closing)
    }

    /// Has the last pass given more than was taken of it?
    pub fn has_more(&self) -> bool {
        !self.ready.is_empty()
    }

    /// No message is answered: several may be read before the first is handed on.
    pub fn read_many(&mut self) {
        self.pass_messages = PASS_MESSAGES;
    }

    /// The next message, if it is the next thing that the last pass gave.
    pub fn next_message(&mut self) -> Option<Message> {
        match self.ready.pop_front_if(|io| matches!(io, Io::Message(_)))? {
            Io::Message(message) => Some(message),
            _ => None,
        }
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let has_room = !self.outbox.is_full() && !self.injecting && self.injected.len() < INJECTED_MAX;
        let all_written = self.outbox.is_empty() && !self.dirty && !self.injecting && self.injected.is_empty();
        Progress { passed: self.tap().passed(), has_room, all_written }
    }

    /// From now on this is wanted; true if it was something else before.
    pub fn want(&mut self, wanted: Wanted) -> bool {
        if self.wanted == wanted {
            return false;
        }
        self.wanted = wanted;
        self.engine.get_mut().below_mut().want(wanted.frames, preview(wanted));
        true
    }

    /// Has the next hop acknowledged what we wrote?
    pub fn delivered(&self) -> Option<bool> {
        self.kernel().map(|info| info.delivered())
    }

    /// When [`Link::poll_io`] must be asked again, though nothing moves.
    pub fn deadline(&self) -> Option<Moment> {
        match self.reading {
            Reading::Raw { until } => until,
            Reading::Engine | Reading::Frozen => None,
        }
    }

    /// The account at the end.
    pub fn account(&self, now: Moment, cut: Cut) -> End {
        let io = self.tap().write_error().or(match self.tap().read_end() {
            Some(ReadEnd::Error(error)) => Some(error),
            _ => None,
        });
        End { cut, wire: self.tap().account(now), io: io.map(io::Error::to_string) }
    }

    /// What the connection did next. Replies go to the engine before more is read, and to the socket when the input is
    /// drained, or before if they are many or somebody waits for one: a system call a message would be the most of the cost.
    pub fn poll_io(&mut self, cx: &mut Context<'_>) -> Poll<Io> {
        if let Some(io) = self.ready.pop_front() {
            return Poll::Ready(io);
        }
        self.write(cx, self.is_urgent());
        if self.ready.is_empty() || self.outbox.is_empty() {
            self.read(cx);
        }
        if self.ready.is_empty() {
            self.write(cx, true);
        }
        match self.ready.pop_front() {
            Some(io) => Poll::Ready(io),
            None => Poll::Pending,
        }
    }

    fn read(&mut self, cx: &mut Context<'_>) {
        match self.reading {
            Reading::Frozen => {}
            // An echo must not take what it has no room to answer; who answers nothing reads on, since the peer may do the same.
            Reading::Engine if self.pass_messages == 1 && self.outbox.is_full() => {}
            Reading::Engine => self.read_engine(cx),
            Reading::Raw { until } => self.read_raw(cx, until),
        }
    }

    /// Reads what is there, but not without end: a pass is to leave time for others.
    fn read_engine(&mut self, cx: &mut Context<'_>) {
        self.engine.get_mut().below_mut().begin_pass(PASS_BYTES);
        let (mut messages, mut bytes) = (0, 0);
        while messages < self.pass_messages && bytes < PASS_BYTES {
            let next = Pin::new(&mut self.engine).poll_next(cx);
            self.take_notes();
            match next {
                Poll::Pending => break,
                Poll::Ready(Some(Ok(message @ (Message::Text(_) | Message::Binary(_))))) => {
                    self.delivered += 1;
                    messages += 1;
                    bytes += message.len();
                    self.ready.push_back(Io::Message(message));
                    continue;
                }
                // The tap has told of the control frames.
                Poll::Ready(Some(Ok(message))) => {
                    self.heard_close |= message.is_close();
                    self.again(cx);
                }
                Poll::Ready(Some(Err(error))) => self.engine_ended(Some(&error), cx),
                Poll::Ready(None) => self.engine_ended(None, cx),
            }
            break;
        }
        self.tell_bytes();
    }

    fn engine_ended(&mut self, error: Option<&Error>, cx: &mut Context<'_>) {
        if let Some(end) = self.tap().read_end() {
            let cut = self.write_cut.unwrap_or_else(|| classify_end(end));
            return self.ready.push_back(Io::End(cut));
        }
        match error {
            Some(Error::Utf8(_)) => return self.ready.push_back(Io::End(Cut::Breach(Breach::TextNotUtf8))),
            Some(error) if self.tap().write_error().is_some() => self.write_failed(error),
            // The tap has told of the breach, or the closing handshake is through: the peer's end of stream is awaited.
            _ => {
                // The engine is through, and its answer may still wait below it.
                self.injecting = true;
                self.reading = Reading::Raw { until: None };
            }
        }
        self.again(cx);
    }

    fn read_raw(&mut self, cx: &mut Context<'_>, until: Option<Moment>) {
        let mut scratch = [0; 4096];
        self.engine.get_mut().below_mut().begin_pass(PASS_BYTES);
        loop {
            let mut buf = ReadBuf::new(&mut scratch);
            let polled = Pin::new(self.engine.get_mut()).poll_read(cx, &mut buf);
            self.take_notes();
            self.tell_bytes();
            match polled {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    if !self.ready.is_empty() {
                        return self.again(cx);
                    }
                }
                Poll::Ready(_) => return self.ready.push_back(Io::End(self.raw_end())),
                Poll::Pending => break,
            }
        }
        if until.is_some_and(|until| until <= self.clock.now()) {
            self.ready.push_back(Io::End(self.raw_end()));
        }
    }

    /// The first error wins. A write to a peer that had ended its direction before is the end that it had sent.
    fn raw_end(&self) -> Cut {
        let end = self.tap().read_end().map(classify_end);
        match (self.write_cut, end) {
            (Some(Cut::BrokenPipe), Some(Cut::Eof)) => Cut::Eof,
            (Some(cut), _) => cut,
            (None, end) => end.unwrap_or(Cut::Other),
        }
    }

    fn take_notes(&mut self) {
        let delivered = if self.reading == Reading::Engine { self.delivered } else { u64::MAX };
        while let Some(note) = self.engine.get_mut().below_mut().note(delivered) {
            self.ready.push_back(Io::Frame(note));
        }
    }

    fn tell_bytes(&mut self) {
        let total = self.tap().bytes_in();
        if total != self.bytes_told {
            self.bytes_told = total;
            self.ready.push_back(Io::Bytes(total));
        }
    }

    /// Ready again at once: this pass gave nothing to hand on.
    fn again(&mut self, cx: &mut Context<'_>) {
        cx.waker().wake_by_ref();
    }

    fn kernel(&self) -> Option<kernel::TcpInfo> {
        self.tap().io().descriptor().and_then(kernel::tcp_info)
    }

    fn tap(&self) -> &Tap<S> {
        self.engine.get_ref().below()
    }
}
