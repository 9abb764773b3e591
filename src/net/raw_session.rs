//! An upgraded connection without a message engine, for examinations: any frame out, legal or not, and the peer's
//! frames in, each wait bounded (RFC 6455 section 5). Owns the reading while it writes, and the pongs to the peer's
//! pings; frames are cut by `wire::scan`, judged by `wire::sequence`, and what they mean is the caller's.

use std::collections::VecDeque;
use std::pin::pin;

use rand::Rng;
use rand::rngs::StdRng;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::moment::{Moment, Span};
use crate::net::clock::Clock;
use crate::net::cut::classify_error;
use crate::watch::liveness::Cut;
use crate::wire::close::CloseBody;
use crate::wire::header::{Header, Opcode, apply_mask, frame_bytes};
use crate::wire::scan::{Piece, Scan};
use crate::wire::sequence::{Breach, Sequence};

/// So much of a frame's payload is kept.
const KEEP: usize = 4096;
/// So many frames wait to be looked at; more are only counted.
const FRAMES_MAX: usize = 4096;
/// A frame of ours must be with the kernel within this time.
const WRITE_WAIT: Span = Span::from_secs(5);

/// A whole frame of the peer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub header: Header,
    /// Unmasked; its first 4 KiB.
    pub payload: Vec<u8>,
    /// When its last byte was here.
    pub at: Moment,
}

/// What became of a frame of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    Whole,
    /// The peer ended the connection before all was written.
    Cut,
    /// The peer, or the path, took nothing for too long.
    Stuck,
}

/// The connection.
pub struct RawSession<S> {
    stream: S,
    inbox: Inbox,
    keys: StdRng,
    clock: Clock,
}

/// What came so far.
#[derive(Debug)]
struct Inbox {
    scan: Scan,
    sequence: Sequence,
    current: Option<Frame>,
    frames: VecDeque<Frame>,
    count: u64,
    breach: Option<Breach>,
    end: Option<Cut>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> RawSession<S> {
    /// Behind a good 101; `rest` came with it.
    pub fn new(stream: S, rest: &[u8], clock: Clock) -> RawSession<S> {
        let mut inbox = Inbox {
            scan: Scan::default(),
            sequence: Sequence::new(false, u64::MAX),
            current: None,
            frames: VecDeque::new(),
            count: 0,
            breach: None,
            end: None,
        };
        inbox.push(rest, clock.now());
        RawSession { stream, inbox, keys: rand::make_rng(), clock }
    }

    /// Sends a legal frame: final, masked.
    pub async fn send(&mut self, opcode: Opcode, payload: &[u8]) -> Wrote {
        let mask = Some(self.key());
        self.send_as(Header::new(opcode, 0, mask), payload).await
    }

    /// Sends a Close frame.
    pub async fn close(&mut self, body: &CloseBody) -> Wrote {
        self.send(Opcode::Close, &body.bytes()).await
    }

    /// Sends a frame with this header, whatever it says.
    pub async fn send_as(&mut self, header: Header, payload: &[u8]) -> Wrote {
        self.write(&frame_bytes(header, payload)).await
    }

    /// A fresh mask key.
    pub fn key(&mut self) -> [u8; 4] {
        let mut key = [0; 4];
        self.keys.fill_bytes(&mut key);
        key
    }

    /// The next frame that is no ping. None: the wait or the connection is over, see [`RawSession::end`].
    pub async fn next(&mut self, wait: Span) -> Option<Frame> {
        let until = self.clock.now().after(wait);
        loop {
            if let Some(frame) = self.inbox.frames.pop_front() {
                if frame.header.opcode != Opcode::Ping {
                    return Some(frame);
                }
                self.send(Opcode::Pong, &frame.payload).await;
                continue;
            }
            if self.inbox.end.is_some() || !self.read(until).await {
                return None;
            }
        }
    }

    /// How the peer ended the connection.
    pub fn end(&self) -> Option<Cut> {
        self.inbox.end
    }

    /// The first rule that a frame of the peer's broke.
    pub fn breach(&self) -> Option<Breach> {
        self.inbox.breach
    }

    /// How many whole frames came.
    pub fn count(&self) -> u64 {
        self.inbox.count
    }

    /// Reads once; false when the time is over.
    async fn read(&mut self, until: Moment) -> bool {
        let mut chunk = vec![0; 16 * 1024];
        let reading = self.stream.read(&mut chunk);
        let Ok(read) = tokio::time::timeout_at(self.clock.instant(until), reading).await else { return false };
        self.inbox.take(read.map(|count| &chunk[..count]), self.clock.now());
        true
    }

    /// Reads meanwhile: a peer that does not want it all says so before it is all written.
    async fn write(&mut self, bytes: &[u8]) -> Wrote {
        let RawSession { stream, inbox, clock, .. } = self;
        let (mut reader, mut writer) = tokio::io::split(stream);
        let until = clock.instant(clock.now().after(WRITE_WAIT));
        let mut writing = pin!(async move {
            writer.write_all(bytes).await?;
            writer.flush().await
        });
        let mut chunk = vec![0; 16 * 1024];
        loop {
            tokio::select! {
                done = writing.as_mut() => return if done.is_ok() { Wrote::Whole } else { Wrote::Cut },
                read = reader.read(&mut chunk), if inbox.end.is_none() => {
                    inbox.take(read.map(|count| &chunk[..count]), clock.now());
                    if inbox.end.is_some() {
                        return Wrote::Cut;
                    }
                }
                () = tokio::time::sleep_until(until) => return Wrote::Stuck,
            }
        }
    }
}

impl Inbox {
    fn take(&mut self, read: std::io::Result<&[u8]>, at: Moment) {
        match read {
            Ok([]) => self.end = Some(Cut::Eof),
            Ok(bytes) => self.push(bytes, at),
            Err(error) => self.end = Some(classify_error(&error)),
        }
    }

