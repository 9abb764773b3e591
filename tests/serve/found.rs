//! Defects that an attack on the server has found: floods that it makes itself, places that were free until the opening
//! handshake was over, ends that cut off what was still to leave, words in the log that were not true. Each has a test.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::Value;

use crate::client::{self, Client, masked};
use crate::http;
use crate::identity::Scratch;
use crate::server::Served;
use crate::support::raw::{self, CLOSE, TEXT, field};
use crate::support::{Running, wscope};

/// No echo takes longer, whatever is done to others, on a machine that does much at once.
const ECHO_MAX: Duration = Duration::from_secs(3);

/// The server's wait for answers to its Close, and what a slow machine needs on top.
const IN_TIME: Duration = Duration::from_secs(10);

/// No flood of the server's own may cost it more memory.
const MEMORY_MAX_KIB: u64 = 100 * 1024;

/// Processor time of a server that has little to do, in ticks of which 100 are a second.
const TICKS_MAX: u64 = 50;

/// Writes a script; the value of `--mode` that plays it.
fn script_mode(scratch: &Scratch, text: &str) -> String {
    let path = scratch.file("script.toml");
    fs::write(&path, text).unwrap();
    format!("script={path}")
}

fn echo_promptly(client: &mut Client) {
    let begun = Instant::now();
    client.echo("anybody there?");
    let took = begun.elapsed();
    assert!(took < ECHO_MAX, "an echo took {took:?}");
}

/// The processor time that the server has used; none where the system does not tell.
fn ticks(server: &Served) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.id())).ok()?;
    // The name in parentheses may hold blanks. Behind it, utime and stime are the 12th and the 13th.
    let (_, behind) = stat.rsplit_once(')')?;
    let mut times = behind.split_whitespace().skip(11);
    let user: u64 = times.next()?.parse().ok()?;
    let system: u64 = times.next()?.parse().ok()?;
    Some(user + system)
}

/// Lets the server hold a long poll for so long. It must run with `--rate 0.01`, so that no message comes.
fn held_by_the_server(server: &Served, seconds: u64) {
    let address = server.address();
    let begin: Value = serde_json::from_str(&http::get(&address, "/poll", &[]).body).unwrap();
    let next = begin["next"].as_u64().unwrap();
    let answer = http::get(&address, &format!("/long-poll?since={next}&wait={seconds}"), &[]);
    assert_eq!(answer.status, 200, "{}{}", answer.head, answer.body);
}

fn assert_small(server: &Served) {
    if let Some(memory) = server.memory_kib() {
        assert!(memory < MEMORY_MAX_KIB, "the server has {memory} KiB");
    }
}

/// The server ends the stream by itself, and nothing more comes before.
fn assert_server_ends(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let read = stream.read_to_end(&mut rest);
    let reset = read.as_ref().is_err_and(|error| error.kind() == ErrorKind::ConnectionReset);
    assert!(read.is_ok() || reset, "the server does not end it: {read:?}");
    assert_eq!(rest, Vec::<u8>::new());
}

fn assert_stopped_in_time(server: Served) {
    let stopped = server.stop();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
    assert!(stopped.took < IN_TIME, "{:?}", stopped.took);
}

#[test]
fn five_thousand_messages_and_a_close_in_one_write() {
    let server = Served::start(&["-vv", "--rate", "0.01"]);
    let mut client = Client::open(&server.address(), "/");
    let mut bytes = masked(TEXT, b"m").repeat(5000);
    bytes.extend(masked(CLOSE, &1000_u16.to_be_bytes()));
    client.stream.write_all(&bytes).unwrap();
    for number in 1..=5000 {
        assert_eq!(client.frame(), Some((TEXT, b"m".to_vec())), "echo {number}");
    }
    assert_eq!(client.frame(), Some((CLOSE, 1000_u16.to_be_bytes().to_vec())), "behind all echoes");
    assert_server_ends(&mut client.stream);

    let mut other = Client::open(&server.address(), "/echo");
    other.echo("afterwards");
    let before = ticks(&server);
    for _ in 0..200 {
        other.echo("still here");
    }
    // A loop that never rests would use this whole time.
    held_by_the_server(&server, 2);
    if let Some((before, after)) = before.zip(ticks(&server)) {
        let used = after - before;
        assert!(used < TICKS_MAX, "200 echoes and 2 s of nothing used {used} ticks");
    }
    assert_eq!(server.stop().code, 0);
}

