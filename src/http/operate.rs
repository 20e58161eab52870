//! What operators and their machines ask: is it healthy, is it ready, read the configuration again.

use hyper::StatusCode;
use tokio::sync::oneshot;

use super::App;
use super::reply::{self, Reply};
use crate::clock::Clock;
use crate::core::time::Span;

/// Somebody asks for the configuration to be read again, and waits for what came of it.
#[derive(Debug)]
pub struct ReloadRequest {
    /// Take a configuration that removes most checks, this time (10.4).
    pub allow_mass_removal: bool,
    /// What changed, or every fault: lines for people.
    pub outcome: oneshot::Sender<Result<String, String>>,
}

/// Requests are taken: this one was.
pub(super) fn ready() -> Reply {
    reply::text(StatusCode::OK, "punctual is ready.\n")
}

/// The longest that a sign of life may be ago, and that a deadline may wait to be judged.
const MAX_SILENCE: Span = Span::secs(10);

/// Judging runs and the disk takes writes (9.1).
pub(super) fn healthy(app: &App) -> Reply {
    match fault(app) {
        None => {
            // What a restart would not mend is no reason for one (1.1).
            let others = [held(app).map(str::to_owned), refusing(app).map(str::to_owned), unheard(app)];
            let all: Vec<String> = doubt(app).into_iter().chain(others.into_iter().flatten()).collect();
            let but = if all.is_empty() { String::new() } else { format!(", but {}", all.join("; ")) };
            reply::text(StatusCode::OK, format!("punctual is healthy{but}.\n"))
        }
        Some(fault) => reply::text(StatusCode::SERVICE_UNAVAILABLE, fault + "\n"),
    }
}

/// That nothing is judged for now, if that is so, and for how long (1.1).
pub(super) fn doubt(app: &App) -> Option<String> {
    let left = Clock::PATIENCE - app.clock.doubted()?;
    Some(format!(
        "the clock is behind what was stored: pings are taken, and nothing is judged until it is set, for {} at most",
        left.max(Span::ZERO)
    ))
}

/// That nothing leaves, if that is so.
pub(in crate::http) fn held(app: &App) -> Option<&'static str> {
    let is_held = app.no_deliveries;
    is_held.then_some("nothing leaves (--no-deliveries): nobody is told of what is late or failing")
}

/// That an Alertmanager takes nothing, if that is so: a restart of ours would not mend it.
fn unheard(app: &App) -> Option<String> {
    let since = app.own.alertmanager_failing_since()?;
    Some(format!("an Alertmanager has taken no alerts since {since}: the log says which, and why"))
}

/// That connections are not taken, by our limits or for lack of files, if that is so: a flood, which a restart would not end.
pub(in crate::http) fn refusing(app: &App) -> Option<&'static str> {
    let now = app.clock.now();
    let is_recent = app.connections.last().is_some_and(|last| now - last < MAX_SILENCE);
    is_recent.then_some("connections are not taken, and pings on them are lost: the log says why")
}

/// What is wrong with the store or the engine, if anything is: whoever asks whether we live may restart us for it.
pub(super) fn fault(app: &App) -> Option<String> {
    let now = app.clock.now();
    let is_trusted = app.clock.is_trusted();
    match app.live.totals.last_sign_of_life() {
        None => return Some("no sign of life was stored yet".to_owned()),
        // While the clock is doubted none is stored.
        Some(last) if is_trusted && now - last > MAX_SILENCE => {
            return Some(format!("the last sign of life was stored at {last}: the disk takes no writes"));
        }
        Some(_) => {}
    }
    if !app.writer.is_healthy() {
        return Some("pings cannot be stored, and are refused: the log says why".to_owned());
    }
    let outward = [(&app.own.claims, "messages cannot be read"), (&app.own.alerts, "alerts cannot be read")];
    for (trouble, what) in outward {
        if let Some(since) = trouble.since().filter(|since| now - *since > MAX_SILENCE) {
            return Some(format!(
                "{what} from the database since {since}, and nobody is told: the log says why"
            ));
        }
    }
    let waiting = app.writer.deadline().filter(|deadline| is_trusted && now - *deadline > MAX_SILENCE);
    waiting.map(|deadline| format!("a deadline at {deadline} is not judged yet: judging has stopped"))
}

/// Has the configuration read again, and answers when that is done.
pub(super) async fn reload(app: &App) -> Reply {
    match read_again(app, false).await {
        Some(Ok(done)) => reply::text(StatusCode::OK, done + "\n"),
        Some(Err(fault)) => reply::text(StatusCode::INTERNAL_SERVER_ERROR, fault + "\n"),
        None => reply::text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
    }
}

/// What came of reading the configuration again; `None`: the server stops, and reads it no more.
pub(super) async fn read_again(app: &App, allow_mass_removal: bool) -> Option<Result<String, String>> {
    let (outcome, answer) = oneshot::channel();
    app.reloads.send(ReloadRequest { allow_mass_removal, outcome }).await.ok()?;
    answer.await.ok()
}
