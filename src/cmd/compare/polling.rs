//! Long polling and short polling of the shared stream, each over its own connection. Owns when the next request goes
//! out and what is made of an answer; the request is `net::get`'s, the figures are `exam::compare`'s.

use crate::event::compared::Way;
use crate::event::show::span;
use crate::exam::compare::{Course, Traffic, read_message, read_poll};
use crate::moment::{Moment, Span};
use crate::net::clock::Clock;
use crate::net::get::{Answer, GetFault, Getter, http_url};
use crate::net::target::Target;
use crate::report::human::words::dial_fault;
use crate::report::safe::{self, SHOWN_MAX};

/// An answer that is not waited for on purpose is here within this time.
pub const ANSWER_WAIT: Span = Span::from_secs(10);
/// A long poll asks the server to wait no longer.
const WAIT_SECONDS_MAX: u64 = 25;
/// A server that answers a long poll at once, and with nothing, is not asked again at once.
const PAUSE: Span = Span::from_millis(1000);
/// So much of what is not understood is shown.
const BODY_SHOWN: usize = 60;
const SECOND_NANOS: u64 = 1_000_000_000;

/// One way of polling, under way.
pub struct Poller {
    way: Way,
    target: Target,
    getter: Getter,
    clock: Clock,
    /// The wall clock at the start of the run, in microseconds since 1970.
    wall_start: i64,
    since: u64,
    course: Course,
    fastest: Option<Span>,
}

impl Poller {
    /// Begins at message `first`; nothing is asked yet.
    pub fn new(way: Way, target: Target, getter: Getter, clock: Clock, wall_start: i64, first: u64) -> Poller {
        let course = Course::new(Some(first));
        Poller { way, target, getter, clock, wall_start, since: first, course, fastest: None }
    }

    /// Asks again as soon as there is an answer, until then.
    ///
    /// # Errors
    /// What went wrong, with the way's name.
    pub async fn poll_long(&mut self, until: Moment) -> Result<(), String> {
        let clock = self.clock;
        loop {
            let asked = clock.now();
            let left = until.since(asked);
            if left.is_zero() {
                return Ok(());
            }
            let seconds = left.nanos().div_ceil(SECOND_NANOS).min(WAIT_SECONDS_MAX);
            let query = format!("since={}&wait={seconds}", self.since);
            let fetching = self.fetch(&query, ANSWER_WAIT.plus(Span::from_secs(seconds)));
            // What is under way at the end is left as it is.
            let Ok(fetched) = tokio::time::timeout_at(clock.instant(until), fetching).await else { return Ok(()) };
            let is_early = clock.now().since(asked) < Span::from_secs(seconds).times(0.5);
            if fetched? == 0 && is_early {
                tokio::time::sleep_until(clock.instant(clock.now().after(PAUSE).min(until))).await;
            }
        }
    }

    /// Asks at `from` and each `every` after it, as long as that is not after `until`; later, if the answer before takes
    /// longer.
    ///
    /// # Errors
    /// What went wrong, with the way's name.
    pub async fn poll_short(&mut self, from: Moment, until: Moment, every: Span) -> Result<(), String> {
        let clock = self.clock;
        let mut due = from;
        while due <= until {
            tokio::time::sleep_until(clock.instant(due)).await;
            let query = format!("since={}", self.since);
            self.fetch(&query, ANSWER_WAIT).await?;
            due = due.after(every).max(clock.now());
        }
        Ok(())
    }

    /// The shortest time from a request to its answer.
    pub fn fastest(&self) -> Option<Span> {
        self.fastest
    }

    /// What has come, and what it took.
    pub fn finish(mut self) -> (Way, Course, Traffic) {
        let counts = self.getter.counts();
        let traffic = Traffic {
            url: http_url(&self.target),
            requests: counts.requests,
            connections: counts.connections,
            open_connections: u64::from(self.getter.is_open()),
            bytes_in: counts.bytes_in,
            bytes_out: counts.bytes_out,
        };
        (self.way, self.course, traffic)
    }

    /// One request; the number of messages that it brought.
    async fn fetch(&mut self, query: &str, wait: Span) -> Result<usize, String> {
        let way = self.way.words();
        let path = with_query(&self.target.path, query);
        let got = self.getter.get(&path, wait).await;
        let answer = got.map_err(|fault| format!("{way}: {}", get_fault(&fault)))?;
        let url = http_url(&self.target);
        let polled = match answer.head.status() {
            Some(200) => read_poll(&answer.body),
            _ => None,
        };
        let polled = polled.ok_or_else(|| format!("{way}: {}", foreign_answer(&url, &answer)))?;
        let at_micros = micros(self.wall_start, answer.at);
        for text in &polled.messages {
            let stamp = read_message(text).ok_or_else(|| format!("{way}: {}", foreign_message(&url, text)))?;
            self.course.arrived(stamp, at_micros);
        }
        if !polled.messages.is_empty() && polled.next <= self.since {
            let (next, since) = (polled.next, self.since);
            return Err(format!("{way}: the answer of {url} has messages and next {next}, asked since {since}"));
        }
        self.since = polled.next;
        self.course.reached(polled.next);
        self.fastest = Some(self.fastest.map_or(answer.took, |fastest| fastest.min(answer.took)));
        Ok(polled.messages.len())
    }
}

/// A moment of the run by our wall clock, in microseconds since 1970.
pub fn micros(wall_start: i64, at: Moment) -> i64 {
    wall_start.saturating_add(i64::try_from(at.nanos() / 1000).unwrap_or(i64::MAX))
}

/// Why a request had no whole answer.
pub fn get_fault(fault: &GetFault) -> String {
    match fault {
        GetFault::Dial(failed) => dial_fault(&failed.fault),
        GetFault::Late(wait) => format!("no whole answer within {}", span(*wait)),
        GetFault::Broken(words) => words.clone(),
    }
}

/// An answer that is none of `wscope serve`'s polls.
pub fn foreign_answer(url: &str, answer: &Answer) -> String {
    let status = answer.head.status().unwrap_or_default();
    let got = if status == 200 {
        safe::quoted(&answer.body, BODY_SHOWN)
    } else {
        format!("HTTP {status} {}", safe::line(answer.head.reason(), SHOWN_MAX)).trim_end().to_owned()
    };
    format!("the answer of {} is not wscope's form, JSON with next and messages: {got}", safe::line(url, SHOWN_MAX))
}

/// A message that is none of the shared stream.
pub fn foreign_message(url: &str, text: &str) -> String {
    let got = safe::quoted(text.as_bytes(), BODY_SHOWN);
    format!("a message of {} is not wscope's form, JSON with n and sent_ms: {got}", safe::line(url, SHOWN_MAX))
}

fn with_query(path: &str, query: &str) -> String {
    let mark = if path.contains('?') { '&' } else { '?' };
    format!("{path}{mark}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_goes_behind_the_one_that_is_there() {
        assert_eq!(with_query("/poll", "since=1"), "/poll?since=1");
        assert_eq!(with_query("/poll?room=7", "since=1"), "/poll?room=7&since=1");
    }

    #[test]
    fn the_wall_clock_counts_on_from_the_start() {
        assert_eq!(micros(1_790_000_000_000_000, Moment::from_millis(2)), 1_790_000_000_002_000);
    }
}
