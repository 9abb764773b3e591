//! Messages with places to fill in, and what they are filled with: `{n}` the heartbeat's number, `{seq}` the last `s` that
//! the server counted or null, `{ts}` wall-clock milliseconds, `{uuid}` one made of nonce and number, `{/path}` a value of
//! the message that is answered, `{1}` a group of its pattern. Owns these places and the reading of a message as JSON;
//! who sends what is `plan`'s.

use std::cell::OnceCell;

use serde_json::Value;

/// A longer message is no hello and no heartbeat; it is not read as JSON.
const JSON_MAX: usize = 64 * 1024;

/// A message with places to fill in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Number,
    Sequence,
    Time,
    Uuid,
    /// A value of the message that is answered (RFC 6901).
    Value(String),
    /// A group of the pattern that it matched.
    Group(usize),
}

impl Template {
    /// Every text is one: braces around anything else stand for themselves.
    pub fn new(text: &str) -> Template {
        let (mut parts, mut literal, mut rest) = (Vec::new(), String::new(), text);
        while let Some(open) = rest.find('{') {
            literal.push_str(&rest[..open]);
            rest = &rest[open..];
            match place(rest) {
                Some((part, len)) => {
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    parts.push(part);
                    rest = &rest[len..];
                }
                None => {
                    literal.push('{');
                    rest = &rest[1..];
                }
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Template { parts }
    }

    /// The message.
    pub fn fill(&self, filling: &Filling<'_>) -> String {
        self.parts.iter().map(|part| filled(part, filling)).collect()
    }

    /// Its text, when nothing is to be filled in.
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Does it need the server's last count?
    pub fn counts(&self) -> bool {
        self.parts.contains(&Part::Sequence)
    }

    /// As it is written in a table.
    pub fn source(&self) -> String {
        let shown = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Number => "{n}".into(),
            Part::Sequence => "{seq}".into(),
            Part::Time => "{ts}".into(),
            Part::Uuid => "{uuid}".into(),
            Part::Value(pointer) => format!("{{{pointer}}}"),
            Part::Group(group) => format!("{{{group}}}"),
        };
        self.parts.iter().map(shown).collect()
    }
}

/// The place that `text` begins with, and its length.
fn place(text: &str) -> Option<(Part, usize)> {
    let end = text.find('}')?;
    let name = &text[1..end];
    let part = match name {
        "n" => Part::Number,
        "seq" => Part::Sequence,
        "ts" => Part::Time,
        "uuid" => Part::Uuid,
        _ if name.starts_with('/') => Part::Value(name.into()),
        _ if name.len() == 1 => Part::Group(name.parse().ok()?),
        _ => return None,
    };
    Some((part, end + 1))
}

/// What the places of one message are filled with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filling<'a> {
    pub number: u64,
    pub nonce: u32,
    pub unix_ms: i64,
    /// The last `s` of the server's.
    pub sequence: Option<i64>,
    /// The message that is answered, and the groups of the pattern that it matched.
    pub came: Option<&'a Came<'a>>,
    pub groups: &'a [String],
}

fn filled(part: &Part, filling: &Filling<'_>) -> String {
    match part {
        Part::Literal(text) => text.clone(),
        Part::Number => filling.number.to_string(),
        Part::Sequence => filling.sequence.map_or_else(|| "null".into(), |sequence| sequence.to_string()),
        Part::Time => filling.unix_ms.to_string(),
        Part::Uuid => uuid(filling.nonce, filling.number),
        Part::Value(pointer) => {
            filling.came.and_then(|came| came.value(pointer)).map_or_else(|| "null".into(), |value| plain(&value))
        }
        Part::Group(group) => filling.groups.get(*group).cloned().unwrap_or_default(),
    }
}

/// Unlike others of this connection, and of the form that version 4 has (RFC 9562 section 5.4).
fn uuid(nonce: u32, number: u64) -> String {
    let number = number & 0xffff_ffff_ffff;
    format!("{nonce:08x}-{:04x}-4{:03x}-8{:03x}-{number:012x}", nonce >> 16, nonce & 0xfff, number & 0xfff)
}

/// A value as the text inside a message: a string without its quotes, another as JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A message that came; read as JSON at most once, and only when somebody asks.
#[derive(Debug)]
pub struct Came<'a> {
    pub text: Option<&'a str>,
    pub bytes: &'a [u8],
    json: OnceCell<Option<Value>>,
}

