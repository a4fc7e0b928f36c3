//! `[kafka]`: the bus that events are relayed to.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Secret, Texts, duration, within};

/// Kafka, where events are published for others, and for projectors that are fed by it. Of no meaning
/// unless `brokers` is set.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct KafkaConfig {
    /// `HOST:PORT` of one broker or more, to begin with: a list, or a text with commas. A process that has
    /// all roles relays where they are set; the role `relay` needs them. Needs a binary that was built with
    /// the feature `kafka`.
    pub(crate) brokers: Brokers,
    /// The topic that events are published to. What else is kept on Kafka (the relay's checkpoint in
    /// `TOPIC.relay`, groups, transactions) has a name that begins with it.
    pub(crate) topic: String,
    /// Into how many partitions the topic is made. It must have as many ever after: with another number,
    /// events of one stream would go to another partition than those before them.
    pub(crate) partitions: i32,
    /// On how many brokers each partition is kept. Unset: what the brokers do by default. In earnest 3, with
    /// `min.insync.replicas` 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replication: Option<i32>,
    /// How long a topic that is made keeps events. 0: for ever.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) retention: Duration,
    /// How long a relay or a projector may be silent before another takes over. Brokers allow no less than
    /// their `group.min.session.timeout.ms`, 6 s unless configured.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) session_timeout: Duration,
    /// Whether the connection is encrypted and whether one logs in: `plaintext`, `ssl`, `sasl_plaintext` or
    /// `sasl_ssl`.
    pub(crate) protocol: KafkaProtocol,
    /// How the password is proved: `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    pub(crate) mechanism: KafkaMechanism,
    /// Who logs in.
    pub(crate) username: String,
    /// The password. Never shown.
    pub(crate) password: Secret,
    /// A file that holds the password, instead of `password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password_file: Option<PathBuf>,
    /// The certificates to trust (PEM). Unset: those that the system trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    /// The certificate to show to brokers (PEM), where they ask for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate_file: Option<PathBuf>,
    /// Its key (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key_file: Option<PathBuf>,
}

/// Whether the connection is encrypted, and whether one logs in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KafkaProtocol {
    /// Neither.
    #[default]
    Plaintext,
    /// Encrypted.
    Ssl,
    /// With a login, which whoever listens can read.
    SaslPlaintext,
    /// Both.
    SaslSsl,
}

/// How a password is proved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum KafkaMechanism {
    /// By saying it.
    #[serde(rename = "PLAIN")]
    Plain,
    /// By SCRAM with SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// By SCRAM with SHA-512.
    #[default]
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

/// Brokers, each `HOST:PORT`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Texts")]
#[schemars(with = "Vec<String>")]
pub(crate) struct Brokers(Vec<String>);

impl TryFrom<Texts> for Brokers {
    type Error = String;

    fn try_from(written: Texts) -> Result<Self, Self::Error> {
        let brokers = written.parts();
        // What was given is not repeated: it may be an address with a password in it.
        match brokers.iter().all(|broker| is_address(broker)) {
            true => Ok(Self(brokers)),
            false => Err("expected HOST:PORT, or more of them with commas; \
                          username and password have keys of their own"
                .to_owned()),
        }
    }
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains(['/', '@', ' ']) && port.parse::<u16>().is_ok()
    })
}

impl Brokers {
    /// Each.
    pub(crate) fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            brokers: Brokers::default(),
            topic: "cinelog.events.v1".to_owned(),
            partitions: 12,
            replication: None,
            retention: Duration::ZERO,
            session_timeout: Duration::from_secs(6),
            protocol: KafkaProtocol::default(),
            mechanism: KafkaMechanism::default(),
            username: String::new(),
            password: Secret::default(),
            password_file: None,
            ca_file: None,
            certificate_file: None,
            key_file: None,
        }
    }
}

/// The longest name of a topic: Kafka allows 249, and `.relay` is added to it.
const TOPIC_BYTES_MAX: usize = 200;

impl KafkaConfig {
    /// Whether there is a Kafka.
    pub(crate) fn is_set(&self) -> bool {
        !self.brokers.0.is_empty()
    }

    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        if self.is_set() && !cfg!(feature = "kafka") {
            wrong.push(
                "kafka.brokers: this binary was built without Kafka; build it with \
                 `cargo build --release --features kafka`, or use the Docker image"
                    .to_owned(),
            );
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let length = self.topic.len();
        // Brokers take these two for folders.
        let is_folder = matches!(self.topic.as_str(), "." | "..");
        if !(1..=TOPIC_BYTES_MAX).contains(&length) || !self.topic.bytes().all(plain) || is_folder {
            wrong.push(format!(
                "kafka.topic: expected 1 to {TOPIC_BYTES_MAX} of a-z, A-Z, 0-9, '.', '_' and '-', and not \
                 \".\" or \"..\""
            ));
        }
        within(wrong, "kafka.partitions", self.partitions, 1..=10_000);
        within(wrong, "kafka.replication", self.replication.unwrap_or(1), 1..=100);
        let seconds = self.retention.as_secs();
        within(wrong, "kafka.retention in seconds", seconds, 0..=u64::from(u32::MAX));
        let milliseconds = self.session_timeout.as_millis();
        within(wrong, "kafka.session_timeout in milliseconds", milliseconds, 1_000..=300_000);
        self.check_login(wrong);
    }

