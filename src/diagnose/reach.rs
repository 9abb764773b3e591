//! Findings on reaching a peer before TLS and HTTP: name, addresses, TCP and the time for all of it. Owns the rules for
//! those faults of a dial; TLS is `tls`'s, answers are `refusal`'s.

use crate::diagnose::facts::Facts;
use crate::diagnose::names;
use crate::diagnose::tls;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{
    Attempt, AttemptOutcome, DialFailed, DialFault, Finding, LookEnd, Phase, SecondLook, TcpOpen, Tried, show,
};
use crate::moment::Span;

/// A dial that failed before a byte of TLS or HTTP was judged; none for every other fault.
pub fn failed(facts: &Facts, failed: &DialFailed) -> Option<Finding> {
    match &failed.fault {
        DialFault::NameNotFound { name } => Some(names::not_found(name, failed.took)),
        DialFault::NameLookupFailed { name, detail } => Some(names::lookup_failed(name, detail)),
        DialFault::NoAddress { name } => Some(
            Finding::of(
                "no-address-of-family",
                "client",
                format!("the name {} has no address of the family asked for", show::quoted(name)),
            )
            .because(Certain, "-4 or -6 was given, and the name has addresses of the other family only"),
        ),
        DialFault::Unreachable { attempts } => {
            let special = names::special(facts.name.as_deref(), &facts.addresses);
            Some(unreachable(attempts).saw_all(special))
        }
        DialFault::TimedOut { limit, delivered, received, .. } if failed.phase == Phase::Upgrade && *received > 0 => {
            Some(unfinished(*limit, *received, *delivered))
        }
        DialFault::TimedOut { limit, attempts, delivered, .. } => {
            Some(timed_out(facts, failed.phase, *limit, attempts, *delivered))
        }
        DialFault::Certificate { .. }
        | DialFault::Tls { .. }
        | DialFault::TlsCut { .. }
        | DialFault::Refused { .. }
        | DialFault::InvalidUpgrade { .. }
        | DialFault::NotHttp { .. }
        | DialFault::CutBeforeAnswer { .. }
        | DialFault::AlertBeforeAnswer { .. }
        | DialFault::HeadTooLarge { .. }
        | DialFault::Redirects { .. }
        | DialFault::Io { .. } => None,
    }
}

/// One address did not work and another is open. That this machine has no network of a family is ordinary: nothing.
pub fn address_skipped(facts: &Facts, open: &TcpOpen) -> Option<Finding> {
    let failed = open.attempts.iter().find(|attempt| is_telling(attempt.outcome))?;
    let name = facts.name.as_deref().unwrap_or("the name");
    let (bad, good) = (host(&failed.address), host(&open.peer));
    let fact = format!("{name} {} on {bad}, open on {good}", failed.outcome.words());
    let finding = Finding::of("address-skipped", "server side", fact).saw_all(lines(&open.attempts));
    if is_v6(bad) == is_v6(good) {
        return Some(
            finding
                .because(Likely, "one of several machines behind the name does not answer")
                .advise("look at that machine, or take its address out of the name"),
        );
    }
    let (has, lacks) = if is_v6(good) { ("IPv6", "IPv4") } else { ("IPv4", "IPv6") };
    Some(match failed.outcome {
        AttemptOutcome::Refused => finding
            .because(Likely, format!("the server listens on {has} only"))
            .advise(format!("let the server listen on {lacks} too, or use {good} in the URL")),
        _ => finding
            .because(Likely, format!("the way by {lacks} does not work"))
            .advise(format!("repair {lacks}, or take the {lacks} address out of the name")),
    })
}

