//! How a run begins and ends, whatever it does meanwhile: its first and its last event, and the waiting for whoever reads
//! them. Owns those; what is judged is the command's.

use std::cell::RefCell;

use crate::cmd::screen::Readers;
use crate::cmd::signals::Signals;
use crate::event::{ConnId, EventKind, Exit, RunEnded, RunStarted};
use crate::moment::{Moment, Span};
use crate::net::clock::{self, Clock};
use crate::report::Fan;

/// A reader that stands still is waited for until `--timeout`, and at least so long.
const READERS_WAIT: Span = Span::from_secs(5);

/// Tells that the run begins. `command` is the masked command line.
pub fn begin(fan: &RefCell<Fan>, command: &str, clock: Clock) {
    let version = env!("CARGO_PKG_VERSION").to_string();
    let started = RunStarted { version, command: command.to_string(), wall: clock::wall_rfc3339() };
    fan.borrow_mut().emit(clock.now(), ConnId::default(), EventKind::RunStarted(started));
}

/// Tells that it is over, and waits for the readers: until `limit`, if there is one, and not longer than somebody who
/// sends a signal.
pub async fn end(readers: Readers, exit: Exit, limit: Option<Span>, signals: &mut Signals, clock: Clock) -> Exit {
    let took = clock.now().since(Moment::START);
    let verdict = exit.word().to_ascii_lowercase();
    let ended = EventKind::RunEnded(RunEnded { verdict, exit, took });
    readers.fan.borrow_mut().emit(clock.now(), ConnId::default(), ended);
    let patience = limit.map(|limit| Moment::START.after(limit.max(took.plus(READERS_WAIT))));
    tokio::select! {
        written = readers.finish() => if exit == Exit::Healthy && !written { Exit::Failed } else { exit },
        () = reach(patience, clock) => exit,
        // Somebody is tired of waiting for a reader that does not read.
        second = signals.next() => second,
    }
}

/// Waits until that moment; for ever without one.
pub async fn reach(moment: Option<Moment>, clock: Clock) {
    match moment {
        Some(moment) => tokio::time::sleep_until(clock.instant(moment)).await,
        None => std::future::pending().await,
    }
}
