//! A pipe's course over one or more connections: what is sent first, the lines of stdin, how long answers are awaited, when
//! it is left. Owns that order and its clocks; cutting stdin into lines is `input`'s, what a drop means `watch`'s.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::event::{InputBad, InputEnded};
use crate::exam::input::{self, Framing, Input, Item};
use crate::moment::{Moment, Span};
use crate::watch::ledger::Line;
use crate::wire::close::CloseBody;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Sent first, on each connection anew.
    pub execute: Vec<String>,
    /// How stdin is read; none: it is not.
    pub input: Option<input::Plan>,
    pub wait: Wait,
    /// Between two messages of ours.
    pub delay: Span,
    /// The next message of ours waits for one of the peer's.
    pub lockstep: bool,
    /// After so many messages of the peer's we leave.
    pub max_messages: Option<u64>,
    /// Our Close when all is done.
    pub close: CloseBody,
}

/// How long the last answers are awaited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// A second, unless something else ends the run: a number of messages, or nothing at all was to be sent.
    Default,
    Forever,
    For(Span),
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Execute(String),
    /// At least one.
    Lines(Vec<Line>),
    /// A line that is a ping; all before it is written.
    Ping {
        number: u64,
        payload: Bytes,
    },
    /// `number`: the line that asks for it, all before which is written; none when all is done.
    Close {
        number: Option<u64>,
        body: CloseBody,
    },
    /// A line that is no message.
    Bad(InputBad),
    /// Stdin is at its end.
    Ended(InputEnded),
}

/// How far the writing is.
#[derive(Clone, Copy, Debug)]
pub struct Writing {
    pub has_room: bool,
    pub all_written: bool,
}

/// The course.
#[derive(Debug)]
pub struct Pipe {
    plan: Plan,
    input: Option<Input>,
    /// The next of stdin, cut and not yet given.
    next_item: Option<Item>,
    bytes_in: u64,
    input_failed: bool,
    end_told: bool,
    /// Of `execute`, so many were sent on this connection.
    executed: usize,
    /// Lines that did not go out on an earlier connection.
    back: VecDeque<Line>,
    is_open: bool,
    is_leaving: bool,
    last_sent: Option<Moment>,
    awaits_answer: bool,
    /// Since when nothing came, and all that we have to say is said.
    quiet_since: Option<Moment>,
    received: u64,
}

/// So many lines are given at once, and no further one behind so many bytes.
const LINES_AT_ONCE: usize = 512;
const BYTES_AT_ONCE: usize = 128 * 1024;

/// `--wait` when it is not given.
const WAIT: Span = Span::from_secs(1);

impl Pipe {
    /// Nothing is open yet.
    pub fn new(plan: Plan) -> Pipe {
        Pipe {
            input: plan.input.map(Input::new),
            next_item: None,
            plan,
            bytes_in: 0,
            input_failed: false,
            end_told: false,
            executed: 0,
            back: VecDeque::new(),
            is_open: false,
            is_leaving: false,
            last_sent: None,
            awaits_answer: false,
            quiet_since: None,
            received: 0,
        }
    }

    /// A connection is open.
    pub fn opened(&mut self) {
        self.is_open = true;
        self.executed = 0;
        self.awaits_answer = false;
        self.last_sent = None;
        // All was said before the drop: the silence counts on, or a server that drops early would never be left.
        self.quiet_since = self.quiet_since.filter(|_| self.all_is_said());
    }

    /// It is over; these lines did not go out on it.
    pub fn closed(&mut self, unsent: Vec<Line>) {
        self.is_open = false;
        for line in unsent.into_iter().rev() {
            self.back.push_front(line);
        }
    }

    /// A block of stdin.
    pub fn block(&mut self, block: Bytes) {
        self.bytes_in += block.len() as u64;
        if let Some(input) = &mut self.input {
            input.push(block);
        }
    }

    /// Stdin is at its end.
    pub fn input_ended(&mut self) {
        if let Some(input) = &mut self.input {
            input.end();
        }
    }

