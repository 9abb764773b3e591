//! The rows of a body while they are made. Owns the limits: where a fold begins, and how many rows a body may have at
//! all; it knows nothing of what it holds.

use super::{Body, Fold};

/// The most rows of a body that is not folded. A message of line breaks only would take many times its size in memory,
/// so what comes later stands on the last row.
pub(super) const ROWS_MAX: usize = 100_000;

/// What became of the wish for another row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Begun,
    /// There are too many: what follows is put on the same row.
    Joined,
    /// Here the fold begins.
    Full,
}

pub(super) struct Rows {
    fold: Option<Fold>,
    /// The message's length in bytes.
    len: usize,
    /// Each row, and up to which byte the message is shown at its end.
    done: Vec<(String, usize)>,
    current: String,
    upto: usize,
}

impl Rows {
    pub(super) fn new(fold: Option<Fold>, len: usize) -> Rows {
        Rows { fold, len, done: Vec::new(), current: String::new(), upto: 0 }
    }

    /// How many bytes of the message may be shown.
    pub(super) fn bytes_max(&self) -> usize {
        self.fold.map_or(self.len, |fold| fold.bytes.min(self.len))
    }

    /// Adds to the row; `upto` is where in the message the shown part ends.
    pub(super) fn put(&mut self, shown: &str, upto: usize) {
        self.current.push_str(shown);
        self.upto = upto;
    }

    /// Another row, `indent` columns in.
    pub(super) fn next_row(&mut self, indent: usize) -> Next {
        let most = self.fold.map_or(ROWS_MAX, |fold| lines_max(fold).saturating_add(1));
        if self.done.len() + 1 >= most {
            return if self.fold.is_some() { Next::Full } else { Next::Joined };
        }
        let row = std::mem::replace(&mut self.current, " ".repeat(indent));
        self.done.push((row, self.upto));
        Next::Begun
    }

    /// All rows; `whole` tells that nothing of the message is left.
    pub(super) fn into_body(self, whole: bool) -> Body {
        let mut rows = self.done;
        if whole || rows.is_empty() || !self.current.is_empty() {
            rows.push((self.current, self.upto));
        }
        if !whole && let Some(fold) = self.fold {
            rows.truncate(lines_max(fold));
        }
        let shown = rows.last().map_or(0, |(_, upto)| *upto);
        let hidden = if whole { 0 } else { self.len.saturating_sub(shown) };
        Body { lines: rows.into_iter().map(|(row, _)| row).collect(), folded: (hidden > 0).then_some(hidden as u64) }
    }
}

/// A body shows one line at least.
fn lines_max(fold: Fold) -> usize {
    fold.lines.max(1)
}
