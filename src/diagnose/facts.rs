//! What is remembered of one dial and the connection that comes of it, so that a rule can look back. Owns the memory,
//! bounded by what one handshake holds; the judgements are in the rules.

use crate::event::{Body, EventKind, Missed, PayloadBytes, SecondLook, TcpOpen, TlsReady, Tried, show};
use crate::moment::{Moment, Span};
use crate::wire::head::Head;

/// So many faults of our own are remembered.
const WRONGS_MAX: usize = 3;

/// How much of a refusal's body is searched for known texts, in bytes.
const BODY_SEARCHED: usize = 8 * 1024;
/// The accept values of so many dials of a run are remembered.
const ACCEPTS_MAX: usize = 8;

/// One dial and its connection.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The client's interval between heartbeats, if it sends any.
    pub heartbeat: Option<Span>,
    pub url: String,
    /// The name that was looked up.
    pub name: Option<String>,
    /// Its addresses, in the order in which they are tried.
    pub addresses: Vec<String>,
    /// Which address was opened, and what was tried.
    pub tcp: Option<TcpOpen>,
    pub tls: Option<TlsReady>,
    /// What this end has done wrong on purpose (`--fault`), in words.
    pub wrongs: Vec<String>,
    /// Our request.
    pub sent: Option<Head>,
    /// The answer to it.
    pub answer: Option<Head>,
    pub body: Option<Body>,
    /// From the request to the answer.
    pub answer_took: Span,
    pub answered_at: Moment,
    /// The wall clock at the start of the run, in milliseconds since 1970, UTC.
    pub wall_start_unix_ms: Option<i64>,
    /// What else was tried after the dial failed.
    pub second_looks: Vec<SecondLook>,
    /// Key and accept value of the dials of this run before, oldest first.
    pub earlier_accepts: Vec<(String, String)>,
    /// The last redirect that was followed led to the URL that it came from.
    pub led_to_itself: bool,
    /// A message announced the end.
    pub farewell: bool,
    /// The last heartbeat without an answer.
    pub missed: Option<Missed>,
    /// Pongs of pings of ours, on this connection.
    pub pings_answered: u64,
    /// The heartbeats are messages of the application's own.
    pub says_own: bool,
}

impl Facts {
    /// Nothing is known but how often the client sends heartbeats.
    pub fn new(heartbeat: Option<Span>) -> Facts {
        Facts { heartbeat, ..Facts::default() }
    }

