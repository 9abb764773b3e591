//! The JSON format as `docs/events.md` promises it: every line is an event, numbers have no gaps, and every type and
//! field that occurs is named there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::support::{Events, Running, signal, wscope};
use super::{dead_url, run};

#[test]
fn every_run_is_as_the_page_tells() {
    let dead = dead_url();
    let lines: [&[&str]; 16] = [
        &["--demo"],
        &["--demo", "-vvv"],
        &["--demo", "-x", "hi", "--expect", "hi", "-vvv"],
        &["--demo", "-x", "hi", "--expect", "ho", "-w", "100ms"],
        &["--demo", "-s", "chat"],
        &["--demo", "--hold", "500ms", "--heartbeat", "100ms"],
        &["--demo", "--hold", "500ms", "--heartbeat", "100ms", "--heartbeat-send", "text:HB"],
        &["--demo=fin@300ms", "--hold", "1s", "--reconnect=1", "--seed", "7", "-vv"],
        &["--demo=reject=503"],
        &["--demo=bad-accept=missing"],
        &["--demo=no-answer", "--connect-timeout", "300ms"],
        &["--demo=no-pong", "--heartbeat-timeout", "300ms"],
        &["--demo=close=1006"],
        &["--demo", "--timeout", "300ms", "-n", "50"],
        &[&dead, &dead],
        &["ws://no-such-name.invalid/"],
    ];
    let mut types = BTreeSet::new();
    for line in lines {
        let ran = run(&[&["probe", "--json"][..], line].concat());
        assert_eq!(ran.stderr, "", "{line:?}");
        let events = ran.events();
        judge(line, &events, ran.code);
        types.extend(events.0.iter().filter_map(|event| event["type"].as_str().map(str::to_owned)));
    }
    for wanted in ["frame", "message", "heartbeat", "answered", "missed", "ended", "retry_at", "gave_up", "check"] {
        assert!(types.contains(wanted), "no run has {wanted}: {types:?}");
    }
}

#[test]
fn a_server_tells_its_life_in_json_too() {
    let mut command = wscope();
    command.args(["serve", "127.0.0.1:0", "--json"]);
    let mut server = Running::start(command);
    let url = server.event("listening")["url"].as_str().unwrap().to_owned();
    assert_eq!(run(&["probe", "-q", &format!("{url}fault/fin")]).code, 22);
    server.event("ended");
    signal::interrupt(server.id());
    let ran = server.finish();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let events = ran.events();
    assert_eq!(events.one("listening")["loopback"], true);
    assert_eq!(events.one("fault_done")["fault"], "fin");
    unnamed(&events, "serve");
}

#[test]
fn the_same_seed_waits_as_long() {
    let delays = |seed: &str| -> Vec<u64> {
        let waits = ["--hold", "3s", "--reconnect=2", "--reconnect-delay", "300ms", "--seed", seed];
        let ran = run(&[&["probe", "--json", "--demo=fin"][..], &waits].concat());
        ran.events().all("retry_at").iter().filter_map(|retry| retry["delay_ns"].as_u64()).collect()
    };
    let first = delays("1");
    assert_eq!(first.len(), 2, "{first:?}");
    assert_eq!(first, delays("1"));
    assert_ne!(first, delays("5"), "another seed, other waits");
}

#[test]
fn a_secret_of_the_command_line_is_masked() {
    let args = ["probe", "--json", "-v", "--demo", "--bearer", "s3cret-token", "-H", "Cookie: sid=s3cret-cookie"];
    let ran = run(&args);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(!ran.stdout.contains("s3cret"), "{}", ran.stdout);
    let shown = run(&[&args[..], &["--no-redact"]].concat());
    assert!(shown.stdout.contains("s3cret-token") && shown.stdout.contains("s3cret-cookie"), "{}", shown.stdout);
}

fn judge(line: &[&str], events: &Events, code: i32) {
    let Events(all) = events;
    assert_eq!(all.first().unwrap()["type"], "run_started", "{line:?}");
    let end = all.last().unwrap();
    assert_eq!(end["type"], "run_ended", "{line:?}");
    assert_eq!(end["exit"], code, "{line:?}");
    for event in all {
        for field in ["v", "seq", "at_ns", "conn", "type"] {
            assert!(!event[field].is_null(), "{line:?}: no {field} in {event}");
        }
    }
    unnamed(events, line.first().unwrap_or(&""));
}

/// Is everything that occurs named on the page?
fn unnamed(events: &Events, run: &str) {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/events.md")).unwrap();
    let mut names = BTreeSet::new();
    for event in &events.0 {
        let kind = event["type"].as_str().unwrap();
        assert!(page.contains(&format!("### `{kind}`")), "{run}: docs/events.md has no section on {kind}");
        fields_of(event, &mut names);
    }
    let named = |name: &String| page.contains(&format!("`{name}`")) || page.contains(&format!("\"{name}\":"));
    let missing: Vec<String> = names.into_iter().filter(|name| !named(name)).collect();
    assert!(missing.is_empty(), "{run}: docs/events.md does not name {missing:?}");
}

fn fields_of(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                names.insert(name.clone());
                fields_of(value, names);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| fields_of(value, names)),
        _ => {}
    }
}
