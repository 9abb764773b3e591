//! Secrets of ours that the peer says back: in a refusal, in a reason, in a redirect, in what a finding quotes of it.
//! Owns their collection from our request, the forms in which they may come back, and their masking in what came back;
//! messages are left alone, they are what is examined.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};

use crate::event::secrets::{is_secret_name, password_of, secrets_in};
use crate::event::{
    CloseSeen, DialFailed, DialFault, Ended, EventKind, Examined, Finding, How, Judged, Opened, PayloadBytes,
    Redirected, UpgradeAnswered, UpgradeSent, show,
};
use crate::wire::head::Head;

use super::{MASK, subprotocols};

/// Shorter ones stand in ordinary words too.
const LEAST: usize = 6;
/// The same of one of which the end was cut off.
const LEAST_OF_CUT: usize = 8;
/// So many quotation marks of one text are looked at.
const QUOTES_MAX: usize = 32;
/// More are not remembered, counted with all their forms.
const MOST: usize = 512;

/// What was secret in our requests.
#[derive(Debug, Default)]
pub struct Echoes {
    secrets: Vec<String>,
    /// A redirect was followed: what is asked for since then is what the peer said.
    redirected: bool,
}

impl Echoes {
    /// Remembers what a request of ours holds.
    pub fn learn(&mut self, kind: &EventKind) {
        if let EventKind::UpgradeSent(sent) = kind {
            for secret in secrets_of(&sent.head) {
                for form in forms(&secret) {
                    self.remember(form);
                }
            }
        }
        self.redirected |= matches!(kind, EventKind::Redirected(_));
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
            EventKind::Judged(judged) => {
                let url = if self.redirected { self.place(&judged.url) } else { judged.url.clone() };
                EventKind::Judged(Judged { url, fact: self.quoting(&judged.fact), ..judged.clone() })
            }
            EventKind::Redirected(hop) => EventKind::Redirected(Redirected {
                status: hop.status,
                from: self.place(&hop.from),
                to: self.place(&hop.to),
            }),
            EventKind::UpgradeSent(sent) if self.redirected => {
                let start = self.place(sent.head.start());
                EventKind::UpgradeSent(UpgradeSent { head: sent.head.with_start(start) })
            }
            EventKind::Open(open) if self.redirected => {
                EventKind::Open(Opened { url: self.place(&open.url), ..open.clone() })
            }
            EventKind::Examined(examined) => {
                EventKind::Examined(Examined { evidence: self.text(&examined.evidence), ..examined.clone() })
            }
            EventKind::CloseSeen(seen) => {
                EventKind::CloseSeen(CloseSeen { reason: self.text(&seen.reason), ..seen.clone() })
            }
            EventKind::Ended(ended) => {
                let bad_bytes = ended.bad_bytes.as_ref().map(|bytes| PayloadBytes(self.bytes(&bytes.0)));
                EventKind::Ended(Ended { how: self.how(&ended.how), bad_bytes, ..ended.clone() })
            }
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
            EventKind::DialFailed(DialFailed { phase, fault: DialFault::NotHttp { first, malformed }, took }) => {
                let first = PayloadBytes(self.bytes(&first.0));
                let malformed = malformed.as_ref().map(|words| self.quoting(words));
                let fault = DialFault::NotHttp { first, malformed };
                EventKind::DialFailed(DialFailed { phase: *phase, fault, took: *took })
            }
            _ => return None,
        };
        (masked != *kind).then_some(masked)
    }

    /// A finding with them masked.
    pub fn finding(&self, finding: &Finding) -> Finding {
        let lines = |lines: &[String]| lines.iter().map(|line| self.quoting(line)).collect();
        Finding {
            fact: self.quoting(&finding.fact),
            seen: lines(&finding.seen),
            cause: self.text(&finding.cause),
            help: lines(&finding.help),
            ..finding.clone()
        }
    }

    fn answer(&self, answered: &UpgradeAnswered) -> UpgradeAnswered {
        let head = answered.head.with_field_values(|_, value| Some(self.place(value)).filter(|masked| masked != value));
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

    /// The same where the beginning of what the peer said is quoted, which may have been cut inside a secret.
    fn quoting(&self, text: &str) -> String {
        let mut shown = self.text(text);
        // From the end, so that the places before stay.
        let quotes: Vec<usize> = shown.match_indices('"').map(|(at, _)| at).collect();
        for end in quotes.into_iter().rev().take(QUOTES_MAX) {
            let start = self.beginning_before(shown.as_bytes(), end).filter(|start| shown.is_char_boundary(*start));
            if let Some(start) = start {
                shown.replace_range(start..end, MASK);
            }
        }
        shown
    }

    /// Where the beginning of a secret stands that ends here, half of it at least.
    fn beginning_before(&self, bytes: &[u8], end: usize) -> Option<usize> {
        let before = bytes.get(..end)?;
        self.secrets.iter().find_map(|secret| {
            let secret = secret.as_bytes();
            let least = LEAST_OF_CUT.max(secret.len() / 2);
            (least..secret.len()).rev().find(|&len| before.ends_with(&secret[..len])).map(|len| end - len)
        })
    }

    /// The same for a URL or a request's first line, whose path and query may have them with other characters encoded.
    fn place(&self, text: &str) -> String {
        let text = self.text(text);
        let (path, query) = text.split_at(text.find(['?', '#']).unwrap_or(text.len()));
        format!("{}{}", self.parts(path, &['/', ' ']), self.parts(query, &['?', '&', ';', '#', ' ']))
    }

    /// Each part between these characters, masked where it holds a secret once it is decoded.
    fn parts(&self, text: &str, between: &[char]) -> String {
        let mut shown = String::with_capacity(text.len());
        for part in text.split_inclusive(between) {
            let pair = part.trim_end_matches(between);
            match pair.split_once('=') {
                _ if !self.holds_encoded(pair) => shown.push_str(pair),
                Some((name, value)) if self.holds_encoded(value) => shown.push_str(&format!("{name}={MASK}")),
                _ => shown.push_str(MASK),
            }
            shown.push_str(&part[pair.len()..]);
        }
        shown
    }

    /// Is a secret in it, percent-encoded, once or twice: a URL can be the parameter of another?
    fn holds_encoded(&self, text: &str) -> bool {
        let once = decoded(text);
        if once == text {
            return false;
        }
        let twice = decoded(&once);
        self.secrets.iter().any(|secret| once.contains(secret.as_str()) || twice.contains(secret.as_str()))
    }

    /// The same where the peer's bytes are no text.
    fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut shown = self.secrets.iter().fold(bytes.to_vec(), |bytes, secret| without(bytes, secret.as_bytes()));
        // So many bytes are kept, and a secret may go on behind them.
        if let Some(start) = self.beginning_before(&shown, shown.len()) {
            shown.truncate(start);
            shown.extend_from_slice(MASK.as_bytes());
        }
        shown
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

/// A secret as it may come back: as it was sent, quoted, percent-encoded and -decoded, and inside base64.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned(), encoded(secret, false), encoded(secret, true), decoded(secret)];
    // As findings quote it.
    let quoted = show::quoted(secret);
    forms.extend(quoted.strip_prefix('"').and_then(|inside| inside.strip_suffix('"')).map(str::to_owned));
    if secret.len() >= LEAST {
        for offset in 0..3 {
            forms.extend(inside_base64(secret.as_bytes(), offset));
        }
    }
    forms
}

