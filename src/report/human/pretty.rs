//! The body of one message for a person: JSON on one line or re-indented, other text in its lines, bytes as a dump.
//! Owns what is shown whole and what is folded; it never changes what was sent, but for whitespace between the tokens
//! of JSON (RFC 8259 section 2). The line around a body, and the words of a fold, are the screen's.

mod json;
mod rows;
#[cfg(test)]
mod tests;

use super::frames;
use crate::report::safe;
use crate::report::style::Style;
use rows::{Next, Rows};

/// When JSON is re-indented and coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// JSON that fits the line stays on it, longer JSON is re-indented.
    #[default]
    Auto,
    /// Always re-indented.
    On,
    /// Shown as it came, without colour.
    Off,
}

/// How much of a body is shown. One line more than `lines` is still shown when it is the last, since the word on the
/// fold would take its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    pub lines: usize,
    /// Of the message as it was sent.
    pub bytes: usize,
}

/// What a screen shows of a message when nobody asked for the whole.
pub const FOLD: Fold = Fold { lines: 20, bytes: 2048 };

/// A body ready for the screen: nothing in it but our own colours acts on a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// At least one for a text, none for an empty binary message.
    pub lines: Vec<String>,
    /// How many bytes of the message are not shown; none: it is whole.
    pub folded: Option<u64>,
}

/// A text message. `width` is how many columns JSON may have to stay on one line; nothing is wrapped to it.
pub fn text(source: &str, width: usize, mode: Mode, style: Style, fold: Option<Fold>) -> Body {
    if mode == Mode::Off || !json::is_json(source) {
        return plain(source, fold);
    }
    if mode == Mode::Auto && fits(source, width, fold) {
        return Body { lines: vec![json::one_line(source, style)], folded: None };
    }
    json::reindented(source, style, fold)
}

/// A binary message: sixteen bytes a row.
pub fn binary(bytes: &[u8], fold: Option<Fold>) -> Body {
    let rows = bytes.len().div_ceil(16);
    let most = fold.map_or(rows, |fold| fold.lines.min(fold.bytes / 16).max(1));
    let shown = if rows <= most.saturating_add(1) { rows } else { most };
    let lines =
        bytes.chunks(16).take(shown).enumerate().map(|(row, bytes)| frames::dump_row(row * 16, bytes)).collect();
    let hidden = bytes.len().saturating_sub(shown * 16);
    Body { lines, folded: (hidden > 0).then_some(hidden as u64) }
}

/// Line breaks stay line breaks, but for one at the very end: it is written out, or nobody would see that it was sent.
fn plain(source: &str, fold: Option<Fold>) -> Body {
    let mut rows = Rows::new(fold, source.len());
    let shown = &source[..source.floor_char_boundary(rows.bytes_max())];
    let mut at = 0;
    while let Some(length) = shown[at..].find('\n') {
        let next = at + length + 1;
        if next == source.len() {
            break;
        }
        rows.put(&safe::text(&shown[at..next - 1]), next);
        match rows.next_row(0) {
            Next::Begun => {}
            Next::Joined => rows.put("\\n", next),
            Next::Full => return rows.into_body(false),
        }
        at = next;
    }
    rows.put(&safe::text(&shown[at..]), shown.len());
    rows.into_body(shown.len() == source.len())
}

/// Does this JSON stay on one line? Not when it came in several.
fn fits(source: &str, width: usize, fold: Option<Fold>) -> bool {
    // No character has more than four bytes, so what is longer need not be counted.
    let most = fold.map_or(usize::MAX, |fold| fold.bytes).min(width.saturating_mul(4));
    source.len() <= most
        && !source.trim_end_matches(json::BLANK).contains(['\n', '\r'])
        && columns(&safe::text(source)) <= width
}

/// At most so many columns: letters from Hangul on may be two wide.
fn columns(shown: &str) -> usize {
    shown.chars().map(|character| if character < '\u{1100}' { 1 } else { 2 }).sum()
}
