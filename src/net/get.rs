//! A plain HTTP/1.1 client, as far as polling needs one: GET over a connection that is kept while the server keeps it
//! (RFC 9110 section 9.3.1, RFC 9112 sections 6 and 9.3). Owns the count of every byte above TLS, and when a connection
//! is opened anew; what an answer means is the caller's.

use std::io;
use std::pin::Pin;
use std::task::{Context, Waker};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};

use crate::event::{Attempt, DialFailed, DialFault, EventKind, Phase};
use crate::moment::{Moment, Span};
use crate::net::clock::Clock;
use crate::net::control::Log;
use crate::net::reach::RequestPlan;
use crate::net::stream::Stream;
use crate::net::target::Target;
use crate::net::{answer, dial, resolve, tls};
use crate::wire::head::{BodyLength, BodyReader, Head, body_length};
use crate::wire::upgrade::{Extra, Request};

/// The largest body that is taken.
const BODY_MAX: usize = 16 * 1024 * 1024;
/// What a request for a WebSocket has, and a plain one has not.
const UPGRADE_FIELDS: [&str; 5] =
    ["Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol"];

/// Whom to ask, and with which fields.
#[derive(Clone, Debug)]
pub struct Plan {
    pub dial: dial::Plan,
    pub request: RequestPlan,
    /// For name, TCP and TLS together; none: no limit.
    pub timeout: Option<Span>,
}

/// A client of one server.
#[derive(Debug)]
pub struct Getter {
    plan: Plan,
    clock: Clock,
    /// What happens on the way to a connection, for whoever wants to tell it.
    log: Option<Log>,
    open: Option<Stream>,
    /// A request is under way, or was given up on the way.
    is_busy: bool,
    counts: Counts,
}

/// What it took so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub requests: u64,
    /// Connections opened.
    pub connections: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub head: Head,
    pub body: Vec<u8>,
    /// When its last byte was here.
    pub at: Moment,
    /// Since the request was written.
    pub took: Span,
}

/// Why there is no whole answer.
#[derive(Debug)]
pub enum GetFault {
    /// No connection, or nothing like an answer on it.
    Dial(DialFailed),
    /// Not within this time.
    Late(Span),
    /// An answer began, and was no good.
    Broken(String),
}

/// The URL with the scheme of HTTP.
pub fn http_url(target: &Target) -> String {
    let url = target.url();
    match url.strip_prefix("ws") {
        Some(rest) => format!("http{rest}"),
        None => url,
    }
}

impl Getter {
    /// Nothing is open yet.
    pub fn new(plan: Plan, clock: Clock, log: Option<Log>) -> Getter {
        Getter { plan, clock, log, open: None, is_busy: false, counts: Counts::default() }
    }

    /// What it took so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Is the connection open, as far as this end knows?
    pub fn is_open(&mut self) -> bool {
        let Some(stream) = &mut self.open else { return false };
        // An answer that is under way says that it is.
        self.is_busy || is_quiet(stream)
    }

    /// Asks for this path and query. The answer must be whole within `wait` of the request.
    pub async fn get(&mut self, path: &str, wait: Span) -> Result<Answer, GetFault> {
        let kept = !self.is_busy && self.is_open();
        if !kept {
            self.connect().await.map_err(GetFault::Dial)?;
        }
        let request = self.request(path);
        match self.exchange(&request, wait).await {
            // The server ended the connection while our request was on its way: that is no refusal of it.
            Err(fault) if kept && is_stale(&fault) => {
                self.connect().await.map_err(GetFault::Dial)?;
                self.exchange(&request, wait).await
            }
            done => done,
        }
    }

    fn request(&self, path: &str) -> Vec<u8> {
        let RequestPlan { host, request } = &self.plan.request;
        let plain = UPGRADE_FIELDS.map(|name| Extra::Remove(name.to_owned()));
        Request {
            target: path.to_owned(),
            host: host.clone().unwrap_or_else(|| self.plan.dial.target.host_header()),
            extra: plain.into_iter().chain(request.extra.iter().cloned()).collect(),
            ..request.clone()
        }
        .bytes()
    }

    async fn connect(&mut self) -> Result<(), DialFailed> {
        self.open = None;
        self.is_busy = false;
        let mut stage = Stage { phase: Phase::Resolve, began: self.clock.now(), attempts: Vec::new() };
        let opening = open(&self.plan.dial, &mut stage, self.clock, self.log.as_ref());
        let opened = match self.plan.timeout {
            None => Some(opening.await),
            Some(limit) => tokio::time::timeout(limit.duration(), opening).await.ok(),
        };
        let fault = match opened {
            Some(Ok(stream)) => {
                self.open = Some(stream);
                self.counts.connections += 1;
                return Ok(());
            }
            Some(Err(fault)) => fault,
            None => DialFault::TimedOut {
                limit: self.plan.timeout.unwrap_or_default(),
                attempts: if stage.phase == Phase::Connect { stage.attempts } else { Vec::new() },
                delivered: None,
                received: 0,
            },
        };
        Err(DialFailed { phase: stage.phase, fault, took: self.clock.now().since(stage.began) })
    }

