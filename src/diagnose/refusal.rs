//! Findings on an answer other than 101 (RFC 6455 sections 4.2.1, 4.2.2, 4.4). Owns the order of the topics, from the
//! most telling to the status alone, and what is seen of the hops; the rules of a topic are in its file, a server's own
//! words in `fingerprints`, lines of configuration in `remedies`.

mod absences;
mod credentials;
mod failures;
mod fingerprints;
mod gateways;
mod known;
mod pages;
mod redirects;
mod requests;
mod rights;
mod sizes;
mod spoiled;
#[cfg(test)]
mod tests;

use crate::diagnose::facts::{Facts, contains};
use crate::diagnose::hops::{Hop, Kind};
use crate::diagnose::refusal::known::Answer;
pub(in crate::diagnose) use crate::diagnose::refusal::known::nothing_behind;
use crate::diagnose::remedies;
use crate::event::Finding;
use crate::event::Tried;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::show;
use crate::wire::upgrade::accept_key;

/// Texts of servers that got an unencrypted request on a port for TLS.
const PLAIN_TO_TLS_TEXTS: &[(&str, &str)] = &[
    ("The plain HTTP request was sent to HTTPS port", "nginx"),
    ("speaking plain HTTP to an SSL-enabled server port", "Apache"),
    ("Client sent an HTTP request to an HTTPS server", "Go"),
];

/// The finding for an answer with this status, which is not 101.
pub fn refused(facts: &Facts, status: u16, reason: &str) -> Finding {
    let body = facts.body_text();
    let answer = Answer::new(facts, status, reason, &body);
    plain_to_tls(&answer)
        .or_else(|| own_request(&answer))
        .or_else(|| wrong_status(&answer))
        .or_else(|| rights::bots(&answer).map(|finding| with_hops(finding, &answer)))
        .or_else(|| spoiled::doubled(&answer))
        .or_else(|| fingerprints::recognise(facts, status, reason, &body))
        .or_else(|| version(&answer))
        .or_else(|| stripped(&answer))
        .unwrap_or_else(|| with_hops(by_status(&answer), &answer))
}

/// A redirect that `-L` followed.
pub fn redirect_followed(status: u16, from: &str, to: &str) -> Finding {
    redirects::followed(status, from, to)
}

fn plain_to_tls(answer: &Answer<'_>) -> Option<Finding> {
    let (_, product) = PLAIN_TO_TLS_TEXTS.iter().find(|(text, _)| contains(answer.body, text))?;
    let status = answer.status;
    let finding = if answer.facts.is_tls() {
        Finding::of("plain-http-to-tls-port", "path", "a hop passes the request on, unencrypted, to a port with TLS")
            .because(Likely, "the hop that ends our TLS uses http:// where the next one wants https://")
            .advise("let that hop speak TLS to the next one, as proxy_pass https://... in nginx")
    } else if answer.facts.second_look(Tried::Tls).is_some_and(|look| !look.answered) {
        Finding::of("plain-http-to-tls-port", "path", "a hop passes the request on, unencrypted, to a port with TLS")
            .saw_all(answer.facts.second_look_words())
            .because(
                Likely,
                "this port speaks no TLS, and the hop on it uses http:// where the next one wants https://",
            )
            .advise("let that hop speak TLS to the next one, as proxy_pass https://... in nginx")
    } else {
        Finding::of("plain-http-to-tls-port", "client", "the port speaks TLS, and the request was not encrypted")
            .because(Certain, "ws:// was used where wss:// is spoken")
            .advise(format!("use {}", answer.facts.url_with_tls()))
    };
    Some(finding.saw(format!("HTTP {status} with the text that {product} has for this")))
}

/// We left Upgrade or Connection out ourselves, by `-H`.
fn own_request(answer: &Answer<'_>) -> Option<Finding> {
    let sent = answer.facts.sent.as_ref()?;
    let missing = match (sent.has_token("Upgrade", "websocket"), sent.has_token("Connection", "upgrade")) {
        (true, true) => return None,
        (false, true) => "Upgrade: websocket",
        (true, false) => "Connection: Upgrade",
        (false, false) => "Upgrade: websocket and Connection: Upgrade",
    };
    Some(
        Finding::of("upgrade-refused", "client", format!("{} to a request that is none for WebSocket", answer.said))
            .saw(format!("our own request went out without {missing}"))
            .because(Certain, "-H removed or replaced it")
            .advise("leave -H for these headers out"),
    )
}

