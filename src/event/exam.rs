//! The events of the longer examinations, `probe --deep` and `probe --idle`. Owns their shapes; the checks and their
//! judgement are `exam`'s.

use serde::Serialize;

use crate::event::ended::How;
use crate::moment::Span;

/// A longer examination begins: what it may take at most is told before anything is sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExamPlanned {
    /// `deep` or `idle`.
    pub what: String,
    /// Connections and requests together, at most.
    pub requests: u32,
    /// `deep`: behind the probe's own steps; `idle`: in all.
    #[serde(rename = "at_most_ns")]
    pub at_most: Span,
}

/// One check of `probe --deep`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Examined {
    /// `P8`: stable from run to run.
    pub id: String,
    /// `origin policy`
    pub name: String,
    pub result: ExamResult,
    /// What was seen.
    pub evidence: String,
    #[serde(rename = "took_ns")]
    pub took: Span,
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExamResult {
    Pass,
    Note,
    Warn,
    Fail,
    /// It does not apply, or was not reached; the evidence says why.
    Skipped,
}

impl ExamResult {
    /// As printed.
    pub fn word(self) -> &'static str {
        match self {
            ExamResult::Pass => "pass",
            ExamResult::Note => "note",
            ExamResult::Warn => "warn",
            ExamResult::Fail => "fail",
            ExamResult::Skipped => "skipped",
        }
    }
}

/// One of the sockets of `probe --idle`, at its end or at the end of the wait.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IdleSocket {
    /// `idle`, `ping`, `text` or `receive`.
    pub name: String,
    /// What it sent, in words: `nothing`, `a ping every 500.0 ms`.
    pub sends: String,
    /// How long it was open.
    #[serde(rename = "lived_ns")]
    pub lived: Span,
    /// How it ended; none when it lived to the end of the wait, or could not be had.
    pub end: Option<IdleEnd>,
    /// Messages that came from the server.
    pub messages_in: u64,
    /// Pings that came from the server.
    pub pings_in: u64,
    /// The longest time in which no message and no ping came from the server.
    #[serde(rename = "longest_quiet_ns")]
    pub longest_quiet: Span,
    /// Why there was no such socket.
    pub missing: Option<String>,
}

/// How such a socket was ended by the other side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IdleEnd {
    #[serde(flatten)]
    pub how: How,
    /// The same in words.
    pub words: String,
    #[serde(rename = "quiet_in_ns")]
    pub quiet_in: Span,
    #[serde(rename = "quiet_out_ns")]
    pub quiet_out: Span,
}

/// What all of them say together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IdleFound {
    pub kind: IdleKind,
    /// The limit.
    #[serde(rename = "limit_ns")]
    pub limit: Option<Span>,
    /// The heartbeat to configure; none where no heartbeat helps or none is needed.
    #[serde(rename = "heartbeat_ns")]
    pub heartbeat: Option<Span>,
    /// The longest time in which the server sent nothing by itself on the silent socket; none where there was no such
    /// socket.
    #[serde(rename = "longest_quiet_ns")]
    pub longest_quiet: Option<Span>,
    /// All of it in one sentence.
    pub sentence: String,
}

/// What ends a silent connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IdleKind {
    /// Nothing did, as long as was waited.
    None,
    /// Not known: the server sends by itself, so that no silence came near the wait.
    NeverSilent,
    /// Silence: pings and texts keep the connection.
    Idle,
    /// Silence, and pings do not count: only messages do.
    IdlePastPings,
    /// Silence of the client: what the server sends does not count.
    IdleOfClient,
    /// Silence, and nothing told of it: the connection was dead and looked open.
    Forgotten,
    /// Age: nothing keeps the connection.
    Lifetime,
    /// All ended in the same second, whatever their age: a restart or a reload.
    Together,
    /// The sockets contradict each other.
    Unclear,
}
