//! Clients of other makers: `tests/peers/ws_client.*` and websocat. Owns how they are started and what they tell; a client
//! whose package is absent is skipped.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Running, run, skipped};

/// Nothing takes longer, an interpreter's start included.
const LIMIT: Duration = Duration::from_secs(60);

/// A language in which there is a client of `tests/peers/ws_client.*`.
#[derive(Clone, Copy, Debug)]
pub enum Language {
    Python,
    Node,
}

impl Language {
    pub const BOTH: [Language; 2] = [Language::Python, Language::Node];

    /// Runs the client with these steps to its end: what it told, each line a value. None: it is absent.
    pub fn talk(self, url: &str, steps: &[&str]) -> Option<Vec<Value>> {
        let args = [&[url][..], steps].concat();
        match self {
            Language::Python => told(python("ws_client.py", &args)?, "websockets for Python"),
            Language::Node => told(node("ws_client.js", &args)?, "ws for Node"),
        }
    }

    /// Starts the client with these steps; it has its first connection. None: it is absent.
    pub fn begin(self, url: &str, steps: &[&str]) -> Option<Running> {
        let args = [&[url][..], steps].concat();
        let (mut running, what) = match self {
            Language::Python => (python("ws_client.py", &args)?, "websockets for Python"),
            Language::Node => (node("ws_client.js", &args)?, "ws for Node"),
        };
        if running.line().is_some_and(|line| line.contains("open")) {
            return Some(running);
        }
        assert!(told(running, what).is_none(), "{what}: the client ended without a connection");
        None
    }
}

/// The values of a client's lines once it has ended well; none, and told, when its package is absent.
pub fn told(running: Running, what: &str) -> Option<Vec<Value>> {
    let ran = running.finish();
    if ["ModuleNotFoundError", "Cannot find module"].iter().any(|word| ran.stderr.contains(word)) {
        skipped(what);
        return None;
    }
    assert_eq!(ran.code, 0, "{what}: {}{}", ran.stdout, ran.stderr);
    let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    Some(ran.stdout.lines().map(read).collect())
}

/// A script of `tests/peers` in Python (`WSCOPE_PEER_PYTHON`, or `python3`); none when there is no Python.
pub fn python(script: &str, args: &[&str]) -> Option<Running> {
    let program = std::env::var_os("WSCOPE_PEER_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let mut command = Command::new(program);
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(path(script)).args(args);
    started(command, "Python")
}

/// A script of `tests/peers` in Node (`WSCOPE_PEER_NODE_PATH` names the folder of its packages); none without Node.
pub fn node(script: &str, args: &[&str]) -> Option<Running> {
    let mut command = Command::new("node");
    if let Some(packages) = std::env::var_os("WSCOPE_PEER_NODE_PATH") {
        command.env("NODE_PATH", packages);
    }
    command.arg(path(script)).args(args);
    started(command, "Node")
}

fn path(script: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "peers", script].iter().collect()
}

fn started(command: Command, what: &str) -> Option<Running> {
    let is_there = Command::new(command.get_program()).arg("--version").output().is_ok();
    if !is_there {
        skipped(what);
    }
    is_there.then(|| Running::start(command))
}

/// websocat under way (`WSCOPE_PEER_WEBSOCAT`, or from the path). It is killed when this goes.
#[derive(Debug)]
pub struct Websocat {
    child: Child,
    out: Receiver<String>,
    log: Receiver<String>,
}

impl Websocat {
    /// Starts it; none when it is absent.
    pub fn start(args: &[&str]) -> Option<Websocat> {
        let program = std::env::var_os("WSCOPE_PEER_WEBSOCAT").unwrap_or_else(|| OsString::from("websocat"));
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let Ok(mut child) = command.spawn() else {
            skipped("websocat");
            return None;
        };
        let out = run::lines_of(child.stdout.take().unwrap());
        let log = run::lines_of(child.stderr.take().unwrap());
        Some(Websocat { child, out, log })
    }

    /// Writes a line, which is one message.
    pub fn say(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().expect("its input is open");
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// The next line of its output, without the line end.
    pub fn line(&mut self) -> String {
        self.out.recv_timeout(LIMIT).expect("websocat prints a line").trim_end().to_owned()
    }

    /// Waits for a line with this in its log.
    pub fn tells(&mut self, part: &str) {
        while !self.log.recv_timeout(LIMIT).expect("websocat tells it").contains(part) {}
    }

    /// Ends its input and waits for its end: the rest of its output.
    pub fn finish(mut self) -> Vec<String> {
        drop(self.child.stdin.take());
        let mut rest = Vec::new();
        loop {
            match self.out.recv_timeout(LIMIT) {
                Ok(line) => rest.push(line.trim_end().to_owned()),
                Err(RecvTimeoutError::Disconnected) => return rest,
                Err(error) => panic!("websocat does not end: {error}"),
            }
        }
    }
}

impl Drop for Websocat {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
