//! Faults of the socket, as a client feels them: what comes late, in pieces, slowly, and how it ends. What `probe` says of
//! each is the matrix's.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{self, Client};
use crate::server::Served;
use crate::support::raw::{self, BINARY, CLOSE, TEXT};
use crate::support::{Running, probe, wscope};

/// A client of `/fault/SPEC`.
fn faulty(server: &Served, spec: &str) -> Client {
    Client::open(&server.address(), &format!("/fault/{spec}"))
}

/// The end of the stream: true for FIN, false for RST. What comes before it is counted.
fn end_of(stream: &mut TcpStream) -> (bool, usize) {
    let (mut count, mut bytes) = (0, [0; 4096]);
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return (true, count),
            Ok(more) => count += more,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "neither FIN nor RST: {error}");
                return (false, count);
            }
        }
    }
}

#[test]
fn latency_makes_every_answer_late_and_keeps_the_order() {
    let mut server = Served::start(&[]);
    let mut client = faulty(&server, "latency=200ms");
    for _ in 0..3 {
        let begun = Instant::now();
        client.echo("late");
        assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    }
    let mut client = faulty(&server, "latency=50ms;jitter=50ms");
    for number in 0..10 {
        client.send(TEXT, number.to_string().as_bytes());
    }
    for number in 0..10 {
        assert_eq!(client.text(), number.to_string());
    }
    server.tells("#1 fault");
}

/// Messages are late, but they are under way at the same time.
#[test]
fn latency_is_no_bandwidth() {
    let server = Served::start(&[]);
    let mut client = faulty(&server, "latency=200ms");
    let begun = Instant::now();
    for _ in 0..20 {
        client.send(TEXT, b"m");
    }
    for _ in 0..20 {
        client.text();
    }
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(200) && took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn bandwidth_makes_large_messages_slow() {
    let server = Served::start(&[]);
    let mut client = faulty(&server, "bandwidth=100KB");
    let begun = Instant::now();
    client.echo(&"m".repeat(100_000));
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(500) && took < Duration::from_secs(10), "100 KB took {took:?}");
}

#[test]
fn slicer_changes_no_byte() {
    let server = Served::start(&[]);
    let mut client = faulty(&server, "slicer=10B;variation=5B;delay=1ms");
    client.echo(&"sliced ".repeat(30));
    let begun = Instant::now();
    client.echo(&"m".repeat(1000));
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(50), "1000 bytes in pieces of 10, each 1 ms late, took {took:?}");
}

#[test]
fn limit_data_cuts_in_the_middle_of_a_frame() {
    let mut server = Served::start(&[]);
    let mut client = faulty(&server, "limit-data=50B");
    client.send(BINARY, &[7; 100]);
    assert_eq!(end_of(&mut client.stream), (true, 50));
    server.tells("#1 ended");
    let mut client = faulty(&server, "limit-data=50B");
    client.send(BINARY, &[7; 10]);
    assert_eq!(client.frame(), Some((BINARY, vec![7; 10])), "below the limit all is well");
}

#[test]
fn lifetime_ends_a_busy_connection_too() {
    let server = Served::start(&[]);
    for (spec, wanted) in
        [("lifetime=400ms", "fin"), ("lifetime=400ms;end=rst", "rst"), ("lifetime=400ms;end=1001", "close")]
    {
        let mut client = faulty(&server, spec);
        let begun = Instant::now();
        let ended = loop {
            // It may have ended already.
            let _ = client.stream.write_all(&client::masked(TEXT, b"busy"));
            match raw::read_frame(&mut client.stream) {
                Some((TEXT, _)) => thread::sleep(Duration::from_millis(20)),
                Some((CLOSE, payload)) => {
                    assert_eq!(payload[..2], 1001_u16.to_be_bytes(), "{spec}");
                    break "close";
                }
                other => {
                    assert_eq!(other, None, "{spec}");
                    break "cut";
                }
            }
        };
        assert_eq!(ended == "close", wanted == "close", "{spec}");
        let age = begun.elapsed();
        assert!(age >= Duration::from_millis(300) && age < Duration::from_secs(5), "{spec}: {age:?}");
    }
}

