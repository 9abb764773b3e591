//! The flags with which a connection is made anew, and the limits on opening and closing it.
//!
//! Owns the words; those of heartbeats are `heartbeat_args`'. Every one is `None` unless given by hand, so that a preset can fill it in; the defaults named in the
//! help are those of `watch::heartbeat` and `watch::reconnect`.

use clap::Args;
use regex::Regex;

use super::HeartbeatArgs;
use super::values::{self, Limit};
use crate::moment::Span;

/// Times, heartbeats and reconnects.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Staying alive")]
pub struct TimeArgs {
    /// Name, TCP, TLS and upgrade together (10s)
    ///
    /// The phase that used it up is named.
    #[arg(
        long,
        value_name = "DUR|off",
        value_parser = values::limit, allow_hyphen_values = true,
        help_heading = "Reaching the peer",
        hide_short_help = true
    )]
    pub connect_timeout: Option<Limit>,

    /// How long the answer to our Close may take (5s)
    #[arg(
        long,
        value_name = "DUR|off",
        value_parser = values::limit_or_zero, allow_hyphen_values = true,
        help_heading = "Reaching the peer",
        hide_short_help = true
    )]
    pub close_timeout: Option<Limit>,

    /// TCP keepalives at that interval (off)
    #[arg(
        long,
        value_name = "DUR|off",
        value_parser = values::limit, allow_hyphen_values = true,
        help_heading = "Reaching the peer",
        hide_short_help = true
    )]
    pub tcp_keepalive: Option<Limit>,

    #[command(flatten)]
    pub beats: HeartbeatArgs,

    /// Connect again after a drop, N times at most
    ///
    /// Without N: no limit. Only after a first open.
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, value_parser = values::count, allow_hyphen_values = true)]
    pub reconnect: Option<Option<u32>>,

    /// The first wait before a reconnect (1s)
    #[arg(long, value_name = "DUR", value_parser = values::span, allow_hyphen_values = true, hide_short_help = true)]
    pub reconnect_delay: Option<Span>,

    /// The longest wait before a reconnect (30s)
    #[arg(long, value_name = "DUR|off", value_parser = values::limit, allow_hyphen_values = true, hide_short_help = true)]
    pub reconnect_max_delay: Option<Limit>,

    /// How long a connection must stay up before the waits start anew (5s)
    #[arg(long, value_name = "DUR", value_parser = values::span_or_zero, allow_hyphen_values = true, hide_short_help = true)]
    pub min_uptime: Option<Span>,

    /// How the waits grow: a known client's way, or FILE.toml (full-jitter)
    ///
    /// full-jitter, joewalnes, pladaria, phoenix, socketio, graphql-ws, or a file with growth, jitter, cap and what is
    /// never retried.
    #[arg(long, value_name = "NAME|FILE.toml", value_parser = values::name, hide_short_help = true)]
    pub reconnect_profile: Option<String>,

    /// A message that announces the drop (known products' own)
    ///
    /// A drop that follows it is told as a note instead of an error.
    #[arg(long, value_name = "REGEX", value_parser = values::pattern, hide_short_help = true)]
    pub farewell: Option<Regex>,

    /// Make jitter and chance repeatable
    #[arg(long, value_name = "N", value_parser = values::seed, allow_hyphen_values = true, hide_short_help = true)]
    pub seed: Option<u64>,
}
