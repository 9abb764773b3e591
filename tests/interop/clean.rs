//! Servers of other makers and with other habits are healthy, and nothing is told of them: no drop, no finding above a
//! note.

use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64;
use wscope::net::identity;

use crate::support::{Peer, Running, Server, probe};

/// Probes as text and as JSON: healthy both times.
fn assert_healthy(args: &[&str]) {
    let ran = probe(args);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert_eq!(ran.first_word(), "HEALTHY", "{}", ran.stdout);
    assert_clean(args);
}

fn assert_clean(args: &[&str]) {
    let ran = probe(&[&["--json"][..], args].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let events = ran.events();
    events.assert_clean();
    assert_eq!(events.one("ended")["how"], "close", "{}", ran.stdout);
}

#[test]
fn python_websockets() {
    let Some(peer) = Peer::python("ws_echo.py", &[]) else { return };
    assert_healthy(&[&peer.url()]);
    assert_healthy(&["-x", "hello", "--expect", "^hello$", &peer.url()]);
}

#[test]
fn node_ws() {
    let Some(peer) = Peer::node("ws_node.js", &["echo"]) else { return };
    assert_healthy(&[&peer.url()]);
    assert_healthy(&["-x", "hello", "--expect", "^hello$", &peer.url()]);
}

#[test]
fn a_subprotocol_is_agreed_on_with_both() {
    let both = [
        Peer::python("ws_echo.py", &["protocol", "chat.v2"]),
        Peer::node("ws_node.js", &["echo", "protocol", "chat.v2"]),
    ];
    for peer in both.into_iter().flatten() {
        let ran = probe(&["--json", "-s", "chat.v1", "-s", "chat.v2", &peer.url()]);
        assert_eq!(ran.code, 0, "{}", ran.stdout);
        let events = ran.events();
        events.assert_clean();
        assert_eq!(events.one("open")["subprotocol"], "chat.v2");
    }
}

#[test]
fn tls_with_a_ca_of_ones_own() {
    let files = Identity::write("clean");
    let (cert, key, ca) = files.names();
    let both = [Peer::python("ws_echo.py", &["tls", cert, key]), Peer::node("ws_node.js", &["echo", "tls", cert, key])];
    for peer in both.into_iter().flatten() {
        let url = peer.tls_url();
        assert_healthy(&["--ca", ca, &url]);
        let ran = probe(&["--json", &url]);
        assert_eq!(ran.code, 14, "not trusted without --ca: {}", ran.stdout);
        ran.events().finding("certificate-unknown-issuer");
        let ran = probe(&["--json", "-k", &url]);
        assert_eq!(ran.code, 0, "-k goes on: {}", ran.stdout);
        ran.events().finding("certificate-overlooked");
    }
}

#[test]
fn our_own_server_with_tls_and_its_ca() {
    let ca = scratch("serve-ca.pem");
    let file = ca.to_str().unwrap();
    let server = Server::start(&["--tls", "--ca-out", file, "127.0.0.1:0"]);
    assert!(server.url.starts_with("wss://"), "{}", server.url);
    assert_healthy(&["--ca", file, &server.url]);
    let _ = fs::remove_file(&ca);
}

#[test]
fn a_greeting_in_the_segment_of_the_answer_is_not_lost() {
    let Some(peer) = Peer::python("ws_silent_chatty.py", &["greet"]) else { return };
    assert_healthy(&["--expect", "^hello$", &peer.url()]);
}

#[test]
fn ten_thousand_messages_a_second() {
    let Some(peer) = Peer::python("ws_flood.py", &["rate", "10000"]) else { return };
    let url = peer.url();
    let times = ["--json", "--hold", "4s", "--heartbeat", "1s", "--heartbeat-timeout", "2s", url.as_str()];
    let ran = probe(&times);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let events = ran.events();
    events.assert_clean();
    let messages = events.one("ended")["messages_in"].as_u64().unwrap_or_default();
    println!("{messages} messages in 4 s");
    assert!(messages >= 10_000, "{messages}");
    assert_clean(&[&url]);
}

#[test]
fn a_server_that_pings_its_clients() {
    let both =
        [Peer::python("ws_pinger.py", &["interval", "0.5", "timeout", "1"]), Peer::node("ws_node.js", &["ping"])];
    let running: Vec<(Peer, Running)> = both
        .into_iter()
        .flatten()
        .map(|peer| {
            let running = Running::probe(&["--json", "--hold", "3s", &peer.url()]);
            (peer, running)
        })
        .collect();
    for (_peer, running) in running {
        let ran = running.finish();
        assert_eq!(ran.code, 0, "{}", ran.stdout);
        ran.events().assert_clean();
    }
}

/// A certificate for 127.0.0.1 with its key and its CA, as PEM files that go when this goes.
struct Identity {
    files: [PathBuf; 3],
}

impl Identity {
    fn write(name: &str) -> Identity {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let made = identity::server_identity(&[], now as i64).unwrap();
        let chain: String = made.chain.iter().map(|part| pem("CERTIFICATE", part.as_ref())).collect();
        let key = pem("PRIVATE KEY", made.key.secret_der());
        let files = ["cert.pem", "key.pem", "ca.pem"].map(|ending| scratch(&format!("{name}-{ending}")));
        for (file, content) in files.iter().zip([chain, key, made.ca_pem]) {
            fs::write(file, content).unwrap();
        }
        Identity { files }
    }

    fn names(&self) -> (&str, &str, &str) {
        let [cert, key, ca] = &self.files;
        (cert.to_str().unwrap(), key.to_str().unwrap(), ca.to_str().unwrap())
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
    }
}

/// RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    let base64 = BASE64.encode(der);
    let lines: Vec<&str> =
        base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("base64 is ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A file of this run's own.
fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("wscope-{}-{name}", std::process::id()))
}
