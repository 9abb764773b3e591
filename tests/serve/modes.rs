//! Each mode with clients of other makers: python `websockets`, node `ws` and websocat. What came is told by the clients,
//! and by the server's log where nothing comes back.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::server::Served;
use crate::support::raw::{PING, PONG, TEXT};
use crate::support::{Running, wscope};
use crate::tool::{self, Language, Websocat};

fn got(kind: &str, text: &str) -> Value {
    json!({"got": kind, "length": text.len(), "head": text.get(..64).unwrap_or(text)})
}

fn closed(code: u16, reason: &str) -> Value {
    json!({"closed": code, "reason": reason})
}

fn open() -> Value {
    json!({"open": true})
}

#[test]
fn echo_gives_back_what_came_as_what_it_was() {
    let server = Served::start(&[]);
    let steps = "text:hello recv:1 binary:abc recv:1 text: recv:1 big:1048576 recv:1 pieces:ab,cd,ef recv:1 ping close";
    let steps: Vec<&str> = steps.split(' ').collect();
    let expected = [
        open(),
        got("text", "hello"),
        got("binary", "abc"),
        got("text", ""),
        got("text", &"m".repeat(1_048_576)),
        got("text", "abcdef"),
        json!({"pong": true}),
        closed(1000, ""),
    ];
    for language in Language::BOTH {
        for url in [server.url.clone(), format!("{}echo", server.url)] {
            let Some(told) = language.talk(&url, &steps) else { continue };
            assert_eq!(told, expected, "{language:?} {url}");
        }
    }
}

#[test]
fn echo_with_websocat() {
    let server = Served::start(&[]);
    let Some(mut text) = Websocat::start(&[&server.url]) else { return };
    for line in ["one", "two", "", "four"] {
        text.say(line);
        assert_eq!(text.line(), line);
    }
    assert_eq!(text.finish(), Vec::<String>::new());
    let Some(mut binary) = Websocat::start(&["-b", &server.url]) else { return };
    binary.say("bytes");
    assert_eq!(binary.line(), "bytes");
}

#[test]
fn broadcast_reaches_every_client_and_the_sender() {
    let server = Served::start(&["--mode", "broadcast"]);
    for language in Language::BOTH {
        let Some(listener) = language.begin(&server.url, &["recv:2", "close"]) else { continue };
        let steps = ["text:for all", "recv:1", "binary:xy", "recv:1", "close"];
        let Some(told) = language.talk(&server.url, &steps) else { continue };
        let expected = [open(), got("text", "for all"), got("binary", "xy"), closed(1000, "")];
        assert_eq!(told, expected, "{language:?}, who sent");
        let heard = tool::told(listener, "the listener").expect("it is there");
        assert_eq!(heard, expected, "{language:?}, who listened");
    }
}

#[test]
fn broadcast_by_path_stays_among_those_who_asked_for_it() {
    let server = Served::start(&[]);
    let room = format!("{}broadcast", server.url);
    let mut apart = Client::open(&server.address(), "/silent");
    let Some(mut first) = Websocat::start(&[&room]) else { return };
    let Some(mut second) = Websocat::start(&[&room]) else { return };
    first.say("first");
    assert_eq!(first.line(), "first");
    // Whoever hears a message of its own is in the room.
    second.say("second");
    while second.line() != "second" {}
    assert_eq!(first.line(), "second");
    first.say("both");
    assert_eq!((first.line(), second.line()), ("both".to_owned(), "both".to_owned()));
    apart.send(PING, b"p");
    assert_eq!(apart.frame(), Some((PONG, b"p".to_vec())), "the first frame of the one apart is a pong");
}

#[test]
fn silent_answers_pings_and_nothing_else() {
    let server = Served::start(&["--mode", "silent"]);
    let steps = ["text:hello", "binary:abc", "ping", "quiet:0.3", "close"];
    let expected = [open(), json!({"pong": true}), json!({"quiet": true}), closed(1000, "")];
    for language in Language::BOTH {
        let Some(told) = language.talk(&server.url, &steps) else { continue };
        assert_eq!(told, expected, "{language:?}");
    }
    let args = ["--ping-interval", "1", "--ping-timeout", "10", "--print-ping-rtts", &server.url];
    let Some(mut websocat) = Websocat::start(&args) else { return };
    websocat.say("hello");
    websocat.tells("RTT");
    assert_eq!(websocat.finish(), Vec::<String>::new());
}

