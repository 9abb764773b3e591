//! The command line from outside: the real binary's help, refusals, screens, streams, exit codes and JSON.
//!
//! Owns no rule of its own: what holds is in `docs/events.md`, in the README and in `event::verdict`.

#![allow(clippy::unwrap_used)]

mod help;
mod json;
mod readme;
mod refusals;
mod runs;
mod screens;
#[path = "../support/mod.rs"]
mod support;

use support::{Ran, Running, wscope};

/// Runs `wscope` with these words to its end.
fn run(args: &[&str]) -> Ran {
    let mut command = wscope();
    command.env_remove("COLUMNS").args(args);
    Running::start(command).finish()
}

/// A URL at which nothing listens: its port was free a moment ago.
fn dead_url() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("ws://{}/", listener.local_addr().unwrap())
}
