//! The account of lines under chance: lines of all sizes, a server that reads as slowly as it likes and drops the
//! connection wherever it likes, several times in a run. Owns the chance, that server with all bytes that it read, and
//! the rules that hold whatever happens; single cases are `account`'s.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use serde_json::Value;
use socket2::SockRef;

use crate::support::Events;
use crate::support::raw::{self, CLOSE};
use crate::talk::{Ended, LIMIT, Talk};

const RUNS: u64 = 24;

/// The most that is read at once.
const READ: usize = 65_536;

/// A masked frame has no shorter header (RFC 6455 section 5.2).
const HEADER: usize = 6;

/// One line is its bytes without the line feed.
type Line = Vec<u8>;

/// Chance that is the same for the same seed: splitmix64.
struct Dice(u64);

impl Dice {
    /// A number below that.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed % bound as u64) as usize
    }
}

/// Tells which run has failed.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("it failed with the seed {}", self.0);
        }
    }
}

/// Most are short; some are empty, some large, some of more than one fragment.
fn line(dice: &mut Dice, number: usize) -> Line {
    let size = match dice.below(40) {
        0 => 512 * 1024 + dice.below(700 * 1024),
        1..=4 => dice.below(200 * 1024),
        5..=7 => return Vec::new(),
        _ => dice.below(200),
    };
    let mut line = format!("{number} ").into_bytes();
    // No two places near each other look the same, so that a piece that is lost or moved shows.
    line.extend((0..size).map(|index| b'a' + ((index + number) % 26) as u8));
    line
}

/// What is written to stdin during each connection.
fn portions(dice: &mut Dice) -> Vec<Vec<Line>> {
    let (mut portions, mut number) = (Vec::new(), 0);
    for _ in 0..2 + dice.below(4) {
        let mut portion = Vec::new();
        for _ in 0..1 + dice.below(20) {
            number += 1;
            portion.push(line(dice, number));
        }
        portions.push(portion);
    }
    portions
}

/// How a server treats one connection.
struct Cut {
    place: Place,
    /// It reads so much at once.
    step: usize,
    end: End,
}

/// Where it ends.
#[derive(Clone, Copy)]
enum Place {
    /// So many bytes were read, the upgrade not counted.
    Byte(usize),
    /// So many lines were read whole.
    Line(usize),
    /// The client closes.
    Close,
}

enum End {
    Fin,
    Reset,
    /// With a Close of its own; without reading on a reset follows, since there is more to read.
    Close {
        code: u16,
        reads_on: bool,
    },
    /// It answers the client's Close.
    Answer,
}

/// A place that the lines of this portion reach. Calm: all of them were read, so that nothing need be lost.
fn cut(dice: &mut Dice, portion: &[Line], is_calm: bool) -> Cut {
    let step = if dice.below(2) == 0 { 1 + dice.below(3000) } else { READ };
    let code = if dice.below(2) == 0 { 1011 } else { 1001 };
    let kinds = if is_calm { 2 } else { 4 };
    let end = match dice.below(kinds) {
        0 => End::Fin,
        1 => End::Close { code, reads_on: true },
        2 => End::Close { code, reads_on: false },
        _ => End::Reset,
    };
    let bytes: usize = portion.iter().map(|line| HEADER + line.len()).sum();
    let place = if is_calm { Place::Line(portion.len()) } else { Place::Byte(1 + dice.below(bytes)) };
    Cut { place, step, end }
}

/// What a server has read of one connection.
#[derive(Default)]
struct Wire {
    bytes: Vec<u8>,
    /// So much of it was taken as frames.
    taken: usize,
    whole: Vec<Line>,
    begun: Option<Line>,
    close: Option<Vec<u8>>,
}

/// What is known of one connection when it is over.
struct Heard {
    whole: Vec<Line>,
    /// So many bytes were read.
    read: usize,
    /// All that the server's kernel had received was read. If not, there were `room` bytes more at most, which is all
    /// that can be proved: a window is never wider than the buffer, and one whose size was set does not grow.
    is_drained: bool,
    room: usize,
}

impl Wire {
    fn has_reached(&self, place: Place) -> bool {
        let is_there = match place {
            Place::Byte(byte) => self.bytes.len() >= byte,
            Place::Line(count) => self.whole.len() >= count,
            Place::Close => false,
        };
        is_there || self.close.is_some()
    }

    /// Reads once, so much at most and not beyond `place`; false at the end.
    fn read(&mut self, stream: &mut TcpStream, step: usize, place: Place) -> bool {
        let mut buffer = [0; READ];
        let most = match place {
            Place::Byte(byte) => step.min(byte - self.bytes.len()),
            Place::Line(_) | Place::Close => step,
        };
        let count = match stream.read(&mut buffer[..most]) {
            Ok(count) => count,
            // The kernel gives all that came before the reset first.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("reading: {error}"),
        };
        self.bytes.extend_from_slice(&buffer[..count]);
        while self.take_frame() {}
        thread::yield_now();
        count > 0
    }

