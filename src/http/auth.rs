//! Who may do what: ping keys, tokens and the keys of other systems' interfaces, several at a time so that they can be
//! changed without a gap. Only hashes are kept, and comparing takes a time that does not depend on what is right.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

use super::compat_doors::CompatDoors;
use super::hash::Hash;
use super::person::People;
use super::rate::Rate;
use super::secrets::Secrets;
use crate::config::{Config, Limit, Openness, PingKey, Proxy, Scope, Token};
use crate::core::time::Time;

/// Everything that is asked for at the doors: replaced as a whole when the configuration is read again.
#[derive(Debug, Default)]
pub struct Access {
    /// For pings.
    pub ping_keys: PingKeys,
    /// For the API and for pages.
    pub tokens: Tokens,
    /// For pages, by a password.
    pub people: People,
    /// The proxy in front, if it is to be believed.
    pub proxy: Option<Proxy>,
    /// What is open without any of them.
    pub openness: Openness,
    /// How many requests are answered; `None`: as many as come.
    pub rate: Option<Rate>,
    /// Headers of every answer of the network.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// For the interfaces of other systems.
    pub compat: CompatDoors,
    /// All of these and others that are no names.
    pub secrets: Secrets,
}

impl Access {
    /// As this configuration says.
    pub fn of(config: &Config) -> Access {
        Access {
            ping_keys: PingKeys::new(&config.ping_keys, config.ping_keys_required),
            tokens: Tokens::new(&config.tokens),
            people: People::new(&config.people),
            proxy: config.proxy.clone(),
            openness: config.openness,
            rate: config.web.rate_limit.map(Rate::new),
            headers: config.web.headers.iter().filter_map(header).collect(),
            compat: CompatDoors::new(&config.compat),
            secrets: Secrets::of(config),
        }
    }

    /// When whoever asks now should come again; `None`: they are answered (23.9e).
    pub(super) fn refuses_one_more(&self, now: Time) -> Option<u32> {
        self.rate.as_ref().filter(|rate| !rate.admits(now)).map(Rate::retry_after_secs)
    }

    /// Puts what every answer has onto one that has nothing of that name.
    pub(super) fn add_headers(&self, reply: &mut HeaderMap) {
        for (name, value) in &self.headers {
            if !reply.contains_key(name) {
                reply.insert(name, value.clone());
            }
        }
    }

    /// Whether this is a secret, and no name.
    pub(super) fn is_secret(&self, shown: &[u8]) -> bool {
        self.secrets.has(shown) || self.ping_keys.is_key(shown) || self.tokens.find(shown).is_some()
    }

    /// Judges what a ping shows: a key in its path or header, or a token in its header that is good for pinging.
    pub(super) fn admit_ping(&self, key: Option<&[u8]>, bearer: Option<&[u8]>) -> Admission {
        match (self.ping_keys.admit(key.or(bearer)), key, bearer) {
            (Admission::Wrong, None, Some(token)) => match self.tokens.find(token) {
                Some(known) if known.scope.covers(Scope::Ping) => {
                    Admission::Key(known.name.clone(), known.limit.cloned())
                }
                _ => Admission::Wrong,
            },
            (admission, _, _) => admission,
        }
    }
}

fn header((name, value): &(&'static str, String)) -> Option<(HeaderName, HeaderValue)> {
    Some((name.parse().ok()?, value.parse().ok()?))
}

/// The keys that pings are asked for.
#[derive(Debug, Default)]
pub struct PingKeys {
    keys: Vec<(Arc<str>, Hash, Option<Limit>)>,
    required: bool,
}

/// What a ping's key is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// There are no keys: whoever reaches the port may ping.
    Open,
    /// It has the key of this name, which is good for these checks.
    Key(Arc<str>, Option<Limit>),
    /// It has none, and needs none yet.
    Tolerated,
    /// It has none, and needs one.
    Missing,
    /// It has one that is not ours.
    Wrong,
}

impl PingKeys {
    /// These keys, each with its name. Without any, nothing is required.
    pub fn new(keys: &[PingKey], required: bool) -> PingKeys {
        let hashed = |key: &PingKey| {
            (key.name.as_str().into(), Hash::of(key.key.expose().as_bytes()), key.checks.clone())
        };
        PingKeys { required: required && !keys.is_empty(), keys: keys.iter().map(hashed).collect() }
    }

