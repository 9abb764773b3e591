//! A client that is a bare socket: it says what a test wants, byte for byte. Owns the request (RFC 6455 section 4.1) and
//! masked frames (5.3).

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::support::raw::{self, CLOSE, PING, PONG, TEXT};

/// No client waits longer for a byte, or to write one.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A client of an open connection.
#[derive(Debug)]
pub struct Client {
    pub stream: TcpStream,
    /// The head of the 101.
    pub head: String,
}

/// A Close frame that came: its code and its reason.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed {
    pub code: Option<u16>,
    pub reason: String,
}

/// A TCP connection whose reads and writes end in time.
pub fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// The request for an upgrade, with more fields.
pub fn request(host: &str, target: &str, fields: &[&str]) -> String {
    let mut head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
    head.push_str("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    for field in fields {
        head.push_str(field);
        head.push_str("\r\n");
    }
    head + "\r\n"
}

/// Asks for an upgrade: the answer's status and head, and the connection.
pub fn upgrade(address: &str, target: &str, fields: &[&str]) -> (u16, String, TcpStream) {
    let mut stream = connect(address);
    stream.write_all(request(address, target, fields).as_bytes()).unwrap();
    let head = raw::read_head(&mut stream).unwrap_or_else(|| panic!("no answer to {target} {fields:?}"));
    (status(&head), head, stream)
}

/// The number in a status line.
pub fn status(head: &str) -> u16 {
    let number = head.split(' ').nth(1).and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("no status line: {head}"))
}

/// A masked frame; `first` is the byte with FIN and the opcode.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = raw::header(first, payload.len() as u64);
    bytes[1] |= 0x80;
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

impl Client {
    /// Opens a connection.
    pub fn open(address: &str, target: &str) -> Client {
        Client::with(address, target, &[])
    }

    /// The same with more fields in the request.
    pub fn with(address: &str, target: &str, fields: &[&str]) -> Client {
        let (status, head, stream) = upgrade(address, target, fields);
        assert_eq!(status, 101, "{target} {fields:?}: {head}");
        Client { stream, head }
    }

    /// Writes one frame.
    pub fn send(&mut self, first: u8, payload: &[u8]) {
        self.stream.write_all(&masked(first, payload)).unwrap();
    }

    /// The next frame; none at the end, or when the stream fails.
    pub fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        raw::read_frame(&mut self.stream)
    }

    /// The next text message; pings on the way are answered.
    pub fn text(&mut self) -> String {
        loop {
            let (first, payload) = self.frame().expect("a message comes");
            match first {
                TEXT => return String::from_utf8(payload).unwrap(),
                PING => self.send(PONG, &payload),
                PONG => {}
                other => panic!("a frame {other:#x} {payload:?} in place of a text message"),
            }
        }
    }

    /// Sends a text message and waits until it comes back.
    pub fn echo(&mut self, text: &str) {
        self.send(TEXT, text.as_bytes());
        assert_eq!(self.text(), text);
    }

    /// Reads until a Close frame. Nothing is answered.
    pub fn closed(&mut self) -> Closed {
        loop {
            let (first, payload) = self.frame().expect("a Close frame comes");
            if first == CLOSE {
                let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                let reason = String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned();
                return Closed { code, reason };
            }
        }
    }

    /// Closes in order and waits for the end of the stream.
    pub fn close(mut self, code: u16) {
        self.send(CLOSE, &code.to_be_bytes());
        self.closed();
        self.end();
    }

    /// Reads to the end of the stream, which must come in time.
    pub fn end(mut self) {
        assert_ended(&mut self.stream);
    }
}

/// Reads to the end of the stream: FIN or RST, but no wait without end.
pub fn assert_ended(stream: &mut TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    let mut rest = [0; 4096];
    loop {
        match stream.read(&mut rest) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                let waited = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
                assert!(!waited, "the server does not end the stream");
                return;
            }
        }
    }
}
