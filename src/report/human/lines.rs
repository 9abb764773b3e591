//! Lines in columns: time stamp, label, text, and the breaking of long ones. Owns the widths of SCREENS' rules 2 and 4
//! and what happens when the sink is full (lines are left out and counted, never waited for); what a line says is its
//! caller's.

use std::io;

use crate::event::show::count;
use crate::moment::Moment;
use crate::report::human::Timestamps;
use crate::report::sink::Sink;
use crate::report::style::Style;

/// The most characters in a line of our own words: narrower than 96 columns.
pub const WIDTH: usize = 95;

/// The width of a label with the space behind it.
pub const LABEL: usize = 10;

/// The colour of a label.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Bad,
    Warn,
}

/// Writes lines to one sink.
pub struct Lines {
    sink: Sink,
    style: Style,
    timestamps: Timestamps,
    wall_start_unix_ms: i64,
    label: usize,
    said_at: Option<Moment>,
    left_out: u64,
}

impl Lines {
    /// Lines with labels of `label` columns.
    pub fn new(sink: Sink, style: Style, timestamps: Timestamps, wall_start_unix_ms: i64, label: usize) -> Lines {
        Lines { sink, style, timestamps, wall_start_unix_ms, label, said_at: None, left_out: 0 }
    }

    /// A stamped line. Long text goes on under itself, and so does each text after the first.
    pub fn say<T: AsRef<str>>(&mut self, at: Moment, label: &str, tone: Tone, texts: &[T]) {
        let indent = self.stamp_width() + self.label;
        let broken = texts.iter().flat_map(|text| wrap(text.as_ref(), WIDTH - indent)).collect::<Vec<_>>();
        self.stamped(at, label, tone, &broken);
    }

    /// The same for lines that are shown as they are, however long (a peer's head, a dump).
    pub fn say_whole<T: AsRef<str>>(&mut self, at: Moment, label: &str, first: &str, below: &[T]) {
        let all: Vec<&str> = std::iter::once(first).chain(below.iter().map(AsRef::as_ref)).collect();
        self.stamped(at, label, Tone::Plain, &all);
    }

    fn stamped<T: AsRef<str>>(&mut self, at: Moment, label: &str, tone: Tone, texts: &[T]) {
        self.said_at = Some(at);
        if self.sink.is_full() {
            self.left_out += 1;
            return;
        }
        self.tell_left_out();
        let indent = self.stamp_width() + self.label;
        let mut out = self.stamp(at);
        out.push_str(&self.paint(label, tone));
        // A label as long as its column still needs a space behind it.
        out.push_str(&" ".repeat(self.label.saturating_sub(label.len()).max(1)));
        for (index, text) in texts.iter().enumerate() {
            if index > 0 {
                out.push_str(&" ".repeat(indent));
            }
            out.push_str(text.as_ref());
            out.push('\n');
        }
        self.sink.write(&out);
    }

    /// Lines without stamp, apart from what stands above by an empty line where something does. They are written even
    /// when the sink is full: the verdict is never left out.
    pub fn block(&mut self, sections: &[Vec<String>]) {
        self.tell_left_out();
        let mut out = String::new();
        if self.said_at.is_some() {
            out.push('\n');
        }
        for (index, section) in sections.iter().enumerate() {
            if index > 0 {
                out.push('\n');
            }
            for line in section {
                out.push_str(line);
                out.push('\n');
            }
        }
        self.said_at = Some(self.said_at.unwrap_or(Moment::START));
        self.sink.write(&out);
    }

    /// Lines as they are, without stamp and without distance.
    pub fn plain(&mut self, lines: &[String]) {
        self.sink.write(&format!("{}\n", lines.join("\n")));
    }

    /// When the last line was written; none before the first.
    pub fn said_at(&self) -> Option<Moment> {
        self.said_at
    }

    /// `text` in that colour.
    pub fn paint(&self, text: &str, tone: Tone) -> String {
        match tone {
            Tone::Plain => text.to_owned(),
            Tone::Good => self.style.good(text),
            Tone::Bad => self.style.bad(text),
            Tone::Warn => self.style.warn(text),
        }
    }

    /// `text` dim, for hints.
    pub fn dim(&self, text: &str) -> String {
        self.style.dim(text)
    }

