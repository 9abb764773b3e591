//! Client TLS: the handshake, and what went wrong with it in words.
//!
//! Owns the settings (RFC 8446, RFC 5246; ALPN `http/1.1` only, RFC 7301, since an upgrade is illegal inside HTTP/2),
//! the handshake and its faults. The certificate is judged in `verifier`, the trust store is read in `trust`. A refusal
//! of a client without a certificate comes after a TLS 1.3 handshake, at the first read, so that it is not told here.

use std::io;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, Error, PeerIncompatible, PeerMisbehaved, ProtocolVersion};
use tokio_rustls::TlsConnector;

use crate::event::{CertificateRequest, DialFault, PayloadBytes, TlsReady, Unshared};
use crate::moment::Moment;
use crate::net::certificate;
use crate::net::client_auth::Asked;
use crate::net::clock::Clock;
use crate::net::stream::{ClientTls, Plain, Recorded};
pub use crate::net::trust::read_ca;
use crate::net::trust::{store_of, system_store};
use crate::net::verifier::{Seen, Verifier, other};

/// What is asked of TLS.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Any certificate passes; what is wrong with it is told.
    pub insecure: bool,
    /// The certificates of `--ca`, in place of the system's store.
    pub ca: Option<Vec<CertificateDer<'static>>>,
    pub sni: Sni,
    /// h2 stands before http/1.1 in the offer (ALPN): only to see what the server prefers.
    pub offer_h2: bool,
}

/// The name that is told to the server (RFC 6066 section 3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sni {
    /// The URL's host; nothing when that is an address.
    #[default]
    Default,
    /// Another name, which the certificate must then be for.
    Name(String),
    /// Nothing; the certificate must still be for the URL's host.
    None,
}

/// Speaks TLS over the socket as a client. `host` is a name or an address without brackets.
///
/// # Errors
/// `Certificate` when we refuse it, `TlsCut` when the stream ends or is reset, `Tls` for all else: `not_tls` has the
/// first bytes (64 at most) when they are no TLS record, `alert` the number of the peer's alert.
pub async fn handshake(
    plain: Plain,
    plan: &Plan,
    host: &str,
    clock: &Clock,
) -> Result<(ClientTls, TlsReady), DialFault> {
    let name = server_name(plan, host)?;
    let sni = sent_name(plan, &name);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Arc::new(new_verifier(plan, &provider));
    let asked = Arc::new(Asked::default());
    let config = client_config(plan, provider, Arc::clone(&verifier), Arc::clone(&asked))
        .map_err(|error| failed(error.to_string()))?;
    let began = clock.now();
    let connector = TlsConnector::from(Arc::new(config));
    match connector.connect(name, Recorded::new(plain)).into_fallible().await {
        Ok(tls) => {
            let ready = ready(tls.get_ref().1, verifier.seen(), asked.request(), (clock, began));
            Ok((tls, ready))
        }
        Err((error, recorded)) => {
            let fault = handshake_fault(&error, recorded.first(), verifier.seen(), clock.wall_unix());
            Err(with_sent(fault, asked.request(), sni))
        }
    }
}

/// An alert in words, with its number and the RFC's name for it (RFC 8446 section 6, RFC 7301 section 3.2).
pub fn alert_words(alert: u8) -> String {
    let (name, words) = match alert {
        10 => ("unexpected_message", "the peer did not expect our message"),
        40 => ("handshake_failure", "the peer ended the handshake"),
        42 => ("bad_certificate", "the peer refuses our certificate, or that we have none"),
        47 => ("illegal_parameter", "the peer refuses a value in our handshake"),
        48 => ("unknown_ca", "the peer does not know who issued our certificate"),
        49 => ("access_denied", "the peer denies access"),
        50 => ("decode_error", "the peer could not read our handshake"),
        70 => ("protocol_version", "the peer speaks neither TLS 1.2 nor TLS 1.3"),
        71 => ("insufficient_security", "the peer wants stronger ciphers than ours"),
        80 => ("internal_error", "the peer failed within itself"),
        86 => ("inappropriate_fallback", "the peer sees a fallback to an older TLS version"),
        112 => ("unrecognized_name", "the peer does not know the name we asked for (SNI)"),
        116 => ("certificate_required", "the peer wants a client certificate"),
        120 => ("no_application_protocol", "the peer does not offer http/1.1 (ALPN)"),
        _ => return format!("the peer ended TLS with alert {alert}"),
    };
    format!("{words}: alert {alert} {name}")
}

fn server_name(plan: &Plan, host: &str) -> Result<ServerName<'static>, DialFault> {
    let name = match &plan.sni {
        Sni::Name(name) => name.as_str(),
        Sni::Default | Sni::None => host,
    };
    ServerName::try_from(name.to_owned()).map_err(|_| failed(format!("{name:?} is no name that TLS can ask for")))
}

/// The name in our ClientHello: an address is never sent as one (RFC 6066 section 3).
fn sent_name(plan: &Plan, name: &ServerName<'_>) -> Option<String> {
    match (&plan.sni, name) {
        (Sni::None, _) | (_, ServerName::IpAddress(_)) => None,
        (Sni::Default | Sni::Name(_), name) => Some(name.to_str().into_owned()),
    }
}

fn new_verifier(plan: &Plan, provider: &Arc<CryptoProvider>) -> Verifier {
    match &plan.ca {
        Some(given) => Verifier::new(Arc::new(store_of(given)), given.clone(), plan.insecure, provider),
        None => Verifier::new(system_store(), Vec::new(), plan.insecure, provider),
    }
}

