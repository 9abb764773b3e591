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
