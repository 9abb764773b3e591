//! One connection's whole conversations by exact times: who ended it, what was told, and what no longer happens then.

#![allow(clippy::unwrap_used)]

use regex::Regex;

use super::*;
use crate::event::Answered;
use crate::wire::header::Header;
use crate::wire::sequence::Breach;

const NONCE: u32 = 7;

fn plan() -> Plan {
    Plan {
        role: Role::Client,
        heartbeat: heartbeat::Plan::default(),
        close_timeout: Span::from_secs(5),
        farewell: FarewellRule::Known,
        frames: false,
    }
}

fn life(plan: &Plan) -> Life {
    Life::new(plan, Moment::START, NONCE)
}

fn body(code: u16) -> CloseBody {
    CloseBody { code: Some(code), reason: String::new() }
}

fn note(millis: u64, direction: Direction, opcode: Opcode, payload: &[u8]) -> FrameNote {
    let at = Moment::from_millis(millis);
    let header = Header::new(opcode, payload.len() as u64, None);
    FrameNote { direction, header, first_at: at, last_at: at, payload: payload.to_vec(), breach: None }
}

fn close_note(millis: u64, direction: Direction, code: u16) -> FrameNote {
    note(millis, direction, Opcode::Close, &body(code).bytes())
}

fn broken_note(direction: Direction, breach: Breach) -> FrameNote {
    FrameNote { breach: Some(breach), ..note(1_000, direction, Opcode::Text, b"") }
}

fn pong(millis: u64, number: u8) -> FrameNote {
    note(millis, Direction::In, Opcode::Pong, &[0, 0, 0, NONCE as u8, 0, 0, 0, number])
}

fn words(output: &Output) -> String {
    match output {
        Output::Do(Action::Send(Outgoing::Ping(_), Mark::Heartbeat(number))) => format!("send ping {number}"),
        Output::Do(Action::Send(Outgoing::Text(text), mark)) => format!("send text {text} {mark:?}"),
        Output::Do(Action::Send(Outgoing::Close(body), Mark::Close)) => format!("send close {}", code(body.code)),
        Output::Do(Action::Send(other, mark)) => format!("send {other:?} {mark:?}"),
        Output::Do(Action::Finish(cut)) => format!("finish {cut:?}"),
        Output::Emit(EventKind::CloseSeen(seen)) => {
            let place = if seen.first { " first" } else { "" };
            format!("close {:?} {}{place}", seen.direction, code(seen.code))
        }
        Output::Emit(EventKind::Heartbeat(sent)) => format!("sent {}", sent.number),
        Output::Emit(EventKind::Answered(answered)) => format!("answered {}", answered.number),
        Output::Emit(EventKind::Missed(missed)) => format!("missed {}", missed.number),
        Output::Emit(EventKind::Held(held)) => format!("held {:?} {}", held.by, held.span.nanos() / 1_000_000),
        Output::Emit(EventKind::Farewell(_)) => "farewell".into(),
        Output::Emit(EventKind::Frame(frame)) => format!("frame {:?} {}", frame.direction, frame.opcode),
        Output::Emit(other) => format!("{other:?}"),
    }
}

fn code(code: Option<u16>) -> String {
    code.map_or("none".into(), |code| code.to_string())
}

fn said(life: &mut Life) -> String {
    let outputs: Vec<String> = std::iter::from_fn(|| life.poll()).map(|output| words(&output)).collect();
    outputs.join(", ")
}

/// Plays a table of (milliseconds, input, outputs in words).
fn play<'a>(life: &mut Life, rows: impl IntoIterator<Item = (u64, Input<'a>, &'a str)>) {
    for (millis, input, expected) in rows {
        let case = format!("at {millis} ms: {input:?}");
        life.handle(Moment::from_millis(millis), input);
        assert_eq!(said(life), expected, "{case}");
    }
}

fn end(life: Life, millis: u64, cut: Cut) -> Ended {
    life.end(Moment::from_millis(millis), End { cut, wire: Wire::default(), io: None })
}

