//! What several drops have in common in time: the same silence before each (an idle limit) or the same age (a maximum
//! age); one drop is enough at a well-known limit. Owns which drops agree and on what. Who has such a limit is in
//! `idle/blame.rs` by the table of `limits`, the sentences are in `idle/words.rs`, each drop by itself is `ends`'s.

mod blame;
pub mod measured;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests;
mod words;

use crate::diagnose::ends::Dropped;
use crate::diagnose::facts::says;
use crate::diagnose::limits::{self, Counts, Kind};
use crate::event::{Ended, Finding, How, Side};
use crate::moment::Span;

/// What several drops agree on may be this short.
const SHORTEST: Span = Span::from_secs(1);
/// Two drops must agree closely on what is shorter than this: three or more are less likely to do so by chance.
const SHORT: Span = Span::from_secs(5);
/// How closely, in seconds.
const CLOSE: f64 = 0.15;
/// One drop is no sign of a shorter limit, unless the product is known.
const SHORTEST_UNKNOWN: u64 = 30;
/// A timer fires at the moment that it was set to, or a little later: so far from whole seconds, in seconds.
const EARLY: f64 = 0.02;
const LATE: f64 = 0.08;
/// One drop at an age like this is the sign of a maximum age, whoever sets it.
const LONG: u64 = 3600;

/// What several drops have in common, and which of them it explains (by index).
pub struct Common {
    pub finding: Finding,
    pub explains: Vec<usize>,
}

/// Which bytes end a silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum Counting {
    Any,
    In,
    Out,
    /// Messages only.
    Data,
}

impl Counting {
    const ALL: [Counting; 4] = [Counting::Any, Counting::In, Counting::Out, Counting::Data];

    /// None where it is not known any more.
    fn silence(self, ended: &Ended) -> Option<Span> {
        match self {
            Counting::Any => Some(ended.quiet_in.min(ended.quiet_out)),
            Counting::In => Some(ended.quiet_in),
            Counting::Out => Some(ended.quiet_out),
            Counting::Data => ended.last_frames.iter().filter(|frame| frame.opcode <= 2).map(|frame| frame.ago).min(),
        }
    }

    /// The limits that such a silence can come of.
    fn counts(self) -> &'static [Counts] {
        match self {
            Counting::Any => &[Counts::Either, Counts::FromServer, Counts::FromClient, Counts::Data],
            Counting::In => &[Counts::FromServer],
            Counting::Out => &[Counts::FromClient],
            Counting::Data => &[Counts::Data],
        }
    }
}

/// Looks for one limit behind these of the drops. `heartbeat` is the client's interval, if it sends heartbeats.
pub fn judge(drops: &[Dropped], among: &[usize], heartbeat: Option<Span>) -> Option<Common> {
    [is_cut, is_quiet_close].into_iter().find_map(|kind: fn(&Dropped) -> bool| {
        let like: Vec<usize> = among.iter().copied().filter(|index| kind(&drops[*index])).collect();
        judge_like(drops, &like, heartbeat)
    })
}

fn judge_like(drops: &[Dropped], like: &[usize], heartbeat: Option<Span>) -> Option<Common> {
    if let [only] = like {
        return single(drops, *only, heartbeat);
    }
    let ages: Vec<Span> = like.iter().map(|index| drops[*index].ended.age).collect();
    let same_age = agree(&ages);
    if same_age && is_known_lifetime(&drops[*like.first()?]) {
        return Some(words::lifetime(drops, like));
    }
    let found = Counting::ALL.into_iter().find_map(|counting| {
        let cluster = largest_cluster(drops, like, counting, heartbeat);
        (cluster.len() >= 2).then_some((counting, cluster))
    });
    match found {
        // Of messages alone, an age is the simpler cause: the other is named there.
        Some((Counting::Data, _)) if same_age => Some(words::lifetime(drops, like)),
        Some((counting, cluster)) if !same_age || cluster.len() == like.len() => {
            Some(words::idle(drops, cluster, counting, heartbeat))
        }
        _ if same_age => Some(words::lifetime(drops, like)),
        _ => None,
    }
}

/// One drop is enough where its silence or its age is a well-known limit, or its Close says that it was idle.
fn single(drops: &[Dropped], only: usize, heartbeat: Option<Span>) -> Option<Common> {
    let first = &drops[only];
    let ended = &first.ended;
    if is_known_lifetime(first) {
        return Some(words::lifetime(drops, &[only]));
    }
    let counting = match &ended.how {
        How::Close { code: Some(1000), reason } if reason.is_empty() => Counting::Out,
        _ => Counting::Any,
    };
    let silence = counting.silence(ended)?;
    let told = matches!(&ended.how, How::Close { reason, .. } if says_idle(reason));
    if told || is_known_silence(first, silence, counting) && !is_refuted(ended, silence, counting, heartbeat) {
        return Some(words::idle(drops, vec![only], counting, heartbeat));
    }
    if is_set_silence(first, silence, counting) && !is_refuted(ended, silence, counting, heartbeat) {
        return Some(words::idle_or_chance(drops, only, counting, heartbeat));
    }
    let long = limits::suspects(Kind::Lifetime, ended.age.seconds(), first, &[Counts::Nothing]);
    let is_long = long.fitting.iter().any(|known| known.seconds >= LONG);
    (is_long && is_cut(first)).then(|| words::lifetime(drops, &[only]))
}

