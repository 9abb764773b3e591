//! Certificates for the tests of TLS: a CA and what it signed, as PEM files in a folder that goes when this goes.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SigningKey,
};

/// A folder of this test's own.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// `name` is the test's.
    pub fn new(name: &str) -> Scratch {
        let folder = std::env::temp_dir().join(format!("wscope-serve-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Scratch(folder)
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Who a certificate is for.
#[derive(Clone, Copy, Debug)]
pub enum Use {
    Server,
    Client,
}

/// The files of a CA and of one certificate that it signed.
#[derive(Debug)]
pub struct Files {
    pub ca: String,
    pub cert: String,
    pub key: String,
}

/// Makes both, as `NAME-ca.pem`, `NAME-cert.pem` and `NAME-key.pem`.
pub fn write(scratch: &Scratch, name: &str, purpose: Use) -> Files {
    let ca_key = KeyPair::generate().unwrap();
    let ca_params = ca();
    let ca_der = ca_params.self_signed(&ca_key).unwrap().der().to_vec();
    let issuer = Issuer::new(ca_params, ca_key);
    let key = KeyPair::generate().unwrap();
    let leaf = leaf(&issuer, &key, purpose);
    let files = Files {
        ca: scratch.file(&format!("{name}-ca.pem")),
        cert: scratch.file(&format!("{name}-cert.pem")),
        key: scratch.file(&format!("{name}-key.pem")),
    };
    put(&files.ca, &pem("CERTIFICATE", &ca_der));
    put(&files.cert, &pem("CERTIFICATE", &leaf));
    put(&files.key, &pem("PRIVATE KEY", &key.serialize_der()));
    files
}

fn ca() -> CertificateParams {
    let mut params = named("the CA of a test", Vec::new());
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf(issuer: &Issuer<'_, impl SigningKey>, key: &KeyPair, purpose: Use) -> Vec<u8> {
    let mut params = named("a leaf of a test", vec!["localhost".to_owned(), "127.0.0.1".to_owned()]);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![match purpose {
        Use::Server => ExtendedKeyUsagePurpose::ServerAuth,
        Use::Client => ExtendedKeyUsagePurpose::ClientAuth,
    }];
    params.use_authority_key_identifier_extension = true;
    params.signed_by(key, issuer).unwrap().der().to_vec()
}

fn named(common: &str, names: Vec<String>) -> CertificateParams {
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common);
    params
}

fn put(path: impl AsRef<Path>, text: &str) {
    fs::write(path, text).unwrap();
}

/// RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    let base64 = BASE64.encode(der);
    let lines: Vec<&str> =
        base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("base64 is ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
