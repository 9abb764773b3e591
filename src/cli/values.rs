//! The parsers of what stands behind a flag: times, sizes, numbers, addresses, patterns.
//!
//! Owns the grammar and the wording of what is wrong with a value: one line, expected and got. The values
//! of headers and secrets are `cli::fields`'. Carries no RFC section.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use regex::Regex;

use crate::event::finding::Severity;
use crate::moment::Span;
use crate::report::safe;

/// A limit on time, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Off,
    After(Span),
}

impl Limit {
    /// The time, unless there is no limit.
    pub fn span(self) -> Option<Span> {
        match self {
            Limit::Off => None,
            Limit::After(span) => Some(span),
        }
    }
}

/// `--heartbeat-send`: what a heartbeat is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendArg {
    Ping,
    Text(String),
    /// A binary message.
    Hex(Vec<u8>),
    /// What fits the server, once it is recognised.
    Auto,
    /// A preset's, with its answer and its times.
    Preset(String),
}

/// `--heartbeat-answer`: what settles a heartbeat.
#[derive(Clone, Debug)]
pub enum AnswerArg {
    /// Any sign of life.
    Any,
    /// Its own pong, or the same text.
    Match,
    Text(String),
    Regex(Regex),
    /// Nothing does, and nothing is missed.
    None,
}

/// `--expect`: what must come back.
#[derive(Clone, Debug)]
pub enum ExpectArg {
    /// A text message in which the pattern is found.
    Regex(Regex),
    /// A JSON message whose value at `pointer` (RFC 6901) is `value`.
    Json { pointer: String, value: serde_json::Value },
}

/// `--resolve`: that address for that host (lower case, without brackets) and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveArg {
    pub host: String,
    pub port: u16,
    pub address: IpAddr,
}

/// Where `serve` listens. Port 0 is any free one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenArg {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// `text` in quotes, escaped, at most 80 characters of it.
pub fn shown(text: &str) -> String {
    safe::quoted(text.as_bytes(), 80)
}

/// A time longer than 0: humantime (`500ms`, `1m30s`), or a bare number of seconds (`20`, `1.5`).
///
/// # Errors
/// One line, as for every parser here.
pub fn span(text: &str) -> Result<Span, String> {
    match span_or_zero(text)? {
        Span::ZERO => Err(expected("a time longer than 0", text)),
        span => Ok(span),
    }
}

/// As [`span`], but 0 is a time too.
pub fn span_or_zero(text: &str) -> Result<Span, String> {
    time(text).ok_or_else(|| expected(TIME, text))
}

/// As [`span`], or `off`.
pub fn limit(text: &str) -> Result<Limit, String> {
    match limit_or_zero(text)? {
        Limit::After(Span::ZERO) => Err(expected("a time longer than 0, or off", text)),
        limit => Ok(limit),
    }
}

/// As [`span_or_zero`], or `off`.
pub fn limit_or_zero(text: &str) -> Result<Limit, String> {
    if text == "off" {
        return Ok(Limit::Off);
    }
    time(text).map(Limit::After).ok_or_else(|| expected(&format!("{TIME}, or off"), text))
}

/// A number of bytes above 0: `65536`, `64k`, `64MiB`; every unit is a power of 1024.
pub fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => Some(0_u32),
        "k" | "kb" | "kib" => Some(10),
        "m" | "mb" | "mib" => Some(20),
        "g" | "gb" | "gib" => Some(30),
        _ => None,
    };
    let bytes = shift.and_then(|shift| number.parse::<u64>().ok()?.checked_mul(1_u64 << shift));
    bytes.filter(|bytes| *bytes > 0).ok_or_else(|| expected("a size above 0 such as 65536, 64k or 64MiB", text))
}

/// A whole number from 1 on.
pub fn count(text: &str) -> Result<u32, String> {
    digits::<u32>(text).filter(|count| *count > 0).ok_or_else(|| expected("a whole number from 1 on", text))
}

/// A whole number from 0 on.
pub fn whole_number(text: &str) -> Result<u32, String> {
    digits(text).ok_or_else(|| expected("a whole number", text))
}

/// What `serve` does with messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModeArg {
    Echo,
    Broadcast,
    Silent,
    Source,
    Sink,
    Script(PathBuf),
}

/// A mode of `serve`.
pub fn mode(text: &str) -> Result<ModeArg, String> {
    Ok(match text {
        "echo" => ModeArg::Echo,
        "broadcast" => ModeArg::Broadcast,
        "silent" => ModeArg::Silent,
        "source" => ModeArg::Source,
        "sink" => ModeArg::Sink,
        other => match other.strip_prefix("script=").filter(|path| !path.is_empty()) {
            Some(path) => ModeArg::Script(path.into()),
            None => return Err(expected("echo, broadcast, silent, source, sink or script=FILE", other)),
        },
    })
}

/// Messages a second: above 0, at most a million.
pub fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok().filter(|rate| *rate >= 0.001 && *rate <= 1e6);
    rate.ok_or_else(|| expected("messages a second, from 0.001 to 1000000", text))
}

/// A probability.
pub fn chance(text: &str) -> Result<f64, String> {
    let chance = text.parse::<f64>().ok().filter(|chance| (0.0..=1.0).contains(chance));
    chance.ok_or_else(|| expected("a number from 0 to 1", text))
}

/// The seed of jitter and chance: a whole number below 2 to the 64.
pub fn seed(text: &str) -> Result<u64, String> {
    digits(text).ok_or_else(|| expected("a whole number below 2^64", text))
}

