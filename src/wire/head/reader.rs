//! Reads one head from a stream in pieces of any size (RFC 9112 sections 2.2, 3, 4 and 5). Owns where the head ends,
//! its limit and what is no HTTP at all; the bytes come from elsewhere, and the body is not touched.

use thiserror::Error;

use super::{Head, is_blank, lines};

/// The most bytes of a head that are read.
pub const HEAD_LIMIT: usize = 64 * 1024;

/// The most fields of a head that are read.
pub const FIELD_LIMIT: usize = 256;

/// How many of the first bytes a fault quotes.
const QUOTED: usize = 64;

/// How much of a field's name, or of a line that is none, a fault quotes.
const NAME_QUOTED: usize = 64;

/// How every answer begins (RFC 9112 section 2.3).
const ANSWER_BEGINS: &[u8] = b"HTTP/";

/// Why there is no head. `first` holds the first 64 bytes at most.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeadFault {
    #[error("the head is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the first bytes are not HTTP")]
    NotHttp { first: Vec<u8> },
    #[error("{words}")]
    Malformed { words: String, first: Vec<u8> },
}

/// Collects a head. Each byte is looked at once, however it is split; no more than the limit and one piece is held.
#[derive(Debug)]
pub struct HeadReader {
    kind: Kind,
    limit: usize,
    buffer: Vec<u8>,
    /// How far the search for the blank line has come.
    scanned: usize,
    /// Where the line under the search begins.
    line: usize,
    /// No byte but line ends has come.
    leading: bool,
    /// The beginning is that of HTTP, beyond doubt.
    begun: bool,
    fault: Option<HeadFault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Request,
    Response,
}

impl HeadReader {
    /// Reads answers. Anything that does not begin with `HTTP/` is a fault as soon as it shows.
    pub fn response(limit_bytes: usize) -> HeadReader {
        HeadReader::new(Kind::Response, limit_bytes)
    }

    /// Reads requests. Empty lines before the request line are passed over (RFC 9112 section 2.2); anything that does
    /// not begin with a method and a space is a fault as soon as it shows.
    pub fn request(limit_bytes: usize) -> HeadReader {
        HeadReader::new(Kind::Request, limit_bytes)
    }

    fn new(kind: Kind, limit: usize) -> HeadReader {
        HeadReader {
            kind,
            limit,
            buffer: Vec::new(),
            scanned: 0,
            line: 0,
            leading: kind == Kind::Request,
            begun: false,
            fault: None,
        }
    }

    /// Takes the next bytes. Gives the head once it is whole, with the bytes that came behind its blank line; after
    /// that the reader is as new. A fault stays: nothing is taken after it.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<(Head, Vec<u8>)>, HeadFault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        self.buffer.extend_from_slice(bytes);
        let outcome = self.advance();
        if let Err(fault) = &outcome {
            self.fault = Some(fault.clone());
        }
        outcome
    }

    /// What has come so far of a head that is not whole, or that is at fault.
    pub fn received(&self) -> &[u8] {
        &self.buffer
    }

    fn advance(&mut self) -> Result<Option<(Head, Vec<u8>)>, HeadFault> {
        let end = self.find_end()?;
        if end.unwrap_or(self.buffer.len()) > self.limit {
            return Err(HeadFault::TooLarge { limit: self.limit });
        }
        let Some(end) = end else { return Ok(None) };
        judge(self.kind, &self.buffer[..end])?;
        let rest = self.buffer.split_off(end);
        let raw = std::mem::take(&mut self.buffer);
        *self = HeadReader::new(self.kind, self.limit);
        Ok(Some((Head::verbatim(raw), rest)))
    }

    /// Where the blank line ends, if it has come.
    fn find_end(&mut self) -> Result<Option<usize>, HeadFault> {
        while let Some(&byte) = self.buffer.get(self.scanned) {
            self.scanned += 1;
            if self.leading && matches!(byte, b'\r' | b'\n') {
                self.line = self.scanned;
                continue;
            }
            self.leading = false;
            if !self.begun {
                self.begin(byte)?;
            }
            if byte != b'\n' {
                continue;
            }
            if matches!(&self.buffer[self.line..self.scanned - 1], [] | [b'\r']) {
                return Ok(Some(self.scanned));
            }
            self.line = self.scanned;
        }
        Ok(None)
    }

    /// Judges one byte of the beginning: the version of an answer, the method of a request.
    fn begin(&mut self, byte: u8) -> Result<(), HeadFault> {
        let index = self.scanned - 1 - self.line;
        let (fits, last) = match self.kind {
            Kind::Response => (ANSWER_BEGINS.get(index) == Some(&byte), index + 1 == ANSWER_BEGINS.len()),
            Kind::Request => (is_token_byte(byte) || (byte == b' ' && index > 0), byte == b' '),
        };
        if !fits {
            return Err(HeadFault::NotHttp { first: quoted(&self.buffer) });
        }
        self.begun = last;
        Ok(())
    }
}

/// `tchar` of RFC 9110 section 5.6.2.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn quoted(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len().min(QUOTED)].to_vec()
}

