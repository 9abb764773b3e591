//! The connections of `probe --deep`: pings, messages of growing size, fragments, closing handshakes, breaches. Owns
//! what is sent on each and how long is waited; the judgement is `exam::deep::frames`'.

use crate::cmd::deep::asking::{Asking, leave};
use crate::exam::deep::frames::{self, Broken, Closed, End, PING_SIZES, Pinged, Ramp};
use crate::exam::deep::{PAUSE, Verdict};
use crate::moment::Span;
use crate::net::raw_session::{Frame, RawSession, Wrote};
use crate::net::stream::Stream;
use crate::watch::liveness::Cut;
use crate::wire::close::{CloseBody, REASON_MAX};
use crate::wire::header::{Header, Opcode};
use crate::wire::sequence::Breach;

type Session = RawSession<Stream>;

/// A pong may take so long.
const PONG_WAIT: Span = Span::from_secs(2);
/// A connection that still stands so long after a message took it.
const SURVIVAL: Span = Span::from_millis(300);
/// The end of TCP, or of a connection whose protocol we broke, may take so long.
const END_WAIT: Span = Span::from_secs(2);
/// A server is done with its greetings when it is quiet for so long.
const QUIET: Span = Span::from_millis(100);
/// So many greetings are waited out.
const GREETINGS_MAX: u32 = 10;
/// After so many pings in a row without a pong no further one is sent.
const MISSES_MAX: usize = 2;
/// The payload of the ping behind a message.
const BEHIND: &[u8] = b"behind";

/// What all connections together have shown.
#[derive(Debug, Default)]
pub(super) struct Heard {
    breach: Option<Breach>,
    frames: u64,
    /// The median of the pings.
    ping: Option<Span>,
    /// Even the smallest message ends a connection.
    hopeless: bool,
    /// The largest message that passed, where there is a limit.
    pub(super) passed: Option<u64>,
}

impl Heard {
    pub(super) fn take(&mut self, session: &Session) {
        self.breach = self.breach.or(session.breach());
        self.frames += session.count();
    }

    pub(super) fn reserved_bits(&self, asking: &Asking<'_>) -> Verdict {
        if asking.offers_extensions() {
            return Verdict::skipped("extensions were offered, as asked");
        }
        frames::reserved_bits(self.breach, self.frames)
    }
}

pub(super) async fn pings(asking: &mut Asking<'_>, heard: &mut Heard) -> Verdict {
    let mut session = match asking.session().await {
        Ok(session) => session,
        Err(why) => return unopened(&why),
    };
    let mut pinged: Vec<Pinged> = Vec::new();
    for (number, len) in PING_SIZES.into_iter().enumerate() {
        let payload: Vec<u8> = (b'a'..=b'z').cycle().skip(number).take(len).collect();
        pinged.push(ping(&mut session, &payload, asking).await);
        let misses = pinged.iter().rev().take_while(|ping| !ping.is_same).count();
        let is_over = session.end().is_some() || pinged.iter().any(|ping| ping.closed.is_some());
        if is_over || misses >= MISSES_MAX {
            break;
        }
        tokio::time::sleep(PAUSE.duration()).await;
    }
    heard.take(&session);
    heard.ping = frames::median(&pinged);
    leave(session).await;
    frames::pings(&pinged)
}

/// One ping; pongs with other payloads may be late or unasked for, and count only when no better one comes.
async fn ping(session: &mut Session, payload: &[u8], asking: &Asking<'_>) -> Pinged {
    let began = asking.now();
    let until = began.after(PONG_WAIT.min(asking.wait()));
    let mut pinged = Pinged { len: payload.len(), rtt: None, is_same: false, closed: None };
    if session.send(Opcode::Ping, payload).await != Wrote::Whole {
        return pinged;
    }
    loop {
        let left = until.since(asking.now());
        if left.is_zero() {
            return pinged;
        }
        let Some(frame) = session.next(left).await else { return pinged };
        if frame.header.opcode == Opcode::Close {
            return Pinged { closed: CloseBody::parse(&frame.payload).0.code, ..pinged };
        }
        if frame.header.opcode != Opcode::Pong {
            continue;
        }
        let rtt = Some(frame.at.since(began));
        if frame.payload == payload {
            return Pinged { rtt, is_same: true, ..pinged };
        }
        pinged.rtt = pinged.rtt.or(rtt);
    }
}

