//! The system tests of `wscope probe`: the binary against servers of other makers, bare sockets, a stopped process and
//! a cut path. Owns what a user relies on: the exit status, the verdict, the findings, and that nothing is told that is
//! not so. Long forms run with `WSCOPE_SLOW=1`; peers in other languages are required with `WSCOPE_PEERS=required`.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../support/mod.rs"]
mod support;

mod clean;
mod cut;
mod deep;
mod dial;
mod drops;
mod first_finding;
mod heartbeats;
mod idle;
mod no_false_drop;
mod reconnect;
mod request;
mod timing;
