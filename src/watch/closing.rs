//! The closing handshake as three facts: sent, received, who was first (RFC 6455 section 7.1). Owns the limit on the wait
//! for the peer's Close, and the short wait for the peer to end TCP first (7.1.1); what an end means is `liveness`'s.

use crate::event::Side;
use crate::moment::{Moment, Span};
use crate::wire::close::CloseBody;

/// One connection's closing handshake.
#[derive(Debug)]
pub struct Closing {
    limit: Span,
    pub sent: Option<(CloseBody, Moment)>,
    pub received: Option<(CloseBody, Moment)>,
    pub first: Option<Side>,
}

/// 7.1.1: the server ends TCP first; a client waits "a reasonable period" for that.
const LINGER: Span = Span::from_millis(1000);

/// What a passed deadline means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expired {
    /// Our Close was not answered.
    Unanswered,
    /// Both Closes are through, and the peer left TCP open.
    TcpLeftOpen,
    /// The peer's Close came, and our answer to it did not leave.
    AnswerStuck,
}

impl Closing {
    /// `limit`: how long the peer's Close may take.
    pub fn new(limit: Span) -> Closing {
        Closing { limit, sent: None, received: None, first: None }
    }

    /// A Close frame of ours was on the wire. True if it was the first of both.
    pub fn on_sent(&mut self, at: Moment, body: CloseBody) -> bool {
        self.sent.get_or_insert((body, at));
        *self.first.get_or_insert(Side::Us) == Side::Us
    }

    /// A Close frame of the peer's came. True if it was the first of both.
    pub fn on_received(&mut self, at: Moment, body: CloseBody) -> bool {
        self.received.get_or_insert((body, at));
        *self.first.get_or_insert(Side::Peer) == Side::Peer
    }

    /// Both Closes are through.
    pub fn is_done(&self) -> bool {
        self.sent.is_some() && self.received.is_some()
    }

    /// When patience ends.
    pub fn deadline(&self) -> Option<Moment> {
        match (&self.sent, &self.received) {
            (Some((_, sent)), Some((_, received))) => Some((*sent).max(*received).after(LINGER.min(self.limit))),
            (Some((_, at)), None) | (None, Some((_, at))) => Some(at.after(self.limit)),
            (None, None) => None,
        }
    }

    /// What has run out at `now`.
    pub fn expired(&self, now: Moment) -> Option<Expired> {
        if self.deadline()? > now {
            return None;
        }
        Some(match (&self.sent, &self.received) {
            (Some(_), Some(_)) => Expired::TcpLeftOpen,
            (Some(_), None) => Expired::Unanswered,
            _ => Expired::AnswerStuck,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(code: u16) -> CloseBody {
        CloseBody { code: Some(code), reason: String::new() }
    }

    #[test]
    fn ours_unanswered_runs_out_at_the_limit() {
        let mut closing = Closing::new(Span::from_secs(5));
        assert!(closing.on_sent(Moment::from_millis(1000), body(1000)));
        assert_eq!(closing.expired(Moment::from_millis(5999)), None);
        assert_eq!(closing.expired(Moment::from_millis(6000)), Some(Expired::Unanswered));
    }

    #[test]
    fn the_first_of_two_crossing_closes_stays_the_first() {
        let mut closing = Closing::new(Span::from_secs(5));
        assert!(closing.on_received(Moment::from_millis(10), body(1001)));
        assert!(!closing.on_sent(Moment::from_millis(11), body(1000)));
        assert!(closing.is_done());
        assert_eq!(closing.first, Some(Side::Peer));
    }

    #[test]
    fn a_peer_that_keeps_tcp_open_is_waited_for_one_second() {
        let mut closing = Closing::new(Span::from_secs(5));
        closing.on_sent(Moment::START, body(1000));
        closing.on_received(Moment::from_millis(20), body(1000));
        assert_eq!(closing.expired(Moment::from_millis(1020)), Some(Expired::TcpLeftOpen));
    }

    #[test]
    fn no_wait_at_all_is_possible() {
        let mut closing = Closing::new(Span::ZERO);
        closing.on_sent(Moment::START, body(1000));
        assert_eq!(closing.expired(Moment::START), Some(Expired::Unanswered));
    }
}
