//! The server's side of the wiring: what all clients share, who is taken and who is not, and the stop. Owns the list of who is
//! open; what one client gets is `arrival`'s and `client`'s, listening is `net::listen`'s.

mod arrival;
mod client;
pub mod mode;
mod old;
mod room;
mod site;
pub mod source;

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::cmd::hub::Hub;
use crate::diagnose::client::{Clients, Fact};
use crate::event::{ConnId, Direction, EventKind, FaultDone, How, Payload, Side, Stray, TcpOpen, Wanted};
use crate::fault::spec::{End, Planned};
use crate::moment::{Moment, Span};
use crate::net::clock::Clock;
use crate::net::http::Readers;
use crate::net::listen::{Address, Listener};
use crate::net::policy::Policy;
use crate::report::Fan;
use crate::report::page::PageFeed;
use crate::watch::heartbeat;
use crate::watch::life::FrameNote;
use crate::wire::header::Opcode;

use mode::{Mode, Stage};
use room::Room;
use source::SourcePlan;

/// What is asked of a server.
#[derive(Clone, Debug)]
pub struct Plan {
    pub mode: Mode,
    pub source: SourcePlan,
    pub faults: Vec<Planned>,
    /// How likely a connection is to get them: 0 to 1.
    pub fault_chance: f64,
    pub seed: Option<u64>,
    pub policy: Policy,
    pub allow_hixie: bool,
    pub heartbeat: heartbeat::Plan,
    /// The largest message, in bytes.
    pub max_message: u64,
    pub max_connections: Option<u32>,
    /// One connection, then the end.
    pub oneshot: bool,
    pub wanted: Wanted,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            mode: Mode::Echo,
            source: SourcePlan::default(),
            faults: Vec::new(),
            fault_chance: 1.0,
            seed: None,
            policy: Policy::default(),
            allow_hixie: false,
            heartbeat: heartbeat::Plan { every: None, ..heartbeat::Plan::default() },
            max_message: 64 * 1024 * 1024,
            max_connections: None,
            oneshot: false,
            wanted: Wanted::default(),
        }
    }
}

/// A server under way. Dropping it ends the listening and every client's task.
pub struct Serving {
    url: String,
    shared: Rc<Shared>,
    accepting: JoinHandle<()>,
}

/// What all clients' tasks share.
pub struct Shared {
    fan: Rc<RefCell<Fan>>,
    feed: PageFeed,
    clock: Clock,
    plan: Plan,
    stage: Stage,
    url: String,
    clients: Cell<u32>,
    /// Clients that are there, whatever they are doing.
    open: Cell<u32>,
    /// Those whose WebSocket is open, or about to be.
    taken: Rc<Cell<u32>>,
    /// Clients that wanted a WebSocket and are gone.
    gone: Cell<u32>,
    /// Fires when somebody wants a WebSocket.
    came: Notify,
    readers: Readers,
    stopping: Cell<bool>,
    /// Fires when the server stops and when all are kicked.
    signal: Arc<Notify>,
    kicks: Cell<u64>,
    kick: Cell<Option<End>>,
    /// Opening handshakes that were asked to flap.
    flaps: Cell<u64>,
    dice: RefCell<StdRng>,
    stories: RefCell<Clients>,
    emptied: Notify,
    /// Expectations of scripts that did not hold.
    failed_checks: Cell<u64>,
}

