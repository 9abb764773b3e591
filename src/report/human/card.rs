//! The report card of a client: the last block of screen 6. Owns its lines and their words; which facts are in a card
//! is `diagnose::client`'s. What was not seen has no line, or says so in words (SCREENS rule 6).

use crate::event::client_report::{
    Card, ClientReport, ClosesSeen, CodeCount, HandshakeSeen, HeartbeatKind, HeartbeatSeen, PongsSeen, ReconnectsSeen,
    Waits,
};
use crate::event::show::{count, span};
use crate::moment::Span;
use crate::report::human::finding::indented;
use crate::report::human::words::in_seconds;
use crate::report::safe;

/// A User-Agent or a fault with more characters is cut.
const TEXT_MAX: usize = 60;
/// An answer within this time was given at once.
const AT_ONCE: Span = Span::from_millis(100);
/// Where the text of a line begins: two blanks, ten wide label, two blanks.
const INDENT: &str = "              ";

/// The lines of one report, without line ends.
pub fn lines(report: &ClientReport) -> Vec<String> {
    let mut lines = indented(&headline(report), "", "  ");
    let Some(card) = &report.card else { return lines };
    let mut row = |label: &str, text: String| lines.extend(indented(&text, &format!("  {label:<10}  "), INDENT));
    row("handshake", handshake(&card.handshake));
    row("frames", frames(report, card));
    if let Some(text) = pongs(&card.pongs) {
        row("pong", text);
    }
    row("close", closes(&card.closes));
    row("reconnect", reconnects(report, &card.reconnects));
    for (index, seen) in card.heartbeats.iter().enumerate() {
        row(if index == 0 { "heartbeat" } else { "" }, heartbeat(seen));
    }
    lines
}

/// `client 127.0.0.1, node: 2 connections`.
fn headline(report: &ClientReport) -> String {
    let connections = count(report.connections, "connection");
    let Some(client) = &report.client else {
        let clients = count(report.clients, "client");
        let class = safe::line(&report.class, TEXT_MAX);
        let doubles = count(report.double_reconnects, "double reconnect");
        let breaches = count(report.breaches, "illegal frame");
        return format!("{clients} more, {class}: {connections}, {doubles}, {breaches}");
    };
    let user_agent = match &report.user_agent {
        Some(user_agent) => safe::line(user_agent, TEXT_MAX),
        None => "no User-Agent".to_owned(),
    };
    let refused = match report.card.as_ref().map_or(0, |card| card.refused) {
        0 => String::new(),
        1 if report.connections == 1 => ", refused".to_owned(),
        refused => format!(", {refused} of them refused"),
    };
    format!("client {}, {user_agent}: {connections}{refused}", safe::line(client, TEXT_MAX))
}

fn handshake(seen: &HandshakeSeen) -> String {
    if !seen.wrong.is_empty() {
        let wrong: Vec<String> = seen.wrong.iter().map(|fault| safe::line(fault, TEXT_MAX + 40)).collect();
        return format!("wrong: {}", wrong.join("; "));
    }
    let version = seen.version.as_deref().map_or_else(|| "no version".to_owned(), |text| safe::line(text, TEXT_MAX));
    let key = if seen.requests == 1 { "a valid key" } else { "a new key each time" };
    format!("correct: version {version}, {key}")
}

fn frames(report: &ClientReport, card: &Card) -> String {
    match &card.frames.breach {
        Some(breach) if report.breaches == 1 => format!("not legal: {}", safe::line(breach, TEXT_MAX + 40)),
        Some(breach) => {
            let breach = safe::line(breach, TEXT_MAX + 40);
            format!("not legal on {}, the first: {breach}", count(report.breaches, "connection"))
        }
        None if card.frames.seen => "masked, legal".to_owned(),
        None => "none came".to_owned(),
    }
}

