//! The topics: made where they are missing, refused where they are not as they must be.

use std::time::Duration;

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    types::RDKafkaErrorCode,
};

use super::{
    KafkaOptions,
    context::{Complaints, explained},
    relay::RelayError,
};

/// How long brokers may take to answer.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(5);

/// From how many replicas on two must have a record before it counts as written.
const REPLICAS_MANY: i32 = 3;

/// Makes the topics that are missing.
///
/// # Errors
/// [`RelayError::Refused`] where one has another number of partitions than it must have.
pub(crate) async fn prepare(options: &KafkaOptions) -> Result<(), RelayError> {
    for (name, partitions, kind) in [
        (&options.topic, options.partitions, Kind::Events),
        (&options.relay_topic(), 1, Kind::Relay),
    ] {
        let found = match partitions_of(options, name).await? {
            Some(found) => found,
            None => {
                make(options, name, partitions, kind).await?;
                continue;
            }
        };
        if found != partitions {
            return Err(RelayError::Refused(format!(
                "the topic {name} has {found} partitions instead of {partitions}: events of one stream \
                 would not be in one partition. Set kafka.partitions to {found}, or take another topic"
            )));
        }
    }
    Ok(())
}

/// What a topic is for.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Events,
    Relay,
}

/// How many partitions a topic has; `None` where there is no such topic.
async fn partitions_of(options: &KafkaOptions, name: &str) -> Result<Option<i32>, RelayError> {
    let (client, name) = (options.client(), name.to_owned());
    super::blocking(move || {
        let impossible = |error: KafkaError| RelayError::Refused(error.to_string());
        // A consumer: what a producer asks after may be made by that.
        let consumer: BaseConsumer<Complaints> =
            client.create_with_context(Complaints::default()).map_err(impossible)?;
        let metadata = consumer
            .fetch_metadata(Some(&name), ANSWER_MAX)
            .map_err(|error| RelayError::Unavailable(explained(&consumer, &error)))?;
        let topic = metadata.topics().iter().find(|topic| topic.name() == name);
        match topic
            .map(|topic| (topic.error().map(RDKafkaErrorCode::from), topic.partitions().len()))
        {
            Some((None, count)) => Ok(i32::try_from(count).ok()),
            None | Some((Some(RDKafkaErrorCode::UnknownTopicOrPartition), _)) => Ok(None),
            Some((Some(code), _)) => Err(RelayError::Unavailable(format!("{name}: {code}"))),
        }
    })
    .await
}

async fn make(
    options: &KafkaOptions,
    name: &str,
    partitions: i32,
    kind: Kind,
) -> Result<(), RelayError> {
    let config: ClientConfig = options.client();
    let complaints = Complaints::default();
    let unavailable = |error| RelayError::Unavailable(complaints.explain(&error));
    let admin: AdminClient<Complaints> =
        config.create_with_context(complaints.clone()).map_err(unavailable)?;
    // What the brokers do by default has the number -1.
    let replication = TopicReplication::Fixed(options.replication.unwrap_or(-1));
    let topic = NewTopic::new(name, partitions, replication);
    let bytes_max = KafkaOptions::MESSAGE_BYTES_MAX.to_string();
    let retention =
        options.retention.map_or_else(|| "-1".to_owned(), |kept| kept.as_millis().to_string());
    let topic = match kind {
        Kind::Events => topic
            .set("cleanup.policy", "delete")
            .set("retention.ms", &retention)
            .set("retention.bytes", "-1")
            .set("max.message.bytes", &bytes_max),
        Kind::Relay => topic.set("cleanup.policy", "compact"),
    };
    // So that one that dies takes nothing with it that was acknowledged, and holds nobody up.
    let topic = match options.replication {
        Some(REPLICAS_MANY..) => topic.set("min.insync.replicas", "2"),
        _ => topic,
    };
    let asking =
        AdminOptions::new().operation_timeout(Some(ANSWER_MAX)).request_timeout(Some(ANSWER_MAX));
    let made = admin.create_topics([&topic], &asking).await.map_err(unavailable)?;
    match made.into_iter().next() {
        // Another relay was faster: what it made is looked at the next time.
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => {
            Err(RelayError::Unavailable(format!("the topic {name} is just being made")))
        }
        Some(Err((_, code @ RDKafkaErrorCode::InvalidReplicationFactor))) => {
            Err(RelayError::Refused(format!(
                "the topic {name} cannot be made with {}: fewer brokers run ({code})",
                match options.replication {
                    Some(replicas) => format!("{replicas} replicas, as kafka.replication says"),
                    None => "as many replicas as the brokers do by default".to_owned(),
                }
            )))
        }
        Some(Err((_, code))) => {
            Err(RelayError::Unavailable(format!("the topic {name} cannot be made: {code}")))
        }
        Some(Ok(_)) | None => {
            tracing::info!(topic = name, partitions, "a topic was made");
            Ok(())
        }
    }
}
