//! What a word means: a finding's code, a fault of `serve`, a way of ending, a product, a proxy, a setting, a heartbeat
//! preset, a check of `probe --deep`, a Close code, an HTTP status, a verdict, an exit code. Owns the texts behind
//! `explain` and the page `docs/findings.md`; the catalogue is `event::codes`, the exit codes are `event::verdict`.

pub mod checks;
mod contents;
mod drops;
mod faults;
mod knobs;
mod likeness;
mod products;
mod proxies;
mod settings;
mod statuses;
#[cfg(test)]
mod tests;

use crate::diagnose::close_codes::usual;
use crate::event::codes::{ENTRIES, Entry, entry};
use crate::event::finding::Layer;
use crate::event::show;
use crate::event::verdict::Exit;
use crate::watch::presets;
use crate::wire::close;

pub use contents::contents;

/// The widest line.
const WIDTH: usize = 96;
/// Where a text begins behind its label.
const INDENT: usize = 11;
/// The path in lines to paste.
const PATH: &str = "/ws";

/// The text on a word; none for one that means nothing here. `4401 --product graphql` gives the product's own meaning.
/// Lines are 96 columns wide at most, and the last one ends with a line feed.
///
/// The words: a finding's code, a fault's name, a way of ending (`fin-no-close`, `fin`), a product or a heartbeat
/// preset, a proxy or a setting of one, a check of `probe --deep` (`P8`), a verdict, a Close code (1000 to 4999), an
/// HTTP status (100 to 599), an exit code (`exit 22`).
pub fn explain(word: &str) -> Option<String> {
    if let Some((word, product)) = word.split_once("--product") {
        return explain_for(word, product.trim_start_matches('=')).ok();
    }
    let word = word.trim().to_ascii_lowercase();
    if let Some(text) = named(&word) {
        return Some(with_others(text, &word));
    }
    if let Some(number) = word.strip_prefix("exit") {
        return exit(number.trim_start_matches(['-', ' ']).parse().ok()?);
    }
    if let Some(text) = verdict(&word) {
        return Some(with_others(text, &word));
    }
    // `HTTP 502` and `close 1006` too.
    let kinds = ["http", "status", "close", "code"];
    let behind_kind = kinds.iter().find_map(|kind| word.strip_prefix(kind));
    let number = behind_kind.map_or(word.as_str(), |number| number.trim_start_matches(['-', ' ', ':']));
    match number.trim().parse::<u16>().ok()? {
        code @ (0..=99 | 124 | 130 | 143) => exit(code.try_into().ok()?),
        status @ 100..=599 => Some(http(status)),
        code @ 1000..=4999 => Some(close_code(code)),
        _ => None,
    }
}

/// The text on a Close code as a product means it; without a code, on the product.
///
/// # Errors
/// One line: what was expected, and what there was.
pub fn explain_for(word: &str, product: &str) -> Result<String, String> {
    let word = word.trim();
    if word.is_empty() {
        return products::whole(product);
    }
    match word.parse() {
        Ok(code) => products::code_of(code, product),
        Err(_) => Err(format!("expected a close code with --product, got {}", show::quoted(word))),
    }
}

/// What has this name: a fault can have the name of the finding that it leads to, a product that of its preset.
fn named(word: &str) -> Option<String> {
    let word = likeness::normal(word);
    let found = [
        entry(&word).map(finding),
        faults::fault(&word),
        drops::class(&word),
        products::product(&word),
        presets::describe(&word).map(|text| preset(&word, &text)),
        proxies::proxy(&word),
        knobs::knob(&word),
        checks::check(&word),
    ];
    let texts: Vec<String> = found.into_iter().flatten().collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// A preset's own words below a head like that of the other texts.
fn preset(name: &str, words: &str) -> String {
    let mut text = format!("{name} (heartbeat preset)\n\n");
    for words in words.lines() {
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let (label, words) = labelled(name, &words);
        if !words.is_empty() {
            line(&mut text, label, words);
        }
    }
    text
}

/// The rows of a preset by the labels that fit their column.
fn labelled<'a>(name: &str, words: &'a str) -> (&'static str, &'a str) {
    const LABELS: [(&str, &str); 8] = [
        ("heartbeat: ", "beats"),
        ("answered: ", "answers"),
        ("answer: ", "answer"),
        ("begins with: ", "begins"),
        ("send first: ", "first"),
        ("subprotocol: ", "offers"),
        ("in the URL: ", "url"),
        ("use it with ", "use"),
    ];
    if let Some(what) = words.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")) {
        return ("means", what);
    }
    let known = LABELS.iter().find_map(|(long, short)| Some((*short, words.strip_prefix(long)?)));
    known.unwrap_or(("", words))
}

