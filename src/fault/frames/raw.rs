//! Bytes that no message engine would send: illegal frames, parts of frames, text between frames, and a pong that
//! nobody asked for (RFC 6455 sections 5.1, 5.2, 5.4, 5.5 and 8.1). Owns the bytes and the words for the log; they are
//! to begin where a frame may begin, which is the sender's care.

use crate::event::show;
use crate::fault::spec::Raw;
use crate::wire::header::{Header, Opcode, frame_bytes};

/// What a second server on the same socket would say.
const HTTP_TEXT: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
/// So much of a frame of any announced size is really sent, in bytes.
const OVERSIZE_SENT_MAX: u64 = 64 * 1024;
/// The key of every mask here: what is sent past the engine is no secret.
const MASK: [u8; 4] = [0x77, 0x73, 0x63, 0x70];

/// What goes on the wire, at most 64 KiB and a header; `masked`, as a client must (5.1), unless that is the fault.
pub fn bytes(raw: Raw, masked: bool) -> Vec<u8> {
    let mask = masked.then_some(MASK);
    let whole = |opcode| Header::new(opcode, 0, mask);
    let part = |opcode| Header { fin: false, ..whole(opcode) };
    let text = whole(Opcode::Text);
    match raw {
        Raw::Masked => frame_bytes(Header::new(Opcode::Text, 0, Some(MASK)), b"masked"),
        Raw::Unmasked => frame_bytes(Header::new(Opcode::Text, 0, None), b"unmasked"),
        Raw::Reserved(rsv) => frame_bytes(Header { rsv, ..text }, b"reserved bits"),
        Raw::Opcode(bits) => frame_bytes(whole(Opcode::from_bits(bits)), b"reserved"),
        Raw::BadUtf8 => frame_bytes(text, &[0xff, 0xfe]),
        // The first byte of a character of two.
        Raw::BadUtf8Cut => {
            [frame_bytes(part(Opcode::Text), b"caf\xc3"), frame_bytes(whole(Opcode::Continuation), b"")].concat()
        }
        Raw::FragmentedPing => frame_bytes(part(Opcode::Ping), b"part"),
        Raw::LongPing => frame_bytes(whole(Opcode::Ping), &[b'.'; 126]),
        Raw::Interleaved => [frame_bytes(part(Opcode::Text), b"first"), frame_bytes(text, b"second")].concat(),
        // 5.4: control frames may be injected in the middle of a fragmented message.
        Raw::PingInside => [
            frame_bytes(part(Opcode::Text), b"before"),
            frame_bytes(whole(Opcode::Ping), b"inside"),
            frame_bytes(whole(Opcode::Continuation), b" and behind"),
        ]
        .concat(),
        Raw::Continuation => frame_bytes(whole(Opcode::Continuation), b"of nothing"),
        Raw::HalfFrame => begun(Header::new(Opcode::Text, 20, mask), b"12345"),
        Raw::Oversize(len) => {
            let sent = usize::try_from(len.min(OVERSIZE_SENT_MAX)).unwrap_or_default();
            begun(Header::new(Opcode::Binary, len, mask), &vec![0_u8; sent])
        }
        Raw::HttpText => HTTP_TEXT.to_vec(),
        Raw::UnsolicitedPong => frame_bytes(whole(Opcode::Pong), b"unsolicited"),
    }
}

/// A header as it is, and the beginning of its payload.
fn begun(header: Header, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    header.encode(&mut bytes);
    bytes.extend_from_slice(payload);
    bytes
}

/// The fault's name.
pub fn name(raw: Raw) -> &'static str {
    match raw {
        Raw::Masked => "masked",
        Raw::Unmasked => "unmasked",
        Raw::Reserved(0b100) => "rsv1",
        Raw::Reserved(0b010) => "rsv2",
        Raw::Reserved(_) => "rsv3",
        Raw::Opcode(_) => "opcode",
        Raw::BadUtf8 => "bad-utf8",
        Raw::BadUtf8Cut => "bad-utf8-cut",
        Raw::FragmentedPing => "fragmented-ping",
        Raw::LongPing => "long-ping",
        Raw::Interleaved => "interleaved",
        Raw::PingInside => "ping-inside",
        Raw::Continuation => "continuation",
        Raw::HalfFrame => "half-frame",
        Raw::Oversize(_) => "oversize",
        Raw::HttpText => "http-text",
        Raw::UnsolicitedPong => "unsolicited-pong",
    }
}

