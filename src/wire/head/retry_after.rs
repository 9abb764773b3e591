//! `Retry-After`: how long the server side asks to wait (RFC 9110 section 10.2.3). Owns its reading out of a head; how
//! long is waited is the reader's matter.

use super::Head;
use crate::moment::Span;

/// A wish beyond this says no more than never.
const MOST_SECS: u64 = 1 << 30;

impl Head {
    /// The wish: digits, or a date, which is read against the head's own `Date`, so that no other clock counts. Zero for
    /// a date that is past, 2^30 s at most; none when there is no such field, or more than one, which says nothing.
    pub fn retry_after(&self) -> Option<Span> {
        let mut wishes = self.all("Retry-After");
        let (wish, None) = (wishes.next()?.trim(), wishes.next()) else { return None };
        // A sign is none of the grammar's.
        if !wish.is_empty() && wish.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Span::from_secs(wish.parse::<u64>().unwrap_or(MOST_SECS).min(MOST_SECS)));
        }
        let until = httpdate::parse_http_date(wish).ok()?;
        let now = httpdate::parse_http_date(self.first("Date")?.trim()).ok()?;
        let wait = Span::from(until.duration_since(now).unwrap_or_default());
        Some(wait.min(Span::from_secs(MOST_SECS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_in_seconds_or_a_date_by_the_server_s_own_clock() {
        let noon = "Sun, 06 Nov 1994 12:00:00 GMT";
        let later = "Sun, 06 Nov 1994 12:01:30 GMT";
        for (fields, secs) in [
            ("Retry-After: 7".to_owned(), Some(7)),
            ("Retry-After: 0".to_owned(), Some(0)),
            ("Retry-After: 99999999999999999999999".to_owned(), Some(1 << 30)),
            (format!("Retry-After: {later}\r\nDate: {noon}"), Some(90)),
            (format!("Retry-After: {noon}\r\nDate: {later}"), Some(0)),
            (format!("Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\nDate: {noon}"), Some(1 << 30)),
            // What says nothing.
            (format!("Retry-After: {later}"), None),
            (format!("Retry-After: soon\r\nDate: {noon}"), None),
            ("Retry-After: +7".to_owned(), None),
            ("Retry-After: ".to_owned(), None),
            ("Retry-After: 7\r\nRetry-After: 9".to_owned(), None),
            ("Server: a".to_owned(), None),
        ] {
            let head = Head::verbatim(format!("HTTP/1.1 503 X\r\n{fields}\r\n\r\n").into_bytes());
            assert_eq!(head.retry_after(), secs.map(Span::from_secs), "{fields}");
        }
    }
}
