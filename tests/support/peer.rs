//! Servers in other languages, of `tests/peers`. Each prints `PORT <n>` and ends with its stdin. A peer whose package
//! is absent is skipped, or, with `WSCOPE_PEERS=required`, fails the test.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::run::{all_of, lines_of};
use super::skipped;

/// How long an interpreter may take until its server listens.
const START: Duration = Duration::from_secs(60);

/// A server process. It is killed when this goes.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    pub port: u16,
}

impl Peer {
    /// A script for Python (`WSCOPE_PEER_PYTHON`, or `python3`).
    pub fn python(script: &str, args: &[&str]) -> Option<Peer> {
        let program = std::env::var_os("WSCOPE_PEER_PYTHON").unwrap_or_else(|| OsString::from("python3"));
        let mut command = Command::new(program);
        command.env("PYTHONDONTWRITEBYTECODE", "1").arg(path(script)).args(args);
        start(command, &format!("{script}, or the package that it needs,"))
    }

    /// A script for Node (`WSCOPE_PEER_NODE_PATH` names the folder of its packages).
    pub fn node(script: &str, args: &[&str]) -> Option<Peer> {
        let mut command = Command::new("node");
        if let Some(packages) = std::env::var_os("WSCOPE_PEER_NODE_PATH") {
            command.env("NODE_PATH", packages);
        }
        command.arg(path(script)).args(args);
        start(command, &format!("{script}, or the package that it needs,"))
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its URL without TLS.
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port)
    }

    /// Its URL with TLS.
    pub fn tls_url(&self) -> String {
        format!("wss://127.0.0.1:{}/", self.port)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn path(script: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "peers", script].iter().collect()
}

fn start(mut command: Command, what: &str) -> Option<Peer> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        skipped(what);
        return None;
    };
    let lines = lines_of(child.stdout.take().expect("stdout is a pipe"));
    let stderr = all_of(child.stderr.take().expect("stderr is a pipe"));
    let first = lines.recv_timeout(START).unwrap_or_default();
    if let Some(port) = first.trim().strip_prefix("PORT ").and_then(|port| port.parse().ok()) {
        return Some(Peer { child, port });
    }
    let _ = child.kill();
    let _ = child.wait();
    let told = stderr.join().expect("stderr is read");
    let absent = ["ModuleNotFoundError", "Cannot find module"].iter().any(|word| told.contains(word));
    assert!(absent, "{command:?} does not serve: {first:?}\n{told}");
    skipped(what);
    None
}
