//! What `cli::values` takes and what it refuses, as tables.

#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn a_time_is_humantime_or_a_number_of_seconds() {
    let table = [
        ("500ms", 500),
        ("20s", 20_000),
        ("1m30s", 90_000),
        ("20", 20_000),
        ("1.5", 1_500),
        (".25", 250),
        ("2h", 7_200_000),
    ];
    for (text, millis) in table {
        assert_eq!(span(text), Ok(Span::from_millis(millis)), "{text}");
        assert_eq!(limit(text), Ok(Limit::After(Span::from_millis(millis))), "{text}");
    }
}

#[test]
fn a_time_that_is_none_is_told() {
    for text in ["", ".", "-1", "1.2.3", "5 parsecs", "1e3", "inf", "nan", "s"] {
        let why = span(text).unwrap_err();
        assert!(why.starts_with("expected a time such as 500ms, 20s or 1m30s, got "), "{text}: {why}");
        assert!(!why.contains('\n'), "{text}: {why}");
    }
    assert_eq!(limit("offf").unwrap_err(), "expected a time such as 500ms, 20s or 1m30s, or off, got \"offf\"");
}

#[test]
fn zero_is_a_time_only_where_it_is_of_use() {
    for text in ["0", "0s", "0ms", "0.0"] {
        assert!(span(text).is_err(), "{text}");
        assert!(limit(text).is_err(), "{text}");
        assert_eq!(span_or_zero(text), Ok(Span::ZERO), "{text}");
        assert_eq!(limit_or_zero(text), Ok(Limit::After(Span::ZERO)), "{text}");
    }
}

#[test]
fn off_is_no_limit() {
    assert_eq!(limit("off"), Ok(Limit::Off));
    assert_eq!(Limit::Off.span(), None);
    assert_eq!(Limit::After(Span::from_secs(1)).span(), Some(Span::from_secs(1)));
    assert!(span("off").is_err());
}

#[test]
fn a_time_beyond_all_is_the_longest_one() {
    assert_eq!(span("99999999999999999999"), Ok(Span::from_nanos(u64::MAX)));
}

#[test]
fn sizes_are_in_units_of_1024() {
    let table = [("1", 1), ("28B", 28), ("64k", 65_536), ("64KiB", 65_536), ("64 kb", 65_536), ("64MiB", 64 << 20)];
    for (text, bytes) in table {
        assert_eq!(size(text), Ok(bytes), "{text}");
    }
    assert_eq!(size("2G"), Ok(2 << 30));
    for text in ["0", "0k", "", "k", "-1", "1.5M", "64X", "99999999999999999999", "18446744073709551615G"] {
        let why = size(text).unwrap_err();
        assert!(why.starts_with("expected a size above 0 such as 65536, 64k or 64MiB, got "), "{text}: {why}");
    }
}

#[test]
fn numbers_have_a_lower_end() {
    assert_eq!(count("1"), Ok(1));
    assert_eq!(count("0").unwrap_err(), "expected a whole number from 1 on, got \"0\"");
    assert_eq!(whole_number("0"), Ok(0));
    assert_eq!(seed("18446744073709551615"), Ok(u64::MAX));
    for text in ["", "+1", "-1", "1.0", "x", "99999999999999999999999"] {
        assert!(count(text).is_err(), "{text}");
        assert!(whole_number(text).is_err(), "{text}");
        assert!(seed(text).is_err(), "{text}");
    }
}

#[test]
fn an_expectation_is_a_regex_or_a_place_in_json() {
    assert!(matches!(expectation("^pong$").unwrap(), ExpectArg::Regex(regex) if regex.is_match("pong")));
    let table = [
        ("json:/ok=true", "/ok", serde_json::json!(true)),
        ("json:/a/0=12", "/a/0", serde_json::json!(12)),
        ("json:/type=pong", "/type", serde_json::json!("pong")),
        ("json:/q=a=b", "/q", serde_json::json!("a=b")),
        ("json:={}", "", serde_json::json!({})),
    ];
    for (text, place, wanted) in table {
        let ExpectArg::Json { pointer, value } = expectation(text).unwrap() else {
            panic!("{text} is read as a regex");
        };
        assert_eq!((pointer.as_str(), value), (place, wanted), "{text}");
    }
    assert!(expectation("json:ok=true").unwrap_err().starts_with("expected json:/path/to/it=value, got "));
    assert!(expectation("json:/ok").is_err());
}

#[test]
fn a_bad_regex_is_told_in_one_line() {
    let why = pattern("a(b").unwrap_err();
    assert_eq!(why, "expected a regular expression, got \"a(b\" (unclosed group)");
}

