//! Findings on how an open connection behaves: pings without pongs, wrong pongs, announced ends, and times in which we
//! stood still ourselves (RFC 6455 sections 5.5.2, 5.5.3). Owns the memory of one outstanding ping and those rules.

use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::finding::Severity;
use crate::event::{Answered, ClockStepped, Ended, Farewell, Finding, HeartbeatSent, Held, Holder, How, Missed};
use crate::event::{PayloadBytes, PingsIgnored, Stray, StrayPong, show};
use crate::moment::Span;

/// What came while a ping of ours had no pong of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pongs {
    waiting: bool,
    unknown: u64,
    /// The last miss was told as a wrong pong.
    told: bool,
}

impl Pongs {
    /// A heartbeat was written. Only pings can have a wrong pong.
    pub fn sent(&mut self, sent: &HeartbeatSent) {
        if sent.what == "ping" && !self.waiting {
            *self = Pongs { waiting: true, ..Pongs::default() };
        }
    }

    /// A heartbeat was answered; only its own answer ends the wait.
    pub fn answered(&mut self, answered: &Answered) {
        if answered.own {
            *self = Pongs::default();
        }
    }

    /// A pong answers nothing.
    pub fn stray(&mut self, stray: &StrayPong) {
        if self.waiting && stray.kind == Stray::Unknown {
            self.unknown = self.unknown.saturating_add(1);
        }
    }

    /// A heartbeat was missed: wrong when unknown pongs came instead.
    pub fn missed(&mut self, missed: &Missed) -> Option<Finding> {
        let finding = self.wrong(missed.waited);
        *self = Pongs { told: finding.is_some(), ..Pongs::default() };
        finding
    }

    /// Several pings had no pong while data came: ignored, or answered wrongly.
    pub fn ignored(&mut self, ignored: &PingsIgnored) -> Option<Finding> {
        // The same ping was told as answered wrongly.
        if std::mem::take(&mut self.told) {
            return None;
        }
        let wrong = self.wrong(ignored.waited);
        *self = Pongs::default();
        Some(wrong.unwrap_or_else(|| {
            let pings = show::count(ignored.in_row.into(), "ping");
            let fact = format!("{pings} in a row without a pong while other data came");
            Finding::of("pings-ignored", "server side", fact)
                .saw(format!("the last of them waited {}", show::span(ignored.waited)))
        }))
    }

    fn wrong(&self, waited: Span) -> Option<Finding> {
        if self.unknown == 0 {
            return None;
        }
        let pongs = show::count(self.unknown, "pong");
        Some(
            Finding::of("pong-wrong", "server side", format!("{pongs} with a payload that no ping of ours had"))
                .saw(format!("a ping of ours waited {} for its own pong meanwhile", show::span(waited)))
                .because(Likely, "the server makes its pongs by itself instead of copying the ping's payload"),
        )
    }
}

/// A time in which we did not read.
pub fn held(held: &Held) -> Finding {
    let span = show::span(held.span);
    let (code, fact, cause) = match held.by {
        Holder::Output => (
            "output-blocked",
            format!("our output was blocked for {span}"),
            "what reads our output is slower than what comes",
        ),
        Holder::Stopped => (
            "own-sleep",
            format!("this process was held up for {span} or more"),
            "it was stopped, was busy with what it had read, or this machine is overloaded",
        ),
        Holder::Suspended => ("own-sleep", format!("this machine slept for {span}"), "this machine was suspended"),
    };
    let finding = Finding::of(code, "us", fact).saw("nothing was read in that time, and all clocks stood still");
    finding.because(if held.by == Holder::Stopped { Likely } else { Certain }, cause)
}

/// The wall clock of this machine was set in the run.
pub fn clock_stepped(step: &ClockStepped) -> Finding {
    let by = show::span(Span::from_seconds(step.by_ms.unsigned_abs() as f64 / 1000.0));
    let way = if step.by_ms < 0 { "back" } else { "forward" };
    Finding::of("clock-stepped", "us", format!("the wall clock of this machine was set {by} {way}"))
        .saw("spans and ages here are of another clock, which did not step")
        .because(Certain, "time synchronisation, a person, or a virtual machine that was moved or restored")
}

