//! A log, relays of it, and a reader of what they publish.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::{
    Append, Direction, EventLog, Expected,
    kafka::{
        KafkaOptions,
        cloud_event::{Decoded, decode},
        relay::{Relay, RelayReport, RelayStatus},
    },
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{AccountId, EventId, Metadata, NewEvent, Position, RecordedEvent, StreamName};
use jiff::Timestamp;
use proving_ground::{KafkaServer, Topic};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::Headers,
    producer::{BaseProducer, Producer},
};
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Stops a test that waits for ever. On a busy machine a relay may have to stand for election several times,
/// with the short times that these tests give it, each in up to half a minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// How soon something is looked at again.
pub(crate) const ASK_AGAIN: Duration = Duration::from_millis(10);

/// How many partitions the topics of these tests have.
pub(crate) const PARTITIONS: i32 = 3;

/// A log in a file of its own.
pub(crate) struct Log {
    _folder: TempDir,
    pub(crate) log: Arc<dyn EventLog>,
}

impl Log {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteLogOptions::at(folder.path().join("log.db"));
        let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(options).await.unwrap());
        Self { _folder: folder, log }
    }

    /// Appends events with these numbers, each to one of ten streams.
    pub(crate) async fn append(&self, numbers: std::ops::Range<u128>) {
        for number in numbers {
            let stream = StreamName::new(format!("movie-{}", number % 10)).unwrap();
            self.log.append(Append::new(stream, Expected::Any, vec![event(number)])).await.unwrap();
        }
    }

    /// Appends so many at once, to one stream.
    pub(crate) async fn append_at_once(&self, stream: &str, numbers: std::ops::Range<u128>) {
        let events = numbers.map(event).collect();
        let stream = StreamName::new(stream).unwrap();
        self.log.append(Append::new(stream, Expected::Any, events)).await.unwrap();
    }

    pub(crate) async fn all(&self) -> Vec<RecordedEvent> {
        self.log.read_all(Position::START, Direction::Forwards, usize::MAX).await.unwrap()
    }
}

/// An event in whose envelope there is more or less, by its number.
pub(crate) fn event(number: u128) -> NewEvent {
    let at = Timestamp::from_microsecond(1_700_000_000_000_000 + number as i64).unwrap();
    let some = |every: u128, text: String| number.is_multiple_of(every).then_some(text);
    NewEvent {
        id: EventId(Uuid::from_u128(number)),
        event_type: "MovieTagged".to_owned(),
        schema_version: 1 + (number % 3) as u32,
        metadata: Metadata {
            actor: number.is_multiple_of(2).then(|| AccountId(Uuid::from_u128(number + 1))),
            correlation_id: some(3, format!("request-{number} ü")),
            causation_id: number.is_multiple_of(5).then(|| EventId(Uuid::from_u128(number - 1))),
            traceparent: some(7, format!("00-{number:032x}-00f067aa0ba902b7-01")),
            idempotency_key: some(4, String::new()),
            ..Metadata::at(at)
        },
        data: RawValue::from_string(format!("{{\"tags\" : [\"{number}\"]}}")).unwrap(),
    }
}

/// What gets a client into a Kafka that asks for nothing, or for the password of a test's server.
pub(crate) fn options(server: &KafkaServer, topic: &str) -> KafkaOptions {
    use event_log::kafka::{Login, Mechanism, Protocol, Security};

    let security = server.login().map_or_else(Security::default, |(username, password)| Security {
        protocol: Protocol::SaslPlaintext,
        login: Some(Login {
            mechanism: Mechanism::Plain,
            username: username.to_owned(),
            password: password.to_owned(),
        }),
        ..Security::default()
    });
    KafkaOptions {
        topic: topic.to_owned(),
        partitions: PARTITIONS,
        security,
        // As short as the brokers of tests allow.
        session_timeout: Duration::from_secs(1),
        transaction_timeout: Duration::from_secs(5),
        ..KafkaOptions::at(server.address().split(',').map(str::to_owned).collect())
    }
}

