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

/// What stands before a token where a browser's client hides one among the subprotocols.
pub const TOKEN_MARKS: [&str; 7] =
    ["bearer", "token", "access_token", "authorization", "auth", "jwt", "base64url.bearer"];

/// `bearer.abc`, `bearer-abc`, `bearer abc`.
pub fn has_token_behind(lower: &str, mark: &str) -> bool {
    lower.strip_prefix(mark).is_some_and(|rest| rest.len() > 1 && rest.starts_with(['.', '-', ' ', ':', '=', '~']))
}

/// A JWT begins with `eyJ`, base64 of `{"`; a long run of letters and digits is a token of another kind.
pub fn is_token(name: &str) -> bool {
    let mixed = name.bytes().any(|byte| byte.is_ascii_digit()) && name.bytes().any(|byte| byte.is_ascii_alphabetic());
    name.starts_with("eyJ") || (name.len() >= 40 && mixed)
}

/// The subprotocols without those that hold a token, by themselves or behind a mark (`bearer`, then the token).
pub fn without_tokens(names: &[String]) -> Vec<String> {
    let mut after_mark = false;
    let holds = |name: &String| {
        let lower = name.to_ascii_lowercase();
        let held = after_mark || is_token(name) || TOKEN_MARKS.iter().any(|mark| has_token_behind(&lower, mark));
        after_mark = TOKEN_MARKS.contains(&lower.as_str());
        !held
    };
    let mut keeps = holds;
    names.iter().filter(|name| keeps(name)).cloned().collect()
}

/// A URL without user and password (RFC 3986 section 3.2.1), wherever it stands in the value of a field.
pub fn without_userinfo(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    let end = rest.find(['/', '?', '#', ' ', ',', '"']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => value.to_owned(),
    }
}

/// The password in a URL, or what stands there alone: a token is often put in the user's place.
pub fn password_of(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#', ' ', ',', '"']).next()?;
    let (userinfo, _) = authority.rsplit_once('@')?;
    Some(userinfo.split_once(':').map_or(userinfo, |(_, password)| password))
}

/// The token behind its scheme (RFC 9110 section 11.4: one word), whatever the field is called.
pub fn token_behind_scheme(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    let is_scheme = ["bearer", "basic"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    (is_scheme && !token.is_empty() && !token.contains([' ', ',', '"'])).then_some(token)
}

/// What is secret in the value of a field whose name does not say so: a token behind its scheme, parameters of a URL
/// with the name of a secret.
pub fn secrets_in(value: &str) -> Vec<&str> {
    let mut secrets: Vec<&str> = token_behind_scheme(value).into_iter().collect();
    let query = value.split_once('?').map_or("", |(_, query)| query);
    for pair in query.split(['&', ';', '#']) {
        if let Some((_, secret)) = pair.split_once('=').filter(|(name, _)| is_secret_name(name)) {
            secrets.push(secret);
        }
    }
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_of_a_url_are_found_and_taken_away() {
        for (value, bare, password) in [
            ("https://u:s3cret@h", "https://h", Some("s3cret")),
            ("https://t0ken@h:1/a@b", "https://h:1/a@b", Some("t0ken")),
            ("https://u:a@b@h/", "https://h/", Some("a@b")),
            ("https://h/a@b", "https://h/a@b", None),
            ("null", "null", None),
            ("a@b", "a@b", None),
        ] {
            assert_eq!(without_userinfo(value), bare);
            assert_eq!(password_of(value), password);
        }
    }

    #[test]
    fn a_value_can_hold_a_secret_whatever_its_field_is_called() {
        for (value, secrets) in [
            ("Bearer abcdef", &["abcdef"][..]),
            ("basic dTpw ", &["dTpw"]),
            ("https://h/x?a=1&token=abc#b", &["abc"]),
            ("https://h/?access_token=abc;sid=d", &["abc", "d"]),
            // The twins.
            ("https://h/token=abc?a=1", &[]),
            ("Bearer", &[]),
            ("a bearer of news", &[]),
            ("Basic realm=\"a b\"", &[]),
        ] {
            assert_eq!(secrets_in(value), secrets, "{value}");
        }
    }

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

    #[test]
    fn a_token_among_the_subprotocols_is_known_alone_and_behind_its_mark() {
        let names = ["chat.v1", "bearer.abc", "bearer", "s3cret", "v2"].map(String::from);
        assert_eq!(without_tokens(&names), ["chat.v1", "bearer", "v2"]);
    }
}
