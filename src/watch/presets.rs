//! Named heartbeats: payload, answer and times of known clients together. Owns the table; a flag given by hand beats it
//! (`cli::plan`).

use crate::moment::Span;
use crate::watch::heartbeat::{Answer, Clock, Plan, Send};

/// The names, for help and for errors.
pub const NAMES: &[&str] = &["heartcheck"];

/// The plan of a preset.
pub fn preset(name: &str) -> Option<Plan> {
    match name {
        // The classic browser client: an idle timer of 60 s, a text, and a second timer of 60 s for any answer.
        "heartcheck" => Some(Plan {
            every: Some(Span::from_secs(60)),
            timeout: Span::from_secs(60),
            clock: Clock::Idle,
            send: Send::Text("HeartBeat".into()),
            answer: Answer::Any,
            misses: 1,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_plan() {
        assert!(NAMES.iter().all(|name| preset(name).is_some()));
        assert!(preset("unknown").is_none());
    }
}
