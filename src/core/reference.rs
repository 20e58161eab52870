//! Refs: six characters of a check, to stand in code beside what pings it (24.1).

use std::fmt;

use sha2::{Digest as _, Sha256};

/// A check's ref: six characters of `A-Za-z1-9`. Those that are made of names have no character that people mistake for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ref([u8; Ref::LEN]);

/// The characters of a ref that is made of a name: no `i`, `l`, `o`, `0` or `1`.
const MADE_OF: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";

impl Ref {
    /// How many characters a ref has.
    pub const LEN: usize = 6;

    /// Parses a ref; `None` if it is not six characters of `A-Za-z1-9`, which affirmative's keys are too (24.2).
    pub fn parse(text: &str) -> Option<Ref> {
        let characters: [u8; Ref::LEN] = text.as_bytes().try_into().ok()?;
        characters.iter().all(|b| b.is_ascii_alphanumeric() && *b != b'0').then_some(Ref(characters))
    }

    /// The ref that is made of this text, the same everywhere.
    pub fn made_of(text: &str) -> Ref {
        let digest = Sha256::digest(text);
        let first = digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        let base = MADE_OF.len() as u64;
        let mut rest = first;
        Ref(std::array::from_fn(|_| {
            let digit = usize::try_from(rest % base).expect("it is less than 31");
            rest /= base;
            MADE_OF[digit]
        }))
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a ref is made of ASCII")
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 24.1, 24.2a: affirmative's keys are refs, too.
    #[test]
    fn made_refs_are_of_characters_that_nobody_mistakes() {
        for number in 0..10_000 {
            let made = Ref::made_of(&format!("check-{number}"));
            assert!(made.as_str().bytes().all(|b| MADE_OF.contains(&b)), "{made}");
            assert_eq!(Ref::parse(made.as_str()), Some(made));
        }
        for good in ["x7kq2a", "AbCdE9", "loilOI", "123456"] {
            assert!(Ref::parse(good).is_some(), "{good}");
        }
        for bad in ["", "abcde", "abcdefg", "abc-ef", "abcde0", "ä2345", "abc ef"] {
            assert_eq!(Ref::parse(bad), None, "{bad}");
        }
    }
}
