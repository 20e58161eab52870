//! Passwords of people (23.9f).

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::person::{KnownPerson, Passwords};
use super::{App, auth};
use crate::app::KnownBy;
use crate::config::SHORT_SECRET_BYTES;
use crate::core::secret::Secret;

/// What a password is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PasswordVerdict {
    /// None was shown, or nobody has any; or a token was shown in its place.
    NoPassword,
    Right(KnownPerson),
    /// Nobody has this name and this password.
    Wrong,
    /// Its address has shown too many wrong ones.
    HeldOff,
    /// Too many are being looked at.
    Busy,
}

/// Judges the password that a request shows. What was right lately costs nothing; anything else has its turn on a thread of its
/// own.
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
    let admits = |is_right| {
        let now = app.services.clock.now();
        app.guessed.admits((&password, is_right), source, now)
    };
    let mut is_right = named.is_some() && app.passwords.remembers(&key);
    if !admits(is_right) {
        return PasswordVerdict::HeldOff;
    }
    if !is_right {
        let turn = timeout(Passwords::PATIENCE, app.passwords.room.take(source, 1)).await;
        let Ok(_turn) = turn else { return PasswordVerdict::Busy };
        // Others of its address may have been wrong meanwhile.
        if !admits(false) {
            return PasswordVerdict::HeldOff;
        }
        let (hash, password) = (hash.clone(), password.clone());
        let looked_at = move || bcrypt::verify(password, hash.expose()).is_ok_and(|is_right| is_right);
        is_right = tokio::task::spawn_blocking(looked_at).await.unwrap_or(false) && named.is_some();
    }
    match named.filter(|_| is_right) {
        Some((name, _, scope)) => {
            app.passwords.remember(key);
            PasswordVerdict::Right(KnownPerson { name: name.clone(), scope: *scope, by: KnownBy::Password })
        }
        None => {
            app.services.counters.own.wrong_passwords.fetch_add(1, Ordering::Relaxed);
            if app.guessed.note(source, app.services.clock.now()) {
                tracing::warn!(%source, "a password was shown that is wrong");
            }
            PasswordVerdict::Wrong
        }
    }
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
