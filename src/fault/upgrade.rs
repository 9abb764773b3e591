//! Faults of the opening handshake: which of the planned ones answers for the server, and with what bytes. Owns those
//! answers (RFC 6455 section 4.2.2, broken on purpose).

use crate::fault::spec::{BadAccept, Fault, Planned};
use crate::wire::upgrade;

/// What is done instead of the right answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Instead {
    /// These bytes, then the end.
    Refuse { bytes: Vec<u8>, what: String },
    /// Nothing, for ever.
    Nothing,
    /// A 101 with this accept value, or without one.
    Accept { value: Option<String>, what: &'static str },
}

/// The first handshake fault of a plan.
pub fn instead(planned: &[Planned], key: &str) -> Option<Instead> {
    planned.iter().find_map(|planned| match &planned.fault {
        Fault::Reject { status, retry_after } => Some(refuse(*status, *retry_after)),
        Fault::NoAnswer => Some(Instead::Nothing),
        Fault::BadAccept(kind) => Some(accept(*kind, key)),
        _ => None,
    })
}

fn refuse(status: u16, retry_after: Option<u32>) -> Instead {
    let reason = http_reason(status);
    let mut fields = vec![("Content-Type".to_string(), "text/plain".to_string())];
    fields.extend(retry_after.map(|seconds| ("Retry-After".to_string(), seconds.to_string())));
    if (300..400).contains(&status) {
        fields.push(("Location".into(), "/".into()));
    }
    let body = format!("{reason}\n");
    Instead::Refuse { bytes: upgrade::refusal_bytes(status, reason, &fields, &body), what: format!("HTTP {status}") }
}

fn accept(kind: BadAccept, key: &str) -> Instead {
    let (value, what) = match kind {
        BadAccept::Wrong => (Some(upgrade::accept_key("bm90IHRoZSBrZXkgc2VudA==")), "the accept value of another key"),
        BadAccept::Missing => (None, "no Sec-WebSocket-Accept"),
        BadAccept::Echo => (Some(key.to_string()), "the key itself as accept value"),
        BadAccept::NoGuid => (Some(without_guid(key)), "an accept value without the GUID"),
        BadAccept::Rfc => (Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".into()), "the RFC's example as accept value"),
    };
    Instead::Accept { value, what }
}

fn without_guid(key: &str) -> String {
    use sha1::{Digest, Sha1};
    data_encoding::BASE64.encode(&Sha1::digest(key.as_bytes()))
}

/// The reason phrase of RFC 9110 for the statuses that servers give to an upgrade.
pub fn http_reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Content Too Large",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "Refused",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::fault::spec::parse;

    #[test]
    fn a_rejection_carries_its_status_and_retry_after() {
        let Some(Instead::Refuse { bytes, .. }) = instead(&parse("reject=503;retry-after=7").unwrap(), "k") else {
            panic!("no refusal")
        };
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{text}");
        assert!(text.contains("\r\nRetry-After: 7\r\n"), "{text}");
    }

    #[test]
    fn no_kind_of_bad_accept_is_the_right_value() {
        let key = "AAAAAAAAAAAAAAAAAAAAAA==";
        for kind in crate::fault::spec::ACCEPT_KINDS {
            let Some(Instead::Accept { value, .. }) = instead(&parse(&format!("bad-accept={kind}")).unwrap(), key)
            else {
                panic!("{kind}")
            };
            assert_ne!(value, Some(upgrade::accept_key(key)), "{kind}");
        }
    }

    #[test]
    fn a_fault_after_the_open_leaves_the_handshake_alone() {
        assert_eq!(instead(&parse("fin@5s+no-pong").unwrap(), "k"), None);
    }
}
