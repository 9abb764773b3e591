//! Settings of proxies and servers as subjects: what each is for, the known figure, the line. Owns their names and that
//! sentence; the figures and lines are `limits`', the products `proxies`'.

use super::{likeness, line, paste, proxies};

/// One setting, or a pair that belongs together.
struct Knob {
    names: &'static [&'static str],
    /// The word of its product among `proxies`.
    of: &'static str,
    means: &'static str,
    /// A line to paste, where no known limit has one.
    example: &'static str,
}

const fn knob_of(of: &'static str, names: &'static [&'static str], means: &'static str, example: &'static str) -> Knob {
    Knob { names, of, means, example }
}

#[rustfmt::skip]
const KNOBS: &[Knob] = &[
    knob_of("nginx", &["proxy_read_timeout"],
        "the longest silence towards the application: before its answer it ends with 504, after the 101 with FIN", ""),
    knob_of("ingress-nginx", &["proxy-read-timeout"], "the annotation that sets proxy_read_timeout", ""),
    knob_of("ingress-nginx", &["worker-shutdown-timeout"],
        "how long old workers, and the WebSockets on them, may live after any change of the configuration; without it: \
         240 s", "worker-shutdown-timeout: \"3600s\""),
    knob_of("nginx", &["proxy_send_timeout"],
        "how long the application may take none of the bytes that wait for it; silence alone does not use it up",
        "proxy_send_timeout 3600s;"),
    knob_of("nginx", &["proxy_connect_timeout"],
        "how long connecting to the application may take; after it comes 504", "proxy_connect_timeout 10s;"),
    knob_of("nginx", &["proxy_http_version"],
        "the version of HTTP towards the application: an upgrade needs 1.1, and before 1.29.7 it is 1.0 unless set",
        "proxy_http_version 1.1;"),
    knob_of("nginx", &["proxy_set_header"],
        "a header towards the application; one such line in a location makes all of the levels above void there",
        "proxy_set_header Upgrade $http_upgrade;"),
    knob_of("nginx", &["keepalive_timeout"],
        "how long an HTTP connection may wait for its next request; it does not touch a WebSocket", ""),
    knob_of("nginx", &["worker_shutdown_timeout"],
        "how long old workers, and the WebSockets on them, may live after a reload; without it: as long as they like",
        "worker_shutdown_timeout 1h;"),
    knob_of("nginx", &["large_client_header_buffers"],
        "room for the head of a request; a larger one gives 400 or 414", "large_client_header_buffers 4 32k;"),
    knob_of("haproxy", &["timeout tunnel"],
        "the longest silence of an upgraded connection; from the 101 on it replaces timeout client and server", ""),
    knob_of("haproxy", &["timeout client"],
        "the longest silence of the client; after the 101 only where timeout tunnel is unset", ""),
    knob_of("haproxy", &["timeout server"],
        "the longest wait for the server: before its answer it ends with 504; after the 101 it counts only where \
         timeout tunnel is unset", "timeout server 30s"),
    knob_of("apache", &["ProxyTimeout"],
        "how long Apache waits for the application's answer; unset: as Timeout, 60 s", "ProxyTimeout 3600"),
    knob_of("apache", &["ProxyPreserveHost"],
        "passes the client's Host on, so that the application can compare an Origin with it", "ProxyPreserveHost On"),
    knob_of("caddy", &["stream_close_delay"],
        "how long open WebSockets may live after a reload of the configuration; unset: not at all",
        "stream_close_delay 1h"),
    knob_of("envoy", &["stream_idle_timeout"], "the longest silence of a stream, a WebSocket too", ""),
    knob_of("envoy", &["upgrade_configs"],
        "what a route or the connection manager may upgrade to; an upgrade that is not there is refused",
        "upgrade_configs: [{upgrade_type: websocket}]"),
    knob_of("envoy-gateway", &["streamIdleTimeout"], "the longest silence of a stream, a WebSocket too", ""),
    knob_of("varnish", &["pipe_timeout"],
        "the longest silence of a connection that is piped, as a WebSocket must be", ""),
    knob_of("kong", &["read_timeout", "write_timeout"], "the longest silence of the service, in milliseconds", ""),
    knob_of("alb", &["idle_timeout", "idle_timeout.timeout_seconds"], "the longest silence of a connection", ""),
    knob_of("cowboy", &["idle_timeout"], "the longest silence of the client, in milliseconds", ""),
    knob_of("jetty", &["idleTimeout"], "the longest silence of a connection", ""),
    knob_of("uwebsockets", &["idleTimeout"], "the longest silence of the client", ""),
    knob_of("gcp", &["timeoutSec"], "the whole life of a connection", ""),
    knob_of("squid", &["http_upgrade_request_protocols"],
        "the protocols that a request for http:// may be upgraded to",
        "http_upgrade_request_protocols websocket allow all"),
    knob_of("python-websockets", &["ping_interval", "ping_timeout"],
        "how often the server sends a ping, and how long the pong may take", ""),
    knob_of("uvicorn", &["ws-ping-interval", "ws-ping-timeout"],
        "how often the server sends a ping, and how long the pong may take", ""),
    knob_of("daphne", &["ping-interval", "ping-timeout"],
        "how often the server sends a ping, and how long the pong may take", ""),
    knob_of("daphne", &["websocket_timeout"], "the whole life of a connection", ""),
    knob_of("engine.io", &["pingInterval", "pingTimeout"],
        "how often the server sends its heartbeat, and how long the answer may take", ""),
    knob_of("asp.net", &["KeepAliveInterval"],
        "how long a connection is silent until the server sends a heartbeat", ""),
];

/// All names.
pub fn names() -> impl Iterator<Item = &'static str> {
    KNOBS.iter().flat_map(|knob| knob.names.iter().copied())
}

