//! Close codes in practice: what usually sends each, and whether to come again (RFC 6455 section 7.4). Owns experience
//! with codes and with the reasons that known servers give; names, meanings and legality are `wire::close`'s, the codes
//! of single products `product_codes`'.

use crate::diagnose::facts::{contains, says};
use crate::event::finding::Confidence::{self, Likely, Possible};

/// Is it of use to connect again?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    AtOnce,
    Yes,
    Later,
    Once,
    IfNotMeant,
    No,
}

impl Again {
    /// As advice.
    pub fn words(self) -> &'static str {
        match self {
            Again::AtOnce => "reconnect at once",
            Again::Yes => "reconnect with a growing, random pause",
            Again::Later => "reconnect after a long pause, or at another address",
            Again::Once => "reconnect once, and stop when the same code comes back",
            Again::IfNotMeant => "reconnect only when the end was not meant",
            Again::No => "do not reconnect: it would be the same again",
        }
    }
}

/// What is usual for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usual {
    /// What usually sends it.
    pub senders: &'static str,
    /// What to do next; empty when connecting again is all.
    pub fix: &'static str,
    pub again: Again,
}

impl Usual {
    /// What to do, and whether to connect again.
    pub fn advice(self) -> String {
        advice(self.fix, self.again)
    }
}

/// What to do, and whether to connect again, in one line.
pub fn advice(fix: &str, again: Again) -> String {
    match fix {
        "" => again.words().into(),
        fix => format!("{fix}; {}", again.words()),
    }
}

const fn row(senders: &'static str, fix: &'static str, again: Again) -> Usual {
    Usual { senders, fix, again }
}

/// What is usual for any code, legal or not.
#[allow(clippy::match_overlapping_arm)]
pub fn usual(code: u16) -> Usual {
    match code {
        ..=2999 => standard(code),
        3000 => row(
            "credentials that are missing or expired, as HTTP 401; in SockJS a missed heartbeat or broken framing; in \
             Centrifugo a closed connection",
            "get new credentials first; from SockJS and Centrifugo it means to reconnect",
            Again::No,
        ),
        3003 => row(
            "credentials without this right, as HTTP 403; or a library with a meaning of its own for the number",
            "use credentials that have the right",
            Again::No,
        ),
        3008 => row(
            "something that took too long, as HTTP 408; in Centrifugo a client that reads too slowly",
            "look at what took long on this side",
            Again::Yes,
        ),
        3001..=3999 => row("a library or a framework", "look the code up in the library's documentation", Again::Once),
        // Numbers made after HTTP 400, 401, 403 and the like are refusals.
        4000..=4009 | 4030 | 4400..=4409 => row(
            "the application: only its own documentation knows the code",
            "look the code up in the application; a code that resembles HTTP 400, 401 or 403 is a refusal",
            Again::No,
        ),
        4000..=4999 => row(
            "the application: only its own documentation knows the code",
            "look the code up in the application",
            Again::Once,
        ),
        _ => row("a fault of the peer's: no Close frame may carry it", "correct the peer", Again::No),
    }
}

/// The codes that RFC 6455 and IANA's registry define below 3000, and those that nobody may send.
fn standard(code: u16) -> Usual {
    match code {
        1000 => row(
            "the application is done; or an idle limit: Cowboy (Phoenix, RabbitMQ, EMQX) after 60 s without a byte \
             from the client, and Jetty 9.0",
            "when it comes after the same silence each time, send heartbeats",
            Again::IfNotMeant,
        ),
        1001 => row(
            "a restart, a deployment or a reload (so Caddy); an idle limit in Jetty from 9.1 on, in Tomcat, and as is \
             said at AWS API Gateway; a browser page that was left",
            "when it comes after the same silence each time, send heartbeats",
            Again::Yes,
        ),
        1002 => row(
            "a frame of ours that the server could not read: not masked, reserved bits, another version; or, in old \
             GraphQL servers, a missing subprotocol",
            "look at the frames sent (-vv)",
            Again::No,
        ),
        1003 => row("binary sent where text is wanted, or the reverse", "send the other kind of message", Again::No),
        1004 => row("a fault of the peer's: the code is reserved", "correct the peer", Again::No),
        1005 => row(
            "a Close frame without a code: the application called close without one",
            "let the server give a code, so that its clients know what to do",
            Again::IfNotMeant,
        ),
        1006 => row(
            "no Close frame at all: FIN, reset or silence; a peer that sends it has a fault",
            "wscope probe tells which of the three it was",
            Again::Yes,
        ),
        1007 => row(
            "text that is not UTF-8, a character cut in two between fragments, or compressed data that is damaged",
            "send binary data as binary messages",
            Again::No,
        ),
        1008 => row(
            "credentials that are missing, expired or not accepted (so in FastAPI and Starlette); a rate limit; an \
             Origin that is judged after the upgrade",
            "correct the credentials; only when the reason speaks of a rate limit, wait",
            Again::No,
        ),
        1009 => row(
            "a message over the server's limit: 512 B in gorilla's chat example, as is said 8 KiB in Tomcat, 64 KiB in \
             Spring Cloud Gateway and Netty, 128 KiB (a frame 32 KiB) at AWS API Gateway, 1 MiB in python websockets \
             and Socket.IO, 16 MiB in uvicorn, 100 MiB in node ws",
            "do not send the same again: make the message smaller, or raise the server's limit",
            Again::No,
        ),
        1010 => row(
            "a client that needs an extension which was not agreed to",
            "agree to the extension in the server",
            Again::No,
        ),
        1011 => row(
            "an exception in the server's handler; in python websockets also a pong that did not come",
            "look at the server's log for this moment",
            Again::Yes,
        ),
        1012 => row("a restart of the service, often a deployment", "wait a random 5 to 30 s", Again::Yes),
        1013 => row("an overload", "send fewer requests", Again::Later),
        1014 => row(
            "a gateway that got no valid answer from the server behind it",
            "look at the server behind the gateway",
            Again::Yes,
        ),
        1015 => row(
            "nobody: it stands for a TLS handshake that failed, and a peer that sends it has a fault",
            "look at the certificate: wscope probe names what is wrong with it",
            Again::No,
        ),
        1016..=1999 => row("a fault of the peer's: the code is not assigned", "correct the peer", Again::No),
        2000..=2999 => row(
            "a fault of the peer's, or a code of a library inside its own frames (SockJS: 2010, another connection is \
             still open)",
            "correct the peer",
            Again::No,
        ),
        _ => row("a fault of the peer's: no Close frame may carry it", "answer with 1002", Again::No),
    }
}

