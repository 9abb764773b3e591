//! The verdict of a run and its exit code: the one place where the numbers are given out.

use serde::Serialize;

use crate::event::dialling::{DialFailed, DialFault, Phase};
use crate::event::ended::{Ended, How, Side};
use crate::moment::Span;
use crate::wire::close;

/// Every way in which wscope can end, with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    Healthy,
    Failed,
    Usage,
    NameNotResolved,
    Unreachable,
    ProxyRefused,
    TlsHandshake,
    CertificateNotTrusted,
    Refused,
    InvalidUpgrade,
    ConnectTimeout,
    CannotListen,
    ClosedEarly,
    ClosedWithError,
    EndedWithoutClose,
    Reset,
    Silent,
    IllegalFrame,
    CloseUnanswered,
    OwnFault,
    TimeUsedUp,
    Interrupted,
    Terminated,
}

impl Exit {
    /// Every exit, in the order of the table in `--help`.
    pub const ALL: [Exit; 23] = [
        Exit::Healthy,
        Exit::Failed,
        Exit::Usage,
        Exit::NameNotResolved,
        Exit::Unreachable,
        Exit::ProxyRefused,
        Exit::TlsHandshake,
        Exit::CertificateNotTrusted,
        Exit::Refused,
        Exit::InvalidUpgrade,
        Exit::ConnectTimeout,
        Exit::CannotListen,
        Exit::ClosedEarly,
        Exit::ClosedWithError,
        Exit::EndedWithoutClose,
        Exit::Reset,
        Exit::Silent,
        Exit::IllegalFrame,
        Exit::CloseUnanswered,
        Exit::OwnFault,
        Exit::TimeUsedUp,
        Exit::Interrupted,
        Exit::Terminated,
    ];

    /// The process's exit status.
    pub fn code(self) -> u8 {
        self.row().0
    }

