//! What happens on a connection of `probe --deep`: pings of several sizes, growing messages, fragments, closing
//! handshakes, and breaches on purpose. Owns the bisection of a size limit and the judgement of each check (RFC 6455
//! sections 5 and 7); who sends and waits is elsewhere.

use crate::event::show::{count, safe, size, span};
use crate::exam::deep::{BISECTIONS_MAX, Verdict};
use crate::moment::Span;
use crate::watch::liveness::Cut;
use crate::wire::close::CloseBody;
use crate::wire::sequence::Breach;

/// The payloads of the measured pings, in bytes: none, the most that is legal, and the usual one.
pub const PING_SIZES: [usize; 7] = [0, 125, 8, 8, 8, 8, 8];
/// The messages of the ramp, in bytes: around the first length form, and large.
pub const RAMP: [u64; 5] = [1, 125, 126, 64 * 1024, 1024 * 1024];
/// A limit is known well enough within so many bytes, or 1 %.
const PRECISION: u64 = 1024;
/// The Close code of a message that is too big (section 7.4.1).
const TOO_BIG: u16 = 1009;

/// How the other side ended a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Close(CloseBody),
    Cut(Cut),
    /// It took no more bytes, and the connection stood.
    Stuck,
}

impl End {
    /// `Close 1009`, `FIN without a Close frame`.
    pub fn words(&self) -> String {
        match self {
            End::Close(CloseBody { code: None, .. }) => "Close without a code".into(),
            End::Close(CloseBody { code: Some(code), reason }) if reason.is_empty() => format!("Close {code}"),
            End::Close(CloseBody { code: Some(code), reason }) => safe(&format!("Close {code} \"{reason}\"")),
            End::Cut(Cut::Eof) => "FIN without a Close frame".into(),
            End::Cut(Cut::Reset | Cut::BrokenPipe) => "a reset without a Close frame".into(),
            End::Cut(Cut::TlsTruncated) => "an end of TCP without the end of TLS".into(),
            End::Cut(_) => "an error of the connection".into(),
            End::Stuck => "nothing more is taken".into(),
        }
    }

    /// The code of its Close frame.
    pub fn code(&self) -> Option<u16> {
        match self {
            End::Close(body) => body.code,
            End::Cut(_) | End::Stuck => None,
        }
    }
}

/// One ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pinged {
    pub len: usize,
    /// Until a pong came; none: none came in time.
    pub rtt: Option<Span>,
    /// The pong has the ping's payload.
    pub is_same: bool,
    /// A Close came in place of it, with this code.
    pub closed: Option<u16>,
}

/// Pings of all sizes.
pub fn pings(pinged: &[Pinged]) -> Verdict {
    let median = median(pinged);
    let time = median.map(|median| format!(", median {}", span(median))).unwrap_or_default();
    let answered = pinged.iter().filter(|ping| ping.rtt.is_some()).count();
    let evidence = format!("{answered} of {} answered{time}", count(pinged.len() as u64, "ping"));
    if answered == 0 {
        return Verdict::warn(format!("{evidence}: the server or a proxy keeps them"));
    }
    let bad: Vec<String> = pinged
        .iter()
        .filter(|ping| ping.rtt.is_none() || !ping.is_same)
        .map(|ping| match ping.rtt {
            None => format!("{} B unanswered", ping.len),
            Some(_) => format!("{} B with another payload", ping.len),
        })
        .collect();
    if bad.is_empty() {
        return Verdict::pass(format!("{evidence}, payloads equal (0, 8 and 125 B)"));
    }
    if let Some(big) = pinged.iter().find(|ping| ping.closed == Some(TOO_BIG)) {
        return Verdict::note(format!("{evidence}; {} B are too big for the server's limit of a message", big.len));
    }
    // Where no pong at all is right, the size is not what matters: the measured pings have told it.
    if !pinged.iter().any(|ping| ping.is_same) {
        return Verdict::warn(format!("{evidence}, all with another payload"));
    }
    let fact = format!("of pings with 0, 8 and 125 B: {}", bad.join(", "));
    Verdict::warn(format!("{evidence}; {}", bad.join(", "))).told_as("ping-size-matters", fact)
}

