//! The story of one client: all its connections, put together part by part. Owns what belongs to one connection until
//! it ends, what an end means for each part, and the record at the end; which client a connection is of is `client`'s.

use crate::diagnose::client::closes::{Answer, Closes};
use crate::diagnose::client::frames::Frames;
use crate::diagnose::client::handshake::Handshakes;
use crate::diagnose::client::heartbeats::Heartbeats;
use crate::diagnose::client::identity::{Identity, target_of};
use crate::diagnose::client::pongs::Pongs;
use crate::diagnose::client::reconnects::{End, Place, Reconnects};
use crate::event::client_report::{Card, ClientReport};
use crate::event::{ConnId, Direction, Ended, FrameBrief, How, Side};
use crate::moment::{Moment, Span};
use crate::wire::close::is_normal;
use crate::wire::head::Head;
use crate::wire::header::Opcode;

/// So many connections are named.
const NAMED_MAX: usize = 16;
/// So many connections at once are watched for heartbeats.
const DETAILS_MAX: u32 = 64;
/// A connection that was open for so long was a good one.
const STABLE: Span = Span::from_secs(10);
/// A longer Retry-After is not waited for.
const RETRY_AFTER_MAX: u64 = 3600;

/// One connection while it lives.
#[derive(Clone, Debug)]
pub struct Live {
    /// The client's key.
    pub key: u64,
    /// The connection that it continues, and how long after its drop.
    pub continues: Option<(ConnId, Span)>,
    place: Place,
    opened_at: Option<Moment>,
    answer: Option<Answer>,
    breached: bool,
    heartbeats: Option<Box<Heartbeats>>,
}

impl Live {
    /// 101 was sent.
    pub fn open(&mut self, at: Moment) {
        self.opened_at = Some(at);
    }

    /// Our Close was answered.
    pub fn answer(&mut self, answer: Answer) {
        self.answer = Some(answer);
    }
}

/// One client.
#[derive(Clone, Debug)]
pub struct Story {
    pub identity: Identity,
    pub connections: u64,
    pub live: u64,
    /// The last request or end.
    pub last: Moment,
    messages: u64,
    refused: u64,
    conns: Vec<ConnId>,
    details: u32,
    handshakes: Handshakes,
    frames: Frames,
    pongs: Pongs,
    closes: Closes,
    reconnects: Reconnects,
    heartbeats: Heartbeats,
}

impl Story {
    /// Of a client whose first request just came.
    pub fn new(identity: Identity) -> Story {
        Story {
            identity,
            connections: 0,
            live: 0,
            last: Moment::START,
            messages: 0,
            refused: 0,
            conns: Vec::new(),
            details: 0,
            handshakes: Handshakes::default(),
            frames: Frames::default(),
            pongs: Pongs::default(),
            closes: Closes::default(),
            reconnects: Reconnects::default(),
            heartbeats: Heartbeats::default(),
        }
    }

    /// A request of the client's; gives the connection's own part.
    pub fn request(&mut self, at: Moment, conn: ConnId, head: &Head) -> Live {
        self.connections += 1;
        self.live += 1;
        self.last = at;
        if self.conns.len() < NAMED_MAX {
            self.conns.push(conn);
        }
        self.handshakes.request(head);
        let target = target_of(head);
        let came = self.reconnects.came(at, target, self.live);
        let watched = self.details < DETAILS_MAX;
        self.details += u32::from(watched);
        Live {
            key: self.identity.key,
            continues: came.continues,
            place: Place { conn, started: at, target, row: came.row },
            opened_at: None,
            answer: None,
            breached: false,
            heartbeats: watched.then(Box::default),
        }
    }

    /// The request was answered with another status than 101.
    pub fn refused(&mut self, at: Moment, live: Live, status: u16, retry_after: Option<u64>) {
        self.refused += 1;
        let retry_after = retry_after.map(|seconds| Span::from_secs(seconds.min(RETRY_AFTER_MAX)));
        self.over(at, live, End { ours: true, status: Some(status), retry_after, ..End::default() });
    }

    /// The connection was over before an answer was through.
    pub fn gone(&mut self, at: Moment, live: Live) {
        self.over(at, live, End { ours: true, ..End::default() });
    }

    /// The connection ended.
    pub fn ended(&mut self, at: Moment, mut live: Live, ended: &Ended) {
        if let How::Garbage { words, .. } = &ended.how
            && ended.by == Side::Peer
        {
            self.breach(&mut live, words);
        }
        if matches!(ended.how, How::Close { .. } | How::CloseThenCut { .. }) {
            self.frames.legal();
        }
        self.closes.ended(ended, live.answer);
        let end = End {
            opened: live.opened_at.is_some(),
            stable: live.opened_at.is_some_and(|opened| at.since(opened) >= STABLE),
            ..end_of(ended)
        };
        self.over(at, live, end);
    }

