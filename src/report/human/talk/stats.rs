//! `/stats` as text: a label, then figures with words, for somebody who is tired. Owns the order and the columns of that
//! table; the figures come from `event::stats`, and where the lines stand is `reply`'s.

use crate::event::series::Series;
use crate::event::show::{count, size, span};
use crate::event::stats::{Kernel, Stats, Tally};
use crate::moment::Span;
use crate::report::human::words::in_seconds;
use crate::report::safe;

/// Where the figures begin.
const LABEL: usize = 13;
/// The most characters of an address or of an extension.
const SHOWN_MAX: usize = 56;
/// So many round trips are drawn, the newest.
const DRAWN: usize = 40;
/// From the lowest to the highest.
const LEVELS: &[u8] = b" .:-=+*#%@";
/// Fewer samples have no such percentile.
const P95_FROM: u64 = 20;
const P99_FROM: u64 = 100;

/// The table.
pub fn lines(stats: &Stats) -> Vec<String> {
    let url = safe::line(&stats.url, SHOWN_MAX);
    let mut lines = vec![row("url", &url), row("up", &up(stats)), row("drops", &drops(stats))];
    lines.extend(direction("in", &stats.incoming));
    lines.extend(direction("out", &stats.outgoing));
    let wire = format!("{} in, {} out, with the heads of the frames", size(stats.wire_in), size(stats.wire_out));
    lines.push(row("wire", &wire));
    if stats.queued > 0 {
        lines.push(row("queued", &format!("{} for the next connection", count(stats.queued, "message"))));
    }
    lines.extend(round_trips(stats));
    lines.push(row("compression", &compression(stats.extension.as_deref())));
    lines.extend(stats.kernel.iter().flat_map(kernel));
    lines
}

fn row(label: &str, text: &str) -> String {
    format!("{label:LABEL$}{text}").trim_end().to_owned()
}

fn up(stats: &Stats) -> String {
    match stats.up {
        Some(up) => format!("{} on connection {}", span(up), stats.connections),
        None => format!("not connected; {} so far", number_or_no(stats.connections, "connection")),
    }
}

fn drops(stats: &Stats) -> String {
    if stats.drops == 0 && stats.reconnects == 0 && stats.down.is_zero() {
        return "none".to_owned();
    }
    let (drops, reconnects) = (number_or_no(stats.drops, "drop"), number_or_no(stats.reconnects, "reconnect"));
    let mut words = format!("{drops}, {reconnects}");
    if !stats.down.is_zero() {
        words.push_str(&format!(", down for {} in all", in_seconds(stats.down)));
    }
    words
}

fn number_or_no(number: u32, thing: &str) -> String {
    if number == 0 { format!("no {thing}") } else { count(u64::from(number), thing) }
}

/// A line for each opcode that was there; the label stands once.
fn direction(label: &str, tally: &Tally) -> Vec<String> {
    let rows = tally.rows();
    let seen = rows.iter().filter(|(_, seen)| seen.number > 0);
    let mut lines: Vec<String> = seen
        .enumerate()
        .map(|(index, (name, seen))| {
            let label = if index == 0 { label } else { "" };
            row(label, &format!("{name:<8}{:>10}{:>12}", seen.number, size(seen.bytes)))
        })
        .collect();
    if lines.is_empty() {
        lines.push(row(label, "nothing yet"));
    }
    lines
}

fn round_trips(stats: &Stats) -> Vec<String> {
    let mut series = Series::default();
    stats.rtt.iter().for_each(|rtt| series.add(*rtt));
    let lost = if stats.lost == 0 { "none lost".to_owned() } else { format!("{} lost", stats.lost) };
    let (Some(median), Some((lowest, highest))) = (series.median(), series.range()) else {
        return vec![row("rtt", &format!("no answer was measured yet, {lost}"))];
    };
    let mut words = format!("{} median", span(median));
    for (percent, from) in [(95, P95_FROM), (99, P99_FROM)] {
        if let Some(time) = series.percentile(percent).filter(|_| series.count() >= from) {
            words.push_str(&format!(", p{percent} {}", span(time)));
        }
    }
    words.push_str(&format!(" of {}", count(series.count(), "answer")));
    let range = format!("lowest {}, highest {}, {lost}", span(lowest), span(highest));
    let mut lines = vec![row("rtt", &words), row("", &range)];
    lines.extend(drawing(&stats.rtt));
    lines
}

