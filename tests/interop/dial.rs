//! Reaching a peer: each way in which it can fail has its phase, its finding and its exit status, and odd but legal
//! peers are healthy.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{Ran, RawPeer, Server, probe, raw};

/// Probes as text and as JSON: both fail with this exit and this finding. The JSON run.
fn assert_fails(args: &[&str], exit: i32, word: &str, code: &str) -> Ran {
    let text = probe(args);
    assert_eq!((text.code, text.first_word()), (exit, word), "{}{}", text.stdout, text.stderr);
    assert!(text.stdout.contains(&format!("[{code}]")), "{}", text.stdout);
    let json = probe(&[&["--json"][..], args].concat());
    assert_eq!(json.code, exit, "{}", json.stdout);
    json.events().finding(code);
    assert_eq!(json.events().one("judged")["exit"], exit);
    json
}

fn assert_healthy(args: &[&str]) -> Ran {
    let ran = probe(&[&["--json"][..], args].concat());
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    ran.events().assert_clean();
    ran
}

/// Accepts, and holds the connection without a word until the client is gone.
fn mute() -> RawPeer {
    RawPeer::start(|_, mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    })
}

fn response(status: &str, fields: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

#[test]
fn a_port_that_says_nothing_uses_up_the_connect_timeout() {
    let peer = mute();
    let ran = assert_fails(&["--connect-timeout", "1s", &peer.url()], 17, "UNREACHABLE", "no-answer");
    assert!(ran.took >= Duration::from_secs(1), "{:?}", ran.took);
    assert_eq!(ran.events().one("dial_failed")["phase"], "upgrade");
}

#[test]
fn a_second_look_does_not_use_up_the_time_in_which_the_failure_is_told() {
    let peer = mute();
    let args = ["--timeout", "2s", "--connect-timeout", "1s"];
    let ran = assert_fails(&[&args[..], &[&peer.url()]].concat(), 17, "UNREACHABLE", "no-answer");
    assert!(ran.events().all("second_look").is_empty(), "{}", ran.stdout);
}

#[test]
fn a_port_that_says_nothing_to_tls() {
    let url = mute().url().replace("ws://", "wss://");
    let ran = assert_fails(&["--connect-timeout", "1s", &url], 17, "UNREACHABLE", "tls-silent");
    assert_eq!(ran.events().one("dial_failed")["phase"], "tls");
}

#[test]
fn plain_http_where_tls_was_expected() {
    let peer = RawPeer::start(|_, mut stream| {
        let _ = stream.write_all(response("400 Bad Request", "", "").as_bytes());
        raw::fin(stream);
    });
    let url = peer.url().replace("ws://", "wss://");
    assert_fails(&[&url], 13, "UNREACHABLE", "tls-not-spoken");
}

#[test]
fn tls_where_plain_http_was_expected() {
    let server = Server::start(&["--tls", "127.0.0.1:0"]);
    let url = server.url.replace("wss://", "ws://");
    assert_fails(&[&url], 15, "REFUSED", "plain-http-to-tls-port");
}

#[test]
fn a_port_on_which_nothing_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    drop(listener);
    assert_fails(&[&url], 11, "UNREACHABLE", "connection-refused");
}

#[test]
fn a_name_that_does_not_exist_or_cannot_be_looked_up() {
    let args = ["--connect-timeout", "8s", "ws://nonexistent.invalid/"];
    let text = probe(&args);
    // Without any network the look-up may have no answer at all: then it is the timeout that ends it.
    assert!([10, 17].contains(&text.code), "{}", text.stdout);
    assert_eq!(text.first_word(), "UNREACHABLE", "{}", text.stdout);
    let told = ["[name-not-found]", "[name-lookup-failed]", "[connect-timeout]"];
    assert!(told.iter().any(|code| text.stdout.contains(code)), "{}", text.stdout);
}

#[test]
fn an_answer_byte_by_byte_is_healthy() {
    let peer = RawPeer::start(|_, mut stream| {
        let Some(head) = raw::read_head(&mut stream) else { return };
        for byte in raw::answer_to(&head) {
            if stream.write_all(&[byte]).is_err() {
                return;
            }
        }
        raw::behave(stream);
    });
    assert_healthy(&[&peer.url()]);
}

#[test]
fn a_head_without_end_is_not_read_without_end() {
    let field = format!("X-Filler: {}\r\n", "f".repeat(1000));
    let answer = format!("HTTP/1.1 101 Switching Protocols\r\n{}", field.repeat(70));
    let peer = RawPeer::answering(answer);
    assert_fails(&[&peer.url()], 15, "REFUSED", "head-too-large");
}

