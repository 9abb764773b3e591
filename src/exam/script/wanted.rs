//! What a script expects of the peer: a message, or its Close (RFC 6455 section 5.5.1). Owns the comparison and the
//! words; patterns and JSON are `exam::expect`'s.

use data_encoding::HEXLOWER;

use crate::event::show;
use crate::exam::expect::Expect;
use crate::wire::close;

/// Stands for a Close without a code (7.4.1).
const NO_CODE: u16 = 1005;
/// So many bytes of a binary message are shown.
const SHOWN_MAX: usize = 64;

/// One expectation.
#[derive(Clone, Debug)]
pub enum Wanted {
    Told(Expect),
    /// Exactly this text, in a text message.
    Text(String),
    /// Exactly these bytes, in a binary message.
    Binary(Vec<u8>),
    /// Any message.
    Any,
    /// The peer's Close with this code; 1005 is one without a code.
    Close(u16),
}

impl Wanted {
    /// Is this message it?
    pub fn holds(&self, is_text: bool, bytes: &[u8]) -> bool {
        match self {
            Wanted::Told(expect) => expect.holds(bytes),
            Wanted::Text(text) => is_text && bytes == text.as_bytes(),
            Wanted::Binary(wanted) => !is_text && bytes == wanted.as_slice(),
            Wanted::Any => true,
            Wanted::Close(_) => false,
        }
    }

    /// Is the peer's Close it?
    pub fn holds_close(&self, code: Option<u16>) -> bool {
        matches!(self, Wanted::Close(wanted) if code.unwrap_or(NO_CODE) == *wanted)
    }

    /// As it was asked for.
    pub fn words(&self) -> String {
        match self {
            Wanted::Told(expect) => show::safe(&expect.words()),
            Wanted::Text(text) => format!("the text {}", show::quoted(text)),
            Wanted::Binary(bytes) => format!("the binary message {}", hex(bytes)),
            Wanted::Any => "a message".into(),
            Wanted::Close(code) => close_words(Some(*code).filter(|code| *code != NO_CODE)),
        }
    }
}

/// A Close of the peer's.
pub fn close_words(code: Option<u16>) -> String {
    match code {
        Some(code) => format!("Close {code} ({})", close::name(code)),
        None => "Close without a code".into(),
    }
}

/// A message of the peer's, its beginning.
pub fn message_words(is_text: bool, bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if is_text => show::quoted(text),
        _ => format!("binary {}", hex(bytes)),
    }
}

fn hex(bytes: &[u8]) -> String {
    let head = HEXLOWER.encode(&bytes[..bytes.len().min(SHOWN_MAX)]);
    let rest = if bytes.len() > SHOWN_MAX { "..." } else { "" };
    format!("\"{head}{rest}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_not_binary_and_binary_is_not_text() {
        let text = Wanted::Text("a".into());
        assert!(text.holds(true, b"a") && !text.holds(false, b"a") && !text.holds(true, b"ab"));
        let binary = Wanted::Binary(vec![0x61]);
        assert!(binary.holds(false, b"a") && !binary.holds(true, b"a") && !binary.holds(false, b"ab"));
        assert!(Wanted::Any.holds(true, b"") && Wanted::Any.holds(false, b"\xff"));
    }

    #[test]
    fn a_close_is_compared_by_its_code() {
        let close = Wanted::Close(4001);
        assert!(close.holds_close(Some(4001)) && !close.holds_close(Some(1000)) && !close.holds_close(None));
        assert!(!close.holds(true, b"4001"));
        assert!(Wanted::Close(1005).holds_close(None));
        assert!(!Wanted::Any.holds_close(Some(1000)));
    }

    #[test]
    fn words_hold_nothing_that_acts_on_a_terminal() {
        assert_eq!(Wanted::Text("a\x1b".into()).words(), "the text \"a\\u{1b}\"");
        assert_eq!(Wanted::Binary(vec![0, 255]).words(), "the binary message \"00ff\"");
        assert_eq!(Wanted::Close(1005).words(), "Close without a code");
        assert_eq!(Wanted::Close(1000).words(), "Close 1000 (Normal Closure)");
        assert_eq!(message_words(true, b"a\n"), "\"a\\n\"");
        assert_eq!(message_words(false, b"a"), "binary \"61\"");
        assert!(message_words(false, &[7; 65]).ends_with("07...\""));
    }
}
