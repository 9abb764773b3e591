//! How a connection ended: the wire's facts, without a judgement on whose fault it was. Carries out DESIGN's `Ended`;
//! the classes are those of a socket (FIN, RST, silence), of RFC 6455 section 7 (Close) and of TLS (alert, truncation).

use serde::Serialize;

use crate::event::PayloadBytes;
use crate::moment::Span;

/// Who acted. `Peer` is the server side for a client: the server itself or something between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Us,
    Peer,
}

/// Which way bytes go, seen from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    In,
    Out,
}

/// What ended the connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum How {
    /// Close frames in both directions. `code` is the first one's: `by` says whose it is.
    Close {
        code: Option<u16>,
        reason: String,
    },
    /// Our Close was not answered by one in time, or the stream ended instead.
    CloseUnanswered {
        code: Option<u16>,
        cut: bool,
    },
    /// The peer's Close came, and the stream broke before our answer was through.
    CloseThenCut {
        code: Option<u16>,
        reason: String,
    },
    /// End of stream without a Close frame.
    Fin,
    Reset,
    /// End of a TLS stream without close_notify.
    TlsTruncated,
    /// A TLS alert after the open.
    TlsAlert {
        alert: u8,
    },
    /// No sign of life. `delivered`: the next hop acknowledged all that we wrote (Linux).
    Silent {
        delivered: Option<bool>,
    },
    /// The kernel gave the connection up.
    KernelTimeout,
    /// What we wrote did not leave in time.
    WriteStuck,
    /// Bytes that are no legal frame, or a Close that may not be on the wire; or, by us, a message over our limit.
    Garbage {
        breach: String,
        words: String,
    },
    /// We ended it for a reason of our own, without a closing handshake.
    Local {
        why: String,
    },
}

impl How {
    /// Did the stream end without a word: FIN, reset, or a cut of TLS?
    pub fn is_cut(&self) -> bool {
        match self {
            How::Fin | How::Reset | How::TlsTruncated => true,
            How::Close { .. } | How::CloseUnanswered { .. } | How::CloseThenCut { .. } | How::TlsAlert { .. } => false,
            How::Silent { .. } | How::KernelTimeout | How::WriteStuck => false,
            How::Garbage { .. } | How::Local { .. } => false,
        }
    }

    /// The word used in JSON and in tests.
    pub fn word(&self) -> &'static str {
        match self {
            How::Close { .. } => "close",
            How::CloseUnanswered { .. } => "close_unanswered",
            How::CloseThenCut { .. } => "close_then_cut",
            How::Fin => "fin",
            How::Reset => "reset",
            How::TlsTruncated => "tls_truncated",
            How::TlsAlert { .. } => "tls_alert",
            How::Silent { .. } => "silent",
            How::KernelTimeout => "kernel_timeout",
            How::WriteStuck => "write_stuck",
            How::Garbage { .. } => "garbage",
            How::Local { .. } => "local",
        }
    }
}

/// One frame header of the ring that is always kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FrameBrief {
    pub direction: Direction,
    pub opcode: u8,
    pub fin: bool,
    #[serde(rename = "len_bytes")]
    pub len: u64,
    /// How long before the end its last byte was seen.
    #[serde(rename = "ago_ns")]
    pub ago: Span,
}

/// A message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LastSent {
    #[serde(rename = "len_bytes")]
    pub len: u64,
    /// How long before the end its last byte was written.
    #[serde(rename = "ago_ns")]
    pub ago: Span,
}

/// A connection ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ended {
    #[serde(flatten)]
    pub how: How,
    pub by: Side,
    /// True when nobody asked for this end yet: the peer, or the path, took the connection away.
    pub drop: bool,
    /// A Close frame, or before it an application's message, told of it.
    pub announced: bool,
    /// The stream ended inside a frame of the peer's: payload bytes that came, of so many.
    pub mid_frame: Option<(u64, u64)>,
    /// The stream ended between the fragments of a message.
    pub mid_message: bool,
    /// Both Close frames were through, and the peer did not end TCP: we did.
    pub tcp_left_open: bool,
    /// Time since the open.
    #[serde(rename = "age_ns")]
    pub age: Span,
    /// Time since the last byte from the peer (since the open, if none came); a Close and what follows it do not count.
    #[serde(rename = "quiet_in_ns")]
    pub quiet_in: Span,
    /// Time since the last byte to the peer (since the open, if none went); a Close and what follows it do not count.
    #[serde(rename = "quiet_out_ns")]
    pub quiet_out: Span,
    /// The whole time in which we did not read.
    #[serde(rename = "held_ns")]
    pub held: Span,
    /// Until the next heartbeat would have gone out.
    #[serde(rename = "heartbeat_due_ns")]
    pub heartbeat_due: Option<Span>,
    /// Since the last heartbeat was answered, if any was.
    #[serde(rename = "answered_ago_ns")]
    pub answered_ago: Option<Span>,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub messages_in: u64,
    pub messages_out: u64,
    /// The first message of the peer's, its first 256 bytes.
    pub first_message: Option<PayloadBytes>,
    /// The last whole message of ours.
    pub sent_last: Option<LastSent>,
    /// The size of the largest message of ours.
    #[serde(rename = "sent_largest_bytes")]
    pub sent_largest: u64,
    /// The first bytes of a frame that broke a rule, its header included: 64 at most.
    pub bad_bytes: Option<PayloadBytes>,
    /// The first error that the socket gave, in words.
    pub io: Option<String>,
    /// The last frames, oldest first: at most eight in each direction.
    pub last_frames: Vec<FrameBrief>,
}

#[cfg(test)]
impl Ended {
    /// A drop with nothing else to tell, for tests to change what they are about.
    pub fn sample(how: How) -> Ended {
        Ended {
            how,
            by: Side::Peer,
            drop: true,
            announced: false,
            mid_frame: None,
            mid_message: false,
            tcp_left_open: false,
            age: Span::ZERO,
            quiet_in: Span::ZERO,
            quiet_out: Span::ZERO,
            held: Span::ZERO,
            heartbeat_due: None,
            answered_ago: None,
            bytes_in: 0,
            bytes_out: 0,
            messages_in: 0,
            messages_out: 0,
            first_message: None,
            sent_last: None,
            sent_largest: 0,
            bad_bytes: None,
            io: None,
            last_frames: Vec::new(),
        }
    }
}