/// None when no ping was sent: that it was not measured is no fact on the client.
fn pongs(seen: &PongsSeen) -> Option<String> {
    let sent = seen.answered + seen.missed;
    match (seen.median, seen.missed) {
        (None, 0) => None,
        (None, _) => Some(format!("none for {}", count(sent, "ping"))),
        (Some(median), 0) => Some(format!("{} answered, median {}", count(sent, "ping"), span(median))),
        (Some(median), _) => {
            Some(format!("{} of {} answered, median {}", seen.answered, count(sent, "ping"), span(median)))
        }
    }
}

fn closes(seen: &ClosesSeen) -> String {
    let asked = seen.answered + seen.unanswered + seen.cut;
    let mut parts = Vec::new();
    if seen.answered > 0 {
        let of = if seen.answered == asked { String::new() } else { format!(" {} of {asked}", seen.answered) };
        parts.push(format!("answered{of}{}{}", speed(seen), codes(seen)));
    }
    match (seen.unanswered, seen.answered + seen.cut) {
        (0, _) => {}
        (_, 0) => parts.push("not answered in time".to_owned()),
        (unanswered, _) => parts.push(format!("{unanswered} not answered in time")),
    }
    match (seen.cut, seen.answered + seen.unanswered) {
        (0, _) => {}
        (_, 0) => parts.push("ended TCP itself instead of an answer".to_owned()),
        (cut, _) => parts.push(format!("{} ended TCP itself instead of an answer", count(cut, "time"))),
    }
    if !seen.own.is_empty() {
        parts.push(format!("closed by itself with {}", own_codes(&seen.own)));
    }
    if seen.without_close > 0 {
        parts.push(format!("ended {} without a Close frame", count(seen.without_close, "connection")));
    }
    if parts.is_empty() {
        return "not tested: no closing handshake".to_owned();
    }
    parts.join("; ")
}

/// ` at once`, ` after 1.2 s`; nothing when it was not measured.
fn speed(seen: &ClosesSeen) -> String {
    match (seen.slowest, seen.median) {
        (Some(slowest), _) if slowest <= AT_ONCE => " at once".to_owned(),
        (Some(_), Some(median)) => format!(" after {}", span(median)),
        _ => String::new(),
    }
}

fn codes(seen: &ClosesSeen) -> String {
    let Some(other) = &seen.other else {
        return if seen.same_code > 0 { " with the same code".to_owned() } else { String::new() };
    };
    let pair = format!("{} for {}", code(other.got), code(other.sent));
    match (seen.same_code, seen.other_code) {
        (0, _) => format!(" with another code ({pair})"),
        (same, others) => {
            let (same, others) = (count(same, "time"), count(others, "time"));
            format!(" with the same code {same}, with another {others} ({pair})")
        }
    }
}

