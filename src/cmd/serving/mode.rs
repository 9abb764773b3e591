//! What a server does with messages: the modes, by `--mode` for all or by path for one client. Owns each mode's state for one
//! connection and what it wants next; what a connection does wrong on purpose is `fault`'s.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::futures::OwnedNotified;
use tokio_tungstenite::tungstenite::Message;

use crate::cmd::hub::Hub;
use crate::cmd::serving::room::{Room, Seat};
use crate::cmd::serving::source::{Sink, Source, SourcePlan};
use crate::event::{Check, ConnId, Received};
use crate::exam::script::{self, Play, Script};
use crate::moment::Moment;
use crate::net::driver::parts;
use crate::net::http::{Listening, Messages};

/// What is done with messages.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Every message comes back.
    Echo,
    /// Every message goes to every client in this mode.
    Broadcast,
    /// Nothing.
    Silent,
    /// Messages are sent without being asked for.
    Source,
    /// Messages are read and counted.
    Sink,
    /// The shared stream that polling carries too.
    Stream,
    /// A time line.
    Script(Arc<Script>),
}

/// The paths that choose a mode for one client.
pub const PATHS: [(&str, Mode); 6] = [
    ("/echo", Mode::Echo),
    ("/broadcast", Mode::Broadcast),
    ("/silent", Mode::Silent),
    ("/source", Mode::Source),
    ("/sink", Mode::Sink),
    ("/stream", Mode::Stream),
];

/// The path of a request's target, without its query; of one in absolute form too (RFC 9112 section 3.2.2).
pub fn path_of(target: &str) -> &str {
    let path = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => rest.find('/').map_or("/", |at| &rest[at..]),
        _ => target,
    };
    path.split('?').next().unwrap_or_default()
}

impl Mode {
    /// The mode that this path asks for, if it asks for one.
    pub fn of_path(target: &str) -> Option<Mode> {
        let path = path_of(target);
        PATHS.into_iter().find(|(known, _)| *known == path).map(|(_, mode)| mode)
    }

    /// Its name, as on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Mode::Echo => "echo",
            Mode::Broadcast => "broadcast",
            Mode::Silent => "silent",
            Mode::Source => "source",
            Mode::Sink => "sink",
            Mode::Stream => "stream",
            Mode::Script(_) => "script",
        }
    }
}

/// What the modes of all clients share.
pub struct Stage {
    pub source: SourcePlan,
    pub room: Rc<Room>,
    pub hub: Hub,
}

/// What a mode wants of its connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    Send(Message),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
    /// A fault of the grammar, done now.
    Fault(String),
}

/// A mode at work on one connection.
#[derive(Debug)]
pub struct Playing {
    conn: ConnId,
    part: Part,
    /// There is something to send, and no room for it.
    blocked: bool,
    /// Its own Close is asked for.
    closing: bool,
}

#[derive(Debug)]
enum Part {
    Echo(VecDeque<Message>),
    Broadcast(Rc<Room>, Rc<Seat>),
    Silent,
    Source(Source),
    Sink(Sink),
    Stream(Box<Stream>),
    Script(Box<Play>),
}

impl Playing {
    /// From the open on.
    pub fn begin(mode: &Mode, stage: &Stage, conn: ConnId, opened: Moment) -> Playing {
        let part = match mode {
            Mode::Echo => Part::Echo(VecDeque::new()),
            Mode::Broadcast => Part::Broadcast(Rc::clone(&stage.room), stage.room.enter(conn)),
            Mode::Silent => Part::Silent,
            Mode::Source => Part::Source(Source::new(stage.source, opened)),
            Mode::Sink => Part::Sink(Sink::new(opened)),
            Mode::Stream => Part::Stream(Box::new(Stream::new(&stage.hub))),
            Mode::Script(script) => Part::Script(Box::new(Play::new(Arc::clone(script), opened))),
        };
        Playing { conn, part, blocked: false, closing: false }
    }

    /// A message of the client's.
    pub fn message(&mut self, now: Moment, message: &Message) {
        match &mut self.part {
            Part::Echo(echoes) => echoes.push_back(message.clone()),
            Part::Broadcast(room, _) => room.say(message),
            Part::Sink(sink) => sink.count(message.len()),
            Part::Script(play) => {
                let (text, bytes) = parts(message);
                play.message(now, text.is_some(), bytes);
            }
            Part::Silent | Part::Source(_) | Part::Stream(_) => {}
        }
    }

    /// The client's Close came.
    pub fn closed(&mut self, now: Moment, code: Option<u16>) {
        if let Part::Script(play) = &mut self.part {
            play.closed(now, code);
        }
    }

