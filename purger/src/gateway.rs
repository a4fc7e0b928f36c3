//! Telling one gateway: everything that waits, in one go; a second time a little later; and again where it
//! did not take it.

use std::{mem, time::Duration};

use http::HeaderValue;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::{
    GatewayAddress, PurgerOptions,
    measure::Measure,
    pending::{Groups, Pending},
    request::{Asking, PurgeError},
};

/// How soon a gateway that failed is told again; twice as long after each further failure.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// The longest time between two attempts. A gateway that refuses is left alone for as long at once.
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(5);

/// One gateway, and what it is to be told.
pub(crate) struct Gateway {
    asking: Asking,
    repeat_after: Duration,
    pending: Pending,
    measure: Measure,
    /// What was last logged of it: why it was not told, or nothing where it was.
    told: Option<String>,
    failures: u32,
}

/// What was purged once and is to be purged again.
#[derive(Default)]
struct Repeats {
    /// Purged since the last round.
    young: Groups,
    /// Purged before it, so a whole round ago at least.
    old: Groups,
}

impl Repeats {
    /// Begins a round; gives what is due.
    fn turn(&mut self) -> Groups {
        mem::replace(&mut self.old, mem::take(&mut self.young))
    }
}

impl Gateway {
    pub(crate) fn new(address: GatewayAddress, options: &PurgerOptions) -> Self {
        let bearer = |token: &String| HeaderValue::try_from(format!("Bearer {token}")).ok();
        let mut authorization = options.token.as_ref().and_then(bearer);
        if let Some(authorization) = &mut authorization {
            authorization.set_sensitive(true);
        }
        Self {
            measure: Measure::of(&address),
            asking: Asking { address, authorization, timeout: options.timeout },
            repeat_after: options.repeat_after,
            pending: Pending::default(),
            told: None,
            failures: 0,
        }
    }

    /// Where what it is to be told is added.
    pub(crate) fn pending(&self) -> Pending {
        self.pending.clone()
    }

    /// Tells it, for ever.
    pub(crate) async fn run(mut self) {
        let mut repeats = Repeats::default();
        let mut rounds = interval(self.repeat_after);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                (groups, since) = self.pending.take() => {
                    if self.tell(&groups, since).await {
                        self.measure.took(since.elapsed());
                        repeats.young.add(groups);
                    }
                }
                _ = rounds.tick() => {
                    let due = repeats.turn();
                    self.tell(&due, Instant::now()).await;
                }
            }
        }
    }

    /// Whether it took these groups. If not, they are added to those that wait, and this takes as long as it
    /// is to be left alone.
    async fn tell(&mut self, groups: &Groups, since: Instant) -> bool {
        if *groups == Groups::Nothing {
            return false;
        }
        let done = self.asking.purge(groups).await;
        self.measure.asked(&done);
        let Err(error) = done else {
            self.failures = 0;
            if self.told.take().is_some() {
                tracing::info!(gateway = %self.asking.address, "the gateway can be purged again");
            }
            self.measure.pending(self.pending.count());
            return true;
        };
        let reason = error.to_string();
        if self.told.as_ref() != Some(&reason) {
            tracing::warn!(gateway = %self.asking.address, reason, "the gateway cannot be purged");
            self.told = Some(reason);
        }
        self.pending.put_back(groups.clone(), since);
        self.measure.pending(self.pending.count());
        sleep(self.pause(&error)).await;
        false
    }

    fn pause(&mut self, error: &PurgeError) -> Duration {
        let doubled = AGAIN_AFTER * 2_u32.saturating_pow(self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        match error {
            PurgeError::Refused(_) => AGAIN_AFTER_MAX,
            PurgeError::Unreachable(_) | PurgeError::Failing(_) => doubled.min(AGAIN_AFTER_MAX),
        }
    }
}

#[cfg(test)]
#[path = "gateway_tests.rs"]
mod tests;
