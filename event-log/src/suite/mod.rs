//! The behaviour suite: what the port promises, one test a promise, for every adapter alike.
//!
//! An adapter plugs in with a [`Fixture`] and one line, `event_log::behaviour_suite!(fresh)`, where
//! `fresh` is an async function that gives a fixture with an empty log. One that is a
//! [`CopyableLog`] has a line more, `event_log::behaviour_suite!(copying fresh)`. The suite knows the port and
//! no adapter. Nothing in it sleeps; the only clock is a guard against tests that hang.

#![expect(clippy::unwrap_used, clippy::panic, reason = "it is made of tests")]

mod facts;
mod recorder;

pub mod copying;
pub mod dependence;
pub mod digest;
pub mod durability;
pub mod expectation;
pub mod fidelity;
pub mod group;
pub mod keys;
pub mod limits;
pub mod model;
pub mod order;
pub mod reading;
pub mod repetition;
pub mod subscribing;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{CopyableLog, EventLog};

/// A log of its own for one test.
#[async_trait]
pub trait Fixture: Send {
    /// The log, open.
    fn log(&self) -> Arc<dyn EventLog>;

    /// Closes the log and opens what it kept, as a process does that was started again.
    async fn reopen(&mut self);
}

/// A log of its own for one test of copying.
pub trait CopyableFixture: Fixture {
    /// The log, open.
    fn copyable(&self) -> Arc<dyn CopyableLog>;
}

/// A behaviour, for a test binary that runs them by itself: `event_log::behaviour_suite!(listed fresh)`
/// gives all of them but the model, `event_log::behaviour_suite!(listed copying fresh)` those of copying. So an adapter that keeps fewer promises, or whose server is not
/// everywhere, says so by name.
pub struct Behaviour {
    /// Its module and its name.
    pub name: &'static str,
    /// Whether it sees what the log measures only where all runs on the thread that runs it.
    pub on_one_thread: bool,
    /// Runs it on a fresh log; panics where the log does not behave so.
    pub run: fn() -> futures::future::LocalBoxFuture<'static, ()>,
}

/// Fails a test that hangs.
pub async fn guarded(behaviour: impl Future<Output = ()>) {
    const GUARD: Duration = Duration::from_secs(300);
    assert!(tokio::time::timeout(GUARD, behaviour).await.is_ok(), "it hangs");
}