    /// A data message.
    pub fn message(&mut self, at: Moment, live: &mut Live, text: bool, bytes: &[u8]) {
        self.messages += 1;
        self.frames.legal();
        if let Some(heartbeats) = &mut live.heartbeats {
            heartbeats.message(at, text, bytes);
        }
    }

    /// A ping, or an unsolicited pong.
    pub fn control(&mut self, at: Moment, live: &mut Live, ping: bool) {
        self.frames.legal();
        match &mut live.heartbeats {
            Some(heartbeats) if ping => heartbeats.ping(at),
            Some(heartbeats) => heartbeats.pong(at),
            None => {}
        }
    }

    /// A ping of ours was answered after that time, or not at all.
    pub fn pinged(&mut self, rtt: Option<Span>) {
        match rtt {
            Some(rtt) => {
                self.frames.legal();
                self.pongs.answered(rtt);
            }
            None => self.pongs.missed(),
        }
    }

    /// A frame that is not legal. What follows on the same connection follows from it.
    pub fn breach(&mut self, live: &mut Live, words: &str) {
        if !live.breached {
            live.breached = true;
            self.frames.breach(words);
        }
    }

    /// When it is over for good; none while a connection lives.
    pub fn over_at(&self) -> Option<Moment> {
        (self.live == 0).then(|| self.reconnects.patient_until(self.last))
    }

    /// Illegal frames, and connections beside the one that followed a drop.
    pub fn counts(&self) -> (u64, u64) {
        (self.frames.breaches, self.reconnects.doubles)
    }

    /// All messages so far.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Takes what a connection showed that still lives when the story is told.
    pub fn take(&mut self, live: Live) {
        if let Some(heartbeats) = live.heartbeats {
            self.heartbeats.absorb(*heartbeats);
        }
    }

    /// The record.
    pub fn report(mut self, now: Moment) -> ClientReport {
        let reconnects = self.reconnects.report(now);
        let (breaches, double_reconnects) = self.counts();
        let card = Card {
            conns: self.conns,
            refused: self.refused,
            handshake: self.handshakes.report(),
            frames: self.frames.report(),
            pongs: self.pongs.report(),
            closes: self.closes.report(),
            reconnects,
            heartbeats: self.heartbeats.report(),
        };
        ClientReport {
            client: Some(self.identity.client),
            user_agent: self.identity.user_agent,
            class: self.identity.class,
            clients: 1,
            connections: self.connections,
            messages: self.messages,
            double_reconnects,
            breaches,
            card: Some(Box::new(card)),
        }
    }

    fn over(&mut self, at: Moment, live: Live, end: End) {
        self.live = self.live.saturating_sub(1);
        self.last = at;
        self.reconnects.ended(at, live.place, end, self.live);
        if let Some(heartbeats) = live.heartbeats {
            self.details = self.details.saturating_sub(1);
            self.heartbeats.absorb(*heartbeats);
        }
    }
}

/// What an end says about coming back. The stable time is not in it.
fn end_of(ended: &Ended) -> End {
    let ours = ended.by == Side::Us;
    match &ended.how {
        How::Close { code, .. } if ours => End { ours, code: *code, ..End::default() },
        How::CloseUnanswered { code, .. } => {
            End { ours: true, code: *code, known_for: since_our_close(ended), ..End::default() }
        }
        How::Close { code, .. } | How::CloseThenCut { code, .. } => End { done: is_normal(*code), ..End::default() },
        // We end what is not legal, and a client that made it has no reason to come back.
        How::Garbage { .. } => End { ours: true, code: Some(1002), ..End::default() },
        How::Fin | How::Reset | How::TlsTruncated | How::TlsAlert { .. } => End { ours, ..End::default() },
        How::Silent { .. } | How::KernelTimeout | How::WriteStuck => End { ours: true, ..End::default() },
        How::Local { .. } => End { ours: true, ..End::default() },
    }
}

/// How long our Close was out. The silence of an end is that before the Close, whoever sent it.
fn since_our_close(ended: &Ended) -> Span {
    let is_close =
        |frame: &&FrameBrief| frame.direction == Direction::Out && Opcode::from_bits(frame.opcode) == Opcode::Close;
    ended.last_frames.iter().find(is_close).map_or(ended.quiet_out, |frame| frame.ago)
}
