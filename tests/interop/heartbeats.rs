//! Heartbeats of known servers: the right kind is chosen or asked for and keeps the connection, another kind does not,
//! and what is missing is named; presets and rules of a user's own, and what is said of wrong ones.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use crate::support::{Events, Peer, RawPeer, probe, raw};

/// A file that goes with the test.
struct Written(PathBuf);

impl Written {
    fn new(name: &str, text: &str) -> Written {
        let path = std::env::temp_dir().join(format!("wscope-heartbeats-{}-{name}", std::process::id()));
        fs::write(&path, text).unwrap();
        Written(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn run(code: i32, args: &[&str]) -> Events {
    let ran = probe(&[&["--json"][..], args].concat());
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    ran.events()
}

/// Exit 2, no output, and a first line with these parts.
fn assert_refused(args: &[&str], parts: &[&str]) {
    let ran = probe(args);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    let line = ran.stderr.lines().next().unwrap_or_default();
    for part in parts {
        assert!(line.contains(part), "no {part:?} in {line:?}");
    }
}

fn socket_io() -> Option<(Peer, String)> {
    let peer = Peer::node("ws_socketio.js", &["300", "400"])?;
    let url = format!("ws://127.0.0.1:{}/socket.io/?EIO=4&transport=websocket", peer.port);
    Some((peer, url))
}

#[test]
fn socket_io_is_recognised_and_its_heartbeats_are_answered() {
    let Some((_peer, url)) = socket_io() else { return };
    let events = run(0, &["-vv", "--hold", "3s", "--heartbeat-send", "auto", &url]);
    events.assert_clean();
    let chosen = events.one("heartbeat_chosen");
    assert_eq!(chosen["preset"], "engineio", "{chosen}");
    assert!(chosen["why"].as_str().unwrap().contains("0{\"sid\""), "{chosen}");
    // 300 ms and 400 ms, which the hello named.
    assert!(chosen["words"].as_str().unwrap().contains("700 ms"), "{chosen}");
    // Nothing else of one byte is sent here: a 3 for each 2, of which one may still have been on its way.
    let frames = events.all("frame");
    let small = |direction: &str| {
        frames.iter().filter(|frame| frame["direction"] == direction && frame["len_bytes"] == 1).count()
    };
    let (came, answered) = (small("in"), small("out"));
    assert!(answered >= 4 && came - answered <= 1, "{came} heartbeats, {answered} answers");
    // What was answered is no silence.
    let fact = events.one("judged")["fact"].as_str().unwrap();
    assert!(!fact.contains("0 heartbeats"), "{fact}");
}

#[test]
fn socket_io_drops_a_client_that_only_pings_and_the_missing_answer_is_named() {
    let Some((_peer, url)) = socket_io() else { return };
    let events = run(20, &["--hold", "3s", "--heartbeat", "200ms", &url]);
    let finding = events.all("finding")[0];
    let cause = finding["cause"].as_str().unwrap();
    assert!(cause.contains("Engine.IO") && cause.contains('3'), "{finding:#}");
    assert!(finding["help"][0].as_str().unwrap().contains("--heartbeat-send"), "{finding:#}");
}

#[test]
fn phoenix_is_kept_by_its_own_heartbeat_and_not_by_pings() {
    let Some(peer) = Peer::python("ws_phoenix.py", &["timeout", "1"]) else { return };
    let url = peer.url();
    let events = run(0, &["--hold", "3s", "--heartbeat-preset", "phoenix", "--heartbeat", "300ms", &url]);
    events.assert_clean();
    let answered = events.all("answered");
    assert!(answered.len() >= 6 && answered.iter().all(|answered| answered["own"] == true), "{answered:#?}");
    let events = run(20, &["--hold", "3s", "--heartbeat", "300ms", &url]);
    let finding = events.all("finding")[0];
    assert!(finding["help"].to_string().contains("heartbeat"), "{finding:#}");
}

#[test]
fn a_reply_to_another_heartbeat_is_no_answer() {
    let Some(peer) = Peer::python("ws_phoenix.py", &["stale"]) else { return };
    let beats = ["--heartbeat-preset", "phoenix", "--heartbeat", "300ms", "--heartbeat-timeout", "200ms"];
    let events = run(24, &[&beats[..], &["--hold", "3s", peer.url().as_str()]].concat());
    assert_eq!(events.codes(), ["answer-not-as-asked"]);
    assert_eq!(events.all("answered").len(), 0);
}

#[test]
fn a_server_whose_heartbeats_stop_is_gone() {
    let file = Written::new(
        "stop.toml",
        "[[preset]]\nname = \"own\"\nrole = \"observe\"\nanswer = \"text:hb\"\nevery = \"300ms\"\n\
         timeout = \"200ms\"\n",
    );
    let peer = RawPeer::upgraded(|_, mut stream| {
        let beat = raw::frame(raw::TEXT, b"hb");
        if stream.write_all(&[&beat[..], &beat].concat()).is_ok() {
            raw::behave(stream);
        }
    });
    let url = peer.url();
    let events = run(24, &["--hold", "5s", "--heartbeat-file", file.path(), "--heartbeat-preset", "own", &url]);
    let ended = events.one("ended");
    assert_eq!(ended["how"], "silent", "{ended}");
    assert_eq!(ended["drop"], true, "{ended}");
    assert_eq!(events.one("missed")["waited_ns"], 500_000_000_u64);
    assert_eq!(events.all("heartbeat").len(), 0);
    // None of ours was sent, so that none can be unanswered.
    let fact = events.all("finding")[0]["fact"].as_str().unwrap();
    assert!(fact.contains("heartbeat") && !fact.contains("unanswered"), "{fact}");
}

#[test]
fn a_server_whose_heartbeats_go_on_is_fine() {
    let file = Written::new(
        "go-on.toml",
        "[[preset]]\nname = \"own\"\nrole = \"observe\"\nanswer = \"ping\"\nevery = \"1s\"\ntimeout = \"1500ms\"\n",
    );
    let Some(peer) = Peer::node("ws_node.js", &["ping"]) else { return };
    let url = peer.url();
    run(0, &["--hold", "4s", "--heartbeat-file", file.path(), "--heartbeat-send", "own", &url]).assert_clean();
}

#[test]
fn an_unknown_preset_is_told_with_the_nearest_names() {
    assert_refused(&["--heartbeat-preset", "phonix", ":1"], &["--heartbeat-preset", "phoenix", "\"phonix\""]);
    assert_refused(
        &["--heartbeat-send", "enginio", ":1"],
        &["--heartbeat-send", "engineio or engineio3", "\"enginio\""],
    );
    let file = Written::new("names.toml", "[[preset]]\nname = \"lobby-beat\"\nsend = \"text:hi\"\n");
    let args = ["--heartbeat-file", file.path(), "--heartbeat-preset", "lobby-bet", ":1"];
    assert_refused(&args, &["--heartbeat-preset", "lobby-beat", "\"lobby-bet\""]);
}

#[test]
fn what_is_wrong_in_a_file_of_presets_is_told_with_its_line() {
    for (number, text, parts) in [
        (1, "[[preset]]\nname = \"own\"\nevery = 25\n", ["line 3", "every as a duration", "got 25"]),
        (2, "[[preset]]\nname = \"own\"\n\nrole = \"obsrve\"\n", ["line 4", "send, respond or observe", "\"obsrve\""]),
        (3, "[[preset]\n", ["line 1", "expected TOML", "[[preset]"]),
        (4, "[[preset]]\nsend = \"ping\"\n", ["line 1", "a preset with a name", "none"]),
        (5, "[preset]\nname = \"own\"\n", ["line 1", "[[preset]] in double brackets", "got [preset]"]),
        (6, "[[preset]]\nname = \"own\"\n", ["line 1", "send, respond or every", "none of them"]),
        (7, "[[preset]]\nname = \"own\"\nsend = \"ping\"\n", ["--heartbeat-preset", "(it has own)", "got neither"]),
    ] {
        let file = Written::new(&format!("wrong-{number}.toml"), text);
        assert_refused(&["--heartbeat-file", file.path(), ":1"], &[&["--heartbeat-file"][..], &parts].concat());
    }
}

#[test]
fn what_is_wrong_in_a_rule_file_is_told_with_its_line() {
    for (number, text, parts) in [
        (
            1,
            "[[refused]]\nname = \"edge\"\nstatus = 700\ncause = \"c\"\nhelp = \"h\"\n",
            ["line 3", "100 to 599", "got 700"],
        ),
        (
            2,
            "[[closed]]\ncode = 5000\nname = \"n\"\ncause = \"c\"\nhelp = \"h\"\n",
            ["line 2", "1000 to 4999", "got 5000"],
        ),
        (3, "[[refused]]\nstatsu = 400\n", ["line 2", "status, header", "statsu"]),
    ] {
        let file = Written::new(&format!("rules-{number}.toml"), text);
        assert_refused(&["--rules", file.path(), ":1"], &[&["--rules"][..], &parts].concat());
    }
}

#[test]
fn a_rule_that_fits_gives_its_cause_and_help() {
    let file = Written::new(
        "rules.toml",
        "[[refused]]\nname = \"edge\"\nstatus = 403\nheader = \"X-Deny: geo\"\n\
         cause = \"our edge refuses this country\"\nhelp = \"ask the network team:\"\n\
         lines = [\"allow 203.0.113.0/24;\"]\n",
    );
    let answer =
        |fields: &str| RawPeer::answering(format!("HTTP/1.1 403 Forbidden\r\n{fields}Content-Length: 0\r\n\r\n"));
    let events = run(15, &["--rules", file.path(), &answer("X-Deny: geo-7\r\n").url()]);
    let finding = events.finding("upgrade-forbidden");
    assert_eq!(finding["cause"], "our edge refuses this country");
    assert_eq!(finding["help"], serde_json::json!(["ask the network team:", "allow 203.0.113.0/24;"]));
    assert!(finding["seen"].to_string().contains("your rule edge"), "{finding:#}");
    // The twin without the header keeps the cause that anybody is told.
    let events = run(15, &["--rules", file.path(), &answer("").url()]);
    let finding = events.finding("upgrade-forbidden");
    assert!(!finding.to_string().contains("our edge") && !finding.to_string().contains("your rule"), "{finding:#}");
}
