//! `connect` at a terminal: what is typed becomes messages or commands, what happens is told above the half-typed line. Owns
//! the life around the connection (open, down, closed, leaving); what a command does is `acts`'.

mod acts;
mod keyboard;

use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio_tungstenite::tungstenite::Message;

use crate::cmd::audience::Audience;
use crate::cmd::connect::editor::{self, Editor, EditorPlan, Prompt, Typed};
use crate::cmd::connect::verdict::Verdict;
use crate::cmd::connect::{LENIENT, Plan, Terminal};
use crate::cmd::frame;
use crate::cmd::outcome::Outcome;
use crate::cmd::probe::aimed;
use crate::cmd::run::Limit;
use crate::cmd::screen::{Readers, Recording};
use crate::cmd::signals::Signals;
use crate::cmd::wrongs;
use crate::diagnose::{Diagnosis, asked};
use crate::event::show::span;
use crate::event::stats::Stats;
use crate::event::{ConnId, Direction, EventKind, Exit, MessageSeen, PayloadBytes, Wanted};
use crate::fault::conduct::{self, Conduct};
use crate::moment::Moment;
use crate::net::clock::Clock;
use crate::net::control::{Control, Look, Progress, Wish};
use crate::net::driver::parts;
use crate::net::reach::Reach;
use crate::net::rounds;
use crate::net::target::Target;
use crate::report::human::talk::{Notebook, Replies};
use crate::report::sink::{self, Sink};
use crate::watch::life::{Command, FrameNote};
use crate::watch::session::{Session, Totals};
use crate::wire::close::CloseBody;

/// Runs the talk to its end.
pub async fn run(plan: &Plan, terminal: &Terminal, target: Target, signals: &mut Signals, clock: Clock) -> Exit {
    let url = target.url();
    let colour = plan.screen.color.unwrap_or(true);
    let editor_plan = EditorPlan { history: terminal.history.clone(), slash: terminal.slash, colour };
    let (editor, writer) = match editor::start(editor_plan) {
        Ok(started) => started,
        Err(why) => {
            sink::plain_error(&format!("error: this terminal cannot be used: {why}\n"));
            return Exit::OwnFault;
        }
    };
    let (mut readers, notebook, replies) = plan.screen.for_terminal(writer, terminal);
    let reach = aimed(&plan.reach, target);
    frame::begin(&readers.fan, &plan.command, clock);
    let wrongs = conduct::Current::default();
    let diagnosis =
        Diagnosis::new(reach.life.heartbeat.every, clock.wall_start_unix_ms()).with_rules(plan.rules.clone());
    let outcome = Outcome::new(LENIENT);
    let audience = Audience::new(Rc::clone(&readers.fan), signals, diagnosis, outcome);
    let mut repl = Repl::new(plan, terminal, audience, &readers, editor, notebook, replies, Rc::clone(&wrongs));
    repl.stats.url = url.clone();
    if let Some(trouble) = repl.editor.history_trouble() {
        repl.say(trouble);
    }
    for variable in &plan.unused_proxies {
        repl.on(clock.now(), ConnId::default(), EventKind::Finding(asked::proxy_not_used(variable)));
    }
    let (mut dialer, mut conn) = (Reach::new(reach, clock, wrongs), ConnId::default());
    let mut totals = Totals::default();
    loop {
        let mut session = Session::new(plan.session.clone());
        rounds::run(&mut session, &mut dialer, &mut conn, clock, &mut repl).await;
        session.stop(clock.now());
        totals = sum(totals, session.totals());
        repl.totals = totals;
        if repl.again && !repl.is_leaving() {
            repl.state = State::Down;
            continue;
        }
        if repl.is_leaving() || !repl.verdict.was_open() {
            break;
        }
        repl.be_closed(clock).await;
        if !repl.again || repl.is_leaving() {
            break;
        }
        repl.state = State::Down;
    }
    let exit = repl.judge(clock, &url, totals);
    repl.stopped.extend(repl.recording.as_ref().map(Recording::sink));
    std::mem::take(&mut repl.stopped).into_iter().for_each(|sink| readers.keep(sink));
    let editor = repl.into_editor();
    let exit = frame::end(readers, exit, plan.timeout, signals, clock).await;
    editor.restore();
    exit
}

fn sum(one: Totals, other: Totals) -> Totals {
    Totals {
        drops: one.drops + other.drops,
        reconnects: one.reconnects + other.reconnects,
        down: one.down.plus(other.down),
    }
}

