//! One further look at a place where a dial has failed, to tell one cause from another: TLS on a port that was spoken to in
//! plain, plain HTTP on one that was spoken to in TLS, the server's clock behind a certificate that is not valid now. Owns
//! what is tried for which failure, its bytes and its time limit; what it means is judged in `diagnose`.

use std::net::SocketAddr;

use crate::event::{CertificateFaultKind, DialFault, LookEnd, Phase, SecondLook, Tried};
use crate::moment::Span;
use crate::net::clock::Clock;
use crate::net::exchange::{self, Way};
use crate::net::{dial, tls};
use crate::wire::head::Head;
use crate::wire::upgrade::Request;

/// For all of it.
pub const WAIT: Span = Span::from_millis(1500);

/// What is worth trying after this failure; none where it tells enough by itself.
pub fn worth(tls: bool, phase: Phase, fault: &DialFault) -> Option<Tried> {
    use CertificateFaultKind::{Expired, NotYetValid};
    match fault {
        DialFault::Tls { not_tls: Some(_), .. } | DialFault::TlsCut { .. } => Some(Tried::Plain),
        DialFault::TimedOut { .. } if phase == Phase::Tls => Some(Tried::Plain),
        DialFault::TimedOut { received: 0, .. } if phase == Phase::Upgrade && !tls => Some(Tried::Tls),
        DialFault::NotHttp { malformed: None, .. } | DialFault::CutBeforeAnswer { received: 0, .. } if !tls => {
            Some(Tried::Tls)
        }
        // The text of a port that wants TLS may be this port's, or that of one behind it.
        DialFault::Refused { status: 400, .. } if !tls => Some(Tried::Tls),
        DialFault::Certificate { why, .. } if matches!(why.kind, Expired | NotYetValid) => Some(Tried::WithoutTrust),
        _ => None,
    }
}

/// The request without what may be secret: it goes out unencrypted, or to a peer that has not proved who it is.
pub fn bare(request: Request) -> Request {
    let path = request.target.split('?').next().unwrap_or("/").to_owned();
    Request {
        target: path,
        subprotocols: Vec::new(),
        authorization: None,
        cookies: Vec::new(),
        extra: Vec::new(),
        ..request
    }
}

/// Tries it, once, within a second and a half. `request` is the upgrade request, see [`bare`].
pub async fn look(
    plan: &dial::Plan,
    addresses: &[SocketAddr],
    tried: Tried,
    request: &[u8],
    clock: Clock,
) -> SecondLook {
    let began = clock.now();
    let mut plan = plan.clone();
    plan.target.tls = tried != Tried::Plain;
    plan.tls = tls::Plan { insecure: true, ..plan.tls };
    let way = exchange::connect(&plan, addresses, WAIT, clock).await;
    let left = Span::from_nanos(WAIT.nanos().saturating_sub(clock.now().since(began).nanos()));
    let (end, words, head) = match (way, tried) {
        (Err(fault), _) => failed(tried, &fault),
        (Ok(way), Tried::Tls) => (None, agreed_words(&way), None),
        (Ok(mut way), Tried::Plain | Tried::WithoutTrust) => {
            let asked = exchange::ask(&mut way.stream, request, left).await;
            match asked {
                Ok((head, _)) => (None, format!("{}: {}", what(tried), head.start()), Some(head)),
                Err(fault) => failed(tried, &fault),
            }
        }
    };
    SecondLook {
        tried,
        answered: end.is_none(),
        end,
        words,
        status: head.as_ref().and_then(Head::status),
        date_unix: head.as_ref().and_then(exchange::date_unix),
        took: clock.now().since(began),
    }
}

fn what(tried: Tried) -> &'static str {
    match tried {
        Tried::Tls => "a TLS handshake with the same port",
        Tried::Plain => "the same request without TLS",
        Tried::WithoutTrust => "the same request whatever the certificate",
    }
}

fn agreed_words(way: &Way) -> String {
    let version = way.tls.as_ref().map_or("TLS", |ready| ready.version.as_str());
    format!("{}: agreed on {version}", what(Tried::Tls))
}

fn failed(tried: Tried, fault: &DialFault) -> (Option<LookEnd>, String, Option<Head>) {
    let end = match fault {
        DialFault::TimedOut { .. } => LookEnd::NoAnswer,
        DialFault::Tls { not_tls: None, .. } => LookEnd::NoAgreement,
        DialFault::Tls { .. } | DialFault::Certificate { .. } => LookEnd::NoTls,
        DialFault::TlsCut { .. } | DialFault::CutBeforeAnswer { .. } => LookEnd::Cut,
        DialFault::NotHttp { .. } => LookEnd::NoHttp,
        _ => LookEnd::NoConnection,
    };
    (Some(end), format!("{}: {}", what(tried), end.words()), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{CertificateFault, PayloadBytes};
    use crate::wire::upgrade::Extra;

    #[test]
    fn nothing_secret_goes_out_in_plain_or_to_a_stranger() {
        let request = Request {
            target: "/ws?token=s3cret".into(),
            host: "a.example".into(),
            key: "AAAAAAAAAAAAAAAAAAAAAA==".into(),
            subprotocols: vec!["bearer.s3cret".into()],
            origin: Some("https://a.example".into()),
            user_agent: None,
            authorization: Some("Bearer s3cret".into()),
            cookies: vec!["session=s3cret".into()],
            extra: vec![Extra::Set("X-Api-Key".into(), "s3cret".into())],
        };
        let text = String::from_utf8_lossy(&bare(request).bytes()).into_owned();
        assert!(text.starts_with("GET /ws HTTP/1.1\r\n"), "{text}");
        assert!(text.contains("Origin: https://a.example") && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn only_what_leaves_two_causes_is_looked_at_again() {
        let not_tls = DialFault::Tls {
            words: String::new(),
            alert: None,
            not_tls: Some(PayloadBytes(b"HTTP/1.1 400".to_vec())),
            unshared: None,
            certificate_request: None,
            sni: None,
        };
        let late = DialFault::TimedOut { limit: WAIT, attempts: Vec::new(), delivered: None, received: 0 };
        let cut = DialFault::CutBeforeAnswer { reset: false, received: 0 };
        let certificate =
            |kind| DialFault::Certificate { certificate: None, why: CertificateFault { kind, words: String::new() } };
        for (tls, phase, fault, expected) in [
            (true, Phase::Tls, not_tls, Some(Tried::Plain)),
            (true, Phase::Tls, DialFault::TlsCut { reset: true, certificate_request: None }, Some(Tried::Plain)),
            (true, Phase::Tls, late.clone(), Some(Tried::Plain)),
            (true, Phase::Upgrade, late.clone(), None),
            (false, Phase::Upgrade, late.clone(), Some(Tried::Tls)),
            (false, Phase::Connect, late, None),
            (false, Phase::Upgrade, cut.clone(), Some(Tried::Tls)),
            (true, Phase::Upgrade, cut, None),
            (true, Phase::Tls, certificate(CertificateFaultKind::Expired), Some(Tried::WithoutTrust)),
            (true, Phase::Tls, certificate(CertificateFaultKind::WrongName), None),
            (false, Phase::Upgrade, DialFault::Refused { status: 404, reason: String::new() }, None),
        ] {
            assert_eq!(worth(tls, phase, &fault), expected, "{fault:?}");
        }
    }
}
