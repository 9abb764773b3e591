//! How one client comes back (RFC 6455 section 7.2.3; field guide E.1, E.2): once for each drop or more often, after
//! which delays, and whether it waits or stays away when asked to. Owns the pairing of a request with the end that it
//! follows; what the delays say together is `delays`'.

use crate::diagnose::client::delays::{Delay, judge};
use crate::event::ConnId;
use crate::event::client_report::{FinalSeen, ReconnectsSeen, Waits};
use crate::moment::{Moment, Span};

/// So many ends wait for their return one by one; more are only counted.
const VACANT_MAX: usize = 64;
/// So many delays are judged: the latest.
const DELAYS_MAX: usize = 64;
/// So many delays are told: the first.
const TOLD_MAX: usize = 16;
/// Two returns for one drop within this time are one double reconnect for sure.
const AT_ONCE: Span = Span::from_millis(1000);
/// A second connection so long after a return may still be a late timer of the same drop.
const LATE: Span = Span::from_secs(60);
/// A client that still opens more and more connections opens them for a reason of its own.
const SETTLED: Span = Span::from_secs(5);
/// A client's own watchdog opens the new connection while the old one still closes.
const OVERLAP: Span = Span::from_secs(2);
/// A client that stays away for so long does not come back.
const PATIENCE: Span = Span::from_secs(30);
const PATIENCE_MAX: Span = Span::from_secs(600);
/// The wait that Close 1012 and 1013 ask for.
const RESTART_WAIT: Span = Span::from_millis(1000);
/// A wait is measured from our side only, so that it may seem shorter than it was.
const SLACK: Span = Span::from_millis(50);
/// A shorter time without a return is not worth a word at the end of a story.
const UNDECIDED_MIN: Span = Span::from_secs(1);

/// A connection, as far as its successor concerns.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub conn: ConnId,
    pub started: Moment,
    /// A hash of its target.
    pub target: u64,
    /// Its row of attempts: without a connection of 10 s or more in between.
    pub row: u32,
}

/// How a connection ended, as far as coming back concerns.
#[derive(Clone, Copy, Debug, Default)]
pub struct End {
    /// We took it away: a fault, a refusal, a breach.
    pub ours: bool,
    /// The client closed it as one does that has what it wanted.
    pub done: bool,
    /// The code of our Close.
    pub code: Option<u16>,
    /// The status of our refusal.
    pub status: Option<u16>,
    pub retry_after: Option<Span>,
    /// It was open.
    pub opened: bool,
    /// It was open for 10 s or more.
    pub stable: bool,
    /// The client may have known of the end for so long.
    pub known_for: Span,
}

/// What a request is.
#[derive(Clone, Copy, Debug)]
pub struct Came {
    pub row: u32,
    /// The connection that it continues, and how long after its drop.
    pub continues: Option<(ConnId, Span)>,
}

/// An end that nothing followed yet.
#[derive(Clone, Copy, Debug)]
struct Vacancy {
    place: Place,
    since: Moment,
    at: Moment,
    end: End,
}

/// The last end that a request followed.
#[derive(Clone, Copy, Debug)]
struct Fill {
    at: Moment,
    done: bool,
    quick: bool,
}

/// The ends and returns so far.
#[derive(Clone, Debug, Default)]
pub struct Reconnects {
    seen: ReconnectsSeen,
    pub doubles: u64,
    delays: Vec<Delay>,
    vacant: Vec<Vacancy>,
    /// Drops beyond those kept, and the last of them.
    more: u64,
    more_at: Moment,
    /// The most connections at once that no drop explains.
    usual: u64,
    /// When that number grew.
    grew_at: Moment,
    fill: Option<Fill>,
    /// A second connection where there was one, and no drop yet.
    early: Option<Moment>,
    rows: u32,
}

