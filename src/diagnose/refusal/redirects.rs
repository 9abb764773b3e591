//! 3xx in place of 101: what differs between the URL that was asked for and the one that is named (RFC 9110 sections
//! 10.2.2 and 15.4; the Fetch standard lets a WebSocket follow none). Owns that comparison, and whether a Location can
//! be used at all; following is `net`'s.

use url::Url;

use crate::diagnose::facts::contains;
use crate::diagnose::refusal::known::Answer;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{Finding, show};

/// Words in a path or host of a login.
const LOGINS: &[&str] =
    &["login", "signin", "sign-in", "sign_in", "sign%2din", "/auth", "oauth", "/sso", "saml", "//sso."];

/// The longest URL that is told in the help.
const URL_MAX: usize = 200;

/// The parts of a URL without the usual port of its scheme, as far as they are compared.
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
        Parts { tls, host, path: if at == rest.len() { "/" } else { &rest[at..] } }
    }
}

/// A redirect that `-L` followed.
pub(super) fn followed(status: u16, from: &str, to: &str) -> Finding {
    Finding::of("redirect-followed", "client", format!("HTTP {status} was followed; browsers never follow one"))
        .saw(format!("from {} to {}", show::safe(without_query(from)), show::safe(without_query(to))))
        .because(Certain, "-L was given")
}

pub(super) fn judged(answer: &Answer<'_>) -> Finding {
    let Some(location) = answer.facts.answered("Location") else {
        return begin(answer, "the redirect has no Location")
            .because(Certain, "the status is that of a redirect, and no URL is named")
            .advise("look at what makes this answer on the server side");
    };
    let goal = match destination(&answer.facts.url, location) {
        Ok(goal) => goal,
        Err(why) => return unusable(answer, location, why),
    };
    let finding =
        begin(answer, "sent elsewhere; browsers never follow this for a WebSocket").saw(location_line(location));
    let asked = Parts { path: answer.facts.path(), ..Parts::of(&answer.facts.url) };
    let told = Parts::of(&goal);
    let dial = |parts: &Parts<'_>| url(parts, told.path, location);
    let same_name = name_of(told.host).eq_ignore_ascii_case(name_of(asked.host));
    if same_name && told.path == asked.path {
        return same_place(answer, finding, (&asked, &told), location);
    }
    let nearly = Parts { tls: asked.tls || told.tls, ..asked };
    if same_name && told.path.strip_suffix('/') == Some(asked.path) {
        return finding
            .because(Likely, "the path lacks a slash at its end")
            .advise(format!("use {} in the client", dial(&nearly)));
    }
    if same_name && asked.path.strip_suffix('/') == Some(told.path) {
        return finding
            .because(Likely, "the path has a slash at its end that the server side does not want")
            .advise(format!("use {} in the client", dial(&nearly)));
    }
    let asked_url = format!("{}{}", without_query(&answer.facts.url), asked.path);
    if is_login(&goal, &asked_url) {
        return finding
            .because(Likely, "a login stands in front")
            .advise("send what the login gives, by --cookie or --bearer");
    }
    if !same_name {
        return other_host(finding, &asked, &told, &dial(&told));
    }
    let cause = match told.path {
        "/" => "the path is not known here, or a login is wanted: both are often sent to the start page",
        path if is_login(path, "") => "the path is another one now, or a login is wanted first",
        _ => "the path is another one now, or is not known here and falls to a page",
    };
    finding
        .because(Possible, cause)
        .advise(format!("use {} in the client if that is the right place; -L follows it here", dial(&told)))
}

fn begin(answer: &Answer<'_>, what: &str) -> Finding {
    Finding::of("upgrade-redirected", "server side", format!("{}: {what}", answer.said))
}

