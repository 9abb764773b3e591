//! Clients that mean harm, or are broken: each meets a limit, a line in the log and an end; whoever else is there does not
//! notice, and the server's memory stays where it was.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::client::{self, Client, assert_ended, masked};
use crate::server::Served;
use crate::support::is_slow;
use crate::support::raw::{BINARY, CLOSE, PING, PONG, TEXT};

/// No attack may cost the server more memory than this.
const GROWTH_MAX_KIB: u64 = 16 * 1024;

/// No echo of somebody else takes longer meanwhile, on a machine that does much at once.
const ECHO_MAX: Duration = Duration::from_secs(3);

/// So many frames of a flood.
const FLOOD: usize = 20_000;

/// A server with a client that echoes all the time. That client is #1, the attacker #2.
struct Scene {
    server: Served,
    memory_kib: Option<u64>,
    over: Arc<AtomicBool>,
    bystander: JoinHandle<Duration>,
}

impl Scene {
    fn new(args: &[&str]) -> Scene {
        let server = Served::start(args);
        let mut client = Client::open(&server.address(), "/echo");
        client.echo("before");
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let bystander = thread::spawn(move || slowest_echo(&mut client, &is_over));
        Scene { memory_kib: server.memory_kib(), server, over, bystander }
    }

    fn address(&self) -> String {
        self.server.address()
    }

    /// The attack is over: was it told, did nobody notice, is the server well?
    fn assert_unharmed(mut self, told: &str) {
        self.server.tells(told);
        self.over.store(true, Ordering::SeqCst);
        let slowest = self.bystander.join().expect("somebody else's echo goes on");
        assert!(slowest < ECHO_MAX, "somebody else's echo took {slowest:?}");
        let grown = self.server.memory_kib().zip(self.memory_kib).map(|(now, then)| now.saturating_sub(then));
        if let Some(grown) = grown {
            assert!(grown <= GROWTH_MAX_KIB, "the server grew by {grown} KiB");
        }
        Client::open(&self.server.address(), "/echo").echo("after");
        assert_eq!(self.server.stop().code, 0);
    }
}

/// Echoes until it is over, and once more after that.
fn slowest_echo(client: &mut Client, is_over: &AtomicBool) -> Duration {
    let mut slowest = Duration::ZERO;
    loop {
        let last = is_over.load(Ordering::SeqCst);
        let begun = Instant::now();
        client.echo("anybody there?");
        slowest = slowest.max(begun.elapsed());
        if last {
            return slowest;
        }
        // Not as fast as it can: it is a person, not a flood.
        thread::sleep(Duration::from_millis(10));
    }
}

/// Writes until all is written or the server has had enough.
fn pour(stream: &mut TcpStream, piece: &[u8], times: usize) {
    for _ in 0..times {
        if stream.write_all(piece).is_err() {
            return;
        }
    }
}

/// Bytes without a pattern, the same in each run (xorshift).
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

/// Reads frames until a Close, whose code is given, or until the end of the stream.
fn close_code(client: &mut Client) -> Option<u16> {
    while let Some((first, payload)) = client.frame() {
        if first == CLOSE {
            return payload.first_chunk().map(|code| u16::from_be_bytes(*code));
        }
    }
    None
}

#[test]
fn an_endless_head() {
    let scene = Scene::new(&[]);
    let mut stream = client::connect(&scene.address());
    stream.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ").unwrap();
    pour(&mut stream, &[b'a'; 4096], 16_384);
    assert_ended(&mut stream);
    scene.assert_unharmed("#2 ");
}

#[test]
fn endless_fields() {
    let scene = Scene::new(&[]);
    let mut stream = client::connect(&scene.address());
    stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    pour(&mut stream, &b"X-Many: 1\r\n".repeat(1000), 4000);
    assert_ended(&mut stream);
    scene.assert_unharmed("#2 ");
}

/// One that says nothing is waited for 10 s; others are served meanwhile.
#[test]
fn a_client_that_says_nothing() {
    let scene = Scene::new(&[]);
    let mut silent: Vec<TcpStream> = (0..20).map(|_| client::connect(&scene.address())).collect();
    Client::open(&scene.address(), "/").echo("meanwhile");
    if is_slow() {
        assert_ended_by_the_server(&mut silent);
        scene.assert_unharmed("#2 ");
        return;
    }
    drop(silent);
    scene.assert_unharmed("#2 ");
}

/// The server ends it, though the client's own direction stays open.
fn assert_ended_by_the_server(silent: &mut [TcpStream]) {
    for stream in silent {
        let mut rest = Vec::new();
        let read = stream.read_to_end(&mut rest);
        let reset = read.as_ref().is_err_and(|error| error.kind() == ErrorKind::ConnectionReset);
        assert!(read.is_ok() || reset, "the server does not end it: {read:?}");
    }
}

