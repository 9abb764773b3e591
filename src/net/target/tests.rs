//! Tables: what is typed, and what it is read as or why it is refused.

#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn what_is_typed_is_read_as_a_url() {
    let table = [
        ("ws://example.com", "ws://example.com/"),
        ("wss://example.com/chat?room=1", "wss://example.com/chat?room=1"),
        ("WSS://Example.COM/Chat", "wss://example.com/Chat"),
        ("http://example.com/x", "ws://example.com/x"),
        ("https://example.com/x", "wss://example.com/x"),
        ("ws://example.com:80/", "ws://example.com/"),
        ("wss://example.com:443/", "wss://example.com/"),
        ("ws://example.com:443/", "ws://example.com:443/"),
        ("wss://example.com:/x", "wss://example.com/x"),
        ("example.com", "wss://example.com/"),
        ("example.com:8443/x", "wss://example.com:8443/x"),
        ("example.com?x=1", "wss://example.com/?x=1"),
        ("//example.com/x", "wss://example.com/x"),
        ("//localhost:9001/x", "ws://localhost:9001/x"),
        ("localhost", "ws://localhost/"),
        ("localhost:3000/x", "ws://localhost:3000/x"),
        ("LOCALHOST:3000", "ws://localhost:3000/"),
        ("app.localhost:3000", "ws://app.localhost:3000/"),
        (":3000", "ws://localhost:3000/"),
        (":3000/x?y", "ws://localhost:3000/x?y"),
        ("127.0.0.1:9001", "ws://127.0.0.1:9001/"),
        ("0.0.0.0:9001", "ws://0.0.0.0:9001/"),
        ("10.0.0.1:9001", "wss://10.0.0.1:9001/"),
        ("[::1]:3000", "ws://[::1]:3000/"),
        ("[::1]", "ws://[::1]/"),
        ("[2001:db8::1]:8443/x", "wss://[2001:db8::1]:8443/x"),
        ("ws://[::1]/", "ws://[::1]/"),
        ("ws:3000/x", "wss://ws:3000/x"),
        ("ws/x", "wss://ws/x"),
        ("wss://b\u{fc}cher.example/\u{fc}", "wss://xn--bcher-kva.example/%C3%BC"),
        ("localhost:3000/x?to=http://other.example/", "ws://localhost:3000/x?to=http://other.example/"),
        ("wss://example.com/a%20b?q=%23", "wss://example.com/a%20b?q=%23"),
        ("wss://example.com/x?", "wss://example.com/x?"),
        ("wss://example.com/p@th:1", "wss://example.com/p@th:1"),
    ];
    for (typed, url) in table {
        let target = parse(typed).unwrap_or_else(|fault| panic!("{typed}: {fault}"));
        assert_eq!(target.url(), url, "{typed}");
        assert!(target.path.starts_with('/'), "{typed}");
    }
}

#[test]
fn what_is_no_url_is_told() {
    let mark = |given: &str, expected: &str| TargetFault::SchemeMark {
        given: given.to_owned(),
        expected: expected.to_owned(),
    };
    let port = |text: &str| TargetFault::Port(text.to_owned());
    let table = [
        ("", TargetFault::Empty),
        ("wss://example.com/a b", TargetFault::Space),
        (" wss://example.com", TargetFault::Space),
        ("wss://example.com/\u{a0}", TargetFault::Space),
        ("wss://example.com/\n", TargetFault::Control(10)),
        ("wss://exam\u{1b}ple.com/", TargetFault::Control(27)),
        ("wss://example.com/#top", TargetFault::Fragment),
        ("wss:\\\\example.com", TargetFault::Backslash),
        ("ws//example.com", mark("ws//", "ws://")),
        ("wss:/example.com", mark("wss:/", "wss://")),
        ("wss:example.com", mark("wss:", "wss://")),
        ("HTTPS:/example.com", mark("HTTPS:/", "https://")),
        ("wss:", mark("wss:", "wss://")),
        ("ftp://example.com", TargetFault::UnknownScheme("ftp".to_owned())),
        ("://example.com", TargetFault::UnknownScheme(String::new())),
        ("wss://", TargetFault::MissingHost),
        ("wss:///chat", TargetFault::MissingHost),
        ("ws://:3000", TargetFault::MissingHost),
        ("/chat", TargetFault::MissingHost),
        ("?x=1", TargetFault::MissingHost),
        ("wss://user@/x", TargetFault::MissingHost),
        ("localhost:0", port("0")),
        ("localhost:65536", port("65536")),
        ("localhost:99999999999999999999", port("99999999999999999999")),
        ("localhost:+80", port("+80")),
        ("localhost:abc", port("abc")),
        ("a:1:2", port("1:2")),
        ("[::1]3000", port("3000")),
        ("::1", TargetFault::Brackets("::1".to_owned())),
        ("ws://2001:db8::1/", TargetFault::Brackets("2001:db8::1".to_owned())),
    ];
    for (typed, fault) in table {
        assert_eq!(parse(typed), Err(fault), "{typed:?}");
    }
}

#[test]
fn a_host_that_cannot_be_read_is_told() {
    for typed in ["ws://[::1", "ws://[fe80::1%25eth0]/", "ws://1.2.3.400/", "ws://ex<ample/", "ws://[zz]/"] {
        assert!(matches!(parse(typed), Err(TargetFault::Host { .. })), "{typed}: {:?}", parse(typed));
    }
}

