//! What one end of a connection does wrong on purpose, from the open to the end: the faults that are done once, those that
//! last, and the limits, as deeds in their time. Owns their order and their words for the log; the shell carries a deed
//! out. The answer to the opening handshake is `upgrade`'s.

use std::cell::RefCell;
use std::rc::Rc;

use crate::event::show;
use crate::fault::frames::late::LatePongs;
use crate::fault::frames::{lasting, raw};
use crate::fault::schedule::Schedule;
use crate::fault::socket::idle::{Counts, Idle, Passed};
use crate::fault::socket::limit::LimitReached;
use crate::fault::socket::pace;
use crate::fault::spec::{End, Fault, Planned, Raw, When};
use crate::moment::{Moment, Span};
use crate::wire::rewrite::Rewrite;

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    Close {
        code: Option<u16>,
        reason: String,
    },
    Fin,
    Rst,
    /// The end of TCP without that of TLS.
    Truncate,
    Freeze,
    Send(String),
    /// Whole frames or parts of them, legal or not.
    Inject(Vec<u8>),
    /// Bytes that are no frames at all.
    InjectOpaque(Vec<u8>),
    /// Every client is ended in this way.
    KickAll(End),
}

/// A deed, and what the log says of it; nothing when it was announced before.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    pub deed: Deed,
    pub told: Option<(&'static str, String)>,
}

/// What stands between message engine and wire.
#[derive(Default)]
pub struct Between {
    pub rewrite: Option<Box<dyn Rewrite>>,
    pub pace: Option<pace::Plan>,
}

/// The faults of one open connection.
pub struct Conduct {
    /// Frames of ours are masked: we are a client.
    masked: bool,
    schedule: Schedule,
    next: Option<Deed>,
    late: LatePongs,
    limits: Vec<Limit>,
    data: Option<LimitReached>,
}

/// The conduct on the connection that is open, if one is: put in at each open by whoever makes it.
pub type Current = Rc<RefCell<Option<Conduct>>>;

/// A limit of age or of idleness.
struct Limit {
    name: &'static str,
    words: String,
    end: End,
    clock: LimitClock,
}

enum LimitClock {
    Age(Moment),
    Idle(Idle),
}

