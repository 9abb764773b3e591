//! The wire tap: a passive stream between TLS and the filter. It forwards every call unchanged, but for pauses of reading,
//! and walks the bytes that passed, so that frames, masks, reserved bits and true Close codes are known whatever the
//! message engine makes of them. Owns the notes, the counters, the stream's first error in each direction, and how much
//! one pass of reading gives; judges nothing beyond a frame's legality.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::event::{Direction, Wanted};
use crate::fault::socket::idle::Passed;
use crate::moment::Moment;
use crate::net::clock::Clock;
use crate::net::spill::Spill;
use crate::watch::counters::{Counters, RING};
use crate::watch::life::{FrameNote, Role, Wire};
use crate::wire::close::CloseBody;
use crate::wire::header::{Header, Opcode, apply_mask};
use crate::wire::run;
use crate::wire::scan::{Piece, Scan};
use crate::wire::sequence::Sequence;

/// So many bytes of a frame that breaks a rule are kept, its header included.
const BAD_KEPT: usize = 64;

/// A stream whose bytes are watched.
#[derive(Debug)]
pub struct Tap<S> {
    io: S,
    clock: Clock,
    /// Bytes that came with the handshake's head; they are the first to be read.
    rest: Vec<u8>,
    spill: Spill,
    /// So many of the next bytes to go out are no frames, on purpose.
    opaque: usize,
    /// So many more bytes this pass of reading may give.
    allowance: usize,
    incoming: Lane,
    outgoing: Lane,
    notes: VecDeque<FrameNote>,
    read_end: Option<ReadEnd>,
    write_error: Option<io::Error>,
}

/// How reading ended.
#[derive(Debug)]
pub enum ReadEnd {
    Eof,
    Error(io::Error),
}

/// 5.5: a control frame carries no more.
const CONTROL_MAX: usize = 125;
/// Undrained notes beyond this stop the reading until they are drained.
const NOTES_MAX: usize = 4096;

impl<S> Tap<S> {
    /// Watches `io` from the first byte behind the opening handshake; `rest` is what came with its head.
    pub fn new(io: S, rest: Vec<u8>, role: Role, limit: u64, wanted: Wanted, preview: usize, clock: Clock) -> Tap<S> {
        let client = role == Role::Client;
        Tap {
            io,
            clock,
            rest,
            spill: Spill::default(),
            opaque: 0,
            allowance: usize::MAX,
            incoming: Lane::new(Direction::In, Sequence::new(!client, limit), wanted, preview),
            outgoing: Lane::new(Direction::Out, Sequence::new(client, u64::MAX), wanted, preview),
            notes: VecDeque::new(),
            read_end: None,
            write_error: None,
        }
    }

    /// The oldest note that nobody has taken. `delivered`: so many messages of the peer's were handed on. What came in one
    /// read is noted at once, and a Close must not be told before the messages that stand before it.
    pub fn note(&mut self, delivered: u64) -> Option<FrameNote> {
        if let Some(note) = self.notes.pop_front() {
            return Some(note);
        }
        if self.notes.capacity() > 0 {
            self.notes = VecDeque::new();
        }
        self.incoming.close.take_if(|_| self.incoming.messages_before_close <= delivered)
    }

    /// The next pass of reading gives about so many bytes at most, then others have their turn. The engine reads on
    /// while a message is not complete, and a message may never be.
    pub fn begin_pass(&mut self, bytes: usize) {
        self.allowance = bytes;
    }

    /// Bytes that arrived.
    pub fn bytes_in(&self) -> u64 {
        self.incoming.counters.bytes
    }

    /// Frames that arrived.
    pub fn frames_in(&self) -> u64 {
        self.incoming.counters.frames
    }

    /// The next so many bytes that go out are no frames: they are counted and not read.
    pub fn pass_unread(&mut self, count: usize) {
        self.opaque += count;
    }

    /// What has passed so far.
    pub fn passed(&self) -> Passed {
        let (incoming, outgoing) = (&self.incoming.counters, &self.outgoing.counters);
        Passed {
            frames_in: incoming.frames,
            bytes_in: incoming.bytes,
            bytes_out: outgoing.bytes,
            data_in: incoming.data,
            data_out: outgoing.data,
        }
    }

    /// From now on this is wanted of frames, and so much of their payload.
    pub fn want(&mut self, frames: bool, preview: usize) {
        for lane in [&mut self.incoming, &mut self.outgoing] {
            (lane.frames_wanted, lane.preview) = (frames, preview);
        }
    }

    /// How reading ended, if it has.
    pub fn read_end(&self) -> Option<&ReadEnd> {
        self.read_end.as_ref()
    }

    /// The first error of writing.
    pub fn write_error(&self) -> Option<&io::Error> {
        self.write_error.as_ref()
    }

    /// The stream below.
    pub fn io(&self) -> &S {
        &self.io
    }

