//! Findings on a TLS that fails (RFC 8446). Owns what an alert, a cut and bytes that are no TLS mean, the wish for a
//! certificate of the client's, and the names of alerts (section 6); the server's own certificate is `certificates`'.

mod certificates;

use crate::diagnose::banners;
use crate::diagnose::facts::Facts;
use crate::diagnose::place::Place;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{
    CertificateRequest, DialFailed, DialFault, Finding, PayloadBytes, SecondLook, Tried, Unshared, show,
};
use crate::wire::foreign::{self, Foreign};

pub use certificates::told;

/// A dial that failed in TLS, or by an alert behind it; none for every other fault.
pub fn failed(facts: &Facts, failed: &DialFailed) -> Option<Finding> {
    match &failed.fault {
        DialFault::Certificate { certificate, why } => Some(certificates::refused(facts, certificate.as_deref(), why)),
        DialFault::Tls { not_tls: Some(PayloadBytes(first)), .. } => Some(not_spoken(facts, first)),
        DialFault::Tls { alert: Some(alert), certificate_request, .. } if is_about_client(*alert) => {
            Some(client_wanted(*alert, certificate_request.as_ref()))
        }
        DialFault::Tls { alert: Some(112), sni, .. } => Some(name_unknown(facts, sni.as_deref())),
        DialFault::Tls { alert: Some(alert @ (70 | 71 | 120)), .. } => Some(by_alert(*alert)),
        // A server of TLS 1.2 says no more than handshake_failure when the certificate that it asked for is missing.
        DialFault::Tls { alert: Some(_), certificate_request: Some(asked), .. } => {
            Some(not_given(asked, &failed.fault))
        }
        DialFault::Tls { unshared: Some(what), words, .. } => Some(unshared(*what, words)),
        DialFault::Tls { alert: Some(alert), sni, .. } => Some(other_alert(*alert, sni.as_deref())),
        DialFault::Tls { words, .. } => Some(given_up(words)),
        DialFault::TlsCut { certificate_request: Some(asked), .. } => Some(not_given(asked, &failed.fault)),
        DialFault::TlsCut { reset, .. } => Some(plain_port(facts).unwrap_or_else(|| cut(facts, *reset))),
        DialFault::AlertBeforeAnswer { alert } if is_about_client(*alert) => {
            Some(client_wanted(*alert, asked_for(facts)))
        }
        DialFault::AlertBeforeAnswer { .. } if asked_for(facts).is_some() => {
            asked_for(facts).map(|asked| not_given(asked, &failed.fault))
        }
        DialFault::CutBeforeAnswer { received: 0, .. } => asked_for(facts).map(|asked| not_given(asked, &failed.fault)),
        DialFault::AlertBeforeAnswer { alert } => Some(
            Finding::of("tls-alert-before-answer", "server side", "TLS was ended by an alert before any answer")
                .saw(alert_words(*alert)),
        ),
        DialFault::NameNotFound { .. }
        | DialFault::NameLookupFailed { .. }
        | DialFault::NoAddress { .. }
        | DialFault::Unreachable { .. }
        | DialFault::TimedOut { .. }
        | DialFault::Refused { .. }
        | DialFault::InvalidUpgrade { .. }
        | DialFault::NotHttp { .. }
        | DialFault::CutBeforeAnswer { .. }
        | DialFault::HeadTooLarge { .. }
        | DialFault::Redirects { .. }
        | DialFault::Io { .. } => None,
    }
}

/// An alert's number with its name: `TLS alert 116, certificate_required`.
pub fn alert_words(alert: u8) -> String {
    let name = match alert {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        22 => "record_overflow",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        90 => "user_canceled",
        109 => "missing_extension",
        112 => "unrecognized_name",
        116 => "certificate_required",
        120 => "no_application_protocol",
        _ => return format!("TLS alert {alert}"),
    };
    format!("TLS alert {alert}, {name}")
}

