//! Which readers a run has: JSON Lines or a person's screen, on which stream, with colour or without, and the file of
//! `--record`. Owns that choice (SCREENS rule 7), the opening of that file and the flush at the end.

use std::cell::RefCell;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;

use crate::cmd::connect;
use crate::event::{Payload, Wanted};
use crate::moment::Span;
use crate::net::clock;
use crate::report::human::PipeScreen;
use crate::report::human::talk::{Notebook, Replies, TalkPlan, TalkScreen};
use crate::report::human::{ProbeScreen, Progress, ScreenPlan, ServeScreen, Timestamps};
use crate::report::json::JsonLines;
use crate::report::page::PageFeed;
use crate::report::safe;
use crate::report::sink::{self, Sink};
use crate::report::style::Style;
use crate::report::{Fan, Reporter};

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
    /// The file that keeps every event.
    pub record: Option<Sink>,
}

/// The readers, and the sinks that they write to.
pub struct Readers {
    pub fan: Rc<RefCell<Fan>>,
    sinks: Vec<Sink>,
}

/// A record that began in the middle of a run. Dropping it does not end it: the last events of the run belong to it.
#[derive(Debug)]
pub struct Recording {
    sink: Sink,
}

/// So many bytes of a payload are shown in hex.
const HEX_HEAD: usize = 1024;

/// What a record wants built.
pub const RECORDED: Wanted = Wanted { frames: true, messages: Payload::Whole };

impl Plan {
    /// What these readers want built.
    pub fn wanted(&self) -> Wanted {
        self.recorded(self.shown())
    }

    /// What the log of `serve` wants built: a line a message, unless it is quiet.
    pub fn wanted_by_serve(&self) -> Wanted {
        let shown = self.shown();
        let messages = if self.quiet || self.json { shown.messages } else { Payload::Head(HEX_HEAD) };
        self.recorded(Wanted { messages, ..shown })
    }

    /// What the readers of `connect` in a pipe want built.
    pub fn wanted_by_pipe(&self) -> Wanted {
        self.recorded(self.shown_in_pipe())
    }

    /// What the readers of `connect` at a terminal want built.
    pub fn wanted_by_terminal(&self) -> Wanted {
        self.recorded(Wanted { messages: Payload::Whole, ..self.shown() })
    }

    fn shown(&self) -> Wanted {
        if self.json {
            // Heads and heartbeats are events of their own; frames and payload cost, and come when they are asked for.
            let messages = if self.verbosity >= 3 { Payload::Whole } else { Payload::No };
            return Wanted { frames: self.verbosity >= 2, messages };
        }
        let messages = if self.verbosity >= 2 { Payload::Head(HEX_HEAD) } else { Payload::No };
        Wanted { frames: self.verbosity >= 2, messages }
    }

    /// A program that reads JSON there has no other way to the messages.
    fn shown_in_pipe(&self) -> Wanted {
        let shown = self.shown();
        if self.json { Wanted { messages: Payload::Whole, ..shown } } else { shown }
    }

    /// A record keeps everything, whatever else is shown.
    fn recorded(&self, shown: Wanted) -> Wanted {
        if self.record.is_some() { RECORDED } else { shown }
    }

    /// The readers of `probe`. `live` runs print as things happen.
    pub fn for_probe(&self, live: bool) -> Readers {
        let mut readers = self.recording();
        let stdout = Sink::stdout();
        readers.keep(stdout.clone());
        if self.json {
            readers.add_json(self.json_lines(&stdout, self.shown()), &stdout);
            return readers;
        }
        let terminal = sink::stdout_is_terminal();
        if !live && !self.quiet && self.verbosity == 0 && sink::stderr_is_terminal() {
            let stderr = Sink::stderr();
            // First, so that the line is gone before the verdict is written.
            readers.add(Box::new(Progress::new(stderr.clone())));
            readers.keep(stderr);
        }
        readers.add(Box::new(ProbeScreen::new(self.screen(live, terminal), stdout)));
        readers
    }

