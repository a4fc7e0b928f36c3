//! How much of each partition the inbox holds, as far as is known without counting: whoever has a partition
//! alone puts in what comes of it, so that it can only be less.

use std::{collections::BTreeMap, time::Duration};

use event_log::Delivery;
use tokio::time::Instant;

use super::{super::Held, ReceivingOptions};

/// How long a count of the inbox is good while a partition may be full.
const COUNT_EVERY: Duration = Duration::from_millis(50);

/// How long otherwise, while anything waits as far as is known.
const COUNT_AT_LEAST_EVERY: Duration = Duration::from_secs(2);

/// How much of each partition there is at most.
pub(super) struct Holding {
    events_max: u64,
    bytes_max: u64,
    partitions: BTreeMap<i32, Amount>,
    /// When it was last counted. `None`: since then partitions were assigned.
    counted: Option<Instant>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Amount {
    events: u64,
    bytes: u64,
    is_paused: bool,
}

impl Holding {
    pub(super) fn of(options: &ReceivingOptions) -> Self {
        Self {
            events_max: options.partition_events_max,
            bytes_max: options.partition_bytes_max,
            partitions: BTreeMap::new(),
            counted: None,
        }
    }

    /// To be called with the partitions that are assigned now.
    pub(super) fn suit(&mut self, assigned: &[i32]) {
        self.partitions.retain(|partition, _| assigned.contains(partition));
        for partition in assigned {
            self.partitions.entry(*partition).or_insert_with(|| {
                self.counted = None;
                Amount::default()
            });
        }
    }

    /// Counts in what is about to be put in.
    pub(super) fn add(&mut self, deliveries: &[Delivery]) {
        for delivery in deliveries {
            let amount = self.partitions.entry(delivery.partition).or_default();
            amount.events += delivery.arrivals.len() as u64;
            let bytes = delivery.arrivals.iter().map(|arrival| arrival.event.data.get().len());
            amount.bytes += bytes.sum::<usize>() as u64;
        }
    }

    /// Whether it is time to count what the inbox holds.
    pub(super) fn is_to_be_counted(&self) -> bool {
        let may_be_full = self.partitions.keys().any(|&partition| self.is_full(partition));
        let every = if may_be_full { COUNT_EVERY } else { COUNT_AT_LEAST_EVERY };
        match self.counted {
            None => !self.partitions.is_empty(),
            Some(counted) => (may_be_full || self.events() > 0) && counted.elapsed() >= every,
        }
    }

    /// Takes over what was counted.
    pub(super) fn count(&mut self, held: &[Held]) {
        let (events_max, bytes_max) = (self.events_max, self.bytes_max);
        for (partition, amount) in &mut self.partitions {
            let held = held.iter().find(|held| held.partition == *partition);
            amount.events = held.map_or(0, |held| held.events);
            amount.bytes = held.map_or(0, |held| held.bytes);
            // A paused partition goes on when half of it is free again.
            amount.is_paused = match amount.is_paused {
                true => amount.events > events_max / 2 || amount.bytes > bytes_max / 2,
                false => amount.events >= events_max || amount.bytes >= bytes_max,
            };
        }
        self.counted = Some(Instant::now());
    }

    /// Whether the inbox has enough of a partition.
    pub(super) fn is_full(&self, partition: i32) -> bool {
        self.partitions.get(&partition).is_some_and(|amount| {
            amount.is_paused || amount.events >= self.events_max || amount.bytes >= self.bytes_max
        })
    }

    /// How many events the inbox holds at most, of all assigned partitions.
    pub(super) fn events(&self) -> u64 {
        self.partitions.values().map(|amount| amount.events).sum()
    }
}

#[cfg(test)]
mod tests {
    use event_log::kafka::KafkaOptions;
    use tokio::time::advance;

    use super::*;

    const PART: Held = Held { partition: 3, events: 7, bytes: 70 };

    #[tokio::test(start_paused = true)]
    async fn what_is_folded_in_meanwhile_is_not_said_to_wait_for_long() {
        let mut holding = Holding::of(&ReceivingOptions::of(KafkaOptions::at(Vec::new())));
        holding.suit(&[3]);
        assert!(holding.is_to_be_counted(), "a partition that has just come");
        holding.count(&[PART]);
        assert!(!holding.is_to_be_counted());
        advance(COUNT_AT_LEAST_EVERY).await;
        assert!(holding.is_to_be_counted());
        holding.count(&[]);
        assert_eq!(holding.events(), 0);
        advance(COUNT_AT_LEAST_EVERY).await;
        assert!(!holding.is_to_be_counted(), "nothing waits, and nobody needs to look");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_full_with_one_event_is_read_on_when_that_is_folded_in() {
        let options = ReceivingOptions {
            partition_events_max: 1,
            ..ReceivingOptions::of(KafkaOptions::at(Vec::new()))
        };
        let mut holding = Holding::of(&options);
        holding.suit(&[3]);
        holding.count(&[Held { events: 1, ..PART }]);
        assert!(holding.is_full(3));
        holding.count(&[]);
        assert!(!holding.is_full(3));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_full_is_counted_often_until_half_of_it_is_folded_in() {
        let options = ReceivingOptions {
            partition_events_max: 7,
            ..ReceivingOptions::of(KafkaOptions::at(Vec::new()))
        };
        let mut holding = Holding::of(&options);
        holding.suit(&[3]);
        for (events, is_full) in [(7, true), (4, true), (2, false), (4, false)] {
            holding.count(&[Held { events, ..PART }]);
            assert_eq!(holding.is_full(3), is_full, "{events} events");
            advance(COUNT_EVERY).await;
            assert_eq!(holding.is_to_be_counted(), is_full, "{events} events");
        }
    }
}
