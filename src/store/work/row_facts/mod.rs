//! What every implementation of the rows guarantees, told by stores themselves: the suite below the one of `Store`.
//!
//! Another store has another place, and another line of [`row_facts`].

pub(in crate::store) mod checks;
pub(in crate::store) mod facts;
pub(in crate::store) mod life;
pub(in crate::store) mod old;
pub(in crate::store) mod outbox;
pub(in crate::store) mod records;
pub(in crate::store) mod waiting;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::{OldRows, Rows, apply};
use crate::core::cause::{Cause, CauseKind, Causes};
use crate::core::check::{CheckId, Definition, Name, Ping, PingKind, Source, Spec};
use crate::core::incident::{Incident, IncidentId, IncidentKey, IncidentStatus};
use crate::core::outbox::{DeliveryKind, NewDelivery};
use crate::core::route::ActionId;
use crate::core::schedule::Schedule;
use crate::core::state::State;
use crate::core::time::{Span, Time};
use crate::store::{Entry, PingFact, StoreError, What};

/// A new, configured store of one kind.
pub(in crate::store) trait RowPlace {
    /// One transaction: nothing of it is stored if `act` fails.
    fn call(
        &mut self,
        act: &mut dyn FnMut(&mut dyn OldRows) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;
    /// From now on the row of a state is written as late as it may be.
    fn write_states_late(&mut self);
    /// Closes the store, and opens it again.
    fn open_again(&mut self);
    /// The same after a clean stop: every state is stored as it is.
    fn stop_and_open(&mut self);
}

/// Runs each fact against a new store of one kind.
macro_rules! row_facts {
    ($new:expr, $($file:ident: $($fact:ident)*;)*) => {
        $($(
            #[test]
            fn $fact() {
                $crate::store::work::row_facts::$file::$fact(&mut $new);
            }
        )*)*
    };
}

/// All of them, for a place.
macro_rules! every_row_fact {
    ($new:expr) => {
        $crate::store::work::row_facts::row_facts! { $new,
            checks:
                a_check_is_found_by_its_name_in_the_call_and_after_opening
                a_state_is_what_was_put_last
                a_state_made_by_a_ping_is_there_after_opening
                a_name_that_was_given_away_is_nobodys
                a_call_that_fails_leaves_nothing
                a_check_stands_to_its_dependents_as_the_call_has_left_it
                what_is_archived_is_depended_on_no_more
                those_that_know_a_later_time_come_in_the_order_of_their_numbers
                a_check_goes_with_its_name;
            facts:
                pings_are_numbered_and_each_knows_the_one_before_it
                a_pings_body_counts_until_it_goes
                of_events_the_oldest_go_and_the_newest_stay;
            life:
                windows_that_touch_are_one_and_none_outlasts_a_cut
                a_ping_was_judged_without_the_windows_that_came_after_it
                a_sign_of_life_and_the_total_are_as_last_put
                mutes_end_where_they_say_and_where_somebody_says;
            outbox:
                an_incident_is_open_until_it_ends
                what_waits_is_unfinished_until_it_is_told
                what_was_given_up_rests_while_its_incident_goes_on
                whoever_was_told_first_is_known_also_once_the_incident_has_ended
                a_message_keeps_what_it_says_until_it_is_settled
                of_a_message_that_is_settled_piece_by_piece_the_rest_is_known
                what_is_given_up_with_a_message_is_found_by_it
                the_newest_telling_of_a_kind_can_go
                what_flaps_and_what_fires_is_as_last_put
                parts_of_a_message_that_were_refused_are_counted;
            records:
                a_record_is_as_last_put_and_open_while_its_incident_is
                occurrences_are_found_by_their_age
                what_a_record_said_goes_with_its_incident
                what_was_found_is_as_last_put_and_goes_with_its_incident
                a_mark_outlives_its_record_and_goes_with_its_check
                a_thread_of_records_begins_anew
                of_reminders_of_records_those_that_wait_are_found
                what_is_put_in_a_message_waits_no_more;
            waiting:
                the_worst_comes_first_and_of_one_severity_what_came_first
                what_stands_aside_returns_by_its_time_by_its_check_and_by_what_holds_it
                what_rests_comes_by_when_it_is_tried_again_and_then_as_it_came
                of_notices_of_flapping_the_one_that_waits_is_found
                the_next_retry_is_the_earliest_and_of_one_time_that_of_the_oldest_member
                receivers_are_due_when_something_may_leave_the_longest_waiting_first
                checks_own_mails_are_due_by_themselves_and_none_while_their_server_rests
                a_message_that_is_not_settled_names_its_matters;
            old:
                pings_are_shown_in_their_order_until_enough_were_seen
                pings_are_looked_at_again_where_more_of_them_may_be_over
                no_state_needs_a_ping_that_is_shown
                of_bodies_the_oldest_come_first_and_a_checks_newest_stay
                judgements_come_by_their_numbers_and_go_one_by_one
                of_reminders_that_were_told_the_newest_stay
                flapping_goes_once_it_is_old
                what_is_open_or_unfinished_keeps_its_check
                of_pauses_the_newest_stay
                only_so_much_history_goes_at_a_time
                an_incident_goes_with_its_deliveries
                a_message_goes_with_the_last_of_its_deliveries;
        }
    };
}

pub(in crate::store) use {every_row_fact, row_facts};

/// One call, which succeeds.
fn call<R>(place: &mut dyn RowPlace, act: impl FnOnce(&mut dyn OldRows) -> Result<R, StoreError>) -> R {
    let (mut act, mut answer) = (Some(act), None);
    let done = place.call(&mut |rows| {
        let act = act.take().expect("a call is made once");
        answer = Some(act(rows)?);
        Ok(())
    });
    done.expect("the store takes what a fact writes");
    answer.expect("a call that succeeds has acted")
}

/// So many seconds after a time that all facts share.
fn at(seconds: i64) -> Time {
    Time::from_secs(1_000_000 + seconds)
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("facts write valid names")
}

fn definition(text: &str) -> Arc<Definition> {
    let spec = Spec { grace: Span::mins(5), ..Spec::new(Schedule::Every(Span::mins(60))) };
    Arc::new(Definition::new(name(text), spec, Source::Api))
}

/// A check that was declared at the beginning.
fn declared(rows: &mut dyn Rows, text: &str) -> Result<CheckId, StoreError> {
    let definition = definition(text);
    let state = State::declared(&definition.spec, at(0));
    rows.insert_check(definition, state)
}

fn success(body: &str) -> PingFact {
    PingFact {
        ping: Ping { kind: PingKind::Success, rid: None, exit_status: None },
        comment: None,
        body: Some(body.as_bytes().to_vec()),
        left_out: 0,
        body_cut: false,
        source: IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}

/// A check that pinged 30 times, and its state, of which the row is written as late as it may be.
fn pinged(place: &mut dyn RowPlace) -> (CheckId, State) {
    place.write_states_late();
    let check = call(place, |rows| declared(rows, "a"));
    let ping = |second| Entry { check, at: at(second), what: What::Ping(success("")) };
    // The first one flips: from then on it is up.
    call(place, |rows| apply(rows, &[ping(1)]));
    let state = call(place, |rows| {
        apply(rows, &(2..=30).map(ping).collect::<Vec<_>>())?;
        rows.state(check)
    });
    (check, state)
}

fn cause() -> Cause {
    Cause { kind: CauseKind::Missing, since: at(10), would_be: None }
}

fn causes() -> Causes {
    let mut causes = Causes::default();
    causes.insert(cause());
    causes
}

/// An incident that is open.
fn opened(rows: &mut dyn Rows, check: CheckId) -> Result<Incident, StoreError> {
    let incident = Incident {
        id: IncidentId(0),
        check,
        key: IncidentKey::own(),
        labels: Arc::default(),
        opened_at: at(10),
        ended_at: None,
        status: IncidentStatus::Open,
        first: cause(),
        kinds: vec![CauseKind::Missing],
        actions: Vec::new(),
        covered: Vec::new(),
        term: None,
        told_after_blind: false,
        diagnosed: None,
    };
    let id = rows.insert_incident(&incident)?;
    let incident = Incident { id, ..incident };
    rows.update_incident(incident.clone())?;
    Ok(incident)
}

fn ended(incident: &Incident) -> Incident {
    Incident { status: IncidentStatus::Resolved, ended_at: Some(at(100)), ..incident.clone() }
}

fn alert(incident: &Incident) -> NewDelivery {
    NewDelivery {
        incident: incident.id,
        check: incident.check,
        key: incident.key.clone(),
        receiver: "ops".into(),
        action: ActionId(1),
        responder: None,
        kind: DeliveryKind::Alert,
        not_before: at(10),
        queued_at: at(10),
        repeat_interval: None,
    }
}
