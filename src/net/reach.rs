//! The client's way to a peer: name, TCP, TLS, upgrade, one time limit for all four. Owns their order, the events of each
//! phase, redirects, and which phase used the time up; each phase's own work is next door.

use std::cell::Cell;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

use crate::event::secrets::{is_credential_field, secrets_in, without_tokens, without_userinfo};
use crate::event::{
    Attempt, DialFailed, DialFault, DialStarted, EventKind, FaultDone, Opened, Phase, Redirected, Wanted,
};
use crate::fault::conduct::{self, Between, Conduct};
use crate::fault::socket::pace::Pace;
use crate::fault::spec::Planned;
use crate::moment::{Moment, Span};
use crate::net::clock::Clock;
use crate::net::control::{DialEnd, Dialer, Dialled, Log};
use crate::net::link::{Link, Setup, Socket};
use crate::net::open::{self, NotUpgraded, Upgraded};
use crate::net::stream::{Plain, Stream};
use crate::net::target::Target;
use crate::net::timer::LATE;
use crate::net::{dial, resolve, second_look, tls};
use crate::watch::life::{self, Life, Role};
use crate::wire::head::Head;
use crate::wire::upgrade::{Extra, Request, key_from};

/// What the opening handshake says, less its key, path and host.
#[derive(Clone, Debug)]
pub struct RequestPlan {
    pub host: Option<String>,
    /// `key` and `target` are filled in for each attempt.
    pub request: Request,
}

/// The whole way.
#[derive(Clone, Debug)]
pub struct Plan {
    pub dial: dial::Plan,
    pub request: RequestPlan,
    /// For all phases together; none: no limit.
    pub timeout: Option<Span>,
    /// `-L`: so many redirects are followed.
    pub redirects: Option<u32>,
    /// After a first dial that failed, what tells its cause is tried once.
    pub second_look: bool,
    /// The run ends then: a look that would not be done by then is not begun.
    pub until: Option<Moment>,
    pub life: life::Plan,
    pub max_message: u64,
    pub wanted: Wanted,
    /// What we do wrong on purpose, on every connection.
    pub faults: Vec<Planned>,
    /// Makes jitter repeatable.
    pub seed: u64,
}

/// Dials by a plan.
pub struct Reach {
    plan: Plan,
    clock: Clock,
    wrongs: conduct::Current,
    dice: StdRng,
    nonces: StdRng,
    looked: bool,
    /// The address of the last open.
    peer: Option<SocketAddr>,
}

impl Reach {
    /// Nothing is dialled yet. What is to be done wrong on a connection stands in `wrongs` from its open on.
    pub fn new(plan: Plan, clock: Clock, wrongs: conduct::Current) -> Reach {
        let dice = StdRng::seed_from_u64(plan.seed);
        Reach { plan, clock, wrongs, dice, nonces: rand::make_rng(), looked: false, peer: None }
    }

    async fn once(&mut self, plan: &dial::Plan, limit: &Limit, log: &Log) -> Result<Dialled<Stream>, Failed> {
        let began = self.clock.now();
        let (plain, peer) = self.connect(plan, limit, log).await?;
        self.peer = peer.parse().ok();
        let mut stream = self.secure(plan, plain, limit, log).await?;
        let request = self.request(&plan.target);
        let upgraded = self.ask(&mut stream, &request, limit, log).await?;
        let Upgraded { head, rest } = upgraded;
        let between = self.misbehave(log);
        let setup = Setup {
            role: Role::Client,
            max_message: self.plan.max_message,
            wanted: self.plan.wanted,
            rewrite: between.rewrite,
            pace: between.pace.map(|plan| Pace::new(plan, self.plan.seed)),
            rest,
        };
        let opened = opened(&plan.target, peer, &head, self.clock.now().since(began));
        Ok(Dialled { link: Link::new(stream, setup, self.clock).await, opened })
    }

    /// Tries once in a run what tells the cause of a failure, before that is told.
    async fn look_again(&mut self, plan: &dial::Plan, failed: &DialFailed, log: &Log) {
        let Some(tried) = second_look::worth(plan.target.tls, failed.phase, &failed.fault) else { return };
        // Without it the failure would not be told, only that the time is used up.
        let is_late = self.plan.until.is_some_and(|until| until.since(self.clock.now()) <= second_look::WAIT);
        if is_late || !self.plan.second_look || std::mem::replace(&mut self.looked, true) {
            return;
        }
        // The address that failed, not another one of the name: that may be another server.
        let addresses: Vec<SocketAddr> = self.peer.into_iter().collect();
        let request = second_look::bare(self.request(&plan.target)).bytes();
        let look = second_look::look(plan, &addresses, tried, &request, self.clock).await;
        log.tell(self.clock.now(), EventKind::SecondLook(look));
    }

