//! What a row of delays says: growth, factor, cap, jitter (field guide E.1, E.3). Owns the arithmetic on numbers of one
//! client; which delay belongs to which drop is `reconnects`'.

use crate::moment::Span;

/// One delay between a drop and the client's next request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delay {
    pub span: Span,
    /// Delays of the same row have no connection of 10 s or more between them.
    pub row: u32,
    /// The end before it was that of an open connection, not a refusal.
    pub opened: bool,
}

/// The judgement; what is not clear is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shape {
    pub in_row: u64,
    pub opened_between: bool,
    pub grows: Option<bool>,
    pub factor: Option<f64>,
    pub cap: Option<Span>,
    pub jitter: Option<bool>,
}

/// Fewer delays in a row say nothing on growth.
const ROW_MIN: usize = 3;
/// Fewer delays say nothing on jitter.
const JITTER_MIN: usize = 4;
/// Two delays that differ by less are the same: a timer, a name look-up and a handshake lie in it.
const SAME_SHARE: f64 = 0.05;
const SAME_SECONDS: f64 = 0.03;
/// Less growth from one delay to the next is none.
const FACTOR_MIN: f64 = 1.05;

/// Judges all delays of a client, in the order in which they were measured.
pub fn judge(delays: &[Delay]) -> Shape {
    let rows = rows(delays);
    let Some(longest) = rows.iter().max_by_key(|row| row.len()) else { return Shape::default() };
    let seconds: Vec<f64> = longest.iter().map(|delay| delay.span.seconds()).collect();
    let curve = curve(&seconds);
    let firsts: Vec<f64> = rows.iter().filter_map(|row| row.first()).map(|delay| delay.span.seconds()).collect();
    Shape {
        in_row: longest.len() as u64,
        opened_between: longest.iter().skip(1).any(|delay| delay.opened),
        grows: curve.grows,
        factor: curve.factor.map(|factor| (factor * 100.0).round() / 100.0),
        cap: curve.cap.map(Span::from_seconds),
        jitter: if delays.len() < JITTER_MIN { None } else { jitter(&firsts, curve.regular) },
    }
}

/// The delays, row by row. Rows of several connections may be interleaved.
fn rows(delays: &[Delay]) -> Vec<Vec<Delay>> {
    let mut rows: Vec<Vec<Delay>> = Vec::new();
    for delay in delays {
        match rows.iter_mut().find(|row| row.first().is_some_and(|first| first.row == delay.row)) {
            Some(row) => row.push(*delay),
            None => rows.push(vec![*delay]),
        }
    }
    rows
}

/// The first delays of several rows would be the same without jitter; otherwise the row itself decides.
fn jitter(firsts: &[f64], regular: Option<bool>) -> Option<bool> {
    if firsts.len() > 1 {
        let (least, most) = range(firsts);
        if !same(least, most) {
            return Some(true);
        }
        if regular.is_none() {
            return Some(false);
        }
    }
    regular.map(|regular| !regular)
}

#[derive(Default)]
struct Curve {
    grows: Option<bool>,
    factor: Option<f64>,
    cap: Option<f64>,
    /// True when a rule without chance explains every delay.
    regular: Option<bool>,
}

fn curve(delays: &[f64]) -> Curve {
    let &[.., last] = delays else { return Curve::default() };
    if delays.len() < ROW_MIN {
        return Curve::default();
    }
    let (least, most) = range(delays);
    if same(least, most) {
        return Curve { grows: Some(false), factor: Some(1.0), cap: None, regular: Some(true) };
    }
    let flat = delays.iter().rev().take_while(|delay| same(**delay, last)).count();
    let capped = flat > 1 && same(most, last);
    let rising = if capped { &delays[..delays.len() - flat] } else { delays };
    let cap = capped.then_some(last);
    if let Some(factor) = rule(rising, capped) {
        return Curve { grows: Some(true), factor, cap, regular: Some(true) };
    }
    irregular(delays, cap)
}

/// The same factor, or the same step, from each delay to the next; the factor is none for steps, and for a row too
/// short to have one. None when no such rule holds.
fn rule(rising: &[f64], capped: bool) -> Option<Option<f64>> {
    let (first, last) = (*rising.first()?, *rising.last()?);
    let steps = (rising.len() - 1) as f64;
    if rising.len() == 1 {
        return capped.then_some(None);
    }
    if rising.len() == 2 && !capped {
        return None;
    }
    let factor = (last / first.max(0.001)).powf(1.0 / steps);
    let step = (last - first) / steps;
    let holds = |next: &dyn Fn(f64) -> f64| rising.windows(2).all(|pair| same(next(pair[0]), pair[1]));
    if factor >= FACTOR_MIN && holds(&|delay: f64| delay * factor) {
        return Some(Some(factor));
    }
    (step > 0.0 && holds(&|delay: f64| delay + step)).then_some(None)
}

