//! The words of `wscope connect`.
//!
//! Owns the flags that only `connect` has, their values, and the checks that need two of them at once. What a flag
//! means for a run is `connect_plan`'s; how stdin becomes messages is `exam::input`'s. Close codes and reasons: RFC
//! 6455 sections 5.5.1 and 7.4.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values::{self, Limit, shown};
use super::{OutputArgs, TargetArgs, TimeArgs};
use crate::exam::input::Framing;
use crate::exam::pipe::Wait;
use crate::moment::Span;
use crate::wire::close;

/// `wscope connect URL`. What was not given by hand is `None`, so that a default can depend on the rest.
#[derive(Args, Clone, Debug)]
pub struct ConnectArgs {
    /// ws://, wss://, http(s)://, host, host:port/path, :port
    ///
    /// http(s) is read as ws(s). Without a scheme: ws:// for loopback names and addresses, wss:// otherwise.
    #[arg(value_name = "URL", conflicts_with = "demo")]
    pub url: Option<String>,

    /// Talk to wscope's own server, with FAULT if given
    ///
    /// The server runs inside this process, on a free loopback port, and takes the place of a URL. FAULT is what
    /// wscope serve --fault takes.
    #[arg(long, value_name = "FAULT", num_args = 0..=1, require_equals = true)]
    pub demo: Option<Option<String>>,

    /// Send that first, and after each reconnect (repeat)
    ///
    /// At a terminal the prompt comes after it. With -w, -1 or --max-messages stdin is not read there: sent, answers
    /// read, left.
    #[arg(short = 'x', long, value_name = "MSG", allow_negative_numbers = true)]
    pub execute: Vec<String>,

    /// Leave after that long without a message (1s)
    ///
    /// The time begins when stdin has ended and all is sent; 0 leaves at once, forever waits for the peer's end. If
    /// stdin was empty and there is no -x, it is forever unless given.
    #[arg(short = 'w', long, value_name = "DUR|forever", value_parser = read_wait, allow_hyphen_values = true)]
    pub wait: Option<Wait>,

    /// Bound the whole run, exit code 124 (off)
    #[arg(long, value_name = "DUR|off", value_parser = values::limit, allow_hyphen_values = true)]
    pub timeout: Option<Limit>,

    /// Leave after one message
    ///
    /// It is awaited without limit unless -w or --timeout is given; if none came, the exit code is 1.
    #[arg(short = '1', long, conflicts_with = "max_messages")]
    pub one_message: bool,

    /// Leave after that many messages
    #[arg(long, value_name = "N", value_parser = values::count, allow_hyphen_values = true, hide_short_help = true)]
    pub max_messages: Option<u32>,

    /// Answer each message with itself
    #[arg(long, hide_short_help = true)]
    pub echo: bool,

    /// The code of our Close (1000)
    #[arg(long, value_name = "N", value_parser = read_close_code, allow_hyphen_values = true, hide_short_help = true)]
    pub close_code: Option<u16>,

    /// The reason in our Close, 123 bytes at most
    #[arg(long, value_name = "TEXT", value_parser = read_close_reason, hide_short_help = true)]
    pub close_reason: Option<String>,

    #[command(flatten)]
    pub framing: FramingArgs,

    #[command(flatten)]
    pub input: InputArgs,

    #[command(flatten)]
    pub typing: TypingArgs,

    #[command(flatten)]
    pub target: TargetArgs,

    #[command(flatten)]
    pub time: TimeArgs,

    #[command(flatten)]
    pub output: OutputArgs,
}

/// How stdin becomes messages; each excludes the others.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Messages from stdin")]
#[group(multiple = false)]
pub struct FramingArgs {
    /// A line is a text message (this is the default)
    ///
    /// It ends at a line feed, and a carriage return before that goes too. On stdout a line feed stands behind each
    /// text message; a binary one is written byte for byte.
    #[arg(short = 't', long, hide_short_help = true)]
    pub text: bool,

    /// What is read is a binary message, 64 KiB at most
    ///
    /// Nothing stands behind a message on stdout.
    #[arg(short = 'b', long)]
    pub binary: bool,

    /// What ends at a NUL is a text message, here and on stdout
    #[arg(short = '0', long)]
    pub null: bool,

    /// A line of hex digits is a binary message
    #[arg(long, hide_short_help = true)]
    pub hex: bool,

    /// A line of base64 is a binary message
    #[arg(long, hide_short_help = true)]
    pub base64: bool,

