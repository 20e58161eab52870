//! What happened to a check, newest first, page by page.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, make, page_of};
use super::check::seconds;
use super::incidents;
use super::problems::of_history;
use crate::app::history;
use crate::app::view::IncidentView;
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

fn flip(flip: &FlipRecord) -> Value {
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
