//! Every path there is: one table, which requests are sent by and tests walk.

use std::sync::{Arc, LazyLock};

use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};

use super::api::{self, Asked, HistoryKind, Operation};
use super::aside::Room;
use super::compat::Visit;
use super::limits::Limits;
use super::problem::Problem;
use super::reply::{self, Reply};
use super::site::{self, Arrival, Deed};
use super::{App, body, compat, door, exposition, operate, pages, ping};
use crate::compat::{DOORS, Door};
use crate::core::check::Alias;

/// A path, or all paths below one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathPattern {
    /// This path.
    Is(&'static str),
    /// Every path that begins so.
    Below(&'static str),
    /// `/` and the id of an alias: eight letters.
    AliasId,
    /// Every path that is the first text, one part and the second text.
    Around(&'static str, &'static str),
    /// Every path that is the first text, one part, the second text, one part and the third text.
    AroundTwo(&'static str, &'static str, &'static str),
}

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Whoever reaches the port.
    Nothing,
    /// Whoever has a ping key, where there are keys: the handler of pings asks for it.
    PingKey,
    /// Whoever reaches the port, if `--web.enable-lifecycle` is given.
    Lifecycle,
    /// Whoever has a token of scope `read` or `write`; without any token in the configuration, whoever reaches the port.
    Read,
    /// Whoever has a token of scope `ping` or `write`.
    Ping,
    /// Whoever has a token of scope `write`.
    Write,
    /// Whoever knows the id of an alias, if the interface of its system is switched on: its handler asks.
    AliasId,
    /// Whoever has the `auth_key` of another system's interface, if that is switched on: its handler asks for the key.
    Compat(&'static str),
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handler {
    Ping,
    Preflight,
    Metrics,
    Healthy,
    Ready,
    Reload,
    Checks,
    Check,
    Runbooks,
    Style,
    Api(Operation),
    Compat(&'static str),
    Trigger,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Which paths.
    pub pattern: PathPattern,
    /// Which methods; the other methods of its paths have rows of their own.
    pub methods: &'static [Method],
    /// Who may.
    pub needs: Needs,
    pub(super) handler: Handler,
}

const READ: &[Method] = &[Method::GET, Method::HEAD];
const WRITE: &[Method] = &[Method::POST, Method::PUT];
const POST: &[Method] = &[Method::POST];
const OPTIONS: &[Method] = &[Method::OPTIONS];
const PING: &[Method] = &[Method::GET, Method::HEAD, Method::POST, Method::PUT];

/// Below it is one check.
const CHECK: &str = "/api/v1/checks/";
/// Between a check and one of its pings.
pub(super) const PINGS: &str = "/pings/";

/// All paths. The busiest first: requests are compared with one row after the other.
pub static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let (busiest, others) = OWN.split_at(BUSIEST);
    let doors = DOORS.iter().map(|door| of_door(*door));
    busiest.iter().copied().chain(doors).chain(others.iter().copied()).collect()
});

fn of_door(door: &dyn Door) -> Route {
    let (pattern, system) = (PathPattern::Below(door.prefix()), door.name());
    Route { pattern, methods: PING, needs: Needs::Compat(system), handler: Handler::Compat(system) }
}

/// So many rows of [`OWN`] stand before those of other systems.
const BUSIEST: usize = 8;

/// The paths of our own.
#[rustfmt::skip]
static OWN: &[Route] = &[
    Route { pattern: PathPattern::Below("/ping/"), methods: PING, needs: Needs::PingKey, handler: Handler::Ping },
    Route { pattern: PathPattern::Is("/metrics"), methods: READ, needs: Needs::Nothing, handler: Handler::Metrics },
    Route { pattern: PathPattern::Is("/-/healthy"), methods: READ, needs: Needs::Nothing, handler: Handler::Healthy },
    Route { pattern: PathPattern::Is("/-/ready"), methods: READ, needs: Needs::Nothing, handler: Handler::Ready },
    Route { pattern: PathPattern::Is("/-/reload"), methods: WRITE, needs: Needs::Lifecycle, handler: Handler::Reload },
    Route { pattern: PathPattern::Is("/"), methods: READ, needs: Needs::Nothing, handler: Handler::Checks },
    Route { pattern: PathPattern::Below("/checks/"), methods: READ, needs: Needs::Nothing, handler: Handler::Check },
    Route { pattern: PathPattern::AliasId, methods: PING, needs: Needs::AliasId, handler: Handler::Trigger },
    Route { pattern: PathPattern::Is("/runbook"), methods: READ, needs: Needs::Nothing, handler: Handler::Runbooks },
    Route { pattern: PathPattern::Is("/style.css"), methods: READ, needs: Needs::Nothing, handler: Handler::Style },
    Route { pattern: PathPattern::Is("/api/v1/incidents"), methods: READ, needs: Needs::Read, handler: Handler::Api(Operation::Incidents) },
    Route { pattern: PathPattern::Is("/api/v1/mutes"), methods: READ, needs: Needs::Read, handler: Handler::Api(Operation::Mutes) },
    Route { pattern: PathPattern::Is("/api/v1/status"), methods: READ, needs: Needs::Read, handler: Handler::Api(Operation::Status) },
    Route { pattern: PathPattern::Is("/api/v1/checks"), methods: READ, needs: Needs::Read, handler: Handler::Api(Operation::List) },
    Route { pattern: PathPattern::Is("/api/v1/checks"), methods: POST, needs: Needs::Write, handler: Handler::Api(Operation::Create) },
    Route { pattern: PathPattern::Around(CHECK, ""), methods: READ, needs: Needs::Read, handler: Handler::Api(Operation::Show) },
    Route { pattern: PathPattern::Around(CHECK, ""), methods: &[Method::PUT], needs: Needs::Write, handler: Handler::Api(Operation::Replace) },
    Route { pattern: PathPattern::Around(CHECK, ""), methods: &[Method::PATCH], needs: Needs::Write, handler: Handler::Api(Operation::Amend) },
    Route { pattern: PathPattern::Around(CHECK, ""), methods: &[Method::DELETE], needs: Needs::Write, handler: Handler::Api(Operation::Delete) },
    Route { pattern: PathPattern::Around(CHECK, "/pause"), methods: POST, needs: Needs::Write, handler: Handler::Api(Operation::Pause) },
    Route { pattern: PathPattern::Around(CHECK, "/unpause"), methods: POST, needs: Needs::Write, handler: Handler::Api(Operation::Unpause) },
    Route { pattern: PathPattern::Around(CHECK, "/ping"), methods: POST, needs: Needs::Ping, handler: Handler::Api(Operation::Ping) },
    Route { pattern: PathPattern::Around(CHECK, "/pings"), methods: READ, needs: Needs::Read, handler: Handler::Api(Operation::History(HistoryKind::Pings)) },
    Route { pattern: PathPattern::AroundTwo(CHECK, PINGS, "/body"), methods: READ, needs: Needs::Read, handler: Handler::Api(Operation::Body) },
    Route { pattern: PathPattern::Around(CHECK, "/runs"), methods: READ, needs: Needs::Read, handler: Handler::Api(Operation::History(HistoryKind::Runs)) },
    Route { pattern: PathPattern::Around(CHECK, "/flips"), methods: READ, needs: Needs::Read, handler: Handler::Api(Operation::History(HistoryKind::Flips)) },
    Route { pattern: PathPattern::Around(CHECK, "/judgements"), methods: READ, needs: Needs::Read, handler: Handler::Api(Operation::History(HistoryKind::Judgements)) },
    Route { pattern: PathPattern::Around(CHECK, "/incidents"), methods: READ, needs: Needs::Read, handler: Handler::Api(Operation::History(HistoryKind::Incidents)) },
    Route { pattern: PathPattern::Is("/api/v1/messages"), methods: READ, needs: Needs::Read, handler: Handler::Api(Operation::Messages) },
    Route { pattern: PathPattern::Around("/api/v1/messages/", "/retry"), methods: POST, needs: Needs::Write, handler: Handler::Api(Operation::RetryMessage) },
    Route { pattern: PathPattern::Around("/api/v1/messages/", "/drop"), methods: POST, needs: Needs::Write, handler: Handler::Api(Operation::DropMessage) },
    Route { pattern: PathPattern::Around("/api/v1/incidents/", ""), methods: READ, needs: Needs::Read, handler: Handler::Api(Operation::Incident) },
    Route { pattern: PathPattern::Below("/ping/"), methods: OPTIONS, needs: Needs::Nothing, handler: Handler::Preflight },
];

impl PathPattern {
    /// What follows the pattern in a path that it matches.
    fn rest<'p>(&self, path: &'p str) -> Option<&'p str> {
        match self {
            PathPattern::Is(whole) => (path == *whole).then_some(""),
            PathPattern::Below(prefix) => path.strip_prefix(prefix),
            PathPattern::AliasId => path.strip_prefix('/').filter(|id| Alias::is_id(id)),
            PathPattern::Around(prefix, suffix) => {
                let part = path.strip_prefix(prefix)?.strip_suffix(suffix)?;
                is_one_part(part).then_some(part)
            }
            PathPattern::AroundTwo(prefix, middle, suffix) => {
                let parts = path.strip_prefix(prefix)?.strip_suffix(suffix)?;
                let (first, second) = parts.split_once(middle)?;
                (is_one_part(first) && is_one_part(second)).then_some(parts)
            }
        }
    }
}

