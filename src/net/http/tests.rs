//! Whole requests over `duplex`, in paused time: no socket, no real waiting.

#![allow(clippy::unwrap_used)]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use hyper::body::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::LocalSet;
use tokio::time::Instant;

use super::{Feed, Listening, Messages, Place, READERS_MAX, Readers, Site, serve};
use crate::moment::Span;
use crate::net::prefixed::Prefixed;

/// A site with one file, one socket path, a feed that the test speaks into, and a stream that it fills.
#[derive(Default)]
struct Stand {
    stream: Rc<Sample>,
    readers: Readers,
    feeds: RefCell<Vec<mpsc::Sender<Bytes>>>,
}

impl Site for Stand {
    fn bound(&self) -> Vec<String> {
        vec!["192.0.2.7:9001".into()]
    }

    fn file(&self, path: &str) -> Option<(&'static str, &'static [u8])> {
        (path == "/").then_some(("text/html; charset=utf-8", b"<!doctype html>".as_slice()))
    }

    fn is_socket_path(&self, path: &str) -> bool {
        path == "/echo"
    }

    fn feed(&self) -> Feed {
        let (sender, events) = mpsc::channel(4);
        self.feeds.borrow_mut().push(sender);
        Feed { first: Bytes::from_static(b"event: snapshot\ndata: {}\n\n"), events }
    }

    fn stream(&self) -> Rc<dyn Messages> {
        Rc::clone(&self.stream) as Rc<dyn Messages>
    }

    fn readers(&self) -> Readers {
        self.readers.clone()
    }
}

/// Messages from number 1 on; the first `gone` of them are not kept any more.
#[derive(Default)]
struct Sample {
    texts: RefCell<Vec<Rc<str>>>,
    gone: Cell<usize>,
    arrival: Arc<Notify>,
    polls: Cell<u32>,
    listeners: Rc<Cell<u32>>,
}

impl Sample {
    fn add(&self, text: &str) {
        self.texts.borrow_mut().push(Rc::from(text));
        self.arrival.notify_waiters();
    }
}

impl Messages for Sample {
    fn next(&self) -> u64 {
        self.texts.borrow().len() as u64 + 1
    }

    fn since(&self, from: u64) -> Vec<(u64, Rc<str>)> {
        let texts = self.texts.borrow();
        let numbered = (1..).zip(texts.iter().cloned());
        numbered.skip(self.gone.get()).filter(|(number, _)| *number >= from).collect()
    }

    fn arrival(&self) -> Arc<Notify> {
        Arc::clone(&self.arrival)
    }

    fn polled(&self) {
        self.polls.set(self.polls.get() + 1);
    }

    fn listen(&self) -> Box<dyn Listening> {
        self.listeners.set(self.listeners.get() + 1);
        Box::new(Ear(Rc::clone(&self.listeners)))
    }
}

struct Ear(Rc<Cell<u32>>);

impl Listening for Ear {}

impl Drop for Ear {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// A connection whose first bytes are `request`.
fn connect(site: &Rc<Stand>, request: &str) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let io = Prefixed::new(request.as_bytes().to_vec(), ours);
    tokio::task::spawn_local(serve(io, Rc::clone(site) as Rc<dyn Site>));
    theirs
}

