//! The behaviour suite of rate counters: what the port promises, for every set of counters alike.
//!
//! An adapter plugs in with a [`Fixture`] and one line, `rate_limit::rate_counters_suite!(fresh)`, where
//! `fresh` is an async function that gives one.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{Policy, RateCounters, Taken, Window};

/// Counters of their own for one test, as the nodes of a deployment hold them.
pub struct Fixture {
    /// Where requests come in.
    pub one: Arc<dyn RateCounters>,
    /// Where they come in too. The same as `one`, where counters are of one node alone.
    pub other: Arc<dyn RateCounters>,
    /// Lets time pass, and looks whether all is well.
    pub ground: Arc<dyn Ground>,
}

/// What the counters stand on.
#[async_trait]
pub trait Ground: Send + Sync {
    /// From now on it is as if so much time had passed.
    async fn elapse(&self, time: Duration);

    /// Fails the test where it was not about these counters, but about what stood in for them.
    async fn was_counted_on(&self);
}

const MINUTE: Duration = Duration::from_secs(60);

fn window(name: &str, quota: u32, length: Duration) -> Window {
    Window::new(name, quota, length).expect("it is one")
}

/// So much per minute.
fn minute(quota: u32) -> Policy {
    Policy::new([window("minute", quota, MINUTE)]).expect("it is one")
}

/// So much per minute, and so much per hour.
fn two(per_minute: u32, per_hour: u32) -> Policy {
    let windows = [window("minute", per_minute, MINUTE), window("hour", per_hour, 60 * MINUTE)];
    Policy::new(windows).expect("it is one")
}

fn remaining(taken: &Taken) -> Vec<u32> {
    taken.windows.iter().map(|window| window.remaining).collect()
}

/// Whether a time is this, or a little less: real clocks go on while a test runs.
fn is_about(time: Duration, expected: Duration) -> bool {
    time <= expected && time + Duration::from_secs(20) > expected
}

pub async fn a_quota_is_had_to_the_last_and_not_beyond(fixture: Fixture) {
    for left in (0..5).rev() {
        let taken = fixture.one.take("me", 1, &minute(5)).await;
        assert_eq!((taken.admitted, remaining(&taken)), (true, vec![left]));
        assert_eq!(taken.retry_after(), None);
    }
    let refused = fixture.one.take("me", 1, &minute(5)).await;
    assert_eq!((refused.admitted, remaining(&refused)), (false, vec![0]));
    assert!(refused.windows[0].violated);
    assert!(is_about(refused.retry_after().expect("it ends"), MINUTE));
}

pub async fn a_window_begins_with_the_first_that_is_taken_and_is_whole_again_at_its_end(
    fixture: Fixture,
) {
    let untouched = fixture.one.take("me", 0, &minute(2)).await;
    assert!(is_about(untouched.windows[0].resets_in, MINUTE));
    fixture.ground.elapse(MINUTE / 2).await;
    fixture.one.take("me", 2, &minute(2)).await;
    fixture.ground.elapse(MINUTE / 2).await;
    let refused = fixture.one.take("me", 1, &minute(2)).await;
    assert!(!refused.admitted && is_about(refused.windows[0].resets_in, MINUTE / 2));
    fixture.ground.elapse(MINUTE / 2).await;
    let taken = fixture.one.take("me", 1, &minute(2)).await;
    assert_eq!((taken.admitted, remaining(&taken)), (true, vec![1]));
    assert!(is_about(taken.windows[0].resets_in, MINUTE));
}

pub async fn several_windows_hold_at_once_and_each_ends_by_itself(fixture: Fixture) {
    // The third time there is room in the minute, and not in the hour.
    for admitted in [true, true, false] {
        assert_eq!(fixture.one.take("me", 2, &two(2, 5)).await.admitted, admitted);
        fixture.ground.elapse(MINUTE).await;
    }
    let last = fixture.one.take("me", 0, &two(2, 5)).await;
    assert_eq!(remaining(&last), [2, 1]);
    let refused = fixture.one.take("me", 2, &two(2, 5)).await;
    let violated: Vec<bool> = refused.windows.iter().map(|window| window.violated).collect();
    assert_eq!(violated, [false, true]);
    assert!(is_about(refused.retry_after().expect("it ends"), 57 * MINUTE));
}

pub async fn what_does_not_fit_into_every_window_is_taken_from_none(fixture: Fixture) {
    fixture.one.take("me", 3, &two(10, 4)).await;
    let refused = fixture.one.take("me", 2, &two(10, 4)).await;
    assert_eq!((refused.admitted, remaining(&refused)), (false, vec![7, 1]));
    let taken = fixture.one.take("me", 1, &two(10, 4)).await;
    assert_eq!((taken.admitted, remaining(&taken)), (true, vec![6, 0]));
}

pub async fn a_cost_of_nothing_always_fits_and_leaves_no_trace(fixture: Fixture) {
    fixture.one.take("me", 5, &minute(5)).await;
    for _ in 0..3 {
        let taken = fixture.one.take("me", 0, &minute(5)).await;
        assert_eq!((taken.admitted, remaining(&taken)), (true, vec![0]));
        let taken = fixture.one.take("you", 0, &minute(5)).await;
        assert_eq!((taken.admitted, remaining(&taken)), (true, vec![5]));
    }
}

