//! Names the server's mistake behind a wrong `Sec-WebSocket-Accept`. Owns the ways in which the hash of RFC 6455
//! section 1.3 is got wrong, each done once more on our own key; whether a value is right is `wire::upgrade_check`'s.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER};
use sha1::{Digest, Sha1};

use crate::wire::upgrade::{GUID, accept_key};

/// The value that belongs to the example key of RFC 6455 section 1.3.
const EXAMPLE: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The GUID with the C of its last group missing: a misprint that is copied from server to server.
const MISPRINTED: &str = "258EAFA5-E914-47DA-95CA-5AB0DC85B11";

/// Whose an accept value is that belongs to another request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// It is right for this key of an earlier dial.
    OfEarlierKey(String),
    /// An earlier dial with this key got it too, and it is right for neither.
    SameForTwo(String),
}

/// Was `got` made for another key? `earlier` holds key and answer of the dials before.
pub fn replayed(earlier: &[(String, String)], key: &str, got: &str) -> Option<Replay> {
    let others = || earlier.iter().filter(move |(other, _)| other != key);
    if let Some((other, _)) = others().find(|(other, _)| got == accept_key(other)) {
        return Some(Replay::OfEarlierKey(other.clone()));
    }
    let (other, _) = others().find(|(_, answered)| got == answered)?;
    Some(Replay::SameForTwo(other.clone()))
}

/// Is it the base64 of 20 bytes, as SHA-1 gives?
pub fn has_size_of_sha1(got: &str) -> bool {
    BASE64.decode(got.as_bytes()).is_ok_and(|hash| hash.len() == 20)
}

/// What the server did wrong to answer `got` to `key`, in words; none when the value is right, or tells nothing.
pub fn decode(key: &str, got: &str) -> Option<&'static str> {
    let got = got.trim();
    if got == accept_key(key) {
        return None;
    }
    if got == key {
        return Some("the key was sent back as it was");
    }
    if got == EXAMPLE {
        return Some("the value is copied from the RFC's example");
    }
    encoding_mistake(key, got).or_else(|| input_mistake(key, got)).or_else(|| hash_mistake(got))
}

/// The right hash, written in another way.
fn encoding_mistake(key: &str, got: &str) -> Option<&'static str> {
    let right = sha1(&[key, GUID]);
    let base64 = BASE64.encode(&right);
    if got.trim_matches('"') == base64 {
        return Some("the value stands in quotes");
    }
    if got.eq_ignore_ascii_case(&base64) {
        return Some("the case of the letters was changed");
    }
    let hex = HEXLOWER.encode(&right);
    if got.eq_ignore_ascii_case(&hex) {
        return Some("the hash is written in hex instead of base64");
    }
    if got == BASE64.encode(hex.as_bytes()) || got == BASE64.encode(hex.to_ascii_uppercase().as_bytes()) {
        return Some("the hash was turned into hex before base64");
    }
    if got == BASE64_NOPAD.encode(&right) {
        return Some("the padding of the base64 is missing");
    }
    if got == BASE64URL.encode(&right) || got == BASE64URL_NOPAD.encode(&right) {
        return Some("the hash is written in URL-safe base64");
    }
    None
}

/// The right hash function on something else than the key with the GUID behind it.
fn input_mistake(key: &str, got: &str) -> Option<&'static str> {
    let is = |parts: &[&str]| got == BASE64.encode(&sha1(parts));
    if is(&[key]) {
        return Some("the GUID was not appended to the key");
    }
    if is(&[key, &GUID.to_ascii_lowercase()]) {
        return Some("the GUID is in lower case");
    }
    if is(&[GUID, key]) {
        return Some("the GUID was put before the key instead of behind it");
    }
    if is(&[key, MISPRINTED]) {
        return Some("the GUID is misprinted: a C is missing in its last group");
    }
    if is(&[key, "\r", GUID]) || is(&[key, "\n", GUID]) || is(&[key, "\r\n", GUID]) {
        return Some("the line end was kept on the key");
    }
    if is(&[" ", key, GUID]) {
        return Some("the space before the key was kept");
    }
    if is(&[key.trim_end_matches('='), GUID]) {
        return Some("the padding == was stripped from the key");
    }
    let nonce = BASE64.decode(key.as_bytes()).ok()?;
    let hash = Sha1::new().chain_update(nonce).chain_update(GUID).finalize();
    (got == BASE64.encode(hash.as_slice())).then_some("the key was decoded from base64 before hashing")
}

/// Another hash function, by the size of its result. SHA-1 gives 20 bytes.
fn hash_mistake(got: &str) -> Option<&'static str> {
    match BASE64.decode(got.as_bytes()).ok()?.len() {
        16 => Some("looks like MD5 instead of SHA-1"),
        32 => Some("looks like SHA-256 instead of SHA-1"),
        _ => None,
    }
}