fn client_config(
    plan: &Plan,
    provider: Arc<CryptoProvider>,
    verifier: Arc<Verifier>,
    asked: Arc<Asked>,
) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(asked);
    config.alpn_protocols = match plan.offer_h2 {
        true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        false => vec![b"http/1.1".to_vec()],
    };
    config.enable_sni = plan.sni != Sni::None;
    // A resumed session would show no certificate.
    config.resumption = Resumption::disabled();
    config.key_log = Arc::new(rustls::KeyLogFile::new());
    Ok(config)
}

fn ready(
    connection: &ClientConnection,
    seen: Seen,
    certificate_request: Option<CertificateRequest>,
    (clock, began): (&Clock, Moment),
) -> TlsReady {
    TlsReady {
        version: connection.protocol_version().map_or_else(|| "TLS".to_owned(), version_words),
        cipher: connection.negotiated_cipher_suite().map_or_else(String::new, |suite| {
            let name = suite.suite().as_str().unwrap_or("unknown");
            // The library's TLS13_AES_128_GCM_SHA256 is TLS_AES_128_GCM_SHA256 in the registry.
            name.replacen("TLS13_", "TLS_", 1)
        }),
        alpn: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        certificate: certificate::describe(&seen.chain, clock.wall_unix()),
        overlooked: seen.fault,
        certificate_request,
        took: clock.now().since(began),
    }
}

fn version_words(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::TLSv1_2 => "TLS 1.2".to_owned(),
        ProtocolVersion::TLSv1_3 => "TLS 1.3".to_owned(),
        unexpected => format!("{unexpected:?}"),
    }
}

fn failed(words: String) -> DialFault {
    DialFault::Tls { words, alert: None, not_tls: None, unshared: None, certificate_request: None, sni: None }
}

/// The fault with what the server had asked for before it, and what it had been asked for.
fn with_sent(mut fault: DialFault, asked: Option<CertificateRequest>, name: Option<String>) -> DialFault {
    if let DialFault::Tls { words, alert: Some(112), .. } = &mut fault {
        *words = name_unknown_words(name.as_deref());
    }
    if let DialFault::Tls { sni, .. } = &mut fault {
        *sni = name;
    }
    if let DialFault::Tls { certificate_request, .. } | DialFault::TlsCut { certificate_request, .. } = &mut fault {
        *certificate_request = asked;
    }
    fault
}

fn name_unknown_words(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("the peer does not know the name {name} (SNI): alert 112 unrecognized_name"),
        None => "the peer wants a name, and none was sent (SNI): alert 112 unrecognized_name".to_owned(),
    }
}

/// Why the handshake failed. tokio-rustls wraps the library's own error in the IO error.
fn handshake_fault(error: &io::Error, first: &[u8], seen: Seen, now_unix: i64) -> DialFault {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    if let Some(refusal @ Error::InvalidCertificate(_)) = inner {
        return DialFault::Certificate {
            certificate: certificate::describe(&seen.chain, now_unix).map(Box::new),
            why: seen.fault.unwrap_or_else(|| other(refusal)),
        };
    }
    if !looks_like_tls(first) {
        return DialFault::Tls {
            words: "the peer's first bytes are no TLS record".to_owned(),
            alert: None,
            not_tls: Some(PayloadBytes(first.to_vec())),
            unshared: None,
            certificate_request: None,
            sni: None,
        };
    }
    match inner {
        Some(Error::AlertReceived(description)) => {
            let alert = u8::from(*description);
            DialFault::Tls {
                words: alert_words(alert),
                alert: Some(alert),
                not_tls: None,
                unshared: None,
                certificate_request: None,
                sni: None,
            }
        }
        Some(error) => DialFault::Tls {
            words: error_words(error),
            alert: None,
            not_tls: None,
            unshared: unshared(error),
            certificate_request: None,
            sni: None,
        },
        None => io_fault(error),
    }
}

/// The content types of RFC 8446 section 5.1 and RFC 6520, then the major version 3. Nothing at all is not known to be
/// something else.
fn looks_like_tls(first: &[u8]) -> bool {
    match first {
        [] => true,
        [kind, rest @ ..] => (20..=24).contains(kind) && rest.first().is_none_or(|major| *major == 3),
    }
}

/// The library sends the alert itself when it finds that nothing is shared: then there is none of the peer's.
fn unshared(error: &Error) -> Option<Unshared> {
    use PeerIncompatible as Wants;
    match error {
        Error::PeerIncompatible(
            Wants::ServerDoesNotSupportTls12Or13 | Wants::ServerTlsVersionIsDisabledByOurConfig,
        ) => Some(Unshared::Version),
        Error::PeerIncompatible(_) => Some(Unshared::Cipher),
        Error::NoApplicationProtocol | Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol) => {
            Some(Unshared::Protocol)
        }
        _ => None,
    }
}

fn error_words(error: &Error) -> String {
    match error {
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => "the peer speaks neither TLS 1.2 nor TLS 1.3".to_owned(),
        Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol) => {
            "the peer chose an application protocol that we did not offer (ALPN)".to_owned()
        }
        Error::InvalidMessage(reason) => format!("the peer's TLS message cannot be read: {reason:?}"),
        _ => error.to_string(),
    }
}

fn io_fault(error: &io::Error) -> DialFault {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::WriteZero => {
            DialFault::TlsCut { reset: false, certificate_request: None }
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            DialFault::TlsCut { reset: true, certificate_request: None }
        }
        _ => failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
