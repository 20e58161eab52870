//! Pausing and unpausing, at run time: any check, also one that a file declares (7.1).

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;

use super::change::{not_stored, too_busy};
use super::check::show;
use super::query::bad;
use super::{Asked, no_such_check};
use crate::http::api;
use crate::http::pausing::{self, Outcome, PAUSED_BY_FILE, Wish};
use crate::http::problem::Problem;
use crate::store::PingFact;
use crate::store::live::Check;

/// What a body may say.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    comment: Option<String>,
}

/// `POST /api/v1/checks/{name}/pause`. A check that is paused at run time already stays so.
pub(super) async fn pause(asked: &Asked<'_>, body: &[u8]) -> api::Outcome {
    change(asked, body, Wish::Pause, "paused").await
}

/// `POST /api/v1/checks/{name}/unpause`. A check that is not paused stays so.
pub(super) async fn unpause(asked: &Asked<'_>, body: &[u8]) -> api::Outcome {
    change(asked, body, Wish::Unpause, "unpaused").await
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

async fn change(asked: &Asked<'_>, body: &[u8], wish: Wish, done: &str) -> api::Outcome {
    let (check, comment) = understand(asked, body)?;
    let changing = check.clone();
    let by = match &asked.caller {
        Some(token) => format!("{token} (token)"),
        None => asked.source.to_string(),
    };
    let said = (comment.clone(), Some(by));
    let changed =
        asked.app.on_store(move |store, now| pausing::change(store, &changing, wish, said, now)).await;
    match changed.map_err(too_busy)?.map_err(|error| not_stored(&error))? {
        Outcome::Done => {
            let why = comment.map(|comment| format!(": {comment}")).unwrap_or_default();
            asked.log(check.definition.name.as_str(), &format!("{done}{why}"));
        }
        Outcome::Already => {}
        Outcome::PausedByFile => {
            return Err(Problem::new(StatusCode::CONFLICT, format!("it is {PAUSED_BY_FILE}")));
        }
        Outcome::Gone => return Err(no_such_check()),
    }
    show(asked, check, StatusCode::OK).await
}
