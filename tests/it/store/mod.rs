//! What every store guarantees, told by stores themselves: the conformance suite, and what is SQLite's own.
//!
//! Another store is another line of [`conformance`].

mod again;
mod aside;
mod audit;
mod blindness;
mod bodies;
mod by_hand;
mod canaries;
mod damage;
mod deliveries;
mod diagnoses;
mod edits;
mod facts;
mod failing;
mod flapping;
mod halves;
mod held;
mod history;
mod imports;
mod keys;
mod life;
mod own;
mod pieces;
mod prune;
mod records;
mod refusals;
mod refused;
mod reread;
mod settling;
mod severity;
mod sqlite;
mod steps;
mod terms;
mod unjudgeable;
mod unknown_names;
mod version_10;
mod world;
mod writer;

/// Runs each fact against a new, empty store of each kind.
macro_rules! conformance {
    ([$($kind:ident: $place:ty),*] $facts:tt) => {
        $(conformance! { @ $kind: $place $facts })*
    };
    (@ $kind:ident: $place:ty { $($room:ident: $($fact:ident)*;)* }) => {
        mod $kind {
            $($(
                #[test]
                fn $fact() {
                    super::$room::$fact(&mut super::world::World::new(<$place>::default()));
                }
            )*)*
        }
    };
}
conformance! {[every_sqlite_store: super::world::Sqlite, every_call_that_fails_first: super::failing::Failing] {
    facts:
        what_was_answered_is_there_after_reopening
        entries_are_applied_in_their_order
        a_late_check_flips_opens_an_incident_and_waits_to_be_told
        deadlines_are_exact_and_a_reopening_does_not_move_them
        a_new_check_an_archived_one_and_one_that_returns
        a_rename_keeps_identity_and_history_and_the_old_url
        a_rename_of_two_with_history_is_refused
        removing_most_checks_needs_a_word
        a_changed_spec_is_an_input_also_at_a_start
        a_stop_is_a_blind_window_and_a_new_database_has_none
        a_clock_that_is_behind_does_not_undo_the_last_sign_of_life
        windows_are_counted_anew_after_reopening
        a_clock_set_back_leaves_no_refusal_in_the_future
        a_clock_set_back_leaves_no_state_in_the_future
        a_clock_that_was_set_back_leaves_causes_as_their_row_says
        a_pause_by_the_file_is_not_undone_at_run_time
        a_line_above_a_check_changes_nothing_but_where_it_stands;
    pieces:
        what_goes_bad_before_its_check_is_changed_is_told_by_the_new_files
        each_check_changes_as_of_the_time_of_the_taking
        a_death_between_two_pieces_is_got_over_by_the_next_start
        what_was_allowed_to_go_goes_though_a_death_came_between
        no_other_configuration_is_taken_before_one_is_carried_out
        an_edit_finds_what_files_declare_and_is_still_to_be_changed
        what_is_said_and_a_clock_find_the_check_changed
        what_is_about_to_return_is_not_forgotten
        a_check_that_is_about_to_go_takes_no_place
        what_is_renamed_is_depended_on_by_its_former_name;
    terms:
        what_was_acknowledged_for_a_time_is_told_from_its_end_on
        a_recovery_after_an_end_that_nobody_noticed_is_told_once
        an_acknowledgement_is_as_long_as_was_said_last
        what_nobody_took_on_is_told_by_all_whom_it_concerns
        another_cause_of_a_family_waits_for_the_end
        a_clock_set_back_leaves_an_acknowledgement_as_long_as_it_was
        what_waits_beside_an_acknowledgement_is_told_once_when_that_is_over
        what_waits_beside_an_acknowledgement_is_told_once_though_somebody_reopens
        what_began_while_nobody_wanted_to_hear_is_told_once_when_somebody_does
        what_is_under_way_when_an_incident_is_reopened_is_not_told_beside_that
        what_a_mute_held_as_an_acknowledgement_ended_is_told_once
        what_a_reload_finds_acknowledged_no_more_is_told_by_the_new_files
        what_an_edit_finds_acknowledged_no_more_is_told_as_it_says
        a_comment_changes_nothing;
    diagnoses:
        each_violated_result_has_a_decision_and_people_are_told_of_each_thing_once
        a_solution_is_lost_ten_minutes_after_it_was_decided_whoever_looks_first
        a_solution_that_fails_is_told_once_and_one_that_comes_late_changes_nothing
        what_people_have_answered_is_not_diagnosed_and_what_stands_impasse_can_be_answered
        what_administrators_are_told_is_stored_tried_again_and_says_what_was_found
        a_clock_that_is_set_back_leaves_ten_minutes;
    edits:
        what_an_api_made_is_there_after_reopening_and_no_file_removes_it
        an_edit_that_is_refused_changes_nothing
        what_would_depend_on_itself_is_refused_by_whatever_way
        a_canary_is_found_by_its_id_and_slug_and_named_after_them
        what_is_deleted_frees_its_names_at_once
        an_update_keeps_identity_and_history
        a_file_takes_over_what_an_api_made
        several_edits_are_all_or_nothing
        readers_find_what_a_new_start_shows
        a_former_name_is_found_once_nobody_has_it
        two_that_return_do_not_share_an_alias
        who_looks_at_the_list_keeps_what_it_saw;
    canaries:
        a_canary_mails_its_own_addresses_at_once_and_one_by_one
        a_mail_that_nobody_takes_is_tried_again_and_the_recovery_follows_it
        responders_and_own_addresses_are_both_told_and_the_defaults_of_neither
        addresses_that_are_gone_are_told_nothing_more
        a_rename_goes_on_with_what_was_told
        a_mail_tells_of_one_check_alone
        only_so_many_checks_are_mailed_at_a_time
        an_update_counts_from_the_newest_entry_of_the_history
        a_pause_keeps_or_clears_lateness_as_its_system_does
        one_that_is_made_paused_waits_for_its_first_trigger
        a_deadline_that_passed_in_an_absence_is_told_with_what_was_promised
        own_addresses_need_no_receiver_in_the_files
        a_canary_that_was_told_as_late_is_not_told_so_again
        a_canary_that_was_told_as_late_is_not_told_so_when_it_is_reopened;
    own:
        a_mail_server_that_takes_nothing_is_left_alone
        an_address_gets_sixty_mails_a_minute_and_none_is_lost;
    imports:
        a_late_canary_is_told_of_no_more_than_its_recovery
        deadlines_and_pauses_are_kept
        one_that_became_due_on_the_way_counts_from_the_import
        a_thousand_come_in_one_call_and_nobody_is_alerted;
    deliveries:
        what_is_due_leaves_together_and_a_retry_has_the_same_members
        a_notice_tells_what_one_ping_said_of_the_last_run
        a_notice_has_the_jobs_own_words_unless_its_receiver_must_not_see_them
        what_was_due_in_an_absence_is_unknown_in_one_message_and_late_when_it_may_be
        a_new_start_ends_all_claims
        two_claims_of_one_receiver_end_as_well
        a_recovery_follows_what_was_told
        nothing_is_told_of_what_recovered_before_it_was_due
        what_a_reload_judges_is_told_to_whom_it_says
        a_receiver_that_is_gone_parks_its_deliveries
        a_mute_holds_and_its_end_lets_go
        a_clock_set_back_neither_revives_nor_lengthens_a_mute
        a_clock_that_is_set_back_twice_leaves_what_is_left_of_mutes_and_waits
        what_has_ended_while_the_clock_was_doubted_stays_so
        an_acknowledged_incident_tells_only_its_recovery
        a_late_cause_after_blindness_is_told_for_itself
        an_acknowledgement_does_not_hold_a_cause_of_another_family
        nobody_wants_to_hear_of_a_check_until_it_recovers
        an_archived_check_tells_that_it_was_removed
        a_dependency_holds_what_depends_on_it
        who_is_depended_on_is_known_after_a_start
        alerts_fire_and_are_told_for_a_while_after_they_end
        an_alert_that_is_held_is_looked_at_when_it_may_fire
        a_reminder_follows_and_there_is_only_one
        a_message_that_nobody_takes_is_parked_and_its_recovery_goes
        a_message_under_way_at_a_crash_is_tried_again_by_a_process_that_dies_each_minute;
    severity:
        the_critical_one_leaves_first_whatever_waits_before_it
        what_becomes_critical_while_it_waits_leaves_first
        what_two_receivers_are_told_of_hundreds_leaves_in_two_calls;
    aside:
        the_end_of_one_of_the_mutes_of_several_causes_lets_go
        a_mute_that_ends_beside_another_lets_nothing_go
        what_a_mute_matches_no_more_leaves
        what_is_paused_no_more_is_told
        a_dependency_that_nobody_wants_to_hear_of_holds_nothing
        a_dependency_that_is_paused_holds_nothing
        a_dependency_that_was_renamed_lets_go_when_it_recovers
        a_dependency_whose_name_is_anothers_holds_nothing
        a_dependency_that_is_deleted_holds_nothing
        a_dependency_that_is_taken_out_of_the_files_holds_nothing
        what_depends_on_nothing_any_more_leaves
        what_was_held_by_a_clock_that_was_ahead_leaves_in_time
        what_is_held_is_held_by_the_same_after_a_start;
    flapping:
        a_check_that_flaps_is_told_once_and_then_once_an_hour
        an_hour_without_flapping_ends_it_silently
        who_needs_not_hear_of_flapping_does_not
        what_somebody_keeps_silent_is_no_flapping
        a_notice_of_flapping_that_is_held_is_dropped
        flapping_that_cannot_be_told_is_told_in_one;
    blindness:
        a_failure_after_blindness_is_told_for_itself;
    held:
        what_is_still_bad_is_told_when_deliveries_go_on;
    refusals:
        what_is_refused_is_split_until_one_stands_alone
        a_part_survives_a_start_and_what_follows_waits_for_it
        after_eight_refusals_and_nothing_taken_the_rest_is_given_up
        a_part_that_is_taken_when_it_is_tried_again_was_taken
        what_was_refused_counts_though_it_is_tried_again_in_vain
        parts_that_were_given_up_in_time_are_no_refusals
        an_absence_of_ours_does_not_count_towards_giving_up
        nothing_is_given_up_before_five_attempts_since_a_start
        what_a_start_finds_tried_often_waits
        what_waits_is_split_when_its_receiver_names_fewer;
    again:
        one_alone_finds_out_whether_a_receiver_works_and_the_others_follow
        what_was_given_up_follows_once_its_receiver_takes_something
        one_that_fails_alone_keeps_no_other_back
        what_was_refused_is_tried_alone_and_ever_more_seldom
        a_receiver_that_was_changed_is_tried_at_once
        a_receiver_that_comes_back_is_told_nothing_before_it_is_due
        a_receiver_that_comes_back_is_told_what_is_still_bad
        what_is_held_or_acknowledged_is_not_tried_again
        what_recovers_before_it_is_tried_again_tells_its_recovery;
    by_hand:
        what_waits_for_its_next_attempt_is_tried_at_once_or_dropped
        what_was_given_up_is_tried_at_once_or_dropped;
}}
