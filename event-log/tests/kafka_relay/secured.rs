//! A Kafka that asks who one is, and says who it is.

use event_log::kafka::{KafkaOptions, Login, Mechanism, Protocol, Security};
use proving_ground::{PrivateKafka, Secured, Topic};

use crate::fixture::{Log, Reader, Relaying, options};

fn tls(secured: &Secured) -> Security {
    Security {
        protocol: Protocol::Ssl,
        ca_file: Some(secured.ca_file.clone()),
        ..Security::default()
    }
}

fn sasl(secured: &Secured, mechanism: Mechanism, password: &str) -> Security {
    let (username, password) = (secured.username.clone(), password.to_owned());
    let login = Some(Login { mechanism, username, password });
    Security { protocol: Protocol::SaslSsl, login, ..tls(secured) }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_published_over_tls_with_a_certificate_and_with_a_password() {
    let kafka = PrivateKafka::start().await;
    let secured = kafka.secured();
    let mutual = Security {
        certificate_file: Some(secured.certificate_file.clone()),
        key_file: Some(secured.key_file.clone()),
        ..tls(&secured)
    };
    for (address, security) in [
        (&secured.tls, tls(&secured)),
        (&secured.mutual_tls, mutual),
        (&secured.sasl_tls, sasl(&secured, Mechanism::ScramSha256, &secured.password)),
        (&secured.sasl_tls, sasl(&secured, Mechanism::ScramSha512, &secured.password)),
    ] {
        let (log, topic) = (Log::new().await, Topic::unmade_on(&kafka.server()));
        log.append(1..20).await;
        let brokers = vec![address.clone()];
        let options = KafkaOptions { brokers, security, ..options(&kafka.server(), topic.name()) };
        let relay = Relaying::start(&log, options);
        relay.leads().await;
        let mut reader = Reader::of(&kafka.server(), topic.name(), "read_committed");
        reader.reads(19).await;
        reader.has_exactly(&log.all().await);
        relay.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_is_told_why_without_the_password() {
    let kafka = PrivateKafka::start().await;
    let (log, secured) = (Log::new().await, kafka.secured());
    let wrong = sasl(&secured, Mechanism::ScramSha256, "a wrong one");
    let untrusted = Security { ca_file: Some(secured.certificate_file.clone()), ..tls(&secured) };
    for (address, security, part) in [
        (&secured.sasl_tls, wrong, "uthentication failed"),
        (&secured.tls, untrusted, "certificate verify failed"),
        (&secured.mutual_tls, tls(&secured), "certificate"),
    ] {
        let brokers = vec![address.clone()];
        let options = KafkaOptions { brokers, security, ..options(&kafka.server(), "unreached") };
        assert!(!format!("{options:?}").contains("a wrong one"));
        let relay = Relaying::start(&log, options);
        let reason = relay.has_trouble_with(part).await;
        assert!(!reason.contains("a wrong one"), "{reason}");
        relay.stop().await;
    }
}
