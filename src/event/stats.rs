//! The figures of a conversation, as `/stats` shows them. Owns their shape and the counting by opcode (RFC 6455 section
//! 5.2); who measures them is `net` and `cmd`, how they look is `report`.

use crate::moment::Span;

/// So many round trips are kept, the newest.
pub const RTT_KEPT: usize = 1000;

/// So many things, so many bytes of payload in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub number: u64,
    pub bytes: u64,
}

impl Count {
    /// One more, of this length.
    pub fn add(&mut self, len: u64) {
        self.number += 1;
        self.bytes += len;
    }
}

/// One direction, by opcode: messages for the data, frames for the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub text: Count,
    pub binary: Count,
    pub ping: Count,
    pub pong: Count,
    pub close: Count,
}

impl Tally {
    /// Each opcode's name and count, in the order in which they are shown.
    pub fn rows(&self) -> [(&'static str, Count); 5] {
        [("text", self.text), ("binary", self.binary), ("ping", self.ping), ("pong", self.pong), ("close", self.close)]
    }
}

/// What the kernel knows of one TCP connection. An option is none where the kernel is too old to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kernel {
    /// Smoothed; zero until the first sample.
    pub rtt: Span,
    pub rtt_var: Span,
    pub min_rtt: Option<Span>,
    /// Segments, from the start on.
    pub retransmitted: u64,
    /// Segments that were sent and are not acknowledged.
    pub unacked: u32,
    pub not_sent_bytes: Option<u64>,
    /// In segments.
    pub congestion_window: u32,
    /// In bytes.
    pub segment_size: u32,
    pub bytes_acked: Option<u64>,
    pub bytes_received: Option<u64>,
}

/// A conversation so far, over all its connections.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    pub url: String,
    /// How long the connection of now has been open; none while there is none.
    pub up: Option<Span>,
    pub connections: u32,
    pub drops: u32,
    pub reconnects: u32,
    /// Without a connection, in all.
    pub down: Span,
    pub incoming: Tally,
    pub outgoing: Tally,
    /// Bytes of frames, their heads included.
    pub wire_in: u64,
    pub wire_out: u64,
    /// The newest last, at most [`RTT_KEPT`].
    pub rtt: Vec<Span>,
    /// Heartbeats and pings that were missed.
    pub lost: u64,
    /// Messages that wait for a connection.
    pub queued: u64,
    /// The negotiated extension.
    pub extension: Option<String>,
    pub kernel: Option<Kernel>,
}

impl Stats {
    /// One more round trip; the oldest makes room.
    pub fn add_rtt(&mut self, rtt: Span) {
        if self.rtt.len() >= RTT_KEPT {
            self.rtt.remove(0);
        }
        self.rtt.push(rtt);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_has_the_number_and_the_bytes() {
        let mut tally = Tally::default();
        tally.text.add(5);
        tally.text.add(0);
        tally.close.add(2);
        let counted: Vec<(&str, u64, u64)> =
            tally.rows().iter().map(|(name, count)| (*name, count.number, count.bytes)).collect();
        assert_eq!(counted, [("text", 2, 5), ("binary", 0, 0), ("ping", 0, 0), ("pong", 0, 0), ("close", 1, 2)]);
    }

    #[test]
    fn only_the_newest_round_trips_are_kept() {
        let mut stats = Stats::default();
        (0..=RTT_KEPT as u64).for_each(|nanos| stats.add_rtt(Span::from_nanos(nanos)));
        assert_eq!(stats.rtt.len(), RTT_KEPT);
        assert_eq!(stats.rtt.first(), Some(&Span::from_nanos(1)));
        assert_eq!(stats.rtt.last(), Some(&Span::from_nanos(RTT_KEPT as u64)));
    }
}
