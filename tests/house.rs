//! The judge of the house rules: floors, bans, sizes, fresh generated files, and a test for every finding.
//!
//! Owns the rules as tables and regexes; how source is read is `house/scan.rs`. `WSCOPE_BLESS=1` writes the generated
//! files anew instead of comparing them.

#![allow(clippy::unwrap_used)]

#[path = "house/scan.rs"]
mod scan;

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use scan::Source;

/// Which top modules a top module may use; itself always.
const FLOORS: &[(&str, &[&str])] = &[
    ("moment", &[]),
    ("wire", &["moment"]),
    ("event", &["moment", "wire"]),
    ("watch", &["moment", "wire", "event"]),
    ("fault", &["moment", "wire", "event"]),
    ("diagnose", &["moment", "wire", "event", "watch"]),
    ("exam", &["moment", "wire", "event", "watch"]),
    ("net", &["moment", "wire", "event", "watch", "fault"]),
    ("report", &["moment", "wire", "event"]),
    ("cmd", &["moment", "wire", "event", "watch", "fault", "diagnose", "exam", "net", "report"]),
    ("cli", &["moment", "wire", "event", "watch", "fault", "diagnose", "exam", "net", "report", "cmd"]),
    ("main", &["moment", "wire", "event", "watch", "fault", "diagnose", "exam", "net", "report", "cmd", "cli"]),
    ("lib", &[]),
];

/// Floors 0 to 2: decisions only.
const PURE: [&str; 7] = ["moment", "wire", "event", "watch", "fault", "diagnose", "exam"];

/// What touches the outside; not for pure modules.
const OUTSIDE: [&str; 25] = [
    "tokio",
    "tokio_tungstenite",
    "tungstenite",
    "tokio_rustls",
    "rustls",
    "socket2",
    "libc",
    "hyper",
    "clap",
    "rustyline",
    "colored",
    "rand",
    "indicatif",
    "rpassword",
    "std::net",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::os",
];

/// Paths that one file alone may use outside tests.
const ONLY_IN: &[(&str, &str)] = &[
    ("Instant::now", "net/clock.rs"),
    ("SystemTime::now", "net/clock.rs"),
    ("io::stdout", "report/sink.rs"),
    ("io::stderr", "report/sink.rs"),
    ("process::exit", "no file at all"),
    ("process::abort", "no file at all"),
];

/// Text in code that one file alone may have outside tests.
const ONLY_TEXT_IN: &[(&str, &str)] = &[
    (r"\b(?:e?print(?:ln)?|dbg)!", "report/sink.rs"),
    (r"\.unwrap\(\)", "no file at all"),
    (r"\bunsafe\b", "net/kernel.rs"),
];

/// Lines of a file before its tests: the 400 of the house, and a little air.
const LENGTH_MAX: usize = 420;

#[test]
fn lower_floors_never_use_higher_ones() {
    assert_none(judge(floors));
}

#[test]
fn decisions_touch_nothing_outside() {
    assert_none(judge(bans));
}

#[test]
fn clocks_output_and_unsafe_have_one_place_each() {
    assert_none(judge(single_places));
}

#[test]
fn files_say_what_they_own_and_stay_short() {
    assert_none(judge(shape));
}

#[test]
fn the_changelog_has_room_for_the_next_release() {
    assert!(read("CHANGELOG.md").lines().any(|line| line == "## [Unreleased]"), "CHANGELOG.md: no ## [Unreleased]");
}

#[test]
fn completions_and_man_page_are_fresh() {
    for (name, content) in wscope::cli::generate::files() {
        assert_fresh(&format!("completions/{name}"), &String::from_utf8(content).unwrap());
    }
}

#[test]
fn the_page_of_heartbeats_is_fresh() {
    assert_fresh("docs/heartbeats.md", &wscope::watch::presets::heartbeats_markdown());
}

#[test]
fn every_check_of_deep_is_explained() {
    let checks: Vec<&str> = wscope::exam::deep::checks(true).map(|check| check.id).collect();
    let mut explained: Vec<&str> = wscope::diagnose::explain::checks::ids().collect();
    let missing: Vec<&&str> = checks.iter().filter(|id| !explained.contains(id)).collect();
    explained.retain(|id| !checks.contains(id));
    assert!(missing.is_empty() && explained.is_empty(), "not explained: {missing:?}; no check: {explained:?}");
}

#[test]
fn the_page_of_findings_is_fresh() {
    assert_fresh("docs/findings.md", &wscope::diagnose::explain::findings_markdown());
}

#[test]
fn the_exit_codes_of_the_readme_are_fresh() {
    let readme = read("README.md");
    let (before, rest) = readme.split_once("<!-- exit codes -->").expect("README.md marks its exit codes");
    let (_, after) = rest.split_once("<!-- /exit codes -->").expect("README.md marks the end of its exit codes");
    let rows: String =
        wscope::event::Exit::ALL.iter().map(|exit| format!("| {} | {} |\n", exit.code(), exit.meaning())).collect();
    let table = format!("\n| code | meaning |\n|---|---|\n{rows}");
    assert_fresh("README.md", &format!("{before}<!-- exit codes -->{table}<!-- /exit codes -->{after}"));
}