    /// The readers of `serve`: its address on stdout, `notes` under it and the log on stderr.
    pub fn for_serve(&self, notes: Vec<String>, page: PageFeed) -> Readers {
        let mut readers = self.recording();
        let (stdout, stderr) = (Sink::stdout(), Sink::stderr());
        readers.keep(stdout.clone());
        readers.keep(stderr.clone());
        if self.json {
            readers.add_json(self.json_lines(&stdout, self.shown()), &stdout);
        } else {
            let plan = self.screen(true, sink::stderr_is_terminal());
            readers.add(Box::new(ServeScreen::new(plan, notes, stdout, stderr)));
        }
        readers.add(Box::new(page));
        readers
    }

    /// The readers of `connect` in a pipe: the talk on stderr, since stdout has the payload; or JSON on stdout.
    pub fn for_pipe(&self) -> Readers {
        let mut readers = self.recording();
        if self.json {
            let stdout = Sink::stdout();
            readers.keep(stdout.clone());
            readers.add_json(self.json_lines(&stdout, self.shown_in_pipe()), &stdout);
            return readers;
        }
        let stderr = Sink::stderr();
        readers.keep(stderr.clone());
        let plan = self.screen(true, sink::stderr_is_terminal());
        readers.add(Box::new(PipeScreen::new(plan, stderr)));
        readers
    }

    /// The readers of `connect` at a terminal, all on the one screen behind `writer`; what they have noted; and the way
    /// for answers to what is typed, in order with the rest.
    pub fn for_terminal(&self, writer: Box<dyn Write + Send>, how: &connect::Terminal) -> (Readers, Notebook, Replies) {
        let (pretty, slash) = (how.pretty, how.slash);
        let mut readers = self.recording();
        let screen = Sink::over("screen", writer);
        readers.keep(screen.clone());
        let plan = self.screen(true, true);
        let (notebook, replies) = (Notebook::default(), Replies::new(screen.clone()));
        let talk = TalkPlan { screen: plan, pretty, slash, width: sink::terminal_width };
        readers.add(Box::new(TalkScreen::new(talk, screen, notebook.clone())));
        (readers, notebook, replies)
    }

    /// The readers before any is shown something: at most the record.
    fn recording(&self) -> Readers {
        let mut readers = Readers { fan: Rc::new(RefCell::new(Fan::new(self.redact))), sinks: Vec::new() };
        if let Some(record) = &self.record {
            readers.add_json(JsonLines::new(record.clone()), record);
            readers.keep(record.clone());
        }
        readers
    }

    /// JSON Lines that show what they would show without a record.
    fn json_lines(&self, sink: &Sink, shown: Wanted) -> JsonLines {
        let lines = JsonLines::new(sink.clone());
        if self.record.is_some() { lines.showing(shown) } else { lines }
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

    /// A stream that [`Readers::finish`] waits for too.
    pub fn keep(&mut self, sink: Sink) {
        self.sinks.push(sink);
    }

    fn add(&self, reporter: Box<dyn Reporter + Send>) {
        self.fan.borrow_mut().add(reporter);
    }

    fn add_json(&self, lines: JsonLines, sink: &Sink) {
        self.fan.borrow_mut().add_lossless(Box::new(lines), sink);
    }

    /// Ends the readers and waits until all is written, or nobody reads any more. False when something could not be
    /// written though somebody wants it: a full disk.
    pub async fn finish(self) -> bool {
        self.fan.borrow_mut().finish();
        for sink in &self.sinks {
            sink.flushed().await;
        }
        !self.sinks.iter().any(Sink::has_failed)
    }
}

/// Makes the file of a record anew, for its owner only.
///
/// # Errors
/// One line: it cannot be written.
pub fn open_record(path: &Path) -> Result<Sink, String> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // A FIFO that nobody reads would hold us at its opening.
        options.mode(0o600).custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits());
    }
    let file = options.open(path).map_err(|why| {
        let name = safe::quoted(path.display().to_string().as_bytes(), safe::SHOWN_MAX);
        format!("cannot write {name}: {why}")
    })?;
    Ok(Sink::file(file))
}

