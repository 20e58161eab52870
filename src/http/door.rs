//! Admission, before anybody answers: whether who asks may (`Needs` of the route table).

use std::net::IpAddr;

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;

use super::auth::{self, Admission};
use super::caller::Caller;
use super::needs::Needs;
use super::problem::Problem;
use super::reply::{self, Reply};
use super::site::Arrival;
use super::viewer::{self, Viewer};
use super::{App, decode, sign_in, token};
use crate::config::Scope;

const NO_LIFECYCLE: &str = "not allowed: start with --web.enable-lifecycle\n";
const NEEDS_PING_KEY: &str = "a ping key is needed: send `Authorization: Bearer KEY`";
const SEES_NOTHING: &str =
    "this token is good for pings alone: pages need one of scope `read`, `operate` or `write`\n";
const NEEDS_TOKEN_TO_SCRAPE: &str = "a token of scope `read` is needed: as `Authorization: Bearer TOKEN`, or any user name, and \
    the token as the password (`authorization` or `basic_auth` of Prometheus' scrape_configs)\n";
const NO_TOKENS: &str = "nobody may do this, for there is no token: add one under `auth.tokens` of the configuration \
    (`{name: ci, scope: write, token_file: …}`), reload, and send it as `Authorization: Bearer TOKEN`";

/// Lets pass who may, and says who it is. A ping's key and the key of another system are their handlers' matter.
pub(super) fn pass(app: &App, needs: Needs, arrival: Arrival, parts: &Parts) -> Result<Caller, Box<Reply>> {
    if let Some(user) = arrival.user {
        return at_socket(app, needs, user);
    }
    let source = arrival.source;
    let token = |scope| token(app, source, parts, scope).map_err(|problem| Box::new(problem.reply()));
    match needs {
        // Forms and pages ask for themselves.
        Needs::Nothing | Needs::Page | Needs::Form | Needs::PingKey | Needs::AliasId => Ok(Caller::Anybody),
        Needs::Metrics => metrics(app, arrival, parts),
        Needs::Lifecycle if app.lifecycle => Ok(Caller::Anybody),
        Needs::Lifecycle => Err(Box::new(reply::text(StatusCode::FORBIDDEN, NO_LIFECYCLE))),
        Needs::Read => match reader(app, parts) {
            Some(caller) => Ok(caller),
            None => token(Scope::Read),
        },
        Needs::Ping => match pinger(app, parts) {
            Some(caller) => caller.map_err(|problem| Box::new(problem.reply())),
            None => token(Scope::Ping),
        },
        Needs::Operate => token(Scope::Operate),
        Needs::Write => token(Scope::Write),
        Needs::Compat(system) if app.access().compat.of(system).is_some() => Ok(Caller::Anybody),
        Needs::Compat(system) => Err(Box::new(reply::text(StatusCode::NOT_FOUND, switched_off(system)))),
    }
}

/// Whoever may read without a token (23.2), and whoever signed in (23.4). `None`: it needs a token.
fn reader(app: &App, parts: &Parts) -> Option<Caller> {
    let access = app.access();
    let shows_one = auth::bearer(parts.headers.get(AUTHORIZATION)).is_some();
    if shows_one && access.tokens.any() {
        return None;
    }
    match viewer::session(app, parts).filter(|session| session.scope.covers(Scope::Read)) {
        Some(session) => Some(Caller::Token(session.token)),
        None => access.openness.may_read.then_some(Caller::Anybody),
    }
}

/// Whoever may ping without a token: a ping key is good for what `ping` is, and where there are none, or none is required
/// yet, everybody may (23.1). `None`: it needs a token.
fn pinger(app: &App, parts: &Parts) -> Option<Result<Caller, Problem>> {
    let access = app.access();
    match access.ping_keys.admit(auth::bearer(parts.headers.get(AUTHORIZATION))) {
        Admission::Open | Admission::Tolerated => Some(Ok(Caller::Anybody)),
        Admission::Key(name) => Some(Ok(Caller::Key(name))),
        Admission::Missing | Admission::Wrong if access.tokens.any() => None,
        Admission::Missing | Admission::Wrong => {
            let challenge = HeaderValue::from_static("Bearer realm=\"punctual\"");
            Some(Err(Problem::new(StatusCode::UNAUTHORIZED, NEEDS_PING_KEY).with_challenge(challenge)))
        }
    }
}

/// The user of the server's own data folder may do everything; an interface that is switched off stays so.
fn at_socket(app: &App, needs: Needs, user: u32) -> Result<Caller, Box<Reply>> {
    match needs {
        Needs::Compat(system) if app.access().compat.of(system).is_none() => {
            Err(Box::new(reply::text(StatusCode::NOT_FOUND, switched_off(system))))
        }
        _ => Ok(Caller::User(user)),
    }
}

/// Leads whoever may not see a page to where one signs in, and from there back to it.
pub(super) fn to_sign_in(viewer: &Viewer, parts: &Parts) -> Reply {
    // Whoever signed in with a token that may read no more can sign in with another.
    if viewer.is_known() && viewer.session.is_none() {
        return reply::text(StatusCode::FORBIDDEN, SEES_NOTHING);
    }
    let path = parts.uri.path().trim_start_matches('/');
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let to = decode::encoded(&format!("{path}{query}"));
    // Relative, so that a proxy may put punctual below a path.
    let up = "../".repeat(path.matches('/').count());
    let mut reply = sign_in::moved(&format!("{up}sign-in?to={to}"), None);
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// Whether `/metrics` may be seen: it is open, or a token that may read is shown, or somebody signed in.
fn metrics(app: &App, arrival: Arrival, parts: &Parts) -> Result<Caller, Box<Reply>> {
    if app.with_access(|access| access.openness.metrics) {
        return Ok(Caller::Anybody);
    }
    let viewer = Viewer::of(app, arrival, parts).map_err(|problem| Box::new(problem.reply()))?;
    if viewer.is_known() && viewer.may(Scope::Read) {
        return Ok(viewer.caller);
    }
    let mut reply = reply::text(StatusCode::UNAUTHORIZED, NEEDS_TOKEN_TO_SCRAPE);
    let challenge = HeaderValue::from_static("Basic realm=\"punctual\", charset=\"UTF-8\"");
    reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    Err(Box::new(reply))
}

fn switched_off(system: &str) -> String {
    format!(
        "not found: this interface is switched off; `compat: {{{system}: {{enabled: true}}}}` in the configuration switches it on\n"
    )
}

fn token(app: &App, source: IpAddr, parts: &Parts, needed: Scope) -> Result<Caller, Problem> {
    let access = app.access();
    if !access.tokens.any() {
        return Err(Problem::new(StatusCode::FORBIDDEN, NO_TOKENS));
    }
    let needs = needed.as_str();
    let challenge = HeaderValue::from_static;
    let Some(given) = auth::bearer(parts.headers.get(AUTHORIZATION)) else {
        let detail = format!("a token of scope `{needs}` is needed: send `Authorization: Bearer TOKEN`");
        let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
        return Err(problem.with_challenge(challenge("Bearer realm=\"punctual\"")));
    };
    let known = token::judge(app, &access.tokens, given, source).known()?;
    if !known.scope.covers(needed) {
        let scope = known.scope.as_str();
        let detail = format!("this token has the scope `{scope}`, and this needs `{needs}`: use another");
        let problem = Problem::new(StatusCode::FORBIDDEN, detail);
        let insufficient = challenge("Bearer realm=\"punctual\", error=\"insufficient_scope\"");
        return Err(problem.with_challenge(insufficient));
    }
    Ok(Caller::Token(known.name.clone()))
}
