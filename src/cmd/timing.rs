//! What the verdict tells of a run's speed: when it was open, the median of the answered heartbeats, how many were answered.
//! Owns which events count; the arithmetic is `event::series`'.

use crate::event::EventKind;
use crate::event::series::Series;
use crate::moment::Span;

/// The figures of the verdict.
#[derive(Debug, Default)]
pub struct Timing {
    open: Option<Span>,
    rtt: Series,
    settled: u64,
    /// Heartbeats of ours.
    sent: u64,
    /// Heartbeats of the server's that we answered.
    replies: u64,
}

impl Timing {
    /// Takes an event.
    pub fn see(&mut self, kind: &EventKind) {
        match kind {
            EventKind::Open(opened) => self.open = self.open.or(Some(opened.took)),
            EventKind::Answered(answered) if answered.own => self.rtt.add(answered.rtt),
            EventKind::Answered(_) => self.settled += 1,
            EventKind::Heartbeat(sent) if sent.what.starts_with("answer to") => self.replies += 1,
            EventKind::Heartbeat(_) => self.sent += 1,
            _ => {}
        }
    }

    /// How long the first open took.
    pub fn open(&self) -> Option<Span> {
        self.open
    }

    /// The median time from a heartbeat's flush to the last byte of its own answer.
    pub fn median(&self) -> Option<Span> {
        self.rtt.median()
    }

    /// Heartbeats and measured pings of ours.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Heartbeats of the server's that we answered.
    pub fn replies(&self) -> u64 {
        self.replies
    }

    /// Heartbeats and measured pings that were answered, by themselves or by another sign of life.
    pub fn answered(&self) -> u64 {
        self.rtt.count() + self.settled
    }
}
