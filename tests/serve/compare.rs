//! `wscope probe --compare`: three ways to the same messages of `wscope serve`, and peers that are no wscope.

use serde_json::Value;

use crate::server::Served;
use crate::support::{Ran, RawPeer, probe};

/// The way of this name in the event.
fn way<'a>(compared: &'a Value, name: &str) -> &'a Value {
    let ways = compared["ways"].as_array().unwrap();
    ways.iter().find(|way| way["name"] == name).unwrap_or_else(|| panic!("no way {name}: {compared}"))
}

fn number(way: &Value, field: &str) -> u64 {
    way[field].as_u64().unwrap_or_else(|| panic!("{field} is no number: {way}"))
}

fn compare(url: &str, more: &[&str]) -> Ran {
    let times = ["--compare-for", "2s", "--compare-interval", "500ms", "--color", "never"];
    probe(&[&["--compare", url][..], &times, more].concat())
}

#[test]
fn three_ways_bring_the_same_messages() {
    let server = Served::start(&["--rate", "20"]);
    let ran = compare(&format!("http://{}/", server.address()), &["--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let events = ran.events();
    let compared = events.one("compared");
    let messages = number(compared, "messages");
    assert!((20..=60).contains(&messages), "20 a second for 2 s: {compared}");
    assert!(compared["clock_offset_ns"].is_null(), "there is one clock: {compared}");
    for name in ["socket", "long_polling", "short_polling"] {
        let way = way(compared, name);
        assert_eq!((number(way, "messages"), number(way, "lost"), number(way, "doubled")), (messages, 0, 0), "{way}");
        assert_eq!(number(way, "connections"), 1, "{way}");
        assert_eq!(number(way, "open_connections"), 1, "{way}");
        assert!(number(way, "max_ns") >= number(way, "median_ns"), "{way}");
        assert_eq!(way["p99_ns"].is_null(), messages < 100, "{way}");
        // Each message has 64 bytes.
        assert!(number(way, "bytes_in") >= messages * 64 && number(way, "bytes_out") > 0, "{way}");
    }
    let (socket, long, short) =
        (way(compared, "socket"), way(compared, "long_polling"), way(compared, "short_polling"));
    assert_eq!(number(socket, "requests"), 1, "{socket}");
    assert!(number(long, "requests") > number(short, "requests"), "{compared}");
    assert!((2..=6).contains(&number(short, "requests")), "at 0, 0.5, 1, 1.5 and 2 s: {short}");
    assert!(number(short, "median_ns") > number(socket, "median_ns"), "{compared}");
    assert!(number(long, "bytes_per_message") > number(socket, "bytes_per_message"), "{compared}");
    assert_eq!(events.one("judged")["verdict"], "healthy");
}

#[test]
fn a_person_sees_a_table() {
    let server = Served::start(&["--rate", "20"]);
    let ran = compare(&server.address(), &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let verdict = format!("HEALTHY  http://{}/   ", server.address());
    assert!(lines[0].starts_with(&verdict) && lines[0].ends_with(" messages in 2.0 s over three ways"), "{}", lines[0]);
    assert_eq!(lines[1], "");
    assert!(lines[2].trim_start().starts_with("requests  connections"), "{}", ran.stdout);
    for (line, name) in lines[3..6].iter().zip(["socket", "long polling", "short polling"]) {
        assert!(line.starts_with(&format!("  {name}")), "{line}");
    }
    assert!(lines[6].starts_with("  a message costs "), "{}", ran.stdout);
    assert!(lines.iter().all(|line| line.len() <= 96), "{}", ran.stdout);
}

#[test]
fn a_way_that_is_not_there_is_named() {
    let server = Served::start(&["--rate", "20"]);
    let base = format!("http://{}/", server.address());
    let nowhere = format!("{base}nowhere");
    let cases = [
        ("--compare-poll", format!("the answer of {nowhere} is not wscope's form")),
        ("--compare-long-poll", format!("long polling: the answer of {nowhere} is not wscope's form")),
    ];
    for (flag, wanted) in cases {
        let ran = compare(&base, &["--json", flag, &nowhere]);
        assert_eq!(ran.code, 1, "{flag}: {}", ran.stdout);
        let events = ran.events();
        let fact = events.one("judged")["fact"].as_str().unwrap();
        assert!(fact.starts_with(&wanted) && fact.contains("HTTP 404"), "{flag}: {fact}");
        assert_eq!(events.all("compared").len(), 0, "{flag}");
    }
    let refusing = RawPeer::answering("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    let ran = compare(&base, &["--json", "--compare-socket", &refusing.url()]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert_eq!(ran.events().one("judged")["fact"], "socket: HTTP 503 Service Unavailable");
    // A socket that says nothing.
    let silent = format!("ws://{}/silent", server.address());
    let ran = compare(&base, &["--json", "--compare-socket", &silent]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    let events = ran.events();
    let fact = events.one("judged")["fact"].as_str().unwrap();
    assert!(fact.starts_with("no message came by all three ways in 2.0 s"), "{fact}");
}

#[test]
fn what_is_no_wscope_is_told() {
    let page = RawPeer::answering("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>");
    let ran = compare(&page.url(), &[]);
    assert_eq!((ran.code, ran.first_word()), (1, "FAILED"), "{}", ran.stdout);
    // Broken into lines where it is long.
    let told = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("is not wscope's form, JSON with next and messages: \"<html></html>\""), "{told}");

    let other = RawPeer::answering("SSH-2.0-OpenSSH_9.2\r\n");
    let ran = compare(&other.url(), &[]);
    assert_eq!((ran.code, ran.first_word()), (15, "REFUSED"), "{}", ran.stdout);
    assert!(ran.stdout.contains("not HTTP"), "{}", ran.stdout);
}

#[test]
fn messages_of_another_form_fail() {
    let server = Served::start(&["--rate", "20"]);
    let base = format!("http://{}/", server.address());
    let source = format!("ws://{}/source", server.address());
    let ran = compare(&base, &["--json", "--compare-socket", &source]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    let events = ran.events();
    let fact = events.one("judged")["fact"].as_str().unwrap();
    assert!(fact.starts_with(&format!("socket: a message of {source} is not wscope's form")), "{fact}");
}

#[test]
fn an_address_where_nobody_listens_is_unreachable() {
    // Bound, so that nobody else takes the port, and not listening.
    let held = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    held.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    let port = held.local_addr().unwrap().as_socket().unwrap().port();
    let ran = compare(&format!("127.0.0.1:{port}"), &["--json"]);
    assert_eq!(ran.code, 11, "{}", ran.stdout);
    let events = ran.events();
    assert_eq!(events.one("dial_failed")["phase"], "connect");
    assert_eq!(events.one("judged")["verdict"], "unreachable");
}

#[test]
fn a_comparison_stands_alone() {
    let cases: [&[&str]; 5] = [
        &["--compare", ":1", ":2"],
        &["--compare", ":1", "--demo"],
        &["--compare", ":1", "--hold", "1s"],
        &["--compare-for", "3s", ":1"],
        &["--compare", ":1", "--compare-for", "1s"],
    ];
    for case in cases {
        let ran = probe(case);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{case:?}");
        assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains("--compare"), "{case:?}: {}", ran.stderr);
    }
}
