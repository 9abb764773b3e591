//! Answers that a hop made of itself: gateways, routes, rules; and their twins, where nobody is named.

use super::*;
use crate::event::{CertificateRequest, TlsReady};
use crate::moment::Span;

fn nginx(title: &str) -> String {
    format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>\
         nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
    )
}

fn haproxy(title: &str, sentence: &str) -> String {
    format!("<html><body><h1>{title}</h1>\n{sentence}\n</body></html>\n")
}

#[test]
fn nginx_does_not_tell_why_it_has_no_good_answer_so_all_causes_are_named() {
    let finding = judged("502 Bad Gateway\r\nServer: nginx/1.22.1", &nginx("502 Bad Gateway"));
    assert_eq!((finding.code, finding.confidence), ("server-unavailable", Possible));
    for part in ["refuses", "crashed", "reset", "no HTTP", "TLS"] {
        assert!(finding.cause.contains(part), "{part}: {}", finding.cause);
    }
    assert_eq!(finding.seen[0], "answered by nginx itself, not by the application");
    assert!(finding.help[0].contains("nginx's error log"));
    // The same status from an application behind nginx is not nginx's own.
    let behind = judged("502 Bad Gateway\r\nServer: nginx/1.22.1", "my backend is gone");
    assert!(!behind.cause.contains("nginx") && behind.confidence == Possible, "{behind:#?}");
}

const LIGHTTPD: &str = "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<title>x</title>";

const DJANGO: &str = "<h1>Not Found</h1><p>The requested resource was not found on this server.</p>";

#[test]
fn an_apache_that_waited_is_told_from_one_whose_application_crashed() {
    let page = "<p>The proxy server received an invalid\r\nresponse</p>Reason: Error reading from remote server";
    let after = |took| {
        let head = Head::verbatim(b"HTTP/1.1 502 Proxy Error\r\nServer: Apache\r\n\r\n".to_vec());
        let body = Body { payload: PayloadBytes(page.into()), cut: false };
        let facts = Facts { answer: Some(head), body: Some(body), answer_took: took, ..Facts::default() };
        refused(&facts, 502, "Proxy Error")
    };
    let crashed = after(crate::moment::Span::from_millis(5));
    assert!(crashed.cause.contains("crashed"), "{crashed:#?}");
    let waited = after(crate::moment::Span::from_secs(60));
    assert!(waited.cause.contains("Timeout") && !waited.cause.contains("crashed"), "{waited:#?}");
}

#[test]
fn a_varnish_that_waited_speaks_of_its_time_limits() {
    let page = "<h1>Error 503 Backend fetch failed</h1><p>Guru Meditation:</p>";
    let after = |took| {
        let head = Head::verbatim(b"HTTP/1.1 503 Backend fetch failed\r\nServer: Varnish\r\n\r\n".to_vec());
        let body = Body { payload: PayloadBytes(page.into()), cut: false };
        let facts = Facts { answer: Some(head), body: Some(body), answer_took: took, ..Facts::default() };
        refused(&facts, 503, "Backend fetch failed")
    };
    let waited = after(crate::moment::Span::from_secs(3));
    assert!(waited.cause.contains("first_byte_timeout") && waited.confidence == Possible, "{waited:#?}");
    let at_once = after(crate::moment::Span::from_millis(2));
    assert!(at_once.cause.contains("did not pipe") && !at_once.cause.contains("timeout"), "{at_once:#?}");
}

