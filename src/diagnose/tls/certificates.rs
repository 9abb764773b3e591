//! Findings on the server's certificate. Owns the rules for one that is refused or overlooked, one that ends soon, and a
//! box on the way that signs anew; what a certificate says is read in `net`.

use crate::diagnose::facts::Facts;
use crate::diagnose::skew;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{Certificate, CertificateFault, CertificateFaultKind, Finding, TlsReady, Tried, show};

/// A certificate that ends in so many days is told.
const SOON_DAYS: i64 = 14;

/// So many certificates of a chain are shown, and so many names of one.
const LINKS_SHOWN: usize = 4;
const NAMES_SHOWN: usize = 6;

/// What is to be told of a TLS that stands.
pub fn told(ready: &TlsReady) -> Vec<Finding> {
    [overlooked(ready), ends_soon(ready), inspected(ready)].into_iter().flatten().collect()
}

/// `--insecure` looked past a fault.
fn overlooked(ready: &TlsReady) -> Option<Finding> {
    let why = ready.overlooked.as_ref()?;
    let fact = format!("the certificate is not good, and --insecure looked past it: {}", show::safe(&why.words));
    Some(
        Finding::of("certificate-overlooked", "server side", fact)
            .saw_all(ready.certificate.iter().flat_map(certificate_words))
            .because(Certain, kind_code(why.kind).1)
            .advise(format!(
                "repair the certificate (wscope explain {}); other clients fail here",
                kind_code(why.kind).0
            )),
    )
}

/// The certificate is good, and not for long.
fn ends_soon(ready: &TlsReady) -> Option<Finding> {
    let certificate = ready.certificate.as_ref()?;
    if ready.overlooked.is_some() || !(0..=SOON_DAYS).contains(&certificate.days_left) {
        return None;
    }
    let days = show::count(certificate.days_left.unsigned_abs(), "day");
    Some(
        Finding::of("certificate-ends-soon", "server side", format!("the certificate ends in {days}"))
            .saw_all(certificate_words(certificate)),
    )
}

/// The certificate is trusted here, and was made on the way all the same.
fn inspected(ready: &TlsReady) -> Option<Finding> {
    let certificate = ready.certificate.as_ref().filter(|certificate| is_inspected(certificate))?;
    if ready.overlooked.is_some() {
        return None;
    }
    Some(
        Finding::of("tls-inspected", "path", "TLS ends on the way here: the certificate is no public CA's")
            .saw_all(certificate_words(certificate))
            .because(
                Likely,
                "a box or a program on the way opens TLS and signs anew (inspection); its CA is trusted here",
            ),
    )
}

pub(super) fn refused(facts: &Facts, certificate: Option<&Certificate>, why: &CertificateFault) -> Finding {
    let (code, cause) = kind_code(why.kind);
    let finding =
        Finding::of(code, "server side", format!("the certificate is not trusted: {}", show::safe(&why.words)))
            .saw_all(certificate.into_iter().flat_map(certificate_words));
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
            .because(Likely, "the certificate was made for later, or both clocks are behind")
            .advise("wait until the certificate begins, or let the server show the one of today");
    }
    if !valid {
        return finding
            .saw("the server's clock agrees that it is not valid now")
            .because(Certain, "it was not renewed, or the server was not reloaded after it was")
            .advise("renew it and reload the server");
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

/// The server's own certificate on one line, what was sent above it on another.
fn certificate_words(certificate: &Certificate) -> Vec<String> {
    let names = match certificate.names.as_slice() {
        [] => show::quoted(&certificate.subject),
        names => show::quoted(&names.iter().take(NAMES_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ")),
    };
    let more = match certificate.names.len().saturating_sub(NAMES_SHOWN) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    let (from, to) = (show::day(certificate.not_before_unix), show::day(certificate.not_after_unix));
    let own = format!("certificate for {names}{more} by {}, {from} to {to}", show::quoted(&certificate.issuer));
    std::iter::once(own).chain(chain_words(certificate)).collect()
}

/// `chain sent: "a.example" by "Middle"; "Middle" by "Root", until 2027-01-01`.
fn chain_words(certificate: &Certificate) -> Option<String> {
    if certificate.chain_len == 1 {
        return (!certificate.self_signed).then(|| "chain sent: this certificate alone".to_owned());
    }
    let link = |index: usize| {
        let link = certificate.chain.get(index)?;
        let until = if index == 0 { String::new() } else { format!(", until {}", show::day(link.not_after_unix)) };
        Some(format!("{} by {}{until}", show::quoted(&link.subject), show::quoted(&link.issuer)))
    };
    let shown: Vec<String> = (0..LINKS_SHOWN).map_while(link).collect();
    let more = match certificate.chain_len.saturating_sub(shown.len()) {
        0 => String::new(),
        rest => format!("; and {rest} more"),
    };
    (!shown.is_empty()).then(|| format!("chain sent: {}{more}", shown.join("; ")))
}
