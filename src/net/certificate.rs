//! Certificates in words: what a chain says about itself (RFC 5280).
//!
//! Owns the reading of DER for showing. Whether a certificate is trusted is `verifier`'s. A certificate comes from the
//! peer: nothing here may fail on a strange one, what cannot be read is shown in hex or not at all. Times before 1970
//! are `validity`'s.

mod validity;

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use x509_cert::certificate::{CertificateInner, Profile};
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::{DirectoryString, GeneralName};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;

use crate::event::{Certificate, ChainLink};

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// How many certificates of a chain are told one by one.
const LINKS_TOLD: usize = 10;

/// Reads a certificate as it was sent: a serial number that is too long is no reason to show nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct AsSent;

impl Profile for AsSent {
    fn check_serial_number(_serial: &SerialNumber<Self>) -> x509_cert::der::Result<()> {
        Ok(())
    }
}

type Parsed = CertificateInner<AsSent>;

/// The first certificate of the chain, as it is at `now_unix` (seconds since 1970); none when there is none, or it is
/// no X.509.
pub fn describe(chain: &[CertificateDer<'_>], now_unix: i64) -> Option<Certificate> {
    let own = chain.first()?;
    let parsed = parse(own)?;
    let inner = parsed.tbs_certificate();
    let names = alternative_names(&parsed);
    let (not_before_unix, not_after_unix) = times(own, &parsed);
    Some(Certificate {
        subject: subject_words(&parsed),
        names,
        issuer: issuer_words(inner.issuer()),
        not_before_unix,
        not_after_unix,
        days_left: not_after_unix.saturating_sub(now_unix).div_euclid(DAY),
        self_signed: inner.issuer() == inner.subject(),
        chain_len: chain.len(),
        chain: chain.iter().take(LINKS_TOLD).filter_map(link).collect(),
    })
}

/// A distinguished name in DER (RFC 5280 section 4.1.2.4): its common name, else the whole of it, else hex.
pub fn name_words(der: &[u8]) -> String {
    match Name::from_der(der) {
        Ok(name) => issuer_words(&name),
        Err(_) => data_encoding::HEXLOWER.encode(&der[..der.len().min(64)]),
    }
}

fn link(der: &CertificateDer<'_>) -> Option<ChainLink> {
    let parsed = parse(der)?;
    let (not_before_unix, not_after_unix) = times(der, &parsed);
    Some(ChainLink {
        subject: subject_words(&parsed),
        issuer: issuer_words(parsed.tbs_certificate().issuer()),
        not_before_unix,
        not_after_unix,
    })
}

fn subject_words(parsed: &Parsed) -> String {
    let subject = parsed.tbs_certificate().subject();
    if subject.is_empty() {
        return alternative_names(parsed).first().cloned().unwrap_or_else(|| "no subject".to_owned());
    }
    common_name(subject).unwrap_or_else(|| whole_name(subject))
}

/// The issuer that the chain lacks: that of the last certificate reached from the first by following the issuers.
pub fn missing_issuer(chain: &[CertificateDer<'_>]) -> Option<String> {
    let parsed: Vec<Parsed> = chain.iter().filter_map(parse).collect();
    let mut current = parsed.first()?;
    // Each certificate is followed at most once, so that a ring of issuers ends too.
    for _ in 0..parsed.len() {
        let issuer = current.tbs_certificate().issuer();
        if issuer == current.tbs_certificate().subject() {
            break;
        }
        let Some(next) = parsed.iter().find(|one| one.tbs_certificate().subject() == issuer) else {
            break;
        };
        current = next;
    }
    Some(issuer_words(current.tbs_certificate().issuer()))
}

fn parse(der: &CertificateDer<'_>) -> Option<Parsed> {
    let as_sent = Parsed::from_der(der.as_ref()).ok();
    as_sent.or_else(|| Parsed::from_der(&validity::since_1970(der.as_ref())?).ok())
}

/// Begin and end in seconds since 1970: negative before that.
fn times(der: &CertificateDer<'_>, parsed: &Parsed) -> (i64, i64) {
    let validity = parsed.tbs_certificate().validity();
    let as_read = (unix(validity.not_before.to_unix_duration()), unix(validity.not_after.to_unix_duration()));
    validity::unix_times(der.as_ref()).unwrap_or(as_read)
}

fn unix(since_1970: Duration) -> i64 {
    i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX)
}

/// DNS names and addresses (RFC 5280 section 4.2.1.6); other kinds of names are no hosts.
fn alternative_names(parsed: &Parsed) -> Vec<String> {
    let Ok(Some((_, alternative))) = parsed.tbs_certificate().get_extension::<SubjectAltName>() else {
        return Vec::new();
    };
    let told = |name: &GeneralName| match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_owned()),
        GeneralName::IpAddress(octets) => Some(address_words(octets.as_bytes())),
        _ => None,
    };
    alternative.0.iter().filter_map(told).collect()
}

