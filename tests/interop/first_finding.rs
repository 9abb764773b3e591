//! Real servers and proxies, set up wrongly: the first finding is the one to act on, and right. Set up as their own
//! documentation has it, nothing is told of them. Each wrong set-up stands beside its right twin.

use serde_json::Value;

use crate::support::proxy::upgrading_location;
use crate::support::{Peer, Proxy, Ran, probe, signal};

/// What the first finding must say.
struct First<'a> {
    exit: i32,
    code: &'a str,
    confidence: &'a [&'a str],
    /// Parts of its cause.
    cause: &'a [&'a str],
    /// Parts of its help, all lines together.
    help: &'a [&'a str],
}

/// Probes, and compares the first of the worst findings with what is expected; the events' findings as JSON.
fn assert_first(args: &[&str], expected: &First<'_>) -> Value {
    let ran = probe(&[&["--json"][..], args].concat());
    assert_eq!(ran.code, expected.exit, "{}", ran.stdout);
    let finding = first(&ran);
    let words = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let help: Vec<&str> = finding["help"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let help = help.join("\n");
    assert_eq!(words("code"), expected.code, "{finding:#}");
    assert!(expected.confidence.contains(&words("confidence").as_str()), "{finding:#}");
    for part in expected.cause {
        assert!(words("cause").contains(part), "no {part:?} in the cause: {finding:#}");
    }
    for part in expected.help {
        assert!(help.contains(part), "no {part:?} in the help: {finding:#}");
    }
    finding
}

/// The one that stands first in the text: the first of the worst.
fn first(ran: &Ran) -> Value {
    let events = ran.events();
    let worst = |finding: &&&Value| match finding["severity"].as_str() {
        Some("error") => 0,
        Some("warning") => 1,
        _ => 2,
    };
    let all = events.all("finding");
    let first = all.iter().min_by_key(worst).unwrap_or_else(|| panic!("no finding: {}", ran.stdout));
    (*first).clone()
}

fn assert_clean(args: &[&str]) {
    let ran = probe(&[&["--json"][..], args].concat());
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    ran.events().assert_clean();
}

#[test]
fn nginx_without_the_upgrade_headers() {
    let Some(peer) = Peer::python("ws_echo.py", &[]) else { return };
    let location = format!("location / {{ proxy_pass http://127.0.0.1:{}; proxy_http_version 1.1; }}", peer.port);
    let Some(proxy) = Proxy::nginx(&location) else { return };
    let expected = First {
        exit: 15,
        code: "upgrade-stripped",
        confidence: &["likely", "certain"],
        cause: &["nginx"],
        help: &["proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection", "proxy_http_version 1.1;"],
    };
    assert_first(&[&proxy.url("/")], &expected);
    let Some(right) = Proxy::nginx(&upgrading_location("/", peer.port, "")) else { return };
    assert_clean(&[&right.url("/")]);
}

#[test]
fn nginx_that_speaks_http_1_0_to_python_websockets() {
    let Some(peer) = Peer::python("ws_echo.py", &[]) else { return };
    let location = format!(
        "location / {{ proxy_pass http://127.0.0.1:{}; proxy_http_version 1.0; proxy_set_header Upgrade $http_upgrade; \
         proxy_set_header Connection \"upgrade\"; }}",
        peer.port
    );
    let Some(proxy) = Proxy::nginx(&location) else { return };
    let expected = First {
        exit: 15,
        code: "http-1-0-hop",
        confidence: &["likely", "certain"],
        cause: &["HTTP/1.0"],
        help: &["proxy_http_version 1.1;"],
    };
    assert_first(&[&proxy.url("/")], &expected);
}

#[test]
fn nginx_whose_application_is_gone() {
    // A port on which nothing listens: bound, and not listening.
    let held = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    held.bind(&std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let port = held.local_addr().unwrap().as_socket().unwrap().port();
    let Some(proxy) = Proxy::nginx(&upgrading_location("/", port, "")) else { return };
    // The proxy does not tell why it got no good answer, so that nothing is sure, and the causes stand beside each other.
    let expected = First {
        exit: 15,
        code: "server-unavailable",
        confidence: &["possible"],
        cause: &["refuse", "crash", "TLS"],
        help: &["nginx"],
    };
    assert_first(&[&proxy.url("/")], &expected);
}

#[test]
fn nginx_whose_application_stands_still() {
    let Some(peer) = Peer::python("ws_echo.py", &[]) else { return };
    let Some(proxy) = Proxy::nginx(&upgrading_location("/", peer.port, "proxy_read_timeout 2s;")) else { return };
    signal::stop(peer.id());
    let expected = First {
        exit: 15,
        code: "server-unavailable",
        confidence: &["likely", "possible"],
        cause: &["nginx"],
        help: &[],
    };
    let finding = assert_first(&[&proxy.url("/")], &expected);
    assert!(finding["fact"].as_str().unwrap().contains("504"), "{finding:#}");
    signal::go_on(peer.id());
    assert_clean(&[&proxy.url("/")]);
}

#[test]
fn nginx_that_ends_what_is_silent_for_two_seconds() {
    let Some(peer) = Peer::python("ws_echo.py", &[]) else { return };
    let location = upgrading_location("/", peer.port, "proxy_read_timeout 2s;");
    let Some(proxy) = Proxy::nginx(&location) else { return };
    let url = proxy.url("/");
    // Age and silence are the same here: an idle limit or a maximum age, and both are named.
    let expected = First {
        exit: 22,
        code: "idle-limit",
        confidence: &["possible"],
        cause: &["nginx", "proxy_read_timeout", "maximum age"],
        help: &["--idle"],
    };
    assert_first(&["--hold", "5s", "--heartbeat", "off", "--reconnect", "--reconnect-delay", "100ms", &url], &expected);
    // One end says no more, and a crash would look the same.
    assert_first(&["--hold", "5s", "--heartbeat", "off", &url], &expected);
    // A message makes ages and silences differ: silence counts.
    let expected = First {
        exit: 22,
        code: "idle-limit",
        confidence: &["likely"],
        cause: &["nginx", "proxy_read_timeout"],
        help: &["proxy_read_timeout"],
    };
    let args = ["--hold", "9s", "-n", "5", "--interval", "400ms", "--heartbeat", "off", "--reconnect"];
    assert_first(&[&args[..], &["--reconnect-delay", "100ms", &url]].concat(), &expected);
    // The twin: heartbeats keep it, and a note says so.
    let ran = probe(&["--json", "--hold", "5s", "--heartbeat", "1s", &url]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let events = ran.events();
    events.assert_clean();
    let note = events.finding("kept-open-by-heartbeats");
    assert!(note["fact"].as_str().unwrap().starts_with("kept open by "), "{note}");
    assert_eq!(note["help"][1], "wscope probe --idle URL");
}

#[test]
fn haproxy_that_ends_what_is_silent_for_two_seconds() {
    let Some(peer) = Peer::python("ws_echo.py", &[]) else { return };
    let timeouts = |tunnel: &str| {
        let backend = format!("  timeout server 30s\n  timeout tunnel {tunnel}\n  server s 127.0.0.1:{}", peer.port);
        Proxy::haproxy("  timeout client 30s", &backend)
    };
    let Some(proxy) = timeouts("2s") else { return };
    let expected = First { exit: 22, code: "idle-limit", confidence: &["possible"], cause: &[], help: &["--idle"] };
    let args = ["--hold", "5s", "--heartbeat", "off", "--reconnect", "--reconnect-delay", "100ms"];
    assert_first(&[&args[..], &[&proxy.url("/")]].concat(), &expected);
    assert_first(&["--hold", "5s", "--heartbeat", "off", &proxy.url("/")], &expected);
    let Some(right) = timeouts("1h") else { return };
    assert_clean(&["--hold", "3s", "--heartbeat", "off", &right.url("/")]);
    assert_clean(&[&right.url("/")]);
}

#[test]
fn haproxy_whose_server_is_gone() {
    let held = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    held.bind(&std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let port = held.local_addr().unwrap().as_socket().unwrap().port();
    let backend = format!("  timeout server 5s\n  retries 0\n  server s 127.0.0.1:{port}");
    let Some(proxy) = Proxy::haproxy("  timeout client 5s", &backend) else { return };
    let expected = First {
        exit: 15,
        code: "server-unavailable",
        confidence: &["likely", "possible"],
        cause: &["HAProxy"],
        help: &[],
    };
    assert_first(&[&proxy.url("/")], &expected);
}

#[test]
fn an_unknown_route_in_uvicorn() {
    let Some(peer) = Peer::python("ws_asgi.py", &[]) else { return };
    let url = |path: &str| format!("ws://127.0.0.1:{}{path}", peer.port);
    let expected = First {
        exit: 15,
        code: "route-missing",
        confidence: &["likely", "possible"],
        cause: &["route", "accept"],
        help: &["path"],
    };
    assert_first(&[&url("/nope")], &expected);
    assert_clean(&[&url("/ws")]);
}

#[test]
fn node_ws_at_another_path() {
    let Some(peer) = Peer::node("ws_shared.js", &["one"]) else { return };
    let url = |path: &str| format!("ws://127.0.0.1:{}{path}", peer.port);
    let expected =
        First { exit: 15, code: "route-missing", confidence: &["likely"], cause: &["ws", "path"], help: &["path"] };
    assert_first(&[&url("/wrong")], &expected);
    assert_clean(&[&url("/ws")]);
}

#[test]
fn two_websocket_servers_on_one_http_server_of_node() {
    let Some(peer) = Peer::node("ws_shared.js", &["two"]) else { return };
    let expected = First {
        exit: 25,
        code: "illegal-frame",
        confidence: &["certain", "likely"],
        cause: &["two WebSocket servers"],
        help: &["noServer"],
    };
    let finding = assert_first(&[&format!("ws://127.0.0.1:{}/one", peer.port)], &expected);
    assert!(finding["seen"].to_string().contains("HTTP/1.1 400 Bad Request"), "{finding:#}");
    let Some(peer) = Peer::node("ws_shared.js", &["together"]) else { return };
    for path in ["one", "two"] {
        assert_clean(&[&format!("ws://127.0.0.1:{}/{path}", peer.port)]);
    }
}

#[test]
fn a_socket_io_server_without_its_query() {
    let Some(peer) = Peer::node("ws_shared.js", &["socketio"]) else { return };
    let url = |query: &str| format!("ws://127.0.0.1:{}/socket.io/{query}", peer.port);
    let expected = First {
        exit: 15,
        code: "engine-io-refused",
        confidence: &["certain", "likely"],
        cause: &["transport"],
        help: &["EIO=4&transport=websocket"],
    };
    assert_first(&[&url("")], &expected);
    assert_clean(&[&url("?EIO=4&transport=websocket")]);
}

#[test]
fn tornado_with_a_foreign_origin() {
    let Some(peer) = Peer::python("ws_tornado.py", &[]) else { return };
    let url = format!("ws://127.0.0.1:{}/ws", peer.port);
    let expected = First {
        exit: 15,
        code: "origin-rejected",
        confidence: &["certain", "likely"],
        cause: &["Tornado", "Origin"],
        help: &["check_origin"],
    };
    assert_first(&["-o", "http://foreign.example", &url], &expected);
    assert_clean(&[&url]);
    assert_clean(&["-o", &format!("http://127.0.0.1:{}", peer.port), &url]);
}

#[test]
fn a_plain_port_asked_for_tls_and_the_reverse() {
    let Some(peer) = Peer::node("ws_shared.js", &["alone"]) else { return };
    let expected =
        First { exit: 13, code: "tls-not-spoken", confidence: &["certain"], cause: &["wss://"], help: &["ws://"] };
    let finding = assert_first(&[&format!("wss://127.0.0.1:{}/", peer.port)], &expected);
    assert!(finding["seen"].to_string().contains("101"), "it was tried once, and told: {finding:#}");
    assert_clean(&[&peer.url()]);
}
