//! Lets exactly so many outgoing bytes through, and none behind them, even inside a frame (toxiproxy's limit_data).
//! Owns the count and the word that it is used up; ending the connection is its owner's part.

use std::cell::Cell;
use std::rc::Rc;

use crate::moment::Moment;
use crate::wire::rewrite::Rewrite;

/// Tells the connection's owner that the last byte has gone through. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct LimitReached(Rc<Cell<bool>>);

impl LimitReached {
    /// Is the limit reached, and was nobody told yet?
    pub fn is_new(&self) -> bool {
        self.0.get()
    }

    /// True once, after the limit was reached.
    pub fn take(&self) -> bool {
        self.0.take()
    }
}

/// Counts what goes out from its first byte on.
#[derive(Debug)]
pub struct LimitData {
    left: u64,
    reached: LimitReached,
}

impl LimitData {
    /// Lets `bytes` through; a limit of none is reached at once.
    pub fn new(bytes: u64) -> (LimitData, LimitReached) {
        let reached = LimitReached::default();
        reached.0.set(bytes == 0);
        (LimitData { left: bytes, reached: reached.clone() }, reached)
    }
}

impl Rewrite for LimitData {
    fn push(&mut self, _now: Moment, input: &[u8], out: &mut Vec<u8>) {
        if self.left == 0 {
            return;
        }
        let take = self.left.min(input.len() as u64);
        out.extend_from_slice(&input[..take as usize]);
        self.left -= take;
        if self.left == 0 {
            self.reached.0.set(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pushed(limit: u64, pieces: &[&[u8]]) -> (Vec<u8>, bool) {
        let (mut rewrite, reached) = LimitData::new(limit);
        let mut out = Vec::new();
        for piece in pieces {
            rewrite.push(Moment::START, piece, &mut out);
        }
        (out, reached.take())
    }

    #[test]
    fn the_limit_itself_goes_through_and_the_byte_behind_it_does_not() {
        let input = b"0123456789";
        assert_eq!(pushed(11, &[input]), (input.to_vec(), false));
        assert_eq!(pushed(10, &[input]), (input.to_vec(), true));
        assert_eq!(pushed(9, &[input]), (input[..9].to_vec(), true));
        assert_eq!(pushed(1, &[input, input]), (b"0".to_vec(), true));
        assert_eq!(pushed(0, &[input]), (Vec::new(), true));
        assert_eq!(pushed(0, &[]), (Vec::new(), true));
        assert_eq!(pushed(1, &[]), (Vec::new(), false));
    }

    #[test]
    fn it_is_told_once() {
        let (mut rewrite, reached) = LimitData::new(2);
        let mut out = Vec::new();
        rewrite.push(Moment::START, b"a", &mut out);
        assert!(!reached.take());
        rewrite.push(Moment::START, b"bc", &mut out);
        assert!(reached.take() && !reached.take());
        rewrite.push(Moment::START, b"d", &mut out);
        assert!(!reached.take());
        assert_eq!(out, b"ab");
    }

    proptest! {
        #[test]
        fn any_split_lets_the_same_bytes_through(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..10), limit in 0u64..150
        ) {
            let slices: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            let whole = pieces.concat();
            let (out, reached) = pushed(limit, &slices);
            prop_assert_eq!(&out[..], &whole[..whole.len().min(limit as usize)]);
            prop_assert_eq!(reached, whole.len() as u64 >= limit);
        }
    }
}
