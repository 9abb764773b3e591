//! Scripts as they are read and as they are played, each as (now, what came) and what is wanted then.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::event::Check;
use crate::exam::script::play::BURST_MAX;
use crate::moment::Moment;

fn ms(at: u64) -> Moment {
    Moment::from_millis(at)
}

fn play(text: &str) -> Play {
    Play::new(Arc::new(parse(text).unwrap()), ms(0))
}

fn text(text: &str) -> Option<Wish> {
    Some(Wish::Send(Outgoing::Text(text.into())))
}

fn close(code: u16) -> Option<Wish> {
    Some(Wish::Close(CloseBody { code: Some(code), reason: String::new() }))
}

fn told(play: &mut Play) -> Check {
    play.check_done().unwrap()
}

fn sent(script: &str) -> Wish {
    play(script).wish(ms(0)).unwrap()
}

#[test]
fn what_is_wrong_is_one_line_that_names_the_step() {
    for (text, part) in [
        ("", "expected at least one [[step]], got none"),
        ("loop = 3", "expected at least one [[step]], got none"),
        ("[[step]]", "step 1 (line 1): expected one of wait, send, ping, pong, expect, close, fault, got nothing"),
        ("[[step]]\nname = \"x\"", "step 1 (line 1): expected one of wait, send"),
        ("[[step]]\nwait = 1\n\n[[step]]\njump = 1", "step 2 (line 4): expected one of wait, send"),
        ("[[step]]\nwait = 1\nsend = \"a\"", "step 1 (line 1): expected one action, got send and wait"),
        ("[[step]]\nwait = 1\nrepeat = 2", "step 1 (line 1): beside wait expected name, got \"repeat\""),
        ("[[step]]\nsend = \"a\"\nwithin = 2", "beside send expected repeat or every or name, got \"within\""),
        ("[[step]]\nwait = \"soon\"", "wait expected a time above 0 like \"2s\", \"100ms\" or 0.5, got \"soon\""),
        ("[[step]]\nwait = 0", "wait expected a time above 0"),
        ("[[step]]\nwait = \"0s\"", "wait expected a time above 0"),
        ("[[step]]\nwait = -1", "got -1"),
        ("[[step]]\nwait = inf", "got inf"),
        ("[[step]]\nwait = \"inf\"", "wait expected a time above 0"),
        ("[[step]]\nwait = []", "got a list"),
        ("[[step]]\nwait = 2026-11-22", "got a date"),
        ("[[step]]\nsend = 1", "send expected a text or a table like { hex = \"00ff\" }, got 1"),
        ("[[step]]\nsend = {}", "send expected one of text, hex, base64, json, got an empty table"),
        ("[[step]]\nsend = { xml = \"\" }", "send expected one of text, hex, base64, json, got \"xml\""),
        ("[[step]]\nsend = { text = \"\", hex = \"\" }", "got \"hex\" and \"text\""),
        ("[[step]]\nsend = { text = 1 }", "send text expected a text, got 1"),
        ("[[step]]\nsend = { hex = \"0\" }", "send hex expected bytes in hex like \"00ff\", got \"0\""),
        ("[[step]]\nsend = { base64 = \"*\" }", "send base64 expected base64 like \"AP8=\", got \"*\""),
        ("[[step]]\nsend = { json = [nan] }", "json expected a number that JSON can hold, got NaN"),
        ("[[step]]\nsend = \"a\"\nrepeat = 0", "repeat expected a whole number from 1 to 1000000000, got 0"),
        ("[[step]]\nsend = \"a\"\nrepeat = 1000000001", "got 1000000001"),
        ("[[step]]\nsend = \"a\"\nevery = 1", "every expected a repeat beside it, got none"),
        ("[[step]]\nexpect = \"(\"", "expect expected a regex, got \"(\": unclosed group"),
        ("[[step]]\nexpect = { json = \"/a\" }", "expect json expected a value beside it, got none"),
        ("[[step]]\nexpect = { json = \"a\", value = 1 }", "expected a JSON pointer like \"/type\", got \"a\""),
        ("[[step]]\nexpect = { value = 1 }", "expect expected one of regex, text, json, binary, close, any"),
        ("[[step]]\nexpect = { any = false }", "expect any expected true, got false"),
        ("[[step]]\nexpect = { close = 70000 }", "expect close expected a code from 0 to 65535, got 70000"),
        ("[[step]]\nexpect = \"a\"\nstrict = 1", "strict expected true or false, got 1"),
        ("[[step]]\nexpect = \"a\"\nwithin = \"\"", "within expected a time above 0"),
        ("[[step]]\nclose = 1005", "close expected a code that may be sent"),
        ("[[step]]\nclose = \"1000\"", "close expected a code that may be sent"),
        ("[[step]]\nclose = { code = 1000, why = \"\" }", "close expected code or reason, got \"why\""),
        ("[[step]]\nclose = { reason = \"a\" }", "close expected a code with its reason, got none"),
        ("[[step]]\nfault = \"\"", "fault expected a fault like"),
        ("[[step]]\nwait = 1\nname = \"\"", "name expected a text of 1 to 80 characters, got \"\""),
        ("[[step]]\nwait = 1\nname = 7", "name expected a text"),
        ("[[step]]\nclose = 1000\n[[step]]\nsend = \"a\"", "step 2 (line 3): expected nothing more to send"),
        ("[[step]]\nclose = 1000\n[[step]]\nclose = 1000", "after the close in step 1"),
        ("[[step]]\nexpect = { close = 1000 }\n[[step]]\nexpect = \"a\"", "after the peer's Close in step 1"),
        ("loop = 2\n[[step]]\nclose = 1000", "step 1 (line 2): expected no Close in a loop"),
        ("loop = 2\n[[step]]\nexpect = { close = 1000 }", "expected no Close in a loop"),
        ("loop = 0\n[[step]]\nwait = 1", "loop expected a whole number from 1 to 1000000000, or \"forever\", got 0"),
        ("loop = \"ever\"\n[[step]]\nwait = 1", "or \"forever\", got \"ever\""),
        ("loop = \"forever\"\n[[step]]\nsend = \"a\"", "it would flood"),
        ("loop = \"forever\"\n[[step]]\nsend = \"a\"\nrepeat = 9", "it would flood"),
        ("rounds = 3\n[[step]]\nwait = 1", "line 1: unknown field"),
        ("\n[[step]]\nwait = ", "line 3: "),
        ("step = 3", "line 1: invalid type"),
        ("[[step]]\nwait = \"a\\u001b\\nb\"", "got \"a\\u{1b}\\nb\""),
    ] {
        let why = parse(text).unwrap_err().to_string();
        assert!(why.contains(part), "{text:?}: {why}");
        assert!(!why.contains(|letter: char| letter.is_control()), "{text:?}: {why:?}");
    }
}

