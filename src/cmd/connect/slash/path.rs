//! A path as it is typed: blanks in it are quoted as in a shell, which is also how the completion of file names
//! writes them. Owns where a path ends; it looks at no file.

use std::path::PathBuf;

/// A path at the front of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// Without its quotes.
    pub(super) path: String,
    /// The bytes that it takes.
    pub(super) end: usize,
    /// A quote was opened and not closed.
    pub(super) is_open: bool,
}

/// The path that `text` begins with, up to the first blank outside of quotes. A backslash takes the next character
/// as it is; on Windows, where it separates names, it does not.
pub(super) fn cut(text: &str) -> Cut {
    let mut path = String::new();
    let mut quote: Option<char> = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        match quote {
            None if character.is_whitespace() => return Cut { path, end: at, is_open: false },
            None if matches!(character, '"' | '\'') => quote = Some(character),
            Some(open) if character == open => quote = None,
            _ if escapes(character, quote, next) => {
                path.extend(next);
                characters.next();
            }
            _ => path.push(character),
        }
    }
    Cut { path, end: text.len(), is_open: quote.is_some() }
}

/// `path` below the home folder when it was `typed` with `~` in front, without a quote around that.
pub(super) fn at_home(path: String, typed: &str, home: Option<PathBuf>) -> PathBuf {
    if typed.starts_with('~')
        && let Some(home) = home
        && let Some(below) = path.strip_prefix('~')
        && (below.is_empty() || below.starts_with('/'))
    {
        return home.join(below.trim_start_matches('/'));
    }
    PathBuf::from(path)
}

fn escapes(character: char, quote: Option<char>, next: Option<char>) -> bool {
    if character != '\\' || cfg!(windows) {
        return false;
    }
    match (quote, next) {
        (_, None) | (Some('\''), _) => false,
        (None, Some(_)) => true,
        (Some(_), Some(next)) => matches!(next, '"' | '\\' | '$' | '`'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> String {
        let cut = cut(text);
        assert_eq!((cut.end, cut.is_open), (text.len(), false), "{text}");
        cut.path
    }

    #[test]
    fn blanks_are_part_of_a_path_when_they_are_quoted() {
        assert_eq!(whole("plain.json"), "plain.json");
        assert_eq!(whole("\"two words\"/'and more'"), "two words/and more");
        assert_eq!(cut("one two"), Cut { path: "one".to_owned(), end: 3, is_open: false });
        assert_eq!(cut("\"one two"), Cut { path: "one two".to_owned(), end: 8, is_open: true });
        assert_eq!(cut(""), Cut { path: String::new(), end: 0, is_open: false });
    }

    #[cfg(not(windows))]
    #[test]
    fn a_backslash_takes_the_next_character_as_it_is() {
        assert_eq!(whole("two\\ words\\=\\'"), "two words='");
        assert_eq!(whole("\"a\\\"b\\c\""), "a\"b\\c");
        assert_eq!(whole("'a\\b'"), "a\\b");
        assert_eq!(whole("end\\"), "end\\");
    }

    #[test]
    fn a_tilde_in_front_is_the_home_folder() {
        let home = || Some(PathBuf::from("/home/ana"));
        let path = |typed: &str| at_home(cut(typed).path, typed, home());
        assert_eq!(path("~/a.json"), PathBuf::from("/home/ana/a.json"));
        assert_eq!(path("~"), PathBuf::from("/home/ana"));
        for typed in ["~ana/a", "./~/a", "a~"] {
            assert_eq!(path(typed), PathBuf::from(typed));
        }
        assert_eq!(path("'~/a'"), PathBuf::from("~/a"));
        assert_eq!(at_home("~/a".to_owned(), "~/a", None), PathBuf::from("~/a"));
    }
}
