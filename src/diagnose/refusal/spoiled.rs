//! Requests that a hop spoiled on their way: Upgrade sent twice, a header of the handshake taken away, another method,
//! a part of the path gone (RFC 6455 section 4.2.1). Owns the first, and which directive does the others, which
//! `fingerprints` knows by the server's text; the lines to paste are `remedies`'.

use crate::diagnose::facts::contains;
use crate::diagnose::hops::{Hop, Kind};
use crate::diagnose::refusal::known::Answer;
use crate::diagnose::remedies;
use crate::event::Finding;
use crate::event::finding::Confidence::{Likely, Possible};

/// What python websockets, uvicorn and Sanic say of an Upgrade that came twice.
const TWICE: &str = "invalid Upgrade header: websocket, websocket";

/// What node ws says of an Upgrade that is there, and is not `websocket`.
const NOT_ALONE: &str = "Invalid Upgrade header";

/// What Tornado says of an Upgrade that is lost, and of one that came twice. aiohttp has it behind words of its own,
/// and takes two.
const EITHER: &str = "Can \"Upgrade\" only to \"WebSocket\"";

/// Upgrade left once, and arrived twice: nginx sends every `proxy_set_header` line that it has, equal ones too.
pub(super) fn doubled(answer: &Answer<'_>) -> Option<Finding> {
    let sent = answer.facts.sent.as_ref()?;
    if sent.all("Upgrade").count() != 1 || !sent.has_token("Upgrade", "websocket") {
        return None;
    }
    let proxy = proxy(answer);
    let who = proxy.map_or("a hop in front", |hop| hop.name);
    let is_nginx = proxy.is_some_and(is_nginx);
    if contains(answer.body, TWICE) {
        let cause = match is_nginx {
            true => format!("{who} has two proxy_set_header Upgrade lines here, and sends both"),
            false => format!("{who} sends an Upgrade beside the one that is there, as nginx does by two such lines"),
        };
        let finding = Finding::of("upgrade-refused", "path", format!("{}: Upgrade arrived twice", answer.said))
            .saw("Upgrade left here once; the application speaks of \"websocket, websocket\"")
            .because(Likely, cause);
        return Some(remedies::once(proxy, answer.facts.path()).on(finding));
    }
    if answer.status != 400 || answer.body.trim() != NOT_ALONE {
        return None;
    }
    let fact = format!("{}: Upgrade arrived, and is not \"websocket\" there", answer.said);
    let finding =
        Finding::of("upgrade-refused", "path", fact).saw("the text that node ws has for an Upgrade with another value");
    let finding = match is_nginx {
        true => finding.because(
            Likely,
            format!("{who} has two proxy_set_header Upgrade lines here, and sends both; or one with another value"),
        ),
        false => finding.because(
            Possible,
            format!("{who} sends Upgrade twice, as nginx does by two proxy_set_header lines, or changes its value"),
        ),
    };
    Some(remedies::once(proxy, answer.facts.path()).on(finding))
}

/// A finding of `fingerprints`, with the directive of the proxy that leaves a trace.
pub(super) fn named(finding: Finding, answer: &Answer<'_>) -> Finding {
    let Some(hop) = proxy(answer) else { return finding };
    match finding.code {
        "key-lost" => header_lost(finding, hop),
        "upgrade-refused" if finding.fact.ends_with("another method reached the server") => {
            match remedies::keep_method(hop) {
                Some(remedy) => remedy.on(finding),
                None => finding,
            }
        }
        "upgrade-stripped" if is_nginx(hop) => stripped(finding, answer),
        "route-missing" if finding.fact.contains("did not accept a WebSocket") => prefix(finding, hop),
        _ => finding,
    }
}

fn header_lost(finding: Finding, hop: &Hop) -> Finding {
    let lost = ["Sec-WebSocket-Key", "Sec-WebSocket-Version"].into_iter().find(|name| finding.fact.contains(name));
    match lost.and_then(|name| remedies::let_pass(hop, name)) {
        Some(remedy) => remedy.on(finding),
        None => finding,
    }
}

/// The lines of nginx stand beside those that are there, and a second Upgrade is as bad as none.
fn stripped(mut finding: Finding, answer: &Answer<'_>) -> Finding {
    if answer.body.trim_start().starts_with(EITHER) {
        finding.cause.push_str("; or sends Upgrade twice, by two proxy_set_header lines");
    }
    remedies::beside_others(finding)
}

/// ASGI has one answer for a path that it does not know, whoever made it so.
fn prefix(mut finding: Finding, hop: &Hop) -> Finding {
    let by = match hop.name {
        "nginx" | "openresty" => " (a URI behind proxy_pass replaces the prefix)",
        "Apache" => " (the two paths of ProxyPass)",
        "Caddy" => " (handle_path and uri strip_prefix take the prefix away)",
        _ => "",
    };
    finding.cause.push_str(&format!("; or {} takes a part of the path away or adds one", hop.name));
    if let Some(help) = finding.help.first_mut() {
        help.push_str(&format!(", and at what {} makes of the path{by}", hop.name));
    }
    finding
}

/// The proxy of one's own nearest to the application: a provider in front changes none of this.
fn proxy<'a>(answer: &'a Answer<'_>) -> Option<&'a Hop> {
    answer.proxy().filter(|hop| hop.kind == Kind::Proxy)
}

fn is_nginx(hop: &Hop) -> bool {
    matches!(hop.name, "nginx" | "openresty")
}
