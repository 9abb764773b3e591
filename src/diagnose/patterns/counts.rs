//! Drops after the same number of messages. Owns when such a number is more than chance.

use crate::diagnose::ends::Dropped;
use crate::diagnose::idle::Common;
use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Direction, Ended, Finding, Side, show};
use crate::moment::Span;

/// Three drops or more after so many messages are no chance.
const LEAST_OF_SEVERAL: u64 = 5;
/// Two drops are none from here on.
const LEAST_OF_TWO: u64 = 10;
/// The last message came so shortly before the end.
const RECENT: Span = Span::from_secs(1);

/// Looks for a number of messages after which connections are ended.
pub(super) fn judge(drops: &[Dropped], among: &[usize]) -> Option<Common> {
    let ways = [Direction::Out, Direction::In];
    let (number, way, explains) = ways
        .into_iter()
        .filter_map(|way| largest(drops, among, way).map(|(number, cluster)| (number, way, cluster)))
        .max_by_key(|(_, _, cluster)| cluster.len())?;
    let ages: Vec<Span> = explains.iter().map(|index| drops[*index].ended.age).collect();
    let (least, most) = (ages.iter().min().copied()?, ages.iter().max().copied()?);
    let messages = show::count(number, "message");
    let (fact, said) = match way {
        Direction::Out => (format!("connections are ended after {messages} of ours"), "sent"),
        Direction::In => (format!("connections are ended after {messages} of the server side's"), "received"),
    };
    let confidence = if explains.len() >= 3 { Likely } else { Possible };
    let drops_words = show::count(explains.len() as u64, "drop");
    let finding = Finding::of("count-limit", "server side", fact)
        .saw(format!("{drops_words} with {number} {said} each, ages {} to {}", show::span(least), show::span(most)))
        .because(
            confidence,
            "a limit on the messages of one connection; or this message, by its place, breaks the server each time",
        );
    Some(Common { finding, explains })
}

/// The number of messages that all of these drops came right behind, and which way they went.
pub(in crate::diagnose) fn same(drops: &[Dropped], like: &[usize]) -> Option<(u64, &'static str)> {
    let words = |way: Direction| if way == Direction::Out { "out" } else { "in" };
    [Direction::Out, Direction::In].into_iter().find_map(|way| {
        let (number, cluster) = largest(drops, like, way)?;
        (cluster.len() == like.len()).then(|| (number, words(way)))
    })
}

/// The number that most drops agree on, if that is more than chance.
fn largest(drops: &[Dropped], among: &[usize], way: Direction) -> Option<(u64, Vec<usize>)> {
    let mut counted: Vec<(u64, usize)> = among
        .iter()
        .filter(|index| is_ours_to_judge(&drops[**index]))
        .filter_map(|index| Some((number(&drops[*index].ended, way)?, *index)))
        .collect();
    counted.sort_unstable();
    let clusters = counted.chunk_by(|one, other| one.0 == other.0);
    let best =
        clusters.filter(|cluster| is_no_chance(cluster[0].0, cluster.len())).max_by_key(|cluster| cluster.len())?;
    Some((best[0].0, best.iter().map(|(_, index)| *index).collect()))
}

fn is_ours_to_judge(dropped: &Dropped) -> bool {
    !dropped.farewell && dropped.ended.by == Side::Peer
}

/// How many messages there were, if the last passed right before the end.
fn number(ended: &Ended, way: Direction) -> Option<u64> {
    let (number, quiet) = match way {
        Direction::Out => (ended.messages_out, ended.quiet_out),
        Direction::In => (ended.messages_in, ended.quiet_in),
    };
    (quiet <= RECENT).then_some(number)
}

fn is_no_chance(number: u64, drops: usize) -> bool {
    match drops {
        0 | 1 => false,
        2 => number >= LEAST_OF_TWO,
        _ => number >= LEAST_OF_SEVERAL,
    }
}
