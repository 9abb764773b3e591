//! The payload road: what the peer's data messages (RFC 6455 section 5.6) carry, to stdout, exact and in order, and
//! nothing else. Owns what stands behind a message and the batch that spares a wake-up a message; the thread and the
//! bound of 1 MiB are the sink's, and who is held when it is full is the connection's affair.

use std::cell::Cell;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::report::human::pretty;
use crate::report::sink::{self, Sink};
use crate::report::style::Style;

/// So much is gathered before the sink gets it: to wake its thread is a system call.
const BATCH: usize = 128 * 1024;

/// From this size on a message is not copied into the batch.
const LARGE: usize = 32 * 1024;

/// What stands behind each text message. A binary message is written as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Newline,
    Nul,
    Nothing,
}

/// The road. What is pushed leaves when a batch is full, or at [`Payload::flush`].
pub struct Payload {
    sink: Sink,
    ending: Ending,
    batch: Vec<u8>,
    /// A person looks on: what would act on the terminal is escaped.
    visible: bool,
    /// False when the sink had room after the last batch: until the next one it only gains more.
    may_be_full: Cell<bool>,
}

impl Payload {
    /// To the standard output. At a terminal a text is escaped and bytes are dumped: nothing of a peer acts on it.
    pub fn stdout(ending: Ending) -> Payload {
        let visible = sink::stdout_is_terminal();
        Payload { visible, ..Payload::over(Sink::stdout(), ending) }
    }

    /// To any sink that nobody else writes to.
    pub fn over(sink: Sink, ending: Ending) -> Payload {
        // One more than a batch: the ending of its last message.
        Payload { sink, ending, batch: Vec::with_capacity(BATCH + 1), visible: false, may_be_full: Cell::new(false) }
    }

    /// One message. It is taken even when there is no room, so that none is cut: ask [`Payload::is_full`] before. `whole`
    /// gives it as bytes that need not be copied; it is asked for those of a large one.
    pub fn push(&mut self, bytes: &[u8], text: bool, whole: impl FnOnce() -> Bytes) {
        if self.visible {
            return self.show(bytes, text);
        }
        if bytes.len() >= LARGE {
            self.flush();
            self.sink.share_bytes(whole());
            self.may_be_full.set(true);
        } else {
            if self.batch.len() + bytes.len() > BATCH {
                self.flush();
            }
            self.batch.extend_from_slice(bytes);
        }
        match self.ending {
            Ending::Newline if text => self.batch.push(b'\n'),
            Ending::Nul if text => self.batch.push(0),
            Ending::Newline | Ending::Nul | Ending::Nothing => {}
        }
    }

    fn show(&mut self, bytes: &[u8], text: bool) {
        let body = match std::str::from_utf8(bytes).ok().filter(|_| text) {
            Some(text) => pretty::text(text, usize::MAX, pretty::Mode::Off, Style::default(), None),
            None => pretty::binary(bytes, None),
        };
        for line in body.lines {
            self.batch.extend_from_slice(line.as_bytes());
            self.batch.push(b'\n');
        }
        self.flush();
    }

    /// Hands on what was gathered; to be called whenever nothing more is at hand, or a message would wait for the next.
    pub fn flush(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        self.sink.take_bytes(&mut self.batch);
        self.may_be_full.set(true);
    }

    /// True while 1 MiB or more was handed on and is not written yet; the batch, 128 KiB at most, comes on top.
    pub fn is_full(&self) -> bool {
        if !self.may_be_full.get() {
            return false;
        }
        let is_full = self.sink.is_full();
        self.may_be_full.set(is_full);
        is_full
    }

    /// True after whoever reads us went away, and after any other error of writing.
    pub fn is_gone(&self) -> bool {
        self.sink.is_gone()
    }

    /// True after an error of writing that was not a reader's going away; it was told on stderr.
    pub fn has_failed(&self) -> bool {
        self.sink.has_failed()
    }

    /// `waker` is told when there is room again, and when the stream is gone. Ask [`Payload::is_full`] after it.
    pub fn on_drain(&self, waker: Arc<Notify>) {
        self.sink.on_drain(waker);
    }

    /// Ends when all is written, or the stream is gone. A reader that stands still makes this wait.
    pub async fn finish(&mut self) {
        self.flush();
        self.sink.flushed().await;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Mutex, mpsc};

    use super::*;
    use crate::report::sink::BOUND;
    use crate::report::sink::tests::wait;

    fn push(payload: &mut Payload, bytes: &[u8], text: bool) {
        payload.push(bytes, text, || Bytes::copy_from_slice(bytes));
    }

