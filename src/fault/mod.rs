//! Faults done on purpose: what `serve` does wrong when asked. Owns their names, grammar, schedule and effect as values; the
//! shell (`net`, `cmd::serve`) carries them out.

pub mod conduct;
pub mod frames;
pub mod handshake;
pub mod schedule;
pub mod socket;
pub mod spec;
pub mod upgrade;
