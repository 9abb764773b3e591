//! Heartbeats: when one is due, what answers it, what counts as missed (RFC 6455 sections 5.5.2, 5.5.3).
//!
//! A *sign of life* is any byte that arrives; sending is none. The idle clock makes one heartbeat due when nothing has
//! arrived for the interval, and has at most one outstanding. The fixed clock makes one due each interval from the open,
//! answered or not. The answer's deadline runs from the moment the heartbeat was written: accepted and flushed. Owns
//! these rules; what a drop *is* belongs to `liveness`. Measured pings go the same way, but need their own pong. The server's
//! own heartbeats are `theirs`, what the server tells of them `choice`, what a pong answers `pongs`.

mod beat;
mod choice;
mod matcher;
mod plan;
mod pongs;
mod template;
mod theirs;
mod words;

use std::collections::VecDeque;

pub use plan::{Answer, Clock, Given, Hello, Plan, Respond, Role, Send};
pub use template::{Came, Filling, Template};

use beat::{Beat, Typed, take};
use theirs::Theirs;

use crate::event::{Answered, EventKind, HeartbeatSent, Missed, PingsIgnored, Stray};
use crate::moment::{Moment, Span};

/// What the machine asks for. One lives at a time, so that its size is no matter.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    Emit(EventKind),
    /// Write this heartbeat, then say so by [`Heartbeat::written`].
    Write {
        number: u64,
        measured: bool,
    },
    /// Write this answer to a heartbeat of the server's.
    Reply(Payload),
    /// Enough misses: the server has dropped us silently.
    Dead,
    /// The same by heartbeats of the server's that did not come: nothing of ours was on its way.
    Unheard,
    /// A heartbeat did not leave in time.
    Stuck,
}

/// A heartbeat, or the answer to one, on its way out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Payload {
    Ping(Vec<u8>),
    Text(String),
    Binary(Vec<u8>),
}

/// One connection's heartbeats.
#[derive(Debug)]
pub struct Heartbeat {
    plan: Plan,
    /// Begins with the server's hello; until then `plan` is plain pings.
    pending: Option<Box<Plan>>,
    /// The server's product is still to be recognised.
    auto: bool,
    /// Engine.IO's version that the URL asks for.
    asked_version: Option<u8>,
    /// So many were sent under an earlier plan: pings, which any sign of life settles.
    earlier: u64,
    theirs: Theirs,
    /// The last `s` that the server counted, and the wall clock at the start of the run: for messages that carry them.
    sequence: Option<i64>,
    wall_start_ms: i64,
    /// Where the idle interval begins.
    quiet_since: Moment,
    next_fixed: Option<Moment>,
    outstanding: VecDeque<Beat>,
    /// Settled by other data, their own pong still awaited; only to tell that pings are ignored.
    unanswered: VecDeque<Beat>,
    fates: VecDeque<(u64, Stray)>,
    typed: Typed,
    nonce: u32,
    last_number: u64,
    misses: u32,
    ignored_in_row: u32,
    ignored_told: bool,
    bytes: u64,
    answered_at: Option<Moment>,
    out: VecDeque<Output>,
}

/// So many heartbeats can be outstanding or remembered; a fixed clock faster than its timeout skips beyond it.
const KEPT: usize = 64;
/// So many in a row without their own answer are told once.
const IGNORED_TOLD_AT: u32 = 3;

impl Heartbeat {
    /// From the open on. `nonce` makes the pings of one connection unlike those of another.
    pub fn new(plan: Plan, opened: Moment, nonce: u32) -> Heartbeat {
        let auto = plan.auto;
        let (plan, pending) = match plan.after {
            Some(_) => (plan.until_hello(), Some(Box::new(plan))),
            None => (plan, None),
        };
        let next_fixed = match plan.clock {
            Clock::Fixed => plan.every.map(|every| opened.after(every)),
            Clock::Idle => None,
        };
        Heartbeat {
            plan,
            pending,
            auto,
            asked_version: None,
            earlier: 0,
            theirs: Theirs::new(opened),
            sequence: None,
            wall_start_ms: 0,
            quiet_since: opened,
            next_fixed,
            outstanding: VecDeque::new(),
            unanswered: VecDeque::new(),
            fates: VecDeque::new(),
            typed: Typed::default(),
            nonce,
            last_number: 0,
            misses: 0,
            ignored_in_row: 0,
            ignored_told: false,
            bytes: 0,
            answered_at: None,
            out: VecDeque::new(),
        }
    }

