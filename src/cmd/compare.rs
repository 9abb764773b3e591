//! `wscope probe --compare`: the socket, long polling and short polling beside each other on the same messages, on the
//! user's own path. Owns the order of the run: a first poll tells where the messages are, the socket opens, all three
//! listen at once. The polls are `polling`, the socket's onlooker is `watch`, the figures are `exam::compare`'s.

mod polling;
mod watch;

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use crate::cmd::audience::Audience;
use crate::cmd::compare::polling::{ANSWER_WAIT, Poller, foreign_answer, get_fault};
use crate::cmd::compare::watch::{Shared, Subject, Watch};
use crate::cmd::outcome::Outcome;
use crate::cmd::probe;
use crate::cmd::run::Limit;
use crate::cmd::signals::Signals;
use crate::diagnose::{Diagnosis, asked};
use crate::event::compared::{Compared, Way};
use crate::event::show::{count, span};
use crate::event::{ConnId, DialFailed, DialFault, DialStarted, EventKind, Exit, Phase};
use crate::exam::compare::{Course, Traffic, compare, fault, read_poll};
use crate::fault::conduct;
use crate::moment::{Moment, Span};
use crate::net::clock::{self, Clock};
use crate::net::control::{Control, Log};
use crate::net::get::{self, GetFault, Getter, http_url};
use crate::net::target::Target;
use crate::net::{reach, rounds};
use crate::report::Fan;
use crate::watch::session::{self, Session, Totals};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// As the verdict names it.
    pub url: String,
    pub socket: Target,
    pub long_poll: Target,
    pub short_poll: Target,
    /// The pause of short polling.
    pub interval: Span,
    /// How long all three listen.
    pub listen: Span,
}

/// What both ways of polling have brought, and the shortest round trip.
type Polls = ([(Way, Course, Traffic); 2], Option<Span>);

/// Compares; the exit is that of the process.
pub async fn run(
    plan: &probe::Plan,
    comparison: &Plan,
    fan: &Rc<RefCell<Fan>>,
    signals: &mut Signals,
    clock: Clock,
) -> Exit {
    let subject = Subject {
        socket: comparison.socket.url(),
        listen: comparison.listen,
        wall_start: clock::wall_micros().saturating_sub_unsigned(clock.now().nanos() / 1000),
        wanted: plan.reach.wanted,
        limit: plan.timeout.map(|span| Limit { span, at: Moment::START.after(span) }),
    };
    let wall_start = subject.wall_start;
    let diagnosis = Diagnosis::new(plan.reach.life.heartbeat.every, clock.wall_start_unix_ms());
    let outcome = Outcome::new(plan.outcome);
    let audience = Audience::new(Rc::clone(fan), signals, diagnosis, outcome);
    let mut watch = Watch::new(subject, audience);
    for variable in &plan.unused_proxies {
        watch.on(clock.now(), ConnId::default(), EventKind::Finding(asked::proxy_not_used(variable)));
    }
    let (mut totals, mut healthy) = (Totals::default(), String::new());
    if let Some(first) = find_first(plan, comparison, &mut watch, clock).await {
        let (sum, compared) = all_three(plan, comparison, first, wall_start, &mut watch, clock).await;
        totals = sum;
        if let Some(compared) = compared {
            healthy = healthy_fact(&compared);
            if let Some(why) = fault(&compared) {
                watch.shared().fail(why);
            }
            watch.on(clock.now(), ConnId::default(), EventKind::Compared(compared));
        }
    }
    watch.judge(clock, &comparison.url, totals, healthy).exit
}

fn healthy_fact(compared: &Compared) -> String {
    format!("{} in {} over three ways", count(compared.messages, "message"), span(compared.took))
}

