//! `POST /api/v1/checks/{name}/report`: what a program found of a check that asserts something (17.1).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::asked::{ApiOutcome, Asked, MAX_BODY_BYTES, in_json, read_body};
use super::contract::Contract;
use super::explanation::{to_diagnose, to_diagnose_shape};
use super::query::bad;
use super::record::{RecordsSaid, asked_shape};
use super::shape::{self, explained, flag, list, number, object, one_of, text, whole};
use crate::app::ping::PingNotTaken;
use crate::app::{NotDone, diagnoses, report};
use crate::core::assertion::{AssertionResult, Outcome};
use crate::core::check::Rid;
use crate::core::incident::{IncidentId, IncidentKey, IncidentStatus};
use crate::core::record::NamedRecords;
use crate::core::time::Span;
use crate::http::auth::Admission;
use crate::http::caller::Caller;
use crate::http::ping::BAD_RID;
use crate::http::problem::Problem;
use crate::store::live::Check;
use crate::store::{FoundAt, PingFact, RecordStands, ResultFact, ResultTaken};

/// The longest that a look may have taken: longer is a mistake of units.
const MAX_TOOK: Span = Span::mins(366 * 24 * 60);
const LIKE: &str = r#"{"result": "violated", "why": "no picture for 5 days"}"#;

/// The largest body, in bytes: a look may say much, of which both ends are kept, and name many records.
const MAX_REPORT_BYTES: usize = 8 << 20;
/// So many bodies that are larger than others may be, or may become so, are in memory at a time; the next ones wait.
static LARGE: Semaphore = Semaphore::const_new(8);

/// What a body may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    result: String,
    #[serde(default)]
    why: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    duration_seconds: Option<f64>,
    #[serde(default)]
    records: Option<RecordsSaid>,
}

pub(super) fn contract() -> Contract {
    let outcomes = Outcome::ALL.map(Outcome::as_str);
    let mut body = shape::asked([
        ("result", explained(one_of(outcomes), "`unknown`: whoever looked could not tell.")),
        ("why", explained(text(), "A line for people.")),
        ("text", explained(text(), "What the look said: its first 2,000 and last 8,000 bytes are kept.")),
        ("duration_seconds", explained(number(), "How long the look took.")),
        (
            "records",
            explained(
                list(asked_shape()),
                "All that violates it: what is not named holds. With `holds` there are none.",
            ),
        ),
    ]);
    body["required"] = json!(["result"]);
    let standing = object(
        "IncidentOfResult",
        [
            ("key", explained(text(), "Which record; \"\" is the check itself.")),
            ("incident", whole()),
            ("standing", one_of(IncidentStatus::ALL.map(IncidentStatus::as_str))),
        ],
    );
    let answer = object(
        "ResultTaken",
        [
            ("began", explained(list(standing.clone()), "Incidents that this result opened.")),
            ("ended", explained(list(standing), "Those that it ended.")),
            ("open", explained(whole(), "How many are open now.")),
            ("incidents", explained(list(to_diagnose_shape()), "Those to be diagnosed, at most 20.")),
            ("paused", explained(flag(), "The check is paused: the result is kept, and judges nothing.")),
        ],
    );
    Contract::new("reportResult", "Report whether what a check asserts holds", answer)
        .must_say(body)
        .takes("rid", text(), "Which look: the same result with the same one counts once.")
        .refuses(&[409, 422])
}

/// Takes a result, by whoever may ping the check, and counts how that ended, as of a ping.
pub(super) async fn answer(asked: &Asked<'_>, body: Incoming) -> ApiOutcome {
    let is_large = body.size_hint().upper().is_none_or(|bytes| bytes > MAX_BODY_BYTES as u64);
    // It is closed never. Whoever sends slowly has a time for a body, and then the next one has their turn.
    let _turn = if is_large { LARGE.acquire().await.ok() } else { None };
    let outcome = match read_body(asked, body, MAX_REPORT_BYTES).await {
        Ok(body) => take(asked, &body).await,
        Err(problem) => Err(problem),
    };
    let outcomes = &asked.app().services.counters.outcomes;
    let status = outcome.as_ref().map_or_else(Problem::status, |_| StatusCode::OK);
    let counter = match status {
        StatusCode::OK => &outcomes.accepted,
        StatusCode::FORBIDDEN => &outcomes.bad_key,
        StatusCode::NOT_FOUND => &outcomes.unknown_check,
        StatusCode::SERVICE_UNAVAILABLE => &outcomes.overloaded,
        _ => &outcomes.bad_request,
    };
    counter.fetch_add(1, Ordering::Relaxed);
    if status == StatusCode::OK && asked.caller == Caller::Pinger(Admission::Tolerated) {
        outcomes.unkeyed.fetch_add(1, Ordering::Relaxed);
    }
    outcome
}

