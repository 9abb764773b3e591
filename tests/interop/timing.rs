//! A silent peer is found when it was promised to be: the quiet time and the answer's time after the open, and no more.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::support::events::at;
use crate::support::{RawPeer, Running, probe, raw, signal};

/// What a loaded machine may add.
const SLACK: Duration = Duration::from_millis(500);

/// The drop of a frozen peer comes this long after the open.
fn assert_found_after(args: &[&str], least: Duration, most: Duration) {
    let ran = probe(&[&["--json", "--demo=freeze"][..], args].concat());
    assert_eq!(ran.code, 24, "{}", ran.stdout);
    let events = ran.events();
    let ended = events.one("ended");
    assert_eq!(ended["how"], "silent", "{ended}");
    events.finding(if cfg!(target_os = "linux") { "silent-next-hop" } else { "silent" });
    let took = Duration::from_nanos(at(ended) - at(events.one("open")));
    println!("{args:?}: found {took:?} after the open; wanted {least:?} to {most:?}");
    assert!(took >= least && took <= most + SLACK, "{took:?}");
}

#[test]
fn a_hold_finds_a_frozen_peer_after_the_quiet_time_and_the_answers_time() {
    let times = ["--hold", "10s", "--heartbeat", "1s", "--heartbeat-timeout", "1s"];
    assert_found_after(&times, Duration::from_millis(2000), Duration::from_millis(2200));
}

#[test]
fn a_measured_ping_finds_a_frozen_peer_after_the_answers_time() {
    let times = ["--heartbeat-timeout", "1s"];
    assert_found_after(&times, Duration::from_millis(1000), Duration::from_millis(1200));
}

#[test]
fn three_misses_take_three_times_as_long() {
    let times = ["--hold", "10s", "--heartbeat", "500ms", "--heartbeat-timeout", "500ms", "--heartbeat-misses", "3"];
    assert_found_after(&times, Duration::from_millis(2000), Duration::from_millis(2200));
}

#[test]
fn the_time_limit_ends_a_run_that_would_take_longer() {
    let ran = probe(&["--json", "--demo=no-answer", "--connect-timeout", "off", "--timeout", "1s"]);
    assert_eq!(ran.code, 124, "{}", ran.stdout);
    ran.events().finding("time-used-up");
    assert!(ran.took >= Duration::from_secs(1), "{:?}", ran.took);
    let text = probe(&["--demo=no-answer", "--connect-timeout", "off", "--timeout", "1s"]);
    assert_eq!((text.code, text.first_word()), (124, "TIMEOUT"), "{}", text.stdout);
}

/// A peer that never stops talking does not keep the end of the hold, or of the wait for its Close, from being judged.
#[test]
fn a_flood_of_large_messages_does_not_hold_the_limits_up() {
    let peer = RawPeer::upgraded(|_, mut stream| {
        let message = raw::frame(raw::TEXT, &vec![b'x'; 4 << 20]);
        while stream.write_all(&message).is_ok() {}
    });
    let ran = probe(&["--json", "--hold", "1s", "--close-timeout", "500ms", "--farewell", "(x+x+)+y", &peer.url()]);
    assert_eq!(ran.code, 26, "{}", ran.stdout);
    // The hold and the wait, with half a second and one message more.
    assert!(ran.took < Duration::from_millis(3500), "{:?}", ran.took);
}

/// The socket never runs dry, whatever is read; a signal is heard all the same.
#[test]
fn a_flood_of_empty_frames_does_not_hold_a_signal_up() {
    let empty_messages = raw::frame(raw::TEXT, b"").repeat(5000);
    // Continuations that are not final: no message of them is ever complete.
    let fragments = [0x00, 0x00].repeat(5000);
    for (first, flood) in [(Vec::new(), empty_messages), (vec![0x02, 0x01, b'x'], fragments)] {
        let peer = RawPeer::upgraded(move |_, mut stream| {
            let _ = stream.write_all(&first);
            while stream.write_all(&flood).is_ok() {}
        });
        let mut held = Running::probe(&["--json", "--hold", "1m", &peer.url()]);
        held.event("open");
        let begun = Instant::now();
        signal::interrupt(held.id());
        let ran = held.finish();
        assert_eq!(ran.code, 130, "{}", ran.stdout);
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}
