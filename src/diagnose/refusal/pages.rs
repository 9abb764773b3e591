//! 2xx and 304 in place of 101: a page, a cache, an interface of another kind (RFC 9110 sections 15.3 and 15.4.5; RFC
//! 9111 section 5.1). Owns what the type, the page and the traces of caches say; pages that name a server which speaks
//! WebSocket elsewhere are `fingerprints`'.

use crate::diagnose::facts::contains;
use crate::diagnose::place::path_in_line;
use crate::diagnose::refusal::known::Answer;
use crate::diagnose::remedies;
use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Finding, show};

/// Where single-page applications are put in.
const ROOTS: &[&str] = &[
    "<div id=\"root\"",
    "<div id=root",
    "<div id=\"app\"",
    "<div id=app",
    "<div id=\"__next\"",
    "<div id=\"__nuxt\"",
    "<app-root",
    "ng-app",
    "/@vite/client",
];

/// Pages that a server has before anybody sets it up.
const DEFAULT_TITLES: &[(&str, &str)] = &[
    ("Welcome to nginx!", "nginx"),
    ("Apache2 Debian Default Page", "Apache"),
    ("Apache2 Ubuntu Default Page", "Apache"),
    ("Test Page for the Apache", "Apache"),
    ("IIS Windows", "IIS"),
    ("Caddy works!", "Caddy"),
];

/// 200 to 299, and 304.
pub(super) fn judged(answer: &Answer<'_>) -> Finding {
    if answer.status == 200 && is_page(answer) {
        return page(answer);
    }
    let finding = match answer.status {
        304 => Finding::of(
            "answered-without-upgrade",
            "server side",
            format!("{}: answered as from a cache, without an upgrade", answer.said),
        ),
        _ => answer.finding("answered-without-upgrade"),
    };
    if let Some(trace) = cached(answer) {
        return finding
            .saw(trace)
            .because(Likely, "a cache answered: the request was an ordinary one to it")
            .advise("switch caching off for the WebSocket's path in the hop that caches");
    }
    let kind = answer.facts.answered("Content-Type").unwrap_or_default();
    if contains(kind, "text/event-stream") {
        return finding
            .saw(format!("Content-Type: {}", show::quoted(kind)))
            .because(Likely, "the path is a stream of server-sent events, not a WebSocket")
            .advise("read it by an EventSource, or find the path of the WebSocket");
    }
    if let Some(caddy) = answer.maker.as_ref().filter(|hop| hop.name == "Caddy" && answer.status == 200) {
        let finding = finding.because(
            Possible,
            "no route of Caddy's site takes this path, which Caddy answers with an empty 200; or a respond line or the \
             application answers so",
        );
        return remedies::route(caddy, answer.facts.path()).on(finding);
    }
    let said = said_itself(answer.body).map(|words| format!("its body says {}", show::quoted(words)));
    let cause = if contains(kind, "json") {
        "the path belongs to an interface that answers ordinary requests, or the Upgrade header was lost on the way"
    } else {
        "the path belongs to something else (a check of health, another interface), or the Upgrade header was lost on \
         the way"
    };
    let finding = finding.saw_all(said).because(Possible, cause);
    let Some(proxy) = answer.proxy() else { return finding };
    let remedy = remedies::upgrade_headers(Some(proxy), answer.facts.path());
    finding.advise(format!("check the path; if it is right, {}", remedy.help)).paste_lines(remedy.lines)
}

