//! What the flags of the opening handshake ask for arrives at the peer as it was given.

use std::io::Write;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use crate::support::{RawPeer, probe, raw};

/// A healthy peer that hands out the heads of its requests.
fn listening() -> (RawPeer, Receiver<String>) {
    let (sender, heads) = mpsc::channel();
    let sender = Mutex::new(sender);
    let peer = RawPeer::start(move |_, mut stream| {
        let Some(head) = raw::read_head(&mut stream) else { return };
        let mut answer = String::from_utf8(raw::answer_to(&head)).unwrap();
        if let Some(offered) = raw::field(&head, "Sec-WebSocket-Protocol") {
            let first = offered.split(',').next().unwrap_or_default().trim();
            answer = answer.replace("\r\n\r\n", &format!("\r\nSec-WebSocket-Protocol: {first}\r\n\r\n"));
        }
        let _ = sender.lock().unwrap().send(head);
        if stream.write_all(answer.as_bytes()).is_ok() {
            raw::behave(stream);
        }
    });
    (peer, heads)
}

/// The head that the peer got from a healthy probe with these arguments.
fn head_of(args: &[&str], path: &str) -> String {
    let (peer, heads) = listening();
    let url = format!("{}{path}", peer.url());
    let ran = probe(&[&["--json", "-n", "1"][..], args, &[url.as_str()]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    heads.recv_timeout(Duration::from_secs(10)).expect("a request came")
}

#[test]
fn every_field_arrives_as_it_was_given() {
    for (args, name, value) in [
        (&["--auth", "Aladdin:open sesame"][..], "Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        (&["--bearer", "abc.def-ghi"][..], "Authorization", "Bearer abc.def-ghi"),
        (&["--cookie", "sid=1", "--cookie", "theme=dark"][..], "Cookie", "sid=1; theme=dark"),
        (&["-H", "X-Trace: a:b, \"c\""][..], "X-Trace", "a:b, \"c\""),
        (&["--origin", "https://app.example.com"][..], "Origin", "https://app.example.com"),
        (&["--host", "chat.example.com"][..], "Host", "chat.example.com"),
        (&["-s", "chat.v2", "-s", "chat.v1"][..], "Sec-WebSocket-Protocol", "chat.v2, chat.v1"),
        (&["--user-agent", "Tester/1"][..], "User-Agent", "Tester/1"),
    ] {
        let head = head_of(args, "");
        assert_eq!(raw::field(&head, name), Some(value), "{head}");
        assert_eq!(head.to_lowercase().matches(&format!("{}:", name.to_lowercase())).count(), 1, "{head}");
    }
}

#[test]
fn a_default_field_can_be_taken_out() {
    assert_eq!(raw::field(&head_of(&["-H", "User-Agent:"], ""), "User-Agent"), None);
}

#[test]
fn the_path_and_the_query_arrive_and_no_cookie_is_made_up() {
    let head = head_of(&[], "a/b%20c?token=secret&x=%2F");
    assert!(head.starts_with("GET /a/b%20c?token=secret&x=%2F HTTP/1.1\r\n"), "{head}");
    assert_eq!(raw::field(&head, "Cookie"), None);
    assert_eq!(raw::field(&head, "Origin"), None);
    assert_eq!(raw::field(&head, "Sec-WebSocket-Version"), Some("13"));
    assert_eq!(raw::field(&head, "Sec-WebSocket-Extensions"), None);
    let key = raw::field(&head, "Sec-WebSocket-Key").unwrap();
    assert_eq!(data_encoding::BASE64.decode(key.as_bytes()).unwrap().len(), 16);
}

#[test]
fn two_requests_have_two_keys() {
    let keys =
        [head_of(&[], ""), head_of(&[], "")].map(|head| raw::field(&head, "Sec-WebSocket-Key").map(String::from));
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn secrets_arrive_and_are_not_shown() {
    let (peer, heads) = listening();
    let url = format!("{}?access_token=s3cr3t", peer.url());
    let ran = probe(&["-v", "--bearer", "s3cr3t", "--cookie", "sid=s3cr3t", "-n", "1", &url]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let head = heads.recv_timeout(Duration::from_secs(10)).expect("a request came");
    assert_eq!(head.matches("s3cr3t").count(), 3, "{head}");
    assert!(!ran.stdout.contains("s3cr3t") && !ran.stderr.contains("s3cr3t"), "{}{}", ran.stdout, ran.stderr);
    let ran = probe(&["--json", "--bearer", "s3cr3t", "--cookie", "sid=s3cr3t", "-n", "1", &url]);
    assert!(!ran.stdout.contains("s3cr3t"), "{}", ran.stdout);
}
