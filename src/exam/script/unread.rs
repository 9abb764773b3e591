//! Messages that came before the script expected anything. Owns their bounds: the last ones are kept, the others
//! counted.

use std::collections::VecDeque;

/// So many messages are kept.
pub const MESSAGES_MAX: usize = 256;
/// So many bytes of them, together.
pub const BYTES_MAX: usize = 8 << 20;

/// The messages that no step has looked at yet, in their order.
#[derive(Debug, Default)]
pub struct Unread {
    messages: VecDeque<(bool, Vec<u8>)>,
    bytes: usize,
    lost: u64,
}

impl Unread {
    /// Keeps one; the oldest make room for it.
    pub fn keep(&mut self, is_text: bool, bytes: &[u8]) {
        self.messages.push_back((is_text, bytes.to_vec()));
        self.bytes += bytes.len();
        while self.messages.len() > MESSAGES_MAX || self.bytes > BYTES_MAX {
            if self.take().is_none() {
                return;
            }
            self.lost = self.lost.saturating_add(1);
        }
    }

    /// How many had to go, once; they were older than all that are kept.
    pub fn take_lost(&mut self) -> Option<u64> {
        let lost = std::mem::take(&mut self.lost);
        (lost > 0).then_some(lost)
    }

    /// The oldest that is kept: is it text, and its bytes.
    pub fn take(&mut self) -> Option<(bool, Vec<u8>)> {
        let message = self.messages.pop_front()?;
        self.bytes -= message.1.len();
        Some(message)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_kept_and_the_others_counted() {
        let mut unread = Unread::default();
        for number in 0..MESSAGES_MAX + 3 {
            unread.keep(true, number.to_string().as_bytes());
        }
        assert_eq!((unread.take_lost(), unread.take_lost()), (Some(3), None));
        assert_eq!(unread.take(), Some((true, b"3".to_vec())));
        assert_eq!(std::iter::from_fn(|| unread.take()).count(), MESSAGES_MAX - 1);
        assert_eq!(unread.bytes, 0);
    }

    #[test]
    fn their_bytes_are_bounded_too() {
        let mut unread = Unread::default();
        unread.keep(true, b"small");
        unread.keep(false, &vec![0; BYTES_MAX]);
        assert_eq!(unread.take_lost(), Some(1));
        unread.keep(false, &vec![0; BYTES_MAX + 1]);
        assert_eq!((unread.take_lost(), unread.take()), (Some(2), None));
    }
}
