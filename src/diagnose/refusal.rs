//! Findings on an answer other than 101 (RFC 6455 sections 4.2.1, 4.2.2, 4.4). Owns what a status means for an upgrade
//! and the texts by which servers say what they missed; the rules go from the most telling to the status alone.

use crate::diagnose::facts::{Facts, contains};
use crate::event::Finding;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::show;

/// Texts that servers have for a request without Upgrade or Connection, and whose they are. With status 0 the text is a
/// part of the body or of the reason phrase, with another it is the whole body.
const STRIPPED_TEXTS: &[(u16, &str, &str)] = &[
    (400, "Invalid Upgrade header", "node ws"),
    (0, "token not found in 'Connection' header", "gorilla"),
    (0, "token not found in 'Upgrade' header", "gorilla"),
    (0, "WebSocket protocol violation: Connection header", "coder/websocket"),
    (0, "WebSocket protocol violation: Upgrade header", "coder/websocket"),
    (0, "handshake request must be at least HTTP/1.1", "coder/websocket"),
    (0, "Failed to open a WebSocket connection: missing Connection header", "python websockets"),
    (0, "Failed to open a WebSocket connection: missing Upgrade header", "python websockets"),
    (0, "You cannot access a WebSocket server directly with a browser", "python websockets"),
    (0, "Can \"Upgrade\" only to \"WebSocket\"", "Tornado or Spring"),
    (0, "\"Connection\" must be \"Upgrade\"", "Tornado"),
    (0, "Connection header did not include 'upgrade'", "axum"),
    (0, "`Upgrade` header did not include 'websocket'", "axum"),
    (0, "No WebSocket Upgrade header found", "actix-web"),
    (0, "No Connection upgrade", "actix-web"),
    (426, "Upgrade Required", "node ws"),
];

/// Texts of servers that got an unencrypted request on a port for TLS.
const PLAIN_TO_TLS_TEXTS: &[(&str, &str)] = &[
    ("The plain HTTP request was sent to HTTPS port", "nginx"),
    ("speaking plain HTTP to an SSL-enabled server port", "Apache"),
    ("Client sent an HTTP request to an HTTPS server", "Go"),
];

const NGINX_LINES: &[&str] =
    &["proxy_http_version 1.1;", "proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection \"upgrade\";"];

/// The finding for an answer with this status, which is not 101.
pub fn refused(facts: &Facts, status: u16, reason: &str) -> Finding {
    let body = facts.body_text();
    plain_to_tls(status, &body)
        .or_else(|| own_request(facts, status, reason))
        .or_else(|| version(facts, status, reason))
        .or_else(|| stripped(facts, status, reason, &body))
        .unwrap_or_else(|| by_status(facts, status, reason, &body))
}

/// A redirect that `-L` followed.
pub fn redirect_followed(status: u16, from: &str, to: &str) -> Finding {
    Finding::of("redirect-followed", "client", format!("HTTP {status} was followed; browsers never follow one"))
        .saw(format!("from {} to {}", show::safe(without_query(from)), show::safe(without_query(to))))
        .because(Certain, "-L was given")
}

fn plain_to_tls(status: u16, body: &str) -> Option<Finding> {
    let (_, product) = PLAIN_TO_TLS_TEXTS.iter().find(|(text, _)| contains(body, text))?;
    Some(
        Finding::of("plain-http-to-tls-port", "client", "the port speaks TLS, and the request was not encrypted")
            .saw(format!("HTTP {status} with the text that {product} has for this"))
            .because(Certain, "ws:// was used where wss:// is spoken"),
    )
}

/// We left Upgrade or Connection out ourselves, by `-H`.
fn own_request(facts: &Facts, status: u16, reason: &str) -> Option<Finding> {
    let sent = facts.sent.as_ref()?;
    let missing = match (sent.has_token("Upgrade", "websocket"), sent.has_token("Connection", "upgrade")) {
        (true, true) => return None,
        (false, true) => "Upgrade: websocket",
        (true, false) => "Connection: Upgrade",
        (false, false) => "Upgrade: websocket and Connection: Upgrade",
    };
    Some(
        Finding::of(
            "upgrade-refused",
            "client",
            format!("{} to a request that is none for WebSocket", words(status, reason)),
        )
        .saw(format!("our own request went out without {missing}"))
        .because(Certain, "-H removed or replaced it")
        .advise("leave -H for these headers out"),
    )
}

