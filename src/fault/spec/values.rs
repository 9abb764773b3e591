//! The values of faults: what stands behind `NAME=` and after the semicolons. Owns their limits, their defaults and the
//! percent-encoding of texts; names and times are the parent's.

mod socket;

use crate::fault::spec::{BadAccept, Fault, Odd, Raw, SpecFault};
use crate::moment::Span;
use crate::wire::close::REASON_MAX;

/// The second server on one socket, as node ws's is known for.
const JUNK: &str = "HTTP/1.1 400 Bad Request\r\n\r\n";
/// ActionCable's and Slack's word for it.
const FAREWELL: &str = "{\"type\":\"disconnect\"}";
/// One more than wscope and many servers accept.
const OVERSIZE: u64 = 65 << 20;

/// The fault of that name. `keys` is everything behind the first semicolon.
pub fn fault(name: &'static str, value: Option<&str>, keys: Option<&str>) -> Result<Fault, SpecFault> {
    if let Some(socket) = socket::fault(name, value, keys) {
        return socket;
    }
    if let Some(got) = keys.filter(|_| name != "reject") {
        return Err(wrong(name, "nothing behind a semicolon", got));
    }
    let fault = match name {
        "reject" => return reject(value, keys),
        "redirect" => Fault::Redirect { location: text(value.unwrap_or("/")) },
        "bad-accept" => Fault::BadAccept(accept(value.unwrap_or("wrong"))?),
        "extension" => Fault::Odd(Odd::Extension(text(value.unwrap_or("x-wscope-unknown")))),
        "subprotocol" => Fault::Odd(Odd::Subprotocol(text(value.unwrap_or("wscope.unknown")))),
        "junk" => Fault::Odd(Odd::Junk(value.map_or_else(|| JUNK.into(), decoded))),
        "slow-head" => Fault::Odd(Odd::SlowHead(pause(value.unwrap_or("5"))?)),
        "close" => return close(value.unwrap_or("1000")),
        "late-pong" => Fault::LatePong(delay(value.unwrap_or("1s"))?),
        "farewell" => Fault::Farewell(value.map_or_else(|| FAREWELL.into(), text)),
        "fragments" => Fault::Fragments(fragments(value.unwrap_or("2"))?),
        "opcode" => Fault::Raw(Raw::Opcode(opcode(value.unwrap_or("3"))?)),
        "oversize" => Fault::Raw(Raw::Oversize(value.map_or(Ok(OVERSIZE), announced)?)),
        _ => return bare(name, value),
    };
    Ok(fault)
}

/// Those that take no value.
fn bare(name: &'static str, value: Option<&str>) -> Result<Fault, SpecFault> {
    if let Some(got) = value {
        return Err(wrong(name, "no value", got));
    }
    Ok(match name {
        "spa" => Fault::Spa,
        "no-answer" => Fault::NoAnswer,
        "no-upgrade" => Fault::Odd(Odd::NoUpgrade),
        "no-connection" => Fault::Odd(Odd::NoConnection),
        "keep-alive" => Fault::Odd(Odd::KeepAlive),
        "http10" => Fault::Odd(Odd::Http10),
        "fin" => Fault::Fin,
        "rst" => Fault::Rst,
        "no-pong" => Fault::NoPong,
        "wrong-pong" => Fault::WrongPong,
        "close-ignored" => Fault::CloseIgnored,
        "freeze" => Fault::Freeze,
        "masked" => Fault::Raw(Raw::Masked),
        "unmasked" => Fault::Raw(Raw::Unmasked),
        "tls-truncate" => Fault::TlsTruncate,
        "flap" => Fault::Flap,
        "rsv1" => Fault::Raw(Raw::Reserved(0b100)),
        "rsv2" => Fault::Raw(Raw::Reserved(0b010)),
        "rsv3" => Fault::Raw(Raw::Reserved(0b001)),
        "bad-utf8" => Fault::Raw(Raw::BadUtf8),
        "bad-utf8-cut" => Fault::Raw(Raw::BadUtf8Cut),
        "fragmented-ping" => Fault::Raw(Raw::FragmentedPing),
        "long-ping" => Fault::Raw(Raw::LongPing),
        "interleaved" => Fault::Raw(Raw::Interleaved),
        "ping-inside" => Fault::Raw(Raw::PingInside),
        "continuation" => Fault::Raw(Raw::Continuation),
        "half-frame" => Fault::Raw(Raw::HalfFrame),
        "http-text" => Fault::Raw(Raw::HttpText),
        "unsolicited-pong" => Fault::Raw(Raw::UnsolicitedPong),
        other => return Err(SpecFault::Name { got: other.into() }),
    })
}

fn reject(value: Option<&str>, keys: Option<&str>) -> Result<Fault, SpecFault> {
    const EXPECTED: &str = "retry-after=SECONDS, header=Name: value or body=TEXT behind a semicolon";
    let given = value.unwrap_or("403");
    let status = given.parse::<u16>().ok().filter(|status| (200..=599).contains(status));
    let status = status.ok_or_else(|| wrong("reject", "a status from 200 to 599", given))?;
    let (mut fields, mut body) = (Vec::new(), None);
    for key in keys.into_iter().flat_map(|keys| keys.split(';')) {
        match key.split_once('=') {
            Some(("retry-after", seconds)) if seconds.parse::<u32>().is_ok() => {
                fields.push(("Retry-After".into(), seconds.into()));
            }
            Some(("header", line)) => fields.push(field(line).ok_or_else(|| wrong("reject", EXPECTED, key))?),
            Some(("body", words)) => body = Some(text(words)),
            _ => return Err(wrong("reject", EXPECTED, key)),
        }
    }
    Ok(Fault::Reject { status, fields, body })
}