    fn push(&mut self, bytes: &[u8], at: Moment) {
        let Inbox { scan, sequence, current, frames, count, breach, .. } = self;
        scan.push(bytes, |piece| match piece {
            Piece::Start(header) => {
                let broken = sequence.next(&header);
                *breach = breach.or(broken);
                *current = Some(Frame { header, payload: Vec::new(), at });
            }
            Piece::Data { offset, bytes } => {
                if let Some(frame) = current.as_mut() {
                    frame.keep(offset, bytes);
                }
            }
            Piece::End => {
                *count += 1;
                let whole = current.take().map(|frame| Frame { at, ..frame });
                if frames.len() < FRAMES_MAX {
                    frames.extend(whole);
                }
            }
        });
    }
}

impl Frame {
    fn keep(&mut self, offset: u64, bytes: &[u8]) {
        let start = self.payload.len();
        let room = KEEP.saturating_sub(start);
        self.payload.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if let Some(key) = self.header.mask {
            apply_mask(&mut self.payload[start..], key, offset);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const WAIT: Span = Span::from_secs(5);

    #[tokio::test]
    async fn what_came_with_the_head_is_the_first_frame() {
        let (ours, _theirs) = tokio::io::duplex(1024);
        let mut session = RawSession::new(ours, b"\x81\x02hi", Clock::start());
        let frame = session.next(WAIT).await.unwrap();
        assert_eq!((frame.header.opcode, frame.payload.as_slice()), (Opcode::Text, b"hi".as_slice()));
        assert_eq!((session.count(), session.breach()), (1, None));
    }

    #[tokio::test]
    async fn a_ping_of_the_peers_is_answered_and_not_shown() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let mut session = RawSession::new(ours, b"\x89\x01p\x8a\x00", Clock::start());
        assert_eq!(session.next(WAIT).await.unwrap().header.opcode, Opcode::Pong);
        let mut pong = [0; 7];
        theirs.read_exact(&mut pong).await.unwrap();
        assert_eq!((pong[0], pong[1], pong[6] ^ pong[2]), (0x8a, 0x81, b'p'));
    }

    #[tokio::test]
    async fn a_frame_larger_than_the_pipe_is_written_while_its_echo_is_read() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let mut session = RawSession::new(ours, b"", Clock::start());
        let echo = async move {
            theirs.write_all(&frame_bytes(Header::new(Opcode::Text, 0, None), &[b'b'; 9000])).await.unwrap();
            let mut all = vec![0; 9000 + 8];
            theirs.read_exact(&mut all).await.unwrap();
            theirs
        };
        let (wrote, theirs) = tokio::join!(session.send(Opcode::Text, &[b'a'; 9000]), echo);
        assert_eq!(wrote, Wrote::Whole);
        let frame = session.next(WAIT).await.unwrap();
        assert_eq!((frame.header.len, frame.payload.len()), (9000, KEEP));
        drop(theirs);
        assert_eq!((session.next(WAIT).await, session.end()), (None, Some(Cut::Eof)));
    }

    #[tokio::test]
    async fn reserved_bits_are_remembered() {
        let (ours, _theirs) = tokio::io::duplex(1024);
        let session = RawSession::new(ours, b"\xc1\x02hi", Clock::start());
        assert_eq!(session.breach(), Some(Breach::ReservedBits(4)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_and_the_connection_does_not() {
        let (ours, _theirs) = tokio::io::duplex(1024);
        let mut session = RawSession::new(ours, b"", Clock::start());
        assert_eq!((session.next(WAIT).await, session.end()), (None, None));
    }
}
