//! Findings on an upgrade request that got no whole HTTP answer: other bytes, an early end, a head without end, a
//! request that never left, redirects without end. Owns those faults of a dial; a time-out is `reach`'s, an alert
//! `tls`'s.

use crate::diagnose::banners;
use crate::diagnose::facts::Facts;
use crate::diagnose::tls;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{DialFailed, DialFault, Finding, LookEnd, PayloadBytes, Tried, show};
use crate::moment::Span;

/// A dial whose request was not answered in HTTP; none for every other fault.
pub fn failed(facts: &Facts, failed: &DialFailed) -> Option<Finding> {
    match &failed.fault {
        DialFault::NotHttp { first: PayloadBytes(first), malformed: Some(words) } => Some(malformed(first, words)),
        DialFault::NotHttp { first: PayloadBytes(first), malformed: None } => {
            Some(tls::tls_port(facts).unwrap_or_else(|| not_http(facts, first)))
        }
        DialFault::CutBeforeAnswer { reset, received } => {
            Some(tls::tls_port(facts).unwrap_or_else(|| cut(facts, *reset, *received, failed.took)))
        }
        DialFault::HeadTooLarge { limit } => Some(
            Finding::of(
                "head-too-large",
                "server side",
                format!("the answer's head is larger than {}", show::size(*limit)),
            )
            .because(Likely, "the server side sends without an end, or something that is no HTTP head"),
        ),
        DialFault::Redirects { words } => Some(redirects(facts, words)),
        DialFault::Io { words } => Some(
            Finding::of("request-not-sent", "path", "the upgrade request could not be written")
                .saw(format!("the system says {}", show::quoted(words))),
        ),
        DialFault::NameNotFound { .. }
        | DialFault::NameLookupFailed { .. }
        | DialFault::NoAddress { .. }
        | DialFault::Unreachable { .. }
        | DialFault::TimedOut { .. }
        | DialFault::Certificate { .. }
        | DialFault::Tls { .. }
        | DialFault::TlsCut { .. }
        | DialFault::Refused { .. }
        | DialFault::InvalidUpgrade { .. }
        | DialFault::AlertBeforeAnswer { .. } => None,
    }
}

fn redirects(facts: &Facts, words: &str) -> Finding {
    let fact = format!("the redirects were not followed: {}", show::safe(words));
    let finding = Finding::of("redirects-endless", "server side", fact);
    if !facts.led_to_itself {
        return finding;
    }
    let finding = finding.saw("the redirect leads to the URL that it came from");
    match facts.answered("Set-Cookie") {
        Some(_) => finding
            .saw("each answer sets a cookie")
            .because(Likely, "the server waits for the cookie that it sets, and no cookie is kept here")
            .advise("send it: --cookie NAME=VALUE"),
        None => finding
            .because(Possible, "a rule whose target it matches itself, or one that waits for a cookie or a header")
            .advise("look at the rule that redirects this path"),
    }
}

/// It is HTTP, and no client needs to take it.
fn malformed(first: &[u8], words: &str) -> Finding {
    Finding::of("head-malformed", "server side", format!("the answer is HTTP, but {}", show::safe(words)))
        .saw(format!("first bytes: {}", show::bytes(first)))
}

fn not_http(facts: &Facts, first: &[u8]) -> Finding {
    if tls::is_alert_record(facts, first) {
        return Finding::of(
            "plain-http-to-tls-port",
            "client",
            "the port speaks TLS, and the request was not encrypted",
        )
        .saw(format!("a TLS alert came back: {}", show::bytes(first)))
        .because(Certain, "ws:// was used where wss:// is spoken")
        .advise(format!("use {}", facts.url_with_tls()));
    }
    if first.starts_with(DEV_PROXY) {
        return dev_proxy(first);
    }
    let finding = Finding::of("not-http", "server side", "what came back is not HTTP")
        .saw(format!("first bytes: {}", show::bytes(first)));
    match banners::speaker(first) {
        Some((banners::HTTP2_ONLY, sure)) => finding
            .because(sure, "the port speaks HTTP/2 only")
            .advise("let the server speak HTTP/1.1 on this port as well"),
        Some((who, sure)) => {
            finding.because(sure, format!("{who} listens on this port")).advise("use the port of the WebSocket server")
        }
        None if is_text(first) => finding.because(
            Possible,
            "the port belongs to something else that sends text, or a program there writes a body without the head of \
             HTTP before it",
        ),
        None => finding,
    }
}