    async fn exchange(&mut self, request: &[u8], wait: Span) -> Result<Answer, GetFault> {
        let clock = self.clock;
        let began = clock.now();
        self.is_busy = true;
        self.counts.requests += 1;
        let Some(stream) = self.open.as_mut() else { return Err(unanswered(answer::cut(false, 0), Span::ZERO)) };
        let talking = talk(stream, request, &mut self.counts);
        let talked = tokio::time::timeout(wait.duration(), talking).await;
        let at = clock.now();
        let took = at.since(began);
        self.is_busy = false;
        let (head, body, may_stay) = match talked {
            Ok(Ok(talked)) => talked,
            Ok(Err(fault)) => {
                self.open = None;
                return Err(match fault {
                    TalkFault::NoAnswer(fault) => unanswered(fault, took),
                    TalkFault::Broken(words) => GetFault::Broken(words),
                });
            }
            Err(_) => {
                self.open = None;
                return Err(GetFault::Late(wait));
            }
        };
        if !may_stay {
            self.open = None;
        }
        Ok(Answer { head, body, at, took })
    }
}

/// How far the way to a connection is.
struct Stage {
    phase: Phase,
    began: Moment,
    attempts: Vec<Attempt>,
}

impl Stage {
    fn enter(&mut self, phase: Phase, clock: Clock) {
        self.phase = phase;
        self.began = clock.now();
    }
}

async fn open(plan: &dial::Plan, stage: &mut Stage, clock: Clock, log: Option<&Log>) -> Result<Stream, DialFault> {
    let tell = |kind: EventKind| {
        if let Some(log) = log {
            log.tell(clock.now(), kind);
        }
    };
    let mut addresses = Vec::new();
    if plan.unix_socket.is_none() {
        let (resolved, found) = resolve::resolve(plan, &clock).await?;
        tell(EventKind::Resolved(resolved));
        addresses = found;
    }
    stage.enter(Phase::Connect, clock);
    let (plain, open) = dial::connect(plan, &addresses, &clock, &mut stage.attempts).await?;
    tell(EventKind::TcpOpen(open));
    if !plan.target.tls {
        return Ok(Stream::from(plain));
    }
    stage.enter(Phase::Tls, clock);
    let (stream, ready) = tls::handshake(plain, &plan.tls, &plan.target.host, &clock).await?;
    tell(EventKind::TlsReady(ready));
    Ok(Stream::from(stream))
}

/// Nothing has come on an idle connection, not even its end.
fn is_quiet(stream: &mut Stream) -> bool {
    let mut byte = [0; 1];
    let mut buffer = ReadBuf::new(&mut byte);
    let mut cx = Context::from_waker(Waker::noop());
    Pin::new(stream).poll_read(&mut cx, &mut buffer).is_pending()
}

enum TalkFault {
    NoAnswer(DialFault),
    Broken(String),
}

/// One request and its answer; the last value tells whether the connection may carry another.
async fn talk(stream: &mut Stream, request: &[u8], counts: &mut Counts) -> Result<(Head, Vec<u8>, bool), TalkFault> {
    let written = write(stream, request).await;
    counts.bytes_out += request.len() as u64;
    // What a server says before it ends a connection that it does not read is its answer all the same.
    let read = answer::read_head(stream, |count| counts.bytes_in += count as u64).await;
    let (head, rest) = match (read, written) {
        (Ok(read), _) => read,
        (Err(_), Err(_)) => return Err(TalkFault::NoAnswer(answer::cut(true, 0))),
        (Err(fault), Ok(())) => return Err(TalkFault::NoAnswer(fault)),
    };
    let length = body_length(&head);
    let body = read_body(stream, length, &rest, counts).await.map_err(TalkFault::Broken)?;
    let may_stay = length != BodyLength::UntilClose && keeps_alive(&head);
    Ok((head, body, may_stay))
}

async fn write(stream: &mut Stream, request: &[u8]) -> io::Result<()> {
    stream.write_all(request).await?;
    stream.flush().await
}

async fn read_body(
    stream: &mut Stream,
    length: BodyLength,
    rest: &[u8],
    counts: &mut Counts,
) -> Result<Vec<u8>, String> {
    let mut reader = BodyReader::new(length, BODY_MAX);
    let mut is_whole = reader.done() || reader.push(rest);
    let mut chunk = vec![0; 16 * 1024];
    while !is_whole {
        match stream.read(&mut chunk).await {
            Ok(0) if length == BodyLength::UntilClose => break,
            Ok(0) => return Err("the answer ends before its body does".to_owned()),
            Ok(count) => {
                counts.bytes_in += count as u64;
                is_whole = reader.push(&chunk[..count]);
            }
            Err(error) => return Err(format!("the answer breaks off in its body: {error}")),
        }
    }
    match reader.finish() {
        (body, false) => Ok(body),
        (_, true) => Err("the answer's body is larger than 16 MiB, or its chunks are malformed".to_owned()),
    }
}

/// RFC 9112 section 9.3.
fn keeps_alive(head: &Head) -> bool {
    if head.has_token("Connection", "close") {
        return false;
    }
    head.version().is_some_and(|version| version >= (1, 1)) || head.has_token("Connection", "keep-alive")
}

fn unanswered(fault: DialFault, took: Span) -> GetFault {
    GetFault::Dial(DialFailed { phase: Phase::Upgrade, fault, took })
}

/// Nothing at all came back on a connection that had been good before.
fn is_stale(fault: &GetFault) -> bool {
    let GetFault::Dial(failed) = fault else { return false };
    matches!(failed.fault, DialFault::CutBeforeAnswer { received: 0, .. })
}

#[cfg(test)]
mod tests;
