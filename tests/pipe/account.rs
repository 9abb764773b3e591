//! Where each line of stdin is when a connection ends: acknowledged, unsure or unsent, in words and as an event; and
//! `--reconnect`, which goes on with the first unsent line and repeats none.

use serde_json::{Value, json};

use crate::keeper::{self, Ear, Keeper, close_body, texts};
use crate::talk::{Ended, Talk, piped};

/// Reads three messages, then closes as a server does whose worker crashed.
fn crashing() -> Keeper {
    Keeper::start(|_, mut ear| {
        for _ in 0..3 {
            ear.message();
        }
        ear.close(1011, "worker crashed");
    })
}

/// Three lines into a server that crashes after them; more would follow.
fn dropped_after_three(args: &[&str]) -> Ended {
    let keeper = crashing();
    let url = keeper.url();
    let mut talk = Talk::start(&[args, &[url.as_str()]].concat());
    talk.say(b"one\ntwo\nthree\n");
    let ran = talk.finish();
    assert_eq!(keeper.messages().0, texts(&["one", "two", "three"]), "{}", ran.stderr);
    ran
}

/// Takes no more of the client's bytes than it has to, so that many are on their way.
fn narrow(ear: &Ear) {
    socket2::SockRef::from(&ear.stream).set_recv_buffer_size(8192).unwrap();
}

/// Numbered lines of that size, from 1 on.
fn numbered(count: u64, size: usize) -> Vec<u8> {
    let (mut lines, rest) = (Vec::new(), "m".repeat(size));
    for number in 1..=count {
        lines.extend_from_slice(format!("{number} {rest}\n").as_bytes());
    }
    lines
}

/// The number at the head of each message.
fn numbers(messages: &[keeper::Message]) -> Vec<u64> {
    let number = |payload: &[u8]| -> u64 {
        let digits = payload.iter().take_while(|byte| byte.is_ascii_digit()).copied().collect();
        String::from_utf8(digits).unwrap().parse().unwrap()
    };
    messages.iter().map(|(_, payload)| number(payload)).collect()
}

#[test]
fn a_close_in_the_middle_is_told_as_on_the_fifth_screen() {
    let ran = dropped_after_three(&[]);
    assert_eq!(ran.code, 21, "{}", ran.stderr);
    assert_eq!(ran.text(), "");
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(lines.len(), 4, "{}", ran.stderr);
    assert!(lines[0].starts_with("connected to ws://127.0.0.1:") && lines[0].ends_with(" ms"), "{}", ran.stderr);
    let fact = "dropped: the server closed with 1011 Internal Error, \"worker crashed\", after ";
    assert!(lines[1].starts_with(fact), "{}", ran.stderr);
    assert_eq!(lines[2], "  3 lines sent, all acknowledged by the next hop");
    assert_eq!(lines[3], "  line 4 and all after it not sent; 0 messages received");
}

#[test]
fn the_same_as_an_event() {
    let ran = dropped_after_three(&["--json"]);
    assert_eq!(ran.code, 21, "{}", ran.text());
    let events = ran.events();
    let lines = events.one("lines");
    assert_eq!(lines["thing"], "line", "{lines}");
    assert_eq!((&lines["sent"], &lines["acknowledged"]), (&json!(3), &json!(3)), "{lines}");
    assert_eq!((&lines["unsure"], &lines["first_unsent"]), (&json!([]), &json!(4)), "{lines}");
    assert_eq!(lines["received"], 0, "{lines}");
    assert_eq!((&events.one("ended")["code"], &events.one("judged")["exit"]), (&json!(1011), &json!(21)));
}

/// A server that stops reading, and then is gone: some lines are with it, some on their way, some still here.
fn reset_in_a_flood(args: &[&str]) -> Ended {
    let keeper = Keeper::start(|_, mut ear| {
        narrow(&ear);
        for _ in 0..3 {
            ear.message();
        }
        ear.reset();
    });
    let url = keeper.url();
    piped(&numbered(1000, 16_384), &[args, &[url.as_str()]].concat())
}

