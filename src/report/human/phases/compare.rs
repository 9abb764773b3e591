//! The comparison of `probe --compare` as a table: what each way took, and how long its messages were under way. Owns the
//! columns and the sentences under them; the figures are `exam::compare`'s.

use crate::event::compared::{Compared, Way, WayCompared};
use crate::event::show::{count, size, span};
use crate::moment::Span;

/// The table and what is to be said under it.
pub fn rows(compared: &Compared) -> Vec<String> {
    let with_p99 = compared.ways.iter().all(|way| way.p99.is_some());
    let last = if with_p99 { "p99" } else { "max" };
    let mut rows = vec![row("", ["requests", "connections", "open at end", "bytes in", "bytes out", "median", last])];
    rows.extend(compared.ways.iter().map(|way| way_row(way, with_p99)));
    rows.extend(costs(compared));
    rows.extend(compared.ways.iter().filter_map(|way| losses(way, compared.messages)));
    if let Some(offset) = compared.clock_offset {
        let offset = span(Span::from_nanos(offset.unsigned_abs()));
        rows.push(format!("  clocks differ by about {offset}; delays count from the fastest message"));
    }
    rows
}

fn way_row(way: &WayCompared, with_p99: bool) -> String {
    let time = |time: Option<Span>| time.map_or_else(|| "-".to_owned(), span);
    let cells = [
        way.requests.to_string(),
        way.connections.to_string(),
        way.open_connections.to_string(),
        size(way.bytes_in),
        size(way.bytes_out),
        time(way.median),
        time(if with_p99 { way.p99 } else { way.max }),
    ];
    row(way.name.words(), cells.each_ref().map(String::as_str))
}

fn row(name: &str, cells: [&str; 7]) -> String {
    let [requests, connections, open, bytes_in, bytes_out, median, last] = cells;
    format!("  {name:<13}{requests:>10}{connections:>13}{open:>13}{bytes_in:>12}{bytes_out:>12}{median:>10}{last:>10}")
}

/// `a message costs 110 B on the socket, 620 B by long polling, 350 B by short polling`.
fn costs(compared: &Compared) -> Option<String> {
    let cost = |way: &WayCompared| {
        let by = if way.name == Way::Socket { "on the" } else { "by" };
        way.bytes_per_message.map(|bytes| format!("{} {by} {}", size(bytes), way.name.words()))
    };
    let costs: Vec<String> = compared.ways.iter().filter_map(cost).collect();
    (!costs.is_empty()).then(|| format!("  a message costs {}", costs.join(", ")))
}

/// `short polling lost 12 of 500 messages; 3 came twice`.
fn losses(way: &WayCompared, messages: u64) -> Option<String> {
    let mut parts = Vec::new();
    if way.lost > 0 {
        parts.push(format!("lost {} of {}", way.lost, count(messages, "message")));
    }
    if way.doubled > 0 {
        parts.push(format!("brought {} more than once", count(way.doubled, "message")));
    }
    (!parts.is_empty()).then(|| format!("  {} {}", way.name.words(), parts.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(name: Way, counts: [u64; 3], bytes: [u64; 2], each: u64, micros: [u64; 2]) -> WayCompared {
        WayCompared {
            name,
            url: "http://h/".into(),
            requests: counts[0],
            connections: counts[1],
            open_connections: counts[2],
            bytes_in: bytes[0],
            bytes_out: bytes[1],
            bytes_per_message: Some(each),
            messages: 10,
            lost: 0,
            doubled: 0,
            median: Some(Span::from_nanos(micros[0] * 1000)),
            p99: None,
            max: Some(Span::from_nanos(micros[1] * 1000)),
        }
    }

    fn compared() -> Compared {
        Compared {
            url: "http://h/".into(),
            took: Span::from_secs(10),
            messages: 10,
            ways: vec![
                way(Way::Socket, [1, 1, 1], [1126, 220], 134, [400, 900]),
                way(Way::LongPolling, [11, 1, 1], [4300, 1945], 624, [600, 1200]),
                way(Way::ShortPolling, [6, 2, 0], [2458, 1024], 348, [1_000_000, 1_900_000]),
            ],
            clock_offset: None,
        }
    }

    #[test]
    fn the_ways_stand_beside_each_other() {
        let wanted = [
            "                 requests  connections  open at end    bytes in   bytes out    median       max",
            "  socket                1            1            1     1.1 KiB       220 B    0.4 ms    0.9 ms",
            "  long polling         11            1            1     4.2 KiB     1.9 KiB    0.6 ms    1.2 ms",
            "  short polling         6            2            0     2.4 KiB       1 KiB     1.0 s     1.9 s",
            "  a message costs 134 B on the socket, 624 B by long polling, 348 B by short polling",
        ];
        assert_eq!(rows(&compared()), wanted);
        assert!(wanted.iter().all(|line| line.len() <= 96));
    }

    #[test]
    fn losses_and_clocks_are_told_in_words() {
        let mut compared = compared();
        compared.clock_offset = Some(-3_200_000_000);
        (compared.ways[2].lost, compared.ways[2].doubled) = (2, 1);
        for way in &mut compared.ways {
            way.p99 = Some(Span::from_millis(7));
        }
        let rows = rows(&compared);
        assert!(rows[0].ends_with("median       p99") && rows[1].ends_with("0.4 ms    7.0 ms"), "{rows:?}");
        assert_eq!(rows[5], "  short polling lost 2 of 10 messages and brought 1 message more than once");
        assert_eq!(rows[6], "  clocks differ by about 3.2 s; delays count from the fastest message");
    }

    #[test]
    fn without_messages_there_is_nothing_to_say_of_their_cost() {
        let mut compared = compared();
        for way in &mut compared.ways {
            (way.bytes_per_message, way.median, way.max) = (None, None, None);
        }
        let rows = rows(&compared);
        assert_eq!(rows.len(), 4);
        assert!(rows[1].ends_with("-         -"), "{rows:?}");
    }
}