    /// What belongs together is there together: a password that is not used would be believed to protect.
    fn check_login(&self, wrong: &mut Vec<String>) {
        let logs_in =
            matches!(self.protocol, KafkaProtocol::SaslPlaintext | KafkaProtocol::SaslSsl);
        let has_password = self.password.reveal().is_some() || self.password_file.is_some();
        if logs_in && (self.username.is_empty() || !has_password) {
            wrong.push(
                "kafka.protocol: with a login it needs kafka.username, and kafka.password or \
                 kafka.password_file"
                    .to_owned(),
            );
        }
        if !logs_in && (!self.username.is_empty() || has_password) {
            wrong.push(
                "kafka.username and kafka.password are for kafka.protocol sasl_ssl or sasl_plaintext"
                    .to_owned(),
            );
        }
        if self.password.reveal().is_some() && self.password_file.is_some() {
            wrong.push("kafka.password and kafka.password_file: expected one of them".to_owned());
        }
        let encrypted = matches!(self.protocol, KafkaProtocol::Ssl | KafkaProtocol::SaslSsl);
        let files = [&self.ca_file, &self.certificate_file, &self.key_file];
        if !encrypted && files.into_iter().any(Option::is_some) {
            wrong.push(
                "kafka.ca_file, certificate_file and key_file are for kafka.protocol ssl or sasl_ssl"
                    .to_owned(),
            );
        }
        if self.certificate_file.is_some() != self.key_file.is_some() {
            wrong.push(
                "kafka.certificate_file and kafka.key_file: expected both or none".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use figment::{
        Figment,
        providers::{Format, Toml},
    };

    use super::*;

    fn read(toml: &str) -> KafkaConfig {
        Figment::from(Toml::string(toml)).extract().unwrap()
    }

    fn wrong(toml: &str) -> String {
        let config = read(toml);
        let mut wrong = Vec::new();
        config.check(&mut wrong);
        wrong.retain(|line| !line.contains("built without"));
        wrong.join("\n")
    }

    #[test]
    fn brokers_are_a_list_or_a_text_with_commas() {
        let read = |written| serde_json::from_str::<Brokers>(written);
        let both = read(r#"["a:9092", "b:9092"]"#).unwrap();
        assert_eq!(read(r#""a:9092, b:9092""#).unwrap(), both);
        assert_eq!(read(r#""""#).unwrap(), Brokers::default());
        for odd in [r#""a""#, r#"["a:x"]"#, r#""kafka://u:secret@a:9092""#, r#""a:1,""#] {
            let error = read(odd).unwrap_err().to_string();
            assert!(error.contains("HOST:PORT") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_login_is_whole_and_is_used() {
        assert_eq!(wrong("protocol = \"sasl_ssl\"\nusername = \"u\"\npassword = \"p\""), "");
        assert!(wrong("protocol = \"sasl_ssl\"\nusername = \"u\"").contains("kafka.password"));
        assert!(wrong("username = \"u\"\npassword = \"p\"").contains("kafka.protocol"));
        let both =
            "protocol = \"sasl_ssl\"\nusername = \"u\"\npassword = \"p\"\npassword_file = \"f\"";
        assert!(wrong(both).contains("one of them"));
    }

    #[test]
    fn certificates_are_for_connections_that_are_encrypted() {
        let files = "ca_file = \"ca\"\ncertificate_file = \"c\"\nkey_file = \"k\"";
        assert_eq!(wrong(&format!("protocol = \"ssl\"\n{files}")), "");
        assert!(wrong(files).contains("kafka.ca_file"));
        assert!(wrong("protocol = \"ssl\"\nkey_file = \"k\"").contains("both or none"));
    }

    #[test]
    fn what_kafka_would_refuse_is_refused_before() {
        for (toml, key) in [
            ("topic = \"films/new\"", "kafka.topic"),
            ("topic = \"\"", "kafka.topic"),
            ("topic = \".\"", "kafka.topic"),
            ("topic = \"..\"", "kafka.topic"),
            ("partitions = 0", "kafka.partitions"),
            ("replication = 0", "kafka.replication"),
            ("session_timeout = \"10ms\"", "kafka.session_timeout"),
        ] {
            assert!(wrong(toml).contains(key), "{toml}");
        }
    }

    #[test]
    fn the_password_is_never_shown() {
        let config = read("password = \"secret\"");
        for shown in [toml::to_string(&config).unwrap(), format!("{config:?}")] {
            assert!(!shown.contains("secret"), "{shown}");
        }
    }
}
