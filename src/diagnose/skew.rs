//! The server's clock beside ours, by the `Date` of an answer (RFC 9110 section 6.6.1). Owns how far apart is told, and who is
//! likely wrong.

use crate::diagnose::facts::Facts;
use crate::event::finding::Confidence::Possible;
use crate::event::{Finding, show};
use crate::moment::Span;

/// Apart by so many seconds is told: tokens and certificates are judged by such clocks.
const TOLD_FROM: i64 = 60;

/// The two clocks are apart; a note.
pub fn judge(facts: &Facts) -> Option<Finding> {
    // An answer out of a cache has the date of when it was made (RFC 9111 section 5.1).
    if facts.answered("Age").is_some() {
        return None;
    }
    let theirs = date_unix(facts.answered("Date")?)?;
    let ahead = ours(facts)? - theirs;
    if ahead.abs() < TOLD_FROM {
        return None;
    }
    let way = if ahead > 0 { "ahead of" } else { "behind" };
    let apart = words(ahead);
    Some(
        Finding::of("clock-skew", "us", format!("this machine's clock is {apart} {way} the server's"))
            .saw(format!("Date: {}", show::quoted(facts.answered("Date").unwrap_or_default())))
            .because(
                Possible,
                "one of the two clocks is wrong: this machine's, the server's, or a cache gave an old answer without saying so",
            ),
    )
}

/// Our wall clock when the answer came, in seconds since 1970.
pub fn ours(facts: &Facts) -> Option<i64> {
    let since = i64::try_from(facts.answered_at.nanos() / 1_000_000_000).ok()?;
    Some(facts.wall_start_unix_ms? / 1000 + since)
}

/// `3 m 12 s`, `2 days`.
pub fn words(seconds: i64) -> String {
    match seconds.unsigned_abs() {
        long @ 172_800.. => show::count(long / 86_400, "day"),
        hours @ 7200.. => show::count(hours / 3600, "hour"),
        short => show::span(Span::from_secs(short)),
    }
}

/// Seconds since 1970 of a date as HTTP writes it.
pub fn date_unix(date: &str) -> Option<i64> {
    let since = httpdate::HttpDate::from(httpdate::parse_http_date(date).ok()?);
    let text = since.to_string();
    seconds_of(&text)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, as the parser has made it canonical.
fn seconds_of(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = text.split_ascii_whitespace().skip(1);
    let day: i64 = parts.next()?.parse().ok()?;
    let month_word = parts.next()?;
    let month = MONTHS.iter().position(|name| *name == month_word)? as i64 + 1;
    let year: i64 = parts.next()?.parse().ok()?;
    let mut clock = parts.next()?.split(':').map(|part| part.parse::<i64>().ok());
    let (hours, minutes, seconds) = (clock.next()??, clock.next()??, clock.next()??);
    // Days since 1970 by the civil calendar, the year beginning in March.
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468;
    Some(days * 86_400 + hours * 3600 + minutes * 60 + seconds)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::moment::Moment;
    use crate::wire::head::Head;

    fn facts(date: &str, wall_unix: i64) -> Facts {
        Facts {
            answer: Some(Head::verbatim(format!("HTTP/1.1 101 X\r\nDate: {date}\r\n\r\n").into_bytes())),
            wall_start_unix_ms: Some(wall_unix * 1000),
            answered_at: Moment::from_millis(2_000),
            ..Facts::default()
        }
    }

    #[test]
    fn a_date_of_http_is_seconds_since_1970() {
        assert_eq!(date_unix("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(date_unix("Thu, 01 Jan 1970 00:01:40 GMT"), Some(100));
        assert_eq!(date_unix("Thu, 29 Feb 2024 00:00:00 GMT"), Some(1_709_164_800));
        assert_eq!(date_unix("soon"), None);
    }

    #[test]
    fn clocks_that_are_apart_are_a_note_and_close_ones_are_nothing() {
        let near = facts("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777 + 30);
        assert_eq!(judge(&near), None);
        let told = judge(&facts("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_775 + 400)).unwrap();
        assert_eq!((told.code, told.severity.word()), ("clock-skew", "note"));
        assert_eq!(told.fact, "this machine's clock is 6 m 40 s ahead of the server's");
        let behind = judge(&facts("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_775 - 3 * 86_400)).unwrap();
        assert_eq!(behind.fact, "this machine's clock is 3 days behind the server's");
    }
}
