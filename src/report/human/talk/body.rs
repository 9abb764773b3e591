//! One message on the screen, behind its stamp and mark. Owns the title of what is no text, and the line that says how
//! much is folded; the body itself is `pretty`'s.

use crate::event::MessageSeen;
use crate::event::show::size;
use crate::report::human::pretty::{self, FOLD, Mode};
use crate::report::style::Style;

/// At least one line. JSON stays on one line within `room` columns; `how` tells where the rest of a fold is to be seen.
pub fn lines(message: &MessageSeen, room: usize, mode: Mode, style: Style, how: &str) -> Vec<String> {
    let title = format!("{}, {}", if message.text { "text" } else { "binary" }, size(message.len));
    let bytes = message.payload.as_ref().map(|payload| payload.0.as_slice()).unwrap_or_default();
    if bytes.is_empty() {
        return vec![title];
    }
    let text = std::str::from_utf8(bytes).ok().filter(|_| message.text);
    let (mut lines, body) = match text {
        Some(text) => (Vec::new(), pretty::text(text, room, mode, style, Some(FOLD))),
        None => (vec![title], pretty::binary(bytes, Some(FOLD))),
    };
    lines.extend(body.lines);
    if let Some(more) = body.folded {
        lines.push(style.dim(&format!("... {} more{how}", size(more))));
    }
    lines
}
