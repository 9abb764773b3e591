//! What `probe --deep` examined as a table: check, result, evidence. Owns the columns; the checks and their judgement
//! are `exam::deep`'s.

use crate::event::{ExamResult, Examined};
use crate::report::human::finding::indented;
use crate::report::safe;

/// The width of a check's number and name.
const CHECK: usize = 28;

/// The table; nothing when nothing was examined.
pub fn rows(examined: &[Examined]) -> Vec<String> {
    if examined.is_empty() {
        return Vec::new();
    }
    let mut rows = vec![format!("  {:<CHECK$}{:<9}{}", "check", "result", "evidence")];
    for check in examined.iter().filter(|check| check.result != ExamResult::Skipped) {
        rows.extend(check_rows(check));
    }
    rows.extend(skipped(examined));
    rows
}

/// What was not looked at, by the reason: a row for each would hide the others.
fn skipped(examined: &[Examined]) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for check in examined.iter().filter(|check| check.result == ExamResult::Skipped) {
        let name = format!("{} {}", check.id, check.name);
        match reasons.iter_mut().find(|(why, _)| *why == check.evidence) {
            Some((_, names)) => names.push(name),
            None => reasons.push((&check.evidence, vec![name])),
        }
    }
    let told: Vec<String> = reasons.iter().map(|(why, names)| format!("{} ({})", names.join(", "), why)).collect();
    if told.is_empty() {
        return Vec::new();
    }
    let label = format!("  {:<CHECK$}", "not looked at");
    let column = " ".repeat(label.chars().count());
    told.iter()
        .enumerate()
        .flat_map(|(index, row)| indented(&safe::text(row), if index == 0 { &label } else { &column }, &column))
        .collect()
}

fn check_rows(check: &Examined) -> Vec<String> {
    let name = format!("{:<5}{}", check.id, check.name);
    let label = format!("  {name:<CHECK$}{:<9}", check.result.word());
    let column = " ".repeat(label.chars().count());
    indented(&safe::text(&check.evidence), &label, &column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Span;

    #[test]
    fn each_check_has_a_row_and_long_evidence_is_broken() {
        let check = |id: &str, name: &str, result, evidence: &str| Examined {
            id: id.into(),
            name: name.into(),
            result,
            evidence: evidence.into(),
            took: Span::ZERO,
        };
        let long = "none 101, own 101, foreign 403, null 403: pages of other sites are kept out by it";
        let examined = [
            check("P7a", "plain GET", ExamResult::Pass, "426 Upgrade Required"),
            check("P5", "ALPN preference", ExamResult::Skipped, "no TLS"),
            check("P8", "origin policy", ExamResult::Note, long),
            check("P4b", "without SNI", ExamResult::Skipped, "no TLS"),
            check("P7e", "trailing slash", ExamResult::Skipped, "the path is /"),
        ];
        assert_eq!(
            rows(&examined),
            [
                "  check                       result   evidence",
                "  P7a  plain GET              pass     426 Upgrade Required",
                "  P8   origin policy          note     none 101, own 101, foreign 403, null 403: pages of other",
                "                                       sites are kept out by it",
                "  not looked at               P5 ALPN preference, P4b without SNI (no TLS)",
                "                              P7e trailing slash (the path is /)",
            ]
        );
        assert!(rows(&[]).is_empty());
    }
}
