//! Which version of a check somebody looked at (16.3f, 22.11c).

use sha2::{Digest, Sha256};

use super::hash;
use crate::config::words_of;
use crate::store::live::Check;

/// The version of what is declared of a check. Of the same words another check, of a name that was free again, is another.
pub(super) fn declared(check: &Check) -> String {
    let words = serde_json::to_string(&words_of(&check.definition)).expect("words are texts");
    digest(&format!("{} {words}", check.id.0))
}

/// The version of a text.
pub(super) fn digest(text: &str) -> String {
    hash::version(&Sha256::digest(text)[..12])
}
