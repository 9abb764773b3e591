//! Command lines and what is read from them; the one line that refuses the rest; the size of the short help.

#![allow(clippy::unwrap_used)]

use clap::CommandFactory;

use super::values::{Limit, ListenArg};
use super::*;
use crate::event::Exit;
use crate::moment::Span;

fn read(line: &[&str]) -> Result<Parsed, Usage> {
    parse(["wscope"].iter().chain(line).map(OsString::from))
}

fn probe(line: &[&str]) -> ProbeArgs {
    let mut words = vec!["probe"];
    words.extend(line);
    match read(&words) {
        Ok(Parsed::Probe(args)) => *args,
        other => panic!("{words:?}: {other:?}"),
    }
}

fn refused(line: &[&str]) -> String {
    match read(line) {
        Err(usage) => usage.text,
        Ok(parsed) => panic!("{line:?} is taken: {parsed:?}"),
    }
}

fn first_line(line: &[&str]) -> String {
    refused(line).lines().next().unwrap().to_owned()
}

#[test]
fn the_command_line_is_sound() {
    Words::command().debug_assert();
}

#[test]
fn a_probe_knows_what_was_given_by_hand() {
    let args = probe(&["ws://a.example/", "wss://b.example/"]);
    assert_eq!(args.urls, ["ws://a.example/", "wss://b.example/"]);
    assert!(args.time.beats.heartbeat.is_none() && args.timeout.is_none() && args.count.is_none());
    assert_eq!((args.target.max_redirects, args.target.max_message), (10, 64 << 20));
    let args = probe(&["--heartbeat", "25s", "--hold=3m", "-n", "3", "-vv", ":3000"]);
    assert_eq!(args.time.beats.heartbeat, Some(Limit::After(Span::from_secs(25))));
    assert_eq!(args.hold, Some(Limit::After(Span::from_secs(180))));
    assert_eq!((args.count, args.output.verbose), (Some(3), 2));
}

#[test]
fn the_names_of_peers_work_too() {
    let args = probe(&["--ping-interval", "off", "--ping-timeout", "5", "-s", "a", "--protocol", "b", ":1"]);
    assert_eq!(args.time.beats.heartbeat, Some(Limit::Off));
    assert_eq!(args.time.beats.heartbeat_timeout, Some(Limit::After(Span::from_secs(5))));
    assert_eq!(args.target.subprotocols, ["a", "b"]);
}

#[test]
fn a_value_that_may_be_left_out_needs_its_equals_sign() {
    let args = probe(&["--reconnect", "ws://a.example/"]);
    assert_eq!((args.time.reconnect, args.urls.len()), (Some(None), 1));
    assert_eq!(probe(&["--reconnect=4", ":1"]).time.reconnect, Some(Some(4)));
    assert_eq!(probe(&["--demo"]).demo, Some(None));
    assert_eq!(probe(&["--demo=close=4001@1s"]).demo, Some(Some("close=4001@1s".to_owned())));
}

#[test]
fn a_probe_needs_a_url_or_the_demo_and_not_both() {
    assert_eq!(first_line(&["probe"]), "error: expected a URL or --demo, got neither");
    assert!(first_line(&["probe", ""]).contains("got an empty one"));
    let both = first_line(&["probe", "--demo", ":3000"]);
    assert!(both.contains("--demo") && both.contains("URL") && both.ends_with("got both"), "{both}");
}

#[test]
fn a_url_without_a_command_is_told_the_command() {
    assert_eq!(
        refused(&["wss://chat.example.com/ws"]),
        "error: expected a command (connect, probe, serve, explain), got \"wss://chat.example.com/ws\"\n\
         to talk: wscope connect wss://chat.example.com/ws\n\
         to examine: wscope probe wss://chat.example.com/ws"
    );
    assert!(refused(&["ws://h/?a=1&b=2"]).ends_with("wscope probe 'ws://h/?a=1&b=2'"));
    assert!(!refused(&["ws://ana:s3cret@h/"]).contains("s3cret"));
}

#[test]
fn what_is_not_built_yet_is_unknown() {
    assert_eq!(
        refused(&["talk"]),
        "error: expected a command (connect, probe, serve, explain), got \"talk\"\nwscope --help shows the commands"
    );
    assert_eq!(first_line(&[]), "error: expected a command (connect, probe, serve, explain), got none");
    for flag in ["--deflate", "--proxy=x", "--cert=x", "--script=x"] {
        assert!(
            first_line(&["probe", flag, ":1"]).starts_with("error: expected a flag of wscope probe, got "),
            "{flag}"
        );
    }
    for flag in ["--deflate", "--proxy=x", "--cert=x", "--deep", "--hold=1s", "--expect=x"] {
        let told = first_line(&["connect", flag, ":1"]);
        assert!(told.starts_with("error: expected a flag of wscope connect, got "), "{flag}: {told}");
    }
    for flag in ["--deflate", "--proxy=x", "--reconnect"] {
        assert!(first_line(&["serve", flag]).starts_with("error: expected a flag of wscope serve, got "), "{flag}");
    }
}