#[test]
fn the_chunked_body_of_a_refusal_is_shown() {
    let chunks = "6\r\nno ent\r\n3\r\nry!\r\n0\r\n\r\n";
    let answer = format!("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
    let peer = RawPeer::answering(answer);
    let json = assert_fails(&[&peer.url()], 15, "REFUSED", "upgrade-forbidden");
    let events = json.events();
    let body = &events.one("upgrade_answered")["body"];
    assert_eq!(body["payload"]["text"], "no entry!", "{body}");
    assert!(probe(&[&peer.url()]).stdout.contains("\"no entry!\""));
}

#[test]
fn a_redirect_is_told_and_followed_only_with_location() {
    let goal = RawPeer::upgraded(|_, stream| raw::behave(stream));
    let location = format!("Location: {}\r\n", goal.url());
    let peer = RawPeer::answering(response("307 Temporary Redirect", &location, ""));
    let url = peer.url();
    assert_fails(&[&url], 15, "REFUSED", "upgrade-redirected");
    assert_eq!(goal.accepted(), 0);
    let ran = assert_healthy(&["-L", &url]);
    let events = ran.events();
    assert_eq!(events.one("redirected")["status"], 307);
    assert_eq!(events.finding("redirect-followed")["severity"], "note");
    assert_eq!(goal.accepted(), 1);
}

#[test]
fn what_is_for_one_server_does_not_follow_a_redirect_to_another() {
    let heads = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&heads);
    let goal = RawPeer::start(move |_, mut stream| {
        let Some(head) = raw::read_head(&mut stream) else { return };
        *seen.lock().unwrap() = head.clone();
        if stream.write_all(&raw::answer_to(&head)).is_ok() {
            raw::behave(stream);
        }
    });
    let peer = RawPeer::answering(response("307 Temporary Redirect", &format!("Location: {}\r\n", goal.url()), ""));
    let secrets = [
        "-H",
        "X-Api-Key: s3cret-key",
        "--bearer",
        "s3cret-token",
        "--cookie",
        "sid=s3cret-sid",
        "-s",
        "bearer.s3cret",
        "-o",
        "https://u:s3cret-pw@page.example",
        "-H",
        "X-Access: Bearer s3cret-access",
        "-H",
        "Referer: https://page.example/?token=s3cret-page",
    ];
    assert_healthy(&[&["-L", "-H", "X-Trace: 7"][..], &secrets, &[&peer.url()]].concat());
    let head = heads.lock().unwrap().clone();
    assert!(head.contains("X-Trace: 7") && !head.contains("s3cret"), "{head}");
    assert!(head.contains("Origin: https://page.example\r\n"), "{head}");
}

#[test]
fn a_secret_that_the_server_says_back_is_masked() {
    let peer = RawPeer::start(|_, mut stream| {
        let Some(head) = raw::read_head(&mut stream) else { return };
        let key = raw::field(&head, "X-Api-Key").unwrap_or("none").to_owned();
        let body = format!("the key {key} is not known");
        let answer = response(&format!("403 no {key}"), &format!("X-Your-Key: {key}\r\n"), &body);
        let _ = stream.write_all(answer.as_bytes());
        raw::fin(stream);
    });
    for flags in [&["-vv"][..], &["--json"]] {
        let ran = probe(&[flags, &["-H", "X-Api-Key: s3cret-key", &peer.url()]].concat());
        assert_eq!(ran.code, 15, "{}", ran.stdout);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(all.contains("the key *** is not known") && !all.contains("s3cret"), "{all}");
    }
    let open = probe(&["--no-redact", "-H", "X-Api-Key: s3cret-key", &peer.url()]);
    assert!(open.stdout.contains("the key s3cret-key is not known"), "{}", open.stdout);
}

#[test]
fn a_redirect_without_a_usable_location_is_told_and_not_followed() {
    for location in ["", "javascript:alert(1)", "http://[::1"] {
        let peer = RawPeer::answering(response("302 Found", &format!("Location: {location}\r\n"), ""));
        let events = assert_fails(&["-L", &peer.url()], 15, "REFUSED", "upgrade-redirected").events();
        let fact = events.finding("upgrade-redirected")["fact"].to_string();
        assert!(fact.contains("the redirect has no usable Location"), "{location}: {fact}");
    }
}

#[test]
fn a_secret_that_a_redirect_carries_is_masked_on_its_way() {
    let goal = RawPeer::upgraded(|_, stream| raw::behave(stream));
    let location = format!("Location: {}?q=s3cret-token&r=s3cret%2Dtoken\r\n", goal.url());
    let peer = RawPeer::answering(response("302 Found", &location, ""));
    for flags in [&["-vv"][..], &["--json"]] {
        let ran = probe(&[flags, &["-L", "--bearer", "s3cret-token", &peer.url()]].concat());
        assert_eq!(ran.code, 0, "{}", ran.stdout);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(all.contains("?q=***&r=***") && !all.contains("s3cret"), "{all}");
    }
}