    /// Whether there are any.
    pub fn any(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Whether this is one of them.
    pub(super) fn is_key(&self, text: &[u8]) -> bool {
        matches!(self.admit(Some(text)), Admission::Key(..))
    }

    /// Judges a ping's key, of which a token is none.
    pub(super) fn admit(&self, given: Option<&[u8]>) -> Admission {
        if self.keys.is_empty() {
            return Admission::Open;
        }
        let Some(given) = given else {
            return if self.required { Admission::Missing } else { Admission::Tolerated };
        };
        let hash = Hash::of(given);
        let mut found = None;
        for (name, key, limit) in &self.keys {
            // No early end among the keys either.
            if key.equals(&hash) {
                found = Some((name, limit));
            }
        }
        found.map_or(Admission::Wrong, |(name, limit)| Admission::Key(name.clone(), limit.clone()))
    }
}

/// The tokens of the API and of pages.
#[derive(Debug, Default)]
pub struct Tokens(Vec<HashedToken>);

#[derive(Debug)]
struct HashedToken {
    name: Arc<str>,
    scope: Scope,
    hash: Hash,
    limit: Option<Limit>,
}

/// A token that there is.
pub(super) struct KnownToken<'t> {
    pub(super) name: &'t Arc<str>,
    pub(super) scope: Scope,
    /// The checks that it may ping; `None`: every check.
    pub(super) limit: Option<&'t Limit>,
    hash: &'t Hash,
}

impl KnownToken<'_> {
    /// Another one for another text; only to be signed.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        self.hash.bytes()
    }
}

impl HashedToken {
    fn known(&self) -> KnownToken<'_> {
        KnownToken { name: &self.name, scope: self.scope, limit: self.limit.as_ref(), hash: &self.hash }
    }
}

impl Tokens {
    /// These tokens.
    pub fn new(tokens: &[Token]) -> Tokens {
        let hashed = |token: &Token| HashedToken {
            name: token.name.as_str().into(),
            scope: token.scope,
            hash: Hash::of(token.token.expose().as_bytes()),
            limit: token.checks.clone(),
        };
        Tokens(tokens.iter().map(hashed).collect())
    }

    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// The token of this name.
    pub(super) fn named(&self, name: &str) -> Option<KnownToken<'_>> {
        self.0.iter().find(|other| *other.name == *name).map(HashedToken::known)
    }

    /// The token that this is. All are compared, without an early end.
    pub(super) fn find(&self, given: &[u8]) -> Option<KnownToken<'_>> {
        let hash = Hash::of(given);
        self.0.iter().fold(None, |found, one| if one.hash.equals(&hash) { Some(one.known()) } else { found })
    }
}

/// What people's browsers send for them: the password of an `Authorization: Basic` header, whatever the user's name.
pub(super) fn password(header: Option<&HeaderValue>) -> Option<Vec<u8>> {
    basic(header).map(|(_, password)| password)
}

/// The user's name and the password of an `Authorization: Basic` header.
pub(super) fn basic(header: Option<&HeaderValue>) -> Option<(Vec<u8>, Vec<u8>)> {
    let (scheme, credentials) = header?.as_bytes().split_at_checked("Basic ".len())?;
    let credentials = scheme.eq_ignore_ascii_case(b"Basic ").then(|| credentials.trim_ascii())?;
    let credentials = BASE64_STANDARD.decode(credentials).ok()?;
    let colon = credentials.iter().position(|byte| *byte == b':')?;
    Some((credentials[..colon].to_vec(), credentials[colon + 1..].to_vec()))
}

