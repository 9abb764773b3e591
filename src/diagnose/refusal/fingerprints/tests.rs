//! Answers as servers gave them, and what each is taken for. Recorded: Tornado 6.6, uvicorn, Daphne, python websockets,
//! aiohttp, node ws 8, Socket.IO 4, sockjs-node; the others are as their sources have them.

use super::*;
use crate::event::finding::Confidence::{self, Certain, Likely, Possible};
use crate::event::{Body, PayloadBytes};
use crate::wire::head::Head;

const HOST: &str = "Host: a.example\r\n";

/// The finding for a whole upgrade request with these other fields.
fn judged_with(target: &str, fields: &str, answer: &str, body: &str) -> Option<Finding> {
    let request = format!(
        "GET {target} HTTP/1.1\r\n{fields}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: \
         dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    judged_request(&request, answer, body)
}

fn judged_request(request: &str, answer: &str, body: &str) -> Option<Finding> {
    let answer = Head::verbatim(format!("HTTP/1.1 {answer}\r\n\r\n").into_bytes());
    let (status, reason) = (answer.status().expect("a status"), answer.reason().to_string());
    let facts = Facts {
        url: "ws://a.example/".into(),
        sent: Some(Head::verbatim(request.as_bytes().to_vec())),
        answer: Some(answer),
        body: Some(Body { payload: PayloadBytes(body.as_bytes().to_vec()), cut: false }),
        ..Facts::default()
    };
    recognise(&facts, status, &reason, body)
}

fn judged(answer: &str, body: &str) -> Finding {
    judged_with("/ws", HOST, answer, body).unwrap_or_else(|| panic!("nobody is recognised in {answer:?} {body:?}"))
}

fn at(target: &str, answer: &str, body: &str) -> Finding {
    judged_with(target, HOST, answer, body).unwrap_or_else(|| panic!("nobody is recognised in {answer:?} {body:?}"))
}

fn from(origin: &str, answer: &str, body: &str) -> Finding {
    let fields = format!("{HOST}Origin: {origin}\r\n");
    judged_with("/ws", &fields, answer, body).unwrap_or_else(|| panic!("nobody is recognised in {answer:?} {body:?}"))
}

#[test]
fn every_text_for_a_lost_header_names_its_server_and_what_was_lost() {
    let both = "does not pass Upgrade and Connection on";
    let connection = "passes Upgrade on to the application, but not Connection: Upgrade";
    let upgrade = "passes Connection on to the application, but not Upgrade";
    let violation = "WebSocket protocol violation:";
    let python = "Failed to open a WebSocket connection:";
    for (answer, body, server, cause) in [
        ("426 Upgrade Required", "Upgrade Required", "node ws", both),
        ("400 Bad Request", "'upgrade' token not found in 'Connection' header\n", "gorilla", both),
        ("426 Upgrade Required", "'websocket' token not found in 'Upgrade' header\n", "gorilla", upgrade),
        (
            "426 Upgrade Required",
            format!("{violation} Connection header \"close\" does not contain Upgrade").as_str(),
            "coder",
            both,
        ),
        (
            "426 Upgrade Required",
            format!("{violation} Upgrade header \"\" does not contain websocket").as_str(),
            "coder",
            upgrade,
        ),
        ("426 Upgrade Required", format!("{python} missing Connection header.\n").as_str(), "python websockets", both),
        (
            "426 Upgrade Required",
            format!("{python} invalid Connection header: close.\n").as_str(),
            "python websockets",
            both,
        ),
        ("426 Upgrade Required", format!("{python} missing Upgrade header.\n").as_str(), "python websockets", upgrade),
        (
            "426 Upgrade Required",
            format!("{python} invalid Upgrade header: h2c.\n").as_str(),
            "python websockets",
            upgrade,
        ),
        ("426 Upgrade Required", "You cannot access a WebSocket server directly with a browser.", "python", both),
        ("400 Bad Request", "No WebSocket UPGRADE hdr: None\n Can \"Upgrade\" only to \"WebSocket\".", "aiohttp", both),
        ("400 Bad Request", "No CONNECTION upgrade hdr: close", "aiohttp", connection),
        ("400 Bad Request", "Can \"Upgrade\" only to \"WebSocket\".", "Tornado or Spring", both),
        (
            "400 Bad Request\r\nServer: TornadoServer/6.6.1",
            "Can \"Upgrade\" only to \"WebSocket\".",
            "Tornado has",
            both,
        ),
        ("400 Bad Request", "\"Connection\" must be \"Upgrade\".", "Tornado", connection),
        ("400 Bad Request", "\"Connection\" must be \"upgrade\".", "Spring", connection),
        ("400 Bad Request", "Connection header did not include 'upgrade'", "axum", both),
        ("400 Bad Request", "`Upgrade` header did not include 'websocket'", "axum", upgrade),
        ("400 No WebSocket Upgrade header found", "", "actix-web", both),
        ("400 No Connection upgrade", "", "actix-web", connection),
        ("400 Bad Request", "Not a valid websocket request", "sockjs-node", both),
        ("426 Upgrade Required", "Durable Object expected Upgrade: websocket", "Cloudflare Worker", both),
    ] {
        let finding = judged(answer, body);
        assert_eq!((finding.code, finding.confidence), ("upgrade-stripped", Likely), "{body}");
        assert!(finding.seen[0].contains(server), "{body}: {:?}", finding.seen);
        assert!(finding.cause.contains(cause), "{body}: {}", finding.cause);
        assert!(finding.cause.starts_with("something between"), "{body}: {}", finding.cause);
    }
}

#[test]
fn a_proxy_that_names_itself_is_blamed_and_gets_its_lines() {
    let finding = judged("426 Upgrade Required\r\nServer: nginx/1.22.1", "Upgrade Required");
    assert_eq!(finding.cause, "nginx does not pass Upgrade and Connection on to the application");
    assert_eq!(
        finding.seen,
        ["Upgrade and Connection left here; 426 came back without Sec-WebSocket-Version, with the text that node ws \
          has for a request without Upgrade"]
    );
    assert_eq!(finding.help[0], "in the nginx location that serves /ws, then reload nginx:");
    assert!(finding.help.contains(&"proxy_set_header Connection \"upgrade\";".to_string()));
}

#[test]
fn the_connection_that_arrived_tells_of_the_hop_that_wrote_it() {
    let python = |value: &str| format!("Failed to open a WebSocket connection: invalid Connection header: {value}.\n");
    let apache = judged("426 Upgrade Required", &python("Keep-Alive"));
    assert_eq!(
        (apache.confidence, apache.seen[1].as_str()),
        (Possible, "it arrived there with Connection: Keep-Alive")
    );
    assert!(apache.cause.contains("Apache") && apache.help.concat().contains("upgrade=websocket"), "{apache:#?}");
    // HAProxy writes header names in small letters, which node does not.
    let small = "426 Upgrade Required\r\ncontent-length: 16\r\ncontent-type: text/plain";
    let haproxy = judged(small, "Upgrade Required");
    assert!(haproxy.cause.starts_with("HAProxy stands in front, by the small letters"), "{haproxy:#?}");
    assert!(haproxy.confidence == Possible && haproxy.help[0].contains("del-header"), "{haproxy:#?}");
    let capitals = "426 Upgrade Required\r\nContent-Length: 16\r\nContent-Type: text/plain";
    assert!(!judged(capitals, "Upgrade Required").cause.contains("HAProxy"));
    // The twin: others write it otherwise, so that nobody is named.
    let another = judged("426 Upgrade Required", &python("close"));
    assert_eq!((another.confidence, another.cause.contains("Apache")), (Likely, false));
    assert!(another.help.concat().contains("# nginx") && another.help.concat().contains("# Apache"), "{another:#?}");
    // HTTP/1.0 has another text there, so that nginx does not need the line for it, which it takes once only.
    let nginx = judged("426 Upgrade Required\r\nServer: nginx", &python("close"));
    assert!(!nginx.help.iter().any(|line| line.trim().starts_with("proxy_http_version")), "{nginx:#?}");
    assert!(nginx.help[1].trim().starts_with("# proxy_http_version 1.1;"), "{nginx:#?}");
}

#[test]
fn a_request_without_upgrade_of_our_own_is_left_to_other_rules() {
    let request = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n";
    assert_eq!(judged_request(request, "426 Upgrade Required", "Upgrade Required"), None);
    assert_eq!(judged_with("/ws", HOST, "400 Bad Request\r\nContent-Type: text/plain", "Bad Request"), None);
}

#[test]
fn every_text_for_another_header_says_that_upgrade_arrived() {
    let python = "Failed to open a WebSocket connection:";
    let tornado = "426 Upgrade Required\r\nServer: TornadoServer/6.6.1\r\nSec-Websocket-Version: 7, 8, 13";
    let node = "400 Bad Request\r\nSec-WebSocket-Version: 13, 8";
    for (answer, body, server, name) in [
        ("400 Bad Request", "Missing or invalid Sec-WebSocket-Key header", "node ws", "Key"),
        (node, "Missing or invalid Sec-WebSocket-Version header", "node ws", "Version"),
        (tornado, "", "Tornado", "Version"),
        ("400 Bad Request", "Missing/Invalid WebSocket headers", "Tornado", "Key"),
        (
            "400 Bad Request",
            format!("{python} missing Sec-WebSocket-Key header.\n").as_str(),
            "python websockets",
            "Key",
        ),
        (
            "400 Bad Request",
            format!("{python} invalid Sec-WebSocket-Key header: x.\n").as_str(),
            "python websockets",
            "Key",
        ),
        (
            "400 Bad Request",
            format!("{python} missing Sec-WebSocket-Version header.\n").as_str(),
            "python websockets",
            "Version",
        ),
        (
            "400 Bad Request",
            format!("{python} invalid Sec-WebSocket-Version header: 8.\n").as_str(),
            "python",
            "Version",
        ),
        ("400 Bad Request", "Handshake error: None", "aiohttp", "Key"),
        ("400 Bad Request", "Unsupported version: ", "aiohttp", "Version"),
        ("400 Bad Request", "`Sec-WebSocket-Version` header did not include '13'", "axum", "Version"),
        ("400 Bad Request", "`Sec-WebSocket-Key` header missing", "axum", "Key"),
        ("400 HTTP Sec-WebSocket-Key header missing", "", "Daphne", "Key"),
        ("400 Bad Request", "WebSocket protocol violation: missing Sec-WebSocket-Key\n", "coder/websocket", "Key"),
        (
            "400 Bad Request",
            "unsupported WebSocket protocol version (only 13 is supported): \"\"\n",
            "coder",
            "Version",
        ),
        ("400 Bad Request", "Only supported WebSocket protocol is RFC 6455.", "sockjs-node", "Version"),
    ] {
        let finding = judged(answer, body);
        assert_eq!((finding.code, finding.who, finding.confidence), ("key-lost", "path", Likely), "{body}");
        assert!(finding.fact.contains(&format!("Sec-WebSocket-{name} did not reach")), "{}", finding.fact);
        assert!(finding.seen[0].contains(server), "{body}: {:?}", finding.seen);
    }
}

#[test]
fn a_key_or_a_version_that_we_spoiled_is_ours() {
    let upgrade = "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    let keyless = format!("{upgrade}Sec-WebSocket-Version: 13\r\n\r\n");
    let finding = judged_request(&keyless, "400 Bad Request", "Missing or invalid Sec-WebSocket-Key header").unwrap();
    assert_eq!((finding.code, finding.who, finding.confidence), ("upgrade-refused", "client", Certain));
    let old = format!("{upgrade}Sec-WebSocket-Version: 99\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    let finding = judged_request(&old, "400 Bad Request", "Unsupported version: 99").unwrap();
    assert_eq!((finding.code, finding.who, finding.confidence), ("version-refused", "client", Certain));
}

#[test]
fn each_other_text_about_the_request_has_its_meaning() {
    let python = "Failed to open a WebSocket connection";
    let state = "WebSocket request couldn't be upgraded since no upgrade state was present";
    for (answer, body, code, sure) in [
        ("405 Method Not Allowed", "Invalid HTTP method", "upgrade-refused", Likely),
        ("405 Method Not Allowed", "Request method must be `GET`", "upgrade-refused", Likely),
        ("405 Method Not Allowed", "Request method must be `CONNECT`", "wrong-target-protocol", Likely),
        ("400 Bad Request", "`:protocol` pseudo-header did not include 'websocket'", "wrong-target-protocol", Likely),
        ("426 Upgrade Required", state, "upgrade-not-enabled", Likely),
        (
            "505 HTTP Version Not Supported",
            format!("{python}: unsupported HTTP version: HTTP/1.0.\n").as_str(),
            "http-1-0-hop",
            Certain,
        ),
        (
            "426 Upgrade Required",
            "WebSocket protocol violation: handshake request must be at least HTTP/1.1: \"HTTP/1.0\"\n",
            "http-1-0-hop",
            Certain,
        ),
        ("400 Bad Request", format!("{python}: missing subprotocol.\n").as_str(), "upgrade-refused", Certain),
        (
            "500 Internal Server Error",
            format!("{python}.\nSee server log for more information.\n").as_str(),
            "handshake-failed-inside",
            Likely,
        ),
    ] {
        let finding = judged(answer, body);
        assert_eq!((finding.code, finding.confidence), (code, sure), "{body}");
    }
    let state = judged("426 Upgrade Required", state);
    assert!(state.cause.contains("with_upgrades()") && state.cause.contains("HTTP/2"), "{}", state.cause);
    let wanted = judged("400 Bad Request", format!("{python}: missing subprotocol.\n").as_str());
    assert!(wanted.help[0].contains("-s NAME"), "{:?}", wanted.help);
    let named = judged("400 Bad Request", format!("{python}: invalid subprotocol; expected one of a, b.\n").as_str());
    assert_eq!(named.help, ["offer one that it names: -s a or -s b"]);
    let hostile = format!("{python}: invalid subprotocol; expected one of $(reboot), `x`, -oProxy, a;b.\n");
    assert!(!judged("400 Bad Request", &hostile).help[0].contains("reboot"));
    let none = judged("400 Bad Request", format!("{python}: no subprotocol in common.\n").as_str());
    assert_eq!((none.code, none.confidence), ("upgrade-refused", Certain));
}

#[test]
fn gorilla_and_coder_are_known_by_their_heads() {
    let gorilla = |status: &str| format!("{status}\r\nSec-Websocket-Version: 13\r\nX-Content-Type-Options: nosniff");
    for (status, body, code) in [
        ("400 Bad Request", "Bad Request\n", "upgrade-stripped"),
        ("426 Upgrade Required", "Upgrade Required\n", "upgrade-stripped"),
        ("403 Forbidden", "Forbidden\n", "origin-rejected"),
        ("500 Internal Server Error", "Internal Server Error\n", "handshake-failed-inside"),
    ] {
        let finding = judged(&gorilla(status), body);
        assert_eq!((finding.code, finding.confidence), (code, Likely), "{status}");
        assert!(finding.seen[0].contains("gorilla"), "{:?}", finding.seen);
    }
    let three = judged(&gorilla("400 Bad Request"), "Bad Request\n");
    assert!(three.seen[1].contains("Sec-WebSocket-Key"), "{:?}", three.seen);
    let coder = judged("501 Not Implemented\r\nX-Content-Type-Options: nosniff", "Not Implemented\n");
    assert_eq!((coder.code, coder.confidence), ("handshake-failed-inside", Possible));
    // The twin: the same words without gorilla's header are anybody's.
    assert_eq!(judged_with("/ws", HOST, "403 Forbidden\r\nX-Content-Type-Options: nosniff", "Forbidden\n"), None);
    assert_eq!(judged_with("/ws", HOST, "501 Not Implemented", "Not Implemented\n"), None);
}

#[test]
fn an_origin_that_is_not_allowed_gets_the_line_that_allows_it() {
    let python = "Failed to open a WebSocket connection: invalid Origin header: http://evil.example.\n";
    for (body, sure, line) in [
        ("Cross origin websockets not allowed", Certain, "def check_origin"),
        (python, Certain, "origins=[\"http://evil.example\"]"),
        ("Invalid CORS request", Certain, "setAllowedOrigins(\"http://evil.example\")"),
        ("request Origin \"evil.example\" is not authorized for Host \"a.example\"\n", Certain, "OriginPatterns"),
    ] {
        let finding = from("http://evil.example", "403 Forbidden", body);
        assert_eq!((finding.code, finding.confidence), ("origin-rejected", sure), "{body}");
        assert!(finding.help[1].contains(line), "{body}: {:?}", finding.help);
    }
    let quoted = from("http://e\"); evil(\"", "403 Forbidden", "Cross origin websockets not allowed");
    assert_eq!(quoted.help.len(), 1);
}

#[test]
fn the_page_s_own_origin_that_is_refused_speaks_of_a_changed_host() {
    let body = "Cross origin websockets not allowed";
    let nginx = from("https://a.example", "403 Forbidden\r\nServer: nginx", body);
    assert_eq!((nginx.code, nginx.confidence), ("origin-rejected", Likely));
    assert!(
        nginx.cause.starts_with("nginx changes Host") && nginx.cause.contains("or its own rule"),
        "{}",
        nginx.cause
    );
    assert_eq!(nginx.help[1], "proxy_set_header Host $http_host;");
    let unnamed = from("https://a.example", "403 Forbidden\r\nServer: TornadoServer/6.6.1", body);
    assert_eq!(unnamed.confidence, Possible);
    let coder = "request Origin \"a.example\" is not authorized for Host \"backend:8080\"\n";
    let coder = from("https://a.example", "403 Forbidden", coder);
    assert_eq!(coder.confidence, Certain);
    assert!(coder.seen[1].ends_with("it saw Host \"backend:8080\""), "{:?}", coder.seen);
    let port = "Host: a.example:8443\r\nOrigin: https://a.example:8443\r\n";
    let port = judged_with("/ws", port, "403 Forbidden\r\nServer: nginx", body).unwrap();
    assert_eq!(port.help[1], "proxy_set_header Host $http_host;");
}

#[test]
fn an_origin_that_is_wanted_is_told_as_such() {
    let body = "Failed to open a WebSocket connection: missing Origin header.\n";
    let finding = judged("403 Forbidden", body);
    assert_eq!((finding.code, finding.confidence), ("origin-rejected", Certain));
    assert_eq!(finding.help, ["send the Origin of the page: --origin URL"]);
}

#[test]
fn action_cable_s_404_is_an_origin_or_a_lost_upgrade() {
    let answer = "404 Not Found\r\nContent-Type: text/plain; charset=utf-8";
    let without = judged(answer, "Page not found");
    assert_eq!((without.code, without.confidence), ("origin-rejected", Likely));
    assert!(without.cause.contains("Upgrade"), "{}", without.cause);
    let with = from("https://b.example", answer, "Page not found");
    assert_eq!((with.code, with.confidence), ("origin-rejected", Possible));
    assert!(with.cause.contains("Origin") && with.cause.contains("Upgrade"), "{}", with.cause);
    assert_eq!(with.help[1], "config.action_cable.allowed_request_origins = [\"https://b.example\"]");
    let page = judged_with("/ws", HOST, "404 Not Found\r\nContent-Type: text/html", "Page not found");
    assert_eq!(page, None);
}

#[test]
fn an_empty_403_of_asgi_is_a_missing_route() {
    let bare = "403 Forbidden\r\nDate: Wed, 25 Nov 2026 07:38:46 GMT\r\nConnection: close\r\nContent-Length: 0\r\n\
        Content-Type: text/plain; charset=utf-8";
    for (answer, sure) in [
        ("403 Forbidden\r\nserver: uvicorn".to_string(), Likely),
        (bare.to_string(), Likely),
        (format!("{bare}\r\nServer: nginx/1.22.1"), Possible),
        ("403 \r\ncontent-length: 0".to_string(), Possible),
        ("403 \r\nServer: nginx\r\nContent-Length: 0\r\nConnection: keep-alive".to_string(), Possible),
    ] {
        let finding = judged(&answer, "");
        assert_eq!((finding.code, finding.confidence), ("route-missing", sure), "{answer}");
        assert!(finding.cause.contains("no such route") && finding.cause.contains("before it accepted"));
    }
    assert_eq!(judged_with("/ws", HOST, "403 Forbidden", ""), None);
    assert_eq!(judged_with("/ws", HOST, "403 Forbidden\r\nserver: uvicorn", "no"), None);
}

#[test]
fn channels_refuses_by_403_and_has_a_500_for_a_missing_route() {
    for (answer, origin, help) in [
        ("403 Access denied", None, "--origin URL"),
        ("403 Forbidden\r\nServer: daphne", None, "connect() of the consumer"),
        ("403 Access denied", Some("https://evil.example"), "ALLOWED_HOSTS"),
    ] {
        let finding = match origin {
            Some(origin) => from(origin, answer, ""),
            None => at("/ws/", answer, ""),
        };
        assert_eq!((finding.code, finding.confidence), ("upgrade-forbidden", Likely), "{answer}");
        assert!(finding.cause.contains("AllowedHostsOriginValidator"), "{}", finding.cause);
        assert!(finding.help[0].contains(help), "{:?}", finding.help);
    }
    let missing = at("/nope", "500 Internal server error", "");
    assert_eq!((missing.code, missing.confidence), ("handshake-failed-inside", Likely));
    assert!(missing.cause.contains("no route at /nope") && missing.cause.contains("exception"), "{}", missing.cause);
    // The twin: another server's 500 has another spelling, or fields.
    assert_eq!(judged_with("/nope", HOST, "500 Internal Server Error", ""), None);
    assert_eq!(judged_with("/nope", HOST, "500 Internal server error\r\nServer: x", ""), None);
}

#[test]
fn a_500_of_uvicorn_before_accept_is_an_exception_or_a_path_without_a_websocket() {
    let head = "500 Internal Server Error\r\nDate: Wed, 25 Nov 2026 13:45:40 GMT\r\nConnection: close\r\n\
        Content-Length: 21\r\nContent-Type: text/plain; charset=utf-8";
    let finding = at("/x", head, "Internal Server Error");
    assert_eq!((finding.code, finding.confidence), ("handshake-failed-inside", Likely));
    assert!(finding.cause.contains("python-socketio") && finding.cause.contains("exception"), "{}", finding.cause);
    assert!(finding.help[0].contains("dial /socket.io/?EIO=4&transport=websocket"), "{:?}", finding.help);
    assert!(!at("/socket.io/?EIO=4", head, "Internal Server Error").help[0].contains("dial"));
    // The twin: an ordinary request to the same framework, or a proxy's own.
    let named = "500 Internal Server Error\r\nserver: uvicorn\r\ncontent-type: text/plain; charset=utf-8";
    assert_eq!(judged_with("/x", HOST, named, "Internal Server Error"), None);
    assert_eq!(judged_with("/x", HOST, &format!("{head}\r\nServer: nginx"), "Internal Server Error"), None);
}

#[test]
fn python_socketio_refuses_a_query_or_an_origin_by_an_empty_403() {
    let head = "403 Forbidden\r\nContent-Length: 0\r\nContent-Type: text/plain; charset=utf-8";
    for target in ["/socket.io/", "/socket.io/?transport=websocket", "/socket.io/?EIO=3&transport=websocket"] {
        let finding = at(target, head, "");
        assert_eq!((finding.code, finding.confidence), ("engine-io-refused", Likely), "{target}");
        assert_eq!(finding.help, ["dial /socket.io/?EIO=4&transport=websocket"]);
    }
    let whole = "/socket.io/?EIO=4&transport=websocket";
    let fields = format!("{HOST}Origin: https://b.example\r\n");
    let foreign = judged_with(whole, &fields, head, "").unwrap();
    assert_eq!((foreign.code, foreign.confidence), ("origin-rejected", Likely));
    assert_eq!(foreign.help[1], "cors_allowed_origins=[\"https://b.example\"],");
    assert_eq!(at(whole, head, "").code, "route-missing");
}

#[test]
fn express_s_404_shows_that_nothing_took_the_upgrade() {
    let page = "<!DOCTYPE html>\n<body>\n<pre>Cannot GET /ws</pre>\n</body>\n";
    let nest = "{\"message\":\"Cannot GET /ws\",\"error\":\"Not Found\",\"statusCode\":404}";
    for body in [page, nest] {
        let direct = judged("404 Not Found\r\nX-Powered-By: Express", body);
        assert_eq!((direct.code, direct.confidence), ("upgrade-not-offered-here", Likely));
        assert!(direct.cause.contains("no WebSocket server is attached"), "{}", direct.cause);
        assert!(direct.cause.contains("takes Upgrade away"), "{}", direct.cause);
        assert_eq!(direct.help[2], "new WebSocketServer({ server, path: '/ws' });");
    }
    let nginx = judged("404 Not Found\r\nServer: nginx\r\nX-Powered-By: Express", page);
    assert!(nginx.cause.starts_with("nginx does not pass") && nginx.cause.contains("attached"), "{}", nginx.cause);
    assert!(nginx.help[0].contains("nginx location"), "{:?}", nginx.help);
    let caddy = judged("404 Not Found\r\nServer: Caddy\r\nX-Powered-By: Express", page);
    assert!(caddy.cause.starts_with("no WebSocket server") && caddy.cause.contains("Upgrade"), "{}", caddy.cause);
    // The twin: the path that Express saw is another one, which other rules tell.
    assert_eq!(judged_with("/api/ws", HOST, "404 Not Found", page), None);
    let hostile = at("/a'b", "404 Not Found", "<pre>Cannot GET /a'b</pre>");
    assert_eq!(hostile.help[2], "new WebSocketServer({ server });");
}

#[test]
fn fastify_s_404_tells_of_a_path_without_a_route() {
    let body = |path: &str| {
        format!("{{\"message\":\"Route GET:{path} not found\",\"error\":\"Not Found\",\"statusCode\":404}}")
    };
    let finding = at("/x?a=1", "404 Not Found", &body("/x?a=1"));
    assert_eq!((finding.code, finding.confidence), ("upgrade-not-offered-here", Likely));
    assert!(finding.fact.ends_with("Fastify has no route at /x"), "{}", finding.fact);
    // The twins: a path that was changed on the way, and an empty 404.
    assert_eq!(judged_with("/api/x", HOST, "404 Not Found", &body("/x")), None);
    assert_eq!(judged_with("/x", HOST, "404 Not Found", ""), None);
}

#[test]
fn an_empty_403_of_envoy_is_its_own_only_when_nothing_stood_behind() {
    let finding = judged("403 Forbidden\r\nserver: envoy", "");
    assert_eq!((finding.code, finding.confidence), ("upgrade-not-enabled", Likely));
    assert!(finding.help.contains(&"- upgrade_type: websocket".to_string()), "{:?}", finding.help);
    assert_eq!(judged("403 Forbidden\r\nserver: istio-envoy", "").confidence, Possible);
    let behind = "403 Forbidden\r\nserver: envoy\r\nx-envoy-upstream-service-time: 3";
    assert_eq!(judged_with("/ws", HOST, behind, ""), None);
}

#[test]
fn a_bare_400_of_node_ws_is_a_wrong_path() {
    let answer = "400 Bad Request\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: 11";
    let finding = at("/wrong", answer, "Bad Request");
    assert_eq!((finding.code, finding.confidence), ("route-missing", Likely));
    assert!(finding.fact.ends_with("node ws has nothing at /wrong"), "{}", finding.fact);
    assert!(finding.cause.contains("option path") && finding.cause.contains("several"), "{}", finding.cause);
    // The twin: another server's 400 with the same words.
    assert_eq!(judged_with("/wrong", HOST, "400 Bad Request", "Bad Request\n"), None);
}

#[test]
fn a_404_of_asgi_s_framework_went_to_an_ordinary_request() {
    let direct = judged("404 Not Found\r\nserver: uvicorn", "Not Found");
    assert_eq!((direct.code, direct.confidence), ("upgrade-stripped", Possible));
    assert!(direct.cause.contains("library") && direct.cause.contains("proxy"), "{}", direct.cause);
    let nginx = judged("404 Not Found\r\nServer: nginx", "{\"detail\":\"Not Found\"}");
    assert!(nginx.cause.starts_with("nginx") && nginx.cause.contains("library"), "{}", nginx.cause);
    assert!(nginx.help[0].contains("nginx location"), "{:?}", nginx.help);
    let daphne = judged("404 Not Found\r\nServer: daphne", "Not Found");
    assert!(!daphne.cause.contains("library"), "{}", daphne.cause);
    // Hypercorn has its library with it, and is known behind nginx by the reason phrase that it does not write.
    for answer in ["404 \r\nServer: nginx", "404 \r\nserver: hypercorn-h11"] {
        let hypercorn = judged(answer, "{\"detail\":\"Not Found\"}");
        assert!(hypercorn.seen[0].contains("Hypercorn") && !hypercorn.cause.contains("library"), "{hypercorn:#?}");
    }
    assert!(direct.help.concat().contains("pip install") && direct.help.concat().contains("upgrade=websocket"));
    let apache = "404 Not Found\r\nDate: x\r\nServer: uvicorn\r\ncontent-length: 22\r\ncontent-type: application/json";
    let apache = judged(apache, "{\"detail\":\"Not Found\"}");
    assert!(apache.cause.starts_with("Apache") && apache.help.concat().contains("upgrade=websocket"), "{apache:#?}");
    let small =
        judged("404 Not Found\r\nserver: uvicorn\r\ncontent-type: application/json", "{\"detail\":\"Not Found\"}");
    assert!(small.cause.starts_with("uvicorn runs"), "{small:#?}");
    assert_eq!(judged_with("/ws", HOST, "404 Not Found", "Not Found"), None);
}

#[test]
fn phoenix_wants_websocket_at_the_path_s_end() {
    let finding = at("/socket", "404 Not Found\r\nserver: Cowboy", "Not Found");
    assert_eq!((finding.code, finding.help[0].as_str()), ("route-missing", "dial /socket/websocket"));
    assert_eq!(judged_with("/other", HOST, "404 Not Found\r\nserver: Cowboy", "Not Found"), None);
}

/// Target, status, body; code, confidence, a part of the cause.
#[rustfmt::skip]
const ENGINE_IO: &[(&str, u16, &str, &str, Confidence, &str)] = &[
    ("/socket.io/", 400, "Transport unknown", "engine-io-refused", Certain, "transport=websocket is missing"),
    ("/socket.io/", 400, "{\"code\":0,\"message\":\"Transport unknown\"}", "engine-io-refused", Certain,
        "Upgrade did not"),
    ("/socket.io/?EIO=4&transport=websocket", 400, "Transport unknown", "engine-io-refused", Likely, "transports"),
    ("/socket.io/?EIO=4&transport=websocket&sid=a", 400, "Session ID unknown", "session-unknown", Possible, "sticky"),
    ("/socket.io/?EIO=4", 400, "{\"code\":1,\"message\":\"Session ID unknown\"}", "session-unknown", Possible, "query"),
    ("/socket.io/", 400, "{\"code\":2,\"message\":\"Bad handshake method\"}", "engine-io-refused", Likely, "method"),
    ("/socket.io/?EIO=4&transport=websocket", 400, "{\"code\":3,\"message\":\"Bad request\"}", "upgrade-stripped",
        Likely, "does not pass Upgrade"),
    ("/socket.io/?EIO=4&transport=polling", 400, "{\"code\":3,\"message\":\"Bad request\"}", "engine-io-refused",
        Possible, "Upgrade did not reach"),
    ("/socket.io/?EIO=4&transport=websocket&sid=a", 400, "Bad request", "engine-io-refused", Possible, "session"),
    ("/socket.io/?EIO=4&transport=websocket", 403, "{\"code\":4,\"message\":\"no\"}", "engine-io-refused", Likely,
        "allowRequest"),
    ("/socket.io/?EIO=4&transport=websocket", 400, "Forbidden", "engine-io-refused", Likely, "allowRequest"),
    ("/socket.io/?EIO=3&transport=websocket", 400, "{\"code\":5,\"message\":\"Unsupported protocol version\"}",
        "engine-io-refused", Certain, "EIO=3 was sent"),
    ("/socket.io/?EIO=4&transport=websocket", 400, "Unsupported protocol version", "engine-io-refused", Possible, "or"),
];

#[test]
fn every_code_of_engine_io_has_its_meaning_in_json_and_as_text() {
    for (target, status, body, code, sure, cause) in ENGINE_IO {
        let finding = at(target, &format!("{status} Any"), body);
        assert_eq!((finding.code, finding.confidence), (*code, *sure), "{target} {body}");
        assert!(finding.cause.contains(cause), "{target} {body}: {}", finding.cause);
        assert!(finding.seen[0].starts_with("Engine.IO's code "), "{:?}", finding.seen);
    }
    let own = "400 Bad Request\r\nConnection: close\r\nContent-type: text/html\r\nContent-Length: 2";
    assert!(at("/socket.io/?EIO=4&transport=websocket", own, "no").cause.contains("allowRequest"));
    assert_eq!(judged_with("/ws", HOST, own, "no"), None);
    let missing = at("/socket.io/", "400 Bad Request", "Transport unknown");
    assert_eq!(missing.help, ["dial /socket.io/?EIO=4&transport=websocket"]);
}

#[test]
fn other_servers_with_the_words_or_the_json_of_engine_io_are_not_taken_for_it() {
    for (status, body) in [
        ("403 Forbidden", "Forbidden"),
        ("400 Bad Request", "Forbidden"),
        ("400 Bad Request", "Bad request"),
        ("400 Bad Request", "{\"code\":1,\"message\":\"no such room\"}"),
        ("400 Bad Request", "{\"code\":77,\"message\":\"Transport unknown\"}"),
    ] {
        assert_eq!(judged_with("/ws", HOST, status, body), None, "{status} {body}");
    }
}

#[test]
fn base_pages_of_other_transports_say_which_url_to_dial() {
    let polling = "0{\"sid\":\"yw2rDl\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000}";
    let negotiated =
        "{\"negotiateVersion\":1,\"connectionId\":\"a\",\"connectionToken\":\"b\",\"availableTransports\":[]}";
    let info = "{\"websocket\":true,\"origins\":[\"*:*\"],\"cookie_needed\":false,\"entropy\":1009511417}";
    for (target, body, code, help) in [
        ("/echo", "Welcome to SockJS!\n", "answered-without-upgrade", "dial /echo/websocket"),
        ("/echo/", "Welcome to SockJS!\n", "answered-without-upgrade", "dial /echo/websocket"),
        ("/echo/info", info, "answered-without-upgrade", "dial /echo/websocket"),
        ("/socket.io/?transport=polling", polling, "answered-without-upgrade", "dial /socket.io/?EIO=4&transport="),
        ("/hub/negotiate", negotiated, "negotiate-first", "dial /hub?id="),
    ] {
        let finding = at(target, "200 OK", body);
        assert_eq!((finding.code, finding.confidence), (code, Certain), "{body}");
        assert!(finding.help[0].starts_with(help), "{body}: {:?}", finding.help);
    }
    let off = at("/echo/info", "200 OK", &info.replace("true", "false"));
    assert_eq!((off.code, off.confidence), ("upgrade-not-enabled", Certain));
    assert_eq!(judged_with("/", HOST, "200 OK", "{\"ok\":true}"), None);
}

#[test]
fn every_refusal_of_signal_r_has_its_meaning() {
    for (target, answer, body, code, sure) in [
        ("/hub", "400 Bad Request", "Connection ID required", "negotiate-first", Possible),
        ("/hub?id=a", "404 Not Found", "No Connection with that ID", "session-unknown", Possible),
        (
            "/hub",
            "404 Not Found",
            "WebSockets transport not supported by this end point type",
            "upgrade-not-enabled",
            Certain,
        ),
        ("/hub?id=a", "409 Conflict\r\nServer: Kestrel", "", "negotiate-first", Likely),
        ("/hub?id=a", "409 Conflict", "", "negotiate-first", Possible),
    ] {
        let finding = at(target, answer, body);
        assert_eq!((finding.code, finding.confidence), (code, sure), "{answer}");
    }
    let first = at("/hub", "400 Bad Request", "Connection ID required");
    assert!(first.cause.contains("no id") && first.cause.contains("Upgrade"), "{}", first.cause);
    assert_eq!(judged_with("/hub", HOST, "409 Conflict", ""), None);
}

#[test]
fn what_is_told_fits_a_line_and_is_ascii() {
    for (target, status, body, ..) in ENGINE_IO {
        let finding = at(target, &format!("{status} Bad Request"), body);
        assert!(finding.fact.len() <= 96 && finding.fact.is_ascii(), "{}", finding.fact);
        assert!(finding.cause.is_ascii() && finding.help.iter().all(|line| line.is_ascii()), "{finding:?}");
    }
    let hostile = at("/a\u{1b}[2J", "400 Bad Request", "Transport unknown");
    assert!(!format!("{}{}", hostile.fact, hostile.help.join(" ")).contains('\u{1b}'));
}

#[test]
fn older_releases_of_uvicorn_and_granian_are_known_by_their_heads() {
    let old = "403 Forbidden\r\nDate: Wed, 25 Nov 2026 14:49:31 GMT\r\nContent-Length: 0\r\nContent-Type: \
               text/plain\r\nConnection: close";
    for answer in [old, "403 Forbidden\r\nserver: granian\r\ncontent-length: 0"] {
        let finding = judged(answer, "");
        assert_eq!((finding.code, finding.confidence), ("route-missing", Likely), "{answer}");
    }
    // The twin: written by hand, without a Date.
    let hand = "403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 0";
    assert_eq!(judged_with("/ws", HOST, hand, ""), None);
    let raised = "500 Internal Server Error\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 21\r\n\
                  connection: close";
    assert_eq!(judged(raised, "Internal Server Error").code, "handshake-failed-inside");
    // The twin: another field beside these three.
    let more = format!("{raised}\r\nx-request-id: 1");
    assert_eq!(judged_with("/ws", HOST, &more, "Internal Server Error"), None);
}

#[test]
fn flask_has_a_bad_request_for_an_upgrade_to_an_ordinary_route() {
    let page = "<!doctype html>\n<html lang=en>\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n<p>The browser \
                (or proxy) sent a request that this server could not understand.</p>\n";
    for (server, cause, help) in [
        ("waitress", "a proxy takes Upgrade away", "not waitress"),
        ("gunicorn", "a proxy takes Upgrade away", "gunicorn --threads"),
        ("nginx", "nginx takes Upgrade away", "proxy_set_header Upgrade"),
    ] {
        let finding = judged(&format!("400 BAD REQUEST\r\nServer: {server}"), page);
        assert_eq!((finding.code, finding.confidence), ("upgrade-not-offered-here", Likely), "{server}");
        assert!(finding.cause.contains("ordinary one") && finding.cause.contains(cause), "{finding:?}");
        assert!(finding.help.join("\n").contains(help), "{finding:?}");
    }
    // The twin: our own request was no upgrade.
    let plain = "GET /ws HTTP/1.1\r\nHost: a.example\r\n\r\n";
    assert_eq!(judged_request(plain, "400 BAD REQUEST\r\nServer: waitress", page), None);
}

#[test]
fn node_refuses_by_verify_client_and_by_its_parser() {
    let typed = |status: &str| format!("{status}\r\nConnection: close\r\nContent-Type: text/html");
    for (status, words, code) in [
        ("401 Unauthorized", "Unauthorized", "upgrade-unauthorized"),
        ("403 Forbidden", "Forbidden", "upgrade-forbidden"),
    ] {
        let finding = judged(&typed(status), words);
        assert_eq!((finding.code, finding.confidence), (code, Possible));
        assert!(finding.cause.contains("verifyClient") && finding.cause.contains("Origin"), "{finding:?}");
        // The twins: another server names itself, or asks for credentials.
        let named = format!("{}\r\nServer: TornadoServer/6.6.1", typed(status));
        assert_eq!(judged_with("/ws", HOST, &named, words), None);
        let asks = format!("{}\r\nWWW-Authenticate: Bearer", typed(status));
        assert_eq!(judged_with("/ws", HOST, &asks, words), None);
    }
    // The twin: credentials were sent, which are judged by themselves.
    let fields = format!("{HOST}Authorization: Bearer a\r\n");
    assert_eq!(judged_with("/ws", &fields, &typed("401 Unauthorized"), "Unauthorized"), None);
    assert_eq!(judged_with("/ws?token=a", HOST, &typed("401 Unauthorized"), "Unauthorized"), None);
    let bare = judged("400 Bad Request\r\nConnection: close", "");
    assert!(bare.cause.contains("PROXY protocol") && bare.cause.contains("by hand"), "{bare:?}");
    assert_eq!(bare.confidence, Possible);
    assert_eq!(judged_with("/ws", HOST, "400 Bad Request\r\nConnection: close\r\nServer: x", ""), None);
}
