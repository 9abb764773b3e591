//! Requests to a server that says, connection by connection, exactly this; every byte is counted.

#![allow(clippy::unwrap_used)]

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::net::target;

const WAIT: Span = Span::from_secs(30);
const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab";

/// For each connection its answers, each to one request; then the connection ends. Gives the requests' heads.
async fn server(connections: Vec<Vec<&'static str>>) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let mut heads = Vec::new();
        for answers in connections {
            let (mut socket, _) = listener.accept().await.unwrap();
            for answer in answers {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(socket.read_u8().await.unwrap());
                }
                heads.push(String::from_utf8(head).unwrap());
                socket.write_all(answer.as_bytes()).await.unwrap();
            }
        }
        heads
    });
    (port, serving)
}

fn getter(port: u16) -> Getter {
    let request = Request {
        target: String::new(),
        host: String::new(),
        key: String::new(),
        subprotocols: vec!["chat".into()],
        origin: None,
        user_agent: Some("t/1".into()),
        authorization: None,
        cookies: Vec::new(),
        extra: vec![Extra::Set("X-A".into(), "1".into())],
    };
    let plan = Plan {
        dial: dial::Plan::new(target::parse(&format!("ws://127.0.0.1:{port}/")).unwrap()),
        request: RequestPlan { host: None, request },
        timeout: Some(WAIT),
    };
    Getter::new(plan, Clock::start(), None)
}

#[tokio::test]
async fn one_connection_carries_several_requests_and_each_byte_is_counted() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let (port, serving) = server(vec![vec![GOOD, chunked]]).await;
    let mut getter = getter(port);
    let first = getter.get("/poll?since=1", WAIT).await.unwrap();
    assert_eq!((first.head.status(), first.body.as_slice()), (Some(200), b"ab".as_slice()));
    let second = getter.get("/poll?since=2", WAIT).await.unwrap();
    assert_eq!(second.body, b"abc");
    let heads = serving.await.unwrap();
    let wanted = format!("GET /poll?since=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: t/1\r\nX-A: 1\r\n\r\n");
    assert_eq!(heads[0], wanted);
    let counts = Counts {
        requests: 2,
        connections: 1,
        bytes_in: (GOOD.len() + chunked.len()) as u64,
        bytes_out: heads.iter().map(|head| head.len() as u64).sum(),
    };
    assert_eq!(getter.counts(), counts);
}

#[tokio::test]
async fn a_connection_that_the_server_ended_is_opened_anew() {
    let closing = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nc";
    let until_close = "HTTP/1.1 200 OK\r\n\r\nwhole";
    let (port, serving) = server(vec![vec![GOOD], vec![closing], vec![until_close]]).await;
    let mut getter = getter(port);
    let mut bodies = Vec::new();
    for _ in 0..3 {
        bodies.push(getter.get("/", WAIT).await.unwrap().body);
    }
    assert_eq!(bodies, [b"ab".to_vec(), b"c".to_vec(), b"whole".to_vec()]);
    assert_eq!((getter.counts().connections, getter.is_open()), (3, false));
    serving.await.unwrap();
}

#[tokio::test]
async fn a_connection_stays_open_while_the_server_keeps_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut getter = getter(listener.local_addr().unwrap().port());
    let answering = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(GOOD.as_bytes()).await.unwrap();
        socket
    };
    let (socket, answer) = tokio::join!(answering, getter.get("/", WAIT));
    assert_eq!(answer.unwrap().body, b"ab");
    assert!(getter.is_open());
    drop(socket);
}

#[tokio::test]
async fn what_is_no_whole_answer_is_told() {
    let cases = ["SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", ""];
    let (port, serving) = server(cases.iter().map(|case| vec![*case]).collect()).await;
    let mut getter = getter(port);
    let fault = getter.get("/", WAIT).await.unwrap_err();
    let GetFault::Dial(DialFailed { phase: Phase::Upgrade, fault: DialFault::NotHttp { .. }, .. }) = fault else {
        panic!("{fault:?}");
    };
    let fault = getter.get("/", WAIT).await.unwrap_err();
    assert!(matches!(fault, GetFault::Broken(_)), "{fault:?}");
    let fault = getter.get("/", WAIT).await.unwrap_err();
    assert!(is_stale(&fault), "{fault:?}");
    assert!(!getter.is_open());
    serving.await.unwrap();
    let fault = getter.get("/", WAIT).await.unwrap_err();
    let GetFault::Dial(DialFailed { phase: Phase::Connect, .. }) = fault else { panic!("{fault:?}") };
}

#[test]
fn the_scheme_is_that_of_http() {
    let url = |text: &str| http_url(&target::parse(text).unwrap());
    assert_eq!(url("ws://127.0.0.1:9001/poll"), "http://127.0.0.1:9001/poll");
    assert_eq!(url("wss://example.com/poll?a=1"), "https://example.com/poll?a=1");
}
