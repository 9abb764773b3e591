//! The values of a script: times, messages, what is expected, Close bodies. Owns their forms and bounds; keys and steps
//! are the parent's. Codes and reasons of a Close are RFC 6455 sections 5.5.1 and 7.4.

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use regex::Regex;
use serde_json::Value as Json;
use toml::{Table, Value};

use crate::event::show;
use crate::exam::expect::Expect;
use crate::exam::script::wanted::Wanted;
use crate::moment::Span;
use crate::watch::life::Outgoing;
use crate::wire::close::{CloseBody, REASON_MAX, is_legal};

/// How long an expectation may take unless the script says otherwise.
pub const WITHIN: Span = Span::from_secs(5);
/// The longest payload of a ping or a pong (RFC 6455 section 5.5).
const PAYLOAD_MAX: usize = 125;
/// So many characters of a wrong value are shown.
const SHOWN_MAX: usize = 40;
const HEX: &str = "bytes in hex like \"00ff\"";

/// A time above 0: humantime, or a number of seconds.
pub fn time(key: &str, value: &Value) -> Result<Span, String> {
    let span = match value {
        Value::Integer(number) => seconds(*number as f64),
        Value::Float(number) => seconds(*number),
        Value::String(text) => match text.parse::<f64>() {
            Ok(number) => seconds(number),
            Err(_) => humantime::parse_duration(text).ok().map(Span::from),
        },
        _ => None,
    };
    let span = span.filter(|span| !span.is_zero());
    span.ok_or_else(|| wrong(key, "a time above 0 like \"2s\", \"100ms\" or 0.5", value))
}

fn seconds(number: f64) -> Option<Span> {
    (number.is_finite() && number > 0.0).then(|| Span::from_seconds(number))
}

/// What `send` sends.
pub fn message(key: &str, value: &Value) -> Result<Outgoing, String> {
    let table = match value {
        Value::String(text) => return Ok(Outgoing::Text(text.clone())),
        Value::Table(table) => table,
        other => return Err(wrong(key, "a text or a table like { hex = \"00ff\" }", other)),
    };
    match only(key, table, &["text", "hex", "base64", "json"])? {
        ("text", Value::String(text)) => Ok(Outgoing::Text(text.clone())),
        ("hex", value) => Ok(Outgoing::Binary(hex(&format!("{key} hex"), value)?)),
        ("base64", value) => Ok(Outgoing::Binary(base64(&format!("{key} base64"), value)?)),
        ("json", value) => Ok(Outgoing::Text(json(value)?.to_string())),
        (kind, other) => Err(wrong(&format!("{key} {kind}"), "a text", other)),
    }
}

/// The payload of a ping or a pong.
pub fn payload(key: &str, value: &Value) -> Result<Vec<u8>, String> {
    let bytes = match message(key, value)? {
        Outgoing::Text(text) => text.into_bytes(),
        Outgoing::Binary(bytes) | Outgoing::Ping(bytes) | Outgoing::Pong(bytes) => bytes,
        Outgoing::Close(body) => body.bytes(),
    };
    if bytes.len() > PAYLOAD_MAX {
        return Err(format!("{key} expected at most {PAYLOAD_MAX} bytes, got {}", bytes.len()));
    }
    Ok(bytes)
}

/// What `expect` expects.
pub fn wanted(value: &Value) -> Result<Wanted, String> {
    let table = match value {
        Value::String(pattern) => return regex(pattern),
        Value::Table(table) => table,
        other => return Err(wrong("expect", "a regex or a table like { text = \"hello\" }", other)),
    };
    if let (Some(pointer), Some(value), 2) = (table.get("json"), table.get("value"), table.len()) {
        return json_wanted(pointer, value);
    }
    match only("expect", table, &["regex", "text", "json", "binary", "close", "any"])? {
        ("regex", Value::String(pattern)) => regex(pattern),
        ("text", Value::String(text)) => Ok(Wanted::Text(text.clone())),
        ("json", _) => Err("expect json expected a value beside it, got none".into()),
        ("binary", value) => Ok(Wanted::Binary(hex("expect binary", value)?)),
        ("close", value) => {
            let code = value.as_integer().and_then(|code| u16::try_from(code).ok());
            code.map(Wanted::Close).ok_or_else(|| wrong("expect close", "a code from 0 to 65535", value))
        }
        ("any", Value::Boolean(true)) => Ok(Wanted::Any),
        ("any", other) => Err(wrong("expect any", "true", other)),
        (kind, other) => Err(wrong(&format!("expect {kind}"), "a text", other)),
    }
}

