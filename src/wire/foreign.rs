//! What bytes are that stand where a frame must begin (RFC 6455 section 5.2): the beginnings of HTTP/1 (RFC 9112), TLS
//! (RFC 8446 section 5.1), HTTP/2 (RFC 9113 section 6.5) and of text. Owns how each is known; what wrote them and what
//! to do is judged elsewhere.

/// Something other than a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// The head of an HTTP/1 answer.
    Http,
    /// HTML or XML.
    Page,
    Json,
    TlsAlert,
    TlsRecord,
    /// A SETTINGS frame, with which HTTP/2 begins.
    Http2,
    /// The size of a chunk (RFC 9112 section 7.1), with a frame in the chunk.
    Chunk,
    /// A line end, and a frame behind it.
    LineEnd,
    Text,
}

impl Foreign {
    /// What it is, for a person.
    pub fn words(self) -> &'static str {
        match self {
            Foreign::Http => "an HTTP answer",
            Foreign::Page => "a web page",
            Foreign::Json => "bare JSON",
            Foreign::TlsAlert => "a TLS alert",
            Foreign::TlsRecord => "a TLS record",
            Foreign::Http2 => "HTTP/2 SETTINGS",
            Foreign::Chunk => "the size of a chunk",
            Foreign::LineEnd => "a line end",
            Foreign::Text => "plain text",
        }
    }

    /// Does it read as text, so that its beginning can be shown?
    pub fn is_text(self) -> bool {
        match self {
            Foreign::Http | Foreign::Page | Foreign::Json | Foreign::Text => true,
            Foreign::TlsAlert | Foreign::TlsRecord | Foreign::Http2 | Foreign::Chunk | Foreign::LineEnd => false,
        }
    }
}

/// What begins so; none when nothing is known. A frame may follow in the same bytes: the beginning decides.
pub fn of(first: &[u8]) -> Option<Foreign> {
    let known = [
        (Foreign::Http, first.starts_with(b"HTTP/1.")),
        (Foreign::Page, is_page(first)),
        (Foreign::Json, is_json(first)),
        (Foreign::TlsAlert, is_tls_alert(first)),
        (Foreign::TlsRecord, is_tls_record(first)),
        (Foreign::Http2, is_settings(first)),
        (Foreign::Chunk, is_chunk_of_frame(first)),
        (Foreign::LineEnd, is_line_end(first)),
        (Foreign::Text, readable_run(first) >= 8),
    ];
    known.into_iter().find(|(_, is)| *is).map(|(what, _)| what)
}

/// So many bytes at the beginning are text.
pub fn readable_run(first: &[u8]) -> usize {
    first.iter().take_while(|byte| is_readable_byte(**byte)).count()
}

/// Is there something, and all of it text?
pub fn is_readable(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| is_readable_byte(*byte))
}

/// Hex digits and a line end: the size of a chunk, whatever is in it.
pub fn is_chunk(first: &[u8]) -> bool {
    chunk_size_end(first).is_some()
}

fn is_readable_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte.is_ascii_whitespace()
}

fn is_page(first: &[u8]) -> bool {
    let is_tag = |tag: &[u8]| first.get(..tag.len()).is_some_and(|found| found.eq_ignore_ascii_case(tag));
    is_tag(b"<!doctype") || is_tag(b"<html") || is_tag(b"<head") || is_tag(b"<body") || is_tag(b"<?xml")
}

/// An object or a list, as far as its first bytes tell.
fn is_json(first: &[u8]) -> bool {
    let Some((b'{' | b'[', rest)) = first.split_first() else { return false };
    let next = rest.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_begin = next.is_some_and(|byte| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']' | b'-' | b'0'..=b'9'));
    is_begin && is_readable(&first[..first.len().min(4)])
}

/// Alert, any version, two bytes long.
fn is_tls_alert(first: &[u8]) -> bool {
    matches!(first, [0x15, 3, 0..=4, 0, 2, ..])
}

/// Another record, of a length that TLS allows.
fn is_tls_record(first: &[u8]) -> bool {
    matches!(first, [0x14..=0x17, 3, 0..=4, 0..=0x48, _, ..])
}

/// Length of three bytes, type 4, no flag or ACK, stream 0.
fn is_settings(first: &[u8]) -> bool {
    matches!(first, [0, 0, _, 4, 0 | 1, 0, 0, 0, 0, ..])
}

/// A whole frame begins with a byte that has the FIN bit.
fn is_chunk_of_frame(first: &[u8]) -> bool {
    chunk_size_end(first).is_some_and(|end| matches!(first.get(end), Some(0x80..=0x8f)))
}

fn chunk_size_end(first: &[u8]) -> Option<usize> {
    let digits = first.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    ((1..=8).contains(&digits) && first[digits..].starts_with(b"\r\n")).then_some(digits + 2)
}

fn is_line_end(first: &[u8]) -> bool {
    matches!(first, [b'\r', b'\n', 0x80..=0xff, ..] | [b'\n', 0x80..=0xff, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_place_of_a_frame_is_known_by_its_beginning() {
        let table: &[(&[u8], Option<Foreign>)] = &[
            (b"HTTP/1.1 400 Bad Request\r\n", Some(Foreign::Http)),
            (b"<!DOCTYPE html>", Some(Foreign::Page)),
            (b"<HTML>", Some(Foreign::Page)),
            (b"{\"a\":1}", Some(Foreign::Json)),
            (&[0x15, 3, 3, 0, 2, 2, 40], Some(Foreign::TlsAlert)),
            (&[0x16, 3, 1, 2, 0, 1, 0], Some(Foreign::TlsRecord)),
            (&[0, 0, 18, 4, 0, 0, 0, 0, 0], Some(Foreign::Http2)),
            (b"7\r\n\x81\x05hello\r\n", Some(Foreign::Chunk)),
            (b"\r\n\x81\x02hi", Some(Foreign::LineEnd)),
            (b"Error: no such room", Some(Foreign::Text)),
            // The twins: frames, and what is too short to tell.
            (b"7\r\n", None),
            (b"{\x01", None),
            (b"oops", None),
            (&[0x81, 5, b'h', b'e'], None),
            (&[0xc1, 5, 0xf2, 0x48], None),
            (&[0x15, 7, 7], None),
            (b"", None),
        ];
        for (first, what) in table {
            assert_eq!(of(first), *what, "{first:?}");
        }
        assert!(is_chunk(b"c\r\n") && !is_chunk(b"\r\n") && !is_chunk(b"123456789\r\n"));
        assert_eq!((readable_run(b"ab\x81c"), is_readable(b"")), (2, false));
    }
}
