//! What every client of Kafka is set up with.

use rdkafka::{ClientConfig, consumer::BaseConsumer};

use super::{KafkaOptions, Mechanism, Protocol, context::Complaints, relay::RelayError};

impl KafkaOptions {
    /// A client that gets in. It comes back within a second of the brokers, and gives up within seconds on
    /// a connection that swallows what it says.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", self.brokers.join(","))
            .set("client.id", "cinelog")
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000")
            .set("retry.backoff.max.ms", "1000")
            .set("socket.timeout.ms", "10000")
            .set("socket.keepalive.enable", "true")
            .set("allow.auto.create.topics", "false");
        let security = &self.security;
        config.set(
            "security.protocol",
            match security.protocol {
                Protocol::Plaintext => "PLAINTEXT",
                Protocol::Ssl => "SSL",
                Protocol::SaslPlaintext => "SASL_PLAINTEXT",
                Protocol::SaslSsl => "SASL_SSL",
            },
        );
        if let Some(login) = &security.login {
            let mechanism = match login.mechanism {
                Mechanism::Plain => "PLAIN",
                Mechanism::ScramSha256 => "SCRAM-SHA-256",
                Mechanism::ScramSha512 => "SCRAM-SHA-512",
            };
            config
                .set("sasl.mechanisms", mechanism)
                .set("sasl.username", &login.username)
                .set("sasl.password", &login.password);
        }
        if matches!(security.protocol, Protocol::Ssl | Protocol::SaslSsl) {
            // OpenSSL is linked in, and does not know where this system keeps what it trusts.
            let ca = security.ca_file.as_ref().map(|file| file.display().to_string());
            config.set("ssl.ca.location", ca.as_deref().unwrap_or("probe"));
            for (name, file) in [
                ("ssl.certificate.location", &security.certificate_file),
                ("ssl.key.location", &security.key_file),
            ] {
                if let Some(file) = file {
                    config.set(name, file.display().to_string());
                }
            }
        }
        config
    }

    /// A client that reads what it is assigned, of the topics of a relay, with this `isolation.level`.
    pub(super) fn reader(&self, isolation: &str) -> Result<BaseConsumer<Complaints>, RelayError> {
        self.client()
            // It joins no group, but the client does not read without the name of one.
            .set("group.id", self.relay_topic())
            .set("isolation.level", isolation)
            .set("enable.partition.eof", "true")
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "error")
            .create_with_context(Complaints::default())
            .map_err(|error| RelayError::Refused(error.to_string()))
    }
}