/// The finding on a drop of a connection on which we did wrong on purpose: then that is its first cause, unless the
/// server side gave another one.
pub fn on_purpose(finding: Finding, wrongs: &[String]) -> Finding {
    if wrongs.is_empty() || finding.severity == Severity::Note {
        return finding;
    }
    let did = wrongs.join("; ");
    if finding.confidence != Possible {
        return finding.saw(format!("done wrong on purpose here: {did}"));
    }
    finding
        .because(Likely, format!("what this run does wrong on purpose: {did}"))
        .advise("run it without --fault: a drop that is left then has another cause")
}

/// A standstill of ours that is shorter than this ends no connection.
const STANDSTILL: Span = Span::from_secs(1);
/// What stands between a cause and the evidence for it.
const EVIDENCE: &str = "; evidence: ";

/// The finding on a drop of a connection that we did not read for a good part of its life: then we may be the cause.
pub fn tempered(finding: Finding, ended: &Ended) -> Finding {
    let is_part = ended.held.seconds() >= ended.age.seconds() * 0.1;
    let is_settled = finding.confidence == Certain || finding.severity == Severity::Note;
    if ended.held < STANDSTILL || !is_part || is_settled || !may_be_ours(&ended.how) {
        return finding;
    }
    let ours = format!("or this side itself: it did not read for {}", show::span(ended.held));
    let cause = match finding.cause.split_once(EVIDENCE) {
        Some((cause, evidence)) => format!("{cause}; {ours}{EVIDENCE}{evidence}"),
        None => format!("{}; {ours}", finding.cause),
    };
    finding.because(Possible, cause)
}

/// Ends that a client can bring about by standing still: its pongs and its reading are late.
fn may_be_ours(how: &How) -> bool {
    match how {
        How::Close { .. }
        | How::CloseThenCut { .. }
        | How::Fin
        | How::Reset
        | How::TlsTruncated
        | How::Silent { .. }
        | How::KernelTimeout => true,
        How::CloseUnanswered { .. }
        | How::TlsAlert { .. }
        | How::WriteStuck
        | How::Garbage { .. }
        | How::Local { .. } => false,
    }
}

/// The end of a hold without a drop, on which so many heartbeats went out.
pub fn kept_open(heartbeats: u64) -> Finding {
    let count = show::count(heartbeats, "heartbeat");
    let fact = format!("kept open by {count}; --heartbeat off shows the path without them");
    Finding::of("kept-open-by-heartbeats", "us", fact)
        .advise("if your client sends none, this run shows how long silence lives:")
        .paste(&["wscope probe --idle URL"])
}

/// A message announced the end.
pub fn farewell(farewell: &Farewell) -> Finding {
    let PayloadBytes(bytes) = &farewell.payload;
    Finding::of("farewell-seen", "server side", "a message announced that the connection will be ended")
        .saw(format!("it says {}", show::bytes(bytes)))
}