/// The first word of a probe's line, with the exit codes behind it.
fn verdict(word: &str) -> Option<String> {
    let exits: Vec<Exit> = Exit::ALL.into_iter().filter(|exit| exit.word().eq_ignore_ascii_case(word)).collect();
    let mut text = format!("{} (verdict)\n\n", exits.first()?.word());
    for exit in exits {
        text.push_str(&format!("  exit {:<3} {}\n", exit.code(), exit.meaning()));
    }
    Some(text)
}

/// Up to three words that `word` is likely to mean, the likest first.
pub fn nearest(word: &str) -> Vec<String> {
    likeness::nearest(word, &names())
}

/// With the other names of which this word is a part.
fn with_others(mut text: String, word: &str) -> String {
    let others = likeness::also(word, &names());
    if !others.is_empty() {
        text.push('\n');
        line(&mut text, "also", &others.join(", "));
    }
    text
}

/// All that is explained by a name, each once.
fn names() -> Vec<&'static str> {
    let mut all: Vec<&'static str> = ENTRIES.iter().map(|entry| entry.code).collect();
    all.extend(drops::names());
    all.extend(knobs::names());
    all.extend(proxies::words());
    all.extend(faults::names());
    all.extend(products::keys());
    all.extend(presets::names());
    all.extend(checks::ids());
    all.extend(Exit::ALL.iter().map(|exit| exit.word()));
    let mut known: Vec<String> = Vec::new();
    all.retain(|name| {
        let name = likeness::normal(name);
        let is_new = !known.contains(&name);
        if is_new {
            known.push(name);
        }
        is_new
    });
    all
}

/// The whole of `docs/findings.md`.
pub fn findings_markdown() -> String {
    let mut page = String::from(
        "# Findings\n\n\
         Every finding that wscope can make, from the name look-up to the close. A finding has a code, a severity, a\n\
         layer, the side it is about, the fact, what was seen, a cause with how sure it is (certain, likely,\n\
         possible), the rule if one is broken, and what to do next. The texts here are general: a run names what it\n\
         saw, and the cause that fits. `wscope explain CODE` prints the same.\n\n\
         An error fails a run; a warning and a note do not, unless `--fail-on` says so.\n\n\
         | code | severity | layer |\n|---|---|---|\n",
    );
    for entry in ENTRIES {
        let layer = layer_word(entry.layer);
        page.push_str(&format!("| [{0}](#{0}) | {1} | {layer} |\n", entry.code, entry.severity.word()));
    }
    for entry in ENTRIES {
        page.push_str(&format!(
            "\n## {}\n\n{}, {}: {}.\n\n- Usual causes: {}.\n- What to do: {}.\n",
            entry.code,
            entry.severity.word(),
            layer_word(entry.layer),
            entry.what,
            entry.cause,
            entry.help
        ));
        if let Some(rule) = entry.rule {
            page.push_str(&format!("- Rule: {rule}.\n"));
        }
    }
    page
}

fn finding(entry: &Entry) -> String {
    let mut text = format!("{} ({}, {})\n\n", entry.code, entry.severity.word(), layer_word(entry.layer));
    line(&mut text, "means", entry.what);
    line(&mut text, "causes", entry.cause);
    line(&mut text, "help", entry.help);
    if let Some(rule) = entry.rule {
        line(&mut text, "rule", rule);
    }
    settings::append(&mut text, entry.code);
    text
}

