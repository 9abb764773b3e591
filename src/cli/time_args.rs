//! The flags with which a connection is kept alive, watched and made anew, and the limits on opening and closing it.
//!
//! Owns the words. Every one is `None` unless given by hand, so that a preset can fill it in; the defaults named in the
//! help are those of `watch::heartbeat` and `watch::reconnect`.

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use regex::Regex;

use super::values::{self, AnswerArg, Limit, SendArg};
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

    /// Quiet time after which a heartbeat goes out (20s)
    ///
    /// With --heartbeat-clock fixed: the interval. off: none is sent. Also --ping-interval.
    #[arg(long, alias = "ping-interval", value_name = "DUR|off", value_parser = values::limit, allow_hyphen_values = true)]
    pub heartbeat: Option<Limit>,

    /// How long its answer may take, from when it was written (20s)
    ///
    /// Also --ping-timeout.
    #[arg(
        long,
        alias = "ping-timeout",
        value_name = "DUR|off",
        value_parser = values::limit, allow_hyphen_values = true,
        hide_short_help = true
    )]
    pub heartbeat_timeout: Option<Limit>,

    /// idle: each sign of life restarts the timer; fixed: one each interval (idle)
    #[arg(long, value_name = "CLOCK", value_enum, hide_short_help = true)]
    pub heartbeat_clock: Option<ClockArg>,

    /// ping, text:TEXT or hex:BYTES (ping)
    #[arg(long, value_name = "WHAT", value_parser = values::heartbeat_send, hide_short_help = true)]
    pub heartbeat_send: Option<SendArg>,

    /// What settles it: any, match, text:TEXT, regex:REGEX or none (any)
    #[arg(long, value_name = "WHAT", value_parser = values::heartbeat_answer, hide_short_help = true)]
    pub heartbeat_answer: Option<AnswerArg>,

    /// How many unanswered in a row make a drop (1)
    #[arg(long, value_name = "N", value_parser = values::count, allow_hyphen_values = true, hide_short_help = true)]
    pub heartbeat_misses: Option<u32>,

    /// Payload, answer and times of a known client; a flag given by hand beats it
    ///
    /// heartcheck: text "HeartBeat" after 60s of silence, any answer within 60s.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(["heartcheck"]), hide_short_help = true)]
    pub heartbeat_preset: Option<String>,

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

/// `--heartbeat-clock`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClockArg {
    Idle,
    Fixed,
}
