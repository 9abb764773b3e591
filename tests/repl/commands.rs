//! Every slash command once: what the server sees of it, and what is answered on the screen. Their grammar is tested
//! where it is read.

use serde_json::Value;

use crate::hand::{Manner, talk, talk_with};
use crate::support::raw::{BINARY, PING, PONG, TEXT};
use crate::terminal::{CLOSED, OPEN};

#[test]
fn help_lists_the_commands_and_tells_of_one() {
    let (_hand, _link, mut terminal) = talk(&[]);
    terminal.line("/help");
    let view = terminal.shows("  //x sends /x; ");
    for name in ["help", "ping", "pong", "close", "bin", "file", "frame", "headers", "stats", "heartbeat", "show"] {
        assert!(view.has(&format!("  /{name}")), "{name}\n{}", view.text());
    }
    for name in ["findings", "explain", "reconnect", "drop", "record", "edit", "quit"] {
        assert!(view.has(&format!("  /{name}")), "{name}\n{}", view.text());
    }
    terminal.line("/help drop");
    terminal.shows("    fin ends it in order, rst resets it; fin unless said.");
}

#[test]
fn an_unknown_command_has_its_nearest_names() {
    let (hand, _link, mut terminal) = talk(&[]);
    terminal.line("/pin");
    terminal.shows("  /pin: no such command; the nearest are /ping, /bin");
    terminal.line("sent");
    assert_eq!(hand.message(), "sent", "and is not sent");
}

#[test]
fn pings_and_pongs_are_sent_and_a_pong_is_measured() {
    let (hand, _link, mut terminal) = talk(&[]);
    terminal.line("/ping hello");
    assert_eq!(hand.frame(PING), (1, b"hello".to_vec()));
    terminal.shows("  pong in ");
    terminal.line("/pong hex:00ff");
    assert_eq!(hand.frame(PONG), (1, vec![0, 255]));
}

#[test]
fn bytes_and_files_are_sent() {
    let (hand, _link, mut terminal) = talk(&[]);
    terminal.line("/bin 08 96 01");
    assert_eq!(hand.frame(BINARY), (1, vec![8, 0x96, 1]));
    terminal.shows(" > binary, 3 B");
    terminal.home.write("note.txt", b"from a file\n");
    terminal.line("/file note.txt");
    assert_eq!(hand.message(), "from a file\n");
    terminal.line("/file note.txt binary");
    assert_eq!(hand.frame(BINARY), (1, b"from a file\n".to_vec()));
    terminal.home.write("bytes", b"\xff\x00");
    terminal.line("/file bytes");
    assert_eq!(hand.frame(BINARY), (1, vec![255, 0]));
    terminal.line("/file bytes text");
    terminal.shows("  bytes: it is no UTF-8");
    terminal.line("/file nothing.txt");
    terminal.shows("  nothing.txt: ");
    for endless in ["/dev/zero", "."] {
        terminal.line(&format!("/file {endless}"));
        terminal.shows(&format!("  {endless}: expected a file, got something else"));
    }
}

#[test]
fn what_is_typed_while_a_close_is_under_way_is_refused() {
    let (_hand, _link, mut terminal) = talk_with(Manner::Rude, &["--close-timeout", "1s"]);
    terminal.line("/close");
    terminal.line("hello");
    terminal.shows("  not sent: the connection is being closed");
    terminal.prompts(CLOSED);
    terminal.line("/stats");
    terminal.shows("  wire         0 B in, 8 B out");
    terminal.line("/quit");
    assert_eq!(terminal.exit_code(), 26);
}

#[test]
fn raw_frames_go_out_as_they_are() {
    let (hand, _link, mut terminal) = talk(&[]);
    terminal.line("/frame fin=0 opcode=text hel");
    assert_eq!(hand.frame(0x01), (1, b"hel".to_vec()));
    terminal.shows(" goes out as it is");
    terminal.line("/frame opcode=continuation lo");
    assert_eq!(hand.frame(0x80), (1, b"lo".to_vec()));
    terminal.line("/frame rsv=4 opcode=text illegal");
    assert_eq!(hand.frame(0x40 | TEXT), (1, b"illegal".to_vec()));
}

