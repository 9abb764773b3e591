//! The words: what a user types, read into typed arguments, and the one line that tells what was wrong with them.
//!
//! Owns the flags, their help and the wording of usage errors. It does not own what a flag means for a run (`cli::plan`
//! makes plans of these words) and it prints nothing. A flag stands here only when it works.

pub mod connect;
pub mod connect_plan;
pub mod exam_args;
pub mod fields;
pub mod generate;
pub mod heartbeat_args;
mod heartbeat_plan;
mod help;
pub mod output_args;
pub mod plan;
pub mod probe;
mod profile_file;
mod rules_file;
pub mod serve;
pub mod serve_plan;
pub mod target_args;
pub mod time_args;
pub mod values;

use std::error::Error;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};
use clap_complete::Shell;

pub use connect::ConnectArgs;
pub use exam_args::ExamArgs;
pub use heartbeat_args::HeartbeatArgs;
pub use output_args::OutputArgs;
pub use probe::ProbeArgs;
pub use serve::ServeArgs;
pub use target_args::TargetArgs;
pub use time_args::TimeArgs;

use crate::report::{redact, safe};

/// What the command line asks for.
#[derive(Clone, Debug)]
pub enum Parsed {
    Connect(Box<ConnectArgs>),
    Probe(Box<ProbeArgs>),
    Serve(Box<ServeArgs>),
    Explain {
        word: String,
        product: Option<String>,
    },
    Completions {
        shell: Shell,
    },
    Man,
    /// Help or the version: for stdout as it is, newline included; exit 0.
    Text(String),
}

/// A command line that cannot be followed: for stderr, exit 2. At most three lines, the first begins with `error: `, no
/// newline at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    pub text: String,
}

impl Usage {
    /// The refusal of what was asked of `command` (`probe`; empty for none): `fact` in one line, then where to read on.
    pub fn new(command: &str, fact: &str) -> Usage {
        let pointer = match command {
            "" => "wscope --help shows the commands".to_owned(),
            command => format!("wscope {command} --help shows every flag"),
        };
        Usage { text: format!("error: {fact}\n{pointer}") }
    }
}

/// Reads a command line; the first of `args` is the program's own name, as in `std::env::args_os()`.
///
/// # Errors
/// [`Usage`] for everything that cannot be followed, from a missing command to a value that does not parse. Files that
/// are named on the command line are not opened here.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Parsed, Usage> {
    let words: Vec<OsString> = args.into_iter().collect();
    let first = words.get(1).map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    if !first.starts_with('-') && !COMMANDS.contains(&first.as_str()) {
        return Err(no_command(&first, words.len() < 2));
    }
    let command = if first.starts_with('-') { "" } else { first.as_str() };
    let verb = match Words::try_parse_from(&words) {
        Ok(words) => words.verb,
        Err(error) if is_text(error.kind()) => return Ok(Parsed::Text(error.render().to_string())),
        Err(error) => return Err(Usage::new(command, &refusal(&error, command))),
    };
    match verb {
        None => Err(no_command("", true)),
        Some(Verb::Connect(args)) => {
            args.check().map_err(|fact| Usage::new(command, &fact))?;
            Ok(Parsed::Connect(args))
        }
        Some(Verb::Probe(args)) => {
            args.check().map_err(|fact| Usage::new(command, &fact))?;
            Ok(Parsed::Probe(args))
        }
        Some(Verb::Serve(args)) => Ok(Parsed::Serve(args)),
        Some(Verb::Explain { words, product }) => {
            let word = words.join(" ");
            // No word is a question for all of them, an empty one is a variable that was not set.
            if !words.is_empty() && word.trim().is_empty() {
                return Err(Usage::new(command, "expected a word to explain, got an empty one"));
            }
            Ok(Parsed::Explain { word, product })
        }
        Some(Verb::Completions { shell }) => Ok(Parsed::Completions { shell }),
        Some(Verb::Man) => Ok(Parsed::Man),
    }
}

/// The whole command line as clap knows it.
#[derive(Parser)]
#[command(
    name = "wscope",
    bin_name = "wscope",
    version,
    about = "What happens on a WebSocket connection, who ended it, why, and what to change",
    long_about = None,
    override_usage = "wscope COMMAND [OPTIONS]",
    after_help = help::TOP_EXAMPLES,
    after_long_help = help::with_exit_table(help::TOP_EXAMPLES),
    color = clap::ColorChoice::Never,
    max_term_width = 100,
    disable_help_subcommand = true
)]
struct Words {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    #[command(
        about = "Talk: by hand at a terminal, as a pipe otherwise",
        long_about = None,
        override_usage = "wscope connect [OPTIONS] URL",
        after_help = help::CONNECT_EXAMPLES,
        after_long_help = help::with_exit_table(help::CONNECT_EXAMPLES)
    )]
    Connect(Box<ConnectArgs>),
    #[command(
        about = "Examine an endpoint: one verdict, one exit code, in a bounded time",
        long_about = None,
        override_usage = "wscope probe [OPTIONS] URL...",
        after_help = help::PROBE_EXAMPLES,
        after_long_help = help::with_exit_table(help::PROBE_EXAMPLES)
    )]
    Probe(Box<ProbeArgs>),
    #[command(
        about = "Be the server, with faults on demand",
        long_about = None,
        after_help = help::SERVE_EXAMPLES,
        after_long_help = help::with_exit_table(help::SERVE_EXAMPLES)
    )]
    Serve(Box<ServeArgs>),
    #[command(
        about = "Tell what a finding, a close code, a status or a setting means",
        long_about = None,
        after_help = help::EXPLAIN_EXAMPLES,
        after_long_help = help::with_exit_table(help::EXPLAIN_EXAMPLES)
    )]
    Explain {
        /// upgrade-stripped, 1006, 426, exit 22, nginx; without one: all words
        #[arg(value_name = "WORD")]
        words: Vec<String>,

        /// Whose close code it is, such as discord
        #[arg(long, value_name = "NAME")]
        product: Option<String>,
    },
    #[command(hide = true, about = "Write the completions of a shell to stdout")]
    Completions {
        #[arg(value_name = "SHELL", value_enum)]
        shell: Shell,
    },
    #[command(hide = true, about = "Write the man page to stdout")]
    Man,
}

