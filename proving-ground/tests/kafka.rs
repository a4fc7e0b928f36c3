//! The brokers of tests do what tests ask of them.
#![cfg(feature = "kafka")]

use std::time::Duration;

use proving_ground::{KafkaCluster, KafkaServer, PrivateKafka, Topic};
use rdkafka::{
    ClientConfig,
    consumer::{BaseConsumer, Consumer},
};

const ANSWER_MAX: Duration = Duration::from_secs(10);

/// How many partitions `topic` has, as a client sees it that is set up like this.
fn partitions(settings: Vec<(String, String)>, topic: &str) -> Result<usize, String> {
    let config: ClientConfig = settings.into_iter().collect();
    let consumer: BaseConsumer = config.create().map_err(|error| error.to_string())?;
    let metadata =
        consumer.fetch_metadata(Some(topic), ANSWER_MAX).map_err(|error| error.to_string())?;
    let topic = &metadata.topics()[0];
    match topic.error() {
        Some(error) => Err(format!("{error:?}")),
        None => Ok(topic.partitions().len()),
    }
}

#[tokio::test]
async fn a_topic_is_there_as_long_as_its_value() {
    let topic = Topic::new(3).await;
    let name = topic.name().to_owned();
    let settings = KafkaServer::running().client_settings();
    assert_eq!(partitions(settings.clone(), &name), Ok(3));
    drop(topic);
    assert!(partitions(settings, &name).is_err());
}

#[tokio::test]
async fn a_broker_of_its_own_is_killed_and_started_again_and_keeps_what_it_had() {
    let mut kafka = PrivateKafka::start().await;
    let topic = Topic::on(&kafka.server(), 2).await;
    kafka.kill().await;
    kafka.start_again().await;
    assert_eq!(partitions(kafka.server().client_settings(), topic.name()), Ok(2));
    assert_eq!(partitions(kafka.proxied().client_settings(), topic.name()), Ok(2));
    let before = kafka.proxy().connections();
    kafka.proxy().cut();
    assert_eq!(partitions(kafka.proxied().client_settings(), topic.name()), Ok(2));
    assert!(kafka.proxy().connections() > before, "all that a client says goes through the proxy");
}

#[tokio::test]
async fn of_three_brokers_of_its_own_two_answer_without_the_third_and_all_keep_what_they_had() {
    let mut cluster = KafkaCluster::start().await;
    let topic = Topic::on(&cluster.server(), 2).await;
    cluster.kill(1).await;
    assert_eq!(partitions(cluster.server().client_settings(), topic.name()), Ok(2));
    cluster.kill(2).await;
    cluster.kill(3).await;
    assert!(partitions(cluster.server().client_settings(), topic.name()).is_err());
    cluster.start_again().await;
    assert_eq!(partitions(cluster.server().client_settings(), topic.name()), Ok(2));
}

#[tokio::test]
async fn a_broker_of_its_own_asks_for_certificates_and_passwords() {
    let kafka = PrivateKafka::start().await;
    let topic = Topic::on(&kafka.server(), 1).await;
    let secured = kafka.secured();
    let ca_file = secured.ca_file.to_str().unwrap().to_owned();
    let with = |address: &str, more: &[(&str, &str)]| {
        let own = [("bootstrap.servers", address), ("ssl.ca.location", &ca_file)];
        let settings =
            own.iter().chain(more).map(|(name, value)| ((*name).into(), (*value).into()));
        partitions(settings.collect(), topic.name())
    };
    assert_eq!(with(&secured.tls, &[("security.protocol", "SSL")]), Ok(1));
    let certificate = [
        ("security.protocol", "SSL"),
        ("ssl.certificate.location", secured.certificate_file.to_str().unwrap()),
        ("ssl.key.location", secured.key_file.to_str().unwrap()),
    ];
    assert_eq!(with(&secured.mutual_tls, &certificate), Ok(1));
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let login = [
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanisms", mechanism),
            ("sasl.username", &secured.username[..]),
            ("sasl.password", &secured.password[..]),
        ];
        assert_eq!(with(&secured.sasl_tls, &login), Ok(1));
    }
}
