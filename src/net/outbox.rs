//! What waits to be written on one connection. Owns the queue, its bound, the cutting of large messages into fragments
//! (RFC 6455 section 5.4), and the lines that come back when nothing goes out any more; writing is `link`'s.

use std::collections::VecDeque;

use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::watch::ledger::Line;
use crate::watch::life::{Mark, Outgoing};

/// What waits, in order.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: VecDeque<Entry>,
    bytes: usize,
    /// Nothing goes out any more: lines are kept, the rest is thrown away.
    is_shut: bool,
}

/// Something to send.
#[derive(Debug)]
enum Entry {
    Control(Message, Option<Mark>),
    /// `payload` is what is left of it; `begun`: a part of it was taken.
    Data {
        payload: Bytes,
        text: bool,
        begun: bool,
        mark: Option<Mark>,
        line: Option<u64>,
    },
}

/// The next piece for the engine: a control frame, or a fragment of a message.
#[derive(Debug)]
pub struct Piece {
    pub message: Message,
    /// Told when the piece is flushed.
    pub mark: Option<Mark>,
    /// The line that it is of.
    pub line: Option<u64>,
    /// Is it the whole of what it is of, or the end of that?
    pub is_last: bool,
}

/// Larger messages go out in fragments of this size: the engine moves its whole buffer at each partial write.
pub const FRAGMENT: usize = 512 * 1024;
/// What an entry itself costs: without it, messages of nothing would never fill the outbox.
const ENTRY: usize = 64;
/// Beyond this the outbox is full, and an echo stops reading.
const BYTES_MAX: usize = 1024 * 1024;

impl Outbox {
    /// Queues a message.
    pub fn send(&mut self, outgoing: Outgoing, mark: Mark) {
        match outgoing {
            Outgoing::Ping(payload) => self.queue(Entry::Control(Message::Ping(payload.into()), Some(mark))),
            Outgoing::Pong(payload) => self.queue(Entry::Control(Message::Pong(payload.into()), Some(mark))),
            Outgoing::Close(body) => {
                let frame =
                    body.code.map(|code| CloseFrame { code: CloseCode::from(code), reason: body.reason.into() });
                self.queue(Entry::Control(Message::Close(frame), Some(mark)));
            }
            Outgoing::Text(text) => self.send_bytes(Bytes::from(text), true, mark),
            Outgoing::Binary(bytes) => self.send_bytes(Bytes::from(bytes), false, mark),
        }
    }

    /// Queues the payload of a message without copying it.
    pub fn send_bytes(&mut self, payload: Bytes, text: bool, mark: Mark) {
        self.queue(Entry::Data { payload, text, begun: false, mark: Some(mark), line: None });
    }

    /// Queues a line, which is never thrown away.
    pub fn send_line(&mut self, line: Line) {
        let Line { number, text, payload } = line;
        self.queue(Entry::Data { payload, text, begun: false, mark: Some(Mark::Message), line: Some(number) });
    }

    /// The next piece.
    pub fn take(&mut self) -> Option<Piece> {
        if self.is_shut {
            return None;
        }
        let entry = self.waiting.pop_front()?;
        self.bytes -= entry.rest().min(FRAGMENT);
        let Entry::Data { mut payload, text, begun, mark, line } = entry else {
            self.bytes -= ENTRY;
            let Entry::Control(message, mark) = entry else { return None };
            return Some(Piece { message, mark, line: None, is_last: true });
        };
        let is_last = payload.len() <= FRAGMENT;
        let first = if text { Data::Text } else { Data::Binary };
        let opcode = OpCode::Data(if begun { Data::Continue } else { first });
        let fragment = payload.split_to(payload.len().min(FRAGMENT));
        if is_last {
            self.bytes -= ENTRY;
        } else {
            self.waiting.push_front(Entry::Data { payload, text, begun: true, mark, line });
        }
        let message = Message::Frame(Frame::message(fragment, opcode, is_last));
        Some(Piece { message, mark: mark.filter(|_| is_last), line, is_last })
    }

    /// Nothing goes out any more.
    pub fn shut(&mut self) {
        self.is_shut = true;
    }

    /// The lines of which nothing went to the engine.
    pub fn take_unsent(&mut self) -> Vec<Line> {
        let unsent = self.waiting.drain(..).filter_map(Entry::unsent).collect();
        self.bytes = 0;
        unsent
    }

    /// Does nothing wait that could go out?
    pub fn is_empty(&self) -> bool {
        self.is_shut || self.waiting.is_empty()
    }

    /// Is there no room? Then an echo must not read.
    pub fn is_full(&self) -> bool {
        self.bytes > BYTES_MAX && !self.is_shut
    }

    fn queue(&mut self, entry: Entry) {
        if self.is_shut && !entry.is_line() {
            return;
        }
        self.bytes += entry.rest() + ENTRY;
        self.waiting.push_back(entry);
    }
}

impl Entry {
    /// Bytes that are not taken.
    fn rest(&self) -> usize {
        match self {
            Entry::Control(message, _) => message.len(),
            Entry::Data { payload, .. } => payload.len(),
        }
    }

    fn is_line(&self) -> bool {
        matches!(self, Entry::Data { line: Some(_), .. })
    }

    fn unsent(self) -> Option<Line> {
        match self {
            Entry::Data { payload, text, begun: false, line: Some(number), .. } => Some(Line { number, text, payload }),
            _ => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_large_message_goes_out_in_fragments_and_only_the_last_has_the_mark() {
        let mut outbox = Outbox::default();
        outbox.send(Outgoing::Binary(vec![7; 2 * FRAGMENT + 1]), Mark::Message);
        let mut seen = Vec::new();
        while let Some(Piece { message: Message::Frame(frame), mark, .. }) = outbox.take() {
            seen.push((frame.payload().len(), frame.header().is_final, mark));
        }
        let whole = [(FRAGMENT, false, None), (FRAGMENT, false, None), (1, true, Some(Mark::Message))];
        assert_eq!((seen.as_slice(), outbox.bytes), (whole.as_slice(), 0));
    }

    #[test]
    fn an_empty_message_is_one_frame() {
        let mut outbox = Outbox::default();
        outbox.send(Outgoing::Text(String::new()), Mark::Message);
        assert_eq!(outbox.take().unwrap().mark, Some(Mark::Message));
        assert!(outbox.is_empty());
    }

    #[test]
    fn more_than_its_bound_makes_it_full_until_it_is_taken() {
        let mut outbox = Outbox::default();
        outbox.send(Outgoing::Binary(vec![0; BYTES_MAX + 1]), Mark::Message);
        assert!(outbox.is_full());
        outbox.take();
        assert!(!outbox.is_full());
    }

    #[test]
    fn lines_of_which_nothing_went_out_come_back_whole() {
        let mut outbox = Outbox::default();
        let line = |number: u64, size: usize| Line { number, text: false, payload: Bytes::from(vec![0; size]) };
        outbox.send_line(line(1, FRAGMENT + 1));
        outbox.send(Outgoing::Ping(vec![1]), Mark::Heartbeat(1));
        outbox.send_line(line(2, FRAGMENT + 1));
        outbox.take();
        outbox.shut();
        outbox.send_line(line(3, 0));
        outbox.send(Outgoing::Text("gone".into()), Mark::Message);
        assert!(outbox.is_empty(), "nothing goes out any more");
        assert_eq!(outbox.take_unsent(), [line(2, FRAGMENT + 1), line(3, 0)]);
    }
}
