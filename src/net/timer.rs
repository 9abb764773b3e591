//! The one sleep of a loop. Owns its arming and the longest wait; expiry is judged by the clock.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::task::unconstrained;
use tokio::time::Sleep;

use crate::moment::{Moment, Span};
use crate::net::clock::Clock;

/// No wait is longer: a longer one shows that this process did not run.
pub const TICK: Span = Span::from_millis(1000);
/// Later than this by the clock is a time in which we did not run.
pub const LATE: Span = Span::from_millis(250);

/// When to wake: at the first of the deadlines, after [`TICK`] at the latest.
pub fn wake_at(now: Moment, control: Option<Moment>, life: Option<Moment>) -> Moment {
    [control, life].into_iter().flatten().fold(now.after(TICK), Moment::min).max(now)
}

/// One sleep, armed anew only when the moment differs.
pub struct Timer {
    clock: Clock,
    sleep: Pin<Box<Sleep>>,
    armed: Option<Moment>,
}

impl Timer {
    /// Armed for nothing yet.
    pub fn new(clock: Clock) -> Timer {
        Timer { clock, sleep: Box::pin(tokio::time::sleep_until(clock.instant(Moment::START))), armed: None }
    }

    /// Ready at `at` or later, however much of its turn the task has used up before.
    pub fn poll(&mut self, cx: &mut Context<'_>, at: Moment) -> Poll<()> {
        if self.armed != Some(at) {
            self.armed = Some(at);
            self.sleep.as_mut().reset(self.clock.instant(at));
        }
        std::task::ready!(pin!(unconstrained(self.sleep.as_mut())).poll(cx));
        self.armed = None;
        Poll::Ready(())
    }
}
