//! The words of `wscope probe`.
//!
//! Owns the flags that only `probe` has, and the checks that need two of them at once. What is done in which order is
//! `exam`'s; whether a URL can be read is `net::target`'s.

use clap::Args;

use super::values::{self, ExpectArg, Limit};
use super::{ExamArgs, OutputArgs, TargetArgs, TimeArgs};
use crate::event::finding::Severity;
use crate::moment::Span;

/// `wscope probe URL...`. Times and numbers that were not given by hand are `None`, so that a preset or a default can
/// fill them in.
#[derive(Args, Clone, Debug)]
pub struct ProbeArgs {
    /// ws://, wss://, http(s)://, host, host:port/path, :port
    ///
    /// http(s) is read as ws(s). Without a scheme: ws:// for loopback names and addresses, wss:// otherwise.
    #[arg(value_name = "URL", conflicts_with = "demo")]
    pub urls: Vec<String>,

    /// Examine wscope's own server, with FAULT if given
    ///
    /// The server runs inside this process, on a free loopback port, and takes the place of a URL. FAULT is what
    /// wscope serve --fault takes.
    #[arg(long, value_name = "FAULT", num_args = 0..=1, require_equals = true)]
    pub demo: Option<Option<String>>,

    /// Bound the whole run (30s, plus --hold)
    ///
    /// With --compare it is 30s plus --compare-for, with --idle 30s plus --idle-max, with --deep 51s more (61s with --strict). What was under way when it ran out is named, and the exit code is
    /// 124. Shorter than what was asked for: refused before anything is sent.
    #[arg(long, value_name = "DUR|off", value_parser = values::limit, allow_hyphen_values = true)]
    pub timeout: Option<Limit>,

    /// Measure that many pings (5)
    ///
    /// The first goes out at once, each is awaited for --heartbeat-timeout. With --hold the heartbeats of the hold are
    /// the measurement, and this series comes before it only if -n is given.
    #[arg(short = 'n', long, value_name = "N", value_parser = values::count, allow_hyphen_values = true, hide_short_help = true)]
    pub count: Option<u32>,

    /// Pause between measured pings (200ms)
    #[arg(long, value_name = "DUR", value_parser = values::span_or_zero, allow_hyphen_values = true, hide_short_help = true)]
    pub interval: Option<Span>,

    /// Stay connected that long; every drop is reported
    ///
    /// Heartbeats run meanwhile. A drop fails the run even when the reconnect succeeded (see --max-drops); without
    /// --reconnect it ends the hold.
    #[arg(long, value_name = "DUR|off", value_parser = values::limit, allow_hyphen_values = true)]
    pub hold: Option<Limit>,

    /// Drops that --hold forgives (0)
    #[arg(long, value_name = "N", value_parser = values::whole_number, allow_hyphen_values = true, requires = "hold", hide_short_help = true)]
    pub max_drops: Option<u32>,

    /// Send a text message once open (repeat)
    #[arg(short = 'x', long, value_name = "MSG", allow_negative_numbers = true)]
    pub execute: Vec<String>,

    /// What must come back: a regex, or json:/ptr=value
    ///
    /// Other messages meanwhile are skipped and counted. If it does not come within --wait, the exit code is 1 and what
    /// came instead is shown. The value after json: is JSON, or text if it is not.
    #[arg(long, value_name = "WHAT", value_parser = values::expectation)]
    pub expect: Option<ExpectArg>,

    /// How long --expect may take (5s)
    #[arg(short = 'w', long, value_name = "DUR|off", value_parser = values::limit_or_zero, allow_hyphen_values = true, hide_short_help = true)]
    pub wait: Option<Limit>,

    /// Try again until healthy, or --timeout
    ///
    /// Refused, unreachable, 502, 503, 504 and timeouts are tried again, after 250 ms, then each time half as long
    /// again, up to 5 s. The exit code is that of the last failure.
    #[arg(long)]
    pub ready: bool,

    /// Which findings fail a run: error, warning or note (error)
    #[arg(long, value_name = "SEVERITY", value_parser = values::severity, hide_short_help = true)]
    pub fail_on: Option<Severity>,

    #[command(flatten)]
    pub exam: ExamArgs,

    #[command(flatten)]
    pub compare: CompareArgs,

    #[command(flatten)]
    pub target: TargetArgs,

    #[command(flatten)]
    pub time: TimeArgs,

    #[command(flatten)]
    pub output: OutputArgs,
}

/// The socket beside polling.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Comparing with polling")]
pub struct CompareArgs {
    /// The socket, long polling and short polling side by side
    ///
    /// All three fetch the same messages of wscope serve at once, from the /stream, /long-poll and /poll of this host.
    /// What each takes is shown: requests, connections, bytes, and the delay of the messages. Another server's messages
    /// need the same form.
    #[arg(
        long,
        value_name = "URL",
        hide_short_help = true,
        conflicts_with_all = ["urls", "demo", "hold", "execute", "expect", "count", "ready", "reconnect", "fault"]
    )]
    pub compare: Option<String>,

    /// The socket's URL, if it is not /stream there
    #[arg(long, value_name = "URL", hide_short_help = true)]
    pub compare_socket: Option<String>,

    /// The URL of long polling, if it is not /long-poll there
    #[arg(long, value_name = "URL", hide_short_help = true)]
    pub compare_long_poll: Option<String>,

    /// The URL of short polling, if it is not /poll there
    #[arg(long, value_name = "URL", hide_short_help = true)]
    pub compare_poll: Option<String>,

    /// The pause of short polling (2s)
    #[arg(long, value_name = "DUR", value_parser = values::span, allow_hyphen_values = true, hide_short_help = true)]
    pub compare_interval: Option<Span>,

    /// How long all three listen (10s)
    #[arg(long, value_name = "DUR", value_parser = values::span, allow_hyphen_values = true, hide_short_help = true)]
    pub compare_for: Option<Span>,
}

impl CompareArgs {
    /// clap's own requirement would be forgiven where a URL stands, which `--compare` excludes.
    fn check(&self) -> Result<(), String> {
        if self.compare.is_some() {
            return Ok(());
        }
        let flags = [
            ("--compare-socket", self.compare_socket.is_some()),
            ("--compare-long-poll", self.compare_long_poll.is_some()),
            ("--compare-poll", self.compare_poll.is_some()),
            ("--compare-interval", self.compare_interval.is_some()),
            ("--compare-for", self.compare_for.is_some()),
        ];
        match flags.iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => Err(format!("{flag}: expected --compare beside it, got none")),
            None => Ok(()),
        }
    }
}

impl ProbeArgs {
    /// What only shows when flags are seen together.
    ///
    /// # Errors
    /// One line: no URL and no `--demo`, an empty URL, a flag of `--compare` without it, a subprotocol offered twice.
    pub fn check(&self) -> Result<(), String> {
        if self.urls.is_empty() && self.demo.is_none() && self.compare.compare.is_none() {
            return Err("expected a URL or --demo, got neither".to_owned());
        }
        if self.urls.iter().any(|url| url.trim().is_empty()) {
            return Err("URL: expected an address such as wss://host/path, got an empty one".to_owned());
        }
        self.compare.check()?;
        self.exam.check()?;
        self.target.check()
    }
}