/// One request on a connection of its own; the whole answer.
async fn ask(site: &Rc<Stand>, start: &str, fields: &str) -> String {
    let mut client = connect(site, &format!("{start} HTTP/1.1\r\nConnection: close\r\n{fields}\r\n"));
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn get(site: &Rc<Stand>, target: &str) -> String {
    ask(site, &format!("GET {target}"), "Host: localhost:9001\r\n").await
}

/// Reads until `wanted` has come; fails when the stream ends before, or 16 KiB are not enough.
async fn read_until(client: &mut DuplexStream, wanted: &str) -> String {
    let mut got = String::new();
    let mut piece = [0; 1024];
    while !got.contains(wanted) {
        let count = client.read(&mut piece).await.unwrap();
        assert!(count > 0 && got.len() < 16 * 1024, "no {wanted:?} in {got:?}");
        got.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
    got
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

async fn local(test: impl Future<Output = ()>) {
    LocalSet::new().run_until(test).await;
}

#[tokio::test(start_paused = true)]
async fn every_path_has_its_answer_and_every_answer_its_fields() {
    local(async {
        let site = Rc::new(Stand::default());
        for (target, wanted, in_body) in [
            ("/", "200", "<!doctype html>"),
            ("/?x=1", "200", "<!doctype html>"),
            ("/nothing", "404", "nothing at this path"),
            ("/feed/", "404", "nothing at this path"),
            ("/%66eed", "404", "nothing at this path"),
            ("/echo", "426", "this path is a WebSocket"),
            ("/poll", "200", "{\"next\":1,\"messages\":[]}"),
            ("/poll?since=x", "400", "since is \"x\""),
            ("/long-poll?wait=61", "400", "60 at most"),
            ("/events?wait=1", "400", "no parameter \"wait\""),
            ("/poll?wait=1", "400", "no parameter \"wait\""),
        ] {
            let answer = get(&site, target).await;
            assert_eq!(status(&answer), wanted, "{target}: {answer}");
            assert!(body(&answer).contains(in_body), "{target}: {answer}");
            assert!(answer.contains("content-security-policy: default-src 'self'; connect-src 'self' ws: wss:;"));
            assert!(answer.contains("x-content-type-options: nosniff\r\n"), "{answer}");
            assert!(answer.contains("cache-control: no-store\r\n"), "{answer}");
            assert!(answer.contains("referrer-policy: no-referrer\r\n"), "{answer}");
            assert!(!answer.to_ascii_lowercase().contains("access-control"), "{answer}");
        }
        assert!(get(&site, "/").await.contains("content-type: text/html; charset=utf-8\r\n"));
        let socket = get(&site, "/echo").await;
        assert!(
            socket.contains("upgrade: websocket\r\n") && socket.contains("sec-websocket-version: 13\r\n"),
            "{socket}"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn only_the_page_itself_is_answered_and_sockets_are_open() {
    local(async {
        let site = Rc::new(Stand::default());
        let own = "Host: localhost:9001\r\n";
        let table = [
            ("/", "Host: 192.0.2.7:9001\r\n".to_string(), "200"),
            ("/", format!("{own}Origin: http://localhost:9001\r\nSec-Fetch-Site: same-origin\r\n"), "200"),
            ("/", "Host: evil.example\r\n".into(), "403"),
            ("/poll", "Host: localhost.evil.example\r\n".into(), "403"),
            ("/poll", format!("{own}Host: localhost:9001\r\n"), "403"),
            ("/poll", String::new(), "403"),
            ("/poll", format!("{own}Origin: null\r\n"), "403"),
            ("/poll", format!("{own}Origin: http://evil.example\r\n"), "403"),
            ("/poll", format!("{own}Origin: http://localhost:9001\r\nOrigin: http://evil.example\r\n"), "403"),
            ("/poll", format!("{own}Sec-Fetch-Site: cross-site\r\n"), "403"),
            ("/poll", format!("{own}Origin: \u{e9}\r\n"), "403"),
            ("/feed", format!("{own}Sec-Fetch-Site: same-site\r\n"), "403"),
            ("/events", "Host: evil.example\r\n".into(), "403"),
            ("/long-poll?since=1", "Host: evil.example\r\n".into(), "403"),
            ("http://evil.example/poll", own.into(), "403"),
            ("http://localhost:9001/poll", own.into(), "200"),
            ("/echo", "Host: evil.example\r\nOrigin: http://evil.example\r\n".into(), "426"),
        ];
        for (target, fields, wanted) in table {
            let answer = ask(&site, &format!("GET {target}"), &fields).await;
            assert_eq!(status(&answer), wanted, "{target} {fields:?}: {answer}");
        }
        assert_eq!(site.readers.count(), 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn other_methods_bodies_and_late_upgrades_are_refused() {
    local(async {
        let site = Rc::new(Stand::default());
        for (method, fields, wanted) in [
            ("POST", "Content-Length: 3\r\n", "405"),
            ("OPTIONS", "Access-Control-Request-Method: GET\r\n", "405"),
            ("GET", "Content-Length: 0\r\n", "200"),
            ("GET", "Content-Length: 3\r\n", "413"),
            ("GET", "Transfer-Encoding: chunked\r\n", "400"),
            ("GET", "Upgrade: h2c\r\n", "200"),
            ("GET", "Upgrade: h2c, WebSocket\r\n", "503"),
        ] {
            let answer = ask(&site, &format!("{method} /"), &format!("Host: localhost\r\n{fields}")).await;
            assert_eq!(status(&answer), wanted, "{method} {fields:?}: {answer}");
            assert_eq!(answer.contains("allow: GET, HEAD\r\n"), wanted == "405", "{answer}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_head_has_the_fields_and_no_body_and_holds_nothing() {
    local(async {
        let site = Rc::new(Stand::default());
        for target in ["/", "/feed", "/events", "/poll", "/long-poll?since=1", "/nothing"] {
            let answer = ask(&site, &format!("HEAD {target}"), "Host: localhost\r\n").await;
            assert_eq!(body(&answer), "", "{target}: {answer}");
            assert_eq!(status(&answer), if target == "/nothing" { "404" } else { "200" }, "{answer}");
        }
        assert!(ask(&site, "HEAD /", "Host: localhost\r\n").await.contains("content-length: 15\r\n"));
        assert_eq!((site.readers.count(), site.stream.listeners.get()), (0, 0));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_kept_for_the_next_request_and_ended_when_none_comes() {
    local(async {
        let site = Rc::new(Stand::default());
        let mut client = connect(&site, "GET / HTTP/1.1\r\nHost: localh");
        client.write_all(b"ost\r\n\r\n").await.unwrap();
        read_until(&mut client, "<!doctype html>").await;
        client.write_all(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        read_until(&mut client, "nothing at this path").await;
        let before = Instant::now();
        let mut rest = String::new();
        client.read_to_string(&mut rest).await.unwrap();
        assert_eq!((rest.as_str(), before.elapsed().as_secs()), ("", 10));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_poll_gives_what_is_kept_from_a_number_on() {
    local(async {
        let site = Rc::new(Stand::default());
        for text in ["one", "two", "thr\"ee"] {
            site.stream.add(text);
        }
        site.stream.gone.set(1);
        for (target, wanted) in [
            ("/poll", "{\"next\":4,\"messages\":[]}"),
            ("/poll?since=0", "{\"next\":4,\"messages\":[\"two\",\"thr\\\"ee\"]}"),
            ("/poll?since=3", "{\"next\":4,\"messages\":[\"thr\\\"ee\"]}"),
            ("/poll?since=4", "{\"next\":4,\"messages\":[]}"),
            ("/poll?since=900", "{\"next\":4,\"messages\":[]}"),
            ("/long-poll?since=3", "{\"next\":4,\"messages\":[\"thr\\\"ee\"]}"),
            ("/long-poll?since=900", "{\"next\":4,\"messages\":[]}"),
            ("/long-poll", "{\"next\":4,\"messages\":[]}"),
        ] {
            let before = Instant::now();
            assert_eq!(body(&get(&site, target).await), wanted, "{target}");
            assert!(before.elapsed() < Span::from_secs(1).duration(), "{target} does not wait");
        }
        assert_eq!(site.stream.polls.get(), 8);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_waits_for_the_next_message_and_no_longer_than_it_says() {
    local(async {
        let site = Rc::new(Stand::default());
        for (target, wanted) in [("/long-poll?since=1", 25), ("/long-poll?since=1&wait=2", 2)] {
            let before = Instant::now();
            let answer = get(&site, target).await;
            assert_eq!(body(&answer), "{\"next\":1,\"messages\":[]}");
            assert_eq!(before.elapsed().as_secs(), wanted, "{target}");
        }
        let before = Instant::now();
        let waiting = get(&site, "/long-poll?since=1");
        let speaking = async {
            tokio::time::sleep(Span::from_secs(3).duration()).await;
            assert_eq!((site.readers.count(), site.stream.listeners.get()), (1, 1));
            site.stream.add("one");
        };
        let (answer, ()) = tokio::join!(waiting, speaking);
        assert_eq!(body(&answer), "{\"next\":2,\"messages\":[\"one\"]}");
        assert_eq!(before.elapsed().as_secs(), 3);
        assert_eq!((site.readers.count(), site.stream.listeners.get()), (0, 0));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_feed_gives_its_snapshot_first_then_events_and_says_that_it_is_there() {
    local(async {
        let site = Rc::new(Stand::default());
        let mut client = connect(&site, "GET /feed HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let opening = read_until(&mut client, "event: snapshot\ndata: {}\n\n").await;
        assert!(opening.contains("content-type: text/event-stream\r\n"), "{opening}");
        let sender = site.feeds.borrow_mut().pop().unwrap();
        sender.send(Bytes::from_static(b"data: {\"seq\":1}\n\n")).await.unwrap();
        read_until(&mut client, "data: {\"seq\":1}\n\n").await;
        let before = Instant::now();
        read_until(&mut client, ": still here\n\n").await;
        assert_eq!(before.elapsed().as_secs(), 15);
        drop(sender);
        read_until(&mut client, "0\r\n\r\n").await;
        assert_eq!(site.readers.count(), 0, "the place is free when the feed has ended");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn events_begin_where_they_are_told_to() {
    local(async {
        let site = Rc::new(Stand::default());
        for text in ["one", "two", "three"] {
            site.stream.add(text);
        }
        for (target, fields, first) in [
            ("/events?since=2", "", "id: 2\ndata: two\n\n"),
            ("/events?since=1", "Last-Event-ID: 2\r\n", "id: 3\ndata: three\n\n"),
            ("/events", "", "id: 4\ndata: four\n\n"),
            ("/events?since=900", "", "id: 5\ndata: five\n\n"),
        ] {
            let mut client = connect(&site, &format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"));
            let opening = read_until(&mut client, "\r\n\r\n").await;
            // Past the head the sender looks at what is there: only then a new message is new to it.
            tokio::time::sleep(Span::from_millis(1).duration()).await;
            match first {
                "id: 4\ndata: four\n\n" => site.stream.add("four"),
                "id: 5\ndata: five\n\n" => site.stream.add("five"),
                _ => {}
            }
            let got = if opening.contains(first) { opening } else { opening + &read_until(&mut client, first).await };
            assert_eq!(got.find("id: "), got.find(first), "{target}: {got}");
        }
        let bad = ask(&site, "GET /events", "Host: localhost\r\nLast-Event-ID: x\r\n").await;
        assert_eq!(status(&bad), "400", "{bad}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_when_its_client_is_gone() {
    local(async {
        let site = Rc::new(Stand::default());
        for target in ["/feed", "/events"] {
            let mut client = connect(&site, &format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
            read_until(&mut client, "\r\n\r\n").await;
            assert_eq!(site.readers.count(), 1, "{target}");
            drop(client);
            tokio::time::sleep(Span::from_secs(16).duration()).await;
            assert_eq!((site.readers.count(), site.stream.listeners.get()), (0, 0), "{target}");
        }
        let feed = site.feeds.borrow_mut().pop().unwrap();
        assert!(feed.is_closed());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_reader_too_many_is_told_to_come_back() {
    local(async {
        let site = Rc::new(Stand::default());
        let mut places: Vec<Place> = (0..READERS_MAX).map(|_| site.readers.take().unwrap()).collect();
        for target in ["/feed", "/events", "/long-poll?since=1"] {
            let answer = get(&site, target).await;
            assert_eq!(status(&answer), "503", "{target}: {answer}");
            assert!(answer.contains("retry-after: 5\r\n"), "{answer}");
        }
        assert_eq!(status(&get(&site, "/poll").await), "200", "a short poll holds nothing");
        places.pop();
        assert_eq!(status(&get(&site, "/long-poll?since=1&wait=1").await), "200");
        assert_eq!(site.readers.count(), READERS_MAX - 1);
    })
    .await;
}