/// No bytes of TLS or of HTTP/2.
fn is_text(first: &[u8]) -> bool {
    !first.is_empty() && first.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}

/// What http-proxy-middleware (webpack-dev-server, Create React App) writes onto the socket, without any head.
const DEV_PROXY: &[u8] = b"Error occurred while trying to proxy";

fn dev_proxy(first: &[u8]) -> Finding {
    Finding::of("not-http", "server side", "a dev server's proxy could not reach what stands behind it")
        .saw(format!("first bytes: {}", show::bytes(first)))
        .because(
            Likely,
            "http-proxy-middleware (webpack-dev-server, Create React App) writes this text in place of an answer: its \
             target is down, or another port",
        )
        .advise("start the application behind it, or correct target in the proxy's options")
}

/// Some servers (libwebsockets) end a connection whose subprotocol they do not know.
fn offered_words(facts: &Facts) -> Option<String> {
    let offered = facts.offered();
    let words = format!("offered: {}; some servers end so upon a name that they do not know", offered.join(", "));
    (!offered.is_empty()).then(|| show::safe(&words))
}

/// engine.io ends every upgrade on its HTTP server that nobody answered, 1000 ms after the request.
fn engine_io(facts: &Facts, finding: Finding) -> Finding {
    const DIAL: &str = "/socket.io/?EIO=4&transport=websocket";
    if facts.path() == "/socket.io" {
        return finding
            .because(Likely, "Engine.IO ends after 1000 ms what nobody answers: the slash behind /socket.io is missing")
            .advise(format!("dial {DIAL}"));
    }
    let finding = finding
        .because(Possible, "Engine.IO on the same Node server ends after 1000 ms what nobody answers: a wrong path");
    match facts.path().starts_with("/socket.io/") {
        true => finding.advise(
            "look up the option path in the server and use it in place of /socket.io/; for another WebSocket there, \
             check its path",
        ),
        false => finding.advise(format!(
            "for Socket.IO dial {DIAL}, or what its option path says; for another WebSocket there check its path"
        )),
    }
}

/// A crash, a refusal or a closed port behind a forwarder ends at once; this long takes a limit of time.
const LATE: Span = Span::from_millis(1500);

fn timed(facts: &Facts, finding: Finding) -> Finding {
    finding
        .saw_all(facts.second_look_words())
        .saw_all(offered_words(facts))
        .because(
            Possible,
            "a limit of time ended it: the server did not come to answer the upgrade (a check that hangs, python \
             websockets: open_timeout), or what forwards this port could not reach what stands behind it",
        )
        .advise("look at what holds the server up before it answers; behind a TCP proxy, whether its server runs")
}

