//! Findings on answers that were made for another request, on extensions that are agreed to wrongly, and on first
//! messages and subprotocols that were waited for. Owns their general texts.

use crate::event::codes::Entry;
use crate::event::finding::{Layer, Severity};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "accept-replayed",
        severity: Severity::Error,
        layer: Layer::Handshake,
        what: "the accept value of the 101 belongs to another key: the answer was made for another request",
        cause: "a cache or a proxy answers with a 101 that it has kept, or the server sends a constant value",
        help: "keep caches away from this path; let the server compute the value from each key",
        rule: Some("RFC 6455 section 4.2.2"),
    },
    Entry {
        code: "extension-answer-wrong",
        severity: Severity::Warning,
        layer: Layer::Handshake,
        what: "the 101 agrees to an extension that was not offered, or with parameters that it may not have",
        cause: "the server answers with parameters of its own, whatever is offered",
        help: "let the server answer only what the request offers, with parameters that the extension knows",
        rule: Some("RFC 6455 section 9.1, RFC 7692 section 7.1"),
    },
    Entry {
        code: "hello-missing",
        severity: Severity::Error,
        layer: Layer::Connection,
        what: "the server ended the connection because the first message that it waits for did not come",
        cause: "the protocol above WebSocket begins with a message of the client's, and none was sent in time",
        help: "send the protocol's first message right after the open, here by -x",
        rule: None,
    },
    Entry {
        code: "subprotocol-missing",
        severity: Severity::Error,
        layer: Layer::Connection,
        what: "the server closed at once a connection for which no subprotocol was agreed to",
        cause: "the protocol above WebSocket wants its subprotocol, and the client offered none that the server took",
        help: "offer the subprotocol that the server speaks, by --subprotocol NAME",
        rule: None,
    },
];
