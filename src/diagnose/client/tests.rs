//! Whole stories of clients, good and bad, from their facts to their cards.

use super::*;
use crate::event::client_report::{Card, FinalSeen, HeartbeatKind, Throttled};
use crate::event::{Direction, FrameBrief, How, Side};

/// A server and its clock, in milliseconds.
struct Stage {
    clients: Clients,
    at: u64,
    conn: u32,
    target: &'static str,
    user_agent: String,
}

impl Stage {
    fn new() -> Stage {
        Stage { clients: Clients::new(), at: 1000, conn: 0, target: "/", user_agent: "node".into() }
    }

    fn now(&self) -> Moment {
        Moment::from_millis(self.at)
    }

    fn wait(&mut self, millis: u64) {
        self.at += millis;
    }

    fn see(&mut self, conn: u32, fact: Fact<'_>) {
        self.clients.see(self.now(), ConnId(conn), fact);
    }

    /// A request with that key; the number of its connection.
    fn request_with(&mut self, key: &str) -> u32 {
        self.conn += 1;
        let head = format!(
            "GET {} HTTP/1.1\r\nHost: 127.0.0.1:9001\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nOrigin: http://localhost:3000\r\n\
            User-Agent: {}\r\n\r\n",
            self.target, self.user_agent
        );
        let peer = format!("127.0.0.1:{}", 51_000 + self.conn % 10_000);
        let head = Head::verbatim(head.into_bytes());
        self.see(self.conn, Fact::Request { peer: &peer, head: &head });
        self.conn
    }

    fn open(&mut self) -> u32 {
        let conn = self.request_with(&format!("{:022}==", self.conn));
        self.see(conn, Fact::Open);
        conn
    }

    fn refuse(&mut self, status: u16, retry_after: Option<u64>) {
        let conn = self.request_with(&format!("{:022}==", self.conn));
        self.see(conn, Fact::Refused { status, retry_after });
    }

    fn text(&mut self, conn: u32, text: &str) {
        self.see(conn, Fact::Message { text: true, bytes: text.as_bytes() });
    }

    fn end(&mut self, conn: u32, how: How, by: Side) {
        let ended = Ended { by, ..Ended::sample(how) };
        self.see(conn, Fact::Ended { ended: &ended });
    }

    /// A Close of ours, answered with the same code.
    fn close(&mut self, conn: u32, code: u16, micros: u64) {
        self.see(conn, Fact::CloseAnswered { code: Some(code), took: Span::from_nanos(micros * 1000) });
        self.end(conn, How::Close { code: Some(code), reason: String::new() }, Side::Us);
    }

    fn finish(&mut self) -> Vec<ClientReport> {
        self.clients.finish(self.now())
    }

    /// The one story.
    fn card(&mut self) -> Card {
        let reports = self.finish();
        assert_eq!(reports.len(), 1);
        *reports.into_iter().next().and_then(|report| report.card).expect("a card")
    }
}

#[test]
fn the_client_of_the_sixth_screen_has_its_card() {
    let mut stage = Stage::new();
    stage.target = "/fault/close=4001:expired@5s";
    stage.at = 4102;
    let first = stage.open();
    stage.text(first, "a text of echo");
    stage.at = 9104;
    stage.close(first, 4001, 900);
    stage.at = 9611;
    let second = stage.open();
    assert_eq!(stage.clients.returns(ConnId(second)), Some((ConnId(first), Span::from_millis(507))));
    stage.at = 11_020;
    stage.close(second, 1001, 700);
    assert_eq!(stage.finish(), [ClientReport::sample()]);
    assert!(stage.finish().is_empty(), "a story is told once");
}

#[test]
fn a_story_is_over_30_s_after_the_last_connection() {
    let mut stage = Stage::new();
    let conn = stage.open();
    assert_eq!(stage.clients.deadline(), None);
    stage.close(conn, 4001, 900);
    assert_eq!(stage.clients.deadline(), Some(Moment::from_millis(31_000)));
    assert!(stage.clients.due(Moment::from_millis(30_999)).is_empty());
    let reports = stage.clients.due(Moment::from_millis(31_000));
    assert_eq!(reports.len(), 1);
    let card = reports[0].card.as_ref().expect("a card");
    assert_eq!((card.reconnects.drops, card.reconnects.not_back), (1, 1));
    assert_eq!(stage.clients.deadline(), None);
    let again = stage.open();
    assert_eq!(stage.clients.returns(ConnId(again)), None);
}