#[test]
fn idle_ends_who_is_silent_and_spares_who_talks() {
    let server = Served::start(&[]);
    let mut silent = faulty(&server, "idle=300ms");
    let mut busy = faulty(&server, "idle=2s;counts=client");
    let begun = Instant::now();
    assert_eq!(end_of(&mut silent.stream), (true, 0));
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    while begun.elapsed() < Duration::from_secs(3) {
        busy.echo("not idle");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A load balancer that counts messages only: pings and pongs keep nothing alive.
#[test]
fn idle_that_counts_data_is_not_held_off_by_pings() {
    let server = Served::start(&[]);
    let mut client = faulty(&server, "idle=400ms;counts=data");
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        let _ = client.stream.write_all(&client::masked(raw::PING, b"?"));
        if client.frame().is_none() {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    let age = begun.elapsed();
    assert!(age >= Duration::from_millis(300) && age < Duration::from_secs(5), "{age:?}");
}

#[test]
fn fragments_cut_each_message_into_so_many() {
    let server = Served::start(&[]);
    let mut client = faulty(&server, "fragments=3");
    client.send(TEXT, b"123456789");
    let frames: Vec<(u8, Vec<u8>)> = (0..3).map(|_| client.frame().expect("a fragment")).collect();
    let firsts: Vec<u8> = frames.iter().map(|(first, _)| *first).collect();
    assert_eq!(firsts, [TEXT & 0x7f, 0, 0x80], "{frames:?}");
    let whole: Vec<u8> = frames.into_iter().flat_map(|(_, payload)| payload).collect();
    assert_eq!(whole, b"123456789");
}

#[test]
fn flap_refuses_every_second_handshake() {
    let server = Served::start(&["--fault", "flap"]);
    let opens: Vec<bool> = (0..6).map(|_| client::upgrade(&server.address(), "/", &[]).0 == 101).collect();
    assert!(
        opens == [true, false, true, false, true, false] || opens == [false, true, false, true, false, true],
        "{opens:?}"
    );
}

#[test]
fn tls_that_ends_without_its_own_end_is_found() {
    let server = Served::start(&["--tls"]);
    let ran = probe(&["-k", "--json", &format!("{}fault/tls-truncate", server.url)]);
    assert_eq!(ran.code, 22, "{}", ran.stdout);
    let events = ran.events();
    events.finding("tls-truncated");
    assert_eq!(events.one("ended")["how"], "tls_truncated");
}

#[test]
fn chance_with_a_seed_repeats_itself() {
    let pattern = |seed: &str| -> Vec<bool> {
        let server = Served::start(&["--fault", "reject=503", "--fault-chance", "0.5", "--seed", seed]);
        (0..32).map(|_| client::upgrade(&server.address(), "/", &[]).0 == 101).collect()
    };
    let once = pattern("7");
    let clean = once.iter().filter(|clean| **clean).count();
    assert!((4..=28).contains(&clean), "{clean} of 32 were clean: {once:?}");
    assert_eq!(once, pattern("7"), "the same seed");
    assert_ne!(once, pattern("8"), "another seed");
}

#[test]
fn a_chance_of_nothing_and_of_all() {
    for (chance, status) in [("0", 101), ("1", 503)] {
        let server = Served::start(&["--fault", "reject=503", "--fault-chance", chance]);
        for _ in 0..10 {
            assert_eq!(client::upgrade(&server.address(), "/", &[]).0, status, "chance {chance}");
        }
    }
}

#[test]
fn a_client_that_does_wrong_is_ended_by_the_server() {
    let server = Served::start(&["--heartbeat", "300ms", "--heartbeat-timeout", "300ms"]);
    let ran = probe(&["--json", "--hold", "5s", "--fault", "no-pong", &server.url]);
    assert_eq!(ran.code, 21, "{}", ran.stdout);
    let events = ran.events();
    let ended = events.one("ended");
    assert_eq!(ended["code"], 1011, "{ended}");
    assert_eq!(ended["reason"], "heartbeat unanswered", "{ended}");
    let good = probe(&["--json", "--hold", "2s", &server.url]);
    assert_eq!(good.code, 0, "{}", good.stdout);
}

#[test]
fn a_fault_of_the_other_side_is_a_usage_error() {
    let mut command = wscope();
    command.args(["serve", "127.0.0.1:0", "--fault", "unmasked"]);
    assert_eq!(Running::start(command).finish().code, 2);
    assert_eq!(probe(&["--fault", "kick-all", "ws://127.0.0.1:1/"]).code, 2);
}
