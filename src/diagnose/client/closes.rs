//! How one client closes (RFC 6455 sections 5.5.1 and 7.1): answers to our Close, its own Closes, and ends without one.
//! Owns the counts; whether it comes back afterwards is `reconnects`'.

use crate::event::client_report::{ClosesSeen, CodeCount, CodePair};
use crate::event::series::Series;
use crate::event::{Ended, How, Side};
use crate::moment::Span;

/// So many codes of its own are told apart.
const CODES_MAX: usize = 16;
/// So many times are kept for the median.
const KEPT_MAX: u64 = 1000;

/// The client's answer to a Close of ours: its code, and how long it took.
pub type Answer = (Option<u16>, Span);

/// The ends so far.
#[derive(Clone, Debug, Default)]
pub struct Closes {
    seen: ClosesSeen,
    times: Series,
}

impl Closes {
    /// A connection ended; `answer` is what came back to our Close, if the wiring told it.
    pub fn ended(&mut self, ended: &Ended, answer: Option<Answer>) {
        let seen = &mut self.seen;
        match (&ended.how, ended.by) {
            (How::Close { code, .. }, Side::Us) => self.answered(*code, answer),
            (How::Close { code, .. }, Side::Peer) | (How::CloseThenCut { code, .. }, _) => own(&mut seen.own, *code),
            (How::CloseUnanswered { cut: true, .. }, _) => seen.cut += 1,
            (How::CloseUnanswered { cut: false, .. }, _) => seen.unanswered += 1,
            (How::Fin | How::Reset | How::TlsTruncated | How::TlsAlert { .. }, Side::Peer) => seen.without_close += 1,
            (How::Fin | How::Reset | How::TlsTruncated | How::TlsAlert { .. }, Side::Us)
            | (How::Silent { .. } | How::KernelTimeout | How::WriteStuck, _)
            | (How::Garbage { .. } | How::Local { .. }, _) => {}
        }
    }

    /// The part of the card.
    pub fn report(&self) -> ClosesSeen {
        let slowest = self.times.range().map(|(_, most)| most);
        ClosesSeen { median: self.times.median(), slowest, ..self.seen.clone() }
    }

    fn answered(&mut self, sent: Option<u16>, answer: Option<Answer>) {
        self.seen.answered += 1;
        let Some((got, took)) = answer else { return };
        if got == sent {
            self.seen.same_code += 1;
        } else {
            self.seen.other_code += 1;
            self.seen.other.get_or_insert(CodePair { sent, got });
        }
        if self.times.count() < KEPT_MAX {
            self.times.add(took);
        }
    }
}

fn own(codes: &mut Vec<CodeCount>, code: Option<u16>) {
    if let Some(known) = codes.iter_mut().find(|known| known.code == code) {
        known.times += 1;
        return;
    }
    if codes.len() < CODES_MAX {
        codes.push(CodeCount { code, times: 1 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(how: How, by: Side) -> Ended {
        Ended { by, ..Ended::sample(how) }
    }

    fn close(code: u16) -> How {
        How::Close { code: Some(code), reason: String::new() }
    }

    #[test]
    fn an_answer_has_the_same_code_or_another() {
        let mut closes = Closes::default();
        closes.ended(&ended(close(4001), Side::Us), Some((Some(4001), Span::from_millis(1))));
        closes.ended(&ended(close(4001), Side::Us), Some((Some(1000), Span::from_millis(3))));
        closes.ended(&ended(close(4001), Side::Us), None);
        let seen = closes.report();
        assert_eq!((seen.answered, seen.same_code, seen.other_code), (3, 1, 1));
        assert_eq!(seen.other, Some(CodePair { sent: Some(4001), got: Some(1000) }));
        assert_eq!((seen.median, seen.slowest), (Some(Span::from_millis(2)), Some(Span::from_millis(3))));
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        let mut closes = Closes::default();
        for cut in [true, false, false] {
            closes.ended(&ended(How::CloseUnanswered { code: Some(1000), cut }, Side::Us), None);
        }
        closes.ended(&ended(How::Fin, Side::Peer), None);
        closes.ended(&ended(How::Fin, Side::Us), None);
        closes.ended(&ended(close(1000), Side::Peer), None);
        closes.ended(&ended(close(1000), Side::Peer), None);
        let seen = closes.report();
        assert_eq!((seen.cut, seen.unanswered, seen.without_close, seen.answered), (1, 2, 1, 0));
        assert_eq!(seen.own, [CodeCount { code: Some(1000), times: 2 }]);
    }
}
