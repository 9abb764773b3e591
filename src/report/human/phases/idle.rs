//! What `probe --idle` watched as a table: each socket, what it sent, how long it lived, how it ended. Owns the columns; what
//! the sockets say together is `exam::idle`'s, and stands in the verdict.

use crate::event::IdleSocket;
use crate::event::show::span;
use crate::report::human::finding::indented;
use crate::report::safe::{self, SHOWN_MAX};

/// The table; nothing when nothing was watched.
pub fn rows(sockets: &[IdleSocket]) -> Vec<String> {
    if sockets.is_empty() {
        return Vec::new();
    }
    let mut rows = vec![format!("  {:<9}{:<27}{:>9}  {}", "socket", "sends", "lived", "end")];
    for socket in sockets {
        rows.extend(socket_rows(socket));
    }
    rows
}

fn socket_rows(socket: &IdleSocket) -> Vec<String> {
    let lived = if socket.missing.is_some() { "-".to_owned() } else { span(socket.lived) };
    let end = match (&socket.missing, &socket.end) {
        (Some(missing), _) => safe::line(missing, SHOWN_MAX),
        (None, Some(end)) => safe::line(&end.words, SHOWN_MAX),
        (None, None) => "open to the end".to_owned(),
    };
    let label = format!("  {:<9}{:<27}{lived:>9}  ", socket.name, socket.sends);
    let column = " ".repeat(label.chars().count());
    indented(&end, &label, &column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{How, IdleEnd};
    use crate::moment::Span;

    #[test]
    fn each_socket_has_a_row() {
        let socket = |name: &str, sends: &str, lived, end, missing: Option<&str>| IdleSocket {
            name: name.into(),
            sends: sends.into(),
            lived: Span::from_millis(lived),
            end,
            messages_in: 0,
            missing: missing.map(str::to_owned),
        };
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
