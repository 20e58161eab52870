//! A result is stored: as a fact, judged, and with what it makes of records (§17, §18).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::bodies::make_space;
use super::fact_rows::NewPing;
use super::occurrences::{fits, is_still_full};
use super::record_life::OfCheck;
use super::records::{BY_RESULT, carry_out_all, is_not_judged};
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
    let of = OfCheck { check, definition, by: BY_RESULT, at };
    let naming = match naming(rows, of, fact)? {
        Ok(naming) => naming,
        Err(refused) => return Ok(refused),
    };
    let before = own(rows, check)?;
    let judged = Subject::as_before(check, definition);
    if definition.spec.max_records().is_some() {
        // What is due before it comes first: a pause may end by then.
        step_check(rows, judged, &Input::Tick, at)?;
    }
    let records = match named_by(rows, of, naming, fact)? {
        None => RecordNews { open: rows.state(check)?.records().all_open(), ..RecordNews::default() },
        Some(named) => match carry_out_all(rows, of, &named)? {
            Some(news) => news,
            None => return Ok(Applied::InSlices),
        },
    };
    let result =
        AssertionResult { records: naming, outcome: outcome(definition, fact), ..fact.result.clone() };
    let stepped = step_check(rows, judged, &Input::Result(result), at)?;
    let after = own(rows, check)?;
    let opens = after.is_some_and(|(incident, _)| before.is_none_or(|(before, _)| before != incident));
    let is_news = opens || !records.began.is_empty();
    let kept = kept(rows, of, fact, is_news)?;
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
fn outcome(definition: &Definition, fact: &ResultFact) -> Outcome {
    match fact.result.outcome {
        Outcome::Unknown => Outcome::Unknown,
        // 19.1: no check fails by what it detects.
        _ if definition.spec.remembers().is_some() => Outcome::Holds,
        Outcome::Holds if fact.records.as_ref().is_some_and(|named| !named.is_empty()) => Outcome::Violated,
        outcome => outcome,
    }
}

fn kept_as(definition: &Definition, fact: &ResultFact) -> Ping {
    Ping { kind: outcome(definition, fact).kept_as(), ..fact.result.kept_as() }
}

/// Whether it names all that violates the assertion, or why it is not taken. Whoever could not tell names nothing (17.4), and
/// what is violated though it names nothing is so as a whole: no record is over by either. Of what is detected nothing is so.
fn naming(
    rows: &dyn Rows,
    of: OfCheck<'_>,
    fact: &ResultFact,
) -> Result<Result<Naming, Applied>, StoreError> {
    let spec = &of.definition.spec;
    let names_any = fact.records.as_ref().is_some_and(|named| !named.is_empty());
    if spec.remembers().is_some() && fact.result.outcome == Outcome::Violated && !names_any {
        return Ok(Err(Applied::NamesNothing));
    }
    let could_tell = fact.result.outcome != Outcome::Unknown;
    if could_tell && is_still_full(rows, of, fact.records.as_deref().unwrap_or(&NamedRecords::default()))? {
        return Ok(Ok(Naming::TooMany));
    }
    let Some(named) = &fact.records else { return Ok(Ok(Naming::Nothing)) };
    let Some(most) = spec.max_records() else { return Ok(Err(Applied::TakesNoRecords)) };
    Ok(Ok(match outcome(of.definition, fact) {
        Outcome::Unknown => Naming::Nothing,
        Outcome::Violated if named.is_empty() => Naming::Nothing,
        Outcome::Violated | Outcome::Holds if fits(rows, of, named, most)? => Naming::All,
        Outcome::Violated | Outcome::Holds => Naming::TooMany,
    }))
}

/// What a result names, if anything is to be judged by it: nothing where more than may be are named (18.6), or where it came
/// before (17.2d). One that holds names
/// nothing that violates it, also where it does not say so.
fn named_by(
    rows: &dyn Rows,
    of: OfCheck<'_>,
    naming: Naming,
    fact: &ResultFact,
) -> Result<Option<Arc<NamedRecords>>, StoreError> {
    let state = rows.state(of.check)?;
    let had_any = state.records() != RecordTotals::default();
    // 19.2: what happened is known again by its key, and one look may find several things one after the other.
    let finds_more = of.recall().is_some() && naming == Naming::All;
    let repeats = !finds_more && repeats(&state, &kept_as(of.definition, fact), of.at);
    Ok(match naming {
        _ if is_not_judged(&state) || repeats => None,
        Naming::All => fact.records.clone(),
        Naming::Nothing if fact.result.outcome == Outcome::Holds && had_any => Some(Arc::default()),
        Naming::Nothing | Naming::TooMany => None,
    })
}

/// As it is kept among the pings (17.2): what is said again and again is kept once, and where somebody is told.
fn kept(rows: &dyn Rows, of: OfCheck<'_>, fact: &ResultFact, is_news: bool) -> Result<PingFact, StoreError> {
    let text = match &fact.text {
        Some(text) if !text.is_empty() => {
            let differs = is_news || rows.newest_body(of.check)?.as_ref() != Some(text);
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
        ping: kept_as(of.definition, fact),
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
