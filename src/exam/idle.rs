//! `probe --idle`: how long silence lives, by sockets side by side that send nothing, pings, texts, or only receive. Owns
//! when enough was seen and what the sockets say together; who sets such a limit is `diagnose`'s, the sockets are `cmd`'s.
//!
//! The sockets are opened one after another, so that a limit of age (same age, other moments) and a restart (same moment,
//! other ages) do not look the same.

use crate::event::show::{count, span};
use crate::event::{IdleEnd, IdleFound, IdleKind, IdleSocket};
use crate::moment::{Moment, Span};

/// The pause between two pings or two texts.
pub const EVERY: Span = Span::from_millis(500);
/// The pause between two opens.
pub const STAGGER: Span = Span::from_millis(700);
/// Beyond the limit the others are watched for so long at least.
const BEYOND: Span = Span::from_secs(2);
/// Silence was tried when the longest one is at least this part of the wait.
const TRIED: f64 = 0.75;

/// What a socket does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing at all.
    Idle,
    /// A ping each [`EVERY`].
    Ping,
    /// A text each [`EVERY`].
    Text,
    /// Sends what `-x` says, then only receives.
    Receive,
}

impl Role {
    /// In the order in which they are opened.
    pub const ALL: [Role; 4] = [Role::Idle, Role::Ping, Role::Text, Role::Receive];

    /// As printed.
    pub fn name(self) -> &'static str {
        match self {
            Role::Idle => "idle",
            Role::Ping => "ping",
            Role::Text => "text",
            Role::Receive => "receive",
        }
    }

    /// What it sends, in words.
    pub fn sends(self) -> String {
        match self {
            Role::Idle => "nothing".into(),
            Role::Ping => format!("a ping every {}", span(EVERY)),
            Role::Text => format!("a text every {}", span(EVERY)),
            Role::Receive => "-x once, then nothing".into(),
        }
    }
}

/// One socket, from its open on.
#[derive(Clone, Debug)]
pub struct Course {
    pub role: Role,
    /// None: there was no such socket, and why.
    pub opened: Result<Moment, String>,
    /// When and how the other side ended it.
    pub ended: Option<(Moment, IdleEnd)>,
    pub messages_in: u64,
    /// It looked open to the end of the wait, and the ping that was sent then had no answer.
    pub forgotten: bool,
    /// Pongs that came.
    pub pongs: u64,
    /// Pings that came.
    pub pings_in: u64,
    /// Pongs that came and answer no ping of ours: heartbeats of one side alone (RFC 6455 section 5.5.3).
    pub pongs_unasked: u64,
    /// The last message or ping of the server's.
    last_in: Option<Moment>,
    /// The longest time from one of those to the next, or from the open to the first.
    longest_gap: Span,
}

impl Course {
    /// Not open yet.
    pub fn new(role: Role) -> Course {
        Course {
            role,
            opened: Err("it was not opened".into()),
            ended: None,
            messages_in: 0,
            forgotten: false,
            pongs: 0,
            pings_in: 0,
            pongs_unasked: 0,
            last_in: None,
            longest_gap: Span::ZERO,
        }
    }

    /// A message, a ping or a pong by itself of the server's came.
    pub fn heard(&mut self, at: Moment) {
        let Ok(opened) = &self.opened else { return };
        let gap = at.since(self.last_in.unwrap_or(*opened));
        self.longest_gap = self.longest_gap.max(gap);
        self.last_in = Some(at);
    }

    /// How long it lived, up to `now`.
    pub fn lived(&self, now: Moment) -> Span {
        let Ok(opened) = &self.opened else { return Span::ZERO };
        self.end(now).since(*opened)
    }

    /// Its end, or `now`.
    fn end(&self, now: Moment) -> Moment {
        self.ended.as_ref().map_or(now, |(at, _)| *at)
    }

    /// For how long the server had sent nothing by itself at the end.
    fn quiet(&self, now: Moment) -> Span {
        let Ok(opened) = &self.opened else { return Span::ZERO };
        self.end(now).since(self.last_in.unwrap_or(*opened))
    }

    /// The longest time in which the server sent nothing by itself.
    fn longest_quiet(&self, now: Moment) -> Span {
        self.longest_gap.max(self.quiet(now))
    }