    /// Begins what this end does wrong on purpose.
    fn misbehave(&self, log: &Log) -> Between {
        if self.plan.faults.is_empty() {
            return Between::default();
        }
        let now = self.clock.now();
        let (conduct, between, told) = Conduct::begin(&self.plan.faults, now, true);
        for (fault, words) in told {
            let what = format!("{words}, as asked");
            log.tell(now, EventKind::FaultDone(FaultDone { fault: fault.into(), what }));
        }
        *self.wrongs.borrow_mut() = Some(conduct);
        between
    }

    async fn connect(&self, plan: &dial::Plan, limit: &Limit, log: &Log) -> Result<(Plain, String), Failed> {
        let addresses = if plan.unix_socket.is_some() {
            Vec::new()
        } else {
            let began = self.clock.now();
            let resolving = limit.within(resolve::resolve(plan, &self.clock));
            let resolved = resolving.await.ok_or_else(|| limit.used_up(Vec::new(), None));
            let (resolved, addresses) =
                resolved.and_then(|resolved| resolved).map_err(|fault| self.failed(Phase::Resolve, began, fault))?;
            log.tell(self.clock.now(), EventKind::Resolved(resolved));
            addresses
        };
        let began = self.clock.now();
        let mut attempts: Vec<Attempt> = Vec::new();
        let connected = limit.within(dial::connect(plan, &addresses, &self.clock, &mut attempts)).await;
        let connected = connected.ok_or_else(|| limit.used_up(attempts, None)).and_then(|connected| connected);
        let (plain, open) = connected.map_err(|fault| self.failed(Phase::Connect, began, fault))?;
        let peer = open.peer.clone();
        log.tell(self.clock.now(), EventKind::TcpOpen(open));
        Ok((plain, peer))
    }

    async fn secure(&self, plan: &dial::Plan, plain: Plain, limit: &Limit, log: &Log) -> Result<Stream, Failed> {
        if !plan.target.tls {
            return Ok(Stream::from(plain));
        }
        let began = self.clock.now();
        let shaking = limit.within(tls::handshake(plain, &plan.tls, &plan.target.host, &self.clock));
        let shaken = shaking.await.ok_or_else(|| limit.used_up(Vec::new(), None)).and_then(|shaken| shaken);
        let (stream, ready) = shaken.map_err(|fault| self.failed(Phase::Tls, began, fault))?;
        log.tell(self.clock.now(), EventKind::TlsReady(ready));
        Ok(Stream::from(stream))
    }

    async fn ask(&self, stream: &mut Stream, request: &Request, limit: &Limit, log: &Log) -> Result<Upgraded, Failed> {
        let (began, received) = (self.clock.now(), Cell::new(0));
        let asked = limit.within(open::upgrade(stream, request, limit.end(), self.clock, (log, &received))).await;
        match asked {
            Some(Ok(upgraded)) => Ok(upgraded),
            Some(Err(NotUpgraded { fault, retry_after, location })) => {
                Err(Failed { retry_after, location, ..self.failed(Phase::Upgrade, began, fault) })
            }
            None => {
                let delivered = stream.descriptor().and_then(crate::net::kernel::tcp_info).map(|info| info.delivered());
                let mut fault = limit.used_up(Vec::new(), delivered);
                if let DialFault::TimedOut { received: told, .. } = &mut fault {
                    *told = received.get();
                }
                Err(self.failed(Phase::Upgrade, began, fault))
            }
        }
    }

    fn request(&mut self, target: &Target) -> Request {
        let RequestPlan { host, request } = &self.plan.request;
        let mut nonce = [0; 16];
        self.nonces.fill_bytes(&mut nonce);
        Request {
            target: target.path.clone(),
            host: host.clone().unwrap_or_else(|| target.host_header()),
            key: key_from(nonce),
            ..request.clone()
        }
    }

    fn failed(&self, phase: Phase, began: Moment, fault: DialFault) -> Failed {
        let took = self.clock.now().since(began);
        Failed { failed: DialFailed { phase, fault, took }, retry_after: None, location: None }
    }

