//! Where a typed line ends. Owns the continuation by a backslash; what the text means is `cmd::connect`'s.

/// Does the line go on? It does behind an odd number of backslashes: two of them are text.
pub(super) fn is_unfinished(text: &str) -> bool {
    text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// The text that is meant: a continued line has a line break where it was continued, and the line break at the end of
/// what was pasted goes, as Enter takes it away from a typed line.
pub(super) fn joined(text: &str) -> String {
    let mut meant = String::with_capacity(text.len());
    let mut pieces = text.split('\n').peekable();
    while let Some(piece) = pieces.next() {
        // The last piece has no line break behind it.
        let Some(next) = pieces.peek() else {
            meant.push_str(piece);
            break;
        };
        let is_last = next.is_empty() && pieces.clone().nth(1).is_none();
        if is_unfinished(piece) {
            meant.push_str(&piece[..piece.len() - 1]);
            meant.push('\n');
            continue;
        }
        meant.push_str(piece);
        if !is_last {
            meant.push('\n');
        }
    }
    meant
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_number_of_backslashes_goes_on() {
        let table = [("", false), ("a", false), ("a\\", true), ("a\\\\", false), ("\\\\\\", true), ("a\\\nb", false)];
        for (text, expected) in table {
            assert_eq!(is_unfinished(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_continued_line_is_one_text() {
        let table = [
            ("", ""),
            ("a", "a"),
            ("a\\\nb", "a\nb"),
            ("a\\\\\nb", "a\\\\\nb"),
            ("a\\\nb\\\nc", "a\nb\nc"),
            ("a\nb\nc", "a\nb\nc"),
            ("a\n", "a"),
            ("a\n\n", "a\n"),
            ("a\\\n", "a\n"),
            ("\n", ""),
            ("c:\\x", "c:\\x"),
        ];
        for (text, expected) in table {
            assert_eq!(joined(text), expected, "{text:?}");
        }
    }
}