fn close_code(code: u16) -> String {
    let usual = usual(code);
    let wire = match close::is_legal(code) {
        true => "may be in a Close frame",
        false => "may not be in a Close frame: it is for use inside a program only, or not assigned",
    };
    let mut text = format!("{code} {} (Close code)\n\n", close::name(code));
    line(&mut text, "means", close::meaning(code));
    line(&mut text, "wire", wire);
    line(&mut text, "from", usual.senders);
    line(&mut text, "help", &usual.advice());
    line(&mut text, "rule", "RFC 6455 section 7.4");
    products::also(&mut text, code);
    text
}

fn http(status: u16) -> String {
    let meaning = statuses::meaning(status);
    let mut text = format!("{status} {} (HTTP status)\n\n", meaning.name);
    line(&mut text, "means", meaning.upgrade);
    let Some(told) = statuses::told(status) else {
        line(&mut text, "rule", "RFC 6455 section 4.2.2");
        return text;
    };
    line(&mut text, "causes", &told.cause);
    for (index, help) in told.help.iter().enumerate() {
        match index {
            0 => line(&mut text, "help", help),
            _ => paste(&mut text, help),
        }
    }
    line(&mut text, "code", told.code);
    text
}

fn exit(number: u8) -> Option<String> {
    let exit = Exit::ALL.into_iter().find(|exit| exit.code() == number)?;
    let mut text = format!("exit {number} ({})\n\n", exit.word());
    line(&mut text, "means", exit.meaning());
    let findings = statuses::findings_of(exit);
    if !findings.is_empty() {
        line(&mut text, "see", &findings.join(", "));
    }
    Some(text)
}

fn layer_word(layer: Layer) -> &'static str {
    match layer {
        Layer::Url => "url",
        Layer::Proxy => "proxy",
        Layer::Dns => "dns",
        Layer::Tcp => "tcp",
        Layer::Tls => "tls",
        Layer::Http => "http",
        Layer::Handshake => "handshake",
        Layer::Connection => "connection",
        Layer::Close => "close",
        Layer::Local => "local",
    }
}

/// A label with its text behind it, wrapped between words.
fn line(text: &mut String, label: &str, words: &str) {
    let mut current = format!("  {label:<width$}", width = INDENT - 2);
    let mut column = INDENT;
    for word in words.split(' ').flat_map(pieces) {
        if column > INDENT && column + 1 + word.len() > WIDTH {
            text.push_str(&current);
            text.push('\n');
            current = " ".repeat(INDENT);
            column = INDENT;
        }
        if column > INDENT {
            current.push(' ');
            column += 1;
        }
        current.push_str(word);
        column += word.len();
    }
    text.push_str(&current);
    text.push('\n');
}

/// A line to paste; a command that is wider than the screen goes on behind the sign that its shell has for that.
fn paste(text: &mut String, line: &str) {
    let indent = " ".repeat(INDENT + 2);
    let room = WIDTH - INDENT - 2;
    if line.len() <= room {
        text.push_str(&format!("{indent}{line}\n"));
        return;
    }
    let sign = if line.starts_with("appcmd") { '^' } else { '\\' };
    let mut current = String::new();
    for word in line.split(' ') {
        // With room for two blanks and the sign.
        if !current.is_empty() && current.len() + word.len() + 3 > room {
            text.push_str(&format!("{indent}{current} {sign}\n"));
            current = String::from(" ");
        }
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
    }
    text.push_str(&format!("{indent}{current}\n"));
}

/// A word that is wider than a line, such as a long payload, in pieces that are not.
fn pieces(word: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while rest.is_ascii() && rest.len() > WIDTH - INDENT {
        let (piece, behind) = rest.split_at(WIDTH - INDENT);
        pieces.push(piece);
        rest = behind;
    }
    pieces.push(rest);
    pieces
}
