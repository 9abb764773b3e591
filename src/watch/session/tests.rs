//! One run: one attempt after one drop, whoever asks twice; what is waited for before the first open; the totals.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::event::{How, Phase, Side};
use crate::watch::farewell::FarewellRule;
use crate::watch::heartbeat;
use crate::watch::life::{self, Role, Wire};
use crate::watch::liveness::Cut;
use crate::watch::profiles::profile;

fn ms(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

/// Reconnects as joewalnes, without jitter: after 1 s, 1.5 s, 2.25 s.
fn persistent() -> Plan {
    let reconnect = Some(reconnect::Plan { curve: profile("joewalnes").unwrap(), attempts: None });
    Plan { reconnect, ready: false }
}

fn new_life(opened: u64) -> Life {
    let plan = life::Plan {
        role: Role::Client,
        heartbeat: heartbeat::Plan::default(),
        close_timeout: Span::from_secs(5),
        farewell: FarewellRule::Known,
        frames: false,
    };
    Life::new(&plan, ms(opened), 7)
}

fn cut(cut: Cut) -> End {
    End { cut, wire: Wire::default(), io: None }
}

fn failure() -> DialFailed {
    failed(DialFault::Unreachable { attempts: Vec::new() })
}

fn failed(fault: DialFault) -> DialFailed {
    DialFailed { phase: Phase::Connect, fault, took: Span::ZERO }
}

fn refused(status: u16) -> DialFailed {
    failed(DialFault::Refused { status, reason: String::new() })
}

/// The events that wait, in words.
fn told(session: &mut Session) -> Vec<String> {
    let kinds = std::iter::from_fn(|| session.poll());
    kinds
        .map(|kind| match kind {
            EventKind::Ended(ended) => format!("ended {}", ended.how.word()),
            EventKind::DialFailed(_) => "failed".into(),
            EventKind::RetryAt(retry) => {
                format!(
                    "retry {} at {} after {}",
                    retry.attempt,
                    millis(retry.due.nanos()),
                    millis(retry.delay.nanos())
                )
            }
            EventKind::GaveUp(gave_up) => {
                format!("gave up after {}, {}", gave_up.attempts, millis(gave_up.down.nanos()))
            }
            other => format!("{other:?}"),
        })
        .collect()
}

fn millis(nanos: u64) -> u64 {
    nanos / 1_000_000
}

#[test]
fn one_drop_causes_one_attempt_and_a_second_end_is_nothing() {
    let mut session = Session::new(persistent());
    assert_eq!(session.step(ms(0)), Step::Dial { attempt: 0 });
    assert_eq!(session.opened(ms(100), new_life(100)), None);
    assert_eq!(session.step(ms(100)), Step::Live);
    let ended = session.end(ms(5_000), cut(Cut::Eof), 0.5).unwrap();
    assert_eq!((ended.how, ended.by, ended.drop, ended.age), (How::Fin, Side::Peer, true, Span::from_millis(4_900)));
    assert_eq!(told(&mut session), ["ended fin", "retry 1 at 6000 after 1000"]);
    assert_eq!(session.end(ms(5_000), cut(Cut::Reset), 0.5), None);
    assert_eq!(session.end(ms(5_001), cut(Cut::Silent { delivered: None }), 0.5), None);
    assert!(told(&mut session).is_empty());
    assert!(session.life().is_none());
    assert_eq!(session.step(ms(5_999)), Step::Wait(ms(6_000)));
    assert_eq!(session.step(ms(6_000)), Step::Dial { attempt: 1 });
    assert_eq!(session.totals().drops, 1);
}

#[test]
fn failing_dials_after_a_drop_keep_retrying() {
    let mut session = Session::new(persistent());
    session.opened(ms(0), new_life(0));
    session.end(ms(5_000), cut(Cut::Eof), 0.5);
    told(&mut session);
    session.step(ms(6_000));
    session.failed(ms(6_100), failure(), None, 0.5);
    assert_eq!(told(&mut session), ["failed", "retry 2 at 7600 after 1500"]);
    assert_eq!(session.step(ms(7_600)), Step::Dial { attempt: 2 });
    session.failed(ms(7_600), failure(), None, 0.5);
    assert_eq!(told(&mut session), ["failed", "retry 3 at 9850 after 2250"]);
    assert_eq!(session.totals(), Totals { drops: 1, reconnects: 0, down: Span::ZERO });
}

#[test]
fn before_the_first_open_nothing_is_retried() {
    let mut session = Session::new(persistent());
    session.failed(ms(100), failure(), None, 0.5);
    assert_eq!(told(&mut session), ["failed"]);
    assert_eq!(session.step(ms(100_000)), Step::Done);
}

#[test]
fn who_waits_until_the_peer_is_ready_tries_again_a_little_later_each_time() {
    let mut session = Session::new(Plan { ready: true, ..Plan::default() });
    let mut now = ms(0);
    let mut delays = Vec::new();
    for attempt in 0..10 {
        assert_eq!(session.step(now), Step::Dial { attempt });
        session.failed(now, failure(), None, 0.5);
        assert_eq!(session.poll(), Some(EventKind::DialFailed(failure())));
        let Some(EventKind::RetryAt(retry)) = session.poll() else { panic!("no retry") };
        assert_eq!((retry.attempt, retry.due), (attempt + 1, now.after(retry.delay)));
        assert_eq!(session.step(now), Step::Wait(retry.due));
        delays.push(retry.delay.nanos() / 1_000);
        now = retry.due;
    }
    let expected =
        [250_000, 375_000, 562_500, 843_750, 1_265_625, 1_898_437, 2_847_656, 4_271_484, 5_000_000, 5_000_000];
    assert_eq!(delays, expected);
}

#[test]
fn what_no_waiting_mends_is_not_waited_for() {
    for status in [401, 404] {
        let mut session = Session::new(Plan { ready: true, ..persistent() });
        session.failed(ms(0), refused(status), None, 0.5);
        assert_eq!((told(&mut session), session.step(ms(0))), (vec!["failed".to_string()], Step::Done));
    }
    let mut session = Session::new(Plan { ready: true, ..persistent() });
    session.failed(ms(0), refused(503), None, 0.5);
    assert_eq!(told(&mut session), ["failed", "retry 1 at 250 after 250"]);
}

#[test]
fn after_the_first_open_the_curve_counts_from_its_own_start() {
    let mut session = Session::new(Plan { ready: true, ..persistent() });
    session.failed(ms(0), failure(), None, 0.5);
    session.step(ms(250));
    session.opened(ms(300), new_life(300));
    told(&mut session);
    session.end(ms(10_000), cut(Cut::Reset), 0.5);
    assert_eq!(told(&mut session), ["ended reset", "retry 1 at 11000 after 1000"]);
}

#[test]
fn the_totals_count_drops_reconnects_and_the_time_without_a_connection() {
    let mut session = Session::new(persistent());
    session.opened(ms(0), new_life(0));
    session.end(ms(10_000), cut(Cut::Eof), 0.5);
    session.failed(ms(11_000), failure(), None, 0.5);
    assert_eq!(session.opened(ms(12_600), new_life(12_600)), Some(Span::from_millis(2_600)));
    session.end(ms(20_000), cut(Cut::Reset), 0.5);
    assert_eq!(session.opened(ms(21_000), new_life(21_000)), Some(Span::from_millis(1_000)));
    let down = Span::from_millis(3_600);
    assert_eq!(session.totals(), Totals { drops: 2, reconnects: 2, down });
    assert_eq!(session.step(ms(21_000)), Step::Live);
}

#[test]
fn a_stop_ends_the_waiting_and_counts_the_time_until_it() {
    let mut session = Session::new(persistent());
    session.opened(ms(0), new_life(0));
    session.end(ms(5_000), cut(Cut::Eof), 0.5);
    session.stop(ms(5_800));
    assert_eq!(session.step(ms(60_000)), Step::Done);
    let down = Span::from_millis(800);
    assert_eq!(session.totals(), Totals { drops: 1, reconnects: 0, down });
    session.stop(ms(9_000));
    assert_eq!(session.totals().down, down);
}

#[test]
fn an_end_that_is_no_drop_is_the_last_one() {
    let mut session = Session::new(persistent());
    session.opened(ms(0), new_life(0));
    let ended = session.end(ms(5_000), cut(Cut::Local("time used up")), 0.5).unwrap();
    assert!(!ended.drop);
    assert_eq!(told(&mut session), ["ended local"]);
    assert_eq!(session.step(ms(60_000)), Step::Done);
    assert_eq!(session.totals(), Totals::default());
}

#[test]
fn without_a_wish_to_reconnect_a_drop_is_the_end() {
    let mut session = Session::new(Plan::default());
    session.opened(ms(0), new_life(0));
    session.end(ms(5_000), cut(Cut::Eof), 0.5);
    assert_eq!(told(&mut session), ["ended fin"]);
    assert_eq!((session.step(ms(60_000)), session.totals().drops), (Step::Done, 1));
}

#[test]
fn giving_up_is_told_with_the_time_without_a_connection() {
    let curve = profile("joewalnes").unwrap();
    let mut session =
        Session::new(Plan { reconnect: Some(reconnect::Plan { curve, attempts: Some(1) }), ready: false });
    session.opened(ms(0), new_life(0));
    session.end(ms(5_000), cut(Cut::Eof), 0.5);
    told(&mut session);
    session.failed(ms(6_500), failure(), None, 0.5);
    assert_eq!(told(&mut session), ["failed", "gave up after 1, 1500"]);
    assert_eq!(session.step(ms(60_000)), Step::Done);
}

#[test]
fn a_refusal_to_come_back_is_told_with_its_reason() {
    let reconnect = Some(reconnect::Plan { curve: profile("full-jitter").unwrap(), attempts: None });
    let mut session = Session::new(Plan { reconnect, ready: false });
    session.opened(ms(0), new_life(0));
    session.end(ms(5_000), cut(Cut::Eof), 0.5);
    told(&mut session);
    session.failed(ms(6_000), refused(401), None, 0.5);
    session.poll();
    let Some(EventKind::GaveUp(gave_up)) = session.poll() else { panic!("not given up") };
    assert!(gave_up.why.contains("401"), "{}", gave_up.why);
    assert_eq!(session.step(ms(60_000)), Step::Done);
}

proptest! {
    #[test]
    fn however_often_an_end_is_told_each_open_ends_once_with_one_attempt(
        rounds in prop::collection::vec((1u64..30_000, 1usize..5, 0usize..4), 1..20),
    ) {
        let mut session = Session::new(persistent());
        let (mut now, mut ends, mut retries, mut failures) = (ms(0), 0, 0, 0);
        for (lived, tellings, failing) in &rounds {
            session.opened(now, new_life(millis(now.nanos())));
            now = now.after(Span::from_millis(*lived));
            let told_ends = (0..*tellings).filter(|_| session.end(now, cut(Cut::Eof), 0.5).is_some()).count();
            prop_assert_eq!(told_ends, 1);
            for _ in 0..*failing {
                session.failed(now, failure(), None, 0.5);
                failures += 1;
            }
            for words in told(&mut session) {
                ends += usize::from(words.starts_with("ended"));
                retries += usize::from(words.starts_with("retry"));
            }
        }
        prop_assert_eq!((ends, retries), (rounds.len(), rounds.len() + failures));
        prop_assert_eq!(session.totals().drops as usize, rounds.len());
        prop_assert_eq!(session.totals().reconnects as usize, rounds.len() - 1);
    }
}