fn own_codes(own: &[CodeCount]) -> String {
    let words = own.iter().map(|own| match own.times {
        1 => code(own.code),
        times => format!("{} ({times} times)", code(own.code)),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn code(code: Option<u16>) -> String {
    code.map_or_else(|| "no code".to_owned(), |code| code.to_string())
}

fn reconnects(report: &ClientReport, seen: &ReconnectsSeen) -> String {
    let mut parts = Vec::new();
    if seen.came_back > 0 {
        parts.push(format!("{}{}", returns(report, seen), delays(seen)));
        parts.extend(backoff(seen));
    }
    if seen.not_back > 0 {
        parts.push(format!("did not come back after {}", count(seen.not_back, "drop")));
    }
    if let Some(age) = seen.undecided.filter(|_| seen.came_back == 0) {
        parts.push(format!("not back {} after its drop", in_seconds(age)));
    }
    parts.extend(waits(&seen.retry_after, "Retry-After"));
    parts.extend(waits(&seen.restart, "the second that Close 1012 and 1013 ask for"));
    for end in &seen.finals {
        let what = if end.code < 1000 { format!("HTTP {}", end.code) } else { format!("Close {}", end.code) };
        parts.push(match end.came_back {
            0 => format!("stayed away after {what}"),
            back if back == end.times => format!("came back after {what}"),
            back => format!("came back after {what} {back} of {} times", end.times),
        });
    }
    if parts.is_empty() {
        return "not tested: no drop".to_owned();
    }
    parts.join("; ")
}

/// `once for one drop`.
fn returns(report: &ClientReport, seen: &ReconnectsSeen) -> String {
    let back = seen.came_back;
    if report.double_reconnects > 0 {
        let extra = count(report.double_reconnects, "connection");
        return format!("more than once for a drop: {extra} too many after {}", count(back, "drop"));
    }
    match back {
        1 => "once for one drop".to_owned(),
        _ => format!("once for each of {back} drops"),
    }
}

/// `, after 0.51 s`.
fn delays(seen: &ReconnectsSeen) -> String {
    match (seen.delays.as_slice(), seen.min, seen.max) {
        ([], ..) | (_, None, _) | (_, _, None) => String::new(),
        ([one], ..) => format!(", after {}", in_seconds(*one)),
        ([one, two], ..) => format!(", after {} and {}", in_seconds(*one), in_seconds(*two)),
        (_, Some(least), Some(most)) if in_seconds(least) == in_seconds(most) => {
            format!(", after {} each time", in_seconds(least))
        }
        (_, Some(least), Some(most)) => format!(", after {} to {}", in_seconds(least), in_seconds(most)),
    }
}

/// Growth, cap and jitter, or that there is too little to judge them.
fn backoff(seen: &ReconnectsSeen) -> Vec<String> {
    match seen.measured {
        0 => return Vec::new(),
        1 => return vec!["one delay is too few to judge backoff".to_owned()],
        2 => return vec!["two delays are too few to judge backoff".to_owned()],
        _ => {}
    }
    let growth = match (seen.grows, seen.factor) {
        (Some(true), Some(factor)) => format!("the delay grows by {factor:.1} each time"),
        (Some(true), None) => "the delay grows".to_owned(),
        (Some(false), _) if seen.opened_between => {
            "the delay does not grow, with open connections in between".to_owned()
        }
        (Some(false), _) => "the delay does not grow".to_owned(),
        (None, _) if seen.in_row < 3 => "too few drops in a row to judge growth".to_owned(),
        (None, _) => "no clear growth".to_owned(),
    };
    let jitter = match seen.jitter {
        Some(true) => ", with jitter",
        Some(false) => ", no jitter",
        None if seen.measured < 4 => ", too few delays to judge jitter",
        None => "",
    };
    let cap = seen.cap.map(|cap| format!(", {} at most", in_seconds(cap))).unwrap_or_default();
    vec![format!("{growth}{cap}{jitter}")]
}

fn waits(waits: &Waits, what: &str) -> Option<String> {
    match (waits.asked, waits.waited) {
        (0, _) => None,
        (asked, waited) if asked == waited => Some(format!("waited for {what}")),
        (1, _) => Some(format!("did not wait for {what}")),
        (asked, waited) => Some(format!("waited for {what} {waited} of {asked} times")),
    }
}

/// `text "HeartBeat" each 25.0 s, 12 seen`.
fn heartbeat(seen: &HeartbeatSeen) -> String {
    let kind = match seen.kind {
        HeartbeatKind::Ping => "ping",
        HeartbeatKind::Pong => "unsolicited pong",
        HeartbeatKind::Text => "text",
        HeartbeatKind::Binary => "binary",
    };
    let head = seen.head.as_ref().map(|head| format!(" {}", safe::quoted(&head.0, 32))).unwrap_or_default();
    if let Some(throttled) = &seen.throttled {
        let (before, after) = (in_seconds(throttled.before), in_seconds(throttled.aligned_to));
        return format!(
            "{kind}{head}, {} seen, first each {before}, then each {after}: timers of a hidden page",
            seen.count
        );
    }
    let each = seen.interval.map(|interval| format!(" each {}", in_seconds(interval))).unwrap_or_default();
    format!("{kind}{head}{each}, {} seen", seen.count)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::PayloadBytes;
    use crate::event::client_report::{CodePair, FinalSeen, FramesSeen, Throttled};

    /// The line with that label of the sample, after a change.
    fn line(label: &str, change: impl FnOnce(&mut ClientReport, &mut Card)) -> String {
        let mut report = ClientReport::sample();
        let mut card = *report.card.take().unwrap();
        change(&mut report, &mut card);
        report.card = Some(Box::new(card));
        let all = lines(&report);
        assert!(all.iter().all(|line| line.len() <= 96 && line.is_ascii()), "{all:#?}");
        let from = all.iter().position(|line| line.trim_start().starts_with(label)).unwrap();
        let below = all[from + 1..].iter().take_while(|line| line.starts_with(INDENT));
        let text: Vec<&str> = std::iter::once(&all[from]).chain(below).map(|line| line.trim()).collect();
        text.join(" ")
    }

    #[test]
    fn the_card_of_the_sixth_screen_is_as_designed() {
        assert_eq!(
            lines(&ClientReport::sample()),
            [
                "client 127.0.0.1, node: 2 connections",
                "  handshake   correct: version 13, a new key each time",
                "  frames      masked, legal",
                "  close       answered at once with the same code",
                "  reconnect   once for one drop, after 0.51 s; one delay is too few to judge backoff",
            ]
        );
    }

    #[test]
    fn a_folded_class_is_one_line() {
        let report = ClientReport {
            client: None,
            class: "node".into(),
            clients: 50,
            connections: 150,
            double_reconnects: 1,
            card: None,
            ..ClientReport::sample()
        };
        assert_eq!(lines(&report), ["50 clients more, node: 150 connections, 1 double reconnect, 0 illegal frames"]);
    }

    #[test]
    fn a_clients_text_cannot_draw_on_the_screen() {
        let user_agent = Some(format!("a\x1b[2J{}", "b".repeat(100)));
        let mut report = ClientReport { user_agent, ..ClientReport::sample() };
        report.card.as_mut().unwrap().refused = 1;
        let shown = lines(&report);
        assert_eq!(shown[0], format!("client 127.0.0.1, a\\x1b[2J{}... (105 B", "b".repeat(55)));
        assert_eq!(shown[1], "  in all): 2 connections, 1 of them refused");
        let wrong =
            line("handshake", |_, card| card.handshake.wrong = vec!["no Host".into(), "the\u{202e} key".into()]);
        assert_eq!(wrong, "handshake   wrong: no Host; the\\u{202e} key");
    }

    #[test]
    fn frames_and_pongs_have_their_lines() {
        let breach = || FramesSeen { seen: true, breach: Some("a frame of a client without a mask".into()) };
        let several = line("frames", |report, card| {
            report.breaches = 2;
            card.frames = breach();
        });
        assert_eq!(several, "frames      not legal on 2 connections, the first: a frame of a client without a mask");
        assert_eq!(line("frames", |_, card| card.frames = FramesSeen::default()), "frames      none came");
        let pong = |answered, missed, median| {
            line("pong", |_, card| card.pongs = PongsSeen { answered, missed, median, note: None })
        };
        let median = Some(Span::from_nanos(900_000));
        assert_eq!(pong(12, 0, median), "pong        12 pings answered, median 0.9 ms");
        assert_eq!(pong(12, 1, median), "pong        12 of 13 pings answered, median 0.9 ms");
        assert_eq!(pong(0, 2, None), "pong        none for 2 pings");
    }

    #[test]
    fn closes_are_told_apart() {
        let close = |closes: ClosesSeen| line("close", |_, card| card.closes = closes);
        assert_eq!(close(ClosesSeen::default()), "close       not tested: no closing handshake");
        let unanswered = ClosesSeen { unanswered: 1, ..ClosesSeen::default() };
        assert_eq!(close(unanswered), "close       not answered in time");
        let cut = ClosesSeen { cut: 1, ..ClosesSeen::default() };
        assert_eq!(close(cut), "close       ended TCP itself instead of an answer");
        let other = ClosesSeen {
            answered: 1,
            other_code: 1,
            other: Some(CodePair { sent: Some(4001), got: Some(1000) }),
            median: Some(Span::from_millis(1200)),
            slowest: Some(Span::from_millis(1200)),
            own: vec![CodeCount { code: None, times: 2 }, CodeCount { code: Some(1001), times: 1 }],
            without_close: 1,
            ..ClosesSeen::default()
        };
        assert_eq!(
            close(other),
            "close       answered after 1.2 s with another code (1000 for 4001); closed by itself with no code \
            (2 times), 1001; ended 1 connection without a Close frame"
        );
    }

    #[test]
    fn backoff_is_judged_only_where_there_is_enough() {
        let reconnect = |doubles: u64, change: fn(&mut ReconnectsSeen)| {
            line("reconnect", |report, card| {
                report.double_reconnects = doubles;
                let one = Span::from_secs(1);
                let seen = &mut card.reconnects;
                (seen.drops, seen.came_back, seen.measured, seen.in_row) = (4, 4, 4, 4);
                (seen.delays, seen.min, seen.max) = (vec![one; 4], Some(one), Some(one));
                (seen.grows, seen.factor, seen.jitter) = (Some(false), Some(1.0), Some(false));
                change(seen);
            })
        };
        assert_eq!(
            reconnect(0, |_| {}),
            "reconnect   once for each of 4 drops, after 1.0 s each time; the delay does not grow, no jitter"
        );
        let growing = reconnect(2, |seen| {
            (seen.grows, seen.factor, seen.cap) = (Some(true), Some(1.5), Some(Span::from_secs(10)));
            (seen.max, seen.jitter) = (Some(Span::from_secs(10)), Some(true));
        });
        assert_eq!(
            growing,
            "reconnect   more than once for a drop: 2 connections too many after 4 drops, after 1.0 s to 10.0 s; \
            the delay grows by 1.5 each time, 10.0 s at most, with jitter"
        );
        let asked = reconnect(0, |seen| {
            *seen = ReconnectsSeen::default();
            seen.not_back = 1;
            seen.retry_after = Waits { asked: 2, waited: 2 };
            seen.restart = Waits { asked: 1, waited: 0 };
            seen.finals =
                vec![FinalSeen { code: 1008, times: 1, came_back: 1 }, FinalSeen { code: 401, times: 1, came_back: 0 }];
        });
        assert_eq!(
            asked,
            "reconnect   did not come back after 1 drop; waited for Retry-After; did not wait for the second that \
            Close 1012 and 1013 ask for; came back after Close 1008; stayed away after HTTP 401"
        );
        assert_eq!(reconnect(0, |seen| *seen = ReconnectsSeen::default()), "reconnect   not tested: no drop");
    }

    #[test]
    fn heartbeats_stand_below_each_other() {
        let beat = |kind, head: Option<&str>, throttled| HeartbeatSeen {
            kind,
            head: head.map(|head| PayloadBytes(head.as_bytes().to_vec())),
            count: 5,
            interval: Some(Span::from_secs(25)),
            throttled,
        };
        let text =
            line("heartbeat", |_, card| card.heartbeats = vec![beat(HeartbeatKind::Text, Some("HeartBeat"), None)]);
        assert_eq!(text, "heartbeat   text \"HeartBeat\" each 25.0 s, 5 seen");
        let throttled = Throttled { before: Span::from_secs(15), aligned_to: Span::from_secs(60) };
        let hidden = line("heartbeat", |_, card| {
            card.heartbeats = vec![beat(HeartbeatKind::Ping, None, Some(throttled))];
        });
        assert_eq!(hidden, "heartbeat   ping, 5 seen, first each 15.0 s, then each 60.0 s: timers of a hidden page");
    }
}
