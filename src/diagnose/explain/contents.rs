//! Every word that is explained, by kind: what `wscope explain` shows alone. Owns that page; the words are their tables'.

use super::{checks, drops, faults, knobs, layer_word, line, presets, products, proxies};
use crate::event::codes::ENTRIES;
use crate::event::verdict::Exit;

/// The page; its last line ends with a line feed.
pub fn contents() -> String {
    let mut text = String::from("wscope explain WORD tells what it means and what to do. The words:\n\n");
    line(&mut text, "codes", "1000 to 4999: Close codes; 4001 --product discord: as that product means it");
    line(&mut text, "statuses", "100 to 599: HTTP statuses in place of the 101");
    let exits: Vec<String> = Exit::ALL.iter().map(|exit| exit.code().to_string()).collect();
    line(&mut text, "exits", &format!("exit N, where N is {}", exits.join(", ")));
    line(&mut text, "verdicts", &list(Exit::ALL.iter().map(|exit| exit.word())));
    findings(&mut text);
    text.push('\n');
    line(&mut text, "drops", &list(drops::names()));
    line(&mut text, "proxies", &list(proxies::usual_words()));
    line(&mut text, "settings", &list(knobs::names()));
    line(&mut text, "products", &list(products::keys()));
    line(&mut text, "presets", &list(presets::names()));
    line(&mut text, "checks", &format!("of --deep: {}", list(checks::ids())));
    line(&mut text, "faults", &format!("of serve: {}", list(faults::names())));
    text
}

/// The codes of the findings, a line or more for each layer.
fn findings(text: &mut String) {
    text.push('\n');
    let layers = list(ENTRIES.iter().map(|entry| layer_word(entry.layer)));
    let mut label = "findings";
    for layer in layers.split(", ") {
        let codes = ENTRIES.iter().filter(|entry| layer_word(entry.layer) == layer).map(|entry| entry.code);
        line(text, label, &format!("{layer}: {}", list(codes)));
        label = "";
    }
}

/// Each once, in the order in which they come.
fn list(words: impl IntoIterator<Item = &'static str>) -> String {
    let mut once: Vec<&str> = Vec::new();
    for word in words {
        if !once.contains(&word) {
            once.push(word);
        }
    }
    once.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::explain;
    use super::*;

    #[test]
    fn each_word_of_the_page_is_explained() {
        let page = contents();
        assert!(page.is_ascii() && page.lines().all(|line| line.len() <= super::super::WIDTH), "{page}");
        let joined = page.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in ENTRIES.iter().map(|entry| entry.code).chain(drops::names()).chain(proxies::usual_words()) {
            assert!(joined.contains(word) && explain(word).is_some(), "{word}");
        }
        for word in knobs::names().chain(faults::names()).chain(products::keys()).chain(presets::names()) {
            assert!(joined.contains(word) && explain(word).is_some(), "{word}");
        }
        for part in ["\n  findings dns: ", "\n           tls: ", "HEALTHY, FAILED", "of --deep: P1, P2"] {
            assert!(page.contains(part), "no {part:?} in {page}");
        }
    }
}
