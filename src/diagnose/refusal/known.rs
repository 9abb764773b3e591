//! How a table of refusals is read: a row says which status, whose answer and which text, and what that means. Owns the
//! row and its match; the rows stand in the files of their topics, and a body that names its maker is `fingerprints`'.

use crate::diagnose::facts::{Facts, contains};
use crate::diagnose::hops::{self, Hop, Kind};
use crate::diagnose::remedies::{self, Remedy};
use crate::event::finding::Confidence;
use crate::event::{Finding, show};
use crate::moment::Span;

/// What a hop says whose 503 is about what stands behind it.
const NOT_READY: &str = "what stands behind the answering hop is down or not ready";
/// What a 502 and its like say.
const NO_GOOD_ANSWER: &str = "what stands behind the answering hop gave no good answer";

/// Does this finding say that nothing stands behind the hop? A limit of its own (503 of nginx) and an application that
/// hangs (504) are others.
pub(in crate::diagnose) fn nothing_behind(finding: &Finding) -> bool {
    finding.code == "server-unavailable"
        && [NOT_READY, NO_GOOD_ANSWER].iter().any(|words| finding.fact.ends_with(words))
}

/// A refusal with what can be read from its head.
pub(super) struct Answer<'a> {
    pub(super) facts: &'a Facts,
    pub(super) status: u16,
    pub(super) body: &'a str,
    /// `HTTP 502 Bad Gateway`
    pub(super) said: String,
    /// Outermost first.
    pub(super) hops: Vec<Hop>,
    /// Who made the answer itself, when that can be seen.
    pub(super) maker: Option<Hop>,
}

impl<'a> Answer<'a> {
    pub(super) fn new(facts: &'a Facts, status: u16, reason: &str, body: &'a str) -> Answer<'a> {
        let head = facts.answer.as_ref();
        Answer {
            facts,
            status,
            body,
            said: words(status, reason),
            hops: head.map(hops::hops).unwrap_or_default(),
            maker: head.and_then(|head| hops::answered_by(head, body)),
        }
    }

    /// The path that was asked for, to be shown.
    pub(super) fn path(&self) -> String {
        show::safe(self.facts.path())
    }

    /// Did this product leave a trace?
    pub(super) fn passed(&self, name: &str) -> bool {
        self.hops.iter().any(|hop| hop.name == name)
    }

    /// Did this product make the answer itself?
    pub(super) fn made_by(&self, name: &str) -> bool {
        self.maker.as_ref().is_some_and(|hop| hop.name == name)
    }

    /// The proxy nearest to the application, or the provider in front when there is none.
    pub(super) fn proxy(&self) -> Option<&Hop> {
        let of_kind = |kind: Kind| self.hops.iter().rev().find(move |hop| hop.kind == kind && hop.certain);
        of_kind(Kind::Proxy).or_else(|| of_kind(Kind::Edge))
    }

    /// The proxy of one's own nearest to the application: a provider in front hides it, or there is none.
    pub(super) fn own_proxy(&self) -> Option<&Hop> {
        self.proxy().filter(|hop| hop.kind == Kind::Proxy)
    }

    /// One field of our request.
    pub(super) fn sent(&self, name: &str) -> Option<&'a str> {
        self.facts.sent.as_ref()?.first(name)
    }

    /// A finding of this code, with the fact that belongs to it.
    pub(super) fn finding(&self, code: &'static str) -> Finding {
        Finding::of(code, who(code), self.fact(code))
    }

    fn fact(&self, code: &str) -> String {
        let said = &self.said;
        match code {
            "server-unavailable" if self.status == 503 && (self.maker.is_none() || self.made_by("nginx")) => {
                format!("{said}: the server side takes no connections now")
            }
            "server-unavailable" if self.status == 503 => {
                format!("{said}: {NOT_READY}")
            }
            "server-unavailable" if self.status == 504 => {
                format!("{said}: what stands behind the answering hop did not answer in time")
            }
            "server-unavailable" => format!("{said}: {NO_GOOD_ANSWER}"),
            "server-error" => format!("{said}: the server side failed in the upgrade"),
            "upgrade-forbidden" => format!("{said}: the upgrade is not permitted"),
            "upgrade-not-offered-here" => format!("{said}: nothing at {}", self.path()),
            "upgrade-not-enabled" => format!("{said}: what answers here does not do upgrades"),
            "origin-rejected" => format!("{said}: the Origin is not accepted"),
            "bot-check" => format!("{said}: a check for bots answered, not the application"),
            "wrong-target-protocol" => format!("{said}: a hop speaks the wrong protocol to what stands behind it"),
            "http-1-0-hop" => format!("{said}: the request reached the application as HTTP/1.0"),
            "rate-limited" => format!("{said}: too many requests or connections"),
            "request-too-large" => format!("{said}: the request is too large"),
            "client-certificate-wanted" => format!("{said}: a client certificate is wanted, none was sent"),
            "answered-without-upgrade" => format!("{said}: a success, but no upgrade"),
            "plain-page" => format!("{said}: a web page came instead of an upgrade"),
            _ => format!("{said} in place of 101"),
        }
    }
}

