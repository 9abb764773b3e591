//! Findings on what is wrong before HTTP, beyond those of `reach`. Owns their general texts.

use crate::event::codes::Entry;
use crate::event::finding::{Layer, Severity};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "name-without-address",
        severity: Severity::Error,
        layer: Layer::Dns,
        what: "the name exists in the name system, and has neither an IPv4 nor an IPv6 address",
        cause: "a domain that is used for mail or as a parent only, or an entry that was taken out",
        help: "use the name of the host itself (www. or api. before it), or add an A or AAAA record",
        rule: None,
    },
    Entry {
        code: "tls-name-unknown",
        severity: Severity::Error,
        layer: Layer::Tls,
        what: "the TLS side does not know the name that it was asked for (SNI)",
        cause: "the name is not set up there, or another machine answers than the one that is meant",
        help: "ask by the name that the server is set up for, or by --sni NAME; or set the name up there",
        rule: Some("RFC 6066 section 3"),
    },
    Entry {
        code: "tls-too-old",
        severity: Severity::Error,
        layer: Layer::Tls,
        what: "client and server share no TLS version or cipher",
        cause: "a server with TLS 1.1 or older, or with ciphers that are not accepted any more",
        help: "switch TLS 1.2 or 1.3 on in the server",
        rule: Some("RFC 8996"),
    },
    Entry {
        code: "alpn-http1-refused",
        severity: Severity::Error,
        layer: Layer::Tls,
        what: "the TLS side speaks HTTP/2 only, on which an HTTP/1.1 upgrade is not possible",
        cause: "http/1.1 is switched off for this name, or the port is one for gRPC",
        help: "let the server offer http/1.1 (ALPN) on this port as well",
        rule: Some("RFC 7301 section 3.2"),
    },
    Entry {
        code: "clock-skew",
        severity: Severity::Note,
        layer: Layer::Local,
        what: "this machine's clock and the server's are apart",
        cause: "one of the two is not set by a time server, or a cache gave an old answer",
        help: "set the clock by a time server: certificates and tokens are judged by it",
        rule: None,
    },
];