    /// Takes from an event what later rules need. A new dial forgets the one before.
    pub fn learn(&mut self, at: Moment, kind: &EventKind) {
        match kind {
            EventKind::DialStarted(dial) => self.begin(&dial.url),
            EventKind::Resolved(resolved) => {
                self.name = Some(resolved.name.clone());
                self.addresses.clone_from(&resolved.addresses);
            }
            EventKind::TcpOpen(open) => self.tcp = Some(open.clone()),
            EventKind::TlsReady(ready) => self.tls = Some(ready.clone()),
            EventKind::SecondLook(look) => self.second_looks.push(look.clone()),
            EventKind::UpgradeSent(sent) => {
                self.sent = Some(sent.head.clone());
                self.answer = None;
                self.body = None;
            }
            EventKind::UpgradeAnswered(answered) => {
                self.answer = Some(answered.head.clone());
                self.body.clone_from(&answered.body);
                (self.answer_took, self.answered_at) = (answered.took, at);
            }
            EventKind::Redirected(redirected) => {
                self.led_to_itself = redirected.from == redirected.to;
                self.url.clone_from(&redirected.to);
            }
            EventKind::Open(opened) => self.url.clone_from(&opened.url),
            EventKind::Missed(missed) => self.missed = Some(missed.clone()),
            EventKind::Farewell(_) => self.farewell = true,
            EventKind::FaultDone(done) if self.wrongs.len() < WRONGS_MAX => self.wrongs.push(done.what.clone()),
            EventKind::Answered(answered) => {
                let is_pong = answered.own && (answered.measured || !self.says_own);
                self.pings_answered += u64::from(is_pong);
            }
            EventKind::Heartbeat(sent) if !sent.measured => self.says_own = sent.what != "ping",
            EventKind::DialFailed(_)
            | EventKind::RunStarted(_)
            | EventKind::Frame(_)
            | EventKind::Message(_)
            | EventKind::Heartbeat(_)
            | EventKind::StrayPong(_)
            | EventKind::PingsIgnored(_)
            | EventKind::Held(_)
            | EventKind::ClockStepped(_)
            | EventKind::HeartbeatChosen(_)
            | EventKind::CloseSeen(_)
            | EventKind::Ended(_)
            | EventKind::RetryAt(_)
            | EventKind::GaveUp(_)
            | EventKind::FaultDone(_)
            | EventKind::Finding(_)
            | EventKind::Check(_)
            | EventKind::Compared(_)
            | EventKind::ExamPlanned(_)
            | EventKind::Examined(_)
            | EventKind::IdleSocket(_)
            | EventKind::IdleFound(_)
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

    /// A new dial: what is of the run stays.
    fn begin(&mut self, url: &str) {
        let mut accepts = std::mem::take(&mut self.earlier_accepts);
        let key = self.sent.as_ref().and_then(|sent| sent.first("Sec-WebSocket-Key"));
        accepts.extend(key.zip(self.answered("Sec-WebSocket-Accept")).map(|(key, got)| (key.into(), got.into())));
        accepts.drain(..accepts.len().saturating_sub(ACCEPTS_MAX));
        *self = Facts {
            heartbeat: self.heartbeat,
            url: url.into(),
            wall_start_unix_ms: self.wall_start_unix_ms,
            earlier_accepts: accepts,
            ..Facts::default()
        };
    }

    /// The second look of this kind, if one was taken.
    pub fn second_look(&self, tried: Tried) -> Option<&SecondLook> {
        self.second_looks.iter().find(|look| look.tried == tried)
    }

    /// What was tried once more, and what came of it.
    pub fn second_look_words(&self) -> Vec<String> {
        self.second_looks.iter().map(|look| format!("tried once more: {}", show::safe(&look.words))).collect()
    }

    /// Is the URL one with TLS?
    pub fn is_tls(&self) -> bool {
        self.url.starts_with("wss:")
    }

    /// The same URL with TLS, at the port that was dialled (RFC 6455 section 3: 80 where none is named).
    pub fn url_with_tls(&self) -> String {
        let Some(rest) = self.url.strip_prefix("ws://") else { return show::safe(&self.url) };
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let host = &authority[authority.rfind(']').map_or(0, |end| end + 1)..];
        let port = if host.contains(':') { "" } else { ":80" };
        show::safe(&format!("wss://{authority}{port}{tail}"))
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

    /// The subprotocols that our request offered.
    pub fn offered(&self) -> Vec<String> {
        let sent = self.sent.as_ref().map(|sent| sent.tokens("Sec-WebSocket-Protocol")).unwrap_or_default();
        sent.into_iter().map(|name| name.to_string()).collect()
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

/// Is `part` in the free text of a reason? Short words are parts of others (`idle` of `middleware`): they count where a
/// word begins, as in `idle` and `sessionIdle`.
pub fn says(text: &str, part: &str) -> bool {
    if part.len() > 4 {
        return contains(text, part);
    }
    let begins = |at: usize| {
        let is_capital = text[at..].starts_with(|letter: char| letter.is_ascii_uppercase());
        let before = text[..at].chars().next_back();
        before.is_none_or(|letter| !letter.is_ascii_alphabetic() || (letter.is_ascii_lowercase() && is_capital))
    };
    text.to_ascii_lowercase().match_indices(&part.to_ascii_lowercase()).any(|(at, _)| begins(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_with_tls_keeps_the_port() {
        for (url, with_tls) in [
            ("ws://a.example/ws?x=1", "wss://a.example:80/ws?x=1"),
            ("ws://a.example:8080/", "wss://a.example:8080/"),
            ("ws://[::1]/", "wss://[::1]:80/"),
            ("ws://[::1]:9/a:b", "wss://[::1]:9/a:b"),
            ("wss://a.example/", "wss://a.example/"),
        ] {
            assert_eq!(Facts { url: url.into(), ..Facts::default() }.url_with_tls(), with_tls, "{url}");
        }
    }

    #[test]
    fn a_short_word_counts_where_a_word_begins() {
        for text in ["idle", "Idle for 5 s", "you were idle", "IDLE_TIMEOUT", "sessionIdle", "(idle)", "\u{e9}idle"] {
            assert!(says(text, "idle"), "{text}");
        }
        for text in ["", "middleware", "in the MIDDLE", "Middle", "bridled"] {
            assert!(!says(text, "idle"), "{text}");
        }
        // Longer words are told apart by themselves, and none stands everywhere.
        assert!(says("TokenExpired", "expired") && says("", "") && says("x", ""));
    }
}
