//! Bodies as they are sent and as they are shown: every mode, every fold, and what must hold for any JSON and any text.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::json::{BLANK, DEPTH_MAX};
use super::rows::ROWS_MAX;
use super::*;

fn lines(source: &str, width: usize, mode: Mode) -> Vec<String> {
    let body = text(source, width, mode, Style::default(), None);
    assert_eq!(body.folded, None);
    body.lines
}

#[test]
fn json_that_fits_the_line_stays_as_it_came() {
    let source = "{\"op\": \"time\",\t\"now\":1.50e+01}";
    assert_eq!(lines(source, 31, Mode::Auto), ["{\"op\": \"time\",\\t\"now\":1.50e+01}"]);
    assert_eq!(lines("[\"a\u{202e}\u{7f}\"]\n", 80, Mode::Auto), ["[\"a\\u{202e}\\x7f\"]\\n"]);
}

#[test]
fn json_that_does_not_fit_is_indented_by_two() {
    let source = r#"{"b":[1,-0.0, 12345678901234567890123],"a":{"x":[],"y":{ }},"b":null,"\u0041\"":"C:\\"}"#;
    let indented = [
        "{",
        "  \"b\": [",
        "    1,",
        "    -0.0,",
        "    12345678901234567890123",
        "  ],",
        "  \"a\": {",
        "    \"x\": [],",
        "    \"y\": {}",
        "  },",
        "  \"b\": null,",
        "  \"\\u0041\\\"\": \"C:\\\\\"",
        "}",
    ];
    assert_eq!(lines(source, source.len() - 1, Mode::Auto), indented);
    assert_eq!(lines(source, source.len(), Mode::Auto), [source]);
    assert_eq!(lines(source, 200, Mode::On), indented);
    assert_eq!(lines(source, 10, Mode::Off), [source]);
}

#[test]
fn json_that_came_in_several_lines_is_indented_anew() {
    assert_eq!(lines("{\n\t\"a\":1 }", 80, Mode::Auto), ["{", "  \"a\": 1", "}"]);
    assert_eq!(lines("{\n\t\"a\":1 }", 80, Mode::Off), ["{", "\\t\"a\":1 }"]);
}

#[test]
fn letters_of_two_columns_count_twice() {
    assert_eq!(lines("[\"\u{c5d0}\u{c5d0}\"]", 8, Mode::Auto).len(), 1);
    assert_eq!(lines("[\"\u{c5d0}\u{c5d0}\"]", 7, Mode::Auto).len(), 3);
}

#[test]
fn colour_marks_keys_and_values_and_nothing_else() {
    let style = Style::new(true);
    let short = text("{\"a\": [1, \"b\", true]}", 80, Mode::Auto, style, None).lines;
    assert_eq!(short, ["{\x1b[2m\"a\"\x1b[0m: [\x1b[33m1\x1b[0m, \x1b[32m\"b\"\x1b[0m, \x1b[33mtrue\x1b[0m]}"]);
    let long = text("{\"a\":1}", 80, Mode::On, style, None).lines;
    assert_eq!(long, ["{", "  \x1b[2m\"a\"\x1b[0m: \x1b[33m1\x1b[0m", "}"]);
    assert_eq!(text("plain 1", 80, Mode::On, style, None).lines, ["plain 1"]);
    assert_eq!(text("[1]", 80, Mode::Off, style, None).lines, ["[1]"]);
}

#[test]
fn text_keeps_its_line_breaks_and_shows_the_last_one() {
    for (source, shown) in [
        ("", vec![""]),
        ("a b", vec!["a b"]),
        ("a\n\nb", vec!["a", "", "b"]),
        ("a\r\nb\n", vec!["a\\r", "b\\n"]),
        ("\n", vec!["\\n"]),
        ("\x1b[2J\u{feff}\0", vec!["\\x1b[2J\\u{feff}\\x00"]),
        ("{\"a\":1}{\"b\":2}", vec!["{\"a\":1}{\"b\":2}"]),
        ("[1,]", vec!["[1,]"]),
        ("42", vec!["42"]),
    ] {
        assert_eq!(lines(source, 80, Mode::On), shown, "{source:?}");
    }
}

