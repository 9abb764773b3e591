//! Judges a 101 by the rules of RFC 6455 section 4.1: what the answer to an opening handshake must say. Owns each rule
//! with what was expected and what came; an answer other than 101 is a refusal and not judged here.

#[cfg(test)]
mod tests;

use crate::wire::head::Head;
use crate::wire::upgrade::accept_key;

/// What our request said, as far as the answer depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    pub key: &'a str,
    pub subprotocols: &'a [String],
    pub extensions_offered: bool,
}

/// One rule that the answer breaks. `got` is the bare value where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The finding's code.
    pub code: &'static str,
    /// True when RFC 6455 section 4.1 says that the client must fail the connection.
    pub must_fail: bool,
    pub expected: String,
    pub got: String,
}

impl Breach {
    fn fatal(code: &'static str, expected: impl Into<String>, got: impl Into<String>) -> Breach {
        Breach { code, must_fail: true, expected: expected.into(), got: got.into() }
    }

    fn odd(code: &'static str, expected: impl Into<String>, got: impl Into<String>) -> Breach {
        Breach { code, must_fail: false, expected: expected.into(), got: got.into() }
    }
}

/// Every rule that a 101 breaks: first those that must fail it, in the RFC's order, then what is only odd.
pub fn check(answer: &Head, sent: &Sent) -> Vec<Breach> {
    let fatal = [
        upgrade_header(answer),
        connection_header(answer),
        accept(answer, sent),
        extensions(answer, sent),
        subprotocol(answer, sent),
    ];
    let odd = [
        subprotocol_unanswered(answer, sent),
        version(answer),
        stray_body(answer),
        repeated(answer, "Sec-WebSocket-Accept"),
        repeated(answer, "Sec-WebSocket-Protocol"),
    ];
    fatal.into_iter().chain(odd).flatten().collect()
}

/// The RFC section behind a code; none for what no RFC forbids (browsers refuse an answer without a subprotocol, RFC
/// 6455 does not) and for codes of others.
pub fn rule(code: &str) -> Option<&'static str> {
    let section = match code {
        "upgrade-header-wrong" | "connection-header-wrong" | "accept-missing" | "accept-wrong" => {
            "RFC 6455 section 4.1"
        }
        "extension-not-offered" | "subprotocol-not-offered" => "RFC 6455 section 4.1",
        "http-version-odd" => "RFC 6455 section 4.2.2",
        "stray-body" => "RFC 9110 section 8.6, RFC 9112 section 6.1",
        "header-repeated" => "RFC 6455 sections 11.3.3 and 11.3.4",
        _ => return None,
    };
    Some(section)
}

/// Item 2: "contains a value that is not an ASCII case-insensitive match for the value "websocket"".
fn upgrade_header(answer: &Head) -> Option<Breach> {
    let values: Vec<&str> = answer.all("Upgrade").collect();
    if values.is_empty() {
        return Some(Breach::fatal("upgrade-header-wrong", "Upgrade: websocket", "no Upgrade"));
    }
    if values.iter().all(|value| value.eq_ignore_ascii_case("websocket")) {
        return None;
    }
    let got = format!("Upgrade: {}", values.join(", "));
    Some(Breach::fatal("upgrade-header-wrong", "Upgrade: websocket", got))
}

/// Item 3: "doesn't contain a token that is an ASCII case-insensitive match for the value "Upgrade"". A list over
/// several fields is fine.
fn connection_header(answer: &Head) -> Option<Breach> {
    if answer.has_token("Connection", "Upgrade") {
        return None;
    }
    let values: Vec<&str> = answer.all("Connection").collect();
    let got = if values.is_empty() { "no Connection".to_owned() } else { format!("Connection: {}", values.join(", ")) };
    Some(Breach::fatal("connection-header-wrong", "Connection: Upgrade", got))
}

/// Item 4: "but ignoring any leading and trailing whitespace", which the head has taken away.
fn accept(answer: &Head, sent: &Sent) -> Option<Breach> {
    let right = accept_key(sent.key);
    let expected = format!("{right} (for the key {})", sent.key);
    let values: Vec<&str> = answer.all("Sec-WebSocket-Accept").collect();
    if values.is_empty() {
        return Some(Breach::fatal("accept-missing", expected, "no Sec-WebSocket-Accept"));
    }
    if values.iter().all(|value| *value == right) {
        return None;
    }
    Some(Breach::fatal("accept-wrong", expected, joined(&values)))
}

/// Item 5. Without an offer of ours any extension is one too many.
fn extensions(answer: &Head, sent: &Sent) -> Option<Breach> {
    let answered = answer.tokens("Sec-WebSocket-Extensions");
    if sent.extensions_offered || answered.is_empty() {
        return None;
    }
    Some(Breach::fatal("extension-not-offered", "no extension, since none was offered", answered.join(", ")))
}

/// Item 6. One of those offered, in the very same letters; a list is none of them.
fn subprotocol(answer: &Head, sent: &Sent) -> Option<Breach> {
    let mut values: Vec<&str> = answer.all("Sec-WebSocket-Protocol").collect();
    values.dedup();
    let offered = match values.as_slice() {
        [] => true,
        [value] => sent.subprotocols.iter().any(|offer| offer == value),
        _ => false,
    };
    if offered {
        return None;
    }
    let expected = match sent.subprotocols {
        [] => "no subprotocol, since none was offered".to_owned(),
        [offer] => offer.clone(),
        offers => format!("one of {}", offers.join(", ")),
    };
    Some(Breach::fatal("subprotocol-not-offered", expected, joined(&values)))
}

fn subprotocol_unanswered(answer: &Head, sent: &Sent) -> Option<Breach> {
    if sent.subprotocols.is_empty() || answer.first("Sec-WebSocket-Protocol").is_some() {
        return None;
    }
    let expected = match sent.subprotocols {
        [offer] => offer.clone(),
        offers => format!("one of {}", offers.join(", ")),
    };
    Some(Breach::odd("subprotocol-not-answered", expected, "no Sec-WebSocket-Protocol"))
}

fn version(answer: &Head) -> Option<Breach> {
    if answer.version() == Some((1, 1)) {
        return None;
    }
    let got = answer.start().split(' ').next().unwrap_or_default();
    Some(Breach::odd("http-version-odd", "HTTP/1.1", got))
}

/// A 101 has no body: what follows its head are frames.
fn stray_body(answer: &Head) -> Option<Breach> {
    if let Some(coding) = answer.first("Transfer-Encoding") {
        return Some(Breach::odd("stray-body", "no Transfer-Encoding", format!("Transfer-Encoding: {coding}")));
    }
    let length = answer.all("Content-Length").find(|length| *length != "0")?;
    Some(Breach::odd("stray-body", "no Content-Length", format!("Content-Length: {length}")))
}

fn repeated(answer: &Head, name: &str) -> Option<Breach> {
    match answer.all(name).count() {
        0 | 1 => None,
        count => Some(Breach::odd("header-repeated", format!("one {name}"), format!("{count} of them"))),
    }
}

/// The values of one name, so that an empty one can be seen.
fn joined(values: &[&str]) -> String {
    let whole = values.join(", ");
    if whole.is_empty() { "an empty value".to_owned() } else { whole }
}