#[test]
fn source_sends_so_many_of_that_size_and_closes() {
    let server = Served::start(&["--mode", "source", "--rate", "100", "--size", "32B", "--count", "5"]);
    for language in Language::BOTH {
        let Some(told) = language.talk(&server.url, &["until-close"]) else { continue };
        assert_eq!(told.len(), 7, "{language:?}: open, 5 messages, close: {told:#?}");
        assert!(told[1..6].iter().all(|message| message["length"] == 32), "{language:?}: {told:#?}");
        assert_eq!(told[6]["closed"], 1000, "{language:?}");
    }
    let lines = Served::start(&["--rate", "100", "--size", "32B", "--count", "5"]);
    let Some(mut websocat) = Websocat::start(&[&format!("{}source", lines.url)]) else { return };
    let came: Vec<String> = (0..5).map(|_| websocat.line()).collect();
    assert_eq!(websocat.finish(), Vec::<String>::new());
    assert!(came.iter().all(|line| line.len() == 32), "{came:?}");
}

#[test]
fn source_keeps_its_rate_and_its_usual_size() {
    let server = Served::start(&["--mode", "source", "--rate", "5"]);
    let mut client = Client::open(&server.address(), "/");
    assert_eq!(client.text().len(), 64);
    let begun = Instant::now();
    for _ in 0..5 {
        client.text();
    }
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(500), "5 messages at 5 a second came within {took:?}");
}

#[test]
fn sink_counts_what_it_reads() {
    for language in Language::BOTH {
        let mut server = Served::start(&["--mode", "sink"]);
        let steps = ["text:0123456789", "binary:0123456789", "pieces:01234,56789", "quiet:0.2", "close"];
        let Some(told) = language.talk(&server.url, &steps) else { continue };
        assert_eq!(told, [open(), json!({"quiet": true}), closed(1000, "")], "{language:?}");
        server.tells("3 messages");
        server.tells("30 B");
        server.tells("a second");
    }
}

#[test]
fn sink_with_websocat_and_by_path() {
    let mut server = Served::start(&[]);
    let Some(mut websocat) = Websocat::start(&[&format!("{}sink", server.url)]) else { return };
    websocat.say("one");
    websocat.say("two");
    assert_eq!(websocat.finish(), Vec::<String>::new());
    server.tells("2 messages");
    server.tells("a second");
}

/// While something comes, the log says so: nobody must close for it.
#[test]
fn sink_tells_its_rate_while_it_reads() {
    let mut server = Served::start(&["--mode", "sink"]);
    let mut client = Client::open(&server.address(), "/");
    client.send(TEXT, b"hello");
    server.tells("1 message");
    server.tells("a second");
}

fn script() -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/serve/greeting.toml");
    format!("script={file}")
}

#[test]
fn script_is_played_to_each_client() {
    let server = Served::start(&["--mode", &script()]);
    let expected = [open(), got("text", "welcome"), got("text", "goodbye"), closed(4001, "done")];
    for language in Language::BOTH {
        for _ in 0..2 {
            let Some(told) = language.talk(&server.url, &["recv:1", "text:hello", "until-close"]) else { continue };
            assert_eq!(told, expected, "{language:?}");
        }
    }
    let Some(mut websocat) = Websocat::start(&["-E", &server.url]) else { return };
    assert_eq!(websocat.line(), "welcome");
    websocat.say("hello");
    assert_eq!(websocat.line(), "goodbye");
}

#[test]
fn a_script_that_cannot_be_read_is_a_usage_error() {
    for mode in ["script=/no/such/file.toml", "script=", "shout"] {
        let mut command = wscope();
        command.args(["serve", "--mode", mode, "127.0.0.1:0"]);
        let ran = Running::start(command).finish();
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{mode}: {}", ran.stderr);
        assert!(!ran.stderr.is_empty());
    }
}
