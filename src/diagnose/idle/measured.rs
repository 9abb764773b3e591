//! What `probe --idle` has measured, as a finding: notes, since nobody was dropped against his will. Owns their wording and
//! who most likely sets the limit, by the user's own rules first; the sockets and their judgement are `exam::idle`'s.

use crate::diagnose::ends::{self, Dropped};
use crate::diagnose::idle::blame::{self, Blame};
use crate::diagnose::idle::{Counting, nominal};
use crate::diagnose::rules::Rules;
use crate::event::finding::{Confidence, Severity};
use crate::event::{Finding, How, IdleFound, IdleKind, show};
use crate::moment::Span;

/// What all of it rests on.
const BESIDE: &str = "connections beside each other: silent, with pings, with texts";

/// The finding on a limit that was measured, and what is to be added to the sentence. `dropped` is the end of the silent
/// connection. None where there is no limit.
pub fn limit(found: &IdleFound, dropped: Option<&Dropped>, rules: &Rules) -> Option<(Finding, String)> {
    let (limit, dropped) = (found.limit?, dropped?);
    let seconds = nominal(&[limit]);
    let idle = |counting| told("idle-limit", found, &blame::idle(dropped, seconds, counting, false));
    let (finding, suffix) = match found.kind {
        IdleKind::Idle => idle(Counting::Any),
        IdleKind::IdlePastPings => idle(Counting::Data),
        IdleKind::IdleOfClient => idle(Counting::Out),
        IdleKind::Lifetime => {
            let blamed = || told("lifetime-limit", found, &blame::lifetime(dropped, seconds));
            closed(limit, dropped).unwrap_or_else(blamed)
        }
        IdleKind::None | IdleKind::NeverSilent | IdleKind::Forgotten | IdleKind::Together | IdleKind::Unclear => {
            return None;
        }
    };
    let suffix = match rules.limit_setter(finding.code, &[dropped]) {
        Some(product) => format!("; set by {product} (likely)"),
        None => suffix,
    };
    Some((rules.limit(finding, &[dropped]), suffix))
}

/// The finding on a silent connection whose last ping had no answer, where no ping ever has one. `messages` came from the
/// server on the connection with texts meanwhile.
pub fn unanswered(dropped: &Dropped, messages: u64) -> Option<Finding> {
    let finding = ends::judge(dropped)?;
    if finding.code != "silent-next-hop" || messages == 0 {
        return Some(finding);
    }
    let came = show::count(messages, "message");
    let finding = finding
        .saw(format!("{came} came meanwhile on the connection with texts: the application runs"))
        .because(Confidence::Likely, "the server, its library or a proxy before it does not answer pings");
    Some(finding.advise(
        "heartbeat by a message that the application answers (here --heartbeat-send text:...); how long silence \
         lives, the log of the server tells",
    ))
}

fn lifetime_fact(limit: &str) -> String {
    format!("a connection is ended at an age of {limit}, whatever is sent on it")
}

/// An end at the same age by a Close whose code says why: the server's own word, not a limit of somebody's on the way.
fn closed(limit: Span, dropped: &Dropped) -> Option<(Finding, String)> {
    let (How::Close { code: Some(1002..), .. } | How::CloseThenCut { code: Some(1002..), .. }) = &dropped.ended.how
    else {
        return None;
    };
    let own = ends::judge(dropped)?;
    let suffix = format!("; {}", own.fact);
    let finding = Finding::of("lifetime-limit", "server side", lifetime_fact(&show::span(limit)))
        .at(Severity::Note)
        .saw(BESIDE)
        .saw(own.fact)
        .because(own.confidence, own.cause);
    Some((Finding { help: own.help, ..finding }, suffix))
}