    /// The next thing asked for.
    pub fn poll(&mut self) -> Option<Output> {
        let next = self.out.pop_front();
        if next.is_none() && self.out.capacity() > 0 {
            self.out = VecDeque::new();
        }
        next
    }

    /// When [`Heartbeat::tick`] has something to do.
    pub fn deadline(&self) -> Option<Moment> {
        let waits = self.outstanding.iter().chain(&self.unanswered).map(|beat| beat.deadline);
        waits.chain(self.due()).chain(self.theirs_due()).min()
    }

    /// When the next heartbeat goes out, if nothing arrives before.
    pub fn due(&self) -> Option<Moment> {
        if self.plan.role != Role::Send {
            return None;
        }
        match self.plan.clock {
            Clock::Fixed => self.next_fixed,
            Clock::Idle if self.outstanding.is_empty() => self.plan.every.map(|every| self.quiet_since.after(every)),
            Clock::Idle => None,
        }
    }

    /// When a heartbeat was last answered.
    pub fn answered_at(&self) -> Option<Moment> {
        self.answered_at
    }

    /// What goes out as the heartbeat of this number.
    pub fn outgoing(&self, now: Moment, number: u64, measured: bool) -> Payload {
        match &self.plan.send {
            Send::Text(text) if !measured => Payload::Text(text.clone()),
            Send::Binary(bytes) if !measured => Payload::Binary(bytes.clone()),
            Send::Template { text, binary } if !measured => {
                let filled = text.fill(&Filling { number, ..self.filling(now) });
                if *binary { Payload::Binary(filled.into_bytes()) } else { Payload::Text(filled) }
            }
            _ => Payload::Ping(self.payload(number)),
        }
    }

    /// A measured ping, now, beside the heartbeats.
    pub fn measure(&mut self, now: Moment) {
        self.send(now, true);
    }

    /// The same with a payload of its own, which need not be unlike others: of equal ones the oldest is answered first.
    pub fn measure_with(&mut self, now: Moment, payload: Vec<u8>) {
        self.send(now, true);
        self.typed.add(self.last_number, payload);
    }

    /// Another interval from now on, or none; and another timeout, if one is given. What is outstanding keeps its own.
    pub fn change(&mut self, now: Moment, every: Option<Span>, timeout: Option<Span>) {
        for plan in [Some(&mut self.plan), self.pending.as_deref_mut()].into_iter().flatten() {
            // The server's heartbeats have the server's interval; they can only be left alone, or not.
            if plan.role == Role::Send || every.is_none() || plan.every.is_none() {
                plan.every = every;
            }
            plan.timeout = timeout.unwrap_or(plan.timeout);
            plan.given = Given { every: true, timeout: plan.given.timeout || timeout.is_some(), ..plan.given };
        }
        self.theirs.begin(now);
        self.restart(now);
    }

    fn restart(&mut self, now: Moment) {
        self.quiet_since = self.quiet_since.max(now);
        self.next_fixed = match self.plan.clock {
            Clock::Fixed => self.plan.every.map(|every| now.after(every)),
            Clock::Idle => None,
        };
    }

