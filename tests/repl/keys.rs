//! Ctrl-C and Ctrl-D in each state: what they do, what the server sees of it, and the exit code. That the terminal is
//! left as it was found is looked at with each exit code.

use std::sync::mpsc;

use crate::hand::{Hand, Manner, talk, talk_with};
use crate::support::RawPeer;
use crate::support::raw::read_head;
use crate::terminal::{CLOSED, DOWN, LIMIT, OPEN, Terminal};

#[test]
fn ctrl_c_clears_a_line_that_has_text() {
    let (hand, _link, mut terminal) = talk(&[]);
    terminal.type_text("not this");
    terminal.half_typed(OPEN, "not this");
    terminal.press('c');
    terminal.prompts(OPEN);
    terminal.line("but this");
    assert_eq!(hand.message(), "but this");
}

#[test]
fn ctrl_c_on_an_empty_line_closes_and_leaves() {
    let (hand, _link, mut terminal) = talk(&[]);
    terminal.press('c');
    assert_eq!(hand.close(), (Some(1000), String::new()));
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn ctrl_d_on_an_empty_line_closes_and_leaves() {
    let (hand, _link, mut terminal) = talk(&[]);
    terminal.press('d');
    assert_eq!(hand.close(), (Some(1000), String::new()));
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_the_servers_close() {
    let (hand, _link, mut terminal) = talk_with(Manner::Rude, &["--close-timeout", "60"]);
    terminal.press('c');
    assert_eq!(hand.close(), (Some(1000), String::new()));
    terminal.press('c');
    assert_eq!(terminal.exit_code(), 130);
}

#[test]
fn a_close_that_is_not_answered_has_its_own_code() {
    let (hand, _link, mut terminal) = talk_with(Manner::Rude, &["--close-timeout", "100ms"]);
    terminal.press('d');
    assert_eq!(hand.close(), (Some(1000), String::new()));
    assert_eq!(terminal.exit_code(), 26);
}

#[test]
fn ctrl_c_breaks_off_while_connecting() {
    let (sender, asked) = mpsc::channel();
    let peer = RawPeer::start(move |_, mut stream| {
        let _ = sender.send(read_head(&mut stream));
        // Until the client has gone.
        let _ = read_head(&mut stream);
    });
    let mut terminal = Terminal::start(&["--connect-timeout", "60", &peer.url()]);
    assert!(asked.recv_timeout(LIMIT).unwrap().is_some());
    terminal.press('c');
    assert_eq!(terminal.exit_code(), 130);
    let view = terminal.view();
    assert!(view.has("(exit 130)"), "{}", view.text());
}

#[test]
fn ctrl_c_leaves_with_the_code_of_the_drop_while_the_next_connection_is_awaited() {
    let hand = Hand::start(Manner::Gated);
    let url = hand.url();
    let args = ["--reconnect", "--reconnect-delay", "100ms", "--connect-timeout", "60", url.as_str()];
    let mut terminal = Terminal::start(&args);
    let link = hand.link();
    terminal.prompts(OPEN);
    link.fin();
    terminal.prompts(DOWN);
    terminal.press('c');
    assert_eq!(terminal.exit_code(), 22);
}

#[test]
fn ctrl_c_and_ctrl_d_leave_with_the_code_of_the_drop_when_closed() {
    for key in ['c', 'd'] {
        let (_hand, link, mut terminal) = talk(&[]);
        link.close(4001, "expired");
        terminal.prompts(CLOSED);
        terminal.type_text("x");
        terminal.half_typed(CLOSED, "x");
        terminal.press('c');
        terminal.prompts(CLOSED);
        terminal.press(key);
        assert_eq!(terminal.exit_code(), 21, "Ctrl-{key}");
    }
}
