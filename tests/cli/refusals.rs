//! What cannot be followed is refused: exit 2, stdout empty, three lines at most, the first of which names the
//! argument, what was expected and what came.

use std::fs;
use std::path::PathBuf;

use super::run;

/// Words, and what the first line of stderr must hold.
type Refused = (&'static [&'static str], &'static [&'static str]);

const URLS: &[Refused] = &[
    (&["probe", "ws//host"], &["URL", "ws//", "expected ws://"]),
    (&["probe", "wss:/host"], &["URL", "wss:/", "expected wss://"]),
    (&["probe", "ws:host"], &["URL", "expected ws://"]),
    (&["probe", "ws://h#f"], &["#fragment", "%23"]),
    (&["probe", "ws://h ost"], &["space", "%20"]),
    (&["probe", "ws://h\\x"], &["expected /"]),
    (&["probe", "ws://h/\x1b[31m"], &["control character U+001B"]),
    (&["probe", "ftp://h"], &["\"ftp\"", "expected ws:// or wss://"]),
    (&["probe", ""], &["URL", "empty"]),
    (&["probe", " "], &["URL", "empty"]),
    (&["probe", "ws://"], &["no host"]),
    (&["probe", "ws://h:0/"], &["port", "\"0\"", "1 to 65535"]),
    (&["probe", "ws://h:65536/"], &["port", "\"65536\"", "1 to 65535"]),
    (&["probe", "ws://h:x/"], &["port", "\"x\""]),
    (&["probe", "ws://[::1"], &["bracket"]),
    (&["probe", "::1"], &["ws://[::1]"]),
    (&["probe", "wss://good.example/", "ws//bad"], &["URL \"ws//bad\""]),
    (&["probe"], &["URL or --demo", "neither"]),
    (&["probe", "--demo", ":1"], &["--demo", "URL", "both"]),
];

const REQUEST: &[Refused] = &[
    (&["probe", "-H", "NoColon", ":1"], &["--header", "'Name: value'", "no colon"]),
    (&["probe", "-H", "X: a\r\nY: b", ":1"], &["--header", "one line", "carriage return"]),
    (&["probe", "-H", "X: a\nY: b", ":1"], &["--header", "line feed"]),
    (&["probe", "-H", "Bad Name: x", ":1"], &["--header", "header name", "\"Bad Name\""]),
    (&["probe", "-H", ": x", ":1"], &["--header", "header name"]),
    (&["probe", "-H", "@no-such-file", ":1"], &["--header", "no-such-file"]),
    (&["probe", "-H", "@", ":1"], &["--header", "file name"]),
    (&["probe", "-s", "a b", ":1"], &["--subprotocol", "\"a b\""]),
    (&["probe", "-s", "a", "-s", "a", ":1"], &["--subprotocol", "once"]),
    (&["probe", "--auth", "user", ":1"], &["--auth", "USER:PASS", "no terminal"]),
    (&["probe", "--auth", "a:b", "--bearer", "t", ":1"], &["--auth", "--bearer", "both"]),
    (&["probe", "--bearer", "env:WSCOPE_TEST_UNSET", ":1"], &["--bearer", "WSCOPE_TEST_UNSET", "got none"]),
    (&["probe", "--cookie", "@no-such-file", ":1"], &["--cookie", "no-such-file"]),
    (&["probe", "--origin", "", ":1"], &["--origin", "got nothing"]),
    (&["probe", "--ca", "no-such-file.pem", ":1"], &["--ca", "no-such-file.pem", "cannot be read"]),
    (&["probe", "--sni", "a b", ":1"], &["--sni", "\"a b\""]),
    (&["probe", "--sni", "a", "--no-sni", ":1"], &["--sni", "--no-sni", "both"]),
];