#[test]
fn every_finding_has_a_test_that_names_it() {
    let mut text = String::new();
    for path in files_under("tests") {
        text.push_str(&String::from_utf8_lossy(&fs::read(path).unwrap()));
    }
    for source in sources() {
        text.push_str(&source.test_text());
    }
    let named = |code: &str| text.contains(&format!("\"{code}\"")) || text.contains(&format!("[{code}]"));
    let missing: Vec<&str> =
        wscope::event::codes::ENTRIES.iter().map(|entry| entry.code).filter(|code| !named(code)).collect();
    assert!(missing.is_empty(), "no test produces: {missing:?}");
}

#[test]
fn no_file_names_a_place_of_one_machine() {
    let places = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
    let mut found = Vec::new();
    let folders = ["src", "tests", "docs", "completions", "benches", ".ci"].into_iter().flat_map(files_under);
    for path in folders.chain(["README.md", "CHANGELOG.md", "Cargo.toml"].map(|name| root().join(name))) {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for place in places.iter().filter(|place| text.contains(**place)) {
            found.push(format!("{}: {place}", path.display()));
        }
    }
    assert_none(found);
}

/// Does `source` use what stands above it?
fn floors(source: &Source) -> Vec<String> {
    let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == source.module()) else {
        return vec![format!("{}: the module {} stands on no floor", source.name, source.module())];
    };
    if source.module() == "lib" {
        return Vec::new();
    }
    let mut found = Vec::new();
    for used in &source.paths {
        let supers = used.path.split("::").take_while(|part| *part == "super").count();
        // Inside `mod tests { ... }` of the same file, one `super` leads to the file's own module.
        let inline = usize::from(used.test && !source.name.ends_with("tests.rs"));
        if supers > 0 && supers >= source.depth() + inline {
            found.push(format!("{}:{}: {} leaves the module, write crate::", source.name, used.line, used.path));
        }
        let Some(rest) = used.path.strip_prefix("crate::").or_else(|| used.path.strip_prefix("wscope::")) else {
            continue;
        };
        let module = rest.split("::").next().unwrap_or_default();
        let known = FLOORS.iter().any(|(name, _)| *name == module);
        if known && module != source.module() && !allowed.contains(&module) {
            found.push(format!("{}:{}: {} may not use {module}", source.name, used.line, source.module()));
        }
    }
    found
}

/// Does a pure module touch the outside?
fn bans(source: &Source) -> Vec<String> {
    if !PURE.contains(&source.module()) {
        return Vec::new();
    }
    let banned = |path: &str| {
        OUTSIDE.iter().any(|ban| path.strip_prefix(ban).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")))
    };
    let used = source.paths.iter().filter(|used| !used.test && banned(&used.path));
    used.map(|used| format!("{}:{}: {} in a pure module", source.name, used.line, used.path)).collect()
}

/// Does anything stand outside its one place?
fn single_places(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (ban, place) in ONLY_IN.iter().filter(|(_, place)| *place != source.name) {
        let bound = |path: &str| {
            path.match_indices(ban).any(|(at, _)| {
                let end = &path[at + ban.len()..];
                (at == 0 || path[..at].ends_with("::")) && (end.is_empty() || end.starts_with("::"))
            })
        };
        let used = source.paths.iter().filter(|used| !used.test && bound(&used.path));
        found.extend(used.map(|used| format!("{}:{}: {} (only in {place})", source.name, used.line, used.path)));
    }
    for (pattern, place) in ONLY_TEXT_IN.iter().filter(|(_, place)| *place != source.name) {
        let pattern = Regex::new(pattern).unwrap();
        for (index, line) in source.lines.iter().enumerate().filter(|(_, line)| !line.test) {
            if let Some(hit) = pattern.find(&line.code) {
                found.push(format!("{}:{}: {} (only in {place})", source.name, index + 1, hit.as_str()));
            }
        }
    }
    found
}

/// Does the file open with what it owns, and is it short?
fn shape(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    if !source.raw.starts_with("//!") {
        found.push(format!("{}: does not open with //!", source.name));
    }
    if source.length() > LENGTH_MAX {
        found.push(format!("{}: {} lines before its tests, {LENGTH_MAX} at most", source.name, source.length()));
    }
    found
}

fn judge(rule: fn(&Source) -> Vec<String>) -> Vec<String> {
    sources().iter().flat_map(rule).collect()
}

fn assert_none(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

fn assert_fresh(name: &str, wanted: &str) {
    let path = root().join(name);
    if std::env::var_os("WSCOPE_BLESS").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, wanted).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == wanted,
        "{name} is not what the code makes; WSCOPE_BLESS=1 cargo test --test house writes it anew"
    );
}