fn sha1(parts: &[&str]) -> [u8; 20] {
    Sha1::digest(parts.concat()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    fn told(got: &str) -> &'static str {
        decode(KEY, got).unwrap_or("nothing")
    }

    #[test]
    fn a_right_value_has_no_mistake() {
        assert_eq!(decode(KEY, EXAMPLE), None);
        assert_eq!(decode("x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk="), None);
    }

    #[test]
    fn a_value_copied_from_the_rfc_is_told() {
        let words = decode("x3JJHMbDL1EzLkh9GBhXDw==", EXAMPLE);
        assert_eq!(words, Some("the value is copied from the RFC's example"));
    }

    #[test]
    fn a_mistake_with_the_guid_is_told() {
        assert_eq!(told("hHLtf2V1k8aDQZfNjw3Ia1hCwt0="), "the GUID was not appended to the key");
        assert_eq!(told("WJfwerbIozKsJXHxxI0JTO1SQgU="), "the GUID is in lower case");
        assert_eq!(told("2OZf2Seed9yzIpkj+zvC9KS9Mjw="), "the GUID was put before the key instead of behind it");
        assert_eq!(told("PqrUWKkukdFUBIRNpUXUnidFcM8="), "the GUID is misprinted: a C is missing in its last group");
    }

    #[test]
    fn a_mistake_with_the_key_is_told() {
        assert_eq!(told(KEY), "the key was sent back as it was");
        assert_eq!(told("BXhwxM0SZasKmCD9S4BfpPmCnEw="), "the key was decoded from base64 before hashing");
        assert_eq!(told("zvnId+CMmoYWpbuFiCx6kU/bpAw="), "the line end was kept on the key");
        assert_eq!(told("kex8Ji4w0ek1Mc3Dwcf4mOpf5b4="), "the line end was kept on the key");
        assert_eq!(told("s3mCG3XUBfFRrUGpYOBQiHm5i8g="), "the space before the key was kept");
        assert_eq!(told("RZWuh2JK/hL0RMgTNJFfZIAppXg="), "the padding == was stripped from the key");
    }

    #[test]
    fn a_mistake_with_the_encoding_is_told() {
        let hex = "b37a4f2cc0624f1690f64606cf385945b2bec4ea";
        assert_eq!(told(hex), "the hash is written in hex instead of base64");
        assert_eq!(told(&hex.to_ascii_uppercase()), "the hash is written in hex instead of base64");
        let twice = "YjM3YTRmMmNjMDYyNGYxNjkwZjY0NjA2Y2YzODU5NDViMmJlYzRlYQ==";
        assert_eq!(told(twice), "the hash was turned into hex before base64");
        assert_eq!(told("s3pPLMBiTxaQ9kYGzzhZRbK-xOo="), "the hash is written in URL-safe base64");
        assert_eq!(told("s3pPLMBiTxaQ9kYGzzhZRbK+xOo"), "the padding of the base64 is missing");
    }

    #[test]
    fn a_right_value_that_was_changed_on_the_way_is_told() {
        assert_eq!(told("\"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\""), "the value stands in quotes");
        assert_eq!(told("s3pplmbitxaq9kygzzhzrbk+xoo="), "the case of the letters was changed");
    }

    #[test]
    fn a_value_for_another_key_is_found_among_the_earlier_ones() {
        let (other, right) = ("x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
        let earlier = |key: &str, got: &str| vec![(key.to_owned(), got.to_owned())];
        assert_eq!(replayed(&earlier(other, right), KEY, right), Some(Replay::OfEarlierKey(other.into())));
        assert_eq!(replayed(&earlier(other, "x"), KEY, "x"), Some(Replay::SameForTwo(other.into())));
        assert_eq!(replayed(&earlier(KEY, "x"), KEY, "x"), None);
        assert_eq!(replayed(&earlier(other, right), KEY, "x"), None);
        assert_eq!(replayed(&[], KEY, right), None);
        assert!(has_size_of_sha1(right) && !has_size_of_sha1("AAAA") && !has_size_of_sha1("no base64"));
    }

    #[test]
    fn another_hash_is_told_by_its_size() {
        assert_eq!(told("fI/F95pFHyUax3HLt0ktmQ=="), "looks like MD5 instead of SHA-1");
        let sha256 = "c8qeCxwB8sJPxkSckeL76bKL7f642+KYzDiR7EbKyTY=";
        assert_eq!(told(sha256), "looks like SHA-256 instead of SHA-1");
    }

    #[test]
    fn what_is_no_known_mistake_is_left_open() {
        for got in ["", "x", "not base64 at all", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
            assert_eq!(decode(KEY, got), None);
        }
        assert_eq!(decode("", "x"), None);
        assert_eq!(decode("no base64", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="), None);
    }
}