#[test]
fn what_an_answer_asks_to_wait_comes_first() {
    let finding = judged("503 X\r\nServer: nginx\r\nRetry-After: 120", &nginx("503"));
    assert!(finding.help[0].starts_with("try again after 2 m, as it asks; then nginx's error log"), "{finding:#?}");
    let without = judged("503 X\r\nServer: nginx", &nginx("503"));
    assert!(without.help[0].starts_with("nginx's error log"), "{without:#?}");
    for (wish, help) in [
        ("30", "try again after 30 s, as it asks; then let the client's pauses grow"),
        ("Wed, 25 Nov 2026 10:05:00 GMT", "try again after 5 m, as it asks; then let the client's pauses grow"),
        ("+5", "wait a while, and let the client's pauses grow"),
        ("18446744073709551615", "wait a while, and let the client's pauses grow"),
        ("5\r\nRetry-After: 9", "wait a while, and let the client's pauses grow"),
        ("0", "wait a while, and let the client's pauses grow"),
    ] {
        let limited = judged(&format!("429 X\r\nDate: Wed, 25 Nov 2026 10:00:00 GMT\r\nRetry-After: {wish}"), "");
        assert_eq!(limited.help, [help], "{wish}");
    }
    let told_once = judged("503 X\r\nRetry-After: 5", "Service Unavailable");
    assert_eq!(told_once.help[0].matches("try again").count(), 1, "{told_once:#?}");
    // Varnish writes five seconds into every page of its own.
    let varnish = judged("503 X\r\nServer: Varnish\r\nRetry-After: 5", "<p>Guru Meditation:");
    assert!(!varnish.help[0].contains("try again"), "{varnish:#?}");
}

#[test]
fn each_gateway_says_what_it_knows() {
    let no_server = haproxy("503 Service Unavailable", "No server is available to handle this request.");
    let broken = haproxy("502 Bad Gateway", "The server returned an invalid or incomplete response.");
    let silent = haproxy("504 Gateway Time-out", "The server didn't respond in time.");
    let reset = "upstream connect error or disconnect/reset before headers. reset reason: ";
    let envoy = |why: &str| format!("{reset}{why}");
    let refused = envoy("connection failure, transport failure reason: delayed connect error: 111");
    let named = envoy("remote connection failure, transport failure reason: delayed connect error: Connection refused");
    let apache = "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\"><title>503 Service Unavailable</title>";
    assert_rows(&[
        ("504 Gateway Time-out\r\nServer: nginx", &nginx("504"), "server-unavailable", Likely, "nginx waited", "error"),
        ("503 X\r\nServer: nginx", &nginx("503"), "server-unavailable", Possible, "limit_req", "error log"),
        ("500 X\r\nServer: nginx", &nginx("500"), "server-error", Possible, "nginx itself", "error log"),
        ("503 Service Unavailable", &no_server, "server-unavailable", Likely, "HAProxy", "BACKEND/SERVER refused"),
        ("503 Service Unavailable", &no_server, "server-unavailable", Likely, "no backend", "FRONTEND/<NOSRV>"),
        ("502 Bad Gateway", &broken, "server-unavailable", Likely, "invalid or incomplete", "SH"),
        ("504 Gateway Time-out", &silent, "server-unavailable", Likely, "timeout server", "HAProxy"),
        ("503 X\r\nserver: envoy", &refused, "server-unavailable", Likely, "refuses Envoy's", "port"),
        ("503 X\r\nserver: envoy", &named, "server-unavailable", Likely, "refuses Envoy's", "port"),
        ("503 X\r\nserver: envoy", &envoy("connection termination"), "server-unavailable", Likely, "ended", "log"),
        ("503 X\r\nserver: envoy", &envoy("overflow"), "server-unavailable", Likely, "circuit breaker", "max_conn"),
        ("503 X\r\nserver: envoy", &envoy("connection timeout"), "server-unavailable", Likely, "in time", "address"),
        ("503 X\r\nserver: envoy", &envoy("TLS error: x"), "server-unavailable", Likely, "TLS", "cluster"),
        ("502 X\r\nserver: envoy", &envoy("protocol error"), "wrong-target-protocol", Likely, "HTTP/2", "HTTP/1.1"),
        ("503 X\r\nserver: envoy", &envoy("something new"), "server-unavailable", Possible, "Envoy", "access log"),
        ("503 X\r\nserver: envoy", "no healthy upstream", "server-unavailable", Likely, "no healthy member", "cluster"),
        ("504 X\r\nserver: envoy", "upstream request timeout", "server-unavailable", Likely, "15 s", "timeout: 0s"),
        (
            "503 X\r\nServer: Apache/2.4.57",
            apache,
            "server-unavailable",
            Likely,
            "60 s",
            "ProxyPass \"/ws\" \"http://127.0.0.1:8080/ws\" upgrade=websocket retry=0",
        ),
        ("500 X\r\nServer: lighttpd/1.4.69", LIGHTTPD, "server-error", Possible, "or lighttpd itself", "error.log"),
        ("500 X\r\nServer: lighttpd/1.4.69", "oops", "server-error", Possible, "exception", "log"),
        ("504 X\r\nServer: Caddy", "", "server-unavailable", Likely, "response_header_timeout", "Caddy's log"),
        ("502 X\r\nServer: awselb/2.0", "", "server-unavailable", Likely, "target", "access log"),
        (
            "503 X\r\nServer: awselb/2.0",
            "",
            "server-unavailable",
            Likely,
            "no healthy target",
            "describe-target-health",
        ),
        ("504 X\r\nServer: awselb/2.0", "", "server-unavailable", Likely, "10 s", "security group"),
        ("464 X\r\nServer: awselb/2.0", "", "wrong-target-protocol", Likely, "gRPC", "HTTP1"),
        ("464 X", "", "wrong-target-protocol", Possible, "nothing else names one", ""),
        ("460 X", "", "upgrade-refused", Possible, "ended first", "time"),
        ("463 X", "", "upgrade-refused", Possible, "30 addresses", "X-Forwarded-For"),
        ("561 X", "", "upgrade-unauthorized", Possible, "identity provider", "log"),
        ("502 Bad Gateway", "Bad Gateway", "server-unavailable", Possible, "Traefik", "proxy's log"),
        ("503 X", "no available server", "server-unavailable", Likely, "Traefik", "dashboard"),
        (
            "503 X",
            "<iframe src=\"//www.herokucdn.com/error-pages/application-error.html\">",
            "server-unavailable",
            Likely,
            "the dyno crashed",
            "heroku logs --tail",
        ),
        ("502 X\r\nServer: Caddy", "", "server-unavailable", Likely, "Caddy", "Caddy's log"),
        (
            "503 X",
            "<h1>Error 503 Backend fetch failed</h1><p>Guru Meditation:</p>",
            "server-unavailable",
            Possible,
            "Varnish",
            "return (pipe)",
        ),
        ("503 X\r\nServer: uvicorn", "Service Unavailable", "server-unavailable", Likely, "limit-concurrency", "raise"),
        ("503 Service Unavailable", "Service Unavailable", "server-unavailable", Possible, "node ws", "hop"),
        ("502 Bad Gateway", "", "server-unavailable", Possible, "refuses connections", ""),
        ("504 Gateway Timeout", "", "server-unavailable", Possible, "waited in vain", ""),
    ]);
}