fn page(answer: &Answer<'_>) -> Finding {
    let title = title(answer.body);
    let finding = answer
        .finding("plain-page")
        .saw_all(title.as_ref().map(|title| format!("the page's title is {}", show::quoted(title))))
        .saw_all(cached(answer));
    let title = title.unwrap_or_default();
    if let Some((_, product)) = DEFAULT_TITLES.iter().find(|(text, _)| contains(&title, text)) {
        let finding = finding.because(
            Likely,
            format!("{product} answered with its first page: no site for this name and path is set up there"),
        );
        return match &answer.maker {
            Some(hop) => remedies::route(hop, answer.facts.path()).on(finding),
            None => finding,
        };
    }
    if contains(answer.body, "type=\"password\"") || is_login(&title) {
        return finding
            .because(Likely, "a login page answered: the service wants a login first")
            .advise("send what the login gives, by --cookie or --bearer");
    }
    if contains(answer.body, "captive portal") || contains(&title, "hotspot") {
        return finding
            .because(Possible, "a portal of this network answered, which wants a login before it lets anything through")
            .advise(
                "open any http:// page in a browser and log in to the network; wss:// is not answered by a portal",
            );
    }
    let path = answer.facts.path();
    if contains(answer.body, "/@vite/client") {
        return finding
            .because(Likely, "Vite's own page answered: the path is not passed on to the application")
            .advise(match path_in_line(path) == path {
                true => "in vite.config, so that upgrades are passed on too:",
                false => "in vite.config, with the path for /the/path, so that upgrades are passed on too:",
            })
            .paste_lines(vec![format!(
                "server: {{ proxy: {{ \"{}\": {{ target: \"http://127.0.0.1:8080\", ws: true }} }} }},",
                path_in_line(path)
            )]);
    }
    if ROOTS.iter().any(|root| contains(answer.body, root)) {
        return fallback(answer, finding);
    }
    finding.because(
        Possible,
        "the path is that of a page, a page answers for every path that is not known, or a proxy lost Upgrade and the \
         application gave its page",
    )
}

/// The page of a single-page application stands for every path that nobody else takes.
fn fallback(answer: &Answer<'_>, finding: Finding) -> Finding {
    let finding = finding.saw("it is the page of a single-page application").because(
        Likely,
        "the path falls to the application's page: it is wrong, or not routed before the fallback (or Upgrade was \
         lost, and the page came instead)",
    );
    match answer.proxy() {
        Some(hop) if matches!(hop.name, "nginx" | "openresty" | "Apache" | "Caddy") => {
            remedies::route(hop, answer.facts.path()).on(finding)
        }
        _ => finding.advise("check the path; then route it to the application before the fallback to the page"),
    }
}

fn is_login(title: &str) -> bool {
    ["log in", "login", "sign in", "signin", "single sign-on"].iter().any(|word| contains(title, word))
}

/// A cache says that it answered itself.
fn cached(answer: &Answer<'_>) -> Option<String> {
    let line = |name: &str, part: &str| {
        let value = answer.facts.answered(name)?;
        contains(value, part).then(|| format!("{name}: {}", show::quoted(value)))
    };
    let age = answer.facts.answered("Age").filter(|age| age.trim() != "0");
    line("X-Cache", "HIT")
        .or_else(|| line("CF-Cache-Status", "HIT"))
        .or_else(|| line("X-Proxy-Cache", "HIT"))
        .or_else(|| line("X-Cache-Status", "HIT"))
        .or_else(|| age.map(|age| format!("Age: {}", show::quoted(age))))
}

/// A short text of the server's own, no page.
pub(super) fn said_itself(body: &str) -> Option<&str> {
    let words = body.trim();
    (!words.is_empty() && words.len() <= 300 && !words.starts_with('<')).then_some(words)
}

fn is_page(answer: &Answer<'_>) -> bool {
    let start = answer.body.trim_start();
    answer.facts.answered("Content-Type").is_some_and(|kind| contains(kind, "text/html"))
        || start.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("<html"))
        || start.get(..9).is_some_and(|tag| tag.eq_ignore_ascii_case("<!doctype"))
}

/// ASCII letters in lower case have the same places as before.
fn title(body: &str) -> Option<String> {
    let lower = body.to_ascii_lowercase();
    let from = lower.find("<title>")? + "<title>".len();
    let len = lower[from..].find('<')?;
    Some(body[from..from + len].trim().to_string()).filter(|title| !title.is_empty())
}
