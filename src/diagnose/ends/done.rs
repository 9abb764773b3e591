//! Ends as if all were done, a Close 1000 or one without a code, before we were: the application ended the connection
//! on purpose (RFC 6455 section 7.4.1). Owns what the age makes likely, and the run that tells more; other codes are
//! `closes`'.

use super::cuts::is_silent;
use super::{AT_ONCE, Dropped, runs};
use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Direction, Ended, Finding};

const PING: u8 = 9;

/// So soon, it has causes of its own; none for a later one.
pub(super) fn at_once(dropped: &Dropped, fact: &str) -> Option<Finding> {
    if dropped.ended.age >= AT_ONCE {
        return None;
    }
    let finding = Finding::of("closed-normally-early", "server side", fact);
    Some(match asks_for_polling(&dropped.url) {
        true => finding
            .saw("the URL has transport=polling")
            .because(Likely, "Engine.IO does not take a WebSocket at a URL that asks for its polling")
            .advise("use transport=websocket in place of transport=polling in the URL"),
        false => finding
            .because(
                Possible,
                "the application closed right after the open: a check of its own said no (path, query, login), or it \
                 had nothing to say",
            )
            .advise("look at what the application checks on the open, and at its log"),
    })
}

/// One of the two transports of Engine.IO, and not the one of a WebSocket.
fn asks_for_polling(url: &str) -> bool {
    url.split_once('?').is_some_and(|(_, query)| query.split('&').any(|pair| pair == "transport=polling"))
}

/// A ping of ours is among the last frames.
fn has_pinged(ended: &Ended) -> bool {
    ended.last_frames.iter().any(|frame| frame.direction == Direction::Out && frame.opcode == PING)
}

/// Nothing failed, and no code tells why.
pub(super) fn later(finding: Finding, ended: &Ended, code: Option<u16>) -> Finding {
    let cause = match code {
        None => {
            "the application ended it on purpose, by a close() without a code (so node ws, Tornado, uWebSockets): it \
             was done, did not get what it waited for, or has a limit of time"
        }
        Some(_) => {
            "the application ended it on purpose: it was done, or wants a first message that did not come; Cowboy \
             (Phoenix, RabbitMQ, EMQX) ends so after 60 s without a byte from the client"
        }
    };
    let look = if !is_silent(ended) && ended.messages_out == 0 && has_pinged(ended) {
        "pings were sent and no message: if the application wants a heartbeat of its own, send that one \
         (--heartbeat-preset NAME, or --heartbeat-send TEXT); else look at its log for this moment"
    } else {
        "look at what the server waits for, and at its log for this moment"
    };
    let finding = finding.because(Possible, cause);
    match (is_silent(ended), code) {
        (true, _) => finding
            .advise(format!("{look}; this run tells an idle limit from a maximum age:"))
            .paste_lines(vec![runs::idle(ended.age)]),
        (false, Some(_)) => finding
            .advise(format!("{look}; this run comes back after a 1000 too, and shows whether it repeats:"))
            .paste_lines(vec![runs::again(ended.age)]),
        (false, None) => finding
            .advise(format!("{look}; this run shows whether it repeats:"))
            .paste_lines(vec![runs::again(ended.age)]),
    }
}