pub(super) async fn own_heartbeat(asking: &mut Asking<'_>, message: Option<&str>, heard: &mut Heard) -> Verdict {
    let Some(text) = message.or(asking.heartbeat_text()) else {
        return Verdict::skipped("no message that the application answers was given (-x)");
    };
    let mut session = match asking.session().await {
        Ok(session) => session,
        Err(why) => return unopened(&why),
    };
    for _ in 0..GREETINGS_MAX {
        if session.next(QUIET).await.is_none() {
            break;
        }
    }
    let began = asking.now();
    let wrote = session.send(Opcode::Text, text.as_bytes()).await;
    let mut answered = None;
    let end = watch(&mut session, asking.wait(), asking, |frame| {
        answered = is_data(frame).then(|| frame.at.since(began));
        answered.is_some()
    })
    .await;
    let end = end.or((wrote != Wrote::Whole).then_some(End::Cut(Cut::BrokenPipe)));
    heard.take(&session);
    leave(session).await;
    frames::own_heartbeat(answered.ok_or(end), heard.ping)
}

pub(super) async fn sizes(asking: &mut Asking<'_>, heard: &mut Heard) -> Verdict {
    let mut ramp = Ramp::default();
    let mut open: Option<Session> = None;
    while let Some(len) = ramp.next_len() {
        if asking.wait().is_zero() {
            ramp.failed("the time is used up".into());
            break;
        }
        let mut session = match open.take() {
            Some(session) => session,
            None => match asking.session().await {
                Ok(session) => session,
                Err(why) => {
                    ramp.failed(why);
                    break;
                }
            },
        };
        match send_sized(&mut session, len, heard.ping, asking).await {
            Taken::Ended(end) => {
                heard.take(&session);
                ramp.ended(len, end);
            }
            Taken::Passed { answered } => {
                ramp.passed(len, answered);
                open = Some(session);
            }
        }
    }
    if let Some(session) = open {
        heard.take(&session);
        leave(session).await;
    }
    heard.hopeless = ramp.is_hopeless();
    heard.passed = ramp.largest();
    ramp.judge()
}

/// What became of a message of a given size.
enum Taken {
    Ended(End),
    /// The connection stands; `answered` by an echo, or by the pong of a ping behind it.
    Passed {
        answered: bool,
    },
}

/// Sends a text of this size. An echo, or the pong of a ping behind it, says that it was taken, however long it was
/// under way.
async fn send_sized(session: &mut Session, len: u64, ping: Option<Span>, asking: &Asking<'_>) -> Taken {
    let came = |end: Option<End>, answered| end.map_or(Taken::Passed { answered }, Taken::Ended);
    let text = vec![b'a'; usize::try_from(len).unwrap_or_default()];
    match session.send(Opcode::Text, &text).await {
        Wrote::Whole => {}
        Wrote::Stuck => return Taken::Ended(End::Stuck),
        Wrote::Cut => {
            let end = watch(session, SURVIVAL, asking, |_| false).await;
            return Taken::Ended(end.unwrap_or(End::Cut(Cut::BrokenPipe)));
        }
    }
    let is_echo = |frame: &Frame| is_data(frame) && frame.header.len == len;
    let (mut echoed, mut ponged) = (false, false);
    if ping.is_none() {
        let end = watch(session, SURVIVAL, asking, |frame| {
            echoed = is_echo(frame);
            echoed
        })
        .await;
        return came(end, echoed);
    }
    // If it cannot be written, what is read says why.
    session.send(Opcode::Ping, BEHIND).await;
    let end = watch(session, asking.wait(), asking, |frame| {
        (echoed, ponged) = (is_echo(frame), is_pong(frame, BEHIND));
        echoed || ponged
    })
    .await;
    if end.is_some() || echoed {
        return came(end, echoed);
    }
    came(watch(session, QUIET, asking, is_echo).await, ponged)
}

