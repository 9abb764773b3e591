//! Pipe and ledger together under chance, with a connection between them that takes lines, or parts of them, and is cut
//! wherever it may be: each line is given once, in order, and is in exactly one class.

use proptest::prelude::*;

use super::*;
use crate::watch::ledger::Ledger;

#[derive(Clone, Debug)]
enum Act {
    /// A block of stdin, which may end within a line.
    Block(Vec<u8>),
    Open,
    /// The pipe is asked until it has nothing.
    Ask {
        has_room: bool,
    },
    /// So many lines go to the message engine.
    Give(usize),
    /// A part of a line goes there.
    Begin,
    /// All of it goes to the kernel, in so many bytes.
    Flush(u64),
    /// So many hundredths of what is under way.
    Acknowledge(u64),
    /// The connection is over; `answered`: by the answer to our Close.
    Close {
        answered: bool,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let byte = prop_oneof![3 => Just(b'a'), 2 => Just(b'b'), 2 => Just(b'\n')];
    prop_oneof![
        4 => prop::collection::vec(byte, 0..30).prop_map(Act::Block),
        3 => Just(Act::Open),
        4 => any::<bool>().prop_map(|has_room| Act::Ask { has_room }),
        4 => (1usize..6).prop_map(Act::Give),
        1 => Just(Act::Begin),
        3 => (1u64..500).prop_map(Act::Flush),
        3 => (0u64..=100).prop_map(Act::Acknowledge),
        2 => any::<bool>().prop_map(|answered| Act::Close { answered }),
    ]
}

/// A line of which a connection was given at least a part.
#[derive(Debug)]
struct Given {
    line: Line,
    connection: usize,
    is_whole: bool,
    /// The stream's place behind the flush that took all of it.
    covered_at: Option<u64>,
    is_safe: bool,
}

/// The connection and all that was ever said.
#[derive(Debug, Default)]
struct Model {
    stdin: Vec<u8>,
    is_open: bool,
    connection: usize,
    outbox: VecDeque<Line>,
    given: Vec<Given>,
    written: u64,
    acknowledged: u64,
}

impl Model {
    fn play(&mut self, act: Act, pipe: &mut Pipe, ledger: &mut Ledger) {
        match act {
            Act::Block(block) => {
                self.stdin.extend_from_slice(&block);
                pipe.block(Bytes::from(block));
            }
            Act::Open if !self.is_open => self.open(pipe),
            Act::Ask { has_room } => self.ask(pipe, has_room),
            _ if !self.is_open => {}
            Act::Open => {}
            Act::Give(count) => (0..count).for_each(|_| self.give(true, ledger)),
            Act::Begin => self.give(false, ledger),
            Act::Flush(bytes) => {
                self.written += bytes;
                let written = self.written;
                self.each(|given| given.covered_at = given.covered_at.or(given.is_whole.then_some(written)));
                ledger.flushed(written);
            }
            Act::Acknowledge(hundredths) => {
                self.acknowledged += (self.written - self.acknowledged) * hundredths / 100;
                let acknowledged = self.acknowledged;
                self.each(|given| given.is_safe |= given.covered_at.is_some_and(|place| place <= acknowledged));
                ledger.acknowledged(acknowledged);
            }
            Act::Close { answered } => self.close(answered, pipe, ledger),
        }
    }

    fn open(&mut self, pipe: &mut Pipe) {
        self.is_open = true;
        self.connection += 1;
        (self.written, self.acknowledged) = (0, 0);
        pipe.opened();
    }

    fn ask(&mut self, pipe: &mut Pipe, has_room: bool) {
        let writing = Writing { has_room, all_written: false };
        while let Some(step) = pipe.next(Moment::START, writing) {
            match step {
                Step::Lines(lines) if has_room => self.outbox.extend(lines),
                Step::Ended(_) => {}
                other => panic!("nobody asked for {other:?}"),
            }
        }
    }

    /// The next line, or the rest of the one begun: messages do not interleave.
    fn give(&mut self, is_whole: bool, ledger: &mut Ledger) {
        let connection = self.connection;
        let is_begun = self.given.last().is_some_and(|given| given.connection == connection && !given.is_whole);
        if !is_begun {
            let Some(line) = self.outbox.pop_front() else { return };
            self.given.push(Given { line, connection, is_whole: false, covered_at: None, is_safe: false });
        }
        let Some(given) = self.given.last_mut() else { return };
        given.is_whole = is_whole;
        if is_whole { ledger.given(given.line.number) } else { ledger.begun(given.line.number) }
    }

    fn close(&mut self, answered: bool, pipe: &mut Pipe, ledger: &mut Ledger) {
        self.is_open = false;
        if answered {
            // All is with the peer that had a place before our Close.
            self.each(|given| given.is_safe |= given.is_whole);
            ledger.confirmed_by_close();
        }
        pipe.closed(self.outbox.drain(..).collect());
        ledger.restart();
    }

    fn each(&mut self, change: impl Fn(&mut Given)) {
        let connection = self.connection;
        self.given.iter_mut().filter(|given| given.connection == connection).for_each(change);
    }

    /// Every line that was given is in exactly one class, and the first unsent one follows the last of them.
    fn check(&self, ledger: &Ledger) {
        let account = ledger.account();
        let numbers: Vec<u64> = self.given.iter().map(|given| given.line.number).collect();
        assert_eq!(numbers, (1..account.first_unsent).collect::<Vec<u64>>(), "in order, and none twice");
        let doubtful = self.given.iter().filter(|given| !given.is_safe).map(|given| given.line.number);
        let unsure: Vec<u64> = account.unsure.listed().iter().flat_map(|range| range.first..=range.last).collect();
        assert_eq!(unsure, doubtful.collect::<Vec<u64>>());
        assert_eq!(account.acknowledged + account.unsure.lines(), numbers.len() as u64);
    }

    /// The lines of stdin.
    fn lines(&self) -> Vec<Line> {
        let mut payloads: Vec<&[u8]> = self.stdin.split(|byte| *byte == b'\n').collect();
        // Behind the last line feed is no line.
        if payloads.last().is_some_and(|rest| rest.is_empty()) {
            payloads.pop();
        }
        let line =
            |(number, payload): (u64, &[u8])| Line { number, text: true, payload: Bytes::copy_from_slice(payload) };
        (1..).zip(payloads).map(line).collect()
    }
}

proptest! {
    #[test]
    fn each_line_is_given_once_and_in_order_whatever_drops(acts in prop::collection::vec(act(), 0..150)) {
        let input = input::Plan { framing: Framing::Text, max_message: 1 << 20, skip_bad: false };
        let mut pipe = Pipe::new(Plan { input: Some(input), ..plan() });
        let (mut ledger, mut model) = (Ledger::new(), Model::default());
        for act in acts {
            model.play(act, &mut pipe, &mut ledger);
            model.check(&ledger);
        }
        // The last connection is given the first unsent line and all after it.
        model.play(Act::Close { answered: false }, &mut pipe, &mut ledger);
        pipe.input_ended();
        model.open(&mut pipe);
        model.ask(&mut pipe, true);
        let rest: Vec<u64> = model.outbox.iter().map(|line| line.number).collect();
        let first_unsent = ledger.account().first_unsent;
        prop_assert_eq!(rest, (first_unsent..=pipe.lines()).collect::<Vec<u64>>());
        prop_assert!(pipe.has_sent_all());
        let all = model.given.iter().map(|given| given.line.clone()).chain(model.outbox.iter().cloned());
        prop_assert_eq!(all.collect::<Vec<Line>>(), model.lines());
    }
}
