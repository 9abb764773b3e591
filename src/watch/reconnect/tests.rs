//! The curves as tables, what is never retried, and what the server's own wish changes.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::event::{CertificateFault, CertificateFaultKind, PayloadBytes};
use crate::watch::profiles::profile;

fn reconnect(name: &str) -> Reconnect {
    Reconnect::new(Plan { curve: profile(name).unwrap(), attempts: None })
}

/// A drop at an age of so many milliseconds.
fn ended(how: How, age: u64) -> Ended {
    Ended { age: Span::from_millis(age), ..Ended::sample(how) }
}

fn close(code: u16) -> How {
    How::Close { code: Some(code), reason: String::new() }
}

fn unreachable() -> DialFault {
    DialFault::Unreachable { attempts: Vec::new() }
}

fn refused(status: u16) -> DialFault {
    DialFault::Refused { status, reason: String::new() }
}

fn certificate() -> DialFault {
    let why = CertificateFault { kind: CertificateFaultKind::Expired, words: "it ended on 2026-01-02".into() };
    DialFault::Certificate { certificate: None, why }
}

fn invalid_upgrade() -> DialFault {
    DialFault::InvalidUpgrade { breaches: Vec::new() }
}

fn after_failure(reconnect: &mut Reconnect, fault: &DialFault, retry_after: Option<Span>, dice: f64) -> Decision {
    reconnect.decide(Outcome::Failed { fault, retry_after }, dice)
}

fn after_end(reconnect: &mut Reconnect, how: How, dice: f64) -> Decision {
    reconnect.decide(Outcome::Ended(&ended(how, 0)), dice)
}

/// The attempt's number and its delay to the nearest millisecond; none when it is given up.
fn retry(decision: &Decision) -> Option<(u32, u64)> {
    match decision {
        Decision::Retry { attempt, delay, .. } => Some((*attempt, millis(*delay))),
        Decision::GiveUp { .. } => None,
    }
}

fn millis(span: Span) -> u64 {
    (span.nanos() + 500_000) / 1_000_000
}

fn gave_up(decision: Decision) -> String {
    match decision {
        Decision::GiveUp { why, .. } => why,
        Decision::Retry { .. } => panic!("retried: {decision:?}"),
    }
}

/// Delays in milliseconds of one failed attempt after the other.
fn delays(name: &str, dice: f64, count: usize) -> Vec<u64> {
    let mut reconnect = reconnect(name);
    let decisions = (0..count).map(|_| after_failure(&mut reconnect, &unreachable(), None, dice));
    decisions.filter_map(|decision| retry(&decision)).map(|(_, delay)| delay).collect()
}

#[test]
fn each_client_waits_as_its_curve_says() {
    let rows: [(&str, f64, &[u64]); 15] = [
        ("full-jitter", 0.0, &[100, 100, 100, 100, 100, 100]),
        ("full-jitter", 0.5, &[500, 1_000, 2_000, 4_000, 8_000, 15_000]),
        ("full-jitter", 0.999, &[999, 1_998, 3_996, 7_992, 15_984, 29_970]),
        ("joewalnes", 0.0, &[1_000, 1_500, 2_250, 3_375, 5_063, 7_594]),
        ("joewalnes", 0.5, &[1_000, 1_500, 2_250, 3_375, 5_063, 7_594]),
        ("joewalnes", 0.999, &[1_000, 1_500, 2_250, 3_375, 5_063, 7_594]),
        ("pladaria", 0.0, &[1_000, 1_300, 1_690, 2_197, 2_856, 3_713]),
        ("phoenix", 0.0, &[10, 50, 100, 150, 200, 250]),
        ("phoenix", 0.999, &[10, 50, 100, 150, 200, 250]),
        ("socketio", 0.0, &[500, 1_000, 2_000]),
        ("socketio", 0.5, &[1_000, 2_000, 4_000, 5_000, 5_000, 5_000]),
        ("socketio", 0.999, &[1_499, 2_998]),
        ("graphql-ws", 0.0, &[1_300, 2_300, 4_300, 8_300, 16_300]),
        ("graphql-ws", 0.5, &[2_650, 3_650, 5_650, 9_650, 17_650]),
        ("graphql-ws", 0.999, &[3_997, 4_997, 6_997, 10_997, 18_997]),
    ];
    for (name, dice, expected) in rows {
        assert_eq!(delays(name, dice, expected.len()), expected, "{name} {dice}");
    }
}

