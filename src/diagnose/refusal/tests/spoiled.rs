//! Requests that a hop spoiled: the bodies are those that the servers of the time gave behind nginx 1.22.

use super::*;

const REQUEST: &[u8] = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fn behind_nginx(answer: &str, body: &str) -> Finding {
    judged_with(REQUEST, "ws://a/ws", &format!("{answer}\r\nServer: nginx/1.22.1"), body)
}

fn behind_nobody(answer: &str, body: &str) -> Finding {
    judged_with(REQUEST, "ws://a/ws", answer, body)
}

const PYTHON: &str = "Failed to open a WebSocket connection: invalid Upgrade header: websocket, websocket.\n";

#[test]
fn an_upgrade_that_arrived_twice_is_not_one_that_is_lost() {
    let python = behind_nginx("426 Upgrade Required", PYTHON);
    assert_eq!((python.code, python.confidence), ("upgrade-refused", Likely));
    assert_eq!(python.cause, "nginx has two proxy_set_header Upgrade lines here, and sends both");
    assert!(python.help[0].starts_with("leave each of these once in the nginx location that serves /ws"));
    let node = behind_nginx("400 Bad Request", "Invalid Upgrade header");
    assert!(node.cause.contains("two proxy_set_header Upgrade lines") && node.confidence == Likely, "{node:#?}");
    let unnamed = behind_nobody("400 Bad Request", "Invalid Upgrade header");
    assert!(unnamed.cause.starts_with("a hop in front") && unnamed.confidence == Possible, "{unnamed:#?}");
    // The twins: an Upgrade that is not there, and one of our own making.
    let lost = "Failed to open a WebSocket connection: missing Upgrade header.\n";
    assert_eq!(behind_nginx("426 Upgrade Required", lost).code, "upgrade-stripped");
    let line = "Upgrade: websocket\r\n";
    let own = String::from_utf8_lossy(REQUEST).replace(line, &line.repeat(2));
    let python = judged_with(own.as_bytes(), "ws://a/ws", "426 X", PYTHON);
    assert!(!python.cause.contains("proxy_set_header"), "{python:#?}");
    let node = judged_with(own.as_bytes(), "ws://a/ws", "400 Bad Request", "Invalid Upgrade header");
    assert!(node.code == "upgrade-refused" && !node.cause.contains("proxy_set_header"), "{node:#?}");
}

#[test]
fn a_text_for_a_lost_and_for_a_second_upgrade_names_both() {
    let tornado = behind_nginx("400 Bad Request", "Can \"Upgrade\" only to \"WebSocket\".");
    assert!(tornado.cause.contains("does not pass Upgrade") && tornado.cause.contains("twice"), "{tornado:#?}");
    assert!(tornado.help.iter().any(|line| line.contains("each once")), "{tornado:#?}");
    let aiohttp = "No WebSocket UPGRADE hdr: None\n Can \"Upgrade\" only to \"WebSocket\".";
    assert!(!behind_nginx("400 Bad Request", aiohttp).cause.contains("twice"));
    // node has this text for a lost Connection too: then Upgrade, or proxy_http_version, is there to be replaced.
    let node = behind_nginx("426 Upgrade Required", "Upgrade Required");
    assert!(!node.cause.contains("twice"), "{node:#?}");
    assert!(node.help.iter().any(|line| line.contains("each once")), "{node:#?}");
}

#[test]
fn a_header_or_a_method_that_is_lost_has_the_directive_that_takes_it() {
    let key = "Failed to open a WebSocket connection: missing Sec-WebSocket-Key header.\n";
    let version = "Missing or invalid Sec-WebSocket-Version header";
    for (answer, body, code, help) in [
        ("400 Bad Request", key, "key-lost", "proxy_set_header line for Sec-WebSocket-Key"),
        ("400 Bad Request", version, "key-lost", "proxy_set_header line for Sec-WebSocket-Version"),
        ("405 Method Not Allowed", "Invalid HTTP method", "upgrade-refused", "proxy_method"),
    ] {
        let finding = behind_nginx(answer, body);
        assert_eq!(finding.code, code, "{body}");
        assert!(finding.help[0].contains(help) && finding.help[1].starts_with("nginx -T"), "{finding:#?}");
        let unnamed = behind_nobody(answer, body);
        assert!(unnamed.help[0].starts_with("compare with a request straight"), "{unnamed:#?}");
    }
}

#[test]
fn an_asgi_route_that_is_missing_may_be_a_prefix_that_the_proxy_takes_away() {
    let bare = "403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 0";
    let finding = behind_nginx(bare, "");
    assert_eq!(finding.code, "route-missing");
    assert!(finding.cause.contains("takes a part of the path away") && finding.help[0].contains("proxy_pass"));
    assert!(!behind_nobody(bare, "").cause.contains("part of the path"));
}
