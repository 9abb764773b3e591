//! What a probe remembers of one URL, and the phases of its last dial as rows: name, TCP, TLS, upgrade, heartbeat,
//! close (SCREENS, screens 1 and 2), or a comparison in their place. Owns what each row tells; it judges nothing.

mod compare;
mod idle;

use crate::event::series::Series;
use crate::event::show::{count, span};
use crate::event::{
    Certificate, Check, CloseSeen, Compared, DialFailed, DialFault, Direction, Ended, Event, EventKind, Examined, How,
    IdleSocket, Redirected, Resolved, ResolvedBy, TcpOpen, TlsReady, UpgradeAnswered,
};
use crate::moment::{Moment, Span};
use crate::report::human::examined;
use crate::report::human::finding::indented;
use crate::report::human::heads;
use crate::report::human::live::chosen_text;
use crate::report::human::words::{addresses, code_words, dial_fault, ended_fact, tried_before};
use crate::report::safe::{self, SHOWN_MAX};

/// The columns in front of a row's text.
const INDENT: usize = 23;

/// How many redirects are kept.
const REDIRECTS_MAX: usize = 32;

/// The events on one URL, as far as a screen needs them.
#[derive(Default)]
pub struct Facts {
    dial: Dial,
    redirects: Vec<Redirected>,
    /// The Close handshake of the last connection.
    pub closing: Option<Closing>,
    ended: Option<Ended>,
    /// When the first connection was open.
    checks: Vec<Check>,
    /// The comparison, which takes the phases' place.
    compared: Option<Compared>,
    /// The heartbeat that `auto` chose, in words.
    chosen: Option<String>,
    /// What `--deep` examined.
    examined: Vec<Examined>,
    /// What `--idle` watched.
    idle_sockets: Vec<IdleSocket>,
    pub opened_at: Option<Moment>,
    /// Is one open now?
    pub open: bool,
    /// Heartbeats answered on the connection that is open.
    pub answered: u64,
    measured: Times,
    heartbeats: Times,
}

/// The last dial.
#[derive(Default)]
struct Dial {
    resolved: Option<Resolved>,
    tcp: Option<TcpOpen>,
    tls: Option<TlsReady>,
    answer: Option<UpgradeAnswered>,
    failed: Option<DialFailed>,
}

/// A Close frame, and the one that answered it (RFC 6455 section 7.1.2).
pub struct Closing {
    pub at: Moment,
    pub first: CloseSeen,
    pub answer: Option<(Moment, Option<u16>)>,
}

/// Round-trip times of one kind.
#[derive(Default)]
struct Times {
    series: Series,
    lost: u64,
}

impl Facts {
    /// Remembers what the rows need.
    pub fn see(&mut self, event: &Event) {
        match &event.kind {
            EventKind::DialStarted(_) => self.start_over(),
            EventKind::Resolved(resolved) => self.dial.resolved = Some(resolved.clone()),
            EventKind::TcpOpen(tcp) => self.dial.tcp = Some(tcp.clone()),
            EventKind::TlsReady(tls) => self.dial.tls = Some(tls.clone()),
            EventKind::UpgradeAnswered(answer) => self.dial.answer = Some(answer.clone()),
            EventKind::DialFailed(failed) => self.dial.failed = Some(failed.clone()),
            EventKind::Redirected(hop) => self.redirect(hop),
            EventKind::Open(_) => {
                self.opened_at = self.opened_at.or(Some(event.at));
                self.open = true;
                self.answered = 0;
            }
            EventKind::Answered(answered) => {
                self.answered += 1;
                if answered.own {
                    self.times(answered.measured).series.add(answered.rtt);
                }
            }
            EventKind::Missed(missed) => self.times(missed.measured).lost += 1,
            EventKind::CloseSeen(close) => Closing::see(&mut self.closing, event.at, close),
            EventKind::Ended(ended) => {
                self.open = false;
                self.ended = Some(ended.clone());
            }
            EventKind::RunStarted(_) | EventKind::UpgradeSent(_) | EventKind::Frame(_) | EventKind::Message(_) => {}
            EventKind::Heartbeat(_) | EventKind::StrayPong(_) | EventKind::PingsIgnored(_) => {}
            EventKind::Farewell(_) | EventKind::Held(_) | EventKind::RetryAt(_) | EventKind::GaveUp(_) => {}
            EventKind::Check(check) => self.checks.push(check.clone()),
            EventKind::Compared(compared) => self.compared = Some(compared.clone()),
            EventKind::HeartbeatChosen(chosen) => self.chosen = Some(chosen_text(chosen)),
            EventKind::Examined(examined) => self.examined.push(examined.clone()),
            EventKind::IdleSocket(socket) => self.idle_sockets.push(socket.clone()),
            EventKind::IdleFound(_) => {}
            EventKind::SecondLook(_) | EventKind::ClockStepped(_) | EventKind::ExamPlanned(_) => {}
            EventKind::FaultDone(_) | EventKind::Finding(_) | EventKind::Judged(_) => {}
            EventKind::Listening(_) | EventKind::Received(_) | EventKind::ClientReport(_) => {}
            EventKind::RunEnded(_) | EventKind::InputBad(_) | EventKind::InputEnded(_) | EventKind::Lines(_) => {}
        }
    }

