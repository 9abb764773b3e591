//! The server's own certificate for `serve --tls`: a CA and a leaf made on the spot.
//!
//! Owns the making and the server's TLS settings; who listens and where the CA is written is the caller's. Nothing is
//! kept: each run has its own CA, whose key is forgotten as soon as the leaf is signed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::net::trust;

const CA_NAME: &str = "wscope on-the-spot CA";

/// The names that every leaf has.
const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

const DAY: u64 = 86_400;

/// The latest begin that leaves room for the end inside the calendar (year 9999).
const LATEST_BEGIN: u64 = 253_000_000_000;

/// A certificate with its key, and the CA that a client needs to trust it.
#[derive(Debug)]
pub struct ServerIdentity {
    /// The leaf, then the CA.
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
    /// The CA's certificate, for `--ca-out`.
    pub ca_pem: String,
}

/// Makes a CA and a leaf for localhost, 127.0.0.1, ::1 and `names` (DNS names or addresses), valid for 30 days from a
/// day before `wall_unix` (seconds since 1970) on.
///
/// # Errors
/// One line, when a name cannot stand in a certificate.
pub fn server_identity(names: &[String], wall_unix: i64) -> Result<ServerIdentity, String> {
    let began = u64::try_from(wall_unix).unwrap_or(0).saturating_sub(DAY).min(LATEST_BEGIN);
    let ca_params = ca_params(began)?;
    let ca_key = KeyPair::generate().map_err(words)?;
    let ca = ca_params.self_signed(&ca_key).map_err(words)?;
    let issuer = Issuer::new(ca_params, ca_key);
    let key = KeyPair::generate().map_err(words)?;
    let leaf = leaf_params(names, began)?.signed_by(&key, &issuer).map_err(words)?;
    Ok(ServerIdentity {
        ca_pem: pem(ca.der()),
        chain: vec![leaf.into(), ca.into()],
        key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
    })
}

/// The identity in two PEM files: the chain, leaf first, and its key.
///
/// # Errors
/// One line, when a file cannot be read or holds no certificate or key.
pub fn identity_from_files(chain: &Path, key: &Path) -> Result<ServerIdentity, String> {
    let certificates = trust::read_file(chain, "the certificate").map_err(|why| format!("--cert: {why}"))?;
    let private = PrivateKeyDer::from_pem_file(key);
    let private = private.map_err(|why| format!("--key: {} holds no private key: {why}", key.display()))?;
    Ok(ServerIdentity { chain: certificates, key: private, ca_pem: String::new() })
}

/// TLS 1.2 and 1.3 with this identity, ALPN `http/1.1` only (RFC 7301). With `client_roots` a client must show a
/// certificate that one of them has issued.
///
/// # Errors
/// One line, when the key does not fit the certificate.
pub fn server_config(
    identity: &ServerIdentity,
    client_roots: Option<Vec<CertificateDer<'static>>>,
) -> Result<Arc<ServerConfig>, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match client_roots {
        None => builder.with_no_client_auth(),
        Some(certificates) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates {
                roots.add(certificate).map_err(|error| format!("--client-ca: {error}"))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| format!("--client-ca: {error}"))?)
        }
    };
    let mut config = builder
        .with_single_cert(identity.chain.clone(), identity.key.clone_key())
        .map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn ca_params(began: u64) -> Result<CertificateParams, String> {
    let mut params = params(Vec::new(), CA_NAME, began)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn leaf_params(names: &[String], began: u64) -> Result<CertificateParams, String> {
    let mut all: Vec<String> = OWN_NAMES.iter().map(|name| (*name).to_owned()).collect();
    for name in names {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    let common = names.first().map_or(OWN_NAMES[0], String::as_str);
    let mut params = params(all, common, began)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn params(names: Vec<String>, common: &str, began: u64) -> Result<CertificateParams, String> {
    let mut params = CertificateParams::new(names).map_err(words)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common);
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(began);
    params.not_after = params.not_before + Duration::from_secs(30 * DAY);
    Ok(params)
}

/// By value, to be passed to `map_err`.
fn words(error: rcgen::Error) -> String {
    format!("no certificate could be made: {error}")
}

/// RFC 7468: base64 in lines of 64 characters.
fn pem(der: &[u8]) -> String {
    let base64 = data_encoding::BASE64.encode(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for (index, character) in base64.chars().enumerate() {
        if index > 0 && index.is_multiple_of(64) {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str("\n-----END CERTIFICATE-----\n");
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::net::certificate;

    /// 2026-03-01.
    const NOW: i64 = 1_772_323_200;

    #[test]
    fn the_leaf_has_the_names_and_thirty_days() {
        let made = server_identity(&["a.example".to_owned(), "10.0.0.1".to_owned()], NOW).unwrap();
        let told = certificate::describe(&made.chain, NOW).unwrap();
        assert_eq!(told.names, ["localhost", "127.0.0.1", "::1", "a.example", "10.0.0.1"]);
        assert_eq!((told.subject.as_str(), told.issuer.as_str()), ("a.example", CA_NAME));
        assert_eq!((told.days_left, told.self_signed, told.chain_len), (29, false, 2));
        assert_eq!(told.not_before_unix, NOW - 86_400);
    }

    #[test]
    fn the_ca_is_given_as_pem() {
        let made = server_identity(&[], NOW).unwrap();
        assert!(made.ca_pem.lines().all(|line| line.len() <= 64));
        assert!(made.ca_pem.starts_with("-----BEGIN CERTIFICATE-----\nMII"), "{}", made.ca_pem);
        let told = certificate::describe(&made.chain[1..], NOW).unwrap();
        assert_eq!((told.subject.as_str(), told.self_signed), (CA_NAME, true));
    }

    #[test]
    fn a_server_can_use_it() {
        let config = server_config(&server_identity(&[], NOW).unwrap(), None).unwrap();
        assert_eq!(config.alpn_protocols, [b"http/1.1".to_vec()]);
    }

    #[test]
    fn a_name_that_cannot_stand_in_a_certificate_is_told() {
        assert!(server_identity(&["b\u{fc}cher.example".to_owned()], NOW).unwrap_err().starts_with("no certificate"));
    }

    #[test]
    fn an_absurd_clock_makes_no_panic() {
        for wall in [i64::MIN, 0, i64::MAX] {
            assert!(server_identity(&[], wall).is_ok(), "{wall}");
        }
    }
}