/// The token of an `Authorization: Bearer` header.
pub(super) fn bearer(header: Option<&HeaderValue>) -> Option<&[u8]> {
    let (scheme, token) = header?.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Compat, Trigger};
    use crate::core::secret::Secret;

    fn token(name: &str, scope: Scope, text: &str) -> Token {
        Token { name: name.to_owned(), scope, token: Secret::new(text), checks: None }
    }

    fn key(name: &str, text: &str) -> PingKey {
        PingKey { name: name.to_owned(), key: Secret::new(text), checks: None }
    }

    fn of_key(name: &str) -> Admission {
        Admission::Key(name.into(), None)
    }

    #[test]
    fn any_of_several_keys_admits_and_nothing_else_does() {
        let keys = PingKeys::new(&[key("old", "secret-1"), key("new", "secret-2")], true);
        let check = |given: Option<&str>, expected: Admission| {
            assert_eq!(keys.admit(given.map(str::as_bytes)), expected, "{given:?}");
        };
        check(Some("secret-1"), of_key("old"));
        check(Some("secret-2"), of_key("new"));
        check(None, Admission::Missing);
        for wrong in ["", "secret-", "secret-12", "SECRET-1"] {
            check(Some(wrong), Admission::Wrong);
        }
    }

    #[test]
    fn without_keys_all_may_ping_and_while_moving_those_without() {
        assert_eq!(PingKeys::new(&[], true).admit(Some(b"x")), Admission::Open);
        let moving = PingKeys::new(&[key("a", "k")], false);
        assert_eq!(moving.admit(None), Admission::Tolerated);
        assert_eq!(moving.admit(Some(b"x")), Admission::Wrong);
    }

    /// 23.1
    #[test]
    fn a_token_is_good_for_its_scope_and_what_that_covers() {
        let tokens = Tokens::new(&Scope::ALL.map(|scope| token(scope.as_str(), scope, scope.as_str())));
        let check = |given: &str, good_for: &[Scope]| {
            let found = tokens.find(given.as_bytes());
            let covers = |needed: &Scope| found.as_ref().is_some_and(|known| known.scope.covers(*needed));
            assert_eq!(Scope::ALL.into_iter().filter(covers).collect::<Vec<_>>(), good_for, "{given}");
            assert_eq!(found.map(|known| known.name.to_string()), good_for.first().map(|_| given.to_owned()));
        };
        check("read", &[Scope::Read]);
        check("ping", &[Scope::Ping]);
        check("operate", &[Scope::Read, Scope::Ping, Scope::Operate]);
        check("write", &Scope::ALL);
        for wrong in ["", "rea", "Read", "read "] {
            check(wrong, &[]);
        }
    }

    #[test]
    fn a_password_stands_behind_any_user_name() {
        let check = |header: &'static str, expected: Option<&str>| {
            let header = HeaderValue::from_static(header);
            assert_eq!(password(Some(&header)).as_deref(), expected.map(str::as_bytes), "{header:?}");
        };
        check("Basic YWRhOnNlY3JldA==", Some("secret"));
        check("basic  OnNlOmNyZXQ= ", Some("se:cret"));
        check("Basic YWRhOg==", Some(""));
        for bad in ["Bearer YWRhOnNlY3JldA==", "Basic", "Basic ?", "Basic YWRh", "Basic YWRhOnNlY3JldA"] {
            check(bad, None);
        }
        assert_eq!(password(None), None);
    }

    #[test]
    fn while_tokens_change_the_old_and_the_new_are_good() {
        let both = Tokens::new(&[token("old", Scope::Write, "1"), token("new", Scope::Write, "2")]);
        let name = |text: &[u8]| both.find(text).map(|known| known.name.to_string());
        assert_eq!((name(b"1").as_deref(), name(b"2").as_deref()), (Some("old"), Some("new")));
    }

    #[test]
    fn a_token_for_pings_or_writes_stands_in_for_a_ping_key_in_the_header_alone() {
        let scopes = Scope::ALL;
        let access = Access {
            ping_keys: PingKeys::new(&[key("jobs", "key")], true),
            tokens: Tokens::new(&scopes.map(|scope| token(scope.as_str(), scope, scope.as_str()))),
            ..Access::default()
        };
        let check = |key: Option<&str>, bearer: Option<&str>, expected: Admission| {
            let admission = access.admit_ping(key.map(str::as_bytes), bearer.map(str::as_bytes));
            assert_eq!(admission, expected, "{key:?} {bearer:?}");
        };
        check(None, Some("key"), of_key("jobs"));
        check(None, Some("ping"), of_key("ping"));
        check(None, Some("operate"), of_key("operate"));
        check(None, Some("write"), of_key("write"));
        check(None, Some("read"), Admission::Wrong);
        check(Some("write"), None, Admission::Wrong);
        check(Some("wrong"), Some("write"), Admission::Wrong);
        check(None, None, Admission::Missing);
    }

    #[test]
    fn secrets_are_never_shown_nor_their_hashes() {
        let access = Access {
            ping_keys: PingKeys::new(&[key("a", "very-secret")], true),
            tokens: Tokens::new(&[token("b", Scope::Read, "very-secret")]),
            compat: CompatDoors::new(&[Compat {
                system: "coal_mine",
                auth_key: Some(Secret::new("very-secret")),
                trigger: Trigger::Open,
            }]),
            ..Access::default()
        };
        let shown = format!("{access:?}");
        assert!(!shown.contains("very-secret") && shown.matches("<hash>").count() == 3, "{shown}");
    }
}
