//! Secrets are masked here, once, before any reporter sees an event. Owns what counts as a secret: credentials in
//! header fields (RFC 9110 section 11, RFC 6265), in URLs (RFC 3986 section 3.2.1) and in subprotocols. Payloads are
//! left alone: they are what is examined.

pub mod echoes;

use std::borrow::Cow;

use crate::event::secrets::{TOKEN_MARKS, has_token_behind, is_secret_name, is_token, token_behind_scheme};
use crate::event::{
    ClientReport, Compared, DialFailed, DialFault, DialStarted, Event, EventKind, Examined, Finding, Judged, Listening,
    Opened, PayloadBytes, Redirected, SecondLook, UpgradeAnswered, UpgradeSent,
};
use crate::wire::head::Head;

const MASK: &str = "***";

/// The flags whose value is a secret or a header field.
const SECRET_FLAGS: [&str; 3] = ["--auth", "--bearer", "--cookie"];

/// The event with its secrets masked; borrowed when there is nothing to mask.
pub fn event(event: &Event) -> Cow<'_, Event> {
    match masked_kind(&event.kind) {
        Some(kind) => Cow::Owned(Event { seq: event.seq, at: event.at, conn: event.conn, kind }),
        None => Cow::Borrowed(event),
    }
}

/// A URL or a request target with userinfo and secret query values masked.
pub fn url(url: &str) -> String {
    let masked = text(url);
    if url.contains("://") {
        return masked;
    }
    let (slashes, rest) = masked.split_at(if masked.starts_with("//") { 2 } else { 0 });
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rfind('@') {
        Some(at) if at > 0 => format!("{slashes}{MASK}{}", &rest[at..]),
        _ => masked,
    }
}

/// The command line as one line that a shell takes, with secrets masked. `@FILE` and `env:NAME` name a place and stay.
pub fn command_line(args: &[String]) -> String {
    let mut shown = Vec::with_capacity(args.len());
    let mut before = Next::Any;
    for arg in args {
        let (masked, next) = masked_argument(arg, before);
        shown.push(shell_word(&masked));
        before = next;
    }
    shown.join(" ")
}

/// What the next argument is, after a flag that takes a value.
#[derive(Clone, Copy)]
enum Next {
    Any,
    Secret,
    Header,
    /// A token may be offered as one.
    Subprotocols,
    /// A fault's `@5s` is no user of a URL.
    Plain,
}

fn masked_argument(arg: &str, before: Next) -> (String, Next) {
    match before {
        Next::Secret => return (masked_secret(arg), Next::Any),
        Next::Header => return (masked_header_argument(arg), Next::Any),
        Next::Subprotocols => return (subprotocols(arg), Next::Any),
        Next::Plain => return (text(arg), Next::Any),
        Next::Any => {}
    }
    if SECRET_FLAGS.contains(&arg) {
        return (arg.to_owned(), Next::Secret);
    }
    if arg == "--header" {
        return (arg.to_owned(), Next::Header);
    }
    if arg == "--subprotocol" {
        return (arg.to_owned(), Next::Subprotocols);
    }
    if arg == "--fault" {
        return (arg.to_owned(), Next::Plain);
    }
    if let Some((flag, value)) = arg.split_once('=') {
        if SECRET_FLAGS.contains(&flag) {
            return (format!("{flag}={}", masked_secret(value)), Next::Any);
        }
        if flag == "--header" {
            return (format!("{flag}={}", masked_header_argument(value)), Next::Any);
        }
        if flag == "--subprotocol" {
            return (format!("{flag}={}", subprotocols(value)), Next::Any);
        }
    }
    if let Some(value) = short_value(arg, 's') {
        if value.is_empty() {
            return (arg.to_owned(), Next::Subprotocols);
        }
        return (format!("{}{}", &arg[..arg.len() - value.len()], subprotocols(value)), Next::Any);
    }
    if let Some(value) = short_value(arg, 'H') {
        if value.is_empty() {
            return (arg.to_owned(), Next::Header);
        }
        let flag = &arg[..arg.len() - value.len()];
        return (format!("{flag}{}", masked_header_argument(value)), Next::Any);
    }
    if arg.starts_with('-') {
        return (text(arg), Next::Any);
    }
    (url(arg), Next::Any)
}