#[test]
fn many_lines_are_folded_but_not_the_last_one() {
    let fold = Some(Fold { lines: 3, bytes: 2048 });
    let body = text("1\n2\n3\n4", 80, Mode::Auto, Style::default(), fold);
    assert_eq!((body.lines.len(), body.folded), (4, None));
    let body = text("1\n2\n3\n4\n5", 80, Mode::Auto, Style::default(), fold);
    assert_eq!((body.lines, body.folded), (vec!["1".to_owned(), "2".to_owned(), "3".to_owned()], Some(3)));
    let body = text("[1,2]", 80, Mode::On, Style::default(), fold);
    assert_eq!((body.lines.len(), body.folded), (4, None));
    let body = text("[1,2,3]", 80, Mode::On, Style::default(), fold);
    assert_eq!((body.lines, body.folded), (vec!["[".to_owned(), "  1,".to_owned(), "  2,".to_owned()], Some(2)));
}

#[test]
fn many_bytes_are_folded_and_no_number_is_cut() {
    let fold = Some(Fold { lines: 20, bytes: 6 });
    let body = text("[1,\"\u{e4}\u{e4}\u{e4}\"]", 80, Mode::Auto, Style::default(), fold);
    assert_eq!((body.lines, body.folded), (vec!["[".to_owned(), "  1,".to_owned(), "  \"\u{e4}".to_owned()], Some(6)));
    let body = text("[1,234567]", 80, Mode::Auto, Style::default(), fold);
    assert_eq!((body.lines, body.folded), (vec!["[".to_owned(), "  1,".to_owned()], Some(7)));
    let body = text("abcd\n\u{e4}\u{e4}", 80, Mode::Auto, Style::default(), fold);
    assert_eq!((body.lines, body.folded), (vec!["abcd".to_owned()], Some(4)));
    let body = text("abcdefgh", 80, Mode::Auto, Style::default(), fold);
    assert_eq!((body.lines, body.folded), (vec!["abcdef".to_owned()], Some(2)));
}

#[test]
fn deep_nesting_is_folded_and_stays_small_when_it_is_not() {
    let depth = 1 << 19;
    let open = "[".repeat(2 * depth);
    let body = text(&open, 80, Mode::Auto, Style::default(), Some(FOLD));
    assert_eq!((body.lines, body.folded), (vec!["[".repeat(FOLD.bytes)], Some((2 * depth - FOLD.bytes) as u64)));
    let closed = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let body = text(&closed, 80, Mode::Auto, Style::default(), Some(FOLD));
    assert_eq!((body.lines.len(), body.folded), (FOLD.lines, Some((2 * depth - FOLD.lines) as u64)));
    let whole = lines(&closed, 80, Mode::Auto);
    assert_eq!(whole.len(), 2 * DEPTH_MAX + 1);
    assert!(whole.concat().len() < closed.len() + 5000);
}

#[test]
fn a_body_of_very_many_lines_goes_on_in_the_last_one() {
    let breaks = lines(&"\n".repeat(2 * ROWS_MAX), 80, Mode::Auto);
    assert_eq!((breaks.len(), breaks.concat().len()), (ROWS_MAX, 2 * (ROWS_MAX + 1)));
    let elements = lines(&format!("[{}0]", "0,".repeat(2 * ROWS_MAX)), 80, Mode::Auto);
    assert_eq!(elements.len(), ROWS_MAX);
    assert!(elements.last().unwrap().ends_with("0,0,0]"));
}

#[test]
fn a_binary_message_is_a_dump() {
    let body = binary(b"\x08\x96\x01\x12\x0bhello world\x1a", None);
    assert_eq!(
        body.lines,
        [
            "0000  08 96 01 12 0b 68 65 6c  6c 6f 20 77 6f 72 6c 64  .....hello world",
            "0010  1a                                                .",
        ]
    );
    assert_eq!(body.folded, None);
    assert_eq!(binary(b"", Some(FOLD)), Body { lines: Vec::new(), folded: None });
    assert!(binary(&[0; 65_537], None).lines[4096].starts_with("10000  00 "));
}

#[test]
fn a_dump_is_folded_in_whole_rows() {
    let shown = |len: usize, fold: Fold| {
        let body = binary(&vec![0; len], Some(fold));
        (body.lines.len(), body.folded)
    };
    assert_eq!(shown(21 * 16, FOLD), (21, None));
    assert_eq!(shown(21 * 16 + 1, FOLD), (20, Some(17)));
    assert_eq!(shown(100, Fold { lines: 20, bytes: 40 }), (2, Some(68)));
    assert_eq!(shown(100, Fold { lines: 0, bytes: 0 }), (1, Some(84)));
}

