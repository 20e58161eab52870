//! `search`: a regular expression that may match anywhere in a canary's texts.

use regex::{Regex, RegexBuilder};

use super::fault::CommandFault;

/// The most memory of a compiled expression, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// The deepest nesting of groups.
const MAX_NESTING: u32 = 50;

/// Compiles an expression. The time of a search is bounded by the text's length, which is why what needs a backtracking
/// engine (back-references, look-around) is refused.
pub(super) fn expression(text: &str) -> Result<Regex, CommandFault> {
    RegexBuilder::new(text)
        .size_limit(MAX_BYTES)
        .dfa_size_limit(MAX_BYTES)
        .nest_limit(MAX_NESTING)
        .build()
        .map_err(|error| {
            let error = error.to_string();
            let why = error.trim().rsplit('\n').next().unwrap_or_default().trim_start_matches("error: ");
            CommandFault::bad(format!("bad regular expression in \"search\": {why}"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_found_anywhere_and_minds_the_case() {
        let check = |expression_text: &str, text: &str, expected: bool| {
            let found = expression(expression_text).is_ok_and(|regex| regex.is_match(text));
            assert_eq!(found, expected, "{expression_text} in {text}");
        };
        check("a.b", "xacbx", true);
        check("A.b", "xacbx", false);
        check("(?i)A.b", "xacbx", true);
        check("^xa", "xacbx", true);
        check("(?P<n>c)", "xacbx", true);
        check(r"\w@example\.com$", "ops@example.com", true);
        check("ü", "für", true);
    }

    #[test]
    fn what_cannot_be_searched_for_is_a_fault_that_says_why() {
        for (bad, why) in [
            ("(", "unclosed group"),
            ("[a", "unclosed character class"),
            ("*", "repetition operator missing expression"),
            (r"(a)\1", "backreferences are not supported"),
            ("(?=a)", "look-around"),
            (r"\w{1000}{1000}", "size limit"),
            (&format!("{}{}", "(".repeat(1000), ")".repeat(1000)), "nest"),
        ] {
            let fault = expression(bad).expect_err(bad).text("Canary");
            assert!(fault.starts_with("bad regular expression") && fault.contains(why), "{fault}");
        }
    }
}
