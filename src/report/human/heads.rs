//! HTTP heads and the bodies of refusals as shown: a field a line, escaped, cut at 200 characters (SCREENS, screen 2).
//! Owns their limits; the heads themselves are `wire::head` (RFC 9112).

use crate::event::show::{count, size};
use crate::event::{Body, UpgradeAnswered};
use crate::report::safe::{self, SHOWN_MAX};
use crate::wire::head::Head;

/// How many lines of a refusal's head are shown without `-v`.
const HEAD_LINES_MAX: usize = 20;

/// How many lines of a refusal's body are shown.
const BODY_LINES_MAX: usize = 10;

/// Every line of a head behind `prefix`.
pub fn whole(head: &Head, prefix: &str) -> Vec<String> {
    let start = std::iter::once(safe::line(head.start(), SHOWN_MAX));
    let fields = head.fields().iter().map(|field| safe::line(&format!("{}: {}", field.name, field.value), SHOWN_MAX));
    start.chain(fields).map(|line| format!("{prefix}{line}")).collect()
}

/// A refusal's or an invalid answer's head and body, as much as is shown without being asked.
pub fn refusal(answer: &UpgradeAnswered) -> Vec<String> {
    let mut lines = whole(&answer.head, "");
    if lines.len() > HEAD_LINES_MAX {
        let more = lines.len() - HEAD_LINES_MAX;
        lines.truncate(HEAD_LINES_MAX);
        lines.push(format!("... {} (all with -v)", more_lines(more)));
    }
    lines.extend(answer.body.as_ref().map(body).unwrap_or_default());
    lines
}

/// `body, 16 B: "Upgrade Required"`; several lines one under the other.
pub fn body(body: &Body) -> Vec<String> {
    let bytes = &body.payload.0;
    if bytes.is_empty() {
        return if body.cut { vec!["body, cut off before its first byte".to_owned()] } else { Vec::new() };
    }
    let kept = size(bytes.len() as u64);
    let title = if body.cut { format!("body, the first {kept}:") } else { format!("body, {kept}:") };
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if !text.contains(&b'\n') {
        return vec![format!("{title} {}", safe::quoted(bytes, SHOWN_MAX))];
    }
    let mut lines = vec![title];
    let all = text.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.extend(all.clone().take(BODY_LINES_MAX).map(|line| format!("  {}", safe::quoted(line, SHOWN_MAX))));
    let more = all.skip(BODY_LINES_MAX).count();
    if more > 0 {
        lines.push(format!("  ... {}", more_lines(more)));
    }
    lines
}

fn more_lines(number: usize) -> String {
    count(number as u64, "more line")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::PayloadBytes;

    fn shown(bytes: &[u8], cut: bool) -> Vec<String> {
        body(&Body { payload: PayloadBytes(bytes.to_vec()), cut })
    }

    #[test]
    fn a_short_body_stands_on_one_line() {
        assert_eq!(shown(b"Upgrade Required", false), ["body, 16 B: \"Upgrade Required\""]);
        assert_eq!(shown(b"no\n", true), ["body, the first 3 B: \"no\\n\""]);
        assert!(shown(b"", false).is_empty());
    }

    #[test]
    fn a_long_body_is_ten_lines() {
        let lines = shown("<p>\r\n".repeat(12).as_bytes(), false);
        assert_eq!(lines.len(), 12);
        assert_eq!((lines[0].as_str(), lines[1].as_str()), ("body, 60 B:", "  \"<p>\""));
        assert_eq!(lines[11], "  ... 2 more lines");
    }

    #[test]
    fn a_field_cannot_draw_on_the_screen() {
        let head = Head::verbatim(b"HTTP/1.1 400 Bad\r\nX-Evil: \x1b[2J\r\n\r\n".to_vec());
        assert_eq!(whole(&head, "< "), ["< HTTP/1.1 400 Bad", "< X-Evil: \\x1b[2J"]);
    }
}
