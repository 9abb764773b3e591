//! The stage of the simulated runs: a dialler that opens pipes in memory, a peer that speaks raw frames, and a control that
//! writes the log. Owns how an event looks in the log.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::task::{Context, Poll};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_tungstenite::tungstenite::Message;
use wscope::event::{
    Attempt, AttemptOutcome, ConnId, DialFailed, DialFault, Direction, EventKind, Opened, Phase, Wanted,
};
use wscope::moment::{Moment, Span};
use wscope::net::accept;
use wscope::net::clock::Clock;
use wscope::net::control::{Control, DialEnd, Dialer, Dialled, Log, Progress, Wish};
use wscope::net::link::{Link, Setup};
use wscope::net::open::{self, Upgraded};
use wscope::net::policy::Policy;
use wscope::net::rounds;
use wscope::watch::farewell::FarewellRule;
use wscope::watch::heartbeat;
use wscope::watch::life::{Command, Life, Plan, Role};
use wscope::watch::profiles::profile;
use wscope::watch::session::{self, Session};
use wscope::watch::{reconnect, session as sessions};
use wscope::wire::close::CloseBody;
use wscope::wire::header::{Header, Opcode, frame_bytes};
use wscope::wire::scan::{Piece, Scan};
use wscope::wire::upgrade::{Request, key_from};

/// What is played.
pub struct Play {
    pub heartbeat: heartbeat::Plan,
    pub reconnect: bool,
    /// So many dials after the first fail.
    pub refused: u32,
    /// When the run is stopped.
    pub until: Moment,
    /// When our side closes.
    pub close_at: Option<Moment>,
    /// From when to when events cannot be taken.
    pub hold: Option<(Moment, Moment)>,
}

impl Default for Play {
    fn default() -> Play {
        Play {
            heartbeat: heartbeat::Plan::default(),
            reconnect: false,
            refused: 0,
            until: Moment::from_millis(60_000),
            close_at: None,
            hold: None,
        }
    }
}

impl Play {
    /// Runs it against a peer that is called once a connection.
    pub async fn run<F, P>(self, peer: P) -> EventLog
    where
        F: Future<Output = ()> + 'static,
        P: Fn(u32, Peer) -> F + 'static,
    {
        let clock = Clock::start();
        let log = EventLog::default();
        let peer = Rc::new(peer);
        let spawn: Box<dyn Fn(u32, Peer)> = Box::new(move |connection, stream| {
            tokio::task::spawn_local(peer(connection, stream));
        });
        let reconnect =
            self.reconnect.then(|| reconnect::Plan { curve: profile("full-jitter").unwrap(), attempts: None });
        let life = Plan {
            role: Role::Client,
            heartbeat: self.heartbeat.clone(),
            close_timeout: Span::from_secs(5),
            farewell: FarewellRule::Known,
            frames: false,
        };
        let mut stage = Stage {
            clock,
            life,
            log: log.clone(),
            spawn,
            dials: 0,
            refused: self.refused,
            dice: StdRng::seed_from_u64(7),
        };
        let mut session = Session::new(session::Plan { reconnect, ready: false });
        let mut watcher = Watcher {
            clock,
            log: log.clone(),
            until: self.until,
            close_at: self.close_at,
            hold: self.hold,
            holding: Cell::new(None),
            done: false,
        };
        let work = async {
            rounds::run(&mut session, &mut stage, &mut ConnId::default(), clock, &mut watcher).await;
            // The peers see the end of their pipes.
            tokio::time::sleep(Span::from_millis(1).duration()).await;
        };
        tokio::task::LocalSet::new().run_until(work).await;
        let sessions::Totals { drops, reconnects, .. } = session.totals();
        log.line(clock.now(), format!("totals: {drops} drops, {reconnects} reconnects"));
        log
    }
}

/// The scripted peer's end of the pipe, behind the opening handshake.
pub struct Peer {
    io: DuplexStream,
    clock: Clock,
    log: EventLog,
}

impl Peer {
    /// Sends one unmasked frame.
    pub async fn send(&mut self, opcode: Opcode, payload: &[u8]) {
        let _ = self.io.write_all(&frame_bytes(Header::new(opcode, 0, None), payload)).await;
    }

    /// Waits for a moment of the run.
    pub async fn wait_until(&self, at: Moment) {
        tokio::time::sleep_until(self.clock.instant(at)).await;
    }

    /// Reads until the end; Closes and the end go to the log.
    pub async fn read_to_end(&mut self) {
        let far = Moment::from_millis(u64::MAX / 2_000_000);
        while self.frame(far).await.is_some() {}
    }

