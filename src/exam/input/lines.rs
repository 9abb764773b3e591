//! Cuts blocks of bytes into lines or chunks. Owns where a line ends, that it is no longer than allowed and, for text,
//! that it is UTF-8; what a line means is the parent's.
//!
//! Made for millions of lines a second: one search for each line's end, UTF-8 judged once a block, and a line that lies
//! in one block is a slice of it. A line that spans blocks is joined in one buffer; one that gets too long is told at
//! once and not kept.

use std::collections::VecDeque;

use bytes::Bytes;
use memchr::{memchr, memrchr};

/// Where a message ends.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    /// At this byte, an ASCII one, or at the end of all.
    Lines(u8),
    /// With its block, or after so many bytes.
    Chunks(usize),
    /// At the end of all.
    Nowhere,
}

#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub cut: Cut,
    /// A CR before the line's end belongs to the end.
    pub drops_cr: bool,
    /// Each line must be UTF-8.
    pub is_text: bool,
    /// The longest line in bytes, without its end.
    pub longest: usize,
}

#[derive(Debug)]
pub enum Found {
    Line(Bytes),
    TooLong,
    /// The first byte of the line that belongs to no character.
    NotText {
        at: usize,
        byte: u8,
    },
}

#[derive(Debug)]
pub struct Lines {
    rule: Rule,
    /// What comes behind `block`, and its bytes.
    blocks: VecDeque<Bytes>,
    behind: usize,
    block: Bytes,
    /// Where the next line of `block` begins.
    at: usize,
    /// Behind the last line's end in `block`; only known for text.
    complete: usize,
    /// Lines of `block` that end here or before are UTF-8.
    judged: usize,
    /// A line that began in earlier blocks.
    begun: Vec<u8>,
    /// The line under way was told as too long.
    is_skipping: bool,
    has_ended: bool,
    number: u64,
}

impl Lines {
    pub fn new(rule: Rule) -> Lines {
        Lines {
            rule,
            blocks: VecDeque::new(),
            behind: 0,
            block: Bytes::new(),
            at: 0,
            complete: 0,
            judged: 0,
            begun: Vec::new(),
            is_skipping: false,
            has_ended: false,
            number: 0,
        }
    }

    pub fn push(&mut self, block: Bytes) {
        if self.has_ended || block.is_empty() {
            return;
        }
        self.behind += block.len();
        self.blocks.push_back(block);
    }

    pub fn end(&mut self) {
        self.has_ended = true;
    }

    /// Ends here: nothing of what waits is wanted.
    pub fn stop(&mut self) {
        self.has_ended = true;
        self.blocks.clear();
        self.behind = 0;
        self.begun = Vec::new();
        self.block = Bytes::new();
        self.at = 0;
    }

    /// The next line; none when another block is needed or all was given.
    pub fn find(&mut self) -> Option<Found> {
        loop {
            if self.at == self.block.len() && !self.open_next_block() {
                return self.last_line();
            }
            let found = self.step();
            if found.is_some() {
                return found;
            }
        }
    }

    /// The number of the line found last, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    pub fn is_spent(&self) -> bool {
        self.has_ended && self.blocks.is_empty() && self.at == self.block.len() && self.begun.is_empty()
    }

    pub fn waiting_bytes(&self) -> usize {
        self.behind + (self.block.len() - self.at) + self.begun.len()
    }

    fn open_next_block(&mut self) -> bool {
        self.at = 0;
        self.judged = 0;
        self.complete = 0;
        let Some(block) = self.blocks.pop_front() else {
            // A block that is done with is not kept while nothing comes.
            self.block = Bytes::new();
            return false;
        };
        self.behind -= block.len();
        if let (Cut::Lines(end), true) = (self.rule.cut, self.rule.is_text) {
            self.complete = memrchr(end, &block).map_or(0, |last| last + 1);
        }
        self.block = block;
        true
    }

    fn step(&mut self) -> Option<Found> {
        let start = self.at;
        match self.rule.cut {
            Cut::Lines(end) => match memchr(end, &self.block[start..]) {
                Some(length) => self.line(start, start + length),
                None => self.begin(start),
            },
            Cut::Chunks(longest) => {
                self.at = self.block.len().min(start.saturating_add(longest));
                self.number += 1;
                Some(Found::Line(self.block.slice(start..self.at)))
            }
            Cut::Nowhere => self.begin(start),
        }
    }

    /// A line's end is at `stop`.
    fn line(&mut self, start: usize, stop: usize) -> Option<Found> {
        self.at = stop + 1;
        if self.is_skipping {
            self.is_skipping = false;
            return None;
        }
        self.number += 1;
        if !self.begun.is_empty() {
            return Some(self.joined(start, stop));
        }
        let has_cr = self.rule.drops_cr && self.block[start..stop].ends_with(b"\r");
        let end = if has_cr { stop - 1 } else { stop };
        if end - start > self.rule.longest {
            return Some(Found::TooLong);
        }
        if self.rule.is_text
            && end > self.judged
            && let Some(wrong) = self.judge_block(start, end)
        {
            return Some(wrong);
        }
        Some(Found::Line(self.block.slice(start..end)))
    }

    /// Judges this line and all complete ones behind it at once. A line's end is ASCII, so that it cuts no character:
    /// the lines up to the first wrong byte are good, and the line around it is not.
    fn judge_block(&mut self, start: usize, end: usize) -> Option<Found> {
        let Err(error) = std::str::from_utf8(&self.block[start..self.complete]) else {
            self.judged = self.complete;
            return None;
        };
        self.judged = start + error.valid_up_to();
        if self.judged >= end {
            return None;
        }
        Some(Found::NotText { at: self.judged - start, byte: self.block[self.judged] })
    }

    /// The end of a line that began in an earlier block.
    fn joined(&mut self, start: usize, stop: usize) -> Found {
        let mut line = std::mem::take(&mut self.begun);
        // One more for a CR that goes; anything longer is not worth a copy.
        if line.len() + (stop - start) > self.rule.longest.saturating_add(1) {
            return Found::TooLong;
        }
        line.extend_from_slice(&self.block[start..stop]);
        if self.rule.drops_cr && line.ends_with(b"\r") {
            line.truncate(line.len() - 1);
        }
        self.judged_alone(line)
    }

    /// The rest of the block has no line's end.
    fn begin(&mut self, start: usize) -> Option<Found> {
        self.at = self.block.len();
        if self.is_skipping {
            return None;
        }
        let rest = &self.block[start..];
        let may_drop_cr = self.rule.drops_cr && rest.ends_with(b"\r");
        let longest = self.rule.longest.saturating_add(usize::from(may_drop_cr));
        if self.begun.len() + rest.len() > longest {
            self.begun = Vec::new();
            self.is_skipping = true;
            self.number += 1;
            return Some(Found::TooLong);
        }
        self.begun.extend_from_slice(rest);
        None
    }

    /// At the end of all: the line that has no end of its own.
    fn last_line(&mut self) -> Option<Found> {
        if !self.has_ended || self.begun.is_empty() {
            return None;
        }
        self.number += 1;
        let line = std::mem::take(&mut self.begun);
        Some(self.judged_alone(line))
    }

    fn judged_alone(&self, line: Vec<u8>) -> Found {
        if line.len() > self.rule.longest {
            return Found::TooLong;
        }
        if !self.rule.is_text {
            return Found::Line(Bytes::from(line));
        }
        match std::str::from_utf8(&line) {
            Ok(_) => Found::Line(Bytes::from(line)),
            Err(error) => Found::NotText { at: error.valid_up_to(), byte: line[error.valid_up_to()] },
        }
    }
}
