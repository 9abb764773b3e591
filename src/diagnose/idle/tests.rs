//! Which limit stands behind recorded drops, and how sure that is; each cause with its twin.

use super::*;
use crate::diagnose::idle::words::heartbeat_within;
use crate::diagnose::sample::ended;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{Direction, FrameBrief};
use crate::wire::head::Head;

/// A drop after so many seconds of age and of both silences.
pub(in crate::diagnose) fn dropped(how: How, age: f64, quiet_in: f64, quiet_out: f64) -> Dropped {
    Dropped::sample(ended(how, age, quiet_in, quiet_out))
}

/// The same with fields of the 101.
pub(in crate::diagnose) fn with(fields: &str, drop: Dropped) -> Dropped {
    let head = format!("HTTP/1.1 101 Switching Protocols\r\n{fields}\r\n\r\n");
    Dropped { head: Some(Head::verbatim(head.into_bytes())), ..drop }
}

/// A FIN by nginx.
pub(in crate::diagnose) fn nginx(age: f64, quiet_in: f64, quiet_out: f64) -> Dropped {
    with("Server: nginx/1.22.1", dropped(How::Fin, age, quiet_in, quiet_out))
}

/// A frame so many seconds before the end.
pub(in crate::diagnose) fn frame(direction: Direction, opcode: u8, ago: f64) -> FrameBrief {
    FrameBrief { direction, opcode, fin: true, len: 4, ago: Span::from_seconds(ago) }
}

fn close(age: f64, quiet_in: f64, quiet_out: f64, reason: &str) -> Dropped {
    dropped(How::Close { code: Some(1000), reason: reason.into() }, age, quiet_in, quiet_out)
}

fn judged(drops: &[Dropped], heartbeat: Option<Span>) -> Option<Common> {
    judge(drops, &(0..drops.len()).collect::<Vec<_>>(), heartbeat)
}

fn found(drops: &[Dropped]) -> Finding {
    judged(drops, None).unwrap().finding
}

#[test]
fn the_same_silence_at_two_ages_is_an_idle_limit_of_nginx() {
    let drops = [nginx(72.2, 60.0, 72.3), nginx(60.0, 60.0, 60.0)];
    let limit = judged(&drops, Some(Span::from_secs(60))).unwrap();
    assert_eq!(limit.explains, [0, 1]);
    let finding = limit.finding;
    assert_eq!(finding.code, "idle-limit");
    assert_eq!(finding.fact, "a connection on which nothing arrives is ended after 60 s");
    assert_eq!(finding.seen, ["silence before both drops 60.0 s, ages 72.2 s and 60.0 s: silence counts, not age"]);
    assert_eq!(finding.confidence, Likely);
    assert_eq!(finding.cause, "nginx, proxy_read_timeout, 60s unless set; evidence: FIN, no code, Server: nginx");
    assert_eq!(
        finding.help,
        ["heartbeat well before the limit, every 25 s (here --heartbeat 25s, in the client 25000 instead of 60000), \
          or in nginx: proxy_read_timeout 3600s;"]
    );
}

#[test]
fn the_same_silence_and_the_same_age_do_not_tell_which_counts() {
    let finding = found(&[nginx(60.0, 60.0, 60.0), nginx(60.1, 60.1, 60.1)]);
    assert_eq!((finding.code, finding.confidence), ("idle-limit", Possible));
    assert_eq!(finding.seen[1], "a maximum age of 60 s would look the same");
    assert!(finding.cause.starts_with("nginx, proxy_read_timeout"), "{}", finding.cause);
    assert!(finding.cause.contains("; or a maximum age; evidence: "), "{}", finding.cause);
    assert!(finding.help[0].starts_with("run again with --heartbeat 25s to tell "), "{:?}", finding.help);
    assert!(finding.help[0].contains(", or measure: wscope probe --idle --idle-max 90s URL; "), "{:?}", finding.help);
}

#[test]
fn a_product_that_is_recognised_may_have_another_value_set() {
    let finding = found(&[nginx(3.7, 2.0, 2.0), nginx(2.0, 2.0, 2.0), nginx(2.1, 2.0, 2.0)]);
    assert_eq!((finding.code, finding.confidence), ("idle-limit", Likely));
    assert!(finding.cause.starts_with("nginx, proxy_read_timeout, set to 2 s"), "{}", finding.cause);
    // The twin: a value that is another product's own.
    let finding = found(&[nginx(340.0, 300.0, 300.0), nginx(320.0, 300.0, 300.0)]);
    assert_eq!(finding.confidence, Possible);
    assert!(finding.cause.contains("or another hop: ") && finding.cause.contains("Envoy"), "{}", finding.cause);
    // Nobody in particular.
    let unknown = |age: f64| dropped(How::Fin, age, 2.0, 2.0);
    let finding = found(&[unknown(2.0), unknown(2.0)]);
    assert_eq!((finding.code, finding.confidence), ("idle-limit", Possible));
}

