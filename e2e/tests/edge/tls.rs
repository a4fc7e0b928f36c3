//! TLS: which versions, which keys, and a certificate that changes while the server runs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use e2e::{PATIENCE, Server};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
    version,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::sockets::address;

/// A folder with certificates.
struct Certificates(TempDir);

impl Certificates {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl").args(arguments).current_dir(self.0.path()).output();
        let output = output.expect("certificates are made by openssl: apt-get install openssl");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Makes `NAME.pem` and `NAME.key`, for localhost, with a key of this kind.
    fn make(&self, name: &str, kind: &[&str]) {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let mut arguments = vec!["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=localhost"];
        arguments.extend([
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ]);
        arguments.extend(["-keyout", &key, "-out", &certificate]);
        arguments.extend(kind);
        self.openssl(&arguments);
    }

    /// Puts the pair under the names that the server knows.
    fn use_pair(&self, certificate: &str, key: &str) {
        for (from, to) in [(certificate, "live.pem"), (key, "live.key")] {
            let aside = self.path("aside");
            fs::copy(self.path(from), &aside).unwrap();
            fs::rename(&aside, self.path(to)).unwrap();
        }
    }

    fn der(&self, name: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(self.path(name)).unwrap()
    }

    fn server(&self) -> Server {
        let (certificate, key) = (self.path("live.pem"), self.path("live.key"));
        Server::start_in(
            &[
                ("CINELOG__SERVER__TLS__CERTIFICATE_FILE", certificate.as_os_str()),
                ("CINELOG__SERVER__TLS__KEY_FILE", key.as_os_str()),
                ("CINELOG__SERVER__TLS__HANDSHAKE_TIMEOUT", "6s".as_ref()),
            ],
            &self.path("data"),
            &[],
        )
    }
}

const RSA: &[&str] = &["-newkey", "rsa:2048"];
const P256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

