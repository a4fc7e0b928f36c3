//! What is counted of the cache. Handles are looked up once.

use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};

const REQUESTS: &str = "cinelog_response_cache_requests_total";
const WAITS: &str = "cinelog_response_cache_waits_total";
const EVICTIONS: &str = "cinelog_response_cache_evictions_total";
const SHARED: &str = "cinelog_response_cache_shared_total";
const BYTES: &str = "cinelog_response_cache_bytes";

/// The handles.
pub(super) struct Measure {
    pub(super) hits: Counter,
    pub(super) misses: Counter,
    /// Waited for the cache to hear of what the request must see.
    pub(super) waits_for_news: Counter,
    /// Waited for another request's answer.
    pub(super) waits_for_others: Counter,
    /// Answers that were looked for where nodes share them: there and good, not there, there but out of
    /// date or newer than is known here, there but not to be understood.
    pub(super) shared_hits: Counter,
    pub(super) shared_misses: Counter,
    pub(super) shared_old: Counter,
    pub(super) shared_unreadable: Counter,
    evictions: Counter,
    bytes: Gauge,
}

impl Measure {
    pub(super) fn new() -> Self {
        describe_counter!(REQUESTS, Unit::Count, "Requests that the response cache could answer.");
        describe_counter!(WAITS, Unit::Count, "Requests that waited for the response cache.");
        describe_counter!(EVICTIONS, Unit::Count, "Answers dropped for want of room.");
        describe_counter!(
            SHARED,
            Unit::Count,
            "Answers that were looked for where nodes share them, by what was found."
        );
        describe_gauge!(BYTES, Unit::Bytes, "What kept answers take.");
        Self {
            hits: counter!(REQUESTS, "outcome" => "hit"),
            misses: counter!(REQUESTS, "outcome" => "miss"),
            waits_for_news: counter!(WAITS, "for" => "news"),
            waits_for_others: counter!(WAITS, "for" => "others"),
            shared_hits: counter!(SHARED, "outcome" => "hit"),
            shared_misses: counter!(SHARED, "outcome" => "miss"),
            shared_old: counter!(SHARED, "outcome" => "old"),
            shared_unreadable: counter!(SHARED, "outcome" => "unreadable"),
            evictions: counter!(EVICTIONS),
            bytes: gauge!(BYTES),
        }
    }

    pub(super) fn evictions(&self) -> Counter {
        self.evictions.clone()
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge is a double; bytes are far below 2^53")]
    pub(super) fn bytes(&self, bytes: u64) {
        self.bytes.set(bytes as f64);
    }
}
