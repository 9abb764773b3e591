//! Faults of TLS and of certificates, each beside its twin.

#![allow(clippy::unwrap_used)]

use super::certificates::told as told_of;
use super::*;
use crate::event::{Certificate, CertificateFault, CertificateFaultKind, ChainLink, LookEnd, Phase, TlsReady};
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
        chain: Vec::new(),
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
        certificate_request: None,
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
    let finding = judged(DialFault::Tls {
        words: "corrupt message".into(),
        alert: None,
        not_tls,
        unshared: None,
        certificate_request: None,
        sni: None,
    });
    assert_eq!((finding.code, finding.confidence), ("tls-not-spoken", Certain));
}

#[test]
fn an_alert_about_the_clients_certificate_is_told_as_that() {
    let alert = |alert| DialFault::Tls {
        words: "alert".into(),
        alert: Some(alert),
        not_tls: None,
        unshared: None,
        certificate_request: None,
        sni: None,
    };
    assert_eq!(judged(alert(116)).code, "client-certificate-wanted");
    assert_eq!(judged(DialFault::AlertBeforeAnswer { alert: 116 }).code, "client-certificate-wanted");
    assert_eq!(judged(DialFault::AlertBeforeAnswer { alert: 80 }).code, "tls-alert-before-answer");
    let failed = judged(alert(70));
    assert_eq!(
        (failed.code, failed.seen[0].as_str()),
        ("tls-too-old", "TLS alert 70, protocol_version; TLS 1.2 and 1.3 were offered")
    );
    assert_eq!(judged(DialFault::TlsCut { reset: true, certificate_request: None }).code, "tls-cut");
}

#[test]
fn a_certificate_is_told_when_it_ends_soon_or_was_looked_past() {
    let codes = |ready: &TlsReady| told_of(ready).iter().map(|finding| finding.code).collect::<Vec<_>>();
    assert_eq!(codes(&ready(14, None)), ["certificate-ends-soon"]);
    assert!(codes(&ready(15, None)).is_empty());
    let why = CertificateFault { kind: CertificateFaultKind::Expired, words: "expired".into() };
    assert_eq!(codes(&ready(3, Some(why.clone()))), ["certificate-overlooked"]);
    assert_eq!(codes(&ready(-3, Some(why))), ["certificate-overlooked"]);
    let mut by_a_box = ready(60, None);
    by_a_box.certificate.as_mut().unwrap().issuer = "Zscaler Intermediate Root CA".into();
    assert_eq!(codes(&by_a_box), ["tls-inspected"]);
}

#[test]
fn a_fault_of_another_layer_is_not_ours() {
    let fault = DialFault::NameNotFound { name: "a".into() };
    assert_eq!(failed(&Facts::default(), &DialFailed { phase: Phase::Resolve, fault, took: Span::ZERO }), None);
}

fn looked(tried: Tried, answered: bool, status: Option<u16>, date_unix: Option<i64>) -> Facts {
    let end = (!answered).then_some(LookEnd::NoAnswer);
    let look = SecondLook { tried, answered, end, words: "a try".into(), status, date_unix, took: Span::ZERO };
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
    let cut = || DialFault::TlsCut { reset: true, certificate_request: None };
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
    let finding = judged(DialFault::Tls {
        words: "alert".into(),
        alert: Some(40),
        not_tls: None,
        unshared: None,
        certificate_request: None,
        sni: None,
    });
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
    let cut = || DialFault::TlsCut { reset: false, certificate_request: None };
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
            chain: Vec::new(),
        })),
        why: CertificateFault { kind: CertificateFaultKind::Expired, words: "it ended".into() },
    };
    let really = told(&looked(Tried::WithoutTrust, true, Some(200), Some(2_000_000_000)), expired());
    assert_eq!((really.confidence, really.help[0].as_str()), (Certain, "renew it and reload the server"));
    let early = told(&looked(Tried::WithoutTrust, true, Some(200), Some(1_600_000_000)), expired());
    assert!(!early.help[0].contains("clock"), "{early:?}");
    let clock = told(&looked(Tried::WithoutTrust, true, Some(200), Some(1_800_000_000)), expired());
    assert_eq!((clock.confidence, clock.cause.contains("clock is wrong")), (Likely, true), "{clock:?}");
    let unknown = told(&Facts::default(), expired());
    assert_eq!((unknown.confidence, unknown.cause.contains("or this machine's clock")), (Possible, true));
}

