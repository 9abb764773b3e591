//! The report card of one client of `serve`: what it did in its handshakes, frames, pongs, closes, reconnects and
//! heartbeats. Owns the record, where plain counts stand beside the judgements that they allow; `diagnose::client`
//! makes it. Rules are those of RFC 6455 sections 4.1, 5.1, 5.5 and 7.2.3. Text of the client is raw: who shows it
//! escapes it.

use serde::Serialize;

use crate::event::{ConnId, PayloadBytes};
use crate::moment::Span;

/// The story of one client that is over, or the counts of many that are no longer told one by one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClientReport {
    /// The address without its port, or the path of a Unix socket; none for a class of several clients.
    pub client: Option<String>,
    pub user_agent: Option<String>,
    /// The name before the `/` of the User-Agent, or `no User-Agent`.
    pub class: String,
    /// 1, or how many of the class are folded here.
    pub clients: u64,
    pub connections: u64,
    pub messages: u64,
    /// Connections that came beside the one that followed a drop.
    pub double_reconnects: u64,
    /// Frames that are not legal.
    pub breaches: u64,
    /// Of one client only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<Box<Card>>,
}

/// What one client did, part by part.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Card {
    /// Its first connections.
    pub conns: Vec<ConnId>,
    /// Connections that were answered with another status than 101.
    pub refused: u64,
    pub handshake: HandshakeSeen,
    pub frames: FramesSeen,
    pub pongs: PongsSeen,
    pub closes: ClosesSeen,
    pub reconnects: ReconnectsSeen,
    /// What looks like heartbeats of the client, the most frequent first.
    pub heartbeats: Vec<HeartbeatSeen>,
}

/// The opening handshakes; the lists are those of the first request.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HandshakeSeen {
    pub requests: u64,
    pub version: Option<String>,
    /// Was every key base64 of 16 bytes?
    pub key_valid: bool,
    /// Requests with a key that the client had used before.
    pub key_repeats: u64,
    pub host: bool,
    /// The names of the fields, in their order and spelling.
    pub fields: Vec<String>,
    pub origin: Option<String>,
    pub extensions: Vec<String>,
    pub subprotocols: Vec<String>,
    /// Broken rules, in words.
    pub wrong: Vec<String>,
}

/// The frames.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FramesSeen {
    /// False when no frame came, so that nothing can be said.
    pub seen: bool,
    /// The first that is not legal, in words.
    pub breach: Option<String>,
}

/// How our pings were answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PongsSeen {
    pub answered: u64,
    pub missed: u64,
    #[serde(rename = "median_ns")]
    pub median: Option<Span>,
    /// Why nothing was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

/// Closing handshakes, ours and its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClosesSeen {
    /// Close frames of ours that were answered by one.
    pub answered: u64,
    /// Of these, with the same code.
    pub same_code: u64,
    /// Of these, with another one.
    pub other_code: u64,
    /// The first answer with another code.
    pub other: Option<CodePair>,
    #[serde(rename = "median_ns")]
    pub median: Option<Span>,
    #[serde(rename = "slowest_ns")]
    pub slowest: Option<Span>,
    /// Close frames of ours that were not answered in time.
    pub unanswered: u64,
    /// The stream was ended instead of an answer.
    pub cut: u64,
    /// Close frames that the client sent first, by code.
    pub own: Vec<CodeCount>,
    /// Ends by the client without any Close frame.
    pub without_close: u64,
}

/// What we sent, and what came back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CodePair {
    pub sent: Option<u16>,
    pub got: Option<u16>,
}

/// A code, and how often it came.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CodeCount {
    pub code: Option<u16>,
    pub times: u64,
}

