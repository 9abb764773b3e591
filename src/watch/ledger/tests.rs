//! Each line in one class, whatever comes in which order: by hand, and against a model that keeps every line apart.

use proptest::prelude::*;

use super::*;

/// The numbers of whole ranges.
fn numbers(ranges: &Ranges) -> Vec<u64> {
    assert!(ranges.listed().iter().all(Range::is_whole), "{ranges:?}");
    ranges.listed().iter().flat_map(|range| range.first..=range.last).collect()
}

fn give(ledger: &mut Ledger, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        ledger.given(number);
    }
}

#[track_caller]
fn expect(ledger: &Ledger, acknowledged: u64, unsure: &str, first_unsent: u64) {
    let account = ledger.account();
    assert_eq!((account.acknowledged, account.first_unsent), (acknowledged, first_unsent));
    assert_eq!(account.unsure.words(), unsure);
}

#[test]
fn a_line_is_acknowledged_with_the_flush_that_covers_it_and_not_a_byte_before() {
    let mut ledger = Ledger::new();
    give(&mut ledger, 1..=16);
    ledger.flushed(1000);
    give(&mut ledger, 17..=18);
    ledger.acknowledged(999);
    expect(&ledger, 0, "1 to 18", 19);
    ledger.acknowledged(1000);
    expect(&ledger, 16, "17 and 18", 19);
    // The engine writes before its flush is complete, so that the stream may be past a line that is not out yet.
    ledger.acknowledged(5000);
    expect(&ledger, 16, "17 and 18", 19);
    ledger.flushed(5000);
    assert_eq!(ledger.account().acknowledged, 16);
    ledger.acknowledged(5000);
    expect(&ledger, 18, "none", 19);
}

#[test]
fn a_flush_that_nothing_came_before_changes_nothing() {
    let mut ledger = Ledger::new();
    ledger.flushed(500);
    ledger.acknowledged(500);
    give(&mut ledger, 1..=1);
    ledger.flushed(600);
    ledger.flushed(700);
    ledger.acknowledged(600);
    expect(&ledger, 1, "none", 2);
}

#[test]
fn a_line_half_given_is_unsure_whatever_is_flushed() {
    let mut ledger = Ledger::new();
    ledger.given(1);
    ledger.begun(2);
    ledger.flushed(1000);
    ledger.acknowledged(1000);
    ledger.confirmed_by_close();
    expect(&ledger, 1, "2", 3);
    ledger.begun(2);
    ledger.given(2);
    ledger.flushed(2000);
    ledger.acknowledged(2000);
    expect(&ledger, 2, "none", 3);
}

#[test]
fn a_number_that_does_not_rise_is_no_second_line() {
    let mut ledger = Ledger::new();
    give(&mut ledger, 1..=5);
    ledger.given(5);
    ledger.given(3);
    ledger.begun(5);
    expect(&ledger, 0, "1 to 5", 6);
}

#[test]
fn numbers_left_out_are_in_no_class() {
    let mut ledger = Ledger::new();
    for number in [1, 2, 5, 6, 7, 9] {
        ledger.given(number);
    }
    let account = ledger.account();
    assert_eq!((account.unsure.words().as_str(), account.given()), ("1, 2, 5 to 7 and 9", 6));
}

#[test]
fn without_figures_only_the_answer_to_our_close_makes_safe() {
    let mut ledger = Ledger::new();
    give(&mut ledger, 1..=9);
    expect(&ledger, 0, "1 to 9", 10);
    ledger.confirmed_by_close();
    expect(&ledger, 9, "none", 10);
}

#[test]
fn what_a_connection_leaves_unsure_stays_so() {
    let mut ledger = Ledger::new();
    give(&mut ledger, 1..=4);
    ledger.flushed(400);
    ledger.acknowledged(400);
    give(&mut ledger, 5..=6);
    ledger.flushed(600);
    ledger.begun(7);
    ledger.restart();
    // The figures of another connection, which are higher.
    ledger.acknowledged(9000);
    give(&mut ledger, 8..=10);
    ledger.flushed(300);
    ledger.acknowledged(300);
    expect(&ledger, 7, "5 to 7", 11);
    ledger.confirmed_by_close();
    ledger.restart();
    expect(&ledger, 7, "5 to 7", 11);
}

