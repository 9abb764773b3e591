//! Our Close and one of the server's own cross on their way (RFC 6455 section 7.1.5), and the server has not read our
//! lines: its Close is no answer, whatever its code, and makes no line safe.

use std::io::Write;
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use serde_json::Value;

use crate::support::raw;
use crate::talk::{Ended, LIMIT, Talk};

const LINES: u64 = 60;
const SIZE: u64 = 1000;
/// The server's buffer, as it is asked for; a kernel may double it.
const BUFFER: u64 = 4096;

/// The lines and our Close are with our kernel, hardly any with the server's, when its Close and then its reset come.
fn crossed_with(code: u16) -> Ended {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    socket2::SockRef::from(&listener).set_recv_buffer_size(BUFFER as usize).unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let (go, may_go) = mpsc::channel();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        raw::upgrade(&mut stream).expect("a request");
        may_go.recv_timeout(LIMIT).expect("our Close is seen");
        stream.write_all(&raw::close_frame(Some(code), "")).unwrap();
        may_go.recv_timeout(LIMIT).expect("its Close is seen");
        raw::reset(stream);
    });
    let mut talk = Talk::start(&["-w", "0", "--json", &url]);
    let line = "m".repeat(SIZE as usize - 1) + "\n";
    talk.feed(line.repeat(LINES as usize).into_bytes());
    for direction in ["out", "in"] {
        wait_for_close(&mut talk, direction);
        go.send(()).unwrap();
    }
    server.join().unwrap();
    talk.finish()
}

fn wait_for_close(talk: &mut Talk, direction: &str) {
    loop {
        let event: Value = serde_json::from_str(&talk.line()).unwrap();
        if event["type"] == "close_seen" && event["direction"] == direction {
            return;
        }
    }
}

#[test]
fn a_close_that_crosses_ours_is_no_answer_to_it() {
    for code in [1011, 1000] {
        let ran = crossed_with(code);
        let events = ran.events();
        let lines = events.one("lines");
        let acknowledged = lines["acknowledged"].as_u64().unwrap();
        assert!(acknowledged * SIZE <= 2 * BUFFER, "{code}: nobody read them, and: {lines}");
        let last = lines["unsure"].as_array().unwrap().last().map(|range| range[1].clone());
        assert_eq!(last, Some(Value::from(LINES)), "{code}: {lines}");
        assert_ne!(ran.code, 0, "{code}: some may be lost, which a script must see: {lines}");
    }
}