/// Makes a test of every behaviour, each on a fresh log. Needs tokio with its macros.
#[macro_export]
macro_rules! behaviour_suite {
    ($fresh:path) => {
        $crate::behaviour_suite! { @each [@tests] $fresh }
        #[test]
        fn the_log_agrees_with_a_model_of_it() {
            $crate::suite::model::the_log_agrees_with_a_model_of_it($fresh);
        }
    };
    (listed $fresh:path) => {{
        let mut behaviours = Vec::<$crate::suite::Behaviour>::new();
        $crate::behaviour_suite! { @each [@listed behaviours] $fresh }
        behaviours
    }};
    (listed copying $fresh:path) => {{
        let mut behaviours = Vec::<$crate::suite::Behaviour>::new();
        $crate::behaviour_suite! { @copying [@listed behaviours] $fresh }
        behaviours
    }};
    (@each [$($how:tt)*] $fresh:path) => {
        $crate::behaviour_suite! { $($how)* $fresh, (flavor = "multi_thread", worker_threads = 2):
            dependence::an_append_happens_where_what_it_depends_upon_is_unchanged,
            dependence::an_append_is_refused_where_what_it_depends_upon_has_changed,
            dependence::what_an_append_depends_upon_is_told_before_a_conflict,
            dependence::appends_that_wait_together_see_each_other_as_what_they_depend_upon,
            dependence::a_repetition_does_not_depend_upon_anything,
            digest::an_empty_log_has_the_digest_of_no_events,
            digest::a_digest_is_that_of_a_fold_over_the_log,
            digest::appends_that_share_a_commit_have_digests_of_their_own,
            digest::a_large_append_has_a_digest_at_each_of_its_events,
            digest::beyond_the_last_event_the_digest_is_that_of_the_whole_log,
            digest::what_was_refused_or_repeated_is_in_no_digest,
            digest::digests_go_on_after_reopening,
            durability::what_was_acknowledged_is_there_after_reopening,
            durability::positions_and_revisions_go_on_after_reopening,
            durability::keys_are_remembered_after_reopening,
            durability::a_repetition_is_recognised_after_reopening,
            durability::a_subscription_goes_on_after_reopening_where_it_stopped,
            durability::a_log_that_was_just_opened_is_healthy,
            durability::a_process_starts_with_nothing_acknowledged,
            expectation::an_append_that_expects_no_stream_starts_one,
            expectation::an_append_that_expects_no_stream_conflicts_with_an_existing_one,
            expectation::an_append_at_the_exact_revision_continues_the_stream,
            expectation::an_append_at_an_old_revision_conflicts,
            expectation::an_append_at_a_revision_not_reached_yet_conflicts,
            expectation::exactly_no_revision_is_no_stream,
            expectation::an_append_that_expects_nothing_goes_to_the_end,
            expectation::a_conflict_leaves_nothing_behind,
            expectation::an_append_without_events_only_checks_what_it_expects,
            expectation::each_stream_has_revisions_of_its_own,
            fidelity::data_is_kept_byte_for_byte,
            fidelity::the_envelope_is_kept,
            fidelity::an_envelope_with_nothing_optional_is_kept,
            fidelity::odd_stream_names_are_kept_apart,
            group::of_appends_that_race_for_one_revision_exactly_one_wins,
            group::appends_that_wait_together_each_succeed_or_conflict_on_their_own,
            keys::a_key_is_remembered_with_its_events,
            keys::an_unknown_key_recalls_nothing,
            keys::a_key_that_is_taken_refuses_an_append,
            keys::a_key_that_is_taken_is_told_before_a_conflict,
            keys::a_refused_append_leaves_its_key_free,
            keys::of_appends_that_wait_together_with_one_key_one_succeeds,
            keys::a_repetition_with_its_key_gets_the_first_result,
            keys::a_key_is_kept_for_an_append_without_events,
            keys::old_keys_are_forgotten_and_young_ones_kept,
            keys::a_forgotten_key_is_free,
            keys::any_number_of_keys_is_forgotten,
            limits::data_of_the_largest_size_is_accepted,
            limits::data_one_byte_over_is_refused,
            limits::the_largest_append_is_accepted,
            limits::an_append_with_one_event_more_is_refused,
            limits::the_most_data_in_one_append_is_accepted,
            limits::an_append_with_one_byte_more_is_refused,
            limits::the_longest_key_is_accepted_and_a_longer_one_refused,
            order::positions_have_no_gaps,
            order::events_of_one_append_are_neighbours,
            order::a_reader_that_tails_concurrent_writers_skips_nothing,
            order::writers_that_contend_for_one_stream_all_get_through,
            order::what_is_acknowledged_is_visible,
            reading::an_empty_log_has_its_head_at_the_start,
            reading::an_unknown_stream_is_empty,
            reading::a_stream_is_read_from_a_revision_on,
            reading::a_stream_is_read_no_further_than_the_limit,
            reading::a_stream_has_only_its_own_events,
            reading::the_log_is_read_forwards_after_a_position,
            reading::the_log_is_read_backwards_before_a_position,
            reading::the_log_is_read_backwards_from_its_end,
            reading::a_limit_of_nothing_gives_nothing,
            reading::there_is_nothing_beyond_the_end,
            repetition::a_repeated_append_gets_the_first_result,
            repetition::a_repeated_append_gets_the_first_result_after_others_appended,
            repetition::a_repetition_changes_nothing,
            repetition::an_append_and_its_repetition_may_wait_together,
            repetition::an_append_that_was_dropped_may_be_tried_again,
            repetition::a_partial_repetition_is_an_error,
            repetition::ids_of_two_appends_with_something_between_are_an_error,
            repetition::ids_in_another_order_are_an_error,
            repetition::ids_in_another_stream_are_an_error,
            repetition::ids_at_another_revision_are_an_error,
            repetition::an_id_twice_in_one_append_is_an_error,
            subscribing::a_subscription_catches_up_and_goes_on_live,
            subscribing::a_subscription_starts_after_its_position,
            subscribing::a_subscription_from_the_head_gets_only_what_is_new,
            subscribing::a_subscription_from_beyond_the_head_waits_for_what_comes_after,
            subscribing::subscribers_that_join_while_writers_write_get_every_event_once,
            subscribing::batches_are_bounded,
            subscribing::a_subscriber_that_does_not_read_holds_nobody_up,
            subscribing::subscribers_that_stop_half_way_leave_reading_to_others,
        }
        // On one thread, where a recorder of their own sees what the log measures.
        $crate::behaviour_suite! { $($how)* $fresh, (flavor = "current_thread"):
            group::appends_that_wait_together_share_commits,
            group::an_append_that_waits_alone_is_committed_alone,
            group::every_append_is_counted_by_its_outcome,
        }
    };
    (copying $fresh:path) => {
        $crate::behaviour_suite! { @copying [@tests] $fresh }
    };
    (@copying [$($how:tt)*] $fresh:path) => {
        $crate::behaviour_suite! { $($how)* $fresh, (flavor = "multi_thread", worker_threads = 2):
            copying::what_is_restored_is_as_it_was_recorded,
            copying::what_is_restored_can_be_read_by_stream,
            copying::restoring_goes_on_where_it_ended,
            copying::events_that_do_not_follow_are_refused_and_change_nothing,
            copying::what_was_appended_meanwhile_refuses_what_is_restored,
            copying::restoring_nothing_only_checks_the_digest,
            copying::more_events_than_the_limit_are_refused,
            copying::appends_go_on_after_what_was_restored,
            copying::the_id_of_a_restored_event_is_taken,
            copying::a_repetition_of_a_restored_append_is_recognised,
            copying::what_was_restored_is_there_after_reopening,
            copying::restored_events_have_the_positions_of_their_order,
            copying::keys_are_listed_page_by_page_in_the_order_of_their_bytes,
            copying::restored_keys_answer_as_they_did,
            copying::a_key_that_is_taken_keeps_what_it_has,
            copying::restored_keys_are_forgotten_by_their_time,
        }
    };
    (@listed $behaviours:ident $fresh:path, $flavour:tt: $($module:ident::$behaviour:ident,)+) => {
        $($behaviours.push($crate::suite::Behaviour {
            name: concat!(stringify!($module), "::", stringify!($behaviour)),
            on_one_thread: stringify!($flavour).contains("current_thread"),
            run: || Box::pin(async {
                $crate::suite::$module::$behaviour(&mut $fresh().await).await;
            }),
        });)+
    };
    (@tests $fresh:path, $flavour:tt: $($module:ident::$behaviour:ident,)+) => {
        $($crate::behaviour_suite! { @test $fresh, $flavour, $module, $behaviour })+
    };
    (@test $fresh:path, ($($flavour:tt)*), $module:ident, $behaviour:ident) => {
        #[tokio::test($($flavour)*)]
        async fn $behaviour() {
            $crate::suite::guarded(async {
                $crate::suite::$module::$behaviour(&mut $fresh().await).await;
            })
            .await;
        }
    };
}