#[test]
fn a_heartbeat_is_a_ping_a_text_or_bytes() {
    assert_eq!(heartbeat_send("ping"), Ok(SendArg::Ping));
    assert_eq!(heartbeat_send("text:HeartBeat"), Ok(SendArg::Text("HeartBeat".to_owned())));
    assert_eq!(heartbeat_send("hex:0A ff"), Ok(SendArg::Hex(vec![0x0a, 0xff])));
    assert_eq!(heartbeat_send("auto"), Ok(SendArg::Auto));
    assert_eq!(heartbeat_send("phoenix-v1"), Ok(SendArg::Preset("phoenix-v1".to_owned())));
    for text in ["hex:0", "hex:zz", "Ping", "", "a b"] {
        assert!(heartbeat_send(text).unwrap_err().starts_with("expected "), "{text}");
    }
}

#[test]
fn an_answer_is_one_of_five_kinds() {
    assert!(matches!(heartbeat_answer("any"), Ok(AnswerArg::Any)));
    assert!(matches!(heartbeat_answer("match"), Ok(AnswerArg::Match)));
    assert!(matches!(heartbeat_answer("none"), Ok(AnswerArg::None)));
    assert!(matches!(heartbeat_answer("text:pong"), Ok(AnswerArg::Text(text)) if text == "pong"));
    assert!(matches!(heartbeat_answer("regex:^p"), Ok(AnswerArg::Regex(regex)) if regex.is_match("pong")));
    assert!(heartbeat_answer("all").is_err());
    assert!(heartbeat_answer("regex:(").is_err());
}

#[test]
fn a_host_is_pinned_to_an_address() {
    let pinned =
        |host: &str, port, address: &str| ResolveArg { host: host.to_owned(), port, address: address.parse().unwrap() };
    assert_eq!(resolve("Example.com:443:192.0.2.1"), Ok(pinned("example.com", 443, "192.0.2.1")));
    assert_eq!(resolve("example.com:443:[2001:db8::1]"), Ok(pinned("example.com", 443, "2001:db8::1")));
    assert_eq!(resolve("example.com:443:2001:db8::1"), Ok(pinned("example.com", 443, "2001:db8::1")));
    assert_eq!(resolve("[::1]:80:127.0.0.1"), Ok(pinned("::1", 80, "127.0.0.1")));
    for text in ["example.com", "example.com:443", "example.com:443:", "example.com:0:192.0.2.1", ":443:192.0.2.1"] {
        assert!(resolve(text).unwrap_err().starts_with("expected HOST:PORT:ADDR"), "{text}");
    }
    assert!(resolve("example.com:443:other.example").is_err());
}

#[test]
fn serve_listens_on_loopback_unless_told() {
    let table = [
        ("9002", "127.0.0.1:9002"),
        (":9002", "127.0.0.1:9002"),
        ("localhost:9002", "127.0.0.1:9002"),
        ("0.0.0.0:80", "0.0.0.0:80"),
        ("[::1]:0", "[::1]:0"),
        ("[::]:9001", "[::]:9001"),
    ];
    for (text, wanted) in table {
        assert_eq!(listen_address(text), Ok(ListenArg::Tcp(wanted.parse().unwrap())), "{text}");
    }
    assert_eq!(listen_address("unix:/tmp/s"), Ok(ListenArg::Unix(PathBuf::from("/tmp/s"))));
    for text in ["", ":", "127.0.0.1", "70000", "example.com:80", "::1:80", "unix:", "[::1]", ":+80"] {
        assert!(listen_address(text).unwrap_err().starts_with("expected "), "{text}");
    }
}

#[test]
fn an_address_may_stand_in_brackets() {
    assert_eq!(address("[::1]"), Ok(IpAddr::V6(Ipv6Addr::LOCALHOST)));
    assert_eq!(address("::1"), Ok(IpAddr::V6(Ipv6Addr::LOCALHOST)));
    assert_eq!(address("192.0.2.1").map(|ip| ip.to_string()), Ok("192.0.2.1".to_owned()));
    assert!(address("[192.0.2.1]").is_err());
    assert!(address("eth0").is_err());
}

#[test]
fn a_severity_is_one_of_three() {
    assert_eq!(severity("warning"), Ok(Severity::Warning));
    assert_eq!(severity("fatal").unwrap_err(), "expected error, warning or note, got \"fatal\"");
}

#[test]
fn a_name_has_no_spaces() {
    assert_eq!(name("chat.example"), Ok("chat.example".to_owned()));
    assert!(name("").is_err());
    assert!(name("a b").is_err());
}
