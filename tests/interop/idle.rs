//! `probe --idle` against a limit of silence, a limit of age and a server that is never silent: length, kind and advice are
//! right.

use crate::support::proxy::upgrading_location;
use crate::support::{Peer, Proxy, Server, probe};

/// The `idle_found` event of a run that ended well.
fn idle_found(args: &[&str]) -> serde_json::Value {
    let ran = probe(&[&["--json", "--idle", "--idle-max", "20s"][..], args].concat());
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let events = ran.events();
    events.assert_clean();
    events.one("idle_found").clone()
}

fn seconds(found: &serde_json::Value) -> f64 {
    found["limit_ns"].as_f64().unwrap_or_else(|| panic!("no limit: {found}")) / 1e9
}

#[test]
fn nginx_with_a_read_timeout_of_five_seconds_is_an_idle_limit_reset_by_pings() {
    let Some(peer) = Peer::python("ws_echo.py", &[]) else { return };
    let Some(proxy) = Proxy::nginx(&upgrading_location("/", peer.port, "proxy_read_timeout 5s;")) else { return };
    let found = idle_found(&[&proxy.url("/")]);
    assert_eq!(found["kind"], "idle", "{found}");
    assert!((seconds(&found) - 5.0).abs() <= 0.3, "{found}");
    let sentence = found["sentence"].as_str().unwrap();
    assert!(sentence.contains("reset by pings") && sentence.contains("proxy_read_timeout"), "{sentence}");
    assert_eq!(found["heartbeat_ns"], 2_000_000_000_u64, "{found}");
}

#[test]
fn a_maximum_age_of_five_seconds_is_told_as_one_that_no_heartbeat_helps_against() {
    let server = Server::start(&["--fault", "fin@5s", "127.0.0.1:0"]);
    let found = idle_found(&[&server.url]);
    assert_eq!(found["kind"], "lifetime", "{found}");
    assert!((seconds(&found) - 5.0).abs() <= 0.3, "{found}");
    assert!(found["sentence"].as_str().unwrap().contains("no heartbeat helps"), "{found}");
    assert_eq!(found["heartbeat_ns"], serde_json::Value::Null, "{found}");
}

#[test]
fn without_a_limit_it_says_how_long_silence_lived() {
    let server = Server::start(&["127.0.0.1:0"]);
    let ran = probe(&["--json", "--idle", "--idle-max", "3s", &server.url]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let events = ran.events();
    events.assert_clean();
    assert_eq!(events.one("idle_found")["kind"], "none");
    assert_eq!(events.all("idle_socket").len(), 4);
}

#[test]
fn where_the_server_sends_by_itself_it_cannot_tell_how_long_silence_lives() {
    let server = Server::start(&["--mode", "source", "--rate", "4", "127.0.0.1:0"]);
    let ran = probe(&["--json", "--idle", "--idle-max", "3s", &server.url]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let events = ran.events();
    events.assert_clean();
    let found = events.one("idle_found");
    assert_eq!(found["kind"], "never_silent", "{found}");
    assert!(found["longest_quiet_ns"].as_f64().unwrap() < 2e9, "{found}");
    assert!(found["sentence"].as_str().unwrap().starts_with("cannot tell how long silence lives"), "{found}");
}

#[test]
fn a_server_that_ends_every_connection_at_once_has_no_limit_of_time() {
    let server = Server::start(&["--fault", "close=1008:no", "127.0.0.1:0"]);
    let ran = probe(&["--json", "--idle", "--idle-max", "5s", &server.url]);
    assert_eq!(ran.code, 21, "{}", ran.stdout);
    let events = ran.events();
    assert!(events.all("idle_found").is_empty(), "{}", ran.stdout);
    events.finding("closed-with-code");
}

#[test]
fn a_limit_of_one_second_is_a_limit_too() {
    for (fault, kind) in [("idle=1s", "idle"), ("lifetime=1s", "lifetime")] {
        let server = Server::start(&["--fault", fault, "127.0.0.1:0"]);
        let found = idle_found(&[&server.url]);
        assert_eq!(found["kind"], kind, "{found}");
        assert!((seconds(&found) - 1.0).abs() <= 0.3, "{found}");
    }
}
