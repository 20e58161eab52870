//! What happened to a check, newest first, page by page.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json, make};
use super::check::seconds;
use super::incidents;
use super::problems::{no_history, unreadable};
use crate::app::view::IncidentView;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::store::StoreError;
use crate::store::history::{BodyRecord, FlipRecord, JudgementRecord, LeftOut, MAX_PAGE, PingRecord, Reader};
use crate::store::live::{Check, Live};

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

/// Items, and the cursor to the page after them.
type Page = (Vec<Value>, Option<u64>);

/// Answers `GET /api/v1/checks/{name}/pings` and its siblings.
pub(super) async fn answer(asked: &Asked<'_>, kind: HistoryKind) -> ApiOutcome {
    let query = asked.query(&["limit", "cursor"])?;
    let limit = query.limit()?;
    let before = query.cursor()?;
    let check = asked.check()?;
    make(asked, move |app| {
        let reader = app.services.history.as_ref().ok_or_else(no_history)?;
        let wanted = PageAsked { kind, before, limit };
        let read = read(reader, &app.services.live, wanted, &check).map_err(|error| unreadable(&error));
        let (items, next) = read?;
        let next = next.map(|next| next.to_string());
        Ok(in_json(StatusCode::OK, &json!({kind.as_str(): items, "next_cursor": next})))
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
        let reader = app.services.history.as_ref().ok_or_else(no_history)?;
        let body = reader.body(check, seq).map_err(|error| unreadable(&error))?;
        Ok(reply::bytes(body.ok_or_else(gone)?))
    })
    .await
}

/// Which page.
#[derive(Clone, Copy)]
struct PageAsked {
    kind: HistoryKind,
    /// Items before this one.
    before: Option<u64>,
    limit: usize,
}

fn read(reader: &Reader, live: &Live, asked: PageAsked, of: &Check) -> Result<Page, StoreError> {
    let (PageAsked { kind, before, limit }, check) = (asked, of.id);
    Ok(match kind {
        HistoryKind::Pings => page(&reader.pings(check, before, limit)?, limit, |ping| ping.seq, ping),
        HistoryKind::Runs => runs(&reader.pings(check, before, MAX_PAGE)?, limit),
        HistoryKind::Flips => page(&reader.flips(check, before, limit)?, limit, |flip| flip.id, flip),
        HistoryKind::Judgements => {
            page(&reader.judgements(check, before, limit)?, limit, |judged| judged.id, judgement)
        }
        HistoryKind::Incidents => {
            let read = reader.incidents(check, before, limit)?;
            let next = read.last().filter(|_| read.len() == limit).map(|incident| incident.id.0);
            let answered = live.answered();
            let shown = |incident| {
                Ok(incidents::shown(&of.definition, &IncidentView::of(reader, &answered, incident)?))
            };
            (read.into_iter().map(shown).collect::<Result<_, StoreError>>()?, next)
        }
    })
}

/// A page that is not full is the last.
fn page<R>(records: &[R], limit: usize, id: impl Fn(&R) -> u64, item: impl Fn(&R) -> Value) -> Page {
    let next = records.last().filter(|_| records.len() == limit).map(id);
    (records.iter().map(item).collect(), next)
}

/// Runs are among the pings that ended them: a page looks at so many pings, and may have few runs.
fn runs(pings: &[PingRecord], limit: usize) -> Page {
    let mut items = Vec::new();
    for ended in pings {
        let Some(duration) = ended.duration else { continue };
        items.push(json!({
            "id": ended.seq,
            "start": (ended.at - duration).to_string(),
            "duration_seconds": seconds(duration.as_ms()),
            "kind": ended.kind.as_str(),
            "exit_status": ended.exit_status,
            "rid": ended.rid,
        }));
        if items.len() == limit {
            return (items, Some(ended.seq));
        }
    }
    let next = pings.last().filter(|_| pings.len() == MAX_PAGE).map(|ping| ping.seq);
    (items, next)
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
