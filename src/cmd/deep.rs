//! `wscope probe --deep`: the checks of `exam::deep` one after another, behind the normal probe, whether that was
//! healthy or refused. Owns the order, the bounds in requests and time, the stop at the first 429 (or at a 503 behind a 101), and who hears of
//! it; what is looked at on the way is `reaching`'s, what is asked `asking`'s, what happens on connections `talking`'s, what it means `exam::deep`'s.

mod asking;
mod reaching;
mod talking;

use std::pin::pin;

use crate::cmd::audience::Audience;
use crate::cmd::run::Limit;
use crate::diagnose;
use crate::event::show::span;
use crate::event::{ConnId, EventKind, ExamPlanned, ExamResult, Examined, Exit};
use crate::exam::deep::reaching as exam_reaching;
use crate::exam::deep::requests::Reply;
use crate::exam::deep::{self, Check, Needs, Step, Verdict};
use crate::moment::{Moment, Span};
use crate::net::clock::Clock;
use crate::net::control::Log;
use crate::net::reach;
use crate::watch::session::Totals;
use asking::Asking;
use talking::Heard;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// With breaches of the protocol by us.
    pub strict: bool,
    /// A message that the application answers.
    pub message: Option<String>,
    /// Variables of the environment that name a proxy, which is not used.
    pub unused_proxies: Vec<String>,
}

/// A check under way may end itself in this time.
const GRACE: Span = Span::from_secs(1);
/// The readers are told so often.
const TICK: Span = Span::from_millis(100);

impl Plan {
    /// The time for all of it.
    pub fn at_most(&self) -> Span {
        deep::at_most(self.strict)
    }

    /// The time for all of it, and for a check that is under way when it ends.
    pub fn at_most_beside(&self) -> Span {
        self.at_most().plus(GRACE)
    }
}

/// Examines behind a probe, unless nothing was reached. What stopped it, if something did.
pub async fn examine(
    plan: &Plan,
    reach: &reach::Plan,
    audience: &mut Audience<'_>,
    limit: Option<Limit>,
    clock: Clock,
) -> Option<Exit> {
    if audience.outcome.judge("", Totals::default()).exit.word() == "UNREACHABLE" {
        return None;
    }
    let log = Log::default();
    let mut told = 0;
    // Whatever a peer does, what was announced is kept.
    let end = clock.now().after(plan.at_most_beside());
    let mut running = pin!(run(plan, reach, clock, &log));
    loop {
        let tick = clock.now().after(TICK);
        let signal = tokio::select! {
            () = running.as_mut() => {
                hand_over(&log, audience);
                return None;
            }
            exit = audience.next_signal() => Some(exit),
            () = tokio::time::sleep_until(clock.instant(tick)) => None,
        };
        told += hand_over(&log, audience);
        let now = clock.now();
        audience.pass_time(now);
        if end <= now {
            for check in deep::checks(plan.strict).skip(told) {
                let (id, name) = (check.id.to_owned(), check.name.to_owned());
                let evidence = "the time was used up before".to_owned();
                let skipped = Examined { id, name, result: ExamResult::Skipped, evidence, took: Span::ZERO };
                audience.emit(now, ConnId::default(), EventKind::Examined(skipped));
            }
            return None;
        }
        let used_up = limit.filter(|limit| limit.at <= now).map(|_| Exit::TimeUsedUp);
        if let Some(exit) = signal.or(used_up) {
            audience.outcome.stop(exit, format!("after {}, examining", span(now.since(Moment::START))));
            return Some(exit);
        }
    }
}

/// Hands the events on; how many checks were among them.
fn hand_over(log: &Log, audience: &mut Audience<'_>) -> usize {
    let mut checks = 0;
    while let Some((at, kind)) = log.take() {
        checks += usize::from(matches!(kind, EventKind::Examined(_)));
        audience.emit(at, ConnId::default(), kind);
    }
    checks
}

/// What it may take at most, before anything is sent; no more than the run's own limit.
pub fn planned(plan: &Plan, limit: Option<Span>) -> EventKind {
    let (requests, at_most) = (deep::cost(plan.strict), plan.at_most().min(limit.unwrap_or(plan.at_most())));
    EventKind::ExamPlanned(ExamPlanned { what: "deep".into(), requests, at_most })
}