fn sources() -> Vec<Source> {
    let folder = root().join("src");
    let rust = files_under("src").into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    let sources = rust.map(|path| {
        let name = path.strip_prefix(&folder).unwrap().to_string_lossy().replace('\\', "/");
        Source::new(&name, &fs::read_to_string(&path).unwrap())
    });
    sources.collect()
}

/// Every file below a folder of the repository; none if there is no such folder. What Python leaves behind is skipped.
fn files_under(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() && !path.ends_with("__pycache__") {
                folders.push(path);
            } else if path.is_file() {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_default()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn found_in(rule: fn(&Source) -> Vec<String>, name: &str, raw: &str) -> usize {
    rule(&Source::new(name, raw)).len()
}

#[test]
fn a_use_of_a_higher_floor_is_found() {
    let table = [
        ("watch/life.rs", "use crate::net::clock::Clock;", 1),
        ("watch/life.rs", "use crate::{event::Event, report::Sink};", 1),
        ("watch/life.rs", "fn f() { crate::cmd::run(); }", 1),
        ("watch/life.rs", "#[cfg(test)]\nmod tests {\n    use crate::net::link;\n}\n", 1),
        ("watch/life.rs", "use super::super::net::link;", 1),
        ("watch/mod.rs", "use super::net::link;", 1),
        ("event/mod.rs", "use crate::watch::Life;", 1),
        ("exam/plan.rs", "use crate::watch::Life;\nuse crate::fault::Spec;", 1),
        ("report/mod.rs", "use crate::net::clock;", 1),
        ("newcomer/mod.rs", "", 1),
        ("watch/life.rs", "use crate::event::Event;\nuse super::heartbeat::Plan;\n// crate::net\n", 0),
        ("watch/mod.rs", "#[cfg(test)]\nmod tests {\n    use super::*;\n}\n", 0),
        ("watch/life/tests.rs", "use super::*;\nuse super::super::heartbeat;\n", 0),
        ("cli/mod.rs", "use crate::cmd::probe;\nuse crate::moment::Span;", 0),
    ];
    for (name, raw, count) in table {
        assert_eq!(found_in(floors, name, raw), count, "{name}: {raw}");
    }
}

#[test]
fn a_touch_of_the_outside_is_found() {
    let table = [
        ("wire/scan.rs", "use tokio::io::AsyncRead;", true),
        ("wire/scan.rs", "use std::{fmt, net::IpAddr};", true),
        ("exam/exam.rs", "let now = std::time::Instant::now();", true),
        ("exam/exam.rs", "use std::time::{Duration, SystemTime};", true),
        ("watch/life.rs", "use rand::Rng;", true),
        ("watch/life.rs", "use std::io::stderr;", true),
        ("watch/life.rs", "use std::time::Duration;\nuse std::io::Read;\nlet random = 1; // rand::random\n", false),
        ("watch/life.rs", "#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n", false),
        ("net/dial.rs", "use tokio::net::TcpStream;", false),
    ];
    for (name, raw, told) in table {
        let found = bans(&Source::new(name, raw));
        assert_eq!(!found.is_empty(), told, "{name}: {raw}: {found:?}");
    }
}

#[test]
fn what_stands_outside_its_place_is_found() {
    let table = [
        ("net/dial.rs", "let now = Instant::now();", true),
        ("net/dial.rs", "let now = tokio::time::Instant::now();", true),
        ("net/clock.rs", "let now = tokio::time::Instant::now();", false),
        ("cmd/probe.rs", "println!(\"x\");", true),
        ("cmd/probe.rs", "eprint!(\"x\");", true),
        ("cmd/probe.rs", "let out = std::io::stdout();", true),
        ("cmd/probe.rs", "let out = Sink::stdout();", false),
        ("report/sink.rs", "eprintln!(\"x\"); let out = std::io::stdout();", false),
        ("main.rs", "std::process::exit(1)", true),
        ("main.rs", "std::process::ExitCode::from(1)", false),
        ("wire/scan.rs", "let x = y.unwrap();", true),
        ("wire/scan.rs", "let x = y.unwrap_or(1); // .unwrap()", false),
        ("wire/scan.rs", "#[cfg(test)]\nmod tests {\n    fn f() { x.unwrap(); }\n}\n", false),
        ("net/tap.rs", "unsafe { x() }", true),
        ("net/kernel.rs", "unsafe { x() }", false),
    ];
    for (name, raw, told) in table {
        let found = single_places(&Source::new(name, raw));
        assert_eq!(!found.is_empty(), told, "{name}: {raw}: {found:?}");
    }
}

#[test]
fn a_file_without_a_head_or_an_end_is_found() {
    let long = format!("//! Owns.\n{}", "fn f() {}\n".repeat(LENGTH_MAX));
    let tests = format!("//! Owns.\n#[cfg(test)]\nmod tests {{\n{}}}\n", "    fn f() {}\n".repeat(LENGTH_MAX));
    assert_eq!(found_in(shape, "wire/a.rs", "use x;\n"), 1);
    assert_eq!(found_in(shape, "wire/a.rs", &long), 1);
    assert_eq!(found_in(shape, "wire/a.rs", &tests), 0);
}
