//! The contract of everything that changes bytes between the wire and the message engine: faults done on purpose.
//! Owns only the shape; what is changed is the rewriter's, the buffers are `net::filter`'s.

use crate::moment::Moment;

/// Changes one direction's stream. It sees every byte in order, in pieces of any size.
pub trait Rewrite {
    /// Takes `input` whole and appends what goes on instead to `out`.
    fn push(&mut self, now: Moment, input: &[u8], out: &mut Vec<u8>);
}
