//! HTTP/1.1 heads kept verbatim: start line, fields in their order and spelling, and the very bytes (RFC 9112 sections
//! 2 to 5; field names and lists RFC 9110 section 5). Owns what a head says; reading one from a stream is `reader`, the
//! body behind it is `body`, the wait that it asks for `retry_after`, what it means for an upgrade is `upgrade` and
//! `upgrade_check`.

pub mod body;
pub mod reader;
mod retry_after;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::str::FromStr;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

pub use body::{BODY_KEEP, BodyLength, BodyReader, body_length};
pub use reader::{FIELD_LIMIT, HEAD_LIMIT, HeadFault, HeadReader};

/// A whole head. As JSON: `{"start": "...", "fields": [["Name", "value"], ...], "raw": {"text": "..."}}`, where `raw`
/// is `{"base64": "..."}` when the bytes are not UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    raw: Vec<u8>,
    start: String,
    fields: Vec<Field>,
}

/// One field: the name as it was spelled, the value without the blanks around it. A folded value is one line, and bytes
/// that are not UTF-8 are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub value: String,
}

impl Head {
    /// Takes the bytes apart line by line and refuses nothing: for a head of our own, or one that was judged before.
    /// A line without a colon is a field without a value; what stands behind the blank line is only kept in `raw`.
    pub fn verbatim(raw: Vec<u8>) -> Head {
        let layout = Layout::of(&raw);
        let start = text(&raw[layout.start]);
        let fields = layout
            .fields
            .into_iter()
            .map(|place| Field { name: text(&raw[place.name]), value: unfolded(&raw[place.value]) })
            .collect();
        Head { raw, start, fields }
    }

    /// The bytes, from the first to the end of the blank line.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The status line or request line, without its line end.
    pub fn start(&self) -> &str {
        &self.start
    }

    /// Every field, in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The first field of that name, whatever its case.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every field of that name, whatever its case, in order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value.as_str())
    }

    /// The comma list that all fields of that name make together; empty elements are dropped (RFC 9110 section 5.6.1).
    pub fn tokens(&self, name: &str) -> Vec<String> {
        self.all(name)
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|token| !token.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Is `token` in that comma list, in any case of letters?
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.all(name).flat_map(|value| value.split(',')).any(|found| found.trim().eq_ignore_ascii_case(token))
    }

    /// A copy in which every field for which `replacement(name, value)` gives a text has that value, in `raw` too.
    pub fn with_field_values(&self, replacement: impl Fn(&str, &str) -> Option<String>) -> Head {
        let mut raw = Vec::with_capacity(self.raw.len());
        let mut copied = 0;
        for (place, field) in Layout::of(&self.raw).fields.iter().zip(&self.fields) {
            let Some(value) = replacement(&field.name, &field.value) else { continue };
            raw.extend_from_slice(&self.raw[copied..place.value.start]);
            raw.extend_from_slice(value.as_bytes());
            copied = place.value.end;
        }
        raw.extend_from_slice(&self.raw[copied..]);
        Head::verbatim(raw)
    }

    /// A copy with another start line, in `raw` too.
    pub fn with_start(&self, start: String) -> Head {
        let place = Layout::of(&self.raw).start;
        Head::verbatim([&self.raw[..place.start], start.as_bytes(), &self.raw[place.end..]].concat())
    }

    /// The three digits of a status line; none for a request.
    pub fn status(&self) -> Option<u16> {
        self.status_and_reason().map(|(status, _)| status)
    }

    /// What follows the status; empty for none, and for a request.
    pub fn reason(&self) -> &str {
        self.status_and_reason().map_or("", |(_, reason)| reason)
    }

    /// Major and minor number of the HTTP version: `HTTP/1.1` is (1, 1), `HTTP/2` is (2, 0). None when there is none.
    pub fn version(&self) -> Option<(u8, u8)> {
        let word = if self.is_answer() { self.start.split(' ').next() } else { self.start.rsplit(' ').next() };
        let numbers = word?.strip_prefix("HTTP/")?;
        let (major, minor) = numbers.split_once('.').unwrap_or((numbers, "0"));
        Some((number(major)?, number(minor)?))
    }

    /// A request's method; empty for an answer.
    pub fn method(&self) -> &str {
        self.request_word(0)
    }

    /// A request's target, as it was sent; empty for an answer.
    pub fn target(&self) -> &str {
        self.request_word(1)
    }

    fn is_answer(&self) -> bool {
        self.start.starts_with("HTTP/")
    }

    fn request_word(&self, index: usize) -> &str {
        if self.is_answer() {
            return "";
        }
        self.start.split_ascii_whitespace().nth(index).unwrap_or("")
    }

    fn status_and_reason(&self) -> Option<(u16, &str)> {
        let rest = self.start.strip_prefix("HTTP/")?.split_once(' ')?.1.trim_start();
        let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        if status.len() != 3 {
            return None;
        }
        Some((number(status)?, reason.trim()))
    }
}

