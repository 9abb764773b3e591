//! Whole screens of the real binary, held to the character; what differs from run to run is replaced. And: colour adds,
//! it never tells.
//!
//! Owns the replacing. The screens themselves are below `snapshots/`.

use regex::{Captures, Regex};

use super::run;

/// A hold with two drops and a good end; the seed makes the waits the same each time.
const TWO_DROPS: [&str; 10] = [
    "probe",
    "--demo=fin@600ms",
    "--hold",
    "1700ms",
    "--heartbeat-preset",
    "heartcheck",
    "--reconnect",
    "--reconnect-delay",
    "100ms",
    "--seed=7",
];

#[test]
fn a_healthy_probe_is_one_line_and_its_phases() {
    let ran = run(&["probe", "--demo", "--color", "never"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("healthy", steady(&ran.stdout));
}

#[test]
fn a_refusal_shows_the_whole_answer() {
    let ran = run(&["probe", "--demo=reject=426", "--color", "never"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (15, ""));
    insta::assert_snapshot!("refused", steady(&ran.stdout));
}

#[test]
fn a_hold_tells_each_drop_and_each_retry_and_ends_with_the_verdict() {
    let ran = run(&[&TWO_DROPS[..], &["--color", "never"]].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (22, ""));
    insta::assert_snapshot!("two_drops", steady(&ran.stdout));
}

#[test]
fn an_invalid_upgrade_shows_what_was_expected() {
    let ran = run(&["probe", "--demo=bad-accept=rfc", "--color", "never"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (16, ""));
    insta::assert_snapshot!("bad_accept", steady(&ran.stdout));
}

#[test]
fn a_close_with_a_code_is_told_with_its_reason() {
    let ran = run(&["probe", "--demo=close=4001:expired@300ms", "--color", "never"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (21, ""));
    insta::assert_snapshot!("closed_with_code", steady(&ran.stdout));
}

#[test]
fn colour_adds_and_never_tells() {
    let lines: [&[&str]; 5] = [
        &["probe", "--demo"],
        &["probe", "--demo=reject=426"],
        &["probe", "--demo", "-s", "chat"],
        &["probe", "--demo=close=4001:expired@100ms", "-vvv"],
        &TWO_DROPS,
    ];
    let escape = Regex::new("\x1b\\[[0-9;]*m").unwrap();
    for line in lines {
        let coloured = run(&[line, &["--color", "always"]].concat());
        let plain = run(&[line, &["--color", "never"]].concat());
        assert!(coloured.stdout.contains('\x1b'), "{line:?}: no colour at all");
        assert!(!plain.stdout.contains('\x1b'), "{line:?}: colour against the user's wish");
        let bare = escape.replace_all(&coloured.stdout, "");
        assert!(!bare.contains('\x1b'), "{line:?}: an escape that is no colour");
        assert_eq!(without_figures(&bare), without_figures(&plain.stdout), "{line:?}");
        assert_eq!(coloured.code, plain.code, "{line:?}");
    }
}

#[test]
fn a_pipe_has_no_colour_of_itself() {
    let ran = run(&["probe", "--demo=reject=426"]);
    assert!(!ran.stdout.contains('\x1b'), "{}", ran.stdout);
}

#[test]
fn nothing_that_wscope_words_is_wider_than_96_or_has_blanks_at_its_end() {
    let lines: [&[&str]; 8] = [
        &["probe", "--demo"],
        &["probe", "--demo=reject=426"],
        &["probe", "--demo=reject=503;retry-after=5"],
        &["probe", "--demo=no-answer", "--connect-timeout=300ms"],
        &["probe", "--demo=no-pong", "--heartbeat-timeout=300ms"],
        &["probe", "--demo=close=1006"],
        &["probe", "--demo=close=4001:expired"],
        &TWO_DROPS,
    ];
    for line in lines {
        let ran = run(line);
        for text in ran.stdout.lines() {
            assert!(text.chars().count() <= 96, "{line:?}: {} wide: {text}", text.chars().count());
            assert_eq!(text, text.trim_end(), "{line:?}: blanks at the end");
        }
        assert!(ran.stdout.is_ascii(), "{line:?}: {}", ran.stdout);
        let exit = format!("(exit {})\n", ran.code);
        assert!(ran.code == 0 || ran.stdout.contains(&exit), "{line:?}: {exit:?} is folded: {}", ran.stdout);
    }
}

/// Ports, times, keys and the version replaced; columns keep their width.
fn steady(text: &str) -> String {
    let replaced = [
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"wscope/\d+\.\d+\.\d+", "wscope/VERSION"),
        (r"expected [A-Za-z0-9+/]{27}= \(for the key [A-Za-z0-9+/]{22}==\)", "expected ACCEPT (for the key KEY)"),
        (r"\(\d+\.\d to \d+\.\d m?s\)", "(T to T)"),
        // Where a sentence is folded depends on the width of its figures.
        (r"heartbeat due in\s+\d+\.\d m?s", "heartbeat due in T"),
    ];
    let mut text = text.to_owned();
    for (pattern, with) in replaced {
        text = Regex::new(pattern).unwrap().replace_all(&text, with).into_owned();
    }
    let stamp = Regex::new(r"(?m)^( *\d+\.\d{3})  ").unwrap();
    let text = stamp.replace_all(&text, |found: &Captures| format!("{:>width$}  ", "T", width = found[1].len()));
    let column = Regex::new(r"(  +)(\d+\.\d m?s)").unwrap();
    let text = column.replace_all(&text, |found: &Captures| format!("{:>width$}", "T", width = found[0].len()));
    Regex::new(r"\b\d+(\.\d+)? m?s\b").unwrap().replace_all(&text, "T").into_owned()
}

/// Every figure, and the blanks before it, are one N; a fold is a blank.
fn without_figures(text: &str) -> String {
    let hex = Regex::new(r"(?m)^( *)[0-9a-f]{4}  [0-9a-f ]+.*$").unwrap();
    let secret = Regex::new(r"[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{27}=").unwrap();
    let figure = Regex::new(r"\s*\d+(\.\d+)?( m?s\b)?").unwrap();
    let blank = Regex::new(r"\s+").unwrap();
    let text = hex.replace_all(text, "$1HEX");
    let text = secret.replace_all(&text, "SECRET");
    let text = figure.replace_all(&text, " N");
    blank.replace_all(&text, " ").into_owned()
}
