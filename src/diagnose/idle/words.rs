//! The findings on an idle limit and a maximum age, in words. Owns their sentences and the advice; which drops agree is
//! `idle`'s, whose limit it is is `blame`'s.

use crate::diagnose::ends::{Dropped, runs};
use crate::diagnose::idle::{Common, Counting, agree, blame, is_cut, nominal, tolerance};
use crate::diagnose::limits::Known;
use crate::diagnose::patterns::counts;
use crate::event::finding::Confidence::Possible;
use crate::event::{Ended, Finding, show};
use crate::moment::Span;

/// A silence ends these connections.
pub(super) fn idle(drops: &[Dropped], cluster: Vec<usize>, counting: Counting, heartbeat: Option<Span>) -> Common {
    told(drops, cluster, counting, heartbeat, None)
}

/// A silence ended this connection, at a value that somebody would have had to set: it may be chance.
pub(super) fn idle_or_chance(drops: &[Dropped], only: usize, counting: Counting, heartbeat: Option<Span>) -> Common {
    let chance = "an end of the server's own just then (a crash, a restart)";
    told(drops, vec![only], counting, heartbeat, Some(chance))
}

fn told(
    drops: &[Dropped],
    cluster: Vec<usize>,
    counting: Counting,
    heartbeat: Option<Span>,
    rival: Option<&str>,
) -> Common {
    let first = &drops[cluster[0]];
    let ends: Vec<&Ended> = cluster.iter().map(|index| &drops[*index].ended).collect();
    let silences: Vec<Span> = ends.iter().filter_map(|ended| counting.silence(ended)).collect();
    let ages: Vec<Span> = ends.iter().map(|ended| ended.age).collect();
    let seconds = nominal(&silences);
    let ambiguous = is_ambiguous(&ages, &silences);
    let blame = blame::idle(first, seconds, counting, ambiguous);
    let blame = match rival {
        Some(rival) => blame.or(rival),
        None => blame,
    };
    let open = ambiguous && blame.confidence == Possible;
    let verdict = if ambiguous { "" } else { ": silence counts, not age" };
    let before = drops_words(cluster.len());
    let seen = format!("silence before {before} {}, {}{verdict}", range(&silences), ages_words(&ages));
    let finding = Finding::of("idle-limit", "server side", idle_fact(counting, seconds, open))
        .saw(seen)
        .saw_all(other_direction(&first.ended, counting))
        .because(blame.confidence, blame.cause());
    let finding = match open {
        true => ask_again(finding, seconds, counting, blame.known),
        false => advise(finding, first, seconds, counting, heartbeat, blame.known),
    };
    Common { finding, explains: cluster }
}

/// Every age is the silence itself, or all ages are the same: then a maximum age would look no different.
fn is_ambiguous(ages: &[Span], silences: &[Span]) -> bool {
    match (ages, silences) {
        ([age], [silence]) => age.seconds() - silence.seconds() < tolerance(*age),
        (several, _) => agree(several),
    }
}

fn idle_fact(counting: Counting, seconds: u64, open: bool) -> String {
    let limit = show::whole(seconds);
    if open {
        let what = match counting {
            Counting::Any | Counting::In => "nothing arrives",
            Counting::Out => "nothing is sent",
            Counting::Data => "no message passes",
        };
        return format!("connections are ended after {limit} in which {what}: an idle limit or a maximum age");
    }
    match counting {
        Counting::Any => format!("a connection on which nothing arrives is ended after {limit}"),
        Counting::In => format!("a connection on which nothing arrives is ended after {limit}, whatever is sent"),
        Counting::Out => format!("a connection on which nothing is sent is ended after {limit}, whatever arrives"),
        Counting::Data => format!("a connection without a message is ended after {limit}, whatever pings pass"),
    }
}

/// What passed in the direction that does not count.
fn other_direction(ended: &Ended, counting: Counting) -> Option<String> {
    let (one, other, way) = match counting {
        Counting::In => (ended.quiet_in, ended.quiet_out, "out"),
        Counting::Out => (ended.quiet_out, ended.quiet_in, "in"),
        Counting::Any | Counting::Data => return None,
    };
    let passed = other.seconds() + tolerance(one) < one.seconds();
    passed.then(|| format!("last byte {way} {} before it: this direction does not count", show::span(other)))
}