/// The newest as a line of levels, with its scale below; nothing where all look the same.
fn drawing(rtt: &[Span]) -> Vec<String> {
    let drawn = &rtt[rtt.len().saturating_sub(DRAWN)..];
    let (Some(lowest), Some(highest)) = (drawn.iter().min(), drawn.iter().max()) else { return Vec::new() };
    let (least, most) = (span(*lowest), span(*highest));
    if least == most {
        return Vec::new();
    }
    let line: String = drawn.iter().map(|time| level(*time, *lowest, *highest)).collect();
    let newest = if drawn.len() < rtt.len() { format!("the last {}", drawn.len()) } else { "all of them".to_owned() };
    let scale = format!("{newest}, the newest at the right: a blank is {least}, @ is {most}");
    vec![row("", &format!("[{line}]")), row("", &scale)]
}

fn level(time: Span, lowest: Span, highest: Span) -> char {
    let (above, range) = (time.nanos() - lowest.nanos(), highest.nanos() - lowest.nanos());
    let place = above as f64 / range as f64 * (LEVELS.len() - 1) as f64;
    char::from(LEVELS[(place.round() as usize).min(LEVELS.len() - 1)])
}

fn compression(extension: Option<&str>) -> String {
    match extension {
        None => "none: no extension was negotiated".to_owned(),
        Some(extension) => format!("negotiated: {}", safe::line(extension, SHOWN_MAX)),
    }
}

