//! The page of `serve`, as far as it is output: its files inside the binary, and the feed of events for those who look
//! at it. Owns what a new reader is told first and what a slow one loses; no socket, no clock. The records are
//! server-sent events (HTML Living Standard section 9.2), an event's line that of `report::json`.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::event::{ConnId, Event, EventKind};
use crate::moment::Moment;
use crate::report::{Reporter, json};

/// So many open connections are listed; the rest are counted.
const LISTED_MAX: usize = 1000;
/// So many records wait for a reader.
const AHEAD_MAX: usize = 256;
/// Requests that were seen and are not open yet.
const ASKED_MAX: usize = 64;

/// The content type of a script.
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The static files: path, content type, bytes.
const FILES: [(&str, &str, &[u8]); 10] = [
    ("/", "text/html; charset=utf-8", include_bytes!("page/index.html").as_slice()),
    ("/page.css", "text/css; charset=utf-8", include_bytes!("page/page.css").as_slice()),
    ("/icon.svg", "image/svg+xml", include_bytes!("page/icon.svg").as_slice()),
    ("/page.js", SCRIPT, include_bytes!("page/page.js").as_slice()),
    ("/client.js", SCRIPT, include_bytes!("page/client.js").as_slice()),
    ("/compare.js", SCRIPT, include_bytes!("page/compare.js").as_slice()),
    ("/feed.js", SCRIPT, include_bytes!("page/feed.js").as_slice()),
    ("/list.js", SCRIPT, include_bytes!("page/list.js").as_slice()),
    ("/timeline.js", SCRIPT, include_bytes!("page/timeline.js").as_slice()),
    ("/words.js", SCRIPT, include_bytes!("page/words.js").as_slice()),
];

/// The file at a path: content type and bytes.
pub fn file(path: &str) -> Option<(&'static str, &'static [u8])> {
    FILES.iter().find(|(own, ..)| *own == path).map(|(_, kind, bytes)| (*kind, *bytes))
}

/// The feed. A clone is the same feed: one goes into the `Fan`, one stays with who lets readers in.
#[derive(Clone, Default)]
pub struct PageFeed {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    open: BTreeMap<ConnId, Listed>,
    /// Open ones beyond those that are listed.
    unlisted: usize,
    /// The User-Agent of each request that is not open yet.
    asked: VecDeque<(ConnId, Option<String>)>,
    readers: Vec<PageReader>,
}

/// A connection as the page lists it.
#[derive(Serialize)]
struct Listed {
    conn: ConnId,
    peer: String,
    target: String,
    opened_at_ns: Moment,
    user_agent: Option<String>,
}

#[derive(Serialize)]
struct Snapshot<'a> {
    now_ns: u64,
    wall_ms: i64,
    url: &'a str,
    mode: &'a str,
    connections: Vec<&'a Listed>,
    /// How many more are open than are listed.
    not_listed: usize,
}

struct PageReader {
    sender: mpsc::Sender<Bytes>,
    lost: u64,
}

impl PageFeed {
    /// Does anybody look? Ask before events are made that cost.
    pub fn is_watched(&self) -> bool {
        self.state().readers.iter().any(|reader| !reader.sender.is_closed())
    }

    /// A new reader: what stands now, as a record, and the records that follow. `url`: where the server is reached;
    /// `mode`: what it does with a client by itself.
    pub fn subscribe(&self, now_ns: u64, wall_ms: i64, url: &str, mode: &str) -> (Bytes, mpsc::Receiver<Bytes>) {
        let mut state = self.state();
        let (sender, records) = mpsc::channel(AHEAD_MAX);
        let (connections, not_listed) = (state.open.values().collect(), state.unlisted);
        let snapshot = Snapshot { now_ns, wall_ms, url, mode, connections, not_listed }.record();
        state.readers.retain(|reader| !reader.sender.is_closed());
        state.readers.push(PageReader { sender, lost: 0 });
        (snapshot, records)
    }

    /// A thread that panicked while it held the lock leaves a list that is good enough to look at.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reporter for PageFeed {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        let mut state = self.state();
        state.note(event);
        state.send(event)
    }

    fn tick(&mut self, _now: Moment) -> io::Result<()> {
        let mut state = self.state();
        state.readers.retain_mut(|reader| reader.tell_lost(1).is_ok());
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.state().readers.clear();
        Ok(())
    }
}

