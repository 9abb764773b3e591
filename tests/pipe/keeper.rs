//! A server that is a bare socket and keeps every frame that a client sends, in order. Owns that record and the putting
//! together of fragments (RFC 6455 section 5.4); what is answered is each test's own.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crate::support::RawPeer;
use crate::support::raw::{self, BINARY, CLOSE, PING, PONG, TEXT};
use crate::talk::LIMIT;

/// A frame's first byte and its unmasked payload.
pub type Frame = (u8, Vec<u8>);

/// Is it text, and what it says.
pub type Message = (bool, Vec<u8>);

/// The server.
#[derive(Debug)]
pub struct Keeper {
    pub peer: RawPeer,
    connections: Receiver<Receiver<Frame>>,
}

/// One open connection, from the server's side.
#[derive(Debug)]
pub struct Ear {
    pub stream: TcpStream,
    kept: Sender<Frame>,
}

impl Keeper {
    /// Gives each open connection, with its number from 1 on, to `handle`.
    pub fn start(handle: impl Fn(usize, Ear) + Send + Sync + 'static) -> Keeper {
        let (sender, connections) = mpsc::channel();
        let peer = RawPeer::on(TcpListener::bind("127.0.0.1:0").unwrap(), move |number, mut stream| {
            if raw::upgrade(&mut stream).is_none() {
                return;
            }
            let (kept, frames) = mpsc::channel();
            let _ = sender.send(frames);
            handle(number, Ear { stream, kept });
        });
        Keeper { peer, connections }
    }

    /// Answers each message with itself.
    pub fn echo() -> Keeper {
        Keeper::start(|_, mut ear| {
            while let Some((text, payload)) = ear.message() {
                ear.say(text, &payload);
            }
            ear.end();
        })
    }

    /// Answers pings and the Close, and no message.
    pub fn listener() -> Keeper {
        Keeper::start(|_, ear| ear.listen())
    }

    /// After the client's first message it does that.
    pub fn after_a_message(act: impl Fn(Ear) + Send + Sync + 'static) -> Keeper {
        Keeper::start(move |_, mut ear| {
            if ear.message().is_some() {
                act(ear);
            }
        })
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.peer.url()
    }

    /// The frames of the next connection, as they come.
    pub fn connection(&self) -> Receiver<Frame> {
        self.connections.recv_timeout(LIMIT).expect("a client comes")
    }

    /// All frames of the next connection, when it is over.
    pub fn frames(&self) -> Vec<Frame> {
        all(&self.connection())
    }

    /// All messages of the next connection, and the body of its Close.
    pub fn messages(&self) -> (Vec<Message>, Option<Vec<u8>>) {
        let frames = self.frames();
        (messages(&frames), close_of(&frames))
    }
}

impl Ear {
    /// The next frame; none at the end.
    pub fn frame(&mut self) -> Option<Frame> {
        let frame = raw::read_frame(&mut self.stream)?;
        let _ = self.kept.send(frame.clone());
        Some(frame)
    }

    /// The next whole message. Pings are answered; so is a Close, behind which there is none.
    pub fn message(&mut self) -> Option<Message> {
        let mut whole: Option<Message> = None;
        loop {
            let (first, payload) = self.frame()?;
            match first {
                PING => self.write(&raw::frame(PONG, &payload)),
                CLOSE => {
                    self.write(&raw::frame(CLOSE, &payload));
                    return None;
                }
                _ => {}
            }
            if let Some(message) = join(&mut whole, first, &payload) {
                return Some(message);
            }
        }
    }

    /// Writes one whole message.
    pub fn say(&mut self, text: bool, payload: &[u8]) {
        self.write(&raw::frame(if text { TEXT } else { BINARY }, payload));
    }

    /// Writes these bytes; whoever is gone is told by the next read.
    pub fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Does nothing come for that long?
    pub fn is_quiet_for(&mut self, span: Duration) -> bool {
        let before = self.stream.read_timeout().unwrap();
        self.stream.set_read_timeout(Some(span)).unwrap();
        let seen = self.stream.peek(&mut [0]);
        self.stream.set_read_timeout(before).unwrap();
        seen.is_err_and(|error| matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut))
    }

    /// Reads on until the client's Close is answered, then ends in order.
    pub fn listen(mut self) {
        while self.message().is_some() {}
        self.end();
    }

    /// Ends our direction of the stream.
    pub fn end(self) {
        raw::fin(self.stream);
    }

    /// Begins the closing handshake and ends in order.
    pub fn close(self, code: u16, reason: &str) {
        raw::close(self.stream, Some(code), reason);
    }

    /// Ends it with RST.
    pub fn reset(self) {
        raw::reset(self.stream);
    }
}

/// All frames of a connection, when it is over.
pub fn all(frames: &Receiver<Frame>) -> Vec<Frame> {
    let end = Instant::now() + LIMIT;
    let mut all = Vec::new();
    loop {
        match frames.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(frame) => all.push(frame),
            Err(RecvTimeoutError::Disconnected) => return all,
            Err(RecvTimeoutError::Timeout) => panic!("the connection does not end after {} frames", all.len()),
        }
    }
}

/// The whole messages among these frames.
pub fn messages(frames: &[Frame]) -> Vec<Message> {
    let mut whole = None;
    frames.iter().filter_map(|(first, payload)| join(&mut whole, *first, payload)).collect()
}

/// What the Close says, if there is one: two bytes of a code, then the reason.
pub fn close_of(frames: &[Frame]) -> Option<Vec<u8>> {
    frames.iter().find(|(first, _)| *first == CLOSE).map(|(_, payload)| payload.clone())
}

/// The body of a Close.
pub fn close_body(code: u16, reason: &str) -> Option<Vec<u8>> {
    Some([&code.to_be_bytes()[..], reason.as_bytes()].concat())
}

/// Text messages, as a server has them.
pub fn texts(texts: &[&str]) -> Vec<Message> {
    texts.iter().map(|text| (true, text.as_bytes().to_vec())).collect()
}

/// Adds a frame to the message under way; the message, when that is its last.
fn join(whole: &mut Option<Message>, first: u8, payload: &[u8]) -> Option<Message> {
    match first & 0x0f {
        opcode @ (1 | 2) => *whole = Some((opcode == 1, payload.to_vec())),
        0 => whole.as_mut().expect("a message was begun").1.extend_from_slice(payload),
        _ => return None,
    }
    if first & 0x80 == 0 { None } else { whole.take() }
}
