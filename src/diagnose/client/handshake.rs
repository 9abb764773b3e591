//! The opening handshakes of one client (RFC 6455 section 4.1; RFC 9112 section 3.2 for the Host). Owns what is told of
//! the first request, the rules that any of them breaks, and which keys come again; what is answered is not its matter.

use crate::diagnose::client::identity::{hashed, short};
use crate::event::client_report::HandshakeSeen;
use crate::wire::head::Head;
use crate::wire::upgrade::VERSION;

/// So many keys are remembered, as hashes.
const KEYS_MAX: usize = 64;
/// So many names, extensions or subprotocols are kept.
const NAMES_MAX: usize = 40;
/// So many kinds of faults are kept.
const WRONG_MAX: usize = 8;

/// The key that RFC 6455 section 1.3 shows.
const EXAMPLE_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What the requests of a client have shown so far.
#[derive(Clone, Debug, Default)]
pub struct Handshakes {
    seen: HandshakeSeen,
    keys: Vec<u64>,
}

impl Handshakes {
    /// One more request.
    pub fn request(&mut self, head: &Head) {
        if self.seen.requests == 0 {
            self.seen = first(head);
        }
        self.seen.requests += 1;
        self.seen.host &= head.first("Host").is_some();
        for fault in faults(head) {
            if self.seen.wrong.len() < WRONG_MAX && !self.seen.wrong.contains(&fault) {
                self.seen.wrong.push(fault);
            }
        }
        match head.first("Sec-WebSocket-Key") {
            Some(key) => self.key(key),
            None => self.seen.key_valid = false,
        }
    }

    /// The part of the card.
    pub fn report(&self) -> HandshakeSeen {
        let mut seen = self.seen.clone();
        if seen.key_repeats > 0 {
            let (repeats, requests) = (seen.key_repeats, seen.requests);
            seen.wrong.push(format!("a key used before in {repeats} of {requests} requests, it must be new each time"));
        }
        seen
    }

    fn key(&mut self, key: &str) {
        self.seen.key_valid &= is_key(key);
        let hash = hashed(&key);
        if self.keys.contains(&hash) {
            self.seen.key_repeats += 1;
            return;
        }
        if self.keys.len() == KEYS_MAX {
            self.keys.remove(0);
        }
        self.keys.push(hash);
    }
}

fn first(head: &Head) -> HandshakeSeen {
    let few = |names: Vec<String>| -> Vec<String> { names.iter().take(NAMES_MAX).map(|name| short(name)).collect() };
    HandshakeSeen {
        requests: 0,
        version: head.first("Sec-WebSocket-Version").map(short),
        key_valid: true,
        key_repeats: 0,
        host: true,
        fields: head.fields().iter().take(NAMES_MAX).map(|field| short(&field.name)).collect(),
        origin: head.first("Origin").map(short),
        extensions: few(head.tokens("Sec-WebSocket-Extensions")),
        subprotocols: few(head.tokens("Sec-WebSocket-Protocol")),
        wrong: Vec::new(),
    }
}

/// Every rule that the request breaks, in words.
fn faults(head: &Head) -> Vec<String> {
    let mut wrong = Vec::new();
    if head.method() != "GET" {
        wrong.push(format!("the method is {}, not GET", short(head.method())));
    }
    if head.version().is_none_or(|version| version < (1, 1)) {
        wrong.push("the request is not HTTP/1.1".to_owned());
    }
    match head.all("Host").count() {
        0 => wrong.push("no Host".to_owned()),
        1 => {}
        _ => wrong.push("more than one Host".to_owned()),
    }
    if !head.has_token("Upgrade", "websocket") {
        wrong.push("no Upgrade: websocket".to_owned());
    }
    if !head.has_token("Connection", "Upgrade") {
        wrong.push("Connection does not name Upgrade".to_owned());
    }
    if head.first("Sec-WebSocket-Key1").is_some() {
        wrong.push("the handshake of an old draft (hixie-76)".to_owned());
        return wrong;
    }
    wrong.extend(version_fault(head));
    wrong.extend(key_fault(head));
    wrong
}

