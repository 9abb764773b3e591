//! The clients of `serve`, each told as one story: the machine that sorts facts by client and makes their report cards.
//! Owns which connection belongs to which client, when a story is over, and the bounds: the last 100 stories, the rest
//! folded by class. All is seen from the server. What each part of a card means is in the files below (field guide E.2,
//! F11, F12).

mod closes;
mod delays;
mod frames;
mod handshake;
mod heartbeats;
mod identity;
mod pongs;
mod reconnects;
mod story;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use crate::diagnose::client::identity::Identity;
use crate::diagnose::client::story::{Live, Story};
use crate::event::client_report::ClientReport;
use crate::event::{ConnId, Ended};
use crate::moment::{Moment, Span};
use crate::wire::head::Head;

/// So many stories are told one by one.
const STORIES_MAX: usize = 100;
/// So many classes are told apart.
const CLASSES_MAX: usize = 32;

/// What the wiring tells of a connection. The first is `Request`; `Refused`, `Gone` and `Ended` are the last.
#[derive(Clone, Copy, Debug)]
pub enum Fact<'a> {
    /// The request, and the peer's address, as it came; before the answer. Not for a plain request without Upgrade.
    Request {
        peer: &'a str,
        head: &'a Head,
    },
    /// Answered with another status than 101: our own refusal, or a fault. Retry-After in seconds if sent.
    Refused {
        status: u16,
        retry_after: Option<u64>,
    },
    /// The connection is over, and no answer was through: no answer at all, or one that is none.
    Gone,
    Open,
    /// A data message of the client's, whole.
    Message {
        text: bool,
        bytes: &'a [u8],
    },
    ClientPing,
    /// An unsolicited pong.
    ClientPong,
    /// Our ping was answered after this time.
    Answered {
        rtt: Span,
    },
    /// Our ping was not answered in time.
    Missed,
    /// A frame that is not legal, in the words of `wire::sequence::Breach`.
    Breach {
        words: &'a str,
    },
    /// The client's Close that answers ours; before `Ended`.
    CloseAnswered {
        code: Option<u16>,
        took: Span,
    },
    Ended {
        ended: &'a Ended,
    },
}

/// The counts of clients that are no longer told one by one.
#[derive(Clone, Debug, Default)]
struct Folded {
    clients: u64,
    connections: u64,
    messages: u64,
    doubles: u64,
    breaches: u64,
}

/// All clients of a server.
#[derive(Clone, Debug, Default)]
pub struct Clients {
    live: HashMap<ConnId, Live>,
    stories: HashMap<u64, Story>,
    folded: BTreeMap<String, Folded>,
}

impl Clients {
    /// None yet.
    pub fn new() -> Clients {
        Clients::default()
    }

    /// Takes the next fact. Facts of an unknown connection are ignored.
    pub fn see(&mut self, at: Moment, conn: ConnId, fact: Fact<'_>) {
        match fact {
            Fact::Request { peer, head } => self.request(at, conn, peer, head),
            Fact::Refused { status, retry_after } => {
                self.last(conn, |story, live| story.refused(at, live, status, retry_after));
            }
            Fact::Gone => self.last(conn, |story, live| story.gone(at, live)),
            Fact::Ended { ended } => self.last(conn, |story, live| story.ended(at, live, ended)),
            Fact::Open => self.with(conn, |_, live| live.open(at)),
            Fact::Message { text, bytes } => self.with(conn, |story, live| story.message(at, live, text, bytes)),
            Fact::ClientPing => self.with(conn, |story, live| story.control(at, live, true)),
            Fact::ClientPong => self.with(conn, |story, live| story.control(at, live, false)),
            Fact::Answered { rtt } => self.with(conn, |story, _| story.pinged(Some(rtt))),
            Fact::Missed => self.with(conn, |story, _| story.pinged(None)),
            Fact::Breach { words } => self.with(conn, |story, live| story.breach(live, words)),
            Fact::CloseAnswered { code, took } => self.with(conn, |_, live| live.answer((code, took))),
        }
    }

