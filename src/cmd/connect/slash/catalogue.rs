//! The slash commands by name: their arguments, their help, and who reads them. Owns the names and these texts, and
//! what is said of a name that is none.

use super::arguments::{self, beginning, nothing};
use super::{Slash, first_word};
use crate::event::near;
use crate::report::safe;

/// One command.
pub(super) struct Command {
    /// Without its slash.
    pub(super) name: &'static str,
    /// As help shows them; empty for none.
    pub(super) arguments: &'static str,
    /// For the list.
    pub(super) what: &'static str,
    /// For `/help NAME`, below what the list says.
    pub(super) detail: &'static [&'static str],
    /// Reads what stands behind the name.
    pub(super) read: fn(&str) -> Result<Slash, String>,
}

/// All commands, in the order of help.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "help",
        arguments: "[COMMAND]",
        what: "this list, or one command in detail",
        detail: &["/help frame tells what a raw frame can be."],
        read: arguments::help,
    },
    Command {
        name: "ping",
        arguments: "[DATA]",
        what: "send a ping; its pong is measured",
        detail: &["DATA is at most 125 bytes; /ping hex:00ff sends two bytes."],
        read: arguments::ping,
    },
    Command {
        name: "pong",
        arguments: "[DATA]",
        what: "send a pong that nobody asked for",
        detail: &["DATA is at most 125 bytes. A peer must not answer it (RFC 6455 5.5.3)."],
        read: arguments::pong,
    },
    Command {
        name: "close",
        arguments: "[CODE [REASON]]",
        what: "close; the prompt stays",
        detail: &[
            "CODE is 1000 to 1003, 1007 to 1014 or 3000 to 4999; without one it is",
            "that of --close-code. REASON is at most 123 bytes.",
            "/close 4001 session expired",
        ],
        read: arguments::close,
    },
    Command {
        name: "bin",
        arguments: "HEX",
        what: "send a binary message",
        detail: &["Pairs of hex digits, with blanks as you like: /bin 08 96 01"],
        read: arguments::binary,
    },
    Command {
        name: "file",
        arguments: "PATH [text|binary]",
        what: "send a file as one message",
        detail: &[
            "A text message when the file is UTF-8, else a binary one; text or binary",
            "behind the path decides. Quote a path with blanks:",
            "/file \"two words.json\" binary",
        ],
        read: arguments::file,
    },
    Command {
        name: "frame",
        arguments: "[KEY=N ...] [DATA]",
        what: "send one raw frame, legal or not",
        detail: &[
            "fin=0     not the last frame of its message (1)",
            "opcode=N  0 to 15, or continuation, text, binary, close, ping, pong (text)",
            "rsv=N     0 to 7: 4 is RSV1, 2 is RSV2, 1 is RSV3 (0)",
            "mask=0    unmasked (1)",
            "len=N     the length in the header, true or not (that of DATA)",
            "DATA that looks like a setting goes behind text:",
            "/frame fin=0 opcode=text hel, then /frame opcode=continuation lo",
            "/frame opcode=close hex:03ed sends a code that must not be sent.",
        ],
        read: arguments::frame,
    },
    Command {
        name: "headers",
        arguments: "",
        what: "both heads of the handshake, secrets masked",
        detail: &["Those of the newest connection."],
        read: |rest| nothing(rest, Slash::Headers),
    },
    Command {
        name: "stats",
        arguments: "",
        what: "counts, bytes, round trips, the kernel's view",
        detail: &["By direction and opcode, with drops, reconnects and time down."],
        read: |rest| nothing(rest, Slash::Stats),
    },
    Command {
        name: "heartbeat",
        arguments: "[DUR [DUR]|off]",
        what: "show, change or stop the heartbeats",
        detail: &[
            "/heartbeat          what is sent, and when",
            "/heartbeat 20s      after 20 s of silence, as --heartbeat",
            "/heartbeat 20s 5s   and the answer within 5 s, as --heartbeat-timeout",
            "/heartbeat off      none: the path on its own",
        ],
        read: arguments::heartbeat,
    },
    Command {
        name: "show",
        arguments: "[N|last]",
        what: "a message as a whole",
        detail: &["Messages are numbered from 1, both ways together; old ones are let go."],
        read: arguments::show,
    },
    Command {
        name: "findings",
        arguments: "",
        what: "what was found so far, with the evidence",
        detail: &["/explain CODE tells what a finding means."],
        read: |rest| nothing(rest, Slash::Findings),
    },
    Command {
        name: "explain",
        arguments: "WORD",
        what: "a finding, Close code, HTTP status or exit code",
        detail: &["/explain 1006, /explain 403, /explain exit 22, /explain idle-limit"],
        read: arguments::explain,
    },
    Command {
        name: "reconnect",
        arguments: "",
        what: "connect again, closing first if it is open",
        detail: &["While the next attempt is awaited: now."],
        read: |rest| nothing(rest, Slash::Reconnect),
    },
    Command {
        name: "drop",
        arguments: "[fin|rst]",
        what: "end TCP without a Close frame",
        detail: &["fin ends it in order, rst resets it; fin unless said."],
        read: arguments::drop,
    },
    Command {
        name: "record",
        arguments: "FILE|off",
        what: "write every event to a file, or stop that",
        detail: &["JSON Lines, as --record. /record off stops; a file of that name is ./off"],
        read: arguments::record,
    },
    Command {
        name: "edit",
        arguments: "",
        what: "write a message in $VISUAL or $EDITOR",
        detail: &["What you save there is sent as one text message."],
        read: |rest| nothing(rest, Slash::Edit),
    },
    Command {
        name: "quit",
        arguments: "",
        what: "close and leave, as Ctrl-D",
        detail: &["The exit code is that of the last drop, if there was one."],
        read: |rest| nothing(rest, Slash::Quit),
    },
];

