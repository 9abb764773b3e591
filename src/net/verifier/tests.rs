//! Certificates made on the spot, and what is said about them.

#![allow(clippy::unwrap_used)]

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};

use super::*;
use crate::net::{identity, trust};

/// 2026-03-01.
const NOW: i64 = 1_772_323_200;

fn at(unix: i64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(unix).unwrap()))
}

fn verifier(roots: &[CertificateDer<'static>], insecure: bool) -> Verifier {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Verifier::new(Arc::new(trust::store_of(roots)), roots.to_vec(), insecure, &provider)
}

/// Whether the chain passes, and what is said about it.
fn judge(
    verifier: &Verifier,
    chain: &[CertificateDer<'static>],
    host: &str,
    now: i64,
) -> (bool, Option<CertificateFault>) {
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let passes = verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], at(now)).is_ok();
    assert_eq!(verifier.seen().chain, chain);
    (passes, verifier.seen().fault)
}

fn params(common: &str, is_ca: bool) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common);
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2026, 6, 1);
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params
}

fn self_signed(params: &CertificateParams) -> Vec<CertificateDer<'static>> {
    vec![params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()]
}

#[test]
fn a_certificate_that_begins_before_1970_is_told_as_that() {
    let key = KeyPair::generate().unwrap();
    let root = params("Root", true).self_signed(&key).unwrap().der().clone();
    let issuer = Issuer::new(params("Root", true), key);
    let leaf = params("a.example", false).signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
    let mut der = leaf.der().to_vec();
    let place = der.windows(13).position(|bytes| bytes == b"260101000000Z").unwrap();
    der[place..place + 2].copy_from_slice(b"60");
    let (passes, fault) = judge(&verifier(&[root], false), &[CertificateDer::from(der)], "a.example", NOW);
    let fault = fault.unwrap();
    assert_eq!((passes, fault.kind), (false, CertificateFaultKind::Other));
    assert!(fault.words.contains("1960-01-01"), "{}", fault.words);
}

#[test]
fn a_good_chain_passes_for_name_and_address() {
    let chain = identity::server_identity(&["a.example".to_owned()], NOW).unwrap().chain;
    let verifier = verifier(&chain[1..], false);
    for host in ["a.example", "localhost", "127.0.0.1", "::1"] {
        assert_eq!(judge(&verifier, &chain, host, NOW), (true, None), "{host}");
    }
}

#[test]
fn an_expired_certificate_is_told_with_its_day() {
    let chain = identity::server_identity(&[], NOW).unwrap().chain;
    let (passes, told) = judge(&verifier(&chain[1..], false), &chain, "localhost", NOW + 39 * DAY);
    let told = told.unwrap();
    assert!(!passes);
    assert_eq!((told.kind, told.words.as_str()), (CertificateFaultKind::Expired, "expired on 2026-03-30, 10 days ago"));
}

#[test]
fn a_certificate_of_the_future_is_told() {
    let chain = identity::server_identity(&[], NOW).unwrap().chain;
    let (passes, told) = judge(&verifier(&chain[1..], false), &chain, "localhost", NOW - 10 * DAY);
    let told = told.unwrap();
    assert!(!passes);
    assert_eq!(told.kind, CertificateFaultKind::NotYetValid);
    assert_eq!(told.words, "not valid before 2026-02-28, and it is 2026-02-19 on this machine");
}

#[test]
fn a_wrong_name_is_told_with_the_right_ones() {
    let chain = identity::server_identity(&[], NOW).unwrap().chain;
    let verifier = verifier(&chain[1..], false);
    let (passes, told) = judge(&verifier, &chain, "c.example", NOW);
    let told = told.unwrap();
    assert!(!passes);
    assert_eq!(told.kind, CertificateFaultKind::WrongName);
    assert_eq!(told.words, "is for localhost, 127.0.0.1, ::1, not for c.example");
    let (_, told) = judge(&verifier, &chain, "10.0.0.1", NOW);
    assert_eq!(told.unwrap().words, "is for localhost, 127.0.0.1, ::1, not for 10.0.0.1");
}

