//! What a half-typed slash command can become: its name, its arguments, and the hint behind the cursor. Owns these
//! words; names of files come from the editor, which learns here where a path begins.

use super::catalogue::{Command, beginning_with, find};
use super::frame::{KEYS, NAMED, setting};
use super::path;
use crate::event::codes::ENTRIES;

/// What the word that ends at `cursor` can become, and where that word begins.
pub fn complete(line: &str, cursor: usize) -> (usize, Vec<String>) {
    let Some(typed) = line.get(..cursor).filter(|typed| is_command(typed)) else { return (cursor, Vec::new()) };
    let Some(name_end) = typed.find(char::is_whitespace) else { return (0, names(&typed[1..])) };
    let start = typed.char_indices().rev().find(|(_, character)| character.is_whitespace());
    let start = start.map_or(name_end, |(at, character)| at + character.len_utf8());
    let Some(command) = find(&typed[1..name_end]) else { return (start, Vec::new()) };
    let word = &typed[start..];
    let mut words = arguments(command.name, &typed[name_end..start], word);
    words.retain(|candidate| candidate.starts_with(word));
    (start, words)
}

/// Where in `line`, typed up to its end, the path begins that is being typed; none when no path is.
pub fn wants_path(line: &str) -> Option<usize> {
    let behind = path_argument(line)?;
    let cut = path::cut(&line[behind..]);
    (cut.is_open || behind + cut.end == line.len()).then_some(behind)
}

/// What may follow `line`: the rest of the only name that it can become, or else, behind a whole name, the
/// command's arguments as help shows them.
pub fn hint(line: &str) -> Option<String> {
    if !is_command(line) {
        return None;
    }
    let typed = &line[1..];
    let name_end = typed.find(char::is_whitespace).unwrap_or(typed.len());
    let (name, behind) = typed.split_at(name_end);
    match find(name) {
        Some(command) if command.arguments.is_empty() => None,
        Some(command) if behind.is_empty() => Some(format!(" {}", command.arguments)),
        Some(command) if behind.trim().is_empty() => Some(command.arguments.to_owned()),
        None if behind.is_empty() => {
            let mut commands = beginning_with(name);
            let only = commands.next().filter(|_| commands.next().is_none())?;
            Some(only.name[name.len()..].to_owned())
        }
        _ => None,
    }
}

/// Two slashes begin a message.
fn is_command(line: &str) -> bool {
    line.starts_with('/') && !line.starts_with("//")
}

/// Where the path of a command that takes one begins, if its name is whole.
fn path_argument(line: &str) -> Option<usize> {
    let name_end = line.find(char::is_whitespace).filter(|_| is_command(line))?;
    let name = find(&line[1..name_end])?.name;
    let behind = &line[name_end..];
    matches!(name, "file" | "record").then(|| line.len() - behind.trim_start().len())
}

/// With a blank behind the only one, if it takes something.
fn names(start: &str) -> Vec<String> {
    let commands: Vec<&Command> = beginning_with(start).collect();
    match commands[..] {
        [only] if !only.arguments.is_empty() => vec![format!("/{} ", only.name)],
        _ => commands.iter().map(|command| format!("/{}", command.name)).collect(),
    }
}

/// What the argument `word` behind `before` may be; more than what begins with `word`.
fn arguments(name: &str, before: &str, word: &str) -> Vec<String> {
    let is_first = before.trim().is_empty();
    match name {
        "frame" => frame(before, word),
        "file" => kinds(before),
        "help" if is_first => {
            let slash = if word.starts_with('/') { "/" } else { "" };
            beginning_with(word.trim_start_matches('/')).map(|command| format!("{slash}{}", command.name)).collect()
        }
        "explain" if is_first => ENTRIES.iter().map(|entry| entry.code.to_owned()).collect(),
        "ping" | "pong" if is_first => owned(&["hex:"]),
        "heartbeat" | "record" if is_first => owned(&["off"]),
        "show" if is_first => owned(&["last"]),
        "drop" if is_first => owned(&["fin", "rst"]),
        _ => Vec::new(),
    }
}

/// Behind a whole path, and only there.
fn kinds(before: &str) -> Vec<String> {
    let typed = before.trim_start();
    let cut = path::cut(typed);
    let is_whole = !cut.path.is_empty() && !cut.is_open && cut.end < typed.len();
    if is_whole && typed[cut.end..].trim().is_empty() { owned(&["text", "binary"]) } else { Vec::new() }
}

/// The settings that are not given yet; nothing once the payload has begun.
fn frame(before: &str, word: &str) -> Vec<String> {
    let mut given = Vec::new();
    for before in before.split_whitespace() {
        let Some((key, _)) = setting(before) else { return Vec::new() };
        given.push(key);
    }
    match setting(word) {
        Some(("opcode", _)) => NAMED.iter().map(|opcode| format!("opcode={}", opcode.name())).collect(),
        Some((key @ ("fin" | "mask"), _)) => vec![format!("{key}=0"), format!("{key}=1")],
        Some(_) => Vec::new(),
        None => {
            let keys = KEYS.iter().filter(|key| !given.contains(*key)).map(|key| format!("{key}="));
            keys.chain(owned(&["hex:", "text:"])).collect()
        }
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
