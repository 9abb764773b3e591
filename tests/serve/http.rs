//! HTTP by hand: one request a connection (RFC 9112), an answer read whole or line by line, and server-sent events.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::client;
use crate::support::raw::{field, read_head};

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// An answer whose body is still coming.
#[derive(Debug)]
pub struct Coming {
    pub status: u16,
    pub head: String,
    reader: BufReader<TcpStream>,
    length: Length,
    came: VecDeque<u8>,
}

#[derive(Debug)]
enum Length {
    Bytes(u64),
    Chunked,
    ToTheEnd,
}

/// A server-sent event.
#[derive(Debug, Default)]
pub struct Sent {
    pub name: String,
    pub id: String,
    pub data: String,
}

/// GET, and the whole answer. `fields` may hold a `Host` of their own.
pub fn get(address: &str, target: &str, fields: &[&str]) -> Answer {
    let mut coming = begin(address, target, fields);
    while coming.more() {}
    let body = String::from_utf8(coming.came.into_iter().collect()).unwrap();
    Answer { status: coming.status, head: coming.head, body }
}

/// GET, and the answer's head.
pub fn begin(address: &str, target: &str, fields: &[&str]) -> Coming {
    let mut stream = client::connect(address);
    let mut request = format!("GET {target} HTTP/1.1\r\nConnection: close\r\n");
    if !fields.iter().any(|field| field.starts_with("Host:")) {
        request.push_str(&format!("Host: {address}\r\n"));
    }
    for field in fields {
        request.push_str(&format!("{field}\r\n"));
    }
    stream.write_all(format!("{request}\r\n").as_bytes()).unwrap();
    let head = read_head(&mut stream).unwrap_or_else(|| panic!("no answer to {target} {fields:?}"));
    let length = match (field(&head, "Transfer-Encoding"), field(&head, "Content-Length")) {
        (Some(_), _) => Length::Chunked,
        (None, Some(length)) => Length::Bytes(length.parse().unwrap()),
        (None, None) => Length::ToTheEnd,
    };
    let (status, reader) = (client::status(&head), BufReader::new(stream));
    Coming { status, head, reader, length, came: VecDeque::new() }
}

impl Coming {
    /// The next line without its end; none at the end of the body.
    pub fn line(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.came.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.came.drain(..=at).collect();
                return Some(String::from_utf8(line).unwrap().trim_end().to_owned());
            }
            if !self.more() {
                return None;
            }
        }
    }

    /// The next server-sent event; comments are passed over.
    pub fn event(&mut self) -> Sent {
        let mut sent = Sent::default();
        loop {
            let line = self.line().expect("the stream of events goes on");
            let (name, value) = line.split_once(':').unwrap_or((line.as_str(), ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "event" => sent.name = value.to_owned(),
                "id" => sent.id = value.to_owned(),
                "data" => sent.data.push_str(value),
                "" if line.is_empty() && !sent.data.is_empty() => return sent,
                _ => {}
            }
        }
    }

    /// Reads some more of the body; false at its end.
    fn more(&mut self) -> bool {
        let piece = match self.length {
            Length::Bytes(0) => return false,
            Length::Bytes(left) => {
                let mut piece = vec![0; left.min(4096) as usize];
                let count = self.reader.read(&mut piece).unwrap();
                piece.truncate(count);
                self.length = Length::Bytes(left - count as u64);
                piece
            }
            Length::Chunked => self.chunk(),
            Length::ToTheEnd => {
                let mut piece = vec![0; 4096];
                let count = self.reader.read(&mut piece).unwrap();
                piece.truncate(count);
                piece
            }
        };
        self.came.extend(&piece);
        !piece.is_empty()
    }

    /// RFC 9112 section 7.1.
    fn chunk(&mut self) -> Vec<u8> {
        let mut size = String::new();
        self.reader.read_line(&mut size).unwrap();
        let length = usize::from_str_radix(size.trim(), 16).unwrap_or_else(|error| panic!("{error}: {size:?}"));
        let mut piece = vec![0; length + 2];
        self.reader.read_exact(&mut piece).unwrap();
        assert_eq!(piece.split_off(length), b"\r\n");
        piece
    }
}