#[test]
fn a_stream_told_to_go_back_makes_nothing_safe_too_early() {
    let mut ledger = Ledger::new();
    ledger.given(1);
    ledger.flushed(1000);
    ledger.acknowledged(1000);
    ledger.given(2);
    ledger.flushed(10);
    ledger.acknowledged(999);
    expect(&ledger, 1, "2", 3);
    ledger.acknowledged(1000);
    expect(&ledger, 2, "none", 3);
}

#[test]
fn all_is_safe_when_the_input_ended_and_nothing_is_in_doubt() {
    let mut ledger = Ledger::new();
    assert!(ledger.account().is_safe(Some(0)));
    give(&mut ledger, 1..=3);
    assert!(!ledger.account().is_safe(Some(3)));
    ledger.confirmed_by_close();
    assert!(ledger.account().is_safe(Some(3)));
    assert!(!ledger.account().is_safe(Some(4)));
    assert!(!ledger.account().is_safe(None));
}

#[test]
fn a_million_lines_in_one_flush_are_one_entry() {
    let mut ledger = Ledger::new();
    give(&mut ledger, 1..=1_000_000);
    assert_eq!(ledger.waiting.len(), 1);
    ledger.flushed(100);
    ledger.acknowledged(100);
    expect(&ledger, 1_000_000, "none", 1_000_001);
}

#[test]
fn a_flush_for_each_line_stays_bounded_and_exact_where_it_matters() {
    let mut ledger = Ledger::new();
    for number in 1..=100_000 {
        ledger.given(number);
        ledger.flushed(number * 10);
        assert!(ledger.waiting.len() <= WAITING_MAX);
    }
    ledger.acknowledged(999_900);
    expect(&ledger, 99_990, "99991 to 100000", 100_001);
}

#[test]
fn every_second_line_left_out_stays_bounded_and_counted() {
    let mut ledger = Ledger::new();
    for index in 1..=50_000 {
        ledger.given(2 * index);
    }
    assert!(ledger.waiting.len() <= WAITING_MAX);
    ledger.restart();
    let unsure = ledger.account().unsure;
    assert_eq!((unsure.lines(), unsure.listed().len()), (50_000, 1000));
}

#[derive(Clone, Copy, Debug)]
enum Act {
    /// The first part of the line that is so many numbers further.
    Begin(u64),
    /// All of it, or the rest of the one begun.
    Give(u64),
    /// Bytes that reach the kernel before a flush is complete.
    Leak(u64),
    Flush(u64),
    /// So many hundredths of what is under way.
    Acknowledge(u64),
    /// The next connection's stream begins at this position.
    Restart(u64),
    Close,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => (1u64..4).prop_map(Act::Begin),
        8 => prop_oneof![4 => Just(1u64), 1 => 2u64..4].prop_map(Act::Give),
        2 => (1u64..500).prop_map(Act::Leak),
        4 => (1u64..500).prop_map(Act::Flush),
        4 => (0u64..=100).prop_map(Act::Acknowledge),
        1 => (0u64..3000).prop_map(Act::Restart),
        1 => Just(Act::Close),
    ]
}

#[derive(Clone, Copy, Debug)]
struct Line {
    number: u64,
    connection: usize,
    is_complete: bool,
    covered_at: Option<u64>,
    is_safe: bool,
}

/// Every line by itself, and the peer's kernel.
#[derive(Debug, Default)]
struct Model {
    lines: Vec<Line>,
    connection: usize,
    written: u64,
    confirmed: u64,
}

impl Model {
    /// Does it and tells the ledger.
    fn play(&mut self, act: Act, ledger: &mut Ledger) {
        match act {
            Act::Begin(step) => {
                if self.open().is_none() {
                    let number = self.add(step);
                    ledger.begun(number);
                }
            }
            Act::Give(step) => {
                let number = match self.open() {
                    Some(line) => line.number,
                    None => self.add(step),
                };
                if let Some(line) = self.open() {
                    line.is_complete = true;
                }
                ledger.given(number);
            }
            Act::Leak(bytes) => self.written += bytes,
            Act::Flush(bytes) => {
                self.written += bytes;
                let written = self.written;
                self.each(|line| line.covered_at = line.covered_at.or(line.is_complete.then_some(written)));
                ledger.flushed(written);
            }
            Act::Acknowledge(hundredths) => {
                self.confirmed += (self.written - self.confirmed) * hundredths / 100;
                let confirmed = self.confirmed;
                self.each(|line| line.is_safe |= line.covered_at.is_some_and(|end| end <= confirmed));
                ledger.acknowledged(confirmed);
            }
            Act::Restart(base) => {
                self.connection += 1;
                (self.written, self.confirmed) = (base, base);
                ledger.restart();
            }
            Act::Close => {
                self.each(|line| line.is_safe |= line.is_complete);
                ledger.confirmed_by_close();
            }
        }
    }

