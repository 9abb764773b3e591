//! Screen 4: `connect` at a terminal, all on the one screen above the half-typed line. Owns which event is told there,
//! its mark (`<` in, `>` out, `+` open, `-` ended, `!` look here) and the folding of floods. Heads, heartbeats and
//! frames for `-v`, and the block of a connection that never was open, are `ProbeScreen`'s; what slash commands ask for
//! later is kept by [`Notebook`].

mod body;
mod ending;
mod notebook;
mod opening;
mod reply;
mod stats;

use std::io;

use crate::event::show::{count, size};
use crate::event::{
    DialFailed, Direction, Ended, Event, EventKind, Exit, GaveUp, Held, How, InputBad, Judged, MessageSeen, Opened,
    RetryAt, TlsReady,
};
use crate::moment::{Moment, Span};
use crate::report::Reporter;
use crate::report::human::frames::{Fold, Hidden};
use crate::report::human::lines::{Tone, WIDTH, wrap};
use crate::report::human::live::{chosen_text, held_text, ignored_text, stepped_text};
use crate::report::human::phases::Closing;
use crate::report::human::pipe::ends::{closed_fact, gave_up_text};
use crate::report::human::pretty::Mode;
use crate::report::human::words::{dial_fault, in_seconds, roughly};
use crate::report::human::{ProbeScreen, ScreenPlan, Timestamps};
use crate::report::safe::{self, SHOWN_MAX};
use crate::report::sink::Sink;

pub use notebook::{Notebook, Show};
pub use reply::Replies;
pub use stats::lines as stats;

/// Shorter times in which we did not read are of no interest to anybody.
const HELD_MIN: Span = Span::from_secs(1);

/// However narrow the terminal, our own words get so many columns.
const NARROW: usize = 50;

/// However narrow the terminal, JSON gets so many columns.
const ROOM_MIN: usize = 20;

/// What a terminal shows, and how.
#[derive(Clone, Debug)]
pub struct TalkPlan {
    pub screen: ScreenPlan,
    pub pretty: Mode,
    /// Slash commands are understood, so that they may be offered.
    pub slash: bool,
    /// The terminal's columns by now.
    pub width: fn() -> usize,
}

/// The text of `connect` at a terminal.
pub struct TalkScreen {
    /// Remembers the dial and the findings, and says what `-v` asks for.
    inner: ProbeScreen,
    sink: Sink,
    notebook: Notebook,
    pretty: Mode,
    slash: bool,
    width: fn() -> usize,
    incoming: Fold,
    outgoing: Fold,
    /// Of the last dial.
    tls: Option<TlsReady>,
    status: Option<String>,
    attempt: u32,
    /// Why the last dial failed.
    failure: Option<String>,
    opens: u32,
    /// Messages of ours that were asked for on this connection, and heartbeats that are messages.
    sent: u64,
    beats: u64,
    /// That we come back was told since the last open.
    told_retry: bool,
    left_out: u64,
}

impl TalkScreen {
    /// A screen that writes to `sink` and keeps in `notebook` what may be asked for.
    pub fn new(plan: TalkPlan, sink: Sink, notebook: Notebook) -> TalkScreen {
        let inner = ProbeScreen::new(ScreenPlan { live: true, ..plan.screen }, sink.clone());
        TalkScreen {
            inner,
            sink,
            notebook,
            pretty: plan.pretty,
            slash: plan.slash,
            width: plan.width,
            incoming: Fold::default(),
            outgoing: Fold::default(),
            tls: None,
            status: None,
            attempt: 0,
            failure: None,
            opens: 0,
            sent: 0,
            beats: 0,
            told_retry: false,
            left_out: 0,
        }
    }

    fn is_quiet(&self) -> bool {
        self.inner.plan.quiet
    }

    fn is_verbose(&self) -> bool {
        self.inner.plan.verbosity >= 1 && !self.is_quiet()
    }

