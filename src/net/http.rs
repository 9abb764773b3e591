//! Plain HTTP on the port of `serve` (RFC 9110, RFC 9112): the page, its feed, and the shared stream by polling. Owns
//! the connection, which is hyper's, and what is asked of the rest; answers are made in `routes`, bodies in `body`,
//! what a query says is read in `query`, and who may ask is `http_guard`'s.

pub mod body;
pub mod query;
pub mod routes;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;

use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, mpsc};

use crate::moment::Span;
use crate::net::prefixed::Prefixed;

/// A request's head must be whole within this time, and a connection without a request is kept as long.
const HEAD_WAIT: Span = Span::from_secs(10);
/// What is kept of a connection's bytes in each direction.
const BUFFER_MAX: usize = 64 * 1024;
/// As many fields as in the head of an upgrade.
const FIELDS_MAX: usize = 256;
/// So many feeds, event streams and long polls are held at once.
pub const READERS_MAX: usize = 64;

/// What the server has to show. All connections share one.
pub trait Site {
    /// Each `host:port` under which the server is reached.
    fn bound(&self) -> Vec<String>;
    /// A static file: content type and bytes.
    fn file(&self, path: &str) -> Option<(&'static str, &'static [u8])>;
    /// Is a WebSocket, and no page, behind this path?
    fn is_socket_path(&self, path: &str) -> bool;
    /// A new reader of the server's events.
    fn feed(&self) -> Feed;
    /// The shared message stream.
    fn stream(&self) -> Rc<dyn Messages>;
    /// The count of those who are held; the same for all connections.
    fn readers(&self) -> Readers;
}

/// The server's events as server-sent events, each record whole with its blank line.
#[derive(Debug)]
pub struct Feed {
    /// What stands now.
    pub first: Bytes,
    /// What follows.
    pub events: mpsc::Receiver<Bytes>,
}

/// The shared message stream: numbered messages of one line each, the last of them kept.
pub trait Messages {
    /// The number of the next message.
    fn next(&self) -> u64;
    /// The kept messages from number `from` on, oldest first.
    fn since(&self, from: u64) -> Vec<(u64, Rc<str>)>;
    /// Told (all waiters) at each message.
    fn arrival(&self) -> Arc<Notify>;
    /// Somebody asked: messages are made for a while.
    fn polled(&self);
    /// Somebody listens: messages are made until the answer is dropped.
    fn listen(&self) -> Box<dyn Listening>;
}

/// Who holds it listens; dropping it ends that.
pub trait Listening {}

/// How many readers are held. A clone counts the same.
#[derive(Clone, Debug, Default)]
pub struct Readers(Rc<Cell<usize>>);

/// One reader's place.
#[derive(Debug)]
pub struct Place(Rc<Cell<usize>>);

impl Readers {
    /// A place, if there is one.
    pub fn take(&self) -> Option<Place> {
        let taken = self.0.get();
        if taken >= READERS_MAX {
            return None;
        }
        self.0.set(taken + 1);
        Some(Place(Rc::clone(&self.0)))
    }

    /// How many places are taken.
    pub fn count(&self) -> usize {
        self.0.get()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// Answers requests until the client leaves. `io` begins with the first request's head. Runs in a `LocalSet`.
pub async fn serve<S>(io: Prefixed<S>, site: Rc<dyn Site>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let site = Rc::clone(&site);
        async move {
            // A request with a body is refused, so none is read.
            let (head, _body) = request.into_parts();
            Ok::<_, Infallible>(routes::answer(&head, site.as_ref()).await)
        }
    });
    let connection = http1::Builder::new()
        .half_close(false)
        .keep_alive(true)
        .max_buf_size(BUFFER_MAX)
        .max_headers(FIELDS_MAX)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT.duration())
        .serve_connection(TokioIo::new(io), service);
    // A client that went away, or sent what is no HTTP (hyper has answered that itself): nothing is left to do.
    let _ = connection.await;
}