/// Is this silence a limit of a product that the connection gives away, or one that is common?
fn is_known_silence(dropped: &Dropped, silence: Span, counting: Counting) -> bool {
    let found = limits::suspects(Kind::Idle, silence.seconds(), dropped, counting.counts());
    found.recognised.is_some() || found.fitting.iter().any(|known| known.seconds >= SHORTEST_UNKNOWN)
}

/// Is this silence one that people set a limit to, of the product that is recognised, or of anybody where nothing passed
/// since the open?
fn is_set_silence(dropped: &Dropped, silence: Span, counting: Counting) -> bool {
    let whole = (silence.seconds() + EARLY).floor();
    let is_round = match whole as u64 {
        0 | 1 => false,
        2..=5 => true,
        6..=60 => whole % 5.0 == 0.0,
        _ => whole % 15.0 == 0.0,
    };
    is_round
        && silence.seconds() - whole <= LATE
        && is_cut(dropped)
        && (limits::set_otherwise(Kind::Idle, dropped, counting.counts()).is_some()
            || dropped.ended.age.seconds() - silence.seconds() <= LATE)
}

/// Is this age the maximum of a product that the connection gives away, and not a silence of another's?
fn is_known_lifetime(dropped: &Dropped) -> bool {
    let found = limits::suspects(Kind::Lifetime, dropped.ended.age.seconds(), dropped, &[Counts::Nothing]);
    let is_verified = found.recognised.is_some_and(|(known, _)| known.verified);
    let silence = dropped.ended.quiet_in.min(dropped.ended.quiet_out);
    let idle = limits::suspects(Kind::Idle, silence.seconds(), dropped, Counting::Any.counts());
    is_verified && idle.recognised.is_none()
}

pub(in crate::diagnose) fn is_cut(dropped: &Dropped) -> bool {
    !dropped.farewell && dropped.ended.mid_frame.is_none() && dropped.ended.how.is_cut()
}

fn is_quiet_close(dropped: &Dropped) -> bool {
    let quiet = match &dropped.ended.how {
        How::Close { code: None, .. } => true,
        How::Close { code: Some(1000 | 1001), reason } => reason.is_empty() || says_idle(reason),
        _ => false,
    };
    quiet && !dropped.farewell && dropped.ended.by == Side::Peer
}

fn says_idle(reason: &str) -> bool {
    says(reason, "idle")
}

/// The most drops whose silences agree, oldest first; without those too short, and those survived before.
fn largest_cluster(drops: &[Dropped], like: &[usize], counting: Counting, heartbeat: Option<Span>) -> Vec<usize> {
    let mut sorted: Vec<(Span, usize)> = like
        .iter()
        .filter_map(|index| Some((counting.silence(&drops[*index].ended)?, *index)))
        .filter(|(silence, index)| !is_refuted(&drops[*index].ended, *silence, counting, heartbeat))
        .filter(|(silence, _)| *silence >= SHORTEST)
        .collect();
    sorted.sort_unstable();
    let (mut from, mut best) = (0, 0..0);
    for to in 0..sorted.len() {
        while sorted[to].0.seconds() - sorted[from].0.seconds() > apart(like.len(), sorted[from].0) {
            from += 1;
        }
        if to + 1 - from > best.len() {
            best = from..to + 1;
        }
    }
    let mut cluster: Vec<usize> = sorted[best].iter().map(|(_, index)| *index).collect();
    cluster.sort_unstable();
    cluster
}

/// A heartbeat that goes out after a longer silence was answered on this very connection: it survived such a silence.
/// Of messages alone, heartbeats tell nothing.
fn is_refuted(ended: &Ended, silence: Span, counting: Counting, heartbeat: Option<Span>) -> bool {
    let Some(interval) = heartbeat.filter(|_| counting != Counting::Data) else { return false };
    ended.answered_ago.is_some() && silence.seconds() + tolerance(silence) < interval.seconds()
}

/// Do all of them agree, and are they long enough to be a limit?
pub(in crate::diagnose) fn agree(spans: &[Span]) -> bool {
    let (Some(least), Some(most)) = (spans.iter().min(), spans.iter().max()) else { return false };
    spans.len() >= 2 && *least >= SHORTEST && most.seconds() - least.seconds() <= apart(spans.len(), *least)
}

/// How far apart the spans of so many drops may be, in seconds.
fn apart(drops: usize, span: Span) -> f64 {
    if drops == 2 && span < SHORT { CLOSE } else { tolerance(span) }
}

/// How far apart two spans of this length may be, in seconds: 3 %, at least 0.3 s, at most 5 s.
pub(in crate::diagnose) fn tolerance(span: Span) -> f64 {
    (span.seconds() * 0.03).clamp(0.3, 5.0)
}

/// The limit in whole seconds: a well-known one that is near, or the nearest to the mean.
fn nominal(spans: &[Span]) -> u64 {
    let mean = spans.iter().map(|span| span.seconds()).sum::<f64>() / spans.len().max(1) as f64;
    limits::well_known(mean).unwrap_or(mean.round() as u64)
}
