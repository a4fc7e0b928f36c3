//! The mail server that all tests share.

use std::{fs, path::PathBuf};

use crate::server::url_of_service;

/// A mail server that runs already, keeps what it is sent, and may not be stopped: others use it too. A test
/// sends to addresses of its own. Those that begin with `never-` are refused, those with `later-2-` two times.
#[derive(Clone, Debug)]
pub struct MailServer {
    port: u16,
    password: String,
}

impl MailServer {
    /// The one that `scripts/services up smtp` started in this checkout.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn running() -> Self {
        let url = url_of_service("smtp", "CINELOG_TEST_SMTP_URL");
        let url = url.expect("these tests need a mail server: run scripts/services up smtp");
        let (login, place) = url.rsplit_once('@').expect("an URL with a login");
        let password = login.rsplit_once(':').expect("a password").1.to_owned();
        let port = place.rsplit_once(':').expect("a port").1;
        Self { port: port.parse().expect("a port"), password }
    }

    /// Its port, on `localhost`: plain, or with STARTTLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The password of the user `cinelog`.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Where the mails to an address are, over HTTP: a JSON list of texts.
    pub fn mails_to(&self, address: &str) -> String {
        format!("http://127.0.0.1:{}/{address}", self.port + 1)
    }

    /// The file of its certificate.
    ///
    /// # Panics
    ///
    /// Where it is not there.
    pub fn certificate(&self) -> PathBuf {
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = here.ancestors().map(|above| above.join(".services/smtp/certificate.pem"));
        let file = files.find(|file| fs::exists(file).unwrap_or(false));
        file.expect("scripts/services up smtp makes a certificate")
    }
}
