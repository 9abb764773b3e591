//! The known limits of time of servers, proxies and hosting products, and which of them fit a drop. Owns the shape of a
//! row and the matching; the rows are in `limits/hops.rs` and `limits/servers.rs`, what is said of a match is `idle`'s.

mod hops;
mod servers;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use crate::diagnose::ends::Dropped;
use crate::diagnose::facts::{contains, says};
use crate::diagnose::place::Place;
use crate::event::How;

/// What the time is measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The last traffic that counts.
    Idle,
    /// The open.
    Lifetime,
    /// The open, until a first message or step that never comes.
    Hello,
    /// A ping of the server's, and the wait for its answer.
    Deadline,
}

/// Which traffic starts the time anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    Either,
    FromClient,
    FromServer,
    Pong,
    /// Messages; control frames do not count.
    Data,
    Nothing,
}

/// What the client sees of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Fin,
    /// FIN or reset: which one is not known.
    Cut,
    /// Nothing, and a reset at the next bytes.
    SilentThenRst,
    /// A Close with this code; the reason has these words, or is empty.
    Close(u16, &'static str),
    Any,
}

/// What gives a product away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A field of the 101 whose value contains this; any value if it is empty.
    Field(&'static str, &'static str),
    /// The host name in the URL contains this.
    Host(&'static str),
}

/// One limit of one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub product: &'static str,
    /// Unless somebody set another.
    pub seconds: u64,
    pub kind: Kind,
    pub counts: Counts,
    pub look: Look,
    /// Read in the product's source or documentation; the others are at most possible.
    pub verified: bool,
    pub marks: &'static [Mark],
    /// `proxy_read_timeout, 60s unless set`
    pub setting: &'static str,
    /// The line that raises it; empty where it cannot be set.
    pub knob: &'static str,
}

/// The figure was read in the product's source or documentation.
const READ: bool = true;
/// The figure is what is said of the product.
const SAID: bool = false;

impl Known {
    const fn by(self, marks: &'static [Mark]) -> Known {
        Known { marks, ..self }
    }

    const fn set(self, setting: &'static str, knob: &'static str) -> Known {
        Known { setting, knob, ..self }
    }

    /// Within 1 s, or 3 % of a long one; half a second of a short one.
    pub fn is_near(&self, seconds: f64) -> bool {
        let limit = self.seconds as f64;
        let tolerance = match self.seconds {
            0..=10 => 0.5,
            11..=99 => 1.0,
            _ => (limit * 0.03).min(120.0),
        };
        (seconds - limit).abs() <= tolerance
    }

    /// Does the product end connections so?
    pub fn looks_like(&self, how: &How) -> bool {
        match (self.look, how) {
            (Look::Any, _) => true,
            (Look::Fin, How::Fin | How::TlsTruncated) => true,
            (Look::Cut, How::Fin | How::TlsTruncated | How::Reset) => true,
            (Look::SilentThenRst, How::Reset) => true,
            (Look::Close(wanted, ""), How::Close { code, reason }) => *code == Some(wanted) && reason.is_empty(),
            (Look::Close(wanted, words), How::Close { code, reason }) => *code == Some(wanted) && says(reason, words),
            _ => false,
        }
    }

    /// What gives the product away in this connection: `Server: nginx`.
    pub fn evidence(&self, dropped: &Dropped) -> Option<String> {
        self.marks.iter().find_map(|mark| seen(mark, dropped))
    }
}

fn seen(mark: &Mark, dropped: &Dropped) -> Option<String> {
    match mark {
        Mark::Field(name, part) => {
            let head = dropped.head.as_ref()?;
            let there = head.all(name).any(|value| contains(value, part));
            let words = if part.is_empty() { (*name).to_string() } else { format!("{name}: {part}") };
            there.then_some(words)
        }
        Mark::Host(part) => contains(Place::of(&dropped.url).host, part).then(|| format!("host name with {part}")),
    }
}

/// A row that starts without marks and settings.
const fn row(product: &'static str, seconds: u64, way: (Kind, Counts, Look), verified: bool) -> Known {
    let (kind, counts, look) = way;
    Known { product, seconds, kind, counts, look, verified, marks: &[], setting: "", knob: "" }
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Known> {
    hops::ROWS.iter().chain(servers::ROWS)
}

/// Those of a kind that fit a drop after so many seconds, and the one among them that the connection gives away.
#[derive(Clone, Debug)]
pub struct Suspects {
    pub recognised: Option<(&'static Known, String)>,
    /// All that fit, what is verified first.
    pub fitting: Vec<&'static Known>,
}

/// The limits of this kind that fit: length, look and what counts.
pub fn suspects(kind: Kind, seconds: f64, dropped: &Dropped, counts: &[Counts]) -> Suspects {
    let mut fitting: Vec<&'static Known> =
        all().filter(|known| known.is_near(seconds) && fits(known, kind, dropped, counts)).collect();
    fitting.sort_by_key(|known| !known.verified);
    let recognised = fitting.iter().find_map(|known| Some((*known, known.evidence(dropped)?)));
    Suspects { recognised, fitting }
}

/// The product that the connection gives away and whose limit may have been set to another value.
pub fn set_otherwise(kind: Kind, dropped: &Dropped, counts: &[Counts]) -> Option<(&'static Known, String)> {
    all()
        .filter(|known| !known.knob.is_empty() && fits(known, kind, dropped, counts))
        .find_map(|known| Some((known, known.evidence(dropped)?)))
}

fn fits(known: &Known, kind: Kind, dropped: &Dropped, counts: &[Counts]) -> bool {
    known.kind == kind && counts.contains(&known.counts) && known.looks_like(&dropped.ended.how)
}

/// The well-known length, in whole seconds, that is within 1 s of this one.
pub fn well_known(seconds: f64) -> Option<u64> {
    all()
        .filter(|known| matches!(known.kind, Kind::Idle | Kind::Lifetime) && known.seconds >= 20)
        .map(|known| known.seconds)
        .filter(|known| (seconds - *known as f64).abs() <= 1.0)
        .min_by_key(|known| ((seconds - *known as f64).abs() * 1000.0) as u64)
}

/// `nginx, AWS ALB and Kong`: each product once, five at most.
pub fn names(rows: &[&'static Known]) -> String {
    let mut products: Vec<&str> = Vec::new();
    for known in rows {
        if !products.contains(&known.product) && products.len() < 5 {
            products.push(known.product);
        }
    }
    match products.as_slice() {
        [] => String::new(),
        [only] => (*only).to_string(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
