//! Which readers a run has: JSON Lines or a person's screen, on which stream, with colour or without. Owns that choice
//! (SCREENS rule 7) and the flush at the end.

use std::cell::RefCell;
use std::rc::Rc;

use crate::event::{Payload, Wanted};
use crate::moment::Span;
use crate::net::clock;
use crate::report::Fan;
use crate::report::human::{ProbeScreen, Progress, ScreenPlan, ServeScreen, Timestamps};
use crate::report::json::JsonLines;
use crate::report::page::PageFeed;
use crate::report::sink::{self, Sink};
use crate::report::style::Style;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    pub verbosity: u8,
    pub quiet: bool,
    pub json: bool,
    /// None: by the stream.
    pub color: Option<bool>,
    pub timestamps: Timestamps,
    pub redact: bool,
    /// The heartbeat in words, for a long run's first open.
    pub heartbeat: Option<String>,
    pub hold: Option<Span>,
}

/// The readers, and the sinks that they write to.
pub struct Readers {
    pub fan: Rc<RefCell<Fan>>,
    sinks: Vec<Sink>,
}

/// So many bytes of a payload are shown in hex.
const HEX_HEAD: usize = 1024;

impl Plan {
    /// What these readers want built.
    pub fn wanted(&self) -> Wanted {
        if self.json {
            // Heads and heartbeats are events of their own; frames and payload cost, and come when they are asked for.
            let messages = if self.verbosity >= 3 { Payload::Whole } else { Payload::No };
            return Wanted { frames: self.verbosity >= 2, messages };
        }
        let messages = if self.verbosity >= 2 { Payload::Head(HEX_HEAD) } else { Payload::No };
        Wanted { frames: self.verbosity >= 2, messages }
    }

    /// What the log of `serve` wants built: a line a message, unless it is quiet.
    pub fn wanted_by_serve(&self) -> Wanted {
        let wanted = self.wanted();
        let messages = if self.quiet || self.json { wanted.messages } else { Payload::Head(HEX_HEAD) };
        Wanted { messages, ..wanted }
    }

    /// The readers of `probe`. `live` runs print as things happen.
    pub fn for_probe(&self, live: bool) -> Readers {
        let mut fan = Fan::new(self.redact);
        let stdout = Sink::stdout();
        let mut sinks = vec![stdout.clone()];
        if self.json {
            fan.add_lossless(Box::new(JsonLines::new(stdout.clone())), &stdout);
        } else {
            let terminal = sink::stdout_is_terminal();
            if !live && !self.quiet && self.verbosity == 0 && sink::stderr_is_terminal() {
                let stderr = Sink::stderr();
                // First, so that the line is gone before the verdict is written.
                fan.add(Box::new(Progress::new(stderr.clone())));
                sinks.push(stderr);
            }
            fan.add(Box::new(ProbeScreen::new(self.screen(live, terminal), stdout)));
        }
        Readers { fan: Rc::new(RefCell::new(fan)), sinks }
    }

    /// The readers of `serve`: its address on stdout, `notes` under it and the log on stderr.
    pub fn for_serve(&self, notes: Vec<String>, page: PageFeed) -> Readers {
        let mut fan = Fan::new(self.redact);
        let (stdout, stderr) = (Sink::stdout(), Sink::stderr());
        if self.json {
            fan.add_lossless(Box::new(JsonLines::new(stdout.clone())), &stdout);
        } else {
            let plan = self.screen(true, sink::stderr_is_terminal());
            fan.add(Box::new(ServeScreen::new(plan, notes, stdout.clone(), stderr.clone())));
        }
        fan.add(Box::new(page));
        Readers { fan: Rc::new(RefCell::new(fan)), sinks: vec![stdout, stderr] }
    }

    fn screen(&self, live: bool, terminal: bool) -> ScreenPlan {
        ScreenPlan {
            verbosity: self.verbosity,
            quiet: self.quiet,
            live,
            timestamps: self.timestamps,
            terminal,
            style: Style::new(self.color.unwrap_or(terminal)),
            wall_start_unix_ms: clock::wall_millis(),
            heartbeat: self.heartbeat.clone(),
            hold: self.hold,
        }
    }
}

impl Readers {
    /// Nobody looks on: for the server of `--demo`.
    pub fn none() -> Readers {
        Readers { fan: Rc::new(RefCell::new(Fan::new(true))), sinks: Vec::new() }
    }

    /// Ends the readers and waits until all is written, or nobody reads any more.
    pub async fn finish(self) {
        self.fan.borrow_mut().finish();
        for sink in &self.sinks {
            sink.flushed().await;
        }
    }
}
