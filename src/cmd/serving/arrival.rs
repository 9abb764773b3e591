//! One client from its arrival to its end: TLS, its request, the answer that it gets, and its life. Owns that order and what
//! is told of it; what is wished while it is open is `client`'s, plain HTTP is `site`'s, the drafts before RFC 6455 `old`'s.

use std::io;
use std::rc::Rc;

use crate::cmd::serving::client::Client;
use crate::cmd::serving::mode::{Mode, Playing, path_of};
use crate::cmd::serving::{CLOSE_WAIT, Place, Shared, old, site};
use crate::diagnose::client::Fact;
use crate::event::{Body, ConnId, EventKind, Opened, PayloadBytes, Returns, Served, UpgradeAnswered, UpgradeSent};
use crate::fault::conduct::Conduct;
use crate::fault::frames::CLOSE_IGNORED_WAIT;
use crate::fault::socket::pace::Pace;
use crate::fault::spec::{self, Fault, Planned};
use crate::moment::{Moment, Span};
use crate::net::accept::{self, Asked, Turned, Welcomed};
use crate::net::control::Control;
use crate::net::driver;
use crate::net::link::{Link, Setup};
use crate::net::listen::Arrived;
use crate::net::policy::Refusal;
use crate::net::prefixed::Prefixed;
use crate::net::stream::Stream;
use crate::watch::farewell::FarewellRule;
use crate::watch::life::{Life, Plan, Role};
use crate::wire::head::Head;
use crate::wire::hixie76::Draft;

/// A client whose upgrade was answered by a 101.
struct Ready {
    stream: Stream,
    /// Frames that came with the request.
    rest: Vec<u8>,
    planned: Vec<Planned>,
    mode: Mode,
    opened: Moment,
    _place: Place,
}

/// What a client wants, by its request.
enum Wants {
    Upgrade,
    /// A draft before RFC 6455.
    Old(Draft),
    Http,
}

/// Serves one client to its end. The parts are boxed: what a client needs once must not be kept while it is idle.
/// True if it wanted a WebSocket.
pub async fn serve_one(arrived: Arrived, shared: &Rc<Shared>) -> bool {
    let mut conn = None;
    if let Some(ready) = Box::pin(welcome(arrived, &mut conn, shared)).await
        && let Some(conn) = conn
    {
        Box::pin(live(ready, conn, shared)).await;
    }
    conn.is_some()
}

async fn welcome(arrived: Arrived, numbered: &mut Option<ConnId>, shared: &Rc<Shared>) -> Option<Ready> {
    let (peer, local) = (arrived.peer.clone(), arrived.local);
    let began = shared.clock.now();
    let mut number = || *numbered.insert(shared.next_conn(&peer, local));
    let shaken = tokio::select! {
        shaken = arrived.stream() => shaken,
        () = shared.stopped() => return None,
    };
    let mut stream = match shaken {
        Ok(stream) => stream,
        Err(error) => {
            shared.fault(shared.clock.now(), number(), "tls", no_tls(&error));
            return None;
        }
    };
    let asked = tokio::select! {
        asked = accept::read(&mut stream) => asked,
        () = shared.stopped() => return None,
    };
    let asked = match asked {
        Ok(asked) => asked,
        Err(turned) => {
            turned_away(shared, number(), turned);
            return None;
        }
    };
    match wants(&asked.head) {
        Wants::Http if !is_for_sockets(asked.head.target()) => {
            if let Err(refusal) = shared.plan.policy.judge_credentials(&asked.head) {
                // The page and the feed tell of everybody: who may not open a socket may not look on either.
                let _ = accept::refuse(&mut stream, asked.head, refusal).await;
                return None;
            }
            let bytes = [asked.head.raw(), &asked.rest].concat();
            tokio::select! {
                () = site::serve(Prefixed::new(bytes, stream), local, shared) => {}
                () = shared.stopped() => {}
            }
            None
        }
        Wants::Old(draft) => {
            old::serve(stream, asked, draft, number(), &peer, shared).await;
            None
        }
        Wants::Http | Wants::Upgrade => upgrade(stream, asked, number(), &peer, began, shared).await,
    }
}