/// How the client comes back after drops and refusals.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReconnectsSeen {
    /// Drops and refusals after which it came back, or should have.
    pub drops: u64,
    pub came_back: u64,
    /// It stayed away though the end asked for a new attempt.
    pub not_back: u64,
    /// The last drop is so long ago, and the story was over before it could be seen what follows.
    #[serde(rename = "undecided_ns", skip_serializing_if = "Option::is_none")]
    pub undecided: Option<Span>,
    /// Of the double reconnects, those that came within a second of the first.
    pub doubles_at_once: u64,
    /// How many delays were measured.
    pub measured: u64,
    /// The first of them.
    #[serde(rename = "delays_ns")]
    pub delays: Vec<Span>,
    #[serde(rename = "min_ns")]
    pub min: Option<Span>,
    #[serde(rename = "max_ns")]
    pub max: Option<Span>,
    /// The most delays in a row without a connection of 10 s or more in between.
    pub in_row: u64,
    /// A connection was open, though shorter, between the delays of that row.
    pub opened_between: bool,
    /// None when there is too little to judge by.
    pub grows: Option<bool>,
    /// From one delay to the next; 1 when they are the same.
    pub factor: Option<f64>,
    pub jitter: Option<bool>,
    /// Where the growth stops.
    #[serde(rename = "cap_ns")]
    pub cap: Option<Span>,
    pub retry_after: Waits,
    /// Close 1012 and 1013.
    pub restart: Waits,
    /// Ends after which a client should stay away.
    pub finals: Vec<FinalSeen>,
}

/// How often a wait was asked for, and how often the client waited; what is undecided is in neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Waits {
    pub asked: u64,
    pub waited: u64,
}

/// An end after which a client should stay away: a Close code, or an HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FinalSeen {
    pub code: u16,
    pub times: u64,
    pub came_back: u64,
}

/// Something that the client sends at even intervals.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeartbeatSeen {
    pub kind: HeartbeatKind,
    /// The head of the message, of an application's heartbeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<PayloadBytes>,
    pub count: u64,
    /// The median.
    #[serde(rename = "interval_ns")]
    pub interval: Option<Span>,
    /// The intervals became longer as a browser's timers do in a hidden page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttled: Option<Throttled>,
}

/// What a heartbeat is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeartbeatKind {
    Ping,
    /// Unsolicited.
    Pong,
    Text,
    Binary,
}

/// Timers that a browser aligns: to whole seconds, or to whole minutes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Throttled {
    #[serde(rename = "before_ns")]
    pub before: Span,
    #[serde(rename = "aligned_to_ns")]
    pub aligned_to: Span,
}

#[cfg(test)]
impl ClientReport {
    /// The client of SCREENS' sixth screen.
    pub fn sample() -> ClientReport {
        let delay = Span::from_millis(507);
        let names = ["Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"];
        let fields = names.into_iter().chain(["Origin", "User-Agent"]).map(str::to_owned).collect();
        let card = Card {
            conns: vec![ConnId(1), ConnId(2)],
            refused: 0,
            handshake: HandshakeSeen {
                requests: 2,
                version: Some("13".into()),
                key_valid: true,
                key_repeats: 0,
                host: true,
                fields,
                origin: Some("http://localhost:3000".into()),
                ..HandshakeSeen::default()
            },
            frames: FramesSeen { seen: true, breach: None },
            pongs: PongsSeen { note: Some("not measured (serve --heartbeat sends pings)"), ..PongsSeen::default() },
            closes: ClosesSeen {
                answered: 2,
                same_code: 2,
                median: Some(Span::from_nanos(800_000)),
                slowest: Some(Span::from_nanos(900_000)),
                ..ClosesSeen::default()
            },
            reconnects: ReconnectsSeen {
                drops: 1,
                came_back: 1,
                measured: 1,
                delays: vec![delay],
                min: Some(delay),
                max: Some(delay),
                in_row: 1,
                ..ReconnectsSeen::default()
            },
            heartbeats: Vec::new(),
        };
        ClientReport {
            client: Some("127.0.0.1".into()),
            user_agent: Some("node".into()),
            class: "node".into(),
            clients: 1,
            connections: 2,
            messages: 1,
            double_reconnects: 0,
            breaches: 0,
            card: Some(Box::new(card)),
        }
    }
}
