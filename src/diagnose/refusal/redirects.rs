//! 3xx in place of 101: what differs between the URL that was asked for and the one that is named (RFC 9110 section
//! 15.4; the Fetch standard lets a WebSocket follow none). Owns that comparison; following is `net`'s.

use crate::diagnose::facts::contains;
use crate::diagnose::refusal::known::Answer;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{Finding, show};

/// Words in a path or host of a login.
const LOGINS: &[&str] =
    &["login", "signin", "sign-in", "sign_in", "sign%2din", "/auth", "oauth", "/sso", "saml", "//sso."];

/// A URL's parts, as far as they are compared. The host is empty when the Location has none.
#[derive(Clone, Copy)]
struct Parts<'a> {
    tls: bool,
    host: &'a str,
    path: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Parts<'a> {
        let tls = ["https://", "wss://"].iter().any(|scheme| starts(url, scheme));
        let Some((_, rest)) = url.split_once("//") else { return Parts { tls, host: "", path: url } };
        let at = rest.find('/').unwrap_or(rest.len());
        let host = rest[..at].rsplit('@').next().unwrap_or_default();
        Parts { tls, host: without_port(host), path: if at == rest.len() { "/" } else { &rest[at..] } }
    }
}

/// A redirect that `-L` followed.
pub(super) fn followed(status: u16, from: &str, to: &str) -> Finding {
    Finding::of("redirect-followed", "client", format!("HTTP {status} was followed; browsers never follow one"))
        .saw(format!("from {} to {}", show::safe(without_query(from)), show::safe(without_query(to))))
        .because(Certain, "-L was given")
}

pub(super) fn judged(answer: &Answer<'_>) -> Finding {
    let fact = format!("{}: sent elsewhere; browsers never follow this for a WebSocket", answer.said);
    let finding = Finding::of("upgrade-redirected", "server side", fact);
    let Some(to) = answer.facts.answered("Location").map(without_query) else {
        return finding.saw("the answer has no Location");
    };
    let finding = finding.saw(format!("Location: {}", show::quoted(to)));
    let asked = Parts { path: answer.facts.path(), ..Parts::of(&answer.facts.url) };
    let told = Parts::of(to);
    let same_name = told.host.is_empty() || name_of(told.host).eq_ignore_ascii_case(name_of(asked.host));
    if same_name && told.path == asked.path {
        return same_place(answer, finding, &asked, &told);
    }
    let nearly = Parts { tls: asked.tls || told.tls, ..asked };
    if same_name && told.path.strip_suffix('/') == Some(asked.path) {
        return finding
            .because(Likely, "the path lacks a slash at its end")
            .advise(format!("use {} in the client", url(&nearly, told.path)));
    }
    if same_name && asked.path.strip_suffix('/') == Some(told.path) {
        return finding
            .because(Likely, "the path has a slash at its end that the server side does not want")
            .advise(format!("use {} in the client", url(&nearly, told.path)));
    }
    if is_login(to, answer.facts.path()) {
        return finding
            .because(Likely, "a login stands in front")
            .advise("send what the login gives, by --cookie or --bearer");
    }
    if !same_name {
        return other_host(finding, &asked, &told);
    }
    let cause = match told.path {
        "/" => "the path is not known here, or a login is wanted: both are often sent to the start page",
        _ => "the path is another one now, or is not known here and falls to a page",
    };
    finding
        .because(Possible, cause)
        .advise(format!("use {} in the client if that is the right place; -L follows it here", show::safe(to)))
}

/// Only the scheme or the port differs, or nothing does.
fn same_place(answer: &Answer<'_>, finding: Finding, asked: &Parts<'_>, told: &Parts<'_>) -> Finding {
    let stays_tls = told.tls || told.host.is_empty();
    match (asked.tls, told.tls) {
        (false, true) => finding.because(Likely, "the server side wants TLS").advise(format!(
            "use wss:// in the client: wss://{}{}",
            show::safe(told.host),
            show::safe(told.path)
        )),
        (false, false) if !told.host.is_empty() && told.host != asked.host => finding
            .because(Possible, "the server side builds the URL with its own port, not with that of the hop in front")
            .advise(format!("use {} in the client if that is the right place", url(told, told.path))),
        (false, false) => finding
            .because(Possible, "the URL that was asked for is named again: a cookie is wanted first, or it is a loop")
            .advise("send the cookie that this answer sets, by --cookie"),
        (true, _) if stays_tls => untold(answer, finding),
        (true, _) => finding
            .because(Possible, "the server side builds its URL without knowing of the TLS in front, or wants no TLS")
            .advise("let the hop that ends TLS send X-Forwarded-Proto: https, and the next one trust it"),
    }
}

/// wss:// was used already.
fn untold(answer: &Answer<'_>, finding: Finding) -> Finding {
    let finding = finding
        .because(Likely, "the hop that ends TLS does not tell the next one so, which asks for TLS again: a loop");
    match answer.proxy().map(|hop| hop.name) {
        Some("nginx" | "openresty") => finding
            .advise("in the nginx location, then reload nginx; the application must trust it:")
            .paste(&["proxy_set_header X-Forwarded-Proto $scheme;", crate::diagnose::remedies::NGINX_ONE_BESIDE]),
        _ => finding.advise("let the hop that ends TLS send X-Forwarded-Proto: https, and the next one trust it"),
    }
}

fn other_host(finding: Finding, asked: &Parts<'_>, told: &Parts<'_>) -> Finding {
    let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_ascii_lowercase();
    if bare(asked.host) == bare(told.host) {
        return finding
            .because(Likely, "the service goes by another form of its name, with or without www")
            .advise(format!("use {} in the client", url(told, told.path)));
    }
    if told.tls && !asked.tls && told.path == asked.path {
        return finding
            .because(Possible, "the service has another host name, and wants TLS there")
            .advise(format!("use wss:// in the client: {}", url(told, told.path)));
    }
    let cause = if told.path == asked.path {
        "the service has another host name"
    } else {
        "the service has moved, or a portal or login on the way wants to be seen first"
    };
    finding
        .because(Possible, cause)
        .advise(format!("use {} in the client if that is the right place; -L follows it here", url(told, told.path)))
}

fn url(parts: &Parts<'_>, path: &str) -> String {
    let scheme = if parts.tls { "wss" } else { "ws" };
    format!("{scheme}://{}{}", show::safe(parts.host), show::safe(path))
}

/// The words say nothing when the path that was asked for has them too.
fn is_login(to: &str, asked: &str) -> bool {
    LOGINS.iter().any(|word| contains(to, word) && !contains(asked, word))
}

fn starts(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
}

/// The host without any port; an IPv6 address keeps its brackets.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// The ports of a scheme are left out by some and written by others: only a port of its own counts.
fn without_port(host: &str) -> &str {
    host.strip_suffix(":80").or_else(|| host.strip_suffix(":443")).unwrap_or(host)
}

/// A query may carry secrets, so findings show none.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}
