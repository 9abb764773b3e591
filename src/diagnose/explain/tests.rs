//! Every word has its text, and no text is wider than a screen.

use super::*;

#[test]
fn every_word_that_wscope_prints_is_explained_within_the_width() {
    let mut words: Vec<String> = ENTRIES.iter().map(|entry| entry.code.to_string()).collect();
    words.extend(Exit::ALL.iter().map(|exit| format!("exit {}", exit.code())));
    words.extend((100..600).chain(1000..5000).map(|number: u16| number.to_string()));
    words.extend(drops::names().chain(faults::names()).chain(products::keys()).map(String::from));
    words.extend(presets::names().into_iter().map(String::from));
    words.extend(checks::ids().chain(proxies::words()).chain(knobs::names()).map(String::from));
    words.extend(Exit::ALL.iter().map(|exit| exit.word().to_string()));
    for word in words {
        let text = explain(&word).unwrap_or_default();
        assert!(text.ends_with('\n') && text.is_ascii(), "{word}");
        for line in text.lines() {
            assert!(line.len() <= WIDTH && line.trim_end() == line, "{word}: {line:?}");
        }
    }
}

#[test]
fn other_words_are_not_explained() {
    for word in ["", "no-such-code", "99", "600", "5000", "-1", "1006x", "exit", "exit 99", "exit 999"] {
        assert_eq!(explain(word), None, "{word}");
    }
}

#[test]
fn a_close_code_tells_whether_it_may_be_on_the_wire() {
    assert!(explain("1000").is_some_and(|text| text.contains("wire     may be in a Close frame\n")));
    assert!(explain(" 1006 ").is_some_and(|text| text.contains("may not be in a Close frame")));
    assert_eq!((explain("Close 1006"), explain("HTTP 502")), (explain("1006"), explain("502")));
    assert_eq!((explain("close-4001"), explain("status: 502")), (explain("4001"), explain("502")));
}

#[test]
fn an_exit_code_leads_to_its_findings() {
    assert!(explain("exit 22").is_some_and(|text| text.contains("DROPPED") && text.contains("fin-without-close")));
    for exit in Exit::ALL {
        assert!(statuses::findings_of(exit).iter().all(|code| entry(code).is_some()), "{exit:?}");
    }
}

/// `explain` and `probe` are of one mind: a status leads to the finding that a probe makes of it.
#[test]
fn a_status_leads_to_the_finding_that_a_probe_makes_of_it() {
    for (status, code, part) in [
        ("200", "plain-page", "the path is that of a page"),
        ("304", "answered-without-upgrade", "as from a cache"),
        ("400", "upgrade-refused", "check the path first"),
        ("404", "upgrade-not-offered-here", "adds or takes away a part of it"),
        ("426", "upgrade-stripped", "\n             proxy_set_header Upgrade $http_upgrade;\n"),
        ("431", "request-too-large", "make cookies or the token smaller"),
        ("444", "cut-before-answer", "\n             nginx -T 2>/dev/null | grep -n 'return 444'\n"),
        ("464", "wrong-target-protocol", "--protocol-version HTTP1"),
        ("499", "no-answer", "the user closed the page"),
        ("502", "server-unavailable", "refuses connections or is down"),
        ("504", "server-unavailable", "waited in vain"),
        ("505", "http-1-0-hop", "\n             proxy_http_version 1.1;\n"),
        ("521", "server-unavailable", "the origin refuses Cloudflare's connection"),
        ("561", "upgrade-unauthorized", "identity provider"),
    ] {
        let text = explain(status).unwrap_or_default();
        assert!(text.contains(&format!("\n  code     {code}\n")) && text.contains(part), "{text}");
    }
    assert!(statuses::told(101).is_none() && explain("101").is_some_and(|text| text.contains("  rule ")));
}

#[test]
fn a_check_is_explained_alone_and_with_its_group() {
    assert!(
        explain("p8").is_some_and(|text| text.starts_with("P8 (check of probe --deep)") && text.contains("Origin"))
    );
    let group = explain("P7").unwrap_or_default();
    assert!(group.contains("P7a") && group.contains("P7f"), "{group}");
    assert_eq!(explain("P99"), None);
}

#[test]
fn a_finding_with_settings_has_them_for_each_product() {
    let stripped = explain("upgrade-stripped").unwrap_or_default();
    for part in ["nginx", "Apache", "Varnish", "upgrade=websocket", "return (pipe)"] {
        assert!(stripped.contains(part), "{part}: {stripped}");
    }
    let idle = explain("idle-limit").unwrap_or_default();
    assert!(idle.contains("  60 s     nginx: proxy_read_timeout 3600s;\n"), "{idle}");
    assert!(idle.contains("Fly.io, not verified"), "{idle}");
    assert!(idle.contains("HAProxy, not verified (many examples have 30 s): timeout tunnel 1h\n"), "{idle}");
    assert!(idle.contains("Cloudflare, not verified (its wait for the client, 400 s)\n"), "{idle}");
    assert!(idle.contains("Heroku: 55 s, fixed (H15)\n"), "{idle}");
}

