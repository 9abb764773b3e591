//! Each breach with its cause, its twin, and what a browser makes of it.

use super::*;
use crate::event::finding::{Confidence, Severity};
use crate::wire::upgrade_check::rule;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
/// Another key, and what is right for it.
const OTHER: (&str, &str) = ("x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");

fn bare(request: &str, answer: &str) -> Facts {
    let request = format!("GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: {KEY}\r\n{request}\r\n");
    let answer = format!("HTTP/1.1 101 Switching Protocols\r\n{answer}\r\n");
    Facts {
        sent: Some(Head::verbatim(request.into_bytes())),
        answer: Some(Head::verbatim(answer.into_bytes())),
        ..Facts::default()
    }
}

fn facts(request: &str, answer: &str) -> Facts {
    bare(request, &format!("Upgrade: websocket\r\nConnection: Upgrade\r\n{answer}"))
}

/// The finding of the first rule that the answer breaks.
fn first(facts: &Facts) -> Finding {
    let sent = facts.sent.as_ref().unwrap();
    let subprotocols = sent.tokens("Sec-WebSocket-Protocol");
    let offered = Sent { key: KEY, subprotocols: &subprotocols, extensions_offered: false };
    let found = check(facts.answer.as_ref().unwrap(), &offered).remove(0);
    let told = UpgradeBreach { code: found.code.into(), must_fail: true, expected: found.expected, got: found.got };
    breach(facts, &told).unwrap()
}

fn assert_told(finding: &Finding, code: &str, confidence: Confidence, cause: &str) {
    assert_eq!((finding.code, finding.confidence), (code, confidence), "{}", finding.cause);
    assert!(finding.cause.contains(cause), "{}", finding.cause);
}

#[test]
fn every_breach_has_its_finding_its_rule_and_what_a_browser_does() {
    for (code, severity, browser) in [
        ("upgrade-header-wrong", Severity::Error, "browsers fail the connection too"),
        ("connection-header-wrong", Severity::Error, "browsers fail the connection too"),
        ("accept-missing", Severity::Error, "browsers fail the connection too"),
        ("accept-wrong", Severity::Error, "browsers fail the connection too"),
        ("extension-not-offered", Severity::Error, "browsers fail the connection too"),
        ("subprotocol-not-offered", Severity::Error, "browsers fail the connection too"),
        ("subprotocol-not-answered", Severity::Warning, "browsers fail the connection; most other clients go on"),
        ("http-version-odd", Severity::Warning, "clients differ here: some refuse the answer"),
        ("stray-body", Severity::Warning, "browsers pass over the header, and read what follows as frames"),
        ("header-repeated", Severity::Warning, "Chrome fails the connection; other clients may go on"),
    ] {
        let told = UpgradeBreach { code: code.into(), must_fail: true, expected: "a".into(), got: "b".into() };
        let finding = breach(&Facts::default(), &told).unwrap();
        assert_eq!((finding.code, finding.severity), (code, severity));
        assert_eq!(finding.seen, ["expected a", "got b", browser]);
        assert_eq!(finding.rule, rule(code));
    }
    let unknown = UpgradeBreach { code: "none".into(), must_fail: true, expected: String::new(), got: String::new() };
    assert_eq!(breach(&Facts::default(), &unknown), None);
}

#[test]
fn a_good_answer_has_no_oddity_and_an_unanswered_offer_is_one() {
    assert!(oddities(&facts("", ACCEPT)).is_empty());
    let found = oddities(&facts("Sec-WebSocket-Protocol: chat\r\n", ACCEPT));
    assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["subprotocol-not-answered"]);
    assert!(!found[0].help[0].contains("nginx"), "{found:?}");
    let nginx = oddities(&facts("Sec-WebSocket-Protocol: chat\r\n", &format!("Server: nginx\r\n{ACCEPT}")));
    assert!(nginx[0].help[0].contains("proxy_hide_header Sec-WebSocket-Protocol"), "{nginx:?}");
}

