//! What a token is worth that somebody shows: in a header, or in the form to sign in.

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use hyper::StatusCode;
use hyper::header::HeaderValue;

use super::App;
use super::auth::{KnownToken, Tokens};
use super::guesses::Guesses;
use super::problem::Problem;

/// What a shown token is worth.
pub(super) enum TokenWorth<'t> {
    Known(KnownToken<'t>),
    /// It is not ours.
    Wrong,
    /// Too many wrong ones came from there: what is shown is not looked at.
    HeldOff,
}

/// Judges a token that was shown from this address. A wrong one is counted and logged.
pub(super) fn judge<'t>(app: &App, tokens: &'t Tokens, given: &[u8], source: IpAddr) -> TokenWorth<'t> {
    let (known, now) = (tokens.find(given), app.services.clock.now());
    if !app.guessed.admits((given, known.is_some()), source, now) {
        return TokenWorth::HeldOff;
    }
    let Some(known) = known else {
        app.services.counters.own.wrong_tokens.fetch_add(1, Ordering::Relaxed);
        if app.guessed.note(source, now) {
            tracing::warn!(%source, "a token was shown that is not known");
        }
        return TokenWorth::Wrong;
    };
    TokenWorth::Known(known)
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
            TokenWorth::HeldOff => {
                let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, TOO_MANY);
                Err(problem.with_retry_after(Guesses::RETRY_AFTER_SECS))
            }
        }
    }
}

const TOO_MANY: &str = "too many wrong tokens came from this address: try again in a minute";
