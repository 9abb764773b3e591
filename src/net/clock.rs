//! The only clock: the run's [`Moment`]s from tokio's (so that paused tests have exact times), the wall clock for stamps and
//! certificates, and the boot clock beside it, to tell a sleep of this machine from silence.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::moment::{Moment, Span};
use crate::net::kernel;

/// The run's clock; a copy tells the same time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// The run begins now.
    pub fn start() -> Clock {
        Clock { started: Instant::now() }
    }

    /// Time since the run began.
    pub fn now(&self) -> Moment {
        Moment::from_nanos(u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// The runtime's instant for a moment.
    pub fn instant(&self, at: Moment) -> Instant {
        self.started + at.since(Moment::START).duration()
    }

    /// The wall clock at the start of the run, in milliseconds since 1970, UTC, as it reads now.
    pub fn wall_start_unix_ms(&self) -> i64 {
        let since = i64::try_from(self.now().nanos() / 1_000_000).unwrap_or(i64::MAX);
        wall_millis().saturating_sub(since)
    }

    /// How long this machine has slept since it was booted; none where the system does not tell.
    pub fn asleep(&self) -> Option<Span> {
        kernel::suspended_nanos().map(Span::from_nanos)
    }

    /// Seconds since 1970, UTC.
    pub fn wall_unix(&self) -> i64 {
        wall_millis() / 1000
    }
}

/// A step of the wall clock that is worth telling, in milliseconds.
const STEP_LEAST: i64 = 2_000;

/// The wall clock less the boot clock, in milliseconds: the same as long as nobody sets the clock.
pub fn wall_offset_millis() -> Option<i64> {
    let boot = i64::try_from(kernel::boot_nanos()? / 1_000_000).ok()?;
    Some(wall_millis().saturating_sub(boot))
}

/// By how much the wall clock was set between two such offsets; none for what a clock that is only corrected does.
pub fn step_of(before: i64, after: i64) -> Option<i64> {
    let step = after.saturating_sub(before);
    (step.abs() >= STEP_LEAST).then_some(step)
}

/// Milliseconds since 1970, UTC.
pub fn wall_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Microseconds since 1970, UTC.
pub fn wall_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The wall clock as RFC 3339, UTC, with milliseconds.
pub fn wall_rfc3339() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_told_from_one_that_is_corrected() {
        assert_eq!(step_of(1_000, 1_400), None);
        assert_eq!(step_of(1_000, 4_400), Some(3_400));
        assert_eq!(step_of(100_000, 10_000), Some(-90_000));
    }

    #[test]
    fn the_offset_stands_still_while_nobody_sets_the_clock() {
        let (Some(before), Some(after)) = (wall_offset_millis(), wall_offset_millis()) else { return };
        assert_eq!(step_of(before, after), None);
    }
}
