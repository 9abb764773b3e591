//! What a rule file may say, what is wrong with one, and what a rule does to a finding.

use super::*;
use crate::diagnose::sample::ended;
use crate::event::{Body, PayloadBytes};

const FILE: &str = r#"
[[refused]]
name = "edge"
status = [403, 451]
server = "acme-edge"
header = "X-Deny: geo"
cause = "our edge refuses this country"
help = "ask the network team for an entry"
lines = ["allow 203.0.113.0/24;"]

[[refused]]
name = "maintenance"
body = "back soon"
cause = "the maintenance page is on"
help = "wait for the end of the maintenance"

[[closed]]
name = "lobby"
code = 4001
reason = "expired"
cause = "the lobby's token lives for 15 minutes"
help = "get a new token before the old one ends"

[[limit]]
product = "our edge"
seconds = 90
kind = "idle"
knob = "set ws_idle in edge.conf, then reload the edge:"
lines = ["ws_idle 1h;"]
"#;

fn rules() -> Rules {
    parse(FILE).unwrap_or_else(|why| panic!("{why}"))
}

fn refusal(head: &str, body: &str) -> Facts {
    let payload = PayloadBytes(body.as_bytes().to_vec());
    let body = Body { payload, cut: false };
    Facts { answer: Some(Head::verbatim(head.as_bytes().to_vec())), body: Some(body), ..Facts::default() }
}

fn forbidden() -> Finding {
    Finding::of("upgrade-forbidden", "server side", "refused")
}

#[test]
fn a_rule_replaces_cause_and_help_and_says_so() {
    let facts = refusal("HTTP/1.1 403 Forbidden\r\nServer: Acme-Edge/2\r\nX-Deny: rule geo-7\r\n\r\n", "");
    let found = rules().refused(forbidden(), &facts, 403, "Forbidden");
    assert_eq!((found.code, found.confidence), ("upgrade-forbidden", Likely));
    assert_eq!(found.cause, "our edge refuses this country");
    assert_eq!(found.help, ["ask the network team for an entry", "allow 203.0.113.0/24;"]);
    assert_eq!(found.seen, ["your rule edge"]);
}

#[test]
fn every_condition_of_a_rule_must_hold() {
    for (head, status) in [
        ("HTTP/1.1 404 Not Found\r\nServer: acme-edge\r\nX-Deny: geo\r\n\r\n", 404),
        ("HTTP/1.1 403 Forbidden\r\nServer: nginx\r\nX-Deny: geo\r\n\r\n", 403),
        ("HTTP/1.1 403 Forbidden\r\nServer: acme-edge\r\nX-Deny: bot\r\n\r\n", 403),
        ("HTTP/1.1 403 Forbidden\r\nServer: acme-edge\r\n\r\n", 403),
    ] {
        let found = rules().refused(forbidden(), &refusal(head, ""), status, "");
        assert_eq!(found, forbidden(), "{head}");
    }
    let by_body = rules().refused(forbidden(), &refusal("HTTP/1.1 503 X\r\n\r\n", "We are Back Soon."), 503, "X");
    assert_eq!(by_body.seen, ["your rule maintenance"]);
}

#[test]
fn a_close_is_judged_by_code_and_reason() {
    let finding = || Finding::of("closed-with-code", "server side", "closed");
    let closed = |code, reason: &str| {
        let how = How::Close { code, reason: reason.into() };
        rules().closed(finding(), &Dropped::sample(ended(how, 4.0, 1.0, 1.0)))
    };
    assert_eq!(closed(Some(4001), "Token expired").seen, ["your rule lobby"]);
    for (code, reason) in [(Some(4001), "kicked"), (Some(4002), "expired"), (None, "")] {
        assert_eq!(closed(code, reason), finding(), "{code:?}");
    }
    let fin = Dropped::sample(ended(How::Fin, 4.0, 1.0, 1.0));
    assert_eq!(rules().closed(finding(), &fin), finding());
}