    /// What is kept whether or not anything is said.
    fn remember(&mut self, event: &Event) {
        match &event.kind {
            EventKind::DialStarted(dial) => (self.tls, self.status, self.attempt) = (None, None, dial.attempt),
            EventKind::TlsReady(tls) => self.tls = Some(tls.clone()),
            EventKind::UpgradeSent(sent) => self.notebook.asked(&sent.head),
            EventKind::UpgradeAnswered(answer) => {
                self.status = Some(opening::status_words(&answer.head));
                self.notebook.answered(answer);
            }
            EventKind::Open(_) if self.opens == 0 => {
                self.inner.findings.overcome();
                self.notebook.overcome();
            }
            EventKind::Finding(finding) => {
                self.inner.findings.push(finding);
                self.notebook.found(finding);
            }
            EventKind::Heartbeat(beat) if beat.what != "ping" => self.beats += 1,
            _ => {}
        }
        self.inner.facts.see(event);
    }

    fn show(&mut self, event: &Event) {
        let at = event.at;
        match &event.kind {
            EventKind::Open(open) => self.opened(at, open),
            EventKind::Message(message) => self.message(at, message),
            EventKind::Ended(ended) => self.ended(at, ended),
            EventKind::RetryAt(retry) => self.retry(at, retry),
            EventKind::GaveUp(gave_up) => self.give_up(at, gave_up),
            EventKind::DialFailed(failed) if self.opens > 0 => self.not_connected(at, failed),
            EventKind::Held(held) => self.held(at, held),
            EventKind::PingsIgnored(ignored) => self.note(at, ignored_text(ignored)),
            EventKind::ClockStepped(step) => self.note(at, stepped_text(step)),
            EventKind::HeartbeatChosen(chosen) => self.note(at, format!("heartbeat {}", chosen_text(chosen))),
            EventKind::Farewell(farewell) => {
                let said = safe::quoted(&farewell.payload.0, SHOWN_MAX);
                self.note(at, format!("the server announced the end: {said}"));
            }
            EventKind::FaultDone(fault) => self.note(at, format!("fault: {}", safe::line(&fault.what, SHOWN_MAX))),
            EventKind::InputBad(bad) => self.input_bad(at, bad),
            EventKind::Judged(judged) => self.judged(at, judged),
            EventKind::DialStarted(_) | EventKind::Resolved(_) | EventKind::TcpOpen(_) => self.forward(event),
            EventKind::TlsReady(_) | EventKind::UpgradeSent(_) | EventKind::UpgradeAnswered(_) => self.forward(event),
            EventKind::Redirected(_) | EventKind::DialFailed(_) | EventKind::CloseSeen(_) => self.forward(event),
            EventKind::Frame(_) | EventKind::Heartbeat(_) | EventKind::Answered(_) => self.forward(event),
            EventKind::StrayPong(_) | EventKind::Missed(_) | EventKind::Check(_) => self.forward(event),
            EventKind::SecondLook(_) => self.forward(event),
            EventKind::RunStarted(_) | EventKind::RunEnded(_) | EventKind::Finding(_) => {}
            EventKind::Compared(_) | EventKind::Listening(_) | EventKind::Received(_) => {}
            EventKind::ExamPlanned(_) | EventKind::Examined(_) | EventKind::IdleSocket(_) => {}
            EventKind::IdleFound(_) | EventKind::ClientReport(_) => {}
            // Of a pipe: at a terminal, stdin is what is typed.
            EventKind::InputEnded(_) | EventKind::Lines(_) => {}
        }
    }

    /// To the inner screen, which tells it with its stamp.
    fn forward(&mut self, event: &Event) {
        if self.is_verbose() && self.inner.wants(&event.kind) {
            self.inner.show(event);
        }
    }

    fn opened(&mut self, at: Moment, open: &Opened) {
        (self.sent, self.beats, self.told_retry, self.failure) = (0, 0, false, None);
        self.opens = self.opens.saturating_add(1);
        if self.is_quiet() {
            return;
        }
        if self.opens > 1 {
            let down = open.down.map_or_else(String::new, |down| format!("; down for {}", in_seconds(down)));
            let text = format!("connected again in {}{down}", roughly(open.took));
            return self.say(at, '+', Tone::Good, &[text]);
        }
        let heartbeat = self.inner.plan.heartbeat.as_deref();
        let mut lines = opening::block(open, self.tls.as_ref(), self.status.as_deref(), heartbeat, self.slash);
        self.paint_first(&mut lines, Tone::Good);
        self.inner.lines.plain(&lines);
    }

