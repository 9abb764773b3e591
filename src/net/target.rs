//! Where to connect: a WebSocket URL taken apart, and the reading of what a person types or a redirect says.
//!
//! Owns the reading of URLs (RFC 3986, RFC 6455 section 3) and the faults that are told about them. It does not look
//! names up and does not decide whether a redirect is followed.

use std::net::{IpAddr, Ipv6Addr};

use thiserror::Error;
use url::{Host, Url};

/// A WebSocket URL taken apart (RFC 6455 section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// True for `wss`.
    pub tls: bool,
    /// A name (an IDN in its ASCII form) or an address; an IPv6 address without brackets.
    pub host: String,
    /// 1 to 65535.
    pub port: u16,
    /// Path and query, percent-encoded: begins with `/`.
    pub path: String,
    /// User and, if there is one, password; percent-decoded.
    pub userinfo: Option<(String, Option<String>)>,
}

/// Why a text is no WebSocket URL.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TargetFault {
    #[error("the URL is empty, expected one such as wss://example.com/chat")]
    Empty,
    #[error("the URL has a space in it, expected none; in a path or a query a space is %20")]
    Space,
    #[error("the URL has the control character U+{0:04X} in it, expected none")]
    Control(u32),
    #[error("the URL has a \\ in it, expected / as in wss://example.com/chat")]
    Backslash,
    /// RFC 6455 section 3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT
    /// be used".
    #[error("the URL has a #fragment, which RFC 6455 section 3 forbids; a # that belongs to the path is %23")]
    Fragment,
    /// `ws//host`, `wss:/host`, `wss:host`.
    #[error("the URL begins with {given}, expected {expected} as in {expected}example.com/chat")]
    SchemeMark { given: String, expected: String },
    #[error("a Unix socket is given as --unix-socket PATH beside a URL such as ws://localhost/")]
    UnixSocket,
    #[error("the scheme {0:?} is unknown, expected ws:// or wss:// (or http:// or https://, read as these)")]
    UnknownScheme(String),
    #[error("the URL has no host, expected one as in wss://example.com/chat")]
    MissingHost,
    #[error("the port {0:?} is not a number from 1 to 65535, expected one as in ws://localhost:3000")]
    Port(String),
    #[error("the IPv6 address {0} has no brackets, expected them as in ws://[::1]:3000")]
    Brackets(String),
    /// A URL library reads a number as an IPv4 address; nobody who types one means that.
    #[error("the host {0:?} is only a number; for a port on this machine it is :{0}")]
    OnlyNumber(String),
    /// RFC 1035 section 2.3.4: a name has 255 octets at most, as text 253.
    #[error("the host has {0} bytes, expected 253 at most")]
    LongHost(usize),
    #[error("the host {host:?} cannot be read: {why}")]
    Host { host: String, why: String },
}

/// The longest host, in bytes.
const HOST_MAX: usize = 253;

/// Reads what a person typed.
///
/// `ws://`, `wss://`, and `http://`, `https://` in their place. Without a scheme: `ws` for loopback names and
/// addresses, `wss` for all others. `:3000` is port 3000 of localhost.
pub fn parse(text: &str) -> Result<Target, TargetFault> {
    refuse_characters(text)?;
    let (scheme, rest) = split_scheme(text)?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (userinfo, host_and_port) = split_userinfo(authority);
    let (host, port) = split_port(host_and_port)?;
    let bare_port = host.is_empty() && port.is_some() && text.starts_with(':');
    let host = if bare_port { "localhost" } else { host };
    if host.is_empty() {
        return Err(TargetFault::MissingHost);
    }
    if host.len() > HOST_MAX {
        return Err(TargetFault::LongHost(host.len()));
    }
    if is_port_like(host) {
        return Err(TargetFault::OnlyNumber(host.to_owned()));
    }
    let url = Url::parse(&format!("ws://{host}{path}"))
        .map_err(|error| TargetFault::Host { host: host.to_owned(), why: error.to_string() })?;
    let host = host_of(&url)?;
    let tls = scheme.unwrap_or_else(|| !is_loopback(&host));
    Ok(Target { tls, host, port: port.unwrap_or(default_port(tls)), path: path_of(&url), userinfo })
}

