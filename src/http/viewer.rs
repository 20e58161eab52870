//! Who looks at a page, and what they may do there (§23).

use std::sync::Arc;

use hyper::header::{AUTHORIZATION, COOKIE, HeaderValue};
use hyper::http::request::Parts;

use super::App;
use super::auth::{self, Admission};
use super::caller::Caller;
use super::guesses;
use super::session::Session;
use super::site::{self, Arrival};
use crate::config::Scope;

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
    /// Who sends this request. What is shown and is not right is as good as nothing: a proxy's own passwords come with all that
    /// it passes on.
    pub(super) fn of(app: &App, arrival: Arrival, parts: &Parts) -> Viewer {
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
            return known(Caller::User(user), Scope::Write, None);
        }
        if let Some((name, scope)) = shown_token(app, arrival, parts) {
            return known(Caller::Token(name), scope, None);
        }
        if let Some(session) = session(app, parts) {
            return known(Caller::Token(session.token.clone()), session.scope, Some(session));
        }
        Viewer {
            caller: Caller::Anybody,
            scope: access.openness.may_read.then_some(Scope::Read),
            may_ping: all_may_ping,
            session: None,
            may_sign_in,
        }
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

/// The token that stands in a header of the request: as such, or as the password of whatever user (browsers, Prometheus).
fn shown_token(app: &App, arrival: Arrival, parts: &Parts) -> Option<(Arc<str>, Scope)> {
    let header = parts.headers.get(AUTHORIZATION);
    let password = auth::password(header);
    let given = auth::bearer(header).or(password.as_deref())?;
    let access = app.access();
    let known = access.tokens.find(given);
    let (source, now) = (arrival.source, app.services.clock.now());
    let is_right = known.is_some();
    let admitted = app.guessed.on_pages.admits((given, is_right), source, now);
    if access.tokens.any() && !is_right {
        guesses::wrong_token(&app.services, &app.guessed.on_pages, source, now);
    }
    known.filter(|_| admitted).map(|known| (known.name.clone(), known.scope))
}

/// So many cookies of one name are looked at.
const MAX_COOKIES: usize = 4;

/// The session that the request's cookie is of.
pub(super) fn session(app: &App, parts: &Parts) -> Option<Session> {
    let name = site::cookie_name(&app.external_url);
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