#[test]
fn too_long_values_are_refused() {
    let payload = format!("[[step]]\nping = \"{}\"", "x".repeat(126));
    assert!(parse(&payload).unwrap_err().to_string().contains("ping expected at most 125 bytes, got 126"));
    let reason = format!("[[step]]\nclose = {{ code = 1000, reason = \"{}\" }}", "x".repeat(124));
    assert!(parse(&reason).unwrap_err().to_string().contains("at most 123 bytes"));
    let steps = "[[step]]\nwait = 1\n".repeat(10_001);
    assert_eq!(parse(&steps).unwrap_err().to_string(), "expected at most 10000 steps, got 10001");
    assert_eq!(parse(&"[[step]]\nwait = 1\n".repeat(10_000)).unwrap().waits(), Some(Span::from_secs(10_000)));
}

#[test]
fn every_form_of_a_message_is_read() {
    let binary = |bytes: &[u8]| Wish::Send(Outgoing::Binary(bytes.to_vec()));
    assert_eq!(Some(sent("[[step]]\nsend = \"a\"")), text("a"));
    assert_eq!(Some(sent("[[step]]\nsend = { text = \"a\" }")), text("a"));
    assert_eq!(sent("[[step]]\nsend = { hex = \"00 fF\" }"), binary(&[0, 255]));
    assert_eq!(sent("[[step]]\nsend = { base64 = \"AP8=\" }"), binary(&[0, 255]));
    let json = "[[step]]\nsend = { json = { b = [1, 2.5, true], a = \"x\", day = 2026-11-22 } }";
    assert_eq!(Some(sent(json)), text("{\"a\":\"x\",\"b\":[1,2.5,true],\"day\":\"2026-11-22\"}"));
    assert_eq!(sent("[[step]]\nping = \"p\""), Wish::Send(Outgoing::Ping(b"p".to_vec())));
    assert_eq!(sent("[[step]]\npong = { hex = \"ff\" }"), Wish::Pong(vec![255]));
    assert_eq!(sent("[[step]]\nfault = \"rst\""), Wish::Fault("rst".into()));
    assert_eq!(Some(sent("[[step]]\nclose = 4001")), close(4001));
    let reason = CloseBody { code: Some(4001), reason: "expired".into() };
    assert_eq!(sent("[[step]]\nclose = { code = 4001, reason = \"expired\" }"), Wish::Close(reason));
    assert_eq!(sent("[[step]]\nclose = {}"), Wish::Close(CloseBody::default()));
}

