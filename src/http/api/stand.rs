//! What people say of incidents (11.2, 22.3): of one, of a check's, or of all that matchers match.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json};
use super::contract::Contract;
use super::shape::{self, object, text, time, whole};
use super::words::{EndSaid, read};
use crate::app::incidents::{self, AllStood, StanceAsked};
use crate::core::time::Time;
use crate::http::problem::Problem;
use crate::store::Stance;

/// Who says so, why, and how long.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfOne {
    by: Option<String>,
    comment: Option<String>,
    #[serde(rename = "for")]
    lasts: Option<String>,
    until: Option<String>,
}

/// Of which.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfMany {
    check: Option<String>,
    matchers: Option<String>,
    by: Option<String>,
    comment: Option<String>,
    #[serde(rename = "for")]
    lasts: Option<String>,
    until: Option<String>,
}

fn answered_shape() -> Value {
    object("Answered", [("done", text()), ("matching", whole()), ("changed", whole())])
}

pub(super) fn contract_of_one(stance: Stance) -> Contract {
    let (id, summary) = match stance {
        Stance::Acknowledge => ("acknowledgeIncident", "Say that somebody is on an incident"),
        Stance::WontFix => ("wontFixIncident", "Say that nobody wants to hear of an incident"),
        Stance::Reopen => ("reopenIncident", "Take back what was said of an incident"),
        Stance::Comment => ("commentIncident", "Say something of an incident"),
    };
    let said = [("by", text()), ("comment", text()), ("for", text()), ("until", time())];
    let contract = Contract::new(id, summary, answered_shape());
    contract.may_say(shape::asked(said)).refuses(&[409, 422])
}

pub(super) fn contract_of_many(stance: Stance) -> Contract {
    let (id, summary) = match stance {
        Stance::Acknowledge => ("acknowledgeIncidents", "Say that somebody is on several incidents"),
        Stance::WontFix => ("wontFixIncidents", "Say that nobody wants to hear of several incidents"),
        Stance::Reopen => ("reopenIncidents", "Take back what was said of several incidents"),
        Stance::Comment => ("commentIncidents", "Say something of several incidents"),
    };
    let which = [("check", text()), ("matchers", text())];
    let said = [("by", text()), ("comment", text()), ("for", text()), ("until", time())];
    let body = shape::asked(which.into_iter().chain(said));
    Contract::new(id, summary, answered_shape()).must_say(body).refuses(&[404, 409, 422])
}

/// `POST /api/v1/incidents/{id}/acknowledge` and its siblings.
pub(super) async fn one(asked: &Asked<'_>, stance: Stance, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let OfOne { by, comment, lasts, until } = read(body, r#"{"by": "ann", "comment": "why"}"#)?;
    let comment = comment.unwrap_or_default();
    let said = StanceAsked { stance, until: end(asked, lasts, until)?, comment: &comment };
    let actor = asked.actor(by);
    let done = incidents::stand(&asked.app().services, &actor, asked.part("id"), &said).await?;
    Ok(in_json(StatusCode::OK, &json!({"done": done, "matching": 1, "changed": 1})))
}

/// `POST /api/v1/incidents/acknowledge` and its siblings.
pub(super) async fn many(asked: &Asked<'_>, stance: Stance, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let OfMany { check, matchers, by, comment, lasts, until } =
        read(body, r#"{"matchers": "team=dba", "by": "ann"}"#)?;
    let comment = comment.unwrap_or_default();
    let said = StanceAsked { stance, until: end(asked, lasts, until)?, comment: &comment };
    let (services, actor) = (&asked.app().services, asked.actor(by));
    let AllStood { text: done, matching, changed } = match (check, matchers) {
        (Some(check), None) => incidents::stand_of_check(services, &actor, &check, &said).await?,
        (None, Some(matchers)) => incidents::stand_all(services, &actor, &matchers, &said).await?,
        _ => {
            let why = "say which: `check`, or `matchers`, and not both";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why));
        }
    };
    Ok(in_json(StatusCode::OK, &json!({"done": done, "matching": matching, "changed": changed})))
}

fn end(asked: &Asked<'_>, lasts: Option<String>, until: Option<String>) -> Result<Option<Time>, Problem> {
    EndSaid { lasts, until }.end("an acknowledgement", asked.app().services.clock.now())
}
