//! Sessions of people who signed in with a token (23.3): all of one stands in its cookie, signed.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::auth::{KnownToken, Tokens};
use super::hash::are_equal;
use super::person::KnownPerson;
use crate::config::Scope;
use crate::core::secret::Secret;
use crate::core::time::{Span, Time};

/// Of somebody who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// The name of the token.
    pub(super) token: Arc<str>,
    pub(super) scope: Scope,
    /// What its forms send back, so that no page but ours can make them (23.4).
    pub(super) form: String,
}

impl Session {
    /// So long it lasts.
    pub(super) const LASTS: Span = Span::mins(12 * 60);
    /// A longer cookie is none of ours, in bytes.
    const MAX_BYTES: usize = 1024;

    /// A new one, and its cookie's value.
    pub(super) fn begin(secret: &Secret, known: &KnownToken<'_>, now: Time) -> (Session, String) {
        let mac = sign(secret, known, now.as_ms());
        let name = BASE64_URL_SAFE_NO_PAD.encode(known.name.as_bytes());
        let value = format!("{name}.{}.{}", now.as_ms(), BASE64_URL_SAFE_NO_PAD.encode(&mac));
        (Session::of(secret, known, &mac), value)
    }

    /// The session of a cookie; `None`: it is not ours, is over, or its token is another by now or none.
    pub(super) fn read(secret: &Secret, tokens: &Tokens, cookie: &str, now: Time) -> Option<Session> {
        if cookie.len() > Session::MAX_BYTES {
            return None;
        }
        let mut parts = cookie.split('.');
        let (name, began_at, mac) = (parts.next()?, parts.next()?, parts.next()?);
        let name = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(name).ok()?).ok()?;
        let (began_at_ms, given) = (began_at.parse().ok()?, BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?);
        let known = tokens.named(&name)?;
        mac_of(secret, &known, began_at_ms).verify_slice(&given).ok()?;
        let began_at = Time::from_ms(began_at_ms);
        // A clock that was set back ends it, too.
        let lasts = (began_at..began_at + Session::LASTS).contains(&now) && parts.next().is_none();
        lasts.then(|| Session::of(secret, &known, &given))
    }

    fn of(secret: &Secret, known: &KnownToken<'_>, mac: &[u8]) -> Session {
        let form = secret.signs("form").chain_update(mac).finalize().into_bytes();
        let form = BASE64_URL_SAFE_NO_PAD.encode(form);
        Session { token: known.name.clone(), scope: known.scope, form }
    }

    /// What forms of somebody send back who is known without a session.
    pub(super) fn form_of(secret: &Secret, person: &KnownPerson) -> String {
        let mac = secret.signs("person").chain_update(person.by.as_str()).chain_update(b"\0");
        BASE64_URL_SAFE_NO_PAD.encode(mac.chain_update(person.name.as_bytes()).finalize().into_bytes())
    }

    /// What forms of somebody send back whose browser shows a token as a password: it does so by itself, whichever page has it
    /// send a form.
    pub(super) fn form_of_token(secret: &Secret, known: &KnownToken<'_>) -> String {
        let mac = secret.signs("token").chain_update(known.fingerprint());
        BASE64_URL_SAFE_NO_PAD.encode(mac.chain_update(known.name.as_bytes()).finalize().into_bytes())
    }

    /// What a browser says that has shown the password of this name and hash: no word of it, and good for nothing by itself.
    pub(super) fn browser_of(secret: &Secret, name: &str, hash: &Secret) -> String {
        let mac = secret.signs("browser").chain_update(name).chain_update(b"\0");
        let mac = mac.chain_update(hash.expose()).finalize().into_bytes();
        BASE64_URL_SAFE_NO_PAD.encode(mac)
    }

    /// Whether a form of this session's pages was sent; compared without an early end.
    pub(super) fn made(&self, form: &str) -> bool {
        are_equal(self.form.as_bytes(), form.as_bytes())
    }
}

fn sign(secret: &Secret, known: &KnownToken<'_>, began_at_ms: i64) -> Vec<u8> {
    mac_of(secret, known, began_at_ms).finalize().into_bytes().to_vec()
}

