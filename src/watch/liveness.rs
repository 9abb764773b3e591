//! What an end *is*: turns the socket's first error, the closing handshake's facts and our own decisions into a [`How`].
//! Owns the classes (field guide's drop classes); who retries is `reconnect`'s, why it happened is `diagnose`'s.

use crate::event::{How, Side};
use crate::watch::closing::Closing;
use crate::wire::close::CloseBody;
use crate::wire::sequence::Breach;

/// What the shell saw when the connection ended, or why it ended it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// End of stream: FIN, or TLS close_notify.
    Eof,
    Reset,
    /// A write after the peer had gone; nothing else was to be read.
    BrokenPipe,
    /// End of a TLS stream without close_notify.
    TlsTruncated,
    TlsAlert(u8),
    /// ETIMEDOUT: the kernel gave up.
    KernelTimeout,
    /// Another error of the socket.
    Other,
    /// The deciding miss. `delivered` is the kernel's account of what we wrote.
    Silent {
        delivered: Option<bool>,
    },
    /// The server's own heartbeats stopped.
    Unheard,
    WriteStuck,
    Breach(Breach),
    CloseUnanswered,
    TcpLeftOpen,
    AnswerStuck,
    /// Stopped by us: time limit, interrupt, a fault on purpose.
    Local(&'static str),
}

/// The class of an end, and who began it.
pub fn classify(cut: Cut, closing: &Closing) -> (How, Side) {
    match cut {
        Cut::Breach(breach) => return garbage(breach),
        Cut::Local(why) => return (How::Local { why: why.into() }, Side::Us),
        _ => {}
    }
    match (&closing.sent, &closing.received, closing.first) {
        (Some((ours, _)), Some((theirs, _)), first) => match (first, cut) {
            (Some(Side::Us), _) => (closed(ours), Side::Us),
            (_, Cut::Eof | Cut::TcpLeftOpen | Cut::TlsTruncated) => (closed(theirs), Side::Peer),
            _ => (close_then_cut(theirs), Side::Peer),
        },
        (None, Some((theirs, _)), _) => (close_then_cut(theirs), Side::Peer),
        (Some((ours, _)), None, _) => {
            (How::CloseUnanswered { code: ours.code, cut: cut != Cut::CloseUnanswered }, Side::Us)
        }
        (None, None, _) => (bare(cut), side(cut)),
    }
}

fn garbage(breach: Breach) -> (How, Side) {
    // The limit is ours: the frame is legal.
    let side = if let Breach::OverLimit { .. } = breach { Side::Us } else { Side::Peer };
    (How::Garbage { breach: breach.word().into(), words: breach.words() }, side)
}

fn bare(cut: Cut) -> How {
    match cut {
        Cut::Eof => How::Fin,
        Cut::Reset | Cut::BrokenPipe | Cut::Other => How::Reset,
        Cut::TlsTruncated => How::TlsTruncated,
        Cut::TlsAlert(alert) => How::TlsAlert { alert },
        Cut::KernelTimeout => How::KernelTimeout,
        Cut::Silent { delivered } => How::Silent { delivered },
        Cut::Unheard => How::Silent { delivered: None },
        Cut::WriteStuck | Cut::AnswerStuck => How::WriteStuck,
        Cut::CloseUnanswered | Cut::TcpLeftOpen => How::CloseUnanswered { code: None, cut: false },
        Cut::Breach(breach) => garbage(breach).0,
        Cut::Local(why) => How::Local { why: why.into() },
    }
}

fn side(cut: Cut) -> Side {
    match cut {
        Cut::Local(_) | Cut::CloseUnanswered | Cut::TcpLeftOpen => Side::Us,
        _ => Side::Peer,
    }
}

fn closed(body: &CloseBody) -> How {
    How::Close { code: body.code, reason: body.reason.clone() }
}

fn close_then_cut(body: &CloseBody) -> How {
    How::CloseThenCut { code: body.code, reason: body.reason.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::{Moment, Span};

    fn closing(sent: Option<u16>, received: Option<u16>, first: Option<Side>) -> Closing {
        let mut closing = Closing::new(Span::from_secs(5));
        let body = |code| CloseBody { code: Some(code), reason: String::new() };
        closing.sent = sent.map(|code| (body(code), Moment::START));
        closing.received = received.map(|code| (body(code), Moment::START));
        closing.first = first;
        closing
    }

    fn word(cut: Cut, sent: Option<u16>, received: Option<u16>, first: Option<Side>) -> (&'static str, Side) {
        let (how, side) = classify(cut, &closing(sent, received, first));
        (how.word(), side)
    }

    #[test]
    fn every_end_has_its_class() {
        use Side::{Peer, Us};
        let rows = [
            (Cut::Eof, None, None, None, ("fin", Peer)),
            (Cut::Reset, None, None, None, ("reset", Peer)),
            (Cut::BrokenPipe, None, None, None, ("reset", Peer)),
            (Cut::TlsTruncated, None, None, None, ("tls_truncated", Peer)),
            (Cut::TlsAlert(40), None, None, None, ("tls_alert", Peer)),
            (Cut::KernelTimeout, None, None, None, ("kernel_timeout", Peer)),
            (Cut::Silent { delivered: None }, None, None, None, ("silent", Peer)),
            (Cut::Unheard, None, None, None, ("silent", Peer)),
            (Cut::WriteStuck, None, None, None, ("write_stuck", Peer)),
            (Cut::Breach(Breach::MaskUnexpected), None, None, None, ("garbage", Peer)),
            (Cut::Eof, Some(1000), Some(1000), Some(Us), ("close", Us)),
            (Cut::Reset, Some(1000), Some(1000), Some(Us), ("close", Us)),
            (Cut::Eof, Some(1001), Some(1001), Some(Peer), ("close", Peer)),
            (Cut::TcpLeftOpen, Some(1001), Some(1001), Some(Peer), ("close", Peer)),
            (Cut::Reset, Some(1009), Some(1009), Some(Peer), ("close_then_cut", Peer)),
            (Cut::Reset, None, Some(1009), Some(Peer), ("close_then_cut", Peer)),
            (Cut::Eof, None, Some(1009), Some(Peer), ("close_then_cut", Peer)),
            (Cut::CloseUnanswered, Some(1000), None, Some(Us), ("close_unanswered", Us)),
            (Cut::Reset, Some(1000), None, Some(Us), ("close_unanswered", Us)),
            (Cut::Local("stopped"), None, None, None, ("local", Us)),
        ];
        for (cut, sent, received, first, expected) in rows {
            assert_eq!(word(cut, sent, received, first), expected, "{cut:?} {sent:?} {received:?} {first:?}");
        }
    }

    #[test]
    fn a_message_over_our_own_limit_is_our_end() {
        let (how, side) = classify(Cut::Breach(Breach::OverLimit { len: 9, limit: 5 }), &closing(None, None, None));
        assert_eq!((how.word(), side), ("garbage", Side::Us));
    }
}
