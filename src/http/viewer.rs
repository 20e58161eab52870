//! Who looks at a page, and what they may do there (§23).

use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::http::request::Parts;

use super::auth::{self, Admission, KnownToken, Tokens};
use super::caller::Caller;
use super::hash::are_equal;
use super::person::KnownPerson;
use super::problem::Problem;
use super::session::Session;
use super::site::Arrival;
use super::token;
use super::{App, cookie};
use crate::app::KnownBy;
use crate::config::{Limit, SHORT_SECRET_BYTES, Scope};
use crate::core::check::Definition;

/// What shows that a form is of a page that was made for whoever sends it (23.4a).
#[derive(Clone, Debug)]
enum Proof {
    /// Nothing: a browser adds nothing by itself by which they are known, so that the form's origin is enough.
    Origin,
    /// What it sends back.
    Text(String),
    /// Nothing can: the database's secret could not be read.
    Impossible,
}

impl Proof {
    fn of(text: Option<String>) -> Proof {
        text.map_or(Proof::Impossible, Proof::Text)
    }
}

/// Who looks at a page, and what they may do there.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    pub(super) caller: Caller,
    scope: Option<Scope>,
    may_ping: bool,
    /// They signed in.
    pub(super) session: Option<Session>,
    form: Proof,
    /// The checks that they may ping, if it is not every check.
    limit: Option<Limit>,
    /// There is a token to sign in with.
    pub(super) may_sign_in: bool,
}

impl Viewer {
    /// Who sends this request; or what a program is told whose token is none.
    pub(super) fn of(
        app: &App,
        arrival: Arrival,
        parts: &Parts,
        person: Option<&KnownPerson>,
    ) -> Result<Viewer, Problem> {
        let access = app.access();
        let may_sign_in = access.tokens.any();
        let without_key = access.ping_keys.admit(None);
        let all_may_ping = matches!(without_key, Admission::Open | Admission::Tolerated);
        let known = |caller, scope, session| Viewer {
            caller,
            scope: Some(scope),
            may_ping: all_may_ping || scope.covers(Scope::Ping),
            session,
            form: Proof::Origin,
            limit: None,
            may_sign_in,
        };
        let secret = || app.services.live.secret();
        let known_by_name = |person: &KnownPerson| Viewer {
            form: Proof::of(secret().map(|secret| Session::form_of(&secret, person))),
            ..known(Caller::Person(person.name.clone(), person.by), person.scope, None)
        };
        if let Some(user) = arrival.user {
            return Ok(known(Caller::User(user), Scope::Write, None));
        }
        // 22.1b: before whatever else is shown.
        if let Some(person) = person.filter(|person| person.by == KnownBy::Proxy) {
            return Ok(known_by_name(person));
        }
        let header = parts.headers.get(AUTHORIZATION);
        let known_by_token = |token: &KnownToken<'_>, form| {
            // Nobody may do less than anybody.
            let limit = token.limit.filter(|_| !all_may_ping).cloned();
            Viewer { form, limit, ..known(Caller::Token(token.name.clone()), token.scope, None) }
        };
        if let Some(given) = auth::bearer(header).filter(|_| may_sign_in) {
            let token = token::judge(app, &access.tokens, given, arrival.source).known()?;
            return Ok(known_by_token(&token, Proof::Origin));
        }
        if let Some(token) = by_password(&access.tokens, header) {
            let form = secret().map(|secret| Session::form_of_token(&secret, &token));
            return Ok(known_by_token(&token, Proof::of(form)));
        }
        if let Some(session) = session(app, parts) {
            return Ok(known(Caller::Token(session.token.clone()), session.scope, Some(session)));
        }
        if let Some(person) = person {
            return Ok(known_by_name(person));
        }
        Ok(Viewer {
            caller: Caller::Anybody,
            scope: access.openness.may_read.then_some(Scope::Read),
            may_ping: all_may_ping,
            session: None,
            form: Proof::Origin,
            limit: None,
            may_sign_in,
        })
    }

    /// Whether they may do what needs this scope.
    pub(super) fn may(&self, needed: Scope) -> bool {
        self.scope.is_some_and(|scope| scope.covers(needed)) || (needed == Scope::Ping && self.may_ping)
    }

    /// What their forms send back (23.4).
    pub(super) fn form(&self) -> &str {
        match (&self.session, &self.form) {
            (Some(session), _) => &session.form,
            (None, Proof::Text(text)) => text,
            (None, Proof::Origin | Proof::Impossible) => "",
        }
    }

    /// Whether they may ping this check (23.1d).
    pub(super) fn may_affirm(&self, definition: &Definition) -> bool {
        self.may(Scope::Ping) && self.limit.as_ref().is_none_or(|limit| limit.admits(definition))
    }

    /// Whether a form that sends this back was theirs.
    pub(super) fn made(&self, form: &str) -> bool {
        match (&self.session, &self.form) {
            (Some(session), _) => session.made(form),
            (None, Proof::Origin) => true,
            (None, Proof::Text(text)) => are_equal(text.as_bytes(), form.as_bytes()),
            (None, Proof::Impossible) => false,
        }
    }

    /// The name that they are known by without a token.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.caller {
            Caller::Person(name, _) => Some(name),
            _ => None,
        }
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

/// The session that the request's cookie is of.
pub(super) fn session(app: &App, parts: &Parts) -> Option<Session> {
    let (name, now) = (cookie::name(&app.external_url), app.services.clock.now());
    let mut few = cookie::values(parts, &name).peekable();
    few.peek()?;
    let (secret, access) = (app.services.live.secret()?, app.access());
    few.find_map(|cookie| Session::read(&secret, &access.tokens, cookie, now))
}
