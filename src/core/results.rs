//! The last results of a check (22.8): what became of what was expected of it, for people to see at a glance.
//!
//! There may be a million checks: all of one check's results are a few bytes, and those of one that has none are none.

use thin_vec::ThinVec;

use super::time::Time;

/// What a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResultKind {
    Success,
    /// Also a success that came too soon (4.4).
    Fail,
    /// A count was as expected (§3).
    Met,
    NotMet,
    /// Nobody can tell (9.5, 1.6).
    Unknown,
    /// It was late: nothing came in time, or a run took too long.
    Missed,
}

impl ResultKind {
    /// In the order of their codes.
    pub const ALL: [ResultKind; 6] = [
        ResultKind::Success,
        ResultKind::Fail,
        ResultKind::Met,
        ResultKind::NotMet,
        ResultKind::Unknown,
        ResultKind::Missed,
    ];

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            ResultKind::Success => "success",
            ResultKind::Fail => "fail",
            ResultKind::Met => "met",
            ResultKind::NotMet => "not_met",
            ResultKind::Unknown => "unknown",
            ResultKind::Missed => "missed",
        }
    }

    fn is_counted(self) -> bool {
        matches!(self, ResultKind::Met | ResultKind::NotMet)
    }
}

/// What became of what was expected of a check at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastResult {
    /// To the second: when the ping came, the occurrence that was counted at, or when it was late.
    pub at: Time,
    pub kind: ResultKind,
    /// The successes that counted, where they are counted.
    pub count: Option<u32>,
}

/// The newest of a check, at most [`LastResults::MAX`].
///
/// Each is, newest first: how many seconds it was before the one after it (the first: before the end of the year 2200, where
/// the supported years end), with its kind in the last three bits; and the count, if it has one. All are numbers of as many bytes as
/// they need, seven bits in each, the lowest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LastResults(ThinVec<u8>);

/// 2201-01-01T00:00:00Z
const END: i64 = 7_289_654_400;

impl LastResults {
    pub const MAX: usize = 10;
    /// What ten of them take at most: each has a number of 36 bits, and one of 32.
    const MAX_BYTES: usize = LastResults::MAX * (6 + 5);