    /// The next whole frame, unmasked; none at the end or at `until`.
    pub async fn frame(&mut self, until: Moment) -> Option<(Opcode, Vec<u8>)> {
        let mut scan = Scan::default();
        let (mut header, mut payload, mut done) = (None, Vec::new(), false);
        let mut byte = [0; 1];
        while !done {
            let reading = tokio::time::timeout_at(self.clock.instant(until), self.io.read(&mut byte));
            let count = reading.await.ok()?.unwrap_or(0);
            if count == 0 {
                self.log.line(self.clock.now(), "peer: end of stream".into());
                return None;
            }
            scan.push(&byte, |piece| match piece {
                Piece::Start(start) => header = Some(start),
                Piece::Data { bytes, .. } => payload.extend_from_slice(bytes),
                Piece::End => done = true,
            });
        }
        let header = header?;
        if let Some(key) = header.mask {
            wscope::wire::header::apply_mask(&mut payload, key, 0);
        }
        if header.opcode == Opcode::Close {
            let (body, _) = CloseBody::parse(&payload);
            self.log.line(self.clock.now(), format!("peer: Close {:?} {:?}", body.code.unwrap_or(0), body.reason));
        }
        Some((header.opcode, payload))
    }
}

/// Answers every ping until a moment.
pub async fn pong_all(peer: &mut Peer, until: Moment) {
    while let Some((opcode, payload)) = peer.frame(until).await {
        if opcode == Opcode::Ping {
            peer.send(Opcode::Pong, &payload).await;
        }
    }
}

struct Stage {
    clock: Clock,
    life: Plan,
    log: EventLog,
    spawn: Box<dyn Fn(u32, Peer)>,
    dials: u32,
    refused: u32,
    dice: StdRng,
}

impl Dialer for Stage {
    type Io = DuplexStream;

    async fn dial(&mut self, _attempt: u32, _log: Log) -> Result<Dialled<DuplexStream>, DialEnd> {
        self.dials += 1;
        if self.dials > 1 && self.refused > 0 {
            self.refused -= 1;
            let attempt = Attempt { address: "pipe".into(), outcome: AttemptOutcome::Refused, took: Span::ZERO };
            let fault = DialFault::Unreachable { attempts: vec![attempt] };
            let failed = DialFailed { phase: Phase::Connect, fault, took: Span::ZERO };
            return Err(DialEnd { failed, retry_after: None });
        }
        let (mut ours, mut theirs) = tokio::io::duplex(64 * 1024);
        let (welcome, upgraded) = tokio::join!(welcome(&mut theirs), async {
            open::upgrade(&mut ours, &request(), None, self.clock, (&Log::default(), &Cell::new(0))).await
        });
        welcome.unwrap();
        let Upgraded { rest, .. } = upgraded.unwrap();
        (self.spawn)(self.dials, Peer { io: theirs, clock: self.clock, log: self.log.clone() });
        let setup = Setup {
            role: Role::Client,
            max_message: 1 << 20,
            wanted: Wanted::default(),
            rewrite: None,
            pace: None,
            rest,
        };
        let opened = Opened {
            url: "pipe".into(),
            peer: "pipe".into(),
            subprotocol: None,
            server: None,
            took: Span::ZERO,
            down: None,
            served: None,
        };
        Ok(Dialled { link: Link::new(ours, setup, self.clock).await, opened })
    }

    fn life(&self, opened: Moment) -> Life {
        Life::new(&self.life, opened, 0xfeed)
    }

    fn dice(&mut self) -> f64 {
        self.dice.random()
    }
}

fn request() -> Request {
    Request {
        target: "/".into(),
        host: "pipe".into(),
        key: key_from([7; 16]),
        subprotocols: Vec::new(),
        origin: None,
        user_agent: None,
        authorization: None,
        cookies: Vec::new(),
        extra: Vec::new(),
    }
}

async fn welcome(io: &mut tokio::io::DuplexStream) -> Result<accept::Welcomed, accept::Turned> {
    let asked = accept::read(io).await?;
    accept::answer(io, asked, &[], &Policy::default()).await
}

struct Watcher {
    clock: Clock,
    log: EventLog,
    until: Moment,
    close_at: Option<Moment>,
    hold: Option<(Moment, Moment)>,
    holding: Cell<Option<std::pin::Pin<Box<tokio::time::Sleep>>>>,
    done: bool,
}

