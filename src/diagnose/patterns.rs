//! What drops of a run have in common, and what a single one says beside its class. Owns the order in which the
//! patterns are tried: sizes, then silence or age against number and clock, whichever explains more; each is a file.

mod clock;
pub(super) mod counts;
mod lone;
mod size_reasons;
mod sizes;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use crate::diagnose::conduct;
use crate::diagnose::ends::Dropped;
use crate::diagnose::idle::{self, Common};
use crate::event::Finding;
use crate::moment::Span;

/// The patterns of several drops, or of one at a well-known limit. `heartbeat` is the client's interval.
pub fn common(drops: &[Dropped], heartbeat: Option<Span>) -> Vec<Common> {
    let large = sizes::several(drops);
    let is_free = |index: &usize| !sizes::is_after_large(&drops[*index]) && lone::forgotten(&drops[*index]).is_none();
    let rest: Vec<usize> = (0..drops.len()).filter(is_free).collect();
    let time = idle::judge(drops, &rest, heartbeat);
    let other = clock::judge(drops, &rest).into_iter().chain(counts::judge(drops, &rest));
    let best = time.into_iter().chain(other).reduce(more);
    large.into_iter().chain(best).map(|common| tempered(common, drops)).collect()
}

/// What rests on one drop alone may be of our own making.
fn tempered(common: Common, drops: &[Dropped]) -> Common {
    let Common { finding, explains } = common;
    let finding = match explains.as_slice() {
        [only] => conduct::tempered(finding, &drops[*only].ended),
        _ => finding,
    };
    Common { finding, explains }
}

/// The one that explains more drops; the first of equals.
fn more(one: Common, other: Common) -> Common {
    if other.explains.len() > one.explains.len() { other } else { one }
}

/// What one drop says by itself, where that is more than its class.
pub fn alone(dropped: &Dropped) -> Option<Finding> {
    if dropped.farewell {
        return None;
    }
    sizes::alone(dropped)
        .or_else(|| lone::keepalive(dropped))
        .or_else(|| lone::application_silent(dropped))
        .or_else(|| lone::forgotten(dropped))
        .or_else(|| lone::upon_ours(dropped))
}
