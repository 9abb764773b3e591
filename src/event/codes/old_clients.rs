//! The findings on clients that speak a draft from before RFC 6455. Owns their general texts.

use crate::event::codes::Entry;
use crate::event::finding::{Layer, Severity};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "old-client-hixie-two-keys",
        severity: Severity::Warning,
        layer: Layer::Handshake,
        what: "the client speaks the draft hixie-76 of 2010: two keys in the head and 8 bytes behind it",
        cause: "Safari 5, iOS 4, Chrome 6 to 13, or a client in Flash; proxies often hold the 8 bytes, since no \
            Content-Length counts them",
        help: "update the client: servers of today refuse it; --allow-hixie answers it here, to observe an old device",
        rule: Some("RFC 6455 section 4.1"),
    },
    Entry {
        code: "old-client-hixie-no-key",
        severity: Severity::Warning,
        layer: Layer::Handshake,
        what: "the client speaks the draft hixie-75 of 2009: an upgrade to WebSocket without any key or version",
        cause: "Chrome 4 or Safari 5.0.0; or something on the way took the Sec-WebSocket headers out of the request",
        help: "update the client: servers of today refuse it; --allow-hixie answers it here, to observe an old device",
        rule: Some("RFC 6455 section 4.1"),
    },
    Entry {
        code: "old-client-version",
        severity: Severity::Warning,
        layer: Layer::Handshake,
        what: "the client asks for a version of the protocol from before RFC 6455",
        cause: "version 8 is Chrome 14 and 15 or Firefox 7 to 10, version 7 is Firefox 6; or a library of 2011",
        help: "update the client: it must send Sec-WebSocket-Version: 13",
        rule: Some("RFC 6455 section 4.1"),
    },
];
