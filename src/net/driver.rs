//! The loop of one connection: link and life. It drains, waits for one thing (IO, somebody's wish, a deadline), reads the
//! clock once, hands it on once. Expiry is judged by the clock, not by a timer having fired. Owns no rule: the machines of
//! `watch` decide, a [`Control`] sees every event and says what is wanted.

use std::future::poll_fn;
use std::task::Poll;

use tokio_tungstenite::tungstenite::Message;

use crate::event::{ClockStepped, ConnId, Ended, EventKind, Holder, Side};
use crate::moment::{Moment, Span};
use crate::net::clock::{self, Clock};
use crate::net::control::{Control, Wish};
use crate::net::link::{Io, Link, Socket};
use crate::net::timer::{LATE, TICK, Timer, wake_at};
use crate::watch::life::{Action, End, Input, Life, Mark, Outgoing, Output, close_event};
use crate::watch::liveness::Cut;
use crate::wire::close::CloseBody;

/// How [`drive`] came to its end, and how the link is to be closed.
#[derive(Debug)]
pub struct Ending {
    pub at: Moment,
    pub end: End,
    pub parting: Parting,
}

/// How a link is closed.
#[derive(Debug, PartialEq)]
pub enum Parting {
    /// With this Close, if it can be written at once.
    Say(CloseBody),
    /// TLS and TCP are ended in order.
    Quiet,
    Reset,
    /// TCP is ended, TLS is not.
    Truncate,
}

/// A deadline is judged so late at the latest, however much there is to read.
const GRACE: Span = Span::from_millis(100);

/// Closes the link, and tells of the Close frame that still went out.
pub async fn part<S: Socket, C: Control>(
    link: Link<S>,
    parting: Parting,
    conn: ConnId,
    ended: Option<&Ended>,
    clock: Clock,
    control: &mut C,
) {
    let farewell = match parting {
        Parting::Reset => return link.reset(),
        Parting::Truncate => return link.truncate(),
        Parting::Quiet => None,
        Parting::Say(body) => Some(Outgoing::Close(body)),
    };
    let first = ended.is_none_or(|ended| ended.by == Side::Us || !ended.announced);
    for note in link.close(farewell).await {
        if let Some(kind) = close_event(&note, first) {
            control.on(clock.now(), conn, kind);
        }
    }
}

/// Drives one connection until something ends it.
pub async fn drive<S: Socket, C: Control>(
    link: &mut Link<S>,
    life: &mut Life,
    conn: ConnId,
    clock: Clock,
    control: &mut C,
) -> Ending {
    let mut timer = Timer::new(clock);
    let mut asleep = clock.asleep();
    let mut wall = clock::wall_offset_millis();
    let mut read_since = false;
    let mut asked = clock.now();
    loop {
        let now = clock.now();
        if link.want(control.wanted()) {
            life.want_frames(control.wanted().frames);
        }
        if let Some(ending) = settle(now, link, life, conn, control) {
            return ending;
        }
        let deadline = [life.deadline(), link.deadline()].into_iter().flatten().min();
        let wake = wake_at(now, control.deadline(), deadline);
        let due = [control.deadline(), deadline].into_iter().flatten().min();
        // What has arrived is read before a deadline is judged, but not for ever; then each has its turn.
        let overdue = due.is_some_and(|due| due.after(GRACE) <= now);
        let woke = if overdue && !link.has_more() && std::mem::replace(&mut read_since, false) {
            Woke::Timer
        } else {
            read_since = true;
            // A peer that sends without a pause must not keep a wish, such as a signal, from being heard.
            let wishes_first = now.since(asked) >= GRACE;
            if wishes_first {
                asked = now;
                tokio::task::yield_now().await;
            }
            wait_for_one(link, control, &mut timer, wake, (wishes_first, &mut asked), clock).await
        };
        let now = clock.now();
        if let Woke::Held(since) = woke {
            life.handle(now, Input::Held { by: Holder::Output, span: now.since(since) });
            control.held(now.since(since));
        } else if now.since(wake) > LATE {
            life.handle(now, Input::Held { by: Holder::Stopped, span: now.since(wake) });
            control.held(now.since(wake));
        }
        match woke {
            Woke::Io(Io::End(cut)) => {
                drain(now, link, life, conn, control);
                return Ending { at: now, end: link.account(now, cut), parting: parting_of(cut, life) };
            }
            Woke::Io(io) => {
                let is_message = matches!(io, Io::Message(_));
                take(now, io, life, conn, control);
                // The clock, the wishes and the timers are asked once for the messages of one pass.
                while is_message
                    && !control.is_holding()
                    && let Some(message) = link.next_message()
                {
                    take(now, Io::Message(message), life, conn, control);
                }
            }
            Woke::Timer => {
                tell_sleep(now, &mut asleep, clock, life);
                if let Some(step) = step_since(&mut wall) {
                    control.on(now, conn, EventKind::ClockStepped(ClockStepped { by_ms: step }));
                }
                if link.is_abandoned() {
                    let end = link.account(now, Cut::Eof);
                    return Ending { at: now, end, parting: Parting::Quiet };
                }
                life.handle(now, Input::Tick);
            }
            Woke::Wish | Woke::Held(_) => {}
        }
    }
}

enum Woke {
    Io(Io),
    Wish,
    Timer,
    /// Reading stood still since this moment.
    Held(Moment),
}

