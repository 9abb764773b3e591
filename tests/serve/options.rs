//! What a client meets at the door and as a limit: subprotocols, origins, credentials, fields of one's own, sizes, counts,
//! heartbeats, and the kinds of address.

use std::net::TcpListener;
use std::path::Path;

use data_encoding::BASE64;

use crate::client::{self, Client, Closed};
use crate::identity::Scratch;
use crate::server::Served;
use crate::support::raw::{BINARY, CLOSE, PING, PONG, TEXT, field, frame};
use crate::support::{Events, Running, probe, wscope};

/// The status of an answer to an upgrade with these fields.
fn status_for(server: &Served, fields: &[&str]) -> u16 {
    client::upgrade(&server.address(), "/", fields).0
}

#[test]
fn the_first_offered_subprotocol_that_is_known_is_chosen() {
    let server = Served::start(&["--subprotocol", "chat.v1", "--subprotocol", "chat.v2"]);
    for (offered, chosen) in [
        ("Sec-WebSocket-Protocol: strange, chat.v2, chat.v1", Some("chat.v2")),
        ("Sec-WebSocket-Protocol: chat.v1", Some("chat.v1")),
        ("Sec-WebSocket-Protocol: strange, CHAT.V1", None),
        ("X-Nothing: offered", None),
    ] {
        let client = Client::with(&server.address(), "/", &[offered]);
        assert_eq!(field(&client.head, "Sec-WebSocket-Protocol"), chosen, "{offered}");
    }
    let two = ["Sec-WebSocket-Protocol: strange", "Sec-WebSocket-Protocol: chat.v2"];
    let client = Client::with(&server.address(), "/", &two);
    assert_eq!(field(&client.head, "Sec-WebSocket-Protocol"), Some("chat.v2"), "offered in two fields");
}

#[test]
fn no_subprotocol_is_chosen_where_none_is_known() {
    let server = Served::start(&[]);
    let client = Client::with(&server.address(), "/", &["Sec-WebSocket-Protocol: chat.v1"]);
    assert_eq!(field(&client.head, "Sec-WebSocket-Protocol"), None, "{}", client.head);
}

#[test]
fn only_the_allowed_origins_pass() {
    let mut server =
        Served::start(&["--allow-origin", "https://app.example", "--allow-origin", "http://localhost:3000"]);
    for origin in ["https://app.example", "http://localhost:3000"] {
        assert_eq!(status_for(&server, &[&format!("Origin: {origin}")]), 101, "{origin}");
    }
    for origin in ["http://app.example", "https://app.example.org", "http://localhost:3001", "null"] {
        assert_eq!(status_for(&server, &[&format!("Origin: {origin}")]), 403, "{origin}");
    }
    assert_eq!(status_for(&server, &[]), 101, "a client without an Origin is no page");
    server.tells("https://app.example.org");
}

#[test]
fn every_origin_passes_where_none_is_named() {
    let server = Served::start(&[]);
    assert_eq!(status_for(&server, &["Origin: https://elsewhere.example"]), 101);
}

#[test]
fn credentials_are_asked_for_and_kept_out_of_the_log() {
    let server = Served::start(&["-v", "--auth", "anna:open sesame"]);
    let right = BASE64.encode(b"anna:open sesame");
    let address = server.address();
    let (status, head, _) = client::upgrade(&address, "/", &[]);
    assert_eq!(status, 401, "{head}");
    let asked = field(&head, "WWW-Authenticate").unwrap_or_default();
    assert!(asked.starts_with("Basic "), "{head}");
    for wrong in ["anna:open", "anna", ":", "Anna:open sesame"] {
        let line = format!("Authorization: Basic {}", BASE64.encode(wrong.as_bytes()));
        assert_eq!(status_for(&server, &[&line]), 401, "{wrong}");
    }
    for line in [format!("Authorization: Bearer {right}"), "Authorization: Basic %%%".to_owned()] {
        assert_eq!(status_for(&server, &[&line]), 401, "{line}");
    }
    assert_eq!(status_for(&server, &[&format!("Authorization: Basic {right}")]), 101);
    assert_eq!(status_for(&server, &[&format!("Authorization: basic {right}")]), 101, "RFC 9110 section 11.1");
    let stopped = server.stop();
    assert!(!stopped.log.contains(&right) && !stopped.log.contains("open sesame"), "{}", stopped.log);
}

#[test]
fn fields_of_ones_own_are_in_the_answer() {
    let server = Served::start(&["--header", "X-Made-By: a test", "--header", "Set-Cookie: a=1"]);
    let client = Client::open(&server.address(), "/");
    assert_eq!(field(&client.head, "X-Made-By"), Some("a test"), "{}", client.head);
    assert_eq!(field(&client.head, "Set-Cookie"), Some("a=1"), "{}", client.head);
}