/// Is a whole head legal? Lenient where an answer is read, since a person wants to see it.
fn judge(kind: Kind, raw: &[u8]) -> Result<(), HeadFault> {
    let parsed = match kind {
        Kind::Request => parse_request(raw),
        Kind::Response => match parse_response(raw) {
            Err(httparse::Error::Version) => parse_odd_version(raw),
            parsed => parsed,
        },
    };
    let words = match parsed {
        Ok(httparse::Status::Complete(_)) => return Ok(()),
        Ok(httparse::Status::Partial) => "the blank line comes before the head is whole".to_owned(),
        Err(error) => fault_words(error, raw),
    };
    Err(HeadFault::Malformed { words, first: quoted(raw) })
}

fn parse_request(raw: &[u8]) -> httparse::Result<usize> {
    let mut fields = [httparse::EMPTY_HEADER; FIELD_LIMIT];
    httparse::Request::new(&mut fields).parse(raw)
}

fn parse_response(raw: &[u8]) -> httparse::Result<usize> {
    let mut fields = [httparse::EMPTY_HEADER; FIELD_LIMIT];
    let mut response = httparse::Response::new(&mut fields);
    let mut config = httparse::ParserConfig::default();
    config
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_multiple_spaces_in_response_status_delimiters(true);
    config.parse_response(&mut response, raw)
}

/// `HTTP/2 200` and the like: judged as if it were 1.1, so that the odd version is told and not lost.
fn parse_odd_version(raw: &[u8]) -> httparse::Result<usize> {
    let version_end = raw.iter().position(|byte| matches!(byte, b' ' | b'\r' | b'\n')).unwrap_or(raw.len());
    parse_response(&[b"HTTP/1.1".as_slice(), &raw[version_end..]].concat())
}

fn fault_words(error: httparse::Error, raw: &[u8]) -> String {
    let words = match error {
        httparse::Error::HeaderName => {
            return name_words(raw).unwrap_or_else(|| "the name of a header field is malformed".to_owned());
        }
        httparse::Error::HeaderValue => {
            return value_words(raw)
                .unwrap_or_else(|| "the value of a header field holds a byte that is not allowed there".to_owned());
        }
        httparse::Error::NewLine => "a carriage return stands without its line feed",
        httparse::Error::Status => return status_words(raw),
        // Of an answer any version is read: what is missing is all that stands behind it.
        httparse::Error::Version if raw.starts_with(ANSWER_BEGINS) => return status_words(raw),
        httparse::Error::Version => "the first line has no HTTP version that can be read",
        httparse::Error::Token => "the first line holds a byte that is not allowed there",
        httparse::Error::TooManyHeaders => return format!("the head has more than {FIELD_LIMIT} fields"),
    };
    words.to_owned()
}

/// What is wrong with the status line behind the version (RFC 9112 section 4).
fn status_words(raw: &[u8]) -> String {
    let line = lines(raw).find(|line| !line.is_empty()).map(|line| &raw[line]).unwrap_or_default();
    let status = line.split(|&byte| byte == b' ').filter(|part| !part.is_empty()).nth(1).unwrap_or_default();
    let has_status = status.len() == 3 && status.iter().all(u8::is_ascii_digit);
    match line.iter().find(|byte| !is_value_byte(**byte)) {
        Some(bad) if has_status => {
            format!("the status line holds the byte 0x{bad:02x}, which is not allowed there")
        }
        _ => "the status line has no status of three digits".to_owned(),
    }
}

/// The lines of the fields, without the start line.
fn field_lines(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let behind_start = lines(raw).skip_while(|line| line.is_empty()).skip(1);
    behind_start.take_while(|line| !line.is_empty()).map(move |line| &raw[line])
}

/// The field whose value breaks RFC 9110 section 5.5, and the byte that does.
fn value_words(raw: &[u8]) -> Option<String> {
    let mut name: &[u8] = &[];
    for line in field_lines(raw) {
        // A line that begins with a blank continues the value of the one before.
        let is_folded = is_blank(line[0]);
        let value_at = line.iter().position(|&byte| byte == b':').filter(|_| !is_folded).unwrap_or(0);
        if !is_folded {
            name = &line[..value_at];
        }
        if let Some(bad) = line[value_at..].iter().find(|byte| !is_value_byte(**byte)) {
            let name = name[..name.len().min(NAME_QUOTED)].escape_ascii();
            return Some(format!(
                "the value of the header field \"{name}\" holds the byte 0x{bad:02x}, which is not allowed there"
            ));
        }
    }
    None
}

/// The first line that is no field: without a colon, or with a name that is no token.
fn name_words(raw: &[u8]) -> Option<String> {
    let line = field_lines(raw).find(|line| !is_blank(line[0]) && !is_field(line))?;
    let shown = line[..line.len().min(NAME_QUOTED)].escape_ascii();
    Some(format!("a line of the head is no header field: \"{shown}\""))
}

/// A colon, and a token before it (RFC 9110 section 5.1).
fn is_field(line: &[u8]) -> bool {
    let Some(colon) = line.iter().position(|&byte| byte == b':') else { return false };
    let name = line[..colon].trim_ascii_end();
    !name.is_empty() && name.iter().all(|&byte| is_token_byte(byte))
}

/// HTAB, SP, VCHAR and obs-text.
fn is_value_byte(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..=0xff)
}
