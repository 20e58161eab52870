//! What tells incidents apart: their numbers, and what each is of.

use std::fmt;
use std::sync::Arc;

use crate::core::check::CheckId;

/// The number of an incident, given by the store; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId(pub u64);

/// Which of the things that a check may find bad an incident is of (11.1). "" is the check itself; every other key is that of
/// a record.
///
/// At most [`IncidentKey::MAX_BYTES`] of UTF-8, without control characters. In the order of keys the check's own is the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentKey(Arc<str>);

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IncidentKeyError {
    /// It is longer than [`IncidentKey::MAX_BYTES`].
    #[error("a key has at most {} bytes", IncidentKey::MAX_BYTES)]
    TooLong,
    /// It would break the line that it stands in, or hide in it.
    #[error("a key has no control characters")]
    ControlCharacter,
}

impl IncidentKey {
    /// The longest key, in bytes.
    pub const MAX_BYTES: usize = 256;

    /// The key of a check's own incident: "".
    pub fn own() -> IncidentKey {
        IncidentKey::default()
    }

    /// Reads a key.
    ///
    /// # Errors
    ///
    /// It is too long, or has a control character.
    pub fn parse(text: &str) -> Result<IncidentKey, IncidentKeyError> {
        if text.len() > IncidentKey::MAX_BYTES {
            return Err(IncidentKeyError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(IncidentKeyError::ControlCharacter);
        }
        Ok(IncidentKey(text.into()))
    }

    /// Whether it is the check's own.
    pub fn is_own(&self) -> bool {
        self.0.is_empty()
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IncidentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an incident is of: a check itself, or one of its records. At most one incident of it is open at a time (11.1), and
/// what is told of it keeps its order (12.5). Two matters of one check never wait for each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Matter {
    /// Of which check.
    pub check: CheckId,
    /// Which of it.
    pub key: IncidentKey,
}

impl Matter {
    /// A check itself.
    pub fn own(check: CheckId) -> Matter {
        Matter { check, key: IncidentKey::own() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 11.1
    #[test]
    fn a_key_is_short_and_stands_on_one_line() {
        let longest = "x".repeat(IncidentKey::MAX_BYTES);
        for good in ["", "a", "EU/1 %2F", "夜", &longest] {
            assert_eq!(IncidentKey::parse(good).unwrap().as_str(), good);
        }
        let too_long = [longest + "x", "夜".repeat(86)];
        for bad in &too_long {
            assert_eq!(IncidentKey::parse(bad), Err(IncidentKeyError::TooLong), "{bad}");
        }
        for bad in ["a\nb", "\0", "a\u{7f}", "\u{9b}31m", "\r"] {
            assert_eq!(IncidentKey::parse(bad), Err(IncidentKeyError::ControlCharacter), "{bad:?}");
        }
    }

    /// 11.1
    #[test]
    fn the_key_of_a_check_itself_is_empty_and_comes_first() {
        let key = |text| IncidentKey::parse(text).unwrap();
        assert_eq!(IncidentKey::own(), key(""));
        assert_eq!((key("").is_own(), key("a").is_own()), (true, false));
        let of = |check, text| Matter { check: CheckId(check), key: key(text) };
        let sorted = [of(1, ""), of(1, " "), of(1, "a"), of(2, "")];
        assert!(sorted.is_sorted_by(|one, other| one < other), "{sorted:?}");
        assert_eq!(Matter::own(CheckId(2)), sorted[3]);
    }
}