fn wants(head: &Head) -> Wants {
    match Draft::of(head) {
        Some(draft) => Wants::Old(draft),
        None if head.has_token("Upgrade", "websocket") => Wants::Upgrade,
        None => Wants::Http,
    }
}

fn is_for_sockets(target: &str) -> bool {
    Mode::of_path(target).is_some() || path_of(target).starts_with("/fault/")
}

/// Why there is no TLS, in the words of who looks at the log.
fn no_tls(error: &io::Error) -> String {
    let words = error.to_string();
    let cause = match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            "the client left during the handshake; it may not trust the certificate (--ca-out)"
        }
        io::ErrorKind::InvalidData if words.contains("InvalidContentType") => "the client speaks no TLS: a ws:// URL?",
        _ => return format!("no TLS: {words}"),
    };
    format!("no TLS: {cause}")
}

async fn upgrade(
    mut stream: Stream,
    asked: Asked,
    conn: ConnId,
    peer: &str,
    began: Moment,
    shared: &Rc<Shared>,
) -> Option<Ready> {
    let request = asked.head.clone();
    shared.stories.borrow_mut().see(shared.clock.now(), conn, Fact::Request { peer, head: &request });
    let place = shared.place();
    let planned = match &place {
        Ok(_) => plan_for(&asked.head, shared),
        Err(taken) => {
            let open = if *taken == 1 { "1 connection is".into() } else { format!("{taken} connections are") };
            Err(unavailable(format!("{open} open, and no more are taken")))
        }
    };
    let answered = match planned {
        Ok(planned) => {
            let answer = accept::answer(&mut stream, asked, &planned, &shared.plan.policy);
            tokio::select! {
                answered = answer => answered.map(|welcomed| (welcomed, planned)),
                () = shared.stopped() => return None,
            }
        }
        Err(refusal) => accept::refuse(&mut stream, asked.head, refusal).await.map(|welcomed| (welcomed, Vec::new())),
    };
    let (welcomed, planned) = match answered {
        Ok(answered) => answered,
        Err(Turned::Unanswered { head }) => {
            let now = shared.clock.now();
            shared.emit(now, conn, EventKind::UpgradeSent(UpgradeSent { head: *head }));
            shared.fault(now, conn, "no-answer", "no answer to the upgrade, as asked".into());
            tokio::select! {
                () = accept::wait_for_end(&mut stream) => {}
                () = shared.stopped() => {}
            }
            shared.gone(conn);
            return None;
        }
        Err(turned) => {
            turned_away(shared, conn, turned);
            return None;
        }
    };
    let opened = shared.clock.now();
    let mode = Mode::of_path(welcomed.head.target()).unwrap_or_else(|| shared.plan.mode.clone());
    tell_open(shared, conn, peer, &welcomed, &mode, opened.since(began));
    Some(Ready { stream, rest: welcomed.rest, planned, mode, opened, _place: place.ok()? })
}

/// The faults for this connection, or why there is none.
fn plan_for(head: &Head, shared: &Shared) -> Result<Vec<Planned>, Refusal> {
    let mut planned = shared.drawn_faults();
    match spec::from_path(path_of(head.target())) {
        Some(Ok(own)) => planned.extend(own),
        Some(Err(fault)) => {
            let (reason, why) = ("Bad Request", fault.to_string());
            return Err(Refusal { status: 400, reason, fields: Vec::new(), why });
        }
        None => {}
    }
    if planned.iter().any(|planned| planned.fault == Fault::Flap) && shared.flaps() {
        return Err(unavailable("flapping, as asked: every second handshake is refused".into()));
    }
    Ok(planned)
}

fn unavailable(why: String) -> Refusal {
    let fields = vec![("Retry-After".into(), "1".into())];
    Refusal { status: 503, reason: "Service Unavailable", fields, why }
}

