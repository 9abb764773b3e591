//! Findings that only a command can make, because they are about what was asked for: expectations, the whole time, a
//! proxy in the environment. Owns their wording.

use crate::event::finding::Confidence::Certain;
use crate::event::{Check, Finding, show};
use crate::moment::Span;

/// Something that was asked for did not hold.
pub fn expectation_failed(check: &Check) -> Finding {
    Finding::of("expectation-failed", "server side", format!("{} did not hold", show::safe(&check.name)))
        .saw(format!("expected {}", show::safe(&check.expected)))
        .saw(format!("got {}", show::safe(&check.got)))
        .because(Certain, "the server side answers otherwise than expected, too late, or not at all")
}

/// `--timeout` ran out while this was under way, for instance `waiting for the answer to the upgrade`.
pub fn time_used_up(limit: Span, under_way: &str) -> Finding {
    Finding::of("time-used-up", "us", format!("--timeout {} was used up", show::span(limit)))
        .saw(format!("under way: {}", show::safe(under_way)))
}

/// The same while a connection was being made, which has a limit of its own that judges what it finds.
pub fn time_used_up_dialling(limit: Span, under_way: &str) -> Finding {
    time_used_up(limit, under_way)
        .because(
            Certain,
            "--timeout ended the wait before the limit for connecting (--connect-timeout) did, which would judge it",
        )
        .advise(format!(
            "nothing came of this within {}; a --timeout longer than --connect-timeout tells more",
            show::span(limit)
        ))
}

/// This variable of the environment names a proxy, and we went without it.
pub fn proxy_not_used(variable: &str) -> Finding {
    Finding::of("proxy-not-used", "us", format!("{} is set, and not used", show::safe(variable)))
        .because(Certain, "wscope connects directly; browsers and other programs may go through the proxy")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_told_with_what_came() {
        let check = Check { name: "--expect".into(), held: false, expected: "pong".into(), got: "nothing".into() };
        let finding = expectation_failed(&check);
        assert_eq!((finding.code, finding.severity.word()), ("expectation-failed", "error"));
        assert_eq!(finding.seen, ["expected pong", "got nothing"]);
        assert_eq!(time_used_up(Span::from_secs(30), "the hold").code, "time-used-up");
        let dialling = time_used_up_dialling(Span::from_secs(9), "waiting for the TLS handshake");
        assert_eq!(dialling.seen, ["under way: waiting for the TLS handshake"]);
        assert!(!dialling.cause.contains("no limit of its own"), "{}", dialling.cause);
        assert_eq!(proxy_not_used("HTTPS_PROXY").code, "proxy-not-used");
    }
}