fn address_words(octets: &[u8]) -> String {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Ipv4Addr::from(v4).to_string();
    }
    if let Ok(v6) = <[u8; 16]>::try_from(octets) {
        return Ipv6Addr::from(v6).to_string();
    }
    data_encoding::HEXLOWER.encode(octets)
}

/// The common name, with the organisation before it where the common name does not tell it: `Let's Encrypt R11`.
fn issuer_words(name: &Name) -> String {
    let Some(common) = common_name(name) else {
        return whole_name(name);
    };
    let organisation = name.organization().ok().flatten().and_then(readable);
    let Some(organisation) = organisation else {
        return common;
    };
    let told_already = organisation.split_whitespace().next().is_some_and(|word| common.contains(word));
    if told_already { common } else { format!("{organisation} {common}") }
}

fn common_name(name: &Name) -> Option<String> {
    name.common_name().ok().flatten().and_then(readable)
}

fn readable(text: DirectoryString) -> Option<String> {
    let text = text.value().trim().to_owned();
    if text.is_empty() { None } else { Some(text) }
}

/// The name as RFC 4514 writes it, or its DER in hex.
fn whole_name(name: &Name) -> String {
    let mut text = String::new();
    if write!(text, "{name}").is_ok() && !text.is_empty() {
        return text;
    }
    name.to_der().map_or_else(|_| "unreadable name".to_owned(), |der| data_encoding::HEXLOWER.encode(&der))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, Issuer, KeyPair};

    use super::*;
    use crate::event::show;

    fn params(names: &[&str], common: &str) -> CertificateParams {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = DistinguishedName::new();
        if !common.is_empty() {
            params.distinguished_name.push(DnType::CommonName, common);
        }
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 3, 1);
        params
    }

    fn self_signed(params: &CertificateParams) -> CertificateDer<'static> {
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    #[test]
    fn a_certificate_is_told_with_its_names_and_days() {
        let chain = [self_signed(&params(&["a.example", "127.0.0.1", "::1"], "a.example"))];
        let told = describe(&chain, 1_772_323_200 - 61 * DAY - 1).unwrap();
        assert_eq!(told.subject, "a.example");
        assert_eq!(told.names, ["a.example", "127.0.0.1", "::1"]);
        assert_eq!(
            (show::day(told.not_before_unix), show::day(told.not_after_unix)),
            ("2026-01-01".into(), "2026-03-01".into())
        );
        assert_eq!((told.days_left, told.self_signed, told.chain_len), (61, true, 1));
    }

    #[test]
    fn days_left_are_negative_from_the_end_on() {
        let chain = [self_signed(&params(&["a.example"], "a.example"))];
        let end = describe(&chain, 0).unwrap().not_after_unix;
        assert_eq!(describe(&chain, end).unwrap().days_left, 0);
        assert_eq!(describe(&chain, end + 1).unwrap().days_left, -1);
        assert_eq!(describe(&chain, i64::MIN).unwrap().days_left, i64::MAX / DAY);
    }

    #[test]
    fn an_issuer_is_told_with_its_organisation() {
        let table = [
            ("R11", "Let's Encrypt", "Let's Encrypt R11"),
            ("DigiCert Global G2", "DigiCert Inc", "DigiCert Global G2"),
            ("Corp CA", "", "Corp CA"),
        ];
        for (common, organisation, expected) in table {
            let mut ca = params(&[], common);
            if !organisation.is_empty() {
                ca.distinguished_name.push(DnType::OrganizationName, organisation);
            }
            let issuer = Issuer::new(ca, KeyPair::generate().unwrap());
            let leaf = params(&["a.example"], "").signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
            let chain = [leaf.der().clone()];
            let told = describe(&chain, 0).unwrap();
            assert_eq!((told.issuer.as_str(), told.subject.as_str(), told.self_signed), (expected, "a.example", false));
            assert_eq!(missing_issuer(&chain).as_deref(), Some(expected));
        }
    }

    #[test]
    fn the_missing_issuer_is_the_last_one_of_the_chain() {
        let root = Issuer::new(params(&[], "Root"), KeyPair::generate().unwrap());
        let middle_params = params(&[], "Middle");
        let middle_key = KeyPair::generate().unwrap();
        let middle = middle_params.signed_by(&middle_key, &root).unwrap();
        let middle_issuer = Issuer::new(middle_params, middle_key);
        let leaf = params(&["a.example"], "").signed_by(&KeyPair::generate().unwrap(), &middle_issuer).unwrap();
        assert_eq!(missing_issuer(&[leaf.der().clone()]).as_deref(), Some("Middle"));
        let chain = [leaf.der().clone(), middle.der().clone()];
        assert_eq!(missing_issuer(&chain).as_deref(), Some("Root"));
        let links = describe(&chain, 0).unwrap().chain;
        let told: Vec<_> = links.iter().map(|link| (link.subject.as_str(), link.issuer.as_str())).collect();
        assert_eq!(told, [("a.example", "Middle"), ("Middle", "Root")]);
        let many = vec![leaf.der().clone(); 40];
        assert_eq!(describe(&many, 0).map(|told| (told.chain.len(), told.chain_len)), Some((LINKS_TOLD, 40)));
    }

    #[test]
    fn a_name_without_a_common_name_is_told_as_a_whole() {
        let mut odd = params(&["a.example"], "");
        odd.distinguished_name.push(DnType::OrganizationName, "Example, Inc");
        let told = describe(&[self_signed(&odd)], 0).unwrap();
        assert_eq!(told.issuer, "O=Example\\, Inc");
    }

    #[test]
    fn a_certificate_that_begins_before_1970_is_read() {
        let mut der = self_signed(&params(&["a.example"], "a.example")).to_vec();
        let place = der.windows(13).position(|bytes| bytes == b"260101000000Z").unwrap();
        der[place..place + 2].copy_from_slice(b"60");
        let told = describe(&[CertificateDer::from(der)], 0).unwrap();
        assert_eq!((told.subject.as_str(), show::day(told.not_before_unix).as_str()), ("a.example", "1960-01-01"));
        assert_eq!(show::day(told.not_after_unix), "2026-03-01");
        assert_eq!(told.chain[0].not_before_unix, told.not_before_unix);
    }

    #[test]
    fn what_is_no_certificate_is_not_described() {
        assert_eq!(describe(&[], 0), None);
        let whole = self_signed(&params(&["a.example"], "a.example"));
        for length in 0..whole.len() {
            assert_eq!(describe(&[CertificateDer::from(whole[..length].to_vec())], 0), None);
        }
        for index in 0..whole.len() {
            let mut broken = whole.to_vec();
            broken[index] ^= 0x55;
            let _ = describe(&[CertificateDer::from(broken)], 0);
        }
    }
}