/// What people type for want of the name.
const OTHER_NAMES: [(&str, &str); 2] = [("?", "help"), ("exit", "quit")];

/// The column in which the list's explanations begin.
const COLUMN: usize = 28;

/// The command of that name, without its slash; case does not matter.
pub(super) fn find(name: &str) -> Option<&'static Command> {
    let name = name.to_ascii_lowercase();
    let name = OTHER_NAMES.iter().find(|(other, _)| *other == name).map_or(name.as_str(), |(_, name)| *name);
    COMMANDS.iter().find(|command| command.name == name)
}

/// The commands whose names begin like this.
pub(super) fn beginning_with(start: &str) -> impl Iterator<Item = &'static Command> {
    let start = start.to_ascii_lowercase();
    COMMANDS.iter().filter(move |command| command.name.starts_with(&start))
}

/// The line on a name that no command has.
pub(super) fn unknown(name: &str) -> String {
    let start = beginning(name);
    let dots = if start.len() < name.len() { "..." } else { "" };
    let fact = format!("/{}{dots}: no such command", safe::text(start));
    let near = nearest(name);
    match near.len() {
        0 => format!("{fact}; /help lists them, // sends a line that begins with /"),
        1 => format!("{fact}; the nearest is {}", near[0]),
        _ => format!("{fact}; the nearest are {}", near.join(", ")),
    }
}

/// Those that begin with what was typed, then those that look like it; three at most.
fn nearest(name: &str) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    if !name.is_empty() {
        names.extend(beginning_with(name).map(|command| command.name));
    }
    for near in near::nearest(name, COMMANDS.iter().map(|command| command.name)) {
        if !names.contains(&near) {
            names.push(near);
        }
    }
    names.into_iter().take(3).map(|name| format!("/{name}")).collect()
}

/// All commands on one screen, or one of them in detail; `word` with or without its slash.
///
/// # Errors
/// One line when there is no such command.
pub fn help(word: Option<&str>) -> Result<Vec<String>, String> {
    let Some(word) = word else { return Ok(list()) };
    let (name, _) = first_word(word.trim().trim_start_matches('/'));
    let Some(command) = find(name) else { return Err(unknown(name)) };
    let mut lines = vec![row(command)];
    lines.extend(command.detail.iter().map(|line| format!("  {line}")));
    Ok(lines)
}

fn list() -> Vec<String> {
    let mut lines: Vec<String> = COMMANDS.iter().map(row).collect();
    lines.extend([
        "DATA is text as it stands, or hex: and pairs of hex digits.".to_owned(),
        "//x sends /x; a line that ends with \\ goes on; Ctrl-R finds what you sent.".to_owned(),
    ]);
    lines
}

fn row(command: &Command) -> String {
    let typed = format!("/{} {}", command.name, command.arguments);
    format!("{typed:<COLUMN$}{}", command.what)
}
