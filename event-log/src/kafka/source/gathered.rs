//! What was gathered in one poll: records, sorted into events and what is none.

use std::collections::BTreeMap;

use rdkafka::{
    Message,
    message::{BorrowedMessage, Headers},
};

use crate::{Arrival, Delivery, MAX_EVENT_BYTES, Refused, kafka::cloud_event};

/// The most records that are gathered.
const RECORDS_MAX: usize = 2000;

/// The most bytes of values that are gathered, reached by the last of them.
const BYTES_MAX: usize = 8 << 20;

/// Records of some partitions.
#[derive(Default)]
pub(super) struct Gathered {
    deliveries: BTreeMap<i32, Delivery>,
    records: usize,
    bytes: usize,
}

impl Gathered {
    /// Whether it holds as much as it may.
    pub(super) fn is_full(&self) -> bool {
        self.records >= RECORDS_MAX || self.bytes >= BYTES_MAX
    }

    /// Takes a record, whatever it is.
    pub(super) fn add(&mut self, record: &BorrowedMessage<'_>) {
        let (partition, offset) = (record.partition(), record.offset());
        self.records += 1;
        self.bytes += record.payload_len();
        let delivery = self.deliveries.entry(partition).or_insert_with(|| Delivery {
            partition,
            // Set when it is given out.
            from: offset,
            next: offset,
            arrivals: Vec::new(),
            refused: Vec::new(),
        });
        delivery.next = offset.saturating_add(1);
        match read(record) {
            Ok(arrival) => delivery.arrivals.push(arrival),
            Err(reason) => delivery.refused.push(Refused { offset, reason }),
        }
    }

    /// Forgets what was gathered of a partition.
    pub(super) fn forget(&mut self, partition: i32) {
        self.deliveries.remove(&partition);
    }

    pub(super) fn into_deliveries(self) -> impl Iterator<Item = Delivery> {
        self.deliveries.into_values()
    }
}

fn read(record: &BorrowedMessage<'_>) -> Result<Arrival, String> {
    if record.payload_len() > MAX_EVENT_BYTES {
        return Err("its value is larger than any event's data".to_owned());
    }
    let headers = record.headers();
    let headers = headers.iter().flat_map(|headers| headers.iter());
    let headers = headers.map(|header| (header.key, header.value));
    let decoded = cloud_event::decode(record.key(), headers, record.payload());
    let decoded = decoded.map_err(|error| error.to_string())?;
    let offset = record.offset();
    Ok(Arrival { event: decoded.event, previous: decoded.previous, offset })
}
