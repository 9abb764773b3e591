//! The end of a server: a signal or `--duration`. Every client is told with 1001, and nobody can hold it up.

use std::io::Write;
use std::time::Duration;

use crate::client::{self, Client};
use crate::server::Served;
use crate::support::raw::CLOSE;

/// The limit of the server's wait for answers to its Close, and what a slow machine needs on top.
const IN_TIME: Duration = Duration::from_secs(10);

#[test]
fn each_client_is_told_and_one_that_never_answers_holds_nothing_up() {
    for signal in ["INT", "TERM"] {
        let server = Served::start(&[]);
        let address = server.address();
        let mut mute = Client::open(&address, "/");
        let mut clients: Vec<Client> = (0..3).map(|_| Client::open(&address, "/")).collect();
        for client in clients.iter_mut().chain([&mut mute]) {
            client.echo("here");
        }
        server.signal(signal);
        assert_eq!(mute.closed().code, Some(1001), "{signal}: the one that will not answer");
        for mut client in clients {
            assert_eq!(client.closed().code, Some(1001), "{signal}");
            client.send(CLOSE, &1001_u16.to_be_bytes());
            client.end();
        }
        let stopped = server.finish();
        assert_eq!(stopped.code, 0, "{signal}: {}", stopped.log);
        assert!(stopped.took < IN_TIME, "{signal}: {:?}", stopped.took);
        assert!(stopped.log.contains("#2 ended by us with 1001"), "{signal}: {}", stopped.log);
        drop(mute);
    }
}

#[test]
fn without_a_client_it_ends_at_once() {
    for signal in ["INT", "TERM"] {
        let server = Served::start(&[]);
        server.signal(signal);
        let stopped = server.finish();
        assert_eq!(stopped.code, 0, "{signal}: {}", stopped.log);
        assert!(stopped.took < Duration::from_secs(2), "{signal}: {:?}", stopped.took);
    }
}

#[test]
fn a_duration_ends_it_like_a_signal() {
    let server = Served::start(&["--duration", "1s"]);
    let mut client = Client::open(&server.address(), "/");
    client.echo("in time");
    assert_eq!(client.closed().code, Some(1001));
    client.send(CLOSE, &1001_u16.to_be_bytes());
    client.end();
    let stopped = server.finish();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
}

/// A client in the middle of its request, or whose answer is held back, is no reason to stay.
#[test]
fn a_client_that_is_not_open_yet_holds_nothing_up() {
    let server = Served::start(&["--fault", "no-answer"]);
    let silent = client::connect(&server.address());
    let mut asking = client::connect(&server.address());
    asking.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n").unwrap();
    let stopped = server.stop();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
    assert!(stopped.took < IN_TIME, "{:?}", stopped.took);
    drop((silent, asking));
}