    /// Did the server send by itself, so that a silence as long as the last one had been survived before?
    fn is_spoken_to(&self, now: Moment) -> bool {
        let quiet = self.quiet(now);
        self.last_in.is_some() && quiet <= self.longest_gap.plus(tolerance(quiet))
    }

    /// As the readers see it.
    pub fn socket(&self, now: Moment) -> IdleSocket {
        IdleSocket {
            name: self.role.name().into(),
            sends: self.role.sends(),
            lived: self.lived(now),
            end: self.ended.as_ref().map(|(_, end)| end.clone()),
            messages_in: self.messages_in,
            pings_in: self.pings_in,
            longest_quiet: self.longest_quiet(now),
            missing: self.opened.as_ref().err().cloned(),
        }
    }

    fn age(&self) -> Option<Span> {
        let (at, _) = self.ended.as_ref()?;
        Some(at.since(*self.opened.as_ref().ok()?))
    }

    /// Did it live well past this age?
    fn outlived(&self, age: Span, now: Moment) -> bool {
        // Ages of the same limit can be spread (a maximum age with a jitter): what ended as well proves less.
        let enough = if self.ended.is_some() { age.times(1.5) } else { age };
        self.opened.is_ok() && self.lived(now) > enough.plus(tolerance(age))
    }
}

/// Until when the sockets are watched, as far as is known now: `max` after the first open, or long enough past the idle
/// socket's end to see who outlives it.
pub fn until(courses: &[Course], max: Span) -> Option<Moment> {
    let first = courses.iter().filter_map(|course| course.opened.as_ref().ok()).min()?;
    let last = courses.iter().filter_map(|course| course.opened.as_ref().ok()).max()?;
    let idle = courses.iter().find(|course| course.role == Role::Idle)?;
    Some(match idle.age() {
        None => first.after(max),
        Some(age) => {
            let enough = last.after(age).after(BEYOND.plus(tolerance(age)));
            enough.max(last.after(age.times(2.0)).min(first.after(max)))
        }
    })
}

/// Two ages of the same limit may be so far apart: 0.3 s, or 3 %.
fn tolerance(age: Span) -> Span {
    Span::from_millis(300).max(age.times(0.03))
}

/// What the sockets say together. `heartbeat` advice is five twelfths of the limit.
pub fn judge(courses: &[Course], now: Moment) -> IdleFound {
    let idle = courses.iter().find(|course| course.role == Role::Idle && course.opened.is_ok());
    IdleFound { longest_quiet: idle.map(|idle| idle.longest_quiet(now)), ..weigh(courses, now) }
}

/// What stands in the verdict: short where a finding tells the rest, so that the limit is on its first line.
pub fn fact(found: &IdleFound) -> String {
    let Some(limit) = found.limit.map(span) else { return found.sentence.clone() };
    let every = found.heartbeat.map(span).unwrap_or_default();
    match found.kind {
        IdleKind::Idle => format!("idle limit of {limit}, reset by pings: heartbeat every {every}"),
        IdleKind::IdlePastPings => format!("idle limit of {limit}, reset by messages only: send one every {every}"),
        IdleKind::IdleOfClient => format!("a silent client is cut after {limit}: heartbeat every {every}"),
        IdleKind::Lifetime => format!("lifetime of {limit}, whatever is sent: no heartbeat helps"),
        IdleKind::None | IdleKind::NeverSilent | IdleKind::Forgotten | IdleKind::Together | IdleKind::Unclear => {
            found.sentence.clone()
        }
    }
}

