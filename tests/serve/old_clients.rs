//! Clients of the drafts before RFC 6455: each is named in the log, and spoken to in its own framing where that is asked
//! for.

use std::io::Write;

use crate::client::{self, Client};
use crate::server::Served;
use crate::support::Ran;
use crate::tool;

/// An old client says two messages; none where there is no Python.
fn talk(server: &Served, draft: &str) -> Option<Ran> {
    let address = server.address();
    let (host, port) = address.rsplit_once(':').unwrap();
    Some(tool::python("hixie_client.py", &[host, port, draft, "hello", "again"])?.finish())
}

#[test]
fn hixie_is_spoken_where_that_is_allowed() {
    let mut server = Served::start(&["--allow-hixie"]);
    for (draft, name) in [("76", "hixie-76"), ("75", "hixie-75")] {
        let Some(ran) = talk(&server, draft) else { return };
        assert_eq!(ran.code, 0, "{name}: {}{}", ran.stdout, ran.stderr);
        for line in ["echo hello", "echo again", "closed"] {
            assert!(ran.stdout.lines().any(|told| told == line), "{name}, no {line}: {}", ran.stdout);
        }
        server.tells(name);
    }
    Client::open(&server.address(), "/").echo("a client of today is served as ever");
}

#[test]
fn hixie_is_named_and_refused_otherwise() {
    let mut server = Served::start(&[]);
    for (draft, name) in [("76", "hixie-76"), ("75", "hixie-75")] {
        let Some(ran) = talk(&server, draft) else { return };
        assert_eq!(ran.code, 1, "{name}: {}", ran.stdout);
        assert!(ran.stdout.starts_with("status 4"), "{name}: {}", ran.stdout);
        assert!(!ran.stdout.contains("echo"), "{name}: {}", ran.stdout);
        server.tells(name);
    }
    Client::open(&server.address(), "/").echo("a client of today");
}

/// What is asked of every client is asked of an old one too.
#[test]
fn hixie_is_no_way_around_credentials() {
    let mut server = Served::start(&["--allow-hixie", "--auth", "u:p"]);
    let Some(ran) = talk(&server, "76") else { return };
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.starts_with("status 401"), "{}", ran.stdout);
    server.tells("hixie-76");
}

#[test]
fn the_versions_8_and_7_are_named() {
    let (none, allowed): (&[&str], &[&str]) = (&[], &["--allow-hixie"]);
    for args in [none, allowed] {
        let mut server = Served::start(args);
        for draft in ["8", "7"] {
            if talk(&server, draft).is_none() {
                return;
            }
            server.tells(&format!("version {draft}"));
        }
    }
}

/// A head that promises 8 bytes which never come: others are served, and the stop is not held up.
#[test]
fn a_hixie_head_without_its_bytes_stands_in_nobodys_way() {
    let server = Served::start(&["--allow-hixie"]);
    let mut stream = client::connect(&server.address());
    let head = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nOrigin: http://h\r\n\
        Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nSec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    Client::open(&server.address(), "/").echo("meanwhile");
    assert_eq!(server.stop().code, 0);
    drop(stream);
}