#[test]
fn faults_are_told_with_their_steps_and_waits_are_added() {
    let script = parse(
        "loop = 2\n[[step]]\nwait = 1.5\n[[step]]\nfault = \"no-pong\"\n[[step]]\nexpect = \"a\"\nwithin = \"500ms\"\n\
         [[step]]\nsend = \"b\"\nrepeat = 11\nevery = \"100ms\"\n[[step]]\nfault = \"rst\"\n",
    );
    let script = script.unwrap();
    assert_eq!(script.faults(), vec![(2, "no-pong"), (5, "rst")]);
    assert_eq!(script.waits(), Some(Span::from_secs(6)));
    assert_eq!(parse("[[step]]\nexpect = \"a\"").unwrap().waits(), Some(Span::from_secs(5)));
    assert_eq!(parse("loop = \"forever\"\n[[step]]\nwait = 1").unwrap().waits(), None);
    let long = "loop = 1000000000\n[[step]]\nwait = 1e300\n";
    assert_eq!(parse(long).unwrap().waits(), Some(Span::from_nanos(u64::MAX)));
}

#[test]
fn steps_follow_each_other_at_their_times() {
    let mut play =
        play("[[step]]\nsend = \"a\"\n[[step]]\nwait = \"2s\"\n[[step]]\nsend = \"b\"\n[[step]]\nclose = 1000");
    assert_eq!(play.deadline(), Some(ms(0)));
    assert_eq!(play.wish(ms(0)), text("a"));
    assert_eq!(play.wish(ms(0)), None);
    assert_eq!(play.deadline(), Some(ms(2000)));
    assert_eq!(play.doing(), "step 2, waiting 2.0 s");
    assert_eq!(play.wish(ms(1999)), None);
    assert_eq!(play.wish(ms(2000)), text("b"));
    assert!(!play.is_done());
    assert_eq!(play.wish(ms(2000)), close(1000));
    assert_eq!((play.wish(ms(2000)), play.deadline()), (None, None));
    assert!(play.is_done() && !play.failed() && play.check_done().is_none());
}

#[test]
fn a_repeated_message_keeps_its_pace_and_catches_nothing_up() {
    let mut play = play("[[step]]\nsend = \"a\"\nrepeat = 4\nevery = \"100ms\"");
    assert_eq!(play.wish(ms(0)), text("a"));
    assert_eq!(play.wish(ms(99)), None);
    assert_eq!(play.wish(ms(105)), text("a"));
    assert_eq!(play.deadline(), Some(ms(200)));
    assert_eq!(play.doing(), "step 1, sending 3 of 4");
    assert_eq!(play.wish(ms(450)), text("a"));
    assert_eq!((play.wish(ms(450)), play.deadline()), (None, Some(ms(550))));
    assert_eq!(play.wish(ms(550)), text("a"));
    assert!(play.is_done());
}