/// What `close` sends: a code, a code with a reason, or a body without anything.
pub fn close_body(value: &Value) -> Result<CloseBody, String> {
    let table = match value {
        Value::Table(table) => table,
        code => return Ok(CloseBody { code: Some(legal_code(code)?), reason: String::new() }),
    };
    if let Some(key) = table.keys().map(String::as_str).find(|key| !["code", "reason"].contains(key)) {
        return Err(format!("close expected code or reason, got {}", shown(key)));
    }
    let code = table.get("code").map(legal_code).transpose()?;
    let reason = match table.get("reason") {
        None => String::new(),
        Some(Value::String(reason)) if reason.len() <= REASON_MAX => reason.clone(),
        Some(other) => return Err(wrong("close reason", "a text of at most 123 bytes", other)),
    };
    if code.is_none() && !reason.is_empty() {
        return Err("close expected a code with its reason, got none".into());
    }
    Ok(CloseBody { code, reason })
}

/// The spec of a fault; what it means is not known here.
pub fn fault(value: &Value) -> Result<String, String> {
    match value {
        Value::String(spec) if !spec.trim().is_empty() => Ok(spec.clone()),
        other => Err(wrong("fault", "a fault like \"close=1005\"", other)),
    }
}

/// The words for a wrong value.
pub fn wrong(key: &str, expected: &str, got: &Value) -> String {
    let got = match got {
        Value::String(text) => shown(text),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::Boolean(word) => word.to_string(),
        Value::Datetime(_) => "a date".into(),
        Value::Array(_) => "a list".into(),
        Value::Table(_) => "a table".into(),
    };
    format!("{key} expected {expected}, got {got}")
}

/// A text of the file's in quotes, its beginning.
pub fn shown(text: &str) -> String {
    show::quoted(&text.chars().take(SHOWN_MAX).collect::<String>())
}

/// The one entry of a table, which must be of one of these kinds.
fn only<'t>(key: &str, table: &'t Table, kinds: &[&str]) -> Result<(&'t str, &'t Value), String> {
    let mut entries = table.iter();
    let got = match (entries.next(), entries.next()) {
        (Some((kind, value)), None) if kinds.contains(&kind.as_str()) => return Ok((kind.as_str(), value)),
        (Some((kind, _)), None) => shown(kind),
        (Some((first, _)), Some((second, _))) => format!("{} and {}", shown(first), shown(second)),
        (None, _) => "an empty table".into(),
    };
    Err(format!("{key} expected one of {}, got {got}", kinds.join(", ")))
}

fn hex(key: &str, value: &Value) -> Result<Vec<u8>, String> {
    let compact: String = value.as_str().ok_or_else(|| wrong(key, HEX, value))?.split_ascii_whitespace().collect();
    HEXLOWER_PERMISSIVE.decode(compact.as_bytes()).map_err(|_| wrong(key, HEX, value))
}

fn base64(key: &str, value: &Value) -> Result<Vec<u8>, String> {
    let bytes = value.as_str().and_then(|text| BASE64.decode(text.as_bytes()).ok());
    bytes.ok_or_else(|| wrong(key, "base64 like \"AP8=\"", value))
}

fn regex(pattern: &str) -> Result<Wanted, String> {
    match Regex::new(pattern) {
        Ok(regex) => Ok(Wanted::Told(Expect::Regex(regex))),
        Err(error) => {
            // The error draws the pattern over several lines; the last says what is wrong.
            let drawn = error.to_string();
            let why = drawn.lines().last().unwrap_or_default().trim_start_matches("error: ");
            Err(format!("expect expected a regex, got {}: {}", shown(pattern), show::safe(why)))
        }
    }
}

fn json_wanted(pointer: &Value, value: &Value) -> Result<Wanted, String> {
    match pointer {
        Value::String(pointer) if pointer.is_empty() || pointer.starts_with('/') => {
            Ok(Wanted::Told(Expect::Json { pointer: pointer.clone(), value: json(value)?.to_string() }))
        }
        other => Err(wrong("expect json", "a JSON pointer like \"/type\"", other)),
    }
}

/// A value of TOML as JSON; a date becomes a text.
fn json(value: &Value) -> Result<Json, String> {
    Ok(match value {
        Value::String(text) => Json::String(text.clone()),
        Value::Integer(number) => Json::from(*number),
        Value::Float(number) => {
            let number = serde_json::Number::from_f64(*number).map(Json::Number);
            number.ok_or_else(|| wrong("json", "a number that JSON can hold", value))?
        }
        Value::Boolean(word) => Json::Bool(*word),
        Value::Datetime(date) => Json::String(date.to_string()),
        Value::Array(items) => Json::Array(items.iter().map(json).collect::<Result<Vec<Json>, String>>()?),
        Value::Table(table) => {
            let mut object = serde_json::Map::new();
            for (key, value) in table {
                object.insert(key.clone(), json(value)?);
            }
            Json::Object(object)
        }
    })
}

fn legal_code(value: &Value) -> Result<u16, String> {
    let code = value.as_integer().and_then(|code| u16::try_from(code).ok()).filter(|code| is_legal(*code));
    code.ok_or_else(|| wrong("close", "a code that may be sent, like 1000 or 4001, or a table with it", value))
}
