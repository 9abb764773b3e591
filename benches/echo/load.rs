//! The generator: frames built before the load begins, written in batches over raw TCP, replies counted by their
//! bytes. It never sleeps, so that no peer waits for it to wake up. Owns the load and its numbers. RFC 6455, 5.2.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::{BINARY, CLOSE, Fallible, MASK, TEXT, check_answer, frame, lengths, request};

/// What is asked for.
pub struct Plan {
    pub address: SocketAddr,
    pub path: String,
    /// Bytes of a message.
    pub size: usize,
    /// Messages under way on each connection, on average.
    pub in_flight: usize,
    /// So many replies are waited for before that many messages are written at once, unless there is a lull.
    pub refill: usize,
    pub seconds: f64,
    /// So long the load runs before anything is counted.
    pub warm_up: f64,
    pub connections: usize,
    pub opcode: u8,
}

/// So many bytes of frames are built before the load, and so many are read at once.
const BATCH: usize = 128 << 10;
/// After so long without a reply what may be written is written, however little: replies that a peer's kernel holds
/// back until the earlier ones are acknowledged would else wait for its timer.
const LULL: Duration = Duration::from_micros(20);
/// The first reply, and the last ones, may take so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// One connection under load.
struct Line<'a> {
    io: TcpStream,
    /// Frames one after the other, written round and round.
    frames: &'a [u8],
    frame_len: u64,
    reply_len: u64,
    /// The first byte of each reply.
    reply_first: u8,
    /// Messages under way at most, and how many fewer they are when new ones are written.
    ceiling: u64,
    refill: u64,
    sent: u64,
    written: u64,
    received: u64,
    received_at: Instant,
}

/// What was seen after the warm-up.
struct Counted {
    messages: u64,
    took: Duration,
    /// Time in which there was nothing to read or to write.
    idle: Duration,
    /// Messages under way on a connection, each look weighed alike.
    in_flight: f64,
}

pub fn run(plan: &Plan) -> Fallible {
    let message = frame(plan.opcode, &payload(plan.size), Some(MASK));
    let frames = message.repeat((BATCH / message.len()).max(1));
    let mut buffer = vec![0_u8; BATCH];
    let mut lines = Vec::new();
    for _ in 0..plan.connections.max(1) {
        lines.push(Line::open(plan, &frames, message.len())?);
    }
    let counted = count(plan, &mut lines, &mut buffer)?;
    for line in &mut lines {
        line.drain(&mut buffer)?;
    }
    report(plan, &counted, lines[0].reply_len);
    Ok(())
}

fn payload(size: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(size).collect()
}

fn report(plan: &Plan, counted: &Counted, reply_len: u64) {
    let seconds = counted.took.as_secs_f64();
    let per_second = counted.messages as f64 / seconds;
    println!(
        "{{\"size\":{},\"in_flight\":{},\"connections\":{},\"refill\":{},\"reply_bytes\":{reply_len},\
         \"seconds\":{seconds:.3},\"messages\":{},\"per_second\":{per_second:.0},\"mb_per_second\":{:.2},\
         \"in_flight_mean\":{:.1},\"generator_idle\":{:.3}}}",
        plan.size,
        plan.in_flight,
        plan.connections,
        plan.refill,
        counted.messages,
        per_second * plan.size as f64 / 1e6,
        counted.in_flight,
        counted.idle.as_secs_f64() / seconds,
    );
}