/// A known server's way of closing.
pub struct Said {
    code: u16,
    /// A part of the reason; empty for any reason.
    reason: &'static str,
    /// A part of the `Server` header; empty for any.
    server: &'static str,
    pub confidence: Confidence,
    pub cause: &'static str,
    pub help: &'static str,
}

/// Tried in this order.
const SAID: &[Said] = &[
    Said {
        code: 1000,
        reason: "idle for ",
        server: "",
        confidence: Likely,
        cause: "the idle limit of Jetty 9.0, which closes with 1000 and both times in the reason",
        help: "send heartbeats well before the limit, or raise maxIdleTime in Jetty",
    },
    Said {
        code: 1001,
        reason: "connection idle timeout",
        server: "",
        confidence: Likely,
        cause: "the idle limit of Jetty (idleTimeout of the WebSocket policy)",
        help: "send heartbeats well before the limit, or raise idleTimeout in Jetty",
    },
    Said {
        code: 1001,
        reason: "idle timeout expired",
        server: "",
        confidence: Likely,
        cause: "the idle limit of Tomcat (maxIdleTimeout of the session)",
        help: "send heartbeats well before the limit, or raise it by session.setMaxIdleTimeout in the application",
    },
    Said {
        code: 1001,
        reason: "idle",
        server: "",
        confidence: Possible,
        cause: "an idle limit, as the reason says; Jetty and Tomcat have one, the application can have its own",
        help: "send heartbeats well before the limit",
    },
    Said {
        code: 1001,
        reason: "",
        server: "caddy",
        confidence: Likely,
        cause: "Caddy's configuration was reloaded, or Caddy was stopped: it closes every WebSocket then",
        help: "reconnect; to keep connections over a reload, set stream_close_delay in Caddy's reverse_proxy",
    },
    Said {
        code: 1011,
        reason: "keepalive ping timeout",
        server: "",
        confidence: Likely,
        cause: "python websockets missed our pong for 20 s: this side or the server's loop was blocked",
        help: "look at what blocks the server's event loop, and at what kept this side from answering pings",
    },
    Said {
        code: 1008,
        reason: "unexpected data message",
        server: "",
        confidence: Likely,
        cause: "the server takes no messages on this connection, only pings (CloseRead of coder/websocket)",
        help: "send nothing on it, or let the server read messages instead of calling CloseRead",
    },
    Said {
        code: 1011,
        reason: "failed to connect to downstream server",
        server: "",
        confidence: Likely,
        cause: "websockify stands there, and cannot reach the target that it was started with",
        help: "start the target, or correct the HOST:PORT in websockify's command line or token file",
    },
    Said {
        code: 1008,
        reason: "rate limit",
        server: "",
        confidence: Likely,
        cause: "a rate limit of the server, as the reason says",
        help: "send less often, then reconnect after a long pause",
    },
    Said {
        code: 1008,
        reason: "too many",
        server: "",
        confidence: Likely,
        cause: "a limit on connections or requests, as the reason says",
        help: "send less often and hold fewer connections, then reconnect after a long pause",
    },
    Said {
        code: 1008,
        reason: "origin",
        server: "",
        confidence: Likely,
        cause: "the server does not accept our Origin, and judges it after the upgrade",
        help: "try the Origin of the page by --origin URL, and add it to the server's list",
    },
    Said {
        code: 1008,
        reason: "token",
        server: "",
        confidence: Likely,
        cause: "a token that is missing, expired or not accepted, as the reason says",
        help: "get a new token before connecting again",
    },
    Said {
        code: 1008,
        reason: "auth",
        server: "",
        confidence: Likely,
        cause: "credentials that are missing or not accepted, as the reason says",
        help: "send the credentials that the server asks for (-H 'Authorization: Bearer ...', or a first message)",
    },
    Said {
        code: 1008,
        reason: "unauth",
        server: "",
        confidence: Likely,
        cause: "credentials that are missing or not accepted, as the reason says",
        help: "send the credentials that the server asks for (-H 'Authorization: Bearer ...', or a first message)",
    },
];

