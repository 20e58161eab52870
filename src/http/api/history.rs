//! What happened to a check, newest first, page by page.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, make, page_of};
use super::check::seconds;
use super::contract::{Content, Contract};
use super::incidents;
use super::problems::of_history;
use super::shape::{self, flag, list, number, object, one_of, or_null, text, time, whole};
use crate::app::history;
use crate::app::view::IncidentView;
use crate::core::assertion::Outcome;
use crate::core::cause::Status;
use crate::core::check::PingKind;
use crate::core::step::FlipReason;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::store::history::{BodyRecord, FlipRecord, JudgementRecord, LeftOut, PingRecord};

/// Which history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum HistoryKind {
    Pings,
    Runs,
    Flips,
    Judgements,
    Incidents,
}

impl HistoryKind {
    fn as_str(self) -> &'static str {
        match self {
            HistoryKind::Pings => "pings",
            HistoryKind::Runs => "runs",
            HistoryKind::Flips => "flips",
            HistoryKind::Judgements => "judgements",
            HistoryKind::Incidents => "incidents",
        }
    }
}

pub(super) fn contract(kind: HistoryKind) -> Contract {
    let (id, summary, title, item) = match kind {
        HistoryKind::Pings => ("listPings", "The pings of a check, newest first", "Pings", ping_shape()),
        HistoryKind::Runs => ("listRuns", "The runs of a check, newest first", "Runs", run_shape()),
        HistoryKind::Flips => {
            ("listFlips", "When a check became something else, newest first", "Flips", flip_shape())
        }
        HistoryKind::Judgements => (
            "listJudgements",
            "What the counts of a check came to, newest first",
            "Judgements",
            judgement_shape(),
        ),
        HistoryKind::Incidents => {
            let item = incidents::incident_shape();
            ("listIncidentsOfCheck", "The incidents of a check, newest first", "Incidents", item)
        }
    };
    Contract::new(id, summary, shape::page(title, kind.as_str(), item)).paged()
}

pub(super) fn contract_of_body() -> Contract {
    let contract = Contract::new("showBody", "The body of a ping, byte by byte", serde_json::Value::Null);
    Contract { answers: (StatusCode::OK, Content::Bytes), ..contract }
}

fn kind_shape() -> Value {
    one_of(PingKind::ALL.map(PingKind::as_str))
}

fn run_shape() -> Value {
    let keys = [
        ("id", whole()),
        ("start", or_null(time())),
        ("duration_seconds", or_null(number())),
        ("kind", kind_shape()),
        ("exit_status", or_null(whole())),
        ("rid", or_null(text())),
    ];
    object("Run", keys)
}

fn ping_shape() -> Value {
    let keys = [
        ("id", whole()),
        ("at", time()),
        ("kind", kind_shape()),
        ("result", or_null(one_of(Outcome::ALL.map(Outcome::as_str)))),
        ("repeat", flag()),
        ("exit_status", or_null(whole())),
        ("duration_seconds", or_null(number())),
        ("rid", or_null(text())),
        ("comment", or_null(text())),
        ("source", or_null(text())),
        ("has_body", flag()),
        ("body_cut", flag()),
        ("body_left_out", or_null(whole())),
        ("body_gone", flag()),
    ];
    object("Ping", keys)
}

pub(super) fn flip_shape() -> Value {
    let statuses =
        || one_of(Status::DECLARED.iter().chain([&Status::Archived]).map(|status| status.as_str()));
    let keys = [
        ("id", whole()),
        ("at", time()),
        ("from", statuses()),
        ("to", statuses()),
        ("reason", one_of(FlipReason::ALL.map(FlipReason::as_str))),
        ("causes", list(incidents::reason_shape())),
    ];
    object("Flip", keys)
}

fn judgement_shape() -> Value {
    let keys = [
        ("id", whole()),
        ("occurrence", time()),
        ("count", whole()),
        ("at_least", or_null(whole())),
        ("at_most", or_null(whole())),
        ("met", flag()),
    ];
    object("Judgement", keys)
}

/// Answers `GET /api/v1/checks/{name}/pings` and its siblings.
pub(super) async fn answer(asked: &Asked<'_>, kind: HistoryKind) -> ApiOutcome {
    let page = asked.query(&["limit", "cursor"])?.page()?;
    let check = asked.check()?;
    make(asked, move |app| {
        let (services, id, list) = (&app.services, check.id, kind.as_str());
        Ok(match kind {
            HistoryKind::Pings => page_of(list, &of_history(history::pings(services, id, page))?, ping),
            HistoryKind::Runs => page_of(list, &of_history(history::runs(services, id, page))?, run),
            HistoryKind::Flips => page_of(list, &of_history(history::flips(services, id, page))?, flip),
            HistoryKind::Judgements => {
                page_of(list, &of_history(history::judgements(services, id, page))?, judgement)
            }
            HistoryKind::Incidents => {
                let incident = |view: &IncidentView| incidents::shown(&check.definition, view);
                page_of(list, &of_history(history::incidents_of(services, id, page))?, incident)
            }
        })
    })
    .await
}

/// Answers `GET /api/v1/checks/{name}/pings/{id}/body`: the bytes as they came.
pub(super) async fn body(asked: &Asked<'_>) -> ApiOutcome {
    asked.query(&[])?;
    let check = asked.check()?.id;
    let gone = || Problem::new(StatusCode::NOT_FOUND, "this ping had no body, or it is not kept any more");
    let seq = asked.number().ok_or_else(gone)?;
    make(asked, move |app| {
        let body = of_history(app.services.history.body(check, seq))?;
        Ok(reply::bytes(body.ok_or_else(gone)?))
    })
    .await
}

fn run(ended: &PingRecord) -> Value {
    json!({
        "id": ended.seq,
        "start": ended.duration.map(|duration| (ended.at - duration).to_string()),
        "duration_seconds": ended.duration.map(|duration| seconds(duration.as_ms())),
        "kind": ended.kind.as_str(),
        "exit_status": ended.exit_status,
        "rid": ended.rid,
    })
}

fn ping(ping: &PingRecord) -> Value {
    let left_out = if let BodyRecord::Kept(left_out) = ping.body { Some(left_out) } else { None };
    json!({
        "id": ping.seq,
        "at": ping.at.to_string(),
        "kind": ping.kind.as_str(),
        "result": ping.result.map(Outcome::as_str),
        "repeat": ping.repeat,
        "exit_status": ping.exit_status,
        "duration_seconds": ping.duration.map(|span| seconds(span.as_ms())),
        "rid": ping.rid,
        "comment": ping.comment,
        "source": ping.source,
        "has_body": left_out.is_some(),
        "body_cut": left_out.is_some_and(LeftOut::is_any),
        "body_left_out": left_out.map(|left_out| left_out.between),
        "body_gone": ping.body == BodyRecord::Gone,
    })
}

pub(super) fn flip(flip: &FlipRecord) -> Value {
    let causes: Vec<&str> = flip.causes.iter().map(|cause| cause.kind.as_str()).collect();
    json!({
        "id": flip.id,
        "at": flip.at.to_string(),
        "from": flip.from.as_str(),
        "to": flip.to.as_str(),
        "reason": flip.reason.as_str(),
        "causes": causes,
    })
}

fn judgement(record: &JudgementRecord) -> Value {
    let judged = &record.judgement;
    json!({
        "id": record.id,
        "occurrence": judged.occurrence.to_string(),
        "count": judged.count,
        "at_least": judged.at_least,
        "at_most": judged.at_most,
        "met": judged.met,
    })
}
