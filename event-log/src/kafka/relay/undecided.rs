//! What Kafka left undecided: records of a transaction that has ended, in a partition that was never told
//! whether they count. Knows neither the log nor how far the relay has come.
//!
//! A broker answers a commit first and tells the partitions after that; one that dies in between should
//! tell them when it is started again. Kafka 4.3.0 to 4.4.0 pass over those that have no leader at that
//! moment (KAFKA-20734). Readers of committed records wait before such records, and the next transaction
//! that ends in that partition decides them along with its own: events that were published again are there
//! twice then, and events whose checkpoint stands are lost with a transaction that is given up. So the relay
//! takes nothing for published, and begins nothing new, before all partitions were told; and whoever claims
//! the right to write gives up what is undecided first, and publishes it again.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

use events::Position;
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::{Headers, OwnedMessage},
};

use super::{RelayError, checkpoint};
use crate::kafka::{
    KafkaOptions,
    cloud_event::decode,
    context::{Complaints, explained},
    topic::ANSWER_MAX,
};

/// How soon is looked again whether all is decided: a broker takes a few milliseconds.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// How long is polled at once.
const POLL_MAX: Duration = Duration::from_millis(100);

/// Where what is undecided begins in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) topic: String,
    partition: i32,
    offset: i64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "partition {} of {} from offset {} on", self.partition, self.topic, self.offset)
    }
}

/// What begins there.
#[derive(Debug)]
pub(super) struct Forgotten {
    pub(super) place: Place,
    pub(super) record: OwnedMessage,
}

impl Forgotten {
    /// The position of the event before the one that this is; `None` where it is none.
    pub(super) fn previous_position(&self) -> Option<Position> {
        let headers = self.record.headers()?.iter().map(|header| (header.key, header.value));
        let decoded = decode(self.record.key(), headers, self.record.payload());
        decoded.ok().map(|decoded| decoded.previous)
    }

    /// Whether a relay has written it.
    pub(super) fn is_of_a_relay(&self) -> bool {
        self.record.key() == Some(checkpoint::KEY.as_bytes()) || self.previous_position().is_some()
    }
}

/// Compares what is written with what is decided. All of it blocks.
pub(super) struct Undecided {
    written: BaseConsumer<Complaints>,
    decided: BaseConsumer<Complaints>,
    options: KafkaOptions,
}

impl Undecided {
    /// # Errors
    /// Where a client cannot be made from such options.
    pub(super) fn open(options: &KafkaOptions) -> Result<Self, RelayError> {
        Ok(Self {
            written: options.reader("read_uncommitted")?,
            decided: options.reader("read_committed")?,
            options: options.clone(),
        })
    }

    /// Where something is undecided: nowhere, but for a moment after a transaction.
    fn places(&self) -> Result<Vec<Place>, RelayError> {
        // In this order, so that what is written meanwhile is not taken for undecided.
        let written = self.ends(&self.written)?;
        let decided = self.ends(&self.decided)?;
        let places = decided.elements().into_iter().filter_map(|end| {
            let written = written.find_partition(end.topic(), end.partition())?;
            let (offset, written) = (end.offset().to_raw()?, written.offset().to_raw()?);
            let place = Place { topic: end.topic().to_owned(), partition: end.partition(), offset };
            (offset < written).then_some(place)
        });
        Ok(places.collect())
    }

    /// Waits until all that `matters` is decided. The first place that is not by then is given back.
    pub(super) fn wait(
        &self,
        matters: impl Fn(&Place) -> bool,
        deadline: Instant,
        abandoned: &AtomicBool,
    ) -> Result<Option<Place>, RelayError> {
        loop {
            let place = self.places()?.into_iter().find(&matters);
            let is_over = Instant::now() > deadline || abandoned.load(Ordering::SeqCst);
            if place.is_none() || is_over {
                return Ok(place);
            }
            sleep(LOOK_AGAIN);
        }
    }

    /// The first record of each.
    pub(super) fn forgotten(&self, abandoned: &AtomicBool) -> Result<Vec<Forgotten>, RelayError> {
        let places = self.places()?.into_iter();
        let read = places.map(|place| {
            let record = self.record(&place, abandoned)?;
            Ok(Forgotten { place, record })
        });
        read.collect()
    }

    fn record(&self, place: &Place, abandoned: &AtomicBool) -> Result<OwnedMessage, RelayError> {
        let unavailable = |error: KafkaError| unavailable(&self.written, &error);
        let mut list = TopicPartitionList::new();
        let from = Offset::Offset(place.offset);
        list.add_partition_offset(&place.topic, place.partition, from).map_err(unavailable)?;
        self.written.assign(&list).map_err(unavailable)?;
        let found = self.poll(place, abandoned);
        // Whatever came of it, nothing more is fetched.
        self.written.unassign().map_err(unavailable)?;
        found
    }

    fn poll(&self, place: &Place, abandoned: &AtomicBool) -> Result<OwnedMessage, RelayError> {
        let deadline = Instant::now() + ANSWER_MAX;
        while Instant::now() < deadline && !abandoned.load(Ordering::SeqCst) {
            match self.written.poll(POLL_MAX) {
                Some(Ok(record)) => return Ok(record.detach()),
                Some(Err(error)) => return Err(unavailable(&self.written, &error)),
                None => {}
            }
        }
        Err(RelayError::Unavailable(format!("{place} was not read in time")))
    }

    /// The end of every partition that a relay writes to, as this reader sees it.
    fn ends(&self, reader: &BaseConsumer<Complaints>) -> Result<TopicPartitionList, RelayError> {
        let mut asked = TopicPartitionList::new();
        let events = (0..self.options.partitions).map(|partition| (&self.options.topic, partition));
        let relay_topic = self.options.relay_topic();
        for (topic, partition) in events.chain([(&relay_topic, 0)]) {
            asked
                .add_partition_offset(topic, partition, Offset::End)
                .map_err(|error| unavailable(reader, &error))?;
        }
        let ends = reader.offsets_for_times(asked, ANSWER_MAX);
        let ends = ends.map_err(|error| unavailable(reader, &error))?;
        for end in ends.elements() {
            end.error().map_err(|error| unavailable(reader, &error))?;
        }
        reader.context().forget();
        Ok(ends)
    }
}

fn unavailable(reader: &BaseConsumer<Complaints>, error: &KafkaError) -> RelayError {
    RelayError::Unavailable(explained(reader, error))
}
