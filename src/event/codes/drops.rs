//! The findings on drops that have something in common, and on what kept a connection open. Owns their general texts.

use crate::event::codes::Entry;
use crate::event::finding::{Layer, Severity};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "heartbeat-not-answered",
        severity: Severity::Error,
        layer: Layer::Connection,
        what: "the server ended a client that did not answer the server's own heartbeats",
        cause: "the protocol above WebSocket has heartbeats that the client must answer, and none was answered",
        help: "answer them: --heartbeat-send auto recognises the server and does so",
        rule: None,
    },
    Entry {
        code: "size-limit",
        severity: Severity::Error,
        layer: Layer::Connection,
        what: "the connection was ended right after a message of ours that was larger than all before",
        cause: "a limit on the size of one message: of the server's library, or of a proxy or gateway in between",
        help: "send smaller messages, or raise the limit; do not send the same message again after a reconnect",
        rule: Some("RFC 6455 section 7.4.1"),
    },
    Entry {
        code: "count-limit",
        severity: Severity::Error,
        layer: Layer::Connection,
        what: "connections are ended after the same number of messages, whatever their age",
        cause: "a limit on the messages of one connection, or a message that always has the same place and breaks \
            the server",
        help: "look at what the server does at this message; ask for its limits on one connection",
        rule: None,
    },
    Entry {
        code: "drops-together",
        severity: Severity::Error,
        layer: Layer::Connection,
        what: "connections of different age are ended in the same second",
        cause: "a restart, a deployment or a reload of a proxy's configuration: no timer of a connection does this",
        help: "look at what was restarted or reloaded in that second; reconnect with a random pause",
        rule: None,
    },
    Entry {
        code: "drops-by-clock",
        severity: Severity::Error,
        layer: Layer::Connection,
        what: "drops come at the same second of the minute or minute of the hour, whatever the age",
        cause: "something that runs by the clock: a scheduled job, a reload, a rotation of logs or certificates",
        help: "look for what is scheduled at that time on the server and on the proxies before it",
        rule: None,
    },
    Entry {
        code: "forgotten-on-the-way",
        severity: Severity::Error,
        layer: Layer::Connection,
        what: "the first bytes of ours after a long silence were answered by a reset",
        cause: "a load balancer, NAT or firewall had forgotten the silent connection; or the server was gone by then",
        help: "heartbeat more often than the shortest memory on the way, every 25 s",
        rule: None,
    },
    Entry {
        code: "application-silent",
        severity: Severity::Error,
        layer: Layer::Connection,
        what: "pings were answered on this connection, and the application's own heartbeat was not",
        cause: "the application hangs or does not know this message: a library or proxy answers pings without it",
        help: "send what the application answers as heartbeat, or look at what blocks it",
        rule: None,
    },
    Entry {
        code: "clock-stepped",
        severity: Severity::Note,
        layer: Layer::Local,
        what: "the wall clock of this machine was set while the run went on",
        cause: "time synchronisation, a person, or a virtual machine that was moved or restored",
        help: "compare with logs of other machines by spans, not by times of day; certificates and tokens may look \
            expired",
        rule: None,
    },
    Entry {
        code: "kept-open-by-heartbeats",
        severity: Severity::Note,
        layer: Layer::Local,
        what: "the connection was held without a drop, and heartbeats may be what kept it",
        cause: "heartbeats reset the idle limits on the way, so a client without them may see drops that this run \
            did not",
        help: "if your client sends none, run once more with --idle: it shows how long silence lives",
        rule: None,
    },
];