async fn take(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    let rid = asked.query(&["rid"])?.one("rid")?.map(|rid| Rid::parse(rid).ok_or_else(|| bad(BAD_RID)));
    let rid = rid.transpose()?;
    let check = asked.check()?;
    if !asked.may_ping(&check) {
        let detail = "this key is for other checks: use one of this check's";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let body: Body = serde_json::from_slice(body)
        .map_err(|error| bad(format!("the body is an object like {LIKE}: {error}")))?;
    let fact = fact(asked, body, rid)?;
    let is_violated = fact.result.outcome == Outcome::Violated;
    let taken = report::take(&asked.app().services, check.id, fact).await.map_err(refused)?;
    let is_diagnosed =
        is_violated && !taken.is_paused && taken.records.open + u32::from(taken.after.is_some()) > 0;
    let mut said = said(taken);
    said["incidents"] = if is_diagnosed { to_be_diagnosed(asked, check).await } else { json!([]) };
    Ok(in_json(StatusCode::OK, &said))
}

/// The result is stored, whatever becomes of this: what cannot be read now is named by the next answer.
async fn to_be_diagnosed(asked: &Asked<'_>, check: Arc<Check>) -> Value {
    let read = asked.aside(move |app| diagnoses::to_diagnose(&app.services, &check)).await;
    match read {
        Ok(Ok(found)) => found.iter().map(to_diagnose).collect(),
        Ok(Err(error)) => {
            tracing::warn!(%error, "which incidents are to be diagnosed cannot be read");
            json!([])
        }
        Err(_) => json!([]),
    }
}

fn refused(why: PingNotTaken) -> Problem {
    NotDone::NotTaken(why).into()
}

fn fact(asked: &Asked<'_>, body: Body, rid: Option<Rid>) -> Result<ResultFact, Problem> {
    let Body { result, why, text, duration_seconds, records } = body;
    let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == result);
    let invalid = |detail: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
    let outcome = outcome.ok_or_else(|| invalid("`result` is holds, violated or unknown"))?;
    let took = match duration_seconds {
        Some(seconds) if !(0.0..=MAX_TOOK.as_ms() as f64 / 1000.0).contains(&seconds) => {
            return Err(invalid("`duration_seconds` is a number of seconds, from 0 to those of a year"));
        }
        seconds => seconds.map(|seconds| Span::ms((seconds * 1000.0).round() as i64)),
    };
    let records = records.map(|said| said.0).transpose().map_err(|why| invalid(&why))?;
    if let Some(why) = records.as_ref().and_then(|records| contradiction(outcome, records)) {
        return Err(invalid(why));
    }
    let (text, left_out) = PingFact::kept_body(&text);
    Ok(ResultFact {
        result: AssertionResult { rid, ..AssertionResult::new(outcome, took) },
        records: records.map(Arc::new),
        why: Some(why).filter(|why| !why.is_empty()).map(|why| PingFact::kept(&why).to_owned()),
        text,
        left_out,
        source: FoundAt::Client(asked.visit.source),
    })
}

/// Why a result cannot name these.
fn contradiction(outcome: Outcome, records: &NamedRecords) -> Option<&'static str> {
    match (outcome, records.is_empty()) {
        (Outcome::Holds, false) => Some("what has `records` does not hold: say `violated`"),
        (Outcome::Violated, true) => {
            Some("`violated` with no `records` contradicts itself: say `holds`, or leave `records` out")
        }
        (Outcome::Unknown, _) => Some("whoever could not tell names no `records`: leave them out"),
        (Outcome::Holds, true) | (Outcome::Violated, false) => None,
    }
}

fn said(taken: ResultTaken) -> Value {
    let ResultTaken { before, after, records, is_paused } = taken;
    let number = |stands: Option<(IncidentId, IncidentStatus)>| stands.map(|(incident, _)| incident);
    let is_same = number(before) == number(after);
    let own = |(incident, status)| RecordStands { key: IncidentKey::own(), incident, status };
    let began = after.filter(|_| !is_same).map(own).into_iter().chain(records.began);
    let ended = before.filter(|_| !is_same).map(|(incident, _)| own((incident, IncidentStatus::Resolved)));
    let shown = |stands: RecordStands| {
        let (key, status) = (stands.key.as_str(), stands.status.as_str());
        json!({"key": key, "incident": stands.incident.0, "standing": status})
    };
    let began: Vec<Value> = began.map(shown).collect();
    let ended: Vec<Value> = ended.into_iter().chain(records.ended).map(shown).collect();
    let open = records.open + u32::from(after.is_some());
    json!({"began": began, "ended": ended, "open": open, "paused": is_paused})
}
