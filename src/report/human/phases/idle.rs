//! What `probe --idle` watched as a table: each socket, what it sent, how long it lived, how it ended. Owns the columns; what
//! the sockets say together is `exam::idle`'s, and stands in the verdict.

use crate::event::IdleSocket;
use crate::event::show::{count, span};
use crate::report::human::finding::indented;
use crate::report::safe::{self, SHOWN_MAX};

/// The least width of what a socket sends.
const SENDS: usize = 27;

/// The table; nothing when nothing was watched.
pub fn rows(sockets: &[IdleSocket]) -> Vec<String> {
    if sockets.is_empty() {
        return Vec::new();
    }
    let width = sockets.iter().map(|socket| sends(socket).chars().count() + 2).max().unwrap_or(SENDS).max(SENDS);
    let mut rows = vec![format!("  {:<9}{:<width$}{:>9}  {}", "socket", "sends", "lived", "end")];
    for socket in sockets {
        rows.extend(socket_rows(socket, width));
    }
    rows
}

/// `nothing (received 5 messages)`: the silent one heard no silence.
fn sends(socket: &IdleSocket) -> String {
    let received = [(socket.messages_in, "message"), (socket.pings_in, "ping")];
    let received: Vec<String> =
        received.into_iter().filter(|(number, _)| *number > 0).map(|(number, thing)| count(number, thing)).collect();
    match socket.name == "idle" && !received.is_empty() {
        true => format!("{} (received {})", socket.sends, received.join(", ")),
        false => socket.sends.clone(),
    }
}

fn socket_rows(socket: &IdleSocket, width: usize) -> Vec<String> {
    let lived = if socket.missing.is_some() { "-".to_owned() } else { span(socket.lived) };
    let end = match (&socket.missing, &socket.end) {
        (Some(missing), _) => safe::line(missing, SHOWN_MAX),
        (None, Some(end)) => safe::line(&end.words, SHOWN_MAX),
        (None, None) => "open to the end".to_owned(),
    };
    let label = format!("  {:<9}{:<width$}{lived:>9}  ", socket.name, sends(socket));
    let column = " ".repeat(label.chars().count());
    indented(&end, &label, &column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{How, IdleEnd};
    use crate::moment::Span;

    fn socket(name: &str, sends: &str, lived: u64, end: Option<IdleEnd>, missing: Option<&str>) -> IdleSocket {
        IdleSocket {
            name: name.into(),
            sends: sends.into(),
            lived: Span::from_millis(lived),
            end,
            messages_in: 0,
            pings_in: 0,
            longest_quiet: Span::from_millis(lived),
            missing: missing.map(str::to_owned),
        }
    }

    #[test]
    fn what_the_silent_one_received_stands_in_its_row() {
        let ping = IdleSocket { messages_in: 7, ..socket("ping", "a ping every 1.0 s", 7400, None, None) };
        let idle =
            |messages_in, pings_in| IdleSocket { messages_in, pings_in, ..socket("idle", "nothing", 8100, None, None) };
        assert_eq!(
            rows(&[idle(4, 0), ping.clone()]),
            [
                "  socket   sends                              lived  end",
                "  idle     nothing (received 4 messages)      8.1 s  open to the end",
                "  ping     a ping every 1.0 s                 7.4 s  open to the end",
            ]
        );
        for (messages, pings, row) in [
            (1, 2, "  idle     nothing (received 1 message, 2 pings)      8.1 s  open to the end"),
            (0, 3, "  idle     nothing (received 3 pings)      8.1 s  open to the end"),
            (0, 0, "  idle     nothing                        8.1 s  open to the end"),
        ] {
            assert_eq!(rows(&[idle(messages, pings), ping.clone()])[1], row);
        }
    }

    #[test]
    fn each_socket_has_a_row() {
        let end = IdleEnd {
            how: How::Fin,
            words: "FIN without a Close frame".into(),
            quiet_in: Span::from_secs(5),
            quiet_out: Span::from_secs(5),
        };
        let sockets = [
            socket("idle", "nothing", 5004, Some(end), None),
            socket("ping", "a ping every 1.0 s", 12_000, None, None),
            socket("receive", "-x, then nothing", 0, None, Some("no -x was given")),
        ];
        assert_eq!(
            rows(&sockets),
            [
                "  socket   sends                          lived  end",
                "  idle     nothing                        5.0 s  FIN without a Close frame",
                "  ping     a ping every 1.0 s            12.0 s  open to the end",
                "  receive  -x, then nothing                   -  no -x was given",
            ]
        );
        assert!(rows(&[]).is_empty());
    }
}