#[test]
fn a_refusal_names_the_argument_what_was_expected_and_what_came() {
    let table: [(&[&str], &str); 8] = [
        (
            &["probe", "--heartbeat", "soon", ":1"],
            "--heartbeat: expected a time such as 500ms, 20s or 1m30s, or off, got \"soon\"",
        ),
        (&["probe", "--hold", "0", ":1"], "--hold: expected a time longer than 0, or off, got \"0\""),
        (&["probe", "-n", "0", ":1"], "--count: expected a whole number from 1 on, got \"0\""),
        (&["probe", "--color", "red", ":1"], "--color: expected auto, always or never, got \"red\""),
        (&["probe", ":1", "--hold"], "--hold: expected DUR|off, got nothing"),
        (&["probe", "--json=1", ":1"], "--json: expected no value, got \"1\""),
        (&["serve", "nowhere"], "ADDR: expected [ADDR:]PORT, :PORT, [::1]:PORT or unix:/path, got \"nowhere\""),
        (&["completions"], "expected SHELL, got nothing"),
    ];
    for (line, wanted) in table {
        assert_eq!(first_line(line), format!("error: {wanted}"), "{line:?}");
    }
}

#[test]
fn a_refusal_is_short_and_says_where_to_read_on() {
    let lines: [&[&str]; 6] = [
        &["probe", "--nope", ":1"],
        &["probe", "-H", "x", ":1"],
        &["probe", "-4", "-6", ":1"],
        &["probe", "--hold", "1s", "--hold", "2s", ":1"],
        &["probe", "--max-drops", "1", ":1"],
        &["probe", "-s", "a", "-s", "a", ":1"],
    ];
    for line in lines {
        let text = refused(line);
        assert!(text.starts_with("error: "), "{text}");
        assert!(text.ends_with("\nwscope probe --help shows every flag"), "{text}");
        assert!(text.lines().count() <= 3, "{text}");
        assert!(!text.contains("Usage"), "{text}");
    }
    assert!(refused(&["serve", "--nope"]).ends_with("\nwscope serve --help shows every flag"));
    assert_eq!(
        first_line(&["explain", "1006", "--b"]).split(',').next(),
        Some("error: expected a flag of wscope explain")
    );
}

#[test]
fn a_refusal_does_not_repeat_a_secret() {
    assert!(!refused(&["probe", "-H", "Authorization s3cret", ":1"]).contains("s3cret"));
    assert!(!refused(&["probe", "--bearer", "s3cret\n", ":1"]).contains("s3cret"));
}

#[test]
fn a_talk_has_one_peer() {
    let taken = |line: &[&str]| match read(line) {
        Ok(Parsed::Connect(args)) => *args,
        other => panic!("{line:?}: {other:?}"),
    };
    let args = taken(&["connect", "-1", "-x", "-5", "-x", "b", "wss://a.example/"]);
    assert_eq!((args.url.as_deref(), args.one_message), (Some("wss://a.example/"), true));
    assert_eq!(args.most_messages(), Some(1));
    assert_eq!(args.execute, ["-5", "b"]);
    assert_eq!(taken(&["connect", "--demo=fin@1s"]).demo, Some(Some("fin@1s".to_owned())));
    assert_eq!(first_line(&["connect"]), "error: expected a URL or --demo, got neither");
    assert!(first_line(&["connect", " "]).ends_with("got an empty one"));
    assert_eq!(first_line(&["connect", ":1", ":2"]), "error: expected nothing more, got \":2\"");
    assert!(first_line(&["connect", "--demo", ":1"]).ends_with("got both"));
}

#[test]
fn the_words_of_a_talk_are_checked() {
    let table: [(&[&str], &str); 6] = [
        (&["-w", "soon"], "--wait: expected a time such as 500ms, 20s or 1m30s, or forever, got \"soon\""),
        (
            &["--close-code", "1006"],
            "--close-code: expected a code that may be sent: 1000 to 1003, 1007 to 1014 or 3000 to 4999, got \"1006\"",
        ),
        (&["--on-bad", "go"], "--on-bad: expected stop or skip, got \"go\""),
        (&["--pretty", "yes"], "--pretty: expected auto, on or off, got \"yes\""),
        (&["--max-messages", "0"], "--max-messages: expected a whole number from 1 on, got \"0\""),
        (&["--record"], "--record: expected FILE, got nothing"),
    ];
    for (words, wanted) in table {
        let line = [&["connect", ":1"][..], words].concat();
        assert_eq!(first_line(&line), format!("error: {wanted}"), "{line:?}");
    }
    let long = "x".repeat(124);
    let told = first_line(&["connect", "--close-reason", &long, ":1"]);
    assert_eq!(told, "error: --close-reason: expected 123 bytes at most, got 124");
    assert!(read(&["connect", "--close-reason", &long[..123], ":1"]).is_ok());
}

