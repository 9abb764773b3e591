//! Findings on TLS and certificates. Owns the rules for a TLS that fails, a certificate that is refused or overlooked
//! and one that ends soon, and the names of alerts (RFC 8446 section 6); what a certificate says is read in `net`.

use crate::diagnose::facts::Facts;
use crate::event::finding::Confidence::{Certain, Likely};
use crate::event::{
    Certificate, CertificateFault, CertificateFaultKind, DialFailed, DialFault, Finding, PayloadBytes, TlsReady, show,
};

/// A certificate that ends in so many days is told.
const SOON_DAYS: i64 = 14;

/// A dial that failed in TLS, or by an alert behind it; none for every other fault.
pub fn failed(failed: &DialFailed) -> Option<Finding> {
    match &failed.fault {
        DialFault::Certificate { certificate, why } => Some(refused(certificate.as_deref(), why)),
        DialFault::Tls { not_tls: Some(PayloadBytes(first)), .. } => Some(not_spoken(first)),
        DialFault::Tls { alert: Some(alert), .. } if is_about_client(*alert) => Some(client_wanted(*alert)),
        DialFault::Tls { words, alert, .. } => Some(
            Finding::of("tls-failed", "server side", "the TLS handshake failed")
                .saw_all(alert.map(alert_words))
                .saw(format!("the TLS library says {}", show::quoted(words))),
        ),
        DialFault::TlsCut { reset } => {
            let end = if *reset { "reset" } else { "ended" };
            Some(Finding::of("tls-cut", "server side", format!("the connection was {end} in the TLS handshake")))
        }
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

fn not_spoken(first: &[u8]) -> Finding {
    let finding = Finding::of("tls-not-spoken", "server side", "the answer to the beginning of TLS is not TLS")
        .saw(format!("first bytes: {}", show::bytes(first)));
    if first.starts_with(b"HTTP/") {
        return finding
            .because(Certain, "wss:// was used on a port that speaks plain HTTP")
            .advise("use ws:// for this port, or the port that speaks TLS");
    }
    finding
}

fn refused(certificate: Option<&Certificate>, why: &CertificateFault) -> Finding {
    let (code, cause) = kind_code(why.kind);
    let finding =
        Finding::of(code, "server side", format!("the certificate is not trusted: {}", show::safe(&why.words)))
            .saw_all(certificate.map(certificate_words));
    let lone = certificate.is_some_and(|certificate| certificate.chain_len == 1 && !certificate.self_signed);
    if why.kind == CertificateFaultKind::UnknownIssuer && lone {
        return finding
            .because(
                Likely,
                "the server does not send the intermediate certificate (browsers repair that), or the CA is private",
            )
            .advise("let the server send its whole chain, or give the CA by --ca FILE");
    }
    match why.kind {
        CertificateFaultKind::SelfSigned | CertificateFaultKind::WrongName => finding.because(Certain, cause),
        _ => finding.because(Likely, cause),
    }
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
        failed(&DialFailed { phase: Phase::Tls, fault, took: Span::ZERO }).unwrap()
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
        assert_eq!((failed.code, failed.seen[0].as_str()), ("tls-failed", "TLS alert 70, protocol_version"));
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
        assert_eq!(failed(&DialFailed { phase: Phase::Resolve, fault, took: Span::ZERO }), None);
    }
}
