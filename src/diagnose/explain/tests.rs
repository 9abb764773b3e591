//! Every word has its text, and no text is wider than a screen.

use super::*;

#[test]
fn every_word_that_wscope_prints_is_explained_within_the_width() {
    let mut words: Vec<String> = ENTRIES.iter().map(|entry| entry.code.to_string()).collect();
    words.extend(Exit::ALL.iter().map(|exit| format!("exit {}", exit.code())));
    words.extend((100..600).chain(1000..5000).map(|number: u16| number.to_string()));
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
    assert!(explain("1000").is_some_and(|text| text.contains("wire   may be in a Close frame\n")));
    assert!(explain(" 1006 ").is_some_and(|text| text.contains("may not be in a Close frame")));
}

#[test]
fn an_exit_code_leads_to_its_findings() {
    assert!(explain("exit 22").is_some_and(|text| text.contains("DROPPED") && text.contains("fin-without-close")));
    for exit in Exit::ALL {
        assert!(statuses::findings_of(exit).iter().all(|code| entry(code).is_some()), "{exit:?}");
    }
}

#[test]
fn the_findings_of_statuses_exist() {
    for status in 100..600 {
        let finding = statuses::meaning(status).finding;
        assert!(finding.is_empty() || entry(finding).is_some(), "{status}");
    }
}

#[test]
fn a_mistyped_code_finds_the_nearest() {
    assert_eq!(nearest("idle-limt"), ["idle-limit"]);
    assert_eq!(nearest("upgrade-striped").first(), Some(&"upgrade-stripped"));
    assert!(nearest("accept").contains(&"accept-wrong") && nearest("certificate").len() == 3);
    assert!(nearest("").is_empty() && nearest(&"x".repeat(1000)).is_empty() && nearest("zzzzzz").is_empty());
}

#[test]
fn the_page_names_every_code() {
    let page = findings_markdown();
    for entry in ENTRIES {
        assert!(page.contains(&format!("\n## {}\n", entry.code)), "{}", entry.code);
    }
    assert!(page.is_ascii() && page.ends_with(".\n"));
}