#[test]
fn a_flood_lets_its_caller_breathe() {
    let mut play = play("[[step]]\nsend = \"a\"\nrepeat = 1000000000");
    for _ in 0..BURST_MAX {
        assert_eq!(play.wish(ms(7)), text("a"));
    }
    assert_eq!(play.wish(ms(7)), None);
    assert!(play.deadline().unwrap() <= ms(7));
    assert_eq!(play.wish(ms(7)), text("a"));
}

#[test]
fn an_expectation_is_met_by_the_first_message_that_fits() {
    let mut play = play("[[step]]\nexpect = \"he.lo\"\nname = \"greeting\"\n[[step]]\nsend = \"b\"");
    assert_eq!(play.doing(), "step 1 (greeting), expecting a message that matches /he.lo/ within 5.0 s");
    play.message(ms(10), true, b"other");
    assert_eq!((play.wish(ms(10)), play.deadline()), (None, Some(ms(5000))));
    play.message(ms(5000), true, b"{hello}");
    assert_eq!(play.wish(ms(5000)), text("b"));
    let check = told(&mut play);
    assert_eq!((check.name.as_str(), check.held), ("step 1 (greeting)", true));
    assert_eq!(check.expected, "a message that matches /he.lo/");
    assert_eq!(check.got, "it, after 1 other message");
    assert!(play.is_done() && !play.failed() && play.check_done().is_none());
}

#[test]
fn every_kind_of_expectation_is_compared() {
    for (wanted, is_text, fits, other) in [
        ("{ regex = \"^a$\" }", true, "a", "ab"),
        ("{ text = \"a\" }", true, "a", "ab"),
        ("{ json = \"/a/0\", value = { b = \"x\" } }", true, "{\"a\":[{\"b\":\"x\"}]}", "{\"a\":[]}"),
        ("{ json = \"/a\", value = \"1\" }", true, "{\"a\":\"1\"}", "{\"a\":1}"),
        ("{ binary = \"61\" }", false, "a", "ab"),
    ] {
        let mut play = play(&format!("[[step]]\nexpect = {wanted}"));
        play.message(ms(1), is_text, other.as_bytes());
        assert!(!play.is_done(), "{wanted}");
        play.message(ms(1), is_text, fits.as_bytes());
        assert!(play.is_done() && !play.failed() && told(&mut play).held, "{wanted}");
    }
    let mut any = play("[[step]]\nexpect = { any = true }");
    any.message(ms(1), false, b"");
    assert!(any.is_done() && !any.failed());
}

#[test]
fn an_expectation_fails_at_its_time() {
    let mut silent = play("[[step]]\nexpect = \"a\"\nwithin = \"1s\"\n[[step]]\nsend = \"b\"");
    assert_eq!((silent.wish(ms(999)), silent.is_done()), (None, false));
    assert_eq!(silent.wish(ms(1000)), None);
    assert!(silent.is_done() && silent.failed() && silent.deadline().is_none());
    let check = told(&mut silent);
    assert_eq!((check.held, check.got.as_str()), (false, "nothing in 1.0 s"));
    assert_eq!(silent.doing(), "failed at step 1");

    let mut late = play("[[step]]\nexpect = \"a\"\nwithin = \"1s\"");
    late.message(ms(500), true, b"b\x1b");
    late.message(ms(600), false, b"\x01");
    late.message(ms(1001), true, b"a");
    assert_eq!(told(&mut late).got, "only 2 other messages in 1.0 s, the last binary \"01\"");
    assert!(late.failed());
}

#[test]
fn a_strict_expectation_takes_the_very_next_message() {
    let mut held = play("[[step]]\nexpect = \"a\"\nstrict = true");
    held.message(ms(1), true, b"a");
    assert_eq!(told(&mut held).expected, "a message that matches /a/, and nothing before it");
    assert!(held.is_done() && !held.failed());

    let mut broken = play("[[step]]\nexpect = { text = \"a\" }\nstrict = true");
    broken.message(ms(1), true, b"b");
    let check = told(&mut broken);
    assert_eq!((check.held, check.got.as_str()), (false, "\"b\""));
    assert!(broken.failed());
}

