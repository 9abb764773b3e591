//! A finding: one thing that is wrong or odd, with what was seen, its cause and what to do. Owns the record; the
//! catalogue of codes is in `codes`, the rules that make findings are in `diagnose`.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Note,
    Warning,
    Error,
}

impl Severity {
    /// As printed.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// How sure the cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    Certain,
    Likely,
    Possible,
}

impl Confidence {
    /// As printed.
    pub fn word(self) -> &'static str {
        match self {
            Confidence::Certain => "certain",
            Confidence::Likely => "likely",
            Confidence::Possible => "possible",
        }
    }
}

/// Where it is wrong, from the name look-up to the close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    Url,
    Proxy,
    Dns,
    Tcp,
    Tls,
    Http,
    Handshake,
    Connection,
    Close,
    Local,
}

/// The record. The fact never proposes a fix; only `help` does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub code: &'static str,
    pub severity: Severity,
    pub layer: Layer,
    /// `server side`, `path`, `client`, `us`.
    pub who: &'static str,
    pub fact: String,
    /// What was on the wire.
    pub seen: Vec<String>,
    pub cause: String,
    pub confidence: Confidence,
    /// The RFC section, if a rule is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
    /// One thing to do next; further lines are configuration, ready to paste.
    pub help: Vec<String>,
}