fn weigh(courses: &[Course], now: Moment) -> IdleFound {
    let of = |role: Role| courses.iter().find(|course| course.role == role);
    let Some(idle) = of(Role::Idle) else { return unclear(None, "the idle socket is missing".into()) };
    let Some(limit) = idle.age() else { return survived(idle, now) };
    if idle.forgotten {
        let pinged = of(Role::Ping);
        // Silence is not what ended those with heartbeats.
        if pinged.is_some_and(|course| course.ended.is_some()) {
            let others: Vec<&Course> = courses.iter().filter(|course| course.role != Role::Idle).collect();
            let words = others_words(&others, now);
            let words = format!("silence lived {} or longer, and what had heartbeats ended too: {words}", span(limit));
            return unclear(None, words);
        }
        // A server that answers no ping tells nothing by not answering the last one.
        return match pinged.is_some_and(|course| course.pongs > 0) {
            true => forgotten(limit),
            false => unclear(
                None,
                format!(
                    "silence lived {} or longer; the server answers no pings, so that the last one tells nothing",
                    span(limit)
                ),
            ),
        };
    }
    let others: Vec<&Course> = courses.iter().filter(|course| course.role != Role::Idle).collect();
    if ended_together(idle, &others) {
        return found(IdleKind::Together, Some(limit), None, together_words(courses));
    }
    let outlived = |role: Role| of(role).is_some_and(|course| course.outlived(limit, now));
    let with = |role: Role| of(role).and_then(Course::age).is_some_and(|age| agree(age, limit));
    let after = span(limit);
    let every = span(advice(limit));
    if outlived(Role::Ping) {
        let heard = idle.is_spoken_to(now)
            || of(Role::Receive).is_some_and(|course| course.is_spoken_to(now) && with(Role::Receive));
        if heard {
            let sends = if idle.pings_in > 0 { "nothing but pongs" } else { "nothing" };
            let words = format!(
                "a client that sends {sends} is ended after {after}, whatever the server sends: an idle limit, reset by \
                 pings; heartbeat every {every}"
            );
            return found(IdleKind::IdleOfClient, Some(limit), Some(advice(limit)), words);
        }
        return silence(idle.quiet(now));
    }
    if outlived(Role::Text) {
        let words = format!(
            "silence lives {after}: an idle limit that pings do not reset, messages do; heartbeat by a message every {every}"
        );
        return found(IdleKind::IdlePastPings, Some(limit), Some(advice(limit)), words);
    }
    if with(Role::Ping) && with(Role::Text) {
        let words = format!(
            "a connection lives {after}, whatever is sent on it: a lifetime limit; no heartbeat helps, reconnect before it"
        );
        return found(IdleKind::Lifetime, Some(limit), None, words);
    }
    if with(Role::Ping) {
        let words = format!(
            "silence and pings both end after {after}: a lifetime limit, or an idle limit that pings do not reset (the text \
             socket could not tell: {})",
            why_unusable(of(Role::Text))
        );
        return unclear(Some(limit), words);
    }
    unclear(
        Some(limit),
        format!(
            "the silent connection ended after {after}; what the others did tells nothing: {}",
            others_words(&others, now)
        ),
    )
}

/// Nothing passed for so long, and pings keep the connection.
fn silence(limit: Span) -> IdleFound {
    let every = advice(limit);
    let words =
        format!("silence lives {}: an idle limit, reset by pings; heartbeat every {}", span(limit), span(every));
    found(IdleKind::Idle, Some(limit), Some(every), words)
}

/// It is not known when: nothing was told.
fn forgotten(waited: Span) -> IdleFound {
    let words = format!(
        "the silent connection looked open for {} and was dead by then: a NAT, a firewall or a load balancer on the way \
         forgets silent connections without a word; a shorter --idle-max narrows the time down",
        span(waited)
    );
    found(IdleKind::Forgotten, None, None, words)
}

/// `ping: HTTP 403 Forbidden; text: ended after 1.4 s`.
fn others_words(others: &[&Course], now: Moment) -> String {
    let words = |course: &&Course| match (&course.opened, course.age()) {
        (Err(why), _) => format!("{}: {why}", course.role.name()),
        (Ok(_), Some(age)) => format!("{}: ended after {}", course.role.name(), span(age)),
        (Ok(_), None) => format!("{}: open for {}", course.role.name(), span(course.lived(now))),
    };
    others.iter().map(words).collect::<Vec<_>>().join("; ")
}

fn survived(idle: &Course, now: Moment) -> IdleFound {
    if let Err(why) = &idle.opened {
        return unclear(None, format!("no silent connection was to be had: {why}"));
    }
    let longest = idle.longest_quiet(now);
    if longest < idle.lived(now).times(TRIED) {
        return never_silent(idle, longest, now);
    }
    let words = format!("silence lives longer than {}; --idle-max waits longer", span(longest));
    found(IdleKind::None, None, None, words)
}

