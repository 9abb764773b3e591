//! What HTTP statuses mean for an upgrade, and which findings lead to an exit code. Owns those two tables.

use crate::event::verdict::Exit;

/// A status, for somebody who wanted a WebSocket.
pub struct Meaning {
    pub name: &'static str,
    pub upgrade: &'static str,
    /// The finding's code; empty for none.
    pub finding: &'static str,
}

const fn row(name: &'static str, upgrade: &'static str, finding: &'static str) -> Meaning {
    Meaning { name, upgrade, finding }
}

/// What a status of 100 to 599 means for an upgrade.
#[allow(clippy::match_overlapping_arm)]
pub fn meaning(status: u16) -> Meaning {
    match status {
        101 => row("Switching Protocols", "the upgrade is agreed to; what follows the head are WebSocket frames", ""),
        100..=199 => row("Informational", "an answer on the way to the real one; no upgrade", "upgrade-refused"),
        200 => row("OK", "the path answered as a page or an interface, not as a WebSocket", "plain-page"),
        201..=299 => row("Success", "the request was fine, but no upgrade was made of it", "answered-without-upgrade"),
        301 => {
            row("Moved Permanently", "another URL is to be used; browsers never follow it here", "upgrade-redirected")
        }
        302 => row("Found", "another URL is to be used; often a login", "upgrade-redirected"),
        307 => row("Temporary Redirect", "another URL is to be used; often https", "upgrade-redirected"),
        308 => row("Permanent Redirect", "another URL is to be used; often https", "upgrade-redirected"),
        300..=399 => row("Redirection", "another URL is to be used, or a cache answered", "upgrade-redirected"),
        400 => row(
            "Bad Request",
            "a wrong path or subprotocol, a wrong version or key, or an Upgrade that was lost on the way",
            "upgrade-refused",
        ),
        401 => row("Unauthorized", "credentials are wanted, or not accepted", "upgrade-unauthorized"),
        403 => row("Forbidden", "the Origin, the route or the client is not allowed", "upgrade-forbidden"),
        404 => {
            row("Not Found", "nothing is at this path, or only for requests with Upgrade", "upgrade-not-offered-here")
        }
        405 => row("Method Not Allowed", "the request arrived with another method than GET", "upgrade-refused"),
        407 => row("Proxy Authentication Required", "a proxy on the way wants credentials", "upgrade-unauthorized"),
        406 | 415 => row(
            "Not Acceptable or Unsupported Media Type",
            "something that judges content types stands before the WebSocket's route",
            "upgrade-refused",
        ),
        408 => row("Request Timeout", "the request took too long to arrive", "upgrade-refused"),
        409 => row("Conflict", "in SignalR: this connection id has a WebSocket already", "upgrade-refused"),
        410 => row("Gone", "the path is no longer there", "upgrade-not-offered-here"),
        413 => row("Content Too Large", "the request is too large", "request-too-large"),
        414 => row("URI Too Long", "the path or the query is too long", "request-too-large"),
        421 => row("Misdirected Request", "the Host does not fit the name used in TLS", "upgrade-refused"),
        426 => row(
            "Upgrade Required",
            "with a list of versions without 13: another version is wanted; otherwise: Upgrade did not arrive",
            "upgrade-stripped",
        ),
        429 => row("Too Many Requests", "too many requests or connections; Retry-After says how long", "rate-limited"),
        431 => row("Request Header Fields Too Large", "cookies or a token are too large", "request-too-large"),
        444 => row("No Response", "nginx closed without an answer: it stands in its log only", "upgrade-refused"),
        460 => row("Client Closed", "AWS ALB: the client ended it first; it stands in its log only", "upgrade-refused"),
        463 => row("Too Many Forwarders", "AWS ALB: X-Forwarded-For has more than 30 addresses", "upgrade-refused"),
        464 => row(
            "Protocol Version Mismatch",
            "AWS ALB: the target group speaks HTTP/2 or gRPC, and an upgrade needs HTTP1",
            "upgrade-refused",
        ),
        499 => row("Client Closed Request", "the client gave up: it stands in a proxy's log only", "upgrade-refused"),
        400..=499 => row("Client Error", "the request is not accepted as it is", "upgrade-refused"),
        500 => row("Internal Server Error", "the server failed in the upgrade", "server-error"),
        501 => row("Not Implemented", "the server cannot upgrade; Cowboy says it to HTTP/1.0", "server-error"),
        502 => row("Bad Gateway", "the hop in front got no good answer from behind", "server-unavailable"),
        503 => row("Service Unavailable", "nothing behind the hop in front is ready", "server-unavailable"),
        504 => row("Gateway Timeout", "what is behind the hop in front did not answer in time", "server-unavailable"),
        505 => row("HTTP Version Not Supported", "the request arrived with HTTP/1.0", "server-error"),
        520 => row("Unknown Error", "Cloudflare got an answer that it cannot read", "server-unavailable"),
        521 => row("Server Down", "the server behind Cloudflare refused the connection", "server-unavailable"),
        522 => row("Timed Out", "the server behind Cloudflare took too long to accept", "server-unavailable"),
        523 => row("Unreachable", "the server behind Cloudflare cannot be reached", "server-unavailable"),
        524 => row("Timeout", "the server behind Cloudflare gave no answer in 100 s", "server-unavailable"),
        525 => row("TLS Handshake Failed", "TLS between Cloudflare and its server failed", "server-unavailable"),
        526 => row("Bad Certificate", "Cloudflare does not trust its server's certificate", "server-unavailable"),
        530 => row("Name Trouble", "Cloudflare cannot find the server's name", "server-unavailable"),
        561 => row("Unauthorized", "AWS ALB: the login service gave an error", "upgrade-unauthorized"),
        _ => row("Server Error", "the server side failed", "server-error"),
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