    /// What is wanted next; asked until there is nothing.
    pub fn next(&mut self, now: Moment, has_room: bool) -> Option<Turn> {
        // An echo holds its reading back by itself.
        if let Part::Echo(echoes) = &mut self.part {
            return echoes.pop_front().map(Turn::Send);
        }
        self.blocked = !has_room;
        if self.blocked || self.closing {
            return None;
        }
        let turn = match &mut self.part {
            Part::Broadcast(_, seat) if seat.is_overrun() => Turn::Close(Some(1013), "too slow for the room".into()),
            Part::Broadcast(_, seat) => Turn::Send(seat.take()?),
            Part::Source(source) => match source.next(now, has_room) {
                Some(text) => Turn::Send(Message::text(text)),
                None if source.is_over() => Turn::Close(Some(1000), String::new()),
                None => return None,
            },
            Part::Stream(stream) => Turn::Send(Message::text(&*stream.take()?)),
            Part::Script(play) => scripted(play, now)?,
            Part::Echo(_) | Part::Silent | Part::Sink(_) => return None,
        };
        self.closing = matches!(turn, Turn::Close(..));
        Some(turn)
    }

    /// What a sink has counted, when it is time to tell; all of it at the end.
    pub fn received(&mut self, now: Moment, is_end: bool) -> Option<Received> {
        match &mut self.part {
            Part::Sink(sink) => sink.tell(now, is_end),
            _ => None,
        }
    }

    /// An expectation of the script that is decided.
    pub fn check(&mut self) -> Option<Check> {
        match &mut self.part {
            Part::Script(play) => play.check_done(),
            _ => None,
        }
    }

    /// When time alone makes something happen.
    pub fn deadline(&self) -> Option<Moment> {
        match &self.part {
            Part::Sink(sink) => sink.deadline(),
            _ if self.blocked || self.closing => None,
            Part::Source(source) => source.deadline(),
            Part::Script(play) => play.deadline(),
            Part::Echo(_) | Part::Broadcast(..) | Part::Silent | Part::Stream(_) => None,
        }
    }

    /// Ready when somebody else has made something to send.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.part {
            _ if self.blocked || self.closing => Poll::Pending,
            Part::Broadcast(_, seat) => seat.poll(cx),
            Part::Stream(stream) => stream.poll(cx),
            _ => Poll::Pending,
        }
    }
}

/// A reader of the shared stream.
struct Stream {
    hub: Hub,
    next: u64,
    waiting: VecDeque<Rc<str>>,
    arrival: Pin<Box<OwnedNotified>>,
    /// While it is held, messages are made.
    _listening: Box<dyn Listening>,
}

impl Stream {
    /// From the next message on.
    fn new(hub: &Hub) -> Stream {
        let arrival = Box::pin(hub.arrival().notified_owned());
        Stream { next: hub.next(), waiting: VecDeque::new(), arrival, _listening: hub.listen(), hub: hub.clone() }
    }

    fn take(&mut self) -> Option<Rc<str>> {
        if self.waiting.is_empty() {
            let fresh = self.hub.since(self.next);
            self.next = fresh.last().map_or(self.next, |(number, _)| number + 1);
            self.waiting.extend(fresh.into_iter().map(|(_, text)| text));
        }
        self.waiting.pop_front()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        std::task::ready!(self.arrival.as_mut().poll(cx));
        self.arrival = Box::pin(self.hub.arrival().notified_owned());
        Poll::Ready(())
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("next", &self.next).finish_non_exhaustive()
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        if let Part::Broadcast(room, _) = &self.part {
            room.leave(self.conn);
        }
    }
}

fn scripted(play: &mut Play, now: Moment) -> Option<Turn> {
    use crate::watch::life::Outgoing;
    let wish = play.wish(now);
    if play.failed() {
        return Some(Turn::Close(Some(1011), "the script's expectation did not hold".into()));
    }
    Some(match wish? {
        script::Wish::Send(Outgoing::Text(text)) => Turn::Send(Message::text(text)),
        script::Wish::Send(Outgoing::Binary(bytes)) => Turn::Send(Message::binary(bytes)),
        script::Wish::Send(Outgoing::Ping(payload)) => Turn::Send(Message::Ping(payload.into())),
        script::Wish::Send(Outgoing::Close(body)) | script::Wish::Close(body) => Turn::Close(body.code, body.reason),
        script::Wish::Send(Outgoing::Pong(payload)) | script::Wish::Pong(payload) => Turn::Pong(payload),
        script::Wish::Fault(spec) => Turn::Fault(spec),
    })
}
