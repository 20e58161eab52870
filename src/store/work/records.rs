//! Records of assertions begin and end, by results, one by one, and where nothing else would end them (§18).

use std::sync::Arc;

use super::carry_on::carry_out_of;
use super::end::{Ended, tell_the_end};
use super::plan::plan_actions;
use super::record_rows::{KnownRecord, NewMark};
use super::records_marked::may_be_marked;
use super::reminders::hand_over;
use super::rows::Rows;
use super::sources::SourceStanding;
use super::stand::stand_all;
use super::step::{Subject, step_check};
use super::verdict::SeenCheck;
use crate::core::cause::CauseKind;
use crate::core::check::{CheckId, Definition};
use crate::core::incident::{Incident, IncidentKey, IncidentStatus, Matter, RecordEnding, of_record};
use crate::core::record::{
    InARow, NamedRecords, Record, RecordChange, RecordStanding, RecordTotals, difference,
};
use crate::core::route::{About, Facts};
use crate::core::state::State;
use crate::core::step::Input;
use crate::core::time::Time;
use crate::store::{
    RecordAnswer, RecordCall, RecordNews, RecordOrder, RecordRefusal, RecordStands, Saying, Stance,
    StoreError,
};

/// By whom a result's steps are.
pub(super) const BY_RESULT: &str = "a result";

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
    fn matter(self, key: &IncidentKey) -> Matter {
        Matter { check: self.check, key: key.clone() }
    }
}

/// What this call has made of a check's records so far.
#[derive(Default)]
pub(super) struct Made {
    totals: RecordTotals,
    news: RecordNews,
}

/// Whether nothing is judged of a check now: it is paused, or cannot be judged.
pub(super) fn is_not_judged(state: &State) -> bool {
    state.pause.since().is_some() || state.causes.has(CauseKind::Unjudgeable)
}

/// Carries out so many changes at most that a result makes, which is the next one of its check. `None`: there are more, and none
/// is carried out, since it was to be all of them.
pub(super) fn carry_out_result(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    named: &NamedRecords,
    is_to_be_all: bool,
) -> Result<Option<RecordNews>, StoreError> {
    let known = rows.records_of(of.check)?;
    let totals = rows.state(of.check)?.records();
    let spec = &of.definition.spec;
    let in_a_row = InARow { to_begin: spec.failures_before_alert, to_end: spec.successes_to_recover };
    let result = totals.next_result();
    let changes = difference(named, &known, in_a_row, result);
    let slice = rows.pieces().records;
    let left = changes.len().saturating_sub(slice);
    if is_to_be_all && left > 0 {
        return Ok(None);
    }
    let news = change(rows, of, |rows, made| {
        for change in changes.iter().take(slice) {
            carry_out(rows, of, change, (result.number, made))?;
        }
        if is_to_be_all {
            made.totals.count_result();
        }
        Ok(())
    })?;
    Ok(Some(RecordNews { left, ..news }))
}

fn carry_out(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    change: &RecordChange<'_>,
    (number, made): (u64, &mut Made),
) -> Result<(), StoreError> {
    let stands = |rows: &mut dyn Rows, key: &IncidentKey, standing: RecordStanding| {
        let known = rows.record(&of.matter(key))?;
        let begun = known.map_or((0, None), |known| (known.begun, known.begun_at));
        rows.put_record(&of.matter(key), KnownRecord { standing, begun: begun.0, begun_at: begun.1 })
    };
    match *change {
        RecordChange::Begins(record) => begin(rows, of, record, None, made).map(drop),
        RecordChange::IsNamed(key) => stands(rows, key, RecordStanding::Named { since: number }),
        RecordChange::IsForgotten(key) => rows.delete_record(&of.matter(key)),
        RecordChange::IsMissed(key) => stands(rows, key, RecordStanding::Open { missed_since: Some(number) }),
        RecordChange::IsBack(key) => stands(rows, key, RecordStanding::Open { missed_since: None }),
        RecordChange::Ends(key) => {
            let is_other = made.totals.is_asserted_otherwise;
            let ending = if is_other { RecordEnding::Changed } else { RecordEnding::Resolved };
            end(rows, of, key, ending, made)
        }
    }
}

