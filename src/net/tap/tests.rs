//! The tap over scripted streams: it changes no byte, and it sees the same frames however the bytes are cut.

#![allow(clippy::unwrap_used)]

use std::task::Waker;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::moment::Span;
use crate::net::spill::AHEAD;
use crate::wire::header::{Opcode, frame_bytes};
use crate::wire::sequence::Breach;

const PREVIEW: usize = 16;
const LIMIT: u64 = 1 << 20;
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// One turn of a scripted stream.
#[derive(Clone, Debug)]
enum Turn {
    /// Reading: these bytes. An empty script is the end of the stream.
    Bytes(Vec<u8>),
    /// Writing: so many bytes are taken. An empty script takes all.
    Take(usize),
    Pending,
    Fail(io::ErrorKind),
}

/// A stream that does as written, and keeps what it was given.
#[derive(Debug, Default)]
struct Script {
    reads: VecDeque<Turn>,
    writes: VecDeque<Turn>,
    written: Vec<u8>,
}

impl AsyncRead for Script {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.reads.pop_front() {
            None => Poll::Ready(Ok(())),
            Some(Turn::Fail(kind)) => Poll::Ready(Err(kind.into())),
            Some(Turn::Pending | Turn::Take(_)) => Poll::Pending,
            Some(Turn::Bytes(mut bytes)) => {
                let later = bytes.split_off(bytes.len().min(buf.remaining()));
                buf.put_slice(&bytes);
                if !later.is_empty() {
                    self.reads.push_front(Turn::Bytes(later));
                }
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl AsyncWrite for Script {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let taken = match self.writes.pop_front() {
            None | Some(Turn::Bytes(_)) => buf.len(),
            Some(Turn::Take(most)) => most.min(buf.len()),
            Some(Turn::Pending) => return Poll::Pending,
            Some(Turn::Fail(kind)) => return Poll::Ready(Err(kind.into())),
        };
        self.written.extend_from_slice(&buf[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A note without its times.
type Seen = (Direction, Header, Vec<u8>, Option<Breach>);

fn tap(script: Script, rest: &[u8], role: Role) -> Tap<Script> {
    let wanted = Wanted { frames: true, ..Wanted::default() };
    Tap::new(script, rest.to_vec(), role, LIMIT, wanted, PREVIEW, Clock::start())
}

fn reading(turns: impl IntoIterator<Item = Turn>) -> Script {
    Script { reads: turns.into_iter().collect(), ..Script::default() }
}

fn writing(turns: impl IntoIterator<Item = Turn>) -> Script {
    Script { writes: turns.into_iter().collect(), ..Script::default() }
}

fn bytes(bytes: &[u8]) -> Turn {
    Turn::Bytes(bytes.to_vec())
}

fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// One read into a buffer of `size` bytes.
fn read(tap: &mut Tap<Script>, size: usize) -> Poll<io::Result<Vec<u8>>> {
    let mut space = vec![0; size];
    let mut buf = ReadBuf::new(&mut space);
    let polled = Pin::new(tap).poll_read(&mut context(), &mut buf);
    polled.map_ok(|()| buf.filled().to_vec())
}

/// One read that must give bytes; empty at the end of the stream.
fn read_now(tap: &mut Tap<Script>, size: usize) -> Vec<u8> {
    let Poll::Ready(Ok(bytes)) = read(tap, size) else { panic!("no bytes") };
    bytes
}

/// Reads to the end of the stream, with buffers of these sizes in turn.
fn read_all(tap: &mut Tap<Script>, sizes: &[usize]) -> Vec<u8> {
    let mut all = Vec::new();
    for size in sizes.iter().cycle() {
        match read(tap, *size) {
            Poll::Pending => {}
            Poll::Ready(Ok(bytes)) if bytes.is_empty() => break,
            Poll::Ready(Ok(bytes)) => all.extend(bytes),
            Poll::Ready(Err(error)) => panic!("{error}"),
        }
    }
    all
}

fn write(tap: &mut Tap<Script>, bytes: &[u8]) -> Poll<io::Result<usize>> {
    Pin::new(tap).poll_write(&mut context(), bytes)
}

fn write_all(tap: &mut Tap<Script>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match write(tap, bytes) {
            Poll::Pending => {}
            Poll::Ready(taken) => bytes = &bytes[taken.unwrap()..],
        }
    }
}

fn seen(tap: &mut Tap<Script>) -> Vec<Seen> {
    let notes = std::iter::from_fn(|| tap.note(u64::MAX));
    notes.map(|note| (note.direction, note.header, note.payload, note.breach)).collect()
}

/// What a frame's note holds of its payload.
fn kept(header: &Header, payload: &[u8]) -> Vec<u8> {
    let most = if header.opcode.is_control() { 125 } else { PREVIEW };
    payload[..payload.len().min(most)].to_vec()
}

/// Cuts a stream into turns; a cut of nothing is a turn without news.
fn cut(mut stream: &[u8], sizes: &[usize]) -> Vec<Turn> {
    let mut turns = Vec::new();
    for size in sizes {
        let (now, later) = stream.split_at((*size).min(stream.len()));
        turns.push(if now.is_empty() { Turn::Pending } else { bytes(now) });
        stream = later;
    }
    turns.extend((!stream.is_empty()).then(|| bytes(stream)));
    turns
}

/// Legal frames in a legal order: whole messages, control frames, and messages in two parts around a ping.
fn legal(parts: &[(u8, [u8; 4], Vec<u8>)], masked: bool) -> Vec<(Header, Vec<u8>)> {
    let mut frames = Vec::new();
    for (kind, key, payload) in parts {
        let mut push = |opcode, fin, payload: &[u8]| {
            let header = Header::new(opcode, payload.len() as u64, masked.then_some(*key));
            frames.push((Header { fin, ..header }, payload.to_vec()));
        };
        let short = &payload[..payload.len().min(125)];
        match kind {
            0 => push(Opcode::Text, true, payload),
            1 => push(Opcode::Binary, true, payload),
            2 => push(Opcode::Ping, true, short),
            3 => push(Opcode::Pong, true, short),
            _ => {
                let (first, second) = payload.split_at(payload.len() / 2);
                push(Opcode::Text, false, first);
                push(Opcode::Ping, true, short);
                push(Opcode::Continuation, true, second);
            }
        }
    }
    frames
}

fn stream_of(frames: &[(Header, Vec<u8>)]) -> Vec<u8> {
    frames.iter().flat_map(|(header, payload)| frame_bytes(*header, payload)).collect()
}

fn expected(frames: &[(Header, Vec<u8>)], direction: Direction) -> Vec<Seen> {
    frames.iter().map(|(header, payload)| (direction, *header, kept(header, payload), None)).collect()
}

fn messages(frames: &[(Header, Vec<u8>)]) -> u64 {
    frames.iter().filter(|(header, _)| header.fin && !header.opcode.is_control()).count() as u64
}

fn parts() -> impl Strategy<Value = Vec<(u8, [u8; 4], Vec<u8>)>> {
    prop::collection::vec((0u8..5, any::<[u8; 4]>(), prop::collection::vec(any::<u8>(), 0..300)), 0..8)
}

fn sizes(least: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(least..80, 1..20)
}

proptest! {
    #[test]
    fn what_is_read_is_unchanged_and_every_frame_is_seen(
        parts in parts(), client: bool, cuts in sizes(0), buffers in sizes(1), came_early in 0usize..200,
    ) {
        let role = if client { Role::Client } else { Role::Server };
        let frames = legal(&parts, !client);
        let stream = stream_of(&frames);
        let (rest, later) = stream.split_at(came_early.min(stream.len()));
        let mut tap = tap(reading(cut(later, &cuts)), rest, role);
        prop_assert_eq!(&read_all(&mut tap, &buffers), &stream);
        prop_assert_eq!(seen(&mut tap), expected(&frames, Direction::In));
        prop_assert_eq!((tap.bytes_in(), tap.frames_in()), (stream.len() as u64, frames.len() as u64));
        let account = tap.account(Moment::START);
        prop_assert_eq!(account.messages_in, messages(&frames));
        prop_assert_eq!((account.mid_frame, account.mid_message), (None, false));
    }

    #[test]
    fn what_is_written_is_unchanged_and_every_frame_is_seen_unmasked(
        parts in parts(), client: bool, takes in sizes(1), pauses in prop::collection::vec(any::<bool>(), 20),
    ) {
        let role = if client { Role::Client } else { Role::Server };
        let frames = legal(&parts, client);
        let stream = stream_of(&frames);
        let turn = |(take, pause): (&usize, &bool)| if *pause { Turn::Pending } else { Turn::Take(*take) };
        let turns = takes.iter().zip(&pauses).map(turn);
        let mut tap = tap(writing(turns), b"", role);
        write_all(&mut tap, &stream);
        prop_assert_eq!(&tap.io().written, &stream);
        prop_assert_eq!(seen(&mut tap), expected(&frames, Direction::Out));
        let account = tap.account(Moment::START);
        prop_assert_eq!((account.bytes_out, account.messages_out), (stream.len() as u64, messages(&frames)));
    }

    #[test]
    fn of_any_bytes_the_same_is_seen_however_they_are_cut(
        stream in prop::collection::vec(any::<u8>(), 0..600), client: bool, cuts in sizes(0), buffers in sizes(1),
    ) {
        let role = if client { Role::Client } else { Role::Server };
        let mut pieces = tap(reading(cut(&stream, &cuts)), b"", role);
        let mut whole = tap(reading(cut(&stream, &[])), b"", role);
        prop_assert_eq!(&read_all(&mut pieces, &buffers), &stream);
        prop_assert_eq!(&read_all(&mut whole, &[1_000]), &stream);
        prop_assert_eq!(pieces.account(Moment::START).mid_frame, whole.account(Moment::START).mid_frame);
        prop_assert_eq!(seen(&mut pieces), seen(&mut whole));
        prop_assert_eq!(pieces.bytes_in(), stream.len() as u64);
    }

    #[test]
    fn the_short_way_and_the_long_way_give_the_same_account(
        parts in parts(), tail in prop::collection::vec(any::<u8>(), 0..40), client: bool, cuts in sizes(0),
    ) {
        let role = if client { Role::Client } else { Role::Server };
        let stream = [stream_of(&legal(&parts, !client)), tail].concat();
        let mut taps = [false, true].map(|frames| {
            let wanted = Wanted { frames, ..Wanted::default() };
            Tap::new(reading(cut(&stream, &cuts)), Vec::new(), role, LIMIT, wanted, 0, Clock::start())
        });
        let [short, long] = taps.each_mut().map(|tap| {
            read_all(tap, &[1_000]);
            let breaches: Vec<_> = seen(tap).into_iter().filter_map(|(_, header, _, breach)| Some((header, breach?))).collect();
            (tap.frames_in(), breaches, Wire { last_in: None, ..tap.account(Moment::START) })
        });
        prop_assert_eq!(short, long);
    }
}

#[test]
fn what_came_with_the_handshake_is_read_first() {
    let mut tap = tap(reading([bytes(b"ey\x89\x00")]), b"\x89\x01x\x81\x03H", Role::Client);
    assert_eq!(read_now(&mut tap, 4), b"\x89\x01x\x81");
    assert_eq!(read_now(&mut tap, 4), b"\x03H");
    assert_eq!(seen(&mut tap).len(), 1);
    assert_eq!(read_now(&mut tap, 64), b"ey\x89\x00");
    let opcodes: Vec<Opcode> = seen(&mut tap).iter().map(|(_, header, ..)| header.opcode).collect();
    assert_eq!(opcodes, [Opcode::Text, Opcode::Ping]);
}

#[test]
fn the_control_payloads_of_a_client_are_unmasked_and_whole() {
    let payload: Vec<u8> = (0..125).collect();
    let frame = frame_bytes(Header::new(Opcode::Ping, 125, Some(KEY)), &payload);
    let mut tap = tap(reading([bytes(&frame[..50]), bytes(&frame[50..])]), b"", Role::Server);
    assert_eq!(read_all(&mut tap, &[4_096]), frame);
    let expected = (Direction::In, Header::new(Opcode::Ping, 125, Some(KEY)), payload, None);
    assert_eq!(seen(&mut tap), [expected]);
}

#[test]
fn where_frames_are_not_wanted_only_control_frames_are_noted() {
    let script = reading([bytes(b"\x81\x02hi\x89\x01x\x88\x02\x03\xe8")]);
    let mut tap = Tap::new(script, Vec::new(), Role::Client, LIMIT, Wanted::default(), 0, Clock::start());
    read_all(&mut tap, &[64]);
    let opcodes: Vec<Opcode> = seen(&mut tap).iter().map(|(_, header, ..)| header.opcode).collect();
    assert_eq!(opcodes, [Opcode::Ping, Opcode::Close]);
    assert_eq!((tap.frames_in(), tap.account(Moment::START).messages_in), (3, 1));
}

#[test]
fn a_breach_is_noted_at_the_header_and_nothing_behind_it_is_a_frame() {
    let long = LIMIT + 1;
    let over = [&[0x82, 127][..], &long.to_be_bytes()].concat();
    let rows: [(&[u8], Breach); 7] = [
        (&[0x83, 126, 1, 0], Breach::ReservedOpcode(3)),
        (&[0xc1, 126, 1, 0], Breach::ReservedBits(4)),
        (&[0x81, 0xfe, 1, 0, 1, 2, 3, 4], Breach::MaskUnexpected),
        (&[0x80, 126, 1, 0], Breach::ContinuationOfNothing),
        (&[0x09, 5], Breach::ControlFragmented),
        (&[0x89, 126, 1, 0], Breach::ControlTooLong(256)),
        (&over, Breach::OverLimit { len: long, limit: LIMIT }),
    ];
    for (head, breach) in rows {
        let mut tap = tap(reading([bytes(head), bytes(b"\x89\x00\x89\x00")]), b"", Role::Client);
        assert_eq!(read_now(&mut tap, 64), head);
        let noted = seen(&mut tap);
        assert_eq!(noted.len(), 1, "{breach:?}");
        assert_eq!(noted[0].3, Some(breach));
        assert_eq!(read_now(&mut tap, 64), b"\x89\x00\x89\x00");
        assert!(seen(&mut tap).is_empty(), "{breach:?}");
        let account = tap.account(Moment::START);
        assert_eq!((account.bytes_in, account.mid_frame), (head.len() as u64 + 4, None), "{breach:?}");
    }
}

#[test]
fn of_a_close_with_a_wrong_body_the_bytes_are_kept() {
    let rows: [(&[u8], &[u8]); 4] = [
        (b"\x88\x02\x01\x90", b"\x88\x02\x01\x90"),
        (b"\x88\x01\x03", b"\x88\x01\x03"),
        (b"\x81\x02hi\x88\x03\x03\xe8\xff", b"\x88\x03\x03\xe8\xff"),
        // The twin: nothing is wrong.
        (b"\x88\x02\x03\xe8", b""),
    ];
    for (sent, kept) in rows {
        let mut tap = tap(reading([bytes(sent)]), b"", Role::Client);
        read_all(&mut tap, &[64]);
        assert_eq!(tap.account(Moment::START).bad_bytes, kept, "{sent:?}");
    }
}

#[test]
fn a_client_without_a_mask_is_noted() {
    let mut tap = tap(reading([bytes(b"\x81\x02hi")]), b"", Role::Server);
    read_all(&mut tap, &[64]);
    assert_eq!(seen(&mut tap)[0].3, Some(Breach::MaskMissing));
}

#[test]
fn a_length_in_a_longer_form_than_needed_is_noted_as_a_breach() {
    let mut tap = tap(reading([bytes(b"\x81\x7e\x00\x02hi\x89\x00")]), b"", Role::Client);
    read_all(&mut tap, &[64]);
    assert_eq!(seen(&mut tap)[0].3, Some(Breach::LengthNotMinimal));
}

#[test]
fn reading_stops_at_so_many_notes_until_they_are_taken() {
    const FRAMES: usize = 500_000;
    let mut tap = tap(reading([bytes(&[0x89, 0x00].repeat(FRAMES))]), b"", Role::Client);
    while let Poll::Ready(bytes) = read(&mut tap, 64) {
        assert_eq!(bytes.unwrap().len(), 64);
    }
    // What one call has read ahead is noted whole.
    assert!((NOTES_MAX..=NOTES_MAX + AHEAD / 2).contains(&tap.notes.len()), "{}", tap.notes.len());
    assert!(read(&mut tap, 64).is_pending());
    let noted = seen(&mut tap).len();
    assert_eq!(tap.frames_in(), noted as u64);
    let mut all = noted;
    while tap.frames_in() < FRAMES as u64 {
        while read(&mut tap, 64).is_ready() && tap.frames_in() < FRAMES as u64 {}
        all += seen(&mut tap).len();
    }
    assert_eq!(all, FRAMES);
}

#[test]
fn the_account_knows_how_much_of_a_frame_came() {
    let frame = frame_bytes(Header::new(Opcode::Binary, 300, None), &[7; 300]);
    let mut tap = tap(
        reading([bytes(b"\x01\x02he"), bytes(&frame_head_of_continuation(300)), bytes(&[7; 100])]),
        b"",
        Role::Client,
    );
    for _ in 0..3 {
        read_now(&mut tap, 512);
    }
    write_all(&mut tap, &frame[..1]);
    let account = tap.account(Moment::START);
    assert_eq!((account.bytes_in, account.bytes_out), (4 + 4 + 100, 1));
    assert_eq!((account.messages_in, account.messages_out), (0, 0));
    assert_eq!((account.mid_frame, account.mid_message), (Some((100, 300)), true));
    assert_eq!(account.last_frames.len(), 1);
}

/// The header of a fragment between the first and the last.
fn frame_head_of_continuation(len: u64) -> Vec<u8> {
    let mut head = Vec::new();
    Header { fin: false, ..Header::new(Opcode::Continuation, len, None) }.encode(&mut head);
    head
}

#[tokio::test(start_paused = true)]
async fn a_note_has_the_moments_of_its_first_and_last_bytes() {
    let mut tap = tap(reading([bytes(b"\x81\x05He"), bytes(b"llo")]), b"", Role::Client);
    tokio::time::advance(Duration::from_millis(10)).await;
    read_now(&mut tap, 64);
    tokio::time::advance(Duration::from_millis(30)).await;
    read_now(&mut tap, 64);
    let note = tap.note(u64::MAX).unwrap();
    assert_eq!((note.first_at, note.last_at), (Moment::from_millis(10), Moment::from_millis(40)));
}

#[tokio::test(start_paused = true)]
async fn the_account_has_the_last_frames_of_both_directions_in_their_order() {
    let mut tap = tap(reading([bytes(b"\x81\x05Hello"), bytes(b"\x8a\x00")]), b"", Role::Client);
    read_now(&mut tap, 64);
    tokio::time::advance(Duration::from_millis(10)).await;
    write_all(&mut tap, &frame_bytes(Header::new(Opcode::Ping, 0, Some(KEY)), b""));
    tokio::time::advance(Duration::from_millis(10)).await;
    read_now(&mut tap, 64);
    let account = tap.account(Moment::from_millis(30));
    let briefs: Vec<(Direction, u8, Span)> =
        account.last_frames.iter().map(|brief| (brief.direction, brief.opcode, brief.ago)).collect();
    let ago = Span::from_millis;
    assert_eq!(briefs, [(Direction::In, 1, ago(30)), (Direction::Out, 9, ago(20)), (Direction::In, 10, ago(10))]);
    assert_eq!((account.last_in, account.last_out), (Some(Moment::from_millis(20)), Some(Moment::from_millis(10))));
}

#[tokio::test(start_paused = true)]
async fn the_silence_before_a_close_does_not_end_with_our_answer_to_it() {
    let close = || bytes(b"\x88\x02\x03\xe8");
    let answer = frame_bytes(Header::new(Opcode::Close, 2, Some(KEY)), &[3, 0xe8]);
    let mut silent = tap(reading([close()]), b"", Role::Client);
    let mut pinged = tap(reading([close()]), b"", Role::Client);
    tokio::time::advance(Duration::from_millis(5)).await;
    write_all(&mut pinged, &frame_bytes(Header::new(Opcode::Ping, 0, Some(KEY)), b""));
    tokio::time::advance(Duration::from_millis(40)).await;
    for (tap, last_out) in [(&mut silent, None), (&mut pinged, Some(Moment::from_millis(5)))] {
        read_now(tap, 64);
        write_all(tap, &answer);
        let account = tap.account(Moment::from_millis(50));
        assert_eq!((account.last_in, account.last_out), (None, last_out));
    }
}

#[test]
fn what_is_refused_or_awaited_counts_as_nothing() {
    let turns = [Turn::Pending, Turn::Take(1), Turn::Fail(io::ErrorKind::BrokenPipe)];
    let mut tap = tap(writing(turns), b"", Role::Server);
    assert!(write(&mut tap, b"\x89\x00").is_pending());
    assert_eq!(tap.account(Moment::START).bytes_out, 0);
    assert!(matches!(write(&mut tap, b"\x89\x00"), Poll::Ready(Ok(1))));
    assert!(matches!(write(&mut tap, b"\x00"), Poll::Ready(Err(_))));
    assert_eq!((tap.account(Moment::START).bytes_out, tap.note(u64::MAX)), (1, None));
}

#[test]
fn the_end_of_the_stream_is_kept() {
    let mut tap = tap(reading([bytes(b"\x89\x00")]), b"", Role::Client);
    read_now(&mut tap, 64);
    assert!(tap.read_end().is_none());
    assert!(read_now(&mut tap, 64).is_empty());
    assert!(matches!(tap.read_end(), Some(ReadEnd::Eof)));
}

#[test]
fn a_read_without_room_is_not_the_end_of_the_stream() {
    let mut tap = tap(reading([bytes(b"\x89\x00")]), b"", Role::Client);
    assert!(read_now(&mut tap, 0).is_empty());
    assert!(tap.read_end().is_none());
    assert_eq!(read_now(&mut tap, 64), b"\x89\x00");
}

#[test]
fn the_first_error_of_each_direction_is_kept() {
    let fails = [Turn::Fail(io::ErrorKind::ConnectionReset), Turn::Fail(io::ErrorKind::TimedOut)];
    let broken = [Turn::Fail(io::ErrorKind::BrokenPipe), Turn::Fail(io::ErrorKind::TimedOut)];
    let script = Script { reads: fails.into(), writes: broken.into(), written: Vec::new() };
    let mut tap = tap(script, b"", Role::Client);
    for kind in [io::ErrorKind::ConnectionReset, io::ErrorKind::TimedOut] {
        assert!(matches!(read(&mut tap, 64), Poll::Ready(Err(error)) if error.kind() == kind));
    }
    assert!(read_now(&mut tap, 64).is_empty());
    assert!(matches!(tap.read_end(), Some(ReadEnd::Error(error)) if error.kind() == io::ErrorKind::ConnectionReset));
    for kind in [io::ErrorKind::BrokenPipe, io::ErrorKind::TimedOut] {
        assert!(matches!(write(&mut tap, b"x"), Poll::Ready(Err(error)) if error.kind() == kind));
    }
    assert_eq!(tap.write_error().map(io::Error::kind), Some(io::ErrorKind::BrokenPipe));
}