    /// The dial that failed last, as long as nothing was open.
    pub fn failed_before_open(&self) -> Option<&DialFailed> {
        self.dial.failed.as_ref().filter(|_| self.opened_at.is_none())
    }

    /// Every row, in the order in which the phases come.
    pub fn rows(&self) -> Vec<String> {
        if let Some(compared) = &self.compared {
            return compare::rows(compared);
        }
        let mut rows = Vec::new();
        for hop in &self.redirects {
            rows.extend(row("redirect", None, &format!("{} to {}", hop.status, safe::line(&hop.to, SHOWN_MAX))));
        }
        rows.extend(self.dial.rows());
        for check in &self.checks {
            let held = if check.held { "held" } else { "did not hold" };
            rows.extend(row("expect", None, &safe::line(&format!("{held}: {}", check.expected), SHOWN_MAX)));
        }
        rows.extend(self.chosen.iter().flat_map(|chosen| row("heartbeat", None, chosen)));
        rows.extend(self.heartbeat_row());
        rows.extend(self.end_row());
        rows
    }

    /// What the longer examinations came to, as a table.
    pub fn tables(&self) -> Vec<Vec<String>> {
        [examined::rows(&self.examined), idle::rows(&self.idle_sockets)]
            .into_iter()
            .filter(|rows| !rows.is_empty())
            .collect()
    }

    fn start_over(&mut self) {
        self.dial = Dial::default();
        self.closing = None;
        self.ended = None;
    }

    fn redirect(&mut self, hop: &Redirected) {
        if self.redirects.len() < REDIRECTS_MAX && !self.redirects.contains(hop) {
            self.redirects.push(hop.clone());
        }
    }

    fn times(&mut self, measured: bool) -> &mut Times {
        if measured { &mut self.measured } else { &mut self.heartbeats }
    }

    fn heartbeat_row(&self) -> Vec<String> {
        if !self.measured.is_empty() {
            return self.measured.row("ping");
        }
        if self.heartbeats.is_empty() { Vec::new() } else { self.heartbeats.row("heartbeat") }
    }

    /// How the last connection ended: a Close handshake with its time, anything else with the connection's age.
    fn end_row(&self) -> Vec<String> {
        let Some(ended) = &self.ended else { return Vec::new() };
        match (&ended.how, &self.closing) {
            (How::Close { .. }, Some(closing)) => closing.row(),
            _ => row("ended", Some(ended.age), &ended_fact(ended)),
        }
    }
}

impl Closing {
    /// A Close frame: the first one of a connection, or the other side's answer to it.
    pub fn see(slot: &mut Option<Closing>, at: Moment, close: &CloseSeen) {
        match slot {
            Some(closing) if closing.first.direction != close.direction => {
                closing.answer.get_or_insert((at, close.code));
            }
            Some(_) => {}
            None => *slot = Some(Closing { at, first: close.clone(), answer: None }),
        }
    }

