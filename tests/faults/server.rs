//! `wscope serve` whose log is read line by line while it runs. Owns that one process; it judges nothing.

use std::process::{Child, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::support::{run, wscope};

/// No line takes longer to come, even on a slow machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A server on a free port; killed when it goes.
pub struct Server {
    child: Child,
    /// As told on its first line, with a slash at its end.
    pub url: String,
    log: Receiver<String>,
    clients: usize,
}

impl Server {
    /// Started, and listening.
    pub fn start(args: &[&str]) -> Server {
        let mut command = wscope();
        command.args(["serve", "127.0.0.1:0", "--color", "never"]).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let address = run::lines_of(child.stdout.take().unwrap());
        let log = run::lines_of(child.stderr.take().unwrap());
        let first = address.recv_timeout(LIMIT).expect("the server tells its address");
        let url = first.strip_prefix("listening on ").expect("listening on URL").trim_end().to_owned();
        Server { child, url, log, clients: 0 }
    }

    /// One more client has come.
    pub fn count_client(&mut self) {
        self.clients += 1;
    }

    /// What the log says of the last client's first fault; waits for that line.
    pub fn fault_of_last_client(&mut self) -> String {
        let mark = format!("#{} fault ", self.clients);
        loop {
            let line = self.log.recv_timeout(LIMIT).expect("the server's log tells the fault");
            if let Some((_, what)) = line.split_once(&mark) {
                return what.trim().to_owned();
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