/// A severity of findings.
pub fn severity(text: &str) -> Result<Severity, String> {
    match text {
        "error" => Ok(Severity::Error),
        "warning" => Ok(Severity::Warning),
        "note" => Ok(Severity::Note),
        _ => Err(expected("error, warning or note", text)),
    }
}

/// A name that is not empty and has no spaces or control characters.
pub fn name(text: &str) -> Result<String, String> {
    let fine = !text.is_empty() && !text.chars().any(|c| c.is_control() || c == ' ');
    if fine { Ok(text.to_owned()) } else { Err(expected("a name without spaces", text)) }
}

/// A regular expression.
pub fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|why| {
        let words = why.to_string();
        let last = words.lines().last().unwrap_or_default().trim();
        let reason = last.strip_prefix("error: ").unwrap_or(last);
        format!("expected a regular expression, got {} ({reason})", shown(text))
    })
}

/// `--expect`: a regular expression, or `json:/ptr=value`.
pub fn expectation(text: &str) -> Result<ExpectArg, String> {
    let Some(rest) = text.strip_prefix("json:") else {
        return pattern(text).map(ExpectArg::Regex);
    };
    let parts = rest.split_once('=').filter(|(pointer, _)| pointer.is_empty() || pointer.starts_with('/'));
    let Some((pointer, value)) = parts else {
        return Err(expected("json:/path/to/it=value", text));
    };
    let value = serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::String(value.to_owned()));
    Ok(ExpectArg::Json { pointer: pointer.to_owned(), value })
}

/// `--heartbeat-send`: `ping`, `text:...`, `hex:...`, `auto` or a preset's name, which is looked up later.
pub fn heartbeat_send(text: &str) -> Result<SendArg, String> {
    if let Some(message) = text.strip_prefix("text:") {
        return Ok(SendArg::Text(message.to_owned()));
    }
    if let Some(hex) = text.strip_prefix("hex:") {
        let compact: String = hex.split_whitespace().collect();
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(compact.as_bytes());
        return bytes.map(SendArg::Hex).map_err(|_| expected("hex: and pairs of hex digits", text));
    }
    let is_name = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    match text {
        "ping" => Ok(SendArg::Ping),
        "auto" => Ok(SendArg::Auto),
        _ if !text.is_empty() && text.chars().all(is_name) => Ok(SendArg::Preset(text.to_owned())),
        _ => Err(expected("ping, text:TEXT, hex:BYTES, auto or a preset's name", text)),
    }
}

/// `--heartbeat-answer`: `any`, `match`, `text:...`, `regex:...` or `none`.
pub fn heartbeat_answer(text: &str) -> Result<AnswerArg, String> {
    if let Some(answer) = text.strip_prefix("text:") {
        return Ok(AnswerArg::Text(answer.to_owned()));
    }
    if let Some(regex) = text.strip_prefix("regex:") {
        return pattern(regex).map(AnswerArg::Regex);
    }
    match text {
        "any" => Ok(AnswerArg::Any),
        "match" => Ok(AnswerArg::Match),
        "none" => Ok(AnswerArg::None),
        _ => Err(expected("any, match, text:TEXT, regex:REGEX or none", text)),
    }
}

/// An address, IPv6 with or without brackets.
pub fn address(text: &str) -> Result<IpAddr, String> {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let parsed = match inner {
        Some(inner) => inner.parse::<Ipv6Addr>().map(IpAddr::V6).ok(),
        None => text.parse().ok(),
    };
    parsed.ok_or_else(|| expected("an address such as 192.0.2.1 or 2001:db8::1", text))
}

/// `--resolve`: `HOST:PORT:ADDR`; an IPv6 host stands in brackets, an IPv6 address may.
pub fn resolve(text: &str) -> Result<ResolveArg, String> {
    resolve_parts(text).ok_or_else(|| expected("HOST:PORT:ADDR such as example.com:443:192.0.2.1", text))
}

/// `serve`'s address: `[ADDR:]PORT`, `:PORT`, `[::1]:PORT` or `unix:/path`. ADDR is 127.0.0.1 if absent or `localhost`.
pub fn listen_address(text: &str) -> Result<ListenArg, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        let path = Some(path).filter(|path| !path.is_empty()).map(PathBuf::from);
        return path.map(ListenArg::Unix).ok_or_else(|| expected("a path after unix:", text));
    }
    tcp_parts(text).map(ListenArg::Tcp).ok_or_else(|| expected("[ADDR:]PORT, :PORT, [::1]:PORT or unix:/path", text))
}

fn tcp_parts(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let port = digits(port)?;
    let address = match host {
        "" | "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        host if host.contains(':') && !host.starts_with('[') => return None,
        host => address(host).ok()?,
    };
    Some(SocketAddr::new(address, port))
}

fn resolve_parts(text: &str) -> Option<ResolveArg> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once("]:")?,
        None => text.split_once(':')?,
    };
    let (port, ip) = rest.split_once(':')?;
    let port = digits(port).filter(|port: &u16| *port > 0)?;
    if host.is_empty() {
        return None;
    }
    Some(ResolveArg { host: host.to_ascii_lowercase(), port, address: address(ip).ok()? })
}

// `from_str` of the standard library takes a leading plus, which nobody means.
fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn time(text: &str) -> Option<Span> {
    let number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if number {
        return text.parse::<f64>().ok().map(Span::from_seconds);
    }
    humantime::parse_duration(text).ok().map(Span::from)
}

fn expected(what: &str, got: &str) -> String {
    format!("expected {what}, got {}", shown(got))
}

const TIME: &str = "a time such as 500ms, 20s or 1m30s";

#[cfg(test)]
mod tests;