fn ask_again(finding: Finding, seconds: u64, counting: Counting, known: Option<&'static Known>) -> Finding {
    let (every, clock) = (heartbeat_within(seconds), clock_flag(counting));
    let again = format!("run again with --heartbeat {every}s{clock} to tell an idle limit from a maximum age");
    // Heartbeats alone would only tell that they help, or not.
    let run = runs::idle(Span::from_secs(seconds));
    let finding = finding.saw(format!("a maximum age of {} would look the same", show::whole(seconds)));
    match known.filter(|known| !known.knob.is_empty()) {
        Some(known) => {
            let limit = format!("{again}, or measure: {run}; for the idle limit, in {}:", known.product);
            finding.advise(limit).paste(&[known.knob])
        }
        None => finding.advise(format!("{again}, or measure:")).paste_lines(vec![run]),
    }
}

fn clock_flag(counting: Counting) -> &'static str {
    if counting == Counting::Out { " --heartbeat-clock fixed" } else { "" }
}

fn advise(
    finding: Finding,
    first: &Dropped,
    seconds: u64,
    counting: Counting,
    heartbeat: Option<Span>,
    known: Option<&'static Known>,
) -> Finding {
    let every = heartbeat_within(seconds);
    let ours = match counting {
        Counting::Data => {
            format!("heartbeat by a message, every {every} s (here --heartbeat {every}s --heartbeat-send text:...)")
        }
        Counting::Any | Counting::In | Counting::Out => {
            let clock = clock_flag(counting);
            let instead = heartbeat.map(|span| format!(" instead of {}", span.nanos() / 1_000_000)).unwrap_or_default();
            let here = format!("here --heartbeat {every}s{clock}, in the client {}{instead}", every * 1000);
            format!("heartbeat well before the limit, every {every} s ({here})")
        }
    };
    match known.filter(|known| !known.knob.is_empty()) {
        Some(known) if known.product == "nginx" && is_cut(first) => {
            finding.advise(format!("{ours}, or in nginx: {}", known.knob))
        }
        Some(known) => finding.advise(format!("{ours}, or in {}:", known.product)).paste(&[known.knob]),
        None => finding.advise(ours),
    }
}

/// An age ends these connections.
pub(super) fn lifetime(drops: &[Dropped], like: &[usize]) -> Common {
    let first = &drops[like[0]];
    let ages: Vec<Span> = like.iter().map(|index| drops[*index].ended.age).collect();
    let silences: Vec<Span> = like.iter().filter_map(|index| Counting::Any.silence(&drops[*index].ended)).collect();
    let seconds = nominal(&ages);
    let ambiguous = if like.len() == 1 { is_ambiguous(&ages, &silences) } else { agree(&silences) };
    let verdict = if ambiguous { "" } else { ": age counts, not silence" };
    let seen = match like.len() {
        1 => format!("{}, silence before the drop {}{verdict}", ages_words(&ages), range(&silences)),
        number => format!(
            "{} of {}, silence before them {}{verdict}",
            ages_words(&ages),
            show::count(number as u64, "drop"),
            range(&silences)
        ),
    };
    let mut blame = blame::lifetime(first, seconds);
    let is_named = blame.known.is_some();
    let mut help = "raise it where it is set, or reconnect before it: heartbeats do not help";
    if !is_named && like.iter().all(|index| is_without_messages(&drops[*index].ended)) {
        blame = blame.or("an idle limit that counts messages only, not pings");
        help = "run again with a message as heartbeat (--heartbeat-send text:...) to tell the two apart";
    } else if let Some((number, way)) = counts::same(drops, like) {
        blame = blame.or(&format!("a limit on messages: each drop came after {number} of them {way}"));
        help = "run again with messages at another interval to tell an age from a number of messages";
    }
    let fact = format!("connections are ended at an age of {}", show::whole(seconds));
    let finding = Finding::of("lifetime-limit", "server side", fact)
        .saw(seen)
        .because(blame.confidence, blame.cause())
        .advise(help);
    let knob = blame.known.filter(|known| !known.knob.is_empty());
    let finding = match knob {
        Some(known) => finding.advise(format!("{help}; in {}:", known.product)).paste(&[known.knob]),
        None => finding,
    };
    Common { finding, explains: like.to_vec() }
}

/// No message after the open.
fn is_without_messages(ended: &Ended) -> bool {
    let since_open = |silence: Span| ended.age.seconds() - silence.seconds() < tolerance(ended.age);
    match ended.messages_in + ended.messages_out {
        0 => true,
        _ => Counting::Data.silence(ended).is_some_and(since_open),
    }
}

/// A heartbeat in whole seconds that is well before the limit: five twelfths of it, in fives where it is 10 s or more.
pub(super) fn heartbeat_within(seconds: u64) -> u64 {
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