    /// An error once the sink's stream is gone.
    pub fn still_there(&self) -> io::Result<()> {
        if self.sink.is_gone() { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    fn tell_left_out(&mut self) {
        if self.left_out > 0 {
            self.sink.write(&format!("({} left out: our output was blocked)\n", count(self.left_out, "line")));
            self.left_out = 0;
        }
    }

    fn stamp_width(&self) -> usize {
        match self.timestamps {
            Timestamps::None => 0,
            Timestamps::Relative => 10,
            Timestamps::Wall => 15,
        }
    }

    /// Seconds since the start in eight columns, or the time of day in UTC; two spaces behind.
    pub(super) fn stamp(&self, at: Moment) -> String {
        let millis = at.nanos() / 1_000_000;
        match self.timestamps {
            Timestamps::None => String::new(),
            Timestamps::Relative => {
                let stamp = format!("{}.{:03}", millis / 1000, millis % 1000);
                format!("{}  ", self.style.dim(&format!("{stamp:>8}")))
            }
            Timestamps::Wall => {
                let since = i64::try_from(millis).unwrap_or(i64::MAX);
                let of_day = self.wall_start_unix_ms.saturating_add(since).rem_euclid(86_400_000);
                let (seconds, part) = (of_day / 1000, of_day % 1000);
                let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
                format!("{}  ", self.style.dim(&format!("{hour:02}:{minute:02}:{second:02}.{part:03}Z")))
            }
        }
    }
}

/// `text` broken at spaces into lines of at most `width` characters; a longer word stays whole, a number keeps its unit.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut columns = 0;
    for (index, word) in words(text).into_iter().enumerate() {
        let length = word.chars().count();
        if line.is_empty() && !lines.is_empty() {
            // More than one space, where the line broke: none of them begins the next one.
            columns = length;
        } else if index > 0 && columns + 1 + length > width {
            line.truncate(line.trim_end().len());
            lines.push(std::mem::take(&mut line));
            columns = length;
        } else {
            if index > 0 {
                line.push(' ');
            }
            columns += length + usize::from(index > 0);
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// The pieces between which a line may break.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut from = 0;
    for (space, _) in text.match_indices(' ') {
        if space < from {
            continue;
        }
        let number = text[from..space].ends_with(|last: char| last.is_ascii_digit());
        let next = text[space + 1..].split(' ').next().unwrap_or_default();
        let exit = &text[from..space] == "(exit";
        let unit = number && UNITS.contains(&next.trim_end_matches([',', ';', '.', ')', ':']));
        if !exit && !unit {
            words.push(&text[from..space]);
            from = space + 1;
        }
    }
    words.push(&text[from..]);
    words
}

/// What stands behind a number and belongs to it.
const UNITS: &[&str] = &["ms", "s", "m", "h", "B", "KiB", "MiB", "GiB"];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shown(timestamps: Timestamps, say: impl FnOnce(&mut Lines)) -> String {
        let (sink, kept) = Sink::memory();
        say(&mut Lines::new(sink, Style::new(false), timestamps, 1_795_341_845_000, LABEL));
        String::from_utf8(kept.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_line_has_a_stamp_a_label_and_a_text_under_itself() {
        let text = shown(Timestamps::Relative, |lines| {
            lines.say(Moment::from_millis(72_298), "dropped", Tone::Bad, &["FIN", "age 72.2 s"]);
        });
        assert_eq!(text, "  72.298  dropped   FIN\n                    age 72.2 s\n");
    }

    #[test]
    fn stamps_can_be_left_out_or_be_the_time_of_day() {
        let at = Moment::from_millis(123);
        assert_eq!(shown(Timestamps::None, |lines| lines.say(at, "open", Tone::Good, &["x"])), "open      x\n");
        assert_eq!(
            shown(Timestamps::Wall, |lines| lines.say(at, "open", Tone::Good, &["x"])),
            "10:04:05.123Z  open      x\n"
        );
    }

    #[test]
    fn long_text_breaks_at_a_space_and_long_words_stay_whole() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("aaaaaaaa b", 5), ["aaaaaaaa", "b"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("a  b", 80), ["a  b"]);
        assert_eq!(wrap("after 12.5 ms, no", 10), ["after", "12.5 ms,", "no"]);
        for width in 4..=12 {
            assert_eq!(wrap("fact   [code]", width), ["fact", "[code]"], "{width}");
        }
        assert_eq!(wrap("fact   [code]", 13), ["fact   [code]"]);
    }

    #[test]
    fn blocks_stand_apart_from_what_is_above() {
        let text = shown(Timestamps::None, |lines| {
            lines.block(&[vec!["one".into()], vec!["two".into()]]);
            lines.block(&[vec!["three".into()]]);
        });
        assert_eq!(text, "one\n\ntwo\n\nthree\n");
    }
}
