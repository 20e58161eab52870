//! Records of assertions begin and end, by results, one by one, and where nothing else would end them (§18).

use super::carry_on::carry_out_of;
use super::occurrences::{fits, forget_one, is_over};
use super::record_life::{Made, OfCheck, begin, change, end};
use super::record_rows::{KnownRecord, NewMark};
use super::records_marked::may_be_marked;
use super::rows::Rows;
use super::sources::SourceStanding;
use super::stand::stand_all;
use super::step::{Subject, step_check};
use crate::core::cause::CauseKind;
use crate::core::check::{CheckId, Definition};
use crate::core::incident::{Incident, IncidentKey, IncidentStatus, RecordEnding};
use crate::core::record::{
    InARow, NamedRecords, Record, RecordChange, RecordKind, RecordStanding, ResultNumber, Stretch,
    difference, occurrences,
};
use crate::core::state::State;
use crate::core::step::Input;
use crate::core::time::Time;
use crate::store::{
    RecordAnswer, RecordCall, RecordNews, RecordOrder, RecordRefusal, RecordStands, ResultSlice, Saying,
    Stance, StoreError,
};

/// By whom a result's steps are.
pub(super) const BY_RESULT: &str = "a result";

/// Whether nothing is judged of a check now: it is paused, or cannot be judged.
pub(super) fn is_not_judged(state: &State) -> bool {
    state.pause.since().is_some() || state.causes.has(CauseKind::Unjudgeable)
}

/// So many records are looked at for each change that a slice may carry out: most may stand as they did.
const LOOKED_AT: usize = 8;

/// Carries out all that a result changes, which is the next one of its check. `None`: that is more than a slice, and none of it is
/// carried out.
pub(super) fn carry_out_all(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    named: &NamedRecords,
) -> Result<Option<RecordNews>, StoreError> {
    let all = Stretch::all(rows.all_records_of(of.check)?);
    let result = rows.state(of.check)?.records().next_result();
    let changes = changes(of, named, &all, result);
    // Several results may come in one call.
    if changes.len() > *rows.records_left() {
        return Ok(None);
    }
    *rows.records_left() -= changes.len();
    let news = change(rows, of, |rows, made| {
        carry_out_these(rows, of, &changes, (result, made))?;
        made.totals.count_result();
        Ok(())
    });
    news.map(Some)
}

/// Carries out a slice of that, of the records after this key.
fn carry_out_slice(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    named: &NamedRecords,
    after: Option<IncidentKey>,
) -> Result<RecordNews, StoreError> {
    let slice = *rows.records_left();
    let count = slice * LOOKED_AT;
    let known = rows.records_of(of.check, after.as_ref(), count)?;
    let stretch = Stretch::after(after, known, named, count);
    let result = rows.state(of.check)?.records().next_result();
    let mut changes = changes(of, named, &stretch, result);
    let is_more = changes.len() > slice;
    changes.truncate(slice);
    *rows.records_left() -= changes.len();
    let news = change(rows, of, |rows, made| carry_out_these(rows, of, &changes, (result, made)))?;
    let next = if is_more { changes.last().map(RecordChange::key) } else { stretch.until() };
    Ok(RecordNews { next: next.cloned(), ..news })
}

fn changes<'a>(
    of: OfCheck<'_>,
    named: &'a NamedRecords,
    stretch: &'a Stretch,
    result: ResultNumber,
) -> Vec<RecordChange<'a>> {
    let spec = &of.definition.spec;
    let in_a_row = InARow { to_begin: spec.failures_before_alert, to_end: spec.successes_to_recover };
    match of.recall() {
        None => difference(named, stretch, in_a_row, result),
        Some(memory) => occurrences(named, stretch, memory, result),
    }
}

