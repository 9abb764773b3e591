//! The words of `wscope serve`.
//!
//! Owns the flags. What a fault spec means is `fault`'s, how the server behaves is `cmd`'s.

use std::path::PathBuf;

use clap::Args;

use super::OutputArgs;
use super::values::{self, ListenArg};

/// `wscope serve [ADDR]`.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Where to listen.
    #[arg(
        value_name = "ADDR",
        default_value = "127.0.0.1:9001",
        value_parser = values::listen_address,
        hide_default_value = true,
        help = "[ADDR:]PORT, :PORT, [::1]:0 or unix:/path (127.0.0.1:9001)"
    )]
    pub address: ListenArg,

    /// Speak TLS, with a certificate made on the spot
    #[arg(long)]
    pub tls: bool,

    /// Write the CA of that certificate there, as PEM
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub ca_out: Option<PathBuf>,

    /// What is done wrong on purpose, for every client; not yet parsed.
    #[arg(
        long,
        value_name = "SPEC",
        help = "Do that wrong on purpose, for every client (repeat)",
        long_help = FAULT_HELP
    )]
    pub fault: Vec<String>,

    #[command(flatten)]
    pub output: OutputArgs,
}

const FAULT_HELP: &str = "\
Do that wrong on purpose, for every client (repeat)

NAME[=VALUE][;key=value...][@WHEN], several joined by +; WHEN is 5s, 3frames or 1KB after the open. One client gets a \
fault by its path: ws://ADDR/fault/SPEC. Names: reject=STATUS, redirect, spa, no-answer, slow-head, bad-accept[=KIND], \
no-upgrade, no-connection, keep-alive, extension, subprotocol, http10, junk; close=CODE[:REASON], farewell, close-ignored, \
no-pong, wrong-pong, late-pong, unsolicited-pong, masked, rsv1, rsv2, rsv3, opcode, bad-utf8, bad-utf8-cut, continuation, \
fragmented-ping, long-ping, interleaved, half-frame, oversize, http-text; fin, rst, freeze. docs/faults.md has each.";
