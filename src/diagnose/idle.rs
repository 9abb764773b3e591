//! What several drops have in common: the same silence before each (an idle limit) or the same age (a maximum age).
//! Owns those two findings and the few products whose limits are well known; each drop by itself is `ends`'s.

use crate::diagnose::ends::Dropped;
use crate::event::finding::Confidence::{self, Certain, Likely, Possible};
use crate::event::{Ended, Finding, How, Side, show};
use crate::moment::Span;

/// Shorter silences and ages are no limit that anybody sets, unless several drops agree on it.
const SHORTEST: Span = Span::from_secs(5);
/// What three drops or more agree on may be this short.
const SHORTEST_OF_SEVERAL: Span = Span::from_secs(1);

/// Idle limits that are common, in seconds, and where they are found unless somebody set another.
const KNOWN: &[(u64, &str)] = &[
    (30, "Jetty 12 and short proxy settings"),
    (55, "Heroku"),
    (60, "nginx, AWS ALB, Kong, Varnish and Apache"),
    (100, "Cloudflare, as is said"),
    (120, "uWebSockets"),
    (240, "Azure load balancers"),
    (300, "Envoy, Istio, Contour and Azure Front Door"),
    (350, "AWS NLB"),
    (600, "AWS API Gateway, CloudFront and Apache Traffic Server"),
];

/// A limit that was found, and which of the drops it explains (by index).
pub struct Limit {
    pub finding: Finding,
    pub explains: Vec<usize>,
}

/// Which bytes end a silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counting {
    Any,
    In,
    Out,
}

impl Counting {
    fn silence(self, ended: &Ended) -> Span {
        match self {
            Counting::Any => ended.quiet_in.min(ended.quiet_out),
            Counting::In => ended.quiet_in,
            Counting::Out => ended.quiet_out,
        }
    }
}

/// Looks for one limit behind all drops. `heartbeat` is the client's interval, if it sends heartbeats.
pub fn judge(drops: &[Dropped], heartbeat: Option<Span>) -> Option<Limit> {
    for kind in [is_cut, is_quiet_close] {
        let like: Vec<usize> = (0..drops.len()).filter(|index| kind(&drops[*index])).collect();
        if let Some(limit) = judge_like(drops, &like, heartbeat) {
            return Some(limit);
        }
    }
    None
}

fn judge_like(drops: &[Dropped], like: &[usize], heartbeat: Option<Span>) -> Option<Limit> {
    if let [only] = like {
        return single(drops, *only, heartbeat);
    }
    let ages: Vec<Span> = like.iter().map(|index| drops[*index].ended.age).collect();
    let same_age = agree(&ages);
    let found = [Counting::Any, Counting::In, Counting::Out].into_iter().find_map(|counting| {
        let cluster = largest_cluster(drops, like, counting, heartbeat);
        (cluster.len() >= 2).then_some((counting, cluster))
    });
    match found {
        Some((counting, cluster)) if !same_age || cluster.len() == like.len() => {
            Some(idle(drops, cluster, counting, heartbeat))
        }
        _ if same_age => Some(lifetime(drops, like)),
        _ => None,
    }
}

/// One drop is enough where its silence is a well-known limit, or its Close says that it was idle.
fn single(drops: &[Dropped], only: usize, heartbeat: Option<Span>) -> Option<Limit> {
    let ended = &drops[only].ended;
    let counting = match &ended.how {
        How::Close { code: Some(1000), reason } if reason.is_empty() => Counting::Out,
        _ => Counting::Any,
    };
    let silence = counting.silence(ended);
    let told = matches!(&ended.how, How::Close { reason, .. } if says_idle(reason));
    if told || known(silence).is_some() && !is_refuted(ended, silence, heartbeat) {
        return Some(idle(drops, vec![only], counting, heartbeat));
    }
    None
}

