//! The opening handshake as bytes, both roles (RFC 6455 sections 1.3, 4.1 and 4.2). Owns the request that a client
//! sends, the judgement of a request that a server got, and the answers to it; an answer is judged in `upgrade_check`.

#[cfg(test)]
mod tests;

use data_encoding::BASE64;
use sha1::{Digest, Sha1};

use crate::wire::head::Head;

/// What is put behind the key before it is hashed (RFC 6455 section 1.3).
pub const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The version of the protocol that RFC 6455 defines.
pub const VERSION: u8 = 13;

/// Characters of a key: 16 bytes in base64, two of them padding.
const KEY_LENGTH: usize = 24;

/// The `Sec-WebSocket-Accept` that belongs to a key (RFC 6455 section 4.2.2, item 5.4): 28 characters.
pub fn accept_key(key: &str) -> String {
    let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    BASE64.encode(hash.as_slice())
}

/// The `Sec-WebSocket-Key` of a nonce (RFC 6455 section 4.1): 24 characters.
pub fn key_from(nonce: [u8; 16]) -> String {
    BASE64.encode(&nonce)
}

/// What a client asks for. Line ends in any of the texts become blanks, so that a value cannot begin another line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Path and query, as they go into the request line.
    pub target: String,
    pub host: String,
    pub key: String,
    pub subprotocols: Vec<String>,
    pub origin: Option<String>,
    pub user_agent: Option<String>,
    /// The whole value, `Basic ...` or `Bearer ...`.
    pub authorization: Option<String>,
    /// Each `name=value`.
    pub cookies: Vec<String>,
    /// In the order of the command line.
    pub extra: Vec<Extra>,
}

/// A change to the fields that are sent on their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extra {
    /// Name and value. The first of a default field's name takes its place; any other is a line of its own.
    Set(String, String),
    /// Takes every field of that name away, as far as the list has come.
    Remove(String),
}

/// One line of a request.
struct Line {
    name: String,
    value: String,
    /// Not yet replaced by the user.
    default: bool,
}

impl Request {
    /// The head, byte for byte.
    pub fn bytes(&self) -> Vec<u8> {
        let mut text = format!("GET {} HTTP/1.1\r\n", one_line(&self.target));
        for line in self.lines() {
            write_field(&mut text, &line.name, &line.value);
        }
        text.push_str("\r\n");
        text.into_bytes()
    }

    /// The same as a head that can be looked at.
    pub fn head(&self) -> Head {
        Head::verbatim(self.bytes())
    }

    /// The key that is really sent, since the user may have set another; empty when he took it away.
    pub fn effective_key(&self) -> String {
        self.head().first("Sec-WebSocket-Key").unwrap_or_default().to_owned()
    }

    /// The subprotocols that are really offered.
    pub fn effective_subprotocols(&self) -> Vec<String> {
        self.head().tokens("Sec-WebSocket-Protocol")
    }

    /// Is any extension really offered?
    pub fn offers_extensions(&self) -> bool {
        !self.head().tokens("Sec-WebSocket-Extensions").is_empty()
    }

    fn lines(&self) -> Vec<Line> {
        let mut lines = self.default_lines();
        for extra in &self.extra {
            match extra {
                Extra::Remove(name) => lines.retain(|line| !line.name.eq_ignore_ascii_case(name)),
                Extra::Set(name, value) => set(&mut lines, name, value),
            }
        }
        lines
    }

    fn default_lines(&self) -> Vec<Line> {
        let listed = |items: &[String], separator: &str| (!items.is_empty()).then(|| items.join(separator));
        let fields = [
            ("Host", Some(self.host.clone())),
            ("Upgrade", Some("websocket".to_owned())),
            ("Connection", Some("Upgrade".to_owned())),
            ("Sec-WebSocket-Key", Some(self.key.clone())),
            ("Sec-WebSocket-Version", Some(VERSION.to_string())),
            ("Sec-WebSocket-Protocol", listed(&self.subprotocols, ", ")),
            ("Origin", self.origin.clone()),
            ("User-Agent", self.user_agent.clone()),
            ("Authorization", self.authorization.clone()),
            ("Cookie", listed(&self.cookies, "; ")),
        ];
        fields
            .into_iter()
            .filter_map(|(name, value)| Some(Line { name: name.to_owned(), value: value?, default: true }))
            .collect()
    }
}

fn set(lines: &mut Vec<Line>, name: &str, value: &str) {
    let own = Line { name: name.to_owned(), value: value.to_owned(), default: false };
    match lines.iter_mut().find(|line| line.default && line.name.eq_ignore_ascii_case(name)) {
        Some(line) => *line = own,
        None => lines.push(own),
    }
}

/// A value must not begin another line.
pub fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

fn write_field(text: &mut String, name: &str, value: &str) {
    text.push_str(&one_line(name));
    text.push_str(": ");
    text.push_str(&one_line(value));
    text.push_str("\r\n");
}

/// What a server makes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// A good opening handshake.
    Upgrade(Accepted),
    /// No upgrade to WebSocket is asked for.
    Plain,
    /// An upgrade that breaks a rule. `body` names what is wrong or missing, in one line without its end.
    Refuse { status: u16, reason: &'static str, fields: Vec<(String, String)>, body: String },
}

