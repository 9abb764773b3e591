//! Stdin, read on a thread of its own and in large blocks. Owns that thread and the way across, which takes a few
//! blocks and then holds stdin back, so that a slow socket slows the program that writes to us; where a message ends is
//! `exam::input`'s.

use std::io::{self, ErrorKind, Read};
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// The most that one read takes; what is there is given on at once.
const BLOCK: usize = 256 * 1024;

/// So many blocks are read ahead.
const AHEAD: usize = 4;

/// How long an empty stdin is left alone that somebody made non-blocking.
const AGAIN: Duration = Duration::from_millis(10);

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Never empty.
    Block(Bytes),
    /// Nothing follows.
    End,
    /// It cannot be read any further, and why; nothing follows.
    Failed(String),
}

/// The reading. Its thread is never joined: a read that waits cannot be called off, and ends with the process.
pub struct Stdin {
    pieces: Receiver<Piece>,
    has_ended: bool,
}

impl Stdin {
    /// The standard input. One that is closed is at its end: std reads EBADF as that.
    pub fn start() -> Stdin {
        Stdin::over(Box::new(io::stdin()))
    }

    /// Any reader.
    pub fn over(reader: Box<dyn Read + Send>) -> Stdin {
        let (sender, pieces) = mpsc::channel(AHEAD);
        let theirs = sender.clone();
        let thread = thread::Builder::new().name("stdin".into()).spawn(move || read_all(reader, &theirs));
        if let Err(error) = thread {
            // The way across is empty yet: there is room for it.
            let _ = sender.try_send(Piece::Failed(format!("no thread for it: {error}")));
        }
        Stdin { pieces, has_ended: false }
    }

    /// The next piece; pending for ever after the last.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Piece> {
        if self.has_ended {
            return Poll::Pending;
        }
        let piece = ready!(self.pieces.poll_recv(cx)).unwrap_or_else(broken_off);
        Poll::Ready(self.given(piece))
    }

    /// The next piece if it is there already.
    pub fn take(&mut self) -> Option<Piece> {
        if self.has_ended {
            return None;
        }
        let piece = match self.pieces.try_recv() {
            Ok(piece) => piece,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => broken_off(),
        };
        Some(self.given(piece))
    }

    fn given(&mut self, piece: Piece) -> Piece {
        self.has_ended = is_last(&piece);
        piece
    }
}

fn is_last(piece: &Piece) -> bool {
    match piece {
        Piece::Block(_) => false,
        Piece::End | Piece::Failed(_) => true,
    }
}

/// The thread is gone without a last piece: what it did not read must not pass for an end.
fn broken_off() -> Piece {
    Piece::Failed("its reading broke off".into())
}

/// The thread: reads until the end, a failure, or until nobody wants the next block.
fn read_all(mut reader: Box<dyn Read + Send>, sender: &Sender<Piece>) {
    let mut buffer = vec![0; BLOCK];
    loop {
        let piece = read_piece(reader.as_mut(), &mut buffer);
        let is_last = is_last(&piece);
        if sender.blocking_send(piece).is_err() || is_last {
            return;
        }
    }
}

