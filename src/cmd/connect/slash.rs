//! Slash commands of the terminal, as words: what a line that begins with `/` asks for, its help, its completion.
//! Owns their grammar and the wording of what is wrong with one; what a command does is `cmd::connect`'s. Raw
//! frames are RFC 6455 section 5.2, the codes of a Close frame section 7.4.

mod arguments;
mod catalogue;
mod complete;
mod frame;
mod path;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use catalogue::help;
pub use complete::{complete, hint, wants_path};
pub use frame::FrameSpec;

use crate::moment::Span;
use crate::report::human::talk::Show;

/// What a slash command asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slash {
    /// All commands, or one of them.
    Help(Option<String>),
    /// At most 125 bytes.
    Ping(Vec<u8>),
    /// At most 125 bytes.
    Pong(Vec<u8>),
    /// The code is one that may be in a Close frame; none when none was typed. The reason has at most 123 bytes.
    Close {
        code: Option<u16>,
        reason: String,
    },
    /// A binary message.
    Binary(Vec<u8>),
    /// A file as a message; `text` none: text when it is UTF-8.
    File {
        path: PathBuf,
        text: Option<bool>,
    },
    Frame(FrameSpec),
    Headers,
    Stats,
    Heartbeat(HeartbeatWords),
    Show(Show),
    Findings,
    /// The word as it was typed, not empty.
    Explain(String),
    Reconnect,
    Drop(DropKind),
    /// None: stop recording.
    Record(Option<PathBuf>),
    Edit,
    Quit,
}

/// What to do about heartbeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeartbeatWords {
    /// Say what is sent, and when.
    Tell,
    /// Send no more.
    Off,
    /// `timeout` none: as it was.
    Every { every: Span, timeout: Option<Span> },
}

/// How a connection is ended without a Close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropKind {
    Fin,
    Rst,
}

/// Reads a line that begins with `/`. Text that is sent is taken as it stands, blanks at its end included.
///
/// # Errors
/// One line: the command, what was expected and what was typed.
pub fn parse(line: &str) -> Result<Slash, String> {
    let (name, rest) = split(line);
    let Some(command) = catalogue::find(name) else { return Err(catalogue::unknown(name)) };
    (command.read)(rest).map_err(|why| format!("/{}: {why}", command.name))
}

/// The name without its slash, and what stands behind it.
fn split(line: &str) -> (&str, &str) {
    first_word(line.strip_prefix('/').unwrap_or(line))
}

/// The text before the first blank, and what follows the blanks.
fn first_word(text: &str) -> (&str, &str) {
    match text.find(char::is_whitespace) {
        Some(at) => (&text[..at], text[at..].trim_start()),
        None => (text, ""),
    }
}
