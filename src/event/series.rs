//! A series of times, in bounded memory: the median and percentiles that the verdict and the phases both tell. Owns the
//! arithmetic (nearest rank), so that there is one number for one thing.

use crate::moment::Span;

/// Times that were measured. The first 10,000 are kept; all are counted.
#[derive(Clone, Debug, Default)]
pub struct Series {
    kept: Vec<Span>,
    count: u64,
}

const KEPT_MAX: usize = 10_000;

impl Series {
    /// One more.
    pub fn add(&mut self, time: Span) {
        self.count += 1;
        if self.kept.len() < KEPT_MAX {
            self.kept.push(time);
        }
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The least and the most; none of an empty series.
    pub fn range(&self) -> Option<(Span, Span)> {
        Some((*self.kept.iter().min()?, *self.kept.iter().max()?))
    }

    /// The middle one, or the middle of the two.
    pub fn median(&self) -> Option<Span> {
        let sorted = self.sorted();
        let lower = sorted.get(sorted.len().checked_sub(1)? / 2)?;
        let upper = sorted.get(sorted.len() / 2)?;
        Some(Span::from_nanos(lower.nanos() / 2 + upper.nanos() / 2 + (lower.nanos() % 2 + upper.nanos() % 2) / 2))
    }

    /// The least time that `percent` of all do not exceed.
    pub fn percentile(&self, percent: usize) -> Option<Span> {
        let sorted = self.sorted();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied()
    }

    fn sorted(&self) -> Vec<Span> {
        let mut sorted = self.kept.clone();
        sorted.sort_unstable();
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(times: impl IntoIterator<Item = u64>) -> Series {
        let mut series = Series::default();
        times.into_iter().for_each(|time| series.add(Span::from_nanos(time)));
        series
    }

    #[test]
    fn the_median_is_the_middle_or_between_the_two() {
        assert_eq!(series([5, 1, 3]).median(), Some(Span::from_nanos(3)));
        assert_eq!(series([4, 2]).median(), Some(Span::from_nanos(3)));
        assert_eq!(series([110, 43, 19, 317, 122]).median(), Some(Span::from_nanos(110)));
        assert_eq!(series([]).median(), None);
    }

    #[test]
    fn a_percentile_is_a_time_that_was_measured() {
        assert_eq!(series(1..=100).percentile(95), Some(Span::from_nanos(95)));
        assert_eq!(series([7]).percentile(99), Some(Span::from_nanos(7)));
        assert_eq!(series([]).percentile(50), None);
    }
}
