//! `wscope connect`: talk to a socket, by hand at a terminal, or as a pipe. Owns the run's beginning and end; what is said
//! meanwhile is `piped`'s and `repl`'s.

pub mod editor;
mod piped;
pub mod repl;
pub mod slash;
mod stdin;
mod verdict;

use std::path::PathBuf;

use crate::cmd::signals::Signals;
use crate::cmd::{demo, outcome, screen};
use crate::diagnose::rules::Rules;
use crate::event::Exit;
use crate::event::finding::Severity;
use crate::exam::pipe;
use crate::fault::spec::Planned;
use crate::moment::Span;
use crate::net::clock::Clock;
use crate::net::reach;
use crate::net::target::Target;
use crate::report::human::pretty;
use crate::report::payload::Ending;
use crate::watch::session;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    pub peer: Peer,
    /// The target is put in.
    pub reach: reach::Plan,
    pub session: session::Plan,
    /// For everything.
    pub timeout: Option<Span>,
    pub pipe: pipe::Plan,
    /// What stands behind each text message on stdout.
    pub ending: Ending,
    /// Each message is answered with itself.
    pub echo: bool,
    /// So many lines typed while there is no connection wait for the next one.
    pub queue: usize,
    /// Somebody types; none: a pipe.
    pub terminal: Option<Terminal>,
    pub screen: screen::Plan,
    /// The masked command line.
    pub command: String,
    /// Proxy variables that are set and not used.
    pub unused_proxies: Vec<String>,
    /// The user's own causes.
    pub rules: Rules,
}

/// Whom to talk to.
#[derive(Clone, Debug)]
pub enum Peer {
    Url(Target),
    /// Our own server, inside this process, with these faults.
    Demo(Vec<Planned>),
}

/// How a terminal is used.
#[derive(Clone, Debug)]
pub struct Terminal {
    pub history: Option<PathBuf>,
    /// Lines that begin with a slash are commands.
    pub slash: bool,
    pub pretty: pretty::Mode,
}

/// Findings are told and do not fail a talk: what became of the connection does.
const LENIENT: outcome::Plan = outcome::Plan { max_drops: u32::MAX, fail_on: Severity::Error, hold: None };

/// Talks until it is left; the exit is that of the process.
pub async fn run(plan: Plan) -> Exit {
    let clock = Clock::start();
    let Ok(mut signals) = Signals::listen() else { return Exit::OwnFault };
    let (target, _demo) = match &plan.peer {
        Peer::Url(target) => (target.clone(), None),
        Peer::Demo(faults) => match demo::start(faults).await {
            Some((target, serving)) => (target, Some(serving)),
            None => return Exit::CannotListen,
        },
    };
    match plan.terminal.clone() {
        Some(terminal) => repl::run(&plan, &terminal, target, &mut signals, clock).await,
        None => piped::run(&plan, target, &mut signals, clock).await,
    }
}
