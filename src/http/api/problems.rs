//! Problems that several operations have.

use hyper::StatusCode;

use crate::app::Busy;
use crate::http::problem::Problem;
use crate::store::StoreError;

pub(super) fn no_history() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "this server keeps no history")
}

pub(super) fn unreadable(error: &StoreError) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("the history cannot be read: {error}"))
        .with_retry_after(5)
}

pub(super) fn too_busy(busy: Busy) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, busy.to_string()).with_retry_after(5)
}

pub(super) fn not_stored(error: &StoreError) -> Problem {
    let what = match error {
        StoreError::Unclear(_) => "look before you try again",
        _ => "nothing was changed, try again",
    };
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("{error}: {what}")).with_retry_after(5)
}
