//! Faults that change frames on their way out: rewriters over the one frame scanner. Owns `no-pong`.

use crate::moment::Moment;
use crate::wire::header::Opcode;
use crate::wire::rewrite::Rewrite;
use crate::wire::scan::{Piece, Scan};

/// Drops every Pong frame from a moment on.
#[derive(Debug)]
pub struct NoPong {
    from: Moment,
    scan: Scan,
    dropping: bool,
    dropped: u64,
}

impl NoPong {
    /// Pongs that begin at `from` or later are dropped.
    pub fn new(from: Moment) -> NoPong {
        NoPong { from, scan: Scan::default(), dropping: false, dropped: 0 }
    }

    /// So many were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl Rewrite for NoPong {
    fn push(&mut self, now: Moment, input: &[u8], out: &mut Vec<u8>) {
        let NoPong { from, scan, dropping, dropped } = self;
        scan.push(input, |piece| match piece {
            Piece::Start(header) => {
                *dropping = header.opcode == Opcode::Pong && now >= *from;
                if *dropping {
                    *dropped += 1;
                } else {
                    header.encode(out);
                }
            }
            Piece::Data { bytes, .. } if !*dropping => out.extend_from_slice(bytes),
            Piece::Data { .. } | Piece::End => {}
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::header::{Header, frame_bytes};

    fn stream(mask: Option<[u8; 4]>) -> (Vec<u8>, Vec<u8>) {
        let frame = |opcode, payload: &[u8]| frame_bytes(Header::new(opcode, 0, mask), payload);
        let (text, pong, ping) = (frame(Opcode::Text, b"a"), frame(Opcode::Pong, b"xy"), frame(Opcode::Ping, b""));
        ([&text[..], &pong, &ping, &pong, &text].concat(), [&text[..], &ping, &text].concat())
    }

    #[test]
    fn only_pongs_are_missing_in_both_roles_and_at_any_split() {
        for mask in [None, Some([1, 2, 3, 4])] {
            let (input, expected) = stream(mask);
            for cut in 0..input.len() {
                let (mut fault, mut out) = (NoPong::new(Moment::START), Vec::new());
                fault.push(Moment::START, &input[..cut], &mut out);
                fault.push(Moment::START, &input[cut..], &mut out);
                assert_eq!(out, expected);
                assert_eq!(fault.dropped(), 2);
            }
        }
    }

    #[test]
    fn nothing_is_missing_before_its_time() {
        let (input, _) = stream(None);
        let (mut fault, mut out) = (NoPong::new(Moment::from_millis(5)), Vec::new());
        fault.push(Moment::from_millis(4), &input, &mut out);
        assert_eq!(out, input);
    }
}