/// JSON as odd as it can be sent: blanks anywhere, doubled keys, every form of number and escape, hidden characters.
fn json() -> impl Strategy<Value = String> {
    let value =
        prop_oneof![number(), string(), prop::sample::select(vec!["true", "false", "null"]).prop_map(str::to_owned)];
    let nested = value.prop_recursive(6, 60, 6, |inner| {
        let member = (string(), blank(), blank(), inner.clone())
            .prop_map(|(key, before, after, value)| format!("{key}{before}:{after}{value}"));
        prop_oneof![
            (prop::collection::vec(spaced(inner), 0..6), blank())
                .prop_map(|(all, first)| format!("[{first}{}]", all.join(","))),
            (prop::collection::vec(spaced(member), 0..6), blank())
                .prop_map(|(all, first)| format!("{{{first}{}}}", all.join(","))),
        ]
    });
    spaced(nested).prop_map(|value| format!("[{value}]"))
}

fn spaced(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (blank(), value, blank()).prop_map(|(before, value, after)| format!("{before}{value}{after}"))
}

fn blank() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "", " ", "\n", "\t \r\n"]).prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?"
}

fn string() -> impl Strategy<Value = String> {
    let pieces =
        vec!["a", " ", "{", "]", ",", ":", "\\\"", "\\\\", "\\/", "\\u00e4", "\\n", "\u{202e}", "\u{7f}", "\u{1f600}"];
    prop::collection::vec(prop::sample::select(pieces), 0..6).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// The text less the blanks between tokens.
fn tokens(source: &str) -> String {
    let (mut inside, mut escaped, mut kept) = (false, false, String::new());
    for character in source.chars() {
        if inside || !BLANK.contains(&character) {
            kept.push(character);
        }
        inside ^= character == '"' && !escaped;
        escaped = inside && character == '\\' && !escaped;
    }
    kept
}

/// A line less the four colours.
fn bare(line: &str) -> String {
    ["\x1b[32m", "\x1b[33m", "\x1b[2m", "\x1b[0m"]
        .into_iter()
        .fold(line.to_owned(), |line, colour| line.replace(colour, ""))
}

fn mode() -> impl Strategy<Value = Mode> {
    prop::sample::select(vec![Mode::Auto, Mode::On, Mode::Off])
}

proptest! {
    #[test]
    fn indenting_changes_no_token(source in json()) {
        let shown = lines(&source, 0, Mode::On);
        prop_assert!(shown.len() > 2, "an array that is not empty: {:?}", shown);
        prop_assert_eq!(tokens(&shown.join("\n")), safe::text(&tokens(&source)));
    }

    #[test]
    fn colour_adds_only_itself(source in json(), mode in mode(), width in 0..80_usize) {
        let plain = text(&source, width, mode, Style::default(), Some(FOLD));
        let coloured = text(&source, width, mode, Style::new(true), Some(FOLD));
        prop_assert_eq!(coloured.folded, plain.folded);
        prop_assert_eq!(coloured.lines.iter().map(|line| bare(line)).collect::<Vec<_>>(), plain.lines);
    }

    #[test]
    fn a_fold_shows_the_beginning_of_the_whole(source in json(), lines in 0..9_usize, bytes in 0..90_usize) {
        let whole = text(&source, 0, Mode::On, Style::default(), None).lines.join("\n");
        let body = text(&source, 0, Mode::On, Style::default(), Some(Fold { lines, bytes }));
        let shown = body.lines.join("\n");
        prop_assert!(whole.starts_with(shown.trim_end()), "{} of {}", shown, whole);
        prop_assert!(body.lines.len() <= lines.max(1) + 1);
        prop_assert!(body.folded.is_some() || shown == whole);
    }

    #[test]
    fn no_text_acts_on_the_screen(
        source in "(?s)[\\[\\]{}\":,\\\\0-9a\n\r\u{1b}\u{9b}\u{202e}]{0,80}|(?s).{0,80}", mode in mode()
    ) {
        for fold in [None, Some(Fold { lines: 3, bytes: 40 })] {
            let body = text(&source, 20, mode, Style::default(), fold);
            prop_assert!(!body.lines.is_empty());
            prop_assert!(!body.lines.concat().chars().any(safe::is_invisible));
            prop_assert!(body.folded.is_none_or(|hidden| hidden > 0 && hidden <= source.len() as u64));
        }
    }

    #[test]
    fn every_byte_is_shown_or_counted(bytes in prop::collection::vec(any::<u8>(), 0..2000), rows in 0..200_usize) {
        let body = binary(&bytes, Some(Fold { lines: rows, bytes: 2048 }));
        let shown = (body.lines.len() * 16).min(bytes.len()) as u64;
        prop_assert_eq!(shown + body.folded.unwrap_or(0), bytes.len() as u64);
    }
}
