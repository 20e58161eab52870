//! What operators and their machines ask: is it healthy, is it ready, read the configuration again.

use hyper::StatusCode;
use hyper::http::request::Parts;
use tokio::sync::oneshot;

use super::App;
use super::reply::{self, Reply};

/// Somebody asks for the configuration to be read again, and waits for what came of it: a line for people.
pub type ReloadRequest = oneshot::Sender<Result<String, String>>;

/// Requests are taken: this one was.
pub(super) fn ready() -> Reply {
    reply::text(StatusCode::OK, "punctual is ready.\n")
}

/// Has the configuration read again, and answers when that is done.
pub(super) async fn reload(app: &App, parts: &Parts) -> Reply {
    // A page of another site may make a browser POST here.
    let site = parts.headers.get("sec-fetch-site").map(|value| value.as_bytes());
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        return reply::text(StatusCode::FORBIDDEN, "not from another site\n");
    }
    let (request, outcome) = oneshot::channel();
    let gone = || reply::text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    if app.reloads.send(request).await.is_err() {
        return gone();
    }
    match outcome.await {
        Ok(Ok(done)) => reply::text(StatusCode::OK, done + "\n"),
        Ok(Err(fault)) => reply::text(StatusCode::INTERNAL_SERVER_ERROR, fault + "\n"),
        Err(_) => gone(),
    }
}