/// The talk.
pub struct Repl<'a> {
    audience: Audience<'a>,
    /// To add a reader.
    fan: Rc<std::cell::RefCell<crate::report::Fan>>,
    editor: Editor,
    notebook: Notebook,
    replies: Replies,
    slash: bool,
    execute: Vec<String>,
    echo: bool,
    max_message: u64,
    /// Our Close when no code is told.
    close_body: CloseBody,
    /// With `--reconnect`, what is typed while down waits here.
    queue: VecDeque<String>,
    queue_max: usize,
    /// To be asked of the connection.
    wishes: VecDeque<Wish>,
    state: State,
    /// Dial again at once.
    again: bool,
    has_prompt: bool,
    /// Why the connection is ended at once.
    why: &'static str,
    /// One side has said its Close: nothing more goes out.
    is_closing: bool,
    /// The editor was asked for something other than the next line.
    is_asked: bool,
    /// What was typed and not looked at yet.
    waiting: Option<Typed>,
    /// What `/heartbeat` has changed, for the next connection too.
    heartbeat: Option<Command>,
    heartbeat_words: String,
    stats: Stats,
    totals: Totals,
    /// Bytes in and out of the connections that are over.
    wire: (u64, u64),
    wanted: Wanted,
    limit: Option<Limit>,
    wrongs: conduct::Current,
    verdict: Verdict,
    conn: ConnId,
    recording: Option<Recording>,
    /// Recordings that are over, and perhaps not yet written.
    stopped: Vec<Sink>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Nothing was open yet.
    Dialling,
    Open,
    /// Between a drop and the next open.
    Down,
    Closed,
    /// Our Close is on its way, and the run ends with it.
    Leaving,
    /// At once.
    Gone,
}

impl<'a> Repl<'a> {
    #[allow(clippy::too_many_arguments)]
    fn new(
        plan: &Plan,
        terminal: &Terminal,
        audience: Audience<'a>,
        readers: &Readers,
        editor: Editor,
        notebook: Notebook,
        replies: Replies,
        wrongs: conduct::Current,
    ) -> Repl<'a> {
        Repl {
            audience,
            fan: Rc::clone(&readers.fan),
            editor,
            notebook,
            replies,
            slash: terminal.slash,
            execute: plan.pipe.execute.clone(),
            echo: plan.echo,
            max_message: plan.reach.max_message,
            close_body: plan.pipe.close.clone(),
            queue: VecDeque::new(),
            queue_max: plan.queue,
            wishes: VecDeque::new(),
            state: State::Dialling,
            again: false,
            has_prompt: false,
            why: "left",
            is_closing: false,
            is_asked: false,
            waiting: None,
            heartbeat: None,
            heartbeat_words: plan.screen.heartbeat.clone().unwrap_or_else(|| "off".into()),
            stats: Stats::default(),
            totals: Totals::default(),
            wire: (0, 0),
            wanted: plan.reach.wanted,
            limit: plan.timeout.map(|span| Limit { span, at: Moment::START.after(span) }),
            wrongs,
            verdict: Verdict::default(),
            conn: ConnId::default(),
            recording: None,
            stopped: Vec::new(),
        }
    }

    fn is_leaving(&self) -> bool {
        matches!(self.state, State::Leaving | State::Gone)
    }

    fn into_editor(self) -> Editor {
        self.editor
    }

    fn judge(&mut self, clock: Clock, url: &str, totals: Totals) -> Exit {
        let judged = self.verdict.set(self.audience.judge(clock.now(), url, totals));
        let exit = judged.exit;
        self.audience.tell_verdict(clock.now(), judged);
        exit
    }

    /// There is no connection and none is awaited: commands are taken until one asks for another, or to leave.
    async fn be_closed(&mut self, clock: Clock) {
        self.state = State::Closed;
        self.editor.set_prompt(Prompt::Closed);
        while self.state == State::Closed && !self.again {
            let until = self.limit.map(|limit| limit.at);
            tokio::select! {
                () = std::future::poll_fn(|cx| self.poll_wake(cx)) => {}
                () = frame::reach(until, clock) => {}
            }
            let now = clock.now();
            self.take_typed(now);
            self.stop(now);
            // What needs a connection was refused already.
            self.wishes.clear();
        }
    }

    fn emit(&mut self, at: Moment, conn: ConnId, kind: EventKind) {
        self.verdict.see(&kind, false);
        self.audience.emit(at, conn, kind);
    }

    fn say(&self, line: impl Into<String>) {
        self.replies.say(&[line.into()]);
    }

    fn tell_message(&mut self, at: Moment, direction: Direction, text: bool, bytes: &[u8]) {
        self.tally(direction, text, bytes.len() as u64);
        let payload = Some(PayloadBytes(bytes.to_vec()));
        let seen = MessageSeen { direction, text, len: bytes.len() as u64, payload };
        self.emit(at, self.conn, EventKind::Message(seen));
    }

    /// A message of ours, which is not shown again when it was `typed`.
    fn send(&mut self, now: Moment, message: Message, typed: bool) {
        if typed {
            self.notebook.hide_next_sent();
        }
        let (text, bytes) = parts(&message);
        self.tell_message(now, Direction::Out, text.is_some(), bytes);
        self.wishes.push_back(Wish::Send(message));
    }

    fn opened(&mut self, at: Moment, conn: ConnId, kind: EventKind) {
        self.again = false;
        (self.state, self.conn, self.is_closing) = (State::Open, conn, false);
        if matches!(&kind, EventKind::Open(opened) if opened.down.is_some()) {
            self.stats.reconnects += 1;
        }
        self.stats.connections += 1;
        self.editor.set_prompt(Prompt::Open);
        self.emit(at, conn, kind);
        self.wishes.clear();
        self.wishes.extend(self.heartbeat.clone().map(Wish::Life));
        for text in self.execute.clone() {
            self.send(at, Message::text(text), false);
        }
        for text in std::mem::take(&mut self.queue) {
            self.send(at, Message::text(text), false);
        }
        if !std::mem::replace(&mut self.has_prompt, true) {
            self.editor.read_next();
        }
    }

    fn told_by_hand(&self, kind: &EventKind) {
        match kind {
            EventKind::Answered(answered) if answered.measured => self.say(format!("pong in {}", span(answered.rtt))),
            EventKind::Missed(missed) if missed.measured => {
                self.say(format!("no pong within {}", span(missed.waited)));
            }
            _ => {}
        }
    }
}

