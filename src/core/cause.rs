//! Why a check is bad, and its status, which is a view of that (§6).

use thin_vec::ThinVec;

use super::time::Time;

/// Why a check is bad (6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CauseKind {
    /// No success by the deadline.
    Missing,
    /// No success by the deadline, and no success or fail was ever received.
    NeverSeen,
    /// No start by due + `start_within`.
    NotStarted,
    /// A run longer than `max_runtime`.
    Overrun,
    /// Fewer successes than `at_least`.
    TooFew,
    /// The job reported a failure.
    Failed,
    /// More successes than `at_most`.
    TooMany,
    /// A success sooner than `min_runtime` after its start.
    TooShort,
    /// Two runs at the same time.
    Overlapping,
    /// What it asserts does not hold (17.3); of a record, that it is violated (18.4).
    Violated,
    /// A result names more records than the check allows for (18.6).
    TooManyRecords,
    /// We were not listening and cannot tell (§9).
    Blind,
    /// Whoever looks at what it asserts cannot tell (17.4).
    Unprobed,
    /// Judging it panics (1.6).
    Unjudgeable,
    /// Records of it are violated (18.5), of which incidents of their own tell: people are shown the word of
    /// [`CauseKind::Violated`].
    RecordsViolated,
    /// Something happened that it looks for (19.2): of an occurrence alone, and never of a check itself.
    Occurred,
}

/// The gauge that a cause sets, but for [`Family::Occurred`], which belongs to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Something did not happen when it should have.
    Late,
    /// Something happened and was bad.
    Failing,
    /// We cannot tell.
    Unknown,
    /// Something happened that does not last: no check is bad by it (19.1).
    Occurred,
}

impl Family {
    /// The word in labels, messages and pages. It is also the name of the [`Status`] that the family leads to, if it leads to one.
    pub fn as_str(self) -> &'static str {
        match self {
            Family::Late => "late",
            Family::Failing => "failing",
            Family::Unknown => "unknown",
            Family::Occurred => "occurred",
        }
    }
}

