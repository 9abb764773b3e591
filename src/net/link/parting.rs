//! How a link is left: with a last Close and the ends of TLS and TCP in order, with a reset, or with TLS left as it is. Owns these
//! three; which one it is, is the driver's.

use std::pin::Pin;
use std::task::Poll;

use tokio::io::AsyncWrite;

use super::{Io, Link, Socket};
use crate::net::kernel;
use crate::watch::life::{FrameNote, Mark, Outgoing};

/// So long what a fault holds back is waited for at the end.
const HELD_BACK_WAIT: std::time::Duration = std::time::Duration::from_secs(60);

impl<S: Socket> Link<S> {
    /// Says goodbye as far as it goes without waiting, ends TLS and TCP, and gives the frames back that went out last.
    pub async fn close(mut self, farewell: Option<Outgoing>) -> Vec<FrameNote> {
        if let Some(farewell) = farewell {
            self.send(farewell, Mark::Close);
        }
        // What is held back on purpose is still to leave; otherwise nobody waits.
        let waits = self.engine.get_ref().is_paced() && self.write_cut.is_none();
        let parting = std::future::poll_fn(|cx| {
            if self.write_cut.is_none() {
                self.write(cx, true);
            }
            let shut = Pin::new(self.engine.get_mut()).poll_shutdown(cx);
            if waits && shut.is_pending() { Poll::Pending } else { Poll::Ready(()) }
        });
        let _ = tokio::time::timeout(HELD_BACK_WAIT, parting).await;
        self.take_notes();
        let frame = |io| if let Io::Frame(note) = io { Some(note) } else { None };
        self.ready.into_iter().filter_map(frame).collect()
    }

    /// Drops the connection with a reset instead of a FIN.
    pub fn reset(self) {
        if let Some(descriptor) = self.tap().io().descriptor() {
            kernel::linger_zero(descriptor);
        }
    }

    /// Ends TCP and leaves TLS as it is.
    pub fn truncate(self) {
        if let Some(descriptor) = self.tap().io().descriptor() {
            kernel::end_writing(descriptor);
        }
    }
}
