//! The steps of an examination, each as (now, what was seen) and what is wanted then.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::event::{Answered, Missed, Opened};
use regex::Regex;

fn plan() -> Plan {
    Plan { series: None, messages: Vec::new(), expect: None, wait: Span::from_secs(5), hold: None }
}

fn ms(at: u64) -> Moment {
    Moment::from_millis(at)
}

fn open(exam: &mut Exam, at: u64) {
    let opened = Opened {
        url: String::new(),
        peer: String::new(),
        subprotocol: None,
        server: None,
        took: Span::ZERO,
        down: None,
        served: None,
    };
    exam.see(ms(at), &EventKind::Open(opened));
}

fn pong(exam: &mut Exam, at: u64) {
    let answered = Answered { number: 1, measured: true, own: true, rtt: Span::from_millis(1) };
    exam.see(ms(at), &EventKind::Answered(answered));
}

#[test]
fn pings_follow_each_other_by_the_interval_and_then_it_closes() {
    let mut exam = Exam::new(Plan { series: Some((2, Span::from_millis(200))), ..plan() });
    assert_eq!(exam.wish(ms(0)), None);
    open(&mut exam, 10);
    assert_eq!(exam.wish(ms(10)), Some(Wish::Ping));
    assert_eq!(exam.wish(ms(300)), None);
    pong(&mut exam, 310);
    assert_eq!(exam.deadline(), Some(ms(510)));
    assert_eq!(exam.wish(ms(509)), None);
    assert_eq!(exam.wish(ms(510)), Some(Wish::Ping));
    pong(&mut exam, 520);
    assert_eq!(exam.wish(ms(520)), Some(Wish::Close));
    assert_eq!(exam.wish(ms(521)), None);
}

#[test]
fn a_peer_that_answers_no_ping_is_not_asked_again() {
    let mut exam = Exam::new(Plan { series: Some((5, Span::from_millis(200))), ..plan() });
    open(&mut exam, 0);
    assert_eq!(exam.wish(ms(0)), Some(Wish::Ping));
    let missed = Missed {
        number: 1,
        measured: true,
        misses: 0,
        of: 1,
        bytes_since: 9,
        waited: Span::from_secs(20),
        theirs: false,
    };
    exam.see(ms(20_000), &EventKind::Missed(missed));
    assert_eq!(exam.wish(ms(20_000)), Some(Wish::Close));
}

#[test]
fn messages_go_first_and_again_after_a_reconnect() {
    let messages = vec!["hello".to_string()];
    let mut exam = Exam::new(Plan { messages, hold: Some(Span::from_secs(10)), ..plan() });
    open(&mut exam, 0);
    assert_eq!(exam.wish(ms(0)), Some(Wish::Send("hello".into())));
    assert_eq!(exam.wish(ms(0)), None);
    exam.connected = false;
    assert_eq!(exam.wish(ms(5000)), None);
    open(&mut exam, 6000);
    assert_eq!(exam.wish(ms(6000)), Some(Wish::Send("hello".into())));
    assert_eq!(exam.deadline(), Some(ms(10_000)));
    assert_eq!(exam.wish(ms(10_000)), Some(Wish::Close));
}

#[test]
fn a_hold_that_ends_while_there_is_no_connection_just_stops() {
    let mut exam = Exam::new(Plan { hold: Some(Span::from_secs(10)), ..plan() });
    open(&mut exam, 0);
    exam.connected = false;
    assert_eq!(exam.wish(ms(10_000)), Some(Wish::Stop));
}

#[test]
fn other_messages_are_skipped_until_the_expected_one() {
    let expect = Some(Expect::Regex(Regex::new("pong").unwrap()));
    let mut exam = Exam::new(Plan { expect, ..plan() });
    open(&mut exam, 0);
    exam.message(ms(10), b"welcome");
    exam.message(ms(20), b"a pong");
    let check = exam.check_done().unwrap();
    assert!(check.held, "{check:?}");
    assert_eq!(exam.wish(ms(20)), Some(Wish::Close));
}

#[test]
fn what_came_instead_is_told() {
    let expect = Some(Expect::Regex(Regex::new("pong").unwrap()));
    let mut exam = Exam::new(Plan { expect, ..plan() });
    open(&mut exam, 0);
    exam.message(ms(10), b"wel\x1bcome");
    assert_eq!(exam.wish(ms(5000)), Some(Wish::Close));
    let check = exam.check_done().unwrap();
    assert!(!check.held);
    assert_eq!(check.got, "1 other message, the last \"wel\\x1bcome\"");
}

#[test]
fn a_time_limit_before_the_expected_message_tells_what_came_so_far() {
    let expect = Some(Expect::Regex(Regex::new("pong").unwrap()));
    let mut exam = Exam::new(Plan { expect, ..plan() });
    open(&mut exam, 0);
    let waiting = "waiting for a message that matches /pong/";
    assert_eq!(exam.under_way(), Some(format!("{waiting}; no message came")));
    exam.message(ms(10), b"welcome");
    assert_eq!(exam.under_way(), Some(format!("{waiting}; 1 other message came, the last \"welcome\"")));
}