const VALUES: &[Refused] = &[
    (&["probe", "--heartbeat", "5 parsecs", ":1"], &["--heartbeat", "expected a time", "\"5 parsecs\""]),
    (&["probe", "--heartbeat=-1s", ":1"], &["--heartbeat", "expected a time", "\"-1s\""]),
    (&["probe", "--heartbeat", "0", ":1"], &["--heartbeat", "longer than 0", "\"0\""]),
    (&["probe", "--hold", "0s", ":1"], &["--hold", "longer than 0", "\"0s\""]),
    (&["probe", "--timeout", "0", ":1"], &["--timeout", "longer than 0"]),
    (&["probe", "--timeout", "nan", ":1"], &["--timeout", "expected a time"]),
    (&["probe", "--connect-timeout", "0", ":1"], &["--connect-timeout", "longer than 0"]),
    (&["probe", "--reconnect-delay", "0", ":1"], &["--reconnect-delay", "longer than 0"]),
    (&["probe", "--interval", "fast", ":1"], &["--interval", "\"fast\""]),
    (&["probe", "--hold", "99999999999999y", ":1"], &["--hold", "expected a time"]),
    (&["probe", "--hold", "1e400", ":1"], &["--hold", "expected a time"]),
    (&["probe", "--hold", "off", ":1"], &["--hold off", "--timeout"]),
    (&["probe", "--timeout", "1s", "--hold", "5s", ":1"], &["--timeout", "--hold"]),
    (&["probe", "--timeout", "20s", "--idle", ":1"], &["--timeout", "2 m 30 s", "--idle-max 15s would fit"]),
    (&["probe", "--timeout", "5s", "--idle", "--idle-max", "5s", ":1"], &["--timeout", "--idle-max", "got no more"]),
    (&["probe", "--idle", "--idle-max", "99999999h", ":1"], &["--idle-max", "at most 168h", "\"99999999h\""]),
    (&["probe", "-n", "0", ":1"], &["--count", "from 1 on"]),
    (&["probe", "-n", "99999999999999999999", ":1"], &["--count", "from 1 on"]),
    (&["probe", "--max-message", "0", ":1"], &["--max-message", "above 0"]),
    (&["probe", "--max-message", "12parsecs", ":1"], &["--max-message", "64MiB", "\"12parsecs\""]),
    (&["probe", "--max-message", "99999999999G", ":1"], &["--max-message", "expected a size"]),
    (&["probe", "--reconnect=0", ":1"], &["--reconnect", "from 1 on"]),
    (&["probe", "--reconnect-profile", "nope", ":1"], &["--reconnect-profile", "full-jitter", "\"nope\""]),
    (&["probe", "--reconnect-profile", "no-such.toml", ":1"], &["--reconnect-profile", "cannot be read"]),
    (&["probe", "--expect", "(", ":1"], &["--expect", "regular expression", "\"(\""]),
    (&["probe", "--expect", "json:nopointer", ":1"], &["--expect", "json:/"]),
    (&["probe", "--farewell", "(", ":1"], &["--farewell", "regular expression"]),
    (&["probe", "--heartbeat-answer", "regex:(", ":1"], &["--heartbeat-answer", "regular expression"]),
    (&["probe", "--heartbeat-send", "hex:zz", ":1"], &["--heartbeat-send", "hex digits"]),
    (&["probe", "--heartbeat-preset", "x", ":1"], &["--heartbeat-preset", "heartcheck"]),
    (&["probe", "--resolve", "a:b:c", ":1"], &["--resolve", "HOST:PORT:ADDR"]),
    (&["probe", "--bind", "nowhere", ":1"], &["--bind", "expected an address"]),
    (&["probe", "--color", "red", ":1"], &["--color", "auto, always or never"]),
    (&["probe", "--fail-on", "fatal", ":1"], &["--fail-on", "error, warning or note"]),
    (&["probe", "--seed", "x", ":1"], &["--seed", "whole number"]),
    (&["probe", "--max-drops", "1", ":1"], &["--hold"]),
    (&["serve", "nowhere"], &["ADDR", "[ADDR:]PORT"]),
    (&["serve", ":65536"], &["ADDR", "\":65536\""]),
    (&["serve", "unix:"], &["ADDR", "path"]),
    (&["serve", "--ca-out", "x"], &["--ca-out: expected --tls beside it"]),
    (&["serve", "--fault-chance", "0.5"], &["--fault-chance: expected --fault beside it"]),
    (&["serve", "--cert", "x"], &["--cert: expected --key beside it"]),
    (&["serve", "--key", "x"], &["--key: expected --cert beside it"]),
    (&["serve", "--mode", "script=/nope"], &["--mode: the script", "cannot be read"]),
];

const FAULTS: &[Refused] = &[
    (&["probe", "--demo=explode"], &["--demo", "the name of a fault", "\"explode\""]),
    (&["probe", "--demo="], &["--demo", "got nothing"]),
    (&["probe", "--demo=reject=99"], &["--demo", "200 to 599", "\"99\""]),
    (&["probe", "--demo=reject=503@5s"], &["--demo", "opening handshake"]),
    (&["probe", "--demo=fin@soon"], &["--demo", "@5s", "\"@soon\""]),
    (&["probe", "--demo=fin=1"], &["--demo", "no value"]),
    (&["probe", "--demo=close=70000"], &["--demo", "65535", "\"70000\""]),
    (&["probe", "--demo=no-pong@3frames"], &["--demo", "a time"]),
    (&["serve", "--fault", "bad-accept=odd"], &["--fault", "one of wrong", "\"odd\""]),
    (&["serve", "--fault", "fin+"], &["--fault", "got nothing"]),
];

const COMMANDS: &[Refused] = &[
    (&[], &["expected a command", "got none"]),
    (&["nope"], &["expected a command", "\"nope\""]),
    (&["connect"], &["expected a URL or --demo", "got neither"]),
    (&["wss://x"], &["expected a command", "\"wss://x\""]),
    (&["probe", "--nope", ":1"], &["expected a flag of wscope probe", "\"--nope\""]),
    (&["probe", "--hol", "1s", ":1"], &["--hol", "--hold"]),
    (&["serve", "--hold", "1s"], &["expected a flag of wscope serve"]),
    (&["--nope"], &["expected a flag of wscope"]),
    (&["explain", "nonsense"], &["finding", "\"nonsense\""]),
    (&["explain", "1oo6"], &["near to it: 1006"]),
    (&["completions"], &["SHELL"]),
    (&["completions", "tcsh"], &["SHELL", "\"tcsh\""]),
];

