//! One connection and one request over it, for examinations that ask many different ones: TCP, TLS, the request's
//! bytes out, the answer's head in, each within a time. Owns that order; what the request says and what the answer
//! means are the caller's, names are looked up before.

use std::io;
use std::net::SocketAddr;
use std::time::UNIX_EPOCH;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::event::{DialFault, TcpOpen, TlsReady};
use crate::moment::Span;
use crate::net::clock::Clock;
use crate::net::stream::Stream;
use crate::net::{answer, dial, tls};
use crate::wire::head::Head;

/// A connection on which nothing was said yet.
#[derive(Debug)]
pub struct Way {
    pub stream: Stream,
    pub tcp: TcpOpen,
    pub tls: Option<TlsReady>,
}

/// Opens TCP, or the Unix socket, and TLS where the target has it.
///
/// # Errors
/// What each phase has; `TimedOut` when both are not done within `wait`.
pub async fn connect(plan: &dial::Plan, addresses: &[SocketAddr], wait: Span, clock: Clock) -> Result<Way, DialFault> {
    match tokio::time::timeout(wait.duration(), open(plan, addresses, clock)).await {
        Ok(done) => done,
        Err(_) => Err(late(wait)),
    }
}

async fn open(plan: &dial::Plan, addresses: &[SocketAddr], clock: Clock) -> Result<Way, DialFault> {
    let mut attempts = Vec::new();
    let (plain, tcp) = dial::connect(plan, addresses, &clock, &mut attempts).await?;
    if !plan.target.tls {
        return Ok(Way { stream: Stream::from(plain), tcp, tls: None });
    }
    let (stream, ready) = tls::handshake(plain, &plan.tls, &plan.target.host, &clock).await?;
    Ok(Way { stream: Stream::from(stream), tcp, tls: Some(ready) })
}

/// Writes the request and reads the answer's head, and what came behind it.
///
/// # Errors
/// No whole head of HTTP; `TimedOut` when it is not there within `wait`.
pub async fn ask<S>(io: &mut S, request: &[u8], wait: Span) -> Result<(Head, Vec<u8>), DialFault>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let asking = async {
        let written = write(io, request).await;
        // A refusal may be on its way although our request could not be written to its end.
        match (answer::read_head(io, |_| ()).await, written) {
            (Ok(answer), _) => Ok(answer),
            (Err(_), Err(error)) => Err(DialFault::Io { words: error.to_string() }),
            (Err(fault), Ok(())) => Err(fault),
        }
    };
    match tokio::time::timeout(wait.duration(), asking).await {
        Ok(done) => done,
        Err(_) => Err(late(wait)),
    }
}

/// The answer's `Date:`, in seconds since 1970, UTC (RFC 9110 section 6.6.1).
pub fn date_unix(head: &Head) -> Option<i64> {
    let date = httpdate::parse_http_date(head.first("Date")?).ok()?;
    i64::try_from(date.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

async fn write<S: AsyncWrite + Unpin>(io: &mut S, bytes: &[u8]) -> io::Result<()> {
    io.write_all(bytes).await?;
    io.flush().await
}

fn late(limit: Span) -> DialFault {
    DialFault::TimedOut { limit, attempts: Vec::new(), delivered: None, received: 0 }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn the_head_of_the_answer_and_what_is_behind_it() {
        let (mut ours, mut theirs) = tokio::io::duplex(1024);
        theirs.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x02hi").await.unwrap();
        let (head, rest) = ask(&mut ours, b"GET / HTTP/1.1\r\n\r\n", Span::from_secs(5)).await.unwrap();
        assert_eq!((head.status(), rest.as_slice()), (Some(101), b"\x81\x02hi".as_slice()));
        let mut asked = [0; 18];
        theirs.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, b"GET / HTTP/1.1\r\n\r\n");
    }

    #[test]
    fn the_date_of_an_answer_is_read() {
        let head = |date: &str| Head::verbatim(format!("HTTP/1.1 200 OK\r\nDate: {date}\r\n\r\n").into_bytes());
        assert_eq!(date_unix(&head("Thu, 01 Jan 1970 00:01:40 GMT")), Some(100));
        assert_eq!(date_unix(&head("soon")), None);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_told_after_the_wait() {
        let (mut ours, _theirs) = tokio::io::duplex(1024);
        let fault = ask(&mut ours, b"GET / HTTP/1.1\r\n\r\n", Span::from_secs(3)).await.unwrap_err();
        assert_eq!(fault, late(Span::from_secs(3)));
    }

    #[tokio::test]
    async fn an_end_before_the_answer_is_told() {
        let (mut ours, theirs) = tokio::io::duplex(1024);
        drop(theirs);
        assert!(ask(&mut ours, b"GET / HTTP/1.1\r\n\r\n", Span::from_secs(5)).await.is_err());
    }
}