/// Changes records of a check, has the check judged by how they stand then, and sees to its reminders.
fn change(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    act: impl FnOnce(&mut dyn Rows, &mut Made) -> Result<(), StoreError>,
) -> Result<RecordNews, StoreError> {
    let before = rows.state(of.check)?.records();
    let reminders = rows.record_reminders(of.check)?;
    let mut made = Made { totals: before, news: RecordNews::default() };
    act(rows, &mut made)?;
    let Made { totals, mut news } = made;
    hand_over(rows, of.check, &reminders)?;
    if totals != before {
        let judged = Subject::as_before(of.check, of.definition);
        step_check(rows, judged, &Input::Records(totals), of.at)?;
    }
    news.open = totals.open;
    let (began, ended) = (news.began.len(), news.ended.len());
    if began + ended > 0 {
        let (check, open) = (of.definition.name.clone(), totals.open);
        rows.story().say(move || tracing::info!(%check, began, ended, open, "records began and ended"));
    }
    Ok(news)
}

/// A record is violated: its incident opens, and is told of from now on.
fn begin(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    record: &Record,
    begun_at: Option<Time>,
    made: &mut Made,
) -> Result<Incident, StoreError> {
    let matter = of.matter(record.key());
    let is_marked = rows.is_marked(&matter)?;
    let (mut incident, steps) = of_record(record, of.check, is_marked, of.by, of.at);
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
    let standing = RecordStanding::Open { missed_since: None };
    rows.put_record(&matter, KnownRecord { standing, begun: u32::from(begun_at.is_some()), begun_at })?;
    let totals = &mut made.totals;
    if totals.open == 0 {
        totals.thread = Some(incident.id);
    }
    totals.open = totals.open.saturating_add(1);
    totals.wont_fix += u32::from(is_marked);
    made.news.began.push(stands(&incident));
    Ok(incident)
}

/// It is over, which is told to those who were told of it.
fn end(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    key: &IncidentKey,
    ending: RecordEnding,
    made: &mut Made,
) -> Result<(), StoreError> {
    let matter = of.matter(key);
    rows.delete_record(&matter)?;
    let Some(stood) = rows.open_incident(&matter)? else { return Ok(()) };
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
    let totals = &mut made.totals;
    totals.open = totals.open.saturating_sub(1);
    totals.wont_fix = totals.wont_fix.saturating_sub(u32::from(stood.status == IncidentStatus::WontFix));
    made.news.ended.push(stands(&incident));
    Ok(())
}

fn stands(incident: &Incident) -> RecordStands {
    RecordStands { key: incident.key.clone(), incident: incident.id, status: incident.status }
}

/// How records of a check end that no result will end: it is archived (18.10), or takes none any more.
pub(in crate::store) fn has_to_end(definition: &Definition, state: &State) -> Option<RecordEnding> {
    if state.records().open == 0 {
        return None;
    }
    if state.archived.is_some() {
        return Some(RecordEnding::Removed);
    }
    definition.spec.max_records().is_none().then_some(RecordEnding::Changed)
}

/// Ends a slice of those.
pub(super) fn end_some(rows: &mut dyn Rows, check: CheckId, at: Time) -> Result<(), StoreError> {
    let Some(standing) = rows.to_change(check)? else { return Ok(()) };
    let definition = standing.definition.clone();
    let Some(ending) = has_to_end(&definition, standing.state) else { return Ok(()) };
    let of = OfCheck { check, definition: &definition, by: "the configuration", at };
    let slice = rows.pieces().records;
    let open = rows.open_records(check, None, slice)?;
    change(rows, of, |rows, made| {
        for id in &open {
            let incident = rows.incident(*id)?.expect("an incident is kept while it is open");
            end(rows, of, &incident.key, ending, made)?;
        }
        if open.len() < slice {
            (made.totals.open, made.totals.wont_fix) = (0, 0);
        }
        Ok(())
    })
    .map(drop)
}

/// What is to become of records outside of a result's fact.
pub(in crate::store) fn change_records(
    rows: &mut dyn Rows,
    call: &RecordCall,
    now: Time,
) -> Result<RecordAnswer, StoreError> {
    let RecordCall { check, what, by } = call;
    carry_out_of(rows, *check)?;
    let standing = rows.to_change(*check)?.filter(|standing| standing.state.archived.is_none());
    let Some(standing) = standing else { return Ok(RecordAnswer::Refused(RecordRefusal::NoSuchCheck)) };
    let definition = standing.definition.clone();
    let Some(assertion) = definition.spec.assert.clone() else {
        return Ok(RecordAnswer::Refused(RecordRefusal::AssertsNothing));
    };
    let Some(most) = definition.spec.max_records() else {
        return Ok(RecordAnswer::Refused(RecordRefusal::TakesNone));
    };
    step_check(rows, Subject::as_before(*check, &definition), &Input::Tick, now)?;
    let of = OfCheck { check: *check, definition: &definition, by, at: now };
    match what {
        RecordOrder::Slice(named, source) => {
            let stands = SourceStanding::of(&assertion, &rows.state(*check)?, source);
            // Whose result it is hears of it by its fact, which comes next.
            let counts = matches!(stands, SourceStanding::Taken(_)) && named.fit(most);
            slice(rows, of, counts.then_some(named)).map(RecordAnswer::Slice)
        }
        RecordOrder::Begin(record) => begin_one(rows, of, record, most),
        RecordOrder::End(key) => end_one(rows, of, key),
        RecordOrder::Mark(key, comment) => mark(rows, of, key, comment),
        RecordOrder::Unmark(key) => unmark(rows, of, key),
    }
}

