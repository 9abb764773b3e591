//! Faults in words, and whole handshakes over a pair of Unix sockets.

#![allow(clippy::unwrap_used)]

use rustls::{AlertDescription, CertificateError, InvalidMessage};

use super::*;

fn told(error: Error, first: &[u8]) -> DialFault {
    handshake_fault(&io::Error::new(io::ErrorKind::InvalidData, error), first, Seen::default(), 0)
}

#[test]
fn plain_http_is_shown() {
    let fault = told(InvalidMessage::InvalidContentType.into(), b"HTTP/1.1 400 Bad Request");
    let DialFault::Tls { not_tls, alert, .. } = fault else { panic!("{fault:?}") };
    assert_eq!((not_tls, alert), (Some(PayloadBytes(b"HTTP/1.1 400 Bad Request".to_vec())), None));
}

#[test]
fn bytes_that_end_before_a_record_are_shown() {
    let fault = handshake_fault(&io::ErrorKind::UnexpectedEof.into(), b"no\n", Seen::default(), 0);
    assert!(matches!(fault, DialFault::Tls { not_tls: Some(_), .. }), "{fault:?}");
}

#[test]
fn an_alert_is_told_with_its_number() {
    let fault = told(Error::AlertReceived(AlertDescription::UnrecognisedName), &[21, 3, 3, 0, 2, 2, 112]);
    let DialFault::Tls { words, alert, not_tls, .. } = fault else { panic!("{fault:?}") };
    assert_eq!((alert, not_tls), (Some(112), None));
    assert_eq!(words, "the peer does not know the name we asked for (SNI): alert 112 unrecognized_name");
    assert_eq!(alert_words(200), "the peer ended TLS with alert 200");
}

#[test]
fn an_alert_on_the_name_is_told_with_the_name_that_was_sent() {
    let plan = |sni: Sni| Plan { sni, ..Plan::default() };
    for (sni, host, sent, part) in [
        (Sni::Default, "a.example", Some("a.example"), "does not know the name a.example"),
        (Sni::Name("b.example".to_owned()), "127.0.0.1", Some("b.example"), "does not know the name b.example"),
        (Sni::Default, "127.0.0.1", None, "none was sent"),
        (Sni::None, "a.example", None, "none was sent"),
    ] {
        let plan = plan(sni);
        let name = sent_name(&plan, &server_name(&plan, host).unwrap());
        assert_eq!(name.as_deref(), sent);
        let fault = told(Error::AlertReceived(AlertDescription::UnrecognisedName), &[21, 3, 3, 0, 2, 2, 112]);
        let DialFault::Tls { words, sni, .. } = with_sent(fault, None, name) else { panic!("no fault of TLS") };
        assert_eq!(sni.as_deref(), sent);
        assert!(words.contains(part) && words.contains("alert 112"), "{words}");
    }
}

#[test]
fn an_end_and_a_reset_are_told_apart() {
    for (kind, reset) in [(io::ErrorKind::UnexpectedEof, false), (io::ErrorKind::ConnectionReset, true)] {
        let expected = DialFault::TlsCut { reset, certificate_request: None };
        assert_eq!(handshake_fault(&kind.into(), &[], Seen::default(), 0), expected);
    }
}

#[test]
fn a_certificate_that_cannot_be_read_is_a_certificate_fault() {
    let fault = told(CertificateError::BadEncoding.into(), &[22, 3, 3]);
    assert!(matches!(fault, DialFault::Certificate { certificate: None, .. }), "{fault:?}");
}

#[test]
fn a_record_is_known_by_its_first_two_bytes() {
    let records: [&[u8]; 4] = [&[], &[22], &[22, 3, 1], &[21, 3, 3, 0, 2]];
    for first in records {
        assert!(looks_like_tls(first), "{first:?}");
    }
    let others: [&[u8]; 5] = [b"H", b"HTTP", b"SSH-2.0", &[22, 2], &[0, 0, 18, 4]];
    for first in others {
        assert!(!looks_like_tls(first), "{first:?}");
    }
}

#[test]
fn a_host_that_tls_cannot_ask_for_is_told() {
    assert!(matches!(server_name(&Plan::default(), "a b"), Err(DialFault::Tls { .. })));
    let named = Plan { sni: Sni::Name("b.example".to_owned()), ..Plan::default() };
    assert_eq!(server_name(&named, "a.example").unwrap().to_str(), "b.example");
    assert!(matches!(server_name(&Plan::default(), "::1").unwrap(), ServerName::IpAddress(_)));
}

