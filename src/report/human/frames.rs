//! Frames as lines and as hex, and the folding of a flood of them: DESIGN 1 (3), screen 4's dump. Owns the limit of 200
//! lines a second; the frames are those of RFC 6455 section 5.2.

use crate::event::show::{size, span};
use crate::event::{Direction, FrameBrief, FrameSeen, MessageSeen};
use crate::moment::{Moment, Span};
use crate::report::safe::{self, SHOWN_MAX};

/// How many lines about frames or messages one second may have.
const LINES_MAX: u64 = 200;

/// How many rows of a dump are shown.
const ROWS_MAX: usize = 64;

/// How many of the last frames are named.
const BRIEF_MAX: usize = 6;

/// `in  text fin len 14 masked`.
pub fn frame_text(frame: &FrameSeen) -> String {
    let mut text = format!("{:<3} {}", direction(frame.direction), opcode(frame.opcode));
    text.push_str(if frame.fin { " fin" } else { " more" });
    if frame.rsv != 0 {
        text.push_str(&format!(" rsv {:03b}", frame.rsv));
    }
    text.push_str(&format!(" len {}", frame.len));
    if frame.masked {
        text.push_str(" masked");
    }
    text
}

/// `out ping 8 B, 1.0 s before; in pong 8 B, 1.0 s before`: the newest last, at most the six that fit a glance.
pub fn brief(frames: &[FrameBrief]) -> String {
    let newest = &frames[frames.len().saturating_sub(BRIEF_MAX)..];
    let words: Vec<String> = newest
        .iter()
        .map(|frame| {
            let way = direction(frame.direction);
            format!("{way} {} {}, {} before", opcode(frame.opcode), size(frame.len), span(frame.ago))
        })
        .collect();
    words.join("; ")
}

/// `in  text, 14 B: "..."`.
pub fn message_text(message: &MessageSeen) -> String {
    let kind = if message.text { "text" } else { "binary" };
    let said = format!("{:<3} {kind}, {}", direction(message.direction), size(message.len));
    match &message.payload {
        Some(payload) => format!("{said}: {}", safe::quoted(&payload.0, SHOWN_MAX)),
        None => said,
    }
}

/// Sixteen bytes a row: offset, hex in two groups of eight, what is printable. `len` is the whole payload's length.
pub fn dump(bytes: &[u8], len: u64) -> Vec<String> {
    let rows = bytes.chunks(16).take(ROWS_MAX).enumerate();
    let mut lines: Vec<String> = rows.map(|(index, row)| dump_row(index * 16, row)).collect();
    let shown = bytes.len().min(ROWS_MAX * 16) as u64;
    if len > shown {
        lines.push(format!("... {} more", size(len - shown)));
    }
    lines
}

pub(super) fn dump_row(offset: usize, row: &[u8]) -> String {
    let mut hex = String::with_capacity(49);
    for (index, byte) in row.iter().enumerate() {
        if index > 0 {
            hex.push_str(if index == 8 { "  " } else { " " });
        }
        hex.push_str(&format!("{byte:02x}"));
    }
    let text: String = row.iter().map(|&byte| printable(byte)).collect();
    format!("{offset:04x}  {hex:<48}  {text}")
}

fn printable(byte: u8) -> char {
    if byte == b' ' || byte.is_ascii_graphic() { char::from(byte) } else { '.' }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "in",
        Direction::Out => "out",
    }
}

fn opcode(opcode: u8) -> String {
    match opcode {
        0 => "continuation".to_owned(),
        1 => "text".to_owned(),
        2 => "binary".to_owned(),
        8 => "close".to_owned(),
        9 => "ping".to_owned(),
        10 => "pong".to_owned(),
        other => format!("opcode {other}"),
    }
}

/// What was too much for a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden {
    pub number: u64,
    pub bytes: u64,
    /// When the last of it came.
    pub last: Moment,
}

impl Hidden {
    fn line(self) -> (Moment, String) {
        (self.last, format!("{} not shown, {}", self.number, size(self.bytes)))
    }
}

/// Counts lines a second, and hides what is too much.
#[derive(Default)]
pub struct Fold {
    began: Option<Moment>,
    lines: u64,
    hidden: u64,
    bytes: u64,
    last: Moment,
}

impl Fold {
    /// May a line about `bytes` bytes be shown at `at`? What may not is counted.
    pub fn admits(&mut self, at: Moment, bytes: u64) -> bool {
        self.began.get_or_insert(at);
        self.lines += 1;
        if self.lines <= LINES_MAX {
            return true;
        }
        self.hidden += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        self.last = at;
        false
    }

    /// The line on what was hidden, once its second is over.
    pub fn due(&mut self, now: Moment) -> Option<(Moment, String)> {
        self.hidden_due(now).map(Hidden::line)
    }

    /// The line on what is hidden, now.
    pub fn flush(&mut self) -> Option<(Moment, String)> {
        self.flush_hidden().map(Hidden::line)
    }

    /// What was hidden, once its second is over.
    pub fn hidden_due(&mut self, now: Moment) -> Option<Hidden> {
        let began = self.began?;
        if now.since(began) < Span::from_secs(1) { None } else { self.flush_hidden() }
    }

    /// What is hidden, now.
    pub fn flush_hidden(&mut self) -> Option<Hidden> {
        let over = std::mem::take(self);
        (over.hidden > 0).then_some(Hidden { number: over.hidden, bytes: over.bytes, last: over.last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_line() {
        let frame = FrameSeen {
            direction: Direction::In,
            fin: true,
            rsv: 0,
            opcode: 1,
            masked: true,
            len: 14,
            first_at: Moment::START,
            last_at: Moment::START,
            payload: None,
        };
        assert_eq!(frame_text(&frame), "in  text fin len 14 masked");
        let odd = FrameSeen { direction: Direction::Out, fin: false, rsv: 4, opcode: 3, masked: false, ..frame };
        assert_eq!(frame_text(&odd), "out opcode 3 more rsv 100 len 14");
    }

    #[test]
    fn a_dump_has_sixteen_bytes_a_row() {
        let bytes = b"\x08\x96\x01\x12\x0bhello world\x1a\x052026!\x00";
        assert_eq!(
            dump(bytes, 1048),
            [
                "0000  08 96 01 12 0b 68 65 6c  6c 6f 20 77 6f 72 6c 64  .....hello world",
                "0010  1a 05 32 30 32 36 21 00                           ..2026!.",
                "... 1 KiB more",
            ]
        );
    }

    #[test]
    fn over_two_hundred_lines_a_second_are_counted() {
        let mut fold = Fold::default();
        let at = Moment::from_millis(17_000);
        let shown = (0..4012).filter(|_| fold.admits(at, 330)).count();
        assert_eq!((shown, fold.due(at)), (200, None));
        assert_eq!(fold.due(Moment::from_millis(18_000)), Some((at, "3812 not shown, 1.2 MiB".to_owned())));
        assert!(fold.admits(Moment::from_millis(18_000), 1));
    }
}
