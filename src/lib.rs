//! wscope, a command-line WebSocket diagnostic tool.
//!
//! Three commands stand on one connection core. The core shows the opening handshake as it was on the wire, sends
//! heartbeats, tells how and by whom a connection ended, and reconnects.
//!
//! # Floors
//!
//! ```text
//! floor 5   main  cli                       words -> plans                   may use all below
//! floor 4   cmd                             connect, probe, serve             may use all below
//! floor 3   net          report             IO shell | output                net: fault watch event wire; report: event wire
//! floor 2   watch  exam  diagnose  fault    decisions: pure, time passed in  event wire
//! floor 1   event                           the contract                     wire moment
//! floor 0   wire  moment                    bytes <-> facts of RFC 6455
//! ```
//!
//! A lower floor never imports a higher one. Floors 0 to 2 touch no socket, no clock, no randomness and print nothing;
//! `tests/house.rs` is the judge.
//!
//! # The road of events
//!
//! ```text
//!                               cmd::run::Run (a net::driver::Control)
//!                       exam: what to try next, given what was seen   <----.
//!                                   | wishes                               |
//!  socket - TLS - Tap - [Filter] - tungstenite -> net::link                |
//!                  | notes                |  (one task, one poll function) |
//!                  v                      v                                |
//!            watch::Life       one a connection: heartbeat, closing        |
//!                  | Ended                                                 |
//!            watch::Session    one a run: reconnect, totals                |
//!                  | events                                                |
//!            report::Fan ------> human (folds) | json, record (hold)       |
//!                  |                                                       |
//!                  '---> diagnose -> findings, outcome -> exit code -------'
//! ```
//!
//! # The road of payload
//!
//! `connect` in a pipe has a second road, on which nothing is an event: stdin (its own thread, blocks) ->
//! `exam::pipe` (lines, order, waits) -> link, and link -> `report::payload` (its own thread, 1 MiB) -> stdout. While
//! stdout takes nothing, the link does not read and every clock stands still. `watch::ledger` knows of each line whether
//! it is acknowledged, unsure or unsent.
//!
//! The tap is passive and below the message engine, so that frames, masks, reserved bits and true Close codes are known.
//! A [`moment::Moment`] is a number; only `net::clock` reads clocks. Exit codes are given out in [`event::verdict`] only.

pub mod cli;
pub mod cmd;
pub mod diagnose;
pub mod event;
pub mod exam;
pub mod fault;
pub mod moment;
pub mod net;
pub mod report;
pub mod watch;
pub mod wire;
