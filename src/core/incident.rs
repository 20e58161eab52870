//! The record of one bad period of a check, and what a flip does to it (§11).

use std::sync::Arc;

use super::cause::{Cause, CauseKind, Family, Status};
use super::check::CheckId;
use super::route::ActionId;
use super::step::{Flip, FlipReason};
use super::time::Time;

mod beside;
mod diagnosed;
mod diagnosis_step;
mod key;
mod of_record;
mod status;
mod step;
mod term;

pub use diagnosed::{after_decision, after_solution, is_diagnosed_while};
pub use diagnosis_step::{Diagnosed, DiagnosisStep};
pub use key::{IncidentId, IncidentKey, IncidentKeyError, Matter};
pub use of_record::{NewRecord, RecordEnding, of_record};
pub use status::IncidentStatus;
pub use step::{IncidentStep, StepKind};
pub use term::AckTerm;

/// One bad period of a check or of one of its records: at most one is open for each [`Matter`] at a time (11.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// Whose.
    pub check: CheckId,
    /// Which of it.
    pub key: IncidentKey,
    /// When the first cause began.
    pub opened_at: Time,
    /// Of a record its own labels, sorted by name (8.2); of the check itself none.
    pub labels: Arc<[(String, String)]>,
    /// When it ended: there for Resolved, Removed, Changed and Over, and only there.
    pub ended_at: Option<Time>,
    /// Where it stands.
    pub status: IncidentStatus,
    /// The cause that opened it: what messages of its thread are named after.
    pub first: Cause,
    /// Every kind of cause that it has had, in the order in which they came; each once.
    pub kinds: Vec<CauseKind>,
    /// The actions that were planned for it already (11.1): they are not planned again.
    pub actions: Vec<Planned>,
    /// While it is acknowledged: the families of causes that somebody has taken on (11.2); empty otherwise.
    pub covered: Vec<Family>,
    /// While it is acknowledged for a time (22.4): which; `None` otherwise.
    pub term: Option<AckTerm>,
    /// A late or failing cause took the place of `blind` once (9.6): it is not planned anew for that again.
    pub told_after_blind: bool,
    /// When it was looked at last which cases apply (§21); `None`: never.
    pub diagnosed: Option<Diagnosed>,
}

/// An action that was planned for an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Which.
    pub action: ActionId,
    /// The kinds of causes for which it was planned.
    pub kinds: Vec<CauseKind>,
    /// It was planned for a cause that the acknowledgement does not cover, which therefore does not hold it (11.2).
    pub is_uncovered: bool,
}

/// What a flip made of a check's incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The incident after it.
    pub incident: Incident,
    /// What happened to it.
    pub turn: Turn,
    /// For the record, in their order; never empty.
    pub steps: Vec<IncidentStep>,
}

/// Which way an incident went.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// It is a new one: actions are to be planned for these causes.
    Opened(Vec<Cause>),
    /// It has further causes: actions that newly match them are to be planned (11.1).
    Grew(Vec<Cause>),
    /// A late or failing cause took the place of `blind`, or of another (9.6): all actions that match what began are to be
    /// planned.
    AfterBlind {
        /// What began.
        begun: Vec<Cause>,
        /// Actions that count as planned no more: what waits because of them is to be cancelled.
        superseded: Vec<ActionId>,
    },
    /// It has fewer causes, and some are left.
    Eased,
    /// It ended, resolved or removed: [`super::outbox::at_recovery`] says who is told.
    Ended,
}

/// What a flip does to the open incident of the check itself (11.1); `None`: nothing, as for pausing. Incidents of other keys
/// are not a flip's to open, nor to end.
///
/// An incident also opens and grows while the check is paused: [`super::route::route`] holds what is told of it.
pub fn on_flip(open: Option<&Incident>, flip: &Flip, check: CheckId, next_id: IncidentId) -> Option<Change> {
    let flip = &flip.of_check_itself();
    let Some(open) = open else { return opened(flip, check, next_id) };
    assert!(!open.status.is_ended(), "a recurrence is a new incident");
    assert_eq!(open.matter(), Matter::own(check), "a flip is of its check itself");
    if flip.causes.is_empty() {
        return Some(ended(open, flip));
    }
    let mut incident = open.clone();
    let began = flip.begun.iter().map(|cause| StepKind::Began(cause.kind));
    let mut steps: Vec<IncidentStep> =
        eased(flip).chain(began).map(|what| made_by_flip(what, flip)).collect();
    incident.add_kinds(&flip.begun);
    let turn = if flip.begun.is_empty() {
        Turn::Eased
    } else if takes_the_place(flip) && !incident.told_after_blind {
        let superseded = incident.begin_after_blind(flip);
        if incident.covered == [Family::Unknown] {
            // Whoever took on that we could not tell has not taken on that it is bad.
            incident = Incident { status: IncidentStatus::Open, covered: Vec::new(), term: None, ..incident };
            steps.push(IncidentStep::new(StepKind::Reopened, PUNCTUAL, flip.at));
        }
        Turn::AfterBlind { begun: flip.begun.clone(), superseded }
    } else {
        Turn::Grew(flip.begun.clone())
    };
    (!steps.is_empty()).then_some(Change { incident, turn, steps })
}

/// 9.6: what begins with the end of `blind` is late or failing, for `blind` itself cannot. So it is with what a result finds
/// violated, or names too much of: whoever heard that nobody could tell, or that no result came, has not heard of that.
fn takes_the_place(flip: &Flip) -> bool {
    let is_found = |kind| matches!(kind, CauseKind::Violated | CauseKind::TooManyRecords);
    let is_known = flip.begun.iter().any(|cause| is_found(cause.kind)) && !flip.ended.is_empty();
    flip.ended.contains(&CauseKind::Blind) && !flip.begun.is_empty() || is_known
}