pub(super) async fn fragments(asking: &mut Asking<'_>, heard: &mut Heard) -> Verdict {
    if heard.hopeless {
        return Verdict::skipped("any text ends the connection");
    }
    let mut session = match asking.session().await {
        Ok(session) => session,
        Err(why) => return unopened(&why),
    };
    let mask = Some(session.key());
    let first = Header { fin: false, ..Header::new(Opcode::Text, 0, mask) };
    session.send_as(first, b"wscope ").await;
    session.send(Opcode::Ping, BEHIND).await;
    session.send(Opcode::Continuation, b"deep").await;
    let mut pong = false;
    let mut end = watch(&mut session, PONG_WAIT.min(asking.wait()), asking, |frame| {
        pong = is_pong(frame, BEHIND);
        pong
    })
    .await;
    if end.is_none() {
        end = watch(&mut session, SURVIVAL, asking, is_data).await;
    }
    heard.take(&session);
    leave(session).await;
    frames::fragments(pong, end.as_ref())
}

pub(super) async fn closing(asking: &mut Asking<'_>, heard: &mut Heard) -> Verdict {
    let body = |code: Option<u16>, reason: String| CloseBody { code, reason };
    let variants = [
        body(Some(1000), String::new()),
        body(None, String::new()),
        body(Some(4000), String::new()),
        body(Some(1000), "x".repeat(REASON_MAX)),
    ];
    let mut closed = Vec::new();
    for sent in variants {
        if asking.wait().is_zero() {
            break;
        }
        let Ok(mut session) = asking.session().await else { break };
        session.close(&sent).await;
        let answer = match watch(&mut session, END_WAIT, asking, |_| false).await {
            Some(End::Close(body)) => Some(body),
            _ => None,
        };
        if answer.is_some() {
            watch(&mut session, END_WAIT, asking, |_| false).await;
        }
        heard.take(&session);
        closed.push(Closed { sent, answer, end: session.end() });
    }
    frames::closing(&closed)
}

pub(super) async fn strict(asking: &mut Asking<'_>, heard: &mut Heard) -> Verdict {
    let plain = |opcode| Header::new(opcode, 0, None);
    let breaches: [(&'static str, u16, bool, Header, Vec<u8>); 5] = [
        ("an unmasked frame", 1002, false, plain(Opcode::Text), b"wscope".to_vec()),
        ("a reserved opcode", 1002, true, plain(Opcode::Reserved(3)), b"wscope".to_vec()),
        ("text that is not UTF-8", 1007, true, plain(Opcode::Text), vec![0xff, 0xfe]),
        ("RSV1 without agreement", 1002, true, Header { rsv: 4, ..plain(Opcode::Text) }, b"wscope".to_vec()),
        ("a ping of 126 B", 1002, true, plain(Opcode::Ping), vec![b'a'; 126]),
    ];
    let mut broken = Vec::new();
    for (what, expected, is_masked, header, payload) in breaches {
        if asking.wait().is_zero() {
            break;
        }
        let Ok(mut session) = asking.session().await else { break };
        let mask = is_masked.then(|| session.key());
        let wrote = session.send_as(Header { mask, ..header }, &payload).await;
        let end = watch(&mut session, END_WAIT, asking, |_| false).await;
        let end = end.or((wrote != Wrote::Whole).then_some(End::Cut(Cut::BrokenPipe)));
        heard.take(&session);
        broken.push(Broken { what, expected, end });
    }
    frames::strict(&broken)
}

/// Waits until the other side ends the connection, or for a frame that is `enough`.
async fn watch(
    session: &mut Session,
    wait: Span,
    asking: &Asking<'_>,
    mut enough: impl FnMut(&Frame) -> bool,
) -> Option<End> {
    let until = asking.now().after(wait);
    loop {
        let left = until.since(asking.now());
        if left.is_zero() {
            return None;
        }
        let Some(frame) = session.next(left).await else { return session.end().map(End::Cut) };
        if frame.header.opcode == Opcode::Close {
            return Some(End::Close(CloseBody::parse(&frame.payload).0));
        }
        if enough(&frame) {
            return None;
        }
    }
}

fn is_data(frame: &Frame) -> bool {
    matches!(frame.header.opcode, Opcode::Text | Opcode::Binary | Opcode::Continuation)
}

fn is_pong(frame: &Frame, payload: &[u8]) -> bool {
    frame.header.opcode == Opcode::Pong && frame.payload == payload
}

fn unopened(why: &str) -> Verdict {
    Verdict::note(format!("no connection this time: {why}"))
}
