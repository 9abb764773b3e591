//! The opening handshake as server (RFC 6455 section 4.2): reads the request, judges it, answers, or does the planned fault
//! instead. Owns the limits on a client that is slow or talks too much; the rules are `wire::upgrade`'s.

use std::io;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::fault::handshake::Answer;
use crate::fault::spec::{self, Planned};
use crate::fault::upgrade::{Instead, instead};
use crate::moment::Span;
use crate::wire::head::Head;
use crate::wire::head::reader::{HEAD_LIMIT, HeadFault, HeadReader};
use crate::wire::upgrade::{Accepted, Judged, accept_key, answer_bytes, judge_request, refusal_bytes};

/// A request that was answered by a 101, right or wrong.
#[derive(Debug)]
pub struct Welcomed {
    pub head: Head,
    /// The faults for this connection: those of the command line and of its path.
    pub planned: Vec<Planned>,
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
    #[error("refused with {status} {reason}: {why}")]
    Refused { head: Box<Head>, status: u16, reason: &'static str, why: String },
    /// Not answered, on purpose: the caller keeps the stream until the client leaves.
    #[error("no answer to the upgrade, as asked")]
    Unanswered { head: Box<Head> },
    /// Answered by a fault.
    #[error("{what}, as asked")]
    Fault { head: Box<Head>, what: String },
}

/// A request must be whole within this time.
const HEAD_WAIT: Span = Span::from_secs(10);

/// Answers one client. `faults` are those of the command line; `/fault/SPEC` in the path adds its own.
pub async fn welcome<S>(io: &mut S, faults: &[Planned]) -> Result<Welcomed, Turned>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let reading = tokio::time::timeout(HEAD_WAIT.duration(), read_request(io));
    let (head, rest) = match reading.await.map_err(|_| Turned::Slow)? {
        Ok(request) => request,
        Err(NoRequest::Cut) => return Err(Turned::Cut),
        Err(NoRequest::Io(error)) => return Err(Turned::Io(error)),
        Err(NoRequest::Head(fault)) => {
            let (status, reason) = match fault {
                HeadFault::TooLarge { .. } => (431, "Request Header Fields Too Large"),
                HeadFault::NotHttp { .. } | HeadFault::Malformed { .. } => (400, "Bad Request"),
            };
            let why = fault.to_string();
            io.write_all(&refusal_bytes(status, reason, &[], &format!("{}\n", why.escape_debug()))).await?;
            end(io).await;
            return Err(Turned::NotHttp(why));
        }
    };
    let mut planned = faults.to_vec();
    match spec::from_path(head.target()) {
        Some(Ok(own)) => planned.extend(own),
        Some(Err(fault)) => {
            let why = fault.to_string();
            return refuse(io, head, 400, "Bad Request", Vec::new(), why).await;
        }
        None => {}
    }
    match judge_request(&head) {
        Judged::Upgrade(accepted) => answer(io, head, rest, planned, &accepted).await,
        Judged::Plain => {
            let why = "this is a WebSocket server; the request has no Upgrade: websocket".to_string();
            let fields = vec![("Upgrade".into(), "websocket".into()), ("Sec-WebSocket-Version".into(), "13".into())];
            refuse(io, head, 426, "Upgrade Required", fields, why).await
        }
        Judged::Refuse { status, reason, fields, body } => refuse(io, head, status, reason, fields, body).await,
    }
}

async fn answer<S>(
    io: &mut S,
    head: Head,
    rest: Vec<u8>,
    planned: Vec<Planned>,
    accepted: &Accepted,
) -> Result<Welcomed, Turned>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let fault = match instead(&planned, &accepted.key) {
        None => None,
        Some(Instead::Answer(answer)) => Some(answer),
        Some(Instead::Refuse { bytes, what }) => {
            io.write_all(&bytes).await?;
            end(io).await;
            return Err(Turned::Fault { head: Box::new(head), what });
        }
        Some(Instead::Nothing) => return Err(Turned::Unanswered { head: Box::new(head) }),
    };
    match &fault {
        None => io.write_all(&answer_bytes(&accept_key(&accepted.key), None, &[])).await?,
        Some(answer) => write_paced(io, &answer.bytes, answer.pause).await?,
    }
    io.flush().await?;
    Ok(Welcomed { head, planned, rest, fault })
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

async fn refuse<S>(
    io: &mut S,
    head: Head,
    status: u16,
    reason: &'static str,
    fields: Vec<(String, String)>,
    why: String,
) -> Result<Welcomed, Turned>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    io.write_all(&refusal_bytes(status, reason, &fields, &format!("{}\n", why.escape_debug()))).await?;
    end(io).await;
    Err(Turned::Refused { head: Box::new(head), status, reason, why })
}

/// Ends our direction, and reads until the client ends its own: closing with unread bytes would reset the answer away.
async fn end<S: AsyncRead + AsyncWrite + Unpin>(io: &mut S) {
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