/// A script that pings, or pongs, without a pause for a client that does not read.
fn a_flood_by_script(action: &str) {
    let scratch = Scratch::new(&format!("found-{action}"));
    let mode = script_mode(&scratch, &format!("[[step]]\n{action} = \"x\"\nrepeat = 1000000000\n"));
    let server = Served::start(&["--mode", &mode, "--rate", "0.01"]);
    let mut deaf = Client::open(&server.address(), "/");
    assert!(deaf.frame().is_some(), "the flood has begun");
    let mut other = Client::open(&server.address(), "/echo");
    for _ in 0..5 {
        for _ in 0..100 {
            echo_promptly(&mut other);
        }
        assert_small(&server);
    }
    held_by_the_server(&server, 2);
    echo_promptly(&mut other);
    assert_small(&server);
    assert_stopped_in_time(server);
    drop(deaf);
}

#[test]
fn a_script_of_pongs_for_one_who_does_not_read_is_held_back() {
    a_flood_by_script("pong");
}

#[test]
fn a_script_of_pings_for_one_who_does_not_read_is_held_back() {
    a_flood_by_script("ping");
}

/// Reads messages until the Close, answers it and reads to the end; its code.
fn code_behind_messages(address: &str, target: &str) -> Option<u16> {
    let mut client = Client::open(address, target);
    let begun = Instant::now();
    while let Some((first, payload)) = client.frame() {
        if first == CLOSE {
            client.send(CLOSE, &payload);
            client.end();
            return payload.first_chunk().map(|code| u16::from_be_bytes(*code));
        }
        assert!(begun.elapsed() < client::PATIENCE, "messages without end, and no Close");
    }
    None
}

#[test]
fn a_source_that_never_rests_holds_nothing_up() {
    let server = Served::start(&["--mode", "source", "--rate", "1000000", "--size", "1MiB"]);
    let address = server.address();
    let mut other = Client::open(&address, "/echo");
    let reader_address = address.clone();
    let reader = thread::spawn(move || code_behind_messages(&reader_address, "/fault/close=1000@200ms"));
    loop {
        let is_last = reader.is_finished();
        echo_promptly(&mut other);
        if is_last {
            break;
        }
    }
    assert_eq!(reader.join().expect("the reader gets its Close"), Some(1000));
    let mut deaf = Client::open(&address, "/source");
    assert!(deaf.frame().is_some(), "a source sends");
    assert_stopped_in_time(server);
    drop(deaf);
}

#[test]
fn a_script_cannot_begin_what_begins_with_the_connection() {
    let scratch = Scratch::new("found-too-late");
    for fault in ["no-pong", "lifetime=1s", "latency", "reject=503", "bad-accept", "farewell+no-pong"] {
        let mode = script_mode(&scratch, &format!("[[step]]\nsend = \"hello\"\n\n[[step]]\nfault = \"{fault}\"\n"));
        let mut command = wscope();
        command.args(["serve", "127.0.0.1:0", "--mode", &mode]);
        let ran = Running::start(command).finish();
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{fault}: {}", ran.stderr);
        let naming = ran.stderr.lines().filter(|line| line.contains("step 2")).count();
        assert_eq!(naming, 1, "{fault}: {}", ran.stderr);
    }
}

#[test]
fn a_fault_of_a_script_leaves_those_of_the_command_line_alone() {
    let scratch = Scratch::new("found-farewell");
    let mode = script_mode(&scratch, "[[step]]\nfault = \"farewell\"\n");
    let server = Served::start(&["--mode", &mode, "--fault", "lifetime=1s"]);
    let begun = Instant::now();
    let mut client = Client::open(&server.address(), "/");
    assert_eq!(client.text(), r#"{"type":"disconnect"}"#);
    let mut byte = [0];
    assert_eq!(client.stream.read(&mut byte).unwrap(), 0, "FIN, and no frame before it");
    let age = begun.elapsed();
    assert!(age >= Duration::from_millis(900) && age < IN_TIME, "{age:?}");
}

/// The one place is taken from the request on, not only from the whole answer.
#[test]
fn a_slow_answer_takes_its_place_at_once() {
    let server = Served::start(&["--max-connections", "1", "--fault", "slow-head=5"]);
    let address = server.address();
    let mut streams: Vec<TcpStream> = (0..5).map(|_| client::connect(&address)).collect();
    for stream in &mut streams {
        stream.write_all(client::request(&address, "/", &[]).as_bytes()).unwrap();
    }
    let heads: Vec<String> = streams.iter_mut().map(|stream| raw::read_head(stream).expect("an answer")).collect();
    let mut statuses: Vec<u16> = heads.iter().map(|head| client::status(head)).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [101, 503, 503, 503, 503]);
}

#[test]
fn oneshot_waits_for_a_websocket_whoever_else_is_there() {
    let server = Served::start(&["--oneshot"]);
    let address = server.address();
    let feed = http::begin(&address, "/feed", &[]);
    assert_eq!(feed.status, 200, "{}", feed.head);
    let idle = client::connect(&address);
    let mut client = Client::open(&address, "/");
    client.echo("the one that is meant");
    client.close(1000);
    let stopped = server.finish();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
    drop((feed, idle));
}