fn heartbeat_written(number: u64) -> Input<'static> {
    Input::Written(Mark::Heartbeat(number))
}

fn say_close(code: u16) -> Input<'static> {
    Input::Command(Command::Close(body(code)))
}

#[test]
fn a_whole_conversation_that_we_close() {
    let mut life = life(&plan());
    let hello = Input::Message { text: Some("hello"), bytes: b"hello" };
    let (ours, theirs) = (close_note(31_000, Direction::Out, 1000), close_note(31_020, Direction::In, 1000));
    play(
        &mut life,
        [
            (20_000, Input::Tick, "send ping 1"),
            (20_000, heartbeat_written(1), "sent 1"),
            (20_012, Input::Frame(&pong(20_012, 1)), "answered 1"),
            (20_012, Input::Bytes { total: 10 }, ""),
            (30_000, hello, ""),
            (30_000, Input::Bytes { total: 17 }, ""),
            (31_000, say_close(1000), "send close 1000"),
            (31_000, Input::Frame(&ours), "close Out 1000 first"),
            (31_000, Input::Written(Mark::Close), ""),
            (31_020, Input::Frame(&theirs), "close In 1000"),
            (31_020, Input::Bytes { total: 21 }, ""),
            (31_021, Input::Tick, ""),
        ],
    );
    let ended = end(life, 31_025, Cut::Eof);
    assert_eq!(ended.how, How::Close { code: Some(1000), reason: String::new() });
    assert_eq!((ended.by, ended.drop, ended.announced, ended.tcp_left_open), (Side::Us, false, false, false));
}

#[test]
fn a_peer_that_leaves_tcp_open_after_both_closes_is_no_drop_of_a_close_of_ours() {
    let mut life = life(&plan());
    let (ours, theirs) = (close_note(1_000, Direction::Out, 1000), close_note(1_020, Direction::In, 1000));
    play(
        &mut life,
        [
            (1_000, say_close(1000), "send close 1000"),
            (1_000, Input::Frame(&ours), "close Out 1000 first"),
            (1_020, Input::Frame(&theirs), "close In 1000"),
            (2_019, Input::Tick, ""),
            (2_020, Input::Tick, "finish TcpLeftOpen"),
        ],
    );
    assert_eq!(life.deadline(), None);
    let ended = end(life, 2_020, Cut::TcpLeftOpen);
    assert_eq!((ended.how.word(), ended.by, ended.drop, ended.tcp_left_open), ("close", Side::Us, false, true));
}

#[test]
fn a_close_of_the_peer_is_a_drop_that_was_announced() {
    for code in [1000, 1001, 1011, 4001] {
        let mut life = life(&plan());
        let (theirs, ours) = (close_note(10_000, Direction::In, code), close_note(10_001, Direction::Out, code));
        play(&mut life, [(10_000, Input::Frame(&theirs), format!("close In {code} first").as_str())]);
        play(&mut life, [(10_001, Input::Frame(&ours), format!("close Out {code}").as_str())]);
        let ended = end(life, 10_002, Cut::Eof);
        assert_eq!(ended.how, How::Close { code: Some(code), reason: String::new() });
        assert_eq!((ended.by, ended.drop, ended.announced), (Side::Peer, true, true));
    }
}

#[test]
fn a_close_of_ours_without_an_answer_runs_out_and_is_no_drop() {
    let mut life = life(&plan());
    let rows = [
        (10_000, say_close(1000), "send close 1000"),
        (14_999, Input::Tick, ""),
        (15_000, Input::Tick, "finish CloseUnanswered"),
    ];
    play(&mut life, rows);
    let ended = end(life, 15_000, Cut::CloseUnanswered);
    assert_eq!(ended.how, How::CloseUnanswered { code: Some(1000), cut: false });
    assert_eq!((ended.by, ended.drop), (Side::Us, false));
}

