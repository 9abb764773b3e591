//! The system tests of `wscope connect` in a pipe: the binary between a stdin and a stdout that the test holds, against
//! bare sockets that keep every frame. Owns what a script relies on: the bytes on both sides, the exit code, and what
//! stderr says of each line.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../support/mod.rs"]
mod support;

mod account;
mod bytes;
mod crossing;
mod found;
mod held;
mod json;
mod keeper;
mod leaving;
mod property;
mod table;
mod talk;
