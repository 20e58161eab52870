//! States that versions before have written.

use super::*;
use crate::core::record::{OccurrenceTotals, RecordTotals};

/// States from before refusals were stretches (9.1). The second form also has the end of a pause (7.2).
#[test]
fn states_with_moments_of_refusals_are_read() {
    let newest = Time::from_secs(1_800_000_000);
    let armed_since = newest - Span::mins(60);
    let once = |ms| Refused::once(newest - Span::ms(ms));
    let mut expected =
        State { newest, armed_since, floor: armed_since, successes_in_a_row: 1, ..State::default() };
    expected.last[0] = Some(newest);
    (expected.last_seen, expected.last_discharge) = (Some(newest), Some(newest));
    expected.counters.pings[0] = 1;
    expected.refusals = [once(60_000), once(5000), once(-7)].into_iter().collect();
    #[rustfmt::skip]
    let row = [1, 128, 192, 226, 133, 227, 104, 0, 1, 128, 186, 183, 3, 1, 128, 186, 183, 3, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 3, 144, 78, 192, 169, 7, 13, 1, 0, 0, 0, 0, 0];
    assert_eq!(whole(&row), Some(expected.clone()));
    assert_eq!(whole(&write_state(&expected)), Some(expected.clone()), "and written as of this version");
    let (at_run_time, until) = (newest - Span::ms(2), newest + Span::secs(1));
    expected.pause = Pause { at_run_time: Some(at_run_time), until: Some(until), ..Pause::default() };
    let mut row = row.to_vec();
    row[0] = 2;
    // The start of the pause follows that of the pause by the file, and its end comes last.
    row.splice(19..20, [1, 4]);
    row.extend([207, 15]);
    assert_eq!(whole(&row), Some(expected));
}

/// 17.4: states from before there were assertions.
#[test]
fn states_without_unknown_results_are_read() {
    let newest = Time::from_secs(1_800_000_000);
    let state = State { newest, failures_in_a_row: 3, ..State::default() };
    let mut row = write_state(&state);
    // How records stand is before the last results, of which there are none, and how many results were unknown before that.
    let place = row.len() - 2;
    assert_eq!((row[0], row.remove(place)), (8, 0), "18.5");
    row[0] = 6;
    assert_eq!(whole(&row), Some(state.clone()));
    assert_eq!(row.remove(place - 1), 0);
    row[0] = 5;
    assert_eq!(whole(&row), Some(state));
}

/// 19.2: states from before there were occurrences.
#[test]
fn states_without_occurrences_are_read() {
    let newest = Time::from_secs(1_800_000_000);
    let records = RecordTotals { open: 3, wont_fix: 1, results: 7, ..RecordTotals::default() };
    let state = State { newest, records: Some(Box::new(records)), ..State::default() };
    let mut row = write_state(&state);
    // They are the last before the last results, of which there are none.
    let place = row.len() - 5;
    assert_eq!(row.drain(place..place + 4).collect::<Vec<_>>(), [0, 0, 0, 0]);
    row[0] = 7;
    assert_eq!(whole(&row), Some(state.clone()));
    let oldest = Some(newest - Span::secs(5));
    let occurrences = OccurrenceTotals { remembered: 2, oldest, occurred: 9 };
    let begun = Some(newest - Span::secs(9));
    let records = Some(Box::new(RecordTotals { occurrences, begun, ..records }));
    let state = State { records, ..state };
    assert_eq!(whole(&write_state(&state)), Some(state));
}
