//! Findings as a person reads them: SCREENS rule 3. Owns their order, the limit of five, and the layout of one; what a
//! finding says is `diagnose`'s.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::event::Finding;
use crate::event::finding::Severity;
use crate::report::human::lines::{Tone, WIDTH, wrap};
use crate::report::safe;

/// How many are shown in full.
const SHOWN_MAX: usize = 5;

/// How many are kept in full; more are only counted.
const KEPT_MAX: usize = 64;

/// The columns in front of a row's text.
const INDENT: usize = 9;

/// What stands between a cause and the evidence for it, so that the evidence can stand behind the confidence.
const EVIDENCE: &str = "; evidence: ";

/// The findings on one URL.
#[derive(Clone, Default)]
pub struct Findings {
    kept: Vec<Finding>,
    counted: BTreeMap<&'static str, u64>,
}

impl Findings {
    /// One more.
    pub fn push(&mut self, finding: &Finding) {
        if self.kept.len() < KEPT_MAX {
            self.kept.push(finding.clone());
        } else {
            *self.counted.entry(finding.code).or_default() += 1;
        }
    }

    /// A failure that was waited out: its errors are no matter any more.
    pub fn overcome(&mut self) {
        self.kept.retain(|finding| finding.severity < Severity::Error);
    }

    /// The one to act on: the first of the worst.
    pub fn first(&self) -> Option<&Finding> {
        self.ordered().first().copied()
    }

    /// A section for each of the first five, errors first, and one line that counts the rest by code.
    pub fn sections(&self, with_rule: bool, paint: impl Fn(&str, Tone) -> String) -> Vec<Vec<String>> {
        let ordered = self.ordered();
        let shown = ordered.iter().take(SHOWN_MAX);
        let mut sections: Vec<Vec<String>> = shown.map(|finding| section(finding, with_rule, &paint)).collect();
        let mut rest = self.counted.clone();
        for finding in ordered.iter().skip(SHOWN_MAX) {
            *rest.entry(finding.code).or_default() += 1;
        }
        if !rest.is_empty() {
            let total: u64 = rest.values().sum();
            let counts: Vec<String> = rest.iter().map(|(code, number)| format!("{number} {code}")).collect();
            sections.push(indented(&format!("and {total} more: {}", counts.join(", ")), "", "  "));
        }
        sections
    }

    fn ordered(&self) -> Vec<&Finding> {
        let mut ordered: Vec<&Finding> = self.kept.iter().collect();
        ordered.sort_by_key(|finding| Reverse(finding.severity));
        ordered
    }
}

fn section(finding: &Finding, with_rule: bool, paint: &impl Fn(&str, Tone) -> String) -> Vec<String> {
    let word = format!("{}:", finding.severity.word());
    let head = format!("{word} {}   [{}]", safe::text(&finding.fact), finding.code);
    let mut lines = indented(&head, "", "  ");
    if let Some(first) = lines.first_mut() {
        let painted = paint(&word, tone(finding.severity));
        first.replace_range(..word.len(), &painted);
    }
    for (index, seen) in finding.seen.iter().enumerate() {
        row(if index == 0 { "seen" } else { "" }, seen, &mut lines);
    }
    if !finding.cause.is_empty() {
        row("cause", &cause(finding), &mut lines);
    }
    if let Some(rule) = finding.rule.filter(|_| with_rule) {
        row("rule", rule, &mut lines);
    }
    if let Some((first, configuration)) = finding.help.split_first() {
        row("help", first, &mut lines);
        // To be pasted: never broken, however long.
        lines.extend(configuration.iter().map(|line| format!("{}{}", " ".repeat(INDENT + 4), safe::text(line))));
    }
    lines
}

fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Warn,
        Severity::Note => Tone::Plain,
    }
}

/// `nginx, proxy_read_timeout (likely: FIN, no code)`.
fn cause(finding: &Finding) -> String {
    let confidence = finding.confidence.word();
    match finding.cause.split_once(EVIDENCE) {
        Some((cause, evidence)) => format!("{cause} ({confidence}: {evidence})"),
        None => format!("{} ({confidence})", finding.cause),
    }
}

fn row(label: &str, text: &str, lines: &mut Vec<String>) {
    lines.extend(indented(&safe::text(text), &format!("  {label:<5}  "), &" ".repeat(INDENT)));
}

/// `text` behind `first`, and broken lines behind `rest`.
pub fn indented(text: &str, first: &str, rest: &str) -> Vec<String> {
    let broken = wrap(text, WIDTH - first.len().max(rest.len()));
    let lines = broken.iter().enumerate();
    lines.map(|(index, line)| format!("{}{line}", if index == 0 { first } else { rest })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::finding::{Confidence, Layer};

    fn finding(code: &'static str, severity: Severity) -> Finding {
        Finding {
            code,
            severity,
            layer: Layer::Http,
            who: "path",
            fact: format!("a fact on {code}"),
            seen: Vec::new(),
            cause: String::new(),
            confidence: Confidence::Likely,
            rule: None,
            help: Vec::new(),
        }
    }

    fn shown(findings: &Findings) -> Vec<Vec<String>> {
        findings.sections(true, |text, _| text.to_owned())
    }

    #[test]
    fn errors_come_first_and_the_rest_over_five_is_counted() {
        let mut findings = Findings::default();
        for code in ["a", "b", "b", "c", "c"] {
            findings.push(&finding(code, Severity::Note));
        }
        findings.push(&finding("w", Severity::Warning));
        findings.push(&finding("e", Severity::Error));
        let sections = shown(&findings);
        assert_eq!(findings.first().map(|first| first.code), Some("e"));
        assert_eq!(sections[0], ["error: a fact on e   [e]"]);
        assert_eq!(sections[1], ["warning: a fact on w   [w]"]);
        assert_eq!((sections.len(), sections[5].clone()), (6, vec!["and 2 more: 2 c".to_owned()]));
    }

    #[test]
    fn configuration_keeps_its_own_indentation_however_long_it_is() {
        let long = format!("    set bereq.http.Upgrade = \"{}\";", "a ".repeat(60));
        let mut one = finding("x", Severity::Error);
        one.help = vec!["in Varnish's VCL:".into(), "sub vcl_pipe {".into(), long.clone(), "}".into()];
        let mut findings = Findings::default();
        findings.push(&one);
        let margin = " ".repeat(13);
        assert_eq!(
            shown(&findings)[0][1..],
            [
                "  help   in Varnish's VCL:".to_owned(),
                format!("{margin}sub vcl_pipe {{"),
                format!("{margin}{long}"),
                format!("{margin}}}"),
            ]
        );
    }

    #[test]
    fn evidence_stands_behind_the_confidence_and_the_rule_when_asked_for() {
        let mut one = finding("x", Severity::Error);
        one.cause = "a limit; evidence: FIN, no code".into();
        one.rule = Some("RFC 6455 section 4.1");
        one.seen = vec!["one".into(), "two\x1b".into()];
        let mut findings = Findings::default();
        findings.push(&one);
        assert_eq!(
            shown(&findings)[0][1..],
            [
                "  seen   one",
                "         two\\x1b",
                "  cause  a limit (likely: FIN, no code)",
                "  rule   RFC 6455 section 4.1"
            ]
        );
    }
}
