//! Endings, failures and times in words. Owns the sentences that several screens share; where they stand is not its
//! matter. The classes are those of `event::ended` (RFC 6455 section 7) and of `event::dialling`.

use std::net::SocketAddr;

use crate::event::show::{size, span, whole};
use crate::event::{Attempt, AttemptOutcome, DialFault, Ended, How, Side};
use crate::moment::Span;
use crate::report::safe::{self, SHOWN_MAX};
use crate::wire::close;

/// How many addresses a line names before it only counts them.
const ADDRESSES_MAX: usize = 8;

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
        How::Garbage { words, .. } => format!("no legal frame {by}: {}", safe::line(words, SHOWN_MAX)),
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

fn cut_words(ended: &Ended, what: &str, plain: &str, by: &str) -> String {
    match (ended.mid_frame, ended.mid_message) {
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
        DialFault::TimedOut { limit, attempts, delivered, .. } => timed_out(*limit, attempts, *delivered),
        DialFault::Certificate { why, .. } => format!("certificate not trusted: {}", safe::line(&why.words, SHOWN_MAX)),
        DialFault::Tls { words, not_tls: Some(first), .. } => {
            format!("{}; it began with {}", safe::line(words, SHOWN_MAX), safe::quoted(&first.0, 64))
        }
        DialFault::Tls { words, not_tls: None, .. } => safe::line(words, SHOWN_MAX),
        DialFault::TlsCut { reset, .. } => format!("{} during the TLS handshake", cut(*reset)),
        DialFault::Refused { status, reason } => {
            format!("HTTP {status} {}", safe::line(reason, SHOWN_MAX)).trim_end().to_owned()
        }
        DialFault::InvalidUpgrade { breaches } => {
            let codes: Vec<&str> = breaches.iter().map(|breach| breach.code.as_str()).collect();
            format!("101, but the upgrade is invalid: {}", codes.join(", "))
        }
        DialFault::NotHttp { first } => format!("not HTTP: {}", safe::quoted(&first.0, 64)),
        DialFault::CutBeforeAnswer { reset, received: 0 } => format!("{} before any answer", cut(*reset)),
        DialFault::CutBeforeAnswer { reset, received } => {
            format!("{} inside the answer, after {}", cut(*reset), size(*received))
        }
        DialFault::AlertBeforeAnswer { alert } => format!("TLS alert {alert} before any answer"),
        DialFault::HeadTooLarge { limit } => format!("the answer's head is larger than {}", size(*limit)),
        DialFault::Redirects { words } | DialFault::Io { words } => safe::line(words, SHOWN_MAX),
    }
}

fn cut(reset: bool) -> &'static str {
    if reset { "RST" } else { "FIN" }
}

fn timed_out(limit: Span, attempts: &[Attempt], delivered: Option<bool>) -> String {
    let mut words = format!("the {} for connecting were used up", span(limit));
    match delivered {
        Some(true) => words.push_str("; what we sent was acknowledged by the next hop"),
        Some(false) => words.push_str("; what we sent was not acknowledged"),
        None => {}
    }
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
    fn an_ending_inside_a_frame_tells_the_byte() {
        let mut cut = ended(How::Fin, Side::Peer);
        cut.mid_frame = Some((5, 20));
        assert_eq!(ended_fact(&cut), "FIN inside a frame, after 5 of 20 bytes");
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
