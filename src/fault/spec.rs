//! The grammar of faults: `NAME[=VALUE][;key=value...][@WHEN]`, joined by `+`; by path for one client `/fault/SPEC`,
//! percent-encoding accepted. Owns names, times and what there is to do wrong; the values are `values`'s, and
//! `docs/faults.md` says what each does.

#[cfg(test)]
mod tests;
mod values;

use thiserror::Error;

use crate::event::near;
use crate::fault::socket::idle::Counts;
use crate::fault::socket::pace::{Latency, Slicer};
use crate::moment::Span;

/// One fault with its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    pub fault: Fault,
    pub when: When,
}

/// What is done wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Answers the upgrade with this status, these fields, and this body in place of the reason.
    Reject {
        status: u16,
        fields: Vec<(String, String)>,
        body: Option<String>,
    },
    /// Answers the upgrade with a 302 to there.
    Redirect {
        location: String,
    },
    /// Answers the upgrade with a web page.
    Spa,
    /// Reads the upgrade and never answers.
    NoAnswer,
    BadAccept(BadAccept),
    /// Answers the upgrade with another odd 101.
    Odd(Odd),
    /// Sends this Close. Codes that may not be on the wire are sent all the same.
    Close {
        code: Option<u16>,
        reason: String,
    },
    /// Ends TCP without a Close frame.
    Fin,
    /// Resets TCP.
    Rst,
    /// Answers no ping.
    NoPong,
    /// Answers each ping with another payload.
    WrongPong,
    /// Holds each pong back for so long.
    LatePong(Span),
    /// Sends no Close frame, and so answers none.
    CloseIgnored,
    /// Reads nothing any more; the kernel goes on acknowledging.
    Freeze,
    /// Sends this text message.
    Farewell(String),
    /// Sends bytes past the message engine.
    Raw(Raw),
    /// Cuts every data message that goes out into so many fragments.
    Fragments(u32),
    /// Outgoing bytes leave late (toxiproxy's latency).
    Latency(Latency),
    /// So many bytes a second go out (toxiproxy's bandwidth).
    Bandwidth(u64),
    /// Outgoing bytes leave in small pieces (toxiproxy's slicer).
    Slicer(Slicer),
    /// Ends TCP after exactly so many bytes went out (toxiproxy's limit_data).
    LimitData(u64),
    /// Ends the connection at that age, whatever goes on.
    Lifetime {
        limit: Span,
        end: End,
    },
    /// Ends the connection when nothing that counts has passed for so long.
    Idle {
        limit: Span,
        counts: Counts,
        end: End,
    },
    /// Ends TCP without the close_notify of TLS.
    TlsTruncate,
    /// Ends every client in the same instant.
    KickAll(End),
    /// Refuses every second opening handshake.
    Flap,
}

/// How a limit ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Fin,
    Rst,
    /// With a Close of this code.
    Close(u16),
}

/// Which end of the connection does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doer {
    Server,
    Client,
    Either,
}

/// Which mistake the accept value holds (field guide A.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadAccept {
    /// Of another key.
    Wrong,
    Missing,
    /// The key itself.
    Echo,
    /// The hash of the key without the GUID.
    NoGuid,
    /// The value in the RFC's example.
    Rfc,
    Hex,
    /// Base64 of the hex text.
    Base64Hex,
    /// The key was decoded before it was hashed.
    DecodedKey,
    LowerGuid,
    /// The GUID before the key.
    GuidFirst,
    /// A carriage return left on the key.
    LineEnd,
    /// The space before the key hashed too.
    LeadingSpace,
    /// The key without its `==`.
    NoPadding,
    UrlSafe,
    /// A GUID with a letter missing.
    Misprint,
    /// Another hash of the right text.
    Md5,
    Sha256,
}

/// What is odd about a 101 whose accept value is right.
#[derive(Clone, Debug, PartialEq)]
pub enum Odd {
    NoUpgrade,
    NoConnection,
    /// `Connection: keep-alive, Upgrade`, which is legal.
    KeepAlive,
    Http10,
    /// An extension, whether it was offered or not.
    Extension(String),
    /// A subprotocol, whether it was offered or not.
    Subprotocol(String),
    /// Bytes behind the head that are no frame.
    Junk(Vec<u8>),
    /// Byte by byte, so far apart.
    SlowHead(Span),
}

