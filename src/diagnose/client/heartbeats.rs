//! What one client sends at even intervals: pings, unsolicited pongs (RFC 6455 sections 5.5.2, 5.5.3), or the same
//! short message again and again. Owns how such a row is found among other messages, and the sign of throttled timers
//! (field guide F12: 15 s become 60 s in a hidden page). It does not judge whether the heartbeat is a good one.

use crate::diagnose::client::heartbeats::What::{Binary, Ping, Pong, Text};
use crate::event::PayloadBytes;
use crate::event::client_report::{HeartbeatKind, HeartbeatSeen, Throttled};
use crate::event::series::Series;
use crate::moment::{Moment, Span};

/// So many different messages are watched at once.
const TRACKS_MAX: usize = 16;
/// A longer message is no heartbeat.
const MESSAGE_MAX: usize = 256;
/// So much of a message is kept for showing.
const HEAD_KEPT: usize = 64;
/// So many intervals are kept: the first ones, and the latest.
const INTERVALS_MAX: usize = 64;
const FIRST_KEPT: usize = 16;
/// So many kinds are told.
const TOLD_MAX: usize = 4;
/// Messages that follow faster are a stream, not a heartbeat.
const INTERVAL_MIN: Span = Span::from_millis(900);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Ping,
    Pong,
    /// A hash of the message in which every number is the same.
    Text(u64),
    Binary(u64),
}

#[derive(Clone, Debug)]
struct Track {
    what: What,
    head: Vec<u8>,
    beats: u64,
    last: Moment,
    intervals: Vec<Span>,
}

/// The rows of one connection, or those of all connections of a client.
#[derive(Clone, Debug, Default)]
pub struct Heartbeats {
    tracks: Vec<Track>,
}

impl Heartbeats {
    /// A ping of the client's.
    pub fn ping(&mut self, at: Moment) {
        self.beat(at, Ping, &[]);
    }

    /// An unsolicited pong.
    pub fn pong(&mut self, at: Moment) {
        self.beat(at, Pong, &[]);
    }

    /// A whole data message.
    pub fn message(&mut self, at: Moment, text: bool, bytes: &[u8]) {
        if bytes.len() > MESSAGE_MAX {
            return;
        }
        let hash = without_numbers(bytes);
        self.beat(at, if text { Text(hash) } else { Binary(hash) }, bytes);
    }

    /// Takes the rows of a connection that ended; the time between two connections is no interval.
    pub fn absorb(&mut self, other: Heartbeats) {
        for track in other.tracks {
            match self.tracks.iter_mut().find(|known| known.what == track.what) {
                Some(known) => {
                    known.beats += track.beats;
                    track.intervals.into_iter().for_each(|interval| known.interval(interval));
                }
                None => self.put(track),
            }
        }
    }

    /// The part of the card.
    pub fn report(&self) -> Vec<HeartbeatSeen> {
        let mut seen: Vec<HeartbeatSeen> = self.tracks.iter().filter_map(Track::report).collect();
        seen.sort_by_key(|heartbeat| std::cmp::Reverse(heartbeat.count));
        seen.truncate(TOLD_MAX);
        seen
    }

    fn beat(&mut self, at: Moment, what: What, bytes: &[u8]) {
        if let Some(track) = self.tracks.iter_mut().find(|track| track.what == what) {
            track.interval(at.since(track.last));
            track.beats += 1;
            track.last = at;
            return;
        }
        let head = bytes[..bytes.len().min(HEAD_KEPT)].to_vec();
        self.put(Track { what, head, beats: 1, last: at, intervals: Vec::new() });
    }

    /// Where there is no room, what came least often and longest ago makes it.
    fn put(&mut self, track: Track) {
        if self.tracks.len() < TRACKS_MAX {
            self.tracks.push(track);
        } else if let Some(weakest) = self.tracks.iter_mut().min_by_key(|known| (known.beats, known.last)) {
            *weakest = track;
        }
    }
}

impl Track {
    fn interval(&mut self, interval: Span) {
        if self.intervals.len() == INTERVALS_MAX {
            self.intervals.remove(FIRST_KEPT);
        }
        self.intervals.push(interval);
    }

    fn report(&self) -> Option<HeartbeatSeen> {
        let interval = median(&self.intervals);
        let throttled = throttled(&self.intervals);
        let kind = match self.what {
            Ping => HeartbeatKind::Ping,
            Pong => HeartbeatKind::Pong,
            Text(_) => HeartbeatKind::Text,
            Binary(_) => HeartbeatKind::Binary,
        };
        let message = matches!(kind, HeartbeatKind::Text | HeartbeatKind::Binary);
        if message && throttled.is_none() && !is_even(&self.intervals) {
            return None;
        }
        let head = message.then(|| PayloadBytes(self.head.clone()));
        Some(HeartbeatSeen { kind, head, count: self.beats, interval, throttled })
    }
}

/// Two intervals or more, most of them about the same.
fn is_even(intervals: &[Span]) -> bool {
    let Some(median) = median(intervals).filter(|median| *median >= INTERVAL_MIN) else { return false };
    let slack = median.nanos() / 4;
    let even = intervals.iter().filter(|interval| interval.nanos().abs_diff(median.nanos()) <= slack).count();
    intervals.len() >= 2 && even * 3 >= intervals.len() * 2
}

/// A browser lets the timers of a hidden page run once a second, and after some minutes once a minute.
fn throttled(intervals: &[Span]) -> Option<Throttled> {
    let steps = [(Span::from_secs(60), Span::from_millis(1500)), (Span::from_secs(1), Span::from_millis(50))];
    steps.into_iter().find_map(|(unit, slack)| aligned(intervals, unit, slack))
}

