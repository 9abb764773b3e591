//! What is asked of heartbeats. Owns the settings and their defaults; the machine is the module above.

use regex::Regex;

use crate::moment::Span;

/// What is sent, when, and what settles it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The quiet time, or the interval; none: no heartbeats.
    pub every: Option<Span>,
    /// From the write to the answer.
    pub timeout: Span,
    pub clock: Clock,
    pub send: Send,
    pub answer: Answer,
    /// So many misses in a row are a drop; at least 1.
    pub misses: u32,
}

/// What starts the interval.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// Each sign of life restarts it.
    Idle,
    /// Nothing restarts it.
    Fixed,
}

/// What goes out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Send {
    Ping,
    Text(String),
    Binary(Vec<u8>),
}

impl Send {
    /// For a person: `ping`, `text "HeartBeat"`, `3 bytes`.
    pub fn words(&self) -> String {
        match self {
            Send::Ping => "ping".into(),
            Send::Text(text) => format!("text \"{text}\""),
            Send::Binary(bytes) => format!("{} bytes of binary", bytes.len()),
        }
    }
}

/// What settles a heartbeat.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Any sign of life after the write.
    Any,
    /// Its own pong, or the same message back.
    Match,
    /// This text.
    Text(String),
    /// A text that matches.
    Regex(Regex),
    /// Nothing: it is only sent.
    None,
}

impl Default for Plan {
    /// A ping after 20 s of silence, any sign of life within 20 s.
    fn default() -> Plan {
        Plan {
            every: Some(Span::from_secs(20)),
            timeout: Span::from_secs(20),
            clock: Clock::Idle,
            send: Send::Ping,
            answer: Answer::Any,
            misses: 1,
        }
    }
}