/// All checks in their order; each is told as it is done.
pub async fn run(plan: &Plan, reach: &reach::Plan, clock: Clock, log: &Log) {
    let began = clock.now();
    let mut course = Course {
        plan,
        asking: Asking::new(reach, clock, began.after(plan.at_most())).await,
        base: None,
        heard: Heard::default(),
    };
    for check in deep::checks(plan.strict) {
        let began = clock.now();
        let verdict = match course.why_not(check) {
            Some(why) => Verdict::skipped(why),
            None => course.judge(check.step).await,
        };
        tell(check, verdict, course.heard.passed, began, clock.now(), log);
    }
}

fn tell(check: &Check, verdict: Verdict, passed: Option<u64>, began: Moment, now: Moment, log: &Log) {
    let Verdict { result, evidence, wrong } = verdict;
    let found = wrong.and_then(|wrong| diagnose::deep::finding(wrong.code, &wrong.fact, &evidence, passed));
    let (id, name) = (check.id.to_owned(), check.name.to_owned());
    log.tell(now, EventKind::Examined(Examined { id, name, result, evidence, took: now.since(began) }));
    if let Some(finding) = found {
        log.tell(now, EventKind::Finding(finding));
    }
}

/// The examination under way.
struct Course<'a> {
    plan: &'a Plan,
    asking: Asking<'a>,
    /// The run's own request, answered.
    base: Option<Reply>,
    heard: Heard,
}

impl Course<'_> {
    fn why_not(&self, check: &Check) -> Option<String> {
        if let Some(limited) = self.asking.limited() {
            return Some(limited.to_owned());
        }
        if self.asking.wait().is_zero() {
            return Some("the time is used up".into());
        }
        match (check.needs, &self.base) {
            (Needs::Tls, _) if !self.asking.is_tls() => Some("no TLS".into()),
            (Needs::Open, Some(base)) if !base.is_open() => Some(format!("no connection: {}", base.words())),
            _ => None,
        }
    }

    async fn judge(&mut self, step: Step) -> Verdict {
        let Course { plan, asking, base, heard } = self;
        if step == Step::Keys {
            let (first, verdict) = asking.keys().await;
            *base = Some(first);
            return or_limited(asking, verdict);
        }
        let verdict = match step {
            Step::Names => asking.names(),
            Step::Addresses => asking.addresses().await,
            Step::Proxy => exam_reaching::proxy(&plan.unused_proxies),
            Step::Certificate => asking.certificate().await,
            Step::Reconnects => asking.reconnects(heard).await,
            Step::NoSni => asking.sni().await,
            Step::Alpn => asking.alpn().await,
            Step::PlainGet => asking.plain_get().await,
            Step::Scheme => asking.scheme().await,
            Step::Pings => talking::pings(asking, heard).await,
            Step::OwnHeartbeat => talking::own_heartbeat(asking, plan.message.as_deref(), heard).await,
            Step::Sizes => talking::sizes(asking, heard).await,
            Step::Fragments => talking::fragments(asking, heard).await,
            Step::ReservedBits => heard.reserved_bits(asking),
            Step::Closing => talking::closing(asking, heard).await,
            Step::Strict => talking::strict(asking, heard).await,
            Step::ServerClock => asking.server_clock(),
            _ => match base {
                Some(base) => beside(step, base, asking).await,
                None => Verdict::skipped("the first request was not made"),
            },
        };
        or_limited(asking, verdict)
    }
}

/// A check at which the server asked for less is not judged.
fn or_limited(asking: &Asking<'_>, verdict: Verdict) -> Verdict {
    match asking.limited() {
        Some(limited) => Verdict::note(limited),
        None => verdict,
    }
}

/// What is judged beside the run's own request.
async fn beside(step: Step, base: &Reply, asking: &mut Asking<'_>) -> Verdict {
    match step {
        Step::OtherPath => asking.other_path(base).await,
        Step::KeepAlive => asking.keep_alive(base).await,
        Step::Versions => asking.versions().await,
        Step::Slash => asking.slash(base).await,
        Step::Origins => asking.origins().await,
        Step::Subprotocols => asking.subprotocols(base).await,
        Step::Compression => asking.compression(base).await,
        _ => Verdict::skipped("nothing to compare"),
    }
}