/// The server sends by itself: only what it never did is not excluded.
fn never_silent(idle: &Course, longest: Span, now: Moment) -> IdleFound {
    let (lived, longest) = (span(idle.lived(now)), span(longest));
    // Each ping has its pong: then this side was not silent either.
    let of_client = match idle.pings_in {
        0 => format!(", one on the client's silence alone longer than {lived}"),
        _ => String::new(),
    };
    let words = format!(
        "cannot tell how long silence lives: the server sends by itself ({} in {lived}), at most {longest} apart; a limit, \
         if any, is longer than that{of_client}",
        received(idle)
    );
    found(IdleKind::NeverSilent, None, None, words)
}

/// `3 messages, 1 ping`.
fn received(idle: &Course) -> String {
    let all = [(idle.messages_in, "message"), (idle.pings_in, "ping"), (idle.pongs_unasked, "pong")];
    let some = all.into_iter().filter(|(number, _)| *number > 0);
    some.map(|(number, thing)| count(number, thing)).collect::<Vec<_>>().join(", ")
}

/// Same moment and clearly other ages.
fn ended_together(idle: &Course, others: &[&Course]) -> bool {
    let Some((at, _)) = &idle.ended else { return false };
    let near = |course: &&&Course| {
        let Some((other, _)) = &course.ended else { return false };
        let apart = at.since(*other).max(other.since(*at));
        let ages = idle.age().zip(course.age()).map(|(one, two)| one.max(two).nanos() - one.min(two).nanos());
        apart <= Span::from_millis(300) && ages.is_some_and(|apart| Span::from_nanos(apart) > Span::from_millis(400))
    };
    others.iter().filter(near).count() >= 2
}

fn together_words(courses: &[Course]) -> String {
    let ages: Vec<String> = courses.iter().filter_map(Course::age).map(span).collect();
    format!(
        "all connections ended in the same second, at ages of {}: a restart or a reload of the server or a proxy, no limit",
        ages.join(", ")
    )
}

fn why_unusable(text: Option<&Course>) -> String {
    match text {
        None => "there was none".into(),
        Some(Course { opened: Err(why), .. }) => why.clone(),
        Some(course) => course.age().map_or("it is open".into(), |age| format!("it ended after {}", span(age))),
    }
}

fn agree(one: Span, two: Span) -> bool {
    one.max(two).nanos() - one.min(two).nanos() <= tolerance(one.max(two)).nanos()
}

/// Five twelfths of the limit, in tenths below a second, then in whole seconds, then in fives.
fn advice(limit: Span) -> Span {
    let part = limit.times(5.0 / 12.0);
    match part.seconds() {
        short if short < 1.0 => Span::from_millis(((short * 10.0) as u64).max(1) * 100),
        seconds if seconds < 10.0 => Span::from_secs(seconds as u64),
        seconds => Span::from_secs(seconds as u64 / 5 * 5),
    }
}

fn unclear(limit: Option<Span>, sentence: String) -> IdleFound {
    found(IdleKind::Unclear, limit, None, sentence)
}

