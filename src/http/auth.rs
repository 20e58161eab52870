//! Who may ping: keys, several at a time so that they can be changed without a gap.

use std::sync::Arc;

use sha2::{Digest, Sha256};

/// The keys that pings are asked for. Only hashes are kept.
#[derive(Debug, Default)]
pub struct PingKeys {
    keys: Vec<PingKey>,
    required: bool,
}

#[derive(Debug)]
struct PingKey {
    name: Arc<str>,
    hash: [u8; 32],
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
        let keys: Vec<PingKey> = keys
            .into_iter()
            .map(|(name, key)| PingKey { name: name.into(), hash: Sha256::digest(key).into() })
            .collect();
        PingKeys { required: required && !keys.is_empty(), keys }
    }

    /// Whether there are any.
    pub fn any(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Judges a key, in a time that does not depend on how much of it is right.
    pub(super) fn admit(&self, given: Option<&[u8]>) -> Admission {
        if self.keys.is_empty() {
            return Admission::Open;
        }
        let Some(given) = given else {
            return if self.required { Admission::Missing } else { Admission::Tolerated };
        };
        let hash: [u8; 32] = Sha256::digest(given).into();
        let mut found = None;
        for key in &self.keys {
            // No early end: neither within a hash nor among the keys.
            let difference = key.hash.iter().zip(&hash).fold(0, |sum, (a, b)| sum | (a ^ b));
            if difference == 0 {
                found = Some(&key.name);
            }
        }
        found.map_or(Admission::Wrong, |name| Admission::Key(name.clone()))
    }
}

/// The token of an `Authorization: Bearer` header.
pub(super) fn bearer(header: Option<&hyper::header::HeaderValue>) -> Option<&[u8]> {
    let (scheme, token) = header?.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn keys_are_never_shown() {
        let keys = PingKeys::new([("a", b"very-secret".as_slice())], true);
        assert!(!format!("{keys:?}").contains("very-secret"));
    }
}
