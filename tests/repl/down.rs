//! Without a connection: the first one fails, or it is away for a while and what is typed waits for the next one.

use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};

use crate::hand::{Hand, Manner, talk};
use crate::terminal::{DOWN, OPEN, Terminal};

#[test]
fn a_first_connection_that_fails_is_explained_and_there_is_no_prompt() {
    // Bound and not listening: the port is ours, and refuses.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let url = format!("ws://{address}/");
    let mut terminal = Terminal::start(&["--reconnect", &url]);
    assert_eq!(terminal.exit_code(), 11);
    let view = terminal.view();
    assert!(view.rows[0].starts_with(&format!("UNREACHABLE  {url}")), "{}", view.text());
    assert!(view.has("error: ") && view.has("  help "), "{}", view.text());
    assert!(!view.rows.iter().any(|row| row == OPEN), "{}", view.text());
}

#[test]
fn what_is_typed_while_down_is_sent_after_the_reconnect() {
    let hand = Hand::start(Manner::Gated);
    let url = hand.url();
    let times = ["--reconnect-delay", "100ms", "--connect-timeout", "60"];
    let args = [&["--reconnect", "--queue", "2", url.as_str()][..], &times].concat();
    let mut terminal = Terminal::start(&args);
    let link = hand.link();
    terminal.prompts(OPEN);
    link.fin();
    terminal.prompts(DOWN);
    terminal.line("first");
    terminal.shows("  queued, 1 of 2: it is sent when the connection is open again");
    terminal.line("second");
    terminal.shows("  queued, 2 of 2");
    terminal.line("third");
    terminal.shows("  not sent: 2 lines queued already, and no more are kept (--queue)");
    hand.let_in();
    assert_eq!(hand.text(), (2, "first".to_owned()));
    assert_eq!(hand.text(), (2, "second".to_owned()));
    terminal.shows_marked('>', "second");
    terminal.prompts(OPEN);
    terminal.line("fourth");
    assert_eq!(hand.text(), (2, "fourth".to_owned()), "and the third is not sent");
    terminal.line("/quit");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn what_was_queued_and_never_sent_is_told() {
    let hand = Hand::start(Manner::Gated);
    let url = hand.url();
    let args = ["--reconnect", "--reconnect-delay", "100ms", "--connect-timeout", "60", url.as_str()];
    let mut terminal = Terminal::start(&args);
    let link = hand.link();
    terminal.prompts(OPEN);
    link.close(1011, "");
    terminal.prompts(DOWN);
    terminal.line("lost");
    terminal.shows("  queued, 1 of 1000");
    terminal.line("/quit");
    assert_eq!(terminal.exit_code(), 21);
    let view = terminal.view();
    assert!(view.has("  1 line queued and never sent"), "{}", view.text());
}

#[test]
fn what_is_executed_is_sent_again_after_each_reconnect() {
    let (hand, link, mut terminal) =
        talk(&["--reconnect", "--reconnect-delay", "100ms", "-x", "subscribe a", "-x", "subscribe b"]);
    for text in ["subscribe a", "subscribe b"] {
        assert_eq!(hand.text(), (1, text.to_owned()));
        terminal.shows_marked('>', text);
    }
    link.fin();
    let again = hand.link();
    for text in ["subscribe a", "subscribe b"] {
        assert_eq!(hand.text(), (2, text.to_owned()));
    }
    terminal.shows(" + connected again in ");
    again.say("hello");
    terminal.shows_marked('<', "hello");
    terminal.prompts(OPEN);
    terminal.press('d');
    assert_eq!(terminal.exit_code(), 0);
}
