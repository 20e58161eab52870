//! A result is stored: as a fact, judged, and with what it makes of records (§17, §18).

use std::sync::Arc;

use super::bodies::make_space;
use super::fact_rows::NewPing;
use super::records::{BY_RESULT, OfCheck, carry_out_result, is_not_judged};
use super::rows::Rows;
use super::step::{Subject, step_check};
use crate::core::assertion::{AssertionResult, Naming, Outcome};
use crate::core::check::{CheckId, Definition};
use crate::core::incident::{Incident, IncidentId, IncidentStatus, Matter};
use crate::core::record::{NamedRecords, RecordTotals};
use crate::core::step::{Input, repeats};
use crate::core::time::Time;
use crate::store::{Applied, PingFact, RecordNews, ResultFact, ResultTaken, StoreError};

/// The check's own incident that is open, and how it stands.
type Own = Option<(IncidentId, IncidentStatus)>;

pub(super) fn apply_result(
    rows: &mut dyn Rows,
    check: CheckId,
    definition: &Definition,
    (fact, at): (&ResultFact, Time),
) -> Result<Applied, StoreError> {
    if definition.spec.assert.is_none() {
        return Ok(Applied::TakesPings);
    }
    let Some(naming) = naming(definition, fact) else { return Ok(Applied::TakesNoRecords) };
    let before = own(rows, check)?;
    let judged = Subject::as_before(check, definition);
    let records = match named_by(rows, check, naming, (fact, at))? {
        None => RecordNews { open: rows.state(check)?.records().open, ..RecordNews::default() },
        Some(named) => {
            let of = OfCheck { check, definition, by: BY_RESULT, at };
            // What is due before it comes first.
            step_check(rows, judged, &Input::Tick, at)?;
            match carry_out_result(rows, of, &named, true)? {
                Some(news) => news,
                None => return Ok(Applied::InSlices),
            }
        }
    };
    let result = AssertionResult { records: naming, ..fact.result.clone() };
    let stepped = step_check(rows, judged, &Input::Result(result), at)?;
    let after = own(rows, check)?;
    let opens = after.is_some_and(|(incident, _)| before.is_none_or(|(before, _)| before != incident));
    let is_news = opens || !records.began.is_empty();
    let kept = kept(rows, check, fact, is_news)?;
    let keeps_body = match &kept.body {
        Some(text) => make_space(rows, text.len())?,
        None => false,
    };
    let counted = stepped.ping;
    rows.insert_ping(NewPing { check, at, fact: &kept, counted, is_result: true, keeps_body })?;
    let is_paused = stepped.pause.since().is_some();
    Ok(Applied::Result(Box::new(ResultTaken { before, after, records, is_paused })))
}

fn own(rows: &dyn Rows, check: CheckId) -> Result<Own, StoreError> {
    let open = rows.open_incident(&Matter::own(check))?;
    Ok(open.map(|incident: Incident| (incident.id, incident.status)))
}

/// Whether it names all that violates the assertion; `None`: it must not.
fn naming(definition: &Definition, fact: &ResultFact) -> Option<Naming> {
    let Some(named) = &fact.records else { return Some(Naming::Nothing) };
    let most = definition.spec.max_records()?;
    Some(if named.fit(most) { Naming::All } else { Naming::TooMany })
}

/// What a result names, if anything is to be judged by it: nothing where more than may be are named (18.6), or where it came
/// before (17.2d). One that holds names
/// nothing that violates it, also where it does not say so.
fn named_by(
    rows: &dyn Rows,
    check: CheckId,
    naming: Naming,
    (fact, at): (&ResultFact, Time),
) -> Result<Option<Arc<NamedRecords>>, StoreError> {
    let state = rows.state(check)?;
    let had_any = state.records() != RecordTotals::default();
    Ok(match naming {
        _ if is_not_judged(&state) || repeats(&state, &fact.result.kept_as(), at) => None,
        Naming::All => fact.records.clone(),
        Naming::Nothing if fact.result.outcome == Outcome::Holds && had_any => Some(Arc::default()),
        Naming::Nothing | Naming::TooMany => None,
    })
}

/// As it is kept among the pings (17.2): what is said again and again is kept once, and where somebody is told.
fn kept(rows: &dyn Rows, check: CheckId, fact: &ResultFact, is_news: bool) -> Result<PingFact, StoreError> {
    let text = match &fact.text {
        Some(text) if !text.is_empty() => {
            let differs = is_news || rows.newest_body(check)?.as_ref() != Some(text);
            Some(text.clone()).filter(|_| differs)
        }
        _ => None,
    };
    let named = fact.records.as_ref().map(|named| match named.len() {
        1 => "1 record".to_owned(),
        NamedRecords::MOST => format!("{} records or more", NamedRecords::MOST),
        many => format!("{many} records"),
    });
    Ok(PingFact {
        ping: fact.result.kept_as(),
        comment: fact.why.clone().or(named),
        body: text,
        left_out: fact.left_out,
        body_cut: false,
        source: fact.source,
    })
}
