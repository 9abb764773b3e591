//! Reading ahead for a busy connection: a large buffer takes what the socket has in one call, and what the reader above has no
//! room for waits there. Owns those bytes; an idle connection has none, so that ten thousand of them stay small.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};

/// So much is read at once.
pub const AHEAD: usize = 128 * 1024;
/// So many buffers are kept for the next busy connections of the thread.
const SPARE_MAX: usize = 8;

thread_local! {
    /// Buffers of [`AHEAD`] bytes that nobody uses just now: made once, zeroed once.
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Bytes that were read and not yet taken.
#[derive(Debug, Default)]
pub struct Spill {
    /// [`AHEAD`] bytes while the connection is busy, none otherwise.
    bytes: Vec<u8>,
    from: usize,
    to: usize,
    /// The last read filled all the room that it had: there is probably more.
    is_busy: bool,
}

impl Spill {
    /// Does nothing wait?
    pub fn is_empty(&self) -> bool {
        self.from == self.to
    }

    /// Gives what fits of what waits.
    pub fn take(&mut self, buf: &mut ReadBuf<'_>) {
        let count = (self.to - self.from).min(buf.remaining());
        buf.put_slice(&self.bytes[self.from..self.from + count]);
        self.from += count;
        if self.is_empty() && !self.is_busy {
            self.give_back();
        }
    }

    /// Reads once from `io` into `buf`, and on a busy connection ahead of it. Nothing may wait. `seen` is shown all the
    /// bytes that came, at once; without any it is not called.
    pub fn read<S: AsyncRead + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        seen: impl FnOnce(&[u8]),
    ) -> Poll<io::Result<()>> {
        if !self.is_busy || buf.remaining() >= AHEAD {
            let before = buf.filled().len();
            let polled = Pin::new(io).poll_read(cx, buf);
            self.is_busy = polled.is_ready() && buf.remaining() == 0;
            let fresh = &buf.filled()[before..];
            if !fresh.is_empty() {
                seen(fresh);
            }
            return polled;
        }
        if self.bytes.is_empty() {
            self.bytes = SPARE.with_borrow_mut(Vec::pop).unwrap_or_else(|| vec![0; AHEAD]);
        }
        let mut ahead = ReadBuf::new(&mut self.bytes);
        let polled = Pin::new(io).poll_read(cx, &mut ahead);
        let fresh = ahead.filled();
        (self.from, self.to) = (0, fresh.len());
        if fresh.is_empty() {
            self.give_back();
            return polled;
        }
        seen(fresh);
        self.is_busy = fresh.len() > buf.remaining();
        self.take(buf);
        polled
    }

    fn give_back(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        (self.from, self.to, self.is_busy) = (0, 0, false);
        if !bytes.is_empty() {
            SPARE.with_borrow_mut(|spare| spare.extend((spare.len() < SPARE_MAX).then_some(bytes)));
        }
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// Reads all of `sent` through buffers of `size` bytes; what was read, and what was seen.
    async fn through(sent: Vec<u8>, size: usize) -> (Vec<u8>, Vec<u8>, Spill) {
        let (mut ours, mut theirs) = tokio::io::duplex(1 << 20);
        theirs.write_all(&sent).await.unwrap();
        drop(theirs);
        let (mut spill, mut read, mut seen) = (Spill::default(), Vec::new(), Vec::new());
        loop {
            let mut memory = vec![0; size];
            let mut buf = ReadBuf::new(&mut memory);
            if spill.is_empty() {
                std::future::poll_fn(|cx| spill.read(&mut ours, cx, &mut buf, |bytes| seen.extend_from_slice(bytes)))
                    .await
                    .unwrap();
            } else {
                spill.take(&mut buf);
            }
            if buf.filled().is_empty() {
                return (read, seen, spill);
            }
            read.extend_from_slice(buf.filled());
        }
    }

    #[tokio::test]
    async fn every_byte_is_read_in_order_and_seen_once() {
        for (count, size) in [(10, 64), (64, 64), (300_000, 4096), (1000, 1), (200_000, 100_000)] {
            let sent: Vec<u8> = (0..count).map(|index: u32| (index % 251) as u8).collect();
            let (read, seen, spill) = through(sent.clone(), size).await;
            assert!(read == sent && seen == sent, "{count} bytes by {size}");
            assert_eq!((spill.is_empty(), spill.bytes.capacity()), (true, 0), "nothing is kept");
        }
    }
}
