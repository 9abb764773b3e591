//! The frames of one client: masked and legal, or what broke first (RFC 6455 sections 5.1 to 5.5). Owns the count and
//! the first breach; the rules themselves are `wire::sequence`'s.

use crate::diagnose::client::identity::short;
use crate::event::client_report::FramesSeen;

/// What came so far.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    seen: FramesSeen,
    pub breaches: u64,
}

impl Frames {
    /// A legal frame came, or several.
    pub fn legal(&mut self) {
        self.seen.seen = true;
    }

    /// One that is not legal, in the words of its breach.
    pub fn breach(&mut self, words: &str) {
        self.seen.seen = true;
        self.breaches += 1;
        self.seen.breach.get_or_insert_with(|| short(words));
    }

    /// The part of the card.
    pub fn report(&self) -> FramesSeen {
        self.seen.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_breach_stays_and_all_are_counted() {
        let mut frames = Frames::default();
        assert!(!frames.report().seen);
        frames.legal();
        frames.breach("a frame of a client without a mask");
        frames.breach("a control frame that is a fragment");
        assert_eq!(frames.report().breach.as_deref(), Some("a frame of a client without a mask"));
        assert_eq!(frames.breaches, 2);
    }
}
