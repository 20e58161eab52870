//! Records of assertions begin and end: each has an incident of its own, and its check is judged by how they stand then (§18).

use super::cancel::cancel_all;
use super::end::{Ended, tell_the_end};
use super::plan::plan_actions;
use super::record_rows::KnownRecord;
use super::reminders::hand_over;
use super::rows::Rows;
use super::step::{Subject, step_check};
use super::verdict::SeenCheck;
use crate::core::check::{CheckId, Definition};
use crate::core::incident::{
    Incident, IncidentKey, IncidentStatus, Matter, NewRecord, RecordEnding, of_record,
};
use crate::core::outbox::{CancelReason, Delivery, DeliveryState};
use crate::core::record::{Recall, Record, RecordKind, RecordStanding, RecordTotals};
use crate::core::route::{About, Facts};
use crate::core::step::Input;
use crate::core::time::Time;
use crate::store::{RecordNews, RecordStands, StoreError};

/// A check whose records change now.
#[derive(Clone, Copy)]
pub(super) struct OfCheck<'a> {
    pub(super) check: CheckId,
    pub(super) definition: &'a Definition,
    /// Who says so.
    pub(super) by: &'a str,
    pub(super) at: Time,
}

impl OfCheck<'_> {
    pub(super) fn matter(self, key: &IncidentKey) -> Matter {
        Matter { check: self.check, key: key.clone() }
    }

    /// By what it is judged whether something is remembered; `None`: what is found lasts.
    pub(super) fn recall(self) -> Option<Recall> {
        self.definition.spec.remembers().map(|remember| Recall { remember, now: self.at })
    }

    fn kind(self) -> RecordKind {
        if self.recall().is_some() { RecordKind::Occurred } else { RecordKind::Violated }
    }
}

/// What this call has made of a check's records so far.
#[derive(Default)]
pub(super) struct Made {
    pub(super) totals: RecordTotals,
    news: RecordNews,
    /// Something is remembered no more: what is the oldest of the others is looked up.
    has_forgotten: bool,
}

impl Made {
    /// Its incident is not open, and so it was counted by its row alone.
    fn loses(&mut self, standing: RecordStanding) {
        match standing {
            RecordStanding::Open { .. } => self.totals.ended(false),
            RecordStanding::Occurred { .. } => self.forgets_one(),
            RecordStanding::Named { .. } => {}
        }
    }

    fn forgets_one(&mut self) {
        self.totals.occurrences.is_forgotten();
        self.look_up_oldest();
    }

    /// Something may be remembered no more: the oldest of the others is looked up.
    pub(super) fn look_up_oldest(&mut self) {
        self.has_forgotten = true;
    }
}

/// Changes records of a check, has the check judged by how they stand then, and sees to its reminders.
pub(super) fn change(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    act: impl FnOnce(&mut dyn Rows, &mut Made) -> Result<(), StoreError>,
) -> Result<RecordNews, StoreError> {
    let before = rows.state(of.check)?.records();
    let reminders = rows.record_reminders(of.check)?;
    let mut made = Made { totals: before, news: RecordNews::default(), has_forgotten: false };
    act(rows, &mut made)?;
    let Made { mut totals, mut news, has_forgotten } = made;
    if has_forgotten {
        totals.occurrences.oldest = rows.oldest_occurrence(of.check)?;
    }
    hand_over(rows, of.check, &reminders)?;
    if totals != before {
        let judged = Subject::as_before(of.check, of.definition);
        step_check(rows, judged, &Input::Records(totals), of.at)?;
    }
    news.open = totals.all_open();
    let (began, ended) = (news.began.len(), news.ended.len());
    if began + ended > 0 {
        let (check, open) = (of.definition.name.clone(), news.open);
        rows.story().say(move || tracing::info!(%check, began, ended, open, "records began and ended"));
    }
    Ok(news)
}

