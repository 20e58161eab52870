//! Who may do what: ping keys, tokens and the keys of other systems' interfaces, several at a time so that they can be
//! changed without a gap. Only hashes are kept, and comparing takes a time that does not depend on what is right.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::compat_doors::CompatDoors;
use super::hash::Hash;
use crate::config::{Config, Openness, Scope, Token};

/// Everything that is asked for at the doors: replaced as a whole when the configuration is read again.
#[derive(Debug, Default)]
pub struct Access {
    /// For pings.
    pub ping_keys: PingKeys,
    /// For the API and for pages.
    pub tokens: Tokens,
    /// What is open without any of them.
    pub openness: Openness,
    /// For the interfaces of other systems.
    pub compat: CompatDoors,
}

impl Access {
    /// As this configuration says.
    pub fn of(config: &Config) -> Access {
        let keys = config.ping_keys.iter().map(|key| (key.name.as_str(), key.key.expose().as_bytes()));
        Access {
            ping_keys: PingKeys::new(keys, config.ping_keys_required),
            tokens: Tokens::new(&config.tokens),
            openness: config.openness,
            compat: CompatDoors::new(&config.compat),
        }
    }

    /// Judges what a ping shows: a key in its path or header, or a token in its header that is good for pinging.
    pub(super) fn admit_ping(&self, key: Option<&[u8]>, bearer: Option<&[u8]>) -> Admission {
        match (self.ping_keys.admit(key.or(bearer)), key, bearer) {
            (Admission::Wrong, None, Some(token)) => match self.tokens.find(token) {
                Some(known) if known.scope.covers(Scope::Ping) => Admission::Key(known.name.clone()),
                _ => Admission::Wrong,
            },
            (admission, _, _) => admission,
        }
    }
}

/// The keys that pings are asked for.
#[derive(Debug, Default)]
pub struct PingKeys {
    keys: Vec<(Arc<str>, Hash)>,
    required: bool,
}

/// What a ping's key is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// There are no keys: whoever reaches the port may ping.
    Open,
    /// It has the key of this name.
    Key(Arc<str>),
    /// It has none, and needs none yet.
    Tolerated,
    /// It has none, and needs one.
    Missing,
    /// It has one that is not ours.
    Wrong,
}

impl PingKeys {
    /// These keys, each with its name. Without any, nothing is required.
    pub fn new<'a>(keys: impl IntoIterator<Item = (&'a str, &'a [u8])>, required: bool) -> PingKeys {
        let keys: Vec<(Arc<str>, Hash)> =
            keys.into_iter().map(|(name, key)| (name.into(), Hash::of(key))).collect();
        PingKeys { required: required && !keys.is_empty(), keys }
    }

    /// Whether there are any.
    pub fn any(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Whether this is one of them.
    pub(super) fn is_key(&self, text: &[u8]) -> bool {
        matches!(self.admit(Some(text)), Admission::Key(_))
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
        for (name, key) in &self.keys {
            // No early end among the keys either.
            if key.equals(&hash) {
                found = Some(name);
            }
        }
        found.map_or(Admission::Wrong, |name| Admission::Key(name.clone()))
    }
}

/// The tokens of the API and of pages.
#[derive(Debug, Default)]
pub struct Tokens(Vec<(Arc<str>, Scope, Hash)>);

/// A token that there is.
pub(super) struct KnownToken<'t> {
    pub(super) name: &'t Arc<str>,
    pub(super) scope: Scope,
    hash: &'t Hash,
}

impl KnownToken<'_> {
    /// Another one for another text; only to be signed.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        self.hash.bytes()
    }
}

