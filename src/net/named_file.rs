//! Files that are named on the command line, read as a whole. Owns the bounds: so many bytes, and so long, since a pipe
//! without a writer never ends. What is in a file is its reader's.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A file is there at once; a pipe of a shell (`<(...)`) gets so long.
const WAIT: Duration = Duration::from_secs(5);

/// The bytes of a file, `most` at most.
///
/// # Errors
/// Of the system; `FileTooLarge` for more than `most` bytes, `TimedOut` when nothing more came.
pub fn bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let (done, wait) = mpsc::channel();
    let path = path.to_owned();
    // It cannot be cancelled: if the wait is over first, the process ends soon.
    thread::spawn(move || drop(done.send(read(&path, most))));
    wait.recv_timeout(WAIT).unwrap_or_else(|_| {
        let why = format!("nothing came within {} s: a pipe that nobody writes to", WAIT.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, why))
    })
}

/// The same as text.
///
/// # Errors
/// As [`bytes()`]; `InvalidData` for what is no UTF-8.
pub fn text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(bytes(path, most)?).map_err(|error| {
        let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        let why = format!("expected text in UTF-8, got other bytes in line {line}");
        io::Error::new(io::ErrorKind::InvalidData, why)
    })
}

fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let why = format!("expected at most {}, got more", crate::event::show::size(most));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_bound() {
        let path = std::env::temp_dir().join(format!("wscope-named-file-{}", std::process::id()));
        std::fs::write(&path, b"four").unwrap();
        assert_eq!(bytes(&path, 4).unwrap(), b"four");
        assert_eq!(text(&path, 1 << 20).unwrap(), "four");
        assert_eq!(bytes(&path, 3).unwrap_err().to_string(), "expected at most 3 B, got more");
        std::fs::write(&path, [0xff]).unwrap();
        assert_eq!(text(&path, 9).unwrap_err().kind(), io::ErrorKind::InvalidData);
        std::fs::write(&path, b"a\nb\n\xffc\n").unwrap();
        let why = text(&path, 9).unwrap_err().to_string();
        assert_eq!(why, "expected text in UTF-8, got other bytes in line 3");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(bytes(&path, 9).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
