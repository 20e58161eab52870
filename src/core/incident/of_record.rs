//! The incident of a record (11.1, 18.4) or an occurrence (19.2): a result opens it, and a result or time ends it, whatever its
//! check does.

use super::{Incident, IncidentId, IncidentStatus, IncidentStep, PUNCTUAL, StepKind};
use crate::core::cause::{Cause, CauseKind, Causes};
use crate::core::check::{CheckId, Definition};
use crate::core::record::{Record, RecordKind};
use crate::core::route::{About, Facts};
use crate::core::time::Time;

/// Why a record is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordEnding {
    /// It holds, or whoever began it says that it is over.
    Resolved,
    /// Another thing is asserted, and it is not named (18.8).
    Changed,
    /// The check is no longer declared (18.10).
    Removed,
    /// It occurred, and is not remembered any more (19.3).
    Over,
}

impl RecordEnding {
    fn status(self) -> IncidentStatus {
        match self {
            RecordEnding::Resolved => IncidentStatus::Resolved,
            RecordEnding::Changed => IncidentStatus::Changed,
            RecordEnding::Removed => IncidentStatus::Removed,
            RecordEnding::Over => IncidentStatus::Over,
        }
    }

    fn step(self) -> StepKind {
        match self {
            RecordEnding::Resolved => StepKind::Resolved,
            RecordEnding::Changed => StepKind::Changed,
            RecordEnding::Removed => StepKind::Removed,
            RecordEnding::Over => StepKind::Over,
        }
    }
}

/// A record that began.
#[derive(Clone, Copy, Debug)]
pub struct NewRecord<'a> {
    pub record: &'a Record,
    pub kind: RecordKind,
    /// Whose.
    pub check: CheckId,
    /// Nobody wants to hear of its key.
    pub is_marked: bool,
}

/// The incident of a record that began, without a number yet, and for the record what happened. One that is marked is born
/// `wont_fix`, and nobody is told (11.2).
pub fn of_record(new: NewRecord<'_>, by: &str, at: Time) -> (Incident, Vec<IncidentStep>) {
    let NewRecord { record, kind, check, is_marked } = new;
    let kind = match kind {
        RecordKind::Violated => CauseKind::Violated,
        RecordKind::Occurred => CauseKind::Occurred,
    };
    let first = Cause { kind, since: at, would_be: None };
    let incident = Incident {
        id: IncidentId(0),
        check,
        key: record.key().clone(),
        labels: record.labels().clone(),
        opened_at: at,
        ended_at: None,
        status: if is_marked { IncidentStatus::WontFix } else { IncidentStatus::Open },
        first,
        kinds: vec![first.kind],
        actions: Vec::new(),
        covered: Vec::new(),
        term: None,
        told_after_blind: false,
        diagnosed: None,
    };
    let began = IncidentStep::new(StepKind::Began(first.kind), by, at);
    let marked = is_marked.then(|| IncidentStep::new(StepKind::WontFix, PUNCTUAL, at).saying("it is marked"));
    (incident, [began].into_iter().chain(marked).collect())
}

impl IncidentStatus {
    /// Whether what is still to be told of it is told: that it is remembered no more does not unsay what happened (19.3).
    pub fn is_still_told(self) -> bool {
        !self.is_ended() || self == IncidentStatus::Over
    }
}

impl Incident {
    /// Whether it is of something that happened, and does not last (§19).
    pub fn is_occurrence(&self) -> bool {
        self.first.kind == CauseKind::Occurred
    }

    /// It is over.
    pub fn end_record(&self, ending: RecordEnding, by: &str, at: Time) -> (Incident, IncidentStep) {
        assert!(
            !self.key.is_own() && !self.status.is_ended(),
            "a record ends once, and a flip ends all else"
        );
        let ended_at = Some(at.max(self.opened_at));
        let status = ending.status();
        let ended = Incident { status, ended_at, covered: Vec::new(), term: None, ..self.clone() };
        (ended, IncidentStep::new(ending.step(), by, at))
    }

    /// What is wrong with what it is of, while these are the causes of its check: a record is violated, and nothing else.
    pub fn causes_in(&self, check: &Causes) -> Causes {
        if self.key.is_own() { check.own() } else { [self.first].into_iter().collect() }
    }

    /// What matchers look at (8.2).
    pub fn facts<'a>(&'a self, definition: &'a Definition, causes: &'a [Cause]) -> Facts<'a> {
        Facts { definition, causes, about: self.about() }
    }

    /// Which of its check, for matchers.
    pub fn about(&self) -> About<'_> {
        About { key: self.key.as_str(), labels: &self.labels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fixtures::at;

    fn opened(is_marked: bool) -> (Incident, Vec<IncidentStep>) {
        let record = Record::new("7").unwrap();
        let (kind, check) = (RecordKind::Violated, CheckId(1));
        of_record(NewRecord { record: &record, kind, check, is_marked }, "a result", at(10))
    }

    /// 11.1, 18.4
    #[test]
    fn a_record_opens_an_incident_of_its_own_and_ends_it() {
        let (incident, steps) = opened(false);
        assert_eq!((incident.key.as_str(), incident.status), ("7", IncidentStatus::Open));
        assert_eq!(steps.iter().map(|step| step.what.as_str()).collect::<Vec<_>>(), ["began"]);
        for (ending, word) in [
            (RecordEnding::Resolved, "resolved"),
            (RecordEnding::Changed, "changed"),
            (RecordEnding::Removed, "removed"),
            (RecordEnding::Over, "over"),
        ] {
            let (ended, step) = incident.end_record(ending, "a result", at(20));
            assert_eq!((ended.status.as_str(), step.what.as_str()), (word, word));
            assert_eq!((ended.ended_at, ended.status.is_ended()), (Some(at(20)), true));
        }
    }

    /// 11.2
    #[test]
    fn a_record_that_is_marked_is_born_wont_fix() {
        let (incident, steps) = opened(true);
        assert_eq!(incident.status, IncidentStatus::WontFix);
        assert_eq!(steps.iter().map(|step| step.what.as_str()).collect::<Vec<_>>(), ["began", "wont_fix"]);
    }

    /// 18.5: what is wrong with a record is no cause of its check's own incident, and the other way round.
    #[test]
    fn a_record_is_violated_and_its_check_itself_is_not() {
        let cause = |kind| Cause { kind, since: at(1), would_be: None };
        let check: Causes =
            [cause(CauseKind::RecordsViolated), cause(CauseKind::Missing)].into_iter().collect();
        let kinds = |causes: &Causes| causes.iter().map(|cause| cause.kind).collect::<Vec<_>>();
        assert_eq!(kinds(&opened(false).0.causes_in(&check)), [CauseKind::Violated]);
        assert_eq!(kinds(&check.own()), [CauseKind::Missing]);
    }
}