    /// Takes the next frame, if all of it is there.
    fn take_frame(&mut self) -> bool {
        let rest = &self.bytes[self.taken..];
        let Some((head, length)) = header(rest) else { return false };
        let Some(masked) = rest.get(head..head + length) else { return false };
        assert_ne!(rest[1] & 0x80, 0, "a client masks");
        let (first, mask) = (rest[0], &rest[head - 4..head]);
        let payload = masked.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        self.taken += head + length;
        self.put(first, payload);
        true
    }

    fn put(&mut self, first: u8, payload: Vec<u8>) {
        assert!(self.close.is_none(), "the frame {first:#04x} behind the Close");
        let is_last = first & 0x80 != 0;
        match first & 0x0f {
            0 => self.begun.as_mut().expect("a message was begun").extend_from_slice(&payload),
            1 => assert!(self.begun.replace(payload).is_none(), "a message within a message"),
            8 => return self.close = Some(payload),
            9 | 10 => return,
            other => panic!("the opcode {other}"),
        }
        if is_last {
            self.whole.extend(self.begun.take());
        }
    }

    fn heard(self, is_drained: bool, room: usize) -> Heard {
        Heard { whole: self.whole, read: self.bytes.len(), is_drained, room }
    }
}

/// Length of a masked header and of the payload behind it; none when the header is not all there.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| (number << 8) | usize::from(*byte));
    let short = usize::from(bytes.get(1)? & 0x7f);
    let (head, length) = match short {
        126 => (4, number(bytes.get(2..4)?)),
        127 => (10, number(bytes.get(2..10)?)),
        _ => (2, short),
    };
    bytes.get(head..head + 4)?;
    Some((head + 4, length))
}

/// One connection from behind the upgrade to its end.
fn hear(mut stream: TcpStream, cut: Cut) -> Heard {
    let Cut { place, step, end } = cut;
    let mut wire = Wire::default();
    while !wire.has_reached(place) && wire.read(&mut stream, step, place) {}
    let room = SockRef::from(&stream).recv_buffer_size().unwrap();
    // Whoever is gone is told by the next read.
    match end {
        End::Fin => {}
        End::Reset => {
            raw::reset(stream);
            return wire.heard(false, room);
        }
        End::Close { code, reads_on } => {
            let _ = stream.write_all(&raw::close_frame(Some(code), "worker crashed"));
            if !reads_on {
                return wire.heard(false, room);
            }
            while wire.close.is_none() && wire.read(&mut stream, step, Place::Close) {}
        }
        End::Answer => {
            let _ = stream.write_all(&raw::frame(CLOSE, wire.close.as_deref().unwrap_or_default()));
        }
    }
    let _ = stream.shutdown(Shutdown::Write);
    while wire.read(&mut stream, READ, Place::Close) {}
    wire.heard(true, room)
}

/// The server of one run.
struct Server {
    url: String,
    opened: Receiver<()>,
    heard: Receiver<Heard>,
}

impl Server {
    /// Takes one connection after the other, each cut in its own way, and no further one.
    fn start(buffer: usize, cuts: Vec<Cut>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // What is accepted has the same buffer from its first segment on.
        SockRef::from(&listener).set_recv_buffer_size(buffer).unwrap();
        let url = format!("ws://{}/", listener.local_addr().unwrap());
        let (tell_opened, opened) = mpsc::channel();
        let (tell_heard, heard) = mpsc::channel();
        thread::spawn(move || {
            for cut in cuts {
                take_one(&listener, cut, &tell_opened, &tell_heard);
            }
        });
        Server { url, opened, heard }
    }
}

fn take_one(listener: &TcpListener, cut: Cut, opened: &Sender<()>, heard: &Sender<Heard>) {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    raw::upgrade(&mut stream).expect("a request");
    // Nobody listens when the test has failed already.
    let _ = opened.send(());
    let _ = heard.send(hear(stream, cut));
}

/// Where each line is, as one event tells.
struct Account {
    first_unsent: usize,
    unsure: BTreeSet<usize>,
    /// All others before the first unsent one.
    acknowledged: BTreeSet<usize>,
}

impl Account {
    fn of_nothing() -> Account {
        Account { first_unsent: 1, unsure: BTreeSet::new(), acknowledged: BTreeSet::new() }
    }

