//! The API: checks as JSON, made, changed and looked at by programs (docs/api.md).
//!
//! One file an idea. Who may is asked at the door before; what is wrong is a [`Problem`] that says what to do. Checks are
//! judged by the code that reads the files, so that what is wrong is said in the same words.

mod change;
mod check;
mod history;
mod incident;
mod incidents;
mod list;
mod messages;
mod mutes;
mod pause;
mod ping;
mod query;
mod status;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::http::request::Parts;
use hyper::{Request, StatusCode};
use serde::Serialize;
use serde_json::Value;

use super::aside::Room;
use super::body::{self, BodyError, Keep};
use super::door::Caller;
use super::limits::Limits;
use super::problem::Problem;
use super::reply::{self, Body, Reply};
use super::{App, decode, pages, routes};
use crate::core::text::shown;
use crate::store::live::Check;

/// The largest description of a check, in bytes.
pub(super) const MAX_BODY_BYTES: usize = 64 * 1024;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    List,
    Create,
    Show,
    Replace,
    Amend,
    Delete,
    Pause,
    Unpause,
    Ping,
    History(history::HistoryKind),
    Body,
    Incident,
    Incidents,
    Messages,
    RetryMessage,
    DropMessage,
    Mutes,
    Status,
}

pub(super) use history::HistoryKind;

/// A request at the API, before its body came.
pub(super) struct Asked<'a> {
    pub(super) app: &'a Arc<App>,
    pub(super) limits: &'a Limits,
    /// The peer's address.
    pub(super) source: IpAddr,
    /// Whose token it is.
    pub(super) caller: Caller,
    pub(super) parts: &'a Parts,
    /// What follows the pattern of the path: the part that names the check; "" where none is named.
    pub(super) name: &'a str,
    /// Where it is answered.
    pub(super) room: Room,
}

type Outcome = Result<Reply, Problem>;

/// Answers a request.
pub(super) async fn answer(asked: Asked<'_>, action: Operation, body: Incoming) -> Reply {
    let outcome = match action {
        Operation::Ping => ping::take(&asked, body).await,
        _ => match read_body(&asked, body).await {
            Ok(body) => act(&asked, action, &body).await,
            Err(problem) => Err(problem),
        },
    };
    outcome.unwrap_or_else(Problem::reply)
}

async fn act(asked: &Asked<'_>, action: Operation, body: &[u8]) -> Outcome {
    match action {
        Operation::List => list::answer(asked).await,
        Operation::Create => change::create(asked, body).await,
        Operation::Show => check::answer(asked).await,
        Operation::Replace => change::replace(asked, body).await,
        Operation::Amend => change::amend(asked, body).await,
        Operation::Delete => change::delete(asked).await,
        Operation::Pause => pause::pause(asked, body).await,
        Operation::Unpause => pause::unpause(asked, body).await,
        Operation::Ping => unreachable!("pings read their bodies themselves"),
        Operation::History(kind) => history::answer(asked, kind).await,
        Operation::Body => history::body(asked).await,
        Operation::Incident => incident::answer(asked).await,
        Operation::Incidents => incidents::answer(asked).await,
        Operation::Messages => messages::list(asked).await,
        Operation::RetryMessage => messages::retry(asked).await,
        Operation::DropMessage => messages::drop(asked).await,
        Operation::Mutes => mutes::answer(asked),
        Operation::Status => status::answer(asked).await,
    }
}

/// What the API answers to a GET of a path with its query, for whoever may do everything; else why not.
pub(super) async fn read_here(app: &Arc<App>, path: &str) -> Result<Value, String> {
    let none = || format!("there is nothing to be read at {}", shown(path, 100));
    let (parts, ()) = Request::get(path).body(()).map_err(|_| none())?.into_parts();
    let (action, name) = routes::read_at(parts.uri.path()).ok_or_else(none)?;
    let (limits, source) = (Limits::default(), IpAddr::from(Ipv4Addr::LOCALHOST));
    let asked =
        Asked { app, limits: &limits, source, caller: None, parts: &parts, name, room: Room::Operators };
    let reply = act(&asked, action, b"").await.unwrap_or_else(Problem::reply);
    let (head, Body::Whole(bytes)) = reply.into_parts() else { return Err(none()) };
    let answer: Value = serde_json::from_slice(&bytes).map_err(|_| none())?;
    match head.status.is_success() {
        true => Ok(answer),
        false => Err(answer["detail"].as_str().unwrap_or_default().to_owned()),
    }
}

/// The whole body; one that is too long is refused.
async fn read_body(asked: &Asked<'_>, body: Incoming) -> Result<Vec<u8>, Problem> {
    match body::read(body, Keep { first: MAX_BODY_BYTES, last: 0 }, asked.limits).await {
        Ok(received) if received.left_out > 0 => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a body has at most {MAX_BODY_BYTES} bytes: say less"),
        )),
        Ok(received) => Ok(received.kept),
        Err(BodyError::TimedOut) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive in time: nothing was done",
        )),
        Err(BodyError::Broken) => {
            Err(Problem::new(StatusCode::BAD_REQUEST, "the body did not arrive: nothing was done"))
        }
    }
}

impl Asked<'_> {
    /// The check that the path names.
    fn check(&self) -> Result<Arc<Check>, Problem> {
        self.check_named(self.name)
    }

    fn check_named(&self, part: &str) -> Result<Arc<Check>, Problem> {
        let name = decode::path_part(part).and_then(|name| String::from_utf8(name.into_owned()).ok());
        name.and_then(|name| self.app.live.find(&name)).ok_or_else(no_such_check)
    }

    /// The query; what is not among `known` is refused.
    fn query(&self, known: &[&str]) -> Result<query::Query<'_>, Problem> {
        query::Query::read(self.parts.uri.query(), known)
    }

    /// Who says something here.
    fn by(&self) -> String {
        match &self.caller {
            Some(token) => format!("{token} (token)"),
            None => self.source.to_string(),
        }
    }

    /// Puts into the log who changed something.
    fn log(&self, check: &str, done: &str) {
        let token = self.caller.as_deref().unwrap_or("");
        tracing::info!(check, token, source = %self.source, "by the API: {done}");
    }
}

fn no_such_check() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no check of this name: GET /api/v1/checks lists them")
}

/// An answer in JSON.
fn json(status: StatusCode, value: &impl Serialize) -> Reply {
    let text = serde_json::to_string(value).expect("our own structs have texts for keys");
    let mut reply = reply::text(status, text + "\n");
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

/// Makes a longer answer on a thread that may block.
async fn make(asked: &Asked<'_>, work: impl FnOnce(&App) -> Outcome + Send + 'static) -> Outcome {
    Ok(pages::make_in(asked.room, asked.app, move |app| work(app).unwrap_or_else(Problem::reply)).await)
}
