//! Happy Eyeballs: which of several addresses is tried when, and who wins (RFC 8305 sections 4 and 5).
//!
//! Owns the order, the stagger and the log of attempts. It opens no socket: how one address is tried is an argument, so
//! is the clock. All attempts live in the one future, so that dropping it drops every socket.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

use crate::event::{Attempt, AttemptOutcome};
use crate::moment::{Moment, Span};

/// RFC 8305 section 5: "One recommended value for a default delay is 250 milliseconds".
pub const STAGGER: Duration = Duration::from_millis(250);

/// One address being tried.
pub type Trying<S> = Pin<Box<dyn Future<Output = Result<S, AttemptOutcome>> + Send>>;

/// The families alternating, the first address's family first; within a family the order stays (RFC 8305 section 4).
pub fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(leads_v6) = addresses.first().map(SocketAddr::is_ipv6) else {
        return addresses;
    };
    let mut order = Vec::with_capacity(addresses.len());
    let (leading, other): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|one| one.is_ipv6() == leads_v6);
    let (mut leading, mut other) = (leading.into_iter(), other.into_iter());
    loop {
        let (first, second) = (leading.next(), other.next());
        if first.is_none() && second.is_none() {
            return order;
        }
        order.extend(first);
        order.extend(second);
    }
}

/// The attempts of one dial. `attempts` is true at every moment: who is under way stands in it as abandoned, and how
/// long it took is filled in when the race ends, also when it is dropped.
pub struct Race<'a, S, N: Fn() -> Moment, B: Fn(SocketAddr) -> Trying<S>> {
    addresses: &'a [SocketAddr],
    attempts: &'a mut Vec<Attempt>,
    now: N,
    begin: B,
    running: Vec<Running<S>>,
    begun: usize,
    next_due: Option<Pin<Box<Sleep>>>,
}

struct Running<S> {
    /// Its place in `attempts`.
    place: usize,
    began: Moment,
    trying: Trying<S>,
}

impl<'a, S, N: Fn() -> Moment, B: Fn(SocketAddr) -> Trying<S>> Race<'a, S, N, B> {
    /// A race over `addresses` in their order; nothing is begun before it is run.
    pub fn new(addresses: &'a [SocketAddr], attempts: &'a mut Vec<Attempt>, now: N, begin: B) -> Self {
        Race { addresses, attempts, now, begin, running: Vec::new(), begun: 0, next_due: None }
    }

    /// The first that is open; none when all have failed.
    pub async fn run(mut self) -> Option<S> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<S>> {
        loop {
            let before = self.running.len();
            if let Some(open) = self.poll_running(cx) {
                return Poll::Ready(Some(open));
            }
            if self.begun == self.addresses.len() {
                return if self.running.is_empty() { Poll::Ready(None) } else { Poll::Pending };
            }
            let one_failed = self.running.len() < before;
            if !self.running.is_empty() && !one_failed && !self.is_next_due(cx) {
                return Poll::Pending;
            }
            self.begin_next();
        }
    }

    fn poll_running(&mut self, cx: &mut Context<'_>) -> Option<S> {
        let mut index = 0;
        while index < self.running.len() {
            let Poll::Ready(result) = self.running[index].trying.as_mut().poll(cx) else {
                index += 1;
                continue;
            };
            let done = self.running.remove(index);
            match result {
                Ok(open) => {
                    self.settle(&done, AttemptOutcome::Open);
                    return Some(open);
                }
                Err(outcome) => self.settle(&done, outcome),
            }
        }
        None
    }

    fn is_next_due(&mut self, cx: &mut Context<'_>) -> bool {
        self.next_due.as_mut().is_none_or(|sleep| sleep.as_mut().poll(cx).is_ready())
    }

    fn begin_next(&mut self) {
        let address = self.addresses[self.begun];
        self.begun += 1;
        let place = self.attempts.len();
        self.attempts.push(Attempt {
            address: address.to_string(),
            outcome: AttemptOutcome::Abandoned,
            took: Span::ZERO,
        });
        let began = (self.now)();
        self.running.push(Running { place, began, trying: (self.begin)(address) });
        self.next_due = Some(Box::pin(tokio::time::sleep(STAGGER)));
    }

    fn settle(&mut self, done: &Running<S>, outcome: AttemptOutcome) {
        let took = (self.now)().since(done.began);
        if let Some(attempt) = self.attempts.get_mut(done.place) {
            attempt.outcome = outcome;
            attempt.took = took;
        }
    }
}

impl<S, N: Fn() -> Moment, B: Fn(SocketAddr) -> Trying<S>> Drop for Race<'_, S, N, B> {
    fn drop(&mut self) {
        for abandoned in std::mem::take(&mut self.running) {
            self.settle(&abandoned, AttemptOutcome::Abandoned);
        }
    }
}

#[cfg(test)]
mod tests;
