//! How figures and a peer's own text look in a sentence. Owns the forms of durations, sizes, counts and quoted text
//! that findings and reports share; it prints nothing and judges nothing.

use crate::moment::Span;

/// The most characters of a peer's text that are shown.
const QUOTED_MAX: usize = 200;

/// A duration: `1.8 ms` below a second, `60.0 s` below two minutes, `5 m 12 s` above (`3 m` when no seconds are left).
pub fn span(span: Span) -> String {
    let tenths_of_ms = span.nanos().saturating_add(50_000) / 100_000;
    if tenths_of_ms < 10_000 {
        return format!("{}.{} ms", tenths_of_ms / 10, tenths_of_ms % 10);
    }
    let tenths_of_s = span.nanos().saturating_add(50_000_000) / 100_000_000;
    if tenths_of_s < 1200 {
        return format!("{}.{} s", tenths_of_s / 10, tenths_of_s % 10);
    }
    whole(span.nanos().saturating_add(500_000_000) / 1_000_000_000)
}

/// Whole seconds, for limits: `60 s` below two minutes, `5 m`, `5 m 50 s`, `1 h`, `2 h 5 m`.
pub fn whole(seconds: u64) -> String {
    if seconds < 120 {
        return format!("{seconds} s");
    }
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let told: Vec<String> =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number} {unit}")).collect();
    told.join(" ")
}

/// A size: `28 B`, `4.1 KiB`, `64 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let (mut value, mut unit) = (bytes as f64 / 1024.0, 0);
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let text = format!("{value:.1}");
    format!("{} {}", text.strip_suffix(".0").unwrap_or(&text), UNITS[unit])
}

/// The day of a time in seconds since 1970, UTC: `2026-03-01`.
pub fn day(unix_seconds: i64) -> String {
    let days = unix_seconds.div_euclid(86_400);
    if !(-719_468..=2_932_896).contains(&days) {
        return format!("{unix_seconds} s from 1970 on");
    }
    // The civil calendar with years that begin in March, in eras of 400 of them.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A number of things: `1 message`, `2 messages`, `2 retries`.
pub fn count(number: u64, thing: &str) -> String {
    if number == 1 {
        return format!("1 {thing}");
    }
    match thing.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{number} {stem}ies"),
        _ if thing.ends_with(['s', 'x']) => format!("{number} {thing}es"),
        _ => format!("{number} {thing}s"),
    }
}

/// A peer's text in quotes: control and invisible characters escaped, cut at 200 characters, then its full length.
pub fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    let mut characters = text.chars();
    for character in characters.by_ref().take(QUOTED_MAX) {
        escape(character, &mut shown);
    }
    shown.push('"');
    if characters.next().is_some() {
        shown.push_str(&format!("... ({} in all)", size(text.len() as u64)));
    }
    shown
}

/// Our own words with a peer's inside: invisible characters escaped, no quotes around, cut at 300 characters.
pub fn safe(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars().take(300) {
        match character {
            '"' | '\\' => shown.push(character),
            _ => escape(character, &mut shown),
        }
    }
    if text.chars().nth(300).is_some() {
        shown.push_str("...");
    }
    shown
}

/// A peer's bytes: quoted when they are readable text, in hex otherwise; 64 of them at most.
pub fn bytes(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(64)];
    match std::str::from_utf8(head) {
        Ok(text) if text.chars().all(|character| !character.is_control() || character.is_ascii_whitespace()) => {
            quoted(text)
        }
        _ => head.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
    }
}

fn escape(character: char, shown: &mut String) {
    match character {
        '"' | '\\' => shown.extend(['\\', character]),
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        _ if character == ' ' || character.is_ascii_graphic() || character.is_alphanumeric() => shown.push(character),
        _ => shown.push_str(&format!("\\u{{{:x}}}", u32::from(character))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_one_form_for_each_range() {
        for (nanos, shown) in [
            (0, "0.0 ms"),
            (1_800_000, "1.8 ms"),
            (999_960_000, "1.0 s"),
            (60_000_000_000, "60.0 s"),
            (119_949_999_999, "119.9 s"),
            (119_990_000_000, "2 m"),
            (180_000_000_000, "3 m"),
            (312_480_000_000, "5 m 12 s"),
        ] {
            assert_eq!(span(Span::from_nanos(nanos)), shown);
        }
        assert!(!span(Span::from_nanos(u64::MAX)).is_empty());
        assert_eq!((whole(60).as_str(), whole(350).as_str(), whole(300).as_str()), ("60 s", "5 m 50 s", "5 m"));
        assert_eq!((whole(3600).as_str(), whole(7500).as_str(), whole(3605).as_str()), ("1 h", "2 h 5 m", "1 h 5 s"));
    }

    #[test]
    fn a_size_has_at_most_one_decimal() {
        assert_eq!(size(28), "28 B");
        assert_eq!(size(4200), "4.1 KiB");
        assert_eq!(size(64 << 20), "64 MiB");
        assert_eq!(size((1 << 20) - 1), "1 MiB");
        assert!(size(u64::MAX).ends_with(" PiB"));
    }

    #[test]
    fn a_day_is_of_the_civil_calendar() {
        for (seconds, shown) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400, "2000-02-29"),
            (1_772_323_200, "2026-03-01"),
            (4_107_542_399, "2100-02-28"),
            (253_402_300_799, "9999-12-31"),
        ] {
            assert_eq!(day(seconds), shown);
        }
        assert_eq!(day(i64::MAX), format!("{} s from 1970 on", i64::MAX));
        assert_eq!(day(i64::MIN), format!("{} s from 1970 on", i64::MIN));
    }

    #[test]
    fn one_thing_is_singular() {
        assert_eq!(count(1, "message"), "1 message");
        assert_eq!(count(2, "message"), "2 messages");
        assert_eq!(count(0, "retry"), "0 retries");
        assert_eq!(count(3, "address"), "3 addresses");
    }

    #[test]
    fn a_peers_text_cannot_draw_on_the_screen() {
        assert_eq!(quoted("a\x1b[2J\u{202e}\"b\"\n"), "\"a\\u{1b}[2J\\u{202e}\\\"b\\\"\\n\"");
        let long = quoted(&"x".repeat(2048));
        assert_eq!(safe("\"Corp CA\"\x07"), "\"Corp CA\"\\u{7}");
        assert!(long.starts_with("\"xxx") && long.ends_with("\"... (2 KiB in all)"));
    }

    #[test]
    fn bytes_that_are_no_text_are_hex() {
        assert_eq!(bytes(b"SSH-2.0-x\r\n"), "\"SSH-2.0-x\\r\\n\"");
        assert_eq!(bytes(&[0x15, 0x03, 0x01]), "15 03 01");
        assert_eq!(bytes(&[0xff]), "ff");
    }
}
