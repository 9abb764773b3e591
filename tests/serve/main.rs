//! The system tests of `wscope serve`: the binary with clients of other makers, bare sockets and old ones, at its limits
//! and under attack. Owns what somebody who tests a client relies on. Long forms run with `WSCOPE_SLOW=1`; clients in
//! other languages are required with `WSCOPE_PEERS=required`.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../support/mod.rs"]
mod support;

mod client;
mod compare;
mod faults_socket;
mod foreign;
mod found;
mod hostile;
mod http;
mod identity;
mod modes;
mod old_clients;
mod options;
mod page;
mod polling;
mod report_card;
mod scale;
mod server;
mod stopping;
mod tls;
mod tool;