fn told(code: &str, found: &IdleFound, blame: &Blame) -> (Finding, String) {
    let limit = found.limit.map(show::span).unwrap_or_default();
    let fact = match (code, found.kind) {
        ("idle-limit", IdleKind::IdlePastPings) => {
            format!("a connection without a message is ended after {limit}, whatever pings pass")
        }
        ("idle-limit", IdleKind::IdleOfClient) => {
            format!("a client that sends nothing is ended after {limit}, whatever arrives")
        }
        ("idle-limit", _) => format!("a silent connection is ended after {limit}; pings keep it"),
        _ => lifetime_fact(&limit),
    };
    let finding =
        Finding::of(code, "server side", fact).at(Severity::Note).saw(BESIDE).because(blame.confidence, blame.cause());
    let finding = advised(finding, found, blame);
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

/// The heartbeat to configure; then, on lines of their own, where the limit is raised.
fn advised(finding: Finding, found: &IdleFound, blame: &Blame) -> Finding {
    let knob = blame.known.filter(|known| !known.knob.is_empty());
    let help = match (found.heartbeat, knob) {
        (Some(every), _) => heartbeat(every, found.kind),
        (None, Some(_)) => "reconnect before it: heartbeats do not help".into(),
        (None, None) => "reconnect before it, or raise it where it is set: heartbeats do not help".into(),
    };
    match knob {
        Some(known) => {
            finding.advise(format!("{help}; or raise the limit, in {}:", known.product)).paste(&[known.knob])
        }
        None => finding.advise(help),
    }
}

fn heartbeat(every: Span, kind: IdleKind) -> String {
    let by = if kind == IdleKind::IdlePastPings { " by a message" } else { "" };
    let millis = every.nanos() / 1_000_000;
    if millis < 1000 {
        return format!("heartbeat{by} every {millis} ms");
    }
    format!("heartbeat{by} every {} (in the client {millis} ms)", show::span(every))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::diagnose::idle::tests::{dropped, nginx};
    use crate::diagnose::rules;

    fn found(kind: IdleKind, heartbeat: Option<u64>) -> IdleFound {
        IdleFound {
            kind,
            limit: Some(Span::from_secs(5)),
            heartbeat: heartbeat.map(Span::from_secs),
            longest_quiet: None,
            sentence: String::new(),
        }
    }

    #[test]
    fn a_measured_limit_is_a_note_and_a_lifetime_asks_for_no_heartbeat() {
        let end = dropped(How::Fin, 5.0, 5.0, 5.0);
        let none = Rules::default();
        let (finding, _) = limit(&found(IdleKind::Idle, Some(2)), Some(&end), &none).unwrap();
        assert_eq!((finding.code, finding.severity), ("idle-limit", Severity::Note));
        assert!(finding.help[0].starts_with("heartbeat every 2.0 s"), "{finding:?}");
        let (finding, _) = limit(&found(IdleKind::Lifetime, None), Some(&end), &none).unwrap();
        assert_eq!((finding.code, finding.severity), ("lifetime-limit", Severity::Note));
        assert!(finding.help[0].contains("heartbeats do not help"), "{finding:?}");
        assert!(limit(&found(IdleKind::Unclear, None), Some(&end), &none).is_none());
        let (finding, _) = limit(&found(IdleKind::IdlePastPings, Some(2)), Some(&end), &none).unwrap();
        assert!(finding.help[0].starts_with("heartbeat by a message every 2.0 s"), "{finding:?}");
    }

    #[test]
    fn the_line_that_raises_the_limit_says_whose_it_is() {
        let (finding, _) =
            limit(&found(IdleKind::Idle, Some(2)), Some(&nginx(5.0, 5.0, 5.0)), &Rules::default()).unwrap();
        assert_eq!(
            finding.help,
            [
                "heartbeat every 2.0 s (in the client 2000 ms); or raise the limit, in nginx:",
                "proxy_read_timeout 3600s;"
            ]
        );
    }

    #[test]
    fn a_close_with_a_code_of_its_own_says_why_a_connection_grows_no_older() {
        let (close, fin) = (How::Close { code: Some(1008), reason: "not logged in".into() }, How::Fin);
        let told = |how: How| {
            limit(&found(IdleKind::Lifetime, None), Some(&dropped(how, 5.0, 5.0, 5.0)), &Rules::default()).unwrap()
        };
        let (finding, suffix) = told(close);
        assert_eq!((finding.code, finding.severity), ("lifetime-limit", Severity::Note));
        assert!(finding.seen[1].contains("1008") && suffix.contains("not logged in"), "{finding:?}");
        assert!(!finding.cause.contains("load balancer"), "{}", finding.cause);
        // The twin: an end without a word.
        let (finding, _) = told(fin);
        assert!(finding.cause.contains("load balancer"), "{}", finding.cause);
    }

    #[test]
    fn a_rule_of_the_users_names_who_sets_a_measured_limit() {
        let rule = |seconds: u64, kind: &str| {
            let text = format!(
                "[[limit]]\nproduct = \"our edge\"\nseconds = {seconds}\nkind = \"{kind}\"\nknob = \"set ws_idle:\"\n\
                 lines = [\"ws_idle 1h;\"]\n"
            );
            rules::parse(&text).unwrap()
        };
        let end = dropped(How::Fin, 5.0, 5.0, 5.0);
        for (kind, heartbeat, word) in [(IdleKind::Idle, Some(2), "idle"), (IdleKind::Lifetime, None, "lifetime")] {
            let (finding, suffix) = limit(&found(kind, heartbeat), Some(&end), &rule(5, word)).unwrap();
            assert_eq!(suffix, "; set by our edge (likely)");
            assert_eq!(finding.help, ["set ws_idle:", "ws_idle 1h;"]);
            assert!(finding.cause.starts_with("our edge sets a"), "{}", finding.cause);
            // The twin: another length.
            let (finding, suffix) = limit(&found(kind, heartbeat), Some(&end), &rule(60, word)).unwrap();
            assert!(!suffix.contains("our edge") && !finding.cause.contains("our edge"), "{finding:?}");
        }
    }

    #[test]
    fn a_server_that_answers_no_ping_and_talks_is_not_taken_to_hang() {
        let end = dropped(How::Silent { delivered: Some(true) }, 8.0, 8.0, 3.0);
        let finding = unanswered(&end, 6).unwrap();
        assert_eq!((finding.code, finding.confidence), ("silent-next-hop", Confidence::Likely));
        assert!(finding.cause.contains("does not answer pings"), "{}", finding.cause);
        // The twin: nothing came anywhere.
        let finding = unanswered(&end, 0).unwrap();
        assert_eq!(finding.confidence, Confidence::Possible);
        assert!(finding.cause.contains("hangs"), "{}", finding.cause);
    }
}
