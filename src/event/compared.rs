//! What `probe --compare` has measured: the same messages by the socket, by long polling and by short polling. Owns the
//! shape; the figures are made in `exam::compare`.

use serde::Serialize;

use crate::moment::Span;

/// A way by which the messages come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Socket,
    LongPolling,
    ShortPolling,
}

impl Way {
    /// As a person reads it.
    pub fn words(self) -> &'static str {
        match self {
            Way::Socket => "socket",
            Way::LongPolling => "long polling",
            Way::ShortPolling => "short polling",
        }
    }
}

/// The three ways beside each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    pub url: String,
    /// How long all three listened.
    #[serde(rename = "took_ns")]
    pub took: Span,
    /// How many messages are compared: from the first that all could get to the last that the slowest has fetched.
    pub messages: u64,
    pub ways: Vec<WayCompared>,
    /// Our clock less the server's, where they differ; then delays count from the fastest message.
    #[serde(rename = "clock_offset_ns")]
    pub clock_offset: Option<i64>,
}

/// What one way costs and brings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WayCompared {
    pub name: Way,
    pub url: String,
    /// The opening handshake is the socket's only one.
    pub requests: u64,
    /// Connections opened.
    pub connections: u64,
    /// Connections open when it was over.
    pub open_connections: u64,
    /// Heads, bodies and frames, above TLS.
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// The bytes of both directions, shared among all messages that came this way.
    pub bytes_per_message: Option<u64>,
    /// Of the compared messages: how many came, how many did not, and how many more than once.
    pub messages: u64,
    pub lost: u64,
    pub doubled: u64,
    /// Delays: from the server's stamp to the message's arrival here.
    #[serde(rename = "median_ns")]
    pub median: Option<Span>,
    /// From 100 messages on.
    #[serde(rename = "p99_ns")]
    pub p99: Option<Span>,
    #[serde(rename = "max_ns")]
    pub max: Option<Span>,
}