impl Control for Repl<'_> {
    fn on(&mut self, at: Moment, conn: ConnId, kind: EventKind) {
        match &kind {
            EventKind::Open(_) => return self.opened(at, conn, kind),
            EventKind::CloseSeen(_) => self.is_closing = true,
            EventKind::Ended(ended) => {
                self.stats.drops += u32::from(ended.drop);
                self.wire = (self.wire.0 + ended.bytes_in, self.wire.1 + ended.bytes_out);
                if !self.is_leaving() {
                    self.state = State::Closed;
                    self.editor.set_prompt(Prompt::Closed);
                }
            }
            EventKind::RetryAt(_) if self.is_leaving() => return,
            EventKind::RetryAt(retry) => {
                self.state = State::Down;
                let seconds = retry.delay.nanos().div_ceil(1_000_000_000);
                self.editor.set_prompt(Prompt::Down { seconds });
            }
            EventKind::GaveUp(_) if !self.is_leaving() => {
                self.state = State::Closed;
                self.editor.set_prompt(Prompt::Closed);
            }
            EventKind::Answered(answered) if answered.own => self.stats.add_rtt(answered.rtt),
            EventKind::Missed(_) => self.stats.lost += 1,
            _ => {}
        }
        let by_hand = kind.clone();
        self.emit(at, conn, kind);
        self.told_by_hand(&by_hand);
    }

    fn control_frame(&mut self, note: &FrameNote) {
        use crate::wire::header::Opcode;
        let tally = match note.direction {
            Direction::In => &mut self.stats.incoming,
            Direction::Out => &mut self.stats.outgoing,
        };
        let count = match note.header.opcode {
            Opcode::Ping => &mut tally.ping,
            Opcode::Pong => &mut tally.pong,
            Opcode::Close => &mut tally.close,
            _ => return,
        };
        count.add(note.header.len);
    }

    fn message(&mut self, now: Moment, _conn: ConnId, message: &Message) {
        let (text, bytes) = parts(message);
        self.tell_message(now, Direction::In, text.is_some(), bytes);
        if self.echo && self.state == State::Open {
            self.send(now, message.clone(), false);
        }
    }

    fn wish(&mut self, now: Moment, progress: &Progress) -> Option<Wish> {
        self.audience.pass_time(now);
        self.take_typed(now);
        self.stop(now);
        if self.state == State::Gone || (self.again && self.state == State::Down) {
            return Some(Wish::Life(Command::Stop(self.why)));
        }
        if let Some((told, wish)) = wrongs::due(&self.wrongs, now, progress) {
            if let Some(told) = told {
                self.emit(now, self.conn, told);
            }
            return Some(wish);
        }
        self.wishes.pop_front()
    }

    fn answers_messages(&self) -> bool {
        self.echo
    }

    fn look(&mut self, now: Moment, look: Look) {
        self.tell_stats(now, Some(look));
    }

    fn wanted(&self) -> Wanted {
        self.wanted
    }

    fn deadline(&self) -> Option<Moment> {
        let wrong = self.wrongs.borrow().as_ref().and_then(Conduct::deadline);
        [self.limit.map(|limit| limit.at), wrong].into_iter().flatten().min().filter(|_| self.state != State::Gone)
    }

    fn is_holding(&self) -> bool {
        self.audience.is_holding()
    }

    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Poll::Ready(typed) = self.editor.poll(cx) {
            self.waiting = Some(typed);
            return Poll::Ready(());
        }
        if self.wrongs.borrow().as_ref().is_some_and(Conduct::take_new) {
            return Poll::Ready(());
        }
        self.audience.poll_wake(cx)
    }
}
