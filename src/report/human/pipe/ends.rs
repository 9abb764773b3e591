//! How a connection ended, in the words of a pipe: dropped, closed, given up. Owns these sentences; which one fits is
//! known to `pipe`. Close codes are those of RFC 6455 section 7.4.

use crate::event::show::{count, span};
use crate::event::{Ended, GaveUp, How, Side};
use crate::report::human::words::{code_words, ended_fact, in_seconds};
use crate::report::safe::{self, SHOWN_MAX};

/// `the server closed with 1011 Internal Error, "worker crashed"`.
pub(in crate::report::human) fn drop_fact(ended: &Ended) -> String {
    let (code, reason, then) = match &ended.how {
        How::Close { code, reason } if ended.by == Side::Peer => (*code, reason, ""),
        How::CloseThenCut { code, reason } if ended.by == Side::Peer => {
            (*code, reason, ", then the stream broke before our answer was through")
        }
        _ => return ended_fact(ended),
    };
    let with = with_code(code);
    let why = match (code, reason.is_empty()) {
        (None, _) => String::new(),
        (Some(_), true) => ", no reason given".to_owned(),
        (Some(_), false) => format!(", {}", safe::quoted(reason.as_bytes(), SHOWN_MAX)),
    };
    format!("the server closed {with}{why}{then}")
}

/// `closed 1000 by us, answered; 2 sent, 2 received in 1.1 s`.
pub(super) fn closed_text(ended: &Ended) -> String {
    let (sent, received, age) = (ended.messages_out, ended.messages_in, span(ended.age));
    format!("{}; {sent} sent, {received} received in {age}", closed_fact(ended))
}

/// `closed 1000 by us, answered`.
pub(in crate::report::human) fn closed_fact(ended: &Ended) -> String {
    let number = |code: Option<u16>| code.map_or_else(|| "without a code".to_owned(), |code| code.to_string());
    match &ended.how {
        How::Close { code, .. } if ended.by == Side::Us => format!("closed {} by us, answered", number(*code)),
        How::CloseUnanswered { code, cut: false } => format!("closed {} by us, unanswered", number(*code)),
        How::CloseUnanswered { code, cut: true } => {
            format!("closed {} by us, then the stream ended without an answer", number(*code))
        }
        How::Close { code, reason } | How::CloseThenCut { code, reason } => {
            let with = with_code(*code);
            if reason.is_empty() {
                return format!("closed by the server {with}");
            }
            format!("closed by the server {with}, {}", safe::quoted(reason.as_bytes(), SHOWN_MAX))
        }
        How::Local { .. } => ended_fact(ended),
        _ => format!("ended: {}", ended_fact(ended)),
    }
}

fn with_code(code: Option<u16>) -> String {
    if code.is_none() { "without a code".to_owned() } else { format!("with {}", code_words(code)) }
}

/// `gave up after 3 attempts: that is the limit of attempts in a row; down for 12.0 s`.
pub(in crate::report::human) fn gave_up_text(gave_up: &GaveUp) -> String {
    let attempts = match gave_up.attempts {
        0 => String::new(),
        number => format!(" after {}", count(u64::from(number), "attempt")),
    };
    let down = if gave_up.down.is_zero() { String::new() } else { format!("; down for {}", in_seconds(gave_up.down)) };
    format!("gave up{attempts}: {}{down}", safe::line(&gave_up.why, SHOWN_MAX))
}
