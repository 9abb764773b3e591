//! The writing side of a link: what waits goes to the message engine, from there to the socket, and a fault's bytes between
//! two frames. Owns when a flush is due; reading is the parent's.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Sink;
use tokio::io::AsyncWrite;
use tokio_tungstenite::tungstenite::Error;

use super::{Io, Link, Reading, Socket};
use crate::moment::Span;
use crate::net::control::Injected;
use crate::net::cut::classify_error;
use crate::net::outbox::Piece;
use crate::watch::life::Mark;

/// So many replies are flushed at the latest, however much there is to read.
const UNFLUSHED_MAX: usize = 1024;
/// After a write error, a Close frame with the reason may still be there to read.
const DRAIN_AFTER_WRITE_ERROR: Span = Span::from_millis(1000);

impl<S: Socket> Link<S> {
    /// Is somebody waiting for what the engine holds back?
    pub(super) fn is_urgent(&self) -> bool {
        let is_injecting = self.injecting || !self.injected.is_empty();
        is_injecting || !self.unflushed.is_empty() || self.unflushed_messages >= UNFLUSHED_MAX
    }

    /// Hands what waits to the engine; with `flush` on to the socket.
    pub(super) fn write(&mut self, cx: &mut Context<'_>, flush: bool) {
        if self.write_cut.is_some() {
            return;
        }
        let written = match self.feed(cx) {
            Ok(true) if flush || self.is_urgent() => self.flush(cx),
            fed => fed.map(|_| ()),
        };
        if let Err(error) = written {
            self.write_failed(&error);
        }
    }

    /// True when all is with the engine.
    fn feed(&mut self, cx: &mut Context<'_>) -> Result<bool, Error> {
        if self.said_close || self.heard_close {
            // Behind a Close nothing goes out any more (5.5.1).
            self.outbox.shut();
        }
        while !self.outbox.is_empty() {
            match Pin::new(&mut self.engine).poll_ready(cx) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return Ok(false),
            }
            let Some(Piece { message, mark, line, is_last }) = self.outbox.take() else { return Ok(true) };
            self.dirty = true;
            self.said_close = message.is_close();
            // Whether or not the engine takes it: what may have left is not sent again.
            self.given(line, is_last);
            match Pin::new(&mut self.engine).start_send(message) {
                Ok(()) => {}
                Err(Error::Protocol(_) | Error::ConnectionClosed | Error::AlreadyClosed) => self.said_close = true,
                Err(error) => return Err(error),
            }
            match mark {
                Some(Mark::Message) => self.unflushed_messages += 1,
                other => self.unflushed.extend(other),
            }
            if self.said_close {
                self.outbox.shut();
            }
        }
        Ok(true)
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        if !self.dirty {
            return self.write_injected(cx);
        }
        match Pin::new(&mut self.engine).poll_flush(cx) {
            Poll::Ready(
                flushed @ (Ok(()) | Err(Error::Protocol(_) | Error::ConnectionClosed | Error::AlreadyClosed)),
            ) => {
                self.dirty = false;
                if flushed.is_ok() {
                    self.account_for_flush();
                }
                self.take_notes();
                self.ready.extend(self.unflushed.drain(..).map(Io::Written));
                // However many messages left, one word is enough: there is room for more.
                if std::mem::take(&mut self.unflushed_messages) > 0 {
                    self.ready.push_back(Io::Written(Mark::Message));
                }
                self.write_injected(cx)
            }
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Ok(()),
        }
    }

    /// The engine's frames are out: a boundary.
    fn write_injected(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        while let Some(Injected { bytes, opaque }) = self.injected.pop_front() {
            if opaque {
                self.engine.get_mut().below_mut().pass_unread(bytes.len());
            }
            self.engine.get_mut().inject(&bytes);
            self.injecting = true;
        }
        if self.injecting
            && let Poll::Ready(flushed) = Pin::new(self.engine.get_mut()).poll_flush(cx)
        {
            flushed?;
            self.injecting = false;
            self.take_notes();
        }
        Ok(())
    }

    pub(super) fn write_failed(&mut self, error: &Error) {
        let cut = match (self.tap().write_error(), error) {
            (Some(error), _) => classify_error(error),
            (None, Error::Io(error)) => classify_error(error),
            _ => return,
        };
        self.write_cut.get_or_insert(cut);
        self.reading = Reading::Raw { until: Some(self.clock.now().after(DRAIN_AFTER_WRITE_ERROR)) };
    }
}
