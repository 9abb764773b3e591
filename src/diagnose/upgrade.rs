//! Findings on a 101 that breaks rules of RFC 6455 section 4.1, or is odd. Owns how a breach becomes a finding; the
//! rules themselves are `wire::upgrade_check`'s, the names of wrong accept values `accept`'s.

use crate::diagnose::accept;
use crate::diagnose::facts::Facts;
use crate::event::codes::entry;
use crate::event::finding::Confidence::{Certain, Likely};
use crate::event::{Finding, UpgradeBreach, show};
use crate::wire::upgrade_check::{Sent, check};

/// The finding of one breach; none for a code that the catalogue does not have.
pub fn breach(facts: &Facts, breach: &UpgradeBreach) -> Option<Finding> {
    let entry = entry(&breach.code)?;
    let seen = [format!("expected {}", show::safe(&breach.expected)), format!("got {}", show::safe(&breach.got))];
    let finding = Finding::of(entry.code, "server side", entry.what).saw_all(seen);
    Some(match entry.code {
        "accept-wrong" => accept_wrong(facts, finding),
        "extension-not-offered" => finding.because(Likely, "the server announces its extension whatever is asked"),
        "subprotocol-not-offered" => finding.because(Likely, "the server names its subprotocol whatever is asked"),
        "subprotocol-not-answered" => finding.because(Likely, "the server knows none of those that were offered"),
        _ => finding,
    })
}

/// The warnings on a 101 that is good enough to go on with: what is odd and breaks no rule that must fail.
pub fn oddities(facts: &Facts) -> Vec<Finding> {
    let (Some(sent), Some(answer)) = (&facts.sent, &facts.answer) else { return Vec::new() };
    if answer.status() != Some(101) {
        return Vec::new();
    }
    let subprotocols = sent.tokens("Sec-WebSocket-Protocol");
    let sent = Sent {
        key: sent.first("Sec-WebSocket-Key").unwrap_or_default(),
        subprotocols: &subprotocols,
        extensions_offered: sent.first("Sec-WebSocket-Extensions").is_some(),
    };
    check(answer, &sent)
        .into_iter()
        .filter(|found| !found.must_fail)
        .filter_map(|found| {
            let found = UpgradeBreach {
                code: found.code.into(),
                must_fail: found.must_fail,
                expected: found.expected,
                got: found.got,
            };
            breach(facts, &found)
        })
        .collect()
}

fn accept_wrong(facts: &Facts, finding: Finding) -> Finding {
    let key = facts.sent.as_ref().and_then(|sent| sent.first("Sec-WebSocket-Key"));
    let got = facts.answered("Sec-WebSocket-Accept");
    match key.zip(got).and_then(|(key, got)| accept::decode(key, got)) {
        Some(mistake) => finding.because(Certain, mistake),
        None => finding,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::finding::Severity;
    use crate::wire::head::Head;
    use crate::wire::upgrade_check::rule;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    fn facts(request: &str, answer: &str) -> Facts {
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: {KEY}\r\n{request}\r\n");
        let answer =
            format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{answer}\r\n");
        Facts {
            sent: Some(Head::verbatim(request.into_bytes())),
            answer: Some(Head::verbatim(answer.into_bytes())),
            ..Facts::default()
        }
    }

    #[test]
    fn every_breach_has_its_finding_and_its_rule() {
        for (code, severity) in [
            ("upgrade-header-wrong", Severity::Error),
            ("connection-header-wrong", Severity::Error),
            ("accept-missing", Severity::Error),
            ("accept-wrong", Severity::Error),
            ("extension-not-offered", Severity::Error),
            ("subprotocol-not-offered", Severity::Error),
            ("subprotocol-not-answered", Severity::Warning),
            ("http-version-odd", Severity::Warning),
            ("stray-body", Severity::Warning),
            ("header-repeated", Severity::Warning),
        ] {
            let told = UpgradeBreach { code: code.into(), must_fail: true, expected: "a".into(), got: "b".into() };
            let finding = breach(&Facts::default(), &told).unwrap();
            assert_eq!((finding.code, finding.severity), (code, severity));
            assert_eq!(finding.seen, ["expected a", "got b"]);
            assert_eq!(finding.rule, rule(code));
        }
        let unknown =
            UpgradeBreach { code: "none".into(), must_fail: true, expected: String::new(), got: String::new() };
        assert_eq!(breach(&Facts::default(), &unknown), None);
    }

    #[test]
    fn a_good_answer_has_no_oddity_and_an_unanswered_offer_is_one() {
        let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
        assert!(oddities(&facts("", accept)).is_empty());
        let found = oddities(&facts("Sec-WebSocket-Protocol: chat\r\n", accept));
        assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["subprotocol-not-answered"]);
    }

    #[test]
    fn a_known_mistake_in_the_accept_value_is_certain() {
        let told = UpgradeBreach {
            code: "accept-wrong".into(),
            must_fail: true,
            expected: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".into(),
            got: KEY.into(),
        };
        let finding = breach(&facts("", &format!("Sec-WebSocket-Accept: {KEY}\r\n")), &told).unwrap();
        assert_eq!(finding.confidence, Certain);
    }
}
