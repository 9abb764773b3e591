//! The opening handshake as server (RFC 6455 section 4.2): reads the request, judges it, answers, or does the planned fault
//! instead. Owns the limits on a client that is slow or talks too much; the rules are `wire::upgrade`'s.

use std::io;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::fault::handshake::Answer;
use crate::fault::spec::Planned;
use crate::fault::upgrade::{Instead, instead};
use crate::moment::Span;
use crate::net::policy::{Policy, Refusal};
use crate::wire::head::Head;
use crate::wire::head::reader::{HEAD_LIMIT, HeadFault, HeadReader};
use crate::wire::upgrade::{Judged, accept_key, answer_bytes, judge_request, refusal_bytes};

/// A request, whole.
#[derive(Debug)]
pub struct Asked {
    pub head: Head,
    /// What came behind it.
    pub rest: Vec<u8>,
}

/// A request that was answered by a 101, right or wrong.
#[derive(Debug)]
pub struct Welcomed {
    pub head: Head,
    /// The 101 as it went out.
    pub answer: Head,
    pub subprotocol: Option<String>,
    /// Frames that came with the request.
    pub rest: Vec<u8>,
    /// What was wrong or odd about the answer, on purpose.
    pub fault: Option<Answer>,
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum Turned {
    #[error("the client sent no whole request within {} s", HEAD_WAIT.seconds())]
    Slow,
    #[error("the client ended the connection before a whole request")]
    Cut,
    #[error("the request is no HTTP: {0}")]
    NotHttp(String),
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Answered with an HTTP status.
    #[error("refused: {why}")]
    Refused { head: Box<Head>, answer: Box<Head>, why: String },
    /// Not answered, on purpose: the caller keeps the stream until the client leaves.
    #[error("no answer to the upgrade, as asked")]
    Unanswered { head: Box<Head> },
    /// Answered by a fault.
    #[error("{what}, as asked")]
    Fault { head: Box<Head>, answer: Box<Head>, what: String },
}

/// A request must be whole within this time.
const HEAD_WAIT: Span = Span::from_secs(10);

/// Reads one client's request.
///
/// # Errors
/// What is no HTTP is answered by 400 or 431 before it comes back as an error.
pub async fn read<S>(io: &mut S) -> Result<Asked, Turned>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let reading = tokio::time::timeout(HEAD_WAIT.duration(), read_request(io));
    match reading.await.map_err(|_| Turned::Slow)? {
        Ok((head, rest)) => Ok(Asked { head, rest }),
        Err(NoRequest::Cut) => Err(Turned::Cut),
        Err(NoRequest::Io(error)) => Err(Turned::Io(error)),
        Err(NoRequest::Head(fault)) => {
            let (status, reason) = match fault {
                HeadFault::TooLarge { .. } => (431, "Request Header Fields Too Large"),
                HeadFault::NotHttp { .. } | HeadFault::Malformed { .. } => (400, "Bad Request"),
            };
            let why = fault.to_string();
            io.write_all(&refusal_bytes(status, reason, &[], &format!("{}\n", why.escape_debug()))).await?;
            end(io).await;
            Err(Turned::NotHttp(why))
        }
    }
}