#[test]
fn a_lost_upgrade_header_is_the_hops_and_another_protocol_the_servers() {
    let lost = format!("Connection: Upgrade\r\nServer: nginx\r\n{ACCEPT}");
    assert_told(&first(&bare("", &lost)), "upgrade-header-wrong", Likely, "nginx took Upgrade out");
    let h2 = format!("Upgrade: h2c\r\nConnection: Upgrade\r\n{ACCEPT}");
    assert_told(&first(&bare("", &h2)), "upgrade-header-wrong", Certain, "another upgrade");
    // The twin: nothing else of the answer is right either.
    let bad = "Connection: Upgrade\r\n";
    assert_told(&first(&bare("", bad)), "upgrade-header-wrong", Possible, "");
}

#[test]
fn a_rewritten_connection_header_names_the_hop_where_one_is_known() {
    let known = format!("Upgrade: websocket\r\nConnection: keep-alive\r\nVia: 1.1 vegur\r\n{ACCEPT}");
    assert_told(&first(&bare("", &known)), "connection-header-wrong", Likely, "Heroku puts its own");
    let twin = format!("Upgrade: websocket\r\nConnection: close\r\n{ACCEPT}");
    assert_told(&first(&bare("", &twin)), "connection-header-wrong", Possible, "written by hand");
    // A field that is only usual for a product names nobody.
    let unsure = format!("Upgrade: websocket\r\nConnection: keep-alive\r\nX-Azure-Ref: 0a\r\n{ACCEPT}");
    assert_told(&first(&bare("", &unsure)), "connection-header-wrong", Possible, "written by hand");
}

#[test]
fn an_answer_of_a_draft_is_known() {
    let draft = "Sec-WebSocket-Location: ws://a/\r\n";
    assert_told(&first(&facts("", draft)), "accept-missing", Likely, "drafts of 2009 and 2010");
    assert_told(&first(&facts("", "")), "accept-missing", Possible, "");
}

#[test]
fn an_accept_value_may_be_hidden_by_the_hop_that_is_known() {
    let nginx = first(&facts("", "Server: nginx/1.27.3\r\n"));
    assert_told(&nginx, "accept-missing", Possible, "nginx takes Sec-WebSocket-Accept out");
    assert!(nginx.help[0].contains("proxy_hide_header Sec-WebSocket-Accept"), "{:?}", nginx.help);
    let heroku = first(&facts("", "Via: 1.1 vegur\r\n"));
    assert!(heroku.help[0].starts_with("ask the server without Heroku"), "{:?}", heroku.help);
    // The twin: nobody stands in front, as far as is known.
    assert!(!first(&facts("", "")).help[0].contains("nginx"));
}

#[test]
fn a_known_mistake_in_the_accept_value_is_certain_and_a_size_is_likely() {
    let echoed = first(&facts("", &format!("Sec-WebSocket-Accept: {KEY}\r\n")));
    assert_told(&echoed, "accept-wrong", Certain, "sent back as it was");
    let md5 = first(&facts("", "Sec-WebSocket-Accept: fI/F95pFHyUax3HLt0ktmQ==\r\n"));
    assert_told(&md5, "accept-wrong", Likely, "MD5");
    let other = first(&facts("", &format!("Sec-WebSocket-Accept: {}\r\n", OTHER.1)));
    assert_told(&other, "accept-wrong", Possible, "something else was hashed");
    assert!(other.cause.contains("a cache or a proxy"), "{}", other.cause);
    let twice = first(&facts("", &format!("{ACCEPT}Sec-WebSocket-Accept: x\r\n")));
    assert_told(&twice, "accept-wrong", Likely, "more than once");
}