fn found(kind: IdleKind, limit: Option<Span>, heartbeat: Option<Span>, sentence: String) -> IdleFound {
    IdleFound { kind, limit, heartbeat, longest_quiet: None, sentence }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::How;

    /// Opened at and ended at, in milliseconds; 0 for an end: it lives.
    fn course(role: Role, opened: u64, ended: u64) -> Course {
        let end = IdleEnd { how: How::Fin, words: "FIN".into(), quiet_in: Span::ZERO, quiet_out: Span::ZERO };
        let ended = (ended > 0).then(|| (Moment::from_millis(ended), end));
        Course { ended, opened: Ok(Moment::from_millis(opened)), ..Course::new(role) }
    }

    fn three(idle: u64, ping: u64, text: u64) -> IdleFound {
        let courses = [course(Role::Idle, 0, idle), course(Role::Ping, 700, ping), course(Role::Text, 1400, text)];
        judge(&courses, Moment::from_millis(14_000))
    }

    #[test]
    fn who_outlives_the_silent_one_tells_what_counts() {
        for (ends, kind, heartbeat) in [
            ((0, 0, 0), IdleKind::None, None),
            ((5000, 0, 0), IdleKind::Idle, Some(2)),
            ((5010, 0, 1500), IdleKind::Idle, Some(2)),
            ((5000, 5700, 0), IdleKind::IdlePastPings, Some(2)),
            ((5000, 5710, 6390), IdleKind::Lifetime, None),
            ((5000, 5700, 1900), IdleKind::Unclear, None),
            ((5000, 5010, 4990), IdleKind::Together, None),
            ((5000, 3000, 3900), IdleKind::Unclear, None),
            ((5000, 9700, 10_400), IdleKind::Idle, Some(2)),
            // A maximum age with a jitter.
            ((5000, 6700, 7800), IdleKind::Unclear, None),
            ((5000, 6700, 0), IdleKind::IdlePastPings, Some(2)),
        ] {
            let told = three(ends.0, ends.1, ends.2);
            assert_eq!(
                (told.kind, told.heartbeat),
                (kind, heartbeat.map(Span::from_secs)),
                "{ends:?}: {}",
                told.sentence
            );
            assert!(told.sentence.is_ascii());
        }
    }

    #[test]
    fn what_was_forgotten_on_the_way_has_no_known_limit() {
        let idle = Course { forgotten: true, ..course(Role::Idle, 0, 8000) };
        let pinged = Course { pongs: 7, ..course(Role::Ping, 700, 0) };
        let told = judge(&[idle.clone(), pinged], Moment::from_millis(9000));
        assert_eq!((told.kind, told.limit), (IdleKind::Forgotten, None));
        // Twins: what has heartbeats ends too; pings that nobody answers.
        let ended = Course { pongs: 2, ..course(Role::Ping, 700, 3000) };
        let told = judge(&[idle.clone(), ended], Moment::from_millis(9000));
        assert_eq!(told.kind, IdleKind::Unclear);
        assert!(told.sentence.contains("ping: ended after 2.3 s"), "{}", told.sentence);
        let told = judge(&[idle, course(Role::Ping, 700, 0)], Moment::from_millis(9000));
        assert_eq!(told.kind, IdleKind::Unclear);
    }

    #[test]
    fn a_lifetime_says_that_no_heartbeat_helps_and_an_idle_limit_names_one() {
        assert_eq!(
            three(5000, 0, 0).sentence,
            "silence lives 5.0 s: an idle limit, reset by pings; heartbeat every 2.0 s"
        );
        assert!(three(5000, 5700, 6400).sentence.contains("a lifetime limit; no heartbeat helps"));
    }

    #[test]
    fn what_the_server_sends_does_not_count_where_the_listener_is_ended() {
        let mut listener = Course { messages_in: 40, ..course(Role::Receive, 2100, 7100) };
        (3..=7).for_each(|second| listener.heard(Moment::from_millis(second * 1000)));
        let courses = [course(Role::Idle, 0, 5000), course(Role::Ping, 700, 0), listener.clone()];
        assert_eq!(judge(&courses, Moment::from_millis(14_000)).kind, IdleKind::IdleOfClient);
        // The twin: it lives on what it receives.
        let alive = Course { ended: None, ..listener };
        let courses = [course(Role::Idle, 0, 5000), course(Role::Ping, 700, 0), alive];
        assert_eq!(judge(&courses, Moment::from_millis(14_000)).kind, IdleKind::Idle);
    }

    /// The silent socket with messages of the server's at these milliseconds.
    fn spoken_to(ended: u64, messages: &[u64]) -> Course {
        let mut course = course(Role::Idle, 0, ended);
        for at in messages {
            course.messages_in += 1;
            course.heard(Moment::from_millis(*at));
        }
        course
    }

    #[test]
    fn a_server_that_sends_by_itself_leaves_no_silence_to_be_tried() {
        let now = Moment::from_millis(8000);
        let table: [(&[u64], IdleKind, u64); 5] = [
            (&[2000, 4000, 6000], IdleKind::NeverSilent, 2000),
            (&[3000, 5000], IdleKind::NeverSilent, 3000),
            // The twins: a greeting only, and one that came late.
            (&[40], IdleKind::None, 7960),
            (&[7000], IdleKind::None, 7000),
            (&[], IdleKind::None, 8000),
        ];
        for (messages, kind, longest) in table {
            let told = judge(&[spoken_to(0, messages), course(Role::Ping, 700, 0)], now);
            assert_eq!((told.kind, told.limit), (kind, None), "{messages:?}: {}", told.sentence);
            assert_eq!(told.longest_quiet, Some(Span::from_millis(longest)), "{messages:?}");
            assert_eq!(fact(&told), told.sentence);
        }
        let told = judge(&[spoken_to(0, &[2000, 4000, 6000])], now);
        assert_eq!(
            told.sentence,
            "cannot tell how long silence lives: the server sends by itself (3 messages in 8.0 s), at most 2.0 s apart; a \
             limit, if any, is longer than that, one on the client's silence alone longer than 8.0 s"
        );
        // Pongs by themselves are a heartbeat, and want no answer.
        let ponged = Course { pongs_unasked: 3, messages_in: 0, ..spoken_to(0, &[2000, 4000, 6000]) };
        let told = judge(&[ponged], now);
        assert!(told.sentence.contains("(3 pongs in 8.0 s)"), "{}", told.sentence);
        assert!(told.sentence.ends_with("silence alone longer than 8.0 s"), "{}", told.sentence);
        // To each ping goes a pong: the client is not silent either.
        let pinged = Course { pings_in: 3, messages_in: 0, ..spoken_to(0, &[2000, 4000, 6000]) };
        let told = judge(&[pinged], now);
        assert!(told.sentence.contains("(3 pings in 8.0 s)"), "{}", told.sentence);
        assert!(told.sentence.ends_with("is longer than that"), "{}", told.sentence);
    }

    #[test]
    fn a_silence_is_counted_from_the_last_that_the_server_sent() {
        let table: [(u64, &[u64], IdleKind, u64); 4] = [
            (5000, &[2000, 4000], IdleKind::IdleOfClient, 5000),
            (5000, &[50], IdleKind::Idle, 4950),
            (7000, &[2000], IdleKind::Idle, 5000),
            (5000, &[], IdleKind::Idle, 5000),
        ];
        for (ended, messages, kind, limit) in table {
            let courses = [spoken_to(ended, messages), course(Role::Ping, 700, 0), course(Role::Text, 1400, 0)];
            let told = judge(&courses, Moment::from_millis(14_000));
            assert_eq!((told.kind, told.limit), (kind, Some(Span::from_millis(limit))), "{messages:?}");
        }
    }

    #[test]
    fn the_verdict_names_the_limit_in_few_words() {
        for (ends, words) in [
            ((5000, 0, 0), "idle limit of 5.0 s, reset by pings: heartbeat every 2.0 s"),
            ((5000, 5700, 0), "idle limit of 5.0 s, reset by messages only: send one every 2.0 s"),
            ((5000, 5710, 6390), "lifetime of 5.0 s, whatever is sent: no heartbeat helps"),
        ] {
            assert_eq!(fact(&three(ends.0, ends.1, ends.2)), words);
        }
    }

    #[test]
    fn without_a_text_socket_a_lifetime_is_not_said_to_be_sure() {
        let missing = Course { opened: Err("refused".into()), ..Course::new(Role::Text) };
        let courses = [course(Role::Idle, 0, 5000), course(Role::Ping, 700, 5700), missing];
        let told = judge(&courses, Moment::from_millis(14_000));
        assert_eq!(told.kind, IdleKind::Unclear);
        assert!(
            told.sentence.contains("a lifetime limit, or an idle limit that pings do not reset"),
            "{}",
            told.sentence
        );
    }

    #[test]
    fn it_is_watched_long_enough_past_the_end_and_not_longer_than_asked() {
        let max = Span::from_secs(60);
        let courses = |end| [course(Role::Idle, 0, end), course(Role::Ping, 700, 0)];
        assert_eq!(until(&courses(0), max), Some(Moment::from_millis(60_000)));
        assert_eq!(until(&courses(5000), max), Some(Moment::from_millis(10_700)));
        // Near the end of the wait the others still have the time to outlive it.
        assert_eq!(until(&courses(59_000), max), Some(Moment::from_millis(59_700 + 2000 + 1770)));
        assert_eq!(until(&[], max), None);
    }
}
