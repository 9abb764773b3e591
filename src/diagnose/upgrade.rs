//! Findings on a 101 that breaks rules of RFC 6455 section 4.1, or is odd. Owns how a breach becomes a finding: the
//! cause that its headers speak for, and what a browser makes of it. The rules themselves are `wire::upgrade_check`'s,
//! the names of wrong accept values `accept`'s, the parameters of extensions `extensions`'.

mod extensions;

use crate::diagnose::accept::{self, Replay};
use crate::diagnose::facts::{Facts, contains};
use crate::diagnose::hops::{self, Kind};
use crate::event::codes::entry;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{Finding, UpgradeBreach, show};
use crate::wire::head::Head;
use crate::wire::upgrade::accept_key;
use crate::wire::upgrade_check::{Sent, check};

/// The finding of one breach; none for a code that the catalogue does not have.
pub fn breach(facts: &Facts, breach: &UpgradeBreach) -> Option<Finding> {
    let entry = entry(&breach.code)?;
    let seen = [format!("expected {}", show::safe(&breach.expected)), format!("got {}", show::safe(&breach.got))];
    let finding = Finding::of(entry.code, "server side", entry.what).saw_all(seen);
    let finding = match entry.code {
        "upgrade-header-wrong" => upgrade_header(facts, finding),
        "connection-header-wrong" => connection_header(facts, finding),
        "accept-missing" => accept_missing(facts, finding),
        "accept-wrong" => accept_wrong(facts, finding),
        "extension-not-offered" => extension_not_offered(facts, finding),
        "subprotocol-not-offered" => subprotocol_not_offered(facts, finding),
        "subprotocol-not-answered" => subprotocol_not_answered(facts, finding),
        _ => finding,
    };
    Some(finding.saw_all(in_browsers(entry.code, &breach.got).map(String::from)))
}

/// The warnings on a 101 that is good enough to go on with: what is odd and breaks no rule that must fail.
pub fn oddities(facts: &Facts) -> Vec<Finding> {
    let (Some(sent), Some(answer)) = (&facts.sent, &facts.answer) else { return Vec::new() };
    if answer.status() != Some(101) {
        return Vec::new();
    }
    let subprotocols = sent.tokens("Sec-WebSocket-Protocol");
    let offered = Sent {
        key: sent.first("Sec-WebSocket-Key").unwrap_or_default(),
        subprotocols: &subprotocols,
        extensions_offered: sent.first("Sec-WebSocket-Extensions").is_some(),
    };
    let odd = check(answer, &offered).into_iter().filter(|found| !found.must_fail).filter_map(|found| {
        let found = UpgradeBreach {
            code: found.code.into(),
            must_fail: found.must_fail,
            expected: found.expected,
            got: found.got,
        };
        breach(facts, &found)
    });
    odd.chain(extension_wrong(sent, answer)).collect()
}

/// What a browser makes of such an answer; none where it is not known.
fn in_browsers(code: &str, got: &str) -> Option<&'static str> {
    Some(match code {
        "extension-not-offered" if extensions::is_deflate_alone(got) => {
            "browsers offer permessage-deflate themselves, and take this answer"
        }
        "upgrade-header-wrong"
        | "connection-header-wrong"
        | "accept-missing"
        | "accept-wrong"
        | "extension-not-offered"
        | "subprotocol-not-offered" => "browsers fail the connection too",
        "subprotocol-not-answered" => "browsers fail the connection; most other clients go on",
        "http-version-odd" => "clients differ here: some refuse the answer",
        "stray-body" => "browsers pass over the header, and read what follows as frames",
        "header-repeated" => "Chrome fails the connection; other clients may go on",
        _ => return None,
    })
}

fn upgrade_header(facts: &Facts, finding: Finding) -> Finding {
    let Some(value) = facts.answered("Upgrade") else {
        return match is_accept_right(facts) {
            true if front(facts).is_some() => {
                finding.because(Likely, format!("{} took Upgrade out: the rest of the 101 is right", hop(facts)))
            }
            true => finding.because(
                Possible,
                "a hop in between took Upgrade out, or the server's answer is written by hand: the rest of the 101 is right",
            ),
            false => finding,
        };
    };
    if value.eq_ignore_ascii_case("h2c") || contains(value, "TLS/") {
        return finding.because(Certain, "the answer agrees to another upgrade than the one to WebSocket");
    }
    finding.because(Likely, "the server names the protocol wrongly, or agrees to another one")
}