/// `bad_certificate` and `certificate_required` from a server speak of the client's certificate.
fn is_about_client(alert: u8) -> bool {
    matches!(alert, 42 | 116)
}

fn client_wanted(alert: u8, asked: Option<&CertificateRequest>) -> Finding {
    let cause = if alert == 116 { Certain } else { Likely };
    Finding::of("client-certificate-wanted", "server side", "the TLS side wants a client certificate, and got none")
        .saw_all(asked.map(request_words))
        .saw(alert_words(alert))
        .because(cause, "the server is set up for mutual TLS")
}

/// `it asked for a client certificate signed by "Corp CA" (CertificateRequest)`.
fn request_words(asked: &CertificateRequest) -> String {
    let from = match asked.issuers.as_slice() {
        [] => String::new(),
        issuers => format!(
            " signed by {}",
            issuers.iter().take(3).map(|name| show::quoted(name)).collect::<Vec<_>>().join(" or ")
        ),
    };
    format!("it asked for a client certificate{from} (CertificateRequest)")
}

/// What this connection's TLS side asked of us, which has no certificate to give.
fn asked_for(facts: &Facts) -> Option<&CertificateRequest> {
    facts.tls.as_ref()?.certificate_request.as_ref()
}

/// It asked for a certificate, got none, and ended: many servers ask without need, so that this is no proof.
fn not_given(asked: &CertificateRequest, fault: &DialFault) -> Finding {
    let (end, sure) = match fault {
        DialFault::AlertBeforeAnswer { alert } | DialFault::Tls { alert: Some(alert), .. } => {
            (alert_words(*alert), Likely)
        }
        DialFault::CutBeforeAnswer { reset: true, .. } => ("then RST, before any answer".to_owned(), Possible),
        DialFault::CutBeforeAnswer { .. } => ("then FIN, before any answer".to_owned(), Possible),
        _ => ("then the connection ended in the handshake".to_owned(), Likely),
    };
    Finding::of(
        "client-certificate-wanted",
        "server side",
        "the TLS side asked for a client certificate, got none and ended",
    )
    .saw(request_words(asked))
    .saw(end)
    .because(sure, "the server is set up for mutual TLS; or it does without the certificate, and its process crashed or refused without a word")
}

/// An alert that names its cause. Alert 70 alone speaks of versions (RFC 8446 section 6.2).
fn by_alert(alert: u8) -> Finding {
    match alert {
        120 => Finding::of("alpn-http1-refused", "server side", "the TLS side does not speak HTTP/1.1 on this port")
            .saw(format!("{}; http/1.1 was offered", alert_words(alert)))
            .because(Certain, "only other protocols, most likely h2, are switched on there"),
        71 => Finding::of("tls-too-old", "server side", "the TLS side accepts none of the ciphers offered to it")
            .saw(alert_words(alert))
            .because(Likely, "it is set up for other ciphers than clients of today offer, or for longer keys")
            .advise("look at the list of ciphers in the TLS side's configuration"),
        _ => Finding::of("tls-too-old", "server side", "client and server share no TLS version")
            .saw(format!("{}; TLS 1.2 and 1.3 were offered", alert_words(alert)))
            .because(Likely, "the server has TLS 1.1 or older, or the newer versions are switched off there"),
    }
}