fn read_piece(reader: &mut dyn Read, buffer: &mut [u8]) -> Piece {
    loop {
        match reader.read(buffer) {
            Ok(0) => return Piece::End,
            Ok(count) => return Piece::Block(Bytes::copy_from_slice(&buffer[..count])),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A program before us left the file non-blocking, which is a trait of the terminal or pipe and not of our
            // descriptor: to change it would change it for others. Nothing wakes a thread for it, so look now and then.
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::park_timeout(AGAIN),
            Err(error) => return Piece::Failed(error.to_string()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::VecDeque;
    use std::future::poll_fn;
    use std::io::Cursor;
    use std::sync::mpsc as threads;
    use std::task::Waker;

    use super::*;

    /// Gives what is written here, read by read, and then the end. `done` is let go with it.
    struct Script {
        reads: VecDeque<io::Result<&'static [u8]>>,
        _done: threads::Sender<()>,
    }

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(read) = self.reads.pop_front() else { return Ok(0) };
            let bytes = read?;
            buffer[..bytes.len()].copy_from_slice(bytes);
            Ok(bytes.len())
        }
    }

    /// Never ends, and tells of each read.
    struct Endless(threads::Sender<()>);

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.send(()).unwrap();
            buffer.fill(b'x');
            Ok(buffer.len())
        }
    }

    fn script(reads: Vec<io::Result<&'static [u8]>>) -> (Stdin, threads::Receiver<()>) {
        let (done, is_done) = threads::channel();
        let script = Script { reads: VecDeque::from(reads), _done: done };
        (Stdin::over(Box::new(script)), is_done)
    }

    fn next(stdin: &mut Stdin) -> Piece {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(poll_fn(|cx| stdin.poll(cx)))
    }

    fn all(mut stdin: Stdin) -> Vec<Piece> {
        let mut pieces = Vec::new();
        loop {
            pieces.push(next(&mut stdin));
            if pieces.last().is_some_and(is_last) {
                return pieces;
            }
        }
    }

    fn gives(bytes: &'static [u8]) -> io::Result<&'static [u8]> {
        Ok(bytes)
    }

    fn fails(kind: ErrorKind) -> io::Result<&'static [u8]> {
        Err(io::Error::from(kind))
    }

    fn block(bytes: &'static [u8]) -> Piece {
        Piece::Block(Bytes::from_static(bytes))
    }

    #[test]
    fn what_is_read_crosses_in_order_whatever_interrupts() {
        let (interrupted, again) = (ErrorKind::Interrupted, ErrorKind::WouldBlock);
        let (stdin, _) = script(vec![
            fails(interrupted),
            gives(b"a\nb"),
            fails(again),
            fails(again),
            gives(b"\n"),
            fails(interrupted),
        ]);
        assert_eq!(all(stdin), [block(b"a\nb"), block(b"\n"), Piece::End]);
    }

    #[test]
    fn a_failure_is_told_after_what_was_read() {
        let (stdin, _) = script(vec![gives(b"a"), Err(io::Error::other("no such luck")), gives(b"never")]);
        assert_eq!(all(stdin), [block(b"a"), Piece::Failed("no such luck".into())]);
    }

    #[test]
    fn nothing_comes_after_the_end() {
        let (mut stdin, _) = script(Vec::new());
        assert_eq!(next(&mut stdin), Piece::End);
        assert_eq!(stdin.poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
        assert_eq!(stdin.take(), None);
    }

    #[test]
    fn what_is_there_is_taken_without_waiting() {
        let (mut stdin, is_done) = script(vec![gives(b"a"), gives(b"b")]);
        // The thread lets go of its reader when it is through.
        assert!(is_done.recv().is_err());
        let taken: Vec<Option<Piece>> = (0..4).map(|_| stdin.take()).collect();
        assert_eq!(taken, [Some(block(b"a")), Some(block(b"b")), Some(Piece::End), None]);
    }

    #[test]
    fn a_reader_that_panics_is_no_end() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
                panic!("as the test wants it")
            }
        }
        let mut stdin = Stdin::over(Box::new(Broken));
        assert!(matches!(next(&mut stdin), Piece::Failed(_)));
    }

    #[test]
    fn large_input_comes_whole_and_in_blocks() {
        let bytes: Vec<u8> = (0..3 * BLOCK + 7).map(|index| (index % 251) as u8).collect();
        let mut read = Vec::new();
        for piece in all(Stdin::over(Box::new(Cursor::new(bytes.clone())))) {
            match piece {
                Piece::Block(block) => {
                    assert!(!block.is_empty() && block.len() <= BLOCK);
                    read.extend_from_slice(&block);
                }
                other => assert_eq!(other, Piece::End),
            }
        }
        assert!(read == bytes);
    }

    #[test]
    fn blocks_that_nobody_takes_hold_the_reading_back() {
        let (told, reads) = threads::channel();
        let stdin = Stdin::over(Box::new(Endless(told)));
        // The last of these waits for room.
        for _ in 0..=AHEAD {
            reads.recv().unwrap();
        }
        drop(stdin);
        // Nobody wants more: the thread ends, and with it the telling.
        assert_eq!(reads.iter().count(), 0);
    }
}
