//! Scripts: a time line of sends, waits and expectations, read from TOML and played on one connection. Owns the steps
//! of the language, which `docs/scripts.md` explains to people; how they are read is `parse`'s, how they follow each
//! other is `play`'s, and what the faults in them mean is for the caller to judge.

mod parse;
mod play;
mod unread;
mod wanted;

pub use parse::parse;
pub use play::Play;

use thiserror::Error;
use wanted::Wanted;

use crate::moment::Span;
use crate::watch::life::Outgoing;
use crate::wire::close::CloseBody;

/// What is played: at least one step.
#[derive(Clone, Debug)]
pub struct Script {
    rounds: Rounds,
    steps: Vec<Step>,
    /// Where the last expectation stands: behind it no message has to be kept.
    last_expect: Option<usize>,
}

/// What the player wants of the connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    Send(Outgoing),
    /// A pong that nobody asked for, with this payload.
    Pong(Vec<u8>),
    Close(CloseBody),
    /// The fault of this spec.
    Fault(String),
}

/// What is wrong with a script, in one line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScriptFault {
    #[error("step {step} (line {line}): {why}")]
    Step { step: usize, line: usize, why: String },
    #[error("line {line}: {why}")]
    Line { line: usize, why: String },
    #[error("{0}")]
    Whole(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rounds {
    Times(u64),
    Forever,
}

#[derive(Clone, Debug)]
struct Step {
    /// Shown beside its number; nothing in it acts on a terminal.
    name: Option<String>,
    action: Action,
}

#[derive(Clone, Debug)]
enum Action {
    Wait(Span),
    /// So often, with this pause in between.
    Give {
        what: Given,
        times: u64,
        every: Span,
    },
    Expect {
        what: Wanted,
        within: Span,
        /// Nothing else may come before it.
        strict: bool,
    },
    Close(CloseBody),
    Fault(String),
}

#[derive(Clone, Debug)]
enum Given {
    Send(Outgoing),
    Pong(Vec<u8>),
}

impl Script {
    /// The faults in it, each with the number of its step, for the caller to check before anything is played.
    pub fn faults(&self) -> Vec<(usize, &str)> {
        let mut faults = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            if let Action::Fault(spec) = &step.action {
                faults.push((index + 1, spec.as_str()));
            }
        }
        faults
    }

    /// The longest time that its waits, pauses and expectations can take together; none when it loops for ever.
    pub fn waits(&self) -> Option<Span> {
        let Rounds::Times(rounds) = self.rounds else { return None };
        let round = self.steps.iter().fold(Span::ZERO, |sum, step| sum.plus(step.action.longest()));
        Some(Span::from_nanos(round.nanos().saturating_mul(rounds)))
    }

    fn action(&self, index: usize) -> Option<&Action> {
        self.steps.get(index).map(|step| &step.action)
    }
}

impl Action {
    /// How long it may take; no time when it is done at once.
    fn longest(&self) -> Span {
        match self {
            Action::Wait(span) => *span,
            Action::Give { times, every, .. } => {
                Span::from_nanos(every.nanos().saturating_mul(times.saturating_sub(1)))
            }
            Action::Expect { within, .. } => *within,
            Action::Close(_) | Action::Fault(_) => Span::ZERO,
        }
    }
}

impl Given {
    fn wish(&self) -> Wish {
        match self {
            Given::Send(outgoing) => Wish::Send(outgoing.clone()),
            Given::Pong(payload) => Wish::Pong(payload.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