    /// The plan for the place that a redirect names, if it names one; credentials stay with the origin that they were
    /// given for.
    fn follow(&mut self, plan: &dial::Plan, location: &str) -> Option<dial::Plan> {
        let target = plan.target.redirect(location).ok()?;
        let here = &plan.target;
        if (&target.host, target.port, target.tls) != (&here.host, here.port, here.tls) {
            let request = &mut self.plan.request.request;
            request.authorization = None;
            request.cookies.clear();
            request.subprotocols = without_tokens(&request.subprotocols);
            request.origin = request.origin.as_deref().map(without_userinfo);
            request.extra.retain(|extra| !is_credential(extra));
            for extra in &mut request.extra {
                if let Extra::Set(_, value) = extra {
                    *value = without_userinfo(value);
                }
            }
            self.plan.request.host = None;
        }
        Some(dial::Plan { target, ..plan.clone() })
    }
}

impl Dialer for Reach {
    type Io = Stream;

    async fn dial(&mut self, attempt: u32, log: Log) -> Result<Dialled<Stream>, DialEnd> {
        let mut plan = self.plan.dial.clone();
        let began = self.clock.now();
        log.tell(began, EventKind::DialStarted(DialStarted { url: plan.target.url(), attempt }));
        let limit = Limit { clock: self.clock, began, span: self.plan.timeout };
        let mut hops = 0;
        loop {
            let Failed { failed, retry_after, location } = match self.once(&plan, &limit, &log).await {
                Ok(dialled) => return Ok(dialled),
                Err(failed) => failed,
            };
            let (Some(most), Some(location)) = (self.plan.redirects, location) else {
                self.look_again(&plan, &failed, &log).await;
                return Err(DialEnd { failed, retry_after });
            };
            if hops == most {
                let words = format!("{most} redirects were followed, and here is another one");
                let fault = DialFault::Redirects { words };
                return Err(DialEnd { failed: DialFailed { fault, ..failed }, retry_after });
            }
            hops += 1;
            // A Location that cannot be used is told as the refusal that it is.
            let Some(next) = self.follow(&plan, &location) else {
                return Err(DialEnd { failed, retry_after });
            };
            let status = if let DialFault::Refused { status, .. } = failed.fault { status } else { 0 };
            let (from, to) = (plan.target.url(), next.target.url());
            log.tell(self.clock.now(), EventKind::Redirected(Redirected { status, from, to }));
            plan = next;
        }
    }

    fn life(&self, opened: Moment) -> Life {
        // Distinct from connection to connection, and of no meaning beyond that.
        let nonce = (opened.nanos() as u32).rotate_left(16) ^ self.plan.seed as u32;
        Life::new(&self.plan.life, opened, nonce)
    }

    fn dice(&mut self) -> f64 {
        self.dice.random()
    }
}

impl Socket for Stream {
    fn descriptor(&self) -> Option<std::os::fd::RawFd> {
        self.raw_fd()
    }
}

#[derive(Debug)]
struct Failed {
    failed: DialFailed,
    retry_after: Option<Span>,
    location: Option<String>,
}

/// The time for all phases together.
struct Limit {
    clock: Clock,
    began: Moment,
    span: Option<Span>,
}

impl Limit {
    async fn within<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let Some(span) = self.span else { return Some(work.await) };
        let mut work = pin!(work);
        let mut until = self.began.after(span);
        loop {
            if let Ok(done) = tokio::time::timeout_at(self.clock.instant(until), work.as_mut()).await {
                return Some(done);
            }
            let now = self.clock.now();
            let late = now.since(until);
            if late <= LATE {
                return None;
            }
            // This process did not run: the time that it missed is not the peer's fault.
            until = now.after(late.min(span));
        }
    }

    fn end(&self) -> Option<Moment> {
        self.span.map(|span| self.began.after(span))
    }

    fn used_up(&self, attempts: Vec<Attempt>, delivered: Option<bool>) -> DialFault {
        DialFault::TimedOut { limit: self.span.unwrap_or_default(), attempts, delivered, received: 0 }
    }
}

fn is_credential(extra: &Extra) -> bool {
    match extra {
        Extra::Set(name, value) => is_credential_field(name) || !secrets_in(value).is_empty(),
        Extra::Remove(_) => false,
    }
}

fn opened(target: &Target, peer: String, head: &Head, took: Span) -> Opened {
    Opened {
        url: target.url(),
        peer,
        subprotocol: head.first("Sec-WebSocket-Protocol").map(str::to_string),
        server: head.first("Server").map(str::to_string),
        took,
        down: None,
        served: None,
    }
}
