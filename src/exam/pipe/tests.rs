//! A pipe's course as tables of (now, input) and what is given.

#![allow(clippy::unwrap_used)]

use super::*;

mod property;

fn plan() -> Plan {
    Plan {
        execute: Vec::new(),
        input: Some(input::Plan { framing: Framing::Text, max_message: 1000, skip_bad: false }),
        wait: Wait::Default,
        delay: Span::ZERO,
        lockstep: false,
        max_messages: None,
        close: CloseBody { code: Some(1000), reason: String::new() },
    }
}

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

const FREE: Writing = Writing { has_room: true, all_written: true };

/// What is given at `millis`, in words.
fn given(pipe: &mut Pipe, millis: u64) -> Vec<String> {
    let mut words = Vec::new();
    while let Some(step) = pipe.next(at(millis), FREE) {
        let line = |line: &Line| format!("{} {}", line.number, String::from_utf8_lossy(&line.payload));
        words.push(match step {
            Step::Execute(text) => format!("execute {text}"),
            Step::Lines(lines) => lines.iter().map(line).collect::<Vec<_>>().join(", "),
            Step::Ping { number, payload } => format!("{number} ping {}", String::from_utf8_lossy(&payload)),
            Step::Close { body, .. } => format!("close {:?}", body.code),
            Step::Bad(bad) => format!("bad {} {}", bad.line, bad.skipped),
            Step::Ended(ended) => format!("ended {} {}", ended.lines, ended.listening),
        });
    }
    words
}

fn open(plan: Plan, stdin: &[u8]) -> Pipe {
    let mut pipe = Pipe::new(plan);
    pipe.opened();
    if !stdin.is_empty() {
        pipe.block(Bytes::copy_from_slice(stdin));
    }
    pipe.input_ended();
    pipe
}

#[test]
fn lines_then_a_second_of_quiet_then_close() {
    let mut pipe = open(plan(), b"a\nb");
    assert_eq!(given(&mut pipe, 0), ["1 a, 2 b", "ended 2 false"]);
    assert_eq!(pipe.deadline(), Some(at(1000)));
    assert!(pipe.message(at(700)));
    assert_eq!(given(&mut pipe, 1699), Vec::<String>::new());
    assert_eq!(given(&mut pipe, 1700), ["close Some(1000)"]);
    assert_eq!(given(&mut pipe, 9000), Vec::<String>::new(), "only once");
}

#[test]
fn the_wait_begins_when_all_is_written() {
    let mut pipe = open(plan(), b"a\n");
    let busy = Writing { has_room: true, all_written: false };
    while pipe.next(at(0), busy).is_some() {}
    assert_eq!(pipe.deadline(), None);
    assert_eq!(pipe.next(at(5000), busy), None);
    assert_eq!(given(&mut pipe, 5000), Vec::<String>::new());
    assert_eq!(pipe.deadline(), Some(at(6000)));
}

#[test]
fn an_empty_stdin_listens_unless_it_is_told_how_long() {
    let mut listener = open(plan(), b"");
    assert_eq!(given(&mut listener, 0), ["ended 0 true"]);
    assert_eq!((listener.deadline(), listener.is_done()), (None, true));
    let mut told = open(Plan { wait: Wait::For(Span::from_secs(3)), ..plan() }, b"");
    assert_eq!(given(&mut told, 0), ["ended 0 false"]);
    assert_eq!(told.deadline(), Some(at(3000)));
    let mut asks = open(Plan { execute: vec!["hi".into()], ..plan() }, b"");
    assert_eq!(given(&mut asks, 0), ["ended 0 false", "execute hi"]);
    assert_eq!(asks.deadline(), Some(at(1000)));
}

#[test]
fn one_message_is_awaited_without_limit_and_no_second_one_is_taken() {
    let mut pipe = open(Plan { max_messages: Some(1), ..plan() }, b"a\n");
    assert_eq!(given(&mut pipe, 0), ["1 a", "ended 1 false"]);
    assert_eq!((pipe.deadline(), pipe.is_done()), (None, false));
    assert!(pipe.message(at(5)));
    assert!(!pipe.message(at(5)));
    assert_eq!(given(&mut pipe, 5), ["close Some(1000)"]);
    assert_eq!(pipe.received(), 1);
}

