//! Kafka: how it is got into, as it is configured, and the relay to it.

use std::{sync::Arc, time::Duration};

use event_log::{
    EventLog,
    kafka::{KafkaOptions, Login, Mechanism, Protocol, Security},
};
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, KafkaConfig, KafkaMechanism, KafkaProtocol},
    error::Failure,
    secrets::secret,
};

/// A relay that is about to run.
pub(crate) struct Relay {
    /// For how long nothing has been published, and why, where something stands in the way.
    pub(crate) trouble: Arc<dyn Fn() -> Option<(Duration, String)> + Send + Sync>,
    /// Publishes until it is told to stop.
    pub(crate) run: Box<dyn FnOnce(CancellationToken) -> BoxFuture<'static, ()> + Send>,
}

/// The relay of `log` to Kafka.
///
/// # Errors
/// As [`kafka`].
#[cfg(feature = "kafka")]
pub(crate) fn relay(config: &Config, log: &Arc<dyn EventLog>) -> Result<Relay, Failure> {
    let relay = event_log::kafka::relay::Relay::new(Arc::clone(log), kafka(config)?);
    let status = relay.status();
    let trouble = move || {
        let report = status.report();
        let unpublished = match report.lag_events {
            Some(lag) => format!("{lag} events of the log are not published: "),
            None => String::new(),
        };
        report.trouble.map(|(since, reason)| (since, format!("{unpublished}{reason}")))
    };
    Ok(Relay { trouble: Arc::new(trouble), run: Box::new(move |stop| Box::pin(relay.run(stop))) })
}

/// The configuration is refused before it comes to this, and says how to get a binary that can.
#[cfg(not(feature = "kafka"))]
pub(crate) fn relay(config: &Config, _: &Arc<dyn EventLog>) -> Result<Relay, Failure> {
    let brokers = kafka(config)?.brokers.join(",");
    Err(Failure::Other(format!("this binary was built without Kafka, where {brokers} is")))
}

/// What clients of Kafka are told.
///
/// # Errors
/// Where the file that holds the password cannot be used.
pub(crate) fn kafka(config: &Config) -> Result<KafkaOptions, Failure> {
    let kafka = &config.kafka;
    let protocol = match kafka.protocol {
        KafkaProtocol::Plaintext => Protocol::Plaintext,
        KafkaProtocol::Ssl => Protocol::Ssl,
        KafkaProtocol::SaslPlaintext => Protocol::SaslPlaintext,
        KafkaProtocol::SaslSsl => Protocol::SaslSsl,
    };
    Ok(KafkaOptions {
        topic: kafka.topic.clone(),
        partitions: kafka.partitions,
        replication: kafka.replication,
        retention: (!kafka.retention.is_zero()).then_some(kafka.retention),
        session_timeout: kafka.session_timeout,
        security: Security {
            protocol,
            login: login(kafka)?,
            ca_file: kafka.ca_file.clone(),
            certificate_file: kafka.certificate_file.clone(),
            key_file: kafka.key_file.clone(),
        },
        ..KafkaOptions::at(kafka.brokers.as_slice().to_vec())
    })
}

fn login(kafka: &KafkaConfig) -> Result<Option<Login>, Failure> {
    let password = secret("kafka.password", &kafka.password, kafka.password_file.as_deref())?;
    let Some(password) = password else { return Ok(None) };
    let mechanism = match kafka.mechanism {
        KafkaMechanism::Plain => Mechanism::Plain,
        KafkaMechanism::ScramSha256 => Mechanism::ScramSha256,
        KafkaMechanism::ScramSha512 => Mechanism::ScramSha512,
    };
    Ok(Some(Login { mechanism, username: kafka.username.clone(), password }))
}
