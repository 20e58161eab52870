//! Admission, before anybody answers: whether who asks may (`Needs` of the route table).

use std::net::IpAddr;

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;

use super::auth::{self, Access, Admission};
use super::caller::Caller;
use super::guesses::Guesses;
use super::needs::Needs;
use super::password::{self, PasswordVerdict};
use super::person::KnownPerson;
use super::problem::Problem;
use super::reply::{self, Reply};
use super::site::Arrival;
use super::viewer::{self, Viewer};
use super::waits::{self, NoTurn};
use super::{App, decode, proxy, sign_in, token};
use crate::config::Scope;

const TOO_MANY: &str = "too many requests: `rate_limit` of --web.config.file says how many are answered\n";
const TOO_MANY_GUESSES: &str =
    "too many wrong passwords of this name, or of all names, came from this address: try again in a minute\n";
const TOO_MANY_PASSWORDS: &str = "too many passwords are being looked at: try again\n";
const NEEDS_PASSWORD: &str = "a name and a password are needed (`basic_auth_users` of --web.config.file); or sign in with a token at /sign-in\n";
const BASIC: HeaderValue = HeaderValue::from_static("Basic realm=\"punctual\", charset=\"UTF-8\"");
const NO_LIFECYCLE: &str = "not allowed: start with --web.enable-lifecycle\n";
const NEEDS_PING_KEY: &str = "a ping key is needed: send `Authorization: Bearer KEY`";
const SEES_NOTHING: &str =
    "this token is good for pings alone: pages need one of scope `read`, `operate` or `write`\n";
const NEEDS_TOKEN_TO_SCRAPE: &str = "a token of scope `read` is needed: as `Authorization: Bearer TOKEN`, or any user name, and \
    the token as the password (`authorization` or `basic_auth` of Prometheus' scrape_configs)\n";
const NO_TOKENS: &str = "nobody may do this, for there is no token: add one under `auth.tokens` of the configuration \
    (`{name: ci, scope: write, token_file: …}`), reload, and send it as `Authorization: Bearer TOKEN`";

/// Lets pass who may, and says who it is. A ping's key and the key of another system are their handlers' matter.
pub(super) fn pass(
    app: &App,
    needs: Needs,
    arrival: Arrival,
    parts: &Parts,
    person: Option<&KnownPerson>,
) -> Result<Caller, Box<Reply>> {
    if let Some(user) = arrival.user {
        return at_socket(app, needs, user);
    }
    let source = arrival.source;
    let token = |scope| token(app, source, parts, scope).map_err(|problem| Box::new(problem.reply()));
    match needs {
        // Forms and pages ask for themselves.
        Needs::Nothing | Needs::Page | Needs::Form | Needs::PingKey | Needs::AliasId => Ok(Caller::Anybody),
        Needs::Metrics => metrics(app, arrival, parts, person),
        Needs::Lifecycle if app.lifecycle => Ok(Caller::Anybody),
        Needs::Lifecycle => Err(Box::new(reply::text(StatusCode::FORBIDDEN, NO_LIFECYCLE))),
        Needs::Read => match reader(app, parts, person) {
            Some(caller) => Ok(caller),
            None => token(Scope::Read),
        },
        Needs::Ping => pinger(app, source, parts).map_err(|problem| Box::new(problem.reply())),
        Needs::Due => reporter(app, source, parts, person).map_err(|problem| Box::new(problem.reply())),
        Needs::Operate => token(Scope::Operate),
        Needs::Write => token(Scope::Write),
        Needs::Compat(system) if app.access().compat.of(system).is_some() => Ok(Caller::Anybody),
        Needs::Compat(system) => Err(Box::new(reply::text(StatusCode::NOT_FOUND, switched_off(system)))),
    }
}

/// Counts one more request; refuses it where there are too many (23.9e).
pub(super) fn admit_one_more(app: &App) -> Result<(), Box<Reply>> {
    let refuses = |access: &Access| access.refuses_one_more(app.services.clock.now());
    let Some(secs) = app.with_access(refuses) else { return Ok(()) };
    Err(Box::new(reply::with_retry_after(reply::text(StatusCode::TOO_MANY_REQUESTS, TOO_MANY), secs)))
}

/// Waits until the token of a request's header may be judged.
pub(super) async fn wait(app: &App, arrival: Arrival, parts: &Parts) -> Result<(), Box<Reply>> {
    let shown = auth::bearer(parts.headers.get(AUTHORIZATION)).filter(|_| arrival.user.is_none());
    let wait = shown.and_then(|shown| token::wait_of(app, shown, arrival.source));
    waits::over(wait).await.map_err(|NoTurn| Box::new(token::held_off().reply()))
}

