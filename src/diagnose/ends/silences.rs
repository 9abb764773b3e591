//! Ends that we made because nothing came: a heartbeat without an answer, or the server's own that stopped. Owns what
//! the kernel's acknowledgements tell of the place (RFC 6455 section 5.5.2).

use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Finding, Missed, show};

/// The server sends heartbeats by itself, and the next one did not come.
fn unheard(missed: &Missed) -> Finding {
    let fact = format!("the server's own heartbeats stopped: none for {}", show::span(missed.waited));
    Finding::of("silent", "server side", fact)
        .because(
            Possible,
            "the server's process hangs or stopped sending them, or the path is cut: nothing of ours was on its way to tell",
        )
        .advise("run again with a heartbeat of our own (--heartbeat-send ping), whose fate tells the path from the server")
}

/// `answered`: a ping of this connection had its pong before.
pub(super) fn silent(delivered: Option<bool>, missed: Option<&Missed>, answered: bool) -> Finding {
    let waited = missed.map(|missed| format!(" for {}", show::span(missed.waited))).unwrap_or_default();
    let came = missed.map_or(0, |missed| missed.bytes_since);
    if let Some(missed) = missed.filter(|missed| missed.theirs) {
        return unheard(missed);
    }
    let finding = match delivered {
        _ if came > 0 => Finding::of(
            "answer-not-as-asked",
            "server side",
            format!("{} came after a heartbeat, and not the answer that was wanted{waited}", show::size(came)),
        )
        .because(Likely, "the server lives, and answers this heartbeat otherwise or not at all"),
        // What ignores pings, or never reads, would not have answered one.
        Some(true) if answered => Finding::of(
            "silent-next-hop",
            "server side",
            format!("a heartbeat was acknowledged by the next hop, and unanswered{waited}"),
        )
        .saw("a ping before it was answered")
        .because(
            Possible,
            "the server's process or its event loop hangs or was stopped; its handler reads no more (libraries of Go \
             answer pings only inside a read); or a proxy keeps the bytes",
        )
        .advise("look at what blocks the server's process since its last answer"),
        Some(true) => Finding::of(
            "silent-next-hop",
            "server side",
            format!("a heartbeat was acknowledged by the next hop, and unanswered{waited}"),
        )
        .because(
            Possible,
            "the server's process or its event loop hangs; its handler does not read (libraries of Go answer pings only \
             inside a read); a proxy keeps the bytes; the server ignores this heartbeat",
        ),
        Some(false) => Finding::of(
            "silent-path",
            "path",
            format!("a heartbeat was not acknowledged by anything, and unanswered{waited}"),
        )
        .because(Likely, "a firewall or NAT forgot the connection, the network changed, or the host is off"),
        None => Finding::of("silent", "path", format!("a heartbeat was unanswered{waited}")),
    };
    let line = |missed: &Missed| {
        format!(
            "{} without an answer in a row, of {} that make a drop; {} came since the last was written",
            show::count(missed.misses.into(), "heartbeat"),
            missed.of,
            show::size(missed.bytes_since)
        )
    };
    finding.saw_all(missed.map(line))
}