fn who(code: &str) -> &'static str {
    match code {
        "request-too-large" | "client-certificate-wanted" => "client",
        "http-1-0-hop" | "wrong-target-protocol" | "bot-check" => "path",
        _ => "server side",
    }
}

/// `HTTP 502 Bad Gateway`
pub(super) fn words(status: u16, reason: &str) -> String {
    match reason.trim() {
        "" => format!("HTTP {status}"),
        reason => format!("HTTP {status} {}", show::safe(reason)),
    }
}

/// A process that crashes or refuses does so at once.
const LATE: Span = Span::from_millis(900);

/// Whose answer a row is about.
pub(super) enum By {
    Any,
    /// One of these made it itself.
    Itself(&'static [&'static str]),
    /// One of these made it itself, after a wait that only a time limit explains.
    Late(&'static [&'static str]),
    /// One of these left a trace.
    Passed(&'static [&'static str]),
}

/// What the body must be.
pub(super) enum Says {
    Any,
    Empty,
    /// This is a part of it, whatever the case of letters.
    Part(&'static str),
    /// It is this, but for blanks around it.
    Whole(&'static str),
}

/// What to do.
pub(super) enum Fix {
    /// As the catalogue has it.
    Usual,
    Do(&'static str),
    Paste(&'static str, &'static [&'static str]),
    /// Lines that name the path.
    At(fn(&str) -> Remedy),
    /// The maker of the answer is to send the path to the application.
    Route,
}

/// One row.
pub(super) struct Known {
    pub(super) code: &'static str,
    /// None: any.
    pub(super) status: &'static [u16],
    pub(super) by: By,
    pub(super) says: Says,
    pub(super) sure: Confidence,
    pub(super) cause: &'static str,
    pub(super) fix: Fix,
}

/// Shorthand, so that a row is a few lines.
pub(super) const fn known(
    code: &'static str,
    status: &'static [u16],
    by: By,
    says: Says,
    sure: Confidence,
    cause: &'static str,
    fix: Fix,
) -> Known {
    Known { code, status, by, says, sure, cause, fix }
}

/// The finding of the first row that fits.
pub(super) fn judge(rows: &[Known], answer: &Answer<'_>) -> Option<Finding> {
    let row = rows.iter().find(|row| fits(row, answer))?;
    let finding = answer.finding(row.code).because(row.sure, row.cause);
    Some(mended(finding, &row.fix, answer))
}

fn fits(row: &Known, answer: &Answer<'_>) -> bool {
    let made = match row.by {
        By::Any => true,
        By::Itself(names) => names.iter().any(|name| answer.made_by(name)),
        By::Late(names) => answer.facts.answer_took >= LATE && names.iter().any(|name| answer.made_by(name)),
        By::Passed(names) => names.iter().any(|name| answer.passed(name)),
    };
    let says = match row.says {
        Says::Any => true,
        Says::Empty => answer.body.is_empty(),
        Says::Part(part) => contains(answer.body, part),
        Says::Whole(whole) => answer.body.trim() == whole,
    };
    made && says && (row.status.is_empty() || row.status.contains(&answer.status))
}

fn mended(finding: Finding, fix: &Fix, answer: &Answer<'_>) -> Finding {
    match fix {
        Fix::Usual => finding,
        Fix::Do(help) => finding.advise(*help),
        Fix::Paste(help, lines) => finding.advise(*help).paste(lines),
        Fix::At(remedy) => remedy(answer.facts.path()).on(finding),
        Fix::Route => match &answer.maker {
            Some(hop) => remedies::route(hop, answer.facts.path()).on(finding),
            None => finding,
        },
    }
}