#[test]
fn a_message_over_the_limit_is_closed_with_1009() {
    let server = Served::start(&["--max-message", "1KiB"]);
    let mut client = Client::open(&server.address(), "/");
    client.echo(&"m".repeat(1024));
    client.send(BINARY, &[0; 1025]);
    assert_eq!(client.closed().code, Some(1009), "in one frame");
    let mut client = Client::open(&server.address(), "/");
    client.send(TEXT & 0x7f, &[b'm'; 600]);
    client.send(0x80, &[b'm'; 600]);
    assert_eq!(client.closed().code, Some(1009), "in two fragments");
}

#[test]
fn one_client_too_many_is_told_when_to_come_again() {
    let mut server = Served::start(&["--max-connections", "2"]);
    let address = server.address();
    let (mut first, mut second) = (Client::open(&address, "/"), Client::open(&address, "/"));
    let (status, head, _) = client::upgrade(&address, "/", &[]);
    assert_eq!(status, 503, "{head}");
    assert_eq!(field(&head, "Retry-After"), Some("1"), "{head}");
    first.echo("still here");
    first.close(1000);
    server.tells("#1 ended");
    let mut third = Client::open(&address, "/");
    third.echo("the free place");
    second.echo("still here");
}

#[test]
fn oneshot_ends_after_one_client() {
    let server = Served::start(&["--oneshot"]);
    let mut client = Client::open(&server.address(), "/");
    client.echo("hello");
    client.close(1000);
    let stopped = server.finish();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
}

#[test]
fn a_client_without_a_pong_is_ended_with_1011() {
    let mut server = Served::start(&["--heartbeat", "200ms", "--heartbeat-timeout", "200ms"]);
    let address = server.address();
    let mut mute = Client::open(&address, "/");
    assert_eq!(mute.frame().map(|(first, _)| first), Some(PING));
    let expected = Closed { code: Some(1011), reason: "heartbeat unanswered".to_owned() };
    assert_eq!(mute.closed(), expected);
    let mut good = Client::open(&address, "/");
    for _ in 0..5 {
        let (first, payload) = good.frame().expect("a ping comes");
        assert_eq!(first, PING, "{payload:?}");
        good.send(PONG, &payload);
    }
    server.tells("heartbeat");
}

#[test]
fn no_heartbeat_is_sent_unless_asked_for() {
    let server = Served::start(&["--mode", "source", "--rate", "5", "--count", "6"]);
    let mut client = Client::open(&server.address(), "/");
    let mut frames = Vec::new();
    while let Some((first, _)) = client.frame() {
        frames.push(first);
        if first == CLOSE {
            break;
        }
    }
    assert!(!frames.contains(&PING), "{frames:x?}");
}

#[test]
fn ipv6() {
    if TcpListener::bind("[::1]:0").is_err() {
        println!("SKIPPED: this machine has no IPv6 loopback address");
        return;
    }
    let server = Served::at("[::1]:0", &[]);
    assert!(server.url.starts_with("ws://[::1]:"), "{}", server.url);
    Client::open(&server.address(), "/").echo("hello");
}

#[test]
#[cfg(unix)]
fn a_unix_socket() {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    let scratch = Scratch::new("unix");
    let path = scratch.file("socket");
    let server = Served::at(&format!("unix:{path}"), &[]);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(client::PATIENCE)).unwrap();
    stream.write_all(client::request("localhost", "/", &[]).as_bytes()).unwrap();
    stream.write_all(&client::masked(TEXT, b"hello")).unwrap();
    let mut came = Vec::new();
    let wanted = frame(TEXT, b"hello");
    while !came.ends_with(&wanted) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        came.push(byte[0]);
    }
    assert!(came.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&came));
    let stopped = server.stop();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
    assert!(!Path::new(&path).exists(), "the socket file goes with the server");
}

#[test]
fn a_port_in_use_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut command = wscope();
    command.args(["serve", &address]);
    let ran = Running::start(command).finish();
    assert_eq!((ran.code, ran.stdout.as_str()), (18, ""), "{}", ran.stderr);
    let port = listener.local_addr().unwrap().port().to_string();
    assert!(ran.stderr.contains(&port), "{}", ran.stderr);
}

#[test]
fn a_command_line_that_cannot_be_served_is_a_usage_error() {
    for args in [
        &["--fault", "explode"][..],
        &["--fault-chance", "1.5"],
        &["--max-message", "many"],
        &["--auth", "nobody"],
        &["--header", "no colon"],
        &["--cert", "only.pem"],
        &["--rate", "0"],
    ] {
        let mut command = wscope();
        command.args(["serve", "127.0.0.1:0"]).args(args);
        let ran = Running::start(command).finish();
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn json_tells_clients_as_events() {
    let server = Served::start(&["--json", "--subprotocol", "chat"]);
    let ran = probe(&["-s", "chat", &server.url]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let stopped = server.stop();
    assert_eq!((stopped.code, stopped.log.as_str()), (0, ""), "{}", stopped.stdout);
    let events = Events::parse(&stopped.stdout);
    assert_eq!(events.one("open")["subprotocol"], "chat");
    assert_eq!(events.one("ended")["by"], "peer");
    assert_eq!(events.one("run_ended")["exit"], 0);
    assert_eq!(events.one("listening")["loopback"], true);
}
