//! Commands on stdin, one JSON object a line: `{"send":"text"}`, `{"send_base64":"AP8="}`, `{"ping":""}`,
//! `{"close":{"code":1000,"reason":""}}`. Owns their keys and bounds (control payloads: RFC 6455 section 5.5, codes:
//! 7.4) and the words for what is none; how long a message may be is the parent's.

use std::fmt;

use bytes::Bytes;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::decode;
use crate::event::show;
use crate::wire::close::{REASON_MAX, is_legal};

/// The longest payload of a ping.
const PING_MAX: usize = 125;
const KEYS: &str = "send, send_base64, ping or close";
/// So many characters of a line that is no object are shown.
const SHOWN_MAX: usize = 40;

#[derive(Debug)]
pub enum Command {
    Text(Bytes),
    Binary(Bytes),
    Ping(Bytes),
    Close { code: Option<u16>, reason: String },
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    send: Option<String>,
    send_base64: Option<String>,
    ping: Option<String>,
    #[serde(default, deserialize_with = "close_object")]
    close: Option<CloseForm>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct CloseForm {
    code: Option<u64>,
    reason: Option<String>,
}

/// Takes an object only: a derived struct would take a list as well.
struct CloseVisitor;

impl<'de> Visitor<'de> for CloseVisitor {
    type Value = CloseForm;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with code and reason")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CloseForm, A::Error> {
        CloseForm::deserialize(MapAccessDeserializer::new(map))
    }
}

fn close_object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<CloseForm>, D::Error> {
    deserializer.deserialize_map(CloseVisitor).map(Some)
}

/// Reads one line.
pub fn read(line: &[u8]) -> Result<Command, String> {
    if line.trim_ascii_start().first() != Some(&b'{') {
        return Err(format!("expected a JSON object with {KEYS}, got {}", beginning(line)));
    }
    let form: Form = serde_json::from_slice(line).map_err(|error| unreadable(&error))?;
    match (form.send, form.send_base64, form.ping, form.close) {
        (Some(text), None, None, None) => Ok(Command::Text(Bytes::from(text))),
        (None, Some(encoded), None, None) => match decode::base64(encoded.as_bytes()) {
            Ok(bytes) => Ok(Command::Binary(Bytes::from(bytes))),
            Err(why) => Err(format!("send_base64 {why}")),
        },
        (None, None, Some(payload), None) => ping(payload),
        (None, None, None, Some(form)) => close(form),
        (None, None, None, None) => Err(format!("expected {KEYS}, got none of them")),
        _ => Err(format!("expected one of {KEYS} a line, got several")),
    }
}

fn ping(payload: String) -> Result<Command, String> {
    if payload.len() > PING_MAX {
        return Err(format!("ping expected at most {PING_MAX} bytes, got {}", payload.len()));
    }
    Ok(Command::Ping(Bytes::from(payload)))
}

fn close(form: CloseForm) -> Result<Command, String> {
    let code = form.code.map(legal_code).transpose()?;
    let reason = form.reason.unwrap_or_default();
    if reason.len() > REASON_MAX {
        return Err(format!("close reason expected at most {REASON_MAX} bytes, got {}", reason.len()));
    }
    if code.is_none() && !reason.is_empty() {
        return Err("close expected a code with its reason, got none".into());
    }
    Ok(Command::Close { code, reason })
}

fn legal_code(code: u64) -> Result<u16, String> {
    let legal = u16::try_from(code).ok().filter(|code| is_legal(*code));
    legal.ok_or_else(|| format!("close expected a code that may be sent, like 1000 or 4001, got {code}"))
}

/// The words of the JSON reader, without its count of lines, which is not ours.
fn unreadable(error: &serde_json::Error) -> String {
    let told = error.to_string();
    let words = told.rsplit_once(" at line ").map_or(told.as_str(), |(words, _)| words);
    let (words, at) = (show::safe(words), error.column());
    if error.is_data() {
        return format!("{words} (at byte {at})");
    }
    format!("expected JSON, got a fault at byte {at}: {words}")
}

fn beginning(line: &[u8]) -> String {
    let line = line.trim_ascii();
    if line.is_empty() {
        return "an empty line".into();
    }
    // A character has at most four bytes.
    let text = String::from_utf8_lossy(&line[..line.len().min(4 * SHOWN_MAX)]);
    show::quoted(&text.chars().take(SHOWN_MAX).collect::<String>())
}