    /// The whole account at `now`.
    pub fn account(&self, now: Moment) -> Wire {
        let (incoming, outgoing) = (&self.incoming, &self.outgoing);
        let mut frames: Vec<_> = incoming.counters.last_frames(Direction::In, now).collect();
        frames.extend(outgoing.counters.last_frames(Direction::Out, now));
        frames.sort_by_key(|(at, _)| *at);
        Wire {
            bytes_in: incoming.counters.bytes,
            bytes_out: outgoing.counters.bytes,
            last_in: incoming.last_before_close(),
            last_out: outgoing.last_before_close(),
            messages_in: incoming.counters.messages,
            messages_out: outgoing.counters.messages,
            sent_last: outgoing.counters.last_message,
            sent_largest: outgoing.counters.largest_with(outgoing.header),
            bad_bytes: incoming.bad.clone(),
            mid_frame: if incoming.broken { None } else { incoming.scan.inside() },
            mid_message: incoming.sequence.inside_message(),
            last_frames: frames.into_iter().map(|(_, brief)| brief).collect(),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let tap = &mut *self;
        if tap.notes.len() >= NOTES_MAX || tap.allowance == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if !tap.spill.is_empty() {
            tap.spill.take(buf);
            return Poll::Ready(Ok(()));
        }
        if !tap.rest.is_empty() {
            let take = tap.rest.len().min(buf.remaining());
            tap.incoming.observe(&tap.rest[..take], tap.clock.now(), &mut tap.notes);
            buf.put_slice(&tap.rest[..take]);
            tap.rest.drain(..take);
            return Poll::Ready(Ok(()));
        }
        let Tap { io, clock, spill, allowance, incoming, notes, .. } = tap;
        let before = buf.filled().len();
        let polled = spill.read(io, cx, buf, |fresh| incoming.observe(fresh, clock.now(), notes));
        if let Err(error) = std::task::ready!(polled) {
            let kept = io::Error::new(error.kind(), error.to_string());
            tap.read_end.get_or_insert(ReadEnd::Error(error));
            return Poll::Ready(Err(kept));
        }
        if buf.filled().len() == before && buf.remaining() > 0 {
            tap.read_end.get_or_insert(ReadEnd::Eof);
        }
        *allowance = allowance.saturating_sub(buf.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let tap = &mut *self;
        match std::task::ready!(Pin::new(&mut tap.io).poll_write(cx, buf)) {
            Ok(accepted) => {
                let unread = tap.opaque.min(accepted);
                tap.opaque -= unread;
                let now = tap.clock.now();
                // Of none, the count would still move the moment of the last byte, which the silence before a Close needs.
                if unread > 0 {
                    tap.outgoing.counters.bytes(now, unread);
                }
                tap.outgoing.observe(&buf[unread..accepted], now, &mut tap.notes);
                Poll::Ready(Ok(accepted))
            }
            Err(error) => Poll::Ready(Err(tap.write_failed(error))),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let tap = &mut *self;
        let flushed = std::task::ready!(Pin::new(&mut tap.io).poll_flush(cx));
        Poll::Ready(flushed.map_err(|error| tap.write_failed(error)))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<S> Tap<S> {
    /// Keeps the first error whole, and passes one of the same kind on.
    fn write_failed(&mut self, error: io::Error) -> io::Error {
        let passed = io::Error::new(error.kind(), error.to_string());
        self.write_error.get_or_insert(error);
        passed
    }
}

/// One direction.
#[derive(Debug)]
struct Lane {
    direction: Direction,
    scan: Scan,
    sequence: Sequence,
    counters: Counters,
    /// The frame under way, when its first byte came, and the head of its payload that is kept.
    header: Option<Header>,
    first_at: Moment,
    payload: Vec<u8>,
    /// When the first byte of a header came that is not complete.
    header_began: Option<Moment>,
    /// The last byte of an earlier read or write, and whether this one has completed a frame.
    previous_at: Option<Moment>,
    completed: bool,
    /// The last byte before the first Close frame: the silence that a Close ends is not its own.
    before_close: Option<Option<Moment>>,
    /// The peer's first Close, until the messages before it are handed on, and how many these are.
    close: Option<FrameNote>,
    close_seen: bool,
    messages_before_close: u64,
    frames_wanted: bool,
    preview: usize,
    /// A rule was broken: what follows has no frames.
    broken: bool,
    /// The first bytes of the frame that broke it, its header included.
    bad: Vec<u8>,
}

impl Lane {
    fn new(direction: Direction, sequence: Sequence, wanted: Wanted, preview: usize) -> Lane {
        Lane {
            direction,
            scan: Scan::default(),
            sequence,
            counters: Counters::default(),
            header: None,
            first_at: Moment::START,
            payload: Vec::new(),
            header_began: None,
            previous_at: None,
            completed: false,
            before_close: None,
            close: None,
            close_seen: false,
            messages_before_close: 0,
            frames_wanted: wanted.frames,
            preview,
            broken: false,
            bad: Vec::new(),
        }
    }

    fn observe(&mut self, bytes: &[u8], at: Moment, notes: &mut VecDeque<FrameNote>) {
        (self.previous_at, self.completed) = (self.counters.last_at, false);
        self.counters.bytes(at, bytes.len());
        if self.broken {
            return;
        }
        let (mut scan, mut bytes) = (std::mem::take(&mut self.scan), bytes);
        while !bytes.is_empty() && !self.broken {
            if scan.inside().is_none() {
                bytes = &bytes[self.run_over(bytes, at)..];
            }
            bytes = scan.step(bytes, |piece| match piece {
                Piece::Start(header) => self.start(header, at, notes),
                Piece::Data { offset, bytes } => self.data(offset, bytes),
                Piece::End => self.end(at, notes),
            });
        }
        if self.broken {
            self.keep_bad(bytes);
        }
        self.scan = scan;
        // Only a header under way counts as none of none.
        if self.scan.inside() == Some((0, 0)) {
            self.header_began.get_or_insert(at);
        }
    }

    /// Counts the ordinary messages at the front, where nobody wants to see frames; how many bytes they are. A stream of
    /// small messages is mostly this: only the last headers are looked at twice, for the ring.
    fn run_over(&mut self, bytes: &[u8], at: Moment) -> usize {
        if self.frames_wanted || self.sequence.inside_message() {
            return 0;
        }
        let (mut count, mut begins) = (0, [0; RING]);
        let end = run::ordinary(bytes, self.sequence.masked(), self.sequence.limit(), |begin| {
            begins[count % RING] = begin;
            count += 1;
        });
        let kept = count.min(RING);
        self.counters.messages_unseen((count - kept) as u64);
        for index in count - kept..count {
            if let Some((header, _)) = Header::parse(&bytes[begins[index % RING]..]) {
                self.counters.frame(at, header);
            }
        }
        self.completed |= count > 0;
        end
    }

    fn last_before_close(&self) -> Option<Moment> {
        self.before_close.unwrap_or(self.counters.last_at)
    }

    fn start(&mut self, header: Header, at: Moment, notes: &mut VecDeque<FrameNote>) {
        let first_at = self.header_began.take().unwrap_or(at);
        if header.opcode == Opcode::Close && self.before_close.is_none() {
            self.before_close = Some(if self.completed { Some(at) } else { self.previous_at });
            self.messages_before_close = self.counters.messages;
        }
        let breach = self.sequence.next(&header);
        if breach.is_some() {
            // What we break on purpose goes on in frames of our own.
            self.broken = self.direction == Direction::In;
            if self.broken {
                self.bad.clear();
                header.encode(&mut self.bad);
            }
            let (direction, payload) = (self.direction, Vec::new());
            notes.push_back(FrameNote { direction, header, first_at, last_at: at, payload, breach });
            return;
        }
        (self.header, self.first_at) = (Some(header), first_at);
    }

    fn keep_bad(&mut self, bytes: &[u8]) {
        let room = BAD_KEPT.saturating_sub(self.bad.len()).min(bytes.len());
        self.bad.extend_from_slice(&bytes[..room]);
    }

    fn data(&mut self, offset: u64, bytes: &[u8]) {
        if self.broken {
            return self.keep_bad(bytes);
        }
        let Some(header) = self.header else { return };
        let keep = if header.opcode.is_control() { CONTROL_MAX } else { self.preview };
        let from = self.payload.len();
        let room = keep.saturating_sub(from).min(bytes.len());
        if room == 0 {
            return;
        }
        self.payload.extend_from_slice(&bytes[..room]);
        if let Some(key) = header.mask {
            apply_mask(&mut self.payload[from..], key, offset);
        }
    }

    fn end(&mut self, at: Moment, notes: &mut VecDeque<FrameNote>) {
        let Some(header) = self.header.take() else { return };
        self.completed = true;
        self.counters.frame(at, header);
        if self.frames_wanted || header.opcode.is_control() {
            let (direction, first_at) = (self.direction, self.first_at);
            let payload = std::mem::take(&mut self.payload);
            let note = FrameNote { direction, header, first_at, last_at: at, payload, breach: None };
            let is_peers_close = header.opcode == Opcode::Close && direction == Direction::In;
            if is_peers_close && !self.close_seen {
                // A masked one is a client's, whose bytes are not kept as they came.
                if header.mask.is_none() && CloseBody::parse(&note.payload).1.is_some() {
                    header.encode(&mut self.bad);
                    self.keep_bad(&note.payload);
                }
                (self.close, self.close_seen) = (Some(note), true);
                return;
            }
            notes.push_back(note);
        } else {
            self.payload.clear();
        }
    }
}

#[cfg(test)]
mod tests;