fn connection_header(facts: &Facts, finding: Finding) -> Finding {
    let is_rewritten = facts.answered("Connection").is_none_or(|value| is_any_of(value, &["keep-alive", "close"]));
    if !is_rewritten || !is_accept_right(facts) {
        return finding;
    }
    match front(facts) {
        Some(name) => finding.because(Likely, format!("{name} puts its own Connection in the place of the server's")),
        None => finding.because(
            Possible,
            "a proxy puts its own Connection in the place of the server's, or the server's answer is written by hand",
        ),
    }
}

fn accept_missing(facts: &Facts, finding: Finding) -> Finding {
    for draft in ["Sec-WebSocket-Location", "WebSocket-Location", "Sec-WebSocket-Origin"] {
        if facts.answered(draft).is_some() {
            return finding
                .saw(format!("the answer has {draft}"))
                .because(Likely, "the server answers as the drafts of 2009 and 2010 did")
                .advise("update the server: RFC 6455 has been the protocol since 2011");
        }
    }
    match facts.answered("Upgrade") {
        Some(value) if !value.eq_ignore_ascii_case("websocket") => {
            finding.because(Likely, "the 101 is an upgrade to something else than WebSocket")
        }
        _ => accept_hidden(facts, finding),
    }
}

/// The hop that is known may have hidden the header, or the server never wrote it.
fn accept_hidden(facts: &Facts, finding: Finding) -> Finding {
    let Some(name) = front(facts) else { return finding };
    let finding = finding.because(
        Possible,
        format!("{name} takes Sec-WebSocket-Accept out of the answer, or the server behind it sends none"),
    );
    match name {
        "nginx" => finding.advise(
            "take proxy_hide_header Sec-WebSocket-Accept out of nginx; else let the server send the base64 of the \
             SHA-1 of key and GUID",
        ),
        _ => finding.advise(format!(
            "ask the server without {name}; with no Sec-WebSocket-Accept there either, let it send the base64 of the \
             SHA-1 of key and GUID"
        )),
    }
}

fn accept_wrong(facts: &Facts, finding: Finding) -> Finding {
    let key = facts.sent.as_ref().and_then(|sent| sent.first("Sec-WebSocket-Key"));
    let Some((key, got)) = key.zip(facts.answered("Sec-WebSocket-Accept")) else { return finding };
    if got == accept_key(key) {
        return finding.because(Likely, "the header is there more than once, and not always right: two hops answer");
    }
    if let Some(mistake) = accept::decode(key, got) {
        let confidence = if mistake.starts_with("looks like") { Likely } else { Certain };
        return finding.because(confidence, mistake);
    }
    let trace = cache_trace(facts);
    if let Some(replay) = accept::replayed(&facts.earlier_accepts, key, got) {
        return replayed(finding, &replay, trace);
    }
    if let Some(trace) = trace {
        return renamed(finding, "a cache answered with a 101 that was made for another key")
            .saw(trace)
            .because(Likely, "a cache keeps answers to upgrades, or the server computes the value wrongly");
    }
    match accept::has_size_of_sha1(got) {
        true => finding.because(
            Possible,
            "something else was hashed than our key with the GUID behind it: a changed GUID or key; or a cache or a \
             proxy passes on the answer to another request",
        ),
        false => finding,
    }
}

fn replayed(finding: Finding, replay: &Replay, trace: Option<String>) -> Finding {
    match replay {
        Replay::OfEarlierKey(key) => renamed(finding, "the accept value belongs to an earlier request of this run")
            .saw(format!("it is right for the key {}", show::safe(key)))
            .saw_all(trace)
            .because(Likely, "a cache or a proxy answers with a 101 that it has kept; or the server mixes up its keys"),
        Replay::SameForTwo(key) => {
            let is_cached = trace.is_some();
            let finding = renamed(finding, "two requests with different keys got the same accept value")
                .saw(format!("the key {} got it too", show::safe(key)))
                .saw_all(trace);
            match is_cached {
                true => finding.because(Likely, "a cache answers with a 101 that it has kept"),
                false => finding.because(
                    Possible,
                    "a cache or a proxy answers with a 101 that it has kept; or the server sends a constant value",
                ),
            }
        }
    }
}

/// The same evidence under the code for answers that are not ours.
fn renamed(finding: Finding, fact: &str) -> Finding {
    Finding { seen: finding.seen, ..Finding::of("accept-replayed", "path", fact) }
}

fn extension_not_offered(facts: &Facts, finding: Finding) -> Finding {
    let answered = facts.answer.as_ref().map(|answer| answer.tokens("Sec-WebSocket-Extensions")).unwrap_or_default();
    let wrong = extensions::wrong_parameters(&answered, &answered);
    finding
        .saw_all(wrong.iter().map(|fault| show::safe(fault)))
        .because(Likely, "the server announces its extension whatever is asked")
}

