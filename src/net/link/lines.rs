//! The lines of a pipe on a link: taken, accounted for with the kernel's figures, given back when they did not go out; and the
//! look at those figures. Owns when the kernel is asked; which line is in which class is `watch::ledger`'s.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Link, Socket};
use crate::moment::Moment;
use crate::net::control::Look;
use crate::net::kernel;
use crate::watch::ledger::{Ledger, Line};

impl<S: Socket> Link<S> {
    /// Queues lines; each is accounted for, or comes back by [`Link::take_unsent`].
    pub fn send_lines(&mut self, lines: Vec<Line>) {
        lines.into_iter().for_each(|line| self.outbox.send_line(line));
    }

    /// From now on lines are accounted for there.
    pub fn keep_account(&mut self, ledger: Option<Rc<RefCell<Ledger>>>) {
        self.ledger = ledger;
    }

    /// The end: the last that the kernel knows of our lines, and those that did not go out.
    pub fn take_unsent(&mut self) -> Vec<Line> {
        let position = self.tap().io().descriptor().and_then(kernel::stream_position);
        if let (Some(ledger), Some(position)) = (&self.ledger, position) {
            let mut ledger = ledger.borrow_mut();
            ledger.acknowledged(position.acked);
            if position.acked < position.written {
                ledger.contradicted();
            }
        }
        self.outbox.take_unsent()
    }

    /// The connection as wire and kernel count it.
    pub fn look(&self, opened: Moment) -> Look {
        let passed = self.tap().passed();
        Look { opened, bytes_in: passed.bytes_in, bytes_out: passed.bytes_out, kernel: self.kernel() }
    }

    /// A piece of a line is with the engine.
    pub(super) fn given(&self, line: Option<u64>, is_last: bool) {
        if let (Some(number), Some(ledger)) = (line, &self.ledger) {
            let mut ledger = ledger.borrow_mut();
            if is_last { ledger.given(number) } else { ledger.begun(number) }
        }
    }

    /// All that was given is with the kernel.
    pub(super) fn account_for_flush(&self) {
        let Some(ledger) = &self.ledger else { return };
        let position = self.tap().io().descriptor().and_then(kernel::stream_position);
        let mut ledger = ledger.borrow_mut();
        let Some(kernel::Position { acked, written }) = position else { return ledger.flushed_blindly() };
        ledger.flushed(written);
        ledger.acknowledged(acked);
    }
}
