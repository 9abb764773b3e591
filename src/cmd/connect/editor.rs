//! The line editor of `connect` at a terminal: a handle on the thread that reads lines, and the writer for everything
//! that is shown meanwhile. Owns the prompt's wording and the terminal's state at the start; what a line means is
//! `cmd::connect`'s, what is shown is `report`'s.

mod external;
mod helper;
mod history;
mod lines;
mod reader;
mod screen;
mod writer;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use nix::sys::termios::{self, SetArg, Termios};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::report::sink;
use history::Trouble;
use reader::Ask;
use screen::Screen;
use writer::LineWriter;

/// How long leaving waits for a terminal that takes nothing.
const PATIENCE: Duration = Duration::from_millis(300);

/// What the editor hands over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// One line; it has line breaks in it where it was continued or pasted.
    Line(String),
    /// What the external editor left, or why there is nothing.
    Edited(Result<String, String>),
    /// Ctrl-C on an empty line, or SIGINT.
    Interrupted,
    /// Ctrl-D on an empty line, or the terminal is gone.
    Ended,
    /// The terminal cannot be read any more.
    Failed(String),
}

/// What stands in front of the line that is being typed; eleven columns wide, as the time stamps and marks are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prompt {
    #[default]
    Open,
    Closed,
    /// Reconnecting: the next attempt is that far away.
    Down {
        seconds: u64,
    },
}

impl Prompt {
    fn text(self) -> String {
        format!("{:>8} > ", self.word())
    }

    fn word(self) -> String {
        match self {
            Prompt::Open => String::new(),
            Prompt::Closed => "closed".to_owned(),
            Prompt::Down { seconds } if seconds < 100 => format!("down {seconds}s"),
            Prompt::Down { seconds } if seconds < 6000 => format!("down {}m", seconds / 60),
            Prompt::Down { seconds } => format!("down {}h", (seconds / 3600).min(99)),
        }
    }
}

/// How the editor works.
#[derive(Clone, Debug)]
pub struct EditorPlan {
    /// Where lines are kept from one run to the next.
    pub history: Option<PathBuf>,
    /// Slash commands are completed and hinted at.
    pub slash: bool,
    /// Hints are dim; without colour they stand in brackets.
    pub colour: bool,
}

/// The handle on the editor's thread. The thread is not joined: it may wait for a key for ever.
pub struct Editor {
    asks: mpsc::Sender<Ask>,
    typed: UnboundedReceiver<Typed>,
    screen: Arc<Screen>,
    trouble: Trouble,
    original: Termios,
    is_over: bool,
}

/// Starts the thread. The writer belongs into the sink of the terminal: its lines appear above the line that is being
/// typed.
///
/// # Errors
/// One line, when stdin or stdout is no terminal that can be used.
pub fn start(plan: EditorPlan) -> Result<(Editor, Box<dyn Write + Send>), String> {
    let original = termios::tcgetattr(io::stdin()).map_err(|error| format!("stdin is no usable terminal: {error}"))?;
    let screen = Arc::new(Screen::new(sink::terminal()));
    let trouble = Trouble::default();
    let (asks, asked) = mpsc::channel();
    let (tell, typed) = unbounded_channel();
    let (ready, is_ready) = mpsc::channel();
    let (their_screen, their_trouble) = (Arc::clone(&screen), Arc::clone(&trouble));
    thread::Builder::new()
        .name("editor".to_owned())
        .spawn(move || reader::run(plan, their_screen, their_trouble, ready, asked, tell))
        .map_err(|error| format!("the line editor cannot start: {error}"))?;
    is_ready.recv().map_err(|_| "the line editor cannot start".to_owned())??;
    let writer = LineWriter::new(Arc::clone(&screen));
    let editor = Editor { asks, typed, screen, trouble, original, is_over: false };
    Ok((editor, Box::new(writer)))
}

impl Editor {
    /// Asks for one line: the prompt appears, and [`Editor::poll`] tells what was typed.
    pub fn read_next(&self) {
        self.ask(Ask::Line);
    }

    /// Opens the person's own editor on an empty text, instead of asking for a line. What is shown meanwhile waits.
    pub fn edit(&self) {
        self.ask(Ask::Edit);
    }

    /// What came of the last asking; pending while nothing was asked for.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Typed> {
        if self.is_over {
            return Poll::Pending;
        }
        match self.typed.poll_recv(cx) {
            Poll::Ready(Some(typed)) => Poll::Ready(typed),
            Poll::Ready(None) => {
                self.is_over = true;
                Poll::Ready(Typed::Failed("the line editor ended by itself".to_owned()))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Changes the prompt, also of the line that is being typed.
    pub fn set_prompt(&self, prompt: Prompt) {
        self.screen.set_prompt(prompt);
    }

    /// Why lines are not kept, if they are not.
    pub fn history_trouble(&self) -> Option<String> {
        history::trouble(&self.trouble)
    }

    /// Puts the terminal back as it was at the start and takes the prompt away, if a line is being typed. What is
    /// written after it appears directly.
    pub fn restore(&self) {
        if !self.screen.is_reading() {
            return;
        }
        // Nothing is awaited before: output that a stopped terminal does not take would hold us for ever.
        let _ = termios::tcsetattr(io::stdin(), SetArg::TCSANOW, &self.original);
        let screen = Arc::clone(&self.screen);
        let (done, is_done) = mpsc::channel();
        let leaving = thread::Builder::new().name("restore".to_owned()).spawn(move || {
            screen.leave();
            let _ = done.send(());
        });
        if leaving.is_ok() {
            let _ = is_done.recv_timeout(PATIENCE);
        }
    }

    /// A thread that is gone is told by `poll`.
    fn ask(&self, ask: Ask) {
        let _ = self.asks.send(ask);
    }
}

impl Drop for Editor {
    /// A shell in raw mode is no place to leave anybody, a panic included.
    fn drop(&mut self) {
        self.restore();
    }
}

/// Where the history is kept when nothing else was said.
pub fn default_history() -> Option<PathBuf> {
    dirs::data_dir().map(|folder| folder.join("wscope").join("history"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prompt_is_eleven_columns_wide() {
        let seconds = [3, 99, 100, 5999, 6000, u64::MAX];
        let downs = seconds.map(|seconds| Prompt::Down { seconds });
        let prompts = [Prompt::Open, Prompt::Closed].into_iter().chain(downs);
        let texts: Vec<String> = prompts.map(Prompt::text).collect();
        let expected = [
            "         > ",
            "  closed > ",
            " down 3s > ",
            "down 99s > ",
            " down 1m > ",
            "down 99m > ",
            " down 1h > ",
            "down 99h > ",
        ];
        assert_eq!(texts, expected);
        assert!(texts.iter().all(|text| text.len() == screen::PROMPT_WIDTH));
    }
}
