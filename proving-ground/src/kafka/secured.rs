//! What protects a broker of a test's own: a certificate, and a user with a password. Made by the
//! programs that come with Java.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// How a [`PrivateKafka`](super::PrivateKafka) is reached that asks for TLS and for a password.
#[derive(Clone, Debug)]
pub struct Secured {
    /// `host:port` for TLS (security protocol `SSL`).
    pub tls: String,
    /// `host:port` for TLS where the client shows a certificate too.
    pub mutual_tls: String,
    /// `host:port` for a password by SCRAM over TLS (`SASL_SSL`, `SCRAM-SHA-256` or `SCRAM-SHA-512`).
    pub sasl_tls: String,
    /// The user that SCRAM knows.
    pub username: String,
    /// That user's password.
    pub password: String,
    /// The certificates that a client trusts: PEM.
    pub ca_file: PathBuf,
    /// The certificate of a client that the server trusts: PEM.
    pub certificate_file: PathBuf,
    /// Its key: PEM.
    pub key_file: PathBuf,
}

/// Makes a certificate for this machine that vouches for itself, and its key, as `NAME.pem` and
/// `NAME.key` in `folder`.
pub(super) fn make_certificate(folder: &Path, name: &str) {
    let openssl = Command::new("openssl")
        .current_dir(folder)
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-days", "2", "-subj", &format!("/CN={name}")])
        .args(["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"])
        .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")])
        .output();
    let openssl = openssl.expect("certificates are made by openssl: apt-get install openssl");
    assert!(openssl.status.success(), "{}", String::from_utf8_lossy(&openssl.stderr));
}
