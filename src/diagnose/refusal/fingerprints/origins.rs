//! Refusals that speak of the Origin (RFC 6455 sections 4.2.2 and 10.2). Owns which servers compare it with Host and
//! which with a list, what a changed Host has to do with it; the lines that allow an Origin are `remedies`'.

use super::Refused;
use crate::diagnose::remedies;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{Finding, show};

/// What the server compares the Origin with, unless its program says otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Against {
    Host,
    List,
}

/// Status, a part of the body, the server, what it compares with.
#[rustfmt::skip]
const ROWS: &[(u16, &str, &str, Against)] = &[
    (403, "Cross origin websockets not allowed", "Tornado", Against::Host),
    (403, "open a WebSocket connection: invalid Origin header", "python websockets", Against::List),
    (403, "open a WebSocket connection: missing Origin header", "python websockets", Against::List),
    (403, "open a WebSocket connection: more than one Origin header", "python websockets", Against::List),
    (403, "Invalid CORS request", "Spring", Against::Host),
];

pub(super) fn recognise(refused: &Refused) -> Option<Finding> {
    if let Some(found) = coder(refused).or_else(|| action_cable(refused)) {
        return Some(found);
    }
    if let Some((_, _, server, against)) =
        ROWS.iter().find(|(status, text, ..)| *status == refused.status && refused.body.contains(text))
    {
        return Some(rejected(refused, server, *against));
    }
    gorilla(refused).then(|| rejected(refused, "gorilla", Against::Host))
}

/// gorilla puts its version on every refusal, and says no more than the status' own word.
fn gorilla(refused: &Refused) -> bool {
    refused.status == 403
        && refused.is_whole("Forbidden")
        && refused.facts.answered("Sec-WebSocket-Version").is_some_and(|listed| listed == "13")
}

fn rejected(refused: &Refused, server: &str, against: Against) -> Finding {
    let Some(origin) = refused.sent("Origin") else { return wanted(refused, server) };
    let host = refused.sent("Host").unwrap_or_default();
    let finding = begin(refused, server).saw(format!("Origin: {}, Host: {}", show::quoted(origin), show::quoted(host)));
    if against == Against::Host && host_of(origin).eq_ignore_ascii_case(host) {
        return changed_host(refused, finding, server);
    }
    let cause = match against {
        Against::Host => format!("the Origin's host is not the Host, and {server} allows no other unless told so"),
        Against::List => "the Origin is not one that the server allows".into(),
    };
    let sure = if server == "gorilla" { Likely } else { Certain };
    allow(finding.because(sure, cause), server, origin)
}

/// Origin and Host were the same when they left: something changed Host, or the program has a rule of its own.
fn changed_host(refused: &Refused, finding: Finding, server: &str) -> Finding {
    let (sure, who) = match refused.proxy() {
        Some(proxy) => (Likely, proxy.name),
        None => (Possible, "a proxy"),
    };
    let cause = format!("{who} changes Host, and {server} compares it with the Origin; or its own rule says no");
    pass_host(refused, finding.because(sure, cause))
}

fn pass_host(refused: &Refused, finding: Finding) -> Finding {
    remedies::pass_host(refused.proxy().as_ref(), refused.facts.path()).on(finding)
}

fn begin(refused: &Refused, server: &str) -> Finding {
    Finding::of("origin-rejected", "server side", format!("{}: the Origin is not accepted", refused.said()))
        .saw(format!("the answer that {server} has for an Origin that it does not allow"))
}

/// No Origin was sent.
fn wanted(refused: &Refused, server: &str) -> Finding {
    let told_so = refused.body.contains("missing Origin header");
    Finding::of("origin-rejected", "server side", format!("{}: an Origin is wanted, none was sent", refused.said()))
        .saw(format!("the answer that {server} has for an Origin that it does not allow"))
        .because(
            if told_so { Certain } else { Likely },
            "the server lets in only requests with an Origin of its list, as browsers send it",
        )
        .advise("send the Origin of the page: --origin URL")
}

/// coder says which Origin and which Host it compared, so a changed Host is seen.
fn coder(refused: &Refused) -> Option<Finding> {
    let rest = refused.body.split_once("request Origin \"")?.1;
    let (_, rest) = rest.split_once("\" is not authorized for Host \"")?;
    let seen_host = rest.split('"').next().unwrap_or_default();
    let (Some(origin), Some(host)) = (refused.sent("Origin"), refused.sent("Host")) else {
        return Some(wanted(refused, "coder/websocket"));
    };
    let finding = begin(refused, "coder/websocket").saw(format!(
        "Origin: {}, Host: {}; it saw Host {}",
        show::quoted(origin),
        show::quoted(host),
        show::quoted(seen_host)
    ));
    if seen_host.eq_ignore_ascii_case(host) {
        let finding = finding.because(Certain, "the Origin's host is not the Host, and is not in OriginPatterns");
        return Some(allow(finding, "coder/websocket", origin));
    }
    let finding = finding.because(Certain, "a proxy changes Host, and coder/websocket compares it with the Origin");
    Some(pass_host(refused, finding))
}

/// Rails answers 404 to a wrong Origin and to a lost Upgrade alike.
fn action_cable(refused: &Refused) -> Option<Finding> {
    let plain = refused.facts.answered("Content-Type").is_some_and(|kind| kind.starts_with("text/plain"));
    if refused.status != 404 || !plain || !refused.is_whole("Page not found") {
        return None;
    }
    let finding = Finding::of(
        "origin-rejected",
        "server side",
        format!("{}: the text of Rails ActionCable for a request that it refuses", refused.said()),
    );
    let Some(origin) = refused.sent("Origin") else {
        return Some(
            finding
                .saw("no Origin was sent, and ActionCable wants one")
                .because(Likely, "no Origin; a lost Upgrade header gives the same answer")
                .advise("send the Origin of the page: --origin URL"),
        );
    };
    let finding = finding.saw(format!("Origin: {}", show::quoted(origin))).because(
        Possible,
        "the Origin is not allowed, or Upgrade did not reach it: the same answer; the log of Rails says which",
    );
    Some(allow(finding, "ActionCable", origin))
}

/// The line that lets this Origin in. One that could end the quotes is not put into a line to paste.
fn allow(finding: Finding, server: &str, origin: &str) -> Finding {
    let fit = origin.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'#' | b'$'));
    match remedies::allow_origin(server, Some(origin)) {
        Some(remedy) if fit => {
            finding.advise(format!("if pages of this Origin may connect, {}", remedy.help)).paste_lines(remedy.lines)
        }
        _ => finding,
    }
}

/// `https://a.example:8443` is of `a.example:8443`.
fn host_of(origin: &str) -> &str {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    host.split('/').next().unwrap_or(host)
}
