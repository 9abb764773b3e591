//! An idle limit like that of a proxy or a server, which counts one direction, both, or messages only. Owns what counts
//! and since when nothing has; how the connection is ended then is `fault::conduct`'s.

use crate::moment::{Moment, Span};

/// What ends a silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Bytes from the client, as Cowboy counts.
    Client,
    /// Bytes from the server, as a proxy's read timeout counts.
    Server,
    /// Bytes from either side.
    Both,
    /// Data frames of either side: pings, pongs and Close do not count.
    Data,
}

/// What has passed so far on one connection, counted from the open. "In" is from the client, "out" from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    pub frames_in: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Data frames: text, binary and their continuations.
    pub data_in: u64,
    pub data_out: u64,
}

/// The limit on one connection. What passes is taken to pass when it is first seen.
#[derive(Debug)]
pub struct Idle {
    limit: Span,
    counts: Counts,
    quiet_since: Moment,
    counted: u64,
}

impl Idle {
    /// The silence begins at `opened`; what is seen before that moment does not count.
    pub fn new(limit: Span, counts: Counts, opened: Moment) -> Idle {
        Idle { limit, counts, quiet_since: opened, counted: 0 }
    }

    /// Takes what has passed until `now`.
    pub fn see(&mut self, now: Moment, passed: Passed) {
        let counted = match self.counts {
            Counts::Client => passed.bytes_in,
            Counts::Server => passed.bytes_out,
            Counts::Both => passed.bytes_in.saturating_add(passed.bytes_out),
            Counts::Data => passed.data_in.saturating_add(passed.data_out),
        };
        if counted != self.counted {
            self.counted = counted;
            self.quiet_since = self.quiet_since.max(now);
        }
    }

    /// When the limit is reached if nothing that counts passes until then.
    pub fn deadline(&self) -> Moment {
        self.quiet_since.after(self.limit)
    }

    /// Is the limit reached?
    pub fn is_over(&self, now: Moment) -> bool {
        now >= self.deadline()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: Span = Span::from_millis(300);

    fn ms(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn only_what_counts_begins_the_silence_anew() {
        let ping = Passed { frames_in: 1, bytes_in: 6, ..Passed::default() };
        let pong = Passed { bytes_out: 2, ..Passed::default() };
        let message = Passed { frames_in: 1, bytes_in: 9, data_in: 1, ..Passed::default() };
        let push = Passed { bytes_out: 5, data_out: 1, ..Passed::default() };
        for (counts, survived) in [
            (Counts::Client, [true, false, true, false]),
            (Counts::Server, [false, true, false, true]),
            (Counts::Both, [true, true, true, true]),
            (Counts::Data, [false, false, true, true]),
        ] {
            for (passed, survives) in [ping, pong, message, push].into_iter().zip(survived) {
                let mut idle = Idle::new(LIMIT, counts, ms(1000));
                idle.see(ms(1200), passed);
                assert_eq!(idle.deadline(), ms(if survives { 1500 } else { 1300 }), "{counts:?}: {passed:?}");
            }
        }
    }

    #[test]
    fn it_is_over_at_its_moment_and_not_a_nanosecond_before() {
        let idle = Idle::new(LIMIT, Counts::Both, ms(0));
        assert!(!idle.is_over(Moment::from_nanos(299_999_999)));
        assert!(idle.is_over(ms(300)));
    }

    #[test]
    fn the_same_figures_seen_again_are_no_sign_of_life() {
        let mut idle = Idle::new(LIMIT, Counts::Client, ms(0));
        let passed = Passed { frames_in: 1, bytes_in: 6, ..Passed::default() };
        idle.see(ms(100), passed);
        idle.see(ms(250), Passed { bytes_out: 99, data_out: 3, ..passed });
        assert_eq!(idle.deadline(), ms(400));
    }

    #[test]
    fn a_limit_that_begins_later_counts_from_there() {
        let mut idle = Idle::new(LIMIT, Counts::Both, ms(5000));
        idle.see(ms(100), Passed { bytes_in: 6, ..Passed::default() });
        assert_eq!(idle.deadline(), ms(5300));
    }

    proptest! {
        #[test]
        fn the_deadline_follows_the_last_byte_that_counts(
            steps in prop::collection::vec((1u64..500, 0u64..3, 0u64..3), 0..40)
        ) {
            let (mut client, mut both) =
                (Idle::new(LIMIT, Counts::Client, ms(0)), Idle::new(LIMIT, Counts::Both, ms(0)));
            let (mut now, mut last_in, mut last_any) = (0, 0, 0);
            let mut passed = Passed::default();
            for (pause, bytes_in, bytes_out) in steps {
                now += pause;
                passed.bytes_in += bytes_in;
                passed.bytes_out += bytes_out;
                last_in = if bytes_in > 0 { now } else { last_in };
                last_any = if bytes_in + bytes_out > 0 { now } else { last_any };
                client.see(ms(now), passed);
                both.see(ms(now), passed);
                prop_assert_eq!(client.deadline(), ms(last_in + 300));
                prop_assert_eq!(both.deadline(), ms(last_any + 300));
                prop_assert_eq!(both.is_over(ms(now)), now >= last_any + 300);
            }
        }
    }
}
