//! Any web page can reach a server on loopback: what reads events or messages answers its own page only. Sockets stay open
//! to all, as an echo must.

use serde_json::Value;

use crate::client::{self, Client};
use crate::http::{self, Answer};
use crate::server::Served;
use crate::support::raw::field;

/// Everything that is kept from foreign pages, each with the status it has for its own.
const GUARDED: [&str; 6] = ["/", "/page.css", "/page.js", "/poll", "/long-poll?since=1&wait=1", "/poll?since=1"];
/// The same, whose answers have no end.
const ENDLESS: [&str; 2] = ["/feed", "/events"];

fn assert_refused(answer: &Answer, why: &str) {
    assert_eq!(answer.status, 403, "{why}: {}", answer.head);
    let kind = field(&answer.head, "Content-Type").unwrap_or_default();
    assert!(kind.starts_with("text/plain"), "{why}: {}", answer.head);
    for secret in ["messages", "data:", "<html", "snapshot", "function"] {
        assert!(!answer.body.contains(secret), "{why}: {}", answer.body);
    }
    assert!(answer.body.len() < 1000, "{why}: {}", answer.body);
    assert_no_cors(&answer.head);
}

fn assert_no_cors(head: &str) {
    assert!(!head.to_ascii_lowercase().contains("access-control-"), "{head}");
}

#[test]
fn a_foreign_page_reads_nothing() {
    let server = Served::start(&[]);
    let address = server.address();
    let port = address.rsplit(':').next().unwrap();
    let other_port = format!("Origin: http://127.0.0.1:{}", if port == "9999" { "9998" } else { "9999" });
    let longer = format!("Origin: http://{address}.example");
    let rebound = format!("Host: rebound.example:{port}");
    let prefixed = format!("Host: 127.0.0.1.example:{port}");
    for target in GUARDED.iter().chain(&ENDLESS) {
        for line in [
            rebound.as_str(),
            prefixed.as_str(),
            "Host: localhost.example",
            "Host: ",
            "Origin: https://evil.example",
            "Origin: null",
            other_port.as_str(),
            longer.as_str(),
            "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Site: same-site",
        ] {
            let answer = http::get(&address, target, &[line]);
            assert_refused(&answer, &format!("{target} with {line}"));
        }
    }
}

#[test]
fn its_own_page_reads_all() {
    let server = Served::start(&[]);
    let address = server.address();
    let (_, port) = address.rsplit_once(':').unwrap();
    let own = format!("Origin: http://{address}");
    let local = [format!("Host: localhost:{port}"), format!("Origin: http://localhost:{port}")];
    let six = format!("Host: [::1]:{port}");
    let ways: [&[&str]; 6] = [
        &[],
        &[&own],
        &[&own, "Sec-Fetch-Site: same-origin"],
        &["Sec-Fetch-Site: none"],
        &[&local[0], &local[1]],
        &[&six],
    ];
    for fields in ways {
        for target in GUARDED {
            let answer = http::get(&address, target, fields);
            assert_eq!(answer.status, 200, "{target} {fields:?}: {}{}", answer.head, answer.body);
            assert_careful(&answer.head);
        }
        for target in ENDLESS {
            let coming = http::begin(&address, target, fields);
            assert_eq!(coming.status, 200, "{target} {fields:?}: {}", coming.head);
            assert_careful(&coming.head);
            let kind = field(&coming.head, "Content-Type").unwrap_or_default();
            assert!(kind.starts_with("text/event-stream"), "{}", coming.head);
        }
    }
}

fn assert_careful(head: &str) {
    assert_no_cors(head);
    let policy = field(head, "Content-Security-Policy").unwrap_or_default();
    for part in ["default-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{head}");
    }
    assert_eq!(field(head, "X-Content-Type-Options"), Some("nosniff"), "{head}");
    assert_eq!(field(head, "Cache-Control"), Some("no-store"), "{head}");
    assert_eq!(field(head, "Referrer-Policy"), Some("no-referrer"), "{head}");
}

#[test]
fn sockets_are_open_to_every_page() {
    let server = Served::start(&[]);
    for target in ["/", "/echo", "/broadcast", "/silent", "/source", "/sink", "/stream", "/some/where"] {
        let fields = ["Origin: https://elsewhere.example", "Sec-Fetch-Site: cross-site"];
        assert_eq!(client::upgrade(&server.address(), target, &fields).0, 101, "{target}");
    }
}

#[test]
fn a_request_without_an_upgrade_is_told_what_is_there() {
    let server = Served::start(&[]);
    let address = server.address();
    for target in ["/echo", "/broadcast", "/silent", "/source", "/sink", "/stream", "/fault/fin"] {
        let answer = http::get(&address, target, &[]);
        assert_eq!(answer.status, 426, "{target}: {}", answer.head);
        assert_eq!(field(&answer.head, "Upgrade"), Some("websocket"), "{target}: {}", answer.head);
    }
    for target in ["/nothing", "/page.html", "/feed/x", "/../page.js"] {
        let answer = http::get(&address, target, &[]);
        assert_eq!(answer.status, 404, "{target}: {}", answer.head);
        assert!(field(&answer.head, "Content-Type").unwrap_or_default().starts_with("text/plain"), "{}", answer.head);
        assert!(!answer.body.contains('<'), "{}", answer.body);
    }
    let page = http::get(&address, "/", &[]);
    assert!(field(&page.head, "Content-Type").unwrap_or_default().starts_with("text/html"), "{}", page.head);
}

#[test]
fn the_feed_begins_with_who_is_there_and_goes_on_with_what_happens() {
    let server = Served::start(&[]);
    let address = server.address();
    let mut early = Client::with(&address, "/echo", &["User-Agent: early"]);
    early.echo("here");
    let mut feed = http::begin(&address, "/feed", &[]);
    let snapshot = feed.event();
    assert_eq!(snapshot.name, "snapshot");
    let there: Value = serde_json::from_str(&snapshot.data).unwrap();
    assert_eq!(there["mode"], "echo", "{there}");
    assert_eq!(there["connections"].as_array().unwrap().len(), 1, "{there}");
    let one = &there["connections"][0];
    assert_eq!(one["conn"], 1, "{one}");
    assert_eq!(one["target"], "/echo", "{one}");
    assert_eq!(one["user_agent"], "early", "{one}");
    early.echo("<script>");
    early.close(1000);
    let mut kinds = Vec::new();
    let mut seq = 0;
    while kinds.last().is_none_or(|kind| kind != "ended") {
        let event: Value = serde_json::from_str(&feed.event().data).unwrap();
        assert_eq!(event["v"], 1, "{event}");
        assert!(event["seq"].as_u64().unwrap() > seq, "{event}");
        seq = event["seq"].as_u64().unwrap();
        if event["conn"] == 1 {
            kinds.push(event["type"].as_str().unwrap().to_owned());
        }
    }
    for kind in ["message", "close_seen", "ended"] {
        assert!(kinds.iter().any(|told| told == kind), "no {kind}: {kinds:?}");
    }
}