impl State {
    fn note(&mut self, event: &Event) {
        let conn = event.conn;
        match &event.kind {
            EventKind::UpgradeSent(sent) => {
                if self.asked.len() >= ASKED_MAX {
                    self.asked.pop_front();
                }
                self.asked.push_back((conn, sent.head.first("User-Agent").map(str::to_owned)));
            }
            EventKind::Open(opened) => {
                let user_agent = self.take_asked(conn);
                if self.open.len() >= LISTED_MAX {
                    self.unlisted += 1;
                    return;
                }
                let (peer, target) = (opened.peer.clone(), opened.url.clone());
                self.open.insert(conn, Listed { conn, peer, target, opened_at_ns: event.at, user_agent });
            }
            EventKind::Ended(_) => {
                if self.open.remove(&conn).is_none() {
                    self.unlisted = self.unlisted.saturating_sub(1);
                }
            }
            // A 101 is followed by the open.
            EventKind::UpgradeAnswered(answer) if answer.head.status() == Some(101) => {}
            EventKind::UpgradeAnswered(_) => {
                self.take_asked(conn);
            }
            EventKind::RunStarted(_)
            | EventKind::DialStarted(_)
            | EventKind::Resolved(_)
            | EventKind::TcpOpen(_)
            | EventKind::TlsReady(_)
            | EventKind::Redirected(_)
            | EventKind::DialFailed(_)
            | EventKind::Frame(_)
            | EventKind::Message(_)
            | EventKind::Received(_)
            | EventKind::Heartbeat(_)
            | EventKind::Answered(_)
            | EventKind::StrayPong(_)
            | EventKind::Missed(_)
            | EventKind::PingsIgnored(_)
            | EventKind::Farewell(_)
            | EventKind::Held(_)
            | EventKind::CloseSeen(_)
            | EventKind::RetryAt(_)
            | EventKind::GaveUp(_)
            | EventKind::FaultDone(_)
            | EventKind::ClientReport(_)
            | EventKind::Finding(_)
            | EventKind::Check(_)
            | EventKind::Compared(_)
            | EventKind::SecondLook(_)
            | EventKind::ClockStepped(_)
            | EventKind::HeartbeatChosen(_)
            | EventKind::ExamPlanned(_)
            | EventKind::Examined(_)
            | EventKind::IdleSocket(_)
            | EventKind::IdleFound(_)
            | EventKind::InputBad(_)
            | EventKind::InputEnded(_)
            | EventKind::Lines(_)
            | EventKind::Judged(_)
            | EventKind::Listening(_)
            | EventKind::RunEnded(_) => {}
        }
    }

    fn take_asked(&mut self, conn: ConnId) -> Option<String> {
        let at = self.asked.iter().position(|(asked, _)| *asked == conn)?;
        self.asked.remove(at).and_then(|(_, user_agent)| user_agent)
    }

    /// Hands the event on. Its line is made once, and only when there is a reader with room for it.
    fn send(&mut self, event: &Event) -> io::Result<()> {
        let mut record: Option<Bytes> = None;
        let mut kept = Vec::with_capacity(self.readers.len());
        for mut reader in self.readers.drain(..) {
            if reader.tell_lost(2).is_err() {
                continue;
            }
            if reader.lost > 0 || reader.sender.capacity() == 0 {
                reader.lost += 1;
            } else {
                let bytes = match &record {
                    Some(bytes) => bytes.clone(),
                    None => record.insert(Bytes::from(format!("data: {}\n\n", json::line(event)?.trim_end()))).clone(),
                };
                // There is room: it was looked at, and nobody else sends.
                let _ = reader.sender.try_send(bytes);
            }
            kept.push(reader);
        }
        self.readers = kept;
        Ok(())
    }
}

impl Snapshot<'_> {
    fn record(&self) -> Bytes {
        // Numbers and texts alone: there is nothing in it that JSON cannot say.
        let text = serde_json::to_string(self).unwrap_or_default();
        Bytes::from(format!("event: snapshot\ndata: {text}\n\n"))
    }
}

impl PageReader {
    /// Tells how many events were lost, once there is room for that and for what follows: `room` records. The error is
    /// for a reader that is gone.
    fn tell_lost(&mut self, room: usize) -> Result<(), Gone> {
        if self.sender.is_closed() {
            return Err(Gone);
        }
        if self.lost > 0 && self.sender.capacity() >= room {
            let record = format!("event: lost\ndata: {{\"count\":{}}}\n\n", self.lost);
            if self.sender.try_send(Bytes::from(record)).is_ok() {
                self.lost = 0;
            }
        }
        Ok(())
    }
}

/// The reader went away.
#[derive(Debug)]
struct Gone;
