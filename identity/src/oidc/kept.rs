//! A provider's description or keys, kept for a while: fetched when first needed, and again when too old.
//!
//! However many need it at once, one fetches it. However often somebody names a key that does not exist, the
//! provider is not asked more often than the bounds below say.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::time::Instant;

/// How long a value is used before it is fetched again, in seconds.
const FRESH_SECONDS: i64 = 15 * 60;

/// How long a value is used while the provider cannot be asked, in seconds.
const STALE_SECONDS_MAX: i64 = 4 * 60 * 60;

/// How long the provider is left alone after an attempt that failed, in seconds.
const RETRY_SECONDS: i64 = 5;

/// How long the provider is not asked again for something newer, in seconds.
const NEWER_SECONDS: i64 = 30;

/// A value of a provider, fetched when it is due.
#[derive(Debug)]
pub(super) struct Kept<T> {
    state: Mutex<State<T>>,
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State<T> {
    /// What was fetched, and when: in seconds since 1970, as are the other times.
    value: Option<(Arc<T>, i64)>,
    /// When fetching failed. `None`: it succeeded the last time.
    failed_at: Option<i64>,
    /// When something newer was last asked for.
    newer_at: Option<i64>,
}

/// There is no value that may be used, and the provider was asked for one in vain, just now or a moment ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unavailable;

impl<T> Default for Kept<T> {
    fn default() -> Self {
        let state = State { value: None, failed_at: None, newer_at: None };
        Self { state: Mutex::new(state), fetching: tokio::sync::Mutex::default() }
    }
}

impl<T> Kept<T> {
    /// The value, fetched first if that is due.
    pub(super) async fn get<E, F>(&self, now: Timestamp, fetch: F) -> Result<Arc<T>, Unavailable>
    where
        F: AsyncFnOnce() -> Result<T, E>,
        E: std::fmt::Display,
    {
        let now = now.as_second();
        if let Some(value) = self.state().fresh(now) {
            return Ok(value);
        }
        let usable = self.state().usable(now);
        let _fetching = match (self.fetching.try_lock(), usable) {
            (Ok(guard), _) => guard,
            // Somebody else is fetching. Meanwhile the old value will do.
            (Err(_), Some(value)) => return Ok(value),
            (Err(_), None) => self.fetching.lock().await,
        };
        if let Some(value) = self.state().fresh(now) {
            return Ok(value);
        }
        self.refresh(now, fetch).await
    }

    /// A newer value than `seen`, if one may be asked for now. If not, the one that is kept.
    pub(super) async fn newer<E, F>(
        &self,
        seen: &Arc<T>,
        now: Timestamp,
        fetch: F,
    ) -> Result<Arc<T>, Unavailable>
    where
        F: AsyncFnOnce() -> Result<T, E>,
        E: std::fmt::Display,
    {
        let now = now.as_second();
        let _fetching = self.fetching.lock().await;
        {
            let mut state = self.state();
            let value = state.usable(now).ok_or(Unavailable)?;
            let was_asked = state.newer_at.is_some_and(|at| now < at + NEWER_SECONDS);
            if was_asked || !Arc::ptr_eq(&value, seen) {
                return Ok(value);
            }
            state.newer_at = Some(now);
        }
        self.refresh(now, fetch).await
    }

