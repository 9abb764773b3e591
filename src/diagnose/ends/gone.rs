//! Ends behind which the server was not there: the next try, right after the drop, was refused, or a hop said that
//! nothing stands behind it. Owns that a process went away and no limit of time ended the connection; the end itself is
//! `cuts`'s.

use crate::diagnose::ends::Dropped;
use crate::diagnose::refusal::nothing_behind;
use crate::event::finding::Confidence::Likely;
use crate::event::{AttemptOutcome, DialFailed, DialFault, Finding, How};
use crate::moment::{Moment, Span};

/// A try this soon after the drop met what was there at the drop.
const SOON: Span = Span::from_secs(5);

impl Dropped {
    /// Takes down that a try after this drop failed since nothing was there; the first such try counts. `told` is the
    /// finding on it.
    pub fn missed_at_once(&mut self, at: Moment, failed: &DialFailed, told: Option<&Finding>) {
        if self.gone.is_none() && at.since(self.at) <= SOON {
            self.gone = words(&failed.fault, told);
        }
    }
}

/// What a try had that met nobody; none for a failure of another kind.
fn words(fault: &DialFault, told: Option<&Finding>) -> Option<String> {
    match fault {
        DialFault::Refused { status, .. } if told.is_some_and(nothing_behind) => Some(format!("HTTP {status}")),
        DialFault::Unreachable { attempts } => {
            let all = attempts.iter().all(|attempt| matches!(attempt.outcome, AttemptOutcome::Refused));
            (all && !attempts.is_empty()).then(|| String::from("connection refused"))
        }
        _ => None,
    }
}

/// The finding on a FIN or a reset, when nothing was there right behind it.
pub fn went_away(finding: Finding, dropped: &Dropped) -> Finding {
    let ended = &dropped.ended;
    let is_cut = matches!(ended.how, How::Fin | How::Reset) && ended.mid_frame.is_none() && !dropped.farewell;
    let Some(gone) = dropped.gone.as_ref().filter(|_| is_cut) else { return finding };
    finding
        .saw(format!("the next try, right after it, had: {gone}"))
        .because(
            Likely,
            "the server's process ended: a restart, a deploy, a crash; a limit of time would have let the next try in",
        )
        .advise("look at the log of the application for this moment, and at what restarts it")
}

/// The finding on a refusal, when this run had a connection before: address, port and TLS behind the hop were right.
pub fn no_longer_there(finding: Finding) -> Finding {
    if !nothing_behind(&finding) {
        return finding;
    }
    finding.saw("a connection of this run was open before").because(
        Likely,
        "the application behind the hop that answered went away after that: it restarts, is being deployed, or crashed",
    )
}
