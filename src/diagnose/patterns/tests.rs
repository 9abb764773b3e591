//! Which pattern stands behind recorded drops; each with its twin.

use super::*;
use crate::diagnose::idle::tests::{dropped, frame, nginx, with};
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{Direction, How, LastSent, Missed};
use crate::moment::Moment;

fn codes(drops: &[Dropped]) -> Vec<&'static str> {
    common(drops, None).iter().map(|common| common.finding.code).collect()
}

fn only(drops: &[Dropped]) -> Common {
    let mut found = common(drops, None);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn close(code: u16, reason: &str) -> How {
    How::Close { code: Some(code), reason: reason.into() }
}

/// A drop so long after a message of this length; `largest` of the connection.
fn after(how: How, len: u64, ago: f64, largest: u64) -> Dropped {
    let mut drop = dropped(how, 20.0, ago, ago);
    drop.ended.sent_last = Some(LastSent { len, ago: Span::from_seconds(ago) });
    drop.ended.sent_largest = largest;
    drop
}

/// A drop at a time of the wall clock, in seconds.
fn at(wall: f64, age: f64) -> Dropped {
    let mut drop = dropped(How::Fin, age, 0.3, 0.3);
    drop.wall_unix_ms = Some((wall * 1000.0) as i64);
    drop.at = Moment::from_millis((wall * 1000.0) as u64);
    drop
}

#[test]
fn a_close_1009_behind_a_large_message_is_a_limit_of_size() {
    let finding = alone(&after(close(1009, "too big"), 1 << 21, 0.05, 1 << 21)).unwrap();
    assert_eq!((finding.code, finding.confidence), ("size-limit", Certain));
    assert_eq!(finding.fact, "the server side closed with 1009 after a message of ours of 2 MiB, \"too big\"");
    assert!(finding.help[0].contains("python websockets 1 MiB"), "{:?}", finding.help);
    let python = with("Server: Python/3.11 websockets/10.4", after(close(1009, ""), 1 << 21, 0.05, 1 << 21));
    assert_eq!(alone(&python).unwrap().help[1], "max_size=16 * 2**20,");
    // A limit that was set lower than usual has the same knob.
    let lower = with("Server: Python/3.11 websockets/17.4", after(close(1009, ""), 3_000, 0.05, 3_000));
    assert_eq!(alone(&lower).unwrap().help[1], "max_size=16 * 2**20,");
    // The twins: a larger one passed before; a small one.
    let finding = alone(&after(close(1009, ""), 1 << 20, 0.05, 1 << 22)).unwrap();
    assert_eq!(finding.confidence, Possible);
    assert!(finding.cause.contains("4 MiB passed before"), "{}", finding.cause);
    assert_eq!(alone(&after(close(1009, ""), 10, 0.05, 10)).unwrap().confidence, Possible);
    assert_eq!(alone(&dropped(close(1009, ""), 3.0, 1.0, 1.0)), None);
    assert_eq!(alone(&after(close(1008, ""), 1 << 20, 0.05, 1 << 20)), None);
}

#[test]
fn a_close_1009_that_was_cut_is_a_limit_of_size_too() {
    let cut = How::CloseThenCut { code: Some(1009), reason: "too big".into() };
    let finding = alone(&after(cut, 100_000, 0.05, 100_000)).unwrap();
    assert_eq!((finding.code, finding.confidence), ("size-limit", Certain));
    assert!(finding.seen.iter().any(|line| line.contains("broke before our answer")), "{:?}", finding.seen);
    assert!(finding.help[0].contains("Jetty 64 KiB"), "{:?}", finding.help);
}

#[test]
fn the_limit_of_coder_stands_in_its_reason() {
    let finding = alone(&after(close(1009, "read limited at 32769 bytes"), 40_000, 0.001, 40_000)).unwrap();
    assert!(finding.help[0].contains("coder/websocket, here 32 KiB"), "{:?}", finding.help);
    assert_eq!(finding.help[1], "c.SetReadLimit(1 << 20)");
}

#[test]
fn a_reason_that_names_the_limit_is_the_cause_and_tells_whose_option_it_is() {
    let of = |reason: &str, len: u64| after(close(1009, reason), len, 0.05, len);
    let words = "frame with 3000 bytes exceeds limit of 1000 bytes";
    let proxied = alone(&with("Server: nginx/1.22.1", of(words, 3_000))).unwrap();
    assert_eq!(proxied.confidence, Certain);
    assert_eq!(proxied.cause, "a limit of 1000 B on the size of one message: its reason says so");
    assert!(proxied.help[0].contains("max_size in serve() of python websockets, here 1000 B"), "{proxied:?}");
    assert!(proxied.help[0].contains("--ws-max-size") && proxied.help[1] == "max_size=16 * 2**20,", "{proxied:?}");
    let uvicorn = alone(&with("Server: uvicorn", of(words, 3_000))).unwrap();
    assert!(uvicorn.help[1].starts_with("--ws-max-size"), "{uvicorn:?}");
    let others = alone(&of("message exceeds limit of 64 KB", 70_000)).unwrap();
    assert!(others.help[0].contains("64 KiB at most") && others.help[0].contains("maxPayload"), "{others:?}");
    let node = alone(&of("Max payload size exceeded", 3_000)).unwrap();
    assert_eq!(node.help[1], "maxPayload: 512 * 1024 * 1024,");
    // The twins: a limit above what was sent explains little; without a number it is as before.
    let above = alone(&of("limit of 1 MB", 3_000)).unwrap();
    assert!(above.confidence == Possible && above.cause.contains("more than any message"), "{above:?}");
    assert!(alone(&of("too big", 3_000)).unwrap().cause.contains("below 2.9 KiB"));
}

#[test]
fn an_end_right_upon_a_message_or_a_ping_of_ours_is_told_with_it() {
    let upon = alone(&after(How::Fin, 2_000, 0.001, 2_000)).unwrap();
    assert_eq!((upon.code, upon.confidence), ("fin-without-close", Possible));
    assert!(upon.cause.contains("ends upon this message") && upon.cause.contains("uWebSockets"), "{}", upon.cause);
    // The twin: the message was long before.
    assert_eq!(alone(&after(How::Fin, 2_000, 0.5, 2_000)), None);
    let pinged = |answered: u64| {
        let mut dropped = dropped(How::Fin, 2.0, 2.0, 0.001);
        dropped.ended.last_frames = vec![frame(Direction::Out, 9, 0.001)];
        dropped.pings_answered = answered;
        alone(&dropped)
    };
    assert!(pinged(0).is_some_and(|finding| finding.cause.contains("fails upon a ping")));
    assert_eq!(pinged(3), None);
    // The twin: it ended with the open, and the first ping was on its way by then.
    let mut at_once = dropped(How::Fin, 0.001, 0.001, 0.001);
    at_once.ended.last_frames = vec![frame(Direction::Out, 9, 0.001)];
    assert_eq!(alone(&at_once), None);
}

#[test]
fn a_cut_right_behind_the_largest_message_may_be_its_size() {
    let finding = alone(&after(How::Reset, 100_000, 0.3, 100_000)).unwrap();
    assert_eq!((finding.code, finding.confidence), ("size-limit", Possible));
    assert!(finding.cause.contains("crash"), "{}", finding.cause);
    // The twins: too long ago, too small, and a larger one was survived.
    for other in [
        after(How::Reset, 100_000, 3.0, 100_000),
        after(How::Fin, 4_000, 0.3, 4_000),
        after(How::Fin, 100_000, 0.3, 200_000),
    ] {
        assert_eq!(alone(&other), None);
    }
}

#[test]
fn several_cuts_behind_large_messages_are_a_limit_of_size() {
    let aged = |age: f64| {
        let mut drop = after(How::Fin, 70_000, 0.1, 70_000);
        drop.ended.age = Span::from_seconds(age);
        drop
    };
    let found = only(&[aged(20.0), aged(31.0), nginx(4.0, 0.5, 0.5)]);
    assert_eq!((found.finding.code, found.finding.confidence, found.explains), ("size-limit", Likely, vec![0, 1]));
    // The twin: always at the same age.
    let found = only(&[aged(20.0), aged(20.1)]);
    assert_eq!((found.finding.code, found.finding.confidence), ("size-limit", Possible));
    assert!(found.finding.cause.contains("a maximum age"), "{}", found.finding.cause);
}

#[test]
fn the_same_number_of_messages_before_each_drop_is_a_limit_of_number() {
    let counted = |age: f64, out: u64, quiet_out: f64| {
        let mut drop = dropped(How::Fin, age, 0.4, quiet_out);
        drop.ended.messages_out = out;
        drop
    };
    let found = only(&[counted(12.0, 100, 0.1), counted(31.0, 100, 0.2), counted(19.0, 100, 0.1)]);
    assert_eq!((found.finding.code, found.finding.confidence), ("count-limit", Likely));
    assert_eq!(found.finding.fact, "connections are ended after 100 messages of ours");
    assert_eq!(only(&[counted(12.0, 100, 0.1), counted(31.0, 100, 0.2)]).finding.confidence, Possible);
    // The twins: few messages, other numbers, and a number that was long reached.
    assert_eq!(codes(&[counted(12.0, 1, 0.1), counted(31.0, 1, 0.2), counted(19.0, 1, 0.1)]), [""; 0]);
    assert_eq!(codes(&[counted(12.0, 99, 0.1), counted(31.0, 100, 0.2), counted(19.0, 40, 0.1)]), [""; 0]);
    assert_eq!(codes(&[counted(12.0, 100, 3.0), counted(31.0, 100, 9.0), counted(19.0, 100, 5.0)]), [""; 0]);
    // Of the same age: the age is named first.
    assert_eq!(codes(&[counted(20.0, 20, 0.1), counted(20.1, 20, 0.2), counted(20.0, 20, 0.1)]), ["lifetime-limit"]);
}

#[test]
fn drops_at_the_same_second_of_the_minute_are_the_clocks() {
    let found = only(&[at(67.2, 23.0), at(187.5, 119.8), at(247.1, 59.4), at(427.9, 180.4)]);
    assert_eq!((found.finding.code, found.finding.confidence), ("drops-by-clock", Likely));
    assert_eq!(found.finding.fact, "4 drops at the same time of the minute: second 07");
    assert_eq!(only(&[at(67.2, 23.0), at(187.5, 119.8), at(247.1, 59.4)]).finding.confidence, Possible);
    // Across the turn of the minute.
    assert_eq!(codes(&[at(59.5, 23.0), at(120.3, 59.8), at(239.7, 119.0)]), ["drops-by-clock"]);
    // The twins: other seconds, and one that is only the age.
    assert_eq!(codes(&[at(67.2, 23.0), at(199.5, 119.8), at(247.1, 40.4)]), [""; 0]);
    assert_eq!(codes(&[at(60.2, 60.0), at(120.5, 60.0), at(180.8, 60.0)]), ["lifetime-limit"]);
}

#[test]
fn drops_at_the_same_minute_of_the_hour_are_the_clocks() {
    let found = only(&[at(900.0, 500.0), at(8104.0, 7203.0)]);
    assert_eq!((found.finding.code, found.finding.confidence), ("drops-by-clock", Possible));
    assert_eq!(found.finding.fact, "2 drops at the same time of the hour: 15:00");
    assert_eq!(codes(&[at(900.0, 500.0), at(8204.0, 7303.0)]), [""; 0]);
}

#[test]
fn drops_at_the_same_moment_and_of_other_ages_are_a_restart() {
    let found = only(&[at(500.0, 23.0), at(500.2, 119.8), at(500.4, 59.4)]);
    assert_eq!((found.finding.code, found.finding.confidence), ("drops-together", Likely));
    assert!(found.finding.cause.contains("ingress-nginx: 240 s after"), "{}", found.finding.cause);
    // The twin: one connection after the other.
    assert_eq!(codes(&[at(500.0, 23.0), at(500.7, 0.4)]), [""; 0]);
}

#[test]
fn what_explains_more_drops_is_told() {
    // Two silences agree, and all three drops come at the same second.
    let mut drops = [at(67.0, 23.0), at(127.0, 59.5), at(187.0, 59.5)];
    for drop in &mut drops {
        (drop.ended.quiet_in, drop.ended.quiet_out) = (drop.ended.age, drop.ended.age);
    }
    assert_eq!(codes(&drops), ["drops-by-clock"]);
    assert_eq!(codes(&drops[1..]), ["idle-limit"]);
}

#[test]
fn a_keepalive_timeout_is_judged_by_the_pings_that_were_seen() {
    let keepalive = |frames: Vec<crate::event::FrameBrief>| {
        let mut drop = dropped(close(1011, "keepalive ping timeout"), 40.0, 0.5, 20.0);
        drop.ended.last_frames = frames;
        alone(&drop).unwrap()
    };
    let ping = || frame(Direction::In, 9, 20.0);
    let finding = keepalive(vec![ping(), frame(Direction::Out, 10, 19.9)]);
    assert_eq!((finding.code, finding.confidence), ("closed-with-code", Likely));
    assert!(finding.cause.contains("event loop"), "{}", finding.cause);
    assert!(finding.seen.iter().any(|line| line.contains("20 s to the first ping")), "{:?}", finding.seen);
    // The twins: no pong of ours had left; no ping came.
    let finding = keepalive(vec![ping()]);
    assert_eq!(finding.confidence, Possible);
    assert!(finding.cause.contains("this side was blocked"), "{}", finding.cause);
    let finding = keepalive(Vec::new());
    assert_eq!(finding.confidence, Possible);
    assert!(finding.cause.contains("a hop on the way"), "{}", finding.cause);
    assert_eq!(alone(&dropped(close(1011, "oops"), 40.0, 0.5, 20.0)), None);
}

#[test]
fn an_application_that_is_silent_while_pings_are_answered_is_told_from_a_path_that_is_cut() {
    let missed = Missed {
        number: 6,
        measured: false,
        misses: 1,
        of: 1,
        bytes_since: 0,
        waited: Span::from_secs(10),
        theirs: false,
    };
    let silent = |delivered: Option<bool>, opcode: u8| {
        let mut drop = dropped(How::Silent { delivered }, 60.0, 40.0, 10.0);
        drop.missed = Some(missed.clone());
        drop.pings_answered = 5;
        drop.ended.last_frames = vec![frame(Direction::In, 10, 40.0), frame(Direction::Out, opcode, 10.0)];
        drop
    };
    let finding = alone(&silent(Some(true), 1)).unwrap();
    assert_eq!((finding.code, finding.confidence), ("application-silent", Likely));
    assert_eq!(alone(&silent(None, 1)).unwrap().confidence, Possible);
    // The twins: the path is cut, the heartbeat is a ping, no ping was answered, data came instead.
    assert_eq!(alone(&silent(Some(false), 1)), None);
    assert_eq!(alone(&silent(Some(true), 9)), None);
    assert_eq!(alone(&Dropped { pings_answered: 0, ..silent(Some(true), 1) }), None);
    let mut talking = silent(Some(true), 1);
    talking.ended.last_frames.push(frame(Direction::In, 1, 3.0));
    assert_eq!(alone(&talking), None);
}

#[test]
fn a_reset_of_the_first_bytes_after_a_long_silence_was_forgotten_on_the_way() {
    let reset = |silence: f64, since_write: f64| {
        let mut drop = dropped(How::Reset, silence + 20.0, silence + since_write, since_write);
        drop.ended.last_frames =
            vec![frame(Direction::In, 10, silence + since_write), frame(Direction::Out, 9, since_write)];
        drop
    };
    let finding = alone(&reset(400.0, 0.02)).unwrap();
    assert_eq!((finding.code, finding.confidence), ("forgotten-on-the-way", Possible));
    assert!(finding.cause.contains("AWS NLB") && finding.cause.contains("the server went away"), "{}", finding.cause);
    let finding = alone(&reset(90.0, 0.02)).unwrap();
    assert!(finding.cause.contains("NAT or firewall") && !finding.cause.contains("AWS NLB"), "{}", finding.cause);
    // The twins: a short silence, and a reset that answers nothing of ours.
    assert_eq!(alone(&reset(20.0, 0.02)), None);
    assert_eq!(alone(&reset(400.0, 30.0)), None);
    assert_eq!(codes(&[reset(400.0, 0.02), reset(401.0, 0.02)]), [""; 0]);
}

#[test]
fn an_end_that_a_message_announced_has_no_other_cause() {
    let announced = Dropped { farewell: true, ..after(close(1009, ""), 1 << 21, 0.05, 1 << 21) };
    assert_eq!(alone(&announced), None);
}
