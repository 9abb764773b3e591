//! Bytes and the messages they are, cut into blocks in every way.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const FRAMINGS: [Framing; 7] =
    [Framing::Text, Framing::Binary, Framing::Null, Framing::Hex, Framing::Base64, Framing::Whole, Framing::Commands];
const LARGE: u64 = 64 << 20;
const BLOCK: usize = 64 * 1024;

fn plan(framing: Framing, max_message: u64) -> Plan {
    Plan { framing, max_message, skip_bad: true }
}

/// Reads it in blocks of so many bytes, over and over, taking all that there is after each.
fn read_in(plan: Plan, bytes: &[u8], sizes: &[usize]) -> Vec<Item> {
    let mut input = Input::new(plan);
    let mut items = Vec::new();
    let (mut at, mut turn) = (0, 0);
    while at < bytes.len() {
        let end = bytes.len().min(at + sizes[turn % sizes.len()].max(1));
        input.push(Bytes::copy_from_slice(&bytes[at..end]));
        items.extend(input.by_ref());
        (at, turn) = (end, turn + 1);
    }
    input.end();
    items.extend(input.by_ref());
    assert!(input.is_done());
    assert_eq!(input.waiting_bytes(), 0);
    items
}

fn read(framing: Framing, bytes: &[u8]) -> Vec<Item> {
    read_in(plan(framing, LARGE), bytes, &[BLOCK])
}

fn send(number: u64, text: bool, payload: &[u8]) -> Item {
    Item::Send { number, text, payload: Bytes::copy_from_slice(payload) }
}

fn bad(number: u64, why: &str) -> Item {
    Item::Bad { number, why: why.into() }
}

fn too_much(number: u64, size: &str) -> Item {
    bad(number, &format!("expected at most {size} (--max-message), got more"))
}

fn number(item: &Item) -> u64 {
    match item {
        Item::Send { number, .. }
        | Item::Ping { number, .. }
        | Item::Close { number, .. }
        | Item::Bad { number, .. } => *number,
    }
}

/// The one item of one line, without its end.
fn one(framing: Framing, line: &[u8]) -> Item {
    let items = read(framing, line);
    assert_eq!(items.len(), 1, "{items:?}");
    items.into_iter().next().unwrap()
}

