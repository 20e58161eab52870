//! One incident, with everything that happened to it (11.3).

use hyper::StatusCode;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json, make};
use super::check;
use super::contract::Contract;
use super::explanation::{explanation, explanation_shape};
use super::incidents::{incident_shape, reason_shape, shown};
use super::problems::of_history;
use super::shape::{and_perhaps, list, object, or_null, text, time, whole, with};
use crate::app::history::{self, DeliveryView};
use crate::core::incident::{IncidentId, IncidentStep, StepKind};
use crate::http::problem::Problem;

pub(super) fn contract() -> Contract {
    let step = object("Step", [("at", time()), ("what", text()), ("by", text())]);
    let of_some = [
        ("reason", reason_shape()),
        ("comment", text()),
        ("until", time()),
        ("receiver", text()),
        ("kind", text()),
        ("message", or_null(whole())),
        ("answer", text()),
        ("times", whole()),
    ];
    let told = [
        ("receiver", text()),
        ("kind", text()),
        ("responder", or_null(whole())),
        ("state", text()),
        ("reason", or_null(text())),
        ("not_before", time()),
        ("message", or_null(whole())),
        ("settled_at", or_null(time())),
        ("attempts", or_null(whole())),
        ("answer", or_null(text())),
    ];
    let more = [
        ("steps", list(and_perhaps(step, of_some))),
        ("deliveries", list(object("Delivery", told))),
        ("explanation", explanation_shape()),
    ];
    let whole = with(incident_shape(), "WholeIncident", more);
    Contract::new("showIncident", "An incident, with everything that happened to it", whole)
}

/// Answers `GET /api/v1/incidents/{id}`.
pub(super) async fn answer(asked: &Asked<'_>) -> ApiOutcome {
    asked.query(&[])?;
    let none = || Problem::new(StatusCode::NOT_FOUND, "there is no incident of this number, or not any more");
    let id = IncidentId(asked.number().ok_or_else(none)?);
    make(asked, move |app| {
        let whole = of_history(history::incident(&app.services, id))?.ok_or_else(none)?;
        let mut shown = shown(&whole.definition, &whole.view);
        shown["steps"] = whole.steps.iter().map(step).collect();
        shown["explanation"] = explanation(&whole);
        shown["deliveries"] = whole.deliveries.iter().map(delivery).collect();
        Ok(in_json(StatusCode::OK, &shown))
    })
    .await
}

fn step(step: &IncidentStep) -> Value {
    let mut shown = json!({"at": step.at.to_string(), "what": step.what.as_str(), "by": step.by});
    if !step.comment.is_empty() {
        shown["comment"] = step.comment.as_str().into();
    }
    match &step.what {
        StepKind::Began(kind) | StepKind::Eased(kind) => shown["reason"] = kind.as_str().into(),
        StepKind::Acknowledged(Some(until)) => shown["until"] = until.to_string().into(),
        StepKind::Delivery(told) => {
            shown["receiver"] = (*told.receiver).into();
            shown["kind"] = told.kind.as_str().into();
            shown["message"] = told.message.map(|message| message.0).into();
            shown["answer"] = told.answer.as_str().into();
            shown["times"] = told.times.into();
        }
        _ => {}
    }
    shown
}

fn delivery(view: &DeliveryView) -> Value {
    let DeliveryView { delivery, message } = view;
    let (state, reason) = view.state();
    json!({
        "receiver": &*delivery.receiver,
        "kind": delivery.kind.as_str(),
        "responder": delivery.responder,
        "state": state,
        "reason": reason,
        "not_before": delivery.not_before.to_string(),
        "message": message.as_ref().map(|message| message.id),
        "settled_at": check::text(message.as_ref().and_then(|message| message.settled_at)),
        "attempts": message.as_ref().map(|message| message.attempts),
        "answer": message.as_ref().and_then(|message| message.answer.as_deref()),
    })
}
