//! One drop, one new connection: counted by the server, so that a second timer or a second listener would show.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use crate::support::{RawPeer, probe, raw};

/// Drops the first so many connections behind the upgrade, and keeps the others.
fn peer_that_drops(drops: usize) -> RawPeer {
    RawPeer::upgraded(move |number, stream| if number <= drops { raw::fin(stream) } else { raw::behave(stream) })
}

const HOLD: [&str; 7] = ["--hold", "4s", "--reconnect", "--reconnect-delay", "100ms", "--min-uptime", "0"];

#[test]
fn two_drops_make_two_new_connections_and_fail_the_run() {
    let peer = peer_that_drops(2);
    let url = peer.url();
    let ran = probe(&[&HOLD[..], &["--json", &url]].concat());
    assert_eq!(ran.code, 22, "{}", ran.stdout);
    assert_eq!(peer.accepted(), 3);
    let events = ran.events();
    let judged = events.one("judged");
    assert_eq!(judged["drops"], 2, "{judged}");
    assert_eq!(judged["reconnects"], 2, "{judged}");
    assert_eq!(judged["verdict"], "dropped", "{judged}");
    assert_eq!(events.all("open").len(), 3);
    assert_eq!(events.all("retry_at").len(), 2);
    let drops = events.all("ended").into_iter().filter(|ended| ended["drop"] == true);
    assert_eq!(drops.count(), 2);
}

#[test]
fn the_text_tells_both_drops_and_the_verdict_opens_the_last_block() {
    let peer = peer_that_drops(2);
    let url = peer.url();
    let ran = probe(&[&HOLD[..], &[url.as_str()]].concat());
    assert_eq!(ran.code, 22, "{}", ran.stdout);
    assert!(ran.has_verdict("DROPPED"), "{}", ran.stdout);
    assert!(ran.stdout.contains("2 drops"), "{}", ran.stdout);
    assert_eq!(ran.stdout.matches(" dropped ").count(), 2, "{}", ran.stdout);
    assert_eq!(peer.accepted(), 3);
}

#[test]
fn forgiven_drops_do_not_fail_the_run() {
    let peer = peer_that_drops(1);
    let url = peer.url();
    let ran = probe(&[&HOLD[..], &["--max-drops", "1", "--json", &url]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert_eq!(ran.events().one("judged")["drops"], 1);
    assert_eq!(peer.accepted(), 2);
}

#[test]
fn without_reconnect_the_first_drop_ends_the_hold() {
    let peer = peer_that_drops(9);
    let ran = probe(&["--json", "--hold", "30s", &peer.url()]);
    assert_eq!(ran.code, 22, "{}", ran.stdout);
    assert_eq!(peer.accepted(), 1);
}

#[test]
fn as_many_attempts_as_were_asked_for() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Taken once, then the port is closed: each later attempt is refused.
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        drop(listener);
        raw::upgrade(&mut stream);
        raw::fin(stream);
    });
    let url = format!("ws://{address}/");
    let times = ["--hold", "20s", "--reconnect=3", "--reconnect-delay", "50ms", "--json", &url];
    let ran = probe(&times);
    server.join().unwrap();
    assert_eq!(ran.code, 22, "the first thing that went wrong decides: {}", ran.stdout);
    let events = ran.events();
    assert_eq!(events.one("gave_up")["attempts"], 3);
    assert_eq!(events.all("dial_failed").len(), 3);
}

/// A dial that fails at once, after a wait of nothing, again and again: the hold ends all the same.
#[test]
fn a_storm_of_attempts_does_not_outrun_the_end_of_the_hold() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        if let Ok((mut stream, _)) = listener.accept() {
            // Nobody listens any more when the stream ends.
            drop(listener);
            raw::upgrade(&mut stream);
        }
    });
    let waits = ["--reconnect", "--reconnect-delay", "1us", "--reconnect-max-delay", "1us"];
    let ran = probe(&[&["--hold", "500ms", "--timeout", "20s", "--json", &url][..], &waits].concat());
    assert_eq!(ran.code, 22, "{}", ran.stderr);
    assert!(ran.took < Duration::from_secs(5), "{:?}", ran.took);
}