/// The median of the answered ones.
pub fn median(pinged: &[Pinged]) -> Option<Span> {
    let mut times: Vec<Span> = pinged.iter().filter_map(|ping| ping.rtt).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

/// A message of the application's own beside the pings: the library answers pings, the handler answers this.
pub fn own_heartbeat(answer: Result<Span, Option<End>>, ping: Option<Span>) -> Verdict {
    let beside = ping.map(|ping| format!(", pings {}", span(ping))).unwrap_or_default();
    match answer {
        Ok(took) => Verdict::pass(format!("answered in {}{beside}", span(took))),
        Err(Some(end)) => Verdict::note(format!("the message is answered by {}", end.words())),
        Err(None) => Verdict::note(format!("no answer in time{beside}: the handler may not answer this message")),
    }
}

/// Growing messages, and the search for the limit between the last that passed and the first that did not.
#[derive(Clone, Debug, Default)]
pub struct Ramp {
    good: Option<u64>,
    bad: Option<(u64, End)>,
    searched: u32,
    /// An echo came, or the pong of a ping behind a message.
    answered: bool,
    failed: Option<String>,
}

impl Ramp {
    /// The size of the next message; none when the limit is known, or there is none.
    pub fn next_len(&self) -> Option<u64> {
        if self.failed.is_some() {
            return None;
        }
        let Some((bad, _)) = &self.bad else {
            return RAMP.into_iter().find(|len| self.good.is_none_or(|good| *len > good));
        };
        let good = self.good?;
        let apart = bad.saturating_sub(good);
        let is_known = apart <= PRECISION.max(bad / 100) || self.searched >= BISECTIONS_MAX;
        (!is_known).then(|| good + apart / 2)
    }

    /// A message of this size passed. `answered`: something came that the server says only behind it.
    pub fn passed(&mut self, len: u64, answered: bool) {
        self.answered |= answered;
        self.searched += u32::from(self.bad.is_some());
        self.good = Some(len);
    }

    /// The connection ended at a message of this size.
    pub fn ended(&mut self, len: u64, end: End) {
        self.searched += u32::from(self.bad.is_some());
        self.bad = Some((len, end));
    }

    /// No further connection could be had.
    pub fn failed(&mut self, why: String) {
        self.failed = Some(why);
    }

    /// Does even the smallest message end the connection? Then it is not about sizes.
    pub fn is_hopeless(&self) -> bool {
        self.good.is_none() && self.bad.is_some()
    }

    /// The largest message that passed, where a larger one did not.
    pub fn largest(&self) -> Option<u64> {
        self.good.filter(|_| self.bad.is_some())
    }

    /// What the sizes say.
    pub fn judge(&self) -> Verdict {
        let more = self.failed.as_ref().map(|why| format!("; then {why}")).unwrap_or_default();
        match (self.good, &self.bad) {
            (None, None) => Verdict::skipped(format!("no message was sent{more}")),
            (Some(good), None) if !self.answered => {
                Verdict::note(format!("1 B to {} do not end it; nothing shows that they were read{more}", size(good)))
            }
            (Some(good), None) => {
                let evidence = format!("1 B to {} pass{more}", size(good));
                if self.failed.is_some() { Verdict::note(evidence) } else { Verdict::pass(evidence) }
            }
            (None, Some((_, end))) => Verdict::note(format!(
                "a text of 1 B ends it by {}: the server takes its own messages only",
                end.words()
            )),
            (Some(good), Some((bad, end))) => limit(good, *bad, end, &more),
        }
    }
}

fn limit(good: u64, bad: u64, end: &End, more: &str) -> Verdict {
    let (good, bad, by) = (size(good), size(bad), end.words());
    let evidence = format!("{good} pass, {bad} end it by {by}{more}");
    match end {
        End::Close(_) if end.code() == Some(TOO_BIG) => {
            let fact = format!("messages over a limit between {good} and {bad} end the connection by Close {TOO_BIG}");
            Verdict::note(evidence).told_as("message-size-limit", fact)
        }
        // The server says something else than too big: it may be about what the text says.
        End::Close(_) => Verdict::note(format!("{evidence}; it may be about the content")),
        End::Cut(_) | End::Stuck => {
            let fact = format!("messages over a limit between {good} and {bad} end the connection without a word");
            Verdict::warn(evidence).told_as("large-message-cut", fact)
        }
    }
}

/// A text in two frames with a ping between them. `pong`: it was answered; `end`: the connection was ended.
pub fn fragments(pong: bool, end: Option<&End>) -> Verdict {
    let Some(end) = end else {
        return if pong {
            Verdict::pass("the ping is answered, the message is taken")
        } else {
            Verdict::note("the message is taken, the ping in it is not answered")
        };
    };
    let words = format!("ended by {}", end.words());
    let is_closed = matches!(end, End::Close(_));
    if is_closed && !matches!(end.code(), Some(1002 | 1003 | 1007 | 1011)) {
        return Verdict::note(format!("{words}: it may be about the content"));
    }
    let fact = format!("a text in two frames, a ping between them, is {words}");
    Verdict::fail(words).told_as("fragments-refused", fact)
}

/// What the frames of all connections had in their reserved bits, and how many frames there were.
pub fn reserved_bits(breach: Option<Breach>, frames: u64) -> Verdict {
    let many = count(frames, "frame");
    match breach {
        Some(breach @ Breach::ReservedBits(_)) => {
            Verdict::fail(breach.words()).told_as("reserved-bits-set", breach.words())
        }
        Some(other) => Verdict::fail(other.words()),
        None if frames == 0 => Verdict::skipped("no frame came"),
        None => Verdict::pass(format!("none set in {many}")),
    }
}

/// One closing handshake that we began.
#[derive(Clone, Debug)]
pub struct Closed {
    pub sent: CloseBody,
    /// The Close frame that answered it.
    pub answer: Option<CloseBody>,
    /// The end of the stream, if it came in time.
    pub end: Option<Cut>,
}

impl Closed {
    /// `1000`, `no code`, `1000 with 123 B`.
    fn name(&self) -> String {
        let code = self.sent.code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
        if self.sent.reason.is_empty() { code } else { format!("{code} with {} B", self.sent.reason.len()) }
    }

    fn is_echoed(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.code == self.sent.code)
    }
}

