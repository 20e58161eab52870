//! Pausing and unpausing, at run time: any check, also one that a file declares (7.1).

use std::sync::Arc;

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::asked::{ApiOutcome, Asked, in_json};
use super::check::{CheckJson, check_shape, shown};
use super::contract::Contract;
use super::query::bad;
use super::shape;
use super::words::{EndSaid, read};
use crate::app::pausing;
use crate::http::problem::Problem;
use crate::store::live::Check;
use crate::store::pausing::Wish;

/// What a body may say.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    comment: Option<String>,
    #[serde(rename = "for")]
    lasts: Option<String>,
    until: Option<String>,
    by: Option<String>,
}

/// The check as it is then, with a line for people behind it.
#[derive(Serialize)]
struct CheckChanged {
    #[serde(flatten)]
    check: CheckJson,
    done: String,
}

/// The shape of [`CheckChanged`].
fn changed_shape() -> Value {
    shape::with(check_shape(), "CheckChanged", [("done", shape::text())])
}

pub(super) fn contract_of_pause() -> Contract {
    let body = shape::asked([
        ("comment", shape::text()),
        ("for", shape::explained(shape::text(), "A duration, as in `2h30m`.")),
        ("until", shape::time()),
        ("by", shape::text()),
    ]);
    let contract = Contract::new("pauseCheck", "Stop judging a check for a while", changed_shape());
    contract.may_say(body).refuses(&[409, 422])
}

pub(super) fn contract_of_unpause() -> Contract {
    let body = shape::asked([("comment", shape::text()), ("by", shape::text())]);
    let contract = Contract::new("unpauseCheck", "Judge a check again", changed_shape());
    contract.may_say(body).refuses(&[409, 422])
}

/// `POST /api/v1/checks/{name}/pause`. A check that is paused at run time already stays so.
pub(super) async fn pause(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    let (check, body) = understand(asked, body)?;
    let lasts = EndSaid { lasts: body.lasts.clone(), until: body.until.clone() };
    let until = lasts.end("a pause", asked.app().services.clock.now())?;
    change(asked, check, body, Wish::Pause { until }).await
}

/// `POST /api/v1/checks/{name}/unpause`. A check that is not paused stays so.
pub(super) async fn unpause(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    let (check, body) = understand(asked, body)?;
    if body.lasts.is_some() || body.until.is_some() {
        return Err(bad("what has an end is a pause: `for` and `until` are not for unpausing"));
    }
    change(asked, check, body, Wish::Unpause).await
}

fn understand(asked: &Asked<'_>, body: &[u8]) -> Result<(Arc<Check>, Body), Problem> {
    asked.query(&[])?;
    let check = asked.check()?;
    Ok((check, read(body, r#"{"comment": "why"}"#)?))
}

async fn change(asked: &Asked<'_>, check: Arc<Check>, body: Body, wish: Wish) -> ApiOutcome {
    let actor = asked.actor(body.by);
    let comment = body.comment.unwrap_or_default();
    let done = pausing::change(&asked.app().services, &actor, &check, wish, &comment).await?.text;
    let check = shown(asked, check).await?;
    Ok(in_json(StatusCode::OK, &CheckChanged { check, done }))
}