impl<'a> Came<'a> {
    pub fn new(text: Option<&'a str>, bytes: &'a [u8]) -> Came<'a> {
        Came { text, bytes, json: OnceCell::new() }
    }

    /// The value at this pointer, also inside a string that is JSON itself (Pusher's `data`).
    pub fn value(&self, pointer: &str) -> Option<Value> {
        at(self.json()?, pointer)
    }

    fn json(&self) -> Option<&Value> {
        self.json.get_or_init(|| self.text.filter(|text| text.len() <= JSON_MAX).and_then(read)).as_ref()
    }
}

/// Engine.IO puts a digit before the JSON, SignalR a record separator behind it.
fn read(text: &str) -> Option<Value> {
    let text = text.trim_end_matches(['\u{1e}', '\0']);
    let text = text.trim_start_matches(|first: char| first.is_ascii_digit());
    serde_json::from_str(text).ok()
}

fn at(value: &Value, pointer: &str) -> Option<Value> {
    let (mut place, mut rest) = (value, pointer);
    while let Some(tail) = rest.strip_prefix('/') {
        if let Value::String(text) = place {
            let inner: Value = serde_json::from_str(text).ok()?;
            // What is no container has no places, and would be read for ever.
            return if inner.is_object() || inner.is_array() { at(&inner, rest) } else { None };
        }
        let (key, after) = tail.find('/').map_or((tail, ""), |slash| tail.split_at(slash));
        place = match place {
            Value::Object(map) => map.get(key)?,
            Value::Array(list) => list.get(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
        rest = after;
    }
    Some(place.clone())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_other_braces_stand_for_themselves() {
        let filling = Filling { number: 7, nonce: 0x0102_0304, unix_ms: 1_700_000_000_123, ..Filling::default() };
        for (text, filled) in [
            (r#"[null,"{n}","phoenix","heartbeat",{}]"#, r#"[null,"7","phoenix","heartbeat",{}]"#),
            (r#"{"op":1,"d":{seq}}"#, r#"{"op":1,"d":null}"#),
            (r#"{"id":"{ts}","type":"ping"}"#, r#"{"id":"1700000000123","type":"ping"}"#),
            ("{uuid}", "01020304-0102-4304-8007-000000000007"),
            ("{ {n", "{ {n"),
            ("", ""),
        ] {
            assert_eq!(Template::new(text).fill(&filling), filled, "{text}");
            assert_eq!(Template::new(text).source(), text);
        }
    }

    #[test]
    fn an_answer_takes_values_of_what_it_answers() {
        let text = r#"{"ping":1492420473027}"#;
        let came = Came::new(Some(text), text.as_bytes());
        let groups = ["whole".to_string(), "part".to_string()];
        let filling = Filling { came: Some(&came), groups: &groups, sequence: Some(42), ..Filling::default() };
        assert_eq!(Template::new(r#"{"pong":{/ping}}"#).fill(&filling), r#"{"pong":1492420473027}"#);
        assert_eq!(Template::new("{/none} {1} {seq}").fill(&filling), "null part 42");
    }

    #[test]
    fn a_value_is_found_behind_a_digit_and_inside_a_string() {
        let text = r#"0{"pingInterval":25000}"#;
        assert_eq!(Came::new(Some(text), b"").value("/pingInterval"), Some(Value::from(25_000)));
        let text = r#"{"event":"x","data":"{\"activity_timeout\":120}","list":[1,"3"]}"#;
        let came = Came::new(Some(text), b"");
        assert_eq!(came.value("/data/activity_timeout"), Some(Value::from(120)));
        assert_eq!(came.value("/list/1"), Some(Value::from("3")));
        assert_eq!((came.value("/list/1/x"), came.value("/none")), (None, None));
        assert_eq!(Came::new(Some("no json"), b"").value("/x"), None);
    }

    #[test]
    fn only_a_text_without_places_is_literal() {
        assert_eq!(Template::new("{}").literal(), Some("{}"));
        assert_eq!(Template::new("{n}").literal(), None);
        assert!(Template::new("{seq}").counts() && !Template::new("{n}").counts());
    }
}
