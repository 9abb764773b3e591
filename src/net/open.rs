//! The opening handshake as client: writes the request, reads the answer whatever its pace, judges it (RFC 6455 section
//! 4.1). Owns the reading of a refusal's body; the rules are `wire::upgrade_check`'s, the time limit is the caller's.

use std::cell::Cell;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::event::{Body, DialFault, EventKind, PayloadBytes, UpgradeAnswered, UpgradeBreach, UpgradeSent};
use crate::moment::{Moment, Span};
use crate::net::answer;
use crate::net::clock::Clock;
use crate::net::control::Log;
use crate::wire::head::Head;
use crate::wire::head::body::{BODY_KEEP, BodyReader, body_length};
use crate::wire::upgrade::Request;
use crate::wire::upgrade_check::{Sent, check};

/// A good answer.
#[derive(Debug)]
pub struct Upgraded {
    pub head: Head,
    /// Bytes of the stream that came with the head.
    pub rest: Vec<u8>,
}

/// A bad one.
#[derive(Debug)]
pub struct NotUpgraded {
    pub fault: DialFault,
    pub retry_after: Option<Span>,
    /// Where a 3xx points to.
    pub location: Option<String>,
}

impl From<DialFault> for NotUpgraded {
    fn from(fault: DialFault) -> NotUpgraded {
        NotUpgraded { fault, retry_after: None, location: None }
    }
}

/// The body of a refusal is waited for so long.
const BODY_WAIT: Span = Span::from_millis(1000);

/// Asks for the upgrade over `io`, and counts the bytes of the answer in `received`. At `until` the caller gives up: a refusal's body is waited for until shortly before.
pub async fn upgrade<S>(
    io: &mut S,
    request: &Request,
    until: Option<Moment>,
    clock: Clock,
    (log, received): (&Log, &Cell<u64>),
) -> Result<Upgraded, NotUpgraded>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let bytes = request.bytes();
    let began = clock.now();
    let written = write(io, &bytes).await;
    log.tell(clock.now(), EventKind::UpgradeSent(UpgradeSent { head: Head::verbatim(bytes) }));
    let (head, rest) = match answer::read_head(io, |count| received.set(received.get() + count as u64)).await {
        Ok(answer) => answer,
        Err(fault) => return Err(write_fault(&written, fault).into()),
    };
    let took = clock.now().since(began);
    let status = head.status().unwrap_or_default();
    if status != 101 {
        let body = read_body(io, &head, &rest, body_wait(until, clock)).await;
        let refused = refused(&head, status);
        log.tell(clock.now(), EventKind::UpgradeAnswered(UpgradeAnswered { head, body, took }));
        return Err(refused);
    }
    let key = request.effective_key();
    let subprotocols = request.effective_subprotocols();
    let sent = Sent { key: &key, subprotocols: &subprotocols, extensions_offered: request.offers_extensions() };
    let breaches: Vec<UpgradeBreach> = check(&head, &sent).into_iter().map(breach).collect();
    log.tell(clock.now(), EventKind::UpgradeAnswered(UpgradeAnswered { head: head.clone(), body: None, took }));
    if breaches.iter().any(|breach| breach.must_fail) {
        return Err(DialFault::InvalidUpgrade { breaches }.into());
    }
    Ok(Upgraded { head, rest })
}

async fn write<S: AsyncWrite + Unpin>(io: &mut S, bytes: &[u8]) -> io::Result<()> {
    io.write_all(bytes).await?;
    io.flush().await
}

/// The answer's silence after a failed write is the write's failure.
fn write_fault(written: &io::Result<()>, fault: DialFault) -> DialFault {
    match (written, &fault) {
        (Err(error), DialFault::CutBeforeAnswer { received: 0, reset: false })
            if !matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) =>
        {
            DialFault::Io { words: error.to_string() }
        }
        (Err(_), DialFault::CutBeforeAnswer { received, .. }) => {
            DialFault::CutBeforeAnswer { reset: true, received: *received }
        }
        _ => fault,
    }
}

/// The head is judged already: its verdict must not be lost to a body that stalls.
fn body_wait(until: Option<Moment>, clock: Clock) -> Span {
    let left = until.map_or(BODY_WAIT, |until| until.since(clock.now()));
    BODY_WAIT.min(left.times(0.5))
}

async fn read_body<S: AsyncRead + Unpin>(io: &mut S, head: &Head, rest: &[u8], wait: Span) -> Option<Body> {
    let mut reader = BodyReader::new(body_length(head), BODY_KEEP);
    let mut done = reader.done() || reader.push(rest);
    let fill = async {
        let mut chunk = vec![0; 16 * 1024];
        while !done {
            match io.read(&mut chunk).await {
                Ok(0) | Err(_) => break,
                Ok(count) => done = reader.push(&chunk[..count]),
            }
        }
    };
    // What came until then is shown as a part.
    let late = tokio::time::timeout(wait.duration(), fill).await.is_err();
    let (kept, cut) = reader.finish();
    (!kept.is_empty()).then_some(Body { payload: PayloadBytes(kept), cut: cut || late })
}

fn refused(head: &Head, status: u16) -> NotUpgraded {
    let location = head.first("Location").filter(|_| (300..400).contains(&status)).map(str::to_string);
    let fault = DialFault::Refused { status, reason: head.reason().to_string() };
    NotUpgraded { fault, retry_after: head.retry_after(), location }
}

fn breach(breach: crate::wire::upgrade_check::Breach) -> UpgradeBreach {
    let crate::wire::upgrade_check::Breach { code, must_fail, expected, got } = breach;
    UpgradeBreach { code: code.into(), must_fail, expected, got }
}
