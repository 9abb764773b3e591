//! What HTTP statuses mean for an upgrade, and which findings lead to an exit code. Owns those two tables; causes and
//! help of a status are what `refusal` says of an answer with nothing else in it.

use crate::diagnose::facts::Facts;
use crate::diagnose::refusal;
use crate::event::codes::entry;
use crate::event::verdict::Exit;
use crate::wire::head::Head;

/// A good request.
const REQUEST: &[u8] = b"GET /ws HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";
/// A reason phrase that no server has.
const REASON: &str = "X";

/// A status, for somebody who wanted a WebSocket.
pub struct Meaning {
    pub name: &'static str,
    pub upgrade: &'static str,
}

/// What it leads to.
pub struct Told {
    /// The finding's.
    pub code: &'static str,
    pub cause: String,
    /// What to do, and behind it lines to paste.
    pub help: Vec<String>,
}

const fn row(name: &'static str, upgrade: &'static str) -> Meaning {
    Meaning { name, upgrade }
}

/// What a status of 100 to 599 means for an upgrade.
#[allow(clippy::match_overlapping_arm)]
pub fn meaning(status: u16) -> Meaning {
    match status {
        101 => row("Switching Protocols", "the upgrade is agreed to; what follows the head are WebSocket frames"),
        100..=199 => row("Informational", "an answer on the way to the real one; no upgrade"),
        200 => row("OK", "the path answered as a page or an interface, not as a WebSocket"),
        201..=299 => row("Success", "the request was fine, but no upgrade was made of it"),
        301 => row("Moved Permanently", "another URL is to be used; browsers never follow it here"),
        302 => row("Found", "another URL is to be used; often a login"),
        307 => row("Temporary Redirect", "another URL is to be used; often https"),
        308 => row("Permanent Redirect", "another URL is to be used; often https"),
        304 => row("Not Modified", "answered as from a cache, without an upgrade"),
        300..=399 => row("Redirection", "another URL is to be used"),
        400 => row(
            "Bad Request",
            "a wrong path or subprotocol, a wrong version or key, or an Upgrade that was lost on the way",
        ),
        401 => row("Unauthorized", "credentials are wanted, or not accepted"),
        403 => row("Forbidden", "the Origin, the route or the client is not allowed"),
        404 => row("Not Found", "nothing is at this path, or only for requests with Upgrade"),
        405 => row("Method Not Allowed", "the request arrived with another method than GET"),
        407 => row("Proxy Authentication Required", "a proxy on the way wants credentials"),
        406 | 415 => row(
            "Not Acceptable or Unsupported Media Type",
            "something that judges content types stands before the WebSocket's route",
        ),
        408 => row("Request Timeout", "the request took too long to arrive"),
        409 => row("Conflict", "in SignalR: this connection id has a WebSocket already"),
        410 => row("Gone", "the path is no longer there"),
        413 => row("Content Too Large", "the request is too large"),
        414 => row("URI Too Long", "the path or the query is too long"),
        421 => row("Misdirected Request", "the Host does not fit the name used in TLS"),
        426 => row(
            "Upgrade Required",
            "with a list of versions without 13: another version is wanted; otherwise: Upgrade did not arrive",
        ),
        429 => row("Too Many Requests", "too many requests or connections; Retry-After says how long"),
        431 => row("Request Header Fields Too Large", "cookies or a token are too large"),
        444 => row(
            "No Response",
            "nginx ended the connection without an answer: the client sees no status, 444 stands in nginx's log only",
        ),
        460 => row("Client Closed", "AWS ALB: the client ended it first; it stands in its log only"),
        463 => row("Too Many Forwarders", "AWS ALB: X-Forwarded-For has more than 30 addresses"),
        464 => row(
            "Protocol Version Mismatch",
            "AWS ALB: the target group speaks HTTP/2 or gRPC, and an upgrade needs HTTP1",
        ),
        494 => row("Request Header Too Large", "nginx: a header is too large; the client sees 400"),
        499 => row("Client Closed Request", "the client left before the answer: 499 stands in a proxy's log only"),
        400..=499 => row("Client Error", "the request is not accepted as it is"),
        500 => row("Internal Server Error", "the server failed in the upgrade"),
        501 => row("Not Implemented", "the server cannot upgrade; Cowboy says it to HTTP/1.0"),
        502 => row("Bad Gateway", "the hop in front got no good answer from behind"),
        503 => row("Service Unavailable", "nothing behind the hop in front is ready"),
        504 => row("Gateway Timeout", "what is behind the hop in front did not answer in time"),
        505 => row("HTTP Version Not Supported", "the request arrived with another version of HTTP, mostly 1.0"),
        520 => row("Unknown Error", "Cloudflare got an answer that it cannot read"),
        521 => row("Server Down", "the server behind Cloudflare refused the connection"),
        522 => row("Timed Out", "the server behind Cloudflare took too long to accept"),
        523 => row("Unreachable", "the server behind Cloudflare cannot be reached"),
        524 => row("Timeout", "the server behind Cloudflare gave no answer in 100 s"),
        525 => row("TLS Handshake Failed", "TLS between Cloudflare and its server failed"),
        526 => row("Bad Certificate", "Cloudflare does not trust its server's certificate"),
        530 => row("Name Trouble", "Cloudflare cannot find the server's name"),
        561 => row("Unauthorized", "AWS ALB: the login service gave an error"),
        _ => row("Server Error", "the server side failed"),
    }
}