#[test]
fn a_limit_fits_within_a_second_or_three_percent_and_by_its_kind() {
    let idle = || Finding::of("idle-limit", "server side", "idle");
    let limit = |finding: Finding, quiet: &[f64]| {
        let drops: Vec<Dropped> =
            quiet.iter().map(|quiet| Dropped::sample(ended(How::Fin, 500.0, *quiet, *quiet))).collect();
        rules().limit(finding, &drops.iter().collect::<Vec<_>>())
    };
    let found = limit(idle(), &[90.2, 92.6]);
    assert_eq!(found.cause, "our edge sets an idle limit of 90 s");
    assert_eq!(found.help, ["set ws_idle in edge.conf, then reload the edge:", "ws_idle 1h;"]);
    for quiet in [&[93.0][..], &[90.0, 60.0], &[86.0], &[]] {
        assert_eq!(limit(idle(), quiet), idle(), "{quiet:?}");
    }
    let dropped = Dropped::sample(ended(How::Fin, 90.0, 90.0, 90.0));
    assert_eq!(rules().limit_setter("idle-limit", &[&dropped]), Some("our edge"));
    assert_eq!(rules().limit_setter("lifetime-limit", &[&dropped]), None);
    let age = Finding::of("lifetime-limit", "server side", "age");
    assert_eq!(limit(age.clone(), &[90.0]), age);
    let lifetime = parse("[[limit]]\nproduct = \"lb\"\nseconds = 500\nkind = \"lifetime\"\nknob = \"max_age\"\n");
    let dropped = Dropped::sample(ended(How::Fin, 500.5, 1.0, 1.0));
    let found = lifetime.unwrap_or_default().limit(age, &[&dropped]);
    assert_eq!(found.cause, "lb sets a maximum age of 8 m 20 s");
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let advice = "name = \"n\"\ncause = \"c\"\nhelp = \"h\"\n";
    for (text, why) in [
        (String::new(), "expected at least one [[refused]], [[closed]] or [[limit]], got none"),
        (format!("[[refused]]\n{advice}status = \"x\"\n"), "line 5: expected status 100 to 599, got \"x\""),
        (format!("[[refused]]\nstatus = 700\n{advice}"), "line 2: expected status 100 to 599, got 700"),
        (format!("[[refused]]\nstatus = []\n{advice}"), "line 2: expected status 100 to 599, got a list"),
        (format!("\n[[closed]]\ncode = [4001, 5000]\n{advice}"), "line 3: expected code 1000 to 4999"),
        (format!("[[refused]]\nstatsu = 400\n{advice}"), "line 2: expected one of status, header, server, body"),
        (format!("# c\n[[refused]]\n{advice}"), "line 2: expected at least one of status, header"),
        ("[[closed]]\ncode = 4001\nname = \"n\"\n".into(), "line 1: expected cause a text in the rule, got none"),
        (format!("[[closed]]\ncode = 4001\n{advice}lines = \"x\"\n"), "line 6: expected lines a list"),
        (format!("[[closed]]\nreason = \"\"\n{advice}"), "line 2: expected reason a text of 1 to 300"),
        ("[[limit]]\nseconds = 0\nkind = \"idle\"\n".into(), "line 2: expected seconds a whole number from 1"),
        ("[[limit]]\nseconds = 60\nkind = \"age\"\n".into(), "line 3: expected kind \"idle\" or \"lifetime\", got"),
        (format!("[[refused]]\n{advice}header = \": x\"\n"), "line 5: expected header NAME or NAME: PART, got \": x\""),
        (
            format!("[[closed]]\ncode = 4001\n{advice}lines = [{}]\n", "\"x\", ".repeat(31)),
            "line 6: expected lines a list of at most 30 texts of one line, got 31 of them",
        ),
        (
            format!("[[closed]]\ncode = 4001\n{advice}lines = [\"x\", 3]\n"),
            "line 6: expected lines a list of at most 30 texts of one line, got 3 in it",
        ),
        (
            "[[limit]]\nseconds = 9\nkind = \"idle\"\nproduct = \"p\"\nknob = \"k\"\n".repeat(1001),
            "line 5001: expected at most 1000 rules, got 1001",
        ),
        ("[[refused]\n".into(), "line 1: "),
        ("refusal = 400\n".into(), "line 1: expected one of refused, closed, limit, got refusal"),
        (
            format!("[[refused]]\nstatus = 400\n{advice}[[closed]]\ncode = 4001\n{advice}"),
            "line 6: expected each name once, got \"n\" again",
        ),
    ] {
        let got = parse(&text).err().unwrap_or_default();
        assert!(got.starts_with(why), "{text:?}: {got:?}");
        assert!(!got.contains('\n'), "{got:?}");
    }
}

#[test]
fn text_that_would_draw_on_the_screen_is_not_taken() {
    let text = "[[closed]]\ncode = 4001\nname = \"n\\u001b[2J\"\ncause = \"c\"\nhelp = \"h\"\n";
    assert!(parse(text).is_err_and(|why| why.starts_with("line 3: expected name") && why.is_ascii()));
}

#[test]
fn the_examples_of_the_page_are_rules() {
    let page = include_str!("../../../docs/rules.md");
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        assert!(parse(block).is_ok_and(|rules| rules != Rules::default()), "{block}: {:?}", parse(block));
    }
}