async fn wait_for_one<S: Socket, C: Control>(
    link: &mut Link<S>,
    control: &mut C,
    timer: &mut Timer,
    wake: Moment,
    (wishes_first, asked): (bool, &mut Moment),
    clock: Clock,
) -> Woke {
    if control.is_holding() {
        let since = clock.now();
        let until = control.deadline();
        poll_fn(|cx| match control.poll_wake(cx) {
            // A time limit runs on, whoever does not take the events.
            Poll::Pending if control.is_holding() => match until {
                Some(until) => timer.poll(cx, until),
                None => Poll::Pending,
            },
            _ => Poll::Ready(()),
        })
        .await;
        return Woke::Held(since);
    }
    let mut stood_still = false;
    let woke = poll_fn(|cx| {
        if wishes_first && control.poll_wake(cx).is_ready() {
            return Poll::Ready(Woke::Wish);
        }
        if let Poll::Ready(io) = link.poll_io(cx) {
            return Poll::Ready(Woke::Io(io));
        }
        if control.poll_wake(cx).is_ready() {
            return Poll::Ready(Woke::Wish);
        }
        let woke = timer.poll(cx, wake).map(|()| Woke::Timer);
        stood_still |= woke.is_pending();
        woke
    })
    .await;
    // Others had their turn, and everybody was asked.
    if stood_still {
        *asked = clock.now();
    }
    woke
}

/// Drains the life and the wishes until both are empty.
fn settle<S: Socket, C: Control>(
    now: Moment,
    link: &mut Link<S>,
    life: &mut Life,
    conn: ConnId,
    control: &mut C,
) -> Option<Ending> {
    loop {
        if let Some(cut) = drain(now, link, life, conn, control) {
            let cut = match cut {
                Cut::Silent { .. } => Cut::Silent { delivered: link.delivered() },
                other => other,
            };
            return Some(Ending { at: now, end: link.account(now, cut), parting: parting_of(cut, life) });
        }
        let local = |why| Some(Cut::Local(why));
        let (cut, parting) = match control.wish(now, &link.progress())? {
            Wish::Life(command) => {
                life.handle(now, Input::Command(command));
                continue;
            }
            Wish::Send(message) => {
                send_back(link, life, message);
                continue;
            }
            Wish::Lines(lines) => {
                link.send_lines(lines);
                continue;
            }
            Wish::Look => {
                control.look(now, link.look(life.opened()));
                continue;
            }
            Wish::Inject(injected) => {
                link.inject(injected);
                continue;
            }
            Wish::Freeze => {
                link.freeze();
                continue;
            }
            Wish::Fin => (local("FIN, as asked"), Parting::Quiet),
            Wish::Reset => (local("RST, as asked"), Parting::Reset),
            Wish::Truncate => (local("end of TCP without the end of TLS, as asked"), Parting::Truncate),
        };
        let end = link.account(now, cut?);
        return Some(Ending { at: now, end, parting });
    }
}

fn send_back<S: Socket>(link: &mut Link<S>, life: &Life, message: Message) {
    // A Close that came behind the message does not take its answer away.
    if life.has_said_close() {
        return;
    }
    match message {
        Message::Text(text) => link.send_bytes(text.into(), true, Mark::Message),
        Message::Binary(bytes) => link.send_bytes(bytes, false, Mark::Message),
        _ => {}
    }
}

/// Hands the life's outputs on; the end that it has decided, if it has.
fn drain<S: Socket, C: Control>(
    now: Moment,
    link: &mut Link<S>,
    life: &mut Life,
    conn: ConnId,
    control: &mut C,
) -> Option<Cut> {
    while let Some(output) = life.poll() {
        match output {
            Output::Emit(kind) => control.on(now, conn, kind),
            Output::Do(Action::Send(outgoing, mark)) => link.send(outgoing, mark),
            Output::Do(Action::Finish(cut)) => return Some(cut),
        }
    }
    None
}

fn take<C: Control>(now: Moment, io: Io, life: &mut Life, conn: ConnId, control: &mut C) {
    match io {
        Io::Frame(note) => {
            if note.header.opcode.is_control() {
                control.control_frame(&note);
            }
            life.handle(now, Input::Frame(&note));
        }
        Io::Bytes(total) => life.handle(now, Input::Bytes { total }),
        Io::Written(mark) => life.handle(now, Input::Written(mark)),
        Io::Message(message) => {
            let (text, bytes) = parts(&message);
            life.handle(now, Input::Message { text, bytes });
            control.message(now, conn, &message);
        }
        // `drive` has taken it.
        Io::End(_) => {}
    }
}

/// A message's text, if it is one, and its bytes.
pub fn parts(message: &Message) -> (Option<&str>, &[u8]) {
    match message {
        Message::Text(text) => (Some(text.as_str()), text.as_bytes()),
        Message::Binary(bytes) => (None, bytes),
        _ => (None, &[]),
    }
}

fn parting_of(cut: Cut, life: &Life) -> Parting {
    let say = |code: u16, reason: &str| Parting::Say(CloseBody { code: Some(code), reason: reason.into() });
    match cut {
        Cut::Silent { .. } => say(1011, "heartbeat unanswered"),
        Cut::Breach(breach) => say(breach.answer_code(), ""),
        Cut::Local(_) if !life.has_said_close() => say(1001, ""),
        _ => Parting::Quiet,
    }
}

/// By how much the wall clock was set since the last look.
fn step_since(wall: &mut Option<i64>) -> Option<i64> {
    let after = clock::wall_offset_millis()?;
    let before = wall.replace(after)?;
    clock::step_of(before, after)
}

fn tell_sleep(now: Moment, asleep: &mut Option<Span>, clock: Clock, life: &mut Life) {
    let (Some(before), Some(after)) = (*asleep, clock.asleep()) else { return };
    let slept = Span::from_nanos(after.nanos().saturating_sub(before.nanos()));
    if slept >= TICK {
        *asleep = Some(after);
        life.handle(now, Input::Held { by: Holder::Suspended, span: slept });
    }
}