fn idle(drops: &[Dropped], cluster: Vec<usize>, counting: Counting, heartbeat: Option<Span>) -> Limit {
    let ends: Vec<&Ended> = cluster.iter().map(|index| &drops[*index].ended).collect();
    let silences: Vec<Span> = ends.iter().map(|ended| counting.silence(ended)).collect();
    let ages: Vec<Span> = ends.iter().map(|ended| ended.age).collect();
    let seconds = nominal(&silences);
    let limit = show::whole(seconds);
    let fact = match counting {
        Counting::Any => format!("a connection on which nothing arrives is ended after {limit}"),
        Counting::In => format!("a connection on which nothing arrives is ended after {limit}, whatever is sent"),
        Counting::Out => format!("a connection on which nothing is sent is ended after {limit}, whatever arrives"),
    };
    // Every age is the silence itself, or all ages are the same: then a maximum age would look no different.
    let ambiguous = match ages.as_slice() {
        [only] => only.seconds() - silences[0].seconds() < tolerance(*only),
        several => agree(several),
    };
    let verdict = if ambiguous { "" } else { ": silence counts, not age" };
    let before = drops_words(cluster.len());
    let seen = format!("silence before {before} {}, {}{verdict}", range(&silences), ages_words(&ages));
    let (confidence, cause) = match (cause(&drops[cluster[0]], seconds), ambiguous) {
        ((Likely, cause), true) if !cause.contains("; evidence: ") => (Possible, format!("{cause}; or a maximum age")),
        (known, _) => known,
    };
    let fact = match (ambiguous && confidence == Possible, counting) {
        (true, Counting::Any) => {
            format!("connections are ended after {limit} in which nothing arrives: an idle limit or a maximum age")
        }
        _ => fact,
    };
    let finding = Finding::of("idle-limit", "server side", fact).saw(seen).because(confidence, cause);
    let finding = advise(finding, &drops[cluster[0]], seconds, counting, heartbeat, ambiguous);
    Limit { finding, explains: cluster }
}

fn advise(
    finding: Finding,
    first: &Dropped,
    seconds: u64,
    counting: Counting,
    heartbeat: Option<Span>,
    ambiguous: bool,
) -> Finding {
    let every = heartbeat_within(seconds);
    let clock = if counting == Counting::Out { " --heartbeat-clock fixed" } else { "" };
    if ambiguous {
        return finding
            .saw(format!("a maximum age of {} would look the same", show::whole(seconds)))
            .advise(format!("run again with --heartbeat {every}s{clock} to tell an idle limit from a maximum age"));
    }
    let instead = heartbeat.map(|span| format!(" instead of {}", span.nanos() / 1_000_000)).unwrap_or_default();
    let here = format!("here --heartbeat {every}s{clock}, in the client {}{instead}", every * 1000);
    let ours = format!("heartbeat well before the limit, every {every} s ({here})");
    match first.is_server("nginx") && is_cut(first) {
        true => finding.advise(format!("{ours}, or in nginx: proxy_read_timeout 3600s;")),
        false => finding.advise(ours),
    }
}

fn lifetime(drops: &[Dropped], like: &[usize]) -> Limit {
    let ages: Vec<Span> = like.iter().map(|index| drops[*index].ended.age).collect();
    let silences: Vec<Span> = like.iter().map(|index| Counting::Any.silence(&drops[*index].ended)).collect();
    let limit = show::whole(nominal(&ages));
    let seen = format!(
        "{} of {}, silence before them {}: age counts, not silence",
        ages_words(&ages),
        show::count(like.len() as u64, "drop"),
        range(&silences)
    );
    let finding = Finding::of("lifetime-limit", "server side", format!("connections are ended at an age of {limit}"))
        .saw(seen)
        .because(
            Likely,
            "a maximum age: of a load balancer or hosting product, or a backend timeout that counts from the start",
        )
        .advise("raise it where it is set, or reconnect before it: heartbeats do not help");
    Limit { finding, explains: like.to_vec() }
}

/// The likely product. What stands behind `; evidence: ` is shown beside the confidence.
fn cause(first: &Dropped, seconds: u64) -> (Confidence, String) {
    if let How::Close { reason, .. } = &first.ended.how
        && says_idle(reason)
    {
        return (Certain, "an idle limit of the server's own: its Close says so".into());
    }
    match (&first.ended.how, seconds) {
        (How::Close { .. }, 60) => {
            (Likely, "Cowboy (Phoenix, RabbitMQ, EMQX), idle_timeout, 60 s unless set: it closes with 1000".into())
        }
        (How::Fin | How::TlsTruncated, 60) if first.is_server("nginx") => {
            (Likely, "nginx, proxy_read_timeout, 60s unless set; evidence: FIN, no code, Server: nginx".into())
        }
        (_, 300) if first.is_server("envoy") => (Likely, "Envoy, stream_idle_timeout, 5 minutes unless set".into()),
        (_, 120) if first.is_server("uwebsockets") => (Likely, "uWebSockets, idleTimeout, 120 s unless set".into()),
        _ => match KNOWN.iter().find(|(known, _)| *known == seconds) {
            Some((_, where_found)) => {
                (Possible, format!("an idle limit on the way or in the server; {where_found} have this one unless set"))
            }
            None => (Likely, "an idle limit of a proxy, a load balancer or the server".into()),
        },
    }
}