fn version_fault(head: &Head) -> Option<String> {
    match head.first("Sec-WebSocket-Version") {
        None => Some("no Sec-WebSocket-Version".to_owned()),
        Some("13") => None,
        Some(version) => Some(format!("version {}, not {VERSION}", short(version))),
    }
}

fn key_fault(head: &Head) -> Option<String> {
    let mut keys = head.all("Sec-WebSocket-Key");
    let fault = match (keys.next(), keys.next()) {
        (None, _) => "no Sec-WebSocket-Key",
        (Some(_), Some(_)) => "more than one Sec-WebSocket-Key",
        (Some(key), None) if !is_key(key) => "the key is not 16 bytes in base64",
        (Some(EXAMPLE_KEY), None) => "the key is the example of RFC 6455, not a random one",
        (Some(_), None) => return None,
    };
    Some(fault.to_owned())
}

/// Base64 of 16 bytes: 22 digits and two characters of padding.
fn is_key(key: &str) -> bool {
    let Some(digits) = key.strip_suffix("==") else { return false };
    digits.len() == 22 && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fields: &str) -> Head {
        Head::verbatim(format!("GET /ws HTTP/1.1\r\n{fields}\r\n\r\n").into_bytes())
    }

    fn good(key: &str) -> Head {
        request(&format!(
            "Host: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
            Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
            Sec-WebSocket-Protocol: chat, superchat"
        ))
    }

    #[test]
    fn a_good_request_has_nothing_wrong_and_is_described() {
        let mut handshakes = Handshakes::default();
        handshakes.request(&good("AAAAAAAAAAAAAAAAAAAAAA=="));
        handshakes.request(&good("AAAAAAAAAAAAAAAAAAAAAQ=="));
        let seen = handshakes.report();
        assert_eq!((seen.wrong.len(), seen.key_repeats, seen.requests), (0, 0, 2));
        assert!(seen.key_valid && seen.host);
        assert_eq!(seen.fields[..3], ["Host", "Upgrade", "Connection"]);
        assert_eq!(seen.extensions, ["permessage-deflate; client_max_window_bits"]);
        assert_eq!(seen.subprotocols, ["chat", "superchat"]);
    }

    #[test]
    fn a_key_that_comes_again_is_wrong() {
        let mut handshakes = Handshakes::default();
        for _ in 0..3 {
            handshakes.request(&good("AAAAAAAAAAAAAAAAAAAAAA=="));
        }
        let seen = handshakes.report();
        assert_eq!(seen.key_repeats, 2);
        assert_eq!(seen.wrong, ["a key used before in 2 of 3 requests, it must be new each time"]);
    }

    #[test]
    fn each_broken_rule_is_told_once() {
        let mut handshakes = Handshakes::default();
        for _ in 0..2 {
            handshakes.request(&request("Upgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: abc"));
        }
        let seen = handshakes.report();
        assert_eq!(
            seen.wrong[..4],
            ["no Host", "Connection does not name Upgrade", "version 8, not 13", "the key is not 16 bytes in base64"]
        );
        assert!(!seen.key_valid && !seen.host);
    }

    #[test]
    fn old_drafts_and_the_example_key_are_named() {
        let hixie = request("Host: a\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key1: 1");
        assert_eq!(faults(&hixie), ["the handshake of an old draft (hixie-76)"]);
        assert_eq!(faults(&good(EXAMPLE_KEY)), ["the key is the example of RFC 6455, not a random one"]);
    }

    #[test]
    fn the_keys_that_are_remembered_are_bounded() {
        let mut handshakes = Handshakes::default();
        for number in 0..1000 {
            handshakes.request(&good(&format!("{number:022}==")));
        }
        assert_eq!(handshakes.keys.len(), KEYS_MAX);
        assert_eq!(handshakes.report().key_repeats, 0);
    }
}
