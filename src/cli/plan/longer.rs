//! The words of `--idle` and `--deep` become plans. Owns their defaults.

use crate::cli::ProbeArgs;
use crate::cli::values::SendArg;
use crate::cmd::{deep, idle};
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
