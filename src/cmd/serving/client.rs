//! One client of the server, from its open to its end: who looks on and says what is wanted. Owns the order of wishes: what
//! is done wrong on purpose, the stop of the server, what the mode sends.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::futures::OwnedNotified;
use tokio_tungstenite::tungstenite::Message;

use crate::cmd::serving::Shared;
use crate::cmd::serving::mode::{Playing, Turn};
use crate::event::{CloseSeen, ConnId, Direction, EventKind, MessageSeen, Payload, Wanted};
use crate::fault::conduct::{Conduct, Deed, Done};
use crate::fault::socket::idle::Passed;
use crate::fault::spec::{self, Doer, End};
use crate::moment::Moment;
use crate::net::control::{Control, Injected, Progress, Wish};
use crate::net::driver::parts;
use crate::watch::flood::{FRAMES_MAX, Flood};
use crate::watch::life::{Command, FrameNote, Outgoing};
use crate::wire::close::CloseBody;

/// So many bytes of a message are shown.
const SHOWN_MAX: usize = 1024;

/// One open connection.
pub struct Client {
    shared: Rc<Shared>,
    conn: ConnId,
    conduct: Conduct,
    playing: Playing,
    /// Fires when every client is concerned: the server stops, or all are kicked.
    signal: Pin<Box<OwnedNotified>>,
    kicks_seen: u64,
    flood: Flood,
    flooded: bool,
    /// When our Close, the first of both, was on the wire.
    said_at: Option<Moment>,
    /// Nothing of our own goes out any more.
    closed: bool,
    peer_closed: bool,
    frozen: bool,
    stopped: bool,
    /// The script has sent a ping: its pong is not unsolicited.
    pinged: bool,
}

impl Client {
    /// From the open on.
    pub fn new(shared: Rc<Shared>, conn: ConnId, conduct: Conduct, playing: Playing) -> Client {
        let signal = Box::pin(Arc::clone(&shared.signal).notified_owned());
        let kicks_seen = shared.kicks.get();
        Client {
            shared,
            conn,
            conduct,
            playing,
            signal,
            kicks_seen,
            flood: Flood::default(),
            flooded: false,
            said_at: None,
            closed: false,
            peer_closed: false,
            frozen: false,
            stopped: false,
            pinged: false,
        }
    }

    /// What is still to be told at the end.
    pub fn finish(&mut self, now: Moment) {
        if let Some(received) = self.playing.received(now, true) {
            self.on(now, self.conn, EventKind::Received(received));
        }
        self.tell_checks(now);
    }

    fn do_wrong(&mut self, now: Moment, done: Done) -> Option<Wish> {
        if let Some((name, words)) = done.told {
            self.shared.fault(now, self.conn, name, words);
        }
        Some(match done.deed {
            Deed::Close { code, reason } => self.close(code, reason),
            Deed::Fin => Wish::Fin,
            Deed::Rst => Wish::Reset,
            Deed::Truncate => Wish::Truncate,
            Deed::Freeze => {
                self.frozen = true;
                Wish::Freeze
            }
            Deed::Send(text) => Wish::Send(Message::text(text)),
            Deed::Inject(bytes) => Wish::Inject(Injected { bytes, opaque: false }),
            Deed::InjectOpaque(bytes) => Wish::Inject(Injected { bytes, opaque: true }),
            Deed::KickAll(end) => {
                self.shared.kick_all(end);
                return self.kicked(now, false);
            }
        })
    }

    fn close_seen(&mut self, at: Moment, close: &CloseSeen) {
        match (close.direction, close.first) {
            (Direction::Out, true) => self.said_at = Some(at),
            (Direction::In, first) => {
                self.peer_closed = true;
                self.playing.closed(at, close.code);
                if let (false, Some(said_at)) = (first, self.said_at) {
                    self.shared.close_answered(at, self.conn, close.code, at.since(said_at));
                }
            }
            (Direction::Out, false) => {}
        }
    }

    /// `by_another`: who kicks has told of it already.
    fn kicked(&mut self, now: Moment, by_another: bool) -> Option<Wish> {
        if self.kicks_seen == self.shared.kicks.get() || self.closed {
            return None;
        }
        self.kicks_seen = self.shared.kicks.get();
        let end = self.shared.kick.get()?;
        if by_another {
            self.shared.fault(now, self.conn, "kick-all", "ended together with all the others, as asked".into());
        }
        Some(match end {
            End::Fin => Wish::Fin,
            End::Rst => Wish::Reset,
            End::Close(code) => self.close(Some(code), String::new()),
        })
    }

