//! The behaviour suite: what the ports promise, one test a promise, for every store alike.
//!
//! A store plugs in with one line, `identity::behaviour_suite!(fresh)`, where `fresh` is an async function
//! that gives an empty store: its [`Ports`], and whatever must live as long (a folder, a database). A behaviour
//! is a `pub async fn(ports: Ports)` in a module here, and a line in the macro. Nothing in it sleeps.

#![expect(clippy::unwrap_used, clippy::panic, reason = "it is made of tests")]

pub mod accounts;
pub mod api_keys;
pub mod audit;
pub mod authority;
pub mod credentials;
pub mod lockout;
pub mod provider_logins;
pub mod revocations;
pub mod sessions;

use std::time::Duration;

use crate::Ports;

/// An empty store, and what must live as long as it.
pub type Fresh = (Ports, Box<dyn std::any::Any + Send>);

/// Fails a test that hangs.
pub async fn guarded(behaviour: impl Future<Output = ()>) {
    const GUARD: Duration = Duration::from_secs(120);
    assert!(tokio::time::timeout(GUARD, behaviour).await.is_ok(), "it hangs");
}

/// Makes a test of every behaviour, each on a fresh store. Needs tokio with its macros.
#[macro_export]
macro_rules! behaviour_suite {
    ($fresh:path) => {
        $crate::behaviour_suite! { @tests $fresh:
            accounts::an_account_that_is_not_there_is_none,
            accounts::an_account_is_kept_as_it_was_made,
            accounts::of_many_who_take_an_address_at_once_one_gets_it,
            accounts::an_address_is_one_accounts_however_its_domain_is_written,
            credentials::the_first_registration_that_is_verified_gets_the_address,
            credentials::where_several_registered_with_an_address_none_of_their_passwords_is_good,
            credentials::few_registrations_wait_for_one_address,
            credentials::registering_with_a_known_address_changes_nothing_and_gives_a_token_to_reset,
            credentials::of_many_who_use_a_token_at_once_one_succeeds,
            credentials::a_token_that_is_over_or_for_something_else_is_not_good,
            credentials::a_reset_sets_the_password_ends_what_was_and_forgets_failed_tries,
            credentials::a_reset_takes_every_other_token_of_the_account_along,
            credentials::a_password_is_changed_where_it_is_still_the_one_that_was_shown,
            accounts::a_role_and_a_disabling_are_written_down_and_revoke,
            accounts::an_account_that_is_erased_is_gone_with_all_that_it_had,
            accounts::an_account_is_erased_at_the_revision_that_is_meant_or_not_at_all,
            accounts::accounts_are_listed_in_pages,
            accounts::what_has_been_kept_long_enough_is_forgotten,
            authority::who_was_demoted_disabled_or_erased_changes_nothing_more,
            authority::a_session_that_has_ended_changes_nothing_more,
            authority::a_key_that_was_revoked_changes_nothing_more,
            authority::what_is_somebody_elses_is_no_authority,
            authority::no_key_that_is_made_at_the_moment_of_a_reset_outlives_it,
            authority::a_token_of_no_account_may_what_it_says,
            authority::the_last_admin_who_can_log_in_stays,
            authority::of_the_last_two_admins_who_give_up_at_once_one_stays,
            authority::of_two_who_demote_each_other_at_once_one_succeeds,
            lockout::tries_are_blocked_after_a_few_and_allowed_again_later,
            lockout::a_known_device_has_a_count_of_its_own,
            lockout::of_many_tries_at_once_as_many_are_made_as_one_after_the_other,
            lockout::old_counts_are_forgotten,
            audit::an_entry_is_read_back_as_it_was_written,
            audit::an_entry_may_say_next_to_nothing,
            audit::the_newest_come_first_and_pages_meet_without_gap_or_repeat,
            audit::every_filter_leaves_the_entries_that_fit,
            audit::an_entry_that_is_written_twice_is_there_once,
            audit::old_entries_are_forgotten_so_many_at_a_time_and_the_oldest_first,
            audit::only_the_newest_refusals_are_kept_and_whatever_was_done,
            audit::what_is_recorded_of_somebody_erased_does_not_lead_to_them_any_more,
            audit::what_is_recorded_at_the_moment_of_an_erasing_does_not_lead_to_the_person,
            audit::entries_of_many_writers_are_all_there,
            audit::refusals_that_are_the_same_are_one_entry_that_says_how_often,
            provider_logins::a_sign_in_that_was_begun_is_found_once,
            provider_logins::only_the_browser_that_has_begun_a_sign_in_ends_it,
            provider_logins::a_sign_in_whose_time_is_over_is_not_found,
            provider_logins::of_many_who_take_a_sign_in_one_gets_it,
            provider_logins::who_comes_again_has_the_same_account,
            provider_logins::the_same_name_at_another_provider_is_somebody_else,
            provider_logins::an_account_is_linked_by_an_address_that_both_have_verified,
            provider_logins::a_provider_that_may_not_link_links_nothing,
            provider_logins::however_often_at_once_one_account_is_made,
            provider_logins::a_code_is_good_once,
            provider_logins::a_session_tells_whose_it_is_while_it_lives,
            provider_logins::a_code_ends_with_the_sessions_of_its_account_and_no_others_do,
            sessions::a_refresh_token_gives_the_next_and_says_whose_it_is,
            sessions::fifty_refreshes_at_once_make_one_chain,
            sessions::an_old_token_ends_the_session_for_everybody,
            sessions::the_token_just_used_ends_the_session_after_the_grace,
            sessions::sessions_are_over_and_forgotten,
            sessions::only_its_owner_ends_a_session,
            sessions::all_sessions_of_an_account_end_and_no_others,
            sessions::one_session_too_many_ends_the_one_not_used_for_longest,
            sessions::who_is_disabled_gets_no_more_tokens,
            sessions::a_log_in_does_not_survive_the_change_of_its_password,
            sessions::a_log_in_at_the_moment_of_a_change_leaves_no_session,
            sessions::a_log_in_does_not_survive_a_disabling,
            revocations::revocations_of_many_writers_are_heard_of_in_order,
            revocations::revocations_are_forgotten_in_time,
            revocations::what_was_revoked_later_is_not_set_back_by_whoever_commits_last,
            revocations::an_access_token_ends_with_its_session,
            revocations::an_old_role_does_not_outlive_its_change,
            revocations::a_role_that_is_changed_twice_is_believed_as_it_is_now,
            api_keys::a_key_speaks_for_its_owner_and_may_no_more,
            api_keys::a_key_that_is_no_good_is_refused_and_told_why,
            api_keys::a_key_of_somebody_disabled_is_refused,
            api_keys::a_reset_by_mail_ends_the_keys_of_the_account_and_no_others,
            api_keys::keys_that_are_revoked_at_the_moment_of_a_reset_keep_nobody_waiting,
            api_keys::one_key_too_many_is_refused,
        }
    };
    (@tests $fresh:path: $($module:ident::$name:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (ports, _kept) = $fresh().await;
                $crate::suite::guarded($crate::suite::$module::$name(ports)).await;
            }
        )*
    };
}
