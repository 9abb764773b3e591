//! Each way in which a connection can be taken away has its class, its finding and its exit status, and JSON, text and
//! status agree (RFC 6455 sections 5.5.1, 7.1, 7.4).

use std::io::Write;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::raw::{self, BINARY, TEXT};
use crate::support::run::Running;
use crate::support::{RawPeer, Server, probe, signal};

/// What an end must be told as.
struct Expected {
    exit: i32,
    how: &'static str,
    code: &'static str,
}

/// Probes this peer as text and as JSON; the `ended` event.
fn assert_drop(url: &str, args: &[&str], expected: &Expected) -> Value {
    let text = probe(&[args, &[url]].concat());
    let json = probe(&[args, &["--json", url]].concat());
    assert_told_as_text(&text.stdout, text.code, expected);
    assert_eq!(json.code, expected.exit, "{}", json.stdout);
    assert_eq!(json.stderr, "");
    let events = json.events();
    assert_eq!(events.one("judged")["exit"], expected.exit);
    assert_eq!(events.one("judged")["verdict"], "dropped");
    assert_eq!(events.one("run_ended")["exit"], expected.exit);
    assert_eq!(events.finding(expected.code)["severity"], "error");
    let ended = events.one("ended");
    assert_eq!(ended["how"], expected.how, "{ended}");
    assert_eq!(ended["drop"], true, "{ended}");
    assert_eq!(ended["by"], "peer", "{ended}");
    ended.clone()
}

fn assert_told_as_text(stdout: &str, code: i32, expected: &Expected) {
    assert_eq!(code, expected.exit, "{stdout}");
    let verdict = stdout.lines().any(|line| line.starts_with("DROPPED "));
    assert!(verdict, "{stdout}");
    assert!(stdout.contains(&format!("(exit {})", expected.exit)), "{stdout}");
    assert!(stdout.contains(&format!("[{}]", expected.code)), "{stdout}");
}

/// A peer that answers the upgrade, awaits one frame, then does this. So the open is past whatever follows.
fn after_a_frame(act: impl Fn(TcpStream) + Send + Sync + 'static) -> RawPeer {
    RawPeer::upgraded(move |_, mut stream| {
        if raw::read_frame(&mut stream).is_some() {
            act(stream);
        }
    })
}

/// The same after these bytes.
fn after_bytes(bytes: Vec<u8>, act: impl Fn(TcpStream) + Send + Sync + 'static) -> RawPeer {
    after_a_frame(move |mut stream| {
        if stream.write_all(&bytes).is_ok() {
            act(stream);
        }
    })
}

fn half_a_frame() -> Vec<u8> {
    let mut bytes = raw::header(BINARY, 20);
    bytes.extend_from_slice(b"12345");
    bytes
}

/// The first fragment of a text message.
fn half_a_message() -> Vec<u8> {
    raw::frame(TEXT & 0x7f, b"abc")
}

const FIN: Expected = Expected { exit: 22, how: "fin", code: "fin-without-close" };
const RESET: Expected = Expected { exit: 23, how: "reset", code: "reset" };

#[test]
fn fin_between_frames() {
    let ended = assert_drop(&after_a_frame(raw::fin).url(), &[], &FIN);
    assert_eq!((&ended["mid_frame"], &ended["mid_message"]), (&Value::Null, &json!(false)));
    assert_eq!(ended["announced"], false);
}

#[test]
fn fin_in_the_segment_of_the_answer() {
    let peer = RawPeer::upgraded(|_, stream| raw::fin(stream));
    assert_drop(&peer.url(), &[], &FIN);
}

#[test]
fn fin_inside_a_frame_tells_how_much_of_it_came() {
    let peer = after_bytes(half_a_frame(), raw::fin);
    let ended = assert_drop(&peer.url(), &[], &FIN);
    assert_eq!(ended["mid_frame"], json!([5, 20]));
    let text = probe(&[&peer.url()]).stdout;
    assert!(text.contains("inside a frame: 5 of 20 payload bytes had come"), "{text}");
}

#[test]
fn fin_inside_a_message_is_told_as_such() {
    let peer = after_bytes(half_a_message(), raw::fin);
    let ended = assert_drop(&peer.url(), &[], &FIN);
    assert_eq!((&ended["mid_frame"], &ended["mid_message"]), (&Value::Null, &json!(true)));
    let text = probe(&[&peer.url()]).stdout;
    assert!(text.contains("between the fragments of a message"), "{text}");
}

#[test]
fn rst_between_frames() {
    let ended = assert_drop(&after_a_frame(raw::reset).url(), &[], &RESET);
    assert!(ended["io"].as_str().is_some_and(|words| words.contains("reset")), "{ended}");
}

#[test]
fn rst_inside_a_frame() {
    // Linux hands out what came before a reset, then the reset: how much of a frame came is not certain elsewhere.
    let ended = assert_drop(&after_bytes(half_a_frame(), raw::reset).url(), &[], &RESET);
    if cfg!(target_os = "linux") {
        assert_eq!(ended["mid_frame"], json!([5, 20]));
    }
}

#[test]
fn each_legal_close_code_has_its_exit_and_its_finding() {
    for (code, reason, exit, finding) in [
        (Some(1000), "", 20, "closed-normally-early"),
        (None, "", 20, "closed-normally-early"),
        (Some(1001), "", 20, "going-away"),
        (Some(1011), "worker crashed", 21, "closed-with-code"),
        (Some(1014), "", 21, "closed-with-code"),
        (Some(4001), "expired", 21, "closed-with-code"),
    ] {
        let peer = after_a_frame(move |stream| raw::close(stream, code, reason));
        let ended = assert_drop(&peer.url(), &[], &Expected { exit, how: "close", code: finding });
        assert_eq!(ended["code"], json!(code), "{ended}");
        assert_eq!(ended["reason"], reason);
        assert_eq!(ended["announced"], true);
    }
}

