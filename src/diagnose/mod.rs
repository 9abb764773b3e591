//! Facts into findings: what is wrong, where, since when, and what to do. Owns which event is judged by which rule, and
//! that nothing is told twice; the rules are one topic a file, pure functions of an event and what came before it. The
//! general texts are `event::codes`'.

pub mod accept;
pub mod asked;
mod banners;
pub mod client;
mod close_codes;
pub mod conduct;
pub mod deep;
pub mod ends;
pub mod explain;
pub mod facts;
mod garbage;
mod hello;
mod hops;
pub mod idle;
mod limits;
mod names;
pub mod old_clients;
mod patterns;
mod place;
mod product_codes;
mod reach;
mod refusal;
mod remedies;
pub mod rules;
#[cfg(test)]
mod sample;
mod skew;
#[cfg(test)]
mod tests;
mod theirs;
mod tls;
mod unanswered;
mod upgrade;

use crate::diagnose::conduct::Pongs;
use crate::diagnose::ends::Dropped;
use crate::diagnose::facts::Facts;
use crate::diagnose::idle::Common;
use crate::diagnose::rules::Rules;
use crate::event::{DialFailed, DialFault, Ended, Event, EventKind, Finding, TlsReady, show};
use crate::moment::{Moment, Span};

/// So many drops of a run are remembered; a run has the same findings after them.
const DROPS_MAX: usize = 1000;

/// The judgements on one target in one run.
#[derive(Clone, Debug, Default)]
pub struct Diagnosis {
    facts: Facts,
    pongs: Pongs,
    drops: Vec<Dropped>,
    told: Vec<&'static str>,
    /// The user's own.
    rules: Rules,
}

impl Diagnosis {
    /// For a client that sends heartbeats at this interval, or none. `wall_start_unix_ms` is the wall clock at the start of
    /// the run.
    pub fn new(heartbeat: Option<Span>, wall_start_unix_ms: i64) -> Diagnosis {
        let facts = Facts { wall_start_unix_ms: Some(wall_start_unix_ms), ..Facts::new(heartbeat) };
        Diagnosis { facts, ..Diagnosis::default() }
    }

    /// With rules of the user's own.
    pub fn with_rules(self, rules: Rules) -> Diagnosis {
        Diagnosis { rules, ..self }
    }

    /// Takes the next event of the run and gives the findings that it settles, each code once. Drops are only
    /// remembered: what they mean depends on those that follow, so [`Diagnosis::finish`] tells it.
    pub fn see(&mut self, event: &Event) -> Vec<Finding> {
        self.facts.learn(event.at, &event.kind);
        let found = self.judge(event.at, &event.kind);
        self.once(found)
    }

    /// The findings on all drops, at the end of the run: errors first, and what explains several drops before what
    /// explains one. Asked a second time, it tells only what is new.
    pub fn finish(&mut self) -> Vec<Finding> {
        let common = patterns::common(&self.drops, self.facts.heartbeat);
        let is_explained = |index: usize| common.iter().any(|pattern| pattern.explains.contains(&index));
        let rest = self.drops.iter().enumerate().filter(|(index, _)| !is_explained(*index));
        let singles: Vec<Finding> =
            rest.filter_map(|(_, dropped)| Some(self.rules.closed(single(dropped)?, dropped))).collect();
        let mut found: Vec<Finding> =
            common.into_iter().map(|pattern| self.ruled(pattern)).chain(merged(singles)).collect();
        found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        self.once(found)
    }

    fn ruled(&self, pattern: Common) -> Finding {
        let drops: Vec<&Dropped> = pattern.explains.iter().map(|index| &self.drops[*index]).collect();
        self.rules.limit(pattern.finding, &drops)
    }

    fn judge(&mut self, at: Moment, kind: &EventKind) -> Vec<Finding> {
        let facts = &self.facts;
        match kind {
            EventKind::TcpOpen(open) => reach::address_skipped(facts, open).into_iter().collect(),
            EventKind::TlsReady(ready) => certificate(ready),
            EventKind::Redirected(by) => vec![refusal::redirect_followed(by.status, &by.from, &by.to)],
            EventKind::UpgradeAnswered(_) => upgrade::oddities(facts).into_iter().chain(skew::judge(facts)).collect(),
            EventKind::DialFailed(failed) => {
                let found = dial_failed(facts, &self.rules, failed, !self.drops.is_empty());
                if let Some(last) = self.drops.last_mut() {
                    last.missed_at_once(at, failed, found.first());
                }
                found
            }
            EventKind::Open(_) => {
                self.pongs = Pongs::default();
                Vec::new()
            }
            EventKind::Heartbeat(sent) => {
                self.pongs.sent(sent);
                Vec::new()
            }
            EventKind::Answered(answered) => {
                self.pongs.answered(answered);
                Vec::new()
            }
            EventKind::StrayPong(stray) => {
                self.pongs.stray(stray);
                Vec::new()
            }
            EventKind::Missed(missed) => self.pongs.missed(missed).into_iter().collect(),
            EventKind::PingsIgnored(ignored) => self.pongs.ignored(ignored).into_iter().collect(),
            EventKind::Held(held) => vec![conduct::held(held)],
            EventKind::ClockStepped(step) => vec![conduct::clock_stepped(step)],
            EventKind::Farewell(farewell) => vec![conduct::farewell(farewell)],
            EventKind::Ended(ended) => self.ended(at, ended),
            EventKind::RunStarted(_)
            | EventKind::DialStarted(_)
            | EventKind::Resolved(_)
            | EventKind::UpgradeSent(_)
            | EventKind::Frame(_)
            | EventKind::Message(_)
            | EventKind::CloseSeen(_)
            | EventKind::RetryAt(_)
            | EventKind::GaveUp(_)
            | EventKind::FaultDone(_)
            | EventKind::Finding(_)
            | EventKind::Check(_)
            | EventKind::Compared(_)
            | EventKind::SecondLook(_)
            | EventKind::HeartbeatChosen(_)
            | EventKind::ExamPlanned(_)
            | EventKind::Examined(_)
            | EventKind::IdleSocket(_)
            | EventKind::IdleFound(_)
            | EventKind::InputBad(_)
            | EventKind::InputEnded(_)
            | EventKind::Lines(_)
            | EventKind::Judged(_)
            | EventKind::Listening(_)
            | EventKind::Received(_)
            | EventKind::ClientReport(_)
            | EventKind::RunEnded(_) => Vec::new(),
        }
    }