#[cfg(unix)]
mod over_sockets {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::net::identity::{self, ServerIdentity};

    /// One handshake with a server that has `identity`; the names that the server was asked for come back too.
    async fn meet(
        plan: &Plan,
        host: &str,
        identity: &ServerIdentity,
    ) -> (Result<TlsReady, DialFault>, Option<Option<String>>) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let config = identity::server_config(identity, None).unwrap();
        let server = tokio::spawn(async move {
            let accepted = TlsAcceptor::from(config).accept(theirs).await.ok();
            accepted.map(|tls| tls.get_ref().1.server_name().map(str::to_owned))
        });
        let clock = Clock::start();
        let result = handshake(Plain::Unix(ours), plan, host, &clock).await;
        // The stream lives until the server is done with its side of the handshake.
        let asked = server.await.unwrap();
        (result.map(|(_, ready)| ready), asked)
    }

    fn made() -> ServerIdentity {
        identity::server_identity(&["a.example".to_owned()], Clock::start().wall_unix()).unwrap()
    }

    fn trusting(identity: &ServerIdentity) -> Plan {
        Plan { ca: Some(vec![identity.chain[1].clone()]), ..Plan::default() }
    }

    #[tokio::test]
    async fn a_good_handshake_is_told_with_all_it_settled() {
        let identity = made();
        let (result, asked) = meet(&trusting(&identity), "a.example", &identity).await;
        let ready = result.unwrap();
        assert_eq!((ready.version.as_str(), ready.alpn.as_deref()), ("TLS 1.3", Some("http/1.1")));
        assert!(ready.cipher.starts_with("TLS_"), "{}", ready.cipher);
        assert_eq!(ready.certificate_request, None);
        assert_eq!((ready.overlooked, ready.certificate.unwrap().days_left), (None, 29));
        assert_eq!(asked, Some(Some("a.example".to_owned())));
    }

    #[tokio::test]
    async fn without_sni_the_name_is_still_verified() {
        let identity = made();
        let plan = Plan { sni: Sni::None, ..trusting(&identity) };
        let (result, asked) = meet(&plan, "a.example", &identity).await;
        assert!(result.is_ok() && asked == Some(None), "{result:?} {asked:?}");
        let (result, _) = meet(&plan, "c.example", &identity).await;
        assert!(matches!(result, Err(DialFault::Certificate { .. })), "{result:?}");
    }

    #[tokio::test]
    async fn a_certificate_that_is_not_trusted_is_refused_or_overlooked() {
        let (identity, another) = (made(), made());
        let (result, _) = meet(&trusting(&another), "a.example", &identity).await;
        let Err(DialFault::Certificate { certificate: Some(_), .. }) = result else { panic!("{result:?}") };
        let plan = Plan { insecure: true, ..trusting(&another) };
        let (result, _) = meet(&plan, "c.example", &identity).await;
        let overlooked = result.unwrap().overlooked.unwrap().words;
        assert!(
            overlooked.ends_with("; is for localhost, 127.0.0.1, ::1, a.example, not for c.example"),
            "{overlooked}"
        );
    }

    #[tokio::test]
    async fn a_client_certificate_that_is_asked_for_is_noted() {
        let identity = made();
        let roots = Some(vec![identity.chain[1].clone()]);
        let config = identity::server_config(&identity, roots).unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        let server = tokio::spawn(async move { TlsAcceptor::from(config).accept(theirs).await.is_err() });
        let result = handshake(Plain::Unix(ours), &trusting(&identity), "a.example", &Clock::start()).await;
        // TLS 1.3: our side of the handshake is over before the server can say that it is not content.
        let (_stream, ready) = result.unwrap();
        let issuers = ready.certificate_request.unwrap().issuers;
        assert_eq!((issuers, server.await.unwrap()), (vec!["wscope on-the-spot CA".to_owned()], true));
    }

    #[tokio::test]
    async fn a_plain_answer_is_shown() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let peer = tokio::spawn(async move {
            let mut hello = [0; 64];
            theirs.read_exact(&mut hello).await.unwrap();
            theirs.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            theirs
        });
        let identity = made();
        let result = handshake(Plain::Unix(ours), &trusting(&identity), "a.example", &Clock::start()).await;
        let Err(DialFault::Tls { not_tls: Some(first), .. }) = result else { panic!("not told") };
        assert_eq!(first.0, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        drop(peer.await.unwrap());
    }
}
