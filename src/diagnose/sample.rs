//! Ends of connections for the tests of this floor. Owns no rule.

use crate::event::{Ended, How};
use crate::moment::Span;

/// A drop by the peer; age and both silences in seconds.
pub fn ended(how: How, age: f64, quiet_in: f64, quiet_out: f64) -> Ended {
    Ended {
        age: Span::from_seconds(age),
        quiet_in: Span::from_seconds(quiet_in),
        quiet_out: Span::from_seconds(quiet_out),
        ..Ended::sample(how)
    }
}
