//! The parts of a URL that a rule looks at (RFC 6455 section 3), and what of them may stand in a line of configuration.
//! Owns their reading out of a URL that has been dialled, so that it is well formed; that is judged in `net::target`.

/// A longer path is not put into a line.
const LINE_MAX: usize = 300;

/// Stands in a line of configuration for a path that the line cannot hold.
pub const PATH_PLACEHOLDER: &str = "/the/path";

/// Stands in a line of configuration for a host that the line cannot hold.
pub const HOST_PLACEHOLDER: &str = "the.host";

/// The path as a line of configuration may hold it. Most products compare the decoded path, some take a part of these
/// characters for their own language, and a path may come from a peer, by a redirect: what is doubtful stays out.
pub fn path_in_line(path: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._~-@:,=".contains(&byte);
    // Products tidy up the path before they compare it.
    let is_untidy = path.contains("//") || path.split('/').any(|part| matches!(part, "." | ".."));
    let is_fit = path.starts_with('/') && path.len() <= LINE_MAX && !path.ends_with(':') && !is_untidy;
    if is_fit && path.bytes().all(is_plain) { path } else { PATH_PLACEHOLDER }
}

/// The name or address in a `Host`, without its port, as a line of configuration may hold it.
pub fn host_in_line(host: &str) -> &str {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) && !name.is_empty() => name,
        _ => host,
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let of_address = |byte: u8| byte.is_ascii_hexdigit() || b":.".contains(&byte);
    let is_fit = match name.strip_prefix('[').and_then(|inside| inside.strip_suffix(']')) {
        Some(address) => !address.is_empty() && address.bytes().all(of_address),
        None => !name.is_empty() && name.len() <= 253 && !name.starts_with('-') && name.bytes().all(is_plain),
    };
    if is_fit { name } else { HOST_PLACEHOLDER }
}

fn is_port(port: &str) -> bool {
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

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

    #[test]
    fn a_path_that_a_line_cannot_hold_is_replaced() {
        for path in ["/", "/ws", "/api/v1/chat.sock", "/a_b~c-d/e@f,g=h:i", "/socket.io/"] {
            assert_eq!(path_in_line(path), path);
        }
        for path in [
            "", "*", "ws", "/a;b", "/a$b", "/a|b", "/a{b", "/a}b", "/a\"b", "/a'b", "/a`b", "/a\\b", "/a b", "/a#b",
            "/a*b", "/a(b)", "/a+b", "/a%22b", "/a%20b", "/a%0ab", "/a%2Fb", "/a//b", "/a/../b", "/a/.", "/a:",
            "/\u{e4}",
        ] {
            assert_eq!(path_in_line(path), PATH_PLACEHOLDER, "{path}");
        }
        let long = format!("/{}", "a".repeat(299));
        assert_eq!(path_in_line(&long), long);
        assert_eq!(path_in_line(&format!("{long}a")), PATH_PLACEHOLDER);
    }

    #[test]
    fn a_host_that_a_line_cannot_hold_is_replaced() {
        for (host, shown) in [
            ("a.example", "a.example"),
            ("a.example:8080", "a.example"),
            ("a_b-c.example", "a_b-c.example"),
            ("[::1]", "[::1]"),
            ("[::1]:80", "[::1]"),
        ] {
            assert_eq!(host_in_line(host), shown);
        }
        for host in [
            "",
            ":80",
            "a\"; rm -rf /",
            "a;b",
            "$(id)",
            "a b",
            "-x",
            "a:80;b",
            "a`b",
            "[::1",
            "[]",
            "[a;b]",
            "[::1];b",
            "[::1]:",
            "a/b",
            "#{x}",
        ] {
            assert_eq!(host_in_line(host), HOST_PLACEHOLDER, "{host}");
        }
    }
}
