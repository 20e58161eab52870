//! A request at the API, and what all of its answers are made of.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::body::Incoming;
use matchit::Params;
use serde_json::{Value, json};

use super::query::Query;
use crate::app::Actor;
use crate::app::history::HistoryPage;
use crate::core::check::Definition;
use crate::http::auth::Admission;
use crate::http::body::{self, BodyError, Keep};
use crate::http::caller::Caller;
use crate::http::problem::Problem;
use crate::http::reply::Reply;
pub(super) use crate::http::reply::json as in_json;
use crate::http::visit::Visit;
use crate::http::{App, decode};
use crate::store::live::Check;

/// The largest body, in bytes: a description of a check.
pub(super) const MAX_BODY_BYTES: usize = 64 * 1024;

/// A request at the API, before its body came.
pub(in crate::http) struct Asked<'a> {
    pub(in crate::http) visit: Visit<'a>,
    /// Who asks.
    pub(in crate::http) caller: Caller,
    /// The parts of the path that the route's template names.
    pub(in crate::http) parts: Params<'static, 'a>,
}

pub(super) type ApiOutcome = Result<Reply, Problem>;

/// The whole body; one that is too long is refused.
pub(super) async fn read_body(
    asked: &Asked<'_>,
    body: Incoming,
    max_bytes: usize,
) -> Result<Vec<u8>, Problem> {
    match body::read(body, Keep { first: max_bytes, last: 0 }, asked.visit.limits).await {
        Ok(received) if received.left_out > 0 => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a body has at most {max_bytes} bytes: say less"),
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

impl<'a> Asked<'a> {
    /// The server.
    pub(super) fn app(&self) -> &'a Arc<App> {
        self.visit.app
    }

    /// A part of the path, as it was sent; "" where none is named so.
    pub(in crate::http) fn part(&self, name: &str) -> &'a str {
        self.parts.get(name).unwrap_or_default()
    }

    /// The number that the path names; `None`: it is none.
    pub(super) fn number(&self) -> Option<u64> {
        self.part("id").parse().ok()
    }

    /// The check that the path names.
    pub(super) fn check(&self) -> Result<Arc<Check>, Problem> {
        let name =
            decode::path_part(self.part("name")).and_then(|name| String::from_utf8(name.into_owned()).ok());
        name.and_then(|name| self.visit.app.services.live.find(&name)).ok_or_else(no_such_check)
    }

    /// Whether who asks may ping this check, and so report of it (23.1d).
    pub(super) fn may_ping(&self, check: &Check) -> bool {
        self.pingable()(&check.definition)
    }

    /// Of which checks they may.
    pub(super) fn pingable(&self) -> impl Fn(&Definition) -> bool + Send + use<> {
        let limit = match &self.caller {
            Caller::Pinger(Admission::Key(_, limit)) => Ok(limit.clone()),
            Caller::Pinger(Admission::Open | Admission::Tolerated) | Caller::User(_) => Ok(None),
            // Whoever is known by something else was not asked whether they may ping.
            Caller::Pinger(_) | Caller::Anybody | Caller::Token(_) | Caller::Person(..) => Err(()),
        };
        move |definition| match &limit {
            Ok(limit) => limit.as_ref().is_none_or(|limit| limit.admits(definition)),
            Err(()) => false,
        }
    }

    /// The query; what is not among `known` is refused.
    pub(super) fn query(&self, known: &[&str]) -> Result<Query<'a>, Problem> {
        Query::read(self.visit.parts.uri.query(), known)
    }

    /// Who asks, who may say by which name.
    pub(super) fn actor(&self, by: Option<String>) -> Actor {
        let said = by.filter(|by| !by.is_empty());
        Actor { said, door: self.caller.entrance(self.visit.source) }
    }

    /// Does something that takes a while on a thread that may block.
    pub(super) async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&App) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let app = self.app().clone();
        let done = self.app().services.aside(self.caller.room(), move || work(&app)).await;
        done.map_err(|bug| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, bug.to_string()))
    }
}

pub(super) fn no_such_check() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no check of this name: GET /api/v1/checks lists them")
}

/// A page of a list, and the cursor of the one after it.
pub(super) fn page_of<T>(list: &str, page: &HistoryPage<T>, item: impl Fn(&T) -> Value) -> Reply {
    let items: Vec<Value> = page.items.iter().map(item).collect();
    in_json(StatusCode::OK, &json!({list: items, "next_cursor": page.next.map(|next| next.to_string())}))
}

/// Makes a longer answer on a thread that may block.
pub(super) async fn make(
    asked: &Asked<'_>,
    work: impl FnOnce(&App) -> ApiOutcome + Send + 'static,
) -> ApiOutcome {
    asked.aside(work).await?
}
