//! The server's side of the wiring: each client welcomed, driven and echoed to, with the faults that are planned for it.
//! Owns what one client gets; listening is `net::listen`'s, what a fault is `fault`'s.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use crate::event::show;
use crate::event::{
    Body, ConnId, Direction, EventKind, FaultDone, MessageSeen, Opened, Payload, PayloadBytes, UpgradeAnswered,
    UpgradeSent, Wanted,
};
use crate::fault::frames::late::LatePongs;
use crate::fault::frames::{CLOSE_IGNORED_WAIT, lasting, raw};
use crate::fault::schedule::Schedule;
use crate::fault::spec::{Fault, Planned, Raw};
use crate::moment::{Moment, Span};
use crate::net::accept::{self, Turned, Welcomed};
use crate::net::clock::Clock;
use crate::net::control::{Control, Wish};
use crate::net::driver::{self, parts};
use crate::net::link::{Link, Setup};
use crate::net::listen::{Address, Arrived, Listener};
use crate::report::Fan;
use crate::watch::farewell::FarewellRule;
use crate::watch::heartbeat;
use crate::watch::life::{Command, Life, Plan, Role};
use crate::wire::close::CloseBody;
use crate::wire::head::Head;

/// A server under way. Dropping it ends the listening and every client's task.
pub struct Serving {
    url: String,
    shared: Rc<Shared>,
    accepting: JoinHandle<()>,
}

/// What all clients' tasks share.
struct Shared {
    fan: Rc<RefCell<Fan>>,
    clock: Clock,
    faults: Vec<Planned>,
    wanted: Wanted,
    clients: Cell<u32>,
    open: Cell<u32>,
    stopping: Cell<bool>,
    stop: Arc<Notify>,
    emptied: Notify,
}

/// The largest message that the echo takes.
const MESSAGE_MAX: u64 = 64 * 1024 * 1024;
/// So many bytes of a message are shown.
const SHOWN_MAX: usize = 1024;
/// A client's answer to our Close is waited for so long at the end.
const CLOSE_WAIT: Span = Span::from_millis(2000);

/// The server of `--demo`: plain, on a free port of this machine.
pub async fn start_demo(faults: Vec<Planned>, fan: Rc<RefCell<Fan>>) -> io::Result<Serving> {
    let address = Address::Tcp(([127, 0, 0, 1], 0).into());
    let listener = Listener::bind(&address, None).await?;
    Ok(start(listener, faults, fan, Wanted::default(), Clock::start()))
}

/// Begins to take clients, on tasks of the current thread.
pub fn start(listener: Listener, faults: Vec<Planned>, fan: Rc<RefCell<Fan>>, wanted: Wanted, clock: Clock) -> Serving {
    let shared = Rc::new(Shared {
        fan,
        clock,
        faults,
        wanted,
        clients: Cell::new(0),
        open: Cell::new(0),
        stopping: Cell::new(false),
        stop: Arc::new(Notify::new()),
        emptied: Notify::new(),
    });
    let url = listener.url();
    let accepting = tokio::task::spawn_local(accept_all(listener, Rc::clone(&shared)));
    Serving { url, shared, accepting }
}