#[test]
fn one_silence_of_whole_seconds_may_be_the_limit_of_a_product_that_is_recognised() {
    for (age, quiet) in [(2.0, 2.0), (2.003, 2.002), (17.3, 5.01)] {
        let finding = found(&[nginx(age, quiet, quiet)]);
        assert_eq!((finding.code, finding.confidence), ("idle-limit", Possible), "{age} {quiet}");
        assert!(
            finding.cause.contains("proxy_read_timeout, set to ") && finding.cause.contains("a crash"),
            "{finding:?}"
        );
    }
    // Of nobody in particular, where nothing passed since the open.
    let finding = found(&[dropped(How::Fin, 2.0, 2.0, 2.0)]);
    assert_eq!((finding.code, finding.confidence), ("idle-limit", Possible));
    assert!(finding.cause.contains("a maximum age") && finding.cause.contains("a crash"), "{finding:?}");
    assert!(finding.help[1].starts_with("wscope probe --idle"), "{:?}", finding.help);
    // The twins: no whole seconds, nobody in particular after some traffic, too short, and bytes a moment before.
    for drop in [nginx(2.4, 2.4, 2.4), dropped(How::Fin, 7.3, 2.0, 2.0), nginx(0.01, 0.0, 0.0), nginx(9.0, 0.01, 2.0)] {
        assert!(judged(&[drop], None).is_none());
    }
}

#[test]
fn two_short_silences_that_nearly_agree_are_no_limit() {
    assert!(judged(&[nginx(9.0, 2.0, 2.0), nginx(7.0, 2.25, 2.25)], None).is_none());
    assert!(judged(&[nginx(0.4, 0.4, 0.4), nginx(0.4, 0.4, 0.4)], None).is_none());
}

#[test]
fn the_same_age_after_different_silences_is_a_maximum_age() {
    let mut drops = [nginx(33.0, 3.0, 3.0), nginx(33.1, 11.0, 11.0)];
    for drop in &mut drops {
        drop.ended.messages_in = 7;
    }
    let limit = judged(&drops, None).unwrap();
    assert_eq!((limit.finding.code, limit.explains), ("lifetime-limit", vec![0, 1]));
    assert_eq!(limit.finding.fact, "connections are ended at an age of 33 s");
    assert_eq!(limit.finding.confidence, Likely);
    // The twin: without a message, what counts may be messages.
    let finding = found(&[nginx(33.0, 3.0, 3.0), nginx(33.1, 11.0, 11.0)]);
    assert_eq!((finding.code, finding.confidence), ("lifetime-limit", Possible));
    assert!(finding.cause.contains("counts messages only"), "{}", finding.cause);
}

#[test]
fn a_maximum_age_and_a_number_of_messages_are_both_named() {
    let mut drops = [nginx(33.0, 3.0, 0.1), nginx(33.1, 11.0, 0.2), nginx(33.1, 1.0, 0.2)];
    for drop in &mut drops {
        drop.ended.messages_out = 33;
    }
    let finding = found(&drops);
    assert_eq!((finding.code, finding.confidence), ("lifetime-limit", Possible));
    assert!(finding.cause.contains("after 33 of them out"), "{}", finding.cause);
}

#[test]
fn the_maximum_age_of_a_known_product_needs_one_drop() {
    let google = |age: f64, quiet: f64| with("Via: 1.1 google", dropped(How::Fin, age, quiet, quiet));
    let finding = found(&[google(30.0, 2.0)]);
    assert_eq!((finding.code, finding.confidence), ("lifetime-limit", Likely));
    assert!(finding.cause.starts_with("the GCP load balancer, timeoutSec"), "{}", finding.cause);
    assert_eq!(finding.help[1], "timeoutSec: 86400");
    // Silent all the while: still its age that counts.
    assert_eq!(found(&[google(30.0, 30.0)]).code, "lifetime-limit");
    // The twin: the same drop of nobody in particular.
    let finding = found(&[dropped(How::Fin, 30.0, 30.0, 30.0)]);
    assert_eq!((finding.code, finding.confidence), ("idle-limit", Possible));
    assert!(finding.cause.contains("HAProxy") && finding.cause.contains("GCP"), "{}", finding.cause);
    assert!(judged(&[dropped(How::Fin, 30.0, 2.0, 2.0)], None).is_none());
    // An hour is nobody's chance.
    let finding = found(&[dropped(How::Fin, 3600.0, 2.0, 2.0)]);
    assert_eq!((finding.code, finding.confidence), ("lifetime-limit", Possible));
}

#[test]
fn a_silence_that_an_answered_heartbeat_survived_is_no_limit() {
    let mut drops = [nginx(30.0, 10.0, 10.0), nginx(30.0, 10.0, 10.0)];
    for drop in &mut drops {
        drop.ended.answered_ago = Some(Span::from_secs(10));
    }
    assert_eq!(judged(&drops, Some(Span::from_secs(20))).unwrap().finding.code, "lifetime-limit");
}

