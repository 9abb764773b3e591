//! The answers of slash commands on the screen. Owns their indent, and that they stand in order with what happens:
//! both go through the same sink.

use crate::report::sink::Sink;

/// Says what a command answers.
#[derive(Clone, Debug)]
pub struct Replies {
    sink: Sink,
}

impl Replies {
    /// Answers that go to `sink`, the screen's own.
    pub fn new(sink: Sink) -> Replies {
        Replies { sink }
    }

    /// These lines, two columns in; whoever makes them has escaped what is a peer's.
    pub fn say(&self, lines: &[String]) {
        let mut out = String::new();
        for line in lines {
            if !line.is_empty() {
                out.push_str("  ");
                out.push_str(line);
            }
            out.push('\n');
        }
        if !out.is_empty() {
            self.sink.write(&out);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_indented_and_an_empty_line_stays_empty() {
        let (sink, kept) = Sink::memory();
        let replies = Replies::new(sink);
        replies.say(&[]);
        replies.say(&["one".into(), String::new(), "two".into()]);
        assert_eq!(kept.lock().unwrap().as_slice(), b"  one\n\n  two\n");
    }
}
