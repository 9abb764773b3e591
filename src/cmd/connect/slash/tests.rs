//! Each command: what it means, what it refuses and in which words, how it is completed.

use super::*;
use crate::wire::close;
use proptest::prelude::*;

/// The widest line that an answer has, its indent of two included.
const WIDTH: usize = 80;

fn read(line: &str) -> Slash {
    match parse(line) {
        Ok(slash) => slash,
        Err(why) => panic!("{line}: {why}"),
    }
}

fn fault(line: &str) -> String {
    match parse(line) {
        Ok(slash) => panic!("{line}: {slash:?}"),
        Err(why) => why,
    }
}

#[test]
fn every_command_is_read() {
    let path = |text: &str| PathBuf::from(text);
    for (line, slash) in [
        ("/help", Slash::Help(None)),
        ("/help /ping", Slash::Help(Some("/ping".to_owned()))),
        ("/?", Slash::Help(None)),
        ("/ping", Slash::Ping(Vec::new())),
        ("/PING hello  you ", Slash::Ping(b"hello  you ".to_vec())),
        ("/ping hex:00 fF", Slash::Ping(vec![0, 255])),
        ("/pong text:hex:00", Slash::Pong(b"hex:00".to_vec())),
        ("/close", Slash::Close { code: None, reason: String::new() }),
        ("/close 1000", Slash::Close { code: Some(1000), reason: String::new() }),
        ("/close 4001 session expired", Slash::Close { code: Some(4001), reason: "session expired".to_owned() }),
        ("/bin 08 96 01", Slash::Binary(vec![8, 0x96, 1])),
        ("/bin hex:ff", Slash::Binary(vec![255])),
        ("/file a.json", Slash::File { path: path("a.json"), text: None }),
        ("/file \"two words\" binary", Slash::File { path: path("two words"), text: Some(false) }),
        ("/file text text", Slash::File { path: path("text"), text: Some(true) }),
        ("/headers", Slash::Headers),
        ("/stats ", Slash::Stats),
        ("/heartbeat", Slash::Heartbeat(HeartbeatWords::Tell)),
        ("/heartbeat off", Slash::Heartbeat(HeartbeatWords::Off)),
        ("/show", Slash::Show(Show::Last)),
        ("/show last", Slash::Show(Show::Last)),
        ("/show 17", Slash::Show(Show::Number(17))),
        ("/findings", Slash::Findings),
        ("/explain exit 22", Slash::Explain("exit 22".to_owned())),
        ("/reconnect", Slash::Reconnect),
        ("/drop", Slash::Drop(DropKind::Fin)),
        ("/drop rst", Slash::Drop(DropKind::Rst)),
        ("/record off", Slash::Record(None)),
        ("/record ./off", Slash::Record(Some(path("./off")))),
        ("/edit", Slash::Edit),
        ("/quit", Slash::Quit),
        ("/exit", Slash::Quit),
    ] {
        assert_eq!(read(line), slash, "{line}");
    }
    assert!(matches!(read("/frame fin=0 a"), Slash::Frame(spec) if !spec.fin && spec.payload == b"a"));
}

