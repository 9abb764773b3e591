//! Refusals whose maker is known by its own words: a text in the body, a reason phrase, a shape of the head (RFC 6455
//! sections 4.2.1, 4.2.2, 10.2). Owns the order of the topics and what they share: `texts` about the request's headers,
//! `origins`, `routes` with `asgi` and `node`, `engine_io`, and `sessions` (SockJS, SignalR). What a status means when
//! nobody is known is `refusal`'s.

mod asgi;
mod engine_io;
mod node;
mod origins;
mod routes;
mod sessions;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod texts;

use crate::diagnose::facts::Facts;
use crate::diagnose::hops::{self, Hop, Kind};
use crate::diagnose::refusal::known;
use crate::event::{Finding, show};

/// The finding for a refusal that a known server made in its own words; none when nobody is recognised, or when our own
/// request was spoiled, which other rules tell.
pub fn recognise(facts: &Facts, status: u16, reason: &str, body: &str) -> Option<Finding> {
    let refused = Refused { facts, status, reason, body };
    engine_io::recognise(&refused)
        .or_else(|| sessions::recognise(&refused))
        .or_else(|| origins::recognise(&refused))
        .or_else(|| texts::recognise(&refused))
        .or_else(|| routes::recognise(&refused))
}

/// One refusal.
struct Refused<'a> {
    facts: &'a Facts,
    status: u16,
    reason: &'a str,
    body: &'a str,
}

impl<'a> Refused<'a> {
    /// `HTTP 400 Bad Request`.
    fn said(&self) -> String {
        known::words(self.status, self.reason)
    }

    /// What our request asked for, with the query.
    fn target(&self) -> &'a str {
        self.facts.sent.as_ref().map_or("/", |head| head.target())
    }

    /// One field of our request.
    fn sent(&self, name: &str) -> Option<&'a str> {
        self.facts.sent.as_ref()?.first(name)
    }

    /// One value of our query, as it was sent.
    fn query(&self, name: &str) -> Option<&'a str> {
        let query = self.target().split_once('?')?.1;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The body is this text, and nothing else but blanks around it.
    fn is_whole(&self, text: &str) -> bool {
        self.body.trim() == text
    }

    /// The version of the protocol that our request asks for.
    fn our_version(&self) -> &'a str {
        self.sent("Sec-WebSocket-Version").unwrap_or("13")
    }

    /// Did our own request ask for an upgrade of today, with both headers and version 13?
    fn asked_well(&self) -> bool {
        self.facts
            .sent
            .as_ref()
            .is_some_and(|sent| sent.has_token("Upgrade", "websocket") && sent.has_token("Connection", "upgrade"))
            && self.our_version() == "13"
    }

    /// The proxy that names itself in the answer, the one nearest to the application. A provider in front is none: it
    /// hides the names of what stands behind it.
    fn proxy(&self) -> Option<Hop> {
        let answer = self.facts.answer.as_ref()?;
        hops::hops(answer).into_iter().rev().find(|hop| hop.kind == Kind::Proxy && hop.certain)
    }

    /// The answer's `Server` line, for `seen`.
    fn server_line(&self) -> Option<String> {
        self.facts.server().map(|server| format!("Server: {}", show::quoted(server)))
    }
}
