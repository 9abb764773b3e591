//! Secrets of ours that the peer says back: in a refusal, in a reason, in what a finding quotes of it. Owns their
//! collection from our request, and their masking in what came back; messages are left alone, they are what is examined.

use crate::event::secrets::is_secret_name;
use crate::event::{
    CloseSeen, DialFailed, DialFault, Ended, EventKind, Examined, Finding, How, Judged, PayloadBytes, UpgradeAnswered,
};
use crate::wire::head::Head;

use super::{MASK, subprotocols};

/// Shorter ones stand in ordinary words too.
const LEAST: usize = 6;
/// More are not remembered.
const MOST: usize = 64;

/// What was secret in our requests.
#[derive(Debug, Default)]
pub struct Echoes {
    secrets: Vec<String>,
}

impl Echoes {
    /// Remembers what a request of ours holds.
    pub fn learn(&mut self, kind: &EventKind) {
        if let EventKind::UpgradeSent(sent) = kind {
            for secret in secrets_of(&sent.head) {
                self.remember(secret);
            }
        }
    }

    fn remember(&mut self, secret: String) {
        if secret.len() >= LEAST && self.secrets.len() < MOST && !self.secrets.contains(&secret) {
            self.secrets.push(secret);
            // One that holds another is masked as a whole.
            self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
    }

    /// The event with all that was remembered masked in the peer's words; none when nothing stands there.
    pub fn masked(&self, kind: &EventKind) -> Option<EventKind> {
        if self.secrets.is_empty() {
            return None;
        }
        let masked = match kind {
            EventKind::UpgradeAnswered(answered) => EventKind::UpgradeAnswered(self.answer(answered)),
            EventKind::Finding(finding) => EventKind::Finding(self.finding(finding)),
            EventKind::Judged(judged) => EventKind::Judged(Judged { fact: self.text(&judged.fact), ..judged.clone() }),
            EventKind::Examined(examined) => {
                EventKind::Examined(Examined { evidence: self.text(&examined.evidence), ..examined.clone() })
            }
            EventKind::CloseSeen(seen) => {
                EventKind::CloseSeen(CloseSeen { reason: self.text(&seen.reason), ..seen.clone() })
            }
            EventKind::Ended(ended) => EventKind::Ended(Ended { how: self.how(&ended.how), ..ended.clone() }),
            EventKind::DialFailed(DialFailed { phase, fault: DialFault::Refused { status, reason }, took }) => {
                let fault = DialFault::Refused { status: *status, reason: self.text(reason) };
                EventKind::DialFailed(DialFailed { phase: *phase, fault, took: *took })
            }
            EventKind::DialFailed(DialFailed { phase, fault: DialFault::InvalidUpgrade { breaches }, took }) => {
                let mut breaches = breaches.clone();
                for breach in &mut breaches {
                    (breach.expected, breach.got) = (self.text(&breach.expected), self.text(&breach.got));
                }
                let fault = DialFault::InvalidUpgrade { breaches };
                EventKind::DialFailed(DialFailed { phase: *phase, fault, took: *took })
            }
            EventKind::DialFailed(DialFailed { phase, fault: DialFault::NotHttp { first }, took }) => {
                let fault = DialFault::NotHttp { first: PayloadBytes(self.bytes(&first.0)) };
                EventKind::DialFailed(DialFailed { phase: *phase, fault, took: *took })
            }
            _ => return None,
        };
        (masked != *kind).then_some(masked)
    }

    /// A finding with them masked.
    pub fn finding(&self, finding: &Finding) -> Finding {
        let lines = |lines: &[String]| lines.iter().map(|line| self.text(line)).collect();
        Finding {
            fact: self.text(&finding.fact),
            seen: lines(&finding.seen),
            cause: self.text(&finding.cause),
            help: lines(&finding.help),
            ..finding.clone()
        }
    }

    fn answer(&self, answered: &UpgradeAnswered) -> UpgradeAnswered {
        let head = answered.head.with_field_values(|_, value| Some(self.text(value)).filter(|masked| masked != value));
        let start = self.text(head.start());
        let mut answered = UpgradeAnswered { head: head.with_start(start), ..answered.clone() };
        if let Some(body) = &mut answered.body {
            body.payload = PayloadBytes(self.bytes(&body.payload.0));
        }
        answered
    }

    fn how(&self, how: &How) -> How {
        match how {
            How::Close { code, reason } => How::Close { code: *code, reason: self.text(reason) },
            How::CloseThenCut { code, reason } => How::CloseThenCut { code: *code, reason: self.text(reason) },
            other => other.clone(),
        }
    }

    fn text(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| match text.contains(secret.as_str()) {
            true => text.replace(secret.as_str(), MASK),
            false => text,
        })
    }

    /// The same where the peer's bytes are no text.
    fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        self.secrets.iter().fold(bytes.to_vec(), |bytes, secret| without(bytes, secret.as_bytes()))
    }
}

