//! Name look-up: from a target to the addresses in the order in which they are tried.
//!
//! Asks the system (getaddrinfo), so that the answer is what other programs on this machine get, `--resolve` and
//! literal addresses before it. It does not connect. A look-up under way cannot be cancelled: it blocks a thread of the
//! runtime's pool until the system answers.

use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::event::{DialFault, Resolved, ResolvedBy};
use crate::moment::Span;
use crate::net::clock::Clock;
use crate::net::dial::{Family, Plan};
use crate::net::eyeballs;

/// How the resolvers of glibc, musl, the BSDs and Windows say that there is no such name. One that exists without an
/// address (EAI_NODATA) is told in the resolver's words.
const NOT_FOUND: [&str; 4] =
    ["Name or service not known", "nodename nor servname", "Name does not resolve", "No such host is known"];

/// What the standard library puts before the resolver's own words.
const LOOKUP_PREFIX: &str = "failed to lookup address information: ";

/// The target's addresses, families alternating with the system's first choice first (RFC 8305 section 4); never none.
///
/// With a Unix socket nothing is looked up and the list is empty.
///
/// # Errors
/// `NameNotFound`, `NameLookupFailed` (a resolver that is out of order), `NoAddress` (none of the family asked for).
pub async fn resolve(plan: &Plan, clock: &Clock) -> Result<(Resolved, Vec<SocketAddr>), DialFault> {
    let began = clock.now();
    let name = plan.target.host.clone();
    if plan.unix_socket.is_some() {
        let nothing = Resolved { name, addresses: Vec::new(), by: ResolvedBy::Flag, took: Span::ZERO };
        return Ok((nothing, Vec::new()));
    }
    let (by, found) = match known_addresses(plan) {
        Some(known) => known,
        None => (ResolvedBy::System, ask_system(&name, plan.target.port).await?),
    };
    let addresses = eyeballs::interleave(of_family(found, plan.family));
    if addresses.is_empty() {
        return Err(DialFault::NoAddress { name });
    }
    let shown = addresses.iter().map(|address| address.ip().to_string()).collect();
    Ok((Resolved { name, addresses: shown, by, took: clock.now().since(began) }, addresses))
}

/// Addresses that need no look-up: those of `--resolve`, or the URL's own.
fn known_addresses(plan: &Plan) -> Option<(ResolvedBy, Vec<SocketAddr>)> {
    let target = &plan.target;
    let overrides: Vec<SocketAddr> = plan
        .overrides
        .iter()
        .filter(|rule| rule.port == target.port && rule.host.eq_ignore_ascii_case(&target.host))
        .map(|rule| SocketAddr::new(rule.address, target.port))
        .collect();
    if !overrides.is_empty() {
        return Some((ResolvedBy::Flag, overrides));
    }
    let literal = target.host.parse::<IpAddr>().ok()?;
    Some((ResolvedBy::Literal, vec![SocketAddr::new(literal, target.port)]))
}

async fn ask_system(name: &str, port: u16) -> Result<Vec<SocketAddr>, DialFault> {
    match tokio::net::lookup_host((name, port)).await {
        Ok(found) => Ok(found.collect()),
        Err(error) => Err(lookup_fault(name, &error)),
    }
}

/// The standard library keeps only the text of a resolver's error, so the text tells a missing name from an outage.
fn lookup_fault(name: &str, error: &io::Error) -> DialFault {
    let text = error.to_string();
    if NOT_FOUND.iter().any(|words| text.contains(words)) {
        return DialFault::NameNotFound { name: name.to_owned() };
    }
    let detail = text.strip_prefix(LOOKUP_PREFIX).unwrap_or(&text).to_owned();
    DialFault::NameLookupFailed { name: name.to_owned(), detail }
}

/// Those of the family, each once.
fn of_family(found: Vec<SocketAddr>, family: Family) -> Vec<SocketAddr> {
    let mut kept = Vec::with_capacity(found.len());
    for address in found {
        let wanted = match family {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        };
        if wanted && !kept.contains(&address) {
            kept.push(address);
        }
    }
    kept
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::net::dial::Override;
    use crate::net::target;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn rule(host: &str, port: u16, address: &str) -> Override {
        Override { host: host.to_owned(), port, address: address.parse().unwrap() }
    }

    #[test]
    fn a_missing_name_and_a_resolver_out_of_order_are_told_apart() {
        for text in ["Name or service not known", "nodename nor servname provided, or not known"] {
            let error = io::Error::other(format!("{LOOKUP_PREFIX}{text}"));
            assert_eq!(lookup_fault("a.example", &error), DialFault::NameNotFound { name: "a.example".to_owned() });
        }
        for text in ["Temporary failure in name resolution", "No address associated with hostname"] {
            let error = io::Error::other(format!("{LOOKUP_PREFIX}{text}"));
            let expected = DialFault::NameLookupFailed { name: "a.example".to_owned(), detail: text.to_owned() };
            assert_eq!(lookup_fault("a.example", &error), expected);
        }
    }

    #[test]
    fn the_family_asked_for_is_kept_and_each_address_once() {
        let found = addresses(&["[::1]:80", "127.0.0.1:80", "127.0.0.1:80"]);
        assert_eq!(of_family(found.clone(), Family::Any), addresses(&["[::1]:80", "127.0.0.1:80"]));
        assert_eq!(of_family(found.clone(), Family::V4), addresses(&["127.0.0.1:80"]));
        assert_eq!(of_family(found, Family::V6), addresses(&["[::1]:80"]));
    }

    #[test]
    fn a_literal_address_needs_no_look_up() {
        let plan = Plan::new(target::parse("ws://[::1]:3000/").unwrap());
        assert_eq!(known_addresses(&plan), Some((ResolvedBy::Literal, addresses(&["[::1]:3000"]))));
    }

    #[test]
    fn an_override_holds_for_its_host_and_port_only() {
        let mut plan = Plan::new(target::parse("wss://a.example/").unwrap());
        plan.overrides = vec![rule("a.example", 80, "10.0.0.1"), rule("b.example", 443, "10.0.0.2")];
        assert_eq!(known_addresses(&plan), None);
        plan.overrides.push(rule("A.Example", 443, "10.0.0.3"));
        assert_eq!(known_addresses(&plan), Some((ResolvedBy::Flag, addresses(&["10.0.0.3:443"]))));
    }
}
