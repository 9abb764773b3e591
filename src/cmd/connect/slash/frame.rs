//! One frame as its sender wants it, legal or not: `/frame fin=0 opcode=1 rsv=4 mask=1 len=5 hello` (RFC 6455
//! section 5.2). Owns the settings and the bytes of such a frame; whether the frame is legal is `wire::sequence`'s
//! to say.

use super::arguments::{TYPED_MAX, digits, expected, fitting, payload};
use super::first_word;
use crate::wire::header::{HEADER_MAX, Header, Opcode, apply_mask};

/// The settings, in the order in which help names them.
pub(super) const KEYS: [&str; 5] = ["fin", "opcode", "rsv", "mask", "len"];

/// The opcodes that have a name.
pub(super) const NAMED: [Opcode; 6] =
    [Opcode::Continuation, Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong];

/// A raw frame of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameSpec {
    pub fin: bool,
    /// 0 to 15.
    pub opcode: u8,
    /// RSV1 to RSV3, RSV1 highest: 0 to 7.
    pub rsv: u8,
    /// False: sent unmasked, which a server must not accept.
    pub masked: bool,
    /// The length in the header, when it is not that of the payload.
    pub len: Option<u64>,
    /// Unmasked; at most 1 MiB.
    pub payload: Vec<u8>,
}

impl FrameSpec {
    /// The frame's bytes; `key` masks the payload unless the frame is to be unmasked.
    pub fn encode(&self, key: [u8; 4]) -> Vec<u8> {
        let header = Header {
            fin: self.fin,
            rsv: self.rsv,
            opcode: Opcode::from_bits(self.opcode),
            mask: self.masked.then_some(key),
            len: self.len.unwrap_or(self.payload.len() as u64),
            minimal: true,
        };
        let mut bytes = Vec::with_capacity(HEADER_MAX + self.payload.len());
        header.encode(&mut bytes);
        let start = bytes.len();
        bytes.extend_from_slice(&self.payload);
        if self.masked {
            apply_mask(&mut bytes[start..], key, 0);
        }
        bytes
    }
}

/// Settings, then the payload.
pub(super) fn read(rest: &str) -> Result<FrameSpec, String> {
    if rest.trim().is_empty() {
        return Err("expected settings or a payload; /help frame names them".to_owned());
    }
    let mut spec = FrameSpec { fin: true, opcode: 1, rsv: 0, masked: true, len: None, payload: Vec::new() };
    let mut given: Vec<&str> = Vec::new();
    let mut rest = rest;
    loop {
        let (word, behind) = first_word(rest);
        let Some((key, value)) = setting(word) else { break };
        if given.contains(&key) {
            return Err(format!("expected {key} once, got it twice"));
        }
        set(&mut spec, key, value)?;
        given.push(key);
        rest = behind;
    }
    spec.payload = fitting(payload(rest)?, TYPED_MAX)?;
    Ok(spec)
}

/// `key=value`, if the word looks like that: a mistyped key must not become payload.
pub(super) fn setting(word: &str) -> Option<(&str, &str)> {
    let (key, value) = word.split_once('=')?;
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_key.then_some((key, value))
}

fn set(spec: &mut FrameSpec, key: &str, value: &str) -> Result<(), String> {
    match key {
        "fin" => spec.fin = bit(key, value)?,
        "mask" => spec.masked = bit(key, value)?,
        "rsv" => {
            let bits = digits::<u8>(value).filter(|bits| *bits <= 7);
            spec.rsv = bits.ok_or_else(|| wrong(key, "0 to 7, where 4 is RSV1", value))?;
        }
        "opcode" => {
            let bits = opcode(value);
            spec.opcode = bits.ok_or_else(|| wrong(key, "0 to 15, or a name like ping", value))?;
        }
        "len" => {
            let len = digits::<u64>(value);
            spec.len = Some(len.ok_or_else(|| wrong(key, "a whole number below 2^64", value))?);
        }
        _ => return Err(expected(&format!("{} or text: and the payload", KEYS.join(", ")), key)),
    }
    Ok(())
}

fn bit(key: &str, value: &str) -> Result<bool, String> {
    match value {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(wrong(key, "0 or 1", value)),
    }
}