#[test]
fn a_delay_stands_between_two_and_lockstep_waits_for_an_answer() {
    let mut slow = open(Plan { delay: Span::from_millis(100), ..plan() }, b"a\nb\n");
    assert_eq!(given(&mut slow, 0), ["1 a"]);
    assert_eq!(slow.deadline(), Some(at(100)));
    assert_eq!(given(&mut slow, 100), ["2 b", "ended 2 false"]);
    let mut steps = open(Plan { lockstep: true, ..plan() }, b"a\nb\n");
    assert_eq!(given(&mut steps, 0), ["1 a"]);
    assert_eq!(steps.deadline(), None);
    steps.message(at(7));
    assert_eq!(given(&mut steps, 7), ["2 b", "ended 2 false"]);
    assert_eq!(steps.deadline(), Some(at(1007)), "the last answer is waited for as ever");
}

#[test]
fn after_a_drop_the_execute_messages_come_again_and_then_the_first_unsent_line() {
    let mut pipe = open(Plan { execute: vec!["join".into()], ..plan() }, b"a\nb\nc\n");
    assert_eq!(given(&mut pipe, 0), ["execute join", "1 a, 2 b, 3 c", "ended 3 false"]);
    let line = |number, text: &'static str| Line { number, text: true, payload: Bytes::from(text) };
    pipe.closed(vec![line(2, "b"), line(3, "c")]);
    assert_eq!((given(&mut pipe, 50), pipe.deadline()), (Vec::new(), None));
    pipe.opened();
    assert!(!pipe.is_done());
    assert_eq!(given(&mut pipe, 90), ["execute join", "2 b", "3 c"]);
    assert!(pipe.is_done());
}

#[test]
fn a_bad_line_ends_the_input_or_is_skipped() {
    let mut stops = open(plan(), b"a\n\xff\nb\n");
    assert_eq!(given(&mut stops, 0), ["1 a", "bad 2 false", "ended 2 false"]);
    assert_eq!((stops.lines(), stops.has_sent_all(), stops.deadline()), (2, false, Some(at(1000))));
    let skip = input::Plan { framing: Framing::Text, max_message: 1000, skip_bad: true };
    let mut skips = open(Plan { input: Some(skip), ..plan() }, b"a\n\xff\nb\n");
    assert_eq!(given(&mut skips, 0), ["1 a", "bad 2 true", "3 b", "ended 3 false"]);
}

#[test]
fn a_command_can_close() {
    let commands = input::Plan { framing: Framing::Commands, max_message: 1000, skip_bad: false };
    let stdin = b"{\"send\":\"a\"}\n{\"ping\":\"p\"}\n{\"close\":{\"code\":4001}}\n{\"send\":\"never\"}\n";
    let mut pipe = open(Plan { input: Some(commands), ..plan() }, stdin);
    assert_eq!(given(&mut pipe, 0), ["1 a", "2 ping p", "close Some(4001)"]);
}

#[test]
fn without_room_nothing_more_is_taken() {
    let mut pipe = open(plan(), b"a\n");
    assert_eq!(pipe.next(at(0), Writing { has_room: false, all_written: false }), None);
    assert_eq!(given(&mut pipe, 1), ["1 a", "ended 1 false"]);
}

#[test]
fn input_is_wanted_until_the_next_line_is_whole() {
    let mut pipe = Pipe::new(Plan {
        input: Some(input::Plan { framing: Framing::Text, max_message: 8 << 20, skip_bad: false }),
        ..plan()
    });
    assert!(!pipe.wants_input(), "nothing is open");
    pipe.opened();
    for _ in 0..32 {
        assert_eq!(given(&mut pipe, 0), Vec::<String>::new());
        assert!(pipe.wants_input());
        pipe.block(Bytes::from(vec![b'x'; 128 * 1024]));
    }
    pipe.block(Bytes::from_static(b"\nb\n"));
    let step = pipe.next(at(0), FREE);
    assert!(matches!(step, Some(Step::Lines(lines)) if lines[0].payload.len() == 4 << 20));
    pipe.next(at(0), Writing { has_room: false, all_written: false });
    assert!(!pipe.wants_input(), "a line waits for room");
}

#[test]
fn only_with_nothing_left_is_more_of_stdin_looked_at_behind_an_end() {
    let mut pipe = Pipe::new(Plan { lockstep: true, ..plan() });
    pipe.opened();
    assert!(pipe.is_drained(), "only the end of stdin tells whether this is all");
    pipe.block(Bytes::from_static(b"a\nb\nc\n"));
    assert_eq!(given(&mut pipe, 0), ["1 a"]);
    pipe.closed(Vec::new());
    assert!(!pipe.is_drained(), "else each drop would take another block into memory");
    pipe.opened();
    pipe.message(at(1));
    pipe.input_ended();
    assert!(!pipe.is_drained());
}