    /// Reads one event; every line is in exactly one class.
    fn read(event: &Value, total: usize) -> Account {
        let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("no number: {event}")) as usize;
        let told = &event["first_unsent"];
        let first_unsent = if told.is_null() { total + 1 } else { number(told) };
        assert!((1..=total + 1).contains(&first_unsent), "of {total}: {event}");
        let mut unsure = BTreeSet::new();
        for range in event["unsure"].as_array().unwrap() {
            for line in number(&range[0])..=number(&range[1]) {
                assert!(line < first_unsent, "line {line} is unsure and unsent: {event}");
                assert!(unsure.insert(line), "line {line} is unsure twice: {event}");
            }
        }
        let acknowledged: BTreeSet<usize> = (1..first_unsent).filter(|line| !unsure.contains(line)).collect();
        assert_eq!(number(&event["acknowledged"]), acknowledged.len(), "{event}");
        assert_eq!(number(&event["sent"]), first_unsent - 1, "{event}");
        Account { first_unsent, unsure, acknowledged }
    }

    /// Is a line left of which nobody knows that it is safe?
    fn is_doubtful(&self, total: usize) -> bool {
        !self.unsure.is_empty() || self.first_unsent <= total
    }

    /// What is true of one connection, at whose beginning the lines were as in `before`.
    fn check(&self, before: &Account, lines: &[Line], heard: &Heard) {
        assert!(self.first_unsent >= before.first_unsent, "a line that was sent is unsent again");
        assert!(self.acknowledged.is_superset(&before.acknowledged), "what was acknowledged stays so");
        assert!(self.unsure.is_superset(&before.unsure), "another connection makes no line sure");
        // One connection, in order: whole lines are the first of those that it was given.
        let given = &lines[before.first_unsent - 1..self.first_unsent - 1];
        assert!(given.starts_with(&heard.whole), "{} lines of {} are other ones", heard.whole.len(), given.len());
        let Some(last) = self.acknowledged.difference(&before.acknowledged).max() else { return };
        let place = last - before.first_unsent;
        if heard.is_drained {
            let whole = heard.whole.len();
            assert!(place < whole, "line {last} is acknowledged, and the server has only {whole} of this connection");
            return;
        }
        let end: usize = given[..=place].iter().map(|line| HEADER + line.len()).sum();
        let most = heard.read + heard.room;
        assert!(end <= most, "line {last} is acknowledged and ends at byte {end}; the server had {most} at most");
    }
}

/// Over all connections, whole lines come in their order and none comes twice.
fn assert_in_order(lines: &[Line], heard: &[Heard]) {
    let mut rest = lines.iter();
    for whole in heard.iter().flat_map(|heard| &heard.whole) {
        let head = String::from_utf8_lossy(&whole[..whole.len().min(20)]);
        assert!(rest.any(|line| line == whole), "out of order, or twice: {head:?}");
    }
}

/// Runs the client with one portion of its stdin for each connection.
fn talk(server: &Server, portions: &[Vec<Line>]) -> Ended {
    let pace = ["-w", "0", "--reconnect", "--reconnect-delay", "10ms", "--min-uptime", "0s"];
    let mut talk = Talk::start(&[&pace[..], &["--json", server.url.as_str()]].concat());
    talk.read_on();
    for portion in portions {
        server.opened.recv_timeout(LIMIT).expect("the client comes");
        let mut block = portion.join(&b'\n');
        block.push(b'\n');
        talk.say(&block);
    }
    // Only now may the client close by itself: each cut has had its connection.
    talk.end_input();
    talk.finish()
}

/// One run; true if a line may be lost.
fn run(seed: u64) -> bool {
    let _told = Seed(seed);
    let mut dice = Dice(seed);
    let is_calm = seed.is_multiple_of(4);
    let portions = portions(&mut dice);
    let lines = portions.concat();
    let (_, dropped) = portions.split_last().unwrap();
    let mut cuts: Vec<Cut> = dropped.iter().map(|portion| cut(&mut dice, portion, is_calm)).collect();
    cuts.push(Cut { place: Place::Close, step: 1 + dice.below(READ), end: End::Answer });
    let server = Server::start(4096 << dice.below(5), cuts);
    let ran = talk(&server, &portions);
    let events = ran.events();
    let heard: Vec<Heard> =
        events.all("open").iter().map(|_| server.heard.recv_timeout(LIMIT).expect("it was heard")).collect();
    assert_eq!(heard.len(), portions.len(), "each connection was dropped but the last");
    check(&ran, &events, &lines, &heard)
}

/// The rules for a whole run; true if a line may be lost.
fn check(ran: &Ended, events: &Events, lines: &[Line], heard: &[Heard]) -> bool {
    assert_in_order(lines, heard);
    let total = lines.len();
    let told = events.all("lines");
    assert_eq!(told.len(), heard.len(), "an account for each connection");
    let (mut now, mut begun) = (Account::of_nothing(), 1);
    for (event, heard) in told.into_iter().zip(heard) {
        let next = Account::read(event, total);
        next.check(&now, lines, heard);
        (begun, now) = (now.first_unsent, next);
    }
    assert_eq!(now.first_unsent, total + 1, "the last connection takes all that is left");
    assert_eq!(heard.last().map(|heard| heard.whole.len()), Some(now.first_unsent - begun), "and loses none");
    let is_doubtful = now.is_doubtful(total);
    assert_eq!(ran.code != 0, is_doubtful, "exit {}, unsure: {:?}", ran.code, now.unsure);
    is_doubtful
}

#[test]
fn whatever_drops_every_line_is_in_one_class_and_none_comes_twice() {
    let doubtful = (0..RUNS).filter(|seed| run(*seed)).count() as u64;
    // A calm run may leave a line unsure that is safe, since figures of the kernel that are read one after the other
    // err to that side; not every one does.
    assert!((1..RUNS).contains(&doubtful), "lines may be lost in {doubtful} runs of {RUNS}, which shows too little");
}
