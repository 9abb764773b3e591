//! Which heartbeat a pong answers (RFC 6455 section 5.5.3), and what a pong is that answers none. Owns the payloads and the
//! memory of fates; what an answer settles is the module above.

use super::beat::{Beat, take};
use super::{Heartbeat, KEPT};
use crate::event::{EventKind, Stray, StrayPong};
use crate::moment::Moment;

impl Heartbeat {
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

    pub(super) fn remember(&mut self, number: u64, fate: Stray) {
        if self.fates.len() == KEPT
            && let Some((oldest, _)) = self.fates.pop_front()
        {
            self.typed.forget(oldest);
        }
        self.fates.push_back((number, fate));
    }
}
