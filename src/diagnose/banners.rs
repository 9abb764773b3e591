//! What speaks on a port that is not HTTP, by the first bytes that came back. Owns the greetings and errors of other
//! protocols; what that means for an upgrade or for TLS is the caller's.

use crate::diagnose::facts::contains;
use crate::event::finding::Confidence::{self, Certain, Likely};

/// The beginning of the first bytes, what has it, how sure that is.
const BEGINNINGS: &[(&[u8], &str, Confidence)] = &[
    (b"SSH-", "an SSH server", Certain),
    (b"RFB 0", "a VNC server", Certain),
    (b"AMQP\x00", "an AMQP broker (RabbitMQ's own port, not that of its web plugin)", Certain),
    (b"* OK ", "an IMAP server", Likely),
    (b"+OK ", "a POP3 server", Likely),
    (b"220 ", "a mail or FTP server", Likely),
    (b"220-", "a mail or FTP server", Likely),
    (b"-ERR ", "a Redis server, or another with its protocol", Likely),
    (b"-NOAUTH", "a Redis server", Likely),
    (b"-DENIED Redis", "a Redis server", Certain),
    (b"ERROR\r\n", "a memcached server", Likely),
    (b"INFO {\"server_id\"", "a NATS server (its own port, not that of its WebSocket)", Certain),
];

/// What begins with SETTINGS; RFC 9113 section 6.5.
pub const HTTP2_ONLY: &str = "a server of HTTP/2 only";

/// What greets so; none when nothing is known.
pub fn speaker(first: &[u8]) -> Option<(&'static str, Confidence)> {
    let by_beginning = BEGINNINGS.iter().find(|(beginning, ..)| first.starts_with(beginning));
    if let Some((_, who, sure)) = by_beginning {
        return Some((who, *sure));
    }
    match first {
        // A packet's length in three bytes, its number 0, version 10 of the protocol, then the server's own version.
        [_, _, _, 0, 10, rest @ ..] if rest.first().is_some_and(u8::is_ascii_digit) => {
            let text = String::from_utf8_lossy(rest);
            Some((if contains(&text, "MariaDB") { "a MariaDB server" } else { "a MySQL server" }, Certain))
        }
        [0, 0, _, 4, ..] => Some((HTTP2_ONLY, Likely)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_of_other_protocols_are_known() {
        let table: [(&[u8], Option<&str>); 9] = [
            (b"SSH-2.0-OpenSSH_9.2\r\n", Some("SSH")),
            (b"J\0\0\0\n8.0.36\0\x0b\0\0\0", Some("MySQL")),
            (b"Y\0\0\0\n5.5.5-10.11.6-MariaDB\0", Some("MariaDB")),
            (b"-ERR unknown command 'GET'\r\n", Some("Redis")),
            (b"220 mail.example ESMTP\r\n", Some("mail")),
            (&[0, 0, 18, 4, 0], Some("HTTP/2")),
            (&[0, 0, 6, 4, 0], Some("HTTP/2")),
            (b"hello", None),
            (b"", None),
        ];
        for (first, part) in table {
            let who = speaker(first).map(|(who, _)| who);
            assert_eq!(who.is_some(), part.is_some(), "{first:?}: {who:?}");
            assert!(who.unwrap_or_default().contains(part.unwrap_or_default()), "{first:?}: {who:?}");
        }
    }
}