/// Answers an upgrade as the rules, the policy and the planned faults say.
///
/// # Errors
/// Every answer but a 101, after it was sent.
pub async fn answer<S>(io: &mut S, asked: Asked, planned: &[Planned], policy: &Policy) -> Result<Welcomed, Turned>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Asked { head, rest } = asked;
    let accepted = match judge_request(&head) {
        Judged::Upgrade(accepted) => accepted,
        Judged::Plain => return refuse(io, head, no_upgrade()).await,
        Judged::Refuse { status, reason, fields, body } => {
            return refuse(io, head, Refusal { status, reason, fields, why: body }).await;
        }
    };
    let subprotocol = match policy.judge(&head) {
        Ok(subprotocol) => subprotocol,
        Err(refusal) => return refuse(io, head, refusal).await,
    };
    let fault = match instead(planned, &accepted.key) {
        None => None,
        Some(Instead::Answer(answer)) => Some(answer),
        Some(Instead::Refuse { bytes, what }) => {
            io.write_all(&bytes).await?;
            end(io).await;
            return Err(Turned::Fault { head: Box::new(head), answer: Box::new(head_of(&bytes)), what });
        }
        Some(Instead::Nothing) => return Err(Turned::Unanswered { head: Box::new(head) }),
    };
    let bytes = match &fault {
        None => answer_bytes(&accept_key(&accepted.key), subprotocol.as_deref(), &policy.fields),
        Some(answer) => answer.bytes.clone(),
    };
    write_paced(io, &bytes, fault.as_ref().map_or(Span::ZERO, |answer| answer.pause)).await?;
    io.flush().await?;
    let subprotocol = subprotocol.filter(|_| fault.is_none());
    Ok(Welcomed { head, answer: head_of(&bytes), subprotocol, rest, fault })
}

/// What a path for sockets says to a request without an upgrade.
pub fn no_upgrade() -> Refusal {
    let fields = vec![("Upgrade".into(), "websocket".into()), ("Sec-WebSocket-Version".into(), "13".into())];
    let why = "this is a WebSocket server; the request has no Upgrade: websocket".to_string();
    Refusal { status: 426, reason: "Upgrade Required", fields, why }
}

/// Refuses a request.
///
/// # Errors
/// Always: the refusal, or the error of writing it.
pub async fn refuse<S>(io: &mut S, head: Head, refusal: Refusal) -> Result<Welcomed, Turned>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Refusal { status, reason, fields, why } = refusal;
    let bytes = refusal_bytes(status, reason, &fields, &format!("{}\n", why.escape_debug()));
    io.write_all(&bytes).await?;
    end(io).await;
    Err(Turned::Refused { head: Box::new(head), answer: Box::new(head_of(&bytes)), why })
}

/// An answer of ours without what stands behind its head.
fn head_of(answer: &[u8]) -> Head {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    Head::verbatim(answer[..end].to_vec())
}

/// All at once, or each byte by itself with so long before the next.
async fn write_paced<S: AsyncWrite + Unpin>(io: &mut S, bytes: &[u8], pause: Span) -> io::Result<()> {
    if pause.is_zero() {
        return io.write_all(bytes).await;
    }
    for byte in bytes {
        io.write_all(std::slice::from_ref(byte)).await?;
        io.flush().await?;
        tokio::time::sleep(pause.duration()).await;
    }
    Ok(())
}

/// Ends our direction, and reads until the client ends its own: closing with unread bytes would reset the answer away.
pub async fn end<S: AsyncRead + AsyncWrite + Unpin>(io: &mut S) {
    let _ = io.shutdown().await;
    let _ = tokio::time::timeout(Span::from_millis(1000).duration(), wait_for_end(io)).await;
}

/// Reads and throws away until the client ends the connection.
pub async fn wait_for_end<S: AsyncRead + Unpin>(io: &mut S) {
    let mut scratch = [0; 4096];
    while matches!(io.read(&mut scratch).await, Ok(count) if count > 0) {}
}

/// Why there is no request to judge.
enum NoRequest {
    Cut,
    Io(io::Error),
    Head(HeadFault),
}

async fn read_request<S: AsyncRead + Unpin>(io: &mut S) -> Result<(Head, Vec<u8>), NoRequest> {
    let mut reader = HeadReader::request(HEAD_LIMIT);
    let mut chunk = vec![0; 4096];
    loop {
        let count = io.read(&mut chunk).await.map_err(NoRequest::Io)?;
        if count == 0 {
            return Err(NoRequest::Cut);
        }
        match reader.push(&chunk[..count]) {
            Ok(Some(request)) => return Ok(request),
            Ok(None) => {}
            Err(fault) => return Err(NoRequest::Head(fault)),
        }
    }
}