fn cut(facts: &Facts, reset: bool, received: u64, took: Span) -> Finding {
    let end = if reset { "reset" } else { "ended" };
    let fact = match received {
        0 => format!("the connection was {end} before any answer, {} after the request", show::span(took)),
        _ => format!("the connection was {end} inside the answer's head, after {}", show::size(received)),
    };
    let finding = Finding::of("cut-before-answer", "server side", fact);
    if received == 0 && !reset && (0.95..1.3).contains(&took.seconds()) {
        return engine_io(facts, finding);
    }
    if received == 0 && !reset && took >= LATE {
        return timed(facts, finding);
    }
    match facts.is_tls() {
        true => finding
            .because(
                Possible,
                "the process behind it crashed or refused without a word, a proxy that only forwards TCP has nothing behind \
                 it (stunnel, a load balancer), or a filter on the way ended it",
            )
            .advise("look at the log of the server side for this moment, and whether what stands behind the TLS side runs"),
        // A port that ends whatever comes is no HTTP server that refuses one request.
        false if facts.second_look(Tried::Tls).is_some_and(|look| look.end == Some(LookEnd::Cut)) => finding
            .saw_all(facts.second_look_words())
            .because(
                Possible,
                "what forwards this port has nothing behind it (docker -p, ssh -L, kubectl port-forward, a TCP proxy), the \
                 PROXY protocol is wanted first, or the port is not one of HTTP; or the process crashed",
            )
            .advise("look whether the server behind the port runs; then at the log of what forwards it"),
        false if facts.second_look(Tried::Tls).is_some() => finding
            .saw_all(facts.second_look_words())
            .saw_all(offered_words(facts))
            .because(
                Possible,
                "the process behind it crashed or refused without a word, a proxy that only forwards (TCP, Varnish's \
                 pipe, a dev server's) has nothing behind it, a proxy is told to say nothing (444), or a filter on the \
                 way ended it",
            )
            .advise("check the path; then look at the log of the server side for this moment"),
        false => finding.advise("try wss://: the port may want TLS; then look at the log of the server side"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::{Phase, SecondLook};
    use crate::wire::head::Head;

    fn judged(fault: DialFault, took: Span) -> Finding {
        let facts = Facts { url: "ws://a/".into(), ..Facts::default() };
        failed(&facts, &DialFailed { phase: Phase::Upgrade, fault, took }).unwrap()
    }

    #[test]
    fn a_tls_alert_to_a_plain_request_tells_of_the_wrong_scheme() {
        let first = |bytes: &[u8]| DialFault::NotHttp { first: PayloadBytes(bytes.to_vec()), malformed: None };
        assert_eq!(judged(first(&[0x15, 3, 1, 0, 2, 2, 10]), Span::ZERO).code, "plain-http-to-tls-port");
        assert_eq!(judged(first(&[0x15, 3, 1, 0, 2, 2, 10]), Span::ZERO).confidence, Certain);
        // Two bytes alone can be of another protocol.
        assert_eq!(judged(first(b"\x15\x03 hello"), Span::ZERO).code, "not-http");
        let ssh = judged(first(b"SSH-2.0-OpenSSH_9.2\r\n"), Span::ZERO);
        assert_eq!((ssh.code, ssh.confidence), ("not-http", Certain));
        let proxy = judged(first(b"Error occurred while trying to proxy: 127.0.0.1:3000/api/x"), Span::ZERO);
        assert_eq!((proxy.code, proxy.confidence), ("not-http", Likely));
        assert!(proxy.cause.contains("target is down") && proxy.fact.contains("dev server"), "{proxy:?}");
        assert_eq!(judged(first(&[0, 0, 18, 4, 0]), Span::ZERO).cause, "the port speaks HTTP/2 only");
        // Text is neither TLS nor HTTP/2; other bytes may be.
        let page = judged(first(b"<html><body>hello</body></html>"), Span::ZERO);
        assert!(page.cause.contains("sends text") && !page.cause.contains("TLS"), "{}", page.cause);
        assert!(judged(first(&[0xff, 0, 1]), Span::ZERO).cause.contains("TLS or HTTP/2"));
    }

    #[test]
    fn a_broken_head_is_http_all_the_same() {
        let words = "the value of the header field \"X-Trace\" holds the byte 0x01, which is not allowed there";
        let first = PayloadBytes(b"HTTP/1.1 101 Switching Protocols\r\nX-Trace: \x01".to_vec());
        let finding = judged(DialFault::NotHttp { first, malformed: Some(words.into()) }, Span::ZERO);
        assert_eq!((finding.code, finding.fact), ("head-malformed", format!("the answer is HTTP, but {words}")));
        assert!(!finding.cause.contains("port"), "{}", finding.cause);
    }

    #[test]
    fn an_end_before_the_answer_tells_how_far_it_came() {
        let cut = |received| DialFault::CutBeforeAnswer { reset: false, received };
        assert_eq!(judged(cut(0), Span::from_millis(3)).code, "cut-before-answer");
        assert!(judged(cut(0), Span::from_millis(1004)).cause.starts_with("Engine.IO"));
        assert!(judged(cut(20), Span::from_millis(1004)).fact.ends_with("after 20 B"));
        let late = judged(cut(0), Span::from_millis(2003));
        assert!(late.cause.starts_with("a limit of time") && late.confidence == Possible, "{late:?}");
        assert!(!judged(cut(0), Span::from_millis(3)).cause.contains("limit of time"));
    }

    #[test]
    fn an_end_without_a_word_may_be_nginx_s_444() {
        let look = |end: LookEnd| SecondLook {
            tried: Tried::Tls,
            answered: false,
            end: Some(end),
            words: "a try".into(),
            status: None,
            date_unix: None,
            took: Span::ZERO,
        };
        for (end, is_told) in [(LookEnd::NoTls, true), (LookEnd::Cut, false)] {
            let facts = Facts { url: "ws://a/".into(), second_looks: vec![look(end)], ..Facts::default() };
            let fault = DialFault::CutBeforeAnswer { reset: false, received: 0 };
            let finding = failed(&facts, &DialFailed { phase: Phase::Upgrade, fault, took: Span::ZERO }).unwrap();
            assert_eq!((finding.code, finding.confidence), ("cut-before-answer", Possible), "{end:?}");
            assert_eq!(finding.cause.contains("(444)"), is_told, "{end:?}: {}", finding.cause);
        }
    }

    #[test]
    fn an_end_after_a_second_knows_the_path_of_socket_io() {
        for (path, confidence, cause, help) in [
            ("/socket.io?EIO=4&transport=websocket", Likely, "the slash", "dial /socket.io/?EIO=4&transport=websocket"),
            ("/socket.io/?EIO=4&transport=websocket", Possible, "a wrong path", "option path in the server"),
            ("/ws", Possible, "a wrong path", "for Socket.IO dial /socket.io/?EIO=4"),
        ] {
            let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
            let sent = Some(Head::verbatim(request.into_bytes()));
            let facts = Facts { url: "ws://a/".into(), sent, ..Facts::default() };
            let fault = DialFault::CutBeforeAnswer { reset: false, received: 0 };
            let dial = DialFailed { phase: Phase::Upgrade, fault, took: Span::from_millis(1003) };
            let finding = failed(&facts, &dial).unwrap();
            assert_eq!(finding.confidence, confidence, "{path}");
            assert!(finding.cause.contains(cause) && finding.help[0].contains(help), "{path}: {finding:?}");
        }
    }

    #[test]
    fn a_redirect_to_itself_is_told_from_two_hops() {
        let told = |led_to_itself: bool, answer: &str| {
            let answer = Some(Head::verbatim(answer.as_bytes().to_vec()));
            let facts = Facts { url: "ws://a/ws".into(), led_to_itself, answer, ..Facts::default() };
            let fault = DialFault::Redirects { words: "more than 10".into() };
            failed(&facts, &DialFailed { phase: Phase::Upgrade, fault, took: Span::ZERO }).unwrap()
        };
        let plain = "HTTP/1.1 302 Found\r\nLocation: /ws\r\n\r\n";
        assert!(told(false, plain).cause.contains("two hops"));
        assert!(told(true, plain).cause.contains("it matches itself"));
        let cookie = told(true, "HTTP/1.1 302 Found\r\nLocation: /ws\r\nSet-Cookie: a=b\r\n\r\n");
        assert!(cookie.cause.contains("the cookie that it sets"), "{}", cookie.cause);
    }

    #[test]
    fn the_other_faults_have_their_codes() {
        for (fault, code) in [
            (DialFault::HeadTooLarge { limit: 65_536 }, "head-too-large"),
            (DialFault::Redirects { words: "more than 10".into() }, "redirects-endless"),
            (DialFault::Io { words: "broken pipe".into() }, "request-not-sent"),
        ] {
            assert_eq!(judged(fault, Span::ZERO).code, code);
        }
    }
}
