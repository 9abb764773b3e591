//! What is compared, with exact figures.

#![allow(clippy::unwrap_used)]

use super::*;

/// When message 0 is sent, in microseconds since 1970; one more each second.
const SENT: i64 = 1_790_000_000_000_000;

fn stamp(number: u64) -> Stamp {
    Stamp { number, sent_micros: SENT + i64::try_from(number).unwrap() * 1_000_000 }
}

/// These messages, each with the milliseconds that it was under way.
fn course(from: Option<u64>, came: impl IntoIterator<Item = (u64, i64)>) -> Course {
    let mut course = Course::new(from);
    for (number, millis) in came {
        course.arrived(stamp(number), stamp(number).sent_micros + millis * 1000);
    }
    course
}

fn traffic(bytes_in: u64, bytes_out: u64) -> Traffic {
    Traffic { requests: 1, connections: 1, open_connections: 1, bytes_in, bytes_out, ..Traffic::default() }
}

fn compared(socket: Course, long: Course, short: Course, round_trip: Span) -> Compared {
    let ways = [
        (Way::Socket, socket, traffic(300, 100)),
        (Way::LongPolling, long, traffic(1000, 400)),
        (Way::ShortPolling, short, traffic(500, 200)),
    ];
    compare("http://h/", Span::from_secs(10), &ways, Some(round_trip))
}

fn all(range: std::ops::Range<u64>, millis: i64) -> Vec<(u64, i64)> {
    range.map(|number| (number, millis)).collect()
}

#[test]
fn a_message_and_a_poll_have_their_form() {
    let read = read_message("{\"n\":17,\"sent_ms\":1790000000000.123,\"fill\":\"aa\"}");
    assert_eq!(read, Some(Stamp { number: 17, sent_micros: 1_790_000_000_000_123 }));
    assert_eq!(read_message("{\"n\":1,\"sent_ms\":5}"), Some(Stamp { number: 1, sent_micros: 5000 }));
    for text in ["", "hello", "{}", "{\"n\":1}", "{\"n\":-1,\"sent_ms\":1.0}", "{\"n\":1,\"sent_ms\":\"x\"}", "[]"] {
        assert_eq!(read_message(text), None, "{text}");
    }
    let polled = read_poll(b"{\"next\":18,\"messages\":[\"a\",\"b\"]}").unwrap();
    assert_eq!((polled.next, polled.messages.len()), (18, 2));
    for body in ["", "{\"next\":1}", "{\"messages\":[]}", "{\"next\":1,\"messages\":[1]}", "<html>"] {
        assert_eq!(read_poll(body.as_bytes()), None, "{body}");
    }
}

#[test]
fn only_what_all_could_get_is_compared() {
    // The socket was open from message 4 on, long polling is ahead, short polling has seen up to 8.
    let mut short = course(Some(3), all(3..8, 900));
    short.reached(9);
    let told = compared(course(None, all(4..12, 2)), course(Some(3), all(3..13, 4)), short, Span::ZERO);
    assert_eq!(told.messages, 5, "4 to 8");
    let figures: Vec<(u64, u64, u64)> = told.ways.iter().map(|way| (way.messages, way.lost, way.doubled)).collect();
    assert_eq!(figures, [(5, 0, 0), (5, 0, 0), (4, 1, 0)]);
    assert_eq!(
        fault(&told).unwrap(),
        "short polling lost 1 of 5 messages: the server keeps only the last ones, so poll more often"
    );
}

