//! Where a Kafka is, and how clients log in.

use std::{env, fs, path::Path};

/// A Kafka that runs already. The one that tests share may not be stopped: others use it too.
#[derive(Clone, Debug)]
pub struct KafkaServer {
    address: String,
    login: Option<(String, String)>,
}

impl KafkaServer {
    /// The one of `CINELOG_TEST_KAFKA_URL`, or the one that `scripts/services up kafka` started in this
    /// checkout.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn running() -> Self {
        if let Ok(url) = env::var("CINELOG_TEST_KAFKA_URL") {
            return Self::at(&url);
        }
        let here = env::current_dir().unwrap_or_default();
        let url = url_above(Path::new(env!("CARGO_MANIFEST_DIR"))).or_else(|| url_above(&here));
        let url = url.expect(
            "these tests need Kafka: run scripts/services up kafka, \
             or set CINELOG_TEST_KAFKA_URL to kafka://USER:PASSWORD@HOST:PORT",
        );
        Self::at(&url)
    }

    /// The one at `kafka://USER:PASSWORD@HOST:PORT` (by SASL/PLAIN, without TLS) or `kafka://HOST:PORT`; of
    /// several brokers, `HOST:PORT,HOST:PORT`.
    ///
    /// # Panics
    ///
    /// Where that is no such address.
    pub fn at(url: &str) -> Self {
        let rest = url.trim().strip_prefix("kafka://").expect("it begins with kafka://");
        let (login, address) = match rest.rsplit_once('@') {
            Some((login, address)) => {
                let login = login.split_once(':').expect("USER:PASSWORD stands before the @");
                (Some((login.0.to_owned(), login.1.to_owned())), address)
            }
            None => (None, rest),
        };
        Self { address: address.to_owned(), login }
    }

    /// `host:port`, to begin with; of several brokers, all of them with commas in between.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// User and password, where it asks for them.
    pub fn login(&self) -> Option<(&str, &str)> {
        self.login.as_ref().map(|(user, password)| (&user[..], &password[..]))
    }

    /// What a client of librdkafka must set to get in.
    pub fn client_settings(&self) -> Vec<(String, String)> {
        let mut settings = vec![("bootstrap.servers".to_owned(), self.address.clone())];
        if let Some((user, password)) = &self.login {
            settings.extend([
                ("security.protocol".to_owned(), "SASL_PLAINTEXT".to_owned()),
                ("sasl.mechanisms".to_owned(), "PLAIN".to_owned()),
                ("sasl.username".to_owned(), user.clone()),
                ("sasl.password".to_owned(), password.clone()),
            ]);
        }
        settings
    }
}

fn url_above(folder: &Path) -> Option<String> {
    let file = folder.ancestors().map(|above| above.join(".services/kafka/url"));
    file.filter_map(|file| fs::read_to_string(file).ok()).next()
}
