//! Pausing and unpausing, at run time: any check, also one that a file declares (7.1).

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;

use super::asked::{ApiOutcome, Asked, no_such_check};
use super::check::show;
use super::problems::{not_stored, too_busy};
use super::query::bad;
use crate::app::pausing::{self, Outcome, PAUSED_BY_FILE, Remark, Wish};
use crate::config::parse_duration;
use crate::core::time::Time;
use crate::http::decode;
use crate::http::problem::Problem;
use crate::store::PingFact;
use crate::store::live::Check;

/// What a body may say.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    comment: Option<String>,
    /// How long, as in `2h30m`.
    #[serde(rename = "for")]
    lasts: Option<String>,
    /// Or until when.
    until: Option<String>,
}

impl Body {
    /// When the pause ends.
    fn end(&self, asked: &Asked<'_>) -> Result<Option<Time>, String> {
        let now = asked.app().services.clock.now();
        let until = match (&self.lasts, &self.until) {
            (None, None) => return Ok(None),
            (Some(lasts), None) => {
                let lasts = parse_duration(lasts).map_err(|error| format!("`for`: {error}"))?;
                now + lasts
            }
            (None, Some(until)) => decode::time(until).map_err(|why| format!("`until`: {why}"))?,
            (Some(_), Some(_)) => return Err("a pause has `for` or `until`, not both".to_owned()),
        };
        pausing::check_end("a pause", until, now).map(Some)
    }
}

/// `POST /api/v1/checks/{name}/pause`. A check that is paused at run time already stays so.
pub(super) async fn pause(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    let (check, body) = understand(asked, body)?;
    let until = body.end(asked).map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why))?;
    change(asked, check, body.comment, Wish::Pause { until }, "paused").await
}

/// `POST /api/v1/checks/{name}/unpause`. A check that is not paused stays so.
pub(super) async fn unpause(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    let (check, body) = understand(asked, body)?;
    if body.lasts.is_some() || body.until.is_some() {
        return Err(bad("what has an end is a pause: `for` and `until` are not for unpausing"));
    }
    change(asked, check, body.comment, Wish::Unpause, "unpaused").await
}

fn understand(asked: &Asked<'_>, body: &[u8]) -> Result<(Arc<Check>, Body), Problem> {
    asked.query(&[])?;
    let check = asked.check()?;
    let mut body: Body = match body.trim_ascii() {
        [] => Body::default(),
        body => serde_json::from_slice(body).map_err(|error| {
            bad(format!("the body is empty, or an object like {{\"comment\": \"why\"}}: {error}"))
        })?,
    };
    let max = PingFact::MAX_COMMENT_BYTES;
    body.comment = body.comment.filter(|comment| !comment.is_empty());
    match &body.comment {
        Some(comment) if comment.len() > max || comment.contains(char::is_control) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("`comment` is one line of at most {max} bytes"),
        )),
        _ => Ok((check, body)),
    }
}

async fn change(
    asked: &Asked<'_>,
    check: Arc<Check>,
    comment: Option<String>,
    wish: Wish,
    done: &str,
) -> ApiOutcome {
    let changing = check.clone();
    let said = Remark { comment: comment.clone(), by: Some(asked.by()) };
    let changed = asked
        .app()
        .services
        .on_store(move |store, now| pausing::change(store, &changing, wish, said, now))
        .await;
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
