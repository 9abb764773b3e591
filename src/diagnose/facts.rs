//! What is remembered of one dial and the connection that comes of it, so that a rule can look back. Owns the memory,
//! bounded by what one handshake holds; the judgements are in the rules.

use crate::event::{Body, EventKind, Missed, PayloadBytes};
use crate::moment::Span;
use crate::wire::head::Head;

/// How much of a refusal's body is searched for known texts, in bytes.
const BODY_SEARCHED: usize = 8 * 1024;

/// One dial and its connection.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The client's interval between heartbeats, if it sends any.
    pub heartbeat: Option<Span>,
    pub url: String,
    /// The name that was looked up.
    pub name: Option<String>,
    /// Our request.
    pub sent: Option<Head>,
    /// The answer to it.
    pub answer: Option<Head>,
    pub body: Option<Body>,
    /// A message announced the end.
    pub farewell: bool,
    /// The last heartbeat without an answer.
    pub missed: Option<Missed>,
}

impl Facts {
    /// Nothing is known but how often the client sends heartbeats.
    pub fn new(heartbeat: Option<Span>) -> Facts {
        Facts { heartbeat, ..Facts::default() }
    }

    /// Takes from an event what later rules need. A new dial forgets the one before.
    pub fn learn(&mut self, kind: &EventKind) {
        match kind {
            EventKind::DialStarted(dial) => {
                *self = Facts { heartbeat: self.heartbeat, url: dial.url.clone(), ..Facts::default() };
            }
            EventKind::Resolved(resolved) => self.name = Some(resolved.name.clone()),
            EventKind::UpgradeSent(sent) => {
                self.sent = Some(sent.head.clone());
                self.answer = None;
                self.body = None;
            }
            EventKind::UpgradeAnswered(answered) => {
                self.answer = Some(answered.head.clone());
                self.body.clone_from(&answered.body);
            }
            EventKind::Redirected(redirected) => self.url.clone_from(&redirected.to),
            EventKind::Open(opened) => self.url.clone_from(&opened.url),
            EventKind::Missed(missed) => self.missed = Some(missed.clone()),
            EventKind::Farewell(_) => self.farewell = true,
            EventKind::RunStarted(_)
            | EventKind::TcpOpen(_)
            | EventKind::TlsReady(_)
            | EventKind::DialFailed(_)
            | EventKind::Frame(_)
            | EventKind::Message(_)
            | EventKind::Heartbeat(_)
            | EventKind::Answered(_)
            | EventKind::StrayPong(_)
            | EventKind::PingsIgnored(_)
            | EventKind::Held(_)
            | EventKind::CloseSeen(_)
            | EventKind::Ended(_)
            | EventKind::RetryAt(_)
            | EventKind::GaveUp(_)
            | EventKind::FaultDone(_)
            | EventKind::Finding(_)
            | EventKind::Check(_)
            | EventKind::Compared(_)
            | EventKind::InputBad(_)
            | EventKind::InputEnded(_)
            | EventKind::Lines(_)
            | EventKind::Judged(_)
            | EventKind::Listening(_)
            | EventKind::Received(_)
            | EventKind::ClientReport(_)
            | EventKind::RunEnded(_) => {}
        }
    }

    /// Is the URL one with TLS?
    pub fn is_tls(&self) -> bool {
        self.url.starts_with("wss:")
    }

    /// The answer's `Server` header.
    pub fn server(&self) -> Option<&str> {
        self.answer.as_ref()?.first("Server")
    }

    /// Does the answer's `Server` header name this product?
    pub fn is_server(&self, product: &str) -> bool {
        self.server().is_some_and(|server| contains(server, product))
    }

    /// One field of the answer.
    pub fn answered(&self, name: &str) -> Option<&str> {
        self.answer.as_ref()?.first(name)
    }

    /// The path that was asked for, without the query.
    pub fn path(&self) -> &str {
        let target = self.sent.as_ref().map_or("/", |head| head.target());
        target.split(['?', '#']).next().unwrap_or("/")
    }

    /// The searched part of a refusal's body.
    pub fn body_text(&self) -> String {
        let Some(Body { payload: PayloadBytes(bytes), .. }) = &self.body else { return String::new() };
        String::from_utf8_lossy(&bytes[..bytes.len().min(BODY_SEARCHED)]).into_owned()
    }
}

/// Is `part` in `text`, whatever the case of ASCII letters?
pub fn contains(text: &str, part: &str) -> bool {
    text.to_ascii_lowercase().contains(&part.to_ascii_lowercase())
}