/// The URL that a client would dial, without a query (RFC 3986 section 5.2); or why there is none.
fn destination(from: &str, location: &str) -> Result<String, String> {
    let location = location.trim();
    if location.is_empty() {
        return Err("Location is empty".into());
    }
    if location.chars().any(char::is_control) {
        return Err("Location has a control character in it".into());
    }
    let base = Url::parse(from).or_else(|_| Url::parse("ws://localhost/"));
    let joined = base.and_then(|base| base.join(location)).map_err(|error| format!("Location is no URL: {error}"))?;
    let scheme = match joined.scheme() {
        "ws" | "http" => "ws",
        "wss" | "https" => "wss",
        other => return Err(format!("the scheme of Location is {}, which leads to no WebSocket", show::quoted(other))),
    };
    let host = joined.host_str().unwrap_or_default();
    if host.is_empty() {
        return Err("Location names no host".into());
    }
    match joined.port() {
        Some(0) => Err("Location names the port 0".into()),
        Some(port) => Ok(format!("{scheme}://{host}:{port}{}", joined.path())),
        None => Ok(format!("{scheme}://{host}{}", joined.path())),
    }
}

/// A Location that nobody can follow, be it with -L or without.
fn unusable(answer: &Answer<'_>, location: &str, why: String) -> Finding {
    begin(answer, "the redirect has no usable Location")
        .saw(location_line(location))
        .because(Certain, why)
        .advise("let Location on the server side be a path, or a URL with http, https, ws or wss")
}

/// Without its query, which may carry secrets.
fn location_line(location: &str) -> String {
    match without_query(location) {
        "" if !location.trim().is_empty() => "Location has a query or a fragment only".into(),
        shown => format!("Location: {}", show::quoted(shown)),
    }
}

/// Only the scheme or the port differs, or nothing does.
fn same_place(
    answer: &Answer<'_>,
    finding: Finding,
    (asked, told): (&Parts<'_>, &Parts<'_>),
    location: &str,
) -> Finding {
    let dial = url(told, told.path, location);
    match (asked.tls, told.tls) {
        (false, true) => {
            finding.because(Likely, "the server side wants TLS").advise(format!("use wss:// in the client: {dial}"))
        }
        (false, false) if told.host != asked.host => finding
            .because(Possible, "the server side builds the URL with its own port, not with that of the hop in front")
            .advise(format!("use {dial} in the client if that is the right place")),
        // Without a host in it, Location says nothing of TLS.
        (asked_tls, _) if !asked_tls || !location.contains("//") => finding
            .because(Possible, "the URL that was asked for is named again: a cookie is wanted first, or it is a loop")
            .advise("send the cookie that this answer sets, by --cookie"),
        (_, true) => untold(answer, finding),
        (_, false) => finding
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

fn other_host(finding: Finding, asked: &Parts<'_>, told: &Parts<'_>, dial: &str) -> Finding {
    let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_ascii_lowercase();
    if bare(asked.host) == bare(told.host) {
        return finding
            .because(Likely, "the service goes by another form of its name, with or without www")
            .advise(format!("use {dial} in the client"));
    }
    if told.tls && !asked.tls && told.path == asked.path {
        return finding
            .because(Possible, "the service has another host name, and wants TLS there")
            .advise(format!("use wss:// in the client: {dial}"));
    }
    let cause = if told.path == asked.path {
        "the service has another host name"
    } else {
        "the service has moved, or a portal or login on the way wants to be seen first"
    };
    finding
        .because(Possible, cause)
        .advise(format!("use {dial} in the client if that is the right place; -L follows it here"))
}

/// A whole URL, ready to be dialled: nothing in it acts in a shell.
fn url(parts: &Parts<'_>, path: &str, location: &str) -> String {
    let scheme = if parts.tls { "wss" } else { "ws" };
    let mut url = format!("{scheme}://");
    for byte in parts.host.bytes().chain(path.bytes()) {
        if byte.is_ascii_alphanumeric() || b"-._~/%:@+,=[]".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    if url.len() > URL_MAX {
        return format!("the URL of Location by {scheme}://");
    }
    if location.contains('?') { format!("{url} with the query of Location") } else { url }
}

/// The words say nothing when the URL that was asked for has them too.
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

/// A query may carry secrets, so findings show none.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}
