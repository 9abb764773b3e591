//! Which findings a stream of events gives, and when.

use super::*;
use crate::diagnose::sample::ended;
use crate::event::finding::Severity;
use crate::event::{ConnId, DialStarted, How, PayloadBytes, Phase, UpgradeAnswered, UpgradeSent};
use crate::moment::Moment;
use crate::wire::head::Head;

fn seen(diagnosis: &mut Diagnosis, kind: EventKind) -> Vec<&'static str> {
    let event = Event { seq: 0, at: Moment::START, conn: ConnId(1), kind };
    diagnosis.see(&event).iter().map(|finding| finding.code).collect()
}

fn finished(diagnosis: &mut Diagnosis) -> Vec<&'static str> {
    diagnosis.finish().iter().map(|finding| finding.code).collect()
}

fn dial(diagnosis: &mut Diagnosis, answer: &str) {
    seen(diagnosis, EventKind::DialStarted(DialStarted { url: "ws://a/ws".into(), attempt: 0 }));
    let request = b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".to_vec();
    seen(diagnosis, EventKind::UpgradeSent(UpgradeSent { head: Head::verbatim(request) }));
    let head = Head::verbatim(format!("{answer}\r\n\r\n").into_bytes());
    seen(diagnosis, EventKind::UpgradeAnswered(UpgradeAnswered { head, body: None, took: Span::ZERO }));
}

fn drop(diagnosis: &mut Diagnosis, how: How, age: f64, silence: f64) {
    assert_eq!(seen(diagnosis, EventKind::Ended(ended(how, age, silence, silence))), [""; 0]);
}

#[test]
fn a_dial_that_fails_is_told_at_once_and_once() {
    let mut diagnosis = Diagnosis::new(None, 0);
    dial(&mut diagnosis, "HTTP/1.1 404 Not Found");
    let refused = || {
        let fault = DialFault::Refused { status: 404, reason: "Not Found".into() };
        EventKind::DialFailed(DialFailed { phase: Phase::Upgrade, fault, took: Span::ZERO })
    };
    assert_eq!(seen(&mut diagnosis, refused()), ["upgrade-not-offered-here"]);
    assert_eq!(seen(&mut diagnosis, refused()), [""; 0]);
}

#[test]
fn drops_wait_for_the_end_and_a_limit_stands_for_those_it_explains() {
    let mut diagnosis = Diagnosis::new(Some(Span::from_secs(60)), 0);
    for age in [72.2, 60.0] {
        dial(&mut diagnosis, "HTTP/1.1 101 Switching Protocols\r\nServer: nginx");
        drop(&mut diagnosis, How::Fin, age, 60.0);
    }
    assert_eq!(finished(&mut diagnosis), ["idle-limit"]);
    assert_eq!(finished(&mut diagnosis), [""; 0]);
}

#[test]
fn a_lone_drop_is_told_as_what_it_is() {
    let mut diagnosis = Diagnosis::new(None, 0);
    drop(&mut diagnosis, How::Fin, 4.0, 1.0);
    assert_eq!(finished(&mut diagnosis), ["fin-without-close"]);
}

#[test]
fn drops_of_one_kind_are_one_finding_with_their_number() {
    let mut diagnosis = Diagnosis::new(None, 0);
    for (age, quiet) in [(4.0, 0.5), (9.0, 2.5), (17.0, 6.0)] {
        drop(&mut diagnosis, How::Reset, age, quiet);
    }
    let found = diagnosis.finish();
    assert_eq!(found.len(), 1);
    assert!(found[0].seen.last().is_some_and(|line| line.starts_with("3 drops like this")), "{:?}", found[0].seen);
}

#[test]
fn an_end_that_a_message_announced_is_a_note_behind_the_errors() {
    let mut diagnosis = Diagnosis::new(None, 0);
    let farewell = crate::event::Farewell { payload: PayloadBytes(b"bye".to_vec()) };
    assert_eq!(seen(&mut diagnosis, EventKind::Farewell(farewell)), ["farewell-seen"]);
    drop(&mut diagnosis, How::Fin, 4.0, 1.0);
    seen(&mut diagnosis, EventKind::DialStarted(DialStarted { url: "ws://a/ws".into(), attempt: 1 }));
    drop(&mut diagnosis, How::Reset, 9.0, 1.0);
    let found: Vec<_> = diagnosis.finish().iter().map(|finding| (finding.code, finding.severity)).collect();
    assert_eq!(found, [("reset", Severity::Error), ("fin-without-close", Severity::Note)]);
}

#[test]
fn an_end_that_we_asked_for_tells_only_an_unanswered_close() {
    let mut diagnosis = Diagnosis::new(None, 0);
    let mut done = ended(How::Close { code: Some(1000), reason: String::new() }, 4.0, 1.0, 1.0);
    done.drop = false;
    assert_eq!(seen(&mut diagnosis, EventKind::Ended(done.clone())), [""; 0]);
    done.how = How::CloseUnanswered { code: Some(1000), cut: true };
    assert_eq!(seen(&mut diagnosis, EventKind::Ended(done)), ["close-unanswered"]);
    assert_eq!(finished(&mut diagnosis), [""; 0]);
}

#[test]
fn a_run_of_endless_drops_is_remembered_to_a_bound() {
    let mut diagnosis = Diagnosis::new(None, 0);
    for _ in 0..DROPS_MAX + 5 {
        drop(&mut diagnosis, How::Reset, 1.0, 0.1);
    }
    assert_eq!(diagnosis.drops.len(), DROPS_MAX);
}

#[test]
fn a_server_that_is_not_there_right_after_a_drop_went_away() {
    let refused = |status: u16| {
        let fault = DialFault::Refused { status, reason: String::new() };
        EventKind::DialFailed(DialFailed { phase: Phase::Upgrade, fault, took: Span::ZERO })
    };
    for (status, went) in [(502, true), (503, false), (403, false)] {
        let mut diagnosis = Diagnosis::new(None, 0);
        dial(&mut diagnosis, "HTTP/1.1 101 Switching Protocols\r\nServer: nginx");
        drop(&mut diagnosis, How::Fin, 1.5, 1.5);
        dial(&mut diagnosis, &format!("HTTP/1.1 {status} X\r\nServer: nginx"));
        let told = diagnosis.see(&Event { seq: 0, at: Moment::START, conn: ConnId(2), kind: refused(status) });
        assert_eq!(told[0].cause.contains("went away after that"), went, "{told:?}");
        let found = diagnosis.finish();
        assert_eq!(found[0].code, "fin-without-close");
        assert_eq!(found[0].cause.contains("process ended"), went, "{found:?}");
        assert_eq!(found[0].cause.contains("idle limit"), !went, "{found:?}");
    }
    // The twin: nothing was open before.
    let mut diagnosis = Diagnosis::new(None, 0);
    dial(&mut diagnosis, "HTTP/1.1 502 X\r\nServer: nginx");
    let told = diagnosis.see(&Event { seq: 0, at: Moment::START, conn: ConnId(2), kind: refused(502) });
    assert!(!told[0].cause.contains("went away"), "{told:?}");
}