/// The value behind `-H` or `-s`, which may stand after short flags that take none (`-vkH`).
fn short_value(arg: &str, letter: char) -> Option<&str> {
    let flags = arg.strip_prefix('-').filter(|flags| !flags.starts_with('-'))?;
    flags.trim_start_matches(['v', 'q', 'L', 'k', '4', '6']).strip_prefix(letter)
}

fn masked_secret(value: &str) -> String {
    if value.starts_with('@') || value.starts_with("env:") {
        return value.to_owned();
    }
    MASK.to_owned()
}

fn masked_header_argument(argument: &str) -> String {
    let Some((name, value)) = argument.split_once(':') else { return argument.to_owned() };
    match field(name.trim_start_matches('=').trim(), value.trim()) {
        Some(masked) => format!("{name}: {masked}"),
        None => argument.to_owned(),
    }
}

fn shell_word(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:=@%+,-".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The masked copy of what happened, or none when it holds nothing that could be a secret.
fn masked_kind(kind: &EventKind) -> Option<EventKind> {
    let masked = match kind {
        EventKind::DialStarted(dial) => {
            EventKind::DialStarted(DialStarted { url: changed(&dial.url)?, attempt: dial.attempt })
        }
        EventKind::UpgradeSent(sent) => EventKind::UpgradeSent(UpgradeSent { head: masked_head(&sent.head) }),
        EventKind::UpgradeAnswered(answer) => EventKind::UpgradeAnswered(UpgradeAnswered {
            head: masked_head(&answer.head),
            body: answer.body.clone(),
            took: answer.took,
        }),
        EventKind::Redirected(hop) => {
            EventKind::Redirected(Redirected { status: hop.status, from: url(&hop.from), to: url(&hop.to) })
        }
        EventKind::DialFailed(failed) => EventKind::DialFailed(masked_failure(failed)?),
        EventKind::Open(open) => EventKind::Open(Opened {
            url: url(&open.url),
            subprotocol: open.subprotocol.as_deref().map(subprotocols),
            ..open.clone()
        }),
        EventKind::Finding(finding) => EventKind::Finding(self::finding(finding)),
        EventKind::Judged(judged) => {
            EventKind::Judged(Judged { url: url(&judged.url), fact: text(&judged.fact), ..judged.clone() })
        }
        EventKind::Listening(listening) => {
            EventKind::Listening(Listening { url: changed(&listening.url)?, ..listening.clone() })
        }
        // The command line is masked by who makes it (`command_line`), since `--no-redact` is known there too.
        EventKind::RunStarted(_) | EventKind::RunEnded(_) => return None,
        EventKind::Resolved(_) | EventKind::TcpOpen(_) | EventKind::TlsReady(_) => return None,
        EventKind::Frame(_) | EventKind::Message(_) | EventKind::Farewell(_) | EventKind::CloseSeen(_) => return None,
        EventKind::Heartbeat(_) | EventKind::Answered(_) | EventKind::StrayPong(_) | EventKind::Missed(_) => {
            return None;
        }
        EventKind::PingsIgnored(_) | EventKind::Held(_) | EventKind::Ended(_) => return None,
        EventKind::RetryAt(_) | EventKind::GaveUp(_) | EventKind::FaultDone(_) | EventKind::Check(_) => return None,
        EventKind::ClientReport(report) => EventKind::ClientReport(masked_report(report)?),
        EventKind::Compared(compared) => EventKind::Compared(masked_comparison(compared)),
        EventKind::SecondLook(look) => EventKind::SecondLook(SecondLook { words: text(&look.words), ..look.clone() }),
        EventKind::Examined(examined) => {
            EventKind::Examined(Examined { evidence: text(&examined.evidence), ..examined.clone() })
        }
        EventKind::ClockStepped(_) | EventKind::HeartbeatChosen(_) | EventKind::ExamPlanned(_) => return None,
        EventKind::IdleSocket(_) | EventKind::IdleFound(_) | EventKind::Lines(_) => return None,
        EventKind::Received(_) | EventKind::InputBad(_) | EventKind::InputEnded(_) => return None,
    };
    Some(masked)
}

/// A token can be offered as a subprotocol.
fn masked_report(report: &ClientReport) -> Option<ClientReport> {
    let mut masked = report.clone();
    let offered = &mut masked.card.as_mut()?.handshake.subprotocols;
    for name in offered.iter_mut() {
        *name = subprotocols(name);
    }
    Some(masked)
}

fn masked_comparison(compared: &Compared) -> Compared {
    let mut masked = compared.clone();
    masked.url = url(&masked.url);
    for way in &mut masked.ways {
        way.url = url(&way.url);
    }
    masked
}

fn changed(plain: &str) -> Option<String> {
    Some(url(plain)).filter(|masked| masked != plain)
}

fn masked_head(head: &Head) -> Head {
    head.with_field_values(field).with_start(text(head.start()))
}

fn masked_failure(failed: &DialFailed) -> Option<DialFailed> {
    let fault = match &failed.fault {
        DialFault::InvalidUpgrade { breaches } => {
            let mut breaches = breaches.clone();
            for breach in &mut breaches {
                breach.expected = text(&breach.expected);
                breach.got = text(&breach.got);
            }
            DialFault::InvalidUpgrade { breaches }
        }
        DialFault::NotHttp { first, malformed } => {
            let (bytes, words) = (masked_bytes(first), malformed.as_deref().map(text));
            if bytes.is_none() && words == *malformed {
                return None;
            }
            DialFault::NotHttp { first: bytes.unwrap_or_else(|| first.clone()), malformed: words }
        }
        DialFault::Redirects { words } => DialFault::Redirects { words: text(words) },
        DialFault::NameNotFound { .. }
        | DialFault::NameLookupFailed { .. }
        | DialFault::NoAddress { .. }
        | DialFault::Unreachable { .. }
        | DialFault::TimedOut { .. }
        | DialFault::Certificate { .. }
        | DialFault::Tls { .. }
        | DialFault::TlsCut { .. }
        | DialFault::Refused { .. }
        | DialFault::CutBeforeAnswer { .. }
        | DialFault::AlertBeforeAnswer { .. }
        | DialFault::HeadTooLarge { .. }
        | DialFault::Io { .. } => return None,
    };
    Some(DialFailed { phase: failed.phase, fault, took: failed.took })
}

/// First bytes of an answer that is no HTTP; none when nothing in them is masked.
fn masked_bytes(bytes: &PayloadBytes) -> Option<PayloadBytes> {
    let plain = std::str::from_utf8(&bytes.0).ok()?;
    let masked = text(plain);
    (masked != plain).then(|| PayloadBytes(masked.into_bytes()))
}

/// A finding with the secrets in its texts masked.
pub fn finding(finding: &Finding) -> Finding {
    Finding {
        fact: text(&finding.fact),
        seen: finding.seen.iter().map(|line| text(line)).collect(),
        cause: text(&finding.cause),
        help: finding.help.iter().map(|line| text(line)).collect(),
        ..finding.clone()
    }
}

/// The masked value of a header field; none when it stays.
fn field(name: &str, value: &str) -> Option<String> {
    let masked = match name.to_ascii_lowercase().as_str() {
        "authorization" | "proxy-authorization" => credentials(value),
        "cookie" => value.split(';').map(cookie).collect::<Vec<_>>().join(";"),
        "set-cookie" | "set-cookie2" => {
            let mut parts = value.split(';');
            let pair = cookie(parts.next().unwrap_or_default());
            parts.fold(pair, |shown, part| format!("{shown};{}", cookie_attribute(part)))
        }
        "sec-websocket-protocol" => subprotocols(value),
        // The handshake's own key is a nonce (RFC 6455 section 4.1): evidence, and no secret.
        "sec-websocket-key" | "sec-websocket-accept" => return None,
        lower if is_secret_name(lower) && !value.is_empty() => MASK.to_owned(),
        // A challenge of the server's names its scheme and no secret (RFC 9110 section 11.6.1).
        lower if !lower.ends_with("-authenticate") && token_behind_scheme(value).is_some() => credentials(value),
        _ => text(value),
    };
    (masked != value).then_some(masked)
}

/// `Basic dXNlcg==` becomes `Basic ***`.
fn credentials(value: &str) -> String {
    match value.split_once(' ') {
        Some((scheme, _)) => format!("{scheme} {MASK}"),
        None => MASK.to_owned(),
    }
}

/// The attributes of RFC 6265 are no secrets; what else a server puts there may be one.
fn cookie_attribute(part: &str) -> String {
    const KNOWN: [&str; 8] = ["path", "domain", "expires", "max-age", "secure", "httponly", "samesite", "partitioned"];
    let name = part.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
    if KNOWN.contains(&name.as_str()) { part.to_owned() } else { cookie(part) }
}

/// `sid=1` becomes `sid=***`; space before the name stays.
fn cookie(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) => format!("{name}={MASK}"),
        None if pair.trim().is_empty() => pair.to_owned(),
        None => MASK.to_owned(),
    }
}