#[test]
fn a_status_of_cloudflare_is_sure_only_when_cloudflare_is_there() {
    for status in [520, 521, 522, 523, 524, 525, 526, 530] {
        let here = judged(&format!("{status} X\r\nServer: cloudflare\r\nCF-RAY: 8a"), "");
        assert_eq!((here.code, here.confidence), ("server-unavailable", Likely), "{status}");
        let elsewhere = judged(&format!("{status} X"), "");
        assert_eq!(elsewhere.confidence, Possible, "{status}");
        assert!(elsewhere.cause.contains("nothing names Cloudflare"), "{}", elsewhere.cause);
    }
}

#[test]
fn a_slow_refusal_says_how_long_it_took_and_what_that_is_usual_for() {
    let body = nginx("504 Gateway Time-out");
    let mut facts = Facts {
        answer: Some(Head::verbatim(b"HTTP/1.1 504 Gateway Time-out\r\nServer: nginx\r\n\r\n".to_vec())),
        sent: Some(Head::verbatim(REQUEST.to_vec())),
        body: Some(Body { payload: PayloadBytes(body.into_bytes()), cut: false }),
        answer_took: crate::moment::Span::from_millis(60_010),
        ..Facts::default()
    };
    let slow = refused(&facts, 504, "Gateway Time-out");
    assert!(slow.seen[0].starts_with("it took 60.0 s to come, proxy_read_timeout"), "{:?}", slow.seen);
    facts.answer_took = crate::moment::Span::from_millis(2_000);
    assert_eq!(refused(&facts, 504, "Gateway Time-out").seen[0], "it took 2.0 s to come");
    facts.answer_took = crate::moment::Span::from_millis(2);
    assert!(!refused(&facts, 504, "Gateway Time-out").seen[0].starts_with("it took"));
}

