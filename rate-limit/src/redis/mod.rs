//! Counters on Redis, for all nodes together. While Redis is away, each node counts by itself.

mod script;

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};
use redis_link::{Keys, LinkError, RedisLink};

use self::script::Scripts;
use crate::{MemoryRateCounters, Policy, RateCounters, Taken, memory::hash};

/// The version of what is kept under a key.
const VERSION: u32 = 1;

const ALONE: &str = "cinelog_rate_limit_alone";
const TAKES: &str = "cinelog_rate_limit_takes_total";

/// Counters on Redis, and counters in memory for when Redis is away.
pub struct RedisRateCounters {
    link: RedisLink,
    keys: Keys,
    scripts: Scripts,
    here: MemoryRateCounters,
    /// Whether the last cost was counted by this node alone.
    is_alone: AtomicBool,
    takes_together: Counter,
    takes_alone: Counter,
    alone: Gauge,
}

impl RedisRateCounters {
    /// The counters of a deployment. All of its nodes must give the same name.
    #[must_use]
    pub fn new(link: RedisLink, deployment: &str) -> Self {
        describe_gauge!(ALONE, "Whether this node counts rates by itself, without Redis: 1, or 0.");
        describe_counter!(
            TAKES,
            Unit::Count,
            "Rates counted, with all nodes or by this one alone."
        );
        let alone = gauge!(ALONE);
        alone.set(0.0);
        Self {
            link,
            keys: Keys::of(deployment, "rates", VERSION),
            scripts: Scripts::new(),
            here: MemoryRateCounters::new(),
            is_alone: AtomicBool::new(false),
            takes_together: counter!(TAKES, "counted" => "together"),
            takes_alone: counter!(TAKES, "counted" => "alone"),
            alone,
        }
    }

    /// Whether the last cost was counted by this node alone.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.is_alone.load(Ordering::Relaxed)
    }

    fn key(&self, subject: &str) -> String {
        self.keys.key(format_args!("{:032x}", u128::from_be_bytes(hash(subject))))
    }

    /// Counts who has counted. Logs once when this node begins to count by itself, and once when that ends.
    fn counts(&self, alone: Option<&LinkError>) {
        match alone {
            Some(_) => self.takes_alone.increment(1),
            None => self.takes_together.increment(1),
        }
        if self.is_alone.swap(alone.is_some(), Ordering::Relaxed) == alone.is_some() {
            return;
        }
        match alone {
            Some(reason) => {
                tracing::warn!(%reason, "rates are counted by this node alone");
                self.alone.set(1.0);
            }
            None => {
                tracing::info!("rates are counted by all nodes together again");
                self.alone.set(0.0);
            }
        }
    }
}

#[async_trait]
impl RateCounters for RedisRateCounters {
    async fn take(&self, subject: &str, cost: u32, policy: &Policy) -> Taken {
        match self.scripts.take(&self.link, &self.key(subject), cost, policy).await {
            Ok(taken) => {
                self.counts(None);
                taken
            }
            Err(error) => {
                self.counts(Some(&error));
                self.here.take_now(subject, cost, policy)
            }
        }
    }

    async fn give_back(&self, subject: &str, policy: &Policy, taken: &Taken) {
        if !taken.together {
            return self.here.give_back_now(subject, policy, taken);
        }
        // If that fails, the subject has paid too much until the windows end.
        let _ = self.scripts.give_back(&self.link, &self.key(subject), policy, taken).await;
    }
}

impl fmt::Debug for RedisRateCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRateCounters")
            .field("keys", &self.keys)
            .field("is_alone", &self.is_alone())
            .finish_non_exhaustive()
    }
}