fn version(facts: &Facts, status: u16, reason: &str) -> Option<Finding> {
    let listed = facts.answer.as_ref()?.tokens("Sec-WebSocket-Version");
    let ours = our_version(facts);
    if !matches!(status, 400 | 426) || listed.is_empty() || listed.iter().any(|version| version == ours) {
        return None;
    }
    let finding = Finding::of(
        "version-refused",
        "server side",
        format!("{}: the server does not speak version {} of the protocol", words(status, reason), show::safe(ours)),
    )
    .saw(format!("its Sec-WebSocket-Version lists {}", show::quoted(&listed.join(", "))));
    if ours == "13" {
        return Some(finding.because(Likely, "the server is older than RFC 6455"));
    }
    Some(
        finding
            .because(Certain, "-H changed Sec-WebSocket-Version")
            .advise("leave that -H out: version 13 is RFC 6455"),
    )
}

fn stripped(facts: &Facts, status: u16, reason: &str, body: &str) -> Option<Finding> {
    let known = STRIPPED_TEXTS.iter().find(|(only, text, _)| match *only {
        0 => contains(body, text) || contains(reason, text),
        only => only == status && body.trim() == *text,
    });
    if known.is_none() && status != 426 {
        return None;
    }
    let versions = facts.answer.as_ref().map(|answer| answer.tokens("Sec-WebSocket-Version")).unwrap_or_default();
    let came: String = match (status, versions.is_empty()) {
        (426, true) => "426 came back without Sec-WebSocket-Version".into(),
        (426, false) => format!("426 came back although its Sec-WebSocket-Version lists our {}", our_version(facts)),
        _ => format!("{status} came back"),
    };
    let text = known.map(|(_, _, product)| format!("the text that {product} has for a request without Upgrade"));
    let joint = if status == 426 { ", with" } else { " with" };
    let line = text.map_or_else(|| came.clone(), |text| format!("{came}{joint} {text}"));
    let finding =
        Finding::of("upgrade-stripped", "path", "the application saw an ordinary request, not a WebSocket one")
            .saw(format!("Upgrade and Connection left here; {line}"));
    Some(stripped_by(facts, finding, known.is_some()))
}

fn stripped_by(facts: &Facts, finding: Finding, known: bool) -> Finding {
    let path = show::safe(facts.path());
    if facts.is_server("nginx") || facts.is_server("openresty") {
        return finding
            .because(Likely, "nginx does not pass Upgrade and Connection on to the application")
            .advise(format!("in the nginx location that serves {path}, then reload nginx:"))
            .paste(NGINX_LINES);
    }
    if facts.is_server("apache") {
        return finding
            .because(Likely, "Apache does not pass Upgrade and Connection on to the application")
            .advise(format!("in the Apache host that serves {path} (2.4.47 or later), then reload Apache:"))
            .paste(&["ProxyPass \"/ws/\" \"http://backend/ws/\" upgrade=websocket"]);
    }
    let sure = if known { Likely } else { Possible };
    finding
        .because(sure, "something between here and the application does not pass Upgrade and Connection on")
        .advise("compare with a request straight to the application; then let the hop between pass both headers on")
}

fn by_status(facts: &Facts, status: u16, reason: &str, body: &str) -> Finding {
    let said = words(status, reason);
    let finding = match status {
        200 if is_page(facts, body) => {
            Finding::of("plain-page", "server side", format!("{said}: a web page came instead of an upgrade"))
                .saw_all(title(body).map(|title| format!("the page's title is {}", show::quoted(&title))))
        }
        200..=299 => success(&said, body),
        300..=399 => redirected(facts, &said),
        401 | 407 => unauthorized(facts, status, &said),
        403 => forbidden(facts, &said, body),
        404 => not_here(facts, &said, body),
        413 | 414 | 431 => Finding::of("request-too-large", "client", format!("{said}: the request is too large"))
            .saw_all(
                facts
                    .sent
                    .as_ref()
                    .map(|sent| format!("our request's head is {}", show::size(sent.raw().len() as u64))),
            ),
        429 => Finding::of("rate-limited", "server side", format!("{said}: too many requests or connections")),
        502..=504 | 521..=524 | 530 => Finding::of(
            "server-unavailable",
            "server side",
            format!("{said}: what stands behind the answering hop is down or silent"),
        ),
        500..=599 => server_error(facts, &said, body),
        _ => other(&said, body),
    };
    let finding = finding.saw_all(hop(facts));
    match facts.answered("Retry-After") {
        Some(after) => finding.saw(format!("Retry-After: {}", show::quoted(after))),
        None => finding,
    }
}

