//! What an acknowledgement does not cover (11.2): who is on one thing is not on another.

use super::{Incident, IncidentStatus, Planned};
use crate::core::cause::{Cause, CauseKind, Family};
use crate::core::route::ActionId;
use crate::core::step::Flip;

impl Incident {
    /// Whether somebody who acknowledged it has taken on causes of this kind (11.2).
    pub fn covers(&self, kind: CauseKind) -> bool {
        self.status == IncidentStatus::Acknowledged && self.covered.contains(&kind.family())
    }

    /// Whether somebody acknowledged it who has not taken on all of these.
    pub fn is_uncovered(&self, kinds: impl IntoIterator<Item = CauseKind>) -> bool {
        self.status == IncidentStatus::Acknowledged && !kinds.into_iter().all(|kind| self.covers(kind))
    }

    /// Where it stands for what an action has to tell while these `causes` hold: open, where that was planned for a cause
    /// that the acknowledgement does not cover, and one still holds (11.2).
    pub fn stands_for(&self, action: ActionId, causes: &[Cause]) -> IncidentStatus {
        let is_uncovered = |planned: &Planned| planned.action == action && planned.is_uncovered;
        if self.is_uncovered(kinds_of(causes)) && self.actions.iter().any(is_uncovered) {
            return IncidentStatus::Open;
        }
        self.status
    }

    /// Whether these causes tell whoever acknowledged it something new: that a job fails, to who knows that it is late. Who knows that
    /// it fails expects that it is late, too, some time later (11.2).
    pub fn is_news(&self, kinds: &[CauseKind]) -> bool {
        let fails = |kind: &CauseKind| kind.family() == Family::Failing;
        self.is_uncovered(kinds.iter().copied().filter(fails))
    }

    /// Where no cause holds any more that nobody has taken on, nothing counts as planned for one: it would be planned again if
    /// one began. Answers the actions that did; what is still to be told of them is over.
    pub fn take_all_on(&mut self, causes: &[Cause]) -> Vec<ActionId> {
        if self.status != IncidentStatus::Acknowledged || self.is_uncovered(kinds_of(causes)) {
            return Vec::new();
        }
        let uncovered = self.actions.iter_mut().filter(|planned| planned.is_uncovered);
        let held = uncovered.map(|planned| {
            planned.is_uncovered = false;
            planned.action
        });
        held.collect()
    }

    /// 9.6: only those actions still count as planned that were planned for another cause which still holds, and which nobody
    /// has taken on. Answers the others.
    pub(super) fn begin_after_blind(&mut self, flip: &Flip) -> Vec<ActionId> {
        self.told_after_blind = true;
        let begun = |kind: CauseKind| flip.begun.iter().any(|cause| cause.kind == kind);
        // What somebody has taken on was told for itself, and says nothing of what begins now.
        let stays = |kind: CauseKind| flip.causes.has(kind) && !begun(kind) && !self.covers(kind);
        let (stay, superseded): (Vec<Planned>, Vec<Planned>) =
            self.actions.iter().cloned().partition(|planned| planned.kinds.iter().copied().any(stays));
        self.actions = stay;
        superseded.iter().map(|planned| planned.action).collect()
    }
}

fn kinds_of(causes: &[Cause]) -> impl Iterator<Item = CauseKind> {
    causes.iter().map(|cause| cause.kind)
}
