//! The ways in which a connection ends, by the names of the drop classes and by the words of `event::How` (RFC 6455
//! section 7.1). Owns their texts; findings of the same name have their own in `event::codes`.

use super::line;

/// One way of ending.
struct Class {
    /// The name of the class first, then the other words for it.
    names: &'static [&'static str],
    means: &'static str,
    /// What a page in a browser is told.
    browser: &'static str,
    /// The findings that come of it.
    findings: &'static str,
}

const CLASSES: &[Class] = &[
    Class {
        names: &["clean-close", "close"],
        means: "a Close frame came, was answered by one, and then TCP ended",
        browser: "the code of the Close frame, wasClean true",
        findings: "closed-normally-early, going-away, closed-with-code",
    },
    Class {
        names: &["close-no-status"],
        means: "a Close frame without a code came, as after a call of close without one",
        browser: "1005, wasClean true",
        findings: "closed-normally-early",
    },
    Class {
        names: &["close-then-cut"],
        means: "a Close frame came, and TCP was reset or closed before our answer was through",
        browser: "the code, when it was read before the reset; else 1006",
        findings: "close-then-cut",
    },
    Class {
        names: &["close-unanswered"],
        means: "our Close frame was answered by the end of TCP only, or by nothing in time",
        browser: "1006, wasClean false",
        findings: "close-unanswered",
    },
    Class {
        names: &["fin-no-close", "fin"],
        means: "TCP ended in good order (FIN), without a Close frame before it",
        browser: "1006",
        findings: "fin-without-close, idle-limit, lifetime-limit",
    },
    Class {
        names: &["reset"],
        means: "TCP was reset (RST): at once, and what was under way may be lost",
        browser: "1006",
        findings: "reset, idle-limit",
    },
    Class {
        names: &["tls-truncated"],
        means: "TCP ended without the end of TLS (close_notify), and without a Close frame",
        browser: "1006",
        findings: "tls-truncated",
    },
    Class {
        names: &["tls-alert"],
        means: "the TLS side ended the open connection by an alert",
        browser: "1006",
        findings: "tls-alert",
    },
    Class {
        names: &["silent-path"],
        means: "a heartbeat stayed unanswered, and the kernel has no acknowledgement of its bytes: the path is cut",
        browser: "nothing for minutes, then 1006",
        findings: "silent-path",
    },
    Class {
        names: &["silent-app", "silent-next-hop"],
        means: "a heartbeat stayed unanswered, but its bytes were acknowledged: the next hop lives, and the server's \
                process hangs, or a proxy keeps the bytes",
        browser: "nothing",
        findings: "silent-next-hop",
    },
    Class {
        names: &["silent"],
        means: "no sign of life came in time; where the kernel tells, it is silent-path or silent-app",
        browser: "nothing for minutes, then 1006",
        findings: "silent, silent-path, silent-next-hop",
    },
    Class {
        names: &["kernel-timeout"],
        means: "the kernel gave the connection up: nothing was acknowledged for minutes",
        browser: "1006",
        findings: "kernel-timeout",
    },
    Class {
        names: &["write-stuck"],
        means: "what we wrote could not leave in time: the other side does not read",
        browser: "nothing: what is sent is kept",
        findings: "write-stuck",
    },
    Class {
        names: &["garbage"],
        means: "what came is no WebSocket frame: text of HTTP, a page, TLS, HTTP/2, or a frame that breaks a rule",
        browser: "1006, and \"Invalid frame header\" or the like on the console",
        findings: "illegal-frame, illegal-close-code, message-over-limit",
    },
    Class {
        names: &["local"],
        means: "we ended it for a reason of our own: a limit of ours, the end of what was asked for, or Ctrl-C",
        browser: "the code that was sent",
        findings: "",
    },
];

/// The text on a way of ending; `word` in small letters, with hyphens.
pub fn class(word: &str) -> Option<String> {
    let class = CLASSES.iter().find(|class| class.names.contains(&word))?;
    let mut text = format!("{word} (how a connection ends)\n\n");
    line(&mut text, "means", class.means);
    line(&mut text, "browser", class.browser);
    if !class.findings.is_empty() {
        line(&mut text, "see", class.findings);
    }
    Some(text)
}

/// All words for ways of ending.
pub fn names() -> impl Iterator<Item = &'static str> {
    CLASSES.iter().flat_map(|class| class.names.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::How;
    use crate::event::codes::entry;

    #[test]
    fn every_way_of_ending_is_explained_and_its_findings_exist() {
        let text = String::new;
        for how in [
            How::Close { code: None, reason: text() },
            How::CloseUnanswered { code: None, cut: false },
            How::CloseThenCut { code: None, reason: text() },
            How::Fin,
            How::Reset,
            How::TlsTruncated,
            How::TlsAlert { alert: 0 },
            How::Silent { delivered: None },
            How::KernelTimeout,
            How::WriteStuck,
            How::Garbage { breach: text(), words: text() },
            How::Local { why: text() },
        ] {
            let word = how.word().replace('_', "-");
            assert!(class(&word).is_some(), "{word}");
        }
        for class in CLASSES {
            for code in class.findings.split(", ").filter(|code| !code.is_empty()) {
                assert!(entry(code).is_some(), "{code}");
            }
        }
    }

    #[test]
    fn a_class_says_what_a_browser_would_say() {
        assert_eq!(
            class("fin-no-close").unwrap_or_default(),
            "fin-no-close (how a connection ends)\n\n\
             \x20 means    TCP ended in good order (FIN), without a Close frame before it\n\
             \x20 browser  1006\n\
             \x20 see      fin-without-close, idle-limit, lifetime-limit\n"
        );
        assert_eq!(class("explode"), None);
    }
}