#[test]
fn a_reason_is_shown_and_the_code_is_answered_by_itself() {
    let (sender, answers) = mpsc::channel();
    let sender = Mutex::new(sender);
    let peer = after_a_frame(move |mut stream| {
        let _ = stream.write_all(&raw::close_frame(Some(4001), "expired"));
        while let Some((first, payload)) = raw::read_frame(&mut stream) {
            if first == raw::CLOSE {
                let _ = sender.lock().unwrap().send(payload);
                break;
            }
        }
        raw::fin(stream);
    });
    let ran = probe(&[&peer.url()]);
    assert_eq!((ran.code, ran.first_word()), (21, "DROPPED"), "{}", ran.stdout);
    assert!(ran.stdout.contains("4001") && ran.stdout.contains("\"expired\""), "{}", ran.stdout);
    let answer = answers.recv_timeout(Duration::from_secs(10)).expect("our Close arrived");
    assert_eq!(answer[..2], 4001_u16.to_be_bytes());
}

#[test]
fn close_codes_that_may_not_be_on_the_wire() {
    for code in [1005, 1006, 1015, 999, 1004, 2999, 5000] {
        let peer = after_a_frame(move |stream| raw::close(stream, Some(code), ""));
        let expected = Expected { exit: 25, how: "garbage", code: "illegal-close-code" };
        let ended = assert_drop(&peer.url(), &[], &expected);
        assert!(ended["words"].as_str().is_some_and(|words| words.contains(&code.to_string())), "{ended}");
    }
}

#[test]
fn bytes_that_are_no_legal_frame() {
    for (bytes, what) in [
        (raw::frame(0x83, b""), "a reserved opcode"),
        (raw::frame(0xc1, b"a"), "a reserved bit"),
        (vec![0x81, 0x81, 0, 0, 0, 0, b'a'], "a masked frame"),
        (raw::frame(TEXT, b"\xff"), "text that is no UTF-8"),
        (raw::frame(0x80, b"a"), "a continuation of nothing"),
    ] {
        println!("{what}");
        let peer = after_bytes(bytes, raw::fin);
        assert_drop(&peer.url(), &[], &Expected { exit: 25, how: "garbage", code: "illegal-frame" });
    }
}

/// The peer's Close and RST are both there before wscope, which has more to write, runs again: its write fails first.
#[test]
fn a_close_before_a_reset_is_found_though_our_write_fails_first() {
    let (began, begun) = mpsc::channel();
    let (go, going) = mpsc::channel::<()>();
    let (did, done) = mpsc::channel();
    let ends = Mutex::new((began, going, did));
    let listener = small_listener();
    let peer = RawPeer::on(listener, move |_, mut stream| {
        let ends = ends.lock().unwrap();
        let (began, going, did) = &*ends;
        if raw::upgrade(&mut stream).is_none() || raw::read_frame(&mut stream).is_none() {
            return;
        }
        let _ = began.send(());
        let _ = going.recv();
        let _ = stream.write_all(&raw::close_frame(Some(1009), "too big"));
        raw::reset(stream);
        let _ = did.send(());
    });
    let message = "m".repeat(100_000);
    let url = peer.url();
    let mut args = vec!["--json", "-n", "1", url.as_str()];
    for _ in 0..15 {
        args.extend(["-x", message.as_str()]);
    }
    let running = Running::probe(&args);
    begun.recv_timeout(Duration::from_secs(30)).expect("the peer saw a first frame");
    signal::stop(running.id());
    go.send(()).unwrap();
    done.recv_timeout(Duration::from_secs(30)).expect("the peer reset the connection");
    signal::go_on(running.id());
    let ran = running.finish();
    assert_eq!(ran.code, 21, "{}", ran.stdout);
    let events = ran.events();
    let ended = events.one("ended");
    assert_eq!((&ended["how"], &ended["code"]), (&json!("close_then_cut"), &json!(1009)), "{ended}");
    assert_eq!(ended["reason"], "too big");
    assert_eq!(events.finding("size-limit")["severity"], "error");
}

/// A listener whose connections take few bytes before they are read. Small segments keep the sender's buffer small too.
fn small_listener() -> std::net::TcpListener {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = socket2::SockRef::from(&listener);
    socket.set_recv_buffer_size(8192).unwrap();
    socket.set_tcp_mss(536).unwrap();
    listener
}

#[test]
#[cfg(target_os = "linux")]
fn a_stopped_server_process_is_silent_and_its_kernel_acknowledges() {
    let server = Server::start(&["127.0.0.1:0"]);
    let times = ["--hold", "10s", "--heartbeat", "1s", "--heartbeat-timeout", "1s", server.url.as_str()];
    let mut text = Running::probe(&times);
    let mut json = Running::probe(&[&times[..], &["--json"]].concat());
    text.line_with(" open ");
    json.event("open");
    signal::stop(server.running.id());
    let (text, json) = (text.finish(), json.finish());
    signal::go_on(server.running.id());
    let expected = Expected { exit: 24, how: "silent", code: "silent-next-hop" };
    assert_told_as_text(&text.stdout, text.code, &expected);
    assert_eq!(json.code, 24, "{}", json.stdout);
    let events = json.events();
    let ended = events.one("ended");
    assert_eq!((&ended["how"], &ended["delivered"]), (&json!("silent"), &json!(true)), "{ended}");
    assert_eq!(events.codes(), ["silent-next-hop"]);
    assert_eq!(events.one("judged")["exit"], 24);
}