#[test]
fn a_mistyped_code_finds_the_nearest() {
    assert_eq!(nearest("idle-limt"), ["idle-limit"]);
    assert_eq!(nearest("upgrade-striped").first().map(String::as_str), Some("upgrade-stripped"));
    assert!(nearest("accept").iter().any(|name| name == "accept-wrong") && nearest("certificate").len() == 3);
    assert!(nearest("").is_empty() && nearest(&"x".repeat(1000)).is_empty() && nearest("zzzzzz").is_empty());
}

#[test]
fn a_mistyped_name_of_another_kind_is_found_too() {
    for (word, wanted) in [
        ("clean-clse", "clean-close"),
        ("discrod", "discord"),
        ("fragmnts", "fragments"),
        ("1oo6", "1006"),
        ("ws-ping", "ws-ping-timeout"),
        ("haprox", "haproxy"),
        ("proxy_red_timeout", "proxy_read_timeout"),
    ] {
        assert_eq!(nearest(word).first().map(String::as_str), Some(wanted), "{word}");
    }
}

#[test]
fn a_word_has_the_names_beside_it_of_which_it_is_a_part() {
    let timeout = explain("timeout").unwrap_or_default();
    assert!(timeout.starts_with("TIMEOUT (verdict)"), "{timeout}");
    assert!(timeout.contains("\n  also     connect-timeout, "), "{timeout}");
    assert!(explain("idle").is_some_and(|text| text.contains("\n  also     idle-limit, ")));
    assert!(explain("timeout tunnel").is_some_and(|text| text.starts_with("timeout tunnel (setting of HAProxy)")));
}

#[test]
fn a_product_is_explained_by_its_flag_alone() {
    assert_eq!(explain_for("", "Discord").ok(), explain("--product discord"));
    assert!(explain_for("", "discord").is_ok_and(|text| text.contains("(product)")));
    assert!(explain_for(" ", "discrod").is_err_and(|why| why.contains("near to it: discord")));
}

#[test]
fn a_word_of_two_kinds_has_both_texts() {
    let fin = explain("fin").unwrap_or_default();
    assert!(fin.contains("fin (fault of serve)") && fin.contains("fin (how a connection ends)"), "{fin}");
    let reset = explain("reset").unwrap_or_default();
    assert!(reset.starts_with("reset (error, ") && reset.contains("reset (how a connection ends)"), "{reset}");
    // The words of the JSON are those of the classes, with their underscores.
    assert!(explain("close_unanswered").is_some_and(|text| text.contains("our Close frame was answered by the end")));
}

#[test]
fn a_close_code_is_explained_as_a_product_means_it() {
    assert_eq!(
        explain("3008").unwrap_or_default(),
        "3008 Timeout (Close code)\n\n\
         \x20 means    timed out, as HTTP 408\n\
         \x20 wire     may be in a Close frame\n\
         \x20 from     something that took too long, as HTTP 408; in Centrifugo a client that reads too\n           slowly\n\
         \x20 help     look at what took long on this side; reconnect with a growing, random pause\n\
         \x20 rule     RFC 6455 section 7.4\n\n\
         \x20 in       Centrifugo (--product centrifugo): this client reads too slowly\n"
    );
    assert_eq!(
        explain("4001 --product discord").unwrap_or_default(),
        "4001 (Close code of Discord gateway)\n\n\
         \x20 means    unknown opcode, or a payload that is not valid\n\
         \x20 help     correct the message; reconnect with a growing, random pause\n\
         \x20 note     resume the session where that is allowed, with op 6 instead of op 2\n"
    );
    assert_eq!(explain("4001 --product=discord"), explain_for("4001", "Discord").ok());
    assert_eq!(explain_for("fin", "discord"), Err("expected a close code with --product, got \"fin\"".into()));
    assert_eq!(explain("4001 --product acme"), None);
}

#[test]
fn a_product_tells_its_codes_its_hello_and_its_preset() {
    let text = explain("graphql").unwrap_or_default();
    for part in [
        "graphql-transport-ws (product)",
        "\n  4408     connection_init did not come in time",
        "\n  first    \"{\\\"type\\\":\\\"connection_init\\\"}\"\n",
        "--heartbeat-send graphql",
        "graphql (heartbeat preset)",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    assert!(explain("pusher").is_some_and(|text| text.contains("\n  others   4000 to 4099: a refusal that stays")));
    assert!(explain("heartcheck").is_some_and(|text| text.contains("HeartBeat")));
}

#[test]
fn a_word_that_is_too_wide_is_cut() {
    let mut text = String::new();
    line(&mut text, "a", &"x".repeat(200));
    assert!(text.lines().count() == 3 && text.lines().all(|line| line.len() <= WIDTH), "{text}");
}

#[test]
fn a_status_says_what_it_means_for_an_upgrade() {
    for (status, part) in [
        ("204", "no upgrade was made"),
        ("409", "SignalR"),
        ("444", "nginx"),
        ("464", "HTTP/2 or gRPC"),
        ("499", "log"),
        ("522", "Cloudflare"),
        ("525", "TLS"),
        ("530", "name"),
    ] {
        assert!(explain(status).is_some_and(|text| text.contains(part)), "{status}: {:?}", explain(status));
    }
}

#[test]
fn the_page_names_every_code() {
    let page = findings_markdown();
    for entry in ENTRIES {
        assert!(page.contains(&format!("\n## {}\n", entry.code)), "{}", entry.code);
    }
    assert!(page.is_ascii() && page.ends_with(".\n"));
}