fn unreachable(attempts: &[Attempt]) -> Finding {
    let all =
        |outcome: AttemptOutcome| !attempts.is_empty() && attempts.iter().all(|attempt| attempt.outcome == outcome);
    let any = |outcome: AttemptOutcome| attempts.iter().any(|attempt| attempt.outcome == outcome);
    let place = match attempts {
        [only] => only.address.clone(),
        several => show::count(several.len() as u64, "address"),
    };
    if any(AttemptOutcome::Refused) {
        let finding =
            Finding::of("connection-refused", "server side", format!("nothing accepts connections on {place}"))
                .saw_all(lines(attempts));
        // A family that this machine has no network for says nothing on the server.
        let is_plain = attempts
            .iter()
            .all(|attempt| matches!(attempt.outcome, AttemptOutcome::Refused | AttemptOutcome::NetworkUnreachable));
        return match is_plain {
            true => {
                let only_v6 = attempts.iter().all(|attempt| is_v6(host(&attempt.address)));
                let other = if only_v6 { ", or it listens on IPv4 (127.0.0.1, 0.0.0.0) only" } else { "" };
                finding.because(
                    Likely,
                    format!("nothing listens there: the server is down, or has another port or address{other}"),
                )
            }
            false => finding.because(
                Possible,
                "nothing listens on the address that refused, and the way to the others is filtered or they are off",
            ),
        };
    }
    if any(AttemptOutcome::Denied) {
        return Finding::of("path-forbidden", "us", format!("this machine does not permit a connection to {place}"))
            .saw_all(lines(attempts));
    }
    let finding = Finding::of("unreachable", "path", format!("{place} could not be reached")).saw_all(lines(attempts));
    if all(AttemptOutcome::NetworkUnreachable) && attempts.iter().all(|attempt| is_v6(host(&attempt.address))) {
        return finding
            .because(Likely, "this machine has no IPv6, and only IPv6 addresses were tried")
            .advise("use a network with IPv6, leave -6 out, or publish an IPv4 address");
    }
    if all(AttemptOutcome::NetworkUnreachable) {
        return finding
            .because(Likely, "this machine has no route there: no network, or a VPN that is down")
            .advise("bring the network or the VPN up (ip route get ADDRESS shows the way that is taken)");
    }
    if all(AttemptOutcome::HostUnreachable) {
        return finding.because(
            Possible,
            "the host is off, or a router or a firewall on the way answers that it cannot be reached",
        );
    }
    if all(AttemptOutcome::NotFound) {
        return finding
            .because(Certain, "there is no such Unix socket: the server is not running, or has another path")
            .advise("start the server, or correct the path");
    }
    if all(AttemptOutcome::BindFailed) {
        return finding
            .because(Certain, "this machine does not have the address that --bind names")
            .advise("give an address of this machine to --bind");
    }
    finding
}

fn timed_out(facts: &Facts, phase: Phase, limit: Span, attempts: &[Attempt], delivered: Option<bool>) -> Finding {
    let after = show::span(limit);
    match phase {
        Phase::Resolve => Finding::of("connect-timeout", "path", format!("the name was not looked up within {after}"))
            .because(Likely, "the resolver cannot be reached")
            .advise("look at /etc/resolv.conf and at the network; --resolve HOST:PORT:ADDR does without a look-up"),
        Phase::Connect => Finding::of("connect-timeout", "path", format!("no TCP connection within {after}"))
            .saw_all(lines(attempts))
            .saw_all(names::special(facts.name.as_deref(), &facts.addresses))
            .because(Likely, "filtered, not refused: packets are dropped on the way (firewall, security group), or the machine is off"),
        Phase::Tls => tls::plain_port(facts).unwrap_or_else(|| {
            let fact = format!("the port accepts the connection and does not answer TLS within {after}");
            Finding::of("tls-silent", "server side", fact)
                .saw_all(delivery(delivered))
                .saw_all(facts.second_look_words())
        }),
        Phase::Upgrade => no_answer(facts, &after, delivered),
    }
}

fn no_answer(facts: &Facts, after: &str, delivered: Option<bool>) -> Finding {
    let fact = format!("the upgrade request was sent, and no answer came within {after}");
    if let Some(finding) = tls::tls_port(facts) {
        return finding.saw("no answer came to the plain request");
    }
    let finding =
        Finding::of("no-answer", "server side", fact).saw_all(delivery(delivered)).saw_all(facts.second_look_words());
    match (delivered, facts.is_tls()) {
        (Some(false), _) => Finding { who: "path", ..finding }
            .because(Likely, "the path is cut, or swallows what is sent after the connection is open")
            .advise("compare from another network; look for a firewall or a tunnel with a smaller packet size"),
        (_, true) => finding
            .because(Possible, "the process behind the port hangs, or a proxy holds the request")
            .advise("look at the process that accepts on this port, and at what the proxy waits for"),
        (_, false) => match facts.second_look(Tried::Tls) {
            Some(look) => plain_unanswered(finding, look),
            None => finding,
        },
    }
}

