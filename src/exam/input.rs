//! What a program writes on our stdin, as messages. Owns the framings and the words for a line that is none; pure:
//! blocks of bytes go in, messages come out, mostly as slices of their block. Where the blocks come from, when the
//! messages leave and what a bad line means for the run are the caller's. Text is UTF-8 (RFC 6455 section 5.6).

mod command;
pub mod decode;
mod lines;

use bytes::Bytes;

use crate::event::show;
use command::Command;
use lines::{Cut, Found, Lines, Rule};

/// The largest binary message that is made of a block.
const CHUNK_MAX: usize = 64 * 1024;
/// So much longer than its message a line may be in any framing: keys, quotes, blanks.
const ROOM: usize = 1024;

/// How bytes become messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// A line is a text message, without its LF and a CR before that. A last line without LF counts.
    Text,
    /// What was read is a binary message, 64 KiB at most.
    Binary,
    /// What ends at a NUL is a text message.
    Null,
    /// A line of hex digits is a binary message; blanks between them are ignored.
    Hex,
    /// A line of base64 is a binary message.
    Base64,
    /// All is one message: text when it is UTF-8, else binary. Nothing at all is no message.
    Whole,
    /// A line is a JSON object that says what to do.
    Commands,
}

/// How to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub framing: Framing,
    /// The longest message in bytes; chunks of `Binary` are no longer either.
    pub max_message: u64,
    /// Go on after a bad line.
    pub skip_bad: bool,
}

/// What a line, or a chunk, asks for; `number` counts them from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Send { number: u64, text: bool, payload: Bytes },
    Ping { number: u64, payload: Bytes },
    Close { number: u64, code: Option<u16>, reason: String },
    Bad { number: u64, why: String },
}

/// The reading. As an iterator it gives `None` when it needs another block, and goes on after one.
#[derive(Debug)]
pub struct Input {
    plan: Plan,
    lines: Lines,
    has_stopped: bool,
}

impl Input {
    pub fn new(plan: Plan) -> Input {
        Input { plan, lines: Lines::new(rule(plan)), has_stopped: false }
    }

    /// Takes what was read; nothing is taken after the end or after the bad line that stopped the reading.
    pub fn push(&mut self, block: Bytes) {
        self.lines.push(block);
    }

    /// Nothing more will be read: what has no end yet is complete.
    pub fn end(&mut self) {
        self.lines.end();
    }

    /// Will never give anything again.
    pub fn is_done(&self) -> bool {
        self.has_stopped || self.lines.is_spent()
    }

    /// The bytes that were taken and not given yet.
    pub fn waiting_bytes(&self) -> usize {
        self.lines.waiting_bytes()
    }

    /// The lines, or chunks, told so far.
    pub fn lines(&self) -> u64 {
        self.lines.number()
    }
}

impl Iterator for Input {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        if self.has_stopped {
            return None;
        }
        let found = self.lines.find()?;
        let item = told(self.plan, self.lines.number(), found);
        if !self.plan.skip_bad && matches!(item, Item::Bad { .. }) {
            self.has_stopped = true;
            self.lines.stop();
        }
        Some(item)
    }
}

fn rule(plan: Plan) -> Rule {
    let message = usize::try_from(plan.max_message).unwrap_or(usize::MAX);
    let encoded = |factor: usize| message.saturating_mul(factor).saturating_add(ROOM);
    let lines = |longest: usize, is_text: bool| Rule { cut: Cut::Lines(b'\n'), drops_cr: true, is_text, longest };
    let no_lines = |cut: Cut, is_text: bool| Rule { cut, drops_cr: false, is_text, longest: message };
    match plan.framing {
        Framing::Text => lines(message, true),
        Framing::Binary => no_lines(Cut::Chunks(message.clamp(1, CHUNK_MAX)), false),
        Framing::Null => no_lines(Cut::Lines(0), true),
        // Two digits and as many blanks for a byte.
        Framing::Hex => lines(encoded(4), false),
        Framing::Base64 => lines(encoded(2), false),
        Framing::Whole => no_lines(Cut::Nowhere, false),
        // JSON may write a byte as \u0000.
        Framing::Commands => lines(encoded(6), true),
    }
}

fn told(plan: Plan, number: u64, found: Found) -> Item {
    let line = match found {
        Found::Line(line) => line,
        Found::TooLong => return too_long(plan, number),
        Found::NotText { at, byte } => {
            return Item::Bad { number, why: format!("expected UTF-8, got 0x{byte:02x} at byte {}", at + 1) };
        }
    };
    match plan.framing {
        Framing::Text | Framing::Null => Item::Send { number, text: true, payload: line },
        Framing::Binary => Item::Send { number, text: false, payload: line },
        Framing::Whole => Item::Send { number, text: std::str::from_utf8(&line).is_ok(), payload: line },
        Framing::Hex => decoded(plan, number, decode::hex(&line)),
        Framing::Base64 => decoded(plan, number, decode::base64(&line)),
        Framing::Commands => commanded(plan, number, command::read(&line)),
    }
}

fn decoded(plan: Plan, number: u64, bytes: Result<Vec<u8>, String>) -> Item {
    match bytes {
        Ok(bytes) => message(plan, number, false, Bytes::from(bytes)),
        Err(why) => Item::Bad { number, why },
    }
}

fn commanded(plan: Plan, number: u64, command: Result<Command, String>) -> Item {
    match command {
        Ok(Command::Text(payload)) => message(plan, number, true, payload),
        Ok(Command::Binary(payload)) => message(plan, number, false, payload),
        Ok(Command::Ping(payload)) => Item::Ping { number, payload },
        Ok(Command::Close { code, reason }) => Item::Close { number, code, reason },
        Err(why) => Item::Bad { number, why },
    }
}

fn message(plan: Plan, number: u64, text: bool, payload: Bytes) -> Item {
    if payload.len() as u64 > plan.max_message {
        return too_long(plan, number);
    }
    Item::Send { number, text, payload }
}

fn too_long(plan: Plan, number: u64) -> Item {
    let why = format!("expected at most {} (--max-message), got more", show::size(plan.max_message));
    Item::Bad { number, why }
}

#[cfg(test)]
mod tests;
