//! `probe --deep` against sound servers of other makers, where nothing is told, and against servers with one thing
//! wrong, where that thing is; what it costs is told before and kept to, and it stops when a server asks for less.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::support::{Events, Peer, Ran, RawPeer, Running, Server, probe, raw};

const LIMITED: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n";

fn deep(args: &[&str]) -> Ran {
    probe(&[&["--json", "--deep"][..], args].concat())
}

/// The events of `--deep` against our own server with these flags, and the exit code.
fn deep_of_server(flags: &[&str], args: &[&str]) -> (i32, Events) {
    let server = Server::start(&[flags, &["127.0.0.1:0"]].concat());
    let ran = deep(&[args, &[server.url.as_str()]].concat());
    let events = ran.events();
    assert_planned_first(&events);
    (ran.code, events)
}

/// The check of this id.
fn check<'a>(events: &'a Events, id: &str) -> &'a Value {
    let found = events.all("examined").into_iter().find(|check| check["id"] == id);
    found.unwrap_or_else(|| panic!("no check {id}: {:#?}", events.all("examined")))
}

/// Did a check come to this, with all these parts in its evidence?
fn assert_check(events: &Events, id: &str, result: &str, parts: &[&str]) {
    let check = check(events, id);
    let evidence = check["evidence"].as_str().unwrap();
    assert_eq!(check["result"], result, "{check}");
    for part in parts {
        assert!(evidence.contains(part), "no {part:?} in {check}");
    }
}

/// The cost is told once, before any check; so many requests it may take.
fn assert_planned_first(events: &Events) -> u64 {
    let place = |kind: &str| events.0.iter().position(|event| event["type"] == kind);
    let planned = events.one("exam_planned");
    assert_eq!(planned["what"], "deep", "{planned}");
    assert!(place("exam_planned") < place("examined"), "{planned}");
    planned["requests"].as_u64().unwrap()
}

/// Nothing is told above a note, by no check and no finding.
fn assert_sound(ran: &Ran) -> Events {
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let events = ran.events();
    events.assert_clean();
    assert_planned_first(&events);
    for check in events.all("examined") {
        assert!(matches!(check["result"].as_str(), Some("pass" | "note" | "skipped")), "{check}");
    }
    events
}

/// With and without breaches of ours, beside each other.
fn assert_sound_both_ways(url: &str) -> Events {
    let plain = Running::probe(&["--json", "--deep", url]);
    let strict = assert_sound(&deep(&["--strict", url]));
    assert_check(&strict, "P16", "pass", &["5 violations ended by the right code"]);
    assert_sound(&plain.finish())
}

/// Counts the requests, and answers from the given one on by 429.
fn limited(from: usize) -> (RawPeer, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let peer = RawPeer::start(move |_, mut stream| {
        let Some(head) = raw::read_head(&mut stream) else { return };
        let is_limited = counter.fetch_add(1, Ordering::SeqCst) + 1 >= from;
        let answer = if is_limited { LIMITED.to_vec() } else { raw::answer_to(&head) };
        if stream.write_all(&answer).is_err() {
            return;
        }
        if is_limited { raw::fin(stream) } else { raw::behave(stream) }
    });
    (peer, asked)
}

#[test]
fn python_websockets_is_sound() {
    let Some(peer) = Peer::python("ws_echo.py", &[]) else { return };
    let events = assert_sound_both_ways(&peer.url());
    assert_check(&events, "P10a", "pass", &["agreed", "permessage-deflate"]);
    assert_check(&events, "P14a", "pass", &["1 MiB"]);
}

#[test]
fn node_ws_is_sound() {
    let Some(peer) = Peer::node("ws_node.js", &["echo"]) else { return };
    let events = assert_sound_both_ways(&peer.url());
    // Its HTTP server answers no plain request: TCP was open, only the answer did not come.
    assert_check(&events, "P7a", "note", &["no answer"]);
}

#[test]
fn uvicorn_is_sound_and_its_routes_are_seen() {
    let Some(peer) = Peer::python("ws_asgi.py", &[]) else { return };
    let events = assert_sound_both_ways(&format!("ws://127.0.0.1:{}/ws", peer.port));
    assert_check(&events, "P7b", "pass", &["403"]);
    assert_check(&events, "P7e", "note", &["/ws/", "403"]);
}

#[test]
fn tornado_is_sound_but_for_unmasked_frames() {
    let Some(peer) = Peer::python("ws_tornado.py", &[]) else { return };
    let url = format!("ws://127.0.0.1:{}/ws", peer.port);
    let events = assert_sound(&deep(&[&url]));
    assert_check(&events, "P8", "pass", &["foreign 403", "pages of other sites are kept out"]);
    // Its library looks for no mask.
    let events = deep(&["--strict", &url]).events();
    assert_eq!(events.codes(), ["violation-accepted"]);
    assert_check(&events, "P16", "fail", &["not ended: an unmasked frame"]);
}

#[test]
fn our_own_server_is_sound_and_an_application_is_asked_too() {
    let server = Server::start(&["127.0.0.1:0"]);
    assert_sound_both_ways(&server.url);
    let events = assert_sound(&deep(&["-x", "hello", &server.url]));
    assert_check(&events, "P12", "pass", &["answered in"]);
}

