//! `wscope serve` whose log is read while it runs. Owns that one process, its end and its memory; it judges nothing.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{run, wscope};

/// Nothing that is waited for takes longer, even on a slow machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A server on a free port; killed when it goes.
#[derive(Debug)]
pub struct Served {
    child: Child,
    /// As told on its first line.
    pub url: String,
    lines: Receiver<String>,
    log: Receiver<String>,
    stdout: String,
    /// The log so far on one line: what was broken into columns stands together again.
    told: String,
}

/// A server that ended.
#[derive(Debug)]
pub struct Stopped {
    pub code: i32,
    pub stdout: String,
    /// The whole log on one line.
    pub log: String,
    /// Since its end was asked for.
    pub took: Duration,
}

impl Served {
    /// On a free port of 127.0.0.1, and listening.
    pub fn start(args: &[&str]) -> Served {
        Served::at("127.0.0.1:0", args)
    }

    /// On this address.
    pub fn at(address: &str, args: &[&str]) -> Served {
        let mut command = wscope();
        command.args(["serve", address, "--color", "never"]).args(args);
        Served::of(command)
    }

    /// On a free port, below a shell that runs `before` first (`ulimit -n 64`).
    pub fn below_shell(before: &str, args: &[&str]) -> Served {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{before}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_wscope")]);
        command.args(["serve", "127.0.0.1:0", "--color", "never"]).args(args);
        Served::of(command)
    }

    fn of(mut command: Command) -> Served {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = run::lines_of(child.stdout.take().unwrap());
        let log = run::lines_of(child.stderr.take().unwrap());
        let (url, stdout, told) = (String::new(), String::new(), String::new());
        let mut served = Served { child, url, lines, log, stdout, told };
        served.url = served.listening();
        served
    }

    /// The URL of the line `listening on URL`, or of the event.
    fn listening(&mut self) -> String {
        loop {
            let Ok(line) = self.lines.recv_timeout(LIMIT) else {
                self.read_log_to_its_end();
                panic!("the server does not listen: {}{}", self.stdout, self.told)
            };
            self.stdout.push_str(&line);
            if let Some(url) = line.strip_prefix("listening on ") {
                return url.trim().to_owned();
            }
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            if event["type"] == "listening" {
                return event["url"].as_str().unwrap().to_owned();
            }
        }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.url.split('/').nth(2).unwrap_or_default().to_owned()
    }

    /// Waits until this stands in the log; the whole log so far.
    pub fn tells(&mut self, part: &str) -> &str {
        let end = Instant::now() + LIMIT;
        while !self.told.contains(part) {
            match self.log.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.remember(&line),
                Err(why) => panic!("{part:?} is not in the log ({why}): {}", self.told),
            }
        }
        &self.told
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let line = format!("kill -s {name} {}", self.id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success(), "{line}");
    }

    /// Its resident memory; none where the system does not tell.
    pub fn memory_kib(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches("kB").trim().parse().ok()
    }

    /// Ends it as Ctrl-C does.
    pub fn stop(self) -> Stopped {
        self.signal("INT");
        self.finish()
    }

    /// Waits until it has ended by itself.
    pub fn finish(mut self) -> Stopped {
        let begun = Instant::now();
        loop {
            match self.lines.recv_timeout(LIMIT.saturating_sub(begun.elapsed())) {
                Ok(line) => self.stdout.push_str(&line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the server does not end: {}", self.told),
            }
        }
        self.read_log_to_its_end();
        let status = self.child.wait().unwrap();
        let code = status.code().unwrap_or_else(|| panic!("{status}: {}", self.told));
        let (stdout, log) = (std::mem::take(&mut self.stdout), std::mem::take(&mut self.told));
        Stopped { code, stdout, log, took: begun.elapsed() }
    }

    fn read_log_to_its_end(&mut self) {
        while let Ok(line) = self.log.recv_timeout(LIMIT) {
            self.remember(&line);
        }
    }

    fn remember(&mut self, line: &str) {
        for word in line.split_whitespace() {
            self.told.push_str(word);
            self.told.push(' ');
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