impl Tokens {
    /// These tokens.
    pub fn new(tokens: &[Token]) -> Tokens {
        let hashed = |token: &Token| {
            (token.name.as_str().into(), token.scope, Hash::of(token.token.expose().as_bytes()))
        };
        Tokens(tokens.iter().map(hashed).collect())
    }

    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// The token of this name.
    pub(super) fn named(&self, name: &str) -> Option<KnownToken<'_>> {
        self.0.iter().find(|(other, ..)| **other == *name).map(Tokens::known)
    }

    /// The token that this is. All are compared, without an early end.
    pub(super) fn find(&self, given: &[u8]) -> Option<KnownToken<'_>> {
        let hash = Hash::of(given);
        self.0
            .iter()
            .fold(None, |found, one| if one.2.equals(&hash) { Some(Tokens::known(one)) } else { found })
    }

    fn known((name, scope, hash): &(Arc<str>, Scope, Hash)) -> KnownToken<'_> {
        KnownToken { name, scope: *scope, hash }
    }
}

/// What people's browsers send for them: the password of an `Authorization: Basic` header, whatever the user's name.
pub(super) fn password(header: Option<&hyper::header::HeaderValue>) -> Option<Vec<u8>> {
    let (scheme, credentials) = header?.as_bytes().split_at_checked("Basic ".len())?;
    let credentials = scheme.eq_ignore_ascii_case(b"Basic ").then(|| credentials.trim_ascii())?;
    let credentials = BASE64_STANDARD.decode(credentials).ok()?;
    let colon = credentials.iter().position(|byte| *byte == b':')?;
    Some(credentials[colon + 1..].to_vec())
}

/// The token of an `Authorization: Bearer` header.
pub(super) fn bearer(header: Option<&hyper::header::HeaderValue>) -> Option<&[u8]> {
    let (scheme, token) = header?.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Compat, Trigger};
    use crate::core::secret::Secret;

    fn token(name: &str, scope: Scope, text: &str) -> Token {
        Token { name: name.to_owned(), scope, token: Secret::new(text) }
    }

    #[test]
    fn any_of_several_keys_admits_and_nothing_else_does() {
        let keys = PingKeys::new([("old", b"secret-1".as_slice()), ("new", b"secret-2")], true);
        let check = |given: Option<&str>, expected: Admission| {
            assert_eq!(keys.admit(given.map(str::as_bytes)), expected, "{given:?}");
        };
        check(Some("secret-1"), Admission::Key("old".into()));
        check(Some("secret-2"), Admission::Key("new".into()));
        check(None, Admission::Missing);
        for wrong in ["", "secret-", "secret-12", "SECRET-1"] {
            check(Some(wrong), Admission::Wrong);
        }
    }

    #[test]
    fn without_keys_all_may_ping_and_while_moving_those_without() {
        assert_eq!(PingKeys::new([], true).admit(Some(b"x")), Admission::Open);
        let moving = PingKeys::new([("a", b"k".as_slice())], false);
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
            let header = hyper::header::HeaderValue::from_static(header);
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
            ping_keys: PingKeys::new([("jobs", b"key".as_slice())], true),
            tokens: Tokens::new(&scopes.map(|scope| token(scope.as_str(), scope, scope.as_str()))),
            ..Access::default()
        };
        let check = |key: Option<&str>, bearer: Option<&str>, expected: Admission| {
            let admission = access.admit_ping(key.map(str::as_bytes), bearer.map(str::as_bytes));
            assert_eq!(admission, expected, "{key:?} {bearer:?}");
        };
        check(None, Some("key"), Admission::Key("jobs".into()));
        check(None, Some("ping"), Admission::Key("ping".into()));
        check(None, Some("operate"), Admission::Key("operate".into()));
        check(None, Some("write"), Admission::Key("write".into()));
        check(None, Some("read"), Admission::Wrong);
        check(Some("write"), None, Admission::Wrong);
        check(Some("wrong"), Some("write"), Admission::Wrong);
        check(None, None, Admission::Missing);
    }

    #[test]
    fn secrets_are_never_shown_nor_their_hashes() {
        let access = Access {
            ping_keys: PingKeys::new([("a", b"very-secret".as_slice())], true),
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