fn success(said: &str, body: &str) -> Finding {
    let finding = Finding::of("answered-without-upgrade", "server side", format!("{said}: a success, but no upgrade"));
    if body.starts_with("Welcome to SockJS!") {
        return finding
            .because(Certain, "this is the base URL of SockJS")
            .advise("append /websocket to the path for a raw WebSocket");
    }
    if body.starts_with("0{\"sid\"") {
        return finding
            .because(Certain, "this is the answer of Engine.IO to long polling")
            .advise("append ?EIO=4&transport=websocket to the URL");
    }
    finding
}

fn redirected(facts: &Facts, said: &str) -> Finding {
    let to = facts.answered("Location").map(without_query);
    let fact = format!("{said}: sent elsewhere; browsers never follow this for a WebSocket");
    let Some(to) = to else {
        return Finding::of("upgrade-redirected", "server side", fact).saw("the answer has no Location");
    };
    let finding = Finding::of("upgrade-redirected", "server side", fact).saw(format!("Location: {}", show::quoted(to)));
    let path = facts.path();
    if to.ends_with(&format!("{path}/")) {
        return finding.because(Likely, "the path lacks a slash at its end");
    }
    if contains(to, "login") || contains(to, "signin") || contains(to, "/auth") {
        return finding
            .because(Likely, "a login stands in front")
            .advise("send what the login gives, by --cookie or --bearer");
    }
    if !facts.is_tls() && (to.starts_with("https:") || to.starts_with("wss:")) {
        return finding.because(Likely, "the server side wants TLS").advise("use wss:// in the client");
    }
    finding.advise(format!("use {} in the client if that is the right place; -L follows it here", show::safe(to)))
}

fn unauthorized(facts: &Facts, status: u16, said: &str) -> Finding {
    let (who, field) = match status {
        407 => ("path", "Proxy-Authenticate"),
        _ => ("server side", "WWW-Authenticate"),
    };
    let sent = facts.sent.as_ref().is_some_and(|sent| {
        ["Authorization", "Cookie", "Proxy-Authorization"].iter().any(|name| sent.first(name).is_some())
    });
    let told = if sent { "the credentials sent are not accepted" } else { "credentials are wanted, none were sent" };
    let finding = Finding::of("upgrade-unauthorized", who, format!("{said}: {told}"));
    let Some(wanted) = facts.answered(field) else { return finding };
    let finding = finding.saw(format!("{field}: {}", show::quoted(wanted)));
    let ours = facts.sent.as_ref().and_then(|sent| sent.first("Authorization")).map(scheme_of);
    let flag = if scheme_of(wanted).eq_ignore_ascii_case("Bearer") { "--bearer TOKEN" } else { "--auth USER:PASS" };
    match (ours, status) {
        (Some(ours), 401) if ours.eq_ignore_ascii_case(scheme_of(wanted)) => finding
            .because(Likely, "the token or password is wrong or expired")
            .advise(format!("get a new one, and send it by {flag}")),
        (Some(ours), 401) => finding
            .because(Certain, format!("{} was sent, {} is asked for", show::safe(ours), show::safe(scheme_of(wanted))))
            .advise(format!("send it by {flag}")),
        (None, 401) if matches!(scheme_of(wanted).to_ascii_lowercase().as_str(), "bearer" | "basic") => {
            finding.advise(format!("send it by {flag}"))
        }
        _ => finding,
    }
}

/// The scheme of a challenge or of credentials (RFC 9110 section 11.1).
fn scheme_of(value: &str) -> &str {
    value.split([' ', ',']).next().unwrap_or_default()
}

