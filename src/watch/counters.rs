//! What is counted always and costs no event: bytes, frames and messages of one direction, and the last eight frame
//! headers. Owns the numbers; the tap feeds them.

use crate::event::{Direction, FrameBrief};
use crate::moment::Moment;
use crate::wire::header::{Header, Opcode};

/// So many frame headers are kept.
pub const RING: usize = 8;

/// One direction's totals.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    pub bytes: u64,
    pub frames: u64,
    pub messages: u64,
    /// Frames that are no control frames.
    pub data: u64,
    /// When the last byte passed; none before the first.
    pub last_at: Option<Moment>,
    /// The payload of the last whole message, and when its last byte passed.
    pub last_message: Option<(u64, Moment)>,
    /// The payload of the largest message, whole or begun.
    pub largest: u64,
    /// The fragments so far of the message under way.
    partial: u64,
    /// Frame `n` stands at `n % RING`.
    ring: [Option<(Header, Moment)>; RING],
}

impl Counters {
    /// Bytes passed.
    pub fn bytes(&mut self, at: Moment, count: usize) {
        self.bytes += count as u64;
        self.last_at = Some(at);
    }

    /// A frame is complete.
    pub fn frame(&mut self, at: Moment, header: Header) {
        self.ring[self.frames as usize % RING] = Some((header, at));
        self.frames += 1;
        if matches!(header.opcode, Opcode::Text | Opcode::Binary | Opcode::Continuation) {
            self.data += 1;
            self.messages += u64::from(header.fin);
            self.partial = self.partial.saturating_add(header.len);
            self.largest = self.largest.max(self.partial);
            if header.fin {
                self.last_message = Some((std::mem::take(&mut self.partial), at));
            }
        }
    }

    /// The largest message, with the frame that is under way and not through: a peer may refuse it by its header.
    pub fn largest_with(&self, under_way: Option<Header>) -> u64 {
        let begun = under_way.filter(|header| !header.opcode.is_control()).map_or(0, |header| header.len);
        self.largest.max(self.partial.saturating_add(begun))
    }

    /// So many messages of one frame each passed whose headers no ring would still hold.
    pub fn messages_unseen(&mut self, count: u64) {
        // The ring's place is the count of frames: those that follow fill it whole.
        self.frames += count;
        self.messages += count;
        self.data += count;
    }

    /// The last frames, oldest first.
    pub fn last_frames(&self, direction: Direction, now: Moment) -> impl Iterator<Item = (Moment, FrameBrief)> + '_ {
        let oldest = self.frames as usize % RING;
        (0..RING).filter_map(move |step| self.ring[(oldest + step) % RING]).map(move |(header, at)| {
            let opcode = header.opcode.bits();
            (at, FrameBrief { direction, opcode, fin: header.fin, len: header.len, ago: now.since(at) })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_counts_once_whatever_its_fragments() {
        let mut counters = Counters::default();
        let part = |opcode, fin| Header { fin, ..Header::new(opcode, 1, None) };
        for header in [part(Opcode::Text, false), part(Opcode::Ping, true), part(Opcode::Continuation, true)] {
            counters.frame(Moment::START, header);
        }
        assert_eq!((counters.frames, counters.messages), (3, 1));
        assert_eq!((counters.last_message, counters.largest), (Some((2, Moment::START)), 2));
    }

    #[test]
    fn the_largest_message_counts_whole_and_also_while_it_is_on_its_way() {
        let mut counters = Counters::default();
        let at = Moment::from_millis(5);
        counters.frame(at, Header::new(Opcode::Binary, 9_000, None));
        counters.frame(at, Header { fin: false, ..Header::new(Opcode::Text, 6_000, None) });
        counters.frame(at, Header::new(Opcode::Ping, 125, None));
        assert_eq!((counters.last_message, counters.largest), (Some((9_000, at)), 9_000));
        assert_eq!(counters.largest_with(None), 9_000);
        assert_eq!(counters.largest_with(Some(Header::new(Opcode::Continuation, 7_000, None))), 13_000);
        assert_eq!(counters.largest_with(Some(Header::new(Opcode::Close, 100, None))), 9_000);
        counters.frame(at, Header::new(Opcode::Continuation, 7_000, None));
        assert_eq!((counters.last_message, counters.largest), (Some((13_000, at)), 13_000));
    }

    #[test]
    fn only_the_last_eight_are_kept() {
        let mut counters = Counters::default();
        for len in 0..20 {
            counters.frame(Moment::START, Header::new(Opcode::Text, len, None));
        }
        let kept: Vec<u64> = counters.last_frames(Direction::In, Moment::START).map(|(_, brief)| brief.len).collect();
        assert_eq!(kept, (12..20).collect::<Vec<u64>>());
    }
}
