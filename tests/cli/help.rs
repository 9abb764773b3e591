//! The two lengths of help: one screen, and all with the exit codes.

use wscope::event::Exit;

use super::run;

const COMMANDS: [&[&str]; 4] = [&[], &["probe"], &["serve"], &["explain"]];

#[test]
fn the_short_help_is_one_screen_on_stdout() {
    for command in COMMANDS {
        let ran = run(&[command, &["-h"]].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{command:?}");
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert!(lines.len() <= 45, "{command:?}: {} lines", lines.len());
        let wide: Vec<&&str> = lines.iter().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{command:?}: wider than 80: {wide:#?}");
        assert!(ran.stdout.is_ascii() && !ran.stdout.contains('\x1b'), "{command:?}");
        assert!(ran.stdout.contains("Examples:"), "{command:?}");
    }
}

#[test]
fn the_short_help_of_probe_has_fifteen_flags_at_most() {
    let ran = run(&["probe", "-h"]);
    let flags = ran.stdout.lines().filter(|line| line.starts_with("  -") || line.starts_with("      --"));
    let flags: Vec<&str> = flags.filter(|line| !line.contains("--help")).collect();
    assert!(flags.len() <= 15, "{flags:#?}");
}

#[test]
fn the_long_help_has_every_exit_code() {
    for command in COMMANDS {
        let ran = run(&[command, &["--help"]].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{command:?}");
        for exit in Exit::ALL {
            let row = format!("{:>3}  {}", exit.code(), exit.meaning());
            assert!(ran.stdout.lines().any(|line| line.trim_start() == row.trim_start()), "{command:?}: no {row}");
        }
    }
}

#[test]
fn every_exit_code_can_be_explained() {
    for exit in Exit::ALL {
        let ran = run(&["explain", &format!("exit {}", exit.code())]);
        assert_eq!(ran.code, 0, "exit {}: {}", exit.code(), ran.stderr);
        assert!(ran.stdout.contains(exit.meaning()), "exit {}: {}", exit.code(), ran.stdout);
    }
}

#[test]
fn explain_alone_lists_every_word() {
    let ran = run(&["explain"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    for part in ["upgrade-stripped", "fin-no-close", "haproxy", "proxy_read_timeout", "discord", "heartcheck", "P17"] {
        assert!(ran.stdout.contains(part), "no {part:?} in {}", ran.stdout);
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let ran = run(&["--version"]);
    assert_eq!(ran.code, 0);
    assert_eq!(ran.stdout, format!("wscope {}\n", env!("CARGO_PKG_VERSION")));
}
