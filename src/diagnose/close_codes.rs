//! Close codes in practice: what usually sends each, and whether to come again (RFC 6455 section 7.4). Owns experience;
//! names, meanings and legality are `wire::close`'s.

/// What is usual for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usual {
    /// What usually sends it.
    pub senders: &'static str,
    /// What to do, and whether to connect again.
    pub again: &'static str,
}

const fn row(senders: &'static str, again: &'static str) -> Usual {
    Usual { senders, again }
}

/// What is usual for any code, legal or not.
pub fn usual(code: u16) -> Usual {
    match code {
        1000 => row(
            "the application is done; or Cowboy (Phoenix, RabbitMQ, EMQX) after 60 s without a byte from the client",
            "reconnect only when it was not meant; when it comes at regular times, send heartbeats",
        ),
        1001 => row(
            "a restart, a deployment or a reload; in Jetty and Tomcat an idle limit; a browser page that was left",
            "reconnect with a growing, random pause",
        ),
        1002 => row(
            "a frame of ours that the server could not read, or a missing subprotocol in some GraphQL servers",
            "do not reconnect: it would be the same again; look at the frames sent (-vv)",
        ),
        1003 => row("binary sent where text is wanted, or the reverse", "send the other kind of message"),
        1005 => row("a Close frame without a code: the application called close without one", "treat it as 1000"),
        1006 => row(
            "no Close frame at all: FIN, reset or silence; a peer that sends it has a fault",
            "reconnect with a growing, random pause; wscope probe tells which of the three it was",
        ),
        1007 => {
            row("text that is not UTF-8, or compressed data that is damaged", "do not reconnect: correct the message")
        }
        1008 => row(
            "credentials that are missing, expired or not accepted; a rate limit; an Origin that is not allowed",
            "do not reconnect with the same credentials, unless the reason speaks of a rate limit",
        ),
        1009 => row(
            "a message over the server's limit: 1 MiB in python websockets and Socket.IO, 128 KiB at AWS API Gateway",
            "do not send the same again: make the message smaller, or raise the server's limit",
        ),
        1010 => row("a client that needs an extension which was not agreed", "agree to the extension in the server"),
        1011 => row(
            "an exception in the server's handler; in python websockets also a pong that did not come",
            "reconnect with a growing, random pause, and look at the server's log",
        ),
        1012 => row("a restart of the service", "reconnect after a random pause of 5 to 30 s"),
        1013 => row("an overload", "reconnect after a long pause, or at another address"),
        1014 => row("a gateway whose server behind it failed", "reconnect with a growing, random pause"),
        1015 => row("nothing: it stands for a TLS handshake that failed", "see the certificate"),
        3000 => row(
            "missing or expired credentials; in SockJS a missed heartbeat; in Centrifugo a closed connection",
            "get new credentials first; for SockJS and Centrifugo reconnect",
        ),
        3003 => row("credentials without this right", "do not reconnect with the same credentials"),
        3008 => row("something took too long; in Centrifugo a client that reads too slowly", "reconnect"),
        4000..=4999 => row(
            "the application: its own documentation knows the code",
            "look the code up in the application; codes like 4400, 4401 and 4403 are usually not worth a reconnect",
        ),
        3001..=3999 => row("a library or a framework", "look the code up in the library's documentation"),
        _ => row("a fault of the peer's: this code may not be sent", "do not rely on it; correct the peer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_something_to_say() {
        for code in (0..=5001).chain([u16::MAX]) {
            let usual = usual(code);
            assert!(!usual.senders.is_empty() && !usual.again.is_empty() && !usual.senders.ends_with('.'), "{code}");
        }
    }
}
