//! Problems that several operations have.

use hyper::StatusCode;

use crate::app::{NotDone, NotDoneKind};
use crate::http::problem::Problem;
use crate::store::StoreError;

/// What was read of the history. What cannot be stored is a [`NotDone`] and says other words: a [`StoreError`] is no problem by
/// itself.
pub(super) fn of_history<T>(read: Result<T, StoreError>) -> Result<T, Problem> {
    read.map_err(|error| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("the history cannot be read: {error}"))
            .with_retry_after(5)
    })
}

impl From<NotDone> for Problem {
    fn from(why: NotDone) -> Problem {
        let status = match why.kind() {
            NotDoneKind::NotFound => StatusCode::NOT_FOUND,
            NotDoneKind::Conflict => StatusCode::CONFLICT,
            NotDoneKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            NotDoneKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            NotDoneKind::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let problem = Problem::new(status, why.to_string());
        if status == StatusCode::SERVICE_UNAVAILABLE { problem.with_retry_after(5) } else { problem }
    }
}
