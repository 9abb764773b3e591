//! The line that is being typed: nothing that arrives garbles it, and there are several ways to write one message.

use crate::hand::{all_read, talk};
use crate::support::Server;
use crate::support::raw::{TEXT, frame};
use crate::terminal::{CLOSED, OPEN, Terminal};

#[test]
fn a_half_typed_line_stands_through_ten_thousand_messages() {
    let (hand, link, mut terminal) = talk(&[]);
    terminal.type_text("half typed");
    terminal.half_typed(OPEN, "half typed");
    let burst: Vec<u8> = (0..10_000).flat_map(|number| frame(TEXT, format!("message {number}").as_bytes())).collect();
    link.send(&burst);
    all_read(&hand, &link);
    terminal.wait_for("the fold above the line", |view| {
        view.has(" not shown (/show last)") && view.is_typed(OPEN, "half typed")
    });
    terminal.type_text(", wholly sent\r");
    assert_eq!(hand.message(), "half typed, wholly sent");
    let view = terminal.prompts(OPEN);
    assert_eq!(view.count("half typed"), 1, "{}", view.text());
    terminal.line("/stats");
    let view = terminal.shows("  in           text");
    let counted = view.rows.iter().find(|row| row.starts_with("  in ")).unwrap();
    assert!(counted.split_whitespace().any(|word| word == "10000"), "none is lost: {counted}");
}

#[test]
fn a_half_typed_line_stands_through_a_source_that_ends() {
    let server = Server::start(&["127.0.0.1:0", "--mode", "source", "--rate", "20000", "--count", "10000"]);
    let mut terminal = Terminal::start(&[&server.url]);
    terminal.wait_for("a prompt", |view| view.is_reading);
    terminal.type_text("half typed");
    terminal.shows("dropped: the server closed with 1000");
    terminal.half_typed(CLOSED, "half typed");
    terminal.press('c');
    terminal.prompts(CLOSED);
    terminal.press('c');
    assert_eq!(terminal.exit_code(), 20);
}

#[test]
fn a_half_typed_line_stands_when_the_window_changes() {
    let (hand, link, mut terminal) = talk(&[]);
    let text = "a line that has so many letters that it needs a second row when narrow";
    terminal.type_text(text);
    terminal.half_typed(OPEN, text);
    let (first, second) = text.split_at(50 - 11);
    terminal.resize(50);
    let is_broken = |rows: &[String], row: usize| row > 0 && rows[row] == second && rows[row - 1].ends_with(first);
    terminal.wait_for("the line in two rows", |view| is_broken(&view.rows, view.row));
    link.say("in between");
    terminal.wait_for("a message above the two rows", |view| {
        view.has_marked('<', "in between") && is_broken(&view.rows, view.row)
    });
    terminal.resize(100);
    terminal.half_typed(OPEN, text);
    terminal.type_text(" window\r");
    assert_eq!(hand.message(), format!("{text} window"));
    terminal.prompts(OPEN);
}

#[test]
fn a_message_may_have_several_lines() {
    let (hand, _link, mut terminal) = talk(&[]);
    terminal.type_text("one\\\rtwo\r");
    assert_eq!(hand.message(), "one\ntwo", "continued");
    terminal.prompts(OPEN);
    // As a terminal hands over what was pasted.
    terminal.type_text("\x1b[200~three\rfour\rfive\x1b[201~");
    terminal.shows("five");
    terminal.type_text("\r");
    assert_eq!(hand.message(), "three\nfour\nfive", "pasted");
    terminal.prompts(OPEN);
    terminal.line("//x");
    assert_eq!(hand.message(), "/x", "a slash that is no command");
}

#[test]
fn an_editor_of_ones_own_writes_a_message() {
    let (hand, link, mut terminal) = talk(&[]);
    terminal.home.write("editor.sh", b"printf 'written\\nelsewhere\\n' >\"$1\"\n");
    terminal.line("/edit");
    assert_eq!(hand.message(), "written\nelsewhere");
    terminal.shows("> written");
    terminal.prompts(OPEN);
    terminal.home.write("editor.sh", b"exit 3\n");
    terminal.line("/edit");
    terminal.shows("  the editor: ");
    terminal.prompts(OPEN);
    link.say("still here");
    terminal.shows_marked('<', "still here");
}

#[test]
fn slashes_are_messages_when_commands_are_not_wanted() {
    let (hand, _link, mut terminal) = talk(&["--no-slash"]);
    terminal.line("/help");
    assert_eq!(hand.message(), "/help");
}

#[test]
fn names_are_completed() {
    let (_hand, _link, mut terminal) = talk(&[]);
    terminal.type_text("/he\t\t");
    terminal.wait_for("three names", |view| {
        ["/help", "/headers", "/heartbeat"].iter().all(|name| view.has(name)) && view.column == 11 + "/he".len()
    });
    terminal.type_text("l\t");
    terminal.wait_for("the one name", |view| view.column == 11 + "/help ".len());
    terminal.type_text("drop\r");
    terminal.shows("  /drop [fin|rst]");
}