#[test]
fn what_is_known_of_the_connection_is_told() {
    let (_hand, link, mut terminal) = talk(&[]);
    link.say("one");
    terminal.shows_marked('<', "one");
    terminal.line("/headers");
    terminal.shows("  > GET / HTTP/1.1");
    terminal.shows("  < HTTP/1.1 101 Switching Protocols");
    terminal.line("/stats");
    terminal.shows("  compression  none: no extension was negotiated");
    terminal.shows("  in           text");
    terminal.line("/show 1");
    terminal.shows("  message 1, in, text, 3 B, at ");
    terminal.line("/findings");
    terminal.shows("  no findings so far");
    terminal.line("/explain 1011");
    terminal.wait_for("an explanation", |view| {
        view.rows.iter().any(|row| row.starts_with("  ") && row.contains("1011") && !row.contains("/explain"))
    });
}

#[test]
fn heartbeats_are_told_changed_and_stopped() {
    let (hand, _link, mut terminal) = talk(&[]);
    terminal.line("/heartbeat");
    terminal.shows("  heartbeat: ping after 20 s of silence");
    terminal.line("/heartbeat 50ms 5s");
    terminal.shows("  heartbeat: after 50.0 ms of silence, an answer within 5.0 s, from now on");
    hand.frame(PING);
    terminal.line("/heartbeat off");
    terminal.shows("  heartbeat: off, from now on");
    terminal.line("/heartbeat");
    terminal.wait_for("that there is none", |view| view.rows.iter().any(|row| row == "  heartbeat: off"));
}

#[test]
fn a_close_of_ones_own_leaves_the_prompt() {
    let (hand, _link, mut terminal) = talk(&[]);
    terminal.line("/close 4001 session expired");
    assert_eq!(hand.close(), (Some(4001), "session expired".to_owned()));
    terminal.shows(" - closed 4001 by us, answered in ");
    terminal.prompts(CLOSED);
    for command in ["/ping", "/bin 00", "/drop"] {
        terminal.line(command);
    }
    terminal.wait_for("three refusals", |view| view.count("there is no connection; /reconnect makes one") == 3);
    terminal.line("/quit");
    assert_eq!(terminal.exit_code(), 0, "nobody dropped us");
}

#[test]
fn an_open_connection_is_closed_before_another_one() {
    let (hand, _link, mut terminal) = talk(&[]);
    terminal.line("/reconnect");
    assert_eq!(hand.close(), (Some(1000), String::new()));
    hand.link();
    terminal.shows(" + connected again in ");
    terminal.prompts(OPEN);
    terminal.line("here");
    assert_eq!(hand.text(), (2, "here".to_owned()));
}

#[test]
fn a_connection_is_dropped_without_a_close() {
    for how in ["/drop", "/drop fin", "/drop rst"] {
        let (hand, _link, mut terminal) = talk(&[]);
        terminal.line(how);
        hand.gone();
        terminal.prompts(CLOSED);
        terminal.line("/quit");
        assert_eq!(terminal.exit_code(), 0, "{how}: as asked");
    }
}

#[test]
fn a_record_keeps_what_happens_between_its_beginning_and_its_end() {
    let (hand, link, mut terminal) = talk(&[]);
    terminal.line("before");
    assert_eq!(hand.message(), "before");
    terminal.line("/record events.jsonl");
    terminal.shows("  every event from now on goes to events.jsonl");
    terminal.line("during");
    assert_eq!(hand.message(), "during");
    link.say("heard");
    terminal.shows_marked('<', "heard");
    terminal.line("/record off");
    terminal.shows("  recording stopped");
    terminal.line("after");
    assert_eq!(hand.message(), "after");
    terminal.line("/quit");
    assert_eq!(terminal.exit_code(), 0);
    let text = terminal.home.read("events.jsonl");
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let messages: Vec<&Value> = events.iter().filter(|event| event["type"] == "message").collect();
    let ways: Vec<&str> = messages.iter().filter_map(|event| event["direction"].as_str()).collect();
    assert_eq!(ways, ["out", "in"], "{text}");
    assert!(text.contains("during") && text.contains("heard"), "{text}");
    assert!(!text.contains("before") && !text.contains("after"), "{text}");
}