impl CauseKind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [CauseKind; 16] = [
        CauseKind::Missing,
        CauseKind::NeverSeen,
        CauseKind::NotStarted,
        CauseKind::Overrun,
        CauseKind::TooFew,
        CauseKind::Failed,
        CauseKind::TooMany,
        CauseKind::TooShort,
        CauseKind::Overlapping,
        CauseKind::Violated,
        CauseKind::TooManyRecords,
        CauseKind::Blind,
        CauseKind::Unprobed,
        CauseKind::Unjudgeable,
        CauseKind::RecordsViolated,
        CauseKind::Occurred,
    ];

    /// All kinds that people are shown, in this order, each by a word of its own.
    pub fn shown() -> impl Iterator<Item = CauseKind> {
        CauseKind::ALL.into_iter().filter(|kind| kind.as_shown() == *kind)
    }

    /// Those of them that a check itself may have.
    pub fn shown_of_checks() -> impl Iterator<Item = CauseKind> {
        CauseKind::shown().filter(|kind| *kind != CauseKind::Occurred)
    }

    /// As what people are shown it.
    pub fn as_shown(self) -> CauseKind {
        if self == CauseKind::RecordsViolated { CauseKind::Violated } else { self }
    }

    /// The word in labels, messages and pages.
    pub fn as_str(self) -> &'static str {
        match self {
            CauseKind::Missing => "missing",
            CauseKind::NeverSeen => "never_seen",
            CauseKind::NotStarted => "not_started",
            CauseKind::Overrun => "overrun",
            CauseKind::TooFew => "too_few",
            CauseKind::Failed => "failed",
            CauseKind::TooMany => "too_many",
            CauseKind::TooShort => "too_short",
            CauseKind::Overlapping => "overlapping",
            CauseKind::Violated | CauseKind::RecordsViolated => "violated",
            CauseKind::TooManyRecords => "too_many_records",
            CauseKind::Blind => "blind",
            CauseKind::Unprobed => "unprobed",
            CauseKind::Unjudgeable => "unjudgeable",
            CauseKind::Occurred => "occurred",
        }
    }

    /// The meaning in words that need no manual, for messages and pages.
    pub fn meaning(self) -> &'static str {
        match self {
            CauseKind::Missing => "no success by its deadline",
            CauseKind::NeverSeen => "it has never succeeded, and its first deadline has passed",
            CauseKind::NotStarted => "it did not start in time",
            CauseKind::Overrun => "its run takes longer than it may",
            CauseKind::TooFew => "fewer successes than expected",
            CauseKind::Failed => "the job said that it failed",
            CauseKind::TooMany => "more successes than allowed",
            CauseKind::TooShort => "it ended sooner than it can have done its work",
            CauseKind::Overlapping => "it was started again while it was running",
            CauseKind::Violated => "what should hold does not",
            CauseKind::RecordsViolated => "records violate what should hold",
            CauseKind::TooManyRecords => "more records violate what should hold than it allows for",
            CauseKind::Occurred => "something happened that it looks for",
            CauseKind::Blind => "punctual was not listening when it was due",
            CauseKind::Unprobed => "whether it holds could not be found out",
            CauseKind::Unjudgeable => "a fault of punctual keeps it from being judged: the log says which",
        }
    }

    /// Whether a check has it until its next success, whatever that was worth.
    pub fn is_for_want_of_success(self) -> bool {
        match self {
            CauseKind::Missing | CauseKind::NeverSeen | CauseKind::NotStarted | CauseKind::Overrun => true,
            CauseKind::TooFew | CauseKind::TooMany | CauseKind::Blind | CauseKind::Unjudgeable => false,
            CauseKind::Failed | CauseKind::TooShort | CauseKind::Overlapping => false,
            CauseKind::Violated
            | CauseKind::RecordsViolated
            | CauseKind::TooManyRecords
            | CauseKind::Occurred
            | CauseKind::Unprobed => false,
        }
    }

    /// The gauge that the cause sets (6.1).
    pub fn family(self) -> Family {
        match self {
            CauseKind::Missing
            | CauseKind::NeverSeen
            | CauseKind::NotStarted
            | CauseKind::Overrun
            | CauseKind::TooFew => Family::Late,
            CauseKind::Failed
            | CauseKind::TooMany
            | CauseKind::TooShort
            | CauseKind::Overlapping
            | CauseKind::Violated
            | CauseKind::RecordsViolated
            | CauseKind::TooManyRecords => Family::Failing,
            CauseKind::Blind | CauseKind::Unprobed | CauseKind::Unjudgeable => Family::Unknown,
            CauseKind::Occurred => Family::Occurred,
        }
    }
}

/// A reason why a check is bad, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cause {
    pub kind: CauseKind,
    /// The time of the transition itself, not the time at which it was noticed.
    pub since: Time,
    /// For [`CauseKind::Blind`], the cause that it would have been (9.5); `None` for every other kind.
    pub would_be: Option<CauseKind>,
}

/// The causes of one check: at most one of each kind, oldest first, and those of one time in the order of their kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Causes(ThinVec<Cause>);

impl Causes {
    /// Adds a cause, unless there is one of its kind. Returns whether it was added.
    pub fn insert(&mut self, cause: Cause) -> bool {
        assert_eq!(cause.kind == CauseKind::Blind, cause.would_be.is_some(), "only blindness has a would-be");
        if self.has(cause.kind) {
            return false;
        }
        let place = self.0.partition_point(|other| (other.since, other.kind) <= (cause.since, cause.kind));
        self.0.insert(place, cause);
        true
    }

    /// Removes the causes that the filter rejects. Returns whether any was removed.
    pub fn retain(&mut self, keep: impl FnMut(&Cause) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(keep);
        self.0.len() < before
    }

    pub fn has(&self, kind: CauseKind) -> bool {
        self.0.iter().any(|cause| cause.kind == kind)
    }

    pub fn any(&self, family: Family) -> bool {
        self.0.iter().any(|cause| cause.kind.family() == family)
    }