fn count(plan: &Plan, lines: &mut [Line<'_>], buffer: &mut [u8]) -> Fallible<Counted> {
    let began = Instant::now();
    let from = began + Duration::from_secs_f64(plan.warm_up);
    let until = from + Duration::from_secs_f64(plan.seconds);
    run_until(lines, buffer, from)?;
    let before: u64 = lines.iter().map(Line::replies).sum();
    let started = Instant::now();
    let (idle, in_flight) = run_until(lines, buffer, until)?;
    let took = started.elapsed();
    let messages = lines.iter().map(Line::replies).sum::<u64>() - before;
    Ok(Counted { messages, took, idle, in_flight })
}

/// Time without work, and messages under way, as a mean of all looks.
fn run_until(lines: &mut [Line<'_>], buffer: &mut [u8], until: Instant) -> Fallible<(Duration, f64)> {
    let (mut idle, mut under_way, mut looks) = (Duration::ZERO, 0, 0_u64);
    let mut last = Instant::now();
    while last < until {
        let mut moved = false;
        for line in lines.iter_mut() {
            moved |= line.write(last)?;
            under_way += line.sent - line.replies();
            looks += 1;
            moved |= line.read(buffer, last)?;
        }
        if !moved {
            std::thread::yield_now();
        }
        let now = Instant::now();
        if !moved {
            idle += now - last;
        }
        last = now;
    }
    Ok((idle, under_way as f64 / looks.max(1) as f64))
}

impl<'a> Line<'a> {
    /// Opens, and sees one message come back as it was.
    fn open(plan: &Plan, frames: &'a [u8], frame_len: usize) -> Fallible<Line<'a>> {
        let mut io = TcpStream::connect(plan.address)?;
        io.set_nodelay(true)?;
        io.set_read_timeout(Some(PATIENCE))?;
        io.write_all(request(plan.address, &plan.path).as_bytes())?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            io.read_exact(&mut byte).map_err(|why| format!("no whole answer to the upgrade: {why}"))?;
            head.extend(byte);
        }
        check_answer(&head)?;
        io.write_all(&frames[..frame_len])?;
        let (reply, echoed) = whole_message(&mut io)?;
        // Text may come back as binary: that costs a server nothing.
        if ![TEXT, BINARY].contains(&(reply[0] & 0x7f)) || echoed != payload(plan.size) {
            let seen = &reply[..reply.len().min(24)];
            return Err(format!("the first reply, {} bytes, is no echo: {seen:02x?}...", reply.len()).into());
        }
        io.set_nonblocking(true)?;
        let refill = plan.refill as u64;
        Ok(Line {
            io,
            frames,
            frame_len: frame_len as u64,
            reply_len: reply.len() as u64,
            reply_first: reply[0],
            ceiling: plan.in_flight as u64 + refill / 2,
            refill,
            sent: 0,
            written: 0,
            received: 0,
            received_at: Instant::now(),
        })
    }

    fn replies(&self) -> u64 {
        self.received / self.reply_len
    }

    /// Writes what may be under way; true if anything went.
    fn write(&mut self, now: Instant) -> Fallible<bool> {
        let under_way = self.sent - self.replies();
        let lull = under_way < self.ceiling && now.duration_since(self.received_at) > LULL;
        if lull || under_way + self.refill <= self.ceiling {
            self.sent += self.ceiling - under_way;
        }
        self.write_on()
    }

    fn write_on(&mut self) -> Fallible<bool> {
        let mut moved = false;
        loop {
            let left = self.sent * self.frame_len - self.written;
            if left == 0 {
                return Ok(moved);
            }
            let from = (self.written % self.frames.len() as u64) as usize;
            let len = left.min((self.frames.len() - from) as u64) as usize;
            match self.io.write(&self.frames[from..from + len]) {
                Ok(count) => {
                    self.written += count as u64;
                    moved = true;
                    if count < len {
                        return Ok(moved);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(moved),
                Err(error) => return Err(format!("after {} replies: {error}", self.replies()).into()),
            }
        }
    }

    /// Reads once; true if anything came.
    fn read(&mut self, buffer: &mut [u8], now: Instant) -> Fallible<bool> {
        let count = match self.io.read(buffer) {
            Ok(0) => return Err(format!("the peer ended after {} replies", self.replies()).into()),
            Ok(count) => count as u64,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(format!("after {} replies: {error}", self.replies()).into()),
        };
        // Where the next reply begins, its first byte must be there: else the bytes are not what they are counted as.
        let begins = (self.reply_len - self.received % self.reply_len) % self.reply_len;
        if begins < count && buffer[begins as usize] != self.reply_first {
            return Err(format!("reply {} begins with {:#04x}", self.replies() + 1, buffer[begins as usize]).into());
        }
        self.received += count;
        self.received_at = now;
        Ok(true)
    }

    /// What is under way comes back, not a byte more or less.
    fn drain(&mut self, buffer: &mut [u8]) -> Fallible {
        let until = Instant::now() + PATIENCE;
        let whole = self.sent * self.reply_len;
        while self.received < whole {
            let now = Instant::now();
            if now > until {
                return Err(format!("{} of {} messages came back", self.replies(), self.sent).into());
            }
            let wrote = self.write_on()?;
            if !self.read(buffer, now)? && !wrote {
                std::thread::yield_now();
            }
        }
        if self.received > whole {
            return Err(format!("{} bytes more than the replies have", self.received - whole).into());
        }
        // The peer may be gone by now, and that is as good.
        let _ = self.io.write_all(&frame(CLOSE, &1000_u16.to_be_bytes(), Some(MASK)));
        Ok(())
    }
}

/// The bytes of one whole message, in however many frames it comes, and its payload. Nothing may follow it.
fn whole_message(io: &mut TcpStream) -> Fallible<(Vec<u8>, Vec<u8>)> {
    let (mut bytes, mut payload, mut at) = (Vec::new(), Vec::new(), 0);
    let mut buffer = vec![0_u8; BATCH];
    loop {
        while let Some((head, len)) = lengths(&bytes[at..]) {
            let Some(part) = bytes.get(at + head..at + head + len) else { break };
            payload.extend_from_slice(part);
            let is_last = bytes[at] & 0x80 != 0;
            at += head + len;
            if is_last && at == bytes.len() {
                return Ok((bytes, payload));
            }
            if is_last {
                return Err(format!("{} bytes more than one message", bytes.len() - at).into());
            }
        }
        let count = io.read(&mut buffer).map_err(|why| format!("no whole reply to the first message: {why}"))?;
        if count == 0 {
            return Err("the peer ended before its reply to the first message was whole".into());
        }
        bytes.extend_from_slice(&buffer[..count]);
    }
}
