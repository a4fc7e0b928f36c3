//! Waiting for a server at the start: everything may be started at once, in any order.

use std::time::Duration;

use event_log::LogError;
use projector::GenerationError;
use tokio::time::{Instant, sleep};

use crate::{config::Config, error::Failure};

/// How long is waited after the first attempt; twice as long after each further one.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// How long at most.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Tries to open `what` for `server.start_timeout`, as long as what stands in the way may pass.
///
/// # Errors
/// What stood in the way in the end.
pub(crate) async fn patiently<T>(
    config: &Config,
    what: &str,
    open: impl AsyncFn() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let limit = config.server.start_timeout;
    let deadline = Instant::now() + limit;
    let (mut pause, mut is_told) = (PAUSE_MIN, false);
    loop {
        let failure = match open().await {
            Ok(opened) => return Ok(opened),
            Err(failure) if !may_pass(&failure) => return Err(failure),
            Err(failure) => failure,
        };
        if Instant::now() + pause > deadline {
            return Err(match is_told {
                true => Failure::Waited { limit, what: what.to_owned(), last: Box::new(failure) },
                false => failure,
            });
        }
        if !is_told {
            tracing::warn!(%failure, limit_s = limit.as_secs(), "waiting for {what}");
            is_told = true;
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Whether the same may succeed later: a server that starts, a table that another process is about to
/// make.
fn may_pass(failure: &Failure) -> bool {
    match failure {
        Failure::Log(error) => matches!(error, LogError::Unavailable(_)),
        Failure::ReadModel(error) => error.is_transient(),
        Failure::Generation(GenerationError::Store(error)) => error.is_transient(),
        Failure::Generation(error) => matches!(error, GenerationError::Missing(_)),
        Failure::Identity(error) => error.is_transient(),
        Failure::QueryStore(error) => matches!(
            error,
            query_api::StoreError::Missing(_) | query_api::StoreError::Unavailable(_)
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn waiting(limit: Duration) -> Config {
        let mut config = Config::default();
        config.server.start_timeout = limit;
        config
    }

    fn away() -> Failure {
        LogError::Unavailable("connection refused".to_owned()).into()
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_comes_up_late_is_waited_for() {
        let attempts = AtomicU32::new(0);
        let open = async || match attempts.fetch_add(1, Ordering::Relaxed) {
            0..5 => Err(away()),
            _ => Ok(()),
        };
        patiently(&waiting(Duration::from_secs(30)), "the event log", open).await.unwrap();
        assert_eq!(attempts.into_inner(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_does_not_come_up_is_waited_for_as_long_as_configured() {
        let started = Instant::now();
        let open = async || Err::<(), _>(away());
        let limit = Duration::from_secs(30);
        let failed = patiently(&waiting(limit), "the event log", open).await.unwrap_err();
        for part in ["connection refused", "30 s", "server.start_timeout"] {
            assert!(failed.to_string().contains(part), "{failed}");
        }
        assert!((limit - PAUSE_MAX..=limit).contains(&started.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_model_is_waited_for_that_is_not_there_or_out_of_reach_but_not_a_newer_one() {
        use query_api::StoreError::{Foreign, Missing, Unavailable};

        let attempts = AtomicU32::new(0);
        let place = || "cinelog_read_model_1".to_owned();
        let open = async || match attempts.fetch_add(1, Ordering::Relaxed) {
            0 => Err::<(), Failure>(Missing(place()).into()),
            1 => Err(Unavailable("sorry, too many clients already".into()).into()),
            _ => Err(Foreign { place: place(), reason: "it is newer".into() }.into()),
        };
        let limit = Duration::from_secs(30);
        let failed = patiently(&waiting(limit), "the read model", open).await.unwrap_err();
        assert_eq!(attempts.into_inner(), 3);
        assert!(failed.to_string().contains("it is newer"), "{failed}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_pass_is_said_at_once() {
        let started = Instant::now();
        let newer = LogError::Damaged { position: None, reason: "of a newer Cinelog".to_owned() };
        let open = async || Err::<(), _>(newer.clone().into());
        let limit = Duration::from_secs(30);
        let failed = patiently(&waiting(limit), "the event log", open).await.unwrap_err();
        assert!(failed.to_string().contains("newer"), "{failed}");
        assert!(started.elapsed().is_zero());
        let none = waiting(Duration::ZERO);
        let failed = patiently(&none, "the event log", async || Err::<(), _>(away())).await;
        assert!(!failed.unwrap_err().to_string().contains("start_timeout"));
        assert!(started.elapsed().is_zero());
    }
}