    /// How long the answer took.
    pub fn took(&self) -> Option<Span> {
        self.answer.map(|(at, _)| at.since(self.at))
    }

    fn row(&self) -> Vec<String> {
        let mut text = code_words(self.first.code);
        if !self.first.reason.is_empty() {
            text.push_str(&format!(" {}", safe::quoted(self.first.reason.as_bytes(), SHOWN_MAX)));
        }
        if self.first.direction == Direction::In {
            text.push_str(" from the server side");
        }
        match self.answer {
            Some((_, Some(code))) => text.push_str(&format!(", answered by {code}")),
            Some((_, None)) => text.push_str(", answered without a code"),
            None => text.push_str(", unanswered"),
        }
        row("close", self.took(), &text)
    }
}

impl Dial {
    fn rows(&self) -> Vec<String> {
        let mut rows = Vec::new();
        if let Some(resolved) = self.resolved.as_ref().filter(|resolved| resolved.by != ResolvedBy::Literal) {
            let by = if resolved.by == ResolvedBy::Flag { " (--resolve)" } else { "" };
            rows.extend(row("resolve", Some(resolved.took), &format!("{}{by}", addresses(&resolved.addresses))));
        }
        if let Some(tcp) = &self.tcp {
            let peer = safe::line(&tcp.peer, SHOWN_MAX);
            rows.extend(row("connect", Some(tcp.took), &format!("{peer}{}", tried_before(&tcp.attempts))));
        }
        if let Some(tls) = &self.tls {
            rows.extend(row("tls", Some(tls.took), &tls_text(tls)));
        }
        if let Some(answer) = &self.answer {
            rows.extend(self.answer_rows(answer));
        }
        if let Some(failed) = self.failed.as_ref().filter(|_| !self.shows_refusal()) {
            rows.extend(row(failed.phase.label(), Some(failed.took), &dial_fault(&failed.fault)));
        }
        rows
    }

    /// Does the answer's own head tell the failure?
    fn shows_refusal(&self) -> bool {
        let told = self.failed.as_ref().map(|failed| &failed.fault);
        self.answer.is_some() && matches!(told, Some(DialFault::Refused { .. } | DialFault::InvalidUpgrade { .. }))
    }

    fn answer_rows(&self, answer: &UpgradeAnswered) -> Vec<String> {
        if self.failed.is_none() && answer.head.status() == Some(101) {
            return row("upgrade", Some(answer.took), &upgrade_text(answer));
        }
        let mut lines = heads::refusal(answer).into_iter();
        let first = lines.next().unwrap_or_default();
        let mut rows = vec![format!("{}{first}", label("upgrade", Some(answer.took)))];
        rows.extend(lines.map(|line| format!("{}{line}", " ".repeat(INDENT))));
        rows
    }
}

/// `101 Switching Protocols; subprotocol chat.v2; server nginx/1.27.3`.
fn upgrade_text(answer: &UpgradeAnswered) -> String {
    let head = &answer.head;
    let mut text = format!("101 {}", safe::line(head.reason(), SHOWN_MAX)).trim_end().to_owned();
    for (word, field) in [("subprotocol", "Sec-WebSocket-Protocol"), ("server", "Server")] {
        if let Some(value) = head.first(field) {
            text.push_str(&format!("; {word} {}", safe::line(value, SHOWN_MAX)));
        }
    }
    text
}

/// `TLS 1.3; chat.example.com by Let's Encrypt R11, 61 days left`.
fn tls_text(tls: &TlsReady) -> String {
    let mut text = tls.version.clone();
    if let Some(certificate) = &tls.certificate {
        text.push_str(&format!("; {}", certificate_text(certificate)));
    }
    if let Some(fault) = &tls.overlooked {
        text.push_str(&format!("; not trusted, overlooked as asked: {}", safe::line(&fault.words, SHOWN_MAX)));
    }
    text
}