impl Target {
    /// The normal form: `ws` or `wss`, the default port left out, without user and password.
    pub fn url(&self) -> String {
        format!("{}://{}{}", if self.tls { "wss" } else { "ws" }, self.host_header(), self.path)
    }

    /// The value of the `Host` field: the port only where it is not the default one (RFC 6455 section 4.1, rule 4).
    pub fn host_header(&self) -> String {
        let host = self.bracketed_host();
        if self.port == default_port(self.tls) { host } else { format!("{host}:{}", self.port) }
    }

    /// True for `localhost`, `*.localhost` (RFC 6761 section 6.3), loopback and unspecified addresses.
    pub fn is_loopback_name(&self) -> bool {
        is_loopback(&self.host)
    }

    /// Where a redirect leads: `location` joined to this URL (RFC 3986 section 5.2), http read as ws and https as wss.
    ///
    /// A fragment is dropped. User and password are kept only where scheme, host and port stay the same.
    pub fn redirect(&self, location: &str) -> Result<Target, TargetFault> {
        let location = location.trim();
        if location.is_empty() {
            return Err(TargetFault::Empty);
        }
        if let Some(character) = location.chars().find(|character| character.is_control()) {
            return Err(TargetFault::Control(u32::from(character)));
        }
        let unreadable = |error: url::ParseError| TargetFault::Host {
            host: location.chars().take(80).collect(),
            why: error.to_string(),
        };
        let joined = Url::parse(&self.url()).and_then(|base| base.join(location)).map_err(unreadable)?;
        let tls = scheme_is_tls(joined.scheme())?;
        if joined.port() == Some(0) {
            return Err(TargetFault::Port("0".to_owned()));
        }
        let mut next = Target {
            tls,
            host: host_of(&joined)?,
            port: joined.port().unwrap_or(default_port(tls)),
            path: path_of(&joined),
            userinfo: userinfo_of(&joined),
        };
        let same_origin = next.tls == self.tls && next.host == self.host && next.port == self.port;
        if next.userinfo.is_none() && same_origin {
            next.userinfo.clone_from(&self.userinfo);
        }
        Ok(next)
    }

