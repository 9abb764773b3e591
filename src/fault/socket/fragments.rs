//! Cuts every message that goes out in one frame into so many fragments (RFC 6455 section 5.4). Owns where they begin
//! and their headers; payload only passes through, so that nothing waits however long a message is.

use crate::moment::Moment;
use crate::wire::header::{Header, Opcode};
use crate::wire::rewrite::Rewrite;
use crate::wire::scan::{Piece, Scan};

/// Cuts messages, from a moment on. Control frames and messages that are in fragments already stay as they are.
#[derive(Debug)]
pub struct Fragments {
    parts: u64,
    from: Moment,
    scan: Scan,
    /// The message under way, if it is one to cut.
    cut: Option<Cut>,
}

impl Fragments {
    /// Messages that begin at `from` or later go out in exactly `parts` fragments; those that find no byte are empty.
    pub fn new(parts: u32, from: Moment) -> Fragments {
        Fragments { parts: u64::from(parts.max(1)), from, scan: Scan::default(), cut: None }
    }
}

impl Rewrite for Fragments {
    fn push(&mut self, now: Moment, input: &[u8], out: &mut Vec<u8>) {
        let Fragments { parts, from, scan, cut } = self;
        scan.push(input, |piece| match piece {
            Piece::Start(header) => {
                *cut = (is_whole_message(&header) && now >= *from).then(|| Cut::new(header, *parts));
                match cut {
                    Some(cut) => cut.begin_next(out),
                    None => header.encode(out),
                }
            }
            Piece::Data { offset, bytes } => match cut {
                Some(cut) => cut.data(offset, bytes, out),
                None => out.extend_from_slice(bytes),
            },
            Piece::End => {
                if let Some(mut done) = cut.take() {
                    done.finish(out);
                }
            }
        });
    }
}

fn is_whole_message(header: &Header) -> bool {
    header.fin && matches!(header.opcode, Opcode::Text | Opcode::Binary)
}

/// One message on its way out in fragments.
#[derive(Debug)]
struct Cut {
    /// Of the frame as it came.
    header: Header,
    parts: u64,
    /// Fragments whose header is out.
    begun: u64,
    /// Where in the message the last of these ends.
    end: u64,
}

impl Cut {
    fn new(header: Header, parts: u64) -> Cut {
        Cut { header, parts, begun: 0, end: 0 }
    }

    /// The header of the next fragment. The first ones are a byte longer where the length does not divide.
    fn begin_next(&mut self, out: &mut Vec<u8>) {
        let (whole, start, is_first) = (self.header, self.end, self.begun == 0);
        let len = whole.len / self.parts + u64::from(self.begun < whole.len % self.parts);
        self.begun += 1;
        self.end = start + len;
        let fragment = Header {
            fin: self.begun == self.parts,
            // A message's reserved bits stand on its first frame, as RFC 7692 section 6 has it for compression.
            rsv: if is_first { whole.rsv } else { 0 },
            opcode: if is_first { whole.opcode } else { Opcode::Continuation },
            mask: whole.mask.map(|key| key_at(key, start)),
            len,
            minimal: true,
        };
        fragment.encode(out);
    }

    fn data(&mut self, offset: u64, bytes: &[u8], out: &mut Vec<u8>) {
        let (mut at, mut rest) = (offset, bytes);
        while !rest.is_empty() {
            if at == self.end {
                self.begin_next(out);
            }
            let take = (self.end - at).min(rest.len() as u64);
            let (inside, behind) = rest.split_at(take as usize);
            out.extend_from_slice(inside);
            at += take;
            rest = behind;
        }
    }

    /// The fragments that found no byte.
    fn finish(&mut self, out: &mut Vec<u8>) {
        while self.begun < self.parts {
            self.begin_next(out);
        }
    }
}