/// The known way of closing that this is; none when only the code speaks.
pub fn said(code: u16, reason: &str, server: &str) -> Option<&'static Said> {
    SAID.iter().find(|said| said.code == code && says(reason, said.reason) && contains(server, said.server))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_something_to_say() {
        for code in (0..=5001).chain([u16::MAX]) {
            let usual = usual(code);
            assert!(!usual.senders.is_empty() && !usual.senders.ends_with('.'), "{code}");
            assert!(usual.senders.is_ascii() && usual.fix.is_ascii() && usual.advice().len() > 8, "{code}");
        }
    }

    /// The registry's rows: what a sender is named by, and whether to come again.
    #[test]
    fn each_row_of_the_registry_names_its_real_cause_and_the_way_back() {
        for (code, sender, again) in [
            (1000, "Cowboy (Phoenix, RabbitMQ, EMQX) after 60 s", Again::IfNotMeant),
            (1000, "Jetty 9.0", Again::IfNotMeant),
            (1001, "Tomcat", Again::Yes),
            (1001, "Caddy", Again::Yes),
            (1002, "not masked", Again::No),
            (1002, "GraphQL", Again::No),
            (1003, "binary", Again::No),
            (1004, "fault of the peer's", Again::No),
            (1005, "without a code", Again::IfNotMeant),
            (1006, "no Close frame at all", Again::Yes),
            (1007, "UTF-8", Again::No),
            (1008, "rate limit", Again::No),
            (1008, "Origin", Again::No),
            (1009, "64 KiB in Spring Cloud Gateway", Again::No),
            (1009, "frame 32 KiB", Again::No),
            (1010, "extension", Again::No),
            (1011, "exception", Again::Yes),
            (1011, "python websockets", Again::Yes),
            (1012, "restart", Again::Yes),
            (1013, "overload", Again::Later),
            (1014, "gateway", Again::Yes),
            (1015, "TLS", Again::No),
            (1016, "not assigned", Again::No),
            (1999, "not assigned", Again::No),
            (2010, "SockJS", Again::No),
            (3000, "Centrifugo", Again::No),
            (3003, "403", Again::No),
            (3008, "Centrifugo", Again::Yes),
            (3001, "library", Again::Once),
            (3999, "library", Again::Once),
            (4003, "application", Again::No),
            (4401, "application", Again::No),
            (4410, "application", Again::Once),
            (4999, "application", Again::Once),
            (999, "fault of the peer's", Again::No),
            (5000, "fault of the peer's", Again::No),
        ] {
            let usual = usual(code);
            assert!(usual.senders.contains(sender), "{code}: {}", usual.senders);
            assert_eq!(usual.again, again, "{code}");
        }
    }

    #[test]
    fn a_reason_or_a_server_that_is_known_names_the_cause() {
        for (code, reason, server, part) in [
            (1000, "Idle for 300241ms > 300000ms", "", "Jetty 9.0"),
            (1001, "Connection Idle Timeout", "", "Jetty"),
            (1001, "The WebSocket session [0] idle timeout expired", "", "Tomcat"),
            (1001, "idle", "", "Jetty and Tomcat"),
            (1001, "", "Caddy", "reloaded"),
            (1011, "keepalive ping timeout", "", "python websockets"),
            (1008, "Rate limit exceeded", "", "rate limit"),
            (1008, "too many connections", "", "limit on connections"),
            (1008, "Origin not allowed", "", "Origin"),
            (1008, "Token expired", "", "token"),
            (1008, "Unauthorized", "", "credentials"),
        ] {
            let said = said(code, reason, server).unwrap();
            assert!(said.cause.contains(part) && said.cause.is_ascii(), "{code} {reason:?}: {}", said.cause);
        }
        // The twins: the same code without the words, the same words under another code, another server.
        for (code, reason, server) in [
            (1000, "", "Jetty(9.0)"),
            (1001, "", "nginx"),
            (1001, "bye", ""),
            (1011, "worker crashed", ""),
            (1008, "", "Caddy"),
            (4001, "keepalive ping timeout", ""),
        ] {
            assert!(said(code, reason, server).is_none(), "{code} {reason:?}");
        }
    }
}
