//! The flags of heartbeats, the same for every command.
//!
//! Owns the words. Every one is `None` unless given by hand, so that a preset can fill it in and each command has its own
//! default.

use clap::{Args, ValueEnum};

use super::values::{self, AnswerArg, Limit, SendArg};

/// When a heartbeat goes out, what it is, and what settles it.
#[derive(Args, Clone, Debug)]
pub struct HeartbeatArgs {
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

    /// ping, text:TEXT, hex:BYTES, auto or a preset's name (ping)
    ///
    /// auto: what fits the server, recognised by its subprotocol or its first message. A preset brings its answer and
    /// its times too, as --heartbeat-preset.
    #[arg(long, value_name = "WHAT", value_parser = values::heartbeat_send, hide_short_help = true)]
    pub heartbeat_send: Option<SendArg>,

    /// What settles it: any, match, text:TEXT, regex:REGEX or none (any)
    #[arg(long, value_name = "WHAT", value_parser = values::heartbeat_answer, hide_short_help = true)]
    pub heartbeat_answer: Option<AnswerArg>,

    /// How many unanswered in a row make a drop (1)
    #[arg(long, value_name = "N", value_parser = values::count, allow_hyphen_values = true, hide_short_help = true)]
    pub heartbeat_misses: Option<u32>,

    /// Payload, answer and times of a known server or client; a flag given by hand beats it
    ///
    /// heartcheck: text "HeartBeat" after 60s of silence, any answer within 60s. phoenix, engineio, graphql, signalr,
    /// discord, mqtt and some fifty more: wscope explain NAME tells of one, docs/heartbeats.md lists all.
    #[arg(long, value_name = "NAME", value_parser = values::name, hide_short_help = true)]
    pub heartbeat_preset: Option<String>,

    /// More presets, in TOML (docs/heartbeats.md); of the same name the file's stands
    #[arg(long, value_name = "FILE.toml", hide_short_help = true)]
    pub heartbeat_file: Option<String>,
}

/// `--heartbeat-clock`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClockArg {
    Idle,
    Fixed,
}
