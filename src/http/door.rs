//! Before anybody answers: whether who asks may (`Needs` of the route table).

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::http::request::Parts;

use super::App;
use super::auth::{self, Verdict};
use super::problem::Problem;
use super::reply::{self, Reply};
use super::routes::Needs;
use crate::config::Scope;
use crate::core::check::System;

/// Who asks, as far as it is known: the name of a token.
pub(super) type Caller = Option<Arc<str>>;

const NO_LIFECYCLE: &str = "not allowed: start with --web.enable-lifecycle\n";
const NO_TOKENS: &str = "nobody may do this, for there is no token: add one under `auth.tokens` of the configuration \
    (`{name: ci, scope: write, token_file: …}`), reload, and send it as `Authorization: Bearer TOKEN`";

/// Lets pass who may, and says who it is. A ping's key and the key of another system are their handlers' matter.
pub(super) fn pass(app: &App, needs: Needs, parts: &Parts) -> Result<Caller, Box<Reply>> {
    match needs {
        Needs::Nothing | Needs::PingKey | Needs::CanaryId => Ok(None),
        Needs::Lifecycle if app.lifecycle => Ok(None),
        Needs::Lifecycle => Err(Box::new(reply::text(StatusCode::FORBIDDEN, NO_LIFECYCLE))),
        Needs::Read => token(app, parts, Scope::Read).map_err(|problem| Box::new(problem.reply())),
        Needs::Ping => token(app, parts, Scope::Ping).map_err(|problem| Box::new(problem.reply())),
        Needs::Write => token(app, parts, Scope::Write).map_err(|problem| Box::new(problem.reply())),
        Needs::Compat(system) if app.access().compat.of(system).is_some() => Ok(None),
        Needs::Compat(system) => Err(Box::new(reply::text(StatusCode::NOT_FOUND, switched_off(system)))),
    }
}

fn switched_off(system: System) -> String {
    let system = system.as_str();
    format!(
        "not found: this interface is switched off; `compat: {{{system}: {{enabled: true}}}}` in the configuration switches it on\n"
    )
}

fn token(app: &App, parts: &Parts, needed: Scope) -> Result<Caller, Problem> {
    let given = auth::bearer(parts.headers.get(AUTHORIZATION));
    let needs = needed.as_str();
    let challenge = HeaderValue::from_static;
    match app.access().tokens.judge(given, needed) {
        Verdict::Good(name) => Ok(Some(name)),
        // Reading is open until somebody asks for tokens.
        Verdict::NoTokens if needed == Scope::Read => Ok(None),
        Verdict::NoTokens => Err(Problem::new(StatusCode::FORBIDDEN, NO_TOKENS)),
        Verdict::Missing => {
            let detail = format!("a token of scope `{needs}` is needed: send `Authorization: Bearer TOKEN`");
            let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
            Err(problem.with_challenge(challenge("Bearer realm=\"punctual\"")))
        }
        Verdict::Wrong => {
            let detail = "this token is not known: `auth.tokens` of the configuration has the ones that are";
            let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
            Err(problem.with_challenge(challenge("Bearer realm=\"punctual\", error=\"invalid_token\"")))
        }
        Verdict::OutOfScope(scope) => {
            let detail = format!(
                "this token has the scope `{}`, and this needs `{needs}`: use another",
                scope.as_str()
            );
            let problem = Problem::new(StatusCode::FORBIDDEN, detail);
            Err(problem.with_challenge(challenge("Bearer realm=\"punctual\", error=\"insufficient_scope\"")))
        }
    }
}
