//! The lines of earlier runs, in a file that only its owner reads. Owns when that file is read, written and left alone;
//! which lines are kept is set in `reader`. A history that fails is no failure of the run: it is told to who asks.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustyline::history::{DefaultHistory, History};

/// The first line of a file of this kind.
const HEAD: &[u8] = b"#V2\n";

/// The usual way to say: keep nothing.
const NOWHERE: &str = "/dev/null";

/// Why lines are not kept, if they are not.
pub(super) type Trouble = Arc<Mutex<Option<String>>>;

pub(super) fn trouble(trouble: &Trouble) -> Option<String> {
    trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The file behind the entries.
pub(super) struct Book {
    path: Option<PathBuf>,
    trouble: Trouble,
}

impl Book {
    /// Fills `entries` from the file, which is made if it is not there.
    pub(super) fn open(path: Option<PathBuf>, trouble: Trouble, entries: &mut DefaultHistory) -> Book {
        let path = path.filter(|path| path != Path::new(NOWHERE));
        let mut book = Book { path, trouble };
        if let Some(path) = book.path.clone()
            && let Err(why) = prepare(&path).and_then(|()| load(&path, entries))
        {
            book.give_up(&path, &why);
        }
        book
    }

    /// Keeps a line, here and in the file.
    pub(super) fn add(&mut self, line: &str, entries: &mut DefaultHistory) {
        if !entries.add(line).unwrap_or(false) {
            return;
        }
        if let Some(path) = self.path.clone()
            && let Err(error) = entries.append(&path)
        {
            self.give_up(&path, &error.to_string());
        }
    }

    /// A file that failed once is left alone: it may be somebody's, or half there.
    fn give_up(&mut self, path: &Path, why: &str) {
        self.path = None;
        let words = format!("history {}: {why}; lines are not kept", path.display());
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(words);
    }
}

/// Makes the file and its folder, and looks whether it is one of ours: writing makes another file of it.
fn prepare(path: &Path) -> Result<(), String> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| error.to_string())?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.to_string()),
    }
    let found = fs::metadata(path).map_err(|error| error.to_string())?;
    if !found.is_file() {
        return Err("expected a regular file".to_owned());
    }
    let mut head = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(HEAD.len() as u64).read_to_end(&mut head).map_err(|error| error.to_string())?;
    if !head.is_empty() && head != HEAD {
        return Err("expected a history file, got another one, which is left as it is".to_owned());
    }
    Ok(())
}

fn load(path: &Path, entries: &mut DefaultHistory) -> Result<(), String> {
    entries.load(path).map_err(|error| error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::reader::config;
    use super::*;

    /// A folder of one test, gone at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("wscope-history-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Folder(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("below").join("history")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn open(path: PathBuf) -> (Book, DefaultHistory, Trouble) {
        let mut entries = DefaultHistory::with_config(&config().unwrap());
        let trouble = Trouble::default();
        let book = Book::open(Some(path), Arc::clone(&trouble), &mut entries);
        (book, entries, trouble)
    }

    fn all(entries: &DefaultHistory) -> Vec<String> {
        entries.iter().cloned().collect()
    }

    #[test]
    fn lines_come_back_whole_and_the_file_is_its_owners() {
        let folder = Folder::new("back");
        let (mut book, mut entries, told) = open(folder.file());
        for line in ["one", "two\\\nof two", " secret", "back\\\\slash", "back\\\\slash", ""] {
            book.add(line, &mut entries);
        }
        assert_eq!(trouble(&told), None);
        assert_eq!(fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777, 0o600);
        let (mut book, mut entries, told) = open(folder.file());
        assert_eq!(all(&entries), ["one", "two\\\nof two", "back\\\\slash"]);
        book.add("three", &mut entries);
        assert_eq!(trouble(&told), None);
        assert_eq!(all(&open(folder.file()).1), ["one", "two\\\nof two", "back\\\\slash", "three"]);
    }

    #[test]
    fn a_file_that_is_no_history_is_left_as_it_is() {
        let folder = Folder::new("other");
        fs::create_dir_all(folder.file().parent().unwrap()).unwrap();
        fs::write(folder.file(), "notes\n\nof mine\n").unwrap();
        let (mut book, mut entries, told) = open(folder.file());
        book.add("one", &mut entries);
        assert_eq!(fs::read_to_string(folder.file()).unwrap(), "notes\n\nof mine\n");
        let why = trouble(&told).unwrap();
        assert!(why.contains("expected a history file, got another one") && why.starts_with("history "), "{why}");
        assert_eq!(all(&entries), ["one"]);
    }

    #[test]
    fn a_folder_is_no_history_and_nowhere_is_no_trouble() {
        let folder = Folder::new("folder");
        fs::create_dir_all(folder.file()).unwrap();
        let (_book, _entries, told) = open(folder.file());
        assert!(trouble(&told).unwrap().contains("expected a regular file"));
        let (mut book, mut entries, told) = open(PathBuf::from(NOWHERE));
        book.add("one", &mut entries);
        assert_eq!(trouble(&told), None);
    }
}
