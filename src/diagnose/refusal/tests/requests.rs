//! Answers that are about the request, its place or its HTTP version, and their twins.

use super::*;

#[test]
fn a_400_has_many_kinds() {
    let invalid = "<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n</body></html>\n";
    assert_rows(&[
        (
            "400 X\r\nServer: nginx",
            "<center>No required SSL certificate was sent</center><hr><center>nginx</center>",
            "client-certificate-wanted",
            Certain,
            "client certificate",
            "",
        ),
        (
            "400 X\r\nServer: nginx",
            "<h1>400 Bad Request</h1><hr><center>nginx</center>",
            "upgrade-refused",
            Likely,
            "nginx itself",
            "error_log",
        ),
        ("400 X", invalid, "upgrade-refused", Likely, "HAProxy itself", "show errors"),
        ("400 X\r\nServer: awselb/2.0", "", "upgrade-not-enabled", Possible, "Lambda", "target group"),
        ("400 X", "no subprotocol was offered", "upgrade-refused", Likely, "subprotocol", "-s NAME"),
        ("400 X", "no such room", "upgrade-refused", Likely, "what the body says", "path first"),
        ("400 Bad Request", "Bad Request\n", "upgrade-refused", Possible, "a wrong path", "-s"),
        ("400 X", "Request Header Or Cookie Too Large", "request-too-large", Possible, "a hop adds to it", ""),
        ("406 X", "", "upgrade-refused", Possible, "Accept", "mapping"),
        ("408 X", "", "upgrade-refused", Possible, "in time", "again"),
        ("408 X\r\nServer: awselb/2.0", "", "upgrade-refused", Likely, "TCP keepalives do not count", "held up"),
        ("409 X", "", "upgrade-refused", Possible, "already", "session"),
        ("411 X", "", "upgrade-refused", Possible, "body", "compare"),
        ("413 X", "", "request-too-large", Possible, "what we sent is small", ""),
        ("414 X", "", "request-too-large", Possible, "what we sent is small", ""),
        ("421 X", "", "upgrade-refused", Possible, "not the one for this name", "name"),
        ("405 X\r\nAllow: POST", "", "upgrade-refused", Likely, "other methods only", "path"),
        ("405 X\r\nAllow: GET, HEAD", "", "upgrade-refused", Likely, "changed the method", "compare"),
        ("405 X", "", "upgrade-refused", Possible, "other methods", "path"),
        ("415 X", "", "upgrade-refused", Possible, "Accept", "mapping"),
        ("400 \r\nServer: nginx", "", "upgrade-refused", Possible, "Hypercorn", "proxy_http_version 1.1;"),
        ("400 \r\nServer: caddy", "", "upgrade-refused", Possible, "wrong path", "path"),
        ("429 X\r\nRetry-After: 30", "", "rate-limited", Possible, "address", "after 30 s"),
        ("429 X\r\nServer: cloudflare", "error code: 1015", "rate-limited", Likely, "Cloudflare", "exempt"),
        ("429 X\r\nSet-Cookie: ARRAffinity=a", "", "rate-limited", Possible, "Azure", "plan"),
    ]);
}

#[test]
fn a_large_head_is_told_with_its_largest_part_and_the_limit_of_who_answered() {
    let cookie = "x".repeat(9000);
    let request = format!("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nCookie: {cookie}\r\n\r\n");
    let body = "<h1>400 Bad Request</h1><center>Request Header Or Cookie Too Large</center><hr><center>nginx</center>";
    let finding = judged_with(request.as_bytes(), "ws://a/ws", "400 Bad Request\r\nServer: nginx", body);
    assert_eq!((finding.code, finding.who, finding.confidence), ("request-too-large", "client", Likely));
    assert!(finding.seen[0].contains("8.8 KiB of it Cookie"), "{:?}", finding.seen);
    assert_eq!(finding.help[1], "large_client_header_buffers 4 32k;");
    // The twin: what we sent is small, so that it is not known whose part is large.
    let small = judged("431 Request Header Fields Too Large", "");
    assert_eq!((small.code, small.confidence), ("request-too-large", Possible));
    let low = judged("400 Bad Request\r\nServer: nginx", body);
    assert_eq!((low.confidence, low.help[1].as_str()), (Possible, "large_client_header_buffers 4 32k;"));
}

#[test]
fn http_1_0_on_the_way_is_told_by_501_and_505() {
    assert_rows(&[
        ("501 Not Implemented\r\nserver: Cowboy", "", "http-1-0-hop", Likely, "Cowboy", "proxy_http_version 1.1;"),
        ("501 Not Implemented\r\nServer: nginx", "", "http-1-0-hop", Possible, "cannot upgrade", "nginx location"),
        ("501 Not Implemented", "Not Implemented\n", "server-error", Possible, "Cowboy", "log"),
        ("505 HTTP Version Not Supported", "", "http-1-0-hop", Likely, "HTTP/1.0", "HTTP/1.1"),
        ("426 Upgrade Required\r\nserver: envoy", "", "http-1-0-hop", Possible, "saw no Upgrade", "before Envoy"),
        ("500 X", "response does not implement http.Hijacker", "server-error", Likely, "middleware", "Hijack"),
        ("500 X", "", "server-error", Possible, "exception", "log"),
    ]);
}