/// A list of subprotocols in which what looks like a token is masked.
fn subprotocols(list: &str) -> String {
    let mut after_mark = false;
    let masked = list.split(',').map(|entry| {
        let name = entry.trim();
        let lower = name.to_ascii_lowercase();
        let space = &entry[..entry.len() - entry.trim_start().len()];
        let shown = match TOKEN_MARKS.iter().find(|mark| has_token_behind(&lower, mark)) {
            Some(mark) => format!("{space}{}{MASK}", &name[..=mark.len()]),
            None if after_mark || is_token(name) => format!("{space}{MASK}"),
            None => entry.to_owned(),
        };
        after_mark = TOKEN_MARKS.contains(&lower.as_str());
        shown
    });
    masked.collect::<Vec<_>>().join(",")
}

/// Masks wherever it stands in `plain`: userinfo behind `://` or a leading `//`, secret query values, JWTs.
fn text(plain: &str) -> String {
    without_jwts(&without_query_secrets(&without_userinfo(plain)))
}

fn without_userinfo(plain: &str) -> String {
    let mut masked = String::with_capacity(plain.len());
    let mut rest = plain;
    while let Some(at) = rest.find("//") {
        let (scheme, behind) = rest.split_at(at + 2);
        masked.push_str(scheme);
        // Inside a path two slashes are no beginning of a host.
        if scheme[..at].ends_with(|character: char| character.is_alphanumeric() || character == '/') {
            rest = behind;
            continue;
        }
        let authority = &behind[..behind.find(ends_authority).unwrap_or(behind.len())];
        rest = behind;
        if let Some(end) = authority.rfind('@') {
            masked.push_str(MASK);
            rest = &behind[end..];
        }
    }
    masked.push_str(rest);
    masked
}

