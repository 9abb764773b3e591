//! The body of a Close frame and the registry of its codes (RFC 6455 sections 5.5.1, 7.4; IANA's registry for 1012 to
//! 1014, 3000, 3003 and 3008). Owns names, meanings and legality; who closed first is `watch::closing`'s.

use crate::wire::sequence::Breach;

/// A Close frame's body: the code, none when the body is empty, and the reason as it came, lossily decoded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CloseBody {
    pub code: Option<u16>,
    pub reason: String,
}

impl CloseBody {
    /// Reads a body of 0 to 125 bytes; with it comes the first rule that it breaks.
    pub fn parse(body: &[u8]) -> (CloseBody, Option<Breach>) {
        match body {
            [] => (CloseBody::default(), None),
            [_] => (CloseBody::default(), Some(Breach::CloseBodyOneByte)),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                let breach = if !is_legal(code) {
                    Some(Breach::CloseCode(code))
                } else if std::str::from_utf8(reason).is_err() {
                    Some(Breach::CloseReasonNotUtf8)
                } else {
                    None
                };
                (CloseBody { code: Some(code), reason: String::from_utf8_lossy(reason).into_owned() }, breach)
            }
        }
    }

    /// The body's bytes; a reason too long for a control frame is cut at a character's end.
    pub fn bytes(&self) -> Vec<u8> {
        let Some(code) = self.code else { return Vec::new() };
        let mut end = self.reason.len().min(REASON_MAX);
        while !self.reason.is_char_boundary(end) {
            end -= 1;
        }
        let mut bytes = code.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.reason.as_bytes()[..end]);
        bytes
    }
}

/// The longest reason in bytes: 125 less the code.
pub const REASON_MAX: usize = 123;

/// May this code be in a Close frame (7.4.1, 7.4.2)?
pub fn is_legal(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Codes that say that all is well: the end was meant.
pub fn is_normal(code: Option<u16>) -> bool {
    matches!(code, None | Some(1000 | 1001))
}

/// The registry's name.
pub fn name(code: u16) -> &'static str {
    match code {
        1000 => "Normal Closure",
        1001 => "Going Away",
        1002 => "Protocol Error",
        1003 => "Unsupported Data",
        1004 => "Reserved",
        1005 => "No Status Received",
        1006 => "Abnormal Closure",
        1007 => "Invalid Payload Data",
        1008 => "Policy Violation",
        1009 => "Message Too Big",
        1010 => "Mandatory Extension",
        1011 => "Internal Error",
        1012 => "Service Restart",
        1013 => "Try Again Later",
        1014 => "Bad Gateway",
        1015 => "TLS Handshake",
        3000 => "Unauthorized",
        3003 => "Forbidden",
        3008 => "Timeout",
        1016..=2999 => "unassigned",
        3001..=3999 => "registered for libraries",
        4000..=4999 => "private to the application",
        _ => "outside of the registry",
    }
}

/// What it means, in a sentence fragment.
pub fn meaning(code: u16) -> &'static str {
    match code {
        1000 => "the purpose of the connection is fulfilled",
        1001 => "the endpoint goes away: it stops, restarts, or the page is left",
        1002 => "the sender met a frame that breaks the protocol",
        1003 => "the sender cannot accept this kind of data, for instance binary instead of text",
        1004 => "reserved; never to be sent",
        1005 => "stands for a Close frame without a code; never to be sent",
        1006 => "stands for an end without a Close frame; never to be sent",
        1007 => "a message's content does not fit its type, usually text that is not UTF-8",
        1008 => "a message breaks the sender's policy: authorisation, origin, rate",
        1009 => "a message is too big for the sender to handle",
        1010 => "the client needs an extension that the server did not agree to",
        1011 => "the server met an unexpected condition: an exception in its handler",
        1012 => "the service restarts",
        1013 => "the server is overloaded; come again later",
        1014 => "a gateway got an invalid answer from the server behind it",
        1015 => "stands for a failed TLS handshake; never to be sent",
        3000 => "not authorised, as HTTP 401",
        3003 => "forbidden, as HTTP 403",
        3008 => "timed out, as HTTP 408",
        1016..=2999 => "not assigned; no endpoint should send it",
        3001..=3999 => "defined by a library or a framework",
        4000..=4999 => "defined by the application",
        _ => "no Close frame may carry it",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_body_is_empty_or_has_a_code() {
        assert_eq!(CloseBody::parse(b""), (CloseBody::default(), None));
        assert_eq!(CloseBody::parse(b"\x03").1, Some(Breach::CloseBodyOneByte));
        let (body, breach) = CloseBody::parse(b"\x03\xe8bye");
        assert_eq!((body.code, body.reason.as_str(), breach), (Some(1000), "bye", None));
    }

    #[test]
    fn codes_that_must_not_be_on_the_wire_keep_their_number() {
        for code in [0u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
            let (body, breach) = CloseBody::parse(&code.to_be_bytes());
            assert_eq!((body.code, breach), (Some(code), Some(Breach::CloseCode(code))));
        }
        for code in [1000u16, 1003, 1007, 1012, 1014, 3000, 4001, 4999] {
            assert_eq!(CloseBody::parse(&code.to_be_bytes()).1, None, "{code}");
        }
    }

    #[test]
    fn a_reason_that_is_not_utf8_is_told() {
        assert_eq!(CloseBody::parse(b"\x03\xe8\xff").1, Some(Breach::CloseReasonNotUtf8));
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let body = CloseBody { code: Some(4000), reason: "\u{e9}".repeat(100) };
        let bytes = body.bytes();
        assert_eq!(bytes.len(), 2 + 122);
        assert!(std::str::from_utf8(&bytes[2..]).is_ok());
    }

    proptest! {
        #[test]
        fn any_body_is_read(body in prop::collection::vec(any::<u8>(), 0..126)) {
            CloseBody::parse(&body);
        }
    }
}