fn is_cut(dropped: &Dropped) -> bool {
    !dropped.farewell
        && dropped.ended.mid_frame.is_none()
        && match dropped.ended.how {
            How::Fin | How::Reset | How::TlsTruncated => true,
            How::Close { .. }
            | How::CloseUnanswered { .. }
            | How::CloseThenCut { .. }
            | How::TlsAlert { .. }
            | How::Silent { .. }
            | How::KernelTimeout
            | How::WriteStuck
            | How::Garbage { .. }
            | How::Local { .. } => false,
        }
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
    reason.to_ascii_lowercase().contains("idle")
}

/// The most drops whose silences agree, oldest first; without those too short, and those survived before.
fn largest_cluster(drops: &[Dropped], like: &[usize], counting: Counting, heartbeat: Option<Span>) -> Vec<usize> {
    let mut sorted: Vec<(Span, usize)> = like
        .iter()
        .map(|index| (counting.silence(&drops[*index].ended), *index))
        .filter(|(silence, index)| !is_refuted(&drops[*index].ended, *silence, heartbeat))
        .filter(|(silence, _)| *silence >= shortest(like.len()))
        .collect();
    sorted.sort_unstable();
    let (mut from, mut best) = (0, 0..0);
    for to in 0..sorted.len() {
        while sorted[to].0.seconds() - sorted[from].0.seconds() > tolerance(sorted[from].0) {
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
fn is_refuted(ended: &Ended, silence: Span, heartbeat: Option<Span>) -> bool {
    let Some(interval) = heartbeat else { return false };
    ended.answered_ago.is_some() && silence.seconds() + tolerance(silence) < interval.seconds()
}

/// Do all of them agree, and are they long enough to be a limit?
fn agree(spans: &[Span]) -> bool {
    let (Some(least), Some(most)) = (spans.iter().min(), spans.iter().max()) else { return false };
    spans.len() >= 2 && *least >= shortest(spans.len()) && most.seconds() - least.seconds() <= tolerance(*least)
}

fn shortest(drops: usize) -> Span {
    if drops >= 3 { SHORTEST_OF_SEVERAL } else { SHORTEST }
}

/// How far apart two spans of this length may be, in seconds: 3 %, at least 0.3 s, at most 5 s.
fn tolerance(span: Span) -> f64 {
    (span.seconds() * 0.03).clamp(0.3, 5.0)
}

fn known(silence: Span) -> Option<u64> {
    let near = |seconds: u64| (silence.seconds() - seconds as f64).abs() <= 1.0;
    KNOWN.iter().map(|(seconds, _)| *seconds).find(|seconds| near(*seconds))
}

/// The limit in whole seconds: a well-known one that is near, or the nearest to the mean.
fn nominal(spans: &[Span]) -> u64 {
    let mean = spans.iter().map(|span| span.seconds()).sum::<f64>() / spans.len().max(1) as f64;
    known(Span::from_seconds(mean)).unwrap_or(mean.round() as u64)
}

/// A heartbeat in whole seconds that is well before the limit: five twelfths of it, in fives where it is 10 s or more.
fn heartbeat_within(seconds: u64) -> u64 {
    match seconds * 5 / 12 {
        short @ 0..=9 => short.max(1),
        long => long / 5 * 5,
    }
}

fn drops_words(number: usize) -> String {
    match number {
        1 => "the drop".into(),
        2 => "both drops".into(),
        more => format!("{more} drops"),
    }
}

fn ages_words(ages: &[Span]) -> String {
    match ages {
        [only] => format!("age {}", show::span(*only)),
        [first, second] => format!("ages {} and {}", show::span(*first), show::span(*second)),
        several => format!("ages {}", range(several)),
    }
}

fn range(spans: &[Span]) -> String {
    let least = spans.iter().min().map_or_else(String::new, |span| show::span(*span));
    let most = spans.iter().max().map_or_else(String::new, |span| show::span(*span));
    if least == most { least } else { format!("{least} to {most}") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::diagnose::sample::ended;

    fn dropped(how: How, age: f64, quiet_in: f64, quiet_out: f64) -> Dropped {
        Dropped { ended: ended(how, age, quiet_in, quiet_out), server: None, farewell: false, missed: None }
    }

    fn nginx(age: f64, quiet_in: f64, quiet_out: f64) -> Dropped {
        Dropped { server: Some("nginx/1.22.1".into()), ..dropped(How::Fin, age, quiet_in, quiet_out) }
    }

    fn close(age: f64, quiet_in: f64, quiet_out: f64, reason: &str) -> Dropped {
        dropped(How::Close { code: Some(1000), reason: reason.into() }, age, quiet_in, quiet_out)
    }

    #[test]
    fn the_same_silence_at_two_ages_is_an_idle_limit_of_nginx() {
        let drops = [nginx(72.2, 60.0, 72.3), nginx(60.0, 60.0, 60.0)];
        let limit = judge(&drops, Some(Span::from_secs(60))).unwrap();
        assert_eq!(limit.explains, [0, 1]);
        let finding = limit.finding;
        assert_eq!(finding.code, "idle-limit");
        assert_eq!(finding.fact, "a connection on which nothing arrives is ended after 60 s");
        assert_eq!(finding.seen, ["silence before both drops 60.0 s, ages 72.2 s and 60.0 s: silence counts, not age"]);
        assert_eq!(finding.confidence, Likely);
        assert_eq!(finding.cause, "nginx, proxy_read_timeout, 60s unless set; evidence: FIN, no code, Server: nginx");
        assert_eq!(
            finding.help[0],
            "heartbeat well before the limit, every 25 s (here --heartbeat 25s, in the client 25000 instead of 60000), \
             or in nginx: proxy_read_timeout 3600s;"
        );
    }

    #[test]
    fn the_same_silence_and_the_same_age_do_not_tell_which_counts() {
        let limit = judge(&[nginx(60.0, 60.0, 60.0), nginx(60.1, 60.1, 60.1)], None).unwrap();
        assert_eq!(limit.finding.code, "idle-limit");
        assert_eq!(limit.finding.seen[1], "a maximum age of 60 s would look the same");
        assert!(limit.finding.help[0].starts_with("run again with --heartbeat 25s"));
    }

    #[test]
    fn the_same_age_after_different_silences_is_a_maximum_age() {
        let limit = judge(&[nginx(30.0, 3.0, 3.0), nginx(30.1, 11.0, 11.0)], None).unwrap();
        assert_eq!((limit.finding.code, limit.explains), ("lifetime-limit", vec![0, 1]));
        assert_eq!(limit.finding.fact, "connections are ended at an age of 30 s");
    }

    #[test]
    fn a_silence_that_an_answered_heartbeat_survived_is_no_limit() {
        let mut drops = [nginx(30.0, 10.0, 10.0), nginx(30.0, 10.0, 10.0)];
        for drop in &mut drops {
            drop.ended.answered_ago = Some(Span::from_secs(10));
        }
        assert_eq!(judge(&drops, Some(Span::from_secs(20))).unwrap().finding.code, "lifetime-limit");
    }

    #[test]
    fn one_drop_is_enough_only_at_a_well_known_limit() {
        let limit = judge(&[nginx(72.2, 60.2, 72.2)], None).unwrap();
        assert_eq!((limit.finding.code, limit.finding.seen.len()), ("idle-limit", 1));
        assert!(judge(&[nginx(60.0, 60.0, 60.0)], None).unwrap().finding.seen[1].contains("maximum age"));
        assert!(judge(&[nginx(47.0, 47.0, 47.0)], None).is_none());
        assert!(judge(&[nginx(1.0, 1.0, 1.0)], None).is_none());
        assert!(judge(&[], None).is_none());
    }

    #[test]
    fn a_close_1000_after_a_minute_of_our_silence_is_cowboys() {
        let limit = judge(&[close(95.0, 0.4, 60.0, "")], None).unwrap();
        assert!(limit.finding.cause.starts_with("Cowboy"));
        assert!(limit.finding.help[0].contains("--heartbeat-clock fixed"));
        assert!(judge(&[close(60.0, 60.0, 60.0, "goodbye")], None).is_none());
        assert_eq!(
            judge(&[close(31.0, 30.0, 31.0, "Connection Idle Timeout")], None).unwrap().finding.confidence,
            Certain
        );
    }

    #[test]
    fn drops_without_anything_in_common_are_no_limit() {
        assert!(judge(&[nginx(12.0, 3.0, 3.0), nginx(40.0, 9.0, 9.0)], None).is_none());
        let mut announced = [nginx(60.0, 60.0, 60.0), nginx(60.0, 60.0, 60.0)];
        announced.iter_mut().for_each(|drop| drop.farewell = true);
        assert!(judge(&announced, None).is_none());
    }

    #[test]
    fn a_heartbeat_is_well_within_its_limit() {
        assert_eq!([60, 30, 55, 350, 5, 1].map(heartbeat_within), [25, 10, 20, 145, 2, 1]);
    }
}