    /// The heartbeat was accepted and flushed through the whole stack.
    pub fn written(&mut self, now: Moment, number: u64) {
        let (bytes, only_sent) = (self.bytes, matches!(self.plan.answer, Answer::None));
        let Some(beat) = self.outstanding.iter_mut().find(|beat| beat.number == number) else { return };
        beat.written = Some(now);
        beat.deadline = now.after(beat.timeout);
        beat.bytes_before = bytes;
        let measured = beat.measured;
        let what = match measured || number <= self.earlier {
            true => Send::Ping.words(),
            false => self.plan.send.words_filled(&Filling { number, ..self.filling(now) }),
        };
        self.emit(EventKind::Heartbeat(HeartbeatSent { number, measured, what }));
        if only_sent && !measured {
            self.quiet_since = now;
            // Its pong is no stray one, only not waited for.
            let sent = take(&mut self.outstanding, number).filter(|_| self.unanswered.len() < KEPT);
            self.unanswered.extend(sent.map(|beat| Beat { settled: Some(now), ..beat }));
        }
    }

    /// Bytes arrived: `total` of the connection so far. To be told after the pongs and messages that they complete.
    pub fn life(&mut self, now: Moment, total: u64) {
        self.bytes = total;
        self.quiet_since = self.quiet_since.max(now);
        self.life_of_theirs(now);
        let (any, earlier) = (matches!(self.plan.answer, Answer::Any), self.earlier);
        if (!any && earlier == 0) || self.outstanding.is_empty() {
            return;
        }
        let settles = |beat: &Beat| beat.settles_by_life() && (any || beat.number <= earlier);
        let settled: Vec<Beat> = self.outstanding.iter().filter(|beat| settles(beat)).copied().collect();
        self.outstanding.retain(|beat| !settles(beat));
        for beat in settled {
            self.misses = 0;
            self.answered_at = Some(now);
            let is_ping = beat.number <= earlier || self.plan.send == Send::Ping;
            if is_ping && self.unanswered.len() < KEPT {
                self.unanswered.push_back(Beat { settled: Some(now), ..beat });
            } else {
                self.answer(beat, now, false);
            }
        }
    }

    /// A message came.
    pub fn message(&mut self, at: Moment, text: Option<&str>, bytes: &[u8]) {
        if !self.listens() {
            return;
        }
        let came = Came::new(text, bytes);
        self.hear(at, &came);
        let waits = |beat: &&Beat| !beat.measured && beat.written.is_some() && beat.number > self.earlier;
        let answered = self.outstanding.iter().filter(waits).find(|beat| self.is_answer(at, beat.number, &came));
        if let Some(number) = answered.map(|beat| beat.number)
            && let Some(beat) = take(&mut self.outstanding, number)
        {
            self.own_answer(beat, at);
        }
    }

    /// Is this message the answer to the heartbeat of that number?
    fn is_answer(&self, at: Moment, number: u64, came: &Came<'_>) -> bool {
        let filling = Filling { number, ..self.filling(at) };
        match (&self.plan.answer, &self.plan.send) {
            (Answer::Match, Send::Text(sent)) => came.text == Some(sent.as_str()),
            (Answer::Match, Send::Binary(sent)) => came.text.is_none() && came.bytes == sent.as_slice(),
            (Answer::Match, Send::Template { text, .. }) => text.fill(&filling).as_bytes() == came.bytes,
            (answer, _) => answer.is_met(came, &filling),
        }
    }

    /// We did not read for `span`: all clocks stood still.
    pub fn held(&mut self, span: Span) {
        self.quiet_since = self.quiet_since.after(span);
        self.next_fixed = self.next_fixed.map(|at| at.after(span));
        self.theirs.held(span);
        for beat in self.outstanding.iter_mut().chain(&mut self.unanswered) {
            beat.deadline = beat.deadline.after(span);
        }
    }

