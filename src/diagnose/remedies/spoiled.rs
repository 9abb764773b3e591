//! Configuration against what a hop does to a request on its way: a header that it sends twice or takes away, a method
//! or a path that it changes. Owns which directive does that in which product, and how to find it; whether it was done
//! is `refusal`'s.

use super::{NGINX_UPGRADE, Remedy, is_nginx};
use crate::diagnose::hops::Hop;
use crate::event::show;

/// Lets the hop send Upgrade once.
pub fn once(hop: Option<&Hop>, path: &str) -> Remedy {
    match hop {
        Some(hop) if is_nginx(hop.name) => Remedy::new(
            format!(
                "leave each of these once in the nginx location that serves {} and its includes, then reload nginx:",
                show::safe(path)
            ),
            NGINX_UPGRADE,
        ),
        Some(hop) => Remedy::new(format!("let {} pass Upgrade on once, as it came", hop.name), &[]),
        None => Remedy::new(
            "let the hop in front send Upgrade once; in nginx, each of these once in the location:",
            NGINX_UPGRADE,
        ),
    }
}

/// Lets a header of the handshake pass the hop; none for products without a known directive that takes it away.
pub fn let_pass(hop: &Hop, header: &str) -> Option<Remedy> {
    let (directive, line) = match hop.name {
        name if is_nginx(name) => (
            format!("the proxy_set_header line for {header}"),
            Some(format!("nginx -T 2>/dev/null | grep -in 'proxy_set_header *{header}'")),
        ),
        "Apache" => (
            format!("RequestHeader unset or set {header}"),
            Some(format!("grep -rin 'RequestHeader.*{header}' /etc/apache2")),
        ),
        "Caddy" => (
            format!("the header_up line for {header}"),
            Some(format!("grep -in 'header_up.*{header}' /etc/caddy/Caddyfile")),
        ),
        "HAProxy" => (
            format!("http-request del-header or set-header {header}"),
            Some(format!("grep -in 'http-request.*{header}' /etc/haproxy/haproxy.cfg")),
        ),
        "Varnish" => (
            format!("unset or set of bereq.http.{header} (or req.http)"),
            Some(format!("grep -rin 'http.{header}' /etc/varnish")),
        ),
        "Envoy" => (format!("{header} in request_headers_to_remove and request_headers_to_add"), None),
        "Traefik" => (format!("{header} in customRequestHeaders of the middleware"), None),
        _ => return None,
    };
    Some(found_by(hop, &directive, line))
}

/// Lets the method pass the hop; none for products without a known directive that changes it.
pub fn keep_method(hop: &Hop) -> Option<Remedy> {
    let (directive, line) = match hop.name {
        name if is_nginx(name) => ("proxy_method", "nginx -T 2>/dev/null | grep -n proxy_method"),
        "HAProxy" => ("http-request set-method", "grep -n set-method /etc/haproxy/haproxy.cfg"),
        "Caddy" => ("method in reverse_proxy or rewrite", "grep -nw method /etc/caddy/Caddyfile"),
        "Varnish" => ("set req.method or bereq.method", "grep -rn 'set.*req.method' /etc/varnish"),
        _ => return None,
    };
    Some(found_by(hop, directive, Some(line.to_owned())))
}

/// What changes a path in this product, behind a blank and in brackets; empty where nothing is known to.
pub fn path_rule(hop: &Hop) -> &'static str {
    match hop.name {
        "nginx" | "openresty" => " (a URI behind proxy_pass replaces the prefix)",
        "Apache" => " (the two paths of ProxyPass)",
        "Caddy" => " (handle_path and uri strip_prefix take the prefix away)",
        _ => "",
    }
}

fn found_by(hop: &Hop, directive: &str, line: Option<String>) -> Remedy {
    let name = hop.name;
    match line {
        Some(line) => Remedy::new(format!("take {directive} out of {name}, then reload it; this finds it:"), &[&line]),
        None => Remedy::new(format!("take {directive} out of {name}"), &[]),
    }
}