#[test]
fn delays_have_a_median_and_a_most_and_a_p99_from_a_hundred_on() {
    let short: Vec<(u64, i64)> = (1..=10).map(|number| (number, i64::try_from(number).unwrap() * 100)).collect();
    let told =
        compared(course(None, all(1..11, 1)), course(Some(1), all(1..11, 3)), course(Some(1), short), Span::ZERO);
    let [socket, long, short] = &told.ways[..] else { panic!("three ways") };
    assert_eq!((socket.median, socket.max), (Some(Span::from_millis(1)), Some(Span::from_millis(1))));
    assert_eq!((long.median, long.p99), (Some(Span::from_millis(3)), None));
    assert_eq!((short.median, short.max), (Some(Span::from_millis(550)), Some(Span::from_millis(1000))));
    assert_eq!((told.clock_offset, fault(&told)), (None, None));

    let many: Vec<(u64, i64)> = (1..=100).map(|number| (number, i64::try_from(number).unwrap())).collect();
    let told = compared(course(None, many.clone()), course(Some(1), many.clone()), course(Some(1), many), Span::ZERO);
    assert_eq!(told.ways[0].p99, Some(Span::from_millis(99)));
}

#[test]
fn bytes_are_shared_among_all_messages_that_came() {
    let told = compared(
        course(None, all(1..11, 1)),
        course(Some(1), all(1..11, 1)),
        course(Some(1), all(1..8, 1)),
        Span::ZERO,
    );
    let each: Vec<Option<u64>> = told.ways.iter().map(|way| way.bytes_per_message).collect();
    assert_eq!(each, [Some(40), Some(140), Some(100)]);
}

#[test]
fn a_message_that_comes_twice_is_told() {
    let mut twice = all(1..6, 5);
    twice.push((2, 70));
    let told = compared(course(None, all(1..6, 1)), course(Some(1), twice), course(Some(1), all(1..6, 9)), Span::ZERO);
    assert_eq!((told.ways[1].messages, told.ways[1].doubled), (5, 1));
    assert_eq!(told.ways[1].max, Some(Span::from_millis(5)), "the first counts");
    assert_eq!(fault(&told).unwrap(), "long polling brought 1 of 5 messages more than once");
}

#[test]
fn clocks_that_differ_are_set_right_by_the_fastest_message() {
    let ways = |by: i64| (all(1..6, by + 2), all(1..6, by + 3), all(1..6, by + 500));
    for by in [-3200, 3200] {
        let (socket, long, short) = ways(by);
        let told = compared(course(None, socket), course(Some(1), long), course(Some(1), short), Span::from_millis(40));
        assert_eq!(told.clock_offset, Some((by + 2) * 1_000_000));
        let medians: Vec<Option<Span>> = told.ways.iter().map(|way| way.median).collect();
        assert_eq!(medians, [0, 1, 498].map(|millis| Some(Span::from_millis(millis))));
    }
    // No more than the round trip: that is the way, and not the clock.
    let (socket, long, short) = ways(30);
    let told = compared(course(None, socket), course(Some(1), long), course(Some(1), short), Span::from_millis(40));
    assert_eq!((told.clock_offset, told.ways[0].median), (None, Some(Span::from_millis(32))));
}

#[test]
fn without_a_message_by_all_ways_nothing_is_compared() {
    let none = compared(course(None, []), course(Some(1), all(1..6, 1)), course(Some(1), all(1..6, 1)), Span::ZERO);
    assert_eq!((none.messages, none.ways[1].median, none.ways[0].bytes_per_message), (0, None, None));
    assert!(fault(&none).unwrap().starts_with("no message came by all three ways in 10.0 s"));
    // Ranges that do not meet.
    let apart =
        compared(course(None, all(7..9, 1)), course(Some(1), all(1..4, 1)), course(Some(1), all(1..4, 1)), Span::ZERO);
    assert_eq!((apart.messages, apart.ways[0].lost), (0, 0));
}

#[test]
fn numbers_of_a_peer_without_reason_do_no_harm() {
    let wild = [(0, 1), (u64::MAX, 1)];
    let course = |from| {
        let mut course = Course::new(from);
        for (number, millis) in wild {
            course.arrived(Stamp { number, sent_micros: i64::MIN }, millis);
        }
        course
    };
    let told = compared(course(None), course(Some(0)), course(Some(0)), Span::ZERO);
    assert_eq!((told.messages, told.ways[0].messages), (u64::MAX, 1));
}
