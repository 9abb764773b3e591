//! The terminal as a sink writes to it. Owns the cutting into whole lines; when they appear is `screen`'s.

use std::io::{self, Write};
use std::sync::Arc;

use super::screen::Screen;

/// Hands whole lines on, several at once where they come so; a beginning waits for its end, since a sink cuts where it
/// likes.
pub(super) struct LineWriter {
    screen: Arc<Screen>,
    beginning: Vec<u8>,
}

impl LineWriter {
    pub(super) fn new(screen: Arc<Screen>) -> LineWriter {
        LineWriter { screen, beginning: Vec::new() }
    }
}

impl Write for LineWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let end = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        let (whole, rest) = bytes.split_at(end);
        if whole.is_empty() {
            self.beginning.extend_from_slice(rest);
            return Ok(bytes.len());
        }
        let mut lines = std::mem::replace(&mut self.beginning, rest.to_vec());
        lines.extend_from_slice(whole);
        self.screen.hand(&String::from_utf8_lossy(&lines))?;
        Ok(bytes.len())
    }

    /// Whole lines are out already; a sink flushes in the middle of one, too.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        if !self.beginning.is_empty() {
            // The last line has no end of its own; and nobody is left to tell that it could not be written.
            let _ = self.write_all(b"\n");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::screen::tests::screen;
    use super::*;

    #[test]
    fn a_line_is_handed_on_when_it_is_whole() {
        let (screen, kept) = screen();
        let mut writer = LineWriter::new(screen);
        writer.write_all(b"on").unwrap();
        writer.flush().unwrap();
        assert_eq!(kept.text(), "");
        writer.write_all(b"e\ntwo\nth\xc3").unwrap();
        assert_eq!(kept.text(), "one\ntwo\n");
        writer.write_all(b"\xa9").unwrap();
        drop(writer);
        assert_eq!(kept.text(), "one\ntwo\nth\u{e9}\n");
    }
}
