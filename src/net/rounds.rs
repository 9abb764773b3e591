//! A run's rounds: dial, live, wait, dial again, as the session says. Owns that order; one connection's loop is `driver`'s,
//! whether there is another round is `watch::session`'s.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use crate::event::{ConnId, EventKind};
use crate::moment::Moment;
use crate::net::clock::Clock;
use crate::net::control::{Control, DialEnd, Dialer, Dialled, Log, Progress, Wish};
use crate::net::driver::{Ending, drive, part};
use crate::net::timer::{Timer, wake_at};
use crate::watch::life::Command;
use crate::watch::session::{Session, Step};

/// Drives a session until it is done or somebody wants it stopped. `conn` is the last connection of the run so far, and
/// counts on.
pub async fn run<D: Dialer, C: Control>(
    session: &mut Session,
    dialer: &mut D,
    conn: &mut ConnId,
    clock: Clock,
    control: &mut C,
) {
    loop {
        let now = clock.now();
        match session.step(now) {
            Step::Done | Step::Live => return,
            Step::Wait(due) => {
                if wait(due, clock, control).await.is_err() {
                    return session.stop(clock.now());
                }
            }
            Step::Dial { attempt } => {
                // A dial that fails at once, again and again, must not outrun a wish to stop.
                if attempt > 0 && is_stopped(now, control) {
                    return session.stop(now);
                }
                conn.0 += 1;
                let conn = *conn;
                let Some(dialled) = dial(dialer, attempt, conn, clock, control).await else {
                    return session.stop(clock.now());
                };
                match dialled {
                    Ok(dialled) => live(session, dialer, dialled, conn, clock, control).await,
                    Err(DialEnd { failed, retry_after }) => {
                        session.failed(clock.now(), failed, retry_after, dialer.dice());
                        tell_session(session, conn, clock.now(), control);
                    }
                }
            }
        }
    }
}

async fn live<D: Dialer, C: Control>(
    session: &mut Session,
    dialer: &mut D,
    dialled: Dialled<D::Io>,
    conn: ConnId,
    clock: Clock,
    control: &mut C,
) {
    let Dialled { mut link, mut opened } = dialled;
    let now = clock.now();
    opened.down = session.opened(now, dialer.life(now));
    let (subprotocol, url) = (opened.subprotocol.clone(), opened.url.clone());
    control.on(now, conn, EventKind::Open(opened));
    link.keep_account(control.ledger());
    if !control.answers_messages() {
        link.read_many();
    }
    let Some(life) = session.life() else { return };
    life.learn_wall_clock(clock.wall_start_unix_ms());
    life.learn_open(subprotocol.as_deref(), &url);
    let Ending { at, end, parting } = drive(&mut link, life, conn, clock, control).await;
    let unsent = link.take_unsent();
    let ended = session.end(at, end, dialer.dice());
    control.unsent(unsent);
    // The end is told at its moment, then the socket is closed, and that close alone leads to what the session says next.
    if let Some(kind) = session.poll() {
        control.on(at, conn, kind);
    }
    part(link, parting, conn, ended.as_ref(), clock, control).await;
    tell_session(session, conn, at, control);
}

fn tell_session<C: Control>(session: &mut Session, conn: ConnId, at: Moment, control: &mut C) {
    while let Some(kind) = session.poll() {
        control.on(at, conn, kind);
    }
}

async fn dial<D: Dialer, C: Control>(
    dialer: &mut D,
    attempt: u32,
    conn: ConnId,
    clock: Clock,
    control: &mut C,
) -> Option<Result<Dialled<D::Io>, DialEnd>> {
    let log = Log::default();
    let mut dialling = pin!(dialer.dial(attempt, log.clone()));
    let mut timer = Timer::new(clock);
    loop {
        let wake = wake_at(clock.now(), control.deadline(), None);
        let woke = poll_fn(|cx| {
            let polled = dialling.as_mut().poll(cx);
            while let Some((at, kind)) = log.take() {
                control.on(at, conn, kind);
            }
            match polled {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending if control.poll_wake(cx).is_ready() => Poll::Ready(None),
                Poll::Pending => timer.poll(cx, wake).map(|()| None),
            }
        });
        if let Some(done) = woke.await {
            return Some(done);
        }
        if is_stopped(clock.now(), control) {
            return None;
        }
    }
}

/// Waits until `due`; an error when somebody wants the run stopped.
async fn wait<C: Control>(due: Moment, clock: Clock, control: &mut C) -> Result<(), ()> {
    let mut timer = Timer::new(clock);
    loop {
        if is_stopped(clock.now(), control) {
            return Err(());
        }
        if due <= clock.now() {
            return Ok(());
        }
        let wake = wake_at(clock.now(), control.deadline(), Some(due));
        poll_fn(|cx| match control.poll_wake(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => timer.poll(cx, wake),
        })
        .await;
    }
}

/// Without a connection only a wish to stop has a meaning.
fn is_stopped<C: Control>(now: Moment, control: &mut C) -> bool {
    while let Some(wish) = control.wish(now, &Progress::default()) {
        if matches!(wish, Wish::Life(Command::Stop(_) | Command::Close(_))) {
            return true;
        }
    }
    false
}
