//! Alertmanager's matchers: parsing, printing and matching.

use std::fmt;

use regex::{Regex, RegexBuilder};

use super::route::{MatchTest, Matcher};
use super::text::shown;

/// The longest text of matchers that is accepted, in bytes.
pub const MAX_LEN: usize = 4096;

/// The most memory that one compiled expression may take, in bytes.
const MAX_REGEX_BYTES: usize = 1 << 20;

/// Why a text is not a matcher.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatcherError {
    /// More than [`MAX_LEN`].
    #[error("matchers have at most {MAX_LEN} bytes, these have {len}")]
    TooLong { len: usize },
    /// There is no label where one belongs.
    #[error("a matcher begins with a label's name, as in `team=\"dba\"`")]
    NoLabel,
    /// No `= != =~ !~` follows the label.
    #[error("after the label `{label}` comes one of `=`, `!=`, `=~`, `!~`, as in `team=\"dba\"`")]
    NoOperator { label: String },
    /// An unquoted value with a character that needs quotes.
    #[error("the value of `{label}` has characters that need quotes: write `{label}=\"…\"`")]
    NeedsQuotes { label: String },
    /// A quoted value that does not end.
    #[error("the value of `{label}` has no closing quote")]
    Unclosed { label: String },
    /// Something follows the matcher.
    #[error("`{rest}` follows a complete matcher; matchers are parted by commas or are items of a list")]
    Trailing {
        /// The rest of the text, cut to a few characters.
        rest: String,
    },
    /// What stands between slashes is not a regular expression.
    #[error("between slashes there is no regular expression (RE2's syntax): {reason}")]
    Pattern {
        /// The regex library's own words, on one line.
        reason: String,
    },
    /// The value is not a regular expression.
    #[error("the value of `{label}` is no regular expression (RE2's syntax): {reason}")]
    Regex {
        label: String,
        /// The regex library's own words, on one line.
        reason: String,
    },
}

impl Matcher {
    /// Parses exactly one matcher: `label="value"`, `!=`, `=~` or `!~`. A simple value needs no quotes.
    pub fn parse(text: &str) -> Result<Matcher, MatcherError> {
        let mut reader = Reader::new(text)?;
        let matcher = reader.matcher()?;
        reader.end()?;
        Ok(matcher)
    }

    /// Parses several matchers, separated by commas, with or without braces around them. A blank text has none.
    pub fn parse_list(text: &str) -> Result<Vec<Matcher>, MatcherError> {
        let trimmed = text.trim();
        let inner = trimmed.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(trimmed);
        let mut reader = Reader::new(inner)?;
        let mut matchers = Vec::new();
        while !reader.rest.is_empty() {
            matchers.push(reader.matcher()?);
            if !reader.take(",") {
                break;
            }
        }
        reader.end()?;
        Ok(matchers)
    }

    /// Whether this value of the label matches. A missing label has the value "".
    pub fn accepts(&self, value: &str) -> bool {
        match &self.test {
            MatchTest::Equal(wanted) => value == wanted,
            MatchTest::NotEqual(unwanted) => value != unwanted,
            MatchTest::Matches(regex) => regex.is_match(value),
            MatchTest::MatchesNot(regex) => !regex.is_match(value),
        }
    }
}

/// In the form that [`Matcher::parse`] reads.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operator, value) = match &self.test {
            MatchTest::Equal(value) => ("=", value.as_str()),
            MatchTest::NotEqual(value) => ("!=", value.as_str()),
            MatchTest::Matches(regex) => ("=~", unanchored(regex)),
            MatchTest::MatchesNot(regex) => ("!~", unanchored(regex)),
        };
        write!(f, "{}{operator}\"", self.label)?;
        for c in value.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\n' => f.write_str("\\n")?,
                _ => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

/// A regular expression that people search by, wherever in a text, ignoring case.
pub(super) fn pattern(expression: &str) -> Result<Regex, MatcherError> {
    let built = RegexBuilder::new(expression).case_insensitive(true).size_limit(MAX_REGEX_BYTES).build();
    built.map_err(|error| MatcherError::Pattern { reason: last_line(&error) })
}

const ANCHORS: (&str, &str) = ("^(?:", ")$");

fn anchored(label: &str, expression: &str) -> Result<Regex, MatcherError> {
    let fault = |reason: String| MatcherError::Regex { label: label.to_owned(), reason };
    // Check the expression alone first: `a)(b` is valid only between the anchors.
    regex_syntax_check(expression).map_err(fault)?;
    RegexBuilder::new(&format!("{}{expression}{}", ANCHORS.0, ANCHORS.1))
        .size_limit(MAX_REGEX_BYTES)
        .build()
        .map_err(|error| fault(last_line(&error)))
}

fn regex_syntax_check(expression: &str) -> Result<(), String> {
    RegexBuilder::new(expression)
        .size_limit(MAX_REGEX_BYTES)
        .build()
        .map(|_| ())
        .map_err(|error| last_line(&error))
}

/// The regex library prints a picture over several lines. Its last line says what is wrong.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned()
}

/// An expression as it was written.
pub(super) fn unanchored(regex: &Regex) -> &str {
    let text = regex.as_str();
    text.strip_prefix(ANCHORS.0).and_then(|t| t.strip_suffix(ANCHORS.1)).unwrap_or(text)
}

