//! The events of reaching a peer: name, TCP, TLS, opening handshake. Owns their shapes; `net` fills them in.

use serde::Serialize;

use crate::event::{ConnId, PayloadBytes};
use crate::moment::Span;
use crate::wire::head::Head;

/// The part of dialling that was under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Name look-up.
    Resolve,
    /// TCP (or the Unix socket).
    Connect,
    Tls,
    /// The opening handshake.
    Upgrade,
}

impl Phase {
    /// The label that a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Phase::Resolve => "resolve",
            Phase::Connect => "connect",
            Phase::Tls => "tls",
            Phase::Upgrade => "upgrade",
        }
    }
}

/// An attempt begins. `attempt` is 0 for the first, then counts the retries.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DialStarted {
    pub url: String,
    pub attempt: u32,
}

/// The name's addresses, in the order in which they are tried.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Resolved {
    pub name: String,
    pub addresses: Vec<String>,
    pub by: ResolvedBy,
    #[serde(rename = "took_ns")]
    pub took: Span,
}

/// Where the addresses come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResolvedBy {
    /// The system's look-up.
    System,
    /// The URL held an address.
    Literal,
    /// `--resolve` said so.
    Flag,
}

/// One address that was tried, with what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attempt {
    pub address: String,
    pub outcome: AttemptOutcome,
    #[serde(rename = "took_ns")]
    pub took: Span,
}

/// What came of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    Open,
    Refused,
    NetworkUnreachable,
    HostUnreachable,
    /// The kernel gave up.
    TimedOut,
    Reset,
    /// Not permitted on this machine.
    Denied,
    /// No such Unix socket.
    NotFound,
    /// The local address asked for cannot be used.
    BindFailed,
    /// Another address was open first, or the time was used up.
    Abandoned,
    Other,
}

impl AttemptOutcome {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            AttemptOutcome::Open => "open",
            AttemptOutcome::Refused => "refused",
            AttemptOutcome::NetworkUnreachable => "network unreachable",
            AttemptOutcome::HostUnreachable => "host unreachable",
            AttemptOutcome::TimedOut => "timed out",
            AttemptOutcome::Reset => "reset",
            AttemptOutcome::Denied => "not permitted on this machine",
            AttemptOutcome::NotFound => "no such socket",
            AttemptOutcome::BindFailed => "the local address cannot be used",
            AttemptOutcome::Abandoned => "no answer yet",
            AttemptOutcome::Other => "failed",
        }
    }
}

/// A TCP connection or a Unix socket is open.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TcpOpen {
    pub peer: String,
    pub local: String,
    /// Every address tried, in the order in which each was begun; the one that is open among them.
    pub attempts: Vec<Attempt>,
    #[serde(rename = "took_ns")]
    pub took: Span,
}

/// TLS stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TlsReady {
    /// `TLS 1.3`
    pub version: String,
    pub cipher: String,
    pub alpn: Option<String>,
    pub certificate: Option<Certificate>,
    /// What `--insecure` overlooked, in words; none when the certificate is good.
    pub overlooked: Option<CertificateFault>,
    /// The server asked for a certificate of ours, which it may or may not need.
    pub certificate_request: Option<CertificateRequest>,
    #[serde(rename = "took_ns")]
    pub took: Span,
}

/// The peer's own certificate. Times are seconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Certificate {
    pub subject: String,
    /// Subject alternative names: DNS names and addresses.
    pub names: Vec<String>,
    pub issuer: String,
    pub not_before_unix: i64,
    pub not_after_unix: i64,
    /// Whole days until it ends; negative when it has.
    pub days_left: i64,
    pub self_signed: bool,
    /// Certificates sent, the server's own among them.
    pub chain_len: usize,
    /// The first ten of them as sent, the server's own first.
    pub chain: Vec<ChainLink>,
}

/// One certificate of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainLink {
    pub subject: String,
    pub issuer: String,
    pub not_before_unix: i64,
    pub not_after_unix: i64,
}

/// A server's CertificateRequest (RFC 8446 section 4.3.2, RFC 5246 section 7.4.4): the first ten of the issuers that it
/// accepts; none when it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CertificateRequest {
    pub issuers: Vec<String>,
}

/// What client and server do not share, where the TLS library found it before the peer sent an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unshared {
    Version,
    Cipher,
    /// The application protocol (ALPN, RFC 7301).
    Protocol,
}

/// Why a certificate is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateFault {
    pub kind: CertificateFaultKind,
    /// In words, with names and dates.
    pub words: String,
}

/// The kinds of distrust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateFaultKind {
    Expired,
    NotYetValid,
    WrongName,
    /// Issuer and subject are the same.
    SelfSigned,
    UnknownIssuer,
    Other,
}