    /// Is another block of stdin needed to go on?
    pub fn wants_input(&self) -> bool {
        self.is_open && self.next_item.is_none() && self.input.as_ref().is_some_and(|input| !input.is_done())
    }

    /// Was all that was read of stdin given, so that only more of it, or its end, tells whether this is all?
    pub fn is_drained(&self) -> bool {
        let empty = self.input.as_ref().is_some_and(|input| !input.is_done() && input.waiting_bytes() == 0);
        empty && self.next_item.is_none() && self.back.is_empty()
    }

    /// A message came; false when it is one too many.
    pub fn message(&mut self, now: Moment) -> bool {
        if self.has_all_answers() {
            return false;
        }
        self.received += 1;
        self.awaits_answer = false;
        self.quiet_since = self.quiet_since.map(|_| now);
        true
    }

    /// We did not read for `span`.
    pub fn held(&mut self, span: Span) {
        self.quiet_since = self.quiet_since.map(|since| since.after(span));
    }

    /// Leaves now, whatever is left: nothing more is given.
    pub fn leave(&mut self) {
        self.is_leaving = true;
    }

    /// Is all said, and was only waited for what else may come?
    pub fn is_done(&self) -> bool {
        self.all_is_said() && (self.plan.max_messages.is_none() || self.has_all_answers())
    }

    /// Would it go on for ever, if the peer lets it?
    pub fn is_listening(&self) -> bool {
        self.wait().is_none()
    }

    /// Was one message asked for, and did none come?
    pub fn lacks_its_message(&self) -> bool {
        self.plan.max_messages == Some(1) && self.received == 0
    }

    /// Messages that came and were wanted.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The lines of stdin so far.
    pub fn lines(&self) -> u64 {
        self.input.as_ref().map_or(0, Input::lines)
    }

    /// Is stdin at its end, and was all of it given to a connection? What follows a bad line counts as left.
    pub fn has_sent_all(&self) -> bool {
        self.all_is_said() && !self.input_failed
    }

