//! Answers to commands, in JSON as the original writes it.

use serde::Serialize;

use super::dialect::Dialect;
use super::fault::CommandFault;
use super::json;
use crate::compat::door::{DoorAnswer, DoorBody};

/// The answer to a command that succeeded.
pub(super) fn ok(value: &impl Serialize) -> DoorAnswer {
    with_status(200, value)
}

/// An answer with this body, which must not be cached.
pub(super) fn with_body(status: u16, body: DoorBody) -> DoorAnswer {
    let header = |name, value: &str| (name, value.to_owned());
    let headers =
        vec![header("content-type", "text/json; charset=utf-8"), header("cache-control", "no-store")];
    DoorAnswer { status, headers, body, ping: None }
}

/// The answer to a command that failed.
pub(super) fn refusal(dialect: &Dialect, fault: &CommandFault) -> DoorAnswer {
    let mut answer =
        with_status(fault.status(), &Failure { status: "error", error: fault.text(dialect.noun) });
    if let Some(secs) = fault.again_in_secs() {
        answer.headers.push(("retry-after", secs.to_string()));
    }
    answer
}

#[derive(Serialize)]
struct Failure {
    status: &'static str,
    error: String,
}

fn with_status(status: u16, value: &impl Serialize) -> DoorAnswer {
    with_body(status, DoorBody::Text(json::text(value)))
}
