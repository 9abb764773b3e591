//! Who may read the page and its feeds. Any web page can reach a server on loopback, so `Host`, `Origin` and
//! `Sec-Fetch-Site` (RFC 9110 section 7.2, RFC 6454 section 7, Fetch Metadata) must say that the asker is the page
//! itself. Owns that judgement over header values; sends nothing.

use std::net::{Ipv4Addr, Ipv6Addr};

/// So many characters of a peer's value are quoted in a reason.
const QUOTED_MAX: usize = 100;

/// A host in small letters, IPv6 without its brackets, and the port where one is given.
#[derive(Debug, PartialEq, Eq)]
struct Authority {
    host: String,
    port: Option<u16>,
}

/// May a request with these values be answered? `bound`: each `host:port` under which the server is reached. The error
/// is the reason, one line of ASCII.
pub fn judge(
    host: Option<&str>,
    origin: Option<&str>,
    fetch_site: Option<&str>,
    bound: &[String],
) -> Result<(), String> {
    let Some(text) = host else { return Err("the request has no Host".into()) };
    let Some(host) = authority(text) else { return Err(format!("the Host {} is malformed", quoted(text))) };
    if !is_loopback_name(&host.host) && !bound.iter().any(|own| is_bound(&host, own)) {
        return Err(format!("the Host {} is neither this server's address nor a loopback name", quoted(text)));
    }
    if let Some(origin) = origin.filter(|origin| !is_same_origin(origin, &host)) {
        return Err(format!("the Origin {} is not this server's own", quoted(origin)));
    }
    match fetch_site {
        None | Some("same-origin" | "none") => Ok(()),
        Some(site) => Err(format!("Sec-Fetch-Site is {}: another site's page asks", quoted(site))),
    }
}

/// The one value of a field that may come once. `values` are those of the request, none for one that is no text.
pub fn single<'a>(name: &str, mut values: impl Iterator<Item = Option<&'a str>>) -> Result<Option<&'a str>, String> {
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(format!("the request has more than one {name}"));
    }
    match first {
        Some(text) => Ok(Some(text.trim())),
        None => Err(format!("the {name} is no plain text")),
    }
}

/// `host`, `host:port`, `[address]` or `[address]:port`; none for anything else.
fn authority(text: &str) -> Option<Authority> {
    if let Some(rest) = text.strip_prefix('[') {
        let (inside, behind) = rest.split_once(']')?;
        let address: Ipv6Addr = inside.parse().ok()?;
        return Some(Authority { host: address.to_string(), port: port_behind(behind)? });
    }
    let (host, behind) = text.split_at(text.find(':').unwrap_or(text.len()));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if host.is_empty() || !host.bytes().all(plain) {
        return None;
    }
    Some(Authority { host: host.to_ascii_lowercase(), port: port_behind(behind)? })
}

/// What stands behind the host: nothing, or a colon and a port. The outer none is for anything else.
fn port_behind(text: &str) -> Option<Option<u16>> {
    if text.is_empty() {
        return Some(None);
    }
    let digits = text.strip_prefix(':')?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().map(Some)
}

