//! Who may write to the terminal at a moment: the sink's thread, or the editor's thread that draws the prompt and the
//! line. Owns the lines that wait to appear above the prompt, and the prompt of now; it reads no key and knows no
//! meaning of a line.
//!
//! While a line is being read, only the editor's thread writes: it takes the waiting lines with each drawing of the
//! prompt, so that they come whole, in order, once, and never into the line. A poke makes it draw when no key does. The
//! editor's own printer could lose the last lines, or have them overtaken, when a line ends in the same moment.

use std::io::{self, Write};
use std::mem::take;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Prompt;

/// The columns that each prompt takes; the editor reckons with a blank prompt of that width.
pub(super) const PROMPT_WIDTH: usize = 11;

/// Printed through the editor's own printer, this draws the line anew and shows nothing: one step up, and the line
/// break that the printer asks for.
pub(super) const POKE: &str = "\x1b[A\n";

/// Bracketed paste off, which the editor turned on.
const PASTE_OFF: &str = "\x1b[?2004l";

/// How long a new prompt waits for the lines that come with it.
const LINES_WAIT: Duration = Duration::from_millis(50);

/// How long leaving waits for one more drawing.
const PATIENCE: Duration = Duration::from_millis(100);

/// Whose the terminal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Nobody's: lines are written at once.
    Free,
    /// A line is being typed: lines appear with the next drawing.
    Reading,
    /// Another program's: lines wait until it ends.
    Held,
}

/// The terminal as both threads share it. Locks are taken in the order of the fields.
pub(super) struct Screen {
    /// Held while writing, which may take as long as the terminal stands still.
    out: Mutex<Box<dyn Write + Send>>,
    /// Held for moments only.
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    mode: Mode,
    prompt: Prompt,
    /// Whole lines that are not on the terminal.
    waiting: String,
    /// The prompt on the terminal is an old one.
    is_stale: bool,
    /// The prompt was drawn since the line was asked for.
    is_drawn: bool,
    /// A poke is under way.
    is_poked: bool,
    /// Another prompt stands there: the search in the history.
    is_aside: bool,
    /// The line that is being typed is not empty.
    has_text: bool,
    /// Counts drawings.
    draws: u64,
    /// The terminal took no more.
    lost: Option<io::ErrorKind>,
    is_closed: bool,
}

/// The time in which the terminal is not free; its end writes what waits.
pub(super) struct Turn<'a> {
    screen: &'a Screen,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.screen.end();
    }
}

