//! A result is stored: as a fact, judged, and with what it makes of records (§17, §18).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::bodies::make_space;
use super::fact_rows::NewPing;
use super::records::{BY_RESULT, OfCheck, carry_out_result, is_not_judged};
use super::rows::Rows;
use super::sources::SourceStanding;
use super::step::{Subject, step_check};
use crate::core::assertion::{AssertionResult, Naming, Outcome};
use crate::core::check::{CheckId, Definition, Ping};
use crate::core::incident::{Incident, IncidentId, IncidentStatus, Matter};
use crate::core::record::{NamedRecords, RecordTotals};
use crate::core::step::{Input, repeats};
use crate::core::time::Time;
use crate::store::{Applied, FoundAt, PingFact, RecordNews, ResultFact, ResultTaken, StoreError};

/// The check's own incident that is open, and how it stands.
type Own = Option<(IncidentId, IncidentStatus)>;

pub(super) fn apply_result(
    rows: &mut dyn Rows,
    check: CheckId,
    definition: &Definition,
    (fact, at): (&ResultFact, Time),
) -> Result<Applied, StoreError> {
    let Some(assertion) = &definition.spec.assert else { return Ok(Applied::TakesPings) };
    let is = match SourceStanding::of(assertion, &rows.state(check)?, &fact.source) {
        SourceStanding::Refused => return Ok(Applied::Probed),
        SourceStanding::Outdated => return Ok(Applied::Outdated),
        SourceStanding::Taken(is) => is,
    };
    let Some(naming) = naming(definition, fact) else { return Ok(Applied::TakesNoRecords) };
    let before = own(rows, check)?;
    let judged = Subject::as_before(check, definition);
    if definition.spec.max_records().is_some() {
        // What is due before it comes first: a pause may end by then.
        step_check(rows, judged, &Input::Tick, at)?;
    }
    let records = match named_by(rows, check, naming, (fact, at))? {
        None => RecordNews { open: rows.state(check)?.records().open, ..RecordNews::default() },
        Some(named) => {
            let of = OfCheck { check, definition, by: BY_RESULT, at };
            match carry_out_result(rows, of, &named, true)? {
                Some(news) => news,
                None => return Ok(Applied::InSlices),
            }
        }
    };
    let result = AssertionResult { records: naming, outcome: outcome(fact), ..fact.result.clone() };
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
    rows.insert_ping(NewPing { check, at, fact: &kept, counted, is, keeps_body })?;
    let is_paused = stepped.pause.since().is_some();
    Ok(Applied::Result(Box::new(ResultTaken { before, after, records, is_paused })))
}

fn own(rows: &dyn Rows, check: CheckId) -> Result<Own, StoreError> {
    let open = rows.open_incident(&Matter::own(check))?;
    Ok(open.map(|incident: Incident| (incident.id, incident.status)))
}

/// What it came to: what names records is violated, whatever it says.
fn outcome(fact: &ResultFact) -> Outcome {
    match fact.result.outcome {
        Outcome::Holds if fact.records.as_ref().is_some_and(|named| !named.is_empty()) => Outcome::Violated,
        outcome => outcome,
    }
}

fn kept_as(fact: &ResultFact) -> Ping {
    Ping { kind: outcome(fact).kept_as(), ..fact.result.kept_as() }
}

/// Whether it names all that violates the assertion; `None`: it must not. Whoever could not tell names nothing (17.4), and what
/// is violated though it names nothing is so as a whole: no record is over by either.
fn naming(definition: &Definition, fact: &ResultFact) -> Option<Naming> {
    let Some(named) = &fact.records else { return Some(Naming::Nothing) };
    let most = definition.spec.max_records()?;
    Some(match outcome(fact) {
        Outcome::Unknown => Naming::Nothing,
        Outcome::Violated if named.is_empty() => Naming::Nothing,
        Outcome::Violated | Outcome::Holds if named.fit(most) => Naming::All,
        Outcome::Violated | Outcome::Holds => Naming::TooMany,
    })
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
        _ if is_not_judged(&state) || repeats(&state, &kept_as(fact), at) => None,
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
        ping: kept_as(fact),
        comment: fact.why.clone().or(named),
        body: text,
        left_out: fact.left_out,
        body_cut: false,
        source: match fact.source {
            FoundAt::Client(address) => address,
            FoundAt::Probe { .. } => IpAddr::V4(Ipv4Addr::LOCALHOST),
        },
    })
}
