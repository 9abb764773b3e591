//! Who ends a silent connection, or an old one: the product that the evidence gives away, those that have such a limit,
//! or nobody in particular. Owns how sure each is; the limits are `limits`'s.

use crate::diagnose::ends::Dropped;
use crate::diagnose::facts::contains;
use crate::diagnose::idle::{Counting, says_idle};
use crate::diagnose::limits::{self, Counts, Kind, Known, Look};
use crate::event::How;
use crate::event::finding::Confidence::{self, Certain, Likely, Possible};
use crate::event::show;

/// Cowboy's limit, in seconds.
const COWBOY: u64 = 60;

/// A cause and how sure it is.
pub(super) struct Blame {
    pub(super) confidence: Confidence,
    cause: String,
    /// Shown beside the confidence.
    evidence: Option<String>,
    /// Where it can be set.
    pub(super) known: Option<&'static Known>,
}

impl Blame {
    fn of(confidence: Confidence, cause: impl Into<String>) -> Blame {
        Blame { confidence, cause: cause.into(), evidence: None, known: None }
    }

    /// The cause as a finding carries it.
    pub(super) fn cause(&self) -> String {
        match &self.evidence {
            Some(evidence) => format!("{}; evidence: {evidence}", self.cause),
            None => self.cause.clone(),
        }
    }

    /// Another cause would look the same.
    pub(super) fn or(mut self, rival: &str) -> Blame {
        self.confidence = Possible;
        self.cause = format!("{}; or {rival}", self.cause);
        self
    }
}

/// Who ends a silent connection after so many seconds. `ambiguous`: a maximum age would look the same.
pub(super) fn idle(first: &Dropped, seconds: u64, counting: Counting, ambiguous: bool) -> Blame {
    if let How::Close { reason, .. } = &first.ended.how
        && says_idle(reason)
    {
        return told(reason);
    }
    if is_empty_1000(&first.ended.how) && seconds == COWBOY {
        return cowboy(first, counting);
    }
    let blame = by_table(first, seconds, counting);
    if !ambiguous {
        return blame;
    }
    let old = limits::suspects(Kind::Lifetime, seconds as f64, first, &[Counts::Nothing]);
    match limits::names(&old.fitting).as_str() {
        "" => blame.or("a maximum age"),
        names => blame.or(&format!("a maximum age, as {names} may have")),
    }
}

/// The Close says that it was idle; its words may give the library away.
fn told(reason: &str) -> Blame {
    let by_words = |known: &&'static Known| match known.look {
        Look::Close(_, words) => words.len() > "idle".len() && known.kind == Kind::Idle && contains(reason, words),
        _ => false,
    };
    let known = limits::all().find(by_words);
    let cause = match known {
        Some(known) => {
            format!("an idle limit of the server's own: its Close says so, in the words of {}", known.product)
        }
        None if contains(reason, "idle timeout expired") => {
            "an idle limit of the server's own: its Close says so, in the words of Tomcat (maxIdleTimeout)".into()
        }
        None => "an idle limit of the server's own: its Close says so".into(),
    };
    Blame { known, ..Blame::of(Certain, cause) }
}

/// A Close 1000 without a reason after 60 s in which the client sent nothing.
fn cowboy(first: &Dropped, counting: Counting) -> Blame {
    let known = limits::all().find(|known| known.kind == Kind::Idle && is_cowboys(known));
    let header = known.and_then(|known| known.evidence(first));
    let pushes = counting == Counting::Out && first.ended.quiet_in.seconds() + 1.0 < first.ended.quiet_out.seconds();
    let evidence = match (header, is_phoenix(&first.url), pushes) {
        (Some(header), ..) => header,
        (None, true, _) => "the path of a Phoenix socket".into(),
        (None, false, true) => "what the server sent did not help".into(),
        (None, false, false) => {
            let cause = "Cowboy's idle_timeout of 60 s ends so (Phoenix, RabbitMQ, EMQX); or the application was done: \
                         1000 is also its ordinary end";
            return Blame::of(Possible, cause);
        }
    };
    let cause = "Cowboy (Phoenix, RabbitMQ, EMQX), idle_timeout, 60 s unless set: it closes with 1000";
    Blame { evidence: Some(evidence), known, ..Blame::of(Likely, cause) }
}

