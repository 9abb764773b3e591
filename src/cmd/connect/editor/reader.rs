//! The thread that reads lines at the terminal. Owns the line editor's settings, and what its answers mean; it decides
//! nothing about a line.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::thread;

use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{ColorMode, CompletionType, Config, EventHandler, ExternalPrinter, KeyEvent};
use tokio::sync::mpsc::UnboundedSender;

use super::helper::{ClearOrLeave, TalkHelper};
use super::history::{Book, Trouble};
use super::screen::{Mode, POKE, PROMPT_WIDTH, Screen};
use super::{EditorPlan, Typed, external, lines};

/// So many lines are kept.
const HISTORY_MAX: usize = 1000;

/// What the thread is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    Line,
    Edit,
}

struct Reader {
    editor: rustyline::Editor<TalkHelper, DefaultHistory>,
    book: Book,
    screen: Arc<Screen>,
}

/// The thread: answers each asking, until nobody can ask any more.
pub(super) fn run(
    plan: EditorPlan,
    screen: Arc<Screen>,
    trouble: Trouble,
    ready: Sender<Result<(), String>>,
    asks: Receiver<Ask>,
    typed: UnboundedSender<Typed>,
) {
    let mut reader = match Reader::new(plan, &screen, trouble) {
        Ok(reader) => reader,
        Err(error) => {
            let _ = ready.send(Err(format!("the line editor cannot start: {error}")));
            return;
        }
    };
    let _ = ready.send(Ok(()));
    while let Ok(ask) = asks.recv() {
        let answer = match ask {
            Ask::Line => reader.line(),
            Ask::Edit => reader.edit(),
        };
        if typed.send(answer).is_err() {
            break;
        }
    }
    screen.close();
}

impl Reader {
    fn new(plan: EditorPlan, screen: &Arc<Screen>, trouble: Trouble) -> rustyline::Result<Reader> {
        let mut editor = rustyline::Editor::with_config(config()?)?;
        editor.set_helper(Some(TalkHelper::new(Arc::clone(screen), plan.slash, plan.colour)));
        let handler = Box::new(ClearOrLeave { screen: Arc::clone(screen) });
        editor.bind_sequence(KeyEvent::ctrl('C'), EventHandler::Conditional(handler));
        let book = Book::open(plan.history, trouble, editor.history_mut());
        let printer = editor.create_external_printer()?;
        let theirs = Arc::clone(screen);
        thread::Builder::new().name("editor-poke".to_owned()).spawn(move || poke(printer, &theirs))?;
        Ok(Reader { editor, book, screen: Arc::clone(screen) })
    }

    fn line(&mut self) -> Typed {
        // Its width is what the editor reckons with; what is drawn is the screen's.
        let blank = " ".repeat(PROMPT_WIDTH);
        loop {
            let turn = self.screen.begin(Mode::Reading);
            let read = self.editor.readline(blank.as_str());
            drop(turn);
            let error = match read {
                Ok(line) => {
                    self.book.add(&line, self.editor.history_mut());
                    return Typed::Line(lines::joined(&line));
                }
                Err(error) => error,
            };
            if let Some(typed) = meaning(&error) {
                return typed;
            }
            // A terminal that cannot be written is told by whoever writes next.
            let _ = self.screen.hand("  that line could not be read and is dropped\n");
        }
    }

    fn edit(&self) -> Typed {
        let _turn = self.screen.begin(Mode::Held);
        Typed::Edited(external::edit())
    }
}

/// None: only that line is lost.
fn meaning(error: &ReadlineError) -> Option<Typed> {
    match error {
        ReadlineError::Eof => Some(Typed::Ended),
        ReadlineError::Interrupted => Some(Typed::Interrupted),
        ReadlineError::Io(error) if error.kind() == io::ErrorKind::InvalidData => None,
        // The terminal changed its size in the middle of a key.
        ReadlineError::Signal(_) => None,
        other => Some(Typed::Failed(format!("the terminal cannot be read: {other}"))),
    }
}

/// The lines that are kept and how completion shows. Colour is forced because the editor asks its helper for the prompt
/// only then; whether there is colour is the helper's.
pub(super) fn config() -> rustyline::Result<Config> {
    let config = Config::builder().max_history_size(HISTORY_MAX)?.history_ignore_dups(true)?;
    Ok(config
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .color_mode(ColorMode::Forced)
        .bracketed_paste(true)
        .build())
}

/// A thread of its own, because the printer may have to wait for the editor, and the sink must not.
fn poke(mut printer: impl ExternalPrinter, screen: &Screen) {
    while screen.await_poke() {
        // A terminal that takes nothing is told by the reading.
        let _ = printer.print(POKE.to_owned());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_editors_ends_are_told_as_what_they_are() {
        assert_eq!(meaning(&ReadlineError::Eof), Some(Typed::Ended));
        assert_eq!(meaning(&ReadlineError::Interrupted), Some(Typed::Interrupted));
        assert_eq!(meaning(&ReadlineError::Io(io::ErrorKind::InvalidData.into())), None);
        let gone = meaning(&ReadlineError::Io(io::ErrorKind::NotConnected.into())).unwrap();
        assert!(matches!(gone, Typed::Failed(why) if why.starts_with("the terminal cannot be read: ")));
    }

    #[test]
    fn blanks_in_front_and_repetitions_are_not_kept() {
        let config = config().unwrap();
        assert!(config.history_ignore_space());
        assert_eq!(config.max_history_size(), HISTORY_MAX);
        assert_eq!(config.history_duplicates(), rustyline::HistoryDuplicates::IgnoreConsecutive);
    }
}
