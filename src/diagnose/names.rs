//! Findings on names and on what addresses say of themselves: a name that is missing, by its kind, and addresses of special
//! ranges that a public name should not have (RFC 1918, RFC 6598, RFC 6761, RFC 4193). Owns those two tables; whether an
//! address can be reached is `reach`'s.

use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{Finding, show};
use crate::moment::Span;

/// Names that only a local network, a VPN or a cluster knows.
const LOCAL_ENDS: &[(&str, &str)] = &[
    (".local", "names in .local are answered on the local network only (mDNS)"),
    (".internal", "names in .internal are known inside one network or cloud only"),
    (".lan", "names in .lan are known to one router only"),
    (".home.arpa", "names in .home.arpa are known to one router only"),
    (".corp", "names in .corp are known inside one company only: by VPN or its own resolver"),
    (".cluster.local", "names in .cluster.local are known inside a Kubernetes cluster only"),
    (".svc", "names in .svc are known inside a Kubernetes cluster only"),
];
/// Names that never exist (RFC 6761).
const NEVER: &[&str] = &[".invalid", ".test", ".example"];

/// The name does not exist (EAI_NONAME; NXDOMAIN).
pub fn not_found(name: &str, took: Span) -> Finding {
    let finding = Finding::of("name-not-found", "path", format!("the name {} does not exist", show::quoted(name)))
        .saw(format!("the look-up answered after {}", show::span(took)));
    let lower = name.trim_end_matches('.').to_ascii_lowercase();
    if NEVER.iter().any(|end| lower.ends_with(end)) {
        return finding
            .because(Certain, "names with this end exist in documents and tests only (RFC 6761)")
            .advise("put the real name in the URL");
    }
    // The longest end that fits says most.
    let local = LOCAL_ENDS.iter().filter(|(end, _)| lower.ends_with(end)).max_by_key(|(end, _)| end.len());
    if let Some((_, why)) = local {
        return finding
            .because(Likely, format!("{why}; or a typing error"))
            .advise("look it up from inside that network; --resolve HOST:PORT:ADDR goes there without a look-up");
    }
    if !lower.contains('.') {
        return finding
            .because(
                Likely,
                "a name without a dot needs a search domain, a hosts file or a container's network; or a typing error",
            )
            .advise("use the full name, or look at the search line of /etc/resolv.conf");
    }
    finding
}

/// The resolver did not answer, or answered with a failure (EAI_AGAIN, EAI_FAIL), or without an address (EAI_NODATA).
pub fn lookup_failed(name: &str, detail: &str) -> Finding {
    if ["No address associated", "no usable address"].iter().any(|words| detail.contains(words)) {
        let fact = format!("the name {} exists and has no address", show::quoted(name));
        return Finding::of("name-without-address", "server side", fact)
            .saw(format!("the system's look-up said {}", show::quoted(detail)));
    }
    let finding =
        Finding::of("name-lookup-failed", "path", format!("the name {} could not be looked up", show::quoted(name)))
            .saw(format!("the system's look-up said {}", show::quoted(detail)));
    if detail.contains("Temporary failure") {
        return finding
            .because(Possible, "the resolver cannot be reached, or it answers SERVFAIL for this name; both may pass")
            .advise("look up another name: if that fails too, see /etc/resolv.conf and the network, else the name's own servers");
    }
    if detail.contains("Non-recoverable") {
        return finding.because(Likely, "the resolver refuses the question, or the name is not a legal one");
    }
    finding
}

/// What the addresses say of themselves, where a name should lead elsewhere: one line an address.
pub fn special(name: Option<&str>, addresses: &[String]) -> Vec<String> {
    let Some(name) = name.filter(|name| !is_local_name(name)) else { return Vec::new() };
    if name.contains(':') || octets(name).is_some() {
        return Vec::new();
    }
    let line = |address: &String| Some(format!("{address} is {}", range(address)?));
    addresses.iter().filter_map(line).take(4).collect()
}

fn is_local_name(name: &str) -> bool {
    let lower = name.trim_end_matches('.').to_ascii_lowercase();
    lower == "localhost" || lower.ends_with(".localhost") || LOCAL_ENDS.iter().any(|(end, _)| lower.ends_with(end))
}

/// The four numbers of an IPv4 address.
fn octets(address: &str) -> Option<[u8; 4]> {
    let parts: Vec<u8> = address.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    parts.try_into().ok()
}

fn range(address: &str) -> Option<&'static str> {
    if let Some(octets) = octets(address) {
        return match octets {
            [0, ..] => Some("no address of a machine: a filter (ad blocker, family filter) answers so"),
            [127, ..] => Some("this machine itself: the hosts file, or a filter, says so"),
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => {
                Some("private: a VPN, split DNS, a captive portal or the hosts file")
            }
            [100, 64..=127, ..] => Some("of a carrier's NAT, or of an overlay network such as Tailscale"),
            [169, 254, ..] => Some("link-local: the machine has no address of its own"),
            _ => None,
        };
    }
    let lower = address.to_ascii_lowercase();
    match lower.as_str() {
        "::" => Some("no address of a machine: a filter answers so"),
        "::1" => Some("this machine itself: the hosts file, or a filter, says so"),
        v6 if v6.starts_with("fc") || v6.starts_with("fd") => Some("private: a VPN, split DNS or the hosts file"),
        v6 if v6.starts_with("fe8") || v6.starts_with("fe9") || v6.starts_with("fea") || v6.starts_with("feb") => {
            Some("link-local")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_name_is_told_by_its_kind() {
        let cause = |name: &str| not_found(name, Span::from_millis(3)).cause;
        assert!(cause("chat.svc.cluster.local").contains("Kubernetes"));
        assert!(cause("printer.local").contains("mDNS"));
        assert!(cause("chat").contains("without a dot"));
        assert!(cause("no-such.invalid").contains("RFC 6761"));
        // The twin: an ordinary name may be a typing error or a private one, and that is not sure.
        assert_eq!(not_found("chat.acme.io", Span::ZERO).confidence, Possible);
    }

    #[test]
    fn a_resolver_that_is_gone_and_a_name_whose_servers_fail_look_the_same() {
        let finding = lookup_failed("a.b", "Temporary failure in name resolution");
        assert_eq!(finding.confidence, Possible);
        assert_eq!(lookup_failed("a.b", "No address associated with hostname").code, "name-without-address");
        assert!(finding.cause.contains("cannot be reached") && finding.cause.contains("SERVFAIL"), "{}", finding.cause);
    }

    #[test]
    fn addresses_of_special_ranges_are_named_for_public_names_only() {
        let told = |name: &str, address: &str| special(Some(name), &[address.to_string()]).concat();
        for (address, part) in [
            ("0.0.0.0", "filter"),
            ("127.0.0.1", "this machine"),
            ("10.1.2.3", "private"),
            ("172.31.0.1", "private"),
            ("100.100.1.1", "carrier"),
            ("fd00::1", "private"),
            ("::1", "this machine"),
        ] {
            assert!(told("chat.acme.io", address).contains(part), "{address}");
        }
        assert_eq!(told("chat.acme.io", "203.0.113.9"), "");
        assert_eq!(told("localhost", "127.0.0.1"), "");
        assert_eq!(told("10.1.2.3", "10.1.2.3"), "");
    }
}
