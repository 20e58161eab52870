//! Passwords of people (23.9f).

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::header::{AUTHORIZATION, HeaderValue, SET_COOKIE};
use hyper::http::request::Parts;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::guesses::{Credential, NotedGuess};
use super::hash::are_equal;
use super::person::{KnownPerson, Passwords};
use super::reply::Reply;
use super::session::Session;
use super::visit::Visit;
use super::{App, auth, cookie};
use crate::app::KnownBy;
use crate::config::{SHORT_SECRET_BYTES, Scope};
use crate::core::secret::Secret;
use crate::core::time::Span;

/// So long a browser is known after its person has shown their password there for the first time.
const BROWSER_LASTS: Span = Span::mins(30 * 24 * 60);

/// What a password is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PasswordVerdict {
    /// None was shown, or nobody has any; or a token was shown in its place.
    NoPassword,
    Right(KnownPerson),
    /// Nobody has this name and this password.
    Wrong,
    /// Its address has shown too many wrong ones of this name, or of all.
    HeldOff,
    /// Too many are being looked at.
    Busy,
}

/// Judges the password that a request shows. What was right or wrong lately costs nothing; anything else has its turn on a thread
/// of its own. A browser that its person has used is always listened to, whoever guesses beside it.
pub(super) async fn judge(app: &App, source: IpAddr, parts: &Parts) -> PasswordVerdict {
    let access = app.access();
    let shown = if access.people.any() { auth::basic(parts.headers.get(AUTHORIZATION)) } else { None };
    let Some((name, password)) = shown else { return PasswordVerdict::NoPassword };
    // A token may stand in its place (23.3).
    if password.len() >= SHORT_SECRET_BYTES && access.tokens.find(&password).is_some() {
        return PasswordVerdict::NoPassword;
    }
    let named = access.people.0.iter().find(|(other, ..)| other.as_bytes() == name);
    // Of a name that nobody has it must not be seen that nobody has it: it takes as long.
    let (_, hash, _) = named.unwrap_or(&access.people.0[0]);
    let key = key(&name, hash, &password);
    let (guessed, guess) = (&app.guessed, Credential::Password(&name, &key));
    let now = || app.services.clock.now();
    let is_known = named.is_some_and(|person| is_browser_of(app, parts, person));
    let is_remembered = named.is_some_and(|(name, ..)| app.passwords.remembers(name, &key));
    let is_listened_to = || match is_remembered {
        // What others guess of other names is no matter of theirs; nobody guesses a long one.
        true => password.len() >= SHORT_SECRET_BYTES || guessed.listens_to_name(&name, source, now()),
        false => guessed.listens_to(guess, source, now()),
    };
    if !is_known && !is_listened_to() {
        return PasswordVerdict::HeldOff;
    }
    let mut is_right = is_remembered;
    if !is_right && !guessed.was_wrong(guess, source, now()) {
        let turn = timeout(Passwords::PATIENCE, app.passwords.room.take(source, 1)).await;
        let Ok(_turn) = turn else { return PasswordVerdict::Busy };
        // Others of its address may have been wrong meanwhile.
        if !is_known && !is_listened_to() {
            return PasswordVerdict::HeldOff;
        }
        is_right = fits(&password, hash).await && named.is_some();
    }
    let Some((name, _, scope)) = named.filter(|_| is_right) else {
        return noted(app, guessed.note(guess, source, now()), source);
    };
    app.passwords.remember(name, key);
    PasswordVerdict::Right(KnownPerson { name: name.clone(), scope: *scope, by: KnownBy::Password })
}

/// Whether this is the password of somebody who has shown it lately. Of the others there are only hashes.
pub(super) fn is_remembered(app: &App, shown: &[u8]) -> bool {
    let access = app.access();
    let is_of = |(name, hash, _): &(Arc<str>, Secret, Scope)| {
        app.passwords.remembers(name, &key(name.as_bytes(), hash, shown))
    };
    access.people.0.iter().any(is_of)
}

/// Whether a password fits a hash. On a thread of its own.
async fn fits(password: &[u8], hash: &Secret) -> bool {
    let (password, hash) = (password.to_vec(), hash.clone());
    let looked_at = move || bcrypt::verify(password, hash.expose()).is_ok_and(|is_right| is_right);
    tokio::task::spawn_blocking(looked_at).await.unwrap_or(false)
}

/// What is said to a wrong one. It is counted and logged.
fn noted(app: &App, noted: NotedGuess, source: IpAddr) -> PasswordVerdict {
    let NotedGuess::Counted { is_logged } = noted else { return PasswordVerdict::HeldOff };
    app.services.counters.own.wrong_passwords.fetch_add(1, Ordering::Relaxed);
    if is_logged {
        tracing::warn!(%source, "a password was shown that is wrong");
    }
    PasswordVerdict::Wrong
}

/// Whether this browser has shown a right password of this person before.
fn is_browser_of(app: &App, parts: &Parts, (name, hash, _): &(Arc<str>, Secret, Scope)) -> bool {
    let Some(secret) = app.services.live.secret() else { return false };
    let (own, cookie) = (Session::browser_of(&secret, name, hash), cookie::of_browser(&app.external_url));
    let mut few = cookie::values(parts, &cookie);
    few.any(|value| are_equal(value.as_bytes(), own.as_bytes()))
}

/// Has the browser of somebody whose password was right say so from now on: then nobody who guesses at its address shuts it out.
pub(super) fn with_browser(visit: Visit<'_>, person: Option<&KnownPerson>, mut reply: Reply) -> Reply {
    let cookie = person.filter(|person| person.by == KnownBy::Password).and_then(|person| {
        let access = visit.app.access();
        let named = access.people.0.iter().find(|(name, ..)| *name == person.name)?;
        if is_browser_of(visit.app, visit.parts, named) { None } else { browser_cookie(visit, named) }
    });
    if let Some(cookie) = cookie {
        reply.headers_mut().append(SET_COOKIE, cookie);
    }
    reply
}

fn browser_cookie(visit: Visit<'_>, (name, hash, _): &(Arc<str>, Secret, Scope)) -> Option<HeaderValue> {
    let url = &visit.app.external_url;
    let value = Session::browser_of(&*visit.app.services.live.secret()?, name, hash);
    let set = cookie::set(url, visit.is_secure, (&cookie::of_browser(url), &value), BROWSER_LASTS);
    HeaderValue::from_str(&set).ok()
}

/// What a password that was right is remembered by: another hash of the same name is another.
fn key(name: &[u8], hash: &Secret, password: &[u8]) -> [u8; 32] {
    let mut key = Sha256::new();
    for part in [name, hash.expose().as_bytes(), password] {
        key.update((part.len() as u64).to_be_bytes());
        key.update(part);
    }
    key.finalize().into()
}
