//! What a server asks of its client by a CertificateRequest (RFC 8446 section 4.3.2, RFC 5246 section 7.4.4). Owns the
//! remembering of it: no certificate is ever sent. A server that only ends the stream for want of one is known by this.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;

use crate::event::CertificateRequest;
use crate::net::certificate;

/// How many of the issuers are kept.
const ISSUERS_KEPT: usize = 10;

/// Has no certificate, and remembers being asked for one.
#[derive(Debug, Default)]
pub struct Asked {
    request: Mutex<Option<CertificateRequest>>,
}

impl Asked {
    /// What was asked for; none when nothing was.
    pub fn request(&self) -> Option<CertificateRequest> {
        self.request.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesClientCert for Asked {
    fn resolve(&self, issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let issuers = issuers.iter().take(ISSUERS_KEPT).map(|der| certificate::name_words(der)).collect();
        *self.request.lock().unwrap_or_else(PoisonError::into_inner) = Some(CertificateRequest { issuers });
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_remembered_with_its_issuers_and_answered_with_nothing() {
        let asked = Asked::default();
        assert_eq!(asked.request(), None);
        assert!(asked.resolve(&[b"no name".as_slice()], &[]).is_none());
        assert_eq!(asked.request().unwrap().issuers, ["6e6f206e616d65"]);
        assert!(asked.resolve(&[b"x".as_slice(); 30], &[]).is_none());
        assert_eq!(asked.request().unwrap().issuers.len(), ISSUERS_KEPT);
    }
}
