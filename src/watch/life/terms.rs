//! The words of a life: its plan, what goes in, what comes out, and the account at its end. Owns their shape; what
//! follows from them is the module above.

use crate::event::{Direction, EventKind, FrameBrief, Holder};
use crate::moment::{Moment, Span};
use crate::watch::farewell::FarewellRule;
use crate::watch::heartbeat;
use crate::watch::liveness::Cut;
use crate::wire::close::CloseBody;
use crate::wire::header::Header;
use crate::wire::sequence::Breach;

/// What a connection is to do.
#[derive(Clone, Debug)]
pub struct Plan {
    pub role: Role,
    pub heartbeat: heartbeat::Plan,
    /// How long the peer's Close may take.
    pub close_timeout: Span,
    pub farewell: FarewellRule,
    /// Are frame events wanted?
    pub frames: bool,
}

/// Which end we are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Client,
    Server,
}

/// A frame that the tap has seen: complete, or its header when that breaks a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameNote {
    pub direction: Direction,
    pub header: Header,
    pub first_at: Moment,
    pub last_at: Moment,
    /// Unmasked: the whole of a control frame, the wanted head of another.
    pub payload: Vec<u8>,
    pub breach: Option<Breach>,
}

/// A message on its way out.
#[derive(Clone, Debug, PartialEq)]
pub enum Outgoing {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    /// One that nobody asked for (RFC 6455 section 5.5.3).
    Pong(Vec<u8>),
    Close(CloseBody),
}

/// What was flushed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    Heartbeat(u64),
    Message,
    Close,
}

/// What somebody asks of the connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// A measured ping.
    Ping,
    /// A measured ping with this payload, at most 125 bytes; an empty one is legal. Of equal ones the oldest is
    /// answered first.
    PingWith(Vec<u8>),
    /// A pong that nobody asked for, at most 125 bytes.
    Pong(Vec<u8>),
    /// Other heartbeats from now on: this interval, or none; the timeout stays where none is given.
    Heartbeat {
        every: Option<Span>,
        timeout: Option<Span>,
    },
    Send(Outgoing),
    Close(CloseBody),
    /// End at once, with this word as the reason.
    Stop(&'static str),
}

/// One thing that happened, to be handled with the time.
#[derive(Debug)]
pub enum Input<'a> {
    Frame(&'a FrameNote),
    /// A whole message; `text` is none for a binary one.
    Message {
        text: Option<&'a str>,
        bytes: &'a [u8],
    },
    /// Bytes arrived, after the frames and messages that they complete.
    Bytes {
        total: u64,
    },
    Written(Mark),
    Command(Command),
    Held {
        by: Holder,
        span: Span,
    },
    Tick,
}

/// What the life gives back. Few live at a time, so that their size is no matter.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, PartialEq)]
pub enum Output {
    Emit(EventKind),
    Do(Action),
}

/// What the shell must do.
#[derive(Debug, PartialEq)]
pub enum Action {
    Send(Outgoing, Mark),
    /// Nothing more: end it as this.
    Finish(Cut),
}

/// The wire's account at the end, from the tap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wire {
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub last_in: Option<Moment>,
    pub last_out: Option<Moment>,
    pub messages_in: u64,
    pub messages_out: u64,
    /// The last whole message of ours, its payload and when its last byte was written.
    pub sent_last: Option<(u64, Moment)>,
    /// The payload of the largest one of ours, whole or begun.
    pub sent_largest: u64,
    /// The first bytes of the peer's frame that broke a rule, its header included.
    pub bad_bytes: Vec<u8>,
    pub mid_frame: Option<(u64, u64)>,
    pub mid_message: bool,
    pub last_frames: Vec<FrameBrief>,
}

/// How the shell saw it end.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    pub cut: Cut,
    pub wire: Wire,
    /// The socket's first error, in words.
    pub io: Option<String>,
}