#[test]
fn one_drop_is_enough_only_at_a_well_known_limit() {
    let finding = found(&[nginx(72.2, 60.2, 72.2)]);
    assert_eq!((finding.code, finding.seen.len(), finding.confidence), ("idle-limit", 1, Likely));
    assert!(found(&[nginx(60.0, 60.0, 60.0)]).seen[1].contains("maximum age"));
    assert!(judged(&[nginx(47.0, 47.0, 47.0)], None).is_none());
    assert!(judged(&[nginx(1.0, 1.0, 1.0)], None).is_none());
    assert!(judged(&[], None).is_none());
    // Without a mark, those that have this limit are named.
    let finding = found(&[dropped(How::Fin, 90.0, 60.0, 60.0)]);
    assert_eq!(finding.confidence, Possible);
    assert!(finding.cause.contains("nginx") && finding.cause.contains("AWS ALB"), "{}", finding.cause);
}

#[test]
fn a_close_1000_after_a_minute_of_our_silence_is_cowboys() {
    let finding = found(&[close(95.0, 0.4, 60.0, "")]);
    assert!(finding.cause.starts_with("Cowboy") && finding.confidence == Likely, "{}", finding.cause);
    assert!(finding.help[0].contains("--heartbeat-clock fixed"));
    assert!(finding.seen[1].contains("does not count"), "{:?}", finding.seen);
    let finding = found(&[with("Server: Cowboy", close(60.0, 60.0, 60.0, ""))]);
    assert_eq!(finding.confidence, Likely);
    let mut phoenix = close(60.0, 60.0, 60.0, "");
    phoenix.url = "ws://a/live/websocket?_csrf=x&vsn=2.0.0".into();
    assert_eq!(found(&[phoenix]).confidence, Likely);
    // The twin: nothing speaks for Cowboy.
    let finding = found(&[close(60.0, 60.0, 60.0, "")]);
    assert_eq!(finding.confidence, Possible);
    assert!(finding.cause.contains("Cowboy") && finding.cause.contains("the application was done"));
    assert!(judged(&[close(60.0, 60.0, 60.0, "goodbye")], None).is_none());
}

#[test]
fn a_close_that_says_idle_is_certain_and_its_words_tell_the_library() {
    let jetty = |code: u16, reason: &str, seconds: f64| {
        dropped(How::Close { code: Some(code), reason: reason.into() }, seconds + 1.0, seconds, seconds + 1.0)
    };
    for (code, reason, seconds, library) in [
        (1001, "Connection Idle Timeout", 30.0, "Jetty 12"),
        (1000, "Idle for 300003ms > 300000ms", 300.0, "Jetty 9"),
        (1001, "The WebSocket session [1] idle timeout expired", 77.0, "Tomcat"),
        (1001, "you were idle", 77.0, "says so"),
    ] {
        let finding = found(&[jetty(code, reason, seconds)]);
        assert_eq!((finding.code, finding.confidence), ("idle-limit", Certain), "{reason}");
        assert!(finding.cause.contains(library), "{reason}: {}", finding.cause);
    }
}

#[test]
fn a_word_with_idle_in_it_says_nothing_of_a_limit() {
    let close = |reason: &str| dropped(How::Close { code: Some(1000), reason: reason.into() }, 77.0, 77.0, 77.0);
    assert_eq!(found(&[close("idle")]).confidence, Certain);
    assert!(judged(&[close("rejected by middleware")], None).is_none());
}

#[test]
fn silence_of_messages_is_told_from_silence_of_everything() {
    let pinged = |age: f64| {
        let mut drop = dropped(How::Fin, age, 10.0, 10.0);
        drop.ended.messages_out = 2;
        drop.ended.answered_ago = Some(Span::from_secs(10));
        drop.ended.last_frames = vec![frame(Direction::Out, 1, 50.0), frame(Direction::Out, 9, 10.0)];
        drop
    };
    let found = |drops: &[Dropped]| judged(drops, Some(Span::from_secs(20))).unwrap().finding;
    let finding = found(&[pinged(80.0), pinged(120.0)]);
    assert_eq!(finding.fact, "a connection without a message is ended after 50 s, whatever pings pass");
    assert!(finding.help[0].contains("--heartbeat-send text:"), "{:?}", finding.help);
    // The twin: all of the same age.
    assert_eq!(found(&[pinged(51.0), pinged(51.0)]).code, "lifetime-limit");
}

#[test]
fn drops_without_anything_in_common_are_no_limit() {
    assert!(judged(&[nginx(12.0, 3.0, 3.0), nginx(40.0, 9.0, 9.0)], None).is_none());
    let mut announced = [nginx(60.0, 60.0, 60.0), nginx(60.0, 60.0, 60.0)];
    announced.iter_mut().for_each(|drop| drop.farewell = true);
    assert!(judged(&announced, None).is_none());
}

#[test]
fn a_heartbeat_is_well_within_its_limit() {
    assert_eq!([60, 30, 55, 350, 5, 1].map(heartbeat_within), [25, 10, 20, 145, 2, 1]);
}
