//! When the faults of one connection are due. Pure: time, frames and bytes come in, faults come out, each once.

use crate::fault::spec::{Fault, Phase, Planned, When};
use crate::moment::Moment;

/// The faults of one open connection that are still to be done.
#[derive(Debug)]
pub struct Schedule {
    opened: Moment,
    waiting: Vec<Planned>,
}

impl Schedule {
    /// Those faults of `planned` that are done once after the open; the lasting ones are `fault::frames`'s.
    pub fn new(opened: Moment, planned: &[Planned]) -> Schedule {
        let once = |planned: &&Planned| planned.fault.phase() == Phase::Once;
        Schedule { opened, waiting: planned.iter().filter(once).cloned().collect() }
    }

    /// Those of `planned` that are done once are due now, too.
    pub fn add(&mut self, planned: Vec<Planned>) {
        let once = planned.into_iter().filter(|planned| planned.fault.phase() == Phase::Once);
        self.waiting.extend(once.map(|planned| Planned { when: When::AtOnce, ..planned }));
    }

    /// Is nothing left to be done?
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next fault that is due.
    pub fn due(&mut self, now: Moment, frames_in: u64, bytes_in: u64) -> Option<Fault> {
        let opened = self.opened;
        let is_due = |planned: &Planned| match planned.when {
            When::AtOnce => true,
            When::After(span) => opened.after(span) <= now,
            When::Frames(count) => frames_in >= count,
            When::Bytes(count) => bytes_in >= count,
        };
        let place = self.waiting.iter().position(is_due)?;
        Some(self.waiting.remove(place).fault)
    }

    /// When time alone makes the next one due.
    pub fn deadline(&self) -> Option<Moment> {
        let times = self.waiting.iter().filter_map(|planned| match planned.when {
            When::After(span) => Some(self.opened.after(span)),
            When::AtOnce => Some(self.opened),
            When::Frames(_) | When::Bytes(_) => None,
        });
        times.min()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::fault::spec::parse;
    use crate::moment::Span;

    #[test]
    fn each_fault_comes_once_when_it_is_due() {
        let opened = Moment::from_millis(1000);
        let mut schedule = Schedule::new(opened, &parse("freeze@5s+rst@3frames+fin@1KB").unwrap());
        assert_eq!(schedule.deadline(), Some(opened.after(Span::from_secs(5))));
        assert_eq!(schedule.due(opened, 2, 999), None);
        assert_eq!(schedule.due(opened, 3, 999), Some(Fault::Rst));
        assert_eq!(schedule.due(opened, 3, 1000), Some(Fault::Fin));
        assert_eq!(schedule.due(Moment::from_millis(6000), 3, 1000), Some(Fault::Freeze));
        assert_eq!(schedule.due(Moment::from_millis(9000), 9, 9000), None);
    }

    #[test]
    fn handshake_faults_and_lasting_ones_are_no_part_of_it() {
        let planned = parse("reject=503+no-pong+junk+late-pong+close-ignored").unwrap();
        let mut schedule = Schedule::new(Moment::START, &planned);
        assert_eq!(schedule.due(Moment::from_millis(9), 9, 9), None);
        assert_eq!(schedule.deadline(), None);
    }
}
