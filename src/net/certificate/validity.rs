//! The validity of a certificate as it stands in the DER, whatever the year (RFC 5280 section 4.1.2.5: a UTCTime of 50
//! to 99 is of the years 1950 to 1999). Owns what the library for the rest cannot read: times before 1970.

use std::ops::Range;

/// Tags of DER (X.690 section 8).
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// Begin and end in seconds since 1970, UTC; none where they cannot be found.
pub fn unix_times(der: &[u8]) -> Option<(i64, i64)> {
    let [begin, end] = times(der)?;
    Some((unix(der, &begin)?, unix(der, &end)?))
}

/// The same certificate with each time before 1970 put to 1970, to be read and not to be verified; none when there is
/// no such time.
pub fn since_1970(der: &[u8]) -> Option<Vec<u8>> {
    let mut changed = None;
    for time in times(der)? {
        if unix(der, &time)? >= 0 {
            continue;
        }
        let date: &[u8] = if time.tag == UTC_TIME { b"700101" } else { b"19700101" };
        let copy = changed.get_or_insert_with(|| der.to_vec());
        copy.get_mut(time.content.start..time.content.start + date.len())?.copy_from_slice(date);
    }
    changed
}

/// One element: its tag, and where its content stands.
struct Element {
    tag: u8,
    content: Range<usize>,
}

/// The two times of `Certificate.tbsCertificate.validity`.
fn times(der: &[u8]) -> Option<[Element; 2]> {
    let certificate = element(der, 0, SEQUENCE)?;
    let body = element(der, certificate.content.start, SEQUENCE)?;
    let mut at = body.content.start;
    if let Some(version) = element(der, at, VERSION) {
        at = version.content.end;
    }
    // Serial number, signature algorithm, issuer.
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        at = element(der, at, tag)?.content.end;
    }
    let validity = element(der, at, SEQUENCE)?;
    let begin = time(der, validity.content.start)?;
    let end = time(der, begin.content.end)?;
    Some([begin, end])
}

fn time(der: &[u8], at: usize) -> Option<Element> {
    element(der, at, UTC_TIME).or_else(|| element(der, at, GENERALIZED_TIME))
}

/// The element at `at`, if it has this tag and is whole.
fn element(der: &[u8], at: usize, tag: u8) -> Option<Element> {
    if *der.get(at)? != tag {
        return None;
    }
    let first = *der.get(at + 1)?;
    let (start, length) = match first {
        0..=0x7f => (at + 2, usize::from(first)),
        0x81..=0x84 => {
            let bytes = usize::from(first & 0x0f);
            let digits = der.get(at + 2..at + 2 + bytes)?;
            (at + 2 + bytes, digits.iter().fold(0_usize, |length, digit| (length << 8) | usize::from(*digit)))
        }
        _ => return None,
    };
    let end = start.checked_add(length).filter(|end| *end <= der.len())?;
    Some(Element { tag, content: start..end })
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`, as RFC 5280 alone allows them.
fn unix(der: &[u8], time: &Element) -> Option<i64> {
    let text = std::str::from_utf8(&der[time.content.clone()]).ok()?.strip_suffix('Z')?;
    let year_digits = if time.tag == UTC_TIME { 2 } else { 4 };
    if text.len() != year_digits + 10 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = text.split_at(year_digits);
    let year = match (year_digits, year.parse::<i64>().ok()?) {
        (2, year @ 50..) => 1900 + year,
        (2, year) => 2000 + year,
        (_, year) => year,
    };
    let part = |index: usize| rest[index * 2..index * 2 + 2].parse::<i64>().ok();
    let (month, day, hours, minutes, seconds) = (part(0)?, part(1)?, part(2)?, part(3)?, part(4)?);
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
    is_date.then(|| days(year, month, day) * 86_400 + hours * 3600 + minutes * 60 + seconds)
}

/// Days since 1970 by the civil calendar, the year beginning in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn element_of(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    /// As much of a certificate as stands before the validity, then the two times.
    fn certificate(times: &[u8]) -> Vec<u8> {
        let head = [
            element_of(VERSION, &[2, 1, 2]),
            element_of(INTEGER, &[9]),
            element_of(SEQUENCE, &[]),
            element_of(SEQUENCE, &[]),
        ];
        let body = [head.concat(), element_of(SEQUENCE, times)].concat();
        element_of(SEQUENCE, &element_of(SEQUENCE, &body))
    }

    #[test]
    fn a_year_of_two_digits_is_of_the_century_that_the_rfc_says() {
        for (begin, end, unix) in [
            (&b"600101000000Z"[..], &b"491231235959Z"[..], (-315_619_200, 2_524_607_999)),
            (b"700101000000Z", b"700101000001Z", (0, 1)),
            (b"500101000000Z", b"260301000000Z", (-631_152_000, 1_772_323_200)),
        ] {
            let der = certificate(&[element_of(UTC_TIME, begin), element_of(UTC_TIME, end)].concat());
            assert_eq!(unix_times(&der), Some(unix));
        }
        let begin = element_of(GENERALIZED_TIME, b"19000101000000Z");
        let der = certificate(&[begin, element_of(UTC_TIME, b"700101000000Z")].concat());
        assert_eq!(unix_times(&der), Some((-2_208_988_800, 0)));
    }

    #[test]
    fn only_times_before_1970_are_changed() {
        let (begin, end) = (element_of(UTC_TIME, b"680229120000Z"), element_of(UTC_TIME, b"300101000000Z"));
        let der = certificate(&[begin, end].concat());
        let changed = since_1970(&der).unwrap();
        assert_eq!(unix_times(&changed), Some((43_200, 1_893_456_000)));
        assert_eq!((changed.len(), since_1970(&changed)), (der.len(), None));
    }

    #[test]
    fn what_is_no_certificate_has_no_times() {
        let whole = certificate(&[element_of(UTC_TIME, b"600101000000Z"), element_of(UTC_TIME, b"x")].concat());
        assert_eq!(unix_times(&whole), None);
        for length in 0..whole.len() {
            assert_eq!(unix_times(&whole[..length]), None);
        }
        assert_eq!(unix_times(&[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
