//! Heartbeats by exact times: what is due, what settles it, what is missed, and what no order of inputs may cause.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use regex::Regex;

use super::*;
use crate::event::StrayPong;
use crate::watch::presets::preset;

const NONCE: u32 = 7;

/// One input; each of those that bring bytes brings ten, told after what they complete.
#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Tick,
    Written(u64),
    Life,
    Pong(u64),
    OddPong(&'a [u8]),
    Text(&'a str),
    Binary(&'a [u8]),
    Measure,
    MeasureWith(&'a [u8]),
    /// Milliseconds of the interval and of the timeout.
    Change(Option<u64>, Option<u64>),
    Held(u64),
}

use Step::{Binary, Change, Held, Life, Measure, MeasureWith, OddPong, Pong, Text, Tick, Written};

/// A machine, and the bytes that it was told of.
struct Bench {
    heartbeat: Heartbeat,
    bytes: u64,
}

impl Bench {
    fn new(plan: Plan) -> Bench {
        Bench { heartbeat: Heartbeat::new(plan, Moment::START, NONCE), bytes: 0 }
    }

    fn step(&mut self, now: Moment, step: Step<'_>) {
        match step {
            Tick => self.heartbeat.tick(now),
            Written(number) => self.heartbeat.written(now, number),
            Measure => self.heartbeat.measure(now),
            MeasureWith(payload) => self.heartbeat.measure_with(now, payload.to_vec()),
            Change(every, timeout) => {
                self.heartbeat.change(now, every.map(Span::from_millis), timeout.map(Span::from_millis));
            }
            Held(millis) => self.heartbeat.held(Span::from_millis(millis)),
            Life => self.life(now),
            Pong(number) => {
                let payload = self.heartbeat.ping_payload(number);
                self.heartbeat.pong(now, &payload);
                self.life(now);
            }
            OddPong(payload) => {
                self.heartbeat.pong(now, payload);
                self.life(now);
            }
            Text(text) => {
                self.heartbeat.message(now, Some(text), text.as_bytes());
                self.life(now);
            }
            Binary(bytes) => {
                self.heartbeat.message(now, None, bytes);
                self.life(now);
            }
        }
    }

    fn life(&mut self, now: Moment) {
        self.bytes += 10;
        self.heartbeat.life(now, self.bytes);
    }

    fn drain(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.heartbeat.poll()).collect()
    }

    fn said(&mut self) -> String {
        self.drain().iter().map(words).collect::<Vec<String>>().join(", ")
    }
}

fn words(output: &Output) -> String {
    match output {
        Output::Write { number, measured: false } => format!("write {number}"),
        Output::Write { number, measured: true } => format!("measure {number}"),
        Output::Reply(payload) => format!("reply {payload:?}"),
        Output::Dead => "dead".into(),
        Output::Unheard => "unheard".into(),
        Output::Stuck => "stuck".into(),
        Output::Emit(EventKind::Heartbeat(sent)) => format!("sent {} {}", sent.number, sent.what),
        Output::Emit(EventKind::Answered(answered)) if answered.own => {
            format!("answered {} by its own after {}", answered.number, answered.rtt.nanos() / 1_000_000)
        }
        Output::Emit(EventKind::Answered(answered)) => format!("answered {}", answered.number),
        Output::Emit(EventKind::Missed(missed)) => format!("missed {} {}/{}", missed.number, missed.misses, missed.of),
        Output::Emit(EventKind::PingsIgnored(ignored)) => format!("ignored {}", ignored.in_row),
        Output::Emit(EventKind::StrayPong(stray)) => format!("stray {:?}", stray.kind),
        Output::Emit(other) => format!("{other:?}"),
    }
}

/// Milliseconds, the input, the outputs in words.
type Row<'a> = (u64, Step<'a>, &'a str);

fn play(plan: Plan, rows: &[Row<'_>]) -> Bench {
    let mut bench = Bench::new(plan);
    for (millis, step, expected) in rows {
        bench.step(Moment::from_millis(*millis), *step);
        assert_eq!(bench.said(), *expected, "at {millis} ms: {step:?}");
    }
    bench
}

fn plan(every: u64, timeout: u64) -> Plan {
    Plan { every: Some(Span::from_millis(every)), timeout: Span::from_millis(timeout), ..Plan::default() }
}

fn heartcheck() -> Plan {
    preset("heartcheck").unwrap()
}

#[test]
fn one_is_due_when_nothing_has_arrived_for_the_interval_since_the_open() {
    play(
        Plan::default(),
        &[
            (19_999, Tick, ""),
            (20_000, Tick, "write 1"),
            (20_001, Written(1), "sent 1 ping"),
            (20_050, Pong(1), "answered 1 by its own after 49"),
            (40_049, Tick, ""),
            (40_050, Tick, "write 2"),
        ],
    );
}

#[test]
fn every_byte_restarts_the_idle_clock() {
    let rows = [(15_000, Life, ""), (20_000, Tick, ""), (34_999, Tick, ""), (35_000, Tick, "write 1")];
    let bench = play(Plan::default(), &rows);
    assert_eq!(bench.heartbeat.due(), None);
}

#[test]
fn without_an_interval_nothing_is_ever_due() {
    let bench = play(Plan { every: None, ..Plan::default() }, &[(1_000_000, Tick, "")]);
    assert_eq!(bench.heartbeat.deadline(), None);
}

#[test]
fn the_idle_clock_has_at_most_one_outstanding() {
    play(
        plan(20_000, 60_000),
        &[
            (20_000, Tick, "write 1"),
            (20_000, Written(1), "sent 1 ping"),
            (40_000, Tick, ""),
            (60_000, Tick, ""),
            (80_000, Tick, "missed 1 1/1, dead"),
        ],
    );
}

#[test]
fn the_timeout_runs_from_the_write_and_not_from_the_asking() {
    play(
        Plan::default(),
        &[
            (20_000, Tick, "write 1"),
            (30_000, Written(1), "sent 1 ping"),
            (40_000, Tick, ""),
            (49_999, Tick, ""),
            (50_000, Tick, "missed 1 1/1, dead"),
        ],
    );
}

#[test]
fn what_is_not_written_in_time_is_stuck() {
    let asked = (20_000, Tick, "write 1");
    play(Plan::default(), &[asked, (39_999, Tick, ""), (40_000, Tick, "stuck")]);
    play(Plan { answer: Answer::None, ..Plan::default() }, &[asked, (40_000, Tick, "stuck")]);
}

#[test]
fn what_arrives_before_the_write_settles_nothing() {
    play(
        Plan::default(),
        &[
            (20_000, Tick, "write 1"),
            (20_100, Life, ""),
            (20_200, Written(1), "sent 1 ping"),
            (40_199, Tick, ""),
            (40_200, Tick, "missed 1 1/1, dead"),
        ],
    );
}

#[test]
fn any_byte_after_the_write_settles_it_and_the_own_pong_is_still_measured() {
    let rows = [
        (20_000, Tick, "write 1"),
        (20_000, Written(1), "sent 1 ping"),
        (21_000, Life, ""),
        (40_000, Tick, "answered 1"),
    ];
    let bench = play(Plan::default(), &rows);
    assert_eq!(bench.heartbeat.answered_at(), Some(Moment::from_millis(21_000)));
    play(
        Plan::default(),
        &[
            (20_000, Tick, "write 1"),
            (20_000, Written(1), "sent 1 ping"),
            (21_000, Life, ""),
            (22_000, Pong(1), "answered 1 by its own after 2000"),
            (41_999, Tick, ""),
            (42_000, Tick, "write 2"),
        ],
    );
}

#[test]
fn with_match_only_its_own_pong_settles_a_ping() {
    let matching = Plan { answer: Answer::Match, ..Plan::default() };
    let sent: [Row<'_>; 4] =
        [(20_000, Tick, "write 1"), (20_000, Written(1), "sent 1 ping"), (30_000, Life, ""), (31_000, Text("x"), "")];
    let missed: Vec<Row<'_>> = [&sent[..], &[(40_000, Tick, "missed 1 1/1, dead")]].concat();
    play(matching.clone(), &missed);
    let answered: Vec<Row<'_>> = [&sent[..], &[(39_999, Pong(1), "answered 1 by its own after 19999")]].concat();
    play(matching, &answered);
}

#[test]
fn a_miss_tells_the_bytes_that_came_and_the_time_waited() {
    let mut bench = Bench::new(Plan { answer: Answer::Match, misses: 3, ..Plan::default() });
    for (millis, step) in [(1_000, Life), (21_000, Tick), (21_000, Written(1)), (30_000, Life), (31_000, Life)] {
        bench.step(Moment::from_millis(millis), step);
    }
    bench.drain();
    bench.step(Moment::from_millis(41_000), Tick);
    let waited = Span::from_secs(20);
    let missed = Missed { number: 1, measured: false, misses: 1, of: 3, bytes_since: 20, waited, theirs: false };
    assert_eq!(bench.drain(), [Output::Emit(EventKind::Missed(missed)), Output::Write { number: 2, measured: false }]);
}

#[test]
fn each_answer_rule_takes_its_own_messages_only() {
    let text = Send::Text("hb".into());
    let bytes = Send::Binary(vec![1, 2]);
    let regex = || Answer::Regex(Regex::new("^p.ng$").unwrap());
    let rows = [
        (text.clone(), Answer::Match, Text("hb"), true),
        (text.clone(), Answer::Match, Text("hb "), false),
        (text.clone(), Answer::Match, Binary(b"hb"), false),
        (bytes.clone(), Answer::Match, Binary(&[1, 2]), true),
        (bytes.clone(), Answer::Match, Binary(&[1, 2, 3]), false),
        (bytes, Answer::Match, Text("\u{1}\u{2}"), false),
        (text.clone(), Answer::Text("pong".into()), Text("pong"), true),
        (text.clone(), Answer::Text("pong".into()), Text("hb"), false),
        (Send::Ping, Answer::Text("pong".into()), Text("pong"), true),
        (Send::Ping, Answer::Text("pong".into()), Binary(b"pong"), false),
        (text.clone(), regex(), Text("ping"), true),
        (text.clone(), regex(), Text("pinging"), false),
        (text, regex(), Binary(b"ping"), false),
    ];
    for (send, answer, step, settles) in rows {
        let case = format!("{send:?} {answer:?} {step:?}");
        let mut bench = Bench::new(Plan { send, answer, ..Plan::default() });
        bench.step(Moment::from_millis(20_000), Tick);
        bench.step(Moment::from_millis(20_000), Written(1));
        bench.drain();
        bench.step(Moment::from_millis(20_500), step);
        let expected = if settles { "answered 1 by its own after 500" } else { "" };
        assert_eq!(bench.said(), expected, "{case}");
        bench.step(Moment::from_millis(40_000), Tick);
        assert_eq!(bench.said(), if settles { "" } else { "missed 1 1/1, dead" }, "{case}");
    }
}

#[test]
fn an_answer_before_the_write_is_none() {
    let answer = Answer::Text("pong".into());
    play(Plan { answer, ..Plan::default() }, &[(20_000, Tick, "write 1"), (20_001, Text("pong"), "")]);
}

#[test]
fn with_none_it_is_only_sent_and_the_interval_runs_from_the_write() {
    play(
        Plan { answer: Answer::None, send: Send::Text("hb".into()), ..Plan::default() },
        &[
            (20_000, Tick, "write 1"),
            (20_010, Written(1), "sent 1 text \"hb\""),
            (40_009, Tick, ""),
            (40_010, Tick, "write 2"),
            (40_010, Written(2), "sent 2 text \"hb\""),
            (50_000, Life, ""),
            (69_999, Tick, ""),
            (70_000, Tick, "write 3"),
        ],
    );
}

#[test]
fn a_heartcheck_is_due_after_a_minute_and_missed_after_another() {
    play(
        heartcheck(),
        &[
            (59_999, Tick, ""),
            (60_000, Tick, "write 1"),
            (60_000, Written(1), "sent 1 text \"HeartBeat\""),
            (119_999, Tick, ""),
            (120_000, Tick, "missed 1 1/1, dead"),
        ],
    );
}

#[test]
fn any_message_answers_a_heartcheck_and_the_next_minute_begins_there() {
    play(
        heartcheck(),
        &[
            (60_000, Tick, "write 1"),
            (60_000, Written(1), "sent 1 text \"HeartBeat\""),
            (90_000, Text("anything"), "answered 1"),
            (120_000, Tick, ""),
            (149_999, Tick, ""),
            (150_000, Tick, "write 2"),
        ],
    );
    play(heartcheck(), &[(90_000, Text("early"), ""), (149_999, Tick, ""), (150_000, Tick, "write 1")]);
}

#[test]
fn the_next_one_follows_a_miss_at_once_and_so_many_in_a_row_are_a_drop() {
    play(
        Plan { misses: 3, ..plan(20_000, 5_000) },
        &[
            (20_000, Tick, "write 1"),
            (20_000, Written(1), "sent 1 ping"),
            (25_000, Tick, "missed 1 1/3, write 2"),
            (25_000, Written(2), "sent 2 ping"),
            (30_000, Tick, "missed 2 2/3, write 3"),
            (30_000, Written(3), "sent 3 ping"),
            (34_999, Tick, ""),
            (35_000, Tick, "missed 3 3/3, dead"),
        ],
    );
}

#[test]
fn an_answer_between_two_misses_starts_the_row_anew() {
    for (answer, settling, said) in [
        (Answer::Any, Pong(2), "answered 2 by its own after 1000"),
        (Answer::Match, Pong(2), "answered 2 by its own after 1000"),
        (Answer::Any, Life, ""),
    ] {
        let mut bench = play(
            Plan { misses: 2, answer, ..plan(20_000, 5_000) },
            &[
                (20_000, Tick, "write 1"),
                (20_000, Written(1), "sent 1 ping"),
                (25_000, Tick, "missed 1 1/2, write 2"),
                (25_000, Written(2), "sent 2 ping"),
                (26_000, settling, said),
            ],
        );
        bench.step(Moment::from_millis(46_000), Tick);
        bench.step(Moment::from_millis(46_000), Written(3));
        bench.drain();
        bench.step(Moment::from_millis(51_000), Tick);
        assert_eq!(bench.said(), "missed 3 1/2, write 4", "{settling:?}");
    }
}

#[test]
fn the_fixed_clock_sends_each_interval_whatever_arrives() {
    play(
        Plan { clock: Clock::Fixed, ..plan(20_000, 5_000) },
        &[
            (19_000, Life, ""),
            (20_000, Tick, "write 1"),
            (20_000, Written(1), "sent 1 ping"),
            (20_100, Pong(1), "answered 1 by its own after 100"),
            (39_999, Life, ""),
            (40_000, Tick, "write 2"),
        ],
    );
}

#[test]
fn on_the_fixed_clock_each_has_its_own_deadline_and_a_pong_settles_the_earlier_ones() {
    play(
        Plan { clock: Clock::Fixed, answer: Answer::Match, misses: 2, ..plan(20_000, 50_000) },
        &[
            (20_000, Tick, "write 1"),
            (20_000, Written(1), "sent 1 ping"),
            (40_000, Tick, "write 2"),
            (40_000, Written(2), "sent 2 ping"),
            (60_000, Tick, "write 3"),
            (60_000, Written(3), "sent 3 ping"),
            (61_000, Pong(2), "answered 1, answered 2 by its own after 21000"),
            (70_000, Tick, ""),
            (80_000, Tick, "write 4"),
            (80_000, Written(4), "sent 4 ping"),
            (100_000, Tick, "write 5"),
            (100_000, Written(5), "sent 5 ping"),
            (110_000, Tick, "missed 3 1/2"),
            (120_000, Tick, "write 6"),
            (120_000, Written(6), "sent 6 ping"),
            (130_000, Tick, "missed 4 2/2, dead"),
        ],
    );
}

#[test]
fn a_late_tick_of_the_fixed_clock_sends_one_and_keeps_the_beat() {
    let fixed = Plan { clock: Clock::Fixed, ..Plan::default() };
    let bench = play(fixed, &[(65_000, Tick, "write 1"), (65_000, Written(1), "sent 1 ping")]);
    assert_eq!(bench.heartbeat.due(), Some(Moment::from_millis(80_000)));
}

#[test]
fn a_fixed_clock_faster_than_its_answers_keeps_a_bounded_number() {
    let mut bench = Bench::new(Plan { clock: Clock::Fixed, ..plan(1, 1_000_000) });
    for millis in 1..=1000 {
        bench.step(Moment::from_millis(millis), Tick);
        bench.drain();
    }
    assert_eq!(bench.heartbeat.outstanding.len(), KEPT);
}

/// Rounds of a ping that other data settles; each is 21 s.
fn ignored_rounds(rounds: u64, answered: impl Fn(u64) -> bool) -> Vec<String> {
    let mut bench = Bench::new(Plan::default());
    let mut said = Vec::new();
    for number in 1..=rounds {
        let due = bench.heartbeat.due().unwrap();
        let later = |millis: u64| due.after(Span::from_millis(millis));
        bench.step(due, Tick);
        bench.step(due, Written(number));
        bench.step(later(1_000), Life);
        if answered(number) {
            bench.step(later(1_500), Pong(number));
        }
        bench.step(later(20_000), Tick);
        said.extend(bench.drain().iter().map(words));
    }
    said
}

#[test]
fn three_pings_in_a_row_without_their_own_pong_are_told_once_and_are_no_drop() {
    let said = ignored_rounds(10, |_| false);
    let told: Vec<&String> = said.iter().filter(|words| words.starts_with("ignored")).collect();
    assert_eq!(told, ["ignored 3"]);
    assert!(!said.iter().any(|words| words == "dead" || words.starts_with("missed")), "{said:?}");
    assert_eq!(said.iter().position(|words| words == "ignored 3"), Some(9), "{said:?}");
}

#[test]
fn a_pong_between_them_is_not_three_in_a_row() {
    let said = ignored_rounds(10, |number| number % 3 == 0);
    assert!(!said.iter().any(|words| words.starts_with("ignored")), "{said:?}");
}

#[test]
fn a_pong_after_its_miss_is_late() {
    play(
        Plan { answer: Answer::Match, misses: 9, ..plan(20_000, 5_000) },
        &[
            (20_000, Tick, "write 1"),
            (20_000, Written(1), "sent 1 ping"),
            (25_000, Tick, "missed 1 1/9, write 2"),
            (26_000, Pong(1), "stray Late"),
        ],
    );
}

#[test]
fn a_pong_after_the_wait_for_it_is_late_even_if_other_data_settled_its_ping() {
    play(
        Plan::default(),
        &[
            (20_000, Tick, "write 1"),
            (20_000, Written(1), "sent 1 ping"),
            (21_000, Life, ""),
            (40_000, Tick, "answered 1"),
            (40_500, Pong(1), "stray Late"),
        ],
    );
}

#[test]
fn a_pong_that_comes_twice_is_a_duplicate() {
    play(
        Plan::default(),
        &[
            (20_000, Tick, "write 1"),
            (20_000, Written(1), "sent 1 ping"),
            (20_100, Pong(1), "answered 1 by its own after 100"),
            (20_200, Pong(1), "stray Duplicate"),
        ],
    );
}

#[test]
fn a_pong_with_a_payload_that_was_never_sent_is_unknown() {
    let payloads: [&[u8]; 7] = [
        b"",
        b"abc",
        b"hello, world",
        &[0, 0, 0, 7, 0, 0, 0, 2],
        &[0, 0, 0, 7, 0, 0, 0, 0],
        &[0, 0, 0, 8, 0, 0, 0, 1],
        &[0, 0, 0, 7, 0, 0, 0, 1, 0],
    ];
    for payload in payloads {
        let mut bench = play(
            Plan { answer: Answer::Match, ..Plan::default() },
            &[(20_000, Tick, "write 1"), (20_000, Written(1), "sent 1 ping")],
        );
        bench.step(Moment::from_millis(20_100), OddPong(payload));
        let stray = StrayPong { kind: Stray::Unknown, len: payload.len() as u64 };
        assert_eq!(bench.drain(), [Output::Emit(EventKind::StrayPong(stray))], "{payload:?}");
    }
}

#[test]
fn pings_of_one_connection_are_unlike_each_other_and_those_of_another() {
    let (one, other) = (Bench::new(Plan::default()), Heartbeat::new(Plan::default(), Moment::START, NONCE + 1));
    assert_eq!(one.heartbeat.ping_payload(1), [0, 0, 0, 7, 0, 0, 0, 1]);
    assert_ne!(one.heartbeat.ping_payload(1), one.heartbeat.ping_payload(2));
    assert_ne!(one.heartbeat.ping_payload(1), other.ping_payload(1));
}

#[test]
fn a_measured_ping_needs_its_own_pong() {
    play(
        Plan::default(),
        &[
            (1_000, Measure, "measure 1"),
            (1_000, Written(1), "sent 1 ping"),
            (2_000, Life, ""),
            (3_000, Pong(1), "answered 1 by its own after 2000"),
        ],
    );
}

#[test]
fn a_measured_ping_goes_out_as_a_ping_whatever_the_heartbeats_are() {
    play(heartcheck(), &[(1_000, Measure, "measure 1"), (1_000, Written(1), "sent 1 ping")]);
    let only_sent = Plan { answer: Answer::None, ..heartcheck() };
    let rows = [
        (1_000, Measure, "measure 1"),
        (1_000, Written(1), "sent 1 ping"),
        (1_200, Pong(1), "answered 1 by its own after 200"),
    ];
    play(only_sent, &rows);
}

#[test]
fn a_measured_ping_without_its_pong_counts_only_in_silence() {
    let rows: [Row<'_>; 2] = [(1_000, Measure, "measure 1"), (1_000, Written(1), "sent 1 ping")];
    let silent: Vec<Row<'_>> = [&rows[..], &[(21_000, Tick, "missed 1 1/1, dead")]].concat();
    play(Plan::default(), &silent);
    let alive: Vec<Row<'_>> = [&rows[..], &[(2_000, Life, "")]].concat();
    let mut bench = play(Plan::default(), &alive);
    bench.step(Moment::from_millis(21_000), Tick);
    let waited = Span::from_secs(20);
    let missed = Missed { number: 1, measured: true, misses: 0, of: 1, bytes_since: 10, waited, theirs: false };
    let ignored = PingsIgnored { in_row: 1, waited };
    assert_eq!(
        bench.drain(),
        [Output::Emit(EventKind::Missed(missed)), Output::Emit(EventKind::PingsIgnored(ignored))]
    );
}

#[test]
fn a_ping_with_its_own_payload_is_answered_by_that_payload_only() {
    for payload in [&b"hello"[..], b"", &[0, 0, 0, NONCE as u8, 0, 0, 0, 9]] {
        let rows = [
            (1_000, MeasureWith(payload), "measure 1"),
            (1_000, Written(1), "sent 1 ping"),
            (1_100, OddPong(b"other"), "stray Unknown"),
            (1_200, Pong(1), "stray Unknown"),
            (1_300, Life, ""),
            (1_400, OddPong(payload), "answered 1 by its own after 400"),
            (1_500, OddPong(payload), "stray Duplicate"),
        ];
        let bench = play(Plan { answer: Answer::Match, ..Plan::default() }, &rows);
        assert_eq!(bench.heartbeat.payload(1), payload);
    }
}

#[test]
fn a_ping_without_a_payload_of_its_own_carries_nonce_and_number() {
    let bench = play(Plan::default(), &[(1_000, MeasureWith(b"x"), "measure 1"), (1_000, Measure, "measure 2")]);
    assert_eq!(bench.heartbeat.payload(2), bench.heartbeat.ping_payload(2));
}

#[test]
fn of_pings_with_the_same_payload_the_oldest_is_answered_first() {
    let rows = [
        (1_000, MeasureWith(b"x"), "measure 1"),
        (1_000, Written(1), "sent 1 ping"),
        (1_100, MeasureWith(b"x"), "measure 2"),
        (1_100, Written(2), "sent 2 ping"),
        (1_150, MeasureWith(b"y"), "measure 3"),
        (1_150, Written(3), "sent 3 ping"),
        (1_200, OddPong(b"x"), "answered 1 by its own after 200"),
        (1_300, OddPong(b"y"), "answered 3 by its own after 150"),
        (1_400, OddPong(b"x"), "answered 2 by its own after 300"),
        (1_500, OddPong(b"x"), "stray Duplicate"),
    ];
    play(Plan::default(), &rows);
}

#[test]
fn a_typed_payload_that_a_later_heartbeat_has_too_is_answered_first() {
    let rows = [
        (1_000, MeasureWith(&[0, 0, 0, NONCE as u8, 0, 0, 0, 2]), "measure 1"),
        (1_000, Written(1), "sent 1 ping"),
        (2_000, Measure, "measure 2"),
        (2_000, Written(2), "sent 2 ping"),
        (2_100, Pong(2), "answered 1 by its own after 1100"),
        (2_200, Pong(2), "answered 2 by its own after 200"),
    ];
    play(Plan::default(), &rows);
}

#[test]
fn a_typed_ping_without_its_pong_is_late_afterwards_and_no_drop_while_data_comes() {
    let rows = [
        (1_000, MeasureWith(b"x"), "measure 1"),
        (1_000, Written(1), "sent 1 ping"),
        (2_000, Life, ""),
        (21_000, Tick, "missed 1 0/1, ignored 1"),
        (21_500, OddPong(b"x"), "stray Late"),
    ];
    play(Plan::default(), &rows);
}

#[test]
fn of_many_typed_pings_a_bounded_number_is_remembered() {
    let mut bench = Bench::new(Plan::default());
    for number in 1..=1000u64 {
        let (at, payload) = (Moment::from_millis(number), number.to_be_bytes());
        bench.step(at, MeasureWith(&payload));
        bench.step(at, Written(number));
        bench.step(at, OddPong(&payload));
        bench.drain();
    }
    assert_eq!((bench.heartbeat.typed.kept.len(), bench.heartbeat.fates.len()), (KEPT, KEPT));
    bench.step(Moment::from_millis(1001), OddPong(&1u64.to_be_bytes()));
    assert_eq!(bench.said(), "stray Unknown");
    bench.step(Moment::from_millis(1002), OddPong(&1000u64.to_be_bytes()));
    assert_eq!(bench.said(), "stray Duplicate");
}

#[test]
fn a_change_counts_from_now_on() {
    for clock in [Clock::Idle, Clock::Fixed] {
        play(
            Plan { clock, ..Plan::default() },
            &[
                (15_000, Change(Some(8_000), None), ""),
                (22_999, Tick, ""),
                (23_000, Tick, "write 1"),
                (23_000, Written(1), "sent 1 ping"),
                (23_100, Pong(1), "answered 1 by its own after 100"),
                (23_200, Change(Some(30_000), None), ""),
                (53_199, Tick, ""),
                (53_200, Tick, "write 2"),
            ],
        );
    }
}

#[test]
fn switched_off_nothing_new_goes_out_and_what_is_outstanding_is_still_judged() {
    for clock in [Clock::Idle, Clock::Fixed] {
        let sent: [Row<'_>; 3] =
            [(20_000, Tick, "write 1"), (20_000, Written(1), "sent 1 ping"), (21_000, Change(None, Some(1_000)), "")];
        let missed: Vec<Row<'_>> =
            [&sent[..], &[(39_999, Tick, ""), (40_000, Tick, "missed 1 1/2"), (900_000, Tick, "")]].concat();
        let bench = play(Plan { clock, misses: 2, ..Plan::default() }, &missed);
        assert_eq!((bench.heartbeat.due(), bench.heartbeat.deadline()), (None, None));
        let answered: Vec<Row<'_>> =
            [&sent[..], &[(30_000, Pong(1), "answered 1 by its own after 10000"), (900_000, Tick, "")]].concat();
        play(Plan { clock, ..Plan::default() }, &answered);
    }
}

#[test]
fn switched_off_and_on_again_the_silence_in_between_is_none() {
    for clock in [Clock::Idle, Clock::Fixed] {
        let rows = [
            (1_000, Change(None, None), ""),
            (500_000, Tick, ""),
            (500_000, Change(Some(20_000), None), ""),
            (519_999, Tick, ""),
            (520_000, Tick, "write 1"),
        ];
        play(Plan { clock, ..Plan::default() }, &rows);
    }
}

#[test]
fn another_timeout_is_that_of_the_next_one() {
    let mut bench = play(
        Plan { misses: 2, ..Plan::default() },
        &[
            (20_000, Tick, "write 1"),
            (20_500, Change(Some(20_000), Some(5_000)), ""),
            (21_000, Written(1), "sent 1 ping"),
            (40_999, Tick, ""),
        ],
    );
    bench.step(Moment::from_millis(41_000), Tick);
    let missed = Missed {
        number: 1,
        measured: false,
        misses: 1,
        of: 2,
        bytes_since: 0,
        waited: Span::from_secs(20),
        theirs: false,
    };
    assert_eq!(bench.drain(), [Output::Emit(EventKind::Missed(missed)), Output::Write { number: 2, measured: false }]);
    bench.step(Moment::from_millis(41_000), Written(2));
    bench.drain();
    assert_eq!(bench.heartbeat.deadline(), Some(Moment::from_millis(46_000)));
    bench.step(Moment::from_millis(46_000), Tick);
    assert_eq!(bench.said(), "missed 2 2/2, dead");
}

#[test]
fn while_held_every_deadline_stands_still() {
    let fixed = Plan { clock: Clock::Fixed, ..Plan::default() };
    let asked = (20_000, Tick, "write 1");
    let sent = (20_500, Written(1), "sent 1 ping");
    let states = [
        (play(Plan::default(), &[]), 20_000),
        (play(fixed.clone(), &[]), 20_000),
        (play(Plan::default(), &[asked]), 40_000),
        (play(Plan::default(), &[asked, sent]), 40_500),
        (play(Plan::default(), &[asked, sent, (21_000, Life, "")]), 40_500),
        (play(fixed, &[asked, sent]), 40_000),
    ];
    for (mut bench, before) in states {
        assert_eq!(bench.heartbeat.deadline(), Some(Moment::from_millis(before)));
        bench.step(Moment::from_millis(30_000), Held(5_000));
        assert_eq!(bench.heartbeat.deadline(), Some(Moment::from_millis(before + 5_000)));
        bench.step(Moment::from_millis(before + 4_999), Tick);
        assert_eq!(bench.said(), "");
        bench.step(Moment::from_millis(before + 5_000), Tick);
        assert_ne!(bench.said(), "");
    }
}

#[derive(Clone, Debug)]
enum Act {
    TickAtDeadline,
    WrittenNext,
    Life,
    Pong(u64),
    OddPong(Vec<u8>),
    Text,
    Measure,
    MeasureWith(u8),
    Change(Option<u64>, Option<u64>),
    Held(u64),
}

fn acts() -> impl Strategy<Value = Vec<(u64, Act)>> {
    let act = prop_oneof![
        6 => Just(Act::TickAtDeadline),
        6 => Just(Act::WrittenNext),
        2 => Just(Act::Life),
        2 => (0u64..12).prop_map(Act::Pong),
        1 => prop::collection::vec(any::<u8>(), 0..12).prop_map(Act::OddPong),
        1 => Just(Act::Text),
        1 => Just(Act::Measure),
        1 => (0u8..3).prop_map(Act::MeasureWith),
        1 => (prop::option::of(1u64..30_000), prop::option::of(1u64..30_000))
            .prop_map(|(every, timeout)| Act::Change(every, timeout)),
        1 => (0u64..9_000).prop_map(Act::Held),
    ];
    prop::collection::vec((0u64..3_000, act), 0..80)
}

fn plans() -> impl Strategy<Value = Plan> {
    let times = (prop::option::of(1u64..30_000), 1u64..30_000);
    (times, any::<bool>(), 0usize..3, 0usize..4, 1u32..4).prop_map(|((every, timeout), fixed, send, answer, misses)| {
        Plan {
            every: every.map(Span::from_millis),
            timeout: Span::from_millis(timeout),
            clock: if fixed { Clock::Fixed } else { Clock::Idle },
            send: [Send::Ping, Send::Text("hb".into()), Send::Binary(vec![1])][send].clone(),
            answer: [Answer::Any, Answer::Match, Answer::Text("hb".into()), Answer::None][answer].clone(),
            misses,
            ..Plan::default()
        }
    })
}

/// Does one act; the outputs, and the moment of it.
fn act(bench: &mut Bench, now: Moment, act: &Act, unwritten: &mut VecDeque<u64>) -> (Vec<Output>, Moment) {
    let mut at = now;
    match act {
        Act::TickAtDeadline => {
            at = bench.heartbeat.deadline().map_or(now, |deadline| deadline.max(now));
            bench.step(at, Tick);
        }
        Act::WrittenNext => {
            if let Some(number) = unwritten.pop_front() {
                bench.step(now, Written(number));
            }
        }
        Act::Life => bench.step(now, Life),
        Act::Pong(number) => bench.step(now, Pong(*number)),
        Act::OddPong(payload) => bench.step(now, OddPong(payload)),
        Act::Text => bench.step(now, Text("hb")),
        Act::Measure => bench.step(now, Measure),
        Act::MeasureWith(byte) => bench.step(now, MeasureWith(&[*byte])),
        Act::Change(every, timeout) => bench.step(now, Change(*every, *timeout)),
        Act::Held(millis) => bench.step(now, Held(*millis)),
    }
    let outputs = bench.drain();
    for output in &outputs {
        if let Output::Write { number, .. } = output {
            unwritten.push_back(*number);
        }
    }
    (outputs, at)
}

proptest! {
    #[test]
    fn once_ticked_and_drained_the_deadline_is_later_or_none(plan in plans(), acts in acts()) {
        let (mut bench, mut now, mut unwritten) = (Bench::new(plan), Moment::START, VecDeque::new());
        for (gap, next) in &acts {
            let (outputs, at) = act(&mut bench, now.after(Span::from_millis(*gap)), next, &mut unwritten);
            now = at;
            if outputs.iter().any(|output| matches!(output, Output::Dead | Output::Stuck)) {
                break;
            }
            if matches!(next, Act::TickAtDeadline) {
                let deadline = bench.heartbeat.deadline();
                prop_assert!(deadline.is_none_or(|deadline| deadline > now), "{:?} at {:?}", deadline, now);
            }
            prop_assert!(bench.heartbeat.unanswered.len() <= KEPT && bench.heartbeat.fates.len() <= KEPT);
            prop_assert!(bench.heartbeat.typed.kept.len() <= KEPT + bench.heartbeat.outstanding.len());
        }
    }

    #[test]
    fn the_idle_clock_never_has_two_of_its_own_outstanding(plan in plans(), acts in acts()) {
        let (mut bench, mut now, mut unwritten) = (Bench::new(plan), Moment::START, VecDeque::new());
        bench.heartbeat = Heartbeat::new(Plan { clock: Clock::Idle, ..bench.heartbeat.plan.clone() }, now, NONCE);
        for (gap, next) in &acts {
            now = act(&mut bench, now.after(Span::from_millis(*gap)), next, &mut unwritten).1;
            prop_assert!(bench.heartbeat.outstanding.iter().filter(|beat| !beat.measured).count() <= 1);
        }
    }

    #[test]
    fn a_byte_within_the_timeout_after_each_write_is_never_a_drop(
        every in 1u64..60_000,
        timeout in 2u64..60_000,
        text: bool,
        rounds in prop::collection::vec((0.0f64..1.0, 0.0f64..1.0), 1..20),
    ) {
        let send = if text { Send::Text("hb".into()) } else { Send::Ping };
        let mut bench = Bench::new(Plan { send, ..plan(every, timeout) });
        let patience = Span::from_nanos(Span::from_millis(timeout).nanos() - 1);
        for (to_write, to_byte) in rounds {
            let asked = bench.heartbeat.due().unwrap();
            bench.step(asked, Tick);
            let mut outputs = bench.drain();
            let written = asked.after(patience.times(to_write));
            bench.step(written, Tick);
            let number = bench.heartbeat.last_number;
            bench.step(written, Written(number));
            let byte = written.after(patience.times(to_byte));
            bench.step(byte, Tick);
            bench.step(byte, Life);
            outputs.extend(bench.drain());
            prop_assert!(
                !outputs.iter().any(|output| matches!(output, Output::Dead | Output::Stuck)),
                "{:?}", outputs
            );
        }
    }
}
