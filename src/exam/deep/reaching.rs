//! What the way to a server shows, before any request: name, addresses, proxy, TLS. Owns the judgement of each; who
//! looks them up and connects is elsewhere.

use crate::event::show::{count, quoted, safe, span};
use crate::exam::deep::Verdict;
use crate::moment::Span;

/// A certificate that ends in so many days is told.
const DAYS_TOLD: i64 = 14;

/// One address, and how long TCP took or why it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    pub address: String,
    pub took: Result<Span, String>,
    /// The failure is this machine's: it has no way into that network.
    pub is_ours: bool,
}

/// The addresses of the name, as they are tried.
pub fn names(name: &str, addresses: &[String], is_literal: bool, took: Span) -> Verdict {
    if addresses.is_empty() {
        return Verdict::skipped("a Unix socket, nothing to look up");
    }
    if is_literal {
        return Verdict::pass("an address, nothing to look up");
    }
    let shown: Vec<&str> = addresses.iter().take(4).map(String::as_str).collect();
    let more = if addresses.len() > shown.len() { " ..." } else { "" };
    let many = count(addresses.len() as u64, "address");
    Verdict::pass(format!("{} has {many} in {}: {}{more}", safe(name), span(took), shown.join(", ")))
}

/// TCP to each address. `loopback`: a name of this machine, on which a server often listens in one family only.
pub fn addresses(tried: &[Tried], loopback: bool) -> Verdict {
    let words: Vec<String> = tried
        .iter()
        .map(|one| match &one.took {
            Ok(took) => format!("{} {}", one.address, span(*took)),
            Err(why) => format!("{} {why}", one.address),
        })
        .collect();
    let evidence = words.join("; ");
    let dead: Vec<&Tried> = tried.iter().filter(|one| one.took.is_err()).collect();
    if dead.is_empty() {
        return Verdict::pass(evidence);
    }
    let theirs = dead.iter().filter(|one| !one.is_ours).count();
    if loopback || theirs == 0 || dead.len() == tried.len() {
        return Verdict::note(evidence);
    }
    let fact = format!("{theirs} of {} do not take connections", count(tried.len() as u64, "address"));
    Verdict::warn(evidence).told_as("address-dead", fact)
}

/// The variables of the environment that name a proxy, which is not used.
pub fn proxy(unused: &[String]) -> Verdict {
    match unused {
        [] => Verdict::pass("no variable of this machine names one; connected directly"),
        [one] => Verdict::note(format!("{} is set here and not used: other programs may go by it", safe(one))),
        several => {
            let names = safe(&several.join(", "));
            Verdict::note(format!("{names} are set here and not used: other programs may go by them"))
        }
    }
}

/// What TLS agreed on, and for how long the certificate is good. `days_left`: whole days, negative when it has ended.
pub fn certificate(agreed: &str, chain: Option<(String, usize, i64)>, overlooked: Option<&str>) -> Verdict {
    let Some((subject, sent, days_left)) = chain else { return Verdict::note(format!("{agreed}; no certificate")) };
    let evidence = format!("{agreed}; {}, {} sent, {}", subject, count(sent as u64, "certificate"), left(days_left));
    match overlooked {
        Some(why) => Verdict::warn(format!("{evidence}; not trusted: {}", safe(why))),
        None if days_left <= DAYS_TOLD => Verdict::warn(evidence),
        None => Verdict::pass(evidence),
    }
}

fn left(days: i64) -> String {
    match days {
        0.. => format!("{} left", count(days.unsigned_abs(), "day")),
        _ => "ended".to_owned(),
    }
}

/// TLS without a name: the certificate's subject then and with it, or why the handshake failed.
pub fn sni(with: Option<&str>, without: &Result<Option<String>, String>) -> Verdict {
    match without {
        Ok(subject) if subject.as_deref() == with => Verdict::pass("the same certificate"),
        Ok(Some(subject)) => Verdict::note(format!("another certificate, for {}", quoted(subject))),
        Ok(None) => Verdict::note("no certificate"),
        Err(why) => Verdict::note(format!("no TLS without a name: {why}")),
    }
}

/// The protocol that the server chose of h2 and http/1.1.
pub fn alpn(chosen: &Result<Option<String>, String>) -> Verdict {
    match chosen {
        Ok(Some(name)) if name == "h2" => {
            Verdict::note("the server prefers h2: a client that offers it too must ask as RFC 8441 says")
        }
        Ok(Some(name)) => Verdict::pass(format!("the server prefers {}", quoted(name))),
        Ok(None) => Verdict::pass("the server does not choose"),
        Err(why) => Verdict::note(format!("no TLS with h2 in the offer: {why}")),
    }
}