#[test]
fn a_404_tells_whose_it_is() {
    let nginx_page = nginx("404 Not Found");
    assert_rows(&[
        ("404 X\r\nServer: nginx", &nginx_page, "upgrade-not-offered-here", Likely, "no location", "location /ws {"),
        ("404 X", "404 Error: Page not found\n", "upgrade-not-offered-here", Likely, "SockJS", "/websocket"),
        ("404 X", "default backend - 404", "upgrade-not-offered-here", Likely, "Ingress", "path: /ws"),
        (
            "404 X\r\nServer: kong/3.4",
            "{\"message\":\"no Route matched with those values\"}",
            "upgrade-not-offered-here",
            Likely,
            "Kong",
            "paths: [\"/ws\"]",
        ),
        ("404 X\r\nserver: envoy", "", "upgrade-not-offered-here", Possible, "Envoy", "NR"),
        ("404 X", "404 page not found\n", "upgrade-not-offered-here", Possible, "Traefik", "routers"),
        (
            "404 X\r\nServer: TornadoServer/6.4",
            "<html>404: Not Found</html>",
            "upgrade-not-offered-here",
            Likely,
            "Tornado",
            "handlers",
        ),
        ("404 X\r\nServer: Kestrel", "", "upgrade-not-offered-here", Likely, "UseWebSockets", "app.UseWebSockets();"),
        ("404 X\r\nServer: GitHub.com", "<html>", "upgrade-not-enabled", Likely, "static", "elsewhere"),
        ("404 X\r\nServer: SimpleHTTP/0.6 Python/3.11", "<html>", "upgrade-not-enabled", Likely, "files", "port"),
        ("404 X", "<pre>Cannot GET /ws</pre>", "upgrade-not-offered-here", Likely, "Express", "path"),
        (
            "404 X",
            "<pre>Cannot GET /api/ws</pre>",
            "upgrade-not-offered-here",
            Likely,
            "changes the path",
            "proxy_pass",
        ),
        (
            "404 X",
            "{\"status\":404,\"error\":\"Not Found\",\"path\":\"/x\"}",
            "upgrade-not-offered-here",
            Likely,
            "changes the path",
            "routes",
        ),
        ("404 X", "", "upgrade-not-offered-here", Possible, "wrong path", "path"),
        (
            "404 X\r\nServer: lighttpd/1.4.69",
            LIGHTTPD,
            "upgrade-not-offered-here",
            Likely,
            "proxy.server",
            "proxy.header",
        ),
        ("404 X\r\nServer: Caddy", "", "upgrade-not-offered-here", Possible, "reverse_proxy", "handle /ws* {"),
        ("404 X\r\nServer: Varnish", "<p>Guru Meditation:", "upgrade-not-offered-here", Likely, "synth(404)", "VCL"),
        ("404 X\r\nServer: nginx", &nginx("404"), "upgrade-not-offered-here", Likely, "server_name", "--host NAME"),
        (
            "404 X\r\nServer: nginx",
            DJANGO,
            "upgrade-not-offered-here",
            Possible,
            "Upgrade header was lost",
            "$http_upgrade",
        ),
        ("404 X", DJANGO, "upgrade-not-offered-here", Possible, "by WSGI", "ASGI"),
        ("410 Gone", "", "upgrade-not-offered-here", Likely, "removed", "URL"),
    ]);
}