#[test]
fn frames_longer_than_anything() {
    for length in [1_u64 << 63, (1_u64 << 63) - 1, u64::MAX, 1_u64 << 40] {
        let scene = Scene::new(&[]);
        let mut client = Client::open(&scene.address(), "/");
        let mut header = vec![BINARY, 0x80 | 127];
        header.extend_from_slice(&length.to_be_bytes());
        header.extend_from_slice(&[1, 2, 3, 4]);
        client.stream.write_all(&header).unwrap();
        let code = close_code(&mut client);
        assert!(matches!(code, Some(1002 | 1009)), "a frame of {length} bytes: {code:?}");
        client.end();
        scene.assert_unharmed("#2 ended");
    }
}

#[test]
fn a_flood_of_pings() {
    let scene = Scene::new(&[]);
    let mut client = Client::open(&scene.address(), "/");
    let mut writer = client.stream.try_clone().unwrap();
    let flood: Vec<u8> = masked(PING, b"?").repeat(100);
    let pouring = thread::spawn(move || pour(&mut writer, &flood, FLOOD / 100));
    let code = close_code(&mut client);
    pouring.join().unwrap();
    assert_eq!(code, Some(1008));
    client.end();
    scene.assert_unharmed("#2 ended");
}

/// A client that pings as often as people do is no flood.
#[test]
fn pings_at_a_usual_rate_are_answered() {
    let server = Served::start(&[]);
    let mut client = Client::open(&server.address(), "/");
    for number in 0..50_u8 {
        client.send(PING, &[number]);
        assert_eq!(client.frame(), Some((PONG, vec![number])));
    }
}

/// The pongs are never read: what waits for such a client has a limit too.
#[test]
fn a_flood_of_pings_whose_answers_nobody_reads() {
    let scene = Scene::new(&[]);
    let client = Client::open(&scene.address(), "/");
    let mut writer = client.stream.try_clone().unwrap();
    writer.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
    pour(&mut writer, &masked(PING, &[b'?'; 125]).repeat(100), 1000);
    drop((client, writer));
    scene.assert_unharmed("#2 ended");
}

#[test]
fn a_flood_of_empty_fragments() {
    let scene = Scene::new(&[]);
    let mut client = Client::open(&scene.address(), "/");
    let mut writer = client.stream.try_clone().unwrap();
    let pouring = thread::spawn(move || {
        pour(&mut writer, &masked(TEXT & 0x7f, b""), 1);
        pour(&mut writer, &masked(0, b"").repeat(100), FLOOD / 100);
        pour(&mut writer, &masked(0x80, b"end"), 1);
    });
    let answer = client.frame();
    pouring.join().unwrap();
    let echoed = answer == Some((TEXT, b"end".to_vec()));
    let closed = answer.as_ref().is_some_and(|(first, _)| *first == CLOSE);
    assert!(echoed || closed, "neither the message nor a Close came: {answer:?}");
    drop(client);
    scene.assert_unharmed("#2 ended");
}

#[test]
fn noise_in_place_of_a_request() {
    let scene = Scene::new(&[]);
    let mut stream = client::connect(&scene.address());
    pour(&mut stream, &noise(65_536), 1);
    assert_ended(&mut stream);
    scene.assert_unharmed("#2 ");
}

#[test]
fn noise_in_place_of_frames() {
    let scene = Scene::new(&[]);
    let mut client = Client::open(&scene.address(), "/");
    // The first byte has reserved bits that nobody agreed on.
    pour(&mut client.stream, &[0xf3], 1);
    pour(&mut client.stream, &noise(65_536), 1);
    client.end();
    scene.assert_unharmed("#2 ended");
}

#[test]
fn frames_without_a_mask() {
    let scene = Scene::new(&[]);
    let mut client = Client::open(&scene.address(), "/");
    client.stream.write_all(&[TEXT, 2, b'h', b'i']).unwrap();
    assert_eq!(close_code(&mut client), Some(1002), "RFC 6455 section 5.1");
    client.end();
    scene.assert_unharmed("#2 ended");
}

#[test]
fn half_a_tls_hello_for_a_server_without_tls() {
    let scene = Scene::new(&[]);
    let mut stream = client::connect(&scene.address());
    stream.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]).unwrap();
    assert_ended(&mut stream);
    scene.assert_unharmed("#2 ");
}

/// A thousand clients, one after the other, each gone before it is served.
#[test]
fn clients_that_leave_at_once() {
    let scene = Scene::new(&[]);
    for _ in 0..1000 {
        drop(client::connect(&scene.address()));
    }
    scene.assert_unharmed("#2 ");
}

/// 30 MB for one who does not read: the others hear all of it, and the server does not keep it.
#[test]
fn a_room_in_which_one_does_not_read() {
    let scene = Scene::new(&["--mode", "broadcast"]);
    let deaf = Client::open(&scene.address(), "/");
    let mut talker = Client::open(&scene.address(), "/");
    let message = "m".repeat(60_000);
    for _ in 0..500 {
        talker.echo(&message);
    }
    drop((deaf, talker));
    scene.assert_unharmed("#2 ");
}
