//! What must come back: a pattern, or a value inside JSON (RFC 6901). Owns the comparison and its words.

use regex::Regex;

/// One expectation of a message.
#[derive(Clone, Debug)]
pub enum Expect {
    Regex(Regex),
    /// The value at a JSON pointer, compared as text when `value` is no JSON.
    Json {
        pointer: String,
        value: String,
    },
}

impl Expect {
    /// Does this message hold it? A binary message is read as UTF-8 where it is.
    pub fn holds(&self, message: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(message) else { return false };
        match self {
            Expect::Regex(regex) => regex.is_match(text),
            Expect::Json { pointer, value } => json_holds(text, pointer, value),
        }
    }

    /// As it was asked for.
    pub fn words(&self) -> String {
        match self {
            Expect::Regex(regex) => format!("a message that matches /{regex}/"),
            Expect::Json { pointer, value } => format!("a JSON message with {pointer} = {value}"),
        }
    }
}

fn json_holds(text: &str, pointer: &str, value: &str) -> bool {
    let Ok(json) = serde_json::from_str::<serde_json::Value>(text) else { return false };
    let Some(found) = json.pointer(pointer) else { return false };
    match serde_json::from_str::<serde_json::Value>(value) {
        Ok(wanted) => *found == wanted,
        Err(_) => found.as_str() == Some(value),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_searched_for() {
        let expect = Expect::Regex(Regex::new("po.g").unwrap());
        assert!(expect.holds(b"{\"op\":\"pong\"}"));
        assert!(!expect.holds(b"ping"));
        assert!(!expect.holds(b"\xffpong"));
    }

    #[test]
    fn a_json_value_is_compared_as_json_or_as_text() {
        let at = |pointer: &str, value: &str| Expect::Json { pointer: pointer.into(), value: value.into() };
        assert!(at("/a/0", "1").holds(b"{\"a\":[1]}"));
        assert!(at("/a", "\"x\"").holds(b"{\"a\":\"x\"}"));
        assert!(at("/a", "x").holds(b"{\"a\":\"x\"}"));
        assert!(!at("/a", "1").holds(b"{\"a\":\"1\"}"));
        assert!(!at("/b", "1").holds(b"{\"a\":1}"));
        assert!(!at("/a", "1").holds(b"no json"));
    }
}
