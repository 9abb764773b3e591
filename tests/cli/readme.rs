//! The README's commands and its table of exit codes are true.
//!
//! A command is a line `$ ...` in a block fenced as `console`; it goes through `sh`, with the binary under test as
//! `wscope`. The exit code that it must have is the `(exit N)` of the output shown below it, and 0 where there is none.
//! Blocks without that word name hosts that do not exist, or do not end: they are not run.

use std::path::PathBuf;
use std::process::Command;

use regex::Regex;
use wscope::event::Exit;

use super::support::{Running, wscope};

/// One command with the output shown below it.
struct Shown {
    command: String,
    output: String,
}

#[test]
fn the_commands_of_the_readme_exit_as_shown() {
    let exit = Regex::new(r"\(exit (\d+)\)").unwrap();
    let shown = shown(&readme());
    assert!(!shown.is_empty(), "no block of the README is fenced as console");
    for Shown { command, output } in shown {
        let code: i32 = exit.captures(&output).map_or(0, |found| found[1].parse().unwrap());
        let ran = through_shell(&command);
        assert_eq!(ran.code, code, "$ {command}\n{}{}", ran.stdout, ran.stderr);
        assert_eq!(letters(&ran.stdout), letters(&output), "$ {command}");
    }
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_code() {
    let readme = readme();
    let rows: Vec<&str> = readme.lines().skip_while(|line| *line != "| code | meaning |").skip(2).collect();
    let rows: Vec<&str> = rows.into_iter().take_while(|line| line.starts_with('|')).collect();
    let wanted: Vec<String> =
        Exit::ALL.iter().map(|exit| format!("| {} | {} |", exit.code(), exit.meaning())).collect();
    assert_eq!(rows, wanted);
}

#[test]
fn every_name_of_a_fault_is_in_the_readme() {
    let readme = readme();
    for name in wscope::fault::spec::NAMES {
        assert!(readme.contains(&format!("| `{name}")), "the README has no row for {name}");
    }
}

#[test]
fn what_a_block_of_commands_holds_is_read() {
    let text = "```\n$ no\n```\n```console\n$ wscope a\nFAILED (exit 1)\n\n$ wscope b\n```\ntext\n";
    let shown = shown(text);
    let commands: Vec<&str> = shown.iter().map(|shown| shown.command.as_str()).collect();
    assert_eq!(commands, ["wscope a", "wscope b"]);
    assert_eq!((shown[0].output.as_str(), shown[1].output.as_str()), ("FAILED (exit 1)\n\n", ""));
}

/// A text without its figures, and without what they move: blanks and the ends of lines.
fn letters(text: &str) -> String {
    text.chars().filter(|character| !character.is_ascii_digit() && !character.is_whitespace()).collect()
}

fn shown(text: &str) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    // None outside of a block, then whether the block is one of commands.
    let mut block = None;
    for line in text.lines() {
        match (block, line.strip_prefix("```")) {
            (None, Some(word)) => block = Some(word == "console"),
            (Some(_), Some(_)) => block = None,
            (Some(true), None) => take(line, &mut all),
            _ => {}
        }
    }
    all
}

fn take(line: &str, all: &mut Vec<Shown>) {
    if let Some(command) = line.strip_prefix("$ ") {
        all.push(Shown { command: command.to_owned(), output: String::new() });
    } else if let Some(last) = all.last_mut() {
        last.output.push_str(line);
        last.output.push('\n');
    }
}

/// With the folder of the binary under test first on the path.
fn through_shell(line: &str) -> super::Ran {
    let folder = PathBuf::from(wscope().get_program()).parent().unwrap().to_owned();
    let mut places = vec![folder];
    places.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut command = Command::new("sh");
    command.args(["-c", line]).env("PATH", std::env::join_paths(places).unwrap());
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "COLUMNS"] {
        command.env_remove(name);
    }
    Running::start(command).finish()
}

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap()
}
