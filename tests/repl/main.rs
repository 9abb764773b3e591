//! The system tests of `wscope connect` at a terminal: the binary in a pty, driven by keys and judged by the screen.
//! Owns what somebody who types relies on; what stands in a pipe is tested elsewhere.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod down;
mod hand;
mod history;
mod hostile;
mod keys;
mod screen4;
mod terminal;
mod typing;
