//! The grammar of faults: `NAME[=VALUE][;key=value...][@WHEN]`, joined by `+`; by path for one client `/fault/SPEC`,
//! percent-encoding accepted. Owns names and values; `docs/faults.md` says what each does.

use thiserror::Error;

use crate::moment::Span;

/// One fault with its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    pub fault: Fault,
    pub when: When,
}

/// What is done wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Answers the upgrade with this status; `retry-after=SECONDS` adds that header.
    Reject {
        status: u16,
        retry_after: Option<u32>,
    },
    /// Reads the upgrade and never answers.
    NoAnswer,
    BadAccept(BadAccept),
    /// Sends this Close. Codes that may not be on the wire are sent all the same.
    Close {
        code: Option<u16>,
        reason: String,
    },
    /// Ends TCP without a Close frame.
    Fin,
    /// Resets TCP.
    Rst,
    /// Answers no ping.
    NoPong,
    /// Reads nothing any more; the kernel goes on acknowledging.
    Freeze,
}

/// Which mistake the accept value holds (field guide A.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadAccept {
    /// Of another key.
    Wrong,
    Missing,
    /// The key itself.
    Echo,
    /// The hash of the key without the GUID.
    NoGuid,
    /// The value in the RFC's example.
    Rfc,
}

/// When it is done, counted from the open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    AtOnce,
    After(Span),
    /// After so many frames from the client.
    Frames(u64),
    /// After so many bytes from the client.
    Bytes(u64),
}

/// What is wrong with a spec.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SpecFault {
    #[error("expected one of {}, got \"{got}\"", NAMES.join(", "))]
    Name { got: String },
    #[error("{name} expected {expected}, got \"{got}\"")]
    Value { name: &'static str, expected: &'static str, got: String },
    #[error("expected a time like @5s, @3frames or @1KB, got \"@{0}\"")]
    When(String),
    #[error("{0} is done in the opening handshake and takes no @")]
    TooEarly(&'static str),
    #[error("no-pong takes a time like @5s, not frames or bytes")]
    TimeOnly,
    #[error("expected a fault like close=4001:expired@5s, got nothing")]
    Empty,
}

/// The names, for help and for errors.
pub const NAMES: &[&str] = &["reject", "no-answer", "bad-accept", "close", "fin", "rst", "no-pong", "freeze"];

/// The kinds of `bad-accept`.
pub const ACCEPT_KINDS: &[&str] = &["wrong", "missing", "echo", "no-guid", "rfc"];

/// Reads faults joined by `+`.
pub fn parse(text: &str) -> Result<Vec<Planned>, SpecFault> {
    text.split('+').map(parse_one).collect()
}

/// The faults that a path asks for; none for a path that is not `/fault/...`.
pub fn from_path(path: &str) -> Option<Result<Vec<Planned>, SpecFault>> {
    let spec = path.split('?').next()?.strip_prefix("/fault/")?;
    Some(parse(&percent_decoded(spec)))
}

fn parse_one(text: &str) -> Result<Planned, SpecFault> {
    let (body, when) = match text.rsplit_once('@') {
        Some((body, when)) => (body, parse_when(when)?),
        None => (text, When::AtOnce),
    };
    let (head, keys) = body.split_once(';').map_or((body, None), |(head, keys)| (head, Some(keys)));
    let (name, value) = head.split_once('=').map_or((head, None), |(name, value)| (name, Some(value)));
    if name.is_empty() {
        return Err(SpecFault::Empty);
    }
    let fault = parse_fault(name, value, keys)?;
    match (&fault, when) {
        (Fault::Reject { .. }, When::AtOnce) | (Fault::NoAnswer | Fault::BadAccept(_), When::AtOnce) => {}
        (Fault::Reject { .. }, _) => return Err(SpecFault::TooEarly("reject")),
        (Fault::NoAnswer, _) => return Err(SpecFault::TooEarly("no-answer")),
        (Fault::BadAccept(_), _) => return Err(SpecFault::TooEarly("bad-accept")),
        (Fault::NoPong, When::Frames(_) | When::Bytes(_)) => return Err(SpecFault::TimeOnly),
        _ => {}
    }
    Ok(Planned { fault, when })
}

fn parse_fault(name: &str, value: Option<&str>, keys: Option<&str>) -> Result<Fault, SpecFault> {
    let bare = |name: &'static str, fault: Fault| match value.or(keys) {
        None => Ok(fault),
        Some(got) => Err(SpecFault::Value { name, expected: "no value", got: got.into() }),
    };
    match name {
        "reject" => parse_reject(value, keys),
        "no-answer" => bare("no-answer", Fault::NoAnswer),
        "bad-accept" => parse_accept(value.unwrap_or("wrong")),
        "close" => parse_close(value.unwrap_or("1000")),
        "fin" => bare("fin", Fault::Fin),
        "rst" => bare("rst", Fault::Rst),
        "no-pong" => bare("no-pong", Fault::NoPong),
        "freeze" => bare("freeze", Fault::Freeze),
        other => Err(SpecFault::Name { got: other.chars().take(40).collect() }),
    }
}