/// An alert that leaves several causes. The handshake_failure of many servers says no more, whatever it is.
fn other_alert(alert: u8, sni: Option<&str>) -> Finding {
    let fact = "the TLS side ended the handshake by an alert";
    let finding = Finding::of("tls-failed", "server side", fact).saw(alert_words(alert));
    match alert {
        40 => Finding { fact: "the TLS side ended the handshake and does not say why".into(), ..finding }
            .saw(sni_words(sni))
            .because(
                Possible,
                "no certificate there for the name asked for (SNI, or none asked for), a client certificate is wanted, \
                 or no TLS version and cipher in common",
            )
            .advise("compare with another name by --sni; then look at the log of the TLS side, and at its ciphers"),
        // Go's server has no other alert for a name without a certificate.
        80 => Finding { fact: "the TLS side ended the handshake: an error within itself".into(), ..finding }
            .saw(sni_words(sni))
            .because(
                Possible,
                "no certificate there for the name asked for (Caddy and other servers in Go say it so), or a fault of \
                 the server's own, such as a key that it cannot use",
            )
            .advise("compare with another name by --sni; then look at the log of the TLS side for this moment"),
        10 | 22 | 47 | 50 | 51 => finding
            .because(
                Possible,
                "the TLS side could not take a message of the handshake: an old or faulty TLS there, or a box on the \
                 way that changes it",
            )
            .advise("look at the log of the TLS side for this moment; compare from another network"),
        _ => finding
            .because(Possible, "what the alert says; it may be about the client, which has no certificate to show")
            .advise("look at the log of the TLS side for this moment"),
    }
}

/// No alert of the peer's: our TLS library gave up by itself.
fn given_up(words: &str) -> Finding {
    let finding = Finding::of("tls-failed", "server side", "the TLS handshake failed")
        .saw(format!("the TLS library says {}", show::quoted(words)));
    if !(words.contains("peer") || words.starts_with("received")) {
        return finding;
    }
    finding
        .because(
            Possible,
            "what answers there speaks a faulty TLS or only something like it, or the bytes were changed on the way",
        )
        .advise("look at what listens on this port; compare with another client and from another network")
}

/// The server's names are asked for by SNI, which an address is never sent as (RFC 6066 section 3).
fn name_unknown(facts: &Facts, sni: Option<&str>) -> Finding {
    let place = Place::of(&facts.url);
    let Some(name) = sni else { return name_not_sent(&place) };
    let finding =
        Finding::of("tls-name-unknown", "server side", "the TLS side does not know the name that was asked for")
            .saw(format!("{}; {}", alert_words(112), sni_words(sni)));
    if name.eq_ignore_ascii_case(place.host) {
        return finding
            .because(Likely, "the name is not set up there, or the name leads to another machine than the one meant");
    }
    finding
        .because(Likely, "the name given by --sni is not set up there")
        .advise("give --sni a name that the server is set up for, or set this one up there")
}

/// `the name sent (SNI) is "a.example"`.
fn sni_words(sni: Option<&str>) -> String {
    match sni {
        Some(name) => format!("the name sent (SNI) is {}", show::quoted(name)),
        None => "no name was sent (SNI)".to_owned(),
    }
}

/// Without a name the server cannot choose a certificate.
fn name_not_sent(place: &Place<'_>) -> Finding {
    let finding =
        Finding::of("tls-name-unknown", "server side", "the TLS side wants to be asked for by name, and was not")
            .saw(alert_words(112));
    let address = show::safe(place.host);
    if !place.is_address() {
        return finding
            .saw("no name was sent (--no-sni)")
            .because(Likely, "the server gives its certificates by name only")
            .advise("leave --no-sni out, or name the server by --sni NAME");
    }
    finding
        .saw(format!("the URL has an address, {address}, so that no name was sent (SNI)"))
        .because(Likely, "the server gives its certificates by name only")
        .advise(format!(
            "put the server's name in the URL and lead it there: --resolve NAME:{}:{}",
            place.port, address
        ))
}

/// Nothing in common, as our TLS library found it: it sends the alert, not the peer.
fn unshared(what: Unshared, words: &str) -> Finding {
    let said = format!("the TLS library says {}", show::quoted(words));
    match what {
        Unshared::Protocol => {
            Finding::of("alpn-http1-refused", "server side", "the TLS side does not speak HTTP/1.1 on this port")
                .saw(said)
                .because(Likely, "only other protocols, most likely h2, are switched on there")
        }
        Unshared::Version | Unshared::Cipher => {
            Finding::of("tls-too-old", "server side", "client and server share no TLS version or cipher")
                .saw(said)
                .because(Likely, "the server has TLS 1.1 or older, or ciphers that are not accepted any more")
        }
    }
}

