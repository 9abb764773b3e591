//! Whole runs: quiet ones, several URLs, severities that fail, a reader that goes away, signals, a limit of time.

use std::process::Stdio;

use super::support::{Running, signal, wscope};
use super::{dead_url, run};

#[test]
fn a_quiet_probe_says_nothing_when_healthy_and_the_verdict_otherwise() {
    let healthy = run(&["probe", "-q", "--demo"]);
    assert_eq!((healthy.code, healthy.stdout.as_str(), healthy.stderr.as_str()), (0, "", ""));
    let refused = run(&["probe", "-q", "--demo=reject=426"]);
    assert_eq!((refused.code, refused.stderr.as_str()), (15, ""));
    assert_eq!(refused.stdout.lines().count(), 1, "{}", refused.stdout);
    assert!(refused.stdout.starts_with("REFUSED  ws://127.0.0.1:"), "{}", refused.stdout);
    assert!(refused.stdout.ends_with("   HTTP 426 Upgrade Required   (exit 15)\n"), "{}", refused.stdout);
}

#[test]
fn a_quiet_server_tells_its_address_only() {
    let mut command = wscope();
    command.args(["serve", "127.0.0.1:0", "-q"]);
    let mut server = Running::start(command);
    let line = server.line().unwrap();
    let url = line.strip_prefix("listening on ").unwrap().trim_end().to_owned();
    assert_eq!(run(&["probe", "-q", &url]).code, 0);
    signal::interrupt(server.id());
    let ran = server.finish();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.stdout, line);
}

#[test]
fn several_urls_have_their_common_exit_code_or_one() {
    let (first, second) = (dead_url(), dead_url());
    let alike = run(&["probe", &first, &second]);
    assert_eq!(alike.code, 11, "{}", alike.stdout);
    let verdicts = alike.stdout.lines().filter(|line| line.starts_with("UNREACHABLE  ws://127.0.0.1:")).count();
    assert_eq!(verdicts, 2, "{}", alike.stdout);
    let unlike = run(&["probe", "-q", &first, "ws://no-such-name.invalid/"]);
    assert_eq!(unlike.code, 1, "{}", unlike.stdout);
    assert!(unlike.stdout.contains("(exit 11)") && unlike.stdout.contains("(exit 10)"), "{}", unlike.stdout);
    let told = run(&["probe", "--json", &first, &second]).events();
    assert_eq!(told.all("judged").len(), 2);
    assert_eq!(told.one("run_ended")["exit"], 11);
}

#[test]
fn one_healthy_url_does_not_hide_another_that_fails() {
    let mut command = wscope();
    command.args(["serve", "127.0.0.1:0"]);
    let mut server = Running::start(command);
    let url = server.line_with("listening on ").trim_end().rsplit(' ').next().unwrap().to_owned();
    let dead = dead_url();
    assert_eq!(run(&["probe", "-q", &url, &dead]).code, 11, "the failures agree");
    assert_eq!(run(&["probe", "-q", &url, &url]).code, 0);
}

#[test]
fn a_warning_fails_a_run_only_when_asked() {
    let lenient = run(&["probe", "--demo", "-s", "chat"]);
    assert_eq!((lenient.code, lenient.first_word()), (0, "HEALTHY"), "{}", lenient.stdout);
    assert!(lenient.stdout.contains("warning: "), "{}", lenient.stdout);
    assert!(lenient.stdout.contains("[subprotocol-not-answered]"), "{}", lenient.stdout);
    let strict = run(&["probe", "--demo", "-s", "chat", "--fail-on", "warning"]);
    assert_eq!((strict.code, strict.first_word()), (1, "FAILED"), "{}", strict.stdout);
}