pub async fn a_cost_beyond_the_quota_never_fits_and_takes_nothing(fixture: Fixture) {
    for cost in [6, u32::MAX] {
        assert!(!fixture.one.take("me", cost, &minute(5)).await.admitted);
    }
    assert_eq!(remaining(&fixture.one.take("me", 5, &minute(5)).await), [0]);
    assert!(!fixture.one.take("me", u32::MAX, &minute(u32::MAX)).await.admitted);
}

pub async fn one_s_use_is_not_another_s(fixture: Fixture) {
    fixture.one.take("me", 5, &minute(5)).await;
    for other in ["you", "", "me ", "ME", &"me".repeat(10_000), "黒澤明\n\0"] {
        let taken = fixture.one.take(other, 1, &minute(5)).await;
        assert_eq!((taken.admitted, remaining(&taken)), (true, vec![4]), "{other:?}");
    }
}

pub async fn another_quota_goes_on_with_what_was_counted_and_another_length_does_not(
    fixture: Fixture,
) {
    fixture.one.take("me", 4, &minute(5)).await;
    assert_eq!(remaining(&fixture.one.take("me", 0, &minute(9)).await), [5]);
    assert_eq!(remaining(&fixture.one.take("me", 0, &minute(3)).await), [0]);
    let longer = Policy::new([window("minute", 5, 2 * MINUTE)]).expect("it is one");
    assert_eq!(remaining(&fixture.one.take("me", 0, &longer).await), [5]);
}

pub async fn a_policy_is_counted_beside_another_one(fixture: Fixture) {
    let hour = Policy::new([window("hour", 3, 60 * MINUTE)]).expect("it is one");
    fixture.one.take("me", 1, &hour).await;
    fixture.one.take("me", 1, &minute(5)).await;
    fixture.ground.elapse(MINUTE).await;
    fixture.one.take("me", 1, &minute(5)).await;
    fixture.ground.elapse(2 * MINUTE).await;
    // The shorter one has not taken the longer one with it.
    assert_eq!(remaining(&fixture.one.take("me", 0, &hour).await), [2]);
}

pub async fn what_is_given_back_may_be_taken_again(fixture: Fixture) {
    let taken = fixture.one.take("me", 3, &two(5, 10)).await;
    fixture.other.give_back("me", &two(5, 10), &taken).await;
    let refused = fixture.one.take("me", 6, &two(5, 10)).await;
    fixture.one.give_back("me", &two(5, 10), &refused).await;
    assert_eq!(remaining(&fixture.one.take("me", 1, &two(5, 10)).await), [4, 9]);
}

pub async fn what_is_given_back_after_its_window_ended_is_not_given_to_the_next(fixture: Fixture) {
    let taken = fixture.one.take("me", 3, &minute(5)).await;
    fixture.ground.elapse(MINUTE).await;
    fixture.one.take("me", 4, &minute(5)).await;
    fixture.one.give_back("me", &minute(5), &taken).await;
    assert_eq!(remaining(&fixture.one.take("me", 0, &minute(5)).await), [1]);
}

pub async fn at_two_nodes_at_once_no_more_is_admitted_than_the_quota(fixture: Fixture) {
    const ASKING: usize = 40;
    let (quota, each) = (200, 10);
    let asking: Vec<_> = (0..ASKING)
        .map(|at| {
            let node = Arc::clone(if at % 2 == 0 { &fixture.one } else { &fixture.other });
            tokio::spawn(async move {
                let mut admitted = 0;
                for _ in 0..each {
                    let taken = node.take("all", 1, &two(quota, 1_000)).await;
                    admitted += u32::from(taken.admitted);
                }
                admitted
            })
        })
        .collect();
    let mut admitted = 0;
    for asked in asking {
        admitted += asked.await.expect("it asks");
    }
    assert_eq!(admitted, quota, "of {}", ASKING * each);
    assert_eq!(remaining(&fixture.other.take("all", 0, &two(quota, 1_000)).await), [0, 800]);
}

/// Makes a test of every behaviour. Needs tokio with its macros and time.
#[macro_export]
macro_rules! rate_counters_suite {
    ($fresh:path) => {
        $crate::rate_counters_suite! { @tests $fresh:
            a_quota_is_had_to_the_last_and_not_beyond,
            a_window_begins_with_the_first_that_is_taken_and_is_whole_again_at_its_end,
            several_windows_hold_at_once_and_each_ends_by_itself,
            what_does_not_fit_into_every_window_is_taken_from_none,
            a_cost_of_nothing_always_fits_and_leaves_no_trace,
            a_cost_beyond_the_quota_never_fits_and_takes_nothing,
            one_s_use_is_not_another_s,
            another_quota_goes_on_with_what_was_counted_and_another_length_does_not,
            a_policy_is_counted_beside_another_one,
            what_is_given_back_may_be_taken_again,
            what_is_given_back_after_its_window_ended_is_not_given_to_the_next,
            at_two_nodes_at_once_no_more_is_admitted_than_the_quota,
        }
    };
    (@tests $fresh:path: $($behaviour:ident,)+) => {
        $(
            #[tokio::test]
            async fn $behaviour() {
                let fixture = $fresh().await;
                let ground = std::sync::Arc::clone(&fixture.ground);
                let guard = std::time::Duration::from_secs(600);
                let behaviour = $crate::suite::$behaviour(fixture);
                assert!(tokio::time::timeout(guard, behaviour).await.is_ok(), "it hangs");
                ground.was_counted_on().await;
            }
        )+
    };
}