/// Offered by a header of the user's own: each extension must be one of those, with legal parameters.
fn extension_wrong(sent: &Head, answer: &Head) -> Option<Finding> {
    let offered = sent.tokens("Sec-WebSocket-Extensions");
    if offered.is_empty() {
        return None;
    }
    let answered = answer.tokens("Sec-WebSocket-Extensions");
    let faults = [extensions::not_offered(&offered, &answered), extensions::wrong_parameters(&offered, &answered)];
    let faults: Vec<String> = faults.concat();
    if faults.is_empty() {
        return None;
    }
    let finding = Finding::of("extension-answer-wrong", "server side", "the 101 agrees to an extension in a wrong way")
        .saw(format!("offered {}", show::safe(&offered.join(", "))))
        .saw(format!("got {}", show::safe(&answered.join(", "))))
        .saw_all(faults.iter().map(|fault| show::safe(fault)))
        .saw("browsers fail the connection");
    Some(finding.because(Likely, "the server answers with parameters of its own, whatever is offered"))
}

fn subprotocol_not_offered(facts: &Facts, finding: Finding) -> Finding {
    let offered = facts.sent.as_ref().map(|sent| sent.tokens("Sec-WebSocket-Protocol")).unwrap_or_default();
    let mut answered = facts.answer.as_ref().map(|answer| answer.tokens("Sec-WebSocket-Protocol")).unwrap_or_default();
    answered.dedup();
    let is_other_case = |got: &String| offered.iter().any(|offer| offer != got && offer.eq_ignore_ascii_case(got));
    if answered.len() > 1 {
        return finding
            .because(Likely, "the server lists what it knows or what was offered, instead of choosing one")
            .advise("let the server answer with exactly one of the subprotocols that the request offers");
    }
    if answered.iter().any(is_other_case) {
        return finding
            .because(Certain, "the name was offered with other capital letters, and names are compared exactly")
            .advise("write the name of the subprotocol in the same way on both sides");
    }
    let finding = finding.because(Likely, "the server names its subprotocol whatever is asked");
    match answered.first().filter(|name| is_plain(name)) {
        Some(name) => finding
            .advise(format!("offer it: --subprotocol {name}; or let the server choose only from what is offered")),
        None => finding,
    }
}

/// A name that can be pasted into a shell as it is.
fn is_plain(name: &str) -> bool {
    name.len() <= 60 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

fn is_any_of(value: &str, words: &[&str]) -> bool {
    value.split(',').all(|token| words.iter().any(|word| token.trim().eq_ignore_ascii_case(word)))
}

fn is_accept_right(facts: &Facts) -> bool {
    let key = facts.sent.as_ref().and_then(|sent| sent.first("Sec-WebSocket-Key"));
    key.zip(facts.answered("Sec-WebSocket-Accept")).is_some_and(|(key, got)| got == accept_key(key))
}

/// The hop in front that names itself in the answer; a field that is only usual for one is not enough.
fn front(facts: &Facts) -> Option<&'static str> {
    let answer = facts.answer.as_ref()?;
    hops::hops(answer).into_iter().find(|hop| hop.kind != Kind::Application && hop.certain).map(|hop| hop.name)
}

fn subprotocol_not_answered(facts: &Facts, finding: Finding) -> Finding {
    let finding = finding.because(
        Likely,
        "the server knows none of those that were offered, or a hop takes the header out of its answer",
    );
    match front(facts) {
        Some("nginx") => finding.advise(
            "let the server choose one of them, or offer none in the client; if it does choose, take proxy_hide_header \
             Sec-WebSocket-Protocol out of nginx",
        ),
        _ => finding,
    }
}

fn hop(facts: &Facts) -> &'static str {
    front(facts).unwrap_or("a hop in between")
}

/// What says that the answer comes from a cache.
fn cache_trace(facts: &Facts) -> Option<String> {
    let answer = facts.answer.as_ref()?;
    let field = answer.fields().iter().find(|field| {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        let names_hit = ["X-Cache", "CF-Cache-Status", "X-Cache-Status", "X-Proxy-Cache", "Cache-Status"];
        (is("Age") && field.value != "0")
            || (names_hit.iter().any(|name| is(name)) && contains(&field.value, "hit"))
            // Two numbers: the request's own, and that of the one whose answer was kept.
            || (is("X-Varnish") && field.value.contains(' '))
    })?;
    Some(format!("{}: {}", show::safe(&field.name), show::quoted(&field.value)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