impl Serving {
    /// Where it is reached.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Closes every client with 1001 and waits for them, a limited time.
    pub async fn stop(self) {
        self.accepting.abort();
        self.shared.stopping.set(true);
        self.shared.stop.notify_waiters();
        let all_gone = async {
            while self.shared.open.get() > 0 {
                self.shared.emptied.notified().await;
            }
        };
        let _ = tokio::time::timeout(CLOSE_WAIT.plus(Span::from_millis(500)).duration(), all_gone).await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept_all(listener: Listener, shared: Rc<Shared>) {
    loop {
        let arrived = listener.arrive().await;
        shared.clients.set(shared.clients.get() + 1);
        let conn = ConnId(shared.clients.get());
        let shared = Rc::clone(&shared);
        tokio::task::spawn_local(async move {
            shared.open.set(shared.open.get() + 1);
            serve_one(arrived, conn, &shared).await;
            shared.open.set(shared.open.get() - 1);
            shared.emptied.notify_waiters();
        });
    }
}

async fn serve_one(arrived: Arrived, conn: ConnId, shared: &Rc<Shared>) {
    let peer = arrived.peer.clone();
    let began = shared.clock.now();
    let mut stream = match arrived.stream().await {
        Ok(stream) => stream,
        Err(error) => return shared.fault(shared.clock.now(), conn, "tls", format!("no TLS with {peer}: {error}")),
    };
    let welcomed = tokio::select! {
        welcomed = accept::welcome(&mut stream, &shared.faults) => welcomed,
        () = shared.stopped() => return,
    };
    let Welcomed { head, planned, rest, fault } = match welcomed {
        Ok(welcomed) => welcomed,
        Err(Turned::Unanswered { head }) => {
            shared.unanswered(conn, *head);
            tokio::select! {
                () = accept::wait_for_end(&mut stream) => return,
                () = shared.stopped() => return,
            }
        }
        Err(turned) => return shared.turned_away(conn, &peer, turned),
    };
    let opened_at = shared.clock.now();
    shared.opened(opened_at, conn, &peer, head, opened_at.since(began));
    if let Some(answer) = fault {
        shared.fault(opened_at, conn, answer.fault, format!("{} sent, as asked", answer.what));
    }
    let late = LatePongs::default();
    let lasting = lasting(&planned, opened_at, &late);
    for (name, words) in lasting.told {
        shared.fault(opened_at, conn, name, format!("{words}, as asked"));
    }
    let rewrite = lasting.rewrite;
    let setup = Setup { role: Role::Server, max_message: MESSAGE_MAX, wanted: shared.wanted, rewrite, rest };
    let mut link = Link::new(stream, setup, shared.clock).await;
    let close_ignored = planned.iter().any(|planned| planned.fault == Fault::CloseIgnored);
    let close_timeout = if close_ignored { CLOSE_IGNORED_WAIT } else { CLOSE_WAIT };
    let mut life = Life::new(&life_plan(shared.wanted, close_timeout), opened_at, 0);
    let mut client = Client::new(Rc::clone(shared), conn, Schedule::new(opened_at, &planned), late);
    let ending = driver::drive(&mut link, &mut life, conn, shared.clock, &mut client).await;
    let ended = life.end(ending.at, ending.end);
    client.on(ending.at, conn, EventKind::Ended(ended.clone()));
    driver::part(link, ending.parting, conn, Some(&ended), shared.clock, &mut client).await;
}

fn life_plan(wanted: Wanted, close_timeout: Span) -> Plan {
    let heartbeat = heartbeat::Plan { every: None, ..heartbeat::Plan::default() };
    Plan { role: Role::Server, heartbeat, close_timeout, farewell: FarewellRule::Known, frames: wanted.frames }
}

impl Shared {
    fn emit(&self, at: Moment, conn: ConnId, kind: EventKind) {
        self.fan.borrow_mut().emit(at, conn, kind);
    }

    fn fault(&self, at: Moment, conn: ConnId, fault: &str, what: String) {
        let kind = EventKind::FaultDone(FaultDone { fault: fault.into(), what });
        self.emit(at, conn, kind);
    }

    async fn stopped(&self) {
        let stop = self.stop.notified();
        if !self.stopping.get() {
            stop.await;
        }
    }

    fn opened(&self, now: Moment, conn: ConnId, peer: &str, head: Head, took: Span) {
        let target = head.target().to_string();
        self.emit(now, conn, EventKind::UpgradeSent(UpgradeSent { head }));
        let opened = Opened { url: target, peer: peer.into(), subprotocol: None, server: None, took, down: None };
        self.emit(now, conn, EventKind::Open(opened));
    }

    fn unanswered(&self, conn: ConnId, head: Head) {
        let now = self.clock.now();
        self.emit(now, conn, EventKind::UpgradeSent(UpgradeSent { head }));
        self.fault(now, conn, "no-answer", "no answer to the upgrade, as asked".into());
    }

    fn turned_away(&self, conn: ConnId, peer: &str, turned: Turned) {
        let now = self.clock.now();
        match turned {
            Turned::Refused { head, status, reason, why } => {
                self.emit(now, conn, EventKind::UpgradeSent(UpgradeSent { head: *head }));
                let answer = Head::verbatim(format!("HTTP/1.1 {status} {reason}\r\n\r\n").into_bytes());
                let body = Some(Body { payload: PayloadBytes(why.into_bytes()), cut: false });
                let took = Span::ZERO;
                self.emit(now, conn, EventKind::UpgradeAnswered(UpgradeAnswered { head: answer, body, took }));
            }
            Turned::Fault { head, what } => {
                self.emit(now, conn, EventKind::UpgradeSent(UpgradeSent { head: *head }));
                self.fault(now, conn, "handshake", format!("{what}, as asked"));
            }
            other => self.fault(now, conn, "no-upgrade", format!("{peer}: {other}")),
        }
    }
}

/// One client's wishes: echoes, planned faults, and the Close at the end.
struct Client {
    shared: Rc<Shared>,
    conn: ConnId,
    schedule: Schedule,
    /// What a fault still wants after its first wish.
    next: Option<Wish>,
    late: LatePongs,
    echoes: VecDeque<Message>,
    stop: std::pin::Pin<Box<OwnedNotified>>,
    closed: bool,
}

impl Client {
    fn new(shared: Rc<Shared>, conn: ConnId, schedule: Schedule, late: LatePongs) -> Client {
        let stop = Box::pin(Arc::clone(&shared.stop).notified_owned());
        Client { shared, conn, schedule, next: None, late, echoes: VecDeque::new(), stop, closed: false }
    }

    fn do_fault(&mut self, now: Moment, fault: Fault) -> Wish {
        let conn = self.conn;
        let tell = |name: &str, what: String| self.shared.fault(now, conn, name, what);
        match fault {
            Fault::Close { code, reason } => {
                let words = code.map_or("without a code".into(), |code| format!("{code} {reason:?}"));
                tell("close", format!("Close {words} sent, as asked"));
                Wish::Life(Command::Close(CloseBody { code, reason }))
            }
            Fault::Fin => {
                tell("fin", "TCP ended without a Close frame, as asked".into());
                Wish::Fin
            }
            Fault::Rst => {
                tell("rst", "TCP reset, as asked".into());
                Wish::Reset
            }
            Fault::Farewell(text) => {
                tell("farewell", format!("the message {} sent, as asked", show::quoted(&text)));
                Wish::Send(Message::Text(text.into()))
            }
            Fault::Raw(kind) => {
                tell(raw::name(kind), format!("{} sent, as asked", raw::words(kind)));
                self.next = (kind == Raw::HalfFrame).then_some(Wish::Fin);
                Wish::Inject(raw::bytes(kind))
            }
            _ => {
                tell("freeze", "reading nothing any more, as asked".into());
                Wish::Freeze
            }
        }
    }
}

impl Control for Client {
    fn on(&mut self, at: Moment, conn: ConnId, kind: EventKind) {
        self.shared.emit(at, conn, kind);
    }

    fn message(&mut self, now: Moment, conn: ConnId, message: &Message) {
        if self.shared.wanted.messages != Payload::No {
            let (text, bytes) = parts(message);
            let payload = Some(PayloadBytes(bytes[..bytes.len().min(SHOWN_MAX)].to_vec()));
            let (text, len) = (text.is_some(), bytes.len() as u64);
            self.on(now, conn, EventKind::Message(MessageSeen { direction: Direction::In, text, len, payload }));
        }
        self.echoes.push_back(message.clone());
    }

    fn wish(&mut self, now: Moment, (frames, bytes): (u64, u64)) -> Option<Wish> {
        if let Some(wish) = self.next.take() {
            return Some(wish);
        }
        if let Some(fault) = self.schedule.due(now, frames, bytes) {
            return Some(self.do_fault(now, fault));
        }
        if self.shared.stopping.get() && !self.closed {
            self.closed = true;
            return Some(Wish::Life(Command::Close(CloseBody { code: Some(1001), reason: String::new() })));
        }
        self.late.due(now).map(Wish::Inject).or_else(|| self.echoes.pop_front().map(Wish::Send))
    }

    fn deadline(&self) -> Option<Moment> {
        [self.schedule.deadline(), self.late.deadline()].into_iter().flatten().min()
    }

    fn is_holding(&self) -> bool {
        self.shared.fan.borrow().full()
    }

    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.late.take_new() {
            return Poll::Ready(());
        }
        if self.closed {
            return Poll::Pending;
        }
        self.stop.as_mut().poll(cx)
    }
}
