//! The screens of SCREENS.md: text for people. Owns when a probe says what; the columns are `lines`, the sentences
//! `words`, the parts of the last block `block`, `finding`, `phases` and `heads`. Folding: what a slow screen cannot
//! take is counted, and nobody waits for it.

mod block;
mod card;
mod examined;
mod finding;
mod frames;
mod heads;
mod lines;
mod live;
mod phases;
mod pipe;
pub mod pretty;
mod progress;
mod serve;
pub mod talk;
pub mod words;

use std::io;

use crate::event::{Event, EventKind};
use crate::moment::{Moment, Span};
use crate::report::Reporter;
use crate::report::sink::Sink;
use crate::report::style::Style;
use finding::Findings;
use frames::Fold;
use lines::{LABEL, Lines, Tone};
use phases::Facts;

pub use pipe::PipeScreen;
pub use progress::Progress;
pub use serve::ServeScreen;

/// What stands in front of a line that tells when something happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Timestamps {
    None,
    /// Seconds since the start of the run.
    #[default]
    Relative,
    /// The time of day, UTC.
    Wall,
}

/// How much a screen says, and how.
#[derive(Clone, Debug, Default)]
pub struct ScreenPlan {
    /// 0 the result; 1 heads and heartbeats; 2 every frame; 3 their bytes in hex.
    pub verbosity: u8,
    /// Nothing when all is healthy, the verdict's line otherwise.
    pub quiet: bool,
    /// A long run: each event is told when it happens.
    pub live: bool,
    pub timestamps: Timestamps,
    /// A person watches: the hint stands at the end, and no line is needed only to show that we live.
    pub terminal: bool,
    pub style: Style,
    /// The wall clock at the run's start, in milliseconds since 1970, for [`Timestamps::Wall`].
    pub wall_start_unix_ms: i64,
    /// The heartbeat in words, for the first open of a long run: `text "HeartBeat" after 60 s of silence, any answer
    /// within 60 s`.
    pub heartbeat: Option<String>,
    /// How long the connection is to be held, so that our own Close at its end can say so.
    pub hold: Option<Span>,
}

/// The text of `probe`: screens 1 to 3.
pub struct ProbeScreen {
    plan: ScreenPlan,
    lines: Lines,
    facts: Facts,
    findings: Findings,
    fold: Fold,
}

impl ProbeScreen {
    /// A screen that writes to `sink`.
    pub fn new(plan: ScreenPlan, sink: Sink) -> ProbeScreen {
        let lines = Lines::new(sink, plan.style, plan.timestamps, plan.wall_start_unix_ms, LABEL);
        ProbeScreen { plan, lines, facts: Facts::default(), findings: Findings::default(), fold: Fold::default() }
    }

    /// Called about once a second: ends a fold, and off a terminal says once a minute that a long run still lives.
    pub fn tick(&mut self, now: Moment) {
        if self.plan.quiet {
            return;
        }
        let over = self.fold.due(now);
        self.say_folded(over);
        if self.plan.live && !self.plan.terminal {
            self.say_still_open(now);
        }
    }

    fn say_folded(&mut self, folded: Option<(Moment, String)>) {
        if let Some((at, text)) = folded {
            self.lines.say(at, "frames", Tone::Plain, &[text]);
        }
    }
}

impl Reporter for ProbeScreen {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        self.lines.still_there()?;
        if matches!(event.kind, EventKind::Open(_)) && self.facts.opened_at.is_none() {
            self.findings.overcome();
        }
        self.facts.see(event);
        if let EventKind::Finding(finding) = &event.kind {
            self.findings.push(finding);
        }
        if !self.plan.quiet {
            let over = self.fold.due(event.at);
            self.say_folded(over);
            if self.wants(&event.kind) {
                self.show(event);
            }
        }
        if let EventKind::Judged(judged) = &event.kind {
            let rest = self.fold.flush();
            self.say_folded(rest);
            self.judge(judged);
            self.facts = Facts::default();
            self.findings = Findings::default();
        }
        Ok(())
    }

    fn tick(&mut self, now: Moment) -> io::Result<()> {
        ProbeScreen::tick(self, now);
        self.lines.still_there()
    }

    fn finish(&mut self) -> io::Result<()> {
        let rest = self.fold.flush();
        self.say_folded(rest);
        self.lines.still_there()
    }
}

#[cfg(test)]
mod tests;