#[test]
fn what_came_before_it_was_expected_counts() {
    let mut play =
        play("[[step]]\nwait = 1\n[[step]]\nexpect = \"b\"\n[[step]]\nexpect = \"c\"\n[[step]]\nsend = \"d\"");
    play.message(ms(1), true, b"a");
    play.message(ms(2), true, b"b");
    play.message(ms(3), true, b"c");
    assert_eq!(play.wish(ms(3)), None);
    assert_eq!(play.wish(ms(1000)), text("d"));
    assert_eq!(told(&mut play).got, "it, after 1 other message");
    assert_eq!(told(&mut play).got, "it");
    assert!(play.is_done());
}

#[test]
fn a_peer_that_is_much_too_fast_is_counted() {
    let script = |strict: bool| format!("[[step]]\nwait = 1\n[[step]]\nexpect = \"^299$\"\nstrict = {strict}");
    for strict in [false, true] {
        let mut play = play(&script(strict));
        for number in 0..300 {
            play.message(ms(1), true, number.to_string().as_bytes());
        }
        assert_eq!(play.wish(ms(1000)), None);
        let check = told(&mut play);
        let got = if strict { "44 messages before, too many to be kept" } else { "it, after 299 other messages" };
        assert_eq!((check.held, check.got.as_str(), play.failed()), (!strict, got, strict));
    }
}

#[test]
fn the_peers_close_is_expected_or_a_failure() {
    let answered = "[[step]]\nclose = 1000\n[[step]]\nexpect = { close = 1000 }";
    let mut held = play(answered);
    assert_eq!(held.wish(ms(0)), close(1000));
    held.message(ms(1), true, b"late");
    held.closed(ms(2), Some(1000));
    assert_eq!(told(&mut held).got, "it, after 1 other message");
    assert!(held.is_done() && !held.failed());

    let mut other = play(answered);
    assert_eq!(other.wish(ms(0)), close(1000));
    other.closed(ms(2), Some(1002));
    let check = told(&mut other);
    assert_eq!(check.expected, "Close 1000 (Normal Closure)");
    assert_eq!((check.got.as_str(), other.failed()), ("Close 1002 (Protocol Error)", true));

    let mut early = play("[[step]]\nwait = 1\n[[step]]\nexpect = { close = 1005 }");
    early.closed(ms(1), None);
    assert_eq!(early.wish(ms(1000)), None);
    assert!(early.is_done() && !early.failed());

    let mut message = play("[[step]]\nexpect = \"a\"");
    message.closed(ms(1), Some(1001));
    assert_eq!(told(&mut message).got, "Close 1001 (Going Away)");
    assert!(message.failed());
}

#[test]
fn nothing_is_sent_after_the_peers_close() {
    let mut sending = play("[[step]]\nwait = 1\n[[step]]\nsend = \"a\"");
    sending.closed(ms(1), Some(1001));
    assert_eq!(sending.wish(ms(1000)), None);
    let check = told(&mut sending);
    assert_eq!((check.name.as_str(), check.held), ("step 2", false));
    assert_eq!(
        (check.expected.as_str(), check.got.as_str()),
        ("an open connection to send on", "Close 1001 (Going Away)")
    );
    assert!(sending.is_done() && sending.failed());

    let mut closing = play("[[step]]\nwait = 1\n[[step]]\nclose = 1000");
    closing.closed(ms(1), Some(1001));
    assert_eq!(closing.wish(ms(1000)), None);
    assert!(closing.is_done() && !closing.failed());
}

#[test]
fn a_loop_plays_its_rounds() {
    let mut play = play("loop = 2\n[[step]]\nsend = \"a\"\n[[step]]\nexpect = { text = \"b\" }");
    assert_eq!((play.wish(ms(0)), play.wish(ms(0))), (text("a"), None));
    play.message(ms(1), true, b"b");
    // A peer that is ahead of the second round.
    play.message(ms(1), true, b"b");
    assert_eq!(told(&mut play).name, "step 2 of round 1");
    assert_eq!((play.wish(ms(2)), play.wish(ms(2))), (text("a"), None));
    assert_eq!(told(&mut play).name, "step 2 of round 2");
    assert!(play.is_done() && !play.failed());
}