#[test]
fn a_redirect_to_itself_ends() {
    let peer = RawPeer::answering(response("302 Found", "Location: /\r\n", ""));
    assert_fails(&["-L", "--max-redirects", "3", &peer.url()], 15, "REFUSED", "redirects-endless");
    assert_eq!(peer.accepted(), 8, "four requests in each of two runs");
}

#[test]
#[cfg(unix)]
fn a_unix_socket() {
    let path = std::env::temp_dir().join(format!("wscope-{}.socket", std::process::id()));
    let path = path.to_str().unwrap();
    let _server = Server::start(&[&format!("unix:{path}")]);
    assert_healthy(&["--unix-socket", path, "ws://localhost/"]);
    let missing = format!("{path}.missing");
    assert_fails(&["--unix-socket", &missing, "ws://localhost/"], 11, "UNREACHABLE", "unreachable");
    let _ = std::fs::remove_file(path);
}

#[test]
fn localhost_open_on_one_family_only_is_healthy() {
    let peer = RawPeer::upgraded(|_, stream| raw::behave(stream));
    let url = format!("ws://localhost:{}/", peer.address.port());
    let ran = assert_healthy(&[&url]);
    let events = ran.events();
    let addresses = events.one("resolved")["addresses"].to_string();
    if addresses.contains("::1") && TcpListener::bind("[::1]:0").is_ok() {
        assert_eq!(events.finding("address-skipped")["severity"], "note");
    }
}

#[test]
fn a_name_can_be_given_its_address() {
    let peer = RawPeer::upgraded(|_, stream| raw::behave(stream));
    let port = peer.address.port();
    let ran = assert_healthy(&[
        "--resolve",
        &format!("nowhere.invalid:{port}:127.0.0.1"),
        &format!("ws://nowhere.invalid:{port}/"),
    ]);
    let events = ran.events();
    let fields = events.one("upgrade_sent")["head"]["fields"].to_string();
    assert!(fields.contains(&format!("nowhere.invalid:{port}")), "{fields}");
}

#[test]
fn ready_waits_for_a_server_that_is_not_ready_yet() {
    let peer = RawPeer::start(|number, mut stream| match number {
        1 | 2 => {
            if raw::read_head(&mut stream).is_some() {
                let _ = stream.write_all(response("503 Service Unavailable", "", "starting").as_bytes());
                raw::fin(stream);
            }
        }
        _ => {
            if raw::upgrade(&mut stream).is_some() {
                raw::behave(stream);
            }
        }
    });
    let ran = probe(&["--json", "--ready", &peer.url()]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert_eq!(peer.accepted(), 3);
    let events = ran.events();
    assert_eq!((events.all("dial_failed").len(), events.all("retry_at").len()), (2, 2));
    assert_eq!(events.one("judged")["verdict"], "healthy");
}

#[test]
fn without_ready_a_503_is_the_end() {
    let peer = RawPeer::answering(response("503 Service Unavailable", "", "starting"));
    assert_fails(&[&peer.url()], 15, "REFUSED", "server-unavailable");
    assert_eq!(peer.accepted(), 2, "once in each of two runs");
}

#[test]
fn bytes_that_are_no_http() {
    let banner = |mut stream: TcpStream| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n");
        raw::fin(stream);
    };
    let peer = RawPeer::start(move |_, stream| banner(stream));
    assert_fails(&[&peer.url()], 15, "REFUSED", "not-http");
    let peer = RawPeer::start(|_, mut stream| {
        if raw::read_head(&mut stream).is_some() {
            raw::fin(stream);
        }
    });
    assert_fails(&[&peer.url()], 15, "REFUSED", "cut-before-answer");
}

/// The head is there and judged: what stalls behind it does not take the verdict away.
#[test]
fn a_refusal_whose_body_stalls_keeps_its_verdict() {
    let peer = RawPeer::start(|_, mut stream| {
        if raw::read_head(&mut stream).is_some() {
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nsorry");
            // Open until wscope leaves.
            let _ = stream.read(&mut [0]);
        }
    });
    let ran = probe(&["--json", "--connect-timeout", "1s", &peer.url()]);
    assert_eq!(ran.code, 15, "{}", ran.stdout);
    let events = ran.events();
    assert_eq!(events.one("upgrade_answered")["body"]["cut"], true);
    assert!(events.codes().contains(&"upgrade-forbidden"), "{:?}", events.findings());
}
