//! The words of `connect` become its plan. Owns that mapping and the question whether somebody types: what is at both
//! ends of us, and what was asked for. What it shares with `probe` is `plan`'s; each part's meaning is its own module's.

use std::io::IsTerminal;

use super::connect::{OnBadArg, PrettyArg};
use super::values::Limit;
use super::{ConnectArgs, plan};
use crate::cmd::connect::{Peer, Plan, Terminal, editor};
use crate::exam::input::{self, Framing};
use crate::exam::pipe::{self, Wait};
use crate::moment::Span;
use crate::report::human::pretty::Mode;
use crate::report::payload::Ending;
use crate::report::sink;
use crate::watch::session;
use crate::wire::close::CloseBody;

/// So many typed lines wait for a reconnect.
const QUEUE: u32 = 1000;
const CLOSE_CODE: u16 = 1000;

/// What we are started in.
#[derive(Clone, Debug)]
struct Place {
    stdin_is_terminal: bool,
    stdout_is_terminal: bool,
    /// Can the terminal do more than print?
    is_capable: bool,
}

impl Place {
    fn here() -> Place {
        let term = std::env::var("TERM").unwrap_or_default();
        Place {
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: sink::stdout_is_terminal(),
            // A console of Windows has no such variable.
            is_capable: if term.is_empty() { cfg!(windows) } else { term != "dumb" },
        }
    }
}

/// The plan of `wscope connect`.
///
/// # Errors
/// One line, without `error:`.
pub fn plan(args: &ConnectArgs, command: String) -> Result<Plan, String> {
    plan_in(&Place::here(), args, command)
}

fn plan_in(place: &Place, args: &ConnectArgs, command: String) -> Result<Plan, String> {
    let peer = peer(args)?;
    let mut reach = plan::reach_plan(&args.target, &args.time)?;
    let session = session::Plan { reconnect: plan::reconnect_plan(&args.time)?, ready: false };
    let terminal = is_talk(place, args).then(|| terminal(args));
    // Last, since it makes a file: nothing is refused behind it.
    let screen = plan::screen(&args.output, &reach.life.heartbeat, None)?;
    let wanted = if terminal.is_some() { screen.wanted_by_terminal() } else { screen.wanted_by_pipe() };
    plan::want(&mut reach, wanted);
    Ok(Plan {
        peer,
        reach,
        session,
        timeout: args.timeout.and_then(Limit::span),
        pipe: pipe_plan(place, args),
        ending: ending(args),
        echo: args.echo,
        queue: args.typing.queue.unwrap_or(QUEUE) as usize,
        terminal,
        screen,
        command,
        unused_proxies: plan::unused_proxies(),
        rules: super::rules_file::read(args.target.rules.as_deref())?,
    })
}

fn peer(args: &ConnectArgs) -> Result<Peer, String> {
    match &args.demo {
        Some(spec) => Ok(Peer::Demo(plan::demo_faults(spec.as_deref())?)),
        None => Ok(Peer::Url(plan::read_target(args.url.as_deref().unwrap_or_default())?)),
    }
}

/// Does somebody type, and read what comes? Otherwise it is a pipe.
fn is_talk(place: &Place, args: &ConnectArgs) -> bool {
    place.stdin_is_terminal
        && place.stdout_is_terminal
        && place.is_capable
        && !args.output.json
        && !is_left_by_itself(args)
        && args.framing.special().is_none()
}

/// What ends without a word from stdin: asked for by hand.
fn is_left_by_itself(args: &ConnectArgs) -> bool {
    args.wait.is_some() || args.most_messages().is_some()
}

fn terminal(args: &ConnectArgs) -> Terminal {
    Terminal {
        history: args.typing.history.clone().or_else(editor::default_history),
        slash: !args.typing.no_slash,
        pretty: match args.typing.pretty {
            PrettyArg::Auto => Mode::Auto,
            PrettyArg::On => Mode::On,
            PrettyArg::Off => Mode::Off,
        },
    }
}

