//! Stops a process and lets it go on, by its id. Through `sh`, whose `kill` is built in: no unsafe code, no package.

use std::process::Command;

/// SIGSTOP: the process does not run any more.
pub fn stop(id: u32) {
    send("STOP", id);
}

/// SIGCONT: it runs on.
pub fn go_on(id: u32) {
    send("CONT", id);
}

/// SIGINT, as Ctrl-C sends it.
pub fn interrupt(id: u32) {
    send("INT", id);
}

fn send(signal: &str, id: u32) {
    let status = Command::new("sh").args(["-c", &format!("kill -s {signal} {id}")]).status().expect("sh runs");
    assert!(status.success(), "kill -s {signal} {id}: {status}");
}