/// What a probe makes of an answer with this status alone, behind the product whose status it is; none for 101.
pub fn told(status: u16) -> Option<Told> {
    let of_log = |code, cause: &str, help: &[&str]| {
        let help = help.iter().map(|line| (*line).to_owned()).collect();
        Some(Told { code, cause: cause.to_owned(), help })
    };
    match status {
        101 => return None,
        444 => {
            let cause = "a rule of nginx has return 444: for a Host that no server block names, or against bots";
            let find = "nginx -T 2>/dev/null | grep -n 'return 444'";
            return of_log("cut-before-answer", cause, &["find the rule, on nginx's host:", find]);
        }
        499 => {
            let cause = "the application took longer than the client waits, or the user closed the page";
            return of_log("no-answer", cause, &["look what took so long behind the proxy whose log it is"]);
        }
        _ => {}
    }
    let server = match status {
        460..=464 | 561 => "Server: awselb/2.0\r\n",
        520..=530 => "Server: cloudflare\r\n",
        _ => "",
    };
    let kind = if status == 200 { "Content-Type: text/html\r\n" } else { "" };
    let answer = format!("HTTP/1.1 {status} {REASON}\r\n{server}{kind}\r\n");
    let facts = Facts {
        url: "wss://example.com/ws".into(),
        sent: Some(Head::verbatim(REQUEST.to_vec())),
        answer: Some(Head::verbatim(answer.into_bytes())),
        ..Facts::default()
    };
    let finding = refusal::refused(&facts, status, REASON);
    match entry(finding.code) {
        // What is said of the sample's own size is of no use.
        Some(entry) if entry.code == "request-too-large" => of_log(entry.code, entry.cause, &[entry.help]),
        _ => Some(Told { code: finding.code, cause: finding.cause, help: finding.help }),
    }
}

/// The findings that usually stand beside an exit code.
pub fn findings_of(exit: Exit) -> &'static [&'static str] {
    match exit {
        Exit::Healthy | Exit::Usage | Exit::CannotListen | Exit::OwnFault | Exit::Interrupted | Exit::Terminated => &[],
        Exit::Failed => &["expectation-failed"],
        Exit::NameNotResolved => {
            &["name-not-found", "name-lookup-failed", "name-without-address", "no-address-of-family"]
        }
        Exit::Unreachable => &["connection-refused", "unreachable", "path-forbidden"],
        Exit::ProxyRefused => &["proxy-not-used"],
        Exit::TlsHandshake => &[
            "tls-not-spoken",
            "tls-failed",
            "tls-cut",
            "tls-name-unknown",
            "tls-too-old",
            "alpn-http1-refused",
            "client-certificate-wanted",
        ],
        Exit::CertificateNotTrusted => &[
            "certificate-expired",
            "certificate-not-yet-valid",
            "certificate-wrong-name",
            "certificate-self-signed",
            "certificate-unknown-issuer",
            "certificate-refused",
        ],
        Exit::Refused => &["upgrade-stripped", "upgrade-refused", "not-http", "cut-before-answer"],
        Exit::InvalidUpgrade => &["accept-wrong", "accept-missing", "upgrade-header-wrong", "connection-header-wrong"],
        Exit::ConnectTimeout => &["connect-timeout", "tls-silent", "no-answer"],
        Exit::ClosedEarly => &["closed-normally-early", "going-away", "idle-limit"],
        Exit::ClosedWithError => &["closed-with-code", "close-then-cut"],
        Exit::EndedWithoutClose => &["fin-without-close", "idle-limit", "lifetime-limit", "tls-truncated", "tls-alert"],
        Exit::Reset => &["reset", "idle-limit"],
        Exit::Silent => &["silent-next-hop", "silent-path", "silent", "kernel-timeout", "write-stuck"],
        Exit::IllegalFrame => &["illegal-frame", "illegal-close-code", "message-over-limit"],
        Exit::CloseUnanswered => &["close-unanswered"],
        Exit::TimeUsedUp => &["time-used-up"],
    }
}
