//! What the slash commands do. Owns that; their words are `slash`'s, the life around the connection is the parent's.

use std::path::PathBuf;

use rand::RngExt;
use tokio_tungstenite::tungstenite::Message;

use super::{Repl, State};
use crate::cmd::connect::slash::{self, DropKind, FrameSpec, HeartbeatWords, Slash};
use crate::cmd::screen;
use crate::diagnose::explain;
use crate::event::Direction;
use crate::event::show::{size, span};
use crate::moment::{Moment, Span};
use crate::net::control::{Injected, Look, Wish};
use crate::report::human::talk;
use crate::watch::life::Command;
use crate::wire::close::CloseBody;

impl Repl<'_> {
    /// Does what `line`, which begins with a slash, asks for.
    pub(super) fn command(&mut self, now: Moment, line: &str) {
        let command = match slash::parse(line) {
            Ok(command) => command,
            Err(why) => return self.say(why),
        };
        match command {
            Slash::Help(word) => self.answer(slash::help(word.as_deref())),
            Slash::Headers => self.replies.say(&self.notebook.headers()),
            Slash::Findings => self.replies.say(&self.notebook.findings(&self.audience.findings_now())),
            Slash::Show(which) => self.replies.say(&self.notebook.show(which)),
            Slash::Explain(word) => self.explain(&word),
            Slash::Stats if self.state == State::Open => self.wishes.push_back(Wish::Look),
            Slash::Stats => self.tell_stats(now, None),
            Slash::Heartbeat(words) => self.change_heartbeat(words),
            Slash::Reconnect => self.reconnect(),
            Slash::Record(path) => self.record(path),
            Slash::Edit => {
                self.editor.edit();
                self.is_asked = true;
            }
            Slash::Quit => self.quit(),
            Slash::Ping(_) | Slash::Pong(_) | Slash::Close { .. } | Slash::Binary(_) | Slash::File { .. }
                if self.state != State::Open || self.is_closing =>
            {
                self.refuse();
            }
            Slash::Frame(_) | Slash::Drop(_) if self.state != State::Open => {
                self.say("there is no connection; /reconnect makes one");
            }
            Slash::Ping(data) => self.wishes.push_back(Wish::Life(Command::PingWith(data))),
            Slash::Pong(data) => self.wishes.push_back(Wish::Life(Command::Pong(data))),
            Slash::Close { code, reason } => self.close(code, reason),
            Slash::Binary(bytes) => self.send(now, Message::binary(bytes), false),
            Slash::File { path, text } => self.send_file(now, path, text),
            Slash::Frame(frame) => self.inject(&frame),
            Slash::Drop(DropKind::Fin) => self.wishes.push_back(Wish::Fin),
            Slash::Drop(DropKind::Rst) => self.wishes.push_back(Wish::Reset),
        }
    }

    fn answer(&self, answer: Result<Vec<String>, String>) {
        match answer {
            Ok(lines) => self.replies.say(&lines),
            Err(why) => self.say(why),
        }
    }

    fn explain(&self, word: &str) {
        if let Some(text) = explain::explain(word) {
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            return self.replies.say(&lines);
        }
        let near = explain::nearest(word);
        let near = if near.is_empty() { String::new() } else { format!("; near to it: {}", near.join(", ")) };
        self.say(format!("expected a finding's code, a fault, a close code, an HTTP status or 'exit N'{near}"));
    }

    /// The figures by now; `look` is what only an open connection tells.
    pub(super) fn tell_stats(&mut self, now: Moment, look: Option<Look>) {
        let stats = &mut self.stats;
        stats.up = look.map(|look| now.since(look.opened));
        stats.queued = self.queue.len() as u64;
        stats.kernel = look.and_then(|look| look.kernel).map(|info| info.account);
        stats.down = self.totals.down;
        let now_on_wire = look.map_or((0, 0), |look| (look.bytes_in, look.bytes_out));
        (stats.wire_in, stats.wire_out) = (self.wire.0 + now_on_wire.0, self.wire.1 + now_on_wire.1);
        self.replies.say(&talk::stats(&self.stats));
    }

    fn change_heartbeat(&mut self, words: HeartbeatWords) {
        let (every, timeout) = match words {
            HeartbeatWords::Tell => return self.say(format!("heartbeat: {}", self.heartbeat_words)),
            HeartbeatWords::Off => (None, None),
            HeartbeatWords::Every { every, timeout } => (Some(every), timeout),
        };
        self.heartbeat_words = heartbeat_words(every, timeout);
        let change = Command::Heartbeat { every, timeout };
        if self.state == State::Open {
            self.wishes.push_back(Wish::Life(change.clone()));
        }
        self.heartbeat = Some(change);
        self.say(format!("heartbeat: {}, from now on", self.heartbeat_words));
    }

    fn reconnect(&mut self) {
        self.again = true;
        if self.state == State::Open {
            self.is_closing = true;
            let body = CloseBody { code: Some(1000), reason: String::new() };
            self.wishes.push_back(Wish::Life(Command::Close(body)));
        }
    }

    fn close(&mut self, code: Option<u16>, reason: String) {
        let body = match code {
            Some(_) => CloseBody { code, reason },
            None => self.close_body.clone(),
        };
        self.is_closing = true;
        self.wishes.push_back(Wish::Life(Command::Close(body)));
    }

    fn send_file(&mut self, now: Moment, path: PathBuf, text: Option<bool>) {
        let shown = crate::event::show::safe(&path.display().to_string());
        let known = std::fs::metadata(&path);
        if known.as_ref().is_ok_and(|file| !file.is_file()) {
            return self.say(format!("{shown}: expected a file, got something else (a folder, a device, a pipe)"));
        }
        let known = known.map(|file| file.len());
        let too_large = known.as_ref().is_ok_and(|len| *len > self.max_message);
        if too_large {
            return self.say(format!("{shown}: larger than {} (--max-message)", size(self.max_message)));
        }
        let bytes = match known.and_then(|_| std::fs::read(&path)) {
            Ok(bytes) => bytes,
            Err(why) => return self.say(format!("{shown}: {why}")),
        };
        let is_text = text.unwrap_or_else(|| std::str::from_utf8(&bytes).is_ok());
        if !is_text {
            return self.send(now, Message::binary(bytes), false);
        }
        match String::from_utf8(bytes) {
            Ok(text) => self.send(now, Message::text(text), false),
            Err(_) => self.say(format!("{shown}: it is no UTF-8, so it cannot be a text message (5.6)")),
        }
    }

    fn inject(&mut self, frame: &FrameSpec) {
        let key: [u8; 4] = rand::rng().random();
        let bytes = frame.encode(key);
        self.say(format!("a frame of {} goes out as it is", size(bytes.len() as u64)));
        // A length that lies would lose the place in our own count of frames.
        self.wishes.push_back(Wish::Inject(Injected { bytes, opaque: frame.len.is_some() }));
    }

    fn record(&mut self, path: Option<PathBuf>) {
        let Some(path) = path else {
            match self.recording.take() {
                Some(recording) => {
                    self.stopped.push(recording.sink());
                    recording.stop();
                    self.say("recording stopped");
                }
                None => self.say("nothing is recorded"),
            }
            return;
        };
        let shown = crate::event::show::safe(&path.display().to_string());
        match screen::record_to(&self.fan, &path) {
            Ok(recording) => {
                if let Some(old) = self.recording.replace(recording) {
                    self.stopped.push(old.sink());
                    old.stop();
                }
                self.wanted.frames = true;
                self.say(format!("every event from now on goes to {shown} (/record off ends it)"));
            }
            Err(why) => self.say(why),
        }
    }

    /// Counts a message of ours or of the peer's.
    pub(super) fn tally(&mut self, direction: Direction, text: bool, len: u64) {
        let tally = match direction {
            Direction::In => &mut self.stats.incoming,
            Direction::Out => &mut self.stats.outgoing,
        };
        let count = if text { &mut tally.text } else { &mut tally.binary };
        count.add(len);
    }
}

fn heartbeat_words(every: Option<Span>, timeout: Option<Span>) -> String {
    let Some(every) = every else { return "off".into() };
    let within = timeout.map_or(String::new(), |timeout| format!(", an answer within {}", span(timeout)));
    format!("after {} of silence{within}", span(every))
}
