//! Tables of specs: what is read from each, and what is told of one that cannot be read.

#![allow(clippy::unwrap_used)]

use super::*;

fn one(text: &str) -> Planned {
    parse(text).unwrap().remove(0)
}

fn reject(status: u16, fields: &[(&str, &str)], body: Option<&str>) -> Fault {
    let fields = fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Fault::Reject { status, fields, body: body.map(Into::into) }
}

#[test]
fn what_ends_or_holds_a_connection_is_read() {
    assert_eq!(one("no-answer").fault, Fault::NoAnswer);
    assert_eq!(one("bad-accept=echo").fault, Fault::BadAccept(BadAccept::Echo));
    assert_eq!(one("close=4001:expired").fault, Fault::Close { code: Some(4001), reason: "expired".into() });
    assert_eq!(one("close=none").fault, Fault::Close { code: None, reason: String::new() });
    assert_eq!(one("fin").fault, Fault::Fin);
    assert_eq!(one("rst@3frames"), Planned { fault: Fault::Rst, when: When::Frames(3) });
    assert_eq!(one("no-pong@2s"), Planned { fault: Fault::NoPong, when: When::After(Span::from_secs(2)) });
    assert_eq!(one("freeze@1KB"), Planned { fault: Fault::Freeze, when: When::Bytes(1000) });
}

#[test]
fn a_rejection_has_headers_and_a_body() {
    assert_eq!(one("reject").fault, reject(403, &[], None));
    assert_eq!(one("reject=503;retry-after=5").fault, reject(503, &[("Retry-After", "5")], None));
    let spec = "reject=401;header=WWW-Authenticate: Basic realm=\"a%3Bb\";header=X-Hop:edge;body=no%0D%0A";
    let fields = [("WWW-Authenticate", "Basic realm=\"a;b\""), ("X-Hop", "edge")];
    assert_eq!(one(spec).fault, reject(401, &fields, Some("no\r\n")));
    assert_eq!(one("reject;body=").fault, reject(403, &[], Some("")));
}

#[test]
fn odd_answers_have_their_values_and_defaults() {
    assert_eq!(one("redirect").fault, Fault::Redirect { location: "/".into() });
    assert_eq!(one("redirect=//a%40b/%2Bc").fault, Fault::Redirect { location: "//a@b/+c".into() });
    assert_eq!(one("spa").fault, Fault::Spa);
    assert_eq!(one("extension").fault, Fault::Odd(Odd::Extension("x-wscope-unknown".into())));
    assert_eq!(one("subprotocol=chat").fault, Fault::Odd(Odd::Subprotocol("chat".into())));
    assert_eq!(one("junk=%ff{}%").fault, Fault::Odd(Odd::Junk(b"\xff{}%".to_vec())));
    assert_eq!(one("junk").fault, Fault::Odd(Odd::Junk(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())));
    assert_eq!(one("slow-head").fault, Fault::Odd(Odd::SlowHead(Span::from_millis(5))));
}

#[test]
fn faults_of_frames_have_their_values_and_defaults() {
    assert_eq!(one("late-pong=300ms").fault, Fault::LatePong(Span::from_millis(300)));
    assert_eq!(one("opcode").fault, Fault::Raw(Raw::Opcode(3)));
    assert_eq!(one("opcode=15@2frames"), Planned { fault: Fault::Raw(Raw::Opcode(15)), when: When::Frames(2) });
    assert_eq!(one("rsv1").fault, Fault::Raw(Raw::Reserved(0b100)));
    assert_eq!(one("oversize").fault, Fault::Raw(Raw::Oversize(65 << 20)));
    assert_eq!(one("oversize=2KiB").fault, Fault::Raw(Raw::Oversize(2048)));
    assert_eq!(one("farewell=going%3A bye").fault, Fault::Farewell("going: bye".into()));
}

#[test]
fn every_name_and_every_kind_is_read_without_a_value() {
    for name in NAMES {
        assert!(parse(name).is_ok(), "{name}");
    }
    for kind in ACCEPT_KINDS {
        assert!(parse(&format!("bad-accept={kind}")).is_ok(), "{kind}");
    }
}

#[test]
fn a_path_is_percent_decoded() {
    let faults = from_path("/fault/close%3D4001%3Abye%20now%405s?x=1").unwrap().unwrap();
    assert_eq!(faults[0].fault, Fault::Close { code: Some(4001), reason: "bye now".into() });
    let twice = from_path("/fault/redirect%3D%2F%252Ba").unwrap().unwrap();
    assert_eq!(twice[0].fault, Fault::Redirect { location: "/+a".into() });
    assert_eq!(from_path("/chat"), None);
    assert!(from_path("/fault/%zz%").unwrap().is_err());
}

#[test]
fn several_are_joined_by_plus() {
    assert_eq!(parse("no-pong+fin@5s").unwrap().len(), 2);
}

#[test]
fn what_is_wrong_is_told_in_one_line() {
    for (spec, part) in [
        ("nix-da", "expected the name of a fault like close, fin, no-pong, got \"nix-da\""),
        ("", "got nothing"),
        ("close=x", "close expected CODE"),
        ("reject=99", "status from 200 to 599"),
        ("reject=403;later=5", "retry-after=SECONDS, header=Name: value or body=TEXT"),
        ("reject=403;header=nameless", "header=Name: value"),
        ("fin=1", "fin expected no value"),
        ("fin;x=1", "nothing behind a semicolon"),
        ("fin@soon", "expected a time like @5s"),
        ("reject=503@5s", "takes no @"),
        ("junk@5s", "takes no @"),
        ("no-pong@3frames", "takes a time"),
        ("close-ignored@1KB", "takes a time"),
        ("bad-accept=odd", "one of wrong"),
        ("slow-head=0", "milliseconds from 1 to 1000"),
        ("late-pong=soon", "a time like 300ms"),
        ("opcode=9", "a reserved opcode"),
        ("oversize=big", "a size like 65MiB"),
    ] {
        let told = parse(spec).unwrap_err().to_string();
        assert!(told.contains(part) && !told.contains('\n'), "{spec}: {told}");
    }
}
