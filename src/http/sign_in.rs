//! Signing in with a token, and out (23.3).

use std::borrow::Cow;
use std::sync::Arc;

use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{HeaderValue, LOCATION, ORIGIN, SET_COOKIE};

use super::form::{self, Form};
use super::guesses::Guesses;
use super::reply::{self, Reply};
use super::session::Session;
use super::token::{self, TokenWorth};
use super::viewer::Viewer;
use super::visit::Visit;
use super::waits::{self, NoTurn};
use super::{cookie, pages};
use crate::app::{Actor, Entrance, audit};
use crate::config::Scope;
use crate::core::audit::AuditKind;
use crate::core::time::Span;

const NO_SUCH: &str = "This token is not known. Those that are stand under auth.tokens of the configuration.";
const SEES_NOTHING: &str =
    "This token is good for pings alone: sign in with one of scope read, operate or write.";
const TOO_MANY: &str = "Too many wrong tokens came from this address: try again in a minute.";
const NO_SECRET: &str = "Nobody can sign in now: the database could not be read. The log says why.";

/// Answers `POST /sign-in`: a session for whoever has a token, and on to the page that they came for.
pub(super) async fn answer(visit: Visit<'_>, viewer: &Viewer, body: Incoming) -> Reply {
    let form = match form::read(visit, body).await {
        Ok(form) => form,
        Err(refusal) => return *refusal,
    };
    let waited = waits::over(token::wait_of(visit.app, token_of(&form), visit.source)).await;
    let held_off = |NoTurn| (StatusCode::TOO_MANY_REQUESTS, TOO_MANY.into());
    match waited.map_err(held_off).and_then(|()| begin(visit, &form)) {
        Ok((token, cookie)) => {
            keep(visit, token, AuditKind::SignIn).await;
            moved(&onwards(form.get("to")), Some(&cookie))
        }
        Err((status, why)) => {
            let reply = pages::sign_in(visit.app, viewer, form.get("to"), Some((status, &*why)));
            let waits = status == StatusCode::TOO_MANY_REQUESTS;
            if waits { reply::with_retry_after(reply, Guesses::RETRY_AFTER_SECS) } else { reply }
        }
    }
}

fn token_of(form: &Form) -> &[u8] {
    form.get("token").trim().as_bytes()
}

/// The token and the cookie of a new session, or why there is none.
fn begin(visit: Visit<'_>, form: &Form) -> Result<(Arc<str>, String), (StatusCode, Cow<'static, str>)> {
    let Visit { app, source, .. } = visit;
    let access = app.access();
    let known = match token::judge(app, &access.tokens, token_of(form), source) {
        TokenWorth::Known(known) => known,
        TokenWorth::Wrong => return Err((StatusCode::FORBIDDEN, NO_SUCH.into())),
        TokenWorth::HeldOff => return Err((StatusCode::TOO_MANY_REQUESTS, TOO_MANY.into())),
    };
    if !known.scope.covers(Scope::Read) {
        return Err((StatusCode::FORBIDDEN, SEES_NOTHING.into()));
    }
    let origin = visit.parts.headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    if !cookie::is_kept(&app.external_url, origin) {
        // It would lead from here to here without a word.
        let url = &app.external_url;
        let why = format!("Sign in at {url}: your browser would keep no session of {url} at {origin}.");
        return Err((StatusCode::FORBIDDEN, why.into()));
    }
    let secret = app.services.live.secret().ok_or((StatusCode::SERVICE_UNAVAILABLE, NO_SECRET.into()))?;
    let (session, value) = Session::begin(&secret, &known, app.services.clock.now());
    tracing::info!(token = &*session.token, %source, "somebody signed in");
    Ok((session.token, set_cookie(visit, &value, Session::LASTS)))
}

/// The cookie of a session; of nothing and for no time, it is over.
fn set_cookie(visit: Visit<'_>, value: &str, lasts: Span) -> String {
    let url = &visit.app.external_url;
    cookie::set(url, visit.is_secure, (&cookie::name(url), value), lasts)
}

/// Keeps who it was (22.10).
async fn keep(visit: Visit<'_>, token: Arc<str>, what: AuditKind) {
    let door = Entrance::Page { token: Some(token), source: visit.source };
    audit::keep(&visit.app.services, &Actor { said: None, door }, what).await;
}

/// Answers `POST /sign-out`.
pub(super) async fn end(visit: Visit<'_>, viewer: &Viewer, body: Incoming) -> Reply {
    match form::read(visit, body).await {
        Err(refusal) => *refusal,
        Ok(form) if !viewer.made(form.get("form")) => form::of_another_session().reply(),
        Ok(_) => {
            if let Some(session) = &viewer.session {
                keep(visit, session.token.clone(), AuditKind::SignOut).await;
            }
            moved("./", Some(&set_cookie(visit, "", Span::ZERO)))
        }
    }
}

/// On to another page, which is asked for by GET.
pub(super) fn moved(to: &str, cookie: Option<&str>) -> Reply {
    let mut reply = reply::text(StatusCode::SEE_OTHER, String::new());
    let location = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("./"));
    reply.headers_mut().insert(LOCATION, location);
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(cookie).ok()) {
        reply.headers_mut().insert(SET_COOKIE, cookie);
    }
    reply
}

/// The address of a page of ours, as seen from `/sign-in`: whatever is asked for, no other server's.
fn onwards(to: &str) -> String {
    let is_plain = to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_ours = is_plain && !to.starts_with('/') && to.len() <= form::MAX_BYTES;
    format!("./{}", if is_ours { to } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_signs_in_goes_on_to_a_page_of_ours() {
        let check = |to: &str, expected: &str| assert_eq!(onwards(to), expected, "{to}");
        check("", "./");
        check("?q=team%3Ddba", "./?q=team%3Ddba");
        check("checks/nightly?before=3", "./checks/nightly?before=3");
        // `./` before it makes a path of it.
        check("https://evil.example/", "./https://evil.example/");
        for elsewhere in
            ["/", "//evil.example", "\\\\evil.example", "a\\b", "a\r\nSet-Cookie: x=y", "a b", "ä"]
        {
            check(elsewhere, "./");
        }
    }
}