fn is_empty_1000(how: &How) -> bool {
    matches!(how, How::Close { code: Some(1000), reason } if reason.is_empty())
}

fn is_cowboys(known: &Known) -> bool {
    known.product.starts_with("Cowboy")
}

/// `/socket/websocket?vsn=2.0.0` and `/live/websocket?...vsn=...`.
fn is_phoenix(url: &str) -> bool {
    contains(url, "/websocket?") && contains(url, "vsn=")
}

fn by_table(first: &Dropped, seconds: u64, counting: Counting) -> Blame {
    let found = limits::suspects(Kind::Idle, seconds as f64, first, counting.counts());
    if let Some((known, evidence)) = found.recognised {
        return recognised(known, known.setting.into(), &first.ended.how, &evidence);
    }
    let others = limits::names(&found.fitting);
    if let Some((known, evidence)) = limits::set_otherwise(Kind::Idle, first, counting.counts()) {
        let name = known.setting.split(',').next().unwrap_or_default();
        let blame = recognised(known, format!("{name}, set to {}", show::whole(seconds)), &first.ended.how, &evidence);
        return match others.as_str() {
            "" => blame,
            others => blame.or(&format!("another hop: {others} {}", have(&found.fitting))),
        };
    }
    match others.as_str() {
        "" => Blame::of(Likely, "an idle limit of a proxy, a load balancer or the server"),
        names => {
            let have = have(&found.fitting);
            Blame::of(Possible, format!("an idle limit on the way or in the server; {names} {have}"))
        }
    }
}

fn have(rows: &[&'static Known]) -> &'static str {
    match rows.iter().any(|known| known.product != rows[0].product) {
        true => "have this one unless set",
        false => "has this one unless set",
    }
}

fn recognised(known: &'static Known, setting: String, how: &How, evidence: &str) -> Blame {
    let confidence = if known.verified { Likely } else { Possible };
    let evidence = match look(how) {
        "" => evidence.to_string(),
        look => format!("{look}, {evidence}"),
    };
    let cause = match setting.as_str() {
        "" => format!("the limit of {}", known.product),
        setting => format!("{}, {setting}", known.product),
    };
    Blame { evidence: Some(evidence), known: Some(known), ..Blame::of(confidence, cause) }
}

fn look(how: &How) -> &'static str {
    match how {
        How::Fin => "FIN, no code",
        How::Reset => "reset, no code",
        How::TlsTruncated => "cut, no code",
        _ => "",
    }
}

/// Who ends a connection at this age, whatever is sent on it.
pub(super) fn lifetime(first: &Dropped, seconds: u64) -> Blame {
    let found = limits::suspects(Kind::Lifetime, seconds as f64, first, &[Counts::Nothing]);
    if let Some((known, evidence)) = found.recognised {
        return recognised(known, known.setting.into(), &first.ended.how, &evidence);
    }
    let set = limits::set_otherwise(Kind::Lifetime, first, &[Counts::Nothing]).filter(|(known, _)| known.verified);
    if let Some((known, evidence)) = set {
        let name = known.setting.split(',').next().unwrap_or_default();
        let setting = format!("{name}, set to {}", show::whole(seconds));
        return recognised(known, setting, &first.ended.how, &evidence).or("a maximum age of another hop's");
    }
    match limits::names(&found.fitting).as_str() {
        "" => {
            let cause = "a maximum age: of a load balancer or hosting product, or a backend timeout that counts from \
                         the start";
            Blame::of(Likely, cause)
        }
        names => Blame::of(
            Possible,
            format!("a maximum age of a load balancer, hosting product or token; {names} {}", have(&found.fitting)),
        ),
    }
}