#[test]
fn an_unknown_issuer_is_told_by_name() {
    let issuer = Issuer::new(params("Corp CA", true), KeyPair::generate().unwrap());
    let leaf = params("a.example", false).signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
    let roots = self_signed(&params("Another CA", true));
    for verifier in [verifier(&roots, false), verifier(&[], false)] {
        let (passes, told) = judge(&verifier, &[leaf.der().clone()], "a.example", NOW);
        let told = told.unwrap();
        assert!(!passes);
        assert_eq!(told.kind, CertificateFaultKind::UnknownIssuer);
        assert_eq!(told.words, "issuer \"Corp CA\" is not in the trust store");
    }
}

#[test]
fn an_issuer_of_the_same_name_with_another_key_is_told() {
    let chain = identity::server_identity(&[], NOW).unwrap().chain;
    let another = identity::server_identity(&[], NOW).unwrap().chain;
    let (passes, told) = judge(&verifier(&another[1..], false), &chain, "localhost", NOW);
    let told = told.unwrap();
    assert!(!passes);
    assert_eq!(told.kind, CertificateFaultKind::UnknownIssuer);
    let expected = "signed with another key than that of issuer \"wscope on-the-spot CA\" in the trust store";
    assert_eq!(told.words, expected);
}

#[test]
fn a_self_signed_certificate_is_told() {
    for is_ca in [false, true] {
        let chain = self_signed(&params("a.example", is_ca));
        let (passes, told) = judge(&verifier(&[], false), &chain, "a.example", NOW);
        let told = told.unwrap();
        assert!(!passes);
        assert_eq!((told.kind, told.words.as_str()), (CertificateFaultKind::SelfSigned, "self-signed"));
    }
}

#[test]
fn a_self_signed_certificate_given_as_ca_is_trusted_for_its_name_and_time_only() {
    for is_ca in [false, true] {
        let chain = self_signed(&params("a.example", is_ca));
        let verifier = verifier(&chain, false);
        assert_eq!(judge(&verifier, &chain, "a.example", NOW), (true, None));
        let (passes, told) = judge(&verifier, &chain, "c.example", NOW);
        assert_eq!((passes, told.unwrap().kind), (false, CertificateFaultKind::WrongName));
        let (passes, told) = judge(&verifier, &chain, "a.example", NOW + 365 * DAY);
        assert_eq!((passes, told.unwrap().kind), (false, CertificateFaultKind::Expired));
    }
}

#[test]
fn insecure_lets_all_pass_and_says_all() {
    let chain = self_signed(&params("a.example", false));
    let (passes, told) = judge(&verifier(&[], true), &chain, "c.example", NOW + 365 * DAY);
    let told = told.unwrap();
    assert!(passes);
    assert_eq!(told.kind, CertificateFaultKind::Expired);
    assert_eq!(told.words, "expired on 2026-06-01, 273 days ago; self-signed; is for a.example, not for c.example");
}

#[test]
fn what_is_no_certificate_is_told_and_passes_only_when_insecure() {
    let chain = [CertificateDer::from(vec![1, 2, 3])];
    let roots = self_signed(&params("Another CA", true));
    let (passes, told) = judge(&verifier(&roots, false), &chain, "a.example", NOW);
    assert!(!passes);
    assert_eq!(told.unwrap().words, "not an X.509 certificate");
    assert!(judge(&verifier(&roots, true), &chain, "a.example", NOW).0);
}

#[test]
fn a_certificate_that_ends_before_it_begins_makes_no_panic() {
    let mut odd = params("a.example", false);
    std::mem::swap(&mut odd.not_before, &mut odd.not_after);
    let chain = self_signed(&odd);
    let (passes, told) = judge(&verifier(&[], false), &chain, "a.example", NOW);
    assert!(!passes && told.is_some());
}

#[test]
fn many_names_are_cut() {
    let names: Vec<String> = (0..9).map(|number| format!("{number}.example")).collect();
    let words = name_words(&names, "c.example");
    assert_eq!(words, "is for 0.example, 1.example, 2.example, 3.example, 4.example and 4 more, not for c.example");
    assert!(name_words(&[], "c.example").starts_with("has no subject alternative name"));
}
