//! A peer that is a bare socket: each connection is given to a closure in a thread of its own, which says and does what
//! no library would. Owns the upgrade (RFC 6455 section 4.2.2), frames (5.2) and the ways to end TCP.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use wscope::wire::upgrade::accept_key;

pub const TEXT: u8 = 0x81;
pub const BINARY: u8 = 0x82;
pub const CLOSE: u8 = 0x88;
pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8a;

/// No peer waits longer for a client's byte.
const PATIENCE: Duration = Duration::from_secs(90);

/// A listening socket on a free loopback port. It listens until the test's process ends.
#[derive(Debug)]
pub struct RawPeer {
    pub address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl RawPeer {
    /// Gives each connection, with its number from 1 on, to `handle`.
    pub fn start(handle: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> RawPeer {
        RawPeer::on(TcpListener::bind("127.0.0.1:0").expect("a free port"), handle)
    }

    /// The same on a socket that listens already.
    pub fn on(listener: TcpListener, handle: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> RawPeer {
        let address = listener.local_addr().expect("it has an address");
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        let handle = Arc::new(handle);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                let _ = stream.set_read_timeout(Some(PATIENCE));
                let _ = stream.set_nodelay(true);
                let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
                let handle = Arc::clone(&handle);
                thread::spawn(move || handle(number, stream));
            }
        });
        RawPeer { address, accepted }
    }

    /// A peer that answers the upgrade, then goes on with `handle`.
    pub fn upgraded(handle: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> RawPeer {
        RawPeer::start(move |number, mut stream| {
            if upgrade(&mut stream).is_some() {
                handle(number, stream);
            }
        })
    }

    /// A peer that reads the request's head and answers with these bytes, then ends the stream.
    pub fn answering(answer: impl Into<Vec<u8>>) -> RawPeer {
        let answer = answer.into();
        RawPeer::start(move |_, mut stream| {
            if read_head(&mut stream).is_some() && stream.write_all(&answer).is_ok() {
                fin(stream);
            }
        })
    }

    /// Its URL without TLS.
    pub fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }

    /// How many connections it has taken so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// Reads a request's head and no byte more; none when the stream ends first.
pub fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// The value of a field in a head.
pub fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The bytes of the 101 for a request.
pub fn answer_to(head: &str) -> Vec<u8> {
    let accept = accept_key(field(head, "Sec-WebSocket-Key").unwrap_or_default());
    let fields = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade";
    format!("{fields}\r\nSec-WebSocket-Accept: {accept}\r\n\r\n").into_bytes()
}

/// Reads the request and answers it; the request's head.
pub fn upgrade(stream: &mut TcpStream) -> Option<String> {
    let head = read_head(stream)?;
    stream.write_all(&answer_to(&head)).ok()?;
    Some(head)
}

/// An unmasked frame; `first` is the byte with FIN and the opcode.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(first, payload.len() as u64);
    bytes.extend_from_slice(payload);
    bytes
}

/// The header of an unmasked frame.
pub fn header(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match length {
        0..=125 => bytes.push(length as u8),
        126..=0xffff => {
            bytes.push(126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(127);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
    }
    bytes
}

/// A Close frame with these bytes of a code and a reason.
pub fn close_frame(code: Option<u16>, reason: &str) -> Vec<u8> {
    let mut body = code.map(|code| code.to_be_bytes().to_vec()).unwrap_or_default();
    body.extend_from_slice(reason.as_bytes());
    frame(CLOSE, &body)
}

/// The next frame of a client: its first byte and its unmasked payload; none at the end.
pub fn read_frame(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut start = [0; 2];
    stream.read_exact(&mut start).ok()?;
    let length = match start[1] & 0x7f {
        126 => {
            let mut bytes = [0; 2];
            stream.read_exact(&mut bytes).ok()?;
            u64::from(u16::from_be_bytes(bytes))
        }
        127 => {
            let mut bytes = [0; 8];
            stream.read_exact(&mut bytes).ok()?;
            u64::from_be_bytes(bytes)
        }
        short => u64::from(short),
    };
    let mut mask = [0; 4];
    if start[1] & 0x80 != 0 {
        stream.read_exact(&mut mask).ok()?;
    }
    let mut payload = vec![0; usize::try_from(length).ok()?];
    stream.read_exact(&mut payload).ok()?;
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Some((start[0], payload))
}

/// Answers pings and the Close, as a server should, until the client is gone.
pub fn behave(mut stream: TcpStream) {
    while let Some((first, payload)) = read_frame(&mut stream) {
        let answer = match first {
            PING => frame(PONG, &payload),
            CLOSE => frame(CLOSE, &payload),
            _ => continue,
        };
        if stream.write_all(&answer).is_err() || first == CLOSE {
            break;
        }
    }
    fin(stream);
}

/// Begins the closing handshake, waits for the client's Close and ends the stream in order.
pub fn close(mut stream: TcpStream, code: Option<u16>, reason: &str) {
    if stream.write_all(&close_frame(code, reason)).is_err() {
        return;
    }
    while let Some((first, _)) = read_frame(&mut stream) {
        if first == CLOSE {
            break;
        }
    }
    fin(stream);
}

/// Ends our direction with FIN; the other one is read to its end, so that no reset follows.
pub fn fin(mut stream: TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    let _ = io::copy(&mut stream, &mut io::sink());
}

/// Ends the connection with RST.
pub fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("a TCP socket lingers");
}