/// Our Close frames, each with what came of it.
pub fn closing(closed: &[Closed]) -> Verdict {
    if closed.is_empty() {
        return Verdict::skipped("no connection could be opened");
    }
    let mute = named(closed, |one| one.answer.is_none());
    if !mute.is_empty() {
        let evidence = format!("no Close frame in return to {}", mute.join(", "));
        // Then it is not about the variant: the probe itself has told it.
        if mute.len() == closed.len() {
            return Verdict::warn(format!("{evidence}: no Close is answered"));
        }
        let fact = format!("no Close frame comes in return to a Close with {}", mute.join(", "));
        return Verdict::warn(evidence).told_as("close-variant-unanswered", fact);
    }
    let other = named(closed, |one| !one.is_echoed());
    let lingering = named(closed, |one| one.end.is_none());
    let truncated = named(closed, |one| one.end == Some(Cut::TlsTruncated));
    let mut odd = Vec::new();
    if !other.is_empty() {
        odd.push(format!("another code in return to {}", other.join(", ")));
    }
    if !lingering.is_empty() {
        odd.push(format!("TCP is left open after {}", lingering.join(", ")));
    }
    if !truncated.is_empty() {
        odd.push(format!("TLS is cut after {}", truncated.join(", ")));
    }
    if odd.is_empty() {
        let names: Vec<String> = closed.iter().map(Closed::name).collect();
        return Verdict::pass(format!("{}: echoed, then TCP ends", names.join(", ")));
    }
    Verdict::note(odd.join("; "))
}

fn named(closed: &[Closed], which: impl Fn(&Closed) -> bool) -> Vec<String> {
    closed.iter().filter(|one| which(one)).map(Closed::name).collect()
}

/// One breach of ours.
#[derive(Clone, Debug)]
pub struct Broken {
    /// `an unmasked frame`
    pub what: &'static str,
    /// The Close code that RFC 6455 section 7.4.1 has for it.
    pub expected: u16,
    /// How the server ended the connection; none: it did not.
    pub end: Option<End>,
}

/// The server must fail the connection (section 7.1.7), and should say why by a Close frame.
pub fn strict(broken: &[Broken]) -> Verdict {
    if broken.is_empty() {
        return Verdict::skipped("no connection could be opened");
    }
    let accepted: Vec<&str> = broken.iter().filter(|one| one.end.is_none()).map(|one| one.what).collect();
    if !accepted.is_empty() {
        let fact = format!("not ended: {}", accepted.join(", "));
        return Verdict::fail(fact.clone()).told_as("violation-accepted", fact);
    }
    let odd: Vec<String> = broken
        .iter()
        .filter_map(|one| {
            let end = one.end.as_ref().filter(|end| end.code() != Some(one.expected))?;
            Some(format!("{}: {}, expected Close {}", one.what, end.words(), one.expected))
        })
        .collect();
    if odd.is_empty() {
        return Verdict::pass(format!("{} ended by the right code", count(broken.len() as u64, "violation")));
    }
    Verdict::note(odd.join("; "))
}
