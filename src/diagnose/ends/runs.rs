//! Runs that decide between the causes of an end, ready to paste. Owns how long they must be; the URL, and the options
//! without which the connection does not open, are the user's.

use crate::moment::Span;

/// Sockets beside each other, for a little longer than this end took to come.
pub(in crate::diagnose) fn idle(age: Span) -> String {
    format!("wscope probe --idle --idle-max {} URL", rounded(age.seconds() * 1.25 + 2.0))
}

/// Long enough for three such ends, by a client that comes back after a Close 1000 too.
pub(super) fn again(age: Span) -> String {
    let hold = rounded(age.seconds() * 3.0 + 5.0);
    format!("wscope probe --hold {hold} --reconnect --reconnect-profile joewalnes URL")
}

/// The next round time, as an option takes it: `15s`, `90s`, `13m`.
fn rounded(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    let step = match seconds {
        0..=60 => 5,
        61..=600 => 30,
        _ => 60,
    };
    let round = seconds.div_ceil(step) * step;
    if round > 600 { format!("{}m", round / 60) } else { format!("{round}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_a_little_longer_than_what_it_waits_for() {
        for (age, idle_max, hold) in [
            (0.5, "5s", "10s"),
            (2.0, "5s", "15s"),
            (3.0, "10s", "15s"),
            (60.1, "90s", "210s"),
            (479.0, "11m", "25m"),
            (3600.0, "76m", "181m"),
        ] {
            let age = Span::from_seconds(age);
            assert_eq!(idle(age), format!("wscope probe --idle --idle-max {idle_max} URL"));
            assert!(again(age).starts_with(&format!("wscope probe --hold {hold} --reconnect ")), "{}", again(age));
        }
    }
}
