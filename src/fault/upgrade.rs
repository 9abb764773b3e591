//! Faults of the opening handshake: which of the planned ones answers for the server, and the answers that refuse (RFC
//! 6455 section 4.2.2, item 4). A 101 that is wrong or odd is `handshake`'s.

use crate::fault::handshake::{self, Answer};
use crate::fault::spec::{Fault, Planned};
use crate::wire::upgrade::refusal_bytes;

/// What is done instead of the right answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Instead {
    /// These bytes, then the end.
    Refuse { bytes: Vec<u8>, what: String },
    /// Nothing, for ever.
    Nothing,
    /// A 101 of this kind.
    Answer(Answer),
}

/// What a single-page application answers to every path that it does not know.
const PAGE: &str = "<!doctype html>\n<html>\n<head><title>Single-page application</title></head>\n\
    <body><div id=\"root\"></div></body>\n</html>\n";

/// The first handshake fault of a plan, for a request with this key.
pub fn instead(planned: &[Planned], key: &str) -> Option<Instead> {
    planned.iter().find_map(|planned| match &planned.fault {
        Fault::Reject { status, fields, body } => Some(reject(*status, fields, body.as_deref())),
        Fault::Redirect { location } => Some(redirect(location)),
        Fault::Spa => Some(page()),
        Fault::NoAnswer => Some(Instead::Nothing),
        Fault::BadAccept(kind) => Some(Instead::Answer(handshake::bad_accept(*kind, key))),
        Fault::Odd(odd) => Some(Instead::Answer(handshake::odd(odd, key))),
        _ => None,
    })
}

fn reject(status: u16, fields: &[(String, String)], body: Option<&str>) -> Instead {
    let mut fields = fields.to_vec();
    let located = fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("Location"));
    if (300..400).contains(&status) && !located {
        fields.push(("Location".into(), "/".into()));
    }
    refuse(status, &fields, body)
}

fn redirect(location: &str) -> Instead {
    refuse(302, &[("Location".into(), location.into())], None)
}

fn page() -> Instead {
    refuse(200, &[("Content-Type".into(), "text/html; charset=utf-8".into())], Some(PAGE))
}

fn refuse(status: u16, fields: &[(String, String)], body: Option<&str>) -> Instead {
    let reason = http_reason(status);
    let body = body.map_or_else(|| format!("{reason}\n"), str::to_owned);
    Instead::Refuse { bytes: refusal_bytes(status, reason, fields, &body), what: format!("HTTP {status}") }
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

    fn refused(spec: &str) -> String {
        match instead(&parse(spec).unwrap(), "k") {
            Some(Instead::Refuse { bytes, .. }) => String::from_utf8(bytes).unwrap(),
            other => panic!("{spec}: {other:?}"),
        }
    }

    #[test]
    fn a_rejection_carries_its_status_and_retry_after() {
        let text = refused("reject=503;retry-after=7");
        assert!(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{text}");
        assert!(text.contains("\r\nRetry-After: 7\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\nService Unavailable\n"), "{text}");
    }

    #[test]
    fn a_rejection_carries_the_headers_and_the_body_that_it_is_given() {
        let text = refused("reject=400;header=Server: nginx;header=X-A: b%0D%0AX-Evil: 1;body=no such room");
        assert!(text.contains("\r\nServer: nginx\r\n") && text.contains("Content-Length: 12\r\n"), "{text}");
        assert!(!text.contains("\r\nX-Evil"), "a value is one line: {text}");
        assert!(text.ends_with("\r\n\r\nno such room"), "{text}");
        assert!(refused("reject=403;body=").ends_with("Content-Length: 0\r\nConnection: close\r\n\r\n"));
    }

    #[test]
    fn a_redirect_says_where_to_once() {
        assert!(refused("redirect").contains("\r\nLocation: /\r\n"));
        assert!(refused("redirect=https://b.example/x").starts_with("HTTP/1.1 302 Found\r\n"));
        let text = refused("reject=308;header=location: /there");
        assert_eq!(text.to_ascii_lowercase().matches("location:").count(), 1, "{text}");
    }

    #[test]
    fn a_single_page_application_answers_with_its_page() {
        let text = refused("spa");
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.contains("Content-Type: text/html"), "{text}");
        assert!(text.contains("<title>") && text.contains("<div id=\"root\">"), "{text}");
    }

    #[test]
    fn of_several_handshake_faults_the_first_is_done() {
        assert_eq!(instead(&parse("no-answer+reject").unwrap(), "k"), Some(Instead::Nothing));
    }

    #[test]
    fn a_fault_after_the_open_leaves_the_handshake_alone() {
        assert_eq!(instead(&parse("fin@5s+no-pong+masked+late-pong").unwrap(), "k"), None);
    }
}
