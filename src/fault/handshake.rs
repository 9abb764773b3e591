//! A 101 that is wrong or odd on purpose: its accept value, its fields, its version, its pace, what stands behind it
//! (RFC 6455 sections 1.3 and 4.2.2, item 5). Owns those answers as bytes; which fault is done is `upgrade`'s.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use md5::Md5;
use sha1::{Digest, Sha1};
use sha2::Sha256;

use crate::event::show;
use crate::fault::spec::{BadAccept, Odd};
use crate::moment::Span;
use crate::wire::upgrade::{GUID, accept_key, answer_bytes};

/// A 101 with a fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The head, and what stands behind it.
    pub bytes: Vec<u8>,
    /// The time between two bytes; zero sends all at once.
    pub pause: Span,
    /// The fault's name.
    pub fault: &'static str,
    /// What is sent, for the log: a thing, as `the key itself as accept value`.
    pub what: String,
}

/// The example of RFC 6455 section 1.3.
const EXAMPLE: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/// A key that nobody has sent.
const OTHER_KEY: &str = "bm90IHRoZSBrZXkgc2VudA==";
/// The GUID with the C of its last group left out.
const MISPRINTED: &str = "258EAFA5-E914-47DA-95CA-5AB0DC85B11";

/// The answer with this mistake in its accept value.
pub fn bad_accept(kind: BadAccept, key: &str) -> Answer {
    let what = match kind {
        BadAccept::Wrong => "the accept value of another key",
        BadAccept::Missing => "no Sec-WebSocket-Accept",
        BadAccept::Echo => "the key itself as accept value",
        BadAccept::NoGuid => "an accept value without the GUID",
        BadAccept::Rfc => "the RFC's example as accept value",
        BadAccept::Hex => "an accept value in hex",
        BadAccept::Base64Hex => "an accept value in hex and then base64",
        BadAccept::DecodedKey => "an accept value of the decoded key",
        BadAccept::LowerGuid => "an accept value with the GUID in lower case",
        BadAccept::GuidFirst => "an accept value with the GUID before the key",
        BadAccept::LineEnd => "an accept value with a line end on the key",
        BadAccept::LeadingSpace => "an accept value with a space before the key",
        BadAccept::NoPadding => "an accept value of the key without its padding",
        BadAccept::UrlSafe => "an accept value in URL-safe base64",
        BadAccept::Misprint => "an accept value with a misprint in the GUID",
        BadAccept::Md5 => "an accept value made by MD5",
        BadAccept::Sha256 => "an accept value made by SHA-256",
    };
    let accept = accept_value(kind, key);
    let fields = [("Upgrade", "websocket"), ("Connection", "Upgrade")];
    let accept = accept.as_deref().map(|value| ("Sec-WebSocket-Accept", value));
    let bytes = head("HTTP/1.1", fields.into_iter().chain(accept));
    Answer { bytes, pause: Span::ZERO, fault: "bad-accept", what: what.into() }
}

/// The answer with the right accept value and this oddity.
pub fn odd(odd: &Odd, key: &str) -> Answer {
    let accept = accept_key(key);
    let (upgrade, connection) = (("Upgrade", "websocket"), ("Connection", "Upgrade"));
    let kept = ("Connection", "keep-alive, Upgrade");
    let accepted = ("Sec-WebSocket-Accept", accept.as_str());
    let right = || answer_bytes(&accept, None, &[]);
    let (fault, bytes, what) = match odd {
        Odd::NoUpgrade => ("no-upgrade", head("HTTP/1.1", [connection, accepted]), "a 101 without Upgrade".into()),
        Odd::NoConnection => {
            ("no-connection", head("HTTP/1.1", [upgrade, accepted]), "a 101 without Connection".into())
        }
        Odd::KeepAlive => {
            ("keep-alive", head("HTTP/1.1", [upgrade, kept, accepted]), "Connection: keep-alive, Upgrade".into())
        }
        Odd::Http10 => ("http10", head("HTTP/1.0", [upgrade, connection, accepted]), "HTTP/1.0 101".into()),
        Odd::Extension(name) => {
            let field = ("Sec-WebSocket-Extensions".to_owned(), name.clone());
            let what = format!("the extension {}", show::quoted(name));
            ("extension", answer_bytes(&accept, None, &[field]), what)
        }
        Odd::Subprotocol(name) => {
            let what = format!("the subprotocol {}", show::quoted(name));
            ("subprotocol", answer_bytes(&accept, Some(name), &[]), what)
        }
        Odd::Junk(junk) => {
            let what = format!("{} behind the 101 that are no frame", show::count(junk.len() as u64, "byte"));
            ("junk", [right(), junk.clone()].concat(), what)
        }
        Odd::SlowHead(pause) => {
            ("slow-head", right(), format!("the 101 byte by byte, with {} between,", show::span(*pause)))
        }
    };
    let pause = if let Odd::SlowHead(pause) = odd { *pause } else { Span::ZERO };
    Answer { bytes, pause, fault, what }
}