fn ends_authority(character: char) -> bool {
    matches!(character, '/' | '?' | '#' | '"' | '\'' | ',' | '<' | '>') || character.is_whitespace()
}

fn ends_value(character: char) -> bool {
    matches!(character, '&' | ';' | '#' | '"' | '\'' | ',' | '<' | '>') || character.is_whitespace()
}

fn without_query_secrets(plain: &str) -> String {
    let mut masked = String::with_capacity(plain.len());
    let mut rest = plain;
    while let Some(at) = rest.find(['?', '&', '#', ';']) {
        let (head, behind) = rest.split_at(at + 1);
        masked.push_str(head);
        rest = behind;
        let name_end = behind.find(|character| !is_name_part(character)).unwrap_or(behind.len());
        let Some(value) = behind[name_end..].strip_prefix('=') else { continue };
        let value_end = value.find(ends_value).unwrap_or(value.len());
        if value_end > 0 && is_secret_name(&behind[..name_end]) {
            masked.push_str(&behind[..=name_end]);
            masked.push_str(MASK);
            rest = &value[value_end..];
        }
    }
    masked.push_str(rest);
    masked
}

fn is_name_part(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | '[' | ']' | '%' | '$')
}

fn without_jwts(plain: &str) -> String {
    let mut masked = String::with_capacity(plain.len());
    let mut rest = plain;
    while let Some(at) = rest.find("eyJ") {
        let (head, token) = rest.split_at(at);
        masked.push_str(head);
        let end = token.find(|character: char| !is_token_part(character)).unwrap_or(token.len());
        let starts_a_word = !head.ends_with(|character: char| character.is_alphanumeric());
        let shown = if starts_a_word && token[..end].contains('.') { MASK } else { &token[..end] };
        masked.push_str(shown);
        rest = &token[end..];
    }
    masked.push_str(rest);
    masked
}