fn kernel(kernel: &Kernel) -> Vec<String> {
    let mut times = format!("tcp rtt {}, varies by {}", span(kernel.rtt), span(kernel.rtt_var));
    if let Some(lowest) = kernel.min_rtt {
        times.push_str(&format!(", lowest {}", span(lowest)));
    }
    times.push_str(&format!("; {} sent again", count(kernel.retransmitted, "segment")));
    let mut flight = format!("{} unacknowledged", count(u64::from(kernel.unacked), "segment"));
    if let Some(waiting) = kernel.not_sent_bytes {
        flight.push_str(&format!(", {} not sent", size(waiting)));
    }
    let window = count(u64::from(kernel.congestion_window), "segment");
    flight.push_str(&format!("; window {window} of {} B", kernel.segment_size));
    let mut lines = vec![row("kernel", &times), row("", &flight)];
    if let (Some(acked), Some(received)) = (kernel.bytes_acked, kernel.bytes_received) {
        let words = format!("{} acknowledged by the next hop, {} received", size(acked), size(received));
        lines.push(row("", &words));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::stats::Count;

    fn count_of(number: u64, bytes: u64) -> Count {
        Count { number, bytes }
    }

    fn shown(stats: &Stats) -> String {
        lines(stats).join("\n")
    }

    fn busy() -> Stats {
        Stats {
            url: "wss://chat.example.com/ws".into(),
            up: Some(Span::from_secs(312)),
            connections: 2,
            drops: 1,
            reconnects: 1,
            down: Span::from_millis(673),
            incoming: Tally {
                text: count_of(1234, 1_258_291),
                pong: count_of(21, 168),
                close: count_of(1, 16),
                ..Tally::default()
            },
            outgoing: Tally { text: count_of(18, 412), ping: count_of(21, 168), ..Tally::default() },
            wire_in: 1_265_664,
            wire_out: 846,
            rtt: (0..20).map(|step| Span::from_nanos(11_800_000 + 100_000 * step)).collect(),
            lost: 1,
            queued: 0,
            extension: None,
            kernel: Some(Kernel {
                rtt: Span::from_nanos(12_300_000),
                rtt_var: Span::from_nanos(800_000),
                min_rtt: Some(Span::from_nanos(11_700_000)),
                retransmitted: 2,
                unacked: 1,
                not_sent_bytes: Some(0),
                congestion_window: 10,
                segment_size: 1448,
                bytes_acked: Some(4096),
                bytes_received: Some(1_363_149),
            }),
        }
    }

    #[test]
    fn a_busy_connection_is_a_table() {
        let expected = "\
url          wss://chat.example.com/ws
up           5 m 12 s on connection 2
drops        1 drop, 1 reconnect, down for 0.67 s in all
in           text          1234     1.2 MiB
             pong            21       168 B
             close            1        16 B
out          text            18       412 B
             ping            21       168 B
wire         1.2 MiB in, 846 B out, with the heads of the frames
rtt          12.8 ms median, p95 13.6 ms of 20 answers
             lowest 11.8 ms, highest 13.7 ms, 1 lost
             [  ..::--==++**##%%@@]
             all of them, the newest at the right: a blank is 11.8 ms, @ is 13.7 ms
compression  none: no extension was negotiated
kernel       tcp rtt 12.3 ms, varies by 0.8 ms, lowest 11.7 ms; 2 segments sent again
             1 segment unacknowledged, 0 B not sent; window 10 segments of 1448 B
             4 KiB acknowledged by the next hop, 1.3 MiB received";
        assert_eq!(shown(&busy()), expected);
    }

    #[test]
    fn a_connection_on_which_nothing_happened_has_only_words() {
        let stats = Stats {
            url: "ws://127.0.0.1:9001/".into(),
            up: Some(Span::from_millis(4200)),
            connections: 1,
            ..Stats::default()
        };
        let expected = "\
url          ws://127.0.0.1:9001/
up           4.2 s on connection 1
drops        none
in           nothing yet
out          nothing yet
wire         0 B in, 0 B out, with the heads of the frames
rtt          no answer was measured yet, none lost
compression  none: no extension was negotiated";
        assert_eq!(shown(&stats), expected);
    }

    #[test]
    fn while_down_it_says_so_and_what_waits() {
        let stats = Stats {
            url: "ws://h/".into(),
            connections: 1,
            drops: 1,
            down: Span::from_millis(3200),
            queued: 2,
            ..Stats::default()
        };
        let shown = shown(&stats);
        assert!(shown.contains("\nup           not connected; 1 connection so far\n"), "{shown}");
        assert!(shown.contains("\ndrops        1 drop, no reconnect, down for 3.2 s in all\n"), "{shown}");
        assert!(shown.contains("\nqueued       2 messages for the next connection\n"), "{shown}");
    }

    #[test]
    fn percentiles_appear_with_enough_samples() {
        let times = |number: u64| (1..=number).map(Span::from_millis).collect::<Vec<Span>>();
        for (number, expected) in [
            (1, "rtt          1.0 ms median of 1 answer"),
            (19, "rtt          10.0 ms median of 19 answers"),
            (20, "rtt          10.5 ms median, p95 19.0 ms of 20 answers"),
            (99, "rtt          50.0 ms median, p95 95.0 ms of 99 answers"),
            (100, "rtt          50.5 ms median, p95 95.0 ms, p99 99.0 ms of 100 answers"),
        ] {
            let lines = round_trips(&Stats { rtt: times(number), ..Stats::default() });
            assert_eq!(lines[0], expected);
        }
    }

    #[test]
    fn the_drawing_shows_the_newest_and_their_own_scale() {
        let mut rtt = vec![Span::from_secs(9)];
        rtt.extend((0..DRAWN as u64).map(|step| Span::from_millis(if step == 39 { 19 } else { 10 })));
        let expected = [
            format!("             [{}@]", " ".repeat(DRAWN - 1)),
            "             the last 40, the newest at the right: a blank is 10.0 ms, @ is 19.0 ms".into(),
        ];
        assert_eq!(drawing(&rtt), expected);
        assert!(drawing(&[Span::from_millis(5); 9]).is_empty());
        assert!(drawing(&[]).is_empty());
        let ends = [Span::ZERO, Span::from_nanos(u64::MAX)];
        assert_eq!(drawing(&ends)[0], "             [ @]");
    }

    #[test]
    fn an_old_kernel_tells_less() {
        let old = Kernel { congestion_window: 10, segment_size: 512, ..Kernel::default() };
        let expected = [
            "kernel       tcp rtt 0.0 ms, varies by 0.0 ms; 0 segments sent again",
            "             0 segments unacknowledged; window 10 segments of 512 B",
        ];
        assert_eq!(kernel(&old), expected);
    }

    #[test]
    fn a_peer_cannot_draw_and_no_line_is_too_wide() {
        let stats = Stats {
            url: format!("ws://h/{}", "a".repeat(500)),
            extension: Some("x\x1b[2J\u{202e}".repeat(50)),
            rtt: (0..1000).map(|step| Span::from_nanos(100_000_000_000 + step)).collect(),
            lost: 1_000_000,
            down: Span::from_secs(1_000_000),
            drops: 10_000,
            reconnects: 10_000,
            connections: 10_001,
            ..busy()
        };
        for line in lines(&stats) {
            assert!(line.is_ascii() && line.chars().all(|character| !character.is_control()), "{line}");
        }
        let plain = Stats { extension: None, ..stats };
        assert!(lines(&plain).iter().all(|line| line.len() <= 94), "{}", shown(&plain));
    }
}
