//! One heartbeat between its asking and its fate, and the payloads of pings that somebody typed. Owns what is kept of
//! them; the rules are the module above.

use std::collections::VecDeque;

use crate::moment::{Moment, Span};

/// A heartbeat or a measured ping.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beat {
    pub(super) number: u64,
    pub(super) measured: bool,
    pub(super) written: Option<Moment>,
    /// From the write to the answer, as it was asked for when this one went out.
    pub(super) timeout: Span,
    /// Until written: the end of patience with the write; then with the answer.
    pub(super) deadline: Moment,
    pub(super) bytes_before: u64,
    /// When other data settled it.
    pub(super) settled: Option<Moment>,
}

impl Beat {
    /// Does any sign of life settle it?
    pub(super) fn settles_by_life(&self) -> bool {
        !self.measured && self.written.is_some()
    }
}

/// The heartbeat of this number, no longer among them.
pub(super) fn take(beats: &mut VecDeque<Beat>, number: u64) -> Option<Beat> {
    let place = beats.iter().position(|beat| beat.number == number)?;
    beats.remove(place)
}

/// The payloads of pings typed by hand, by their numbers, as long as those are remembered. Two may be equal.
#[derive(Debug, Default)]
pub(super) struct Typed {
    pub(super) kept: VecDeque<(u64, Vec<u8>)>,
}

impl Typed {
    pub(super) fn add(&mut self, number: u64, payload: Vec<u8>) {
        self.kept.push_back((number, payload));
    }

    pub(super) fn payload_of(&self, number: u64) -> Option<&[u8]> {
        self.kept.iter().find(|(known, _)| *known == number).map(|(_, payload)| payload.as_slice())
    }

    /// All with this payload, the oldest first.
    pub(super) fn numbers_of(&self, payload: &[u8]) -> Vec<u64> {
        self.kept.iter().filter(|(_, kept)| kept.as_slice() == payload).map(|(number, _)| *number).collect()
    }

    pub(super) fn forget(&mut self, number: u64) {
        self.kept.retain(|(known, _)| *known != number);
    }
}
