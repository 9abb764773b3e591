//! One connection from its open to its end: heartbeat, closing handshake and announcements together. Owns the order in
//! which they act: the first thing that decides, decides, and [`Life::end`] consumes the life, so that what is gone cannot
//! answer twice. Its inputs and outputs are named in `terms`; IO, clocks and what happens after the end are elsewhere.

mod terms;

use std::collections::VecDeque;

pub use terms::{Action, Command, End, FrameNote, Input, Mark, Outgoing, Output, Plan, Role, Wire};

use crate::event::{
    CloseSeen, Direction, Ended, EventKind, Farewell, FrameSeen, Held, Holder, How, LastSent, PayloadBytes, Side,
};
use crate::moment::{Moment, Span};
use crate::watch::closing::{Closing, Expired};
use crate::watch::farewell::FarewellRule;
use crate::watch::heartbeat::{self, Heartbeat, Payload};
use crate::watch::liveness::{Cut, classify};
use crate::wire::close::{self, CloseBody};
use crate::wire::header::Opcode;

/// A connection.
#[derive(Debug)]
pub struct Life {
    role: Role,
    opened: Moment,
    frames: bool,
    heartbeat: Heartbeat,
    closing: Closing,
    farewell: FarewellRule,
    farewell_at: Option<Moment>,
    held: Span,
    finished: bool,
    out: VecDeque<Output>,
    first_message: Option<PayloadBytes>,
}

/// An announcement is about the drop that follows it within this time.
const FAREWELL_HOLDS: Span = Span::from_secs(120);
/// So much of the peer's first message is kept.
const FIRST_KEPT: usize = 256;
/// A time without reading that is worth an event.
const HELD_TOLD_FROM: Span = Span::from_millis(1000);

impl Life {
    /// From the open on.
    pub fn new(plan: &Plan, opened: Moment, nonce: u32) -> Life {
        Life {
            role: plan.role,
            opened,
            frames: plan.frames,
            heartbeat: Heartbeat::new(plan.heartbeat.clone(), opened, nonce),
            closing: Closing::new(plan.close_timeout),
            farewell: plan.farewell.clone(),
            farewell_at: None,
            held: Span::ZERO,
            finished: false,
            out: VecDeque::new(),
            first_message: None,
        }
    }

    /// Handles exactly one input; then drain [`Life::poll`].
    pub fn handle(&mut self, now: Moment, input: Input<'_>) {
        if self.finished {
            return;
        }
        match input {
            Input::Frame(note) => self.frame(note),
            Input::Message { text, bytes } => self.message(now, text, bytes),
            Input::Bytes { total } => self.heartbeat.life(now, total),
            Input::Written(Mark::Heartbeat(number)) => self.heartbeat.written(now, number),
            Input::Written(Mark::Message | Mark::Close) => {}
            Input::Command(command) => self.command(now, command),
            Input::Held { by, span } => self.hold(by, span),
            Input::Tick => self.tick(now),
        }
        self.drain_heartbeat(now);
    }

    /// The subprotocol that the server has chosen, if any, and the URL: they may tell the product.
    pub fn learn_open(&mut self, subprotocol: Option<&str>, url: &str) {
        self.heartbeat.learn_url(url);
        self.heartbeat.learn_subprotocol(self.opened, subprotocol);
        self.drain_heartbeat(self.opened);
    }

