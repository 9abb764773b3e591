//! What the request's head carries, read from the command line: header lines, subprotocols, secrets.
//!
//! Owns the parsers of `--header`, `--subprotocol`, `--cookie`, `--auth` and `--bearer`, and the reading of the files
//! and variables that they name. It does not put the request together (`wire::upgrade` does). Carries out RFC 9110
//! section 5.1 (field names are tokens), 5.5 (field values hold no CR, LF or NUL), RFC 6455 section 4.1 item 10
//! (subprotocols).

use std::fmt;
use std::path::{Path, PathBuf};

use super::values::shown;
use crate::net::named_file;

/// `--header`, before files and variables are read.
#[derive(Clone, PartialEq, Eq)]
pub enum HeaderArg {
    Line(HeaderLine),
    /// `@FILE`: one header a line.
    File(PathBuf),
    /// `env:NAME`: one header in that variable.
    Env(String),
}

/// What one `--header` asks for.
#[derive(Clone, PartialEq, Eq)]
pub enum HeaderLine {
    /// `Name: value`; the value is trimmed and not empty.
    Set { name: String, value: String },
    /// `Name:`; a default header of that name is left out.
    Remove { name: String },
}

impl HeaderArg {
    /// The lines that it stands for, in order.
    ///
    /// # Errors
    /// One line that names the file or variable and what is wrong with it.
    pub fn read(&self) -> Result<Vec<HeaderLine>, String> {
        match self {
            HeaderArg::Line(line) => Ok(vec![line.clone()]),
            HeaderArg::File(path) => read_header_file(path),
            HeaderArg::Env(name) => {
                let text = read_variable(name)?;
                let line = header_line(&text).map_err(|why| format!("variable {name}: {why}"))?;
                Ok(vec![line])
            }
        }
    }
}

impl fmt::Debug for HeaderArg {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeaderArg::Line(line) => line.fmt(formatter),
            HeaderArg::File(path) => write!(formatter, "@{}", path.display()),
            HeaderArg::Env(name) => write!(formatter, "env:{name}"),
        }
    }
}

// The value may be a secret, so that a debug print names the header only.
impl fmt::Debug for HeaderLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeaderLine::Set { name, .. } => write!(formatter, "{name}: ***"),
            HeaderLine::Remove { name } => write!(formatter, "{name}:"),
        }
    }
}

/// A secret, or where it is to be had. A debug print does not show it.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    Literal(String),
    /// `@FILE`: the file's text less one newline at its end.
    File(PathBuf),
    /// `env:NAME`
    Env(String),
}

impl Secret {
    /// The secret itself.
    ///
    /// # Errors
    /// One line: the file or variable cannot be read, is empty, or holds CR, LF or NUL.
    pub fn read(&self) -> Result<String, String> {
        let (text, source) = match self {
            Secret::Literal(text) => return Ok(text.clone()),
            Secret::File(path) => (read_text(path)?, format!("file {}", path.display())),
            Secret::Env(name) => (read_variable(name)?, format!("variable {name}")),
        };
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        one_line(line).map_err(|why| format!("{source}: {why}"))?;
        Ok(line.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Literal(_) => formatter.write_str("***"),
            Secret::File(path) => write!(formatter, "@{}", path.display()),
            Secret::Env(name) => write!(formatter, "env:{name}"),
        }
    }
}

/// Parses `--header`: `Name: value`, `Name:`, `@FILE` or `env:NAME`.
///
/// # Errors
/// One line, expected and got. A value is never repeated in it.
pub fn header(text: &str) -> Result<HeaderArg, String> {
    if let Some(path) = text.strip_prefix('@') {
        return file_name(path).map(HeaderArg::File);
    }
    match text.strip_prefix("env:") {
        Some(name) if is_variable(name) => Ok(HeaderArg::Env(name.to_owned())),
        Some(_) | None => header_line(text).map(HeaderArg::Line),
    }
}

