//! TLS with a client of another maker: a certificate made on the spot, one from files, and a client that must show its
//! own.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use crate::client;
use crate::identity::{self, Scratch, Use};
use crate::server::Served;
use crate::support::{Running, probe, wscope};
use crate::tool;

/// Python's TLS connects, upgrades and sends a message; what it told. None: there is no Python.
fn talk(server: &Served, files: &[&str]) -> Option<String> {
    assert!(server.url.starts_with("wss://127.0.0.1:"), "{}", server.url);
    let address = server.address();
    let (_, port) = address.rsplit_once(':').unwrap();
    let ran = tool::python("tls_client.py", &[&[port][..], files].concat())?.finish();
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    Some(ran.stdout.trim().to_owned())
}

#[test]
fn made_on_the_spot() {
    let scratch = Scratch::new("spot");
    let ca = scratch.file("ca.pem");
    let server = Served::start(&["--tls", "--ca-out", &ca]);
    let Some(told) = talk(&server, &[&ca]) else { return };
    assert_eq!(told, "echo over TLS");
}

#[test]
fn from_files() {
    let scratch = Scratch::new("files");
    let files = identity::write(&scratch, "server", Use::Server);
    let server = Served::start(&["--tls", "--cert", &files.cert, "--key", &files.key]);
    assert_eq!(probe(&["--ca", &files.ca, &server.url]).code, 0);
    assert_eq!(probe(&[&server.url]).code, 14, "it is this CA's certificate that is shown");
    let Some(told) = talk(&server, &[&files.ca]) else { return };
    assert_eq!(told, "echo over TLS");
}

#[test]
fn a_client_must_show_a_certificate_of_the_ca() {
    let scratch = Scratch::new("client-ca");
    let server_files = identity::write(&scratch, "server", Use::Server);
    let (known, strange) =
        (identity::write(&scratch, "known", Use::Client), identity::write(&scratch, "strange", Use::Client));
    let (cert, key) = (server_files.cert.as_str(), server_files.key.as_str());
    let mut server = Served::start(&["--tls", "--cert", cert, "--key", key, "--client-ca", &known.ca]);
    let ca = server_files.ca.as_str();
    let Some(told) = talk(&server, &[ca, &known.cert, &known.key]) else { return };
    assert_eq!(told, "echo over TLS");
    for files in [&[ca][..], &[ca, strange.cert.as_str(), strange.key.as_str()]] {
        let told = talk(&server, files).expect("it was there before");
        assert!(told.starts_with("refused"), "{files:?}: {told}");
    }
    server.tells("#2 ");
    server.tells("#3 ");
    let log = server.stop().log;
    assert!(!log.contains("#2 open") && !log.contains("#3 open"), "{log}");
}

#[test]
fn files_that_are_no_identity_are_a_usage_error() {
    let scratch = Scratch::new("wrong-files");
    let (one, other) = (identity::write(&scratch, "one", Use::Server), identity::write(&scratch, "other", Use::Server));
    for (cert, key) in [(&one.cert, &other.key), (&one.key, &one.key), (&one.cert, &one.cert)] {
        let mut command = wscope();
        command.args(["serve", "127.0.0.1:0", "--tls", "--cert", cert, "--key", key]);
        let ran = Running::start(command).finish();
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{cert} {key}: {}", ran.stderr);
    }
}

/// Half of a TLS hello, and no more: the next client is served.
#[test]
fn a_client_that_stops_inside_its_hello_stands_in_nobodys_way() {
    let scratch = Scratch::new("half-hello");
    let ca = scratch.file("ca.pem");
    let server = Served::start(&["--tls", "--ca-out", &ca]);
    let halves: Vec<TcpStream> = (0..20).map(|_| half_hello(&server.address())).collect();
    let ran = probe(&["--ca", &ca, &server.url]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.took < Duration::from_secs(9), "{:?}", ran.took);
    let plain = client::connect(&server.address());
    drop((halves, plain));
    assert_eq!(probe(&["--ca", &ca, &server.url]).code, 0);
}

fn half_hello(address: &str) -> TcpStream {
    let mut stream = client::connect(address);
    // A handshake record of 512 bytes (RFC 8446 section 5.1) of which 9 come.
    let bytes = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0x00, 0x00, 0x00];
    stream.write_all(&bytes).unwrap();
    stream
}
