//! The words of `wscope serve`.
//!
//! Owns the flags. What a fault spec means is `fault`'s, how the server behaves is `cmd`'s.

use std::path::PathBuf;

use clap::Args;

use super::fields::{HeaderArg, Secret};
use super::values::{self, ListenArg, ModeArg};
use super::{HeartbeatArgs, OutputArgs};
use crate::moment::Span;

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

    /// What is done with messages.
    #[arg(
        long,
        value_name = "MODE",
        default_value = "echo",
        value_parser = values::mode,
        hide_default_value = true,
        help = "echo, broadcast, silent, source, sink, script=FILE",
        long_help = MODE_HELP
    )]
    pub mode: ModeArg,

    /// Messages a second that source and /stream send (1)
    #[arg(long, value_name = "N", value_parser = values::rate, allow_hyphen_values = true, hide_short_help = true)]
    pub rate: Option<f64>,

    /// Bytes of a message that source and /stream send (64)
    #[arg(long, value_name = "SIZE", value_parser = values::size, hide_short_help = true)]
    pub size: Option<u64>,

    /// Messages that source sends, then Close 1000 (without end)
    #[arg(long, value_name = "N", value_parser = values::count, allow_hyphen_values = true, hide_short_help = true)]
    pub count: Option<u32>,

    /// What is done wrong on purpose, for every client; not yet parsed.
    #[arg(
        long,
        value_name = "SPEC",
        help = "Do that wrong on purpose, for every client (repeat)",
        long_help = FAULT_HELP
    )]
    pub fault: Vec<String>,

    /// How likely a connection is to get the faults, from 0 to 1 (1)
    #[arg(long, value_name = "P", value_parser = values::chance, allow_hyphen_values = true, hide_short_help = true)]
    pub fault_chance: Option<f64>,

    /// Make chance and jitter repeatable
    #[arg(long, value_name = "N", value_parser = values::seed, allow_hyphen_values = true, hide_short_help = true)]
    pub seed: Option<u64>,

    /// Speak TLS, with a certificate made on the spot
    #[arg(long)]
    pub tls: bool,

    /// Write the CA of that certificate there, as PEM
    #[arg(long, value_name = "FILE", conflicts_with = "cert", hide_short_help = true)]
    pub ca_out: Option<PathBuf>,

    /// Speak TLS with that certificate chain, as PEM
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub cert: Option<PathBuf>,

    /// The key of that certificate, as PEM
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub key: Option<PathBuf>,

    /// Take only clients with a certificate of that CA, as PEM
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub client_ca: Option<PathBuf>,

    /// Agree on the client's first subprotocol that is among these (repeat)
    #[arg(short, long, hide_short_help = true, value_name = "NAME", value_parser = super::fields::subprotocol, alias = "protocol")]
    pub subprotocol: Vec<String>,

    /// Answer other origins with 403; no Origin passes (repeat)
    #[arg(long, hide_short_help = true, value_name = "ORIGIN", value_parser = super::fields::field_value)]
    pub allow_origin: Vec<String>,

    /// Ask for these credentials, for the page too: USER:PASS, @FILE or env:NAME
    #[arg(long, hide_short_help = true, value_name = "USER:PASS", value_parser = super::fields::secret)]
    pub auth: Option<Secret>,

    /// Put that into every 101: 'Name: value', @FILE or env:NAME (repeat)
    #[arg(short = 'H', long, value_name = "HEADER", value_parser = super::fields::header, hide_short_help = true)]
    pub header: Vec<HeaderArg>,

    /// Answer clients of the drafts hixie-75 and hixie-76, with an echo
    #[arg(long, hide_short_help = true)]
    pub allow_hixie: bool,

    /// The largest message that is taken; beyond it Close 1009 (64MiB)
    #[arg(long, value_name = "SIZE", value_parser = values::size, hide_short_help = true)]
    pub max_message: Option<u64>,

    /// Answer more open connections than that with 503
    #[arg(long, value_name = "N", value_parser = values::count, allow_hyphen_values = true)]
    pub max_connections: Option<u32>,

    /// Take one connection, then exit
    #[arg(long)]
    pub oneshot: bool,

    /// Stop after that long, as if interrupted
    #[arg(long, value_name = "DUR", value_parser = values::span, allow_hyphen_values = true, hide_short_help = true)]
    pub duration: Option<Span>,

    #[command(flatten, next_help_heading = "Heartbeats (off unless one of these is given)")]
    pub beats: HeartbeatArgs,

    #[command(flatten)]
    pub output: OutputArgs,
}

const FAULT_HELP: &str = "\
Do that wrong on purpose, for every client (repeat)

NAME[=VALUE][;key=value...][@WHEN], several joined by +; WHEN is 5s, 3frames or 1KB after the open. One client gets a \
fault by its path: ws://ADDR/fault/SPEC. Names: reject=STATUS, redirect, spa, no-answer, slow-head, bad-accept[=KIND], \
no-upgrade, no-connection, keep-alive, extension, subprotocol, http10, junk; close=CODE[:REASON], farewell, close-ignored, \
no-pong, wrong-pong, late-pong, unsolicited-pong, masked, rsv1, rsv2, rsv3, opcode, bad-utf8, bad-utf8-cut, continuation, \
fragmented-ping, long-ping, interleaved, ping-inside, half-frame, oversize, http-text, fragments; fin, rst, freeze, tls-truncate, \
latency, bandwidth, slicer, limit-data, lifetime, idle, kick-all, flap. wscope explain NAME tells of each.";

const MODE_HELP: &str = "\
What is done with messages (echo)

echo: each comes back. broadcast: each goes to every client, its sender too. silent: nothing is sent. source: messages are \
sent by themselves (--rate, --size, --count). sink: messages are read and counted. script=FILE: a time line \
(docs/scripts.md). One client gets another mode by its path: /echo, /broadcast, /silent, /source, /sink; /stream is the \
message stream that /poll, /long-poll and /events carry too.";