/// A plain request had no answer; what came of a TLS handshake with the same port tells whether its process lives.
fn plain_unanswered(finding: Finding, look: &SecondLook) -> Finding {
    match look.end {
        Some(LookEnd::NoTls | LookEnd::Cut) => finding
            .because(
                Possible,
                "the process lives, as it answered or ended the TLS handshake at once: nobody answers an upgrade at this \
                 path, as the proxy of a dev server (Vite, webpack, http-proxy-middleware) without ws: true; or a proxy \
                 waits for the application behind it",
            )
            .advise(
                "check the path, and that the server takes upgrades there: a dev server's proxy rule for it needs \
                 ws: true; behind another proxy look at the application",
            ),
        Some(LookEnd::NoAnswer) => finding
            .because(
                Possible,
                "the process behind the port hangs or is stopped: it answered nothing at all; or it waits for bytes of \
                 another protocol",
            )
            .advise("look at the process that accepts on this port, and at what blocks it"),
        Some(LookEnd::NoAgreement | LookEnd::NoHttp | LookEnd::NoConnection) | None => finding
            .because(
                Possible,
                "the process behind the port hangs, a proxy holds the request or waits for the application, or nobody \
                 answers an upgrade at this path",
            )
            .advise("check the path; then look at the process that accepts on this port"),
    }
}

/// A part of an answer came, and then nothing.
fn unfinished(limit: Span, received: u64, delivered: Option<bool>) -> Finding {
    let (after, came) = (show::span(limit), show::size(received));
    Finding::of("no-answer", "server side", format!("the answer began, and its head was not whole within {after}"))
        .saw(format!("{came} of it came, and no empty line that ends a head"))
        .saw_all(delivered.filter(|delivered| !delivered).and_then(|_| delivery(delivered)))
        .because(
            Possible,
            "the server writes its answer by hand and forgot the empty line, stopped within it, or sends it very slowly",
        )
        .advise("end the head with an empty line (CR LF CR LF); else look at the process that accepts on this port")
}

fn delivery(delivered: Option<bool>) -> Option<String> {
    match delivered? {
        true => Some("the next hop acknowledged all that we sent".into()),
        false => Some("what we sent was not acknowledged by the next hop".into()),
    }
}

fn is_telling(outcome: AttemptOutcome) -> bool {
    match outcome {
        AttemptOutcome::Refused
        | AttemptOutcome::HostUnreachable
        | AttemptOutcome::TimedOut
        | AttemptOutcome::Reset
        | AttemptOutcome::Denied
        | AttemptOutcome::NotFound
        | AttemptOutcome::Other => true,
        AttemptOutcome::Open
        | AttemptOutcome::NetworkUnreachable
        | AttemptOutcome::BindFailed
        | AttemptOutcome::Abandoned => false,
    }
}

fn lines(attempts: &[Attempt]) -> Vec<String> {
    let line = |attempt: &Attempt| {
        format!("{}: {} after {}", attempt.address, attempt.outcome.words(), show::span(attempt.took))
    };
    attempts.iter().take(16).map(line).collect()
}

/// The address without brackets and port.
fn host(address: &str) -> &str {
    if let Some((inside, _)) = address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return inside;
    }
    match address.split_once(':') {
        Some((host, port)) if !port.contains(':') => host,
        _ => address,
    }
}