#[test]
fn a_kept_answer_is_told_by_the_key_that_it_was_made_for() {
    let mut again = facts("", &format!("Sec-WebSocket-Accept: {}\r\n", OTHER.1));
    again.earlier_accepts = vec![(OTHER.0.into(), OTHER.1.into())];
    let finding = first(&again);
    assert_told(&finding, "accept-replayed", Likely, "has kept");
    assert!(finding.seen.contains(&format!("it is right for the key {}", OTHER.0)), "{:?}", finding.seen);
    // The twin: right for neither key, so that it may be a constant of the server's.
    again.earlier_accepts = vec![("AAAAAAAAAAAAAAAAAAAAAA==".into(), OTHER.1.into())];
    let twin = first(&again);
    assert_told(&twin, "accept-replayed", Possible, "has kept");
    assert!(twin.cause.contains("constant value"), "{}", twin.cause);
}

#[test]
fn the_trace_of_a_cache_makes_a_kept_answer_likely() {
    for trace in ["Age: 12", "X-Cache: HIT", "CF-Cache-Status: HIT", "X-Varnish: 32770 3"] {
        let kept = facts("", &format!("{trace}\r\nSec-WebSocket-Accept: {}\r\n", OTHER.1));
        assert_told(&first(&kept), "accept-replayed", Likely, "a cache keeps answers");
    }
    for trace in ["Age: 0", "X-Cache: MISS", "X-Varnish: 32770"] {
        let fresh = facts("", &format!("{trace}\r\nSec-WebSocket-Accept: {}\r\n", OTHER.1));
        assert_eq!(first(&fresh).code, "accept-wrong", "{trace}");
    }
}

#[test]
fn compression_that_nobody_offered_is_taken_by_browsers_and_another_extension_is_not() {
    let seen = |extension: &str| {
        first(&facts("", &format!("{ACCEPT}Sec-WebSocket-Extensions: {extension}\r\n"))).seen.join("\n")
    };
    assert!(seen("permessage-deflate").contains("take this answer"));
    assert!(seen("x-custom").ends_with("browsers fail the connection too"));
    let odd = seen("permessage-deflate; server_max_window_bits=99");
    assert!(odd.contains("needs a value from 8 to 15") && odd.ends_with("fail the connection too"), "{odd}");
}

#[test]
fn an_offered_extension_is_judged_by_its_parameters() {
    let told = |answer: &str| {
        let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
        oddities(&facts(offer, &format!("{ACCEPT}Sec-WebSocket-Extensions: {answer}\r\n")))
    };
    assert!(told("permessage-deflate; server_no_context_takeover").is_empty());
    let wrong = told("permessage-deflate; client_max_window_bits=12");
    assert_eq!(wrong[0].code, "extension-answer-wrong");
    assert!(wrong[0].seen.contains(&"client_max_window_bits was not offered".to_owned()), "{:?}", wrong[0].seen);
    assert_eq!(told("x-custom")[0].code, "extension-answer-wrong");
}

#[test]
fn a_subprotocol_too_many_or_in_other_letters_has_its_cause() {
    let answer = |value: &str| format!("{ACCEPT}Sec-WebSocket-Protocol: {value}\r\n");
    let lone = first(&facts("", &answer("chat")));
    assert_told(&lone, "subprotocol-not-offered", Likely, "whatever is asked");
    assert!(lone.help[0].starts_with("offer it: --subprotocol chat"), "{:?}", lone.help);
    let list = first(&facts("Sec-WebSocket-Protocol: a, b\r\n", &answer("a, b")));
    assert_told(&list, "subprotocol-not-offered", Likely, "instead of choosing one");
    let case = first(&facts("Sec-WebSocket-Protocol: Chat\r\n", &answer("chat")));
    assert_told(&case, "subprotocol-not-offered", Certain, "capital letters");
    // Nothing of the peer's is for pasting into a shell.
    let odd = first(&facts("", &answer("$(x)")));
    assert!(!odd.help[0].contains("$("), "{:?}", odd.help);
}
