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

    /// How long this machine has slept since it was booted; none where the system does not tell.
    pub fn asleep(&self) -> Option<Span> {
        kernel::suspended_nanos().map(Span::from_nanos)
    }

    /// Seconds since 1970, UTC.
    pub fn wall_unix(&self) -> i64 {
        wall_millis() / 1000
    }
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