fn is_v6(host: &str) -> bool {
    host.contains(':')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::finding::Severity;

    fn attempt(address: &str, outcome: AttemptOutcome) -> Attempt {
        Attempt { address: address.into(), outcome, took: Span::from_millis(1) }
    }

    fn judged(phase: Phase, fault: DialFault) -> Finding {
        failed(&Facts::default(), &DialFailed { phase, fault, took: Span::from_millis(3) }).unwrap()
    }

    fn refused_by(outcomes: &[AttemptOutcome]) -> Finding {
        let attempts = outcomes.iter().map(|outcome| attempt("192.0.2.1:80", *outcome)).collect();
        judged(Phase::Connect, DialFault::Unreachable { attempts })
    }

    fn timeout(phase: Phase, delivered: Option<bool>) -> Finding {
        judged(phase, DialFault::TimedOut { limit: Span::from_secs(10), attempts: Vec::new(), delivered, received: 0 })
    }

    #[test]
    fn a_name_that_does_not_exist_differs_from_a_look_up_that_failed() {
        let name = || String::from("a.example");
        assert_eq!(judged(Phase::Resolve, DialFault::NameNotFound { name: name() }).code, "name-not-found");
        let failed = DialFault::NameLookupFailed { name: name(), detail: "try later".into() };
        assert_eq!(judged(Phase::Resolve, failed).code, "name-lookup-failed");
        assert_eq!(judged(Phase::Resolve, DialFault::NoAddress { name: name() }).code, "no-address-of-family");
    }

    #[test]
    fn a_refusal_wins_over_a_missing_network() {
        let finding = refused_by(&[AttemptOutcome::NetworkUnreachable, AttemptOutcome::Refused]);
        assert_eq!((finding.code, finding.seen.len()), ("connection-refused", 2));
        assert_eq!(refused_by(&[AttemptOutcome::HostUnreachable]).code, "unreachable");
        assert_eq!(refused_by(&[AttemptOutcome::Denied]).code, "path-forbidden");
        assert_eq!(refused_by(&[AttemptOutcome::NotFound]).confidence, Certain);
    }

    #[test]
    fn the_phase_that_used_up_the_time_is_named() {
        assert_eq!(timeout(Phase::Resolve, None).code, "connect-timeout");
        assert_eq!(timeout(Phase::Connect, None).code, "connect-timeout");
        assert_eq!(timeout(Phase::Tls, Some(true)).code, "tls-silent");
        let silent = timeout(Phase::Upgrade, Some(true));
        assert_eq!((silent.code, silent.who), ("no-answer", "server side"));
        assert_eq!(timeout(Phase::Upgrade, Some(false)).who, "path");
    }

    #[test]
    fn a_second_look_tells_a_process_that_lives_from_one_that_hangs() {
        let of = |end: LookEnd| {
            let look = SecondLook {
                tried: Tried::Tls,
                answered: false,
                end: Some(end),
                words: "a try".into(),
                status: None,
                date_unix: None,
                took: Span::from_millis(2),
            };
            let facts = Facts { url: "ws://a/".into(), second_looks: vec![look], ..Facts::default() };
            let limit = Span::from_secs(10);
            let fault = DialFault::TimedOut { limit, attempts: Vec::new(), delivered: Some(true), received: 0 };
            failed(&facts, &DialFailed { phase: Phase::Upgrade, fault, took: limit }).unwrap()
        };
        for (end, cause) in [
            (LookEnd::NoTls, "the process lives"),
            (LookEnd::Cut, "the process lives"),
            (LookEnd::NoAnswer, "the process behind the port hangs or is stopped"),
            (LookEnd::NoConnection, "the process behind the port hangs, a proxy"),
        ] {
            let finding = of(end);
            assert_eq!((finding.code, finding.confidence), ("no-answer", Possible), "{end:?}");
            assert!(finding.cause.starts_with(cause), "{end:?}: {}", finding.cause);
        }
    }

    #[test]
    fn localhost_on_one_family_only_is_told_with_its_reason() {
        let facts = Facts { name: Some("localhost".into()), ..Facts::default() };
        let mut open = TcpOpen {
            peer: "127.0.0.1:3000".into(),
            local: "127.0.0.1:51000".into(),
            attempts: vec![
                attempt("[::1]:3000", AttemptOutcome::Refused),
                attempt("127.0.0.1:3000", AttemptOutcome::Open),
            ],
            took: Span::from_millis(1),
        };
        let finding = address_skipped(&facts, &open).unwrap();
        assert_eq!((finding.code, finding.severity), ("address-skipped", Severity::Note));
        assert_eq!(finding.fact, "localhost refused on ::1, open on 127.0.0.1");
        assert_eq!(finding.cause, "the server listens on IPv4 only");
        open.attempts[0].outcome = AttemptOutcome::NetworkUnreachable;
        assert_eq!(address_skipped(&facts, &open), None);
    }
}