/// The key whose first byte falls on byte `offset` of the message (5.3), so that masked payload stays as it is.
fn key_at(mut key: [u8; 4], offset: u64) -> [u8; 4] {
    key.rotate_left((offset % 4) as usize);
    key
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::wire::header::{HEADER_MAX, apply_mask, frame_bytes};
    use proptest::prelude::*;

    const KEY: [u8; 4] = [1, 2, 4, 8];

    fn rewritten(parts: u32, pieces: &[&[u8]]) -> Vec<u8> {
        let mut rewrite = Fragments::new(parts, Moment::START);
        let mut out = Vec::new();
        for piece in pieces {
            rewrite.push(Moment::START, piece, &mut out);
        }
        out
    }

    /// The frames of a stream, unmasked; the last one must be whole.
    fn frames(stream: &[u8]) -> Vec<(Header, Vec<u8>)> {
        let (mut found, mut rest) = (Vec::new(), stream);
        while !rest.is_empty() {
            let (header, size) = Header::parse(rest).unwrap();
            let end = size + header.len as usize;
            let mut payload = rest[size..end].to_vec();
            if let Some(key) = header.mask {
                apply_mask(&mut payload, key, 0);
            }
            found.push((header, payload));
            rest = &rest[end..];
        }
        found
    }

    /// FIN, opcode and payload of each.
    fn shapes(stream: &[u8]) -> Vec<(bool, Opcode, Vec<u8>)> {
        frames(stream).into_iter().map(|(header, payload)| (header.fin, header.opcode, payload)).collect()
    }

    fn frame(opcode: Opcode, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
        frame_bytes(Header::new(opcode, 0, mask), payload)
    }

    #[test]
    fn the_rfcs_hello_in_two_fragments() {
        // 5.7 has 3 and 2 bytes: 01 03 48 65 6c, then 80 02 6c 6f.
        assert_eq!(rewritten(2, &[b"\x81\x05Hello"]), b"\x01\x03Hel\x80\x02lo");
    }

    #[test]
    fn both_roles_give_the_same_message_at_any_split() {
        for mask in [None, Some(KEY)] {
            let ping = frame(Opcode::Ping, mask, b"p");
            let input = [&frame(Opcode::Text, mask, b"0123456789")[..], &ping].concat();
            for cut in 0..=input.len() {
                let out = rewritten(3, &[&input[..cut], &input[cut..]]);
                let expected = [
                    (false, Opcode::Text, b"0123".to_vec()),
                    (false, Opcode::Continuation, b"456".to_vec()),
                    (true, Opcode::Continuation, b"789".to_vec()),
                    (true, Opcode::Ping, b"p".to_vec()),
                ];
                assert_eq!(shapes(&out), expected, "cut at {cut}");
                assert!(frames(&out).iter().all(|(header, _)| header.mask.is_some() == mask.is_some()));
            }
        }
    }

    #[test]
    fn a_message_shorter_than_its_fragments_has_empty_ones() {
        let expected = [
            (false, Opcode::Binary, b"a".to_vec()),
            (false, Opcode::Continuation, b"b".to_vec()),
            (false, Opcode::Continuation, Vec::new()),
            (true, Opcode::Continuation, Vec::new()),
        ];
        assert_eq!(shapes(&rewritten(4, &[&frame(Opcode::Binary, Some(KEY), b"ab")])), expected);
        assert_eq!(rewritten(3, &[b"\x81\x00"]), b"\x01\x00\x00\x00\x80\x00");
    }

    #[test]
    fn what_is_no_whole_message_stays_as_it_is() {
        let text = Header::new(Opcode::Text, 0, None);
        for untouched in [
            frame(Opcode::Ping, Some(KEY), b"abc"),
            frame(Opcode::Close, None, b"\x03\xe8bye"),
            frame(Opcode::Reserved(3), None, b"abc"),
            frame_bytes(Header { fin: false, ..text }, b"abc"),
            frame(Opcode::Continuation, None, b"abc"),
        ] {
            assert_eq!(rewritten(3, &[&untouched]), untouched);
        }
        let message = frame(Opcode::Text, Some(KEY), b"abc");
        assert_eq!(rewritten(1, &[&message]), message, "one fragment is the message");
    }

    #[test]
    fn nothing_is_cut_before_its_time_nor_in_the_middle_of_a_message() {
        let input = frame(Opcode::Text, None, b"abcdef");
        let mut rewrite = Fragments::new(2, Moment::from_millis(5));
        let mut out = Vec::new();
        rewrite.push(Moment::from_millis(4), &input[..3], &mut out);
        rewrite.push(Moment::from_millis(5), &input[3..], &mut out);
        assert_eq!(out, input);
        rewrite.push(Moment::from_millis(5), &input, &mut out);
        assert_eq!(frames(&out).len(), 3);
    }

    #[test]
    fn reserved_bits_stand_on_the_first_fragment_only() {
        let header = Header { rsv: 4, ..Header::new(Opcode::Text, 0, None) };
        let out = rewritten(3, &[&frame_bytes(header, b"abcdef")]);
        let bits: Vec<u8> = frames(&out).iter().map(|(header, _)| header.rsv).collect();
        assert_eq!(bits, [4, 0, 0]);
    }

    #[test]
    fn an_endless_message_is_passed_on_while_it_comes() {
        let mut rewrite = Fragments::new(2, Moment::START);
        let (mut head, mut out) = (Vec::new(), Vec::new());
        Header::new(Opcode::Binary, u64::MAX, Some(KEY)).encode(&mut head);
        rewrite.push(Moment::START, &head, &mut out);
        assert_eq!(Header::parse(&out).unwrap().0.len, u64::MAX / 2 + 1);
        for _ in 0..3 {
            out.clear();
            rewrite.push(Moment::START, &[7; 1000], &mut out);
            assert_eq!(out, [7; 1000], "payload passes as it comes");
        }
    }

    proptest! {
        #[test]
        fn any_messages_at_any_split_come_out_whole_and_in_as_many_fragments(
            messages in prop::collection::vec(
                (any::<bool>(), any::<Option<[u8; 4]>>(), prop::collection::vec(any::<u8>(), 0..300)), 0..5),
            parts in 1u32..40,
            piece in 1usize..64
        ) {
            let mut input = Vec::new();
            for (text, mask, payload) in &messages {
                input.extend(frame(if *text { Opcode::Text } else { Opcode::Binary }, *mask, payload));
                input.extend(frame(Opcode::Pong, *mask, b"between"));
            }
            let pieces: Vec<&[u8]> = input.chunks(piece).collect();
            let out = rewritten(parts, &pieces);
            prop_assert!(out.len() <= input.len() + messages.len() * parts as usize * HEADER_MAX);
            let mut found = frames(&out).into_iter();
            for (text, mask, payload) in &messages {
                let fragments: Vec<(Header, Vec<u8>)> = found.by_ref().take(parts as usize).collect();
                prop_assert_eq!(fragments.len(), parts as usize);
                let opcode = if *text { Opcode::Text } else { Opcode::Binary };
                for (index, (header, _)) in fragments.iter().enumerate() {
                    prop_assert_eq!(header.opcode, if index == 0 { opcode } else { Opcode::Continuation });
                    prop_assert_eq!(header.fin, index + 1 == parts as usize);
                    prop_assert_eq!(header.mask.is_some(), mask.is_some());
                }
                let joined: Vec<u8> = fragments.into_iter().flat_map(|(_, payload)| payload).collect();
                prop_assert_eq!(&joined, payload);
                let (header, between) = found.next().unwrap();
                prop_assert_eq!((header.opcode, &between[..]), (Opcode::Pong, &b"between"[..]));
            }
            prop_assert!(found.next().is_none());
        }
    }
}
