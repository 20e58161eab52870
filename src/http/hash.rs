//! Secrets are kept as hashes.

use std::fmt;

use sha2::{Digest, Sha256};

/// A secret's hash.
#[derive(Clone, Copy)]
pub(super) struct Hash([u8; 32]);

impl Hash {
    pub(super) fn of(secret: &[u8]) -> Hash {
        Hash(Sha256::digest(secret).into())
    }

    /// The bytes themselves, only to be signed.
    pub(super) fn bytes(self) -> [u8; 32] {
        self.0
    }

    /// Without an early end.
    pub(super) fn equals(&self, other: &Hash) -> bool {
        self.0.iter().zip(&other.0).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
    }
}

/// A weak secret could be guessed from its hash.
impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hash>")
    }
}