/// The text on the settings of that name.
pub fn knob(word: &str) -> Option<String> {
    let word = likeness::normal(word);
    let is_named = |knob: &&Knob| knob.names.iter().any(|name| likeness::normal(name) == word);
    let texts: Vec<String> = KNOBS.iter().filter(is_named).map(text).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn text(knob: &Knob) -> String {
    let product = proxies::name(knob.of).unwrap_or(knob.of);
    let mut text = format!("{} (setting of {product})\n\n", knob.names.join(", "));
    line(&mut text, "means", knob.means);
    if !knob.example.is_empty() {
        paste(&mut text, knob.example);
    }
    proxies::limits_by(&mut text, knob.of, knob.names);
    line(&mut text, "see", &format!("wscope explain {}", knob.of));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_told_with_its_figure_and_its_line() {
        assert_eq!(
            knob("Proxy-Read-Timeout").unwrap_or_default().lines().take(7).collect::<Vec<_>>(),
            [
                "proxy_read_timeout (setting of nginx)",
                "",
                "  means    the longest silence towards the application: before its answer it ends with 504,",
                "           after the 101 with FIN",
                "  limit    60 s without a byte either way, then FIN: proxy_read_timeout, 60s unless set",
                "             proxy_read_timeout 3600s;",
                "  see      wscope explain nginx",
            ]
        );
        assert!(knob("timeout tunnel").is_some_and(|text| text.contains("timeout tunnel (setting of HAProxy)")));
        assert!(knob("idle_timeout").is_some_and(|text| text.contains("AWS ALB") && text.contains("Cowboy")));
        assert_eq!(knob("acme_timeout"), None);
    }

    #[test]
    fn each_setting_has_its_product_and_a_line_or_a_limit() {
        for knob in KNOBS {
            assert!(proxies::name(knob.of).is_some(), "{}", knob.of);
            let text = text(knob);
            let is_told = !knob.example.is_empty() || text.contains("\n  limit ");
            assert!(is_told || knob.names == ["keepalive_timeout"], "{text}");
        }
    }
}