    fn gated() -> (Payload, mpsc::Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (sink, let_go, kept) = sink::tests::gated();
        (Payload::over(sink, Ending::Nothing), let_go, kept)
    }

    #[test]
    fn a_person_sees_what_would_act_on_the_terminal() {
        let (sink, kept) = Sink::memory();
        let mut payload = Payload { visible: true, ..Payload::over(sink, Ending::Newline) };
        push(&mut payload, b"a\x1b[2J\n\xe2\x80\xae", true);
        push(&mut payload, b"\x00\x1b", false);
        let shown = String::from_utf8(kept.lock().unwrap().clone()).unwrap();
        assert!(shown.starts_with("a\\x1b[2J\n\\u{202e}\n0000  00 1b "), "{shown}");
    }

    #[test]
    fn only_a_text_message_has_an_ending() {
        let table: [(Ending, &[u8]); 3] = [
            (Ending::Newline, b"a\n\xff\n\nb\n\n"),
            (Ending::Nul, b"a\0\xff\n\0b\n\0"),
            (Ending::Nothing, b"a\xff\nb\n"),
        ];
        for (ending, wanted) in table {
            let (sink, kept) = Sink::memory();
            let mut payload = Payload::over(sink, ending);
            push(&mut payload, b"a", true);
            push(&mut payload, b"\xff\n", false);
            push(&mut payload, b"", true);
            push(&mut payload, b"b\n", true);
            push(&mut payload, b"", false);
            payload.flush();
            assert_eq!(kept.lock().unwrap().as_slice(), wanted, "{ending:?}");
        }
    }

    #[test]
    fn small_messages_are_gathered_until_the_flush() {
        let (sink, kept) = Sink::memory();
        let mut payload = Payload::over(sink, Ending::Newline);
        push(&mut payload, b"one", true);
        push(&mut payload, b"two", true);
        assert!(kept.lock().unwrap().is_empty());
        payload.flush();
        payload.flush();
        assert_eq!(kept.lock().unwrap().as_slice(), b"one\ntwo\n");
    }

    #[test]
    fn order_and_bytes_are_kept_around_a_full_batch() {
        for size in [1, BATCH - 5, BATCH - 4, BATCH - 3, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH] {
            let (sink, kept) = Sink::memory();
            let mut payload = Payload::over(sink, Ending::Nul);
            let large = vec![b'x'; size];
            let mut wanted = Vec::new();
            let large = large.as_slice();
            let messages = [b"one".as_slice(), large, b"two".as_slice(), large, large, b"three".as_slice()];
            for message in messages {
                push(&mut payload, message, true);
                wanted.extend_from_slice(message);
                wanted.push(0);
                let left = wanted.len() - kept.lock().unwrap().len();
                assert!(left <= BATCH + 1, "{size}: {left} bytes wait for a flush");
            }
            wait(payload.finish());
            assert!(*kept.lock().unwrap() == wanted, "size {size}");
        }
    }

    #[test]
    fn a_reader_that_stands_still_fills_it_and_its_reading_wakes() {
        let (mut payload, let_go, kept) = gated();
        let waker = Arc::new(Notify::new());
        payload.on_drain(Arc::clone(&waker));
        let message = [b'x'; 1000];
        let mut pushed = 0;
        while !payload.is_full() && pushed < 2 * BOUND {
            push(&mut payload, &message, true);
            pushed += message.len();
        }
        assert!((BOUND..=BOUND + 2 * BATCH).contains(&pushed), "full after {pushed} bytes");
        assert!(payload.is_full(), "nothing was read yet");
        for _ in 0..1000 {
            let_go.send(()).unwrap();
        }
        wait(waker.notified());
        assert!(!payload.is_full());
        wait(payload.finish());
        assert_eq!(kept.lock().unwrap().len(), pushed);
    }

    #[test]
    fn a_reader_that_went_away_wakes_and_is_no_failure() {
        let (mut payload, let_go, _kept) = gated();
        let waker = Arc::new(Notify::new());
        payload.on_drain(Arc::clone(&waker));
        drop(let_go);
        push(&mut payload, b"lost", true);
        payload.flush();
        wait(waker.notified());
        assert!(payload.is_gone() && !payload.has_failed());
        push(&mut payload, &b"x".repeat(2 * BOUND), false);
        assert!(!payload.is_full(), "nothing is kept for nobody");
        wait(payload.finish());
    }

    #[test]
    fn what_cannot_be_written_is_a_failure() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut payload = Payload::over(Sink::over("full", Box::new(Full)), Ending::Newline);
        assert!(!payload.is_gone());
        push(&mut payload, b"lost", true);
        wait(payload.finish());
        assert!(payload.is_gone() && payload.has_failed());
    }
}
