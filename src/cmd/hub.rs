//! The shared message stream of `serve`: one generator for all who listen, by socket, by events or by polls, so that
//! the ways can be compared on the same messages. Owns the numbering, the ring of the last messages, and when messages
//! are made; how they are carried is `net::http`'s and the socket's.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use crate::moment::{Moment, Span};
use crate::net::clock::{self, Clock};
use crate::net::http::{Listening, Messages};

/// So many messages are kept,
const KEPT_MAX: usize = 1000;
/// and of large ones so many bytes, the last message in any case.
const KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Messages come no closer.
const EVERY_MIN: Span = Span::from_nanos(10_000);
/// Messages are made for so long after a poll.
const POLL_LASTS: Span = Span::from_secs(30);

/// The stream. A clone is the same stream. Messages are made on a task of the current `LocalSet`, which ends with the
/// last clone.
#[derive(Clone)]
pub struct Hub {
    inner: Rc<Inner>,
}

struct Inner {
    /// The time between two messages.
    every: Span,
    /// Bytes of a message, at least.
    size: usize,
    clock: Clock,
    ring: RefCell<VecDeque<(u64, Rc<str>)>>,
    ring_bytes: Cell<usize>,
    next: Cell<u64>,
    listeners: Cell<usize>,
    polled_at: Cell<Option<Moment>>,
    is_running: Cell<bool>,
    arrival: Arc<Notify>,
}

/// While it lives, its owner listens.
pub struct Guard {
    hub: Hub,
}

impl Hub {
    /// No message yet, and none until somebody listens; then one `every` so long, of `size` bytes at least.
    pub fn new(every: Span, size: usize, clock: Clock) -> Hub {
        let inner = Inner {
            every: every.max(EVERY_MIN),
            size,
            clock,
            ring: RefCell::new(VecDeque::new()),
            ring_bytes: Cell::new(0),
            next: Cell::new(1),
            listeners: Cell::new(0),
            polled_at: Cell::new(None),
            is_running: Cell::new(false),
            arrival: Arc::new(Notify::new()),
        };
        Hub { inner: Rc::new(inner) }
    }

    /// The number of the next message.
    pub fn next(&self) -> u64 {
        self.inner.next.get()
    }

    /// The kept messages from number `from` on, oldest first.
    pub fn since(&self, from: u64) -> Vec<(u64, Rc<str>)> {
        let ring = self.inner.ring.borrow();
        let oldest = ring.front().map_or(from, |(number, _)| *number);
        let passed = usize::try_from(from.saturating_sub(oldest)).unwrap_or(usize::MAX);
        ring.range(passed.min(ring.len())..).cloned().collect()
    }

    /// Told (all waiters) at each message.
    pub fn arrival(&self) -> Arc<Notify> {
        Arc::clone(&self.inner.arrival)
    }

    /// Somebody asked: messages are made for the next 30 s.
    pub fn polled(&self) {
        self.inner.polled_at.set(Some(self.inner.clock.now()));
        self.run();
    }

    /// Messages are made until the guard is dropped.
    pub fn listener(&self) -> Guard {
        self.inner.listeners.set(self.inner.listeners.get() + 1);
        self.run();
        Guard { hub: self.clone() }
    }

    fn run(&self) {
        if !self.inner.is_running.replace(true) {
            tokio::task::spawn_local(generate(Rc::downgrade(&self.inner), self.inner.every));
        }
    }
}

impl Messages for Hub {
    fn next(&self) -> u64 {
        Hub::next(self)
    }

    fn since(&self, from: u64) -> Vec<(u64, Rc<str>)> {
        Hub::since(self, from)
    }

    fn arrival(&self) -> Arc<Notify> {
        Hub::arrival(self)
    }

    fn polled(&self) {
        Hub::polled(self);
    }

    fn listen(&self) -> Box<dyn Listening> {
        Box::new(self.listener())
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (next, listeners) = (self.next(), self.inner.listeners.get());
        f.debug_struct("Hub").field("next", &next).field("listeners", &listeners).finish_non_exhaustive()
    }
}

impl Listening for Guard {}

impl Drop for Guard {
    fn drop(&mut self) {
        let listeners = &self.hub.inner.listeners;
        listeners.set(listeners.get().saturating_sub(1));
    }
}

impl Inner {
    fn is_wanted(&self) -> bool {
        let is_polled = |at: Moment| self.clock.now().since(at) < POLL_LASTS;
        self.listeners.get() > 0 || self.polled_at.get().is_some_and(is_polled)
    }

    fn make(&self) {
        let number = self.next.get();
        let text = text(number, clock::wall_micros(), self.size);
        let mut ring = self.ring.borrow_mut();
        let mut bytes = self.ring_bytes.get() + text.len();
        ring.push_back((number, Rc::from(text)));
        while ring.len() > KEPT_MAX || (bytes > KEPT_BYTES_MAX && ring.len() > 1) {
            bytes -= ring.pop_front().map_or(0, |(_, gone)| gone.len());
        }
        self.ring_bytes.set(bytes);
        self.next.set(number + 1);
        drop(ring);
        self.arrival.notify_waiters();
    }
}

