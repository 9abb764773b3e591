//! What a product's name and a product's code mean (RFC 6455 section 7.4.2). Owns the layout; the rows are
//! `product_codes`', the products `watch::products`'.

use super::line;
use crate::diagnose::product_codes::{self, Codes, Row};
use crate::event::{near, show};
use crate::watch::presets;
use crate::watch::products::Product;

/// The text on a product: what its codes mean, what a client says first, and its heartbeat preset.
pub fn product(word: &str) -> Option<String> {
    let codes = product_codes::from_key(word);
    let has_these = |one: &Product| {
        let others = product_codes::of(*one);
        others.zip(codes).is_some_and(|(others, codes)| others.key == codes.key)
    };
    let known = Product::from_key(word).or_else(|| Product::ALL.iter().copied().find(has_these));
    if known.is_none() && codes.is_none() {
        return None;
    }
    let name = known.map(Product::name).or_else(|| codes.map(|codes| codes.name)).unwrap_or_default();
    let mut text = format!("{name} (product)\n\n");
    line(&mut text, "word", word);
    match codes {
        None => line(&mut text, "codes", "none of its own that are known here: those of the registry"),
        Some(codes) => {
            line(&mut text, "note", codes.note);
            for row in codes.rows {
                line(&mut text, &label(row), &meaning(row));
            }
        }
    }
    if let Some(name) = known.and_then(Product::preset) {
        let preset = presets::find(presets::builtin(), name);
        for first in preset.iter().flat_map(|preset| &preset.first) {
            line(&mut text, "first", &show::quoted(first));
        }
        line(&mut text, "beats", &format!("--heartbeat-send {name}: wscope explain {name} tells of it"));
    }
    Some(text)
}

/// The text on the product for `--product` without a code.
///
/// # Errors
/// One line: the product is not known.
pub fn whole(word: &str) -> Result<String, String> {
    let word = word.trim().to_ascii_lowercase();
    product(&word).ok_or_else(|| unknown(&word))
}

/// A close code as one product means it.
///
/// # Errors
/// One line: the product is not known, or it has no such code.
pub fn code_of(code: u16, product: &str) -> Result<String, String> {
    let product = product.trim().to_ascii_lowercase();
    let Some(codes) = product_codes::from_key(&product) else {
        if Product::from_key(&product).is_some() {
            return Err(format!("expected a product with close codes of its own, and {product} has none here"));
        }
        return Err(unknown(&product));
    };
    if codes.rows.is_empty() {
        return Err(format!("expected a product with close codes, and {product} has none: wscope explain {product}"));
    }
    let Some(row) = codes.row(code) else {
        let all = format!("wscope explain {} lists them", codes.key);
        return Err(format!("expected a close code of {} ({all}), got {code}", codes.name));
    };
    let mut text = format!("{code} (Close code of {})\n\n", codes.name);
    line(&mut text, "means", row.means);
    if !row.says.is_empty() {
        line(&mut text, "reason", &format!("\"{}\"", row.says));
    }
    line(&mut text, "help", &row.advice());
    line(&mut text, "note", codes.note);
    Ok(text)
}

/// A line for each known product that uses this number.
pub fn also(text: &mut String, code: u16) {
    let found = product_codes::meanings(code);
    if found.is_empty() {
        return;
    }
    text.push('\n');
    for (codes, row) in found {
        line(text, "in", &named(codes, row));
    }
}

/// The words for `--product`.
pub fn keys() -> Vec<&'static str> {
    let mut keys: Vec<&'static str> = product_codes::all().iter().map(|codes| codes.key).collect();
    keys.extend(Product::ALL.iter().map(|product| product.key()));
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn unknown(product: &str) -> String {
    let near = near::nearest(product, keys());
    let hint = match near.is_empty() {
        true => product_codes::all().iter().map(|codes| codes.key).collect::<Vec<_>>().join(", "),
        false => format!("near to it: {}", near.join(", ")),
    };
    format!("expected a known product ({hint}), got {}", show::quoted(product))
}

fn named(codes: &Codes, row: &Row) -> String {
    format!("{} (--product {}): {}", codes.name, codes.key, row.means)
}

/// A range's label would be too wide: its text begins with the numbers.
fn label(row: &Row) -> String {
    if row.from == row.to { row.from.to_string() } else { "others".into() }
}

fn meaning(row: &Row) -> String {
    let numbers = if row.from == row.to { String::new() } else { format!("{}: ", row.numbers()) };
    format!("{numbers}{}; {}", row.means, row.advice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_a_product_is_explained_to_the_letter() {
        assert_eq!(
            code_of(4408, "graphql").unwrap_or_default(),
            "4408 (Close code of graphql-transport-ws)\n\n\
             \x20 means    connection_init did not come in time (3 s unless set)\n\
             \x20 reason   \"Connection initialisation timeout\"\n\
             \x20 help     send it first: -x '{\"type\":\"connection_init\"}'; reconnect with a growing, random\n           pause\n\
             \x20 note     the library's client never comes back after 1002 to 1999 either, except 1005, 1006,\n\
             \x20          1012, 1013 and 1014\n"
        );
    }

    #[test]
    fn each_row_of_each_product_is_explained() {
        for codes in product_codes::all() {
            for row in codes.rows {
                let text = code_of(row.from, codes.key).unwrap_or_default();
                assert!(text.contains("(Close code of "), "{} {}: {text}", codes.key, row.from);
            }
            let page = product(codes.key).unwrap_or_default();
            let has_all = codes.rows.iter().all(|row| page.contains(&row.from.to_string()));
            assert!(page.contains("(product)") && has_all, "{page}");
        }
        for one in Product::ALL {
            assert!(product(one.key()).is_some(), "{}", one.key());
        }
    }

    #[test]
    fn an_unknown_product_or_code_says_what_is_expected() {
        assert!(code_of(4001, "discrod").is_err_and(|why| why.contains("near to it: discord")));
        assert!(code_of(4001, "zzzzzz").is_err_and(|why| why.contains("graphql, graphql-legacy, discord")));
        let why = "expected a close code of Spring (wscope explain spring lists them), got 4999";
        assert_eq!(code_of(4999, "spring"), Err(why.into()));
        assert!(code_of(4001, "binance").is_err_and(|why| why.contains("wscope explain binance")));
        assert_eq!(product("zzzzzz"), None);
    }

    #[test]
    fn a_number_lists_the_products_that_use_it() {
        let mut text = String::new();
        also(&mut text, 4500);
        assert!(text.contains("in       graphql-transport-ws (--product graphql): internal error of the server\n"));
        assert!(text.contains("(--product spring)"), "{text}");
        text.clear();
        also(&mut text, 1003);
        assert_eq!(text, "");
    }
}
