//! What holds outgoing bytes back: latency with jitter, a bandwidth, slices (toxiproxy's words for them). Owns the
//! bytes that wait and the moment at which each may leave; their order never changes. Timers and writes are `net`'s.

use std::collections::VecDeque;

use crate::moment::{Moment, Span};

/// How bytes are held back, and from when on. Bytes that come before that leave at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub latency: Option<Latency>,
    /// Bytes a second, at least one.
    pub bandwidth: Option<u64>,
    pub slicer: Option<Slicer>,
    pub from: Moment,
}

/// Bytes leave so much later, give or take the jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    pub delay: Span,
    pub jitter: Span,
}

/// Bytes leave in pieces of about the average, so far apart at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slicer {
    pub average: u64,
    /// A piece is at most so much longer or shorter.
    pub variation: u64,
    pub delay: Span,
}

/// A bandwidth lets this part of a second's bytes through at once after a rest.
const BURSTS_A_SECOND: u64 = 20;
const NANOS_A_SECOND: u128 = 1_000_000_000;

/// The bytes of one connection that wait to leave.
#[derive(Debug)]
pub struct Pace {
    from: Moment,
    latency: Option<Latency>,
    slicer: Option<Slicer>,
    bucket: Option<Bucket>,
    dice: Dice,
    bytes: VecDeque<u8>,
    /// To which stretch the bytes belong; the lengths add up to all of them.
    stretches: VecDeque<Stretch>,
    /// The next piece is no longer than this, as the slicer wants it.
    slice: u64,
    /// The next piece leaves no earlier than this, as the slicer wants it.
    slice_from: Moment,
}

/// Bytes with one moment before which they do not leave.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    len: usize,
    due: Moment,
    /// False for those that came before the plan's beginning.
    held: bool,
}

impl Pace {
    /// Nothing waits yet. The same seed and the same bytes at the same moments give the same pieces.
    pub fn new(plan: Plan, seed: u64) -> Pace {
        let mut dice = Dice(seed);
        let slice = plan.slicer.map_or(u64::MAX, |slicer| next_slice(slicer, &mut dice));
        Pace {
            from: plan.from,
            latency: plan.latency,
            slicer: plan.slicer,
            bucket: plan.bandwidth.map(Bucket::new),
            dice,
            bytes: VecDeque::new(),
            stretches: VecDeque::new(),
            slice,
            slice_from: Moment::START,
        }
    }

    /// Bytes that want to leave at `now`, behind all that wait.
    pub fn push(&mut self, now: Moment, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let held = now >= self.from;
        let delay = if held { self.delay() } else { Span::ZERO };
        // Nothing overtakes: not before the last that waits.
        let due = self.stretches.back().map_or(Moment::START, |last| last.due).max(now.after(delay));
        self.bytes.extend(bytes);
        match self.stretches.back_mut() {
            Some(last) if last.due == due && last.held == held => last.len += bytes.len(),
            _ => self.stretches.push_back(Stretch { len: bytes.len(), due, held }),
        }
    }

    /// The next bytes that may leave at `now`, to be one write; asked until there are none.
    pub fn take(&mut self, now: Moment) -> Option<Vec<u8>> {
        let front = *self.stretches.front()?;
        if self.leaves_at(front) > now {
            return None;
        }
        let size = self.piece(front);
        if front.held {
            self.count(now, size as u64);
        }
        self.shorten_front(size);
        Some(self.bytes.drain(..size).collect())
    }

    /// When the next bytes may leave; none when nothing waits. After `take` gave none it is later than its `now`.
    pub fn wake_at(&self) -> Option<Moment> {
        self.stretches.front().map(|front| self.leaves_at(*front))
    }

    /// Does nothing wait?
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes that wait.
    pub fn waiting(&self) -> usize {
        self.bytes.len()
    }

    fn delay(&mut self) -> Span {
        let Some(Latency { delay, jitter }) = self.latency else { return Span::ZERO };
        Span::from_nanos(self.dice.around(delay.nanos(), jitter.nanos()))
    }

    /// When the front of this stretch, which is the first, may leave.
    fn leaves_at(&self, front: Stretch) -> Moment {
        if !front.held {
            return front.due;
        }
        let paid_at = self.bucket.as_ref().map_or(Moment::START, |bucket| bucket.paid_at(self.piece(front) as u64));
        front.due.max(self.slice_from).max(paid_at)
    }

    /// How many bytes of this stretch, which is the first, leave together.
    fn piece(&self, front: Stretch) -> usize {
        if !front.held {
            return front.len;
        }
        let most = self.bucket.as_ref().map_or(u64::MAX, |bucket| bucket.piece);
        (front.len as u64).min(self.slice).min(most) as usize
    }

    /// A piece leaves: what the next one has to wait for.
    fn count(&mut self, now: Moment, size: u64) {
        if let Some(bucket) = &mut self.bucket {
            bucket.spend(now, size);
        }
        if let Some(slicer) = self.slicer {
            self.slice_from = now.after(slicer.delay);
            self.slice = next_slice(slicer, &mut self.dice);
        }
    }

    fn shorten_front(&mut self, size: usize) {
        let Some(front) = self.stretches.front_mut() else { return };
        front.len -= size;
        if front.len == 0 {
            self.stretches.pop_front();
        }
    }
}

fn next_slice(slicer: Slicer, dice: &mut Dice) -> u64 {
    dice.around(slicer.average, slicer.variation).max(1)
}

/// Tokens for a bandwidth, one for each byte; full at first and after a rest. It counts from the moment at which it was
/// last full, so that no rounding adds up.
#[derive(Debug)]
struct Bucket {
    rate: u64,
    /// So many tokens when it is full.
    burst: u64,
    /// No piece is longer. Half a bucket: a timer that is late by less than the other half costs nothing.
    piece: u64,
    full_at: Moment,
    /// Tokens taken since then.
    spent: u64,
}

impl Bucket {
    fn new(rate: u64) -> Bucket {
        let rate = rate.max(1);
        let burst = (rate / BURSTS_A_SECOND).max(1);
        Bucket { rate, burst, piece: (burst / 2).max(1), full_at: Moment::START, spent: 0 }
    }

    /// When there are tokens for `size` more bytes, which are no more than a bucket holds.
    fn paid_at(&self, size: u64) -> Moment {
        let lacking = self.spent.saturating_add(size).saturating_sub(self.burst);
        let nanos = (u128::from(lacking) * NANOS_A_SECOND).div_ceil(u128::from(self.rate));
        self.full_at.after(Span::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }

    fn spend(&mut self, now: Moment, size: u64) {
        let rate = u128::from(self.rate);
        // Both in billionths of a byte. Full for less than a nanosecond is no rest: pieces leave at whole ones.
        let came = u128::from(now.since(self.full_at).nanos()) * rate;
        let spent = u128::from(self.spent) * NANOS_A_SECOND;
        if came >= spent + rate {
            (self.full_at, self.spent) = (now, 0);
        }
        self.spent = self.spent.saturating_add(size);
    }
}

/// Chance from a seed: the splitmix64 generator, which is even enough for jitter.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number at most `spread` away from `middle`, each as likely.
    fn around(&mut self, middle: u64, spread: u64) -> u64 {
        let (low, high) = (middle.saturating_sub(spread), middle.saturating_add(spread));
        let count = u128::from(high - low) + 1;
        low + ((u128::from(self.roll()) * count) >> 64) as u64
    }
}

#[cfg(test)]
mod tests;