/// A record is violated, or occurred: its incident opens, and is told of from now on.
pub(super) fn begin(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    record: &Record,
    begun_at: Option<Time>,
    made: &mut Made,
) -> Result<Incident, StoreError> {
    let matter = of.matter(record.key());
    let is_marked = rows.is_marked(&matter)?;
    let kind = of.kind();
    let new = NewRecord { record, kind, check: of.check, is_marked };
    let (mut incident, steps) = of_record(new, of.by, of.at);
    incident.id = rows.insert_incident(&incident)?;
    for step in &steps {
        rows.insert_step(incident.id, step)?;
    }
    rows.put_record_details(incident.id, record)?;
    if !is_marked {
        let causes = [incident.first];
        let about = About { key: record.key().as_str(), labels: record.labels() };
        let facts = Facts { definition: of.definition, causes: &causes, about };
        plan_actions(rows, &mut incident, &facts, of.at, of.at)?;
    }
    rows.update_incident(incident.clone())?;
    let standing = match kind {
        RecordKind::Violated => RecordStanding::Open { missed_since: None },
        RecordKind::Occurred => RecordStanding::Occurred { at: of.at },
    };
    rows.put_record(&matter, KnownRecord { standing, begun: u32::from(begun_at.is_some()), begun_at })?;
    let totals = &mut made.totals;
    match kind {
        RecordKind::Violated => totals.began(incident.id, is_marked),
        RecordKind::Occurred => totals.occurrences.occurred_at(of.at, is_marked),
    }
    made.news.began.push(stands(&incident));
    Ok(incident)
}

/// It is over, which is told to those who were told of it; that what occurred is not remembered any more is told to nobody, for
/// whatever reason it is not.
pub(super) fn end(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    key: &IncidentKey,
    ending: RecordEnding,
    made: &mut Made,
) -> Result<(), StoreError> {
    let matter = of.matter(key);
    let known = rows.record(&matter)?;
    rows.delete_record(&matter)?;
    let Some(stood) = rows.open_incident(&matter)? else {
        if let Some(known) = known {
            made.loses(known.standing);
        }
        return Ok(());
    };
    if stood.is_occurrence() {
        return forget(rows, of, &stood, ending, made);
    }
    let (incident, step) = stood.end_record(ending, of.by, of.at);
    rows.insert_step(incident.id, &step)?;
    let causes = [stood.first];
    let seen = SeenCheck {
        definition: of.definition,
        causes: &causes,
        about: stood.about(),
        is_paused: rows.check_now(of.check)?.is_paused,
        incident: stood.status,
    };
    tell_the_end(rows, Ended { stood: &stood, incident: &incident, seen, is_forgiven: false }, of.at)?;
    rows.update_incident(incident.clone())?;
    made.totals.ended(stood.status == IncidentStatus::WontFix);
    made.news.ended.push(stands(&incident));
    Ok(())
}

fn stands(incident: &Incident) -> RecordStands {
    RecordStands { key: incident.key.clone(), incident: incident.id, status: incident.status }
}

/// Of an occurrence that is remembered no more nobody is told that. What is still to be told of it is told, since it happened all
/// the same, also where nobody detects it any more; but not where people have answered it, or ended it, or its check is archived.
fn forget(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    stood: &Incident,
    ending: RecordEnding,
    made: &mut Made,
) -> Result<(), StoreError> {
    let ending = if ending == RecordEnding::Changed { RecordEnding::Over } else { ending };
    let (incident, step) = stood.end_record(ending, of.by, of.at);
    rows.insert_step(incident.id, &step)?;
    if !incident.status.is_still_told() {
        not_to_be_told(rows, &incident)?;
    } else if let Some(reason) = CancelReason::by_answer(stood.status) {
        cancel_all(rows, incident.id, reason)?;
    }
    rows.update_incident(incident.clone())?;
    made.forgets_one();
    made.news.ended.push(stands(&incident));
    Ok(())
}

fn not_to_be_told(rows: &mut dyn Rows, ended: &Incident) -> Result<(), StoreError> {
    let waits = |row: &Delivery| row.state == DeliveryState::Waiting;
    for row in rows.unfinished(ended.id)?.into_iter().filter(waits) {
        if row.is_attempted() {
            rows.update_delivery(row.rest())?;
        } else {
            let state = DeliveryState::Cancelled(CancelReason::Removed);
            rows.update_delivery(Delivery { state, ..row })?;
        }
    }
    Ok(())
}
