//! How known clients reconnect, as data: first delay, growth, cap, jitter, attempts, and what is never retried. Owns the
//! figures (read in those clients' sources; their defects are left out); `reconnect` carries them out.

use std::ops::RangeInclusive;

use crate::moment::Span;

/// One client's curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    pub name: String,
    /// Before the first attempt, ahead of the growth.
    pub first: Span,
    /// Each delay is the one before times this.
    pub growth: f64,
    pub cap: Span,
    pub jitter: Jitter,
    /// Fixed delays instead of growth; the last one repeats.
    pub steps: Vec<Span>,
    /// So many attempts in a row; none: without limit.
    pub attempts: Option<u32>,
    /// A connection that lived this long starts the count anew.
    pub min_uptime: Span,
    /// Close codes after which no attempt is made.
    pub never: Vec<RangeInclusive<u16>>,
    /// True when a refusal that will be the same again (401, 404, a bad certificate) is retried all the same.
    pub stubborn: bool,
}

/// How chance spreads a delay `d`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Jitter {
    None,
    /// Anything from 100 ms to `d`.
    Full,
    /// `d` and a random span between these.
    Plus(Span, Span),
    /// A random part of this span is added to the first delay, drawn once a run; the growth comes after.
    First(Span),
    /// `d` plus or minus a random part of that share of it.
    Around(f64),
}

/// The names, for help and for errors.
pub const NAMES: &[&str] = &["full-jitter", "joewalnes", "pladaria", "phoenix", "socketio", "graphql-ws"];

/// The curve of a named client.
pub fn profile(name: &str) -> Option<Curve> {
    let ms = Span::from_millis;
    let base = Curve {
        name: name.into(),
        first: ms(1000),
        growth: 2.0,
        cap: ms(30_000),
        jitter: Jitter::None,
        steps: Vec::new(),
        attempts: None,
        min_uptime: ms(5000),
        never: Vec::new(),
        stubborn: true,
    };
    Some(match name {
        "full-jitter" => Curve {
            jitter: Jitter::Full,
            never: vec![1000..=1000, 1002..=1003, 1007..=1010, 1015..=1015, 3000..=3000, 3003..=3003],
            stubborn: false,
            ..base
        },
        "joewalnes" => Curve { growth: 1.5, min_uptime: Span::ZERO, ..base },
        "pladaria" => Curve { growth: 1.3, cap: ms(10_000), jitter: Jitter::First(ms(4000)), ..base },
        "phoenix" => Curve {
            steps: [10, 50, 100, 150, 200, 250, 500, 1000, 2000, 5000].map(ms).to_vec(),
            min_uptime: Span::ZERO,
            never: vec![1000..=1000],
            ..base
        },
        "socketio" => Curve { cap: ms(5000), jitter: Jitter::Around(0.5), min_uptime: Span::ZERO, ..base },
        "graphql-ws" => Curve {
            jitter: Jitter::Plus(ms(300), ms(3000)),
            cap: Span::from_secs(3600),
            attempts: Some(5),
            min_uptime: Span::ZERO,
            never: graphql_fatal(),
            ..base
        },
        _ => return None,
    })
}

/// Every 1000 to 1999 except 1000, 1001, 1005, 1006, 1012 to 1014, and the subprotocol's own fatal codes.
fn graphql_fatal() -> Vec<RangeInclusive<u16>> {
    vec![
        1002..=1004,
        1007..=1011,
        1015..=1999,
        4004..=4005,
        4400..=4401,
        4406..=4406,
        4409..=4409,
        4429..=4429,
        4500..=4500,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_curve() {
        assert!(NAMES.iter().all(|name| profile(name).is_some()));
        assert_eq!(profile("unknown"), None);
    }

    #[test]
    fn graphql_retries_what_its_source_retries() {
        let never = profile("graphql-ws").map(|curve| curve.never).unwrap_or_default();
        let fatal = |code: u16| never.iter().any(|range| range.contains(&code));
        for code in [1000, 1001, 1005, 1006, 1012, 1013, 1014, 4403, 4408, 4499, 4504] {
            assert!(!fatal(code), "{code}");
        }
        for code in [1002, 1011, 4400, 4401, 4409, 4500] {
            assert!(fatal(code), "{code}");
        }
    }
}
