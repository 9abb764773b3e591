//! Endings, failures and times in words. Owns the sentences that several screens share; where they stand is not its
//! matter. The classes are those of `event::ended` (RFC 6455 section 7) and of `event::dialling`.

use std::net::SocketAddr;

use crate::event::show::{size, span, whole};
use crate::event::{Attempt, AttemptOutcome, DialFault, Direction, Ended, How, PayloadBytes, Side, UpgradeBreach};
use crate::moment::Span;
use crate::report::safe::{self, SHOWN_MAX};
use crate::wire::close;
use crate::wire::foreign::{self, Foreign};

/// How many addresses a line names before it only counts them.
const ADDRESSES_MAX: usize = 8;

/// So much of a line of a peer's, or of a value in its answer, stands in a fact.
const PART_SHOWN: usize = 48;

/// How a connection ended, as one fact, seen from a client.
pub fn ended_fact(ended: &Ended) -> String {
    ended_by(ended, "the server side")
}

/// The same with the peer's own word (`the client`).
pub fn ended_by(ended: &Ended, peer: &str) -> String {
    let by = match ended.by {
        Side::Us => "by us".to_owned(),
        Side::Peer => format!("from {peer}"),
    };
    match &ended.how {
        How::Close { code, reason } if ended.by == Side::Us => {
            format!("{} by us, answered", close_words(*code, reason))
        }
        How::Close { code, reason } => format!("{} {by}", close_words(*code, reason)),
        How::CloseUnanswered { code, cut: false } => format!("{} by us, unanswered", close_words(*code, "")),
        How::CloseUnanswered { code, cut: true } => {
            format!("{} by us, then the stream ended without an answer", close_words(*code, ""))
        }
        How::CloseThenCut { code, reason } => {
            format!("{} {by}, then the stream broke before our answer was through", close_words(*code, reason))
        }
        How::Fin => cut_words(ended, "FIN", &format!(" without a Close frame, {by}"), &by),
        How::Reset => cut_words(ended, "RST", &format!(" {by}"), &by),
        How::TlsTruncated => cut_words(ended, "TLS ended without close_notify", &format!(", {by}"), &by),
        How::TlsAlert { alert } => format!("TLS alert {alert} {by}"),
        How::Silent { delivered } => silence_words(*delivered).to_owned(),
        How::KernelTimeout => "the kernel gave the connection up: nothing was acknowledged".to_owned(),
        How::WriteStuck => "what we wrote did not leave in time".to_owned(),
        How::Garbage { breach, words } if breach == "over-limit" => {
            format!("ended by us: {} (--max-message)", safe::line(words, SHOWN_MAX))
        }
        How::Garbage { breach, words } => garbage_words(ended, breach, words, peer),
        How::Local { why } => format!("ended by us: {}", safe::line(why, SHOWN_MAX)),
    }
}

/// `Close 4001 "expired"`, `Close 1001 Going Away`, `Close without a code`.
pub fn close_words(code: Option<u16>, reason: &str) -> String {
    let said = match code {
        None => "Close without a code".to_owned(),
        Some(_) => format!("Close {}", code_words(code)),
    };
    if reason.is_empty() {
        return said;
    }
    format!("{said} {}", safe::quoted(reason.as_bytes(), SHOWN_MAX))
}

/// `1000 Normal Closure`; the number alone where the registry has no name for it; `no code`.
pub fn code_words(code: Option<u16>) -> String {
    match code {
        None => "no code".to_owned(),
        Some(code @ (1000..=1015 | 3000 | 3003 | 3008)) => format!("{code} {}", close::name(code)),
        Some(code) => code.to_string(),
    }
}

/// What came in the place of a frame; where that is not known, the rule that the frame breaks.
fn garbage_words(ended: &Ended, breach: &str, words: &str, peer: &str) -> String {
    let first = match &ended.bad_bytes {
        Some(PayloadBytes(bytes)) => bytes.as_slice(),
        None => &[],
    };
    if let Some(what) = foreign::of(first) {
        return foreign_words(ended, what, first);
    }
    match breach {
        "mask-unexpected" => format!("{peer} masked its frames; only clients do"),
        _ => format!("illegal frame from {peer}: {}", safe::line(words, SHOWN_MAX)),
    }
}