#[test]
fn a_403_tells_whose_it_is() {
    let forbidden = haproxy("403 Forbidden", "Request forbidden by administrative rules.");
    let nginx_page = nginx("403 Forbidden");
    let apache = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"><title>403 Forbidden</title>";
    assert_rows(&[
        ("403 X\r\nServer: nginx", &nginx_page, "upgrade-forbidden", Likely, "deny", "error.log"),
        ("403 X\r\nServer: Apache/2.4.71", apache, "upgrade-forbidden", Likely, "Require", "AH01630"),
        ("403 X\r\nServer: Caddy\r\nContent-Length: 0", "", "upgrade-forbidden", Possible, "Caddy", "respond 403"),
        ("403 X\r\nServer: lighttpd/1.4.69", LIGHTTPD, "upgrade-forbidden", Likely, "url.access-deny", "lighttpd's"),
        ("403 Forbidden", &forbidden, "upgrade-forbidden", Likely, "HAProxy", "http-request deny"),
        ("403 X\r\nserver: istio-envoy", "RBAC: access denied", "upgrade-forbidden", Likely, "Envoy", "Policy"),
        ("403 X\r\nServer: cloudflare", "error code: 1020", "upgrade-forbidden", Likely, "1020", "Events"),
        ("403 X\r\nServer: awselb/2.0", "", "upgrade-forbidden", Likely, "WAF", "web ACL"),
        ("403 X", "{\"message\":\"Forbidden\"}", "upgrade-forbidden", Possible, "stage", "stage"),
        (
            "403 X",
            "{\"message\":\"Missing Authentication Token\"}",
            "upgrade-not-offered-here",
            Likely,
            "stage",
            "STAGE",
        ),
        ("403 X\r\nserver: Cowboy", "", "upgrade-forbidden", Possible, "check_origin", "Phoenix's log"),
        ("403 X", "Error 403 - This web app is stopped.", "server-unavailable", Likely, "Azure", "az webapp start"),
        ("403 X", "origin not allowed", "origin-rejected", Likely, "lets in only", "--origin"),
        ("403 X", "<html><p>Origin of species</p>", "upgrade-forbidden", Possible, "Origin", "--origin"),
        ("403 X", "go away", "upgrade-forbidden", Possible, "what the body says", "--origin"),
        ("403 X\r\ncf-mitigated: challenge", "<html>", "bot-check", Certain, "Cloudflare", "exception"),
        ("503 X", "<title>Just a moment...</title>", "bot-check", Likely, "Cloudflare", "exception"),
        ("202 Accepted\r\nx-amzn-waf-action: challenge", "", "bot-check", Certain, "AWS WAF", "exception"),
        ("403 X", "Blocked request. This host (\"a\") is not allowed.", "upgrade-forbidden", Likely, "Vite", "\"a\""),
        ("400 X", "Invalid host header", "upgrade-refused", Likely, "Starlette", "\"a\""),
    ]);
}

#[test]
fn an_origin_that_none_was_sent_of_is_not_told_as_refused() {
    let finding = judged("403 Forbidden", "Origin not allowed");
    assert!(finding.fact.ends_with("no Origin was sent, and the answer speaks of one"), "{}", finding.fact);
}

#[test]
fn an_origin_of_the_host_that_was_asked_for_may_be_compared_with_a_changed_host() {
    let with = |host: &str, origin: &str, answer: &str, body: &str| {
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: {origin}\r\n\r\n"
        );
        judged_with(request.as_bytes(), "ws://a.example/ws", answer, body)
    };
    let nginx = "403 Forbidden\r\nServer: nginx";
    let same = with("a.example:8080", "https://a.example", nginx, "origin not allowed");
    assert_eq!((same.code, same.confidence), ("origin-rejected", Possible));
    assert!(same.cause.contains("nginx changes Host") && same.cause.contains("or the Origin"), "{}", same.cause);
    assert_eq!(same.help[1], "proxy_set_header Host $http_host;");
    let unnamed = with("a.example", "https://a.example", "403 Forbidden", "origin not allowed");
    assert!(unnamed.cause.starts_with("a proxy changes Host"), "{}", unnamed.cause);
    // The twin: an Origin of another name is refused for what it is.
    let foreign = with("a.example", "https://b.example", nginx, "origin not allowed");
    assert_eq!(foreign.confidence, Likely);
    assert!(!foreign.cause.contains("Host"), "{}", foreign.cause);
    // Without a word on the Origin it is one cause of many.
    let silent = with("a.example", "https://a.example", nginx, "Forbidden");
    assert!(silent.cause.contains("changes Host") && silent.code == "upgrade-forbidden", "{silent:#?}");
    assert!(!with("a.example", "https://b.example", nginx, "Forbidden").cause.contains("Host"));
}

