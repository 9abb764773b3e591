//! Which of the explained words a mistyped one is likely to mean, and which others have it as a part. Owns that
//! measure; the words are the caller's, the distance is `event::near`'s.

use crate::event::near;

/// So many are named in place of a word that is not known.
const NEAR_MAX: usize = 3;
/// So many are named beside one that is.
const ALSO_MAX: usize = 8;
/// A longer word is no mistyped name.
const WORD_MAX: usize = 64;

/// How a name is like a word, the likest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// It has the word in it, or a letter or two differ.
    Close,
    /// One of its parts is one of the word's.
    Shares,
    /// A third of the letters differs.
    Far,
}

/// In small letters, with hyphens: `timeout tunnel` and `Timeout_Tunnel` are one word.
pub fn normal(word: &str) -> String {
    word.trim().trim_start_matches('-').to_ascii_lowercase().replace(['_', ' '], "-")
}

/// Up to three that are meant by `word`: a number written with letters, or names that are alike.
pub fn nearest(word: &str, names: &[&'static str]) -> Vec<String> {
    let word = normal(word);
    if word.is_empty() || word.len() > WORD_MAX {
        return Vec::new();
    }
    if let Some(number) = number(&word) {
        return vec![number];
    }
    let mut found: Vec<(Likeness, usize, &'static str)> = Vec::new();
    for name in names {
        if let Some((likeness, distance)) = likeness(&word, &normal(name)) {
            found.push((likeness, distance, *name));
        }
    }
    found.sort_unstable();
    let best = found.first().map(|(likeness, ..)| *likeness);
    found.retain(|(likeness, ..)| Some(*likeness) == best);
    found.into_iter().take(NEAR_MAX).map(|(.., name)| name.to_owned()).collect()
}

/// The names of which `word` is a part between hyphens.
pub fn also(word: &str, names: &[&'static str]) -> Vec<&'static str> {
    let word = normal(word);
    if word.len() < 3 {
        return Vec::new();
    }
    let has_it = |name: &str| {
        let name = normal(name);
        name != word && name.split('-').any(|part| part == word)
    };
    names.iter().copied().filter(|name| has_it(name)).take(ALSO_MAX).collect()
}

fn likeness(word: &str, name: &str) -> Option<(Likeness, usize)> {
    let distance = near::distance(word, name);
    if word.len() > 2 && name.contains(word) || distance <= word.len() / 4 {
        return Some((Likeness::Close, distance));
    }
    let shares = word.split('-').any(|part| part.len() > 2 && name.split('-').any(|other| other == part));
    if shares {
        return Some((Likeness::Shares, distance));
    }
    (distance <= word.len().div_ceil(3)).then_some((Likeness::Far, distance))
}

/// `1oo6`: letters that look like digits between digits.
fn number(word: &str) -> Option<String> {
    if !word.contains(|letter: char| letter.is_ascii_digit()) {
        return None;
    }
    let digits = word.replace('o', "0").replace(['l', 'i'], "1");
    let number: u16 = digits.parse().ok()?;
    let is_known = (100..=599).contains(&number) || (1000..=4999).contains(&number);
    (is_known && digits != word).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &[
        "idle-limit",
        "idle",
        "connect-timeout",
        "timeout tunnel",
        "proxy_read_timeout",
        "ws-ping-interval",
        "ping",
        "no-pong",
        "spring",
        "woox",
        "TIMEOUT",
    ];

    #[test]
    fn a_word_finds_what_it_is_likely_to_mean() {
        let table: [(&str, &[&str]); 10] = [
            ("1oo6", &["1006"]),
            ("ws-ping", &["ws-ping-interval"]),
            ("ws-pong", &["no-pong"]),
            ("idle-limt", &["idle-limit"]),
            ("read timeout", &["proxy_read_timeout"]),
            ("proxy_raed_timeout", &["proxy_read_timeout"]),
            ("timeot", &["TIMEOUT"]),
            ("my-idle-time", &["idle-limit", "idle"]),
            ("zzzzzz", &[]),
            ("", &[]),
        ];
        for (word, wanted) in table {
            assert_eq!(nearest(word, NAMES), wanted, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(1000), NAMES), Vec::<String>::new());
    }

    #[test]
    fn the_names_that_have_a_word_as_a_part_are_told_beside_it() {
        assert_eq!(also("timeout", NAMES), ["connect-timeout", "timeout tunnel", "proxy_read_timeout"]);
        assert_eq!(also("Idle", NAMES), ["idle-limit"]);
        assert_eq!(also("p9", NAMES), Vec::<&str>::new());
    }
}