/// Parses `--cookie`, `--auth` and `--bearer`: the secret itself, `@FILE` or `env:NAME`.
///
/// # Errors
/// One line, expected and got. The secret is never repeated in it.
pub fn secret(text: &str) -> Result<Secret, String> {
    if let Some(path) = text.strip_prefix('@') {
        return file_name(path).map(Secret::File);
    }
    match text.strip_prefix("env:") {
        Some(name) if is_variable(name) => return Ok(Secret::Env(name.to_owned())),
        Some(name) => return Err(format!("expected env: and a variable's name, got env:{}", shown(name))),
        None => {}
    }
    one_line(text)?;
    Ok(Secret::Literal(text.to_owned()))
}

/// Parses the value of a header that has a flag of its own.
///
/// # Errors
/// One line if it is empty or holds CR, LF or NUL.
pub fn field_value(text: &str) -> Result<String, String> {
    one_line(text)?;
    Ok(text.trim().to_owned())
}

/// Parses one subprotocol name.
///
/// # Errors
/// One line if it is no token (RFC 6455 section 4.1, item 10).
pub fn subprotocol(text: &str) -> Result<String, String> {
    if !is_token(text) {
        return Err(format!("expected one name without spaces or separators, got {}", shown(text)));
    }
    Ok(text.to_owned())
}

/// Reads a file of headers, one a line; empty lines are skipped. At most 64 KiB.
///
/// # Errors
/// One line: the file cannot be read, or the number of the line that is no header and what is wrong with it.
pub fn read_header_file(path: &Path) -> Result<Vec<HeaderLine>, String> {
    let text = read_text(path)?;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let header = header_line(line).map_err(|why| format!("file {}, line {}: {why}", path.display(), index + 1))?;
        lines.push(header);
    }
    Ok(lines)
}

fn header_line(text: &str) -> Result<HeaderLine, String> {
    let Some((name, value)) = text.split_once(':') else {
        let start: String = text.chars().take_while(|c| !c.is_whitespace() && *c != '=').collect();
        return Err(format!("expected 'Name: value', got no colon after {}", shown(&start)));
    };
    if !is_token(name) {
        return Err(format!("expected a header name before the colon, got {}", shown(name)));
    }
    let name = name.to_owned();
    let value = value.trim();
    if value.is_empty() {
        return Ok(HeaderLine::Remove { name });
    }
    one_line(value).map_err(|why| format!("{why} in {name}"))?;
    Ok(HeaderLine::Set { name, value: value.to_owned() })
}

// RFC 9110 section 5.5: CR, LF and NUL are invalid and dangerous in a field value.
fn one_line(text: &str) -> Result<(), String> {
    let bad = match text.chars().find(|c| matches!(c, '\r' | '\n' | '\0')) {
        Some('\r') => "a carriage return",
        Some('\n') => "a line feed",
        Some(_) => "a NUL byte",
        None if text.trim().is_empty() => "nothing",
        None => return Ok(()),
    };
    Err(format!("expected one line of text, got {bad}"))
}

// RFC 9110 section 5.6.2: token = 1*tchar.
fn is_token(text: &str) -> bool {
    let tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(tchar)
}

fn is_variable(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(word) && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
}

fn file_name(path: &str) -> Result<PathBuf, String> {
    if path.is_empty() {
        return Err("expected a file name after @, got nothing".to_owned());
    }
    Ok(PathBuf::from(path))
}

fn read_variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|why| match why {
        std::env::VarError::NotPresent => format!("variable {name}: expected it to be set, got none"),
        std::env::VarError::NotUnicode(_) => format!("variable {name}: expected UTF-8, got other bytes"),
    })
}

fn read_text(path: &Path) -> Result<String, String> {
    named_file::text(path, FILE_BYTES_MAX).map_err(|why| format!("file {} cannot be read: {why}", path.display()))
}

