//! What a server's certificate is worth: all that is wrong with it, not only the first thing.
//!
//! Owns the judgement (RFC 5280 section 6 by way of webpki, names by RFC 6125) and its words. Reading a certificate for
//! showing is `certificate`'s, the store `trust`'s. With `--insecure` every certificate passes, and what was overlooked
//! is kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::event::{Certificate, CertificateFault, CertificateFaultKind, show};
use crate::net::certificate::{self, DAY};

/// How many of a certificate's names are told.
const NAMES_TOLD: usize = 5;

/// A verifier that remembers what it saw.
#[derive(Debug)]
pub struct Verifier {
    /// None when there is no root to trust at all.
    inner: Option<Arc<WebPkiServerVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
    /// The certificates of `--ca`: a server's own certificate among them is trusted as it is.
    pinned: Vec<CertificateDer<'static>>,
    insecure: bool,
    seen: Mutex<Seen>,
}

/// What the server presented, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// As sent, the server's own first; empty before it was sent.
    pub chain: Vec<CertificateDer<'static>>,
    pub fault: Option<CertificateFault>,
}

impl Verifier {
    /// Trusts `roots`, and the certificates of `pinned` themselves. `insecure` lets everything pass.
    pub fn new(
        roots: Arc<RootCertStore>,
        pinned: Vec<CertificateDer<'static>>,
        insecure: bool,
        provider: &Arc<CryptoProvider>,
    ) -> Verifier {
        Verifier {
            inner: WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider)).build().ok(),
            algorithms: provider.signature_verification_algorithms,
            pinned,
            insecure,
            seen: Mutex::default(),
        }
    }

    /// What was seen so far.
    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, chain: &[CertificateDer<'_>], name: &ServerName<'_>, at: UnixTime) -> Result<(), Error> {
        let Some((leaf, others)) = chain.split_first() else {
            return Err(Error::NoCertificatesPresented);
        };
        let Some(inner) = &self.inner else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        inner.verify_server_cert(leaf, others, name, &[], at).map(|_| ())
    }

    /// All that is wrong, after webpki has said `error`; none for a certificate of `pinned` that is otherwise good.
    fn explain(
        &self,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
        error: &Error,
    ) -> Option<CertificateFault> {
        let now_unix = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let Some(certificate) = certificate::describe(chain, now_unix) else {
            return Some(other(error));
        };
        let is_pinned = chain.first().is_some_and(|leaf| self.pinned.contains(leaf));
        let mut faults = Vec::new();
        faults.extend(time_fault(&certificate, now_unix));
        if !is_pinned {
            faults.extend(self.trust_fault(chain, &certificate, name, now_unix));
        }
        faults.extend(name_fault(chain, &certificate, name));
        if faults.is_empty() && !is_pinned {
            return Some(other(error));
        }
        joined(faults)
    }

    /// Is the chain trusted? webpki stops at the first fault, so that it is asked at a time when the server's own
    /// certificate is valid.
    fn trust_fault(
        &self,
        chain: &[CertificateDer<'_>],
        certificate: &Certificate,
        name: &ServerName<'_>,
        now_unix: i64,
    ) -> Option<CertificateFault> {
        // Not `clamp`, which panics when a certificate ends before it begins.
        let at = now_unix.min(certificate.not_after_unix).max(certificate.not_before_unix);
        let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at).unwrap_or(0)));
        let error = self.check(chain, name, at).err()?;
        match &error {
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => None,
            _ if certificate.self_signed => Some(fault(CertificateFaultKind::SelfSigned, "self-signed".to_owned())),
            // webpki reads no time before 1970.
            Error::InvalidCertificate(CertificateError::BadEncoding) if certificate.not_before_unix < 0 => {
                let day = show::day(certificate.not_before_unix);
                let words = format!("valid from {day} on, and the TLS library here takes no time before 1970");
                Some(fault(CertificateFaultKind::Other, words))
            }
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                let words = format!("issuer \"{}\" is not in the trust store", lacking(chain, certificate));
                Some(fault(CertificateFaultKind::UnknownIssuer, words))
            }
            // A CA that was made anew under its old name.
            Error::InvalidCertificate(CertificateError::BadSignature) => {
                let issuer = lacking(chain, certificate);
                let words = format!("signed with another key than that of issuer \"{issuer}\" in the trust store");
                Some(fault(CertificateFaultKind::UnknownIssuer, words))
            }
            _ => Some(chain_time_fault(&error).unwrap_or_else(|| other(&error))),
        }
    }

    /// With `--insecure` even a signature that cannot be checked passes (X.509 version 1, SHA-1), but is told.
    fn judge_signature(
        &self,
        result: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        let Err(error) = result else { return result };
        let found = fault(CertificateFaultKind::Other, format!("the handshake's signature is not good: {error}"));
        let mut seen = self.lock();
        seen.fault = joined(seen.fault.take().into_iter().chain([found]).collect());
        if self.insecure { Ok(HandshakeSignatureValid::assertion()) } else { Err(error) }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain: Vec<CertificateDer<'static>> =
            std::iter::once(end_entity).chain(intermediates).map(|one| one.clone().into_owned()).collect();
        let verdict = self.check(&chain, server_name, now);
        let found = verdict.as_ref().err().and_then(|error| self.explain(&chain, server_name, now, error));
        let passes = found.is_none() || self.insecure;
        *self.lock() = Seen { chain, fault: found };
        match verdict {
            Err(error) if !passes => Err(error),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge_signature(rustls::crypto::verify_tls12_signature(message, cert, dss, &self.algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge_signature(rustls::crypto::verify_tls13_signature(message, cert, dss, &self.algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// A fault that is none of the kinds with a name of their own.
pub fn other(error: &Error) -> CertificateFault {
    let words = match error {
        Error::InvalidCertificate(CertificateError::BadEncoding) => "not an X.509 certificate".to_owned(),
        Error::InvalidCertificate(CertificateError::BadSignature) => "its signature is wrong".to_owned(),
        Error::InvalidCertificate(CertificateError::Revoked) => "revoked".to_owned(),
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => "its issuer is not in the trust store".to_owned(),
        Error::InvalidCertificate(
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. },
        ) => "not made for servers".to_owned(),
        Error::InvalidCertificate(reason) if format!("{reason:?}").contains("CaUsedAsEndEntity") => {
            "a certificate authority's certificate in place of a server's".to_owned()
        }
        Error::InvalidCertificate(reason) => reason.to_string(),
        _ => error.to_string(),
    };
    fault(CertificateFaultKind::Other, words)
}

fn fault(kind: CertificateFaultKind, words: String) -> CertificateFault {
    CertificateFault { kind, words }
}

/// The issuer that would have to be trusted.
fn lacking(chain: &[CertificateDer<'_>], certificate: &Certificate) -> String {
    certificate::missing_issuer(chain).unwrap_or_else(|| certificate.issuer.clone())
}

/// One fault of several: the first one's kind, the words of all.
fn joined(faults: Vec<CertificateFault>) -> Option<CertificateFault> {
    let kind = faults.first()?.kind;
    let words: Vec<String> = faults.into_iter().map(|one| one.words).collect();
    Some(fault(kind, words.join("; ")))
}

fn time_fault(certificate: &Certificate, now_unix: i64) -> Option<CertificateFault> {
    if now_unix > certificate.not_after_unix {
        let ago = ago(now_unix.saturating_sub(certificate.not_after_unix));
        let words = format!("expired on {}, {ago}", show::day(certificate.not_after_unix));
        return Some(fault(CertificateFaultKind::Expired, words));
    }
    if now_unix < certificate.not_before_unix {
        let words = format!(
            "not valid before {}, and it is {} on this machine",
            show::day(certificate.not_before_unix),
            show::day(now_unix)
        );
        return Some(fault(CertificateFaultKind::NotYetValid, words));
    }
    None
}

fn ago(seconds: i64) -> String {
    match seconds / DAY {
        0 => "less than a day ago".to_owned(),
        1 => "1 day ago".to_owned(),
        days => format!("{days} days ago"),
    }
}

/// The time of a certificate above the server's own.
fn chain_time_fault(error: &Error) -> Option<CertificateFault> {
    let Error::InvalidCertificate(reason) = error else { return None };
    let day = |time: &UnixTime| show::day(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    match reason {
        CertificateError::ExpiredContext { not_after, .. } => {
            let words = format!("a certificate above it in the chain expired on {}", day(not_after));
            Some(fault(CertificateFaultKind::Expired, words))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            let words = format!("a certificate above it in the chain is not valid before {}", day(not_before));
            Some(fault(CertificateFaultKind::NotYetValid, words))
        }
        _ => None,
    }
}

fn name_fault(
    chain: &[CertificateDer<'_>],
    certificate: &Certificate,
    name: &ServerName<'_>,
) -> Option<CertificateFault> {
    // A certificate that webpki cannot read (version 1) was told as such by the check of the chain.
    let parsed = ParsedCertificate::try_from(chain.first()?).ok()?;
    verify_server_name(&parsed, name).err()?;
    let words = name_words(&certificate.names, &name.to_str());
    Some(fault(CertificateFaultKind::WrongName, words))
}

fn name_words(names: &[String], asked: &str) -> String {
    if names.is_empty() {
        return format!("has no subject alternative name, so that it is for no host, not for {asked} either");
    }
    let told = names.iter().take(NAMES_TOLD).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES_TOLD) {
        0 => format!("is for {told}, not for {asked}"),
        more => format!("is for {told} and {more} more, not for {asked}"),
    }
}

#[cfg(test)]
mod tests;