#[test]
fn the_first_wait_of_pladaria_is_from_one_to_five_seconds() {
    assert_eq!([0.0, 0.5, 0.999].map(|dice| delays("pladaria", dice, 1)[0]), [1_000, 3_000, 4_996]);
}

#[test]
fn the_last_step_of_phoenix_repeats() {
    let all = delays("phoenix", 0.5, 12);
    assert_eq!(all[6..], [500, 1_000, 2_000, 5_000, 5_000, 5_000]);
}

#[test]
fn growth_ends_at_the_cap_however_many_attempts_there_were() {
    assert_eq!(delays("joewalnes", 0.5, 3_000).last(), Some(&30_000));
    assert_eq!(delays("full-jitter", 0.5, 3_000).last(), Some(&15_000));
}

#[test]
fn the_sixth_attempt_of_graphql_ws_is_not_made() {
    assert_eq!(delays("graphql-ws", 0.0, 10).len(), 5);
}

#[test]
fn only_a_connection_that_stayed_up_starts_the_count_anew() {
    for (age, attempt) in [(0, 4), (4_999, 4), (5_000, 1), (60_000, 1)] {
        let mut reconnect = reconnect("full-jitter");
        for _ in 0..3 {
            after_failure(&mut reconnect, &unreachable(), None, 0.5);
        }
        let decision = reconnect.decide(Outcome::Ended(&ended(How::Fin, age)), 0.5);
        assert_eq!(retry(&decision).unwrap().0, attempt, "{age} ms");
    }
}

#[test]
fn so_many_attempts_in_a_row_as_asked_and_no_more() {
    let mut reconnect = Reconnect::new(Plan { curve: profile("full-jitter").unwrap(), attempts: Some(3) });
    let mut attempts = vec![after_end(&mut reconnect, How::Fin, 0.5)];
    attempts.extend((0..2).map(|_| after_failure(&mut reconnect, &unreachable(), None, 0.5)));
    let numbers: Vec<u32> = attempts.iter().map(|decision| retry(decision).unwrap().0).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let last = after_failure(&mut reconnect, &unreachable(), None, 0.5);
    assert_eq!(last, Decision::GiveUp { attempts: 3, why: "that is the limit of attempts in a row".into() });
}

#[test]
fn the_smaller_of_two_limits_counts() {
    let mut curve = profile("full-jitter").unwrap();
    curve.attempts = Some(1);
    let mut reconnect = Reconnect::new(Plan { curve, attempts: Some(3) });
    assert!(retry(&after_end(&mut reconnect, How::Fin, 0.5)).is_some());
    assert!(retry(&after_end(&mut reconnect, How::Fin, 0.5)).is_none());
}

#[test]
fn a_longer_retry_after_wins_and_up_to_a_tenth_is_added() {
    let wait = |secs: u64, dice: f64| {
        let wish = Some(Span::from_secs(secs));
        retry(&after_failure(&mut reconnect("full-jitter"), &refused(503), wish, dice)).unwrap().1
    };
    assert_eq!([wait(20, 0.0), wait(20, 0.5), wait(20, 0.999)], [20_000, 21_000, 21_998]);
    assert_eq!(wait(0, 0.5), 500);
    assert_eq!(wait(86_400, 0.0), 3_600_000);
}

#[test]
fn a_shorter_retry_after_changes_nothing() {
    let mut reconnect = reconnect("full-jitter");
    for _ in 0..5 {
        after_failure(&mut reconnect, &unreachable(), None, 0.5);
    }
    let decision = after_failure(&mut reconnect, &refused(503), Some(Span::from_secs(2)), 0.5);
    assert_eq!(retry(&decision), Some((6, 15_000)));
}

#[test]
fn a_wait_names_its_reason() {
    let why = |decision: Decision| match decision {
        Decision::Retry { why, .. } => why,
        Decision::GiveUp { why, .. } => panic!("given up: {why}"),
    };
    assert_eq!(why(after_end(&mut reconnect("full-jitter"), How::Fin, 0.5)), "full jitter");
    assert_eq!(why(after_end(&mut reconnect("phoenix"), How::Fin, 0.5)), "as phoenix");
    let wish = Some(Span::from_secs(20));
    let wished = why(after_failure(&mut reconnect("full-jitter"), &refused(429), wish, 0.5));
    assert!(wished.contains("Retry-After"), "{wished}");
    let later = why(after_end(&mut reconnect("full-jitter"), close(1013), 0.5));
    assert!(later.contains("1013"), "{later}");
}