/// The peer answered our Close and did not close TCP within `waited`.
pub fn tcp_left_open(waited: Span) -> Finding {
    let fact = format!("our Close was answered, and TCP left open for {} and more", show::span(waited));
    Finding::of("tcp-left-open", "server side", fact).saw("we closed TCP ourselves")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::diagnose::sample::ended;

    fn sent(number: u64) -> HeartbeatSent {
        HeartbeatSent { number, measured: false, what: "ping".into() }
    }

    fn ignored() -> PingsIgnored {
        PingsIgnored { in_row: 3, waited: Span::from_secs(20) }
    }

    fn unknown() -> StrayPong {
        StrayPong { kind: Stray::Unknown, len: 0 }
    }

    #[test]
    fn pings_without_any_pong_are_ignored() {
        let mut pongs = Pongs::default();
        pongs.sent(&sent(1));
        let finding = pongs.ignored(&ignored()).unwrap();
        assert_eq!((finding.code, finding.severity.word()), ("pings-ignored", "warning"));
    }

    #[test]
    fn an_unknown_pong_while_ours_waits_is_wrong_and_before_it_is_not() {
        let mut pongs = Pongs::default();
        pongs.stray(&unknown());
        pongs.sent(&sent(1));
        assert_eq!(pongs.ignored(&ignored()).unwrap().code, "pings-ignored");
        pongs.sent(&sent(2));
        pongs.stray(&unknown());
        let missed = Missed {
            number: 2,
            measured: true,
            misses: 1,
            of: 1,
            bytes_since: 2,
            waited: Span::from_secs(20),
            theirs: false,
        };
        assert_eq!(pongs.missed(&missed).unwrap().code, "pong-wrong");
        assert_eq!(pongs.missed(&missed), None);
    }

    #[test]
    fn an_unsolicited_pong_beside_our_own_one_is_fine() {
        let mut pongs = Pongs::default();
        pongs.sent(&sent(1));
        pongs.stray(&unknown());
        pongs.answered(&Answered { number: 1, measured: false, own: true, rtt: Span::from_millis(2) });
        assert_eq!(pongs.ignored(&ignored()).unwrap().code, "pings-ignored");
    }

    #[test]
    fn standing_still_is_ours_and_a_note() {
        let by = |by| held(&Held { by, span: Span::from_secs(48) });
        assert_eq!((by(Holder::Output).code, by(Holder::Output).severity.word()), ("output-blocked", "note"));
        assert_eq!(by(Holder::Suspended).code, "own-sleep");
        assert_eq!(by(Holder::Stopped).fact, "this process was held up for 48.0 s or more");
    }

    #[test]
    fn a_step_of_our_own_clock_is_a_note() {
        let note = clock_stepped(&ClockStepped { by_ms: -90_000 });
        assert_eq!((note.code, note.severity.word()), ("clock-stepped", "note"));
        assert_eq!(note.fact, "the wall clock of this machine was set 90.0 s back");
        assert!(clock_stepped(&ClockStepped { by_ms: 5_000 }).fact.ends_with("5.0 s forward"));
    }

    #[test]
    fn a_drop_after_a_standstill_of_ours_may_be_ours() {
        let likely = || Finding::of("reset", "server side", "reset").because(Likely, "a crash; evidence: RST");
        let slept = |seconds: u64| Ended { held: Span::from_secs(seconds), ..ended(How::Reset, 100.0, 1.0, 1.0) };
        let finding = tempered(likely(), &slept(48));
        assert_eq!(finding.confidence, Possible);
        assert_eq!(finding.cause, "a crash; or this side itself: it did not read for 48.0 s; evidence: RST");
        // The twins: too short, and an end that no standstill brings about.
        assert_eq!(tempered(likely(), &slept(2)), likely());
        let garbage = How::Garbage { breach: "opcode".into(), words: "a frame".into() };
        assert_eq!(tempered(likely(), &Ended { how: garbage, ..slept(48) }), likely());
    }

    #[test]
    fn what_we_do_wrong_on_purpose_is_the_first_cause_unless_the_server_says_another() {
        let drop = || Finding::of("fin-without-close", "server side", "FIN without a Close frame");
        assert_eq!(on_purpose(drop(), &[]), drop());
        let ours = on_purpose(drop(), &["no ping is answered, as asked".into()]);
        assert_eq!(ours.confidence, Likely);
        assert!(ours.cause.contains("no ping is answered") && ours.help[0].contains("without --fault"), "{ours:?}");
        let told = on_purpose(drop().because(Certain, "its Close says so"), &["a frame without a mask".into()]);
        assert_eq!((told.confidence, told.cause.as_str()), (Certain, "its Close says so"));
        assert_eq!(told.seen, ["done wrong on purpose here: a frame without a mask"]);
    }

    #[test]
    fn a_hold_without_drops_tells_what_heartbeats_may_have_hidden() {
        let note = kept_open(14);
        assert_eq!(note.fact, "kept open by 14 heartbeats; --heartbeat off shows the path without them");
        assert_eq!(note.help[1], "wscope probe --idle URL");
        assert_eq!((note.code, note.severity.word()), ("kept-open-by-heartbeats", "note"));
        assert!(kept_open(1).fact.starts_with("kept open by 1 heartbeat;"));
    }

    #[test]
    fn an_announced_end_and_an_open_tcp_are_notes() {
        let words = farewell(&Farewell { payload: PayloadBytes(b"{\"type\":\"disconnect\"}".to_vec()) });
        assert_eq!((words.code, words.severity.word()), ("farewell-seen", "note"));
        assert_eq!(tcp_left_open(Span::from_secs(1)).code, "tcp-left-open");
    }
}