/// Shorter intervals first, then mostly multiples of `unit`, the greater part of them `unit` itself.
fn aligned(intervals: &[Span], unit: Span, slack: Span) -> Option<Throttled> {
    let (unit, slack) = (unit.nanos(), slack.nanos());
    let times = |interval: &Span| {
        let times = (interval.nanos() + unit / 2) / unit;
        (times > 0 && interval.nanos().abs_diff(times * unit) <= slack).then_some(times)
    };
    let start = intervals.iter().position(|interval| times(interval).is_some())?;
    let (early, late) = intervals.split_at(start);
    let multiples = late.iter().filter(|interval| times(interval).is_some()).count();
    let single = late.iter().filter(|interval| times(interval) == Some(1)).count();
    let before = median(early)?;
    let enough = early.len() >= 2 && late.len() >= 3;
    let mostly = multiples * 3 >= late.len() * 2 && single * 2 > late.len();
    let shorter = before.nanos() < unit / 4 * 3;
    (enough && mostly && shorter).then_some(Throttled { before, aligned_to: Span::from_nanos(unit) })
}

fn median(times: &[Span]) -> Option<Span> {
    let mut series = Series::default();
    times.iter().for_each(|time| series.add(*time));
    series.median()
}

/// FNV-1a over the bytes, each run of digits taken as one zero: a counter or a clock makes no other message.
fn without_numbers(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut in_number = false;
    for byte in bytes {
        let digit = byte.is_ascii_digit();
        if digit && in_number {
            continue;
        }
        in_number = digit;
        hash = (hash ^ u64::from(if digit { b'0' } else { *byte })).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(gaps_in_seconds: &[f64], text: impl Fn(usize) -> String) -> Heartbeats {
        let mut heartbeats = Heartbeats::default();
        let mut at = Moment::from_millis(100);
        heartbeats.message(at, true, text(0).as_bytes());
        for (index, gap) in gaps_in_seconds.iter().enumerate() {
            at = at.after(Span::from_seconds(*gap));
            heartbeats.message(at, true, text(index + 1).as_bytes());
        }
        heartbeats
    }

    #[test]
    fn the_same_text_each_25_s_is_a_heartbeat() {
        let seen = texts(&[25.0; 4], |_| "HeartBeat".into()).report();
        assert_eq!((seen.len(), seen[0].kind, seen[0].count), (1, HeartbeatKind::Text, 5));
        assert_eq!(seen[0].interval, Some(Span::from_secs(25)));
        assert_eq!(seen[0].head, Some(PayloadBytes(b"HeartBeat".to_vec())));
        assert_eq!(seen[0].throttled, None);
    }

    #[test]
    fn a_counter_in_the_text_does_not_hide_it() {
        let seen = texts(&[10.0; 5], |index| format!("{{\"type\":\"ping\",\"n\":{}}}", index * 7)).report();
        assert_eq!((seen.len(), seen[0].count), (1, 6));
    }

    #[test]
    fn a_stream_and_a_talk_are_no_heartbeats() {
        assert!(texts(&[0.01; 100], |_| "x".into()).report().is_empty());
        assert!(texts(&[1.0, 9.0, 30.0, 2.0, 17.0], |_| "hello".into()).report().is_empty());
        assert!(texts(&[25.0], |_| "HeartBeat".into()).report().is_empty());
    }

    #[test]
    fn a_hidden_page_shows_by_its_minutes() {
        let seen = texts(&[15.0, 15.0, 15.0, 33.0, 60.0, 60.3, 59.8, 60.0], |_| "ping".into()).report();
        let throttled = Throttled { before: Span::from_secs(15), aligned_to: Span::from_secs(60) };
        assert_eq!(seen[0].throttled, Some(throttled));
        assert_eq!(texts(&[60.0; 8], |_| "ping".into()).report()[0].throttled, None);
    }

    #[test]
    fn pings_and_pongs_are_told_whatever_their_intervals() {
        let mut heartbeats = Heartbeats::default();
        heartbeats.ping(Moment::from_millis(0));
        heartbeats.ping(Moment::from_millis(20_000));
        heartbeats.pong(Moment::from_millis(5));
        let seen = heartbeats.report();
        assert_eq!((seen[0].kind, seen[0].interval), (HeartbeatKind::Ping, Some(Span::from_secs(20))));
        assert_eq!((seen[1].kind, seen[1].interval, &seen[1].head), (HeartbeatKind::Pong, None, &None));
    }

    #[test]
    fn rows_of_several_connections_are_put_together_and_stay_bounded() {
        let mut all = Heartbeats::default();
        for _ in 0..100 {
            all.absorb(texts(&[25.0; 3], |_| "HeartBeat".into()));
        }
        assert_eq!((all.report()[0].count, all.tracks[0].intervals.len()), (400, INTERVALS_MAX));
        let mut many = Heartbeats::default();
        for index in 0..1000_u64 {
            let word: String = (0..10).map(|bit| if (index >> bit) & 1 == 1 { 'a' } else { 'b' }).collect();
            many.message(Moment::from_millis(index), true, word.as_bytes());
        }
        assert_eq!(many.tracks.len(), TRACKS_MAX);
    }

    #[test]
    fn a_heartbeat_is_found_between_other_messages() {
        let mut heartbeats = Heartbeats::default();
        for beat in 0..6_u64 {
            heartbeats.message(Moment::from_millis(beat * 25_000), true, b"HeartBeat");
            for other in 0..12_u8 {
                let word = [b'a' + other, b'a' + beat as u8];
                heartbeats.message(Moment::from_millis(beat * 25_000 + 1000 + u64::from(other)), true, &word);
            }
        }
        let seen = heartbeats.report();
        assert_eq!((seen.len(), seen[0].count), (1, 6));
    }
}