/// What is sent past the message engine, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raw {
    Masked,
    Unmasked,
    /// A text frame with these reserved bits, RSV1 highest.
    Reserved(u8),
    /// A frame with this reserved opcode.
    Opcode(u8),
    BadUtf8,
    /// A character that begins in one fragment and never ends.
    BadUtf8Cut,
    FragmentedPing,
    LongPing,
    /// A message inside an unfinished one.
    Interleaved,
    /// A ping between the fragments of a message, which is legal.
    PingInside,
    /// A continuation of nothing.
    Continuation,
    /// A part of a frame, then the end of TCP.
    HalfFrame,
    /// The header of a frame of this size, and the beginning of its payload.
    Oversize(u64),
    HttpText,
    UnsolicitedPong,
}

/// In which part of a connection a fault is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// In the answer to the upgrade: there is no time to choose.
    Handshake,
    /// Throughout, from a time on.
    Lasting,
    /// Once, at its time.
    Once,
}

impl Fault {
    /// In which part of a connection it is done.
    pub fn phase(&self) -> Phase {
        match self {
            Fault::Reject { .. }
            | Fault::Redirect { .. }
            | Fault::Spa
            | Fault::NoAnswer
            | Fault::BadAccept(_)
            | Fault::Odd(_)
            | Fault::Flap => Phase::Handshake,
            Fault::NoPong | Fault::WrongPong | Fault::LatePong(_) | Fault::CloseIgnored => Phase::Lasting,
            Fault::Fragments(_) | Fault::Latency(_) | Fault::Bandwidth(_) | Fault::Slicer(_) => Phase::Lasting,
            Fault::LimitData(_) | Fault::Lifetime { .. } | Fault::Idle { .. } => Phase::Lasting,
            Fault::Close { .. } | Fault::Fin | Fault::Rst | Fault::Freeze | Fault::Farewell(_) | Fault::Raw(_) => {
                Phase::Once
            }
            Fault::TlsTruncate | Fault::KickAll(_) => Phase::Once,
        }
    }

    /// Whose fault it can be.
    pub fn doer(&self) -> Doer {
        match self {
            Fault::Farewell(_) | Fault::KickAll(_) | Fault::Raw(Raw::Masked) => Doer::Server,
            Fault::Raw(Raw::Unmasked) => Doer::Client,
            _ if self.phase() == Phase::Handshake => Doer::Server,
            _ => Doer::Either,
        }
    }
}

/// When it is done, counted from the open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    AtOnce,
    After(Span),
    /// After so many frames from the client.
    Frames(u64),
    /// After so many bytes from the client.
    Bytes(u64),
}

