//! The exit of `connect`: the first thing that went wrong decides; with `--reconnect`, among drops, that of the last
//! connection. Owns that rule; the numbers are `event::verdict`'s.

use crate::event::{DialFailed, Ended, EventKind, Exit, How, Judged, Side};
use crate::report::human::words;
use crate::wire::close;

/// What has gone wrong so far.
#[derive(Debug, Default)]
pub struct Verdict {
    was_open: bool,
    failed: Option<DialFailed>,
    drop: Option<(Exit, String)>,
    wrong: Option<(Exit, String)>,
}

impl Verdict {
    /// Takes an event. `is_done`: all was said before the end, and it was only waited for what else may come.
    pub fn see(&mut self, kind: &EventKind, is_done: bool) {
        match kind {
            EventKind::Open(_) => (self.was_open, self.drop) = (true, None),
            EventKind::DialFailed(failed) => self.failed = Some(failed.clone()),
            EventKind::Ended(ended) => self.ended(ended, is_done),
            EventKind::InputBad(bad) if !bad.skipped => {
                self.fail(Exit::Failed, format!("{} {}: {}", bad.thing, bad.line, bad.why));
            }
            _ => {}
        }
    }

    /// Something else went wrong, or ended the run.
    pub fn fail(&mut self, exit: Exit, fact: String) {
        if self.drop.is_none() {
            self.wrong.get_or_insert((exit, fact));
        }
    }

    /// Was there ever a connection?
    pub fn was_open(&self) -> bool {
        self.was_open
    }

    /// The drop that decides, unless another connection follows.
    pub fn drop(&self) -> Option<&(Exit, String)> {
        self.drop.as_ref()
    }

    /// `judged` with this exit and its fact.
    pub fn set(&self, judged: Judged) -> Judged {
        let (exit, fact) = self.worst().unwrap_or((Exit::Healthy, judged.fact.clone()));
        Judged { exit, fact, verdict: exit.word().to_ascii_lowercase(), ..judged }
    }

    fn worst(&self) -> Option<(Exit, String)> {
        if let Some(failed) = self.failed.as_ref().filter(|_| !self.was_open) {
            return Some((Exit::of_dial(failed), words::dial_fault(&failed.fault)));
        }
        self.wrong.clone().or_else(|| self.drop.clone())
    }

    fn ended(&mut self, ended: &Ended, is_done: bool) {
        if ended.drop && is_done && is_polite(ended) {
            return;
        }
        let fact = words::ended_fact(ended);
        if ended.drop {
            if self.wrong.is_none() {
                self.drop = Some((Exit::of_end(ended), fact));
            }
        } else if let How::CloseUnanswered { .. } = ended.how {
            self.fail(Exit::of_end(ended), fact);
        }
    }
}

/// The peer closed as one does who has nothing more to say.
pub fn is_polite(ended: &Ended) -> bool {
    let code = match ended.how {
        How::Close { code, .. } | How::CloseThenCut { code, .. } => code,
        _ => return false,
    };
    let is_whole = ended.mid_frame.is_none() && !ended.mid_message;
    ended.by == Side::Peer && close::is_normal(code) && is_whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::InputBad;

    impl Verdict {
        fn exit(&self) -> Exit {
            self.worst().map_or(Exit::Healthy, |(exit, _)| exit)
        }
    }

    fn closed_by_peer(code: u16) -> Ended {
        Ended::sample(How::Close { code: Some(code), reason: String::new() })
    }

    #[test]
    fn a_polite_end_is_none_when_all_was_said() {
        for (code, is_done, exit) in [
            (1000, true, Exit::Healthy),
            (1001, true, Exit::Healthy),
            (1000, false, Exit::ClosedEarly),
            (1011, true, Exit::ClosedWithError),
        ] {
            let mut verdict = Verdict::default();
            verdict.see(&EventKind::Ended(closed_by_peer(code)), is_done);
            assert_eq!(verdict.exit(), exit, "{code} {is_done}");
        }
    }

    #[test]
    fn what_went_wrong_first_decides() {
        let bad = InputBad { line: 3, thing: "line".into(), why: "no UTF-8".into(), skipped: false };
        let mut verdict = Verdict::default();
        verdict.see(&EventKind::InputBad(bad), false);
        verdict.see(&EventKind::Ended(closed_by_peer(1011)), false);
        assert_eq!(verdict.exit(), Exit::Failed);
        let mut verdict = Verdict::default();
        verdict.see(&EventKind::Ended(closed_by_peer(1011)), false);
        verdict.fail(Exit::TimeUsedUp, "after 5 s".into());
        assert_eq!(verdict.exit(), Exit::ClosedWithError);
    }
}