/// `after the 101 came an HTTP answer ("HTTP/1.1 400 Bad Request"), not WebSocket frames`.
fn foreign_words(ended: &Ended, what: Foreign, first: &[u8]) -> String {
    let is_behind_frames =
        ended.messages_in > 0 || ended.last_frames.iter().any(|frame| frame.direction == Direction::In);
    let shown = first_line(first).filter(|_| what.is_text()).map(|line| format!(" ({line})")).unwrap_or_default();
    let came = format!("{}{shown}", what.words());
    match (what, is_behind_frames) {
        (_, true) => format!("among the frames came {came}, which is no WebSocket frame"),
        (Foreign::LineEnd, false) => "after the head of the 101 came one line end too many, then frames".to_owned(),
        (_, false) => format!("after the 101 came {came}, not WebSocket frames"),
    }
}

/// The first line of text in quotes, as far as it is text; none where there is none.
fn first_line(first: &[u8]) -> Option<String> {
    let text = &first[..foreign::readable_run(first)];
    let line = text.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    let line = &line[..line.len().min(PART_SHOWN)];
    (!line.is_empty()).then(|| safe::quoted(line, PART_SHOWN))
}

fn cut_words(ended: &Ended, what: &str, plain: &str, by: &str) -> String {
    match (ended.mid_frame, ended.mid_message) {
        (Some((0, 0)), _) => format!("{what} inside a frame's header"),
        (Some((came, of)), _) => format!("{what} inside a frame, after {came} of {of} bytes"),
        (None, true) => format!("{what} between the fragments of a message, {by}"),
        (None, false) => format!("{what}{plain}"),
    }
}

fn silence_words(delivered: Option<bool>) -> &'static str {
    match delivered {
        Some(true) => "no sign of life: heartbeat acknowledged by the next hop, unanswered",
        Some(false) => "no sign of life: heartbeat not acknowledged by the next hop",
        None => "no sign of life within the heartbeat's time",
    }
}

/// Why a dial failed, as one fact. A refusal's own head says more: `heads` shows it.
pub fn dial_fault(fault: &DialFault) -> String {
    match fault {
        DialFault::NameNotFound { name } => format!("{} not found", safe::line(name, SHOWN_MAX)),
        DialFault::NameLookupFailed { name, detail } => {
            format!("{}: {}", safe::line(name, SHOWN_MAX), safe::line(detail, SHOWN_MAX))
        }
        DialFault::NoAddress { name } => {
            format!("{} has no address of the family asked for", safe::line(name, SHOWN_MAX))
        }
        DialFault::Unreachable { attempts } => attempts_words(attempts),
        DialFault::TimedOut { limit, attempts, delivered, received } => {
            timed_out(*limit, attempts, *delivered, *received)
        }
        DialFault::Certificate { why, .. } => format!("certificate not trusted: {}", safe::line(&why.words, SHOWN_MAX)),
        DialFault::Tls { not_tls: Some(first), .. } => not_tls_words(&first.0),
        DialFault::Tls { words, not_tls: None, .. } => safe::line(words, SHOWN_MAX),
        DialFault::TlsCut { reset, .. } => format!("{} during the TLS handshake", cut(*reset)),
        DialFault::Refused { status, reason } => {
            format!("HTTP {status} {}", safe::line(reason, SHOWN_MAX)).trim_end().to_owned()
        }
        DialFault::InvalidUpgrade { breaches } => upgrade_words(breaches),
        DialFault::NotHttp { malformed: Some(words), .. } => {
            format!("HTTP with a broken head: {}", safe::line(words, SHOWN_MAX))
        }
        DialFault::NotHttp { first, malformed: None } => not_http_words(&first.0),
        DialFault::CutBeforeAnswer { reset, received: 0 } => format!("{} before any answer", cut(*reset)),
        DialFault::CutBeforeAnswer { reset, received } => {
            format!("{} inside the answer, after {}", cut(*reset), size(*received))
        }
        DialFault::AlertBeforeAnswer { alert: 116 } => {
            "a client certificate is wanted: TLS alert 116 before any answer".to_owned()
        }
        DialFault::AlertBeforeAnswer { alert } => format!("TLS alert {alert} before any answer"),
        DialFault::HeadTooLarge { limit } => format!("the answer's head is larger than {}", size(*limit)),
        DialFault::Redirects { words } | DialFault::Io { words } => safe::line(words, SHOWN_MAX),
    }
}

/// `101, but Sec-WebSocket-Accept does not match the key`: every rule that fails the upgrade.
fn upgrade_words(breaches: &[UpgradeBreach]) -> String {
    let wrong: Vec<String> = breaches.iter().filter(|breach| breach.must_fail).map(breach_words).collect();
    if wrong.is_empty() {
        return "101, but the upgrade is invalid".to_owned();
    }
    format!("101, but {}", wrong.join("; "))
}