#[test]
fn stdin_is_read_in_one_way() {
    for other in ["-t", "-b", "-0", "--base64", "--whole", "--commands"] {
        let told = first_line(&["connect", "--hex", other, ":1"]);
        assert!(told.contains("--hex") && told.ends_with("got both"), "{told}");
    }
    let told = first_line(&["connect", "-1", "--max-messages", "2", ":1"]);
    assert!(told.contains("--one-message") && told.contains("--max-messages"), "{told}");
}

#[test]
fn every_command_can_be_recorded() {
    assert_eq!(probe(&["--record", "x", ":1"]).output.record, Some("x".into()));
    let Ok(Parsed::Serve(args)) = read(&["serve", "--record=x"]) else { panic!("serve is refused") };
    assert_eq!(args.output.record, Some("x".into()));
    let Ok(Parsed::Connect(args)) = read(&["connect", "--record=x", ":1"]) else { panic!("connect is refused") };
    assert_eq!(args.output.record, Some("x".into()));
}

#[test]
fn a_server_has_an_address_and_faults() {
    let Ok(Parsed::Serve(args)) = read(&["serve"]) else { panic!("serve is refused") };
    assert_eq!(args.address, ListenArg::Tcp("127.0.0.1:9001".parse().unwrap()));
    let line = ["serve", "--fault", "fin@1s", "--fault=rst", "--tls", "--ca-out", "ca.pem", "--json", ":0"];
    let Ok(Parsed::Serve(args)) = read(&line) else { panic!("{line:?} is refused") };
    assert_eq!(args.fault, ["fin@1s", "rst"]);
    assert!(args.tls && args.output.json && args.ca_out.is_some());
}

#[test]
fn the_other_commands_are_read() {
    assert!(matches!(read(&["explain", "1006"]), Ok(Parsed::Explain { word, .. }) if word == "1006"));
    assert!(matches!(read(&["explain"]), Ok(Parsed::Explain { word, .. }) if word.is_empty()));
    assert!(read(&["explain", ""]).is_err() && read(&["explain", " "]).is_err());
    assert!(matches!(read(&["completions", "zsh"]), Ok(Parsed::Completions { shell: Shell::Zsh })));
    assert!(matches!(read(&["man"]), Ok(Parsed::Man)));
    assert!(matches!(read(&["--version"]), Ok(Parsed::Text(text)) if text.starts_with("wscope 0.")));
}

#[test]
fn the_long_help_has_every_exit_code() {
    for line in [&["--help"][..], &["connect", "--help"], &["probe", "--help"], &["serve", "--help"]] {
        let Ok(Parsed::Text(text)) = read(line) else { panic!("{line:?} is refused") };
        for exit in Exit::ALL {
            assert!(text.contains(&format!("{:>3}  {}", exit.code(), exit.meaning())), "{line:?}: {}", exit.code());
        }
        assert!(text.is_ascii() && !text.contains('\x1b'), "{line:?}");
    }
}

#[test]
fn the_short_help_is_one_screen() {
    let mut command = Words::command().term_width(80);
    command.build();
    let names = ["", "connect", "probe", "serve", "explain"];
    for name in names {
        let page = match name {
            "" => command.render_help(),
            name => command.find_subcommand_mut(name).unwrap().render_help(),
        };
        let text = page.to_string();
        assert!(text.lines().count() <= 45, "{name}: {} lines\n{text}", text.lines().count());
        for line in text.lines() {
            assert!(line.len() <= 80, "{name}: {line}");
        }
    }
}

#[test]
fn hidden_commands_stay_hidden() {
    let Ok(Parsed::Text(text)) = read(&["--help"]) else { panic!("--help is refused") };
    assert!(!text.contains("completions") && !text.contains("man page"), "{text}");
}

#[test]
fn a_longer_examination_wants_its_own_words_together() {
    assert!(probe(&["--deep", "--strict", ":1"]).exam.strict);
    assert_eq!(probe(&["--idle", "--idle-max", "20s", ":1"]).exam.idle_max, Some(Span::from_secs(20)));
    assert!(first_line(&["probe", "--strict", ":1"]).ends_with("--strict: expected --deep beside it, got none"));
    assert!(
        first_line(&["probe", "--idle-max", "9s", ":1"]).ends_with("--idle-max: expected --idle beside it, got none")
    );
    for other in ["--deep", "--hold=1s", "--ready", "--expect=x"] {
        let told = first_line(&["probe", "--idle", other, ":1"]);
        assert!(told.contains("--idle"), "{other}: {told}");
    }
}
