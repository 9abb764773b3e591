//! Which lines of a pipe are safe. Owns one class for each line (acknowledged, unsure, unsent) over all connections of
//! a run; reading the kernel's figures is `net`'s. A line is called acknowledged only when the next hop has all of it:
//! whatever is doubtful is unsure. RFC 6455 knows no acknowledgement but one: the answer to our Close, behind which
//! nothing of ours goes out (sections 5.5.1 and 7.1).

use std::collections::VecDeque;

use bytes::Bytes;

use crate::watch::ledger::ranges::{Range, Ranges};

pub mod ranges;
mod words;

/// Entries of what waits for an acknowledgement; beyond this the older half is kept more coarsely.
const WAITING_MAX: usize = 4096;

/// A line of a pipe: sent once or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: u64,
    pub text: bool,
    pub payload: Bytes,
}

/// The lines of one run, by numbers from 1 that only rise; numbers may be left out (a bad line was skipped).
///
/// A stream position belongs to one connection. The caller must read it so that it is never too small: one that is too
/// large only leaves a line unsure.
#[derive(Debug)]
pub struct Ledger {
    waiting_max: usize,
    /// The last number that a connection was given a part of; 0 before the first.
    last: u64,
    /// A part of it was given, and not yet all.
    is_begun: bool,
    acknowledged: u64,
    /// The furthest position of this connection's stream that was told at a flush.
    written: u64,
    /// Given on this connection and not known to be acknowledged, in order; flushed ones first, by rising positions.
    waiting: VecDeque<Waiting>,
    /// Left by connections that are over.
    unsure: Ranges,
    /// On this connection nobody tells what is acknowledged.
    is_blind: bool,
    /// At this connection's end something that was written is not acknowledged.
    is_contradicted: bool,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    range: Range,
    /// The stream's position at the end of the flush that took all of it to the kernel; none before that.
    position: Option<u64>,
}

/// Where each line is. What was given is the sum of the first two.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// How many the next hop has.
    pub acknowledged: u64,
    /// Given to a connection and not known to be acknowledged.
    pub unsure: Ranges,
    /// This one, if there is one, and all after it were given to no connection.
    pub first_unsent: u64,
    /// Nobody tells what is acknowledged (no TCP, or another system's kernel): unsure means only that.
    pub is_blind: bool,
}

impl Ledger {
    /// Nothing was given yet.
    pub fn new() -> Ledger {
        Ledger {
            waiting_max: WAITING_MAX,
            last: 0,
            is_begun: false,
            acknowledged: 0,
            written: 0,
            waiting: VecDeque::new(),
            unsure: Ranges::default(),
            is_blind: false,
            is_contradicted: false,
        }
    }

    /// The first part of a line that goes out in fragments is with the message engine. No flush covers the line before
    /// [`Ledger::given`].
    pub fn begun(&mut self, number: u64) {
        if number <= self.last {
            return;
        }
        // Messages do not interleave (5.4), so what was begun before is complete.
        self.complete();
        self.last = number;
        self.is_begun = true;
    }

    /// All of a line is with the message engine, and was not refused. A number that is not above all before it changes
    /// nothing, so that no line is in two classes.
    pub fn given(&mut self, number: u64) {
        self.begun(number);
        if number == self.last {
            self.complete();
        }
    }

    /// A flush is complete: all that was given is in the kernel, whose stream is at `written` (acknowledged and still
    /// queued). Not called where the kernel does not tell: then what was given stays unsure.
    pub fn flushed(&mut self, written: u64) {
        // The stream does not go back: the larger figure is the safe one.
        self.written = self.written.max(written);
        for entry in self.waiting.iter_mut().rev() {
            if entry.position.is_some() {
                return;
            }
            entry.position = Some(self.written);
        }
    }

    /// A flush is complete, and the kernel does not tell where its stream is.
    pub fn flushed_blindly(&mut self) {
        self.is_blind = true;
    }

    /// The next hop has acknowledged this connection's stream up to `position`. It is not remembered for later flushes.
    pub fn acknowledged(&mut self, position: u64) {
        while let Some(entry) = self.waiting.front() {
            if entry.position.is_none_or(|end| end > position) {
                return;
            }
            self.acknowledged += entry.range.lines;
            self.waiting.pop_front();
        }
    }

    /// The end, and not all that was written is acknowledged: no Close can have been read that stands behind it.
    pub fn contradicted(&mut self) {
        self.is_contradicted = true;
    }

    /// The peer answered our Close, which went out behind all that was given: it has read all of it. A Close of the
    /// peer's own accord says nothing about our lines.
    pub fn confirmed_by_close(&mut self) {
        if self.is_contradicted {
            return;
        }
        self.acknowledged += self.waiting.drain(..).map(|entry| entry.range.lines).sum::<u64>();
    }

    /// The connection is over, and its last figures were told. What is not acknowledged stays unsure for ever; the next
    /// connection goes on with the first unsent line.
    pub fn restart(&mut self) {
        self.unsure = self.all_unsure();
        self.waiting.clear();
        self.written = 0;
        self.is_begun = false;
        (self.is_blind, self.is_contradicted) = (false, false);
    }

    /// Where each line is by now.
    pub fn account(&self) -> Account {
        Account {
            acknowledged: self.acknowledged,
            unsure: self.all_unsure(),
            first_unsent: self.last.saturating_add(1),
            is_blind: self.is_blind,
        }
    }

    fn all_unsure(&self) -> Ranges {
        let mut unsure = self.unsure.clone();
        for entry in &self.waiting {
            unsure.push(entry.range);
        }
        if self.is_begun {
            unsure.push(Range::single(self.last));
        }
        unsure
    }

    fn complete(&mut self) {
        if !std::mem::take(&mut self.is_begun) {
            return;
        }
        let range = Range::single(self.last);
        if let Some(newest) = self.waiting.back_mut()
            && newest.position.is_none()
            && newest.range.is_followed_by(&range)
        {
            newest.range.absorb(&range);
            return;
        }
        self.waiting.push_back(Waiting { range, position: None });
        if self.waiting.len() > self.waiting_max {
            self.thin();
        }
    }

    /// Makes one of each two entries in the older half: they are acknowledged together, at the later one's position.
    fn thin(&mut self) {
        let older = self.waiting.len() / 2;
        let mut kept: VecDeque<Waiting> = VecDeque::with_capacity(self.waiting.len());
        for (index, entry) in self.waiting.drain(..).enumerate() {
            if let Some(before) = kept.back_mut()
                && index % 2 == 1
                && index < older
                && before.position.is_some() == entry.position.is_some()
            {
                before.range.absorb(&entry.range);
                before.position = entry.position;
                continue;
            }
            kept.push_back(entry);
        }
        self.waiting = kept;
    }
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger::new()
    }
}

impl Account {
    /// How many lines connections were given, in whole or in part.
    pub fn given(&self) -> u64 {
        self.acknowledged + self.unsure.lines()
    }

    /// Is every line acknowledged? `total` is the last line's number, if the end of the input is known.
    pub fn is_safe(&self, total: Option<u64>) -> bool {
        self.unsure.is_empty() && total.is_some_and(|total| total < self.first_unsent)
    }

    /// What a person is told, one fact a line. `thing` is a line's name (`line`, `chunk`), `total` as in
    /// [`Account::is_safe`], `received` the number of messages that came.
    pub fn words(&self, thing: &str, total: Option<u64>, received: u64) -> Vec<String> {
        words::words(self, thing, total, received)
    }
}

#[cfg(test)]
mod tests;