fn why(framing: Framing, line: &[u8]) -> String {
    match one(framing, line) {
        Item::Bad { number: 1, why } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_line_ends_at_lf_and_a_cr_before_it_goes_too() {
    let cases: [(&[u8], &[&[u8]]); 14] = [
        (b"", &[]),
        (b"a\nb\n", &[b"a", b"b"]),
        (b"a\r\nb\r\n", &[b"a", b"b"]),
        (b"a", &[b"a"]),
        (b"a\nb", &[b"a", b"b"]),
        (b"a\rb\n", &[b"a\rb"]),
        (b"a\r", &[b"a\r"]),
        (b"a\r\r\n", &[b"a\r"]),
        (b"\n", &[b""]),
        (b"\r\n", &[b""]),
        (b"\r", &[b"\r"]),
        (b"a\n\n\nb\n", &[b"a", b"", b"", b"b"]),
        (b"a\0b\n", &[b"a\0b"]),
        ("gr\u{fc}n\n\u{1f600}".as_bytes(), &["gr\u{fc}n".as_bytes(), "\u{1f600}".as_bytes()]),
    ];
    for (bytes, lines) in cases {
        let wanted: Vec<Item> = (1..).zip(lines).map(|(number, line)| send(number, true, line)).collect();
        assert_eq!(read(Framing::Text, bytes), wanted, "{bytes:?}");
        assert_eq!(read_in(plan(Framing::Text, LARGE), bytes, &[1]), wanted, "{bytes:?} byte by byte");
    }
}

#[test]
fn a_null_ends_a_message_that_may_have_lines() {
    let wanted = vec![send(1, true, b"a\r\nb\r"), send(2, true, b""), send(3, true, b"c\n")];
    assert_eq!(read(Framing::Null, b"a\r\nb\r\0\0c\n"), wanted);
    assert_eq!(read(Framing::Null, b"a\r\nb\r\0\0c\n\0"), wanted);
    assert_eq!(why(Framing::Null, b"a\xff"), "expected UTF-8, got 0xff at byte 2");
}

#[test]
fn a_block_is_a_binary_message_of_64_kib_at_most() {
    let bytes: Vec<u8> = (0..=255u8).cycle().take(BLOCK + 10).collect();
    let wanted = vec![send(1, false, &bytes[..BLOCK]), send(2, false, &bytes[BLOCK..])];
    assert_eq!(read_in(plan(Framing::Binary, LARGE), &bytes, &[bytes.len()]), wanted);
    let wanted = vec![send(1, false, b"\0\x01\n"), send(2, false, b"\xffA")];
    assert_eq!(read_in(plan(Framing::Binary, LARGE), b"\0\x01\n\xffA", &[3]), wanted);
    assert_eq!(read_in(plan(Framing::Binary, 3), b"\0\x01\n\xffA", &[5]), wanted);
}

#[test]
fn the_whole_is_text_when_it_is_utf8() {
    assert!(read(Framing::Whole, b"").is_empty());
    assert_eq!(read(Framing::Whole, b"a\r\nb\0\n"), vec![send(1, true, b"a\r\nb\0\n")]);
    assert_eq!(read(Framing::Whole, b"a\n\xff"), vec![send(1, false, b"a\n\xff")]);
    assert_eq!(read_in(plan(Framing::Whole, 4), b"12\n4", &[3]), vec![send(1, true, b"12\n4")]);
    assert_eq!(read_in(plan(Framing::Whole, 4), b"12\n45", &[3]), vec![too_much(1, "4 B")]);
}

#[test]
fn a_line_of_1_mib_is_one_message() {
    let line = vec![b'x'; 1 << 20];
    let mut bytes = line.clone();
    bytes.extend_from_slice(b"\r\nend\n");
    for sizes in [[BLOCK, BLOCK], [1, BLOCK], [4096, 3], [1 << 21, 1 << 21]] {
        let wanted = vec![send(1, true, &line), send(2, true, b"end")];
        assert_eq!(read_in(plan(Framing::Text, LARGE), &bytes, &sizes), wanted, "{sizes:?}");
    }
}

#[test]
fn a_line_exactly_at_the_limit_passes() {
    let cases: [(&[u8], bool); 10] = [
        (b"12345\n", true),
        (b"12345\r\n", true),
        (b"12345", true),
        (b"1234\r", true),
        (b"1234\r\r\n", true),
        (b"123456\n", false),
        (b"12345\r", false),
        (b"123456", false),
        (b"12345\r\r\n", false),
        (b"12345\r6\n", false),
    ];
    for (bytes, passes) in cases {
        for sizes in [[100, 100], [1, 1], [5, 1], [6, 1], [3, 4]] {
            let items = read_in(plan(Framing::Text, 5), bytes, &sizes);
            assert_eq!(items.len(), 1, "{bytes:?} {items:?}");
            if passes {
                assert!(matches!(items[0], Item::Send { number: 1, .. }), "{bytes:?} {items:?}");
            } else {
                assert_eq!(items[0], too_much(1, "5 B"), "{bytes:?}");
            }
        }
    }
}

#[test]
fn a_decoded_message_is_measured_and_not_its_line() {
    for (framing, fits, exceeds) in [
        (Framing::Hex, &b" 01 02 03 04 05 \r\n"[..], &b"010203040506\n"[..]),
        (Framing::Base64, b"AQIDBAU=\n", b"AQIDBAUG\n"),
        (Framing::Commands, b"{\"send_base64\":\"AQIDBAU=\"}\n", b"{\"send_base64\":\"AQIDBAUG\"}\n"),
    ] {
        assert_eq!(read_in(plan(framing, 5), fits, &[7]), vec![send(1, false, &[1, 2, 3, 4, 5])]);
        assert_eq!(read_in(plan(framing, 5), exceeds, &[7]), vec![too_much(1, "5 B")]);
    }
    let escaped = b"{\"send\":\"\\u0000\\u0000\\u0000\\u0000\\u0000\"}";
    assert_eq!(read_in(plan(Framing::Commands, 5), escaped, &[100]), vec![send(1, true, &[0; 5])]);
}

#[test]
fn what_is_no_utf8_stops_the_reading() {
    let mut input = Input::new(Plan { framing: Framing::Text, max_message: LARGE, skip_bad: false });
    input.push(Bytes::from_static(b"a\nb\xff\xfe\nc\n"));
    input.push(Bytes::from_static(b"d\n"));
    assert_eq!(input.next(), Some(send(1, true, b"a")));
    assert!(!input.is_done());
    assert_eq!(input.next(), Some(bad(2, "expected UTF-8, got 0xff at byte 2")));
    assert!(input.is_done());
    assert_eq!((input.waiting_bytes(), input.lines()), (0, 2));
    input.push(Bytes::from_static(b"e\n"));
    input.end();
    assert_eq!(input.next(), None);
    assert_eq!((input.waiting_bytes(), input.lines()), (0, 2));
}

#[test]
fn what_is_no_utf8_is_skipped() {
    let cut = "expected UTF-8, got 0xe2 at byte 1";
    let wanted = vec![
        send(1, true, b"a"),
        bad(2, "expected UTF-8, got 0xff at byte 2"),
        bad(3, cut),
        send(4, true, "\u{20ac}".as_bytes()),
        bad(5, "expected UTF-8, got 0x80 at byte 4"),
        send(6, true, b""),
        bad(7, cut),
    ];
    let bytes = b"a\nb\xff\xfe\n\xe2\x82\r\n\xe2\x82\xac\n\xe2\x82\xac\x80\n\n\xe2\x82";
    for size in 1..=bytes.len() {
        assert_eq!(read_in(plan(Framing::Text, LARGE), bytes, &[size]), wanted, "{size}");
    }
}

#[test]
fn hex_is_pairs_of_digits_with_blanks_anywhere() {
    for (line, bytes) in [(&b"00fF"[..], &b"\0\xff"[..]), (b" 0 0\tf f \r\n", b"\0\xff"), (b"\n", b""), (b"  ", b"")] {
        assert_eq!(one(Framing::Hex, line), send(1, false, bytes));
    }
    for (line, wanted) in [
        (&b"0g"[..], "expected hex digits, got \"g\" at byte 2"),
        (b" 0x00", "expected hex digits, got \"x\" at byte 3"),
        (b"00 f", "expected pairs of hex digits, got 3 digits"),
        (b"0", "expected pairs of hex digits, got 1 digit"),
        (b"00\xff", "expected hex digits, got 0xff at byte 3"),
        (b"00\x1b", "expected hex digits, got \"\\u{1b}\" at byte 3"),
    ] {
        assert_eq!(why(Framing::Hex, line), wanted);
    }
}

#[test]
fn base64_has_its_padding() {
    for (line, bytes) in
        [(&b"AP8="[..], &b"\0\xff"[..]), (b" AP8= \r\n", b"\0\xff"), (b"\n", b""), (b"+/+/", b"\xfb\xff\xbf")]
    {
        assert_eq!(one(Framing::Base64, line), send(1, false, bytes));
    }
    for (line, wanted) in [
        (&b"AP8"[..], "expected base64 in groups of 4 characters, got 3 characters"),
        (b" A-8=", "expected base64, got \"-\" at byte 3"),
        (b"AP 8=", "expected base64, got \" \" at byte 3"),
        (b" AP9=", "expected base64 like \"AP8=\", got a wrong ending at byte 4"),
        (b"AP\xc3\xa9", "expected base64, got 0xc3 at byte 3"),
    ] {
        assert_eq!(why(Framing::Base64, line), wanted);
    }
    assert!(why(Framing::Base64, b"A===").starts_with("expected base64 like"));
}

#[test]
fn a_bad_line_has_its_number_and_the_others_go_on() {
    let wanted =
        vec![send(1, false, b"\x01"), bad(2, "expected hex digits, got \"z\" at byte 1"), send(3, false, b"\x02")];
    assert_eq!(read(Framing::Hex, b"01\nzz\n02\n"), wanted);
}

#[test]
fn each_command_has_its_form() {
    let close = |code: Option<u16>, reason: &str| Item::Close { number: 1, code, reason: reason.into() };
    let ping = |payload: &'static [u8]| Item::Ping { number: 1, payload: Bytes::from_static(payload) };
    for (line, wanted) in [
        ("{\"send\":\"text\"}", send(1, true, b"text")),
        ("{\"send\":\"\"}", send(1, true, b"")),
        (" { \"send\" : \"a\\n\\u00e9\" } \r\n", send(1, true, "a\n\u{e9}".as_bytes())),
        ("{\"send_base64\":\"AP8=\"}", send(1, false, b"\0\xff")),
        ("{\"ping\":\"\"}", ping(b"")),
        ("{\"ping\":\"x\"}", ping(b"x")),
        ("{\"close\":{}}", close(None, "")),
        ("{\"close\":{\"code\":1000}}", close(Some(1000), "")),
        ("{\"close\":{\"code\":4001,\"reason\":\"bye\"}}", close(Some(4001), "bye")),
        ("{\"close\":{\"reason\":\"\",\"code\":1000}}", close(Some(1000), "")),
    ] {
        assert_eq!(one(Framing::Commands, line.as_bytes()), wanted, "{line}");
    }
}

#[test]
fn a_line_that_is_no_command_says_what_was_expected() {
    let keys = "send, send_base64, ping or close";
    for (line, wanted) in [
        ("\n", format!("expected a JSON object with {keys}, got an empty line")),
        ("hello", format!("expected a JSON object with {keys}, got \"hello\"")),
        ("[\"send\"]", format!("expected a JSON object with {keys}, got \"[\\\"send\\\"]\"")),
        ("{}", format!("expected {keys}, got none of them")),
        ("{\"send\":null}", format!("expected {keys}, got none of them")),
        ("{\"send\":\"a\",\"ping\":\"\"}", format!("expected one of {keys} a line, got several")),
        ("{\"send_base64\":\"A\"}", "send_base64 expected base64 in groups of 4 characters, got 1 character".into()),
        ("{\"close\":{\"code\":1005}}", "close expected a code that may be sent, like 1000 or 4001, got 1005".into()),
        ("{\"close\":{\"code\":99999}}", "close expected a code that may be sent, like 1000 or 4001, got 99999".into()),
        ("{\"close\":{\"reason\":\"bye\"}}", "close expected a code with its reason, got none".into()),
    ] {
        assert_eq!(why(Framing::Commands, line.as_bytes()), wanted);
    }
}

#[test]
fn a_wrong_key_or_value_is_named() {
    for (line, parts) in [
        ("{\"sned\":\"a\"}", ["unknown field `sned`", "`send`", "`close`"]),
        ("{\"send\":\"a\",\"send\":\"b\"}", ["duplicate field", "`send`", "at byte"]),
        ("{\"send\":5}", ["integer `5`", "expected a string", "(at byte"]),
        ("{\"send\":\"a\"", ["expected JSON", "at byte", "EOF"]),
        ("{\"send\":\"a\"}}", ["expected JSON", "at byte", "trailing"]),
        ("{\"close\":1000}", ["integer `1000`", "an object with code and reason", "at byte"]),
        ("{\"close\":[1000]}", ["sequence", "an object with code and reason", "at byte"]),
        ("{\"close\":null}", ["null", "an object with code and reason", "at byte"]),
        ("{\"close\":{\"code\":-1}}", ["integer `-1`", "u64", "at byte"]),
        ("{\"close\":{\"status\":1000}}", ["unknown field `status`", "`code`", "`reason`"]),
    ] {
        let why = why(Framing::Commands, line.as_bytes());
        for part in parts {
            assert!(why.contains(part), "{line}: {why}");
        }
    }
    assert_eq!(why(Framing::Commands, b"{\"send\":\"\xff\"}"), "expected UTF-8, got 0xff at byte 10");
    let long = "x".repeat(126);
    let ping = format!("{{\"ping\":\"{long}\"}}");
    assert_eq!(why(Framing::Commands, ping.as_bytes()), "ping expected at most 125 bytes, got 126");
    let close = format!("{{\"close\":{{\"code\":1000,\"reason\":\"{long}\"}}}}");
    assert_eq!(why(Framing::Commands, close.as_bytes()), "close reason expected at most 123 bytes, got 126");
}

#[test]
fn a_line_inside_a_block_is_a_slice_of_it() {
    let block = Bytes::from(b"first\nsecond\r\nthird".to_vec());
    let mut input = Input::new(plan(Framing::Text, LARGE));
    input.push(block.clone());
    for wanted in [&block[..5], &block[6..12]] {
        let Some(Item::Send { payload, .. }) = input.next() else { panic!("no message") };
        assert_eq!((payload.as_ptr(), payload.len()), (wanted.as_ptr(), wanted.len()));
    }
    assert_eq!(input.next(), None);
    assert_eq!((input.waiting_bytes(), input.lines()), (5, 2));
}

#[test]
fn a_line_that_is_too_long_is_told_at_once_and_not_kept() {
    let mut input = Input::new(plan(Framing::Text, 100_000));
    let block = Bytes::from(vec![b'x'; BLOCK]);
    let mut items = Vec::new();
    for _ in 0..100 {
        input.push(block.clone());
        items.extend(input.by_ref());
        assert!(input.waiting_bytes() <= BLOCK);
    }
    assert_eq!(items, vec![bad(1, "expected at most 97.7 KiB (--max-message), got more")]);
    assert_eq!(input.waiting_bytes(), 0);
    input.push(Bytes::from_static(b"end\nnext"));
    input.end();
    assert_eq!(input.next(), Some(send(2, true, b"next")));
    assert_eq!((input.next(), input.is_done()), (None, true));
}

#[test]
fn what_waits_is_counted() {
    let mut input = Input::new(plan(Framing::Text, LARGE));
    input.push(Bytes::new());
    input.push(Bytes::from_static(b"ab\ncd\n"));
    input.push(Bytes::from_static(b"ef"));
    assert_eq!(input.waiting_bytes(), 8);
    assert_eq!(input.next(), Some(send(1, true, b"ab")));
    assert_eq!(input.waiting_bytes(), 5);
    assert_eq!(input.next(), Some(send(2, true, b"cd")));
    assert_eq!((input.next(), input.waiting_bytes(), input.is_done()), (None, 2, false));
    input.end();
    assert!(!input.is_done());
    assert_eq!(input.next(), Some(send(3, true, b"ef")));
    assert!(input.is_done());
}

/// The lines of a text as a reader without blocks finds them.
fn lines_of(bytes: &[u8]) -> Vec<&[u8]> {
    let mut pieces: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let rest = pieces.pop().unwrap();
    let mut lines: Vec<&[u8]> = Vec::new();
    for piece in pieces {
        lines.push(piece.strip_suffix(b"\r").unwrap_or(piece));
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

fn plainly(number: u64, line: &[u8], longest: usize) -> Item {
    if line.len() > longest {
        return too_much(number, &format!("{longest} B"));
    }
    match std::str::from_utf8(line) {
        Ok(text) => send(number, true, text.as_bytes()),
        Err(error) => {
            let at = error.valid_up_to();
            bad(number, &format!("expected UTF-8, got 0x{:02x} at byte {}", line[at], at + 1))
        }
    }
}

fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => prop::sample::select(b"\n\r\0".to_vec()),
        6 => prop::sample::select(b"abc019AP8= {}\":".to_vec()),
        // Parts of characters of two and three bytes.
        2 => prop::sample::select(b"\xc3\xa9\xe2\x82\xac".to_vec()),
        1 => any::<u8>(),
    ]
}

/// Whole characters, broken ones, and the ends of lines.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        3 => prop::collection::vec(byte(), 0..6),
        1 => Just("\u{e9}\u{20ac}\u{1f600}".as_bytes().to_vec()),
        1 => Just(b"{\"send\":\"a\"}\n".to_vec()),
        1 => Just(b"\r\n".to_vec()),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

fn framing() -> impl Strategy<Value = Framing> {
    prop::sample::select(FRAMINGS.to_vec())
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1usize..30, 1..10)
}

proptest! {
    #[test]
    fn any_cut_into_blocks_gives_the_same_items(
        framing in framing(), bytes in bytes(), skip_bad: bool, sizes in sizes(), max_message in 0u64..40,
    ) {
        prop_assume!(framing != Framing::Binary);
        let plan = Plan { framing, max_message, skip_bad };
        let whole = read_in(plan, &bytes, &[bytes.len()]);
        prop_assert_eq!(&read_in(plan, &bytes, &sizes), &whole);
        prop_assert_eq!(&read_in(plan, &bytes, &[1]), &whole);
        let mut input = Input::new(plan);
        for block in bytes.chunks(sizes[0]) {
            input.push(Bytes::copy_from_slice(block));
        }
        input.end();
        prop_assert_eq!(&input.by_ref().collect::<Vec<Item>>(), &whole);
        prop_assert!(input.is_done());
    }

    #[test]
    fn every_line_gives_one_item_with_its_number(framing in framing(), bytes in bytes(), sizes in sizes()) {
        let items = read_in(plan(framing, 12), &bytes, &sizes);
        let numbers: Vec<u64> = items.iter().map(number).collect();
        prop_assert_eq!(&numbers, &(1..=items.len() as u64).collect::<Vec<u64>>());
        match framing {
            Framing::Text | Framing::Hex | Framing::Base64 | Framing::Commands => {
                prop_assert_eq!(items.len(), lines_of(&bytes).len());
            }
            Framing::Null => {
                let ends = bytes.iter().filter(|byte| **byte == 0).count();
                let has_rest = bytes.last().is_some_and(|byte| *byte != 0);
                prop_assert_eq!(items.len(), ends + usize::from(has_rest));
            }
            Framing::Whole => {
                prop_assert_eq!(items.len(), usize::from(!bytes.is_empty()));
            }
            Framing::Binary => {}
        }
    }

    #[test]
    fn text_is_as_a_plain_reader_finds_it(bytes in bytes(), sizes in sizes(), longest in 0usize..20) {
        let lines = lines_of(&bytes);
        let wanted: Vec<Item> = (1..).zip(&lines).map(|(number, line)| plainly(number, line, longest)).collect();
        prop_assert_eq!(&read_in(plan(Framing::Text, longest as u64), &bytes, &sizes), &wanted);
        prop_assert_eq!(&read_in(plan(Framing::Text, longest as u64), &bytes, &[BLOCK]), &wanted);
    }

    #[test]
    fn no_bytes_make_reading_panic(
        framing in framing(), bytes in prop::collection::vec(any::<u8>(), 0..300), skip_bad: bool, sizes in sizes(),
        max_message in prop_oneof![0u64..100, Just(u64::MAX)],
    ) {
        let items = read_in(Plan { framing, max_message, skip_bad }, &bytes, &sizes);
        for item in &items {
            if let Item::Bad { why, .. } = item {
                prop_assert!(!why.is_empty() && !why.contains(|letter: char| letter.is_control()), "{why}");
            }
        }
        let bads = items.iter().filter(|item| matches!(item, Item::Bad { .. })).count();
        prop_assert!(skip_bad || bads <= 1);
    }

    #[test]
    fn no_command_makes_reading_panic(
        key in "send|send_base64|ping|close|code", value in "[0-9a-z\"{}:,\\[\\]\\\\ .-]{0,40}"
    ) {
        for line in [format!("{{\"{key}\":{value}}}"), format!("{{\"{key}\":\"{value}\"}}"), format!("{{{value}")] {
            prop_assert_eq!(read(Framing::Commands, line.as_bytes()).len(), 1);
        }
    }

    #[test]
    fn joined_payloads_are_the_input(
        lines in prop::collection::vec("[^\n\r]{0,30}", 0..20), crlf: bool, sizes in sizes(), largest in 1u64..50,
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut bytes = Vec::new();
        for line in &lines {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(end.as_bytes());
        }
        for (framing, max_message, end) in
            [(Framing::Text, LARGE, end), (Framing::Binary, largest, ""), (Framing::Whole, LARGE, "")]
        {
            let mut joined = Vec::new();
            for item in read_in(plan(framing, max_message), &bytes, &sizes) {
                let Item::Send { payload, .. } = item else { panic!("no message") };
                joined.extend_from_slice(&payload);
                joined.extend_from_slice(end.as_bytes());
            }
            prop_assert_eq!(&joined, &bytes);
        }
    }

    #[test]
    fn what_is_encoded_comes_back(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..10), sizes in sizes(),
    ) {
        let wanted: Vec<Item> = (1..).zip(&messages).map(|(number, bytes)| send(number, false, bytes)).collect();
        let (mut hex, mut base64) = (String::new(), String::new());
        for bytes in &messages {
            hex.push_str(&data_encoding::HEXUPPER.encode(bytes));
            hex.push('\n');
            base64.push_str(&data_encoding::BASE64.encode(bytes));
            base64.push('\n');
        }
        prop_assert_eq!(&read_in(plan(Framing::Hex, 40), hex.as_bytes(), &sizes), &wanted);
        prop_assert_eq!(&read_in(plan(Framing::Base64, 40), base64.as_bytes(), &sizes), &wanted);
    }
}
