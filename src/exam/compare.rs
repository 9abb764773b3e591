//! Three ways to the same messages, measured against each other: what a message and a poll's answer say, which messages
//! all ways could get, and how long each was under way. Owns the reading of the form that `wscope serve` gives them, and
//! the arithmetic; who fetches is elsewhere, and times come in as microseconds since 1970.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Deserialize;

use crate::event::compared::{Compared, Way, WayCompared};
use crate::event::series::Series;
use crate::event::show;
use crate::moment::Span;

/// So many messages of one way are remembered; later ones count in nothing.
const ARRIVALS_MAX: usize = 200_000;
/// Percentiles of fewer messages mean nothing.
const P99_FROM: u64 = 100;
/// Clocks that differ by less are taken for the same: stamps are rounded.
const ROUNDING_NANOS: i64 = 1_000_000;
/// A message may be under way for the measured round trip and so much longer before the clocks are in doubt.
const GRACE_NANOS: i64 = 10_000_000;

/// What a message says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub number: u64,
    pub sent_micros: i64,
}

#[derive(Deserialize)]
struct MessageForm {
    n: u64,
    sent_ms: f64,
}

/// The number and the time in a message; none when it has not wscope's form.
pub fn read_message(text: &str) -> Option<Stamp> {
    let form: MessageForm = serde_json::from_str(text).ok()?;
    Some(Stamp { number: form.n, sent_micros: (form.sent_ms * 1000.0).round() as i64 })
}

/// A poll's answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Polled {
    /// The number to ask from next time.
    pub next: u64,
    pub messages: Vec<String>,
}

/// A poll's answer; none when it has not wscope's form.
pub fn read_poll(body: &[u8]) -> Option<Polled> {
    serde_json::from_slice(body).ok()
}

/// The messages that came by one way.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// The first message that this way was to bring; none: the first that it brought.
    from: Option<u64>,
    /// All messages before this number would have come by now.
    end: u64,
    arrivals: Vec<Arrival>,
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    number: u64,
    delay_nanos: i64,
}

/// What one way took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    pub url: String,
    pub requests: u64,
    pub connections: u64,
    pub open_connections: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
}

impl Course {
    /// Nothing has come. Where the way says by itself from which message on it brings all, that number.
    pub fn new(from: Option<u64>) -> Course {
        Course { from, end: from.unwrap_or(0), arrivals: Vec::new() }
    }

    /// A message came at this time of our clock.
    pub fn arrived(&mut self, stamp: Stamp, at_micros: i64) {
        if self.arrivals.len() >= ARRIVALS_MAX {
            return;
        }
        let delay_nanos = at_micros.saturating_sub(stamp.sent_micros).saturating_mul(1000);
        self.arrivals.push(Arrival { number: stamp.number, delay_nanos });
        self.reached(stamp.number.saturating_add(1));
    }

    /// All messages before `next` were to be had.
    pub fn reached(&mut self, next: u64) {
        if self.arrivals.len() < ARRIVALS_MAX {
            self.end = self.end.max(next);
        }
    }

    fn begin(&self) -> Option<u64> {
        self.from.or_else(|| self.arrivals.iter().map(|arrival| arrival.number).min())
    }
}

/// One way's course within the compared messages.
struct Part {
    /// The first arrival of each.
    delays: BTreeMap<u64, i64>,
    doubled: u64,
}

/// Compares what came by the ways. `round_trip` is the shortest time from a request to its answer.
pub fn compare(url: &str, took: Span, ways: &[(Way, Course, Traffic)], round_trip: Option<Span>) -> Compared {
    let (begin, end) = shared_range(ways);
    let parts: Vec<Part> = ways.iter().map(|(_, course, _)| part(course, begin, end)).collect();
    let fastest = parts.iter().flat_map(|part| part.delays.values()).copied().min();
    let clock_offset = fastest.filter(|fastest| is_off(*fastest, round_trip));
    let messages = end - begin;
    let told = ways.iter().zip(&parts);
    let told = told.map(|((way, course, traffic), part)| {
        one_way(*way, course, traffic, part, messages, clock_offset.unwrap_or(0))
    });
    Compared { url: url.to_owned(), took, messages, ways: told.collect(), clock_offset }
}

/// From the first message that all could get to the last that the slowest has fetched; empty when there is none.
fn shared_range(ways: &[(Way, Course, Traffic)]) -> (u64, u64) {
    let mut begin = 0;
    let mut end = u64::MAX;
    for (_, course, _) in ways {
        let Some(first) = course.begin() else { return (0, 0) };
        begin = begin.max(first);
        end = end.min(course.end);
    }
    (begin, end.max(begin))
}

fn part(course: &Course, begin: u64, end: u64) -> Part {
    let mut part = Part { delays: BTreeMap::new(), doubled: 0 };
    for arrival in course.arrivals.iter().filter(|arrival| (begin..end).contains(&arrival.number)) {
        match part.delays.entry(arrival.number) {
            Entry::Occupied(_) => part.doubled += 1,
            Entry::Vacant(slot) => {
                slot.insert(arrival.delay_nanos);
            }
        }
    }
    part
}

/// Nothing comes before it was sent, and the fastest message needs no more than a request with its answer.
fn is_off(fastest_nanos: i64, round_trip: Option<Span>) -> bool {
    let round_trip = round_trip.map_or(0, |span| i64::try_from(span.nanos()).unwrap_or(i64::MAX));
    fastest_nanos < -ROUNDING_NANOS || fastest_nanos > round_trip.saturating_add(GRACE_NANOS)
}

fn one_way(way: Way, course: &Course, traffic: &Traffic, part: &Part, messages: u64, offset: i64) -> WayCompared {
    let mut series = Series::default();
    let mut max: Option<Span> = None;
    for delay in part.delays.values() {
        let delay = Span::from_nanos(u64::try_from(delay.saturating_sub(offset)).unwrap_or(0));
        series.add(delay);
        max = max.max(Some(delay));
    }
    let came = part.delays.len() as u64;
    let bytes = traffic.bytes_in.saturating_add(traffic.bytes_out);
    WayCompared {
        name: way,
        url: traffic.url.clone(),
        requests: traffic.requests,
        connections: traffic.connections,
        open_connections: traffic.open_connections,
        bytes_in: traffic.bytes_in,
        bytes_out: traffic.bytes_out,
        bytes_per_message: bytes.checked_div(course.arrivals.len() as u64),
        messages: came,
        lost: messages - came,
        doubled: part.doubled,
        median: series.median(),
        p99: series.percentile(99).filter(|_| came >= P99_FROM),
        max,
    }
}

/// Why the comparison is none, or does not hold: no message by all ways, or messages lost or doubled on the way.
pub fn fault(compared: &Compared) -> Option<String> {
    if compared.messages == 0 {
        let took = show::span(compared.took);
        return Some(format!(
            "no message came by all three ways in {took}; a slower stream needs a longer --compare-for"
        ));
    }
    let all = show::count(compared.messages, "message");
    let losing = compared.ways.iter().find(|way| way.lost > 0);
    if let Some(way) = losing {
        let why = match way.name {
            Way::Socket => "",
            Way::LongPolling | Way::ShortPolling => ": the server keeps only the last ones, so poll more often",
        };
        return Some(format!("{} lost {} of {all}{why}", way.name.words(), way.lost));
    }
    let doubling = compared.ways.iter().find(|way| way.doubled > 0)?;
    Some(format!("{} brought {} of {all} more than once", doubling.name.words(), doubling.doubled))
}

#[cfg(test)]
mod tests;
