//! What a close code means in the product that sent it (RFC 6455 section 7.4.2: 4000 to 4999 are private, so that one
//! number has many meanings). Owns who is meant and why that is thought; the rows are `product_codes/table.rs`, the
//! products' marks `watch::products`'.

mod table;
#[cfg(test)]
mod tests;

use crate::diagnose::close_codes::{Again, advice};
use crate::diagnose::ends::Dropped;
use crate::diagnose::facts::contains;
use crate::diagnose::place::Place;
use crate::event::finding::Confidence::{self, Certain, Likely, Possible};
use crate::watch::products::{self, Product, Recognised};

/// So many products are named where the number alone is known.
const NAMED_MAX: usize = 3;

/// The codes of one product.
pub struct Codes {
    /// For `--product`.
    pub key: &'static str,
    pub name: &'static str,
    /// What holds for all of them.
    pub note: &'static str,
    /// The first row that fits counts.
    pub rows: &'static [Row],
}

/// One code, or a range of them.
pub struct Row {
    pub from: u16,
    pub to: u16,
    /// A part of the reason that the product gives with it; empty when none is known.
    pub says: &'static str,
    pub means: &'static str,
    pub again: Again,
    /// What to do next; empty when connecting again is all.
    pub fix: &'static str,
}

impl Row {
    /// What to do, and whether to connect again.
    pub fn advice(&self) -> String {
        advice(self.fix, self.again)
    }

    /// `4001`, or `4000 to 4099`.
    pub fn numbers(&self) -> String {
        if self.from == self.to { self.from.to_string() } else { format!("{} to {}", self.from, self.to) }
    }

    fn has_reason(&self, reason: &str) -> bool {
        !self.says.is_empty() && contains(reason, self.says)
    }
}

impl Codes {
    /// What the product means by a code.
    pub fn row(&self, code: u16) -> Option<&'static Row> {
        self.rows.iter().find(|row| (row.from..=row.to).contains(&code))
    }
}

/// A product that is thought to have sent a code.
pub struct Sender {
    pub codes: &'static Codes,
    /// What speaks for it.
    pub why: String,
    /// Possible when only the URL speaks for it; certain when both the product's marks and its reason do.
    pub confidence: Confidence,
}

/// All products with codes, or with words in place of codes.
pub fn all() -> &'static [Codes] {
    table::ALL
}

/// By the word for `--product`: ours, or any that `watch::products` has.
pub fn from_key(key: &str) -> Option<&'static Codes> {
    let key = key.trim().to_ascii_lowercase();
    by_key(&key).or_else(|| of(Product::from_key(&key)?))
}

/// The codes of a product; none when it has no private ones.
pub fn of(product: Product) -> Option<&'static Codes> {
    match product {
        Product::GraphqlTransportWs => by_key("graphql"),
        Product::GraphqlLegacy => by_key("graphql-legacy"),
        Product::Discord => by_key("discord"),
        Product::Pusher => by_key("pusher"),
        Product::Centrifugo => by_key("centrifugo"),
        Product::TwitchEventSub => by_key("twitch-eventsub"),
        Product::Obs => by_key("obs"),
        Product::SockJs => by_key("sockjs"),
        Product::SlackSocket => by_key("slack-socket"),
        Product::ActionCable => by_key("actioncable"),
        Product::Phoenix | Product::PhoenixV1 | Product::Supabase => by_key("phoenix"),
        Product::Binance => by_key("binance"),
        _ => None,
    }
}

fn by_key(key: &str) -> Option<&'static Codes> {
    table::ALL.iter().find(|codes| codes.key == key)
}

/// The product on the other side, by the subprotocol, its first message, the reason that it gave, or (weakly) the URL.
pub fn sender(dropped: &Dropped, code: u16, reason: &str) -> Option<Sender> {
    let first = dropped.ended.first_message.as_ref().map_or(&[][..], |first| first.0.as_slice());
    // The voice gateway begins as the main one does, and its codes mean other things.
    if contains(&dropped.url, "discord.media") {
        return known("discord-voice", "the host discord.media");
    }
    if first.starts_with(b"c[") {
        return known("sockjs", "a close frame of SockJS was the first message");
    }
    let named = dropped.subprotocol().and_then(products::by_subprotocol);
    let marked = named.or_else(|| if first.is_empty() { None } else { products::by_first_message(first) });
    if let Some(sender) = marked.and_then(|found| recognised(found, Likely)) {
        let is_its_reason = sender.codes.row(code).is_some_and(|row| row.has_reason(reason));
        return Some(if is_its_reason { Sender { confidence: Certain, ..sender } } else { sender });
    }
    if let Some(codes) = table::ALL.iter().find(|codes| codes.row(code).is_some_and(|row| row.has_reason(reason))) {
        return known(codes.key, "the code with this reason");
    }
    recognised(products::by_url(Place::of(&dropped.url).path)?, Possible)
}

fn known(key: &str, why: &str) -> Option<Sender> {
    Some(Sender { codes: by_key(key)?, why: why.into(), confidence: Likely })
}

fn recognised(found: Recognised, confidence: Confidence) -> Option<Sender> {
    Some(Sender { codes: of(found.product)?, why: found.why, confidence })
}

/// Code and reason inside a close frame of SockJS: `c[3000,"Go away!"]`.
pub fn sockjs_close(message: &[u8]) -> Option<(u16, String)> {
    let text = std::str::from_utf8(message).ok()?;
    let inside = text.trim().strip_prefix("c[")?.strip_suffix(']')?;
    let (code, reason) = inside.split_once(',').unwrap_or((inside, ""));
    Some((code.trim().parse().ok()?, reason.trim().trim_matches('"').into()))
}

/// What a number means in products that are known: name and row, those with a row of their own for it before ranges.
pub fn meanings(code: u16) -> Vec<(&'static Codes, &'static Row)> {
    let mut found: Vec<_> = table::ALL.iter().filter_map(|codes| codes.row(code).map(|row| (codes, row))).collect();
    found.sort_by_key(|(_, row)| row.to - row.from);
    found
}

/// Who else uses a private number, where nothing tells whose it is: `Pusher (over capacity) and 2 products more`.
/// Ranges are no rivals: they are the application's own codes.
pub fn rivals(code: u16) -> Option<String> {
    if code < 3000 {
        return None;
    }
    let found: Vec<_> = meanings(code).into_iter().filter(|(_, row)| row.from == row.to).collect();
    let named: Vec<String> =
        found.iter().take(NAMED_MAX).map(|(codes, row)| format!("{} ({})", codes.name, row.means)).collect();
    let more = match found.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        1 => String::from(" and one product more"),
        more => format!(" and {more} products more"),
    };
    (!named.is_empty()).then(|| format!("{}{more}", named.join(", ")))
}
