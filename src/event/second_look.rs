//! What was tried once more after a dial had failed, to tell one cause from another. Owns the shape of that event; what is
//! tried when is `net`'s, what it means is judged by the rules.

use serde::Serialize;

use crate::moment::Span;

/// One further look at the same place, told before the failure that it explains.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SecondLook {
    pub tried: Tried,
    /// It came to what was looked for: TLS was agreed, or a plain request had an HTTP answer.
    pub answered: bool,
    /// How it ended, where it did not come to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<LookEnd>,
    /// What was done and what came of it: `a TLS handshake: agreed on TLS 1.3`.
    pub words: String,
    /// The status of the HTTP answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The time that the answer's `Date` tells, in seconds since 1970, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_unix: Option<i64>,
    #[serde(rename = "took_ns")]
    pub took: Span,
}

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tried {
    /// TLS on a port that was spoken to in plain.
    Tls,
    /// The upgrade request in plain on a port that was spoken to in TLS.
    Plain,
    /// TLS with any certificate, and a request behind it.
    WithoutTrust,
}

/// How a further look ended that did not come to what was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LookEnd {
    /// Nothing came in time.
    NoAnswer,
    /// TCP ended, or was reset.
    Cut,
    /// It is TLS, and nothing was agreed.
    NoAgreement,
    /// Bytes came that are no TLS, or a certificate that is not taken.
    NoTls,
    /// Bytes came that are no HTTP.
    NoHttp,
    NoConnection,
}

impl LookEnd {
    /// As it stands in the words of the look.
    pub fn words(self) -> &'static str {
        match self {
            LookEnd::NoAnswer => "no answer",
            LookEnd::Cut => "ended without an answer",
            LookEnd::NoAgreement => "TLS, and no agreement",
            LookEnd::NoTls => "no TLS",
            LookEnd::NoHttp => "no HTTP",
            LookEnd::NoConnection => "no connection",
        }
    }
}
