//! What a peer sent, made fit for a screen. Owns the escaping of control, invisible and direction-changing characters,
//! and the cutting of long text; it does not decide what is shown, and masks no secrets (`redact` does).

use crate::event::show::size;

/// The most characters of a peer's text that one line of a report shows.
pub const SHOWN_MAX: usize = 200;

/// `peer` with every character that could move the cursor, hide or reorder text written as an escape: `\n`, `\t`,
/// `\x1b`, `\u{202e}`. The result is ASCII plus printable letters and digits of other scripts. Escaping twice changes
/// nothing.
pub fn text(peer: &str) -> String {
    let mut shown = String::with_capacity(peer.len());
    for character in peer.chars() {
        push(character, &mut shown);
    }
    shown
}

/// One line of a peer's text without quotes: escaped, cut at `limit` characters with `... (N B in all)` behind.
pub fn line(peer: &str, limit: usize) -> String {
    let Some((end, _)) = peer.char_indices().nth(limit) else { return text(peer) };
    format!("{}... ({} in all)", text(&peer[..end]), size(peer.len() as u64))
}

/// A peer's bytes in quotes: escaped (`"` and `\` too), bytes that are not UTF-8 as `\xNN`, cut at `limit` characters
/// with `... (N B in all)` behind the quotes.
pub fn quoted(bytes: &[u8], limit: usize) -> String {
    let (inner, whole) = escaped(bytes, limit);
    if whole {
        return format!("\"{inner}\"");
    }
    format!("\"{inner}\"... ({} in all)", size(bytes.len() as u64))
}

/// True for a character that shows as nothing, or acts on what stands around it: control characters, zero-width and
/// direction marks, line and paragraph separators, variation selectors, tags, and the blank Hangul letters.
pub fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Only ASCII and the letters and digits of other scripts are sure to show as themselves.
fn is_shown(character: char) -> bool {
    let is_plain = character.is_ascii() || character.is_alphanumeric() || is_sign(character);
    is_plain && !is_invisible(character)
}

/// Signs that people write: punctuation, currencies, arrows, mathematics, emoji. They take their own place and nothing
/// of another's, as joiners and combining marks do.
fn is_sign(character: char) -> bool {
    matches!(
        u32::from(character),
        0xa1..=0xbf
            | 0xd7
            | 0xf7
            | 0x2010..=0x2027
            | 0x2030..=0x205e
            | 0x20a0..=0x20cf
            | 0x2100..=0x2bff
            | 0x3001..=0x303f
            | 0xff01..=0xff60
            | 0x1f300..=0x1faff
    )
}

/// The escaped text of at most `limit` characters, and whether that was all of it.
fn escaped(bytes: &[u8], limit: usize) -> (String, bool) {
    let mut shown = String::new();
    let mut count = 0;
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if count == limit {
                return (shown, false);
            }
            count += 1;
            if matches!(character, '"' | '\\') {
                shown.push('\\');
            }
            push(character, &mut shown);
        }
        for byte in chunk.invalid() {
            if count == limit {
                return (shown, false);
            }
            count += 1;
            shown.push_str(&format!("\\x{byte:02x}"));
        }
    }
    (shown, true)
}

fn push(character: char, shown: &mut String) {
    match character {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        _ if is_shown(character) => shown.push(character),
        _ if character.is_ascii() => shown.push_str(&format!("\\x{:02x}", u32::from(character))),
        _ => shown.push_str(&format!("\\u{{{:x}}}", u32::from(character))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_hides_or_reorders_is_escaped() {
        for (peer, shown) in [
            ("a\r\n\tb", "a\\r\\n\\tb"),
            ("\x1b[2J\x7f", "\\x1b[2J\\x7f"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{202e}\u{2066}\u{200f}", "\\u{202e}\\u{2066}\\u{200f}"),
            ("\u{200b}\u{feff}\u{ad}\u{2028}\u{2029}", "\\u{200b}\\u{feff}\\u{ad}\\u{2028}\\u{2029}"),
            ("\u{3164}\u{e0041}\u{fffd}", "\\u{3164}\\u{e0041}\\u{fffd}"),
        ] {
            assert_eq!(text(peer), shown);
            assert_eq!(text(&text(peer)), shown, "escaping twice changes nothing");
        }
    }

    #[test]
    fn signs_that_people_write_stay() {
        for sign in ["\u{1f600}", "\u{20ac}", "\u{2026}", "\u{2192}", "\u{ab}"] {
            assert_eq!(text(sign), sign);
        }
        for joined in ["\u{200d}", "\u{301}", "\u{fe0f}", "\u{ad}"] {
            assert_ne!(text(joined), joined);
        }
    }

    #[test]
    fn letters_of_other_scripts_stay() {
        assert_eq!(text("na\u{ef}ve \u{43f}\u{440}"), "na\u{ef}ve \u{43f}\u{440}");
    }

    #[test]
    fn quotes_and_backslashes_are_escaped_inside_quotes_only() {
        assert_eq!(quoted(b"say \"a\\b\"", 200), r#""say \"a\\b\"""#);
        assert_eq!(text("C:\\x \"y\""), "C:\\x \"y\"");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_bytes() {
        assert_eq!(quoted(&[b'a', 0xff, 0xc3, b'b'], 200), "\"a\\xff\\xc3b\"");
    }

    #[test]
    fn long_text_is_cut_and_told_its_length() {
        assert_eq!(quoted(b"abcdef", 6), "\"abcdef\"");
        assert_eq!(quoted(b"abcdef", 5), "\"abcde\"... (6 B in all)");
        assert_eq!(quoted(&[0xff; 2048], 2), "\"\\xff\\xff\"... (2 KiB in all)");
        assert_eq!(line("\u{e4}bcdef", 1), "\u{e4}... (7 B in all)");
        assert_eq!(line("ab", 2), "ab");
    }
}
