//! Kafka against the log.

use std::collections::{HashMap, HashSet};

use super::{Fact, Published, Violation};

/// `published` has each partition in its order.
pub(super) fn check(published: &[Published], log: &[Fact]) -> Vec<Violation> {
    let mut found = Vec::new();
    let by_position: HashMap<u64, &Fact> = log.iter().map(|fact| (fact.position, fact)).collect();
    let mut seen = HashSet::new();
    // Where each stream is, and how far it has come.
    let mut streams: HashMap<&str, (u32, u64)> = HashMap::new();
    for record in published {
        let (position, at) = (record.position, (record.partition, record.offset));
        let is_of_log = by_position.get(&position).is_some_and(|fact| is_same(record, fact));
        if !is_of_log {
            found.push(Violation::PublishedOther { position, at });
            continue;
        }
        if !seen.insert(position) {
            found.push(Violation::PublishedTwice { position, at });
            continue;
        }
        let (partition, last) = streams.entry(&record.stream).or_insert((record.partition, 0));
        if *partition != record.partition || position <= *last {
            let stream = record.stream.clone();
            found.push(Violation::PublishedOutOfOrder { stream, position, at });
        }
        *last = position.max(*last);
    }
    let missing = log.iter().filter(|fact| !seen.contains(&fact.position));
    found.extend(missing.map(|fact| Violation::Unpublished { position: fact.position }));
    found
}

fn is_same(record: &Published, fact: &Fact) -> bool {
    (&record.stream, record.revision, &record.id, &record.event_type, &record.data)
        == (&fact.stream, fact.revision, &fact.id, &fact.event_type, &fact.data)
}