impl Control for Watcher {
    fn on(&mut self, at: Moment, _conn: ConnId, kind: EventKind) {
        if let Some(line) = words(&kind) {
            self.log.line(at, line);
        }
    }

    fn message(&mut self, now: Moment, _conn: ConnId, message: &Message) {
        self.log.line(now, format!("message {message:?}"));
    }

    fn wish(&mut self, now: Moment, _progress: &Progress) -> Option<Wish> {
        if self.close_at.is_some_and(|at| at <= now) {
            self.close_at = None;
            return Some(Wish::Life(Command::Close(CloseBody { code: Some(1000), reason: String::new() })));
        }
        if self.done || now < self.until {
            return None;
        }
        self.done = true;
        Some(Wish::Life(Command::Stop("the play is over")))
    }

    fn wanted(&self) -> Wanted {
        Wanted::default()
    }

    fn deadline(&self) -> Option<Moment> {
        let until = (!self.done).then_some(self.until);
        let hold = self.hold.map(|(from, _)| from).filter(|from| *from > self.clock.now());
        [until, self.close_at, hold].into_iter().flatten().min()
    }

    fn is_holding(&self) -> bool {
        self.hold.is_some_and(|(from, to)| (from..to).contains(&self.clock.now()))
    }

    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some((from, to)) = self.hold.filter(|_| self.is_holding()) else { return Poll::Pending };
        let mut sleep =
            self.holding.take().unwrap_or_else(|| Box::pin(tokio::time::sleep_until(self.clock.instant(to.max(from)))));
        let polled = sleep.as_mut().poll(cx);
        self.holding.set(Some(sleep));
        polled
    }
}

fn words(kind: &EventKind) -> Option<String> {
    Some(match kind {
        EventKind::Open(opened) => match opened.down {
            None => "open".into(),
            Some(down) => format!("open, down for {:.3} s", down.seconds()),
        },
        EventKind::Heartbeat(sent) => format!("heartbeat {} written: {}", sent.number, sent.what),
        EventKind::Answered(answered) => {
            let by = if answered.own { "its own answer" } else { "another sign of life" };
            format!("answered {} by {by} after {:.3} s", answered.number, answered.rtt.seconds())
        }
        EventKind::Missed(missed) => format!("missed {} of {}", missed.misses, missed.of),
        EventKind::PingsIgnored(ignored) => format!("pings ignored, {} in a row", ignored.in_row),
        EventKind::StrayPong(stray) => format!("stray pong, {:?}", stray.kind),
        EventKind::Held(held) => format!("held {:.3} s by {:?}", held.span.seconds(), held.by),
        EventKind::CloseSeen(close) => {
            let way = if close.direction == Direction::In { "in" } else { "out" };
            format!("close {way} {} {:?}", close.code.unwrap_or(0), close.reason)
        }
        EventKind::Ended(ended) => {
            let announced = if ended.announced { ", announced" } else { "" };
            format!("ended {}{announced}, age {:.3} s", ended.how.word(), ended.age.seconds())
        }
        EventKind::RetryAt(retry) => {
            format!("retry {} in {:.3} s ({})", retry.attempt, retry.delay.seconds(), retry.why)
        }
        EventKind::GaveUp(gave_up) => format!("gave up: {}", gave_up.why),
        EventKind::DialFailed(failed) => format!("dial failed in {}", failed.phase.label()),
        _ => return None,
    })
}

/// The log, one line an event.
#[derive(Clone, Default)]
pub struct EventLog(Rc<RefCell<Vec<(Moment, String)>>>);

impl EventLog {
    fn line(&self, at: Moment, text: String) {
        self.0.borrow_mut().push((at, text));
    }

    /// Lines that begin with `word`.
    pub fn count(&self, word: &str) -> usize {
        self.0.borrow().iter().filter(|(_, line)| line.starts_with(word)).count()
    }

    /// The same before a moment.
    pub fn count_before(&self, word: &str, before: Moment) -> usize {
        self.0.borrow().iter().filter(|(at, line)| *at < before && line.starts_with(word)).count()
    }

    /// Opened connections.
    pub fn opens(&self) -> usize {
        self.count("open")
    }

    /// Only what happened from a moment on.
    pub fn from(&self, from: Moment) -> EventLog {
        EventLog(Rc::new(RefCell::new(self.0.borrow().iter().filter(|(at, _)| *at >= from).cloned().collect())))
    }
}

impl fmt::Display for EventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, line) in self.0.borrow().iter() {
            writeln!(f, "{:>8.3} {line}", at.seconds())?;
        }
        Ok(())
    }
}
