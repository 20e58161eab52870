//! Texts that must not appear in logs, errors, pages or process lists.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// A text that is shown only by [`Secret::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself. Use it only where it is needed.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What signs by this secret for one purpose, so that nothing signed is good for another. What is signed is added.
    pub fn signs(&self, purpose: &str) -> Hmac<Sha256> {
        let mac = Hmac::new_from_slice(self.0.as_bytes()).expect("a key may be of any length");
        mac.chain_update(purpose).chain_update(b"\0")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_to_nobody_who_did_not_ask() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "<secret> <secret>");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn what_is_signed_for_one_purpose_is_good_for_no_other() {
        let signed = |secret: &str, purpose: &str, what: &str| {
            Secret::new(secret).signs(purpose).chain_update(what).finalize().into_bytes().to_vec()
        };
        let one = signed("secret", "session", "ann");
        assert_eq!(one, signed("secret", "session", "ann"));
        for other in [
            ("other", "session", "ann"),
            ("secret", "form", "ann"),
            ("secret", "session", "bob"),
            ("secret", "sessio", "nann"),
        ] {
            assert_ne!(one, signed(other.0, other.1, other.2), "{other:?}");
        }
    }
}