#[test]
fn every_line_is_in_exactly_one_class() {
    let ran = reset_in_a_flood(&["--json"]);
    assert_eq!(ran.code, 23, "{}", ran.stderr);
    let events = ran.events();
    let lines = events.one("lines");
    let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("no number: {lines}"));
    let ranges: Vec<(u64, u64)> =
        lines["unsure"].as_array().unwrap().iter().map(|range| (number(&range[0]), number(&range[1]))).collect();
    assert!(!ranges.is_empty(), "{lines}");
    assert!(ranges.iter().all(|(first, last)| first <= last), "{lines}");
    assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0), "{lines}");
    let unsure: u64 = ranges.iter().map(|(first, last)| last - first + 1).sum();
    let (sent, first_unsent) = (number(&lines["sent"]), number(&lines["first_unsent"]));
    assert_eq!(number(&lines["acknowledged"]) + unsure, sent, "{lines}");
    assert_eq!(first_unsent, sent + 1, "{lines}");
    assert!((3..1000).contains(&sent), "three were read, and the last were not sent: {lines}");
    assert!(ranges.last().is_some_and(|(_, last)| *last <= sent), "{lines}");
}

#[test]
fn lines_that_may_be_lost_are_named() {
    let ran = reset_in_a_flood(&[]);
    ran.assert(23, &["dropped: RST from the server side", " may be lost", " and all after it not sent; 0 messages"]);
}

#[test]
fn a_reconnect_goes_on_with_the_first_line_that_was_not_sent() {
    let keeper = Keeper::start(|number, mut ear| {
        if number == 1 {
            for _ in 0..3 {
                ear.message();
            }
            return ear.end();
        }
        while let Some((text, payload)) = ear.message() {
            ear.say(text, &payload);
        }
        ear.end();
    });
    let mut talk = Talk::start(&["--reconnect", "--reconnect-delay", "100ms", &keeper.url()]);
    talk.say(b"1\n2\n3\n");
    talk.tells("dropped: FIN");
    talk.say(b"4\n");
    talk.tells("connected again");
    talk.say(b"5\n6\n");
    talk.end_input();
    let ran = talk.finish();
    ran.assert(0, &["next attempt (1) in ", "down for ", "closed 1000 by us, answered; 3 sent, 3 received in "]);
    assert_eq!(ran.text(), "4\n5\n6\n");
    assert_eq!(keeper.messages().0, texts(&["1", "2", "3"]));
    assert_eq!(keeper.messages(), (texts(&["4", "5", "6"]), close_body(1000, "")));
}

/// What was on its way when the first connection was reset may be lost, and is not sent twice.
#[test]
fn no_line_is_sent_twice_over_two_connections() {
    const LINES: u64 = 384;
    let keeper = Keeper::start(|number, mut ear| {
        if number == 1 {
            narrow(&ear);
            ear.message();
            ear.message();
            return ear.reset();
        }
        ear.listen();
    });
    let url = keeper.url();
    let ran = piped(&numbered(LINES, 32_768), &["-w", "0", "--reconnect", "--reconnect-delay", "50ms", &url]);
    let (first, second) = (numbers(&keeper.messages().0), numbers(&keeper.messages().0));
    assert_eq!(first, [1, 2], "{}", ran.stderr);
    let next = second.first().copied().unwrap_or_else(|| panic!("nothing came: {}", ran.stderr));
    assert_eq!(second, (next..=LINES).collect::<Vec<u64>>(), "{}", ran.stderr);
    let told = ran.told();
    assert!(told.contains(&format!(" line {next} and all after it not sent; ")), "{}", ran.stderr);
    assert!(told.contains(" may be lost") && told.contains("connected again"), "{}", ran.stderr);
    assert_ne!(ran.code, 0, "some may be lost, which a script must see: {}", ran.stderr);
}

/// What the command line says is no line: it goes out on each connection anew, before the rest of stdin.
#[test]
fn a_message_from_the_command_line_is_sent_again_after_a_reconnect() {
    let keeper = Keeper::start(|number, mut ear| {
        if number == 1 {
            ear.message();
            ear.message();
            return ear.end();
        }
        ear.listen();
    });
    let mut talk = Talk::start(&["-w", "0", "-x", "join", "--reconnect", "--reconnect-delay", "50ms", &keeper.url()]);
    talk.say(b"1\n");
    talk.tells("connected again");
    talk.say(b"2\n");
    talk.end_input();
    talk.finish().assert(0, &["closed 1000 by us, answered; 2 sent"]);
    assert_eq!(keeper.messages().0, texts(&["join", "1"]));
    assert_eq!(keeper.messages().0, texts(&["join", "2"]));
}
