//! Screen 5: what `connect` in a pipe says on stderr. Owns its lines and the moment of each: whether an end was a drop
//! or a close that suited us is known only by what follows it, so that its line is held back until then. Where each
//! line of stdin is, is told in the words of `watch::ledger`; heads, heartbeats, frames and the block of a connection
//! that never was open are `ProbeScreen`'s. The sentences are `ends`'s.

pub(super) mod ends;

use std::io;

use crate::event::show::{count, span};
use crate::event::{
    DialFailed, Ended, Event, EventKind, Exit, GaveUp, Held, Holder, InputBad, InputEnded, Judged, LinesFate, Opened,
    RetryAt,
};
use crate::moment::{Moment, Span};
use crate::report::Reporter;
use crate::report::human::finding::indented;
use crate::report::human::lines::Tone;
use crate::report::human::words::{dial_fault, in_seconds, roughly};
use crate::report::human::{ProbeScreen, ScreenPlan};
use crate::report::safe::{self, SHOWN_MAX};
use crate::report::sink::Sink;
use ends::closed_text;
use ends::{drop_fact, gave_up_text};

/// Shorter times in which we did not read are of no interest to anybody.
const HELD_MIN: Span = Span::from_secs(1);

/// So many lines that were skipped are told one by one; more are counted.
const WARNED_MAX: u64 = 100;

/// The text of `connect` in a pipe.
pub struct PipeScreen {
    /// Remembers the dial and the findings, and says what `-v` asks for.
    inner: ProbeScreen,
    sink: Sink,
    /// The end of the last connection, not told yet.
    over: Option<Over>,
    /// What has been told already as a reason to fail.
    told: Vec<Exit>,
    gave_up: bool,
    /// On this connection something other than our output kept us from reading.
    stood_still: bool,
    skipped: u64,
    /// What a line of stdin is called.
    thing: String,
    left_out: u64,
}

/// How a connection ended, and where the lines of stdin are.
struct Over {
    ended: Ended,
    words: Vec<String>,
    /// Some lines may be lost.
    unsure: bool,
    gave_up: Option<String>,
}

impl PipeScreen {
    /// A screen that writes to `sink`.
    pub fn new(plan: ScreenPlan, sink: Sink) -> PipeScreen {
        let inner = ProbeScreen::new(ScreenPlan { live: true, ..plan }, sink.clone());
        PipeScreen {
            inner,
            sink,
            over: None,
            told: Vec::new(),
            gave_up: false,
            stood_still: false,
            skipped: 0,
            thing: String::from("line"),
            left_out: 0,
        }
    }

    fn is_quiet(&self) -> bool {
        self.inner.plan.quiet
    }

    fn is_verbose(&self) -> bool {
        self.inner.plan.verbosity >= 1 && !self.is_quiet()
    }

    fn was_open(&self) -> bool {
        self.inner.facts.opened_at.is_some()
    }

    /// What the inner screen must know, whether or not it says anything.
    fn remember(&mut self, event: &Event) {
        let folded = self.inner.fold.due(event.at);
        self.inner.say_folded(folded);
        if matches!(event.kind, EventKind::Open(_)) && !self.was_open() {
            self.inner.findings.overcome();
        }
        if let EventKind::Finding(finding) = &event.kind {
            self.inner.findings.push(finding);
        }
        self.inner.facts.see(event);
    }