/// What a good request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub key: String,
    /// In the client's order of preference.
    pub subprotocol_offers: Vec<String>,
    pub version: u8,
}

/// Judges a request by RFC 6455 section 4.2.1. What is wrong with the request as HTTP is told before what is wrong with
/// it as a handshake, and the version before the key, since older versions have other keys.
pub fn judge_request(head: &Head) -> Judged {
    if !head.has_token("Upgrade", "websocket") {
        return Judged::Plain;
    }
    if head.method() != "GET" {
        let fields = vec![("Allow".to_owned(), "GET".to_owned())];
        let body = format!("the method is {}, and an upgrade needs GET", head.method());
        return Judged::Refuse { status: 405, reason: "Method Not Allowed", fields, body };
    }
    if let Some(body) = request_fault(head) {
        return bad_request(body);
    }
    if let Some(body) = version_fault(head) {
        let fields = vec![
            ("Sec-WebSocket-Version".to_owned(), VERSION.to_string()),
            ("Upgrade".to_owned(), "websocket".to_owned()),
        ];
        return Judged::Refuse { status: 426, reason: "Upgrade Required", fields, body };
    }
    match key_of(head) {
        Ok(key) => Judged::Upgrade(Accepted {
            key,
            subprotocol_offers: head.tokens("Sec-WebSocket-Protocol"),
            version: VERSION,
        }),
        Err(body) => bad_request(body),
    }
}

fn bad_request(body: String) -> Judged {
    Judged::Refuse { status: 400, reason: "Bad Request", fields: Vec::new(), body }
}

/// RFC 6455 section 4.2.1, items 1, 2 and 4; RFC 9112 section 3.2 for the Host.
fn request_fault(head: &Head) -> Option<String> {
    if head.version().is_none_or(|version| version < (1, 1)) {
        return Some("the request is not HTTP/1.1, and an older version has no upgrade".to_owned());
    }
    match head.all("Host").count() {
        0 => return Some("the request has no Host".to_owned()),
        1 => {}
        _ => return Some("the request has more than one Host".to_owned()),
    }
    if !head.has_token("Connection", "Upgrade") {
        return Some("the request's Connection does not name Upgrade".to_owned());
    }
    // What stood behind the head would be taken for frames.
    if head.first("Transfer-Encoding").is_some() || head.first("Content-Length").is_some_and(|length| length != "0") {
        return Some("the request has a body, and an upgrade has none".to_owned());
    }
    None
}

/// RFC 6455 section 4.2.1, item 6, and section 4.4.
fn version_fault(head: &Head) -> Option<String> {
    match head.first("Sec-WebSocket-Version") {
        Some("13") => None,
        Some(version) => Some(format!("Sec-WebSocket-Version is {version}, and only {VERSION} is spoken here")),
        None => Some(format!("the request has no Sec-WebSocket-Version, and only {VERSION} is spoken here")),
    }
}

/// RFC 6455 section 4.2.1, item 5; section 11.3.1: it must not appear more than once.
fn key_of(head: &Head) -> Result<String, String> {
    let mut keys = head.all("Sec-WebSocket-Key");
    let Some(key) = keys.next() else {
        return Err("the request has no Sec-WebSocket-Key".to_owned());
    };
    if keys.next().is_some() {
        return Err("the request has more than one Sec-WebSocket-Key".to_owned());
    }
    if !is_key(key) {
        return Err("the Sec-WebSocket-Key is not 16 bytes in base64".to_owned());
    }
    Ok(key.to_owned())
}

/// Base64 of 16 bytes. The bits that the last character has too many may be set: an example of RFC 6455 section 4.1 has
/// them so, and nothing is read from them.
fn is_key(key: &str) -> bool {
    let Some(digits) = key.strip_suffix("==") else { return false };
    key.len() == KEY_LENGTH && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

/// The 101 (RFC 6455 section 4.2.2, item 5), with `extra` fields behind the needed ones.
pub fn answer_bytes(accept: &str, subprotocol: Option<&str>, extra: &[(String, String)]) -> Vec<u8> {
    let mut text = "HTTP/1.1 101 Switching Protocols\r\n".to_owned();
    write_field(&mut text, "Upgrade", "websocket");
    write_field(&mut text, "Connection", "Upgrade");
    write_field(&mut text, "Sec-WebSocket-Accept", accept);
    if let Some(subprotocol) = subprotocol {
        write_field(&mut text, "Sec-WebSocket-Protocol", subprotocol);
    }
    for (name, value) in extra {
        write_field(&mut text, name, value);
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// A whole answer other than 101, after which the connection ends. Plain text, unless `fields` name a Content-Type.
pub fn refusal_bytes(status: u16, reason: &str, fields: &[(String, String)], body: &str) -> Vec<u8> {
    let named = |wanted: &str| fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let mut text = format!("HTTP/1.1 {status} {}\r\n", one_line(reason));
    for (name, value) in fields {
        write_field(&mut text, name, value);
    }
    if !named("Content-Type") {
        write_field(&mut text, "Content-Type", "text/plain; charset=utf-8");
    }
    write_field(&mut text, "Content-Length", &body.len().to_string());
    // RFC 9110 section 7.8: who sends Upgrade must name it in Connection too.
    write_field(&mut text, "Connection", if named("Upgrade") { "close, Upgrade" } else { "close" });
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}
