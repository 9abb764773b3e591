//! `wscope probe`: each URL examined in turn, one verdict each, one exit code. Owns the order and the common code; the
//! steps are `exam`'s, the connection `net::driver`'s.

use std::cell::RefCell;
use std::rc::Rc;

use crate::cmd::audience::Audience;
use crate::cmd::compare;
use crate::cmd::deep;
use crate::cmd::demo;
use crate::cmd::frame;
use crate::cmd::idle;
use crate::cmd::outcome::{self, Outcome};
use crate::cmd::run::{Limit, Run, Shape};
use crate::cmd::screen;
use crate::cmd::signals::Signals;
use crate::diagnose::rules::Rules;
use crate::diagnose::{Diagnosis, asked};
use crate::event::{ConnId, EventKind, Exit};
use crate::exam::steps::{self, Exam};
use crate::fault::conduct;
use crate::fault::spec::Planned;
use crate::moment::{Moment, Span};
use crate::net::clock::Clock;
use crate::net::target::Target;
use crate::net::{control, reach, rounds};
use crate::report::Fan;
use crate::watch::session::{self, Session};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    pub peers: Peers,
    /// In place of the peers: the socket beside polling.
    pub compare: Option<compare::Plan>,
    /// In place of the steps: how long silence lives.
    pub idle: Option<idle::Plan>,
    /// Behind the steps.
    pub deep: Option<deep::Plan>,
    /// For each URL, its target is put in.
    pub reach: reach::Plan,
    pub session: session::Plan,
    pub steps: steps::Plan,
    pub outcome: outcome::Plan,
    /// For everything.
    pub timeout: Option<Span>,
    pub screen: screen::Plan,
    /// The user's own causes.
    pub rules: Rules,
    /// The masked command line.
    pub command: String,
    /// Proxy variables that are set and not used.
    pub unused_proxies: Vec<String>,
}

/// Whom to examine.
#[derive(Clone, Debug)]
pub enum Peers {
    Urls(Vec<Target>),
    /// Our own server, inside this process, with these faults.
    Demo(Vec<Planned>),
}

/// Examines all; the exit is that of the process.
pub async fn run(plan: Plan) -> Exit {
    let clock = Clock::start();
    let Ok(mut signals) = Signals::listen() else { return Exit::OwnFault };
    // What takes long is told as it happens.
    let live = plan.steps.hold.is_some() || plan.session.reconnect.is_some() || plan.idle.is_some();
    let readers = plan.screen.for_probe(live);
    frame::begin(&readers.fan, &plan.command, clock);
    let exit = match &plan.compare {
        Some(comparison) => compare::run(&plan, comparison, &readers.fan, &mut signals, clock).await,
        None => examine_all(&plan, &readers.fan, &mut signals, clock).await,
    };
    frame::end(readers, exit, plan.timeout, &mut signals, clock).await
}

async fn examine_all(plan: &Plan, fan: &Rc<RefCell<Fan>>, signals: &mut Signals, clock: Clock) -> Exit {
    let (targets, _demo) = match &plan.peers {
        Peers::Urls(targets) => (targets.clone(), None),
        Peers::Demo(faults) => match demo::start(faults).await {
            Some((target, serving)) => (vec![target], Some(serving)),
            None => return Exit::CannotListen,
        },
    };
    let mut exits = Vec::new();
    let mut conn = ConnId::default();
    for target in targets {
        let (exit, stopped) = match &plan.idle {
            Some(idle) => idle::examine(plan, idle, target, fan, signals, clock).await,
            None => examine(plan, target, &mut conn, fan, signals, clock).await,
        };
        exits.push(exit);
        if stopped.is_some() {
            break;
        }
    }
    common(&exits)
}

async fn examine(
    plan: &Plan,
    target: Target,
    conn: &mut ConnId,
    fan: &Rc<RefCell<Fan>>,
    signals: &mut Signals,
    clock: Clock,
) -> (Exit, Option<Exit>) {
    let url = target.url();
    let mut reach = aimed(&plan.reach, target);
    reach.until = plan.timeout.map(|span| Moment::START.after(span));
    let heartbeat = reach.life.heartbeat.every;
    let limit = plan.timeout.map(|span| Limit { span, at: Moment::START.after(span) });
    let wrongs = conduct::Current::default();
    let shape = Shape { wanted: reach.wanted, holds: plan.steps.hold.is_some(), wrongs: Rc::clone(&wrongs) };
    let (exam, outcome) = (Exam::new(plan.steps.clone()), Outcome::new(plan.outcome));
    let diagnosis = Diagnosis::new(heartbeat, clock.wall_start_unix_ms()).with_rules(plan.rules.clone());
    let audience = Audience::new(Rc::clone(fan), signals, diagnosis, outcome);
    let mut run = Run::new(audience, exam, limit, shape);
    for variable in &plan.unused_proxies {
        let finding = EventKind::Finding(asked::proxy_not_used(variable));
        control::Control::on(&mut run, clock.now(), ConnId::default(), finding);
    }
    if let Some(deep) = &plan.deep {
        control::Control::on(&mut run, clock.now(), ConnId::default(), deep::planned(deep, plan.timeout));
    }
    let mut session = Session::new(plan.session.clone());
    let mut dialer = reach::Reach::new(reach.clone(), clock, wrongs);
    rounds::run(&mut session, &mut dialer, conn, clock, &mut run).await;
    session.stop(clock.now());
    if let Some(deep) = &plan.deep {
        run.look_deeper(deep, &reach, clock).await;
    }
    let (judged, stopped) = run.judge(clock, &url, session.totals());
    (judged.exit, stopped)
}

/// The way to this target; its user and password are credentials, unless others are given.
pub fn aimed(reach: &reach::Plan, target: Target) -> reach::Plan {
    let mut reach = reach.clone();
    reach.dial.target = target;
    if let (Some((user, password)), None) = (&reach.dial.target.userinfo, &reach.request.request.authorization) {
        reach.request.request.authorization = Some(basic(user, password.as_deref().unwrap_or("")));
    }
    reach
}

/// `Basic`, RFC 7617.
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", data_encoding::BASE64.encode(format!("{user}:{password}").as_bytes()))
}

/// All failures agree, or it is a plain failure.
fn common(exits: &[Exit]) -> Exit {
    let mut failures = exits.iter().copied().filter(|exit| *exit != Exit::Healthy);
    match failures.next() {
        None => Exit::Healthy,
        Some(first) if failures.all(|exit| exit == first) => first,
        Some(_) => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_that_agree_give_their_code() {
        use Exit::{Failed, Healthy, Refused, Reset};
        assert_eq!(common(&[Healthy, Healthy]), Healthy);
        assert_eq!(common(&[Healthy, Refused, Refused]), Refused);
        assert_eq!(common(&[Reset, Healthy, Refused]), Failed);
    }

    #[test]
    fn the_rfcs_example_of_basic_credentials() {
        assert_eq!(basic("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}
