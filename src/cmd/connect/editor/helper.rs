//! What the line editor asks while a line is typed: completions, hints, whether the line is whole, and the prompt to
//! draw. Owns only the joining: commands are `slash`'s, lines that wait are `screen`'s.

use std::borrow::Cow;
use std::sync::Arc;

use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Cmd, ConditionalEventHandler, Context, Event, EventContext, Movement, RepeatCount};

use super::lines;
use super::screen::Screen;
use crate::cmd::connect::slash;
use crate::report::safe;
use crate::report::style::Style;

/// A folder may have more files than anybody reads.
const PATHS_MAX: usize = 1000;

/// The helper of the editor.
pub(super) struct TalkHelper {
    screen: Arc<Screen>,
    slash: bool,
    colour: bool,
    files: FilenameCompleter,
}

impl TalkHelper {
    pub(super) fn new(screen: Arc<Screen>, slash: bool, colour: bool) -> TalkHelper {
        TalkHelper { screen, slash, colour, files: FilenameCompleter::new() }
    }

    /// Names with characters that would act on the terminal are not offered.
    fn paths(&self, typed: &str) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, mut found) = self.files.complete_path(typed, typed.len())?;
        found.retain(|pair| !pair.display.chars().any(safe::is_invisible));
        found.truncate(PATHS_MAX);
        Ok((start, found))
    }

    fn completions(&self, line: &str, pos: usize) -> rustyline::Result<(usize, Vec<Pair>)> {
        if !self.slash {
            return Ok((pos, Vec::new()));
        }
        let (start, words) = slash::complete(line, pos);
        let words = words.into_iter().map(|word| Pair { display: word.clone(), replacement: word });
        let typed = &line[..pos];
        if slash::wants_path(typed).is_none() {
            return Ok((start, words.collect()));
        }
        let (path_start, mut found) = self.paths(typed)?;
        if path_start == start {
            found.extend(words);
        }
        Ok((path_start, found))
    }

    fn ghost(&self, line: &str, pos: usize) -> Option<Ghost> {
        if !self.slash || pos != line.len() {
            return None;
        }
        let rest = slash::hint(line)?;
        // Arguments as help shows them are not for sending: only the rest of a name can be taken over.
        let is_name = !line.contains(char::is_whitespace) && !rest.starts_with(char::is_whitespace);
        let shown = match (self.colour, is_name) {
            (true, _) => rest.clone(),
            (false, true) => format!("  ({line}{rest})"),
            (false, false) => format!("  ({})", rest.trim()),
        };
        Some(Ghost { shown, taken: is_name.then_some(rest) })
    }
}

/// A hint behind the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ghost {
    shown: String,
    /// What the right arrow puts into the line.
    taken: Option<String>,
}

impl Hint for Ghost {
    fn display(&self) -> &str {
        &self.shown
    }

    fn completion(&self) -> Option<&str> {
        self.taken.as_deref()
    }
}

impl Completer for TalkHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        self.completions(line, pos)
    }
}

impl Hinter for TalkHelper {
    type Hint = Ghost;

    /// Asked with each change of the line.
    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<Ghost> {
        self.screen.set_has_text(!line.is_empty());
        self.ghost(line, pos)
    }
}

impl Highlighter for TalkHelper {
    /// Asked with each drawing, just before it is written: the place for lines that wait, which come above the prompt.
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, default: bool) -> Cow<'b, str> {
        Cow::Owned(self.screen.draw((!default).then_some(prompt)))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if !self.colour {
            return Cow::Borrowed(hint);
        }
        Cow::Owned(Style::new(true).dim(hint))
    }
}

impl Validator for TalkHelper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        if lines::is_unfinished(context.input()) {
            return Ok(ValidationResult::Incomplete);
        }
        Ok(ValidationResult::Valid(None))
    }
}

impl rustyline::Helper for TalkHelper {}

/// Ctrl-C: ends a search, clears a line that has text, and leaves on an empty one.
pub(super) struct ClearOrLeave {
    pub(super) screen: Arc<Screen>,
}

impl ConditionalEventHandler for ClearOrLeave {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        if self.screen.is_aside() {
            return Some(Cmd::Abort);
        }
        Some(if context.line().is_empty() { Cmd::Interrupt } else { Cmd::Kill(Movement::WholeBuffer) })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::screen::tests::screen;
    use super::*;

    fn helper(slash: bool, colour: bool) -> TalkHelper {
        TalkHelper::new(screen().0, slash, colour)
    }

    fn names(helper: &TalkHelper, line: &str) -> (usize, Vec<String>) {
        let (start, found) = helper.completions(line, line.len()).unwrap();
        (start, found.into_iter().map(|pair| pair.replacement).collect())
    }

    #[test]
    fn commands_are_completed_and_messages_are_not() {
        let helper = helper(true, true);
        assert_eq!(names(&helper, "/dr"), (0, vec!["/drop ".to_owned()]));
        assert!(names(&helper, "//dr").1.is_empty());
        assert!(names(&helper, "dr").1.is_empty());
        assert!(names(&super::tests::helper(false, true), "/dr").1.is_empty());
    }

    #[test]
    fn a_path_is_completed_from_the_folder() {
        let folder = std::env::temp_dir().join(format!("wscope-paths-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a b.json"), "").unwrap();
        std::fs::write(folder.join("a\u{1b}[2J"), "").unwrap();
        let line = format!("/file {}/a", folder.display());
        let (_, found) = helper(true, true).completions(&line, line.len()).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        let shown: Vec<&str> = found.iter().map(|pair| pair.display.as_str()).collect();
        assert_eq!(shown, ["a b.json"]);
        assert!(found[0].replacement.ends_with("a\\ b.json"));
    }

    #[test]
    fn the_rest_of_a_name_can_be_taken_and_arguments_cannot() {
        let ghost = helper(true, true).ghost("/reco", 5);
        assert_eq!(ghost, None, "two commands begin so");
        let ghost = helper(true, true).ghost("/recon", 6).unwrap();
        assert_eq!((ghost.display(), ghost.completion()), ("nect", Some("nect")));
        let ghost = helper(true, false).ghost("/recon", 6).unwrap();
        assert_eq!((ghost.display(), ghost.completion()), ("  (/reconnect)", Some("nect")));
        let ghost = helper(true, true).ghost("/drop", 5).unwrap();
        assert_eq!(ghost.completion(), None);
        assert_eq!(helper(true, true).ghost("/recon", 3), None);
        assert_eq!(helper(false, true).ghost("/recon", 6), None);
    }

    #[test]
    fn the_prompt_that_is_drawn_is_the_screens() {
        let (screen, _kept) = screen();
        screen.set_prompt(super::super::Prompt::Closed);
        let helper = TalkHelper::new(Arc::clone(&screen), true, true);
        assert_eq!(helper.highlight_prompt("           ", true), "  closed > ");
        assert_eq!(helper.highlight_prompt("(search)", false), "(search)");
        assert!(screen.is_aside());
    }
}