fn certificate_text(certificate: &Certificate) -> String {
    let named = if certificate.subject.is_empty() { certificate.names.first() } else { Some(&certificate.subject) };
    let subject = named.map_or("(no name)".to_owned(), |name| safe::line(name, SHOWN_MAX));
    let issuer = if certificate.self_signed {
        ", self-signed".to_owned()
    } else {
        format!(" by {}", safe::line(&certificate.issuer, SHOWN_MAX))
    };
    let days = certificate.days_left;
    // Whole days: the one under way at the end is not over yet.
    let left = if days < 0 {
        format!("ended {} ago", count(days.unsigned_abs() - 1, "day"))
    } else {
        format!("{} left", count(days.unsigned_abs(), "day"))
    };
    format!("{subject}{issuer}, {left}")
}

impl Times {
    fn is_empty(&self) -> bool {
        self.series.count() == 0 && self.lost == 0
    }

    /// The median of so many. Percentiles only where there are enough samples for them to mean something.
    fn row(&self, what: &str) -> Vec<String> {
        let answered = self.series.count();
        let (Some((least, most)), Some(median)) = (self.series.range(), self.series.median()) else {
            return row("heartbeat", None, &format!("{}, none answered", count(self.lost, what)));
        };
        let mut text = if answered == 1 {
            format!("1 {what}")
        } else {
            format!("median of {} ({})", count(answered, what), range(least, most))
        };
        for (percent, enough) in [(95, 20), (99, 100)] {
            if let Some(time) = self.series.percentile(percent).filter(|_| answered >= enough) {
                text.push_str(&format!(", p{percent} {}", span(time)));
            }
        }
        match self.lost {
            0 => text.push_str(", none lost"),
            lost => text.push_str(&format!(", {lost} lost")),
        }
        row("heartbeat", Some(median), &text)
    }
}

/// `11.8 to 13.0 ms`: the unit once, if it is the same.
fn range(least: Span, most: Span) -> String {
    let (least, most) = (span(least), span(most));
    let same = [" ms", " s"].into_iter().find(|unit| most.ends_with(*unit) && least.ends_with(*unit));
    match same.and_then(|unit| least.strip_suffix(unit)).filter(|number| !number.contains(' ')) {
        Some(number) if most.matches(' ').count() == 1 => format!("{number} to {most}"),
        _ => format!("{least} to {most}"),
    }
}

fn row(name: &str, took: Option<Span>, text: &str) -> Vec<String> {
    indented(text, &label(name, took), &" ".repeat(INDENT))
}

fn label(name: &str, took: Option<Span>) -> String {
    format!("  {name:<10}{:>9}  ", took.map(span).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(tenths: impl Iterator<Item = u64>) -> Times {
        let mut times = Times::default();
        tenths.for_each(|tenth| times.series.add(Span::from_nanos(tenth * 100_000)));
        times
    }

    #[test]
    fn five_samples_have_a_median_and_no_percentiles() {
        assert_eq!(
            times([130, 118, 121, 120, 125].into_iter()).row("ping"),
            ["  heartbeat   12.1 ms  median of 5 pings (11.8 to 13.0 ms), none lost"]
        );
    }

    #[test]
    fn percentiles_appear_from_twenty_and_from_a_hundred() {
        let mut twenty = times(1..=20);
        twenty.lost = 2;
        assert_eq!(
            twenty.row("ping"),
            ["  heartbeat    1.1 ms  median of 20 pings (0.1 to 2.0 ms), p95 1.9 ms, 2 lost"]
        );
        assert_eq!(
            times(1..=100).row("ping"),
            ["  heartbeat    5.1 ms  median of 100 pings (0.1 to 10.0 ms), p95 9.5 ms, p99 9.9 ms, none lost"]
        );
    }

    #[test]
    fn nothing_answered_is_told_without_a_time() {
        let none = Times { lost: 5, ..Times::default() };
        assert_eq!(none.row("ping"), ["  heartbeat            5 pings, none answered"]);
        assert_eq!(times([7].into_iter()).row("ping"), ["  heartbeat    0.7 ms  1 ping, none lost"]);
    }

    #[test]
    fn a_range_over_two_units_names_both() {
        assert_eq!(range(Span::from_millis(12), Span::from_millis(1500)), "12.0 ms to 1.5 s");
        assert_eq!(range(Span::from_secs(5), Span::from_secs(312)), "5.0 s to 5 m 12 s");
    }
}
