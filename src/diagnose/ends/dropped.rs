//! The record of one connection that was taken away. Owns what is remembered of it; what it means is `ends`'s.

use crate::diagnose::facts::contains;
use crate::event::{Ended, Missed};
use crate::moment::Moment;
use crate::wire::head::Head;

/// A connection that was taken away, with what was known of it.
#[derive(Clone, Debug)]
pub struct Dropped {
    pub at: Moment,
    /// The wall clock at the drop, in milliseconds since 1970, UTC.
    pub wall_unix_ms: Option<i64>,
    pub ended: Ended,
    /// The 101.
    pub head: Option<Head>,
    pub url: String,
    /// A message announced the end.
    pub farewell: bool,
    /// The last heartbeat without an answer.
    pub missed: Option<Missed>,
    /// Pongs of pings of ours, on this connection.
    pub pings_answered: u64,
    /// What this end did wrong on purpose.
    pub wrongs: Vec<String>,
    /// The subprotocols that were offered.
    pub offered: Vec<String>,
    /// What the next try had when it failed right after: the server was not there.
    pub gone: Option<String>,
}

impl Dropped {
    /// The answer's `Server` header.
    pub fn server(&self) -> Option<&str> {
        self.head.as_ref()?.first("Server")
    }

    /// Does the `Server` header name this product?
    pub fn is_server(&self, product: &str) -> bool {
        self.server().is_some_and(|server| contains(server, product))
    }

    /// The subprotocol that the server chose.
    pub fn subprotocol(&self) -> Option<&str> {
        self.head.as_ref()?.first("Sec-WebSocket-Protocol")
    }
}

impl Dropped {
    /// A drop of which no more is known than its end, when it came, and where.
    pub fn new(at: Moment, ended: Ended, url: String) -> Dropped {
        Dropped {
            at,
            wall_unix_ms: None,
            ended,
            head: None,
            url,
            farewell: false,
            missed: None,
            pings_answered: 0,
            wrongs: Vec::new(),
            offered: Vec::new(),
            gone: None,
        }
    }
}

#[cfg(test)]
impl Dropped {
    /// A drop for tests to change what they are about.
    pub fn sample(ended: Ended) -> Dropped {
        Dropped::new(Moment::START, ended, "ws://a/ws".into())
    }
}
