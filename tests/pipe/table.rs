//! What four popular tools do wrong in a pipe, row by row: a reply that is lost, an end that nobody is told of, a run
//! that never ends. For each row the reply, the exit and the words are as they should be.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::keeper::{self, Keeper, close_body};
use crate::support::RawPeer;
use crate::support::raw::{self, BINARY, CLOSE, PING, TEXT};
use crate::talk::{Ended, Talk, piped, without_input};

const SECOND: Duration = Duration::from_secs(1);

/// Says one message and keeps stdin open; the run when the server has ended it.
fn with_open_stdin(keeper: &Keeper) -> Ended {
    Talk::start(&["-x", "hi", &keeper.url()]).finish()
}

fn with_tls(peer: &RawPeer) -> String {
    peer.url().replace("ws://", "wss://")
}

/// Accepts, and holds the connection without a word until the client is gone.
fn mute() -> RawPeer {
    RawPeer::start(|_, stream| read_to_the_end(stream))
}

fn read_to_the_end(mut stream: TcpStream) {
    let _ = io::copy(&mut stream, &mut io::sink());
}

#[test]
fn the_reply_of_one_line_is_printed_and_the_server_saw_just_that_line() {
    let keeper = Keeper::echo();
    let ran = piped(b"x\n", &[&keeper.url()]);
    ran.assert(0, &["connected to ws://", "closed 1000 by us, answered; 1 sent, 1 received in "]);
    assert_eq!(ran.text(), "x\n");
    assert_eq!(keeper.frames(), [(TEXT, b"x".to_vec()), (CLOSE, 1000_u16.to_be_bytes().to_vec())]);
}

/// Our Close may be on its way before the reply is: what comes before the answer to it still counts.
#[test]
fn a_reply_after_a_second_of_a_server_that_works_in_order_is_printed() {
    let keeper = Keeper::after_a_message(|mut ear| {
        if ear.is_quiet_for(SECOND) {
            ear.say(true, b"late");
        } else {
            ear.say(true, b"late, behind a Close");
        }
        ear.listen();
    });
    let ran = piped(b"x\n", &[&keeper.url()]);
    ran.assert(0, &["closed 1000 by us, answered; 1 sent, 1 received"]);
    assert!(ran.text().starts_with("late"), "{}", ran.text());
}

/// Such a server answers a Close at once, and then nothing may follow: only waiting helps.
#[test]
fn a_reply_after_a_second_of_a_server_that_answers_a_close_at_once_is_waited_for() {
    for args in [["-w", "3s"], ["--max-messages", "1"]] {
        let keeper = Keeper::after_a_message(|mut ear| {
            if ear.is_quiet_for(SECOND) {
                ear.say(true, b"late");
            }
            ear.listen();
        });
        let ran = piped(b"x\n", &[args[0], args[1], &keeper.url()]);
        ran.assert(0, &["closed 1000 by us, answered; 1 sent, 1 received"]);
        assert_eq!(ran.text(), "late\n", "{args:?}");
    }
}

#[test]
fn a_message_from_the_command_line_is_sent_without_any_input() {
    let keeper = Keeper::echo();
    let ran = without_input(&["-x", "hi", &keeper.url()]);
    ran.assert(0, &["closed 1000 by us, answered; 1 sent, 1 received"]);
    assert_eq!(ran.text(), "hi\n");
    assert_eq!(keeper.frames(), [(TEXT, b"hi".to_vec()), (CLOSE, 1000_u16.to_be_bytes().to_vec())]);
}

#[test]
fn a_fin_without_a_close_is_told() {
    let ran = with_open_stdin(&Keeper::after_a_message(keeper::Ear::end));
    ran.assert(22, &["dropped: FIN without a Close frame, from the server side, after "]);
    assert_eq!(ran.text(), "");
}

#[test]
fn a_reset_is_told() {
    let ran = with_open_stdin(&Keeper::after_a_message(keeper::Ear::reset));
    ran.assert(23, &["dropped: RST from the server side, after "]);
}