/// The names by which no other machine can be meant.
fn is_loopback_name(host: &str) -> bool {
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

/// Browsers leave the port of their scheme out.
fn is_bound(host: &Authority, own: &str) -> bool {
    authority(own).is_some_and(|own| {
        let same_port = own.port == host.port || (host.port.is_none() && matches!(own.port, Some(80 | 443)));
        own.host == host.host && same_port
    })
}

fn is_same_origin(origin: &str, host: &Authority) -> bool {
    let small = origin.to_ascii_lowercase();
    let (rest, default) = match (small.strip_prefix("http://"), small.strip_prefix("https://")) {
        (Some(rest), _) => (rest, 80),
        (None, Some(rest)) => (rest, 443),
        (None, None) => return false,
    };
    authority(rest).is_some_and(|origin| {
        origin.host == host.host && origin.port.unwrap_or(default) == host.port.unwrap_or(default)
    })
}

/// A peer's value in quotes: ASCII, cut.
pub fn quoted(value: &str) -> String {
    let cut: String = value.chars().take(QUOTED_MAX).collect();
    format!("\"{}\"", cut.escape_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const OWN: [&str; 2] = ["127.0.0.1:9001", "192.0.2.7:9001"];

    fn is_let_in(host: Option<&str>, origin: Option<&str>, fetch_site: Option<&str>) -> bool {
        judge(host, origin, fetch_site, &OWN.map(String::from)).is_ok()
    }

    #[test]
    fn only_the_bound_address_and_loopback_names_are_hosts() {
        let table = [
            ("127.0.0.1:9001", true),
            ("127.0.0.1:1", true),
            ("127.0.0.1", true),
            ("127.9.8.7:9001", true),
            ("localhost", true),
            ("localhost:9001", true),
            ("LOCALHOST:9001", true),
            ("[::1]", true),
            ("[::1]:9001", true),
            ("[0:0:0:0:0:0:0:1]:9001", true),
            ("192.0.2.7:9001", true),
            ("192.0.2.7", false),
            ("192.0.2.7:9002", false),
            ("192.0.2.8:9001", false),
            ("evil.example", false),
            ("evil.example:9001", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example:9001", false),
            ("evil.localhost", false),
            ("localhost.", false),
            ("128.0.0.1", false),
            ("0.0.0.0:9001", false),
            ("[::]:9001", false),
            ("[::2]:9001", false),
            ("::1", false),
            ("[::1", false),
            ("[::1]9001", false),
            ("[localhost]", false),
            ("localhost:", false),
            ("localhost:+9001", false),
            ("localhost:99999", false),
            ("localhost:9001:9001", false),
            ("localhost@evil.example", false),
            ("evil.example@localhost", false),
            ("localhost/evil.example", false),
            ("localhost, evil.example", false),
            ("localhost evil.example", false),
            ("", false),
        ];
        for (host, good) in table {
            assert_eq!(is_let_in(Some(host), None, None), good, "{host:?}");
        }
        assert!(!is_let_in(None, None, None), "no Host");
    }

    #[test]
    fn the_ports_of_the_schemes_may_be_left_out() {
        for (own, host, good) in [
            ("192.0.2.7:80", "192.0.2.7", true),
            ("192.0.2.7:443", "192.0.2.7", true),
            ("192.0.2.7:80", "192.0.2.7:80", true),
            ("192.0.2.7:80", "192.0.2.7:443", false),
            ("[2001:db8::7]:9001", "[2001:DB8::7]:9001", true),
            ("[2001:db8::7]:9001", "[2001:db8::8]:9001", false),
        ] {
            assert_eq!(judge(Some(host), None, None, &[own.to_string()]).is_ok(), good, "{own} {host}");
        }
    }

    #[test]
    fn an_origin_must_be_the_host_itself() {
        let table = [
            ("localhost:9001", "http://localhost:9001", true),
            ("localhost:9001", "https://localhost:9001", true),
            ("localhost:9001", "HTTP://LOCALHOST:9001", true),
            ("localhost", "http://localhost", true),
            ("localhost:80", "http://localhost", true),
            ("localhost:443", "https://localhost", true),
            ("[::1]:9001", "http://[::1]:9001", true),
            ("localhost:9001", "http://localhost", false),
            ("localhost:9001", "http://127.0.0.1:9001", false),
            ("localhost:9001", "http://localhost:3000", false),
            ("localhost:443", "http://localhost", false),
            ("localhost:9001", "http://evil.example", false),
            ("localhost:9001", "http://localhost:9001.evil.example", false),
            ("localhost:9001", "http://localhost:9001/", false),
            ("localhost:9001", "http://user@localhost:9001", false),
            ("localhost:9001", "ws://localhost:9001", false),
            ("localhost:9001", "file://", false),
            ("localhost:9001", "null", false),
            ("localhost:9001", "localhost:9001", false),
            ("localhost:9001", "", false),
        ];
        for (host, origin, good) in table {
            assert_eq!(is_let_in(Some(host), Some(origin), None), good, "{host} {origin:?}");
        }
    }

    #[test]
    fn a_browser_that_says_another_site_asks_is_believed() {
        for (site, good) in [
            ("same-origin", true),
            ("none", true),
            ("cross-site", false),
            ("same-site", false),
            ("SAME-ORIGIN", false),
            ("", false),
        ] {
            assert_eq!(is_let_in(Some("localhost:9001"), None, Some(site)), good, "{site:?}");
        }
    }

    #[test]
    fn a_field_that_comes_twice_or_is_no_text_is_refused() {
        assert_eq!(single("Host", std::iter::empty()), Ok(None));
        assert_eq!(single("Host", [Some(" a ")].into_iter()), Ok(Some("a")));
        let twice = single("Host", [Some("a"), Some("a")].into_iter());
        assert_eq!(twice.unwrap_err(), "the request has more than one Host");
        assert_eq!(single("Host", [None].into_iter()).unwrap_err(), "the Host is no plain text");
    }

    #[test]
    fn a_reason_quotes_the_peer_escaped_and_cut() {
        let reason = judge(Some(&"\u{1b}[2J\u{e9}".repeat(100)), None, None, &[]).unwrap_err();
        assert!(reason.is_ascii() && !reason.contains('\u{1b}'), "{reason:?}");
        assert!(reason.len() < 1200, "{}", reason.len());
    }
}