fn parse_reject(value: Option<&str>, keys: Option<&str>) -> Result<Fault, SpecFault> {
    let wrong = |expected, got: &str| SpecFault::Value { name: "reject", expected, got: got.into() };
    let text = value.unwrap_or("403");
    let status = text.parse().ok().filter(|status| (200..=599).contains(status));
    let status = status.ok_or_else(|| wrong("a status from 200 to 599", text))?;
    let retry_after = match keys {
        None => None,
        Some(keys) => {
            let seconds = keys.strip_prefix("retry-after=").and_then(|seconds| seconds.parse().ok());
            Some(seconds.ok_or_else(|| wrong("retry-after=SECONDS behind the semicolon", keys))?)
        }
    };
    Ok(Fault::Reject { status, retry_after })
}

fn parse_accept(kind: &str) -> Result<Fault, SpecFault> {
    Ok(Fault::BadAccept(match kind {
        "wrong" => BadAccept::Wrong,
        "missing" => BadAccept::Missing,
        "echo" => BadAccept::Echo,
        "no-guid" => BadAccept::NoGuid,
        "rfc" => BadAccept::Rfc,
        other => {
            let expected = "one of wrong, missing, echo, no-guid, rfc";
            return Err(SpecFault::Value { name: "bad-accept", expected, got: other.into() });
        }
    }))
}

fn parse_close(value: &str) -> Result<Fault, SpecFault> {
    let (code, reason) = value.split_once(':').unwrap_or((value, ""));
    if code == "none" {
        return Ok(Fault::Close { code: None, reason: String::new() });
    }
    let expected = "CODE[:REASON] with a code from 0 to 65535 or none, a reason of 123 bytes at most";
    let code = code.parse().ok().filter(|_| reason.len() <= crate::wire::close::REASON_MAX);
    let code = code.ok_or_else(|| SpecFault::Value { name: "close", expected, got: value.into() })?;
    Ok(Fault::Close { code: Some(code), reason: reason.into() })
}

fn parse_when(text: &str) -> Result<When, SpecFault> {
    let wrong = || SpecFault::When(text.chars().take(40).collect());
    if let Some(count) = text.strip_suffix("frames") {
        return count.parse().map(When::Frames).map_err(|_| wrong());
    }
    for (suffix, factor) in [("KB", 1000), ("KiB", 1024), ("MB", 1_000_000), ("MiB", 1 << 20), ("B", 1)] {
        if let Some(count) = text.strip_suffix(suffix).and_then(|count| count.parse::<u64>().ok()) {
            return Ok(When::Bytes(count.saturating_mul(factor)));
        }
    }
    humantime::parse_duration(text).map(|duration| When::After(duration.into())).map_err(|_| wrong())
}

fn percent_decoded(text: &str) -> String {
    let (mut out, bytes, mut at) = (Vec::new(), text.as_bytes(), 0);
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (bytes[at], hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn one(text: &str) -> Planned {
        parse(text).unwrap().remove(0)
    }

    #[test]
    fn each_of_the_eight_is_read() {
        assert_eq!(one("reject=503;retry-after=5").fault, Fault::Reject { status: 503, retry_after: Some(5) });
        assert_eq!(one("no-answer").fault, Fault::NoAnswer);
        assert_eq!(one("bad-accept=echo").fault, Fault::BadAccept(BadAccept::Echo));
        assert_eq!(one("close=4001:expired").fault, Fault::Close { code: Some(4001), reason: "expired".into() });
        assert_eq!(one("close=none").fault, Fault::Close { code: None, reason: String::new() });
        assert_eq!(one("fin").fault, Fault::Fin);
        assert_eq!(one("rst@3frames"), Planned { fault: Fault::Rst, when: When::Frames(3) });
        assert_eq!(one("no-pong@2s"), Planned { fault: Fault::NoPong, when: When::After(Span::from_secs(2)) });
        assert_eq!(one("freeze@1KB"), Planned { fault: Fault::Freeze, when: When::Bytes(1000) });
    }

    #[test]
    fn a_path_is_percent_decoded() {
        let faults = from_path("/fault/close%3D4001%3Abye%20now%405s?x=1").unwrap().unwrap();
        assert_eq!(faults[0].fault, Fault::Close { code: Some(4001), reason: "bye now".into() });
        assert_eq!(from_path("/chat"), None);
        assert!(from_path("/fault/%zz%").unwrap().is_err());
    }

    #[test]
    fn several_are_joined_by_plus() {
        assert_eq!(parse("no-pong+fin@5s").unwrap().len(), 2);
    }

    #[test]
    fn what_is_wrong_is_told_in_one_line() {
        for (spec, part) in [
            ("explode", "expected one of reject"),
            ("", "got nothing"),
            ("close=x", "close expected CODE"),
            ("reject=99", "status from 200 to 599"),
            ("fin=1", "fin expected no value"),
            ("fin@soon", "expected a time like @5s"),
            ("reject=503@5s", "takes no @"),
            ("no-pong@3frames", "takes a time"),
            ("bad-accept=odd", "one of wrong"),
        ] {
            let told = parse(spec).unwrap_err().to_string();
            assert!(told.contains(part) && !told.contains('\n'), "{spec}: {told}");
        }
    }
}
