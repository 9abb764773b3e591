//! A stream that changes what goes out: the place of deliberate faults, between tap and message engine. Owns the buffer of
//! changed and injected bytes and the wait of those that are held back; without any of it it only forwards.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::fault::socket::pace::Pace;
use crate::net::clock::Clock;
use crate::net::timer::Timer;
use crate::wire::rewrite::Rewrite;

/// A stream with at most one rewriter for its outgoing bytes, and at most one thing that holds them back.
pub struct Filter<S> {
    io: S,
    clock: Clock,
    rewrite: Option<Box<dyn Rewrite>>,
    pace: Option<Box<Paced>>,
    /// Bytes on their way out.
    ready: Vec<u8>,
}

/// Bytes that are held back, and the clock that lets them go.
struct Paced {
    pace: Pace,
    timer: Timer,
    /// The piece that is leaving: one write of its own.
    piece: Vec<u8>,
}

/// Beyond this nothing more is taken from above until it has left.
const READY_MAX: usize = 256 * 1024;

impl<S> Filter<S> {
    /// Forwards, or changes what goes out by `rewrite`, or holds it back by `pace`.
    pub fn new(io: S, rewrite: Option<Box<dyn Rewrite>>, pace: Option<Pace>, clock: Clock) -> Filter<S> {
        let pace = pace.map(|pace| Box::new(Paced { pace, timer: Timer::new(clock), piece: Vec::new() }));
        Filter { io, clock, rewrite, pace, ready: Vec::new() }
    }

    /// Puts bytes of our own behind what has gone out. The caller has flushed, so that they stand between two frames.
    pub fn inject(&mut self, bytes: &[u8]) {
        self.ready.extend_from_slice(bytes);
    }

    /// Are bytes held back, so that the end must wait for them?
    pub fn is_paced(&self) -> bool {
        self.pace.is_some()
    }

    /// The stream below.
    pub fn below(&self) -> &S {
        &self.io
    }

    /// The stream below.
    pub fn below_mut(&mut self) -> &mut S {
        &mut self.io
    }
}

impl<S: fmt::Debug> fmt::Debug for Filter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("io", &self.io).field("rewrites", &self.rewrite.is_some()).finish()
    }
}

impl<S: AsyncWrite + Unpin> Filter<S> {
    fn drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(paced) = &mut self.pace else { return write_out(&mut self.io, &mut self.ready, cx) };
        if !self.ready.is_empty() {
            paced.pace.push(self.clock.now(), &self.ready);
            self.ready.clear();
        }
        loop {
            std::task::ready!(write_out(&mut self.io, &mut paced.piece, cx))?;
            if let Some(piece) = paced.pace.take(self.clock.now()) {
                paced.piece = piece;
                continue;
            }
            let Some(due) = paced.pace.wake_at() else { return Poll::Ready(Ok(())) };
            std::task::ready!(paced.timer.poll(cx, due));
        }
    }

    /// Bytes that have not left.
    fn waiting(&self) -> usize {
        self.ready.len() + self.pace.as_ref().map_or(0, |paced| paced.pace.waiting() + paced.piece.len())
    }
}

fn write_out<S: AsyncWrite + Unpin>(io: &mut S, bytes: &mut Vec<u8>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    while !bytes.is_empty() {
        let written = std::task::ready!(Pin::new(&mut *io).poll_write(cx, bytes))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        bytes.drain(..written);
    }
    Poll::Ready(Ok(()))
}

impl<S: AsyncRead + Unpin> AsyncRead for Filter<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Filter<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let filter = &mut *self;
        let is_plain = filter.rewrite.is_none() && filter.pace.is_none();
        if filter.waiting() >= READY_MAX || (is_plain && !filter.ready.is_empty()) {
            std::task::ready!(filter.drain(cx))?;
        }
        match &mut filter.rewrite {
            Some(rewrite) => rewrite.push(filter.clock.now(), buf, &mut filter.ready),
            None if is_plain => return Pin::new(&mut filter.io).poll_write(cx, buf),
            None => filter.ready.extend_from_slice(buf),
        }
        match filter.drain(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(buf.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.drain(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.drain(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