#[test]
fn a_1013_waits_half_the_cap_longer() {
    for (dice, expected) in [(0.0, 15_100), (0.5, 15_500), (0.999, 15_999)] {
        let decision = after_end(&mut reconnect("full-jitter"), close(1013), dice);
        assert_eq!(retry(&decision), Some((1, expected)));
    }
}

#[test]
fn what_would_be_the_same_again_is_never_retried_and_says_why() {
    let faults = [refused(400), refused(401), refused(403), refused(404), refused(426), refused(200), refused(301)];
    let others = [
        certificate(),
        invalid_upgrade(),
        DialFault::NoAddress { name: "example.test".into() },
        DialFault::Redirects { words: "more than 5 redirects".into() },
        DialFault::HeadTooLarge { limit: 65_536 },
        DialFault::NotHttp { first: PayloadBytes(b"SSH-2.0".to_vec()), malformed: None },
    ];
    for fault in faults.iter().chain(&others) {
        let why = gave_up(after_failure(&mut reconnect("full-jitter"), fault, None, 0.5));
        assert!(!why.is_empty() && !why.ends_with('.'), "{fault:?}: {why:?}");
    }
    for code in [1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 3003] {
        let why = gave_up(after_end(&mut reconnect("full-jitter"), close(code), 0.5));
        assert!(why.contains(&code.to_string()), "{why}");
        let cut = How::CloseThenCut { code: Some(code), reason: String::new() };
        assert!(retry(&after_end(&mut reconnect("full-jitter"), cut, 0.5)).is_none(), "{code}, then cut");
    }
    let garbage = How::Garbage { breach: "mask-unexpected".into(), words: "a masked frame; only clients mask".into() };
    assert!(gave_up(after_end(&mut reconnect("full-jitter"), garbage, 0.5)).contains("a masked frame"));
}

#[test]
fn a_refusal_names_what_was_refused() {
    let why = |fault| gave_up(after_failure(&mut reconnect("full-jitter"), &fault, None, 0.5));
    assert!(why(refused(401)).contains("401"));
    assert!(why(certificate()).contains("it ended on 2026-01-02"));
}

#[test]
fn what_may_be_better_next_time_is_retried() {
    let ends = [
        close(1001),
        close(1011),
        close(1012),
        close(1013),
        close(1014),
        close(3008),
        How::Close { code: None, reason: String::new() },
        How::Fin,
        How::Reset,
        How::Silent { delivered: Some(true) },
        How::Silent { delivered: None },
        How::TlsTruncated,
        How::KernelTimeout,
        How::WriteStuck,
    ];
    for how in ends {
        let words = format!("{how:?}");
        assert!(retry(&after_end(&mut reconnect("full-jitter"), how, 0.5)).is_some(), "{words}");
    }
    let faults = [
        refused(408),
        refused(425),
        refused(429),
        refused(502),
        refused(503),
        refused(504),
        refused(521),
        unreachable(),
        DialFault::TimedOut { limit: Span::from_secs(10), attempts: Vec::new(), delivered: None, received: 0 },
        DialFault::NameLookupFailed { name: "example.test".into(), detail: "try again".into() },
        DialFault::TlsCut { reset: true, certificate_request: None },
        DialFault::CutBeforeAnswer { reset: false, received: 0 },
    ];
    for fault in faults {
        let decision = after_failure(&mut reconnect("full-jitter"), &fault, None, 0.5);
        assert!(retry(&decision).is_some(), "{fault:?}");
    }
}

#[test]
fn a_1000_that_nobody_asked_for_after_a_minute_of_silence_is_retried() {
    let silent = |name: &str, quiet: u64| {
        let ended = Ended { quiet_out: Span::from_secs(quiet), ..ended(close(1000), 60_000) };
        retry(&reconnect(name).decide(Outcome::Ended(&ended), 0.5)).is_some()
    };
    assert!(silent("full-jitter", 60));
    assert!(!silent("full-jitter", 1));
    assert!(!silent("phoenix", 60));
}

#[test]
fn after_a_1000_the_end_was_meant_and_after_the_others_it_would_be_the_same() {
    let why = |code| gave_up(after_end(&mut reconnect("full-jitter"), close(code), 0.5));
    assert!(why(1000).starts_with("Close 1000 says that the end was meant"), "{}", why(1000));
    assert!(why(1008).starts_with("after Close 1008 the same would happen again"), "{}", why(1008));
}