fn opened(flip: &Flip, check: CheckId, id: IncidentId) -> Option<Change> {
    let causes = flip.causes.as_slice();
    let mut incident = Incident {
        id,
        check,
        key: IncidentKey::own(),
        labels: Arc::default(),
        opened_at: flip.at,
        ended_at: None,
        status: IncidentStatus::Open,
        first: *causes.first()?,
        kinds: Vec::new(),
        actions: Vec::new(),
        covered: Vec::new(),
        term: None,
        told_after_blind: false,
        diagnosed: None,
    };
    incident.add_kinds(causes);
    let steps = causes.iter().map(|cause| made_by_flip(StepKind::Began(cause.kind), flip)).collect();
    Some(Change { incident, turn: Turn::Opened(causes.to_vec()), steps })
}

fn ended(open: &Incident, flip: &Flip) -> Change {
    let removed = flip.to == Status::Archived;
    let (status, last) = if removed {
        (IncidentStatus::Removed, StepKind::Removed)
    } else {
        (IncidentStatus::Resolved, StepKind::Resolved)
    };
    let ended_at = Some(flip.at.max(open.opened_at));
    let incident = Incident { status, ended_at, covered: Vec::new(), term: None, ..open.clone() };
    let steps = eased(flip).filter(|_| !removed).chain([last]);
    Change { incident, turn: Turn::Ended, steps: steps.map(|what| made_by_flip(what, flip)).collect() }
}

fn eased(flip: &Flip) -> impl Iterator<Item = StepKind> {
    flip.ended.iter().map(|kind| StepKind::Eased(*kind))
}

/// Who takes a step that nobody and nothing else took.
pub const PUNCTUAL: &str = "punctual";

fn made_by_flip(what: StepKind, flip: &Flip) -> IncidentStep {
    let by = match flip.reason {
        FlipReason::Judged => PUNCTUAL,
        FlipReason::Pinged => "a ping",
        FlipReason::Reported => "a result",
        FlipReason::Paused | FlipReason::Unpaused => "a pause",
        FlipReason::Changed | FlipReason::Archived | FlipReason::Returned => "the configuration",
    };
    IncidentStep::new(what, by, flip.at)
}

impl Incident {
    /// What it is of.
    pub fn matter(&self) -> Matter {
        Matter { check: self.check, key: self.key.clone() }
    }

    /// Somebody is on it (11.2), on the families of the `causes` that hold now, and `until` a time if they say so (22.4): its
    /// waiting deliveries are to be cancelled ([`super::outbox::cancel_waiting`]). `None`: it has ended, or was acknowledged
    /// already with all of these and until then.
    pub fn acknowledge(
        &self,
        causes: &[Cause],
        until: Option<Time>,
        by: &str,
        now: Time,
    ) -> Option<(Incident, IncidentStep)> {
        let mut covered = self.covered.clone();
        for family in causes.iter().map(|cause| cause.kind.family()) {
            if !covered.contains(&family) {
                covered.push(family);
            }
        }
        let is_until_then = self.term.map(|term| term.until) == until;
        let is_known =
            self.status == IncidentStatus::Acknowledged && covered == self.covered && is_until_then;
        if is_known || self.status.is_ended() {
            return None;
        }
        let step = IncidentStep::new(StepKind::Acknowledged(until), by, now);
        let term = until.map(|until| AckTerm { since: now, until });
        let mut incident = Incident { status: IncidentStatus::Acknowledged, covered, term, ..self.clone() };
        incident.actions.iter_mut().for_each(|planned| planned.is_uncovered = false);
        Some((incident, step))
    }

    /// Nobody wants to hear of it until it recovers (11.2): its waiting deliveries are to be cancelled.
    /// `None`: it has ended, or is `wont_fix` already.
    pub fn wont_fix(&self, by: &str, now: Time) -> Option<(Incident, IncidentStep)> {
        self.stand(IncidentStatus::WontFix, StepKind::WontFix, by, now)
    }

    /// Takes either back (11.2). No action counts as planned any more: all that match its causes are to be planned again,
    /// from now. `None`: it has ended, or is open already.
    pub fn reopen(&self, by: &str, now: Time) -> Option<(Incident, IncidentStep)> {
        if self.status.is_unanswered() {
            return None;
        }
        let (incident, step) = self.stand(IncidentStatus::Open, StepKind::Reopened, by, now)?;
        Some((Incident { actions: Vec::new(), ..incident }, step))
    }

    /// The time is over for which it was acknowledged: it was reopened then (22.4). `None`: that is not before `now`.
    pub fn term_ended(&self, now: Time) -> Option<(Incident, IncidentStep)> {
        let term = self.term.filter(|term| term.is_over(now))?;
        let (incident, step) = self.reopen(PUNCTUAL, term.until)?;
        Some((incident, step.saying("the time was over for which it was acknowledged")))
    }

    fn stand(
        &self,
        status: IncidentStatus,
        what: StepKind,
        by: &str,
        now: Time,
    ) -> Option<(Incident, IncidentStep)> {
        if self.status.is_ended() || self.status == status {
            return None;
        }
        let incident = Incident { status, covered: Vec::new(), term: None, ..self.clone() };
        Some((incident, IncidentStep::new(what, by, now)))
    }

    fn add_kinds(&mut self, causes: &[Cause]) {
        for cause in causes {
            if !self.kinds.contains(&cause.kind) {
                self.kinds.push(cause.kind);
            }
        }
    }
}

#[cfg(test)]
mod tests;
