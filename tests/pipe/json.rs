//! A program at both ends: `--commands` go in, events come out, and `--record` keeps them all.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::keeper::{Keeper, close_body};
use crate::support::Events;
use crate::support::raw::{CLOSE, PING};
use crate::talk::{piped, without_input};

const COMMANDS: &[u8] = b"{\"send\":\"hello\"}\n{\"ping\":\"p\"}\n{\"send_base64\":\"AAEK/w==\"}\n";

/// A path of this test's own.
fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("wscope-pipe-{}-{name}.jsonl", std::process::id()))
}

/// Direction, kind, length and payload of each message.
fn messages(events: &Events, direction: &str) -> Vec<(Value, Value, Value)> {
    let of = |event: &&Value| event["direction"] == direction;
    let part = |event: &Value| (event["text"].clone(), event["len_bytes"].clone(), event["payload"].clone());
    events.all("message").into_iter().filter(of).map(part).collect()
}

fn both_messages() -> [(Value, Value, Value); 2] {
    [(json!(true), json!(5), json!({"text": "hello"})), (json!(false), json!(4), json!({"base64": "AAEK/w=="}))]
}

/// The events without their numbers.
fn unnumbered(events: Vec<Value>) -> Vec<Value> {
    let without = |mut event: Value| {
        event.as_object_mut().unwrap().remove("seq");
        event
    };
    events.into_iter().map(without).collect()
}

#[test]
fn commands_go_in_and_events_come_out() {
    let keeper = Keeper::echo();
    let ran = piped(COMMANDS, &["--json", "--commands", &keeper.url()]);
    assert_eq!(ran.code, 0, "{}", ran.text());
    let events = ran.events();
    assert_eq!(messages(&events, "out"), both_messages());
    assert_eq!(messages(&events, "in"), both_messages());
    assert_eq!(events.all("frame"), Vec::<&Value>::new(), "nobody asked for frames");
    assert_eq!(events.one("input_ended")["listening"], false);
    assert_eq!(events.one("ended")["by"], "us");
    assert_eq!(events.one("judged")["exit"], 0);
    let lines = events.one("lines");
    assert_eq!((&lines["unsure"], &lines["first_unsent"], &lines["received"]), (&json!([]), &Value::Null, &json!(2)));
    let frames = keeper.frames();
    assert!(frames.contains(&(PING, b"p".to_vec())), "{frames:?}");
    assert_eq!(frames.last().cloned(), close_body(1000, "").map(|body| (CLOSE, body)));
}

#[test]
fn a_ping_at_the_end_is_no_line_that_was_not_sent() {
    let keeper = Keeper::listener();
    let ran = piped(b"{\"send\":\"a\"}\n{\"ping\":\"\"}\n", &["-w", "0", "--json", "--commands", &keeper.url()]);
    assert_eq!(ran.code, 0, "{}", ran.text());
    let events = ran.events();
    assert_eq!(events.one("lines")["first_unsent"], Value::Null);
}

#[test]
fn a_bad_line_is_an_event() {
    let keeper = Keeper::listener();
    let ran = piped(b"{\"send\":\"a\"}\n{}\n{\"send\":\"c\"}\n", &["--json", "--commands", &keeper.url()]);
    assert_eq!(ran.code, 1, "{}", ran.text());
    let events = ran.events();
    let bad = events.one("input_bad");
    assert_eq!((&bad["line"], &bad["thing"], &bad["skipped"]), (&json!(2), &json!("line"), &json!(false)), "{bad}");
    assert!(bad["why"].as_str().is_some_and(|why| !why.is_empty()), "{bad}");
    assert_eq!(messages(&events, "out").len(), 1);
    assert_eq!((&events.one("judged")["exit"], &events.one("run_ended")["exit"]), (&json!(1), &json!(1)));
}

#[test]
fn a_record_keeps_every_event_beside_the_payload() {
    let keeper = Keeper::echo();
    let path = path("payload");
    let file = path.to_str().unwrap();
    let ran = piped(COMMANDS, &["--commands", "--record", file, &keeper.url()]);
    let kept = fs::read_to_string(&path).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    let _ = fs::remove_file(&path);
    ran.assert(0, &["connected to ", "closed 1000 by us, answered"]);
    assert_eq!(ran.stdout, b"hello\n\x00\x01\x0a\xff");
    assert_eq!(mode & 0o777, 0o600, "what is in it may be secret");
    let events = Events::parse(&kept);
    assert_eq!(messages(&events, "out"), both_messages());
    assert_eq!(messages(&events, "in"), both_messages());
    let closes = events.all("frame").into_iter().filter(|frame| frame["opcode"] == 8).count();
    assert_eq!(closes, 2, "{kept}");
    assert_eq!(events.one("run_ended")["exit"], 0);
}

#[test]
fn a_record_and_the_events_on_stdout_are_the_same() {
    let keeper = Keeper::echo();
    let path = path("same");
    let file = path.to_str().unwrap();
    let all = piped(COMMANDS, &["--json", "-vvv", "--commands", "--record", file, &keeper.url()]);
    let kept = fs::read_to_string(&path).unwrap();
    assert_eq!(all.code, 0, "{kept}");
    assert!(all.events().all("frame").len() >= 8, "{kept}");
    assert_eq!(all.text(), kept, "with all that can be asked for, to the byte");

    // Without: stdout shows less, and the record the same as ever.
    let some = piped(COMMANDS, &["--json", "--commands", "--record", file, &keeper.url()]);
    let kept = fs::read_to_string(&path).unwrap();
    let _ = fs::remove_file(&path);
    let (recorded, shown) = (Events::parse(&kept), some.events());
    assert!(!recorded.all("frame").is_empty(), "{kept}");
    assert_eq!(shown.all("frame"), Vec::<&Value>::new());
    let without_frames: Vec<Value> = recorded.0.into_iter().filter(|event| event["type"] != "frame").collect();
    assert_eq!(unnumbered(without_frames), unnumbered(shown.0));
}

#[test]
fn a_record_that_cannot_be_written_is_told_before_anything_is_sent() {
    let keeper = Keeper::echo();
    let ran = without_input(&["-x", "hi", "--record", "/no/such/folder/record.jsonl", &keeper.url()]);
    assert_eq!((ran.code, ran.text().as_str()), (2, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("/no/such/folder/record.jsonl"), "{}", ran.stderr);
    assert_eq!(keeper.peer.accepted(), 0);
}
