//! The transient line of a short probe on stderr, at a terminal only: what is under way, gone when the verdict stands.
//! Owns that one line; no report depends on it.

use std::io;

use crate::event::{Event, EventKind};
use crate::report::Reporter;
use crate::report::safe;
use crate::report::sink::Sink;

/// One line that is written over.
pub struct Progress {
    sink: Sink,
    url: String,
    shown: bool,
}

/// Back to the line's start, and clear it.
const CLEAR: &str = "\r\x1b[K";
/// The line stays one line.
const URL_MAX: usize = 50;

impl Progress {
    /// Nothing is shown yet. `sink` must be a terminal.
    pub fn new(sink: Sink) -> Progress {
        Progress { sink, url: String::new(), shown: false }
    }

    fn show(&mut self, doing: &str) {
        self.shown = true;
        self.sink.write(&format!("{CLEAR}{}: {doing}", self.url));
    }

    fn clear(&mut self) {
        if self.shown {
            self.shown = false;
            self.sink.write(CLEAR);
        }
    }
}

impl Reporter for Progress {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::DialStarted(dial) => {
                self.url = safe::line(&dial.url, URL_MAX);
                self.show("looking up the name");
            }
            EventKind::Resolved(_) => self.show("connecting"),
            EventKind::TcpOpen(_) | EventKind::TlsReady(_) => self.show("shaking hands"),
            EventKind::UpgradeSent(_) => self.show("waiting for the answer to the upgrade"),
            EventKind::Open(_) => self.show("open"),
            EventKind::Heartbeat(sent) if sent.measured => self.show(&format!("ping {}", sent.number)),
            EventKind::RetryAt(_) | EventKind::Judged(_) | EventKind::RunEnded(_) => self.clear(),
            EventKind::RunStarted(_) | EventKind::UpgradeAnswered(_) | EventKind::Redirected(_) => {}
            EventKind::DialFailed(_) | EventKind::Frame(_) | EventKind::Message(_) | EventKind::Heartbeat(_) => {}
            EventKind::Answered(_) | EventKind::StrayPong(_) | EventKind::Missed(_) => {}
            EventKind::PingsIgnored(_) | EventKind::Farewell(_) | EventKind::Held(_) => {}
            EventKind::CloseSeen(_) | EventKind::Ended(_) | EventKind::GaveUp(_) => {}
            EventKind::FaultDone(_) | EventKind::Finding(_) | EventKind::Check(_) | EventKind::Listening(_) => {}
            EventKind::Received(_) | EventKind::ClientReport(_) | EventKind::Compared(_) => {}
            EventKind::InputBad(_) | EventKind::InputEnded(_) | EventKind::Lines(_) => {}
            EventKind::ClockStepped(_) | EventKind::HeartbeatChosen(_) | EventKind::ExamPlanned(_) => {}
            EventKind::SecondLook(_) => self.show("trying another way"),
            EventKind::Examined(done) => self.show(&format!("examined: {}", done.name)),
            EventKind::IdleSocket(socket) => self.show(&format!("over: {}", socket.name)),
            EventKind::IdleFound(_) => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.clear();
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::{ConnId, DialStarted, Exit, RunEnded};
    use crate::moment::{Moment, Span};

    #[test]
    fn the_line_is_gone_at_the_end() {
        let (sink, memory) = Sink::memory();
        let mut progress = Progress::new(sink);
        let event = |kind| Event { seq: 1, at: Moment::START, conn: ConnId(1), kind };
        let dial = DialStarted { url: "ws://h/\u{1b}[2J".into(), attempt: 0 };
        progress.on(&event(EventKind::DialStarted(dial))).unwrap();
        let ended = RunEnded { verdict: "healthy".into(), exit: Exit::Healthy, took: Span::ZERO };
        progress.on(&event(EventKind::RunEnded(ended))).unwrap();
        let text = String::from_utf8(memory.lock().unwrap().clone()).unwrap();
        assert!(text.ends_with(CLEAR), "{text:?}");
        assert!(!text.contains("\u{1b}[2J"), "{text:?}");
    }
}