    fn bracketed_host(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

/// What may stand nowhere in a URL. Told before anything else, since the URL library would drop or encode it silently.
fn refuse_characters(text: &str) -> Result<(), TargetFault> {
    if text.is_empty() {
        return Err(TargetFault::Empty);
    }
    if let Some(character) = text.chars().find(|character| character.is_control()) {
        return Err(TargetFault::Control(u32::from(character)));
    }
    if text.chars().any(char::is_whitespace) {
        return Err(TargetFault::Space);
    }
    if text.contains('#') {
        return Err(TargetFault::Fragment);
    }
    if text.split('?').next().is_some_and(|before_query| before_query.contains('\\')) {
        return Err(TargetFault::Backslash);
    }
    Ok(())
}

/// The scheme, if there is one (true: TLS), and what follows `//`; the whole text where there is no scheme.
fn split_scheme(text: &str) -> Result<(Option<bool>, &str), TargetFault> {
    if let Some(rest) = text.strip_prefix("//") {
        return Ok((None, rest));
    }
    let (head, tail) = text.split_at(text.find(['/', '?']).unwrap_or(text.len()));
    let slashed = tail.strip_prefix("//");
    if let Some(name) = head.strip_suffix(':')
        && let Some(rest) = slashed
    {
        return Ok((Some(scheme_is_tls(name)?), rest));
    }
    if slashed.is_some() && scheme_is_tls(head).is_ok() {
        return Err(scheme_mark(head, "//"));
    }
    if let Some((name, after)) = head.split_once(':')
        && scheme_is_tls(name).is_ok()
        && !after.contains('@')
        && !is_port_like(after)
    {
        let mark = if after.is_empty() && tail.starts_with('/') { ":/" } else { ":" };
        return Err(scheme_mark(name, mark));
    }
    Ok((None, text))
}

fn scheme_mark(name: &str, mark: &str) -> TargetFault {
    TargetFault::SchemeMark { given: format!("{name}{mark}"), expected: format!("{}://", name.to_ascii_lowercase()) }
}

fn scheme_is_tls(name: &str) -> Result<bool, TargetFault> {
    match name.to_ascii_lowercase().as_str() {
        "ws" | "http" => Ok(false),
        "wss" | "https" => Ok(true),
        "ws+unix" | "wss+unix" | "unix" => Err(TargetFault::UnixSocket),
        _ => Err(TargetFault::UnknownScheme(name.to_owned())),
    }
}

fn is_port_like(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// User and password of an authority, and its host and port. The last `@` divides them, as browsers have it.
fn split_userinfo(authority: &str) -> (Option<(String, Option<String>)>, &str) {
    let Some((userinfo, rest)) = authority.rsplit_once('@') else {
        return (None, authority);
    };
    if userinfo.is_empty() {
        return (None, rest);
    }
    let (user, password) = match userinfo.split_once(':') {
        Some((user, password)) => (user, Some(percent_decode(password))),
        None => (userinfo, None),
    };
    (Some((percent_decode(user), password)), rest)
}

/// Host (an IPv6 address with its brackets) and port. An empty port is none (RFC 3986 section 3.2.3).
fn split_port(text: &str) -> Result<(&str, Option<u16>), TargetFault> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return Err(TargetFault::Brackets(text.to_owned()));
    }
    let Some(inside) = text.strip_prefix('[') else {
        let (host, port) = text.split_once(':').unwrap_or((text, ""));
        return Ok((host, read_port(port)?));
    };
    let Some((address, after)) = inside.split_once(']') else {
        return Err(TargetFault::Host { host: text.to_owned(), why: "the closing bracket is missing".to_owned() });
    };
    let (host, _) = text.split_at(address.len() + 2);
    match after.strip_prefix(':') {
        Some(port) => Ok((host, read_port(port)?)),
        None if after.is_empty() => Ok((host, None)),
        None => Err(TargetFault::Port(after.to_owned())),
    }
}

fn read_port(text: &str) -> Result<Option<u16>, TargetFault> {
    if text.is_empty() {
        return Ok(None);
    }
    let fault = || TargetFault::Port(text.to_owned());
    if !is_port_like(text) {
        return Err(fault());
    }
    match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(Some(port)),
        _ => Err(fault()),
    }
}

fn host_of(url: &Url) -> Result<String, TargetFault> {
    match url.host() {
        Some(Host::Domain(name)) if !name.is_empty() => Ok(name.to_owned()),
        Some(Host::Ipv4(address)) => Ok(address.to_string()),
        Some(Host::Ipv6(address)) => Ok(address.to_string()),
        Some(Host::Domain(_)) | None => Err(TargetFault::MissingHost),
    }
}

fn path_of(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

fn userinfo_of(url: &Url) -> Option<(String, Option<String>)> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    Some((percent_decode(url.username()), url.password().map(percent_decode)))
}

fn is_loopback(host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        let address = address.to_canonical();
        return address.is_loopback() || address.is_unspecified();
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Percent-decoding (RFC 3986 section 2.1); what is no valid triplet stays, what is no UTF-8 becomes U+FFFD.
fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        let value = if byte == b'%' { bytes.get(index + 1..index + 3).and_then(hex_pair) } else { None };
        decoded.push(value.unwrap_or(byte));
        index += if value.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let [high, low] = pair else { return None };
    let high = char::from(*high).to_digit(16)?;
    let low = char::from(*low).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

#[cfg(test)]
mod tests;
