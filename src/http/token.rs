//! What a token is worth that somebody shows: in a header, or in the form to sign in. Wrong keys of pings are counted with them.

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use hyper::StatusCode;
use hyper::header::HeaderValue;

use super::App;
use super::auth::{KnownToken, Tokens};
use super::guesses::{Credential, Guesses, NotedGuess};
use super::problem::Problem;
use super::waits::Wait;

/// What a shown token is worth.
pub(super) enum TokenWorth<'t> {
    Known(KnownToken<'t>),
    /// It is not ours.
    Wrong,
    /// It is not ours, and too many such came from there.
    HeldOff,
}

/// What to wait for before it is said what a token or a key is worth, where that makes guessing slow: what is right is taken
/// then, for behind a proxy, or in an office, all have one address.
pub(super) fn wait_of(app: &App, shown: &[u8], source: IpAddr) -> Option<Wait> {
    app.guessed.wait(shown, source, app.services.clock.now())
}

/// What a program is told whose token is not looked at.
pub(super) fn held_off() -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, TOO_MANY).with_retry_after(Guesses::RETRY_AFTER_SECS)
}

/// Judges a token that was shown from this address, after [`wait_of`]. A wrong one is counted and logged.
pub(super) fn judge<'t>(app: &App, tokens: &'t Tokens, given: &[u8], source: IpAddr) -> TokenWorth<'t> {
    if let Some(known) = tokens.find(given) {
        return TokenWorth::Known(known);
    }
    match app.guessed.note(Credential::Secret(given), source, app.services.clock.now()) {
        NotedGuess::HeldOff => TokenWorth::HeldOff,
        NotedGuess::Counted { is_logged } => {
            app.services.counters.own.wrong_tokens.fetch_add(1, Ordering::Relaxed);
            if is_logged {
                tracing::warn!(%source, "a token was shown that is not known");
            }
            TokenWorth::Wrong
        }
    }
}

/// Counts a ping's wrong key as a guess. It is answered as any wrong one: what is right has been taken, so that it says nothing
/// more that too many came.
pub(super) fn note_wrong_key(app: &App, given: &[u8], source: IpAddr) {
    let noted = app.guessed.note(Credential::Secret(given), source, app.services.clock.now());
    if noted == (NotedGuess::Counted { is_logged: true }) {
        tracing::warn!(%source, "a ping key was shown that is not known");
    }
}

impl<'t> TokenWorth<'t> {
    /// The token, or what a program is told that showed none of ours.
    pub(super) fn known(self) -> Result<KnownToken<'t>, Problem> {
        match self {
            TokenWorth::Known(known) => Ok(known),
            TokenWorth::Wrong => {
                let detail =
                    "this token is not known: `auth.tokens` of the configuration has the ones that are";
                let challenge =
                    HeaderValue::from_static("Bearer realm=\"punctual\", error=\"invalid_token\"");
                Err(Problem::new(StatusCode::UNAUTHORIZED, detail).with_challenge(challenge))
            }
            TokenWorth::HeldOff => Err(held_off()),
        }
    }
}

const TOO_MANY: &str = "too many wrong tokens came from this address: try again in a minute";