#[test]
fn an_expectation_that_does_not_hold_fails_with_what_came_instead() {
    let held = run(&["probe", "--demo", "-x", "hi there", "--expect", "^hi"]);
    assert_eq!((held.code, held.first_word()), (0, "HEALTHY"), "{}", held.stdout);
    let json = run(&["probe", "--demo", "-x", r#"{"op":"ping"}"#, "--expect", "json:/op=ping"]);
    assert_eq!(json.code, 0, "{}", json.stdout);
    let failed = run(&["probe", "--demo", "-x", "hi there", "--expect", "^bye", "-w", "200ms"]);
    assert_eq!((failed.code, failed.first_word()), (1, "FAILED"), "{}", failed.stdout);
    assert!(failed.stdout.contains("\"hi there\""), "{}", failed.stdout);
}

#[test]
fn a_limit_of_time_names_what_was_under_way() {
    let ran = run(&["probe", "--demo=no-answer", "--timeout", "300ms"]);
    assert_eq!((ran.code, ran.first_word()), (124, "TIMEOUT"), "{}", ran.stdout);
    assert!(ran.stdout.contains("[time-used-up]"), "{}", ran.stdout);
    assert!(ran.stdout.contains("answer to the upgrade"), "{}", ran.stdout);
    let ran = run(&["probe", "--demo", "-n", "50", "--timeout", "300ms"]);
    assert_eq!((ran.code, ran.first_word()), (124, "TIMEOUT"), "{}", ran.stdout);
    assert!(ran.stdout.contains(" ping "), "{}", ran.stdout);
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let dead = dead_url();
    let lines: [(&[&str], i32); 6] = [
        (&["probe", "--json", &dead], 11),
        (&["probe", "--demo"], 0),
        (&["probe", "--demo", "--json", "-vvv"], 0),
        (&["probe", "--demo=fin"], 22),
        (&["probe", "--help"], 0),
        (&["explain", "1006"], 0),
    ];
    // Several times: when the writer notices that nobody reads is not the same each time.
    for (line, code) in lines.into_iter().cycle().take(5 * lines.len()) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = wscope();
        command.args(line).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        // The command holds the writer.
        drop(command);
        let ended = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{line:?}");
        assert_eq!(ended.status.code(), Some(code), "{line:?}");
    }
}

#[test]
fn what_cannot_be_written_fails_a_command_that_only_writes() {
    let lines: [&[&str]; 4] = [&["explain", "1006"], &["explain"], &["--help"], &["man"]];
    for line in lines {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = wscope();
        command.args(line).stdin(Stdio::null()).stdout(full).stderr(Stdio::piped());
        let ended = command.output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{line:?}: {told}");
        assert!(told.starts_with("error: the report could not be written: "), "{line:?}: {told}");
    }
}

/// More is written than a pipe takes, and nobody reads: the verdict's code comes all the same, in a bounded time.
#[test]
fn a_reader_that_stands_still_does_not_hold_the_run_for_ever() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = wscope();
    command.args(["probe", "--demo", "--json", "-vv", "--hold", "1s", "--timeout", "1500ms"]);
    command.args(["--heartbeat", "1ms", "--heartbeat-clock", "fixed"]);
    let began = std::time::Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(writer).spawn().unwrap();
    drop(command);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    // The hold, five seconds of patience with the reader, and half a second.
    assert!(began.elapsed() < std::time::Duration::from_millis(7000), "{:?}", began.elapsed());
    drop(reader);
}

#[test]
fn ctrl_c_ends_a_hold_with_130_within_a_second() {
    stopped_by("INT", 130, "interrupted");
}

#[test]
fn sigterm_ends_a_hold_with_143_within_a_second() {
    stopped_by("TERM", 143, "terminated");
}

/// The hold is a minute: a run that ends within the second was ended by the signal.
fn stopped_by(name: &str, code: i32, word: &str) {
    let mut held = Running::probe(&["--demo", "--hold", "1m", "--color", "never"]);
    held.line_with(" open ");
    let begun = std::time::Instant::now();
    let kill = format!("kill -s {name} {}", held.id());
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let ran = held.finish();
    let took = begun.elapsed();
    assert!(took < std::time::Duration::from_secs(1), "SIG{name}: {took:?}");
    assert_eq!((ran.code, ran.stderr.as_str()), (code, ""), "SIG{name}: {}", ran.stdout);
    assert!(ran.has_verdict("STOPPED"), "SIG{name}: {}", ran.stdout);
    assert!(ran.stdout.ends_with(&format!("(exit {code})\n")), "SIG{name}: {}", ran.stdout);
    assert!(ran.stdout.contains(word), "SIG{name}: {}", ran.stdout);
}
