//! The catalogue of findings: every code with its usual severity, its layer, what it means, what usually causes it and
//! what to do. Owns the general texts, which `explain` and `docs/findings.md` show; what was seen in a run, and the
//! cause that fits it, are put into a [`Finding`] by `diagnose`.

mod before_http;
mod deep;
mod drops;
mod ends;
mod first_bytes;
mod old_clients;
mod reach;
mod refusals;
mod upgrade;

use crate::event::finding::{Confidence, Finding, Layer, Severity};

/// One kind of finding. All texts are plain sentences without a full stop at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Words in kebab case, unique.
    pub code: &'static str,
    /// The usual severity; circumstances can lower it.
    pub severity: Severity,
    pub layer: Layer,
    /// What it means.
    pub what: &'static str,
    /// The usual causes, the commonest first.
    pub cause: &'static str,
    /// What to do next.
    pub help: &'static str,
    /// The RFC section, if a rule is broken.
    pub rule: Option<&'static str>,
}

/// All of them, from the name look-up to the close.
pub const ENTRIES: &[Entry] = &ALL;

/// From the name look-up to the close.
const PARTS: [&[Entry]; 9] = [
    reach::ENTRIES,
    before_http::ENTRIES,
    upgrade::ENTRIES,
    refusals::ENTRIES,
    first_bytes::ENTRIES,
    ends::ENTRIES,
    drops::ENTRIES,
    deep::ENTRIES,
    old_clients::ENTRIES,
];

const COUNT: usize = count();

const ALL: [Entry; COUNT] = joined();

const fn count() -> usize {
    let (mut count, mut part) = (0, 0);
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
}

const fn joined() -> [Entry; COUNT] {
    let mut all = [reach::ENTRIES[0]; COUNT];
    let (mut next, mut part) = (0, 0);
    while part < PARTS.len() {
        let mut index = 0;
        while index < PARTS[part].len() {
            all[next] = PARTS[part][index];
            next += 1;
            index += 1;
        }
        part += 1;
    }
    all
}

/// The entry of a code.
pub fn entry(code: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.code == code)
}

impl Finding {
    /// A finding as the catalogue has it, with this fact: the catalogue's cause (possible) and help, nothing seen yet.
    ///
    /// Panics when the code is not in the catalogue: codes are constants of this program.
    pub fn of(code: &str, who: &'static str, fact: impl Into<String>) -> Finding {
        let entry = entry(code).expect("every code that a rule uses is in the catalogue");
        Finding {
            code: entry.code,
            severity: entry.severity,
            layer: entry.layer,
            who,
            fact: fact.into(),
            seen: Vec::new(),
            cause: entry.cause.into(),
            confidence: Confidence::Possible,
            rule: entry.rule,
            help: vec![entry.help.into()],
        }
    }

    /// With one more line of what was on the wire.
    pub fn saw(mut self, line: impl Into<String>) -> Finding {
        self.seen.push(line.into());
        self
    }

    /// With these lines of what was on the wire.
    pub fn saw_all(mut self, lines: impl IntoIterator<Item = String>) -> Finding {
        self.seen.extend(lines);
        self
    }

    /// With the cause that fits what was seen.
    pub fn because(mut self, confidence: Confidence, cause: impl Into<String>) -> Finding {
        self.cause = cause.into();
        self.confidence = confidence;
        self
    }

    /// With this to do instead of the catalogue's advice.
    pub fn advise(mut self, help: impl Into<String>) -> Finding {
        self.help = vec![help.into()];
        self
    }

    /// With lines of configuration behind the advice.
    pub fn paste(mut self, lines: &[&str]) -> Finding {
        self.help.extend(lines.iter().map(|line| (*line).to_string()));
        self
    }

    /// With lines of configuration behind the advice.
    pub fn paste_lines(mut self, lines: Vec<String>) -> Finding {
        self.help.extend(lines);
        self
    }

    /// With another severity than the usual one.
    pub fn at(mut self, severity: Severity) -> Finding {
        self.severity = severity;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_complete_ascii_and_without_a_full_stop() {
        for entry in ENTRIES {
            for text in [entry.what, entry.cause, entry.help] {
                assert!(text.len() > 8, "{}: {text:?}", entry.code);
                assert!(text.is_ascii() && !text.ends_with('.') && !text.contains("  "), "{}: {text:?}", entry.code);
            }
        }
    }

    #[test]
    fn codes_are_unique_words_in_kebab_case() {
        let mut codes: Vec<&str> = ENTRIES.iter().map(|entry| entry.code).collect();
        for code in &codes {
            assert!(code.split('-').all(|word| !word.is_empty()), "{code}");
            assert!(
                code.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit()),
                "{code}"
            );
        }
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ENTRIES.len());
    }

    #[test]
    fn a_finding_begins_as_the_catalogue_has_it() {
        let finding = Finding::of("fin-without-close", "server side", "FIN").saw("age 1.0 s").at(Severity::Note);
        assert_eq!((finding.code, finding.severity, finding.seen.len()), ("fin-without-close", Severity::Note, 1));
        assert!(entry("no-such-code").is_none());
    }
}
