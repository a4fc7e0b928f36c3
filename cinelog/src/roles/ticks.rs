//! When what is done again and again is done.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::error::Failure;

/// Ticks at once, and then each `span`. What took longer than that is not caught up with.
pub(super) fn every(span: Duration) -> Interval {
    let mut ticks = interval(span);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Does `work` at once, and then each `span`, until told to stop. Work under way is dropped then, so it must
/// be such as may end anywhere. What fails is for `work` to say: it is tried again the next time.
///
/// # Errors
/// None: it is a task as the others are.
pub(super) async fn each(
    span: Duration,
    stop: CancellationToken,
    mut work: impl AsyncFnMut(),
) -> Result<(), Failure> {
    let mut ticks = every(span);
    let again_and_again = async {
        loop {
            ticks.tick().await;
            work().await;
        }
    };
    stop.run_until_cancelled(again_and_again).await.unwrap_or(Ok(()))
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const SPAN: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn work_is_done_at_once_and_then_each_span_until_told_to_stop() {
        let (began, stop) = (Instant::now(), CancellationToken::new());
        let mut done_at = Vec::new();
        let work = async || {
            done_at.push(began.elapsed().as_secs());
            if done_at.len() == 3 {
                stop.cancel();
            }
        };
        each(SPAN, stop.clone(), work).await.unwrap();
        assert_eq!(done_at, [0, 10, 20]);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_does_not_end_keeps_nobody_from_stopping() {
        let stop = CancellationToken::new();
        let working = tokio::spawn(each(SPAN, stop.clone(), std::future::pending::<()>));
        stop.cancel();
        working.await.unwrap().unwrap();
    }
}