/// A relay at work.
pub(crate) struct Relaying {
    pub(crate) status: RelayStatus,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Relaying {
    pub(crate) fn start(log: &Log, options: KafkaOptions) -> Self {
        let relay = Relay::new(Arc::clone(&log.log), options);
        let (status, stop) = (relay.status(), CancellationToken::new());
        let task = tokio::spawn(relay.run(stop.clone()));
        Self { status, stop, task }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// Waits until its report is as wanted, and gives it.
    pub(crate) async fn is(
        &self,
        what: &str,
        wanted: impl Fn(&RelayReport) -> bool,
    ) -> RelayReport {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let report = self.status.report();
            if wanted(&report) {
                return report;
            }
            assert!(Instant::now() < deadline, "{what}: {report:?}");
            sleep(ASK_AGAIN).await;
        }
    }

    /// Waits until it leads.
    pub(crate) async fn leads(&self) {
        self.is("it leads", |report| report.leads).await;
    }

    /// Waits until it cannot go on, and gives why.
    pub(crate) async fn has_trouble_with(&self, part: &str) -> String {
        let tells = |report: &RelayReport| {
            report.trouble.as_ref().is_some_and(|(_, reason)| reason.contains(part))
        };
        self.is(part, tells).await.trouble.unwrap().1
    }
}

pub(crate) fn config(topic: &Topic) -> ClientConfig {
    topic.server().client_settings().into_iter().collect()
}

/// Somebody else who writes to a topic, in a transaction that has begun.
pub(crate) fn begun(topic: &Topic) -> BaseProducer {
    let mut config = config(topic);
    config.set("transactional.id", topic.name());
    let producer: BaseProducer = config.create().unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    producer.begin_transaction().unwrap();
    producer
}

/// A record as it arrived.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) partition: i32,
    pub(crate) decoded: Decoded,
}

/// A plain client that reads a topic from its beginning, as everybody may.
pub(crate) struct Reader {
    consumer: BaseConsumer,
    pub(crate) arrived: Vec<Arrived>,
}

impl Reader {
    pub(crate) fn of(server: &KafkaServer, topic: &str, isolation: &str) -> Self {
        Self::with(&server.client_settings().into_iter().collect(), topic, isolation)
    }

    pub(crate) fn with(config: &ClientConfig, topic: &str, isolation: &str) -> Self {
        let mut config = config.clone();
        config
            .set("isolation.level", isolation)
            .set("auto.offset.reset", "earliest")
            // It joins none, but does not read without the name of one.
            .set("group.id", "reader");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut list = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            list.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
        }
        consumer.assign(&list).unwrap();
        Self { consumer, arrived: Vec::new() }
    }

    /// Reads until so many records have arrived, repeats included.
    pub(crate) async fn reads(&mut self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.arrived.len() < count {
            assert!(Instant::now() < deadline, "{} of {count} arrived", self.arrived.len());
            if !self.take_one() {
                sleep(ASK_AGAIN).await;
            }
        }
    }

    /// Reads what there is and comes within `time`.
    pub(crate) async fn reads_for(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            if !self.take_one() {
                sleep(ASK_AGAIN).await;
            }
        }
    }

    fn take_one(&mut self) -> bool {
        match self.consumer.poll(Duration::ZERO) {
            Some(Ok(record)) => {
                let headers = record.headers().unwrap();
                let headers = headers.iter().map(|header| (header.key, header.value));
                let decoded = decode(record.key(), headers, record.payload()).unwrap();
                self.arrived.push(Arrived { partition: record.partition(), decoded });
                true
            }
            // A broker that is away comes back: librdkafka goes on by itself.
            Some(Err(_)) | None => false,
        }
    }

    /// Each event of the log arrived once, whole, in its stream's partition and order; and each record
    /// says which event was before it in the log.
    #[track_caller]
    pub(crate) fn has_exactly(&self, log: &[RecordedEvent]) {
        let by_position: BTreeMap<Position, &Arrived> =
            self.arrived.iter().map(|arrived| (arrived.decoded.event.position, arrived)).collect();
        assert_eq!(self.arrived.len(), log.len(), "each event arrives once");
        assert_eq!(by_position.len(), log.len(), "no event arrives in the place of another");
        let mut previous = Position::START;
        for event in log {
            let arrived = by_position[&event.position];
            assert_eq!(whole(&arrived.decoded.event), whole(event));
            assert_eq!(arrived.decoded.previous, previous, "before {}", event.position);
            previous = event.position;
        }
        self.is_in_order();
    }

    /// Whatever else: no partition goes back in the log, and each stream is in one partition.
    #[track_caller]
    pub(crate) fn is_in_order(&self) {
        let (mut last, mut homes) = (BTreeMap::new(), BTreeMap::new());
        for Arrived { partition, decoded } in &self.arrived {
            let event = &decoded.event;
            let before = last.insert(partition, event.position);
            assert!(before < Some(event.position), "{before:?} before {}", event.position);
            let home = homes.entry(event.stream.clone()).or_insert(partition);
            assert_eq!(*home, partition, "{} is in two partitions", event.stream);
        }
    }
}

/// All that is in an event, to be compared.
pub(crate) fn whole(event: &RecordedEvent) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        (event.position, event.stream.clone(), event.revision, event.id, event.schema_version),
        (event.event_type.clone(), event.metadata.clone(), event.data.get().to_owned()),
    )
}

/// A log, and a topic that is not made yet.
pub(crate) async fn log_and_topic() -> (Log, Topic) {
    (Log::new().await, Topic::unmade().await)
}