    /// What a line is called.
    pub fn thing(&self) -> &'static str {
        match self.plan.input.map(|plan| plan.framing) {
            Some(Framing::Binary) => "chunk",
            Some(Framing::Null) => "record",
            Some(Framing::Whole) => "message",
            _ => "line",
        }
    }

    /// When [`Pipe::next`] has something by time alone.
    pub fn deadline(&self) -> Option<Moment> {
        if !self.is_open || self.is_leaving {
            return None;
        }
        let quiet = self.quiet_since.zip(self.wait()).map(|(since, wait)| since.after(wait));
        let paused = self.next_send().filter(|_| self.has_more());
        [quiet, paused].into_iter().flatten().min()
    }

    /// What is to be done now; asked again until there is nothing.
    pub fn next(&mut self, now: Moment, writing: Writing) -> Option<Step> {
        if !self.is_open || self.is_leaving {
            return None;
        }
        if self.has_all_answers() {
            return Some(self.close(None, self.plan.close.clone()));
        }
        if let Some(step) = self.send(now, writing) {
            return Some(step);
        }
        self.judge_quiet(now, writing)
    }

    fn send(&mut self, now: Moment, writing: Writing) -> Option<Step> {
        if self.next_item.is_none() {
            self.next_item = self.input.as_mut().and_then(Iterator::next);
        }
        if self.next_item.is_none()
            && let Some(end) = self.tell_end()
        {
            return Some(end);
        }
        if !writing.has_room || self.awaits_answer || self.next_send().is_some_and(|at| at > now) {
            return None;
        }
        if let Some(text) = self.plan.execute.get(self.executed) {
            let text = text.clone();
            self.executed += 1;
            self.sent(now);
            return Some(Step::Execute(text));
        }
        if let Some(line) = self.back.pop_front() {
            self.sent(now);
            return Some(Step::Lines(vec![line]));
        }
        let passes_lines = matches!(&self.next_item, Some(Item::Ping { .. } | Item::Close { .. }));
        if passes_lines && !writing.all_written {
            // They do not go by the road of lines, and must not stand in front of these in the account.
            return None;
        }
        Some(match self.next_item.take()? {
            Item::Send { number, text, payload } => {
                self.sent(now);
                Step::Lines(self.more_lines(Line { number, text, payload }))
            }
            Item::Ping { number, payload } => {
                self.sent(now);
                Step::Ping { number, payload }
            }
            Item::Close { number, code, reason } => self.close(Some(number), CloseBody { code, reason }),
            Item::Bad { number, why } => self.bad(number, why),
        })
    }

    /// `first`, and what may go out with it at once.
    fn more_lines(&mut self, first: Line) -> Vec<Line> {
        let is_one_by_one = self.last_sent.is_some() || self.awaits_answer;
        let (mut bytes, mut lines) = (first.payload.len(), vec![first]);
        let Some(input) = self.input.as_mut().filter(|_| !is_one_by_one) else { return lines };
        while lines.len() < LINES_AT_ONCE && bytes < BYTES_AT_ONCE {
            match input.next() {
                Some(Item::Send { number, text, payload }) => {
                    bytes += payload.len();
                    lines.push(Line { number, text, payload });
                }
                other => {
                    self.next_item = other;
                    break;
                }
            }
        }
        lines
    }

    fn sent(&mut self, now: Moment) {
        if self.plan.delay.is_zero() && !self.plan.lockstep {
            return;
        }
        self.last_sent = Some(now);
        self.awaits_answer = self.plan.lockstep;
    }

    fn close(&mut self, number: Option<u64>, body: CloseBody) -> Step {
        self.is_leaving = true;
        Step::Close { number, body }
    }

    fn bad(&mut self, line: u64, why: String) -> Step {
        let skipped = self.plan.input.is_some_and(|plan| plan.skip_bad);
        self.input_failed |= !skipped;
        Step::Bad(InputBad { line, thing: self.thing().into(), why, skipped })
    }

    fn tell_end(&mut self) -> Option<Step> {
        let input = self.input.as_ref().filter(|input| input.is_done() && !self.end_told)?;
        let lines = input.lines();
        self.end_told = true;
        let nothing = self.bytes_in == 0 && self.plan.execute.is_empty() && !self.input_failed;
        let listening = nothing && self.plan.wait == Wait::Default && self.plan.max_messages.is_none();
        Some(Step::Ended(InputEnded { lines, thing: self.thing().into(), listening }))
    }

    /// All is said and written: from here on the silence counts.
    fn judge_quiet(&mut self, now: Moment, writing: Writing) -> Option<Step> {
        if !self.all_is_said() || !writing.all_written {
            return None;
        }
        let since = *self.quiet_since.get_or_insert(now);
        let wait = self.wait()?;
        (since.after(wait) <= now).then(|| self.close(None, self.plan.close.clone()))
    }

    fn all_is_said(&self) -> bool {
        let input_done = self.input.as_ref().is_none_or(Input::is_done);
        input_done && self.next_item.is_none() && self.executed == self.plan.execute.len() && self.back.is_empty()
    }

    fn has_all_answers(&self) -> bool {
        self.plan.max_messages.is_some_and(|max| self.received >= max)
    }

    fn has_more(&self) -> bool {
        !self.all_is_said() && !self.awaits_answer
    }

    fn next_send(&self) -> Option<Moment> {
        self.last_sent.map(|at| at.after(self.plan.delay))
    }

    /// None: for ever.
    fn wait(&self) -> Option<Span> {
        match self.plan.wait {
            Wait::For(span) => Some(span),
            Wait::Forever => None,
            Wait::Default if self.plan.max_messages.is_some() => None,
            Wait::Default => {
                let is_listener = self.bytes_in == 0 && self.plan.execute.is_empty() && !self.input_failed;
                (!is_listener).then_some(WAIT)
            }
        }
    }
}

#[cfg(test)]
mod tests;