    fn message(&mut self, at: Moment, message: &MessageSeen) {
        let noted = self.notebook.message(at, message);
        let (fold, mark) = match message.direction {
            Direction::In => (&mut self.incoming, '<'),
            Direction::Out => {
                self.sent += 1;
                (&mut self.outgoing, '>')
            }
        };
        if noted.hidden || !fold.admits(at, message.len) {
            return;
        }
        if self.sink.is_full() {
            self.left_out += 1;
            return;
        }
        let room = (self.width)().saturating_sub(self.indent()).max(ROOM_MIN);
        let more = if self.slash { format!(" (/show {})", noted.number) } else { String::new() };
        let lines = body::lines(message, room, self.pretty, self.inner.plan.style, &more);
        self.write(at, mark, &lines);
    }

    fn ended(&mut self, at: Moment, ended: &Ended) {
        // What came before the end stands before it.
        self.say_folded(None);
        let quiet = self.is_quiet();
        if ended.drop {
            let mut texts = ending::block(ended, self.sent, self.beats, self.beat_word(), self.slash);
            if quiet {
                texts.truncate(1);
            }
            return self.say(at, '!', Tone::Bad, &texts);
        }
        let unanswered = matches!(ended.how, How::CloseUnanswered { .. });
        if quiet && !unanswered {
            return;
        }
        let mut text = closed_fact(ended);
        if let Some(took) = self.inner.facts.closing.as_ref().and_then(Closing::took)
            && text.ends_with(", answered")
        {
            text.push_str(&format!(" in {}", roughly(took)));
        }
        self.say(at, '-', if unanswered { Tone::Bad } else { Tone::Plain }, &[text]);
    }