    /// All of stdin is one message, binary if it is not UTF-8
    #[arg(long)]
    pub whole: bool,

    /// A line is a JSON command.
    #[arg(long, help = "A line is a command: {\"send\":\"text\"}, {\"ping\":\"\"}, ...", long_help = COMMANDS_HELP)]
    pub commands: bool,
}

/// The pace of what is sent, and what is done when a line is no message.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Messages from stdin")]
pub struct InputArgs {
    /// Pause between two lines (none)
    #[arg(long, value_name = "DUR", value_parser = values::span_or_zero, allow_hyphen_values = true, hide_short_help = true)]
    pub delay: Option<Span>,

    /// Send the next line when a message has come
    ///
    /// It is awaited without limit; --timeout bounds the run.
    #[arg(long, hide_short_help = true)]
    pub lockstep: bool,

    /// What follows a line that is no message: the end with exit code 1, or the next line
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = OnBadArg::Stop, hide_short_help = true)]
    pub on_bad: OnBadArg,
}

/// At a terminal.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "At a terminal")]
pub struct TypingArgs {
    /// Lines that wait for a reconnect at most; more are refused (1000)
    #[arg(long, value_name = "N", value_parser = values::whole_number, allow_hyphen_values = true, hide_short_help = true)]
    pub queue: Option<u32>,

    /// Where typed lines are kept, instead of the platform's data folder
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub history: Option<PathBuf>,

    /// No commands: a line that begins with a slash is a message too
    #[arg(long, hide_short_help = true)]
    pub no_slash: bool,

    /// JSON on lines of its own; auto: when it does not fit one
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = PrettyArg::Auto, hide_short_help = true)]
    pub pretty: PrettyArg,
}

/// `--on-bad`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnBadArg {
    Stop,
    Skip,
}

/// `--pretty`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PrettyArg {
    Auto,
    On,
    Off,
}

impl ConnectArgs {
    /// What only shows when flags are seen together.
    ///
    /// # Errors
    /// One line: no URL and no `--demo`, an empty URL, a subprotocol offered twice.
    pub fn check(&self) -> Result<(), String> {
        match &self.url {
            None if self.demo.is_none() => return Err("expected a URL or --demo, got neither".to_owned()),
            Some(url) if url.trim().is_empty() => {
                return Err("URL: expected an address such as wss://host/path, got an empty one".to_owned());
            }
            _ => {}
        }
        self.target.check()
    }

    /// Messages of the peer's after which we leave.
    pub fn most_messages(&self) -> Option<u64> {
        if self.one_message { Some(1) } else { self.max_messages.map(u64::from) }
    }
}

impl FramingArgs {
    /// The framing that is asked for; none: no word of it, or that lines are text.
    pub fn special(self) -> Option<Framing> {
        let table = [
            (self.binary, Framing::Binary),
            (self.null, Framing::Null),
            (self.hex, Framing::Hex),
            (self.base64, Framing::Base64),
            (self.whole, Framing::Whole),
            (self.commands, Framing::Commands),
        ];
        table.into_iter().find(|(is_given, _)| *is_given).map(|(_, framing)| framing)
    }
}

fn read_wait(text: &str) -> Result<Wait, String> {
    if matches!(text, "forever" | "off") {
        return Ok(Wait::Forever);
    }
    let span = values::span_or_zero(text);
    span.map(Wait::For).map_err(|why| why.replacen(", got ", ", or forever, got ", 1))
}

/// A code that may stand in a Close frame.
fn read_close_code(text: &str) -> Result<u16, String> {
    let code = values::whole_number(text).ok().and_then(|code| u16::try_from(code).ok());
    code.filter(|code| close::is_legal(*code)).ok_or_else(|| {
        format!("expected a code that may be sent: 1000 to 1003, 1007 to 1014 or 3000 to 4999, got {}", shown(text))
    })
}

fn read_close_reason(text: &str) -> Result<String, String> {
    if text.len() > close::REASON_MAX {
        return Err(format!("expected {} bytes at most, got {}", close::REASON_MAX, text.len()));
    }
    Ok(text.to_owned())
}

const COMMANDS_HELP: &str = "\
A line is a command as JSON

{\"send\":\"text\"}, {\"send_base64\":\"AAE=\"} (a binary message), {\"ping\":\"\"}, {\"close\":{\"code\":1000}} (and \
\"reason\"). With --json a program drives the connection: its commands go in, all that happens comes out.";
