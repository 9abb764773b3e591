//! `wscope probe --idle`: the sockets of `exam::idle` beside each other, one verdict. Owns their wiring: when each is opened,
//! what is sent on it, and that the run ends in time; what they say together is `exam::idle`'s, who sets the limit is
//! `diagnose`'s.

mod onlooker;

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use crate::cmd::audience::Audience;
use crate::cmd::idle::onlooker::{Onlooker, Shared};
use crate::cmd::outcome::Outcome;
use crate::cmd::probe;
use crate::cmd::signals::Signals;
use crate::diagnose::ends::Dropped;
use crate::diagnose::idle::measured;
use crate::diagnose::rules::Rules;
use crate::diagnose::{Diagnosis, asked};
use crate::event::show::span;
use crate::event::{ConnId, EventKind, ExamPlanned, Exit, Finding, IdleKind};
use crate::exam::idle::{self, Course, EVERY, Role, STAGGER};
use crate::fault::conduct;
use crate::moment::{Moment, Span};
use crate::net::clock::Clock;
use crate::net::target::Target;
use crate::net::{reach, rounds};
use crate::report::Fan;
use crate::watch::heartbeat::{self, Answer, Clock as Beats, Send};
use crate::watch::session::{self, Session, Totals};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How long silence is waited out.
    pub max: Span,
    /// What the text socket sends.
    pub text: String,
    /// What the receiving socket sends first; none: there is no such socket.
    pub subscribe: Vec<String>,
}

/// The last ping of the silent socket may take so long.
const LAST_PING: Span = Span::from_secs(3);
/// Beside `max`: opening, watching past the limit, the last ping, closing.
const AROUND: Span = Span::from_secs(18);
/// A peer that keeps us busy delays the end by so much at most.
const RESERVE: Span = Span::from_secs(1);
/// Four connections take messages up to this size, or less if so asked for.
const MESSAGE_MAX: u64 = 8 << 20;
/// The readers are told so often.
const TICK: Span = Span::from_millis(100);
/// What was asked to stop is waited for so long.
const STOP_WAIT: Span = Span::from_secs(1);

/// Watches one target. The second value tells what stopped it.
pub async fn examine(
    plan: &probe::Plan,
    idle: &Plan,
    target: Target,
    fan: &Rc<RefCell<Fan>>,
    signals: &mut Signals,
    clock: Clock,
) -> (Exit, Option<Exit>) {
    let url = target.url();
    let reach = probe::aimed(&plan.reach, target);
    let diagnosis = Diagnosis::new(None, clock.wall_start_unix_ms()).with_rules(plan.rules.clone());
    let mut audience = Audience::new(Rc::clone(fan), signals, diagnosis, Outcome::new(plan.outcome));
    for variable in &plan.unused_proxies {
        audience.find(clock.now(), ConnId::default(), asked::proxy_not_used(variable));
    }
    let at_most = at_most(idle.max, plan.timeout, clock.now());
    let planned = ExamPlanned { what: "idle".into(), requests: Role::ALL.len() as u32, at_most };
    audience.emit(clock.now(), ConnId::default(), EventKind::ExamPlanned(planned));
    let shared = Rc::new(Shared::new(idle.max));
    let stopped = watch_all(plan.timeout, idle, &reach, &shared, &mut audience, clock).await;
    let now = clock.now();
    let mut fact = None;
    if stopped.is_none() && shared.is_reached() && !shared.is_broken() {
        fact = Some(tell(&shared, &plan.rules, &mut audience, now));
    }
    let mut judged = audience.judge(now, &url, Totals::default());
    if let Some(fact) = fact.filter(|_| judged.exit == Exit::Healthy) {
        judged.fact = fact;
    }
    audience.tell_verdict(now, judged.clone());
    (judged.exit, stopped)
}

/// How long it may take, with what was asked to stop: the time limit of the whole run may be nearer.
fn at_most(max: Span, timeout: Option<Span>, now: Moment) -> Span {
    let own = max.plus(AROUND).plus(STOP_WAIT).plus(RESERVE);
    timeout.map_or(own, |timeout| own.min(Moment::START.after(timeout).since(now)))
}

