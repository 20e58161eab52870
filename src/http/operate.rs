//! What operators and their machines ask: is it healthy, is it ready, read the configuration again.

use hyper::StatusCode;

use super::app::App;
use super::reply::{self, Reply};
use crate::app::{Actor, NotDone, health, reload};

/// Requests are taken: this one was.
pub(super) fn ready() -> Reply {
    reply::text(StatusCode::OK, "punctual is ready.\n")
}

/// Judging runs and the disk takes writes (9.1).
pub(super) fn healthy(app: &App) -> Reply {
    let services = &app.services;
    match health::fault(services) {
        None => {
            // What a restart would not mend is no reason for one (1.1).
            let others = [
                health::held(services).map(str::to_owned),
                health::refusing(services).map(str::to_owned),
                health::unheard(services),
            ];
            let all: Vec<String> =
                health::doubt(services).into_iter().chain(others.into_iter().flatten()).collect();
            let but = if all.is_empty() { String::new() } else { format!(", but {}", all.join("; ")) };
            reply::text(StatusCode::OK, format!("punctual is healthy{but}.\n"))
        }
        Some(fault) => reply::text(StatusCode::SERVICE_UNAVAILABLE, fault + "\n"),
    }
}

/// Has the configuration read again, and answers when that is done.
pub(super) async fn reload(app: &App, actor: &Actor) -> Reply {
    match reload::reload(&app.services, actor, false).await {
        Ok(done) => reply::text(StatusCode::OK, done + "\n"),
        Err(NotDone::Stopping) => {
            reply::with_retry_after(reply::text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"), 5)
        }
        Err(fault) => reply::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{fault}\n")),
    }
}
