//! What was typed is there again, also in the next run; nobody else can read it, and a line is kept out by a blank.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::hand::{Hand, Manner};
use crate::terminal::{Home, OPEN, Terminal};

const UP: &str = "\x1b[A";

#[test]
fn typed_lines_are_there_again_in_the_next_run() {
    let home = Home::new();
    let hand = Hand::start(Manner::Polite);
    let url = hand.url();
    let mut terminal = Terminal::start_in(&home, &[&url]);
    for line in ["first", "second", " secret"] {
        terminal.line(line);
        assert_eq!(hand.message(), line);
    }
    terminal.prompts(OPEN);
    terminal.type_text(UP);
    terminal.half_typed(OPEN, "second");
    terminal.type_text(UP);
    terminal.half_typed(OPEN, "first");
    terminal.press('c');
    terminal.prompts(OPEN);
    terminal.press('d');
    assert_eq!(terminal.exit_code(), 0);

    let file = home.path.join("wscope").join("history");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let kept = fs::read_to_string(&file).unwrap();
    assert!(kept.contains("second") && !kept.contains("secret"), "{kept}");

    let mut terminal = Terminal::start_in(&home, &[&url]);
    terminal.prompts(OPEN);
    terminal.type_text(UP);
    terminal.half_typed(OPEN, "second");
    terminal.type_text("\r");
    assert_eq!(hand.text(), (2, "second".to_owned()));
    terminal.prompts(OPEN);
    // Ctrl-R finds it by a part.
    terminal.press('r');
    terminal.type_text("irs");
    terminal.shows("first");
    terminal.type_text("\r");
    assert_eq!(hand.message(), "first");
}

#[test]
fn the_file_can_be_named() {
    let hand = Hand::start(Manner::Polite);
    let mut terminal = Terminal::start(&["--history", "lines", &hand.url()]);
    terminal.line("kept");
    terminal.prompts(OPEN);
    assert!(terminal.home.read("lines").contains("kept"));
    assert!(!terminal.home.path.join("wscope").exists());
}
