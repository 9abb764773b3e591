//! What is wrong with a TOML file of the user's, on one line: the line's number, what was expected, what was there. Owns
//! the translation of the parser's words; which fields a file has is its reader's.

use crate::event::show;

/// How the parser begins what it says of a value that it could read, and could not use.
const SAID: [&str; 4] = ["unknown field ", "unknown variant ", "invalid type: ", "invalid value: "];

/// `line 3: expected one of refused, closed, limit, got rule`.
pub fn wrong(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().replace('\n', " ");
    let number = error.span().map_or(1, |span| line_at(text, span.start));
    let plain = message.replace('`', "");
    let line = text.lines().nth(number - 1).unwrap_or_default().trim();
    if plain == "invalid type: map, expected a sequence" && line.starts_with('[') {
        return format!("line {number}: expected [{}] in double brackets, got {}", show::safe(line), show::safe(line));
    }
    if let Some(rest) = SAID.iter().find_map(|said| plain.strip_prefix(said))
        && let Some((got, expected)) = rest.split_once(", expected ")
    {
        return format!("line {number}: expected {}, got {}", show::safe(expected), show::safe(got));
    }
    if let Some(field) = plain.strip_prefix("missing field ") {
        return format!("line {number}: expected {}, got none", show::safe(field));
    }
    format!("line {number}: expected TOML, got {} ({})", show::quoted(line), show::safe(&message))
}

/// The line of a byte, from 1.
pub fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[allow(dead_code)]
        growth: f64,
    }

    #[derive(Debug, Deserialize)]
    struct Rows {
        #[serde(default, rename = "row")]
        _row: Vec<File>,
    }

    #[test]
    fn a_single_bracket_in_place_of_two_is_told_as_such() {
        let told = |text: &str| wrong(text, &toml::from_str::<Rows>(text).unwrap_err());
        let wanted = "line 3: expected [[row]] in double brackets, got [row]";
        assert_eq!(told("# one\n\n[row]\ngrowth = 1.0\n"), wanted);
        assert_eq!(told("row = { growth = 1.0 }\n"), "line 1: expected a sequence, got map");
    }

    #[test]
    fn a_wrong_file_is_told_with_its_line() {
        let told = |text: &str| wrong(text, &toml::from_str::<File>(text).unwrap_err());
        assert_eq!(told("# x\ngrow = 1.0\n"), "line 2: expected growth, got grow");
        assert_eq!(told("growth = \"a\"\n"), "line 1: expected f64, got string \"a\"");
        assert!(told("").ends_with("expected growth, got none"), "{}", told(""));
        let cut = told("growth = 1.0\nx = [[[\n");
        assert!(cut.starts_with("line ") && cut.contains("expected TOML, got "), "{cut}");
    }
}
