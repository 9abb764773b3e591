//! What a drop is for somebody who was talking: the fact, whether the path was good, what such an end usually means,
//! what of theirs was not sent, and what can be done now (SCREENS, screen 4). Owns these sentences; Close codes are
//! those of RFC 6455 section 7.4, and the cause of this very drop is `diagnose`'s to find.

use crate::event::show::{count, span};
use crate::event::{Ended, Exit, How, Side};
use crate::moment::Span;
use crate::report::human::pipe::ends::drop_fact;
use crate::report::human::talk::HELD_MIN;
use crate::report::human::words::roughly;
use crate::wire::close;

/// An answer no older than this shows that the path was good.
const FRESH: Span = Span::from_secs(30);

/// So long without a byte is worth telling: limits on silence begin there.
const SILENCE_MIN: Span = Span::from_secs(5);

/// The block, a sentence each. `sent` messages were asked for on this connection; `beats` of those that went out were
/// heartbeats; a heartbeat is called `beat`.
pub fn block(ended: &Ended, sent: u64, beats: u64, beat: &str, slash: bool) -> Vec<String> {
    let mut texts = vec![format!("dropped: {}", drop_fact(ended)), path_words(ended, beat)];
    let third: Vec<String> = usually(ended).into_iter().chain(unsent_words(ended, sent, beats)).collect();
    if !third.is_empty() {
        texts.push(third.join("; "));
    }
    let exit = Exit::of_end(ended).code();
    texts.push(if slash {
        format!("/reconnect, /findings for the evidence, /quit (exit {exit})")
    } else {
        format!("Ctrl-D to leave (exit {exit})")
    });
    texts
}

/// `open for 5 m 12 s; last ping answered 1.2 s before, so the path was good`.
fn path_words(ended: &Ended, beat: &str) -> String {
    let mut words = format!("open for {}; ", span(ended.age));
    let quiet = span(ended.quiet_in);
    match (&ended.how, ended.answered_ago) {
        (How::Silent { .. } | How::KernelTimeout | How::WriteStuck, answered) => {
            words.push_str(&format!("last byte in {quiet} before"));
            match answered {
                Some(ago) => words.push_str(&format!(", last {beat} answered {} before", span(ago))),
                None => words.push_str(&format!(", no {beat} was ever answered")),
            }
        }
        (_, Some(ago)) if ago <= FRESH => {
            words.push_str(&format!("last {beat} answered {} before, so the path was good", span(ago)));
        }
        _ if ended.messages_in == 0 && ended.quiet_in >= ended.age => words.push_str("nothing came on it before that"),
        _ if ended.quiet_in < SILENCE_MIN => {
            words.push_str(&format!("last byte in {quiet} before, so the path was good"));
        }
        _ => words.push_str(&format!("nothing came in the last {quiet}")),
    }
    if ended.held >= HELD_MIN {
        words.push_str(&format!("; we did not read for {}", roughly(ended.held)));
    }
    words
}

fn usually(ended: &Ended) -> Option<String> {
    let words = match &ended.how {
        How::Close { code, .. } | How::CloseThenCut { code, .. } if ended.by == Side::Peer => return Some(said(*code)),
        How::Close { .. } | How::CloseThenCut { .. } | How::CloseUnanswered { .. } | How::Local { .. } => return None,
        How::Fin | How::TlsTruncated => "a proxy's limit, or a server that stopped without a Close, looks like this",
        How::Reset => "a server that was killed, or something between that forgot us, looks like this",
        How::TlsAlert { .. } => "TLS met an error on the other side, at the server or at a proxy",
        How::Silent { delivered: Some(true) } => "the server hangs, or the path behind the next hop is cut",
        How::Silent { delivered: Some(false) } | How::KernelTimeout => {
            "the path is cut: Wi-Fi, VPN, a cable, a router that forgot us"
        }
        How::Silent { delivered: None } => "the path is cut, or the server hangs",
        How::WriteStuck => "the server, or a proxy before it, has stopped reading",
        How::Garbage { breach, .. } if breach == "over-limit" => "that limit is ours: --max-message moves it",
        How::Garbage { .. } => "a proxy that writes into the stream, or a server's mistake, looks like this",
    };
    Some(words.to_owned())
}

fn said(code: Option<u16>) -> String {
    match code {
        None => "a Close without a code does not say why".to_owned(),
        Some(1000) => "a server says this when it has nothing more to do with us".to_owned(),
        Some(1001) => "a server says this when it stops or restarts".to_owned(),
        Some(code @ 4000..=4999) => format!("what {code} means, the application's own documents say"),
        Some(code) => format!("{code} says: {}", close::meaning(code)),
    }
}

/// Nothing is said when nothing was sent, or when more went out than is known of here (frames made by hand).
fn unsent_words(ended: &Ended, sent: u64, beats: u64) -> Option<String> {
    if sent == 0 {
        return None;
    }
    match sent.checked_sub(ended.messages_out.saturating_sub(beats))? {
        0 => Some("nothing of yours was left unsent".to_owned()),
        1 => Some("1 message of yours was not sent".to_owned()),
        left => Some(format!("{} of yours were not sent", count(left, "message"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drop_of(how: How) -> Ended {
        Ended { age: Span::from_secs(90), quiet_in: Span::from_secs(1), messages_in: 1, ..Ended::sample(how) }
    }

    #[test]
    fn the_path_was_good_when_something_came_over_it_lately() {
        let mut ended = drop_of(How::Fin);
        assert_eq!(path_words(&ended, "ping"), "open for 90.0 s; last byte in 1.0 s before, so the path was good");
        ended.quiet_in = Span::from_secs(60);
        assert_eq!(path_words(&ended, "ping"), "open for 90.0 s; nothing came in the last 60.0 s");
        ended.answered_ago = Some(Span::from_secs(12));
        ended.held = Span::from_secs(48);
        assert_eq!(
            path_words(&ended, "ping"),
            "open for 90.0 s; last ping answered 12.0 s before, so the path was good; we did not read for 48 s"
        );
    }

    #[test]
    fn silence_is_no_good_path() {
        let ended = drop_of(How::Silent { delivered: None });
        assert_eq!(
            path_words(&ended, "heartbeat"),
            "open for 90.0 s; last byte in 1.0 s before, no heartbeat was ever answered"
        );
    }

    #[test]
    fn what_was_not_sent_is_counted_without_the_heartbeats() {
        let mut ended = drop_of(How::Reset);
        ended.messages_out = 5;
        for (sent, beats, words) in [
            (0, 0, None),
            (5, 0, Some("nothing of yours was left unsent")),
            (4, 2, Some("1 message of yours was not sent")),
            (9, 2, Some("6 messages of yours were not sent")),
            (4, 0, None),
        ] {
            assert_eq!(unsent_words(&ended, sent, beats).as_deref(), words, "{sent} {beats}");
        }
    }

    #[test]
    fn a_private_code_is_left_to_the_application() {
        assert_eq!(said(Some(4001)), "what 4001 means, the application's own documents say");
        assert_eq!(said(Some(1011)), "1011 says: the server met an unexpected condition: an exception in its handler");
    }
}