fn carry_out_these(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    changes: &[RecordChange<'_>],
    (result, made): (ResultNumber, &mut Made),
) -> Result<(), StoreError> {
    changes.iter().try_for_each(|change| carry_out(rows, of, change, (result.number, made)))
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
        RecordChange::Begins(record) | RecordChange::Occurs(record) => {
            begin(rows, of, record, None, made).map(drop)
        }
        RecordChange::IsOver(key) => forget_one(rows, of, key, made),
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

/// How records of a check end that no result will end, and which (`None`: all): it is archived (18.10), takes none any more, or
/// asserts what it detected, or the other way round (19.7).
pub(in crate::store) fn has_to_end(
    definition: &Definition,
    state: &State,
) -> Option<(RecordEnding, Option<RecordKind>)> {
    let totals = state.records();
    let (lasting, occurred) = (totals.open > 0, totals.occurrences.remembered > 0);
    let spec = &definition.spec;
    if !lasting && !occurred {
        None
    } else if state.archived.is_some() {
        Some((RecordEnding::Removed, None))
    } else if spec.max_records().is_none() {
        Some((RecordEnding::Changed, None))
    } else if spec.remembers().is_some() {
        lasting.then_some((RecordEnding::Changed, Some(RecordKind::Violated)))
    } else {
        occurred.then_some((RecordEnding::Changed, Some(RecordKind::Occurred)))
    }
}

/// Ends a slice of those, or nothing where others of this call have ended enough: the check stays due.
pub(super) fn end_some(rows: &mut dyn Rows, check: CheckId, at: Time) -> Result<(), StoreError> {
    let Some(standing) = rows.to_change(check)? else { return Ok(()) };
    let definition = standing.definition.clone();
    let Some((ending, kind)) = has_to_end(&definition, standing.state) else { return Ok(()) };
    let of = OfCheck { check, definition: &definition, by: "the configuration", at };
    let slice = *rows.records_left();
    if slice == 0 {
        return Ok(());
    }
    let mut keys = Vec::new();
    match kind {
        Some(kind) => keys = rows.records_of_kind(check, kind, slice)?,
        None => {
            for id in rows.open_records(check, None, slice)? {
                keys.push(rows.incident(id)?.expect("an incident is kept while it is open").key);
            }
        }
    }
    *rows.records_left() -= keys.len();
    change(rows, of, |rows, made| {
        for key in &keys {
            end(rows, of, key, ending, made)?;
        }
        if keys.len() < slice {
            made.totals.none_is_left(kind);
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
    let most = match (definition.spec.max_records(), what) {
        (Some(most), _) => most,
        // One that holds ends what was counted while the check took some.
        (None, RecordOrder::Slice(slice)) if slice.named.is_empty() => 0,
        (None, _) => return Ok(RecordAnswer::Refused(RecordRefusal::TakesNone)),
    };
    step_check(rows, Subject::as_before(*check, &definition), &Input::Tick, now)?;
    let of = OfCheck { check: *check, definition: &definition, by, at: now };
    match what {
        RecordOrder::Slice(slice) => {
            let stands = SourceStanding::of(&assertion, &rows.state(*check)?, &slice.source);
            // Whose result it is hears of it by its fact, which comes next.
            let counts = matches!(stands, SourceStanding::Taken(_)) && fits(rows, of, &slice.named, most)?;
            carry_out_if(rows, of, counts.then_some(slice)).map(RecordAnswer::Slice)
        }
        RecordOrder::Begin(record) => begin_one(rows, of, record, most),
        RecordOrder::End(key) => end_one(rows, of, key),
        RecordOrder::Mark(key, comment) => mark(rows, of, key, comment),
        RecordOrder::Unmark(key) => unmark(rows, of, key),
    }
}

/// A slice of what a result makes of records; `None`: nothing is made of it.
fn carry_out_if(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    slice: Option<&ResultSlice>,
) -> Result<RecordNews, StoreError> {
    let state = rows.state(of.check)?;
    match slice.filter(|_| !is_not_judged(&state)) {
        None => Ok(RecordNews { open: state.records().all_open(), ..RecordNews::default() }),
        Some(slice) => {
            carry_out_slice(rows, OfCheck { by: BY_RESULT, ..of }, &slice.named, slice.after.clone())
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
    let is_over = is_over(rows, of, &matter)?;
    if let Some(incident) = rows.open_incident(&matter)?.filter(|_| !is_over) {
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
    let totals = rows.state(of.check)?.records();
    if of.recall().is_none() && totals.open >= most {
        return Ok(RecordAnswer::Refused(RecordRefusal::TooMany));
    }
    if !is_over && totals.occurrences.remembered as usize >= NamedRecords::MOST {
        return Ok(RecordAnswer::Refused(RecordRefusal::TooManyRemembered));
    }
    let news = change(rows, of, |rows, made| {
        if is_over {
            forget_one(rows, of, record.key(), made)?;
        }
        begin(rows, of, record, Some(of.at), made).map(drop)
    })?;
    let RecordStands { incident, status, .. } = news.began[0];
    Ok(RecordAnswer::Begun { incident, status, count: 1, is_new: true })
}

/// 18.9
fn end_one(rows: &mut dyn Rows, of: OfCheck<'_>, key: &IncidentKey) -> Result<RecordAnswer, StoreError> {
    let known = rows.record(&of.matter(key))?;
    let Some(known) = known.filter(|known| !matches!(known.standing, RecordStanding::Named { .. })) else {
        return Ok(RecordAnswer::NoSuchRecord);
    };
    // 19.3d: no result will end what happened.
    let lasts = matches!(known.standing, RecordStanding::Open { .. });
    if lasts && known.begun == 0 {
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