/// A token of the same name that is another text makes another one.
fn mac_of(secret: &Secret, known: &KnownToken<'_>, began_at_ms: i64) -> Hmac<Sha256> {
    let token = secret.signs("session").chain_update(known.fingerprint());
    token.chain_update(began_at_ms.to_be_bytes()).chain_update(known.name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Token;

    fn now() -> Time {
        Time::from_secs(1_800_000_000)
    }

    fn tokens(tokens: &[(&str, Scope, &str)]) -> Tokens {
        let token = |(name, scope, text): &(&str, Scope, &str)| Token {
            name: (*name).to_owned(),
            scope: *scope,
            token: Secret::new(*text),
            checks: None,
        };
        Tokens::new(&tokens.iter().map(token).collect::<Vec<_>>())
    }

    fn begin(tokens: &Tokens, secret: &Secret, name: &str) -> (Session, String) {
        Session::begin(secret, &tokens.named(name).expect("it is one"), now())
    }

    /// 23.3
    #[test]
    fn a_session_lasts_twelve_hours_and_as_long_as_its_token() {
        let secret = Secret::new("of the database");
        let both = tokens(&[("on call.1", Scope::Operate, "first"), ("ci", Scope::Write, "other")]);
        let (session, cookie) = begin(&both, &secret, "on call.1");
        let check = |tokens: &Tokens, cookie: &str, after: Span, expected: Option<&Session>| {
            let read = Session::read(&secret, tokens, cookie, now() + after);
            assert_eq!(read.as_ref(), expected, "{cookie} after {after}");
        };
        check(&both, &cookie, Span::ZERO, Some(&session));
        check(&both, &cookie, Span::mins(12 * 60) - Span::ms(1), Some(&session));
        check(&both, &cookie, Span::mins(12 * 60), None);
        check(&both, &cookie, Span::ms(-1), None);
        check(&tokens(&[("on call.1", Scope::Operate, "changed")]), &cookie, Span::ZERO, None);
        check(&tokens(&[("ci", Scope::Write, "first")]), &cookie, Span::ZERO, None);
        check(&Tokens::default(), &cookie, Span::ZERO, None);
        // What the token may is as the configuration says now.
        let less = tokens(&[("on call.1", Scope::Read, "first")]);
        check(&less, &cookie, Span::ZERO, Some(&Session { scope: Scope::Read, ..session }));
    }

    #[test]
    fn no_cookie_but_ours_is_one() {
        let secret = Secret::new("of the database");
        let all = tokens(&[("oncall", Scope::Operate, "first"), ("ci", Scope::Write, "other")]);
        let (_, cookie) = begin(&all, &secret, "oncall");
        let parts: Vec<&str> = cookie.split('.').collect();
        let (_, of_ci) = begin(&all, &secret, "ci");
        let ci = of_ci.split('.').next().expect("a name");
        let later = (now() + Span::mins(1)).as_ms();
        for forged in [
            "",
            ".",
            "..",
            &format!("{ci}.{}.{}", parts[1], parts[2]),
            &format!("{}.{later}.{}", parts[0], parts[2]),
            &format!("{}.{}.", parts[0], parts[1]),
            &format!("{}.{}.{}", parts[0], parts[1], &parts[2][1..]),
            &format!("{cookie}."),
            &format!("{cookie}.x"),
            &cookie.to_uppercase(),
            &"a".repeat(5000),
        ] {
            assert_eq!(Session::read(&secret, &all, forged, now()), None, "{forged}");
        }
        assert_eq!(Session::read(&Secret::new("of another"), &all, &cookie, now()), None);
    }

    /// 23.4
    #[test]
    fn a_form_is_of_its_session_alone() {
        let secret = Secret::new("of the database");
        let all = tokens(&[("oncall", Scope::Operate, "first"), ("ci", Scope::Write, "other")]);
        let ((oncall, cookie), (ci, _)) = (begin(&all, &secret, "oncall"), begin(&all, &secret, "ci"));
        assert!(oncall.made(&oncall.form) && !oncall.made(&ci.form) && !oncall.made(""));
        let mac = cookie.split('.').next_back().expect("a signature");
        assert!(!oncall.made(mac), "the cookie's own signature is no form's");
    }
}
