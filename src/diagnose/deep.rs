//! The findings of `probe --deep`: who is to act, how sure the cause is, and what else it may be. Owns that; whether a
//! check failed, and its fact, are the examination's, the general texts the catalogue's.

use crate::event::Finding;
use crate::event::finding::Confidence::{self, Certain, Likely, Possible};

/// A default limit on one message.
struct MessageLimit {
    bytes: u64,
    product: &'static str,
    setting: &'static str,
}

const fn message_limit(bytes: u64, product: &'static str, setting: &'static str) -> MessageLimit {
    MessageLimit { bytes, product, setting }
}

const MESSAGE_LIMITS: &[MessageLimit] = &[
    message_limit(8 * 1024, "Tomcat, and Spring on it", "maxTextMessageBufferSize"),
    message_limit(32 * 1024, "coder/websocket and of SignalR", "SetReadLimit or MaximumReceiveMessageSize"),
    message_limit(64 * 1024, "Jetty, Centrifugo and actix", "maxTextMessageSize, message_size_limit or frame_size"),
    message_limit(128 * 1024, "AWS API Gateway", "a quota, which cannot be raised: split the message"),
    message_limit(1_000_000, "Socket.IO", "maxHttpBufferSize"),
];
/// A limit is found to within so many bytes below it, or 2 %.
const PRECISION: u64 = 1024;

/// Whom a code concerns, and how sure its cause is.
struct Row {
    code: &'static str,
    who: &'static str,
    confidence: Confidence,
}

const fn row(code: &'static str, who: &'static str, confidence: Confidence) -> Row {
    Row { code, who, confidence }
}

/// Where two causes are possible, the catalogue's text names both.
const ROWS: &[Row] = &[
    row("address-dead", "path", Possible),
    row("answers-differ", "server side", Possible),
    row("one-accept-for-two-keys", "server side", Possible),
    row("keep-alive-refused", "server side", Likely),
    row("version-ignored", "server side", Certain),
    row("subprotocol-invented", "server side", Likely),
    row("extension-answer-wrong", "server side", Likely),
    row("compression-offer-refused", "server side", Likely),
    row("ping-size-matters", "server side", Possible),
    row("message-size-limit", "server side", Possible),
    row("large-message-cut", "server side", Possible),
    row("fragments-refused", "server side", Likely),
    row("reserved-bits-set", "server side", Possible),
    row("close-variant-unanswered", "server side", Possible),
    row("violation-accepted", "server side", Certain),
];

/// The finding of a check with this fact and evidence. `passed`: the largest message that went through, where a limit
/// was found. None: the code is none of these.
pub fn finding(code: &str, fact: &str, evidence: &str, passed: Option<u64>) -> Option<Finding> {
    let row = ROWS.iter().find(|row| row.code == code)?;
    let bare = Finding { confidence: row.confidence, ..Finding::of(row.code, row.who, fact) };
    let finding = if evidence == fact { bare } else { bare.saw(evidence) };
    let is_limit = matches!(row.code, "message-size-limit" | "large-message-cut");
    let limit = passed.filter(|_| is_limit).and_then(known_limit);
    let Some(limit) = limit else { return Some(finding) };
    let cause = format!("a limit of the server's library or of a gateway; it is the default of {}", limit.product);
    let advice = format!("keep messages below it, or raise it; there it is {}", limit.setting);
    Some(finding.because(Possible, cause).advise(advice))
}

fn known_limit(passed: u64) -> Option<&'static MessageLimit> {
    MESSAGE_LIMITS.iter().find(|limit| {
        let below = limit.bytes.checked_sub(passed);
        below.is_some_and(|below| below <= PRECISION.max(limit.bytes / 50))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_checks_makes_its_finding() {
        for code in [
            "address-dead",
            "answers-differ",
            "one-accept-for-two-keys",
            "keep-alive-refused",
            "version-ignored",
            "subprotocol-invented",
            "extension-answer-wrong",
            "compression-offer-refused",
            "ping-size-matters",
            "message-size-limit",
            "large-message-cut",
            "fragments-refused",
            "reserved-bits-set",
            "close-variant-unanswered",
            "violation-accepted",
        ] {
            let finding = finding(code, "a fact", "what was seen", None).unwrap();
            assert_eq!((finding.code, finding.fact.as_str(), finding.seen.len()), (code, "a fact", 1));
        }
        assert!(finding("reset", "a fact", "", None).is_none());
    }

    #[test]
    fn a_limit_near_a_products_default_is_named_as_possible() {
        let near = finding("message-size-limit", "a fact", "seen", Some(8 * 1024 - 100)).unwrap();
        assert!(near.cause.contains("Tomcat") && near.help[0].contains("maxTextMessageBufferSize"));
        assert_eq!(near.confidence, Possible);
        let far = finding("message-size-limit", "a fact", "seen", Some(20_000)).unwrap();
        assert!(!far.cause.contains("default"), "{}", far.cause);
    }

    #[test]
    fn evidence_that_is_the_fact_is_not_told_twice() {
        assert!(finding("violation-accepted", "not ended: x", "not ended: x", None).unwrap().seen.is_empty());
    }
}
