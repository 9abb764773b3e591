//! The contract: what can happen in a run, as one typed stream of [`Event`]s.
//!
//! Owns the shape of every event and nothing else: who makes them is `watch` and `net`, who shows them is `report`.
//! Readers match [`EventKind`] exhaustively, so that a new event forces a decision in each. The JSON format
//! (`docs/events.md`) is this module as serde writes it: times in nanoseconds, sizes in bytes.

pub mod client_report;
pub mod codes;
pub mod compared;
pub mod dialling;
pub mod ended;
pub mod exam;
pub mod finding;
pub mod input;
pub mod near;
pub mod second_look;
pub mod secrets;
pub mod series;
pub mod show;
pub mod stats;
pub mod toml_words;
pub mod verdict;

use serde::{Serialize, Serializer};

pub use client_report::ClientReport;
pub use compared::Compared;
pub use dialling::*;
pub use ended::{Direction, Ended, FrameBrief, How, LastSent, Side};
pub use exam::{ExamPlanned, ExamResult, Examined, IdleEnd, IdleFound, IdleKind, IdleSocket};
pub use finding::Finding;
pub use input::{InputBad, InputEnded, LinesFate};
pub use second_look::{LookEnd, SecondLook, Tried};
pub use verdict::{Exit, Judged, RunEnded};

use crate::moment::{Moment, Span};

/// Which connection of the run: 1 is the first, 0 is the run itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct ConnId(pub u32);

/// One thing that happened. `seq` has no gaps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    pub seq: u64,
    #[serde(rename = "at_ns")]
    pub at: Moment,
    pub conn: ConnId,
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    RunStarted(RunStarted),
    DialStarted(DialStarted),
    Resolved(Resolved),
    TcpOpen(TcpOpen),
    TlsReady(TlsReady),
    UpgradeSent(UpgradeSent),
    UpgradeAnswered(UpgradeAnswered),
    Redirected(Redirected),
    SecondLook(SecondLook),
    DialFailed(DialFailed),
    Open(Opened),
    Frame(FrameSeen),
    Message(MessageSeen),
    Heartbeat(HeartbeatSent),
    Answered(Answered),
    StrayPong(StrayPong),
    Missed(Missed),
    PingsIgnored(PingsIgnored),
    Farewell(Farewell),
    Held(Held),
    ClockStepped(ClockStepped),
    HeartbeatChosen(HeartbeatChosen),
    CloseSeen(CloseSeen),
    Ended(Ended),
    InputBad(InputBad),
    InputEnded(InputEnded),
    Lines(LinesFate),
    RetryAt(RetryAt),
    GaveUp(GaveUp),
    FaultDone(FaultDone),
    Finding(Finding),
    Check(Check),
    Compared(Compared),
    ExamPlanned(ExamPlanned),
    Examined(Examined),
    IdleSocket(IdleSocket),
    IdleFound(IdleFound),
    Judged(Judged),
    Listening(Listening),
    Received(Received),
    ClientReport(ClientReport),
    RunEnded(RunEnded),
}

/// What the readers of a run want built. Nothing else is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    pub frames: bool,
    pub messages: Payload,
}

/// How much of a payload is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Payload {
    #[default]
    No,
    /// The first so many bytes.
    Head(usize),
    Whole,
}

impl Payload {
    /// What is kept of a message's bytes.
    pub fn keep(self, bytes: &[u8]) -> Option<PayloadBytes> {
        let kept = match self {
            Payload::No => return None,
            Payload::Head(head) => &bytes[..bytes.len().min(head)],
            Payload::Whole => bytes,
        };
        Some(PayloadBytes(kept.to_vec()))
    }
}

/// The first event. `command` is the command line with secrets masked; `wall` is RFC 3339, UTC.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunStarted {
    pub version: String,
    pub command: String,
    pub wall: String,
}

/// One frame header as it was on the wire (RFC 6455 section 5.2), with its payload's head where wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrameSeen {
    pub direction: Direction,
    pub fin: bool,
    /// The three reserved bits, RSV1 highest: 0 to 7.
    pub rsv: u8,
    pub opcode: u8,
    pub masked: bool,
    #[serde(rename = "len_bytes")]
    pub len: u64,
    #[serde(rename = "first_byte_at_ns")]
    pub first_at: Moment,
    #[serde(rename = "last_byte_at_ns")]
    pub last_at: Moment,
    /// The unmasked payload, at most the wanted head of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<PayloadBytes>,
}

