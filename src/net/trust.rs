//! Whom we trust: the system's store of root certificates, or the file given with `--ca`.
//!
//! Owns the reading of both. The store is read at most once a run, and only when the first TLS connection asks for it;
//! nothing is read of it when `--ca` is given. What a chain is worth is `verifier`'s.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::net::named_file;

/// The system's store (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured), or Mozilla's list where that is empty.
pub fn system_store() -> Arc<RootCertStore> {
    static STORE: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    Arc::clone(STORE.get_or_init(|| {
        let mut store = store_of(&rustls_native_certs::load_native_certs().certs);
        if store.is_empty() {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        Arc::new(store)
    }))
}

/// A store of these certificates; those that cannot be read are left out.
pub fn store_of(certificates: &[CertificateDer<'static>]) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates.iter().cloned());
    store
}

/// All public CAs together are a quarter of a megabyte.
const CA_FILE_MAX: u64 = 16 * 1024 * 1024;

/// The certificates of a file: PEM with one or many, or one in DER.
///
/// # Errors
/// One line, when the file cannot be read or holds no certificate, or one that is no X.509.
pub fn read_ca(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    read_file(path, "the CA file")
}

/// The same of a file that is told as `what`.
///
/// # Errors
/// As [`read_ca`].
pub fn read_file(path: &Path, what: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| format!("{what} {shown} cannot be read: {error}");
    let bytes = named_file::bytes(path, CA_FILE_MAX).map_err(unreadable)?;
    read_certificates(&bytes).map_err(|why| format!("{what} {shown} {why}"))
}

fn read_certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let is_pem = bytes.windows(10).any(|window| window == b"-----BEGIN");
    let certificates = if is_pem {
        CertificateDer::pem_slice_iter(bytes)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| format!("is no valid PEM: {error}"))?
    } else {
        vec![CertificateDer::from(bytes.to_vec())]
    };
    if certificates.is_empty() {
        return Err("holds no certificate, expected -----BEGIN CERTIFICATE-----".to_owned());
    }
    for (index, certificate) in certificates.iter().enumerate() {
        let readable = RootCertStore::empty().add(certificate.clone());
        if readable.is_err() && !is_pem {
            return Err("is neither PEM nor an X.509 certificate in DER".to_owned());
        }
        if readable.is_err() {
            return Err(format!("holds a certificate that is no X.509: number {}", index + 1));
        }
    }
    Ok(certificates)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::net::identity;

    fn ca_pem() -> String {
        identity::server_identity(&[], 1_772_323_200).unwrap().ca_pem
    }

    #[test]
    fn pem_with_one_or_many_and_der_are_read() {
        let one = ca_pem();
        let read = read_certificates(one.as_bytes()).unwrap();
        assert_eq!(read.len(), 1);
        let many = format!("# two of them\n{one}\n{}", ca_pem());
        assert_eq!(read_certificates(many.as_bytes()).unwrap().len(), 2);
        assert_eq!(read_certificates(read[0].as_ref()).unwrap(), read);
        assert_eq!(store_of(&read).len(), 1);
    }

    #[test]
    fn a_file_without_a_certificate_is_told_in_one_line() {
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        for text in ["", "hello", key, junk, broken] {
            let why = read_certificates(text.as_bytes()).unwrap_err();
            assert!(!why.contains('\n') && !why.ends_with('.'), "{why}");
        }
        let missing = read_ca(Path::new("/nowhere/ca.pem")).unwrap_err();
        assert!(missing.starts_with("the CA file /nowhere/ca.pem cannot be read: "), "{missing}");
    }
}