    fn ended(&mut self, at: Moment, ended: &Ended) -> Vec<Finding> {
        if !ended.drop {
            let left = ended.tcp_left_open.then(|| conduct::tcp_left_open(ended.quiet_in));
            return ends::close_unanswered(ended).into_iter().chain(left).collect();
        }
        if self.drops.len() < DROPS_MAX {
            let since_start = i64::try_from(at.since(Moment::START).nanos() / 1_000_000).unwrap_or(i64::MAX);
            self.drops.push(Dropped {
                at,
                wall_unix_ms: self.facts.wall_start_unix_ms.map(|start| start.saturating_add(since_start)),
                ended: ended.clone(),
                head: self.facts.answer.clone(),
                url: self.facts.url.clone(),
                farewell: self.facts.farewell,
                missed: self.facts.missed.clone(),
                pings_answered: self.facts.pings_answered,
                wrongs: self.facts.wrongs.clone(),
                offered: self.facts.offered(),
                gone: None,
            });
        }
        Vec::new()
    }

    fn once(&mut self, found: Vec<Finding>) -> Vec<Finding> {
        let mut fresh = Vec::new();
        for finding in found {
            if !self.told.contains(&finding.code) {
                self.told.push(finding.code);
                fresh.push(finding);
            }
        }
        fresh
    }
}

/// What one drop says by itself; less sure where we stood still ourselves.
fn single(dropped: &Dropped) -> Option<Finding> {
    let finding = patterns::alone(dropped)
        .or_else(|| theirs::unanswered(dropped))
        .or_else(|| hello::missing(dropped))
        .or_else(|| ends::judge(dropped).map(|finding| ends::went_away(finding, dropped)))?;
    Some(conduct::on_purpose(conduct::tempered(finding, &dropped.ended), &dropped.wrongs))
}

fn certificate(ready: &TlsReady) -> Vec<Finding> {
    tls::told(ready)
}

/// `was_open`: this run had a connection to the same server before.
fn dial_failed(facts: &Facts, rules: &Rules, failed: &DialFailed, was_open: bool) -> Vec<Finding> {
    match &failed.fault {
        DialFault::Refused { status, reason } => {
            let finding = refusal::refused(facts, *status, reason);
            let finding = if was_open { ends::no_longer_there(finding) } else { finding };
            vec![rules.refused(finding, facts, *status, reason)]
        }
        DialFault::InvalidUpgrade { breaches } => {
            breaches.iter().filter_map(|breach| upgrade::breach(facts, breach)).collect()
        }
        _ => reach::failed(facts, failed)
            .or_else(|| tls::failed(facts, failed))
            .or_else(|| unanswered::failed(facts, failed))
            .into_iter()
            .collect(),
    }
}

/// The advice for one drop is to watch for more of them; here they are.
fn several(finding: Finding, times: u64) -> Finding {
    let told = format!("{} like this in the run; the figures are of one of them", show::count(times, "drop"));
    match finding.code {
        "fin-without-close" | "reset" | "tls-truncated" if times >= 3 => finding
            .saw(format!("{told}; their ages and silences have nothing in common"))
            .advise("look at the logs of the proxy and the server for these moments: no time limit explains them"),
        "fin-without-close" | "reset" | "tls-truncated" => finding
            .saw(told)
            .advise("look at the log of the proxy and the server for these moments; a longer --hold shows a pattern"),
        _ => finding.saw(told),
    }
}

/// One finding for each code: the first, or the first that is worse, with a line on how many there were.
fn merged(singles: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<(Finding, u64)> = Vec::new();
    for single in singles {
        match kept.iter_mut().find(|(finding, _)| finding.code == single.code) {
            None => kept.push((single, 1)),
            Some((finding, times)) => {
                *times += 1;
                if single.severity > finding.severity {
                    *finding = single;
                }
            }
        }
    }
    kept.into_iter()
        .map(|(finding, times)| match times {
            1 => finding,
            _ => several(finding, times),
        })
        .collect()
}
