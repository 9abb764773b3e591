//! `probe --deep`: the checks in their order, what each needs and may cost, and what a check comes to. Owns that table
//! and the bounds; the judgements are in `reaching` (the way to the server), `requests` (what other
//! requests show) and `frames` (what happens on a connection), who asks is elsewhere.

pub mod frames;
pub mod reaching;
pub mod requests;
#[cfg(test)]
mod tests;

use crate::event::ExamResult;
use crate::moment::Span;

/// Between two requests.
pub const PAUSE: Span = Span::from_millis(20);
/// For one request, or one answer of the peer's.
pub const WAIT: Span = Span::from_secs(3);
/// So many addresses of a name are tried.
pub const ADDRESSES_MAX: usize = 6;
/// So many messages, each on a connection of its own, narrow a limit of size down.
pub const BISECTIONS_MAX: u32 = 12;
/// So many connections, one after another, show how a reconnect goes.
pub const RECONNECTS: u32 = 3;
/// For all checks together.
const AT_MOST: Span = Span::from_secs(50);
/// The same with the deliberate breaches.
const AT_MOST_STRICT: Span = Span::from_secs(60);

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Names,
    Addresses,
    Proxy,
    Certificate,
    NoSni,
    Alpn,
    Keys,
    PlainGet,
    OtherPath,
    KeepAlive,
    Versions,
    Slash,
    Scheme,
    Origins,
    Subprotocols,
    Compression,
    Pings,
    OwnHeartbeat,
    Sizes,
    Fragments,
    ReservedBits,
    Closing,
    Strict,
    Reconnects,
    ServerClock,
}

/// What a check cannot be done without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    Tls,
    /// A request of ours that is answered by 101.
    Open,
}

/// One check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    pub id: &'static str,
    pub name: &'static str,
    pub step: Step,
    pub needs: Needs,
    /// Connections that it may take.
    pub requests: u32,
}

const fn check(id: &'static str, name: &'static str, step: Step, needs: Needs, requests: u32) -> Check {
    Check { id, name, step, needs, requests }
}

/// All, in their order. The ids are those of the field guide's list; what needs two servers, or minutes, is not here.
const CHECKS: &[Check] = &[
    check("P1", "name look-up", Step::Names, Needs::Nothing, 0),
    check("P2", "each address", Step::Addresses, Needs::Nothing, ADDRESSES_MAX as u32),
    check("P3", "outgoing proxy", Step::Proxy, Needs::Nothing, 0),
    check("P4a", "TLS, certificate", Step::Certificate, Needs::Tls, 1),
    check("P4b", "without SNI", Step::NoSni, Needs::Tls, 1),
    check("P5", "ALPN preference", Step::Alpn, Needs::Tls, 1),
    check("P6", "two keys", Step::Keys, Needs::Nothing, 2),
    check("P7a", "plain GET", Step::PlainGet, Needs::Nothing, 1),
    check("P7b", "another path", Step::OtherPath, Needs::Nothing, 1),
    check("P7c", "keep-alive, Upgrade", Step::KeepAlive, Needs::Nothing, 1),
    check("P7d", "versions 8 and 99", Step::Versions, Needs::Nothing, 2),
    check("P7e", "trailing slash", Step::Slash, Needs::Nothing, 1),
    check("P7f", "the other scheme", Step::Scheme, Needs::Nothing, 1),
    check("P8", "origin policy", Step::Origins, Needs::Nothing, 5),
    check("P9", "subprotocols", Step::Subprotocols, Needs::Nothing, 2),
    check("P10a", "compression offer", Step::Compression, Needs::Nothing, 1),
    check("P11", "pings", Step::Pings, Needs::Open, 1),
    check("P12", "own heartbeat", Step::OwnHeartbeat, Needs::Open, 1),
    check("P14a", "message sizes", Step::Sizes, Needs::Open, 1 + BISECTIONS_MAX),
    check("P14b", "ping in a message", Step::Fragments, Needs::Open, 1),
    check("P10b", "reserved bits", Step::ReservedBits, Needs::Open, 0),
    check("P15", "closing handshakes", Step::Closing, Needs::Open, 4),
    check("P16", "breaches of ours", Step::Strict, Needs::Open, 5),
    check("P17", "reconnects", Step::Reconnects, Needs::Open, RECONNECTS),
    check("P19", "server clock", Step::ServerClock, Needs::Nothing, 0),
];

/// The checks of a run. `strict`: with breaches of the protocol by us.
pub fn checks(strict: bool) -> impl Iterator<Item = &'static Check> {
    CHECKS.iter().filter(move |check| strict || check.step != Step::Strict)
}

/// Connections and requests, at most.
pub fn cost(strict: bool) -> u32 {
    checks(strict).map(|check| check.requests).sum()
}

/// The time, at most.
pub fn at_most(strict: bool) -> Span {
    if strict { AT_MOST_STRICT } else { AT_MOST }
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub result: ExamResult,
    pub evidence: String,
    pub wrong: Option<Wrong>,
}

/// What a person should act on: the code of the finding, and its fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub code: &'static str,
    pub fact: String,
}

impl Verdict {
    /// As it should be.
    pub fn pass(evidence: impl Into<String>) -> Verdict {
        Verdict { result: ExamResult::Pass, evidence: evidence.into(), wrong: None }
    }

    /// Worth knowing, and no fault.
    pub fn note(evidence: impl Into<String>) -> Verdict {
        Verdict { result: ExamResult::Note, evidence: evidence.into(), wrong: None }
    }

    /// Some clients, or some days, will have trouble.
    pub fn warn(evidence: impl Into<String>) -> Verdict {
        Verdict { result: ExamResult::Warn, evidence: evidence.into(), wrong: None }
    }

    /// Broken.
    pub fn fail(evidence: impl Into<String>) -> Verdict {
        Verdict { result: ExamResult::Fail, evidence: evidence.into(), wrong: None }
    }

    /// It was not looked at, and why.
    pub fn skipped(why: impl Into<String>) -> Verdict {
        Verdict { result: ExamResult::Skipped, evidence: why.into(), wrong: None }
    }

    /// With a finding of this code.
    pub fn told_as(mut self, code: &'static str, fact: impl Into<String>) -> Verdict {
        self.wrong = Some(Wrong { code, fact: fact.into() });
        self
    }
}