/// Our request, byte for byte.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UpgradeSent {
    pub head: Head,
}

/// The answer's head, byte for byte, and the body of a refusal (64 KiB at most).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UpgradeAnswered {
    pub head: Head,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    #[serde(rename = "took_ns")]
    pub took: Span,
}

/// The body of a refusal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Body {
    pub payload: PayloadBytes,
    /// True when more was announced or sent than is kept, or than came in time.
    pub cut: bool,
}

/// `-L` follows a redirect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Redirected {
    pub status: u16,
    pub from: String,
    pub to: String,
}

/// The connection is open: the upgrade was good.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Opened {
    pub url: String,
    pub peer: String,
    pub subprotocol: Option<String>,
    /// The answer's `Server` header.
    pub server: Option<String>,
    #[serde(rename = "took_ns")]
    pub took: Span,
    /// How long there was no connection, after a drop.
    #[serde(rename = "down_ns", skip_serializing_if = "Option::is_none")]
    pub down: Option<Span>,
    /// Of a client of `serve`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub served: Option<Served>,
}

/// How a client is served.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Served {
    /// What is done with its messages: `echo`, `sink` ...
    pub mode: String,
    /// The connection that it seems to continue, and how long after that one's drop.
    pub returns: Option<Returns>,
}

/// A client that came back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Returns {
    pub conn: ConnId,
    #[serde(rename = "after_ns")]
    pub after: Span,
}

/// The dial ended without a connection.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DialFailed {
    pub phase: Phase,
    #[serde(flatten)]
    pub fault: DialFault,
    /// The phase's own time.
    #[serde(rename = "took_ns")]
    pub took: Span,
}

/// Why a dial failed. Every address stands in `attempts`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum DialFault {
    NameNotFound {
        name: String,
    },
    NameLookupFailed {
        name: String,
        detail: String,
    },
    /// The name exists, but has no address of the family asked for.
    NoAddress {
        name: String,
    },
    /// No address could be opened.
    Unreachable {
        attempts: Vec<Attempt>,
    },
    /// The whole time for connecting was used up in this phase.
    TimedOut {
        #[serde(rename = "limit_ns")]
        limit: Span,
        attempts: Vec<Attempt>,
        /// Did the next hop acknowledge what we sent? Linux only.
        delivered: Option<bool>,
        /// So many bytes of an answer had come.
        #[serde(rename = "received_bytes")]
        received: u64,
    },
    /// The certificate was refused by us.
    Certificate {
        certificate: Option<Box<Certificate>>,
        #[serde(flatten)]
        why: CertificateFault,
    },
    /// TLS failed; `not_tls` holds the first bytes when they are no TLS record.
    Tls {
        words: String,
        alert: Option<u8>,
        not_tls: Option<PayloadBytes>,
        #[serde(skip_serializing_if = "Option::is_none")]
        unshared: Option<Unshared>,
        #[serde(skip_serializing_if = "Option::is_none")]
        certificate_request: Option<CertificateRequest>,
        /// The name that was asked for (SNI, RFC 6066 section 3); none when none was sent.
        #[serde(skip_serializing_if = "Option::is_none")]
        sni: Option<String>,
    },
    /// The stream ended or was reset during TLS.
    TlsCut {
        reset: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        certificate_request: Option<CertificateRequest>,
    },
    /// An answer other than 101.
    Refused {
        status: u16,
        reason: String,
    },
    /// A 101 that breaks rules of RFC 6455 section 4.1.
    InvalidUpgrade {
        breaches: Vec<UpgradeBreach>,
    },
    /// Bytes that are not HTTP, the first 64 of them; or HTTP whose head is `malformed`, in words.
    NotHttp {
        first: PayloadBytes,
        #[serde(skip_serializing_if = "Option::is_none")]
        malformed: Option<String>,
    },
    /// The stream ended or was reset before a whole answer came.
    CutBeforeAnswer {
        reset: bool,
        received: u64,
    },
    /// The TLS side ended the stream with an alert while we waited for the answer.
    AlertBeforeAnswer {
        alert: u8,
    },
    /// The answer's head is larger than we read.
    HeadTooLarge {
        #[serde(rename = "limit_bytes")]
        limit: u64,
    },
    /// `-L` met more redirects than `--max-redirects`.
    Redirects {
        words: String,
    },
    /// Writing the request failed.
    Io {
        words: String,
    },
}

/// One rule of the opening handshake that an answer breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UpgradeBreach {
    /// The finding's code.
    pub code: String,
    /// True when RFC 6455 section 4.1 says that a client must fail the connection.
    pub must_fail: bool,
    pub expected: String,
    pub got: String,
}
