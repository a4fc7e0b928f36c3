//! How long a client may keep the server waiting: it has a credit of time, which waiting uses up and bytes
//! earn back. Who is slow and goes on at the lowest rate never runs out of it; who drips does.

use std::time::Duration;

use tokio::time::Instant;

/// The credit of one direction of a connection.
#[derive(Debug)]
pub(super) struct Credit {
    terms: Terms,
    left: Duration,
    waiting_since: Option<Instant>,
}

/// What a credit is like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// What there is at first.
    pub(super) at_first: Duration,
    /// The lowest rate, in bytes a second; 0 for any.
    pub(super) rate_min: u64,
    /// The most that can be earned.
    pub(super) most: Duration,
}

impl Credit {
    pub(super) fn new(terms: Terms) -> Self {
        Self { terms, left: terms.at_first, waiting_since: None }
    }

    /// The client is waited for; gives until when. `None`: for ever.
    pub(super) fn wait(&mut self) -> Option<Instant> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        (self.terms.rate_min > 0).then(|| since + self.left)
    }

    /// The client has sent or taken so many bytes.
    pub(super) fn earn(&mut self, bytes: usize) {
        if let Some(since) = self.waiting_since.take() {
            self.left = self.left.saturating_sub(since.elapsed());
        }
        let nanos = (bytes as u64).saturating_mul(1_000_000_000).checked_div(self.terms.rate_min);
        let earned = Duration::from_nanos(nanos.unwrap_or(0));
        self.left = self.left.saturating_add(earned).min(self.terms.most.max(self.terms.at_first));
    }

    /// Another request: it starts with what there is at first, at least.
    pub(super) fn renew(&mut self) {
        self.waiting_since = None;
        self.left = self.left.max(self.terms.at_first);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const TERMS: Terms =
        Terms { at_first: Duration::from_secs(20), rate_min: 100, most: Duration::from_secs(60) };

    /// Whether a client that sends so many bytes every so often is still waited for after ten hours.
    async fn is_kept(bytes: usize, every: Duration) -> bool {
        let mut credit = Credit::new(TERMS);
        credit.earn(bytes);
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(36_000) {
            let until = credit.wait().unwrap();
            advance(every).await;
            if Instant::now() > until {
                return false;
            }
            credit.earn(bytes);
        }
        true
    }

    #[tokio::test(start_paused = true)]
    async fn who_drips_runs_out_of_credit_and_who_is_slow_does_not() {
        assert!(!is_kept(1, Duration::from_secs(1)).await);
        assert!(!is_kept(90, Duration::from_secs(1)).await);
        assert!(is_kept(110, Duration::from_secs(1)).await);
        assert!(is_kept(5_500, Duration::from_secs(50)).await, "a burst, and then a rest");
        assert!(!is_kept(1_000_000, Duration::from_secs(61)).await, "bursts do not pay for ever");
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_the_server_takes_is_not_the_client_s() {
        let mut credit = Credit::new(TERMS);
        credit.wait();
        credit.earn(1);
        advance(Duration::from_secs(3_600)).await;
        assert!(credit.wait().unwrap() > Instant::now() + Duration::from_secs(19));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_lowest_rate_a_client_is_waited_for_for_ever() {
        let mut credit = Credit::new(Terms { rate_min: 0, ..TERMS });
        assert!(credit.wait().is_none());
        credit.earn(1);
    }
}