/// Makes messages while somebody wants them: the first one a period after the start, then one at each multiple of it. A
/// tick that came late moves none of the others, and ticks that were missed are not made up for.
async fn generate(stream: Weak<Inner>, every: Span) {
    let mut ticks = tokio::time::interval(every.duration());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks.reset();
    loop {
        ticks.tick().await;
        let Some(inner) = stream.upgrade() else { return };
        if !inner.is_wanted() {
            inner.is_running.set(false);
            return;
        }
        inner.make();
    }
}

/// One message: JSON on one line, filled up to `size` bytes.
fn text(number: u64, wall_micros: i64, size: usize) -> String {
    let (millis, micros) = (wall_micros.div_euclid(1000), wall_micros.rem_euclid(1000));
    let mut text = format!("{{\"n\":{number},\"sent_ms\":{millis}.{micros:03},\"fill\":\"");
    let behind = "\"}";
    let fill = size.saturating_sub(text.len() + behind.len());
    text.push_str(&"a".repeat(fill));
    text.push_str(behind);
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::task::LocalSet;

    use super::*;

    const WALL_MICROS: i64 = 1_790_000_000_000_123;

    fn hub(every_millis: u64, size: usize) -> Hub {
        Hub::new(Span::from_millis(every_millis), size, Clock::start())
    }

    async fn pass(seconds: f64) {
        tokio::time::sleep(Span::from_seconds(seconds).duration()).await;
    }

    async fn local(test: impl Future<Output = ()>) {
        LocalSet::new().run_until(test).await;
    }

    #[test]
    fn a_message_is_json_of_at_least_the_size() {
        assert_eq!(text(17, WALL_MICROS, 0), "{\"n\":17,\"sent_ms\":1790000000000.123,\"fill\":\"\"}");
        assert_eq!(text(17, WALL_MICROS, 64).len(), 64);
        let read: serde_json::Value = serde_json::from_str(&text(17, 1_005, 100)).unwrap();
        assert_eq!((read["n"].as_u64(), read["sent_ms"].as_f64()), (Some(17), Some(1.005)));
    }

    #[tokio::test(start_paused = true)]
    async fn messages_are_made_only_while_somebody_listens() {
        local(async {
            let hub = hub(500, 64);
            pass(10.0).await;
            assert_eq!(hub.next(), 1);
            let (first, second) = (hub.listener(), hub.listener());
            pass(1.6).await;
            assert_eq!(hub.next(), 4);
            drop(first);
            pass(1.0).await;
            assert_eq!(hub.next(), 6);
            drop(second);
            pass(100.0).await;
            assert_eq!(hub.next(), 6);
            let _third = hub.listener();
            pass(0.6).await;
            assert_eq!(hub.next(), 7, "it begins again, and goes on with the numbers");
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_keeps_it_going_for_half_a_minute() {
        local(async {
            let hub = hub(1000, 64);
            hub.polled();
            pass(20.5).await;
            hub.polled();
            pass(100.0).await;
            assert_eq!(hub.next(), 51, "20.5 s and 30 s, a message a second");
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn it_does_not_drift_and_makes_up_for_no_stall() {
        local(async {
            let hub = hub(250, 64);
            let _listener = hub.listener();
            pass(1000.1).await;
            assert_eq!(hub.next(), 4001);
            // Nothing runs meanwhile: the clock jumps.
            tokio::time::advance(Span::from_secs(100).duration()).await;
            pass(0.01).await;
            assert_eq!(hub.next(), 4002);
            pass(1.0).await;
            assert_eq!(hub.next(), 4006, "on the same beat as before");
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_thousand_are_kept_and_less_of_large_ones() {
        local(async {
            let small = hub(1, 64);
            let _listener = small.listener();
            pass(1.2).await;
            let kept = small.since(0);
            let next = small.next();
            assert!(next > 1100, "{next}");
            assert_eq!((kept.len(), kept[0].0, kept[999].0), (1000, next - 1000, next - 1));
            assert_eq!(small.since(next - 2).iter().map(|kept| kept.0).collect::<Vec<_>>(), [next - 2, next - 1]);
            assert!(small.since(next).is_empty() && small.since(u64::MAX).is_empty());
            let large = hub(100, 5 * 1024 * 1024);
            let _listener = large.listener();
            pass(1.05).await;
            let numbers: Vec<u64> = large.since(0).iter().map(|kept| kept.0).collect();
            assert_eq!(numbers, [8, 9, 10]);
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_wait_are_told() {
        local(async {
            let hub = hub(1000, 64);
            let _listener = hub.listener();
            let (one, two) = (hub.arrival(), hub.arrival());
            tokio::join!(one.notified(), two.notified());
            assert_eq!(hub.since(1).len(), 1);
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_task_ends_with_the_stream() {
        local(async {
            let hub = hub(1000, 64);
            let inner = Rc::downgrade(&hub.inner);
            let guard = hub.listener();
            drop(hub);
            pass(1.5).await;
            assert!(inner.upgrade().is_some(), "a listener keeps it");
            drop(guard);
            assert!(inner.upgrade().is_none());
            pass(2.0).await;
        })
        .await;
    }
}
