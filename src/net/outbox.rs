//! What waits to be written on one connection. Owns the queue, its bound, and the cutting of large messages into fragments
//! (RFC 6455 section 5.4); writing is `link`'s.

use std::collections::VecDeque;

use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::watch::life::{Mark, Outgoing};

/// Messages, each with the mark that is told when it is flushed.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: VecDeque<(Message, Option<Mark>)>,
    bytes: usize,
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
        let (bytes, text) = match outgoing {
            Outgoing::Ping(payload) => return self.queue(Message::Ping(payload.into()), Some(mark)),
            Outgoing::Close(body) => {
                let frame =
                    body.code.map(|code| CloseFrame { code: CloseCode::from(code), reason: body.reason.into() });
                return self.queue(Message::Close(frame), Some(mark));
            }
            Outgoing::Text(text) => (Bytes::from(text), true),
            Outgoing::Binary(bytes) => (Bytes::from(bytes), false),
        };
        self.send_bytes(bytes, text, mark);
    }

    /// Queues the payload of a message without copying it.
    pub fn send_bytes(&mut self, bytes: Bytes, text: bool, mark: Mark) {
        let first = if text { Data::Text } else { Data::Binary };
        let mut from = 0;
        loop {
            let to = bytes.len().min(from + FRAGMENT);
            let (opcode, last) = (if from == 0 { first } else { Data::Continue }, to == bytes.len());
            let frame = Frame::message(bytes.slice(from..to), OpCode::Data(opcode), last);
            self.queue(Message::Frame(frame), last.then_some(mark));
            from = to;
            if last {
                return;
            }
        }
    }

    /// The oldest.
    pub fn take(&mut self) -> Option<(Message, Option<Mark>)> {
        let (message, mark) = self.waiting.pop_front()?;
        self.bytes -= (message.len() + ENTRY).min(self.bytes);
        Some((message, mark))
    }

    /// Does nothing wait?
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Is there no room? Then an echo must not read.
    pub fn is_full(&self) -> bool {
        self.bytes > BYTES_MAX
    }

    fn queue(&mut self, message: Message, mark: Option<Mark>) {
        self.bytes += message.len() + ENTRY;
        self.waiting.push_back((message, mark));
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
        while let Some((Message::Frame(frame), mark)) = outbox.take() {
            seen.push((frame.payload().len(), frame.header().is_final, mark));
        }
        let whole = [(FRAGMENT, false, None), (FRAGMENT, false, None), (1, true, Some(Mark::Message))];
        assert_eq!(seen, whole);
    }

    #[test]
    fn an_empty_message_is_one_frame() {
        let mut outbox = Outbox::default();
        outbox.send(Outgoing::Text(String::new()), Mark::Message);
        assert_eq!(outbox.take().unwrap().1, Some(Mark::Message));
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
}