/// The stream ended in the handshake, and a plain request did not tell why.
fn cut(facts: &Facts, reset: bool) -> Finding {
    let end = if reset { "reset" } else { "ended" };
    Finding::of("tls-cut", "server side", format!("the connection was {end} in the TLS handshake"))
        .saw_all(facts.second_look_words())
        .because(
            Possible,
            "a filter that reads the name (SNI), a server that expects the PROXY protocol \
             first, a port without TLS, or a crash of the process",
        )
        .advise("ask for another name on the same address by --sni; look at the log of what listens there")
}

/// The fact on a port of plain HTTP, and why it was asked for TLS.
const PLAIN: &str = "the port speaks plain HTTP, not TLS";
const WITHOUT_TLS: &str = "the URL says wss://, and TLS is not switched on at this port";

/// Plain HTTP was answered where TLS was not.
pub fn plain_port(facts: &Facts) -> Option<Finding> {
    let look = facts.second_look(Tried::Plain).filter(|look| look.answered)?;
    // A port with TLS answers a plain request, too: nginx, Apache and Go by 400, others by a redirect to https.
    if matches!(look.status, None | Some(300..=400)) {
        return None;
    }
    let sure = if look.status == Some(101) { Certain } else { Likely };
    let finding = Finding::of("tls-not-spoken", "server side", PLAIN)
        .saw_all(facts.second_look_words())
        .because(sure, WITHOUT_TLS);
    Some(use_ws(finding, look))
}

/// TLS was agreed where a plain request had no answer.
pub fn tls_port(facts: &Facts) -> Option<Finding> {
    facts.second_look(Tried::Tls).filter(|look| look.answered)?;
    Some(
        Finding::of("plain-http-to-tls-port", "client", "the port speaks TLS, and the request was not encrypted")
            .saw_all(facts.second_look_words())
            .because(Certain, "ws:// was used where wss:// is spoken")
            .advise(format!("use {}", facts.url_with_tls())),
    )
}

fn use_ws(finding: Finding, look: &SecondLook) -> Finding {
    match look.status {
        Some(101) => finding.advise("use ws:// for this port: it answered 101 there; or the port that speaks TLS"),
        _ => finding.advise("use ws:// for this port, or the port that speaks TLS"),
    }
}

fn not_spoken(facts: &Facts, first: &[u8]) -> Finding {
    let looked = facts.second_look(Tried::Plain).filter(|look| look.answered);
    let is_http = first.starts_with(b"HTTP/");
    let fact = if is_http || looked.is_some() { PLAIN } else { "the port does not speak TLS" };
    let finding = Finding::of("tls-not-spoken", "server side", fact)
        .saw(format!("first bytes: {}", show::bytes(if is_http { first_line(first) } else { first })))
        .saw_all(facts.second_look_words());
    match (is_http, looked) {
        (true, None) => {
            finding.because(Certain, WITHOUT_TLS).advise("use ws:// for this port, or the port that speaks TLS")
        }
        (_, Some(look)) => use_ws(finding.because(Certain, WITHOUT_TLS), look),
        (false, None) => match banners::speaker(first) {
            Some((who, sure)) => finding
                .because(sure, format!("{who} listens on this port"))
                .advise("use the port of the WebSocket server"),
            None => finding,
        },
    }
}

fn first_line(first: &[u8]) -> &[u8] {
    first.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or(first)
}

/// A TLS alert as the first bytes of an answer to a plain request: the port speaks TLS.
pub fn is_alert_record(facts: &Facts, first: &[u8]) -> bool {
    !facts.is_tls() && foreign::of(first) == Some(Foreign::TlsAlert)
}

#[cfg(test)]
mod tests;
