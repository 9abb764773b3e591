//! The room of `--mode broadcast`: every message goes to everybody in it. Owns the seats and their queues, each with a bound,
//! so that one who does not read costs no memory without end.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio_tungstenite::tungstenite::Message;

use crate::event::ConnId;

/// Everybody who is in it.
#[derive(Debug, Default)]
pub struct Room {
    seats: RefCell<HashMap<ConnId, Rc<Seat>>>,
}

/// One client's place.
#[derive(Debug, Default)]
pub struct Seat {
    queue: RefCell<VecDeque<Message>>,
    bytes: Cell<usize>,
    waker: RefCell<Option<Waker>>,
    /// More waits for it than is kept.
    overrun: Cell<bool>,
}

/// So many messages wait for one client at most, and so many bytes beyond the last one.
const WAITING_MAX: usize = 4096;
const BYTES_MAX: usize = 4 * 1024 * 1024;

impl Room {
    /// Takes a seat. It must be left by [`Room::leave`].
    pub fn enter(&self, conn: ConnId) -> Rc<Seat> {
        let seat = Rc::new(Seat::default());
        self.seats.borrow_mut().insert(conn, Rc::clone(&seat));
        seat
    }

    /// Gives the seat up.
    pub fn leave(&self, conn: ConnId) {
        self.seats.borrow_mut().remove(&conn);
    }

    /// A message for all.
    pub fn say(&self, message: &Message) {
        for seat in self.seats.borrow().values() {
            seat.push(message);
        }
    }
}

impl Seat {
    fn push(&self, message: &Message) {
        let mut queue = self.queue.borrow_mut();
        if queue.len() >= WAITING_MAX || self.bytes.get() > BYTES_MAX {
            self.overrun.set(true);
        } else {
            self.bytes.set(self.bytes.get() + message.len());
            queue.push_back(message.clone());
        }
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// The oldest message that waits.
    pub fn take(&self) -> Option<Message> {
        let message = self.queue.borrow_mut().pop_front()?;
        self.bytes.set(self.bytes.get() - message.len());
        Some(message)
    }

    /// True once more waited than is kept.
    pub fn is_overrun(&self) -> bool {
        self.overrun.get()
    }

    /// Ready when a message waits.
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.queue.borrow().is_empty() {
            return Poll::Ready(());
        }
        *self.waker.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_gets_every_message_the_speaker_too() {
        let room = Room::default();
        let (one, two) = (room.enter(ConnId(1)), room.enter(ConnId(2)));
        room.say(&Message::text("a"));
        room.leave(ConnId(2));
        room.say(&Message::text("b"));
        assert_eq!((one.take(), one.take()), (Some(Message::text("a")), Some(Message::text("b"))));
        assert_eq!((two.take(), two.take()), (Some(Message::text("a")), None));
    }

    #[test]
    fn who_does_not_read_is_overrun_and_bounded() {
        let room = Room::default();
        let seat = room.enter(ConnId(1));
        for _ in 0..2 * WAITING_MAX {
            room.say(&Message::text("a"));
        }
        assert!(seat.is_overrun());
        assert_eq!(seat.queue.borrow().len(), WAITING_MAX);
    }
}
