//! Line numbers in few words and bounded memory. Owns runs of numbers, their merging and how they are written; what
//! they stand for is the ledger's.

/// More ranges than this are only counted.
const LISTED_MAX: usize = 1000;
/// More ranges than this are not named in a sentence.
const NAMED_MAX: usize = 5;

/// Some or all of the lines from `first` to `last`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    pub first: u64,
    pub last: u64,
    /// How many of them.
    pub lines: u64,
}

/// Rising ranges that do not overlap.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Ranges {
    listed: Vec<Range>,
    /// Lines in ranges above the listed ones.
    unlisted: u64,
}

impl Range {
    /// One line.
    pub fn single(number: u64) -> Range {
        Range { first: number, last: number, lines: 1 }
    }

    /// Are all lines from the first to the last meant?
    pub fn is_whole(&self) -> bool {
        self.lines == self.last - self.first + 1
    }

    /// Do both make one range, with no line between them and none left out?
    pub fn is_followed_by(&self, next: &Range) -> bool {
        self.last + 1 == next.first && self.is_whole() && next.is_whole()
    }

    /// Takes a later one in.
    pub fn absorb(&mut self, later: &Range) {
        self.last = later.last;
        self.lines += later.lines;
    }

    /// `17`; `17` and `18`; `17 to 25`; `4 of 17 to 25` when some between are not meant.
    fn name(&self, names: &mut Vec<String>) {
        let Range { first, last, lines } = *self;
        if !self.is_whole() {
            return names.push(format!("{lines} of {first} to {last}"));
        }
        match lines {
            1 => names.push(first.to_string()),
            2 => names.extend([first.to_string(), last.to_string()]),
            _ => names.push(format!("{first} to {last}")),
        }
    }
}

impl Ranges {
    /// Adds a range above all before it.
    pub fn push(&mut self, range: Range) {
        if let Some(last) = self.listed.last_mut()
            && last.is_followed_by(&range)
        {
            last.absorb(&range);
            return;
        }
        if self.listed.len() < LISTED_MAX {
            self.listed.push(range);
        } else {
            self.unlisted += range.lines;
        }
    }

    /// How many lines in all.
    pub fn lines(&self) -> u64 {
        lines_of(&self.listed) + self.unlisted
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// The lowest of them, a thousand at most.
    pub fn listed(&self) -> &[Range] {
        &self.listed
    }

    /// How many lines above the listed ones are only counted.
    pub fn unlisted(&self) -> u64 {
        self.unlisted
    }

    /// `3, 7 and 9 to 12`, five ranges at most: `1, 3, 5, 7, 9 and 12 more`.
    pub fn words(&self) -> String {
        let named = &self.listed[..self.listed.len().min(NAMED_MAX)];
        let mut names = Vec::new();
        for range in named {
            range.name(&mut names);
        }
        let more = self.lines() - lines_of(named);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, before)) => format!("{} and {last}", before.join(", ")),
            None => "none".to_owned(),
        }
    }
}

fn lines_of(ranges: &[Range]) -> u64 {
    ranges.iter().map(|range| range.lines).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(runs: &[(u64, u64)]) -> Ranges {
        let mut ranges = Ranges::default();
        for &(first, last) in runs {
            ranges.push(Range { first, last, lines: last - first + 1 });
        }
        ranges
    }

    #[test]
    fn numbers_are_told_in_few_words() {
        assert_eq!(of(&[]).words(), "none");
        for (runs, words) in [
            (&[(18, 18)][..], "18"),
            (&[(17, 18)][..], "17 and 18"),
            (&[(17, 25)][..], "17 to 25"),
            (&[(3, 3), (7, 7), (9, 12)][..], "3, 7 and 9 to 12"),
            (&[(3, 3), (9, 12), (20, 21)][..], "3, 9 to 12, 20 and 21"),
            (&[(1, 1), (3, 3), (5, 5), (7, 7), (9, 10)][..], "1, 3, 5, 7, 9 and 10"),
            (&[(1, 1), (3, 3), (5, 5), (7, 7), (9, 9), (11, 13), (20, 20)][..], "1, 3, 5, 7, 9 and 4 more"),
        ] {
            assert_eq!(of(runs).words(), words);
        }
    }

    #[test]
    fn neighbours_are_one_range() {
        let ranges = of(&[(1, 4), (5, 5), (6, 9), (11, 11)]);
        assert_eq!(ranges, of(&[(1, 9), (11, 11)]));
        assert_eq!(ranges.words(), "1 to 9 and 11");
    }

    #[test]
    fn a_range_with_lines_left_out_says_how_many_are_meant() {
        let mut ranges = of(&[(1, 2)]);
        ranges.push(Range { first: 3, last: 9, lines: 4 });
        ranges.push(Range::single(10));
        assert_eq!(ranges.words(), "1, 2, 4 of 3 to 9 and 10");
        assert_eq!(ranges.lines(), 7);
    }

    #[test]
    fn more_than_a_thousand_are_counted() {
        let odd: Vec<(u64, u64)> = (0..1500).map(|index| (2 * index + 1, 2 * index + 1)).collect();
        let mut ranges = of(&odd);
        ranges.push(Range { first: 5000, last: 5009, lines: 10 });
        assert_eq!((ranges.listed().len(), ranges.unlisted(), ranges.lines()), (1000, 510, 1510));
        assert_eq!(ranges.words(), "1, 3, 5, 7, 9 and 1505 more");
    }
}