    fn show(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Open(open) => self.opened(open),
            EventKind::Ended(ended) => {
                self.settle(false);
                self.over = Some(Over { ended: ended.clone(), words: Vec::new(), unsure: false, gave_up: None });
            }
            EventKind::Lines(fate) => self.lines(fate),
            EventKind::RetryAt(retry) => self.retry(retry),
            EventKind::GaveUp(gave_up) => self.give_up(gave_up),
            EventKind::Held(held) => self.held(held),
            EventKind::InputBad(bad) => self.input_bad(bad),
            EventKind::InputEnded(ended) => self.input_ended(ended),
            EventKind::Judged(judged) => self.judged(judged),
            EventKind::DialFailed(failed) if self.was_open() => self.not_connected(failed),
            EventKind::DialStarted(_) | EventKind::Resolved(_) | EventKind::TcpOpen(_) => self.forward(event),
            EventKind::TlsReady(_) | EventKind::UpgradeSent(_) | EventKind::UpgradeAnswered(_) => self.forward(event),
            EventKind::Redirected(_) | EventKind::DialFailed(_) | EventKind::CloseSeen(_) => self.forward(event),
            EventKind::Frame(_) | EventKind::Message(_) | EventKind::Heartbeat(_) => self.forward(event),
            EventKind::Answered(_) | EventKind::StrayPong(_) | EventKind::Missed(_) => self.forward(event),
            EventKind::PingsIgnored(_) | EventKind::Farewell(_) => self.forward(event),
            EventKind::SecondLook(_) | EventKind::ClockStepped(_) => self.forward(event),
            EventKind::HeartbeatChosen(_) => self.forward(event),
            EventKind::FaultDone(_) | EventKind::Check(_) => self.forward(event),
            EventKind::RunStarted(_) | EventKind::RunEnded(_) | EventKind::Finding(_) => {}
            EventKind::Compared(_) | EventKind::Listening(_) => {}
            EventKind::ExamPlanned(_) | EventKind::Examined(_) => {}
            EventKind::IdleSocket(_) | EventKind::IdleFound(_) => {}
            EventKind::Received(_) | EventKind::ClientReport(_) => {}
        }
    }

    /// To the inner screen, which tells it with its stamp.
    fn forward(&mut self, event: &Event) {
        if self.is_verbose() && self.inner.wants(&event.kind) {
            self.inner.show(event);
        }
    }

    fn opened(&mut self, open: &Opened) {
        self.stood_still = false;
        if self.is_quiet() {
            // It came back, and nothing was lost: no reason to fail.
            self.over = None;
            return;
        }
        self.settle(false);
        let took = roughly(open.took);
        let text = match open.down {
            Some(down) => format!("connected again in {took}; down for {}", in_seconds(down)),
            None => format!("connected to {} in {took}", safe::line(&open.url, SHOWN_MAX)),
        };
        self.note(Tone::Good, &text);
    }

    fn lines(&mut self, fate: &LinesFate) {
        if let Some(over) = &mut self.over {
            over.words = fate.words.clone();
            over.unsure = !fate.unsure.is_empty();
        }
    }

    fn retry(&mut self, retry: &RetryAt) {
        // Quiet tells a drop only if it costs something, or if it turns out to be the last.
        let costs = self.over.as_ref().is_some_and(|over| over.unsure);
        if costs || !self.is_quiet() {
            self.settle(false);
        }
        if !self.is_quiet() {
            self.note(Tone::Plain, &format!("next attempt ({}) in {}", retry.attempt, in_seconds(retry.delay)));
        }
    }

    fn give_up(&mut self, gave_up: &GaveUp) {
        let text = gave_up_text(gave_up);
        match &mut self.over {
            // A profile that does not come back after a close may be just what suits us: the verdict tells.
            Some(over) => over.gave_up = Some(text),
            None => self.tell_gave_up(&text),
        }
    }

    fn tell_gave_up(&mut self, text: &str) {
        self.gave_up = true;
        self.tell(Tone::Bad, text);
    }

    fn not_connected(&mut self, failed: &DialFailed) {
        if !self.is_quiet() {
            self.note(Tone::Plain, &format!("not connected: {}: {}", failed.phase.label(), dial_fault(&failed.fault)));
        }
    }

    fn held(&mut self, held: &Held) {
        self.stood_still |= held.by != Holder::Output;
        if held.span < HELD_MIN || self.is_quiet() {
            return;
        }
        let what = match held.by {
            Holder::Output => "our output was blocked",
            Holder::Stopped => "this process was held up",
            Holder::Suspended => "this machine slept",
        };
        self.note(Tone::Plain, &format!("{what} for {}", roughly(held.span)));
    }

    fn input_bad(&mut self, bad: &InputBad) {
        let (thing, line) = (&bad.thing, bad.line);
        let why = safe::line(&bad.why, SHOWN_MAX);
        if !bad.skipped {
            self.mark(Exit::Failed);
            self.tell(Tone::Bad, &format!("error: {thing} {line}: {why}"));
            return;
        }
        self.skipped += 1;
        self.thing.clone_from(thing);
        if self.skipped <= WARNED_MAX && !self.is_quiet() {
            self.note(Tone::Warn, &format!("warning: {thing} {line} skipped: {why}"));
        }
    }

    fn input_ended(&mut self, ended: &InputEnded) {
        if ended.listening && !self.is_quiet() {
            let leave = "(--wait DUR leaves after DUR of silence)";
            self.note(Tone::Plain, &format!("stdin is empty: listening until the server closes {leave}"));
        }
    }

    fn judged(&mut self, judged: &Judged) {
        let stopped = matches!(judged.exit, Exit::TimeUsedUp | Exit::Interrupted | Exit::Terminated);
        if !self.was_open() {
            // Where a time limit struck is told by the phases; a signal needs no explanation.
            if stopped && judged.exit != Exit::TimeUsedUp {
                return self.stopped(judged);
            }
            return self.inner.judge(judged);
        }
        self.settle(judged.exit == Exit::Healthy);
        self.tell_skipped();
        match judged.exit {
            Exit::Healthy => {}
            _ if stopped => self.stopped(judged),
            exit if self.gave_up || self.told.contains(&exit) => {}
            exit => {
                let fact = safe::text(&judged.fact);
                self.tell(Tone::Bad, &format!("failed: {fact} (exit {})", exit.code()));
            }
        }
        if self.is_verbose() {
            self.tell_findings();
        }
    }

    fn stopped(&mut self, judged: &Judged) {
        let (meaning, code) = (judged.exit.meaning(), judged.exit.code());
        self.tell(Tone::Warn, &format!("stopped: {meaning} {} (exit {code})", safe::text(&judged.fact)));
    }

    /// Tells how the last connection ended. When all went well, an end by the server was no drop.
    fn settle(&mut self, healthy: bool) {
        let Some(over) = self.over.take() else { return };
        if healthy && self.is_quiet() {
            return;
        }
        self.mark(Exit::of_end(&over.ended));
        if over.ended.drop && !healthy {
            let held = self.held_words(&over.ended);
            let text = format!("dropped: {}, after {}{held}", drop_fact(&over.ended), span(over.ended.age));
            self.tell(Tone::Bad, &text);
        } else {
            self.tell(Tone::Plain, &closed_text(&over.ended));
        }
        if !healthy || over.unsure {
            self.tell_words(&over.words);
        }
        if let Some(text) = over.gave_up.filter(|_| !healthy) {
            self.tell_gave_up(&text);
        }
    }

    /// Whether we read slowly is what a server that gave us up looks at.
    fn held_words(&self, ended: &Ended) -> String {
        if ended.held < HELD_MIN {
            return String::new();
        }
        let what = if self.stood_still { "we did not read" } else { "our stdout was blocked" };
        format!("; {what} for {}", roughly(ended.held))
    }

    /// The sentences come broken and in their width.
    fn tell_words(&mut self, words: &[String]) {
        let lines: Vec<String> = words.iter().map(|line| format!("  {}", safe::text(line))).collect();
        if !lines.is_empty() {
            self.write(&lines);
        }
    }

    fn tell_skipped(&mut self) {
        let more = self.skipped.saturating_sub(WARNED_MAX);
        if more > 0 && !self.is_quiet() {
            self.tell(Tone::Warn, &format!("warning: {} more skipped", count(more, &self.thing)));
        }
    }

    fn tell_findings(&mut self) {
        let inner = &self.inner;
        let sections = inner.findings.sections(true, |text, tone| inner.lines.paint(text, tone));
        if !sections.is_empty() {
            self.inner.lines.block(&sections);
        }
    }

    fn mark(&mut self, exit: Exit) {
        if !self.told.contains(&exit) {
            self.told.push(exit);
        }
    }

    /// A line that is left out and counted when nobody reads ours.
    fn note(&mut self, tone: Tone, text: &str) {
        if self.sink.is_full() {
            self.left_out += 1;
            return;
        }
        self.tell(tone, text);
    }

    /// A line that is never left out: why we failed, and what may be lost.
    fn tell(&mut self, tone: Tone, text: &str) {
        let mut lines = indented(text, "", "  ");
        let word = text.split(' ').next().unwrap_or_default();
        let painted = self.inner.lines.paint(word, tone);
        if let Some(first) = lines.first_mut() {
            first.replace_range(..word.len(), &painted);
        }
        self.write(&lines);
    }

    fn write(&mut self, lines: &[String]) {
        if self.left_out > 0 {
            let text = format!("({} left out: stderr was blocked)", count(self.left_out, "line"));
            self.left_out = 0;
            self.inner.lines.plain(&[text]);
        }
        self.inner.lines.plain(lines);
    }
}

/// A stderr that is gone is no error here: stdout is what a pipe is for, and nobody may take us for deserted.
impl Reporter for PipeScreen {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        self.remember(event);
        self.show(event);
        Ok(())
    }

    fn tick(&mut self, now: Moment) -> io::Result<()> {
        let folded = self.inner.fold.due(now);
        self.inner.say_folded(folded);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let rest = self.inner.fold.flush();
        self.inner.say_folded(rest);
        self.settle(false);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
