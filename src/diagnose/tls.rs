//! Findings on TLS and certificates. Owns the rules for a TLS that fails, a certificate that is refused or overlooked
//! and one that ends soon, and the names of alerts (RFC 8446 section 6); what a certificate says is read in `net`.

use crate::diagnose::facts::Facts;
use crate::diagnose::skew;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{
    Certificate, CertificateFault, CertificateFaultKind, DialFailed, DialFault, Finding, PayloadBytes, SecondLook,
    TlsReady, Tried, show,
};

/// A certificate that ends in so many days is told.
const SOON_DAYS: i64 = 14;

/// A dial that failed in TLS, or by an alert behind it; none for every other fault.
pub fn failed(facts: &Facts, failed: &DialFailed) -> Option<Finding> {
    match &failed.fault {
        DialFault::Certificate { certificate, why } => Some(refused(facts, certificate.as_deref(), why)),
        DialFault::Tls { not_tls: Some(PayloadBytes(first)), .. } => Some(not_spoken(facts, first)),
        DialFault::Tls { alert: Some(alert), .. } if is_about_client(*alert) => Some(client_wanted(*alert)),
        DialFault::Tls { alert: Some(alert @ (70 | 71 | 112 | 120)), .. } => Some(by_alert(*alert)),
        DialFault::Tls { alert: Some(40), .. } => Some(no_reason_given()),
        DialFault::Tls { words, alert, .. } => Some(
            Finding::of("tls-failed", "server side", "the TLS handshake failed")
                .saw_all(alert.map(alert_words))
                .saw(format!("the TLS library says {}", show::quoted(words))),
        ),
        DialFault::TlsCut { reset } => Some(plain_port(facts).unwrap_or_else(|| cut(facts, *reset))),
        DialFault::AlertBeforeAnswer { alert } if is_about_client(*alert) => Some(client_wanted(*alert)),
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

/// `--insecure` looked past a fault.
pub fn overlooked(ready: &TlsReady) -> Option<Finding> {
    let why = ready.overlooked.as_ref()?;
    let fact = format!("the certificate is not good, and --insecure looked past it: {}", show::safe(&why.words));
    Some(
        Finding::of("certificate-overlooked", "server side", fact)
            .saw_all(ready.certificate.as_ref().map(certificate_words))
            .because(Certain, kind_code(why.kind).1)
            .advise(format!(
                "repair the certificate (wscope explain {}); other clients fail here",
                kind_code(why.kind).0
            )),
    )
}

/// The certificate is good, and not for long.
pub fn ends_soon(ready: &TlsReady) -> Option<Finding> {
    let certificate = ready.certificate.as_ref()?;
    if ready.overlooked.is_some() || !(0..=SOON_DAYS).contains(&certificate.days_left) {
        return None;
    }
    let days = show::count(certificate.days_left.unsigned_abs(), "day");
    Some(
        Finding::of("certificate-ends-soon", "server side", format!("the certificate ends in {days}"))
            .saw(certificate_words(certificate)),
    )
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

fn client_wanted(alert: u8) -> Finding {
    let cause = if alert == 116 { Certain } else { Likely };
    Finding::of("client-certificate-wanted", "server side", "the TLS side wants a certificate of the client's")
        .saw(alert_words(alert))
        .because(cause, "the server is set up for mutual TLS")
}

/// An alert that names its cause.
fn by_alert(alert: u8) -> Finding {
    match alert {
        112 => Finding::of("tls-name-unknown", "server side", "the TLS side does not know the name that was asked for")
            .saw(alert_words(alert))
            .because(Likely, "the name is not set up there, or the name leads to another machine than the one meant"),
        120 => Finding::of("alpn-http1-refused", "server side", "the TLS side does not speak HTTP/1.1 on this port")
            .saw(format!("{}; http/1.1 was offered", alert_words(alert)))
            .because(Certain, "only other protocols, most likely h2, are switched on there"),
        _ => Finding::of("tls-too-old", "server side", "client and server share no TLS version or cipher")
            .saw(format!("{}; TLS 1.2 and 1.3 were offered", alert_words(alert)))
            .because(Likely, "the server has TLS 1.1 or older, or ciphers that are not accepted any more"),
    }
}

/// handshake_failure: many servers say no more, whatever it is.
fn no_reason_given() -> Finding {
    Finding::of("tls-failed", "server side", "the TLS side ended the handshake and does not say why")
        .saw(alert_words(40))
        .because(
            Possible,
            "no certificate there for the name asked for (SNI, or none asked for), a client certificate is wanted, or \
             no TLS version and cipher in common",
        )
        .advise("compare with another name by --sni; then look at the log of the TLS side, and at its ciphers")
}

/// The stream ended in the handshake, and a plain request did not tell why.
fn cut(facts: &Facts, reset: bool) -> Finding {
    let end = if reset { "reset" } else { "ended" };
    Finding::of("tls-cut", "server side", format!("the connection was {end} in the TLS handshake"))
        .saw_all(facts.second_look_words())
        .because(
            Possible,
            "a filter that reads the name (SNI), a server that expects the PROXY protocol first or a client \
             certificate, a port without TLS, or a crash of the process",
        )
        .advise("ask for another name on the same address by --sni; look at the log of what listens there")
}

/// Plain HTTP was answered where TLS was not.
pub fn plain_port(facts: &Facts) -> Option<Finding> {
    let look = facts.second_look(Tried::Plain).filter(|look| look.answered)?;
    // A port with TLS answers a plain request, too: nginx, Apache and Go by 400, others by a redirect to https.
    if matches!(look.status, None | Some(300..=400)) {
        return None;
    }
    let sure = if look.status == Some(101) { Certain } else { Likely };
    let finding = Finding::of("tls-not-spoken", "server side", "the port answers plain HTTP, and no TLS")
        .saw_all(facts.second_look_words())
        .because(sure, "wss:// was used on a port that speaks plain HTTP");
    Some(use_ws(finding, look))
}

/// TLS was agreed where a plain request had no answer.
pub fn tls_port(facts: &Facts) -> Option<Finding> {
    facts.second_look(Tried::Tls).filter(|look| look.answered)?;
    Some(
        Finding::of("plain-http-to-tls-port", "client", "the port speaks TLS, and the request was not encrypted")
            .saw_all(facts.second_look_words())
            .because(Certain, "ws:// was used where wss:// is spoken")
            .advise("use wss:// in the URL"),
    )
}

fn use_ws(finding: Finding, look: &SecondLook) -> Finding {
    match look.status {
        Some(101) => finding.advise("use ws:// for this port: it answered 101 there; or the port that speaks TLS"),
        _ => finding.advise("use ws:// for this port, or the port that speaks TLS"),
    }
}

fn not_spoken(facts: &Facts, first: &[u8]) -> Finding {
    let finding = Finding::of("tls-not-spoken", "server side", "the answer to the beginning of TLS is not TLS")
        .saw(format!("first bytes: {}", show::bytes(first)))
        .saw_all(facts.second_look_words());
    let looked = facts.second_look(Tried::Plain).filter(|look| look.answered);
    match (first.starts_with(b"HTTP/"), looked) {
        (true, None) => finding
            .because(Certain, "wss:// was used on a port that speaks plain HTTP")
            .advise("use ws:// for this port, or the port that speaks TLS"),
        (_, Some(look)) => use_ws(finding.because(Certain, "wss:// was used on a port that speaks plain HTTP"), look),
        (false, None) => finding,
    }
}

fn refused(facts: &Facts, certificate: Option<&Certificate>, why: &CertificateFault) -> Finding {
    let (code, cause) = kind_code(why.kind);
    let finding =
        Finding::of(code, "server side", format!("the certificate is not trusted: {}", show::safe(&why.words)))
            .saw_all(certificate.map(certificate_words));
    // A box of inspection often sends one certificate only, so it comes before the chain that is not whole.
    if why.kind == CertificateFaultKind::UnknownIssuer && certificate.is_some_and(is_inspected) {
        return Finding { who: "path", ..finding }
            .because(Likely, "a box or a program on the way opens TLS and signs anew (inspection)")
            .advise("give its CA by --ca FILE, or take this name out of the inspection: it often breaks upgrades too");
    }
    let lone = certificate.is_some_and(|certificate| certificate.chain_len == 1 && !certificate.self_signed);
    if why.kind == CertificateFaultKind::UnknownIssuer && lone {
        if certificate.is_some_and(is_public) {
            return finding
                .because(Likely, "the server does not send the intermediate certificate (browsers repair that)")
                .advise("let the server send its whole chain (the file that is often named fullchain.pem)");
        }
        return finding
            .because(
                Possible,
                "the server does not send the intermediate certificate (browsers repair that), or the CA is private",
            )
            .advise("let the server send its whole chain, or give the CA by --ca FILE");
    }
    match why.kind {
        CertificateFaultKind::Expired | CertificateFaultKind::NotYetValid if why.words.contains(ABOVE) => finding
            .because(Likely, "the chain holds an intermediate certificate of another time")
            .advise("let the server send the intermediate certificates of today, as the CA gives them"),
        CertificateFaultKind::Expired | CertificateFaultKind::NotYetValid => dated(facts, certificate, finding, cause),
        CertificateFaultKind::SelfSigned | CertificateFaultKind::WrongName => finding.because(Certain, cause),
        _ => finding.because(Likely, cause),
    }
}

/// How the words on a fault begin that lies above the server's own certificate.
const ABOVE: &str = "a certificate above it in the chain";

/// CAs that everybody trusts, and whose servers must send an intermediate certificate.
const PUBLIC: &[&str] = &[
    "let's encrypt",
    "digicert",
    "geotrust",
    "rapidssl",
    "thawte",
    "sectigo",
    "comodo",
    "zerossl",
    "globalsign",
    "godaddy",
    "starfield",
    "amazon rsa",
    "amazon ecdsa",
    "google trust services",
    "entrust",
    "harica",
    "certum",
    "actalis",
    "buypass",
    "ssl.com",
    "swisssign",
    "quovadis",
];

fn is_public(certificate: &Certificate) -> bool {
    let issuer = certificate.issuer.to_ascii_lowercase();
    // Let's Encrypt's staging CA is trusted nowhere.
    !issuer.contains("staging") && PUBLIC.iter().any(|name| issuer.contains(name))
}

/// Makers of TLS inspection, as they stand in the issuers of what they sign.
const INSPECTORS: &[&str] = &[
    "zscaler",
    "netskope",
    "fortinet",
    "fortigate",
    "palo alto",
    "blue coat",
    "symantec web",
    "forcepoint",
    "sophos",
    "checkpoint",
    "check point",
    "cisco umbrella",
    "barracuda",
    "kaspersky",
    "avast",
    "eset ssl",
    "bitdefender",
    "mitmproxy",
    "charles proxy",
    "fiddler",
    "burp",
];

fn is_inspected(certificate: &Certificate) -> bool {
    let issuer = certificate.issuer.to_ascii_lowercase();
    INSPECTORS.iter().any(|maker| issuer.contains(maker))
}

/// Valid at another time: is it the certificate, or this machine's clock? The server's own clock tells.
fn dated(facts: &Facts, certificate: Option<&Certificate>, finding: Finding, cause: &str) -> Finding {
    let finding = finding.saw_all(facts.second_look_words());
    let date = facts.second_look(Tried::WithoutTrust).and_then(|look| look.date_unix);
    let (Some(certificate), Some(theirs), Some(start)) = (certificate, date, facts.wall_start_unix_ms) else {
        return finding.because(Possible, format!("{cause}; or this machine's clock is wrong"));
    };
    let (valid, ahead) =
        ((certificate.not_before_unix..=certificate.not_after_unix).contains(&theirs), start / 1000 - theirs);
    if !valid && theirs < certificate.not_before_unix {
        return finding
            .saw("by the server's clock its time has not begun either")
            .because(Likely, "the certificate was made for later, or both clocks are behind");
    }
    if !valid {
        return finding
            .saw("the server's clock agrees that it is not valid now")
            .because(Certain, "it was not renewed, or the server was not reloaded after it was");
    }
    let way = if ahead > 0 { "ahead" } else { "behind" };
    finding
        .saw("by the server's clock the certificate is valid now")
        .because(
            Likely,
            format!("this machine's clock is wrong: {} {way} of the server's, if that is right", skew::words(ahead)),
        )
        .advise("set this machine's clock by a time server")
}

fn kind_code(kind: CertificateFaultKind) -> (&'static str, &'static str) {
    match kind {
        CertificateFaultKind::Expired => {
            ("certificate-expired", "it was not renewed, or the server was not reloaded after it was")
        }
        CertificateFaultKind::NotYetValid => ("certificate-not-yet-valid", "this machine's clock is behind"),
        CertificateFaultKind::WrongName => ("certificate-wrong-name", "the certificate does not cover the URL's name"),
        CertificateFaultKind::SelfSigned => ("certificate-self-signed", "issuer and subject are the same"),
        CertificateFaultKind::UnknownIssuer => {
            ("certificate-unknown-issuer", "the issuer is not in the trust store: a private CA, or a box on the way")
        }
        CertificateFaultKind::Other => ("certificate-refused", "a form, a purpose or a signature that is not accepted"),
    }
}

fn certificate_words(certificate: &Certificate) -> String {
    let names = match certificate.names.as_slice() {
        [] => show::quoted(&certificate.subject),
        names => show::quoted(&names.iter().take(6).map(String::as_str).collect::<Vec<_>>().join(", ")),
    };
    let more = match certificate.names.len().saturating_sub(6) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    format!("certificate for {names}{more} by {}", show::quoted(&certificate.issuer))
}

/// A TLS alert as the first bytes of an answer to a plain request: the port speaks TLS.
pub fn is_alert_record(facts: &Facts, first: &[u8]) -> bool {
    !facts.is_tls() && first.starts_with(&[0x15, 0x03])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::Phase;
    use crate::moment::Span;

    fn certificate(days_left: i64) -> Certificate {
        Certificate {
            subject: "a.example".into(),
            names: vec!["a.example".into()],
            issuer: "Test CA".into(),
            not_before_unix: 0,
            not_after_unix: days_left * 86_400,
            days_left,
            self_signed: false,
            chain_len: 1,
        }
    }

    fn judged(fault: DialFault) -> Finding {
        failed(&Facts::default(), &DialFailed { phase: Phase::Tls, fault, took: Span::ZERO }).unwrap()
    }

    fn ready(days_left: i64, overlooked: Option<CertificateFault>) -> TlsReady {
        TlsReady {
            version: "TLS 1.3".into(),
            cipher: String::new(),
            alpn: None,
            certificate: Some(certificate(days_left)),
            overlooked,
            took: Span::ZERO,
        }
    }

    #[test]
    fn every_distrust_has_its_code() {
        for (kind, code) in [
            (CertificateFaultKind::Expired, "certificate-expired"),
            (CertificateFaultKind::NotYetValid, "certificate-not-yet-valid"),
            (CertificateFaultKind::WrongName, "certificate-wrong-name"),
            (CertificateFaultKind::SelfSigned, "certificate-self-signed"),
            (CertificateFaultKind::UnknownIssuer, "certificate-unknown-issuer"),
            (CertificateFaultKind::Other, "certificate-refused"),
        ] {
            let why = CertificateFault { kind, words: "why".into() };
            assert_eq!(judged(DialFault::Certificate { certificate: Some(Box::new(certificate(3))), why }).code, code);
        }
    }

    #[test]
    fn plain_http_on_a_tls_port_is_certain() {
        let not_tls = Some(PayloadBytes(b"HTTP/1.1 400 Bad Request".to_vec()));
        let finding = judged(DialFault::Tls { words: "corrupt message".into(), alert: None, not_tls });
        assert_eq!((finding.code, finding.confidence), ("tls-not-spoken", Certain));
    }

    #[test]
    fn an_alert_about_the_clients_certificate_is_told_as_that() {
        let alert = |alert| DialFault::Tls { words: "alert".into(), alert: Some(alert), not_tls: None };
        assert_eq!(judged(alert(116)).code, "client-certificate-wanted");
        assert_eq!(judged(DialFault::AlertBeforeAnswer { alert: 116 }).code, "client-certificate-wanted");
        assert_eq!(judged(DialFault::AlertBeforeAnswer { alert: 80 }).code, "tls-alert-before-answer");
        let failed = judged(alert(70));
        assert_eq!(
            (failed.code, failed.seen[0].as_str()),
            ("tls-too-old", "TLS alert 70, protocol_version; TLS 1.2 and 1.3 were offered")
        );
        assert_eq!(judged(DialFault::TlsCut { reset: true }).code, "tls-cut");
    }

    #[test]
    fn a_certificate_is_told_when_it_ends_soon_or_was_looked_past() {
        assert_eq!(ends_soon(&ready(14, None)).unwrap().code, "certificate-ends-soon");
        assert_eq!(ends_soon(&ready(15, None)), None);
        let why = CertificateFault { kind: CertificateFaultKind::Expired, words: "expired".into() };
        assert_eq!(ends_soon(&ready(3, Some(why.clone()))), None);
        assert_eq!(overlooked(&ready(-3, Some(why))).unwrap().code, "certificate-overlooked");
        assert_eq!(overlooked(&ready(60, None)), None);
    }

    #[test]
    fn a_fault_of_another_layer_is_not_ours() {
        let fault = DialFault::NameNotFound { name: "a".into() };
        assert_eq!(failed(&Facts::default(), &DialFailed { phase: Phase::Resolve, fault, took: Span::ZERO }), None);
    }

    fn looked(tried: Tried, answered: bool, status: Option<u16>, date_unix: Option<i64>) -> Facts {
        let look = SecondLook { tried, answered, words: "a try".into(), status, date_unix, took: Span::ZERO };
        Facts {
            url: "wss://a/".into(),
            second_looks: vec![look],
            wall_start_unix_ms: Some(2_000_000_000_000),
            ..Facts::default()
        }
    }

    fn told(facts: &Facts, fault: DialFault) -> Finding {
        failed(facts, &DialFailed { phase: Phase::Tls, fault, took: Span::ZERO }).unwrap()
    }

    #[test]
    fn a_plain_answer_that_a_port_with_tls_may_give_too_proves_nothing() {
        let cut = || DialFault::TlsCut { reset: true };
        for (status, code, confidence) in [
            (400, "tls-cut", Possible),
            (301, "tls-cut", Possible),
            (404, "tls-not-spoken", Likely),
            (101, "tls-not-spoken", Certain),
        ] {
            let finding = told(&looked(Tried::Plain, true, Some(status), None), cut());
            assert_eq!((finding.code, finding.confidence), (code, confidence), "{status}");
        }
    }

    #[test]
    fn handshake_failure_names_all_that_it_may_mean() {
        let finding = judged(DialFault::Tls { words: "alert".into(), alert: Some(40), not_tls: None });
        assert_eq!((finding.code, finding.confidence), ("tls-failed", Possible));
        assert!(finding.cause.contains("SNI") && finding.cause.contains("client certificate"), "{}", finding.cause);
    }

    #[test]
    fn a_lone_certificate_is_judged_by_its_issuer() {
        for (issuer, confidence, who, part) in [
            ("Let's Encrypt R11", Likely, "server side", "intermediate"),
            ("Zscaler Inc. Zscaler Intermediate Root CA", Likely, "path", "inspection"),
            ("Corp CA", Possible, "server side", "private"),
        ] {
            let lone = Certificate { issuer: issuer.into(), ..certificate(90) };
            let why = CertificateFault { kind: CertificateFaultKind::UnknownIssuer, words: "why".into() };
            let finding = judged(DialFault::Certificate { certificate: Some(Box::new(lone)), why });
            assert_eq!((finding.confidence, finding.who), (confidence, who), "{issuer}");
            assert!(finding.cause.contains(part), "{issuer}: {}", finding.cause);
        }
    }

    #[test]
    fn a_certificate_above_the_servers_own_that_is_over_is_no_matter_of_our_clock() {
        let words = "a certificate above it in the chain expired on 2021-09-30".into();
        let why = CertificateFault { kind: CertificateFaultKind::Expired, words };
        let fault = DialFault::Certificate { certificate: Some(Box::new(certificate(90))), why };
        let finding = told(&looked(Tried::WithoutTrust, true, Some(200), Some(86_400)), fault);
        assert!(finding.cause.contains("intermediate") && !finding.cause.contains("clock"), "{}", finding.cause);
    }

    #[test]
    fn a_cut_in_tls_is_a_plain_port_only_where_plain_http_was_answered() {
        let cut = || DialFault::TlsCut { reset: false };
        let finding = told(&looked(Tried::Plain, true, Some(101), None), cut());
        assert_eq!((finding.code, finding.confidence), ("tls-not-spoken", Certain));
        assert!(finding.help[0].contains("101"), "{finding:?}");
        // The twin: no answer there either, so that several causes stand beside each other.
        let twin = told(&looked(Tried::Plain, false, None, None), cut());
        assert_eq!((twin.code, twin.confidence), ("tls-cut", Possible));
        assert!(twin.cause.contains("SNI") && twin.cause.contains("PROXY protocol"), "{twin:?}");
    }

    #[test]
    fn an_expired_certificate_or_a_wrong_clock_is_told_by_the_servers_clock() {
        let expired = || DialFault::Certificate {
            certificate: Some(Box::new(Certificate {
                subject: "a".into(),
                names: vec!["a".into()],
                issuer: "CA".into(),
                not_before_unix: 1_700_000_000,
                not_after_unix: 1_900_000_000,
                days_left: -1,
                self_signed: false,
                chain_len: 2,
            })),
            why: CertificateFault { kind: CertificateFaultKind::Expired, words: "it ended".into() },
        };
        let really = told(&looked(Tried::WithoutTrust, true, Some(200), Some(2_000_000_000)), expired());
        assert_eq!(really.confidence, Certain);
        let clock = told(&looked(Tried::WithoutTrust, true, Some(200), Some(1_800_000_000)), expired());
        assert_eq!((clock.confidence, clock.cause.contains("clock is wrong")), (Likely, true), "{clock:?}");
        let unknown = told(&Facts::default(), expired());
        assert_eq!((unknown.confidence, unknown.cause.contains("or this machine's clock")), (Possible, true));
    }

    #[test]
    fn alerts_that_name_their_cause_have_their_codes() {
        let alert =
            |alert| told(&Facts::default(), DialFault::Tls { words: String::new(), alert: Some(alert), not_tls: None });
        for (number, code) in
            [(112, "tls-name-unknown"), (120, "alpn-http1-refused"), (70, "tls-too-old"), (40, "tls-failed")]
        {
            assert_eq!(alert(number).code, code);
        }
        assert_eq!((alert(70).confidence, alert(40).confidence), (Likely, Possible));
    }

    #[test]
    fn a_box_that_opens_tls_is_known_by_its_issuer() {
        let by = |issuer: &str| DialFault::Certificate {
            certificate: Some(Box::new(Certificate {
                subject: "a".into(),
                names: vec!["a".into()],
                issuer: issuer.into(),
                not_before_unix: 0,
                not_after_unix: 1,
                days_left: 9,
                self_signed: false,
                chain_len: 2,
            })),
            why: CertificateFault { kind: CertificateFaultKind::UnknownIssuer, words: "unknown".into() },
        };
        assert!(told(&Facts::default(), by("Zscaler Intermediate Root CA")).cause.contains("inspection"));
        assert!(!told(&Facts::default(), by("Acme Internal CA")).cause.contains("inspection"));
    }
}