/// One whole message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessageSeen {
    pub direction: Direction,
    /// True for a text message.
    pub text: bool,
    #[serde(rename = "len_bytes")]
    pub len: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<PayloadBytes>,
}

/// Bytes of a peer: `{"text":…}` when they are UTF-8, `{"base64":…}` otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadBytes(pub Vec<u8>);

impl Serialize for PayloadBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(Some(1))?;
        match std::str::from_utf8(&self.0) {
            Ok(text) => map.serialize_entry("text", text)?,
            Err(_) => map.serialize_entry("base64", &data_encoding::BASE64.encode(&self.0))?,
        }
        map.end()
    }
}

/// A heartbeat or a measured ping was written: accepted and flushed through the whole stack.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeartbeatSent {
    pub number: u64,
    /// True for a ping of `probe`'s series, which needs its own pong.
    pub measured: bool,
    /// `ping`, or the text or hex that was sent.
    pub what: String,
}

/// A heartbeat was answered. `own` is false when another sign of life settled it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answered {
    pub number: u64,
    pub measured: bool,
    pub own: bool,
    #[serde(rename = "rtt_ns")]
    pub rtt: Span,
}

/// A pong that answers nothing outstanding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StrayPong {
    pub kind: Stray,
    #[serde(rename = "len_bytes")]
    pub len: u64,
}

/// Why a pong answers nothing (RFC 6455 section 5.5.3 allows an unsolicited one).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stray {
    /// Its heartbeat was settled or missed before.
    Late,
    /// Its heartbeat has had its pong already.
    Duplicate,
    /// Its payload is none that we sent.
    Unknown,
}

/// No sign of life within the timeout. `misses` in a row of `of` that make a drop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Missed {
    pub number: u64,
    pub measured: bool,
    pub misses: u32,
    pub of: u32,
    /// Bytes that arrived since the heartbeat was written.
    pub bytes_since: u64,
    #[serde(rename = "waited_ns")]
    pub waited: Span,
    /// A heartbeat of the peer's was waited for: nothing of ours was written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub theirs: bool,
}

/// Heartbeats without their own answer while other data came.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PingsIgnored {
    pub in_row: u32,
    #[serde(rename = "waited_ns")]
    pub waited: Span,
}

/// A message that announces the drop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Farewell {
    pub payload: PayloadBytes,
}

/// A time in which we did not read, so that all clocks stood still.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Held {
    pub by: Holder,
    #[serde(rename = "span_ns")]
    pub span: Span,
}

/// What kept us from reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// Our own output could not be written.
    Output,
    /// This process was held up (stopped, starved, or busy).
    Stopped,
    /// This machine slept.
    Suspended,
}

/// The wall clock of this machine was set while the run went on, by so much.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClockStepped {
    pub by_ms: i64,
}

/// The kind of heartbeat that fits the server, and how it was recognised.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeartbeatChosen {
    pub preset: String,
    /// `its first message begins with 0{"sid"`
    pub why: String,
    /// What is done from now on.
    pub words: String,
}

/// A Close frame was on the wire (RFC 6455 section 5.5.1).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CloseSeen {
    pub direction: Direction,
    pub first: bool,
    pub code: Option<u16>,
    pub name: String,
    pub reason: String,
}

/// When the next attempt is made, and why then.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RetryAt {
    pub attempt: u32,
    #[serde(rename = "due_at_ns")]
    pub due: Moment,
    #[serde(rename = "delay_ns")]
    pub delay: Span,
    pub why: String,
}

/// No further attempt, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GaveUp {
    pub attempts: u32,
    pub why: String,
    #[serde(rename = "down_ns")]
    pub down: Span,
}

/// A fault was done on purpose.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultDone {
    pub fault: String,
    pub what: String,
}

/// One thing that was asked for, and whether it held.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    pub name: String,
    pub held: bool,
    pub expected: String,
    pub got: String,
}

/// `serve` listens.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listening {
    pub url: String,
    pub loopback: bool,
    /// The limit of open files: what it was, and to what it was raised.
    pub open_files: Option<OpenFiles>,
}

/// The limit of open files of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OpenFiles {
    pub before: u64,
    pub now: u64,
}

/// What came into a sink since the last such event, and in all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Received {
    pub messages: u64,
    pub bytes: u64,
    #[serde(rename = "took_ns")]
    pub took: Span,
    pub all_messages: u64,
    pub all_bytes: u64,
    /// The connection has ended: `took` is its whole age.
    pub last: bool,
}
