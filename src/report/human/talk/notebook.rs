//! What a terminal may still ask for: the newest handshake's heads, the findings so far, the last messages. Owns how
//! much is kept and its numbers; it is fed by the screen, with events whose secrets are masked already.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::event::show::size;
use crate::event::{Direction, Finding, MessageSeen, UpgradeAnswered};
use crate::moment::Moment;
use crate::report::human::finding::Findings;
use crate::report::human::heads;
use crate::report::human::pretty::{self, Mode};
use crate::report::style::Style;
use crate::wire::head::Head;

/// So many messages are kept, in both directions together.
const MESSAGES_MAX: usize = 1000;

/// So many bytes of them, in all; of a larger message its beginning.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// Which message `/show` is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Show {
    Last,
    /// Counted from 1, in the order in which they came and went.
    Number(u64),
}

/// A handle on what is kept; clones are the same notebook.
#[derive(Clone, Default)]
pub struct Notebook {
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    request: Vec<String>,
    answer: Vec<String>,
    findings: Findings,
    messages: VecDeque<Kept>,
    bytes: usize,
    /// The number of the newest message; 0 before the first.
    count: u64,
    /// So many of our next messages stand on the screen already.
    to_hide: u64,
}

struct Kept {
    at: Moment,
    direction: Direction,
    text: bool,
    len: u64,
    bytes: Vec<u8>,
}

/// A message has got its number.
pub struct Noted {
    pub number: u64,
    /// It was typed: the prompt is the record of it.
    pub hidden: bool,
}

impl Notebook {
    /// The next message of ours was typed, so that it is not shown a second time.
    pub fn hide_next_sent(&self) {
        self.lock().to_hide += 1;
    }

    /// Request and answer of the newest handshake.
    pub fn headers(&self) -> Vec<String> {
        let notes = self.lock();
        if notes.request.is_empty() {
            return vec!["no request was sent yet".to_owned()];
        }
        let mut lines = notes.request.clone();
        lines.push(String::new());
        if notes.answer.is_empty() {
            lines.push("no answer yet".to_owned());
        }
        lines.extend(notes.answer.iter().cloned());
        lines
    }

    /// The findings so far, and those of `now`, which are told only at the end of a run: the worst first, an empty line
    /// between.
    pub fn findings(&self, now: &[Finding]) -> Vec<String> {
        let mut all = self.lock().findings.clone();
        now.iter().for_each(|finding| all.push(finding));
        let sections = all.sections(true, |text, _| text.to_owned());
        let mut lines = Vec::new();
        for section in sections {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            lines.extend(section);
        }
        if lines.is_empty() {
            lines.push("no findings so far".to_owned());
        }
        lines
    }

    /// One message, all that is kept of it.
    pub fn show(&self, which: Show) -> Vec<String> {
        let notes = self.lock();
        let number = match which {
            Show::Last => notes.count,
            Show::Number(number) => number,
        };
        match notes.message(number) {
            Some(kept) => kept.lines(number),
            None => vec![notes.missing(number)],
        }
    }

    pub(super) fn asked(&self, head: &Head) {
        let mut notes = self.lock();
        notes.request = heads::whole(head, "> ");
        notes.answer.clear();
    }

    pub(super) fn answered(&self, answer: &UpgradeAnswered) {
        let mut lines = heads::whole(&answer.head, "< ");
        lines.extend(answer.body.as_ref().map(heads::body).unwrap_or_default());
        self.lock().answer = lines;
    }

    pub(super) fn found(&self, finding: &Finding) {
        self.lock().findings.push(finding);
    }

    /// The first connection is open: what stood in its way is no matter any more.
    pub(super) fn overcome(&self) {
        self.lock().findings.overcome();
    }

    pub(super) fn message(&self, at: Moment, message: &MessageSeen) -> Noted {
        let payload = message.payload.as_ref().map(|payload| payload.0.as_slice()).unwrap_or_default();
        let bytes = payload[..payload.len().min(BYTES_MAX)].to_vec();
        let (direction, text, len) = (message.direction, message.text, message.len);
        let mut notes = self.lock();
        notes.keep(Kept { at, direction, text, len, bytes });
        let hidden = direction == Direction::Out && notes.to_hide > 0;
        if hidden {
            notes.to_hide -= 1;
        }
        Noted { number: notes.count, hidden }
    }

    /// A panic elsewhere takes nothing from what was noted.
    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notes {
    fn keep(&mut self, message: Kept) {
        self.count += 1;
        self.bytes += message.bytes.len();
        self.messages.push_back(message);
        while self.messages.len() > MESSAGES_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.messages.pop_front() else { return };
            self.bytes -= oldest.bytes.len();
        }
    }

    fn message(&self, number: u64) -> Option<&Kept> {
        let index = number.checked_sub(self.oldest())?;
        self.messages.get(usize::try_from(index).ok()?)
    }