fn opcode(value: &str) -> Option<u8> {
    let named = NAMED.iter().find(|opcode| opcode.name() == value).map(|opcode| opcode.bits());
    named.or_else(|| digits::<u8>(value).filter(|bits| *bits <= 15))
}

fn wrong(key: &str, what: &str, value: &str) -> String {
    format!("{key}: {}", expected(what, value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::wire::header::frame_bytes;
    use proptest::prelude::*;

    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

    #[test]
    fn every_setting_is_in_the_bytes() {
        let spec = read("fin=0 opcode=1 rsv=4 mask=1 len=9 hello").unwrap();
        assert_eq!(
            spec,
            FrameSpec { fin: false, opcode: 1, rsv: 4, masked: true, len: Some(9), payload: b"hello".to_vec() }
        );
        assert_eq!(spec.encode(KEY)[..7], [0x41, 0x89, 0x37, 0xfa, 0x21, 0x3d, 0x37 ^ b'h']);
        assert_eq!(spec.encode(KEY).len(), 2 + 4 + 5);
        let unmasked = read("mask=0 opcode=ping hex:00 FF").unwrap();
        assert_eq!(unmasked.encode(KEY), [0x89, 2, 0x00, 0xff]);
        assert_eq!(read("opcode=15 len=18446744073709551615").unwrap().encode(KEY)[..2], [0x8f, 0xff]);
    }

    #[test]
    fn without_settings_it_is_a_text_message_as_the_rfc_shows_it() {
        // 5.7: a single-frame masked text message
        let wire = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(read("Hello").unwrap().encode(KEY), wire);
    }

    #[test]
    fn payload_begins_at_the_first_word_that_is_no_setting() {
        for (typed, payload) in [
            ("fin=1  a b=c ", "a b=c "),
            ("{\"a\":\"=\"} x", "{\"a\":\"=\"} x"),
            ("text:a=b", "a=b"),
            ("text:hex:00", "hex:00"),
            ("opcode=text", ""),
        ] {
            assert_eq!(read(typed).unwrap().payload, payload.as_bytes(), "{typed}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (typed, words) in [
            ("  ", "expected settings or a payload; /help frame names them"),
            ("fin=2 a", "fin: expected 0 or 1, got \"2\""),
            ("fin=1 fin=1", "expected fin once, got it twice"),
            ("rsv=8", "rsv: expected 0 to 7, where 4 is RSV1, got \"8\""),
            ("opcode=16", "opcode: expected 0 to 15, or a name like ping, got \"16\""),
            ("opcode=reserved", "opcode: expected 0 to 15, or a name like ping, got \"reserved\""),
            ("len=-1", "len: expected a whole number below 2^64, got \"-1\""),
            ("opcde=1 a", "expected fin, opcode, rsv, mask, len or text: and the payload, got \"opcde\""),
            ("hex:0", "expected pairs of hex digits, got 1 digit"),
        ] {
            assert_eq!(read(typed), Err(words.to_owned()), "{typed}");
        }
        assert_eq!(read(&"a".repeat(TYPED_MAX)).unwrap().payload.len(), TYPED_MAX);
        assert!(read(&"a".repeat(TYPED_MAX + 1)).is_err());
    }

    proptest! {
        #[test]
        fn an_honest_frame_is_the_one_of_the_wire(
            fin: bool, opcode in 0u8..16, rsv in 0u8..8, masked: bool, key: [u8; 4],
            payload in prop::collection::vec(any::<u8>(), 0..300)
        ) {
            let spec = FrameSpec { fin, opcode, rsv, masked, len: None, payload: payload.clone() };
            let bytes = spec.encode(key);
            let (header, _) = Header::parse(&bytes).unwrap();
            prop_assert_eq!((header.fin, header.opcode.bits(), header.rsv), (fin, opcode, rsv));
            prop_assert_eq!(&bytes, &frame_bytes(header, &payload));
        }

        #[test]
        fn no_typed_settings_are_out_of_bounds(typed in "\\PC{0,60}") {
            if let Ok(spec) = read(&typed) {
                prop_assert!(spec.opcode <= 15 && spec.rsv <= 7 && spec.payload.len() <= TYPED_MAX);
            }
        }
    }
}
