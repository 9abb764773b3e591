//! `wscope connect` as a process whose stdin and stdout the test holds. Owns that process and its end in time; it
//! judges nothing but exit and words.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Events, run, wscope};

/// No run takes longer, even on a slow machine.
pub const LIMIT: Duration = Duration::from_secs(10);

/// A run that ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub took: Duration,
}

impl Ended {
    /// All of stdout as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The events of a run with `--json`, of which stderr says nothing.
    pub fn events(&self) -> Events {
        assert_eq!(self.stderr, "");
        Events::parse(&self.text())
    }

    /// All of stderr on one line: what was broken for its width stands together again.
    pub fn told(&self) -> String {
        self.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Fails unless the exit is this one and stderr tells all these parts.
    pub fn assert(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{}", self.stderr);
        let told = self.told();
        for part in parts {
            assert!(told.contains(part), "no {part:?} in: {}", self.stderr);
        }
    }
}

/// A run. It is killed when this goes.
#[derive(Debug)]
pub struct Talk {
    child: Child,
    /// None: it has ended, or was never a pipe.
    stdin: Option<ChildStdin>,
    /// Nobody reads it yet.
    unread: Option<ChildStdout>,
    blocks: Option<Receiver<Vec<u8>>>,
    stdout: Vec<u8>,
    /// So much of `stdout` was given as lines.
    given: usize,
    log: Receiver<String>,
    stderr: String,
    begun: Instant,
}

/// A run with these bytes on its stdin, to its end.
pub fn piped(input: &[u8], args: &[&str]) -> Ended {
    let mut talk = Talk::start(args);
    talk.feed(input.to_vec());
    talk.finish()
}

/// A run with an empty stdin, as under cron, to its end.
pub fn without_input(args: &[&str]) -> Ended {
    Talk::with(Stdio::null(), args).finish()
}

impl Talk {
    /// With an open stdin on which nothing is yet.
    pub fn start(args: &[&str]) -> Talk {
        Talk::with(Stdio::piped(), args)
    }

    /// With this stdin.
    pub fn with(input: Stdio, args: &[&str]) -> Talk {
        let mut command = wscope();
        command.arg("connect").args(args).stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let begun = Instant::now();
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let unread = child.stdout.take();
        let log = run::lines_of(child.stderr.take().unwrap());
        let (stdout, stderr) = (Vec::new(), String::new());
        Talk { child, stdin, unread, blocks: None, stdout, given: 0, log, stderr, begun }
    }

    /// Writes a few bytes to its stdin.
    pub fn say(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().expect("its stdin is open").write_all(bytes).unwrap();
    }

    /// Writes all of these, however slowly they are taken, and ends its stdin.
    pub fn feed(&mut self, bytes: Vec<u8>) {
        let mut stdin = self.stdin.take().expect("its stdin is open");
        // It may well leave before it has read all.
        thread::spawn(move || stdin.write_all(&bytes).is_ok());
    }

    /// The end of its stdin.
    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Waits until this stands on stderr.
    pub fn tells(&mut self, part: &str) {
        while !self.stderr.contains(part) {
            match self.log.recv_timeout(self.left()) {
                Ok(line) => self.stderr.push_str(&line),
                Err(why) => panic!("{part:?} is not on stderr ({why}): {}", self.stderr),
            }
        }
    }

    /// Fails if it says anything on stderr, or ends, within that time.
    pub fn is_quiet_for(&mut self, span: Duration) {
        let said = self.log.recv_timeout(span);
        assert_eq!(said, Err(RecvTimeoutError::Timeout), "after: {}", self.stderr);
    }

    /// From here on its stdout is read.
    pub fn read_on(&mut self) {
        if let Some(unread) = self.unread.take() {
            self.blocks = Some(blocks_of(unread));
        }
    }

    /// The next line of its stdout, without its end.
    pub fn line(&mut self) -> String {
        self.read_on();
        loop {
            let rest = &self.stdout[self.given..];
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line = String::from_utf8_lossy(&rest[..end]).into_owned();
                self.given += end + 1;
                return line;
            }
            assert!(self.take_block(), "stdout ended: {}{}", self.shown(), self.stderr);
        }
    }

    /// Reads one line of its stdout and goes away, as `head -1` does; the line.
    pub fn line_and_gone(&mut self) -> String {
        let mut unread = self.unread.take().expect("nobody has read it");
        let (sender, line) = mpsc::channel();
        thread::spawn(move || {
            let (mut line, mut byte) = (Vec::new(), [0]);
            while unread.read_exact(&mut byte).is_ok() && byte[0] != b'\n' {
                line.push(byte[0]);
            }
            drop(unread);
            let _ = sender.send(line);
        });
        let line = line.recv_timeout(self.left()).expect("a line comes");
        String::from_utf8(line).unwrap()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let line = format!("kill -s {name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success(), "{line}");
    }

    /// Waits until it has ended by itself. A stdin that is open stays so until then.
    pub fn finish(mut self) -> Ended {
        self.read_on();
        while self.take_block() {}
        loop {
            match self.log.recv_timeout(self.left()) {
                Ok(line) => self.stderr.push_str(&line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {}", self.stderr),
            }
        }
        let status = self.child.wait().unwrap();
        let took = self.begun.elapsed();
        let code = status.code().unwrap_or_else(|| panic!("{status}: {}", self.stderr));
        let (stdout, stderr) = (std::mem::take(&mut self.stdout), std::mem::take(&mut self.stderr));
        Ended { code, stdout, stderr, took }
    }

    /// False at the end of stdout.
    fn take_block(&mut self) -> bool {
        let Some(blocks) = &self.blocks else { return false };
        match blocks.recv_timeout(self.left()) {
            Ok(block) => self.stdout.extend_from_slice(&block),
            Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => {
                while let Ok(line) = self.log.try_recv() {
                    self.stderr.push_str(&line);
                }
                panic!("stdout does not end: {}{}", self.shown(), self.stderr)
            }
        }
        true
    }

    /// The head of its stdout.
    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.stdout[..self.stdout.len().min(2000)]).into_owned()
    }

    fn left(&self) -> Duration {
        LIMIT.saturating_sub(self.begun.elapsed())
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What comes out of a pipe, read by read.
fn blocks_of(mut pipe: ChildStdout) -> Receiver<Vec<u8>> {
    let (sender, blocks) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok(count) = pipe.read(&mut buffer) {
            if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    blocks
}
