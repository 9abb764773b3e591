//! A server that writes to the terminal what it can: nothing of it moves, colours, hides or reorders, in a message
//! and in the reason of a Close.

use crate::hand::talk;
use crate::terminal::{CLOSED, OPEN};

#[test]
fn nothing_of_a_peers_acts_on_the_screen() {
    let (_hand, link, mut terminal) = talk(&["--color", "never"]);
    terminal.type_text("half typed");
    terminal.half_typed(OPEN, "half typed");
    let attacks = [
        "\x1b[2J\x1b[H\x1b[31mred one",
        "\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b]8;;http://a.example\x1b\\two",
        "\u{9b}31mthree\u{9d}0;owned\u{9c}",
        "\u{202e}four\u{2066}\u{200b}",
        "five\r\x08\x08\x7f\x0b\x0c\x1bc\x1b[?1049h\x1b[8;5;5t",
        "{\"name\":\"\u{202e}six\"}",
    ];
    for attack in attacks {
        link.say(attack);
    }
    link.say("the last one");
    terminal.shows_marked('<', "the last one");
    let view = terminal.half_typed(OPEN, "half typed");
    assert!(view.rows.iter().take(2).any(|row| row.starts_with("connected to ws://")), "{}", view.text());
    let escaped =
        ["\\x1b[2J\\x1b[H\\x1b[31mred one", "\\u{9b}31mthree", "\\u{202e}four", "five\\r\\x08", "\\u{202e}six"];
    for escaped in escaped {
        assert!(view.has(escaped), "{escaped}\n{}", view.text());
    }

    link.close(4000, "\x1b]0;owned\x07\x1b[41m\u{202e}bye");
    let view = terminal.half_typed(CLOSED, "half typed");
    assert!(view.has("\\x1b]0;owned\\x07\\x1b[41m\\u{202e}bye"), "{}", view.text());
    terminal.press('c');
    terminal.prompts(CLOSED);
    terminal.line("/show 2");
    terminal.shows("\\x1b]0;owned\\x07\\x1b]52;");
    terminal.line("/findings");
    terminal.shows("[closed-with-code]");
    assert_eq!(terminal.orders(), Vec::<String>::new());
    assert_eq!(terminal.painted(), 0, "{}", terminal.view().text());
    terminal.line("/quit");
    assert_eq!(terminal.exit_code(), 21);
    assert_eq!(terminal.orders(), Vec::<String>::new());
}