fn breach_words(breach: &UpgradeBreach) -> String {
    let got = safe::line(&breach.got, PART_SHOWN);
    match breach.code.as_str() {
        "upgrade-header-wrong" => "it does not say Upgrade: websocket".to_owned(),
        "connection-header-wrong" => "its Connection header does not say Upgrade".to_owned(),
        "accept-missing" => "it has no Sec-WebSocket-Accept".to_owned(),
        "accept-wrong" => "Sec-WebSocket-Accept does not match the key".to_owned(),
        "extension-not-offered" => format!("it agrees to an extension that was not offered: {got}"),
        "subprotocol-not-offered" => format!("it chooses a subprotocol that was not offered: {got}"),
        code => format!("the upgrade is invalid: {}", safe::line(code, PART_SHOWN)),
    }
}

/// What a port speaks that was asked for TLS.
fn not_tls_words(first: &[u8]) -> String {
    let began = first_line(first).unwrap_or_else(|| safe::quoted(first, 16));
    if first.starts_with(b"HTTP/") {
        return format!("the port speaks plain HTTP, not TLS: it answered {began}");
    }
    if first.starts_with(b"SSH-") {
        return format!("the port speaks SSH, not TLS: it began with {began}");
    }
    format!("the port does not speak TLS: it began with {began}")
}

/// What came back in the place of an HTTP answer.
fn not_http_words(first: &[u8]) -> String {
    match foreign::of(first) {
        Some(Foreign::TlsAlert) => "not HTTP: a TLS alert, so that what answers here wants TLS".to_owned(),
        Some(Foreign::Http2) => "not HTTP/1.1: HTTP/2 SETTINGS came back".to_owned(),
        _ => format!("not HTTP: {}", safe::quoted(first, 64)),
    }
}

fn cut(reset: bool) -> &'static str {
    if reset { "RST" } else { "FIN" }
}

fn timed_out(limit: Span, attempts: &[Attempt], delivered: Option<bool>, received: u64) -> String {
    let limit = span(limit);
    let mut words = match (received, delivered) {
        (1.., _) => format!("only {} of an answer within {limit}", size(received)),
        (0, Some(true)) => format!("no answer within {limit}; the next hop acknowledged what we sent"),
        (0, Some(false)) => format!("no answer within {limit}; what we sent was not acknowledged"),
        (0, None) => format!("the {limit} for connecting were used up"),
    };
    if !attempts.is_empty() && !attempts.iter().any(|attempt| attempt.outcome == AttemptOutcome::Open) {
        words.push_str("; ");
        words.push_str(&attempts_words(attempts));
    }
    words
}

fn attempts_words(attempts: &[Attempt]) -> String {
    let shown = attempts.iter().take(ADDRESSES_MAX);
    let mut words: Vec<String> = shown
        .map(|attempt| format!("{} {}", safe::line(&attempt.address, SHOWN_MAX), attempt.outcome.words()))
        .collect();
    if attempts.len() > ADDRESSES_MAX {
        words.push(format!("{} more", attempts.len() - ADDRESSES_MAX));
    }
    words.join(", ")
}

/// What was tried before the address that is open: ` (2001:db8::10 first: network unreachable)`, or nothing.
pub fn tried_before(attempts: &[Attempt]) -> String {
    let failed: Vec<&Attempt> = attempts.iter().take_while(|attempt| attempt.outcome != AttemptOutcome::Open).collect();
    let mut words: Vec<String> = Vec::new();
    for (index, attempt) in failed.iter().take(ADDRESSES_MAX).enumerate() {
        let order = if index == 0 { "first" } else { "then" };
        words.push(format!("{} {order}: {}", host_of(&attempt.address), attempt.outcome.words()));
    }
    if failed.len() > ADDRESSES_MAX {
        words.push(format!("{} more", failed.len() - ADDRESSES_MAX));
    }
    if words.is_empty() { String::new() } else { format!(" ({})", words.join("; ")) }
}

/// The address without its port; a socket's path as it is.
pub fn host_of(address: &str) -> String {
    match address.parse::<SocketAddr>() {
        Ok(parsed) => parsed.ip().to_string(),
        Err(_) => safe::line(address, SHOWN_MAX),
    }
}

/// The addresses of a name, eight at most.
pub fn addresses(all: &[String]) -> String {
    let mut words: Vec<String> = all.iter().take(ADDRESSES_MAX).map(|address| safe::text(address)).collect();
    if all.len() > ADDRESSES_MAX {
        words.push(format!("{} more", all.len() - ADDRESSES_MAX));
    }
    words.join(", ")
}