/// Chance is in it, or a table of steps. `delays` has three or more.
fn irregular(delays: &[f64], cap: Option<f64>) -> Curve {
    let (first, last) = (delays[0], delays[delays.len() - 1]);
    let falls = delays.windows(2).any(|pair| pair[1] < pair[0] && !same(pair[0], pair[1]));
    let regular = falls.then_some(false);
    if !falls && delays.len() > ROW_MIN && last >= 2.0 * first {
        return Curve { grows: Some(true), factor: None, cap, regular };
    }
    if delays.len() < 5 {
        return Curve { regular, ..Curve::default() };
    }
    // Full jitter draws from 0 to a bound that grows: the bound shows in the largest of several draws only.
    let (early, late) = delays.split_at((delays.len() / 2).min(3));
    let (early, late) = (range(early).1, range(late).1);
    let grows =
        if late >= 3.0 * early { Some(true) } else { (delays.len() >= 8 && late < 1.5 * early).then_some(false) };
    Curve { grows, factor: None, cap: None, regular }
}

fn range(delays: &[f64]) -> (f64, f64) {
    delays.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), delay| (least.min(*delay), most.max(*delay)))
}

fn same(one: f64, other: f64) -> bool {
    (one - other).abs() <= (one.max(other) * SAME_SHARE).max(SAME_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(row: u32, seconds: &[f64]) -> Vec<Delay> {
        seconds.iter().map(|delay| Delay { span: Span::from_seconds(*delay), row, opened: false }).collect()
    }

    fn told(seconds: &[f64]) -> (Option<bool>, Option<f64>, Option<f64>, Option<bool>) {
        let shape = judge(&row(0, seconds));
        (shape.grows, shape.factor, shape.cap.map(Span::seconds), shape.jitter)
    }

    #[test]
    fn too_few_delays_say_nothing() {
        assert_eq!(told(&[]), (None, None, None, None));
        assert_eq!(told(&[0.5, 1.0]), (None, None, None, None));
        assert_eq!(told(&[1.0, 2.0, 4.0]), (Some(true), Some(2.0), None, None));
    }

    #[test]
    fn a_fixed_delay_does_not_grow() {
        assert_eq!(told(&[1.0, 1.004, 1.01, 1.002]), (Some(false), Some(1.0), None, Some(false)));
    }

    #[test]
    fn a_factor_and_a_cap_are_found() {
        assert_eq!(told(&[1.0, 1.5, 2.25, 3.375]), (Some(true), Some(1.5), None, Some(false)));
        assert_eq!(told(&[1.0, 2.0, 4.0, 8.0, 10.0, 10.0]), (Some(true), Some(2.0), Some(10.0), Some(false)));
    }

    #[test]
    fn steps_and_tables_grow_without_a_factor() {
        assert_eq!(told(&[5.0, 10.0, 15.0, 20.0]), (Some(true), None, None, Some(false)));
        assert_eq!(told(&[1.0, 2.0, 5.0, 10.0, 10.0]), (Some(true), None, Some(10.0), None));
    }

    #[test]
    fn full_jitter_shows_by_its_falls_and_its_largest_draws() {
        assert_eq!(told(&[0.7, 0.4, 2.9, 1.1, 9.0, 3.0]), (Some(true), None, None, Some(true)));
        assert_eq!(told(&[0.7, 0.4, 0.9, 0.1]), (None, None, None, Some(true)));
        assert_eq!(told(&[0.7, 0.4, 0.9, 0.1, 0.8, 0.2, 0.9, 0.6]), (Some(false), None, None, Some(true)));
    }

    #[test]
    fn the_first_delays_of_several_rows_show_jitter_too() {
        let delays = |firsts: &[f64]| -> Vec<Delay> {
            firsts.iter().enumerate().flat_map(|(index, first)| row(index as u32, &[*first])).collect()
        };
        assert_eq!(judge(&delays(&[0.5, 0.9, 0.1, 0.7])).jitter, Some(true));
        let same = judge(&delays(&[1.0, 1.0, 1.01, 1.0]));
        assert_eq!((same.jitter, same.grows, same.in_row), (Some(false), None, 1));
    }
}
