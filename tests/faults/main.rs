//! The fault matrix: every row of `docs/faults.md` is done to a probe, by `--demo` and by path at a server of its own,
//! and must lead to the finding and the exit code that stand there.
//!
//! Owns the reading of that table; what the findings mean is `event::codes`.

#![allow(clippy::unwrap_used)]

mod server;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use server::Server;
use support::{Ran, probe};
use wscope::event::{Exit, codes};
use wscope::fault::spec;

/// So many probes at once: more would measure this machine and not the faults.
const AT_ONCE: usize = 4;

/// The limits that the table is written for.
const LIMITS: [&str; 4] = ["--heartbeat-timeout", "500ms", "--connect-timeout", "1s"];

/// One row of the table.
#[derive(Clone, Debug)]
struct Row {
    /// None: nothing wrong.
    spec: Option<String>,
    /// The code of the first of the worst findings; none: nothing above a note.
    finding: Option<String>,
    exit: u8,
}

#[test]
fn the_page_of_faults_is_whole() {
    let rows = rows();
    assert_eq!(rows.iter().filter(|row| row.spec.is_none()).count(), 1, "one row is (none)");
    let specs: Vec<&str> = rows.iter().filter_map(|row| row.spec.as_deref()).collect();
    let mut unique = specs.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), specs.len(), "a spec stands there twice");
    for spec in &specs {
        assert!(spec::parse(spec).is_ok(), "{spec} cannot be read");
    }
    // What only a client does wrong has no row here.
    for name in spec::NAMES.iter().filter(|name| **name != "unmasked") {
        assert!(specs.iter().any(|spec| name_of(spec) == *name), "no row for {name}");
    }
    for kind in spec::ACCEPT_KINDS {
        assert!(specs.contains(&format!("bad-accept={kind}").as_str()), "no row for bad-accept={kind}");
    }
    for row in &rows {
        assert!(Exit::ALL.iter().any(|exit| exit.code() == row.exit), "{row:?}: no such exit code");
        let known = row.finding.as_deref().is_none_or(|code| codes::entry(code).is_some());
        assert!(known, "{row:?}: no such finding");
        assert!(row.finding.is_some() || row.exit == 0, "{row:?}");
    }
}

#[test]
fn every_fault_of_the_page_is_found_by_demo() {
    each_row(
        || (),
        |(), row| {
            let demo = row.spec.as_ref().map_or("--demo".to_owned(), |spec| format!("--demo={spec}"));
            judge_json(row, &demo);
            judge_text(row, &demo);
        },
    );
}

#[test]
fn every_fault_of_the_page_is_found_by_path_and_told_by_the_server() {
    each_row(
        || Server::start(&[]),
        |server, row| {
            let path = row.spec.as_ref().map_or(String::new(), |spec| format!("fault/{}", percent_encoded(spec)));
            judge_json(row, &format!("{}{path}", server.url));
            if let Some(spec) = &row.spec {
                let told = server.fault_of_next_client();
                let wanted = log_words(spec);
                assert!(told.contains(&wanted), "{row:?}: the server's log has {told:?}, not {wanted:?}");
            }
        },
    );
}

#[test]
fn faults_of_the_command_line_are_for_every_client() {
    let mut server = Server::start(&["--fault", "close=4001:expired"]);
    let row = Row { spec: None, finding: Some("closed-with-code".to_owned()), exit: 21 };
    for _ in 0..2 {
        judge_json(&row, &server.url);
        assert!(server.fault_of_next_client().contains("Close 4001 \"expired\" sent, as asked"));
    }
}

#[test]
fn a_path_that_is_no_fault_is_refused_with_the_reason() {
    let server = Server::start(&[]);
    let url = format!("{}fault/explode", server.url);
    let ran = probe(&["--color", "never", &url]);
    assert_eq!(ran.code, 15, "{ran:?}");
    assert!(ran.stdout.contains("HTTP/1.1 400 Bad Request"), "{}", ran.stdout);
    assert!(ran.stdout.contains("expected the name of a fault like"), "{}", ran.stdout);
}