/// The characters of base64 that depend on the secret alone, where so many bytes of another stand before it in a group
/// of three.
fn inside_base64(secret: &[u8], offset: usize) -> [String; 2] {
    let bytes = [&[0_u8, 0][..offset], secret].concat();
    let first = (offset * 8).div_ceil(6);
    let end = bytes.len() * 8 / 6;
    [BASE64_NOPAD.encode(&bytes), BASE64URL_NOPAD.encode(&bytes)].map(|whole| whole[first..end].to_owned())
}

/// RFC 3986 section 2.1: every byte that need not stand as it is, encoded.
fn encoded(text: &str, small: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else if small {
            encoded.push_str(&format!("%{byte:02x}"));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// RFC 3986 section 2.1: what is no valid triplet stays.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = if bytes[at] == b'%' { text.get(at + 1..at + 3) } else { None };
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
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
                let values = value.split(';').map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
                secrets.extend(values.map(|value| value.trim().to_owned()));
            }
            "sec-websocket-protocol" => secrets.extend(value.split(',').filter_map(|name| token(name.trim()))),
            "sec-websocket-key" => {}
            other if is_secret_name(other) => secrets.push(value.to_owned()),
            // An Origin with a user in it, a Referer, a token in a field of another name.
            _ => secrets.extend(password_of(value).into_iter().chain(secrets_in(value)).map(str::to_owned)),
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
    use crate::event::{Body, Phase};
    use crate::moment::Span;

    fn echoes() -> Echoes {
        let request = "GET /ws?room=lobby&token=t0ken-in-query HTTP/1.1\r\nHost: a\r\nAuthorization: Basic dTpwYXNzd29yZDE=\r\n\
            Cookie: theme=dark; sid=c00kie-value\r\nX-Api-Key: k3y-value\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
            Sec-WebSocket-Protocol: chat.v1, bearer.sub-t0ken\r\n\r\n";
        let mut echoes = Echoes::default();
        echoes.learn(&EventKind::UpgradeSent(UpgradeSent { head: Head::verbatim(request.into()) }));
        echoes
    }

    #[test]
    fn every_form_of_a_secret_is_masked() {
        let masked = |reason: &str| {
            let fault = DialFault::Refused { status: 403, reason: reason.into() };
            let kind = EventKind::DialFailed(DialFailed { phase: Phase::Upgrade, fault, took: Span::ZERO });
            match echoes_of("a+b/c\"d=").masked(&kind) {
                Some(EventKind::DialFailed(DialFailed { fault: DialFault::Refused { reason, .. }, .. })) => reason,
                _ => reason.to_owned(),
            }
        };
        for said in ["a+b/c\"d=", "a+b/c\\\"d=", "a%2Bb%2Fc%22d%3D", "a%2bb%2fc%22d%3d"] {
            assert_eq!(masked(&format!("no {said}.")), "no ***.", "{said}");
        }
        for before in ["", "u", "u:", "us:", "user:"] {
            let basic = data_encoding::BASE64.encode(format!("{before}a+b/c\"d=").as_bytes());
            assert!(masked(&basic).contains("***"), "{before}: {basic}");
        }
        assert_eq!(masked("no abcd"), "no abcd");
    }

    #[test]
    fn a_secret_that_a_redirect_carries_is_masked_wherever_the_url_is_told() {
        let mut echoes = echoes_of("a+b/c\"d=");
        let to = "ws://b/a+b/c\"d=/x?q=a+b/c%22d=&r=1&s=a%2Bb%2Fc%22d%3D#a";
        let redirected = EventKind::Redirected(Redirected { status: 302, from: "ws://a/".into(), to: to.into() });
        echoes.learn(&redirected);
        let Some(EventKind::Redirected(hop)) = echoes.masked(&redirected) else { panic!("nothing was masked") };
        assert_eq!(hop.to, "ws://b/***/x?q=***&r=1&s=***#a");
        let head = Head::verbatim(b"GET /x?q=a+b/c%22d= HTTP/1.1\r\nHost: b\r\n\r\n".to_vec());
        let sent = EventKind::UpgradeSent(UpgradeSent { head });
        echoes.learn(&sent);
        let Some(EventKind::UpgradeSent(shown)) = echoes.masked(&sent) else { panic!("nothing was masked") };
        assert_eq!(shown.head.start(), "GET /x?q=*** HTTP/1.1");
        assert!(!String::from_utf8_lossy(shown.head.raw()).contains("c%22d"));
        // In the path, and in a URL inside of the query.
        for (to, shown) in [
            ("ws://b/p/a+b%2fc%22d=/x", "ws://b/p/***/x"),
            ("ws://b/x#a%2Bb/c%22d%3d", "ws://b/x#***"),
            ("ws://b/?next=%2Fws%3Ft%3Da%252Bb%252Fc%2522d%253D&r=1", "ws://b/?next=***&r=1"),
            ("ws://b/p%20q/?r=%20", "ws://b/p%20q/?r=%20"),
        ] {
            assert_eq!(echoes.place(to), shown);
        }
        // The twin: what we ask for by ourselves is not what a peer says.
        assert_eq!(echoes_of("a+b/c\"d=").masked(&sent), None);
    }

    #[test]
    fn a_password_in_an_origin_is_masked_in_the_answer() {
        let head = Head::verbatim(b"GET / HTTP/1.1\r\nOrigin: https://u:s3cret-pw@h\r\n\r\n".to_vec());
        let mut echoes = Echoes::default();
        echoes.learn(&EventKind::UpgradeSent(UpgradeSent { head }));
        let finding = echoes.finding(&Finding::of("reset", "server side", "no s3cret-pw here"));
        assert_eq!(finding.fact, "no *** here");
    }

    #[test]
    fn a_secret_in_a_field_of_any_name_and_in_the_bytes_of_a_bad_frame_is_masked() {
        let head = b"GET / HTTP/1.1\r\nX-Access: Bearer s3cret-access\r\nReferer: https://h/?token=s3cret-page\r\n\
            Cookie: s3cret-cookie\r\n\r\n";
        let mut echoes = Echoes::default();
        echoes.learn(&EventKind::UpgradeSent(UpgradeSent { head: Head::verbatim(head.to_vec()) }));
        let text = "s3cret-access, s3cret-page, s3cret-cookie";
        assert_eq!(echoes.finding(&Finding::of("reset", "server side", text)).fact, "***, ***, ***");
        assert_eq!(echoes.bytes(b"\x88\x11\x03\xe7no s3cret-access"), b"\x88\x11\x03\xe7no ***");
    }

    #[test]
    fn a_secret_that_was_cut_off_is_masked_from_its_half_on() {
        let echoes = echoes_of("s3cret-token-long");
        for (said, shown) in [
            ("first bytes: \"no s3cret-tok\", 9 B", "first bytes: \"no ***\", 9 B"),
            ("\"s3cret-token-lon\" and \"s3cret-to\"", "\"***\" and \"***\""),
            // The twins: less than the half, and no cut.
            ("\"no s3cret\"", "\"no s3cret\""),
            ("no s3cret-tok here", "no s3cret-tok here"),
        ] {
            assert_eq!(echoes.quoting(said), shown);
        }
        assert_eq!(echoes.bytes(b"no s3cret-token-l"), b"no ***");
        assert_eq!(echoes.bytes(b"no s3cret-token-l!"), b"no s3cret-token-l!");
    }

    fn echoes_of(token: &str) -> Echoes {
        let request = format!("GET /ws HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n");
        let mut echoes = Echoes::default();
        echoes.learn(&EventKind::UpgradeSent(UpgradeSent { head: Head::verbatim(request.into_bytes()) }));
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