#[test]
fn what_latency_holds_back_still_comes_to_one_who_has_said_all() {
    let server = Served::start(&[]);
    let mut client = Client::open(&server.address(), "/fault/latency=300ms");
    let bytes: Vec<u8> = (0..100).flat_map(|number: u32| masked(TEXT, number.to_string().as_bytes())).collect();
    client.stream.write_all(&bytes).unwrap();
    client.stream.shutdown(Shutdown::Write).unwrap();
    for number in 0..100_u32 {
        assert_eq!(client.text(), number.to_string());
    }
}

#[test]
fn what_bandwidth_holds_back_comes_before_the_close() {
    let server = Served::start(&[]);
    let mut client = Client::open(&server.address(), "/fault/bandwidth=2KB");
    let message = "m".repeat(100);
    let mut bytes = masked(TEXT, message.as_bytes()).repeat(20);
    bytes.extend(masked(CLOSE, &1000_u16.to_be_bytes()));
    client.stream.write_all(&bytes).unwrap();
    for number in 1..=20 {
        assert_eq!(client.text(), message, "echo {number}");
    }
    assert_eq!(client.frame(), Some((CLOSE, 1000_u16.to_be_bytes().to_vec())));
    client.end();
}

/// RFC 9112 section 3.2.2.
#[test]
fn a_fault_is_found_in_a_target_of_absolute_form() {
    let server = Served::start(&[]);
    let address = server.address();
    let mut client = Client::open(&address, &format!("http://{address}/fault/close=4001"));
    assert_eq!(client.closed().code, Some(4001));
}

#[test]
fn an_upgrade_with_a_body_is_refused() {
    let server = Served::start(&[]);
    let address = server.address();
    let mut stream = client::connect(&address);
    let request = client::request(&address, "/", &["Content-Length: 5"]) + "hello";
    stream.write_all(request.as_bytes()).unwrap();
    let head = raw::read_head(&mut stream).expect("an answer");
    assert_eq!(client::status(&head), 400, "{head}");
}

#[test]
fn the_reason_of_a_close_can_hold_what_the_grammar_uses() {
    let server = Served::start(&[]);
    let closed = Client::open(&server.address(), "/fault/close=4001:a%252Bb").closed();
    assert_eq!((closed.code, closed.reason.as_str()), (Some(4001), "a+b"));
}

#[test]
fn who_may_not_open_a_socket_may_not_look_on_either() {
    let server = Served::start(&["--auth", "u:p"]);
    let address = server.address();
    let right = format!("Authorization: Basic {}", BASE64.encode(b"u:p"));
    let wrong = format!("Authorization: Basic {}", BASE64.encode(b"u:q"));
    for target in ["/", "/feed", "/poll"] {
        let (none, other): (&[&str], &[&str]) = (&[], &[&wrong]);
        for fields in [none, other] {
            let refused = http::begin(&address, target, fields);
            assert_eq!(refused.status, 401, "{target} {fields:?}: {}", refused.head);
            let asked = field(&refused.head, "WWW-Authenticate").unwrap_or_default();
            assert!(asked.starts_with("Basic "), "{target} {fields:?}: {}", refused.head);
        }
        let answered = http::begin(&address, target, &[&right]);
        assert_eq!(answered.status, 200, "{target}: {}", answered.head);
    }
}

#[test]
fn an_expectation_that_does_not_hold_is_told_at_once_and_by_the_exit_code() {
    let scratch = Scratch::new("found-expectation");
    let mode = script_mode(&scratch, "[[step]]\nexpect = \"^hello\"\nwithin = \"300ms\"\n");
    let server = Served::start(&["--oneshot", "--mode", &mode]);
    let mut client = Client::open(&server.address(), "/");
    let begun = Instant::now();
    assert_eq!(client.closed().code, Some(1011));
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(300 + 500), "the Close came after {took:?}");
    client.send(CLOSE, &1011_u16.to_be_bytes());
    client.end();
    let stopped = server.finish();
    assert_eq!(stopped.code, 1, "{}", stopped.log);
}

/// Bytes that are no frames must not be read as some: no Close was sent before the client's.
#[test]
fn an_http_answer_between_the_frames_is_no_close() {
    let mut server = Served::start(&["-v"]);
    let mut client = Client::open(&server.address(), "/fault/http-text");
    let mut began = [0; 5];
    client.stream.read_exact(&mut began).unwrap();
    assert_eq!(&began, b"HTTP/");
    client.send(CLOSE, &1002_u16.to_be_bytes());
    client.end();
    server.tells("#1 ended");
    let log = server.stop().log;
    assert!(log.contains("Close 1002") && log.contains("client 127.0.0.1"), "{log}");
    assert!(!log.contains("Close without a code"), "{log}");
    assert!(!log.contains("another code"), "{log}");
}
