//! What a caller is told: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11), the older
//! `X-RateLimit-*` of the window that is nearest to its end, and how long to wait.

use std::{cmp::Reverse, fmt::Write, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue};
use rate_limit::{Policy, Standing, Taken, Window};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// How a caller stands with a policy.
pub(super) struct Told<'p>(Vec<(&'p Window, Standing)>);

impl<'p> Told<'p> {
    pub(super) fn of(policy: &'p Policy, taken: &Taken) -> Self {
        Self(policy.windows().iter().zip(taken.windows.iter().copied()).collect())
    }

    /// Puts all of it on an answer.
    pub(super) fn put_into(&self, headers: &mut HeaderMap) {
        let texts = [(RATE_LIMIT_POLICY, self.policies()), (RATE_LIMIT, self.standings())];
        for (name, text) in texts {
            // Names of windows are plain: a header holds them.
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(name, value);
            }
        }
        let tightest = self
            .0
            .iter()
            .min_by_key(|(_, standing)| (standing.remaining, Reverse(standing.resets_in)));
        if let Some((window, standing)) = tightest {
            headers.insert(LIMIT, window.quota().into());
            headers.insert(REMAINING, standing.remaining.into());
            headers.insert(RESET, seconds(standing.resets_in).into());
        }
    }

    fn policies(&self) -> String {
        let mut text = String::new();
        for (window, _) in &self.0 {
            // Writing to a String never fails.
            let (name, quota) = (window.name(), window.quota());
            let _ = write!(
                text,
                "{}\"{name}\";q={quota};w={}",
                separator(&text),
                window.length().as_secs()
            );
        }
        text
    }

    /// Where there is no room, only those windows that have none: no other ends later than `Retry-After` says.
    fn standings(&self) -> String {
        let mut text = String::new();
        let is_refused = self.0.iter().any(|(_, standing)| standing.violated);
        for (window, standing) in self.0.iter().filter(|(_, s)| s.violated || !is_refused) {
            let (name, remaining) = (window.name(), standing.remaining);
            let _ = write!(
                text,
                "{}\"{name}\";r={remaining};t={}",
                separator(&text),
                seconds(standing.resets_in)
            );
        }
        text
    }

    /// The names of the windows that have no room.
    pub(super) fn violated(&self) -> Vec<&'p str> {
        let violated = self.0.iter().filter(|(_, standing)| standing.violated);
        violated.map(|(window, _)| window.name()).collect()
    }

    /// In how many seconds the last of them ends.
    pub(super) fn retry_after(&self) -> u64 {
        let violated = self.0.iter().filter(|(_, standing)| standing.violated);
        violated.map(|(_, standing)| seconds(standing.resets_in)).max().unwrap_or_default()
    }

    /// The same, for people.
    pub(super) fn sentence(&self) -> String {
        let violated = self.violated().join(" and ");
        let seconds = self.retry_after();
        let unit = if seconds == 1 { "second" } else { "seconds" };
        format!("No more is let in by {violated}. Come again in {seconds} {unit}.")
    }
}

fn separator(before: &str) -> &'static str {
    if before.is_empty() { "" } else { ", " }
}

/// Whole seconds, rounded up: who waits so long does not come too early.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rate_limit::{MemoryRateCounters, RateCounters, Rates};

    use super::*;

    async fn told(rates: &str, cost: u32) -> (HeaderMap, Vec<String>, u64) {
        let policy = rates.parse::<Rates>().unwrap().policy("read").unwrap().unwrap();
        let counters: Arc<dyn RateCounters> = Arc::new(MemoryRateCounters::new());
        tokio::time::advance(Duration::from_millis(10)).await;
        counters.take("me", 3, &policy).await;
        tokio::time::advance(Duration::from_millis(1_300)).await;
        let taken = counters.take("me", cost, &policy).await;
        let told = Told::of(&policy, &taken);
        let mut headers = HeaderMap::new();
        told.put_into(&mut headers);
        let violated = told.violated().iter().map(ToString::to_string).collect();
        (headers, violated, told.retry_after())
    }

    #[tokio::test(start_paused = true)]
    async fn all_policies_are_told_and_the_tightest_in_the_older_way() {
        let (headers, ..) = told("10 per minute; 5 per hour", 1).await;
        assert_eq!(
            headers["ratelimit-policy"],
            "\"read-minute\";q=10;w=60, \"read-hour\";q=5;w=3600"
        );
        assert_eq!(headers["ratelimit"], "\"read-minute\";r=6;t=59, \"read-hour\";r=1;t=3599");
        let older = [&headers[LIMIT], &headers[REMAINING], &headers[RESET]];
        assert_eq!(older, ["5", "1", "3599"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_names_what_has_no_room_and_when_to_come_again() {
        let (headers, violated, retry_after) = told("3 per minute; 50 per hour", 1).await;
        assert_eq!((violated, retry_after), (vec!["read-minute".to_owned()], 59));
        assert_eq!(headers["ratelimit"], "\"read-minute\";r=0;t=59");
        assert_eq!(headers[LIMIT], "3");
        let (headers, violated, retry_after) = told("3 per minute; 3 per hour", 1).await;
        assert_eq!((violated.len(), retry_after), (2, 3_599));
        assert_eq!(
            (&headers[RESET], &headers[REMAINING]),
            (&"3599".parse().unwrap(), &"0".parse().unwrap())
        );
    }

    #[test]
    fn seconds_are_rounded_up() {
        for (millis, expected) in [(0, 0), (1, 1), (1_000, 1), (1_001, 2)] {
            assert_eq!(seconds(Duration::from_millis(millis)), expected);
        }
    }
}
