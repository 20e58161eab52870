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
        are_equal(&self.0, &other.0)
    }
}

/// A weak secret could be guessed from its hash.
impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hash>")
    }
}

/// Bytes of a text's hash in hex digits: which version of it this is.
pub(super) fn version(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares what is secret, without an early end. How long it is, is none.
pub(super) fn are_equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}