fn field(line: &str) -> Option<(String, String)> {
    let line = text(line);
    let (name, value) = line.split_once(':')?;
    let name = name.trim();
    (!name.is_empty()).then(|| (name.into(), value.trim().into()))
}

fn accept(kind: &str) -> Result<BadAccept, SpecFault> {
    Ok(match kind {
        "wrong" => BadAccept::Wrong,
        "missing" => BadAccept::Missing,
        "echo" => BadAccept::Echo,
        "no-guid" => BadAccept::NoGuid,
        "rfc" => BadAccept::Rfc,
        "hex" => BadAccept::Hex,
        "base64-hex" => BadAccept::Base64Hex,
        "decoded-key" => BadAccept::DecodedKey,
        "lower-guid" => BadAccept::LowerGuid,
        "guid-first" => BadAccept::GuidFirst,
        "line-end" => BadAccept::LineEnd,
        "leading-space" => BadAccept::LeadingSpace,
        "no-padding" => BadAccept::NoPadding,
        "url-safe" => BadAccept::UrlSafe,
        "misprint" => BadAccept::Misprint,
        "md5" => BadAccept::Md5,
        "sha256" => BadAccept::Sha256,
        other => {
            let expected = "one of wrong, missing, echo, no-guid, rfc, hex, base64-hex, decoded-key, lower-guid, \
                guid-first, line-end, leading-space, no-padding, url-safe, misprint, md5, sha256";
            return Err(wrong("bad-accept", expected, other));
        }
    })
}

fn close(value: &str) -> Result<Fault, SpecFault> {
    let (code, reason) = value.split_once(':').unwrap_or((value, ""));
    if code == "none" {
        return Ok(Fault::Close { code: None, reason: String::new() });
    }
    let reason = text(reason);
    let expected = "CODE[:REASON] with a code from 0 to 65535 or none, a reason of 123 bytes at most";
    let code = code.parse().ok().filter(|_| reason.len() <= REASON_MAX);
    let code = code.ok_or_else(|| wrong("close", expected, value))?;
    Ok(Fault::Close { code: Some(code), reason })
}

fn pause(value: &str) -> Result<Span, SpecFault> {
    let millis = value.parse::<u64>().ok().filter(|millis| (1..=1000).contains(millis));
    millis.map(Span::from_millis).ok_or_else(|| wrong("slow-head", "milliseconds from 1 to 1000", value))
}

fn delay(value: &str) -> Result<Span, SpecFault> {
    time(value).ok_or_else(|| wrong("late-pong", "a time like 300ms", value))
}

/// A time as everywhere: `5s`, `200ms`; a bare number is seconds.
pub fn time(value: &str) -> Option<Span> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse().ok().map(Span::from_secs);
    }
    humantime::parse_duration(value).ok().map(Span::from)
}

/// 5.2: 3 to 7 and 11 to 15 are reserved.
fn opcode(value: &str) -> Result<u8, SpecFault> {
    let bits = value.parse::<u8>().ok().filter(|bits| matches!(bits, 3..=7 | 11..=15));
    bits.ok_or_else(|| wrong("opcode", "a reserved opcode: 3 to 7 or 11 to 15", value))
}

fn fragments(value: &str) -> Result<u32, SpecFault> {
    let parts = value.parse::<u32>().ok().filter(|parts| (2..=1000).contains(parts));
    parts.ok_or_else(|| wrong("fragments", "a number of fragments from 2 to 1000", value))
}

fn announced(value: &str) -> Result<u64, SpecFault> {
    size(value).ok_or_else(|| wrong("oversize", "a size like 65MiB", value))
}

/// Bytes: `100B`, `1KB` and `1MB` by the thousand, `1KiB` and `1MiB` by 1024.
pub fn size(text: &str) -> Option<u64> {
    let units = [("KB", 1000), ("KiB", 1024), ("MB", 1_000_000), ("MiB", 1 << 20), ("B", 1)];
    units.into_iter().find_map(|(suffix, factor)| {
        let count: u64 = text.strip_suffix(suffix)?.parse().ok()?;
        Some(count.saturating_mul(factor))
    })
}

/// Percent-decoded; what is no UTF-8 then is replaced.
pub fn text(text: &str) -> String {
    String::from_utf8_lossy(&decoded(text)).into_owned()
}

/// Percent-decoded. A `%` without two hex digits stays as it is.
fn decoded(text: &str) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((&byte, behind)) = rest.split_first() {
        let pair = behind.split_first_chunk::<2>().filter(|_| byte == b'%');
        match pair.and_then(|(pair, after)| Some((hex_byte(*pair)?, after))) {
            Some((decoded, after)) => {
                out.push(decoded);
                rest = after;
            }
            None => {
                out.push(byte);
                rest = behind;
            }
        }
    }
    out
}

fn hex_byte([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

fn wrong(name: &'static str, expected: &'static str, got: &str) -> SpecFault {
    SpecFault::Value { name, expected, got: got.chars().take(200).collect() }
}
