//! What became of what a program wrote on our stdin: a line that is no message, the end of it, and where each line is.
//! Owns the shapes; the rules are `exam::input`'s and `watch::ledger`'s.

use serde::Serialize;

/// A line of stdin that is no message. Lines and chunks are counted from 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InputBad {
    pub line: u64,
    /// What is counted: `line`, `chunk`, `record` or `message`.
    pub thing: String,
    pub why: String,
    /// True when the run goes on with the next one.
    pub skipped: bool,
}

/// The end of stdin.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InputEnded {
    pub lines: u64,
    pub thing: String,
    /// It was empty, and there is nothing else to send: only what the peer sends is waited for, without limit.
    pub listening: bool,
}

/// Where each line of stdin is, told at the end of each connection. Each is in exactly one class: acknowledged by the
/// next hop, unsure (given to a connection, not known to be acknowledged), or unsent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinesFate {
    pub thing: String,
    /// Given to a connection, whole or in part.
    pub sent: u64,
    pub acknowledged: u64,
    /// From and to, both counted.
    pub unsure: Vec<(u64, u64)>,
    /// This one and all after it were given to no connection; none when nothing is left.
    pub first_unsent: Option<u64>,
    /// Messages that arrived on all connections.
    pub received: u64,
    /// The same for a person.
    #[serde(skip)]
    pub words: Vec<String>,
}