    fn add(&mut self, step: u64) -> u64 {
        let number = self.last() + step;
        let connection = self.connection;
        self.lines.push(Line { number, connection, is_complete: false, covered_at: None, is_safe: false });
        number
    }

    fn last(&self) -> u64 {
        self.lines.last().map_or(0, |line| line.number)
    }

    /// The line that this connection was given a part of.
    fn open(&mut self) -> Option<&mut Line> {
        let connection = self.connection;
        self.lines.last_mut().filter(|line| line.connection == connection && !line.is_complete)
    }

    fn each(&mut self, change: impl Fn(&mut Line)) {
        let connection = self.connection;
        self.lines.iter_mut().filter(|line| line.connection == connection).for_each(change);
    }

    fn safe(&self) -> u64 {
        self.lines.iter().filter(|line| line.is_safe).count() as u64
    }

    fn unsure(&self) -> Vec<u64> {
        self.lines.iter().filter(|line| !line.is_safe).map(|line| line.number).collect()
    }

    fn between(&self, range: &Range) -> u64 {
        let inside = |line: &&Line| (range.first..=range.last).contains(&line.number);
        self.lines.iter().filter(inside).count() as u64
    }
}

proptest! {
    #[test]
    fn every_line_is_in_the_class_that_the_figures_allow(acts in prop::collection::vec(act(), 0..120)) {
        let (mut ledger, mut model) = (Ledger::new(), Model::default());
        let mut before = ledger.account();
        for act in acts {
            model.play(act, &mut ledger);
            let account = ledger.account();
            prop_assert_eq!(account.acknowledged, model.safe());
            prop_assert_eq!(numbers(&account.unsure), model.unsure());
            prop_assert_eq!(account.given(), model.lines.len() as u64);
            prop_assert_eq!(account.first_unsent, model.last() + 1);
            prop_assert!(account.acknowledged >= before.acknowledged);
            prop_assert!(account.first_unsent >= before.first_unsent);
            before = account;
        }
    }

    #[test]
    fn with_little_memory_nothing_is_called_safe_that_is_not(acts in prop::collection::vec(act(), 0..120)) {
        let (mut ledger, mut model) = (Ledger { waiting_max: 4, ..Ledger::new() }, Model::default());
        for act in acts {
            model.play(act, &mut ledger);
            let Account { acknowledged, unsure, .. } = ledger.account();
            prop_assert!(acknowledged <= model.safe());
            prop_assert_eq!(acknowledged + unsure.lines(), model.lines.len() as u64);
            prop_assert!(unsure.listed().windows(2).all(|pair| pair[0].last < pair[1].first));
            for range in unsure.listed() {
                prop_assert_eq!(range.lines, model.between(range));
            }
            for number in model.unsure() {
                prop_assert!(unsure.listed().iter().any(|range| (range.first..=range.last).contains(&number)));
            }
        }
    }

    #[test]
    fn with_little_memory_all_is_safe_in_the_end(steps in prop::collection::vec((1u64..3, any::<bool>()), 0..80)) {
        let mut ledger = Ledger { waiting_max: 4, ..Ledger::new() };
        let mut model = Model::default();
        for (step, flush) in steps {
            model.play(Act::Give(step), &mut ledger);
            if flush {
                model.play(Act::Flush(10), &mut ledger);
            }
        }
        model.play(Act::Flush(10), &mut ledger);
        model.play(Act::Acknowledge(100), &mut ledger);
        prop_assert_eq!(ledger.account().acknowledged, model.lines.len() as u64);
        prop_assert!(ledger.account().unsure.is_empty());
    }
}
