//! Admission, before anybody answers: whether who asks may (`Needs` of the route table).

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;

use super::auth::{self, Admission, TokenVerdict};
use super::caller::Caller;
use super::guesses::Guesses;
use super::needs::Needs;
use super::problem::Problem;
use super::reply::{self, Reply};
use super::site::Arrival;
use super::visit::Visit;
use super::{App, decode};
use crate::config::Scope;
use crate::core::time::Time;

const TOO_MANY_GUESSES: &str = "too many wrong tokens came from this address: try again in a minute\n";
const NO_LIFECYCLE: &str = "not allowed: start with --web.enable-lifecycle\n";
const NEEDS_PING_KEY: &str = "a ping key is needed: send `Authorization: Bearer KEY`";
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
        Needs::Nothing | Needs::PingKey | Needs::AliasId => Ok(Caller::Anybody),
        Needs::Lifecycle if app.lifecycle => Ok(Caller::Anybody),
        Needs::Lifecycle => Err(Box::new(reply::text(StatusCode::FORBIDDEN, NO_LIFECYCLE))),
        Needs::Read => token(Scope::Read),
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

/// How much of what jobs said somebody may see who looks at a page: their texts, and where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visibility {
    All,
    /// Only that they said something: there are tokens, and none was shown that may read.
    Outline,
}

/// What whoever looks at a page may see, or why not the page that is `wanted` with all that jobs said. Other pages are open:
/// a proxy's own passwords come with them, and are no reason to refuse one.
pub(super) fn sight(visit: Visit<'_>) -> Result<Visibility, Box<Reply>> {
    let Visit { app, source, parts, .. } = visit;
    if visit.user.is_some() {
        return Ok(Visibility::All);
    }
    let wanted = decode::query_values(parts.uri.query(), ["body", "said"]).iter().any(Option::is_some);
    let header = parts.headers.get(AUTHORIZATION);
    let password = auth::password(header);
    let given = auth::bearer(header).or(password.as_deref());
    let now = app.services.clock.now();
    let verdict = app.access().tokens.judge(given, Scope::Read);
    let is_right = verdict != TokenVerdict::Wrong;
    let admitted = given.is_none_or(|shown| app.guessed.on_pages.admits((shown, is_right), source, now));
    match verdict {
        TokenVerdict::NoTokens => Ok(Visibility::All),
        TokenVerdict::Good(_) if admitted => Ok(Visibility::All),
        _ if wanted && !admitted => {
            let reply = reply::text(StatusCode::TOO_MANY_REQUESTS, TOO_MANY_GUESSES);
            Err(Box::new(reply::with_retry_after(reply, Guesses::RETRY_AFTER_SECS)))
        }
        verdict => {
            match (verdict, wanted) {
                (TokenVerdict::Wrong, true) => wrong_token(app, &app.guessed.on_pages, source, now),
                (TokenVerdict::Wrong, false) => drop(app.guessed.on_pages.note(source, now)),
                _ => {}
            }
            if wanted { Err(Box::new(ask_for_password())) } else { Ok(Visibility::Outline) }
        }
    }
}

fn wrong_token(app: &App, guesses: &Guesses, source: IpAddr, now: Time) {
    app.services.counters.own.wrong_tokens.fetch_add(1, Ordering::Relaxed);
    if guesses.note(source, now) {
        tracing::warn!(%source, "a token was shown that is not known");
    }
}

/// Has a browser ask for a token.
fn ask_for_password() -> Reply {
    let text = "a token of scope `read` is needed: any user name, and the token as the password\n";
    let mut reply = reply::text(StatusCode::UNAUTHORIZED, text);
    let challenge = HeaderValue::from_static("Basic realm=\"punctual\", charset=\"UTF-8\"");
    reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    reply
}

fn switched_off(system: &str) -> String {
    format!(
        "not found: this interface is switched off; `compat: {{{system}: {{enabled: true}}}}` in the configuration switches it on\n"
    )
}

fn token(app: &App, source: IpAddr, parts: &Parts, needed: Scope) -> Result<Caller, Problem> {
    let given = auth::bearer(parts.headers.get(AUTHORIZATION));
    let needs = needed.as_str();
    let challenge = HeaderValue::from_static;
    let now = app.services.clock.now();
    let verdict = app.access().tokens.judge(given, needed);
    let is_right = verdict != TokenVerdict::Wrong;
    let is_held_off = given.is_some_and(|shown| !app.guessed.tokens.admits((shown, is_right), source, now));
    if is_held_off && verdict != TokenVerdict::NoTokens {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, TOO_MANY_GUESSES.trim_end());
        return Err(problem.with_retry_after(Guesses::RETRY_AFTER_SECS));
    }
    match verdict {
        TokenVerdict::Good(name) => Ok(Caller::Token(name)),
        // Reading is open until somebody asks for tokens.
        TokenVerdict::NoTokens if needed == Scope::Read => Ok(Caller::Anybody),
        TokenVerdict::NoTokens => Err(Problem::new(StatusCode::FORBIDDEN, NO_TOKENS)),
        TokenVerdict::Missing => {
            let detail = format!("a token of scope `{needs}` is needed: send `Authorization: Bearer TOKEN`");
            let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
            Err(problem.with_challenge(challenge("Bearer realm=\"punctual\"")))
        }
        TokenVerdict::Wrong => {
            wrong_token(app, &app.guessed.tokens, source, now);
            let detail = "this token is not known: `auth.tokens` of the configuration has the ones that are";
            let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
            Err(problem.with_challenge(challenge("Bearer realm=\"punctual\", error=\"invalid_token\"")))
        }
        TokenVerdict::OutOfScope(scope) => {
            let detail = format!(
                "this token has the scope `{}`, and this needs `{needs}`: use another",
                scope.as_str()
            );
            let problem = Problem::new(StatusCode::FORBIDDEN, detail);
            Err(problem.with_challenge(challenge("Bearer realm=\"punctual\", error=\"insufficient_scope\"")))
        }
    }
}
