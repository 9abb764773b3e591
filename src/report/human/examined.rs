//! What `probe --deep` examined as a table: check, result, evidence. Owns the columns; the checks and their judgement
//! are `exam::deep`'s.

use crate::event::Examined;
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
    for check in examined {
        rows.extend(check_rows(check));
    }
    rows
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
    use crate::event::ExamResult;
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
            check("P8", "origin policy", ExamResult::Skipped, long),
        ];
        assert_eq!(
            rows(&examined),
            [
                "  check                       result   evidence",
                "  P7a  plain GET              pass     426 Upgrade Required",
                "  P8   origin policy          skipped  none 101, own 101, foreign 403, null 403: pages of other",
                "                                       sites are kept out by it",
            ]
        );
        assert!(rows(&[]).is_empty());
    }
}