    /// Those of a row; `None`: no program of ours has written it.
    pub fn of_bytes(bytes: &[u8]) -> Option<LastResults> {
        let results = LastResults(bytes.iter().copied().collect());
        let is_ours =
            bytes.len() <= LastResults::MAX_BYTES && LastResults::of(results.newest_first()) == results;
        is_ours.then_some(results)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn newest_first(&self) -> impl Iterator<Item = LastResult> {
        let (mut bytes, mut after) = (self.0.as_slice(), END);
        std::iter::from_fn(move || {
            let number = take_number(&mut bytes)?;
            after = after.checked_sub_unsigned(number >> 3)?;
            let kind = *ResultKind::ALL.get((number & 7) as usize)?;
            let count =
                if kind.is_counted() { Some(u32::try_from(take_number(&mut bytes)?).ok()?) } else { None };
            Some(LastResult { at: Time::from_secs(after), kind, count })
        })
    }

    /// Adds one by its time, and forgets the oldest where there are too many.
    pub(super) fn push(&mut self, at: Time, kind: ResultKind, count: Option<u32>) {
        // A count is judged after its occurrence, and what came in between is newer.
        let is_newer = |known: &LastResult| known.at > at;
        let (newer, rest) =
            (self.newest_first().take_while(is_newer), self.newest_first().skip_while(is_newer));
        let all = newer.chain([LastResult { at, kind, count }]).chain(rest);
        *self = LastResults::of(all.take(LastResults::MAX));
    }

    pub(super) fn clear(&mut self) {
        self.0 = ThinVec::new();
    }

    /// 1.1: the clock was set back to `now`.
    pub(super) fn bring_back_to(&mut self, now: Time) {
        let is_later = self.newest_first().next().is_some_and(|newest| newest.at > now);
        if is_later {
            let back = |result: LastResult| LastResult { at: result.at.min(now), ..result };
            *self = LastResults::of(self.newest_first().map(back));
        }
    }

    fn of(newest_first: impl Iterator<Item = LastResult>) -> LastResults {
        let (mut bytes, mut after) = (Vec::with_capacity(64), END);
        for LastResult { at, kind, count } in newest_first {
            let at = at.as_ms().div_euclid(1000).clamp(0, after);
            put_number(&mut bytes, after.abs_diff(at) << 3 | kind as u64);
            if kind.is_counted() {
                put_number(&mut bytes, count.unwrap_or(0).into());
            }
            after = at;
        }
        let mut exact = ThinVec::with_capacity(bytes.len());
        exact.extend_from_slice(&bytes);
        LastResults(exact)
    }
}

fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// `None`: there is none, or it does not end.
fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for (place, byte) in bytes.iter().enumerate().take(6) {
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            *bytes = &bytes[place + 1..];
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Gaps in ms, kinds and counts.
    fn pushed() -> impl Strategy<Value = Vec<(i64, usize, u32)>> {
        let gap = prop_oneof![0_i64..5_000, 0_i64..100_000_000_000];
        vec((gap, 0_usize..6, any::<u32>()), 0..30)
    }

    proptest! {
        /// 22.8: the newest ten, to the second, and the same when they are read.
        #[test]
        fn the_newest_ten_are_known(pushed in pushed(), begun in 0_i64..4_000_000_000_000) {
            let (mut results, mut at, mut all) = (LastResults::default(), Time::from_ms(begun), Vec::new());
            for (gap, kind, count) in pushed {
                at = at + super::super::time::Span::ms(gap);
                let kind = ResultKind::ALL[kind];
                let count = kind.is_counted().then_some(count);
                results.push(at, kind, count);
                all.push(LastResult { at: Time::from_secs(at.as_ms() / 1000), kind, count });
            }
            let expected: Vec<LastResult> = all.into_iter().rev().take(10).collect();
            prop_assert_eq!(results.newest_first().collect::<Vec<_>>(), expected);
            prop_assert!(results.as_bytes().len() <= LastResults::MAX_BYTES);
            prop_assert_eq!(LastResults::of_bytes(results.as_bytes()), Some(results));
        }

        /// What a disk makes of them is read as something else, or as nothing, and ends nobody.
        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
            if let Some(read) = LastResults::of_bytes(&bytes) {
                prop_assert_eq!(read.as_bytes(), bytes.as_slice());
            }
        }

        /// 1.1
        #[test]
        fn none_is_later_than_a_clock_that_was_set_back(pushed in pushed(), now in 0_i64..3_000_000_000) {
            let (mut results, mut at) = (LastResults::default(), Time::from_secs(1_000_000));
            for (gap, kind, count) in pushed {
                at = at + super::super::time::Span::ms(gap);
                results.push(at, ResultKind::ALL[kind], Some(count));
            }
            let count = results.newest_first().count();
            results.bring_back_to(Time::from_secs(now));
            prop_assert!(results.newest_first().all(|result| result.at <= Time::from_secs(now)));
            prop_assert_eq!(results.newest_first().count(), count);
        }
    }

    /// 22.8: a million checks fit beside what else is known of them.
    #[test]
    fn ten_results_take_few_bytes() {
        let bytes = |every: i64, kind: ResultKind| {
            let mut results = LastResults::default();
            for turn in 0..20 {
                results.push(Time::from_secs(1_800_000_000 + turn * every), kind, Some(3));
            }
            results.as_bytes().len()
        };
        assert_eq!(bytes(60, ResultKind::Success), 24);
        assert_eq!(bytes(86_400, ResultKind::Success), 33);
        assert_eq!(bytes(86_400, ResultKind::Met), 43);
        assert_eq!(size_of::<LastResults>(), 8, "one that has none has a pointer");
    }
}