    /// Judges every deadline that has passed, by the clock.
    pub fn tick(&mut self, now: Moment) {
        // A heartbeat may be written after a later one, so that the first to end need not be the first in line.
        let ignored: Vec<Beat> = self.unanswered.iter().filter(|beat| beat.deadline <= now).copied().collect();
        self.unanswered.retain(|beat| beat.deadline > now);
        for beat in ignored {
            self.ignored(beat);
        }
        let overdue: Vec<Beat> = self.outstanding.iter().filter(|beat| beat.deadline <= now).copied().collect();
        for beat in overdue {
            if beat.written.is_none() {
                self.out.push_back(Output::Stuck);
                return;
            }
            self.outstanding.retain(|other| other.number != beat.number);
            if self.missed(beat, now) {
                return;
            }
        }
        if !self.theirs_missed(now) {
            self.begin_due(now);
        }
    }

    fn begin_due(&mut self, now: Moment) {
        let Some(due) = self.due().filter(|due| *due <= now) else { return };
        let Some(every) = self.plan.every else { return };
        if self.plan.clock == Clock::Fixed {
            // The beats that were slept through are left out.
            let passed = now.since(due).nanos() / every.nanos().max(1) + 1;
            self.next_fixed = Some(due.after(Span::from_nanos(every.nanos().saturating_mul(passed))));
        }
        if self.outstanding.len() < KEPT {
            self.send(now, false);
        }
    }

    fn send(&mut self, now: Moment, measured: bool) {
        self.last_number += 1;
        let number = self.last_number;
        let (timeout, bytes_before) = (self.plan.timeout, self.bytes);
        let deadline = now.after(timeout);
        let beat = Beat { number, measured, written: None, timeout, deadline, bytes_before, settled: None };
        self.outstanding.push_back(beat);
        self.out.push_back(Output::Write { number, measured });
    }

    /// True when it was the deciding miss.
    fn missed(&mut self, beat: Beat, now: Moment) -> bool {
        let bytes_since = self.bytes - beat.bytes_before;
        let alive = beat.measured && bytes_since > 0;
        if !alive {
            self.misses += 1;
        }
        self.remember(beat.number, Stray::Late);
        let (misses, of) = (self.misses, self.plan.misses);
        let Beat { number, measured, timeout: waited, .. } = beat;
        self.emit(EventKind::Missed(Missed { number, measured, misses, of, bytes_since, waited, theirs: false }));
        if alive {
            self.emit(EventKind::PingsIgnored(PingsIgnored { in_row: 1, waited }));
            return false;
        }
        if misses >= of {
            self.out.push_back(Output::Dead);
            return true;
        }
        // The next one follows a miss at once; the fixed clock has its own next one, and switched off there is none.
        let idle = self.plan.role == Role::Send && self.plan.clock == Clock::Idle;
        if !measured && self.plan.every.is_some() && idle && self.outstanding.is_empty() {
            self.send(now, false);
        }
        false
    }

    fn ignored(&mut self, beat: Beat) {
        if matches!(self.plan.answer, Answer::None) {
            return self.remember(beat.number, Stray::Late);
        }
        self.ignored_in_row += 1;
        self.answer(beat, beat.settled.unwrap_or(beat.deadline), false);
        if self.ignored_in_row >= IGNORED_TOLD_AT && !self.ignored_told {
            self.ignored_told = true;
            let (in_row, waited) = (self.ignored_in_row, beat.timeout);
            self.emit(EventKind::PingsIgnored(PingsIgnored { in_row, waited }));
        }
    }

    fn own_answer(&mut self, beat: Beat, at: Moment) {
        self.misses = 0;
        self.ignored_in_row = 0;
        self.answered_at = Some(at);
        self.answer(beat, at, true);
    }

    fn answer(&mut self, beat: Beat, at: Moment, own: bool) {
        self.remember(beat.number, if own { Stray::Duplicate } else { Stray::Late });
        let rtt = beat.written.map_or(Span::ZERO, |written| at.since(written));
        let (number, measured) = (beat.number, beat.measured);
        self.emit(EventKind::Answered(Answered { number, measured, own, rtt }));
    }

    fn emit(&mut self, kind: EventKind) {
        self.out.push_back(Output::Emit(kind));
    }
}

#[cfg(test)]
mod tests;