impl Reconnects {
    /// A request came, so that `live` connections are open or being opened.
    pub fn came(&mut self, at: Moment, target: u64, live: u64) -> Came {
        self.expire(at);
        if let Some(vacancy) = self.take(target) {
            return self.filled(at, &vacancy);
        }
        if self.more > 0 {
            self.more -= 1;
            self.seen.drops += 1;
            self.seen.came_back += 1;
            self.fill = Some(Fill { at, done: false, quick: false });
        } else if live > self.usual {
            self.extra(at, live);
        }
        Came { row: self.new_row(), continues: None }
    }

    /// A connection ended, or an attempt was refused, so that `live` are left.
    pub fn ended(&mut self, at: Moment, place: Place, end: End, live: u64) {
        self.expire(at);
        // It closed one that was too many.
        if end.done && live >= self.usual {
            return;
        }
        let since = Moment::from_nanos(at.nanos().saturating_sub(end.known_for.nanos()));
        if self.early.is_some_and(|early| replaced(early, at, since, place, end)) {
            self.replaced(end);
            return;
        }
        if self.vacant.len() < VACANT_MAX {
            self.vacant.push(Vacancy { place, since, at, end });
        } else if end.ours {
            self.more += 1;
            self.more_at = at;
        }
    }

    /// When a client whose last connection ended at `last` is given up.
    pub fn patient_until(&self, last: Moment) -> Moment {
        let wish = self.vacant.iter().filter_map(|vacancy| vacancy.end.retry_after).max();
        last.after(self.patience()).after(wish.unwrap_or(Span::ZERO))
    }

    /// The part of the card.
    pub fn report(&mut self, now: Moment) -> ReconnectsSeen {
        self.expire(now);
        let shape = judge(&self.delays);
        let last = self.vacant.iter().filter(|vacancy| should_return(&vacancy.end)).map(|vacancy| vacancy.at).max();
        let undecided = last.map(|at| now.since(at)).filter(|age| *age >= UNDECIDED_MIN);
        ReconnectsSeen {
            undecided,
            in_row: shape.in_row,
            opened_between: shape.opened_between,
            grows: shape.grows,
            factor: shape.factor,
            jitter: shape.jitter,
            cap: shape.cap,
            ..self.seen.clone()
        }
    }

    /// The end that a request to `target` follows: drops before ends that the client meant, the same target before
    /// another, the oldest of them.
    fn take(&mut self, target: u64) -> Option<Vacancy> {
        let order = |vacancy: &Vacancy| (vacancy.end.done, vacancy.place.target != target);
        let (index, _) = self.vacant.iter().enumerate().min_by_key(|(_, vacancy)| order(vacancy))?;
        Some(self.vacant.remove(index))
    }

    fn filled(&mut self, at: Moment, vacancy: &Vacancy) -> Came {
        let (place, end) = (vacancy.place, vacancy.end);
        let span = at.since(vacancy.since);
        self.fill = Some(Fill { at, done: end.done, quick: span <= AT_ONCE });
        if end.done {
            return Came { row: self.new_row(), continues: None };
        }
        self.seen.drops += 1;
        self.seen.came_back += 1;
        if let Some(wish) = end.retry_after {
            waited(&mut self.seen.retry_after, span, wish);
        }
        if matches!(end.code, Some(1012 | 1013)) {
            waited(&mut self.seen.restart, span, RESTART_WAIT);
        }
        self.finally(&end, true);
        let row = if end.stable { self.new_row() } else { place.row };
        self.measured(Delay { span, row, opened: end.opened });
        Came { row, continues: Some((place.conn, span)) }
    }

    fn measured(&mut self, delay: Delay) {
        let seen = &mut self.seen;
        seen.measured += 1;
        seen.min = Some(seen.min.map_or(delay.span, |least| least.min(delay.span)));
        seen.max = Some(seen.max.map_or(delay.span, |most| most.max(delay.span)));
        if seen.delays.len() < TOLD_MAX {
            seen.delays.push(delay.span);
        }
        if self.delays.len() == DELAYS_MAX {
            self.delays.remove(0);
        }
        self.delays.push(delay);
    }