#[test]
fn alerts_that_name_their_cause_have_their_codes() {
    let alert = |alert| {
        told(
            &Facts::default(),
            DialFault::Tls {
                words: String::new(),
                alert: Some(alert),
                not_tls: None,
                unshared: None,
                certificate_request: None,
                sni: None,
            },
        )
    };
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
            chain: Vec::new(),
        })),
        why: CertificateFault { kind: CertificateFaultKind::UnknownIssuer, words: "unknown".into() },
    };
    assert!(told(&Facts::default(), by("Zscaler Intermediate Root CA")).cause.contains("inspection"));
    assert!(!told(&Facts::default(), by("Acme Internal CA")).cause.contains("inspection"));
}

#[test]
fn the_chain_is_shown_as_it_was_sent() {
    let link = |subject: &str, issuer: &str| ChainLink {
        subject: subject.into(),
        issuer: issuer.into(),
        not_before_unix: 0,
        not_after_unix: 1_798_761_600,
    };
    let seen = |chain_len: usize, chain: Vec<ChainLink>| {
        let why = CertificateFault { kind: CertificateFaultKind::WrongName, words: "is for b".into() };
        let certificate = Certificate { chain_len, chain, ..certificate(90) };
        judged(DialFault::Certificate { certificate: Some(Box::new(certificate)), why }).seen
    };
    let alone = seen(1, vec![link("a.example", "Test CA")]);
    assert_eq!(alone[0], "certificate for \"a.example\" by \"Test CA\", 1970-01-01 to 1970-04-01");
    assert_eq!(alone[1], "chain sent: this certificate alone");
    let two = seen(2, vec![link("a.example", "Middle"), link("Middle", "Root")]);
    assert_eq!(two[1], "chain sent: \"a.example\" by \"Middle\"; \"Middle\" by \"Root\", until 2027-01-01");
    let many = seen(40, vec![link("x", "x"); 10]);
    assert!(many[1].ends_with("; and 36 more"), "{many:?}");
}

fn asked(issuers: &[&str]) -> Option<CertificateRequest> {
    Some(CertificateRequest { issuers: issuers.iter().map(|name| (*name).into()).collect() })
}

#[test]
fn a_server_that_ends_after_asking_for_a_certificate_wants_one() {
    let cut = |certificate_request| DialFault::TlsCut { reset: true, certificate_request };
    let finding = judged(cut(asked(&["Corp CA"])));
    assert_eq!((finding.code, finding.confidence), ("client-certificate-wanted", Likely));
    assert_eq!(finding.seen[0], "it asked for a client certificate signed by \"Corp CA\" (CertificateRequest)");
    assert_eq!(judged(cut(None)).code, "tls-cut");
    let alert = |certificate_request| DialFault::Tls {
        words: "alert".into(),
        alert: Some(40),
        not_tls: None,
        unshared: None,
        certificate_request,
        sni: None,
    };
    assert_eq!(judged(alert(asked(&[]))).code, "client-certificate-wanted");
    assert_eq!(judged(alert(None)).code, "tls-failed");
    let mut facts = Facts { tls: Some(ready(90, None)), ..Facts::default() };
    let end = DialFailed {
        phase: Phase::Upgrade,
        fault: DialFault::CutBeforeAnswer { reset: false, received: 0 },
        took: Span::ZERO,
    };
    assert_eq!(failed(&facts, &end), None);
    facts.tls.as_mut().unwrap().certificate_request = asked(&[]);
    let wanted = failed(&facts, &end).unwrap();
    assert_eq!((wanted.code, wanted.confidence), ("client-certificate-wanted", Possible));
    assert!(wanted.cause.contains("or it does without"), "{}", wanted.cause);
}

