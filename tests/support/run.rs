//! wscope as a process: started, read line by line, awaited with a hard limit. Waiting is always for a line or for the
//! end of the output, never for time to pass.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::events::Events;

/// No run of a test takes longer; then it is killed and the test fails.
const LIMIT: Duration = Duration::from_secs(90);

/// Variables that would change what wscope does or shows.
const FOREIGN: [&str; 9] = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "NO_COLOR",
    "SSLKEYLOGFILE",
    "SSL_CERT_FILE",
];

/// A run that ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Ran {
    /// The events of a run with `--json`.
    pub fn events(&self) -> Events {
        Events::parse(&self.stdout)
    }

    /// The first word of the text.
    pub fn first_word(&self) -> &str {
        self.stdout.split_whitespace().next().unwrap_or_default()
    }

    /// The verdict's word of a run that prints lines before its last block.
    pub fn has_verdict(&self, word: &str) -> bool {
        self.stdout.lines().any(|line| line.split_whitespace().next() == Some(word))
    }
}

/// The binary under test, with nothing in its environment that bends it.
pub fn wscope() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wscope"));
    for name in FOREIGN {
        command.env_remove(name);
    }
    command
}

/// Runs `wscope probe` with these arguments to its end.
pub fn probe(args: &[&str]) -> Ran {
    Running::probe(args).finish()
}

/// A process whose output is read while it runs. It is killed when this goes.
#[derive(Debug)]
pub struct Running {
    child: Child,
    shown: String,
    lines: Receiver<String>,
    stdout: String,
    stderr: Option<JoinHandle<String>>,
    begun: Instant,
}

impl Running {
    /// Starts `wscope probe`.
    pub fn probe(args: &[&str]) -> Running {
        let mut command = wscope();
        command.arg("probe").args(args);
        Running::start(command)
    }

    /// Starts any command; its stdin is empty.
    pub fn start(mut command: Command) -> Running {
        let shown = cut(&format!("{command:?}"), 600);
        let begun = Instant::now();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{shown}: {error}"));
        let lines = lines_of(child.stdout.take().expect("stdout is a pipe"));
        let stderr = Some(all_of(child.stderr.take().expect("stderr is a pipe")));
        Running { child, shown, lines, stdout: String::new(), stderr, begun }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of stdout; none at its end.
    pub fn line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(LIMIT.saturating_sub(self.begun.elapsed())) {
            Ok(line) => {
                self.stdout.push_str(&line);
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                let _ = self.child.kill();
                panic!("{} did not end within {LIMIT:?}; so far:\n{}", self.shown, self.stdout)
            }
        }
    }

    /// Reads lines until one is wanted.
    pub fn line_with(&mut self, part: &str) -> String {
        while let Some(line) = self.line() {
            if line.contains(part) {
                return line;
            }
        }
        panic!("{} ended without {part:?}:\n{}", self.shown, self.stdout)
    }

    /// Reads lines of `--json` until an event of this type.
    pub fn event(&mut self, kind: &str) -> Value {
        let line = self.line_with(&format!("\"type\":\"{kind}\""));
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Reads on until the process ends.
    pub fn finish(mut self) -> Ran {
        while self.line().is_some() {}
        let status = self.child.wait().expect("the process can be waited for");
        let stderr = self.stderr.take().map(|thread| thread.join().expect("stderr is read")).unwrap_or_default();
        let code = status.code().unwrap_or_else(|| panic!("{}: {status}\n{stderr}", self.shown));
        Ran { code, stdout: std::mem::take(&mut self.stdout), stderr, took: self.begun.elapsed() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `wscope serve` in a process of its own.
#[derive(Debug)]
pub struct Server {
    pub running: Running,
    pub url: String,
}

impl Server {
    /// Starts it and waits until it listens. `args` hold the address.
    pub fn start(args: &[&str]) -> Server {
        let mut command = wscope();
        command.arg("serve").args(args);
        Server::of(command)
    }

    /// The same with a whole command line.
    pub fn of(command: Command) -> Server {
        let mut running = Running::start(command);
        let line = running.line_with("listening on ");
        let url = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        Server { running, url }
    }
}

/// A channel of the lines of a pipe, line ends included; bytes that are no UTF-8 are replaced.
pub fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        loop {
            let mut line = Vec::new();
            match reader.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() => return,
                Ok(_) => {}
            }
        }
    });
    receiver
}

/// Reads a pipe to its end in a thread.
pub fn all_of(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
