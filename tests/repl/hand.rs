//! A server that does what a test tells it: it answers pings and closings, hands over all that arrives, and sends
//! what the test gives it. Owns the waiting for what arrives; the frames are those of RFC 6455 section 5.2.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::support::RawPeer;
use crate::support::raw::{CLOSE, PING, PONG, TEXT, close_frame, frame, read_frame, upgrade};
use crate::terminal::{LIMIT, OPEN, Terminal};

/// How a server behaves.
#[derive(Clone, Copy)]
pub enum Manner {
    /// Answers a Close and ends the connection.
    Polite,
    /// Answers no Close.
    Rude,
    /// Polite, and each connection behind the first is answered only when the test lets it in.
    Gated,
}

/// Something that arrived; no frame: the connection is gone.
struct Seen {
    link: usize,
    frame: Option<(u8, Vec<u8>)>,
}

/// The server, in the hand of a test.
pub struct Hand {
    peer: RawPeer,
    links: Receiver<Link>,
    seen: Receiver<Seen>,
    gate: Sender<()>,
}

/// One connection, to send on.
pub struct Link {
    stream: TcpStream,
    /// The closing was begun here.
    is_closing: Arc<AtomicBool>,
}

impl Hand {
    pub fn start(manner: Manner) -> Hand {
        let (to_links, links) = mpsc::channel();
        let (to_seen, seen) = mpsc::channel();
        let (gate, gated) = mpsc::channel();
        let gated = Mutex::new(gated);
        let peer = RawPeer::start(move |number, mut stream| {
            let is_gated = matches!(manner, Manner::Gated) && number > 1;
            if is_gated && gated.lock().unwrap().recv().is_err() {
                return;
            }
            if upgrade(&mut stream).is_none() {
                return;
            }
            let _ = stream.set_write_timeout(Some(LIMIT));
            let is_closing = Arc::new(AtomicBool::new(false));
            let link = Link { stream: stream.try_clone().unwrap(), is_closing: Arc::clone(&is_closing) };
            let _ = to_links.send(link);
            listen(manner, number, stream, &is_closing, &to_seen);
        });
        Hand { peer, links, seen, gate }
    }

    pub fn url(&self) -> String {
        self.peer.url()
    }

    /// The next connection.
    pub fn link(&self) -> Link {
        self.links.recv_timeout(LIMIT).expect("a connection")
    }

    /// Lets the next gated connection in.
    pub fn let_in(&self) {
        self.gate.send(()).unwrap();
    }

    /// The next text message; the number of its connection with it. Whatever came before it is skipped.
    pub fn text(&self) -> (usize, String) {
        let (link, payload) = self.frame(TEXT);
        (link, String::from_utf8(payload).unwrap())
    }

    /// The next text message.
    pub fn message(&self) -> String {
        self.text().1
    }

    /// The next frame with this first byte.
    pub fn frame(&self, first: u8) -> (usize, Vec<u8>) {
        let what = format!("a frame {first:#04x}");
        self.next(&what, |seen| match &seen.frame {
            Some((found, payload)) if *found == first => Some((seen.link, payload.clone())),
            _ => None,
        })
    }

    /// The next Close: its code and its reason.
    pub fn close(&self) -> (Option<u16>, String) {
        let (_, payload) = self.frame(CLOSE);
        let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
        (code, String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned())
    }

    /// Waits until a connection is gone.
    pub fn gone(&self) {
        self.next("the end of a connection", |seen| seen.frame.is_none().then_some(()));
    }

    fn next<T>(&self, what: &str, wanted: impl Fn(&Seen) -> Option<T>) -> T {
        let end = Instant::now() + LIMIT;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let seen = self.seen.recv_timeout(left).unwrap_or_else(|why| panic!("{what} does not arrive: {why}"));
            if let Some(found) = wanted(&seen) {
                return found;
            }
        }
    }
}

impl Link {
    pub fn say(&self, text: &str) {
        self.send(&frame(TEXT, text.as_bytes()));
    }

    /// These bytes, whatever they are.
    pub fn send(&self, bytes: &[u8]) {
        (&self.stream).write_all(bytes).unwrap();
    }

    /// Begins the closing handshake.
    pub fn close(&self, code: u16, reason: &str) {
        self.is_closing.store(true, Ordering::SeqCst);
        self.send(&close_frame(Some(code), reason));
    }

    /// Ends its direction without a Close.
    pub fn fin(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }
}

/// Waits until the client has read all that was sent before.
pub fn all_read(hand: &Hand, link: &Link) {
    link.send(&frame(PING, b"all read"));
    let (_, payload) = hand.frame(PONG);
    assert_eq!(payload, b"all read");
}

/// A server, a connection to it, and the terminal where the first prompt stands.
pub fn talk(args: &[&str]) -> (Hand, Link, Terminal) {
    talk_with(Manner::Polite, args)
}

/// The same with such a server.
pub fn talk_with(manner: Manner, args: &[&str]) -> (Hand, Link, Terminal) {
    let hand = Hand::start(manner);
    let url = hand.url();
    let terminal = Terminal::start(&[args, &[url.as_str()]].concat());
    let link = hand.link();
    terminal.prompts(OPEN);
    (hand, link, terminal)
}

fn listen(manner: Manner, link: usize, mut stream: TcpStream, is_closing: &AtomicBool, seen: &Sender<Seen>) {
    while let Some((first, payload)) = read_frame(&mut stream) {
        let is_answered = !matches!(manner, Manner::Rude);
        let answer = match first {
            PING => Some(frame(PONG, &payload)),
            CLOSE if is_answered && !is_closing.load(Ordering::SeqCst) => Some(frame(CLOSE, &payload)),
            _ => None,
        };
        let _ = seen.send(Seen { link, frame: Some((first, payload)) });
        if answer.is_some_and(|answer| stream.write_all(&answer).is_err()) {
            break;
        }
        if first == CLOSE && is_answered {
            let _ = stream.shutdown(Shutdown::Write);
        }
    }
    let _ = seen.send(Seen { link, frame: None });
}
