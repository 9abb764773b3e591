//! Walks a stream of frames in pieces of any size (RFC 6455 section 5.2). Owns the position inside the stream; judges
//! nothing, keeps no payload. Tap and filter both stand on it: there is no second parser.

use crate::wire::header::{HEADER_MAX, Header};

/// What a stretch of bytes means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece<'a> {
    /// A header is complete.
    Start(Header),
    /// Payload as on the wire (masked if the frame is); `offset` counts from the frame's first payload byte.
    Data { offset: u64, bytes: &'a [u8] },
    /// The frame is complete.
    End,
}

/// The place in the stream.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    partial: [u8; HEADER_MAX],
    partial_len: usize,
    current: Option<Current>,
}

#[derive(Clone, Copy, Debug)]
struct Current {
    len: u64,
    done: u64,
}

impl Scan {
    /// Walks over `bytes` and tells each piece, in order.
    pub fn push<'a>(&mut self, mut bytes: &'a [u8], mut each: impl FnMut(Piece<'a>)) {
        while !bytes.is_empty() {
            bytes = self.step(bytes, &mut each);
        }
    }

    /// Walks to the end of one frame, or of `bytes` when that comes first. Returns what is left.
    pub fn step<'a>(&mut self, mut bytes: &'a [u8], mut each: impl FnMut(Piece<'a>)) -> &'a [u8] {
        let mut current = match self.current {
            Some(current) => current,
            None => {
                let Some((header, rest)) = self.header(bytes) else { return &[] };
                bytes = rest;
                each(Piece::Start(header));
                Current { len: header.len, done: 0 }
            }
        };
        let take = (current.len - current.done).min(bytes.len() as u64) as usize;
        let (data, rest) = bytes.split_at(take);
        if !data.is_empty() {
            each(Piece::Data { offset: current.done, bytes: data });
            current.done += take as u64;
        }
        let is_complete = current.done == current.len;
        self.current = (!is_complete).then_some(current);
        if is_complete {
            each(Piece::End);
        }
        rest
    }

    /// Payload bytes that came, and the whole length, of the frame under way; a header under way counts as none of none.
    pub fn inside(&self) -> Option<(u64, u64)> {
        match self.current {
            Some(current) => Some((current.done, current.len)),
            None if self.partial_len > 0 => Some((0, 0)),
            None => None,
        }
    }

    fn header<'a>(&mut self, bytes: &'a [u8]) -> Option<(Header, &'a [u8])> {
        if self.partial_len == 0
            && let Some((header, size)) = Header::parse(bytes)
        {
            return Some((header, &bytes[size..]));
        }
        let before = self.partial_len;
        let take = (HEADER_MAX - before).min(bytes.len());
        self.partial[before..before + take].copy_from_slice(&bytes[..take]);
        match Header::parse(&self.partial[..before + take]) {
            Some((header, size)) => {
                self.partial_len = 0;
                Some((header, &bytes[size - before..]))
            }
            None => {
                self.partial_len = before + take;
                None
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::wire::header::{Opcode, frame_bytes};
    use proptest::prelude::*;

    fn walk(chunks: &[&[u8]]) -> (Vec<(Header, Vec<u8>)>, Scan) {
        let (mut scan, mut done, mut current) = (Scan::default(), Vec::new(), None);
        for chunk in chunks {
            scan.push(chunk, |piece| match piece {
                Piece::Start(header) => current = Some((header, Vec::new())),
                Piece::Data { offset, bytes } => {
                    let payload = &mut current.as_mut().unwrap().1;
                    assert_eq!(offset, payload.len() as u64);
                    payload.extend_from_slice(bytes);
                }
                Piece::End => done.push(current.take().unwrap()),
            });
        }
        (done, scan)
    }

    #[test]
    fn an_end_inside_a_frame_knows_how_much_came() {
        let frame = frame_bytes(Header::new(Opcode::Binary, 0, None), &[7; 300]);
        assert_eq!(walk(&[&frame[..104]]).1.inside(), Some((100, 300)));
        assert_eq!(walk(&[&frame[..1]]).1.inside(), Some((0, 0)));
        assert_eq!(walk(&[&frame]).1.inside(), None);
    }

    #[test]
    fn an_empty_frame_is_complete_with_its_header() {
        assert_eq!(walk(&[b"\x89\x00"]).0.len(), 1);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_frames(
            frames in prop::collection::vec((0u8..16, any::<Option<[u8; 4]>>(), prop::collection::vec(any::<u8>(), 0..300)), 0..6),
            cuts in prop::collection::vec(0usize..2000, 0..12)
        ) {
            let mut stream = Vec::new();
            for (bits, mask, payload) in &frames {
                stream.extend(frame_bytes(Header::new(Opcode::from_bits(*bits), 0, *mask), payload));
            }
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut from = 0;
            for cut in cuts {
                chunks.push(&stream[from..cut]);
                from = cut;
            }
            chunks.push(&stream[from..]);
            let (split, _) = walk(&chunks);
            prop_assert_eq!(&split, &walk(&[&stream]).0);
            prop_assert_eq!(split.len(), frames.len());
        }

        #[test]
        fn garbage_never_panics(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..8)) {
            let mut scan = Scan::default();
            for chunk in &chunks {
                scan.push(chunk, |_| {});
            }
        }
    }
}