#[test]
fn a_426_can_want_another_protocol() {
    let finding = judged("426 Upgrade Required\r\nUpgrade: TLS/1.2, HTTP/1.1", "");
    assert_eq!((finding.code, finding.help[0].as_str()), ("upgrade-refused", "use wss:// in the client"));
    let behind = judged("426 Upgrade Required\r\nServer: nginx\r\nUpgrade: websocket", "x");
    assert_eq!((behind.code, behind.confidence), ("upgrade-stripped", Likely));
}

#[test]
fn a_page_tells_what_kind_it_is() {
    let html = "200 OK\r\nContent-Type: text/html";
    let behind = "200 OK\r\nServer: nginx/1.22.1\r\nContent-Type: text/html";
    assert_rows(&[
        (
            html,
            "<div id=\"root\"></div>",
            "plain-page",
            Likely,
            "falls to the application's page",
            "before the fallback",
        ),
        (behind, "<div id=\"root\"></div>", "plain-page", Likely, "falls to", "location /ws {"),
        (html, "<title>Sign in</title>", "plain-page", Likely, "login", "--cookie"),
        (html, "<input type=\"password\">", "plain-page", Likely, "login", "--cookie"),
        (behind, "<title>Welcome to nginx!</title>", "plain-page", Likely, "first page", "location /ws {"),
        (html, "<script src=\"/@vite/client\">", "plain-page", Likely, "Vite", "ws: true"),
        (html, "<p>hello", "plain-page", Possible, "lost Upgrade", "path"),
        ("200 OK\r\nX-Cache: HIT", "ok", "answered-without-upgrade", Likely, "cache", "caching off"),
        ("304 Not Modified", "", "answered-without-upgrade", Possible, "lost", ""),
        ("200 OK\r\nAge: 0", "ok", "answered-without-upgrade", Possible, "check of health", ""),
        (
            "200 OK\r\nContent-Type: text/event-stream",
            "",
            "answered-without-upgrade",
            Likely,
            "server-sent",
            "EventSource",
        ),
        ("200 OK\r\nContent-Type: application/json", "{}", "answered-without-upgrade", Possible, "interface", ""),
    ]);
}

#[test]
fn a_redirect_is_known_by_what_differs() {
    let to = |url: &str, location: &str| {
        judged_with(REQUEST, url, &format!("301 Moved Permanently\r\nServer: nginx\r\nLocation: {location}"), "")
    };
    for (url, location, confidence, cause, help) in [
        ("ws://a/ws", "https://a/ws", Likely, "wants TLS", "wss://a/ws"),
        ("ws://a:8080/ws", "https://a/ws", Likely, "wants TLS", "wss://a/ws"),
        ("wss://a/ws", "https://a/ws", Likely, "a loop", "X-Forwarded-Proto"),
        ("wss://a/ws", "http://a/ws", Possible, "TLS in front", "X-Forwarded-Proto"),
        ("ws://a/ws", "http://a/ws", Possible, "cookie", "--cookie"),
        ("ws://a:8080/ws", "http://a:81/ws", Possible, "its own port", "ws://a:81/ws"),
        ("ws://a/ws", "http://a/ws/", Likely, "lacks a slash", "ws://a/ws/"),
        ("ws://a/ws", "https://www.a/ws", Likely, "www", "wss://www.a/ws"),
        ("ws://a/ws", "https://b/ws", Possible, "another host name", "wss://b/ws"),
        ("ws://a/ws", "https://portal.b/start", Possible, "portal", "-L"),
        ("ws://a/ws", "/", Possible, "start page", "-L"),
        ("ws://a/ws", "/v2/ws", Possible, "another one now", "-L"),
        ("ws://a/ws", "https://sso.b/saml?x=secret", Likely, "login", "--cookie"),
        ("ws://a/ws", "/login", Likely, "login", "--cookie"),
        ("ws://a/login-first", "/login", Possible, "another one now, or a login", "use ws://a/login in"),
        ("ws://login.a/ws", "https://login.b/ws", Possible, "another host name", "wss://login.b/ws"),
        ("ws://a/ws", "https://a:80/ws", Likely, "wants TLS", "wss://a:80/ws"),
        ("wss://a/ws", "/ws", Possible, "cookie", "--cookie"),
        ("ws://a/ws", "../v2?x=secret", Possible, "another one now", "use ws://a/v2 with the query of Location"),
        ("ws://a/ws", "/$(reboot)`id`", Possible, "another one now", "use ws://a/%24%28reboot%29%60id%60 in"),
    ] {
        let finding = to(url, location);
        assert_eq!((finding.code, finding.confidence), ("upgrade-redirected", confidence), "{location}: {finding:#?}");
        assert!(finding.cause.contains(cause), "{finding:#?}");
        assert!(finding.help.join("\n").contains(help), "{finding:#?}");
        assert!(!format!("{finding:?}").contains("secret"), "{finding:#?}");
    }
}

