//! What the bodies of several operations may say.

use hyper::StatusCode;
use serde::de::DeserializeOwned;

use super::query::bad;
use crate::config::parse_duration;
use crate::core::time::Time;
use crate::http::decode;
use crate::http::problem::Problem;

/// Reads a body, of which one without anything says nothing; `like` is what it may look like.
pub(super) fn read<B: DeserializeOwned + Default>(body: &[u8], like: &str) -> Result<B, Problem> {
    match body.trim_ascii() {
        [] => Ok(B::default()),
        body => serde_json::from_slice(body)
            .map_err(|error| bad(format!("the body is empty, or an object like {like}: {error}"))),
    }
}

/// How long something lasts.
#[derive(Default)]
pub(super) struct EndSaid {
    /// How long, as in `2h30m`.
    pub(super) lasts: Option<String>,
    /// Or until when.
    pub(super) until: Option<String>,
}

impl EndSaid {
    /// When `what`, as in `a pause`, ends.
    pub(super) fn end(&self, what: &str, now: Time) -> Result<Option<Time>, Problem> {
        let read = || match (&self.lasts, &self.until) {
            (None, None) => Ok(None),
            (Some(lasts), None) => {
                let lasts = parse_duration(lasts).map_err(|error| format!("`for`: {error}"))?;
                Ok(Some(now + lasts))
            }
            (None, Some(until)) => decode::time(until).map(Some).map_err(|why| format!("`until`: {why}")),
            (Some(_), Some(_)) => Err(format!("{what} has `for` or `until`, not both")),
        };
        read().map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why))
    }
}
