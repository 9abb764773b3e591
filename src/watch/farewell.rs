//! Messages that announce a drop before it comes. Owns which ones: those of known products, or a pattern.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use regex::Regex;

/// Which messages announce a drop.
#[derive(Clone, Debug)]
pub enum FarewellRule {
    /// Those of known products.
    Known,
    Regex(Regex),
}

/// A pattern is looked for in so much of a message: over megabytes it would hold everything else.
const TEXT_MAX: usize = 64 * 1024;

/// Known announcements stand in the first so many characters.
const LOOKED_AT: usize = 200;

impl FarewellRule {
    /// Does this text announce a drop?
    pub fn matches(&self, text: &str) -> bool {
        match self {
            FarewellRule::Known => is_known_farewell(text),
            FarewellRule::Regex(regex) => regex.is_match(head(text)),
        }
    }
}

fn head(text: &str) -> &str {
    let mut end = text.len().min(TEXT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// ActionCable and Slack say `"type":"disconnect"`, Binance `serverShutdown`, SockJS `c[3000,"Go away!"]`, Discord op 7.
fn is_known_farewell(text: &str) -> bool {
    if !may_be_known(text) {
        return false;
    }
    let head: String = text.chars().take(LOOKED_AT).filter(|c| !c.is_whitespace()).collect();
    head.starts_with("c[")
        || head.contains("\"type\":\"disconnect\"")
        || head.contains("\"serverShutdown\"")
        || (head.starts_with('{') && head.contains("\"op\":7,"))
}

/// Almost every message is none, and there may be millions: a look at its first bytes must do.
fn may_be_known(text: &str) -> bool {
    static WORDS: LazyLock<[Finder<'static>; 3]> =
        LazyLock::new(|| ["\"disconnect\"", "\"serverShutdown\"", "\"op\""].map(Finder::new));
    let text = text.trim_ascii_start().as_bytes();
    let head = &text[..text.len().min(4 * LOOKED_AT)];
    match head.first() {
        Some(b'c') => true,
        Some(b'{' | b'[') => WORDS.iter().any(|word| word.find(head).is_some()),
        _ => false,
    }
}
