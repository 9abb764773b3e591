//! The card of a client, at the end: what it did well, and a second connection for one drop, which is a defect that only
//! the server can see.

use std::io::Write;

use serde_json::Value;

use crate::client::Client;
use crate::server::Served;
use crate::support::Events;
use crate::support::raw::CLOSE;
use crate::tool::{self, Language};

/// Is dropped once and comes back twice.
fn come_back_twice(server: &Served) {
    let address = server.address();
    let agent = ["User-Agent: doubler/1.0"];
    let mut first = Client::with(&address, "/fault/fin@300ms", &agent);
    first.echo("here");
    assert_eq!(first.frame(), None, "the server drops it");
    drop(first);
    let mut again = [Client::with(&address, "/", &agent), Client::with(&address, "/", &agent)];
    for client in &mut again {
        client.echo("back");
    }
    for client in again {
        client.close(1000);
    }
}

#[test]
fn two_connections_for_one_drop_are_told() {
    let mut server = Served::start(&[]);
    come_back_twice(&server);
    server.tells("#3 ended");
    let log = server.stop().log;
    assert!(log.contains("doubler") && log.contains("3 connections"), "{log}");
    assert!(log.contains("double"), "{log}");
}

#[test]
fn two_connections_for_one_drop_are_counted() {
    let server = Served::start(&["--json"]);
    come_back_twice(&server);
    let events = Events::parse(&server.stop().stdout);
    let reports = events.all("client_report");
    let report = reports.iter().find(|report| report["class"] == "doubler").expect("a card");
    assert_eq!(report["connections"], 3, "{report}");
    assert_eq!(report["double_reconnects"], 1, "{report}");
}

#[test]
fn a_good_client_has_a_good_card() {
    let mut server = Served::start(&[]);
    let faulty = format!("{}fault/close=4001:expired@300ms", server.url);
    let again = format!("again:{}", server.url);
    let steps = ["text:hello", "recv:1", "until-close", "pause:0.5", &again, "until-close"];
    let Some(client) = Language::Node.begin(&faulty, &steps) else { return };
    server.tells("#2 open");
    server.tells("seems to be #1 again");
    let stopped = server.stop();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
    let told = tool::told(client, "the client").expect("it is there");
    assert_eq!(told.last().unwrap()["closed"], 1001, "{told:#?}");
    for part in [
        "client 127.0.0.1, node: 2 connections",
        "handshake correct: version 13, a new key each time",
        "frames masked, legal",
        "close answered at once with the same code",
        "reconnect once for one drop, after ",
        "one delay is too few to judge backoff",
    ] {
        assert!(stopped.log.contains(part), "no {part:?}: {}", stopped.log);
    }
    assert!(!stopped.log.contains("double"), "{}", stopped.log);
}

/// A client that sends an unmasked frame and uses a key again has that on its card.
#[test]
fn what_a_client_does_wrong_is_on_its_card() {
    let server = Served::start(&["--json"]);
    let address = server.address();
    for _ in 0..2 {
        let mut client = Client::with(&address, "/", &["User-Agent: careless"]);
        client.stream.write_all(&[0x81, 2, b'h', b'i']).unwrap();
        while client.frame().is_some_and(|(first, _)| first != CLOSE) {}
        client.end();
    }
    let events = Events::parse(&server.stop().stdout);
    let reports = events.all("client_report");
    let report: &Value = reports.iter().find(|report| report["class"] == "careless").expect("a card");
    assert_eq!(report["breaches"], 2, "{report}");
    assert_eq!(report["card"]["handshake"]["key_repeats"], 1, "{report}");
    assert!(report["card"]["frames"]["breach"].is_string(), "{report}");
}
