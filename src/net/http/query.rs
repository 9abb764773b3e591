//! What a request for the shared stream asks: `since`, `wait`, and a browser's `Last-Event-ID` (HTML Living Standard
//! section 9.2). Owns the reading and its limits; the messages are `Messages`'.

use crate::moment::Span;
use crate::net::http_guard::quoted;

/// How long a long poll waits when it does not say.
const WAIT_DEFAULT: Span = Span::from_secs(25);
/// How long it may wait at most, in seconds.
const WAIT_MAX: f64 = 60.0;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// From this number on.
    pub since: Option<u64>,
    pub wait: Span,
}

/// Reads a query, without its question mark. The error is the reason, one line of ASCII.
pub fn parse(query: &str, may_wait: bool) -> Result<Query, String> {
    let (mut since, mut wait) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let is_new = match name {
            "since" => since.replace(number(name, value)?).is_none(),
            "wait" if may_wait => wait.replace(seconds(value)?).is_none(),
            _ => return Err(format!("there is no parameter {}", quoted(name))),
        };
        if !is_new {
            return Err(format!("the parameter {name} comes twice"));
        }
    }
    Ok(Query { since, wait: wait.unwrap_or(WAIT_DEFAULT) })
}

/// A decimal number and nothing else.
pub fn number(name: &str, value: &str) -> Result<u64, String> {
    let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_plain { value.parse().ok() } else { None };
    number.ok_or_else(|| format!("{name} is {}, which is no number of a message", quoted(value)))
}

fn seconds(value: &str) -> Result<Span, String> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds: Option<f64> = if is_plain { value.parse().ok() } else { None };
    match seconds {
        Some(seconds) if seconds <= WAIT_MAX => Ok(Span::from_seconds(seconds)),
        _ => Err(format!("wait is {}; it is seconds, {WAIT_MAX} at most", quoted(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_queries_are_read() {
        for (query, since, wait) in [
            ("", None, WAIT_DEFAULT),
            ("since=17", Some(17), WAIT_DEFAULT),
            ("since=0&wait=0", Some(0), Span::ZERO),
            ("wait=1.5&since=3", Some(3), Span::from_millis(1500)),
            ("wait=60", None, Span::from_secs(60)),
            ("&since=1&", Some(1), WAIT_DEFAULT),
        ] {
            assert_eq!(parse(query, true), Ok(Query { since, wait }), "{query}");
        }
    }

    #[test]
    fn bad_queries_are_told() {
        for query in [
            "since",
            "since=",
            "since=x",
            "since=-1",
            "since=+1",
            "since=1.0",
            "since=99999999999999999999",
            "since=1&since=2",
            "wait=",
            "wait=x",
            "wait=-1",
            "wait=61",
            "wait=1e1",
            "wait=inf",
            "wait=1&wait=1",
            "from=1",
            "since%3d1",
        ] {
            assert!(parse(query, true).is_err(), "{query}");
        }
        assert!(parse("wait=1", false).is_err(), "only a long poll waits");
    }
}
