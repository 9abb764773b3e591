//! The feed without a socket: events in, records out.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::event::{Ended, FaultDone, How, Opened, UpgradeSent};
use crate::moment::Span;
use crate::report::Fan;
use crate::wire::head::Head;

fn event(seq: u64, conn: u32, kind: EventKind) -> Event {
    Event { seq, at: Moment::from_nanos(seq * 10), conn: ConnId(conn), kind }
}

fn asked(user_agent: &str) -> EventKind {
    let head = format!("GET /echo HTTP/1.1\r\nHost: h\r\nuser-agent: {user_agent}\r\n\r\n");
    EventKind::UpgradeSent(UpgradeSent { head: Head::verbatim(head.into_bytes()) })
}

fn opened(url: &str) -> EventKind {
    EventKind::Open(Opened {
        url: url.into(),
        peer: "127.0.0.1:5123".into(),
        subprotocol: None,
        server: None,
        took: Span::ZERO,
        down: None,
        served: None,
    })
}

fn ended() -> EventKind {
    EventKind::Ended(Ended::sample(How::Fin))
}

fn told(what: &str) -> EventKind {
    EventKind::FaultDone(FaultDone { fault: "close".into(), what: what.into() })
}

fn text(record: &Bytes) -> String {
    String::from_utf8(record.to_vec()).unwrap()
}

fn subscribe(feed: &PageFeed) -> (Bytes, mpsc::Receiver<Bytes>) {
    feed.subscribe(0, 0, "ws://127.0.0.1:9001/", "echo")
}

