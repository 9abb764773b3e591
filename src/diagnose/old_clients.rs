//! Clients that speak a draft from before RFC 6455: the finding that names the draft and who spoke it. Owns its words; the
//! recognition is `wire::hixie76`'s.

use crate::event::Finding;
use crate::event::finding::{Confidence, Severity};
use crate::wire::hixie76::Draft;

/// The finding on a client of a draft; `answered` when it is spoken to all the same.
pub fn finding(draft: Draft, answered: bool) -> Finding {
    let code = match draft {
        Draft::Hixie76 => "old-client-hixie-two-keys",
        Draft::Hixie75 => "old-client-hixie-no-key",
        Draft::Hybi(_) => "old-client-version",
    };
    let fact = format!("the client speaks {}, from before RFC 6455", draft.name());
    let spoken = format!("spoken by {}", draft.spoken_by());
    let finding = Finding::of(code, "client", fact).because(Confidence::Likely, spoken);
    if answered { finding.at(Severity::Note) } else { finding }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_draft_is_named_and_an_answered_one_is_a_note() {
        for (draft, code, name) in [
            (Draft::Hixie76, "old-client-hixie-two-keys", "hixie-76"),
            (Draft::Hixie75, "old-client-hixie-no-key", "hixie-75"),
            (Draft::Hybi(8), "old-client-version", "version 8"),
        ] {
            let found = finding(draft, false);
            assert_eq!((found.code, found.severity), (code, Severity::Warning));
            assert!(found.fact.contains(name), "{}", found.fact);
            assert_eq!(finding(draft, true).severity, Severity::Note);
        }
    }
}
