//! JSON (RFC 8259) walked token by token, so that no digit, no order, no doubled key and no escape changes on the way
//! to the screen. Owns the tokens, their indentation and colours; whether a text is JSON at all, serde_json judges. It
//! goes over the text once and never recurses, however deep a peer nests.

use serde::de::IgnoredAny;

use super::rows::{Next, Rows};
use super::{Body, Fold};
use crate::report::safe;
use crate::report::style::Style;

/// What may stand between two tokens: RFC 8259 section 2.
pub(super) const BLANK: [char; 4] = [' ', '\t', '\n', '\r'];

/// Columns a level.
const INDENT: usize = 2;

/// What lies deeper than this stays on the row of its container: nobody reads it, and the blanks in front of it would
/// grow with the square of the depth.
pub(super) const DEPTH_MAX: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Open,
    Close,
    Comma,
    Colon,
    Key,
    Text,
    Number,
    /// true, false, null.
    Word,
}

/// Where in the source a token stands.
#[derive(Clone, Copy, Debug)]
struct Token {
    kind: Kind,
    start: usize,
    end: usize,
}

/// An object or an array: a lone number or string has nothing to indent, and "42" is as likely to be plain text.
pub(super) fn is_json(source: &str) -> bool {
    source.trim_start_matches(BLANK).starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(source).is_ok()
}

/// As it came, on one line, with colour.
pub(super) fn one_line(source: &str, style: Style) -> String {
    let mut line = String::with_capacity(source.len());
    let mut at = 0;
    for token in (Tokens { source, at: 0 }) {
        line.push_str(&safe::text(&source[at..token.start]));
        line.push_str(&paint(token.kind, &safe::text(&source[token.start..token.end]), style));
        at = token.end;
    }
    line.push_str(&safe::text(&source[at..]));
    line
}

/// One member or element a row.
pub(super) fn reindented(source: &str, style: Style, fold: Option<Fold>) -> Body {
    let mut rows = Rows::new(fold, source.len());
    let mut depth = 0_usize;
    let mut before = None;
    for token in (Tokens { source, at: 0 }) {
        let Some(end) = shown_end(source, token, rows.bytes_max()) else { return rows.into_body(false) };
        let level = level(before, token.kind, depth);
        if level.is_some_and(|level| rows.next_row(level * INDENT) == Next::Full) {
            return rows.into_body(false);
        }
        rows.put(&paint(token.kind, &safe::text(&source[token.start..end]), style), end);
        if end < token.end {
            return rows.into_body(false);
        }
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Colon => rows.put(" ", end),
            Kind::Comma | Kind::Key | Kind::Text | Kind::Number | Kind::Word => {}
        }
        before = Some(token.kind);
    }
    rows.into_body(true)
}

/// Up to where a token is shown when the message is cut at `limit`: a string in part, all else whole or not at all,
/// because the first digits of a number are another number.
fn shown_end(source: &str, token: Token, limit: usize) -> Option<usize> {
    if token.end <= limit {
        return Some(token.end);
    }
    let cut = source.floor_char_boundary(limit);
    (matches!(token.kind, Kind::Key | Kind::Text) && cut > token.start).then_some(cut)
}

/// The level of the row that this token begins; none: it stays on the row of the one before it.
fn level(before: Option<Kind>, kind: Kind, depth: usize) -> Option<usize> {
    if depth > DEPTH_MAX {
        return None;
    }
    match (before, kind) {
        (Some(Kind::Open), Kind::Close) => None,
        (_, Kind::Close) => depth.checked_sub(1),
        (Some(Kind::Open | Kind::Comma), _) => Some(depth),
        _ => None,
    }
}

/// Values stand out, keys step back.
fn paint(kind: Kind, shown: &str, style: Style) -> String {
    match kind {
        Kind::Open | Kind::Close | Kind::Comma | Kind::Colon => shown.to_owned(),
        Kind::Key => style.dim(shown),
        Kind::Text => style.good(shown),
        Kind::Number | Kind::Word => style.warn(shown),
    }
}

/// The tokens of a text that is JSON. Of one that is not they are some pieces of it, in order.
struct Tokens<'a> {
    source: &'a str,
    at: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let bytes = self.source.as_bytes();
        let start = skip_blank(bytes, self.at);
        let (kind, end) = match bytes.get(start)? {
            b'{' | b'[' => (Kind::Open, start + 1),
            b'}' | b']' => (Kind::Close, start + 1),
            b',' => (Kind::Comma, start + 1),
            b':' => (Kind::Colon, start + 1),
            b'"' => string(bytes, start),
            b'-' | b'0'..=b'9' => (Kind::Number, word_end(bytes, start)),
            _ => (Kind::Word, word_end(bytes, start)),
        };
        self.at = end;
        Some(Token { kind, start, end })
    }
}

/// A string's end, and whether it is a key: then a colon follows.
fn string(bytes: &[u8], start: usize) -> (Kind, usize) {
    let end = string_end(bytes, start);
    let is_key = bytes.get(skip_blank(bytes, end)) == Some(&b':');
    (if is_key { Kind::Key } else { Kind::Text }, end)
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

fn skip_blank(bytes: &[u8], from: usize) -> usize {
    let rest = &bytes[from..];
    from + rest.iter().position(|byte| !is_blank(*byte)).unwrap_or(rest.len())
}

/// Numbers and words end where anything else begins.
fn word_end(bytes: &[u8], start: usize) -> usize {
    let rest = &bytes[start..];
    let ends = |byte: &u8| is_blank(*byte) || matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"');
    start + rest.iter().position(ends).unwrap_or(rest.len())
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