fn snapshot(feed: &PageFeed) -> serde_json::Value {
    let (record, _) = feed.subscribe(77, 1_790_000_000_000, "ws://127.0.0.1:9001/", "echo");
    let text = text(&record);
    let data = text.strip_prefix("event: snapshot\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
    assert!(!data.contains('\n'), "{data}");
    serde_json::from_str(data).unwrap()
}

#[test]
fn the_page_is_in_the_binary_with_all_that_it_asks_for() {
    let asked = regex::Regex::new(r#"(?:src="|href="|from '\.)(/[^"']*)"#).unwrap();
    let mut count = 0;
    for (path, kind, bytes) in FILES {
        assert_eq!(file(path), Some((kind, bytes)), "{path}");
        let text = std::str::from_utf8(bytes).unwrap();
        for found in asked.captures_iter(text) {
            assert!(file(&found[1]).is_some(), "{path} asks for {}", &found[1]);
            count += 1;
        }
    }
    assert!(count >= FILES.len() - 1, "{count}: every file but the page itself is asked for");
    assert!(file("/index.html").is_none());
}

#[test]
fn a_snapshot_lists_what_is_open() {
    let mut feed = PageFeed::default();
    for (conn, kind) in [
        (1_u32, asked("one\r\nx: \"2\"")),
        (1, opened("/echo")),
        (2, opened("/silent")),
        (3, asked("three")),
        (3, opened("/gone")),
        (3, ended()),
    ] {
        feed.on(&event(u64::from(conn), conn, kind)).unwrap();
    }
    let wanted = serde_json::json!({
        "now_ns": 77,
        "wall_ms": 1_790_000_000_000_u64,
        "url": "ws://127.0.0.1:9001/",
        "mode": "echo",
        "connections": [
            {"conn": 1, "peer": "127.0.0.1:5123", "target": "/echo", "opened_at_ns": 10, "user_agent": "one"},
            {"conn": 2, "peer": "127.0.0.1:5123", "target": "/silent", "opened_at_ns": 20, "user_agent": null},
        ],
        "not_listed": 0,
    });
    assert_eq!(snapshot(&feed), wanted);
}

#[test]
fn a_snapshot_is_bounded_and_counts_the_rest() {
    let mut feed = PageFeed::default();
    for conn in 1..=1002_u32 {
        feed.on(&event(u64::from(conn), conn, opened("/echo"))).unwrap();
    }
    let counts = |feed: &PageFeed| {
        let shown = snapshot(feed);
        (shown["connections"].as_array().unwrap().len(), shown["not_listed"].as_u64().unwrap())
    };
    assert_eq!(counts(&feed), (1000, 2));
    feed.on(&event(2000, 1002, ended())).unwrap();
    feed.on(&event(2001, 7, ended())).unwrap();
    assert_eq!(counts(&feed), (999, 1));
}

#[test]
fn requests_that_never_open_are_forgotten() {
    let mut feed = PageFeed::default();
    for conn in 1..=200_u32 {
        feed.on(&event(u64::from(conn), conn, asked("never"))).unwrap();
    }
    assert_eq!(feed.state().asked.len(), ASKED_MAX);
}

#[test]
fn every_reader_gets_each_event_as_its_json_line() {
    let mut feed = PageFeed::default();
    assert!(!feed.is_watched());
    let (_, mut one) = subscribe(&feed);
    let (_, mut two) = subscribe(&feed);
    assert!(feed.is_watched());
    let happened = event(7, 1, told("one\ntwo"));
    feed.on(&happened).unwrap();
    let wanted = format!("data: {}\n", json::line(&happened).unwrap());
    assert_eq!(text(&one.try_recv().unwrap()), wanted);
    assert_eq!(text(&two.try_recv().unwrap()), wanted);
    assert!(one.try_recv().is_err());
    drop((one, two));
    assert!(!feed.is_watched());
    feed.on(&event(8, 1, told("nobody looks"))).unwrap();
    assert!(feed.state().readers.is_empty());
}

#[test]
fn a_slow_reader_is_told_how_much_it_lost_and_others_lose_nothing() {
    let mut feed = PageFeed::default();
    let (_, mut slow) = subscribe(&feed);
    let (_, mut quick) = subscribe(&feed);
    for seq in 1..=300 {
        feed.on(&event(seq, 1, told("x"))).unwrap();
        assert!(text(&quick.try_recv().unwrap()).contains(&format!("\"seq\":{seq},")));
    }
    assert!(text(&slow.try_recv().unwrap()).contains("\"seq\":1,"));
    feed.on(&event(301, 1, told("room for one record is not enough"))).unwrap();
    for seq in 2..=256 {
        assert!(text(&slow.try_recv().unwrap()).contains(&format!("\"seq\":{seq},")));
    }
    feed.on(&event(302, 1, told("y"))).unwrap();
    assert_eq!(text(&slow.try_recv().unwrap()), "event: lost\ndata: {\"count\":45}\n\n");
    assert!(text(&slow.try_recv().unwrap()).contains("\"seq\":302,"));
}

#[test]
fn time_alone_tells_what_was_lost() {
    let mut feed = PageFeed::default();
    let (_, mut slow) = subscribe(&feed);
    for seq in 1..=257 {
        feed.on(&event(seq, 1, told("x"))).unwrap();
    }
    while slow.try_recv().is_ok() {}
    feed.tick(Moment::from_millis(1)).unwrap();
    assert_eq!(text(&slow.try_recv().unwrap()), "event: lost\ndata: {\"count\":1}\n\n");
    feed.tick(Moment::from_millis(2)).unwrap();
    assert!(slow.try_recv().is_err());
}

#[test]
fn the_feed_goes_into_the_fan_and_shows_no_secret() {
    let feed = PageFeed::default();
    let mut fan = Fan::new(true);
    fan.add(Box::new(feed.clone()));
    let (_, mut reader) = subscribe(&feed);
    fan.emit(Moment::START, ConnId(1), opened("/echo?token=hush"));
    let record = text(&reader.try_recv().unwrap());
    assert!(record.contains("/echo?token=***") && !record.contains("hush"), "{record}");
    assert_eq!(snapshot(&feed)["connections"][0]["target"], "/echo?token=***");
    fan.finish();
    assert!(matches!(reader.try_recv(), Err(mpsc::error::TryRecvError::Disconnected)));
}