fn pipe_plan(place: &Place, args: &ConnectArgs) -> pipe::Plan {
    let special = args.framing.special();
    // Who sits at a terminal and asks for an answer does not want to end an input first, unless a framing is for it.
    // Ctrl-D without a word is somebody who leaves, and no empty file to listen behind.
    let leaves = place.stdin_is_terminal && args.most_messages().is_none();
    let wait = if leaves { Wait::For(Span::from_secs(1)) } else { Wait::Default };
    let is_read = !place.stdin_is_terminal || special.is_some() || args.framing.text || !is_left_by_itself(args);
    pipe::Plan {
        execute: args.execute.clone(),
        input: is_read.then(|| input::Plan {
            framing: special.unwrap_or(Framing::Text),
            max_message: args.target.max_message,
            skip_bad: args.input.on_bad == OnBadArg::Skip,
        }),
        wait: args.wait.unwrap_or(wait),
        delay: args.input.delay.unwrap_or_default(),
        lockstep: args.input.lockstep,
        max_messages: args.most_messages(),
        close: CloseBody {
            code: Some(args.close_code.unwrap_or(CLOSE_CODE)),
            reason: args.close_reason.clone().unwrap_or_default(),
        },
    }
}

/// What stands behind a text message on stdout.
fn ending(args: &ConnectArgs) -> Ending {
    if args.framing.null {
        Ending::Nul
    } else if args.framing.binary {
        Ending::Nothing
    } else {
        Ending::Newline
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::{Parsed, parse};
    use crate::event::Payload;
    use crate::moment::Span;

    const TERMINAL: Place = Place { stdin_is_terminal: true, stdout_is_terminal: true, is_capable: true };
    const PIPE: Place = Place { stdin_is_terminal: false, stdout_is_terminal: false, is_capable: true };

    fn read(place: &Place, line: &[&str]) -> Result<Plan, String> {
        let words = ["wscope", "connect"].iter().chain(line).map(OsString::from);
        match parse(words) {
            Ok(Parsed::Connect(args)) => plan_in(place, &args, String::new()),
            other => panic!("{line:?}: {other:?}"),
        }
    }

    fn planned(place: &Place, line: &[&str]) -> Plan {
        read(place, line).unwrap()
    }

    #[test]
    fn somebody_types_only_where_both_ends_are_a_terminal_that_can_and_nothing_else_is_asked_for() {
        assert!(planned(&TERMINAL, &[":1"]).terminal.is_some());
        for line in [&["-x", "a", ":1"][..], &["-q", ":1"], &["-t", ":1"], &["--reconnect", "--timeout", "5", ":1"]] {
            assert!(planned(&TERMINAL, line).terminal.is_some(), "{line:?}");
        }
        for place in [
            Place { stdin_is_terminal: false, ..TERMINAL },
            Place { stdout_is_terminal: false, ..TERMINAL },
            Place { is_capable: false, ..TERMINAL },
        ] {
            assert!(planned(&place, &[":1"]).terminal.is_none(), "{place:?}");
        }
        let ends = ["-w=5", "-1", "--max-messages=2", "--json"];
        let framings = ["-b", "-0", "--hex", "--base64", "--whole", "--commands"];
        for flag in ends.into_iter().chain(framings) {
            assert!(planned(&TERMINAL, &[flag, ":1"]).terminal.is_none(), "{flag}");
        }
    }

    #[test]
    fn stdin_is_not_read_at_a_terminal_when_the_end_is_asked_for() {
        for line in [&["-w", "5", ":1"][..], &["-1", ":1"], &["--max-messages", "2", ":1"]] {
            assert_eq!(planned(&TERMINAL, line).pipe.input, None, "{line:?}");
            assert!(planned(&PIPE, line).pipe.input.is_some(), "{line:?}");
        }
        assert!(planned(&TERMINAL, &["-1", "--hex", ":1"]).pipe.input.is_some());
        assert!(planned(&Place { stdout_is_terminal: false, ..TERMINAL }, &[":1"]).pipe.input.is_some());
    }

    #[test]
    fn without_a_word_it_is_a_pipe_of_lines() {
        let plan = planned(&PIPE, &["ws://a.example/"]);
        let input = input::Plan { framing: Framing::Text, max_message: 64 << 20, skip_bad: false };
        assert_eq!(plan.pipe.input, Some(input));
        assert_eq!((plan.pipe.wait, plan.pipe.max_messages, plan.pipe.delay), (Wait::Default, None, Span::ZERO));
        assert_eq!(plan.pipe.close, CloseBody { code: Some(1000), reason: String::new() });
        assert_eq!((plan.queue, plan.timeout, plan.echo), (1000, None, false));
        assert!(matches!(plan.ending, Ending::Newline) && matches!(plan.peer, Peer::Url(_)));
        assert!(plan.session.reconnect.is_none() && !plan.session.ready);
    }

    #[test]
    fn each_framing_has_its_flag_and_its_ending() {
        let framing = |flag: &str| planned(&PIPE, &[flag, ":1"]).pipe.input.map(|input| input.framing);
        for (flag, wanted) in [
            ("-t", Framing::Text),
            ("-b", Framing::Binary),
            ("-0", Framing::Null),
            ("--hex", Framing::Hex),
            ("--base64", Framing::Base64),
            ("--whole", Framing::Whole),
            ("--commands", Framing::Commands),
        ] {
            assert_eq!(framing(flag), Some(wanted), "{flag}");
        }
        assert!(matches!(planned(&PIPE, &["-0", ":1"]).ending, Ending::Nul));
        assert!(matches!(planned(&PIPE, &["-b", ":1"]).ending, Ending::Nothing));
        assert!(matches!(planned(&PIPE, &["--whole", ":1"]).ending, Ending::Newline));
    }

    #[test]
    fn what_is_given_by_hand_is_in_the_plan() {
        let line = ["-w", "forever", "--timeout=1m", "-1", "--lockstep", "--delay=20ms", "--on-bad=skip", ":1"];
        let plan = planned(&PIPE, &line);
        assert_eq!((plan.pipe.wait, plan.pipe.max_messages), (Wait::Forever, Some(1)));
        assert_eq!((plan.timeout, plan.pipe.delay), (Some(Span::from_secs(60)), Span::from_millis(20)));
        assert!(plan.pipe.lockstep && plan.pipe.input.unwrap().skip_bad);
        let line = ["--close-code=4001", "--close-reason=bye", "-w", "0", "--queue=7", "--echo", "-x", "a", ":1"];
        let plan = planned(&PIPE, &line);
        assert_eq!(plan.pipe.close, CloseBody { code: Some(4001), reason: "bye".into() });
        assert_eq!((plan.pipe.wait, plan.queue, plan.echo), (Wait::For(Span::ZERO), 7, true));
        assert_eq!(plan.pipe.execute, ["a"]);
        let talk = planned(&TERMINAL, &["--history", "lines", "--no-slash", "--pretty", "off", ":1"]).terminal.unwrap();
        assert_eq!((talk.history, talk.slash), (Some("lines".into()), false));
        assert!(matches!(talk.pretty, Mode::Off));
    }

    #[test]
    fn what_is_wanted_is_what_somebody_reads() {
        assert_eq!(planned(&PIPE, &[":1"]).reach.wanted.messages, Payload::No);
        assert_eq!(planned(&PIPE, &["--json", ":1"]).reach.wanted.messages, Payload::Whole);
        let talk = planned(&TERMINAL, &["-vv", ":1"]);
        assert_eq!(talk.reach.wanted.messages, Payload::Whole);
        assert!(talk.reach.wanted.frames && talk.reach.life.frames);
    }

    #[test]
    fn a_record_that_cannot_be_made_and_a_bad_peer_are_told_in_one_line() {
        let why = read(&PIPE, &["--record", "no-such-folder/x", ":1"]).unwrap_err();
        assert!(why.starts_with("--record: cannot write \"no-such-folder/x\": "), "{why}");
        assert!(read(&PIPE, &["ftp://h/"]).unwrap_err().starts_with("URL \"ftp://h/\": "));
        assert!(read(&PIPE, &["--demo=nonsense"]).unwrap_err().starts_with("--demo \"nonsense\": "));
        assert!(matches!(planned(&PIPE, &["--demo"]).peer, Peer::Demo(faults) if faults.is_empty()));
    }
}