    /// Fetches, unless that failed a moment ago. The caller holds `fetching`.
    async fn refresh<E, F>(&self, now: i64, fetch: F) -> Result<Arc<T>, Unavailable>
    where
        F: AsyncFnOnce() -> Result<T, E>,
        E: std::fmt::Display,
    {
        {
            let state = self.state();
            if state.failed_at.is_some_and(|at| now < at + RETRY_SECONDS) {
                return state.usable(now).ok_or(Unavailable);
            }
        }
        let began = Instant::now();
        let fetched = fetch().await;
        // It may have taken longer than the provider is left alone.
        let failed_at = now.saturating_add_unsigned(began.elapsed().as_secs());
        let mut state = self.state();
        match fetched {
            Ok(value) => {
                let value = Arc::new(value);
                state.value = Some((Arc::clone(&value), now));
                state.failed_at = None;
                Ok(value)
            }
            Err(reason) => {
                tracing::warn!(%reason, "an OpenID provider cannot be asked");
                state.failed_at = Some(failed_at);
                state.usable(now).ok_or(Unavailable)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn fresh(&self, now: i64) -> Option<Arc<T>> {
        self.no_older_than(FRESH_SECONDS, now)
    }

    fn usable(&self, now: i64) -> Option<Arc<T>> {
        self.no_older_than(STALE_SECONDS_MAX, now)
    }

    fn no_older_than(&self, seconds: i64, now: i64) -> Option<Arc<T>> {
        let (value, at) = self.value.as_ref()?;
        (now < at + seconds).then(|| Arc::clone(value))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts how often it was asked, and answers with the number.
    #[derive(Default)]
    struct Provider {
        asked: AtomicUsize,
        is_dead: std::sync::atomic::AtomicBool,
    }

    impl Provider {
        async fn fetch(&self) -> Result<usize, &'static str> {
            let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
            tokio::task::yield_now().await;
            if self.is_dead.load(Ordering::Relaxed) { Err("dead") } else { Ok(number) }
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::Relaxed)
        }

        fn die(&self) {
            self.is_dead.store(true, Ordering::Relaxed);
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[tokio::test]
    async fn it_is_fetched_once_and_again_when_its_time_is_over() {
        let (kept, provider) = (Kept::default(), Provider::default());
        for second in [0, 1, FRESH_SECONDS - 1] {
            assert_eq!(*kept.get(at(second), async || provider.fetch().await).await.unwrap(), 1);
        }
        let value = kept.get(at(FRESH_SECONDS), async || provider.fetch().await).await.unwrap();
        assert_eq!(*value, 2);
    }

    #[tokio::test]
    async fn however_many_ask_at_once_one_fetches() {
        let (kept, provider) = (Kept::default(), Provider::default());
        let get = || kept.get(at(0), async || provider.fetch().await);
        let (a, b, c) = tokio::join!(get(), get(), get());
        assert_eq!((*a.unwrap(), *b.unwrap(), *c.unwrap(), provider.asked()), (1, 1, 1, 1));
    }

    #[tokio::test]
    async fn a_dead_provider_is_asked_now_and_then_and_what_it_said_holds_for_a_while() {
        let (kept, provider) = (Kept::default(), Provider::default());
        kept.get(at(0), async || provider.fetch().await).await.unwrap();
        provider.die();
        for second in [FRESH_SECONDS, FRESH_SECONDS + 1, STALE_SECONDS_MAX - 1] {
            assert_eq!(*kept.get(at(second), async || provider.fetch().await).await.unwrap(), 1);
        }
        assert_eq!(provider.asked(), 3);
        let over = kept.get(at(STALE_SECONDS_MAX), async || provider.fetch().await).await;
        assert_eq!((over, provider.asked()), (Err(Unavailable), 3));
        let later = at(STALE_SECONDS_MAX + RETRY_SECONDS);
        let over = kept.get(later, async || provider.fetch().await).await;
        assert_eq!((over, provider.asked()), (Err(Unavailable), 4));
    }

    /// Whoever arrives while it is asked in vain does not ask as well; nor does whoever arrives right after.
    #[tokio::test(start_paused = true)]
    async fn a_silent_provider_is_left_alone_from_the_end_of_an_attempt_on() {
        const SILENT: i64 = 2 * RETRY_SECONDS;
        let (kept, asked) = (Kept::<()>::default(), AtomicUsize::new(0));
        let ask = |second| {
            kept.get(at(second), async || {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(std::time::Duration::from_secs(SILENT.unsigned_abs())).await;
                Err("no answer")
            })
        };
        let (first, others, _) = tokio::join!(ask(0), ask(RETRY_SECONDS + 1), ask(SILENT - 1));
        assert_eq!((first, others), (Err(Unavailable), Err(Unavailable)));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert_eq!(ask(SILENT + RETRY_SECONDS - 1).await, Err(Unavailable));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert_eq!(ask(SILENT + RETRY_SECONDS).await, Err(Unavailable));
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn something_newer_is_asked_for_at_once_but_not_again_and_again() {
        let (kept, provider) = (Kept::default(), Provider::default());
        let mut seen = kept.get(at(0), async || provider.fetch().await).await.unwrap();
        for second in 1..NEWER_SECONDS {
            seen = kept.newer(&seen, at(second), async || provider.fetch().await).await.unwrap();
            assert_eq!((*seen, provider.asked()), (2, 2));
        }
        let later = at(1 + NEWER_SECONDS);
        seen = kept.newer(&seen, later, async || provider.fetch().await).await.unwrap();
        assert_eq!(*seen, 3);
    }

    #[tokio::test]
    async fn who_has_seen_the_old_gets_what_others_have_fetched_since() {
        let (kept, provider) = (Kept::default(), Provider::default());
        let old = kept.get(at(0), async || provider.fetch().await).await.unwrap();
        kept.newer(&old, at(1), async || provider.fetch().await).await.unwrap();
        let newer = kept.newer(&old, at(2), async || provider.fetch().await).await.unwrap();
        assert_eq!((*newer, provider.asked()), (2, 2));
    }
}