/// Whole milliseconds below a second (`51 ms`; below ten with a decimal, `0.4 ms`) and whole seconds as such (`60 s`), where a decimal would only be noise.
pub fn roughly(time: Span) -> String {
    let millis = time.nanos().saturating_add(500_000) / 1_000_000;
    match (millis / 1000, millis % 1000) {
        (0, 0..=9) => span(time),
        (0, millis) => format!("{millis} ms"),
        (seconds, 0) => whole(seconds),
        _ => span(time),
    }
}

/// Hundredths of a second below one (`0.67 s`), for waits that a person compares in seconds.
pub fn in_seconds(time: Span) -> String {
    let hundredths = time.nanos().saturating_add(5_000_000) / 10_000_000;
    if hundredths < 100 { format!("0.{hundredths:02} s") } else { span(time) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(how: How, by: Side) -> Ended {
        Ended { by, ..Ended::sample(how) }
    }

    #[test]
    fn an_ending_is_one_fact() {
        let close = |code, reason: &str| How::Close { code, reason: reason.into() };
        for (how, by, words) in [
            (How::Fin, Side::Peer, "FIN without a Close frame, from the server side"),
            (How::Reset, Side::Peer, "RST from the server side"),
            (How::TlsTruncated, Side::Peer, "TLS ended without close_notify, from the server side"),
            (close(Some(4001), "expired"), Side::Peer, "Close 4001 \"expired\" from the server side"),
            (close(Some(1001), ""), Side::Peer, "Close 1001 Going Away from the server side"),
            (close(None, ""), Side::Peer, "Close without a code from the server side"),
            (close(Some(1000), ""), Side::Us, "Close 1000 Normal Closure by us, answered"),
            (
                How::Silent { delivered: Some(true) },
                Side::Peer,
                "no sign of life: heartbeat acknowledged by the next hop, unanswered",
            ),
        ] {
            assert_eq!(ended_fact(&ended(how, by)), words);
        }
    }

    #[test]
    fn bytes_that_are_no_frame_are_told_as_what_they_are() {
        let garbage = |breach: &str, first: &[u8]| {
            let how = How::Garbage { breach: breach.into(), words: "a frame with the reserved opcode 3".into() };
            Ended { bad_bytes: Some(PayloadBytes(first.to_vec())), ..ended(how, Side::Peer) }
        };
        let table: [(&str, &[u8], &str); 9] = [
            (
                "reserved-bits",
                b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n",
                "after the 101 came an HTTP answer (\"HTTP/1.1 400 Bad Request\"), not WebSocket frames",
            ),
            ("reserved-bits", b"<html>\n<head>", "after the 101 came a web page (\"<html>\"), not WebSocket frames"),
            ("reserved-bits", b"{\"a\":1}", "after the 101 came bare JSON (\"{\\\"a\\\":1}\"), not WebSocket frames"),
            ("reserved-bits", &[0x15, 3, 3, 0, 2, 2, 40], "after the 101 came a TLS alert, not WebSocket frames"),
            (
                "control-fragmented",
                &[0, 0, 18, 4, 0, 0, 0, 0, 0],
                "after the 101 came HTTP/2 SETTINGS, not WebSocket frames",
            ),
            ("reserved-bits", b"7\r\n\x81\x05hello", "after the 101 came the size of a chunk, not WebSocket frames"),
            ("reserved-bits", b"\r\n\x81\x02hi", "after the head of the 101 came one line end too many, then frames"),
            ("mask-unexpected", &[0x81, 0x85, 1, 2, 3, 4, 5], "the server side masked its frames; only clients do"),
            ("reserved-opcode", &[0x83, 0], "illegal frame from the server side: a frame with the reserved opcode 3"),
        ];
        for (breach, first, words) in table {
            assert_eq!(ended_fact(&garbage(breach, first)), words);
        }
        let behind = Ended { messages_in: 2, ..garbage("reserved-bits", b"HTTP/1.1 502 Bad Gateway\r\n") };
        assert_eq!(
            ended_fact(&behind),
            "among the frames came an HTTP answer (\"HTTP/1.1 502 Bad Gateway\"), which is no WebSocket frame"
        );
    }

    #[test]
    fn a_wrong_101_is_a_sentence() {
        let breach = |code: &str, must_fail, got: &str| UpgradeBreach {
            code: code.into(),
            must_fail,
            expected: String::new(),
            got: got.into(),
        };
        for (code, words) in [
            ("upgrade-header-wrong", "101, but it does not say Upgrade: websocket"),
            ("connection-header-wrong", "101, but its Connection header does not say Upgrade"),
            ("accept-missing", "101, but it has no Sec-WebSocket-Accept"),
            ("accept-wrong", "101, but Sec-WebSocket-Accept does not match the key"),
            ("extension-not-offered", "101, but it agrees to an extension that was not offered: x\\x1b"),
            ("subprotocol-not-offered", "101, but it chooses a subprotocol that was not offered: x\\x1b"),
        ] {
            let breaches = vec![breach(code, true, "x\x1b"), breach("http-version-odd", false, "HTTP/1.0")];
            assert_eq!(dial_fault(&DialFault::InvalidUpgrade { breaches }), words);
        }
        let breaches = vec![breach("accept-missing", true, ""), breach("upgrade-header-wrong", true, "")];
        assert_eq!(
            dial_fault(&DialFault::InvalidUpgrade { breaches }),
            "101, but it has no Sec-WebSocket-Accept; it does not say Upgrade: websocket"
        );
    }

    #[test]
    fn what_a_port_speaks_is_told_first() {
        let not_tls: [(&[u8], &str); 3] = [
            (
                b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n",
                "the port speaks plain HTTP, not TLS: it answered \"HTTP/1.1 400 Bad Request\"",
            ),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "the port speaks SSH, not TLS: it began with \"SSH-2.0-OpenSSH_9.2\""),
            (&[0, 1, 2], "the port does not speak TLS: it began with \"\\x00\\x01\\x02\""),
        ];
        for (first, words) in not_tls {
            assert_eq!(not_tls_words(first), words);
        }
        let alert = not_http_words(&[0x15, 3, 3, 0, 2, 2, 40]);
        assert_eq!(alert, "not HTTP: a TLS alert, so that what answers here wants TLS");
        assert_eq!(not_http_words(&[0, 0, 18, 4, 0, 0, 0, 0, 0]), "not HTTP/1.1: HTTP/2 SETTINGS came back");
        assert_eq!(not_http_words(b"SSH-2.0"), "not HTTP: \"SSH-2.0\"");
    }

    #[test]
    fn a_time_that_was_used_up_says_what_did_not_come() {
        for (delivered, received, words) in [
            (Some(true), 0, "no answer within 10.0 s; the next hop acknowledged what we sent"),
            (Some(false), 0, "no answer within 10.0 s; what we sent was not acknowledged"),
            (Some(true), 54, "only 54 B of an answer within 10.0 s"),
            (None, 0, "the 10.0 s for connecting were used up"),
        ] {
            let limit = Span::from_secs(10);
            let late = DialFault::TimedOut { limit, attempts: Vec::new(), delivered, received };
            assert_eq!(dial_fault(&late), words);
        }
    }

    #[test]
    fn an_ending_inside_a_frame_tells_the_byte() {
        let mut cut = ended(How::Fin, Side::Peer);
        cut.mid_frame = Some((5, 20));
        assert_eq!(ended_fact(&cut), "FIN inside a frame, after 5 of 20 bytes");
        cut.mid_frame = Some((0, 0));
        assert_eq!(ended_fact(&cut), "FIN inside a frame's header");
    }

    #[test]
    fn a_reason_cannot_draw_on_the_screen() {
        let how = How::Close { code: Some(1000), reason: "\x1b[2J\u{202e}".into() };
        assert_eq!(
            ended_fact(&ended(how, Side::Peer)),
            "Close 1000 Normal Closure \"\\x1b[2J\\u{202e}\" from the server side"
        );
    }

    #[test]
    fn times_have_the_form_that_their_line_wants() {
        assert_eq!(roughly(Span::from_nanos(50_812_000)), "51 ms");
        assert_eq!(roughly(Span::from_millis(1500)), "1.5 s");
        assert_eq!(roughly(Span::from_secs(60)), "60 s");
        assert_eq!(in_seconds(Span::from_millis(673)), "0.67 s");
        assert_eq!(in_seconds(Span::from_millis(1130)), "1.1 s");
    }

    #[test]
    fn what_failed_before_the_open_address_is_told() {
        let attempt = |address: &str, outcome| Attempt { address: address.into(), outcome, took: Span::ZERO };
        let attempts = [
            attempt("[2001:db8::10]:443", AttemptOutcome::NetworkUnreachable),
            attempt("203.0.113.9:443", AttemptOutcome::Refused),
            attempt("203.0.113.10:443", AttemptOutcome::Open),
        ];
        assert_eq!(tried_before(&attempts), " (2001:db8::10 first: network unreachable; 203.0.113.9 then: refused)");
        assert_eq!(tried_before(&attempts[2..]), "");
    }
}
