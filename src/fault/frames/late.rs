//! Pongs that are held back: taken out of the outgoing stream, and given back one by one when their time has come.
//! Owns the queue, which the rewriter fills and the connection's owner empties; RFC 6455 section 5.5.3 sets no time for
//! a pong.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::moment::{Moment, Span};
use crate::wire::header::Opcode;
use crate::wire::rewrite::Rewrite;
use crate::wire::scan::{Piece, Scan};

/// So many pongs wait at most; those beyond are dropped, as 5.5.3 permits for all but the latest.
const WAITING_MAX: usize = 1024;

/// The pongs of one connection that wait for their time. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct LatePongs(Rc<RefCell<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    /// Whole frames, the first due first.
    frames: VecDeque<(Moment, Vec<u8>)>,
    is_new: bool,
}

impl LatePongs {
    /// The next frame whose time has come.
    pub fn due(&self, now: Moment) -> Option<Vec<u8>> {
        let mut waiting = self.0.borrow_mut();
        if waiting.frames.front()?.0 > now {
            return None;
        }
        waiting.frames.pop_front().map(|(_, frame)| frame)
    }

    /// When the next one is due.
    pub fn deadline(&self) -> Option<Moment> {
        self.0.borrow().frames.front().map(|(at, _)| *at)
    }

    /// True once after a frame was added: the deadline may be another one.
    pub fn take_new(&self) -> bool {
        std::mem::take(&mut self.0.borrow_mut().is_new)
    }

    fn add(&self, at: Moment, frame: Vec<u8>) {
        let mut waiting = self.0.borrow_mut();
        if waiting.frames.len() < WAITING_MAX {
            waiting.frames.push_back((at, frame));
            waiting.is_new = true;
        }
    }
}

/// Holds every pong back, from a moment on.
#[derive(Debug)]
pub struct LatePong {
    from: Moment,
    delay: Span,
    scan: Scan,
    /// The pong under way: its bytes so far.
    taken: Option<Vec<u8>>,
    late: LatePongs,
}

impl LatePong {
    /// Pongs that begin at `from` or later wait in `late` for `delay`.
    pub fn new(from: Moment, delay: Span, late: LatePongs) -> LatePong {
        LatePong { from, delay, scan: Scan::default(), taken: None, late }
    }
}

impl Rewrite for LatePong {
    fn push(&mut self, now: Moment, input: &[u8], out: &mut Vec<u8>) {
        let LatePong { from, delay, scan, taken, late } = self;
        scan.push(input, |piece| match piece {
            Piece::Start(header) => {
                *taken = (header.opcode == Opcode::Pong && now >= *from).then(Vec::new);
                match taken {
                    Some(frame) => header.encode(frame),
                    None => header.encode(out),
                }
            }
            Piece::Data { bytes, .. } => match taken {
                Some(frame) => frame.extend_from_slice(bytes),
                None => out.extend_from_slice(bytes),
            },
            Piece::End => {
                if let Some(frame) = taken.take() {
                    late.add(now.after(*delay), frame);
                }
            }
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::wire::header::{Header, frame_bytes};

    #[test]
    fn a_pong_leaves_the_stream_and_comes_back_whole_in_its_time() {
        let (text, pong) = (frame_bytes(Header::new(Opcode::Text, 0, None), b"a"), pong(b"xy"));
        let input = [&text[..], &pong, &text].concat();
        for cut in 0..input.len() {
            let late = LatePongs::default();
            let mut rewrite = LatePong::new(Moment::START, Span::from_millis(30), late.clone());
            let mut out = Vec::new();
            rewrite.push(Moment::START, &input[..cut], &mut out);
            rewrite.push(Moment::START, &input[cut..], &mut out);
            assert_eq!(out, [&text[..], &text].concat());
            assert!(late.take_new() && !late.take_new());
            assert_eq!(late.deadline(), Some(Moment::from_millis(30)));
            assert_eq!(late.due(Moment::from_millis(29)), None);
            assert_eq!(late.due(Moment::from_millis(30)).unwrap(), pong);
            assert_eq!((late.due(Moment::from_millis(99)), late.deadline()), (None, None));
        }
    }

    #[test]
    fn a_flood_of_pings_makes_no_endless_queue() {
        let late = LatePongs::default();
        let mut rewrite = LatePong::new(Moment::START, Span::from_secs(3600), late.clone());
        let mut out = Vec::new();
        for _ in 0..2 * WAITING_MAX {
            rewrite.push(Moment::START, &pong(b""), &mut out);
        }
        assert_eq!((late.0.borrow().frames.len(), out.len()), (WAITING_MAX, 0));
    }

    fn pong(payload: &[u8]) -> Vec<u8> {
        frame_bytes(Header::new(Opcode::Pong, 0, None), payload)
    }
}
