//! `/api/v1/checks/{name}/records` and `…/marks`: what violates an assertion, one by one (§18).

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json, make};
use super::contract::Contract;
use super::query::bad;
use super::record::asked_shape;
use super::shape::{self, explained, flag, labels, object, one_of, or_null, text, time, whole};
use super::words::read;
use crate::app::records;
use crate::core::assertion::Remember;
use crate::core::incident::{IncidentKey, IncidentStatus};
use crate::http::problem::Problem;
use crate::http::{decode, reply};
use crate::record_words::RecordWords;
use crate::store::history::{MarkRecord, OpenRecord, RecordsWanted};

fn record_shape() -> Value {
    object(
        "Record",
        [
            ("key", text()),
            ("title", text()),
            ("details", explained(json!({}), "As it was said; null: nothing.")),
            ("labels", labels()),
            ("incident", whole()),
            ("standing", one_of(IncidentStatus::ALL.map(IncidentStatus::as_str))),
            ("opened_at", time()),
            (
                "count",
                explained(whole(), "How often it was begun by itself while it is open; 0: results found it."),
            ),
            ("last_at", explained(or_null(time()), "When it was begun so for the last time.")),
            (
                "remembered_until",
                explained(
                    or_null(time()),
                    "Of what `detect` found: from then on it is new again; null: it lasts, or is remembered for ever.",
                ),
            ),
        ],
    )
}

fn mark_shape() -> Value {
    object("Mark", [("key", text()), ("at", time()), ("by", text()), ("comment", text())])
}

pub(super) fn contract_of_list() -> Contract {
    let page = shape::page("Records", "records", record_shape());
    Contract::new("listRecords", "What violates a check's assertion, in the order of the keys", page)
        .paged()
        .takes("wont_fix", flag(), "Those that nobody wants to hear of, or the others.")
        .takes("search", text(), "A part of the key or of the title.")
        .refuses(&[404])
}

pub(super) fn contract_of_one() -> Contract {
    Contract::new("showRecord", "A record that is open", record_shape()).refuses(&[404])
}

pub(super) fn contract_of_begin() -> Contract {
    let begun = object(
        "RecordBegun",
        [
            ("key", text()),
            ("incident", whole()),
            ("standing", one_of(IncidentStatus::ALL.map(IncidentStatus::as_str))),
            ("wont_fix", flag()),
            ("count", whole()),
            ("is_new", explained(flag(), "It was not open before.")),
        ],
    );
    Contract::new("beginRecord", "Begin a record, and say nothing of others", begun)
        .must_say(asked_shape())
        .refuses(&[403, 404, 409, 422])
}

pub(super) fn contract_of_end() -> Contract {
    Contract::of_nothing("endRecord", "End a record that was begun by itself, or forget what occurred")
        .refuses(&[403, 404, 409])
}

pub(super) fn contract_of_marks() -> Contract {
    let page = shape::page("Marks", "marks", mark_shape());
    Contract::new("listMarks", "Keys of records that nobody wants to hear of", page).paged().refuses(&[404])
}

pub(super) fn contract_of_mark() -> Contract {
    Contract::new("showMark", "A key that nobody wants to hear of", mark_shape()).refuses(&[404])
}

pub(super) fn contract_of_put_mark() -> Contract {
    let said = shape::asked([("by", text()), ("comment", text())]);
    Contract::of_nothing("markRecord", "Say that nobody wants to hear of a key")
        .may_say(said)
        .refuses(&[404, 409, 422])
}

pub(super) fn contract_of_delete_mark() -> Contract {
    Contract::of_nothing("unmarkRecord", "Say that somebody wants to hear of a key again")
        .takes("by", text(), "Who says so.")
        .refuses(&[404, 409, 422])
}

fn shown(record: &OpenRecord, remember: Option<Remember>) -> Value {
    let until = record.occurred_at.zip(remember).and_then(|(at, remember)| remember.until(at));
    let labels: serde_json::Map<String, Value> =
        record.labels.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    json!({
        "key": record.key.as_str(),
        "title": record.title,
        "details": serde_json::from_str::<Value>(&record.details).unwrap_or_default(),
        "labels": labels,
        "incident": record.incident.0,
        "standing": record.status.as_str(),
        "opened_at": record.opened_at.to_string(),
        "count": record.begun,
        "last_at": record.begun_at.map(|at| at.to_string()),
        "remembered_until": until.map(|until| until.to_string()),
    })
}

fn shown_mark(mark: &MarkRecord) -> Value {
    let MarkRecord { key, at, by, comment } = mark;
    json!({"key": key.as_str(), "at": at.to_string(), "by": by, "comment": comment})
}

/// A page of what stands in the order of keys.
fn page(list: &'static str, items: Vec<(String, Value)>, limit: usize) -> Value {
    let next = items.last().map(|(key, _)| key.clone()).filter(|_| items.len() == limit);
    let items: Vec<Value> = items.into_iter().map(|(_, shown)| shown).collect();
    json!({list: items, "next_cursor": next})
}

