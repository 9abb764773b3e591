//! A stream that changes what goes out: the place of deliberate faults, between tap and message engine. Owns the buffer of
//! changed and injected bytes; without either it only forwards.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::net::clock::Clock;
use crate::wire::rewrite::Rewrite;

/// A stream with at most one rewriter for its outgoing bytes.
pub struct Filter<S> {
    io: S,
    clock: Clock,
    rewrite: Option<Box<dyn Rewrite>>,
    /// Bytes on their way out.
    ready: Vec<u8>,
}

/// Beyond this nothing more is taken from above until it has left.
const READY_MAX: usize = 256 * 1024;

impl<S> Filter<S> {
    /// Forwards, or changes what goes out by `rewrite`.
    pub fn new(io: S, rewrite: Option<Box<dyn Rewrite>>, clock: Clock) -> Filter<S> {
        Filter { io, clock, rewrite, ready: Vec::new() }
    }

    /// Puts bytes of our own behind what has gone out. The caller has flushed, so that they stand between two frames.
    pub fn inject(&mut self, bytes: &[u8]) {
        self.ready.extend_from_slice(bytes);
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
        while !self.ready.is_empty() {
            let written = std::task::ready!(Pin::new(&mut self.io).poll_write(cx, &self.ready))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.ready.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Filter<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Filter<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let filter = &mut *self;
        if filter.ready.len() >= READY_MAX || (filter.rewrite.is_none() && !filter.ready.is_empty()) {
            std::task::ready!(filter.drain(cx))?;
        }
        let Some(rewrite) = &mut filter.rewrite else { return Pin::new(&mut filter.io).poll_write(cx, buf) };
        rewrite.push(filter.clock.now(), buf, &mut filter.ready);
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