#[test]
fn heartbeats_have_a_time_and_maybe_a_second_one() {
    let every = |every, timeout| Slash::Heartbeat(HeartbeatWords::Every { every, timeout });
    assert_eq!(read("/heartbeat 20"), every(Span::from_secs(20), None));
    assert_eq!(read("/heartbeat 1m30s 500ms"), every(Span::from_secs(90), Some(Span::from_millis(500))));
    assert_eq!(fault("/heartbeat 1us"), "/heartbeat: expected 1.0 ms or more, got \"1us\"");
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    for (line, words) in [
        ("/close bye", "/close: expected a Close code such as 1000 or 4001, got \"bye\""),
        ("/close 70000", "/close: expected a Close code such as 1000 or 4001, got \"70000\""),
        ("/bin 0x41", "/bin: expected hex digits, got \"x\" at byte 2"),
        ("/bin 001", "/bin: expected pairs of hex digits, got 3 digits"),
        ("/file", "/file: expected a path"),
        ("/file my file", "/file: expected text or binary, or a quoted path, got \"file\""),
        ("/file 'my file", "/file: expected a quote at the path's end, got \"'my file\""),
        ("/record", "/record: expected a path, or off"),
        ("/record a b", "/record: expected nothing behind the path, or a quoted path, got \"b\""),
        ("/stats all", "/stats: expected nothing behind it, got \"all\""),
        ("/show 0", "/show: expected last, or the number of a message, got \"0\""),
        ("/show +1", "/show: expected last, or the number of a message, got \"+1\""),
        ("/drop fn", "/drop: expected fin or rst, got \"fn\""),
        ("/explain", "/explain: expected a finding's code, a Close code, an HTTP status or an exit code"),
        ("/heartbeat 0", "/heartbeat: expected off, or a time such as 500ms or 20s, got \"0\""),
        ("/heartbeat 5s off", "/heartbeat: expected a time such as 500ms or 20s to wait for the answer, got \"off\""),
        ("/frame rsv=9 a", "/frame: rsv: expected 0 to 7, where 4 is RSV1, got \"9\""),
        ("/help a b", "/help: expected one command or nothing, got \"a b\""),
        ("/drop \u{1b}[2J", "/drop: expected fin or rst, got \"\\x1b[2J\""),
    ] {
        assert_eq!(fault(line), words, "{line}");
        assert!(words.len() <= 96, "{words}");
    }
}

#[test]
fn an_unknown_command_has_its_nearest_names() {
    assert_eq!(fault("/pin"), "/pin: no such command; the nearest are /ping, /bin");
    assert_eq!(fault("/he x"), "/he: no such command; the nearest are /help, /headers, /heartbeat");
    assert_eq!(fault("/recnnect"), "/recnnect: no such command; the nearest is /reconnect");
    assert_eq!(fault("/"), "/: no such command; /help lists them, // sends a line that begins with /");
    let long = fault(&format!("/{}", "\u{202e}x".repeat(5000)));
    assert!(long.len() < 250 && long.is_ascii(), "{long}");
}

#[test]
fn a_close_frame_has_only_a_code_that_may_be_sent() {
    for code in 0..=u16::MAX {
        let line = format!("/close {code} why");
        match parse(&line) {
            Ok(slash) => {
                assert!(close::is_legal(code), "{line}");
                assert_eq!(slash, Slash::Close { code: Some(code), reason: "why".to_owned() });
            }
            Err(why) => {
                assert!(!close::is_legal(code), "{line}");
                assert!(why.contains(&code.to_string()) && why.len() <= 96, "{why}");
            }
        }
    }
    // What the answer advises is understood.
    let Slash::Frame(spec) = read("/frame opcode=close hex:03ed") else { panic!("not a frame") };
    assert_eq!((spec.opcode, spec.payload), (8, vec![0x03, 0xed]));
}

#[test]
fn control_frames_have_room_for_so_much() {
    let longest = "\u{e9}".repeat(62);
    assert_eq!(read(&format!("/ping {longest}x")), Slash::Ping(format!("{longest}x").into_bytes()));
    assert_eq!(fault(&format!("/pong {longest}xy")), "/pong: expected at most 125 bytes, got 126");
    assert!(parse(&format!("/close 1000 {}", "a".repeat(123))).is_ok());
    let fault = fault(&format!("/close 1000 {}", "a".repeat(124)));
    assert_eq!(fault, "/close: expected a reason of at most 123 bytes, got 124");
}

#[test]
fn help_fits_the_screen_and_every_command_has_its_own() {
    let list = help(None).unwrap_or_default();
    assert!(list.len() <= 24, "{} lines", list.len());
    assert!(list[1].starts_with("/ping [DATA]                send a ping"), "{}", list[1]);
    for command in catalogue::COMMANDS {
        let slashed = format!("/{}", command.name);
        let detail = help(Some(&slashed)).unwrap_or_default();
        assert_eq!(help(Some(command.name)), Ok(detail.clone()));
        assert!(detail.len() > 1 && detail.len() <= 24 && list.contains(&detail[0]), "{slashed}");
        for line in detail.iter().chain(&list) {
            assert!(line.is_ascii() && line.len() + 2 <= WIDTH, "{line}");
        }
        let columns = format!("{slashed} {} ", command.arguments).len();
        assert!(columns <= 28, "the column of explanations is too far left for {slashed}");
    }
    assert_eq!(help(Some("pingg")), Err("/pingg: no such command; the nearest are /ping, /pong".to_owned()));
}

