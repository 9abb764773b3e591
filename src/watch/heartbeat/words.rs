//! Heartbeats in words for people. Owns the sentences of a plan and of what it sends; when they are told is others'.

use super::plan::{Answer, Clock, Plan, Role, Send};
use crate::event::show;
use crate::moment::Span;
use crate::watch::heartbeat::Filling;

impl Send {
    /// For a person: `ping`, `text "HeartBeat"`, `3 bytes of binary`.
    pub fn words(&self) -> String {
        match self {
            Send::Ping => "ping".into(),
            Send::Text(text) => format!("text {}", shown(text)),
            Send::Binary(bytes) => format!("{} bytes of binary", bytes.len()),
            Send::Template { text, binary: false } => format!("text {}", shown(&text.source())),
            Send::Template { text, binary: true } => format!("binary {}", shown(&text.source())),
        }
    }
}

impl Send {
    /// The same with a template filled in as it went out.
    pub(super) fn words_filled(&self, filling: &Filling<'_>) -> String {
        match self {
            Send::Template { text, binary } => {
                format!("{} {}", if *binary { "binary" } else { "text" }, shown(&text.fill(filling)))
            }
            _ => self.words(),
        }
    }
}

impl Answer {
    /// What it looks like: `text "pong"`, `JSON with /type "pong"`.
    pub fn words(&self) -> String {
        match self {
            Answer::Any => "any sign of life".into(),
            Answer::Match => "the same back".into(),
            Answer::Text(text) => format!("text {}", shown(text)),
            Answer::Regex(regex) => format!("text that matches {}", show::safe(regex.as_str())),
            Answer::Json(tests) => {
                let each = tests.iter().map(|(pointer, value)| format!("{pointer} {}", shown(&value.source())));
                format!("JSON with {}", each.collect::<Vec<String>>().join(" and "))
            }
            Answer::Bytes(bytes) => format!("binary {}", show::bytes(bytes)),
            Answer::PeerPing => "a ping".into(),
            Answer::None => "none".into(),
        }
    }
}

impl Plan {
    /// `text "HeartBeat" after 60 s of silence, any answer within 60 s`; none when there are no heartbeats.
    pub fn words(&self) -> Option<String> {
        let every = self.every?;
        let mut words = match self.role {
            Role::Send => self.sent_words(every),
            Role::Respond => format!("answers the server's heartbeats, {}", self.awaited_words(every)),
            Role::Observe => format!("watches the server's heartbeats, {}", self.awaited_words(every)),
        };
        if self.after.is_some() {
            words = format!("{words}, from its hello on");
        }
        if self.auto {
            words = format!("{words}; the server's own kind once it is known");
        }
        Some(words)
    }

    fn sent_words(&self, every: Span) -> String {
        let every = roughly(every);
        let when = match self.clock {
            Clock::Idle => format!("after {every} of silence"),
            Clock::Fixed => format!("every {every}"),
        };
        let within = roughly(self.timeout);
        let answer = match &self.answer {
            Answer::Any if matches!(self.send, Send::Ping) => format!("pong within {within}"),
            Answer::Any => format!("any answer within {within}"),
            Answer::Match => format!("its own answer within {within}"),
            Answer::Text(_) | Answer::Regex(_) | Answer::Json(_) | Answer::Bytes(_) | Answer::PeerPing => {
                format!("the answer asked for within {within}")
            }
            Answer::None => "no answer awaited".into(),
        };
        format!("{} {when}, {answer}", self.send.words())
    }

    fn awaited_words(&self, every: Span) -> String {
        let within = roughly(every.plus(self.timeout));
        match &self.answer {
            Answer::Any | Answer::Match | Answer::None => format!("a sign of life within {within}"),
            Answer::Text(_) | Answer::Regex(_) | Answer::Json(_) | Answer::Bytes(_) | Answer::PeerPing => {
                format!("one within {within}")
            }
        }
    }
}

/// In quotes, escaped.
fn shown(text: &str) -> String {
    // The quotes of JSON stay readable; what is invisible does not stay so.
    format!("\"{}\"", show::safe(text))
}

/// Whole seconds where they are whole.
fn roughly(time: Span) -> String {
    let millis = time.nanos().saturating_add(500_000) / 1_000_000;
    match (millis / 1000, millis % 1000) {
        (0, 0..=9) => show::span(time),
        (0, millis) => format!("{millis} ms"),
        (seconds, 0) => show::whole(seconds),
        _ => show::span(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::heartbeat::Template;

    #[test]
    fn a_plan_is_one_sentence() {
        let ping = Plan::default();
        let text = Plan { send: Send::Text("hb".into()), clock: Clock::Fixed, answer: Answer::None, ..Plan::default() };
        let observe = Plan { role: Role::Observe, ..Plan::default() };
        let respond = Plan { role: Role::Respond, answer: Answer::Text("2".into()), ..Plan::default() };
        for (plan, words) in [
            (ping.clone(), Some("ping after 20 s of silence, pong within 20 s")),
            (text, Some("text \"hb\" every 20 s, no answer awaited")),
            (observe, Some("watches the server's heartbeats, a sign of life within 40 s")),
            (respond, Some("answers the server's heartbeats, one within 40 s")),
            (Plan { every: None, ..ping }, None),
        ] {
            assert_eq!(plan.words().as_deref(), words);
        }
    }

    #[test]
    fn what_is_sent_is_shown_on_one_line() {
        let send = Send::Template { text: Template::new("{\"type\":6}\u{1e}"), binary: false };
        assert_eq!(send.words(), "text \"{\"type\":6}\\u{1e}\"");
    }
}