/// `GET …/records`
pub(super) async fn list(asked: &Asked<'_>) -> ApiOutcome {
    let query = asked.query(&["wont_fix", "search", "limit", "cursor"])?;
    let check = asked.check()?;
    let limit = query.limit()?;
    let wanted = RecordsWanted {
        after: query.one("cursor")?.unwrap_or_default().to_owned(),
        only: None,
        search: query.one("search")?.unwrap_or_default().to_owned(),
        wont_fix: query.word("wont_fix", &[true, false], |flag| if flag { "true" } else { "false" })?,
        limit,
    };
    make(asked, move |app| {
        let records = app.services.history.records(check.id, &wanted).map_err(crate::app::NotDone::from)?;
        let remember = check.definition.spec.remembers();
        let items = records.iter().map(|record| (record.key.to_string(), shown(record, remember))).collect();
        Ok(in_json(StatusCode::OK, &page("records", items, limit)))
    })
    .await
}

/// `GET …/records/{key}`
pub(super) async fn one(asked: &Asked<'_>) -> ApiOutcome {
    asked.query(&[])?;
    let (check, key) = (asked.check()?, key_of(asked)?);
    let wanted = RecordsWanted { only: Some(key.to_string()), limit: 1, ..RecordsWanted::default() };
    make(asked, move |app| {
        let records = app.services.history.records(check.id, &wanted).map_err(crate::app::NotDone::from)?;
        match records.first() {
            Some(record) => Ok(in_json(StatusCode::OK, &shown(record, check.definition.spec.remembers()))),
            None => Err(not_found("no record of this key is open")),
        }
    })
    .await
}

/// `POST …/records`
pub(super) async fn begin(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let check = asked.check()?;
    if !asked.may_ping(&check) {
        return Err(of_others());
    }
    let said: RecordWords = serde_json::from_slice(body)
        .map_err(|error| bad(format!("the body is an object like {{\"key\": \"order-7\"}}: {error}")))?;
    let record = said.read().map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why))?;
    let key = record.key().to_string();
    let begun = records::begin(&asked.app().services, &asked.actor(None), &check, record).await?;
    let answer = json!({
        "key": key,
        "incident": begun.incident.0,
        "standing": begun.status.as_str(),
        "wont_fix": begun.status == IncidentStatus::WontFix,
        "count": begun.count,
        "is_new": begun.is_new,
    });
    Ok(in_json(StatusCode::OK, &answer))
}

/// `DELETE …/records/{key}`
pub(super) async fn end(asked: &Asked<'_>) -> ApiOutcome {
    asked.query(&[])?;
    let check = asked.check()?;
    if !asked.may_ping(&check) {
        return Err(of_others());
    }
    records::end(&asked.app().services, &asked.actor(None), &check, key_of(asked)?).await?;
    Ok(reply::text(StatusCode::NO_CONTENT, ""))
}

/// `GET …/marks`
pub(super) async fn marks(asked: &Asked<'_>) -> ApiOutcome {
    let query = asked.query(&["limit", "cursor"])?;
    let (check, limit) = (asked.check()?, query.limit()?);
    let after = query.one("cursor")?.unwrap_or_default().to_owned();
    make(asked, move |app| {
        let marks = app.services.history.marks(check.id, &after, limit).map_err(crate::app::NotDone::from)?;
        let items = marks.iter().map(|mark| (mark.key.to_string(), shown_mark(mark))).collect();
        Ok(in_json(StatusCode::OK, &page("marks", items, limit)))
    })
    .await
}

/// `GET …/marks/{key}`
pub(super) async fn mark(asked: &Asked<'_>) -> ApiOutcome {
    asked.query(&[])?;
    let (check, key) = (asked.check()?, key_of(asked)?);
    make(asked, move |app| {
        let mark = app.services.history.mark(check.id, &key).map_err(crate::app::NotDone::from)?;
        let mark = mark.ok_or_else(|| not_found("no such key is marked"))?;
        Ok(in_json(StatusCode::OK, &shown_mark(&mark)))
    })
    .await
}

/// Who says so, and why.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    by: Option<String>,
    comment: Option<String>,
}

/// `PUT …/marks/{key}`
pub(super) async fn put_mark(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let (check, key) = (asked.check()?, key_of(asked)?);
    let Said { by, comment } = read(body, r#"{"by": "ann", "comment": "why"}"#)?;
    let said = (key, comment.as_deref().unwrap_or_default());
    records::mark(&asked.app().services, &asked.actor(by), &check, said).await?;
    Ok(reply::text(StatusCode::NO_CONTENT, ""))
}

/// `DELETE …/marks/{key}`
pub(super) async fn delete_mark(asked: &Asked<'_>) -> ApiOutcome {
    let query = asked.query(&["by"])?;
    let (check, key) = (asked.check()?, key_of(asked)?);
    let actor = asked.actor(query.one("by")?.map(str::to_owned));
    records::unmark(&asked.app().services, &actor, &check, key).await?;
    Ok(reply::text(StatusCode::NO_CONTENT, ""))
}

/// The key that the path names, percent-encoded.
fn key_of(asked: &Asked<'_>) -> Result<IncidentKey, Problem> {
    let decoded = decode::path_part(asked.part("key"));
    let text = decoded.and_then(|key| String::from_utf8(key.into_owned()).ok());
    let key = text.and_then(|text| IncidentKey::parse(&text).ok()).filter(|key| !key.is_own());
    key.ok_or_else(|| not_found("this is no key of a record"))
}

fn of_others() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "this key is for other checks: use one of this check's")
}

fn not_found(what: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, what)
}