#[test]
fn every_fault_is_one_line_without_a_full_stop() {
    for typed in ["", "a b", "\n", "#", "\\", "ws//h", "x://h", "/", ":0", "::1", "[", "ws:/h"] {
        let words = parse(typed).unwrap_err().to_string();
        assert!(!words.contains('\n') && !words.ends_with('.'), "{words}");
    }
}

#[test]
fn user_and_password_are_decoded_and_not_shown() {
    let told = |user: &str, password: Option<&str>| Some((user.to_owned(), password.map(str::to_owned)));
    let table = [
        ("wss://alice@example.com/", told("alice", None)),
        ("wss://alice:@example.com/", told("alice", Some(""))),
        ("wss://alice:s%3Acret@example.com/", told("alice", Some("s:cret"))),
        ("wss://a%40b:c@d@example.com/", told("a@b", Some("c@d"))),
        ("alice:secret@example.com", told("alice", Some("secret"))),
        ("ws:secret@example.com", told("ws", Some("secret"))),
        ("wss://50%:%zz@example.com/", told("50%", Some("%zz"))),
        ("wss://@example.com/", None),
        ("wss://example.com/", None),
    ];
    for (typed, userinfo) in table {
        let target = parse(typed).unwrap();
        assert_eq!(target.userinfo, userinfo, "{typed}");
        assert_eq!(target.url(), "wss://example.com/", "{typed}");
    }
}

#[test]
fn the_host_field_leaves_the_default_port_out() {
    assert_eq!(parse("ws://example.com").unwrap().host_header(), "example.com");
    assert_eq!(parse("ws://example.com:443").unwrap().host_header(), "example.com:443");
    assert_eq!(parse("wss://[::1]:443").unwrap().host_header(), "[::1]");
    let target = parse("wss://[2001:DB8::1]:8443").unwrap();
    assert_eq!((target.host_header().as_str(), target.host.as_str()), ("[2001:db8::1]:8443", "2001:db8::1"));
}

#[test]
fn loopback_is_known_by_name_and_by_address() {
    for typed in ["localhost", "localhost.", "a.b.localhost", "127.1.2.3", "[::1]", "[::]", "[::ffff:127.0.0.1]"] {
        assert!(parse(typed).unwrap().is_loopback_name(), "{typed}");
    }
    for typed in ["example.com", "notlocalhost", "localhost.example", "192.168.0.1", "[fe80::1]"] {
        assert!(!parse(typed).unwrap().is_loopback_name(), "{typed}");
    }
}

#[test]
fn a_redirect_is_joined_to_the_url() {
    let from = parse("ws://example.com:8080/a/b?c=d").unwrap();
    let table = [
        ("/x", "ws://example.com:8080/x"),
        ("x?y=1", "ws://example.com:8080/a/x?y=1"),
        ("../x", "ws://example.com:8080/x"),
        ("?y", "ws://example.com:8080/a/b?y"),
        ("//other.example/x", "ws://other.example/x"),
        ("https://example.com/a/b", "wss://example.com/a/b"),
        ("http://other.example", "ws://other.example/"),
        ("wss://other.example:444/#top", "wss://other.example:444/"),
        (" /x ", "ws://example.com:8080/x"),
    ];
    for (location, url) in table {
        assert_eq!(from.redirect(location).unwrap().url(), url, "{location}");
    }
}

#[test]
fn a_redirect_that_leads_nowhere_is_told() {
    let from = parse("ws://example.com/").unwrap();
    assert_eq!(from.redirect(" "), Err(TargetFault::Empty));
    assert_eq!(from.redirect("/a\tb"), Err(TargetFault::Control(9)));
    assert_eq!(from.redirect("mailto:a@example.com"), Err(TargetFault::UnknownScheme("mailto".to_owned())));
    assert_eq!(from.redirect("http://example.com:0/"), Err(TargetFault::Port("0".to_owned())));
    assert!(matches!(from.redirect("http://[::1/"), Err(TargetFault::Host { .. })));
}

#[test]
fn a_redirect_carries_a_password_to_the_same_origin_only() {
    let from = parse("ws://alice:secret@example.com/a").unwrap();
    assert_eq!(from.redirect("/b").unwrap().userinfo, from.userinfo);
    assert_eq!(from.redirect("wss://example.com/b").unwrap().userinfo, None);
    assert_eq!(from.redirect("ws://other.example/b").unwrap().userinfo, None);
    let named = from.redirect("ws://bob@other.example/").unwrap();
    assert_eq!(named.userinfo, Some(("bob".to_owned(), None)));
}

#[test]
fn a_bare_number_is_told_and_never_dialled() {
    for text in ["18003", "3", "ws://18003/x", "18003:80"] {
        let told = parse(text).unwrap_err();
        assert!(matches!(told, TargetFault::OnlyNumber(_)), "{text}: {told}");
    }
    assert_eq!(
        parse("18003").unwrap_err().to_string(),
        "the host \"18003\" is only a number; for a port on this machine it is :18003"
    );
}

#[test]
fn a_host_longer_than_any_name_is_told_by_its_length() {
    let told = parse(&"a".repeat(100_000)).unwrap_err();
    assert_eq!(told.to_string(), "the host has 100000 bytes, expected 253 at most");
}
