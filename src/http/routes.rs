//! Every path there is: one table, which requests are sent by and tests walk.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};

use super::limits::Limits;
use super::reply::{self, Reply};
use super::{App, exposition, operate, pages, ping};

/// A path, or all paths below one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// This path.
    Is(&'static str),
    /// Every path that begins so.
    Below(&'static str),
}

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Whoever reaches the port.
    Nothing,
    /// Whoever has a ping key, where there are keys: the handler of pings asks for it.
    PingKey,
    /// Whoever reaches the port, if `--web.enable-lifecycle` is given.
    Lifecycle,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handler {
    Ping,
    Metrics,
    Healthy,
    Ready,
    Reload,
    Checks,
    Check,
    Style,
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) pattern: Pattern,
    pub(super) methods: &'static [Method],
    pub(super) needs: Needs,
    pub(super) handler: Handler,
}

const READ: &[Method] = &[Method::GET, Method::HEAD];
const WRITE: &[Method] = &[Method::POST, Method::PUT];
const PING: &[Method] = &[Method::GET, Method::HEAD, Method::POST, Method::PUT];

/// All paths. The busiest first: requests are compared with one row after the other.
#[rustfmt::skip]
pub(super) const ROUTES: &[Route] = &[
    Route { pattern: Pattern::Below("/ping/"), methods: PING, needs: Needs::PingKey, handler: Handler::Ping },
    Route { pattern: Pattern::Is("/metrics"), methods: READ, needs: Needs::Nothing, handler: Handler::Metrics },
    Route { pattern: Pattern::Is("/-/healthy"), methods: READ, needs: Needs::Nothing, handler: Handler::Healthy },
    Route { pattern: Pattern::Is("/-/ready"), methods: READ, needs: Needs::Nothing, handler: Handler::Ready },
    Route { pattern: Pattern::Is("/-/reload"), methods: WRITE, needs: Needs::Lifecycle, handler: Handler::Reload },
    Route { pattern: Pattern::Is("/"), methods: READ, needs: Needs::Nothing, handler: Handler::Checks },
    Route { pattern: Pattern::Below("/checks/"), methods: READ, needs: Needs::Nothing, handler: Handler::Check },
    Route { pattern: Pattern::Is("/style.css"), methods: READ, needs: Needs::Nothing, handler: Handler::Style },
];

impl Pattern {
    /// What follows the pattern in a path that it matches.
    fn rest<'p>(&self, path: &'p str) -> Option<&'p str> {
        match self {
            Pattern::Is(whole) => (path == *whole).then_some(""),
            Pattern::Below(prefix) => path.strip_prefix(prefix),
        }
    }
}

const NOT_FOUND: &str = "not found: jobs ping /ping/NAME, people read /, Prometheus scrapes /metrics, operators ask /-/healthy and /-/ready\n";

/// Answers a request.
pub(super) async fn answer(
    app: &Arc<App>,
    limits: &Limits,
    source: &str,
    request: Request<Incoming>,
) -> Reply {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let Some((route, rest)) = ROUTES.iter().find_map(|route| Some((route, route.pattern.rest(path)?))) else {
        return reply::text(StatusCode::NOT_FOUND, NOT_FOUND);
    };
    if !route.methods.contains(&parts.method) {
        let reply = reply::text(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method\n");
        return reply::with_allow(reply, route.methods);
    }
    if route.needs == Needs::Lifecycle && !app.lifecycle {
        return reply::text(StatusCode::FORBIDDEN, "not allowed: start with --web.enable-lifecycle\n");
    }
    let query = || parts.uri.query().map(str::to_owned);
    match route.handler {
        Handler::Ping => ping::answer(app, limits, source, rest, &parts, body).await,
        Handler::Metrics => exposition::answer(app, &parts),
        Handler::Healthy => operate::healthy(app),
        Handler::Ready => operate::ready(),
        // In boxes: what is kept for a request is moved at every ping, and should be small.
        Handler::Reload => Box::pin(operate::reload(app, &parts)).await,
        Handler::Checks => {
            let query = query();
            Box::pin(pages::make(app, move |app| pages::checks(app, query.as_deref()))).await
        }
        Handler::Check => {
            let (name, query) = (rest.to_owned(), query());
            Box::pin(pages::make(app, move |app| pages::check(app, &name, query.as_deref()))).await
        }
        Handler::Style => pages::style(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_route_hides_another() {
        for (at, route) in ROUTES.iter().enumerate() {
            let path = match route.pattern {
                Pattern::Is(path) => path.to_owned(),
                Pattern::Below(prefix) => format!("{prefix}x"),
            };
            let found = ROUTES.iter().position(|other| other.pattern.rest(&path).is_some());
            assert_eq!(found, Some(at), "{path}");
        }
    }

    #[test]
    fn who_only_reads_needs_nothing_and_who_writes_needs_something() {
        for route in ROUTES {
            let reads = route.methods.iter().all(|method| READ.contains(method));
            assert_eq!(reads, route.needs == Needs::Nothing, "{route:?}");
        }
    }
}
