//! Drops at the same moment, or at the same time of the minute or the hour. Owns when that is more than chance; drops
//! of the same age are no matter of the clock.

use crate::diagnose::ends::Dropped;
use crate::diagnose::idle::{Common, agree};
use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Finding, show};
use crate::moment::Span;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 3_600_000;
/// Drops of one restart are so close, in milliseconds.
const TOGETHER: i64 = 1_000;

/// A time that comes again.
struct Cycle {
    length: i64,
    /// How far apart the drops may be in it, in milliseconds.
    window: i64,
    /// So many drops are more than chance.
    drops: usize,
    word: &'static str,
}

const CYCLES: [Cycle; 2] = [
    Cycle { length: MINUTE, window: 2_000, drops: 3, word: "minute" },
    Cycle { length: HOUR, window: 10_000, drops: 2, word: "hour" },
];

/// Looks for a moment or a time of the clock behind these drops.
pub(super) fn judge(drops: &[Dropped], among: &[usize]) -> Option<Common> {
    let like: Vec<usize> = among.iter().copied().filter(|index| !drops[*index].farewell).collect();
    together(drops, &like).or_else(|| CYCLES.iter().find_map(|cycle| in_cycle(drops, &like, cycle)))
}

/// The most drops in one second, if they are of different age.
fn together(drops: &[Dropped], like: &[usize]) -> Option<Common> {
    let millis = |index: usize| i64::try_from(drops[index].at.nanos() / 1_000_000).unwrap_or(i64::MAX);
    let mut sorted: Vec<(i64, usize)> = like.iter().map(|index| (millis(*index), *index)).collect();
    sorted.sort_unstable();
    let explains = largest(&sorted, TOGETHER);
    if explains.len() < 2 || is_same_age(drops, &explains) || !were_open_at_once(drops, &explains) {
        return None;
    }
    let number = show::count(explains.len() as u64, "drop");
    let fact = format!("{number} in the same second, at different ages");
    let finding =
        Finding::of("drops-together", "server side", fact).saw(format!("ages {}", ages(drops, &explains))).because(
            if explains.len() >= 3 { Likely } else { Possible },
            "a restart, a deployment or a reload ends all connections at once (ingress-nginx: 240 s after any change \
             of its configuration, unless worker-shutdown-timeout is set); or the path to all of them was cut",
        );
    Some(Common { finding, explains })
}

/// Was the last of them open before the first ended? One connection after another can end in one second too.
fn were_open_at_once(drops: &[Dropped], of: &[usize]) -> bool {
    let opened = |drop: &Dropped| drop.at.nanos().saturating_sub(drop.ended.age.nanos());
    let last_open = of.iter().map(|index| opened(&drops[*index])).max();
    let first_end = of.iter().map(|index| drops[*index].at.nanos()).min();
    last_open < first_end
}

/// The most drops at one time of the cycle, each in another turn of it.
fn in_cycle(drops: &[Dropped], like: &[usize], cycle: &Cycle) -> Option<Common> {
    let mut sorted: Vec<(i64, usize)> = Vec::new();
    for index in like {
        let at = drops[*index].wall_unix_ms?.rem_euclid(cycle.length);
        // A second time, one turn later: a group may lie across the turn.
        sorted.push((at, *index));
        sorted.push((at + cycle.length, *index));
    }
    sorted.sort_unstable();
    let explains = largest(&sorted, cycle.window);
    let first = drops[*explains.first()?].wall_unix_ms?;
    // Half a turn on, so that those before and behind the first one's time are in the same turn.
    let turn = |at: i64| (at - first + cycle.length / 2).div_euclid(cycle.length);
    let mut turns: Vec<i64> = explains.iter().filter_map(|index| drops[*index].wall_unix_ms).map(turn).collect();
    turns.dedup();
    if turns.len() < cycle.drops || turns.len() < explains.len() || is_same_age(drops, &explains) {
        return None;
    }
    let at = first.rem_euclid(cycle.length) / 1000;
    let time = match cycle.length {
        MINUTE => format!("second {at:02}"),
        _ => format!("{:02}:{:02}", at / 60, at % 60),
    };
    let number = show::count(explains.len() as u64, "drop");
    let word = cycle.word;
    let fact = format!("{number} at the same time of the {word}: {time}");
    let finding = Finding::of("drops-by-clock", "server side", fact)
        .saw(format!("ages {}: the clock counts, not age", ages(drops, &explains)))
        .because(
            if explains.len() > cycle.drops { Likely } else { Possible },
            "something that runs by the clock: a scheduled job, a reload, a rotation; or chance, in so few drops",
        )
        .advise(format!("look for what runs at {time} of each {word} on the server and on the proxies before it"));
    Some(Common { finding, explains })
}

/// The most indices whose times are within `window`, in order.
fn largest(sorted: &[(i64, usize)], window: i64) -> Vec<usize> {
    let (mut from, mut best) = (0, 0..0);
    for to in 0..sorted.len() {
        while sorted[to].0 - sorted[from].0 > window {
            from += 1;
        }
        if to + 1 - from > best.len() {
            best = from..to + 1;
        }
    }
    let mut indices: Vec<usize> = sorted[best].iter().map(|(_, index)| *index).collect();
    indices.sort_unstable();
    indices
}

fn is_same_age(drops: &[Dropped], of: &[usize]) -> bool {
    let ages: Vec<Span> = of.iter().map(|index| drops[*index].ended.age).collect();
    agree(&ages)
}

fn ages(drops: &[Dropped], of: &[usize]) -> String {
    let ages: Vec<Span> = of.iter().map(|index| drops[*index].ended.age).collect();
    let least = ages.iter().min().copied().unwrap_or_default();
    let most = ages.iter().max().copied().unwrap_or_default();
    format!("{} to {}", show::span(least), show::span(most))
}
