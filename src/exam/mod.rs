//! Floor 2: the steps of an examination. Owns what `probe` tries next, given what was seen; pure, time passed in.

pub mod compare;
pub mod deep;
pub mod expect;
pub mod idle;
pub mod input;
pub mod pipe;
pub mod script;
pub mod steps;