#[test]
fn a_caddy_that_answers_itself_is_not_told_to_lose_upgrade() {
    let empty = judged("200 OK\r\nServer: Caddy\r\nContent-Length: 0", "");
    assert_eq!((empty.code, empty.confidence), ("answered-without-upgrade", Possible));
    assert!(empty.cause.contains("no route") && !empty.cause.contains("lost"), "{}", empty.cause);
    assert_eq!(empty.help[1], "handle /ws* {");
    let behind = judged("200 OK\r\nServer: Caddy\r\nContent-Type: text/plain", "ok");
    assert!(behind.cause.contains("Upgrade header was lost"), "{}", behind.cause);
}

#[test]
fn a_host_stands_in_a_line_only_when_the_line_can_hold_it() {
    let with = |host: &str, answer: &str, body: &str| {
        let request = format!("GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
        judged_with(request.as_bytes(), "ws://a/ws", answer, body)
    };
    let rails = "Blocked hosts: x";
    assert_eq!(with("a.example:80", "403 X", rails).help[1], "config.hosts << \"a.example\"");
    assert_eq!(with("[::1]:80", "403 X", rails).help[1], "config.hosts << \"[::1]\"");
    for host in ["a\"; system('id')", "#{x}", "$(id)"] {
        let finding = with(host, "403 X", rails);
        assert_eq!(finding.help[1], "config.hosts << \"the.host\"", "{host}");
        assert!(finding.help[0].contains("the.host stands for it"), "{host}");
    }
    let iis = with("a;b", "400 X", "Bad Request - Invalid Hostname");
    assert!(iis.help[1].ends_with("-HostHeader \"the.host\""), "{iis:#?}");
}

#[test]
fn the_own_500_of_nginx_and_haproxy_and_caddys_empty_503_name_what_makes_them() {
    let tarpit = haproxy("500 Internal Server Error", "An internal server error occurred.");
    assert_rows(&[
        ("500 X", &tarpit, "server-error", Likely, "tarpit", "tarpit"),
        ("500 X\r\nServer: nginx", &nginx("500 X"), "server-error", Possible, "auth_request", "log"),
        ("503 X\r\nServer: Caddy\r\nContent-Length: 0", "", "server-unavailable", Possible, "health_uri", "by hand"),
        // The twin: an application behind Caddy says more.
        ("503 X\r\nServer: Caddy", "busy", "server-unavailable", Possible, "application itself", ""),
    ]);
}

#[test]
fn a_404_of_sock_js_at_its_own_websocket_is_an_option() {
    let request = b"GET /sock/websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    let finding = judged_with(request, "ws://a/sock/websocket", "404 Not Found", "404 Error: Page not found\n");
    assert_eq!((finding.code, finding.confidence), ("upgrade-not-enabled", Likely));
    assert!(finding.cause.contains("option websocket"), "{finding:?}");
}

#[test]
fn a_404_of_nobody_that_is_known_is_told_with_its_words() {
    let finding = judged("404 Not Found", "no such room\n");
    assert!(finding.seen.iter().any(|line| line.contains("no such room")), "{finding:?}");
}

#[test]
fn a_403_after_an_optional_client_certificate_may_want_it() {
    for asked in [true, false] {
        let tls = TlsReady {
            version: "TLS 1.3".into(),
            cipher: String::new(),
            alpn: None,
            certificate: None,
            overlooked: None,
            certificate_request: asked.then(CertificateRequest::default),
            took: Span::ZERO,
        };
        let facts = Facts {
            url: "wss://a/ws".into(),
            sent: Some(Head::verbatim(REQUEST.to_vec())),
            answer: Some(Head::verbatim(b"HTTP/1.1 403 X\r\nServer: nginx\r\n\r\n".to_vec())),
            tls: Some(tls),
            ..Facts::default()
        };
        let finding = refused(&facts, 403, "X");
        assert_eq!(finding.cause.ends_with("client certificate that TLS asked for is wanted"), asked, "{finding:?}");
        assert_eq!(finding.confidence, Possible);
    }
}