#[test]
fn every_status_of_a_redirect_is_one() {
    for status in [300, 301, 302, 303, 307, 308] {
        let finding = judged(&format!("{status} X\r\nLocation: https://a/ws"), "");
        assert_eq!((finding.code, finding.help.len()), ("upgrade-redirected", 1), "{status}");
        assert!(finding.fact.contains("browsers never follow"), "{}", finding.fact);
    }
    // The twin: a copy that is still good sends nobody elsewhere.
    assert_eq!(judged("304 Not Modified", "").code, "answered-without-upgrade");
}

#[test]
fn a_location_that_cannot_be_used_is_told_and_never_advised() {
    for (location, cause) in [
        ("", "is empty"),
        ("javascript:alert(1)", "the scheme of Location is \"javascript\""),
        ("data:text/html,x", "the scheme of Location is \"data\""),
        ("file:///etc/passwd", "the scheme of Location is \"file\""),
        ("http://[::1", "no URL: invalid IPv6 address"),
        ("http://a:99999/ws", "no URL: invalid port number"),
        ("http://a:0/ws", "the port 0"),
        ("/a\u{9b}b", "a control character"),
    ] {
        let answer = format!("302 Found\r\nLocation: {location}");
        let finding = judged_with(REQUEST, "ws://a/ws", &answer, "");
        assert_eq!((finding.code, finding.confidence), ("upgrade-redirected", Certain), "{location}: {finding:#?}");
        assert_eq!(finding.fact, "HTTP 302 Found: the redirect has no usable Location");
        assert!(finding.cause.contains(cause), "{location}: {}", finding.cause);
        assert!(finding.seen[0].starts_with("Location: \"") && finding.seen[0].is_ascii(), "{:?}", finding.seen);
        assert!(!finding.help.join(" ").contains("in the client"), "{:?}", finding.help);
    }
    let none = judged("302 Found", "");
    assert_eq!((none.fact.as_str(), none.confidence), ("HTTP 302 Found: the redirect has no Location", Certain));
}

#[test]
fn an_expired_token_is_told_by_its_own_time() {
    // {"exp":1000}
    let request = b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nAuthorization: Bearer \
        e30.eyJleHAiOjEwMDB9.c2ln\r\n\r\n";
    let dated = |now_ms: i64, date: &str| Facts {
        sent: Some(Head::verbatim(request.to_vec())),
        answer: Some(Head::verbatim(
            format!("HTTP/1.1 401 Unauthorized\r\n{date}WWW-Authenticate: Bearer\r\n\r\n").into_bytes(),
        )),
        wall_start_unix_ms: Some(now_ms),
        ..Facts::default()
    };
    let facts = |now_ms: i64| dated(now_ms, "");
    // This machine's clock alone may be wrong.
    assert_eq!(refused(&facts(1_060_000), 401, "Unauthorized").confidence, Likely);
    let ahead = refused(&dated(1_060_000, "Date: Thu, 01 Jan 1970 00:15:00 GMT\r\n"), 401, "Unauthorized");
    assert_eq!(ahead.cause, "the token or password is wrong or expired");
    let late = refused(&dated(1_060_000, "Date: Thu, 01 Jan 1970 00:17:40 GMT\r\n"), 401, "Unauthorized");
    assert_eq!((late.confidence, late.cause.as_str()), (Certain, "the token has expired"));
    assert!(late.seen.contains(&String::from("the exp of the token that was sent was 60 s before this answer")));
    let good = refused(&facts(900_000), 401, "Unauthorized");
    assert_eq!((good.confidence, good.cause.as_str()), (Likely, "the token or password is wrong or expired"));
}

#[test]
fn a_401_without_a_challenge_names_what_it_can_be() {
    assert_rows(&[
        ("401 Unauthorized", "", "upgrade-unauthorized", Possible, "the token in the query", ""),
        (
            "401 X\r\napigw-requestid: a",
            "{\"message\":\"Unauthorized\"}",
            "upgrade-unauthorized",
            Likely,
            "authorizer",
            "identity source",
        ),
        // The twins: everybody's words, and a field that others of AWS have too.
        (
            "401 X",
            "{\"message\":\"Unauthorized\"}",
            "upgrade-unauthorized",
            Possible,
            "the application's own check",
            "the application's log",
        ),
        ("401 X\r\nx-amzn-RequestId: a", "", "upgrade-unauthorized", Possible, "own check", "identity source"),
        ("401 X\r\nWWW-Authenticate: Negotiate", "", "upgrade-unauthorized", Likely, "Windows", "cookie"),
        ("401 X\r\nWWW-Authenticate: Bearer", "", "upgrade-unauthorized", Likely, "no token", "--bearer"),
    ]);
}

#[test]
fn a_right_accept_under_another_status_is_a_handler_that_answers_wrongly() {
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let of = |accept: &str| judged_with(REQUEST, "ws://a/", &format!("200 OK\r\nSec-WebSocket-Accept: {accept}"), "");
    let right = of("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!((right.code, right.confidence), ("answered-without-upgrade", Likely));
    assert!(right.cause.contains("200 in place of 101"), "{right:?}");
    assert!(!of("x").cause.contains("in place of 101"));
}
