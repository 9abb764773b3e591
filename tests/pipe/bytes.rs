//! What is written on stdin is what the server gets: each framing, byte for byte, and what happens to a line that is no
//! message (`--on-bad`).

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;

use crate::keeper::{Keeper, Message, close_body, texts};
use crate::support::raw::{BINARY, CLOSE, PING, TEXT};
use crate::talk::{Ended, Talk, piped};

/// The run with that stdin, and what the server got. The Close must be as it should.
fn sent(input: &[u8], args: &[&str]) -> (Ended, Vec<Message>) {
    let keeper = Keeper::listener();
    let url = keeper.url();
    let ran = piped(input, &[&["-w", "0"][..], args, &[url.as_str()]].concat());
    let (messages, close) = keeper.messages();
    assert_eq!(close, close_body(1000, ""), "{}", ran.stderr);
    (ran, messages)
}

/// The same where all is well.
fn got(input: &[u8], args: &[&str]) -> Vec<Message> {
    let (ran, messages) = sent(input, args);
    ran.assert(0, &["closed 1000 by us, answered"]);
    assert_eq!(ran.text(), "", "a server that says nothing");
    messages
}

fn binary(payload: &[u8]) -> Message {
    (false, payload.to_vec())
}

/// A file of this test's own.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("wscope-pipe-{}-{name}", std::process::id()));
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_line_is_a_message_without_its_end() {
    let table: [(&str, &[&str]); 7] = [
        ("a\r\nb\r\n", &["a", "b"]),
        ("one\nlast", &["one", "last"]),
        ("a\n\nb\n", &["a", "", "b"]),
        ("\n", &[""]),
        ("tab\tand \u{e9}\u{1f600} \n", &["tab\tand \u{e9}\u{1f600} "]),
        ("a\0b\n", &["a\0b"]),
        ("a\rb\n", &["a\rb"]),
    ];
    for (input, expected) in table {
        assert_eq!(got(input.as_bytes(), &[]), texts(expected), "{input:?}");
        assert_eq!(got(input.as_bytes(), &["-t"]), texts(expected), "-t {input:?}");
    }
}

#[test]
fn a_line_of_a_mebibyte_is_one_message() {
    let long = "m".repeat(1 << 20);
    let input = format!("before\n{long}\nafter\n");
    assert!(got(input.as_bytes(), &[]) == texts(&["before", &long, "after"]));
}

#[test]
fn a_nul_ends_a_record_and_stands_behind_each_on_stdout() {
    assert_eq!(got(b"a\nb\0\0c\r\n", &["-0"]), texts(&["a\nb", "", "c\r\n"]));
    let keeper = Keeper::echo();
    let ran = piped(b"a\nb\0\0c", &["-0", "--max-messages", "3", &keeper.url()]);
    ran.assert(0, &[]);
    assert_eq!(ran.stdout, b"a\nb\0\0c\0");
}

#[test]
fn hex_and_base64_are_binary_messages() {
    let hex = got(b"00010aff41\nDE ad be EF\r\n\n", &["--hex"]);
    assert_eq!(hex, [binary(&[0, 1, 10, 255, 65]), binary(&[0xde, 0xad, 0xbe, 0xef]), binary(&[])]);
    let base64 = got(b"AAEK/0E=\naGVsbG8=", &["--base64"]);
    assert_eq!(base64, [binary(&[0, 1, 10, 255, 65]), binary(b"hello")]);
}

#[test]
fn whole_is_one_message_as_it_is() {
    assert_eq!(got(b"a\r\n\0b\n", &["--whole"]), texts(&["a\r\n\0b\n"]));
    assert_eq!(got(b"a\n\xff\0", &["--whole"]), [binary(b"a\n\xff\0")]);
    // 2 MiB spans several reads and several fragments.
    let long = "w".repeat(2 << 20);
    assert!(got(long.as_bytes(), &["--whole"]) == texts(&[&long]));
}

#[test]
fn binary_is_chunks_as_they_are_read() {
    let bytes: Vec<u8> = (0..200_000_u32).map(|index| (index % 251) as u8).collect();
    let path = file("chunks", &bytes);
    let keeper = Keeper::listener();
    let input = Stdio::from(File::open(&path).unwrap());
    Talk::with(input, &["-b", "-w", "0", &keeper.url()]).finish().assert(0, &["closed 1000 by us, answered"]);
    let _ = fs::remove_file(path);
    let (messages, _) = keeper.messages();
    assert!(messages.len() >= 4 && messages.iter().all(|(text, chunk)| !text && chunk.len() <= 65_536));
    let together: Vec<u8> = messages.into_iter().flat_map(|(_, chunk)| chunk).collect();
    assert!(together == bytes, "{} bytes came", together.len());
}