    /// The stories that are over: all connections of the client ended, and it has not come back for 30 s, or for longer
    /// where its delays or our Retry-After were long.
    pub fn due(&mut self, now: Moment) -> Vec<ClientReport> {
        let over = |story: &Story| story.over_at().is_some_and(|over| over <= now);
        let keys: Vec<u64> = self.stories.iter().filter(|(_, story)| over(story)).map(|(key, _)| *key).collect();
        let stories = keys.into_iter().filter_map(|key| self.stories.remove(&key)).collect();
        told(stories, now)
    }

    /// When the next story is over, if nothing more comes.
    pub fn deadline(&self) -> Option<Moment> {
        self.stories.values().filter_map(Story::over_at).min()
    }

    /// All stories that are left, and the folded classes: at shutdown.
    pub fn finish(&mut self, now: Moment) -> Vec<ClientReport> {
        for (_, live) in self.live.drain() {
            if let Some(story) = self.stories.get_mut(&live.key) {
                story.take(live);
            }
        }
        let stories = self.stories.drain().map(|(_, story)| story).collect();
        let mut reports = told(stories, now);
        reports.extend(std::mem::take(&mut self.folded).into_iter().map(class_report));
        reports
    }

    /// Which earlier connection this one seems to continue, and how long after its drop; while it lives.
    pub fn returns(&self, conn: ConnId) -> Option<(ConnId, Span)> {
        self.live.get(&conn)?.continues
    }

    fn request(&mut self, at: Moment, conn: ConnId, peer: &str, head: &Head) {
        // A second request on the same connection: the first one led to nothing.
        self.last(conn, |story, live| story.gone(at, live));
        let identity = Identity::of(peer, head);
        let key = identity.key;
        if !self.stories.contains_key(&key) && self.stories.len() >= STORIES_MAX {
            self.fold_one();
        }
        let story = self.stories.entry(key).or_insert_with(|| Story::new(identity));
        let live = story.request(at, conn, head);
        self.live.insert(conn, live);
    }

    /// A fact of a connection that lives on. That of a client that was folded is lost.
    fn with(&mut self, conn: ConnId, tell: impl FnOnce(&mut Story, &mut Live)) {
        let Some(live) = self.live.get_mut(&conn) else { return };
        if let Some(story) = self.stories.get_mut(&live.key) {
            tell(story, live);
        }
    }

    /// The last fact of a connection.
    fn last(&mut self, conn: ConnId, tell: impl FnOnce(&mut Story, Live)) {
        let Some(live) = self.live.remove(&conn) else { return };
        if let Some(story) = self.stories.get_mut(&live.key) {
            tell(story, live);
        }
    }

    /// The client that was seen longest ago, one without a connection if there is any, goes to its class.
    fn fold_one(&mut self) {
        let oldest = self.stories.iter().min_by_key(|(_, story)| (story.live > 0, story.last));
        let Some(key) = oldest.map(|(key, _)| *key) else { return };
        let Some(story) = self.stories.remove(&key) else { return };
        let known = self.folded.len() < CLASSES_MAX || self.folded.contains_key(&story.identity.class);
        let class = if known { story.identity.class.clone() } else { "others".to_owned() };
        let (breaches, doubles) = story.counts();
        let folded = self.folded.entry(class).or_default();
        folded.clients += 1;
        folded.connections += story.connections;
        folded.messages += story.messages();
        folded.doubles += doubles;
        folded.breaches += breaches;
    }
}

/// The records, in the order in which the clients first came.
fn told(stories: Vec<Story>, now: Moment) -> Vec<ClientReport> {
    let mut reports: Vec<ClientReport> = stories.into_iter().map(|story| story.report(now)).collect();
    reports.sort_by_key(|report| report.card.as_ref().and_then(|card| card.conns.first().copied()));
    reports
}

fn class_report((class, folded): (String, Folded)) -> ClientReport {
    ClientReport {
        client: None,
        user_agent: None,
        class,
        clients: folded.clients,
        connections: folded.connections,
        messages: folded.messages,
        double_reconnects: folded.doubles,
        breaches: folded.breaches,
        card: None,
    }
}