    /// A connection that follows no end.
    fn extra(&mut self, at: Moment, live: u64) {
        let Some(since) = self.fill.filter(|fill| self.is_double(at, fill)).map(|fill| at.since(fill.at)) else {
            self.early = (self.usual == 1).then_some(at);
            (self.usual, self.grew_at) = (live, at);
            return;
        };
        self.doubles += 1;
        self.seen.doubles_at_once += u64::from(since <= AT_ONCE);
    }

    /// Beside a return that one drop explains. What a client with several connections does later, or one that closed by
    /// itself, can have other reasons.
    fn is_double(&self, at: Moment, fill: &Fill) -> bool {
        let since = at.since(fill.at);
        let (at_once, alone) = (since <= AT_ONCE, self.usual == 1);
        if fill.done {
            return fill.quick && at_once && alone;
        }
        if alone {
            return since <= LATE;
        }
        at_once && at.since(self.grew_at) > SETTLED
    }

    /// The connection that ends was replaced before we saw its end: a return without a delay to measure.
    fn replaced(&mut self, end: End) {
        let Some(at) = self.early.take() else { return };
        self.usual = self.usual.saturating_sub(1).max(1);
        self.fill = Some(Fill { at, done: end.done, quick: true });
        if !end.done {
            self.seen.drops += 1;
            self.seen.came_back += 1;
            self.finally(&end, true);
        }
    }

    /// Forgets the ends that nothing followed in time.
    fn expire(&mut self, now: Moment) {
        let patience = self.patience();
        let over = |vacancy: &Vacancy| {
            let wish = vacancy.end.retry_after.unwrap_or(Span::ZERO);
            now >= vacancy.at.after(patience).after(wish)
        };
        if self.vacant.iter().any(over) {
            let (gone, waiting): (Vec<Vacancy>, Vec<Vacancy>) = self.vacant.drain(..).partition(over);
            self.vacant = waiting;
            for vacancy in gone {
                self.finally(&vacancy.end, false);
                self.away(u64::from(should_return(&vacancy.end)));
            }
        }
        if self.more > 0 && now >= self.more_at.after(patience) {
            self.away(self.more);
            self.more = 0;
        }
    }

    fn away(&mut self, times: u64) {
        self.seen.drops += times;
        self.seen.not_back += times;
    }

    fn finally(&mut self, end: &End, came_back: bool) {
        let Some(code) = final_code(end) else { return };
        let came_back = u64::from(came_back);
        if let Some(known) = self.seen.finals.iter_mut().find(|known| known.code == code) {
            known.times += 1;
            known.came_back += came_back;
            return;
        }
        self.seen.finals.push(FinalSeen { code, times: 1, came_back });
    }

    /// Delays that grow take their time.
    fn patience(&self) -> Span {
        let grown = self.seen.max.unwrap_or(Span::ZERO).times(2.5);
        grown.clamp(PATIENCE, PATIENCE_MAX)
    }

    fn new_row(&mut self) -> u32 {
        self.rows = self.rows.wrapping_add(1);
        self.rows
    }
}

/// Did the connection that came at `early` take the place of one that ended only now? Either our Close was out before
/// it came, or the client had the old one long enough and then ended it itself.
fn replaced(early: Moment, at: Moment, since: Moment, place: Place, end: End) -> bool {
    if place.started >= early {
        return false;
    }
    if end.ours {
        return !end.known_for.is_zero() && early >= since;
    }
    at.since(early) <= OVERLAP && early.since(place.started) >= OVERLAP
}

fn waited(waits: &mut Waits, span: Span, wish: Span) {
    waits.asked += 1;
    waits.waited += u64::from(span.plus(SLACK) >= wish);
}

/// An end after which a client should stay away.
fn final_code(end: &End) -> Option<u16> {
    if !end.ours {
        return None;
    }
    let code = end.code.filter(|code| matches!(code, 1008 | 3000 | 3003 | 4401 | 4403));
    code.or(end.status.filter(|status| matches!(status, 401 | 403)))
}

