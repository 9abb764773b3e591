//! The words of `--idle` and `--deep` become plans. Owns their defaults.

use crate::cli::ProbeArgs;
use crate::cli::values::{Limit, SendArg};
use crate::cmd::{deep, idle};
use crate::event::show::span;
use crate::moment::Span;

const IDLE_MAX: Span = Span::from_secs(150);
/// What the text socket of `--idle` sends, unless a heartbeat's text is given.
const IDLE_TEXT: &str = "wscope";

/// The plan of `--idle`, if it is asked for.
pub fn idle(args: &ProbeArgs) -> Option<idle::Plan> {
    let text = match &args.time.beats.heartbeat_send {
        Some(SendArg::Text(text)) => text.clone(),
        _ => IDLE_TEXT.into(),
    };
    let max = args.exam.idle_max.unwrap_or(IDLE_MAX);
    args.exam.idle.then(|| idle::Plan { max, text, subscribe: args.execute.clone() })
}

/// Beside the wait of `--idle`: its sockets are opened one after another, watched past the limit, and closed.
const IDLE_AROUND: Span = Span::from_secs(5);

/// Does the wait of `--idle` fit into the time limit?
///
/// # Errors
/// One line, with a wait that would.
pub fn fits(limit: Option<Limit>, idle: Option<&idle::Plan>) -> Result<(), String> {
    let (Some(Limit::After(limit)), Some(idle)) = (limit, idle) else { return Ok(()) };
    if idle.max < limit {
        return Ok(());
    }
    let fitting = match limit.nanos().saturating_sub(IDLE_AROUND.nanos()) / 1_000_000_000 {
        0 => String::new(),
        seconds => format!("; --idle-max {seconds}s would fit"),
    };
    Err(format!(
        "--timeout {}: expected more than the {} of --idle-max, got no more{fitting}",
        span(limit),
        span(idle.max)
    ))
}

/// The plan of `--deep`, if it is asked for.
pub fn deep(args: &ProbeArgs) -> Option<deep::Plan> {
    args.exam.deep.then(|| deep::Plan {
        strict: args.exam.strict,
        message: args.execute.first().cloned(),
        unused_proxies: super::unused_proxies(),
    })
}

/// The time of the examination behind the steps.
pub fn beside(deep: Option<&deep::Plan>) -> Span {
    deep.map_or(Span::ZERO, deep::Plan::at_most_beside)
}
