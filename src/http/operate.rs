//! What operators and their machines ask: is it healthy, is it ready, read the configuration again.

use hyper::StatusCode;

use super::app::App;
use super::reply::{self, Reply};
use crate::app::{Actor, NotDone, NotDoneKind, health, reload};

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
                health::forgetful(services).map(str::to_owned),
                health::unjudgeable(services),
                health::not_looking(services),
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
    reloaded(reload::reload(&app.services, actor, false).await)
}

fn reloaded(outcome: Result<String, NotDone>) -> Reply {
    let why = match outcome {
        Ok(done) => return reply::text(StatusCode::OK, done + "\n"),
        Err(why) => why,
    };
    if why.kind() != NotDoneKind::Unavailable {
        return reply::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{why}\n"));
    }
    let text = if matches!(why, NotDone::Stopping) { "stopping".to_owned() } else { why.to_string() };
    reply::with_retry_after(reply::text(StatusCode::SERVICE_UNAVAILABLE, text + "\n"), 5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    #[test]
    fn what_may_be_reloaded_later_is_unavailable_and_what_is_faulty_is_an_error() {
        let status = |why: NotDone| reloaded(Err(why)).status().as_u16();
        assert_eq!(status(NotDone::Stopping), 503);
        assert_eq!(status(NotDone::Store(StoreError::Full)), 503);
        assert_eq!(status(NotDone::Faulty("main.yaml:1: no".to_owned())), 500);
    }
}