/// Finds who sends a request, as far as a proxy or a password says it. Whoever shows a wrong one is refused.
pub(super) async fn recognize(
    app: &App,
    needs: Needs,
    arrival: Arrival,
    parts: &Parts,
) -> Result<Option<KnownPerson>, Box<Reply>> {
    let named = app.with_access(|access| proxy::person(access.proxy.as_ref(), arrival, parts));
    // Whoever signed in is known by that (22.1b): no password of theirs, and nobody's beside them, shuts them out.
    if named.is_some() || !needs.takes_passwords() || viewer::session(app, parts).is_some() {
        return Ok(named);
    }
    Err(Box::new(match password::judge(app, arrival.source, parts).await {
        PasswordVerdict::NoPassword => return Ok(None),
        PasswordVerdict::Right(person) => return Ok(Some(person)),
        PasswordVerdict::Wrong => ask_for_password(),
        PasswordVerdict::HeldOff => {
            let reply = reply::text(StatusCode::TOO_MANY_REQUESTS, TOO_MANY_GUESSES);
            reply::with_retry_after(reply, Guesses::RETRY_AFTER_SECS)
        }
        PasswordVerdict::Busy => {
            reply::with_retry_after(reply::text(StatusCode::SERVICE_UNAVAILABLE, TOO_MANY_PASSWORDS), 1)
        }
    }))
}

/// Has a browser ask for a name and a password (23.9f).
fn ask_for_password() -> Reply {
    let mut reply = reply::text(StatusCode::UNAUTHORIZED, NEEDS_PASSWORD);
    reply.headers_mut().insert(WWW_AUTHENTICATE, BASIC);
    reply
}

/// Whoever may read without a token (23.2), whoever signed in (23.4), and whom a proxy names (23.5). `None`: it needs a token.
fn reader(app: &App, parts: &Parts, person: Option<&KnownPerson>) -> Option<Caller> {
    let access = app.access();
    let shows_one = auth::bearer(parts.headers.get(AUTHORIZATION)).is_some();
    if shows_one && access.tokens.any() {
        return None;
    }
    if let Some(KnownPerson { name, by, .. }) = person {
        return Some(Caller::Person(name.clone(), *by));
    }
    match viewer::session(app, parts).filter(|session| session.scope.covers(Scope::Read)) {
        Some(session) => Some(Caller::Token(session.token)),
        None => access.openness.may_read.then_some(Caller::Anybody),
    }
}

/// Whoever may ping: a ping key is good for what `ping` is, and where there are none, or none is required yet, everybody may
/// (23.1). It is judged here and nowhere else.
fn pinger(app: &App, source: IpAddr, parts: &Parts) -> Result<Caller, Problem> {
    let given = auth::bearer(parts.headers.get(AUTHORIZATION));
    match app.with_access(|access| access.admit_ping(None, given)) {
        Admission::Missing | Admission::Wrong if app.with_access(|access| access.tokens.any()) => {
            // It is none that pings: this says what it lacks.
            token(app, source, parts, Scope::Ping)
        }
        admission @ (Admission::Missing | Admission::Wrong) => {
            if let Some(given) = given.filter(|_| admission == Admission::Wrong) {
                token::note_wrong_key(app, given, source);
            }
            let challenge = HeaderValue::from_static("Bearer realm=\"punctual\"");
            Err(Problem::new(StatusCode::UNAUTHORIZED, NEEDS_PING_KEY).with_challenge(challenge))
        }
        admission => Ok(Caller::Pinger(admission)),
    }
}

/// Whoever may ping. It is told of checks: who may ping without showing anything needs to be one who may read (17.9b).
fn reporter(
    app: &App,
    source: IpAddr,
    parts: &Parts,
    person: Option<&KnownPerson>,
) -> Result<Caller, Problem> {
    let caller = pinger(app, source, parts)?;
    let is_anybody = matches!(caller, Caller::Pinger(Admission::Open | Admission::Tolerated));
    if !is_anybody || reader(app, parts, person).is_some() {
        return Ok(caller);
    }
    let access = app.access();
    // No key is asked for; a token that pings says all the same of which checks it may hear.
    let shown = auth::bearer(parts.headers.get(AUTHORIZATION)).and_then(|given| access.tokens.find(given));
    match shown.filter(|known| known.scope.covers(Scope::Ping)) {
        Some(known) => Ok(Caller::Pinger(Admission::Key(known.name.clone(), known.limit.cloned()))),
        None => token(app, source, parts, Scope::Read).map(|_| caller),
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

/// Leads whoever may not see a page to where one signs in, and from there back to it; or asks for a password.
pub(super) fn to_sign_in(app: &App, viewer: &Viewer, parts: &Parts) -> Reply {
    if !viewer.is_known() && app.with_access(|access| access.people.any()) {
        return ask_for_password();
    }
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
fn metrics(
    app: &App,
    arrival: Arrival,
    parts: &Parts,
    person: Option<&KnownPerson>,
) -> Result<Caller, Box<Reply>> {
    if app.with_access(|access| access.openness.metrics) {
        return Ok(Caller::Anybody);
    }
    let viewer = Viewer::of(app, arrival, parts, person).map_err(|problem| Box::new(problem.reply()))?;
    if viewer.is_known() && viewer.may(Scope::Read) {
        return Ok(viewer.caller);
    }
    let mut reply = reply::text(StatusCode::UNAUTHORIZED, NEEDS_TOKEN_TO_SCRAPE);
    reply.headers_mut().insert(WWW_AUTHENTICATE, BASIC);
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
