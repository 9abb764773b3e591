//! How one client answers our pings (RFC 6455 sections 5.5.2, 5.5.3). Owns the times and the misses; when a ping goes
//! out and what counts as its answer is `watch::heartbeat`'s.

use crate::event::client_report::PongsSeen;
use crate::event::series::Series;
use crate::moment::Span;

/// So many times are kept for the median; all are counted.
const KEPT_MAX: u64 = 1000;

/// The answers so far.
#[derive(Clone, Debug, Default)]
pub struct Pongs {
    times: Series,
    answered: u64,
    missed: u64,
}

impl Pongs {
    /// A ping was answered after this time.
    pub fn answered(&mut self, rtt: Span) {
        self.answered += 1;
        if self.times.count() < KEPT_MAX {
            self.times.add(rtt);
        }
    }

    /// A ping was not answered in time.
    pub fn missed(&mut self) {
        self.missed += 1;
    }

    /// The part of the card.
    pub fn report(&self) -> PongsSeen {
        let none = self.answered == 0 && self.missed == 0;
        PongsSeen {
            answered: self.answered,
            missed: self.missed,
            median: self.times.median(),
            note: none.then_some("not measured (serve --heartbeat sends pings)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_the_answers_and_misses_stand_beside_it() {
        let mut pongs = Pongs::default();
        assert_eq!(pongs.report().note, Some("not measured (serve --heartbeat sends pings)"));
        for millis in [1, 9, 2] {
            pongs.answered(Span::from_millis(millis));
        }
        pongs.missed();
        let seen = pongs.report();
        assert_eq!((seen.answered, seen.missed, seen.median), (3, 1, Some(Span::from_millis(2))));
        assert_eq!(seen.note, None);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut pongs = Pongs::default();
        for _ in 0..5000 {
            pongs.answered(Span::from_millis(1));
        }
        assert_eq!((pongs.times.count(), pongs.report().answered), (KEPT_MAX, 5000));
    }
}
