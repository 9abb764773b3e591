//! What stands behind the name of a slash command. Owns the values' grammar and what is wrong with one, without the
//! command's name in front. Times read as behind a flag; settings of a raw frame are `frame`'s, the quoting of
//! paths is `path`'s. Lengths of control frames are RFC 6455 section 5.5, codes section 7.4.

use std::path::PathBuf;
use std::str::FromStr;

use super::{DropKind, HeartbeatWords, Slash, first_word, frame, path};
use crate::event::show;
use crate::exam::input::decode;
use crate::moment::Span;
use crate::report::human::talk::Show;
use crate::report::safe;
use crate::wire::close;

/// The longest payload of a control frame.
const CONTROL_MAX: usize = 125;
/// What is typed and longer than this belongs into a file.
pub(super) const TYPED_MAX: usize = 1 << 20;
/// The shortest time between two heartbeats, as for `--heartbeat`.
const EVERY_MIN: Span = Span::from_millis(1);

pub(super) fn help(rest: &str) -> Result<Slash, String> {
    let word = one_word(rest, "one command or nothing")?;
    Ok(Slash::Help(word.map(str::to_owned)))
}

pub(super) fn ping(rest: &str) -> Result<Slash, String> {
    control_data(rest).map(Slash::Ping)
}

pub(super) fn pong(rest: &str) -> Result<Slash, String> {
    control_data(rest).map(Slash::Pong)
}

pub(super) fn close(rest: &str) -> Result<Slash, String> {
    let (word, reason) = first_word(rest);
    if word.is_empty() {
        return Ok(Slash::Close { code: None, reason: String::new() });
    }
    let code: u16 = digits(word).ok_or_else(|| expected("a Close code such as 1000 or 4001", word))?;
    if !close::is_legal(code) {
        let name = close::name(code);
        return Err(format!("{code} ({name}) may not be sent; /frame opcode=close hex:{code:04x} does"));
    }
    if reason.len() > close::REASON_MAX {
        return Err(format!("expected a reason of at most {} bytes, got {}", close::REASON_MAX, reason.len()));
    }
    Ok(Slash::Close { code: Some(code), reason: reason.to_owned() })
}

pub(super) fn binary(rest: &str) -> Result<Slash, String> {
    if rest.trim().is_empty() {
        return Err("expected pairs of hex digits such as 00ff; /frame opcode=binary sends an empty message".to_owned());
    }
    let digits = rest.strip_prefix("hex:").unwrap_or(rest);
    fitting(decode::hex(digits.as_bytes())?, TYPED_MAX).map(Slash::Binary)
}

pub(super) fn file(rest: &str) -> Result<Slash, String> {
    let (path, behind) = required_path(rest)?;
    let text = match behind {
        "" => None,
        "text" => Some(true),
        "binary" => Some(false),
        other => return Err(expected("text or binary, or a quoted path", other)),
    };
    Ok(Slash::File { path, text })
}

pub(super) fn frame(rest: &str) -> Result<Slash, String> {
    frame::read(rest).map(Slash::Frame)
}

pub(super) fn heartbeat(rest: &str) -> Result<Slash, String> {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let wanted = match words[..] {
        [] => HeartbeatWords::Tell,
        ["off"] => HeartbeatWords::Off,
        [every] => HeartbeatWords::Every { every: interval(every)?, timeout: None },
        [every, wait] => HeartbeatWords::Every { every: interval(every)?, timeout: Some(timeout(wait)?) },
        _ => return Err(expected("off, or a time and how long to wait for its answer", rest.trim())),
    };
    Ok(Slash::Heartbeat(wanted))
}

pub(super) fn show(rest: &str) -> Result<Slash, String> {
    let what = "last, or the number of a message";
    let wanted = match one_word(rest, what)? {
        None | Some("last") => Show::Last,
        Some(word) => match digits::<u64>(word) {
            Some(number) if number > 0 => Show::Number(number),
            _ => return Err(expected(what, word)),
        },
    };
    Ok(Slash::Show(wanted))
}

pub(super) fn explain(rest: &str) -> Result<Slash, String> {
    let word = rest.trim();
    if word.is_empty() {
        return Err("expected a finding's code, a Close code, an HTTP status or an exit code".to_owned());
    }
    Ok(Slash::Explain(word.to_owned()))
}

