//! What is asked of heartbeats. Owns the settings and their defaults; the machine is the module above, what a message must
//! look like is `matcher`'s.

use std::sync::Arc;

use regex::Regex;

use super::template::Template;
use crate::moment::Span;
use crate::watch::presets::Preset;

/// What is sent or awaited, when, and what settles it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The quiet time, or the interval; none: no heartbeats.
    pub every: Option<Span>,
    /// From the write to the answer; for the server's heartbeats: beyond the interval.
    pub timeout: Span,
    pub clock: Clock,
    pub role: Role,
    pub send: Send,
    pub answer: Answer,
    /// So many misses in a row are a drop; at least 1.
    pub misses: u32,
    /// Heartbeats of the server that are answered, whatever our own are.
    pub respond: Vec<Respond>,
    /// All this begins with such a message of the server's; until then it is plain pings.
    pub after: Option<Box<Answer>>,
    /// Where the server's hello names the times.
    pub hello: Option<Box<Hello>>,
    /// The first heartbeat comes after a random part of the interval (with the fixed clock).
    pub jitter: bool,
    /// Another plan is chosen when the server is recognised.
    pub auto: bool,
    /// Of those, or the built-in ones.
    pub presets: Option<Arc<Vec<Preset>>>,
    /// What no preset and no hello changes.
    pub given: Given,
    /// The preset's name.
    pub preset: Option<String>,
}

/// Who begins a heartbeat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// We do.
    Send,
    /// The server does, and we must answer.
    Respond,
    /// The server does, and no answer is due.
    Observe,
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
    /// A message that is filled in anew for each heartbeat.
    Template {
        text: Template,
        binary: bool,
    },
}

/// What settles a heartbeat, or what the server's heartbeat looks like.
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
    /// JSON with these values at these pointers (RFC 6901); `*` is any value that is there.
    Json(Vec<(String, Template)>),
    /// This binary message.
    Bytes(Vec<u8>),
    /// A ping of the server's.
    PeerPing,
    /// Nothing: it is only sent.
    None,
}

/// One kind of heartbeat of the server's, and our answer.
#[derive(Clone, Debug)]
pub struct Respond {
    pub on: Answer,
    pub reply: Template,
    /// The reply is a binary message.
    pub binary: bool,
    /// What comes is JSON in a binary message, compressed with gzip.
    pub gzip: bool,
}

/// Where the server's hello names the times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// What the hello begins with.
    pub starts: String,
    /// A pointer into its JSON, or a field of its lines and the place of the number there: `heart-beat#2`.
    pub every: Option<String>,
    pub timeout: Option<String>,
    /// What its numbers count.
    pub unit: Span,
}

/// What was given by hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    pub every: bool,
    pub timeout: bool,
    pub clock: bool,
    pub answer: bool,
    pub misses: bool,
}

impl Plan {
    /// Plain pings, until the server has said what this plan waits for.
    pub(super) fn until_hello(&self) -> Plan {
        let plain = Plan::default();
        let every = if self.given.every || self.every.is_none() { self.every } else { plain.every };
        let timeout = if self.given.timeout { self.timeout } else { plain.timeout };
        Plan { every, timeout, misses: self.misses, given: self.given, ..plain }
    }

    /// This plan, with what `hand` holds by hand.
    pub fn with(mut self, hand: &Plan) -> Plan {
        let given = hand.given;
        // The server's heartbeats have the server's interval; they can only be left alone.
        if given.every && (self.role == Role::Send || hand.every.is_none()) {
            self.every = hand.every;
        }
        if given.timeout {
            self.timeout = hand.timeout;
        }
        if given.clock {
            self.clock = hand.clock;
        }
        if given.answer {
            self.answer = hand.answer.clone();
        }
        if given.misses {
            self.misses = hand.misses;
        }
        self.given = given;
        self
    }

    /// Does anything here depend on the messages that come?
    pub(super) fn needs_messages(&self) -> bool {
        let only_life = matches!(self.answer, Answer::Any | Answer::None | Answer::PeerPing);
        !only_life || !self.respond.is_empty() || self.hello.is_some() || self.counts()
    }

    /// Does it need the server's last count?
    pub(super) fn counts(&self) -> bool {
        let sent = matches!(&self.send, Send::Template { text, .. } if text.counts());
        sent || self.respond.iter().any(|respond| respond.reply.counts())
    }
}

impl Default for Plan {
    /// A ping after 20 s of silence, any sign of life within 20 s.
    fn default() -> Plan {
        Plan {
            every: Some(Span::from_secs(20)),
            timeout: Span::from_secs(20),
            clock: Clock::Idle,
            role: Role::Send,
            send: Send::Ping,
            answer: Answer::Any,
            misses: 1,
            respond: Vec::new(),
            after: None,
            hello: None,
            jitter: false,
            auto: false,
            presets: None,
            given: Given::default(),
            preset: None,
        }
    }
}
