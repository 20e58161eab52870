//! Last results in the row of a state (22.8): spoilt, they end nothing else (14.6).

use super::*;
use crate::core::results::LastResults;

/// Two successes, and a count that was not met, as [`LastResults`] has them.
fn results() -> LastResults {
    let mut bytes = Vec::new();
    for number in [5_500_000_000_u64 << 3, 60 << 3, 3600 << 3 | 3, 7] {
        let mut left = number;
        while left >= 0x80 {
            bytes.push((left & 0x7f) as u8 | 0x80);
            left >>= 7;
        }
        bytes.push(left as u8);
    }
    LastResults::of_bytes(&bytes).expect("they are ours")
}

/// The row of a state with [`results`], and where these begin in it.
fn row(state: &State) -> (Vec<u8>, usize) {
    let row = write_state(&State { results: results(), ..state.clone() });
    let before = row.len() - results().as_bytes().len() - 1;
    (row, before)
}

proptest! {
    /// 14.6
    #[test]
    fn what_is_spoilt_of_last_results_ends_nothing_else(
        state in state(),
        spoilt in vec(any::<u8>(), 0..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let (row, before) = row(&state);
        let cut = &row[..before + cut.index(row.len() - before)];
        let read = read_state(cut).unwrap();
        prop_assert!(read.are_results_lost);
        prop_assert_eq!(&read.state, &state);
        let read = read_state(&[&row[..before], &*spoilt].concat()).unwrap();
        prop_assert_eq!(State { results: LastResults::default(), ..read.state }, state);
    }
}

/// 14.6: what is read is said to be.
#[test]
fn last_results_that_are_ours_are_read_and_no_others() {
    let state = State::declared(&full_definition().spec, Time::from_secs(1_780_000_000));
    let (row, before) = row(&state);
    let read = read_state(&row).unwrap();
    assert_eq!((read.state.results, read.are_results_lost), (results(), false));
    for (what, at, byte) in [("a length", before, 0xff), ("a kind", before + 1, row[before + 1] | 7)] {
        let mut spoilt = row.clone();
        spoilt[at] = byte;
        assert!(read_state(&spoilt).unwrap().are_results_lost, "{what}");
    }
}