    /// The wall clock at the start of the run, for heartbeats that carry the time.
    pub fn learn_wall_clock(&mut self, start_unix_ms: i64) {
        self.heartbeat.learn_wall_clock(start_unix_ms);
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<Output> {
        let next = self.out.pop_front();
        if next.is_none() && self.out.capacity() > 0 {
            // With ten thousand idle connections, room for what is seldom said is most of their memory.
            self.out = VecDeque::new();
        }
        next
    }

    /// When a [`Input::Tick`] has something to do; none when nothing is waited for.
    pub fn deadline(&self) -> Option<Moment> {
        if self.finished {
            return None;
        }
        match self.closing.deadline() {
            Some(deadline) => Some(deadline),
            None => self.heartbeat.deadline(),
        }
    }

    /// From now on frame events are wanted, or not.
    pub fn want_frames(&mut self, frames: bool) {
        self.frames = frames;
    }

    /// When the connection was opened.
    pub fn opened(&self) -> Moment {
        self.opened
    }

    /// Is the closing handshake under way, or the end decided?
    pub fn is_closing(&self) -> bool {
        self.finished || self.closing.first.is_some()
    }

    /// Has a Close frame of ours gone out, or is it on its way?
    pub fn has_said_close(&self) -> bool {
        self.closing.sent.is_some()
    }

    /// The end. Everything that is known of it, classified.
    pub fn end(self, now: Moment, end: End) -> Ended {
        let (how, by) = classify(end.cut, &self.closing);
        let asked_for = matches!(end.cut, Cut::Local(_)) || self.closing.first == Some(Side::Us);
        let drop = matches!(how, How::Garbage { .. }) || !asked_for;
        let told = self.farewell_at.is_some_and(|at| now.since(at) <= FAREWELL_HOLDS);
        let wire = end.wire;
        Ended {
            announced: told || (by == Side::Peer && self.closing.received.is_some()),
            how,
            by,
            drop,
            mid_frame: wire.mid_frame,
            mid_message: wire.mid_message,
            tcp_left_open: end.cut == Cut::TcpLeftOpen,
            age: now.since(self.opened),
            quiet_in: now.since(wire.last_in.unwrap_or(self.opened)),
            quiet_out: now.since(wire.last_out.unwrap_or(self.opened)),
            held: self.held,
            heartbeat_due: self
                .heartbeat
                .due()
                .filter(|due| *due > now && self.closing.first.is_none())
                .map(|due| due.since(now)),
            answered_ago: self.heartbeat.answered_at().map(|at| now.since(at)),
            bytes_in: wire.bytes_in,
            bytes_out: wire.bytes_out,
            messages_in: wire.messages_in,
            messages_out: wire.messages_out,
            first_message: self.first_message,
            sent_last: wire.sent_last.map(|(len, at)| LastSent { len, ago: now.since(at) }),
            sent_largest: wire.sent_largest,
            bad_bytes: (!wire.bad_bytes.is_empty()).then_some(PayloadBytes(wire.bad_bytes)),
            io: end.io,
            last_frames: wire.last_frames,
        }
    }

    fn frame(&mut self, note: &FrameNote) {
        if self.frames {
            self.emit(EventKind::Frame(frame_seen(note)));
        }
        if note.direction == Direction::In
            && let Some(breach) = note.breach
        {
            return self.finish(Cut::Breach(breach));
        }
        match (note.header.opcode, note.direction) {
            (Opcode::Ping, Direction::In) => self.heartbeat.peer_ping(note.last_at),
            (Opcode::Pong, Direction::In) => self.heartbeat.pong(note.last_at, &note.payload),
            (Opcode::Close, direction) => self.close_seen(note, direction),
            _ => {}
        }
    }

    fn close_seen(&mut self, note: &FrameNote, direction: Direction) {
        let (body, breach) = CloseBody::parse(&note.payload);
        let first = match direction {
            Direction::Out => self.closing.on_sent(note.last_at, body),
            Direction::In => self.closing.on_received(note.last_at, body),
        };
        self.out.extend(close_event(note, first).map(Output::Emit));
        if direction == Direction::In
            && let Some(breach) = breach
        {
            return self.finish(Cut::Breach(breach));
        }
        // 7.1.1: the server ends TCP first.
        if self.role == Role::Server && self.closing.is_done() {
            self.finish(Cut::Eof);
        }
    }

    fn message(&mut self, now: Moment, text: Option<&str>, bytes: &[u8]) {
        if self.first_message.is_none() && self.role == Role::Client {
            self.first_message = Some(PayloadBytes(bytes[..bytes.len().min(FIRST_KEPT)].to_vec()));
        }
        self.heartbeat.message(now, text, bytes);
        if let Some(text) = text
            && self.role == Role::Client
            && self.farewell.matches(text)
        {
            self.farewell_at = Some(now);
            let payload = PayloadBytes(text.chars().take(200).collect::<String>().into_bytes());
            self.emit(EventKind::Farewell(Farewell { payload }));
        }
    }

    fn command(&mut self, now: Moment, command: Command) {
        match command {
            Command::Stop(why) => self.finish(Cut::Local(why)),
            _ if self.is_closing() => {}
            Command::Ping => self.heartbeat.measure(now),
            Command::PingWith(payload) => self.heartbeat.measure_with(now, payload),
            Command::Pong(payload) => self.act(Action::Send(Outgoing::Pong(payload), Mark::Message)),
            Command::Heartbeat { every, timeout } => self.heartbeat.change(now, every, timeout),
            Command::Send(outgoing) => self.act(Action::Send(outgoing, Mark::Message)),
            Command::Close(body) => {
                self.closing.on_sent(now, body.clone());
                self.act(Action::Send(Outgoing::Close(body), Mark::Close));
            }
        }
    }

    fn hold(&mut self, by: Holder, span: Span) {
        // A machine that slept has not advanced our clock: there is nothing to stand still.
        if by != Holder::Suspended {
            self.held = self.held.plus(span);
            self.heartbeat.held(span);
        }
        if span >= HELD_TOLD_FROM {
            self.emit(EventKind::Held(Held { by, span }));
        }
    }

    fn tick(&mut self, now: Moment) {
        if self.closing.first.is_none() {
            return self.heartbeat.tick(now);
        }
        match self.closing.expired(now) {
            Some(Expired::Unanswered) => self.finish(Cut::CloseUnanswered),
            Some(Expired::TcpLeftOpen) => self.finish(Cut::TcpLeftOpen),
            Some(Expired::AnswerStuck) => self.finish(Cut::AnswerStuck),
            None => {}
        }
    }

    fn drain_heartbeat(&mut self, now: Moment) {
        while let Some(output) = self.heartbeat.poll() {
            match output {
                heartbeat::Output::Emit(kind) => self.emit(kind),
                heartbeat::Output::Write { number, measured } => {
                    let payload = self.heartbeat.outgoing(now, number, measured);
                    self.act(Action::Send(outgoing(payload), Mark::Heartbeat(number)));
                }
                // After a Close nothing may follow (5.5.1), and what is not sent is not told.
                heartbeat::Output::Reply(_) if self.is_closing() => drop(self.heartbeat.poll()),
                heartbeat::Output::Reply(payload) => self.act(Action::Send(outgoing(payload), Mark::Message)),
                // What the kernel knows of the silence is asked by the shell.
                heartbeat::Output::Dead => self.finish(Cut::Silent { delivered: None }),
                heartbeat::Output::Unheard => self.finish(Cut::Unheard),
                heartbeat::Output::Stuck => self.finish(Cut::WriteStuck),
            }
        }
    }

    fn finish(&mut self, cut: Cut) {
        if !self.finished {
            self.finished = true;
            self.out.push_back(Output::Do(Action::Finish(cut)));
        }
    }

    fn emit(&mut self, kind: EventKind) {
        self.out.push_back(Output::Emit(kind));
    }

    fn act(&mut self, action: Action) {
        self.out.push_back(Output::Do(action));
    }
}

/// The event of a Close frame; none for another frame.
pub fn close_event(note: &FrameNote, first: bool) -> Option<EventKind> {
    if note.header.opcode != Opcode::Close {
        return None;
    }
    let (CloseBody { code, reason }, _) = CloseBody::parse(&note.payload);
    let name = code.map_or("no code", close::name).into();
    Some(EventKind::CloseSeen(CloseSeen { direction: note.direction, first, code, name, reason }))
}

fn outgoing(payload: Payload) -> Outgoing {
    match payload {
        Payload::Ping(bytes) => Outgoing::Ping(bytes),
        Payload::Text(text) => Outgoing::Text(text),
        Payload::Binary(bytes) => Outgoing::Binary(bytes),
    }
}

fn frame_seen(note: &FrameNote) -> FrameSeen {
    FrameSeen {
        direction: note.direction,
        fin: note.header.fin,
        rsv: note.header.rsv,
        opcode: note.header.opcode.bits(),
        masked: note.header.mask.is_some(),
        len: note.header.len,
        first_at: note.first_at,
        last_at: note.last_at,
        payload: (!note.payload.is_empty()).then(|| PayloadBytes(note.payload.clone())),
    }
}

#[cfg(test)]
mod tests;