impl Screen {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Screen {
        let state = State {
            mode: Mode::Free,
            prompt: Prompt::Open,
            waiting: String::new(),
            is_stale: false,
            is_drawn: false,
            is_poked: false,
            is_aside: false,
            has_text: false,
            draws: 0,
            lost: None,
            is_closed: false,
        };
        Screen { out: Mutex::new(out), state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Shows whole lines, and returns when they were written or taken for drawing, so that a terminal that stands still
    /// holds the sink.
    pub(super) fn hand(&self, lines: &str) -> io::Result<()> {
        let mut out = lock(&self.out);
        let mut state = lock(&self.state);
        if state.mode == Mode::Free {
            drop(state);
            return write_now(&mut *out, lines);
        }
        drop(out);
        state.waiting.push_str(lines);
        self.changed.notify_all();
        while !state.waiting.is_empty() {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        match state.lost {
            Some(kind) => Err(io::Error::from(kind)),
            None => Ok(()),
        }
    }

    /// Takes the terminal, after what is being written to it.
    pub(super) fn begin(&self, mode: Mode) -> Turn<'_> {
        let _out = lock(&self.out);
        let mut state = lock(&self.state);
        state.mode = mode;
        state.is_drawn = false;
        state.is_poked = false;
        state.is_aside = false;
        state.has_text = false;
        Turn { screen: self }
    }

    fn end(&self) {
        let mut out = lock(&self.out);
        let mut state = lock(&self.state);
        state.mode = Mode::Free;
        let rest = take(&mut state.waiting);
        drop(state);
        if let Err(error) = write_now(&mut *out, &rest) {
            lock(&self.state).lost = Some(error.kind());
        }
        drop(out);
        self.changed.notify_all();
    }

    /// The lines that wait and the prompt behind them, for the editor to draw; `other` is a prompt of the editor's own.
    pub(super) fn draw(&self, other: Option<&str>) -> String {
        let mut state = lock(&self.state);
        let mut drawn = take(&mut state.waiting);
        match other {
            Some(prompt) => drawn.push_str(prompt),
            None => drawn.push_str(&state.prompt.text()),
        }
        state.is_stale = false;
        state.is_drawn = true;
        state.is_poked = false;
        state.is_aside = other.is_some();
        state.draws = state.draws.wrapping_add(1);
        drop(state);
        self.changed.notify_all();
        drawn
    }

    /// Waits until something is to be drawn that no key will draw. False when the editor has ended.
    pub(super) fn await_poke(&self) -> bool {
        let mut state = lock(&self.state);
        while !state.is_closed {
            if !state.needs_poke() {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            if state.waiting.is_empty() {
                // The line that tells why the prompt is another one now is mostly on its way: both are drawn at once.
                let lines = |state: &mut State| state.needs_poke() && state.waiting.is_empty();
                let waited = self.changed.wait_timeout_while(state, LINES_WAIT, lines);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            if state.needs_poke() {
                state.is_poked = true;
                return true;
            }
        }
        false
    }

    pub(super) fn set_prompt(&self, prompt: Prompt) {
        let mut state = lock(&self.state);
        if state.prompt == prompt {
            return;
        }
        state.prompt = prompt;
        state.is_stale = true;
        drop(state);
        self.changed.notify_all();
    }

    /// Told with each change of the line that is being typed.
    pub(super) fn set_has_text(&self, has_text: bool) {
        lock(&self.state).has_text = has_text;
    }

    /// Does another prompt than ours stand there?
    pub(super) fn is_aside(&self) -> bool {
        lock(&self.state).is_aside
    }

    pub(super) fn is_reading(&self) -> bool {
        lock(&self.state).mode == Mode::Reading
    }

    /// The editor's thread ends: nothing will be drawn any more.
    pub(super) fn close(&self) {
        lock(&self.state).is_closed = true;
        self.changed.notify_all();
    }

    /// Takes the prompt away in the middle of a reading, which nobody will end. A half-typed line stays to be read.
    pub(super) fn leave(&self) {
        let mut state = lock(&self.state);
        if state.mode != Mode::Reading {
            return;
        }
        // Lines that were taken for drawing may not be written yet: they are, when the next drawing begins.
        let seen = state.draws;
        state.is_stale = true;
        self.changed.notify_all();
        let waited = self.changed.wait_timeout_while(state, PATIENCE, |state| state.draws == seen);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.mode = Mode::Free;
        let rest = take(&mut state.waiting);
        let end = if state.has_text { "\n" } else { "\r\x1b[J" };
        drop(state);
        let mut out = lock(&self.out);
        // Nobody is left to tell.
        let _ = write_now(&mut *out, &format!("{end}{PASTE_OFF}{rest}"));
        drop(out);
        self.changed.notify_all();
    }
}

impl State {
    fn needs_poke(&self) -> bool {
        let has_news = self.is_stale || !self.waiting.is_empty();
        self.mode == Mode::Reading && self.is_drawn && !self.is_poked && has_news
    }
}

fn write_now(out: &mut dyn Write, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A thread that panicked while it held the lock leaves whole lines: no reason to panic here too.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    /// What was written to a terminal that is none.
    #[derive(Clone, Default)]
    pub(in crate::cmd::connect::editor) struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Kept {
        pub(in crate::cmd::connect::editor) fn text(&self) -> String {
            String::from_utf8(lock(&self.0).clone()).unwrap()
        }
    }

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    pub(in crate::cmd::connect::editor) fn screen() -> (Arc<Screen>, Kept) {
        let kept = Kept::default();
        (Arc::new(Screen::new(Box::new(kept.clone()))), kept)
    }

    fn hand_over(screen: &Arc<Screen>, lines: &'static str) -> thread::JoinHandle<io::Result<()>> {
        let screen = Arc::clone(screen);
        thread::spawn(move || screen.hand(lines))
    }

    #[test]
    fn a_free_terminal_gets_lines_at_once() {
        let (screen, kept) = screen();
        screen.hand("a\nb\n").unwrap();
        assert_eq!(kept.text(), "a\nb\n");
    }

    #[test]
    fn lines_come_above_the_prompt_while_a_line_is_typed() {
        let (screen, kept) = screen();
        let turn = screen.begin(Mode::Reading);
        assert_eq!(screen.draw(None), "         > ");
        let handing = hand_over(&screen, "one\ntwo\n");
        assert!(screen.await_poke());
        assert_eq!(screen.draw(None), "one\ntwo\n         > ");
        handing.join().unwrap().unwrap();
        assert_eq!(screen.draw(None), "         > ");
        drop(turn);
        assert_eq!(kept.text(), "");
    }

    #[test]
    fn what_was_not_drawn_is_written_at_the_end_of_the_line_and_before_the_rest() {
        let (screen, kept) = screen();
        let turn = screen.begin(Mode::Reading);
        screen.draw(None);
        let handing = hand_over(&screen, "one\n");
        assert!(screen.await_poke());
        drop(turn);
        handing.join().unwrap().unwrap();
        screen.hand("two\n").unwrap();
        assert_eq!(kept.text(), "one\ntwo\n");
    }

    #[test]
    fn another_prompt_is_drawn_as_it_is() {
        let (screen, _kept) = screen();
        let _turn = screen.begin(Mode::Reading);
        assert_eq!(screen.draw(Some("(search)")), "(search)");
        assert!(screen.is_aside());
        screen.draw(None);
        assert!(!screen.is_aside());
    }

    #[test]
    fn a_new_prompt_asks_for_one_poke() {
        let (screen, _kept) = screen();
        let _turn = screen.begin(Mode::Reading);
        screen.draw(None);
        screen.set_prompt(Prompt::Closed);
        assert!(screen.await_poke());
        assert!(!lock(&screen.state).needs_poke());
        assert_eq!(screen.draw(None), "  closed > ");
        screen.set_prompt(Prompt::Closed);
        assert!(!lock(&screen.state).needs_poke());
    }

    #[test]
    fn nothing_is_poked_before_the_first_drawing_nor_for_another_program() {
        let (screen, _kept) = screen();
        let turn = screen.begin(Mode::Reading);
        screen.set_prompt(Prompt::Closed);
        assert!(!lock(&screen.state).needs_poke());
        drop(turn);
        let _turn = screen.begin(Mode::Held);
        assert!(!lock(&screen.state).needs_poke() && !screen.is_reading());
    }

    #[test]
    fn the_poke_ends_with_the_editor() {
        let (screen, _kept) = screen();
        screen.close();
        assert!(!screen.await_poke());
    }

    #[test]
    fn leaving_takes_an_empty_prompt_away_and_keeps_a_half_typed_line() {
        for (has_text, expected) in [(false, "\r\x1b[J\x1b[?2004l"), (true, "\n\x1b[?2004l")] {
            let (screen, kept) = screen();
            let turn = screen.begin(Mode::Reading);
            screen.draw(None);
            screen.set_has_text(has_text);
            screen.leave();
            assert_eq!(kept.text(), expected);
            assert!(!screen.is_reading());
            drop(turn);
        }
    }
}