#[test]
fn a_good_client_backs_off_with_jitter_and_comes_back_once() {
    let mut stage = Stage::new();
    let conn = stage.open();
    stage.close(conn, 1012, 500);
    for (index, delay) in [1200, 1900, 900, 5100, 7700, 14_000].into_iter().enumerate() {
        stage.wait(delay);
        if index < 5 {
            stage.refuse(503, None);
        }
    }
    let conn = stage.open();
    stage.end(conn, How::Close { code: Some(1000), reason: String::new() }, Side::Peer);
    let card = stage.card();
    let seen = card.reconnects;
    assert_eq!((seen.drops, seen.came_back, seen.not_back, seen.doubles_at_once), (6, 6, 0, 0));
    assert_eq!((seen.grows, seen.jitter, seen.in_row, seen.opened_between), (Some(true), Some(true), 6, false));
    assert_eq!((seen.restart.asked, seen.restart.waited), (1, 1));
    assert_eq!((card.refused, card.closes.own[0].code), (5, Some(1000)));
}

#[test]
fn a_client_that_opens_twice_for_each_drop_is_told() {
    let mut stage = Stage::new();
    let mut conn = stage.open();
    for _ in 0..3 {
        stage.wait(5000);
        stage.end(conn, How::Fin, Side::Us);
        stage.wait(1000);
        conn = stage.open();
        stage.wait(2);
        let other = stage.open();
        assert_eq!(stage.clients.returns(ConnId(other)), None);
        stage.wait(100);
        stage.end(other, How::Close { code: None, reason: String::new() }, Side::Peer);
    }
    let report = stage.finish().remove(0);
    let seen = report.card.expect("a card").reconnects;
    assert_eq!((report.double_reconnects, seen.doubles_at_once, seen.drops), (3, 3, 3));
}

#[test]
fn a_fixed_delay_neither_grows_nor_varies() {
    let mut stage = Stage::new();
    let mut conn = stage.open();
    for extra in [3, 1, 4, 1, 5] {
        stage.wait(2000);
        stage.end(conn, How::Reset, Side::Us);
        stage.wait(1000 + extra);
        conn = stage.open();
    }
    let seen = stage.card().reconnects;
    assert_eq!((seen.grows, seen.factor, seen.jitter, seen.cap), (Some(false), Some(1.0), Some(false), None));
    assert_eq!((seen.drops, seen.in_row, seen.opened_between), (5, 5, true));
}

#[test]
fn a_client_that_repeats_its_key_is_told() {
    let mut stage = Stage::new();
    for _ in 0..3 {
        let conn = stage.request_with("AAAAAAAAAAAAAAAAAAAAAA==");
        stage.see(conn, Fact::Open);
        stage.close(conn, 1000, 500);
    }
    let handshake = stage.card().handshake;
    assert_eq!((handshake.requests, handshake.key_repeats, handshake.wrong.len()), (3, 2, 1));
}

#[test]
fn a_client_that_comes_back_after_1008_and_401_is_told() {
    let mut stage = Stage::new();
    let conn = stage.open();
    stage.close(conn, 1008, 500);
    stage.wait(400);
    stage.refuse(401, None);
    stage.wait(400);
    stage.open();
    let finals = stage.card().reconnects.finals;
    let back = |code| FinalSeen { code, times: 1, came_back: 1 };
    assert_eq!(finals, [back(1008), back(401)]);
}

#[test]
fn retry_after_keeps_a_story_open_and_is_measured() {
    let mut stage = Stage::new();
    stage.refuse(503, Some(60));
    assert_eq!(stage.clients.deadline(), Some(Moment::from_millis(91_000)));
    stage.wait(61_000);
    stage.open();
    let wait = stage.card().reconnects.retry_after;
    assert_eq!((wait.asked, wait.waited), (1, 1));
}

#[test]
fn heartbeats_are_found_and_throttled_ones_are_told() {
    for (gaps, throttled) in [
        (vec![25_000; 5], None),
        (vec![15_000, 15_000, 15_000, 60_000, 60_100, 59_900], Some((Span::from_secs(15), Span::from_secs(60)))),
    ] {
        let mut stage = Stage::new();
        let conn = stage.open();
        stage.text(conn, "HeartBeat");
        for gap in &gaps {
            stage.wait(*gap);
            stage.text(conn, "HeartBeat");
        }
        let seen = stage.card().heartbeats;
        let throttled = throttled.map(|(before, aligned_to)| Throttled { before, aligned_to });
        assert_eq!((seen.len(), seen[0].kind, seen[0].throttled), (1, HeartbeatKind::Text, throttled));
        assert_eq!(seen[0].count, gaps.len() as u64 + 1);
    }
}