/// What is wrong with a spec.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SpecFault {
    #[error("expected the name of a fault{}, got \"{got}\"; wscope explain NAME tells of each", like(got))]
    Name { got: String },
    #[error("{name} expected {expected}, got \"{got}\"")]
    Value { name: &'static str, expected: &'static str, got: String },
    #[error("expected a time like @5s, @3frames or @1KB, got \"@{0}\"")]
    When(String),
    #[error("{0} is done in the opening handshake and takes no @")]
    TooEarly(&'static str),
    #[error("{0} counts from the open and takes no @")]
    NoTime(&'static str),
    #[error("{0} takes a time like @5s, not frames or bytes")]
    TimeOnly(&'static str),
    #[error("expected a fault like close=4001:expired@5s, got nothing")]
    Empty,
    #[error("{0} is what a server does wrong, not a client")]
    NotByClient(String),
    #[error("{0} is what a client does wrong, not a server")]
    NotByServer(String),
}

/// The names, for help and for errors.
pub const NAMES: &[&str] = &[
    "reject",
    "redirect",
    "spa",
    "no-answer",
    "bad-accept",
    "no-upgrade",
    "no-connection",
    "keep-alive",
    "http10",
    "extension",
    "subprotocol",
    "junk",
    "slow-head",
    "close",
    "fin",
    "rst",
    "no-pong",
    "wrong-pong",
    "late-pong",
    "close-ignored",
    "freeze",
    "farewell",
    "masked",
    "rsv1",
    "rsv2",
    "rsv3",
    "opcode",
    "bad-utf8",
    "bad-utf8-cut",
    "fragmented-ping",
    "long-ping",
    "interleaved",
    "ping-inside",
    "continuation",
    "half-frame",
    "oversize",
    "http-text",
    "unsolicited-pong",
    "unmasked",
    "fragments",
    "latency",
    "bandwidth",
    "slicer",
    "limit-data",
    "lifetime",
    "idle",
    "tls-truncate",
    "kick-all",
    "flap",
];

/// ` like close, fin`: the names that may be meant.
fn like(got: &str) -> String {
    let near = near::nearest(got, NAMES.iter().copied());
    let names = if near.is_empty() { vec!["close", "fin", "no-pong"] } else { near };
    format!(" like {}", names.join(", "))
}

/// The kinds of `bad-accept`.
pub const ACCEPT_KINDS: &[&str] = &[
    "wrong",
    "missing",
    "echo",
    "no-guid",
    "rfc",
    "hex",
    "base64-hex",
    "decoded-key",
    "lower-guid",
    "guid-first",
    "line-end",
    "leading-space",
    "no-padding",
    "url-safe",
    "misprint",
    "md5",
    "sha256",
];

/// Reads faults joined by `+`.
pub fn parse(text: &str) -> Result<Vec<Planned>, SpecFault> {
    text.split('+').map(parse_one).collect()
}

/// The same for what one end can do wrong.
pub fn parse_for(doer: Doer, text: &str) -> Result<Vec<Planned>, SpecFault> {
    let planned = parse(text)?;
    let foreign =
        planned.iter().position(|planned| !matches!(planned.fault.doer(), one if one == doer || one == Doer::Either));
    let Some(place) = foreign else { return Ok(planned) };
    let name: String = text.split('+').nth(place).unwrap_or(text).chars().take(40).collect();
    Err(if doer == Doer::Client { SpecFault::NotByClient(name) } else { SpecFault::NotByServer(name) })
}

/// The faults that a path asks for; none for a path that is not `/fault/...`.
pub fn from_path(path: &str) -> Option<Result<Vec<Planned>, SpecFault>> {
    let spec = path.split('?').next()?.strip_prefix("/fault/")?;
    Some(parse_for(Doer::Server, &values::text(spec)))
}

fn parse_one(text: &str) -> Result<Planned, SpecFault> {
    let (body, when) = match text.rsplit_once('@') {
        Some((body, when)) => (body, parse_when(when)?),
        None => (text, When::AtOnce),
    };
    let (head, keys) = body.split_once(';').map_or((body, None), |(head, keys)| (head, Some(keys)));
    let (name, value) = head.split_once('=').map_or((head, None), |(name, value)| (name, Some(value)));
    if name.is_empty() {
        return Err(SpecFault::Empty);
    }
    let Some(name) = NAMES.iter().copied().find(|known| *known == name) else {
        return Err(SpecFault::Name { got: name.chars().take(40).collect() });
    };
    let fault = values::fault(name, value, keys)?;
    match (fault.phase(), when) {
        (Phase::Handshake, When::After(_) | When::Frames(_) | When::Bytes(_)) => Err(SpecFault::TooEarly(name)),
        (_, When::After(_) | When::Frames(_) | When::Bytes(_)) if matches!(fault, Fault::LimitData(_)) => {
            Err(SpecFault::NoTime(name))
        }
        (Phase::Lasting, When::Frames(_) | When::Bytes(_)) => Err(SpecFault::TimeOnly(name)),
        _ => Ok(Planned { fault, when }),
    }
}

fn parse_when(text: &str) -> Result<When, SpecFault> {
    let wrong = || SpecFault::When(text.chars().take(40).collect());
    if let Some(count) = text.strip_suffix("frames") {
        return count.parse().map(When::Frames).map_err(|_| wrong());
    }
    if let Some(bytes) = values::size(text) {
        return Ok(When::Bytes(bytes));
    }
    values::time(text).map(When::After).ok_or_else(wrong)
}
