//! Which of the known names a mistyped one is likely to mean. Owns that measure (Levenshtein's distance); the names are the
//! caller's.

/// A longer word is no mistyped name.
const WORD_MAX: usize = 64;

/// Up to three of `names` that look like `word`, the nearest first.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let word = word.trim().to_ascii_lowercase();
    if word.is_empty() || word.len() > WORD_MAX {
        return Vec::new();
    }
    let mut near: Vec<(usize, &'a str)> = names.into_iter().map(|name| (distance(&word, name), name)).collect();
    near.retain(|(distance, name)| *distance <= word.len().div_ceil(3) || (word.len() > 2 && name.contains(&word)));
    near.sort_unstable_by_key(|(distance, name)| (!name.contains(&word), *distance, *name));
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// How many letters must be put in, taken out or replaced.
pub fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, against) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *against);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first_and_strangers_not_at_all() {
        let names = ["close", "close-ignored", "fin", "rst"];
        assert_eq!(nearest("closed", names), ["close"]);
        assert_eq!(nearest("ignored", names), ["close-ignored"]);
        assert_eq!(nearest("explode", names), Vec::<&str>::new());
        assert_eq!((distance("", "abc"), distance("kitten", "sitting")), (3, 3));
        assert_eq!(nearest("", names), Vec::<&str>::new());
    }
}
