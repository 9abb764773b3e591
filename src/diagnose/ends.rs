//! Findings on the end of an open connection, one by one (RFC 6455 sections 5 and 7). Owns which way of ending is
//! whose: each is a file; a Close of ours without an answer is told here. What several have in common is `idle`'s.

mod closes;
mod cuts;
mod done;
mod dropped;
mod gone;
mod reasons;
pub(in crate::diagnose) mod runs;
mod silences;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use dropped::Dropped;
pub(super) use gone::{no_longer_there, went_away};

use crate::diagnose::garbage;
use crate::event::finding::Confidence::Likely;
use crate::event::finding::Severity;
use crate::event::{Ended, Finding, How, Side, show};
use crate::moment::Span;
use crate::wire::close;
use closes::{close_then_cut, closed};
use cuts::{cut_words, fin, reset, tls_alert};
use silences::silent;

/// An end so soon after the open is no limit of time.
const AT_ONCE: Span = Span::from_millis(200);

/// The finding of one drop; none when we ended the connection ourselves. An end that a message announced is a note.
pub fn judge(dropped: &Dropped) -> Option<Finding> {
    let ended = &dropped.ended;
    let finding = match &ended.how {
        How::Close { .. } if ended.by == Side::Us => return None,
        How::Close { code, reason } => closed(dropped, *code, reason),
        How::CloseThenCut { code, reason } => close_then_cut(dropped, *code, reason),
        How::CloseUnanswered { .. } => return close_unanswered(ended),
        How::Fin => fin(ended, dropped.is_server("nginx")),
        How::Reset => reset(ended),
        How::TlsTruncated => Finding::of("tls-truncated", "server side", cut_words("the TLS stream was cut", ended)),
        How::TlsAlert { alert } => tls_alert(*alert),
        How::Silent { delivered } => silent(*delivered, dropped.missed.as_ref(), dropped.pings_answered > 0),
        How::KernelTimeout => {
            Finding::of("kernel-timeout", "path", "the kernel gave the connection up: nothing was acknowledged")
                .because(Likely, "the path is cut: network, VPN, NAT, or a host that is off")
        }
        How::WriteStuck => {
            Finding::of("write-stuck", "server side", "what we wrote could not leave in time: nobody reads it")
        }
        How::Garbage { .. } => garbage::judge(dropped)?,
        How::Local { .. } => return None,
    };
    let finding = finding.saw_all(figures(ended));
    Some(if dropped.farewell { finding.at(Severity::Note).saw("a message announced it") } else { finding })
}

/// Our Close was not answered by one; none for every other end.
pub fn close_unanswered(ended: &Ended) -> Option<Finding> {
    let How::CloseUnanswered { code, cut } = &ended.how else { return None };
    let sent = code_words(*code);
    let finding = match cut {
        true => Finding::of(
            "close-unanswered",
            "server side",
            format!("our Close {sent} was answered by the end of TCP only"),
        )
        .because(Likely, "the server closes its socket instead of answering"),
        false => Finding::of("close-unanswered", "server side", format!("our Close {sent} was not answered in time"))
            .because(Likely, "the server does not handle a Close frame, or hangs"),
    };
    // What came may have been the pongs and the Close: they lie inside a frame that has no end.
    let finding = match ended.mid_frame {
        Some((came, of)) if of > 0 => unfinished(finding, came, of),
        _ => finding,
    };
    Some(finding.saw_all(figures(ended)))
}

/// A frame that announced more than ever came.
fn unfinished(finding: Finding, came: u64, of: u64) -> Finding {
    let swapped = u16::try_from(of).ok().map(|of| u64::from(of.swap_bytes())).filter(|swapped| *swapped <= came);
    let finding = finding.saw(format!("the last frame of the server side announced {of} bytes, {came} came"));
    match swapped {
        Some(right) => finding
            .because(Likely, format!("its length was written in the wrong byte order: {right} bytes were meant"))
            .advise("write the length in network order, the high byte first (RFC 6455 section 5.2)"),
        None => finding
            .because(
                Likely,
                "a frame of the server side announces a wrong length, and what it sent since lies inside it",
            )
            .advise("look at how the server writes the length of its frames; -vvv shows this one"),
    }
}

/// Age, silence and what else is known of the moment of an end.
pub fn figures(ended: &Ended) -> Vec<String> {
    let due = ended.heartbeat_due.map(|due| format!("; heartbeat due in {}", show::span(due))).unwrap_or_default();
    let mut lines = vec![format!(
        "age {}; last byte in {} ago, out {} ago{due}",
        show::span(ended.age),
        show::span(ended.quiet_in),
        show::span(ended.quiet_out)
    )];
    if !ended.held.is_zero() {
        lines.push(format!("we did not read for {} of it", show::span(ended.held)));
    }
    if let Some(io) = &ended.io {
        lines.push(format!("the socket's first error: {}", show::quoted(io)));
    }
    lines
}

/// A code as a person reads it: `1000 Normal Closure`, or `without a code`.
pub fn code_words(code: Option<u16>) -> String {
    let Some(code) = code else { return "without a code".into() };
    let name = close::name(code);
    // The registry's names are capitalised; the rest tells of a range.
    if name.starts_with(char::is_uppercase) { format!("{code} {name}") } else { format!("{code} ({name})") }
}
