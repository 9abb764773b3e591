//! `--rules FILE.toml`: reads the user's own rules. Owns the reading and its errors; what a rule says is
//! `diagnose::rules`'.

use std::path::Path;

use super::values::shown;
use crate::diagnose::rules::{self, Rules};
use crate::net::named_file;

/// A larger file is no rule file.
const FILE_MAX: u64 = 1 << 20;

/// The rules of a file; none without a file.
///
/// # Errors
/// One line: the file cannot be read, is too large, or is wrong, and where.
pub fn read(path: Option<&str>) -> Result<Rules, String> {
    let Some(path) = path else { return Ok(Rules::default()) };
    let wrong = |why: String| format!("--rules {}: {why}", shown(path));
    let text = named_file::text(Path::new(path), FILE_MAX).map_err(|why| wrong(format!("cannot be read: {why}")))?;
    rules::parse(&text).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_told_and_none_is_none() {
        assert_eq!(read(None), Ok(Rules::default()));
        assert!(read(Some("no-such-file.toml")).is_err_and(|why| why.contains("--rules") && why.contains("be read")));
    }
}