/// A slice of what a result makes of records; `None`: nothing is made of it.
fn slice(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    named: Option<&Arc<NamedRecords>>,
) -> Result<RecordNews, StoreError> {
    let state = rows.state(of.check)?;
    match named.filter(|_| !is_not_judged(&state)) {
        None => Ok(RecordNews { open: state.records().open, ..RecordNews::default() }),
        Some(named) => {
            let of = OfCheck { by: BY_RESULT, ..of };
            Ok(carry_out_result(rows, of, named, false)?.unwrap_or_default())
        }
    }
}

/// 18.9
fn begin_one(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    record: &Record,
    most: u32,
) -> Result<RecordAnswer, StoreError> {
    let matter = of.matter(record.key());
    if let Some(incident) = rows.open_incident(&matter)? {
        // What is begun again while it is open tells nobody; what a result found is that result's.
        let known = rows.record(&matter)?.filter(|known| known.begun > 0);
        let count = known.map_or(0, |known| known.begun.saturating_add(1));
        if let Some(known) = known {
            rows.put_record(&matter, KnownRecord { begun: count, begun_at: Some(of.at), ..known })?;
        }
        rows.put_record_details(incident.id, record)?;
        let (id, status) = (incident.id, incident.status);
        return Ok(RecordAnswer::Begun { incident: id, status, count, is_new: false });
    }
    if rows.state(of.check)?.records().open >= most {
        return Ok(RecordAnswer::Refused(RecordRefusal::TooMany));
    }
    let news = change(rows, of, |rows, made| begin(rows, of, record, Some(of.at), made).map(drop))?;
    let RecordStands { incident, status, .. } = news.began[0];
    Ok(RecordAnswer::Begun { incident, status, count: 1, is_new: true })
}

/// 18.9
fn end_one(rows: &mut dyn Rows, of: OfCheck<'_>, key: &IncidentKey) -> Result<RecordAnswer, StoreError> {
    let known = rows.record(&of.matter(key))?;
    let Some(known) = known.filter(|known| matches!(known.standing, RecordStanding::Open { .. })) else {
        return Ok(RecordAnswer::NoSuchRecord);
    };
    if known.begun == 0 {
        return Ok(RecordAnswer::Refused(RecordRefusal::OnlyResultsEndIt));
    }
    change(rows, of, |rows, made| end(rows, of, key, RecordEnding::Resolved, made))?;
    Ok(RecordAnswer::Done)
}

/// 11.2: also where no record has the key now.
fn mark(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    key: &IncidentKey,
    comment: &str,
) -> Result<RecordAnswer, StoreError> {
    let matter = of.matter(key);
    if !may_be_marked(rows, &matter)? {
        return Ok(RecordAnswer::Refused(RecordRefusal::TooManyMarks));
    }
    if let Some(incident) = rows.open_incident(&matter)?.filter(|it| it.status != IncidentStatus::WontFix) {
        stand(rows, of, &incident, Stance::WontFix, comment)?;
    }
    // Whoever reopened it too often to mark it again has the next one born so.
    rows.put_mark(&matter, &NewMark { at: of.at, by: of.by, comment })?;
    Ok(RecordAnswer::Done)
}

fn unmark(rows: &mut dyn Rows, of: OfCheck<'_>, key: &IncidentKey) -> Result<RecordAnswer, StoreError> {
    let matter = of.matter(key);
    let was_marked = rows.delete_mark(&matter)?;
    let marked = rows.open_incident(&matter)?.filter(|it| it.status == IncidentStatus::WontFix);
    if let Some(incident) = marked {
        stand(rows, of, &incident, Stance::Reopen, "")?;
    } else if !was_marked {
        return Ok(RecordAnswer::NoSuchRecord);
    }
    Ok(RecordAnswer::Done)
}

fn stand(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    incident: &Incident,
    stance: Stance,
    comment: &str,
) -> Result<(), StoreError> {
    let saying = Saying { stance, until: None, comment: comment.to_owned(), by: of.by.to_owned() };
    stand_all(rows, &[incident.id], &saying, of.at).map(drop)
}
