//! Pausing and unpausing, at run time: any check, also one that a file declares (7.1).

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;

use super::check::Look;
use super::query::bad;
use super::{Asked, Outcome, change, json, no_such_check};
use crate::http::problem::Problem;
use crate::store::live::Check;
use crate::store::{Applied, Entry, PingFact, What};

/// What a body may say.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    comment: Option<String>,
}

/// `POST /api/v1/checks/{name}/pause`. A check that is paused at run time already stays so.
pub(super) async fn pause(asked: &Asked<'_>, body: &[u8]) -> Outcome {
    let (check, comment) = understand(asked, body)?;
    if check.known().state.pause.at_run_time.is_none() {
        apply(asked, &check, What::Pause { comment }).await?;
        asked.log(check.definition.name.as_str(), "paused");
    }
    Ok(json(StatusCode::OK, &Look::new(asked.app).at(&check)))
}

/// `POST /api/v1/checks/{name}/unpause`. A check that is not paused stays so.
pub(super) async fn unpause(asked: &Asked<'_>, body: &[u8]) -> Outcome {
    let (check, comment) = understand(asked, body)?;
    if check.known().state.pause.since().is_some() {
        apply(asked, &check, What::Unpause { comment }).await?;
        asked.log(check.definition.name.as_str(), "unpaused");
    }
    Ok(json(StatusCode::OK, &Look::new(asked.app).at(&check)))
}

fn understand(asked: &Asked<'_>, body: &[u8]) -> Result<(Arc<Check>, Option<String>), Problem> {
    asked.query(&[])?;
    let check = asked.check()?;
    let body: Body = match body.trim_ascii() {
        [] => Body::default(),
        body => serde_json::from_slice(body).map_err(|error| {
            bad(format!("the body is empty, or an object like {{\"comment\": \"why\"}}: {error}"))
        })?,
    };
    let max = PingFact::MAX_COMMENT_BYTES;
    match &body.comment {
        Some(comment) if comment.len() > max || comment.contains(char::is_control) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("`comment` is one line of at most {max} bytes"),
        )),
        _ => Ok((check, body.comment.filter(|comment| !comment.is_empty()))),
    }
}

async fn apply(asked: &Asked<'_>, check: &Check, what: What) -> Result<(), Problem> {
    let id = check.id;
    let call = asked.app.on_store(move |store, now| store.apply(vec![Entry { check: id, at: now, what }]));
    let applied = call.await.map_err(change::too_busy)?;
    match applied.map_err(|error| change::not_stored(&error))?.as_slice() {
        [Applied::Done(_)] => Ok(()),
        [Applied::PausedByFile] => {
            let detail = "it is paused by its file: take `paused: true` out of it, and reload";
            Err(Problem::new(StatusCode::CONFLICT, detail))
        }
        _ => Err(no_such_check()),
    }
}