    /// Oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Cause> {
        self.0.iter()
    }

    /// Those of the check itself: of violated records their own incidents tell (18.5).
    #[must_use]
    pub fn own(&self) -> Causes {
        self.iter().filter(|cause| cause.kind != CauseKind::RecordsViolated).copied().collect()
    }

    /// Changes the time of each cause. Those that are of one time then stand as if they had begun so.
    pub(super) fn each_since(&mut self, change: impl Fn(&mut Time)) {
        self.0.iter_mut().for_each(|cause| change(&mut cause.since));
        self.0.sort_unstable_by_key(|cause| (cause.since, cause.kind));
    }

    /// Oldest first.
    pub fn as_slice(&self) -> &[Cause] {
        &self.0
    }

    /// Whether there is no cause, so the check is not bad.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Cause> for Causes {
    fn from_iter<I: IntoIterator<Item = Cause>>(all: I) -> Causes {
        let mut causes = Causes::default();
        for cause in all {
            causes.insert(cause);
        }
        causes
    }
}

/// A view of a check's causes (6.2). Ordered by what people should look at first: the worst status is the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Something happened and was bad.
    Failing,
    /// Something did not happen.
    Late,
    /// Something was due while we were not listening, or it cannot be judged.
    Unknown,
    /// Due, but not yet past its deadline. Only a view: entering it is no flip.
    Grace,
    /// Not bad, and no success or fail was ever received.
    New,
    /// As it should be.
    Up,
    /// Not judged, because somebody paused it.
    Paused,
    /// No longer declared (10.3).
    Archived,
}

impl Status {
    /// The statuses of declared checks, worst first.
    pub const DECLARED: [Status; 7] = [
        Status::Failing,
        Status::Late,
        Status::Unknown,
        Status::Grace,
        Status::New,
        Status::Up,
        Status::Paused,
    ];

    /// Parses the word of [`Status::as_str`].
    pub fn of_word(word: &str) -> Option<Status> {
        Status::DECLARED.into_iter().chain([Status::Archived]).find(|status| status.as_str() == word)
    }

    /// The word in labels, messages and pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Failing => "failing",
            Status::Late => "late",
            Status::Unknown => "unknown",
            Status::Grace => "grace",
            Status::New => "new",
            Status::Up => "up",
            Status::Paused => "paused",
            Status::Archived => "archived",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 6.1
    #[test]
    fn every_kind_has_its_family() {
        use CauseKind::{
            Blind, Failed, Missing, NeverSeen, NotStarted, Occurred, Overlapping, Overrun, RecordsViolated,
            TooFew, TooMany, TooManyRecords, TooShort, Unjudgeable, Unprobed, Violated,
        };
        let check = |kinds: &[CauseKind], family: Family| {
            assert!(kinds.iter().all(|kind| kind.family() == family), "{kinds:?}");
        };
        check(&[Missing, NeverSeen, NotStarted, Overrun, TooFew], Family::Late);
        check(&[Failed, TooMany, TooShort, Overlapping, Violated], Family::Failing);
        check(&[TooManyRecords, RecordsViolated], Family::Failing);
        check(&[Blind, Unprobed, Unjudgeable], Family::Unknown);
        check(&[Occurred], Family::Occurred);
    }

    #[test]
    fn statuses_stand_the_worst_first_and_are_read_from_their_words() {
        assert!(Status::DECLARED.is_sorted() && Status::Paused < Status::Archived);
        for status in Status::DECLARED.into_iter().chain([Status::Archived]) {
            assert_eq!(Status::of_word(status.as_str()), Some(status));
        }
        assert_eq!(Status::of_word("Up"), None);
    }

    #[test]
    fn a_cause_is_there_once_and_the_oldest_is_first() {
        let cause = |kind, s| Cause { kind, since: Time::from_secs(s), would_be: None };
        let mut causes = Causes::default();
        assert!(causes.insert(cause(CauseKind::Failed, 20)));
        assert!(causes.insert(cause(CauseKind::Missing, 10)));
        assert!(!causes.insert(cause(CauseKind::Failed, 30)));
        let kinds: Vec<CauseKind> = causes.iter().map(|cause| cause.kind).collect();
        assert_eq!(kinds, [CauseKind::Missing, CauseKind::Failed]);
    }
}