/// Names and values are our own: no line end is in them.
fn head<'a>(version: &str, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut text = format!("{version} 101 Switching Protocols\r\n");
    for (name, value) in fields {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// None: no field at all.
fn accept_value(kind: BadAccept, key: &str) -> Option<String> {
    let hash = |parts: &[&[u8]]| -> [u8; 20] { Sha1::digest(parts.concat()).into() };
    let (plain, guid) = (key.as_bytes(), GUID.as_bytes());
    let right = || hash(&[plain, guid]);
    let mistaken = |parts: &[&[u8]]| BASE64.encode(&hash(parts));
    Some(match kind {
        BadAccept::Missing => return None,
        BadAccept::Md5 => BASE64.encode(&Md5::digest([plain, guid].concat())),
        BadAccept::Sha256 => BASE64.encode(&Sha256::digest([plain, guid].concat())),
        BadAccept::Wrong => accept_key(OTHER_KEY),
        BadAccept::Echo => key.to_owned(),
        BadAccept::Rfc => EXAMPLE.to_owned(),
        BadAccept::NoGuid => mistaken(&[plain]),
        BadAccept::Hex => HEXLOWER.encode(&right()),
        BadAccept::Base64Hex => BASE64.encode(HEXLOWER.encode(&right()).as_bytes()),
        BadAccept::DecodedKey => mistaken(&[BASE64.decode(plain).unwrap_or_default().as_slice(), guid]),
        BadAccept::LowerGuid => mistaken(&[plain, GUID.to_ascii_lowercase().as_bytes()]),
        BadAccept::GuidFirst => mistaken(&[guid, plain]),
        BadAccept::LineEnd => mistaken(&[plain, b"\r".as_slice(), guid]),
        BadAccept::LeadingSpace => mistaken(&[b" ".as_slice(), plain, guid]),
        BadAccept::NoPadding => mistaken(&[key.trim_end_matches('=').as_bytes(), guid]),
        // With its padding it would be the right value whenever that has neither + nor /.
        BadAccept::UrlSafe => BASE64URL_NOPAD.encode(&right()),
        BadAccept::Misprint => mistaken(&[plain, MISPRINTED.as_bytes()]),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::fault::spec::{ACCEPT_KINDS, Fault, parse};
    use crate::wire::head::Head;
    use crate::wire::upgrade_check::{Sent, check};

    /// The key of RFC 6455 section 1.3, and one of another client.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const KEYS: [&str; 2] = ["AAAAAAAAAAAAAAAAAAAAAA==", "x3JJHMbDL1EzLkh9GBhXDw=="];

    fn answer(spec: &str, key: &str) -> Answer {
        match parse(spec).unwrap().remove(0).fault {
            Fault::BadAccept(kind) => bad_accept(kind, key),
            Fault::Odd(kind) => odd(&kind, key),
            other => panic!("{other:?}"),
        }
    }

    /// The codes of what a client finds wrong.
    fn breaches(answer: &Answer, key: &str) -> Vec<&'static str> {
        let sent = Sent { key, subprotocols: &[], extensions_offered: false };
        check(&Head::verbatim(answer.bytes.clone()), &sent).into_iter().map(|breach| breach.code).collect()
    }

    #[test]
    fn each_mistake_gives_the_value_that_servers_with_it_give() {
        for (kind, value) in [
            ("no-guid", "hHLtf2V1k8aDQZfNjw3Ia1hCwt0="),
            ("echo", KEY),
            ("hex", "b37a4f2cc0624f1690f64606cf385945b2bec4ea"),
            ("base64-hex", "YjM3YTRmMmNjMDYyNGYxNjkwZjY0NjA2Y2YzODU5NDViMmJlYzRlYQ=="),
            ("decoded-key", "BXhwxM0SZasKmCD9S4BfpPmCnEw="),
            ("lower-guid", "WJfwerbIozKsJXHxxI0JTO1SQgU="),
            ("guid-first", "2OZf2Seed9yzIpkj+zvC9KS9Mjw="),
            ("line-end", "zvnId+CMmoYWpbuFiCx6kU/bpAw="),
            ("leading-space", "s3mCG3XUBfFRrUGpYOBQiHm5i8g="),
            ("no-padding", "RZWuh2JK/hL0RMgTNJFfZIAppXg="),
            ("url-safe", "s3pPLMBiTxaQ9kYGzzhZRbK-xOo"),
            ("misprint", "PqrUWKkukdFUBIRNpUXUnidFcM8="),
        ] {
            let head = Head::verbatim(answer(&format!("bad-accept={kind}"), KEY).bytes);
            assert_eq!(head.first("Sec-WebSocket-Accept"), Some(value), "{kind}");
        }
    }

    #[test]
    fn no_kind_of_bad_accept_is_right_and_nothing_else_is_wrong() {
        for kind in ACCEPT_KINDS {
            for key in KEYS {
                let expected = if *kind == "missing" { "accept-missing" } else { "accept-wrong" };
                assert_eq!(breaches(&answer(&format!("bad-accept={kind}"), key), key), [expected], "{kind}");
            }
        }
    }

    #[test]
    fn each_oddity_is_the_only_one() {
        for (spec, expected) in [
            ("no-upgrade", Some("upgrade-header-wrong")),
            ("no-connection", Some("connection-header-wrong")),
            ("keep-alive", None),
            ("http10", Some("http-version-odd")),
            ("extension", Some("extension-not-offered")),
            ("subprotocol", Some("subprotocol-not-offered")),
            ("junk", None),
            ("slow-head", None),
        ] {
            let answer = answer(spec, KEY);
            assert_eq!(breaches(&answer, KEY), Vec::from_iter(expected), "{spec}");
            assert_eq!(answer.fault, spec);
        }
    }

    #[test]
    fn junk_stands_right_behind_the_head() {
        let bytes = answer("junk=%00%ffx", KEY).bytes;
        assert!(bytes.ends_with(b"\r\n\r\n\x00\xffx"));
        assert_eq!(answer("slow-head=3", KEY).pause, Span::from_millis(3));
    }

    #[test]
    fn a_name_begins_no_other_field() {
        let head = Head::verbatim(answer("subprotocol=a%0D%0AX-Evil: 1", KEY).bytes);
        assert_eq!(head.first("X-Evil"), None);
    }
}