fn is_token_part(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::{ConnId, Phase};
    use crate::moment::{Moment, Span};
    use crate::wire::head::HeadReader;

    fn args(line: &[&str]) -> String {
        command_line(&line.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_token_offered_as_a_subprotocol_is_masked_on_the_command_line() {
        let line = |args: &[&str]| command_line(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>());
        for args in [
            &["-s", "bearer.s3cret"][..],
            &["-sbearer.s3cret"],
            &["-vs", "bearer.s3cret"],
            &["--subprotocol", "chat,bearer.s3cret"],
            &["--subprotocol=bearer.s3cret"],
        ] {
            let shown = line(args);
            assert!(shown.contains("bearer.***") && !shown.contains("s3cret"), "{shown}");
        }
        assert_eq!(line(&["-s", "chat.v1"]), "-s chat.v1");
    }

    #[test]
    fn query_values_with_a_secrets_name_are_masked() {
        for (plain, masked) in [
            ("wss://h/ws?token=abc&room=1", "wss://h/ws?token=***&room=1"),
            ("/ws?room=1&access_token=a.b-c", "/ws?room=1&access_token=***"),
            ("wss://h/?accessToken=a#x", "wss://h/?accessToken=***#x"),
            ("wss://h/?X-Amz-Signature=aa&X-Amz-Date=1", "wss://h/?X-Amz-Signature=***&X-Amz-Date=1"),
            ("wss://h/?author=me&monkey=1&token=", "wss://h/?author=me&monkey=1&token="),
            ("wss://h/?apikey=1&api_key=2&jwt=3&sig=4", "wss://h/?apikey=***&api_key=***&jwt=***&sig=***"),
        ] {
            assert_eq!(url(plain), masked);
            assert_eq!(url(&url(plain)), masked, "masking twice changes nothing");
        }
    }

    #[test]
    fn userinfo_is_masked_with_and_without_a_scheme() {
        assert_eq!(url("wss://ana:pw@h:1/x@y"), "wss://***@h:1/x@y");
        assert_eq!(url("ana:pw@h/x"), "***@h/x");
        assert_eq!(url("//ana@h/x"), "//***@h/x");
        assert_eq!(url("localhost:3000/a@b"), "localhost:3000/a@b");
        assert_eq!(text("Location: \"//ana:pw@h/x//y@z\""), "Location: \"//***@h/x//y@z\"");
        assert_eq!(field("Location", "//ana:pw@h/x").as_deref(), Some("//***@h/x"));
    }

    #[test]
    fn a_header_field_keeps_what_is_no_secret() {
        for (name, value, masked) in [
            ("Authorization", "Basic dXNlcjpwdw==", Some("Basic ***")),
            ("Proxy-Authorization", "x", Some("***")),
            ("Cookie", "sid=1; theme=dark", Some("sid=***; theme=***")),
            ("Set-Cookie", "sid=1; Path=/; HttpOnly", Some("sid=***; Path=/; HttpOnly")),
            ("Set-Cookie", "a=b; Path=/; x=secret", Some("a=***; Path=/; x=***")),
            ("Set-Cookie2", "secret", Some("***")),
            ("X-Api-Key", "1", Some("***")),
            ("X-Access", "Bearer s3cret", Some("Bearer ***")),
            ("WWW-Authenticate", "Basic realm=a", None),
            ("X-Note", "Bearer of good news", None),
            ("Location", "wss://h/?token=1", Some("wss://h/?token=***")),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", None),
            ("Sec-WebSocket-Protocol", "chat.v2, ocpp1.6", None),
            ("Sec-WebSocket-Protocol", "chat, bearer.abc", Some("chat, bearer.***")),
            ("Sec-WebSocket-Protocol", "access_token, abc", Some("access_token, ***")),
            ("Sec-WebSocket-Protocol", "chat,eyJhbGciOi.J9.x", Some("chat,***")),
            ("Server", "nginx", None),
        ] {
            assert_eq!(field(name, value).as_deref(), masked, "{name}: {value}");
        }
    }

    #[test]
    fn a_command_line_is_masked_and_quoted() {
        assert_eq!(
            args(&["wscope", "probe", "--auth", "ana:pw", "wss://h/?token=1"]),
            "wscope probe --auth '***' 'wss://h/?token=***'"
        );
        assert_eq!(args(&["wscope", "--bearer=x", "--cookie", "a=1"]), "wscope '--bearer=***' --cookie '***'");
        assert_eq!(args(&["wscope", "--bearer", "env:TOKEN", "h"]), "wscope --bearer env:TOKEN h");
        assert_eq!(args(&["-H", "Authorization: Bearer x", "h"]), "-H 'Authorization: Bearer ***' h");
        assert_eq!(args(&["-vHCookie:a=1", "-x", "it's"]), "'-vHCookie: a=***' -x 'it'\\''s'");
        assert_eq!(args(&["--header=X-Room: 1"]), "'--header=X-Room: 1'");
    }

    #[test]
    fn heads_are_masked_in_events() {
        let raw = b"GET /ws?token=1 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer abc\r\n\r\n";
        let (head, _) = HeadReader::request(65536).push(raw).unwrap().unwrap();
        let kind = EventKind::UpgradeSent(UpgradeSent { head });
        let plain = Event { seq: 1, at: Moment::START, conn: ConnId(1), kind };
        let masked = event(&plain);
        let EventKind::UpgradeSent(sent) = &masked.kind else { unreachable!() };
        assert_eq!(sent.head.start(), "GET /ws?token=*** HTTP/1.1");
        assert_eq!(sent.head.first("authorization"), Some("Bearer ***"));
        assert!(!String::from_utf8_lossy(sent.head.raw()).contains("abc"));
    }

    #[test]
    fn what_holds_no_secret_is_not_copied() {
        let kind = EventKind::Answered(crate::event::Answered {
            number: 1,
            measured: false,
            own: true,
            rtt: Span::from_millis(1),
        });
        let plain = Event { seq: 1, at: Moment::START, conn: ConnId(1), kind };
        assert!(matches!(event(&plain), Cow::Borrowed(_)));
    }

    #[test]
    fn a_findings_text_is_masked_too() {
        assert_eq!(
            text("it points to \"wss://a:b@h/?key=1\", not here"),
            "it points to \"wss://***@h/?key=***\", not here"
        );
        assert_eq!(text("got eyJhbGciOi.eyJzdWIi.sig, expected chat"), "got ***, expected chat");
    }

    #[test]
    fn a_line_of_a_broken_head_is_masked_though_the_first_bytes_hold_no_secret() {
        let failed = |line: &str| {
            let malformed = Some(format!("a line of the head is no header field: \"{line}\""));
            let fault = DialFault::NotHttp { first: PayloadBytes(b"HTTP/1.1 200 OK".to_vec()), malformed };
            DialFailed { phase: Phase::Upgrade, fault, took: Span::ZERO }
        };
        let masked = masked_failure(&failed("see http://ana:pw@h/"));
        assert_eq!(masked, Some(failed("see http://***@h/")));
        assert_eq!(masked_failure(&failed("see http://h/")), None);
    }
}
