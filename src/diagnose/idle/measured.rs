//! What `probe --idle` has measured, as a finding: notes, since nobody was dropped against his will. Owns their wording and
//! who most likely sets the limit; the sockets and their judgement are `exam::idle`'s.

use crate::diagnose::ends::Dropped;
use crate::diagnose::idle::blame::{self, Blame};
use crate::diagnose::idle::{Counting, nominal};
use crate::event::finding::{Confidence, Severity};
use crate::event::{Finding, IdleFound, IdleKind, show};

/// The finding on a limit that was measured, and what is to be added to the sentence. `dropped` is the end of the silent
/// connection. None where there is no limit.
pub fn limit(found: &IdleFound, dropped: Option<&Dropped>) -> Option<(Finding, String)> {
    let (limit, dropped) = (found.limit?, dropped?);
    let seconds = nominal(&[limit]);
    let counting = match found.kind {
        IdleKind::Idle => Counting::Any,
        IdleKind::IdlePastPings => Counting::Data,
        IdleKind::IdleOfClient => Counting::Out,
        IdleKind::Lifetime => return Some(told("lifetime-limit", found, &blame::lifetime(dropped, seconds))),
        IdleKind::None | IdleKind::Forgotten | IdleKind::Together | IdleKind::Unclear => return None,
    };
    Some(told("idle-limit", found, &blame::idle(dropped, seconds, counting, false)))
}

fn told(code: &str, found: &IdleFound, blame: &Blame) -> (Finding, String) {
    let limit = found.limit.map(show::span).unwrap_or_default();
    let fact = match code {
        "idle-limit" => format!("a silent connection is ended after {limit}"),
        _ => format!("a connection is ended at an age of {limit}, whatever is sent on it"),
    };
    let finding = Finding::of(code, "server side", fact)
        .at(Severity::Note)
        .saw("connections beside each other: silent, with pings, with texts")
        .because(blame.confidence, blame.cause());
    let finding = match (found.heartbeat, code) {
        (Some(every), _) => {
            let millis = every.nanos() / 1_000_000;
            finding.advise(format!("heartbeat every {} (in the client {millis} ms)", show::span(every)))
        }
        (None, _) => finding.advise("reconnect before it, or raise it where it is set: heartbeats do not help"),
    };
    let knob = blame.known.map(|known| known.knob).filter(|knob| !knob.is_empty());
    let finding = finding.paste_lines(knob.map(str::to_owned).into_iter().collect());
    // Only what is more than a guess belongs in the one sentence.
    let suffix = match (blame.confidence, blame.known) {
        (Confidence::Certain | Confidence::Likely, Some(_)) => {
            let cause = blame.cause();
            let who = cause.split("; evidence").next().unwrap_or_default();
            format!("; set by {who} ({})", blame.confidence.word())
        }
        (_, Some(known)) => format!("; set by {}, possibly", known.product),
        _ => String::new(),
    };
    (finding, suffix)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::diagnose::idle::tests::dropped;
    use crate::event::How;
    use crate::moment::Span;

    fn found(kind: IdleKind, heartbeat: Option<u64>) -> IdleFound {
        IdleFound {
            kind,
            limit: Some(Span::from_secs(5)),
            heartbeat: heartbeat.map(Span::from_secs),
            sentence: String::new(),
        }
    }

    #[test]
    fn a_measured_limit_is_a_note_and_a_lifetime_asks_for_no_heartbeat() {
        let end = dropped(How::Fin, 5.0, 5.0, 5.0);
        let (finding, _) = limit(&found(IdleKind::Idle, Some(2)), Some(&end)).unwrap();
        assert_eq!((finding.code, finding.severity), ("idle-limit", Severity::Note));
        assert!(finding.help[0].starts_with("heartbeat every 2.0 s"), "{finding:?}");
        let (finding, _) = limit(&found(IdleKind::Lifetime, None), Some(&end)).unwrap();
        assert_eq!((finding.code, finding.severity), ("lifetime-limit", Severity::Note));
        assert!(finding.help[0].contains("heartbeats do not help"), "{finding:?}");
        assert!(limit(&found(IdleKind::Unclear, None), Some(&end)).is_none());
    }
}