#[test]
fn a_url_that_cannot_be_read_is_refused() {
    judge(URLS);
}

#[test]
fn a_request_that_cannot_be_made_is_refused() {
    judge(REQUEST);
}

#[test]
fn a_value_that_is_out_of_its_range_is_refused() {
    judge(VALUES);
}

#[test]
fn a_fault_that_cannot_be_read_is_refused() {
    judge(FAULTS);
}

#[test]
fn a_command_that_is_unknown_is_refused() {
    judge(COMMANDS);
}

#[test]
fn a_negative_time_is_refused_by_the_flag_that_it_stands_behind() {
    judge(&[(&["probe", "--heartbeat", "-1s", ":1"], &["--heartbeat", "expected a time", "-1"])]);
}

#[test]
fn a_url_in_the_place_of_a_command_is_told_two_lines() {
    let ran = run(&["wss://x"]);
    assert_eq!(ran.stderr.lines().nth(1), Some("to talk: wscope connect wss://x"));
    assert_eq!(ran.stderr.lines().nth(2), Some("to examine: wscope probe wss://x"));
    assert_eq!(ran.stderr.lines().count(), 3);
}

#[test]
fn a_named_file_that_is_not_what_it_should_be_is_refused() {
    let folder = Folder::new("refused-files");
    let garbage = folder.file("garbage.pem", "this is no certificate\n");
    let empty = folder.file("empty.pem", "");
    let broken = folder.file("broken.toml", "growth = = 3\n");
    let odd = folder.file("odd.toml", "\ngrown = 3\n");
    let headers = folder.file("headers", "X-A: 1\nwrong\n");
    let rows: [(&str, &str, &[&str]); 5] = [
        ("--ca", &garbage, &["--ca", "garbage.pem", "PEM"]),
        ("--ca", &empty, &["--ca", "empty.pem", "PEM"]),
        ("--reconnect-profile", &broken, &["--reconnect-profile", "broken.toml", "line 1"]),
        ("--reconnect-profile", &odd, &["--reconnect-profile", "line 2", "grown"]),
        ("--header", &headers, &["--header", "line 2", "wrong"]),
    ];
    for (flag, file, wanted) in rows {
        let value = if flag == "--header" { format!("@{file}") } else { file.to_owned() };
        judge_one(&["probe", flag, &value, ":1"], wanted);
    }
}

#[test]
fn a_secret_is_not_repeated_in_a_refusal() {
    let rows: [&[&str]; 5] = [
        &["probe", "-H", "Authorization s3cret", ":1"],
        &["probe", "-H", "Authorization: s3cret\nX: y", ":1"],
        &["probe", "--bearer", "s3cret\n", ":1"],
        &["wss://ana:s3cret@h/"],
        &["probe", "ws//ana:s3cret@h/"],
    ];
    for args in rows {
        let ran = run(args);
        assert_eq!(ran.code, 2, "{args:?}");
        assert!(!ran.stderr.contains("s3cret"), "{args:?}: {}", ran.stderr);
    }
}

fn judge(table: &[Refused]) {
    for (args, wanted) in table {
        judge_one(args, wanted);
    }
}

fn judge_one(args: &[&str], wanted: &[&str]) {
    let ran = run(args);
    assert_eq!(ran.code, 2, "{args:?}: {}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout, "", "{args:?}: stdout stays empty");
    let first = ran.stderr.lines().next().unwrap_or_default();
    assert!(first.starts_with("error: "), "{args:?}: {first}");
    assert!(!first.ends_with('.'), "{args:?}: {first}");
    for part in wanted {
        assert!(first.contains(part), "{args:?}: no {part:?} in {first:?}");
    }
    assert!(ran.stderr.lines().count() <= 3, "{args:?}: {}", ran.stderr);
    assert!(!ran.stderr.contains("panicked") && !ran.stderr.contains('\x1b'), "{args:?}: {}", ran.stderr);
}

/// A folder of the test's own, taken away at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_file_of_certificates_is_read_with_a_limit() {
    let ran = run(&["probe", "--ca", "/dev/zero", ":1"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("expected at most 16 MiB, got more"), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_writes_to_is_not_waited_for_without_end() {
    let folder = Folder::new("pipe");
    let pipe = folder.0.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let pipe = pipe.to_str().unwrap();
    let flags = ["--rules", "--heartbeat-file", "--ca"];
    let ran: Vec<_> = std::thread::scope(|scope| {
        let running = flags.map(|flag| scope.spawn(move || run(&["probe", flag, pipe, ":1"])));
        running.map(|one| one.join().unwrap()).into_iter().collect()
    });
    for (flag, ran) in flags.iter().zip(ran) {
        assert_eq!(ran.code, 2, "{flag}: {}", ran.stderr);
        let first = ran.stderr.lines().next().unwrap_or_default();
        assert!(first.contains(flag) && first.contains("nobody writes to"), "{first}");
    }
}
