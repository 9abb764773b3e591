//! The flags of every command that say what is shown, and how.
//!
//! Owns the words only: what is printed where is `report`'s.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

/// What is shown.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "What is shown")]
pub struct OutputArgs {
    /// Show more: -v heads and heartbeats, -vv every frame, -vvv hex
    #[arg(short = 'v', action = ArgAction::Count)]
    pub verbose: u8,

    /// Show less: only what failed; serve: only its address
    #[arg(short = 'q', long, hide_short_help = true)]
    pub quiet: bool,

    /// Events as JSON Lines on stdout, and nothing else there
    #[arg(long)]
    pub json: bool,

    /// Colours; auto: at a terminal, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = ColorArg::Auto, hide_short_help = true)]
    pub color: ColorArg,

    /// The time before a line: none, seconds since the start, or the clock's
    #[arg(long, value_name = "KIND", value_enum, default_value_t = TimestampsArg::Relative, hide_short_help = true)]
    pub timestamps: TimestampsArg,

    /// Keep every event of the run in that file, as JSON Lines
    ///
    /// All frames and whole messages too, whatever is shown. A file that is there is written anew; one that is made is
    /// for its owner only.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub record: Option<PathBuf>,

    /// Show secrets: Authorization, cookies, token-like query values
    #[arg(long, hide_short_help = true)]
    pub no_redact: bool,
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorArg {
    Auto,
    Always,
    Never,
}

/// `--timestamps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TimestampsArg {
    None,
    Relative,
    Wall,
}
