//! A limit on control frames (RFC 6455 section 5.5): each ping costs an answer, so that a client that sends nothing else could
//! keep a server busy for nothing. Owns the count and the limit; what follows is the caller's.

use crate::moment::{Moment, Span};

/// So many control frames of one peer within a second are a flood: a thousand times what a heartbeat needs.
pub const FRAMES_MAX: u32 = 1000;
const WINDOW: Span = Span::from_millis(1000);

/// The control frames of the second under way.
#[derive(Debug, Default)]
pub struct Flood {
    since: Moment,
    count: u32,
}

impl Flood {
    /// One more came. True when they are too many.
    pub fn count(&mut self, at: Moment) -> bool {
        if at.since(self.since) >= WINDOW {
            (self.since, self.count) = (at, 0);
        }
        self.count += 1;
        self.count > FRAMES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_in_a_second_are_a_limit_and_a_new_second_counts_anew() {
        let mut flood = Flood::default();
        let all = (0..FRAMES_MAX).all(|_| !flood.count(Moment::from_millis(5000)));
        assert!(all && flood.count(Moment::from_millis(5999)));
        assert!(!flood.count(Moment::from_millis(6000)));
    }
}
