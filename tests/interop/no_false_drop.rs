//! What is no drop is told as none: a frame that takes long, a server that talks and never pongs, and a wscope that did
//! not run itself.

use std::io::Write;
use std::net::TcpStream;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::events::at;
use crate::support::run::Running;
use crate::support::{Peer, RawPeer, is_slow, probe, raw, signal};

const MEBIBYTE: usize = 1024 * 1024;
const PIECE: usize = 64 * 1024;

/// Sends one binary frame of `size` bytes at `rate` bytes a second.
fn trickle(mut stream: TcpStream, size: usize, rate: usize) {
    let begun = Instant::now();
    if stream.write_all(&raw::header(raw::BINARY, size as u64)).is_err() {
        return;
    }
    let piece = [0x5a; PIECE];
    let mut sent = 0;
    while sent < size {
        let next = PIECE.min(size - sent);
        let due = Duration::from_secs_f64((sent + next) as f64 / rate as f64);
        thread::sleep(due.saturating_sub(begun.elapsed()));
        if stream.write_all(&piece[..next]).is_err() {
            return;
        }
        sent += next;
    }
    raw::behave(stream);
}

/// The frame takes 8 s, or 32 s with `WSCOPE_SLOW=1`: many times the heartbeat's timeout, and no pong can come in
/// between.
#[test]
fn a_frame_that_takes_long_is_a_sign_of_life_all_the_time() {
    let size = 32 * MEBIBYTE;
    let rate = if is_slow() { MEBIBYTE } else { 4 * MEBIBYTE };
    let peer = RawPeer::upgraded(move |_, stream| trickle(stream, size, rate));
    let hold = format!("{}s", size / rate + 2);
    let ran = probe(&["--json", "--hold", &hold, "--heartbeat", "1s", "--heartbeat-timeout", "1s", &peer.url()]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let events = ran.events();
    events.assert_clean();
    let ended = events.one("ended");
    assert_eq!(ended["drop"], false, "{ended}");
    assert_eq!(ended["messages_in"], 1, "{ended}");
    assert!(ended["bytes_in"].as_u64().is_some_and(|bytes| bytes >= size as u64), "{ended}");
}

/// RFC 6455 section 5.5.2 wants a pong; a user wants to know that it does not come, and that the connection lives.
#[test]
fn a_server_that_talks_and_never_pongs_is_told_once_and_not_dropped() {
    let Some(peer) = Peer::python("ws_silent_chatty.py", &["chatty"]) else { return };
    let ran = probe(&["--json", "--hold", "12s", "--heartbeat", "1s", "--heartbeat-timeout", "1s", &peer.url()]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let events = ran.events();
    assert_eq!(events.codes(), ["pings-ignored"], "{:?}", events.findings());
    assert_eq!(events.finding("pings-ignored")["severity"], "warning");
    assert_eq!(events.one("judged")["drops"], 0);
}

/// The time in which wscope did not run is its own: 3 s, or 10 s with `WSCOPE_SLOW=1`.
#[test]
fn a_wscope_that_was_stopped_blames_itself() {
    let Some(peer) = Peer::python("ws_echo.py", &[]) else { return };
    let (sleep, hold) = if is_slow() { (10, "14s") } else { (3, "6s") };
    let url = peer.url();
    let times = ["--json", "--hold", hold, "--heartbeat", "1s", "--heartbeat-timeout", "1s", url.as_str()];
    let mut running = Running::probe(&times);
    running.event("open");
    signal::stop(running.id());
    // The sleep is what is tested; nothing waits for it to be over.
    thread::sleep(Duration::from_secs(sleep));
    signal::go_on(running.id());
    let ran = running.finish();
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let events = ran.events();
    events.assert_clean();
    assert!(events.codes().contains(&"own-sleep"), "{:?}", events.findings());
    let held = events.one("held");
    assert_eq!(held["by"], "stopped", "{held}");
    let span = held["span_ns"].as_u64().unwrap_or_default();
    println!("stopped for {sleep} s, told as {span} ns at {} ns", at(held));
    // Up to a second may pass between the stop and the moment at which wscope next wanted to run.
    assert!(span >= (sleep - 2) * 1_000_000_000, "{held}");
}

/// The same before the open: the time for connecting does not run while wscope does not.
#[test]
fn a_wscope_that_was_stopped_while_connecting_blames_nobody() {
    let (go_on, stopped) = mpsc::channel::<()>();
    let stopped = Mutex::new(stopped);
    let peer = RawPeer::start(move |_, mut stream| {
        let Some(head) = raw::read_head(&mut stream) else { return };
        // Answered only when wscope stands still.
        let _ = stopped.lock().map(|stopped| stopped.recv());
        let _ = stream.write_all(&raw::answer_to(&head));
        raw::behave(stream);
    });
    let url = peer.url();
    let mut running = Running::probe(&["--json", "-n", "1", "--connect-timeout", "1s", url.as_str()]);
    running.event("upgrade_sent");
    signal::stop(running.id());
    go_on.send(()).unwrap();
    // The sleep is what is tested: longer than the time for connecting.
    thread::sleep(Duration::from_secs(2));
    signal::go_on(running.id());
    let ran = running.finish();
    assert_eq!(ran.code, 0, "{}", ran.stdout);
}
