//! Whether to come back, and when: growth, cap, jitter, attempts, `Retry-After`, and what is never retried (field guide
//! E.1; RFC 6455 section 7.2.3). Owns the decision; chance comes in as a number from 0 to 1, and the one attempt after one
//! drop is `session`'s.

use crate::event::{DialFault, Ended, How};
use crate::moment::{Moment, Span};
use crate::watch::profiles::{Curve, Jitter};

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub curve: Curve,
    /// `--reconnect=N`: at most so many attempts in a row, beside the curve's own limit.
    pub attempts: Option<u32>,
}

/// What is to be judged.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    Ended(&'a Ended),
    Failed { fault: &'a DialFault, retry_after: Option<Span> },
}

/// Come back or not.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    Retry { attempt: u32, delay: Span, why: String },
    GiveUp { attempts: u32, why: String },
}

/// The count of attempts since the last good connection.
#[derive(Debug)]
pub struct Reconnect {
    plan: Plan,
    attempts: u32,
    name_misses: u32,
    server_errors: u32,
    /// The one draw of [`Jitter::First`].
    first_dice: Option<f64>,
}

/// No delay of full jitter is shorter.
const FLOOR: Span = Span::from_millis(100);
/// A server's wish to wait longer than this is cut.
const RETRY_AFTER_MAX: Span = Span::from_secs(3600);
/// A name that does not exist is tried so often.
const NAME_TRIES: u32 = 3;
/// HTTP 500 is tried so often.
const SERVER_ERROR_TRIES: u32 = 5;

impl Reconnect {
    /// A fresh count.
    pub fn new(plan: Plan) -> Reconnect {
        Reconnect { plan, attempts: 0, name_misses: 0, server_errors: 0, first_dice: None }
    }

    /// Judges an end or a failed attempt. `dice` is a number from 0 up to 1, a new one each time.
    pub fn decide(&mut self, outcome: Outcome<'_>, dice: f64) -> Decision {
        if let Outcome::Ended(ended) = outcome
            && ended.age >= self.plan.curve.min_uptime
        {
            (self.attempts, self.name_misses, self.server_errors) = (0, 0, 0);
        }
        if let Some(why) = self.refusal(outcome) {
            return Decision::GiveUp { attempts: self.attempts, why };
        }
        let limit = [self.plan.attempts, self.plan.curve.attempts].into_iter().flatten().min();
        if limit.is_some_and(|limit| self.attempts >= limit) {
            let why = "that is the limit of attempts in a row".to_string();
            return Decision::GiveUp { attempts: self.attempts, why };
        }
        let (delay, why) = self.delay(outcome, dice);
        self.attempts += 1;
        Decision::Retry { attempt: self.attempts, delay, why }
    }

    fn delay(&mut self, outcome: Outcome<'_>, dice: f64) -> (Span, String) {
        let first_dice = *self.first_dice.get_or_insert(dice);
        let mut delay = self.spread(self.base(first_dice), dice);
        let curve = &self.plan.curve;
        let mut why = words(curve);
        if let Outcome::Ended(ended) = outcome
            && let How::Close { code: Some(1013), .. } | How::CloseThenCut { code: Some(1013), .. } = ended.how
        {
            delay = delay.plus(curve.cap.times(0.5)).min(curve.cap);
            why.push_str("; 1013 asks for a longer wait");
        }
        if let Outcome::Failed { retry_after: Some(wish), .. } = outcome {
            let wish = wish.min(RETRY_AFTER_MAX);
            let wish = wish.plus(wish.times(dice * 0.1));
            if wish > delay {
                return (wish, "the server's Retry-After, and up to a tenth more".into());
            }
        }
        (delay, why)
    }

    fn base(&self, first_dice: f64) -> Span {
        let curve = &self.plan.curve;
        if let Some(last) = curve.steps.last() {
            return *curve.steps.get(self.attempts as usize).unwrap_or(last);
        }
        // 2^1000 is infinite and becomes the cap.
        let first = match curve.jitter {
            Jitter::First(most) => curve.first.plus(most.times(first_dice)),
            _ => curve.first,
        };
        first.times(curve.growth.powi(self.attempts.min(1000) as i32)).min(curve.cap)
    }

