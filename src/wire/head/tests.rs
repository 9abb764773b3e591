//! Facts of heads, of their reader and of bodies.

#![allow(clippy::unwrap_used)]

use super::*;

const ANSWER: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUPGRADE: websocket\r\nconnection:  keep-alive, Upgrade \t\r\n\
    Set-Cookie: a=1\r\nset-cookie: b=2\r\n\r\n";

fn answer(bytes: &[u8]) -> Head {
    HeadReader::response(HEAD_LIMIT).push(bytes).unwrap().unwrap().0
}

fn request(bytes: &[u8]) -> Head {
    HeadReader::request(HEAD_LIMIT).push(bytes).unwrap().unwrap().0
}

#[test]
fn a_head_keeps_order_spelling_and_bytes() {
    let head = answer(ANSWER);
    assert_eq!(head.raw(), ANSWER);
    assert_eq!(head.start(), "HTTP/1.1 101 Switching Protocols");
    let names: Vec<&str> = head.fields().iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["UPGRADE", "connection", "Set-Cookie", "set-cookie"]);
    assert_eq!(head.first("Connection"), Some("keep-alive, Upgrade"));
    assert_eq!(head.all("SET-COOKIE").collect::<Vec<_>>(), ["a=1", "b=2"]);
    assert_eq!(head.first("Server"), None);
}

#[test]
fn lists_are_taken_over_all_fields_of_a_name() {
    let head = answer(b"HTTP/1.1 200 OK\r\nConnection: a,, B ,\r\nVia: x\r\nCONNECTION: Upgrade\r\n\r\n");
    assert_eq!(head.tokens("connection"), ["a", "B", "Upgrade"]);
    assert!(head.has_token("Connection", "upgrade"));
    assert!(head.has_token("Connection", "b"));
    assert!(!head.has_token("Connection", "up"));
}

#[test]
fn a_status_line_is_read_in_every_version() {
    let head = answer(b"HTTP/1.0 404 Not Found\r\n\r\n");
    assert_eq!((head.status(), head.reason(), head.version()), (Some(404), "Not Found", Some((1, 0))));
    let head = answer(b"HTTP/1.1 200\r\n\r\n");
    assert_eq!((head.status(), head.reason(), head.version()), (Some(200), "", Some((1, 1))));
    let head = answer(b"HTTP/2 503 Gone  away\r\nServer: x\r\n\r\n");
    assert_eq!((head.status(), head.reason(), head.version()), (Some(503), "Gone  away", Some((2, 0))));
    assert_eq!(head.first("server"), Some("x"));
    assert_eq!(answer(b"HTTP/3.0 200 \r\n\r\n").version(), Some((3, 0)));
    assert_eq!((head.method(), head.target()), ("", ""));
}