/// The number of the next message, by a poll that counts for no way. None: it cannot be had, and why is told.
async fn find_first(plan: &probe::Plan, comparison: &Plan, watch: &mut Watch<'_>, clock: Clock) -> Option<u64> {
    let (began, log) = (clock.now(), Log::default());
    let mut getter = getter(plan, &comparison.short_poll, clock, Some(log.clone()));
    let got = watch.wait_for(getter.get(&comparison.short_poll.path, ANSWER_WAIT), clock).await?;
    let url = http_url(&comparison.short_poll);
    let failed = match got {
        Ok(answer) => {
            watch.reached();
            let polled = read_poll(&answer.body).filter(|_| answer.head.status() == Some(200));
            if polled.is_none() {
                watch.shared().fail(foreign_answer(&url, &answer));
            }
            return polled.map(|polled| polled.next);
        }
        Err(GetFault::Dial(failed)) => failed,
        Err(GetFault::Late(limit)) => DialFailed {
            phase: Phase::Upgrade,
            fault: DialFault::TimedOut { limit, attempts: Vec::new(), delivered: None, received: 0 },
            took: limit,
        },
        Err(broken @ GetFault::Broken(_)) => {
            watch.shared().fail(format!("{url}: {}", get_fault(&broken)));
            return None;
        }
    };
    let conn = ConnId(1);
    let dial = DialStarted { url: comparison.short_poll.url(), attempt: 0 };
    watch.on(began, conn, EventKind::DialStarted(dial));
    while let Some((at, kind)) = log.take() {
        watch.on(at, conn, kind);
    }
    watch.on(clock.now(), conn, EventKind::DialFailed(failed));
    None
}

/// The socket, and beside it the polls. The comparison is there when all three listened to the end.
async fn all_three(
    plan: &probe::Plan,
    comparison: &Plan,
    first: u64,
    wall_start: i64,
    watch: &mut Watch<'_>,
    clock: Clock,
) -> (Totals, Option<Compared>) {
    let poller = |way: Way, target: &Target| {
        Poller::new(way, target.clone(), getter(plan, target, clock, None), clock, wall_start, first)
    };
    let long = poller(Way::LongPolling, &comparison.long_poll);
    let short = poller(Way::ShortPolling, &comparison.short_poll);
    let mut polls = pin!(poll(long, short, comparison.interval, watch.shared()));
    let mut polled: Option<Option<Polls>> = None;
    let mut session = Session::new(session::Plan::default());
    let mut dialer =
        reach::Reach::new(probe::aimed(&plan.reach, comparison.socket.clone()), clock, conduct::Current::default());
    let mut conn = ConnId::default();
    {
        let mut socket = pin!(rounds::run(&mut session, &mut dialer, &mut conn, clock, watch));
        loop {
            tokio::select! {
                () = socket.as_mut() => break,
                done = polls.as_mut(), if polled.is_none() => polled = Some(done),
            }
        }
    }
    session.stop(clock.now());
    if polled.is_none() && watch.is_on_course() {
        polled = watch.wait_for(polls.as_mut(), clock).await;
    }
    let totals = session.totals();
    let Some(Some(([long, short], round_trip))) = polled.filter(|_| watch.is_on_course()) else {
        return (totals, None);
    };
    let (course, traffic) = watch.take_socket();
    let ways = [(Way::Socket, course, traffic), long, short];
    (totals, Some(compare(&comparison.url, comparison.listen, &ways, round_trip)))
}

/// Both ways of polling at once, from the socket's open on; none when one of them fails.
async fn poll(mut long: Poller, mut short: Poller, every: Span, shared: Rc<Shared>) -> Option<Polls> {
    let (from, until) = shared.opened().await;
    let polled = tokio::try_join!(long.poll_long(until), short.poll_short(from, until, every));
    if let Err(why) = polled {
        shared.fail(why);
        return None;
    }
    let round_trip = short.fastest();
    Some(([long.finish(), short.finish()], round_trip))
}

fn getter(plan: &probe::Plan, target: &Target, clock: Clock, log: Option<Log>) -> Getter {
    let reach::Plan { dial, request, timeout, .. } = probe::aimed(&plan.reach, target.clone());
    Getter::new(get::Plan { dial, request, timeout }, clock, log)
}
