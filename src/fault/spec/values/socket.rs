//! The values of the socket's faults: times, rates and sizes with their keys, named as toxiproxy names them where it has
//! one. Owns their limits and defaults.

use super::{size, wrong};
use crate::fault::socket::idle::Counts;
use crate::fault::socket::pace::{Latency, Slicer};
use crate::fault::spec::{End, Fault, SpecFault};
use crate::moment::Span;

/// The pairs behind the semicolons.
type Keys<'a> = Vec<(&'a str, &'a str)>;

/// The socket's fault of that name; none when the name is another kind's.
pub fn fault(name: &'static str, value: Option<&str>, keys: Option<&str>) -> Option<Result<Fault, SpecFault>> {
    let known: &[&str] = match name {
        "latency" => &["jitter"],
        "slicer" => &["variation", "delay"],
        "lifetime" => &["end"],
        "idle" => &["counts", "end"],
        "bandwidth" | "limit-data" | "kick-all" => &[],
        _ => return None,
    };
    Some(read_keys(name, known, keys).and_then(|keys| build(name, value, &keys)))
}

fn build(name: &'static str, value: Option<&str>, keys: &Keys<'_>) -> Result<Fault, SpecFault> {
    let key = |wanted: &str, default: &'static str| {
        keys.iter().find(|(name, _)| *name == wanted).map_or(default, |(_, value)| *value)
    };
    let given = |default: &'static str| value.unwrap_or(default);
    let end = |default| end(name, key("end", default));
    Ok(match name {
        "latency" => {
            Fault::Latency(Latency { delay: time(name, given("100ms"))?, jitter: time(name, key("jitter", "0s"))? })
        }
        "slicer" => Fault::Slicer(Slicer {
            average: least_one(name, given("64B"))?,
            variation: bytes(name, key("variation", "0B"))?,
            delay: time(name, key("delay", "0s"))?,
        }),
        "bandwidth" => Fault::Bandwidth(least_one(name, given("10KB"))?),
        "limit-data" => Fault::LimitData(bytes(name, given("1KB"))?),
        "lifetime" => Fault::Lifetime { limit: time(name, given("60s"))?, end: end("fin")? },
        "kick-all" => Fault::KickAll(self::end(name, given("1001"))?),
        _ => {
            let counts = counts(key("counts", "both"))?;
            Fault::Idle { limit: time(name, given("60s"))?, counts, end: end("fin")? }
        }
    })
}

fn read_keys<'a>(name: &'static str, known: &[&str], keys: Option<&'a str>) -> Result<Keys<'a>, SpecFault> {
    let mut pairs = Keys::new();
    for pair in keys.into_iter().flat_map(|keys| keys.split(';')) {
        match pair.split_once('=') {
            Some((key, value)) if known.contains(&key) => pairs.push((key, value)),
            _ => return Err(wrong(name, expected_keys(name), pair)),
        }
    }
    Ok(pairs)
}

fn expected_keys(name: &str) -> &'static str {
    match name {
        "latency" => "jitter=TIME behind a semicolon",
        "slicer" => "variation=SIZE or delay=TIME behind a semicolon",
        "lifetime" => "end=fin, rst or a close code behind a semicolon",
        "idle" => "counts=client, server, both or data, or end=fin, rst or a close code behind a semicolon",
        _ => "nothing behind a semicolon",
    }
}

fn time(name: &'static str, value: &str) -> Result<Span, SpecFault> {
    super::time(value).ok_or_else(|| wrong(name, "a time like 300ms", value))
}

fn bytes(name: &'static str, value: &str) -> Result<u64, SpecFault> {
    size(value).ok_or_else(|| wrong(name, "a size like 100B or 10KB", value))
}

fn least_one(name: &'static str, value: &str) -> Result<u64, SpecFault> {
    let bytes = size(value).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| wrong(name, "a size of at least 1B, like 10KB", value))
}

fn counts(value: &str) -> Result<Counts, SpecFault> {
    Ok(match value {
        "client" => Counts::Client,
        "server" => Counts::Server,
        "both" => Counts::Both,
        "data" => Counts::Data,
        other => return Err(wrong("idle", "counts=client, server, both or data", other)),
    })
}

fn end(name: &'static str, value: &str) -> Result<End, SpecFault> {
    match value {
        "fin" => Ok(End::Fin),
        "rst" => Ok(End::Rst),
        code => code.parse().map(End::Close).map_err(|_| wrong(name, "fin, rst or a close code", code)),
    }
}