    /// The server stops. Who has said its Close and is not answered, on purpose, and who is not read from cannot take part
    /// in another closing handshake.
    fn stop(&mut self) -> Wish {
        self.stopped = true;
        if self.frozen || self.peer_closed {
            return Wish::Life(Command::Stop("the server stops"));
        }
        self.close(Some(1001), String::new())
    }

    fn close(&mut self, code: Option<u16>, reason: String) -> Wish {
        self.closed = true;
        Wish::Life(Command::Close(CloseBody { code, reason }))
    }

    fn turn(&mut self, now: Moment, has_room: bool, passed: Passed) -> Option<Wish> {
        // Behind a Close nothing goes out, and what is only thrown away need not be made.
        if self.closed {
            return None;
        }
        Some(match self.playing.next(now, has_room)? {
            Turn::Send(Message::Ping(payload)) => {
                self.pinged = true;
                Wish::Life(Command::Send(Outgoing::Ping(payload.to_vec())))
            }
            Turn::Send(message) => Wish::Send(message),
            Turn::Pong(payload) => Wish::Inject(Injected { bytes: pong(&payload), opaque: false }),
            Turn::Close(code, reason) => self.close(code, reason),
            Turn::Fault(text) => {
                // It was read when the server began.
                self.conduct.add(spec::parse_for(Doer::Server, &text).ok()?);
                let done = self.conduct.due(now, passed)?;
                return self.do_wrong(now, done);
            }
        })
    }

    fn tell_checks(&mut self, now: Moment) {
        while let Some(check) = self.playing.check() {
            if !check.held {
                self.shared.failed_checks.set(self.shared.failed_checks.get() + 1);
            }
            self.shared.emit(now, self.conn, EventKind::Check(check));
        }
    }
}

fn pong(payload: &[u8]) -> Vec<u8> {
    use crate::wire::header::{Header, Opcode, frame_bytes};
    frame_bytes(Header::new(Opcode::Pong, 0, None), &payload[..payload.len().min(125)])
}

impl Control for Client {
    fn on(&mut self, at: Moment, conn: ConnId, kind: EventKind) {
        if let EventKind::CloseSeen(close) = &kind {
            self.close_seen(at, close);
        }
        if !(self.pinged && matches!(kind, EventKind::StrayPong(_))) {
            self.shared.story(at, conn, &kind);
        }
        self.shared.emit(at, conn, kind);
    }

    fn control_frame(&mut self, note: &FrameNote) {
        self.flooded |= note.direction == Direction::In && self.flood.count(note.last_at);
        self.shared.control_frame(self.conn, note);
    }

    fn message(&mut self, now: Moment, conn: ConnId, message: &Message) {
        let (text, bytes) = parts(message);
        self.shared.heard(now, conn, text.is_some(), bytes);
        let kept = match self.wanted().messages {
            Payload::Head(head) => Payload::Head(head.min(SHOWN_MAX)),
            other => other,
        };
        let payload = kept.keep(bytes);
        if payload.is_some() {
            let (text, len) = (text.is_some(), bytes.len() as u64);
            self.on(now, conn, EventKind::Message(MessageSeen { direction: Direction::In, text, len, payload }));
        }
        self.playing.message(now, message);
    }

    fn wish(&mut self, now: Moment, progress: &Progress) -> Option<Wish> {
        if let Some(done) = self.conduct.due(now, progress.passed) {
            return self.do_wrong(now, done);
        }
        if let Some(wish) = self.kicked(now, true) {
            return Some(wish);
        }
        if self.flooded && !self.closed {
            return Some(self.close(Some(1008), format!("more than {FRAMES_MAX} control frames in a second")));
        }
        if self.shared.stopping.get() && !self.stopped {
            return Some(self.stop());
        }
        let turn = self.turn(now, progress.has_room, progress.passed);
        if turn.is_none()
            && let Some(received) = self.playing.received(now, false)
        {
            self.on(now, self.conn, EventKind::Received(received));
        }
        self.tell_checks(now);
        turn
    }

    fn wanted(&self) -> Wanted {
        self.shared.wanted()
    }

    fn deadline(&self) -> Option<Moment> {
        [self.conduct.deadline(), self.playing.deadline()].into_iter().flatten().min()
    }

    fn is_holding(&self) -> bool {
        self.shared.fan.borrow().full()
    }

    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.conduct.take_new() || self.playing.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if self.stopped || self.signal.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.signal = Box::pin(Arc::clone(&self.shared.signal).notified_owned());
        Poll::Ready(())
    }
}
