//! The parts of a URL that a rule looks at (RFC 6455 section 3). Owns their reading out of a URL that has been dialled, so
//! that it is well formed; that is judged in `net::target`.

/// A URL in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// A name or an address, the brackets of RFC 3986 section 3.2.2 taken off.
    pub host: &'a str,
    pub port: u16,
    /// Path and query; `/` at least.
    pub path: &'a str,
}

impl<'a> Place<'a> {
    pub fn of(url: &'a str) -> Place<'a> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("ws", url));
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let usual = if scheme == "wss" { 443 } else { 80 };
        let (host, port) = match authority.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
            Some((address, behind)) => (address, behind.strip_prefix(':')),
            None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        Place {
            host,
            port: port.and_then(|port| port.parse().ok()).unwrap_or(usual),
            path: if path.is_empty() { "/" } else { path },
        }
    }

    /// Is the host an address and no name?
    pub fn is_address(&self) -> bool {
        self.host.contains(':') || self.host.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_comes_apart() {
        for (url, host, port, path, address) in [
            ("ws://a.example/ws?x=1", "a.example", 80, "/ws?x=1", false),
            ("wss://a.example", "a.example", 443, "/", false),
            ("wss://127.0.0.1:8443/", "127.0.0.1", 8443, "/", true),
            ("ws://[2001:db8::1]:9000/a", "2001:db8::1", 9000, "/a", true),
            ("ws://[::1]/", "::1", 80, "/", true),
            ("ws://localhost:1?q", "localhost", 1, "?q", false),
        ] {
            let place = Place::of(url);
            assert_eq!((place.host, place.port, place.path, place.is_address()), (host, port, path, address), "{url}");
        }
    }
}
