//! Ends of connections for the tests of this floor. Owns no rule.

use crate::event::{Ended, How, Side};
use crate::moment::Span;

/// A drop by the peer; age and both silences in seconds.
pub fn ended(how: How, age: f64, quiet_in: f64, quiet_out: f64) -> Ended {
    Ended {
        how,
        by: Side::Peer,
        drop: true,
        announced: false,
        mid_frame: None,
        mid_message: false,
        tcp_left_open: false,
        age: Span::from_seconds(age),
        quiet_in: Span::from_seconds(quiet_in),
        quiet_out: Span::from_seconds(quiet_out),
        held: Span::ZERO,
        heartbeat_due: None,
        answered_ago: None,
        bytes_in: 0,
        bytes_out: 0,
        messages_in: 0,
        messages_out: 0,
        io: None,
        last_frames: Vec::new(),
    }
}