/// One of the places that `--max-connections` allows. Dropping it gives it back.
struct Place(Rc<Cell<u32>>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// A client's answer to our Close is waited for so long at the end.
const CLOSE_WAIT: Span = Span::from_millis(2000);
/// So many bytes of a message are wanted by who looks at the page.
const WATCHED_HEAD: usize = 1024;

/// The server of `--demo`: plain, on a free port of this machine.
///
/// # Errors
/// The system's, when nothing can be listened on.
pub async fn start_demo(faults: Vec<Planned>, fan: Rc<RefCell<Fan>>) -> io::Result<Serving> {
    let address = Address::Tcp(([127, 0, 0, 1], 0).into());
    let listener = Listener::bind(&address, None).await?;
    let plan = Plan { faults, ..Plan::default() };
    Ok(start(listener, plan, fan, PageFeed::default(), Clock::start()))
}

/// Begins to take clients, on tasks of the current thread.
pub fn start(listener: Listener, plan: Plan, fan: Rc<RefCell<Fan>>, feed: PageFeed, clock: Clock) -> Serving {
    let url = listener.url();
    let stage = Stage {
        source: plan.source,
        room: Rc::new(Room::default()),
        hub: Hub::new(plan.source.every, plan.source.size, clock),
    };
    let dice = plan.seed.map_or_else(rand::make_rng, StdRng::seed_from_u64);
    let shared = Rc::new(Shared {
        fan,
        feed,
        clock,
        plan,
        stage,
        url: url.clone(),
        clients: Cell::new(0),
        open: Cell::new(0),
        taken: Rc::default(),
        gone: Cell::new(0),
        came: Notify::new(),
        readers: Readers::default(),
        stopping: Cell::new(false),
        signal: Arc::new(Notify::new()),
        kicks: Cell::new(0),
        kick: Cell::new(None),
        flaps: Cell::new(0),
        dice: RefCell::new(dice),
        stories: RefCell::new(Clients::new()),
        emptied: Notify::new(),
        failed_checks: Cell::new(0),
    });
    let accepting = tokio::task::spawn_local(accept_all(listener, Rc::clone(&shared)));
    Serving { url, shared, accepting }
}

impl Serving {
    /// Where it is reached.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Tells the stories that are over, again and again; with `--oneshot` it ends with the first connection.
    pub async fn run(&self) {
        loop {
            let wait = self.shared.stories.borrow().deadline();
            let emptied = self.shared.emptied.notified();
            let all_gone = self.shared.clients.get() > 0 && self.shared.gone.get() >= self.shared.clients.get();
            if self.shared.plan.oneshot && all_gone {
                return;
            }
            let due = async {
                match wait {
                    Some(at) => tokio::time::sleep_until(self.shared.clock.instant(at)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = emptied => {}
                () = due => {
                    let now = self.shared.clock.now();
                    let reports = self.shared.stories.borrow_mut().due(now);
                    for report in reports {
                        self.shared.emit(now, ConnId::default(), EventKind::ClientReport(report));
                    }
                }
            }
        }
    }

    /// Closes every client with 1001, waits for them a limited time, and tells all stories that are left. False when an
    /// expectation of a script did not hold.
    pub async fn stop(self) -> bool {
        self.accepting.abort();
        self.shared.stopping.set(true);
        self.shared.signal.notify_waiters();
        let all_gone = async {
            while self.shared.open.get() > 0 {
                self.shared.emptied.notified().await;
            }
        };
        let _ = tokio::time::timeout(CLOSE_WAIT.plus(Span::from_millis(500)).duration(), all_gone).await;
        let now = self.shared.clock.now();
        let reports = self.shared.stories.borrow_mut().finish(now);
        for report in reports {
            self.shared.emit(now, ConnId::default(), EventKind::ClientReport(report));
        }
        self.shared.failed_checks.get() == 0
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept_all(listener: Listener, shared: Rc<Shared>) {
    loop {
        // A page that is looked at is not the one connection that `--oneshot` means.
        let arrived = tokio::select! {
            arrived = listener.arrive() => arrived,
            () = shared.came.notified(), if shared.plan.oneshot => return,
        };
        let mine = Rc::clone(&shared);
        tokio::task::spawn_local(async move {
            mine.open.set(mine.open.get() + 1);
            if arrival::serve_one(arrived, &mine).await {
                mine.gone.set(mine.gone.get() + 1);
            }
            mine.open.set(mine.open.get() - 1);
            mine.emptied.notify_waiters();
        });
    }
}

impl Shared {
    fn emit(&self, at: Moment, conn: ConnId, kind: EventKind) {
        self.fan.borrow_mut().emit(at, conn, kind);
    }

    fn fault(&self, at: Moment, conn: ConnId, fault: &str, what: String) {
        let kind = EventKind::FaultDone(FaultDone { fault: fault.into(), what });
        self.emit(at, conn, kind);
    }

    /// The number of the next client that wants a WebSocket.
    fn next_conn(&self, peer: &str, local: Option<SocketAddr>) -> ConnId {
        self.clients.set(self.clients.get() + 1);
        let conn = ConnId(self.clients.get());
        self.came.notify_waiters();
        let local = local.map(|local| local.to_string()).unwrap_or_default();
        let open = TcpOpen { peer: peer.into(), local, attempts: Vec::new(), took: Span::ZERO };
        self.emit(self.clock.now(), conn, EventKind::TcpOpen(open));
        conn
    }

    /// What the readers want, and somebody who looks at the page.
    fn wanted(&self) -> Wanted {
        let wanted = self.plan.wanted;
        if !self.feed.is_watched() {
            return wanted;
        }
        let messages = if wanted.messages == Payload::No { Payload::Head(WATCHED_HEAD) } else { wanted.messages };
        Wanted { frames: true, messages }
    }

    async fn stopped(&self) {
        loop {
            let signal = self.signal.notified();
            if self.stopping.get() {
                return;
            }
            signal.await;
        }
    }

    /// Ends every client in the same instant.
    fn kick_all(&self, end: End) {
        self.kick.set(Some(end));
        self.kicks.set(self.kicks.get() + 1);
        self.signal.notify_waiters();
    }

    /// A place for one more connection, or how many have one.
    fn place(&self) -> Result<Place, u32> {
        let taken = self.taken.get();
        let most = if self.plan.oneshot { Some(1) } else { self.plan.max_connections };
        if most.is_some_and(|most| taken >= most) {
            return Err(taken);
        }
        self.taken.set(taken + 1);
        Ok(Place(Rc::clone(&self.taken)))
    }

    /// The faults of the command line, if chance gives them to this connection.
    fn drawn_faults(&self) -> Vec<Planned> {
        if self.plan.fault_chance >= 1.0 || self.dice.borrow_mut().random::<f64>() < self.plan.fault_chance {
            return self.plan.faults.clone();
        }
        Vec::new()
    }

    /// A number for a generator of its own.
    fn seed(&self) -> u64 {
        self.dice.borrow_mut().random()
    }

    /// Is this opening handshake the second of two?
    fn flaps(&self) -> bool {
        self.flaps.set(self.flaps.get() + 1);
        self.flaps.get().is_multiple_of(2)
    }

    /// What the client's report card makes of an event.
    fn story(&self, at: Moment, conn: ConnId, kind: &EventKind) {
        let mut stories = self.stories.borrow_mut();
        match kind {
            EventKind::Answered(answered) if answered.own => {
                stories.see(at, conn, Fact::Answered { rtt: answered.rtt })
            }
            EventKind::Missed(_) => stories.see(at, conn, Fact::Missed),
            EventKind::StrayPong(stray) if stray.kind == Stray::Unknown => stories.see(at, conn, Fact::ClientPong),
            EventKind::Ended(ended) => {
                if let (How::Garbage { words, .. }, Side::Peer) = (&ended.how, ended.by) {
                    stories.see(at, conn, Fact::Breach { words });
                }
                stories.see(at, conn, Fact::Ended { ended });
            }
            _ => {}
        }
    }

    fn close_answered(&self, at: Moment, conn: ConnId, code: Option<u16>, took: Span) {
        self.stories.borrow_mut().see(at, conn, Fact::CloseAnswered { code, took });
    }

    /// A request that came to nothing.
    fn gone(&self, conn: ConnId) {
        self.stories.borrow_mut().see(self.clock.now(), conn, Fact::Gone);
    }

    fn control_frame(&self, conn: ConnId, note: &FrameNote) {
        if note.direction == Direction::In && note.header.opcode == Opcode::Ping {
            self.stories.borrow_mut().see(note.last_at, conn, Fact::ClientPing);
        }
    }

    fn heard(&self, at: Moment, conn: ConnId, text: bool, bytes: &[u8]) {
        self.stories.borrow_mut().see(at, conn, Fact::Message { text, bytes });
    }
}