/// Runs the sockets to their ends; what stopped them, if something did.
async fn watch_all(
    timeout: Option<Span>,
    idle: &Plan,
    reach: &reach::Plan,
    shared: &Rc<Shared>,
    audience: &mut Audience<'_>,
    clock: Clock,
) -> Option<Exit> {
    let [silent, pinging, talking, receiving] =
        Role::ALL.map(|role| socket(role, idle, reach, Rc::clone(shared), clock));
    let mut all = pin!(async { tokio::join!(silent, pinging, talking, receiving) });
    let limit = timeout.map(|timeout| Moment::START.after(timeout));
    // Whatever a peer does, what was announced is kept.
    let end = clock.now().after(idle.max).after(AROUND);
    loop {
        let tick = clock.now().after(TICK);
        let stopped = tokio::select! {
            _ = all.as_mut() => {
                shared.hand_over(audience);
                return None;
            }
            exit = audience.next_signal() => Some(exit),
            () = tokio::time::sleep_until(clock.instant(tick)) => None,
        };
        shared.hand_over(audience);
        let now = clock.now();
        audience.pass_time(now);
        if end <= now {
            shared.stop();
            let _ = tokio::time::timeout(STOP_WAIT.duration(), all.as_mut()).await;
            shared.hand_over(audience);
            return None;
        }
        let used_up = limit.filter(|limit| *limit <= now).map(|_| Exit::TimeUsedUp);
        let Some(exit) = stopped.or(used_up) else { continue };
        let after = format!("after {}", span(now.since(Moment::START)));
        audience.outcome.stop(exit, after);
        shared.stop();
        let _ = tokio::time::timeout(STOP_WAIT.duration(), all.as_mut()).await;
        return Some(exit);
    }
}

/// One socket, from its turn to its end.
async fn socket(role: Role, idle: &Plan, reach: &reach::Plan, shared: Rc<Shared>, clock: Clock) {
    if role == Role::Receive && idle.subscribe.is_empty() {
        return shared.miss(role, "no -x to subscribe with was given".into());
    }
    let turn = Role::ALL.iter().position(|other| *other == role).unwrap_or_default() as u32;
    tokio::time::sleep(STAGGER.duration() * turn).await;
    if shared.is_over() {
        return;
    }
    let mut reach = reach.clone();
    reach.life.heartbeat = beats(role, &idle.text);
    reach.max_message = reach.max_message.min(MESSAGE_MAX);
    reach.second_look = role == Role::Idle;
    reach.seed = reach.seed.wrapping_add(turn.into());
    let mut session = Session::new(session::Plan::default());
    let mut dialer = reach::Reach::new(reach, clock, conduct::Current::default());
    let texts = if role == Role::Receive { idle.subscribe.clone() } else { Vec::new() };
    let mut onlooker = Onlooker::new(role, texts, Rc::clone(&shared), clock.now());
    rounds::run(&mut session, &mut dialer, &mut ConnId(turn), clock, &mut onlooker).await;
}

/// What goes out by itself: nothing settles it, since nothing must end these sockets but the other side.
fn beats(role: Role, text: &str) -> heartbeat::Plan {
    let plan = heartbeat::Plan { every: None, timeout: LAST_PING, ..heartbeat::Plan::default() };
    let fixed = heartbeat::Plan { every: Some(EVERY), clock: Beats::Fixed, answer: Answer::None, ..plan.clone() };
    match role {
        Role::Idle | Role::Receive => plan,
        Role::Ping => fixed,
        Role::Text => heartbeat::Plan { send: Send::Text(text.into()), ..fixed },
    }
}

/// Tells the sockets that live, what all say together, and who it may be; the fact of the verdict.
fn tell(shared: &Shared, rules: &Rules, audience: &mut Audience<'_>, now: Moment) -> String {
    let courses = shared.courses();
    for course in courses.iter().filter(|course| course.ended.is_none()) {
        audience.emit(now, ConnId::default(), EventKind::IdleSocket(course.socket(now)));
    }
    let mut found = idle::judge(&courses, now);
    let dropped = shared.drop_of(Role::Idle);
    // First: what is found beside it is not the fact of the verdict.
    if found.kind == IdleKind::Unclear {
        audience.outcome.stop(Exit::Failed, found.sentence.clone());
        if let Some(finding) = dropped.as_ref().and_then(|dropped| unanswered(&courses, dropped)) {
            audience.find(now, ConnId::default(), finding);
        }
    }
    if let Some((finding, setter)) = measured::limit(&found, dropped.as_ref(), rules) {
        found.sentence = format!("{}{setter}", found.sentence);
        audience.find(now, ConnId::default(), finding);
    }
    let fact = idle::fact(&found);
    audience.emit(now, ConnId::default(), EventKind::IdleFound(found));
    fact
}

/// The last ping of the silent socket had no answer: what that is the sign of, where it is no limit.
fn unanswered(courses: &[Course], silent: &Dropped) -> Option<Finding> {
    let is_unanswered = courses.iter().any(|course| course.role == Role::Idle && course.forgotten);
    let talking = courses.iter().find(|course| course.role == Role::Text);
    let messages = talking.map_or(0, |course| course.messages_in);
    is_unanswered.then(|| measured::unanswered(silent, messages)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_announced_is_the_bound_or_the_time_limit_if_that_is_nearer() {
        let secs = Span::from_secs;
        let now = Moment::from_millis(2000);
        for (timeout, expected) in [(None, 25), (Some(60), 25), (Some(12), 10)] {
            assert_eq!(at_most(secs(5), timeout.map(secs), now), secs(expected), "{timeout:?}");
        }
    }
}