/// The right accept value for our key under another status: a WebSocket's handler answered.
fn wrong_status(answer: &Answer<'_>) -> Option<Finding> {
    let accept = answer.facts.answered("Sec-WebSocket-Accept")?;
    if accept_key(answer.sent("Sec-WebSocket-Key")?) != accept {
        return None;
    }
    Some(
        answer
            .finding("answered-without-upgrade")
            .saw("Sec-WebSocket-Accept is there, and right for the key that was sent")
            .because(Likely, format!("the server agrees to the upgrade, and writes {} in place of 101", answer.status))
            .advise("let the server's answer begin with HTTP/1.1 101 Switching Protocols"),
    )
}

fn version(answer: &Answer<'_>) -> Option<Finding> {
    let listed = answer.facts.answer.as_ref()?.tokens("Sec-WebSocket-Version");
    let ours = our_version(answer);
    if !matches!(answer.status, 400 | 426) || listed.is_empty() || listed.iter().any(|version| version == ours) {
        return None;
    }
    let finding = Finding::of(
        "version-refused",
        "server side",
        format!("{}: the server does not speak version {} of the protocol", answer.said, show::safe(ours)),
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

/// 426 without a text that names its maker: the application wants an upgrade and saw none. It has other meanings, too.
fn stripped(answer: &Answer<'_>) -> Option<Finding> {
    if answer.status != 426 {
        return None;
    }
    if let Some(finding) = wants_tls(answer).or_else(|| envoy_got_old_http(answer)) {
        return Some(with_hops(finding, answer));
    }
    let listed = answer.facts.answer.as_ref().is_some_and(|head| head.first("Sec-WebSocket-Version").is_some());
    let came = match listed {
        false => "426 came back without Sec-WebSocket-Version".to_owned(),
        true => format!("426 came back although its Sec-WebSocket-Version lists our {}", our_version(answer)),
    };
    let finding =
        Finding::of("upgrade-stripped", "path", "the application saw an ordinary request, not a WebSocket one")
            .saw(format!("Upgrade and Connection left here; {came}"))
            .saw_all(
                requests::unoffered(answer).map(|(product, name)| {
                    format!("no subprotocol was offered; the clients of {product} offer {name}")
                }),
            );
    // A provider in front passes upgrades on unless told otherwise, and hides the proxy behind it.
    let proxy = answer.own_proxy();
    let finding = match proxy {
        Some(hop) => {
            let cause = format!("{} does not pass Upgrade and Connection on to the application", hop.name);
            finding.because(Likely, cause)
        }
        None => finding.because(
            Possible,
            "something between here and the application does not pass Upgrade and Connection on, or the path is no \
             WebSocket and wants another protocol",
        ),
    };
    Some(remedies::upgrade_headers(proxy, answer.facts.path()).on(finding))
}

/// RFC 9110 section 15.5.22: a 426 names the protocol that is wanted.
fn wants_tls(answer: &Answer<'_>) -> Option<Finding> {
    let wanted = answer.facts.answered("Upgrade").filter(|wanted| !contains(wanted, "websocket"))?;
    let finding = Finding::of(
        "upgrade-refused",
        "server side",
        format!("{}: another protocol is wanted here, not WebSocket", answer.said),
    )
    .saw(format!("Upgrade: {}", show::quoted(wanted)));
    if contains(wanted, "TLS") && !answer.facts.is_tls() {
        return Some(finding.because(Likely, "the server side wants TLS").advise("use wss:// in the client"));
    }
    Some(finding.because(Likely, "what answers speaks the protocol that it names, and no WebSocket at this path"))
}

/// Envoy itself answers HTTP/1.0 with an empty 426.
fn envoy_got_old_http(answer: &Answer<'_>) -> Option<Finding> {
    let from_behind = answer.facts.answered("x-envoy-upstream-service-time").is_some();
    if !answer.facts.is_server("envoy") || !answer.body.is_empty() || from_behind {
        return None;
    }
    let finding = answer.finding("http-1-0-hop").saw("the body is empty, and nothing behind Envoy took part").because(
        Possible,
        "a hop before Envoy passes the request on with HTTP/1.0, which Envoy answers so; or the application behind it \
         saw no Upgrade",
    );
    Some(remedies::http11(answer.proxy(), answer.facts.path()).on(finding))
}

fn by_status(answer: &Answer<'_>) -> Finding {
    if let Some(finding) = sizes::judged(answer).or_else(|| rights::host(answer)) {
        return finding;
    }
    match answer.status {
        200..=299 | 304 => pages::judged(answer),
        300..=399 => redirects::judged(answer),
        401 | 407 => rights::with_certificate(credentials::unauthorized(answer), answer),
        403 => rights::with_certificate(rights::forbidden(answer), answer),
        404 | 410 => absences::nowhere(answer),
        405 => absences::method(answer),
        406 | 415 => absences::types(answer),
        _ => gateways::judged(answer).unwrap_or_else(|| match answer.status {
            500..=599 => failures::judged(answer),
            _ => requests::judged(answer),
        }),
    }
}

/// Which hop answered, as far as it says so, and how long it asks to wait.
fn with_hops(finding: Finding, answer: &Answer<'_>) -> Finding {
    let field = |name: &str| answer.facts.answered(name).map(|value| format!("{name}: {}", show::quoted(value)));
    let maker = answer.maker.as_ref().filter(|hop| hop.kind != Kind::Application);
    let own = |hop: &Hop| match hop.certain {
        true => format!("answered by {} itself, not by the application", hop.name),
        false => format!("answered by {} itself, as it seems ({})", hop.name, hop.seen),
    };
    let mut lines: Vec<String> = maker.map(own).into_iter().collect();
    lines.extend(["Server", "Via"].iter().filter_map(|name| field(name)));
    // Server and Via are shown already, by whatever name they were spelled.
    let is_shown = |seen: &str| {
        seen.split_once(':')
            .is_some_and(|(name, _)| name.eq_ignore_ascii_case("Server") || name.eq_ignore_ascii_case("Via"))
    };
    lines.extend(answer.hops.iter().filter(|hop| !is_shown(&hop.seen)).map(|hop| hop.seen.clone()));
    lines.extend(field("Retry-After"));
    after_the_wait(finding.saw_all(lines), answer)
}

/// A wish beyond a week, in seconds, is a mistake or a way to say never: nobody is told to wait so long.
const WAIT_MAX: u64 = 7 * 86_400;

/// What the server side asks to wait comes before all else; what the advice says of waiting is not said twice.
fn after_the_wait(mut finding: Finding, answer: &Answer<'_>) -> Finding {
    const AS_TOLD: &str = "wait as long as Retry-After says, and ";
    // Varnish has five seconds in each of its own pages, whatever they are about.
    let counts = matches!(answer.status, 429 | 503) && !answer.made_by("Varnish");
    let wait = asked_wait(answer).filter(|_| counts);
    let Some(help) = finding.help.first_mut() else { return finding };
    match wait {
        Some(seconds) => {
            let rest = help.strip_prefix(AS_TOLD).unwrap_or(help.as_str());
            let rest = rest.strip_suffix("; then try again").unwrap_or(rest);
            *help = format!("try again after {}, as it asks; then {rest}", show::whole(seconds));
        }
        None if help.starts_with(AS_TOLD) => *help = help.replace(AS_TOLD, "wait a while, and "),
        None => {}
    }
    finding
}

/// In seconds.
fn asked_wait(answer: &Answer<'_>) -> Option<u64> {
    let seconds = answer.facts.answer.as_ref()?.retry_after()?.nanos() / 1_000_000_000;
    (1..=WAIT_MAX).contains(&seconds).then_some(seconds)
}

fn our_version<'a>(answer: &Answer<'a>) -> &'a str {
    answer.sent("Sec-WebSocket-Version").unwrap_or("13")
}
