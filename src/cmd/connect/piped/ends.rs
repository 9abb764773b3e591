//! The end of a pipe's connection: whether all that was said is safe, and where each line is. Owns what follows from an end; the
//! classes are `watch::ledger`'s.

use super::{Piped, Stopping};
use crate::cmd::connect::stdin::Stdin;
use crate::cmd::connect::verdict::is_polite;
use crate::event::{CloseSeen, ConnId, Direction, Ended, EventKind, Exit, LinesFate};
use crate::moment::Moment;
use crate::wire::close;

impl Piped<'_> {
    /// Is no line left of which we do not know that it is safe?
    pub(super) fn is_safe(&self) -> bool {
        let account = self.ledger.borrow().account();
        account.unsure.is_empty() || account.is_blind
    }

    /// 5.5.1: the answer to our Close, with its code, says that the peer has read all that stood before it.
    pub(super) fn see_close(&mut self, close: &CloseSeen) {
        match (close.direction, close.first) {
            (Direction::Out, true) => self.our_close = Some(close.code),
            (Direction::In, false) => {
                self.is_confirmed = self.our_close == Some(close.code);
                self.their_close = Some(close.code);
            }
            _ => {}
        }
    }

    pub(super) fn ended(&mut self, at: Moment, conn: ConnId, ended: Ended) {
        // An end of stdin before this one counts, whether or not it was looked at; a line behind it is not needed now.
        while self.pipe.is_drained()
            && let Some(piece) = self.stdin.as_mut().and_then(Stdin::take)
        {
            self.piece(piece);
        }
        if self.is_confirmed {
            self.ledger.borrow_mut().confirmed_by_close();
        }
        if is_polite(&ended) && self.pipe.is_done() && self.is_safe() && !self.pipe.is_listening() {
            // All was said, and the peer has nothing to add: no reason to come back.
            self.stopping = Stopping::AtOnce;
        }
        self.emit(at, conn, EventKind::Ended(ended));
        if self.pipe.lines() > 0 {
            let fate = self.fate();
            self.emit(at, conn, EventKind::Lines(fate));
        }
        if !self.is_safe() && self.left_unsure.is_none() {
            self.left_unsure = self.verdict.drop().cloned().or_else(|| Some(self.crossed()));
        }
        self.ledger.borrow_mut().restart();
    }

    /// We had closed, and the peer has not read all that stood before our Close.
    fn crossed(&self) -> (Exit, String) {
        let code = self.their_close.flatten();
        let exit = if close::is_normal(code) { Exit::ClosedEarly } else { Exit::ClosedWithError };
        (exit, "the peer closed before it had read all that was sent".into())
    }

    fn fate(&self) -> LinesFate {
        let (received, thing) = (self.pipe.received(), self.pipe.thing());
        let account = self.ledger.borrow().account();
        let unsure = account.unsure.listed().iter().map(|range| (range.first, range.last)).collect();
        let nothing_left = self.pipe.has_sent_all();
        let total = nothing_left.then_some(account.first_unsent.saturating_sub(1));
        LinesFate {
            thing: thing.into(),
            sent: account.given(),
            acknowledged: account.acknowledged,
            unsure,
            first_unsent: (!nothing_left).then_some(account.first_unsent),
            received,
            words: account.words(thing, total, received),
        }
    }
}