#[test]
fn a_close_is_told_with_its_code_and_its_reason() {
    for (code, reason, exit, told) in [
        (4001, "session expired", 21, "with 4001, \"session expired\", after "),
        (1011, "worker crashed", 21, "with 1011 Internal Error, \"worker crashed\", after "),
        (1000, "", 20, "with 1000 Normal Closure, no reason given, after "),
        (1001, "", 20, "with 1001 Going Away, no reason given, after "),
    ] {
        let ran = with_open_stdin(&Keeper::after_a_message(move |ear| ear.close(code, reason)));
        ran.assert(exit, &[&format!("dropped: the server closed {told}")]);
    }
}

#[test]
fn a_close_right_after_the_answer_is_a_good_end() {
    let keeper = Keeper::after_a_message(|mut ear| {
        ear.say(true, b"done");
        ear.close(1000, "");
    });
    let ran = piped(b"x\n", &[&keeper.url()]);
    ran.assert(0, &["closed by the server with 1000 Normal Closure; 1 sent, 1 received in "]);
    assert_eq!(ran.text(), "done\n");
    assert!(!ran.stderr.contains("dropped"), "{}", ran.stderr);
}

#[test]
fn a_cut_inside_a_frame_is_told() {
    let keeper = Keeper::after_a_message(|mut ear| {
        let mut half = raw::header(BINARY, 20);
        half.extend_from_slice(b"12345");
        ear.write(&half);
        ear.end();
    });
    let ran = with_open_stdin(&keeper);
    ran.assert(22, &["dropped: FIN inside a frame, after 5 of 20 bytes, after "]);
    assert_eq!(ran.text(), "", "half a message is none");
}

#[test]
fn a_peer_that_answers_no_ping_is_told() {
    let peer = RawPeer::upgraded(|_, stream| read_to_the_end(stream));
    let ran = Talk::start(&["--heartbeat", "1s", "--heartbeat-timeout", "1s", &peer.url()]).finish();
    ran.assert(24, &["dropped: no sign of life: "]);
    assert!(ran.took >= 2 * SECOND, "{:?}", ran.took);
}

#[test]
fn a_healthy_peer_outlives_the_time_limit_of_its_pongs() {
    let keeper = Keeper::echo();
    let mut talk = Talk::start(&["-1", "--heartbeat", "1s", "--heartbeat-timeout", "3s", &keeper.url()]);
    let frames = keeper.connection();
    for _ in 0..4 {
        let (first, _) = frames.recv_timeout(Duration::from_secs(5)).expect("a ping comes");
        assert_eq!(first, PING);
    }
    talk.say(b"still there\n");
    let ran = talk.finish();
    ran.assert(0, &["closed 1000 by us, answered"]);
    assert_eq!(ran.text(), "still there\n");
    assert!(ran.took > 3 * SECOND, "{:?}", ran.took);
}

#[test]
fn a_refusal_is_shown_with_its_body() {
    let body = "{\"error\":\"token expired\"}";
    let fields = format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
    let peer = RawPeer::answering(format!("HTTP/1.1 401 Unauthorized\r\n{fields}\r\n\r\n{body}"));
    let ran = piped(b"x\n", &[&peer.url()]);
    ran.assert(15, &["REFUSED", "401 Unauthorized", "application/json", "token expired", "(exit 15)"]);
    assert_eq!(ran.text(), "");
}

#[test]
fn a_port_that_gives_no_answer_uses_up_the_connect_timeout() {
    let ran = piped(b"x\n", &["--connect-timeout", "1s", &mute().url()]);
    ran.assert(17, &["UNREACHABLE", "[no-answer]"]);
    assert!(ran.took >= SECOND, "{:?}", ran.took);
}