#[test]
fn it_costs_no_more_than_was_told_before() {
    let (peer, asked) = limited(usize::MAX);
    let ran = deep(&[&peer.url()]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let most = assert_planned_first(&ran.events());
    // One is the probe's own, before.
    let (asked, connections) = (asked.load(Ordering::SeqCst) as u64 - 1, peer.accepted() as u64 - 1);
    assert!((15..=most).contains(&asked), "{asked} requests, of at most {most}");
    assert!(connections <= most, "{connections} connections, of at most {most}");
}

#[test]
fn it_stops_at_the_first_429() {
    let (peer, asked) = limited(3);
    let events = assert_sound(&deep(&[&peer.url()]));
    let checks = events.all("examined");
    let told = |check: &&&Value| check["evidence"].as_str().unwrap().contains("429, Retry-After: 30");
    let first = checks.iter().position(|check| told(&check)).expect("the 429 is told");
    assert_eq!(checks[first]["result"], "note");
    for check in &checks[first + 1..] {
        assert_eq!(check["result"], "skipped", "{check}");
    }
    assert!(asked.load(Ordering::SeqCst) <= 4, "{asked:?} requests");
}

#[test]
fn a_server_that_is_not_reached_is_not_examined() {
    // Bound, and not listening.
    let held = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    held.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let address = held.local_addr().unwrap().as_socket().unwrap();
    let ran = deep(&[&format!("ws://{address}/")]);
    assert_eq!(ran.code, 11, "{}", ran.stdout);
    let events = ran.events();
    assert_eq!((events.all("exam_planned").len(), events.all("examined").len()), (1, 0), "{}", ran.stdout);
}

#[test]
fn a_refused_upgrade_is_compared_with_other_requests() {
    let Some(peer) = Peer::python("ws_asgi.py", &[]) else { return };
    let ran = deep(&[&format!("ws://127.0.0.1:{}/nope", peer.port)]);
    assert_eq!(ran.code, 15, "{}", ran.stdout);
    let events = ran.events();
    assert_eq!(events.codes(), ["route-missing"]);
    assert_check(&events, "P6", "note", &["both times 403"]);
    assert_check(&events, "P7b", "note", &["403 too"]);
    assert_check(&events, "P8", "note", &["403 to each Origin, and without one", "no difference"]);
    assert_check(&events, "P11", "skipped", &["403"]);
}

#[test]
fn one_accept_value_for_two_keys() {
    let (code, events) = deep_of_server(&["--fault", "bad-accept=rfc"], &[]);
    assert_eq!(code, 16);
    assert_eq!(events.codes(), ["accept-wrong", "one-accept-for-two-keys"]);
    assert_check(&events, "P6", "fail", &["both have"]);
}

#[test]
fn a_limit_on_messages_is_found_to_within_a_kibibyte() {
    let (code, events) = deep_of_server(&["--max-message", "4096"], &[]);
    assert_eq!(code, 0);
    events.assert_clean();
    assert!(events.finding("message-size-limit")["fact"].as_str().unwrap().contains("Close 1009"));
    // `3.1 KiB pass, 4.1 KiB end it by Close 1009`
    let words: Vec<&str> = check(&events, "P14a")["evidence"].as_str().unwrap().split(' ').collect();
    assert_eq!([words[1], words[4]], ["KiB", "KiB"], "{words:?}");
    let [passed, ended] = [words[0], words[3]].map(|word| word.parse::<f64>().unwrap());
    // Each is rounded to a tenth.
    assert!(passed <= 4.05 && 3.95 <= ended && ended - passed <= 1.11, "{words:?}");
}

#[test]
fn who_may_connect_is_told() {
    let (code, events) = deep_of_server(&["--allow-origin", "http://a.example"], &[]);
    assert_eq!(code, 0);
    events.assert_clean();
    assert_check(&events, "P8", "note", &["none 101, own 403, foreign 403, null 403", "no origin of these gets in"]);
}

#[test]
fn pings_that_nobody_answers() {
    let (code, events) = deep_of_server(&["--fault", "no-pong"], &["--heartbeat-timeout", "1s"]);
    assert_eq!(code, 24);
    assert_eq!(events.codes().first(), Some(&"silent-next-hop"));
    assert_check(&events, "P11", "warn", &["0 of 2 pings answered"]);
    assert_check(&events, "P14a", "pass", &["1 MiB"]);
}

#[test]
fn closes_that_nobody_answers() {
    let (code, events) = deep_of_server(&["--fault", "close-ignored"], &["--close-timeout", "1s"]);
    assert_eq!(code, 26);
    assert_eq!(events.codes(), ["close-unanswered"]);
    assert_check(&events, "P15", "warn", &["1000", "4000", "123 B"]);
}

#[test]
fn pongs_with_another_payload() {
    let server = Server::start(&["--fault", "wrong-pong", "127.0.0.1:0"]);
    let mut running = Running::probe(&["--json", "--deep", "--heartbeat-timeout", "1s", &server.url]);
    let mut told: Vec<Value> = Vec::new();
    // What comes behind is slow here, and of no interest.
    while !told.iter().any(|event| event["id"] == "P12") {
        let line = running.line().expect("P12 is told");
        told.push(serde_json::from_str(&line).unwrap());
    }
    let events = Events(told);
    assert!(events.codes().contains(&"pong-wrong"), "{:?}", events.findings());
    assert_check(&events, "P11", "warn", &["another payload"]);
    // Pongs came, and all sizes fared alike.
    for code in ["pings-ignored", "ping-size-matters"] {
        assert!(!events.codes().contains(&code), "{:#?}", events.findings());
    }
}
