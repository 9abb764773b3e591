//! Time as a number: [`Moment`] (when) and [`Span`] (how long).
//!
//! Owns the arithmetic and nothing else. It never reads a clock: `net::clock` does, and hands the result down, so that
//! everything that decides can be tested with exact times.

use std::time::Duration;

use serde::Serialize;

/// Nanoseconds since the run began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Moment(u64);

/// A length of time in whole nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Span(u64);

impl Moment {
    /// The start of the run.
    pub const START: Moment = Moment(0);

    /// A moment that many nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Moment {
        Moment(nanos)
    }

    /// A moment that many milliseconds after the start.
    pub const fn from_millis(millis: u64) -> Moment {
        Moment(millis * 1_000_000)
    }

    /// Nanoseconds since the start.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start, for showing.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub const fn since(self, earlier: Moment) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The moment that is `span` later, or the end of time.
    pub const fn after(self, span: Span) -> Moment {
        Moment(self.0.saturating_add(span.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// That many nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Span {
        Span(nanos)
    }

    /// That many milliseconds.
    pub const fn from_millis(millis: u64) -> Span {
        Span(millis * 1_000_000)
    }

    /// That many seconds.
    pub const fn from_secs(secs: u64) -> Span {
        Span(secs * 1_000_000_000)
    }

    /// Seconds as a fraction; negative and absurd values become the nearest span.
    pub fn from_seconds(seconds: f64) -> Span {
        Span((seconds * 1e9) as u64)
    }

    /// Nanoseconds.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Seconds, for showing and for arithmetic that may round.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// True for no time at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// This and `other` together.
    pub const fn plus(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }

    /// This many times as long.
    pub fn times(self, factor: f64) -> Span {
        Span((self.0 as f64 * factor) as u64)
    }

    /// As the standard library's duration.
    pub const fn duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Span {
        Span(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_before_another_is_no_time_after_it() {
        assert_eq!(Moment::from_millis(5).since(Moment::from_millis(9)), Span::ZERO);
        assert_eq!(Moment::from_millis(9).since(Moment::from_millis(5)), Span::from_millis(4));
    }

    #[test]
    fn adding_past_the_end_of_time_stays_there() {
        assert_eq!(Moment::from_nanos(u64::MAX).after(Span::from_secs(1)), Moment::from_nanos(u64::MAX));
        assert_eq!(Span::from_seconds(-1.0), Span::ZERO);
    }
}
