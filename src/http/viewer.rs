//! Who looks at a page, and what they may do there (§23).

use hyper::header::{AUTHORIZATION, COOKIE, HeaderValue};
use hyper::http::request::Parts;

use super::auth::{self, Admission, KnownToken, Tokens};
use super::caller::Caller;
use super::problem::Problem;
use super::session::Session;
use super::site::Arrival;
use super::token;
use super::{App, cookie};
use crate::config::{SHORT_SECRET_BYTES, Scope};

/// Who looks at a page, and what they may do there.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    pub(super) caller: Caller,
    scope: Option<Scope>,
    may_ping: bool,
    /// They signed in.
    pub(super) session: Option<Session>,
    /// There is a token to sign in with.
    pub(super) may_sign_in: bool,
}

impl Viewer {
    /// Who sends this request; or what a program is told whose token is none.
    pub(super) fn of(app: &App, arrival: Arrival, parts: &Parts) -> Result<Viewer, Problem> {
        let access = app.access();
        let may_sign_in = access.tokens.any();
        let without_key = access.ping_keys.admit(None);
        let all_may_ping = matches!(without_key, Admission::Open | Admission::Tolerated);
        let known = |caller, scope, session| Viewer {
            caller,
            scope: Some(scope),
            may_ping: all_may_ping || scope.covers(Scope::Ping),
            session,
            may_sign_in,
        };
        if let Some(user) = arrival.user {
            return Ok(known(Caller::User(user), Scope::Write, None));
        }
        let header = parts.headers.get(AUTHORIZATION);
        let token = match auth::bearer(header).filter(|_| may_sign_in) {
            Some(given) => Some(token::judge(app, &access.tokens, given, arrival.source).known()?),
            None => by_password(&access.tokens, header),
        };
        if let Some(token) = token {
            return Ok(known(Caller::Token(token.name.clone()), token.scope, None));
        }
        if let Some(session) = session(app, parts) {
            return Ok(known(Caller::Token(session.token.clone()), session.scope, Some(session)));
        }
        Ok(Viewer {
            caller: Caller::Anybody,
            scope: access.openness.may_read.then_some(Scope::Read),
            may_ping: all_may_ping,
            session: None,
            may_sign_in,
        })
    }

    /// Whether they may do what needs this scope.
    pub(super) fn may(&self, needed: Scope) -> bool {
        self.scope.is_some_and(|scope| scope.covers(needed)) || (needed == Scope::Ping && self.may_ping)
    }

    /// What their forms send back (23.4).
    pub(super) fn form(&self) -> &str {
        self.session.as_ref().map_or("", |session| session.form.as_str())
    }

    /// Whether a form that sends this back was theirs. Where nobody signed in, its origin is what counts.
    pub(super) fn made(&self, form: &str) -> bool {
        self.session.as_ref().is_none_or(|session| session.made(form))
    }

    /// Whether it is known by whom what they do is done.
    pub(super) fn is_known(&self) -> bool {
        self.caller != Caller::Anybody
    }
}

/// The token that somebody sends as their password, whatever the user's name (browsers, Prometheus). A wrong one is as good
/// as none, and is not counted: a proxy's own passwords come with all that it passes on. So a short one is none either, or
/// it could be guessed.
fn by_password<'t>(tokens: &'t Tokens, header: Option<&HeaderValue>) -> Option<KnownToken<'t>> {
    let password = auth::password(header).filter(|password| password.len() >= SHORT_SECRET_BYTES)?;
    tokens.find(&password)
}

/// So many cookies of one name are looked at.
const MAX_COOKIES: usize = 4;

/// The session that the request's cookie is of.
pub(super) fn session(app: &App, parts: &Parts) -> Option<Session> {
    let name = cookie::name(&app.external_url);
    let cookies = parts.headers.get_all(COOKIE).iter().filter_map(|header| HeaderValue::to_str(header).ok());
    let values = cookies.flat_map(|header| header.split(';')).filter_map(|pair| {
        let (other, value) = pair.trim().split_once('=')?;
        (other == name).then_some(value)
    });
    let (secret, access, now) = (app.services.live.secret()?, app.access(), app.services.clock.now());
    // A neighbour on the same host may have set one of the same name.
    let mut few = values.take(MAX_COOKIES);
    few.find_map(|cookie| Session::read(&secret, &access.tokens, cookie, now))
}
