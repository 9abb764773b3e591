//! Which requests come from the same client, as far as a server can tell. Owns the key (address without its port,
//! User-Agent, Origin, Cookie, first subprotocol) and the target without what changes from one attempt to the next.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::wire::head::Head;

/// The most characters of a class's name.
const CLASS_MAX: usize = 64;

/// The most characters that are kept of one text of a client.
const TEXT_MAX: usize = 200;

/// A query value of so many characters is taken for a token.
const TOKEN_LENGTH: usize = 24;

/// Parts of a parameter's name that say that its value is a token or a clock.
const TOKEN_NAMES: [&str; 10] =
    ["token", "key", "auth", "session", "sid", "secret", "signature", "ticket", "nonce", "time"];

/// One client, as far as it can be told.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The same for all connections of the client.
    pub key: u64,
    pub client: String,
    pub user_agent: Option<String>,
    pub class: String,
}

impl Identity {
    /// From the peer's address and the request.
    pub fn of(peer: &str, head: &Head) -> Identity {
        let client = host(peer);
        let user_agent = head.first("User-Agent");
        let subprotocol = head.tokens("Sec-WebSocket-Protocol").into_iter().next();
        let subprotocol = subprotocol.as_deref().map(without_token);
        let key = hashed(&(client, user_agent, head.first("Origin"), head.first("Cookie"), subprotocol));
        Identity { key, client: short(client), user_agent: user_agent.map(short), class: class(user_agent) }
    }
}

/// A hash of the target without token-like query values: a hint on which connection is continued.
pub fn target_of(head: &Head) -> u64 {
    let target = head.target();
    let Some((path, query)) = target.split_once('?') else { return hashed(&(target, Vec::<&str>::new())) };
    hashed(&(path, query.split('&').map(stable).collect::<Vec<&str>>()))
}

/// The first characters of a client's text, so that no record grows with what it sends.
pub fn short(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

/// 64 bits of anything; the same in every run.
pub fn hashed(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The address without its port and brackets; anything else as it is.
fn host(peer: &str) -> &str {
    let Some((host, port)) = peer.rsplit_once(':') else { return peer };
    let inner = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let no_port = port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit());
    // A path, or an IPv6 address without a port.
    if no_port || host.contains('/') || (inner.is_none() && host.contains(':')) {
        return peer;
    }
    inner.unwrap_or(host)
}

fn class(user_agent: Option<&str>) -> String {
    let Some(user_agent) = user_agent else { return "no User-Agent".to_owned() };
    let name = user_agent.split('/').next().unwrap_or(user_agent).trim();
    name.chars().take(CLASS_MAX).collect()
}

/// `name=value`, or the name alone where the value may change from one attempt to the next.
fn stable(parameter: &str) -> &str {
    let Some((name, value)) = parameter.split_once('=') else { return parameter };
    let lower = name.to_ascii_lowercase();
    let changes = lower == "t" || value.len() >= TOKEN_LENGTH || TOKEN_NAMES.iter().any(|part| lower.contains(part));
    if changes { name } else { parameter }
}

/// A subprotocol that carries a token has it behind `bearer.` (`base64url.bearer.phx.<token>`).
fn without_token(subprotocol: &str) -> &str {
    match subprotocol.find("bearer.") {
        Some(at) => &subprotocol[..at],
        None => subprotocol,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(target: &str, fields: &str) -> Head {
        Head::verbatim(format!("GET {target} HTTP/1.1\r\n{fields}\r\n\r\n").into_bytes())
    }

    #[test]
    fn the_port_and_the_path_do_not_make_another_client() {
        let key = |peer: &str, target: &str, fields: &str| Identity::of(peer, &head(target, fields)).key;
        let node = key("127.0.0.1:51234", "/a", "User-Agent: node");
        assert_eq!(node, key("127.0.0.1:51240", "/b", "User-Agent: node"));
        assert_ne!(node, key("127.0.0.2:51240", "/a", "User-Agent: node"));
        assert_ne!(node, key("127.0.0.1:51240", "/a", "User-Agent: node\r\nCookie: a=1"));
        assert_ne!(node, key("127.0.0.1:51240", "/a", "User-Agent: node\r\nOrigin: http://a"));
        assert_ne!(node, key("127.0.0.1:51240", "/a", "User-Agent: node\r\nSec-WebSocket-Protocol: chat"));
        let bearer = |token: &str| format!("Sec-WebSocket-Protocol: base64url.bearer.phx.{token}");
        assert_eq!(key("[::1]:1", "/", &bearer("abc")), key("[::1]:2", "/", &bearer("xyz")));
    }

    #[test]
    fn an_address_loses_its_port_and_a_path_stays() {
        for (peer, shown) in [
            ("127.0.0.1:51234", "127.0.0.1"),
            ("[::1]:80", "::1"),
            ("/tmp/socket:1", "/tmp/socket:1"),
            ("unix", "unix"),
            ("::1", "::1"),
            ("", ""),
        ] {
            assert_eq!(host(peer), shown);
        }
    }

    #[test]
    fn a_class_is_the_name_before_the_slash() {
        assert_eq!(class(Some("Python/3.13 websockets/15")), "Python");
        assert_eq!(class(Some("node")), "node");
        assert_eq!(class(None), "no User-Agent");
    }

    #[test]
    fn a_token_in_the_query_is_no_other_target() {
        let target = |target: &str| target_of(&head(target, "Host: a"));
        assert_eq!(target("/ws?access_token=a&room=1"), target("/ws?access_token=b&room=1"));
        assert_eq!(target("/ws?t=1"), target("/ws?t=2"));
        assert_ne!(target("/ws?room=1"), target("/ws?room=2"));
        assert_ne!(target("/a"), target("/b"));
    }
}