#[test]
fn pings_pongs_and_breaches_find_their_places() {
    let mut stage = Stage::new();
    let conn = stage.open();
    stage.see(conn, Fact::ClientPing);
    stage.see(conn, Fact::ClientPong);
    stage.see(conn, Fact::Answered { rtt: Span::from_millis(3) });
    stage.see(conn, Fact::Missed);
    stage.see(conn, Fact::Breach { words: "a frame of a client without a mask" });
    let words = "a frame of a client without a mask".to_owned();
    stage.end(conn, How::Garbage { breach: "mask-missing".into(), words }, Side::Peer);
    let report = stage.finish().remove(0);
    let card = report.card.expect("a card");
    assert_eq!(report.breaches, 1, "the end by a breach is the breach itself");
    assert_eq!(card.frames.breach.as_deref(), Some("a frame of a client without a mask"));
    assert_eq!((card.pongs.answered, card.pongs.missed, card.pongs.note), (1, 1, None));
    assert_eq!(card.heartbeats.len(), 2);
}

#[test]
fn an_unanswered_close_is_told_and_the_early_return_is_no_second_connection() {
    let mut stage = Stage::new();
    let conn = stage.open();
    stage.wait(1500);
    stage.open();
    stage.wait(3500);
    let how = How::CloseUnanswered { code: Some(4001), cut: false };
    let close = FrameBrief { direction: Direction::Out, opcode: 8, fin: true, len: 2, ago: Span::from_millis(4000) };
    let ended = Ended { by: Side::Us, last_frames: vec![close], ..Ended::sample(how) };
    stage.see(conn, Fact::Ended { ended: &ended });
    let report = stage.finish().remove(0);
    let card = report.card.expect("a card");
    assert_eq!((card.closes.unanswered, card.closes.answered), (1, 0));
    assert_eq!((card.reconnects.drops, card.reconnects.came_back, report.double_reconnects), (1, 1, 0));
}

#[test]
fn of_150_clients_100_have_a_card_and_the_rest_is_counted_by_class() {
    let mut stage = Stage::new();
    for number in 0..150 {
        stage.user_agent = format!("load/{number}");
        let conn = stage.open();
        stage.text(conn, "x");
        stage.wait(1);
        stage.close(conn, 1000, 500);
    }
    assert_eq!((stage.clients.stories.len(), stage.clients.live.len()), (STORIES_MAX, 0));
    let reports = stage.finish();
    assert_eq!(reports.len(), STORIES_MAX + 1);
    assert_eq!(reports[0].user_agent.as_deref(), Some("load/50"));
    let class = &reports[STORIES_MAX];
    assert_eq!((class.class.as_str(), class.clients, class.connections, class.messages), ("load", 50, 50, 50));
    assert_eq!((&class.client, &class.card), (&None, &None));
}

#[test]
fn ten_thousand_connections_of_one_client_are_one_story() {
    let mut stage = Stage::new();
    let conns: Vec<u32> = (0..10_000).map(|_| stage.open()).collect();
    for conn in &conns {
        stage.text(*conn, "HeartBeat");
    }
    let watched = stage.clients.live.len();
    for conn in &conns {
        stage.end(*conn, How::Reset, Side::Us);
    }
    assert_eq!((watched, stage.clients.live.len(), stage.clients.stories.len()), (10_000, 0, 1));
    let report = stage.finish().remove(0);
    let conns = report.card.expect("a card").conns;
    assert_eq!((report.connections, report.messages, report.double_reconnects), (10_000, 10_000, 0));
    assert_eq!(conns.len(), 16);
}

#[test]
fn facts_of_unknown_connections_and_second_ends_are_ignored() {
    let mut stage = Stage::new();
    stage.see(99, Fact::Open);
    stage.see(99, Fact::Missed);
    let conn = stage.open();
    stage.close(conn, 1000, 500);
    stage.end(conn, How::Fin, Side::Peer);
    let closes = stage.card().closes;
    assert_eq!((closes.answered, closes.without_close), (1, 0));
}
