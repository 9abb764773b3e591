//! What each answer other than 101 is taken for. Pages of nginx and HAProxy are theirs to the byte, the others are as
//! their makers' sources and manuals have them.

mod hops;
mod requests;
mod spoiled;

use super::*;
use crate::event::finding::Confidence;
use crate::event::{Body, PayloadBytes};
use crate::wire::head::Head;

const REQUEST: &[u8] = b"GET /ws?token=x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

fn judged_with(request: &[u8], url: &str, answer: &str, body: &str) -> Finding {
    let answer = Head::verbatim(format!("HTTP/1.1 {answer}\r\n\r\n").into_bytes());
    let (status, reason) = (answer.status().expect("a status"), answer.reason().to_string());
    let facts = Facts {
        url: url.into(),
        sent: Some(Head::verbatim(request.to_vec())),
        answer: Some(answer),
        body: Some(Body { payload: PayloadBytes(body.as_bytes().to_vec()), cut: false }),
        ..Facts::default()
    };
    refused(&facts, status, &reason)
}

fn judged(answer: &str, body: &str) -> Finding {
    judged_with(REQUEST, "ws://a/ws", answer, body)
}

/// Answer, body, and what is expected: code, confidence, a part of the cause, a part of the help.
type Row<'a> = (&'a str, &'a str, &'a str, Confidence, &'a str, &'a str);