#[test]
fn binary_puts_nothing_behind_a_message_on_stdout() {
    let keeper = Keeper::after_a_message(|mut ear| {
        ear.say(true, b"text");
        ear.say(false, &[0, 10, 255]);
        ear.say(true, b"more\n");
        ear.listen();
    });
    let ran = piped(b"\x00\n", &["-b", "--max-messages", "3", &keeper.url()]);
    ran.assert(0, &[]);
    assert_eq!(ran.stdout, b"text\x00\x0a\xffmore\n");
    assert_eq!(keeper.messages().0, [binary(b"\x00\n")]);
}

#[test]
fn a_bad_line_stops_and_what_stood_before_it_is_sent() {
    let of_text: [(&[&str], &[u8], &str, &str); 3] = [
        (&[], b"one\na\xff\xfe\nthree\n", "line 2", "expected UTF-8, got 0xff at byte 2"),
        (&["-0"], b"one\0\xc3\0three\0", "record 2", "expected UTF-8, got 0xc3 at byte 1"),
        (&["--max-message", "16"], b"one\n0123456789abcdefg\nthree\n", "line 2", "(--max-message)"),
    ];
    for (args, input, line, why) in of_text {
        let (ran, messages) = sent(input, args);
        ran.assert(1, &[&format!("error: {line}: "), why]);
        assert_eq!(messages, texts(&["one"]), "{}", ran.stderr);
    }
    let encoded: [(&str, &[u8], &str); 3] = [
        ("--hex", b"01\n0g\n02\n", "expected hex digits, got \"g\" at byte 2"),
        ("--hex", b"01\n012\n02\n", "expected pairs of hex digits"),
        ("--base64", b"AQ==\nA*==\nAg==\n", "expected base64, got \"*\" at byte 2"),
    ];
    for (framing, input, why) in encoded {
        let (ran, messages) = sent(input, &[framing]);
        ran.assert(1, &["error: line 2: ", why]);
        assert_eq!(messages, [binary(&[1])], "{}", ran.stderr);
    }
}

#[test]
fn a_bad_line_can_be_skipped() {
    let table: [(&[&str], &[u8], &str); 2] = [
        (&[], b"one\n\xff\nthree\n", "expected UTF-8, got 0xff at byte 1"),
        (&["--max-message", "16"], b"one\n0123456789abcdefg\nthree\n", "(--max-message)"),
    ];
    for (args, input, why) in table {
        let (ran, messages) = sent(input, &[&["--on-bad", "skip"][..], args].concat());
        ran.assert(0, &["warning: line 2 skipped: ", why, "closed 1000 by us, answered; 2 sent, 0 received"]);
        assert_eq!(messages, texts(&["one", "three"]), "{}", ran.stderr);
    }
}

#[test]
fn a_command_that_does_not_exist_is_a_bad_line() {
    for (line, why) in [("{\"shout\":\"b\"}", "shout"), ("hello", "expected a JSON object"), ("{\"send\":", "JSON")] {
        let input = format!("{{\"send\":\"a\"}}\n{line}\n{{\"send\":\"c\"}}\n");
        let (ran, messages) = sent(input.as_bytes(), &["--commands"]);
        ran.assert(1, &["error: line 2: ", why]);
        assert_eq!(messages, texts(&["a"]), "{line}");
        let (ran, messages) = sent(input.as_bytes(), &["--commands", "--on-bad", "skip"]);
        ran.assert(0, &["warning: line 2 skipped: ", why]);
        assert_eq!(messages, texts(&["a", "c"]), "{line}");
    }
}

#[test]
fn commands_send_ping_and_close() {
    let input = b"{\"send\":\"a\\nb\"}\n{\"send_base64\":\"AAH/\"}\n{\"ping\":\"p\"}\n\
                  {\"close\":{\"code\":4000,\"reason\":\"done\"}}\n{\"send\":\"too late\"}\n";
    let keeper = Keeper::listener();
    let ran = piped(input, &["--commands", &keeper.url()]);
    ran.assert(0, &["closed 4000 by us, answered"]);
    let expected = [
        (TEXT, b"a\nb".to_vec()),
        (BINARY, vec![0, 1, 255]),
        (PING, b"p".to_vec()),
        (CLOSE, [&4000_u16.to_be_bytes()[..], b"done"].concat()),
    ];
    assert_eq!(keeper.frames(), expected, "{}", ran.stderr);
}
