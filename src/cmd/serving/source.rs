//! Messages by themselves, and messages that are only counted: what `--mode source` sends and `--mode sink` notes. Owns their
//! times and totals; pure, time passed in.

use crate::event::Received;
use crate::moment::{Moment, Span};

/// What a source sends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourcePlan {
    /// The time between two messages; more than zero.
    pub every: Span,
    /// The length of each, in bytes.
    pub size: usize,
    /// None: without end.
    pub count: Option<u64>,
}

impl Default for SourcePlan {
    fn default() -> SourcePlan {
        SourcePlan { every: Span::from_millis(1000), size: 64, count: None }
    }
}

/// One client's source.
#[derive(Debug)]
pub struct Source {
    plan: SourcePlan,
    next_at: Moment,
    sent: u64,
    /// Nothing is sent while nothing leaves.
    blocked: bool,
}

impl Source {
    /// The first message goes out at once.
    pub fn new(plan: SourcePlan, opened: Moment) -> Source {
        Source { plan, next_at: opened, sent: 0, blocked: false }
    }

    /// The next message that is due.
    pub fn next(&mut self, now: Moment, has_room: bool) -> Option<String> {
        self.blocked = !has_room;
        if self.is_over() || self.blocked || self.next_at > now {
            return None;
        }
        // Behind by more than a second: that time had no room, and is not made up for.
        let late = now.since(self.next_at) > Span::from_millis(1000);
        let from = if late { now } else { self.next_at };
        self.next_at = from.after(self.plan.every);
        self.sent += 1;
        Some(padded(format!("message {}", self.sent), self.plan.size))
    }

    /// Has it sent all?
    pub fn is_over(&self) -> bool {
        self.plan.count.is_some_and(|count| self.sent >= count)
    }

    /// When time alone makes the next one due.
    pub fn deadline(&self) -> Option<Moment> {
        (!self.is_over() && !self.blocked).then_some(self.next_at)
    }
}

/// Exactly so many bytes of ASCII.
fn padded(mut text: String, size: usize) -> String {
    text.truncate(size);
    if text.len() + 1 < size {
        text.push(' ');
    }
    text.extend(std::iter::repeat_n('.', size - text.len()));
    text
}

/// What one client has sent into the sink.
#[derive(Debug)]
pub struct Sink {
    opened: Moment,
    since: Moment,
    total: (u64, u64),
    told: (u64, u64),
}

/// So often something is said, if something came.
const TELL_EVERY: Span = Span::from_millis(1000);

impl Sink {
    /// Nothing has come yet.
    pub fn new(opened: Moment) -> Sink {
        Sink { opened, since: opened, total: (0, 0), told: (0, 0) }
    }

    /// A message of so many bytes came.
    pub fn count(&mut self, bytes: usize) {
        self.total.0 += 1;
        self.total.1 += bytes as u64;
    }

    /// What came since it was told last; once a second at most, and at the end.
    pub fn tell(&mut self, now: Moment, is_end: bool) -> Option<Received> {
        let took = now.since(self.since);
        if took < TELL_EVERY && !is_end {
            return None;
        }
        let (messages, bytes) = (self.total.0 - self.told.0, self.total.1 - self.told.1);
        (self.since, self.told) = (now, self.total);
        if is_end {
            let took = now.since(self.opened);
            return Some(Received {
                messages,
                bytes,
                took,
                all_messages: self.total.0,
                all_bytes: self.total.1,
                last: true,
            });
        }
        (messages > 0).then_some(Received {
            messages,
            bytes,
            took,
            all_messages: self.total.0,
            all_bytes: self.total.1,
            last: false,
        })
    }

    /// When it is told next, if something came.
    pub fn deadline(&self) -> Option<Moment> {
        (self.total != self.told).then(|| self.since.after(TELL_EVERY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn a_source_keeps_its_times_and_stops_at_its_count() {
        let plan = SourcePlan { every: Span::from_millis(100), size: 12, count: Some(3) };
        let mut source = Source::new(plan, ms(0));
        assert_eq!(source.next(ms(0), true).as_deref(), Some("message 1 .."));
        assert_eq!(source.next(ms(99), true), None);
        assert_eq!(source.deadline(), Some(ms(100)));
        // Late, and yet the third is due in its own time.
        assert!(source.next(ms(150), true).is_some());
        assert_eq!(source.deadline(), Some(ms(200)));
        assert!(source.next(ms(200), true).is_some());
        assert!(source.is_over());
        assert_eq!((source.next(ms(900), true), source.deadline()), (None, None));
    }

    #[test]
    fn a_source_waits_for_room_and_does_not_make_up_for_it() {
        let mut source = Source::new(SourcePlan { every: Span::from_millis(10), ..SourcePlan::default() }, ms(0));
        assert_eq!((source.next(ms(0), false), source.deadline()), (None, None));
        assert!(source.next(ms(5000), true).is_some());
        assert_eq!(source.next(ms(5000), true), None);
    }

    #[test]
    fn a_message_has_the_size_that_is_asked_for() {
        for size in [0, 1, 5, 9, 10, 11, 64, 1000] {
            assert_eq!(padded("message 1".into(), size).len(), size);
        }
    }

    #[test]
    fn a_sink_tells_once_a_second_what_came_and_at_the_end_all() {
        let mut sink = Sink::new(ms(0));
        assert_eq!((sink.tell(ms(2000), false), sink.deadline()), (None, None));
        sink.count(10);
        sink.count(20);
        assert_eq!(sink.deadline(), Some(ms(3000)));
        let told = sink.tell(ms(3000), false).map(|told| (told.messages, told.bytes, told.took));
        assert_eq!(told, Some((2, 30, Span::from_millis(1000))));
        sink.count(5);
        let told = sink.tell(ms(3100), true).map(|told| (told.messages, told.all_messages, told.all_bytes));
        assert_eq!(told, Some((1, 3, 35)));
    }
}
