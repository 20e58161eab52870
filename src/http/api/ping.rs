//! `POST /api/v1/checks/{name}/ping`: a ping by whoever `/ping/` takes one of (23.1).

use hyper::StatusCode;
use hyper::body::Incoming;
use serde_json::json;

use super::asked::{ApiOutcome, Asked, MAX_BODY_BYTES, in_json, read_body};
use super::contract::{AskedBody, Contract};
use super::query::{Query, bad};
use super::shape;
use crate::core::check::PingKind;
use crate::http::auth::Admission;
use crate::http::caller::Caller;
use crate::http::ping::{self, PingByApi};
use crate::http::problem::Problem;

pub(super) fn contract() -> Contract {
    let message = shape::object("Pinged", [("message", shape::text())]);
    let contract = Contract::new("pingCheck", "Say that a job started, succeeded or failed", message)
        .takes(
            "kind",
            shape::one_of(PingKind::ALL.map(PingKind::as_str)),
            "What happened; a success where nothing is said.",
        )
        .takes(
            "exit_status",
            json!({"type": "integer", "minimum": 0, "maximum": 255}),
            "In place of `kind`: 0 is a success.",
        )
        .takes("rid", shape::text(), "Which run: the same ping with the same one counts once.")
        .takes("comment", shape::text(), "A line for people.");
    let body = AskedBody { kind: "text/plain", shape: shape::text(), is_needed: false };
    Contract { body: Some(body), ..contract.refuses(&[405, 409]) }
}

/// Takes a ping, as `/ping/` does: `kind` or `exit_status` say what happened, `rid` and `comment` are as there, and the
/// body is kept.
pub(super) async fn take(asked: &Asked<'_>, body: Incoming) -> ApiOutcome {
    let understood = asked.query(&["kind", "exit_status", "rid", "comment"]).and_then(|query| said(&query));
    let (kind, exit_status) = match understood {
        Ok(said) => said,
        Err(problem) => {
            read_body(asked, body, MAX_BODY_BYTES).await?;
            return Err(problem);
        }
    };
    let admission = match &asked.caller {
        Caller::Pinger(admission) => admission.clone(),
        Caller::User(_) => Admission::Key("".into(), None),
        // Whoever is known by something else was not asked whether they may ping.
        Caller::Anybody | Caller::Token(_) | Caller::Person(..) => Admission::Missing,
    };
    let ping = PingByApi { name: asked.part("name"), kind, exit_status, admission };
    let pinged = ping::by_api(asked.visit, ping, body).await;
    let message = pinged.map_err(|refusal| {
        let (status, text) = refusal.said();
        let problem = Problem::new(status, text);
        match refusal.retry_after_secs() {
            Some(secs) => problem.with_retry_after(secs),
            None => problem,
        }
    })?;
    Ok(in_json(StatusCode::OK, &json!({"message": message})))
}

fn said(query: &Query<'_>) -> Result<(PingKind, Option<u8>), Problem> {
    let kind = query.word("kind", &PingKind::ALL, PingKind::as_str)?;
    let Some(text) = query.one("exit_status")? else { return Ok((kind.unwrap_or(PingKind::Success), None)) };
    if kind.is_some() {
        return Err(bad("a ping has `kind` or `exit_status`, not both: 0 is a success, 1 to 255 a fail"));
    }
    match text.parse::<u8>() {
        Ok(0) => Ok((PingKind::Success, Some(0))),
        Ok(status) => Ok((PingKind::Fail, Some(status))),
        Err(_) => Err(bad("`exit_status` is a number from 0 to 255")),
    }
}