/// The rest of the text, without leading blanks.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Result<Reader<'a>, MatcherError> {
        if text.len() > MAX_LEN {
            return Err(MatcherError::TooLong { len: text.len() });
        }
        Ok(Reader { rest: text.trim() })
    }

    fn take(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else { return false };
        self.rest = rest.trim_start();
        true
    }

    fn end(&self) -> Result<(), MatcherError> {
        match self.rest {
            "" => Ok(()),
            rest => Err(MatcherError::Trailing { rest: shown(rest, 20) }),
        }
    }

    fn matcher(&mut self) -> Result<Matcher, MatcherError> {
        let label = self.label()?;
        let operators = ["=~", "!~", "!=", "="];
        let Some(operator) = operators.into_iter().find(|operator| self.take(operator)) else {
            return Err(MatcherError::NoOperator { label });
        };
        let value = self.value(&label)?;
        let test = match operator {
            "=~" => MatchTest::Matches(anchored(&label, &value)?),
            "!~" => MatchTest::MatchesNot(anchored(&label, &value)?),
            "!=" => MatchTest::NotEqual(value),
            _ => MatchTest::Equal(value),
        };
        Ok(Matcher { label, test })
    }

    fn label(&mut self) -> Result<String, MatcherError> {
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = self.rest.find(|c| !name(c)).unwrap_or(self.rest.len());
        let (label, rest) = self.rest.split_at(length);
        if label.is_empty() || label.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(MatcherError::NoLabel);
        }
        self.rest = rest.trim_start();
        Ok(label.to_owned())
    }

    fn value(&mut self, label: &str) -> Result<String, MatcherError> {
        let Some(quoted) = self.rest.strip_prefix('"') else { return self.bare_value(label) };
        let mut value = String::new();
        let mut chars = quoted.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = quoted[at + 1..].trim_start();
                    return Ok(value);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
                    // As in Alertmanager, so that `\d` in an expression needs no second backslash.
                    Some((_, other)) => value.extend(['\\', other]),
                    None => break,
                },
                _ => value.push(c),
            }
        }
        Err(MatcherError::Unclosed { label: label.to_owned() })
    }

    fn bare_value(&mut self, label: &str) -> Result<String, MatcherError> {
        let length = self.rest.find(',').unwrap_or(self.rest.len());
        let (value, rest) = self.rest.split_at(length);
        let value = value.trim_end();
        let reserved = |c: char| c.is_whitespace() || "{}!=~\\\"'`".contains(c);
        if value.contains(reserved) {
            return Err(MatcherError::NeedsQuotes { label: label.to_owned() });
        }
        self.rest = rest;
        Ok(value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, value: &str, accepted: bool) {
        let matcher = Matcher::parse(text).expect(text);
        assert_eq!(matcher.accepts(value), accepted, "{text} on {value}");
        let shown = matcher.to_string();
        let again = Matcher::parse(&shown).expect(&shown);
        assert_eq!(again.to_string(), shown);
        assert_eq!(again.accepts(value), accepted, "{shown} on {value}");
    }

    #[test]
    fn values_are_compared_as_alertmanager_does() {
        check(r#"team="dba""#, "dba", true);
        check(r#"team="dba""#, "dba2", false);
        check("team = dba", "dba", true);
        check(r#"team!="dba""#, "", true);
        check(r#"team="""#, "", true);
        check("team=", "", true);
        check(r#"check=~".*backup.*""#, "nightly-backup", true);
        check(r#"check=~"backup""#, "nightly-backup", false);
        check(r#"check=~"a|b""#, "ab", false);
        check(r#"check!~"a|b""#, "c", true);
        check(r#"check=~"x\d+""#, "x17", true);
        check(r#"note="say \"hi\" \\ \n""#, "say \"hi\" \\ \n", true);
        check(r#"team="a,b}""#, "a,b}", true);
    }

    #[test]
    fn a_list_is_read_with_and_without_braces() {
        for text in [r#"a="b", c!~"d,e""#, r#"{a="b",c!~"d,e"}"#, r#"a="b", c!~"d,e","#] {
            let shown: Vec<String> =
                Matcher::parse_list(text).expect(text).iter().map(Matcher::to_string).collect();
            assert_eq!(shown, [r#"a="b""#, r#"c!~"d,e""#], "{text}");
        }
        assert!(Matcher::parse_list(" ").expect("none").is_empty());
    }

    #[test]
    fn what_is_no_matcher_says_why() {
        let check = |text: &str, expected: &str| {
            let error = Matcher::parse(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("", "begins with a label");
        check("=x", "begins with a label");
        check("team", "after the label `team`");
        check("team dba", "after the label `team`");
        check("team=~[", "the value of `team` is no regular expression");
        check("team=~a)(b", "unopened group");
        check("team=a b", "need quotes");
        check(r#"team="a"#, "no closing quote");
        check(r#"team="a" b="c""#, "follows a complete matcher");
        check("team=~\"(a{1000}){1000}\"", "size limit");
        check(&format!("team={}", "a".repeat(5000)), "at most 4096");
    }
}