/// The finding, its severity, and one exit code in three places.
fn judge_json(row: &Row, peer: &str) {
    let Ran { code, stdout, stderr, .. } = &probe_within_limits(&[peer, "--json"]);
    assert_eq!(stderr, "", "{row:?}: stderr stays empty with --json");
    assert_eq!(*code, i32::from(row.exit), "{row:?}: exit code\n{stdout}");
    let events = support::Events::parse(stdout);
    assert_eq!(events.one("judged")["exit"], row.exit, "{row:?}: judged\n{stdout}");
    assert_eq!(events.one("run_ended")["exit"], row.exit, "{row:?}: run_ended\n{stdout}");
    let findings = events.all("finding");
    let Some(wanted) = row.finding.as_deref().map(on_this_system) else {
        assert!(findings.iter().all(|finding| finding["severity"] == "note"), "{row:?}: above a note\n{stdout}");
        return;
    };
    let first_of = |severity: &str| findings.iter().find(|finding| finding["severity"] == severity);
    let worst = first_of("error").or_else(|| first_of("warning")).or_else(|| first_of("note"));
    let code = worst.and_then(|finding| finding["code"].as_str());
    assert_eq!(code, Some(wanted), "{row:?}: the first of the worst findings\n{stdout}");
}

/// The verdict's word and the exit code, and the finding's code in brackets.
fn judge_text(row: &Row, peer: &str) {
    let ran = probe_within_limits(&[peer, "--color", "never"]);
    assert_eq!(ran.code, i32::from(row.exit), "{row:?}: exit code\n{}", ran.stdout);
    let exit = Exit::ALL.into_iter().find(|exit| exit.code() == row.exit).unwrap();
    assert_eq!(ran.first_word(), exit.word(), "{row:?}: first word\n{}", ran.stdout);
    let told = |part: &str| ran.stdout.contains(part);
    match row.finding.as_deref().map(on_this_system) {
        Some(code) => assert!(told(&format!("[{code}]")), "{row:?}: no [{code}]\n{}", ran.stdout),
        None => assert!(!told("error:") && !told("warning:"), "{row:?}\n{}", ran.stdout),
    }
}

fn probe_within_limits(args: &[&str]) -> Ran {
    let all: Vec<&str> = args.iter().chain(&LIMITS).copied().collect();
    probe(&all)
}

/// Only Linux tells whether a heartbeat was acknowledged.
fn on_this_system(code: &str) -> &str {
    match code {
        "silent-next-hop" if !cfg!(target_os = "linux") => "silent",
        code => code,
    }
}