impl Serialize for Head {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs: Vec<(&str, &str)> =
            self.fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect();
        let raw = match std::str::from_utf8(&self.raw) {
            Ok(text) => RawBytes::Text(text),
            Err(_) => RawBytes::Base64(data_encoding::BASE64.encode(&self.raw)),
        };
        let mut object = serializer.serialize_struct("Head", 3)?;
        object.serialize_field("start", &self.start)?;
        object.serialize_field("fields", &pairs)?;
        object.serialize_field("raw", &raw)?;
        object.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum RawBytes<'a> {
    Text(&'a str),
    Base64(String),
}

/// Where the parts of a head stand in its bytes.
struct Layout {
    start: Range<usize>,
    fields: Vec<Place>,
}

/// Where one field stands, without the blanks around name and value.
struct Place {
    name: Range<usize>,
    value: Range<usize>,
}

impl Layout {
    fn of(raw: &[u8]) -> Layout {
        // RFC 9112 section 2.2: a server should ignore an empty line before the request line.
        let mut lines = lines(raw).skip_while(|line| line.is_empty());
        let start = lines.next().unwrap_or(0..0);
        let mut fields: Vec<Place> = Vec::new();
        for line in lines.take_while(|line| !line.is_empty()) {
            if is_blank(raw[line.start]) {
                if let Some(place) = fields.last_mut() {
                    place.unfold(trimmed(raw, line));
                }
                continue;
            }
            let colon = raw[line.clone()].iter().position(|&byte| byte == b':');
            let name_end = colon.map_or(line.end, |index| line.start + index);
            let value_start = (name_end + 1).min(line.end);
            fields.push(Place { name: trimmed(raw, line.start..name_end), value: trimmed(raw, value_start..line.end) });
        }
        Layout { start, fields }
    }
}

impl Place {
    /// A line that begins with a blank continues the value (`obs-fold`, RFC 9112 section 5.2).
    fn unfold(&mut self, piece: Range<usize>) {
        if piece.is_empty() {
            return;
        }
        if self.value.is_empty() {
            self.value = piece;
        } else {
            self.value.end = piece.end;
        }
    }
}

/// The lines of a head without their ends: CR LF, or LF alone (RFC 9112 section 2.2 lets a recipient accept it).
fn lines(raw: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= raw.len() {
            return None;
        }
        let end = raw[at..].iter().position(|&byte| byte == b'\n').map_or(raw.len(), |index| at + index);
        let carriage_return = end > at && raw[end - 1] == b'\r';
        let line = at..end - usize::from(carriage_return);
        at = end + 1;
        Some(line)
    })
}

fn trimmed(raw: &[u8], range: Range<usize>) -> Range<usize> {
    let start = range.clone().find(|&at| !is_blank(raw[at])).unwrap_or(range.end);
    let end = (start..range.end).rev().find(|&at| !is_blank(raw[at])).map_or(start, |at| at + 1);
    start..end
}

/// SP or HTAB: the optional whitespace of RFC 9110 section 5.6.3.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// RFC 9112 section 5.2: a user agent must replace each fold with one or more SP.
fn unfolded(bytes: &[u8]) -> String {
    let whole = text(bytes);
    if !whole.contains('\n') {
        return whole;
    }
    whole.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Decimal digits and nothing else; `parse` alone would take a sign.
fn number<N: FromStr>(digits: &str) -> Option<N> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}
