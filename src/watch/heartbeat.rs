//! Heartbeats: when one is due, what answers it, what counts as missed (RFC 6455 sections 5.5.2, 5.5.3).
//!
//! A *sign of life* is any byte that arrives; sending is none. The idle clock makes one heartbeat due when nothing has
//! arrived for the interval, and has at most one outstanding. The fixed clock makes one due each interval from the open,
//! answered or not. The answer's deadline runs from the moment the heartbeat was written: accepted and flushed. Owns
//! these rules; what a drop *is* belongs to `liveness`. Measured pings go the same way, but need their own pong.

mod beat;
mod plan;

use std::collections::VecDeque;

pub use plan::{Answer, Clock, Plan, Send};

use beat::{Beat, Typed, take};

use crate::event::{Answered, EventKind, HeartbeatSent, Missed, PingsIgnored, Stray, StrayPong};
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
    /// Enough misses: the server has dropped us silently.
    Dead,
    /// A heartbeat did not leave in time.
    Stuck,
}

/// One connection's heartbeats.
#[derive(Debug)]
pub struct Heartbeat {
    plan: Plan,
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
        let next_fixed = match plan.clock {
            Clock::Fixed => plan.every.map(|every| opened.after(every)),
            Clock::Idle => None,
        };
        Heartbeat {
            plan,
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
        waits.chain(self.due()).min()
    }

    /// When the next heartbeat goes out, if nothing arrives before.
    pub fn due(&self) -> Option<Moment> {
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

    /// The eight bytes of a ping: nonce and number.
    pub fn ping_payload(&self, number: u64) -> [u8; 8] {
        let mut payload = [0; 8];
        payload[..4].copy_from_slice(&self.nonce.to_be_bytes());
        payload[4..].copy_from_slice(&(number as u32).to_be_bytes());
        payload
    }

    /// What the ping of this number carries: what was typed for it, or its eight bytes.
    pub fn payload(&self, number: u64) -> Vec<u8> {
        self.typed.payload_of(number).map_or_else(|| self.ping_payload(number).to_vec(), <[u8]>::to_vec)
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
        self.plan.every = every;
        self.plan.timeout = timeout.unwrap_or(self.plan.timeout);
        self.quiet_since = self.quiet_since.max(now);
        self.next_fixed = match self.plan.clock {
            Clock::Fixed => every.map(|every| now.after(every)),
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
        let what = if measured { Send::Ping.words() } else { self.plan.send.words() };
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
        if !matches!(self.plan.answer, Answer::Any) {
            return;
        }
        let settled: Vec<Beat> = self.outstanding.iter().filter(|beat| beat.settles_by_life()).copied().collect();
        self.outstanding.retain(|beat| !beat.settles_by_life());
        for beat in settled {
            self.misses = 0;
            self.answered_at = Some(now);
            match self.plan.send {
                Send::Ping if self.unanswered.len() < KEPT => {
                    self.unanswered.push_back(Beat { settled: Some(now), ..beat });
                }
                _ => self.answer(beat, now, false),
            }
        }
    }

    /// A pong came, its last byte at `at`.
    pub fn pong(&mut self, at: Moment, payload: &[u8]) {
        let numbers = self.numbers_of(payload);
        let beats = self.outstanding.iter().chain(&self.unanswered);
        let answered = beats.map(|beat| beat.number).filter(|number| numbers.contains(number)).min();
        if let Some(number) = answered
            && let Some(beat) = take(&mut self.outstanding, number).or_else(|| take(&mut self.unanswered, number))
        {
            self.settle_before(number, at);
            return self.own_answer(beat, at);
        }
        let kind = self.fate_of(&numbers);
        self.emit(EventKind::StrayPong(StrayPong { kind, len: payload.len() as u64 }));
    }

    /// A message came.
    pub fn message(&mut self, at: Moment, text: Option<&str>, bytes: &[u8]) {
        let is_answer = match (&self.plan.answer, &self.plan.send) {
            (Answer::Match, Send::Text(sent)) => text == Some(sent.as_str()),
            (Answer::Match, Send::Binary(sent)) => text.is_none() && bytes == sent.as_slice(),
            (Answer::Text(wanted), _) => text == Some(wanted.as_str()),
            (Answer::Regex(wanted), _) => text.is_some_and(|text| wanted.is_match(text)),
            _ => false,
        };
        if !is_answer {
            return;
        }
        let written = |beat: &&Beat| !beat.measured && beat.written.is_some();
        if let Some(number) = self.outstanding.iter().find(written).map(|beat| beat.number)
            && let Some(beat) = take(&mut self.outstanding, number)
        {
            self.own_answer(beat, at);
        }
    }

    /// We did not read for `span`: all clocks stood still.
    pub fn held(&mut self, span: Span) {
        self.quiet_since = self.quiet_since.after(span);
        self.next_fixed = self.next_fixed.map(|at| at.after(span));
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
        self.begin_due(now);
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
        self.emit(EventKind::Missed(Missed { number, measured, misses, of, bytes_since, waited }));
        if alive {
            self.emit(EventKind::PingsIgnored(PingsIgnored { in_row: 1, waited }));
            return false;
        }
        if misses >= of {
            self.out.push_back(Output::Dead);
            return true;
        }
        // The next one follows a miss at once; the fixed clock has its own next one, and switched off there is none.
        if !measured && self.plan.every.is_some() && self.plan.clock == Clock::Idle && self.outstanding.is_empty() {
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

    /// 5.5.3: a pong may answer only the newest of several pings; the older ones are settled by it too, except measured ones.
    fn settle_before(&mut self, number: u64, at: Moment) {
        let is_older = |beat: &Beat| beat.number < number && beat.written.is_some() && !beat.measured;
        let all = self.unanswered.iter().chain(&self.outstanding);
        let older: Vec<Beat> = all.filter(|beat| is_older(beat)).copied().collect();
        self.unanswered.retain(|beat| !is_older(beat));
        self.outstanding.retain(|beat| !is_older(beat));
        for beat in older {
            self.answer(beat, beat.settled.unwrap_or(at), false);
        }
    }

    /// What a pong with this payload may answer.
    fn numbers_of(&self, payload: &[u8]) -> Vec<u64> {
        let mut numbers = self.typed.numbers_of(payload);
        numbers.extend(self.number_of(payload).filter(|number| self.typed.payload_of(*number).is_none()));
        numbers
    }

    fn fate_of(&self, numbers: &[u64]) -> Stray {
        let known = self.fates.iter().filter(|(number, _)| numbers.contains(number));
        let fates: Vec<Stray> = known.map(|(_, fate)| *fate).collect();
        // Of equal ones the one without its pong has it now.
        if fates.contains(&Stray::Late) { Stray::Late } else { fates.first().copied().unwrap_or(Stray::Unknown) }
    }

    fn number_of(&self, payload: &[u8]) -> Option<u64> {
        let (nonce, number) = payload.split_first_chunk::<4>()?;
        let number = u32::from_be_bytes(number.try_into().ok()?);
        let known = u32::from_be_bytes(*nonce) == self.nonce && u64::from(number) <= self.last_number && number > 0;
        known.then_some(u64::from(number))
    }

    fn remember(&mut self, number: u64, fate: Stray) {
        if self.fates.len() == KEPT
            && let Some((oldest, _)) = self.fates.pop_front()
        {
            self.typed.forget(oldest);
        }
        self.fates.push_back((number, fate));
    }

    fn emit(&mut self, kind: EventKind) {
        self.out.push_back(Output::Emit(kind));
    }
}

#[cfg(test)]
mod tests;