fn without(bytes: Vec<u8>, secret: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(bytes.len());
    let mut rest = bytes.as_slice();
    while let Some(at) = rest.windows(secret.len()).position(|window| window == secret) {
        shown.extend_from_slice(&rest[..at]);
        shown.extend_from_slice(MASK.as_bytes());
        rest = &rest[at + secret.len()..];
    }
    shown.extend_from_slice(rest);
    shown
}

/// Credentials, cookies, tokens of the query and of the subprotocols, each as it may be said back.
fn secrets_of(head: &Head) -> Vec<String> {
    let mut secrets = Vec::new();
    let query = head.target().split_once('?').map_or("", |(_, query)| query);
    for pair in query.split(['&', ';']) {
        if let Some((_, value)) = pair.split_once('=').filter(|(name, _)| is_secret_name(name)) {
            secrets.push(value.to_owned());
        }
    }
    for field in head.fields() {
        let (name, value) = (field.name.to_ascii_lowercase(), field.value.trim());
        match name.as_str() {
            "authorization" | "proxy-authorization" => secrets.extend(credentials(value)),
            "cookie" => {
                let pairs = value.split(';').filter_map(|pair| pair.split_once('='));
                secrets.extend(pairs.map(|(_, value)| value.trim().to_owned()));
            }
            "sec-websocket-protocol" => secrets.extend(value.split(',').filter_map(|name| token(name.trim()))),
            "sec-websocket-key" => {}
            other if is_secret_name(other) => secrets.push(value.to_owned()),
            _ => {}
        }
    }
    secrets
}

/// The token; of Basic the password too, which is what a server would say back.
fn credentials(value: &str) -> Vec<String> {
    let (scheme, token) = value.split_once(' ').unwrap_or(("", value));
    let mut secrets = vec![token.trim().to_owned()];
    if scheme.eq_ignore_ascii_case("Basic")
        && let Ok(decoded) = data_encoding::BASE64.decode(token.trim().as_bytes())
        && let Ok(decoded) = String::from_utf8(decoded)
        && let Some((_, password)) = decoded.split_once(':')
    {
        secrets.push(password.to_owned());
    }
    secrets
}

/// What is masked of a subprotocol.
fn token(name: &str) -> Option<String> {
    let masked = subprotocols(name);
    let kept = masked.strip_suffix(MASK)?;
    Some(name.strip_prefix(kept)?.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::{Body, UpgradeSent};
    use crate::moment::Span;

    fn echoes() -> Echoes {
        let request = "GET /ws?room=lobby&token=t0ken-in-query HTTP/1.1\r\nHost: a\r\nAuthorization: Basic dTpwYXNzd29yZDE=\r\n\
            Cookie: theme=dark; sid=c00kie-value\r\nX-Api-Key: k3y-value\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
            Sec-WebSocket-Protocol: chat.v1, bearer.sub-t0ken\r\n\r\n";
        let mut echoes = Echoes::default();
        echoes.learn(&EventKind::UpgradeSent(UpgradeSent { head: Head::verbatim(request.into()) }));
        echoes
    }

    const ALL: &str = "t0ken-in-query dTpwYXNzd29yZDE= password1 c00kie-value k3y-value sub-t0ken";

    #[test]
    fn what_was_secret_in_our_request_is_masked_in_the_answer() {
        let head = format!("HTTP/1.1 403 No {ALL}\r\nX-Echo: {ALL}\r\n\r\n");
        let body = Body { payload: PayloadBytes([ALL.as_bytes(), &[0xff]].concat()), cut: false };
        let answered = UpgradeAnswered { head: Head::verbatim(head.into()), body: Some(body), took: Span::ZERO };
        let Some(EventKind::UpgradeAnswered(shown)) = echoes().masked(&EventKind::UpgradeAnswered(answered)) else {
            panic!("nothing was masked");
        };
        let six = "*** *** *** *** *** ***";
        assert_eq!(shown.head.start(), format!("HTTP/1.1 403 No {six}"));
        assert_eq!(shown.head.first("X-Echo"), Some(six));
        assert_eq!(shown.body.unwrap().payload.0, [six.as_bytes(), &[0xff]].concat());
    }

    #[test]
    fn findings_and_reasons_quote_no_secret() {
        let finding = Finding::of("reset", "server side", format!("fact {ALL}")).saw(ALL).advise(ALL);
        let shown = echoes().finding(&finding);
        for text in [&shown.fact, &shown.seen[0], &shown.help[0]] {
            assert!(text.contains("***") && !ALL.split(' ').any(|secret| text.contains(secret)), "{text}");
        }
        let refused = |reason: &str| {
            let fault = DialFault::Refused { status: 403, reason: reason.into() };
            EventKind::DialFailed(DialFailed { phase: crate::event::Phase::Upgrade, fault, took: Span::ZERO })
        };
        assert_eq!(echoes().masked(&refused("no k3y-value")), Some(refused("no ***")));
        assert_eq!(echoes().masked(&refused("no such room: lobby, dark")), None);
        assert_eq!(Echoes::default().masked(&refused("no k3y-value")), None);
    }
}