fn is_text(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
}

fn no_command(first: &str, nothing_given: bool) -> Usage {
    if nothing_given {
        return Usage::new("", "expected a command (connect, probe, serve, explain), got none");
    }
    let url = looks_like_url(first);
    let shown = if url { redact::url(first) } else { first.to_owned() };
    let fact = format!("expected a command (connect, probe, serve, explain), got {}", values::shown(&shown));
    if !url {
        return Usage::new("", &fact);
    }
    let example = if shown == first { shell_word(first) } else { "URL".to_owned() };
    Usage { text: format!("error: {fact}\nto talk: wscope connect {example}\nto examine: wscope probe {example}") }
}

fn looks_like_url(word: &str) -> bool {
    word == "localhost" || word.contains([':', '/', '.'])
}

/// `word` so that it can be pasted into a shell; `URL` if it cannot be without trouble.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/@%+,=".contains(c);
    if word.chars().all(plain) {
        return word.to_owned();
    }
    let awkward = word.contains('\'') || safe::text(word) != word;
    if awkward { "URL".to_owned() } else { format!("'{word}'") }
}

/// One line: which argument, what was expected, what came.
fn refusal(error: &clap::Error, command: &str) -> String {
    let argument = text_of(error, ContextKind::InvalidArg);
    let value = text_of(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::ValueValidation => {
            let why = error.source().map(|why| why.to_string()).unwrap_or_default();
            format!("{}: {why}", bare(&argument))
        }
        ErrorKind::InvalidValue => {
            format!("{}: expected {}, got {}", bare(&argument), choices(error, &argument), shown_or_nothing(&value))
        }
        ErrorKind::TooManyValues => format!("{}: expected no value, got {}", bare(&argument), values::shown(&value)),
        ErrorKind::ArgumentConflict => conflict(&argument, &list_of(error, ContextKind::PriorArg)),
        ErrorKind::MissingRequiredArgument => {
            let missing: Vec<String> =
                list_of(error, ContextKind::InvalidArg).iter().map(|name| without_brackets(name)).collect();
            format!("expected {}, got nothing", missing.join(" and "))
        }
        ErrorKind::UnknownArgument => unknown(&argument, &text_of(error, ContextKind::SuggestedArg), command),
        ErrorKind::InvalidUtf8 => "expected arguments in UTF-8, got other bytes".to_owned(),
        _ => error.kind().as_str().unwrap_or("the command line cannot be read").to_owned(),
    }
}

fn unknown(argument: &str, nearest: &str, command: &str) -> String {
    if !argument.starts_with('-') {
        return format!("expected nothing more, got {}", values::shown(argument));
    }
    let owner = if command.is_empty() { "wscope".to_owned() } else { format!("wscope {command}") };
    let nearest = if nearest.is_empty() { String::new() } else { format!("; the nearest is {nearest}") };
    format!("expected a flag of {owner}, got {}{nearest}", values::shown(argument))
}

fn conflict(argument: &str, others: &[String]) -> String {
    let names: Vec<String> = others.iter().map(|other| bare(other)).collect();
    let name = bare(argument);
    if names.is_empty() || names.contains(&name) {
        return format!("{name}: expected once, got it again");
    }
    format!("expected {name} or {}, got both", names.join(" or "))
}

fn choices(error: &clap::Error, argument: &str) -> String {
    let mut words = list_of(error, ContextKind::ValidValue);
    let Some(last) = words.pop() else {
        return without_brackets(argument.split_once([' ', '=']).map_or("a value", |(_, placeholder)| placeholder));
    };
    if words.is_empty() { last } else { format!("{} or {last}", words.join(", ")) }
}

fn shown_or_nothing(value: &str) -> String {
    if value.is_empty() { "nothing".to_owned() } else { values::shown(value) }
}

/// `--heartbeat <DUR|off>` as `--heartbeat`, `[URL]...` as `URL`.
fn bare(argument: &str) -> String {
    if !argument.starts_with('-') {
        return without_brackets(argument);
    }
    let name = argument.split([' ', '[', '=']).next().unwrap_or(argument);
    name.trim_end_matches("...").to_owned()
}

fn without_brackets(argument: &str) -> String {
    let name: String = argument.chars().filter(|c| !"[]<>".contains(*c)).collect();
    name.trim_end_matches("...").to_owned()
}

fn text_of(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    }
}

fn list_of(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

const COMMANDS: [&str; 6] = ["connect", "probe", "serve", "explain", "completions", "man"];

#[cfg(test)]
mod tests;
