//! SIGINT, SIGTERM and SIGHUP (as SIGTERM) as something to poll. Owns the registration; what follows is the command's.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::unconstrained;

use crate::event::Exit;

/// The signals that end a run.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// Takes them over from the system's default.
    ///
    /// # Errors
    /// The system's, when no handler can be set.
    pub fn listen() -> io::Result<Signals> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The exit that the next signal asks for. A peer that sends without a pause uses up what the runtime gives one turn,
    /// and a signal must not wait for the peer to stop.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Exit> {
        pin!(unconstrained(poll_fn(|cx| self.poll_each(cx)))).poll(cx)
    }

    fn poll_each(&mut self, cx: &mut Context<'_>) -> Poll<Exit> {
        if self.interrupt.poll_recv(cx).is_ready() {
            return Poll::Ready(Exit::Interrupted);
        }
        if self.terminate.poll_recv(cx).is_ready() || self.hangup.poll_recv(cx).is_ready() {
            return Poll::Ready(Exit::Terminated);
        }
        Poll::Pending
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Exit {
        poll_fn(|cx| self.poll(cx)).await
    }
}
