//! Faults of the stream itself: bytes that leave late, slowly, in small pieces or in fragments, and ends that come by a
//! count or by idleness. Owns these machines as values; their order is `fault::conduct`'s, timers and writes `net`'s.

pub mod fragments;
pub mod idle;
pub mod limit;
pub mod pace;