    /// What the number means, one line.
    pub fn meaning(self) -> &'static str {
        self.row().1
    }

    /// The word that stands first on a probe's line.
    pub fn word(self) -> &'static str {
        match self.code() {
            0 => "HEALTHY",
            10..=14 | 17 => "UNREACHABLE",
            15 | 16 => "REFUSED",
            20..=26 => "DROPPED",
            124 => "TIMEOUT",
            130 | 143 => "STOPPED",
            _ => "FAILED",
        }
    }

    /// The exit for a connection that ended before what was asked for was done.
    pub fn of_end(ended: &Ended) -> Exit {
        match &ended.how {
            How::Close { .. } if ended.by == Side::Us => Exit::Healthy,
            How::Close { code, .. } | How::CloseThenCut { code, .. } if close::is_normal(*code) => Exit::ClosedEarly,
            How::Close { .. } | How::CloseThenCut { .. } => Exit::ClosedWithError,
            How::CloseUnanswered { .. } => Exit::CloseUnanswered,
            How::Fin | How::TlsTruncated | How::TlsAlert { .. } => Exit::EndedWithoutClose,
            How::Reset => Exit::Reset,
            How::Silent { .. } | How::KernelTimeout | How::WriteStuck => Exit::Silent,
            // A legal frame, and a limit of our own.
            How::Garbage { breach, .. } if breach == "over-limit" => Exit::Failed,
            How::Garbage { .. } => Exit::IllegalFrame,
            How::Local { .. } => Exit::Failed,
        }
    }

    /// The exit for a dial that led to no connection.
    pub fn of_dial(failed: &DialFailed) -> Exit {
        match &failed.fault {
            DialFault::NameNotFound { .. } | DialFault::NameLookupFailed { .. } | DialFault::NoAddress { .. } => {
                Exit::NameNotResolved
            }
            DialFault::Unreachable { .. } => Exit::Unreachable,
            DialFault::TimedOut { .. } => Exit::ConnectTimeout,
            DialFault::Certificate { .. } => Exit::CertificateNotTrusted,
            DialFault::Tls { .. } | DialFault::TlsCut { .. } | DialFault::AlertBeforeAnswer { .. } => {
                Exit::TlsHandshake
            }
            DialFault::InvalidUpgrade { .. } => Exit::InvalidUpgrade,
            DialFault::Refused { .. }
            | DialFault::NotHttp { .. }
            | DialFault::CutBeforeAnswer { .. }
            | DialFault::HeadTooLarge { .. }
            | DialFault::Redirects { .. } => Exit::Refused,
            DialFault::Io { .. } => match failed.phase {
                Phase::Resolve => Exit::NameNotResolved,
                Phase::Connect => Exit::Unreachable,
                Phase::Tls => Exit::TlsHandshake,
                Phase::Upgrade => Exit::Refused,
            },
        }
    }

    fn row(self) -> (u8, &'static str) {
        match self {
            Exit::Healthy => (0, "all that was asked for held"),
            Exit::Failed => (1, "an expectation or a check failed, or a finding of that severity"),
            Exit::Usage => (2, "usage: the command line, and files named on it"),
            Exit::NameNotResolved => (10, "name not resolved"),
            Exit::Unreachable => (11, "TCP: refused, unreachable"),
            Exit::ProxyRefused => (12, "proxy refused"),
            Exit::TlsHandshake => (13, "TLS handshake"),
            Exit::CertificateNotTrusted => (14, "certificate not trusted"),
            Exit::Refused => (15, "HTTP status other than 101, or no HTTP answer at all"),
            Exit::InvalidUpgrade => (16, "answered 101, but the upgrade is invalid"),
            Exit::ConnectTimeout => (17, "connect timeout"),
            Exit::CannotListen => (18, "the address cannot be listened on"),
            Exit::ClosedEarly => (20, "peer's Close 1000, 1001 or without code, too early"),
            Exit::ClosedWithError => (21, "peer's Close with any other legal code"),
            Exit::EndedWithoutClose => (22, "FIN or TLS end without Close; TLS alert after the open"),
            Exit::Reset => (23, "reset"),
            Exit::Silent => (24, "heartbeat unanswered, write stuck, kernel's timeout"),
            Exit::IllegalFrame => (25, "bytes that are no legal frame; an illegal Close code"),
            Exit::CloseUnanswered => (26, "our Close unanswered"),
            Exit::OwnFault => (70, "a fault of wscope's own"),
            Exit::TimeUsedUp => (124, "--timeout reached"),
            Exit::Interrupted => (130, "interrupted"),
            Exit::Terminated => (143, "terminated"),
        }
    }
}

impl Serialize for Exit {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.code())
    }
}

/// The verdict on one URL.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    pub url: String,
    /// `healthy`, `failed`, …: the verdict's word in lower case.
    pub verdict: String,
    pub exit: Exit,
    /// The one fact that decides.
    pub fact: String,
    pub drops: u32,
    pub reconnects: u32,
    #[serde(rename = "down_ns")]
    pub down: Span,
    /// How long the first open took.
    #[serde(rename = "open_ns")]
    pub open: Option<Span>,
    /// The median of the heartbeats and pings that had their own answer.
    #[serde(rename = "heartbeat_median_ns")]
    pub heartbeat_median: Option<Span>,
    pub heartbeats_answered: u64,
}

/// The last event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunEnded {
    pub verdict: String,
    pub exit: Exit,
    #[serde(rename = "took_ns")]
    pub took: Span,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_given_out_once_and_in_order() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
    }

    #[test]
    fn a_word_belongs_to_a_range_of_numbers() {
        assert_eq!(Exit::Healthy.word(), "HEALTHY");
        assert_eq!(Exit::ConnectTimeout.word(), "UNREACHABLE");
        assert_eq!(Exit::InvalidUpgrade.word(), "REFUSED");
        assert_eq!(Exit::CloseUnanswered.word(), "DROPPED");
        assert_eq!(Exit::Terminated.word(), "STOPPED");
        assert_eq!(Exit::Failed.word(), "FAILED");
    }
}
