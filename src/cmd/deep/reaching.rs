//! The way to the server, as `probe --deep` looks at it: name, each address, TLS with and without a name, h2 in the
//! offer. Owns what is tried; the judgement is `exam::deep::reaching`'s, requests are `asking`'s.

use std::net::{IpAddr, SocketAddr};
use std::slice;

use crate::cmd::deep::asking::Asking;
use crate::event::show::safe;
use crate::event::{Attempt, AttemptOutcome, Certificate, ResolvedBy};
use crate::exam::deep::reaching::{self, Tried};
use crate::exam::deep::{ADDRESSES_MAX, PAUSE, Verdict};
use crate::net::dial;
use crate::net::exchange::{self, Way};
use crate::net::tls::Sni;
use crate::report::human::words;

impl Asking<'_> {
    pub(super) fn names(&self) -> Verdict {
        match &self.resolved {
            Ok(resolved) => {
                let is_literal = resolved.by == ResolvedBy::Literal;
                reaching::names(&resolved.name, &resolved.addresses, is_literal, resolved.took)
            }
            Err(why) => Verdict::note(why.clone()),
        }
    }

    pub(super) async fn addresses(&mut self) -> Verdict {
        if self.addresses.is_empty() {
            return Verdict::skipped("no address to connect to");
        }
        let mut tried = Vec::new();
        for address in self.addresses.clone().iter().take(ADDRESSES_MAX) {
            tokio::time::sleep(PAUSE.duration()).await;
            tried.push(self.try_address(address).await);
        }
        reaching::addresses(&tried, self.reach.dial.target.is_loopback_name())
    }

    async fn try_address(&self, address: &SocketAddr) -> Tried {
        let mut attempts = Vec::new();
        let connecting = dial::connect(&self.reach.dial, slice::from_ref(address), &self.clock, &mut attempts);
        let connected = tokio::time::timeout(self.wait().duration(), connecting).await;
        let outcome = attempts.first().map_or(AttemptOutcome::Other, |attempt: &Attempt| attempt.outcome);
        let took = match connected {
            Ok(Ok((_, open))) => Ok(open.took),
            Ok(Err(_)) => Err(outcome_words(outcome).to_owned()),
            Err(_) => Err("silent".to_owned()),
        };
        let is_ours = matches!(outcome, AttemptOutcome::NetworkUnreachable | AttemptOutcome::BindFailed);
        Tried { address: address.ip().to_string(), took, is_ours }
    }

    /// TLS as the run has it, whatever the certificate is worth.
    pub(super) async fn certificate(&mut self) -> Verdict {
        let mut plan = self.reach.dial.clone();
        plan.tls.insecure = true;
        let ready = match self.connect(&plan).await {
            Ok(way) => way.tls,
            Err(why) => return Verdict::note(why),
        };
        let Some(ready) = ready else { return Verdict::skipped("no TLS") };
        self.subject = ready.certificate.as_ref().map(subject);
        let chain = ready.certificate.as_ref().map(|certificate| {
            let words = format!("{} by {}", safe(&subject(certificate)), safe(&certificate.issuer));
            (words, certificate.chain_len, certificate.days_left)
        });
        let overlooked = ready.overlooked.as_ref().map(|why| why.words.as_str());
        reaching::certificate(&format!("{}, {}", ready.version, ready.cipher), chain, overlooked)
    }

    pub(super) async fn sni(&mut self) -> Verdict {
        let reach = self.reach;
        if reach.dial.target.host.parse::<IpAddr>().is_ok() {
            return Verdict::skipped("an address has no SNI");
        }
        if self.subject.is_none() {
            return Verdict::skipped("no certificate to compare with");
        }
        let mut without = reach.dial.clone();
        without.tls.insecure = true;
        without.tls.sni = Sni::None;
        let other = self.connect(&without).await;
        let other = other.map(|way| way.tls.and_then(|ready| ready.certificate).as_ref().map(subject));
        reaching::sni(self.subject.as_deref(), &other)
    }

    pub(super) async fn alpn(&mut self) -> Verdict {
        let mut plan = self.reach.dial.clone();
        plan.tls.offer_h2 = true;
        let chosen = self.connect(&plan).await.map(|way| way.tls.and_then(|ready| ready.alpn));
        reaching::alpn(&chosen)
    }

    async fn connect(&self, plan: &dial::Plan) -> Result<Way, String> {
        tokio::time::sleep(PAUSE.duration()).await;
        let connected = exchange::connect(plan, &self.addresses, self.wait(), self.clock).await;
        connected.map_err(|fault| words::dial_fault(&fault))
    }
}

/// The certificate's subject, or its first name.
fn subject(certificate: &Certificate) -> String {
    match certificate.names.first() {
        Some(name) if certificate.subject.is_empty() => name.clone(),
        _ => certificate.subject.clone(),
    }
}

fn outcome_words(outcome: AttemptOutcome) -> &'static str {
    match outcome {
        AttemptOutcome::Refused => "refused",
        AttemptOutcome::TimedOut => "silent",
        AttemptOutcome::Reset => "reset",
        AttemptOutcome::NetworkUnreachable => "no way into its network from here",
        AttemptOutcome::HostUnreachable => "host unreachable",
        _ => "failed",
    }
}