    /// What a heartbeat is called.
    fn beat_word(&self) -> &'static str {
        let asked = self.inner.plan.heartbeat.as_deref();
        if asked.is_none_or(|words| words.starts_with("ping")) { "ping" } else { "heartbeat" }
    }

    /// The first one tells that we come back; further ones are seen in the prompt.
    fn retry(&mut self, at: Moment, retry: &RetryAt) {
        if std::mem::replace(&mut self.told_retry, true) && !self.is_verbose() {
            return;
        }
        self.note(at, format!("next attempt ({}) in {}", retry.attempt, in_seconds(retry.delay)));
    }

    fn give_up(&mut self, at: Moment, gave_up: &GaveUp) {
        let mut texts = vec![gave_up_text(gave_up)];
        // Without an attempt it stands right under the drop, which has told what can be done.
        if gave_up.attempts > 0 && !self.is_quiet() {
            let next = if self.slash { "/reconnect tries again, /quit leaves" } else { "Ctrl-D to leave" };
            texts.push(next.to_owned());
        }
        self.say(at, '!', Tone::Bad, &texts);
    }

    /// An attempt that nobody typed is told again only if it fails for another reason.
    fn not_connected(&mut self, at: Moment, failed: &DialFailed) {
        let text = format!("not connected: {}: {}", failed.phase.label(), dial_fault(&failed.fault));
        let known = self.attempt > 0 && self.failure.as_ref() == Some(&text);
        if !known || self.is_verbose() {
            self.note(at, text.clone());
        }
        self.failure = Some(text);
    }

    fn held(&mut self, at: Moment, held: &Held) {
        if held.span >= HELD_MIN {
            self.note(at, held_text(held));
        }
    }

    fn input_bad(&mut self, at: Moment, bad: &InputBad) {
        let (thing, line, why) = (safe::text(&bad.thing), bad.line, safe::line(&bad.why, SHOWN_MAX));
        if bad.skipped {
            return self.note(at, format!("warning: {thing} {line} skipped: {why}"));
        }
        self.say(at, '!', Tone::Bad, &[format!("error: {thing} {line}: {why}")]);
    }

    fn judged(&mut self, at: Moment, judged: &Judged) {
        let stopped = matches!(judged.exit, Exit::TimeUsedUp | Exit::Interrupted | Exit::Terminated);
        let was_open = self.opens > 0;
        // Where a time limit struck before the open is told by the phases; a signal needs no explanation.
        if stopped && (was_open || judged.exit != Exit::TimeUsedUp) {
            let (meaning, fact) = (judged.exit.meaning(), safe::text(&judged.fact));
            let text = format!("stopped: {meaning} {fact} (exit {})", judged.exit.code());
            self.say(at, '!', Tone::Warn, &[text]);
        } else if !was_open {
            self.inner.judge(judged);
        }
        if was_open && self.is_verbose() {
            let inner = &self.inner;
            let sections = inner.findings.sections(true, |text, tone| inner.lines.paint(text, tone));
            if !sections.is_empty() {
                self.inner.lines.block(&sections);
            }
        }
    }

    /// A line that no failure hangs on.
    fn note(&mut self, at: Moment, text: String) {
        if !self.is_quiet() {
            self.say(at, '!', Tone::Plain, &[text]);
        }
    }

    /// Tells what was folded: what is due at that moment, or all.
    fn say_folded(&mut self, now: Option<Moment>) {
        let frames = match now {
            Some(now) => self.inner.fold.due(now),
            None => self.inner.fold.flush(),
        };
        self.inner.say_folded(frames);
        let (incoming, outgoing) = (hidden(&mut self.incoming, now), hidden(&mut self.outgoing, now));
        self.tell_hidden('<', incoming);
        self.tell_hidden('>', outgoing);
    }

    fn tell_hidden(&mut self, mark: char, hidden: Option<Hidden>) {
        if let Some(hidden) = hidden {
            let how = if self.slash { " (/show last)" } else { "" };
            let text = format!("{}, {}, not shown{how}", count(hidden.number, "message"), size(hidden.bytes));
            self.write(hidden.last, mark, &[text]);
        }
    }

    /// Texts of our own words, each broken to the width, one under the other; the first word has the colour.
    fn say(&mut self, at: Moment, mark: char, tone: Tone, texts: &[String]) {
        // A narrower terminal breaks our lines at words too.
        let room = (self.width)().saturating_sub(1).clamp(NARROW, WIDTH) - self.indent();
        let mut lines: Vec<String> = texts.iter().flat_map(|text| wrap(text, room)).collect();
        self.paint_first(&mut lines, tone);
        self.write(at, mark, &lines);
    }

    fn paint_first(&self, lines: &mut [String], tone: Tone) {
        if let Some(first) = lines.first_mut() {
            let end = first.find(' ').unwrap_or(first.len());
            let painted = self.inner.lines.paint(&first[..end], tone);
            first.replace_range(..end, &painted);
        }
    }

    /// Lines as they are behind stamp and mark.
    fn write(&mut self, at: Moment, mark: char, lines: &[String]) {
        let mut out = String::new();
        if self.left_out > 0 {
            out.push_str(&format!("({} left out: our output was blocked)\n", count(self.left_out, "message")));
            self.left_out = 0;
        }
        out.push_str(&self.stamp(at));
        out.push_str(&format!("{mark} "));
        let indent = " ".repeat(self.indent());
        for (index, line) in lines.iter().enumerate() {
            if index > 0 && !line.is_empty() {
                out.push_str(&indent);
            }
            out.push_str(line);
            out.push('\n');
        }
        self.sink.write(&out);
    }

    /// The stamp and one space; without stamps the text still stands where the prompt's does.
    fn stamp(&self, at: Moment) -> String {
        let mut stamp = self.inner.lines.stamp(at);
        if stamp.pop().is_none() {
            stamp = " ".repeat(self.indent() - 2);
        }
        stamp
    }

    fn indent(&self) -> usize {
        match self.inner.plan.timestamps {
            Timestamps::None | Timestamps::Relative => 11,
            Timestamps::Wall => 16,
        }
    }
}

impl Reporter for TalkScreen {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        self.inner.lines.still_there()?;
        self.say_folded(Some(event.at));
        self.remember(event);
        self.show(event);
        Ok(())
    }

    fn tick(&mut self, now: Moment) -> io::Result<()> {
        self.say_folded(Some(now));
        self.inner.lines.still_there()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.say_folded(None);
        self.inner.lines.still_there()
    }
}

fn hidden(fold: &mut Fold, now: Option<Moment>) -> Option<Hidden> {
    match now {
        Some(now) => fold.hidden_due(now),
        None => fold.flush_hidden(),
    }
}

#[cfg(test)]
mod tests;
