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
    /// The last client whose fault was told.
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

    /// What the log says of the first fault of the next client that has one; waits for that line. A client may look a second
    /// time, by TLS, which this server cannot answer: that is no fault of the row.
    pub fn fault_of_next_client(&mut self) -> String {
        loop {
            let line = self.log.recv_timeout(LIMIT).expect("the server's log tells the fault");
            let Some((before, what)) = line.split_once(" fault ") else { continue };
            let number = before.rsplit_once('#').and_then(|(_, number)| number.trim().parse().ok());
            let Some(number) = number.filter(|number| *number > self.clients) else { continue };
            if what.contains("the request is no HTTP") {
                continue;
            }
            self.clients = number;
            return what.trim().to_owned();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
