//! What people say of open incidents (11.2): of one, of a check's, or of all that matchers match.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json};
use super::contract::Contract;
use super::shape::{self, object, text, whole};
use super::words::read;
use crate::app::incidents;
use crate::http::problem::Problem;
use crate::store::Stance;

/// Who says so.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfOne {
    by: Option<String>,
}

/// Of which.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfMany {
    check: Option<String>,
    matchers: Option<String>,
    by: Option<String>,
}

fn answered_shape() -> Value {
    object("Answered", [("done", text()), ("matching", whole()), ("changed", whole())])
}

pub(super) fn contract_of_one(stance: Stance) -> Contract {
    let (id, summary) = match stance {
        Stance::Acknowledge => ("acknowledgeIncident", "Say that somebody is on an incident"),
        Stance::WontFix => ("wontFixIncident", "Say that nobody wants to hear of an incident"),
        Stance::Reopen => ("reopenIncident", "Take back what was said of an incident"),
    };
    let contract = Contract::new(id, summary, answered_shape());
    contract.may_say(shape::asked([("by", text())])).refuses(&[409, 422])
}

pub(super) fn contract_of_many(stance: Stance) -> Contract {
    let (id, summary) = match stance {
        Stance::Acknowledge => ("acknowledgeIncidents", "Say that somebody is on several incidents"),
        Stance::WontFix => ("wontFixIncidents", "Say that nobody wants to hear of several incidents"),
        Stance::Reopen => ("reopenIncidents", "Take back what was said of several incidents"),
    };
    let body = shape::asked([("check", text()), ("matchers", text()), ("by", text())]);
    Contract::new(id, summary, answered_shape()).must_say(body).refuses(&[404, 409, 422])
}

/// `POST /api/v1/incidents/{id}/acknowledge` and its siblings.
pub(super) async fn one(asked: &Asked<'_>, stance: Stance, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let OfOne { by } = read(body, r#"{"by": "ann"}"#)?;
    let actor = asked.actor(by);
    let done = incidents::stand(&asked.app().services, &actor, asked.part("id"), stance).await?;
    Ok(in_json(StatusCode::OK, &json!({"done": done, "matching": 1, "changed": 1})))
}

/// `POST /api/v1/incidents/acknowledge` and its siblings.
pub(super) async fn many(asked: &Asked<'_>, stance: Stance, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let OfMany { check, matchers, by } = read(body, r#"{"matchers": "team=dba", "by": "ann"}"#)?;
    let (services, actor) = (&asked.app().services, asked.actor(by));
    let (done, matching, changed) = match (check, matchers) {
        (Some(check), None) => (incidents::stand_of_check(services, &actor, &check, stance).await?, 1, 1),
        (None, Some(matchers)) => {
            let all = incidents::stand_all(services, &actor, &matchers, stance).await?;
            (all.text, all.matching, all.changed)
        }
        _ => {
            let why = "say which: `check`, or `matchers`, and not both";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why));
        }
    };
    Ok(in_json(StatusCode::OK, &json!({"done": done, "matching": matching, "changed": changed})))
}
