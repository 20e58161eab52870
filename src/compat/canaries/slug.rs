//! Slugs of names, by which users of both systems find their checks.

use std::sync::LazyLock;

use regex::Regex;

/// Lower case; `-`, `_` and white space become a single `-`; everything that is neither letter nor number is dropped.
/// The result may be empty.
pub(super) fn slug(name: &str) -> String {
    // Python's white space has four more control characters than Unicode's.
    static GAPS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[-_\s\x1c-\x1f]+").expect("the pattern is a constant"));
    static OTHERS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[^-\p{L}\p{N}]+").expect("the pattern is a constant"));
    let lower = name.to_lowercase();
    let joined = GAPS.replace_all(&lower, "-");
    OTHERS.replace_all(&joined, "").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_made_as_the_original_makes_it() {
        let check = |name: &str, expected: &str| assert_eq!(slug(name), expected, "{name:?}");
        check("Héllo_Wörld / 2", "héllo-wörld--2");
        check(" a - _b ", "-a-b-");
        check("Nightly Backup", "nightly-backup");
        check("a\u{a0}\t\r\n\u{1c}b", "a-b");
        check("½ ٣ Ⅷ 一", "½-٣-ⅷ-一");
        // A combining mark and a symbol are not letters, even if Unicode calls them alphabetic.
        check("e\u{301} Ⓐ 😀", "e--");
        check("İ ΟΔΟΣ", "i-οδος");
        check("!?", "");
        check("", "");
    }
}