#[test]
fn an_answer_to_the_peers_close_that_does_not_leave_runs_out() {
    let mut life = life(&plan());
    let theirs = close_note(10_000, Direction::In, 1001);
    let rows = [
        (10_000, Input::Frame(&theirs), "close In 1001 first"),
        (14_999, Input::Tick, ""),
        (15_000, Input::Tick, "finish AnswerStuck"),
    ];
    play(&mut life, rows);
    let ended = end(life, 15_000, Cut::AnswerStuck);
    assert_eq!((ended.how.word(), ended.drop, ended.announced), ("close_then_cut", true, true));
}

#[test]
fn a_breach_ends_it_once() {
    let mut life = life(&plan());
    let broken = broken_note(Direction::In, Breach::ReservedBits(4));
    let rows = [
        (1_000, Input::Frame(&broken), "finish Breach(ReservedBits(4))"),
        (1_000, Input::Frame(&broken), ""),
        (20_000, Input::Tick, ""),
        (20_000, Input::Command(Command::Stop("interrupted")), ""),
    ];
    play(&mut life, rows);
    assert_eq!((life.deadline(), life.is_closing()), (None, true));
    let ended = end(life, 20_000, Cut::Breach(Breach::ReservedBits(4)));
    assert_eq!((ended.how.word(), ended.by, ended.drop), ("garbage", Side::Peer, true));
}

#[test]
fn our_own_breach_ends_nothing() {
    let mut life = life(&plan());
    let ours = broken_note(Direction::Out, Breach::ReservedBits(4));
    play(&mut life, [(1_000, Input::Frame(&ours), "")]);
    assert!(!life.is_closing());
}

#[test]
fn a_close_that_may_not_be_on_the_wire_is_told_and_ends_it() {
    let bad_reason = [0x03, 0xe8, 0xff];
    let rows: [(&[u8], &str); 4] = [
        (&[0x03, 0xed], "close In 1005 first, finish Breach(CloseCode(1005))"),
        (&[0x0b, 0xb7], "close In 2999 first, finish Breach(CloseCode(2999))"),
        (&[3], "close In none first, finish Breach(CloseBodyOneByte)"),
        (&bad_reason, "close In 1000 first, finish Breach(CloseReasonNotUtf8)"),
    ];
    for (payload, expected) in rows {
        let mut life = life(&plan());
        let theirs = note(1_000, Direction::In, Opcode::Close, payload);
        play(&mut life, [(1_000, Input::Frame(&theirs), expected)]);
    }
}

#[test]
fn a_close_without_a_body_is_legal() {
    let mut life = life(&plan());
    let theirs = note(1_000, Direction::In, Opcode::Close, b"");
    play(&mut life, [(1_000, Input::Frame(&theirs), "close In none first")]);
    let ours = note(1_001, Direction::Out, Opcode::Close, b"");
    play(&mut life, [(1_001, Input::Frame(&ours), "close Out none")]);
    assert_eq!(end(life, 1_002, Cut::Eof).how, How::Close { code: None, reason: String::new() });
}

