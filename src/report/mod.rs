//! Everything that prints (floor 3). Owns the road from one [`Event`] to all its readers: stamped, masked once, handed
//! on. What a reader makes of it is its own; nothing here knows a socket or a clock.

pub mod human;
pub mod json;
pub mod page;
pub mod payload;
pub mod redact;
pub mod safe;
pub mod sink;
pub mod style;

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::event::{ConnId, Event, EventKind, Finding};
use crate::moment::Moment;
use redact::echoes::Echoes;
use sink::Sink;

/// A reader of the event stream. What it returns as an error is an error of writing; it is not called again after one.
pub trait Reporter {
    /// One event, in order and without gaps.
    fn on(&mut self, event: &Event) -> io::Result<()>;

    /// Time passes: called about once a second, for readers that say something when nothing happens.
    fn tick(&mut self, _now: Moment) -> io::Result<()> {
        Ok(())
    }

    /// The run is over; nothing follows.
    fn finish(&mut self) -> io::Result<()>;
}

/// Hands each event to all reporters. Makes the events' numbers, so that `seq` has no gaps.
pub struct Fan {
    readers: Vec<Reader>,
    redact: bool,
    echoes: Echoes,
    last_seq: u64,
    drained: Arc<Notify>,
}

struct Reader {
    reporter: Box<dyn Reporter + Send>,
    /// The sink that may not lose a line, if this reader is lossless.
    lossless: Option<Sink>,
    failed: bool,
}

impl Fan {
    /// No reader yet. With `redact`, secrets are masked before any reader sees them.
    pub fn new(redact: bool) -> Fan {
        Fan { readers: Vec::new(), redact, echoes: Echoes::default(), last_seq: 0, drained: Arc::new(Notify::new()) }
    }

    /// A reader that folds or drops rather than hold anybody.
    pub fn add(&mut self, reporter: Box<dyn Reporter + Send>) {
        self.readers.push(Reader { reporter, lossless: None, failed: false });
    }

    /// A reader that may lose nothing: while `sink` is full, [`Fan::full`] is true and whoever makes events must hold.
    pub fn add_lossless(&mut self, reporter: Box<dyn Reporter + Send>, sink: &Sink) {
        sink.on_drain(Arc::clone(&self.drained));
        self.readers.push(Reader { reporter, lossless: Some(sink.clone()), failed: false });
    }

    /// Stamps what happened, shows it to every reader, and returns the event as it was made (unmasked).
    pub fn emit(&mut self, at: Moment, conn: ConnId, kind: EventKind) -> Event {
        self.last_seq += 1;
        let event = Event { seq: self.last_seq, at, conn, kind };
        let shown = if self.redact { self.masked(&event) } else { Cow::Borrowed(&event) };
        self.each(|reporter| reporter.on(&shown));
        drop(shown);
        event
    }

    /// A finding as readers see it.
    pub fn shown(&self, finding: Finding) -> Finding {
        if self.redact { self.echoes.finding(&redact::finding(&finding)) } else { finding }
    }

    /// The event without secrets, be it we who say them or the peer.
    fn masked<'a>(&mut self, event: &'a Event) -> Cow<'a, Event> {
        self.echoes.learn(&event.kind);
        let shown = redact::event(event);
        match self.echoes.masked(&shown.kind) {
            Some(kind) => Cow::Owned(Event { seq: event.seq, at: event.at, conn: event.conn, kind }),
            None => shown,
        }
    }

    /// Tells every reader that time passes.
    pub fn tick(&mut self, now: Moment) {
        self.each(|reporter| reporter.tick(now));
    }

    /// The number of the last event; 0 before the first.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// True while a lossless reader's sink is full: whoever makes events must hold.
    pub fn full(&self) -> bool {
        self.readers.iter().any(|reader| reader.lossless.as_ref().is_some_and(Sink::is_full))
    }

    /// Told when a lossless reader's sink has room again; ask [`Fan::full`] after it.
    pub fn drained(&self) -> Arc<Notify> {
        Arc::clone(&self.drained)
    }

    /// True when every reader there is has failed: nobody reads any more.
    pub fn is_deserted(&self) -> bool {
        !self.readers.is_empty() && self.readers.iter().all(|reader| reader.failed)
    }

    /// Ends every reader.
    pub fn finish(&mut self) {
        self.each(|reporter| reporter.finish());
    }

    /// A reader that fails is left out from then on; the others go on.
    fn each(&mut self, mut show: impl FnMut(&mut (dyn Reporter + Send)) -> io::Result<()>) {
        for reader in self.readers.iter_mut().filter(|reader| !reader.failed) {
            reader.failed = show(reader.reporter.as_mut()).is_err();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::event::{DialStarted, GaveUp};
    use crate::moment::Span;

    struct Kept(Arc<Mutex<Vec<Event>>>);

    impl Reporter for Kept {
        fn on(&mut self, event: &Event) -> io::Result<()> {
            self.0.lock().unwrap().push(event.clone());
            Ok(())
        }

        fn finish(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Failing;

    impl Reporter for Failing {
        fn on(&mut self, _event: &Event) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn finish(&mut self) -> io::Result<()> {
            unreachable!("it is not called after it failed")
        }
    }

    fn dial() -> EventKind {
        EventKind::DialStarted(DialStarted { url: "wss://h/?token=1".into(), attempt: 0 })
    }

    #[test]
    fn numbers_have_no_gaps_and_a_failing_reader_stops_nobody() {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let mut fan = Fan::new(true);
        fan.add(Box::new(Failing));
        fan.add(Box::new(Kept(Arc::clone(&kept))));
        fan.emit(Moment::START, ConnId(1), dial());
        let why = String::from("enough");
        fan.emit(Moment::START, ConnId(1), EventKind::GaveUp(GaveUp { attempts: 1, why, down: Span::ZERO }));
        fan.finish();
        let seqs: Vec<u64> = kept.lock().unwrap().iter().map(|event| event.seq).collect();
        assert_eq!((seqs, fan.last_seq(), fan.is_deserted()), (vec![1, 2], 2, false));
    }

    #[test]
    fn readers_see_masked_events_unless_told_not_to() {
        for (redact, url) in [(true, "wss://h/?token=***"), (false, "wss://h/?token=1")] {
            let kept = Arc::new(Mutex::new(Vec::new()));
            let mut fan = Fan::new(redact);
            fan.add(Box::new(Kept(Arc::clone(&kept))));
            assert_eq!(fan.emit(Moment::START, ConnId(1), dial()).kind, dial(), "the maker's copy is unmasked");
            let shown = EventKind::DialStarted(DialStarted { url: url.into(), attempt: 0 });
            assert_eq!(kept.lock().unwrap()[0].kind, shown);
        }
    }
}
