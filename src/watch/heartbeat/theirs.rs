//! The server's own heartbeats: which message is one, what we answer, and when one is missing. Owns that wait; our own
//! heartbeats are the module above.

use super::plan::{Answer, Role};
use super::template::{Came, Filling};
use super::{Heartbeat, Output};
use crate::event::{EventKind, HeartbeatSent, Missed};
use crate::moment::{Moment, Span};

/// What is known of the server's heartbeats.
#[derive(Debug)]
pub(super) struct Theirs {
    /// When the last one came, or the wait began.
    since: Moment,
    /// All bytes that had come by then; none until they are told.
    bytes: Option<u64>,
    answered: u64,
}

impl Theirs {
    pub(super) fn new(since: Moment) -> Theirs {
        Theirs { since, bytes: Some(0), answered: 0 }
    }

    pub(super) fn held(&mut self, span: Span) {
        self.since = self.since.after(span);
    }

    /// The wait begins anew.
    pub(super) fn begin(&mut self, now: Moment) {
        self.since = self.since.max(now);
        self.bytes = None;
    }
}

impl Heartbeat {
    /// The server pinged; the engine answers it.
    pub fn peer_ping(&mut self, at: Moment) {
        if self.plan.role != Role::Send && matches!(self.plan.answer, Answer::PeerPing) {
            self.heard(at);
        }
        if self.pending.as_ref().is_some_and(|plan| matches!(plan.after.as_deref(), Some(Answer::PeerPing))) {
            self.begin_pending(at);
        }
    }

    /// Bytes came; where any sign of life will do, they are one.
    pub(super) fn life_of_theirs(&mut self, now: Moment) {
        let total = self.bytes;
        let theirs = &mut self.theirs;
        if self.plan.role != Role::Send && matches!(self.plan.answer, Answer::Any | Answer::Match | Answer::None) {
            theirs.since = theirs.since.max(now);
            theirs.bytes = Some(total);
            self.misses = 0;
        }
        if theirs.bytes.is_none() {
            theirs.bytes = Some(total);
        }
    }

    /// A message may be a heartbeat of the server's, and is answered at once where it wants an answer.
    pub(super) fn message_of_theirs(&mut self, at: Moment, came: &Came<'_>) {
        let filling = Filling { number: self.theirs.answered + 1, ..self.filling(at) };
        if self.plan.role != Role::Send && self.plan.answer.is_met(came, &filling) {
            self.heard(at);
        }
        let Some(reply) = self.plan.respond.iter().find_map(|respond| respond.answer(came, &filling)) else { return };
        self.theirs.answered += 1;
        let number = self.theirs.answered;
        self.out.push_back(Output::Reply(reply));
        let what = "answer to the server's heartbeat".into();
        self.emit(EventKind::Heartbeat(HeartbeatSent { number, measured: false, what }));
    }

    fn heard(&mut self, at: Moment) {
        self.misses = 0;
        self.theirs.begin(at);
    }

    /// When the server's next heartbeat is missing; none where nobody waits for one.
    pub(super) fn theirs_due(&self) -> Option<Moment> {
        if self.plan.role == Role::Send {
            return None;
        }
        self.plan.every.map(|every| self.theirs.since.after(every).after(self.plan.timeout))
    }

    /// True when it was the deciding miss.
    pub(super) fn theirs_missed(&mut self, now: Moment) -> bool {
        let (Some(due), Some(every)) = (self.theirs_due(), self.plan.every) else { return false };
        if due > now {
            return false;
        }
        self.misses += 1;
        self.last_number += 1;
        let (misses, of, waited) = (self.misses, self.plan.misses, every.plus(self.plan.timeout));
        let bytes_since = self.bytes.saturating_sub(self.theirs.bytes.unwrap_or(self.bytes));
        let number = self.last_number;
        self.emit(EventKind::Missed(Missed { number, measured: false, misses, of, bytes_since, waited, theirs: true }));
        if misses >= of {
            self.out.push_back(Output::Unheard);
            return true;
        }
        self.theirs.begin(now);
        self.theirs.bytes = Some(self.bytes);
        false
    }
}

#[cfg(test)]
mod tests;
