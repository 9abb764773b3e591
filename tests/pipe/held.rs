//! A stdout that nobody reads for a while: the connection is held, not dropped, and all that was sent comes out in
//! order when somebody reads again.

use std::io::{self, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use crate::keeper::Keeper;
use crate::support::Server;
use crate::support::raw::{self, TEXT};
use crate::talk::{LIMIT, Talk};

const SIZE: usize = 16_384;

/// Are these the first so many messages, whole and in order?
fn assert_in_order(text: &str, count: usize) {
    assert_eq!(text.lines().count(), count);
    for (line, number) in text.lines().zip(1_usize..) {
        let told = line.strip_prefix("message ").and_then(|rest| rest.split(' ').next());
        assert_eq!(told.and_then(|digits| digits.parse().ok()), Some(number), "{}", &line[..line.len().min(80)]);
        assert_eq!(line.len(), SIZE, "message {number}");
    }
}

#[test]
fn a_blocked_output_holds_the_connection_and_nothing_is_lost() {
    let source = ["127.0.0.1:0", "--mode", "source", "--rate", "1000", "--size", "16KiB", "--count", "1000"];
    let server = Server::start(&source);
    let args = ["--heartbeat", "1s", "--heartbeat-timeout", "1s", server.url.as_str()];
    let mut talk = Talk::with(Stdio::null(), &args);
    talk.tells("stdin is empty: listening");
    // Three times what its peer had to answer a heartbeat, and not a word of a drop.
    talk.is_quiet_for(Duration::from_secs(3));
    let ran = talk.finish();
    let closed = "closed by the server with 1000 Normal Closure; 0 sent, 1000 received";
    ran.assert(0, &["our output was blocked for ", closed]);
    assert!(!ran.stderr.contains("dropped"), "{}", ran.stderr);
    assert_in_order(&ran.text(), 1000);
}

/// Writes messages until there is no room for one for that long; tells so, and completes it when there is again. How
/// many it wrote; none when the client is gone.
fn fill(stream: &mut TcpStream, patience: Duration, stands_still: &mpsc::Sender<()>) -> Option<usize> {
    stream.set_write_timeout(Some(patience)).unwrap();
    let (mut count, mut is_told) = (0, false);
    while !is_told {
        count += 1;
        let text = format!("message {count} ");
        let frame = raw::frame(TEXT, format!("{text}{}", ".".repeat(SIZE - text.len())).as_bytes());
        let mut at = 0;
        while at < frame.len() {
            match stream.write(&frame[at..]) {
                Ok(written) => at += written,
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    is_told = true;
                    stands_still.send(()).ok()?;
                }
                Err(_) => return None,
            }
        }
    }
    Some(count)
}

/// What a server sends before it gives a client up that does not read is not lost, and the drop says what we did.
#[test]
fn a_server_that_gives_a_blocked_client_up_is_told_with_the_reason() {
    let (stands_still, is_still) = mpsc::channel();
    let (sender, sent) = mpsc::channel();
    let keeper = Keeper::start(move |_, mut ear| {
        let count = fill(&mut ear.stream, Duration::from_millis(1500), &stands_still);
        let _ = sender.send(count);
        ear.end();
    });
    let mut talk = Talk::start(&["--heartbeat", "1s", "--heartbeat-timeout", "1s", &keeper.url()]);
    is_still.recv_timeout(LIMIT).expect("the server finds no room any more");
    talk.read_on();
    let ran = talk.finish();
    let dropped = "dropped: FIN without a Close frame, from the server side, after ";
    ran.assert(22, &[dropped, "; our stdout was blocked for "]);
    let count = sent.recv_timeout(LIMIT).unwrap().expect("the client was there to the end");
    assert_in_order(&ran.text(), count);
}