fn forbidden(facts: &Facts, said: &str, body: &str) -> Finding {
    let origin = facts.sent.as_ref().and_then(|sent| sent.first("Origin"));
    let line =
        origin.map_or_else(|| String::from("no Origin was sent"), |origin| format!("Origin: {}", show::quoted(origin)));
    let finding =
        Finding::of("upgrade-forbidden", "server side", format!("{said}: the upgrade is not permitted")).saw(line);
    if contains(body, "origin") {
        return finding
            .because(Likely, "the Origin is not one that the server allows: its answer speaks of it")
            .advise("try the Origin of the page by --origin URL, or allow this one in the server");
    }
    if body.is_empty() && facts.is_server("envoy") {
        return finding
            .because(Likely, "Envoy: an upgrade is not switched on for this route")
            .advise("add upgrade_configs with upgrade_type websocket to the route (Contour: enableWebsockets: true)");
    }
    if body.is_empty() && (facts.is_server("uvicorn") || facts.is_server("daphne")) {
        return finding
            .because(Likely, "there is no such route, or the handler closed before it accepted: both are 403 here")
            .advise("check the path against the application's routes");
    }
    finding
}

fn not_here(facts: &Facts, said: &str, body: &str) -> Finding {
    let path = show::safe(facts.path());
    let finding = Finding::of("upgrade-not-offered-here", "server side", format!("{said}: nothing at {path}"));
    if contains(body, "Cannot GET ") {
        return finding
            .because(Likely, "Express answered an ordinary request: a wrong path, or the Upgrade header was lost")
            .advise("check the path; if it is right, let the proxy pass Upgrade and Connection on");
    }
    finding
}

fn server_error(facts: &Facts, said: &str, body: &str) -> Finding {
    let finding = Finding::of("server-error", "server side", format!("{said}: the server side failed in the upgrade"));
    let old = contains(body, "unsupported HTTP version: HTTP/1.0");
    if old || said.starts_with("HTTP 505") || said.starts_with("HTTP 501") && facts.is_server("cowboy") {
        return finding
            .because(if old { Certain } else { Likely }, "a proxy passes the request on with HTTP/1.0")
            .advise("let the proxy use HTTP/1.1 to the application; in nginx:")
            .paste(NGINX_LINES);
    }
    finding
}

fn other(said: &str, body: &str) -> Finding {
    let finding = Finding::of("upgrade-refused", "server side", format!("{said} in place of 101"));
    if contains(body, "Transport unknown") {
        return finding
            .because(Certain, "this is an Engine.IO server, and the URL is not one of its own")
            .advise("use the path /socket.io/?EIO=4&transport=websocket");
    }
    if contains(body, "subprotocol") {
        return finding
            .saw(format!("its body says {}", show::quoted(body.trim())))
            .because(Likely, "the subprotocol offered, or that none was, does not suit the server")
            .advise("offer the one that it names: -s NAME");
    }
    match said_itself(body) {
        Some(words) => finding
            .saw(format!("its body says {}", show::quoted(words)))
            .because(Likely, "what the body says; a wrong path, subprotocol, header or right")
            .advise("check the path first, then -s, -o and the credentials against what the server wants"),
        None => finding,
    }
}

/// A short text of the server's own, no page.
fn said_itself(body: &str) -> Option<&str> {
    let words = body.trim();
    (!words.is_empty() && words.len() <= 300 && !words.starts_with('<')).then_some(words)
}

/// Which hop answered, as far as it says so.
fn hop(facts: &Facts) -> Vec<String> {
    let line = |name: &str| facts.answered(name).map(|value| format!("{name}: {}", show::quoted(value)));
    ["Server", "Via"].iter().filter_map(|name| line(name)).collect()
}

fn words(status: u16, reason: &str) -> String {
    match reason.trim() {
        "" => format!("HTTP {status}"),
        reason => format!("HTTP {status} {}", show::safe(reason)),
    }
}

fn our_version(facts: &Facts) -> &str {
    facts.sent.as_ref().and_then(|sent| sent.first("Sec-WebSocket-Version")).unwrap_or("13")
}

fn is_page(facts: &Facts, body: &str) -> bool {
    let start = body.trim_start();
    facts.answered("Content-Type").is_some_and(|kind| contains(kind, "text/html"))
        || start.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("<html"))
        || start.get(..9).is_some_and(|tag| tag.eq_ignore_ascii_case("<!doctype"))
}

fn title(body: &str) -> Option<String> {
    let lower = body.to_ascii_lowercase();
    let from = lower.find("<title>")? + "<title>".len();
    let len = lower[from..].find('<')?;
    Some(body[from..from + len].trim().to_string()).filter(|title| !title.is_empty())
}

/// A query may carry secrets, so findings show none.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

#[cfg(test)]
mod tests;