/// An end by us that does not say that the client is done, wrong, or not wanted.
fn should_return(end: &End) -> bool {
    let transient = end.status.is_none_or(|status| matches!(status, 408 | 425 | 429 | 500..=599));
    let settled = matches!(end.code, Some(1000 | 1002 | 1003 | 1007 | 1009 | 1010));
    end.ours && transient && !settled && final_code(end).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(conn: u32, row: u32) -> Place {
        Place { conn: ConnId(conn), started: Moment::START, target: 7, row }
    }

    fn drop() -> End {
        End { ours: true, opened: true, ..End::default() }
    }

    fn ms(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    /// One connection is there.
    fn one() -> (Reconnects, u32) {
        let mut reconnects = Reconnects::default();
        let row = reconnects.came(ms(0), 7, 1).row;
        (reconnects, row)
    }

    #[test]
    fn a_return_continues_the_drop() {
        let (mut reconnects, row) = one();
        reconnects.ended(ms(1000), place(1, row), drop(), 0);
        let came = reconnects.came(ms(1500), 7, 1);
        assert_eq!(came.continues, Some((ConnId(1), Span::from_millis(500))));
        let seen = reconnects.report(ms(2000));
        assert_eq!((seen.drops, seen.came_back, seen.not_back, reconnects.doubles), (1, 1, 0, 0));
        assert_eq!(seen.delays, [Span::from_millis(500)]);
    }

    #[test]
    fn a_second_return_within_a_second_is_double_and_so_is_a_late_one_of_a_lone_connection() {
        for (gap, doubles) in [(10, 1), (5000, 1), (70_000, 0)] {
            let (mut reconnects, row) = one();
            reconnects.ended(ms(1000), place(1, row), drop(), 0);
            reconnects.came(ms(1500), 7, 1);
            assert_eq!(reconnects.came(ms(1500 + gap), 7, 2).continues, None);
            assert_eq!(reconnects.doubles, doubles, "{gap}");
        }
    }

    #[test]
    fn several_connections_from_the_start_are_not_double() {
        let mut reconnects = Reconnects::default();
        for live in 1..=3 {
            reconnects.came(ms(live), 7, live);
        }
        for conn in 1..=3 {
            reconnects.ended(ms(5000), place(conn, conn), drop(), 0);
        }
        for live in 1..=3 {
            assert!(reconnects.came(ms(5100 + live), 7, live).continues.is_some());
        }
        assert_eq!(reconnects.doubles, 0);
    }

    #[test]
    fn the_same_target_is_continued_first_and_drops_before_meant_ends() {
        let (mut reconnects, row) = one();
        let done = End { done: true, opened: true, ..End::default() };
        reconnects.ended(ms(1000), place(1, row), done, 0);
        reconnects.ended(ms(1001), Place { target: 8, ..place(2, row) }, drop(), 0);
        reconnects.ended(ms(1002), place(3, row), drop(), 0);
        let continued = |came: Came| came.continues.map(|(conn, _)| conn.0);
        assert_eq!(continued(reconnects.came(ms(1100), 7, 1)), Some(3));
        assert_eq!(continued(reconnects.came(ms(1101), 7, 2)), Some(2));
        assert_eq!(continued(reconnects.came(ms(1102), 7, 3)), None);
        assert_eq!((reconnects.report(ms(1103)).drops, reconnects.doubles), (2, 0));
    }

    #[test]
    fn who_stays_away_is_told_only_where_a_return_was_asked_for() {
        for (code, not_back) in [(Some(1001), 1), (Some(1000), 0), (Some(1008), 0), (Some(4001), 1), (None, 1)] {
            let (mut reconnects, row) = one();
            reconnects.ended(ms(1000), place(1, row), End { code, ..drop() }, 0);
            let early = reconnects.report(ms(6000));
            assert_eq!((early.not_back, early.undecided.is_some()), (0, not_back == 1), "{code:?}");
            assert_eq!(reconnects.report(ms(31_000)).not_back, not_back, "{code:?}");
        }
    }

    #[test]
    fn a_return_after_1008_is_told() {
        for came_back in [1, 0] {
            let (mut reconnects, row) = one();
            reconnects.ended(ms(1000), place(1, row), End { code: Some(1008), ..drop() }, 0);
            if came_back == 1 {
                reconnects.came(ms(1500), 7, 1);
            }
            assert_eq!(reconnects.report(ms(60_000)).finals, [FinalSeen { code: 1008, times: 1, came_back }]);
        }
    }

    #[test]
    fn waits_that_were_asked_for_are_measured() {
        for (gap, waited) in [(5000, 1), (4000, 0)] {
            let (mut reconnects, row) = one();
            let refused =
                End { ours: true, status: Some(503), retry_after: Some(Span::from_secs(5)), ..End::default() };
            reconnects.ended(ms(1), place(1, row), refused, 0);
            reconnects.came(ms(1 + gap), 7, 1);
            assert_eq!(reconnects.report(ms(9000)).retry_after, Waits { asked: 1, waited });
        }
        let (mut reconnects, row) = one();
        reconnects.ended(ms(1000), place(1, row), End { code: Some(1012), ..drop() }, 0);
        reconnects.came(ms(1200), 7, 1);
        assert_eq!(reconnects.report(ms(9000)).restart, Waits { asked: 1, waited: 0 });
    }

    #[test]
    fn patience_grows_with_the_delays_and_with_retry_after() {
        let (mut reconnects, row) = one();
        reconnects.ended(ms(0), place(1, row), drop(), 0);
        assert_eq!(reconnects.patient_until(ms(0)), ms(30_000));
        reconnects.came(ms(20_000), 7, 1);
        assert_eq!(reconnects.patient_until(ms(20_000)), ms(70_000));
        reconnects.ended(ms(20_000), place(2, row), End { retry_after: Some(Span::from_secs(60)), ..drop() }, 0);
        assert_eq!(reconnects.patient_until(ms(20_000)), ms(130_000));
    }

    #[test]
    fn a_connection_that_came_before_the_old_one_was_over_is_its_successor() {
        let (mut reconnects, row) = one();
        reconnects.came(ms(5500), 7, 2);
        let unanswered = End { known_for: Span::from_secs(5), ..drop() };
        reconnects.ended(ms(10_000), place(1, row), unanswered, 0);
        let seen = reconnects.report(ms(10_000));
        assert_eq!((seen.drops, seen.came_back, seen.measured, reconnects.doubles), (1, 1, 0, 0));
        assert_eq!(reconnects.usual, 1);
    }

    #[test]
    fn a_row_ends_with_a_stable_connection() {
        let (mut reconnects, mut row) = one();
        for (round, stable) in (0..).zip([false, false, true, false]) {
            reconnects.ended(ms(1000 * round), place(1, row), End { stable, ..drop() }, 0);
            row = reconnects.came(ms(1000 * round + 500), 7, 1).row;
        }
        assert_eq!(reconnects.report(ms(4000)).in_row, 2);
    }

    #[test]
    fn what_is_kept_of_many_drops_is_bounded() {
        let mut reconnects = Reconnects::default();
        for live in 1..=10_000 {
            reconnects.came(ms(1), 7, live);
        }
        for conn in 1..=10_000 {
            reconnects.ended(ms(2), place(conn, conn), drop(), 0);
        }
        assert_eq!((reconnects.vacant.len(), reconnects.more), (VACANT_MAX, 10_000 - VACANT_MAX as u64));
        for live in 1..=10_000 {
            reconnects.came(ms(500), 7, live);
        }
        let seen = reconnects.report(ms(600));
        assert_eq!((seen.came_back, reconnects.doubles, seen.delays.len()), (10_000, 0, TOLD_MAX));
        assert!(reconnects.vacant.is_empty() && reconnects.delays.len() <= DELAYS_MAX);
    }
}