/// What the server's log says of a spec's first fault.
fn log_words(spec: &str) -> String {
    let value = spec.split_once('=').map(|(_, value)| value.split([';', '@', ':', '+']).next().unwrap_or_default());
    match name_of(spec) {
        "reject" => format!("HTTP {}", value.unwrap_or("403")),
        "no-answer" => "no answer to the upgrade".to_owned(),
        "redirect" => "HTTP 302".to_owned(),
        "spa" => "HTTP 200".to_owned(),
        "bad-accept" if value == Some("missing") => "no Sec-WebSocket-Accept".to_owned(),
        "bad-accept" => "accept value".to_owned(),
        "no-upgrade" => "a 101 without Upgrade".to_owned(),
        "no-connection" => "a 101 without Connection".to_owned(),
        "keep-alive" => "Connection: keep-alive, Upgrade".to_owned(),
        "http10" => "HTTP/1.0 101".to_owned(),
        "extension" => "the extension".to_owned(),
        "subprotocol" => format!("the subprotocol \"{}\"", value.unwrap_or("wscope.unknown")),
        "junk" => "behind the 101 that are no frame".to_owned(),
        "slow-head" => "the 101 byte by byte".to_owned(),
        "close" => match value.unwrap_or("1000") {
            "none" => "Close without a code".to_owned(),
            code => format!("Close {code}"),
        },
        "fin" => "TCP ended without a Close frame".to_owned(),
        "rst" => "TCP reset".to_owned(),
        "no-pong" => "no ping is answered".to_owned(),
        "wrong-pong" => "every pong has another payload".to_owned(),
        "late-pong" => "every pong is held back".to_owned(),
        "close-ignored" => "no Close frame is sent".to_owned(),
        "freeze" => "reading nothing any more".to_owned(),
        "farewell" => "the message".to_owned(),
        "masked" => "a masked text frame".to_owned(),
        "rsv1" => "RSV 100".to_owned(),
        "rsv2" => "RSV 010".to_owned(),
        "rsv3" => "RSV 001".to_owned(),
        "opcode" => format!("the reserved opcode {}", value.unwrap_or("3")),
        "bad-utf8" => "not UTF-8".to_owned(),
        "bad-utf8-cut" => "a character cut in two".to_owned(),
        "fragmented-ping" => "a ping that is a fragment".to_owned(),
        "long-ping" => "a ping of 126 bytes".to_owned(),
        "interleaved" => "a message inside an unfinished one".to_owned(),
        "ping-inside" => "a ping between two fragments".to_owned(),
        "continuation" => "a continuation frame of nothing".to_owned(),
        "half-frame" => "half a frame".to_owned(),
        "oversize" => "the header of a frame of".to_owned(),
        "http-text" => "an HTTP answer between the frames".to_owned(),
        "unsolicited-pong" => "a pong that nobody asked for".to_owned(),
        "fragments" => "fragments".to_owned(),
        "latency" => "every byte leaves".to_owned(),
        "bandwidth" => "a second leave at most".to_owned(),
        "slicer" => "bytes leave in pieces of about".to_owned(),
        "limit-data" => "the stream ends after".to_owned(),
        "lifetime" | "idle" => "the connection is ended".to_owned(),
        "tls-truncate" => "without the end of TLS".to_owned(),
        "kick-all" => "every client ended at once".to_owned(),
        "flap" => "every second handshake is refused".to_owned(),
        name => panic!("{name}: no words in the log known"),
    }
}

fn name_of(spec: &str) -> &str {
    spec.split(['=', ';', '@', '+']).next().unwrap_or_default()
}

fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Does `work` to every row, some at once, each worker with what `prepare` made for it. What failed is told at the end.
fn each_row<T>(prepare: impl Fn() -> T + Sync, work: impl Fn(&mut T, &Row) + Sync) {
    let rows = rows();
    let rows = &rows[..];
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            let (next, failed, prepare, work) = (&next, &failed, &prepare, &work);
            scope.spawn(move || {
                let mut tool = prepare();
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&mut tool, row)));
                    if done.is_err() {
                        failed.lock().unwrap().push(row.clone());
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {} rows do not hold (each is told above): {failed:#?}", failed.len(), rows.len());
}

/// The rows below `| spec | what it does | finding | exit |`.
fn rows() -> Vec<Row> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/faults.md")).unwrap();
    let (_, table) = page.split_once("| spec | what it does | finding | exit |").expect("the page has the table");
    let lines = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let rows: Vec<Row> = lines.map(row).collect();
    assert!(rows.len() > 20, "the table has {} rows", rows.len());
    rows
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [spec, _, finding, exit] = cells[..] else { panic!("not four cells: {line}") };
    let code = |cell: &str| {
        let text = cell.trim_matches('`');
        assert!(!text.is_empty() && text.len() + 2 == cell.len(), "not in backticks: {line}");
        Some(text.to_owned()).filter(|text| text != "(none)")
    };
    Row { spec: code(spec), finding: code(finding), exit: exit.parse().unwrap() }
}