fn assert_rows(rows: &[Row<'_>]) {
    for (answer, body, code, confidence, cause, help) in rows {
        let finding = judged(answer, body);
        assert_eq!((finding.code, finding.confidence), (*code, *confidence), "{answer} {body}: {finding:#?}");
        assert!(finding.cause.contains(cause), "no {cause:?} in {finding:#?}");
        assert!(finding.help.join("\n").contains(help), "no {help:?} in {finding:#?}");
        for line in [&finding.fact, &finding.cause].into_iter().chain(&finding.help) {
            assert!(line.is_ascii() && !line.ends_with('.') && !line.contains("  ") || line.starts_with(' '), "{line}");
        }
    }
}

#[test]
fn a_426_of_node_ws_behind_nginx_is_a_stripped_upgrade() {
    let finding = judged("426 Upgrade Required\r\nServer: nginx/1.22.1", "Upgrade Required");
    assert_eq!(finding.code, "upgrade-stripped");
    assert_eq!(finding.fact, "the application saw an ordinary request, not a WebSocket one");
    assert_eq!(
        finding.seen,
        ["Upgrade and Connection left here; 426 came back without Sec-WebSocket-Version, with the text that node \
          ws has for a request without Upgrade"]
    );
    assert_eq!(finding.cause, "nginx does not pass Upgrade and Connection on to the application");
    assert_eq!(finding.confidence, Likely);
    assert_eq!(finding.help[0], "in the nginx location that serves /ws, then reload nginx:");
    assert_eq!(finding.help[1], "proxy_http_version 1.1;");
    assert_eq!(finding.help.len(), 6);
}

#[test]
fn a_426_is_about_the_version_only_when_ours_is_not_listed() {
    assert_eq!(judged("426 Upgrade Required\r\nSec-WebSocket-Version: 7, 8", "").code, "version-refused");
    assert_eq!(judged("426 Upgrade Required\r\nSec-WebSocket-Version: 7, 8, 13", "").code, "upgrade-stripped");
    assert_eq!(judged("426 Upgrade Required", "").confidence, Possible);
}

#[test]
fn a_400_with_a_known_text_is_a_stripped_upgrade() {
    assert_eq!(judged("400 Bad Request", "Can \"Upgrade\" only to \"WebSocket\".").code, "upgrade-stripped");
    assert_eq!(judged("400 No WebSocket Upgrade header found", "").code, "upgrade-stripped");
    assert_eq!(judged("400 Bad Request", "").code, "upgrade-refused");
}

#[test]
fn a_request_that_we_spoiled_ourselves_is_not_blamed_on_a_proxy() {
    let request = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n\r\n";
    let finding = judged_with(request, "ws://a/ws", "426 Upgrade Required", "Upgrade Required");
    assert_eq!((finding.code, finding.who, finding.confidence), ("upgrade-refused", "client", Certain));
}

#[test]
fn a_port_for_tls_says_so_in_its_400() {
    let body = "<center>The plain HTTP request was sent to HTTPS port</center>";
    assert_eq!(judged("400 Bad Request", body).code, "plain-http-to-tls-port");
    assert_eq!(judged("400 Bad Request", "Client sent an HTTP request to an HTTPS server.\n").confidence, Certain);
}

#[test]
fn each_status_has_its_code() {
    for (answer, code) in [
        ("204 No Content", "answered-without-upgrade"),
        ("301 Moved Permanently\r\nLocation: https://a/ws", "upgrade-redirected"),
        ("401 Unauthorized", "upgrade-unauthorized"),
        ("407 Proxy Authentication Required", "upgrade-unauthorized"),
        ("403 Forbidden", "upgrade-forbidden"),
        ("404 Not Found", "upgrade-not-offered-here"),
        ("431 Request Header Fields Too Large", "request-too-large"),
        ("429 Too Many Requests", "rate-limited"),
        ("500 Internal Server Error", "server-error"),
        ("503 Service Unavailable", "server-unavailable"),
        ("418 I'm a teapot", "upgrade-refused"),
    ] {
        assert_eq!(judged(answer, "").code, code, "{answer}");
    }
}

#[test]
fn a_page_is_known_by_its_type_or_its_first_bytes() {
    let page = judged("200 OK\r\nContent-Type: text/html; charset=utf-8", "<title> Home </title>");
    assert_eq!((page.code, page.seen[0].as_str()), ("plain-page", "the page's title is \"Home\""));
    assert_eq!(judged("200 OK", "\n<!DOCTYPE html><p>").code, "plain-page");
    assert_eq!(judged("200 OK", "ok").code, "answered-without-upgrade");
}

#[test]
fn a_redirect_shows_no_query_and_its_likely_reason() {
    let finding = judged("302 Found\r\nLocation: https://a/login?token=secret", "");
    assert_eq!(finding.seen[0], "Location: \"https://a/login\"");
    assert_eq!(finding.cause, "a login stands in front");
    assert_eq!(judged("308 Permanent Redirect\r\nLocation: /ws/", "").cause, "the path lacks a slash at its end");
    let followed = redirect_followed(301, "ws://a/ws", "wss://a/ws?token=secret");
    assert_eq!(followed.code, "redirect-followed");
    assert_eq!(followed.seen, ["from ws://a/ws to wss://a/ws"]);
}

#[test]
fn a_hop_and_a_pause_that_the_answer_names_are_seen() {
    let finding = judged("503 Service Unavailable\r\nServer: awselb/2.0\r\nRetry-After: 7", "");
    let own = "answered by AWS ALB itself, not by the application";
    assert_eq!(finding.seen, [own, "Server: \"awselb/2.0\"", "Retry-After: \"7\""]);
    let behind = judged("503 Service Unavailable\r\nserver: nginx\r\nX-Azure-Ref: 0a", "busy");
    assert_eq!(behind.seen, ["Server: \"nginx\"", "X-Azure-Ref: \"0a\""]);
}

#[test]
fn products_that_are_certain_or_likely_are_named() {
    assert!(judged("403 Forbidden\r\nServer: envoy", "").cause.starts_with("Envoy"));
    assert!(judged("403 Forbidden\r\nServer: uvicorn", "").cause.contains("no such route"));
    assert!(judged("505 HTTP Version Not Supported", "unsupported HTTP version: HTTP/1.0").cause.contains("HTTP/1.0"));
    assert!(judged("200 OK", "Welcome to SockJS!\n").cause.contains("SockJS"));
}

#[test]
fn a_401_tells_a_wrong_scheme_from_a_wrong_token() {
    let with = |credentials: &str, challenge: &str| {
        let request = format!("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{credentials}\r\n");
        judged_with(request.as_bytes(), "ws://a/ws", &format!("401 Unauthorized\r\nWWW-Authenticate: {challenge}"), "")
    };
    let wrong = with("Authorization: Bearer x\r\n", "Bearer realm=\"a\"");
    assert!(wrong.cause.contains("wrong or expired"), "{}", wrong.cause);
    let other = with("Authorization: Basic x\r\n", "Bearer");
    assert_eq!((other.cause.as_str(), other.confidence), ("Basic was sent, Bearer is asked for", Certain));
    assert_eq!(with("", "Basic realm=\"a\"").help, ["send them by --auth USER:PASS"]);
    // A user and a password do not expire as a token does.
    let basic = with("Authorization: Basic x\r\n", "Basic realm=\"a\"");
    assert_eq!(basic.cause, "the user or the password is wrong");
    // Any of several schemes will do, in one field or in two.
    for challenge in ["Negotiate\r\nWWW-Authenticate: Basic realm=\"a\"", "Bearer realm=\"a, b\", Basic realm=\"c\""] {
        let told = with("Authorization: Basic x\r\n", challenge);
        assert_eq!(told.confidence, Likely, "{challenge}: {told:?}");
        assert_eq!(told.help, ["check both, and send them by --auth USER:PASS"], "{challenge}");
    }
    assert_eq!(with("", "Negotiate\r\nWWW-Authenticate: Basic").help, ["send them by --auth USER:PASS"]);
    // A quoted word is no scheme, and no flag makes a Digest.
    let quoted = with("Authorization: Bearer x\r\n", "Basic realm=\"a, Bearer b\"");
    assert_eq!(quoted.cause, "Bearer was sent, Basic is asked for");
    let digest = with("Authorization: Basic x\r\n", "Digest realm=\"a\", nonce=\"b\"");
    assert_eq!(digest.cause, "Basic was sent, Digest is asked for");
    assert!(digest.help[0].contains("-H 'Authorization: ...'"), "{:?}", digest.help);
}