    fn spread(&self, base: Span, dice: f64) -> Span {
        match self.plan.curve.jitter {
            Jitter::None | Jitter::First(_) => base,
            Jitter::Full => base.times(dice).max(FLOOR.min(base)),
            Jitter::Plus(least, most) => {
                base.plus(least).plus(Span::from_nanos(most.nanos() - least.nanos()).times(dice))
            }
            // The cap is the last word.
            Jitter::Around(share) => base.times(1.0 - share + 2.0 * share * dice).min(self.plan.curve.cap),
        }
    }

    fn refusal(&mut self, outcome: Outcome<'_>) -> Option<String> {
        match outcome {
            Outcome::Ended(ended) => self.refusal_of_end(ended),
            Outcome::Failed { fault, .. } => self.refusal_of_fault(fault),
        }
    }

    fn refusal_of_end(&self, ended: &Ended) -> Option<String> {
        let curve = &self.plan.curve;
        let never = |code: u16| curve.never.iter().any(|range| range.contains(&code));
        match &ended.how {
            How::Close { code: Some(code), .. } | How::CloseThenCut { code: Some(code), .. } if never(*code) => {
                // A Close 1000 that nobody asked for, after a minute of silence, is an idle limit of some servers.
                let idle = *code == 1000 && ended.quiet_out >= Span::from_secs(30) && !curve.stubborn;
                let why = match code {
                    1000 => "Close 1000 says that the end was meant".to_string(),
                    code => format!("after Close {code} the same would happen again"),
                };
                (!idle).then(|| format!("{why} ({})", curve.name))
            }
            How::Garbage { words, .. } if !curve.stubborn => Some(format!("the peer breaks the protocol: {words}")),
            How::Local { why } => Some(why.clone()),
            _ => None,
        }
    }

    fn refusal_of_fault(&mut self, fault: &DialFault) -> Option<String> {
        if !matches!(fault, DialFault::NameNotFound { .. }) {
            self.name_misses = 0;
        }
        if !matches!(fault, DialFault::Refused { status: 500, .. }) {
            self.server_errors = 0;
        }
        match fault {
            DialFault::NameNotFound { name } => {
                self.name_misses += 1;
                (self.name_misses >= NAME_TRIES).then(|| format!("{name} does not exist, asked {NAME_TRIES} times"))
            }
            DialFault::Refused { status: 500, .. } => {
                self.server_errors += 1;
                (self.server_errors >= SERVER_ERROR_TRIES).then(|| "HTTP 500, five times in a row".into())
            }
            _ if self.plan.curve.stubborn => None,
            DialFault::Refused { status, .. } if !is_transient(*status) => {
                Some(format!("HTTP {status} would come again"))
            }
            DialFault::InvalidUpgrade { .. } => Some("the answer to the upgrade is invalid and would be again".into()),
            DialFault::Certificate { why, .. } => Some(format!("the certificate is not trusted: {}", why.words)),
            DialFault::NoAddress { name } => Some(format!("{name} has no address of the family asked for")),
            DialFault::Redirects { words } => Some(words.clone()),
            DialFault::HeadTooLarge { .. } | DialFault::NotHttp { .. } => {
                Some("the peer does not speak HTTP as it must".into())
            }
            _ => None,
        }
    }
}

/// Statuses that another try may mend (field guide E.1).
pub fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=524 | 530)
}

/// Before the first open, with `--ready`: what is worth waiting for, and how long until the next try.
pub fn ready_delay(fault: &DialFault, attempt: u32) -> Option<Span> {
    let worth = match fault {
        DialFault::Unreachable { .. } | DialFault::TimedOut { .. } => true,
        DialFault::Refused { status, .. } => matches!(status, 502..=504),
        DialFault::NameLookupFailed { .. } | DialFault::CutBeforeAnswer { .. } | DialFault::TlsCut { .. } => true,
        _ => false,
    };
    let delay = Span::from_millis(250).times(1.5f64.powi(attempt.min(100) as i32)).min(Span::from_secs(5));
    worth.then_some(delay)
}

/// When a decision is due.
pub fn due(now: Moment, delay: Span) -> Moment {
    now.after(delay)
}

fn words(curve: &Curve) -> String {
    match curve.name.as_str() {
        "full-jitter" => "full jitter".into(),
        name => format!("as {name}"),
    }
}

#[cfg(test)]
mod tests;
