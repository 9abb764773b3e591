//! The words of `probe`'s longer examinations, `--deep` and `--idle`. Owns the flags and the checks between them; what they
//! do is `exam`'s and `cmd`'s.

use clap::Args;

use super::values;
use crate::moment::Span;

/// A longer wait is a slip of the pen.
const IDLE_MOST: Span = Span::from_secs(7 * 24 * 3600);

fn idle_max(text: &str) -> Result<Span, String> {
    let max = values::span(text)?;
    if max <= IDLE_MOST { Ok(max) } else { Err(format!("expected at most 168h, got {}", values::shown(text))) }
}

/// What is examined beyond one connection.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Looking longer")]
pub struct ExamArgs {
    /// Examine the server from all sides; a table of checks
    ///
    /// Other requests (plain GET, another path, other Origins, another version, two keys), each address, subprotocols
    /// and extensions, pings and messages of several sizes up to 1 MiB, closing handshakes. How many requests and how
    /// much time it may take is told before. It stops at the first 429,
    /// and at a 503 once an upgrade was granted. wscope explain P8 says what a check is for.
    #[arg(long, conflicts_with_all = ["compare", "ready", "hold"])]
    pub deep: bool,

    /// With --deep: break the rules too, and judge the answer
    ///
    /// An unmasked frame, a reserved opcode, text that is not UTF-8: RFC 6455 says with which Close a server must answer.
    #[arg(long, hide_short_help = true)]
    pub strict: bool,

    /// Find how long silence lives, and what keeps it alive
    ///
    /// Four connections beside each other: one sends nothing, one pings, one sends a text, one only receives (after -x).
    /// Which of them live tells an idle limit from a maximum age.
    #[arg(long, conflicts_with_all = ["compare", "ready", "hold", "deep", "expect", "count", "reconnect", "fault"])]
    pub idle: bool,

    /// How long --idle waits (2m30s)
    #[arg(long, value_name = "DUR", value_parser = idle_max, allow_hyphen_values = true, hide_short_help = true)]
    pub idle_max: Option<Span>,
}

impl ExamArgs {
    /// clap's own requirement would be forgiven where a conflicting flag stands.
    ///
    /// # Errors
    /// One line: a flag without the one that it belongs to.
    pub fn check(&self) -> Result<(), String> {
        let lone = [
            ("--strict", "--deep", self.strict && !self.deep),
            ("--idle-max", "--idle", self.idle_max.is_some() && !self.idle),
        ];
        match lone.iter().find(|(_, _, is_lone)| *is_lone) {
            Some((flag, other, _)) => Err(format!("{flag}: expected {other} beside it, got none")),
            None => Ok(()),
        }
    }
}