impl Conduct {
    /// The faults from the open on, what they need between engine and wire, and what the log says of the lasting ones.
    pub fn begin(planned: &[Planned], opened: Moment, masked: bool) -> (Conduct, Between, Vec<(&'static str, String)>) {
        let late = LatePongs::default();
        let frames = lasting(planned, opened, &late);
        let (pace, paced) = pace_of(planned, opened);
        let limits: Vec<Limit> = planned.iter().filter_map(|planned| limit_of(planned, opened)).collect();
        let mut told = frames.told;
        told.extend(paced);
        told.extend(limits.iter().map(|limit| (limit.name, limit.words.clone())));
        if planned.iter().any(|planned| planned.fault == Fault::Flap) {
            told.push(("flap", "every second handshake is refused, this one was not".into()));
        }
        let schedule = Schedule::new(opened, planned);
        let conduct = Conduct { masked, schedule, next: None, late, limits, data: frames.limit };
        (conduct, Between { rewrite: frames.rewrite, pace }, told)
    }

    /// Is there nothing that will ever be done?
    pub fn is_good(&self) -> bool {
        self.schedule.is_empty() && self.limits.is_empty() && self.data.is_none()
    }

    /// Does these too, at once, whatever their time.
    pub fn add(&mut self, planned: Vec<Planned>) {
        self.schedule.add(planned);
    }

    /// The next deed that is due; asked until there is none.
    pub fn due(&mut self, now: Moment, passed: Passed) -> Option<Done> {
        // `@3frames` counts the other end's, whichever end we are.
        let theirs = passed;
        let passed = if self.masked { seen_from_the_server(passed) } else { passed };
        if let Some(deed) = self.next.take() {
            return Some(Done { deed, told: None });
        }
        if let Some(fault) = self.schedule.due(now, theirs.frames_in, theirs.bytes_in) {
            return Some(self.do_once(fault));
        }
        if self.data.as_ref().is_some_and(LimitReached::take) {
            return Some(done(Deed::Fin, "limit-data", "the limit of bytes is reached: TCP ended"));
        }
        if let Some(done) = self.limit_reached(now, passed) {
            return Some(done);
        }
        self.late.due(now).map(|pong| Done { deed: Deed::Inject(pong), told: None })
    }

    /// When time alone makes the next one due.
    pub fn deadline(&self) -> Option<Moment> {
        let limits = self.limits.iter().map(|limit| match &limit.clock {
            LimitClock::Age(at) => *at,
            LimitClock::Idle(idle) => idle.deadline(),
        });
        limits.chain(self.schedule.deadline()).chain(self.late.deadline()).min()
    }

    /// True when something is due now that no deadline told of: ask [`Conduct::due`].
    pub fn take_new(&self) -> bool {
        self.late.take_new() || self.data.as_ref().is_some_and(LimitReached::is_new)
    }

    fn limit_reached(&mut self, now: Moment, passed: Passed) -> Option<Done> {
        for limit in &mut self.limits {
            if let LimitClock::Idle(idle) = &mut limit.clock {
                idle.see(now, passed);
            }
        }
        let is_over = |limit: &Limit| match &limit.clock {
            LimitClock::Age(at) => *at <= now,
            LimitClock::Idle(idle) => idle.is_over(now),
        };
        let place = self.limits.iter().position(is_over)?;
        let limit = self.limits.remove(place);
        Some(done(deed_of(limit.end), limit.name, &format!("the limit is reached: {}", end_words(limit.end))))
    }

    fn do_once(&mut self, fault: Fault) -> Done {
        match fault {
            Fault::Close { code, reason } => {
                let words = match code {
                    None => "without a code".into(),
                    Some(code) if reason.is_empty() => code.to_string(),
                    Some(code) => format!("{code} {reason:?}"),
                };
                done(Deed::Close { code, reason }, "close", &format!("Close {words} sent"))
            }
            Fault::Fin => done(Deed::Fin, "fin", "TCP ended without a Close frame"),
            Fault::Rst => done(Deed::Rst, "rst", "TCP reset"),
            Fault::TlsTruncate => done(Deed::Truncate, "tls-truncate", "TCP ended without the end of TLS"),
            Fault::Farewell(text) => {
                let words = format!("the message {} sent", show::quoted(&text));
                done(Deed::Send(text), "farewell", &words)
            }
            Fault::KickAll(end) => {
                done(Deed::KickAll(end), "kick-all", &format!("every client ended at once: {}", end_words(end)))
            }
            Fault::Raw(kind) => {
                self.next = (kind == Raw::HalfFrame).then_some(Deed::Fin);
                let words = format!("{} sent", raw::words(kind));
                let bytes = raw::bytes(kind, self.masked);
                let deed = if kind == Raw::HttpText { Deed::InjectOpaque(bytes) } else { Deed::Inject(bytes) };
                done(deed, raw::name(kind), &words)
            }
            _ => done(Deed::Freeze, "freeze", "reading nothing any more"),
        }
    }
}

/// What a client counts as in is what its server counts as out.
fn seen_from_the_server(passed: Passed) -> Passed {
    Passed {
        bytes_in: passed.bytes_out,
        bytes_out: passed.bytes_in,
        data_in: passed.data_out,
        data_out: passed.data_in,
        ..passed
    }
}

fn done(deed: Deed, name: &'static str, words: &str) -> Done {
    Done { deed, told: Some((name, format!("{words}, as asked"))) }
}

fn deed_of(end: End) -> Deed {
    match end {
        End::Fin => Deed::Fin,
        End::Rst => Deed::Rst,
        End::Close(code) => Deed::Close { code: Some(code), reason: String::new() },
    }
}

fn end_words(end: End) -> String {
    match end {
        End::Fin => "TCP ended without a Close frame".into(),
        End::Rst => "TCP reset".into(),
        End::Close(code) => format!("Close {code} sent"),
    }
}

fn limit_of(planned: &Planned, opened: Moment) -> Option<Limit> {
    let from = match planned.when {
        When::After(span) => opened.after(span),
        When::AtOnce | When::Frames(_) | When::Bytes(_) => opened,
    };
    let (name, end, clock, what) = match planned.fault {
        Fault::Lifetime { limit, end } => {
            ("lifetime", end, LimitClock::Age(from.after(limit)), format!("at an age of {}", show::span(limit)))
        }
        Fault::Idle { limit, counts, end } => {
            let clock = LimitClock::Idle(Idle::new(limit, counts, from));
            ("idle", end, clock, format!("after {} without {}", show::span(limit), counted(counts)))
        }
        _ => return None,
    };
    Some(Limit { name, words: format!("the connection is ended {what}"), end, clock })
}

fn counted(counts: Counts) -> &'static str {
    match counts {
        Counts::Client => "a byte from the client",
        Counts::Server => "a byte from the server",
        Counts::Both => "a byte in either direction",
        Counts::Data => "a message in either direction",
    }
}