#[test]
fn an_endless_loop_ends_with_the_peers_close() {
    let script = "loop = \"forever\"\n[[step]]\nexpect = { any = true }\n[[step]]\nsend = \"a\"";
    let mut play = play(script);
    for round in 0..1000 {
        play.message(ms(round), true, b"x");
        assert_eq!((play.wish(ms(round)), play.wish(ms(round))), (text("a"), None));
        assert!(told(&mut play).held);
    }
    play.closed(ms(1000), Some(1001));
    assert!(play.is_done() && !play.failed() && play.check_done().is_none());

    let mut broken = Play::new(Arc::new(parse(script).unwrap()), ms(0));
    broken.closed(ms(1), Some(1011));
    assert!(broken.failed());
}

#[test]
fn the_page_of_scripts_shows_what_can_be_read() {
    let page = include_str!("../../../docs/scripts.md");
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 5, "{}", blocks.len());
    for block in blocks {
        if let Err(why) = parse(block) {
            panic!("{why}:\n{block}");
        }
    }
}

const SCRIPTS: [&str; 4] = [
    "[[step]]\nwait = 1\n[[step]]\nexpect = \"a\"\n[[step]]\nsend = \"b\"\nrepeat = 3\nevery = 0.5\n\
     [[step]]\nclose = 1000\n[[step]]\nexpect = { close = 1000 }",
    "loop = \"forever\"\n[[step]]\nexpect = { any = true }\nstrict = true\n[[step]]\npong = \"p\"\n\
     [[step]]\nwait = \"1ns\"",
    "loop = 1000000000\n[[step]]\nwait = \"1ns\"\n[[step]]\nfault = \"rst\"",
    "loop = 3\n[[step]]\nsend = \"a\"\nrepeat = 1000\n[[step]]\nexpect = { binary = \"61\" }\nwithin = \"10s\"",
];

#[derive(Clone, Debug)]
enum Act {
    Message(bool, Vec<u8>),
    Closed(Option<u16>),
    Wishes,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (any::<bool>(), prop::collection::vec(prop::sample::select(vec![b'a', b'b', 0xff]), 0..3))
            .prop_map(|(is_text, bytes)| Act::Message(is_text, bytes)),
        1 => prop::option::of(prop::sample::select(vec![1000u16, 1001, 1011])).prop_map(Act::Closed),
        4 => Just(Act::Wishes),
    ]
}

fn moment() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..20_000_000_000, Just(u64::MAX)]
}

proptest! {
    #[test]
    fn no_file_makes_reading_panic(text in "(?s).{0,200}") {
        let told = parse(&text).map_err(|why| why.to_string());
        prop_assert!(told.is_ok() || told.is_err_and(|why| !why.contains('\n')));
    }

    #[test]
    fn no_step_makes_reading_panic(
        key in "wait|send|ping|pong|expect|close|fault|loop|name", value in "[0-9.\"{}\\[\\]a-z= ,-]{0,40}"
    ) {
        let told = parse(&format!("[[step]]\n{key} = {value}\n")).map_err(|why| why.to_string());
        prop_assert!(told.is_ok() || told.is_err_and(|why| !why.contains('\n')));
    }

    #[test]
    fn no_peer_makes_a_play_panic_or_go_on_without_end(
        which in 0..SCRIPTS.len(), acts in prop::collection::vec((moment(), act()), 0..60)
    ) {
        let mut play = play(SCRIPTS[which]);
        for (at, act) in acts {
            let now = Moment::from_nanos(at);
            match act {
                Act::Message(is_text, bytes) => play.message(now, is_text, &bytes),
                Act::Closed(code) => play.closed(now, code),
                Act::Wishes => {
                    let wishes = std::iter::from_fn(|| play.wish(now)).take(1000).count();
                    prop_assert!(wishes <= BURST_MAX as usize);
                }
            }
            let _ = play.doing();
            prop_assert_eq!(play.deadline().is_none(), play.is_done());
            if play.failed() {
                prop_assert!(play.is_done());
            }
        }
        let lost = std::iter::from_fn(|| play.check_done()).filter(|check| !check.held).count();
        prop_assert_eq!(lost, usize::from(play.failed()));
    }
}
