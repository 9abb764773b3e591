//! Polling, long polling and server-sent events carry the very messages of the socket, each by its number.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::client::Client;
use crate::http;
use crate::server::Served;
use crate::support::raw::field;

/// What a poll says.
struct Poll {
    next: u64,
    messages: Vec<String>,
}

fn poll(address: &str, target: &str) -> Poll {
    let answer = http::get(address, target, &[]);
    assert_eq!(answer.status, 200, "{target}: {}{}", answer.head, answer.body);
    let kind = field(&answer.head, "Content-Type").unwrap_or_default();
    assert!(kind.starts_with("application/json"), "{target}: {}", answer.head);
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let messages = body["messages"].as_array().unwrap().iter();
    let messages = messages.map(|message| message.as_str().unwrap().to_owned()).collect();
    Poll { next: body["next"].as_u64().unwrap(), messages }
}

/// The number in a message.
fn number(message: &str) -> u64 {
    let message: Value = serde_json::from_str(message).unwrap();
    message["n"].as_u64().unwrap()
}

/// How old a message is, in milliseconds.
fn age_ms(message: &str) -> f64 {
    let message: Value = serde_json::from_str(message).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() * 1000.0;
    now - message["sent_ms"].as_f64().unwrap()
}

#[test]
fn four_ways_carry_the_same_messages() {
    let server = Served::start(&["--rate", "50", "--size", "100B"]);
    let address = server.address();
    let mut socket = Client::open(&address, "/stream");
    let mut by_number = BTreeMap::new();
    for _ in 0..20 {
        let message = socket.text();
        assert!(message.len() >= 100, "{message}");
        by_number.insert(number(&message), message);
    }
    let first = *by_number.first_key_value().unwrap().0;
    let last = *by_number.last_key_value().unwrap().0;
    assert_eq!(last - first, 19, "no number is left out: {:?}", by_number.keys());
    let wanted: Vec<&String> = by_number.values().collect();

    for target in [format!("/poll?since={first}"), format!("/long-poll?since={first}&wait=5")] {
        let polled = poll(&address, &target);
        assert_eq!(polled.messages[..20].iter().collect::<Vec<_>>(), wanted, "{target}");
        assert_eq!(polled.next, first + polled.messages.len() as u64, "{target}");
    }
    let target = format!("/events?since={first}");
    let last_seen = format!("Last-Event-ID: {}", first.saturating_sub(1));
    let (none, resumed): (&[&str], &[&str]) = (&[], &[&last_seen]);
    for (target, fields) in [(target.as_str(), none), ("/events", resumed)] {
        let mut events = http::begin(&address, target, fields);
        for (number, message) in &by_number {
            let event = events.event();
            assert_eq!((event.id, &event.data), (number.to_string(), message), "{target} {fields:?}");
        }
    }
}

#[test]
fn a_poll_without_a_number_says_where_to_begin() {
    let server = Served::start(&["--rate", "50"]);
    let address = server.address();
    let begin = poll(&address, "/poll");
    assert_eq!(begin.messages, Vec::<String>::new());
    // Nobody listens by a socket: that somebody polls keeps the messages coming.
    let polled = poll(&address, &format!("/long-poll?since={}&wait=20", begin.next));
    assert_eq!(number(&polled.messages[0]), begin.next);
    let again = poll(&address, &format!("/poll?since={}", begin.next));
    assert_eq!(again.messages[0], polled.messages[0]);
    assert!(again.next >= polled.next);
}

#[test]
fn a_long_poll_waits_and_comes_back_with_the_message() {
    let server = Served::start(&["--rate", "1"]);
    let address = server.address();
    let mut next = poll(&address, "/poll").next;
    for _ in 0..2 {
        let polled = poll(&address, &format!("/long-poll?since={next}&wait=20"));
        let age = age_ms(&polled.messages[0]);
        assert_eq!(number(&polled.messages[0]), next);
        assert!((-100.0..700.0).contains(&age), "it was {age} ms under way");
        next = polled.next;
    }
}

#[test]
fn a_long_poll_does_not_wait_longer_than_asked() {
    let server = Served::start(&["--rate", "0.01"]);
    let next = poll(&server.address(), "/poll").next;
    let begun = Instant::now();
    let polled = poll(&server.address(), &format!("/long-poll?since={next}&wait=1"));
    let took = begun.elapsed();
    assert_eq!(polled.messages, Vec::<String>::new());
    assert!(took >= Duration::from_millis(950) && took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn only_the_last_thousand_are_kept() {
    let server = Served::start(&["--rate", "2000"]);
    let address = server.address();
    let mut socket = Client::open(&address, "/stream");
    while number(&socket.text()) < 1100 {}
    let polled = poll(&address, "/poll?since=1");
    assert_eq!(polled.messages.len(), 1000);
    assert!(number(&polled.messages[0]) > 100, "{}", polled.messages[0]);
    assert_eq!(number(&polled.messages[999]) + 1, polled.next);
}

#[test]
fn a_bad_query_is_told_with_400() {
    let server = Served::start(&[]);
    for target in [
        "/poll?since=x",
        "/poll?since=-1",
        "/poll?since=",
        "/poll?since=99999999999999999999999",
        "/long-poll?since=x",
        "/long-poll?since=1&wait=soon",
        "/long-poll?since=1&wait=-1",
        "/events?since=x",
    ] {
        let answer = http::get(&server.address(), target, &[]);
        assert_eq!(answer.status, 400, "{target}: {}", answer.head);
        let kind = field(&answer.head, "Content-Type").unwrap_or_default();
        assert!(kind.starts_with("text/plain"), "{target}: {}", answer.head);
        assert!(!answer.body.is_empty(), "{target}");
    }
}

/// Each listener is one of many: all get every message.
#[test]
fn listeners_do_not_take_messages_from_each_other() {
    let server = Served::start(&["--rate", "20"]);
    let address = server.address();
    let (mut one, mut other) = (Client::open(&address, "/stream"), Client::open(&address, "/stream"));
    let pairs: Vec<(u64, u64)> = (0..5).map(|_| (number(&one.text()), number(&other.text()))).collect();
    assert!(pairs.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1 && pair[1].1 == pair[0].1 + 1), "{pairs:?}");
}