impl Recording {
    /// Ends it: what follows is not kept.
    pub fn stop(self) {
        self.sink.end();
    }

    /// For [`Readers::keep`]: what is kept is to be written before the process ends.
    pub fn sink(&self) -> Sink {
        self.sink.clone()
    }
}

/// Keeps every event from now on in that file, until it is stopped. Frames and whole messages must be wanted from then
/// on: [`RECORDED`].
///
/// # Errors
/// One line: the file cannot be written.
pub fn record_to(fan: &RefCell<Fan>, path: &Path) -> Result<Recording, String> {
    let sink = open_record(path)?;
    fan.borrow_mut().add_lossless(Box::new(JsonLines::new(sink.clone())), &sink);
    Ok(Recording { sink })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::verdict::RunEnded;
    use crate::event::{ConnId, EventKind, Exit};
    use crate::moment::Moment;

    fn plan(verbosity: u8, json: bool) -> Plan {
        Plan {
            verbosity,
            quiet: false,
            json,
            color: None,
            timestamps: Timestamps::None,
            redact: true,
            heartbeat: None,
            hold: None,
            record: None,
        }
    }

    fn wanted(frames: bool, messages: Payload) -> Wanted {
        Wanted { frames, messages }
    }

    #[test]
    fn what_is_built_is_what_somebody_reads() {
        let (person, program) = (plan(0, false), plan(0, true));
        assert_eq!((person.wanted(), program.wanted()), (Wanted::default(), Wanted::default()));
        assert_eq!(plan(2, false).wanted(), wanted(true, Payload::Head(HEX_HEAD)));
        assert_eq!(person.wanted_by_pipe(), Wanted::default());
        assert_eq!(program.wanted_by_pipe(), wanted(false, Payload::Whole), "a program drives it");
        assert_eq!(person.wanted_by_terminal(), wanted(false, Payload::Whole));
        assert_eq!(plan(2, false).wanted_by_terminal(), wanted(true, Payload::Whole));
        let recorded = Plan { record: Some(Sink::memory().0), ..person };
        let all = [recorded.wanted(), recorded.wanted_by_serve(), recorded.wanted_by_pipe()];
        assert_eq!(all, [RECORDED; 3]);
        assert_eq!(recorded.shown(), Wanted::default(), "what is shown does not change by a record");
    }

    #[test]
    fn a_record_is_made_anew_and_ends_when_it_is_told_to() {
        let path = std::env::temp_dir().join(format!("wscope-record-{}", std::process::id()));
        std::fs::write(&path, "what stood there before, and was longer than what comes now".repeat(9)).unwrap();
        let fan = RefCell::new(Fan::new(true));
        let record = record_to(&fan, &path).unwrap();
        let ended = |verdict: &str| {
            let ended = RunEnded { verdict: verdict.into(), exit: Exit::Healthy, took: Span::ZERO };
            fan.borrow_mut().emit(Moment::START, ConnId::default(), EventKind::RunEnded(ended));
        };
        let sink = record.sink();
        ended("one");
        record.stop();
        ended("two");
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(sink.flushed());
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("\"seq\":1,") && text.contains("\"verdict\":\"one\""), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn a_record_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("wscope-record-mode-{}", std::process::id()));
        let record = open_record(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!record.is_gone());
    }

    #[test]
    fn a_record_that_cannot_be_written_is_told_in_one_line() {
        let why = open_record(Path::new("no-such-folder/events.jsonl")).unwrap_err();
        assert!(why.starts_with("cannot write \"no-such-folder/events.jsonl\": "), "{why}");
        assert_eq!(why.lines().count(), 1);
    }
}
