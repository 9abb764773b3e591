//! A text written in the person's own editor. Owns the file in between, which only its owner reads and which is gone
//! afterwards; what becomes of the text is `cmd::connect`'s.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Command;

/// A longer text is no message that somebody wrote.
const TEXT_MAX: u64 = 64 * 1024 * 1024;

/// So many names are tried for the file.
const NAMES_MAX: u32 = 100;

/// Opens the editor and waits for its end.
///
/// # Errors
/// One line: why there is nothing to send.
pub(super) fn edit() -> Result<String, String> {
    edit_with(&program())
}

fn program() -> String {
    let mut chosen = ["VISUAL", "EDITOR"].into_iter().filter_map(|name| std::env::var(name).ok());
    chosen.find(|program| !program.trim().is_empty()).unwrap_or_else(|| "vi".to_owned())
}

/// `program` may have arguments of its own, so a shell reads it, as other tools have it read.
fn edit_with(program: &str) -> Result<String, String> {
    let draft = Draft::create().map_err(|error| format!("no file to write in: {error}"))?;
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{program} \"$@\"")).arg("sh").arg(&draft.path);
    let status = shell.status().map_err(|error| format!("{program}: {error}; nothing is sent"))?;
    if !status.success() {
        return Err(format!("{program} ended with {status}: nothing is sent"));
    }
    draft.text()
}

/// The file; removed when it goes.
struct Draft {
    path: PathBuf,
}

impl Drop for Draft {
    fn drop(&mut self) {
        // The editor may have removed it.
        let _ = fs::remove_file(&self.path);
    }
}

impl Draft {
    fn create() -> io::Result<Draft> {
        let mut taken = io::Error::from(io::ErrorKind::AlreadyExists);
        for number in 0..NAMES_MAX {
            let path = std::env::temp_dir().join(format!("wscope-{}-{number}.txt", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(_) => return Ok(Draft { path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
                Err(error) => return Err(error),
            }
        }
        Err(taken)
    }

    /// What was written, without the line break that editors put at the end.
    fn text(&self) -> Result<String, String> {
        let length = fs::metadata(&self.path).map_err(|error| format!("the text is gone: {error}"))?.len();
        if length > TEXT_MAX {
            return Err("the text is longer than 64 MiB: nothing is sent".to_owned());
        }
        let bytes = fs::read(&self.path).map_err(|error| format!("the text cannot be read: {error}"))?;
        let mut text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            format!("expected UTF-8, got another byte at {at}: nothing is sent")
        })?;
        if text.ends_with('\n') {
            text.pop();
        }
        if text.is_empty() {
            return Err("the text is empty: nothing is sent".to_owned());
        }
        Ok(text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_the_program_wrote_is_the_text() {
        assert_eq!(edit_with("printf 'one\\ntwo\\n\\n' >"), Ok("one\ntwo\n".to_owned()));
    }

    #[test]
    fn nothing_is_sent_when_the_program_fails_or_writes_nothing_or_no_text() {
        assert_eq!(edit_with("false"), Err("false ended with exit status: 1: nothing is sent".to_owned()));
        assert_eq!(edit_with("true"), Err("the text is empty: nothing is sent".to_owned()));
        let why = edit_with("printf 'ab\\377' >").unwrap_err();
        assert_eq!(why, "expected UTF-8, got another byte at 2: nothing is sent");
        assert!(edit_with("rm").unwrap_err().starts_with("the text is gone: "));
    }

    #[test]
    fn the_file_goes_with_its_draft() {
        let draft = Draft::create().unwrap();
        let path = draft.path.clone();
        assert!(path.exists());
        drop(draft);
        assert!(!path.exists());
    }
}