async fn live(ready: Ready, conn: ConnId, shared: &Rc<Shared>) {
    let Ready { stream, rest, planned, mode, opened, _place } = ready;
    let (conduct, between, told) = Conduct::begin(&planned, opened, false);
    for (name, words) in told {
        shared.fault(opened, conn, name, format!("{words}, as asked"));
    }
    let setup = Setup {
        role: Role::Server,
        max_message: shared.plan.max_message,
        wanted: shared.wanted(),
        rewrite: between.rewrite,
        pace: between.pace.map(|plan| Pace::new(plan, shared.seed())),
        rest,
    };
    // What is only passed through on the way would be kept as long as the client: boxed, it goes.
    let mut link = Box::pin(Link::new(stream, setup, shared.clock)).await;
    let close_timeout = close_timeout(&planned);
    let mut life = Life::new(&life_plan(shared, close_timeout), opened, conn.0);
    drop(planned);
    let playing = Playing::begin(&mode, &shared.stage, conn, opened);
    let mut client = Client::new(Rc::clone(shared), conn, conduct, playing);
    let ending = driver::drive(&mut link, &mut life, conn, shared.clock, &mut client).await;
    let ended = life.end(ending.at, ending.end);
    client.finish(ending.at);
    client.on(ending.at, conn, EventKind::Ended(ended.clone()));
    Box::pin(driver::part(link, ending.parting, conn, Some(&ended), shared.clock, &mut client)).await;
}

/// What is held back on purpose is not cut off by our own impatience.
fn close_timeout(planned: &[Planned]) -> Span {
    let holds_back = |fault: &Fault| {
        let is_paced = matches!(fault, Fault::Latency(_) | Fault::Bandwidth(_) | Fault::Slicer(_));
        is_paced || *fault == Fault::CloseIgnored
    };
    if planned.iter().any(|planned| holds_back(&planned.fault)) { CLOSE_IGNORED_WAIT } else { CLOSE_WAIT }
}

fn life_plan(shared: &Shared, close_timeout: Span) -> Plan {
    Plan {
        role: Role::Server,
        heartbeat: shared.plan.heartbeat.clone(),
        close_timeout,
        farewell: FarewellRule::Known,
        frames: shared.wanted().frames,
    }
}

fn tell_open(shared: &Shared, conn: ConnId, peer: &str, welcomed: &Welcomed, mode: &Mode, took: Span) {
    let now = shared.clock.now();
    shared.emit(now, conn, EventKind::UpgradeSent(UpgradeSent { head: welcomed.head.clone() }));
    let answer = welcomed.answer.clone();
    shared.emit(now, conn, EventKind::UpgradeAnswered(UpgradeAnswered { head: answer, body: None, took }));
    shared.stories.borrow_mut().see(now, conn, Fact::Open);
    let returns = shared.stories.borrow().returns(conn).map(|(conn, after)| Returns { conn, after });
    let served = Served { mode: mode.name().into(), returns };
    let opened = Opened {
        url: welcomed.head.target().to_string(),
        peer: peer.into(),
        subprotocol: welcomed.subprotocol.clone(),
        server: None,
        took,
        down: None,
        served: Some(served),
    };
    shared.emit(now, conn, EventKind::Open(opened));
    if let Some(answer) = &welcomed.fault {
        shared.fault(now, conn, answer.fault, format!("{} sent, as asked", answer.what));
    }
}

/// What is told of a client that was not taken.
pub fn turned_away(shared: &Shared, conn: ConnId, turned: Turned) {
    let now = shared.clock.now();
    let (head, answer, why) = match turned {
        Turned::Refused { head, answer, why } => (head, answer, why),
        Turned::Fault { head, answer, what } => {
            refused(shared, conn, &answer);
            shared.emit(now, conn, EventKind::UpgradeSent(UpgradeSent { head: *head }));
            return shared.fault(now, conn, "handshake", format!("{what}, as asked"));
        }
        other => {
            shared.gone(conn);
            return shared.fault(now, conn, "no-upgrade", other.to_string());
        }
    };
    refused(shared, conn, &answer);
    shared.emit(now, conn, EventKind::UpgradeSent(UpgradeSent { head: *head }));
    let body = Some(Body { payload: PayloadBytes(why.into_bytes()), cut: false });
    shared.emit(now, conn, EventKind::UpgradeAnswered(UpgradeAnswered { head: *answer, body, took: Span::ZERO }));
}

fn refused(shared: &Shared, conn: ConnId, answer: &Head) {
    let Some(status) = answer.status() else { return };
    let retry_after = answer.first("Retry-After").and_then(|value| value.parse().ok());
    shared.stories.borrow_mut().see(shared.clock.now(), conn, Fact::Refused { status, retry_after });
}