#[test]
fn a_request_line_is_read() {
    let head = request(b"\r\nGET /chat?room=1 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((head.method(), head.target(), head.version()), ("GET", "/chat?room=1", Some((1, 1))));
    assert_eq!(head.start(), "GET /chat?room=1 HTTP/1.1");
    assert_eq!((head.status(), head.reason()), (None, ""));
    assert_eq!(head.fields().len(), 1);
}

#[test]
fn any_split_gives_the_same_head_and_rest() {
    let stream = [ANSWER, b"\x81\x02hi"].concat();
    let mut reader = HeadReader::response(HEAD_LIMIT);
    for (index, byte) in stream.iter().enumerate() {
        let came = reader.push(&[*byte]).unwrap();
        assert_eq!(came.is_some(), index + 1 == ANSWER.len());
        if let Some((head, rest)) = came {
            assert_eq!((head, rest), (answer(ANSWER), Vec::new()));
            break;
        }
        assert_eq!(reader.received(), &stream[..=index]);
    }
    let (_, rest) = HeadReader::response(HEAD_LIMIT).push(&stream).unwrap().unwrap();
    assert_eq!(rest, b"\x81\x02hi");
}

#[test]
fn a_reader_is_new_after_a_head() {
    let mut reader = HeadReader::response(HEAD_LIMIT);
    let (first, rest) = reader.push(b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 10").unwrap().unwrap();
    assert_eq!(first.status(), Some(103));
    assert!(reader.received().is_empty());
    assert_eq!(reader.push(&rest), Ok(None));
    assert_eq!(reader.push(b"1 Yes\r\n\r\n").unwrap().unwrap().0.status(), Some(101));
}

#[test]
fn line_feeds_alone_end_lines() {
    let head = answer(b"HTTP/1.1 200 OK\nA: 1\nB : 2\r\n\n");
    assert_eq!(head.fields(), [field("A", "1"), field("B", "2")]);
}

fn field(name: &str, value: &str) -> Field {
    Field { name: name.to_owned(), value: value.to_owned() }
}

#[test]
fn a_folded_value_is_one_line() {
    let head = answer(b"HTTP/1.1 200 OK\r\nA: one\r\n  two\r\n\tthree \r\nB:\r\n later\r\nC:\r\n\r\n");
    assert_eq!(head.fields(), [field("A", "one two three"), field("B", "later"), field("C", "")]);
}

#[test]
fn bytes_that_are_not_utf8_are_replaced_and_kept() {
    let raw = b"HTTP/1.1 200 OK\r\nServer: caf\xe9\r\n\r\n";
    let head = answer(raw);
    assert_eq!(head.first("Server"), Some("caf\u{fffd}"));
    assert_eq!(head.raw(), raw);
    let json = serde_json::to_value(&head).unwrap();
    assert_eq!(json["raw"]["base64"], data_encoding::BASE64.encode(raw));
}

#[test]
fn json_has_start_fields_and_raw() {
    let json = serde_json::to_string(&answer(b"HTTP/1.1 200 OK\r\nA: 1\r\n\r\n")).unwrap();
    assert_eq!(
        json,
        r#"{"start":"HTTP/1.1 200 OK","fields":[["A","1"]],"raw":{"text":"HTTP/1.1 200 OK\r\nA: 1\r\n\r\n"}}"#
    );
}

#[test]
fn what_is_not_http_is_told_at_once() {
    let cases: [(&[u8], usize); 4] = [(b"\x15\x03\x01", 0), (b"HTTX", 3), (b"SSH-2.0", 0), (b"\r\nHTTP/1.1", 0)];
    for (bytes, faulty) in cases {
        let mut reader = HeadReader::response(HEAD_LIMIT);
        assert_eq!(reader.push(&bytes[..faulty]), Ok(None));
        let fault = HeadFault::NotHttp { first: bytes[..=faulty].to_vec() };
        assert_eq!(reader.push(&bytes[faulty..=faulty]), Err(fault.clone()));
        assert_eq!(reader.push(b"HTTP/1.1 200 OK\r\n\r\n"), Err(fault));
    }
    let mut reader = HeadReader::request(HEAD_LIMIT);
    assert_eq!(reader.push(b"\x16\x03\x01\x02"), Err(HeadFault::NotHttp { first: b"\x16\x03\x01\x02".to_vec() }));
    assert!(matches!(HeadReader::request(HEAD_LIMIT).push(b" GET"), Err(HeadFault::NotHttp { .. })));
    assert!(matches!(HeadReader::request(HEAD_LIMIT).push(b"hello\r\n"), Err(HeadFault::NotHttp { .. })));
    let long = HeadReader::response(HEAD_LIMIT).push(&[0; 200]);
    assert_eq!(long, Err(HeadFault::NotHttp { first: vec![0; 64] }));
}

#[test]
fn a_field_that_breaks_the_rules_is_named() {
    let table: [(&[u8], &str); 6] = [
        (b"Server: a\r\nX-Trace: a\x01b\r\n", "the value of the header field \"X-Trace\" holds the byte 0x01"),
        (b"X-Nul: \0\r\n", "the value of the header field \"X-Nul\" holds the byte 0x00"),
        (b"A: b\rc\r\n", "the value of the header field \"A\" holds the byte 0x0d"),
        (b"A: b\r\n c\x7f\r\n", "the value of the header field \"A\" holds the byte 0x7f"),
        (b"A: b\r\nnot a field\r\n", "a line of the head is no header field: \"not a field\""),
        (b"B\x01d: 1\r\n", "a line of the head is no header field: \"B\\x01d: 1\""),
    ];
    for (fields, told) in table {
        let raw = [b"HTTP/1.1 200 OK\r\n", fields, b"\r\n"].concat();
        let fault = HeadReader::response(HEAD_LIMIT).push(&raw);
        let Err(HeadFault::Malformed { words, .. }) = fault else { panic!("{fields:?}: {fault:?}") };
        assert!(words.starts_with(told), "{fields:?}: {words}");
    }
    // The twins: a tab and other scripts are allowed.
    let head = answer(b"HTTP/1.1 200 OK\r\nA: b\tc\r\nB: caf\xc3\xa9\r\n\r\n");
    assert_eq!(head.fields().len(), 2);
}

#[test]
fn a_head_beyond_the_limit_is_refused() {
    let mut reader = HeadReader::response(20);
    assert_eq!(reader.push(b"HTTP/1.1 200 OK\r\nA: "), Ok(None));
    assert_eq!(reader.push(b"1"), Err(HeadFault::TooLarge { limit: 20 }));
    assert_eq!(HeadReader::response(18).push(b"HTTP/1.1 200 OK\r\n\r\n"), Err(HeadFault::TooLarge { limit: 18 }));
    assert!(HeadReader::response(19).push(b"HTTP/1.1 200 OK\r\n\r\nmuch more than the limit").unwrap().is_some());
    let mut blank = HeadReader::request(4);
    assert_eq!(blank.push(b"\r\n\r\n"), Ok(None));
    assert_eq!(blank.push(b"\r"), Err(HeadFault::TooLarge { limit: 4 }));
}

#[test]
fn a_malformed_head_is_told_with_its_beginning() {
    let words = |bytes: &[u8]| match HeadReader::response(HEAD_LIMIT).push(bytes) {
        Err(HeadFault::Malformed { words, first }) => {
            assert_eq!(first, bytes[..bytes.len().min(64)]);
            words
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(words(b"HTTP/1.1 20 OK\r\n\r\n"), "the status line has no status of three digits");
    assert_eq!(words(b"HTTP/2\r\n\r\n"), "the status line has no status of three digits");
    let reason = words(b"HTTP/1.1 101 a\x01b\r\n\r\n");
    assert_eq!(reason, "the status line holds the byte 0x01, which is not allowed there");
    let no_colon = words(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n");
    assert_eq!(no_colon, "a line of the head is no header field: \"no colon\"");
    let many = [b"HTTP/1.1 200 OK\r\n".as_slice(), &b"A: 1\r\n".repeat(257), b"\r\n"].concat();
    assert_eq!(words(&many), "the head has more than 256 fields");
    let most = [b"HTTP/1.1 200 OK\r\n".as_slice(), &b"A: 1\r\n".repeat(256), b"\r\n"].concat();
    assert_eq!(answer(&most).fields().len(), 256);
    let old = HeadReader::request(HEAD_LIMIT).push(b"GET / HTTP/3\r\n\r\n");
    assert!(matches!(old, Err(HeadFault::Malformed { .. })));
}

#[test]
fn a_masked_copy_hides_the_value_in_the_bytes_too() {
    let head = request(b"GET /?token=1 HTTP/1.1\r\nHost: a\r\nauthorization:  Basic c2VjcmV0 \r\nA: \r\n\r\n");
    let masked = head
        .with_field_values(|name, _| name.eq_ignore_ascii_case("Authorization").then(|| "***".to_owned()))
        .with_start("GET /?token=*** HTTP/1.1".to_owned());
    assert_eq!(masked.first("Authorization"), Some("***"));
    assert_eq!(masked.target(), "/?token=***");
    assert_eq!(masked.raw(), b"GET /?token=*** HTTP/1.1\r\nHost: a\r\nauthorization:  *** \r\nA: \r\n\r\n".as_slice());
    assert_eq!(head.with_field_values(|_, _| None), head);
}

#[test]
fn anything_can_be_taken_verbatim() {
    for raw in [&b""[..], b"\r\n", b"\n\n\n", b" ", b"x\r\n folded\r\n:\r\n: v\r\nn", b"\r", b"a\r\n\r\nA: body\r\n"] {
        let head = Head::verbatim(raw.to_vec());
        assert_eq!(head.raw(), raw);
        assert_eq!(head.with_field_values(|_, value| Some(value.to_owned())).raw(), raw);
        assert_eq!(head.status(), None);
    }
}

fn length_of(fields: &str) -> BodyLength {
    body_length(&answer(format!("HTTP/1.1 400 No\r\n{fields}\r\n").as_bytes()))
}

#[test]
fn the_length_of_a_body_follows_the_rules() {
    assert_eq!(body_length(&answer(b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n")), BodyLength::None);
    assert_eq!(body_length(&answer(b"HTTP/1.1 304 No\r\n\r\n")), BodyLength::None);
    assert_eq!(length_of(""), BodyLength::UntilClose);
    assert_eq!(length_of("Content-Length: 12\r\n"), BodyLength::Exact(12));
    assert_eq!(length_of("Content-Length: 12, 12\r\n"), BodyLength::Exact(12));
    assert_eq!(length_of("Content-Length: 12\r\nContent-Length: 13\r\n"), BodyLength::UntilClose);
    assert_eq!(length_of("Content-Length: +12\r\n"), BodyLength::UntilClose);
    assert_eq!(length_of("Content-Length: 99999999999999999999\r\n"), BodyLength::UntilClose);
    assert_eq!(length_of("Transfer-Encoding: gzip, Chunked\r\nContent-Length: 3\r\n"), BodyLength::Chunked);
    assert_eq!(length_of("Transfer-Encoding: gzip\r\n"), BodyLength::UntilClose);
}

/// Feeds the body whole and byte by byte, and checks that both give the same.
fn read(length: BodyLength, keep: usize, bytes: &[u8]) -> (String, bool, bool) {
    let mut whole = BodyReader::new(length, keep);
    let mut single = BodyReader::new(length, keep);
    let done = whole.push(bytes);
    for byte in bytes {
        single.push(&[*byte]);
    }
    assert_eq!(single.done(), done);
    let (kept, cut) = whole.finish();
    assert_eq!(single.finish(), (kept.clone(), cut));
    (String::from_utf8(kept).unwrap(), cut, done)
}

fn told(text: &str, cut: bool, done: bool) -> (String, bool, bool) {
    (text.to_owned(), cut, done)
}

#[test]
fn a_body_ends_where_its_length_says() {
    assert_eq!(read(BodyLength::None, 10, b"abc"), told("", false, true));
    assert_eq!(read(BodyLength::Exact(0), 10, b""), told("", false, true));
    assert_eq!(read(BodyLength::Exact(3), 10, b"abcdef"), told("abc", false, true));
    assert_eq!(read(BodyLength::Exact(5), 10, b"abc"), told("abc", true, false));
    assert_eq!(read(BodyLength::Exact(u64::MAX), 4, b"abcdef"), told("abcd", true, true));
    assert_eq!(read(BodyLength::UntilClose, 10, b"abc"), told("abc", false, false));
    assert_eq!(read(BodyLength::UntilClose, 2, b"abc"), told("ab", true, true));
}

#[test]
fn chunks_are_put_together() {
    let chunked = |bytes: &[u8]| read(BodyLength::Chunked, 100, bytes);
    assert_eq!(chunked(b"4\r\nWiki\r\n5;a=b\r\npedia\r\n0\r\nTrailer: x\r\n\r\nrest"), told("Wikipedia", false, true));
    assert_eq!(chunked(b"2 \nab\n0\n\n"), told("ab", false, true));
    assert_eq!(chunked(b"A\r\n0123456789\r\n0\r\n\r\n"), told("0123456789", false, true));
    assert_eq!(chunked(b"4\r\nWi"), told("Wi", true, false));
    assert_eq!(chunked(b"0\r\n"), told("", true, false));
}

#[test]
fn malformed_chunks_end_the_body_as_cut() {
    let chunked = |bytes: &[u8]| read(BodyLength::Chunked, 100, bytes);
    assert_eq!(chunked(b"zz\r\n"), told("", true, true));
    assert_eq!(chunked(b"\r\n"), told("", true, true));
    assert_eq!(chunked(b"2\r\nabX"), told("ab", true, true));
    assert_eq!(chunked(b"00000000000000001\r\na"), told("", true, true));
    let endless = [b"0\r\n".as_slice(), &[b'x'; 20_000]].concat();
    assert_eq!(chunked(&endless), told("", true, true));
    assert_eq!(read(BodyLength::Chunked, 3, b"FFFFFFFFFFFFFFFF\r\nabcdef"), told("abc", true, true));
}