    /// The number of the oldest message that is kept.
    fn oldest(&self) -> u64 {
        self.count + 1 - self.messages.len() as u64
    }

    fn missing(&self, number: u64) -> String {
        match self.count {
            0 => "no message yet".to_owned(),
            newest if number > newest => format!("no message {number} yet: the newest is {newest}"),
            _ => format!("message {number} is not kept: the oldest that is kept is {}", self.oldest()),
        }
    }
}

impl Kept {
    /// `message 17, in, text, 12 KiB, at 4.228`, and its body.
    fn lines(&self, number: u64) -> Vec<String> {
        let way = if self.direction == Direction::In { "in" } else { "out" };
        let kind = if self.text { "text" } else { "binary" };
        let millis = self.at.nanos() / 1_000_000;
        let at = format!("{}.{:03}", millis / 1000, millis % 1000);
        let mut lines = vec![format!("message {number}, {way}, {kind}, {}, at {at}", size(self.len))];
        let shown = if self.text {
            let text = valid(&self.bytes);
            lines.extend(pretty::text(text, 0, Mode::On, Style::default(), None).lines);
            text.len()
        } else {
            lines.extend(pretty::binary(&self.bytes, None).lines);
            self.bytes.len()
        };
        let more = self.len.saturating_sub(shown as u64);
        if more > 0 {
            lines.push(format!("... {} more, not kept", size(more)));
        }
        lines
    }
}

/// A text up to the character within which it was cut.
fn valid(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(cut) => std::str::from_utf8(&bytes[..cut.valid_up_to()]).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::PayloadBytes;

    fn note(notebook: &Notebook, direction: Direction, text: bool, bytes: &[u8]) -> Noted {
        let payload = Some(PayloadBytes(bytes.to_vec()));
        let message = MessageSeen { direction, text, len: bytes.len() as u64, payload };
        notebook.message(Moment::from_millis(4228), &message)
    }

    #[test]
    fn a_message_is_shown_by_its_number_or_as_the_last() {
        let notebook = Notebook::default();
        assert_eq!(notebook.show(Show::Last), ["no message yet"]);
        note(&notebook, Direction::In, true, b"hello");
        note(&notebook, Direction::Out, false, b"\x00a");
        assert_eq!(notebook.show(Show::Number(1)), ["message 1, in, text, 5 B, at 4.228", "hello"]);
        assert_eq!(
            notebook.show(Show::Last),
            ["message 2, out, binary, 2 B, at 4.228", "0000  00 61                                             .a"]
        );
        assert_eq!(notebook.show(Show::Number(3)), ["no message 3 yet: the newest is 2"]);
    }

    #[test]
    fn the_oldest_make_room() {
        let notebook = Notebook::default();
        for _ in 0..MESSAGES_MAX + 2 {
            note(&notebook, Direction::In, true, b"x");
        }
        assert_eq!(notebook.show(Show::Number(2)), ["message 2 is not kept: the oldest that is kept is 3"]);
        assert_eq!(notebook.show(Show::Number(3))[1], "x");
        note(&notebook, Direction::In, false, &vec![0; BYTES_MAX]);
        assert_eq!(notebook.show(Show::Number(1002)), ["message 1002 is not kept: the oldest that is kept is 1003"]);
    }

    #[test]
    fn of_a_larger_message_the_beginning_is_kept() {
        let notebook = Notebook::default();
        let mut large = vec![b'x'; BYTES_MAX - 1];
        large.extend("\u{e4}y".bytes());
        note(&notebook, Direction::In, true, &large);
        let lines = notebook.show(Show::Last);
        assert_eq!(lines.last().map(String::as_str), Some("... 3 B more, not kept"));
    }

    #[test]
    fn only_a_message_of_ours_is_hidden_and_only_once() {
        let notebook = Notebook::default();
        notebook.hide_next_sent();
        assert!(!note(&notebook, Direction::In, true, b"a").hidden);
        assert!(note(&notebook, Direction::Out, true, b"b").hidden);
        assert!(!note(&notebook, Direction::Out, true, b"c").hidden);
    }

    #[test]
    fn a_new_handshake_takes_the_place_of_the_old_one() {
        let notebook = Notebook::default();
        assert_eq!(notebook.headers(), ["no request was sent yet"]);
        let request = Head::verbatim(b"GET /ws HTTP/1.1\r\nHost: h\r\n\r\n".to_vec());
        let answer = UpgradeAnswered {
            head: Head::verbatim(b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec()),
            body: None,
            took: crate::moment::Span::ZERO,
        };
        notebook.asked(&request);
        notebook.answered(&answer);
        assert_eq!(notebook.headers(), ["> GET /ws HTTP/1.1", "> Host: h", "", "< HTTP/1.1 101 Switching Protocols"]);
        notebook.asked(&request);
        assert_eq!(notebook.headers().last().map(String::as_str), Some("no answer yet"));
        assert_eq!(notebook.findings(&[]), ["no findings so far"]);
    }
}