/// An alert in the handshake, after this name was asked for.
fn alert(alert: u8, sni: Option<&str>) -> DialFault {
    DialFault::Tls {
        words: "alert".into(),
        alert: Some(alert),
        not_tls: None,
        unshared: None,
        certificate_request: None,
        sni: sni.map(Into::into),
    }
}

#[test]
fn an_alert_about_a_name_tells_what_name_was_sent() {
    let of = |url: &str, sni: Option<&str>| told(&Facts { url: url.into(), ..Facts::default() }, alert(112, sni));
    let address = of("wss://127.0.0.1:8443/ws", None);
    assert_eq!(address.help[0], "put the server's name in the URL and lead it there: --resolve NAME:8443:127.0.0.1");
    let v6 = of("wss://[::1]/", None);
    assert!(v6.help[0].ends_with("--resolve NAME:443:::1"), "{:?}", v6.help);
    let named = of("wss://a.example/", Some("a.example"));
    assert!(named.cause.contains("not set up there") && named.help[0].contains("--sni NAME"), "{named:?}");
    assert!(named.seen[0].ends_with("the name sent (SNI) is \"a.example\""), "{:?}", named.seen);
    // The twins: a name by --sni, on an address too, and none at all.
    for url in ["wss://a.example/", "wss://127.0.0.1/"] {
        let other = of(url, Some("b.example"));
        assert!(other.cause.contains("--sni") && !other.help[0].contains("--resolve"), "{other:?}");
        assert!(other.seen[0].contains("b.example"), "{:?}", other.seen);
    }
    let none = of("wss://a.example/", None);
    assert!(none.help[0].starts_with("leave --no-sni out"), "{none:?}");
}

#[test]
fn only_an_alert_on_versions_speaks_of_versions() {
    for (number, code, cause) in [
        (70, "tls-too-old", "TLS 1.1"),
        (71, "tls-too-old", "ciphers"),
        (80, "tls-failed", "no certificate there for the name"),
        (50, "tls-failed", "could not take a message"),
        (90, "tls-failed", "what the alert says"),
    ] {
        let finding = judged(alert(number, None));
        assert_eq!(finding.code, code, "{number}");
        assert!(finding.cause.contains(cause), "{number}: {}", finding.cause);
        assert_eq!(finding.cause.contains("TLS 1.1"), number == 70, "{number}: {}", finding.cause);
    }
    let by_us = |words: &str| {
        judged(DialFault::Tls {
            words: words.into(),
            alert: None,
            not_tls: None,
            unshared: None,
            certificate_request: None,
            sni: None,
        })
    };
    let malformed = by_us("the peer's TLS message cannot be read: InvalidContentType");
    assert!(malformed.cause.contains("faulty TLS") && !malformed.cause.contains("version"), "{malformed:?}");
    assert!(!by_us("\"a b\" is no name that TLS can ask for").cause.contains("faulty"));
}

#[test]
fn what_a_port_without_tls_says_is_told_once() {
    let of = |first: &[u8]| {
        judged(DialFault::Tls {
            words: String::new(),
            alert: None,
            not_tls: Some(PayloadBytes(first.to_vec())),
            unshared: None,
            certificate_request: None,
            sni: None,
        })
    };
    let http = of(b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n");
    assert_eq!(http.fact, "the port speaks plain HTTP, not TLS");
    assert_eq!(http.seen, ["first bytes: \"HTTP/1.1 400 Bad Request\""]);
    assert!(!http.cause.contains("plain HTTP"), "{}", http.cause);
    let ssh = of(b"SSH-2.0-OpenSSH_9.2\r\n");
    assert_eq!((ssh.fact.as_str(), ssh.confidence), ("the port does not speak TLS", Certain));
}

#[test]
fn nothing_in_common_is_told_without_an_alert() {
    for (what, code) in [
        (Unshared::Version, "tls-too-old"),
        (Unshared::Cipher, "tls-too-old"),
        (Unshared::Protocol, "alpn-http1-refused"),
    ] {
        let fault = DialFault::Tls {
            words: "nothing".into(),
            alert: None,
            not_tls: None,
            unshared: Some(what),
            certificate_request: None,
            sni: None,
        };
        assert_eq!(judged(fault).code, code);
    }
}
