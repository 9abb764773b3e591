//! Colour, told on or off per sink. The only user of `colored`; owns which escape stands for good, bad, warning and
//! dim. It never adds or removes text: with colour off the same bytes come out less the escapes.

use colored::{ColoredString, Colorize};

/// Whether one sink gets colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Style {
    on: bool,
}

impl Style {
    /// Colour on or off. Nothing else is asked: no environment, no terminal (`cli` has decided).
    pub fn new(on: bool) -> Style {
        if on {
            // The crate would look at stdout's terminal for every stream; only `on` may decide.
            colored::control::set_override(true);
        }
        Style { on }
    }

    /// Green.
    pub fn good(&self, text: &str) -> String {
        self.paint(text, |text| text.green())
    }

    /// Red.
    pub fn bad(&self, text: &str) -> String {
        self.paint(text, |text| text.red())
    }

    /// Yellow.
    pub fn warn(&self, text: &str) -> String {
        self.paint(text, |text| text.yellow())
    }

    /// Dim, for time stamps and hints.
    pub fn dim(&self, text: &str) -> String {
        self.paint(text, |text| text.dimmed())
    }

    fn paint(&self, text: &str, colour: fn(&str) -> ColoredString) -> String {
        if !self.on || text.is_empty() {
            return text.to_owned();
        }
        colour(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_the_text_is_unchanged() {
        let style = Style::new(false);
        assert_eq!((style.good("a"), style.bad("b"), style.dim("c")), ("a".into(), "b".into(), "c".into()));
    }

    #[test]
    fn colour_is_escapes_around_the_same_text() {
        let style = Style::new(true);
        assert_eq!(style.good("HEALTHY"), "\x1b[32mHEALTHY\x1b[0m");
        assert_eq!(style.bad("x"), "\x1b[31mx\x1b[0m");
        assert_eq!(style.warn("x"), "\x1b[33mx\x1b[0m");
        assert_eq!(style.dim("x"), "\x1b[2mx\x1b[0m");
    }
}