/// What is sent, for the log: a thing, as `a masked text frame`.
pub fn words(raw: Raw) -> String {
    match raw {
        Raw::Masked => "a masked text frame".into(),
        Raw::Unmasked => "a text frame without a mask".into(),
        Raw::Reserved(rsv) => format!("a text frame with RSV {rsv:03b}"),
        Raw::Opcode(bits) => format!("a frame with the reserved opcode {bits}"),
        Raw::BadUtf8 => "a text message that is not UTF-8".into(),
        Raw::BadUtf8Cut => "a text message with a character cut in two".into(),
        Raw::FragmentedPing => "a ping that is a fragment".into(),
        Raw::LongPing => "a ping of 126 bytes".into(),
        Raw::Interleaved => "a message inside an unfinished one".into(),
        Raw::PingInside => "a ping between two fragments of a message".into(),
        Raw::Continuation => "a continuation frame of nothing".into(),
        Raw::HalfFrame => "half a frame and the end of TCP".into(),
        Raw::Oversize(len) => format!("the header of a frame of {}", show::size(len)),
        Raw::HttpText => "an HTTP answer between the frames".into(),
        Raw::UnsolicitedPong => "a pong that nobody asked for".into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::fault::spec::{Fault, NAMES, parse};
    use crate::wire::scan::{Piece, Scan};
    use crate::wire::sequence::Sequence;

    fn raw(spec: &str) -> Option<Raw> {
        match parse(spec).unwrap().remove(0).fault {
            Fault::Raw(raw) => Some(raw),
            _ => None,
        }
    }

    /// The first rule that a client sees broken.
    fn breach(spec: &str) -> Option<&'static str> {
        let (mut scan, mut sequence, mut found) = (Scan::default(), Sequence::new(false, 64 << 20), None);
        scan.push(&bytes(raw(spec).unwrap(), false), |piece| {
            if let Piece::Start(header) = piece
                && found.is_none()
            {
                found = sequence.next(&header);
            }
        });
        found.map(|breach| breach.word())
    }

    #[test]
    fn each_breaks_the_one_rule_that_it_is_named_for() {
        for (spec, expected) in [
            ("masked", Some("mask-unexpected")),
            ("rsv1", Some("reserved-bits")),
            ("rsv2", Some("reserved-bits")),
            ("rsv3", Some("reserved-bits")),
            ("opcode", Some("reserved-opcode")),
            ("opcode=15", Some("reserved-opcode")),
            ("fragmented-ping", Some("control-fragmented")),
            ("long-ping", Some("control-too-long")),
            ("interleaved", Some("message-inside-message")),
            ("continuation", Some("continuation-of-nothing")),
            ("oversize", Some("over-limit")),
            ("http-text", Some("reserved-bits")),
            // Told by the payload, by the end, or not at all.
            ("bad-utf8", None),
            ("bad-utf8-cut", None),
            ("half-frame", None),
            ("unsolicited-pong", None),
            ("unmasked", None),
            ("ping-inside", None),
        ] {
            assert_eq!(breach(spec), expected, "{spec}");
        }
    }

    #[test]
    fn names_are_those_of_the_grammar() {
        let known = NAMES.iter().filter_map(|spec| Some((*spec, raw(spec)?)));
        for (spec, raw) in known {
            assert_eq!(name(raw), spec);
            assert!(!words(raw).is_empty());
        }
    }

    #[test]
    fn a_huge_frame_is_only_begun() {
        for spec in ["oversize", "oversize=17592186044416MiB"] {
            assert!(bytes(raw(spec).unwrap(), false).len() <= 64 * 1024 + 14, "{spec}");
        }
        assert_eq!(bytes(raw("oversize=3B").unwrap(), false), [0x82, 3, 0, 0, 0]);
    }

    #[test]
    fn half_a_frame_lacks_fifteen_bytes() {
        let (mut scan, half) = (Scan::default(), bytes(Raw::HalfFrame, false));
        scan.push(&half, |_| {});
        assert_eq!(scan.inside(), Some((5, 20)));
    }

    #[test]
    fn text_that_is_cut_is_no_utf8_even_when_put_together() {
        let mut payload = Vec::new();
        Scan::default().push(&bytes(Raw::BadUtf8Cut, false), |piece| {
            if let Piece::Data { bytes, .. } = piece {
                payload.extend_from_slice(bytes);
            }
        });
        assert!(std::str::from_utf8(&payload).unwrap_err().error_len().is_none());
    }
}
