//! What operators are told of limits: metrics by group, and a line for each who is refused, once a window.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use metrics::{Counter, Unit, counter, describe_counter};
use rate_limit::Taken;

use super::{
    fields::Told,
    rule::{Counted, Who},
};
use crate::access::{RateGroup, Row};

const REQUESTS: &str = "cinelog_rate_limit_requests_total";

/// Of how many who were refused it is remembered that the log says so. Of more, nothing is said.
const REMEMBERED_MAX: usize = 4_096;

pub(super) struct Telling {
    groups: Vec<(RateGroup, OfGroup)>,
    /// Who was refused, until when that is not said again.
    said: Mutex<HashMap<String, Instant>>,
}

struct OfGroup {
    admitted: Counter,
    refused: Counter,
}

impl Telling {
    pub(super) fn about(groups: impl Iterator<Item = RateGroup>) -> Self {
        describe_counter!(
            REQUESTS,
            Unit::Count,
            "Requests that a rate limit applied to, by group: admitted, or refused with 429."
        );
        let of_group = |group: RateGroup| {
            let outcome =
                |outcome| counter!(REQUESTS, "group" => group.as_str(), "outcome" => outcome);
            (group, OfGroup { admitted: outcome("admitted"), refused: outcome("refused") })
        };
        Self { groups: groups.map(of_group).collect(), said: Mutex::default() }
    }

    fn of(&self, group: RateGroup) -> Option<&OfGroup> {
        self.groups.iter().find(|(of, _)| *of == group).map(|(_, counters)| counters)
    }

    pub(super) fn admitted(&self, group: RateGroup) {
        if let Some(counters) = self.of(group) {
            counters.admitted.increment(1);
        }
    }

    /// Who it is, is said of accounts only: an address is personal.
    pub(super) fn refused(
        &self,
        row: &Row,
        who: Who,
        counted: &Counted<'_>,
        taken: &Taken,
        request_id: &str,
    ) {
        if let Some(counters) = self.of(row.group) {
            counters.refused.increment(1);
        }
        if !self.is_news(&counted.subject, taken, Instant::now()) {
            return;
        }
        let (group, route) = (row.group.as_str(), &*row.path);
        let policies = Told::of(counted.policy, taken).violated().join(", ");
        match who {
            Who::Account(identity) => tracing::warn!(
                request_id, group, route, policies, account = %identity.account,
                "a rate limit is reached: an account is refused"
            ),
            Who::Address(_) => tracing::warn!(
                request_id,
                group,
                route,
                policies,
                "a rate limit is reached: a client address is refused"
            ),
        }
    }

    /// Whether nothing was said of somebody yet in this window.
    fn is_news(&self, subject: &str, taken: &Taken, now: Instant) -> bool {
        let ends = now + taken.retry_after().unwrap_or_default();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.get(subject).is_some_and(|until| now < *until) {
            return false;
        }
        if said.len() >= REMEMBERED_MAX {
            said.retain(|_, until| now < *until);
        }
        if said.len() >= REMEMBERED_MAX {
            return false;
        }
        said.insert(subject.to_owned(), ends);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rate_limit::{MemoryRateCounters, RateCounters, Rates};

    use super::*;

    #[tokio::test]
    async fn who_is_refused_is_said_once_a_window_and_not_of_more_than_are_remembered() {
        let telling = Telling::about([RateGroup::Read].into_iter());
        let policy = "1 per minute".parse::<Rates>().unwrap().policy("read").unwrap().unwrap();
        let taken = MemoryRateCounters::new().take("me", 2, &policy).await;
        let now = Instant::now();
        let news: Vec<_> = (0..3).map(|_| telling.is_news("me", &taken, now)).collect();
        assert_eq!(news, [true, false, false]);
        assert!(telling.is_news("you", &taken, now));
        let later = now + Duration::from_secs(61);
        assert!(telling.is_news("me", &taken, later));
        for other in 0..2 * REMEMBERED_MAX {
            telling.is_news(&other.to_string(), &taken, later);
        }
        assert!(!telling.is_news("somebody", &taken, later));
        assert!(telling.is_news("somebody", &taken, later + Duration::from_secs(61)));
    }
}