#[test]
fn names_and_arguments_are_completed() {
    for (typed, start, words) in [
        ("/p", 0, vec!["/ping", "/pong"]),
        ("/pi", 0, vec!["/ping "]),
        ("/ping", 0, vec!["/ping "]),
        ("/st", 0, vec!["/stats"]),
        ("/x", 0, vec![]),
        ("/drop ", 6, vec!["fin", "rst"]),
        ("/drop r", 6, vec!["rst"]),
        ("/drop rst ", 10, vec![]),
        ("/heartbeat o", 11, vec!["off"]),
        ("/show l", 6, vec!["last"]),
        ("/help st", 6, vec!["stats"]),
        ("/help /st", 6, vec!["/stats"]),
        ("/ping h", 6, vec!["hex:"]),
        ("/file a", 6, vec![]),
        ("/file a.json ", 13, vec!["text", "binary"]),
        ("/file a.json b", 13, vec!["binary"]),
        ("/file \"a b", 9, vec![]),
        ("/file a text ", 13, vec![]),
        ("/frame ", 7, vec!["fin=", "opcode=", "rsv=", "mask=", "len=", "hex:", "text:"]),
        ("/frame fin=0 f", 13, vec![]),
        ("/frame fin=0 o", 13, vec!["opcode="]),
        ("/frame opcode=p", 7, vec!["opcode=ping", "opcode=pong"]),
        ("/frame mask=", 7, vec!["mask=0", "mask=1"]),
        ("/frame hello o", 13, vec![]),
        ("/explain idle-li", 9, vec!["idle-limit"]),
    ] {
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        assert_eq!(complete(typed, typed.len()), (start, words), "{typed}");
    }
}

#[test]
fn every_beginning_of_a_name_becomes_it() {
    for name in catalogue::COMMANDS.iter().map(|command| command.name) {
        for length in 0..=name.len() {
            let (start, words) = complete(&format!("/{name}"), 1 + length);
            let whole = format!("/{name}");
            assert!(start == 0 && words.iter().any(|word| word.trim_end() == whole), "{name} at {length}");
        }
    }
}

#[test]
fn what_is_no_command_is_not_completed() {
    for (line, cursor) in [("hello", 5), ("//p", 3), ("", 0), ("/p", 0), ("/\u{e9}", 2), ("/p", 9)] {
        assert_eq!(complete(line, cursor), (cursor, Vec::new()), "{line}");
    }
    assert_eq!(complete("/drop rst", 7), (6, vec!["rst".to_owned()]), "only up to the cursor");
}

#[test]
fn a_path_begins_behind_the_commands_that_take_one() {
    for (line, begins) in [
        ("/file", None),
        ("/file ", Some(6)),
        ("/file  a/b", Some(7)),
        ("/file \"a b", Some(6)),
        ("/file a ", None),
        ("/record x", Some(8)),
        ("/ping x", None),
        ("//file x", None),
        ("file x", None),
    ] {
        assert_eq!(wants_path(line), begins, "{line}");
    }
}

#[test]
fn a_hint_is_the_only_name_or_its_arguments() {
    for (line, words) in [
        ("/", None),
        ("/p", None),
        ("/pi", Some("ng")),
        ("/PI", Some("ng")),
        ("/ping", Some(" [DATA]")),
        ("/ping ", Some("[DATA]")),
        ("/ping a", None),
        ("/stats", None),
        ("/drop", Some(" [fin|rst]")),
        ("//pi", None),
        ("pi", None),
        ("", None),
    ] {
        assert_eq!(hint(line).as_deref(), words, "{line}");
    }
}

proptest! {
    #[test]
    fn any_line_is_read_or_refused_in_one_line(line in any::<String>(), slash: bool) {
        let line = if slash { format!("/{line}") } else { line };
        if let Err(why) = parse(&line) {
            prop_assert!(!why.chars().any(char::is_control), "{}", why);
        }
        hint(&line);
        wants_path(&line);
        for cursor in 0..=line.len() {
            let (start, _) = complete(&line, cursor);
            prop_assert!(start <= cursor);
        }
    }
}