#[test]
fn the_clients_that_ignore_refusals_come_back_after_them() {
    for name in ["joewalnes", "pladaria", "socketio"] {
        for how in [close(1000), close(1008), close(4401)] {
            let words = format!("{name} {how:?}");
            assert!(retry(&after_end(&mut reconnect(name), how, 0.5)).is_some(), "{words}");
        }
        for fault in [refused(401), refused(404), certificate(), invalid_upgrade()] {
            let decision = after_failure(&mut reconnect(name), &fault, None, 0.5);
            assert!(retry(&decision).is_some(), "{name} {fault:?}");
        }
    }
    assert!(retry(&after_end(&mut reconnect("phoenix"), close(1000), 0.5)).is_none());
    assert!(retry(&after_end(&mut reconnect("graphql-ws"), close(4401), 0.5)).is_none());
    assert!(retry(&after_end(&mut reconnect("graphql-ws"), close(1000), 0.5)).is_some());
}

#[test]
fn a_name_that_does_not_exist_is_tried_three_times() {
    let mut reconnect = reconnect("full-jitter");
    let fault = DialFault::NameNotFound { name: "example.test".into() };
    assert!(retry(&after_failure(&mut reconnect, &fault, None, 0.5)).is_some());
    assert!(retry(&after_failure(&mut reconnect, &fault, None, 0.5)).is_some());
    assert!(gave_up(after_failure(&mut reconnect, &fault, None, 0.5)).starts_with("example.test does not exist"));
}

#[test]
fn a_500_is_tried_five_times() {
    let mut reconnect = reconnect("full-jitter");
    for _ in 0..4 {
        assert!(retry(&after_failure(&mut reconnect, &refused(500), None, 0.5)).is_some());
    }
    assert!(gave_up(after_failure(&mut reconnect, &refused(500), None, 0.5)).contains("500"));
}

#[test]
fn what_we_ended_ourselves_is_not_retried_by_any_client() {
    for name in crate::watch::profiles::NAMES {
        let local = How::Local { why: "interrupted".into() };
        assert_eq!(gave_up(after_end(&mut reconnect(name), local, 0.5)), "interrupted", "{name}");
    }
}

#[test]
fn before_the_first_open_only_what_may_come_up_is_waited_for() {
    let waited = |fault: &DialFault| ready_delay(fault, 0).is_some();
    assert!([unreachable(), refused(502), refused(503), refused(504)].iter().all(waited));
    assert!(![refused(401), refused(404), refused(500), certificate(), invalid_upgrade()].iter().any(waited));
}

proptest! {
    #[test]
    fn full_jitter_stays_between_a_tenth_of_a_second_and_its_bound(
        dice in prop::collection::vec(0.0f64..1.0, 1..40),
    ) {
        let mut reconnect = reconnect("full-jitter");
        let mut bound = Span::from_millis(1_000);
        for dice in dice {
            let decision = after_failure(&mut reconnect, &unreachable(), None, dice);
            let Decision::Retry { delay, .. } = decision else { panic!("given up: {decision:?}") };
            prop_assert!(delay >= Span::from_millis(100) && delay <= bound, "{:?} of {:?}", delay, bound);
            bound = bound.times(2.0).min(Span::from_secs(30));
        }
    }

    #[test]
    fn a_retry_after_is_kept_to_and_never_much_longer_than_an_hour(secs: u64, dice in 0.0f64..1.0) {
        let secs = secs % 1_000_000;
        let wish = Some(Span::from_secs(secs));
        let decision = after_failure(&mut reconnect("full-jitter"), &refused(429), wish, dice);
        let Decision::Retry { delay, .. } = decision else { panic!("given up: {decision:?}") };
        prop_assert!(delay >= Span::from_secs(secs.min(3_600)));
        prop_assert!(delay <= Span::from_secs(3_960));
    }

    #[test]
    fn a_1013_waits_from_half_the_cap_to_the_cap(failures in 0usize..12, dice in 0.0f64..1.0) {
        let mut reconnect = reconnect("full-jitter");
        for _ in 0..failures {
            after_failure(&mut reconnect, &unreachable(), None, dice);
        }
        let (_, delay) = retry(&after_end(&mut reconnect, close(1013), dice)).unwrap();
        prop_assert!((15_000..=30_000).contains(&delay));
    }
}