#[test]
fn the_farewells_of_known_products_are_told() {
    let rows = [
        (r#"{"type":"disconnect","reason":"server_restart"}"#, "farewell"),
        (r#"{ "type": "disconnect" }"#, "farewell"),
        (r#"c[3000,"Go away!"]"#, "farewell"),
        (r#"{"e":"serverShutdown","E":1770123456789}"#, "farewell"),
        (r#"{"op":7,"d":null}"#, "farewell"),
        (r#"{"op":71,"d":null}"#, ""),
        (r#"{"type":"message","text":"hello"}"#, ""),
        ("hello", ""),
        ("", ""),
    ];
    for (text, expected) in rows {
        let message = || Input::Message { text: Some(text), bytes: text.as_bytes() };
        play(&mut life(&plan()), [(1_000, message(), expected)]);
        play(&mut life(&Plan { role: Role::Server, ..plan() }), [(1_000, message(), "")]);
    }
}

#[test]
fn a_farewell_pattern_replaces_the_known_ones() {
    let farewell = FarewellRule::Regex(Regex::new("(?i)^bye").unwrap());
    let mut life = life(&Plan { farewell, ..plan() });
    let message = |text: &'static str| Input::Message { text: Some(text), bytes: text.as_bytes() };
    let binary = Input::Message { text: None, bytes: b"bye" };
    let rows = [
        (1_000, message("Bye now"), "farewell"),
        (1_000, message(r#"c[3000,"Go away!"]"#), ""),
        (1_000, message("good bye"), ""),
        (1_000, binary, ""),
    ];
    play(&mut life, rows);
}

#[test]
fn a_drop_soon_after_a_farewell_was_announced() {
    for (millis, announced) in [(12_000, true), (130_000, true), (130_001, false)] {
        let mut life = life(&plan());
        let text = r#"c[3000,"Go away!"]"#;
        let message = Input::Message { text: Some(text), bytes: text.as_bytes() };
        play(&mut life, [(10_000, message, "farewell")]);
        let ended = end(life, millis, Cut::Eof);
        assert_eq!((ended.how.word(), ended.drop, ended.announced), ("fin", true, announced), "{millis}");
    }
}

#[test]
fn a_huge_farewell_is_told_by_its_head() {
    let mut life = life(&plan());
    let text = format!("c[3000,\"{}", "\u{e9}".repeat(100_000));
    life.handle(Moment::START, Input::Message { text: Some(&text), bytes: text.as_bytes() });
    let Some(Output::Emit(EventKind::Farewell(farewell))) = life.poll() else { panic!("no farewell") };
    assert!(farewell.payload.0.len() <= 400);
    assert!(String::from_utf8(farewell.payload.0).unwrap().starts_with("c[3000"));
}

#[test]
fn after_a_close_no_heartbeat_goes_out_and_no_command_is_done() {
    let patient = Plan { close_timeout: Span::from_secs(60), ..plan() };
    let theirs = close_note(10_000, Direction::In, 1000);
    let beginnings = [(say_close(1000), "send close 1000"), (Input::Frame(&theirs), "close In 1000 first")];
    for (begin, told) in beginnings {
        let mut life = life(&patient);
        play(
            &mut life,
            [
                (10_000, begin, told),
                (20_000, Input::Tick, ""),
                (40_000, Input::Tick, ""),
                (40_000, Input::Command(Command::Ping), ""),
                (40_000, Input::Command(Command::PingWith(Vec::new())), ""),
                (40_000, Input::Command(Command::Pong(Vec::new())), ""),
                (40_000, Input::Command(Command::Send(Outgoing::Text("late".into()))), ""),
                (40_000, say_close(1001), ""),
                (41_000, Input::Command(Command::Stop("interrupted")), "finish Local(\"interrupted\")"),
            ],
        );
    }
}

#[test]
fn a_close_at_the_moment_of_the_deciding_miss_is_no_miss() {
    let mut life = life(&plan());
    let theirs = close_note(40_000, Direction::In, 1001);
    play(
        &mut life,
        [
            (20_000, Input::Tick, "send ping 1"),
            (20_000, heartbeat_written(1), "sent 1"),
            (40_000, Input::Frame(&theirs), "close In 1001 first"),
            (40_000, Input::Bytes { total: 4 }, ""),
            (40_000, Input::Tick, ""),
        ],
    );
    assert_eq!(life.deadline(), Some(Moment::from_millis(45_000)));
}

#[test]
fn a_deciding_miss_ends_it_at_that_moment() {
    let mut life = life(&plan());
    play(
        &mut life,
        [
            (20_000, Input::Tick, "send ping 1"),
            (20_000, heartbeat_written(1), "sent 1"),
            (40_000, Input::Tick, "missed 1, finish Silent { delivered: None }"),
            (40_000, Input::Tick, ""),
        ],
    );
    let ended = end(life, 40_000, Cut::Silent { delivered: Some(true) });
    assert_eq!(ended.how, How::Silent { delivered: Some(true) });
    assert_eq!((ended.by, ended.drop, ended.announced), (Side::Peer, true, false));
}

#[test]
fn a_heartbeat_that_does_not_leave_ends_it_as_stuck() {
    let mut life = life(&plan());
    play(&mut life, [(20_000, Input::Tick, "send ping 1"), (40_000, Input::Tick, "finish WriteStuck")]);
    assert_eq!(end(life, 40_000, Cut::WriteStuck).how, How::WriteStuck);
}

#[test]
fn a_server_ends_tcp_as_soon_as_both_closes_are_through() {
    let serving = Plan { role: Role::Server, ..plan() };
    let (theirs, ours) = (close_note(1_000, Direction::In, 1000), close_note(1_000, Direction::Out, 1000));
    let mut answering = life(&serving);
    let rows = [
        (1_000, Input::Frame(&theirs), "close In 1000 first"),
        (1_000, Input::Frame(&ours), "close Out 1000, finish Eof"),
    ];
    play(&mut answering, rows);
    let ended = end(answering, 1_000, Cut::Eof);
    assert_eq!((ended.how.word(), ended.by), ("close", Side::Peer));
    let mut beginning = life(&serving);
    let rows = [
        (1_000, say_close(1000), "send close 1000"),
        (1_000, Input::Frame(&ours), "close Out 1000 first"),
        (1_000, Input::Frame(&theirs), "close In 1000, finish Eof"),
    ];
    play(&mut beginning, rows);
    let ended = end(beginning, 1_000, Cut::Eof);
    assert_eq!((ended.how.word(), ended.by, ended.drop), ("close", Side::Us, false));
}

#[test]
fn sending_is_no_sign_of_life() {
    let mut life = life(&plan());
    let send = Input::Command(Command::Send(Outgoing::Text("hi".into())));
    let rows = [(10_000, send, "send text hi Message"), (10_001, Input::Written(Mark::Message), "")];
    play(&mut life, rows);
    assert_eq!(life.deadline(), Some(Moment::from_millis(20_000)));
}

#[test]
fn a_text_heartbeat_goes_out_as_text_and_a_measured_ping_as_a_ping() {
    let heartbeat = heartbeat::Plan { send: heartbeat::Send::Text("HB".into()), ..heartbeat::Plan::default() };
    let mut life = life(&Plan { heartbeat, ..plan() });
    let rows =
        [(20_000, Input::Tick, "send text HB Heartbeat(1)"), (20_000, Input::Command(Command::Ping), "send ping 2")];
    play(&mut life, rows);
}

#[test]
fn a_ping_by_hand_carries_what_was_typed_and_its_pong_answers_it() {
    for payload in [&b"hello"[..], b""] {
        let mut life = life(&plan());
        life.handle(Moment::from_millis(1_000), Input::Command(Command::PingWith(payload.to_vec())));
        let send = Action::Send(Outgoing::Ping(payload.to_vec()), Mark::Heartbeat(1));
        assert_eq!((life.poll(), life.poll()), (Some(Output::Do(send)), None));
        let theirs = note(1_012, Direction::In, Opcode::Pong, payload);
        play(&mut life, [(1_000, heartbeat_written(1), "sent 1")]);
        life.handle(Moment::from_millis(1_012), Input::Frame(&theirs));
        let answered = Answered { number: 1, measured: true, own: true, rtt: Span::from_millis(12) };
        assert_eq!((life.poll(), life.poll()), (Some(Output::Emit(EventKind::Answered(answered))), None));
    }
}

#[test]
fn a_pong_by_hand_goes_out_and_is_no_sign_of_life() {
    let mut life = life(&plan());
    let rows = [
        (10_000, Input::Command(Command::Pong(vec![7])), "send Pong([7]) Message"),
        (10_001, Input::Written(Mark::Message), ""),
    ];
    play(&mut life, rows);
    assert_eq!(life.deadline(), Some(Moment::from_millis(20_000)));
}

#[test]
fn heartbeats_change_while_it_is_open() {
    let change = |every: Option<u64>, timeout: Option<u64>| {
        let (every, timeout) = (every.map(Span::from_secs), timeout.map(Span::from_secs));
        Input::Command(Command::Heartbeat { every, timeout })
    };
    let mut life = life(&plan());
    let rows = [
        (1_000, change(None, None), ""),
        (900_000, Input::Tick, ""),
        (900_000, change(Some(5), Some(2)), ""),
        (905_000, Input::Tick, "send ping 1"),
        (905_000, heartbeat_written(1), "sent 1"),
        (907_000, Input::Tick, "missed 1, finish Silent { delivered: None }"),
    ];
    play(&mut life, rows);
}

#[test]
fn while_we_do_not_read_the_clock_stands_still_and_only_a_long_time_is_told() {
    let held = |by, millis| Input::Held { by, span: Span::from_millis(millis) };
    let mut life = life(&plan());
    let rows = [
        (5_000, held(Holder::Output, 999), ""),
        (6_000, held(Holder::Output, 1_000), "held Output 1000"),
        (9_000, held(Holder::Stopped, 2_000), "held Stopped 2000"),
        (9_000, held(Holder::Suspended, 60_000), "held Suspended 60000"),
    ];
    play(&mut life, rows);
    assert_eq!(life.deadline(), Some(Moment::from_millis(23_999)));
    assert_eq!(end(life, 10_000, Cut::Eof).held, Span::from_millis(3_999));
}

#[test]
fn frames_are_told_only_where_they_are_wanted() {
    let (ping, text) = (note(1, Direction::In, Opcode::Ping, b"x"), note(2, Direction::Out, Opcode::Text, b"hi"));
    play(&mut life(&plan()), [(1, Input::Frame(&ping), ""), (2, Input::Frame(&text), "")]);
    let wanted = Plan { frames: true, ..plan() };
    let rows = [(1, Input::Frame(&ping), "frame In 9"), (2, Input::Frame(&text), "frame Out 1")];
    play(&mut life(&wanted), rows);
}

#[test]
fn a_frame_event_carries_the_header_and_the_unmasked_head() {
    let key = [1, 2, 3, 4];
    let masked = FrameNote {
        header: Header::new(Opcode::Text, 500, Some(key)),
        first_at: Moment::from_millis(1),
        ..note(3, Direction::Out, Opcode::Text, b"hello")
    };
    let mut life = life(&Plan { frames: true, ..plan() });
    life.handle(Moment::from_millis(3), Input::Frame(&masked));
    let seen = FrameSeen {
        direction: Direction::Out,
        fin: true,
        rsv: 0,
        opcode: 1,
        masked: true,
        len: 500,
        first_at: Moment::from_millis(1),
        last_at: Moment::from_millis(3),
        payload: Some(PayloadBytes(b"hello".to_vec())),
    };
    assert_eq!(life.poll(), Some(Output::Emit(EventKind::Frame(seen))));
}

#[test]
fn the_end_carries_every_fact() {
    let mut life = Life::new(&plan(), Moment::from_millis(1_000), NONCE);
    play(
        &mut life,
        [
            (5_000, Input::Held { by: Holder::Output, span: Span::from_secs(2) }, "held Output 2000"),
            (23_000, Input::Tick, "send ping 1"),
            (23_000, heartbeat_written(1), "sent 1"),
            (23_010, Input::Frame(&pong(23_010, 1)), "answered 1"),
            (23_010, Input::Bytes { total: 10 }, ""),
        ],
    );
    let wire = Wire {
        bytes_in: 114,
        bytes_out: 14,
        last_in: Some(Moment::from_millis(24_000)),
        last_out: Some(Moment::from_millis(23_000)),
        messages_in: 3,
        messages_out: 2,
        sent_last: Some((7, Moment::from_millis(23_000))),
        sent_largest: 9_000,
        mid_frame: Some((100, 300)),
        mid_message: true,
        last_frames: Vec::new(),
        bad_bytes: Vec::new(),
    };
    let io = Some("connection reset by peer".to_string());
    let ended = life.end(Moment::from_millis(25_000), End { cut: Cut::Reset, wire, io: io.clone() });
    assert_eq!((ended.how, ended.by, ended.drop, ended.announced), (How::Reset, Side::Peer, true, false));
    assert_eq!((ended.mid_frame, ended.mid_message), (Some((100, 300)), true));
    let millis = |span: Span| span.nanos() / 1_000_000;
    assert_eq!((millis(ended.age), millis(ended.held)), (24_000, 2_000));
    assert_eq!((millis(ended.quiet_in), millis(ended.quiet_out)), (1_000, 2_000));
    assert_eq!(ended.heartbeat_due.map(millis), Some(18_010));
    assert_eq!(ended.answered_ago.map(millis), Some(1_990));
    assert_eq!((ended.bytes_in, ended.bytes_out, ended.messages_in, ended.messages_out), (114, 14, 3, 2));
    assert_eq!(ended.sent_last.map(|last| (last.len, millis(last.ago))), Some((7, 2_000)));
    assert_eq!(ended.sent_largest, 9_000);
    assert_eq!(ended.io, io);
}

#[test]
fn a_connection_on_which_nothing_came_was_quiet_since_its_open() {
    let ended = Life::new(&plan(), Moment::from_millis(1_000), NONCE)
        .end(Moment::from_millis(4_000), End { cut: Cut::Eof, wire: Wire::default(), io: None });
    assert_eq!((ended.quiet_in, ended.quiet_out), (Span::from_secs(3), Span::from_secs(3)));
    assert_eq!((ended.heartbeat_due, ended.answered_ago), (Some(Span::from_secs(17)), None));
}

#[test]
fn what_we_end_ourselves_is_no_drop() {
    let ended = end(life(&plan()), 1_000, Cut::Local("time used up"));
    assert_eq!(ended.how, How::Local { why: "time used up".into() });
    assert_eq!((ended.by, ended.drop), (Side::Us, false));
}

#[test]
fn the_head_of_the_peers_first_message_is_kept() {
    let mut life = life(&plan());
    let long = "x".repeat(300);
    let rows = [
        (1_000, Input::Message { text: Some(&long), bytes: long.as_bytes() }, ""),
        (2_000, Input::Message { text: None, bytes: &[1] }, ""),
    ];
    play(&mut life, rows);
    let kept = end(life, 3_000, Cut::Eof).first_message.unwrap();
    assert_eq!(kept.0, &long.as_bytes()[..256]);
}

#[test]
fn a_heartbeat_of_the_servers_is_answered_at_once_but_not_behind_a_close() {
    let heartbeat = crate::watch::presets::preset("engineio").unwrap();
    let mut life = life(&Plan { heartbeat, ..plan() });
    let ping = || Input::Message { text: Some("2"), bytes: b"2" };
    play(&mut life, [(25_000, ping(), "send text 3 Message, sent 1")]);
    life.handle(Moment::from_millis(26_000), say_close(1000));
    said(&mut life);
    life.handle(Moment::from_millis(26_001), ping());
    assert!(!said(&mut life).contains("send text"));
}

#[test]
fn a_server_that_its_subprotocol_tells_is_taken_at_its_word() {
    let heartbeat = heartbeat::Plan { auto: true, ..heartbeat::Plan::default() };
    let mut life = life(&Plan { heartbeat, ..plan() });
    life.learn_open(Some("graphql-transport-ws"), "ws://a/");
    let Some(Output::Emit(EventKind::HeartbeatChosen(chosen))) = life.poll() else { panic!("nothing chosen") };
    assert_eq!(chosen.preset, "graphql");
    assert!(chosen.why.contains("graphql-transport-ws"), "{}", chosen.why);
    let ack = r#"{"type":"connection_ack"}"#;
    let rows = [
        (1_000, Input::Message { text: Some(ack), bytes: ack.as_bytes() }, ""),
        (11_000, Input::Tick, "send text {\"type\":\"ping\"} Heartbeat(1)"),
    ];
    play(&mut life, rows);
}
