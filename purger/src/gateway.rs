//! Telling one gateway: all groups that wait, at once; the same groups a second time a little later; and again
//! whatever it did not accept.

use std::{mem, time::Duration};

use http::HeaderValue;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::{
    GatewayAddress, PurgerOptions,
    measure::Measure,
    pending::{Groups, Pending},
    request::{Asking, PurgeError},
};

/// How soon a gateway that failed is told again. It doubles with each further failure.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// The longest time between two attempts. After a refusal it is this long at once.
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(5);

/// One gateway, and the groups that it must be told.
pub(crate) struct Gateway {
    asking: Asking,
    repeat_after: Duration,
    pending: Pending,
    measure: Measure,
    /// The reason for failing that was logged last. `None`: it did not fail.
    told: Option<String>,
    failures: u32,
}

/// Groups that were purged once and have to be purged again.
#[derive(Default)]
struct Repeats {
    /// Purged since the last round began.
    young: Groups,
    /// Purged before that: these are due when the next round begins.
    old: Groups,
}

impl Repeats {
    /// Begins a round; gives the groups that are due.
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

    /// The queue of groups that the gateway must be told.
    pub(crate) fn pending(&self) -> Pending {
        self.pending.clone()
    }

    /// Tells the gateway, without end.
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

    /// Tells the gateway these groups; gives whether it accepted them. If not, they are put back, and this
    /// returns only when the next attempt is due.
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