fn is_one_part(text: &str) -> bool {
    !text.is_empty() && !text.contains('/')
}

const NOT_FOUND: &str = "not found: jobs ping /ping/NAME, people read /, programs ask /api/v1/checks, Prometheus scrapes /metrics, operators ask /-/healthy and /-/ready\n";

/// The row for a request, and what follows its pattern; or which methods the path takes, none if there is no such path.
fn find<'p>(path: &'p str, method: &Method) -> Result<(&'static Route, &'p str), Vec<Method>> {
    let mut methods = Vec::new();
    for route in ROUTES.iter() {
        let Some(rest) = route.pattern.rest(path) else { continue };
        if route.methods.contains(method) {
            return Ok((route, rest));
        }
        methods.extend_from_slice(route.methods);
    }
    Err(methods)
}

/// What a GET of this path does at the API, and what follows the row's pattern; `None`: nothing that only reads.
pub(super) fn read_at(path: &str) -> Option<(Operation, &str)> {
    match find(path, &Method::GET) {
        Ok((Route { handler: Handler::Api(action), needs: Needs::Read, .. }, rest)) => Some((*action, rest)),
        _ => None,
    }
}

fn unanswered(path: &str, methods: &[Method]) -> Reply {
    let (status, text) = match methods {
        [] => (StatusCode::NOT_FOUND, NOT_FOUND),
        _ => (StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method\n"),
    };
    let reply = match path.starts_with("/api/") {
        true => Problem::new(status, text.trim_end()).reply(),
        false => reply::text(status, text),
    };
    if methods.is_empty() { reply } else { reply::with_allow(reply, methods) }
}

impl Route {
    /// What a request at it does; `rest` follows its pattern. Other systems write by GET as well.
    fn deed(&self, rest: &str) -> Deed {
        match self.needs {
            Needs::Nothing | Needs::Read | Needs::PingKey => Deed::Open,
            Needs::AliasId => Deed::Triggers,
            Needs::Compat(system) => compat::deed(system, rest),
            Needs::Lifecycle | Needs::Ping | Needs::Write => Deed::Changes,
        }
    }

    /// Whether it is answered under whatever name. Pages of any site may ping (23.7) and read the answer, so that nothing is
    /// gained by refusing a job whose proxy keeps its own name.
    fn takes_any_host(&self) -> bool {
        matches!(self.needs, Needs::PingKey | Needs::AliasId)
    }
}

/// Whether a request may be answered at all, whoever sends it.
fn admit(app: &App, route: &Route, rest: &str, arrival: Arrival, parts: &Parts) -> Result<(), Box<Reply>> {
    if arrival.on_loopback && !route.takes_any_host() {
        site::check_host(app, parts)?;
    }
    site::check_origin(app, parts, route.deed(rest))
}

/// Answers a request, within the budget of what is not written yet.
pub(super) async fn answer(
    app: &Arc<App>,
    limits: &Limits,
    arrival: Arrival,
    request: Request<Incoming>,
) -> Reply {
    reply::within(&app.answer_budget, arrival.source, answer_whole(app, limits, arrival, request).await)
}

async fn answer_whole(
    app: &Arc<App>,
    limits: &Limits,
    arrival: Arrival,
    request: Request<Incoming>,
) -> Reply {
    let (parts, body) = request.into_parts();
    let (path, source) = (parts.uri.path(), arrival.source);
    if let Err(refusal) = site::check_meaning(&parts) {
        return *refusal;
    }
    let (route, rest) = match find(path, &parts.method) {
        Ok(found) => found,
        Err(methods) => return unanswered(path, &methods),
    };
    // Elsewhere the path may hold a key.
    if !matches!(route.needs, Needs::PingKey | Needs::AliasId | Needs::Compat(_)) {
        tracing::debug!(method = %parts.method, path, %source, "request");
    }
    let admitted = admit(app, route, rest, arrival, &parts);
    let caller = match admitted.and_then(|()| door::pass(app, route.needs, source, &parts)) {
        Ok(caller) => caller,
        Err(refusal) => {
            // A connection with something unread could not be used again; a body that does not come changes nothing.
            let _ = Box::pin(body::read(body, body::Keep::NOTHING, limits)).await;
            return *refusal;
        }
    };
    let query = || parts.uri.query().map(str::to_owned);
    let visit = Visit { app, limits, source, parts: &parts };
    match route.handler {
        Handler::Ping => ping::answer(app, limits, source, rest, &parts, body).await,
        Handler::Preflight => reply::to_preflight(),
        Handler::Metrics => exposition::answer(app, limits, source, &parts),
        Handler::Healthy => operate::healthy(app),
        Handler::Ready => operate::ready(),
        // In boxes: what is kept for a request is moved at every ping, and should be small.
        Handler::Reload => Box::pin(operate::reload(app)).await,
        Handler::Checks => {
            let query = query();
            match door::sight(app, source, &parts) {
                Ok(sight) => {
                    Box::pin(pages::make(app, &parts, move |app| pages::checks(app, query.as_deref(), sight)))
                        .await
                }
                Err(refusal) => *refusal,
            }
        }
        Handler::Check => {
            let (name, query) = (rest.to_owned(), query());
            match door::sight(app, source, &parts) {
                Ok(sight) => {
                    let page = move |app: &App| pages::check(app, &name, query.as_deref(), sight);
                    Box::pin(pages::make(app, &parts, page)).await
                }
                Err(refusal) => *refusal,
            }
        }
        Handler::Runbooks => reply::compressed(pages::runbooks(), exposition::takes_gzip(&parts)),
        Handler::Style => reply::compressed(pages::style(), exposition::takes_gzip(&parts)),
        Handler::Api(action) => {
            let asked =
                Asked { app, limits, source, caller, parts: &parts, name: rest, room: Room::Programs };
            Box::pin(api::answer(asked, action, body)).await
        }
        Handler::Compat(system) => Box::pin(visit.path(system, rest, body)).await,
        Handler::Trigger => Box::pin(visit.id(rest, body)).await.unwrap_or_else(|| unanswered(path, &[])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_route_hides_another() {
        for route in ROUTES.iter() {
            let path = match route.pattern {
                PathPattern::Is(path) => path.to_owned(),
                PathPattern::Below(prefix) => format!("{prefix}x"),
                PathPattern::AliasId => "/abcdefgh".to_owned(),
                PathPattern::Around(prefix, suffix) => format!("{prefix}x{suffix}"),
                PathPattern::AroundTwo(prefix, middle, suffix) => format!("{prefix}x{middle}1{suffix}"),
            };
            for method in route.methods {
                let (found, _) = find(&path, method).expect("it is a row of the table");
                assert!(std::ptr::eq(found, route), "{method} {path}");
            }
        }
    }

    /// Other systems write by GET as well.
    #[test]
    fn who_only_reads_needs_nothing_or_may_read_and_who_writes_needs_more() {
        for route in ROUTES.iter().filter(|route| !matches!(route.needs, Needs::Compat(_))) {
            let reads = route.methods.iter().all(|method| READ.contains(method) || method == Method::OPTIONS);
            assert_eq!(reads, matches!(route.needs, Needs::Nothing | Needs::Read), "{route:?}");
        }
    }
}
