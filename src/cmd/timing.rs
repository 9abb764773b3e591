//! What the verdict line says of a healthy run's speed: when it was open, and the median of the answered heartbeats. Owns
//! the series, in bounded memory.

use hdrhistogram::Histogram;

use crate::event::EventKind;
use crate::moment::Span;

/// The two figures of the verdict line.
#[derive(Debug)]
pub struct Timing {
    open: Option<Span>,
    /// Microseconds, three digits exact.
    rtt: Histogram<u64>,
    settled: u64,
}

impl Timing {
    /// Nothing measured.
    pub fn new() -> Timing {
        let rtt = Histogram::new(3).expect("three significant digits are within the histogram's range");
        Timing { open: None, rtt, settled: 0 }
    }

    /// Takes an event.
    pub fn see(&mut self, kind: &EventKind) {
        match kind {
            EventKind::Open(opened) => self.open = self.open.or(Some(opened.took)),
            EventKind::Answered(answered) if answered.own => {
                self.rtt.saturating_record((answered.rtt.nanos() / 1000).max(1));
            }
            EventKind::Answered(_) => self.settled += 1,
            _ => {}
        }
    }

    /// Heartbeats that another sign of life settled.
    pub fn settled(&self) -> u64 {
        self.settled
    }

    /// How long the first open took.
    pub fn open(&self) -> Option<Span> {
        self.open
    }

    /// The median time from a ping's flush to its pong's last byte.
    pub fn median(&self) -> Option<Span> {
        (!self.rtt.is_empty()).then(|| Span::from_nanos(self.rtt.value_at_quantile(0.5) * 1000))
    }
}

impl Default for Timing {
    fn default() -> Timing {
        Timing::new()
    }
}
