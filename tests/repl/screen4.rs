//! Screen 4: what stands there while somebody talks, and when the server ends it. The sentences one by one are tested
//! where they are made; here they are seen together with the prompt.

use crate::hand::{all_read, talk};
use crate::support::Server;
use crate::support::raw::{BINARY, TEXT, frame};
use crate::terminal::{CLOSED, OPEN, Terminal};

#[test]
fn a_talk_begins_with_where_we_are_and_the_prompt_is_the_record_of_what_was_sent() {
    let server = Server::start(&["127.0.0.1:0", "--subprotocol", "chat.v2"]);
    let mut terminal = Terminal::start(&["-s", "chat.v2", &server.url]);
    let rows = terminal.prompts(OPEN).rows;
    let address = server.url.split('/').nth(2).unwrap();
    assert!(rows[0].starts_with(&format!("connected to {} in ", server.url)), "{rows:#?}");
    assert!(rows[1].starts_with(&format!("  {address}")), "{rows:#?}");
    assert_eq!(rows[2], "  101 Switching Protocols, subprotocol chat.v2 (/headers shows both heads)");
    let heartbeat = "  ping after 20 s of silence, pong within 20 s (/heartbeat off to see the path without)";
    assert_eq!(rows[3], heartbeat);
    assert_eq!(rows[4], "A line is a text message. /help for commands, Ctrl-D to leave.");
    assert_eq!((rows[5].as_str(), rows[6].as_str()), ("", OPEN));

    terminal.line(r#"{"join":"ops"}"#);
    terminal.shows_marked('<', r#"{"join":"ops"}"#);
    let view = terminal.prompts(OPEN);
    assert_eq!(view.rows[6], r#"         > {"join":"ops"}"#);
    assert_eq!(view.count("join"), 2, "once typed, once answered\n{}", view.text());
    assert_eq!(view.row, 8, "{}", view.text());

    terminal.line("/quit");
    assert_eq!(terminal.exit_code(), 0);
    let view = terminal.view();
    assert!(view.has(" - closed 1000 by us, answered in "), "{}", view.text());
}

#[test]
fn bytes_are_a_dump_under_their_title() {
    let (_hand, link, terminal) = talk(&[]);
    link.send(&frame(BINARY, b"\x08\x96\x01\x12\x0bhello world\x1a\x052026!\x00"));
    let rows = terminal.shows("2026!.").rows;
    let title = rows.iter().position(|row| row.ends_with(" < binary, 24 B")).expect("a title");
    let indent = " ".repeat(11);
    assert_eq!(
        rows[title + 1..title + 3],
        [
            format!("{indent}0000  08 96 01 12 0b 68 65 6c  6c 6f 20 77 6f 72 6c 64  .....hello world"),
            format!("{indent}0010  1a 05 32 30 32 36 21 00                           ..2026!."),
        ]
    );
}

#[test]
fn a_drop_is_told_and_the_prompt_stays_for_looking_and_coming_back() {
    let (hand, link, mut terminal) = talk(&[]);
    terminal.line("deploy at ten?");
    assert_eq!(hand.message(), "deploy at ten?");
    link.say("fine by me");
    terminal.shows_marked('<', "fine by me");
    link.close(1001, "");
    let view = terminal.prompts(CLOSED);
    let told = view.rows.iter().position(|row| row.contains(" ! dropped: ")).expect("a drop");
    let rows = &view.rows[told..];
    assert!(rows[0].ends_with(" ! dropped: the server closed with 1001 Going Away, no reason given"), "{rows:#?}");
    assert!(rows[1].starts_with("           open for ") && rows[1].ends_with("so the path was good"), "{rows:#?}");
    let usually = "           a server says this when it stops or restarts; nothing of yours was left unsent";
    assert_eq!(rows[2], usually);
    assert_eq!(rows[3], "           /reconnect, /findings for the evidence, /quit (exit 20)");
    assert_eq!(rows[4], CLOSED);

    terminal.line("anybody?");
    terminal.shows("  not sent: there is no connection; /reconnect makes one");
    terminal.line("/findings");
    terminal.shows("[going-away]");
    terminal.line("/reconnect");
    let again = hand.link();
    terminal.shows(" + connected again in ");
    terminal.prompts(OPEN);
    terminal.line("back");
    assert_eq!(hand.text(), (2, "back".to_owned()));
    again.close(1011, "worker crashed");
    terminal.shows("dropped: the server closed with 1011 Internal Error, \"worker crashed\"");
    terminal.prompts(CLOSED);
    terminal.line("/quit");
    assert_eq!(terminal.exit_code(), 21, "the code of the last connection");
}

#[test]
fn what_was_dropped_and_came_back_is_left_in_order() {
    let (hand, link, mut terminal) = talk(&[]);
    link.fin();
    terminal.shows(" ! dropped: FIN without a Close frame");
    terminal.prompts(CLOSED);
    terminal.line("/reconnect");
    hand.link();
    terminal.prompts(OPEN);
    terminal.line("/quit");
    assert_eq!(hand.close(), (Some(1000), String::new()));
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn a_flood_is_folded_and_its_messages_can_be_looked_at() {
    let (hand, link, mut terminal) = talk(&[]);
    let flood: Vec<u8> = (1..=500).flat_map(|number| frame(TEXT, format!("burst {number}").as_bytes())).collect();
    link.send(&flood);
    all_read(&hand, &link);
    terminal.wait_for("a fold", |view| view.has(" < ") && view.has(" not shown (/show last)"));
    terminal.prompts(OPEN);
    terminal.line("/show last");
    let view = terminal.shows("  message 500, in, text, 9 B, at ");
    assert!(view.rows.iter().any(|row| row == "  burst 500"), "{}", view.text());
    terminal.line("/show 1");
    let view = terminal.shows("  message 1, in, text, 7 B, at ");
    assert!(view.rows.iter().any(|row| row == "  burst 1"), "{}", view.text());
}