/// More than any server takes as a head, and a limit for `@/dev/zero`.
const FILE_BYTES_MAX: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn set(name: &str, value: &str) -> HeaderArg {
        HeaderArg::Line(HeaderLine::Set { name: name.to_owned(), value: value.to_owned() })
    }

    #[test]
    fn a_header_is_split_at_its_first_colon() {
        assert_eq!(header("X-Time: 10:30"), Ok(set("X-Time", "10:30")));
        assert_eq!(header("X:y"), Ok(set("X", "y")));
    }

    #[test]
    fn a_header_without_a_value_is_removed() {
        let removed = HeaderArg::Line(HeaderLine::Remove { name: "Origin".to_owned() });
        assert_eq!(header("Origin:"), Ok(removed.clone()));
        assert_eq!(header("Origin:  "), Ok(removed));
    }

    #[test]
    fn a_header_can_stand_in_a_file_or_a_variable() {
        assert_eq!(header("@heads.txt"), Ok(HeaderArg::File(PathBuf::from("heads.txt"))));
        assert_eq!(header("env:HEAD_1"), Ok(HeaderArg::Env("HEAD_1".to_owned())));
        assert_eq!(header("env: x"), Ok(set("env", "x")));
        assert!(header("@").is_err());
    }

    #[test]
    fn a_bad_header_is_told_without_its_value() {
        let no_colon = header("Authorization Bearer s3cret").unwrap_err();
        assert_eq!(no_colon, "expected 'Name: value', got no colon after \"Authorization\"");
        let injected = header("X-A: s3cret\r\nX-B: c").unwrap_err();
        assert_eq!(injected, "expected one line of text, got a carriage return in X-A");
        assert_eq!(header("A b: c").unwrap_err(), "expected a header name before the colon, got \"A b\"");
        assert!(header("X: a\0b").unwrap_err().contains("a NUL byte"));
        assert!(header(": x").is_err());
    }

    #[test]
    fn a_secret_is_read_from_where_it_stands_and_never_shown() {
        assert_eq!(secret("ana:pw").unwrap().read(), Ok("ana:pw".to_owned()));
        assert_eq!(secret("@token").unwrap(), Secret::File(PathBuf::from("token")));
        assert_eq!(secret("env:TOKEN").unwrap(), Secret::Env("TOKEN".to_owned()));
        assert_eq!(format!("{:?}", secret("s3cret").unwrap()), "***");
        assert_eq!(format!("{:?}", header("A: s3cret").unwrap()), "A: ***");
        assert!(secret("a\nb").is_err());
        assert!(secret("").is_err());
        assert!(secret("env:").is_err());
    }

    #[test]
    fn a_missing_file_or_variable_is_named() {
        let missing = PathBuf::from("no-such-file");
        assert!(Secret::File(missing.clone()).read().unwrap_err().starts_with("file no-such-file cannot be read"));
        assert!(read_header_file(&missing).unwrap_err().starts_with("file no-such-file cannot be read"));
        let unset = Secret::Env("WSCOPE_TEST_UNSET_VARIABLE".to_owned()).read().unwrap_err();
        assert_eq!(unset, "variable WSCOPE_TEST_UNSET_VARIABLE: expected it to be set, got none");
    }

    #[test]
    fn a_header_file_tells_the_line_that_is_wrong() {
        let path = std::env::temp_dir().join(format!("wscope-header-file-{}", std::process::id()));
        std::fs::write(&path, "X-A: 1\r\n\nOrigin:\nwrong\n").unwrap();
        let why = read_header_file(&path).unwrap_err();
        assert!(why.ends_with("line 4: expected 'Name: value', got no colon after \"wrong\""), "{why}");
        std::fs::write(&path, "X-A: 1\r\n\nOrigin:\n").unwrap();
        let lines = read_header_file(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let first = HeaderLine::Set { name: "X-A".to_owned(), value: "1".to_owned() };
        assert_eq!(lines, [first, HeaderLine::Remove { name: "Origin".to_owned() }]);
    }

    #[test]
    fn a_subprotocol_is_one_token() {
        assert_eq!(subprotocol("graphql-transport-ws"), Ok("graphql-transport-ws".to_owned()));
        assert!(subprotocol("a, b").is_err());
        assert!(subprotocol("").is_err());
        assert!(subprotocol("a/b").is_err());
    }
}