async fn connect(
    server: &Server,
    trusted: &[CertificateDer<'static>],
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted.iter().cloned());
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_protocol_versions(&[version]).unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(address(server)).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// The certificate that the server shows, whichever of these it is.
async fn shown(server: &Server, trusted: &[CertificateDer<'static>]) -> CertificateDer<'static> {
    let stream = connect(server, trusted, &version::TLS13).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

async fn ask(mut stream: TlsStream<TcpStream>) -> String {
    let request = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn tls_is_spoken_in_both_versions_with_keys_of_every_form() {
    let certificates = Certificates::new();
    certificates.make("rsa", RSA);
    certificates.make("ec", P256);
    certificates.openssl(&["rsa", "-in", "rsa.key", "-traditional", "-out", "pkcs1.key"]);
    certificates.openssl(&["ec", "-in", "ec.key", "-out", "sec1.key"]);
    assert!(
        fs::read_to_string(certificates.path("pkcs1.key"))
            .unwrap()
            .contains("BEGIN RSA PRIVATE KEY")
    );
    assert!(
        fs::read_to_string(certificates.path("sec1.key")).unwrap().contains("BEGIN EC PRIVATE KEY")
    );
    for (certificate, key) in [
        ("rsa.pem", "rsa.key"),
        ("rsa.pem", "pkcs1.key"),
        ("ec.pem", "ec.key"),
        ("ec.pem", "sec1.key"),
    ] {
        certificates.use_pair(certificate, key);
        let server = certificates.server();
        assert!(server.url.starts_with("https://"), "{}", server.banner);
        assert!(server.admin_url.starts_with("http://"), "{}", server.banner);
        let trusted = [certificates.der(certificate)];
        for version in [&version::TLS12, &version::TLS13] {
            let stream = connect(&server, &trusted, version).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            let answer = ask(stream).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            assert!(answer.contains("strict-transport-security: max-age=31536000"), "{answer}");
        }
        assert!(connect(&server, &[], &version::TLS13).await.is_err(), "the test looks at it");
    }
}

#[tokio::test]
async fn a_certificate_that_changes_is_used_and_one_that_does_not_fit_is_not() {
    let certificates = Certificates::new();
    for name in ["first", "second", "third"] {
        certificates.make(name, P256);
    }
    certificates.use_pair("first.pem", "first.key");
    let server = certificates.server();
    let trusted = ["first.pem", "second.pem", "third.pem"].map(|name| certificates.der(name));
    assert_eq!(shown(&server, &trusted).await, trusted[0]);
    let before = connect(&server, &trusted, &version::TLS13).await.unwrap();

    // By itself.
    certificates.use_pair("second.pem", "second.key");
    becomes(&server, &trusted, 1).await;
    assert!(ask(before).await.starts_with("HTTP/1.1 200"), "connections stay");

    // What cannot be used, and what has expired, changes nothing, and is told.
    expired(&certificates);
    fs::write(certificates.path("torn.pem"), "-----BEGIN CERTIFICATE-----\nMIIB").unwrap();
    for (certificate, key, why) in [
        ("third.pem", "second.key", "does not belong"),
        ("torn.pem", "second.key", "certificate_file"),
        ("second.pem", "torn.pem", "key_file"),
        ("expired.pem", "expired.key", "expired at 2021-01-01"),
    ] {
        certificates.use_pair(certificate, key);
        server.logs(why).await;
        assert_eq!(shown(&server, &trusted).await, trusted[1], "{why}");
    }

    // When asked.
    certificates.use_pair("third.pem", "third.key");
    server.hang_up();
    becomes(&server, &trusted, 2).await;
    let metrics = server.anyone().at(&server.admin_url).get("/metrics").await.expect(200);
    let expires = metrics
        .text
        .lines()
        .find(|line| line.starts_with("cinelog_tls_certificate_expires_seconds "));
    let expires: f64 = expires.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the server counts in the system's time, too")]
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    let days = (expires - now.as_secs_f64()) / 86_400.0;
    assert!((29.0..30.1).contains(&days), "{days}");
}

async fn becomes(server: &Server, trusted: &[CertificateDer<'static>], which: usize) {
    let becomes = async {
        while shown(server, trusted).await != trusted[which] {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, becomes).await.expect("the certificate is changed");
}

/// Makes `expired.pem`: openssl makes one that has expired already as an authority only.
fn expired(certificates: &Certificates) {
    let authority = "[ca]\ndefault_ca=it\n[it]\ndatabase=index\nserial=serial\nnew_certs_dir=.\n\
                     default_md=sha256\npolicy=any\nx509_extensions=of\n[of]\n\
                     subjectAltName=DNS:localhost\n[any]\ncommonName=supplied\n";
    for (name, text) in [("ca.cnf", authority), ("index", ""), ("serial", "01\n")] {
        fs::write(certificates.path(name), text).unwrap();
    }
    let mut request = vec!["req", "-new", "-nodes", "-subj", "/CN=localhost"];
    request.extend(["-keyout", "expired.key", "-out", "expired.csr"]);
    request.extend(P256);
    certificates.openssl(&request);
    let mut sign = vec!["ca", "-batch", "-selfsign", "-notext", "-config", "ca.cnf"];
    sign.extend(["-in", "expired.csr", "-keyfile", "expired.key", "-out", "expired.pem"]);
    sign.extend(["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"]);
    certificates.openssl(&sign);
}

#[tokio::test]
async fn a_pair_that_does_not_fit_is_an_error_at_the_start() {
    let certificates = Certificates::new();
    certificates.make("one", P256);
    certificates.make("two", P256);
    let start = |certificate: &str, key: Option<&str>| {
        let (certificate, data) = (certificates.path(certificate), certificates.path("data"));
        let key = key.map(|key| certificates.path(key));
        let mut environment =
            vec![("CINELOG__SERVER__TLS__CERTIFICATE_FILE", certificate.as_os_str())];
        environment.extend(
            key.as_deref().map(|key: &Path| ("CINELOG__SERVER__TLS__KEY_FILE", key.as_os_str())),
        );
        let output = e2e::run_in(
            &environment,
            ["serve", "--listen", "127.0.0.1:0", "--data", &data.to_string_lossy()],
        );
        assert!(!output.success);
        output.stderr
    };
    assert!(start("one.pem", Some("two.key")).contains("does not belong to the certificate"));
    assert!(start("none.pem", Some("two.key")).contains("none.pem"));
    assert!(start("one.pem", None).contains("server.tls"));
}

#[tokio::test]
async fn a_handshake_that_is_not_finished_in_time_is_given_up() {
    let certificates = Certificates::new();
    certificates.make("live", P256);
    let server = certificates.server();
    for hello in [&b""[..], &b"\x16\x03\x01\x02\x00\x01"[..], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"]
    {
        let mut stream = TcpStream::connect(address(&server)).await.unwrap();
        stream.write_all(hello).await.unwrap();
        let answer = crate::sockets::read_to_close(&mut stream).await;
        assert!(!answer.contains("HTTP/1.1"), "{answer}");
    }
    let metrics = server.anyone().at(&server.admin_url).get("/metrics").await.expect(200).text;
    assert!(
        metrics.contains("cinelog_tls_handshakes_failed_total{reason=\"timeout\"} 2"),
        "{metrics}"
    );
    assert!(
        metrics.contains("cinelog_tls_handshakes_failed_total{reason=\"refused\"} 1"),
        "{metrics}"
    );
}