/// What holds outgoing bytes back, of all the faults that do so; the last of a kind is the one.
fn pace_of(planned: &[Planned], opened: Moment) -> (Option<pace::Plan>, Vec<(&'static str, String)>) {
    let mut plan = pace::Plan { latency: None, bandwidth: None, slicer: None, from: opened };
    let mut told = Vec::new();
    for Planned { fault, when } in planned {
        match fault {
            Fault::Latency(latency) => {
                plan.latency = Some(*latency);
                let jitter = if latency.jitter == Span::ZERO {
                    String::new()
                } else {
                    format!(", give or take {}", show::span(latency.jitter))
                };
                told.push(("latency", format!("every byte leaves {} late{jitter}", show::span(latency.delay))));
            }
            Fault::Bandwidth(bytes) => {
                plan.bandwidth = Some(*bytes);
                told.push(("bandwidth", format!("{} a second leave at most", show::size(*bytes))));
            }
            Fault::Slicer(slicer) => {
                plan.slicer = Some(*slicer);
                told.push(("slicer", format!("bytes leave in pieces of about {}", show::size(slicer.average))));
            }
            _ => continue,
        }
        if let When::After(span) = when {
            plan.from = plan.from.max(opened.after(*span));
        }
    }
    ((!told.is_empty()).then_some(plan), told)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::fault::spec::parse;

    fn begin(spec: &str) -> Conduct {
        Conduct::begin(&parse(spec).unwrap(), Moment::START, false).0
    }

    fn ms(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn a_lifetime_ends_whatever_goes_on() {
        let mut conduct = begin("lifetime=300ms;end=1001");
        assert_eq!(conduct.deadline(), Some(ms(300)));
        let busy = Passed { frames_in: 9, bytes_in: 99, bytes_out: 99, data_in: 9, data_out: 9 };
        assert_eq!(conduct.due(ms(299), busy), None);
        let deed = conduct.due(ms(300), busy).unwrap().deed;
        assert_eq!(deed, Deed::Close { code: Some(1001), reason: String::new() });
        assert_eq!((conduct.due(ms(900), busy), conduct.deadline()), (None, None));
    }

    #[test]
    fn an_idle_limit_counts_what_it_is_told_to() {
        let from_client = Passed { frames_in: 1, bytes_in: 8, ..Passed::default() };
        for (counts, survives) in [("client", true), ("server", false), ("both", true), ("data", false)] {
            let mut conduct = begin(&format!("idle=300ms;counts={counts}"));
            assert_eq!(conduct.due(ms(200), from_client), None);
            let deed = conduct.due(ms(300), from_client).map(|done| done.deed);
            assert_eq!(deed, (!survives).then_some(Deed::Fin), "{counts}");
            if survives {
                assert_eq!(conduct.deadline(), Some(ms(500)));
                assert!(conduct.due(ms(500), from_client).is_some(), "{counts}");
            }
        }
    }

    #[test]
    fn half_a_frame_is_followed_by_the_end() {
        let mut conduct = begin("half-frame");
        assert!(matches!(conduct.due(ms(0), Passed::default()).unwrap().deed, Deed::Inject(_)));
        assert_eq!(conduct.due(ms(0), Passed::default()), Some(Done { deed: Deed::Fin, told: None }));
    }

    #[test]
    fn what_holds_bytes_back_is_one_plan_and_each_part_is_told() {
        let planned = parse("latency=100ms;jitter=20ms+bandwidth=10KB@2s+slicer=16B").unwrap();
        let (_, between, told) = Conduct::begin(&planned, ms(5), false);
        let plan = between.pace.unwrap();
        assert_eq!((plan.bandwidth, plan.from), (Some(10_000), ms(2005)));
        let names: Vec<&str> = told.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["latency", "bandwidth", "slicer"]);
        assert_eq!(told[0].1, "every byte leaves 100.0 ms late, give or take 20.0 ms");
    }

    #[test]
    fn without_faults_nothing_is_done() {
        let (conduct, between, told) = Conduct::begin(&[], Moment::START, false);
        assert!(conduct.is_good() && between.rewrite.is_none() && between.pace.is_none() && told.is_empty());
    }
}