#[test]
fn a_port_that_does_not_speak_tls() {
    let silent = piped(b"x\n", &["--connect-timeout", "1s", &with_tls(&mute())]);
    silent.assert(17, &["UNREACHABLE", "[tls-silent]"]);
    let plain = RawPeer::start(|_, mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        raw::fin(stream);
    });
    piped(b"x\n", &[&with_tls(&plain)]).assert(13, &["UNREACHABLE", "[tls-not-spoken]"]);
}

#[test]
fn a_name_that_does_not_exist_is_named() {
    let ran = piped(b"x\n", &["--connect-timeout", "5s", "ws://nonexistent.invalid/"]);
    // Without any network the look-up may have no answer at all: then it is the timeout that ends it.
    assert!([10, 17].contains(&ran.code), "{}", ran.stderr);
    assert!(ran.stderr.contains("UNREACHABLE") && ran.stderr.contains("nonexistent.invalid"), "{}", ran.stderr);
}

#[test]
fn a_server_that_never_answers_our_close_is_left_in_time() {
    let peer = RawPeer::upgraded(|_, stream| read_to_the_end(stream));
    let ran = piped(b"x\n", &["-w", "0", "--close-timeout", "1s", &peer.url()]);
    ran.assert(26, &["closed 1000 by us, unanswered"]);
    assert!((SECOND..5 * SECOND).contains(&ran.took), "{:?}", ran.took);
}

#[test]
fn an_extension_that_nobody_offered_makes_the_upgrade_invalid() {
    let peer = RawPeer::start(|_, mut stream| {
        let Some(head) = raw::read_head(&mut stream) else { return };
        let answer = String::from_utf8(raw::answer_to(&head)).unwrap();
        let with = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
        let _ = stream.write_all(answer.replacen("\r\n\r\n", with, 1).as_bytes());
        raw::fin(stream);
    });
    let ran = piped(b"x\n", &[&peer.url()]);
    ran.assert(16, &["REFUSED", "[extension-not-offered]", "permessage-deflate"]);
}

#[test]
fn a_binary_message_comes_out_byte_for_byte() {
    const BYTES: [u8; 5] = [0, 1, 0x0a, 0xff, 0x41];
    for framing in ["-t", "-0", "-b"] {
        let keeper = Keeper::after_a_message(|mut ear| {
            ear.say(false, &BYTES);
            ear.listen();
        });
        let ran = piped(b"x", &[framing, "-1", &keeper.url()]);
        ran.assert(0, &[]);
        assert_eq!(ran.stdout, BYTES, "{framing}");
    }
}

#[test]
fn a_refusal_after_a_first_open_is_not_asked_for_again_and_again() {
    let peer = RawPeer::start(|number, mut stream| {
        if number > 1 {
            if raw::read_head(&mut stream).is_some() {
                let answer = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                let _ = stream.write_all(answer);
                raw::fin(stream);
            }
        } else if raw::upgrade(&mut stream).is_some() && raw::read_frame(&mut stream).is_some() {
            raw::fin(stream);
        }
    });
    let ran = Talk::start(&["-x", "hi", "--reconnect", "--reconnect-delay", "100ms", &peer.url()]).finish();
    ran.assert(22, &["dropped: FIN without a Close frame", "gave up", "401"]);
    assert_eq!(peer.accepted(), 2, "the open one and one refusal");
}

#[test]
fn a_signal_closes_in_order() {
    for (signal, exit, told) in [("INT", 130, "stopped: interrupted"), ("TERM", 143, "stopped: terminated")] {
        let keeper = Keeper::echo();
        let mut talk = Talk::start(&[&keeper.url()]);
        talk.say(b"here\n");
        assert_eq!(talk.line(), "here");
        talk.signal(signal);
        talk.finish().assert(exit, &[told, &format!("(exit {exit})"), "closed 1000 by us, answered"]);
        let (messages, close) = keeper.messages();
        assert_eq!((messages, close), (keeper::texts(&["here"]), close_body(1000, "")), "{signal}");
    }
}
