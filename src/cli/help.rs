//! The texts under the flags of `-h` and `--help`: examples, and the table of exit codes.
//!
//! Owns the wording. The exit codes and their meanings are `event::verdict`'s; the flags' own lines stand beside the
//! flags.

use crate::event::Exit;

/// Under `wscope -h`.
pub const TOP_EXAMPLES: &str = "\
Examples:
  wscope connect wss://chat.example.com/ws
  wscope probe wss://chat.example.com/ws
  wscope serve --fault close=4001:expired@5s
  wscope explain 1006

wscope COMMAND -h shows the common flags, --help all and the exit codes.";

/// Under `wscope connect -h`.
pub const CONNECT_EXAMPLES: &str = "\
Examples:
  wscope connect wss://chat.example.com/ws
  echo '{\"op\":\"ping\"}' | wscope connect -1 :3000/socket
  wscope connect --reconnect wss://chat.example.com/ws < lines > answers";

/// Under `wscope probe -h`.
pub const PROBE_EXAMPLES: &str = "\
Examples:
  wscope probe wss://chat.example.com/ws
  wscope probe -x '{\"op\":\"ping\"}' --expect pong :3000/socket
  wscope probe --hold 3m --heartbeat 25s --reconnect wss://chat.example.com/ws";

/// Under `wscope serve -h`.
pub const SERVE_EXAMPLES: &str = "\
Examples:
  wscope serve
  wscope serve --fault close=4001:expired@5s :9002
  wscope serve --mode broadcast --heartbeat 20s
  wscope serve --tls --ca-out ca.pem 127.0.0.1:0";

/// Under `wscope explain -h`.
pub const EXPLAIN_EXAMPLES: &str = "\
Examples:
  wscope explain upgrade-stripped
  wscope explain 1006
  wscope explain nginx";

/// `examples`, and under them every exit code with its meaning, in lines of at most 96 columns.
pub fn with_exit_table(examples: &str) -> String {
    let rows: Vec<String> = Exit::ALL.iter().map(|exit| format!("  {:>3}  {}", exit.code(), exit.meaning())).collect();
    format!("{examples}\n\nExit codes (the first thing that went wrong decides):\n{}", rows.join("\n"))
}
