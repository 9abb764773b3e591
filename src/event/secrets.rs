//! Names that say that their value is a secret: of header fields, of parameters of a query. Owns the words; who masks or
//! withholds such a value is elsewhere.

/// Words of a name, apart by spaces.
const SECRET_WORDS: &str = "token key apikey auth oauth authorization password passwd pass passphrase pwd secret sig \
    signature jwt session sessionid sid bearer credential credentials ticket otp";

/// Ends of a name written in one word (`accesstoken`).
const SECRET_ENDINGS: [&str; 6] = ["token", "secret", "password", "apikey", "signature", "sessionid"];

/// Does a name, split at its punctuation and capitals, hold a word for a secret?
pub fn is_secret_name(name: &str) -> bool {
    let mut words = String::new();
    let mut small_before = false;
    for character in name.chars() {
        if !character.is_alphanumeric() || (character.is_uppercase() && small_before) {
            words.push(' ');
        }
        if character.is_alphanumeric() {
            words.extend(character.to_lowercase());
        }
        small_before = character.is_lowercase();
    }
    let is_secret = |word: &str| {
        SECRET_WORDS.split(' ').any(|secret| secret == word) || SECRET_ENDINGS.iter().any(|end| word.ends_with(end))
    };
    words.split_whitespace().any(is_secret)
}

/// Is the value of this header field for one server only (RFC 9110 section 11.6, RFC 6265 section 5.4, or by its name)?
pub fn is_credential_field(name: &str) -> bool {
    // The handshake's own key is a nonce.
    let is_handshake = name.get(..14).is_some_and(|start| start.eq_ignore_ascii_case("sec-websocket-"));
    name.eq_ignore_ascii_case("cookie") || (is_secret_name(name) && !is_handshake)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_known_by_the_name_of_their_field() {
        for name in ["Authorization", "cookie", "X-Api-Key", "X-Auth-Token", "X-Csrf-Token", "accessToken", "SESSIONID"]
        {
            assert!(is_credential_field(name), "{name}");
        }
        for name in ["Host", "Sec-WebSocket-Key", "X-Monkey", "Accept-Language", "Keyboard", "Author"] {
            assert!(!is_credential_field(name), "{name}");
        }
    }
}