pub(super) fn drop(rest: &str) -> Result<Slash, String> {
    let kind = match one_word(rest, "fin or rst")? {
        None | Some("fin") => DropKind::Fin,
        Some("rst") => DropKind::Rst,
        Some(other) => return Err(expected("fin or rst", other)),
    };
    Ok(Slash::Drop(kind))
}

pub(super) fn record(rest: &str) -> Result<Slash, String> {
    match rest.trim() {
        // Who only asks must not lose what is being kept.
        "" => return Err("expected a path, or off".into()),
        "off" => return Ok(Slash::Record(None)),
        _ => {}
    }
    let (path, behind) = required_path(rest)?;
    if !behind.is_empty() {
        return Err(expected("nothing behind the path, or a quoted path", behind));
    }
    Ok(Slash::Record(Some(path)))
}

/// For a command that takes nothing.
pub(super) fn nothing(rest: &str, slash: Slash) -> Result<Slash, String> {
    match rest.trim() {
        "" => Ok(slash),
        other => Err(expected("nothing behind it", other)),
    }
}

/// Text as it stands, or bytes behind `hex:`; behind `text:` it may begin with anything.
pub(super) fn payload(rest: &str) -> Result<Vec<u8>, String> {
    if let Some(digits) = rest.strip_prefix("hex:") {
        return decode::hex(digits.as_bytes());
    }
    Ok(rest.strip_prefix("text:").unwrap_or(rest).as_bytes().to_vec())
}

/// `bytes`, unless there are more than `max`.
pub(super) fn fitting(bytes: Vec<u8>, max: usize) -> Result<Vec<u8>, String> {
    if bytes.len() > max {
        return Err(format!("expected at most {max} bytes, got {}", bytes.len()));
    }
    Ok(bytes)
}

/// A whole number without a sign, which `from_str` would take.
pub(super) fn digits<T: FromStr>(text: &str) -> Option<T> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

pub(super) fn expected(what: &str, got: &str) -> String {
    format!("expected {what}, got {}", shown(got))
}

/// What was typed, in quotes, its beginning if it is long.
fn shown(text: &str) -> String {
    let start = beginning(text);
    let quoted = safe::quoted(start.as_bytes(), SHOWN_MAX);
    if start.len() < text.len() { format!("{quoted}...") } else { quoted }
}

/// So much of what was typed as has room in an answer.
pub(super) fn beginning(text: &str) -> &str {
    text.char_indices().nth(SHOWN_MAX).map_or(text, |(end, _)| &text[..end])
}

fn control_data(rest: &str) -> Result<Vec<u8>, String> {
    fitting(payload(rest)?, CONTROL_MAX)
}

/// The only word of `rest`, if there is one.
fn one_word<'a>(rest: &'a str, what: &str) -> Result<Option<&'a str>, String> {
    let rest = rest.trim();
    if rest.contains(char::is_whitespace) {
        return Err(expected(what, rest));
    }
    Ok(Some(rest).filter(|word| !word.is_empty()))
}

/// A path, and what stands behind it without the blanks around.
fn required_path(rest: &str) -> Result<(PathBuf, &str), String> {
    let cut = path::cut(rest);
    if cut.is_open {
        return Err(format!("expected a quote at the path's end, got {}", shown(rest.trim_end())));
    }
    if cut.path.is_empty() {
        return Err("expected a path".to_owned());
    }
    let behind = rest[cut.end..].trim();
    Ok((path::at_home(cut.path, rest, dirs::home_dir()), behind))
}

fn interval(word: &str) -> Result<Span, String> {
    let every = time(word).ok_or_else(|| expected("off, or a time such as 500ms or 20s", word))?;
    if every < EVERY_MIN {
        return Err(format!("expected {} or more, got {}", show::span(EVERY_MIN), shown(word)));
    }
    Ok(every)
}

fn timeout(word: &str) -> Result<Span, String> {
    time(word).ok_or_else(|| expected("a time such as 500ms or 20s to wait for the answer", word))
}

/// A time above 0: `500ms`, `1m30s`, or a bare number of seconds.
fn time(word: &str) -> Option<Span> {
    let number = word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let span = if number {
        word.parse::<f64>().ok().map(Span::from_seconds)
    } else {
        humantime::parse_duration(word).ok().map(Span::from)
    };
    span.filter(|span| !span.is_zero())
}

/// The most characters of what was typed that an answer repeats.
const SHOWN_MAX: usize = 20;
